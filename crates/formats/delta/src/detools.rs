//! detools' sequential patches.
//!
//! A byte `0ttt cccc` (type and compression), the size of the target, and then, compressed: the size of a patch to the
//! data format (zero without one) and for each step the size of its difference, the difference, the size of its new
//! data, that data, and the seek. Numbers hold six bits in their first byte, beside a sign, and seven in each further
//! one. A patch to an empty target ends after the size. detools: `create_patch_sequential` in `detools/create.py`, `apply_patch_sequential` in `detools/apply.py`.

use crate::apply::Source;
use crate::crle;
use crate::error::{Part, PatchError, Problem, Unsupported};
use crate::format::{Encoding, Format};
use crate::heatshrink::{self, Parameters};
use crate::script::Script;
use crate::stream::{Plain, Stream};
use crate::varint::{self, Unreadable};

/// How the steps of a patch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Conditional run-length encoding.
    Crle,
    /// Heatshrink.
    Heatshrink(Parameters),
}

impl Compression {
    /// The format with this compression.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::None => Format::DetoolsNone,
            Self::Crle => Format::DetoolsCrle,
            Self::Heatshrink(_) => Format::DetoolsHeatshrink,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Crle => 2,
            Self::Heatshrink(_) => 4,
        }
    }
}

/// Appends a patch.
pub(crate) fn write(script: &Script<'_>, compression: Compression, mut out: Vec<u8>) -> Vec<u8> {
    out.push(compression.number());
    write_size(&mut out, script.target.len());
    if script.target.is_empty() {
        return out;
    }
    let room = script.target.len() + 16 * script.steps().len() + 16;
    match compression {
        Compression::None => write_steps(script, &mut out),
        Compression::Crle => {
            let mut data = Vec::with_capacity(room);
            write_steps(script, &mut data);
            crle::write(&data, &mut out);
        }
        Compression::Heatshrink(parameters) => {
            let mut data = heatshrink::window(parameters, room);
            write_steps(script, &mut data);
            out.push(parameters.byte());
            heatshrink::compress_in_window(&data, parameters, &mut out);
        }
    }
    out
}

fn write_steps(script: &Script<'_>, out: &mut Vec<u8>) {
    varint::write(out, 0);
    for piece in script.pieces() {
        write_size(out, piece.step.diff);
        piece.write_diff(out);
        write_size(out, piece.step.extra);
        out.extend_from_slice(piece.extra);
        varint::write(out, piece.step.seek);
    }
}

fn write_size(out: &mut Vec<u8>, size: usize) {
    // Inputs are at most `MAX_INPUT`.
    varint::write(out, i64::try_from(size).unwrap_or(i64::MAX));
}

/// The part of a patch before the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) compression: Compression,
    pub(crate) target_size: u64,
    /// Where the compressed data begins in the file.
    data: u64,
}

impl Header {
    /// Reads the header of a patch that begins at `offset` of its file.
    pub(crate) fn read(patch: &[u8], offset: u64) -> Result<Self, PatchError> {
        let mut bytes = Plain::new(patch, offset);
        let format = None;
        let fail = |bytes: &Plain<'_>, problem| PatchError { format, offset: bytes.offset(), problem };
        let first = byte(&mut bytes, Part::Header).map_err(|problem| fail(&bytes, problem))?;
        let number = first & 0x0F;
        let unsupported = |what| PatchError { format, offset, problem: Problem::Unsupported(what) };
        let known = number <= 6;
        match first >> 4 {
            0 if known => {}
            1 if known => return Err(unsupported(Unsupported::InPlace)),
            2 if known => return Err(unsupported(Unsupported::HdiffPatch)),
            _ => {
                let problem = Problem::Unknown { start: base16ct::lower::encode_string(&[first]) };
                return Err(PatchError { format, offset, problem });
            }
        }
        let target_size = size(&mut bytes, Part::TargetSize).map_err(|problem| fail(&bytes, problem))?;
        let compression = match number {
            0 => Compression::None,
            2 => Compression::Crle,
            4 if target_size == 0 => Compression::Heatshrink(Parameters::default()),
            4 => {
                let parameters = byte(&mut bytes, Part::Header).and_then(Parameters::from_byte);
                Compression::Heatshrink(parameters.map_err(|problem| fail(&bytes, problem))?)
            }
            1 => return Err(unsupported(Unsupported::Compression("lzma"))),
            3 => return Err(unsupported(Unsupported::Compression("bz2"))),
            5 => return Err(unsupported(Unsupported::Compression("zstd"))),
            _ => return Err(unsupported(Unsupported::Compression("lz4"))),
        };
        Ok(Self { compression, target_size, data: bytes.offset() - offset })
    }
}

fn byte(stream: &mut dyn Stream, part: Part) -> Result<u8, Problem> {
    let mut buffer = [0];
    match stream.read(&mut buffer)? {
        0 => Err(Problem::Truncated(part)),
        _ => Ok(buffer[0]),
    }
}

fn number(stream: &mut dyn Stream, part: Part) -> Result<i64, Problem> {
    varint::read(|| byte(stream, part)).map_err(|error| match error {
        Unreadable::Source(problem) => problem,
        Unreadable::Overflow => Problem::Overflow(part),
    })
}

fn size(stream: &mut dyn Stream, part: Part) -> Result<u64, Problem> {
    let value = number(stream, part)?;
    u64::try_from(value).map_err(|_| Problem::Negative { part, value })
}

/// A patch that is being read.
pub(crate) struct Patch<'a> {
    encoding: Encoding,
    target_size: u64,
    stream: Box<dyn Stream + 'a>,
}

impl<'a> Patch<'a> {
    /// Reads a patch that begins at `offset` of its file up to its first step.
    pub(crate) fn open(
        patch: &'a [u8],
        offset: u64,
        encoding: impl FnOnce(Compression) -> Encoding,
    ) -> Result<Self, PatchError> {
        let header = Header::read(patch, offset)?;
        let data = usize::try_from(header.data).ok().and_then(|start| patch.get(start..)).unwrap_or_default();
        let start = offset + header.data;
        let stream: Box<dyn Stream + 'a> = match header.compression {
            _ if header.target_size == 0 => Box::new(Plain::new(data, start)),
            Compression::None => Box::new(Plain::new(data, start)),
            Compression::Crle => Box::new(crle::Reader::new(data, start)),
            Compression::Heatshrink(parameters) => Box::new(heatshrink::Reader::new(data, start, parameters)),
        };
        let encoding = encoding(header.compression);
        let mut patch = Self { encoding, target_size: header.target_size, stream };
        if header.target_size > 0 {
            let data_format = size(&mut *patch.stream, Part::DataFormatSize);
            let problem = match data_format {
                Ok(0) => return Ok(patch),
                Ok(_) => Problem::Unsupported(Unsupported::DataFormat),
                Err(problem) => problem,
            };
            let format = Some(encoding.format());
            return Err(PatchError { format, offset: patch.stream.offset(), problem });
        }
        Ok(patch)
    }
}

impl Source for Patch<'_> {
    fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn target_size(&self) -> u64 {
        self.target_size
    }

    fn number(&mut self, part: Part) -> Result<i64, Problem> {
        number(&mut *self.stream, part)
    }

    fn data(&mut self, part: Part, buffer: &mut [u8]) -> Result<(), Problem> {
        if self.stream.read(buffer)? < buffer.len() { Err(Problem::Truncated(part)) } else { Ok(()) }
    }

    fn offset(&self) -> u64 {
        self.stream.offset()
    }

    fn finish(&mut self) -> Result<(), Problem> {
        self.stream.finish()
    }
}
