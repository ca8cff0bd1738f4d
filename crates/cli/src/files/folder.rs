//! Folders that are looked into by name, such as a project or the home of a package manager.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use lw_model::lists::sort_by;

use super::follow::follow;
use super::identity::FileId;
use super::policy::Files;
use super::read::name_of;
use crate::error::Error;

/// A folder whose files are read by their paths in it. Nothing outside of it is, whatever links it holds: what its author made
/// of it must not bring other files of the machine into what is published.
#[derive(Debug)]
pub struct InputFolder<'f> {
    files: &'f Files,
    /// As the user named it.
    named: PathBuf,
    /// Without links.
    root: PathBuf,
}

/// What lies in an [`InputFolder`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
}

/// What an entry of an [`InputFolder`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, a device, or anything else.
    Other,
}

/// What an entry of an [`InputFolder`] is itself, not what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputDetail {
    /// A regular file.
    File {
        /// How many bytes it has.
        size: u64,
        /// Whether its owner may run it; everywhere but on Unix nobody knows.
        is_executable: bool,
        /// When it was changed, in whole seconds since 1970; 0 before.
        modified: u64,
    },
    /// A folder.
    Folder,
    /// A symbolic link that leads to something inside of the folder, or to nothing there.
    Link {
        /// Where it leads, as it is written.
        target: String,
        /// When it was changed, in whole seconds since 1970; 0 before.
        modified: u64,
    },
    /// A symbolic link that leads out of the folder, with where it leads as it is written.
    LinkOut(String),
    /// A device, a pipe or a socket, by its name.
    Special(&'static str),
}

/// The most files of one folder: more are no project's.
const MOST_ENTRIES: usize = 1_000_000;

impl Files {
    /// Opens a folder of the user's to look into.
    ///
    /// # Errors
    /// When there is none at this path.
    pub fn folder(&self, path: &Path) -> Result<InputFolder<'_>, Error> {
        let fail = |error: &io::Error| {
            let error = Error::input(format!("{}: {error}", path.display()));
            error.hint(format!("paths are seen from {}", self.cwd().display()))
        };
        let followed = follow(&self.resolve(path)).map_err(|error| fail(&error))?;
        let metadata = std::fs::metadata(&followed.path).map_err(|error| fail(&error))?;
        if !metadata.is_dir() {
            let what = if metadata.is_file() { "a file" } else { name_of(metadata.file_type()) };
            return Err(Error::input(format!("{}: it is {what}, no folder", path.display()))
                .hint("name the folder that holds it"));
        }
        self.note_foreign(path);
        Ok(InputFolder { files: self, named: path.to_owned(), root: followed.path })
    }

    /// The same for a folder that the environment names, such as a package manager's home; `None` where there is none.
    #[must_use]
    pub(crate) fn home_folder(&self, path: &Path) -> Option<InputFolder<'_>> {
        let followed = follow(&self.resolve(path)).ok()?;
        std::fs::metadata(&followed.path).ok().filter(std::fs::Metadata::is_dir)?;
        Some(InputFolder { files: self, named: path.to_owned(), root: followed.path })
    }
}

