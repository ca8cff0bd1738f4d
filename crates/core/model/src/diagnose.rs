//! What every error of the suite can say of itself.

use std::borrow::Cow;

/// Who has to act on an error; each class has its own exit code in `lw-cli`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The command line, an action's input or `lw.toml` is wrong.
    Usage,
    /// A file is missing, unreadable or malformed.
    Input,
    /// A remote service or a write failed.
    Remote,
    /// A defect of the suite itself.
    Internal,
}

/// An error that knows who has to act and what to do.
///
/// `Display` says what is wrong and where; [`hint`](Diagnose::hint) says what to do about it.
pub trait Diagnose: std::error::Error + Send + Sync + 'static {
    /// Whose mistake it is.
    fn class(&self) -> Class {
        Class::Input
    }

    /// What the person should do, as one sentence.
    fn hint(&self) -> Option<Cow<'static, str>> {
        None
    }
}
