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
        (Foreign::BigEndianMcuboot, vec![0x96, 0xF3, 0xB8, 0x3D, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 4]),
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
        let error = Error::Unknown { expected, looks_like: looks_like.clone(), container: None };
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

/// The first member of a tar archive.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = vec![0; 512];
    tar[..name.len()].copy_from_slice(name.as_bytes());
    tar[257..262].copy_from_slice(b"ustar");
    tar.extend(content);
    tar.resize(2048, 0);
    tar
}

/// The first member of a zip archive.
fn zip(name: &str) -> Vec<u8> {
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    zip.resize(26, 0);
    zip.extend((name.len() as u16).to_le_bytes());
    zip.extend([0, 0]);
    zip.extend(name.as_bytes());
    zip
}

#[test]
fn bundles_and_archives_are_named_with_what_to_do() {
    let cpio = [&b"070702"[..], &[b'0'; 104], b"sw-description\0"].concat();
    let cases = [
        (Container::NordicDfu, zip("manifest.json")),
        (Container::NordicDfu, zip("dfu_application.bin")),
        (Container::Zip, zip("readme.txt")),
        (Container::Gzip, vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]),
        (Container::Mender, tar("version", br#"{"format":"mender","version":3}"#)),
        (Container::Tar, tar("version", b"1")),
        (Container::Tar, tar("app.bin", b"1")),
        (Container::Swupdate, cpio),
        (Container::Squashfs, b"hsqs\0\0\0\0".to_vec()),
    ];
    for (expected, bytes) in cases {
        match scan(&bytes, None).image {
            Err(error @ Error::Unknown { container: Some(container), .. }) => {
                assert_eq!(container, expected);
                assert!(error.to_string().contains(expected.phrase()), "{error}");
                assert_eq!(lw_model::Diagnose::hint(&error).unwrap(), expected.hint());
            }
            other => panic!("{expected:?}: {other:?}"),
        }
    }
}

/// An Intel HEX file of these ranges.
fn hex_file(ranges: &[(u32, &[u8])]) -> Vec<u8> {
    let record = |offset: u16, kind: u8, data: &[u8]| {
        let mut bytes = vec![data.len() as u8];
        bytes.extend(offset.to_be_bytes());
        bytes.push(kind);
        bytes.extend(data);
        bytes.push(bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\n")
    };
    let mut text = String::new();
    for (address, data) in ranges {
        for (index, piece) in data.chunks(16).enumerate() {
            let at = address + index as u32 * 16;
            text += &record(0, 4, &((at >> 16) as u16).to_be_bytes());
            text += &record(at as u16, 0, piece);
        }
    }
    (text + ":00000001FF\n").into_bytes()
}

/// A small MCUboot image of version 1.2.3+4.
fn mcuboot_image() -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut file = 0x96F3_B83Du32.to_le_bytes().to_vec();
    file.extend([0, 0, 0, 0, 32, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([7; 100]);
    let digest = Sha256::digest(&file);
    file.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    file.extend(digest);
    file
}

#[test]
fn what_a_hex_file_writes_is_checked_as_its_binary_would_be() {
    let image = mcuboot_image();
    let bootloader = [0x00, 0x04, 0x00, 0x20].repeat(40);
    let sound = hex_file(&[(0x0, &bootloader), (0xC000, &image), (0x8_0000, b"settings")]);
    let scanned = scan(&sound, None).image.unwrap();
    scanned.verify().unwrap();
    assert_eq!(scanned.nested().map(|nested| nested.address).collect::<Vec<_>>(), [0xC000]);
    assert_eq!(scanned.version().as_deref(), Some("1.2.3+4"));
    for at in (0..image.len()).step_by(7).filter(|at| *at > 3) {
        let mut damaged = image.clone();
        damaged[at] ^= 1;
        let file = hex_file(&[(0x0, &bootloader), (0xC000, &damaged)]);
        let error = scan(&file, None).image.and_then(|image| image.verify()).unwrap_err();
        assert!(matches!(error, Error::Nested { address: 0xC000, .. }), "byte {at}: {error}");
    }
    let cut = hex_file(&[(0xC000, &image[..image.len() - 1])]);
    assert!(scan(&cut, None).image.unwrap().verify().is_err());
    // Nothing that is known is no image, and two images are two.
    let none = scan(&hex_file(&[(0, &bootloader)]), None).image.unwrap();
    assert_eq!((none.nested().count(), none.version()), (0, None));
    let two = scan(&hex_file(&[(0xC000, &image), (0xF000, &image)]), None).image.unwrap();
    assert_eq!((two.nested().count(), two.version()), (2, None));
    // Data that only starts with the byte ESP images start with is no such image.
    let data = [0xE9; 64];
    assert_eq!(scan(&hex_file(&[(0, &data)]), None).image.unwrap().nested().count(), 0);
}
