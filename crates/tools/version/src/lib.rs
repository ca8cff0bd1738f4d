//! version: which version a commit is, which one comes next, and how builds, files and tags get it.
//!
//! [`state`] says which version a commit is; history is read by [`lw_releases`]. [`env`] makes variables and arguments of it.

mod args;
mod bump;
mod check;
mod env;
mod held;
mod measured;
mod next;
mod rules;
mod state;
mod tag;

use lw_cli::{Context, Error, ExtraFormat, Output, Tool};
use lw_model::Report;
use lw_releases::NOT_ENOUGH_HISTORY;

pub use crate::args::{Args, Command};

/// The tool.
#[derive(Debug)]
pub struct Version;

impl Tool for Version {
    const NAME: &'static str = "version";
    const SUMMARY: &'static str = "The version of a commit and the next one, in builds, files and tags";
    const GUIDE: &'static str = "\
`show` says which version a commit is: that of its tag, or of the release it follows with the distance and the commit behind `+`. \
`next` says which version comes next by Conventional Commits, read as the tool changelog reads them. `env` hands version, time and \
commit to a build: as variables of the steps that follow, and as arguments for PlatformIO, CMake and Docker. `bump` writes a version \
into all files of a project that hold one and changes no other byte; `check` fails where they disagree, with each other or with the tag. \
`tag` makes the annotated tag with the git that is installed, and pushes it as a whole or not at all.

Where a commit stands is decided by ancestry. A clone that does not hold enough history to be sure ends with exit code 10 and says how \
to fetch it: never a wrong version. But for `tag` no git has to be installed, and nothing that the repository configures is run.

Examples:
  lw version show --format plain
  lw version show --dirty
  lw version next --initial-version 0.1.0
  lw version next --pre-release rc
  lw version next --tag-prefix 'pkg@' --path packages/pkg
  lw version env --dirty --platformio
  lw version bump minor
  lw version bump 2.0.0-rc.1 --file Cargo.toml --file include/version.h
  lw version check --tag v1.2.3
  lw version tag 1.2.3 --push --tagger 'Release Bot <bot@example.com>'";
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "version",
            description: "The version; of `next` empty when nothing asks for a release",
        },
        Output { name: "major", description: "First number of the version" },
        Output { name: "minor", description: "Second number of the version" },
        Output { name: "patch", description: "Third number of the version" },
        Output {
            name: "tag",
            description: "Tag of the version: of `show` and `env` empty unless the commit has it, of `next` the one to be made, of `check` the one the files have to agree with, of `tag` the one that is there now",
        },
        Output {
            name: "previous",
            description: "Tag of the release before: of `show` and `env` empty when the commit is one itself; of `bump` the version the files had",
        },
        Output {
            name: "bump",
            description: "Of `next`: what the commits ask for: major, minor, patch or none",
        },
        Output {
            name: "is-prerelease",
            description: "`false` only for a final version: of `show` and `env` that of a clean commit with its tag",
        },
        Output {
            name: "describe",
            description: "Of `show` and `env`: as `git describe --tags --abbrev=12` has it",
        },
        Output { name: "commit", description: "Full id of the commit" },
        Output {
            name: "dirty",
            description: "With `dirty`: whether the work tree is not as it was committed",
        },
        Output {
            name: "files",
            description: "Of `bump` the files that were changed, of `check` those that hold a version; one per line",
        },
        Output {
            name: "done",
            description: "Of `tag`: what was done: `made`, `pushed`, `made and pushed` or `nothing`",
        },
        Output { name: "platformio-flags", description: "Of `env`: macros for `build_flags` of PlatformIO" },
        Output { name: "cmake-args", description: "Of `env`: `-D` arguments for CMake" },
        Output { name: "docker-args", description: "Of `env`: `--build-arg` arguments for Docker" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const EXIT_CODES: &'static [(u8, &'static str)] =
        &[(NOT_ENOUGH_HISTORY, "the clone does not hold enough history")];
    const FORMATS: &'static [ExtraFormat] = &[ExtraFormat {
        name: "plain",
        description: "The version alone; of `env` its variables, as a shell reads them",
    }];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        match args.command {
            Some(Command::Show(args)) => {
                let state = state::read(&args.state, cx, report)?;
                cx.judge(report, None);
                if cx.wants("plain") {
                    cx.set_format("plain", format!("{}\n", state.version));
                }
                Ok(())
            }
            Some(Command::Next(args)) => next::run(&args, cx, report),
            Some(Command::Env(args)) => env::run(&args, cx, report),
            Some(Command::Bump(args)) => bump::run(&args, cx, report),
            Some(Command::Check(args)) => check::run(&args, cx, report),
            Some(Command::Tag(args)) => tag::run(&args, cx, report),
            None => Err(Error::usage("no command is given").hint(
                "start with one of show, next, env, bump, check and tag; `lw version COMMAND --help` explains each",
            )),
        }
    }
}
