//! What a caller knows of a file before it is read.

use crate::digest::Sha256;
use crate::error::WriteError;

/// What a caller knows of a file before it is read; what comes must be that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its size, in bytes.
    pub size: Option<u64>,
    /// Its SHA-256.
    pub sha256: Option<Sha256>,
}

impl Expected {
    /// Holds a file to it.
    pub(crate) fn check(&self, file: &str, size: u64, sha256: Sha256) -> Result<(), WriteError> {
        if let Some(declared) = self.size.filter(|declared| *declared != size) {
            return Err(WriteError::Size { file: file.to_owned(), declared, found: size });
        }
        if let Some(declared) = self.sha256.filter(|declared| *declared != sha256) {
            let (declared, found) = (declared.hex(), sha256.hex());
            return Err(WriteError::Digest { file: file.to_owned(), declared, found });
        }
        Ok(())
    }
}
