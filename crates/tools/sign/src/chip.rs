//! What chips verify.

use lw_cli::Error;
use lw_firmware::esp_image::{AppImage, ChipId};
use lw_signed::{Chip, ChipLimits};

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

/// What the chip of an image verifies: its own, which has to be the one that is named.
///
/// # Errors
/// When the image is for another chip than the user says.
pub(crate) fn limits(esp: &AppImage, given: Chip) -> Result<ChipLimits, Error> {
    match (esp.chip(), given.id) {
        (Some(own), Some(given)) if own != given => {
            Err(Error::input(format!("the image is for {own}; --chip says {given}"))
                .hint("give the image that was built for the chip"))
        }
        (Some(chip), _) | (None, Some(chip)) => Ok(ChipLimits::of(chip, given.revision)),
        (None, None) => Err(Error::usage("the image does not say which chip it is for").hint("give --chip")),
    }
}
