//! The content of a file.

use std::ops::Deref;
use std::sync::Arc;

use super::map::Mapped;

/// The content of a file.
#[derive(Debug)]
pub struct Bytes(Content);

#[derive(Debug)]
enum Content {
    Read(Vec<u8>),
    /// Of a descriptor, which can be read only once.
    Shared(Arc<[u8]>),
    Mapped(Mapped),
}

impl Bytes {
    /// Gives back the memory that a mapped file takes, for whoever has read it and needs only some of it again. Nothing changes: what is
    /// looked at afterwards is read anew, from the system's cache.
    pub fn release(&self) {
        if let Content::Mapped(map) = &self.0 {
            map.release();
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Content::Read(bytes))
    }
}

impl From<Arc<[u8]>> for Bytes {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self(Content::Shared(bytes))
    }
}

impl From<Mapped> for Bytes {
    fn from(map: Mapped) -> Self {
        Self(Content::Mapped(map))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Content::Read(bytes) => bytes,
            Content::Shared(bytes) => bytes,
            Content::Mapped(map) => map,
        }
    }
}
