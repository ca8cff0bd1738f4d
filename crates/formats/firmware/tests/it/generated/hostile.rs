//! Damaged files: an error or a result, never a panic.

use lw_firmware::attribution::tree;
use lw_firmware::{Elf, Map, Memory, Sources};
use proptest::prelude::*;

use super::model::firmware;
use super::writer::FORMATS;

/// Does everything that can be done with a file.
fn run(elf: Option<&[u8]>, map: Option<&[u8]>) {
    let elf = elf.and_then(|bytes| Elf::parse(bytes).ok());
    let map = map.and_then(|bytes| Map::parse(bytes).ok());
    let sources = Sources { elf: elf.as_ref(), map: map.as_ref(), ..Sources::default() };
    if let Ok(memory) = Memory::measure(&sources) {
        let tree = tree(&sources, &memory);
        assert!(tree.root.is_additive());
        assert!(memory.regions.iter().all(|region| region.bytes <= region.span));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_elf_cut_anywhere_is_an_error(firmware in firmware(), format in 0usize..4) {
        let bytes = firmware.elf(FORMATS[format]).bytes();
        for length in 0..bytes.len() {
            // The section header table is at the end, so nothing less than the whole file is complete.
            prop_assert!(Elf::parse(&bytes[..length]).is_err(), "{} of {}", length, bytes.len());
        }
    }

    #[test]
    fn a_map_cut_anywhere_is_an_error(firmware in firmware()) {
        let text = firmware.map();
        let bytes = text.as_bytes();
        let end = text.find("OUTPUT(").unwrap();
        for length in 0..end {
            prop_assert!(Map::parse(&bytes[..length]).is_err(), "{} of {}", length, bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn flipped_bytes_of_an_elf(
        firmware in firmware(),
        format in 0usize..4,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = firmware.elf(FORMATS[format]).bytes();
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        run(Some(&bytes), None);
        run(Some(&bytes), Some(firmware.map().as_bytes()));
    }

    /// Headers are few bytes of a file, so they are hit on purpose; extreme values are likelier to hurt.
    #[test]
    fn flipped_bytes_of_the_headers(
        firmware in firmware(),
        format in 0usize..4,
        flips in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0u8, 1, 0x7F, 0x80, 0xFF])), 1..8),
    ) {
        let mut bytes = firmware.elf(FORMATS[format]).bytes();
        let headers = (firmware.groups.len() + 5) * 64;
        for (place, byte) in flips {
            let place = place.index(2 * headers);
            let place = if place < headers { place } else { bytes.len().saturating_sub(place - headers + 1) };
            if let Some(target) = bytes.get_mut(place) {
                *target = byte;
            }
        }
        run(Some(&bytes), None);
    }

    #[test]
    fn flipped_bytes_of_a_map(
        firmware in firmware(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"0fx (.)*\n\t:=A\xff".to_vec())), 1..12),
    ) {
        let mut bytes = firmware.map().into_bytes();
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        run(None, Some(&bytes));
        run(Some(&firmware.elf(FORMATS[0]).bytes()), Some(&bytes));
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run(Some(&bytes), Some(&bytes));
        let elf: Vec<u8> = b"\x7FELF\x01\x01\x01".iter().chain(&bytes).copied().collect();
        run(Some(&elf), None);
        let lld: Vec<u8> = b"     VMA      LMA     Size Align Out     In      Symbol\n".iter().chain(&bytes).copied().collect();
        run(None, Some(&lld));
    }

    #[test]
    fn any_rows_of_lld(rows in prop::collection::vec("[0-9a-f]{1,17} +[0-9a-f]{1,17} +[0-9a-f]{1,12} +[0-9]{1,3}( |         |                 )[a-z.=: ()]{0,12}", 0..20)) {
        let text = format!("     VMA      LMA     Size Align Out     In      Symbol\n{}\n", rows.join("\n"));
        run(None, Some(text.as_bytes()));
    }
}
