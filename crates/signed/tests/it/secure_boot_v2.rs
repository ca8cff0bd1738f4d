//! Images of ESP chips with a signature sector.

use lw_firmware::esp_image::{AppImage, ChipId};
use lw_signature::secure_boot_v2::{self as v2, BLOCK_LENGTH, Covered, Limits};
use lw_signature::{KeyKind, PrivateKey, Signer as _};
use lw_signed::{Chip, Keys, Rejected, Standing};

use crate::{
    ANY, RSA_3072, Said as _, chip, esp_image, esp_image_up_to, forged, judge, key, not_verifiable, refused,
    standings, trusted, untrusted,
};

/// An image that is signed by these keys, whatever its chip says to that.
fn signed(chip: ChipId, keys: &[&PrivateKey]) -> Vec<u8> {
    with_sector(esp_image(chip), keys)
}

fn with_sector(mut file: Vec<u8>, keys: &[&PrivateKey]) -> Vec<u8> {
    file.resize(file.len().next_multiple_of(4096), 0xFF);
    let covered = Covered::of(&file);
    let blocks: Vec<_> = keys.iter().map(|key| v2::sign_block(*key, &covered).unwrap()).collect();
    file.extend(*v2::assemble(&blocks, &covered, &Limits::ANY).unwrap());
    AppImage::read(&file).unwrap();
    file
}

fn shown(name: &str, key: &PrivateKey) -> String {
    format!("{name} (key digest {})", v2::key_digest(key.public_key()).unwrap())
}

#[test]
fn a_trusted_key_is_enough_and_others_are_listed() {
    let (prod, dev, other) = (key(RSA_3072), key(RSA_3072), key(RSA_3072));
    let file = signed(chip("esp32s3"), &[&dev, &prod, &other]);
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    let accepted = judge(&file, &keys, ANY).unwrap();
    assert_eq!(accepted.scheme, "Secure Boot V2");
    let unnamed = format!("key digest {}", v2::key_digest(other.public_key()).unwrap());
    assert_eq!(
        standings(&accepted),
        [
            (shown("dev", &dev).as_str(), Standing::Foreign),
            (shown("prod", &prod).as_str(), Standing::Trusted),
            (unnamed.as_str(), Standing::Foreign),
        ]
    );
    assert!(accepted.signatures.iter().all(|signature| signature.algorithm == "RSA-3072"));
    assert_eq!(accepted.signers(), [shown("prod", &prod)]);
    // What eFuses hold of the key is as good as the key.
    let digest = v2::key_digest(other.public_key()).unwrap();
    let accepted = judge(&file, &Keys::default().with_digest(digest.0), ANY).unwrap();
    assert_eq!(standings(&accepted)[2].1, Standing::Trusted);
}

#[test]
fn a_file_without_a_signature_is_unsigned() {
    let keys = trusted(&[("prod", &key(RSA_3072))]);
    let plain = esp_image(chip("esp32s3"));
    assert_eq!(judge(&plain, &keys, ANY), Err(Rejected::Unsigned));
    let mut padded = plain;
    padded.resize(8192, 0xFF);
    assert_eq!(judge(&padded, &keys, ANY), Err(Rejected::Unsigned));
}

#[test]
fn signed_by_somebody_else_is_untrusted_and_says_by_whom() {
    let (prod, dev, other) = (key(RSA_3072), key(RSA_3072), key(RSA_3072));
    let file = signed(chip("esp32s3"), &[&dev, &other]);
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    let (signers, wanted) = untrusted(judge(&file, &keys, ANY));
    let unnamed = format!("key digest {}", v2::key_digest(other.public_key()).unwrap());
    assert_eq!((signers, wanted), (vec![shown("dev", &dev), unnamed], "prod".to_owned()));
    // With nobody to trust nothing is accepted.
    let (_, wanted) = untrusted(judge(&file, &Keys::default(), ANY));
    assert_eq!(wanted, "a trusted key, of which none is given");
}

