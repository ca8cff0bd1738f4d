//! Every report of `tests/fixtures` against the figures its own tool prints.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};

use lw_coverage::{Coverage, CoverageError, Figure, FileCoverage, Format, Metric, detect, read, read_from};
use lw_model::Diagnose;
use serde_json::{Map, Value};

const SUFFIX: &str = ".expected.json";

fn cases() -> Vec<(PathBuf, Map<String, Value>)> {
    let mut cases = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for folder in fs::read_dir(root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if let Some(report) = name.strip_suffix(SUFFIX) {
                let expected = serde_json::from_slice(&fs::read(entry.path()).unwrap())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                cases.push((folder.path().join(report), expected));
            }
        }
    }
    assert!(cases.len() > 40, "{} cases", cases.len());
    cases
}

#[test]
fn every_report_gives_the_figures_of_its_tool() {
    let mut failures = Vec::new();
    for (path, expected) in cases() {
        let bytes = fs::read(&path).unwrap();
        let result = read(&bytes);
        assert_eq!(result, read_from(&bytes[..]), "{}: a stream is read like a slice", path.display());
        let mut wrong = Vec::new();
        match (&result, expected.get("error")) {
            (Ok(coverage), None) => check(coverage, &bytes, &expected, &mut wrong),
            (Err(error), Some(wanted)) => check_error(error, wanted, expected.get("hint"), &mut wrong),
            (Ok(_), Some(_)) => wrong.push("was read".to_owned()),
            (Err(error), None) => wrong.push(error.to_string()),
        }
        failures.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", path.display())));
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check_error(error: &CoverageError, wanted: &Value, hint: Option<&Value>, wrong: &mut Vec<String>) {
    if !error.to_string().starts_with(wanted.as_str().unwrap()) {
        wrong.push(format!("the error is `{error}`"));
    }
    let said = error.hint().unwrap();
    if !hint.is_none_or(|hint| said.contains(hint.as_str().unwrap())) {
        wrong.push(format!("the hint is `{said}`"));
    }
}

fn check(coverage: &Coverage, bytes: &[u8], expected: &Map<String, Value>, wrong: &mut Vec<String>) {
    let mut known = vec!["format", "files", "roots", "warnings", "basis"];
    known.extend(Metric::ALL.map(Metric::name));
    wrong.extend(expected.keys().filter(|key| !known.contains(&key.as_str())).map(|key| format!("{key}?")));

    let format = expected["format"].as_str().unwrap();
    // What is compressed is recognised only after that.
    let detected = detect(bytes).map(Format::name);
    if coverage.formats.iter().map(Format::name).ne([format])
        || detected.is_some_and(|detected| detected != format)
    {
        wrong.push(format!("the format is {:?}, {detected:?}", coverage.formats));
    }
    let warnings: Map<String, Value> =
        coverage.warnings.counts().map(|(kind, count)| (format!("{kind:?}"), count.into())).collect();
    if expected.get("warnings").and_then(Value::as_object).unwrap_or(&Map::new()) != &warnings {
        wrong.push(format!("warnings are {warnings:?}"));
    }
    let roots: Vec<&str> = coverage.roots.iter().map(String::as_str).collect();
    if let Some(expected) = expected.get("roots")
        && *expected != Value::from(roots.clone())
    {
        wrong.push(format!("roots are {roots:?}"));
    }
    figures(expected, |metric| coverage.figure(metric), "", wrong);
    for metric in Metric::ALL {
        let wanted = expected.get("basis").and_then(|basis| basis.get(metric.name()));
        let basis = format!("{:?}", coverage.figure(metric).basis);
        if wanted.is_some_and(|wanted| wanted.as_str() != Some(&basis)) {
            wrong.push(format!("the basis of {metric} is {basis}"));
        }
    }
    for (path, expected) in expected.get("files").and_then(Value::as_object).unwrap_or(&Map::new()) {
        match coverage.files.get(path) {
            Some(file) => check_file(file, path, expected.as_object().unwrap(), wrong),
            None => wrong.push(format!("{path} is not in {:?}", coverage.files.keys())),
        }
    }
}

fn check_file(file: &FileCoverage, path: &str, expected: &Map<String, Value>, wrong: &mut Vec<String>) {
    figures(expected, |metric| file.figure(metric), path, wrong);
    let missed: Vec<u32> = file.lines().iter().filter(|line| line.1 == 0).map(|line| line.0).collect();
    let partial: Vec<u32> = file.partial_lines().collect();
    for (key, lines) in [("missed", missed), ("partial", partial)] {
        if expected.get(key).is_some_and(|expected| *expected != Value::from(lines.clone())) {
            wrong.push(format!("{key} lines of {path} are {lines:?}"));
        }
    }
}

fn figures(
    expected: &Map<String, Value>,
    figure: impl Fn(Metric) -> Figure,
    whose: &str,
    wrong: &mut Vec<String>,
) {
    for metric in Metric::ALL {
        if let Some(expected) = expected.get(metric.name()) {
            let counts = figure(metric).counts;
            if *expected != Value::from(vec![counts.covered, counts.total]) {
                wrong.push(format!("{whose} {metric} {counts}, not {expected}"));
            }
        }
    }
}

/// One run, told by coverage.py in two formats, is the same run: nothing is counted twice under two names.
#[test]
fn two_reports_of_one_run_agree_on_every_branch() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let open = |name: &str| read(&fs::read(folder.join(name)).unwrap()).unwrap();
    let mut both = open("lcov/coveragepy717.info");
    let json = open("coveragepy/branches.json");
    for (path, file) in &json.files {
        assert_eq!(file.branches(), both.files[path].branches(), "{path}");
    }
    both.merge(json.clone()).unwrap();
    for metric in [Metric::Line, Metric::Branch, Metric::Function] {
        assert_eq!(both.figure(metric), json.figure(metric));
    }
    assert_eq!(both.mixed().count(), 3);
}

/// Whatever is cut off a report, less of it is never a better figure without an error.
#[test]
fn a_part_of_a_report_is_an_error() {
    for (path, expected) in cases() {
        // A profile of Go has no end that could be missing, and gzip has its own.
        if expected.contains_key("error") || expected["format"] == "Go coverprofile" {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let whole = read(&bytes).unwrap();
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 300) {
            if let Ok(part) = read(&bytes[..length]) {
                let missing = bytes[length..].trim_ascii();
                // Sections of a tracefile and documents of gcov follow each other without an end of the whole.
                let text = String::from_utf8_lossy(&bytes[..length]);
                let closed = text.rsplit_once("end_of_record").is_some_and(|(_, rest)| !rest.contains("SF:"));
                let documents = text.trim_end().ends_with('}');
                assert!(
                    missing.is_empty() || closed || documents || part.files.is_empty(),
                    "{}: {length} bytes of {} give {:?} of {:?}",
                    path.display(),
                    bytes.len(),
                    part.figure(Metric::Line),
                    whole.figure(Metric::Line)
                );
            }
        }
    }
}
