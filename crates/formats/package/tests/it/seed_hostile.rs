//! JSON packages written otherwise, damaged or forged.

use std::io;

use lw_model::{Class, Diagnose as _};
use lw_package::seed::{Package, read};
use lw_package::{JsonProblem, Md5, ReadError, Sha256};

const FIRMWARE: &[u8] = b"\xE9\x05\x02\x1F";

fn manifest() -> String {
    format!(
        r#"{{"version": "1", "board": "b", "size": 4, "checksums": {{"md5": "{}", "sha256": "{}"}},
        "minimum_version": "1.0.0", "release_notes": "Release 1"}}"#,
        Md5::of(FIRMWARE),
        Sha256::of(FIRMWARE)
    )
}

fn good() -> String {
    format!(r#"{{"manifest": {}, "firmware": "e905021f"}}"#, manifest())
}

fn try_read(text: &str) -> Result<(Package, Vec<u8>), ReadError> {
    let mut firmware = Vec::new();
    read(text.as_bytes(), &mut firmware).map(|package| (package, firmware))
}

fn error(text: &str) -> ReadError {
    match try_read(text) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {text}"),
    }
}

fn json_error(text: &str) -> (u64, JsonProblem) {
    match error(text) {
        ReadError::Json { offset, problem } => (offset, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_json_of_the_same_meaning_is_read() {
    let manifest = manifest();
    for text in [
        good(),
        format!("\u{FEFF}{}", good()),
        format!("\n\t {}\r\n \n", good()),
        format!(r#"{{"firmware":"e905021f","manifest":{manifest}}}"#),
        format!(r#"{{ "firmware" : "E905021F" , "manifest" : {manifest} }}"#),
        format!(r#"{{"manifest":{manifest},"firmware":"\u0065905\u0030\u00321f"}}"#),
        format!(r#"{{"\u006danifest":{manifest},"firmware":"e905021f"}}"#),
    ] {
        let (package, firmware) = try_read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(firmware, FIRMWARE, "{text}");
        assert_eq!(package.manifest.release_notes, "Release 1");
        assert!(package.unknown.is_empty());
    }
}

#[test]
fn other_keys_are_told() {
    let text = good()
        .replacen(r#""manifest""#, r#""signature": {"a": ["}]\"", 1e3, null]}, "n": -1.5, "manifest""#, 1)
        .replacen(r#""board""#, r#""colour": [1], "board""#, 1);
    assert_eq!(try_read(&text).unwrap().0.unknown, ["signature", "n", "manifest.colour"]);
}

#[test]
fn text_is_utf_8_even_where_it_means_nothing() {
    for at in [r#""manifest": "#, r#""colour": "#] {
        let text = good().replacen(r#"{"manifest": {"#, r#"{"manifest": {"colour": "?", "#, 1);
        let text = text.replacen("{\"manifest\"", r#"{"colour": "?", "manifest""#, 1);
        assert!(try_read(&text).is_ok());
        let mut bytes = text.into_bytes();
        let start = bytes.windows(at.len()).position(|window| window == at.as_bytes()).unwrap();
        let mark = start + bytes[start..].iter().position(|byte| *byte == b'?').unwrap();
        bytes[mark] = 0xFF;
        let error = read(bytes.as_slice(), io::sink()).unwrap_err();
        assert!(matches!(error, ReadError::Json { problem: JsonProblem::NotUtf8(_), .. }), "{error}");
    }
}

#[test]
fn every_truncation_is_refused_where_it_ends() {
    let text = good();
    for length in 0..text.len() {
        match error(&text[..length]) {
            ReadError::Truncated { offset, .. } => assert_eq!(offset, length as u64),
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn no_changed_byte_gives_another_firmware() {
    let text = good();
    for at in 0..text.len() {
        for byte in *b"\0\t \"\\,:{}[]09aFg\x7F\x80\xC3\xFF" {
            let mut changed = text.clone().into_bytes();
            changed[at] = byte;
            let mut firmware = Vec::new();
            if let Ok(package) = read(changed.as_slice(), &mut firmware) {
                assert_eq!(firmware, FIRMWARE, "byte {at} = {byte}");
                assert_eq!(package.manifest.checksums.sha256, Sha256::of(FIRMWARE));
            }
        }
    }
}

#[test]
fn what_follows_the_object_is_refused() {
    let end = good().len() as u64;
    for tail in ["x", "{}", ",", "\0", "\u{FEFF}"] {
        assert!(
            matches!(error(&format!("{}{tail}", good())), ReadError::Trailing { offset } if offset == end)
        );
    }
    assert!(matches!(error(&format!("{} \n0", good())), ReadError::Trailing { offset } if offset == end + 2));
}

#[test]
fn a_key_comes_once_and_is_there() {
    let manifest = manifest();
    let both = good();
    let twice = both.replacen('{', r#"{"firmware": "e905021f", "#, 1);
    assert!(matches!(json_error(&twice), (_, JsonProblem::DuplicateKey(key)) if key == "firmware"));
    let other = both.replacen('{', r#"{"x": 1, "x": 2, "#, 1);
    assert!(matches!(json_error(&other), (_, JsonProblem::DuplicateKey(_))));
    let inside = both.replacen(r#""version""#, r#""version": "2", "version""#, 1);
    assert!(json_error(&inside).1.to_string().contains("duplicate field `version`"));
    let none = format!(r#"{{"manifest": {manifest}}}"#);
    assert!(matches!(json_error(&none), (_, JsonProblem::MissingKey("firmware"))));
    assert!(matches!(json_error(r#"{"firmware": "00"}"#), (_, JsonProblem::MissingKey("manifest"))));
    assert!(matches!(json_error("{}"), (1, JsonProblem::Unexpected { .. })));
    let missing = both.replacen(r#""size": 4, "#, "", 1);
    assert!(json_error(&missing).1.to_string().contains("missing field `size`"));
}

#[test]
fn a_firmware_is_pairs_of_digits() {
    let with = |digits: &str| good().replace("e905021f", digits);
    let start = good().len() as u64 - 10;
    assert!(matches!(json_error(&with("e905021")), (at, JsonProblem::OddDigits) if at == start + 7));
    assert!(matches!(json_error(&with("e905021g")), (at, JsonProblem::NoDigit('g')) if at == start + 7));
    assert!(matches!(json_error(&with("e9 05021f")), (at, JsonProblem::NoDigit(' ')) if at == start + 2));
    assert!(matches!(json_error(&with("e9é")), (at, JsonProblem::NoDigit(_)) if at == start + 2));
    for escape in [r"\n", r"\u0130", r"\u00e9", r"\ud83d", r"\u00", r"\x41"] {
        assert!(
            matches!(json_error(&with(&format!("e9{escape}0021f"))).1, JsonProblem::NoDigit(_)),
            "{escape}"
        );
    }
    for value in ["4", "null", "[\"e9\"]", "{}"] {
        let text = good().replace("\"e905021f\"", value);
        assert!(
            matches!(json_error(&text), (at, JsonProblem::Unexpected { .. }) if at == start - 1),
            "{value}"
        );
    }
}

#[test]
fn size_and_both_digests_are_held_to() {
    for (from, to) in [(r#""size": 4"#, r#""size": 3"#), (r#""size": 4"#, r#""size": 5"#)] {
        assert!(matches!(error(&good().replace(from, to)), ReadError::Size { .. }), "{to}");
    }
    for (name, digest) in [("MD5", Md5::of(FIRMWARE).hex()), ("SHA-256", Sha256::of(FIRMWARE).hex())] {
        let other = digest.replace(&digest[..4], "0123");
        match error(&good().replace(&digest, &other)) {
            ReadError::Digest { algorithm, declared, found, .. } => {
                assert_eq!((algorithm, declared, found), (name, other, digest));
            }
            other => panic!("{other:?}"),
        }
    }
    let short = good().replace(&Md5::of(FIRMWARE).hex(), "12");
    assert!(json_error(&short).1.to_string().contains("expected 32 hexadecimal digits"));
}

#[test]
fn a_firmware_larger_than_declared_is_not_written() {
    let text = good().replace("e905021f", &"00".repeat(1 << 20));
    let mut firmware = Vec::new();
    let result = read(text.as_bytes(), &mut firmware);
    assert!(matches!(result, Err(ReadError::Size { declared: 4, .. })), "{result:?}");
    assert!(firmware.is_empty());
}

#[test]
fn values_that_are_held_in_memory_have_a_limit() {
    let long = "x".repeat(2 << 20);
    for text in [
        format!(r#"{{"{long}": 1}}"#),
        format!(r#"{{"manifest": {{"version": "{long}"}}}}"#),
        format!(r#"{{"x": {long}}}"#),
        format!(r#"{{"x": {}}}"#, "[".repeat(2 << 20)),
    ] {
        assert!(matches!(json_error(&text).1, JsonProblem::TooLarge { .. }));
    }
    let deep = format!(r#"{{"x": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(json_error(&deep).1, JsonProblem::MissingKey("manifest")), "depth alone costs no stack");
}

#[test]
fn a_sink_that_fails_is_no_fault_of_the_package() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = read(good().as_bytes(), Full).unwrap_err();
    assert!(matches!(&error, ReadError::Sink { .. }));
    assert_eq!(error.class(), Class::Remote);
}
