//! What the name of a result file says: which shard of which leg of a matrix it is of, and which attempt.

use std::borrow::Cow;

use lw_hashed::HashSet;
use lw_model::{Class, Diagnose};
use thiserror::Error;

/// Names with fields: `results-{leg}-{shard}-a{attempt}.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

/// What a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// All fields but the attempt: `leg=linux shard=2`.
    pub shard: String,
    /// All fields but the attempt and the one that is called `shard`: `leg=linux`.
    pub leg: String,
    /// The attempt, when the layout has one.
    pub attempt: Option<u64>,
}

/// Why names cannot be understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LayoutError {
    /// The layout itself.
    #[error("`{0}` is no layout: {1}")]
    Layout(String, &'static str),
    /// A file of another name.
    #[error("{file} is not named like `{layout}`")]
    Name {
        /// The file.
        file: String,
        /// The layout.
        layout: String,
    },
    /// Two results of one attempt of a shard.
    #[error("{first} and {second} are both attempt {attempt} of {shard}, and differ")]
    TwoFiles {
        /// The shard.
        shard: String,
        /// The attempt.
        attempt: u64,
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
}

impl Diagnose for LayoutError {
    fn class(&self) -> Class {
        match self {
            Self::Layout(..) => Class::Usage,
            Self::Name { .. } | Self::TwoFiles { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Layout(..) => {
                "write fields in braces with text between them: `results-{leg}-{shard}-a{attempt}.xml`"
            }
            Self::Name { .. } => {
                "leave the file out, or correct the layout: what is of no shard cannot be placed"
            }
            Self::TwoFiles { .. } => {
                "have the name tell the attempt (`a${{ github.run_attempt }}`, with `{attempt}` in the layout): which file is newer, neither its time nor the order of artifacts says"
            }
        }))
    }
}

/// The most fields of a layout, so that matching stays quick.
const MAX_FIELDS: usize = 12;
/// The longest name that is looked at, in bytes; file systems allow 255 for each part of a path.
const MAX_NAME: usize = 1024;

impl Layout {
    /// Reads a layout.
    ///
    /// # Errors
    /// When a brace is not closed, a field has no name or is there twice, or two fields have nothing between them.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let error = |why| LayoutError::Layout(text.to_owned(), why);
        let mut parts: Vec<Part> = Vec::new();
        let mut names = HashSet::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some(open) = rest.find('{') else {
                parts.push(Part::Text(rest.to_owned()));
                break;
            };
            let (before, after) = rest.split_at(open);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            } else if matches!(parts.last(), Some(Part::Field(_))) {
                return Err(error("two fields have nothing between them"));
            }
            let (name, after) = after
                .get(1..)
                .and_then(|rest| rest.split_once('}'))
                .ok_or_else(|| error("a `{` is not closed"))?;
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
                return Err(error("the name of a field has letters, digits, `_` and `-`"));
            }
            if !names.insert(name) {
                return Err(error("a field is there twice"));
            }
            parts.push(Part::Field(name.to_owned()));
            rest = after;
        }
        match names.len() {
            0 => Err(error("there is no field in it")),
            MAX_FIELDS.. => Err(error("there are too many fields in it")),
            _ => Ok(Self { text: text.to_owned(), parts }),
        }
    }

    /// What the name of a file says. A layout with `/` in it is held to as many folders of the path as it has.
    ///
    /// # Errors
    /// When the file is not named like this.
    pub fn place(&self, path: &str) -> Result<Place, LayoutError> {
        let depth = self.text.matches('/').count() + 1;
        let start = path.rmatch_indices('/').nth(depth - 1).map_or(0, |(at, _)| at + 1);
        let name = path.get(start..).unwrap_or(path);
        let mut values = vec![""; self.parts.len()];
        let mut failed = HashSet::new();
        if name.len() > MAX_NAME || !fits(&self.parts, name, 0, &mut values, &mut failed) {
            return Err(LayoutError::Name { file: path.to_owned(), layout: self.text.clone() });
        }
        let mut place = Place { shard: String::new(), leg: String::new(), attempt: None };
        let add = |text: &mut String, field: &str, value: &str| {
            let space = if text.is_empty() { "" } else { " " };
            text.push_str(&format!("{space}{field}={value}"));
        };
        for (part, value) in self.parts.iter().zip(values) {
            match part {
                Part::Field(field) if field == "attempt" => place.attempt = value.parse().ok(),
                Part::Field(field) => {
                    add(&mut place.shard, field, value);
                    if field != "shard" {
                        add(&mut place.leg, field, value);
                    }
                }
                Part::Text(_) => {}
            }
        }
        Ok(place)
    }
}

/// Whether the rest of a name fits the parts from one on; the shortest values that do, from the left.
fn fits<'n>(
    parts: &[Part],
    rest: &'n str,
    at: usize,
    values: &mut [&'n str],
    failed: &mut HashSet<(usize, usize)>,
) -> bool {
    let Some(part) = parts.get(at) else { return rest.is_empty() };
    if failed.contains(&(at, rest.len())) {
        return false;
    }
    let found = match part {
        Part::Text(text) => {
            rest.strip_prefix(text.as_str()).is_some_and(|rest| fits(parts, rest, at + 1, values, failed))
        }
        Part::Field(name) => {
            let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            let mut ends = ends.take_while(|end| {
                let last = rest.get(..*end).and_then(|value| value.chars().next_back());
                last.is_some_and(|c| if name == "attempt" { c.is_ascii_digit() } else { c != '/' })
            });
            ends.any(|end| {
                let (value, rest) = rest.split_at(end);
                let fine = name != "attempt" || value.parse::<u64>().is_ok();
                if let Some(slot) = values.get_mut(at) {
                    *slot = value;
                }
                fine && fits(parts, rest, at + 1, values, failed)
            })
        }
    };
    if !found {
        failed.insert((at, rest.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(layout: &str, path: &str) -> Option<(String, Option<u64>)> {
        let place = Layout::parse(layout).unwrap().place(path).ok()?;
        Some((place.shard, place.attempt))
    }

    #[test]
    fn names_say_shard_and_attempt() {
        let layout = "results-{leg}-{shard}-a{attempt}.xml";
        assert_eq!(place(layout, "out/results-linux-2-a1.xml"), Some(("leg=linux shard=2".into(), Some(1))));
        // A value with the text between two fields in it is still one of a consistent shard.
        assert_eq!(place(layout, "results-x-arm-1-a12.xml"), Some(("leg=x shard=arm-1".into(), Some(12))));
        assert_eq!(place(layout, "results-linux-2.xml"), None);
        assert_eq!(place(layout, "results--2-a1.xml"), None);
        assert_eq!(place(layout, "results-a-2-a1.xml.bak"), None);
        assert_eq!(place("{shard}/junit.xml", "a/b/7/junit.xml"), Some(("shard=7".into(), None)));
        assert_eq!(place("{shard}/junit.xml", "junit.xml"), None);
        assert_eq!(place("r-{attempt}-{leg}", "r-99999999999999999999999-x"), None);
    }

    #[test]
    fn a_layout_that_is_none_is_refused() {
        for bad in ["", "results.xml", "{a}{b}", "{a", "{}", "{a}-{a}", "{a b}"] {
            assert!(Layout::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn matching_stays_quick() {
        let layout = "{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}-{i}-{j}x";
        assert_eq!(place(layout, &"-a".repeat(100)), None);
        assert_eq!(place(layout, &"-a".repeat(100_000)), None);
    }
}
