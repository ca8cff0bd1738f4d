//! The JSON package of the reference pipeline: manifest and firmware, as hexadecimal text, in one JSON object.
//!
//! ```json
//! {"manifest": {"version": "1.2.3", "board": "esp32", "size": 2, "checksums": {"md5": "…", "sha256": "…"},
//!  "minimum_version": "1.0.0", "release_notes": "Release 1.2.3"}, "firmware": "e905"}
//! ```
//!
//! The pipeline's script writes it with Python's `json.dump` and its defaults; [`Writer`] gives the same bytes. Nothing
//! in it is signed and its MD5 protects from accidents only: what a device should trust belongs into an
//! [`lw`](mod@crate::lw) package.

mod escape;
mod md5;
mod reader;
mod scan;
mod writer;

use serde::{Deserialize, Serialize};

use crate::digest::{Md5, Sha256};
use crate::manifest::{Image, ImageKind};
pub use reader::{Package, read};
pub use writer::Writer;

/// What the firmware is called in errors.
const FIRMWARE: &str = "the firmware";

/// The smallest version the pipeline's script lets update.
pub const MINIMUM_VERSION: &str = "1.0.0";

/// What the maker of a package says of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release<'text> {
    /// The version.
    pub version: &'text str,
    /// The board.
    pub board: &'text str,
    /// The smallest version that may be running.
    pub minimum_version: &'text str,
    /// What changed; without it, `Release ` and the version.
    pub release_notes: Option<&'text str>,
}

impl<'text> Release<'text> {
    /// A release as the pipeline's script describes it.
    #[must_use]
    pub fn new(version: &'text str, board: &'text str) -> Self {
        Self { version, board, minimum_version: MINIMUM_VERSION, release_notes: None }
    }
}

/// The manifest of a JSON package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version.
    pub version: String,
    /// The board.
    pub board: String,
    /// The size of the firmware, in bytes.
    pub size: u64,
    /// The digests of the firmware.
    pub checksums: Checksums,
    /// The smallest version that may be running.
    pub minimum_version: String,
    /// What changed.
    pub release_notes: String,
}

/// The digests of a firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// Its MD5.
    pub md5: Md5,
    /// Its SHA-256.
    pub sha256: Sha256,
}

/// The same in the words of an `lw` package, so that two packages of any format can be compared.
impl From<&Manifest> for crate::Manifest {
    fn from(manifest: &Manifest) -> Self {
        let mut image = Image::new(manifest.board.as_str(), ImageKind::Binary);
        image.size = manifest.size;
        image.sha256 = manifest.checksums.sha256;
        Self {
            minimum_version: Some(manifest.minimum_version.clone()),
            release_notes: Some(manifest.release_notes.clone()),
            images: vec![image],
            ..Self::new(manifest.version.as_str())
        }
    }
}
