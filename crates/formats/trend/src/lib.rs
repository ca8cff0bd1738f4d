//! What gates measured of each commit of a branch: `lw-history/1`.
//!
//! A history is text: one JSON object per line and commit ([`Line`]), in one file or in one file per month, named
//! `2026-11.jsonl` after the month in UTC in which the commit was made. A line has what was held to a limit, and how it stood:
//!
//! ```json
//! {"schema":"lw-history/1","commit":"0123…","time":1795249026,"run":"https://…","figures":[
//!   {"tool":"size-gate","subject":"esp32","name":"image.bytes","value":812032,"unit":"bytes","direction":"lower","verdict":"pass",
//!    "limits":[{"bound":"max","threshold":{"amount":900000},"on_breach":"fail","outcome":"met"}]}]}
//! ```
//!
//! A history is foreign, whoever wrote it first: lengths are bounded, and a line that no recording can have written (a limit
//! that its own numbers break and that is called met) is refused by its number. A refused line hides no other, and is kept as it is
//! by who writes: it may be of a version to come.

mod check;
mod error;
mod export;
mod line;
mod month;
mod shard;
mod trend;

pub use error::{LineError, ShardError};
pub use export::{csv, jsonl, openmetrics};
pub use line::{Figure, Gate, Line, Standing};
pub use month::{Month, moment};
pub use shard::{Problem, Put, Shard};
pub use trend::{Filter, Trend, TrendPoint, newest, trends};

/// Name and version of a line.
pub const SCHEMA: &str = "lw-history/1";

/// The most bytes of one file: what GitHub gives of a blob in one answer has room for them.
pub const MAX_SHARD: usize = 16 << 20;

/// The most bytes of one line: some four thousand figures.
pub const MAX_LINE: usize = 1 << 20;

/// The most lines of one file.
pub const MAX_LINES: usize = 50_000;

/// The most bytes of a name.
pub const MAX_TEXT: usize = 2_000;

/// The most limits of one figure.
pub const MAX_LIMITS: usize = 32;
