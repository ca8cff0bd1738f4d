//! From report files to one coverage by the paths of the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt, parallel};
use lw_coverage::paths::{Filter, Mapper, RepoIndex, normalize};
use lw_coverage::{Coverage, Metric};
use lw_history::{Diff, Repository};
use lw_model::lists::filled;
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
    /// The files of the repository.
    pub(crate) index: RepoIndex,
    /// Files that reports measure and that do not count, by the paths of the repository.
    pub(crate) left_out: BTreeSet<String>,
    /// Whether there is a report of which no file is in the repository: what it measured is not known.
    pub(crate) unmatched: bool,
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
    let mut paths = cx.expand(&args.coverage, report)?;
    // One report is one, however often and in whatever way it is named.
    let mut names = BTreeSet::new();
    paths.retain(|path| names.insert(normalize(&cx.display_path(path))));
    let coverages = read(&paths, cx)?;
    let (index, is_commit) = index(cx, repository, diff);
    let root = cx.root().to_string_lossy().into_owned();
    let prefixes: Vec<String> =
        std::iter::once(&root).chain(&args.strip_prefix).map(|one| normalize(one)).collect();
    let mut mapper = Mapper::new(&index).working_folder(&cx.display_path(Path::new(".")));
    for prefix in &prefixes {
        mapper = mapper.strip_prefix(prefix);
    }
    let (roots, own_roots) = source_roots(args, &paths, cx)?;
    for root in roots {
        mapper = mapper.root(root);
    }
    let filter = Filter::new(args.include.clone(), args.exclude.clone()).map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        Error::usage(error).hint(hint)
    })?;
    let mut coverage = Coverage::default();
    let mut unknown = Unknown::default();
    let (mut unmatched, mut with_lines) = (Vec::new(), 0);
    for ((path, one), own) in paths.iter().zip(coverages).zip(own_roots) {
        tell(path, &one, cx, report);
        let any = has_lines(&one);
        with_lines += usize::from(any);
        if !any && !args.allow_empty && paths.len() > 1 {
            note_empty(&cx.display_path(path), report);
        }
        let name = cx.display_path(path);
        let mut mapper = mapper.clone().folder(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        for root in own {
            mapper = mapper.own_root(root);
        }
        let mapped = mapper.map(one).context(path.display().to_string())?;
        let known = mapped.coverage.files.len();
        coverage.merge(mapped.coverage).context(path.display().to_string())?;
        let mut foreign = 0;
        for (name, file) in mapped.unknown {
            let name = shorten(&name, &prefixes);
            if filter.keeps(&name) {
                unknown.files.insert(name.clone());
                foreign += 1;
            }
            coverage.add(name, file).context(path.display().to_string())?;
        }
        unknown.other_case.extend(mapped.other_case);
        if known == 0 && foreign > 0 {
            unmatched.push(name);
        }
    }
    let left_out: BTreeSet<String> =
        filled(coverage.files.keys().filter(|path| !filter.keeps(path)).cloned());
    note_patterns(args, &coverage, &index, report);
    filter.apply(&mut coverage);
    expect(args, paths.len(), with_lines, cx, report);
    note_unmatched(&unmatched, is_commit, report);
    note_unknown(&unknown, report);
    note_mixed(&coverage, report);
    if !has_lines(&coverage) && !args.allow_empty && !paths.is_empty() {
        let why = if coverage.files.is_empty() && !(args.include.is_empty() && args.exclude.is_empty()) {
            "include and exclude leave no file of the reports"
        } else {
            "the reports have no executable line"
        };
        return Err(
            Error::input(why).hint("did the tests run with coverage switched on? --allow-empty accepts it")
        );
    }
    // Where every report is missing, nothing is known of the change either.
    let unmatched = (is_commit && !unmatched.is_empty()) || paths.is_empty();
    Ok(Inputs { coverage, filter, index, left_out, unmatched })
}

/// Whether any file has an executable line. Most often the first one does, and no other has to be counted.
fn has_lines(coverage: &Coverage) -> bool {
    coverage.files.values().any(|file| file.figure(Metric::Line).counts.total > 0)
}

