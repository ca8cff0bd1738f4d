//! The readers, and which file is whose.

use std::collections::BTreeMap;

use lw_inventory::Inventory;

use crate::{Error, Tree, python};

/// Where readers may look.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The project.
    pub project: &'a dyn Tree,
    /// Cargo's home, `~/.cargo`: manifests and archives of crates.
    pub cargo_home: Option<&'a dyn Tree>,
    /// PlatformIO's home, `~/.platformio`: platforms, frameworks and tools.
    pub platformio_core: Option<&'a dyn Tree>,
    /// Go's module cache, `~/go/pkg/mod`.
    pub go_modules: Option<&'a dyn Tree>,
}

impl<'a> Places<'a> {
    /// The project alone.
    #[must_use]
    pub fn of(project: &'a dyn Tree) -> Self {
        Self { project, cargo_home: None, platformio_core: None, go_modules: None }
    }
}

/// What a reader is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Environments of PlatformIO that are read; none given means the default ones, or all.
    pub environments: Vec<String>,
    /// Cargo: the targets (`x86_64-unknown-linux-gnu`) whose dependencies count; none given means all.
    pub targets: Vec<String>,
    /// Submodules: the commit of each, by its path in the project. Only a repository knows it.
    pub submodules: BTreeMap<String, String>,
    /// Submodules: the address of the repository itself, which relative ones are seen from.
    pub origin: Option<String>,
    /// Cargo: the packages of a workspace that make the product; none given means those that `cargo build` builds.
    pub packages: Vec<String>,
    /// Cargo: features of those packages that are switched on, besides the default ones.
    pub features: Vec<String>,
    /// Cargo: the default features of those packages are not switched on.
    pub no_default_features: bool,
    /// Cargo: the archives in the registry's cache are read for their SHA-512, which takes most of the time then.
    pub hash_archives: bool,
}

/// Reads the files of one package manager.
pub struct Reader {
    /// The ecosystem, as a person chooses it on a command line: `cargo`, `poetry`, `platformio`.
    pub name: &'static str,
    /// Names of the files by which it is recognised, in the order of worth: of one folder the first that is there is read.
    pub files: &'static [&'static str],
    /// Reads the file at a path of the project, and whatever belongs to it.
    pub read: fn(&Places<'_>, &str, &Options) -> Result<Inventory, Error>,
}

/// Every reader.
pub static READERS: &[Reader] = &[
    crate::cargo::READER,
    crate::npm::NPM,
    crate::npm::YARN,
    crate::npm::PNPM,
    // Python.
    python::UV,
    python::POETRY,
    python::PIPENV,
    python::PYLOCK,
    python::REQUIREMENTS,
    python::ENVIRONMENT,
    // C, C++ and Go.
    crate::conan::READER,
    crate::vcpkg::READER,
    crate::golang::READER,
    // Firmware.
    crate::embedded::platformio::READER,
    crate::embedded::esp_idf::READER,
    crate::embedded::submodules::READER,
];

/// Which of a folder's files have a reader, in the order of [`READERS`].
///
/// # Errors
/// When the folder cannot be read.
pub fn detect(tree: &dyn Tree, folder: &str) -> Result<Vec<(&'static Reader, String)>, Error> {
    let names: Vec<_> = tree.list(folder)?.into_iter().map(|entry| entry.name).collect();
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let found = READERS.iter().filter_map(|reader| {
        let file = reader.files.iter().find(|file| names.iter().any(|name| name == *file))?;
        Some((reader, path(file)))
    });
    Ok(found.collect())
}
