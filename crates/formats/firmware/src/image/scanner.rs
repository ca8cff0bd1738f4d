//! Feeds a file to the reader of its format.

use std::io;
use std::io::Read;

use crate::esp_image::MergedWatch;
use crate::image::error::{Container, Error, Foreign};
use crate::image::{Image, Inspected, Kind, Plain};
use crate::sniff::looks_like;
use crate::stream::{Digests, Running, pour};
use crate::{esp_image, intel_hex, mcuboot, uf2};

/// First bytes of a file that tell its format.
const TELLING: usize = 16;
/// First bytes that are kept of a file of no known format, to name it.
const NAMING: usize = 1024;

/// What is expected of a file and which digests are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The only format to accept; `None` takes every format that can be recognised, and so no raw binary.
    ///
    /// With [`Kind::Plain`] the bytes are taken as they are, whatever format they may have, unless they are
    /// surely no firmware: an ELF file, text, a Git LFS pointer, blank memory, nothing at all.
    pub expect: Option<Kind>,
    /// Compute the MD5 of the file as well.
    pub md5: bool,
}

/// A file that was read to its end: its digests, and the image or why it is no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Size and digests of the whole file, whatever it is.
    pub digests: Digests,
    /// The image, whether or not its checks hold, or why the file is no image.
    pub image: Result<Image, Error>,
}

impl Scanned {
    /// The image, if it is one and all its checks hold.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verified(self) -> Result<Inspected, Error> {
        let image = self.image?;
        image.verify()?;
        Ok(Inspected { digests: self.digests, image })
    }
}

/// Recognises, checks and hashes the bytes it is fed.
#[derive(Clone, Debug)]
pub struct Scanner {
    expect: Option<Kind>,
    digests: Running,
    reader: Reader,
}

/// The reader of one format.
#[derive(Clone, Debug)]
enum Reader {
    /// Too few bytes to tell.
    Undecided(Vec<u8>),
    Esp(Box<esp_image::Stream>),
    Mcuboot(Box<mcuboot::Stream>),
    Uf2(Box<uf2::Stream>),
    IntelHex(Box<intel_hex::Stream>),
    Unknown(Box<Unknown>),
}

/// A file of no format that can be recognised.
#[derive(Clone, Debug)]
struct Unknown {
    head: Vec<u8>,
    /// The first byte, and whether all others are the same.
    blank: Option<u8>,
    merged: MergedWatch,
}

