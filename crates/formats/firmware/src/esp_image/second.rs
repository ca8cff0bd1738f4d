//! The application image in the second sector of an ESP8266 file, and the two words the Arduino core puts into it.
//!
//! The Arduino core for ESP8266 joins its boot loader, padded with 0xAA to one sector, and the application, an image of
//! its own. `elf2bin.py` then writes the length of the file and a CRC-32 over all of it, both counted as zero, into the
//! first two words of the application's first segment; `ESP.checkFlashCRC()` checks them on the device. The checksum byte
//! of the application was made before, with these words zero.

use crate::esp_image::error::ImageError;
use crate::esp_image::stream::Stream;
use crate::esp_image::{AppImage, Checksum, Crc};
use crate::stream::Running;

/// Where the second image starts.
pub(super) const START: u64 = 0x1000;
/// Where the two words are.
const WORDS: u64 = START + 0x10;
/// Their length in bytes.
const LENGTH: usize = 8;

/// The application of an ESP8266 file that starts with a boot loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondImage {
    /// The image; its offsets are those of the file.
    pub image: Box<AppImage>,
    /// The words of the Arduino core. Files of its versions before 2.5.1 and of other boot loaders have data there.
    pub core: CoreWords,
}

/// The length and the CRC-32 that the Arduino core for ESP8266 writes into its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreWords {
    /// Where the length is.
    pub offset: u64,
    /// The first word: the length of the file in bytes.
    pub length: u32,
    /// The second word: the CRC-32 (polynomial 0x04C11DB7, not reflected, not inverted) of the file.
    pub crc: Crc,
}

impl SecondImage {
    /// Every check of it that fails, in a file of `total` bytes.
    pub(super) fn failures(&self, total: u64) -> Vec<ImageError> {
        let CoreWords { offset, length, crc } = self.core;
        let Checksum { offset: at, stored, computed } = self.image.checksum;
        let words = [length.to_le_bytes(), crc.stored.to_le_bytes()].concat();
        // The checksum as it was before the words were written.
        let without = words.iter().fold(computed, |sum, byte| sum ^ byte);
        let is_core = u64::from(length) == total;
        let mut failures = Vec::new();
        match (is_core, stored == computed, stored == without) {
            (true, false, false) | (false, false, false) => {
                failures.push(ImageError::Checksum { offset: at, stored, computed: without });
            }
            (false, false, true) => {
                failures.push(ImageError::CoreLength { offset, stored: length, found: total });
            }
            _ => {}
        }
        // Whoever makes the checksum right for the file as it is now changes the last byte that the CRC was made of.
        let is_repaired = stored == computed
            && at + 1 == total
            && crc.stored == crc.computed ^ of_last_byte(stored ^ without);
        if is_core && crc.stored != crc.computed && !is_repaired {
            failures.push(ImageError::Crc { offset: crc.offset, stored: crc.stored, computed: crc.computed });
        }
        let others = self.image.failures();
        failures.extend(others.into_iter().filter(|other| !matches!(other, ImageError::Checksum { .. })));
        failures
    }
}

/// How the CRC of the core changes when the last byte of a file does: by the CRC of what the two bytes differ in.
fn of_last_byte(difference: u8) -> u32 {
    (0..8).fold(u32::from(difference) << 24, |crc, _| {
        (crc << 1) ^ if crc & 0x8000_0000 == 0 { 0 } else { 0x04C1_1DB7 }
    })
}

/// The second image while it is read.
#[derive(Clone, Debug)]
pub(super) struct SecondStream {
    stream: Box<Stream>,
    digests: Running,
}

impl SecondStream {
    pub(super) fn new() -> Self {
        Self { stream: Box::new(Stream::at(START)), digests: Running::new(false) }
    }

    pub(super) fn take(&mut self, piece: &[u8]) {
        self.stream.update(piece, &mut self.digests);
    }

    /// The image, now that the file has ended.
    pub(super) fn finish(&self, core: CoreWords) -> Result<SecondImage, ImageError> {
        let image = self.stream.as_ref().clone().finish(&self.digests);
        Ok(SecondImage { image: Box::new(image.map_err(|error| ImageError::Second(Box::new(error)))?), core })
    }
}

/// The CRC-32 of the Arduino core over a file, while it is read.
#[derive(Clone, Debug)]
pub(super) struct CoreCrc {
    position: u64,
    words: [u8; LENGTH],
    /// The CRC is the common one of the same polynomial with all bits in the other order.
    reflected: crc32fast::Hasher,
}

impl CoreCrc {
    pub(super) fn new() -> Self {
        Self { position: 0, words: [0; LENGTH], reflected: crc32fast::Hasher::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let end = WORDS + LENGTH as u64;
        let mut reversed = [0; 4096];
        for chunk in bytes.chunks(reversed.len()) {
            for (out, byte) in reversed.iter_mut().zip(chunk) {
                *out = byte.reverse_bits();
            }
            let chunk_end = self.position + chunk.len() as u64;
            if self.position < end && chunk_end > WORDS {
                for (index, byte) in chunk.iter().enumerate() {
                    let at = self.position + index as u64;
                    if let Some(word) = at
                        .checked_sub(WORDS)
                        .and_then(|at| self.words.get_mut(usize::try_from(at).unwrap_or(usize::MAX)))
                    {
                        *word = *byte;
                        if let Some(out) = reversed.get_mut(index) {
                            *out = 0;
                        }
                    }
                }
            }
            self.reflected.update(reversed.get(..chunk.len()).unwrap_or_default());
            self.position = chunk_end;
        }
    }

    pub(super) fn finish(&self) -> CoreWords {
        let [l0, l1, l2, l3, c0, c1, c2, c3] = self.words;
        let computed = (!self.reflected.clone().finalize()).reverse_bits();
        CoreWords {
            offset: WORDS,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            crc: Crc { offset: WORDS + 4, stored: u32::from_le_bytes([c0, c1, c2, c3]), computed },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_the_one_catalogued_as_mpeg_2() {
        let mut crc = CoreCrc::new();
        crc.update(b"12345");
        crc.update(b"6789");
        assert_eq!(crc.finish().crc.computed, 0x0376_E6E7);
    }

    #[test]
    fn the_two_words_count_as_zero() {
        let (mut one, mut other) = (CoreCrc::new(), CoreCrc::new());
        let mut file = vec![7; 0x1100];
        file[0x1010..0x1018].fill(0);
        one.update(&file);
        file[0x1010..0x1018].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        for piece in file.chunks(5) {
            other.update(piece);
        }
        let (one, other) = (one.finish(), other.finish());
        assert_eq!(one.crc.computed, other.crc.computed);
        assert_eq!((other.length, other.crc.stored), (0x0403_0201, 0x0807_0605));
    }
}
