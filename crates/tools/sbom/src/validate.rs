//! `validate`.

use lw_cli::{Context, Error};
use lw_model::Report;

use crate::args::Validate;

/// Runs the command.
///
/// # Errors
/// Always: the command is not there yet.
pub(crate) fn run(
    _args: &Validate,
    _baseline: Option<&Report>,
    _cx: &mut Context,
    _report: &mut Report,
) -> Result<(), Error> {
    Err(Error::usage("`validate` is not there yet").hint("use a later release"))
}