impl Scanner {
    /// A scanner that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            expect: options.expect,
            digests: Running::new(options.md5),
            reader: Reader::Undecided(Vec::with_capacity(TELLING)),
        }
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.digests.size()
    }

    /// Takes the next bytes of the file, any number of them.
    pub fn update(&mut self, bytes: &[u8]) {
        let Reader::Undecided(head) = &mut self.reader else {
            self.feed(bytes);
            return;
        };
        let (first, rest) = bytes.split_at((TELLING - head.len()).min(bytes.len()));
        head.extend_from_slice(first);
        if head.len() == TELLING {
            self.decide();
            self.feed(rest);
        }
    }

    /// Chooses the reader by the first bytes and gives it these.
    fn decide(&mut self) {
        let Reader::Undecided(head) = &mut self.reader else { return };
        let head = std::mem::take(head);
        self.reader = match recognise(&head).filter(|_| self.expect != Some(Kind::Plain)) {
            Some(Kind::Esp) => Reader::Esp(Box::new(esp_image::Stream::new())),
            Some(Kind::Mcuboot) => Reader::Mcuboot(Box::new(mcuboot::Stream::new())),
            Some(Kind::Uf2) => Reader::Uf2(Box::new(uf2::Stream::new())),
            Some(Kind::IntelHex) => Reader::IntelHex(Box::new(intel_hex::Stream::new())),
            Some(Kind::Plain) | None => Reader::Unknown(Box::new(Unknown {
                head: Vec::new(),
                blank: head.first().copied(),
                merged: MergedWatch::new(),
            })),
        };
        self.feed(&head);
    }

    fn feed(&mut self, bytes: &[u8]) {
        match &mut self.reader {
            // These need digests of parts of the file, and so feed them themselves.
            Reader::Esp(stream) => stream.update(bytes, &mut self.digests),
            Reader::Mcuboot(stream) => stream.update(bytes, &mut self.digests),
            Reader::Uf2(stream) => {
                self.digests.update(bytes);
                stream.update(bytes);
            }
            Reader::IntelHex(stream) => {
                self.digests.update(bytes);
                stream.update(bytes);
            }
            Reader::Unknown(unknown) => {
                self.digests.update(bytes);
                unknown.update(bytes);
            }
            Reader::Undecided(_) => {}
        }
    }

    /// What the file was.
    #[must_use]
    pub fn finish(mut self) -> Scanned {
        self.decide();
        let found = match self.reader {
            Reader::Esp(_) => Some(Kind::Esp),
            Reader::Mcuboot(_) => Some(Kind::Mcuboot),
            Reader::Uf2(_) => Some(Kind::Uf2),
            Reader::IntelHex(_) => Some(Kind::IntelHex),
            Reader::Unknown(_) | Reader::Undecided(_) => None,
        };
        let image = match (self.expect, found, self.reader) {
            (Some(expected), Some(found), _) if expected != found => Err(Error::Kind { expected, found }),
            (.., Reader::Esp(stream)) => {
                stream.finish().map(|image| Image::Esp(Box::new(image))).map_err(Error::Esp)
            }
            (.., Reader::Mcuboot(stream)) => {
                stream.finish().map(|image| Image::Mcuboot(Box::new(image))).map_err(Error::Mcuboot)
            }
            (.., Reader::Uf2(stream)) => stream.finish().map(Image::Uf2).map_err(Error::Uf2),
            (.., Reader::IntelHex(stream)) => stream.finish().map(Image::IntelHex).map_err(Error::IntelHex),
            (expect, _, Reader::Unknown(unknown)) => unknown.finish(expect),
            (.., Reader::Undecided(_)) => Err(Error::Foreign(Foreign::Empty)),
        };
        Scanned { digests: self.digests.finish(), image }
    }
}

/// The format of a file that starts like this.
fn recognise(head: &[u8]) -> Option<Kind> {
    let starts = |magic: u32| head.starts_with(&magic.to_le_bytes());
    match head {
        [0xE9 | 0xEA, ..] => Some(Kind::Esp),
        [b':', digits @ ..] if !digits.is_empty() && digits.iter().take(8).all(u8::is_ascii_hexdigit) => {
            Some(Kind::IntelHex)
        }
        _ if starts(mcuboot::MAGIC) => Some(Kind::Mcuboot),
        _ if starts(uf2::MAGIC) => Some(Kind::Uf2),
        _ => None,
    }
}

impl Unknown {
    fn update(&mut self, bytes: &[u8]) {
        let room = NAMING - self.head.len();
        self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if let Some(blank) = self.blank
            && bytes.iter().any(|byte| *byte != blank)
        {
            self.blank = None;
        }
        self.merged.take(bytes);
    }

    fn finish(self, expect: Option<Kind>) -> Result<Image, Error> {
        let merged = self.merged.table().map(|table| Foreign::MergedFlash { table });
        if let Some(foreign) = merged.or_else(|| Foreign::guess(&self.head, self.blank)) {
            return Err(Error::Foreign(foreign));
        }
        let container = Container::guess(&self.head);
        let looks_like = match container {
            Some(container) => container.phrase().into(),
            None => looks_like(&self.head),
        };
        match expect {
            Some(Kind::Plain) => Ok(Image::Plain(Plain { looks_like })),
            _ => Err(Error::Unknown { expected: expect, looks_like, container }),
        }
    }
}

/// Reads a source to its end.
///
/// # Errors
/// When the source fails. That a file is no image, or damaged, is in [`Scanned`]; see [`Scanned::verified`].
pub fn read_from(source: &mut impl Read, options: Options) -> io::Result<Scanned> {
    let mut scanner = Scanner::new(options);
    pour(source, |bytes| scanner.update(bytes))?;
    Ok(scanner.finish())
}
