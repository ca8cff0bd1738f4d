//! The manifest ESPHome's `http_request` update platform reads.
//!
//! The form is that of ESP Web Tools with a block `ota` in each build: `name`, `version`, `builds[].chipFamily`,
//! `builds[].ota.{path, md5}` are required, `ota.{summary, release_url}` optional
//! (<https://esphome.io/components/update/http_request/>). A device takes the first build of its own chip.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use md5::Md5 as Md5Hasher;
use serde::Serialize;
use sha2::digest::Digest as _;

use crate::digest::Md5;
use crate::lw::Sink;
use crate::manifest::{ImageKind, Manifest, Member};
use crate::server::{Place, ServerError, to_json};

/// The longest summary Home Assistant shows, in characters.
const MAX_SUMMARY: usize = 255;

/// What a manifest for ESPHome says beside the package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EspHome<'text> {
    /// The name of the project.
    pub name: &'text str,
    /// A page about the release.
    pub release_url: Option<&'text str>,
    /// The boards to publish; all, when there is none.
    pub boards: &'text [&'text str],
}

/// Collects the MD5 of every image while a package is read, which ESPHome asks for.
#[derive(Debug, Default)]
pub struct ImageMd5 {
    hasher: Md5Hasher,
    /// The digests of the images as flashed, by board.
    pub boards: BTreeMap<String, Md5>,
}

impl Sink for ImageMd5 {
    fn begin(&mut self, member: Member<'_>) -> io::Result<bool> {
        self.hasher = Md5Hasher::new();
        Ok(matches!(member, Member::Image(_)))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        Ok(())
    }

    fn end(&mut self, member: Member<'_>) -> io::Result<()> {
        if let Member::Image(image) = member {
            self.boards.insert(image.board.clone(), Md5::finish(std::mem::take(&mut self.hasher)));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Document<'text> {
    name: &'text str,
    version: &'text str,
    builds: Vec<Build<'text>>,
}

#[derive(Serialize)]
struct Build<'text> {
    #[serde(rename = "chipFamily")]
    chip_family: &'text str,
    ota: Ota<'text>,
}

#[derive(Serialize)]
struct Ota<'text> {
    path: String,
    md5: Md5,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_url: Option<&'text str>,
}

/// The manifest for ESPHome of a package whose members are unpacked at a place.
///
/// `md5` is what [`ImageMd5`] collected.
///
/// # Errors
/// A board that is not in the package, images ESPHome cannot take (of no known chip, of another kind or compressed), and
/// two boards with the same chip.
pub fn esphome(
    manifest: &Manifest,
    place: &Place,
    options: &EspHome<'_>,
    md5: &BTreeMap<String, Md5>,
) -> Result<Vec<u8>, ServerError> {
    let refused = |board: &str, problem: Cow<'static, str>| {
        Err(ServerError::EspHome { board: board.to_owned(), problem })
    };
    if let Some(board) = options.boards.iter().find(|board| manifest.image(board).is_none()) {
        return refused(board, "it is not in the package".into());
    }
    let mut builds: BTreeMap<&str, (&str, Build<'_>)> = BTreeMap::new();
    for image in &manifest.images {
        let board = image.board.as_str();
        if !options.boards.is_empty() && !options.boards.contains(&board) {
            continue;
        }
        let Some(chip) = &image.chip else { return refused(board, "its chip is not known".into()) };
        if image.kind != ImageKind::EspApp && image.kind != ImageKind::Binary {
            let problem =
                format!("its image is of kind {}, which ESPHome does not flash", image.kind.as_str());
            return refused(board, problem.into());
        }
        if image.encoding.is_some() {
            return refused(board, "its image is compressed".into());
        }
        let Some(md5) = md5.get(board) else { return refused(board, "its MD5 is not known".into()) };
        let summary = manifest.release_notes.as_ref();
        let ota = Ota {
            path: place.url(&image.file),
            md5: *md5,
            summary: summary.map(|notes| notes.chars().take(MAX_SUMMARY).collect()),
            release_url: options.release_url,
        };
        let build = Build { chip_family: &chip.name, ota };
        if let Some((other, _)) = builds.insert(&chip.name, (board, build)) {
            return refused(board, format!("it has the chip of board {other:?}, {}", chip.name).into());
        }
    }
    let builds = builds.into_values().map(|(_, build)| build).collect();
    let document = Document { name: options.name, version: &manifest.version, builds };
    to_json(&document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256;
    use crate::manifest::{Chip, Encoding, EncodingName, Image};

    fn manifest(chips: &[(&str, &str)]) -> (Manifest, BTreeMap<String, Md5>) {
        let mut manifest = Manifest::new("2024.6.1");
        manifest.release_notes = Some("Faster. ".repeat(40));
        for (board, chip) in chips {
            let mut image = Image::new(*board, ImageKind::EspApp);
            image.chip = Some(Chip { name: (*chip).into(), id: None });
            manifest.images.push(image);
        }
        let md5 = chips.iter().map(|(board, _)| ((*board).to_owned(), Md5::of(board.as_bytes()))).collect();
        (manifest, md5)
    }

    #[test]
    fn every_chip_is_a_build() {
        let (manifest, md5) = manifest(&[("lamp", "ESP32-S3"), ("plug", "ESP32-C3")]);
        let place = Place::new("/local").unwrap();
        let options = EspHome { name: "Home", release_url: Some("https://x/1"), boards: &[] };
        let json = esphome(&manifest, &place, &options, &md5).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["name"], &json["version"]), (&"Home".into(), &"2024.6.1".into()));
        let plug = &json["builds"][0];
        assert_eq!(plug["chipFamily"], "ESP32-C3");
        assert_eq!(plug["ota"]["path"], "/local/images/plug.bin");
        assert_eq!(plug["ota"]["md5"], Md5::of(b"plug").hex());
        assert_eq!(plug["ota"]["summary"].as_str().map(str::len), Some(255));
        assert_eq!(plug["ota"]["release_url"], "https://x/1");
        assert_eq!(json["builds"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_a_device_could_not_tell_or_flash_is_refused() {
        let place = Place::new("/").unwrap();
        let problem = |manifest: &Manifest, md5: &BTreeMap<_, _>, boards: &[&str]| {
            esphome(manifest, &place, &EspHome { name: "x", release_url: None, boards }, md5)
                .map_err(|error| error.to_string())
        };
        let (two, md5) = manifest(&[("a", "ESP32"), ("b", "ESP32")]);
        assert_eq!(problem(&two, &md5, &[]), Err(r#"board "b": it has the chip of board "a", ESP32"#.into()));
        assert!(problem(&two, &md5, &["b"]).is_ok(), "one of them is fine");
        assert!(problem(&two, &md5, &["c"]).is_err());
        assert!(problem(&two, &BTreeMap::new(), &["a"]).is_err());
        let (mut one, md5) = manifest(&[("a", "ESP32")]);
        one.images[0].encoding = Some(Encoding { name: EncodingName::Zstd, size: 1, sha256: Sha256::ZERO });
        assert!(problem(&one, &md5, &[]).unwrap_err().contains("compressed"));
        one.images[0].encoding = None;
        one.images[0].kind = ImageKind::Uf2;
        assert!(problem(&one, &md5, &[]).unwrap_err().contains("uf2"));
        one.images[0].chip = None;
        assert!(problem(&one, &md5, &[]).unwrap_err().contains("chip"));
    }
}
