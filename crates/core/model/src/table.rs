//! Tables and series: what a person reads, kept as typed cells so that each format can draw them
//! in its own way.

use serde::{Deserialize, Serialize};

use crate::quantity::Number;
use crate::unit::Unit;
use crate::verdict::Verdict;

/// A table of typed cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Table {
    /// Stable identifier: `regions`, `growers`.
    pub id: String,
    /// Heading.
    pub title: String,
    /// Which of several subjects of a run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Columns, from left to right.
    pub columns: Vec<Column>,
    /// Rows; each has one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// A sentence below the table: what was left out, what a column means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Detail that a summary folds away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub folded: bool,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(id: impl Into<String>, title: impl Into<String>, columns: &[(&str, Align)]) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            subject: None,
            columns: columns
                .iter()
                .map(|(title, align)| Column { title: (*title).into(), align: *align })
                .collect(),
            rows: Vec::new(),
            note: None,
            folded: false,
        }
    }
}

/// A column's heading and alignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Column {
    /// Heading.
    pub title: String,
    /// Alignment of the cells.
    pub align: Align,
}

/// Where a column's text sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// One cell: `{"bytes": 1234}` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Cell {
    /// Plain text.
    Text(String),
    /// A name from the outside, shown in a fixed-width font: a symbol, a path.
    Code(String),
    /// A number of bytes.
    Bytes(i64),
    /// A difference in bytes, shown with its sign.
    Delta(i64),
    /// A plain count.
    Count(i64),
    /// A share, as a bar and a floored percentage; above 100 % the bar is over-full.
    Bar {
        /// The part that is taken.
        used: i64,
        /// The whole.
        total: i64,
    },
    /// A verdict, as its mark and word.
    Verdict(Verdict),
    /// Nothing to say here.
    Empty,
}

/// Values over time: the trend of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// What is shown: a measure's name.
    pub name: String,
    /// Which of several subjects of a run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Unit of the values.
    pub unit: Unit,
    /// Oldest first.
    pub points: Vec<Point>,
}

/// One value of a [`Series`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Point {
    /// When, or at which commit.
    pub label: String,
    /// The value then.
    pub value: Number,
}
