//! What a source leaves out: `.dockerignore`.

use std::borrow::Cow;

use lw_model::Diagnose;

/// The most rules one file may have, and the most characters one rule.
pub const MAX_RULES: usize = 10_000;

/// The rules of one `.dockerignore`.
///
/// The last rule that fits a path, or a folder the path lies in, decides. As balena-cli has it, `.git` is left out before the file's rules are
/// asked, and what the builder needs is kept whatever they say: Dockerfiles, `docker-compose.yml`, `.balena` and `.resin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
    /// Whether the file has a rule with `!`.
    has_exceptions: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    keeps: bool,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    One(char),
    /// Any character but `/`.
    Any,
    /// One of these, or none of them; never `/`.
    Class { is_not: bool, ranges: Vec<(char, char)> },
    /// Any characters but `/`.
    Star,
    /// Nothing, or what [`Inside`](Token::Inside) takes: the beginning of `**`.
    Enter,
    /// Any characters up to a `/`.
    Inside,
    /// Whatever is left.
    Rest,
}

/// A rule that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct IgnoreError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Diagnose for IgnoreError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("see docs.docker.com/build/concepts/context/#dockerignore-files for what a rule may be".into())
    }
}

impl Ignore {
    /// Reads a file; an empty text is none.
    ///
    /// # Errors
    /// With the line of a rule that is none.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let mut rules = vec![rule("**/.git", 0)?];
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            // Only what begins a line is a comment.
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if rules.len() > MAX_RULES {
                let why = format!("it has more than {MAX_RULES} rules");
                return Err(IgnoreError { line: index + 1, why });
            }
            let (keeps, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let pattern = cleaned(pattern);
            // Docker takes neither the folder itself nor nothing for a rule.
            if pattern.is_empty() || pattern == "." {
                if keeps && pattern.is_empty() {
                    return Err(IgnoreError { line: index + 1, why: "`!` without a pattern".to_owned() });
                }
                continue;
            }
            rules.push(Rule { keeps, ..rule(&pattern, index + 1)? });
        }
        let has_exceptions = rules.iter().any(|rule| rule.keeps);
        for kept in ["**/.balena", "**/.resin", "**/Dockerfile", "**/Dockerfile.*", "**/docker-compose.yml"] {
            rules.push(Rule { keeps: true, ..rule(kept, 0)? });
        }
        Ok(Self { rules, has_exceptions })
    }

    /// Whether a file is left out, by its path from the folder of the rules, with `/`.
    #[must_use]
    pub fn leaves_out(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(index, _)| index).chain([path.len()]);
        let paths: Vec<Vec<char>> =
            ends.filter_map(|end| path.get(..end)).map(|path| path.chars().collect()).collect();
        let fits = |rule: &&Rule| paths.iter().any(|path| rule.fits(path));
        self.rules.iter().rev().find(fits).is_some_and(|rule| !rule.keeps)
    }

    /// Whether a folder need not be looked into: it is a `.git`, and no rule of the file keeps anything.
    ///
    /// A branch that is named `Dockerfile` is the only thing in there that balena-cli would send.
    #[must_use]
    pub fn passes_over(&self, folder: &str) -> bool {
        !self.has_exceptions && folder.rsplit('/').next() == Some(".git")
    }
}

impl Rule {
    /// Runs all ways through the tokens at once: time grows with the length of path and rule, whatever is in them.
    fn fits(&self, path: &[char]) -> bool {
        let mut now = vec![false; self.tokens.len() + 1];
        self.reach(&mut now, 0);
        for c in path {
            let mut next = vec![false; self.tokens.len() + 1];
            let mut is_any = false;
            for (index, token) in self.tokens.iter().enumerate() {
                if !now.get(index).copied().unwrap_or(false) {
                    continue;
                }
                let (stays, goes) = token.takes(*c);
                if stays {
                    self.reach(&mut next, index);
                }
                if goes {
                    self.reach(&mut next, index + 1);
                }
                is_any |= stays || goes;
            }
            if !is_any {
                return false;
            }
            now = next;
        }
        now.last().copied().unwrap_or(false)
    }

    /// Marks a state, and those that are reached from it without a character.
    fn reach(&self, states: &mut [bool], from: usize) {
        let mut at = from;
        loop {
            let Some(state) = states.get_mut(at) else { return };
            *state = true;
            match self.tokens.get(at) {
                Some(Token::Star | Token::Rest) => at += 1,
                Some(Token::Enter) => {
                    if let Some(inside) = states.get_mut(at + 1) {
                        *inside = true;
                    }
                    at += 2;
                }
                _ => return,
            }
        }
    }
}

impl Token {
    /// Whether it takes a character and stays, and whether it takes it and is done.
    fn takes(&self, c: char) -> (bool, bool) {
        match self {
            Self::One(one) => (false, *one == c),
            Self::Any => (false, c != '/'),
            Self::Class { is_not, ranges } => {
                let is_in = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                (false, c != '/' && is_in != *is_not)
            }
            Self::Star => (c != '/', false),
            Self::Enter => (false, false),
            Self::Inside => (true, c == '/'),
            Self::Rest => (true, false),
        }
    }
}

