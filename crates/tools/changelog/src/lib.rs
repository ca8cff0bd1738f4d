//! changelog: what changed, release by release, for the people who use it.
//!
//! History becomes releases with entries ([`lw_releases`]), which [`groups`] sorts; [`markdown`] and [`json`] write them. Every text
//! of a commit is somebody's: [`escape`] makes it harmless before it is published.

mod args;
mod contributors;
mod error;
mod escape;
mod generate;
mod groups;
mod json;
mod lint;
mod markdown;
mod measured;
mod prepend;
mod pulls;
mod rules;
mod source;
mod template;

use lw_cli::{Context, Error, ExtraFormat, Output, Tool};
use lw_model::Report;
use lw_releases::NOT_ENOUGH_HISTORY;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct Changelog;

impl Tool for Changelog {
    const NAME: &'static str = "changelog";
    const SUMMARY: &'static str =
        "Changelogs and release notes from commits: right by ancestry, strict, and safe to publish";
    const GUIDE: &'static str = "\
A release holds the commits that its tag reaches and none of the tags of its family that it contains does: what `git rev-list TAG \
^PREVIOUS` lists, whatever was merged when. Messages are read by the clauses of Conventional Commits 1.0; `lint` names those that are \
nearly conventional, and what other programs make of them. No git has to be installed.

A clone that does not hold enough history to be sure ends with exit code 10 and says how to fetch it: never a wrong section. Texts \
of commits are made harmless: no mention, image, HTML, comment or heading of a message comes through.

Examples:
  lw changelog generate --output CHANGELOG.md
  lw changelog generate --tag v1.2.0 --changelog-format github --output notes.md
  lw changelog generate --unreleased --changelog-format json --output changes.json
  lw changelog generate --tag-prefix 'pkg@' --path packages/pkg --output packages/pkg/CHANGELOG.md
  lw changelog lint --since v1.1.0 --require-conventional";
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "changelog",
            description: "Of `generate`: what was written; empty when it is longer than 100000 bytes",
        },
        Output { name: "path", description: "Of `generate`: the file that was written" },
        Output {
            name: "version",
            description: "Version of the newest release in it; empty when that is not released",
        },
        Output { name: "tag", description: "Tag of the newest release in it" },
        Output { name: "previous", description: "Tag of the release before that one" },
        Output { name: "bump", description: "What the newest release asks for: major, minor, patch or none" },
        Output { name: "entries", description: "How many entries are told" },
        Output { name: "near-misses", description: "How many messages are nearly conventional" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const EXIT_CODES: &'static [(u8, &'static str)] =
        &[(NOT_ENOUGH_HISTORY, "the clone does not hold enough history")];
    const FORMATS: &'static [ExtraFormat] =
        &[ExtraFormat { name: "notes", description: "Of `generate`: what --output would get" }];
    // Which secret GitHub is shown.
    const TRUSTED: &'static [&'static str] = &["token"];
    const VARIABLES: &'static [lw_cli::Variable] = lw_github_client::VARIABLES;
    const ONLINE: bool = true;
    // What talks to GitHub takes about a quarter of it.
    const MAX_BINARY_BYTES: u64 = 5_100_000;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Generate(args)) => generate::run(&args, cx, report),
            Some(Command::Lint(args)) => lint::run(&args, cx, report),
            None => Err(Error::usage("no command is given")
                .hint("start with one of generate and lint; `lw changelog COMMAND --help` explains each")),
        }
    }
}
