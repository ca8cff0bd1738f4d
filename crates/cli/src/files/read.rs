//! Opening inputs.

use std::fs::{File, FileType, Metadata};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::bytes::Bytes;
use super::destination::descriptor;
use super::identity::FileId;
use super::map::Mapped;
use super::policy::Files;
use crate::error::Error;

/// Below this a copy costs less than a map.
const MAP_FROM: u64 = 256 * 1024;

/// A file may grow by this much while it is read. One that gives more than it says to have has no end, such as some of
/// `/proc`.
const GROWTH: u64 = 64 << 20;

/// The most that is read from a descriptor, in bytes: it has to be kept, since it can be read only once.
const LARGEST_PIPE: u64 = 1 << 30;

/// What an input is, once it is open.
enum OpenInput {
    File(File, Metadata),
    Pipe(Arc<[u8]>),
}

impl Files {
    /// Opens an input file.
    ///
    /// # Errors
    /// When it cannot be read, naming it; when it is also an output of this run.
    pub fn open(&self, path: &Path) -> Result<Bytes, Error> {
        self.protect(path)?;
        self.note_foreign(path);
        self.read(path).map_err(|error| self.unreadable(path, &error))
    }

    /// Opens a file that an output of this run may replace: a baseline, which becomes that of the next run.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file is one.
    pub(crate) fn open_replaceable(&self, path: &Path) -> io::Result<Bytes> {
        self.allow_replacing(path);
        self.note_foreign(path);
        self.read(path)
    }

    /// Opens a file that the CI itself names, wherever it lies.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file is one.
    pub(crate) fn open_of_ci(&self, path: &Path) -> io::Result<Bytes> {
        self.read(path)
    }

    /// Opens an input to be read piece by piece: the memory this takes does not depend on the file's size.
    ///
    /// # Errors
    /// When it cannot be opened, naming it; when it is also an output of this run.
    pub fn stream(&self, path: &Path) -> Result<Input, Error> {
        self.protect(path)?;
        self.note_foreign(path);
        let input = |source, length| Input { source, position: 0, length };
        match self.opened(path) {
            Ok(OpenInput::File(file, metadata)) => Ok(input(Source::File(file), metadata.len())),
            Ok(OpenInput::Pipe(bytes)) => {
                let length = bytes.len() as u64;
                Ok(input(Source::Memory(Cursor::new(bytes)), length))
            }
            Err(error) => Err(self.unreadable(path, &error)),
        }
    }

