//! The header that ESP-IDF's esp_delta_ota expects before a detools patch.
//!
//! 64 bytes: a magic, the validation hash of the base image (the SHA-256 esptool appends to an image, not the digest of
//! the file), 28 zero bytes. The example application compares the hash with that of the running image; the component
//! itself takes what follows. idf-extra-components: `esp_delta_ota/tools/esp_delta_ota_patch_gen.py` and
//! `esp_delta_ota/examples/https_delta_ota/main/main.c`.

use crate::error::{Part, PatchError, Problem, WrongBase};
use crate::format::Format;

/// The first four bytes, little-endian.
pub const MAGIC: u32 = 0xFCCD_DE10;

/// Length of the header in bytes.
pub const LENGTH: usize = 64;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The validation hash of the base image.
    pub base_hash: [u8; 32],
}

impl Header {
    /// The header's bytes.
    #[must_use]
    pub fn write(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let (magic, rest) = bytes.split_at_mut(4);
        magic.copy_from_slice(&MAGIC.to_le_bytes());
        let (hash, _) = rest.split_at_mut(32);
        hash.copy_from_slice(&self.base_hash);
        bytes
    }

    /// Reads the header at the start of a patch.
    ///
    /// # Errors
    /// When it is too short, does not start with the magic, or its reserved bytes are not zero.
    pub fn read(patch: &[u8]) -> Result<Self, PatchError> {
        let wrong = |offset: usize, problem| PatchError {
            format: Some(Format::EspDelta),
            offset: offset as u64,
            problem,
        };
        let truncated = || wrong(patch.len(), Problem::Truncated(Part::Header));
        let (magic, rest) = patch.split_first_chunk::<4>().ok_or_else(truncated)?;
        if u32::from_le_bytes(*magic) != MAGIC {
            return Err(wrong(0, Problem::Unknown { start: base16ct::lower::encode_string(magic) }));
        }
        let (base_hash, rest) = rest.split_first_chunk::<32>().ok_or_else(truncated)?;
        let (reserved, _) = rest.split_first_chunk::<28>().ok_or_else(truncated)?;
        if let Some(place) = reserved.iter().position(|byte| *byte != 0) {
            return Err(wrong(36 + place, Problem::Reserved));
        }
        Ok(Self { base_hash: *base_hash })
    }

    /// Compares with the validation hash of the base at hand.
    ///
    /// # Errors
    /// When it is another.
    pub fn check(&self, base_hash: &[u8; 32]) -> Result<(), WrongBase> {
        if self.base_hash == *base_hash {
            return Ok(());
        }
        Err(WrongBase {
            expected: base16ct::lower::encode_string(&self.base_hash),
            actual: base16ct::lower::encode_string(base_hash),
        })
    }
}
