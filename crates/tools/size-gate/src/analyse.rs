//! One firmware, from its files to its measures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lw_cli::{Bytes, Context, Error, ResultExt};
use lw_firmware::esp_image::{AppImage, ChipId, Pairing};
use lw_firmware::memory::RegionUse;
use lw_firmware::pairing::{RawPairing, pair_raw};
use lw_firmware::partitions::{
    BOOTLOADER, CsvOptions, LineError, ParseOptions, Partition, Table, TableError,
};
use lw_firmware::script::Script;
use lw_firmware::{Chip, Elf, Map, Memory, Region, RegionClass, Sources, attribution};
use lw_model::lists::filled;
use lw_model::{ByteSize, Fact, Finding, Level, Measure, Number, Report};

use crate::args::Args;
use crate::inputs::Inputs;
use crate::{idf_json, limits, platformio};

/// What the report's tables need to know of a firmware beyond its measures.
pub(crate) struct Firmware {
    /// Name in a run of several.
    pub subject: Option<String>,
    /// What kind of memory each region is.
    pub classes: BTreeMap<String, RegionClass>,
    /// Names of the sections that are part of the image.
    pub loaded: BTreeSet<String>,
    /// `e_machine`, where ELF or map tell it.
    pub machine: Option<u16>,
    /// Use of its memory, where ELF or map tell it.
    pub memory: Option<Memory>,
    /// What PlatformIO would print, once the sections are known.
    pub platformio: Option<String>,
    /// What esp-idf-size would print as `json2`.
    pub idf_json: Option<String>,
}

/// Adds the facts, measures, findings and breakdown of one firmware to the report.
///
/// # Errors
/// When a file is unreadable or malformed, or when there is nothing to tell the regions from.
pub(crate) fn analyse(
    inputs: &Inputs,
    args: &Args,
    cx: &Context,
    report: &mut Report,
) -> Result<Firmware, Error> {
    let mut one = FirmwareReport { subject: inputs.name.clone(), cx, report };
    let elf_bytes = one.open("elf", inputs.elf.as_deref())?;
    let map_bytes = one.open("map", inputs.map.as_deref())?;
    let bin_bytes = one.open("bin", inputs.bin.as_deref())?;
    let table_bytes = one.open("partitions", inputs.partitions.as_deref())?;

    let elf = parsed(inputs.elf.as_deref(), elf_bytes.as_ref(), Elf::parse)?;
    let map = parsed(inputs.map.as_deref(), map_bytes.as_ref(), Map::parse)?;
    let named = inputs.chip.or_else(|| map.as_ref()?.chip);
    let chip = named.and_then(|chip| ChipId::from_name(chip.as_str()));
    let table = parsed(inputs.partitions.as_deref(), table_bytes.as_ref(), |bytes| {
        read_table(bytes, args, chip, bin_bytes.as_deref())
    })?;

    let mut firmware = Firmware {
        subject: inputs.name.clone(),
        classes: BTreeMap::new(),
        loaded: BTreeSet::new(),
        machine: elf.as_ref().map(|elf| elf.machine).or_else(|| map.as_ref().and_then(|map| map.machine)),
        memory: None,
        platformio: None,
        idf_json: None,
    };
    let mut image_bytes = None;
    if elf.is_some() || map.is_some() {
        let script = script(args, cx, elf.as_ref())?;
        let mut regions = regions(args, script.as_ref(), map.as_ref());
        if regions.is_empty() && map.as_ref().is_none_or(|map| map.regions.is_empty()) {
            regions.extend_from_slice(&inputs.regions);
        }
        let sources = Sources {
            elf: elf.as_ref(),
            map: map.as_ref(),
            regions: &regions,
            chip: inputs.chip,
            script: script.as_ref(),
            kinds: &args.region_kind,
            fillers: &args.filler,
        };
        // The tables have been read: what follows needs of the files only the names.
        let give_back = || [&elf_bytes, &map_bytes].into_iter().flatten().for_each(Bytes::release);
        give_back();
        let memory = Memory::measure(&sources)?;
        image_bytes = Some(memory.image_bytes);
        one.memory(&memory, args);
        firmware.classes = filled(memory.regions.iter().map(|used| (used.region.name.clone(), used.class)));
        let loaded = memory.sections.iter().filter(|section| section.loaded);
        firmware.loaded = filled(loaded.map(|section| section.name.clone()));
        if cx.wants("platformio") {
            firmware.platformio = Some(platformio::of_memory(&memory, elf.as_ref(), table.as_ref()));
        }
        if cx.wants("idf-json2") {
            firmware.idf_json = Some(idf_json::of_memory(&memory).map_err(Error::input)?);
        }
        // Attribution is most of the work; totals are had without it.
        if cx.report_is_read() || limits::name_parts(args) {
            // It takes the most memory.
            give_back();
            let mut tree = attribution::tree(&sources, &memory);
            tree.subject.clone_from(&inputs.name);
            one.report.trees.push(tree);
        }
        firmware.memory = Some(memory);
    }
    // What may have content and is counted as if it had none is added where a limit depends on it: `unsure`.
    let counts_more = |memory: &Memory| memory.unsure_memory.iter().any(|section| section.loaded);
    let is_open = firmware.memory.as_ref().is_some_and(counts_more);
    one.image_size(bin_bytes.as_ref().map(|bytes| bytes.len() as u64), image_bytes, is_open);
    let image = match (&bin_bytes, inputs.bin.as_deref()) {
        (Some(bytes), Some(path)) => {
            let linked = elf.as_ref().zip(elf_bytes.as_deref());
            one.image(path, bytes, linked, args)?
        }
        _ => None,
    };
    if let Some(table) = &table {
        let size = bin_bytes.as_ref().map(|bytes| bytes.len() as u64);
        one.fit(table, size, image_bytes, args)?;
        one.flash_size(table, image.as_ref());
        let of_memory = || ChipId::from_name(firmware.memory.as_ref()?.chip?.as_str());
        one.bootloader_place(table, image.as_ref().and_then(AppImage::chip).or(chip).or_else(of_memory));
    }
    Ok(firmware)
}

