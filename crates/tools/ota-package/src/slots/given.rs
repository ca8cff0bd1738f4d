//! Slots that no partition table tells of: their sizes are given.
//!
//! A MCUboot image is held to what the bootloader accepts ([`mcuboot::Slots`]), which is less than imgtool's own check
//! lets pass: imgtool knows the trailer, not the sectors a swap keeps free. A plain image is held to the sizes alone.

use lw_cli::Error;
use lw_firmware::image::Image;
use lw_firmware::mcuboot::{self, Encryption, FitError, Flags, Slots, Trailing};
use lw_model::{ByteSize, Diagnose as _, Finding, Level, Report};

use super::{Need, Place, SlotReport};
use crate::args::{SlotArgs, Upgrade};
use crate::scan::Checked;

/// Defaults of the arguments, to tell whether one was set.
const SECTOR: ByteSize = ByteSize(4 << 10);
const WRITE: ByteSize = ByteSize(8);
const MAX_SECTORS: u32 = 128;
/// `MCUBOOT_BOOT_MAX_ALIGN` where writes are smaller, as imgtool's `--max-align` takes it.
const LEAST_ALIGN: u32 = 8;

/// The slots of the arguments, if there are any, and the images that were held to them.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    args: &'a SlotArgs,
    sizes: Option<Sizes>,
    /// Whether an image was held to them.
    is_used: bool,
    /// An image that has its slots in a partition table.
    has_table: Option<String>,
}

/// Sizes in bytes, as flash and bootloader count them.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    primary: u32,
    /// When it was set.
    secondary: Option<u32>,
    sector: u32,
    write: u32,
    upgrade: mcuboot::Upgrade,
}

impl<'a> Given<'a> {
    /// Reads the arguments.
    ///
    /// # Errors
    /// When they do not go together.
    pub(crate) fn new(args: &'a SlotArgs) -> Result<Self, Error> {
        let given = |sizes| Self { args, sizes, is_used: false, has_table: None };
        let Some(primary) = args.slot_size else {
            let alone = [
                ("secondary-slot-size", args.secondary_slot_size.is_some()),
                ("sector-size", args.sector_size != SECTOR),
                ("upgrade", args.upgrade != Upgrade::default()),
                ("scratch-size", args.scratch_size.is_some()),
                ("write-size", args.write_size != WRITE),
                ("max-sectors", args.max_sectors != MAX_SECTORS),
            ];
            return match alone.into_iter().find(|(_, is_set)| *is_set) {
                Some((name, _)) => Err(Error::usage(format!("--{name} says nothing without --slot-size"))
                    .hint("give the size of the slot as well: --slot-size 0x76000")),
                None => Ok(given(None)),
            };
        };
        let upgrade = match (args.upgrade, args.scratch_size) {
            (Upgrade::SwapScratch, Some(scratch)) => {
                mcuboot::Upgrade::SwapScratch { scratch: size("scratch-size", scratch)? }
            }
            (Upgrade::SwapScratch, None) => {
                return Err(Error::usage("--upgrade swap-scratch needs --scratch-size")
                    .hint("give the size of the scratch partition, such as 0x1e000"));
            }
            (other, Some(_)) => {
                return Err(Error::usage(format!("--upgrade {other} has no scratch area"))
                    .hint("leave out --scratch-size, or use --upgrade swap-scratch"));
            }
            (Upgrade::SwapMove, None) => mcuboot::Upgrade::SwapMove,
            (Upgrade::SwapOffset, None) => mcuboot::Upgrade::SwapOffset,
            (Upgrade::NoSwap, None) => mcuboot::Upgrade::NoSwap,
            (Upgrade::SingleSlot, None) => mcuboot::Upgrade::SingleSlot,
        };
        if args.upgrade == Upgrade::SingleSlot && args.secondary_slot_size.is_some() {
            return Err(Error::usage("--upgrade single-slot has no secondary slot")
                .hint("leave out --secondary-slot-size"));
        }
        let secondary = args.secondary_slot_size.map(|given| size("secondary-slot-size", given));
        Ok(given(Some(Sizes {
            primary: size("slot-size", primary)?,
            secondary: secondary.transpose()?,
            sector: size("sector-size", args.sector_size)?,
            write: size("write-size", args.write_size)?,
            upgrade,
        })))
    }

