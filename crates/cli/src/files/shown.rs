//! Text of files that is shown to whoever reads a report.
//!
//! A report is published further than a checkout is: a page with the text of every file that a coverage report names
//! would carry credentials out which a job keeps beside the sources. So only what everybody has anyway is shown: files
//! that are tracked, or, where nothing is, files below the root whose path has no part that begins with a dot.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use lw_hashed::{HashMap, HashSet};

use super::follow::follow;
use super::policy::Files;

/// Larger sources are made by programs, for programs.
const LARGEST: u64 = 16 << 20;

/// Which files may be shown.
#[derive(Debug)]
pub struct ShownFiles<'a> {
    files: &'a Files,
    tracked: Tracked<'a>,
    /// Where folders lead: a program has thousands of sources in few of them.
    folders: RwLock<HashMap<String, Arc<Folder>>>,
}

/// Which paths of the repository are tracked.
#[derive(Debug)]
enum Tracked<'a> {
    /// There is no repository.
    Unknown,
    Owned(BTreeSet<String>),
    Borrowed(HashSet<&'a str>),
}

impl Tracked<'_> {
    fn may_show(&self, path: &str) -> bool {
        match self {
            Self::Unknown => !path.split('/').any(|part| part.starts_with('.')),
            Self::Owned(tracked) => tracked.contains(path),
            Self::Borrowed(tracked) => tracked.contains(path),
        }
    }
}

/// How many folders are kept open: a process may have a thousand files open, and most programs have their sources in fewer folders.
const MOST_OPEN: usize = 256;

/// A folder, when all links to it are followed.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Its path from the root of the workspace, `None` outside of it.
    inside: Option<String>,
    /// Itself: what is in it is found without the way through all folders above.
    #[cfg_attr(not(unix), allow(dead_code, reason = "nothing is opened from a folder there"))]
    open: Option<File>,
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
        self.shown_if(tracked.map_or(Tracked::Unknown, Tracked::Owned))
    }

    /// The same for paths that are there already: of thousands of sources they need not be copied.
    #[must_use]
    pub fn shown_of<'a>(&'a self, tracked: impl IntoIterator<Item = &'a str>) -> ShownFiles<'a> {
        self.shown_if(Tracked::Borrowed(tracked.into_iter().collect()))
    }

    fn shown_if<'a>(&'a self, tracked: Tracked<'a>) -> ShownFiles<'a> {
        ShownFiles { files: self, tracked, folders: RwLock::default() }
    }
}

impl ShownFiles<'_> {
    /// The text of a file of the repository, by its path there.
    ///
    /// # Errors
    /// Why it is not shown.
    pub fn text(&self, path: &str) -> Result<String, NotShown> {
        let mut bytes = Vec::new();
        self.read(path, &mut bytes)?;
        // Nearly every source is valid, and need not be copied then.
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Reads a file of the repository, by its path there, into memory that may be used for many; what was there before
    /// is lost.
    ///
    /// # Errors
    /// Why it is not shown.
    pub fn read(&self, path: &str, bytes: &mut Vec<u8>) -> Result<(), NotShown> {
        let (mut file, metadata) = match self.opened(path) {
            Some(opened) => opened,
            None => self.opened_with_care(path)?,
        };
        ensure_readable(&metadata)?;
        // With the length known, one call reads it all, and its end need not be asked for. What is added meanwhile is not
        // of the commit.
        let length = usize::try_from(metadata.len()).unwrap_or(0);
        if bytes.capacity() < length {
            // New memory is zeroed at once; what is added to old memory is zeroed byte by byte where code is small.
            *bytes = vec![0; length];
        } else {
            bytes.resize(length, 0);
        }
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(NotShown::Missing),
            }
        }
        bytes.truncate(filled);
        Ok(())
    }

    /// Opens what is neither a link nor kept back, as nearly all sources are, and looks at it then, which spares a second
    /// way through all its folders. `None` for all else, and where anything is in the way.
    fn opened(&self, path: &str) -> Option<(File, Metadata)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "" | "." | "..") {
            return None;
        }
        let known = self.folder(folder).ok()?;
        let inside = known.inside.as_deref()?;
        let may = match inside {
            "" => self.tracked.may_show(name),
            inside if inside == folder => self.tracked.may_show(path),
            inside => self.tracked.may_show(&[inside, name].join("/")),
        };
        if !may {
            return None;
        }
        let file = open_no_link(&known, name).ok()?;
        let metadata = file.metadata().ok()?;
        Some((file, metadata))
    }

    /// Opens any file, or says why not.
    fn opened_with_care(&self, path: &str) -> Result<(File, Metadata), NotShown> {
        let (full, metadata) = self.followed(path).map_err(|_| NotShown::Missing)?;
        let inside = full.strip_prefix(&self.files.root).map_err(|_| NotShown::Outside)?;
        if !self.tracked.may_show(&as_tracked(inside)) {
            return Err(NotShown::Untracked);
        }
        // Looked at first: to open a device may already do something.
        ensure_readable(&metadata)?;
        let file = File::open(&full).map_err(|_| NotShown::Missing)?;
        Ok((file, metadata))
    }

    /// Where a path leads when all symbolic links are followed, and what is there.
    fn followed(&self, path: &str) -> io::Result<(PathBuf, Metadata)> {
        let full = follow(&self.files.root.join(path))?.path;
        let metadata = std::fs::metadata(&full)?;
        Ok((full, metadata))
    }

    /// Where a folder of the repository lies, when the links to it are followed.
    fn folder(&self, folder: &str) -> io::Result<Arc<Folder>> {
        let known = self.folders.read().ok().and_then(|folders| folders.get(folder).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let path = follow(&self.files.root.join(folder))?.path;
        let inside = path.strip_prefix(&self.files.root).ok().map(as_tracked);
        let Ok(mut folders) = self.folders.write() else {
            return Ok(Arc::new(Folder { path, inside, open: None }));
        };
        let open = if folders.len() < MOST_OPEN { open_folder(&path) } else { None };
        let found = Arc::new(Folder { path, inside, open });
        folders.insert(folder.to_owned(), Arc::clone(&found));
        Ok(found)
    }
}

