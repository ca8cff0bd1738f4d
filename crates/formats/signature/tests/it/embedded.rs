//! Signatures in images: of ESP chips and for MCUboot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

mod esp_judges;
mod mcuboot;
mod mcuboot_judges;
mod mcuboot_pure;
mod secure_boot;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use der::pem::LineEnding;
use der::{Document, SecretDocument};
use lw_firmware::esp_image::{AppImage, ChipId, SignatureScheme};
use lw_firmware::mcuboot as walked;
use lw_signature::mcuboot::{Covered as ImageCovered, Image, Tlv};
use lw_signature::secure_boot_v2::{Covered, Limits, Scheme, Sector};
use lw_signature::{KeyKind, PrivateKey, PublicKey};
use lw_testkit::shared_fixture;
use sha2::{Digest as _, Sha256};

fn fixture(path: &str) -> Option<Vec<u8>> {
    shared_fixture(&format!("ota/{path}")).map(|path| fs::read(path).unwrap())
}

/// A public key of the fixtures.
fn fixture_key(name: &str) -> Option<PublicKey> {
    let pem = String::from_utf8(fixture(&format!("keys/{name}.pub.pem"))?).unwrap();
    let (_, document) = Document::from_pem(&pem).unwrap();
    Some(PublicKey::from_spki_der(document.as_bytes()).unwrap())
}

fn key(kind: KeyKind) -> PrivateKey {
    PrivateKey::generate(kind).unwrap()
}

/// A private key as a PEM file that other programs read, and its public one.
fn pem_files(key: &PrivateKey, folder: &Path, name: &str) -> [PathBuf; 2] {
    use lw_signature::Signer as _;
    let (private, public) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.pub.pem")));
    let secret: SecretDocument = key.to_pkcs8_der().unwrap();
    fs::write(&private, secret.to_pem("PRIVATE KEY", LineEnding::LF).unwrap().as_bytes()).unwrap();
    let spki = Document::try_from(key.public_key().to_spki_der()).unwrap();
    fs::write(&public, spki.to_pem("PUBLIC KEY", LineEnding::LF).unwrap()).unwrap();
    [private, public]
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// What a program prints that has to succeed.
fn says(program: &Path, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// An ESP image with one segment in RAM, as `esptool elf2image` writes it, for any revision from `min` to `max`.
fn esp_image(chip: u16, [min, max]: [u16; 2]) -> Vec<u8> {
    let data: Vec<u8> = (0..64).collect();
    // RAM of the ESP32, of the C2, C3 and S3, of the C5, C6 and H2, of the P4.
    let places = [0x4008_0000u32, 0x3FCA_0000, 0x4080_0000, 0x4FF0_0000];
    let is_ram =
        |place: &u32| ChipId(chip).has_memory_at(*place) != Some(false) && !ChipId(chip).maps_flash(*place);
    let address = places.into_iter().find(is_ram).unwrap();
    let mut file = vec![0xE9, 1, 2, 0x2F];
    file.extend(address.to_le_bytes());
    file.extend([0xEE, 0, 0, 0]);
    file.extend(chip.to_le_bytes());
    file.push(0);
    file.extend(min.to_le_bytes());
    file.extend(max.to_le_bytes());
    file.extend([0, 0, 0, 0, 1]);
    file.extend(address.to_le_bytes());
    file.extend(64u32.to_le_bytes());
    file.extend(&data);
    let sum = data.iter().fold(0xEF, |sum, byte| sum ^ byte);
    file.resize(file.len() + 15 - file.len() % 16, 0);
    file.push(sum);
    let digest = Sha256::digest(&file);
    file.extend(digest);
    AppImage::parse(&file).unwrap();
    file
}

/// What a chip verifies, from the table of the format crate.
fn schemes(chip: ChipId, highest: u16) -> Vec<Scheme> {
    let pairs = [
        (SignatureScheme::Rsa3072, Scheme::Rsa3072),
        (SignatureScheme::EcdsaP192, Scheme::EcdsaP192),
        (SignatureScheme::EcdsaP256, Scheme::EcdsaP256),
        (SignatureScheme::EcdsaP384, Scheme::EcdsaP384),
    ];
    let verifies = |scheme| chip.verifies(scheme).is_some_and(|since| since <= highest);
    pairs.into_iter().filter(|(scheme, _)| verifies(*scheme)).map(|(_, ours)| ours).collect()
}

fn covered(image: &AppImage) -> Covered {
    let covered = &image.signature_input.covered;
    Covered { sha256: covered.sha256, sha384: covered.sha384 }
}

/// The sector of a file, read under no limits of a chip.
fn sector(file: &[u8]) -> Sector {
    let image = AppImage::read(file).unwrap();
    // A chip without P-384 has no SHA-384.
    let covered = Covered { sha384: Covered::of(&file[..file.len() - 4096]).sha384, ..covered(&image) };
    Sector::read(image.signature_input.signature.as_ref().unwrap(), &covered, &Limits::ANY).unwrap()
}

/// The file with its padding and this sector.
fn with_sector(file: &[u8], sector: &[u8; 4096]) -> Vec<u8> {
    let mut signed = file.to_vec();
    signed.resize(file.len().next_multiple_of(4096), 0xFF);
    signed.extend(sector);
    signed
}

/// An image that has been walked, as its signatures are verified from.
fn walked_image(image: &walked::Image) -> Image<'_> {
    let walked::Covered { sha256, sha384, sha512 } = image.covered;
    Image {
        tlvs: image.unprotected.iter().map(|tlv| Tlv { kind: tlv.kind.0, data: &tlv.data }).collect(),
        covered: ImageCovered { sha256, sha384, sha512 },
        is_encrypted: image.header.flags.is_encrypted(),
    }
}

#[test]
fn a_key_of_every_kind_is_read_back_from_what_is_written() {
    use lw_signature::Signer as _;
    let rsa = KeyKind::Rsa { bits: 2048 };
    for kind in [rsa, KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519] {
        let key = key(kind);
        let read = PrivateKey::from_pkcs8_der(key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
        assert_eq!(read.public_key(), key.public_key());
    }
}
