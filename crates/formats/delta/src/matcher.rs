//! Finding what a target has in common with a base.

use crate::format::Format;
use crate::script::Step;

/// The steps that make a target of a base.
pub(crate) fn steps(base: &[u8], target: &[u8], _format: Format) -> Vec<Step> {
    let diff = base.len().min(target.len());
    vec![Step { diff, extra: target.len() - diff, seek: 0 }]
}
