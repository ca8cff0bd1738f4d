//! Files that write images to flash, and files that are no image.

use lw_firmware::image::{Image, Plain};
use lw_signature::mcuboot::{Options, Parameters, sign};
use lw_signature::{KeyKind, PrivateKey, Signer};
use lw_signed::{Keys, Rejected, Standing};

use crate::{ANY, judge, key, not_verifiable, scan, standings, trusted, untrusted};

fn hex_file(ranges: &[(u32, &[u8])]) -> Vec<u8> {
    let record = |offset: u16, kind: u8, data: &[u8]| {
        let mut bytes = vec![u8::try_from(data.len()).unwrap()];
        bytes.extend(offset.to_be_bytes());
        bytes.push(kind);
        bytes.extend(data);
        bytes.push(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte)));
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\n")
    };
    let mut text = String::new();
    for (address, data) in ranges {
        for (index, piece) in data.chunks(16).enumerate() {
            let [high, low] = {
                let at = address + u32::try_from(index).unwrap() * 16;
                [at >> 16, at & 0xFFFF].map(|half| u16::try_from(half).unwrap())
            };
            text += &record(0, 4, &high.to_be_bytes());
            text += &record(low, 0, piece);
        }
    }
    (text + ":00000001FF\n").into_bytes()
}

fn mcuboot(key: &PrivateKey) -> Vec<u8> {
    let parameters = Parameters { header_size: 32, pad_header: true, ..Parameters::default() };
    let binary = [5; 64];
    let prepared = parameters.prepare(binary.len() as u64).unwrap();
    let image = prepared.digest(&binary).unwrap().without_tlvs();
    let area = sign(&image, &[key as &dyn Signer], Options::default()).unwrap();
    [&prepared.header[..], &binary, &prepared.protected, &area].concat()
}

#[test]
fn the_one_image_in_a_container_is_judged() {
    let (prod, other) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let image = mcuboot(&prod);
    let file = hex_file(&[(0x1_0000, &image)]);
    assert!(matches!(scan(&file), Image::IntelHex(_)));
    let accepted = judge(&file, &trusted(&[("prod", &prod)]), ANY).unwrap();
    assert_eq!((accepted.scheme, standings(&accepted)[0].1), ("MCUboot", Standing::Trusted));
    untrusted(judge(&file, &trusted(&[("other", &other)]), ANY));
}

#[test]
fn several_images_or_none_are_not_judged_as_one() {
    let prod = key(KeyKind::EcdsaP256);
    let keys = trusted(&[("prod", &prod)]);
    let image = mcuboot(&prod);
    let two = hex_file(&[(0x1_0000, &image), (0x8_0000, &image)]);
    assert_eq!(scan(&two).nested().count(), 2);
    not_verifiable(judge(&two, &keys, ANY), "more than one image");
    let none = hex_file(&[(0x1_0000, &[1, 2, 3, 4])]);
    assert_eq!(judge(&none, &keys, ANY), Err(Rejected::Unsigned));
}

/// A signed image does not vouch for what the same file writes beside it.
#[test]
fn what_is_written_beside_the_image_is_covered_by_nothing() {
    let prod = key(KeyKind::EcdsaP256);
    let keys = trusted(&[("prod", &prod)]);
    let image = mcuboot(&prod);
    let at = 0x1_0000;
    let after = at + u32::try_from(image.len()).unwrap();
    let other = [0x55; 64];
    judge(&hex_file(&[(at, &image), (after, &[0xFF; 64])]), &keys, ANY).unwrap();
    not_verifiable(
        judge(&hex_file(&[(at, &image), (after, &other)]), &keys, ANY),
        "64 bytes after the image",
    );
    for ranges in [
        &[(0, &other[..]), (at, &image)][..],
        &[(at, &image), (after + 0x1000, &other)],
        // What joins the image, but is written before it.
        &[(after, &other), (at, &image)],
        &[(at - 64, &other), (at, &image)],
    ] {
        let verdict = judge(&hex_file(ranges), &keys, ANY);
        assert!(
            matches!(&verdict, Err(Rejected::NotVerifiable { .. } | Rejected::Unsigned)),
            "{:#x}: {verdict:?}",
            ranges[0].0
        );
    }
    let uf2 = |parts: &[(u32, u32, &[u8])]| uf2_file(parts);
    let family = 0xE48B_FF56;
    let accepted = judge(&uf2(&[(family, at, &image)]), &keys, ANY).unwrap();
    assert_eq!(accepted.scheme, "MCUboot");
    let two = uf2(&[(family, at, &image), (0xE48B_FF59, 0x2000, &other)]);
    not_verifiable(judge(&two, &keys, ANY), "more than the image");
    let beside = uf2(&[(family, 0x2000, &other), (family, at, &image)]);
    not_verifiable(judge(&beside, &keys, ANY), "more than the image");
}

/// Blocks of 256 bytes, numbered by family; the last one is filled with erased flash.
fn uf2_file(parts: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let blocks = |family: u32| -> usize {
        parts.iter().filter(|part| part.0 == family).map(|part| part.2.len().div_ceil(256)).sum()
    };
    let mut file = Vec::new();
    for (index, (family, address, data)) in parts.iter().enumerate() {
        let before: usize = parts[..index]
            .iter()
            .filter(|part| part.0 == *family)
            .map(|part| part.2.len().div_ceil(256))
            .sum();
        for (number, piece) in data.chunks(256).enumerate() {
            let word = |number: usize| u32::try_from(number).unwrap();
            for word in [
                0x0A32_4655,
                0x9E5D_5157,
                0x2000,
                address + 256 * word(number),
                256,
                word(before + number),
                word(blocks(*family)),
                *family,
            ] {
                file.extend(word.to_le_bytes());
            }
            let mut data = piece.to_vec();
            data.resize(256, 0xFF);
            data.resize(476, 0);
            file.extend(data);
            file.extend(0x0AB1_6F30_u32.to_le_bytes());
        }
    }
    file
}

#[test]
fn an_image_that_cannot_be_read_is_not_verified() {
    let prod = key(KeyKind::EcdsaP256);
    let image = mcuboot(&prod);
    let cut = hex_file(&[(0x1_0000, &image[..image.len() - 8])]);
    let scanned = scan(&cut);
    assert!(scanned.nested().any(|nested| nested.image.is_err()), "{scanned:?}");
    not_verifiable(lw_signed::image(&scanned, &trusted(&[("prod", &prod)]), ANY), "truncated");
}

#[test]
fn what_is_no_image_has_no_signature() {
    let image = Image::Plain(Plain { looks_like: "text".into() });
    assert_eq!(lw_signed::image(&image, &Keys::default(), ANY), Err(Rejected::Unsigned));
}
