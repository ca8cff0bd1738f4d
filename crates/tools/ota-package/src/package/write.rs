//! Writing a package while its images are read.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use lw_cli::{Context, Error, PendingFile, parallel};
use lw_model::lists::sort_by_key;
use lw_model::{Finding, Level, Report};
use lw_package::{Base, Delta, Digest, Expected, Image, ImageKind, Manifest, Sha256, lw, seed};

use super::{Plan, ReleaseInfo, WrittenPackage, describe, refuse_bootloader};
use crate::args::{Compress, Package};
use crate::deltas::{self, ComparedPatch, LoadedImage, Patch};
use crate::kept;
use crate::policy::{self, Inside};
use crate::scan::{self, Checked};

/// Bytes that are kept for what is not known before the images are read.
const UNKNOWN: usize = 32;

/// Writes an `lw` package.
///
/// # Errors
/// When an image cannot be read or is broken, or the package cannot be written.
pub(super) fn lw(
    args: &Package,
    plans: &[Plan],
    release: ReleaseInfo,
    output: &Path,
    cx: &Context,
    report: &mut Report,
) -> Result<WrittenPackage, Error> {
    let mut manifest = Manifest::new(release.version.clone().unwrap_or_else(|| "x".repeat(UNKNOWN)));
    manifest.sequence = release.sequence;
    manifest.minimum_version.clone_from(&args.minimum_version);
    manifest.minimum_secure_version = args.minimum_secure_version;
    manifest.release_notes = release.notes;
    let mut outline = manifest.clone();
    outline.images = plans.iter().map(outline_of).collect();

    let mut writer =
        lw::Writer::new(cx.create(output)?, lw::room(&outline)).map_err(|error| at(output, error))?;
    let compression = match args.compress {
        Compress::None => lw::Compression::None,
        Compress::Zstd => lw::Compression::Zstd,
    };
    let mut images = Vec::new();
    let progress = cx.progress("Packing images", Some(plans.len() as u64));
    for plan in plans {
        progress.say(plan.path.display().to_string());
        let member = writer.image(&plan.board, compression).map_err(|error| at(output, error))?;
        // The scanner hashes it.
        let mut member = member.hashed_by_caller();
        let unwritable = |error| cx.unwritable(output, &error);
        let file = cx.stream(&plan.path)?;
        let checked = scan::copy(file, &plan.path, args.kind.kind, cx, &mut member, unwritable)?;
        refuse_bootloader(&checked)?;
        let expected =
            Expected { size: Some(checked.digests.size), sha256: Some(Digest(checked.digests.sha256)) };
        let stored = member.finish(expected).map_err(|error| at(output, error))?;
        images.push(PackedImage { checked, compressed: stored.encoding.map(|encoding| encoding.size) });
        progress.advance(1);
    }
    drop(progress);
    if release.version.is_none() {
        manifest.version = agreed(plans, images.iter().map(|packed| &packed.checked))?;
    }
    manifest.images =
        plans.iter().zip(&images).map(|(plan, packed)| describe(&plan.board, &packed.checked)).collect();

    let mut all = Vec::new();
    for ((plan, packed), image) in plans.iter().zip(&images).zip(&mut manifest.images) {
        let made = of_board(args, plan, packed, plan.subject(plans), cx, report)?;
        for ComparedPatch { patch, .. } in made.iter().filter(|made| made.shipped) {
            let format = patch.format.in_manifest();
            let mut member =
                writer.delta(&plan.board, &patch.base, format).map_err(|error| at(output, error))?;
            member.write_all(&patch.bytes).map_err(|error| cx.unwritable(output, &error))?;
            member.finish(Expected::default()).map_err(|error| at(output, error))?;
            image.deltas.push(Delta::new(&plan.board, format, patch.base.clone()));
        }
        all.extend(made);
    }
    let images = images.into_iter().map(|packed| packed.checked).collect();
    let subject = |made: &ComparedPatch| made.patch.board.clone().filter(|_| plans.len() > 1);
    deltas::remarks(&all, subject, report);

    let (file, package) = writer.finish(manifest).map_err(|error| at(output, error))?;
    let sha256 = digest(&file).map_err(|error| cx.unwritable(output, &error))?;
    Ok(WrittenPackage { file, manifest: package.manifest, images, size: package.size, sha256, deltas: all })
}

/// An image that is in the package.
struct PackedImage {
    checked: Checked,
    /// Its size there, where it is compressed.
    compressed: Option<u64>,
}

/// What is known of a board's entry before its image is read, as wide as it can get.
fn outline_of(plan: &Plan) -> Image {
    let mut image = Image::new(&plan.board, ImageKind::IntelHex);
    let base = Base { sha256: Sha256::ZERO, size: 0, version: None };
    let delta = Delta::new(&plan.board, lw_package::DeltaFormat::DetoolsHeatshrink, base);
    image.deltas = vec![delta; plan.from.len()];
    image
}

