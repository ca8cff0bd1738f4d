//! Keys that are read: every format, and every way in which a key gets into a secret of a CI.

use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use lw_signature::{
    CertificateError, Hash, KeyFormat, KeyKind, PassphraseFunction, PrivateKey, PublicKey, Signer as _,
    key_id_text, known_test_key, read_private, read_public, read_public_keys,
};

/// A key of `tests/data/keys`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys").join(name);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(data(name)).unwrap()
}

fn public(name: &str) -> PublicKey {
    read_public(&data(name)).unwrap_or_else(|error| panic!("{name}: {error}")).key
}

fn private(name: &str, passphrase: Option<&[u8]>) -> PublicKey {
    let read = read_private(&data(name), passphrase).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read.is_encrypted, passphrase.is_some(), "{name}");
    read.key.public_key().clone()
}

#[test]
fn formats() {
    let secret = Some(b"secret".as_slice());
    for (name, passphrase, of) in [
        ("ed25519.pem", None, "ed25519.pub.pem"),
        ("ed25519-pbkdf2.pem", secret, "ed25519.pub.pem"),
        ("ed25519-pbkdf2-sha1.pem", secret, "ed25519.pub.pem"),
        ("ed25519-scrypt.pem", secret, "ed25519.pub.pem"),
        ("p256-sec1.pem", None, "p256.pub.pem"),
        ("p384.pem", None, "p384.pub.pem"),
        ("rsa2048.pem", None, "rsa2048.pub.pem"),
        ("rsa2048-pkcs1.pem", None, "rsa2048.pub.pem"),
        ("openssh-ed25519", None, "openssh-ed25519.pub"),
        ("openssh-p256", secret, "openssh-p256.pub"),
        ("openssh-rsa", secret, "openssh-rsa.pub"),
        ("minisign.key", None, "minisign.pub"),
        ("signify.sec", secret, "signify.pub"),
    ] {
        assert_eq!(private(name, passphrase), public(of), "{name}");
    }
    assert_eq!(public("rsa2048-pkcs1.pub.pem"), public("rsa2048.pub.pem"));
    assert_eq!(public("certificate.pem"), public("p256.pub.pem"));
    // A passphrase for a key that has none is not used.
    assert!(!read_private(&data("ed25519.pem"), secret).unwrap().is_encrypted);
}

#[test]
fn the_public_half_of_a_key_is_what_the_program_wrote() {
    for (name, kind) in [
        ("ed25519.pub.pem", KeyKind::Ed25519),
        ("p256.pub.pem", KeyKind::EcdsaP256),
        ("p384.pub.pem", KeyKind::EcdsaP384),
        ("rsa2048.pub.pem", KeyKind::Rsa { bits: 2048 }),
    ] {
        let key = public(name);
        assert_eq!(key.kind(), kind);
        assert_eq!(key.to_spki_pem(), text(name), "{name}");
    }
    for name in ["openssh-ed25519", "openssh-p256", "openssh-rsa"] {
        let name = format!("{name}.pub");
        let read = read_public(&data(&name)).unwrap();
        assert_eq!(read.comment.as_deref(), Some("ci@example"));
        assert_eq!(read.key.to_openssh_line("ci@example"), text(&name));
    }
    let minisign = read_public(&data("minisign.pub")).unwrap();
    let id = minisign.key_id.unwrap();
    assert_eq!(minisign.key.to_minisign(id).unwrap(), text("minisign.pub"));
    assert!(text("minisign.pub").contains(&key_id_text(id)));
    let signify = read_public(&data("signify.pub")).unwrap();
    let written = signify.key.to_signify("signify public key", signify.key_id.unwrap()).unwrap();
    assert_eq!(written, text("signify.pub"));
    assert_eq!(public("p256.pub.pem").to_minisign(id), None);
}

/// Ways of handing on a PEM, each with a name.
fn ways(pem: &str) -> Vec<(&'static str, Vec<u8>)> {
    let lines: Vec<&str> = pem.lines().collect();
    let der = || {
        let start = pem.rfind("-----BEGIN").unwrap();
        let body: String = pem[start..].lines().filter(|line| !line.starts_with('-')).collect();
        Base64::decode_vec(&body).unwrap()
    };
    let wrapped = |bytes: &[u8]| {
        let text = Base64::encode_string(bytes);
        text.as_bytes().chunks(76).flat_map(|line| [line, b"\n"].concat()).collect::<Vec<u8>>()
    };
    let utf16 = |text: &str| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let mut ways = vec![
        ("as it is", pem.as_bytes().to_vec()),
        ("CRLF", lines.join("\r\n").into_bytes()),
        ("CR only", lines.join("\r").into_bytes()),
        ("blanks instead of line breaks", lines.join(" ").into_bytes()),
        ("nothing instead of line breaks", lines.concat().into_bytes()),
        ("line breaks written out", lines.join("\\n").into_bytes()),
        ("line breaks of Windows written out", lines.join("\\r\\n").into_bytes()),
        ("in quotes", format!("\"{}\"", lines.join("\\n")).into_bytes()),
        ("in single quotes", format!("'{pem}'\n").into_bytes()),
        ("indented", lines.iter().map(|line| format!("    {line}\n")).collect::<String>().into_bytes()),
        ("blanks around it", format!("\n\n  {pem}  \n\n").into_bytes()),
        ("a byte order mark", format!("\u{feff}{pem}").into_bytes()),
        ("UTF-16", utf16(pem)),
        (
            "text before and after it",
            format!("Bag Attributes\n  localKeyID: 01\n{pem}\nand more\n").into_bytes(),
        ),
        ("base64", Base64::encode_string(pem.as_bytes()).into_bytes()),
        ("base64 in lines", wrapped(pem.as_bytes())),
        ("base64 of base64", wrapped(&wrapped(pem.as_bytes()))),
        ("base64 of CRLF", wrapped(lines.join("\r\n").as_bytes())),
    ];
    if !pem.contains("EC PARAMETERS") {
        ways.extend([
            ("DER", der()),
            ("base64 of DER", Base64::encode_string(&der()).into_bytes()),
            ("base64 of DER in lines", wrapped(&der())),
        ]);
    }
    ways
}

