//! Putting a signature into a package that is there already.

use std::io::{self, Read, Write};

use crate::error::{ReadError, WriteError};
use crate::lw::reader::Reader;
use crate::lw::tar::{self, BLOCK};
use crate::lw::{MAX_SIGNATURE, SIGNATURE};
use crate::manifest::Manifest;

/// Why a package was not written with another signature.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// The package that is to be signed cannot be read, or is not what its manifest declares.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The new one cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signature is larger than a reader takes.
    #[error("the signature has {size} bytes; a package takes up to {MAX_SIGNATURE}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
}

impl lw_model::Diagnose for SignedError {
    fn class(&self) -> lw_model::Class {
        match self {
            Self::Read(error) => error.class(),
            Self::Write(error) => error.class(),
            Self::TooLarge { .. } => lw_model::Class::Usage,
        }
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::TooLarge { .. } => Some("sign with fewer or smaller keys".into()),
        }
    }
}

/// Writes a package with another signature, or with none.
///
/// `sign` gets the manifest, its bytes and the signature that is there, and returns the new one. Every other member is
/// copied byte for byte, and the package is checked on the way as [`Reader::unpack`] does it: what `out` got is a package
/// only when this returns.
///
/// # Errors
/// When the package cannot be read or is damaged, `out` cannot be written, and those of `sign`.
pub fn with_signature<E: From<SignedError>>(
    package: impl Read,
    out: impl Write,
    sign: impl FnOnce(&Manifest, &[u8], Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
) -> Result<Manifest, E> {
    let copy = Copying { package, out, held: Some(Vec::new()), failed: None };
    let mut reader = Reader::open(copy).map_err(SignedError::from)?;
    let signature = sign(reader.manifest(), reader.manifest_json(), reader.signature())?;
    if let Some(size) = signature.as_deref().map(<[u8]>::len).filter(|size| *size as u64 > MAX_SIGNATURE) {
        return Err(SignedError::TooLarge { size }.into());
    }
    let stored = |bytes: &[u8]| BLOCK + bytes.len() + tar::padding(bytes.len() as u64);
    let manifest_end = stored(reader.manifest_json());
    let members_start = manifest_end + reader.signature().map_or(0, stored);
    reader.source().start(manifest_end, members_start, signature.as_deref()).map_err(SignedError::from)?;
    // Where writing failed, reading ends with an error of its own, which says less.
    let mut failed = None;
    let read = reader.unpack_with(&mut (), |source| failed = source.failed.take());
    if let Some(error) = failed {
        return Err(SignedError::Write(WriteError::Io(error)).into());
    }
    Ok(read.map_err(SignedError::from)?)
}

/// Gives what is read to the target as well.
struct Copying<R, W> {
    package: R,
    out: W,
    /// What was read before it was known what is to be written.
    held: Option<Vec<u8>>,
    failed: Option<io::Error>,
}

impl<R, W: Write> Copying<R, W> {
    fn start(
        &mut self,
        manifest_end: usize,
        members_start: usize,
        signature: Option<&[u8]>,
    ) -> Result<(), WriteError> {
        let held = self.held.take().unwrap_or_default();
        let mut write = |bytes: &[u8]| self.out.write_all(bytes).map_err(WriteError::Io);
        write(held.get(..manifest_end).unwrap_or_default())?;
        if let Some(signature) = signature {
            let size = signature.len() as u64;
            write(&tar::header(SIGNATURE, size))?;
            write(signature)?;
            write(tar::END.get(..tar::padding(size)).unwrap_or_default())?;
        }
        write(held.get(members_start..).unwrap_or_default())
    }
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.package.read(buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        match &mut self.held {
            Some(held) => held.extend_from_slice(bytes),
            None => {
                if let Err(error) = self.out.write_all(bytes) {
                    self.failed = Some(error);
                    return Err(io::Error::other("the target failed"));
                }
            }
        }
        Ok(count)
    }
}
