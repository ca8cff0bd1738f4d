//! Images for MCUboot.

use std::io::{self, Read};

use lw_firmware::image::Image as AnyImage;
use lw_signature::mcuboot::{Covered, KeyFormat, Options, Parameters, sign};
use lw_signature::{Hash, KeyKind, PrivateKey, PublicKey, Signer, sign_message};
use lw_signed::{Keys, Rejected, Standing};

use crate::{
    ANY, Said as _, fingerprint, forged, hex, judge, key, not_verifiable, refused, scan, standings, trusted,
    untrusted,
};

fn parameters() -> Parameters {
    Parameters {
        header_size: 32,
        pad_header: true,
        version: "1.2.3+4".parse().unwrap(),
        ..Parameters::default()
    }
}

/// An image of these keys, each with its name or itself in the image, over a payload.
fn made(payload: &[u8], keys: &[(&PrivateKey, KeyFormat)]) -> Vec<u8> {
    let prepared = parameters().prepare(payload.len() as u64).unwrap();
    let covered: Covered = prepared.digest(payload).unwrap();
    let mut area: Vec<u8> = Vec::new();
    for (key, key_format) in keys {
        let options = Options { key_format: *key_format, ..Options::default() };
        let one = sign(&covered.without_tlvs(), &[*key as &dyn Signer], options).unwrap();
        // Behind the first hash come the pairs of each.
        area.extend(if area.is_empty() { &one[..] } else { &one[4 + 4 + 32..] });
    }
    if area.is_empty() {
        area = tlvs(&[(0x10, covered.sha256.to_vec())]);
    }
    let length = u16::try_from(area.len()).unwrap();
    area[2..4].copy_from_slice(&length.to_le_bytes());
    [&prepared.header[..], payload, &prepared.protected, &area].concat()
}

fn tlvs(entries: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, data) in entries {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
    }
    let length = u16::try_from(bytes.len() + 4).unwrap();
    [&0x6907_u16.to_le_bytes()[..], &length.to_le_bytes(), &bytes].concat()
}

const PAYLOAD: [u8; 50] = [7; 50];

fn signed(keys: &[(&PrivateKey, KeyFormat)]) -> Vec<u8> {
    made(&PAYLOAD, keys)
}

/// As a message shows a key that the image names by its hash.
fn shown(name: &str, key: &PublicKey) -> String {
    let encoded = key.to_pkcs1_der().unwrap_or_else(|| key.to_spki_der());
    let hash = format!("key hash {}", hex(Hash::Sha256.of(&encoded).as_bytes()));
    if name.is_empty() { hash } else { format!("{name} ({hash})") }
}

#[test]
fn a_trusted_key_is_enough_and_each_signature_has_its_standing() {
    let (prod, dev, other) =
        (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256), key(KeyKind::Rsa { bits: 2048 }));
    let file = signed(&[(&prod, KeyFormat::Hash), (&dev, KeyFormat::Full), (&other, KeyFormat::Hash)]);
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    let accepted = judge(&file, &keys, ANY).unwrap();
    assert_eq!(accepted.scheme, "MCUboot");
    let (first, second, third) =
        (shown("prod", prod.public_key()), shown("dev", dev.public_key()), shown("", other.public_key()));
    assert_eq!(
        standings(&accepted),
        [
            (first.as_str(), Standing::Trusted),
            (second.as_str(), Standing::Foreign),
            (third.as_str(), Standing::NotChecked),
        ]
    );
    let algorithms: Vec<_> = accepted.signatures.iter().map(|one| one.algorithm.as_str()).collect();
    assert_eq!(algorithms, ["ECDSA P-256", "", ""]);
    assert_eq!(accepted.signers(), [first]);
    // RSA goes by another encoding; a known key whose digest is trusted is trusted.
    let keys = Keys::default().knowing(&[("rsa", &other)]);
    let (signers, _) = untrusted(judge(&file, &keys, ANY));
    assert_eq!(signers[2], shown("rsa", other.public_key()));
    let accepted = judge(&file, &keys.with_digest(fingerprint(other.public_key())), ANY).unwrap();
    assert_eq!(accepted.signatures[2].standing, Standing::Trusted);
    assert_eq!(accepted.signatures[2].algorithm, "RSA-2048");
    assert_eq!(accepted.signatures[0].standing, Standing::NotChecked);
}

