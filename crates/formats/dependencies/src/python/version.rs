//! Versions of Python packages and which of them a constraint allows.
//!
//! PEP 440 (<https://packaging.python.org/en/latest/specifications/version-specifiers/>), and Poetry's `^`, `~`, `||`
//! (<https://python-poetry.org/docs/dependency-specification/>). A lock rarely holds two versions of one package; where it
//! does, this says which of them a package means.

use std::cmp::Ordering;

/// The parts of a version in the order in which they count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    epoch: u64,
    /// Without zeros at its end.
    release: Vec<u64>,
    pre: Pre,
    /// 0 without, else one more than its number.
    post: u64,
    /// Its number, or the greatest there is without.
    dev: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    /// Nothing but a development version.
    Development,
    Alpha(u64),
    Beta(u64),
    Candidate(u64),
    Released,
}

/// Reads a version, without its local part; also says how many numbers its release had as it was written.
fn parse(text: &str) -> Option<(Version, usize)> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let text = text.split('+').next()?;
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, text)) => (epoch.parse().ok()?, text),
        None => (0, text),
    };
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (release, mut rest) = text.split_at(end);
    let mut numbers = Vec::new();
    for number in release.trim_end_matches('.').split('.') {
        numbers.push(number.parse().ok()?);
    }
    let written = numbers.len();
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    let (mut pre, mut post, mut dev) = (None, 0, None);
    let separators = ['.', '-', '_'];
    while !rest.is_empty() {
        let implicit =
            rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        rest = rest.trim_start_matches(separators);
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches(separators);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        let number: u64 = if number.is_empty() { 0 } else { number.parse().ok()? };
        match word {
            "a" | "alpha" => pre = Some(Pre::Alpha(number)),
            "b" | "beta" => pre = Some(Pre::Beta(number)),
            "c" | "rc" | "pre" | "preview" => pre = Some(Pre::Candidate(number)),
            "post" | "rev" | "r" => post = number.checked_add(1)?,
            "" if implicit => post = number.checked_add(1)?,
            "dev" => dev = Some(number),
            _ => return None,
        }
        rest = after;
    }
    let pre = pre.unwrap_or(if dev.is_some() && post == 0 { Pre::Development } else { Pre::Released });
    Some((Version { epoch, release: numbers, pre, post, dev: dev.unwrap_or(u64::MAX) }, written))
}

/// Whether a constraint allows a version; `None` where either cannot be understood.
pub(super) fn allows(constraint: &str, version: &str) -> Option<bool> {
    let (parsed, _) = parse(version)?;
    let mut known = false;
    for alternative in constraint.split('|').map(str::trim).filter(|alternative| !alternative.is_empty()) {
        known = true;
        let clauses = alternative.split(',').flat_map(clauses).collect::<Vec<_>>();
        if clauses
            .iter()
            .map(|clause| one(clause, &parsed, version))
            .collect::<Option<Vec<_>>>()?
            .iter()
            .all(|fits| *fits)
        {
            return Some(true);
        }
    }
    Some(!known)
}

/// Clauses that only blanks separate, each with its operator: `>= 1 <2`.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match clauses.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '~', '^', '!']) => last.push_str(word),
            _ => clauses.push(word.to_owned()),
        }
    }
    clauses
}

fn one(clause: &str, version: &Version, written: &str) -> Option<bool> {
    let end = clause.find(|c: char| !"<>=!~^".contains(c)).unwrap_or(clause.len());
    let (operator, wanted) = clause.split_at(end);
    if wanted == "*" {
        return Some(operator != "!=");
    }
    if let Some(prefix) = wanted.strip_suffix(".*") {
        let (prefix, _) = parse_prefix(prefix)?;
        let inside = version.epoch == 0
            && prefix
                .iter()
                .enumerate()
                .all(|(at, number)| version.release.get(at).copied().unwrap_or(0) == *number);
        return match operator {
            "" | "=" | "==" => Some(inside),
            "!=" => Some(!inside),
            _ => None,
        };
    }
    if operator == "===" {
        return Some(wanted.eq_ignore_ascii_case(written));
    }
    let (bound, numbers) = parse(wanted)?;
    let below = |keep: usize| {
        let mut upper: Vec<u64> =
            (0..keep.max(1)).map(|at| bound.release.get(at).copied().unwrap_or(0)).collect();
        let last = upper.last_mut()?;
        *last = last.checked_add(1)?;
        while upper.len() > 1 && upper.last() == Some(&0) {
            upper.pop();
        }
        Some(version >= &bound && (version.epoch, &version.release) < (bound.epoch, &upper))
    };
    Some(match operator {
        "" | "=" | "==" => *version == bound,
        "!=" => *version != bound,
        ">=" => version >= &bound,
        "<=" => version <= &bound,
        ">" => version.cmp(&bound) == Ordering::Greater,
        "<" => version.cmp(&bound) == Ordering::Less,
        "~=" => below(numbers.saturating_sub(1))?,
        "~" => below(numbers.min(2))?,
        "^" => {
            let first = bound.release.iter().position(|number| *number != 0);
            below(first.map_or(numbers, |first| first + 1))?
        }
        _ => return None,
    })
}

fn parse_prefix(text: &str) -> Option<(Vec<u64>, usize)> {
    let numbers = text.split('.').map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let count = numbers.len();
    Some((numbers, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_pep_440() {
        let order = [
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        for pair in order.windows(2) {
            assert!(parse(pair[0]).unwrap().0 < parse(pair[1]).unwrap().0, "{pair:?}");
        }
        assert_eq!(parse("1.0-1").unwrap().0, parse("v1.0.post1+local").unwrap().0);
        assert_eq!(parse("1.0alpha_1").unwrap().0, parse("1a1").unwrap().0);
        assert!(parse("today").is_none());
    }

    #[test]
    fn constraints_mean_what_their_managers_say() {
        let yes = [
            ("^1.2", "1.9"),
            ("^0.2.3", "0.2.9"),
            ("^0.0.3", "0.0.3"),
            ("~1.2.3", "1.2.9"),
            ("~1.2", "1.2.9"),
            ("~1", "1.9"),
            ("~=1.4.2", "1.4.9"),
            ("~=1.4", "1.9"),
            (">=1,<2", "1.5"),
            (">= 1 <2", "1.5"),
            ("*", "7"),
            ("1.2.*", "1.2.7"),
            ("<1 || >=2", "2.0"),
            ("==1.0", "1"),
            ("!=1.0.*", "1.1"),
            ("", "1"),
            ("===1.0", "1.0"),
            ("==1.0", "1.0+cpu"),
        ];
        for (constraint, version) in yes {
            assert_eq!(allows(constraint, version), Some(true), "{constraint} {version}");
        }
        let no = [
            ("^1.2", "2.0"),
            ("^0.2.3", "0.3"),
            ("^0.0.3", "0.0.4"),
            ("~1.2.3", "1.3"),
            ("~1.2", "1.3"),
            ("~1", "2"),
            ("~=1.4.2", "1.5"),
            (">=1,<2", "2"),
            ("1.2.*", "1.3"),
            ("!=1.0.*", "1.0.1"),
            (">1", "1"),
            ("<1 || >=2", "1.5"),
        ];
        for (constraint, version) in no {
            assert_eq!(allows(constraint, version), Some(false), "{constraint} {version}");
        }
        assert_eq!(allows("about 1", "1"), None);
    }
}
