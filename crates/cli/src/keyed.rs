//! Limits by the name of their measure: arguments that merge per name.

use std::any::TypeId;
use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use clap::Arg;

/// A limit of the form `NAME=LIMIT`. An argument `Vec<KeyedLimit>` merges per name between the files of `lw.toml` and with
/// flags and inputs: the nearer replaces the limits of that name, and `NAME=none` lifts them.
///
/// The limit stands after the last `=`: the name of a C++ symbol may hold one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedLimit(String);

impl FromStr for KeyedLimit {
    type Err = Infallible;

    /// Takes any text: what a limit has to look like depends on its measure, and is said by who reads it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl From<&str> for KeyedLimit {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Deref for KeyedLimit {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for KeyedLimit {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an argument merges per name.
#[must_use]
pub fn is_keyed(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<KeyedLimit>()
}

/// The name and the limit of `NAME=LIMIT`; a text without `=` is all name.
pub(crate) fn parts(text: &str) -> (&str, &str) {
    text.rsplit_once('=').map_or((text.trim(), ""), |(name, limit)| (name.trim(), limit.trim()))
}

/// Whether a limit lifts the ones before it.
pub(crate) fn is_none(limit: &str) -> bool {
    limit == "none"
}
