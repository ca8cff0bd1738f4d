//! Making the patch from one image to another, and deciding whether it is worth shipping.
//!
//! A patch that is no smaller than the compressed image costs a device more and gains nothing: between builds of
//! different SDKs that is the rule, not the exception. So both are made, and the smaller is shipped.

use std::io::Cursor;
use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_delta::Encoding;
use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_firmware::image::Image;
use lw_model::{Align, ByteSize, Cell, Class, Diagnose, Finding, Level, Measure, Report, Table};
use lw_package::{Base, Digest, Expected, Sha256, lw};

use crate::args::{DeltaArgs, DeltaFormat, Kind};
use crate::policy::{self, Inside};
use crate::scan::{self, Checked};

/// A patch, and how it compares.
#[derive(Debug)]
pub(crate) struct Made {
    /// The board, in a package.
    pub(crate) board: Option<String>,
    /// The base's file, as reports name it.
    pub(crate) base_name: String,
    /// What it is applied to.
    pub(crate) base: Base,
    /// Its format.
    pub(crate) format: DeltaFormat,
    /// The patch.
    pub(crate) patch: Vec<u8>,
    /// Bytes of the image it leads to.
    pub(crate) target: u64,
    /// Bytes of that image when it is compressed.
    pub(crate) compressed: u64,
    /// Whether it is worth it, or asked for all the same.
    pub(crate) shipped: bool,
}

/// A patch that does not make what it is made for: a defect of ours, found before anybody meets it.
#[derive(Debug)]
struct Defect(String);

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Defect {}

impl Diagnose for Defect {
    fn class(&self) -> Class {
        Class::Internal
    }
}

impl DeltaFormat {
    /// Its name in a manifest.
    pub(crate) fn in_manifest(self) -> lw_package::DeltaFormat {
        match self {
            Self::EspDelta => lw_package::DeltaFormat::EspDelta,
            Self::Detools => lw_package::DeltaFormat::DetoolsHeatshrink,
            Self::Bsdiff40 => lw_package::DeltaFormat::Bsdiff40,
        }
    }
}

/// An image in memory, which a patch needs.
pub(crate) struct Whole {
    /// Its bytes.
    pub(crate) bytes: lw_cli::Bytes,
    /// What is known of it.
    pub(crate) checked: Checked,
}

impl Whole {
    /// Opens an image and checks it.
    ///
    /// # Errors
    /// When it cannot be read, or is none a device would take.
    pub(crate) fn open(path: &Path, kind: Kind, cx: &Context) -> Result<Self, Error> {
        let checked = scan::scan(path, kind, cx)?;
        let bytes = cx.open(path)?;
        // The patch must be of the bytes that were checked.
        if Sha256::of(&bytes).0 != checked.digests.sha256 {
            return Err(Error::input("it changed while it was read")
                .hint("let its build end first")
                .context(path.display().to_string()));
        }
        Ok(Self { bytes, checked })
    }
}

/// Makes the patch from one image to another and checks it by applying it.
///
/// `compressed` is the size of the compressed target.
///
/// # Errors
/// When the base cannot be one of the format, or an image is too large for patches.
pub(crate) fn make(
    base: &Whole,
    target: &Whole,
    compressed: u64,
    args: &DeltaArgs,
    cx: &Context,
) -> Result<Made, Error> {
    let name = &base.checked.name;
    cx.progress(&format!("making the delta from {name}"));
    let format = args.delta_format.unwrap_or_else(|| usual(base, target));
    let encoding = encoding(format, &base.checked).context(name.clone())?;
    let patch = lw_delta::create(&base.bytes, &target.bytes, &encoding).context(name.clone())?;
    let mut made = Vec::new();
    lw_delta::apply(&patch, &base.bytes, target.bytes.len() as u64, &mut made)
        .map_err(|error| Defect(format!("the patch from {name} cannot be applied: {error}")))?;
    if made != *target.bytes {
        return Err(Defect(format!("the patch from {name} makes something else")).into());
    }
    let version = match policy::inside(&base.checked.image) {
        Inside::Version(version) => Some(version),
        Inside::Unknown(_) => None,
    };
    let is_worth_it = (patch.len() as u64) < compressed;
    Ok(Made {
        board: None,
        base_name: name.clone(),
        base: Base { sha256: Digest(base.checked.digests.sha256), size: base.checked.digests.size, version },
        format,
        patch,
        target: target.checked.digests.size,
        compressed,
        shipped: is_worth_it || args.allow_large_delta,
    })
}

