//! Which file a path leads to, whatever it is called.

use std::path::Path;

/// One file: two names of it, hard links and symbolic ones, have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(Inner);

/// Device and inode.
#[cfg(unix)]
type Inner = (u64, u64);

/// Elsewhere the standard library does not tell the number of a file: the path without links is the next best.
#[cfg(not(unix))]
type Inner = std::path::PathBuf;

impl FileId {
    /// The file at a path, if there is one.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::from_metadata(&metadata))
    }

    /// The file at a path, if there is one.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.canonicalize().ok().map(Self)
    }

    #[cfg(unix)]
    fn from_metadata(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self((metadata.dev(), metadata.ino()))
    }
}
