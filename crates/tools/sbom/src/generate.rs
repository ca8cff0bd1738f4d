//! `generate`: the bill of materials of a project.

use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::Generate;

/// Runs the command.
///
/// # Errors
/// Always: the command is not there yet.
pub(crate) fn run(
    _args: &Generate,
    _baseline: Option<&Report>,
    _cx: &mut Context,
    _report: &mut Report,
) -> Result<(), Error> {
    Err(Error::usage("`generate` is not there yet").hint("use a later release"))
}
