//! lcov tracefiles, versions 1 and 2.
//!
//! The records are those of `man geninfo` (FILES) of lcov 1.16 and 2.5. The crate `lcov` is not used: its reader
//! stops at the first record it does not know, which is every `FNL`, `FNA` and `MCDC` of lcov 2, every comment
//! and every negative count, and it keeps the same file apart by test name, so that its sums count lines twice.
//! This one reads what the tools write, in one pass over the bytes, and counts what it passes over.
//!
//! - The summaries (`LF`, `LH`, `FNF`, ...) are not believed: they are missing or stale in merged files.
//! - A file in several sections, and a line or function repeated in one, is one; hits add up.
//! - A branch repeated within one section is another one of that name (an instantiation of a template), as lcov 2 counts
//!   it; in the sections of a file the first ones are one, the second ones, and so on.
//! - A record of a known kind that cannot be read is an error, since what it says of the coverage is unknown.
//! - A report whose last section is not closed was cut off, which is an error as well.

mod batch;
mod functions;
mod record;

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use crate::error::CoverageError;
use crate::files::Files;
use crate::model::{Coverage, FileBuilder, Format, Warnings};

use batch::{Batch, Source};

/// More do not pay: the memory of the machine is what limits them.
const MAX_THREADS: usize = 8;

/// Reads a tracefile that is in memory.
pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    read_batches(Source::slice(bytes))
}

/// Reads a tracefile piece by piece, so that only the model has to fit into memory.
pub(crate) fn read_stream(start: Vec<u8>, rest: &mut (dyn Read + Send)) -> Result<Coverage, CoverageError> {
    read_batches(Source::stream(start, rest))
}

/// Reads sections side by side. They are independent of each other, and how they merge does not depend on the
/// order, so the result is the same for any number of threads.
fn read_batches<R: Read + Send>(mut source: Source<'_, R>) -> Result<Coverage, CoverageError> {
    let mut part = Part::default();
    match source.next()? {
        Some(first) if !first.last => part.parse(&first)?,
        Some(only) => {
            part.parse(&only)?;
            return Ok(part.finish());
        }
        None => return Ok(part.finish()),
    }
    let (source, stop) = (Mutex::new(source), AtomicBool::new(false));
    let helpers = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS) - 1;
    let parts = thread::scope(|scope| {
        // With fewer threads than there are processors this one does more.
        let spawn = |_| Builder::new().spawn_scoped(scope, || work(Part::default(), &source, &stop)).ok();
        let handles: Vec<_> = (0..helpers).map_while(spawn).collect();
        let mut parts = vec![work(part, &source, &stop)];
        for handle in handles {
            parts.push(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        parts
    });
    join(parts)
}

/// Reads pieces until there is none left, or another thread found an error.
fn work<R: Read>(
    mut part: Part,
    source: &Mutex<Source<'_, R>>,
    stop: &AtomicBool,
) -> Result<Coverage, CoverageError> {
    let mut done = None;
    while !stop.load(Ordering::Relaxed) {
        let next = {
            // The lock is poisoned when another thread panicked, which ends the scope as well.
            let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(done) = done.take() {
                source.reuse(done);
            }
            source.next()
        };
        match next.and_then(|batch| batch.map(|batch| part.parse(&batch).map(|()| batch)).transpose()) {
            Ok(Some(batch)) => done = Some(batch),
            Ok(None) => break,
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
    }
    Ok(part.finish())
}

/// What one thread read.
#[derive(Default)]
struct Part {
    files: Files,
    warnings: Warnings,
    file: FileBuilder,
}

impl Part {
    fn parse(&mut self, batch: &Batch<'_>) -> Result<(), CoverageError> {
        record::Parser::new(&mut self.files, &mut self.warnings, &mut self.file, batch.first_line)
            .read(batch.bytes(), batch.last)
    }

    fn finish(self) -> Coverage {
        let mut coverage =
            Coverage { warnings: self.warnings, formats: Format::Lcov.into(), ..Coverage::default() };
        self.files.finish(&mut coverage);
        coverage
    }
}

/// One coverage out of those of the threads, or the first error by its place.
fn join(parts: Vec<Result<Coverage, CoverageError>>) -> Result<Coverage, CoverageError> {
    let place = |error: &CoverageError| match error {
        CoverageError::Malformed { at, .. } => at.line,
        _ => 0,
    };
    let mut whole = Coverage::default();
    let mut failures = Vec::new();
    for part in parts {
        match part {
            Ok(part) => whole.absorb(part),
            Err(error) => failures.push(error),
        }
    }
    match failures.into_iter().min_by_key(place) {
        Some(error) => Err(error),
        None => Ok(whole),
    }
}

#[cfg(test)]
mod tests;
