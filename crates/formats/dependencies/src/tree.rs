//! The files a reader may ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_model::lists::distinct;

/// A folder with files. Paths are relative to it and have `/`, never `..` and never a leading `/`; the folder itself is "".
pub trait Tree {
    /// A file's content, or `None` where there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read, or must not be.
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError>;

    /// What lies in a folder, by name; nothing where there is no such folder.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError>;
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link, a device, or anything else that is not followed.
    Other,
}

/// Why a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct TreeError {
    /// The path that was asked for.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Files held in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryTree {
    /// Files by their paths.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        Self { files: files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect() }
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        Ok(self.files.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice())))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.files.keys().filter_map(|path| path.strip_prefix(&prefix));
        Ok(distinct(below.map(|rest| match rest.split_once('/') {
            Some((name, _)) => Entry { name: name.to_owned(), kind: EntryKind::Folder },
            None => Entry { name: rest.to_owned(), kind: EntryKind::File },
        })))
    }
}
