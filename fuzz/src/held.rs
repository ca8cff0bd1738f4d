//! What several targets hold a coverage to, whatever report it was read from.

use std::collections::BTreeMap;

use lw_coverage::write::{CoberturaOptions, Dialect, cobertura, lcov};
use lw_coverage::{Basis, Counts, Coverage, FileCoverage, Format, Metric, Sense, detect, read, read_from};
use lw_dependencies::{MemoryTree, Options, Places, READERS};
use lw_inventory::{Inventory, Source};
use lw_model::Diagnose;

/// A writer numbers the branches of which only the number is known, at most 65,536 of a line: a few bytes of input
/// may become megabytes, which are bounded but slow.
const MAX_NUMBERED: u64 = 1 << 12;

/// Reads a report of one of these formats and checks what came of it.
pub fn report_of(formats: &[Format], bytes: &[u8]) {
    if !detect(bytes).is_some_and(|format| formats.contains(&format)) {
        return;
    }
    let read = read(bytes);
    assert_eq!(read_from(bytes), read, "in one piece and from a stream");
    match read {
        Ok(coverage) => {
            consistent(&coverage);
            written(&coverage);
        }
        Err(error) => explained(&error),
    }
}

/// An error says what is wrong.
pub fn explained<E: Diagnose>(error: &E) {
    assert!(!error.to_string().is_empty());
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()));
}

/// The figures of a coverage belong together.
pub fn consistent(coverage: &Coverage) {
    for metric in Metric::ALL {
        let sum =
            coverage.files.values().fold(Counts::default(), |sum, file| sum + file.figure(metric).counts);
        let figure = coverage.figure(metric);
        assert_eq!(figure.counts, sum, "{metric}");
        assert!(sum.covered <= sum.total, "{metric}: {sum}");
        if let Some(percent) = sum.percent() {
            let whole = percent.to_string() == "100.00 %";
            assert_eq!(whole, sum.covered == sum.total, "{metric}: {sum} is {percent}");
        }
    }
    for (path, file) in &coverage.files {
        lines(path, file);
        branches(path, file);
        for metric in Metric::ALL {
            let Counts { covered, total } = file.figure(metric).counts;
            assert!(covered <= total, "{path}, {metric}: {covered} of {total}");
        }
        let sorted = file.functions().is_sorted_by(|a, b| (a.start, &a.name) < (b.start, &b.name));
        assert!(sorted, "{path}: functions");
    }
}

fn lines(path: &str, file: &FileCoverage) {
    let lines: Vec<_> = file.lines().iter().collect();
    assert!(lines.is_sorted_by(|a, b| a.0 < b.0), "{path}: lines");
    assert!(lines.iter().all(|(line, hits)| file.lines().get(*line) == Some(*hits)), "{path}: lines");
    let covered = lines.iter().filter(|(_, hits)| *hits > 0).count();
    assert_eq!(file.lines().counts(), Counts::new(covered as u64, lines.len() as u64), "{path}: lines");
}

fn branches(path: &str, file: &FileCoverage) {
    let mut sum = Counts::default();
    let mut last = None;
    for line in file.branches().by_line() {
        assert!(last < Some(line.line), "{path}: branches of line {}", line.line);
        assert!(line.counts.covered <= line.counts.total, "{path}: {line:?}");
        last = Some(line.line);
        sum += line.counts;
    }
    assert_eq!(file.branches().figure().counts, sum, "{path}: branches");
    for line in file.partial_lines() {
        assert!(file.lines().get(line).is_some_and(|hits| hits > 0), "{path}: partial line {line}");
    }
}

/// What a format keeps of a file, to compare before and after.
#[derive(Debug, PartialEq, Eq)]
struct Kept<'a> {
    lines: Vec<(u32, u64)>,
    branches: BTreeMap<u32, Counts>,
    functions: Vec<(u32, u64, &'a str)>,
}

impl<'a> Kept<'a> {
    fn of(file: &'a FileCoverage) -> Self {
        let branches = file.branches().by_line().filter(|line| line.counts.total > 0);
        let functions = file.functions().iter();
        Self {
            lines: file.lines().iter().collect(),
            branches: branches.map(|line| (line.line, line.counts)).collect(),
            functions: functions.map(|function| (function.start, function.hits, &*function.name)).collect(),
        }
    }

    /// Cobertura has no place for branches of a line that is not executable.
    fn with_branches_of_lines(mut self) -> Self {
        let Self { lines, branches, .. } = &mut self;
        branches.retain(|line, _| lines.binary_search_by_key(line, |line| line.0).is_ok());
        self
    }
}

fn kept(coverage: &Coverage) -> BTreeMap<&str, Kept<'_>> {
    coverage.files.iter().map(|(path, file)| (&**path, Kept::of(file))).collect()
}

