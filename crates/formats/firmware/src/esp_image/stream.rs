//! Reads an image from front to back, in pieces of any size.

use sha2::{Digest as _, Sha384};

use crate::bytes::{array_at, u32_at};
use crate::esp_image::second::CoreCrc;
use crate::esp_image::trailing::{Covered, MergedWatch, Rest};
use crate::esp_image::{
    AppDescriptor, AppImage, BootloaderDescriptor, CHECKSUM_SEED, Checksum, Crc, Foreign, Format, Header,
    ImageDigest, ImageError, MAGIC, MAGIC_V2, MAX_SEGMENT_LENGTH, MAX_SEGMENTS, Part, SEGMENT_HEADER,
    Segment, SignatureScheme,
};
use crate::stream::Running;

/// First bytes that tell an ESP8266 image from one of an ESP32.
const TELLING: usize = 12;
/// Bytes [`Foreign::guess`] looks at.
const GUESSED: usize = 16;

/// An image that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: State,
    /// Where `held` starts; everything before it is understood.
    position: u64,
    /// The bytes of a field that is not complete yet.
    held: Vec<u8>,
    format: Format,
    header: Option<Header>,
    segments: Vec<Segment>,
    /// Code of an ESP8266 version 2 image, which its own header does not count.
    mapped: Option<Segment>,
    sum: u8,
    checksum: Option<Checksum>,
    digest: Option<ImageDigest>,
    crc: Option<Crc>,
    /// Over all bytes so far, of an ESP8266 version 2 image.
    running_crc: Option<crc32fast::Hasher>,
    /// Over all bytes so far, of an ESP8266 version 1 image: the Arduino core's.
    core_crc: Option<CoreCrc>,
    /// Over all bytes so far, where a signature with P-384 can follow.
    sha384: Option<Sha384>,
    app: Option<AppDescriptor>,
    bootloader: Option<BootloaderDescriptor>,
}

