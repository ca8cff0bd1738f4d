//! Files and folders in the making.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::interrupted::Unfinished;
use super::leftovers;
use super::map::Watch;

/// A file in the making: it has its name only once it is complete.
///
/// Until [`publish`](Self::publish) the bytes are in a temporary file beside the final one, which may be read back and
/// written in any order. Dropping it removes it; a killed process leaves the temporary file, whose name starts
/// with `.lw-`, and never half a file under the final name. One that is told to end by a signal removes what takes long.
///
/// It does not buffer: write large pieces, or wrap it in a [`BufWriter`].
#[derive(Debug)]
pub struct PendingFile {
    file: NamedTempFile,
    target: Target,
    watch: Watch,
    _unfinished: Option<Unfinished>,
}

/// Where the bytes go in the end.
#[derive(Debug)]
enum Target {
    /// The temporary file gets this name.
    Path(PathBuf),
    /// It is copied into something that is no regular file.
    Special(File),
}

impl PendingFile {
    /// Starts a file that will be at `path`; missing folders are made, and leftovers of killed runs cleared.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn beside(path: &Path, watch: &Watch) -> io::Result<Self> {
        let pending = Self::new(path, watch)?;
        if let (Some(folder), Ok(now)) =
            (pending.file.path().parent(), pending.file.as_file().metadata().and_then(|made| made.modified()))
        {
            leftovers::clear(folder, now);
        }
        Ok(pending)
    }

    /// The same, removed when the process is told to end: for what takes its time to be written.
    pub(super) fn removed_when_interrupted(mut self) -> Self {
        self._unfinished = Some(Unfinished::new(self.file.path()));
        self
    }

    /// Starts a file whose bytes will go into a device, a FIFO or a descriptor, where nothing can be read back.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn into_special(special: File, watch: &Watch) -> io::Result<Self> {
        let file = NamedTempFile::new()?;
        Ok(Self { file, target: Target::Special(special), watch: watch.clone(), _unfinished: None })
    }

    fn new(path: &Path, watch: &Watch) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // Readable by later steps that run as somebody else, like a file made in the ordinary way.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o644));
        }
        let file = named(&mut builder).tempfile_in(made(path)?)?;
        // Of a file that is replaced everything stays but its bytes: a script stays one, and what is private too.
        if let Some(permissions) = permissions_of(path) {
            file.as_file().set_permissions(permissions)?;
        }
        Ok(Self { file, target: Target::Path(path.to_owned()), watch: watch.clone(), _unfinished: None })
    }

    /// Has what was written put on the disk: [`publish`](Self::publish) does too, and has nothing left to wait for then.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Lets nobody but the owner read the file, before anything is written into it.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn make_private(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            self.file.as_file().set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    /// Whether something that is no regular file gets the bytes.
    pub(super) fn is_special(&self) -> bool {
        matches!(self.target, Target::Special(_))
    }

    /// Reads what was written, while it is put on the disk, say. There is one position, for writing as well.
    pub fn reader(&self) -> impl Read + Seek {
        self.file.as_file()
    }

    /// Gives the file its name, in place of the one that had it.
    ///
    /// # Errors
    /// Those of the operating system, and when an input of this run was shortened while it was read; then there is no
    /// new file, and the old one is as it was.
    pub fn publish(mut self) -> io::Result<()> {
        if let Some(input) = self.watch.lost() {
            let input = input.display();
            return Err(io::Error::other(format!(
                "nothing is made of {input}, which was shortened meanwhile"
            )));
        }
        match &mut self.target {
            Target::Path(path) => {
                self.file.as_file().sync_all()?;
                self.file.persist(path).map_err(|error| error.error)?;
            }
            Target::Special(special) => {
                self.file.seek(SeekFrom::Start(0))?;
                io::copy(self.file.as_file_mut(), special)?;
            }
        }
        Ok(())
    }
}

/// Who may read, write and run the file that is at a path; nothing for what is none, and never the bits that make it run as
/// somebody else.
#[cfg(unix)]
fn permissions_of(path: &Path) -> Option<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let there = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(std::fs::Permissions::from_mode(there.permissions().mode() & 0o777))
}

/// On other systems a file has no such thing.
#[cfg(not(unix))]
fn permissions_of(_: &Path) -> Option<std::fs::Permissions> {
    None
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Read for PendingFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.as_file_mut().read(bytes)
    }
}

impl Seek for PendingFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.as_file_mut().seek(position)
    }
}

/// A folder in the making: it has its name only once everything in it is complete.
#[derive(Debug)]
pub struct PendingFolder {
    folder: TempDir,
    path: PathBuf,
    watch: Watch,
    _unfinished: Unfinished,
}

impl PendingFolder {
    /// Starts a folder that will be at `path`.
    ///
    /// # Errors
    /// Those of the operating system; [`io::ErrorKind::DirectoryNotEmpty`] when there is something at `path` already.
    pub(super) fn beside(path: &Path, watch: &Watch) -> io::Result<Self> {
        match std::fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Ok(false) => return Err(io::ErrorKind::DirectoryNotEmpty.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o755));
        }
        let folder = named(&mut builder).tempdir_in(made(path)?)?;
        if let (Some(beside), Ok(now)) =
            (folder.path().parent(), folder.path().metadata().and_then(|made| made.modified()))
        {
            leftovers::clear(beside, now);
        }
        let unfinished = Unfinished::new(folder.path());
        Ok(Self { folder, path: path.to_owned(), watch: watch.clone(), _unfinished: unfinished })
    }

    /// Starts a file in it; `name` may have folders in it, which are made.
    ///
    /// The caller vouches for `name`: one with `..` in it, or an absolute one, would leave the folder.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn create(&self, name: &Path) -> io::Result<PendingFile> {
        PendingFile::new(&self.folder.path().join(name), &self.watch)
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// Those of the operating system; then there is no new folder.
    pub fn publish(self) -> io::Result<()> {
        // An empty folder is in the way on Windows, and was found empty above.
        match std::fs::remove_dir(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::rename(self.folder.path(), &self.path)?;
        // Its old name is gone, so there is nothing left to remove.
        let _ = self.folder.keep();
        Ok(())
    }
}

/// The name of what is not finished; see [`leftovers`].
fn named<'a>(
    builder: &'a mut tempfile::Builder<'static, 'static>,
) -> &'a mut tempfile::Builder<'static, 'static> {
    builder.prefix(leftovers::PREFIX).suffix(leftovers::SUFFIX).rand_bytes(leftovers::RANDOM)
}

/// The folder a file is to be made in, made itself when it is missing.
pub(super) fn made(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_file_is_written_in_any_order_and_has_its_name_only_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/package.tar");
        let mut pending = PendingFile::beside(&path, &Watch::default()).unwrap();
        pending.write_all(b"....body").unwrap();
        pending.seek(SeekFrom::Start(0)).unwrap();
        pending.write_all(b"head").unwrap();
        assert!(!path.exists());
        pending.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"headbody");

        drop(PendingFile::beside(&path, &Watch::default()).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"headbody");
        assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_complete_or_not_there() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("out");
        std::fs::create_dir(&path).unwrap();
        let folder = PendingFolder::beside(&path, &Watch::default()).unwrap();
        let mut file = folder.create(Path::new("images/a.bin")).unwrap();
        file.write_all(b"a").unwrap();
        file.publish().unwrap();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
        folder.publish().unwrap();
        assert_eq!(std::fs::read(path.join("images/a.bin")).unwrap(), b"a");

        let error = PendingFolder::beside(&path, &Watch::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
    }
}
