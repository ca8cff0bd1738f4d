//! Writing a JSON package in one pass over the firmware.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::copy::copy;
use crate::digest::{Md5, Sha256};
use crate::error::WriteError;
use crate::expected::Expected;
use crate::hashing::Hashing;
use crate::hex;
use crate::seed::escape::quote;
use crate::seed::md5::SideMd5;
use crate::seed::{Checksums, FIRMWARE, Manifest, Release};

/// How much is hashed and encoded at once: it stays in the first caches.
const PIECE: usize = 16 << 10;

/// How much text is written at once.
const TEXT: usize = 256 << 10;

/// Writes a JSON package, byte for byte as the pipeline's script does.
///
/// The digests stand before the firmware; they have a fixed width and are written over when it has passed.
///
/// ```
/// use std::io::{Cursor, Write};
/// use lw_package::seed::{Release, Writer};
///
/// let mut writer = Writer::new(Cursor::new(Vec::new()), &Release::new("1.2.3", "esp32"), 2)?;
/// writer.write_all(&[0xE9, 0x05]).unwrap();
/// let (file, manifest) = writer.finish(None)?;
/// assert!(file.into_inner().ends_with(br#""release_notes": "Release 1.2.3"}, "firmware": "e905"}"#));
/// assert_eq!(manifest.size, 2);
/// # Ok::<(), lw_package::WriteError>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    manifest: Manifest,
    /// Where the digits of the digests stand in `out`.
    md5_at: u64,
    sha256_at: u64,
    md5: SideMd5,
    sha256: Hashing,
    size: u64,
    /// Digits, and room for more: zeroed once, not for each piece.
    text: Vec<u8>,
    /// Bytes of the text.
    length: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Starts a package where `out` stands, for a firmware of `size` bytes.
    ///
    /// # Errors
    /// When `out` cannot be written or sought.
    pub fn new(mut out: W, release: &Release<'_>, size: u64) -> Result<Self, WriteError> {
        let start = out.stream_position().map_err(WriteError::Io)?;
        let manifest = Manifest {
            version: release.version.to_owned(),
            board: release.board.to_owned(),
            size,
            checksums: Checksums { md5: Md5::ZERO, sha256: Sha256::ZERO },
            minimum_version: release.minimum_version.to_owned(),
            release_notes: match release.release_notes {
                Some(notes) => notes.to_owned(),
                None => format!("Release {}", release.version),
            },
        };
        let mut json = String::from(r#"{"manifest": {"version": "#);
        quote(&manifest.version, &mut json);
        json.push_str(r#", "board": "#);
        quote(&manifest.board, &mut json);
        json.push_str(&format!(r#", "size": {size}, "checksums": {{"md5": ""#));
        let md5_at = start + json.len() as u64;
        json.push_str(&manifest.checksums.md5.hex());
        json.push_str(r#"", "sha256": ""#);
        let sha256_at = start + json.len() as u64;
        json.push_str(&manifest.checksums.sha256.hex());
        json.push_str(r#""}, "minimum_version": "#);
        quote(&manifest.minimum_version, &mut json);
        json.push_str(r#", "release_notes": "#);
        quote(&manifest.release_notes, &mut json);
        json.push_str(r#"}, "firmware": ""#);
        out.write_all(json.as_bytes()).map_err(WriteError::Io)?;
        Ok(Self {
            out,
            manifest,
            md5_at,
            sha256_at,
            md5: SideMd5::new(size),
            sha256: Hashing::new(),
            size: 0,
            text: vec![0; TEXT],
            length: 0,
        })
    }

    /// Leaves it to the caller to compute the SHA-256 of the firmware, who has to expect it at the
    /// [`finish`](Self::finish). For one who computes it anyway.
    #[must_use]
    pub fn hashed_by_caller(self) -> Self {
        Self { sha256: Hashing::Caller, ..self }
    }

    /// Copies everything `source` has, in large pieces.
    ///
    /// # Errors
    /// When the source cannot be read or the target not be written.
    pub fn copy(&mut self, source: impl Read) -> Result<u64, WriteError> {
        copy(source, self, FIRMWARE)
    }

    /// Ends the package and returns the target, which stands at its end.
    ///
    /// # Errors
    /// Another size than was said at the start, another digest than expected, and when the target cannot be written.
    pub fn finish(mut self, expected: Option<Sha256>) -> Result<(W, Manifest), WriteError> {
        self.pass_on().map_err(WriteError::Io)?;
        let expected = Expected { size: Some(self.manifest.size), sha256: expected };
        let sha256 = self.sha256.finish(FIRMWARE, self.size, expected)?;
        self.manifest.checksums = Checksums { md5: self.md5.finish().map_err(WriteError::Io)?, sha256 };
        self.out.write_all(b"\"}").map_err(WriteError::Io)?;
        let end = self.out.stream_position().map_err(WriteError::Io)?;
        let checksums = self.manifest.checksums;
        for (at, digits) in [(self.md5_at, checksums.md5.hex()), (self.sha256_at, checksums.sha256.hex())] {
            self.out.seek(SeekFrom::Start(at)).map_err(WriteError::Io)?;
            self.out.write_all(digits.as_bytes()).map_err(WriteError::Io)?;
        }
        self.out.seek(SeekFrom::Start(end)).map_err(WriteError::Io)?;
        self.out.flush().map_err(WriteError::Io)?;
        Ok((self.out, self.manifest))
    }
}

impl<W: Write> Writer<W> {
    /// Writes the digits there are.
    fn pass_on(&mut self) -> io::Result<()> {
        let text = self.text.get(..self.length).unwrap_or_default();
        self.length = 0;
        self.out.write_all(text)
    }
}

/// Takes the bytes of the firmware.
impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE).unwrap_or(bytes);
        if self.length + 2 * piece.len() > TEXT {
            self.pass_on()?;
        }
        self.md5.update(piece);
        self.sha256.update(piece);
        let room = self.text.get_mut(self.length..).unwrap_or_default();
        self.length += hex::encode(piece, room).len();
        self.size += piece.len() as u64;
        Ok(piece.len())
    }

    /// Text of less than a piece may stay until [`finish`](Self::finish).
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