#[test]
fn what_was_changed_is_forged_whoever_is_trusted() {
    let (prod, other) = (key(RSA_3072), key(RSA_3072));
    let keys = trusted(&[("prod", &prod)]);
    let file = signed(chip("esp32s3"), &[&prod]);
    judge(&file, &keys, ANY).unwrap();
    // The signature, with its CRC made right again.
    let sector = file.len() - 4096;
    let mut changed = file.clone();
    changed[sector + 812] ^= 1;
    let crc = crc32fast::hash(&changed[sector..sector + 1196]);
    changed[sector + 1196..sector + 1200].copy_from_slice(&crc.to_le_bytes());
    forged(judge(&changed, &keys, ANY), "block 0");
    forged(judge(&changed, &trusted(&[("other", &other)]), ANY), "block 0");
    // Another image in front of the sector.
    let mut swapped = esp_image(chip("esp32c3"));
    swapped.resize(sector, 0xFF);
    swapped.extend(&file[sector..]);
    forged(judge(&swapped, &keys, ANY), "another image");
    // A sound block that follows does not help.
    let mut second = signed(chip("esp32s3"), &[&other, &prod]);
    let at = second.len() - 4096;
    second[at + 812] ^= 1;
    let crc = crc32fast::hash(&second[at..at + 1196]);
    second[at + 1196..at + 1200].copy_from_slice(&crc.to_le_bytes());
    forged(judge(&second, &keys, ANY), "block 0");
}

#[test]
fn bytes_after_the_sector_are_covered_by_nothing() {
    let prod = key(RSA_3072);
    let mut file = signed(chip("esp32s3"), &[&prod]);
    // Erased flash is nothing.
    file.resize(file.len() + 16, 0xFF);
    judge(&file, &trusted(&[("prod", &prod)]), ANY).unwrap();
    file.extend([1, 2, 3]);
    forged(judge(&file, &trusted(&[("prod", &prod)]), ANY), "follow the signature sector");
}

#[test]
fn what_the_chip_does_not_accept_is_refused() {
    let (rsa, ec) = (key(RSA_3072), key(KeyKind::EcdsaP256));
    let keys = trusted(&[("rsa", &rsa), ("ec", &ec)]);
    refused(judge(&signed(chip("esp32s3"), &[&ec]), &keys, ANY), "ESP32-S3 does not verify");
    refused(judge(&signed(chip("esp32c2"), &[&rsa]), &keys, ANY), "ESP32-C2 does not verify");
    judge(&signed(chip("esp32c2"), &[&ec]), &keys, ANY).unwrap();
    // The lowest revision in the field counts.
    let of = |revision| Chip { id: None, revision };
    let file = signed(chip("esp32"), &[&rsa]);
    judge(&file, &keys, of(None)).unwrap();
    judge(&file, &keys, of(Some(300))).unwrap();
    refused(judge(&file, &keys, of(Some(299))), "ESP32 does not verify");
    // And so does the highest that starts the image: P-384 came to the P4 with 3.0.
    let p384 = key(KeyKind::EcdsaP384);
    let keys_of_p4 = trusted(&[("p384", &p384)]);
    let up_to = |highest| with_sector(esp_image_up_to(chip("esp32p4"), highest), &[&p384]);
    judge(&up_to(300), &keys_of_p4, ANY).unwrap();
    judge(&up_to(399), &keys_of_p4, of(Some(300))).unwrap();
    for (file, chip) in [(up_to(299), ANY), (up_to(399), of(Some(299))), (up_to(199), of(Some(300)))] {
        refused(judge(&file, &keys_of_p4, chip), "ECDSA P-384, which ESP32-P4 does not verify");
    }
    // More blocks than it looks at.
    let second = key(RSA_3072);
    let both = trusted(&[("rsa", &rsa), ("second", &second)]);
    refused(judge(&signed(chip("esp32"), &[&rsa, &second]), &both, ANY), "ESP32 looks at 1");
}

#[test]
fn the_chip_is_the_one_the_image_names() {
    let rsa = key(RSA_3072);
    let keys = trusted(&[("rsa", &rsa)]);
    let file = signed(chip("esp32s3"), &[&rsa]);
    let given = |id| Chip { id: Some(id), revision: None };
    judge(&file, &keys, given(chip("esp32s3"))).unwrap();
    refused(
        judge(&file, &keys, given(chip("esp32c3"))),
        "the image is for ESP32-S3, and ESP32-C3 is asked for",
    );
}

#[test]
fn a_curve_that_is_not_computed_is_neither_forged_nor_good() {
    // Nothing here computes with P-192.
    let ec = key(KeyKind::EcdsaP256);
    let mut file = signed(chip("esp32c6"), &[&ec]);
    let sector = file.len() - 4096;
    let block = &mut file[sector..sector + BLOCK_LENGTH];
    block[36] = 1;
    block[85..101].fill(0);
    block[149..165].fill(0);
    let crc = crc32fast::hash(&block[..1196]);
    block[1196..1200].copy_from_slice(&crc.to_le_bytes());
    not_verifiable(judge(&file, &trusted(&[("ec", &ec)]), ANY), "ECDSA P-192, which cannot be verified here");
}
