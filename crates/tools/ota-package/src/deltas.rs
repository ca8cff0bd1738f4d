//! Making the patch from one image to another, and deciding whether it is worth shipping.
//!
//! A patch that is no smaller than what a device would load without it costs more and gains nothing: between builds of
//! different SDKs that happens often. What it would load is the image as it is stored: as it is flashed, unless the package
//! is made with `--compress zstd`.

use std::io::{self, Write};
use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_delta::{CreateError, Encoding};
use lw_firmware::image::Image;
use lw_model::{Align, ByteSize, Cell, Class, Diagnose, Finding, Level, Measure, Report, Table};
use lw_package::{Base, Digest};

use crate::args::{DeltaArgs, DeltaFormat, Kind};
use crate::policy::{self, Inside};
use crate::scan::{self, Checked};

/// A patch.
#[derive(Debug)]
pub(crate) struct Patch {
    /// The board, in a package.
    pub(crate) board: Option<String>,
    /// The base's file, as reports name it.
    pub(crate) base_name: String,
    /// What it is applied to.
    pub(crate) base: Base,
    /// Its format.
    pub(crate) format: DeltaFormat,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Patch {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A patch, and how it compares.
#[derive(Debug)]
pub(crate) struct ComparedPatch {
    /// The patch.
    pub(crate) patch: Patch,
    /// Bytes of the image it leads to.
    pub(crate) target: u64,
    /// Bytes a device loads without the patch: the image as it is flashed, or as the package stores it.
    pub(crate) instead: u64,
    /// Whether that is the image as it is flashed.
    pub(crate) is_plain: bool,
    /// Whether it is worth it, or asked for all the same.
    pub(crate) shipped: bool,
}

impl ComparedPatch {
    /// What a device loads without the patch, for people.
    pub(crate) fn alternative(&self) -> &'static str {
        if self.is_plain { "the image" } else { "the compressed image" }
    }
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
pub(crate) struct LoadedImage {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What is known of it.
    pub(crate) checked: Checked,
}

impl LoadedImage {
    /// Opens an image and checks it.
    ///
    /// # Errors
    /// When it cannot be read, or a device would not take it.
    pub(crate) fn open(path: &Path, kind: Kind, cx: &Context) -> Result<Self, Error> {
        let file = cx.stream(path)?;
        let size = file.size();
        if size > lw_delta::MAX_INPUT {
            let error = CreateError::TooLarge { input: "image", size };
            return Err(Error::from(error).context(path.display().to_string()));
        }
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
            .map_err(|error| cx.unreadable(path, &io::Error::new(io::ErrorKind::OutOfMemory, error)))?;
        // Copied, since the patch must be of the bytes that were checked: a mapped file may change.
        let checked = scan::copy(file, path, kind, cx, &mut bytes, Error::remote)?;
        Ok(Self { bytes, checked })
    }
}

/// Decides which patches to a target are worth it.
///
/// `stored` is the size of the target in its package where it is compressed there.
pub(crate) fn decide(
    patches: Vec<Patch>,
    target: &LoadedImage,
    stored: Option<u64>,
    args: &DeltaArgs,
) -> Vec<ComparedPatch> {
    let size = target.checked.digests.size;
    let instead = stored.unwrap_or(size);
    let compare = |patch: Patch| {
        let shipped = patch.size() < instead || args.allow_large_delta;
        ComparedPatch { patch, target: size, instead, is_plain: stored.is_none(), shipped }
    };
    patches.into_iter().map(compare).collect()
}

/// Makes the patch from one image to another and checks it by applying it.
///
/// # Errors
/// When the base cannot be one of the format, or an image is too large for patches.
pub(crate) fn make(
    base: &LoadedImage,
    target: &LoadedImage,
    args: &DeltaArgs,
    cx: &Context,
) -> Result<Patch, Error> {
    let name = &base.checked.name;
    let progress = cx.progress("Making the delta", None);
    progress.say(format!("from {name}"));
    let format = args.delta_format.unwrap_or_else(|| usual(base, target));
    let encoding = encoding(format, &base.checked).context(name.clone())?;
    let patch = lw_delta::create(&base.bytes, &target.bytes, &encoding).context(name.clone())?;
    let mut expected = Expected(&target.bytes);
    lw_delta::apply(&patch, &base.bytes, target.bytes.len() as u64, &mut expected).map_err(|error| {
        Defect(format!("the patch from {name} does not make {}: {error}", target.checked.name))
    })?;
    if !expected.0.is_empty() {
        return Err(Defect(format!(
            "the patch from {name} makes only the beginning of {}",
            target.checked.name
        ))
        .into());
    }
    let version = match policy::inside(&base.checked.image) {
        Inside::Version(version) => Some(version),
        Inside::Unknown(_) => None,
    };
    Ok(Patch {
        board: None,
        base_name: name.clone(),
        base: Base { sha256: Digest(base.checked.digests.sha256), size: base.checked.digests.size, version },
        format,
        bytes: patch,
    })
}

/// Takes only the bytes that are expected, and has those that are still to come.
struct Expected<'a>(&'a [u8]);

impl Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or_else(|| io::Error::other("it makes other bytes"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What ESP-IDF's component takes, where it can; else what it is made of.
fn usual(base: &LoadedImage, target: &LoadedImage) -> DeltaFormat {
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

/// Findings and measures of the patches of a run.
pub(crate) fn remarks(
    all: &[ComparedPatch],
    subject: impl Fn(&ComparedPatch) -> Option<String>,
    report: &mut Report,
) {
    for made in all {
        let size = made.patch.size();
        let base: String = made.patch.base.sha256.hex().chars().take(16).collect();
        let mut measure = Measure::bytes(format!("ota.delta.{base}.bytes"), size).out_of(made.instead);
        measure.subject = subject(made);
        report.measures.push(measure);
        if size < made.instead {
            continue;
        }
        let message = format!(
            "the delta from {} is not worth it: {}, and {} has {}",
            made.patch.base_name,
            ByteSize(size),
            made.alternative(),
            ByteSize(made.instead)
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
        report.add_finding(finding);
    }
}

/// One row for each patch.
pub(crate) fn table(all: &[ComparedPatch]) -> Option<Table> {
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
            ("Without it", Align::Right),
            ("", Align::Left),
        ],
    );
    let cell = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for made in all {
        let patch = &made.patch;
        let size = patch.size();
        table.rows.push(vec![
            patch.board.clone().map_or(Cell::Empty, Cell::Code),
            Cell::Code(patch.base_name.clone()),
            patch.base.version.clone().map_or(Cell::Empty, Cell::Code),
            Cell::Text(patch.format.in_manifest().as_str().into()),
            Cell::Bytes(cell(size)),
            Cell::Bar { used: cell(size), total: cell(made.target) },
            Cell::Bytes(cell(made.instead)),
            Cell::Text(if made.shipped { "shipped" } else { "left out" }.into()),
        ]);
    }
    if all.iter().all(|made| made.patch.board.is_none()) {
        table.columns.remove(0);
        table.rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    (!table.rows.is_empty()).then_some(table)
}