impl InputFolder<'_> {
    /// The folder as the user named it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// Its own name, without the folders above it; nothing for the root of a disk.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        Some(self.root.file_name()?.to_string_lossy().into_owned())
    }

    /// Where a path in the folder leads; `None` where nothing is there.
    fn inside(&self, path: &str) -> io::Result<Option<PathBuf>> {
        let is_below = path.split('/').all(|part| !["..", "."].contains(&part)) && !path.starts_with('/');
        // A part with a backslash or a colon would be more than one on Windows.
        if !is_below || path.contains(['\\', '\0']) || (cfg!(windows) && path.contains(':')) {
            return Ok(None);
        }
        let followed = follow(&self.root.join(path))?;
        if !followed.path.starts_with(&self.root) {
            return Err(io::Error::other("a symbolic link leads out of the folder, and is not followed"));
        }
        Ok(Some(followed.path))
    }

    /// The content of a file of at most `most` bytes, by its path in the folder with `/`; `None` where there is none.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file, or larger, is one, as is a link out of the folder.
    pub fn read(&self, path: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(full) = self.inside(path)? else { return Ok(None) };
        let metadata = match std::fs::metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            return Ok(None);
        }
        if !metadata.is_file() {
            return Err(io::Error::other(format!(
                "it is {}, no regular file",
                name_of(metadata.file_type())
            )));
        }
        let too_large = || io::Error::other(format!("it has more than {most} bytes"));
        if metadata.len() > most {
            return Err(too_large());
        }
        if let Some(id) = FileId::of(&full) {
            self.files.state().inputs.insert(id, self.named.join(path));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        File::open(&full)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(Some(bytes)) }
    }

    /// What an entry is, by its path in the folder with `/`; `None` where there is none. A link at its end is not followed, one before
    /// its end is, as long as it stays inside.
    ///
    /// # Errors
    /// Those of the operating system; a link out of the folder before the end is one, and a target that is no UTF-8.
    pub fn detail(&self, path: &str) -> io::Result<Option<InputDetail>> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(full) = self.inside(folder)?.filter(|_| !["", ".", ".."].contains(&name)) else {
            return Ok(None);
        };
        if name.contains(['\\', '\0']) || (cfg!(windows) && name.contains(':')) {
            return Ok(None);
        }
        let full = full.join(name);
        let metadata = match std::fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| since.as_secs());
        let kind = metadata.file_type();
        Ok(Some(if kind.is_dir() {
            InputDetail::Folder
        } else if kind.is_file() {
            InputDetail::File { size: metadata.len(), is_executable: is_executable(&metadata), modified }
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&full)?.into_os_string().into_string();
            let target = target.map_err(|_| io::Error::other("where it leads is not UTF-8"))?;
            // An absolute one means another folder wherever the source is taken to.
            let is_inside = !Path::new(&target).is_absolute() && follow(&full)?.path.starts_with(&self.root);
            if is_inside { InputDetail::Link { target, modified } } else { InputDetail::LinkOut(target) }
        } else {
            InputDetail::Special(name_of(kind))
        }))
    }

    /// The content of a regular file as it is read, by its path in the folder with `/`.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file is one, as is a link out of the folder.
    pub fn stream(&self, path: &str) -> io::Result<File> {
        let full = self.inside(path)?.ok_or(io::ErrorKind::NotFound)?;
        let metadata = std::fs::metadata(&full)?;
        if !metadata.is_file() {
            let what = name_of(metadata.file_type());
            return Err(io::Error::other(format!("it is {what}, no regular file")));
        }
        if let Some(id) = FileId::of(&full) {
            self.files.state().inputs.insert(id, self.named.join(path));
        }
        File::open(&full)
    }

    /// What lies in a folder below, by name; nothing where there is no such folder.
    ///
    /// # Errors
    /// Those of the operating system; a link out of the folder is one.
    pub fn list(&self, path: &str) -> io::Result<Vec<InputEntry>> {
        let Some(full) = self.inside(path)? else { return Ok(Vec::new()) };
        let entries = match std::fs::read_dir(&full) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let kind = match (kind.is_file(), kind.is_dir()) {
                (true, _) => InputKind::File,
                (_, true) => InputKind::Folder,
                _ => InputKind::Other,
            };
            found.push(InputEntry { name: entry.file_name().to_string_lossy().into_owned(), kind });
            if found.len() > MOST_ENTRIES {
                return Err(io::Error::other(format!("it holds more than {MOST_ENTRIES} entries")));
            }
        }
        sort_by(&mut found, Ord::cmp);
        Ok(found)
    }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::host::Host;

    #[test]
    fn nothing_outside_is_read_whatever_leads_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("project/below")).unwrap();
        std::fs::write(root.join("secret"), "TOKEN").unwrap();
        std::fs::write(root.join("project/lock"), "text").unwrap();
        symlink("../secret", root.join("project/link")).unwrap();
        symlink("..", root.join("project/up")).unwrap();
        symlink("lock", root.join("project/same")).unwrap();
        let host = Host { cwd: root.to_owned(), env: BTreeMap::new(), ..Host::real() };
        let files = Files::new(&host);
        let project = files.folder(Path::new("project")).unwrap();
        assert_eq!(project.read("lock", 10).unwrap().unwrap(), b"text");
        assert_eq!(project.read("same", 10).unwrap().unwrap(), b"text");
        assert!(project.read("lock", 3).is_err());
        assert!(project.read("link", 10).is_err());
        assert!(project.read("up/secret", 10).is_err());
        for none in ["../secret", "/etc/passwd", "below", "lock/x", "none", "./lock"] {
            assert_eq!(project.read(none, 10).unwrap(), None, "{none}");
        }
        let names = |path: &str| {
            let entries = project.list(path).unwrap();
            entries.into_iter().map(|entry| (entry.name, entry.kind)).collect::<Vec<_>>()
        };
        let expected = [
            ("below", InputKind::Folder),
            ("link", InputKind::Other),
            ("lock", InputKind::File),
            ("same", InputKind::Other),
            ("up", InputKind::Other),
        ];
        assert_eq!(names(""), expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert!(project.list("up").is_err() && names("none").is_empty() && names("..").is_empty());
        assert!(files.folder(Path::new("secret")).unwrap_err().message().contains("it is a file"));
        assert!(files.folder(Path::new("none")).is_err());
    }

    #[test]
    fn an_entry_is_told_as_it_is_and_no_link_is_followed_out() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("project/below")).unwrap();
        std::fs::write(root.join("project/run"), "#!").unwrap();
        std::fs::write(root.join("project/below/text"), "hello").unwrap();
        std::fs::set_permissions(root.join("project/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
        for (target, link) in [
            ("run", "same"),
            ("../run", "below/up"),
            ("none", "dangling"),
            ("..", "out"),
            ("/etc", "etc"),
            ("..", "below/in"),
        ] {
            symlink(target, root.join("project").join(link)).unwrap();
        }
        let _socket = std::os::unix::net::UnixListener::bind(root.join("project/socket")).unwrap();
        let host = Host { cwd: root.to_owned(), env: BTreeMap::new(), ..Host::real() };
        let files = Files::new(&host);
        let project = files.folder(Path::new("project")).unwrap();
        let detail = |path: &str| project.detail(path).unwrap();
        assert!(matches!(
            detail("run"),
            Some(InputDetail::File { size: 2, is_executable: true, modified: 1.. })
        ));
        assert!(matches!(
            detail("below/text"),
            Some(InputDetail::File { size: 5, is_executable: false, .. })
        ));
        assert_eq!(detail("below"), Some(InputDetail::Folder));
        for (path, leads) in
            [("same", "run"), ("below/up", "../run"), ("dangling", "none"), ("below/in", "..")]
        {
            assert!(
                matches!(detail(path), Some(InputDetail::Link { target, .. }) if target == leads),
                "{path}"
            );
        }
        assert_eq!(detail("out"), Some(InputDetail::LinkOut("..".to_owned())));
        assert_eq!(detail("etc"), Some(InputDetail::LinkOut("/etc".to_owned())));
        assert!(matches!(detail("socket"), Some(InputDetail::Special(_))));
        for none in ["", ".", "..", "none", "run/x", "../project/run", "/etc/passwd"] {
            assert_eq!(detail(none), None, "{none}");
        }
        assert!(project.detail("out/x").is_err());
        let mut text = String::new();
        project.stream("below/in/below/text").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        for bad in ["below", "etc/passwd", "none", "../project/run", "socket"] {
            assert!(project.stream(bad).is_err(), "{bad}");
        }
    }
}
