//! `merge`.

use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::Merge;

/// Runs the command.
///
/// # Errors
/// Always: the command is not there yet.
pub(crate) fn run(
    _args: &Merge,
    _baseline: Option<&Report>,
    _cx: &mut Context,
    _report: &mut Report,
) -> Result<(), Error> {
    Err(Error::usage("`merge` is not there yet").hint("use a later release"))
}
