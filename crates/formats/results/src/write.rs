//! A result as JUnit XML, for other tools: every attempt of every test, in a suite per file and suite.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};

use crate::model::{Attempt, Case, Evidence, Run, State, Trouble};

/// Writes runs, each with its name, as one JUnit report.
///
/// One suite after the other is made and written, since all of them as quick-junit holds them take more memory than the runs.
///
/// # Errors
/// Those of `out`, and when quick-junit cannot write a suite.
pub fn write_junit<'a, R>(name: &str, runs: R, out: &mut dyn io::Write) -> io::Result<()>
where
    R: IntoIterator<Item = (&'a str, &'a Run)> + Clone,
{
    let mut root = Report::new(name);
    for (_, run) in runs.clone() {
        let counts = run.counts();
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let unnamed = usize::from(run.unnamed_not_run > 0);
        let (named, outside) = (run.cases().count(), run.troubles.len() + unnamed);
        root.tests += named + outside;
        root.skipped += number(counts.skipped);
        root.failures += number(counts.failed);
        root.errors += number(counts.errors + counts.not_run - run.unnamed_not_run) + outside;
    }
    let whole = serialized(&root)?;
    let (before, after) = whole.split_at(end_of(&whole)?);
    out.write_all(before.trim_ascii_end())?;
    for (label, run) in runs {
        for suite in &run.suites {
            let name = match (label, &*suite.name) {
                ("", "") => name,
                ("", name) => name,
                (label, "") => label,
                (label, name) => &format!("{label} › {name}"),
            };
            let mut written = TestSuite::new(name);
            written.add_test_cases(suite.cases.iter().map(case));
            let time: Duration = suite.cases.iter().filter_map(Case::duration).sum();
            written.set_time(time);
            write_suite(written, out)?;
        }
        if !run.troubles.is_empty() || run.unnamed_not_run > 0 {
            let mut written = TestSuite::new(if label.is_empty() { name } else { label });
            written.add_test_cases(run.troubles.iter().map(trouble));
            if run.unnamed_not_run > 0 {
                let message = format!("{} tests did not run, and are not named", run.unnamed_not_run);
                written.add_test_case(TestCase::new(
                    "not run",
                    bad(NonSuccessKind::Error, &Evidence::message(message)),
                ));
            }
            write_suite(written, out)?;
        }
    }
    out.write_all(b"\n")?;
    out.write_all(after)
}

fn serialized(report: &Report) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    report.serialize(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Where the root ends: no text has a `<` in it.
fn end_of(bytes: &[u8]) -> io::Result<usize> {
    memchr::memmem::rfind(bytes, b"</testsuites>").ok_or_else(|| io::Error::other("the root has no end"))
}

/// A suite as it is within a root, which has no name here: the first `>` after its tag begins is the end of that.
fn write_suite(suite: TestSuite, out: &mut dyn io::Write) -> io::Result<()> {
    let mut root = Report::new("");
    root.add_test_suite(suite);
    let bytes = serialized(&root)?;
    let start = memchr::memmem::find(&bytes, b"<testsuites").unwrap_or_default();
    let head = memchr::memchr(b'>', bytes.get(start..).unwrap_or_default()).unwrap_or_default();
    let inner = bytes.get(start + head + 1..end_of(&bytes)?).unwrap_or_default();
    out.write_all(inner.trim_ascii_end())
}

fn kind(state: State) -> NonSuccessKind {
    if state == State::Failed { NonSuccessKind::Failure } else { NonSuccessKind::Error }
}

fn bad(kind: NonSuccessKind, evidence: &Evidence) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(&*evidence.message);
    if !evidence.detail.is_empty() {
        status.set_description(&*evidence.detail);
    }
    status
}

fn case(case: &Case) -> TestCase {
    let none = Evidence::default();
    let evidence = case.last.evidence.as_deref().unwrap_or(&none);
    let mut status = match case.last.state {
        State::Passed => TestCaseStatus::success(),
        State::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(&*evidence.message);
            status
        }
        State::NotRun => {
            let message = format!("not run: {}", evidence.message);
            bad(NonSuccessKind::Error, &Evidence { message: message.into(), ..evidence.clone() })
        }
        State::Failed | State::Error => bad(kind(case.last.state), evidence),
    };
    status.add_reruns(case.earlier.iter().filter(|attempt| attempt.state.is_bad()).map(rerun));
    let mut written = TestCase::new(&*case.name, status);
    written.set_classname(&*case.class);
    if let Some(time) = case.last.duration {
        written.set_time(time);
    }
    if !evidence.output.is_empty() {
        written.set_system_out(&*evidence.output);
    }
    if let Some(file) = &case.file {
        written.extra.insert(XmlString::new("file"), XmlString::new(file));
        if let Some(line) = case.line {
            written.extra.insert(XmlString::new("line"), XmlString::new(line.to_string()));
        }
    }
    written
}

fn rerun(attempt: &Attempt) -> TestRerun {
    let mut written = TestRerun::new(kind(attempt.state));
    if let Some(time) = attempt.duration {
        written.set_time(time);
    }
    if let Some(evidence) = &attempt.evidence {
        written.set_message(&*evidence.message);
        if !evidence.detail.is_empty() {
            written.set_stack_trace(&*evidence.detail);
        }
        if !evidence.output.is_empty() {
            written.set_system_out(&*evidence.output);
        }
    }
    written
}

fn trouble(trouble: &Trouble) -> TestCase {
    let mut written = TestCase::new(trouble.kind.as_str(), bad(NonSuccessKind::Error, &trouble.evidence));
    written.set_classname(&*trouble.place);
    if !trouble.evidence.output.is_empty() {
        written.set_system_out(&*trouble.evidence.output);
    }
    written
}
