//! `package`: checks images and puts them into one file.
//!
//! Each image is read once: checked, hashed and copied into a pending file on the way. Only when everything
//! is within the policy does that file get its name.

mod plan;
mod write;

use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_firmware::esp_image::Role;
use lw_firmware::image::Image as Scanned;
use lw_firmware::mcuboot::TlvKind;
use lw_model::lists::sort;
use lw_model::{Align, Cell, Fact, Level, Measure, Number, Report, Table};
use lw_package::{Chip, Digest, Image, Manifest, Revisions};

use crate::args::{Package, PackageFormat};
use crate::kept::{self, Protection};
use crate::policy::{self, Inside, Release};
use crate::read::{self, OpenedPackage};
use crate::scan::Checked;
use crate::slots;
use crate::trust::Trust;
use crate::{changes, deltas};

pub(crate) use plan::Plan;

/// The largest release notes that are read from a file.
const MAX_NOTES: u64 = 1 << 20;

/// Makes a package.
///
/// # Errors
/// When the arguments do not go together, an input cannot be read or is broken, or the package cannot be written.
pub(crate) fn run(args: &Package, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let plans = plan::plan(args, cx, report)?;
    let Some(output) = &args.output else {
        return Err(
            Error::usage("--output is not given").hint("name the package, such as --output app-1.2.3.ota")
        );
    };
    let given = slots::Given::new(&args.slots)?;
    let mut trust = Trust::read(&args.trust, cx, report)?;
    let previous = previous(args, cx, report)?;
    if let Some(previous) = &previous {
        trust.package(previous, Some(&previous.name), report);
    }
    let release = ReleaseInfo::new(args, &plans, previous.as_ref(), cx)?;
    let written = match args.package_format {
        PackageFormat::Lw => write::lw(args, &plans, release, output, cx, report)?,
        PackageFormat::Seed => write::seed(args, &plans, release, output, cx)?,
    };
    for (plan, checked) in plans.iter().zip(&written.images) {
        trust.image(checked, plan.chip, plan.subject(&plans), report);
    }
    trust.publish(cx);
    judge(args, &plans, &written, previous.as_ref(), given, cx, report)?;
    show(&written, previous.as_ref(), report);
    cx.judge(report, None);
    // Of a package that a device would refuse there is a report, and no file.
    let is_good = crate::may_write(report, cx);
    cx.figure(figure(&written, is_good));
    publish(&written, is_good.then_some(output.as_path()), cx, report);
    if is_good {
        written.file.publish().map_err(|error| cx.unwritable(output, &error))?;
        cx.add_artifact(output, &written.sha256, written.size);
    }
    Ok(())
}

/// The package of the last release; the first release has none, which `--missing` lets pass.
fn previous(args: &Package, cx: &Context, report: &mut Report) -> Result<Option<OpenedPackage>, Error> {
    let Some(path) = &args.previous else { return Ok(None) };
    if cx.resolve(path).exists() {
        // A release may take the place of the last one.
        cx.files().allow_replacing(path);
        return read::open(path, cx).map(Some);
    }
    cx.missing_input(&path.display().to_string(), report)?;
    Ok(None)
}

/// What is said of the release before an image is read.
#[derive(Debug)]
struct ReleaseInfo {
    /// As `--version` gives it; without that, the images decide.
    version: Option<String>,
    sequence: Option<u64>,
    notes: Option<String>,
}

impl ReleaseInfo {
    fn new(
        args: &Package,
        plans: &[Plan],
        previous: Option<&OpenedPackage>,
        cx: &Context,
    ) -> Result<Self, Error> {
        if args.package_format == PackageFormat::Seed {
            let unknown = [
                (plans.len() > 1, "firmware of several boards"),
                (args.sequence.is_some(), "sequence"),
                (args.minimum_secure_version.is_some(), "minimum-secure-version"),
                (!args.from.is_empty(), "from"),
                (args.compress != crate::args::Compress::None, "compress"),
            ];
            if let Some((_, name)) = unknown.into_iter().find(|(given, _)| *given) {
                return Err(Error::usage(format!("--package-format seed has no place for {name}"))
                    .hint("use --package-format lw, which has"));
            }
        }
        let known = previous.and_then(|previous| previous.manifest.sequence);
        let sequence = match (args.sequence, known, args.package_format) {
            (Some(given), _, _) => Some(given),
            (None, Some(known), PackageFormat::Lw) => Some(known.checked_add(1).ok_or_else(|| {
                Error::input(format!(
                    "the sequence number of the previous package, {known}, is the highest there is"
                ))
            })?),
            // A device refuses a number that is not above its own, so the first release has one as well.
            (None, None, PackageFormat::Lw) => Some(1),
            (None, _, PackageFormat::Seed) => None,
        };
        let version = args.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
        Ok(Self {
            version: version.map(str::to_owned),
            sequence,
            notes: args.release_notes.as_deref().map(|text| notes(text, cx)).transpose()?,
        })
    }
}

