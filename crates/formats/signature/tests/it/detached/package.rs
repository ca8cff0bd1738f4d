//! The signature of an lw package.

use std::fs;

use lw_signature::package::{
    self, PackageSignature, PackageSignatureError, PackageVerifyError, Require, Signers, signed,
};
use lw_signature::{Algorithm, KeyKind, PublicKey, Signer as _};
use lw_testkit::program;

use super::{KINDS, flips, key, must, pem_files};

const MANIFEST: &[u8] = b"{\n  \"schema\": \"lw-package/1\"\n}\n";

fn public(kind: KeyKind) -> PublicKey {
    key(kind).public_key().clone()
}

fn sign(kinds: &[KeyKind]) -> PackageSignature {
    let mut signature = PackageSignature::default();
    for kind in kinds {
        signature.sign(key(*kind), Algorithm::of(*kind), MANIFEST).unwrap();
    }
    signature
}

fn id(kind: KeyKind) -> String {
    lw_signature::dsse::key_id(&public(kind))
}

#[test]
fn every_kind_of_key_signs_and_what_is_written_is_read() {
    for kind in KINDS {
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.takes(kind)) {
            let mut signature = PackageSignature::default();
            signature.sign(key(kind), algorithm, MANIFEST).unwrap();
            let bytes = signature.to_bytes();
            let read = PackageSignature::parse(&bytes).unwrap();
            assert_eq!((&read, &read.to_bytes()), (&signature, &bytes));
            let signers = read.verify(MANIFEST, &[public(kind)], &[], Require::All).unwrap();
            assert_eq!(signers.trusted, [id(kind)]);
            assert!(read.verify(b"{}", &[public(kind)], &[], Require::Any).is_err(), "{algorithm}");
        }
    }
}

/// The form of the file, and what is signed: this must never change.
#[test]
fn the_form_is_fixed() {
    assert_eq!(signed(b"{}"), b"DSSEv1 48 application/vnd.lw-actions.package-manifest+json 2 {}".as_slice());
    let seed = [1; 32];
    let key = lw_signature::PrivateKey::from_ed25519_seed(&seed).unwrap();
    let mut signature = PackageSignature::default();
    signature.sign(&key, Algorithm::Ed25519, b"{}").unwrap();
    let text = String::from_utf8(signature.to_bytes()).unwrap();
    let id = lw_signature::dsse::key_id(key.public_key());
    let start = format!(
        "{{\"schema\":\"lw-signature/1\",\"signatures\":[{{\"key_id\":\"{id}\",\"algorithm\":\"ed25519\",\"signature\":\""
    );
    assert!(text.starts_with(&start) && text.ends_with("==\"}]}\n"), "{text}");
}

/// One who knows only openssl can check it.
#[test]
fn openssl_verifies_it() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pem_files(key(KeyKind::EcdsaP256), folder, "key");
    let text: serde_json::Value = serde_json::from_slice(&sign(&[KeyKind::EcdsaP256]).to_bytes()).unwrap();
    let signature = text["signatures"][0]["signature"].as_str().unwrap();
    let signature = <base64ct::Base64 as base64ct::Encoding>::decode_vec(signature).unwrap();
    fs::write(folder.join("signature"), signature).unwrap();
    fs::write(folder.join("signed"), signed(MANIFEST)).unwrap();
    let arguments =
        ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pub.pem", "-in", "signed", "-sigfile", "signature"];
    must(folder, &openssl, &[&arguments[..], &["-rawin", "-digest", "sha256"]].concat());
}

#[test]
fn signers_are_sorted_and_replaced() {
    let both = sign(&[KeyKind::Ed25519, KeyKind::EcdsaP256]);
    let other = sign(&[KeyKind::EcdsaP256, KeyKind::Ed25519]);
    let ids = |signature: &PackageSignature| -> Vec<_> {
        signature.entries().iter().map(package::Entry::key_id).collect()
    };
    assert_eq!(ids(&both), ids(&other));
    assert!(ids(&both).is_sorted());
    let mut again = both.clone();
    again.sign(key(KeyKind::Ed25519), Algorithm::Ed25519, b"another manifest").unwrap();
    assert_eq!(ids(&again), ids(&both));
    let trusted = [public(KeyKind::Ed25519)];
    assert!(again.verify(b"another manifest", &trusted, &[], Require::Any).is_ok());
    assert!(again.verify(MANIFEST, &trusted, &[], Require::Any).is_err(), "the old one is gone");
    assert!(again.has(&public(KeyKind::EcdsaP256)) && !again.has(&public(KeyKind::EcdsaP384)));
}

