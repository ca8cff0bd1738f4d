//! The ways into the model.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use crate::detect::{Kind, kind, without_mark};
use crate::error::CoverageError;
use crate::model::{Coverage, Format, shorten};
use crate::{clover, cobertura, coveragepy, gcov, gocover, jacoco, lcov, llvm};

/// Compressed reports become at most this many bytes,
const MAX_DECOMPRESSED: u64 = 1 << 30;
/// and at most this many for each of theirs, beyond a few megabytes. Those of gcov become thirty times as large.
const MAX_RATIO: u64 = 300;
/// Enough to recognise a tracefile by, comments in front of it included.
const START: u64 = 1 << 16;

/// Reads a report of any format, recognised by its content. Gzip, as gcov writes, is decompressed.
///
/// # Errors
/// When it is in no format that is known, or not what its format allows. Nothing is passed over silently:
/// what is not an error is in [`Coverage::warnings`].
pub fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    if kind(bytes) == Kind::Gzip { plain(&decompress(bytes)?) } else { plain(bytes) }.map(possible)
}

fn possible(mut coverage: Coverage) -> Coverage {
    coverage.drop_impossible();
    coverage
}

/// Reads a report from where it lies. A tracefile of lcov, the one format of which reports have hundreds of
/// megabytes, is read piece by piece and never whole in memory.
///
/// # Errors
/// As [`read`], and when the reader fails.
pub fn read_from(mut reader: impl Read + Send) -> Result<Coverage, CoverageError> {
    read_any(&mut reader)
}

/// Not of the type of each reader: what reads is made in this crate, as fast as it is told to be, and once.
fn read_any(reader: &mut (dyn Read + Send)) -> Result<Coverage, CoverageError> {
    let failed = |error: io::Error| CoverageError::Io(error.to_string());
    let mut bytes = Vec::new();
    (&mut *reader).take(START).read_to_end(&mut bytes).map_err(failed)?;
    if kind(&bytes) == Kind::Report(Format::Lcov) {
        bytes.drain(..bytes.len() - without_mark(&bytes).len());
        return lcov::read_stream(bytes, reader).map(possible);
    }
    reader.read_to_end(&mut bytes).map_err(failed)?;
    read(&bytes)
}

fn plain(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let text = without_mark(bytes);
    let looks_like = match kind(bytes) {
        Kind::Report(Format::Lcov) => return lcov::read(text),
        Kind::Report(Format::Cobertura) => return cobertura::read(text),
        Kind::Report(Format::Jacoco) => return jacoco::read(text),
        Kind::Report(Format::Clover) => return clover::read(text),
        Kind::Report(Format::GoCover) => return gocover::read(text),
        Kind::Report(Format::Llvm) => return llvm::read(text),
        Kind::Report(Format::Gcov) => return gcov::read(text),
        Kind::Report(Format::CoveragePy) => return coveragepy::read(text),
        Kind::Empty => return Err(CoverageError::Empty),
        Kind::Foreign(foreign) => Some(foreign),
        Kind::Gzip | Kind::Unknown => None,
    };
    let start = text.trim_ascii_start();
    let start = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Err(CoverageError::Unknown { start: shorten(start).escape_debug().to_string(), looks_like })
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, CoverageError> {
    let most = (bytes.len() as u64).saturating_mul(MAX_RATIO).saturating_add(1 << 24).min(MAX_DECOMPRESSED);
    let mut text = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(most + 1);
    decoder.read_to_end(&mut text).map_err(|error| CoverageError::Gzip(error.to_string()))?;
    if text.len() as u64 > most {
        return Err(CoverageError::GzipTooLarge(most));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_read_but_not_without_bound() {
        let report = b"SF:a.c\nDA:1,1\nend_of_record\n";
        assert_eq!(read(&gzip(report)), read(report));
        assert_eq!(read_from(&gzip(report)[..]), read(report));
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(matches!(read(&bomb), Err(CoverageError::GzipTooLarge(_))));
        assert!(matches!(read(&gzip(&gzip(report))), Err(CoverageError::Unknown { .. })));
    }

    #[test]
    fn a_reader_that_fails_is_an_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("unplugged"))
            }
        }
        let start = &b"SF:a.c\nDA:1,1\nend_of_record\n"[..];
        assert_eq!(read_from(Broken), Err(CoverageError::Io("unplugged".into())));
        assert_eq!(read_from(start.chain(Broken)), Err(CoverageError::Io("unplugged".into())));
    }
}
