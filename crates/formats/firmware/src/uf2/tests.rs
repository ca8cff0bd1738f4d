use md5::Md5;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

const FAMILY: u32 = 0x2000;

/// One block.
#[derive(Clone)]
struct Block {
    flags: u32,
    address: u32,
    number: u32,
    total: u32,
    family: u32,
    data: Vec<u8>,
}

impl Block {
    fn bytes(&self) -> Vec<u8> {
        let words = [
            MAGIC,
            MAGIC_SECOND,
            self.flags,
            self.address,
            self.data.len() as u32,
            self.number,
            self.total,
            self.family,
        ];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend(&self.data);
        bytes.resize(508, 0);
        bytes.extend(MAGIC_END.to_le_bytes());
        bytes
    }
}

/// Blocks of 256 bytes for the RP2040, as picotool writes them.
fn blocks(address: u32, data: &[u8]) -> Vec<Block> {
    let total = data.len().div_ceil(256) as u32;
    let block = |(number, piece): (usize, &[u8])| Block {
        flags: FAMILY,
        address: address + number as u32 * 256,
        number: number as u32,
        total,
        family: 0xE48B_FF56,
        data: piece.to_vec(),
    };
    data.chunks(256).enumerate().map(block).collect()
}

fn file(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(Block::bytes).collect()
}

fn data() -> Vec<u8> {
    (0..1000u32).map(|i| (i * i / 8) as u8).collect()
}

fn problem(bytes: &[u8]) -> (u64, Problem) {
    let Error { block, offset, problem } = Image::read(bytes).unwrap_err();
    assert_eq!(offset, block * 512);
    (block, problem)
}

#[test]
fn the_content_is_that_of_the_binary() {
    let bytes = file(&blocks(0x1000_0000, &data()));
    let image = Image::read(&bytes).unwrap();
    let [part] = &image.parts[..] else { panic!("{image:?}") };
    assert_eq!(part.family.unwrap().name(), Some("RP2040"));
    assert_eq!(part.content.ranges, [Range { start: 0x1000_0000, length: 1000 }]);
    assert_eq!(part.content.sha256, Some(Sha256::digest(data()).into()));
    assert_eq!((part.blocks, image.blocks, image.total_len), (4, 4, 2048));
}

#[test]
fn files_for_several_families_may_be_joined() {
    let other: Vec<_> =
        blocks(0x2000, &[1; 300]).into_iter().map(|b| Block { family: 0xADA5_2840, ..b }).collect();
    let image = Image::read(&file(&[blocks(0x1000, &data()), other.clone()].concat())).unwrap();
    let names: Vec<_> = image.parts.iter().map(|part| part.family.unwrap().to_string()).collect();
    assert_eq!(names, ["RP2040 (0xe48bff56)", "NRF52840 (0xada52840)"]);
    // Two files for one family cannot: the second starts to count again.
    let joined = file(&[other.clone(), other].concat());
    assert_eq!(problem(&joined), (2, Problem::Sequence { expected: 2, found: 0 }));
}

#[test]
fn comments_and_ignored_blocks_are_passed_over() {
    let mut all = blocks(0x1000, &data());
    all[1].flags |= 1;
    let image = Image::read(&file(&all)).unwrap();
    assert_eq!((image.skipped, image.parts[0].blocks), (1, 3));
    assert_eq!(image.parts[0].content.gaps().collect::<Vec<_>>(), [Range { start: 0x1100, length: 256 }]);

    // What picotool puts in front for the RP2350: the first of two blocks, the second of which never comes.
    let mut ignored = vec![0xEF; 256];
    let absolute = Block {
        flags: FAMILY | 0x8000,
        address: 0x10FF_FF00,
        number: 0,
        total: 2,
        family: 0xE48B_FF57,
        data: ignored.clone(),
    };
    let mut bytes = absolute.bytes();
    bytes[32 + 256..32 + 260].copy_from_slice(&0x9957_E304u32.to_le_bytes());
    bytes.extend(file(&blocks(0x1000_0000, &data())));
    assert_eq!(Image::read(&bytes).unwrap().skipped, 1);
    ignored[7] = 0;
    let block = Block { data: ignored, ..absolute };
    let family = Some(Family(0xE48B_FF57));
    assert_eq!(problem(&block.bytes()), (0, Problem::Missing { family, found: 1, total: 2 }));

    // Files for a container are counted and not taken for flash content.
    let all: Vec<_> =
        blocks(0, &data()).into_iter().map(|b| Block { flags: 0x1000, family: 1000, ..b }).collect();
    let image = Image::read(&file(&all)).unwrap();
    assert_eq!((image.files, image.parts.len()), (4, 0));
}

