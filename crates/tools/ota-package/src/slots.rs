//! Whether an image fits the slots an update can go to.
//!
//! The rule: the whole file, with the padding and the signature that are still to come, fits the *smallest* OTA slot,
//! because a device writes updates to its slots in turn (ESP-IDF `esp_ota_get_next_update_partition`). A table without
//! two places for applications, or without otadata, cannot be updated over the air at all. Without a table the sizes of
//! the slots are [`given`].

mod given;

use std::borrow::Cow;
use std::path::Path;

use lw_cli::{Context, Error, KeyedLimit, LimitSet, ResultExt};
use lw_firmware::esp_image::{ChipId, Role};
use lw_firmware::image::Image;
use lw_firmware::partitions::{Advice, CsvOptions, ExtraSubtype, ParseOptions, Partition, Table};
use lw_model::{Align, Bound, ByteSize, Cell, Finding, Level, Location, Measure, Number, Report, Unit};

use crate::args::SlotArgs;
use crate::scan::Checked;

pub(crate) use given::Given;

/// ESP-IDF's loader refuses larger partitions (`esp_image_format.c`: partition size invalid, larger than 16MB).
const LARGEST_APP: u64 = 16 << 20;
/// A slot less free than this is a warning where no limit is set.
const ALMOST_FULL: &str = "partition.smallest-ota.free=warn:10%";
/// A partition table, with padding, is this long; a CSV hardly longer. More is something else.
const LARGEST_TABLE: u64 = 1 << 20;

/// Reads a partition table, binary or CSV. `chip` tells where its bootloader lies, unless the arguments do.
///
/// # Errors
/// When it cannot be read, or is no partition table.
pub(crate) fn read_table(
    path: &Path,
    chip: Option<ChipId>,
    args: &SlotArgs,
    cx: &Context,
) -> Result<Table, Error> {
    let bytes = cx.open(path)?;
    if bytes.len() as u64 > LARGEST_TABLE {
        return Err(Error::input(format!(
            "{}: {} are too many for a partition table",
            path.display(),
            ByteSize(bytes.len() as u64)
        ))
        .hint("give partitions.csv or partition-table.bin"));
    }
    parse_table(&bytes, chip, args).context(path.display().to_string())
}

/// Reads the bytes of a partition table.
///
/// # Errors
/// When they are no partition table, or an offset is no 32-bit number.
fn parse_table(bytes: &[u8], chip: Option<ChipId>, args: &SlotArgs) -> Result<Table, Error> {
    let offset = |flag: &str, given: ByteSize| {
        u32::try_from(given.0).map_err(|_| Error::usage(format!("--{flag} {}: beyond 4 GiB", given.0)))
    };
    let primary = args.primary_bootloader_offset.map(|given| offset("primary-bootloader-offset", given));
    let recovery = args.recovery_bootloader_offset.map(|given| offset("recovery-bootloader-offset", given));
    let own = args.extra_partition_subtypes.iter().map(|text| text.parse::<ExtraSubtype>());
    let binary = ParseOptions {
        allow_missing_md5: args.allow_legacy_table,
        allow_missing_end: args.allow_legacy_table,
    };
    let csv = CsvOptions {
        table_offset: offset("partition-table-offset", args.partition_table_offset)?,
        primary_bootloader_offset: primary.transpose()?.or_else(|| chip?.bootloader_offset()),
        recovery_bootloader_offset: recovery.transpose()?,
        extra_subtypes: own.collect::<Result<_, _>>().context("--extra-partition-subtypes")?,
        ..CsvOptions::default()
    };
    Ok(Table::parse_with(bytes, binary, &csv)?)
}

/// What an update writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Bytes of the file as it is.
    pub(crate) file: u64,
    /// Bytes of the file when it is padded and signed.
    pub(crate) total: u64,
}

/// Whether it is one of `ota_0` to `ota_15`.
fn is_ota(partition: &Partition) -> bool {
    partition.is_app_slot() && partition.subtype_name().starts_with("ota_")
}

/// Holds an image to a partition table: findings, measures and the table of slots.
///
/// # Errors
/// None that a user could meet: the usual limit is well formed.
pub(crate) fn fit(
    table: &Table,
    load: Load,
    at: &str,
    args: &SlotArgs,
    subject: Option<&str>,
    report: &mut Report,
) -> Result<(), Error> {
    let mut one = SlotReport { subject, report, at };
    one.rules(table);
    let places: Vec<Place<'_>> = table
        .partitions
        .iter()
        .filter(|partition| partition.is_app_slot())
        .map(|slot| Place { name: &slot.name, size: slot.size.into(), kept: 0, is_ota: is_ota(slot) })
        .collect();
    let what = match load.total.checked_sub(load.file) {
        Some(more) if more > 0 => {
            format!(
                "the image needs {}, {} of them for the {} signature",
                ByteSize(load.total),
                ByteSize(more),
                args.signature_scheme
            )
        }
        _ => format!("the image needs {}", ByteSize(load.total)),
    };
    let need = Need {
        bytes: load.total,
        what,
        help: "updates go to the slots in turn, so the image has to fit each of them: make it smaller, or the slots larger, which needs a flash over the wire".into(),
    };
    one.check(&places, &need, args, |smallest| {
        format!(
            "An update has to fit the smallest OTA slot, {} ({}).",
            smallest.name,
            ByteSize(smallest.size)
        )
    })
}

