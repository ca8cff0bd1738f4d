//! test-report: what the tests of a run said, and whether that is green.
//!
//! Files are read by `lw-results`; here they are found, joined, held to what is known of the run, and told.

mod args;
mod changes;
mod check;
mod inputs;
mod judge;
mod limits;
mod measured;
mod outcome;
mod page;
mod places;
mod quarantine;
mod rules;
mod shards;
mod stamp;
mod tables;

use lw_cli::{Context, Error, Output, Tool};
use lw_model::Report;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct TestReport;

impl Tool for TestReport {
    const NAME: &'static str = "test-report";
    const SUMMARY: &'static str = "Read test results of every tool, and show no red run green";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output { name: "total", description: "How many tests there are" },
        Output { name: "passed", description: "How many passed, the flaky ones included" },
        Output { name: "failed", description: "How many failed" },
        Output { name: "errors", description: "How many could not check" },
        Output { name: "skipped", description: "How many were skipped" },
        Output { name: "not-run", description: "How many should have run and did not" },
        Output { name: "flaky", description: "How many passed only when they were run again" },
        Output { name: "quarantined", description: "How many failures were let through" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const COMPARES: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Check(args)) => check::run(&args, cx, report),
            Some(Command::Stamp(args)) => stamp::run(&args, cx, report),
            None => Err(Error::usage("no command is given")
                .hint("start with check or stamp; `lw test-report COMMAND --help` explains each")),
        }
    }
}
