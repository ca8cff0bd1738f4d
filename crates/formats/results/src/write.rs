//! A result as JUnit XML, for other tools: every attempt of every test, in a suite per file and suite.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};

use crate::model::{Attempt, Case, Evidence, Run, State, Trouble};

/// Writes runs, each with its name, as one JUnit report.
///
/// # Errors
/// When quick-junit cannot write it.
pub fn write_junit<'a>(
    name: &str,
    runs: impl IntoIterator<Item = (&'a str, &'a Run)>,
) -> Result<Vec<u8>, std::io::Error> {
    let mut report = Report::new(name);
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
            report.add_test_suite(written);
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
            report.add_test_suite(written);
        }
    }
    let mut bytes = Vec::new();
    report.serialize(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
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