fn parsed<'a, T, E: Into<Error>>(
    path: Option<&Path>,
    bytes: Option<&'a Bytes>,
    parse: impl FnOnce(&'a [u8]) -> Result<T, E>,
) -> Result<Option<T>, Error> {
    match (path, bytes) {
        (Some(path), Some(bytes)) => Ok(Some(parse(bytes).context(path.display().to_string())?)),
        _ => Ok(None),
    }
}

/// Reads a partition table; a line of the bootloader has no place unless the chip is known, which the image tells when
/// nobody names it.
fn read_table(bytes: &[u8], args: &Args, chip: Option<ChipId>, image: Option<&[u8]>) -> Result<Table, Error> {
    let binary = ParseOptions {
        allow_missing_md5: args.allow_legacy_table,
        allow_missing_end: args.allow_legacy_table,
    };
    let table_offset = offset(args)?;
    let parse = |chip: Option<ChipId>| {
        let primary_bootloader_offset = chip.and_then(ChipId::bootloader_offset);
        let csv = CsvOptions { table_offset, primary_bootloader_offset, ..CsvOptions::default() };
        Table::parse_with(bytes, binary, &csv)
    };
    let table = match parse(chip) {
        Err(TableError::Line { problem: LineError::BootloaderOffset(_), .. }) if chip.is_none() => {
            parse(image.and_then(|bytes| AppImage::parse(bytes).ok()?.chip()))
        }
        table => table,
    };
    Ok(table?)
}

fn offset(args: &Args) -> Result<u32, Error> {
    u32::try_from(args.partition_table_offset.0).map_err(|_| {
        Error::usage(format!("--partition-table-offset {}: beyond 4 GiB", args.partition_table_offset.0))
    })
}

/// The regions of the script, and those given by hand, which replace the script's of the same name. A map has the lengths
/// that the linker used, whatever the script has by now.
fn regions(args: &Args, script: Option<&Script>, map: Option<&Map<'_>>) -> Vec<Region> {
    let script = script.filter(|_| !args.region.is_empty() || map.is_none_or(|map| map.regions.is_empty()));
    let mut regions = script.map(|script| script.regions.clone()).unwrap_or_default();
    for region in &args.region {
        regions.retain(|known| known.name != region.name);
        regions.push(region.clone());
    }
    regions
}

/// The linker script, with what it includes from beside it.
fn script(args: &Args, cx: &Context, elf: Option<&Elf<'_>>) -> Result<Option<Script>, Error> {
    let Some(path) = &args.linker_script else { return Ok(None) };
    let text = cx.open(path)?;
    let mut include = |name: &str| included(path, name, cx);
    let outside = |name: &str| elf.and_then(|elf| elf.absolute_value(name));
    let script = Script::parse(&String::from_utf8_lossy(&text), &mut include, &outside);
    Ok(Some(script.context(path.display().to_string())?))
}

