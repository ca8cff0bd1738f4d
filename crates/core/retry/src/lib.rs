//! When a request is sent again: how often, how long after, and for how long at most.
//!
//! Pure arithmetic, and the only answer of the suite to that question. A [`Policy`] says what is allowed; [`Policy::next`] is told what
//! happened to an attempt and says when the next one is, or why there is none. Jitter comes from a seed that is given, so the same run
//! waits the same time again; nothing here sleeps or knows what time it is.

mod after;
mod policy;

pub use after::{AfterError, retry_after};
pub use policy::{Attempt, Decision, Failure, Policy, Repeatable, Stop};
