//! `inspect`: every field of images, packages and partition tables, and whether a device would take them.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_firmware::esp_image::ChipId;
use lw_firmware::partitions::Table as Partitions;
use lw_model::{Align, ByteSize, Cell, Class, Fact, Finding, Level, Location, Measure, Report, Table};
use lw_package::Kind as Format;

use crate::args::{Inspect, Kind, SignatureScheme};
use crate::boards::{self, Item, PerBoard};
use crate::explain;
use crate::package::images_table;
use crate::policy;
use crate::read;
use crate::scan::{self, Checked};
use crate::slots;

/// Bytes that tell a partition table and a package.
const HEAD: usize = Format::DETECT_BYTES;

/// Explains everything that is named.
///
/// # Errors
/// When anything is broken; all that is, in one message.
pub(crate) fn run(args: &Inspect, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let items = boards::items("firmware", &args.firmware, cx, report)?;
    if items.is_empty() && report.findings.is_empty() {
        return Err(Error::usage("there is nothing to inspect")
            .hint("name an image, a package or a partition table: lw ota-package inspect app.bin"));
    }
    let names: Vec<&str> = items.iter().filter_map(|item| item.board.as_deref()).collect();
    let mut run = Run {
        chips: boards::chips(&args.kind.chip)?,
        tables: boards::files("partitions", &args.slots.partitions, cx, report)?,
        given: slots::Given::new(&args.slots)?,
        args,
        cx,
        report,
        seen: Vec::new(),
    };
    run.chips.used_by("chip", &names)?;
    run.tables.used_by("partitions", &names)?;
    let mut broken = 0_usize;
    for item in &items {
        let subject =
            (items.len() > 1).then(|| item.board.clone().unwrap_or_else(|| run.cx.display_path(&item.path)));
        match run.one(item, subject.as_deref()) {
            Ok(()) => {}
            // What is wrong with one file says nothing of the next.
            Err(error) if error.class() == Class::Input && items.len() > 1 => {
                run.cx.record_error(run.report, &error);
                broken += 1;
            }
            Err(error) => return Err(error),
        }
    }
    let Run { seen, given, .. } = run;
    given.finish()?;
    slots::limits(&args.slots.min_free, cx, report)?;
    cx.judge(report, None);
    cx.figure(figure(&seen, broken));
    publish(&seen, cx, report);
    Ok(())
}

/// What was found in a file.
struct InspectedFile {
    name: String,
    /// What it is: `ESP application 1.2.3 for ESP32-C3`.
    what: String,
    version: Option<String>,
    secure_version: Option<u32>,
    sha256: Option<[u8; 32]>,
    size: u64,
}

struct Run<'a> {
    args: &'a Inspect,
    chips: PerBoard<&'static str>,
    tables: PerBoard<std::path::PathBuf>,
    /// Slots without a table.
    given: slots::Given<'a>,
    cx: &'a Context,
    report: &'a mut Report,
    seen: Vec<InspectedFile>,
}

