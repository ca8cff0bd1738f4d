//! `apply`: makes an image from an older one and a patch, and checks that it is the right one.
//!
//! No format of patches says what it makes, so a damaged patch can give a damaged image without any error (detools,
//! bspatch and esp_delta_ota all accept it). What has to come out is therefore said by the caller, or by the package the
//! patch is from.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use lw_cli::{Context, Error, PendingFile, ResultExt};
use lw_delta::{Format, Problem, esp};
use lw_firmware::image::{Image, Options, Scanner};
use lw_model::{ByteSize, Fact, Finding, Level, Report};
use lw_package::{Delta, Digest, Manifest, Sha256};

use crate::args::{Apply, Kind};
use crate::{explain, read, scan};

/// A target may be this many times as large as its base where nothing says its size; and this many bytes at least.
const GROWTH: u64 = 16;
const ROOM: u64 = 64 << 20;

/// Applies a patch.
///
/// # Errors
/// When an input cannot be read, the patch is not of this base, or something else comes out.
pub(crate) fn run(args: &Apply, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (Some(from), Some(patch_path), Some(output)) = (&args.from, &args.patch, &args.output) else {
        return Err(Error::usage("--from, --patch and --output are needed")
            .hint("ota-package apply --from 1.0.0.bin --patch 1.0.0-1.1.0.patch --output 1.1.0.bin --manifest app.ota"));
    };
    let from = Path::new(from);
    let (base, patch) = (cx.open(from)?, cx.open(patch_path)?);
    let base_sha256 = Sha256::of(&base);
    let wanted = Expected::of(args, Sha256::of(&patch), cx)?;
    if let Some(expected) = wanted.base
        && expected != base_sha256
    {
        return Err(Error::input(format!(
            "{}: its SHA-256 is {base_sha256}, the patch is for the base {expected}",
            from.display()
        ))
        .hint("use the image the patch was made from"));
    }
    let format = Format::detect(&patch).context(patch_path.display().to_string())?;
    if format == Format::EspDelta {
        check_header(&patch, patch_path, from, cx)?;
    }

    let limit = wanted.size.unwrap_or_else(|| (base.len() as u64).saturating_mul(GROWTH).max(ROOM));
    let mut target = Target {
        file: BufWriter::with_capacity(1 << 17, cx.create(output)?),
        scanner: Scanner::new(Options::default()),
    };
    lw_delta::apply(&patch, &base, limit, &mut target).map_err(|error| match error {
        lw_delta::ApplyError::Write(error) => cx.unwritable(output, &error),
        lw_delta::ApplyError::Patch(error) => {
            let is_guessed = wanted.size.is_none() && matches!(error.problem, Problem::TargetTooLarge { .. });
            let error = Error::from(error).context(patch_path.display().to_string());
            if is_guessed {
                error.hint("give --manifest with the package of the patch, which says how large the image is")
            } else {
                error
            }
        }
    })?;
    let Target { file, scanner } = target;
    let scanned = scanner.finish();
    let (sha256, size) = (Digest(scanned.digests.sha256), scanned.digests.size);
    if let Some(expected) = wanted.target
        && expected != sha256
    {
        return Err(Error::input(format!(
            "{}: what the patch makes has the SHA-256 {sha256}, expected is {expected}; nothing was written",
            patch_path.display()
        ))
        .hint("the patch or the base is damaged, or the patch leads to another image: fetch both again"));
    }

    let checked = scan::check(scanned, cx.display_path(output));
    if let Ok(checked) = &checked {
        let version = checked.image.version().unwrap_or_default();
        report.facts.push(Fact {
            name: "result".into(),
            subject: None,
            value: format!("{} {version}", explain::kind_name(&checked.image)).trim_end().to_owned(),
        });
        cx.output("version", version);
    }
    if wanted.target.is_none() {
        unverified(&checked, from, cx, report)?;
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error);
    file.and_then(PendingFile::publish).map_err(|error| cx.unwritable(output, &error))?;
    cx.add_artifact(output, &sha256.0, size);
    for (name, value) in [("format", format.to_string()), ("sha256", sha256.hex())] {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    cx.figure(match wanted.target {
        Some(_) => format!("{} written, {}: it is what it has to be", output.display(), ByteSize(size)),
        None => format!("{} written, {}: nothing says whether it is right", output.display(), ByteSize(size)),
    });
    cx.output("path", cx.display_path(output));
    cx.output("sha256", sha256.hex());
    cx.output("target-sha256", sha256.hex());
    cx.output("size", size.to_string());
    Ok(())
}

/// What has to come out, and what has to go in.
#[derive(Debug, Default)]
struct Expected {
    base: Option<Sha256>,
    target: Option<Sha256>,
    size: Option<u64>,
}

impl Expected {
    fn of(args: &Apply, patch: Sha256, cx: &Context) -> Result<Self, Error> {
        let mut wanted = Self::default();
        if let Some(path) = &args.manifest {
            let manifest = manifest(path, cx)?;
            let (delta, size) = find(&manifest, patch).ok_or_else(|| {
                Error::input(format!("{}: it has no patch of the SHA-256 {patch}", path.display()))
                    .hint("give the package the patch is from")
            })?;
            wanted =
                Self { base: Some(delta.base.sha256), target: Some(delta.target_sha256), size: Some(size) };
        }
        if let Some(text) = &args.target_sha256 {
            let target: Sha256 = text.trim().parse().map_err(|error| {
                Error::usage(format!("--target-sha256: {error}")).hint("write 64 hexadecimal digits")
            })?;
            if wanted.target.is_some_and(|other| other != target) {
                return Err(
                    Error::usage("--target-sha256 is not what the manifest says").hint("give one of both")
                );
            }
            wanted.target = Some(target);
        }
        if wanted.target.is_none() && !args.allow_unverified {
            return Err(Error::usage("nothing says what has to come out: a patch itself does not").hint(
                "give --manifest PACKAGE or --target-sha256 HEX; --allow-unverified takes whatever comes out",
            ));
        }
        Ok(wanted)
    }
}

/// The manifest of a package, or a manifest as a file of its own.
fn manifest(path: &Path, cx: &Context) -> Result<Manifest, Error> {
    if read::format_of(path, cx)? == Some(lw_package::Kind::Lw) {
        return Ok(read::open(path, cx)?.manifest);
    }
    let mut json = Vec::new();
    cx.stream(path)?
        .take(lw_package::manifest::MAX_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| cx.unreadable(path, &error))?;
    Ok(Manifest::parse(&json).context(path.display().to_string())?.manifest)
}

fn find(manifest: &Manifest, patch: Sha256) -> Option<(&Delta, u64)> {
    let all = manifest.images.iter().flat_map(|image| image.deltas.iter().map(|delta| (delta, image.size)));
    all.into_iter().find(|(delta, _)| delta.sha256 == patch)
}

/// The header of esp_delta_ota names the base by the hash appended to it.
fn check_header(patch: &[u8], patch_path: &Path, from: &Path, cx: &Context) -> Result<(), Error> {
    let header = esp::Header::read(patch).context(patch_path.display().to_string())?;
    let base = scan::scan(from, Kind::EspApp, cx)?;
    let hash = base.image.validation_sha256().ok_or_else(|| {
        Error::input(format!(
            "{}: it has no appended SHA-256, by which the patch names its base",
            from.display()
        ))
        .hint("use the image the patch was made from")
    })?;
    header.check(&hash).context(from.display().to_string())
}

/// Nobody said what has to come out; from a sound ESP image comes one at least.
fn unverified(
    checked: &Result<scan::Checked, Error>,
    from: &Path,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    let is_esp = scan::scan(from, Kind::Auto, cx).is_ok_and(|base| matches!(base.image, Image::Esp(_)));
    if let (true, Err(error)) = (is_esp, checked) {
        return Err(Error::input(format!("what the patch makes is no sound image: {}", error.message()))
            .hint("the patch is damaged, or was made from another base"));
    }
    report.add_finding(
        Finding::new(
            "ota-package/unverified",
            Level::Warning,
            "apply",
            "nothing says what the patch has to make: the result was not verified",
        )
        .help("give --manifest or --target-sha256"),
    );
    Ok(())
}

/// Writes what comes out and looks at it, digest included.
struct Target {
    file: BufWriter<PendingFile>,
    scanner: Scanner,
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.scanner.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
