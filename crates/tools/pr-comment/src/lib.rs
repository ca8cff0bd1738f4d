//! pr-comment: the reports of a pipeline in one comment on the pull request.
//!
//! Reports are read by `lw-report`, joined and written by `lw_render::joined`; here they are found and held to one commit, and
//! the comment is posted, by whom and where it may be.

mod args;
mod artifact;
mod comment;
mod github;
mod history;
mod marker;
mod measured;
mod post;
mod reports;
mod rules;
mod service;

use lw_cli::{Context, Error, ExtraFormat, Output, Tool, Variable};
use lw_model::{Align, Cell, Fact, Finding, Level, Measure, Report, Table, counted};
use lw_render::joined::Comment;

pub use crate::args::{Args, When};
use crate::artifact::{Names, Nothing};
use crate::comment::Of;
use crate::github::GitHub;
use crate::marker::{Marker, Run};
use crate::post::Outcome;
use crate::reports::{Collected, Wanted};
use crate::service::{Posted, Service as _, ServiceError};

/// The tool.
#[derive(Debug)]
pub struct PrComment;

impl Tool for PrComment {
    const NAME: &'static str = "pr-comment";
    const SUMMARY: &'static str = "Join the reports of a pipeline into one comment on the pull request";
    const GUIDE: &'static str = include_str!("guide.txt");
    const OUTPUTS: &'static [Output] = &[
        Output {
            name: "posted",
            description: "`created`, `updated`, `unchanged`, `kept` where a newer run has written it, or `no`",
        },
        Output { name: "comment-url", description: "Address of the comment, when it is there" },
        Output { name: "joined", description: "How many reports were joined" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const FORMATS: &'static [ExtraFormat] =
        &[ExtraFormat { name: "comment", description: "The comment, as Markdown" }];
    // Whoever changes the code must not change what is told of it, nor by whom.
    const TRUSTED: &'static [&'static str] = &[
        "commit",
        "any-commit",
        "reports",
        "from-artifact",
        "history",
        "artifact",
        "comment",
        "key",
        "pull-request",
        "token",
    ];
    const VARIABLES: &'static [Variable] = lw_github_client::VARIABLES;
    const ONLINE: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        if let Some(key) = args.key.as_ref().filter(|key| !marker::is_key(key)) {
            return Err(Error::usage(format!("`{key}` is no key of a comment"))
                .hint("write up to 64 letters, digits, `.`, `_` and `-`"));
        }
        match (args.from_artifact, args.reports.is_empty()) {
            (Some(_), false) => {
                Err(Error::usage("--from-artifact and --reports are given, and one of them is enough")
                    .hint("reports of the checkout are not those of another run"))
            }
            (None, true) => Err(Error::usage("there is nothing to join")
                .hint("give --reports FILE, on the command line or in lw.toml, or --from-artifact RUN")),
            (None, false) => of_files(&args, cx, report),
            (Some(run), true) => of_artifact(&args, run, cx, report),
        }
    }
}

/// The reports of this run.
fn of_files(args: &Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let mut wanted = Wanted::of(args, cx)?;
    let mut collected = Collected::files(args, &mut wanted, cx, report);
    let ci = cx.ci_context();
    let commit = args.commit.clone().or_else(|| ci.head_commit.clone()).or_else(|| ci.commit.clone());
    let marker = Marker {
        key: args.key.clone().unwrap_or_else(|| args::DEFAULT_KEY.to_owned()),
        commit: commit.map(|id| id.to_ascii_lowercase()).filter(|id| lw_history::is_full_id(id)),
        run: Run::of(ci.run_url.as_deref(), ci.run_attempt),
    };
    let (run, files) = (ci.run_url.clone(), ci.blob_base.clone());
    let title = report.title.clone().unwrap_or_default();
    let courses = history::read(args, marker.commit.as_deref(), &mut collected, cx, report);
    let of = Of {
        title: &title,
        commit: marker.commit.as_deref(),
        run: run.as_deref(),
        files: files.as_deref(),
        courses: &courses,
    };
    let told = comment::write(&collected, &of, &marker, cx);
    record(args, &collected, &told, &marker, cx, report)?;
    let may_create = args.comment != When::OnChange || told.is_news;
    let Some(number) = whom(args, cx, report)? else { return Ok(()) };
    let outcome = match GitHub::new(args, cx) {
        Ok(mut service) => service
            .pull(number)
            .and_then(|pull| post::post(&mut service, &pull, &marker, &told.text, may_create)),
        Err(error) => Err(error),
    };
    say(args, outcome, cx, report)
}