/// Reads a file that a linker script includes: beside the script, or from where the run started, as the linker does.
/// A script is written by whoever opens a pull request, so nothing outside the script's repository is read.
fn included(script: &Path, name: &str, cx: &Context) -> Result<Option<String>, String> {
    /// No memory map is longer.
    const MAX_BYTES: usize = 1 << 20;
    let beside = cx.resolve(script).parent().map(|folder| folder.join(name));
    for path in beside.into_iter().chain([cx.resolve(Path::new(name))]) {
        let (Ok(full), Ok(root)) = (fs::canonicalize(&path), fs::canonicalize(cx.root())) else { continue };
        let home = cx.resolve(script).parent().and_then(|folder| fs::canonicalize(folder).ok());
        let inside = full.starts_with(&root) || home.is_some_and(|home| full.starts_with(home));
        if !inside {
            return Err("it lies outside the repository".into());
        }
        if !full.is_file() {
            return Err("it is no file".into());
        }
        let bytes = cx.open(&full).map_err(|error| error.message())?;
        if bytes.len() > MAX_BYTES {
            return Err("it is larger than a linker script is".into());
        }
        return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(None)
}

/// The report, as far as it is about one firmware.
struct FirmwareReport<'a> {
    subject: Option<String>,
    cx: &'a Context,
    report: &'a mut Report,
}

