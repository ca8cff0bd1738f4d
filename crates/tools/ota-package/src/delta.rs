//! `delta`: the patch from one image to another, when it is worth it.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_model::{ByteSize, Fact, Finding, Level, Report};
use lw_package::Sha256;

use crate::args::Delta;
use crate::deltas::{self, ComparedPatch, LoadedImage};
use crate::{boards, kept};

/// Makes a patch.
///
/// # Errors
/// When an image cannot be read or is broken, the base cannot be one of the format, or the patch cannot be written.
pub(crate) fn run(args: &Delta, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (Some(from), Some(to), Some(output)) = (&args.from, &args.to, &args.output) else {
        return Err(Error::usage("--from, --to and --output are needed")
            .hint("ota-package delta --from 1.0.0.bin --to 1.1.0.bin --output 1.0.0-1.1.0.patch"));
    };
    let base = LoadedImage::open(Path::new(from), args.kind.kind, cx)?;
    let target = LoadedImage::open(to, args.kind.kind, cx)?;
    let chip = args.kind.chip.first().map(|chip| boards::chip_named(chip)).transpose()?;
    for whole in [&base, &target] {
        whole.checked.remarks(None, report);
        if let Some(chip) = chip {
            whole.checked.check_chip(chip, None, report);
        }
    }
    kept::check_pair(&base.checked, &target.checked, None, report);
    if base.checked.digests.sha256 == target.checked.digests.sha256 {
        let message = format!("{} and {} are the same image", base.checked.name, target.checked.name);
        report.add_finding(
            Finding::new("ota-package/same-base", Level::Warning, &base.checked.name, message).help(
                "a device that runs it needs no update; name the image of the last release with --from",
            ),
        );
    }
    let patches = vec![deltas::make(&base, &target, &args.delta, cx)?];
    let mut made = deltas::decide(patches, &target, None, &args.delta);
    deltas::remarks(&made, |_| None, report);
    report.tables.extend(deltas::table(&made));
    let Some(compared) = made.pop() else { return Ok(()) };
    let alternative = compared.alternative();
    let ComparedPatch { patch, instead, shipped, .. } = compared;
    let target_sha256 = base16ct::lower::encode_string(&target.checked.digests.sha256);
    for (name, value) in [
        ("base", format!("{} {}", patch.base_name, patch.base.sha256)),
        ("target", format!("{} {target_sha256}", target.checked.name)),
        ("format", patch.format.in_manifest().as_str().to_owned()),
    ] {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    let is_good = crate::may_write(report, cx);
    let size = patch.bytes.len() as u64;
    let compared = format!("{} instead of {}", ByteSize(size), ByteSize(instead));
    cx.figure(match (is_good, shipped) {
        (false, _) => "no patch was written".to_owned(),
        (true, true) => format!("patch of {compared} for {alternative}"),
        (true, false) => format!("no patch was written, it is not worth it: {compared} for {alternative}"),
    });
    cx.output("target-sha256", target_sha256);
    cx.output("version", target.checked.image.version().unwrap_or_default());
    let is_written = is_good && shipped;
    cx.output("deltas", usize::from(is_written).to_string());
    if is_written {
        cx.output("path", cx.display_path(output));
        cx.output("sha256", Sha256::of(&patch.bytes).hex());
        cx.output("size", size.to_string());
        cx.write(output, |out| out.write_all(&patch.bytes))?;
    }
    Ok(())
}