#[test]
fn unsigned_untrusted_and_forged_are_three_things() {
    let (prod, dev) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    assert_eq!(judge(&signed(&[]), &keys, ANY), Err(Rejected::Unsigned));
    for format in [KeyFormat::Hash, KeyFormat::Full] {
        let (signers, wanted) = untrusted(judge(&signed(&[(&dev, format)]), &keys, ANY));
        assert_eq!((signers, wanted.as_str()), (vec![shown("dev", dev.public_key())], "prod"));
    }
    let mut changed = signed(&[(&prod, KeyFormat::Hash)]);
    changed[40] ^= 1;
    forged(judge(&changed, &keys, ANY), "changed after it was signed");
    let mut changed = signed(&[(&prod, KeyFormat::Hash)]);
    let last = changed.len() - 1;
    changed[last - 40] ^= 1;
    forged(judge(&changed, &keys, ANY), "forged");
}

#[test]
fn an_encrypted_image_cannot_be_verified() {
    let prod = key(KeyKind::EcdsaP256);
    let prepared = parameters().prepare(PAYLOAD.len() as u64).unwrap();
    let mut header = prepared.header.clone();
    // ENCRYPTED_AES128, and a hash of something else.
    header[16] |= 4;
    let area = tlvs(&[(0x10, vec![1; 32]), (0x32, vec![2; 113])]);
    let file = [&header[..], &PAYLOAD, &prepared.protected, &area].concat();
    not_verifiable(judge(&file, &trusted(&[("prod", &prod)]), ANY), "encrypted");
}

#[test]
fn bytes_after_the_image_are_covered_by_nothing() {
    let prod = key(KeyKind::EcdsaP256);
    let keys = trusted(&[("prod", &prod)]);
    let mut file = signed(&[(&prod, KeyFormat::Hash)]);
    file.extend([0xFF; 100]);
    judge(&file, &keys, ANY).unwrap();
    let mut slot = file.clone();
    file.push(0);
    forged(judge(&file, &keys, ANY), "101 bytes follow the image");
    // The end of a slot, as `imgtool sign --pad` writes it; and with something in the room before it.
    slot.resize(4096 - 16, 0xFF);
    slot.extend([
        0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80,
    ]);
    judge(&slot, &keys, ANY).unwrap();
    slot[2000] = 0x55;
    not_verifiable(judge(&slot, &keys, ANY), "data at offset 0x7d0");
}

#[test]
fn an_image_within_an_image_was_signed_twice() {
    let prod = key(KeyKind::EcdsaP256);
    let inner = signed(&[(&prod, KeyFormat::Hash)]);
    let twice = made(&inner, &[(&prod, KeyFormat::Hash)]);
    refused(judge(&twice, &trusted(&[("prod", &prod)]), ANY), "it was signed twice");
}

/// What is signed itself takes the file, from which no more is read than what is signed.
#[test]
fn an_image_that_is_signed_itself_is_read_again() {
    let (prod, dev) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
    let plain = signed(&[]);
    let AnyImage::Mcuboot(walked) = scan(&plain) else { panic!("no image for MCUboot") };
    let covered = plain[..usize::try_from(walked.covered_len()).unwrap()].to_vec();
    let area = tlvs(&[
        (0x12, Hash::Sha512.of(&covered).as_bytes().to_vec()),
        (0x25, vec![1]),
        (0x01, Hash::Sha512.of(&prod.public_key().to_spki_der()).as_bytes().to_vec()),
        (0x24, sign_message(&prod, &covered).unwrap().to_vec()),
    ]);
    let file = [&covered[..], &area].concat();
    let image = scan(&file);
    let keys = trusted(&[("prod", &prod)]);
    not_verifiable(lw_signed::image(&image, &keys, ANY), "SIG_PURE");
    let in_file = |file: &[u8], keys: &Keys| {
        let mut reopen = || Ok(Box::new(file) as Box<dyn Read>);
        lw_signed::image_in_file(&image, keys, ANY, &mut reopen)
    };
    let accepted = in_file(&file, &keys).unwrap();
    assert_eq!((accepted.signatures.len(), accepted.signatures[0].standing), (1, Standing::Trusted));
    assert!(accepted.signatures[0].signer.starts_with("prod (key hash "), "{accepted:?}");
    untrusted(in_file(&file, &trusted(&[("dev", &dev)])));
    not_verifiable(in_file(&file[1..], &keys), "a second time");
    let mut gone = || Err(io::Error::other("it is gone"));
    not_verifiable(lw_signed::image_in_file(&image, &keys, ANY, &mut gone), "it is gone");
    // Everything else is as without the file.
    let usual = signed(&[(&prod, KeyFormat::Hash)]);
    let mut never = || -> io::Result<Box<dyn Read>> { panic!("it is read again") };
    lw_signed::image_in_file(&scan(&usual), &keys, ANY, &mut never).unwrap();
}
