//! Images for MCUboot that are signed themselves, instead of their hash (`SIG_PURE`).

use std::io::{self, Read};

use lw_firmware::mcuboot as walked;
use lw_signature::mcuboot::{Foreign, Options, Verified, VerifyImageError, verify_with};
use lw_signature::{Hash, KeyKind, PrivateKey, PublicKey, Signer as _, sign_message};

use super::mcuboot::{area, signed, with_area};
use super::{key, walked_image};

const PURE: (u16, [u8; 1]) = (0x25, [1]);

fn covered(file: &[u8]) -> &[u8] {
    &file[..usize::try_from(walked::Image::read(file).unwrap().covered_len()).unwrap()]
}

fn hash(file: &[u8]) -> (u16, Vec<u8>) {
    (0x12, Hash::Sha512.of(covered(file)).as_bytes().to_vec())
}

fn name(key: &PublicKey) -> (u16, Vec<u8>) {
    (0x01, Hash::Sha512.of(&key.to_spki_der()).as_bytes().to_vec())
}

fn signature(key: &PrivateKey, message: &[u8]) -> (u16, Vec<u8>) {
    (0x24, sign_message(key, message).unwrap().to_vec())
}

/// As `imgtool sign --pure` writes it: with a hash all the same.
fn pure(key: &PrivateKey) -> Vec<u8> {
    let file = signed(&[key], Options::default());
    let parts = [hash(&file), mark(), name(key.public_key()), signature(key, covered(&file))];
    with_area(&file, &area(&parts))
}

fn mark() -> (u16, Vec<u8>) {
    (PURE.0, PURE.1.to_vec())
}

/// The verdict on a file whose covered bytes are, when they are read again, `again`; and how often they were read.
fn verdict_of(
    file: &[u8],
    again: &[u8],
    trusted: &[&PublicKey],
) -> (Result<Verified, VerifyImageError>, usize) {
    let image = walked::Image::read(file).unwrap();
    let trusted: Vec<_> = trusted.iter().map(|key| (*key).clone()).collect();
    let mut times = 0;
    let mut reread = || {
        times += 1;
        Ok(Box::new(again) as Box<dyn Read>)
    };
    let verdict = verify_with(&walked_image(&image), &trusted, &mut reread);
    (verdict, times)
}

fn verdict(file: &[u8], trusted: &[&PublicKey]) -> Result<Verified, VerifyImageError> {
    verdict_of(file, covered(file), trusted).0
}

#[test]
fn an_image_that_is_signed_itself_verifies_with_its_key_alone() {
    let (own, other) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
    let file = pure(&own);
    let verified = verdict(&file, &[other.public_key(), own.public_key()]).unwrap();
    assert_eq!(verified.signatures[0].signer, Ok(1));
    assert_eq!((verified.digest.hash(), verified.unprotected.is_empty()), (Hash::Sha512, true));
    assert_eq!(verdict_of(&file, covered(&file), &[own.public_key()]).1, 1);
    let untrusted = verdict(&file, &[other.public_key()]).unwrap_err();
    assert!(matches!(untrusted, VerifyImageError::Untrusted { .. }), "{untrusted}");
    // Bootloaders need no hash to verify the image itself; the key may be named by any.
    for named in [Hash::Sha256, Hash::Sha512] {
        let name = (0x01, named.of(&own.public_key().to_spki_der()).as_bytes().to_vec());
        let bare = with_area(&file, &area(&[mark(), name, signature(&own, covered(&file))]));
        verdict(&bare, &[own.public_key()]).unwrap();
    }
    // With the key itself in the image, a foreign signature can be told from a forged one.
    let full = |message: &[u8]| {
        let key = (0x02, own.public_key().to_spki_der());
        with_area(&file, &area(&[hash(&file), mark(), key, signature(&own, message)]))
    };
    verdict(&full(covered(&file)), &[own.public_key()]).unwrap();
    let untrusted = verdict(&full(covered(&file)), &[other.public_key()]).unwrap_err();
    assert!(matches!(untrusted, VerifyImageError::Untrusted { .. }), "{untrusted}");
    let forged = verdict(&full(b"something else"), &[other.public_key()]).unwrap_err();
    assert!(matches!(forged, VerifyImageError::Forged { .. }), "{forged}");
    // Beside a trusted one it is told.
    let parts = [
        hash(&file),
        mark(),
        name(own.public_key()),
        signature(&own, covered(&file)),
        (0x02, other.public_key().to_spki_der()),
        signature(&other, covered(&file)),
    ];
    let two = with_area(&file, &area(&parts));
    let verified = verdict(&two, &[own.public_key()]).unwrap();
    assert_eq!(verified.signatures[1].signer, Err(Foreign::Sound));
}

