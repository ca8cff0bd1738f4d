use proptest::prelude::*;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::*;

/// An image as `imgtool sign` writes it, without a signature.
struct Builder {
    header_size: u16,
    payload: Vec<u8>,
    flags: u32,
    protected: Vec<(u16, Vec<u8>)>,
    hash: u16,
    unprotected: Vec<(u16, Vec<u8>)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            header_size: 32,
            payload: (0..200).collect(),
            flags: 0,
            protected: Vec::new(),
            hash: 0x10,
            unprotected: Vec::new(),
        }
    }
}

fn area(magic: u16, tlvs: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, data) in tlvs {
        bytes.extend(kind.to_le_bytes());
        bytes.extend((data.len() as u16).to_le_bytes());
        bytes.extend(data);
    }
    [&magic.to_le_bytes()[..], &(bytes.len() as u16 + 4).to_le_bytes(), &bytes].concat()
}

impl Builder {
    fn build(&self) -> Vec<u8> {
        let protected = match &self.protected[..] {
            [] => Vec::new(),
            tlvs => area(0x6908, tlvs),
        };
        let mut file = MAGIC.to_le_bytes().to_vec();
        file.extend(0x1000u32.to_le_bytes());
        file.extend(self.header_size.to_le_bytes());
        file.extend((protected.len() as u16).to_le_bytes());
        file.extend((self.payload.len() as u32).to_le_bytes());
        file.extend(self.flags.to_le_bytes());
        file.extend([1, 2, 3, 0, 4, 0, 0, 0]);
        file.resize(self.header_size.into(), 0);
        file.extend(&self.payload);
        file.extend(&protected);
        let hash = match self.hash {
            0x10 => Sha256::digest(&file).to_vec(),
            0x11 => Sha384::digest(&file).to_vec(),
            _ => Sha512::digest(&file).to_vec(),
        };
        let mut tlvs = self.unprotected.clone();
        if self.hash != 0 {
            tlvs.insert(0, (self.hash, hash));
        }
        file.extend(area(0x6907, &tlvs));
        file
    }
}

#[test]
fn every_field_is_read() {
    let file = Builder {
        header_size: 0x80,
        flags: 0x120,
        protected: vec![
            (0x50, 7u32.to_le_bytes().to_vec()),
            (0x40, vec![1, 0, 0, 0, 2, 1, 5, 0, 9, 0, 0, 0]),
            (0xA1, b"vendor".to_vec()),
        ],
        unprotected: vec![(0x01, vec![8; 32]), (0x22, vec![0x30; 70])],
        ..Builder::default()
    }
    .build();
    let image = Image::parse(&file).unwrap();
    assert_eq!(
        (image.header.load_addr, image.header.header_size, image.header.image_size),
        (0x1000, 0x80, 200)
    );
    assert_eq!(image.header.version.to_string(), "1.2.3+4");
    assert_eq!(image.header.flags.names().collect::<Vec<_>>(), ["RAM_LOAD", "ROM_FIXED"]);
    assert_eq!(image.security_counter(), Some(7));
    let minimum = Version { major: 2, minor: 1, revision: 5, build: 9 };
    assert_eq!(image.dependencies().collect::<Vec<_>>(), [Dependency { image: 1, minimum }]);
    let names: Vec<_> =
        image.protected.iter().chain(&image.unprotected).map(|tlv| tlv.kind.to_string()).collect();
    assert_eq!(
        names,
        ["SEC_CNT (0x50)", "DEPENDENCY (0x40)", "0xa1", "SHA256 (0x10)", "KEYHASH (0x1)", "ECDSA_SIG (0x22)"]
    );
    assert_eq!(image.protected[0].offset, 0x80 + 200 + 8);
    assert_eq!(image.key_hash(), Some(&[8; 32][..]));
    assert_eq!(image.signatures().map(|tlv| tlv.data.len()).collect::<Vec<_>>(), [70]);
    assert_eq!((image.image_len, image.total_len), (file.len() as u64, file.len() as u64));
    assert_eq!(image.trailing, Trailing::None);
    assert_eq!(image.not_allowed().count(), 0);
}