    /// Reads a file of the user's that decides about the run, such as `lw.toml`.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file, or larger than `most` bytes, is one.
    pub(crate) fn read_bounded(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        self.note_foreign(path);
        let (file, metadata) = regular(&self.resolve(path))?;
        if let Some(id) = FileId::of(&self.resolve(path)) {
            self.state().inputs.insert(id, path.to_owned());
        }
        if metadata.len() > most {
            return Err(io::Error::other(format!("it has {} bytes, at most are {most}", metadata.len())));
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a secret of at most `most` bytes from a file, into a buffer that is wiped when it is dropped.
    ///
    /// Unlike other inputs it is neither mapped nor kept, and a descriptor is read past the buffers of standard input.
    ///
    /// # Errors
    /// Those of the operating system; what is no regular file, no pipe of the caller's, or larger, is one. When it is also
    /// an output of this run.
    pub(crate) fn read_secret(&self, path: &Path, most: usize) -> Result<SecretFile, SecretFileError> {
        let Some(number) = descriptor(path) else {
            self.protect(path).map_err(SecretFileError::Output)?;
            let (file, metadata) = regular(&self.resolve(path))?;
            let bytes = bounded(file, most)?;
            return Ok(SecretFile { bytes, metadata: Some(metadata) });
        };
        let file = if number == 0 {
            standard_input()?
        } else {
            let file = open_now(path)?;
            block(&file)?;
            file
        };
        refuse_device(&file)?;
        Ok(SecretFile { bytes: bounded(file, most)?, metadata: None })
    }

    /// An input that could not be read, as an error that names it.
    #[must_use]
    pub fn unreadable(&self, path: &Path, error: &io::Error) -> Error {
        let failure = Error::input(format!("{}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::NotFound => failure.hint(format!(
                "paths are seen from {}; is it built, is it spelled like this?",
                self.cwd().display()
            )),
            io::ErrorKind::InvalidInput => failure.hint(
                "inputs are regular files; what a pipe gives is read from `-`, /dev/stdin or <(…), once",
            ),
            _ => failure,
        }
    }

    /// Notes an input that was read in another way, such as from a folder: no output may replace it from now on.
    ///
    /// # Errors
    /// When it is an output of this run already.
    pub fn protect(&self, path: &Path) -> Result<(), Error> {
        let Some(id) = FileId::of(&self.resolve(path)).filter(|_| descriptor(path).is_none()) else {
            return Ok(());
        };
        let mut state = self.state();
        if state.replaceable.contains(&id) {
            return Ok(());
        }
        // Noted in either case: the report of the refusal must not take its place either.
        state.inputs.insert(id.clone(), path.to_owned());
        state.outputs.get(&id).map_or(Ok(()), |output| Err(onto_input(output, path)))
    }

    pub(super) fn note_foreign(&self, path: &Path) {
        if descriptor(path).is_none() && !self.may_quote(path) {
            self.state().has_foreign = true;
        }
    }

    fn read(&self, path: &Path) -> io::Result<Bytes> {
        match self.opened(path)? {
            OpenInput::Pipe(bytes) => Ok(bytes.into()),
            OpenInput::File(file, metadata) if metadata.len() >= MAP_FROM => {
                Ok(Mapped::new(file, path, &self.watch)?.into())
            }
            OpenInput::File(file, metadata) => Ok(all(file, metadata.len())?.into()),
        }
    }

    fn opened(&self, path: &Path) -> io::Result<OpenInput> {
        let Some(number) = descriptor(path) else {
            let (file, metadata) = regular(&self.resolve(path))?;
            return Ok(OpenInput::File(file, metadata));
        };
        // Held while it is read, so that a second thread waits for the bytes instead of stealing some.
        let mut state = self.state();
        if let Some(bytes) = state.descriptors.get(&number) {
            return Ok(OpenInput::Pipe(Arc::clone(bytes)));
        }
        let mut bytes = Vec::new();
        if number == 0 {
            refuse_device(&standard_input()?)?;
            io::stdin().lock().take(LARGEST_PIPE + 1).read_to_end(&mut bytes)?;
        } else {
            let file = open_now(path)?;
            refuse_device(&file)?;
            block(&file)?;
            file.take(LARGEST_PIPE + 1).read_to_end(&mut bytes)?;
        }
        if bytes.len() as u64 > LARGEST_PIPE {
            return Err(io::Error::other("more than 1 GiB came through it: write it to a file"));
        }
        let bytes: Arc<[u8]> = bytes.into();
        state.descriptors.insert(number, Arc::clone(&bytes));
        Ok(OpenInput::Pipe(bytes))
    }
}

/// A secret that was read.
pub(crate) struct SecretFile {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Of a file with a name.
    pub(crate) metadata: Option<Metadata>,
}

/// Why a secret could not be read.
pub(crate) enum SecretFileError {
    /// It is an output of this run.
    Output(Error),
    /// The operating system says so, or the file is not what it should be.
    Read(io::Error),
}

impl From<io::Error> for SecretFileError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// Reads to the end into one buffer, which does not move: nothing of it is left elsewhere.
fn bounded(mut file: File, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; most + 1]);
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if length > most {
        return Err(io::Error::other(format!("it has more than {} KiB, which no secret has", most / 1024)));
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Two names of one file, one to read and one to write.
pub(super) fn onto_input(output: &Path, input: &Path) -> Error {
    let (output, input) = (output.display(), input.display());
    let message = if output.to_string() == input.to_string() {
        format!("{output}: the output is an input of this run")
    } else {
        format!("{output}: the output is the input {input}")
    };
    Error::usage(message).hint("name another file: the input would be lost")
}

/// Opens a regular file and nothing else.
fn regular(path: &Path) -> io::Result<(File, Metadata)> {
    // Looked at first: to open a device may already do something.
    refuse(std::fs::metadata(path)?.file_type())?;
    let file = open_now(path)?;
    let metadata = file.metadata()?;
    refuse(metadata.file_type())?;
    Ok((file, metadata))
}

/// Opens a file without waiting for anybody to write into it.
fn open_now(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    options.open(path)
}

/// From now on reading waits for what is still to come.
#[cfg(unix)]
pub(super) fn block(file: &File) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(file, flags - rustix::fs::OFlags::NONBLOCK)?)
}

#[cfg(not(unix))]
pub(super) fn block(_: &File) -> io::Result<()> {
    Ok(())
}

fn refuse(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}, no regular file", name_of(kind))))
}

/// What a file is that is no regular one.
pub(super) fn name_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { "a folder" } else { "a device" }
}

/// A descriptor may be a pipe or a socket, which end; a device need not, and a terminal waits for somebody to type.
#[cfg(unix)]
fn refuse_device(file: &File) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let kind = file.metadata()?.file_type();
    if kind.is_fifo() || kind.is_socket() { Ok(()) } else { refuse(kind) }
}

#[cfg(not(unix))]
fn refuse_device(_: &File) -> io::Result<()> {
    Ok(())
}

/// Standard input as a file of its own, to be looked at.
#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Reads a file that says to have `length` bytes.
fn all(file: File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(length + GROWTH + 1).read_to_end(&mut bytes)?;
    check(bytes.len() as u64, length)?;
    if (bytes.len() as u64) < length {
        return Err(shortened());
    }
    Ok(bytes)
}

fn check(read: u64, length: u64) -> io::Result<()> {
    if read > length.saturating_add(GROWTH) {
        return Err(io::Error::other(format!("it says to have {length} bytes and does not end")));
    }
    Ok(())
}

fn shortened() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it was shortened while it was read")
}

/// An input that is read piece by piece.
#[derive(Debug)]
pub struct Input {
    source: Source,
    position: u64,
    /// When it was opened.
    length: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Memory(Cursor<Arc<[u8]>>),
}

impl Input {
    /// Its size in bytes when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.length
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.source {
            Source::File(file) => file.read(buffer)?,
            Source::Memory(bytes) => bytes.read(buffer)?,
        };
        if count == 0 && !buffer.is_empty() && self.position < self.length {
            return Err(shortened());
        }
        self.position += count as u64;
        check(self.position, self.length)?;
        Ok(count)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match &mut self.source {
            Source::File(file) => file.seek(to)?,
            Source::Memory(bytes) => bytes.seek(to)?,
        };
        Ok(self.position)
    }
}
