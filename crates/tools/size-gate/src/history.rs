//! The history: one JSON line per run, and the trend it shows.

use std::collections::BTreeMap;
use std::path::Path;

use lw_cli::{Context, Error};
use lw_model::lists::filled;
use lw_model::{Measure, Number, Point, Report, Series};
use serde::{Deserialize, Serialize};

/// One line: what one run measured of one firmware.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Seconds since 1970.
    pub time: u64,
    /// Commit under test, when the CI told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Firmware of a build matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Measures by name.
    pub measures: BTreeMap<String, Number>,
}

/// Measures whose trend is shown; the history keeps all.
const SHOWN: [&str; 2] = ["image.bytes", "ram.span"];

/// Adds this run to the history and the trend of the last `length` runs to the report.
///
/// # Errors
/// When a line of the history is malformed, or the file cannot be read or written.
pub(crate) fn record(path: &Path, length: usize, report: &mut Report, cx: &Context) -> Result<(), Error> {
    let text = match cx.resolve(path).exists() {
        true => cx.open(path)?,
        false => Vec::new().into(),
    };
    let mut lines = read(&path.display().to_string(), &text)?;
    let mut added = String::new();
    let subjects: Vec<Option<String>> =
        report.subjects().into_iter().map(|subject| subject.map(str::to_owned)).collect();
    for subject in subjects {
        let of_subject = |measure: &&Measure| measure.subject == subject;
        let of_subject = report.measures.iter().filter(of_subject);
        let measures: BTreeMap<String, Number> =
            filled(of_subject.map(|measure| (measure.name.clone(), measure.value)));
        if measures.is_empty() {
            continue;
        }
        let line = Line { time: cx.now(), commit: cx.ci_context().commit.clone(), subject, measures };
        added.push_str(&serde_json::to_string(&line).map_err(Error::input)?);
        added.push('\n');
        lines.push(line);
    }
    // All firmwares of a run, or none.
    cx.append_lines(path, &added)?;
    report.series.extend(trends(&lines, length));
    Ok(())
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<Line>, Error> {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| {
            lw_syntax::json::from_slice(line).map_err(|fault| {
                Error::input(format!("{name}:{}: {}", index + 1, fault.placed(line)))
                    .hint("each line is one JSON object that size-gate wrote; remove a line that was cut off")
            })
        })
        .collect()
}

fn trends(lines: &[Line], length: usize) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for line in lines {
        for name in SHOWN {
            let Some(value) = line.measures.get(name) else { continue };
            let label = line
                .commit
                .as_ref()
                .map_or_else(|| line.time.to_string(), |commit| commit.chars().take(7).collect());
            let point = Point { label, value: *value };
            match series.iter_mut().find(|known| known.name == name && known.subject == line.subject) {
                Some(known) => known.points.push(point),
                None => series.push(Series {
                    name: name.into(),
                    subject: line.subject.clone(),
                    unit: lw_model::Unit::Bytes,
                    points: vec![point],
                }),
            }
        }
    }
    for one in &mut series {
        let surplus = one.points.len().saturating_sub(length);
        one.points.drain(..surplus);
    }
    series.retain(|one| one.points.len() > 1);
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trend_is_the_last_runs_of_each_firmware() {
        let text: String = (0..5)
            .map(|run| {
                format!(
                    "{{\"time\":{run},\"commit\":\"{run}abcdefgh\",\"measures\":{{\"image.bytes\":{}}}}}\n",
                    100 + run
                )
            })
            .collect();
        let lines = read("h.jsonl", text.as_bytes()).unwrap();
        let trend = trends(&lines, 3);
        assert_eq!(
            trend[0].points.iter().map(|point| point.label.as_str()).collect::<Vec<_>>(),
            ["2abcdef", "3abcdef", "4abcdef"]
        );
        assert_eq!(trend[0].points[2].value, Number::Integer(104));
    }

    #[test]
    fn a_cut_off_line_is_named() {
        let error = read("h.jsonl", b"{\"time\":1,\"measures\":{}}\n{\"time\":2").unwrap_err();
        assert!(error.message().starts_with("h.jsonl:2: "), "{}", error.message());
    }
}