#[test]
fn ways_into_a_secret() {
    for (name, passphrase) in [
        ("ed25519.pem", None),
        ("p256-sec1.pem", None),
        ("rsa2048-pkcs1.pem", None),
        ("ed25519-scrypt.pem", Some(b"secret".as_slice())),
        ("openssh-ed25519", None),
    ] {
        let expected = private(name, passphrase);
        for (way, bytes) in ways(&text(name)) {
            let read =
                read_private(&bytes, passphrase).unwrap_or_else(|error| panic!("{name}, {way}: {error}"));
            assert_eq!(*read.key.public_key(), expected, "{name}, {way}");
        }
    }
    for name in ["p256.pub.pem", "rsa2048-pkcs1.pub.pem", "certificate.pem"] {
        for (way, bytes) in ways(&text(name)) {
            let read = read_public(&bytes).unwrap_or_else(|error| panic!("{name}, {way}: {error}"));
            assert_eq!(read.key, public(name), "{name}, {way}");
        }
    }
    for (name, passphrase) in [("minisign.key", None), ("signify.sec", Some(b"secret".as_slice()))] {
        let expected = private(name, passphrase);
        let lines: Vec<String> = text(name).lines().map(str::to_owned).collect();
        for bytes in [
            lines.join("\r\n").into_bytes(),
            lines.join(" ").into_bytes(),
            lines.join("\\n").into_bytes(),
            Base64::encode_string(text(name).as_bytes()).into_bytes(),
        ] {
            let read = read_private(&bytes, passphrase).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(*read.key.public_key(), expected, "{name}");
        }
    }
    // What `minisign -P` takes: the second line alone.
    let line = text("minisign.pub").lines().nth(1).unwrap().to_owned();
    assert_eq!(public("minisign.pub"), read_public(line.as_bytes()).unwrap().key);
}

#[test]
fn lines_of_allowed_signers() {
    let key = text("openssh-ed25519.pub");
    let key = key.trim();
    let file = format!(
        "# who may sign\n\nci@example,*@example.org namespaces=\"lw-ota,file\",valid-after=\"20260101\" {key}\n\
         other@example {key}\r\n"
    );
    let keys = read_public_keys(file.as_bytes()).unwrap();
    let [first, second] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(first.limits.principals, ["ci@example", "*@example.org"]);
    assert_eq!(first.limits.namespaces, ["lw-ota", "file"]);
    assert_eq!(first.limits.valid_after.as_deref(), Some("20260101"));
    assert_eq!(first.limits.valid_before, None);
    assert_eq!(second.limits.principals, ["other@example"]);
    assert!(second.limits.namespaces.is_empty());
    assert_eq!(first.key, public("openssh-ed25519.pub"));
    // A chain of certificates is one key, two lines are two.
    assert!(
        read_public(file.as_bytes()).is_err_and(|error| error.to_string() == "it holds 2 keys; expected one")
    );
    assert_eq!(read_public_keys(&data("chain.pem")).unwrap().len(), 2);
    assert_eq!(public("chain.pem"), public("p256.pub.pem"));
}

