//! Regular expressions as JavaScript writes them (ECMA-262, without `u` and `v`), matched in linear time.
//!
//! Each is written anew in the syntax of the crate `regex-lite`, so that `\d`, `\w`, `\s`, `.`, `[^]`, a lone `{` and the flag `i`
//! mean what they mean in JavaScript. What takes backtracking (look-ahead, look-behind, back-references) is refused by name.

use regex_lite::{Regex, RegexBuilder};

use crate::characters::{Case, DIGITS, FOLDED_WORDS, LINE_ENDS, Range, SPACES, WORDS, others};

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
    groups: usize,
    is_global: bool,
    is_sticky: bool,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

/// Why a regular expression cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    /// It is none.
    #[error("column {column} of the pattern: {what}")]
    Syntax {
        /// The character, counted from 1.
        column: usize,
        /// What is wrong with it.
        what: String,
    },
    /// JavaScript has it, and this does not.
    #[error("column {column} of the pattern: {what}, which no search in linear time can do")]
    Unsupported {
        /// The character, counted from 1.
        column: usize,
        /// What it is.
        what: &'static str,
    },
    /// A flag after the last `/` is none.
    #[error("`{0}` is no flag of a pattern that is known here")]
    Flag(char),
    /// It is too large.
    #[error("the pattern cannot be compiled: {0}")]
    Compile(String),
}

impl PatternError {
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "correct the pattern; a `\\` before a character takes it as it is",
            Self::Unsupported { .. } => {
                "take the part that is wanted with a group instead: pattern=v(\\d+)-final,group=1"
            }
            Self::Flag(_) => "the flags are g, i, m, s, u and y",
            Self::Compile(_) => "use smaller numbers in {…}",
        }
    }
}

/// The most characters of a pattern.
const MAX_PATTERN: usize = 1_000;

/// The most bytes of a compiled pattern: at most 8 000 steps, all of which a search may take for each character of a text.
const MAX_COMPILED: usize = 256 << 10;

impl Pattern {
    /// Reads a pattern: `/source/flags`, or a source alone.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn with_flags(text: &str) -> Result<Self, PatternError> {
        let inner = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
        match inner.filter(|(source, flags)| !source.is_empty() && !flags.contains('\n')) {
            Some((source, flags)) => Self::new(source, flags),
            None => Self::new(text, ""),
        }
    }

    /// Reads a source with flags.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn new(source: &str, flags: &str) -> Result<Self, PatternError> {
        if let Some(flag) = flags.chars().find(|flag| !"gimsuyd".contains(*flag)) {
            return Err(PatternError::Flag(flag));
        }
        if source.chars().count() > MAX_PATTERN {
            return Err(PatternError::Compile(format!("it has more than {MAX_PATTERN} characters")));
        }
        let has = |flag| flags.contains(flag);
        let chars: Vec<char> = source.chars().collect();
        let mut translation = Translation {
            chars: &chars,
            at: 0,
            out: String::new(),
            groups: 0,
            is_multiline: has('m'),
            dot_is_all: has('s'),
            is_unicode: has('u'),
            case: has('i').then_some(if has('u') { Case::Folded } else { Case::Capitals }),
        };
        translation.all()?;
        let regex = RegexBuilder::new(&translation.out)
            .size_limit(MAX_COMPILED)
            .nest_limit(64)
            .build()
            .map_err(|error| PatternError::Compile(error.to_string()))?;
        Ok(Self {
            source: source.to_owned(),
            regex,
            groups: translation.groups,
            is_global: has('g'),
            is_sticky: has('y'),
        })
    }

    /// The source as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What JavaScript's `text.match(pattern)` gives: the first match with its groups, or with the flag `g` all matches.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Vec<Option<String>>> {
        // The first match begins at a place whenever any does, so no other search is needed for `y`.
        let is_there = |start, at| !self.is_sticky || start == at;
        if self.is_global {
            let (mut all, mut at) = (Vec::new(), 0);
            while let Some(found) = self.regex.find_at(text, at).filter(|found| is_there(found.start(), at)) {
                all.push(Some(found.as_str().to_owned()));
                at = found.end();
                if found.is_empty() {
                    let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                    at += next.len_utf8();
                }
            }
            return (!all.is_empty()).then_some(all);
        }
        let captures = self.regex.captures(text)?;
        captures.get(0).filter(|found| is_there(found.start(), 0))?;
        // A group that can never match is none to the crate.
        let group = |group| captures.get(group).map(|group| group.as_str().to_owned());
        Some((0..=self.groups).map(group).collect())
    }
}

/// One thing in a class.
enum Item {
    Char(char),
    Class(Vec<Range>),
}

