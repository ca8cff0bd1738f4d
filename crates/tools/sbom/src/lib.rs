//! sbom: what a product is made of, as bills of materials say it.
//!
//! Each command has a module of its own. Lock files are read by `lw-dependencies`, documents by `lw-bom`; both meet in
//! the inventory of `lw-inventory`.

mod args;
mod bills;
mod diff;
mod generate;
mod licences;
mod limits;
mod measured;
mod measures;
mod merge;
mod output;
mod rules;
mod scores;
mod tables;
mod validate;
mod validity;

use lw_cli::{Context, Error, ExtraFormat, Output, Section, Tool};
use lw_model::Report;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct Sbom;

impl Tool for Sbom {
    const NAME: &'static str = "sbom";
    const SUMMARY: &'static str =
        "Write, check, score, merge and compare software bills of materials: firmware first";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output { name: "path", description: "The bill of materials that was written" },
        Output {
            name: "components",
            description: "How many components it has, the product itself not counted",
        },
        Output { name: "serial", description: "Its identifier: `serialNumber`, or the document namespace" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const FORMATS: &'static [ExtraFormat] = &[ExtraFormat {
        name: "mermaid",
        description: "The graph of the components, as a Mermaid flowchart",
    }];
    const SECTIONS: &'static [Section] = generate::SECTIONS;
    // Code, eight parts of ten: readers of nineteen formats and their parsers of YAML, TOML and JSON, the judge of schemas, the
    // reader of repositories. The schemas are deflated and 40 kB of it.
    const MAX_BINARY_BYTES: u64 = 5_500_000;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let baseline = match cx.baseline(report)? {
            Some((path, bytes)) => cx.read_baseline(&path, &bytes, report)?,
            None => None,
        };
        let baseline = baseline.as_ref();
        match args.command {
            Some(Command::Generate(args)) => generate::run(&args, baseline, cx, report),
            Some(Command::Validate(args)) => validate::run(&args, baseline, cx, report),
            Some(Command::Merge(args)) => merge::run(&args, baseline, cx, report),
            Some(Command::Diff(args)) => diff::run(&args, baseline, cx, report),
            None => Err(Error::usage("no command is given").hint(
                "start with one of generate, validate, merge and diff; `lw sbom COMMAND --help` explains each",
            )),
        }
    }
}
