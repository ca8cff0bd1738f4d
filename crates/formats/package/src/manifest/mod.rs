//! The manifest of an `lw` package: everything a device or a server has to know before it touches an image.
//!
//! ```json
//! {
//!   "schema": "lw-package/1",
//!   "version": "1.2.3",
//!   "sequence": 42,
//!   "images": [
//!     {
//!       "board": "esp32-s3-devkitc-1",
//!       "kind": "esp-app",
//!       "file": "images/esp32-s3-devkitc-1.bin",
//!       "size": 135008,
//!       "sha256": "3dfbf390a908ac4a5e0cc83d55f0f5e6bbec28fc40f3f6823944e24f5f4373fc"
//!     }
//!   ]
//! }
//! ```
//!
//! A signature over the bytes of the manifest binds everything else, because the manifest holds the digest of every
//! other member.

mod check;
mod path;

use lw_model::lists::{sort_by, sort_by_key};
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
pub(crate) use check::MAX_MEMBER;
pub use check::{MAX_UNPACKED, ManifestError, Parsed, Problem};
pub use path::{PathProblem, check_path, delta_path, image_path};

/// The schema this version writes and reads.
pub const SCHEMA: &str = "lw-package/1";

/// The largest manifest that is read, in bytes: some thousand boards. It is held in memory.
pub const MAX_BYTES: u64 = 4 << 20;

/// What a package holds and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the release, as its makers write it.
    pub version: String,
    /// A number that grows with every release; a device refuses a smaller one than it has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The smallest version that may be running when this package is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_version: Option<String>,
    /// The smallest secure version (ESP-IDF anti-rollback, MCUboot security counter) a device may hold after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_secure_version: Option<u32>,
    /// What changed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_notes: Option<String>,
    /// One image a board, sorted by board.
    pub images: Vec<Image>,
}

/// The image of one board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The board, unique in a package.
    pub board: String,
    /// What kind of image it is.
    pub kind: ImageKind,
    /// The chip it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip: Option<Chip>,
    /// The chip revisions it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revisions: Option<Revisions>,
    /// UF2 family ids of the chips its blocks are for, as `0xe48bff56`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
    /// The vendor a MCUboot image is for (`UUID_VID`), as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<String>,
    /// The class of device a MCUboot image is for (`UUID_CID`), as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_id: Option<String>,
    /// The version the image says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The project the image says it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The secure version (ESP-IDF) or security counter (MCUboot) inside the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_version: Option<u32>,
    /// The member that holds it: a safe relative path, see [`check_path`].
    pub file: String,
    /// Its size as flashed, in bytes.
    pub size: u64,
    /// The SHA-256 of the image as flashed.
    pub sha256: Sha256,
    /// How the member is encoded; absent when it is the image as flashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The hash appended to an ESP image, by which `esp_delta_ota` names a base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_sha256: Option<Sha256>,
    /// Patches to it from earlier images, sorted by the digest of the base and then by format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<Delta>,
}

/// The kind of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    /// An ESP-IDF application image.
    EspApp,
    /// A MCUboot image.
    Mcuboot,
    /// A USB flashing format file.
    Uf2,
    /// An Intel HEX file.
    IntelHex,
    /// Bytes nothing is known of.
    Binary,
}

/// A chip, by the vendor's name and number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chip {
    /// As its vendor writes it: `ESP32-S3`.
    pub name: String,
    /// The number in the image's header (`esp_chip_id_t`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
}

/// A range of chip revisions, both ends included; ESP revisions are `major * 100 + minor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revisions {
    /// The first.
    pub min: u16,
    /// The last; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u16>,
}

/// How a member is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding {
    /// The encoding.
    pub name: EncodingName,
    /// The size of the stored bytes.
    pub size: u64,
    /// The SHA-256 of the stored bytes.
    pub sha256: Sha256,
}

/// The name of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncodingName {
    /// One Zstandard frame (RFC 8878).
    Zstd,
}

/// A patch from one image to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The format of the patch.
    pub format: DeltaFormat,
    /// The member that holds it.
    pub file: String,
    /// Its size, in bytes.
    pub size: u64,
    /// The SHA-256 of the patch.
    pub sha256: Sha256,
    /// What it is applied to.
    pub base: Base,
    /// The SHA-256 of what applying it must give: the image's.
    pub target_sha256: Sha256,
}

