//! Environment markers: what must be so for a package to be installed.
//!
//! Grammar: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>, with `extras` and
//! `dependency_groups` of `pylock.toml`. Of which interpreter and which machine a project runs on nothing is known here, so
//! only what asks for extras and groups can be decided; the rest may be either.

/// How many parentheses may stand in each other.
const MAX_DEPTH: usize = 64;

/// What is asked for besides the package itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    /// Its extras, by their normal names; `None` for all there are.
    pub(crate) extras: Option<&'a [String]>,
    /// Groups of dependencies; `None` for all there are.
    pub(crate) groups: Option<&'a [String]>,
    /// The interpreter, where one is known.
    pub(crate) interpreter: Option<Interpreter<'a>>,
}

/// What is known of an interpreter.
#[derive(Clone, Copy)]
pub(crate) struct Interpreter<'a> {
    /// Its full version, `3.11.7`.
    pub(crate) version: &'a str,
    /// Whether it runs on Windows.
    pub(crate) windows: bool,
}

/// Whether a marker holds. `None` when that depends on the machine, or when it is no marker.
pub(crate) fn holds(marker: &str, asked: Asked<'_>) -> Option<bool> {
    let tokens = tokens(marker)?;
    let mut parser = Parser { tokens: &tokens, asked, depth: 0 };
    let value = parser.any()?;
    parser.tokens.is_empty().then_some(value)?
}

