//! `keys`: what names a key is what other programs say of it, and what is made is what they read.

use lw_signature::{KeyKind, Signer as _};
use lw_testkit::tool::words;

use crate::{Desk, RSA_2048, RSA_3072, SIGN, program};

impl Desk {
    /// What `keys show` says under a name.
    fn shown(&self, key: &str, name: &str) -> String {
        let run = self.passes(&format!("keys show --key {key} --format json"));
        let table = run.report().tables.iter().find(|table| table.id == "key").unwrap();
        let row = table.rows.iter().find(|row| matches!(&row[0], lw_model::Cell::Text(text) if text == name));
        match row.map(|row| &row[1]) {
            Some(lw_model::Cell::Code(value)) => value.clone(),
            other => panic!("{key} has no {name}: {other:?}"),
        }
    }
}

#[test]
fn a_key_is_named_as_other_programs_name_it() {
    let (Some(openssl), Some(keygen)) = (program("openssl"), program("ssh-keygen")) else { return };
    let desk = Desk::new();
    for kind in [RSA_2048, RSA_3072, KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519] {
        desk.key(kind, "key");
        desk.must(&openssl, "pkey -pubin -in key.pub.pem -outform DER -out key.der");
        let theirs = desk.must(&openssl, "dgst -sha256 -r key.der");
        assert!(theirs.starts_with(&desk.shown("key.pub.pem", "SHA-256 of the public key")), "{theirs}");
        // A private key shows the same, and nothing else.
        assert_eq!(
            desk.passes("keys show --key key.pem").stdout,
            desk.passes("keys show --key key.pub.pem").stdout
        );
        desk.write("key.pub", desk.shown("key.pub.pem", "OpenSSH public key") + "\n");
        let theirs = desk.must(&keygen, "-lf key.pub");
        assert!(theirs.contains(&desk.shown("key.pub.pem", "OpenSSH")), "{kind}: {theirs}");
    }
}

#[test]
fn the_digest_of_the_fuses_is_espsecures_and_the_hash_of_mcuboot_imgtools() {
    let (Some(espsecure), Some(imgtool)) = (program("espsecure"), program("imgtool")) else { return };
    let desk = Desk::new();
    for kind in [RSA_3072, KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        desk.key(kind, "key");
        let _ = std::fs::remove_file(desk.path().join("digest"));
        desk.must(&espsecure, "digest-sbv2-public-key --keyfile key.pub.pem --output digest");
        let theirs: String = desk.read("digest").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(desk.shown("key.pub.pem", "Secure Boot V2 (eFuse)"), theirs, "{kind}");
    }
    for kind in [RSA_2048, RSA_3072, KeyKind::EcdsaP256, KeyKind::Ed25519] {
        desk.key(kind, "key");
        let theirs = desk.must(&imgtool, "getpubhash -k key.pem -e raw -o hash");
        let hash: String = desk.read("hash").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(desk.shown("key.pub.pem", "MCUboot (KEYHASH)"), hash, "{kind}: {theirs}");
    }
}

