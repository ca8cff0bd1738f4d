//! Versions in the files that hold one: found with their place, and replaced without changing another byte.
//!
//! [`read`] says which versions a file holds and where; [`write`] puts a new one into those places. Everything else stays as it is:
//! comments, order, quotes, a byte order mark, CRLF, a missing line feed at the end. What cannot be told for sure is an error.
//! [`pnpm_members`] says which folders a workspace of pnpm has.
//!
//! | Kind | What is read |
//! |---|---|
//! | `version.txt`, `VERSION` | the one line |
//! | `Cargo.toml` | `package.version`, `workspace.package.version`, `=` requirements of dependencies with a `path` |
//! | `Cargo.lock` | packages without a source, and what names them with their version |
//! | `pyproject.toml` | `project.version`, `tool.poetry.version` |
//! | `package.json` | `version`, and exact requirements of other packages |
//! | `package-lock.json` | `version`, that of the package `""`, and those of packages in folders of the project |
//! | `CMakeLists.txt` | `VERSION` of `project()` |
//! | `idf_component.yml` | `version` |
//! | `library.json` | `version` |
//! | `library.properties` | `version` |
//! | `platformio.ini` | an option of any section, or a macro of its flags |
//! | a C header | `#define …VERSION "1.2.3"`, and `…VERSION_MAJOR`, `_MINOR`, `_PATCH` |

mod cmake;
mod error;
mod header;
mod json;
mod lines;
mod place;
mod pnpm;
mod python;
mod source;
mod toml_file;

pub use error::VersionFileError;
pub use place::{Form, NewVersion, Place, Role, write};
pub use pnpm::{PNPM_WORKSPACE, pnpm_members};

use crate::source::Source;

/// The most bytes of a file: a lock file of a large workspace has some MB.
const MAX_BYTES: usize = 64 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One line with a version.
    Text,
    /// The manifest of a Rust package or workspace.
    CargoToml,
    /// The lock file of a Rust workspace.
    CargoLock,
    /// The manifest of a Python project.
    Pyproject,
    /// The manifest of a package of npm.
    PackageJson,
    /// The lock file of npm.
    PackageLock,
    /// A script of CMake.
    Cmake,
    /// The manifest of a component of ESP-IDF.
    IdfComponent,
    /// The manifest of a library of PlatformIO.
    LibraryJson,
    /// The manifest of a library of Arduino.
    LibraryProperties,
    /// The project file of PlatformIO.
    PlatformioIni,
    /// A header of C or C++.
    Header,
}

impl Kind {
    /// What a file of this name is, without its folder.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Cargo.toml" => Self::CargoToml,
            "Cargo.lock" => Self::CargoLock,
            "pyproject.toml" => Self::Pyproject,
            "package.json" => Self::PackageJson,
            "package-lock.json" | "npm-shrinkwrap.json" => Self::PackageLock,
            "CMakeLists.txt" => Self::Cmake,
            "idf_component.yml" | "idf_component.yaml" => Self::IdfComponent,
            "library.json" => Self::LibraryJson,
            "library.properties" => Self::LibraryProperties,
            "platformio.ini" => Self::PlatformioIni,
            _ if matches!(name.to_ascii_lowercase().as_str(), "version" | "version.txt") => Self::Text,
            _ => match name.rsplit_once('.').map(|(_, ending)| ending) {
                Some("h" | "hh" | "hpp" | "hxx") => Self::Header,
                Some("cmake") => Self::Cmake,
                _ => return None,
            },
        })
    }

    /// The lock file that stands beside a manifest.
    #[must_use]
    pub fn locks(self) -> &'static [&'static str] {
        match self {
            Self::CargoToml => &["Cargo.lock"],
            Self::PackageJson => &["package-lock.json", "npm-shrinkwrap.json"],
            _ => &[],
        }
    }

    /// The files of a project that have a name of their own, in the order people read of them: all but locks and headers.
    pub const NAMED: &'static [&'static str] = &[
        "version.txt",
        "VERSION",
        "Cargo.toml",
        "pyproject.toml",
        "package.json",
        "CMakeLists.txt",
        "idf_component.yml",
        "library.json",
        "library.properties",
        "platformio.ini",
    ];
}

/// Names that a user may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The option of `platformio.ini` that holds the version; `-DNAME` for a macro of its flags.
    pub ini_key: String,
    /// How the macros of a header begin: `APP_VERSION` for `APP_VERSION`, `APP_VERSION_MAJOR` and so on. Without it the only
    /// ones there are.
    pub macro_name: Option<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self { ini_key: "custom_version".into(), macro_name: None }
    }
}

/// What a file says of versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileVersions {
    /// Where versions stand, in the order of the file.
    pub places: Vec<Place>,
    /// Name of the package, in a manifest of cargo or npm that has one.
    pub package: Option<String>,
    /// Whether the package takes its version from the workspace.
    pub inherits: bool,
    /// Folders of the members of the workspace, as patterns; of npm those that begin with `!` are taken out again.
    pub members: Vec<String>,
    /// Why the file has no version of its own, where that is meant.
    pub without: Option<&'static str>,
}

impl FileVersions {
    /// The places that hold the version of the file itself.
    pub fn own(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.role == Role::Own)
    }
}

/// Reads the versions of a file.
///
/// # Errors
/// When it is not what its kind is, holds a version in a way that cannot be replaced, or more than one where one is expected.
pub fn read(kind: Kind, bytes: &[u8], names: &Names) -> Result<FileVersions, VersionFileError> {
    let source = Source::of(bytes)?;
    let found = match kind {
        Kind::Text => lines::text(&source)?,
        Kind::CargoToml => toml_file::cargo(&source)?,
        Kind::CargoLock => toml_file::cargo_lock(&source)?,
        Kind::Pyproject => toml_file::pyproject(&source)?,
        Kind::PackageJson => json::package(&source)?,
        Kind::LibraryJson => json::library(&source)?,
        Kind::PackageLock => json::package_lock(&source)?,
        Kind::Cmake => cmake::read(&source)?,
        Kind::IdfComponent => lines::yaml(&source)?,
        Kind::LibraryProperties => lines::properties(&source)?,
        Kind::PlatformioIni => lines::ini(&source, &names.ini_key)?,
        Kind::Header => header::read(&source, names.macro_name.as_deref())?,
    };
    Ok(found)
}
