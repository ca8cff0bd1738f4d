//! What must hold between two facts that were both read: of a release and the one before it, of a delta's base and its
//! target, of a container and what is in it, of a board's name, its partition table and its image.

use std::collections::BTreeMap;

use lw_cli::Error;
use lw_firmware::esp_image::ChipId;
use lw_firmware::image::Image;
use lw_firmware::mcuboot::TlvKind;
use lw_firmware::partitions::{BOOTLOADER, Table};
use lw_firmware::uf2;
use lw_model::lists::{distinct, filled};
use lw_model::{Finding, Level, Report};

use crate::policy;
use crate::read::OpenedPackage;
use crate::scan::{self, Checked};

/// How an image is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    is_signed: bool,
    is_encrypted: bool,
}

impl Protection {
    /// That of an image.
    pub(crate) fn of(checked: &Checked) -> Self {
        let is_encrypted = match &checked.image {
            Image::Mcuboot(image) => image.header.flags.is_encrypted(),
            _ => false,
        };
        Self { is_signed: scan::is_signed(&checked.image), is_encrypted }
    }

    /// That of each board's image in a package.
    pub(crate) fn of_package(package: &OpenedPackage) -> BTreeMap<String, Self> {
        let sound = package.images.iter().filter_map(|(board, read)| Some((board, read.as_ref().ok()?)));
        filled(sound.map(|(board, checked)| (board.clone(), Self::of(checked))))
    }

    /// Findings when a board's image is protected less than the one before: a build that lost its key looks like any other.
    pub(crate) fn check_kept(self, now: Self, board: &str, report: &mut Report) {
        let mut find = |rule: &str, message: String, help: &'static str| {
            let rule = format!("ota-package/{rule}");
            report.add_finding(Finding::new(rule, Level::Error, board, message).help(help));
        };
        if self.is_signed && !now.is_signed {
            find(
                "unsigned",
                format!("board {board} had signed images, this one has no signature"),
                "was the signing key missing when it was built? A device that verifies signatures refuses it",
            );
        }
        if self.is_encrypted && !now.is_encrypted {
            find(
                "unencrypted",
                format!("board {board} had encrypted images, this one is not encrypted"),
                "what was published once cannot be taken back: encrypt it with imgtool --encrypt; a board whose images may be read is one of another name",
            );
        }
    }
}

/// A device that runs the base of a delta must be able to run the target.
pub(crate) fn check_pair(base: &Checked, target: &Checked, subject: Option<&str>, report: &mut Report) {
    let mut find = |rule: &str, message: String| {
        let mut finding =
            Finding::new(format!("ota-package/{rule}"), Level::Error, &base.name, message)
                .help("a delta leads from an older image of the board to a newer one; is the build matrix mixed up?");
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    };
    if base.image.kind() != target.image.kind() {
        let (from, to) = (base.image.kind().as_str(), target.image.kind().as_str());
        find(
            "kind-change",
            format!("{} is of the kind {from}, {} is of the kind {to}", base.name, target.name),
        );
    }
    match (&base.image, &target.image) {
        (Image::Esp(_), Image::Esp(_)) => {
            let unnamed = || "a chip it does not name".to_owned();
            let [from, to] = [base, target].map(|image| image.chip_name().unwrap_or_else(unnamed));
            if from != to {
                find("wrong-chip", format!("{} is for {from}, {} is for {to}", base.name, target.name));
            }
        }
        (Image::Mcuboot(from), Image::Mcuboot(to)) => {
            for (kind, name) in [(TlvKind::UUID_VID, "vendor id"), (TlvKind::UUID_CID, "class id")] {
                if from.uuid(kind).is_some() && from.uuid(kind) != to.uuid(kind) {
                    find("wrong-class", format!("{} and {} have different {name}s", base.name, target.name));
                }
            }
        }
        _ => {}
    }
    let (new, old) = (target.image.secure_version(), base.image.secure_version());
    if new < old {
        policy::check_secure_version(&target.name, new, old, None, subject, report);
    }
}

/// Holds what a UF2 or Intel HEX file says of its chip to the images in it.
///
/// # Errors
/// When they contradict each other, so that no device would run what it writes.
pub(crate) fn check_container(image: &Image) -> Result<(), Error> {
    let hint = "is the build matrix mixed up? Convert the image of this chip again";
    if let Image::Uf2(file) = image {
        if file.blocks > 0 && file.skipped == file.blocks {
            return Err(Error::input(
                "none of its blocks is for the flash: a boot loader writes nothing of it",
            )
            .hint("convert the firmware again, without the flag `not main flash`"));
        }
        for part in &file.parts {
            let Some((family, wanted)) = part.family.and_then(|family| Some((family, family.chip()?))) else {
                continue;
            };
            if let Some((address, found)) = chips(part).find(|(_, found)| *found != wanted) {
                return Err(Error::input(format!(
                    "its blocks are of the family {family}, and hold an image for {found} at the address {address:#010x}"
                ))
                .hint(hint));
            }
        }
    }
    if let Image::IntelHex(_) = image {
        let chips =
            distinct(image.nested().filter_map(|nested| chip(&nested.image)).map(|chip| chip.to_string()));
        if chips.len() > 1 {
            return Err(Error::input(format!(
                "it holds images for different chips: {}",
                chips.join(" and ")
            ))
            .hint(hint));
        }
    }
    Ok(())
}

fn chip<E>(image: &Result<Image, E>) -> Option<ChipId> {
    image.as_ref().ok().and_then(Image::chip)
}

/// The chips of the images in a part, with their addresses.
fn chips(part: &uf2::ImagePart) -> impl Iterator<Item = (u32, ChipId)> {
    part.content.nested.iter().filter_map(|nested| Some((nested.address, chip(&nested.image)?)))
}

/// A warning when a board is called by the name of another chip than its image is for, and nothing else says which it has.
pub(crate) fn check_board_name(checked: &Checked, board: &str, report: &mut Report) {
    let (Some(named), Some(found)) = (ChipId::from_name(board), checked.image.chip()) else { return };
    if named != found {
        let message = format!("board {board} is called like a {named}, and {} is for {found}", checked.name);
        report.add_finding(
            Finding::new("ota-package/wrong-chip", Level::Warning, board, message)
                .help("is the build matrix mixed up? --chip BOARD=CHIP says which chip a board has"),
        );
    }
}

/// A finding when a table has its bootloader where the chip does not look for one: it is the table of another chip.
pub(crate) fn check_bootloader_place(table: &Table, chip: Option<ChipId>, at: &str, report: &mut Report) {
    let Some((chip, place)) = chip.and_then(|chip| Some((chip, chip.bootloader_offset()?))) else { return };
    // The subtype of the one the chip starts with is 0.
    let mut primary =
        table.partitions.iter().filter(|partition| partition.kind == BOOTLOADER && partition.subtype == 0);
    if let Some(found) = primary.find(|partition| partition.offset != place) {
        let message = format!(
            "{at} has the bootloader at {:#x}, and {chip} starts the one at {place:#x}: it is the table of another chip",
            found.offset
        );
        report.add_finding(
            Finding::new("ota-package/wrong-chip", Level::Error, at, message)
                .help("give the partition table that was built for this chip"),
        );
    }
}