#[test]
fn no_flipped_bit_of_it_passes() {
    let own = key(KeyKind::Ed25519);
    let file = pure(&own);
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            let Ok(image) = walked::Image::parse(&changed) else { continue };
            let again = usize::try_from(image.covered_len()).unwrap();
            let verdict = verdict_of(&changed, &changed[..again], &[own.public_key()]).0;
            assert!(verdict.is_err(), "byte {at:#x} bit {bit}");
        }
    }
}

/// The one kind of signature is never taken for the other.
#[test]
fn a_signature_over_the_hash_is_none_over_the_image() {
    let own = key(KeyKind::Ed25519);
    let file = pure(&own);
    let digest = Hash::Sha512.of(covered(&file));
    let over_hash = signature(&own, digest.as_bytes());
    let over_image = signature(&own, covered(&file));
    let is_forged = |parts: &[(u16, Vec<u8>)]| {
        let error = verdict(&with_area(&file, &area(parts)), &[own.public_key()]).unwrap_err();
        assert!(matches!(error, VerifyImageError::Forged { index: 0, .. }), "{error}");
    };
    is_forged(&[hash(&file), mark(), name(own.public_key()), over_hash.clone()]);
    is_forged(&[hash(&file), name(own.public_key()), over_image]);
    verdict(&with_area(&file, &area(&[hash(&file), name(own.public_key()), over_hash])), &[own.public_key()])
        .unwrap();
}

#[test]
fn what_bootloaders_refuse_of_it_is_refused() {
    let own = key(KeyKind::Ed25519);
    let file = pure(&own);
    let error = |parts: &[(u16, Vec<u8>)], key: &PrivateKey| {
        verdict(&with_area(&file, &area(parts)), &[key.public_key()]).unwrap_err()
    };
    let (name_of, signed) = (name(own.public_key()), signature(&own, covered(&file)));
    for marks in [vec![(0x25, vec![0])], vec![mark(), mark()]] {
        let parts = [vec![hash(&file)], marks, vec![name_of.clone(), signed.clone()]].concat();
        assert_eq!(error(&parts, &own), VerifyImageError::BadPure);
    }
    // A hash that is there has to be right.
    let mut wrong = hash(&file);
    wrong.1[0] ^= 1;
    let told = error(&[wrong, mark(), name_of.clone(), signed.clone()], &own);
    assert_eq!(told, VerifyImageError::Changed { hash: Hash::Sha512 });
    // No other kind of key signs so.
    let ec = key(KeyKind::EcdsaP256);
    let digest = Hash::Sha256.of(covered(&file));
    let by_ec = lw_signature::sign_digest(&ec, lw_signature::Algorithm::EcdsaSha256, &digest).unwrap();
    let told = error(&[hash(&file), mark(), name(ec.public_key()), (0x22, by_ec)], &ec);
    assert_eq!(told, VerifyImageError::PureKey { index: 0, key: KeyKind::EcdsaP256 });
    // Each is read for once more, so there is an end to it.
    let pairs = [name_of, signed];
    let many = |count: usize| [vec![hash(&file), mark()], vec![pairs.to_vec(); count].concat()].concat();
    assert_eq!(error(&many(9), &own), VerifyImageError::PureTooMany { most: 8 });
    let eight = with_area(&file, &area(&many(8)));
    verdict(&eight, &[own.public_key()]).unwrap();
    let told = error(&[hash(&file), mark()], &own);
    assert_eq!(told, VerifyImageError::Unsigned);
}

/// Nothing is known of an image that is another when it is read again.
#[test]
fn an_image_that_changes_between_two_readings_does_not_pass() {
    let own = key(KeyKind::Ed25519);
    let file = pure(&own);
    let trusted = [own.public_key()];
    let mut again = covered(&file).to_vec();
    again.push(0);
    for again in [&again[..], &again[..again.len() - 2], b""] {
        let error = verdict_of(&file, again, &trusted).0.unwrap_err();
        assert!(
            matches!(&error, VerifyImageError::Reread { reason } if reason.contains("before")),
            "{error}"
        );
    }
    let image = walked::Image::read(&file[..]).unwrap();
    let mut failing = || Err(io::Error::other("it is gone"));
    let error = verify_with(&walked_image(&image), &[own.public_key().clone()], &mut failing).unwrap_err();
    assert!(matches!(&error, VerifyImageError::Reread { reason } if reason == "it is gone"), "{error}");
}