impl FirmwareReport<'_> {
    fn open(&mut self, what: &str, path: Option<&Path>) -> Result<Option<Bytes>, Error> {
        let Some(path) = path else { return Ok(None) };
        let bytes = self.cx.open(path)?;
        self.cx.set_subject_file(self.subject.as_deref(), path);
        self.fact(what, &format!("{} ({} bytes)", self.cx.display_path(path), bytes.len()));
        Ok(Some(bytes))
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.report.facts.push(Fact {
            name: name.into(),
            subject: self.subject.clone(),
            value: value.into(),
        });
    }

    fn measure(&mut self, mut measure: Measure) {
        measure.subject.clone_from(&self.subject);
        self.report.measures.push(measure);
    }

    fn add_finding(&mut self, mut finding: Finding) {
        finding.subject.clone_from(&self.subject);
        self.report.add_finding(finding);
    }

    /// The image is the file that is flashed, where there is one; else the sum of what is loaded.
    fn image_size(&mut self, file: Option<u64>, sections: Option<u64>, is_open: bool) {
        let (bytes, from) = match (file, sections) {
            (Some(file), _) => (file, FROM_FILE),
            (None, Some(sections)) if is_open => (sections, FROM_MAP),
            (None, Some(sections)) => (sections, FROM_SECTIONS),
            (None, None) => return,
        };
        self.fact(IMAGE_FACT, from);
        self.measure(Measure::bytes("image.bytes", bytes));
    }

    fn memory(&mut self, memory: &Memory, args: &Args) {
        if let Some(chip) = memory.chip {
            self.fact("chip", &chip.to_string());
        }
        if !memory.unsure_memory.is_empty() {
            self.fact(MEMORY_FACT, FROM_MAP);
        }
        // What lies in no region is told once it is known whether a limit depends on it.
        for warning in memory.warnings.iter().filter(|warning| !warning.starts_with("in no memory region")) {
            self.add_finding(Finding::new("size-gate/input", Level::Note, warning, warning.clone()));
        }
        for kind in &args.region_kind {
            if memory.regions.iter().all(|used| used.region.name != kind.name) {
                let message =
                    format!("--region-kind {}={}: there is no such region", kind.name, kind.class.as_str());
                self.add_finding(
                    Finding::new("size-gate/unused-option", Level::Warning, &kind.name, message)
                        .help("correct the name; the table of regions has those of this build"),
                );
            }
        }
        for pattern in &args.filler {
            let matches = wildmatch::WildMatch::new(pattern);
            if !memory.sections.iter().any(|section| section.filler && matches.matches(&section.name)) {
                let message = format!("--filler {pattern}: no section without content has this name");
                self.add_finding(
                    Finding::new("size-gate/unused-option", Level::Warning, pattern, message)
                        .help("correct the name, or leave the option out"),
                );
            }
        }
        for used in &memory.regions {
            self.region(used);
        }
        if let Some(sram) = &memory.sram {
            self.measure(Measure::bytes("sram.span", sram.span).out_of(sram.size));
            self.measure(Measure::bytes("sram.bytes", sram.bytes).out_of(sram.size));
            self.measure(Measure::bytes("sram.size", sram.size));
            self.measure(free("sram.free".into(), sram.size, sram.span));
        }
        let (span, bytes) =
            (Measure::bytes("ram.span", memory.ram_span), Measure::bytes("ram.bytes", memory.ram_bytes));
        match memory.ram_size {
            Some(size) => {
                self.measure(span.out_of(size));
                self.measure(bytes.out_of(size));
                self.measure(Measure::bytes("ram.size", size));
                self.measure(free("ram.free".into(), size, memory.ram_span));
            }
            None => {
                self.measure(span);
                self.measure(bytes);
            }
        }
    }

    fn region(&mut self, used: &RegionUse) {
        let name = &used.region.name;
        let span = Measure::bytes(format!("region.{name}.span"), used.span);
        let content = Measure::bytes(format!("region.{name}.bytes"), used.bytes);
        // A region nobody gave a length has a use, but nothing to hold it to.
        let Some(length) = used.size() else {
            self.measure(span);
            self.measure(content);
            return;
        };
        self.measure(span.out_of(length));
        self.measure(content.out_of(length));
        self.measure(Measure::bytes(format!("region.{name}.size"), length));
        let taken = if used.overflow() > 0 { used.span } else { used.taken };
        self.measure(free(format!("region.{name}.free"), length, taken));
        if used.overflow() > 0 {
            let message = format!(
                "region {name} overflows: {} are used, {} more than its {}",
                ByteSize(used.span),
                ByteSize(used.overflow()),
                ByteSize(length)
            );
            self.add_finding(Finding::new("size-gate/region-overflow", Level::Error, name, message).help(
                "the firmware cannot be linked or will not run; see what takes the room in the breakdown",
            ));
        }
    }

    /// Measures the image as a file and checks what a device would check of it.
    fn image(
        &mut self,
        path: &Path,
        bytes: &[u8],
        linked: Option<(&Elf<'_>, &[u8])>,
        args: &Args,
    ) -> Result<Option<AppImage>, Error> {
        let name = self.cx.display_path(path);
        if bytes.is_empty() {
            return Err(Error::input(format!("{}: the file is empty", path.display()))
                .hint("an image has at least a header; did the build end before it was written?"));
        }
        self.measure(Measure::bytes(format!("file.{name}.bytes"), bytes.len() as u64));
        let no_image = |what: &str| {
            Error::input(format!("{}: this is {what}, not an application image", path.display())).hint(
                "give the application with --bin; a partition table goes to --partitions, and any file's size is limited with --max-file",
            )
        };
        if let Some(what) = other_file_of_a_device(bytes) {
            return Err(no_image(what));
        }
        // Images of other families are plain bytes without a header to check.
        if !matches!(bytes.first(), Some(0xE9 | 0xEA)) {
            if let Some((elf, elf_bytes)) = linked {
                self.raw_pairing(&name, pair_raw(elf, elf_bytes, bytes), args);
            }
            return Ok(None);
        }
        let image = AppImage::parse(bytes).context(path.display().to_string())?;
        if is_bootloader(&image) {
            return Err(no_image("a bootloader"));
        }
        if let Some(app) = &image.app {
            self.fact("version", &format!("{} {}", app.project_name, app.version));
        }
        for problem in image.layout_problems() {
            self.add_finding(Finding::new(
                "size-gate/image-layout",
                Level::Error,
                &name,
                format!("{name}: {problem}"),
            ));
        }
        if let Some((_, elf)) = linked {
            let pairing = image.pairs_with(&lw_firmware::esp_image::digest(elf));
            match pairing {
                Pairing::Match => self.fact("pairing", "the image was made from this ELF"),
                Pairing::NotRecorded => {
                    self.fact("pairing", "the image does not say which ELF it was made from");
                }
                Pairing::Mismatch => {
                    let level = if args.allow_unpaired { Level::Warning } else { Level::Error };
                    let message = format!(
                        "{name} was not made from this ELF: its app_elf_sha256 is that of another file"
                    );
                    self.add_finding(
                        Finding::new("size-gate/unpaired", level, &name, message)
                            .help("build both in one go, and do not strip the ELF afterwards; --allow-unpaired only warns"),
                    );
                }
            }
        }
        Ok(Some(image))
    }

    /// Tells whether a plain binary is what the ELF loads.
    fn raw_pairing(&mut self, name: &str, pairing: RawPairing, args: &Args) {
        let message = match pairing {
            RawPairing::Match => return self.fact("pairing", "the image was made from this ELF"),
            RawPairing::Unknown => return,
            RawPairing::Other { differing, loaded } => format!(
                "{name} was not made from this ELF: {} of the {} that the ELF loads are not in it",
                ByteSize(differing),
                ByteSize(loaded)
            ),
            RawPairing::Absent => {
                format!(
                    "{name} was not made from this ELF, or is encrypted: nothing that the ELF loads is in it"
                )
            }
        };
        let level = match (args.allow_unpaired, pairing) {
            (false, _) => Level::Error,
            (true, RawPairing::Absent) => Level::Note,
            (true, _) => Level::Warning,
        };
        self.add_finding(Finding::new("size-gate/unpaired", level, name, message).help(
            "build both in one go; --allow-unpaired lets an image pass that is encrypted, compressed or changed after the link",
        ));
    }

    /// Holds the image to the partitions it has to fit.
    fn fit(
        &mut self,
        table: &Table,
        file: Option<u64>,
        sections: Option<u64>,
        args: &Args,
    ) -> Result<(), Error> {
        let chosen = chosen(table, args)?;
        let Some(smallest) = chosen.iter().min_by_key(|partition| partition.size) else {
            self.add_finding(
                Finding::new(
                    "size-gate/no-app-partition",
                    Level::Error,
                    "partitions",
                    "the partition table has no app partition for the image",
                )
                .help("an update needs a factory or ota_N partition; --fit names another one"),
            );
            return Ok(());
        };
        let smallest_size = u64::from(smallest.size);
        for partition in table.partitions.iter().filter(|partition| partition.is_app()) {
            let size = u64::from(partition.size);
            self.measure(Measure::bytes(format!("partition.{}.size", partition.name), size));
            if let Some(file) = file {
                self.measure(Measure::bytes(format!("partition.{}.used", partition.name), file).out_of(size));
                self.measure(free(format!("partition.{}.free", partition.name), size, file));
            }
        }
        match (file, sections) {
            (Some(file), _) => {
                self.measure(free("partition.smallest-app.free".into(), smallest_size, file));
                let name = if file <= smallest_size { "fits" } else { "judged against" };
                self.fact(name, &format!("{} ({})", smallest.name, ByteSize(smallest_size)));
                for partition in chosen.iter().filter(|partition| file > u64::from(partition.size)) {
                    let size = u64::from(partition.size);
                    let message = format!(
                        "the image does not fit partition {}: it has {}, {} more than the partition's {}",
                        partition.name,
                        ByteSize(file),
                        ByteSize(file - size),
                        ByteSize(size)
                    );
                    self.add_finding(
                        Finding::new("size-gate/partition-overflow", Level::Error, &partition.name, message)
                            .help("a device would refuse it or fail to boot after the update, whatever the sum of its sections says"),
                    );
                }
            }
            (None, Some(sections)) if sections > smallest_size => {
                let message = format!(
                    "the sections alone, {}, do not fit partition {} of {}",
                    ByteSize(sections),
                    smallest.name,
                    ByteSize(smallest_size)
                );
                self.add_finding(Finding::new(
                    "size-gate/partition-overflow",
                    Level::Error,
                    &smallest.name,
                    message,
                ));
            }
            (None, _) => self.add_finding(
                Finding::new(
                    "size-gate/fit-not-judged",
                    Level::Note,
                    "fit",
                    "no image was given: whether it fits its partition was not judged",
                )
                .help("add --bin: headers, padding and signature make the image larger than its sections"),
            ),
        }
        Ok(())
    }

    /// The table may reach after the end of the flash the image was made for.
    fn flash_size(&mut self, table: &Table, image: Option<&AppImage>) {
        let Some(flash) = image.and_then(|image| image.header.flash_bytes()).map(u64::from) else { return };
        if table.end() > flash {
            let message = format!(
                "the partition table ends at {:#x}, after the {} of flash the image's header names",
                table.end(),
                ByteSize(flash)
            );
            self.add_finding(
                Finding::new("size-gate/flash-size", Level::Warning, "flash-size", message)
                    .help("set the flash size of the build to the chip's; the bootloader refuses a table that is too long"),
            );
        }
    }

    /// A table that has its bootloader where the chip does not look for one was built for another chip.
    fn bootloader_place(&mut self, table: &Table, chip: Option<ChipId>) {
        let Some((chip, place)) = chip.and_then(|chip| Some((chip, chip.bootloader_offset()?))) else {
            return;
        };
        // The subtype of the one the chip starts with is 0.
        let is_primary = |partition: &&Partition| partition.kind == BOOTLOADER && partition.subtype == 0;
        let mut primary = table.partitions.iter().filter(is_primary);
        if let Some(found) = primary.find(|partition| partition.offset != place) {
            let message = format!(
                "the partition table has the bootloader at {:#x}, and {chip} starts the one at {place:#x}: it is the table of another chip",
                found.offset
            );
            self.add_finding(
                Finding::new("size-gate/other-chip", Level::Error, "partitions", message)
                    .help("give the partition table that was built for this chip"),
            );
        }
    }
}