/// Whether a text is a marker.
pub(crate) fn is_marker(marker: &str) -> bool {
    let Some(tokens) = tokens(marker) else { return false };
    let mut parser = Parser { tokens: &tokens, asked: Asked::default(), depth: 0 };
    parser.any().is_some() && parser.tokens.is_empty()
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
    Text(&'a str),
    Compare(&'a str),
    Equal,
    Unequal,
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '\'' | '"' => {
                let inner = rest.get(1..)?;
                let end = inner.find(first)?;
                (Token::Text(inner.get(..end)?), end + 2)
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|c: char| !"<>=!~".contains(c)).unwrap_or(rest.len());
                let token = match rest.get(..end)? {
                    "==" | "===" => Token::Equal,
                    "!=" => Token::Unequal,
                    operator @ ("<" | ">" | "<=" | ">=" | "~=") => Token::Compare(operator),
                    _ => return None,
                };
                (token, end)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let word = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
                let end = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
                (Token::Word(rest.get(..end)?), end)
            }
            _ => return None,
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

struct Parser<'a, 'b> {
    tokens: &'b [Token<'a>],
    asked: Asked<'b>,
    depth: usize,
}

/// True, false, or nobody knows.
type Truth = Option<bool>;

impl<'a> Parser<'a, '_> {
    fn next(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.first() == Some(&Token::Word(word));
        if found {
            self.next();
        }
        found
    }

    fn any(&mut self) -> Option<Truth> {
        let mut value = self.all()?;
        while self.take("or") {
            let other = self.all()?;
            value = match (value, other) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        Some(value)
    }

    fn all(&mut self) -> Option<Truth> {
        let mut value = self.one()?;
        while self.take("and") {
            let other = self.one()?;
            value = match (value, other) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Some(value)
    }

    fn one(&mut self) -> Option<Truth> {
        if self.tokens.first() == Some(&Token::Open) {
            self.next();
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let value = self.any()?;
            self.depth -= 1;
            return (self.next()? == Token::Close).then_some(value);
        }
        let left = self.next()?;
        let (is_in, negated) = match self.next()? {
            Token::Equal => (false, false),
            Token::Unequal => (false, true),
            Token::Compare(operator) => {
                let right = self.next()?;
                let (word, text) = operands(left, right)?;
                return Some(self.version(word, operator, text, matches!(right, Token::Word(_))));
            }
            Token::Word("in") => (true, false),
            Token::Word("not") => {
                if !self.take("in") {
                    return None;
                }
                (true, true)
            }
            _ => return None,
        };
        let (word, text) = operands(left, self.next()?)?;
        let asked = match (word, is_in) {
            ("extra", false) | ("extras", true) => self.asked.extras,
            ("dependency_groups", true) => self.asked.groups,
            (word, false) => {
                let operator = if negated { "!=" } else { "==" };
                let truth =
                    self.version(word, operator, text, false).or_else(|| self.machine(word, text, negated));
                return Some(truth);
            }
            _ => return Some(None),
        };
        let name = super::normal(text);
        let found = asked.is_none_or(|asked| asked.contains(&name));
        Some(Some(found != negated))
    }

    /// Compares the version of the interpreter.
    fn version(&self, word: &str, operator: &str, text: &str, reversed: bool) -> Truth {
        let full = self.asked.interpreter?.version;
        let version = match word {
            "python_full_version" => full.to_owned(),
            "python_version" => full.splitn(3, '.').take(2).collect::<Vec<_>>().join("."),
            _ => return None,
        };
        let operator = match (reversed, operator) {
            (true, "<") => ">",
            (true, ">") => "<",
            (true, "<=") => ">=",
            (true, ">=") => "<=",
            (_, operator) => operator,
        };
        super::version::allows(&format!("{operator}{text}"), &version)
    }

    /// Compares the machine: whether it is Windows is all that is known.
    fn machine(&self, word: &str, text: &str, negated: bool) -> Truth {
        let windows = match word {
            "os_name" => "nt",
            "sys_platform" => "win32",
            "platform_system" => "Windows",
            _ => return None,
        };
        match (self.asked.interpreter?.windows, text == windows) {
            (true, same) => Some(same != negated),
            (false, true) => Some(negated),
            (false, false) => None,
        }
    }
}

/// A variable and a text, in either order; two variables or two texts are allowed and say nothing here.
fn operands<'a>(left: Token<'a>, right: Token<'a>) -> Option<(&'a str, &'a str)> {
    match (left, right) {
        (Token::Word(word), Token::Text(text)) | (Token::Text(text), Token::Word(word)) => Some((word, text)),
        (Token::Word(_), Token::Word(_)) | (Token::Text(_), Token::Text(_)) => Some(("", "")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_and_groups_are_decided_and_machines_are_not() {
        let none: &[String] = &[];
        let plain = Asked { extras: Some(none), groups: Some(none), interpreter: None };
        let full = Asked::default();
        let case = |marker: &str| (holds(marker, plain), holds(marker, full));
        assert_eq!(case("extra == 'a'"), (Some(false), Some(true)));
        assert_eq!(case("'dev' in dependency_groups"), (Some(false), Some(true)));
        assert_eq!(case("'dev' not in dependency_groups"), (Some(true), Some(false)));
        assert_eq!(case("python_version < '3.8'"), (None, None));
        assert_eq!(case("python_version < '3.8' and extra == 'a'"), (Some(false), None));
        assert_eq!(case("python_version < '3.8' or (extra != 'a')"), (Some(true), None));
        assert_eq!(case("os_name == 'nt' and"), (None, None));
        assert!(is_marker("python_version<'3' and (os_name not in \"nt posix\")"));
        for wrong in
            ["", "python_version", "os_name == nt x", "(os_name == 'nt'", "os_name = 'nt'", "'a' 'b'"]
        {
            assert!(!is_marker(wrong), "{wrong}");
        }
        assert!(!is_marker(&"(".repeat(100_000)));
        let interpreter = Some(Interpreter { version: "3.11.7", windows: false });
        let here = Asked { extras: Some(none), groups: Some(none), interpreter };
        let cases = [
            ("python_version < '3.11'", Some(false)),
            ("'3.10' < python_version", Some(true)),
            ("python_version == '3.11'", Some(true)),
            ("python_full_version != '3.11.*'", Some(false)),
            ("sys_platform == 'win32'", Some(false)),
            ("os_name != 'nt'", Some(true)),
            ("sys_platform == 'darwin'", None),
        ];
        for (marker, truth) in cases {
            assert_eq!(holds(marker, here), truth, "{marker}");
        }
    }
}
