//! What `go test -json` prints: one event a line, of all packages in turn (`go doc test2json`).
//!
//! A test with sub-tests is a test as well, as in Go's own count. Lines that are no JSON are those of the go command: packages
//! that could not be built, before Go 1.24.

use std::time::Duration;

use lw_hashed::{HashMap, HashSet};
use lw_model::lists::sort_by_key;
use serde::Deserialize;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};
use crate::lines::Lines;
use crate::model::{Attempt, Case, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, Span, short};
use crate::words::{self, GO};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    package: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    import_path: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    test: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    elapsed: Option<f64>,
    #[serde(borrow, default)]
    time: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    output: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Default)]
struct Package {
    suite: usize,
    output: Excerpt,
    failed_build: bool,
    ended: bool,
    /// Tests that have begun and not ended, by name.
    running: HashMap<String, (usize, Excerpt)>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut run = Run::new(Format::Go, End::Open);
    let mut packages: HashMap<String, Package> = HashMap::new();
    let mut builds: HashMap<String, Excerpt> = HashMap::new();
    let mut raw = Excerpt::default();
    let mut told_builds = HashSet::new();
    let mut span = Span::default();
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if !line.starts_with(b"{") {
            outside(line, &mut raw, &mut run, &mut told_builds, &lines);
            continue;
        }
        let event: Event<'_> = serde_json::from_slice(line).map_err(|error| {
            let cut = !lines.ended;
            lines.error(
                Format::Go,
                if cut {
                    Problem::Truncated("its last line does")
                } else {
                    Problem::Syntax(error.to_string())
                },
            )
        })?;
        if let Some(time) = &event.time {
            span.add(time);
        }
        let output = event.output.as_deref().unwrap_or_default().as_bytes();
        let unit = event.package.as_deref().or(event.import_path.as_deref()).unwrap_or_default();
        if event.action == "build-output" {
            builds.entry(unit.to_owned()).or_default().push(output);
            continue;
        }
        if event.action == "build-fail" {
            let (detail, replaced) = builds.remove(unit).unwrap_or_default().finish();
            run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
            let evidence =
                Evidence { message: "the package could not be built".into(), detail, ..Evidence::default() };
            run.trouble(TroubleKind::Build, unit, evidence);
            continue;
        }
        if unit.is_empty() {
            return Err(lines.error(Format::Go, Problem::Missing("`Package`")));
        }
        let name = unit.to_owned();
        let package = packages.entry(name).or_insert_with(|| {
            run.suites.push(Suite { name: unit.into(), cases: Vec::new() });
            Package { suite: run.suites.len() - 1, ..Package::default() }
        });
        let Some(suite) = run.suites.get_mut(package.suite) else { continue };
        match (&*event.action, event.test.as_deref()) {
            ("start", _) => package.ended = false,
            ("run", Some(test)) => {
                package.ended = false;
                let (name, _) = short(test.as_bytes());
                suite.cases.push(Case::new(unit, name, Attempt::new(State::Error).because("it did not end")));
                package.running.insert(test.to_owned(), (suite.cases.len() - 1, Excerpt::of_output()));
            }
            ("pause" | "cont" | "attr" | "artifacts" | "run", _) => {}
            ("output", Some(test)) => match package.running.get_mut(test) {
                // What go itself prints around a test says nothing that is not known.
                Some(_) if output.starts_with(b"=== ") || output.trim_ascii_start().starts_with(b"--- ") => {}
                Some((_, excerpt)) => excerpt.push(output),
                None => package.output.push(output),
            },
            ("output", None) => {
                package.failed_build |= memchr::memmem::find(output, b"[build failed]").is_some();
                package.output.push(output);
            }
            (action, test) => {
                let Some((state, _)) = words::state(GO, "Action", action) else {
                    let problem = Problem::UnknownWord { place: "Action", word: action.to_owned() };
                    return Err(lines.error(Format::Go, problem));
                };
                let duration = event.elapsed.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                match test {
                    Some(test) => {
                        let (at, excerpt) = package.running.remove(test).unwrap_or_else(|| {
                            let (name, _) = short(test.as_bytes());
                            suite.cases.push(Case::new(unit, name, Attempt::new(state)));
                            (suite.cases.len() - 1, Excerpt::of_output())
                        });
                        let Some(case) = suite.cases.get_mut(at) else { continue };
                        case.last = Attempt { duration, ..Attempt::new(state) };
                        if state != State::Passed && !excerpt.is_empty() {
                            let (output, replaced) = excerpt.finish();
                            // `t.Error` names its place; what else was printed may be anything.
                            let told = output.lines().find(|line| line.trim_start().contains("_test.go:"));
                            let message = told.or(output.lines().next()).unwrap_or_default().trim().into();
                            case.last.evidence =
                                Some(Box::new(Evidence { message, output, ..Evidence::default() }));
                            run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
                        }
                    }
                    None => {
                        let ended = end_of_package(package, state, suite);
                        if let Some((kind, evidence)) = ended.filter(|(kind, _)| {
                            *kind != TroubleKind::Build || told_builds.insert(unit.to_owned())
                        }) {
                            run.trouble(kind, unit, evidence);
                        }
                    }
                }
            }
        }
    }
    let mut unfinished: Vec<(&String, &mut Package)> =
        packages.iter_mut().filter(|(_, one)| !one.ended).collect();
    sort_by_key(&mut unfinished, |(_, package)| package.suite);
    for (name, package) in unfinished {
        if let Some(suite) = run.suites.get_mut(package.suite) {
            unended(package, suite);
        }
        let evidence =
            Evidence::message("the package has no end: the run was stopped, or its output was cut off");
        run.troubles.push(crate::model::Trouble {
            kind: TroubleKind::Unfinished,
            place: (**name).into(),
            evidence,
        });
    }
    run.suites.retain(|suite| !suite.cases.is_empty());
    run.wall = span.duration();
    Ok(run)
}

