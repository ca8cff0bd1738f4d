//! Patches of bsdiff 4.
//!
//! `BSDIFF40`, three sizes (control section, diff section, target), then three bzip2 streams: control (three numbers per
//! step: bytes with a difference, new bytes, seek), differences, new bytes. Numbers are 64 bits, little-endian, sign and
//! magnitude. bsdiff 4.3: the comment in `bsdiff.c` and `offtin` in `bspatch.c`.
//!
//! bspatch reads bytes outside the base as zero. No matcher writes such a patch, so here it is an error: the patch is for
//! another base.

use std::io::{Read, Write};

use bzip2::Compression;
use bzip2::bufread::BzDecoder;
use bzip2::write::BzEncoder;

use crate::apply::Source;
use crate::error::{Part, PatchError, Problem, Rest};
use crate::format::{Encoding, Format};
use crate::script::Script;

pub(crate) const MAGIC: &[u8] = b"BSDIFF40";
const HEADER: usize = 32;

/// Writes a patch.
pub(crate) fn write(script: &Script<'_>) -> Vec<u8> {
    let mut control = Section::new();
    let mut diff = Section::new();
    let mut extra = Section::new();
    let mut differences = Vec::new();
    for piece in script.pieces() {
        control.add(&packed(size(piece.step.diff)));
        control.add(&packed(size(piece.step.extra)));
        control.add(&packed(piece.step.seek));
        differences.clear();
        piece.write_diff(&mut differences);
        diff.add(&differences);
        extra.add(piece.extra);
    }
    let (control, diff, extra) = (control.finish(), diff.finish(), extra.finish());
    let mut out = Vec::with_capacity(HEADER + control.len() + diff.len() + extra.len());
    out.extend_from_slice(MAGIC);
    for length in [control.len(), diff.len(), script.target.len()] {
        out.extend_from_slice(&packed(size(length)));
    }
    for section in [control, diff, extra] {
        out.extend(section);
    }
    out
}

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

const SIGN: u64 = 1 << 63;

/// A number in sign and magnitude.
fn packed(value: i64) -> [u8; 8] {
    let sign = if value < 0 { SIGN } else { 0 };
    (value.unsigned_abs() | sign).to_le_bytes()
}

fn unpacked(bytes: [u8; 8]) -> i64 {
    let bits = u64::from_le_bytes(bytes);
    // The magnitude has 63 bits.
    let magnitude = (bits & !SIGN) as i64;
    if bits & SIGN != 0 { -magnitude } else { magnitude }
}

/// A section that is being compressed.
struct Section(BzEncoder<Vec<u8>>);

impl Section {
    fn new() -> Self {
        Self(BzEncoder::new(Vec::new(), Compression::best()))
    }

    fn add(&mut self, bytes: &[u8]) {
        // Writing to a vector cannot fail.
        let _ = self.0.write_all(bytes);
    }

    fn finish(self) -> Vec<u8> {
        self.0.finish().unwrap_or_default()
    }
}

/// A section that is being read.
struct Stream<'a> {
    decoder: BzDecoder<&'a [u8]>,
    part: Part,
    start: u64,
    length: u64,
}

impl<'a> Stream<'a> {
    fn new(data: &'a [u8], part: Part, start: usize) -> Self {
        Self { decoder: BzDecoder::new(data), part, start: start as u64, length: data.len() as u64 }
    }

    /// Fills a buffer as far as there is data.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.decoder.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(_) => return Err(Problem::Bzip2(self.part)),
            }
        }
        Ok(filled)
    }

    fn offset(&self) -> u64 {
        self.start + self.decoder.total_in()
    }

    /// Checks that both the data and the section end here, and with that the stream's checksum.
    fn finish(&mut self) -> Result<(), Problem> {
        if self.read(&mut [0])? > 0 {
            return Err(Problem::Trailing(Rest::Data(self.part)));
        }
        match self.length - self.decoder.total_in().min(self.length) {
            0 => Ok(()),
            left => Err(Problem::Trailing(Rest::Bytes(left))),
        }
    }
}

/// A patch that is being read.
pub(crate) struct Patch<'a> {
    target_size: u64,
    control: Stream<'a>,
    diff: Stream<'a>,
    extra: Stream<'a>,
    /// Which of them was read last.
    last: Part,
}

impl<'a> Patch<'a> {
    /// Reads the header.
    pub(crate) fn open(patch: &'a [u8]) -> Result<Self, PatchError> {
        let format = Some(Format::Bsdiff40);
        let fail = |offset: usize, problem| PatchError { format, offset: offset as u64, problem };
        let sections =
            patch.get(HEADER..).ok_or_else(|| fail(patch.len(), Problem::Truncated(Part::Header)))?;
        let field = |offset: usize, part| {
            let bytes = patch.get(offset..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            let value = unpacked(bytes);
            u64::try_from(value).map_err(|_| fail(offset, Problem::Negative { part, value }))
        };
        let section = |rest: &'a [u8], offset: usize, part| {
            let size = field(offset, part)?;
            let split = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size));
            split.ok_or_else(|| fail(offset, Problem::Section { part, size, left: rest.len() as u64 }))
        };
        let target_size = field(24, Part::TargetSize)?;
        let (control, rest) = section(sections, 8, Part::Control)?;
        let (diff, extra) = section(rest, 16, Part::DiffSection)?;
        let start = HEADER + control.len();
        Ok(Self {
            target_size,
            control: Stream::new(control, Part::Control, HEADER),
            diff: Stream::new(diff, Part::DiffSection, start),
            extra: Stream::new(extra, Part::ExtraSection, start + diff.len()),
            last: Part::Control,
        })
    }

    fn stream(&mut self, part: Part) -> &mut Stream<'a> {
        self.last = part;
        match part {
            Part::Diff => &mut self.diff,
            Part::Extra => &mut self.extra,
            _ => &mut self.control,
        }
    }
}

impl Source for Patch<'_> {
    fn encoding(&self) -> Encoding {
        Encoding::Bsdiff40
    }

    fn target_size(&self) -> u64 {
        self.target_size
    }

    fn number(&mut self, part: Part) -> Result<i64, Problem> {
        let mut bytes = [0; 8];
        match self.stream(part).read(&mut bytes)? {
            8 => Ok(unpacked(bytes)),
            _ => Err(Problem::Truncated(part)),
        }
    }

    fn data(&mut self, part: Part, buffer: &mut [u8]) -> Result<(), Problem> {
        if self.stream(part).read(buffer)? < buffer.len() { Err(Problem::Truncated(part)) } else { Ok(()) }
    }

    fn offset(&self) -> u64 {
        match self.last {
            Part::Diff => self.diff.offset(),
            Part::Extra => self.extra.offset(),
            _ => self.control.offset(),
        }
    }

    fn finish(&mut self) -> Result<(), Problem> {
        for part in [Part::Control, Part::Diff, Part::Extra] {
            self.stream(part).finish()?;
        }
        Ok(())
    }
}
