//! Reads an image from front to back, in pieces of any size.

use crate::bytes::{u16_at, u32_at};
use crate::mcuboot::error::{Area, Error, Part};
use crate::mcuboot::tlv::{Algorithm, Covered, TLV_HEADER, Tlv, Wide};
use crate::mcuboot::trailer::Rest;
use crate::mcuboot::{Flags, Header, Image, ImageDigest, MAGIC, Version};
use crate::stream::Running;

/// Length of `struct image_header`.
const HEADER: usize = 32;
/// Length of the magic a header starts with.
const MAGIC_LENGTH: usize = 4;

/// An image that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: State,
    /// Where `held` starts; everything before it is understood.
    position: u64,
    /// The bytes of a part that is not complete yet; a TLV area, the longest, has 64 KiB at most.
    held: Vec<u8>,
    header: Option<Header>,
    protected: Vec<Tlv>,
    unprotected: Vec<Tlv>,
    wide: Option<Wide>,
    /// The first bytes of the payload.
    payload_head: Vec<u8>,
    computed: Option<Covered>,
}

/// What is read next.
#[derive(Clone, Debug)]
enum State {
    /// A part of this many bytes.
    Field(Part, usize),
    /// Padding of the header and payload: `left` bytes are missing of those that started at `start`.
    Body { start: u64, left: u64 },
    /// What follows the image.
    Rest(Rest),
    /// A broken image.
    Failed(Error),
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Field(Part::Header, HEADER),
            position: 0,
            held: Vec::new(),
            header: None,
            protected: Vec::new(),
            unprotected: Vec::new(),
            wide: Some(Wide::new()),
            payload_head: Vec::new(),
            computed: None,
        }
    }

    /// Takes the next bytes; `digests` takes them too, and knows all before them.
    pub(crate) fn update(&mut self, bytes: &[u8], digests: &mut Running) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let appetite = match &self.state {
                State::Field(_, length) => length - self.held.len(),
                State::Body { left, .. } => usize::try_from(*left).unwrap_or(usize::MAX),
                State::Rest(_) | State::Failed(_) => usize::MAX,
            };
            let (piece, after) = rest.split_at(appetite.min(rest.len()));
            digests.update(piece);
            if let Some(wide) = &mut self.wide {
                wide.update(piece);
            }
            self.take(piece, digests);
            rest = after;
        }
    }

    fn take(&mut self, piece: &[u8], digests: &Running) {
        match &mut self.state {
            State::Field(part, length) => {
                let (part, length) = (*part, *length);
                self.held.extend_from_slice(piece);
                if self.held.len() == length
                    && let Err(error) = self.field(part, digests)
                {
                    self.wide = None;
                    self.state = State::Failed(error);
                }
            }
            State::Body { left, .. } => {
                let header = self.header.as_ref().map_or(0, |header| u64::from(header.header_size));
                let before = usize::try_from(header.saturating_sub(self.position)).unwrap_or(usize::MAX);
                let room = MAGIC_LENGTH - self.payload_head.len();
                self.payload_head.extend(piece.iter().skip(before).take(room));
                *left -= piece.len() as u64;
                self.position += piece.len() as u64;
                if *left == 0 {
                    self.end_of_body(digests);
                }
            }
            State::Rest(rest) => rest.take(piece),
            State::Failed(_) => {}
        }
    }

    fn field(&mut self, part: Part, digests: &Running) -> Result<(), Error> {
        match part {
            Part::Header => self.read_header(digests)?,
            Part::AreaHeader(area) => self.read_area_header(area, digests)?,
            Part::Tlvs(area) => {
                let tlvs = Tlv::read_all(&self.held, self.position, area)?;
                self.advance();
                self.end_of_area(area, tlvs, digests);
            }
            // Read as `State::Body`.
            Part::Payload => {}
        }
        Ok(())
    }

    fn advance(&mut self) {
        self.position += self.held.len() as u64;
        self.held.clear();
    }

    fn read_header(&mut self, digests: &Running) -> Result<(), Error> {
        let (half, word) = (
            |at| u16_at(&self.held, at).unwrap_or_default(),
            |at| u32_at(&self.held, at).unwrap_or_default(),
        );
        if word(0) != MAGIC {
            return Err(Error::Magic { found: word(0) });
        }
        let header = Header {
            load_addr: word(4),
            header_size: half(8),
            protected_size: half(10),
            image_size: word(12),
            flags: Flags(word(16)),
            version: Version::read(&self.held, 20).unwrap_or(Version {
                major: 0,
                minor: 0,
                revision: 0,
                build: 0,
            }),
        };
        let (size, payload, protected) = (header.header_size, header.image_size, header.protected_size);
        if usize::from(size) < HEADER {
            return Err(Error::HeaderSize { size });
        }
        let end = u32::from(size).checked_add(payload).and_then(|sum| sum.checked_add(protected.into()));
        if end.is_none() {
            return Err(Error::Overflow { header: size, payload, protected });
        }
        let left = u64::from(size) + u64::from(payload) - HEADER as u64;
        self.header = Some(header);
        self.advance();
        self.state = State::Body { start: self.position, left };
        if left == 0 {
            self.end_of_body(digests);
        }
        Ok(())
    }

    fn end_of_body(&mut self, digests: &Running) {
        let protected = self.header.as_ref().map_or(0, |header| header.protected_size);
        let area = if protected == 0 {
            self.end_of_hashed(digests);
            Area::Unprotected
        } else {
            Area::Protected
        };
        self.state = State::Field(Part::AreaHeader(area), TLV_HEADER);
    }

    /// All that the image hash covers has been read.
    fn end_of_hashed(&mut self, digests: &Running) {
        if let Some(wide) = self.wide.take() {
            self.computed = Some(Covered::new(digests.sha256(), wide));
        }
    }

    fn read_area_header(&mut self, area: Area, digests: &Running) -> Result<(), Error> {
        let (found, size) =
            (u16_at(&self.held, 0).unwrap_or_default(), u16_at(&self.held, 2).unwrap_or_default());
        let offset = self.position;
        let header = self.header.as_ref();
        let (promised, first) = header.map_or((0, 0), |header| {
            (header.protected_size, u64::from(header.header_size) + u64::from(header.image_size))
        });
        if offset == first && found == Area::Protected.magic() && size != promised {
            return Err(Error::ProtectedSize { offset, header: promised, area: size });
        }
        if found != area.magic() {
            return Err(Error::AreaMagic { area, offset, found });
        }
        let Some(length) = usize::from(size).checked_sub(TLV_HEADER) else {
            return Err(Error::AreaSize { area, offset, size });
        };
        self.advance();
        self.state = State::Field(Part::Tlvs(area), length);
        if length == 0 {
            self.end_of_area(area, Vec::new(), digests);
        }
        Ok(())
    }

    fn end_of_area(&mut self, area: Area, tlvs: Vec<Tlv>, digests: &Running) {
        self.state = match area {
            Area::Protected => {
                self.protected = tlvs;
                self.end_of_hashed(digests);
                State::Field(Part::AreaHeader(Area::Unprotected), TLV_HEADER)
            }
            Area::Unprotected => {
                self.unprotected = tlvs;
                State::Rest(Rest::new(self.position))
            }
        };
    }

    /// The source has ended.
    pub(crate) fn finish(self) -> Result<Image, Error> {
        let rest = match self.state {
            State::Field(Part::Header, _) if self.held.len() >= 4 && u32_at(&self.held, 0) != Some(MAGIC) => {
                return Err(Error::Magic { found: u32_at(&self.held, 0).unwrap_or_default() });
            }
            State::Field(part, length) => {
                let (offset, available) = (self.position, self.held.len() as u64);
                return Err(Error::Truncated { part, offset, needed: length as u64, available });
            }
            State::Body { start, left } => {
                let (header, needed) = (
                    self.header.as_ref().map_or(0, |header| u64::from(header.header_size)),
                    self.position - start + left,
                );
                // The padding of the header and the payload are read in one go.
                return Err(if self.position < header {
                    Error::Truncated {
                        part: Part::Header,
                        offset: 0,
                        needed: header,
                        available: self.position,
                    }
                } else {
                    Error::Truncated {
                        part: Part::Payload,
                        offset: header,
                        needed: start + needed - header,
                        available: self.position - header,
                    }
                });
            }
            State::Failed(error) => return Err(error),
            State::Rest(rest) => rest,
        };
        let (Some(header), Some(covered)) = (self.header, self.computed) else {
            return Err(Error::Magic { found: 0 });
        };
        let encrypted = header.flags.is_encrypted();
        let digests = self.unprotected.iter().chain(&self.protected).filter_map(|tlv| {
            let algorithm = Algorithm::of(tlv.kind)?;
            let computed = Some(covered.get(algorithm));
            let computed = computed.filter(|computed| !encrypted || *computed == tlv.data);
            Some(ImageDigest { algorithm, offset: tlv.offset, stored: tlv.data.clone(), computed })
        });
        Ok(Image {
            digests: digests.collect(),
            covered,
            erased: rest.erased(),
            is_nested: self.payload_head == MAGIC.to_le_bytes(),
            header,
            image_len: self.position,
            trailing: rest.trailing(),
            total_len: rest.position(),
            protected: self.protected,
            unprotected: self.unprotected,
        })
    }
}
