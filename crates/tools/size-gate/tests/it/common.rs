//! The binary, and the words the tests share.

use std::path::Path;

use lw_testkit::tool::ToolBinary;
pub(crate) use lw_testkit::tool::{Run, example, words};

pub(crate) const SIZE_GATE: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_size-gate"));

/// Runs size-gate in a folder, with nothing of this process's environment, and no `lw.toml` but one that is named.
pub(crate) fn size_gate(folder: &Path, arguments: &[String]) -> Run {
    SIZE_GATE.run(folder, arguments, &[])
}
