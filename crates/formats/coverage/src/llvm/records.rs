//! The records of an export.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::count::Count;
use crate::json::First;

/// `CounterMappingRegion::BranchRegion`.
pub(super) const BRANCH: u32 = 4;

#[derive(Deserialize)]
pub(super) struct Export<'a> {
    #[serde(borrow)]
    pub(super) data: Vec<Data<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) files: Vec<File<'a>>,
    /// Not there with `-skip-functions` and `-summary-only`.
    #[serde(borrow)]
    pub(super) functions: Option<Vec<Function<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    pub(super) filename: Cow<'a, str>,
    /// Not there with `-summary-only`.
    pub(super) segments: Option<Vec<Segment>>,
    #[serde(default)]
    pub(super) branches: Vec<Jump>,
    #[serde(default)]
    pub(super) expansions: Vec<Expansion>,
    #[serde(default)]
    pub(super) mcdc_records: Vec<Decision>,
    pub(super) summary: Option<Summary>,
}

/// A macro that was expanded; its branches are of the macro, and count where it stands.
#[derive(Deserialize)]
pub(super) struct Expansion {
    pub(super) source_region: Place,
    #[serde(default)]
    pub(super) branches: Vec<Jump>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) count: Count,
    #[serde(borrow, default)]
    pub(super) filenames: First<Cow<'a, str>>,
    #[serde(default)]
    pub(super) regions: First<Place>,
}

#[derive(Deserialize)]
pub(super) struct Summary {
    pub(super) lines: Option<MetricSummary>,
    pub(super) branches: Option<MetricSummary>,
    pub(super) functions: Option<MetricSummary>,
    pub(super) instantiations: Option<MetricSummary>,
    pub(super) regions: Option<MetricSummary>,
    pub(super) mcdc: Option<MetricSummary>,
}

/// How many there are of something, and how many of them ran.
#[derive(Deserialize)]
pub(super) struct MetricSummary {
    pub(super) count: u64,
    pub(super) covered: u64,
}

/// `[line, column, count, has count, is region entry, is gap region]`; the last since version 2.
pub(super) struct Segment {
    pub(super) line: u32,
    pub(super) count: Count,
    pub(super) has_count: bool,
    pub(super) is_entry: bool,
    pub(super) is_gap: bool,
}

/// `[line, column, end line, end column, true count, false count, file, expanded file, kind]`
pub(super) struct Jump {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
    pub(super) yes: Count,
    pub(super) no: Count,
    pub(super) kind: u32,
}

/// The beginning of a region: `[line, column, ...]`.
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// `[line, column, end line, end column, ..., kind, [covered, ...], ...]`: what is between has changed with
/// the versions, but the first list always tells which conditions are covered.
pub(super) struct Decision {
    pub(super) place: (u32, u32, u32, u32),
    pub(super) conditions: Vec<bool>,
}

/// A visitor of a list that reads a record from its items.
macro_rules! record {
    ($record:ty, $what:literal, |$list:ident| $read:expr) => {
        impl<'de> Deserialize<'de> for $record {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct List;
                impl<'de> Visitor<'de> for List {
                    type Value = $record;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_seq<A: SeqAccess<'de>>(self, mut $list: A) -> Result<$record, A::Error> {
                        let record = $read;
                        while $list.next_element::<IgnoredAny>()?.is_some() {}
                        Ok(record)
                    }
                }
                deserializer.deserialize_seq(List)
            }
        }
    };
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    list: &mut A,
    what: &'static str,
) -> Result<T, A::Error> {
    list.next_element()?.ok_or_else(|| A::Error::custom(format_args!("{what} is too short")))
}

record!(Segment, "a segment", |list| {
    let line = next(&mut list, "a segment")?;
    let _column: u32 = next(&mut list, "a segment")?;
    Segment {
        line,
        count: next(&mut list, "a segment")?,
        has_count: next(&mut list, "a segment")?,
        is_entry: next(&mut list, "a segment")?,
        is_gap: list.next_element()?.unwrap_or(false),
    }
});

record!(Jump, "a branch", |list| {
    let mut number = || next(&mut list, "a branch");
    let (line, column, end_line, end_column) = (number()?, number()?, number()?, number()?);
    let (yes, no) = (next(&mut list, "a branch")?, next(&mut list, "a branch")?);
    let _file: u32 = next(&mut list, "a branch")?;
    let _expanded: u32 = next(&mut list, "a branch")?;
    Jump { line, column, end_line, end_column, yes, no, kind: next(&mut list, "a branch")? }
});

record!(Place, "a region", |list| Place {
    line: next(&mut list, "a region")?,
    column: next(&mut list, "a region")?,
});

record!(Decision, "an MC/DC record", |list| {
    let mut number = || next(&mut list, "an MC/DC record");
    let place = (number()?, number()?, number()?, number()?);
    let conditions = loop {
        if let Item::List(conditions) = next(&mut list, "an MC/DC record")? {
            break conditions;
        }
    };
    Decision { place, conditions }
});

/// A number or the list of covered conditions.
enum Item {
    Number,
    List(Vec<bool>),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a list")
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Item, E> {
                Ok(Item::Number)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
                let mut conditions = Vec::new();
                while let Some(covered) = list.next_element()? {
                    conditions.push(covered);
                }
                Ok(Item::List(conditions))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
