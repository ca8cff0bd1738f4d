//! The first line.

use crate::near::Near;

/// Types that the specification or its most common preset names.
pub const KNOWN_TYPES: [&str; 11] =
    ["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"];

/// The first line of a conventional message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Type, in lower case.
    pub kind: String,
    /// Scope, as it is written.
    pub scope: Option<String>,
    /// Whether a `!` stands before the colon.
    pub bang: bool,
    /// What was done; with the `(#12)` that a squash merge adds.
    pub description: String,
}

impl Header {
    /// The number of the pull request that a squash merge put at the end, and the description without it.
    #[must_use]
    pub fn pull(&self) -> (&str, Option<u64>) {
        pull(&self.description)
    }
}

pub(crate) fn pull(text: &str) -> (&str, Option<u64>) {
    let number = || {
        let (rest, number) = text.strip_suffix(')')?.rsplit_once('(')?;
        let number = number.strip_prefix('#')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        Some((rest.trim_end(), number.parse().ok().filter(|_| is_number)?))
    };
    match number() {
        Some((rest, number)) if !rest.is_empty() => (rest, Some(number)),
        _ => (text, None),
    }
}

/// Reads a line as a header.
pub(crate) fn parse(line: &str) -> Option<Header> {
    let end = line.find(|next: char| !is_type_character(next))?;
    let (kind, rest) = line.split_at(end);
    if !kind.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let (scope, rest) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (scope, rest) = rest.split_once(')')?;
            if scope.trim().is_empty() || scope.contains('(') {
                return None;
            }
            (Some(scope.trim().to_owned()), rest)
        }
        None => (None, rest),
    };
    let (bang, rest) = rest.strip_prefix('!').map_or((false, rest), |rest| (true, rest));
    let description = rest.strip_prefix(": ")?.trim();
    let kind = kind.to_ascii_lowercase();
    (!description.is_empty()).then(|| Header { kind, scope, bang, description: description.to_owned() })
}

fn is_type_character(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '-' | '_')
}

/// What a line that is no header nearly is.
pub(crate) fn near(line: &str) -> Option<Near> {
    if line.trim_start() != line && parse(line.trim_start()).is_some() {
        return Some(Near::LeadingSpace);
    }
    if let Some((first, rest)) = line.split_once(' ') {
        let is_code = first.len() > 2 && first.starts_with(':') && first.ends_with(':');
        if (is_code || !first.is_ascii()) && parse(rest.trim_start()).is_some() {
            return Some(Near::Emoji);
        }
    }
    let known = |word: &str| KNOWN_TYPES.contains(&word.to_ascii_lowercase().as_str());
    let end = line.find(|next: char| !is_type_character(next)).unwrap_or(line.len());
    let (word, after) = line.split_at(end);
    let Some((left, right)) = line.split_once(':') else {
        let has_scope = after.starts_with('(') && after.contains(") ");
        return (known(word) && has_scope).then_some(Near::NoColon);
    };
    if known(word) {
        if left.ends_with(char::is_whitespace) {
            return Some(Near::SpaceBeforeColon);
        }
        if after.starts_with("!(") {
            return Some(Near::BangBeforeScope);
        }
        let inside = after.strip_prefix('(');
        if inside.is_some_and(|inside| inside.trim_start().starts_with(')')) {
            return Some(Near::EmptyScope);
        }
        if inside.is_some_and(|inside| inside.split_once(')').is_some_and(|(scope, _)| scope.contains('('))) {
            return Some(Near::ScopeParentheses);
        }
        if matches!(after.chars().next(), Some(':' | '!' | '(')) {
            return Some(if right.trim().is_empty() { Near::EmptyDescription } else { Near::NoSpace });
        }
    }
    if !right.starts_with(' ') {
        return None;
    }
    let words: Vec<&str> = left.split(' ').collect();
    if words.len() == 2 && words.iter().any(|word| known(word)) {
        return Some(Near::TypeSpace);
    }
    let is_path = left.contains('/') && !left.contains(' ') && !left.contains("//");
    is_path.then_some(Near::TypeCharacter)
}
