//! Pairs of images, and every encoding.

use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_delta::{Encoding, Info, apply};
use lw_testkit::git::Random;

/// More than any target here.
pub(crate) const LIMIT: u64 = 1 << 30;

/// The encodings with their usual parameters.
pub(crate) fn encodings() -> [Encoding; 5] {
    [
        Encoding::Detools(Compression::None),
        Encoding::Detools(Compression::Crle),
        Encoding::Detools(Compression::Heatshrink(Parameters::default())),
        Encoding::esp_delta([7; 32]),
        Encoding::Bsdiff40,
    ]
}

/// What a patch makes of a base.
pub(crate) fn applied(patch: &[u8], base: &[u8]) -> (Vec<u8>, Info) {
    let mut target = Vec::new();
    let info = apply(patch, base, LIMIT, &mut target).unwrap();
    (target, info)
}

/// Bytes like those of firmware: a few instructions that come often and many that are rare, addresses that count up,
/// text, and padding.
pub(crate) fn image(random: &mut Random, length: usize) -> Vec<u8> {
    let vocabulary: Vec<[u8; 4]> = (0..1500).map(|_| word(random)).collect();
    let mut image = Vec::with_capacity(length + 64);
    while image.len() < length {
        match random.below(12) {
            0 => {
                let address = 0x4200_0000 + random.below(1 << 18) as u32;
                for entry in 0..random.below(24) as u32 {
                    image.extend((address + 12 * entry).to_le_bytes());
                }
            }
            1 => image.extend(b"assertion \"%s\" failed: file \"%s\", line %d".iter().skip(random.below(20))),
            2 => image.resize(image.len() + random.below(48), 0),
            _ => {
                for _ in 0..random.below(40) {
                    // The square makes low numbers frequent.
                    let rank = random.below(1500) * random.below(1500) / 1500;
                    image.extend(&vocabulary[rank][..2 + 2 * random.below(2)]);
                }
            }
        }
    }
    image.truncate(length);
    image
}

fn word(random: &mut Random) -> [u8; 4] {
    (random.below(1 << 31) as u32).wrapping_mul(3).to_le_bytes()
}

/// The next release of an image: insertions, deletions, moved parts, addresses that shifted.
pub(crate) fn release(random: &mut Random, base: &[u8], edits: usize) -> Vec<u8> {
    let mut target = base.to_vec();
    for _ in 0..edits {
        let at = random.below(target.len() + 1);
        let rest = target.len() - at;
        match random.below(6) {
            0 => {
                let length = random.below(200);
                let new = image(random, length);
                target.splice(at..at, new);
            }
            1 => {
                target.drain(at..at + random.below(rest.min(200) + 1));
            }
            2 => {
                let moved: Vec<u8> = target.drain(at..at + random.below(rest.min(2000) + 1)).collect();
                let to = random.below(target.len() + 1);
                target.splice(to..to, moved);
            }
            _ => {
                let words = target[at..].as_chunks_mut::<4>().0;
                for place in words.iter_mut().step_by(1 + random.below(9)).take(random.below(60)) {
                    *place = u32::from_le_bytes(*place).wrapping_add(40).to_le_bytes();
                }
            }
        }
    }
    target
}

/// Base and target of a seed: mostly a release of some size, and what is at the edges.
pub(crate) fn pair(seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(seed);
    let bits = 6 + random.below(11);
    let length = 1 + random.below(1 << bits);
    let base = image(&mut random, length);
    match seed % 10 {
        0 => (base, Vec::new()),
        1 => (Vec::new(), base),
        2 => (base.clone(), base),
        3 => {
            let length = random.below(length);
            let target = image(&mut random, length);
            (base, target)
        }
        _ => {
            let edits = 1 + random.below(40);
            let target = release(&mut random, &base, edits);
            (base, target)
        }
    }
}
