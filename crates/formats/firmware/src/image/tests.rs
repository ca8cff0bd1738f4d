use super::*;

fn scan(bytes: &[u8], expect: Option<Kind>) -> Scanned {
    // In two pieces, the first too short to tell the format.
    let mut scanner = Scanner::new(Options { expect, md5: true });
    let (first, rest) = bytes.split_at(bytes.len().min(3));
    scanner.update(first);
    scanner.update(rest);
    let scanned = scanner.finish();
    assert_eq!(scanned, read_from(&mut &bytes[..], Options { expect, md5: true }).unwrap());
    scanned
}

fn foreign(bytes: &[u8], expect: Option<Kind>) -> Option<Foreign> {
    match scan(bytes, expect).image {
        Err(Error::Foreign(foreign)) => Some(foreign),
        _ => None,
    }
}

/// What surely is no image, whatever is expected.
fn never() -> Vec<(Foreign, Vec<u8>)> {
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    let mut merged = vec![0xFF; 0x8000];
    merged[0x1000] = 0xE9;
    merged.extend([0xAA, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0]);
    merged.extend(b"nvs\0\0\0\0\0\0\0\0\0\0\0\0\0");
    merged.extend([0; 4]);
    vec![
        (Foreign::Empty, vec![]),
        (Foreign::Blank(0), vec![0; 5000]),
        (Foreign::Blank(0xFF), vec![0xFF; 5000]),
        (Foreign::Elf, b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec()),
        (Foreign::LfsPointer, lfs.into()),
        (Foreign::MergedFlash { table: 0x8000 }, merged),
        (Foreign::PartitionTable, vec![0xAA, 0x50, 1, 2, 0, 0x90, 0, 0]),
        (Foreign::SRecord, b"S00F000068656C6C6F202020202000003C\n".to_vec()),
        (Foreign::Html, b"<!DOCTYPE html><title>404</title>".to_vec()),
        (Foreign::Text, "Größe: siehe unten".into()),
        (Foreign::Text, vec![b'a'; 5000]),
    ]
}

#[test]
fn what_is_no_image_is_named() {
    for (expected, bytes) in never() {
        for expect in [None, Some(Kind::Plain), Some(Kind::Esp)] {
            assert_eq!(foreign(&bytes, expect), Some(expected), "{expected}");
        }
    }
}

#[test]
fn a_raw_binary_is_accepted_only_when_it_is_expected() {
    let binary = [0, 4, 0, 0x20, 1, 2, 3, 4];
    let looks_like = "binary data that starts with 00 04 00 20".to_owned();
    for expected in [None, Some(Kind::Uf2)] {
        let error = Error::Unknown { expected, looks_like: looks_like.clone() };
        assert_eq!(scan(&binary, expected).image, Err(error));
    }
    assert_eq!(scan(&binary, Some(Kind::Plain)).image, Ok(Image::Plain(Plain { looks_like })));
    // Compressed images are a thing on the ESP8266, so they are binaries as well.
    let gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    assert!(scan(&gzip, None).image.is_err());
    assert!(
        matches!(scan(&gzip, Some(Kind::Plain)).image, Ok(Image::Plain(Plain { looks_like })) if looks_like == "a gzip file")
    );
    // And so is anything else, if that is what is said of it.
    assert!(scan(&[0xE9, 1, 2, 3], Some(Kind::Plain)).verified().is_ok());
}

#[test]
fn the_format_is_found_by_content() {
    let hex = ":00000001FF\n";
    assert_eq!(scan(hex.as_bytes(), None).image.unwrap().kind(), Kind::IntelHex);
    let error = |bytes: &[u8]| scan(bytes, None).image.unwrap_err();
    assert!(matches!(error(&[0xE9, 1, 2]), Error::Esp(_)));
    assert!(matches!(error(&[0xEA, 4]), Error::Esp(_)));
    assert!(matches!(error(&[0x3D, 0xB8, 0xF3, 0x96, 0]), Error::Mcuboot(_)));
    assert!(matches!(error(b"UF2\nWQ]\x9E"), Error::Uf2(_)));
    assert!(matches!(error(b":0000"), Error::IntelHex(_)));
    let wrong = Error::Kind { expected: Kind::Esp, found: Kind::IntelHex };
    assert_eq!(scan(hex.as_bytes(), Some(Kind::Esp)).image, Err(wrong));
}

#[test]
fn the_file_is_hashed_whatever_it_is() {
    let Digests { size, sha256, md5 } = scan(b"abc", None).digests;
    assert_eq!(size, 3);
    assert_eq!(sha256[..4], [0xBA, 0x78, 0x16, 0xBF]);
    assert_eq!(md5.unwrap()[..4], [0x90, 0x01, 0x50, 0x98]);
    let plain = read_from(&mut &b"abc"[..], Options::default()).unwrap();
    assert_eq!(plain.digests.md5, None, "it is computed when asked for");
}

#[test]
fn names_read_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!("elf".parse::<Kind>().is_err());
}
