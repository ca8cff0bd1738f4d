//! minisign, with the program as judge.

use std::fs;

use base64ct::{Base64, Encoding as _};
use lw_signature::minisign::{self, COMMENT, Form, KeyId, Options, Signature};
use lw_signature::{FormError, KeyKind, PrivateKey, Signer as _, VerifyError, VerifyFileError};
use lw_testkit::program;

use super::{accepts, commented_key, commented_key_file, flips, key, must, passes};

const FILE: &[u8] = b"firmware";

fn options<'text>(form: Form, trusted_comment: &'text str) -> Options<'text> {
    let key_id = KeyId::of(key(KeyKind::Ed25519).public_key());
    Options { form, key_id, untrusted_comment: COMMENT, trusted_comment }
}

fn sign(form: Form) -> Signature {
    let comment = minisign::trusted_comment(form, 1_700_000_000, "firmware.bin");
    minisign::sign(key(KeyKind::Ed25519), &options(form, &comment), passes(FILE)).unwrap()
}

#[test]
fn minisign_verifies_ours() {
    let Some(judge) = program("minisign") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    fs::write(folder.join("other"), b"Firmware").unwrap();
    let public = key(KeyKind::Ed25519).public_key();
    fs::write(folder.join("key.pub"), commented_key_file(public, KeyId::of(public))).unwrap();
    for form in [Form::Prehashed, Form::Legacy] {
        fs::write(folder.join("ours"), sign(form).to_bytes()).unwrap();
        let verify = |file: &str, more: &[&str]| {
            let arguments = [&["-V", "-p", "key.pub", "-m", file, "-x", "ours"][..], more].concat();
            accepts(folder, &judge, &arguments)
        };
        let (accepted, text) = verify("file", &[]);
        assert!(accepted, "{form:?}: {text}");
        assert!(text.contains("Trusted comment: timestamp:1700000000\tfile:firmware.bin"), "{text}");
        assert!(!verify("other", &[]).0);
        assert_eq!(verify("file", &["-H"]).0, form == Form::Prehashed);
    }
}

/// Ed25519 is deterministic, so with its own key the program's files are ours, byte for byte.
#[test]
fn ours_is_what_minisign_writes() {
    let Some(judge) = program("minisign") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("file"), FILE).unwrap();
    must(folder, &judge, &["-G", "-W", "-p", "key.pub", "-s", "key"]);
    let (public, key_id) = commented_key(&fs::read(folder.join("key.pub")).unwrap());
    let secret = fs::read_to_string(folder.join("key")).unwrap();
    let secret = Base64::decode_vec(secret.lines().nth(1).unwrap()).unwrap();
    // Three words of two bytes, a salt of 32, two limits of 8, the key id of 8, then the seed.
    let signer = PrivateKey::from_ed25519_seed(&secret[62..94]).unwrap();
    assert_eq!(signer.public_key(), &public);
    for form in [Form::Prehashed, Form::Legacy] {
        let mut arguments = vec!["-S", "-s", "key", "-m", "file", "-x", "theirs"];
        arguments.extend((form == Form::Legacy).then_some("-l"));
        must(folder, &judge, &arguments);
        let bytes = fs::read(folder.join("theirs")).unwrap();
        let theirs = Signature::parse(&bytes).unwrap();
        theirs.verify(&public, Some(key_id), FILE).unwrap();
        assert_eq!((theirs.form(), theirs.key_id()), (form, key_id));
        let comment = theirs.trusted_comment();
        let seconds = comment.split(['\t', ':']).nth(1).unwrap().parse().unwrap();
        assert_eq!(comment, minisign::trusted_comment(form, seconds, "file"), "the comment it writes itself");
        let options = Options { form, key_id, untrusted_comment: COMMENT, trusted_comment: &comment };
        let ours = minisign::sign(&signer, &options, passes(FILE)).unwrap();
        assert_eq!(ours.to_bytes(), bytes, "{form:?}");
    }
}

