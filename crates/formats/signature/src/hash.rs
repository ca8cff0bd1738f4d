//! The hash functions signatures are made over.

use std::fmt;

use blake2::Blake2b512;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// BLAKE2b with 512 bits, which minisign uses.
    Blake2b512,
}

impl Hash {
    /// `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Blake2b512 => "BLAKE2b-512",
        }
    }

    /// Bytes of a digest.
    #[must_use]
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 | Self::Blake2b512 => 64,
        }
    }

    /// The digest of bytes in memory.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest, and of which hash function it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    hash: Hash,
    bytes: [u8; 64],
}

impl Digest {
    /// The digest somebody else computed.
    ///
    /// `None` when it has not the length of the hash function's digests.
    #[must_use]
    pub fn new(hash: Hash, digest: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        if digest.len() != hash.length() {
            return None;
        }
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        Some(Self { hash, bytes })
    }

    /// Which hash function made it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Its bytes, [`Hash::length`] of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.hash.length()).unwrap_or(&self.bytes)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.hash)?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes a digest of bytes as they come.
#[derive(Clone, Debug)]
pub struct Hasher(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Blake2b512(Box<Blake2b512>),
}

impl Hasher {
    /// Starts with no bytes.
    #[must_use]
    pub fn new(hash: Hash) -> Self {
        Self(match hash {
            Hash::Sha256 => Inner::Sha256(Sha256::new()),
            Hash::Sha384 => Inner::Sha384(Sha384::new()),
            Hash::Sha512 => Inner::Sha512(Sha512::new()),
            Hash::Blake2b512 => Inner::Blake2b512(Box::default()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Inner::Sha256(hasher) => hasher.update(bytes),
            Inner::Sha384(hasher) => hasher.update(bytes),
            Inner::Sha512(hasher) => hasher.update(bytes),
            Inner::Blake2b512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 64];
        let mut put = |digest: &[u8]| bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        let hash = match self.0 {
            Inner::Sha256(hasher) => (put(&hasher.finalize()), Hash::Sha256).1,
            Inner::Sha384(hasher) => (put(&hasher.finalize()), Hash::Sha384).1,
            Inner::Sha512(hasher) => (put(&hasher.finalize()), Hash::Sha512).1,
            Inner::Blake2b512(hasher) => (put(&hasher.finalize()), Hash::Blake2b512).1,
        };
        Digest { hash, bytes }
    }
}
