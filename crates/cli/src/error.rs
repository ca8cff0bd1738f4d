//! The one error a tool returns: what is wrong, whose it is to mend, and how.

use std::borrow::Cow;
use std::fmt;

use lw_model::{Class, Diagnose};

/// An error on its way to the user. It is one pointer: results are handed on in many places, and each of them copies it.
pub struct Error(Box<Parts>);

struct Parts {
    class: Class,
    hint: Option<Cow<'static, str>>,
    source: anyhow::Error,
}

impl Error {
    /// A mistake on the command line or in the configuration.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Class::Usage, message.to_string(), None)
    }

    /// A file that is missing, unreadable or malformed.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::new(Class::Input, message.to_string(), None)
    }

    /// A failure of the outside world: a service, a disk.
    pub fn remote(message: impl fmt::Display) -> Self {
        Self::new(Class::Remote, message.to_string(), None)
    }

    /// A defect of the suite.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Class::Internal, message.to_string(), None)
    }

    fn new(class: Class, message: String, hint: Option<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts { class, hint, source: anyhow::Error::msg(message) }))
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error seen from further out: `failed to read app.elf`.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Self {
        self.seen_from(context.to_string())
    }

    fn seen_from(mut self, context: String) -> Self {
        self.0.source = self.0.source.context(context);
        self
    }

    /// The same error in other words.
    pub(crate) fn reworded(&self, reword: impl FnOnce(&str) -> String) -> Self {
        Self::new(self.0.class, reword(&self.message()), self.0.hint.clone())
    }

    /// Who has to act.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The message and its causes on one line: `app.elf: offset 0x10: not an ELF`.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{:#}", self.0.source)
    }
}

/// Nobody asks an error of a format for more than its words once it is on its way, and to keep it as it is would put what it looks like
/// to a developer (`Debug`) into every binary, for each of them.
impl<E: Diagnose> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            add_causes(&mut message, cause);
        }
        Self::new(error.class(), message, error.hint())
    }
}

/// Adds a cause and those behind it.
fn add_causes(message: &mut String, first: &dyn std::error::Error) {
    let mut next = Some(first);
    while let Some(cause) = next {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        next = cause.source();
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.class, self.message())
    }
}

/// Says of a failed step what was being done.
pub trait ResultExt<T> {
    /// Adds the outer view of an error.
    ///
    /// # Errors
    /// The same error, seen from further out.
    fn context(self, context: impl fmt::Display) -> Result<T, Error>;
}

impl<T, E: Into<Error>> ResultExt<T> for Result<T, E> {
    fn context(self, context: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|error| error.into().context(context))
    }
}
