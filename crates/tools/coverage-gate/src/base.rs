//! What a change is against: what the user says, else the answer of the house.

use lw_cli::{Context, Error};
use lw_history::{Base, Compare, Repository};

use crate::args::Args;

/// What the change is against.
///
/// # Errors
/// When it is not in the clone.
pub(crate) fn resolve(args: &Args, cx: &Context, repository: &Repository) -> Result<Base, Error> {
    if let Some(revision) = &args.base {
        let compare = if args.two_dot { Compare::Direct } else { Compare::MergeBase };
        return Ok(repository.named_base(revision, &args.head, compare, &cx.origin("base", 0).text)?);
    }
    let base = cx.compared_with(repository, &args.head)?;
    Ok(if args.two_dot { base.direct() } else { base })
}