/// The image a patch is applied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Its SHA-256.
    pub sha256: Sha256,
    /// Its size, in bytes.
    pub size: u64,
    /// The version it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The format of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeltaFormat {
    /// detools' sequential patch, compressed by heatshrink.
    DetoolsHeatshrink,
    /// The same after the 64-byte header of ESP-IDF's `esp_delta_ota`.
    EspDelta,
    /// bsdiff 4.x.
    Bsdiff40,
}

impl ImageKind {
    /// As the manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EspApp => "esp-app",
            Self::Mcuboot => "mcuboot",
            Self::Uf2 => "uf2",
            Self::IntelHex => "intel-hex",
            Self::Binary => "binary",
        }
    }
}

impl EncodingName {
    /// As the manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
        }
    }
}

impl DeltaFormat {
    /// As the manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DetoolsHeatshrink => "detools-heatshrink",
            Self::EspDelta => "esp-delta",
            Self::Bsdiff40 => "bsdiff40",
        }
    }

    /// How the name of a member of this format ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::DetoolsHeatshrink => "detools",
            Self::EspDelta => "espdelta",
            Self::Bsdiff40 => "bsdiff",
        }
    }
}

impl Manifest {
    /// A manifest of this version, with no image yet.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA.into(),
            version: version.into(),
            sequence: None,
            minimum_version: None,
            minimum_secure_version: None,
            release_notes: None,
            images: Vec::new(),
        }
    }

    /// The image of a board.
    #[must_use]
    pub fn image(&self, board: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.board == board)
    }

    /// Sorts images and deltas into the order a package has them in.
    pub fn sort(&mut self) {
        sort_by(&mut self.images, |a, b| a.board.cmp(&b.board));
        for image in &mut self.images {
            sort_by_key(&mut image.deltas, |delta| (delta.base.sha256, delta.format));
        }
    }

    /// The members after the manifest, in the order a package has them in: images, then deltas.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let images = self.images.iter().map(Member::Image);
        let deltas =
            self.images.iter().flat_map(|image| image.deltas.iter().map(move |delta| (image, delta)));
        images.chain(deltas.map(|(image, delta)| Member::Delta(image, delta)))
    }
}

impl Image {
    /// An image of which only the board and the kind are known: file, size and digest are what
    /// [`lw::Writer::finish`](crate::lw::Writer::finish) fills in.
    pub fn new(board: impl Into<String>, kind: ImageKind) -> Self {
        let board = board.into();
        Self {
            file: image_path(&board, None),
            board,
            kind,
            chip: None,
            revisions: None,
            families: Vec::new(),
            vendor_id: None,
            class_id: None,
            version: None,
            project: None,
            secure_version: None,
            size: 0,
            sha256: Sha256::ZERO,
            encoding: None,
            validation_sha256: None,
            deltas: Vec::new(),
        }
    }

    /// How many bytes the member has that holds it.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.encoding.map_or(self.size, |encoding| encoding.size)
    }

    /// The SHA-256 of the member that holds it.
    #[must_use]
    pub fn stored_sha256(&self) -> Sha256 {
        self.encoding.map_or(self.sha256, |encoding| encoding.sha256)
    }
}

impl Delta {
    /// A patch of which only the format and the base are known; the rest is what
    /// [`lw::Writer::finish`](crate::lw::Writer::finish) fills in.
    #[must_use]
    pub fn new(board: &str, format: DeltaFormat, base: Base) -> Self {
        Self {
            file: delta_path(board, &base.sha256, format),
            format,
            size: 0,
            sha256: Sha256::ZERO,
            base,
            target_sha256: Sha256::ZERO,
        }
    }
}

/// A member of a package that the manifest declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'manifest> {
    /// The image of a board.
    Image(&'manifest Image),
    /// A patch, and the image it leads to.
    Delta(&'manifest Image, &'manifest Delta),
}

impl<'manifest> Member<'manifest> {
    /// Its path in the package.
    #[must_use]
    pub fn path(self) -> &'manifest str {
        match self {
            Self::Image(image) => &image.file,
            Self::Delta(_, delta) => &delta.file,
        }
    }

    /// How many bytes it has as stored.
    #[must_use]
    pub fn stored_size(self) -> u64 {
        match self {
            Self::Image(image) => image.stored_size(),
            Self::Delta(_, delta) => delta.size,
        }
    }

    /// The SHA-256 of the bytes as stored.
    #[must_use]
    pub fn stored_sha256(self) -> Sha256 {
        match self {
            Self::Image(image) => image.stored_sha256(),
            Self::Delta(_, delta) => delta.sha256,
        }
    }
}
