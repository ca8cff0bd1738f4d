//! Carrying out a patch, whatever its encoding.
//!
//! A patch comes from outside, so nothing it says is believed: memory is a few buffers of fixed size whatever it
//! declares, the target may not grow beyond the caller's limit nor its own declared size, the base is read only where
//! there is one, and steps that write nothing are counted.

use std::io::Write;

use crate::bsdiff;
use crate::detools;
use crate::error::{ApplyError, Part, PatchError, Problem};
use crate::esp;
use crate::format::{Encoding, Format};

/// How much is decompressed at once.
const CHUNK: usize = 64 * 1024;

/// How many steps may write nothing, beyond as many as the bytes written so far. bsdiff's matcher makes such a step
/// when a target does not begin like its base.
const IDLE_STEPS: u64 = 1024;

/// What a patch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its format, and what else the header says.
    pub encoding: Encoding,
    /// Size of the patch in bytes, its header included.
    pub patch_size: u64,
    /// Size of the target in bytes.
    pub target_size: u64,
    /// How many steps there are.
    pub steps: u64,
    /// How many bytes of the target are the base's with a difference added.
    pub diff_bytes: u64,
    /// How many of these differences are not zero.
    pub changed_bytes: u64,
    /// How many bytes of the target are not the base's.
    pub extra_bytes: u64,
}

/// A patch that is being read, step by step.
pub(crate) trait Source {
    /// What the header says.
    fn encoding(&self) -> Encoding;
    /// The size of the target that the header declares.
    fn target_size(&self) -> u64;
    /// The next number; for each step that of [`Part::DiffSize`], [`Part::ExtraSize`] and [`Part::Seek`].
    fn number(&mut self, part: Part) -> Result<i64, Problem>;
    /// Fills a buffer with the next of [`Part::Diff`] or [`Part::Extra`].
    fn data(&mut self, part: Part, buffer: &mut [u8]) -> Result<(), Problem>;
    /// How many bytes of the patch have been consumed.
    fn offset(&self) -> u64;
    /// Checks that nothing is left.
    fn finish(&mut self) -> Result<(), Problem>;
}

/// Makes a target of its base and writes it to `out`.
///
/// `limit` is the largest size of a target, in bytes, that is accepted. No format says which target it makes: compare the
/// digest of what was written.
///
/// # Errors
/// When the patch is damaged, is for another base as far as can be told, makes a target larger than the limit, or the
/// target cannot be written. What was written until then is not the target.
pub fn apply(patch: &[u8], base: &[u8], limit: u64, out: &mut dyn Write) -> Result<Info, ApplyError> {
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(ApplyError::Write);
    open(patch, |source| run(source, patch.len(), limit, Some((base, &mut write))))
}

/// Reads a whole patch without its base and tells what it holds.
///
/// # Errors
/// As [`apply`], except that nothing can be said of a base.
pub fn describe(patch: &[u8], limit: u64) -> Result<Info, PatchError> {
    open(patch, |source| run(source, patch.len(), limit, None))
}

fn open<T, E: From<PatchError>>(
    patch: &[u8],
    read: impl FnOnce(&mut dyn Source) -> Result<T, E>,
) -> Result<T, E> {
    match Format::detect(patch)? {
        Format::Bsdiff40 => read(&mut bsdiff::Patch::open(patch)?),
        Format::EspDelta => {
            let base_hash = esp::Header::read(patch)?.base_hash;
            let inner = patch.get(esp::LENGTH..).unwrap_or_default();
            let encoding = |compression| Encoding::EspDelta { base_hash, compression };
            read(&mut detools::Patch::open(inner, esp::LENGTH as u64, encoding)?)
        }
        _ => read(&mut detools::Patch::open(patch, 0, Encoding::Detools)?),
    }
}

/// The base, and what takes the target.
type Job<'a, E> = (&'a [u8], &'a mut dyn FnMut(&[u8]) -> Result<(), E>);

