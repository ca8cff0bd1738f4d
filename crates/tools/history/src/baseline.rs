//! `baseline-fetch` and `baseline-save`: the steps around a gate whose store is a ref.
//!
//! A gate talks to nobody. The step before it puts the report of the base commit where the gate looks, and names the entry;
//! the step after it keeps what the gate left there. What goes wrong is a warning: without a baseline the gate says what that
//! means for its limits.

use std::path::Path;

use lw_cli::{Context, Error, InputKind};
use lw_history::Repository;
use lw_model::lists::sort_by;
use lw_model::{Fact, Finding, Level, Report};

use crate::args::BaselineEntry;
use crate::entry::{Kept, Key, is_beside, reports, surplus};
use crate::github::{Change, Snapshot, Store};

/// Where baselines are kept.
const BASELINES: &str = "refs/lw/baseline";
/// The most bytes of a file: what GitHub gives in one answer has room for them.
const MOST: usize = 20 << 20;
/// Commits that are looked at, back from the base, as gates do.
const MOST_COMMITS: usize = 1000;
/// Name of the report in the folder of a gate.
const REPORT: &str = "report.json";

fn named(args: &BaselineEntry) -> Result<(&Path, Key), Error> {
    let (Some(path), Some(key)) = (&args.path, &args.key) else {
        return Err(Error::usage("--path and --key are needed")
            .hint("the action …-with-baseline gives both; a person has no need of this command"));
    };
    let key = Key::parse(key).ok_or_else(|| {
        Error::usage(format!("`{key}` is no key of a baseline"))
            .hint("it is the hash of what is measured, a dash, and the full id of the commit")
    })?;
    Ok((path, key))
}

fn warn(report: &mut Report, what: &str, error: &Error) {
    let finding =
        Finding::new("history/baseline", Level::Warning, what, format!("{what}: {}", error.message()));
    report.add_finding(match error.advice() {
        Some(advice) => finding.help(advice.to_owned()),
        None => finding,
    });
}

fn note(report: &mut Report, value: impl Into<String>) {
    report.facts.push(Fact { name: "baseline".into(), subject: None, value: value.into() });
}

/// Puts what the ref has of the commit, or of the nearest one before it, where the gate looks.
///
/// # Errors
/// When the arguments are wrong.
pub(crate) fn fetch(args: &BaselineEntry, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (path, key) = named(args)?;
    match fetched(args, path, &key, cx) {
        Ok(Some(found)) => {
            note(report, format!("the report of {}", found.commit));
            cx.output("matched-key", format!("{}-{}", found.of, found.commit));
        }
        Ok(None) => note(report, "there is none of this commit or one before it"),
        Err(error) => warn(report, "the baseline was not fetched", &error),
    }
    Ok(())
}

fn fetched(args: &BaselineEntry, path: &Path, key: &Key, cx: &Context) -> Result<Option<Key>, Error> {
    let mut store = Store::new(&args.remote, BASELINES, "contents: read", cx)?;
    let snapshot = store.snapshot()?;
    let kept = reports(names(&snapshot));
    let of_this =
        |commit: &str| kept.iter().rev().find(|kept| kept.key.of == key.of && kept.key.commit == commit);
    let found = match of_this(&key.commit) {
        Some(found) => Some(found),
        None => Repository::open(cx.root())?
            .first_parent_distance(&key.commit, |commit| of_this(commit).is_some(), MOST_COMMITS)
            .and_then(|(_, commit)| of_this(&commit)),
    };
    let Some(found) = found else { return Ok(None) };
    cx.files().make_folder(path)?;
    // The report is written last: it is what makes the others count.
    let mut besides: Vec<&str> = names(&snapshot)
        .filter_map(Kept::of_file)
        .filter(|(kept, _)| kept == found)
        .map(|(_, beside)| beside)
        .collect();
    sort_by(&mut besides, |a, b| b.cmp(a));
    for beside in besides {
        if let Some(bytes) = store.file(&snapshot, &found.file(beside), MOST)? {
            cx.write(&path.join(format!("{REPORT}{beside}")), |out| out.write_all(&bytes))?;
        }
    }
    Ok(Some(found.key.clone()))
}

