//! The binary.

use std::path::Path;

pub(crate) use lw_testkit::tool::Run;
use lw_testkit::tool::ToolBinary;

pub(crate) const COVERAGE_GATE: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_coverage-gate"));

/// Runs coverage-gate in a folder, with nothing of this process's environment but what is given.
pub(crate) fn coverage_gate(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Run {
    COVERAGE_GATE.run(folder, arguments, env)
}
