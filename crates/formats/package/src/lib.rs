//! OTA packages: the [`lw`] package, the JSON package of the [`seed`], and what an update [`server`] publishes.
//!
//! Everything works on `Read`, `Write` and `Seek` in pieces of a fixed size: no image is ever held in memory. Paths,
//! files and times are the caller's.

mod copy;
pub mod diff;
mod digest;
mod error;
mod expected;
mod hashing;
mod hex;
mod kind;
pub mod lw;
pub mod manifest;
pub mod seed;
pub mod server;
pub mod version;

pub use digest::{Digest, DigestError, Md5, Sha256};
pub use error::{HeaderProblem, JsonProblem, MemberProblem, ReadError, WriteError};
pub use expected::Expected;
pub use kind::Kind;
pub use manifest::{
    Base, Chip, Delta, DeltaFormat, Encoding, EncodingName, Image, ImageKind, Manifest, ManifestError,
    Member, Revisions,
};
