//! What an update server publishes beside the unpacked members of a package: one JSON document that devices fetch.
//!
//! ```json
//! {
//!   "schema": "lw-ota/1",
//!   "version": "1.2.3",
//!   "package": { "url": "https://ota.example/fw-1.2.3.tar", "size": 137728, "sha256": "…" },
//!   "boards": {
//!     "esp32-s3": {
//!       "kind": "esp-app", "url": "https://ota.example/images/esp32-s3.bin", "size": 135008, "sha256": "…",
//!       "deltas": { "<SHA-256 of what runs>": [{ "format": "esp-delta", "url": "…", "size": 9000, "sha256": "…" }] }
//!     }
//!   }
//! }
//! ```
//!
//! A device looks for its board, then for a patch from what it runs, and falls back to the image. The document is not
//! signed; a device that has to trust it checks the signature of the package's manifest, which has the same digests.

mod esphome;

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_model::lists::filled;
use lw_model::{Class, Diagnose};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::manifest::{Chip, Delta, DeltaFormat, Encoding, Image, ImageKind, Manifest, Revisions};
pub use esphome::{EspHome, ImageMd5, esphome};

/// The schema of the document.
pub const SCHEMA: &str = "lw-ota/1";

/// What a server publishes of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the release.
    pub version: String,
    /// A number that grows with every release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The smallest version that may be running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_version: Option<String>,
    /// The smallest secure version a device may hold after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_secure_version: Option<u32>,
    /// What changed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_notes: Option<String>,
    /// The package as a whole, where it is published too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<File>,
    /// The images by board.
    pub boards: BTreeMap<String, Board>,
}

/// A file on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is.
    pub url: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Sha256,
}

/// The image of a board, and patches to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// What kind of image it is.
    pub kind: ImageKind,
    /// The chip it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip: Option<Chip>,
    /// The chip revisions it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revisions: Option<Revisions>,
    /// The version the image says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The project the image says it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The secure version inside the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_version: Option<u32>,
    /// Where it is.
    pub url: String,
    /// Its size as flashed, in bytes.
    pub size: u64,
    /// The SHA-256 of the image as flashed.
    pub sha256: Sha256,
    /// How what is at the URL is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The hash appended to an ESP image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_sha256: Option<Sha256>,
    /// Patches by the SHA-256 of the image they are applied to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deltas: BTreeMap<Sha256, Vec<Patch>>,
}

/// A patch to the image of a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Its format.
    pub format: DeltaFormat,
    /// Where it is.
    pub url: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Sha256,
    /// The size of the image it is applied to.
    pub base_size: u64,
    /// The version of the image it is applied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<String>,
}

/// Where the files of a package are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The URL of the folder, ending in `/`.
    base: String,
}

/// What cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A URL that no name of a file can be added to.
    #[error("{url:?} is no base URL: {problem}")]
    Base {
        /// The URL.
        url: String,
        /// Why not.
        problem: &'static str,
    },
    /// An image ESPHome cannot take.
    #[error("board {board:?}: {problem}")]
    EspHome {
        /// The board.
        board: String,
        /// Why not.
        problem: Cow<'static, str>,
    },
    /// A document that cannot be written as JSON.
    #[error("cannot write the document: {0}")]
    Json(#[from] serde_json::Error),
}

impl Diagnose for ServerError {
    fn class(&self) -> Class {
        match self {
            Self::Base { .. } => Class::Usage,
            Self::EspHome { .. } => Class::Input,
            Self::Json(_) => Class::Internal,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Base { .. } => "give the folder the files are in, like https://ota.example.com/firmware/",
            Self::EspHome { .. } => {
                "ESPHome finds its firmware by chip and takes it as it is flashed: publish one manifest a board, of \
                 images that are not compressed"
            }
            Self::Json(_) => return None,
        }))
    }
}

/// Everything but what RFC 3986 calls unreserved. A `+` is legal in a path, but object stores read it as a space.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Place {
    /// The folder at a URL: `https://ota.example.com/firmware`, or `/firmware` on the server the document comes from.
    ///
    /// # Errors
    /// No `http` or `https` URL and no absolute path, white space, and a query or fragment.
    pub fn new(url: &str) -> Result<Self, ServerError> {
        let refused = |problem| Err(ServerError::Base { url: url.chars().take(200).collect(), problem });
        let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        match authority {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => return refused("it has no host"),
            None if !url.starts_with('/') => {
                return refused("it starts with neither http://, https:// nor /");
            }
            _ => {}
        }
        if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return refused("it has white space in it");
        }
        if url.contains(['?', '#']) {
            return refused("it has a query or a fragment");
        }
        Ok(Self { base: format!("{}/", url.trim_end_matches('/')) })
    }

    /// The URL of a file in the folder; a `/` in its path separates folders.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let mut url = self.base.clone();
        for (index, part) in path.split('/').enumerate() {
            if index > 0 {
                url.push('/');
            }
            url.extend(utf8_percent_encode(part, ESCAPED));
        }
        url
    }
}

