//! A place that holds a version, and what it may hold.

use std::ops::Range;

use lw_model::lists::sort_by_key;

use crate::error::VersionFileError;
use crate::python;

/// How a version is written in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is.
    Whole,
    /// Its numbers only: CMake knows no pre-releases.
    Core,
    /// As Python reads it (PEP 440), where `1.2.3-rc.1` is `1.2.3rc1`.
    Python,
    /// One of its numbers, counted from 0.
    Number(usize),
}

/// Whose version a place holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// That of the file itself.
    Own,
    /// That of a package of this name, in a lock file.
    Lock(String),
    /// What is asked of a package of this name that lies in a folder: `=1.2.3`.
    Pin(String),
}

/// A place that holds a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is: `package.version`.
    pub what: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// What stands there.
    pub text: String,
    /// How it is written.
    pub form: Form,
    /// Whose it is.
    pub role: Role,
}

/// A version to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The whole of it.
    pub text: String,
    /// Its numbers.
    pub numbers: Vec<u64>,
    /// What follows the `-`; empty in a final version.
    pub prerelease: String,
}

impl Place {
    /// What the place has to hold for a version.
    ///
    /// # Errors
    /// When it cannot hold that version.
    pub fn wanted(&self, version: &NewVersion) -> Result<String, VersionFileError> {
        let cannot = |reason| VersionFileError::CannotHold {
            line: self.line,
            what: self.what.clone(),
            version: version.text.clone(),
            reason,
        };
        match self.form {
            Form::Whole => Ok(version.text.clone()),
            Form::Core => Ok(version.numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")),
            Form::Number(place) => version
                .numbers
                .get(place)
                .map(ToString::to_string)
                .ok_or_else(|| cannot("it has not as many numbers")),
            Form::Python => match python::normal(&version.text) {
                Some(_) => Ok(version.text.clone()),
                None => Err(cannot(
                    "Python knows pre-releases called a, b and rc, and dev and post releases only",
                )),
            },
        }
    }

    /// Whether the place holds a version, in whatever spelling means the same there.
    #[must_use]
    pub fn holds(&self, version: &NewVersion) -> bool {
        match self.form {
            Form::Python => {
                let (found, wanted) = (python::normal(&self.text), python::normal(&version.text));
                found.is_some() && found == wanted
            }
            _ => self.wanted(version).is_ok_and(|wanted| wanted == self.text),
        }
    }
}

/// The file with a version in these places, and every other byte as it was.
///
/// # Errors
/// When a place cannot hold it, or the places are not those of this file.
pub fn write<'a>(
    bytes: &[u8],
    places: impl IntoIterator<Item = &'a Place>,
    version: &NewVersion,
) -> Result<Vec<u8>, VersionFileError> {
    let mut places: Vec<&Place> = places.into_iter().collect();
    sort_by_key(&mut places, |place| (place.range.start, place.range.end));
    let mut out = Vec::with_capacity(bytes.len() + 32);
    let mut at = 0;
    for place in places {
        let lost = || VersionFileError::OutOfPlace { what: place.what.clone() };
        let wanted = if place.holds(version) { place.text.clone() } else { place.wanted(version)? };
        let kept = bytes.get(at..place.range.start).ok_or_else(lost)?;
        if bytes.get(place.range.clone()) != Some(place.text.as_bytes()) {
            return Err(lost());
        }
        out.extend_from_slice(kept);
        out.extend_from_slice(wanted.as_bytes());
        at = place.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    Ok(out)
}
