//! Reading front to back: digests taken on the way, and what goes wrong when a source is read.

use std::borrow::Cow;
use std::io;
use std::io::{ErrorKind, Read};

use lw_model::{Class, Diagnose};
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// Bytes asked of a source at a time: large enough that calls do not count, small enough to stay in the cache.
const CHUNK: usize = 64 * 1024;

/// Why a source gave no model.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The source itself failed.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// The bytes are not what was expected.
    #[error(transparent)]
    Format(E),
}

impl<E: Diagnose> Diagnose for ReadError<E> {
    fn class(&self) -> Class {
        match self {
            Self::Io(_) => Class::Input,
            Self::Format(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Io(_) => None,
            Self::Format(error) => error.hint(),
        }
    }
}

/// Size and digests of a whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// MD5 of all bytes, when it was asked for.
    pub md5: Option<[u8; 16]>,
}

/// Digests of the bytes so far.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    size: u64,
    sha256: Sha256,
    md5: Option<Md5>,
}

impl Running {
    pub(crate) fn new(md5: bool) -> Self {
        Self { size: 0, sha256: Sha256::new(), md5: md5.then(Md5::new) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// Number of bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the bytes so far.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            size: self.size,
            sha256: self.sha256.finalize().into(),
            md5: self.md5.map(|md5| md5.finalize().into()),
        }
    }
}

/// Gives all bytes of a source to `take`, piece by piece.
pub(crate) fn pour(source: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => take(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
