//! Binary deltas: patches that detools, ESP-IDF's esp_delta_ota and bspatch apply, and applying theirs.
//!
//! [`create`] finds out how a target can be made of a base and writes that in one [`Encoding`]; [`Script`] is the same
//! before it is written, for those who write several. [`apply`] makes the target again, [`describe`] tells what a patch
//! holds without needing its base.
//!
//! None of the formats says which target a patch makes: who applies one must compare the digest of the result.

mod apply;
mod bsdiff;
mod crle;
pub mod detools;
mod error;
pub mod esp;
mod format;
pub mod heatshrink;
mod matcher;
mod prefix;
mod script;
mod stream;
mod varint;

pub use apply::{Info, apply, describe};
pub use error::{
    ApplyError, CreateError, MAX_INPUT, Part, PatchError, Problem, Rest, Unsupported, WrongBase,
};
pub use format::{Encoding, Format, UnknownFormat};
pub use script::{Script, Step};

/// Makes a patch.
///
/// # Errors
/// When an input is larger than [`MAX_INPUT`].
pub fn create(base: &[u8], target: &[u8], encoding: &Encoding) -> Result<Vec<u8>, CreateError> {
    Ok(Script::between(base, target, encoding.format())?.write(encoding))
}

impl<'a> Script<'a> {
    /// Finds the steps that make a target of a base and are short in a format.
    ///
    /// # Errors
    /// When an input is larger than [`MAX_INPUT`].
    pub fn between(base: &'a [u8], target: &'a [u8], format: Format) -> Result<Self, CreateError> {
        for (input, bytes) in [("base", base), ("target", target)] {
            let size = bytes.len() as u64;
            if size > MAX_INPUT {
                return Err(CreateError::TooLarge { input, size });
            }
        }
        Ok(Self::new(base, target, matcher::steps(base, target, format)))
    }

    /// Writes the steps as a patch.
    #[must_use]
    pub fn write(&self, encoding: &Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Detools(compression) => detools::write(self, *compression, Vec::new()),
            Encoding::EspDelta { base_hash, compression } => {
                detools::write(self, *compression, esp::Header { base_hash: *base_hash }.write().to_vec())
            }
            Encoding::Bsdiff40 => bsdiff::write(self),
        }
    }
}
