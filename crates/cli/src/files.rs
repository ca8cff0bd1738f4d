//! Reading and writing files: mapped when large, replaced at once or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::ops::Deref;
use std::path::Path;

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
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // Readable by later steps that run as somebody else, like a file made in the ordinary way.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let file = builder.prefix(".lw-").tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
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
