//! One firmware, from its files to its measures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lw_cli::{Bytes, Context, Error, ResultExt};
use lw_firmware::esp_image::{AppImage, Pairing};
use lw_firmware::memory::RegionUse;
use lw_firmware::partitions::{CsvOptions, ParseOptions, Partition, Table};
use lw_firmware::{Elf, Map, Memory, Region, RegionClass, Sources, attribution, script};
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
    let mut one = One { subject: inputs.name.clone(), cx, report };
    let elf_bytes = one.open("elf", inputs.elf.as_deref())?;
    let map_bytes = one.open("map", inputs.map.as_deref())?;
    let bin_bytes = one.open("bin", inputs.bin.as_deref())?;
    let table_bytes = one.open("partitions", inputs.partitions.as_deref())?;

    let elf = parsed(inputs.elf.as_deref(), elf_bytes.as_ref(), Elf::parse)?;
    let map = parsed(inputs.map.as_deref(), map_bytes.as_ref(), Map::parse)?;
    let table = parsed(inputs.partitions.as_deref(), table_bytes.as_ref(), |bytes| read_table(bytes, args))?;

    let mut firmware = Firmware {
        subject: inputs.name.clone(),
        classes: BTreeMap::new(),
        loaded: BTreeSet::new(),
        platformio: None,
        idf_json: None,
    };
    let mut image_bytes = None;
    if elf.is_some() || map.is_some() {
        let regions = regions(args, cx)?;
        let sources = Sources { elf: elf.as_ref(), map: map.as_ref(), regions: &regions, chip: inputs.chip };
        let memory = Memory::measure(&sources)?;
        image_bytes = Some(memory.image_bytes);
        one.memory(&memory);
        firmware.classes = memory.regions.iter().map(|used| (used.region.name.clone(), used.class)).collect();
        let loaded = memory.sections.iter().filter(|section| section.loaded);
        firmware.loaded = loaded.map(|section| section.name.clone()).collect();
        if cx.wants("platformio") {
            firmware.platformio = Some(platformio::of_memory(&memory, elf.as_ref(), table.as_ref()));
        }
        if cx.wants("idf-json2") {
            firmware.idf_json = Some(idf_json::of_memory(&memory).map_err(Error::input)?);
        }
        // Attribution is most of the work; totals are had without it.
        if cx.report_is_read() || limits::name_parts(args) {
            let mut tree = attribution::tree(&sources, &memory);
            tree.subject.clone_from(&inputs.name);
            one.report.trees.push(tree);
        }
    }
    let image = match (&bin_bytes, inputs.bin.as_deref()) {
        (Some(bytes), Some(path)) => one.image(path, bytes, elf_bytes.as_deref(), args)?,
        _ => None,
    };
    if let Some(table) = &table {
        let size = bin_bytes.as_ref().map(|bytes| bytes.len() as u64);
        one.fit(table, size, image_bytes, args)?;
        one.flash_size(table, image.as_ref());
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

fn read_table(bytes: &[u8], args: &Args) -> Result<Table, Error> {
    let binary = ParseOptions {
        allow_missing_md5: args.allow_legacy_table,
        allow_missing_end: args.allow_legacy_table,
    };
    let csv = CsvOptions { table_offset: offset(args)?, ..CsvOptions::default() };
    Ok(Table::parse_with(bytes, binary, &csv)?)
}

fn offset(args: &Args) -> Result<u32, Error> {
    u32::try_from(args.partition_table_offset.0).map_err(|_| {
        Error::usage(format!("--partition-table-offset {}: beyond 4 GiB", args.partition_table_offset.0))
    })
}

fn regions(args: &Args, cx: &Context) -> Result<Vec<Region>, Error> {
    let mut regions = match &args.linker_script {
        Some(path) => {
            let text = cx.open(path)?;
            script::memory_block(&String::from_utf8_lossy(&text)).context(path.display().to_string())?
        }
        None => Vec::new(),
    };
    // A region given by hand replaces the script's of the same name.
    for region in &args.region {
        regions.retain(|known| known.name != region.name);
        regions.push(region.clone());
    }
    Ok(regions)
}

/// One firmware on its way into the report.
struct One<'a> {
    subject: Option<String>,
    cx: &'a Context,
    report: &'a mut Report,
}

impl One<'_> {
    fn open(&mut self, what: &str, path: Option<&Path>) -> Result<Option<Bytes>, Error> {
        let Some(path) = path else { return Ok(None) };
        let bytes = self.cx.open(path)?;
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
        if let Some(subject) = &self.subject {
            finding.fingerprint = format!("{}:{subject}", finding.fingerprint);
        }
        self.report.add_finding(finding);
    }

    fn memory(&mut self, memory: &Memory) {
        if let Some(chip) = memory.chip {
            self.fact("chip", &chip.to_string());
        }
        for warning in &memory.warnings {
            self.add_finding(Finding::new("size-gate/input", Level::Note, warning, warning.clone()));
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
        self.measure(Measure::bytes("ram.span", memory.ram_span));
        self.measure(Measure::bytes("ram.bytes", memory.ram_bytes));
        self.measure(Measure::bytes("image.bytes", memory.image_bytes));
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
        self.measure(free(format!("region.{name}.free"), length, used.span));
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
        elf: Option<&[u8]>,
        args: &Args,
    ) -> Result<Option<AppImage>, Error> {
        let name = self.cx.display_path(path);
        if bytes.is_empty() {
            return Err(Error::input(format!("{}: the file is empty", path.display()))
                .hint("an image has at least a header; did the build end before it was written?"));
        }
        self.measure(Measure::bytes(format!("file.{name}.bytes"), bytes.len() as u64));
        // Images of other families are plain bytes without a header to check.
        if !matches!(bytes.first(), Some(0xE9 | 0xEA)) {
            return Ok(None);
        }
        let image = AppImage::parse(bytes).context(path.display().to_string())?;
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
        if let Some(elf) = elf {
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
                self.fact("fits", &format!("{} ({})", smallest.name, ByteSize(smallest_size)));
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

    /// The table may reach behind the end of the flash the image was made for.
    fn flash_size(&mut self, table: &Table, image: Option<&AppImage>) {
        let Some(flash) = image.and_then(|image| image.header.flash_bytes()).map(u64::from) else { return };
        if table.end() > flash {
            let message = format!(
                "the partition table ends at {:#x}, behind the {} of flash the image's header names",
                table.end(),
                ByteSize(flash)
            );
            self.add_finding(
                Finding::new("size-gate/flash-size", Level::Warning, "flash-size", message)
                    .help("set the flash size of the build to the chip's; the bootloader refuses a table that is too long"),
            );
        }
    }
}

fn free(name: String, size: u64, used: u64) -> Measure {
    let mut measure = Measure::bytes(name, 0).out_of(size).higher_is_better();
    measure.value = Number::from(size).minus(Number::from(used));
    measure
}

/// The partitions the image has to fit.
fn chosen<'a>(table: &'a Table, args: &Args) -> Result<Vec<&'a Partition>, Error> {
    if args.fit.is_empty() {
        return Ok(table.app_slots().collect());
    }
    args.fit
        .iter()
        .map(|label| {
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
