//! The `lw` package: a plain ustar file whose first member is the [`manifest`](mod@crate::manifest).
//!
//! ```text
//! manifest.json                                 always first
//! manifest.sig                                  when signed: over the bytes of manifest.json
//! images/<board>.bin or .bin.zst                one a board, sorted by board
//! deltas/<board>/<base's sha256>.<format>       patches, in the same order
//! ```
//!
//! The same input always gives the same bytes: no time, no owner, a fixed order. A package can be read front to back:
//! what a member has to be is known before its first byte.

mod reader;
mod signed;
mod tar;
mod writer;
mod zstd;

pub use reader::{Reader, Sink};
pub use signed::{SignedError, with_signature};
pub use writer::{Compression, MemberWriter, Package, Stored, Writer, room};

/// The member that says what the others are.
pub const MANIFEST: &str = "manifest.json";

/// The member that holds a signature over the bytes of [`MANIFEST`].
pub const SIGNATURE: &str = "manifest.sig";

/// The largest signature that is read, in bytes: three RSA signatures with their certificates are far smaller.
pub const MAX_SIGNATURE: u64 = 64 << 10;

/// How much is read and written at once.
const CHUNK: usize = 128 << 10;

#[cfg(test)]
pub(crate) fn header_for_tests(path: &str) -> [u8; tar::BLOCK] {
    tar::header(path, 0)
}
