//! The stored signatures of other programs verify, and not over another file, nor with another key.

use base64ct::{Base64, Encoding as _};
use lw_signature::minisign::Form;
use lw_signature::{
    Algorithm, SignatureFormat, VerifyError, VerifyFileError, detached, minisign, recognise, sshsig,
};

use super::{commented_key, fixture, fixture_key};

/// The file all of them are over.
const SIGNED: &str = "esp-app/esp32-s3-hello_world-new.bin";

#[test]
fn raw_signatures_of_openssl_verify() {
    let Some(file) = fixture(SIGNED) else { return };
    let cases = [
        ("rsa3072.pub.pem", "s3-hello.rsa3072-pkcs1v15.sig", Algorithm::RsaPkcs1v15Sha256),
        ("rsa3072.pub.pem", "s3-hello.rsa3072-pss32.sig", Algorithm::RsaPssSha256),
        ("p256.pub.pem", "s3-hello.p256.der", Algorithm::EcdsaSha256),
        ("ed.pub.pem", "s3-hello.ed25519", Algorithm::Ed25519),
    ];
    for (key, signature, algorithm) in cases {
        let (key, signature) = (fixture_key(key).unwrap(), fixture(&format!("sig/{signature}")).unwrap());
        detached::verify(&key, algorithm, file.as_slice(), &signature).unwrap();
        let mut other = file.clone();
        other[77] ^= 1;
        assert!(detached::verify(&key, algorithm, other.as_slice(), &signature).is_err(), "{algorithm}");
        let longer = [file.as_slice(), b"\n"].concat();
        assert!(detached::verify(&key, algorithm, longer.as_slice(), &signature).is_err(), "{algorithm}");
        for other in ["rsa_secure_boot_signing_key.pub.pem", "root-ec-p256.pub.pem", "root-ed25519.pub.pem"] {
            let other = fixture_key(other).unwrap();
            assert!(detached::verify(&other, algorithm, file.as_slice(), &signature).is_err(), "{algorithm}");
        }
    }
}

/// The padding is named when it is the other one.
#[test]
fn pss_is_not_called_forged_where_pkcs1_was_expected() {
    let Some(file) = fixture(SIGNED) else { return };
    let key = fixture_key("rsa3072.pub.pem").unwrap();
    let signature = fixture("sig/s3-hello.rsa3072-pss32.sig").unwrap();
    let error =
        detached::verify(&key, Algorithm::RsaPkcs1v15Sha256, file.as_slice(), &signature).unwrap_err();
    assert_eq!(error.to_string(), "the signature is RSA-PSS with SHA-256; expected rsa-pkcs1v15-sha256");
}

#[test]
fn minisign_and_ssh_signatures_verify() {
    let Some(file) = fixture(SIGNED) else { return };
    let cases = [
        ("mini.pub", "s3-hello.minisig", Form::Prehashed, "version:1.2.3 board:s3"),
        ("mini2.pub", "s3-hello.legacy.minisig", Form::Legacy, "timestamp:1795249204\tfile:a.bin"),
    ];
    for (key, signature, form, comment) in cases {
        let (key, id) = commented_key(&fixture(&format!("keys/{key}")).unwrap());
        let bytes = fixture(&format!("sig/{signature}")).unwrap();
        let signature = minisign::Signature::parse(&bytes).unwrap();
        signature.verify(&key, Some(id), file.as_slice()).unwrap();
        signature.verify(&key, None, file.as_slice()).unwrap();
        assert_eq!((signature.form(), signature.trusted_comment().as_ref()), (form, comment));
        assert_eq!(signature.to_bytes(), bytes, "what is read is written again");
        assert!(signature.verify(&key, Some(id), &file[1..]).is_err());
    }
    let (key, id) = commented_key(&fixture("keys/mini.pub").unwrap());
    assert_eq!(id.to_string(), "81906755E6C0E943", "as the comment of the public key has it");
    let other = minisign::Signature::parse(&fixture("sig/s3-hello.legacy.minisig").unwrap()).unwrap();
    match other.verify(&key, Some(id), file.as_slice()) {
        Err(VerifyFileError::Verify(error @ VerifyError::Untrusted { .. })) => {
            assert!(error.is_untrusted());
            let text = "not trusted: it was signed by the key 49A79A4839AC27DB, and the wanted key is 81906755E6C0E943";
            assert_eq!(error.to_string(), text);
        }
        other => panic!("{other:?}"),
    }
    // Without ids the signature decides, and another key's does not hold.
    assert!(other.verify(&key, None, file.as_slice()).is_err());

    let allowed = String::from_utf8(fixture("keys/allowed_signers").unwrap()).unwrap();
    let blob = allowed.split_whitespace().nth(2).unwrap();
    let key = sshsig::public_key(&Base64::decode_vec(blob).unwrap()).unwrap();
    let bytes = fixture("sig/s3-hello.sshsig").unwrap();
    let signature = sshsig::Signature::parse(&bytes).unwrap();
    assert_eq!(signature.namespace(), "lw-ota");
    signature.verify(&key, sshsig::NAMESPACE, &signature.hash().of(&file)).unwrap();
    assert_eq!(signature.to_armour().into_bytes(), bytes, "what is read is written again");
}

#[test]
fn formats_that_are_not_verified_are_named() {
    let Some(cms) = fixture("sig/s3-hello.cms.der") else { return };
    assert_eq!(recognise(&cms), SignatureFormat::CmsDer);
    let key = fixture_key("rsa3072.pub.pem").unwrap();
    let file = fixture(SIGNED).unwrap();
    let error = detached::verify(&key, Algorithm::RsaPkcs1v15Sha256, file.as_slice(), &cms).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the signature is CMS or PKCS#7 in DER; expected the raw bytes of RSA (PKCS#1 v1.5)"
    );
    for (name, format) in [
        ("sig/s3-hello.minisig", SignatureFormat::Minisign),
        ("sig/s3-hello.legacy.minisig", SignatureFormat::Minisign),
        ("sig/s3-hello.sshsig", SignatureFormat::SshSig),
        ("sig/s3-hello.p256.der", SignatureFormat::EcdsaDer),
        ("sig/s3-hello.ed25519", SignatureFormat::Raw { length: 64 }),
        ("sig/s3-hello.rsa3072-pss32.sig", SignatureFormat::Raw { length: 384 }),
        ("keys/mini.pub", SignatureFormat::PublicKey("minisign or signify")),
        ("keys/p256.pub.pem", SignatureFormat::PublicKey("PEM")),
        ("keys/cms-cert.pem", SignatureFormat::Certificate),
    ] {
        assert_eq!(recognise(&fixture(name).unwrap()), format, "{name}");
    }
}