#[test]
fn each_hash_is_checked() {
    for (hash, algorithm) in [(0x10, Algorithm::Sha256), (0x11, Algorithm::Sha384), (0x12, Algorithm::Sha512)]
    {
        for protected in [vec![], vec![(0x50, vec![0; 4])]] {
            let mut file = Builder { hash, protected, ..Builder::default() }.build();
            assert_eq!(Image::parse(&file).unwrap().digests[0].algorithm, algorithm);
            file[40] ^= 1;
            assert!(matches!(Image::parse(&file), Err(Error::Digest { .. })), "{algorithm:?}");
            // It can still be looked at.
            assert_eq!(Image::read(&file).unwrap().header.version.major, 1);
        }
    }
}

#[test]
fn the_hash_of_an_encrypted_payload_is_not_checked_and_does_not_hold() {
    let encrypted =
        Builder { flags: 4, unprotected: vec![(0x32, vec![1; 113])], ..Builder::default() }.build();
    // `imgtool sign --encrypt KEY --clear` leaves the payload plain.
    assert!(!Image::parse(&encrypted).unwrap().is_unchecked());
    let mut file = encrypted.clone();
    file[40] ^= 1;
    let image = Image::parse(&file).unwrap();
    assert!(image.is_unchecked());
    assert_eq!(image.digests[0].computed, None);
}

/// Each type of an encrypted key, with its length for AES-128 and AES-256.
const ENCRYPTED_KEYS: [(u16, usize, usize); 5] =
    [(0x30, 256, 256), (0x31, 24, 40), (0x32, 113, 129), (0x33, 80, 96), (0x34, 112, 128)];