/// The text itself, or that of the file it names.
fn notes(text: &str, cx: &Context) -> Result<String, Error> {
    let path = Path::new(text);
    // A text of several lines or paragraphs is no file's name.
    if text.contains('\n') || text.len() > 1024 || !cx.resolve(path).is_file() {
        return Ok(text.to_owned());
    }
    let bytes = cx.open(path)?;
    if bytes.len() as u64 > MAX_NOTES {
        return Err(Error::input(format!("{text}: more than 1 MiB of release notes")));
    }
    String::from_utf8(bytes.to_vec())
        .map(|notes| notes.trim_end().to_owned())
        .map_err(|error| Error::input(format!("byte {}: no UTF-8", error.utf8_error().valid_up_to())))
        .context(text.to_owned())
}

/// A package that is complete but for its name.
#[derive(Debug)]
pub(crate) struct WrittenPackage {
    file: lw_cli::PendingFile,
    manifest: Manifest,
    /// The images, in the order of the boards.
    images: Vec<Checked>,
    size: u64,
    sha256: [u8; 32],
    deltas: Vec<deltas::ComparedPatch>,
}

/// What a manifest says of an image.
pub(crate) fn describe(board: &str, checked: &Checked) -> Image {
    let mut image = Image::new(board, crate::explain::image_kind(&checked.image));
    let id = checked.image.chip().map(|chip| u32::from(chip.0));
    image.chip = checked.chip_name().map(|name| Chip { name, id });
    image.validation_sha256 = checked.image.validation_sha256().map(Digest);
    match &checked.image {
        Scanned::Uf2(uf2) => {
            let mut families: Vec<u32> = uf2.parts.iter().filter_map(|part| Some(part.family?.0)).collect();
            sort(&mut families);
            image.families = families.into_iter().map(|family| format!("{family:#010x}")).collect();
        }
        Scanned::Mcuboot(mcuboot) => {
            image.vendor_id = mcuboot.uuid(TlvKind::UUID_VID).map(uuid);
            image.class_id = mcuboot.uuid(TlvKind::UUID_CID).map(uuid);
        }
        _ => {}
    }
    if let Scanned::Esp(esp) = &checked.image {
        image.revisions = esp.header.extended.as_ref().map(|extended| Revisions {
            min: extended.min_revision,
            max: Some(extended.max_revision).filter(|max| !matches!(max, &(0 | u16::MAX))),
        });
    }
    image.version = match policy::inside(&checked.image) {
        Inside::Version(version) => Some(version),
        Inside::Unknown(_) => None,
    };
    image.project = checked.image.project().filter(|project| !project.is_empty()).map(str::to_owned);
    image.secure_version = checked.image.secure_version();
    image
}

