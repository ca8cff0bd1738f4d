//! A folder of the machine as the readers of dependencies see one.

use std::borrow::Cow;

use lw_cli::{InputFolder, InputKind};
use lw_dependencies::{Entry, EntryKind, Tree, TreeError};

/// No lock file, manifest or archive of a package is larger, in bytes.
const LARGEST: u64 = 256 << 20;

/// A folder that readers ask for files.
pub(super) struct Folder<'f>(pub(super) InputFolder<'f>);

impl Folder<'_> {
    fn error(&self, path: &str, error: &std::io::Error) -> TreeError {
        let path = if path.is_empty() { self.0.path().display().to_string() } else { path.to_owned() };
        TreeError { path, reason: error.to_string() }
    }
}

impl Tree for Folder<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        let bytes = self.0.read(path, LARGEST).map_err(|error| self.error(path, &error))?;
        Ok(bytes.map(Cow::Owned))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let entries = self.0.list(folder).map_err(|error| self.error(folder, &error))?;
        let kind = |kind| match kind {
            InputKind::File => EntryKind::File,
            InputKind::Folder => EntryKind::Folder,
            InputKind::Other => EntryKind::Other,
        };
        Ok(entries.into_iter().map(|entry| Entry { name: entry.name, kind: kind(entry.kind) }).collect())
    }
}
