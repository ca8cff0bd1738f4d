//! Zstandard frames (RFC 8878) without C: one crate writes them, another one, which trusts nothing, reads them.
//!
//! `rusty_zstd` comes close to the reference compressor up to its level 9 and is far from it at 19: a real ESP32-S3
//! application of 135,008 bytes becomes 72,250 bytes here, 72,167 with `zstd -9` and 68,513 with `zstd -19`. `ruzstd`
//! decodes; its own compressor gives 92,662 bytes.

use std::io::{self, Read};

use rusty_zstd::{CompressOptions, Compressor, Flush, compress_stream_out_size};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The compressor's level. Above 9 it gets slower and hardly better.
const LEVEL: i32 = 9;

/// Up to this size the reference tables have parameters of their own, which make a small image 3 % smaller.
const SMALL: usize = 256 << 10;

/// The size larger images are taken to have: it sets the window to 1 MiB, and with it the memory of both sides. With 4 MiB
/// images of real code get half a percent smaller, and a package takes 59 MB instead of 27 MB to make.
const LARGE: u64 = 1 << 20;

/// The largest window that is decoded: what RFC 8878, section 3.1.1.1.2, asks every decoder to support.
const MAX_WINDOW: u64 = 8 << 20;

/// Compresses a stream into one frame.
///
/// The frame depends on the bytes only, not on the pieces they come in, nor on a size known beforehand.
pub(super) struct Encoder {
    /// The start of the stream, until it is known whether it is small.
    head: Vec<u8>,
    compressor: Option<Compressor>,
    out: Vec<u8>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("started", &self.compressor.is_some()).finish_non_exhaustive()
    }
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { head: Vec::new(), compressor: None, out: vec![0; compress_stream_out_size()] }
    }

    /// Takes the next bytes and gives what is compressed to `sink`.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(compressor) = &mut self.compressor else {
            self.head.extend_from_slice(bytes);
            if self.head.len() <= SMALL {
                return Ok(());
            }
            let head = std::mem::take(&mut self.head);
            self.start(LARGE)?;
            return self.write(&head, sink);
        };
        let mut left = bytes;
        while !left.is_empty() {
            let status = compressor.stream(left, &mut self.out, Flush::Continue).map_err(broken)?;
            if status.input_consumed == 0 && status.output_produced == 0 {
                return Err(io::Error::other("the compressor does not go on"));
            }
            sink(self.out.get(..status.output_produced).unwrap_or_default())?;
            left = left.get(status.input_consumed..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends the frame.
    pub(super) fn finish(mut self, mut sink: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.compressor.is_none() {
            let head = std::mem::take(&mut self.head);
            self.start(head.len() as u64)?;
            self.write(&head, &mut sink)?;
        }
        let Some(compressor) = &mut self.compressor else { return Ok(()) };
        loop {
            let status = compressor.stream(&[], &mut self.out, Flush::End).map_err(broken)?;
            sink(self.out.get(..status.output_produced).unwrap_or_default())?;
            if status.done {
                return Ok(());
            }
            if status.output_produced == 0 {
                return Err(io::Error::other("the compressor does not end"));
            }
        }
    }

    fn start(&mut self, size: u64) -> io::Result<()> {
        let options = CompressOptions { level: LEVEL, checksum: true };
        self.compressor = Some(Compressor::with_options(options, Some(size)).map_err(broken)?);
        Ok(())
    }
}

fn broken(error: rusty_zstd::Error) -> io::Error {
    io::Error::other(error.kind())
}

/// Decodes one frame in memory that depends on its window only.
pub(super) struct Decoder<R: Read>(StreamingDecoder<R, FrameDecoder>);

impl<R: Read> Decoder<R> {
    /// Reads the header of the frame.
    pub(super) fn new(source: R) -> Result<Self, String> {
        StreamingDecoder::new_with_max_window_size(source, MAX_WINDOW)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        let mut encoder = Encoder::new();
        let mut sink = |bytes: &[u8]| {
            frame.extend_from_slice(bytes);
            Ok(())
        };
        for piece in bytes.chunks(piece) {
            encoder.write(piece, &mut sink).unwrap();
        }
        encoder.finish(&mut sink).unwrap();
        frame
    }

    /// Bytes that repeat now and then.
    fn bytes(count: usize) -> Vec<u8> {
        let mut state = 7_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 & if state & 0x40_0000 == 0 { 0x03 } else { 0xFF }
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn a_frame_decodes_to_its_bytes_however_they_came() {
        for count in [0, 1, 1000, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL + 17] {
            let bytes = bytes(count);
            let frame = compress(&bytes, 1 << 20);
            assert_eq!(compress(&bytes, 4093), frame, "{count}: another frame for other pieces");
            let mut decoded = Vec::new();
            Decoder::new(frame.as_slice()).unwrap().read_to_end(&mut decoded).unwrap();
            assert!(decoded == bytes, "{count}");
        }
    }

    #[test]
    fn a_window_too_large_for_a_small_machine_is_refused() {
        // Magic, no flags, window descriptor: exponent 14 is 16 MiB, exponent 13 is 8 MiB.
        let frame = |exponent: u8| [0x28, 0xB5, 0x2F, 0xFD, 0, exponent << 3, 1, 0, 0];
        assert!(Decoder::new(frame(14).as_slice()).is_err());
        assert!(Decoder::new(frame(13).as_slice()).is_ok());
    }
}