/// A UUID as it is written (RFC 9562, section 4).
fn uuid(bytes: [u8; 16]) -> String {
    let digits = base16ct::lower::encode_string(&bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A bootloader is no application, whatever else is right with it.
pub(crate) fn refuse_bootloader(checked: &Checked) -> Result<(), Error> {
    let Scanned::Esp(image) = &checked.image else { return Ok(()) };
    if image.role() == Role::Bootloader {
        return Err(Error::input("it is a bootloader, which a device does not take as an application")
            .hint("give the application's .bin; --kind binary packages any file as it is")
            .context(checked.name.clone()));
    }
    Ok(())
}

/// Holds everything to the policy.
fn judge(
    args: &Package,
    plans: &[Plan],
    written: &WrittenPackage,
    previous: Option<&OpenedPackage>,
    mut given: slots::Given<'_>,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    let manifest = &written.manifest;
    if let Some(previous) = previous {
        policy::check_against_previous(
            Release::of(manifest),
            Release::of(&previous.manifest),
            args.allow_downgrade,
            report,
        );
        changes::missing_boards(&previous.manifest, manifest, report);
        changes::check_identity(&previous.manifest, manifest, report);
    }
    policy::check_minimum_version(&manifest.version, manifest.minimum_version.as_deref(), report);
    let before = previous.map(Protection::of_package).unwrap_or_default();
    for (plan, checked) in plans.iter().zip(&written.images) {
        let subject = plan.subject(plans);
        checked.remarks(subject, report);
        if let Some(before) = before.get(&plan.board) {
            before.check_kept(Protection::of(checked), &plan.board, report);
        }
        if plan.chip.is_none() {
            kept::check_board_name(checked, &plan.board, report);
        }
        policy::check_version(&manifest.version, checked, args.allow_version_mismatch, subject, report);
        if let Some(chip) = plan.chip {
            checked.check_chip(chip, subject, report);
        }
        // With expect-key, an image without a signature is found already.
        if args.require_signature && args.trust.expect_key.is_empty() {
            checked.check_signed(Level::Error, subject, report);
        }
        let old = previous.and_then(|previous| previous.secure_version(&plan.board));
        let new = checked.image.secure_version();
        policy::check_secure_version(&checked.name, new, old, args.minimum_secure_version, subject, report);
        given.check(checked, plan.partitions.is_some(), subject, report)?;
        if let Some(path) = &plan.partitions {
            let table = slots::read_table(path, checked.image.chip(), &args.slots, cx)?;
            let (load, at) = (checked.load(args.slots.signature_scheme), cx.display_path(path));
            slots::fit(&table, load, &at, &args.slots, subject, report)?;
            slots::check_flash_size(&table, checked, &at, subject, report);
            kept::check_bootloader_place(&table, checked.image.chip(), &at, report);
        }
    }
    given.finish()?;
    slots::limits(&args.slots.min_free, cx, report)
}

/// Facts, measures and tables of what was made.
fn show(written: &WrittenPackage, previous: Option<&OpenedPackage>, report: &mut Report) {
    let manifest = &written.manifest;
    let mut fact = |name: &str, value: String| {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    };
    fact("version", manifest.version.clone());
    if let Some(sequence) = manifest.sequence {
        fact("sequence", sequence.to_string());
    }
    let mut size = Measure::bytes("ota.package.bytes", written.size);
    size.baseline = previous.map(|previous| Number::from(previous.size));
    report.measures.push(size);
    for image in &manifest.images {
        let mut size = Measure::bytes("ota.image.bytes", image.size);
        size.baseline = previous
            .and_then(|previous| previous.manifest.image(&image.board))
            .map(|image| Number::from(image.size));
        size.subject = (manifest.images.len() > 1).then(|| image.board.clone());
        report.measures.push(size);
    }
    report.tables.push(images_table(manifest));
    report.tables.extend(deltas::table(&written.deltas));
    if let Some(previous) = previous {
        report.tables.extend(changes::tables(&previous.manifest, manifest, "since the previous package"));
    }
}

/// One row for each image of a package.
pub(crate) fn images_table(manifest: &Manifest) -> Table {
    let mut table = Table::new(
        "images",
        "Images",
        &[
            ("Board", Align::Left),
            ("Kind", Align::Left),
            ("Chip", Align::Left),
            ("Version", Align::Left),
            ("Size", Align::Right),
            ("Stored", Align::Right),
            ("SHA-256", Align::Left),
        ],
    );
    for image in &manifest.images {
        table.rows.push(vec![
            Cell::Code(image.board.clone()),
            Cell::Text(image.kind.as_str().into()),
            image.chip.as_ref().map_or(Cell::Empty, |chip| Cell::Text(chip.name.clone())),
            image.version.as_ref().map_or(Cell::Empty, |version| Cell::Code(version.clone())),
            Cell::Bytes(i64::try_from(image.size).unwrap_or(i64::MAX)),
            match image.encoding {
                Some(encoding) => Cell::Bytes(i64::try_from(encoding.size).unwrap_or(i64::MAX)),
                None => Cell::Empty,
            },
            Cell::Code(image.sha256.hex().chars().take(16).collect()),
        ]);
    }
    if manifest.images.iter().all(|image| image.encoding.is_none()) {
        table.columns.remove(5);
        table.rows.iter_mut().for_each(|row| drop(row.remove(5)));
    }
    table
}

fn figure(written: &WrittenPackage, is_good: bool) -> String {
    if !is_good {
        return "no package was written".to_owned();
    }
    let manifest = &written.manifest;
    let boards: Vec<&str> = manifest.images.iter().map(|image| image.board.as_str()).collect();
    let whom = match boards.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("{} boards", many.len()),
    };
    let mut text = format!("{} for {whom}, {}", manifest.version, lw_model::ByteSize(written.size));
    let deltas: usize = manifest.images.iter().map(|image| image.deltas.len()).sum();
    if deltas > 0 {
        text.push_str(&format!(", {deltas} delta{}", if deltas == 1 { "" } else { "s" }));
    }
    text
}

fn publish(written: &WrittenPackage, output: Option<&Path>, cx: &mut Context, report: &Report) {
    let manifest = &written.manifest;
    if let Some(output) = output {
        cx.output("path", cx.display_path(output));
        cx.output("sha256", base16ct::lower::encode_string(&written.sha256));
        cx.output("size", written.size.to_string());
    }
    crate::publish_manifest(manifest, cx);
    crate::publish_free(report, cx);
}
