//! Lines as other programs read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lw_model::{Number, Unit, openmetrics_label};

use crate::line::{Figure, Line};
use crate::month::moment;
use crate::trend::Filter;

/// The lines as they are recorded, with the figures that a filter means only.
///
/// # Errors
/// When a line has more bytes than a line may have, which one that was read has not.
pub fn jsonl(lines: &[Line], filter: &Filter) -> Result<String, crate::LineError> {
    let mut text = String::new();
    for line in lines {
        let figures: Vec<Figure> =
            line.figures.iter().filter(|figure| filter.takes(figure)).cloned().collect();
        if !figures.is_empty() {
            text.push_str(&Line { figures, ..line.clone() }.to_text()?);
            text.push('\n');
        }
    }
    Ok(text)
}

/// Comma-separated values with a line of names (RFC 4180, with line feeds alone).
///
/// A spreadsheet calculates what begins with `=`, `+`, `-`, `@`, a tab or a carriage return: a text that does is written with an
/// apostrophe before it (<https://owasp.org/www-community/attacks/CSV_Injection>).
#[must_use]
pub fn csv(lines: &[Line], filter: &Filter) -> String {
    let mut text = "time,commit,tool,title,subject,measure,value,whole,unit,verdict,limits\n".to_owned();
    for line in lines {
        for figure in line.figures.iter().filter(|figure| filter.takes(figure)) {
            let limits: Vec<String> = figure.limits.iter().map(|gate| gate.terms(figure.unit)).collect();
            let whole = figure.whole.map(number).unwrap_or_default();
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{whole},{},{},{}",
                moment(line.time),
                line.commit,
                cell(&figure.tool),
                cell(figure.title.as_deref().unwrap_or_default()),
                cell(figure.subject.as_deref().unwrap_or_default()),
                cell(&figure.name),
                number(figure.value),
                figure.unit.as_str(),
                figure.verdict.as_str(),
                cell(&limits.join("; ")),
            );
        }
    }
    text
}

fn number(number: Number) -> String {
    match number {
        Number::Integer(value) => value.to_string(),
        Number::Decimal(value) => value.to_string(),
    }
}

/// A cell of foreign text.
fn cell(text: &str) -> String {
    let is_formula =
        text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']) || text.starts_with(['\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.contains([',', '"', ' ', ';']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A family of metrics, as the reports of the suite name them: its unit, and what its values are divided by.
fn family(unit: Unit) -> (&'static str, &'static str, &'static str) {
    match unit {
        Unit::Bytes => ("lw_measure_bytes", "bytes", "A measured size."),
        Unit::Seconds => ("lw_measure_seconds", "seconds", "A measured duration."),
        Unit::Percent => ("lw_measure_ratio", "ratio", "A measured share, 1 being all."),
        Unit::Count => ("lw_measure", "", "A measured number."),
        Unit::Points => ("lw_measure_points", "", "A difference of percentages."),
        Unit::Score => ("lw_measure_score", "", "A measured grade."),
    }
}

const UNITS: [Unit; 6] = [Unit::Bytes, Unit::Seconds, Unit::Percent, Unit::Count, Unit::Points, Unit::Score];

/// OpenMetrics text with the time of each commit (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), for
/// `promtool tsdb create-blocks-from openmetrics`. The samples of one series stand together and their times rise; of commits
/// of the same second the last one counts.
#[must_use]
pub fn openmetrics(lines: &[Line], filter: &Filter) -> String {
    let mut series: BTreeMap<(usize, String), BTreeMap<u64, String>> = BTreeMap::new();
    for line in lines {
        for figure in line.figures.iter().filter(|figure| filter.takes(figure)) {
            let family = UNITS.iter().position(|unit| *unit == figure.unit).unwrap_or_default();
            let value = match (figure.unit, figure.value) {
                (Unit::Percent, value) => (value.as_f64() / 100.0).to_string(),
                (_, value) => number(value),
            };
            series.entry((family, labels(figure))).or_default().insert(line.time, value);
        }
    }
    let mut text = String::new();
    for (index, unit) in UNITS.iter().enumerate() {
        let mut of_family = series.iter().filter(|((family, _), _)| *family == index).peekable();
        if of_family.peek().is_none() {
            continue;
        }
        let (name, base, help) = family(*unit);
        let _ = writeln!(text, "# TYPE {name} gauge");
        if !base.is_empty() {
            let _ = writeln!(text, "# UNIT {name} {base}");
        }
        let _ = writeln!(text, "# HELP {name} {help}");
        for ((_, labels), samples) in of_family {
            for (time, value) in samples {
                let _ = writeln!(text, "{name}{{{labels}}} {value} {time}");
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

fn labels(figure: &Figure) -> String {
    let mut labels = format!(
        "tool=\"{}\",measure=\"{}\"",
        openmetrics_label(&figure.tool),
        openmetrics_label(&figure.name)
    );
    for (name, value) in [("title", &figure.title), ("subject", &figure.subject)] {
        if let Some(value) = value {
            let _ = write!(labels, ",{name}=\"{}\"", openmetrics_label(value));
        }
    }
    labels
}
