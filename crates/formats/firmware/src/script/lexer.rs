//! Words and symbols of a linker script.

use super::ScriptError;

/// A word or symbol, and its line from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind<'s>,
    pub(super) line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'s> {
    /// A name or keyword.
    Name(&'s str),
    /// A name in quotes.
    Quoted(&'s str),
    /// What starts with a digit.
    Number(&'s str),
    /// An operator or bracket.
    Symbol(&'s str),
}

impl<'s> Token<'s> {
    pub(super) fn text(&self) -> &'s str {
        match self.kind {
            Kind::Name(text) | Kind::Quoted(text) | Kind::Number(text) | Kind::Symbol(text) => text,
        }
    }
}

/// All tokens; comments and lines of the C preprocessor are left out.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ScriptError> {
    const PAIRS: [&str; 11] = ["<<", ">>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*="];
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut line = 1u32;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |part: &str| part.find(|c: char| !is_word(c)).unwrap_or(part.len());
        let (length, kind) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if first == '#' || rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if first == '"' {
            let quoted = rest.get(1..).unwrap_or_default();
            let Some(end) = quoted.find('"') else {
                let found = "the end of the file".into();
                return Err(ScriptError::Syntax { line, expected: "a closing quote", found });
            };
            (end + 2, quoted.get(..end).map(Kind::Quoted))
        } else if tokens.last().is_some_and(|last| last.kind == Kind::Name("INCLUDE")) {
            // A file name, which may hold what is an operator elsewhere.
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}' | '"'));
            let length = end.unwrap_or(rest.len()).max(first.len_utf8());
            (length, rest.get(..length).map(Kind::Quoted))
        } else if first.is_ascii_digit() {
            (word(rest), rest.get(..word(rest)).map(Kind::Number))
        } else if is_word(first) {
            (word(rest), rest.get(..word(rest)).map(Kind::Name))
        } else {
            let pair = PAIRS.iter().find(|pair| rest.starts_with(**pair)).map(|pair| pair.len());
            let length = pair.unwrap_or(first.len_utf8());
            (length, rest.get(..length).map(Kind::Symbol))
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some(kind) = kind {
            tokens.push(Token { kind, line });
        }
        let lines = part.bytes().filter(|byte| *byte == b'\n').count();
        line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        rest = after;
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}