#[test]
fn a_key_that_is_made_is_read_by_openssl_and_is_sealed_when_that_is_asked_for() {
    let Some(openssl) = program("openssl") else { return };
    for kind in ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ed25519"] {
        let desk = Desk::new();
        let line = format!("keys make --kind {kind} --output new.pem");
        desk.passes(&line);
        desk.must(&openssl, "pkey -in new.pem -noout -check");
        desk.must(&openssl, "pkey -in new.pem -pubout -out theirs.pem");
        assert_eq!(desk.read("theirs.pem"), desk.read("new.pub.pem"), "{kind}");
        // Never over another key.
        let before = desk.read("new.pem");
        let run = desk.run(&line);
        assert_ne!(run.code, 0, "{}", run.stdout);
        assert!(run.stderr.contains("there is something of this name already"), "{}", run.stderr);
        assert_eq!(desk.read("new.pem"), before);

        let sealed = words(&format!("keys make --kind {kind} --passphrase env:WORD --output sealed.pem"));
        let run = SIGN.run(desk.path(), &sealed, &[("WORD", "correct horse")]);
        assert_eq!(
            (run.code, run.report().fact("private key", None)),
            (0, Some("encrypted")),
            "{}",
            run.stderr
        );
        let text = String::from_utf8(desk.read("sealed.pem")).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{kind}");
        desk.write_private("word", "correct horse");
        desk.must(&openssl, "pkey -in sealed.pem -passin file:word -pubout -out theirs.pem");
        assert_eq!(desk.read("theirs.pem"), desk.read("sealed.pub.pem"), "{kind}");
        desk.write_private("word", "wrong donkey");
        assert!(!desk.judge(&openssl, "pkey -in sealed.pem -passin file:word -noout").0, "{kind}");
        let run = SIGN.run(desk.path(), &sealed, &[("WORD", "")]);
        assert_eq!(run.code, 3, "an empty passphrase seals nothing: {}", run.stdout);
    }
}

#[test]
fn a_key_is_replaced_in_steps_in_which_each_device_trusts_one_that_signs() {
    let desk = Desk::new();
    let old = desk.key(KeyKind::EcdsaP256, "old");
    let new = desk.key(RSA_3072, "new");
    let run = desk.passes("keys rotate --key old.pub.pem --new-key new.pub.pem");
    let id = |key: &lw_signature::PrivateKey| {
        let digest = key.public_key().fingerprint();
        digest.as_bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let table = run.report().tables.iter().find(|table| table.id == "rotation").unwrap();
    let trusted = |row: usize| match &table.rows[row][2] {
        lw_model::Cell::Text(text) => (text.contains(&id(&old)), text.contains(&id(&new))),
        other => panic!("{other:?}"),
    };
    let steps: Vec<_> = (0..table.rows.len()).map(trusted).collect();
    assert_eq!(steps, [(true, true), (true, true), (false, true), (false, true)]);
    let note = table.note.as_deref().unwrap_or_default();
    for key in ["old", "new"] {
        assert!(note.contains(&desk.shown(&format!("{key}.pub.pem"), "Secure Boot V2 (eFuse)")), "{note}");
    }
    assert!(note.contains("of different kinds"), "{note}");
    desk.refuses("keys rotate --key old.pub.pem --new-key old.pub.pem", 3, &["are the same key"]);
    desk.refuses("keys rotate --key old.pub.pem", 2, &["--new-key is not given"]);
    desk.refuses("keys rotate --new-key new.pub.pem", 2, &["one --key is needed"]);
    desk.refuses("keys rotate --key old.pem --new-key new.pub.pem", 3, &["it is a private key"]);
    desk.refuses("keys", 2, &["make, show or rotate"]);
    desk.refuses("keys show --key app.bin", 3, &["app.bin"]);
    // A published key takes nobody's place.
    if desk.shared("keys/root-ec-p256.pub.pem", "root.pem").is_some() {
        let says = ["root.pem: this is ", "whose private half is published"];
        desk.refuses("keys rotate --key old.pub.pem --new-key root.pem", 3, &says);
        assert!(desk.shown("root.pem", "published test key").contains("MCUboot"));
    }
}

/// Of a key that is sealed, the public half is shown with its passphrase, and without it what it is.
#[test]
fn a_sealed_key_shows_its_public_half() {
    let desk = Desk::new();
    let make = words("keys make --passphrase env:WORD --output sealed.pem");
    assert_eq!(SIGN.run(desk.path(), &make, &[("WORD", "correct horse")]).code, 0);
    let show = words("keys show --key sealed.pem --passphrase env:WORD --output shown.pem");
    let run = SIGN.run(desk.path(), &show, &[("WORD", "correct horse")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(desk.read("shown.pem"), desk.read("sealed.pub.pem"));
    let run = SIGN.run(desk.path(), &show, &[("WORD", "wrong donkey")]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stderr.contains("the passphrase does not open"), "{}", run.stderr);
}