impl Run<'_> {
    fn one(&mut self, item: &Item, subject: Option<&str>) -> Result<(), Error> {
        if self.args.kind.kind == Kind::Auto {
            let head = read::head(&item.path, HEAD, self.cx)?;
            if Format::detect(&head).is_some() {
                return self.package(&item.path, subject);
            }
            if is_table(&head) {
                return self.table(item, subject);
            }
        }
        self.image(item, subject)
    }

    fn fact(&mut self, name: &str, subject: Option<&str>, value: impl Into<String>) {
        self.report.facts.push(Fact {
            name: name.into(),
            subject: subject.map(str::to_owned),
            value: value.into(),
        });
    }

    fn image(&mut self, item: &Item, subject: Option<&str>) -> Result<(), Error> {
        let checked = scan::scan(&item.path, self.args.kind.kind, self.cx)?;
        if self.args.slots.signature_scheme != SignatureScheme::None {
            checked.check_secure_boot()?;
        }
        explain::add(&checked, subject, self.report);
        checked.remarks(subject, self.report);
        if let Some(chip) = self.chips.of(item.board.as_deref()) {
            checked.check_chip(chip, subject, self.report);
        }
        if self.args.require_signature {
            checked.check_signed(subject, self.report);
        }
        let path = self.tables.of(item.board.as_deref());
        self.given.check(&checked, path.is_some(), subject, self.report)?;
        if let Some(path) = path {
            let table = slots::read_table(path, checked.image.chip(), &self.args.slots, self.cx)?;
            let (load, at) = (checked.load(self.args.slots.signature_scheme), self.cx.display_path(path));
            slots::fit(&table, load, &at, &self.args.slots, subject, self.report)?;
            slots::check_flash_size(&table, &checked, &at, subject, self.report);
        }
        self.seen.push(InspectedFile::image(&checked));
        Ok(())
    }

    fn package(&mut self, path: &Path, subject: Option<&str>) -> Result<(), Error> {
        let opened = read::open(path, self.cx)?;
        let (name, size, format) = (opened.name.clone(), opened.size, opened.format);
        self.fact("file", subject, name.clone());
        self.fact("kind", subject, format!("{} package", format.as_str()));
        self.fact("version", subject, opened.manifest.version.clone());
        let manifest = &opened.manifest;
        let facts = [
            ("sequence", manifest.sequence.map(|number| number.to_string())),
            ("minimum version", manifest.minimum_version.clone()),
            ("minimum secure version", manifest.minimum_secure_version.map(|number| number.to_string())),
            ("signature", opened.signature.is_some().then(|| "present, not verified".to_owned())),
            ("release notes", manifest.release_notes.clone()),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                self.fact(name, subject, value);
            }
        }
        let may_quote = self.cx.files().may_quote(path);
        for (number, key) in opened.unknown.iter().enumerate() {
            // What a key is called is text of the file's.
            let (key, shown) = if may_quote {
                (key.clone(), format!(" {key}"))
            } else {
                (number.to_string(), " (outside of the workspace, so its name is not shown)".to_owned())
            };
            let message = format!("{name}: this version does not know the manifest's key{shown}");
            let mut finding = Finding::new("ota-package/unknown-key", Level::Note, &key, message);
            finding.subject = subject.map(str::to_owned);
            self.report.add_finding(finding);
        }
        let mut measure = Measure::bytes("ota.package.bytes", size);
        measure.subject = subject.map(str::to_owned);
        self.report.measures.push(measure);
        let (manifest, images) = opened.sound()?;
        policy::check_release_version(
            &name,
            &manifest,
            &images,
            self.args.allow_version_mismatch,
            subject,
            self.report,
        )?;
        let mut tables = vec![images_table(&manifest)];
        tables.extend(deltas(&manifest));
        for mut table in tables {
            table.subject = subject.map(str::to_owned);
            self.report.tables.push(table);
        }
        for checked in &images {
            checked.remarks(subject, self.report);
            if self.args.require_signature {
                checked.check_signed(subject, self.report);
            }
        }
        let boards: Vec<&str> = manifest.images.iter().map(|image| image.board.as_str()).collect();
        self.seen.push(InspectedFile {
            what: format!("{} package {} for {}", format.as_str(), manifest.version, boards.join(", ")),
            name,
            secure_version: manifest.images.iter().filter_map(|image| image.secure_version).min(),
            version: Some(manifest.version),
            sha256: None,
            size,
        });
        Ok(())
    }

    fn table(&mut self, item: &Item, subject: Option<&str>) -> Result<(), Error> {
        let path = item.path.as_path();
        let name = self.cx.display_path(path);
        let chip = self.chips.of(item.board.as_deref()).and_then(|chip| ChipId::from_name(chip));
        let table = slots::read_table(path, chip, &self.args.slots, self.cx).map_err(|error| {
            let at = path.display().to_string();
            error.context(format!("{at}, read as a partition table"))
        })?;
        self.fact("file", subject, name.clone());
        self.fact("kind", subject, "partition table");
        let mut rows = partitions(&table);
        rows.subject = subject.map(str::to_owned);
        self.report.tables.push(rows);
        for advice in table.advice() {
            let mut finding =
                Finding::new("ota-package/partitions", Level::Warning, &name, advice.to_string())
                    .at(Some(Location::file(name.clone())));
            finding.subject = subject.map(str::to_owned);
            self.report.add_finding(finding);
        }
        let size = self.cx.open(path)?.len() as u64;
        let what = format!("partition table of {} partitions", table.partitions.len());
        self.seen.push(InspectedFile { name, what, version: None, secure_version: None, sha256: None, size });
        Ok(())
    }
}

