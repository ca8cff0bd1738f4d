//! history: what gates measured of each commit, kept beside the code.
//!
//! Lines are read, checked, written and exported by `lw-trend`, and drawn by `lw_render::chart`; here reports become lines,
//! and lines go to where they are kept: a ref of the repository ([`github`]), a folder or a file ([`local`]).

mod args;
mod badge;
mod baseline;
mod chart;
mod entry;
mod github;
mod local;
mod look;
mod measured;
mod record;
mod rules;
mod show;

use lw_cli::{Context, Error, ExtraFormat, Output, Tool, Variable};
use lw_model::Report;

pub use args::{Args, Badge, BaselineEntry, Chart, Command, Out, Place, Record, Remote, Show, Which};

/// The tool.
#[derive(Debug)]
pub struct History;

impl Tool for History {
    const NAME: &'static str = "history";
    const SUMMARY: &'static str = "Keep what gates measured of each commit, and show, export and draw it";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "recorded",
            description: "`added`, `replaced`, `unchanged` where the history had it already, or `no`",
        },
        Output {
            name: "matched-key",
            description: "Name of the baseline that was fetched; empty when there was none",
        },
        Output {
            name: "saved",
            description: "`added`, `unchanged` where the ref had the baseline already, or `no`",
        },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const FORMATS: &'static [ExtraFormat] = &[
        ExtraFormat { name: "csv", description: "The figures, as comma-separated values" },
        ExtraFormat { name: "jsonl", description: "The figures, as the lines that are recorded" },
        ExtraFormat {
            name: "timeline",
            description: "The figures, as OpenMetrics with the time of each commit",
        },
    ];
    // Whoever changes the code must not change where its figures go, nor which branch is the main one.
    const TRUSTED: &'static [&'static str] =
        &["reports", "branch", "file", "folder", "ref", "token", "path", "key"];
    const VARIABLES: &'static [Variable] = lw_github_client::VARIABLES;
    const ONLINE: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Record(args)) => record::run(&args, cx, report),
            Some(Command::Show(args)) => show::run(&args.which, false, cx, report),
            Some(Command::Export(args)) => show::run(&args.which, true, cx, report),
            Some(Command::Chart(args)) => chart::run(&args, cx, report),
            Some(Command::Badge(args)) => badge::run(&args, cx, report),
            Some(Command::BaselineFetch(args)) => baseline::fetch(&args, cx, report),
            Some(Command::BaselineSave(args)) => baseline::save(&args, cx, report),
            None => Err(Error::usage("no command is given").hint(
                "start with one of record, show, export, chart and badge; `lw history COMMAND --help` explains each",
            )),
        }
    }
}
