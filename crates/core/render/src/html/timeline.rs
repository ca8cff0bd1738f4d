//! What happened when, as bands of phases over an axis of time: the table below it says the same in words.

use std::fmt::Write as _;

use lw_model::{Cell, Table};

use super::brief_name;
use super::markup::escaped;

/// The table that is drawn, by its id and its columns: what another tool calls a timeline is a table.
const ID: &str = "timeline";
const COLUMNS: [&str; 4] = ["Seconds", "What", "Phase", "Devices"];

const WIDTH: f64 = 1120.0;
const HEIGHT: f64 = 132.0;
const SIDE: f64 = 14.0;
/// Where the band of the phases lies.
const BAND: (f64, f64) = (46.0, 44.0);
/// What a letter takes at most, to know what fits.
const LETTER: f64 = 6.6;
/// Rows drawn: of a longer timeline the first ones and its end. The table has all.
const ROWS: usize = 200;

/// A row of the table.
struct Moment<'a> {
    at: i64,
    what: &'a str,
    /// What begins here.
    phase: Option<&'a str>,
    devices: Option<i64>,
}

/// The picture; nothing for another table, and for one whose times are none.
pub(super) fn figure(table: &Table, picture: usize) -> String {
    let titles = table.columns.iter().map(|column| column.title.as_str());
    if table.id != ID || !titles.eq(COLUMNS) {
        return String::new();
    }
    let mut moments: Vec<Moment<'_>> = table.rows.iter().filter_map(|row| moment(row)).collect();
    let is_sorted = moments.is_sorted_by_key(|moment| moment.at);
    let ends = moments.first().map(|first| first.at).zip(moments.last().map(|last| last.at));
    let Some((first, last)) = ends.filter(|(first, last)| is_sorted && *first >= 0 && last > first) else {
        return String::new();
    };
    if moments.len() > ROWS
        && let Some(end) = moments.pop()
    {
        moments.truncate(ROWS - 1);
        moments.push(end);
    }
    let scale = Scale { first, span: last.abs_diff(first) };
    let mut svg = format!(
        "<figure class=\"timeline\">\n<div class=\"scroll picture\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\" \
         aria-labelledby=\"timeline-{picture}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#57606a\">\n\
         <title id=\"timeline-{picture}\">{}</title>\n<desc>{}</desc>\n",
        escaped(&format!("{} over {} s", brief_name(&table.title), last - first)),
        escaped(&told(&moments)),
    );
    bands(&mut svg, &moments, &scale);
    marks(&mut svg, &moments, &scale);
    axis(&mut svg, &moments, &scale);
    svg.push_str("</svg></div>\n</figure>\n");
    svg
}

fn moment(row: &[Cell]) -> Option<Moment<'_>> {
    let [Cell::Count(at), Cell::Text(what), phase, devices] = row else { return None };
    let phase = if let Cell::Text(phase) = phase { Some(phase.as_str()) } else { None };
    let devices = if let Cell::Count(devices) = devices { Some(*devices) } else { None };
    Some(Moment { at: *at, what, phase, devices })
}

/// The phases in words, for whoever hears the picture.
fn told(moments: &[Moment<'_>]) -> String {
    let phases = moments.iter().filter_map(|moment| Some((moment.phase?, moment.at)));
    let phases: Vec<String> =
        phases.map(|(phase, at)| format!("{} from {at} s", brief_name(phase))).collect();
    let end = moments.last().map_or(String::new(), |end| format!("at the end: {}", brief_name(end.what)));
    phases.into_iter().chain([end]).collect::<Vec<_>>().join("; ")
}

/// From seconds to the width of the picture.
struct Scale {
    first: i64,
    span: u64,
}

impl Scale {
    #[allow(clippy::cast_precision_loss, reason = "a place in a picture")]
    fn x(&self, at: i64) -> f64 {
        SIDE + (WIDTH - 2.0 * SIDE) * (at.abs_diff(self.first) as f64 / self.span as f64)
    }
}

/// The tone of a phase, by the words of `lw_rollout::Phase`: class and colour.
fn tone(phase: &str) -> (&'static str, &'static str) {
    let says = |words: &[&str]| words.iter().any(|word| phase.ends_with(word));
    if says(&["rolling back", "rolled back", "aborted"]) {
        ("back", "#cf222e")
    } else if says(&["baking", "succeeded"]) {
        ("watched", "#1a7f37")
    } else if says(&["applying"]) {
        ("given", "#4c8dd6")
    } else {
        ("other", "#8c959f")
    }
}

fn bands(svg: &mut String, moments: &[Moment<'_>], scale: &Scale) {
    let end = moments.last().map_or(0, |last| last.at);
    let mut begun = moments.iter().filter_map(|moment| Some((moment.phase?, moment.at))).peekable();
    let (top, height) = BAND;
    while let Some((phase, at)) = begun.next() {
        let until = begun.peek().map_or(end, |(_, next)| *next);
        let (x, width) = (scale.x(at), scale.x(until) - scale.x(at));
        let ((class, colour), name) = (tone(phase), brief_name(phase));
        let title = escaped(&format!("{name}: {at} s to {until} s"));
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{height}\" rx=\"3\" fill=\"{colour}\" \
             fill-opacity=\"0.3\" stroke=\"{colour}\"><title>{title}</title></rect>",
            width.max(2.0),
        );
        // In two lines, as far as they fit: `wave 2` above `baking`.
        let (above, below) = name.split_once(": ").unwrap_or(("", name.as_str()));
        let middle = x + width / 2.0;
        for (line, y) in
            [(above, top + 18.0), (below, if above.is_empty() { top + 27.0 } else { top + 34.0 })]
        {
            if !line.is_empty() && letters(line) < width {
                let _ = writeln!(
                    svg,
                    "<text class=\"phase\" x=\"{middle:.1}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#1f2328\">{}</text>",
                    escaped(line)
                );
            }
        }
    }
}

/// What was done to how many devices, above the phases, and the end.
fn marks(svg: &mut String, moments: &[Moment<'_>], scale: &Scale) {
    let mut free = 0.0;
    let (top, _) = BAND;
    for moment in moments {
        let Some(devices) = moment.devices else { continue };
        let x = scale.x(moment.at);
        let _ = writeln!(
            svg,
            "<path class=\"mark\" d=\"M{x:.1} {:.1}v-12\" stroke=\"#57606a\" stroke-width=\"2\"><title>{}</title></path>",
            top - 2.0,
            escaped(&format!("{} s: {}", moment.at, brief_name(moment.what))),
        );
        let text = brief_name(moment.what);
        let text = if moment.phase.is_none() && devices > 0 { text } else { String::new() };
        let left = x.min(WIDTH - SIDE - letters(&text));
        if !text.is_empty() && left >= free {
            let _ = writeln!(svg, "<text x=\"{left:.1}\" y=\"{:.1}\">{}</text>", top - 20.0, escaped(&text));
            free = left + letters(&text) + 8.0;
        }
    }
}

/// The times at which phases begin, as far as there is room, and that of the end.
fn axis(svg: &mut String, moments: &[Moment<'_>], scale: &Scale) {
    let Some(end) = moments.last() else { return };
    let y = BAND.0 + BAND.1 + 20.0;
    let last = format!("{} s", end.at);
    let last_left = WIDTH - SIDE - letters(&last);
    let mut free = 0.0;
    for moment in moments.iter().filter(|moment| moment.phase.is_some()) {
        let (text, x) = (format!("{} s", moment.at), scale.x(moment.at));
        if x >= free && x + letters(&text) + 8.0 < last_left {
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y}\">{text}</text>");
            free = x + letters(&text) + 8.0;
        }
    }
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{y}\" text-anchor=\"end\">{last}</text>", WIDTH - SIDE);
}