impl Document {
    /// What is published of a package whose members are unpacked at a place.
    ///
    /// `package` is the package as a whole: the path of its file there, its size and its SHA-256.
    #[must_use]
    pub fn new(manifest: &Manifest, place: &Place, package: Option<(&str, u64, Sha256)>) -> Self {
        Self {
            schema: SCHEMA.into(),
            version: manifest.version.clone(),
            sequence: manifest.sequence,
            minimum_version: manifest.minimum_version.clone(),
            minimum_secure_version: manifest.minimum_secure_version,
            release_notes: manifest.release_notes.clone(),
            package: package.map(|(path, size, sha256)| File { url: place.url(path), size, sha256 }),
            boards: filled(
                manifest.images.iter().map(|image| (image.board.clone(), Board::new(image, place))),
            ),
        }
    }

    /// The document as text: two spaces, a newline at the end, always the same.
    ///
    /// # Errors
    /// A document that cannot be written as JSON; no public way leads to one.
    pub fn to_json(&self) -> Result<Vec<u8>, ServerError> {
        to_json(self)
    }
}

impl Board {
    fn new(image: &Image, place: &Place) -> Self {
        let mut deltas: BTreeMap<Sha256, Vec<Patch>> = BTreeMap::new();
        for delta in &image.deltas {
            deltas.entry(delta.base.sha256).or_default().push(Patch::new(delta, place));
        }
        Self {
            kind: image.kind,
            chip: image.chip.clone(),
            revisions: image.revisions,
            version: image.version.clone(),
            project: image.project.clone(),
            secure_version: image.secure_version,
            url: place.url(&image.file),
            size: image.size,
            sha256: image.sha256,
            encoding: image.encoding,
            validation_sha256: image.validation_sha256,
            deltas,
        }
    }
}

impl Patch {
    fn new(delta: &Delta, place: &Place) -> Self {
        Self {
            format: delta.format,
            url: place.url(&delta.file),
            size: delta.size,
            sha256: delta.sha256,
            base_size: delta.base.size,
            base_version: delta.base.version.clone(),
        }
    }
}

fn to_json(document: &impl Serialize) -> Result<Vec<u8>, ServerError> {
    let mut json = serde_json::to_vec_pretty(document)?;
    json.push(b'\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Base;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::new("1.2.3");
        manifest.sequence = Some(42);
        for board in ["nrf52840dk/nrf52840", "esp32+psram"] {
            let mut image = Image::new(board, ImageKind::Binary);
            image.size = 3;
            image.sha256 = Sha256::of(b"new");
            let base = Base { sha256: Sha256::of(b"old"), size: 4, version: Some("1.2.2".into()) };
            for format in [DeltaFormat::DetoolsHeatshrink, DeltaFormat::Bsdiff40] {
                let mut delta = Delta::new(board, format, base.clone());
                delta.target_sha256 = image.sha256;
                image.deltas.push(delta);
            }
            manifest.images.push(image);
        }
        manifest
    }

    #[test]
    fn a_document_has_every_board_and_patch_under_its_url() {
        let place = Place::new("https://ota.example/fw//").unwrap();
        let package = ("fw 1.2.3/ü.tar", 9, Sha256::of(b"package"));
        let document = Document::new(&manifest(), &place, Some(package));
        let json: serde_json::Value = serde_json::from_slice(&document.to_json().unwrap()).unwrap();
        assert_eq!(json["package"]["url"], "https://ota.example/fw/fw%201.2.3/%C3%BC.tar");
        assert_eq!(json["boards"]["esp32+psram"]["url"], "https://ota.example/fw/images/esp32%2Bpsram.bin");
        let old = Sha256::of(b"old").hex();
        let patches = &json["boards"]["nrf52840dk/nrf52840"]["deltas"][&old];
        assert_eq!(patches[0]["format"], "detools-heatshrink");
        assert_eq!(patches[1]["format"], "bsdiff40");
        assert_eq!(patches[1]["base_version"], "1.2.2");
        assert_eq!(json["sequence"], 42);
        assert!(json.get("release_notes").is_none(), "what is not known is left out");
        assert_eq!(serde_json::from_value::<Document>(json).unwrap(), document, "and read back");
    }

    #[test]
    fn a_base_url_is_a_folder() {
        assert_eq!(Place::new("/ota").unwrap().url("a.bin"), "/ota/a.bin");
        assert_eq!(Place::new("/").unwrap().url("a.bin"), "/a.bin");
        assert_eq!(Place::new("http://host").unwrap().url("a/b"), "http://host/a/b");
        for bad in [
            "",
            "ota",
            "https://",
            "https:///x",
            "ftp://host",
            "http://h/?a",
            "http://h/#a",
            "http://h /",
            "/a\n",
        ] {
            assert!(Place::new(bad).is_err(), "{bad:?}");
        }
    }
}
