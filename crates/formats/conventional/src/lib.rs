//! Commit messages by Conventional Commits 1.0 (<https://www.conventionalcommits.org/en/v1.0.0/>), strictly by its clauses.
//!
//! [`Message::parse`] takes any text: what a message is follows from it ([`Kind`]), and what it nearly is is said
//! ([`NearMiss`]), with what other programs make of it. Which clause decides what:
//!
//! - 1, 5: a type, an optional scope in parentheses, an optional `!`, then a colon *and a space*, and a description.
//! - 4: a scope is not empty. It may hold anything but parentheses.
//! - 6, 8: the body begins after a blank line, and so do the footers: what stands right below the description is neither.
//! - 8: a footer is a token, `: ` or ` #`, and a value; the token has `-` for spaces, but for `BREAKING CHANGE`.
//! - 9, 10: a value goes on over lines and paragraphs until the next footer. A line of dashes ends it as well: it is what
//!   GitHub puts between the parts of a squashed message.
//! - 12: a breaking change is `BREAKING CHANGE: ` and a description: not ` #`, and not without a text.
//! - 13: after a `!` the description tells of the breaking change, unless a footer does.
//! - 15: case matters for `BREAKING CHANGE` only: `FEAT` is `feat`.
//! - 16: `BREAKING-CHANGE` is the same as `BREAKING CHANGE`.

mod header;
mod message;
mod near;

pub use header::{Header, KNOWN_TYPES};
pub use message::{Footer, Kind, Message, Rules};
pub use near::{Near, NearMiss};