#[test]
fn each_damage_has_its_own_problem() {
    let good = blocks(0x1000, &data());
    let changed = |change: fn(&mut Vec<Block>)| {
        let mut all = good.clone();
        change(&mut all);
        problem(&file(&all))
    };
    let bytes = file(&good);
    let patched = |at: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = to;
        problem(&bytes)
    };
    assert_eq!(problem(&[]), (0, Problem::Truncated { available: 0 }));
    assert_eq!(problem(&bytes[..1500]), (2, Problem::Truncated { available: 476 }));
    let family = Some(Family(0xE48B_FF56));
    assert_eq!(problem(&bytes[..1536]), (2, Problem::Missing { family, found: 3, total: 4 }));
    let magic = |at, expected, found| Problem::Magic { at, expected, found };
    assert_eq!(patched(512, b'V'), (1, magic(0, MAGIC, 0x0A32_4656)));
    assert_eq!(patched(516, 0), (1, magic(4, MAGIC_SECOND, 0x9E5D_5100)));
    assert_eq!(patched(1023, 0), (1, magic(508, MAGIC_END, 0x00B1_6F30)));
    assert_eq!(patched(16 + 1, 2), (0, Problem::PayloadSize { size: 512, most: 476 }));
    assert_eq!(changed(|all| all[2].data.clear()), (2, Problem::PayloadSize { size: 0, most: 476 }));
    assert_eq!(changed(|all| all[2].number = 3), (2, Problem::Sequence { expected: 2, found: 3 }));
    assert_eq!(changed(|all| drop(all.remove(1))), (1, Problem::Sequence { expected: 1, found: 2 }));
    assert_eq!(changed(|all| all[3].total = 5), (3, Problem::Total { expected: 4, found: 5 }));
    assert_eq!(
        changed(|all| all.iter_mut().for_each(|block| block.total = 2)),
        (2, Problem::Sequence { expected: 2, found: 2 })
    );
    assert_eq!(changed(|all| all[3].address = 0x1080), (3, Problem::Overlap { address: 0x1080, size: 232 }));
    assert_eq!(
        changed(|all| all[3].address = 0xFFFF_FF80),
        (3, Problem::Address { address: 0xFFFF_FF80, size: 232 })
    );
}

#[test]
fn an_md5_over_the_block_is_checked() {
    let block = Block { flags: FAMILY | 0x4000, data: vec![7; 452], ..blocks(0x1_0000, &[0]).remove(0) };
    let mut bytes = block.bytes();
    bytes[32 + 452..36 + 452].copy_from_slice(&0x1_0000u32.to_le_bytes());
    bytes[36 + 452..40 + 452].copy_from_slice(&452u32.to_le_bytes());
    bytes[40 + 452..56 + 452].copy_from_slice(&Md5::digest([7; 452]));
    assert!(Image::read(&bytes).is_ok());
    bytes[32] = 8;
    assert!(matches!(problem(&bytes), (0, Problem::Md5 { .. })));
    // Of a region that is larger than the block nothing is known.
    bytes[37 + 452] = 0xFF;
    assert!(Image::read(&bytes).is_ok());
    let block = Block { data: vec![7; 453], ..block };
    assert_eq!(problem(&block.bytes()), (0, Problem::PayloadSize { size: 453, most: 452 }));
}

proptest! {
    #[test]
    fn any_bytes_give_an_image_or_an_error(header in proptest::collection::vec(any::<u32>(), 6), flags in 0u32..0x10000) {
        let mut words = vec![MAGIC, MAGIC_SECOND, flags];
        words.extend(&header[1..]);
        words[4] %= 500;
        words[5] = 0;
        words[6] = 1;
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.resize(508, 0);
        bytes.extend(MAGIC_END.to_le_bytes());
        if let Ok(image) = Image::read(&bytes) {
            prop_assert_eq!(image.blocks, 1);
        }
    }

    #[test]
    fn pieces_of_any_size_give_the_same(size in 1usize..1200, cut in 0usize..2049) {
        let bytes = file(&blocks(0x1000, &data()));
        let bytes = &bytes[..cut];
        let mut stream = Stream::new();
        for piece in bytes.chunks(size) {
            stream.update(piece);
        }
        prop_assert_eq!(stream.finish(), Image::read(bytes));
        prop_assert_eq!(Image::read(bytes).is_ok(), cut == 2048);
    }

    #[test]
    fn a_changed_header_is_noticed_or_gives_other_content(at in 0usize..2048, bit in 0u8..8) {
        let good = file(&blocks(0x1000, &data()));
        let mut bytes = good.clone();
        bytes[at] ^= 1 << bit;
        let within = at % 512;
        // Flags nobody knows and the fill after the data say nothing.
        prop_assume!(!(8..12).contains(&within) && !(32 + 232..508).contains(&within));
        prop_assert_ne!(Image::read(&bytes).ok(), Image::read(&good).ok());
    }
}

/// A file as esptool's `merge-bin --format uf2` writes it: the blocks of each part are counted from 0.
fn joined(family: u32, parts: &[(u32, Vec<u8>)]) -> Vec<Block> {
    let part = |(address, data): &(u32, Vec<u8>)| {
        blocks(*address, data).into_iter().map(|block| Block { family, ..block }).collect::<Vec<_>>()
    };
    parts.iter().flat_map(part).collect()
}

#[test]
fn parts_that_are_counted_by_themselves_are_read_for_chips_of_espressif() {
    let parts = [(0x1000, data()), (0x8000, vec![3; 300]), (0x1_0000, data())];
    for family in [0x1C5F_21B0, 0xC47E_5767, 0x7EAB_61ED] {
        let image = Image::read(&file(&joined(family, &parts))).unwrap();
        assert_eq!((image.parts.len(), image.parts[0].joined), (1, 3));
        assert_eq!(image.parts[0].content.size, 2300);
        // A part that lacks its end, or whose blocks are there twice, is refused as before.
        let mut missing = joined(family, &parts);
        missing.remove(3);
        assert!(matches!(problem(&file(&missing)).1, Problem::Sequence { .. } | Problem::Total { .. }));
        let mut last = joined(family, &parts);
        last.pop();
        assert!(matches!(problem(&file(&last)).1, Problem::Missing { .. }));
        let twice = [joined(family, &parts), joined(family, &parts)].concat();
        assert!(matches!(problem(&file(&twice)).1, Problem::Overlap { .. }));
    }
    // Other boot loaders take the count at its word.
    assert!(matches!(problem(&file(&joined(0xE48B_FF56, &parts))).1, Problem::Total { .. }));
}