fn run<E: From<PatchError>>(
    source: &mut dyn Source,
    patch_size: usize,
    limit: u64,
    mut job: Option<Job<'_, E>>,
) -> Result<Info, E> {
    let mut info = Info {
        encoding: source.encoding(),
        patch_size: patch_size as u64,
        target_size: source.target_size(),
        steps: 0,
        diff_bytes: 0,
        changed_bytes: 0,
        extra_bytes: 0,
    };
    let format = info.encoding.format();
    let fail = |source: &dyn Source, problem| {
        E::from(PatchError { format: Some(format), offset: source.offset(), problem })
    };
    let size = info.target_size;
    if size > limit {
        return Err(fail(source, Problem::TargetTooLarge { size, limit }));
    }
    let mut buffer = vec![0; CHUNK];
    let mut at: i64 = 0;
    let mut idle = 0;
    while info.diff_bytes + info.extra_bytes < size {
        info.steps += 1;
        let left = size - info.diff_bytes - info.extra_bytes;
        let diff = length(source, Part::DiffSize, left).map_err(|problem| fail(source, problem))?;
        // A length is at most the target's, so it and sums of positions with it stay far below 2^63.
        let end = at.saturating_add_unsigned(diff);
        let from = match &job {
            Some((base, _)) if diff > 0 => {
                let part = inside(base, at, end);
                let outside = || Problem::OutsideBase { from: at, to: end, base: base.len() as u64 };
                part.ok_or_else(|| fail(source, outside()))?
            }
            _ => &[],
        };
        let mut done = 0;
        while done < diff {
            let chunk = chunk(&mut buffer, diff - done);
            source.data(Part::Diff, chunk).map_err(|problem| fail(source, problem))?;
            info.changed_bytes += changed(chunk);
            if let Some((_, write)) = &mut job {
                let from = usize::try_from(done).ok().and_then(|done| from.get(done..)).unwrap_or_default();
                for (byte, from) in chunk.iter_mut().zip(from) {
                    *byte = byte.wrapping_add(*from);
                }
                write(chunk)?;
            }
            done += chunk.len() as u64;
        }
        info.diff_bytes += diff;
        let extra = length(source, Part::ExtraSize, left - diff).map_err(|problem| fail(source, problem))?;
        let mut done = 0;
        while done < extra {
            let chunk = chunk(&mut buffer, extra - done);
            source.data(Part::Extra, chunk).map_err(|problem| fail(source, problem))?;
            if let Some((_, write)) = &mut job {
                write(chunk)?;
            }
            done += chunk.len() as u64;
        }
        info.extra_bytes += extra;
        let seek = source.number(Part::Seek).map_err(|problem| fail(source, problem))?;
        // Where it leads is checked when something is read there; the last seek leads nowhere.
        at = end.checked_add(seek).ok_or_else(|| fail(source, Problem::Overflow(Part::Seek)))?;
        if diff == 0 && extra == 0 {
            idle += 1;
            if idle > IDLE_STEPS + info.diff_bytes + info.extra_bytes {
                return Err(fail(source, Problem::NoProgress(idle)));
            }
        }
    }
    source.finish().map_err(|problem| fail(source, problem))?;
    Ok(info)
}

/// How many bytes are not zero. Counted in bytes first, as many as fit one: that many are counted at once.
fn changed(bytes: &[u8]) -> u64 {
    let pieces = bytes.chunks(usize::from(u8::MAX));
    pieces.map(|piece| u64::from(piece.iter().map(|byte| u8::from(*byte != 0)).sum::<u8>())).sum()
}

/// Reads a size that may not be more than what is left of the target.
fn length(source: &mut dyn Source, part: Part, left: u64) -> Result<u64, Problem> {
    let value = source.number(part)?;
    let size = u64::try_from(value).map_err(|_| Problem::Negative { part, value })?;
    if size > left { Err(Problem::Overrun { part, size, left }) } else { Ok(size) }
}

fn inside(base: &[u8], from: i64, to: i64) -> Option<&[u8]> {
    base.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
}

/// As much of a buffer as is needed.
fn chunk(buffer: &mut [u8], needed: u64) -> &mut [u8] {
    let length = usize::try_from(needed).map_or(buffer.len(), |needed| needed.min(buffer.len()));
    let (chunk, _) = buffer.split_at_mut(length);
    chunk
}