#[test]
fn every_changed_bit_fails_but_those_of_the_untrusted_comment() {
    let public = key(KeyKind::Ed25519).public_key();
    for form in [Form::Prehashed, Form::Legacy] {
        let bytes = sign(form).to_bytes();
        // What the first line says is signed by nobody, which is why its name says so.
        let comment = "untrusted comment: ".len()..bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for (byte, flipped) in flips(&bytes) {
            let verified = Signature::parse(&flipped)
                .is_ok_and(|signature| signature.verify(public, Some(KeyId::of(public)), FILE).is_ok());
            assert!(!verified || comment.contains(&byte), "byte {byte} of {form:?}");
        }
        for end in 0..bytes.len() - 1 {
            assert!(Signature::parse(&bytes[..end]).is_err(), "cut after {end}");
        }
        Signature::parse(&bytes[..bytes.len() - 1]).unwrap();
    }
}

#[test]
fn a_changed_trusted_comment_is_told_from_a_changed_file() {
    let public = key(KeyKind::Ed25519).public_key();
    let text = String::from_utf8(sign(Form::Prehashed).to_bytes()).unwrap();
    let changed = Signature::parse(text.replace("firmware.bin", "Firmware.bin").as_bytes()).unwrap();
    match changed.verify(public, None, FILE) {
        Err(VerifyFileError::Verify(VerifyError::Comment { comment })) => {
            assert!(comment.contains("Firmware.bin"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        sign(Form::Prehashed).verify(public, None, &b"other"[..]),
        Err(VerifyFileError::Verify(VerifyError::Mismatch))
    ));
    // A prehashed signature is none of the legacy form, whatever its first bytes say.
    let line = text.lines().nth(1).unwrap();
    let mut bytes = Base64::decode_vec(line).unwrap();
    bytes[..2].copy_from_slice(b"Ed");
    let legacy = text.replace(line, &Base64::encode_string(&bytes));
    let legacy = Signature::parse(legacy.as_bytes()).unwrap();
    assert!(matches!(legacy.verify(public, None, FILE), Err(VerifyFileError::Verify(VerifyError::Mismatch))));
}

#[test]
fn ends_of_lines_are_read_as_minisign_reads_them() {
    let public = key(KeyKind::Ed25519).public_key();
    let text = String::from_utf8(sign(Form::Prehashed).to_bytes()).unwrap();
    for same in [text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
        Signature::parse(same.as_bytes()).unwrap().verify(public, None, FILE).unwrap();
    }
    // minisign ignores what follows; a file that says more than its signature is none here.
    let problem = |text: &str| Signature::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        problem(&format!("{text}more\n")),
        "the minisign signature, line 5: it belongs to no signature: something was added to the file"
    );
    assert!(Signature::parse(format!("{text}\n").as_bytes()).is_err());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        problem(&format!("{}\n{}x\n{}\n", lines[0], lines[1], lines[2])),
        "the minisign signature, line 2: it is no Base64, or has white space before or after it"
    );
    assert_eq!(problem(&lines[..3].join("\n")), "the minisign signature, line 4: it is missing");
    let unsigned = [lines[0], lines[1], "comment: x", lines[3]].join("\n");
    assert_eq!(
        problem(&unsigned),
        "the minisign signature, line 3: it does not begin with \"trusted comment: \""
    );
}

#[test]
fn other_files_are_named() {
    let public = key(KeyKind::Ed25519).public_key();
    let found = |bytes: &[u8]| match Signature::parse(bytes) {
        Err(error @ FormError::Other { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        found(commented_key_file(public, KeyId::of(public)).as_bytes()),
        "the signature is a public key (minisign or signify); expected one of minisign"
    );
    assert_eq!(found(b""), "the signature is an empty file; expected one of minisign");
}

/// A comment with a line in it would be a second signature's.
#[test]
fn comments_are_one_line() {
    let signer = key(KeyKind::Ed25519);
    let long = "x".repeat(9000);
    for bad in ["a\nb", "a\rb", "a\0b", long.as_str()] {
        let trusted = options(Form::Prehashed, bad);
        let untrusted = Options { untrusted_comment: bad, trusted_comment: "", ..trusted };
        for options in [trusted, untrusted] {
            assert!(minisign::sign(signer, &options, passes(FILE)).is_err(), "{bad:.10?}");
        }
    }
    let unicode = options(Form::Prehashed, "für Gerät 1\t🚀");
    let signed = minisign::sign(signer, &unicode, passes(FILE)).unwrap();
    let read = Signature::parse(&signed.to_bytes()).unwrap();
    read.verify(signer.public_key(), None, FILE).unwrap();
    assert_eq!(read.trusted_comment(), "für Gerät 1\t🚀");
}
