//! signify, with the program as judge.

use std::fs;

use base64ct::{Base64, Encoding as _};
use lw_signature::minisign::KeyId;
use lw_signature::signify::{self, Signature};
use lw_signature::{KeyKind, PrivateKey, Signer as _, VerifyError, VerifyFileError};
use lw_testkit::program;

use super::{accepts, commented_key, commented_key_file, flips, key, must, passes};

const FILE: &[u8] = b"firmware";

fn sign() -> Signature {
    let signer = key(KeyKind::Ed25519);
    let comment = signify::comment("prod.pub");
    signify::sign(signer, KeyId::of(signer.public_key()), &comment, passes(FILE)).unwrap()
}

#[test]
fn signify_verifies_ours() {
    let Some(judge) = program("signify-openbsd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    fs::write(folder.join("other"), b"Firmware").unwrap();
    let public = key(KeyKind::Ed25519).public_key();
    fs::write(folder.join("key.pub"), commented_key_file(public, KeyId::of(public))).unwrap();
    fs::write(folder.join("ours"), sign().to_bytes()).unwrap();
    let verify = |file: &str| accepts(folder, &judge, &["-V", "-p", "key.pub", "-m", file, "-x", "ours"]);
    let (accepted, text) = verify("file");
    assert!(accepted, "{text}");
    assert!(!verify("other").0);
}

/// Byte for byte, with the program's own key; and what it writes otherwise is refused by name.
#[test]
fn ours_is_what_signify_writes() {
    let Some(judge) = program("signify-openbsd") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    must(folder, &judge, &["-G", "-n", "-p", "key.pub", "-s", "key.sec"]);
    let (public, key_id) = commented_key(&fs::read(folder.join("key.pub")).unwrap());
    let secret = fs::read_to_string(folder.join("key.sec")).unwrap();
    let secret = Base64::decode_vec(secret.lines().nth(1).unwrap()).unwrap();
    // Two words of two bytes, the rounds, a salt of 16, a checksum of 8, the key number of 8, then the seed.
    let signer = PrivateKey::from_ed25519_seed(&secret[40..72]).unwrap();
    assert_eq!(signer.public_key(), &public);
    must(folder, &judge, &["-S", "-s", "key.sec", "-m", "file", "-x", "theirs"]);
    let bytes = fs::read(folder.join("theirs")).unwrap();
    let theirs = Signature::parse(&bytes).unwrap();
    theirs.verify(&public, Some(key_id), FILE).unwrap();
    assert_eq!(theirs.untrusted_comment(), "verify with key.pub");
    let ours = signify::sign(&signer, key_id, &signify::comment("key.pub"), passes(FILE)).unwrap();
    assert_eq!(ours.to_bytes(), bytes);

    must(folder, &judge, &["-S", "-e", "-s", "key.sec", "-m", "file", "-x", "embedded"]);
    let embedded = Signature::parse(&fs::read(folder.join("embedded")).unwrap()).unwrap_err();
    assert_eq!(
        embedded.to_string(),
        "the signature is one of signify with the signed file in it (`signify -e`); expected one of signify"
    );
    // What `gzip -n` makes of nothing.
    let archive = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    fs::write(folder.join("archive.gz"), archive).unwrap();
    must(folder, &judge, &["-S", "-z", "-s", "key.sec", "-m", "archive.gz", "-x", "signed.gz"]);
    let signed = Signature::parse(&fs::read(folder.join("signed.gz")).unwrap()).unwrap_err();
    assert_eq!(
        signed.to_string(),
        "the signature is inside a gzip archive (`signify -z`); expected one of signify"
    );
}

#[test]
fn every_changed_bit_fails_but_those_of_the_comment() {
    let public = key(KeyKind::Ed25519).public_key();
    let bytes = sign().to_bytes();
    let comment = "untrusted comment: ".len()..bytes.iter().position(|byte| *byte == b'\n').unwrap();
    for (byte, flipped) in flips(&bytes) {
        let verified = Signature::parse(&flipped)
            .is_ok_and(|signature| signature.verify(public, Some(KeyId::of(public)), FILE).is_ok());
        assert!(!verified || comment.contains(&byte), "byte {byte}");
    }
    assert!(Signature::parse(&[&bytes[..], b"more"].concat()).is_err());
}

#[test]
fn another_key_is_named_and_a_forgery_is_one() {
    let public = key(KeyKind::Ed25519).public_key();
    let other = KeyId([1; 8]);
    match sign().verify(public, Some(other), FILE) {
        Err(VerifyFileError::Verify(VerifyError::Untrusted { wanted, .. })) => {
            assert_eq!(wanted, "0101010101010101");
        }
        other => panic!("{other:?}"),
    }
    match sign().verify(public, Some(KeyId::of(public)), &b"other"[..]) {
        Err(VerifyFileError::Verify(VerifyError::Mismatch)) => {}
        other => panic!("{other:?}"),
    }
}

/// minisign's legacy signatures have the same first two lines, and are told apart by the third.
#[test]
fn minisigns_are_told_apart() {
    let text = String::from_utf8(sign().to_bytes()).unwrap();
    let minisig = format!("{text}trusted comment: x\n{}\n", Base64::encode_string(&[7; 64]));
    let error = Signature::parse(minisig.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the signature is one of minisign; expected one of signify");
    let error = lw_signature::minisign::Signature::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the signature is one of signify; expected one of minisign");
}
