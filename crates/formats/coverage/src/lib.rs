//! Every coverage format as one exact model.
//!
//! [`read`] recognises a report by its content and turns it into a [`Coverage`]: lines, branches, functions,
//! conditions and statements with their hits, as integers. [`Coverage::merge`] joins the reports of several
//! runs item by item, [`paths`] finds the files of the repository the report means, and [`mod@write`] gives the
//! result on to other tools.
//!
//! Everything here takes bytes and returns a model or a typed error with a position. Whatever had to be passed
//! over is counted in [`Coverage::warnings`]. Nothing reads a file, the environment or the clock, and nothing
//! prints.

#[cfg(test)]
mod arbitrary;
mod clover;
mod cobertura;
mod count;
mod coveragepy;
mod detect;
mod error;
mod files;
mod gcov;
mod gocover;
mod jacoco;
mod json;
mod lcov;
mod llvm;
mod merge;
mod model;
pub mod paths;
mod read;
pub mod source;
mod span;
pub mod write;
mod xml;

pub use detect::detect;
pub use error::{CoverageError, Foreign, MergeError, Position, Problem};
pub use model::{
    Arm, Basis, Block, Branch, BranchKind, Branches, Condition, Counts, Coverage, Figure, FileCoverage,
    Format, Formats, Function, LineBranches, Lines, Metric, Sense, Warning, WarningKind, Warnings,
};
pub use read::{read, read_from};