/// How often the comment is written again because more reports have come meanwhile.
const ROUNDS: usize = 20;

/// The reports that a run has uploaded: one that has ended, or this one, whose other jobs upload theirs when they are done.
fn of_artifact(args: &Args, run: u64, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    if args.dry_run || args.comment == When::Off {
        return Err(Error::usage("--from-artifact asks GitHub, and --dry-run talks to nobody")
            .hint("download the artifact, and give its files with --reports"));
    }
    let names = Names::parse(&args.artifact)?;
    if is_of_fork(args, cx, report) {
        return Ok(());
    }
    let mut service = match GitHub::new(args, cx) {
        Ok(service) => service,
        Err(error) => return say(args, Err(error), cx, report),
    };
    let mut origin = match artifact::origin(&mut service, run) {
        Ok(origin) => origin,
        Err(Nothing::Nobody(why)) => {
            cx.output("posted", "no");
            report.add_finding(Finding::new(
                "pr-comment/newer",
                Level::Note,
                "run",
                format!("{why}: nothing is posted"),
            ));
            return Ok(());
        }
        Err(Nothing::Service(error)) => return say(args, Err(error), cx, report),
    };
    let marker = Marker {
        key: args.key.clone().unwrap_or_else(|| artifact::key_of(&origin.run.workflow)),
        commit: Some(origin.run.head.to_ascii_lowercase()),
        run: Run { id: origin.run.id, attempt: origin.run.attempt },
    };
    let files = cx.ci_context().repository_url.as_ref().map(|url| format!("{url}/blob/{}/", origin.run.head));
    let title = report.title.clone().unwrap_or_default();
    let is_this_run = Run::of(cx.ci_context().run_url.as_deref(), None).id == run;

    // What was found in one round is not said again in the next.
    let before = report.clone();
    let mut artifacts = match service.artifacts(run, &names) {
        Ok(artifacts) => artifacts,
        Err(error) => return say(args, Err(error), cx, report),
    };
    let mut round = 1;
    loop {
        report.clone_from(&before);
        let mut collected = artifact::reports(&mut service, (&origin, &names), &artifacts, cx, report)?;
        if collected.found.is_empty() {
            // It may be missing, which the report tells: the pull request is not told of what is nobody's fault.
            cx.output("posted", "no");
            cx.output("joined", "0");
            return Ok(());
        }
        origin.narrow(&collected);
        let courses = history::read(args, marker.commit.as_deref(), &mut collected, cx, report);
        let of = Of {
            title: &title,
            commit: marker.commit.as_deref(),
            run: Some(&origin.run.url),
            files: files.as_deref(),
            courses: &courses,
        };
        let told = comment::write(&collected, &of, &marker, cx);
        let may_create = args.comment != When::OnChange || told.is_news;
        let outcomes: Vec<_> = origin
            .pulls
            .iter()
            .map(|pull| post::post(&mut service, pull, &marker, &told.text, may_create))
            .collect();
        // Another job of this run may have uploaded its report before this one has written, and have written before it, too: its
        // report would be lost. Whoever writes last looks once more, and what comes later than that, writes itself.
        let more = if is_this_run && outcomes.iter().all(Result::is_ok) {
            service.artifacts(run, &names)
        } else {
            Ok(artifacts.clone())
        };
        let more = match more {
            Ok(more) if more != artifacts && round < ROUNDS => Some(more),
            Ok(_) => None,
            Err(error) => return say(args, Err(error), cx, report),
        };
        let Some(more) = more else {
            record(args, &collected, &told, &marker, cx, report)?;
            return outcomes.into_iter().try_for_each(|outcome| say(args, outcome, cx, report));
        };
        artifacts = more;
        round += 1;
    }
}

