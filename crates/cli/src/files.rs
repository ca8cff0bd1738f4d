//! Reading and writing files: mapped when large, replaced at once or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// The content of a file.
#[derive(Debug)]
pub struct Bytes(Content);

#[derive(Debug)]
enum Content {
    Read(Vec<u8>),
    Mapped(memmap2::Mmap),
}

/// Below this a copy costs less than a mapping.
const MAP_FROM: u64 = 256 * 1024;

impl Bytes {
    /// Opens a file.
    ///
    /// # Errors
    /// Those of the operating system; a folder is one.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        // Pipes and devices (`--bin <(…)`) have no length to map.
        if metadata.is_file() && metadata.len() >= MAP_FROM {
            return Ok(Self(Content::Mapped(map(&file)?)));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self(Content::Read(bytes)))
    }
}

/// The only `unsafe` of the suite.
#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is private and read-only. Were another process to shorten the file meanwhile, reading
    // behind its new end would stop this process with SIGBUS; the inputs are finished build products, and
    // reading all of a 100 MB debug ELF for its 2 MB of symbols would cost every user for that case.
    unsafe { memmap2::Mmap::map(file) }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Content::Read(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Content::Read(bytes) => bytes,
            Content::Mapped(map) => map,
        }
    }
}

/// Writes a file so that its name never holds half of it: a temporary file beside it, synced, then renamed.
///
/// # Errors
/// Those of the operating system, or what `fill` returns; the temporary file is gone then.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, PendingFile::beside(path)?);
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.publish()
}

/// A file in the making: it has its name only once it is complete.
///
/// Until [`publish`](Self::publish) the bytes are in a temporary file beside the final one, which may be read back and
/// written in any order. Dropping it removes it; a killed process leaves the temporary file, whose name starts
/// with `.lw-`, and never half a file under the final name.
///
/// It does not buffer: write large pieces, or wrap it in a [`BufWriter`].
#[derive(Debug)]
pub struct PendingFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl PendingFile {
    /// Starts a file that will be at `path`; missing folders are made.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // Readable by later steps that run as somebody else, like a file made in the ordinary way.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o644));
        }
        let file = builder.prefix(".lw-").tempfile_in(made(path)?)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Has what was written put on the disk: [`publish`](Self::publish) does too, and has nothing left to wait for then.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Reads what was written, while it is put on the disk, say. There is one position, for writing as well.
    pub fn reader(&self) -> impl Read + Seek {
        self.file.as_file()
    }

    /// Gives the file its name, in place of the one that had it.
    ///
    /// # Errors
    /// Those of the operating system; then there is no new file, and the old one is as it was.
    pub fn publish(self) -> io::Result<()> {
        self.sync()?;
        self.file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
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
}

impl PendingFolder {
    /// Starts a folder that will be at `path`.
    ///
    /// # Errors
    /// Those of the operating system; [`io::ErrorKind::DirectoryNotEmpty`] when there is something at `path` already.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
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
        let folder = builder.prefix(".lw-").tempdir_in(made(path)?)?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// Starts a file in it; `name` may have folders in it, which are made.
    ///
    /// The caller vouches for `name`: one with `..` in it, or an absolute one, would leave the folder.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn create(&self, name: &Path) -> io::Result<PendingFile> {
        PendingFile::beside(&self.folder.path().join(name))
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

/// The folder a file is to be made in, made itself when it is missing.
fn made(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    Ok(folder)
}

/// Appends in one write, so that lines of parallel writers never mix.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    File::options().append(true).create(true).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        replace(&path, |out| out.write_all(b"old")).unwrap();
        let error = replace(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(error.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_pending_file_is_written_in_any_order_and_has_its_name_only_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/package.tar");
        let mut pending = PendingFile::beside(&path).unwrap();
        pending.write_all(b"....body").unwrap();
        pending.seek(SeekFrom::Start(0)).unwrap();
        pending.write_all(b"head").unwrap();
        assert!(!path.exists());
        pending.publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"headbody");

        drop(PendingFile::beside(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"headbody");
        assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_complete_or_not_there() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("out");
        std::fs::create_dir(&path).unwrap();
        let folder = PendingFolder::beside(&path).unwrap();
        let mut file = folder.create(Path::new("images/a.bin")).unwrap();
        file.write_all(b"a").unwrap();
        file.publish().unwrap();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
        folder.publish().unwrap();
        assert_eq!(std::fs::read(path.join("images/a.bin")).unwrap(), b"a");

        let error = PendingFolder::beside(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::DirectoryNotEmpty);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn small_and_mapped_files_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 1, usize::try_from(MAP_FROM).unwrap()] {
            let path = folder.path().join(length.to_string());
            std::fs::write(&path, vec![7; length]).unwrap();
            assert_eq!(&*Bytes::open(&path).unwrap(), vec![7; length].as_slice());
        }
        assert!(Bytes::open(folder.path()).is_err());
    }
}
