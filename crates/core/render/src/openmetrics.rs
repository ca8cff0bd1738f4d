//! OpenMetrics text, for GitLab's metrics report and for Prometheus.
//!
//! Format: <https://prometheus.io/docs/specs/om/open_metrics_spec/> (1.0). Measures become gauges in the base unit of
//! their kind, one family per unit, told apart by labels; percentages become ratios, as the specification asks. The
//! samples have no time stamps: the reader knows when it read them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use lw_model::{Measure, Number, Report, Unit, Verdict, openmetrics_label};

/// A family of metrics: one per unit.
struct Family {
    unit: Unit,
    name: &'static str,
    /// Unit of the specification, which the name has to end in.
    base: &'static str,
    help: &'static str,
}

const FAMILIES: [Family; 6] = [
    Family { unit: Unit::Bytes, name: "lw_measure_bytes", base: "bytes", help: "A measured size." },
    Family { unit: Unit::Seconds, name: "lw_measure_seconds", base: "seconds", help: "A measured duration." },
    Family {
        unit: Unit::Percent,
        name: "lw_measure_ratio",
        base: "ratio",
        help: "A measured share, 1 being all.",
    },
    Family { unit: Unit::Count, name: "lw_measure", base: "", help: "A measured number." },
    Family { unit: Unit::Points, name: "lw_measure_points", base: "", help: "A difference of percentages." },
    Family { unit: Unit::Score, name: "lw_measure_score", base: "", help: "A measured grade." },
];

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for family in &FAMILIES {
        let mut measures = report.measures.iter().filter(|measure| measure.unit == family.unit).peekable();
        if measures.peek().is_none() {
            continue;
        }
        writeln!(out, "# TYPE {} gauge", family.name)?;
        if !family.base.is_empty() {
            writeln!(out, "# UNIT {} {}", family.name, family.base)?;
        }
        writeln!(out, "# HELP {} {}", family.name, family.help)?;
        // The same labels twice would make the whole text invalid.
        let mut seen = BTreeSet::new();
        for measure in measures {
            if seen.insert((&measure.subject, &measure.name)) {
                writeln!(out, "{}{{{}}} {}", family.name, labels(report, measure), value(measure))?;
            }
        }
    }
    writeln!(out, "# TYPE lw_verdict stateset\n# HELP lw_verdict Outcome of the run.")?;
    let tool = openmetrics_label(&report.tool.name);
    for verdict in [Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Error] {
        let state = u8::from(verdict == report.verdict);
        writeln!(out, "lw_verdict{{tool=\"{tool}\",lw_verdict=\"{verdict}\"}} {state}")?;
    }
    writeln!(out, "# EOF")
}

fn labels(report: &Report, measure: &Measure) -> String {
    let mut labels = format!(
        "tool=\"{}\",measure=\"{}\"",
        openmetrics_label(&report.tool.name),
        openmetrics_label(&measure.name)
    );
    if let Some(subject) = &measure.subject {
        labels.push_str(&format!(",subject=\"{}\"", openmetrics_label(subject)));
    }
    labels
}

fn value(measure: &Measure) -> String {
    match (measure.unit, measure.value) {
        (Unit::Percent, value) => float(value.as_f64() / 100.0),
        (_, Number::Integer(value)) => value.to_string(),
        (_, Number::Decimal(value)) => float(value),
    }
}

/// The specification's names for what has no digits.
fn float(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.into()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn families_stand_together_and_the_text_has_an_end() {
        let mut report = Report::new("size-gate", "0");
        report.measures.push(Measure::bytes("image.bytes", 12));
        let mut share = Measure::bytes("coverage.line.percent", 0);
        (share.unit, share.value) = (Unit::Percent, Number::Decimal(62.5));
        report.measures.push(share);
        report.measures.push(Measure::bytes("ram.span", 5));
        assert_eq!(
            text(&report),
            "# TYPE lw_measure_bytes gauge\n# UNIT lw_measure_bytes bytes\n# HELP lw_measure_bytes A measured size.\n\
             lw_measure_bytes{tool=\"size-gate\",measure=\"image.bytes\"} 12\n\
             lw_measure_bytes{tool=\"size-gate\",measure=\"ram.span\"} 5\n\
             # TYPE lw_measure_ratio gauge\n# UNIT lw_measure_ratio ratio\n# HELP lw_measure_ratio A measured share, 1 being all.\n\
             lw_measure_ratio{tool=\"size-gate\",measure=\"coverage.line.percent\"} 0.625\n\
             # TYPE lw_verdict stateset\n# HELP lw_verdict Outcome of the run.\n\
             lw_verdict{tool=\"size-gate\",lw_verdict=\"pass\"} 1\n\
             lw_verdict{tool=\"size-gate\",lw_verdict=\"warn\"} 0\n\
             lw_verdict{tool=\"size-gate\",lw_verdict=\"fail\"} 0\n\
             lw_verdict{tool=\"size-gate\",lw_verdict=\"error\"} 0\n# EOF\n"
        );
    }

    #[test]
    fn a_hostile_name_stays_one_label_of_one_line() {
        let mut report = Report::new("size-gate", "0");
        report.measures.push(Measure::bytes("symbol.a\"} 1\nevil 2\\\r.bytes", 1));
        let text = text(&report);
        assert!(text.contains("measure=\"symbol.a\\\"} 1\\nevil 2\\\\\u{fffd}.bytes\"} 1\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("evil")));
    }
}
