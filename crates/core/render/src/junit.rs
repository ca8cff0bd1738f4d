//! JUnit XML, for the test view every CI has: a suite per subject, a case per limit and per finding.
//!
//! The names of the cases hold no numbers, so that a CI can follow a case from run to run. A breach that only
//! warns is a passed case with output: JUnit knows no warning, and a failed case would fail the pipeline.

use std::io::Write;

use lw_model::{Finding, Level, Limit, Measure, Outcome, Report, Verdict};
use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite, XmlString};

use crate::view::{self, Section};
use crate::{RenderError, escape, limit, show};

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let tool = escape::name(&show::tool(report));
    let mut suites = Suites::new(tool.as_str());
    let sections = view::sections(report);
    for section in &sections {
        suites.add_test_suite(suite(&tool, section));
    }
    if sections.is_empty() {
        // Some CIs take a file without suites for a broken one.
        suites.add_test_suite(TestSuite::new(tool.as_str()));
    }
    // Into memory first: its size is that of the findings, and quick-junit hides the kind of a write error.
    let mut xml = Vec::new();
    suites.serialize(&mut xml).map_err(std::io::Error::other)?;
    out.write_all(&xml)?;
    Ok(())
}

fn suite(tool: &str, section: &Section<'_>) -> TestSuite {
    let name = section
        .subject
        .map_or_else(|| tool.to_owned(), |subject| format!("{tool}: {}", escape::name(subject)));
    let class = section
        .subject
        .map_or_else(|| tool.to_owned(), |subject| format!("{tool}.{}", escape::name(subject)));
    let mut suite = TestSuite::new(name);
    for fact in &section.facts {
        suite.add_property((escape::name(&fact.name), escape::name(&fact.value)));
    }
    for (measure, limit) in section.limits() {
        suite.add_test_case(limit_case(&class, measure, limit));
    }
    for finding in section.told() {
        suite.add_test_case(finding_case(&class, finding));
    }
    suite
}

fn limit_case(class: &str, measure: &Measure, limit: &Limit) -> TestCase {
    let level = if limit.on_breach == Verdict::Warn { " (warn)" } else { "" };
    let name = format!("{} {}{level}", escape::name(&measure.name), limit.bound);
    let message = format!(
        "{} is {}: {} ({}, set by {})",
        escape::name(&measure.name),
        measure.unit.show(measure.value),
        limit::standing(measure, limit),
        limit::terms(measure, limit),
        limit::origin(limit),
    );
    let growth = show::figures(measure).growth;
    let detail =
        if growth.is_empty() { message.clone() } else { format!("{message}\nSince the baseline: {growth}") };
    let mut output = None;
    let status = match (limit.outcome, limit.on_breach) {
        (Outcome::Breached, Verdict::Fail) => failure("limit", &message, &detail),
        (Outcome::NotJudged, _) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message.as_str());
            status
        }
        (Outcome::Met, _) => TestCaseStatus::success(),
        (Outcome::Breached | Outcome::Overridden, _) => {
            output = Some(format!("{}: {detail}", limit::word(limit)));
            TestCaseStatus::success()
        }
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    if let Some(output) = output {
        case.set_system_out(output);
    }
    if let Some(location) = &limit.location {
        place(&mut case, location);
    }
    case
}

fn finding_case(class: &str, finding: &Finding) -> TestCase {
    let message = escape::prose(&finding.message);
    let mut detail = message.clone();
    if let Some(help) = &finding.help {
        detail.push_str("\nhelp: ");
        detail.push_str(&escape::prose(help));
    }
    if let Some(location) = &finding.location {
        detail.push_str("\nat ");
        detail.push_str(&show::place(location));
    }
    let status = if finding.is_failure_of_the_run() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status
            .set_type(escape::name(&finding.rule))
            .set_message(message.as_str())
            .set_description(detail.as_str());
        status
    } else if finding.level == Level::Error {
        failure(&escape::name(&finding.rule), &message, &detail)
    } else {
        TestCaseStatus::success()
    };
    // The fingerprint is the rule and what it is about, the same in every run.
    let mut case = TestCase::new(escape::name(&finding.fingerprint), status);
    case.set_classname(class);
    if finding.level != Level::Error {
        case.set_system_out(format!("{}: {detail}", finding.level.as_str()));
    }
    if let Some(location) = &finding.location {
        place(&mut case, location);
    }
    case
}

fn failure(kind: &str, message: &str, detail: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message).set_description(detail);
    status
}

/// `file` and `line` are read by GitLab and others and ignored by the rest.
fn place(case: &mut TestCase, location: &lw_model::Location) {
    case.extra.insert(XmlString::new("file"), XmlString::new(escape::name(&location.path)));
    if let Some(line) = location.line {
        case.extra.insert(XmlString::new("line"), XmlString::new(line.to_string()));
    }
}