/// A line of the go command.
fn outside(line: &[u8], raw: &mut Excerpt, run: &mut Run, told: &mut HashSet<String>, lines: &Lines<'_>) {
    let text = String::from_utf8_lossy(line);
    let failed = text.strip_prefix("FAIL").and_then(|rest| {
        let (package, why) = rest.trim().split_once(' ')?;
        why.trim().strip_prefix('[').map(|_| package.to_owned())
    });
    let Some(package) = failed else {
        if line != b"FAIL" {
            raw.push_line(line);
            run.oddities.add(OddityKind::Line, u64::from(!line.starts_with(b"#")), || lines.number);
        }
        return;
    };
    if told.insert(package.clone()) {
        let (detail, _) = std::mem::take(raw).finish();
        let message = format!(
            "the package {}",
            text.split_once('[').map_or("failed", |(_, why)| why.trim_end_matches(']'))
        );
        run.trouble(
            TroubleKind::Build,
            &package,
            Evidence { message: message.into(), detail, ..Evidence::default() },
        );
    }
}

/// What is wrong with a package that has ended.
fn end_of_package(package: &mut Package, state: State, suite: &mut Suite) -> Option<(TroubleKind, Evidence)> {
    package.ended = true;
    let crashed = unended(package, suite);
    let explained = crashed || suite.cases.iter().any(|case| case.state().is_bad());
    let (detail, _) = std::mem::take(&mut package.output).finish();
    if package.failed_build {
        let message = "the package could not be built".into();
        return Some((TroubleKind::Build, Evidence { message, detail, ..Evidence::default() }));
    }
    // A panic after the last test, TestMain, or a program that ended by itself.
    (state == State::Failed && !explained).then(|| {
        let message = "the package failed, though none of its tests did".into();
        (TroubleKind::Suite, Evidence { message, detail, ..Evidence::default() })
    })
}

/// Tests that have begun and not ended when their package has.
fn unended(package: &mut Package, suite: &mut Suite) -> bool {
    let any = !package.running.is_empty();
    for (_, (at, excerpt)) in std::mem::take(&mut package.running) {
        if let Some(case) = suite.cases.get_mut(at) {
            let (output, _) = excerpt.finish();
            case.last.evidence.get_or_insert_default().output = output;
        }
    }
    any
}
