//! Posting: for the current head only, and never over what is newer.

use crate::marker::Marker;
use crate::service::{Posted, Pull, Service, ServiceError};

/// What became of the comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// GitHub has it, or had it.
    Posted(Posted),
    /// The pull request has moved on: its tip is this commit now.
    Stale(String),
}

/// Writes the comment, or leaves what is newer.
///
/// # Errors
/// When GitHub refuses or does not answer.
pub(crate) fn post(
    service: &mut dyn Service,
    pull: &Pull,
    marker: &Marker,
    body: &str,
    may_create: bool,
) -> Result<Outcome, ServiceError> {
    if let Some(commit) = &marker.commit
        && !pull.head.eq_ignore_ascii_case(commit)
    {
        return Ok(Outcome::Stale(pull.head.clone()));
    }
    service.set(pull.number, marker, body, may_create).map(Outcome::Posted)
}
