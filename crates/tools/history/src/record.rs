//! `record`: reports become the line of a commit.

use std::collections::BTreeMap;

use lw_cli::{Context, Error, ResultExt};
use lw_hashed::HashSet;
use lw_history::Repository;
use lw_model::{Fact, Finding, Level, Measure, Report, counted};
use lw_report::Commit;
use lw_trend::{Figure, Line, MAX_SHARD, Month, Put, Shard};

use crate::args::{Place, Record};
use crate::github::{Change, Store};
use crate::local;

/// Where a history is kept.
pub(crate) const HISTORY: &str = "refs/lw/history";
/// The most reports of one commit.
const MOST: usize = 10_000;

/// Records what was measured of this commit.
///
/// # Errors
/// When a report cannot be read, or the history not be written.
pub(crate) fn run(args: &Record, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    one_place(&args.place)?;
    if args.reports.is_empty() {
        return Err(Error::usage("there is nothing to record")
            .hint("give --reports FILE, on the command line or in lw.toml"));
    }
    cx.output("recorded", "no");
    let commit = match cx.kept_commit(args.branch.as_deref()) {
        Ok(commit) => commit.to_ascii_lowercase(),
        Err(why) => {
            let message = format!("nothing is recorded: {why}");
            report.add_finding(Finding::new("history/not-recorded", Level::Note, "run", message));
            return Ok(());
        }
    };
    let figures = collect(args, &commit, cx, report);
    if figures.is_empty() {
        let message = "no report has a measure that was held to a limit: nothing is recorded";
        report.add_finding(Finding::new("history/nothing-to-record", Level::Error, "figures", message));
        return Ok(());
    }
    report.measures.push(Measure::count("figures", figures.len() as u64).higher_is_better());
    report.facts.push(Fact { name: "commit".into(), subject: None, value: commit.clone() });
    cx.figure(counted(figures.len(), "figure"));
    let time = Repository::open(cx.root())?.commit_time(&commit)?;
    let time = u64::try_from(time).map_err(|_| {
        Error::input(format!("commit {commit} was made before 1970")).hint("set its committer's date right")
    })?;
    let line = Line::new(&commit, time, cx.ci_context().run_url.clone(), figures)?;
    let (put, place) = match (&args.place.file, &args.place.folder) {
        (Some(file), _) => (local::record_in_file(file, &line, cx)?, file.display().to_string()),
        (None, Some(folder)) => (local::record_in_folder(folder, &line, cx)?, folder.display().to_string()),
        (None, None) => {
            let mut store = Store::new(&args.place.remote, HISTORY, "contents: write", cx)?;
            let reference = args.place.remote.reference.as_deref().unwrap_or(HISTORY);
            (on_ref(&mut store, &line)?, reference.to_owned())
        }
    };
    let word = match put {
        Put::Added => "added",
        Put::Replaced => "replaced",
        Put::Unchanged => "unchanged",
    };
    report.facts.push(Fact { name: "recorded".into(), subject: None, value: format!("{word}, {place}") });
    cx.output("recorded", word);
    Ok(())
}

/// # Errors
/// When two places are named.
pub(crate) fn one_place(place: &Place) -> Result<(), Error> {
    if place.file.is_some() && place.folder.is_some() {
        return Err(Error::usage("--file and --folder are given, and a history is in one place")
            .hint("leave one of them out"));
    }
    Ok(())
}

fn on_ref(store: &mut Store, line: &Line) -> Result<Put, Error> {
    let month = Month::of(line.time).ok_or_else(|| Error::input("the time of the commit is none"))?;
    let path = month.file();
    let message = format!("Figures of {}", line.commit);
    store.change(&message, &mut |store, before| {
        let mut shard = match store.file(before, &path, MAX_SHARD)? {
            Some(bytes) => Shard::read(&bytes, Some(month)).context(path.clone())?,
            None => Shard::default(),
        };
        let put = shard.put(line).context(path.clone())?;
        let changes = match put {
            Put::Unchanged => Vec::new(),
            Put::Added | Put::Replaced => {
                vec![Change { path: path.clone(), content: Some(shard.to_bytes()) }]
            }
        };
        Ok((changes, put))
    })
}

/// What the reports have to record. One that cannot be read is told, and does not hide the others.
fn collect(args: &Record, commit: &str, cx: &Context, report: &mut Report) -> Vec<Figure> {
    let wanted = Commit::new(commit, None);
    let mut figures: Vec<Figure> = Vec::new();
    let mut from: BTreeMap<(String, Option<String>, Option<String>, String), String> = BTreeMap::new();
    let (mut known, mut count) = (HashSet::new(), 0u64);
    for pattern in &args.reports {
        let paths = match cx.expand(std::slice::from_ref(pattern), report) {
            Ok(paths) => paths,
            Err(error) => {
                cx.record_error(report, &error);
                continue;
            }
        };
        for path in paths {
            if !known.insert(cx.resolve(&path)) {
                continue;
            }
            let file = cx.display_path(&path);
            if known.len() > MOST {
                let error = Error::input(format!("{pattern}: more than {MOST} reports are given"));
                cx.record_error(report, &error.hint("record fewer at a time"));
                return figures;
            }
            let read = cx.open(&path).and_then(|bytes| lw_report::read(&bytes).context(file.clone()));
            let told = match read {
                Ok(told) => told,
                Err(error) => {
                    cx.record_error(report, &error);
                    continue;
                }
            };
            if let Some(why) = wanted.refusal(&told) {
                let message = format!("{file}: {why}");
                report.add_finding(Finding::new("history/report-refused", Level::Error, &file, message));
                continue;
            }
            if !told.is_baseline() {
                let message = format!("{file}: {} could not do all of its job", told.tool.name);
                report.add_finding(Finding::new("history/report-incomplete", Level::Warning, &file, message));
                continue;
            }
            count += 1;
            for figure in told.measures.iter().filter_map(|measure| Figure::of(&told, measure)) {
                let key =
                    (figure.tool.clone(), figure.title.clone(), figure.subject.clone(), figure.name.clone());
                if let Some(first) = from.get(&key) {
                    let name = format!("{}/{}", figure.tool, figure.name);
                    let of =
                        figure.subject.as_ref().map(|subject| format!(" of {subject}")).unwrap_or_default();
                    let message = format!("{file}: {name}{of} is in {first} already");
                    let finding = Finding::new("history/same-figure", Level::Error, &file, message);
                    report.add_finding(finding);
                    break;
                }
                from.insert(key, file.clone());
                figures.push(figure);
            }
        }
    }
    report.measures.push(Measure::count("reports", count).higher_is_better());
    figures
}