fn ensure_readable(metadata: &Metadata) -> Result<(), NotShown> {
    if !metadata.is_file() {
        return Err(NotShown::NoFile);
    }
    if metadata.len() > LARGEST { Err(NotShown::TooLarge) } else { Ok(()) }
}

/// A path below the root as git writes it.
fn as_tracked(inside: &Path) -> String {
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Opens a file in a folder that is no symbolic link, without waiting for anybody.
///
/// By the system's own call: `open` of musl makes a second one for each file.
#[cfg(unix)]
fn open_no_link(folder: &Folder, name: &str) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = match &folder.open {
        Some(open) => rustix::fs::openat(open, name, flags, Mode::empty()),
        None => rustix::fs::open(folder.path.join(name), flags, Mode::empty()),
    };
    Ok(File::from(opened?))
}

/// Elsewhere it is looked at first.
#[cfg(not(unix))]
fn open_no_link(folder: &Folder, name: &str) -> io::Result<File> {
    let path = folder.path.join(name);
    if std::fs::symlink_metadata(&path)?.is_file() {
        return File::open(path);
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// Opens a folder; `None` where that cannot be, and files in it are opened by their whole path.
#[cfg(unix)]
fn open_folder(path: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
    rustix::fs::open(path, flags, Mode::empty()).ok().map(File::from)
}

#[cfg(not(unix))]
fn open_folder(_: &Path) -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::host::Host;

    #[test]
    fn a_file_is_found_in_any_of_many_folders() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<String> = (0..MOST_OPEN + 10).map(|number| format!("src/{number}/file")).collect();
        for path in &paths {
            std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(path), path).unwrap();
        }
        let host = Host { cwd: folder.path().to_owned(), env: BTreeMap::new(), ..Host::real() };
        let files = Files::new(&host);
        let shown = files.shown_of(paths.iter().map(String::as_str));
        for path in paths.iter().chain(&paths) {
            assert_eq!(shown.text(path).as_deref(), Ok(&**path));
        }
        let open = shown.folders.read().unwrap().values().filter(|folder| folder.open.is_some()).count();
        assert_eq!(open, if cfg!(unix) { MOST_OPEN } else { 0 });
    }

    #[test]
    fn memory_that_is_used_again_keeps_nothing_of_the_file_before() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("long", "much text"), ("short", "text"), ("empty", ""), ("other", "TOKEN")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let host = Host { cwd: folder.path().to_owned(), env: BTreeMap::new(), ..Host::real() };
        let files = Files::new(&host);
        let shown = files.shown_of(["long", "short", "empty", "none"]);
        let mut bytes = Vec::new();
        for (name, text) in [("long", "much text"), ("short", "text"), ("long", "much text"), ("empty", "")] {
            shown.read(name, &mut bytes).unwrap();
            assert_eq!(bytes, text.as_bytes(), "{name}");
        }
        assert_eq!(shown.read("other", &mut bytes), Err(NotShown::Untracked));
        assert_eq!(shown.read("none", &mut bytes), Err(NotShown::Missing));
    }
}