/// Name of the fact that says what `image.bytes` counts.
pub(crate) const IMAGE_FACT: &str = "image is";
/// `image.bytes` is the length of a file.
pub(crate) const FROM_FILE: &str = "the file that is flashed";
/// `image.bytes` is what ELF or map say is loaded.
const FROM_SECTIONS: &str = "the sum of the loaded sections";
/// What a map alone tells, with sections of which it does not tell whether they count.
const FROM_MAP: &str = "what the map alone tells";
/// Name of the fact that says that RAM and regions are what an ELF of the same build may not have.
pub(crate) const MEMORY_FACT: &str = "memory is";

/// What else is flashed into a device beside an application, by its first bytes.
fn other_file_of_a_device(bytes: &[u8]) -> Option<&'static str> {
    /// Two sectors, of which the first begins with an entry of `esp_ota_select_entry_t`: sequence number, label, state, CRC.
    const OTA_DATA: usize = 0x2000;
    match bytes {
        [0xAA, 0x50, ..] => Some("a partition table"),
        _ if bytes.len() == OTA_DATA => {
            let erased = |range: std::ops::Range<usize>| {
                bytes.get(range).is_some_and(|part| part.iter().all(|byte| *byte == 0xFF))
            };
            (!erased(0..4) && erased(4..24) && erased(32..0x1000))
                .then_some("the OTA data that selects a partition (boot_app0.bin)")
        }
        _ => None,
    }
}

