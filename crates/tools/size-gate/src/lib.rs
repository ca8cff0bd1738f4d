//! size-gate: how much flash and RAM a firmware needs, who takes it, and whether that is too much.
//!
//! The inputs become one memory model in `lw-firmware`; here it turns into measures ([`analyse`]), limits are hung on
//! them ([`limits`]), the baseline's breakdown is compared ([`diff`]) and the tables a person reads are made
//! ([`tables`]).

mod analyse;
mod args;
mod baseline;
mod blame;
mod breakdown;
mod diff;
mod history;
mod idf_json;
mod inputs;
mod limits;
mod platformio;
mod rules;
pub mod sketches;
mod tables;
mod unplaced;
mod unsure;

use lw_cli::{Context, Error, ExtraFormat, Output, Tool};
use lw_model::{ByteSize, Measure, Number, Report};

use crate::analyse::Firmware;
pub use crate::args::{Args, Preset};
use crate::baseline::{Baseline, Compared};

/// The tool.
#[derive(Debug)]
pub struct SizeGate;

impl Tool for SizeGate {
    const NAME: &'static str = "size-gate";
    const SUMMARY: &'static str = "Gate the flash and RAM a firmware needs, and say who takes it";
    const GUIDE: &'static str = "\
Reads any mix of ELF, linker map (GNU ld or LLD, also of a link that failed), ESP application image and partition table. \
Every memory region is measured as the linker counts it and without dummies and gaps; the image is held to the \
smallest partition an update can go to; each byte is attributed to region, section, archive, object and symbol.

Limits name a measure: `region.RAM.span=90%`, `image.bytes=1MiB`, `symbol.lwip_*=4K`. A limit may have two levels, \
`warn:80%,fail:90%`; `sum(symbol.lwip_*)` and `sum(region.ITCM, region.DTCM)` limit a sum. Sizes are bytes; K, M, G and KiB, MiB, GiB are powers of 1024.

Examples:
  lw size-gate firmware.elf firmware.map --max region.RAM.span=90%
  lw size-gate --elf app.elf --bin app.bin --partitions partitions.csv --min-free partition.smallest-app=5%
  lw size-gate --elf firmware.elf --linker-script link.ld --baseline main.json --max-growth image.bytes=1%
  lw size-gate --elf 'build/*/firmware.elf' --preset binary-1mib --preset ram-150k --write html=size.html";
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "image-bytes",
            description: "Bytes of the image, the measure `image.bytes`: of the file where one was given, else the sum of its loaded sections; of several firmwares, the largest",
        },
        Output {
            name: "ram-bytes",
            description: "Bytes of static RAM, the measure `ram.bytes`; of several firmwares, the largest",
        },
        Output {
            name: "smallest-app-free",
            description: "Bytes the image leaves free in the smallest app partition; of several firmwares, the least",
        },
    ];
    const FORMATS: &'static [ExtraFormat] = &[
        ExtraFormat { name: "platformio", description: "The two lines PlatformIO prints after a build" },
        ExtraFormat { name: "idf-json2", description: "What `idf.py size --format json2` prints" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const REVISION: u32 = 2;
    const CHANGED_MEANINGS: &'static [(&'static str, u32)] = &[("image.bytes", 2), ("ram.*", 2)];
    const COMPARES: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let inputs = inputs::collect(&args, cx, report)?;
        let mut firmwares = Vec::new();
        let progress = cx.progress("Measuring firmwares", Some(inputs.len() as u64));
        for input in &inputs {
            if let Some(name) = &input.name {
                progress.say(name);
            }
            match analyse::analyse(input, &args, cx, report) {
                Ok(firmware) => firmwares.push(firmware),
                // The others of a matrix are measured all the same.
                Err(error) if inputs.len() > 1 => cx.record_error(report, &error),
                Err(error) => return Err(error),
            }
            progress.advance(1);
        }
        drop(progress);
        plain_files(&args, cx, report)?;
        if report.measures.is_empty() && report.findings.is_empty() {
            return Err(Error::usage("there is nothing to measure")
                .hint("give --elf, --map or --bin (or --max-file), on the command line or in lw.toml"));
        }

        // A report says more than an ELF: one that is there is taken.
        let measured =
            if cx.has_baseline() { None } else { Baseline::measure(&args, cx, &firmwares, report)? };
        let baseline = match measured {
            Some(measured) => Some(measured),
            None => Baseline::load(cx, report)?,
        };
        let compared = match &baseline {
            Some(baseline) => baseline.apply(cx, report)?,
            None => Compared::default(),
        };
        limits::attach(&args, cx, report, baseline.as_ref(), &compared)?;
        compared.tell(report);
        for firmware in &firmwares {
            unplaced::tell(report, firmware);
            unsure::tell(report, firmware);
        }
        let permission = permission(&args);
        cx.judge(report, permission.as_ref().map(|(reason, origin)| (reason.as_str(), *origin)));

        for firmware in &firmwares {
            let rows =
                baseline.as_ref().and_then(|baseline| baseline.compare(report, firmware, args.noise_floor.0));
            tables::add(report, firmware, rows.as_ref(), args.top);
        }
        tables::add_overview(report, args.list_measures);
        if let Some(path) = &args.history {
            history::record(path, args.trend, report, cx)?;
        }
        figures(report, cx);
        publish(report, &firmwares, cx);
        Ok(())
    }
}

