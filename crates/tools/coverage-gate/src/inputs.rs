//! From report files to one coverage by the paths of the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt, parallel};
use lw_coverage::paths::{Filter, Mapper, RepoIndex, normalize};
use lw_coverage::{Coverage, Metric};
use lw_history::{Diff, Repository};
use lw_model::{Diagnose, Fact, Finding, Level, Report, grouped};

use crate::args::Args;

/// Names that a finding lists.
const LISTED: usize = 5;

/// What the reports tell.
pub(crate) struct Inputs {
    /// All of them merged, files by the paths of the repository.
    pub(crate) coverage: Coverage,
    /// Which files count.
    pub(crate) filter: Filter,
}

/// Reads, maps, merges and filters all reports.
///
/// # Errors
/// When a report is missing (as `--missing` says), malformed, or names files that cannot be told apart, and when there
/// is no executable line in any.
pub(crate) fn collect(
    args: &Args,
    cx: &Context,
    repository: Option<&Repository>,
    diff: Option<&Diff>,
    report: &mut Report,
) -> Result<Inputs, Error> {
    if args.coverage.is_empty() {
        return Err(Error::usage("there is no coverage report to judge")
            .hint("give --coverage FILE, on the command line or in lw.toml"));
    }
    let paths = cx.expand(&args.coverage, report)?;
    let coverages = read(&paths, cx)?;
    let index = index(cx, repository, diff);
    let root = cx.root().to_string_lossy().into_owned();
    let prefixes: Vec<String> =
        std::iter::once(&root).chain(&args.strip_prefix).map(|one| normalize(one)).collect();
    let mut mapper = Mapper::new(&index);
    for prefix in &prefixes {
        mapper = mapper.strip_prefix(prefix);
    }
    let here = cx.display_path(Path::new("."));
    for root in args.source_root.iter().chain(std::iter::once(&here)).filter(|root| !root.is_empty()) {
        mapper = mapper.root(root);
    }
    let filter = Filter::new(args.include.clone(), args.exclude.clone()).map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        Error::usage(error).hint(hint)
    })?;
    let mut coverage = Coverage::default();
    let mut unknown: Vec<String> = Vec::new();
    for (path, one) in paths.iter().zip(coverages) {
        tell(path, &one, cx, report);
        let mapped = mapper.map(one).context(path.display().to_string())?;
        coverage.merge(mapped.coverage).context(path.display().to_string())?;
        for (name, file) in mapped.unknown {
            let name = shorten(&name, &prefixes);
            if filter.keeps(&name) {
                unknown.push(name.clone());
            }
            coverage.add(name, file).context(path.display().to_string())?;
        }
    }
    filter.apply(&mut coverage);
    note_unknown(unknown, report);
    note_mixed(&coverage, report);
    let lines = coverage.figure(Metric::Line).counts.total;
    if lines == 0 && !args.allow_empty && !paths.is_empty() {
        let why = if coverage.files.is_empty() && !(args.include.is_empty() && args.exclude.is_empty()) {
            "include and exclude leave no file of the reports"
        } else {
            "the reports tell of no executable line"
        };
        return Err(
            Error::input(why).hint("did the tests run with coverage switched on? --allow-empty accepts it")
        );
    }
    Ok(Inputs { coverage, filter })
}

/// The path of a file that is not in the repository, without the beginnings that are to be taken off.
fn shorten(path: &str, prefixes: &[String]) -> String {
    let path = normalize(path);
    let below = |prefix: &String| path.strip_prefix(prefix.as_str())?.strip_prefix('/').map(str::to_owned);
    prefixes.iter().find_map(below).unwrap_or(path)
}

/// Reads all reports, as many at a time as there are processors.
fn read(paths: &[PathBuf], cx: &Context) -> Result<Vec<Coverage>, Error> {
    let files = cx.files();
    let progress = cx.progress("Reading reports", Some(paths.len() as u64));
    let one = |path: &PathBuf| -> Result<Coverage, Error> {
        // Read piece by piece: mapped whole, a report of 100 MB would take that much memory.
        let coverage = lw_coverage::read_from(files.stream(path)?).context(path.display().to_string());
        progress.advance(1);
        coverage
    };
    parallel::map(paths, one).into_iter().collect()
}

