//! new-tool: how large files are, and whether that is too much.

mod args;
mod error;
mod rules;

use std::path::Path;

use lw_cli::{Context, Error, Output, Tool};
use lw_model::{
    Bound, ByteSize, Finding, Level, Location, Measure, MeasureKind, Number, Reason, Report, Unit,
};

pub use crate::args::Args;
use crate::error::FileError;

/// The tool.
#[derive(Debug)]
pub struct NewTool;

impl Tool for NewTool {
    const NAME: &'static str = "new-tool";
    const SUMMARY: &'static str = "Gate the size of files";
    const GUIDE: &'static str = "\
Measures each file in bytes and holds it to the limits that are set. An empty file is an error: a step that failed left it.

Limits name a measure: `file.bytes=1MiB`. A limit may have two levels, `warn:900K,fail:1MiB`. Sizes are bytes; K, M, G and \
KiB, MiB, GiB are powers of 1024.

Examples:
  new-tool --file build/app.bin --max file.bytes=1MiB
  new-tool --file 'build/*.bin' --max file.bytes=warn:900K,fail:1MiB --report new-tool.json";
    const OUTPUTS: &'static [Output] =
        &[Output { name: "bytes", description: "Bytes of the file; of several, the largest" }];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [MeasureKind] =
        &[MeasureKind::bytes("file.bytes", "A file, as it lies on disk").limited_by(&["max"])];
    const MAX_BINARY_BYTES: u64 = 5_000_000;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        if args.file.is_empty() {
            return Err(Error::usage("there is nothing to measure")
                .hint("give --file, on the command line or in lw.toml"));
        }
        let paths = cx.expand(&args.file, report)?;
        let several = paths.len() > 1;
        for path in &paths {
            match measure(path, cx, report) {
                Ok(mut measure) => {
                    measure.subject = several.then(|| cx.display_path(path));
                    report.measures.push(measure);
                }
                // One bad file does not hide the good ones.
                Err(error) if several => cx.record_error(report, &error),
                Err(error) => return Err(error),
            }
        }
        attach_limits(&args, cx, report)?;
        cx.judge(report, None);

        let largest = report.measures.iter().filter_map(bytes_of).max();
        if let Some(bytes) = largest {
            let what = if several { "largest file" } else { "file" };
            cx.figure(format!("{what} {}", ByteSize(bytes.unsigned_abs())));
        }
        cx.output("bytes", largest.map(|bytes| bytes.to_string()).unwrap_or_default());
        Ok(())
    }
}

/// Measures a file, and says what is wrong with it.
fn measure(path: &Path, cx: &Context, report: &mut Report) -> Result<Measure, Error> {
    let bytes = cx.open(path)?;
    let name = cx.display_path(path);
    let Some(first) = bytes.first() else { return Err(FileError::Empty { file: name }.into()) };
    if bytes.len() > 1 && bytes.iter().all(|byte| byte == first) {
        let message = format!("{name} holds nothing but the byte 0x{first:02X}");
        let finding = Finding::new("new-tool/blank", Level::Warning, &name, message);
        report.add_finding(finding.at(Some(Location::file(&name))));
    }
    Ok(Measure::bytes("file.bytes", bytes.len() as u64).label("file size"))
}

/// Attaches every limit to the measures it names. One that names none fails: a limit that is never judged is no limit.
fn attach_limits(args: &Args, cx: &Context, report: &mut Report) -> Result<(), Error> {
    for limits in cx.limits(Bound::Max, Unit::Bytes, "max", &args.max)? {
        if !limits.attach_by_name(limits.name(), report)? {
            limits.record_unmatched(Reason::NothingMatched, report);
        }
    }
    Ok(())
}

fn bytes_of(measure: &Measure) -> Option<i64> {
    match measure.value {
        Number::Integer(bytes) => Some(bytes),
        Number::Decimal(_) => None,
    }
}