/// Any file with a size limit: a container image, a web bundle, a bootloader.
fn plain_files(args: &Args, cx: &Context, report: &mut Report) -> Result<(), Error> {
    let patterns: Vec<String> = args
        .max_file
        .iter()
        .filter_map(|spec| spec.rsplit_once('='))
        .map(|(path, _)| path.trim().to_owned())
        .collect();
    for path in cx.expand(&patterns, report)? {
        let name = format!("file.{}.bytes", cx.display_path(&path));
        if report.measure(&name, None).is_none() {
            report.measures.push(Measure::bytes(name, cx.open(&path)?.len() as u64));
            cx.set_subject_file(None, &path);
        }
    }
    Ok(())
}

/// Why breached limits are let through, and where that was said.
fn permission(args: &Args) -> Option<(String, &'static str)> {
    let given = args.r#override.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if let Some(reason) = given {
        return Some((reason.to_owned(), "--override"));
    }
    // A trailer as git knows them: `Key: value` on a line of its own.
    let reason = args.override_from.as_deref()?.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case("size-override").then_some(value.trim())
    })?;
    (!reason.is_empty()).then(|| (reason.to_owned(), "commit trailer Size-Override"))
}

/// What everybody wants to see: how large the image is, and how much RAM it takes.
fn figures(report: &Report, cx: &mut Context) {
    let count = report.subjects().iter().flatten().count();
    if count > 1 {
        cx.figure(format!("{count} firmwares"));
    }
    let mut told = false;
    for (name, measure) in [("image", "image.bytes"), ("static RAM", "ram.bytes")] {
        if let Some(bytes) = extreme(report, measure, i64::max) {
            cx.figure(format!("{name} {}", ByteSize(bytes.unsigned_abs())));
            told = true;
        }
    }
    if !told {
        let count = report.measures.len();
        cx.figure(format!("{count} file{} measured", if count == 1 { "" } else { "s" }));
    }
    if report.limits().next().is_none() {
        cx.figure("no limits are set");
    }
}

/// The largest or smallest value of a measure over all firmwares.
fn extreme(report: &Report, name: &str, pick: fn(i64, i64) -> i64) -> Option<i64> {
    let values = report.measures.iter().filter(|measure| measure.name == name);
    let integers = values.filter_map(|measure| match measure.value {
        Number::Integer(value) => Some(value),
        Number::Decimal(_) => None,
    });
    integers.reduce(pick)
}

fn publish(report: &Report, firmwares: &[Firmware], cx: &mut Context) {
    let shown = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    cx.output("image-bytes", shown(extreme(report, "image.bytes", i64::max)));
    cx.output("ram-bytes", shown(extreme(report, "ram.bytes", i64::max)));
    cx.output("smallest-app-free", shown(extreme(report, "partition.smallest-app.free", i64::min)));
    let joined = |pick: fn(&Firmware) -> Option<&String>| {
        firmwares.iter().filter_map(pick).cloned().collect::<Vec<_>>().join("\n")
    };
    cx.set_format("platformio", joined(|firmware| firmware.platformio.as_ref()));
    cx.set_format("idf-json2", joined(|firmware| firmware.idf_json.as_ref()));
}
