//! Versions: their order, the families of tags they come in, and the next one.
//!
//! [`Version`] is a version of one of three [`Scheme`]s, parsed strictly and ordered by precedence. [`TagName`] says what the name
//! of a tag is: a release of a family, a floating tag such as `v1`, a near miss with what is wrong about it, or something else.
//! [`Pep440`] is a version of a Python package. [`Bump`] and [`Zero`] say what follows a version. Pure arithmetic: nothing here knows git.

mod bump;
mod family;
mod pep440;
mod version;

pub use bump::{Bump, Zero, next, next_prerelease};
pub use family::{Family, TagName, classify};
pub use pep440::{Pep440, Pre};
pub use version::{Scheme, Version, VersionError};