/// The files of the repository: those of its commit, or those on disk where there is no repository; and those of a
/// diff that was given, because the sources need not be there.
fn index(cx: &Context, repository: Option<&Repository>, diff: Option<&Diff>) -> RepoIndex {
    let changed = diff.into_iter().flat_map(|diff| &diff.files).map(|file| file.path.clone());
    if let Some(files) = repository.and_then(|repository| repository.files("HEAD").ok()) {
        return files.into_iter().chain(changed).collect();
    }
    let on_disk = walkdir::WalkDir::new(cx.root())
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| cx.display_path(entry.path()));
    on_disk.chain(changed).collect()
}

fn tell(path: &Path, coverage: &Coverage, cx: &Context, report: &mut Report) {
    let formats: Vec<&str> = coverage.formats.iter().map(lw_coverage::Format::name).collect();
    let files = coverage.files.len();
    let plural = if files == 1 { "" } else { "s" };
    report.facts.push(Fact {
        name: "coverage".into(),
        subject: None,
        value: format!("{} ({}, {} file{plural})", cx.display_path(path), formats.join(", "), count(files)),
    });
    for (kind, times) in coverage.warnings.counts() {
        let mut examples = coverage.warnings.examples().filter(|_| cx.files().may_quote(path));
        let example = examples.find(|warning| warning.kind == kind);
        let line = |line: u64| if line > 0 { format!(" in line {line}") } else { String::new() };
        let example =
            example.map(|first| format!(", first{}: `{}`", line(first.line), first.text)).unwrap_or_default();
        let name = cx.display_path(path);
        let message = format!("{name}: {} × {}{example}", grouped(times.into()), kind.text());
        let key = format!("{name}:{kind:?}");
        report.add_finding(Finding::new("coverage-gate/odd-report", Level::Note, &key, message));
    }
}

fn count(number: usize) -> String {
    grouped(i128::try_from(number).unwrap_or(i128::MAX))
}

/// Files that only the reports know count all the same, as they do in lcov; but the reader is told.
fn note_unknown(mut unknown: Vec<String>, report: &mut Report) {
    unknown.sort();
    unknown.dedup();
    if unknown.is_empty() {
        return;
    }
    let listed: Vec<String> = unknown.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = unknown.len() - listed.len();
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    let (files, are) = if unknown.len() == 1 { ("file", "is") } else { ("files", "are") };
    let message = format!(
        "{} {files} of the reports {are} not in the repository and {are} counted all the same: {}{more}",
        count(unknown.len()),
        listed.join(", ")
    );
    report.add_finding(
        Finding::new("coverage-gate/unknown-file", Level::Note, "files", message)
            .help("leave out what is not yours with --exclude, such as '/usr/**'; --source-root and --strip-prefix help where a path is only seen from elsewhere"),
    );
}

/// What two tools call a line differs, so a figure of both together is of neither.
fn note_mixed(coverage: &Coverage, report: &mut Report) {
    let mixed: Vec<_> = coverage.mixed().collect();
    let Some((first, formats)) = mixed.first() else { return };
    let names: Vec<&str> = formats.iter().map(lw_coverage::Format::name).collect();
    let files =
        if mixed.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", count(mixed.len())) };
    let message =
        format!("{files} measured by several formats, such as `{first}` by {}", names.join(" and "));
    let rules: BTreeSet<&str> = formats.iter().map(lw_coverage::Format::line_rule).collect();
    let finding = if rules.len() > 1 {
        let rules: Vec<String> =
            formats.iter().map(|format| format!("{}: {}", format.name(), format.line_rule())).collect();
        let message = format!("{message}: what a line is differs between them ({})", rules.join("; "));
        Finding::new("coverage-gate/mixed-formats", Level::Warning, "formats", message)
            .help("judge each format in a run of its own, or have all tests write one format")
    } else {
        Finding::new("coverage-gate/mixed-formats", Level::Note, "formats", message)
    };
    report.add_finding(finding);
}
