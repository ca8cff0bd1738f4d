//! Reading the keys a file is held to.

use std::time::Duration;

use lw_model::{Class, Diagnose as _, Level};
use lw_signature::{KeyFileError, KeyKind, Signer as _, read_public};
use lw_signed::{KeyReader, Role, TrustError, refuse_test_key};

use crate::key;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn data(name: &str) -> Vec<u8> {
    std::fs::read(lw_testkit::root().join("crates/formats/signature/tests/data/keys").join(name)).unwrap()
}

fn pem() -> Vec<u8> {
    key(KeyKind::EcdsaP256).public_key().to_spki_pem().into_bytes()
}

#[test]
fn keys_keep_their_role_and_their_order() {
    let mut reader = KeyReader::new("sign", NOW, false);
    let (prod, dev) = (pem(), pem());
    reader.add(Role::Trusted, "prod", "prod.pem", &prod).unwrap();
    reader.add(Role::Known, "dev", "dev.pem", &dev).unwrap();
    reader.add_digest([9; 32]);
    let read = reader.finish();
    let names = |keys: &[lw_signed::NamedKey]| keys.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&read.keys.trusted), names(&read.keys.known)),
        (vec!["prod".into()], vec!["dev".into()])
    );
    assert_eq!(read.keys.trusted[0].key, read_public(&prod).unwrap().key);
    assert_eq!(read.keys.digests, [[9; 32]]);
    let order: Vec<_> = read.files.iter().map(|(named, _)| named.name.as_str()).collect();
    assert_eq!((order, read.findings.len()), (vec!["prod", "dev"], 0));
    // Only looked at, a key is none that anybody trusts.
    let mut reader = KeyReader::new("sign", NOW, false);
    reader.read("prod.pem", &prod).unwrap();
    assert!(reader.finish().keys.is_empty());
}

#[test]
fn names_and_files_are_given_together() {
    let file = pem();
    let open = |path: &str| Ok::<_, TrustError>((format!("shown {path}"), file.clone()));
    let read = |given: &str| {
        let mut reader = KeyReader::new("sign", NOW, false);
        reader.add_named(Role::Trusted, "expect-key", &[given.to_owned()], open).map(|()| reader.finish())
    };
    let named = read(" prod = keys/a=b.pem ").unwrap().keys.trusted;
    assert_eq!(named[0].name, "prod");
    for given in ["prod", "=file", "prod=", " = ", ""] {
        let error = read(given).unwrap_err();
        assert!(
            matches!(&error, TrustError::NoName { flag: "expect-key", text } if text == given),
            "{error}"
        );
        assert_eq!(error.class(), Class::Usage);
        assert!(error.hint().unwrap().contains("--expect-key NAME=FILE"));
    }
    // What cannot be opened is the caller's to say.
    let mut reader = KeyReader::new("sign", NOW, false);
    let refuse =
        |path: &str| Err::<(String, Vec<u8>), _>(TrustError::TooLarge { file: path.to_owned(), bytes: 1 });
    let error = reader.add_named(Role::Known, "known-key", &["a=b".to_owned()], refuse).unwrap_err();
    assert!(error.to_string().starts_with("b: "), "{error}");
}

#[test]
fn what_is_no_key_is_said() {
    let mut reader = KeyReader::new("sign", NOW, false);
    let error = reader.add(Role::Trusted, "prod", "prod.pem", b"nothing").unwrap_err();
    let TrustError::Key { file, source } = &error else { panic!("{error}") };
    assert_eq!((file.as_str(), error.to_string().as_str()), ("prod.pem", "prod.pem"));
    assert_eq!((error.class(), error.hint()), (source.class(), source.hint()));
    assert!(!matches!(source, KeyFileError::NoPassphrase { .. }));
    // A file of this size is none, and is not looked into.
    let mut large = pem();
    large.resize(1 << 20, b'\n');
    reader.read("large.pem", &large).unwrap();
    large.push(b'\n');
    let error = reader.read("large.pem", &large).unwrap_err();
    assert!(matches!(error, TrustError::TooLarge { bytes: 1_048_577, .. }), "{error}");
    assert_eq!(error.class(), Class::Input);
    assert!(error.hint().unwrap().contains("the public key or the certificate"));
    assert!(reader.finish().keys.is_empty());
}

/// A certificate counts in its time, to the second; the key is taken, and the finding fails the run.
#[test]
fn a_certificate_out_of_its_time_is_a_finding() {
    let certificate = read_public(&data("certificate.pem")).unwrap().certificate.unwrap();
    let second = Duration::from_secs(1);
    for (now, is_valid) in [
        (certificate.not_before(), true),
        (certificate.not_before() - second, false),
        (certificate.not_after(), true),
        (certificate.not_after() + second, false),
    ] {
        let mut reader = KeyReader::new("ota-package", now, false);
        reader.add(Role::Trusted, "prod", "keys/prod.pem", &data("certificate.pem")).unwrap();
        let findings = reader.finish().findings;
        assert_eq!(findings.is_empty(), is_valid, "{now:?}");
        for finding in findings {
            assert_eq!((finding.rule.as_str(), finding.level), ("ota-package/certificate", Level::Error));
            assert!(finding.message.starts_with("keys/prod.pem: "), "{}", finding.message);
            assert!(finding.help.is_some() && finding.location.is_some());
        }
    }
}

/// Keys whose private half is published may be known, and are trusted only where that is wanted.
#[test]
fn a_published_key_is_not_trusted() {
    let Some(path) = lw_testkit::shared_fixture("ota/keys/root-ec-p256.pub.pem") else { return };
    let file = std::fs::read(path).unwrap();
    let add = |role, allowed| {
        let mut reader = KeyReader::new("sign", NOW, allowed);
        reader.add(role, "key", "root.pem", &file).map(|()| reader.finish().keys)
    };
    let error = add(Role::Trusted, false).unwrap_err();
    assert!(matches!(&error, TrustError::TestKey { file, .. } if file == "root.pem"), "{error}");
    assert_eq!(error.class(), Class::Input);
    assert!(error.hint().unwrap().contains("--allow-test-key"));
    assert_eq!(add(Role::Trusted, true).unwrap().trusted.len(), 1);
    let known = add(Role::Known, false).unwrap();
    assert_eq!((known.known.len(), known.is_empty()), (1, true));
    let key = &known.known[0].key;
    assert!(refuse_test_key(key, "x", false).is_err() && refuse_test_key(key, "x", true).is_ok());
    let own = crate::key(KeyKind::EcdsaP256);
    assert!(refuse_test_key(own.public_key(), "x", false).is_ok());
}