/// What the reports of the base tell, by the paths of that commit.
///
/// # Errors
/// When one is missing (as `--missing` says), malformed, or names files that cannot be told apart.
pub(crate) fn earlier(
    args: &Args,
    cx: &Context,
    index: &RepoIndex,
    filter: &Filter,
    report: &mut Report,
) -> Result<Coverage, Error> {
    let paths = cx.expand(&args.baseline_coverage, report)?;
    let root = cx.root().to_string_lossy();
    let mut mapper = Mapper::new(index).working_folder(&cx.display_path(Path::new(".")));
    for prefix in std::iter::once(&*root).chain(args.strip_prefix.iter().map(String::as_str)) {
        mapper = mapper.strip_prefix(prefix);
    }
    for root in args.source_root.iter().filter(|root| !root.contains('=')) {
        mapper = mapper.root(root);
    }
    let mut coverage = Coverage::default();
    for (path, one) in paths.iter().zip(read(&paths, cx)?) {
        let name = cx.display_path(path);
        let mapper = mapper.clone().folder(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        let mapped = mapper.map(one).context(path.display().to_string())?;
        coverage.merge(mapped.coverage).context(path.display().to_string())?;
    }
    filter.apply(&mut coverage);
    Ok(coverage)
}

/// The folders that hold for all reports, and those of each report.
///
/// # Errors
/// When a folder is named for a report that is not there.
fn source_roots<'a>(
    args: &'a Args,
    paths: &[PathBuf],
    cx: &Context,
) -> Result<(Vec<&'a str>, Vec<Vec<&'a str>>), Error> {
    let (mut all, mut own) = (Vec::new(), vec![Vec::new(); paths.len()]);
    for (place, spec) in args.source_root.iter().enumerate() {
        // A folder may have a `=` in its name, as one that is there.
        let pair = spec.split_once('=').filter(|_| !cx.root().join(spec).is_dir());
        let Some((pattern, root)) = pair else {
            all.push(spec.as_str());
            continue;
        };
        let wanted = normalize(pattern);
        let mut found = false;
        for (path, roots) in paths.iter().zip(&mut own) {
            let names = [normalize(&path.to_string_lossy()), cx.display_path(path)];
            if names.iter().any(|name| *name == wanted || fast_glob::glob_match(&wanted, name)) {
                roots.push(root);
                found = true;
            }
        }
        if !found {
            let origin = cx.origin("source_root", place).text;
            return Err(Error::usage(format!("{origin}: no report is `{pattern}`"))
                .hint("write --source-root REPORT=FOLDER with a path or glob of --coverage"));
        }
    }
    Ok((all, own))
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
/// diff that was given, because the sources need not be there. Also whether they are those of a commit.
fn index(cx: &Context, repository: Option<&Repository>, diff: Option<&Diff>) -> (RepoIndex, bool) {
    let changed = diff
        .into_iter()
        .flat_map(|diff| diff.files.iter().chain(&diff.uncompared))
        .map(|file| file.path.clone());
    if let Some(files) = repository.and_then(|repository| repository.files("HEAD").ok()) {
        return (files.into_iter().chain(changed).collect(), true);
    }
    let on_disk = walkdir::WalkDir::new(cx.root())
        .into_iter()
        .filter_entry(|entry| entry.file_name() != ".git")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| cx.display_path(entry.path()));
    (on_disk.chain(changed).collect(), false)
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

/// Some names of many, for a sentence.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown: Vec<String> = names.take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Files that the repository does not have.
#[derive(Default)]
struct Unknown {
    files: BTreeSet<String>,
    /// Those that differ from a file of the repository only in the case of letters, each with that file.
    other_case: Vec<(String, String)>,
}

/// Files that only the reports know count all the same, as they do in lcov; but the reader is told.
fn note_unknown(unknown: &Unknown, report: &mut Report) {
    if unknown.files.is_empty() {
        return;
    }
    let (files, are) = if unknown.files.len() == 1 { ("file", "is") } else { ("files", "are") };
    let mut message = format!(
        "{} {files} of the reports {are} not in the repository and {are} counted all the same: {}",
        count(unknown.files.len()),
        listed(unknown.files.iter())
    );
    if let Some((written, file)) = unknown.other_case.first() {
        message +=
            &format!("; `{written}` differs from `{file}` of the repository only in the case of letters");
    }
    let kotlin = unknown.files.iter().find(|path| path.ends_with(".kt"));
    let help = match kotlin.and_then(|path| path.rsplit_once('/')) {
        Some((package, _)) => format!(
            "Kotlin sources lie without the folders of their root package: take it off with --strip-prefix, such as {package}, and name the folder of the sources with --source-root"
        ),
        None => "leave out what is not yours with --exclude, such as '/usr/**'; --source-root and --strip-prefix help where a path is only seen from elsewhere".to_owned(),
    };
    report.add_finding(Finding::new("coverage-gate/unknown-file", Level::Note, "files", message).help(help));
}

/// A report of which nothing is in the repository measured something else, or names its files in a way nobody follows.
fn note_unmatched(reports: &[String], is_repository: bool, report: &mut Report) {
    for name in reports {
        // Without a repository the sources need not be there.
        let level = if is_repository { Level::Warning } else { Level::Note };
        let message = format!("{name}: none of the files it measures is in the repository");
        report.add_finding(Finding::new("coverage-gate/nothing-matched", level, name, message).help(
            "--source-root names the folder its paths are relative to, --strip-prefix takes off what only the machine of the build has in front of them, --exclude leaves out what is not yours",
        ));
    }
}

fn note_empty(name: &str, report: &mut Report) {
    let message = format!("{name} tells of no executable line, though other reports do");
    report.add_finding(
        Finding::new("coverage-gate/empty-report", Level::Warning, name, message)
            .help("did these tests run with coverage switched on? --allow-empty accepts it"),
    );
}

/// Holds the number of reports to what was said to be expected.
fn expect(args: &Args, found: usize, with_lines: usize, cx: &Context, report: &mut Report) {
    let Some(expected) = args.expect_reports.filter(|expected| *expected != with_lines) else { return };
    let empty = found.saturating_sub(with_lines);
    let but = match (found, empty) {
        (_, 0) => count(found),
        (_, empty) => format!("{} and {} without any", count(with_lines), count(empty)),
    };
    let message = format!(
        "{} reports with executable lines are expected, and there are {but} ({})",
        count(expected),
        cx.origin("expect_reports", 0).text
    );
    report.add_finding(Finding::new("coverage-gate/report-count", Level::Error, "reports", message).help(
        "a job whose report is lost leaves its part of the code unmeasured: see which one is missing, or correct the number",
    ));
}

/// A pattern that matches nothing is a misspelling, or has been left over.
fn note_patterns(args: &Args, coverage: &Coverage, index: &RepoIndex, report: &mut Report) {
    for (word, patterns) in [("include", &args.include), ("exclude", &args.exclude)] {
        for pattern in patterns {
            let Ok(matches) = Filter::matcher(pattern) else { continue };
            let any = coverage.files.keys().any(|path| matches(path));
            let (message, help) = if let Some(inner) = pattern.strip_prefix('!') {
                let others =
                    if word == "include" { "counts every file but" } else { "leaves out every file but" };
                let message = format!("--{word} {pattern} {others} {inner}: a `!` turns a pattern around");
                let other = if word == "include" { "exclude" } else { "include" };
                (message, format!("if that is meant, --{other} {inner} says it in plain words"))
            } else if any {
                continue;
            } else if index.files().any(&matches) {
                let help = "files of the repository match it, but no report measures them".to_owned();
                (format!("--{word} {pattern} matches no measured file"), help)
            } else {
                let help = "globs are matched against paths from the repository's root, such as src/gen/**";
                (format!("--{word} {pattern} matches no measured file"), help.to_owned())
            };
            let key = format!("{word}:{pattern}");
            report.add_finding(
                Finding::new("coverage-gate/unused-pattern", Level::Note, &key, message).help(help),
            );
        }
    }
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
    let rules: BTreeSet<&str> = filled(formats.iter().map(lw_coverage::Format::line_rule));
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
