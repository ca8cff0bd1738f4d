//! Files that are no key, or not the one that is wanted: each message says what it is and what was expected.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use lw_model::Diagnose as _;
use lw_signature::{KeyFileError, SignerLimits, read_private, read_public, read_public_keys};
use proptest::prelude::*;

use crate::key_file_good::data;

fn private(bytes: &[u8]) -> KeyFileError {
    match read_private(bytes, Some(b"secret")) {
        Err(error) => error,
        Ok(_) => panic!("{} was read", String::from_utf8_lossy(bytes)),
    }
}

fn public(bytes: &[u8]) -> KeyFileError {
    match read_public(bytes) {
        Err(error) => error,
        Ok(_) => panic!("{} was read", String::from_utf8_lossy(bytes)),
    }
}

/// A damaged copy of a key.
fn changed(name: &str, change: impl FnOnce(String) -> String) -> Vec<u8> {
    change(String::from_utf8(data(name)).unwrap()).into_bytes()
}

/// A file whose numbers are of two keys, or were damaged, signs nothing: neither what is computed with a key, nor what only stands
/// in its file, may differ.
#[test]
fn every_number_of_an_rsa_key_belongs_to_the_others() {
    use pkcs1::der::{Decode as _, Encode as _};
    let pem = String::from_utf8(data("rsa2048-pkcs1.pem")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = Base64::decode_vec(&base64).unwrap();
    assert!(read_private(&der, None).is_ok());
    let key = pkcs1::RsaPrivateKeyRef::from_der(&der).unwrap();
    let numbers = [
        key.modulus,
        key.public_exponent,
        key.private_exponent,
        key.prime1,
        key.prime2,
        key.exponent1,
        key.exponent2,
        key.coefficient,
    ];
    for changed in 0..numbers.len() {
        let mut bytes = numbers.map(|number| number.as_bytes().to_vec());
        let low = bytes[changed].last_mut().unwrap();
        // Modulus, exponents and primes stay odd.
        *low ^= 4;
        let number = |at: usize| pkcs1::UintRef::new(&bytes[at]).unwrap();
        let other = pkcs1::RsaPrivateKeyRef {
            modulus: number(0),
            public_exponent: number(1),
            private_exponent: number(2),
            prime1: number(3),
            prime2: number(4),
            exponent1: number(5),
            exponent2: number(6),
            coefficient: number(7),
            other_prime_infos: None,
        };
        let error = private(&other.to_der().unwrap()).to_string();
        assert!(error.contains("its numbers do not belong together"), "number {changed}: {error}");
    }
}

#[test]
fn what_is_given_instead_of_a_private_key() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "it is empty; expected a private key"),
        (b" \r\n\t\n".to_vec(), "it is empty; expected a private key"),
        ("\u{feff}".into(), "it is empty; expected a private key"),
        (b"***".to_vec(), "it is the `***` a CI prints in the place of a secret; expected a private key"),
        (
            b"${{ secrets.KEY }}".to_vec(),
            "it is the name of a variable, which nothing has replaced by its value",
        ),
        (b"$SIGNING_KEY\n".to_vec(), "it is the name of a variable"),
        (b"404: Not Found".to_vec(), "it is an error message of a web server; expected a private key"),
        (b"<!DOCTYPE html>\n<html><body>-</body>".to_vec(), "it is a web page; expected a private key"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec(),
            "it is a Git LFS pointer",
        ),
        (b"\x7fELF\x02\x01\x01".to_vec(), "it is an ELF file; expected a private key"),
        (b"\xe9\x06\x02\x20".to_vec(), "it is a firmware image of an ESP chip"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\n".to_vec(), "it is a PuTTY key"),
        (b"AGE-SECRET-KEY-1QQQQ".to_vec(), "it is an age key"),
        (b"# created: 2026-01-01\n# public key: age1qq\nAGE-SECRET-KEY-1QQQQ".to_vec(), "it is an age key"),
        (b"{\"kty\":\"EC\",\"d\":\"AAAA\"}".to_vec(), "it is a JSON Web Key"),
        (b"{\"type\":\"service_account\"}".to_vec(), "it is JSON"),
        (b"keys/private_key.pem".to_vec(), "it is the path of a file"),
        (b"arn:aws:kms:eu-west-1:1:key/2".to_vec(), "it is the name of a key that a cloud holds"),
        (b"pkcs11:token=t;object=fw".to_vec(), "it is the name of a key that a token holds"),
        (b"#!/bin/sh\necho".to_vec(), "it is a script"),
        (b"hello".to_vec(), "it is in no known format of keys (5 bytes of text); expected a private key"),
        (vec![0; 100], "it is in no known format of keys (100 bytes of binary data)"),
        (vec![b'A'; (1 << 20) + 1], "it has 1048577 bytes, which no file of keys has (at most 1048576)"),
        (data("store.p12"), "it is a PKCS#12 file (.p12, .pfx); expected a private key"),
        (Base64::encode_string(&data("store.p12")).into_bytes(), "it is a PKCS#12 file (.p12, .pfx)"),
        (data("store.jks"), "it is a Java key store (JKS)"),
        (data("pgp.asc"), "it is a PGP key (line 1)"),
        (data("pgp.gpg"), "it is a PGP key"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n".to_vec(), "it is a PGP message (line 1)"),
        (data("certificate.pem"), "it is a certificate (line 1); expected a private key"),
        (data("request.pem"), "it is a certificate request (CSR) (line 1)"),
        (data("pkcs7.pem"), "it is PKCS#7 (line 1)"),
        (data("p256.pub.pem"), "it is a public key (line 1); expected a private key"),
        (data("openssh-rsa.pub"), "it is a public key of OpenSSH; expected a private key"),
        (data("minisign.pub"), "it is a public key; expected a private key"),
        (data("dsa.pem"), "it is a DSA key (line 1)"),
        (
            data("dsa-pkcs8.pem"),
            "a key of the kind DSA is not supported; expected RSA, ECDSA P-256 or P-384, or Ed25519",
        ),
        (data("p521.pem"), "a key of the kind ECDSA P-521 is not supported"),
        (data("x25519.pem"), "a key of the kind X25519 is not supported"),
        (data("rsa1024.pem"), "the RSA key has 1024 bits; expected 2048 to 8192"),
        (
            data("p256-legacy-encrypted.pem"),
            "the EC private key (SEC 1) is encrypted with the old way of PEM (`Proc-Type: 4,ENCRYPTED`)",
        ),
        (
            data("p256-pbes1.pem"),
            "the encrypted private key (PKCS#8) is encrypted with SHA-1 and triple DES (PKCS#12)",
        ),
        (
            data("ed25519-des3.pem"),
            "the encrypted private key (PKCS#8) is encrypted with triple DES, which is not read",
        ),
        ([data("ed25519.pem"), data("p384.pem")].concat(), "it holds 2 keys; expected one"),
        (
            b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n".to_vec(),
            "it is the parameters of a curve, without a key",
        ),
        (
            b"-----BEGIN SECRET THING-----\nAAAA\n-----END SECRET THING-----\n".to_vec(),
            "line 1: a PEM block with an unknown label begins here",
        ),
        (b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA".to_vec(), "it is a public key in the format of RFC 4716"),
    ];
    for (bytes, expected) in cases {
        let error = private(&bytes);
        let shown = String::from_utf8_lossy(&bytes).chars().take(40).collect::<String>();
        assert!(error.to_string().starts_with(expected), "{shown}: {error}");
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    }
}

#[test]
fn damaged_pem() {
    for (bytes, expected) in [
        (
            changed("ed25519.pem", |pem| pem.replace("-----END PRIVATE KEY-----\n", "")),
            "line 1: the PEM block that begins here is cut off: its last line `-----END PRIVATE KEY-----` is missing",
        ),
        (
            changed("ed25519.pem", |pem| pem.replace("END PRIVATE", "END EC PRIVATE")),
            "line 3: the PEM block begins with `-----BEGIN PRIVATE KEY-----` and ends with `-----END EC PRIVATE KEY-----`; \
             expected the same label",
        ),
        (
            changed("ed25519.pem", |pem| pem.replace("-----BEGIN PRIVATE KEY-----\n", "")),
            "line 2: a PEM block ends that has not begun: its first lines are missing",
        ),
        (
            changed("ed25519.pem", |pem| pem.replace("-----BEGIN", "----BEGIN")),
            "line 1: the first line of the PEM block is damaged; expected five dashes before `BEGIN`",
        ),
        (
            changed("ed25519.pem", |pem| pem.replace("-----BEGIN", "—–BEGIN")),
            "line 1: the first line of the PEM block is damaged",
        ),
        (
            changed("rsa2048.pem", |pem| {
                let mut lines: Vec<String> = pem.lines().map(str::to_owned).collect();
                lines[4].replace_range(10..11, "*");
                lines.join("\n")
            }),
            "line 5: character 11: this is no character of base64",
        ),
        (
            changed("rsa2048.pem", |pem| {
                let mut lines: Vec<String> = pem.lines().map(str::to_owned).collect();
                lines[4].replace_range(10..11, "");
                lines.join("\n")
            }),
            "line 27: the base64 that ends here has",
        ),
        (
            changed("rsa2048.pem", |pem| {
                let mut lines: Vec<&str> = pem.lines().collect();
                lines.remove(4);
                lines.join("\n")
            }),
            "line 1: the PEM block that begins here is damaged: it is cut off: its first structure has 1213 bytes, of which \
             1165 are there",
        ),
        (
            b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n".to_vec(),
            "line 1: the PEM block that begins here has nothing in it",
        ),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            "line 1: the PEM block that begins here holds no DER",
        ),
        (
            b"-----BEGIN PRIVATE KEY-----\nMA==AAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            "line 2: character 5: the base64 goes on after its end",
        ),
        (
            changed("rsa2048.pem", |pem| pem.replace("PRIVATE KEY", "RSA PRIVATE KEY")),
            "line 1: the label of the PEM block is `RSA PRIVATE KEY`, but what it holds is `PRIVATE KEY`",
        ),
        (
            changed("ed25519-scrypt.pem", |pem| pem.replace("ENCRYPTED ", "")),
            "line 1: the label of the PEM block is `PRIVATE KEY`, but what it holds is `ENCRYPTED PRIVATE KEY`",
        ),
    ] {
        let error = private(&bytes).to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn damaged_files_of_other_programs() {
    for (bytes, expected) in [
        (
            b"untrusted comment: minisign encrypted secret key\n".to_vec(),
            "line 1: the key is missing after its comment",
        ),
        (b"untrusted comment: x\nRWQ*\n".to_vec(), "line 2: character 4: this is no character of base64"),
        (
            b"untrusted comment: minisign secret key\nRWRC\n".to_vec(),
            "the minisign key is malformed: it has 3 bytes",
        ),
        (
            changed("minisign.key", |text| {
                let at = text.len() - 100;
                let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
                let mut text = text;
                text.replace_range(at..=at, other);
                text
            }),
            "the minisign key is malformed: the public key in it belongs to another private key",
        ),
        (
            changed("openssh-ed25519", |pem| {
                let mut lines: Vec<&str> = pem.lines().collect();
                lines.remove(3);
                lines.join("\n")
            }),
            "line 5: the base64 that ends here has 254 characters, which is no multiple of 4",
        ),
    ] {
        let error = private(&bytes).to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn passphrases() {
    for (name, format) in [
        ("ed25519-pbkdf2.pem", "encrypted private key (PKCS#8)"),
        ("ed25519-scrypt.pem", "encrypted private key (PKCS#8)"),
        ("openssh-rsa", "OpenSSH private key"),
        ("openssh-p256", "OpenSSH private key"),
        ("signify.sec", "signify private key"),
    ] {
        let none = read_private(&data(name), None).unwrap_err().to_string();
        assert_eq!(none, format!("the {format} is encrypted, and there is no passphrase"), "{name}");
        let wrong = read_private(&data(name), Some(b"secret\n")).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            format!("the passphrase does not open the {format}: it is another one, or the file is damaged")
        );
    }
}

#[test]
fn no_wrong_passphrase_opens_a_key() {
    // One in 256 leaves a padding that is right.
    let key = data("ed25519-pbkdf2.pem");
    for number in 0..600 {
        let passphrase = format!("wrong {number}");
        let error = read_private(&key, Some(passphrase.as_bytes())).unwrap_err();
        assert!(matches!(error, KeyFileError::WrongPassphrase { .. }), "{error}");
    }
}

/// Replaces bytes in the DER of a PEM block.
fn patched(name: &str, find: &[u8], replace: &[u8]) -> Vec<u8> {
    assert_eq!(find.len(), replace.len());
    let body: String =
        String::from_utf8(data(name)).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = Base64::decode_vec(&body).unwrap();
    let at = der.windows(find.len()).position(|window| window == find).unwrap();
    der[at..at + find.len()].copy_from_slice(replace);
    der
}

/// Replaces bytes in the DER of a PEM block by more of them; the sequences around them grow.
fn grown(name: &str, find: &[u8], replace: &[u8]) -> Vec<u8> {
    let mut der = patched(name, find, find);
    let at = der.windows(find.len()).position(|window| window == find).unwrap();
    let more = u8::try_from(replace.len() - find.len()).unwrap();
    let mut offset = 0;
    while offset < at {
        let length_at = if der[offset + 1] == 0x81 { offset + 2 } else { offset + 1 };
        let end = length_at + 1 + usize::from(der[length_at]);
        if der[offset] == 0x30 && at < end {
            der[length_at] += more;
            offset = length_at + 1;
        } else {
            offset = end;
        }
    }
    der.splice(at..at + find.len(), replace.iter().copied());
    der
}

#[test]
fn a_costly_passphrase_is_refused_at_once() {
    let start = std::time::Instant::now();
    // INTEGER 2048, as openssl writes; it becomes 2 bytes that mean 32767 and stays within the limit.
    let der = patched("ed25519-pbkdf2.pem", &[0x02, 0x02, 0x08, 0x00], &[0x02, 0x02, 0x7f, 0xff]);
    assert!(matches!(private(&der), KeyFileError::WrongPassphrase { .. }));
    // scrypt: N = 16384, r = 8, p = 1.
    let cost = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01];
    for (numbers, asked) in [
        (
            [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x7f],
            "16 MiB of memory and 127 passes of scrypt",
        ),
        ([0x02, 0x03, 0x10, 0x00, 0x00, 0x02, 0x01, 0x08, 0x02, 0x00], "malformed"),
        ([0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01], "malformed"),
        ([0x02, 0x02, 0x40, 0x01, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01], "malformed"),
        ([0x02, 0x02, 0x00, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01], "malformed"),
    ] {
        let error = private(&patched("ed25519-scrypt.pem", &cost, &numbers)).to_string();
        assert!(error.contains(asked), "{error}");
    }
    let most = "at most 256 MiB and 16 passes are spent on a passphrase";
    let longer = [0x02, 0x03, 0x20, 0x00, 0x00, 0x02, 0x01, 0x08];
    let der = grown("ed25519-scrypt.pem", &cost[..7], &longer);
    let expected = format!(
        "the encrypted private key (PKCS#8) asks for 2048 MiB of memory and 1 passes of scrypt; {most}"
    );
    assert_eq!(private(&der).to_string(), expected);
    let der = grown("ed25519-pbkdf2.pem", &[0x02, 0x02, 0x08, 0x00], &[0x02, 0x04, 0x00, 0x98, 0x96, 0x81]);
    assert_eq!(
        private(&der).to_string(),
        "the encrypted private key (PKCS#8) asks for 10000001 iterations of PBKDF2; at most 10000000 are spent on a \
         passphrase"
    );
    // Rounds of OpenSSH's bcrypt: the number after the salt of 16 bytes.
    let name = "openssh-rsa";
    let error = private(&patched(name, &[0, 0, 0, 0x18, 0, 0, 0, 0x10], &[0, 0, 0, 0x18, 0, 0, 0, 0x11]));
    assert!(matches!(error, KeyFileError::Malformed { .. }), "{error}");
    let body: String =
        String::from_utf8(data(name)).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = Base64::decode_vec(&body).unwrap();
    let salt = der.windows(8).position(|window| window == [0, 0, 0, 0x18, 0, 0, 0, 0x10]).unwrap();
    der[salt + 24..salt + 28].copy_from_slice(&1_000_000_u32.to_be_bytes());
    let error = private(&der).to_string();
    assert_eq!(
        error,
        "the OpenSSH private key asks for 1000000 rounds of bcrypt; at most 1000 are spent on a passphrase"
    );
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn a_minisign_key_that_asks_for_too_much() {
    let text = String::from_utf8(data("minisign.key")).unwrap();
    let mut bytes = Base64::decode_vec(text.lines().nth(1).unwrap()).unwrap();
    bytes[2..4].copy_from_slice(b"Sc");
    for (operations, memory) in [(u64::MAX, u64::MAX), (1 << 40, 1 << 40), (u64::MAX, 1 << 20), (u64::MAX, 0)]
    {
        bytes[38..46].copy_from_slice(&operations.to_le_bytes());
        bytes[46..54].copy_from_slice(&memory.to_le_bytes());
        let file =
            format!("untrusted comment: minisign encrypted secret key\n{}\n", Base64::encode_string(&bytes));
        let error = private(file.as_bytes());
        assert!(matches!(error, KeyFileError::Cost { .. }), "{error}");
    }
}

#[test]
fn what_is_given_instead_of_a_public_key() {
    for name in ["ed25519.pem", "rsa2048-pkcs1.pem", "p256-sec1.pem", "ed25519-scrypt.pem", "openssh-ed25519"]
    {
        let error = public(&data(name));
        assert!(error.to_string().starts_with("it is a private key (line "), "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.starts_with("give the public key: verifying needs no private key"), "{hint}");
    }
    for (bytes, expected) in [
        (data("minisign.key"), "it is a private key; expected a public key"),
        (data("signify.sec"), "it is a private key; expected a public key"),
        ([data("certificate.pem"), data("p256-sec1.pem")].concat(), "it is a private key (line "),
        (data("store.p12"), "it is a PKCS#12 file (.p12, .pfx); expected a public key"),
        (data("request.pem"), "it is a certificate request (CSR) (line 1); expected a public key"),
        (b"ssh-dss AAAAB3NzaC1kc3M= old".to_vec(), "a key of the kind DSA is not supported"),
        (b"ecdsa-sha2-nistp521 AAAA".to_vec(), "a key of the kind ECDSA P-521 is not supported"),
        (b"sk-ssh-ed25519@openssh.com AAAA".to_vec(), "a key of the kind Ed25519 on a security key (FIDO)"),
        (b"ci@example cert-authority ssh-ed25519 AAAA".to_vec(), "line 1: the key is one of an authority"),
        (b"ssh-ed25519".to_vec(), "line 1: the key after its type is missing"),
        (b"ssh-ed25519 AAA*".to_vec(), "line 1: the key after its type is no base64"),
        (
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== x".to_vec(),
            "line 1: the OpenSSH public key is malformed: it is cut off",
        ),
        (b"".to_vec(), "it is empty; expected a public key"),
        (b"age1qqqq".to_vec(), "it is an age key"),
    ] {
        let error = public(&bytes).to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}

const FILES: [&str; 22] = [
    "ed25519.pem",
    "ed25519-pbkdf2.pem",
    "ed25519-scrypt.pem",
    "p256-sec1.pem",
    "p384.pem",
    "rsa2048-pkcs1.pem",
    "rsa2048.pub.pem",
    "openssh-ed25519",
    "openssh-p256",
    "openssh-ed25519.pub",
    "openssh-rsa.pub",
    "minisign.key",
    "minisign.pub",
    "signify.sec",
    "certificate.pem",
    "chain.pem",
    "request.pem",
    "store.p12",
    "store.jks",
    "pgp.asc",
    "pkcs7.pem",
    "dsa.pem",
];

/// The DER of a PEM file, or the file.
fn inner(name: &str) -> Vec<u8> {
    let bytes = data(name);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body: String = text.lines().filter(|line| !line.starts_with('-') && !line.contains(':')).collect();
    Base64::decode_vec(&body).unwrap_or(bytes)
}

#[test]
fn no_prefix_is_a_key() {
    for name in ["ed25519.pem", "p256-sec1.pem", "rsa2048-pkcs1.pem", "openssh-ed25519"] {
        let der = if name.starts_with("p256") {
            // Without the curve before it.
            read_private(&data(name), None).unwrap().key.to_pkcs8_der().unwrap().as_bytes().to_vec()
        } else {
            inner(name)
        };
        assert!(read_private(&der, None).is_ok(), "{name}");
        for length in 0..der.len() {
            assert!(read_private(&der[..length], None).is_err(), "{name}: {length} bytes");
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert!(read_private(&longer, None).is_err(), "{name}: one byte more");
    }
}

#[test]
fn a_key_in_a_comment_is_no_key() {
    let text = b"# created:-begi-hiw0yN\r\r\rssh-ed25519 aaaaac3N02vdNpU002E\r\r\r\r";
    assert!(read_public_keys(text).is_err());
    assert!(read_public(text).is_err());
}

#[test]
fn a_line_limits_purpose_and_time() {
    let limits = SignerLimits {
        namespaces: vec!["lw-ota".into()],
        valid_after: Some("20240101".into()),
        valid_before: Some("202501011200Z".into()),
        ..SignerLimits::default()
    };
    let at = |seconds| limits.allow("lw-ota", Duration::from_secs(seconds));
    // 2024-01-01T00:00:00Z and 2025-01-01T12:00:00Z.
    assert!(at(1_704_067_199).unwrap_err().contains("from 20240101 on"));
    assert_eq!(at(1_704_067_200), Ok(()));
    assert_eq!(at(1_735_732_799), Ok(()));
    assert!(at(1_735_732_800).unwrap_err().contains("until 202501011200Z"));
    assert!(limits.allow("git", Duration::from_secs(1_704_067_200)).unwrap_err().contains("namespace"));
    assert_eq!(SignerLimits::default().allow("git", Duration::from_secs(0)), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is changed, there is an answer, no panic; and when it is an error, it shows nothing of the file.
    #[test]
    fn changed_files(
        file in 0..FILES.len(),
        is_inner: bool,
        cut in 0.0..1.2_f64,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = if is_inner { inner(FILES[file]) } else { data(FILES[file]) };
        let length = (bytes.len() as f64 * cut) as usize;
        bytes.truncate(length);
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let read = read_private(&bytes, None);
        if let Err(error) = read {
            let shown = format!("{error} {error:?} {:?}", error.hint());
            for line in String::from_utf8_lossy(&bytes).lines().filter(|line| line.len() >= 24 && !line.contains(' ')) {
                prop_assert!(!shown.contains(&line[..line.floor_char_boundary(20)]), "{shown}");
            }
        }
        let _ = read_public(&bytes);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_private(&bytes, Some(b"secret")).is_err());
        prop_assert!(read_public(&bytes).is_err());
    }
}
