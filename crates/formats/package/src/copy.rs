//! Copying with errors that say which side failed.

use std::io::{self, Read, Write};

use crate::error::WriteError;

/// How much is copied at once.
const CHUNK: usize = 128 << 10;

/// Copies everything `source`, which errors call `file`, has into the package.
pub(crate) fn copy(mut source: impl Read, package: &mut impl Write, file: &str) -> Result<u64, WriteError> {
    let mut buffer = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(WriteError::Source { file: file.to_owned(), source }),
        };
        package.write_all(buffer.get(..count).unwrap_or_default()).map_err(WriteError::Io)?;
        copied += count as u64;
    }
}