#[test]
fn an_encrypted_key_has_the_length_of_its_kind_and_of_the_payloads_key() {
    for (kind, short, long) in ENCRYPTED_KEYS {
        for length in (0..300).chain([1000]) {
            // Without encryption only what no build of the bootloader takes is wrong.
            for (flags, is_right) in
                [(4, length == short), (8, length == long), (0, length == short || length == long)]
            {
                let unprotected = vec![(kind, vec![1; length])];
                let file = Builder { flags, unprotected, ..Builder::default() }.build();
                match Image::parse(&file) {
                    Ok(_) => assert!(is_right, "{kind:#x}: {length} with {flags}"),
                    Err(Error::TlvLength { found, .. }) if found == length as u64 => {
                        assert!(!is_right, "{kind:#x}: {length} with {flags}");
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
    // Every one of them is looked at, whichever the bootloader is built for.
    let unprotected = vec![(0x32, vec![1; 113]), (0x33, vec![1; 96])];
    let file = Builder { flags: 4, unprotected, ..Builder::default() }.build();
    let error = Image::parse(&file).unwrap_err().to_string();
    assert!(
        error.contains("ENC_X25519 (0x33)") && error.contains("expected 80 for ENCRYPTED_AES128"),
        "{error}"
    );
}

#[test]
fn flags_need_the_tlvs_they_ask_for() {
    let refused = |flags: u32, protected: Vec<(u16, Vec<u8>)>, unprotected: Vec<(u16, Vec<u8>)>| {
        let file = Builder { flags, protected, unprotected, ..Builder::default() }.build();
        match Image::parse(&file) {
            Ok(_) => false,
            Err(Error::Promised { .. }) => true,
            Err(other) => panic!("{other}"),
        }
    };
    for flag in [4, 8] {
        assert!(refused(flag, vec![], vec![]), "{flag}");
        for key in ENCRYPTED_KEYS {
            let length = if flag == 4 { key.1 } else { key.2 };
            assert!(!refused(flag, vec![], vec![(key.0, vec![1; length])]), "{flag} {key:?}");
        }
    }
    let (size, sha) = ((0x70, vec![0; 4]), (0x71, vec![0; 32]));
    for flag in [0x200, 0x400] {
        assert!(refused(flag, vec![], vec![]));
        assert!(refused(flag, vec![size.clone()], vec![]));
        assert!(refused(flag, vec![sha.clone()], vec![]));
        assert!(!refused(flag, vec![size.clone(), sha.clone()], vec![]));
        // What is not protected is not looked at.
        assert!(refused(flag, vec![], vec![size.clone(), sha.clone()]));
    }
    assert!(!refused(0x120, vec![], vec![]));
}

#[test]
fn an_image_around_an_image_is_told() {
    for header_size in [32, 0x200] {
        let inner = Builder { header_size, ..Builder::default() }.build();
        let outer = Builder { header_size, payload: inner.clone(), ..Builder::default() }.build();
        assert!(!Image::parse(&inner).unwrap().is_nested);
        assert!(Image::parse(&outer).unwrap().is_nested);
        // However it comes.
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        outer.chunks(3).for_each(|piece| stream.update(piece, &mut digests));
        assert_eq!(stream.finish(), Image::parse(&outer));
    }
}

#[test]
fn each_damage_has_its_own_error() {
    let good = Builder { protected: vec![(0x50, vec![0; 4])], ..Builder::default() }.build();
    let changed = |at: usize, to: &[u8]| {
        let mut file = good.clone();
        file[at..at + to.len()].copy_from_slice(to);
        Image::parse(&file).unwrap_err()
    };
    let areas = 32 + 200;
    assert_eq!(changed(0, &[1]), Error::Magic { found: 0x96F3_B801 });
    assert_eq!(changed(8, &[31]), Error::HeaderSize { size: 31 });
    assert_eq!(changed(12, &[0xFF; 4]), Error::Overflow { header: 32, payload: u32::MAX, protected: 12 });
    assert_eq!(
        changed(12, &[0, 4]),
        Error::Truncated { part: Part::Payload, offset: 32, needed: 1024, available: good.len() as u64 - 32 }
    );
    assert_eq!(changed(16, &[0xC]), Error::Flags { flags: Flags(0xC) });
    assert_eq!(changed(10, &[16]), Error::ProtectedSize { offset: areas, header: 16, area: 12 });
    assert_eq!(changed(10, &[0]), Error::ProtectedSize { offset: areas, header: 0, area: 12 });
    let at = areas as usize;
    assert_eq!(changed(at, &[7]), Error::AreaMagic { area: Area::Protected, offset: areas, found: 0x6907 });
    assert_eq!(
        changed(at + 6, &[5]),
        Error::TlvOverrun { area: Area::Protected, offset: areas + 4, needed: 9, available: 8 }
    );
    assert_eq!(
        changed(at + 12 + 2, &[3, 0]),
        Error::AreaSize { area: Area::Unprotected, offset: areas + 12, size: 3 }
    );
    assert_eq!(
        changed(at + 12 + 2, &[42, 0]),
        Error::Truncated {
            part: Part::Tlvs(Area::Unprotected),
            offset: areas + 16,
            needed: 38,
            available: 36
        }
    );
    assert_eq!(
        changed(at + 16, &[0x11]),
        Error::TlvLength { kind: TlvKind::SHA384, offset: areas + 20, found: 32, expected: "48" }
    );
    assert_eq!(changed(at + 16, &[0xA0]), Error::NoDigest { offset: areas + 12 });
    let pure =
        Builder { hash: 0, unprotected: vec![(0x25, vec![1]), (0x24, vec![0; 64])], ..Builder::default() };
    assert!(
        Image::parse(&pure.build()).is_ok(),
        "the signature is over the image, there is no hash to check"
    );
}

#[test]
fn the_trailer_of_a_padded_image_is_read() {
    let image = Builder::default().build();
    let padded = |magic: &[u8], align: usize, image_ok: u8| {
        let mut file = image.clone();
        file.resize(4096, 0xFF);
        let end = file.len();
        file[end - 16..].copy_from_slice(magic);
        file[end - 16usize.next_multiple_of(align) - align] = image_ok;
        Image::parse(&file).unwrap()
    };
    let aligned = |align: u8| {
        [
            &[align, 0][..],
            &[0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A],
        ]
        .concat()
    };
    let usual =
        [0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80]
            .to_vec();
    for (magic, align) in [(usual.clone(), 8), (aligned(16), 16), (aligned(32), 32)] {
        for (byte, image_ok) in [(1, Flag::Set), (0xFF, Flag::Unset), (7, Flag::Bad(7))] {
            let image = padded(&magic, align, byte);
            let offset = 4096 - 16usize.next_multiple_of(align) as u64 - 4 * align as u64;
            let expected = Trailer {
                offset,
                align: align as u16,
                image_ok,
                copy_done: Flag::Unset,
                swap_info: None,
                swap_size: None,
                used_from: None,
            };
            assert_eq!(image.trailing, Trailing::Slot(expected), "align {align}");
        }
    }
    let trailing = |rest: &[u8]| Image::parse(&[&image[..], rest].concat()).unwrap().trailing;
    let offset = image.len() as u64;
    assert_eq!(trailing(&[0xFF; 100]), Trailing::Padding { offset });
    assert_eq!(trailing(&[0; 100]), Trailing::Padding { offset });
    assert_eq!(trailing(b"junk"), Trailing::Other { offset, length: 4 });
    assert_eq!(trailing(&usual), Trailing::Other { offset, length: 16 }, "no room for the fields");
    // The status of a swap above the fields, a swap of 0x300 bytes noted.
    let mut slot = vec![0xFF; 1000];
    slot[500] = 1;
    let end = slot.len();
    slot[end - 16..].copy_from_slice(&usual);
    slot[end - 48..end - 44].copy_from_slice(&0x300u32.to_le_bytes());
    slot[end - 40] = 0x12;
    let Trailing::Slot(trailer) = trailing(&slot) else { panic!() };
    assert_eq!((trailer.used_from, trailer.swap_size), (Some(offset + 500), Some(0x300)));
    assert_eq!((trailer.swap_info, trailer.swap_name()), (Some(0x12), Some("test")));
}

#[test]
fn types_only_the_protected_area_may_hold_are_told() {
    let file =
        Builder { unprotected: vec![(0x50, vec![0; 4]), (0x01, vec![0; 32])], ..Builder::default() }.build();
    let image = Image::parse(&file).unwrap();
    assert_eq!(image.not_allowed().map(|tlv| tlv.kind).collect::<Vec<_>>(), [TlvKind::SEC_CNT]);
    assert_eq!(image.security_counter(), None, "the bootloader does not look there");
}

proptest! {
    #[test]
    fn any_bytes_give_an_image_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..120), payload in 0u8..20) {
        let mut file = MAGIC.to_le_bytes().to_vec();
        file.extend([0, 0, 0, 0, 32, 0, 0, 0, payload, 0, 0, 0]);
        file.extend([0; 16]);
        file.extend(tail);
        if let Ok(image) = Image::read(&file) {
            prop_assert!(image.image_len <= image.total_len);
            let _ = image.verify();
        }
    }

    #[test]
    fn a_sound_image_reads_back_and_no_part_of_it_does(
        payload in proptest::collection::vec(any::<u8>(), 1..100), hash in 0x10u16..0x13, header_size in 32u16..80,
        counter: bool, cut: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
    ) {
        let protected = if counter { vec![(0x50, vec![1, 0, 0, 0])] } else { vec![] };
        let file = Builder { header_size, payload, hash, protected, ..Builder::default() }.build();
        prop_assert!(Image::parse(&file).is_ok());
        prop_assert!(Image::parse(&file[..cut.index(file.len())]).is_err());
        let mut changed = file.clone();
        changed[at.index(file.len())] ^= 1 << bit;
        prop_assert!(Image::parse(&changed).is_err());
    }

    #[test]
    fn pieces_of_any_size_give_the_same(size in 1usize..300, cut: prop::sample::Index, padding in 0usize..6000) {
        let mut file = Builder { protected: vec![(0x50, vec![1, 0, 0, 0])], ..Builder::default() }.build();
        file.resize(file.len() + padding, 0xFF);
        let file = &file[..cut.index(file.len() + 1)];
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        for piece in file.chunks(size) {
            stream.update(piece, &mut digests);
        }
        prop_assert_eq!(stream.finish(), Image::read(file));
    }
}
