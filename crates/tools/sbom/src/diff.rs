//! `diff`.

use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::Diff;

/// Runs the command.
///
/// # Errors
/// Always: the command is not there yet.
pub(crate) fn run(
    _args: &Diff,
    _baseline: Option<&Report>,
    _cx: &mut Context,
    _report: &mut Report,
) -> Result<(), Error> {
    Err(Error::usage("`diff` is not there yet").hint("use a later release"))
}