#[allow(clippy::cast_precision_loss, reason = "a few letters")]
fn letters(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

#[cfg(test)]
mod tests {
    use lw_model::Align;

    use super::*;

    fn table(rows: &[(i64, &str, Option<&str>, Option<i64>)]) -> Table {
        let mut table = Table::new(ID, "Timeline", &COLUMNS.map(|title| (title, Align::Left)));
        for (at, what, phase, devices) in rows {
            table.rows.push(vec![
                Cell::Count(*at),
                Cell::Text((*what).to_owned()),
                phase.map_or(Cell::Empty, |phase| Cell::Text(phase.to_owned())),
                devices.map_or(Cell::Empty, Cell::Count),
            ]);
        }
        table
    }

    #[test]
    fn phases_are_bands_as_long_as_they_took() {
        let svg = figure(
            &table(&[
                (0, "store", Some("wave 1: applying"), None),
                (10, "assign 2 members", None, Some(2)),
                (100, "store", Some("wave 1: baking"), None),
                (150, "store", Some("rolling back"), None),
                (200, "rolled back: <b>2</b> failed", None, None),
            ]),
            7,
        );
        for part in [
            "<title id=\"timeline-7\">Timeline over 200 s</title>",
            "<rect class=\"given\" x=\"14.0\" y=\"46\" width=\"546.0\"",
            "<rect class=\"watched\" x=\"560.0\" y=\"46\" width=\"273.0\"",
            "<rect class=\"back\" x=\"833.0\" y=\"46\" width=\"273.0\"",
            ">assign 2 members</text>",
            ">wave 1</text>",
            ">200 s</text>",
            "rolling back from 150 s; at the end: rolled back: &lt;b&gt;2&lt;/b&gt; failed",
        ] {
            assert!(svg.contains(part), "no {part} in\n{svg}");
        }
        assert!(!svg.contains("<b>"));
    }

    #[test]
    fn what_has_no_times_is_a_table_only() {
        let none = [
            table(&[]),
            table(&[(5, "a", Some("b"), None)]),
            table(&[(5, "a", Some("b"), None), (4, "a", None, None)]),
            table(&[(-5, "a", Some("b"), None), (4, "a", None, None)]),
            Table { id: "other".to_owned(), ..table(&[(0, "a", Some("b"), None), (4, "a", None, None)]) },
        ];
        for table in none {
            assert_eq!(figure(&table, 1), "", "{table:?}");
        }
        let wide = figure(&table(&[(0, "a", Some("b"), None), (i64::MAX, "c", None, None)]), 1);
        assert!(wide.contains("width=\"1092.0\"") && !wide.contains("NaN"), "{wide}");
    }

    #[test]
    fn a_picture_has_so_many_marks() {
        let rows: Vec<_> = (0..5000).map(|at| (at, "x", Some("y"), Some(1))).collect();
        let svg = figure(&table(&rows), 1);
        assert!(svg.matches("<rect").count() <= ROWS && svg.contains(">4999 s</text>"));
        assert!(svg.len() < 200_000, "{}", svg.len());
    }
}
