//! ota-package: what a device would refuse, CI refuses first.
//!
//! An image is read once ([`scan`]): recognised, checked as a device checks it, hashed and, where a package is made,
//! copied on the way. What can be told of it becomes tables ([`explain`]), its room in flash is judged ([`slots`]), and
//! each command has a module of its own.

mod apply;
mod args;
mod boards;
mod changes;
mod delta;
mod deltas;
mod diff;
mod explain;
mod inspect;
mod kept;
mod measured;
mod package;
mod policy;
mod read;
mod rules;
mod scan;
mod serve;
mod slots;
mod trust;
mod unpack;

use lw_cli::{Context, Error, Output, Tool, same_measure};
use lw_model::{Number, Report, Verdict};
use lw_package::Manifest;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct OtaPackage;

impl Tool for OtaPackage {
    const NAME: &'static str = "ota-package";
    const SUMMARY: &'static str = "Check, package and diff firmware for updates over the air: what a device would refuse, CI refuses first";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "path",
            description: "What was written: the package, the patch, the folder, the image, the JSON",
        },
        Output {
            name: "sha256",
            description: "SHA-256 of the file that was written; of `inspect`, of the image",
        },
        Output {
            name: "size",
            description: "Bytes of the file that was written; of `inspect`, of the image",
        },
        Output {
            name: "version",
            description: "Version of the package; of `inspect`, the one inside the image",
        },
        Output { name: "sequence", description: "Sequence number of the package" },
        Output { name: "boards", description: "Boards of the package, one per line" },
        Output {
            name: "images",
            description: "SHA-256 of each image as it is flashed, as BOARD=SHA256, one per line",
        },
        Output { name: "secure-version", description: "Lowest secure version among the images" },
        Output {
            name: "smallest-ota-free",
            description: "Bytes the image leaves free in the smallest OTA slot; of several boards, the least",
        },
        Output {
            name: "target-sha256",
            description: "Of `delta` and `apply`: SHA-256 of the image the patch leads to",
        },
        Output {
            name: "deltas",
            description: "How many deltas were made; of `delta`, 0 when the patch was not worth it",
        },
        Output {
            name: "signer",
            description: "The keys of `expect-key` that signed what was read, one per line",
        },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const TRUSTED: &'static [&'static str] =
        &["expect-key", "known-key", "allow-test-key", "require-signature"];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let baseline = match cx.baseline(report)? {
            Some((path, bytes)) => cx.read_baseline(&path, &bytes, report)?,
            None => None,
        };
        match args.command {
            Some(Command::Inspect(args)) => inspect::run(&args, cx, report)?,
            Some(Command::Package(args)) => package::run(&args, cx, report)?,
            Some(Command::Unpack(args)) => unpack::run(&args, cx, report)?,
            Some(Command::Diff(args)) => diff::run(&args, cx, report)?,
            Some(Command::Delta(args)) => delta::run(&args, cx, report)?,
            Some(Command::Apply(args)) => apply::run(&args, cx, report)?,
            Some(Command::ServeManifest(args)) => serve::run(&args, cx, report)?,
            None => {
                return Err(Error::usage("no command is given").hint(
                    "start with one of inspect, package, unpack, diff, serve-manifest, delta and apply; `lw ota-package COMMAND --help` explains each",
                ));
            }
        }
        if let Some(earlier) = &baseline {
            // What a command compared by itself stays.
            cx.compare(report, earlier, |measure, earlier| {
                same_measure(measure, earlier).filter(|_| measure.baseline.is_none())
            });
        }
        Ok(())
    }
}

/// Whether what was made may get its name: a run that fails leaves nothing that could be shipped.
fn may_write(report: &Report, cx: &Context) -> bool {
    report.verdict < Verdict::Fail && !cx.common().fail_on.fails(report.verdict)
}

/// Nothing is written that a key was expected to have signed and has not, or by a key that is out of date.
fn is_refused(report: &Report) -> bool {
    report.verdict >= Verdict::Fail
}

/// Outputs about what is in a package.
fn publish_manifest(manifest: &Manifest, cx: &mut Context) {
    cx.output("version", manifest.version.clone());
    cx.output("sequence", manifest.sequence.map(|number| number.to_string()).unwrap_or_default());
    let boards: Vec<&str> = manifest.images.iter().map(|image| image.board.as_str()).collect();
    cx.output("boards", boards.join("\n"));
    let images: Vec<String> =
        manifest.images.iter().map(|image| format!("{}={}", image.board, image.sha256)).collect();
    cx.output("images", images.join("\n"));
    let lowest = manifest.images.iter().filter_map(|image| image.secure_version).min();
    cx.output("secure-version", lowest.map(|number| number.to_string()).unwrap_or_default());
    let deltas: usize = manifest.images.iter().map(|image| image.deltas.len()).sum();
    cx.output("deltas", deltas.to_string());
}

/// What is left free in the smallest slot, of several boards the least.
fn publish_free(report: &Report, cx: &mut Context) {
    let values = report.measures.iter().filter(|measure| measure.name == "partition.smallest-ota.free");
    let least = values.filter_map(|measure| match measure.value {
        Number::Integer(bytes) => Some(bytes),
        Number::Decimal(_) => None,
    });
    cx.output("smallest-ota-free", least.min().map(|bytes| bytes.to_string()).unwrap_or_default());
}

/// A board that a package does not have.
fn no_such_board(board: &str, manifest: &Manifest) -> Error {
    let boards: Vec<&str> = manifest.images.iter().map(|image| image.board.as_str()).collect();
    let error = Error::usage(format!("--board {board}: the package has no image of it"));
    match lw_cli::config::nearest(board, boards.iter().copied()) {
        Some(near) => error.hint(lw_cli::config::did_you_mean(near)),
        None => error.hint(format!("its boards are {}", boards.join(", "))),
    }
}