/// What is written can be read, and is the same.
pub fn written(coverage: &Coverage) {
    let numbered = coverage.figure(Metric::Branch).counts.total;
    if coverage.files.is_empty() || numbered > MAX_NUMBERED {
        return;
    }
    let summary = coverage.files.values().any(FileCoverage::is_summary);
    // Line breaks and control characters cannot be written as they are, so two names may become one.
    let names = coverage.files.iter().flat_map(|(path, file)| {
        let functions = file.functions().iter().map(|function| &*function.name);
        functions.chain([path.as_str()])
    });
    let plain = names
        .into_iter()
        .all(|name| !name.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')));
    for dialect in [Dialect::Universal, Dialect::Version2] {
        let mut bytes = Vec::new();
        let done = lcov(coverage, dialect, &mut bytes);
        assert_eq!(done.is_err(), summary, "{dialect:?}");
        if summary {
            assert!(bytes.is_empty());
            continue;
        }
        let again = read(&bytes).expect("a tracefile that was written can be read");
        consistent(&again);
        if plain {
            assert_eq!(kept(&again), kept(coverage), "{dialect:?}");
            if dialect == Dialect::Version2 {
                conditions(coverage, &again);
            }
        }
    }
    let mut bytes = Vec::new();
    let done = cobertura(coverage, &CoberturaOptions::default(), &mut bytes);
    assert_eq!(done.is_err(), summary, "Cobertura");
    if summary {
        return;
    }
    let again = read(&bytes).expect("a Cobertura report that was written can be read");
    consistent(&again);
    if plain {
        for (path, file) in &coverage.files {
            let before = Kept::of(file).with_branches_of_lines();
            assert_eq!(Kept::of(&again.files[path]), before, "{path}");
        }
    }
}

/// llvm-cov's pairs, which become two outcomes, aside.
fn conditions(before: &Coverage, after: &Coverage) {
    for (path, file) in &before.files {
        if file.conditions().iter().all(|condition| condition.sense != Sense::Pair) {
            let again = after.files[path].figure(Metric::Condition);
            assert_eq!(again.counts, condition_counts(file), "{path}");
            assert_eq!(again.basis, Basis::Detailed);
        }
    }
}

fn condition_counts(file: &FileCoverage) -> Counts {
    let taken = file.conditions().iter().filter(|condition| condition.taken.is_some_and(|taken| taken > 0));
    Counts::new(taken.count() as u64, file.conditions().len() as u64)
}

/// Reads a lock file, and after a line `--manifest--` the manifest beside it, and checks what came of it.
pub fn lock_of(file: &str, manifest: &str, bytes: &[u8]) {
    let split = b"\n--manifest--\n";
    let at = bytes.windows(split.len()).position(|window| window == split);
    let mut files = vec![(file, at.map_or(bytes, |at| &bytes[..at]).to_vec())];
    files.extend(at.map(|at| (manifest, bytes[at + split.len()..].to_vec())));
    let tree = MemoryTree::new(files);
    let reader = READERS.iter().find(|reader| reader.files.contains(&file)).expect("a reader of this file");
    match (reader.read)(&Places::of(&tree), file, &Options::default()) {
        Ok(inventory) => sound(&inventory),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with(file) || text.starts_with(manifest), "{text}");
            explained(&error);
        }
    }
}

/// There is a root, all is reached from it, and nothing leads to this machine.
pub fn sound(inventory: &Inventory) {
    let reached = inventory.reachable();
    assert!(inventory.root().is_some());
    for (id, component) in inventory.iter() {
        assert!(reached.contains(&id), "{component:?}");
        if let Some(purl) = &component.purl {
            assert_eq!(purl.to_string().parse().as_ref(), Ok(purl));
        }
        match &component.source {
            Source::Path(path) => {
                assert!(!path.starts_with('/') && component.purl.is_none(), "{component:?}");
            }
            Source::Git { url, .. } | Source::Url(url) | Source::Registry(url) => {
                assert!(!url.starts_with("file:") && !url.starts_with('/'), "{url}");
                let authority = url
                    .split_once("://")
                    .map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
                assert!(!authority.contains('@'), "{url}");
            }
            _ => {}
        }
    }
}

/// Reads test results of a format and checks what came of it.
pub fn results_of(format: lw_results::Format, bytes: &[u8]) {
    let _ = lw_results::read(bytes);
    let run = match lw_results::read_as(format, bytes) {
        Ok(run) => run,
        Err(error) => return explained(&error),
    };
    let counts = run.counts();
    let cases = run.cases().count() as u64;
    assert_eq!(counts.total(), cases + run.unnamed_not_run);
    assert!(counts.flaky + counts.warned <= 2 * counts.passed);
    // What is kept is bounded, however long it was.
    for (_, case) in run.cases() {
        for attempt in case.earlier.iter().chain([&case.last]) {
            if let Some(evidence) = &attempt.evidence {
                assert!(evidence.message.len() <= 8 << 10, "{}", evidence.message.len());
                assert!(evidence.detail.len() + evidence.output.len() <= 64 << 10);
            }
        }
    }
    let mut written = Vec::new();
    lw_results::write_junit("all", [("", &run)], &mut written).expect("a run can be written");
    let again =
        lw_results::read_as(lw_results::Format::Junit, &written).expect("what was written can be read");
    assert_eq!(again.is_red(), run.is_red());
    assert_eq!(again.counts().passed, counts.passed);
    assert_eq!(again.counts().skipped, counts.skipped);
}

/// Reads the figures of a format and checks what came of it.
pub fn figures_of(format: lw_figures::Format, bytes: &[u8]) {
    match lw_figures::read(format, bytes) {
        Ok(figures) => {
            for figure in &figures.figures {
                assert!(figure.value.as_f64().is_finite());
                assert!(figure.whole.is_none_or(|whole| whole >= figure.value));
            }
        }
        Err(error) => explained(&error),
    }
}