#[test]
fn a_certificate_stands_for_its_key_in_its_time() {
    let file = read_public(&data("certificate.pem")).unwrap();
    assert_eq!(file.format, KeyFormat::Certificate);
    let certificate = file.certificate.unwrap();
    assert_eq!(certificate.subject(), "CN=lw test,O=Example");
    assert_eq!(certificate.serial(), "247d05c6d66e63639923c521442e1ef4c965b0bc");
    let (from, until) = (certificate.not_before(), certificate.not_after());
    assert_eq!(from, Duration::from_secs(1_795_890_990), "2026-11-28T18:36:30Z");
    assert_eq!(until - from, Duration::from_secs(365 * 24 * 3600));
    assert_eq!(certificate.valid_at(from), Ok(()));
    // Its last second is its own, to the end of it.
    assert_eq!(certificate.valid_at(until + Duration::from_millis(999)), Ok(()));
    let late = certificate.valid_at(until + Duration::from_secs(1)).unwrap_err();
    assert_eq!(
        late.to_string(),
        "the certificate of CN=lw test,O=Example has expired: it was valid until 2027-11-28T18:36:30Z, and it is \
         2027-11-28T18:36:31Z"
    );
    let early = certificate.valid_at(from - Duration::from_secs(1)).unwrap_err();
    assert!(matches!(early, CertificateError::NotYetValid { .. }), "{early}");
    assert!(early.to_string().contains("is not valid yet: it is valid from 2026-11-28T18:36:30Z"), "{early}");

    assert_eq!(certificate.is_of(&public("p256.pub.pem")), Ok(()));
    let other = certificate.is_of(&public("p384.pub.pem")).unwrap_err().to_string();
    for key in ["p256.pub.pem", "p384.pub.pem"] {
        let fingerprint: String =
            public(key).fingerprint().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(other.contains(&fingerprint), "{other}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for name in ["ed25519.pem", "p256-sec1.pem", "p384.pem", "rsa2048.pem"] {
        let read = read_private(&data(name), None).unwrap();
        let expected = read.key.public_key().clone();
        let pem = read.key.to_pem().unwrap();
        assert_eq!(*read_private(pem.as_bytes(), None).unwrap().key.public_key(), expected, "{name}");
        for function in [PassphraseFunction::Scrypt, PassphraseFunction::Pbkdf2] {
            let sealed = read.key.to_encrypted_pem(b"secret", function).unwrap();
            assert!(sealed.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let again = read_private(sealed.as_bytes(), Some(b"secret")).unwrap();
            assert_eq!(*again.key.public_key(), expected, "{name}");
            assert!(read_private(sealed.as_bytes(), Some(b"other")).is_err());
        }
        assert!(read.key.to_encrypted_pem(b"", PassphraseFunction::Scrypt).is_err());
    }
}

#[test]
fn no_key_shows_itself() {
    for (name, passphrase) in
        [("ed25519.pem", None), ("rsa2048.pem", None), ("signify.sec", Some(b"secret".as_slice()))]
    {
        let read = read_private(&data(name), passphrase).unwrap();
        let shown = format!("{read:?}");
        let der = read.key.to_pkcs8_der().unwrap();
        let hex: String = der.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let numbers = format!("{:?}", &der.as_bytes()[der.as_bytes().len() - 8..]);
        let base64 = Base64::encode_string(der.as_bytes());
        for canary in [&hex[hex.len() - 16..], numbers.trim_matches(['[', ']']), &base64[base64.len() - 16..]]
        {
            assert!(!shown.contains(canary), "{name}: {shown}");
        }
    }
}

#[test]
fn test_keys_that_everybody_has() {
    // MCUboot's root-ed25519.pem, from its public half (boot/zephyr/keys.c).
    let spki = "MCowBQYDK2VwAyEA1LMbpJo63T+CXRDKfzG1Cw3ofzfMxJ8aQDpcEyD/tOA=";
    let key = read_public(spki.as_bytes()).unwrap().key;
    assert_eq!(known_test_key(&key), Some("MCUboot: root-ed25519.pem"));
    assert_eq!(known_test_key(&public("ed25519.pub.pem")), None);
    for (file, name) in [
        ("root-rsa-2048.pub.pem", "MCUboot: root-rsa-2048.pem"),
        ("root-ec-p256.pub.pem", "MCUboot: root-ec-p256-pkcs8.pem"),
        ("root-ed25519.pub.pem", "MCUboot: root-ed25519.pem"),
        (
            "rsa_secure_boot_signing_key.pub.pem",
            "esptool: test/secure_images/rsa_secure_boot_signing_key.pem",
        ),
        (
            "ecdsa256_secure_boot_signing_pubkey.pem",
            "esptool: test/secure_images/ecdsa256_secure_boot_signing_key.pem",
        ),
    ] {
        let Some(path) = lw_testkit::shared_fixture(&format!("ota/keys/{file}")) else { return };
        let key = read_public(&std::fs::read(path).unwrap()).unwrap().key;
        assert_eq!(known_test_key(&key), Some(name), "{file}");
    }
}

#[test]
fn names_of_a_key_elsewhere() {
    let rsa = public("rsa2048.pub.pem");
    assert_eq!(rsa.mcuboot_key_hash(Hash::Sha256), Hash::Sha256.of(&rsa.to_pkcs1_der().unwrap()));
    let key = public("p256.pub.pem");
    assert_eq!(key.mcuboot_key_hash(Hash::Sha384), Hash::Sha384.of(&key.to_spki_der()));
    assert_eq!(&key.default_key_id(), key.fingerprint().as_bytes().first_chunk().unwrap());
    let new = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    assert_ne!(new.public_key().default_key_id(), key.default_key_id());
}