#[test]
fn who_has_to_have_signed() {
    let (ed25519, p256, p384) =
        (public(KeyKind::Ed25519), public(KeyKind::EcdsaP256), public(KeyKind::EcdsaP384));
    let both = sign(&[KeyKind::Ed25519, KeyKind::EcdsaP256]);
    let verify =
        |trusted: &[PublicKey], known: &[PublicKey], require| both.verify(MANIFEST, trusted, known, require);
    let any = |trusted: &[PublicKey]| verify(trusted, &[], Require::Any);
    assert_eq!(
        any(std::slice::from_ref(&p256)).unwrap(),
        Signers {
            trusted: vec![id(KeyKind::EcdsaP256)],
            known: Vec::new(),
            unknown: vec![id(KeyKind::Ed25519)]
        }
    );
    assert!(any(&[p256.clone(), p384.clone()]).is_ok());
    match verify(&[p256.clone(), p384.clone()], &[], Require::All) {
        Err(PackageVerifyError::Missing { key_id, .. }) => assert_eq!(key_id, id(KeyKind::EcdsaP384)),
        other => panic!("{other:?}"),
    }
    // A known key does not make a package acceptable.
    match verify(std::slice::from_ref(&p384), &[p256.clone(), ed25519.clone()], Require::Any) {
        Err(PackageVerifyError::Untrusted { signers }) => assert_eq!(signers.len(), 2),
        other => panic!("{other:?}"),
    }
    assert!(matches!(any(&[]), Err(PackageVerifyError::Untrusted { .. })));
    let signers = verify(&[p256], &[ed25519], Require::Any).unwrap();
    assert_eq!(signers.known, [id(KeyKind::Ed25519)]);
}

/// A trusted key that has signed is no excuse for another known one that has not.
#[test]
fn a_forged_signature_of_a_known_key_fails_beside_a_good_one() {
    let mut both = sign(&[KeyKind::EcdsaP256]);
    both.sign(key(KeyKind::Ed25519), Algorithm::Ed25519, b"another manifest").unwrap();
    let (trusted, known) = ([public(KeyKind::EcdsaP256)], [public(KeyKind::Ed25519)]);
    match both.verify(MANIFEST, &trusted, &known, Require::Any) {
        Err(error @ PackageVerifyError::Forged { .. }) => {
            assert!(error.to_string().starts_with("forged or damaged: "), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(both.verify(MANIFEST, &trusted, &[], Require::Any).is_ok(), "of an unknown key nothing is said");
}

#[test]
fn every_changed_bit_fails() {
    let kinds = [KeyKind::Ed25519, KeyKind::EcdsaP256];
    let bytes = sign(&kinds).to_bytes();
    let trusted = kinds.map(public);
    for (byte, flipped) in flips(&bytes) {
        let verified = PackageSignature::parse(&flipped)
            .is_ok_and(|signature| signature.verify(MANIFEST, &trusted, &[], Require::All).is_ok());
        assert!(!verified, "byte {byte}");
    }
    let read = PackageSignature::parse(&bytes).unwrap();
    for (byte, flipped) in flips(MANIFEST) {
        assert!(read.verify(&flipped, &trusted, &[], Require::Any).is_err(), "byte {byte} of the manifest");
    }
}

#[test]
fn only_one_form_is_read() {
    let good = String::from_utf8(sign(&[KeyKind::Ed25519, KeyKind::EcdsaP256]).to_bytes()).unwrap();
    let problem = |text: &str| PackageSignature::parse(text.as_bytes()).unwrap_err();
    for (bad, offset) in [
        (good.replacen(':', ": ", 1), 10),
        (good.trim_end().to_owned(), good.len() - 1),
        (format!("{good}\n"), good.len()),
        (good.replacen("lw-sig", "lw-\\u0073ig", 1), 14),
    ] {
        assert_eq!(problem(&bad), PackageSignatureError::NotCanonical { offset }, "{bad}");
    }
    for (bad, expected) in [
        (good.replace("/1", "/2"), "of the schema \"lw-signature/2\"; expected \"lw-signature/1\""),
        (good.replacen("ed25519", "rsa", 1), "its algorithm is unknown"),
        (good.replacen("\"key_id\":\"", "\"key_id\":\"A", 1), "its key_id is not 64 hexadecimal digits"),
        (good.replacen("\"schema\"", "\"Schema\"", 1), "manifest.sig, byte 1: unknown field `Schema`"),
        (good.replacen("\"schema\"", "\"schema\":\"\",\"schema\"", 1), "duplicate field `schema`"),
        ("{\"schema\":\"lw-signature/1\",\"signatures\":[]}\n".into(), "has 0 signatures; expected 1 to 32"),
        (String::new(), "manifest.sig, byte 0: EOF"),
    ] {
        let error = problem(&bad).to_string();
        assert!(error.contains(expected), "{error}");
    }
    // The same entries the other way round.
    let list = good.split_once('[').unwrap().1.strip_suffix("]}\n").unwrap();
    let (first, second) = list.split_once("},").unwrap();
    let swapped = good.replace(list, &format!("{second},{first}}}"));
    assert!(problem(&swapped).to_string().contains("it is out of order, or its key has signed twice"));
    let doubled = good.replace(list, &format!("{first}}},{first}}}"));
    assert!(problem(&doubled).to_string().contains("signature 2: it is out of order"));
}
