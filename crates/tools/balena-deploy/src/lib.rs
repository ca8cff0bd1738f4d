//! balena-deploy: a source becomes a draft, the draft goes to devices in waves, and back when it fails.
//!
//! What a rollout does next is decided by [`lw_rollout`], what is asked of Balena is in [`lw_balena`]; this tool joins them with the clock,
//! the files and the report of a run.

mod args;
mod back;
mod build;
mod check;
mod connect;
mod devices;
mod error;
mod host;
mod measured;
mod rollout;
mod rules;
mod source;
mod tag;
mod watch;

use lw_cli::{Context, Error, Output, Tool, Variable};
use lw_model::Report;
use lw_rollout::Command as Verb;

pub use crate::args::{Args, Command};
use crate::args::{Look, Rollout};
use crate::build::Drafted;
use crate::connect::Connection;
use crate::rollout::Job;
use crate::tag::Tagger;

/// The tool.
#[derive(Debug)]
pub struct BalenaDeploy;

impl Tool for BalenaDeploy {
    const NAME: &'static str = "balena-deploy";
    const SUMMARY: &'static str = "Deploy to Balena in waves, and back again when it fails";
    const GUIDE: &'static str = "\
`deploy` builds a source as a draft, gives it to a few devices, then to ever more, and makes it the fleet's release when all are well; \
when they are not, every device gets back what it was pinned to, and the release is withdrawn. `plan` says who would get it when, and \
every request that would be sent. `rollback` goes back from a rollout wherever it is; from a release that the fleet got by other means it \
goes back to the one that --to names, or to the last good one. `resume`, `promote`, `pause`, `abort` and `rollback` act on a rollout wherever it was begun: what \
they need is stored in tags of the fleet, the release and the devices. `pin` and `unpin` are for single devices. `watch` says how \
a fleet is, for a schedule, and `check` what of a source would be sent, for pull requests: it needs no token.

Examples:
  lw balena-deploy deploy --fleet org/fleet --source . --version v1.2.3
  lw balena-deploy plan --fleet org/fleet --release 1.2.3
  lw balena-deploy deploy --fleet org/fleet --release 1.2.3 --step 10 --step 100
  lw balena-deploy resume --fleet org/fleet --release 1.2.3 --wait-at-most 3600
  lw balena-deploy rollback --fleet org/fleet
  lw balena-deploy rollback --fleet org/fleet --to 1.2.2
  lw balena-deploy deploy --env production
  lw balena-deploy watch --fleet org/fleet --baseline before.json --report before.json
  lw balena-deploy check --source . --max source.bytes=50MiB";
    const OUTPUTS: &'static [Output] = &[
        Output { name: "release-id", description: "Id of the release; empty where none was asked for" },
        Output { name: "version", description: "Version of the release as Balena shows it (`raw_version`)" },
        Output { name: "rolled-back", description: "Whether the rollout went back" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const EXIT_CODES: &'static [(u8, &'static str)] = lw_rollout::EXIT_CODES;
    const TRUSTED: &'static [&'static str] = &["environment", "balena-token", "github-token", "fleet"];
    const VARIABLES: &'static [Variable] = connect::VARIABLES;
    const ENVIRONMENTS: bool = true;
    const PINNED: bool = true;
    const ONLINE: bool = true;
    const MAX_BINARY_BYTES: u64 = 5_000_000;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let Some(command) = args.command else {
            return Err(Error::usage("no command is given").hint(
                "start with one of deploy, plan, status, resume, promote, pause, abort, rollback, pin, unpin, watch and check; `balena-deploy COMMAND --help` explains each",
            ));
        };
        // It has no secret and asks nobody, so anybody may: it is there for pull requests.
        if let Command::Check(args) = command {
            return check::check(&args, cx, report);
        }
        if let Some(why) = cx.trust().why() {
            // On a laptop nobody says who started the run, and nobody else could have.
            let is_of_ci = cx.ci_context().event.is_some();
            if is_of_ci {
                return Err(Error::usage(format!("nothing is deployed by a run that is not trusted: {why}"))
                    .hint("deploy from a push, a tag or a manual run of this repository"));
            }
        }
        match command {
            Command::Deploy(args) => {
                rollout::strategy(&args.how)?;
                let tagger = Tagger::open(&args.tagging, cx)?;
                let mut to = Connection::open(&args.at, cx)?;
                let release = match args.which.release.as_deref() {
                    Some(name) => to.release(Some(name))?,
                    None => match build::draft(&args.build, args.how.again, &mut to, cx, report)? {
                        Drafted::Built(release) => *release,
                        Drafted::Begun(release) => {
                            cx.output("release-id", release.to_string());
                            cx.output("rolled-back", "false");
                            cx.figure(format!(
                                "release {release} is being built; a run of the same commit takes it up"
                            ));
                            cx.judge(report, None);
                            return Ok(());
                        }
                    },
                };
                // What nobody has merged is for nobody's devices, but for those that are pinned to it by hand.
                let is_pull_request = cx.ci_context().pull_request.is_some();
                if args.build.draft || !args.build.finalize || is_pull_request {
                    cx.output("release-id", release.id.to_string());
                    cx.output("version", release.raw_version.clone());
                    cx.output("rolled-back", "false");
                    let why = if is_pull_request { ": a pull request rolls nothing out" } else { "" };
                    let what = if release.is_final { "is final already" } else { "is a draft" };
                    cx.figure(format!("release {} {what}{why}", release.raw_version));
                    cx.judge(report, None);
                    return Ok(());
                }
                if let Some(tagger) = &tagger {
                    tagger.check(&release, &mut to)?;
                }
                let job = Job {
                    how: Some(&args.how),
                    tagger: tagger.as_ref(),
                    ..Job::new(Verb::Apply, &release, &args.judged, &args.journal)
                };
                rollout::run(&job, &to, cx, report)
            }
            Command::Plan(args) => with(&args, Verb::Apply, cx, report, rollout::plan),
            Command::Resume(args) => with(&args, Verb::Resume, cx, report, rollout::run),
            Command::Promote(args) => with(&args, Verb::Promote, cx, report, rollout::run),
            Command::Status(args) => looked(&args, Verb::Resume, cx, report, rollout::status),
            Command::Pause(args) => looked(&args, Verb::Pause, cx, report, rollout::run),
            Command::Abort(args) => looked(&args, Verb::Abort, cx, report, rollout::run),
            Command::Rollback(args) => back::rollback(&args, cx, report),
            Command::Pin(args) => {
                devices::pin(&args.at, &args.device, Some(args.which.release.as_deref()), cx, report)
            }
            Command::Unpin(args) => devices::pin(&args.at, &args.device, None, cx, report),
            Command::Watch(args) => watch::watch(&args, cx, report),
            Command::Check(args) => check::check(&args, cx, report),
        }
    }
}

type Act = fn(&Job<'_>, &Connection, &mut Context, &mut Report) -> Result<(), Error>;

fn with(args: &Rollout, command: Verb, cx: &mut Context, report: &mut Report, act: Act) -> Result<(), Error> {
    rollout::strategy(&args.how)?;
    let tagger = Tagger::open(&args.tagging, cx)?;
    let mut to = Connection::open(&args.at, cx)?;
    let release = to.release(args.which.release.as_deref())?;
    if let Some(tagger) = &tagger {
        tagger.check(&release, &mut to)?;
    }
    let job = Job {
        how: Some(&args.how),
        tagger: tagger.as_ref(),
        ..Job::new(command, &release, &args.judged, &args.journal)
    };
    act(&job, &to, cx, report)
}

fn looked(args: &Look, command: Verb, cx: &mut Context, report: &mut Report, act: Act) -> Result<(), Error> {
    let mut to = Connection::open(&args.at, cx)?;
    let release = to.release(args.which.release.as_deref())?;
    act(&Job::new(command, &release, &args.judged, &args.journal), &to, cx, report)
}