/// A binary table, or text that reads like the CSV of one; `:` is where Intel HEX begins.
fn is_table(head: &[u8]) -> bool {
    if head.starts_with(&[0xAA, 0x50]) {
        return true;
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => {
            let text = head.get(..error.valid_up_to()).unwrap_or_default();
            if error.error_len().is_some() { "" } else { std::str::from_utf8(text).unwrap_or_default() }
        }
    };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.find(|line| !line.starts_with('#')).map_or_else(
        || text.trim_start().starts_with('#'),
        |line| !line.starts_with(':') && line.split(',').count() >= 4,
    )
}

fn partitions(table: &Partitions) -> Table {
    let mut rows = Table::new(
        "partitions",
        "Partitions",
        &[
            ("Name", Align::Left),
            ("Type", Align::Left),
            ("Subtype", Align::Left),
            ("Offset", Align::Right),
            ("Size", Align::Right),
            ("Flags", Align::Left),
        ],
    );
    for partition in &table.partitions {
        let flags: Vec<&str> =
            [(partition.is_encrypted(), "encrypted"), (partition.is_readonly(), "readonly")]
                .into_iter()
                .filter_map(|(set, name)| set.then_some(name))
                .collect();
        rows.rows.push(vec![
            Cell::Code(partition.name.clone()),
            Cell::Text(partition.kind_name().into_owned()),
            Cell::Text(partition.subtype_name().into_owned()),
            Cell::Code(format!("{:#x}", partition.offset)),
            Cell::Bytes(i64::from(partition.size)),
            if flags.is_empty() { Cell::Empty } else { Cell::Text(flags.join(", ")) },
        ]);
    }
    rows.note = Some(format!("It needs {} of flash.", ByteSize(table.end())));
    rows
}

/// One row for each patch in a package.
fn deltas(manifest: &lw_package::Manifest) -> Option<Table> {
    let mut table = Table::new(
        "deltas",
        "Deltas",
        &[
            ("Board", Align::Left),
            ("From version", Align::Left),
            ("Base SHA-256", Align::Left),
            ("Format", Align::Left),
            ("Patch", Align::Right),
            ("Of the image", Align::Left),
        ],
    );
    let cell = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for image in &manifest.images {
        for delta in &image.deltas {
            table.rows.push(vec![
                Cell::Code(image.board.clone()),
                delta.base.version.clone().map_or(Cell::Empty, Cell::Code),
                Cell::Code(delta.base.sha256.hex().chars().take(16).collect()),
                Cell::Text(delta.format.as_str().into()),
                Cell::Bytes(cell(delta.size)),
                Cell::Bar { used: cell(delta.size), total: cell(image.size) },
            ]);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

impl InspectedFile {
    fn image(checked: &Checked) -> Self {
        let version = checked.image.version().filter(|version| !version.is_empty());
        let mut what = explain::kind_name(&checked.image).to_owned();
        if let Some(version) = &version {
            what.push_str(&format!(" {version}"));
        }
        if let Some(chip) = checked.chip_name() {
            what.push_str(&format!(" for {chip}"));
        }
        Self {
            name: checked.name.clone(),
            what,
            version,
            secure_version: checked.image.secure_version(),
            sha256: Some(checked.digests.sha256),
            size: checked.digests.size,
        }
    }
}

fn figure(seen: &[InspectedFile], broken: usize) -> String {
    match (seen, broken) {
        ([], _) => "nothing could be inspected".to_owned(),
        ([one], 0) => format!("{}, {}", one.what, ByteSize(one.size)),
        (many, 0) => format!("{} files, all sound", many.len()),
        (many, _) => {
            let are = if many.len() == 1 { "is" } else { "are" };
            format!("{} of {} files {are} sound", many.len(), many.len() + broken)
        }
    }
}

fn publish(seen: &[InspectedFile], cx: &mut Context, report: &Report) {
    let lines = |value: &dyn Fn(&InspectedFile) -> Option<String>| match seen {
        [one] => value(one).unwrap_or_default(),
        many => many
            .iter()
            .filter_map(|one| value(one).map(|value| format!("{}={value}", one.name)))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    cx.output("version", lines(&|one| one.version.clone()));
    cx.output("sha256", lines(&|one| one.sha256.map(|digest| base16ct::lower::encode_string(&digest))));
    cx.output("size", lines(&|one| Some(one.size.to_string())));
    let lowest = seen.iter().filter_map(|one| one.secure_version).min();
    cx.output("secure-version", lowest.map(|number| number.to_string()).unwrap_or_default());
    crate::publish_free(report, cx);
}
