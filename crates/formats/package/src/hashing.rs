//! Who hashes what is written.

use sha2::Sha256 as Hasher;
use sha2::digest::Digest as _;

use crate::digest::Sha256;
use crate::error::{MemberProblem, WriteError};
use crate::expected::Expected;

/// The SHA-256 of the bytes of a file as they come.
#[derive(Debug)]
pub(crate) enum Hashing {
    /// It is computed while they pass.
    Here(Hasher),
    /// The caller computes it and gives it at the end, so that no byte is hashed twice.
    Caller,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self::Here(Hasher::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Here(hasher) => hasher.update(bytes),
            Self::Caller => {}
        }
    }

    /// The digest of a file of this size, held to what was expected.
    pub(crate) fn finish(self, file: &str, size: u64, expected: Expected) -> Result<Sha256, WriteError> {
        let problem = MemberProblem::NoDigest;
        let sha256 = match self {
            Self::Here(hasher) => Sha256::finish(hasher),
            Self::Caller => {
                expected.sha256.ok_or_else(|| WriteError::Member { path: file.to_owned(), problem })?
            }
        };
        expected.check(file, size, sha256)?;
        Ok(sha256)
    }
}