/// What is read next.
#[derive(Clone, Debug)]
enum State {
    /// The first bytes, which tell the format.
    Start,
    /// A part of this many bytes.
    Field(Part, usize),
    /// The data of the last segment, of which `left` bytes are missing.
    Data { left: u32, head: Vec<u8> },
    /// The second header of an ESP8266 version 2 image.
    SecondHeader,
    /// What should be that header is something else.
    SecondForeign,
    /// What follows the image.
    Rest(Box<Rest>),
    /// No image.
    Foreign { head: Vec<u8>, merged: MergedWatch },
    /// A broken image.
    Failed(ImageError),
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self::at(0)
    }

    /// Reads an image that starts at this offset of its file, a multiple of 16.
    pub(super) fn at(position: u64) -> Self {
        Self {
            state: State::Start,
            position,
            held: Vec::new(),
            format: Format::Esp32,
            header: None,
            segments: Vec::new(),
            mapped: None,
            sum: CHECKSUM_SEED,
            checksum: None,
            digest: None,
            crc: None,
            running_crc: None,
            core_crc: None,
            sha384: None,
            app: None,
            bootloader: None,
        }
    }

    /// Takes the next bytes; `digests` takes them too, and knows all before them.
    pub(crate) fn update(&mut self, bytes: &[u8], digests: &mut Running) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(self.appetite().min(rest.len()));
            digests.update(piece);
            if let Some(crc) = &mut self.running_crc {
                crc.update(piece);
            }
            if let Some(crc) = &mut self.core_crc {
                crc.update(piece);
            }
            if let Some(sha384) = &mut self.sha384 {
                sha384.update(piece);
            }
            self.take(piece, digests);
            rest = after;
        }
    }

    /// How many bytes can be taken before something has to be decided; at least 1.
    fn appetite(&self) -> usize {
        match &self.state {
            State::Start | State::SecondHeader if self.held.is_empty() => 1,
            State::Start => TELLING - self.held.len(),
            State::SecondHeader | State::SecondForeign => GUESSED - self.held.len(),
            State::Field(_, length) => length - self.held.len(),
            State::Data { left, .. } => *left as usize,
            State::Rest(rest) => rest.until_boundary(),
            State::Foreign { .. } | State::Failed(_) => usize::MAX,
        }
    }

    fn take(&mut self, piece: &[u8], digests: &Running) {
        match &mut self.state {
            State::Data { left, head } => {
                self.sum ^= xor(piece);
                let room = AppDescriptor::LENGTH - head.len();
                head.extend_from_slice(piece.get(..room).unwrap_or(piece));
                *left -= u32::try_from(piece.len()).unwrap_or(*left);
                self.position += piece.len() as u64;
                if *left == 0 {
                    self.end_of_segment();
                }
            }
            State::Rest(rest) => {
                rest.take(piece);
                if rest.is_at_sector() {
                    rest.covered = Some(covered(digests, self.sha384.as_ref()));
                    // Nothing after the first sector is signed.
                    self.sha384 = None;
                }
            }
            State::Foreign { head, merged } => {
                let room = GUESSED - head.len();
                head.extend_from_slice(piece.get(..room).unwrap_or(piece));
                merged.take(piece);
            }
            State::Failed(_) => {}
            State::Start | State::Field(..) | State::SecondHeader | State::SecondForeign => {
                self.held.extend_from_slice(piece);
                self.decide(digests);
            }
        }
    }

    /// Goes on, when what is held is complete.
    fn decide(&mut self, digests: &Running) {
        match (&self.state, self.held.as_slice()) {
            (State::Start, [MAGIC_V2]) => {
                self.format = Format::Esp8266V2;
                let mut crc = crc32fast::Hasher::new();
                crc.update(&self.held);
                self.running_crc = Some(crc);
                self.state = State::Field(Part::Header, Header::SHORT);
            }
            (State::Start, [first]) if *first != MAGIC => {
                let head = std::mem::take(&mut self.held);
                let mut merged = MergedWatch::new();
                merged.take(&head);
                self.state = State::Foreign { head, merged };
            }
            (State::Start, held) if held.len() == TELLING => {
                if looks_like_esp8266(held) {
                    self.format = Format::Esp8266V1;
                    if self.position == 0 {
                        let mut crc = CoreCrc::new();
                        crc.update(&self.held);
                        self.core_crc = Some(crc);
                    }
                    // The bytes after the short header are the first of a segment's.
                    let segment = self.held.split_off(Header::SHORT);
                    self.short_header();
                    self.held = segment;
                } else {
                    self.state = State::Field(Part::Header, Header::LONG);
                }
            }
            (State::SecondHeader, [MAGIC]) => self.state = State::Field(Part::Header, Header::SHORT),
            (State::SecondHeader, _) => self.state = State::SecondForeign,
            (State::SecondForeign, held) if held.len() == GUESSED => {
                self.state = State::Failed(self.no_magic());
            }
            (State::Field(part, length), held) if held.len() == *length => {
                let part = *part;
                self.field(part, digests);
            }
            _ => {}
        }
    }

    fn field(&mut self, part: Part, digests: &Running) {
        match part {
            Part::Header if self.format == Format::Esp32 => self.long_header(),
            // The first header of an ESP8266 version 2 image, and its one segment: code executed from flash.
            Part::Header if self.format == Format::Esp8266V2 && self.mapped.is_none() => {
                self.advance();
                self.state = State::Field(Part::SegmentHeader(0), SEGMENT_HEADER);
            }
            Part::Header => self.short_header(),
            Part::SegmentHeader(index) => self.segment_header(index),
            Part::Checksum => {
                let stored = self.held.last().copied().unwrap_or_default();
                let offset = self.position + self.held.len() as u64 - 1;
                self.checksum = Some(Checksum { offset, stored, computed: self.sum });
                self.advance();
                self.after_checksum(digests);
            }
            Part::Digest => {
                if let (Some(digest), Some(stored)) = (&mut self.digest, array_at(&self.held, 0)) {
                    digest.stored = stored;
                }
                self.advance();
                self.end_of_image(digests);
            }
            Part::Crc => {
                if let (Some(crc), Some(stored)) = (&mut self.crc, u32_at(&self.held, 0)) {
                    crc.stored = stored;
                }
                self.advance();
                self.end_of_image(digests);
            }
            // These are read by `Data` and `Rest`.
            Part::SegmentData(_) | Part::SignatureSector => {}
        }
    }

    /// The field is understood.
    fn advance(&mut self) {
        self.position += self.held.len() as u64;
        self.held.clear();
    }

    fn long_header(&mut self) {
        let Some(header) = Header::read_long(&self.held) else { return };
        if let Some(extended) = &header.extended {
            if extended.hash_appended > 1 {
                self.state = State::Failed(ImageError::HashFlag { value: extended.hash_appended });
                return;
            }
            if extended.chip.verifies(SignatureScheme::EcdsaP384).is_some() {
                self.sha384 = Some(Sha384::new_with_prefix(&self.held));
            }
        }
        self.count_segments(header);
    }

    fn short_header(&mut self) {
        if let Some(header) = Header::read_short(&self.held, self.position) {
            self.count_segments(header);
        }
    }

    fn count_segments(&mut self, header: Header) {
        let count = header.segment_count;
        self.header = Some(header);
        self.advance();
        self.state = if (1..=MAX_SEGMENTS).contains(&count) {
            State::Field(Part::SegmentHeader(0), SEGMENT_HEADER)
        } else {
            State::Failed(ImageError::SegmentCount { count })
        };
    }

    fn segment_header(&mut self, index: u8) {
        let (Some(load_addr), Some(length)) = (u32_at(&self.held, 0), u32_at(&self.held, 4)) else { return };
        if length % 4 != 0 || length >= MAX_SEGMENT_LENGTH {
            let offset = self.position;
            self.state = State::Failed(ImageError::SegmentLength { index, offset, length });
            return;
        }
        self.advance();
        let segment = Segment { load_addr, offset: self.position, length };
        if self.header.is_none() {
            self.mapped = Some(segment);
        } else {
            self.segments.push(segment);
        }
        self.state = State::Data { left: length, head: Vec::new() };
        if length == 0 {
            self.end_of_segment();
        }
    }

    fn end_of_segment(&mut self) {
        let State::Data { head, .. } = &self.state else { return };
        let Some(header) = &self.header else {
            // The checksum leaves out the flash-mapped code; the CRC covers it.
            self.sum = CHECKSUM_SEED;
            self.state = State::SecondHeader;
            return;
        };
        if self.format == Format::Esp32 && self.app.is_none() {
            let offset = self.segments.last().map_or(0, |segment| segment.offset);
            self.app = AppDescriptor::read(head, offset);
            if self.app.is_none() && self.segments.len() == 1 {
                self.bootloader = BootloaderDescriptor::read(head, offset);
            }
        }
        let index = u8::try_from(self.segments.len()).unwrap_or(u8::MAX);
        self.state = if index < header.segment_count {
            State::Field(Part::SegmentHeader(index), SEGMENT_HEADER)
        } else {
            // The checksum is the last byte of a block of 16.
            State::Field(Part::Checksum, 16 - usize::try_from(self.position % 16).unwrap_or(0))
        };
    }

    fn after_checksum(&mut self, digests: &Running) {
        let hashed = self.header.as_ref().and_then(|header| header.extended.as_ref());
        if hashed.is_some_and(|extended| extended.hash_appended == 1) {
            let computed = digests.sha256();
            self.digest = Some(ImageDigest { offset: self.position, stored: [0; 32], computed });
            self.state = State::Field(Part::Digest, 32);
        } else if let Some(crc) = self.running_crc.take() {
            let plain = crc.finalize();
            // The SDK's CRC: the usual one, inverted when its top bit is set and one more otherwise.
            let computed = if plain & 0x8000_0000 != 0 { !plain } else { plain + 1 };
            self.crc = Some(Crc { offset: self.position, stored: 0, computed });
            self.state = State::Field(Part::Crc, 4);
        } else {
            self.end_of_image(digests);
        }
    }

    fn end_of_image(&mut self, digests: &Running) {
        let mut rest = Rest::new(self.position, self.format, self.core_crc.is_some(), digests.sha256());
        if rest.is_at_sector() {
            rest.covered = Some(covered(digests, self.sha384.as_ref()));
        }
        self.state = State::Rest(Box::new(rest));
    }

    fn no_magic(&self) -> ImageError {
        ImageError::Magic { offset: self.position, found: Foreign::guess(&self.held) }
    }

    fn cut(&self, part: Part, needed: usize) -> ImageError {
        let (offset, available) = (self.position, self.held.len() as u64);
        ImageError::Truncated { part, offset, needed: needed as u64, available }
    }

    /// The source has ended; `digests` are of all its bytes.
    pub(crate) fn finish(mut self, digests: &Running) -> Result<AppImage, ImageError> {
        let rest = match &self.state {
            State::Start if self.held.is_empty() => return Err(self.no_magic()),
            State::Start => return Err(self.cut(Part::Header, Header::LONG)),
            State::SecondHeader => return Err(self.cut(Part::Header, Header::SHORT)),
            State::SecondForeign => return Err(self.no_magic()),
            State::Field(part, length) => return Err(self.cut(*part, *length)),
            State::Data { left, .. } => {
                let segment = self.segments.last().or(self.mapped.as_ref());
                let length = segment.map_or(0, |segment| segment.length);
                let index = u8::try_from(self.segments.len().saturating_sub(1)).unwrap_or(u8::MAX);
                return Err(ImageError::Truncated {
                    part: Part::SegmentData(index),
                    offset: segment.map_or(0, |segment| segment.offset),
                    needed: length.into(),
                    available: (length - left).into(),
                });
            }
            State::Foreign { head, merged } => {
                return Err(match merged.table() {
                    Some(table) => ImageError::Merged { table },
                    None => ImageError::Magic { offset: 0, found: Foreign::guess(head) },
                });
            }
            State::Failed(error) => return Err(error.clone()),
            State::Rest(rest) => rest,
        };
        let trailing = rest.trailing(self.core_crc.as_ref())?;
        let total_len = rest.position();
        let filled = || covered_with_fill(digests, self.sha384.as_ref(), rest.until_sector());
        let signature_input = rest.signature_input(&trailing, filled);
        let (Some(header), Some(checksum)) = (self.header.take(), self.checksum) else {
            return Err(self.cut(Part::Header, Header::LONG));
        };
        let mut segments = self.segments;
        if let Some(mapped) = self.mapped {
            segments.insert(0, mapped);
        }
        Ok(AppImage {
            format: self.format,
            header,
            segments,
            checksum,
            digest: self.digest,
            crc: self.crc,
            bootloader: if self.app.is_some() { None } else { self.bootloader },
            app: self.app,
            image_len: self.position,
            trailing,
            signature_input,
            total_len,
        })
    }
}

