//! `delta`: the patch from one image to another, when it is worth it.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_firmware::image::Image;
use lw_model::{ByteSize, Fact, Report};
use lw_package::Sha256;

use crate::args::Delta;
use crate::deltas::{self, Made, Whole};
use crate::{boards, policy, scan};

/// Makes a patch.
///
/// # Errors
/// When an image cannot be read or is broken, the base cannot be one of the format, or the patch cannot be written.
pub(crate) fn run(args: &Delta, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (Some(from), Some(to), Some(output)) = (&args.from, &args.to, &args.output) else {
        return Err(Error::usage("--from, --to and --output are needed")
            .hint("ota-package delta --from 1.0.0.bin --to 1.1.0.bin --output 1.0.0-1.1.0.patch"));
    };
    let base = Whole::open(Path::new(from), args.kind.kind, cx)?;
    let target = Whole::open(to, args.kind.kind, cx)?;
    let chip = args.kind.chip.first().map(|chip| boards::chip_named(chip)).transpose()?;
    for whole in [&base, &target] {
        whole.checked.remarks(None, report);
        if let Some(chip) = chip {
            whole.checked.hold_to_chip(chip, None, report);
        }
    }
    hold_together(&base, &target, report);
    let make = || Ok(vec![deltas::make(&base, &target, &args.delta, cx)?]);
    let mut made = deltas::decided(&target, None, &args.delta, make)?;
    deltas::remarks(&made, |_| None, report);
    report.tables.extend(deltas::table(&made));
    let Some(Made { patch, compressed, shipped, .. }) = made.pop() else { return Ok(()) };
    let target_sha256 = scan::hex(&target.checked.digests.sha256);
    for (name, value) in [
        ("base", format!("{} {}", patch.base_name, patch.base.sha256)),
        ("target", format!("{} {target_sha256}", target.checked.name)),
        ("format", patch.format.in_manifest().as_str().to_owned()),
    ] {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    let is_good = crate::may_write(report, cx);
    let size = patch.bytes.len() as u64;
    let compared = format!("{} instead of {}", ByteSize(size), ByteSize(compressed));
    cx.figure(match (is_good, shipped) {
        (false, _) => "no patch was written".to_owned(),
        (true, true) => format!("patch of {compared} for the compressed image"),
        (true, false) => {
            format!("no patch was written, it is not worth it: {compared} for the compressed image")
        }
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

/// A device that runs the base must be able to run the target.
fn hold_together(base: &Whole, target: &Whole, report: &mut Report) {
    let (base, target) = (&base.checked, &target.checked);
    if let (Image::Esp(from), Image::Esp(_)) = (&base.image, &target.image)
        && let Some(chip) = from.chip_name()
    {
        target.hold_to_chip(chip, None, report);
    }
    let (new, old) = (target.image.secure_version(), base.image.secure_version());
    policy::hold_secure_version(&target.name, new, old, None, None, report);
}
