//! The words every tool of the suite speaks, and their arithmetic.
//!
//! A tool turns files into one [`Report`]; everything after it (rendering, annotations, exit code,
//! other tools) reads only that. The report's JSON form is `lw-report/1`, described by
//! `schemas/lw-report-1.json`.
//!
//! This crate holds data and arithmetic only, and [`Lines`] of text for an output it is given. It never
//! reads a file, the environment or the clock, and never prints: the same input gives the same report
//! on every machine.

mod bytes;
mod diagnose;
mod finding;
mod headline;
mod judge;
mod kind;
mod largest;
mod lines;
pub mod lists;
mod measure;
mod openmetrics;
mod quantity;
mod report;
mod rule;
mod table;
mod tree;
mod unit;
mod verdict;

pub use bytes::same_bytes;
pub use diagnose::{Class, Diagnose};
pub use finding::{Finding, Level, Location};
pub use judge::JudgeOptions;
pub use kind::MeasureKind;
pub use largest::Largest;
pub use lines::Lines;
pub use measure::{Bound, Direction, Limit, LimitError, LimitSpec, Measure, Outcome, Reason, Threshold};
pub use openmetrics::openmetrics_label;
pub use quantity::{ByteSize, Number, Percent, QuantityError, counted, grouped};
pub use report::{
    Artifact, Fact, Override, Provenance, Replaced, Report, SCHEMA, Schema, Setting, ToolId, UnmatchedLimit,
};
pub use rule::{COMMON_RULES, Rule};
pub use table::{Align, Cell, Column, Point, Series, Table};
pub use tree::{Node, Tree};
pub use unit::Unit;
pub use verdict::Verdict;
