//! What each chip verifies, and since when.

use lw_firmware::esp_image::{ChipId, SignatureScheme};
use lw_signature::secure_boot_v2::Scheme;
use lw_signed::{ChipLimits, firmware_scheme};

use crate::chip;

use Scheme::{EcdsaP192, EcdsaP256, EcdsaP384, Rsa3072};

#[test]
fn the_limits_are_those_of_the_chip_and_its_lowest_revision() {
    let all = &[Rsa3072, EcdsaP192, EcdsaP256, EcdsaP384][..];
    for (name, revision, shown, blocks, schemes) in [
        // Secure Boot V2 came to the ESP32 with revision 3.0.
        ("esp32", None, "ESP32", 1, &[Rsa3072][..]),
        ("esp32", Some(300), "ESP32", 1, &[Rsa3072]),
        ("esp32", Some(301), "ESP32", 1, &[Rsa3072]),
        ("esp32", Some(299), "ESP32", 1, &[]),
        ("esp32", Some(0), "ESP32", 1, &[]),
        ("esp32s3", None, "ESP32-S3", 3, &[Rsa3072]),
        ("esp32s3", Some(0), "ESP32-S3", 3, &[Rsa3072]),
        ("esp32c2", Some(0), "ESP32-C2", 1, &[EcdsaP192, EcdsaP256]),
        ("esp32c6", Some(0), "ESP32-C6", 3, &[Rsa3072, EcdsaP192, EcdsaP256]),
        ("esp32p4", Some(299), "ESP32-P4", 3, &[Rsa3072, EcdsaP192, EcdsaP256]),
        ("esp32p4", Some(300), "ESP32-P4", 3, all),
        ("esp32p4", None, "ESP32-P4", 3, all),
        ("esp32c5", Some(0), "ESP32-C5", 3, all),
    ] {
        let limits = ChipLimits::of(chip(name), revision);
        let limits = limits.as_v2();
        assert_eq!((limits.chip, limits.blocks), (shown, blocks), "{name}");
        assert_eq!(limits.schemes, schemes, "{name} since {revision:?}");
    }
    // One that is not known yet is held to what all new ones do.
    let unknown = ChipLimits::of(ChipId(999), None);
    assert_eq!((unknown.as_v2().blocks, unknown.as_v2().schemes), (3, all));
}

#[test]
fn the_schemes_of_the_two_crates_are_the_same() {
    for (ours, theirs) in [
        (Rsa3072, SignatureScheme::Rsa3072),
        (EcdsaP192, SignatureScheme::EcdsaP192),
        (EcdsaP256, SignatureScheme::EcdsaP256),
        (EcdsaP384, SignatureScheme::EcdsaP384),
    ] {
        assert_eq!(firmware_scheme(ours), theirs);
        assert_eq!(ours.name(), theirs.name());
    }
}
