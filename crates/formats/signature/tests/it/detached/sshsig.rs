//! Signatures of SSH, with ssh-keygen as judge.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use base64ct::{Base64, Encoding as _};
use lw_signature::sshsig::{self, NAMESPACE, Signature};
use lw_signature::{Hash, KeyKind, PublicKey, Signer as _, VerifyError};
use lw_testkit::program;

use super::{KINDS, flips, key, must};

const FILE: &[u8] = b"firmware";

fn line(key: &PublicKey) -> String {
    let blob = sshsig::public_key_blob(key);
    let name = String::from_utf8(blob[4..4 + usize::from(blob[3])].to_vec()).unwrap();
    format!("ci@lw {name} {}\n", Base64::encode_string(&blob))
}

/// `ssh-keygen -Y verify` reads the file from its standard input.
fn judge(folder: &Path, judge: &Path, namespace: &str, file: &str) -> bool {
    let arguments = ["-Y", "verify", "-f", "allowed", "-I", "ci@lw", "-n", namespace, "-s", "ours"];
    let mut command = Command::new(judge);
    command.current_dir(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(fs::File::open(folder.join(file)).unwrap()).status().unwrap().success()
}

#[test]
fn ssh_keygen_verifies_ours() {
    let Some(program) = program("ssh-keygen") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    fs::write(folder.join("other"), b"Firmware").unwrap();
    for kind in KINDS {
        let signer = key(kind);
        fs::write(folder.join("allowed"), line(signer.public_key())).unwrap();
        for hash in [Hash::Sha512, Hash::Sha256] {
            let signature = sshsig::sign(signer, NAMESPACE, &hash.of(FILE)).unwrap();
            fs::write(folder.join("ours"), signature.to_armour()).unwrap();
            assert!(judge(folder, &program, "lw-ota", "file"), "{kind} {hash}");
            assert!(!judge(folder, &program, "lw-ota", "other"), "{kind} {hash}");
            assert!(!judge(folder, &program, "file", "file"), "{kind} {hash}");
        }
    }
}

#[test]
fn we_verify_ssh_keygens() {
    let Some(program) = program("ssh-keygen") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    for (kind, bits, hash) in [
        ("ed25519", "256", "sha512"),
        ("ecdsa", "256", "sha512"),
        ("ecdsa", "384", "sha256"),
        ("rsa", "2048", "sha512"),
        ("rsa", "3072", "sha256"),
    ] {
        for name in ["key", "key.pub", "file.sig"] {
            let _ = fs::remove_file(folder.join(name));
        }
        must(folder, &program, &["-q", "-t", kind, "-b", bits, "-N", "", "-f", "key"]);
        let option = format!("hashalg={hash}");
        must(folder, &program, &["-Y", "sign", "-O", &option, "-n", "lw-ota", "-f", "key", "file"]);
        let public = fs::read_to_string(folder.join("key.pub")).unwrap();
        let blob = Base64::decode_vec(public.split_whitespace().nth(1).unwrap()).unwrap();
        let public = sshsig::public_key(&blob).unwrap();
        let armour = fs::read(folder.join("file.sig")).unwrap();
        let signature = Signature::parse(&armour).unwrap();
        assert_eq!(signature.hash().name().replace('-', "").to_lowercase(), hash);
        signature.verify(&public, NAMESPACE, &signature.hash().of(FILE)).unwrap();
        assert_eq!(signature.to_armour().into_bytes(), armour, "what is read is written again: {kind}");
        let other = signature.verify(&public, NAMESPACE, &signature.hash().of(b"other"));
        assert_eq!(other, Err(VerifyError::Mismatch), "{kind}");
    }
}

#[test]
fn every_changed_bit_fails() {
    for kind in KINDS {
        let signer = key(kind);
        let digest = sshsig::HASH.of(FILE);
        let armour = sshsig::sign(signer, NAMESPACE, &digest).unwrap().to_armour();
        for (byte, flipped) in flips(armour.as_bytes()) {
            let verified = Signature::parse(&flipped)
                .is_ok_and(|signature| signature.verify(signer.public_key(), NAMESPACE, &digest).is_ok());
            assert!(!verified, "{kind}, byte {byte} of {}", armour.len());
        }
        assert!(Signature::parse(format!("{armour}more").as_bytes()).is_err());
    }
}

#[test]
fn another_key_and_another_purpose_are_named() {
    let signer = key(KeyKind::Ed25519);
    let digest = sshsig::HASH.of(FILE);
    let signature = sshsig::sign(signer, NAMESPACE, &digest).unwrap();
    let other = key(KeyKind::EcdsaP256).public_key();
    let error = signature.verify(other, NAMESPACE, &digest).unwrap_err();
    assert!(error.is_untrusted());
    let (own, wanted) = (sshsig::fingerprint(signer.public_key()), sshsig::fingerprint(other));
    assert_eq!(
        error.to_string(),
        format!("not trusted: it was signed by Ed25519 {own}, and the wanted key is ECDSA P-256 {wanted}")
    );
    // Forged is forged, whoever it claims to be of.
    assert_eq!(signature.verify(other, NAMESPACE, &sshsig::HASH.of(b"x")), Err(VerifyError::Mismatch));
    let error = signature.verify(signer.public_key(), "git", &digest).unwrap_err();
    assert_eq!(error.to_string(), "the signature is for the namespace \"lw-ota\"; expected \"git\"");
    assert!(matches!(
        signature.verify(signer.public_key(), NAMESPACE, &Hash::Sha256.of(FILE)),
        Err(VerifyError::Digest { .. })
    ));
    for bad in ["", "a b", "ä", "a\n"] {
        assert!(sshsig::sign(signer, bad, &digest).is_err(), "{bad:?}");
    }
    assert!(sshsig::sign(signer, NAMESPACE, &Hash::Sha384.of(FILE)).is_err());
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// An armoured signature of these parts.
fn armour(key: &[u8], reserved: &[u8], hash: &[u8], name: &[u8], signature: &[u8]) -> String {
    let inner = [string(name), string(signature)].concat();
    let parts = [string(key), string(b"lw-ota"), string(reserved), string(hash), string(&inner)].concat();
    let blob = [b"SSHSIG", &1_u32.to_be_bytes()[..], &parts].concat();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", Base64::encode_string(&blob))
}

#[test]
fn what_is_not_supported_is_named() {
    let rsa = sshsig::public_key_blob(key(KINDS[0]).public_key());
    let ed25519 = sshsig::public_key_blob(key(KeyKind::Ed25519).public_key());
    let p256 = sshsig::public_key_blob(key(KeyKind::EcdsaP256).public_key());
    let token = [string(b"sk-ssh-ed25519@openssh.com"), string(&[0; 32])].concat();
    type Case<'bytes> = (&'bytes [u8], &'bytes [u8], &'bytes [u8], &'bytes [u8], &'bytes str);
    let cases: [Case<'_>; 8] = [
        (&rsa, b"", b"sha512", b"ssh-rsa", "it was made with SHA-1 (\"ssh-rsa\"), which is broken"),
        (&rsa, b"", b"sha512", b"ssh-ed25519", "which a key of the kind RSA-2048 does not have"),
        (&p256, b"", b"sha512", b"ecdsa-sha2-nistp384", "a key of the kind ECDSA P-256 does not have"),
        (&ed25519, b"", b"sha1", b"ssh-ed25519", "its hash is \"sha1\"; expected \"sha512\" or \"sha256\""),
        (&ed25519, b"", b"sha512", b"ssh-dss", "its algorithm \"ssh-dss\" is not supported"),
        (&ed25519, b"x", b"sha512", b"ssh-ed25519", "this is not the form SSH writes it in"),
        (&token, b"", b"sha512", b"ssh-ed25519", "\"sk-ssh-ed25519@openssh.com\" (on a FIDO token)"),
        (b"", b"", b"sha512", b"ssh-ed25519", "its public key is damaged: 4 bytes should follow"),
    ];
    for (key, reserved, hash, name, expected) in cases {
        let error = Signature::parse(armour(key, reserved, hash, name, &[1; 64]).as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let good = armour(&ed25519, b"", b"sha512", b"ssh-ed25519", &[1; 64]);
    Signature::parse(good.as_bytes()).unwrap();
    for (bad, expected) in [
        (good.replace("-----END SSH SIGNATURE-----\n", ""), "line 3: expected -----END SSH SIGNATURE-----"),
        (good.replace("U1NI", "U1 I"), "line 2: it has other characters than those of Base64"),
    ] {
        let error = Signature::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
