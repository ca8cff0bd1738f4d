//! Text of files that is shown to whoever reads a report.
//!
//! A report is published further than a checkout is: a page with the text of every file that a coverage report names
//! would carry credentials out which a job keeps beside the sources. So only what everybody has anyway is shown: files
//! that are tracked, or, where nothing is, files below the root whose path has no part that begins with a dot.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::RwLock;

use super::follow::follow;
use super::policy::Files;

/// Larger sources are made by programs, for programs.
const LARGEST: u64 = 16 << 20;

/// Which files may be shown.
#[derive(Debug)]
pub struct ShownFiles<'a> {
    files: &'a Files,
    tracked: Option<BTreeSet<String>>,
    /// Where folders lead: a program has thousands of sources in few of them.
    folders: RwLock<HashMap<String, PathBuf>>,
}

/// Why the text of a file is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotShown {
    /// It is not there, or cannot be read.
    Missing,
    /// It is not tracked.
    Untracked,
    /// It lies outside of the workspace.
    Outside,
    /// It is no regular file.
    NoFile,
    /// It is larger than 16 MiB.
    TooLarge,
}

impl fmt::Display for NotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the source was not found when this report was made",
            Self::Untracked => {
                "the source is not tracked by git (nor, outside of a repository, a file without a leading dot in its path)"
            }
            Self::Outside => "the source lies outside of the workspace",
            Self::NoFile => "the source is no regular file",
            Self::TooLarge => "the source is larger than 16 MiB",
        })
    }
}

impl Files {
    /// Says which files may be shown: `tracked` are the paths of the repository, `None` where there is no repository.
    #[must_use]
    pub fn shown(&self, tracked: Option<BTreeSet<String>>) -> ShownFiles<'_> {
        ShownFiles { files: self, tracked, folders: RwLock::default() }
    }
}

impl ShownFiles<'_> {
    /// The text of a file of the repository, by its path there.
    ///
    /// # Errors
    /// Why it is not shown.
    pub fn text(&self, path: &str) -> Result<String, NotShown> {
        let root = &self.files.root;
        let (full, metadata) = self.followed(path).map_err(|_| NotShown::Missing)?;
        let inside = full.strip_prefix(root).map_err(|_| NotShown::Outside)?;
        let mut parts = inside.iter().map(|part| part.to_string_lossy());
        let may = match &self.tracked {
            // Most paths are those without links.
            Some(tracked) if inside.as_os_str() == path => tracked.contains(path),
            Some(tracked) => tracked.contains(&parts.collect::<Vec<_>>().join("/")),
            None => !parts.any(|part| part.starts_with('.')),
        };
        if !may {
            return Err(NotShown::Untracked);
        }
        if !metadata.is_file() {
            return Err(NotShown::NoFile);
        }
        if metadata.len() > LARGEST {
            return Err(NotShown::TooLarge);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        let file = std::fs::File::open(&full).map_err(|_| NotShown::Missing)?;
        // What is added meanwhile is not of the commit; with the length known, its end need not be asked for.
        file.take(metadata.len()).read_to_end(&mut bytes).map_err(|_| NotShown::Missing)?;
        // Nearly every source is valid, and need not be copied then.
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Where a path leads when all symbolic links are followed, and what is there.
    fn followed(&self, path: &str) -> io::Result<(PathBuf, Metadata)> {
        let root = &self.files.root;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !matches!(name, "" | "." | "..") {
            let full = self.beside(folder, name)?;
            let metadata = std::fs::symlink_metadata(&full)?;
            if !metadata.is_symlink() {
                return Ok((full, metadata));
            }
        }
        let full = follow(&root.join(path))?.path;
        let metadata = std::fs::metadata(&full)?;
        Ok((full, metadata))
    }

    /// Where a name in a folder lies, when the links to the folder are followed.
    fn beside(&self, folder: &str, name: &str) -> io::Result<PathBuf> {
        let with_name = |folder: &PathBuf| folder.join(name);
        if let Some(known) = self.folders.read().ok().and_then(|folders| folders.get(folder).map(with_name)) {
            return Ok(known);
        }
        let path = follow(&self.files.root.join(folder))?.path;
        if let Ok(mut folders) = self.folders.write() {
            folders.insert(folder.to_owned(), path.clone());
        }
        Ok(path.join(name))
    }
}
