//! Heatshrink, the compression of detools for devices with little memory.
//!
//! Bits, most significant first: 1 and a byte that stands for itself, or 0 and a copy of bytes before: the distance less
//! one in as many bits as the window has, and the length less one in as many as the lookahead has. The last byte is
//! filled with zero bits. A copy may overlap what it writes, and reads zeros before the beginning. heatshrink:
//! `heatshrink_encoder.c` and `heatshrink_decoder.c`.

mod decode;
mod encode;

pub(crate) use decode::Reader;
pub use encode::compress;
pub(crate) use encode::{compress_in_window, window};

use crate::error::{Part, Problem};

/// The sizes of the window and the lookahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    window: u8,
    lookahead: u8,
}

impl Default for Parameters {
    /// A window of 2^8 bytes and a lookahead of 2^7: what detools uses, and what esp_delta_ota is built for.
    fn default() -> Self {
        Self { window: 8, lookahead: 7 }
    }
}

impl Parameters {
    /// A window and a lookahead by their binary logarithms: 4 to 15, and 3 to the window's less one. `None` outside.
    ///
    /// heatshrink: `HEATSHRINK_MIN_WINDOW_BITS` and its like in `heatshrink_common.h`.
    #[must_use]
    pub fn new(window: u8, lookahead: u8) -> Option<Self> {
        ((4..=15).contains(&window) && (3..window).contains(&lookahead)).then_some(Self { window, lookahead })
    }

    /// Binary logarithm of how far back a copy may reach, in bytes.
    #[must_use]
    pub fn window(self) -> u8 {
        self.window
    }

    /// Binary logarithm of how much one copy may hold, in bytes.
    #[must_use]
    pub fn lookahead(self) -> u8 {
        self.lookahead
    }

    /// The byte that detools writes before the data.
    pub(crate) fn byte(self) -> u8 {
        (self.window - 4) << 4 | (self.lookahead - 3)
    }

    pub(crate) fn from_byte(byte: u8) -> Result<Self, Problem> {
        let (window, lookahead) = ((byte >> 4) + 4, (byte & 0x0F) + 3);
        Self::new(window, lookahead).ok_or(Problem::Heatshrink { window, lookahead })
    }
}

/// Decompresses as many bytes as are asked for, and no more than that.
///
/// # Errors
/// When there are fewer or more.
pub fn decompress(data: &[u8], parameters: Parameters, size: usize) -> Result<Vec<u8>, Problem> {
    use crate::stream::Stream;
    let mut reader = Reader::new(data, 0, parameters);
    let mut out = Vec::new();
    let mut buffer = [0; 4096];
    while out.len() < size {
        let wanted = buffer.len().min(size - out.len());
        let (chunk, _) = buffer.split_at_mut(wanted);
        if reader.read(chunk)? < wanted {
            return Err(Problem::Truncated(Part::Segment));
        }
        out.extend_from_slice(chunk);
    }
    reader.finish()?;
    Ok(out)
}