/// A table may end beyond the flash that the header of the image names: the bootloader then refuses it, and the device
/// does not start.
pub(crate) fn check_flash_size(
    table: &Table,
    checked: &Checked,
    at: &str,
    subject: Option<&str>,
    report: &mut Report,
) {
    let Image::Esp(image) = &checked.image else { return };
    let Some(flash) = image.header.flash_bytes().map(u64::from) else { return };
    if table.end() <= flash {
        return;
    }
    // The bootloader's header is the one that counts in the end; of an application esptool may change it when it flashes.
    let (level, what) = match image.role() {
        Role::Bootloader => (Level::Error, "the bootloader's header"),
        Role::Application => (Level::Warning, "the image's header"),
    };
    let message =
        format!("{at} ends at {:#x}, beyond the {} of flash that {what} names", table.end(), ByteSize(flash));
    let mut report = SlotReport { subject, report, at };
    report.add_finding(Finding::new("ota-package/flash-size", level, "flash-size", message).help(
        "set the flash size of the build to the chip's (CONFIG_ESPTOOLPY_FLASHSIZE); the bootloader refuses a table that is too long",
    ));
}

/// Where an image is written.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    /// Its name.
    name: &'a str,
    /// Its size in bytes.
    size: u64,
    /// Bytes of it that no image may take.
    kept: u64,
    /// Whether an update may go to it.
    is_ota: bool,
}

impl Place<'_> {
    /// Bytes an image may take.
    fn room(&self) -> u64 {
        self.size.saturating_sub(self.kept)
    }
}

/// What an image needs of a place.
#[derive(Debug)]
struct Need {
    /// Bytes of it.
    bytes: u64,
    /// The same for people, as the beginning of a sentence.
    what: String,
    /// What to do when a place has less.
    help: Cow<'static, str>,
}

/// The limit where the user sets none.
fn almost_full() -> Result<LimitSet, Error> {
    LimitSet::of_tool(Bound::Min, ALMOST_FULL, Unit::Bytes, "default; set min-free")
}

/// Attaches the limits of `--min-free` to the measures they name.
///
/// # Errors
/// When one is malformed, or names nothing that is measured.
pub(crate) fn limits(specs: &[KeyedLimit], cx: &Context, report: &mut Report) -> Result<(), Error> {
    for set in cx.limits(Bound::Min, Unit::Bytes, "min_free", specs)? {
        let name = set.name();
        let wanted = if name.ends_with(".free") { name.to_owned() } else { format!("{name}.free") };
        if set.attach_by_name(&wanted, report)? {
            continue;
        }
        let known: Vec<&str> =
            report.measures.iter().filter_map(|measure| measure.name.strip_suffix(".free")).collect();
        return Err(set.names_nothing("there is no measure", known.iter().copied(), || {
            if known.is_empty() {
                "slots are known from the partition table or by their size: add --partitions or --slot-size"
                    .to_owned()
            } else {
                format!("there are {}", known.join(", "))
            }
        }));
    }
    Ok(())
}

fn free(name: String, size: u64, used: u64) -> Measure {
    let mut measure = Measure::bytes(name, 0).out_of(size).higher_is_better();
    measure.value = Number::from(size).minus(Number::from(used));
    measure
}

fn cell(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// What is said of one image and its slots.
struct SlotReport<'a> {
    subject: Option<&'a str>,
    report: &'a mut Report,
    /// The file findings are about, as reports name it.
    at: &'a str,
}