/// What ESP-IDF's component takes, where it can; else what it is made of.
fn usual(base: &Whole, target: &Whole) -> DeltaFormat {
    match (&base.checked.image, &target.checked.image) {
        (Image::Esp(base), Image::Esp(_)) if base.digest.is_some() => DeltaFormat::EspDelta,
        _ => DeltaFormat::Detools,
    }
}

fn encoding(format: DeltaFormat, base: &Checked) -> Result<Encoding, Error> {
    Ok(match format {
        DeltaFormat::Bsdiff40 => Encoding::Bsdiff40,
        DeltaFormat::Detools => Encoding::Detools(Compression::Heatshrink(Parameters::default())),
        DeltaFormat::EspDelta => {
            let digest = match &base.image {
                Image::Esp(image) => image.digest,
                _ => None,
            };
            let digest = digest.ok_or_else(|| {
                Error::input("esp_delta_ota names the base by the SHA-256 appended to it, and there is none")
                    .hint("give an ESP image with an appended SHA-256, or --delta-format detools")
            })?;
            Encoding::esp_delta(digest.stored)
        }
    })
}

/// How large an image is when a package compresses it.
///
/// # Errors
/// When it cannot be compressed.
pub(crate) fn compressed_size(image: &[u8]) -> Result<u64, Error> {
    let mut writer = lw::Writer::new(Cursor::new(Vec::new()), 0)?;
    let mut member = writer.image("image", lw::Compression::Zstd)?;
    member.copy(image)?;
    let stored = member.finish(Expected::default())?;
    Ok(stored.encoding.map_or(stored.size, |encoding| encoding.size))
}

/// Findings and measures of the patches of a run.
pub(crate) fn remarks(all: &[Made], subject: impl Fn(&Made) -> Option<String>, report: &mut Report) {
    for made in all {
        let size = made.patch.len() as u64;
        let base: String = made.base.sha256.hex().chars().take(16).collect();
        let mut measure = Measure::bytes(format!("ota.delta.{base}.bytes"), size).out_of(made.compressed);
        measure.subject = subject(made);
        report.measures.push(measure);
        if size < made.compressed {
            continue;
        }
        let message = format!(
            "the delta from {} is not worth it: {}, and the compressed image has {}",
            made.base_name,
            ByteSize(size),
            ByteSize(made.compressed)
        );
        let (level, help) = if made.shipped {
            (Level::Note, "it is shipped because allow-large-delta says so")
        } else {
            (
                Level::Warning,
                "it is left out: devices take the whole image; builds of one SDK version give small deltas",
            )
        };
        let mut finding = Finding::new("ota-package/delta-not-worth-it", level, &base, message).help(help);
        finding.subject = subject(made);
        report.find(finding);
    }
}

/// One row for each patch.
pub(crate) fn table(all: &[Made]) -> Option<Table> {
    let mut table = Table::new(
        "deltas",
        "Deltas",
        &[
            ("Board", Align::Left),
            ("From", Align::Left),
            ("Version", Align::Left),
            ("Format", Align::Left),
            ("Patch", Align::Right),
            ("Of the image", Align::Left),
            ("Compressed image", Align::Right),
            ("", Align::Left),
        ],
    );
    let cell = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for made in all {
        let size = made.patch.len() as u64;
        table.rows.push(vec![
            made.board.clone().map_or(Cell::Empty, Cell::Code),
            Cell::Code(made.base_name.clone()),
            made.base.version.clone().map_or(Cell::Empty, Cell::Code),
            Cell::Text(made.format.in_manifest().as_str().into()),
            Cell::Bytes(cell(size)),
            Cell::Bar { used: cell(size), total: cell(made.target) },
            Cell::Bytes(cell(made.compressed)),
            Cell::Text(if made.shipped { "shipped" } else { "left out" }.into()),
        ]);
    }
    if all.iter().all(|made| made.board.is_none()) {
        table.columns.remove(0);
        table.rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    (!table.rows.is_empty()).then_some(table)
}