/// The patches of a board, sorted as a package has them.
fn of_board(
    args: &Package,
    plan: &Plan,
    packed: &PackedImage,
    subject: Option<&str>,
    cx: &Context,
    report: &mut Report,
) -> Result<Vec<ComparedPatch>, Error> {
    if plan.from.is_empty() {
        return Ok(Vec::new());
    }
    let target = LoadedImage::open(&plan.path, args.kind.kind, cx)?;
    if target.checked.digests != packed.checked.digests {
        return Err(Error::input("it changed while it was read")
            .hint("let its build end first")
            .context(plan.path.display().to_string()));
    }
    let mut patches: Vec<Patch> = Vec::new();
    for path in &plan.from {
        let base = LoadedImage::open(path, args.kind.kind, cx)?;
        let sha256 = base.checked.digests.sha256;
        let same = if sha256 == target.checked.digests.sha256 {
            "the image itself"
        } else if patches.iter().any(|patch| patch.base.sha256.0 == sha256) {
            "a base that is named twice"
        } else {
            kept::check_pair(&base.checked, &target.checked, subject, report);
            let patch = deltas::make(&base, &target, &args.delta, cx)?;
            patches.push(Patch { board: Some(plan.board.clone()), ..patch });
            continue;
        };
        let name = &base.checked.name;
        let message = format!("{name} is {same}: no delta is made from it");
        let mut finding = Finding::new("ota-package/same-base", Level::Note, name, message);
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    }
    let mut made = deltas::decide(patches, &target, packed.compressed, &args.delta);
    sort_by_key(&mut made, |made| made.patch.base.sha256);
    Ok(made)
}

/// Writes the JSON package of the reference pipeline.
///
/// # Errors
/// When the image cannot be read or is broken, or the package cannot be written.
pub(super) fn seed(
    args: &Package,
    plans: &[Plan],
    release: ReleaseInfo,
    output: &Path,
    cx: &Context,
) -> Result<WrittenPackage, Error> {
    let [plan] = plans else {
        return Err(
            Error::usage("--package-format seed holds one image").hint("make one package for each board")
        );
    };
    // The version stands before the image, so without --version the image is read twice.
    let version = match release.version {
        Some(version) => version,
        None => agreed(plans, [&scan::scan(&plan.path, args.kind.kind, cx)?])?,
    };
    let file = cx.stream(&plan.path)?;
    let size = file.size();
    let release = seed::Release {
        version: &version,
        board: &plan.board,
        minimum_version: args.minimum_version.as_deref().unwrap_or(seed::MINIMUM_VERSION),
        release_notes: release.notes.as_deref(),
    };
    let writer = seed::Writer::new(cx.create(output)?, &release, size).map_err(|error| at(output, error))?;
    // The scanner computes it.
    let mut writer = writer.hashed_by_caller();
    let unwritable = |error| cx.unwritable(output, &error);
    let checked = scan::copy(file, &plan.path, args.kind.kind, cx, &mut writer, unwritable)?;
    refuse_bootloader(&checked)?;
    let (mut file, written) =
        writer.finish(Some(Digest(checked.digests.sha256))).map_err(|error| at(output, error))?;

    let mut manifest = Manifest::new(written.version);
    // What the format holds, not what the image would let us know.
    manifest.minimum_version = Some(written.minimum_version);
    manifest.release_notes = Some(written.release_notes);
    let mut image = describe(&plan.board, &checked);
    (image.size, image.sha256) = (written.size, written.checksums.sha256);
    manifest.images.push(image);
    let size = file.seek(SeekFrom::End(0)).map_err(unwritable)?;
    let sha256 = digest(&file).map_err(unwritable)?;
    Ok(WrittenPackage { file, manifest, images: vec![checked], size, sha256, deltas: Vec::new() })
}

/// The version all images agree on.
fn agreed<'a>(plans: &[Plan], images: impl IntoIterator<Item = &'a Checked>) -> Result<String, Error> {
    let mut agreed: Option<(String, &Plan)> = None;
    for (plan, checked) in plans.iter().zip(images) {
        let version = match policy::inside(&checked.image) {
            Inside::Version(version) => version,
            Inside::Unknown(why) => {
                return Err(Error::usage(format!("--version is not given, and {}: {why}", checked.name))
                    .hint("say which version it is: --version 1.2.3"));
            }
        };
        match &agreed {
            Some((other, of)) if *other != version => {
                return Err(Error::usage(format!(
                    "--version is not given, and the images disagree: {other} is inside that of {}, {version} inside that of {}",
                    of.board, plan.board
                ))
                .hint("build all boards from one commit, or say which version it is: --version 1.2.3"));
            }
            Some(_) => {}
            None => agreed = Some((version, plan)),
        }
    }
    agreed.map(|(version, _)| version).ok_or_else(|| {
        Error::usage("--version is not given").hint("say which version it is: --version 1.2.3")
    })
}

/// The SHA-256 of a file that was just written, and so is still in the system's cache while it is put on the disk.
fn digest(file: &PendingFile) -> io::Result<[u8; 32]> {
    let hash = || {
        let mut reader = file.reader();
        reader.seek(SeekFrom::Start(0))?;
        scan::sha256_of(&mut reader)
    };
    let (synced, sha256) = parallel::both(|| file.sync(), hash);
    synced?;
    sha256
}

fn at(output: &Path, error: lw_package::WriteError) -> Error {
    Error::from(error).context(output.display().to_string())
}