/// The path without `.`, `..`, empty parts and the `/` around it.
fn cleaned(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn rule(pattern: &str, line: usize) -> Result<Rule, IgnoreError> {
    let wrong = |why: &str| IgnoreError { line, why: why.to_owned() };
    if pattern.chars().count() > MAX_RULES {
        return Err(wrong("the rule is too long"));
    }
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                // More of them are no more than two, and the `/` behind belongs to them.
                while chars.next_if_eq(&'*').is_some() {}
                chars.next_if_eq(&'/');
                if chars.peek().is_none() {
                    tokens.push(Token::Rest);
                } else {
                    tokens.extend([Token::Enter, Token::Inside]);
                }
            }
            '*' => tokens.push(Token::Star),
            '?' => tokens.push(Token::Any),
            '\\' => {
                tokens.push(Token::One(
                    chars.next().ok_or_else(|| wrong("`\\` without a character behind it"))?,
                ));
            }
            '[' => {
                let is_not = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                let one = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| match chars.next() {
                    Some('\\') => chars.next().ok_or_else(|| wrong("`[` without its `]`")),
                    Some(c) => Ok(c),
                    None => Err(wrong("`[` without its `]`")),
                };
                loop {
                    if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
                        break;
                    }
                    let from = one(&mut chars)?;
                    let to = if chars.next_if_eq(&'-').is_some() { one(&mut chars)? } else { from };
                    if from > to {
                        return Err(wrong("a range of `[…]` that is backwards"));
                    }
                    ranges.push((from, to));
                }
                tokens.push(Token::Class { is_not, ranges });
            }
            c => tokens.push(Token::One(c)),
        }
    }
    Ok(Rule { keeps: false, tokens })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left_out(rules: &str, path: &str) -> bool {
        Ignore::parse(rules).unwrap().leaves_out(path)
    }

    #[test]
    fn the_rules_are_those_of_docker() {
        for (rules, out, kept) in [
            ("", &[".git/config", "sub/.git/HEAD"][..], &["a", ".gitignore", "x.git"][..]),
            ("node_modules", &["node_modules/a/b", "node_modules"], &["sub/node_modules/a", "node_modules2"]),
            ("**/node_modules", &["node_modules/a", "a/b/node_modules/c"], &["a/node_modules2"]),
            ("*.md\n!README.md", &["a.md"], &["README.md", "sub/a.md"]),
            ("**/*.md", &["a.md", "x/y/a.md"], &["a.mdx"]),
            ("/build/", &["build/x"], &["sub/build/x"]),
            ("./a//b/../c", &["a/c"], &["a/b"]),
            ("a?c", &["abc"], &["a/c", "ac"]),
            ("[a-c]x\n[^a-c]y", &["ax", "cx", "dy"], &["dx", "ay"]),
            ("a\\*b", &["a*b"], &["axb"]),
            (
                "*",
                &["a", "b/c", "b/c.txt"],
                &[
                    "Dockerfile",
                    "b/Dockerfile",
                    "b/Dockerfile.arm",
                    "docker-compose.yml",
                    ".balena/x",
                    "s/.resin/y",
                ],
            ),
            ("**", &["a", "b/c"], &["Dockerfile"]),
            ("*\n!src", &["a"], &["src/a/b"]),
            ("*\n!src\nsrc/*.o", &["src/a.o"], &["src/a.c"]),
            ("# a\n #b", &["#b"], &["# a", "a"]),
            ("\u{feff}x\r\n", &["x"], &["y"]),
            ("a**b", &["ab", "ax/b", "a/x/b"], &["axb"]),
            ("docs/**", &["docs/a/b"], &["docs2/a"]),
            ("docs/**/x", &["docs/x", "docs/a/b/x"], &["docs/xx"]),
            ("!.git", &[], &[".git/config"]),
        ] {
            for path in out {
                assert!(left_out(rules, path), "{rules:?} leaves {path} out");
            }
            for path in kept {
                assert!(!left_out(rules, path), "{rules:?} keeps {path}");
            }
        }
    }

    #[test]
    fn a_git_folder_is_passed_over_where_nothing_may_be_kept_of_it() {
        let over = |rules: &str, folder: &str| Ignore::parse(rules).unwrap().passes_over(folder);
        assert!(over("", ".git") && over("x", "sub/.git"));
        assert!(!over("!x", ".git") && !over("", ".github") && !over("sub", "sub"));
    }

    #[test]
    fn a_rule_that_is_none_is_named_by_its_line() {
        for (text, line) in [("a\n[x", 2), ("a\\", 1), ("[", 1), ("\n\n[z-a]", 3), ("!", 1), ("[a\\", 1)] {
            let error = Ignore::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}");
            assert!(error.hint().is_some());
        }
        let many = "a\n".repeat(MAX_RULES + 1);
        assert_eq!(Ignore::parse(&many).unwrap_err().line, MAX_RULES + 1);
        assert!(Ignore::parse(&"x".repeat(MAX_RULES + 1)).is_err());
    }

    #[test]
    fn time_is_linear_in_the_path() {
        let rules = format!("{}b", "a*".repeat(500));
        assert!(!left_out(&rules, &"a".repeat(2000)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), path in "[a-z/.]{0,20}") {
            if let Ok(ignore) = Ignore::parse(&text) {
                let _ = ignore.leaves_out(&path);
            }
        }

        #[test]
        fn a_name_alone_leaves_out_itself_and_what_lies_below(name in "[a-z]{1,8}", below in "[a-z]{1,8}") {
            prop_assert!(left_out(&name, &name));
            let inside = format!("{name}/{below}");
            prop_assert!(left_out(&name, &inside));
            let elsewhere = format!("{below}/{name}");
            prop_assert_eq!(left_out(&name, &elsewhere), below == name);
        }
    }
}