/// Whether an image is a bootloader: it says so, or it describes no application and has nothing that stays in flash.
fn is_bootloader(image: &AppImage) -> bool {
    if image.bootloader.is_some() {
        return true;
    }
    let chip = image.chip_name().and_then(|name| name.parse::<Chip>().ok());
    let Some(chip) = chip.filter(|chip| *chip != Chip::Esp8266) else { return false };
    let in_flash =
        |address: u32| chip.memory_name(address.into(), false).is_some_and(|name| name.starts_with("Flash"));
    image.app.is_none() && !image.segments.iter().any(|segment| in_flash(segment.load_addr))
}

fn free(name: String, size: u64, used: u64) -> Measure {
    let mut measure = Measure::bytes(name, 0).out_of(size).higher_is_better();
    measure.value = Number::from(size).minus(Number::from(used));
    measure
}

fn app_names(table: &Table) -> String {
    let apps = table.partitions.iter().filter(|partition| partition.is_app());
    apps.map(|partition| partition.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The partitions the image has to fit.
fn chosen<'a>(table: &'a Table, args: &Args) -> Result<Vec<&'a Partition>, Error> {
    if args.fit.is_empty() {
        return Ok(table.app_slots().collect());
    }
    args.fit
        .iter()
        .map(|label| {
            if let Some(found) = table.get(label).filter(|found| !found.is_app()) {
                return Err(Error::usage(format!(
                    "--fit {label}: {} holds data ({}), an image goes to a partition of type app",
                    found.name,
                    found.subtype_name()
                ))
                .hint(format!("app partitions are {}", app_names(table))));
            }
            table.get(label).ok_or_else(|| {
                let names: Vec<&str> =
                    table.partitions.iter().map(|partition| partition.name.as_str()).collect();
                let error = Error::usage(format!("--fit {label}: the table has no such partition"));
                match lw_cli::config::nearest(label, names.iter().copied()) {
                    Some(near) => error.hint(lw_cli::config::did_you_mean(near)),
                    None => error.hint(format!("its partitions are {}", names.join(", "))),
                }
            })
        })
        .collect()
}