fn names(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    snapshot.entries.iter().filter(|entry| entry.is_file()).map(|entry| entry.path.as_str())
}

/// Keeps what the gate left, whatever its verdict. What is there already stays, as in the cache.
///
/// # Errors
/// When the arguments are wrong.
pub(crate) fn save(args: &BaselineEntry, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (path, key) = named(args)?;
    cx.output("saved", "no");
    // Whoever calls this has been told by the gate; a run that is none to keep of writes nothing all the same.
    match cx.kept_commit(None) {
        Ok(commit) if commit == key.commit => {}
        Ok(commit) => {
            let error = Error::input(format!("the key is of {}, and {commit} is checked out", key.commit));
            warn(report, "the report was not kept", &error);
            return Ok(());
        }
        Err(why) => {
            note(report, format!("nothing is kept: {why}"));
            return Ok(());
        }
    }
    let saved = left(path, &key, cx).and_then(|files| {
        let mut store = Store::new(&args.remote, BASELINES, "contents: write", cx)?;
        put(&mut store, &key, &files)
    });
    match saved {
        Ok(is_new) => {
            let word = if is_new { "added" } else { "unchanged" };
            note(report, format!("the report of {}: {word}", key.commit));
            cx.output("saved", word);
        }
        Err(error) => warn(report, "the report was not kept", &error),
    }
    Ok(())
}

/// What the gate left: what stands behind `report.json`, and the content.
fn left(path: &Path, key: &Key, cx: &Context) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let folder = cx.folder(path)?;
    let wrong =
        |name: &str, error: &std::io::Error| Error::input(format!("{}: {error}", path.join(name).display()));
    let mut files = Vec::new();
    for entry in folder.list("").map_err(|error| wrong("", &error))? {
        let Some(beside) = entry.name.strip_prefix(REPORT).filter(|beside| is_beside(beside)) else {
            continue;
        };
        if entry.kind != InputKind::File {
            continue;
        }
        if let Some(bytes) =
            folder.read(&entry.name, MOST as u64).map_err(|error| wrong(&entry.name, &error))?
        {
            files.push((beside.to_owned(), bytes));
        }
    }
    let shown = path.join(REPORT).display().to_string();
    let Some((_, bytes)) = files.iter().find(|(beside, _)| beside.is_empty()) else {
        return Err(Error::input(format!("{shown}: there is no report")));
    };
    let kept = lw_report::read(bytes).map_err(|error| Error::from(error).context(shown.clone()))?;
    let commit = kept.provenance.as_ref().and_then(|provenance| provenance.commit.as_deref());
    if commit != Some(key.commit.as_str()) || !kept.is_baseline() {
        return Err(Error::input(format!("{shown}: it is of another commit, or partial")));
    }
    Ok(files)
}

fn put(store: &mut Store, key: &Key, files: &[(String, Vec<u8>)]) -> Result<bool, Error> {
    let message = format!("Baseline of {}", key.commit);
    store.change(&message, &mut |_, before| {
        let kept = reports(names(before));
        if kept.iter().any(|kept| kept.key == *key) {
            return Ok((Vec::new(), false));
        }
        let count =
            names(before).filter_map(Kept::of_file).map(|(kept, _)| kept.count).max().unwrap_or(0) + 1;
        let gone = surplus(&kept, &key.of);
        let mut changes: Vec<Change> = names(before)
            .filter(|name| Kept::of_file(name).is_some_and(|(kept, _)| gone.contains(&kept)))
            .map(|name| Change { path: name.to_owned(), content: None })
            .collect();
        let entry = Kept { count, key: key.clone() };
        changes.extend(
            files
                .iter()
                .map(|(beside, bytes)| Change { path: entry.file(beside), content: Some(bytes.clone()) }),
        );
        Ok((changes, true))
    })
}
