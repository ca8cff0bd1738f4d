//! RSA, ECDSA and Ed25519 without any form, with openssl as judge.

use std::fs;

use lw_signature::{
    Algorithm, GivenSignature, Hash, KeyKind, PublicKey, SignFileError, Signer as _, VerifyError,
    VerifyFileError, detached, digest_of,
};
use lw_testkit::program;

use super::{KINDS, accepts, flips, key, must, passes, pem_files};

const FILE: &[u8] = b"firmware of a small device";

/// All that a key of this kind signs.
fn algorithms(kind: KeyKind) -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(move |algorithm| algorithm.takes(kind))
}

/// How openssl is told of an algorithm.
fn options(algorithm: Algorithm) -> Vec<&'static str> {
    match algorithm {
        Algorithm::Ed25519 => vec!["-rawin"],
        Algorithm::EcdsaSha384 => vec!["-rawin", "-digest", "sha384"],
        Algorithm::RsaPkcs1v15Sha512 => vec!["-rawin", "-digest", "sha512"],
        Algorithm::RsaPssSha256 => {
            let pss = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"];
            [&["-rawin", "-digest", "sha256"][..], &pss].concat()
        }
        _ => vec!["-rawin", "-digest", "sha256"],
    }
}

#[test]
fn openssl_verifies_ours_and_we_verify_openssls() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    fs::write(folder.join("other"), b"firmware of a small device.").unwrap();
    for kind in KINDS {
        let signer = key(kind);
        pem_files(signer, folder, "key");
        for algorithm in algorithms(kind) {
            let signature = detached::sign(signer, algorithm, passes(FILE)).unwrap();
            fs::write(folder.join("ours"), &signature).unwrap();
            let judge = |file: &str, signature: &str| {
                let mut arguments =
                    vec!["pkeyutl", "-verify", "-pubin", "-inkey", "key.pub.pem", "-in", file];
                arguments.extend(["-sigfile", signature]);
                arguments.extend(options(algorithm));
                accepts(folder, &openssl, &arguments)
            };
            let (accepted, text) = judge("file", "ours");
            assert!(accepted, "{algorithm}: {text}");
            assert!(!judge("other", "ours").0, "{algorithm}");

            let mut arguments =
                vec!["pkeyutl", "-sign", "-inkey", "key.pem", "-in", "file", "-out", "theirs"];
            arguments.extend(options(algorithm));
            must(folder, &openssl, &arguments);
            let theirs = fs::read(folder.join("theirs")).unwrap();
            detached::verify(signer.public_key(), algorithm, FILE, &theirs).unwrap();

            // A file with more behind the signature, which `openssl dgst -verify` accepts.
            let longer = [&signature[..], b"\n"].concat();
            assert!(detached::verify(signer.public_key(), algorithm, FILE, &longer).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn every_changed_bit_of_a_signature_fails() {
    for kind in KINDS {
        let signer = key(kind);
        for algorithm in algorithms(kind) {
            let signature = detached::sign(signer, algorithm, passes(FILE)).unwrap();
            // Of the many bits of RSA one in each byte: what is wrong is looked for at length each time.
            let step = if matches!(kind, KeyKind::Rsa { .. }) { 9 } else { 1 };
            for (byte, flipped) in flips(&signature).step_by(step) {
                let result = detached::verify(signer.public_key(), algorithm, FILE, &flipped);
                assert!(result.is_err(), "{algorithm}, byte {byte}");
            }
            for end in 0..signature.len() {
                let result = detached::verify(signer.public_key(), algorithm, FILE, &signature[..end]);
                assert!(result.is_err(), "{algorithm}, cut after {end}");
            }
        }
    }
}

fn r_and_s(kind: KeyKind, der: &[u8]) -> Vec<u8> {
    // DER: 30, length, 02, length, r, 02, length, s.
    let half = if kind == KeyKind::EcdsaP256 { 32 } else { 48 };
    let r_end = 4 + usize::from(der[3]);
    [&der[4..r_end], &der[r_end + 2..]]
        .iter()
        .flat_map(|number| {
            let digits = number.strip_prefix(&[0]).unwrap_or(number);
            [vec![0; half - digits.len()], digits.to_vec()].concat()
        })
        .collect()
}

/// OpenSC#1139: what a card gives is taken by `attach`, and named by `verify`.
#[test]
fn raw_numbers_of_ecdsa_become_der_and_that_is_said() {
    for (kind, algorithm) in
        [(KeyKind::EcdsaP256, Algorithm::EcdsaSha256), (KeyKind::EcdsaP384, Algorithm::EcdsaSha384)]
    {
        let public = key(kind).public_key().clone();
        let digest = algorithm.hash().unwrap().of(FILE);
        let signature = detached::sign(key(kind), algorithm, passes(FILE)).unwrap();
        let raw = r_and_s(kind, &signature);
        let attached = detached::attach(&public, algorithm, &digest, &raw).unwrap();
        assert!(attached.was_raw);
        assert_eq!(attached.signature, signature);
        let attached = detached::attach(&public, algorithm, &digest, &signature).unwrap();
        assert!(!attached.was_raw);
        assert_eq!(attached.signature, signature);

        let error = detached::verify(&public, algorithm, FILE, &raw).unwrap_err();
        let text =
            format!("the signature is r and s as {} raw bytes; expected {algorithm} in DER", raw.len());
        assert_eq!(error.to_string(), text);
        let mut forged = raw.clone();
        forged[40] ^= 4;
        match detached::attach(&public, algorithm, &digest, &forged) {
            Err(VerifyFileError::Verify(VerifyError::Mismatch)) => {}
            other => panic!("{other:?}"),
        }
    }
    // Two numbers of 0 are no signature, nor are those of another length.
    let public = key(KeyKind::EcdsaP256).public_key();
    let digest = Hash::Sha256.of(FILE);
    for raw in [&[0; 64][..], &[1; 63], &[1; 96], &[]] {
        assert!(detached::attach(public, Algorithm::EcdsaSha256, &digest, raw).is_err(), "{raw:?}");
    }
}

/// What `openssl pkeyutl -sign` does without a digest, and a token with CKM_RSA_PKCS.
#[test]
fn a_bare_hash_is_named() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (signer, algorithm) = (key(KINDS[0]), Algorithm::RsaPkcs1v15Sha256);
    let public = signer.public_key();
    pem_files(signer, folder, "key");
    let digest = Hash::Sha256.of(FILE);
    fs::write(folder.join("digest"), digest.as_bytes()).unwrap();
    fs::write(folder.join("file"), FILE).unwrap();
    let sign = |input: &str, more: &[&str]| {
        let mut arguments = vec!["pkeyutl", "-sign", "-inkey", "key.pem", "-in", input, "-out", "signature"];
        arguments.extend(more);
        must(folder, &openssl, &arguments);
        let signature = fs::read(folder.join("signature")).unwrap();
        let verified = detached::verify(public, algorithm, FILE, &signature);
        let attached = detached::attach(public, algorithm, &digest, &signature);
        let text = verified.map_err(|error| error.to_string());
        assert_eq!(
            attached.map(|_| ()).map_err(|error| error.to_string()),
            text,
            "attach says what verify says"
        );
        text
    };
    assert_eq!(sign("digest", &["-pkeyopt", "digest:sha256"]), Ok(()));
    assert_eq!(
        sign("digest", &[]).unwrap_err(),
        "what signed has signed the bare hash: the signature holds the SHA-256 of this file without saying that it is \
         one, which no verifier accepts"
    );
    assert_eq!(
        sign("file", &["-rawin", "-digest", "sha1"]).unwrap_err(),
        "the signature is RSA PKCS#1 v1.5 with SHA-1 of this key; expected rsa-pkcs1v15-sha256"
    );
    assert_eq!(
        sign("file", &["-rawin", "-digest", "sha512"]).unwrap_err(),
        "the signature is RSA PKCS#1 v1.5 with SHA-512 of this key; expected rsa-pkcs1v15-sha256"
    );
    assert_eq!(
        sign("file", &[]).unwrap_err(),
        "the signature is RSA PKCS#1 v1.5 of this key over 26 bytes that are no digest of this file; expected \
         rsa-pkcs1v15-sha256"
    );
    // The hash of the hash: another file, as far as anybody can see.
    let error = sign("digest", &["-rawin", "-digest", "sha256"]).unwrap_err();
    assert!(error.starts_with("the key has signed another file than this one: "), "{error}");
}

#[test]
fn another_file_and_another_key_are_two_messages() {
    let (signer, algorithm) = (key(KINDS[0]), Algorithm::RsaPkcs1v15Sha256);
    let signature = detached::sign(signer, algorithm, passes(b"the other file")).unwrap();
    let error = detached::verify(signer.public_key(), algorithm, FILE, &signature).unwrap_err();
    let other: String =
        Hash::Sha256.of(b"the other file").as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        error.to_string(),
        format!(
            "the key has signed another file than this one: the signature is over a file with the SHA-256 {other}"
        )
    );
    let other = lw_signature::PrivateKey::generate(KINDS[0]).unwrap();
    let error = detached::verify(other.public_key(), algorithm, b"the other file".as_slice(), &signature);
    assert!(matches!(error, Err(VerifyFileError::Verify(VerifyError::Mismatch))), "{error:?}");
}

#[test]
fn lengths_and_kinds_are_named() {
    let public = key(KINDS[0]).public_key();
    let verify = |key: &PublicKey, algorithm, signature: &[u8]| {
        detached::verify(key, algorithm, FILE, signature).unwrap_err().to_string()
    };
    let noise: Vec<u8> =
        (0..300).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    assert_eq!(
        verify(public, Algorithm::RsaPkcs1v15Sha256, &noise[..255]),
        "the signature has 255 bytes; expected 256 of rsa-pkcs1v15-sha256"
    );
    assert_eq!(
        verify(public, Algorithm::RsaPssSha256, &noise),
        "the signature has 300 bytes; expected 256 of rsa-pss-sha256"
    );
    assert_eq!(
        verify(public, Algorithm::EcdsaSha256, &noise),
        "ecdsa-sha256 is not verified with a key of the kind RSA-2048"
    );
    let ed25519 = key(KeyKind::Ed25519).public_key();
    assert_eq!(
        verify(ed25519, Algorithm::Ed25519, &noise[..63]),
        "the signature has 63 bytes; expected 64 of ed25519"
    );
    assert_eq!(
        verify(ed25519, Algorithm::Ed25519, b"<!DOCTYPE html><title>404</title>"),
        "the signature is an HTML page; expected the 64 raw bytes of Ed25519"
    );
    assert_eq!(
        verify(key(KeyKind::EcdsaP256).public_key(), Algorithm::EcdsaSha256, b""),
        "the signature is an empty file; expected ECDSA in DER"
    );
}

#[test]
fn a_signature_that_was_made_elsewhere_is_checked() {
    let signer = key(KeyKind::EcdsaP256);
    let signature = detached::sign(signer, Algorithm::EcdsaSha256, passes(FILE)).unwrap();
    for (form, was_raw) in [(signature.clone(), false), (r_and_s(KeyKind::EcdsaP256, &signature), true)] {
        let given = GivenSignature::new(signer.public_key().clone(), form);
        assert_eq!(detached::sign(&given, Algorithm::EcdsaSha256, passes(FILE)).unwrap(), signature);
        assert_eq!((given.was_raw(), given.refusal().is_none()), (was_raw, true));
        let other = detached::sign(&given, Algorithm::EcdsaSha256, passes(b"another file"));
        assert!(matches!(other, Err(SignFileError::Sign(_))), "{other:?}");
        assert!(matches!(given.refusal(), Some(VerifyFileError::Verify(VerifyError::Mismatch))));
    }
    let digest = digest_of(Hash::Sha256, FILE).unwrap();
    assert_eq!(detached::digest(Algorithm::EcdsaSha256, FILE).unwrap(), Some(digest));
    assert_eq!(detached::digest(Algorithm::Ed25519, FILE).unwrap(), None);
}