struct Translation<'a> {
    chars: &'a [char],
    at: usize,
    out: String,
    /// How many groups can be asked for.
    groups: usize,
    is_multiline: bool,
    dot_is_all: bool,
    is_unicode: bool,
    /// With the flag `i`.
    case: Option<Case>,
}

impl Translation<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn syntax(&self, what: impl Into<String>) -> PatternError {
        PatternError::Syntax { column: self.at + 1, what: what.into() }
    }

    fn unsupported(&self, what: &'static str) -> PatternError {
        PatternError::Unsupported { column: self.at + 1, what }
    }

    fn escaped(&mut self, next: char) {
        self.out.push_str(&format!(r"\u{{{:X}}}", u32::from(next)));
    }

    /// One of a set of characters, or one that is in none of the ranges.
    fn set(&mut self, ranges: Vec<Range>, is_negated: bool) {
        let ranges = match self.case {
            Some(case) => case.all(ranges),
            None => ranges,
        };
        if ranges.is_empty() {
            // `[]` is nothing, `[^]` anything.
            self.out.push_str(if is_negated { "(?s:.)" } else { r"[^\u{0}-\u{10FFFF}]" });
            return;
        }
        self.out.push_str(if is_negated { "[^" } else { "[" });
        for (low, high) in ranges {
            self.escaped(low);
            if low < high {
                self.out.push('-');
                self.escaped(high);
            }
        }
        self.out.push(']');
    }

    fn literal(&mut self, next: char) {
        if self.case.is_some() { self.set(vec![(next, next)], false) } else { self.escaped(next) }
    }

    fn all(&mut self) -> Result<(), PatternError> {
        // Whether a quantifier may follow.
        let mut repeatable = false;
        let mut open = 0_usize;
        while let Some(next) = self.peek(0) {
            let was = std::mem::replace(&mut repeatable, true);
            match next {
                '\\' => {
                    if let Some(boundary @ ('b' | 'B')) = self.peek(1) {
                        self.out.extend(['\\', boundary]);
                        self.at += 2;
                        repeatable = false;
                        continue;
                    }
                    match self.escape(false)? {
                        Item::Char(plain) => self.literal(plain),
                        Item::Class(class) => self.set(class, false),
                    }
                    continue;
                }
                '[' => {
                    self.class()?;
                    continue;
                }
                '(' => {
                    self.group()?;
                    open += 1;
                    repeatable = false;
                    continue;
                }
                ')' => {
                    open = open.checked_sub(1).ok_or_else(|| self.syntax("`)` without `(`"))?;
                    self.out.push(')');
                }
                '|' => {
                    self.out.push('|');
                    repeatable = false;
                }
                '^' => {
                    self.out.push_str(if self.is_multiline { "(?m:^)" } else { r"\A" });
                    repeatable = false;
                }
                '$' => {
                    self.out.push_str(if self.is_multiline { "(?m:$)" } else { r"\z" });
                    repeatable = false;
                }
                '.' if self.dot_is_all => self.out.push_str("(?s:.)"),
                '.' => self.set(others(LINE_ENDS), false),
                '*' | '+' | '?' => {
                    if !was {
                        return Err(self.syntax(format!("there is nothing to repeat before `{next}`")));
                    }
                    self.out.push(next);
                    self.lazy();
                    repeatable = false;
                }
                '{' => {
                    let Some(length) = self.count() else {
                        self.literal('{');
                        self.at += 1;
                        continue;
                    };
                    if !was {
                        return Err(self.syntax("there is nothing to repeat before `{`"));
                    }
                    self.out.extend(self.chars.iter().skip(self.at).take(length));
                    self.at += length - 1;
                    self.lazy();
                    repeatable = false;
                }
                plain => self.literal(plain),
            }
            self.at += 1;
        }
        if open > 0 {
            return Err(self.syntax("a `(` is not closed"));
        }
        Ok(())
    }

    /// A `?` after a quantifier takes as little as it can.
    fn lazy(&mut self) {
        if self.peek(1) == Some('?') {
            self.out.push('?');
            self.at += 1;
        }
    }

    /// How many characters `{2}`, `{2,}` or `{2,3}` has; none where the brace is only that.
    fn count(&self) -> Option<usize> {
        let end = self.chars.iter().skip(self.at).position(|next| *next == '}')?;
        let inside: String = self.chars.iter().skip(self.at + 1).take(end - 1).collect();
        let (low, high) = inside.split_once(',').map_or((inside.as_str(), ""), |(low, high)| (low, high));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (!low.is_empty() && is_number(low) && is_number(high)).then_some(end + 1)
    }

    fn group(&mut self) -> Result<(), PatternError> {
        if self.peek(1) != Some('?') {
            self.groups += 1;
            self.out.push('(');
            self.at += 1;
            return Ok(());
        }
        match (self.peek(2), self.peek(3)) {
            (Some(':'), _) => {
                self.out.push_str("(?:");
                self.at += 3;
            }
            (Some('=' | '!'), _) => return Err(self.unsupported("a look-ahead")),
            (Some('<'), Some('=' | '!')) => return Err(self.unsupported("a look-behind")),
            (Some('<'), _) => {
                let name: String =
                    self.chars.iter().skip(self.at + 3).take_while(|next| **next != '>').collect();
                let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                    && name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_');
                let length = name.chars().count();
                if !is_name || self.peek(3 + length) != Some('>') {
                    return Err(
                        self.syntax("a group has a name of letters, digits and `_` between `<` and `>`")
                    );
                }
                self.groups += 1;
                self.out.push_str(&format!("(?P<{name}>"));
                self.at += length + 4;
            }
            _ => return Err(self.syntax("a group begins with `(`, `(?:` or `(?<name>`")),
        }
        Ok(())
    }

    /// What `\` and the characters after it stand for; moves behind them.
    fn escape(&mut self, in_class: bool) -> Result<Item, PatternError> {
        let Some(next) = self.peek(1) else { return Err(self.syntax("nothing follows the `\\`")) };
        let class = |ranges: &[Range], is_negated: bool| {
            Item::Class(if is_negated { others(ranges) } else { ranges.to_vec() })
        };
        let words = if self.case == Some(Case::Folded) { FOLDED_WORDS } else { WORDS };
        let hex = |from: usize, length: usize| -> Option<u32> {
            let digits: String = self.chars.iter().skip(self.at + from).take(length).collect();
            let is_hex = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex.then(|| u32::from_str_radix(&digits, 16).ok()).flatten()
        };
        let (item, length) = match next {
            'd' | 'D' => (class(DIGITS, next == 'D'), 2),
            'w' | 'W' => (class(words, next == 'W'), 2),
            's' | 'S' => (class(SPACES, next == 'S'), 2),
            'b' if in_class => (Item::Char('\u{8}'), 2),
            't' => (Item::Char('\t'), 2),
            'n' => (Item::Char('\n'), 2),
            'v' => (Item::Char('\u{b}'), 2),
            'f' => (Item::Char('\u{c}'), 2),
            'r' => (Item::Char('\r'), 2),
            '0' if !self.peek(2).is_some_and(|digit| digit.is_ascii_digit()) => (Item::Char('\0'), 2),
            '0'..='9' if in_class => return Err(self.syntax("octal numbers are not supported")),
            '0'..='9' => return Err(self.unsupported("a back-reference")),
            'k' if !in_class => return Err(self.unsupported("a back-reference")),
            'p' | 'P' if self.is_unicode => return Err(self.unsupported("a property of characters")),
            'c' => match self.peek(2).filter(char::is_ascii_alphabetic) {
                Some(letter) => (Item::Char(char::from((letter as u8) & 0x1f)), 3),
                None => return Err(self.syntax("a letter has to follow `\\c`")),
            },
            'x' => match hex(2, 2).and_then(char::from_u32) {
                Some(found) => (Item::Char(found), 4),
                None => (Item::Char('x'), 2),
            },
            'u' => match hex(2, 4) {
                Some(code) => match char::from_u32(code) {
                    Some(found) => (Item::Char(found), 6),
                    None => return Err(self.syntax("half of a surrogate pair is no character")),
                },
                None if self.is_unicode => {
                    return Err(self.syntax("four hexadecimal digits have to follow `\\u`"));
                }
                None => (Item::Char('u'), 2),
            },
            other => (Item::Char(other), 2),
        };
        self.at += length;
        Ok(item)
    }

    fn class(&mut self) -> Result<(), PatternError> {
        let begin = self.at;
        self.at += 1;
        let negated = self.peek(0) == Some('^');
        if negated {
            self.at += 1;
        }
        let mut items = Vec::new();
        loop {
            match self.peek(0) {
                None => {
                    self.at = begin;
                    return Err(self.syntax("the `[` is not closed"));
                }
                Some(']') => break,
                Some('\\') => items.push((self.escape(true)?, false)),
                Some(plain) => {
                    items.push((Item::Char(plain), plain == '-'));
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let mut ranges = Vec::new();
        let mut place = 0;
        while let Some((item, _)) = items.get(place) {
            let range = match (item, items.get(place + 1), items.get(place + 2)) {
                (Item::Char(low), Some((_, true)), Some((Item::Char(high), _))) => Some((*low, *high)),
                _ => None,
            };
            match (range, item) {
                (Some((low, high)), _) => {
                    if low > high {
                        self.at = begin;
                        return Err(self.syntax(format!("the range `{low}-{high}` is empty")));
                    }
                    ranges.push((low, high));
                    place += 3;
                }
                (None, Item::Char(plain)) => {
                    ranges.push((*plain, *plain));
                    place += 1;
                }
                (None, Item::Class(class)) => {
                    ranges.extend_from_slice(class);
                    place += 1;
                }
            }
        }
        self.set(ranges, negated);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(pattern: &str, text: &str) -> Option<Vec<String>> {
        let found =
            Pattern::with_flags(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).find(text)?;
        Some(found.into_iter().map(|group| group.unwrap_or_else(|| "-".to_owned())).collect())
    }

    /// What node prints for `text.match(pattern)`.
    #[test]
    fn patterns_match_as_in_javascript() {
        for (pattern, text, expected) in [
            (r"\d{8}", "20200110-RC2", Some(vec!["20200110"])),
            (r"v(\d+)\.(\d+)", "v1.22.3", Some(vec!["v1.22", "1", "22"])),
            (r"(a)|(b)", "b", Some(vec!["b", "-", "b"])),
            (r"\d", "٣", None),
            (r"\w+", "é_a1é", Some(vec!["_a1"])),
            (r"\s", "\u{a0}", Some(vec!["\u{a0}"])),
            (r".+", "a\u{2028}b", Some(vec!["a"])),
            (r"[^]+", "a\nb", Some(vec!["a\nb"])),
            (r"[]", "a", None),
            (r"a{,3}", "a{,3}", Some(vec!["a{,3}"])),
            (r"a{", "a{", Some(vec!["a{"])),
            (r"x{2,3}?", "xxxx", Some(vec!["xx"])),
            (r"[\w-.]+", "a-.b", Some(vec!["a-.b"])),
            (r"[a&&b]+", "a&b", Some(vec!["a&b"])),
            (r"[a-c-]+", "b-c", Some(vec!["b-c"])),
            (r"[[a]+", "[a", Some(vec!["[a"])),
            (r"]}", "]}", Some(vec!["]}"])),
            (r"\/\-\.", "/-.", Some(vec!["/-."])),
            (r"\x41\u0042\cI\q", "AB\tq", Some(vec!["AB\tq"])),
            (r"(?<year>\d+)-(?:x)", "20-x", Some(vec!["20-x", "20"])),
            (r"\bv1\b", "a v1-", Some(vec!["v1"])),
            (r"/^V(\d)$/i", "v1", Some(vec!["v1", "1"])),
            (r"/\d/g", "1.2.3", Some(vec!["1", "2", "3"])),
            (r"/b/y", "ab", None),
            (r"/a.b/s", "a\nb", Some(vec!["a\nb"])),
            (r"/x/", "/x/", Some(vec!["x"])),
            (r"//", "//", Some(vec!["//"])),
            (r"a$", "a\n", None),
        ] {
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(find(pattern, text), expected, "{pattern}");
        }
    }

    #[test]
    fn what_takes_backtracking_is_refused_by_name() {
        for (pattern, what) in [
            (r"v(?=1)", "look-ahead"),
            (r"v(?!1)", "look-ahead"),
            (r"(?<=v)1", "look-behind"),
            (r"(?<!v)1", "look-behind"),
            (r"(a)\1", "back-reference"),
            (r"(?<x>a)\k<x>", "back-reference"),
            (r"/\p{L}/u", "property"),
        ] {
            let error = Pattern::with_flags(pattern).unwrap_err();
            assert!(matches!(error, PatternError::Unsupported { .. }), "{pattern}");
            assert!(error.to_string().contains(what), "{pattern}: {error}");
        }
        for pattern in [
            "(", ")", "*a", "a**", "a++", "^*", "[", "[b-a]", "(?", "(?x)", "\\", "(?<1>a)", "/a/q",
            "a{2}{3}", "a{3,2}",
        ] {
            assert!(Pattern::with_flags(pattern).is_err(), "{pattern}");
        }
        let large = Pattern::new("(((a{999}){999}){999}){999}", "").unwrap_err();
        assert!(matches!(large, PatternError::Compile(_)), "{large}");
        assert!(Pattern::new(r"\d{5000}", "").is_ok() && Pattern::new(r"\d{9000}", "").is_err());
        assert!(Pattern::new(&"(".repeat(900), "").is_err());
        assert!(Pattern::new(&"a".repeat(1001), "").is_err());
    }

    proptest! {
        #[test]
        fn any_pattern_is_compiled_or_refused(pattern in "[a-c0-9\\\\()\\[\\]{}?*+^$.|,:<>=!/&-]{0,20}", text in "[a-c0-9-]{0,10}") {
            if let Ok(pattern) = Pattern::with_flags(&pattern) {
                let _ = pattern.find(&text);
            }
        }
    }
}
