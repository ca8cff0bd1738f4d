//! Whose signatures hold: every verdict and every standing, on images and packages that are made here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

mod chip;
mod container;
mod keys;
mod mcuboot;
mod package;
mod read;
mod secure_boot_v1;
mod secure_boot_v2;
mod words;

use lw_firmware::esp_image::{AppImage, ChipId};
use lw_firmware::image::{Image, Options, Scanner};
use lw_signature::{KeyKind, PrivateKey, PublicKey, Signer as _};
use lw_signed::{Accepted, Chip, Keys, NamedKey, Rejected, Standing};
use sha2::{Digest as _, Sha256};

const RSA_3072: KeyKind = KeyKind::Rsa { bits: 3072 };

/// Any revision of the chip the image names.
const ANY: Chip = Chip { id: None, revision: None };

fn key(kind: KeyKind) -> PrivateKey {
    PrivateKey::generate(kind).unwrap()
}

fn named(name: &str, key: &PrivateKey) -> NamedKey {
    NamedKey { name: name.to_owned(), key: key.public_key().clone() }
}

fn trusted(keys: &[(&str, &PrivateKey)]) -> Keys {
    Keys { trusted: keys.iter().map(|(name, key)| named(name, key)).collect(), ..Keys::default() }
}

impl Said for Keys {
    fn knowing(mut self, keys: &[(&str, &PrivateKey)]) -> Self {
        self.known.extend(keys.iter().map(|(name, key)| named(name, key)));
        self
    }

    fn with_digest(mut self, digest: [u8; 32]) -> Self {
        self.digests.push(digest);
        self
    }
}

/// More keys, in a line.
trait Said {
    fn knowing(self, keys: &[(&str, &PrivateKey)]) -> Self;
    fn with_digest(self, digest: [u8; 32]) -> Self;
}

fn fingerprint(key: &PublicKey) -> [u8; 32] {
    key.fingerprint().as_bytes().try_into().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn scan(file: &[u8]) -> Image {
    let mut scanner = Scanner::new(Options::default());
    scanner.update(file);
    scanner.finish().image.unwrap()
}

/// What came of a file.
fn judge(file: &[u8], keys: &Keys, chip: Chip) -> Result<Accepted, Rejected> {
    lw_signed::image(&scan(file), keys, chip)
}

/// Signers and standings, in the order of the file.
fn standings(accepted: &Accepted) -> Vec<(&str, Standing)> {
    accepted.signatures.iter().map(|signature| (signature.signer.as_str(), signature.standing)).collect()
}

fn forged(verdict: Result<Accepted, Rejected>, says: &str) {
    match verdict {
        Err(Rejected::Forged { reason }) => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?}: expected forged, {says}"),
    }
}

fn refused(verdict: Result<Accepted, Rejected>, says: &str) {
    match verdict {
        Err(Rejected::Refused { reason }) => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?}: expected refused, {says}"),
    }
}

fn not_verifiable(verdict: Result<Accepted, Rejected>, says: &str) {
    match verdict {
        Err(Rejected::NotVerifiable { reason }) => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?}: expected not verifiable, {says}"),
    }
}

/// An untrusted file: by whom it is signed, and who was asked for.
fn untrusted(verdict: Result<Accepted, Rejected>) -> (Vec<String>, String) {
    match verdict {
        Err(Rejected::Untrusted { signers, wanted }) => (signers, wanted),
        other => panic!("{other:?}: expected untrusted"),
    }
}

/// An image of one segment for any revision of a chip, as `esptool elf2image` writes it.
fn esp_image(chip: ChipId) -> Vec<u8> {
    esp_image_up_to(chip, 9999)
}

/// The same for revisions up to one.
fn esp_image_up_to(chip: ChipId, revision: u16) -> Vec<u8> {
    let data: Vec<u8> = (0..64).collect();
    // RAM of the ESP32, of the C2, C3 and S3, of the C5, C6 and H2, of the P4.
    let places = [0x4008_0000_u32, 0x3FCA_0000, 0x4080_0000, 0x4FF0_0000];
    let is_ram = |place: &u32| chip.has_memory_at(*place) != Some(false) && !chip.maps_flash(*place);
    let address = places.into_iter().find(is_ram).unwrap();
    let mut file = vec![0xE9, 1, 2, 0x2F];
    file.extend(address.to_le_bytes());
    file.extend([0xEE, 0, 0, 0]);
    file.extend(chip.0.to_le_bytes());
    file.extend([0, 0, 0]);
    file.extend(revision.to_le_bytes());
    // With a digest.
    file.extend([0, 0, 0, 0, 1]);
    file.extend(address.to_le_bytes());
    file.extend(64_u32.to_le_bytes());
    file.extend(&data);
    let sum = data.iter().fold(0xEF, |sum, byte| sum ^ byte);
    file.resize(file.len() + 15 - file.len() % 16, 0);
    file.push(sum);
    let digest = Sha256::digest(&file);
    file.extend(digest);
    AppImage::parse(&file).unwrap();
    file
}

fn chip(name: &str) -> ChipId {
    ChipId::from_name(name).unwrap()
}