    /// Holds an image to the slots: findings, measures and the table of slots.
    ///
    /// # Errors
    /// When such an image is not written to these slots, or no image at all fits them.
    pub(crate) fn check(
        &mut self,
        checked: &Checked,
        has_table: bool,
        subject: Option<&str>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Some(sizes) = self.sizes else { return Ok(()) };
        let name = &checked.name;
        let mut one = SlotReport { subject, report, at: name };
        match &checked.image {
            Image::Esp(_) if has_table => {
                self.has_table = Some(name.clone());
                return Ok(());
            }
            Image::Esp(_) => {
                return Err(Error::usage(format!(
                    "{name}: --slot-size is for MCUboot and plain images, the slots of an ESP image are in its partition table"
                ))
                .hint("give --partitions partitions.csv, of several boards --partitions BOARD=FILE"));
            }
            Image::Uf2(_) | Image::IntelHex(_) => {
                return Err(Error::usage(format!(
                    "{name}: --slot-size judges files that are written to a slot as they are, which no {} is",
                    crate::explain::kind_name(&checked.image)
                ))
                .hint("give the .bin the build leaves beside it"));
            }
            _ if has_table => {
                return Err(Error::usage(format!(
                    "{name}: --partitions and --slot-size both tell its slots"
                ))
                .hint("give one of them; a table that is for another board is --partitions BOARD=FILE"));
            }
            Image::Mcuboot(image) => {
                mcuboot(image, &sizes.of(self.args, image.header.flags), self.args, &mut one)?;
            }
            Image::Plain(_) => plain(checked.digests.size, sizes, self.args, &mut one)?,
        }
        self.is_used = true;
        Ok(())
    }

    /// Refuses slots that no image was held to: they would look like a check that was made.
    ///
    /// # Errors
    /// When there are some, though there are images.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.has_table {
            Some(name) if !self.is_used => Err(Error::usage(format!(
                "{name}: --slot-size judges no image here, the slots of an ESP image are in its partition table"
            ))
            .hint("leave it out: --partitions is given")),
            _ => Ok(()),
        }
    }
}

/// A size a flash can have.
fn size(flag: &str, given: ByteSize) -> Result<u32, Error> {
    match u32::try_from(given.0) {
        Ok(size) if size > 0 => Ok(size),
        _ => Err(Error::usage(format!("--{flag} {}: expected 1 byte to 4 GiB", given.0))),
    }
}

impl Sizes {
    /// The slots as the bootloader knows them.
    fn of(self, args: &SlotArgs, flags: Flags) -> Slots {
        let secondary = match self.upgrade {
            mcuboot::Upgrade::SingleSlot => 0,
            _ => self.secondary.unwrap_or(self.primary),
        };
        Slots {
            upgrade: self.upgrade,
            primary: self.primary,
            secondary,
            sector: self.sector,
            write: self.write,
            align: self.write.max(LEAST_ALIGN),
            max_sectors: args.max_sectors,
            encryption: match key_length(flags) {
                Some(length) => Encryption::Keys(length),
                None => Encryption::None,
            },
        }
    }
}

/// Length in bytes of the key an image is encrypted with: a bootloader that takes it keeps two in the trailer.
fn key_length(flags: Flags) -> Option<u32> {
    let is_long = flags.names().any(|name| name == "ENCRYPTED_AES256");
    flags.is_encrypted().then_some(if is_long { 32 } else { 16 })
}

/// Holds an image to what the bootloader accepts.
fn mcuboot(
    image: &mcuboot::Image,
    slots: &Slots,
    args: &SlotArgs,
    one: &mut SlotReport<'_>,
) -> Result<(), Error> {
    let room = slots.room().map_err(impossible)?;
    let help = match slots.fit(image.image_len) {
        Ok(_) => "".into(),
        Err(error @ FitError::TooLong { .. }) => error.hint().unwrap_or_default(),
        Err(error) => return Err(impossible(error)),
    };
    let place = |name, size: u32, room: u64| {
        let size = u64::from(size);
        Place { name, size, kept: size.saturating_sub(room), is_ota: true }
    };
    let mut places = vec![place("primary", slots.primary, room.primary)];
    places.extend(room.secondary.map(|room| place("secondary", slots.secondary, room)));
    let what = format!("the image needs {} with its TLVs", ByteSize(image.image_len));
    one.check(&places, &Need { bytes: image.image_len, what, help }, args, |smallest| {
        note(image, slots, args, &places, smallest)
    })?;
    check_file(image, slots, &places, one);
    Ok(())
}

