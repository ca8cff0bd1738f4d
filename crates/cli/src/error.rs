//! The one error a tool returns: what is wrong, whose it is to mend, and how.

use std::borrow::Cow;
use std::fmt;

use lw_model::{Class, Diagnose};

/// An error on its way to the user.
pub struct Error {
    class: Class,
    hint: Option<Cow<'static, str>>,
    source: anyhow::Error,
}

impl Error {
    /// A mistake on the command line or in the configuration.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Class::Usage, message)
    }

    /// A file that is missing, unreadable or malformed.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::new(Class::Input, message)
    }

    /// A failure of the outside world: a service, a disk.
    pub fn remote(message: impl fmt::Display) -> Self {
        Self::new(Class::Remote, message)
    }

    /// A defect of the suite.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Class::Internal, message)
    }

    fn new(class: Class, message: impl fmt::Display) -> Self {
        Self { class, hint: None, source: anyhow::anyhow!("{message}") }
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error seen from further out: `failed to read app.elf`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display + Send + Sync + 'static) -> Self {
        self.source = self.source.context(context);
        self
    }

    /// The same error in other words.
    pub(crate) fn reworded(&self, reword: impl FnOnce(&str) -> String) -> Self {
        let message = reword(&self.message());
        Self { class: self.class, hint: self.hint.clone(), source: anyhow::anyhow!("{message}") }
    }

    /// Who has to act.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The message and its causes on one line: `app.elf: offset 0x10: not an ELF`.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{:#}", self.source)
    }
}

impl<E: Diagnose> From<E> for Error {
    fn from(error: E) -> Self {
        Self { class: error.class(), hint: error.hint(), source: anyhow::Error::new(error) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.class, self.message())
    }
}

/// Says of a failed step what was being done.
pub trait ResultExt<T> {
    /// Adds the outer view of an error.
    ///
    /// # Errors
    /// The same error, seen from further out.
    fn context(self, context: impl fmt::Display + Send + Sync + 'static) -> Result<T, Error>;
}

impl<T, E: Into<Error>> ResultExt<T> for Result<T, E> {
    fn context(self, context: impl fmt::Display + Send + Sync + 'static) -> Result<T, Error> {
        self.map_err(|error| error.into().context(context))
    }
}