impl SlotReport<'_> {
    fn add_finding(&mut self, mut finding: Finding) {
        finding.subject = self.subject.map(str::to_owned);
        finding.location = Some(Location::file(self.at));
        self.report.add_finding(finding);
    }

    fn measure(&mut self, mut measure: Measure) {
        measure.subject = self.subject.map(str::to_owned);
        self.report.measures.push(measure);
    }

    /// Holds an image to the places it is written to: measures, findings and the table of slots.
    ///
    /// Where `args` set no limit, the smallest of the places for updates has the usual one. `note` tells of that place.
    fn check(
        &mut self,
        places: &[Place<'_>],
        need: &Need,
        args: &SlotArgs,
        note: impl FnOnce(&Place<'_>) -> String,
    ) -> Result<(), Error> {
        let needed = need.bytes;
        let is_kept = places.iter().any(|place| place.kept > 0);
        let mut columns = vec![("Slot", Align::Left), ("Needed", Align::Right)];
        columns.extend(is_kept.then_some(("Kept", Align::Right)));
        columns.extend([("Size", Align::Right), ("Free", Align::Right), ("Share", Align::Left)]);
        let mut rows = lw_model::Table::new("slots", "Image in its slots", &columns);
        for place in places {
            let room = place.room();
            self.measure(Measure::bytes(format!("partition.{}.used", place.name), needed).out_of(room));
            self.measure(free(format!("partition.{}.free", place.name), room, needed));
            let (used, total) = (cell(needed), cell(room));
            let mut row = vec![Cell::Code(place.name.to_owned()), Cell::Bytes(used)];
            row.extend(is_kept.then(|| Cell::Bytes(cell(place.kept))));
            row.push(Cell::Bytes(cell(place.size)));
            row.extend([Cell::Bytes(total.saturating_sub(used)), Cell::Bar { used, total }]);
            rows.rows.push(row);
            if !place.is_ota || needed <= room {
                continue;
            }
            let message = format!(
                "{}, {} more than slot {} has ({}{})",
                need.what,
                ByteSize(needed - room),
                place.name,
                ByteSize(room),
                if place.kept > 0 { " for an image" } else { "" }
            );
            self.add_finding(
                Finding::new("ota-package/slot-overflow", Level::Error, place.name, message)
                    .help(need.help.clone()),
            );
        }
        let Some(smallest) = places.iter().filter(|place| place.is_ota).min_by_key(|place| place.room())
        else {
            return Ok(());
        };
        rows.note = Some(note(smallest));
        rows.subject = self.subject.map(str::to_owned);
        self.report.tables.push(rows);
        let mut least = free("partition.smallest-ota.free".into(), smallest.room(), needed);
        if args.min_free.is_empty() && needed <= smallest.room() {
            almost_full()?.attach(&mut least)?;
        }
        self.measure(least);
        Ok(())
    }

    /// Whether the table can be updated at all.
    fn rules(&mut self, table: &Table) {
        let slots: Vec<&Partition> = table.partitions.iter().filter(|slot| is_ota(slot)).collect();
        let factory = table.app_slots().count() - slots.len();
        if slots.is_empty() {
            self.add_finding(
                Finding::new(
                    "ota-package/no-ota-slot",
                    Level::Error,
                    "slots",
                    "the partition table has no OTA slot: there is nowhere to write an update to",
                )
                .help("add app partitions of the subtypes ota_0 and ota_1"),
            );
        } else if slots.len() + factory < 2 {
            self.add_finding(
                Finding::new("ota-package/one-slot", Level::Error, "slots", "the partition table has a single app partition: the running image cannot be replaced while it runs")
                    .help("add a second slot, ota_1, or a factory partition"),
            );
        }
        if !slots.is_empty() && table.advice().contains(&Advice::NoOtadata) {
            self.add_finding(
                Finding::new("ota-package/no-otadata", Level::Error, "otadata", "the partition table has no otadata partition: nothing would say which slot to boot, so an update is never started")
                    .help("add a data partition of the subtype ota with 0x2000 bytes"),
            );
        }
        for slot in slots.iter().filter(|slot| u64::from(slot.size) > LARGEST_APP) {
            let message = format!(
                "slot {} has {}: the loader refuses partitions larger than 16 MiB",
                slot.name,
                ByteSize(u64::from(slot.size))
            );
            self.add_finding(Finding::new("ota-package/slot-too-large", Level::Error, &slot.name, message));
        }
        let numbers: Vec<u8> = slots.iter().map(|slot| slot.subtype & 0x0F).collect();
        if let Some(gap) =
            (0..u8::try_from(numbers.len()).unwrap_or(16)).find(|number| !numbers.contains(number))
        {
            let message = format!(
                "the partition table has {} OTA slots but no ota_{gap}: slots are counted from ota_0 without gaps",
                numbers.len()
            );
            self.add_finding(
                Finding::new("ota-package/slot-gap", Level::Error, "slots", message)
                    .help("number the slots from ota_0 on"),
            );
        }
        for advice in table.advice().into_iter().filter(|advice| *advice != Advice::NoOtadata) {
            self.add_finding(Finding::new(
                "ota-package/partitions",
                Level::Warning,
                "partitions",
                format!("{advice}; current ESP-IDF refuses such a table"),
            ));
        }
    }
}
