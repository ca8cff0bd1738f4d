//! quality-gate: one policy over every report of a pipeline, with four answers.
//!
//! Reports are `lw-report/1`; files of other tools are read by `lw-figures`. Here they are found, held to the policy, and told.

mod args;
mod check;
mod jobs;
mod judge;
mod matrix;
mod policy;
mod presets;
mod reports;
mod rules;
mod settings;
mod sonar;
mod sources;
mod tables;

use lw_cli::{Context, Error, ExtraFormat, Output, Section, Tool};
use lw_model::Report;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct QualityGate;

impl Tool for QualityGate {
    const NAME: &'static str = "quality-gate";
    const SUMMARY: &'static str = "Hold every report of a pipeline to one policy";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output { name: "met", description: "How many conditions are met" },
        Output { name: "breached-conditions", description: "How many conditions are breached and fail" },
        Output { name: "warned", description: "How many conditions are breached and warn" },
        Output { name: "not-judged", description: "How many conditions were not judged" },
        Output { name: "matrix", description: "The build matrix as JSON, for `fromJSON`" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const FORMATS: &'static [ExtraFormat] = &[
        ExtraFormat {
            name: "sonar",
            description: "The conditions as Sonar's api/qualitygates/project_status has them",
        },
        ExtraFormat { name: "matrix", description: "The build matrix as JSON, of the command `matrix`" },
    ];
    const SECTIONS: &'static [Section] = &[
        Section::of::<settings::Conditions>("condition", "What measures are held to"),
        Section::of::<settings::Reports>("expected", "Reports that have to be there"),
        Section::of::<settings::Sources>("number", "Numbers of other tools"),
        Section::of::<settings::Jobs>("job", "Jobs of the workflow that have to be there"),
    ];
    // Whoever changes the code must not change what it is held to.
    const TRUSTED: &'static [&'static str] = &[
        "condition",
        "expected",
        "number",
        "job",
        "expect",
        "metrics",
        "source",
        "needs",
        "require-job",
        "may-skip",
        "commit",
        "any-commit",
        "preset",
        "max",
        "min",
        "max-growth",
        "max-drop",
        "coverage-threshold",
        "security-issues-threshold",
        "performance-regression-threshold",
        "require-baseline",
        "baseline",
        "store",
        "baseline-store",
        "baseline-subject",
    ];
    const COMPARES: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Check(args)) => check::run(&args, cx, report),
            Some(Command::Matrix(args)) => matrix::run(&args, cx, report),
            None => Err(Error::usage("no command is given")
                .hint("start with check or matrix; `lw quality-gate COMMAND --help` explains each")),
        }
    }
}