/// Writes into the report what was joined.
fn record(
    args: &Args,
    collected: &Collected,
    told: &Comment,
    marker: &Marker,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let count = collected.found.len();
    report.measures.push(Measure::count("reports", count as u64).label("reports joined").higher_is_better());
    report.measures.push(
        Measure::count("comment.length", lw_render::joined::units(&told.text) as u64)
            .label("length of the comment"),
    );
    let commit = marker.commit.clone().unwrap_or_else(|| "not known".into());
    report.facts.push(Fact { name: "commit".into(), subject: None, value: commit });
    if told.rows_left_out + told.reports_left_out > 0 {
        let message = format!(
            "the comment has not room for everything: {} of its table and the details of {} are left out",
            counted(told.rows_left_out, "row"),
            counted(told.reports_left_out, "report")
        );
        report.add_finding(Finding::new("pr-comment/shortened", Level::Note, "comment", message));
    }
    report.tables.push(table(collected));
    cx.figure(format!("{} joined", counted(count, "report")));
    cx.output("joined", count.to_string());
    if cx.wants("comment") {
        cx.set_format("comment", told.text.clone());
    }
    if let Some(path) = &args.output {
        cx.write(path, |out| out.write_all(told.text.as_bytes()))?;
    }
    Ok(())
}

fn table(collected: &Collected) -> Table {
    let columns =
        [("Report", Align::Left), ("Tool", Align::Left), ("Verdict", Align::Left), ("Says", Align::Left)];
    let mut table = Table::new("reports", "Reports", &columns);
    for found in &collected.found {
        table.rows.push(vec![
            Cell::Code(found.file.clone()),
            Cell::Text(found.told.tool.name.clone()),
            Cell::Verdict(found.told.worst()),
            Cell::Text(found.told.summary.clone()),
        ]);
    }
    table
}

/// The pull request that is told, when there is one and it is to be told.
fn whom(args: &Args, cx: &mut Context, report: &mut Report) -> Result<Option<u64>, Error> {
    if args.comment == When::Off || args.dry_run {
        cx.output("posted", "no");
        return Ok(None);
    }
    let ci = cx.ci_context();
    let Some(number) = args.pull_request.or(ci.pull_request) else {
        let error = ServiceError {
            message: "the run is of no pull request".into(),
            hint: Some("run it on `pull_request`, or give --pull-request".into()),
        };
        // Where nobody asked for more, a push has simply nobody to tell.
        if matches!(args.comment, When::Auto | When::OnChange) {
            cx.output("posted", "no");
            return Ok(None);
        }
        return say(args, Err(error), cx, report).map(|()| None);
    };
    if is_of_fork(args, cx, report) {
        return Ok(None);
    }
    Ok(Some(number))
}

/// Whether the run is of a fork's pull request, which is told: its token reads, whatever `permissions:` says. Only this event's is
/// cut back so.
fn is_of_fork(args: &Args, cx: &mut Context, report: &mut Report) -> bool {
    let ci = cx.ci_context();
    let is = ci.fork && ci.event.as_deref() == Some("pull_request") && args.comment != When::Required;
    if is {
        cx.output("posted", "no");
        let message =
            "the pull request is of a fork, whose token cannot write: nothing is posted by this run";
        report.add_finding(Finding::new("pr-comment/not-posted", Level::Note, "fork", message).help(FORK));
    }
    is
}

const FORK: &str = "the reports have to be an artifact, which the actions `…-with-baseline` upload; templates/github/pr-comment.yml is the workflow on `workflow_run` that posts them when this run has ended";

/// Tells what became of the comment.
fn say(
    args: &Args,
    outcome: Result<Outcome, ServiceError>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let (word, url) = match outcome {
        Ok(Outcome::Posted(posted)) => match posted {
            Posted::Created(url) => ("created", url),
            Posted::Updated(url) => ("updated", url),
            Posted::Unchanged(url) => ("unchanged", url),
            Posted::Kept(url) => {
                let message = "a newer run has written the comment, which was left as it is";
                report.add_finding(Finding::new("pr-comment/newer", Level::Note, "run", message));
                ("kept", url)
            }
            Posted::Absent => ("no", String::new()),
        },
        Ok(Outcome::Stale(head)) => {
            let short: String = head.chars().take(12).collect();
            let message = format!("the pull request has moved on to commit {short}: nothing is posted");
            report.add_finding(Finding::new("pr-comment/newer", Level::Note, "head", message));
            ("no", String::new())
        }
        Err(error) => {
            cx.output("posted", "no");
            if args.comment == When::Required {
                return Err(artifact::remote(error));
            }
            let level = if args.comment == When::Always { Level::Warning } else { Level::Note };
            let message = format!("the comment was not posted: {}", error.message);
            let finding = Finding::new("pr-comment/not-posted", level, "comment", message);
            report.add_finding(match error.hint {
                Some(hint) => finding.help(hint),
                None => finding,
            });
            return Ok(());
        }
    };
    cx.output("posted", word);
    cx.output("comment-url", url);
    Ok(())
}
