//! What chips verify.

use lw_cli::Error;
use lw_firmware::esp_image::{AppImage, ChipId, SignatureScheme};
use lw_signature::secure_boot_v2 as v2;
use lw_signed::Chip;

use crate::args::ChipArgs;

/// The chip the user names.
///
/// # Errors
/// When there is none of that name, or the revision is no `MAJOR.MINOR`.
pub(crate) fn given(args: &ChipArgs) -> Result<Chip, Error> {
    let id = args.chip.as_deref().map(|name| {
        ChipId::from_name(name).ok_or_else(|| {
            Error::usage(format!("--chip {name}: no such chip"))
                .hint("write it as esptool does: esp32, esp32s3, esp32c6 …")
        })
    });
    let revision = args.chip_revision.as_deref().map(|text| {
        let parts = text.trim().trim_start_matches('v').split_once('.');
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number < 100);
        parts
            .and_then(|(major, minor)| Some(number(major)? * 100 + number(minor)?))
            .ok_or_else(|| Error::usage(format!("--chip-revision {text}: expected MAJOR.MINOR, such as 3.0")))
    });
    Ok(Chip { id: id.transpose()?, revision: revision.transpose()? })
}

/// What the chip of an image verifies.
pub(crate) struct Limits {
    name: String,
    blocks: usize,
    schemes: Vec<v2::Scheme>,
}

impl Limits {
    /// Of the image's own chip, which has to be the one that is named.
    ///
    /// # Errors
    /// When the image is for another chip than the user says.
    pub(crate) fn of(esp: &AppImage, given: Chip) -> Result<Self, Error> {
        let chip = match (esp.chip(), given.id) {
            (Some(own), Some(given)) if own != given => {
                return Err(Error::input(format!("the image is for {own}; --chip says {given}"))
                    .hint("give the image that was built for the chip"));
            }
            (Some(chip), _) | (None, Some(chip)) => chip,
            (None, None) => {
                return Err(Error::usage("the image does not say which chip it is for").hint("give --chip"));
            }
        };
        let revision = given.revision.unwrap_or(u16::MAX);
        let verifies = |scheme: &v2::Scheme| {
            chip.verifies(firmware_scheme(*scheme)).is_some_and(|since| since <= revision)
        };
        Ok(Self {
            name: chip.to_string(),
            blocks: chip.signature_blocks(),
            schemes: v2::Scheme::ALL.into_iter().filter(verifies).collect(),
        })
    }

    pub(crate) fn as_v2(&self) -> v2::Limits<'_> {
        v2::Limits { chip: &self.name, blocks: self.blocks, schemes: &self.schemes }
    }
}

/// The scheme in the words of the walker.
pub(crate) fn firmware_scheme(scheme: v2::Scheme) -> SignatureScheme {
    match scheme {
        v2::Scheme::Rsa3072 => SignatureScheme::Rsa3072,
        v2::Scheme::EcdsaP192 => SignatureScheme::EcdsaP192,
        v2::Scheme::EcdsaP256 => SignatureScheme::EcdsaP256,
        v2::Scheme::EcdsaP384 => SignatureScheme::EcdsaP384,
    }
}
