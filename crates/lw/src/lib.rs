//! The suite in one binary: `lw size-gate …`, or a link to it named `size-gate`.
//!
//! [`TOOLS`] is the registry: whatever is listed there is a subcommand, an action, a man page and a row of
//! the README.

mod rules;
mod suite;

#[cfg(feature = "demo")]
mod demo;

use lw_cli::Entry;

pub use suite::{command, main};

/// Every tool of the suite, in the order people read of them.
pub const TOOLS: &[Entry] = &[
    Entry::of::<lw_size_gate::SizeGate>(),
    Entry::of::<lw_coverage_gate::CoverageGate>(),
    Entry::of::<lw_ota_package::OtaPackage>(),
];