/// What the bootloader keeps, and what it leaves.
fn note(
    image: &mcuboot::Image,
    slots: &Slots,
    args: &SlotArgs,
    places: &[Place<'_>],
    smallest: &Place<'_>,
) -> String {
    let kept = match places {
        [one, other] if one.kept == other.kept => format!("{} of each slot", ByteSize(one.kept)),
        [one, other] => {
            format!("{} of {} and {} of {}", ByteSize(one.kept), one.name, ByteSize(other.kept), other.name)
        }
        _ => format!("{} of its slot", ByteSize(smallest.kept)),
    };
    let (sectors, why) = match args.upgrade {
        Upgrade::NoSwap | Upgrade::SingleSlot => (String::new(), "its trailer"),
        _ => (format!(" and sectors of {}", ByteSize(slots.sector.into())), "its trailer and the swap"),
    };
    let keys = match slots.encryption {
        Encryption::None => "",
        _ => ", the keys of encrypted images among it",
    };
    let mut note = format!(
        "A bootloader with {}{sectors} keeps {kept} for {why}{keys}: an image may have {} with its TLVs.",
        args.upgrade,
        ByteSize(smallest.room())
    );
    if image.header.flags.is_compressed() {
        note.push_str(" What this one unpacks to in the primary slot is not counted.");
    }
    note
}

/// Holds what follows the image in its file to the slot the update is written to: the padding, and the trailer at its
/// end.
fn check_file(image: &mcuboot::Image, slots: &Slots, places: &[Place<'_>], one: &mut SlotReport<'_>) {
    let Some(target) = places.last() else { return };
    let file = image.total_len;
    let (name, size) = match slots.upgrade {
        // The update starts one sector into the slot, so that its trailer is at the slot's end all the same.
        mcuboot::Upgrade::SwapOffset => (target.name, target.size.saturating_sub(slots.sector.into())),
        _ => (target.name, target.size),
    };
    let help = "sign with --slot-size as the device has it, or without --pad and --confirm";
    if file > size {
        // An image that is too long itself is told of already.
        if places.iter().all(|place| image.image_len <= place.room()) {
            let message = format!(
                "the file has {} with what follows the image, {} more than slot {name} has for it ({})",
                ByteSize(file),
                ByteSize(file - size),
                ByteSize(size)
            );
            one.add_finding(
                Finding::new("ota-package/slot-overflow", Level::Error, name, message).help(help),
            );
        }
        return;
    }
    let Trailing::Slot(trailer) = &image.trailing else { return };
    let mut warn = |message: String, help: &str| {
        one.add_finding(
            Finding::new("ota-package/slot-trailer", Level::Warning, "trailer", message).help(help),
        );
    };
    if file < size {
        warn(
            format!(
                "the file is padded to {}, slot {name} has {} for it: the bootloader looks for the trailer at the end of the slot",
                ByteSize(file),
                ByteSize(size)
            ),
            help,
        );
    }
    if u32::from(trailer.align) != slots.align {
        warn(
            format!(
                "the trailer in the file is laid out for writes of {} bytes, --write-size {} makes it {}",
                trailer.align, slots.write, slots.align
            ),
            "give --write-size as imgtool's --align was given: the size of the trailer follows from it",
        );
    }
}

/// Slots that no image fits are the user's to mend.
fn impossible(error: FitError) -> Error {
    let flag = match error {
        FitError::Value { what: "a sector", .. } => "--sector-size",
        FitError::Value { .. } => "--write-size",
        FitError::Sectors { slot: "secondary", .. } => "--secondary-slot-size",
        FitError::TooManySectors { .. } => "--max-sectors",
        FitError::Scratch { .. } => "--scratch-size",
        FitError::Sectors { .. } | FitError::NoRoom { .. } | FitError::TooLong { .. } => "--slot-size",
    };
    let is_limit = matches!(error, FitError::TooManySectors { .. });
    let error = Error::from(error).context(flag);
    if is_limit {
        error.hint("give --max-sectors as the bootloader is built: MCUBOOT_MAX_IMG_SECTORS, in Zephyr CONFIG_BOOT_MAX_IMG_SECTORS")
    } else {
        error
    }
}

/// Holds a file without any structure to the sizes of the slots.
fn plain(file: u64, sizes: Sizes, args: &SlotArgs, one: &mut SlotReport<'_>) -> Result<(), Error> {
    let place = |name, size: u32| Place { name, size: size.into(), kept: 0, is_ota: true };
    let mut places = vec![place("primary", sizes.primary)];
    places.extend(sizes.secondary.map(|size| place("secondary", size)));
    let need = Need {
        bytes: file,
        what: format!("the image needs {}", ByteSize(file)),
        help: "make the image smaller, or the slots larger, which needs a flash over the wire".into(),
    };
    one.check(&places, &need, args, |smallest| {
        format!("An update has to fit slot {} ({}).", smallest.name, ByteSize(smallest.size))
    })
}
