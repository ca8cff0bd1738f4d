//! ESP32-S3 application images of a firmware that never was, in two releases.
//!
//! Layout: ESP-IDF `esp_app_format.h` (header, segments) and `esp_app_desc.h` (the descriptor at the start of the first
//! segment); checksum and appended SHA-256 as esptool's `bin_image.py` writes them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use super::names;
use super::rng::Rng;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes of the image; a multiple of 16.
    pub(crate) bytes: u32,
    /// In release 1 some functions are not those of release 0, so that everything behind them has moved.
    pub(crate) release: u64,
}

const CHIP_ESP32S3: u8 = 9;
const DROM: u32 = 0x3C00_0020;
const IROM: u32 = 0x4200_0000;
const DRAM: u32 = 0x3FC9_0000;
const IRAM: u32 = 0x4037_8000;
const MMU_PAGE: u32 = 0x1_0000;
const SEGMENT: u32 = 8;
const DESCRIPTOR: u32 = 256;
/// The header, the descriptor, and 16 bytes of padding with the checksum before the digest.
const AROUND: u32 = 24 + DESCRIPTOR + 16 + 32;
/// A segment has less than 16 MiB; images of more than this have constants and code in three segments each.
const LARGE: u32 = 24 << 20;

/// Writes the image; the same plan gives the same bytes.
///
/// # Errors
/// When there is no image of this size, or it cannot be written.
pub(crate) fn write(plan: Plan, path: &Path) -> Result<()> {
    let possible = plan.bytes.is_multiple_of(16) && (0x1_0000..=0x400_0000).contains(&plan.bytes);
    ensure!(possible, "images have 64 KiB to 64 MiB, in steps of 16 bytes");
    let write = || -> io::Result<()> {
        let file = BufWriter::new(File::create(path)?);
        let mut out = Image { file, hash: Sha256::new(), checksum: 0xEF, place: 0 };
        image(plan, &mut out)?;
        out.finish()
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}

/// Writes the next build of an image.
///
/// # Errors
/// When the image cannot be read, or its next build not be written.
pub(crate) fn write_next_build(image: &Path, path: &Path) -> Result<()> {
    let image = fs::read(image).with_context(|| format!("failed to read {}", image.display()))?;
    fs::write(path, next_build(&image)).with_context(|| format!("failed to write {}", path.display()))
}

/// An image as it is built after a small change: 40 bytes come in, 4000 addresses behind them move by as many, and the
/// version is another. The length stays.
fn next_build(image: &[u8]) -> Vec<u8> {
    let (before, behind) = image.split_at(image.len() / 3);
    let mut next = before.to_vec();
    next.extend((0..40u8).map(|byte| byte.wrapping_mul(37)));
    let stride = behind.len() / 4000;
    for piece in behind.chunks(stride.max(4)) {
        let (word, rest) = piece.split_at(piece.len().min(4));
        match word.try_into().map(u32::from_le_bytes) {
            Ok(address) => next.extend(address.wrapping_add(40).to_le_bytes()),
            Err(_) => next.extend(word),
        }
        next.extend(rest);
    }
    next.truncate(image.len());
    // esp_app_desc_t.version, `esp_app_desc.h`.
    if let Some(digit) = next.get_mut(0x30) {
        *digit = digit.wrapping_add(1);
    }
    next
}

fn image(plan: Plan, out: &mut Image) -> io::Result<()> {
    let (parts, segments) = if plan.bytes > LARGE { (3, 8) } else { (1, 4) };
    let content = plan.bytes - AROUND - u32::from(segments) * SEGMENT;
    // Multiples of four, as the loader wants segments.
    let ram = (content / 8).min(0x1_8000) / 4 * 4;
    let constants = (content - 2 * ram) / 8 * 4;
    let code = content - 2 * ram - constants;
    let mut header = [0; 24];
    header[..4].copy_from_slice(&[0xE9, segments, 2, 0x4F]);
    header[4..8].copy_from_slice(&IRAM.to_le_bytes());
    header[8] = 0xEE;
    header[12] = CHIP_ESP32S3;
    // For any revision; the last byte says that a digest follows.
    header[17..19].copy_from_slice(&u16::MAX.to_le_bytes());
    header[23] = 1;
    out.raw(&header)?;
    let functions = Functions::of(plan, code);
    let mut section = Section { out, address: DROM, left: DESCRIPTOR + constants, parts, open: 0 };
    section.put(&descriptor(plan))?;
    functions.constants(&mut section)?;
    // Code is mapped where its place in the file is, modulo the page.
    let address = IROM + (out.place + SEGMENT) % MMU_PAGE;
    functions.code(&mut Section { out, address, left: code, parts, open: 0 })?;
    for address in [DRAM, IRAM] {
        let mut rng = Rng::new(u64::from(address));
        let mut section = Section { out, address, left: ram, parts: 1, open: 0 };
        while section.left > 0 {
            section.put(instruction(&mut rng))?;
        }
    }
    Ok(())
}

/// `esp_app_desc_t`.
fn descriptor(plan: Plan) -> [u8; DESCRIPTOR as usize] {
    let mut descriptor = [0; DESCRIPTOR as usize];
    let mut put = |offset: usize, bytes: &[u8]| {
        descriptor.iter_mut().skip(offset).zip(bytes).for_each(|(to, from)| *to = *from);
    };
    put(0, &0xABCD_5432_u32.to_le_bytes());
    put(16, version(plan.release).as_bytes());
    put(48, b"benchmark");
    put(80, b"12:00:00");
    put(96, b"Jan  1 2026");
    put(112, b"v5.3");
    put(144, &Rng::new(plan.release).next().to_le_bytes());
    descriptor
}

/// The version in the descriptor.
pub(crate) fn version(release: u64) -> String {
    format!("1.{release}.0")
}

/// Where each function lies.
struct Functions {
    /// Seed and length of each, in their order.
    all: Vec<(u64, u32)>,
    /// Offset of each that both releases have.
    shared: Vec<u32>,
}

impl Functions {
    fn of(plan: Plan, code: u32) -> Self {
        let mut functions = Self { all: Vec::new(), shared: Vec::new() };
        let mut end = 0;
        for ordinal in 0.. {
            if end >= code {
                break;
            }
            let mut rng = Rng::new(ordinal);
            let (changed, joined) = (rng.chance(1), rng.chance(1));
            let mut add = |seed: u64| {
                let length = below(&mut Rng::new(seed ^ 0x6c65_6e67), 360) / 4 * 4 + 24;
                functions.all.push((seed, length));
                end += length;
                end - length
            };
            let other = plan.release << 40;
            let start = add(if changed { ordinal | other } else { ordinal });
            if joined && plan.release > 0 {
                add(ordinal | other << 1);
            }
            functions.shared.push(start);
        }
        functions
    }

    /// Address of one of the functions in the first half, which both releases have.
    fn address(&self, rng: &mut Rng) -> u32 {
        let index = rng.below(self.shared.len() as u64 / 2);
        IROM + usize::try_from(index).ok().and_then(|index| self.shared.get(index)).copied().unwrap_or(0)
    }

    /// Instructions, and between them addresses of other functions.
    fn code(&self, section: &mut Section<'_>) -> io::Result<()> {
        for (seed, length) in &self.all {
            let mut rng = Rng::new(*seed);
            let end = section.left.saturating_sub(*length);
            section.put(&[0x36, 0x41, 0x00])?;
            while section.left > end + 4 {
                if rng.chance(4) {
                    section.put(&self.address(&mut rng).to_le_bytes())?;
                } else {
                    section.put(instruction(&mut rng))?;
                }
            }
            section.fill(end)?;
        }
        section.fill(0)
    }

    /// Texts, and tables of addresses.
    fn constants(&self, section: &mut Section<'_>) -> io::Result<()> {
        let mut rng = Rng::new(0x7465_7874);
        while section.left > 0 {
            if rng.chance(2) {
                for _ in 0..rng.below(24) {
                    section.put(&self.address(&mut rng).to_le_bytes())?;
                }
            } else {
                section.put(format!("{}: %s ({})\0", names::words(&mut rng), rng.below(999)).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// An instruction of Xtensa, about: few operations, fewer registers, small numbers.
fn instruction(rng: &mut Rng) -> &'static [u8] {
    const COMMON: [&[u8]; 24] = [
        &[0x22, 0xA0, 0x01],
        &[0x32, 0x22, 0x00],
        &[0x3D, 0x02],
        &[0x1D, 0xF0],
        &[0x81, 0x2B, 0xFF],
        &[0xE0, 0x08, 0x00],
        &[0x48, 0x02],
        &[0x4A, 0x33],
        &[0x16, 0x32, 0x01],
        &[0x0C, 0x02],
        &[0x46, 0xFA, 0xFF],
        &[0xAD, 0x02],
        &[0xBD, 0x03],
        &[0xCD, 0x04],
        &[0x25, 0xD7, 0x00],
        &[0x65, 0x10, 0x01],
        &[0x39, 0x12],
        &[0x49, 0x22],
        &[0x56, 0x8A, 0x00],
        &[0xA2, 0xC1, 0x10],
        &[0x20, 0xC0, 0x20],
        &[0x9C, 0x4A],
        &[0x7C, 0xFB],
        &[0x1B, 0x22],
    ];
    // The first ones are the most frequent, as in real code.
    let most = 1 + rng.below(COMMON.len() as u64);
    rng.pick(COMMON.get(..usize::try_from(most).unwrap_or(1)).unwrap_or(&COMMON))
        .copied()
        .unwrap_or(&[0xF0, 0x20, 0x00])
}

fn below(rng: &mut Rng, bound: u64) -> u32 {
    u32::try_from(rng.below(bound)).unwrap_or_default()
}

/// What is left of a range of addresses that is written, as one segment or several.
struct Section<'a> {
    out: &'a mut Image,
    /// Where the next segment is loaded.
    address: u32,
    left: u32,
    /// Segments that are still to come.
    parts: u32,
    /// What is left of the segment that is open.
    open: u32,
}

impl Section<'_> {
    /// Adds bytes; what does not fit is cut off.
    fn put(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.left > 0 && !bytes.is_empty() {
            if self.open == 0 {
                self.begin()?;
            }
            let fits = bytes.len().min(usize::try_from(self.open).unwrap_or(usize::MAX));
            let (part, rest) = bytes.split_at(fits);
            self.out.content(part)?;
            let written = u32::try_from(fits).unwrap_or(self.open);
            self.left -= written;
            self.open -= written;
            bytes = rest;
        }
        Ok(())
    }

    /// Begins a segment: the last one, or one that ends so that the next begins on a page of its own.
    fn begin(&mut self) -> io::Result<()> {
        let place = self.out.place + SEGMENT;
        let length = match self.parts {
            0 | 1 => self.left,
            parts => (place + self.left / parts) / MMU_PAGE * MMU_PAGE - SEGMENT - place,
        };
        self.out.raw(&self.address.to_le_bytes())?;
        self.out.raw(&length.to_le_bytes())?;
        self.address += length + SEGMENT;
        self.parts = self.parts.saturating_sub(1);
        self.open = length;
        Ok(())
    }

    /// Adds zeros until so much is left.
    fn fill(&mut self, left: u32) -> io::Result<()> {
        while self.left > left {
            self.put(&[0])?;
        }
        Ok(())
    }
}

/// The file, and what its end will say of it.
struct Image {
    file: BufWriter<File>,
    hash: Sha256,
    checksum: u8,
    place: u32,
}

impl Image {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.place += u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(bytes)
    }

    fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum = bytes.iter().fold(self.checksum, |sum, byte| sum ^ byte);
        self.raw(bytes)
    }

    fn finish(mut self) -> io::Result<()> {
        while self.place % 16 != 15 {
            self.raw(&[0])?;
        }
        self.raw(&[self.checksum])?;
        let digest = self.hash.finalize();
        self.file.write_all(&digest)?;
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use lw_firmware::esp_image::AppImage;

    use super::*;

    fn bytes(plan: Plan) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(plan, file.path()).unwrap();
        fs::read(file.path()).unwrap()
    }

    #[test]
    fn images_are_valid_and_as_large_as_asked_for() {
        for size in [0x1_0000, 0x1_0010, 0x40_0000, LARGE, 0x400_0000] {
            let image = bytes(Plan { bytes: size, release: 0 });
            assert_eq!(image.len(), size as usize);
            let parsed = AppImage::parse(&image).unwrap();
            assert_eq!(parsed.layout_problems(), []);
            assert_eq!(parsed.app.unwrap().version, version(0));
        }
        assert!(write(Plan { bytes: 0x1_0001, release: 0 }, Path::new("unused")).is_err());
    }

    #[test]
    fn releases_differ_but_little_is_new() {
        let of = |release| bytes(Plan { bytes: 0x10_0000, release });
        let (old, new) = (of(0), of(1));
        assert_eq!(old, of(0));
        let same = old.iter().zip(&new).filter(|(a, b)| a == b).count();
        assert!(same < old.len() * 3 / 4, "everything behind the first change has moved");
    }
}
