//! What a chip verifies of Secure Boot V2.

use lw_firmware::esp_image::{ChipId, SignatureScheme};
use lw_signature::secure_boot_v2 as v2;

/// How many signature blocks a chip looks at, and of which schemes.
#[derive(Clone, Debug)]
pub struct ChipLimits {
    name: String,
    blocks: usize,
    schemes: Vec<v2::Scheme>,
}

impl ChipLimits {
    /// Of a chip, where `revision` is the lowest in the field (major * 100 + minor); without it any revision counts.
    #[must_use]
    pub fn of(chip: ChipId, revision: Option<u16>) -> Self {
        let revision = revision.unwrap_or(u16::MAX);
        let verifies = |scheme: &v2::Scheme| {
            chip.verifies(firmware_scheme(*scheme)).is_some_and(|since| since <= revision)
        };
        Self {
            name: chip.to_string(),
            blocks: chip.signature_blocks(),
            schemes: v2::Scheme::ALL.into_iter().filter(verifies).collect(),
        }
    }

    /// As `lw-signature` takes them.
    #[must_use]
    pub fn as_v2(&self) -> v2::Limits<'_> {
        v2::Limits { chip: &self.name, blocks: self.blocks, schemes: &self.schemes }
    }
}

/// The scheme of a block, as `lw-firmware` names it.
#[must_use]
pub fn firmware_scheme(scheme: v2::Scheme) -> SignatureScheme {
    match scheme {
        v2::Scheme::Rsa3072 => SignatureScheme::Rsa3072,
        v2::Scheme::EcdsaP192 => SignatureScheme::EcdsaP192,
        v2::Scheme::EcdsaP256 => SignatureScheme::EcdsaP256,
        v2::Scheme::EcdsaP384 => SignatureScheme::EcdsaP384,
    }
}
