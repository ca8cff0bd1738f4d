//! What is wrong with a bill of materials, as measures and findings.

use lw_bom::Validation;
use lw_model::{Finding, Level, Location, Measure, Report};

/// Adds what was found: errors and warnings as measures, and everything as findings at their lines.
pub(crate) fn tell(validation: &Validation, file: &str, subject: Option<&str>, report: &mut Report) {
    for (name, level, label) in
        [("errors", Level::Error, "errors in the bill"), ("warnings", Level::Warning, "warnings in the bill")]
    {
        let count = validation.count(level) as u64;
        let mut measure = Measure::count(format!("sbom.{name}"), count).label(label);
        measure.subject = subject.map(str::to_owned);
        report.measures.push(measure);
    }
    for fault in &validation.faults {
        let level = fault.rule.level();
        let rule = match level {
            Level::Error => "sbom/invalid",
            Level::Warning => "sbom/doubtful",
            Level::Note => "sbom/unsaid",
        };
        let whose = fault.component.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let message = format!("{whose}{} [{}]", fault.message, fault.rule.name());
        let key = format!("{}:{}", fault.rule.name(), fault.pointer);
        let line = u32::try_from(fault.line).ok().filter(|line| *line > 0);
        let location = line.map_or_else(|| Location::file(file), |line| Location::line(file, line));
        let finding = Finding::new(rule, level, &key, message).help(fault.fix.clone());
        report.add_finding(finding.about(subject).at(Some(location)));
    }
    for (rule, more) in &validation.more {
        let id = match rule.level() {
            Level::Error => "sbom/invalid",
            Level::Warning => "sbom/doubtful",
            Level::Note => "sbom/unsaid",
        };
        let message = format!("{more} more faults of the sort {} are not listed", rule.name());
        let key = format!("{}:more", rule.name());
        report.add_finding(Finding::new(id, rule.level(), &key, message).about(subject));
    }
}