/// What a signature at this place covers.
fn covered(digests: &Running, sha384: Option<&Sha384>) -> Covered {
    Covered { sha256: digests.sha256(), sha384: sha384.map(|sha384| sha384.clone().finalize().into()) }
}

/// What a signature after this many bytes of 0xFF would cover.
fn covered_with_fill(digests: &Running, sha384: Option<&Sha384>, fill: usize) -> Covered {
    let fill = vec![0xFF; fill];
    let (mut digests, mut sha384) = (digests.clone(), sha384.cloned());
    digests.update(&fill);
    if let Some(sha384) = &mut sha384 {
        sha384.update(&fill);
    }
    covered(&digests, sha384.as_ref())
}

/// An ESP8266 image has its first segment where an ESP32 image has pin settings.
///
/// The segment's address is in instruction RAM, data RAM or mapped flash; read as pin settings, its top byte
/// would be a drive strength no chip has (nibbles go up to 3).
fn looks_like_esp8266(bytes: &[u8]) -> bool {
    matches!(
        u32_at(bytes, 8),
        Some(0x3FFE_8000..=0x3FFF_FFFF | 0x4010_0000..=0x4010_FFFF | 0x4020_0000..=0x402F_FFFF)
    )
}
/// All bytes by exclusive or. Sixteen at once: every byte of an image goes through here, and one by one they take as long as hashing them
/// where code is made small.
fn xor(bytes: &[u8]) -> u8 {
    let (wide, rest) = bytes.as_chunks::<16>();
    let all = wide.iter().fold(0, |all, bytes| all ^ u128::from_ne_bytes(*bytes));
    all.to_ne_bytes().iter().chain(rest).fold(0, |all, byte| all ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_joined_whatever_their_number() {
        let bytes: Vec<u8> = (0..100_u32).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
        for from in 0..20 {
            for to in from..100 {
                let piece = bytes.get(from..to).unwrap();
                assert_eq!(xor(piece), piece.iter().fold(0, |all, byte| all ^ byte), "{from}..{to}");
            }
        }
    }
}
