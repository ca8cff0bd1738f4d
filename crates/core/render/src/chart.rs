//! Trends as pictures of their own: SVG, Mermaid, and one line of text.

use std::fmt::Write as _;

use lw_model::{Number, Series};

use crate::html::trend::{self, HEIGHT, WIDTH};
use crate::{escape, kit, show};

/// A trend to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel<'a> {
    /// The values.
    pub series: &'a Series,
    /// Where limits lie, in the unit of the values, each with its words.
    pub limits: &'a [(Number, String)],
}

/// The room above a picture for its heading.
const HEAD: f64 = 28.0;

/// Trends one below the other, as a file of SVG 1.1 without script, style or anything from elsewhere; `None` when none of them
/// has two values that are numbers.
#[must_use]
pub fn svg(panels: &[Panel<'_>]) -> Option<String> {
    let mut parts = String::new();
    let mut y = 0.0;
    for panel in panels {
        let Some((drawn, far)) = trend::picture(panel.series, panel.limits) else { continue };
        let heading = heading(panel.series, &far);
        let _ = write!(
            parts,
            "<g transform=\"translate(0 {y})\"><text x=\"8\" y=\"19\" font-size=\"14\" fill=\"#24292f\">{heading}</text>\
             <g transform=\"translate(0 {HEAD})\">\n{drawn}</g></g>\n"
        );
        y += HEAD + HEIGHT;
    }
    if parts.is_empty() {
        return None;
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#57606a\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{parts}</svg>\n"
    ))
}

fn heading(series: &Series, far: &[String]) -> String {
    let name = match &series.subject {
        Some(subject) => format!("{} · {}", escape::name(subject), escape::name(&series.name)),
        None => escape::name(&series.name),
    };
    let mut text = format!("{name}: {}", change(series));
    if !far.is_empty() {
        let _ = write!(text, " (beyond the picture: {})", far.join(", "));
    }
    kit::sentence(&escape::shown(&text, 160, "…"))
}

/// The newest value, and how it has changed since the oldest: `812,032 B, +1,312 B (+0.16 %)`.
#[must_use]
pub fn change(series: &Series) -> String {
    let Some(last) = series.points.last() else { return String::new() };
    let now = series.unit.brief(last.value);
    match show::ends(series) {
        Some((first, last)) if last.minus(first).as_f64() != 0.0 => {
            format!("{now}, {}", show::went(series, (first, last)))
        }
        Some(_) => format!("{now}, unchanged"),
        None => now,
    }
}

/// The most values of a Mermaid diagram: more are no picture in the width of a page.
const MOST: usize = 50;

/// An XY chart of Mermaid (<https://mermaid.js.org/syntax/xyChart.html>) of the newest values; `None` below two of them, or with
/// one that is no number.
#[must_use]
pub fn mermaid(series: &Series) -> Option<String> {
    show::ends(series)?;
    let start = series.points.len().saturating_sub(MOST);
    let points = series.points.get(start..).unwrap_or_default();
    let values: Vec<f64> = points.iter().map(|point| point.value.as_f64()).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    // An axis needs two ends that differ.
    let margin = ((high - low) * 0.1).max(high.abs() * 0.001).max(f64::MIN_POSITIVE.max(0.001));
    let low_end = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
    let title = match &series.subject {
        Some(subject) => format!("{} {}", plain(subject), plain(&series.name)),
        None => plain(&series.name),
    };
    let labels: Vec<String> = points.iter().map(|point| format!("\"{}\"", plain(&point.label))).collect();
    let written: Vec<String> = points
        .iter()
        .map(|point| match point.value {
            Number::Integer(value) => value.to_string(),
            Number::Decimal(value) => value.to_string(),
        })
        .collect();
    Some(format!(
        "xychart-beta\n    title \"{title}\"\n    x-axis [{}]\n    y-axis \"{}\" {low_end} --> {}\n    line [{}]\n",
        labels.join(", "),
        series.unit.as_str(),
        high + margin,
        written.join(", ")
    ))
}

/// Foreign text inside the quotes of a diagram, where nothing can be escaped: letters, digits and few other characters.
fn plain(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || " ._/-+".contains(c);
    text.chars().take(80).map(|c| if kept(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use lw_model::{Point, Unit};

    use super::*;

    fn series(name: &str, values: &[i64]) -> Series {
        let point = |(index, value): (usize, &i64)| Point {
            label: format!("c{index}<>\"`"),
            value: Number::Integer(*value),
        };
        Series {
            name: name.to_owned(),
            subject: Some("a\"]\n%% </svg>`".into()),
            unit: Unit::Bytes,
            points: values.iter().enumerate().map(point).collect(),
        }
    }

    #[test]
    fn a_picture_is_well_formed_whatever_its_names_are() {
        let hostile = series("image.bytes<script>alert(1)</script>&\u{0}", &[10, 30, 20]);
        let limits = [
            (Number::Integer(25), "max <25> B".to_owned()),
            (Number::Integer(9_000), "max 9,000 B".to_owned()),
        ];
        let flat = series("flat", &[5, 5]);
        let text = svg(&[Panel { series: &hostile, limits: &limits }, Panel { series: &flat, limits: &[] }])
            .unwrap();
        assert!(
            !text.contains("<script") && !text.contains('\0') && text.matches("<svg").count() == 1,
            "{text}"
        );
        assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
        assert!(
            text.contains("max &lt;25&gt; B") && text.contains("beyond the picture: max 9,000"),
            "{text}"
        );
        assert_eq!(text.matches("class=\"point\"").count(), 5);
        assert_eq!(svg(&[Panel { series: &series("one", &[1]), limits: &[] }]), None);
    }

    #[test]
    fn a_diagram_holds_nothing_but_its_own_grammar() {
        let text = mermaid(&series("a\"; click x \"javascript:alert(1)\"\n```\n", &[1_000, 2_000])).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(!text.contains('`') && !text.contains(';') && !text.contains('%'), "{text}");
        assert_eq!(text.matches('"').count() % 2, 0);
        assert!(text.ends_with("    line [1000, 2000]\n"), "{text}");
        assert!(text.contains("y-axis \"bytes\" 900 --> 2100"), "{text}");
        assert_eq!(mermaid(&series("one", &[1])), None);
        let long: Vec<i64> = (0..500).collect();
        assert_eq!(mermaid(&series("long", &long)).unwrap().matches("\"c").count(), MOST);
    }

    #[test]
    fn a_change_is_told_with_its_share() {
        assert_eq!(change(&series("x", &[1_000, 1_100])), "1,100 B, +100 B (+10.00 %)");
        assert_eq!(change(&series("x", &[5, 9, 5])), "5 B, unchanged");
        assert_eq!(change(&series("x", &[5])), "5 B");
        assert_eq!(change(&series("x", &[])), "");
        let point = |value: f64| Point { label: String::new(), value: Number::Decimal(value) };
        let points = vec![point(81.2), point(83.1)];
        let percent = Series { unit: Unit::Percent, points, ..series("x", &[]) };
        assert_eq!(change(&percent), "83.10 %, +1.90 points");
    }
}
