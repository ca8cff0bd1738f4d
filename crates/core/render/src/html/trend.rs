//! A series as a line, with the limits it is held to.

use std::fmt::Write as _;

use lw_model::{Measure, Number, Series};

use super::brief_name;
use super::markup::{code, escaped, figures, name};
use crate::{limit, show};

pub(crate) const WIDTH: f64 = 1120.0;
pub(crate) const HEIGHT: f64 = 200.0;
/// Room above and below the line for the labels of its ends.
const TOP: f64 = 24.0;
const BOTTOM: f64 = 30.0;
const SIDE: f64 = 8.0;
/// Points drawn; of a longer history the newest.
const POINTS: usize = 200;
/// A limit farther off than so many times the range of the values would press the line flat; it is only told.
const FAR: f64 = 4.0;

/// The picture; nothing below two points, where there is no trend.
pub(super) fn figure(series: &Series, measure: Option<&Measure>, picture: usize) -> String {
    let start = series.points.len().saturating_sub(POINTS);
    let points = series.points.get(start..).unwrap_or_default();
    let finite = points.iter().all(|point| point.value.as_f64().is_finite());
    let (Some((first, last)), true) = (show::ends(series), finite) else { return String::new() };
    let limits: Vec<_> = measure
        .iter()
        .flat_map(|measure| measure.limits.iter().map(move |limit| (*measure, limit)))
        .filter_map(|(measure, limit)| Some((limit::level(measure, limit)?, limit::terms(measure, limit))))
        .collect();
    let scale = Scale::new(points.iter().map(|point| point.value), limits.iter().map(|(level, _)| *level));
    let title = format!("{}: {}", brief_name(&series.name), series.unit.brief(last));
    let mut svg = format!(
        "<figure class=\"trend\">\n<figcaption><h3>Trend</h3> <p>{}: {} <small>{} over {}</small></p></figcaption>\n\
         <div class=\"scroll picture\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\" aria-labelledby=\"trend-{picture}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#57606a\">\n\
         <title id=\"trend-{picture}\">{}</title>\n<desc>{} values, from {} to {}.</desc>\n",
        code(&series.name),
        figures(&series.unit.brief(last)),
        figures(&show::went(series, (first, last))),
        figures(&lw_model::counted(series.points.len(), "point")),
        escaped(&title),
        points.len(),
        series.unit.brief(first),
        series.unit.brief(last),
    );
    let far = drawing(&mut svg, series, points, &limits, &scale);
    svg.push_str("</svg></div>\n");
    if !far.is_empty() {
        let _ = writeln!(svg, "<p class=\"note\">Beyond the picture: {}.</p>", figures(&far.join(", ")));
    }
    svg.push_str("</figure>\n");
    svg
}

/// The limits and the line; gives the words of the limits that are too far off to be drawn.
fn drawing<'l>(
    svg: &mut String,
    series: &Series,
    points: &[lw_model::Point],
    limits: &'l [(Number, String)],
    scale: &Scale,
) -> Vec<&'l str> {
    let mut far = Vec::new();
    for (level, terms) in limits {
        if !scale.shows(*level) {
            far.push(terms.as_str());
            continue;
        }
        let y = scale.y(*level);
        let _ = writeln!(
            svg,
            "<line class=\"limit\" x1=\"{SIDE}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#cf222e\" \
             stroke-dasharray=\"5 4\"/><text class=\"limit\" x=\"{SIDE}\" y=\"{:.1}\" fill=\"#cf222e\">{}</text>",
            WIDTH - SIDE,
            y - 5.0,
            escaped(terms),
        );
    }
    line(svg, series, points, scale);
    far
}

/// The picture without a page around it, with the words of the limits that are too far off to be drawn; nothing below two
/// points, or with one that is no number.
pub(crate) fn picture(series: &Series, limits: &[(Number, String)]) -> Option<(String, Vec<String>)> {
    let start = series.points.len().saturating_sub(POINTS);
    let points = series.points.get(start..).unwrap_or_default();
    show::ends(series)?;
    if !points.iter().all(|point| point.value.as_f64().is_finite()) {
        return None;
    }
    let scale = Scale::new(points.iter().map(|point| point.value), limits.iter().map(|(level, _)| *level));
    let mut svg = String::new();
    let far = drawing(&mut svg, series, points, limits, &scale).into_iter().map(str::to_owned).collect();
    Some((svg, far))
}

#[allow(clippy::cast_precision_loss)]
fn line(svg: &mut String, series: &Series, points: &[lw_model::Point], scale: &Scale) {
    let step = (WIDTH - 2.0 * SIDE) / (points.len().saturating_sub(1).max(1) as f64);
    let x = |index: usize| SIDE + step * index as f64;
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let _ =
            write!(path, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, x(index), scale.y(point.value));
    }
    let floor = HEIGHT - BOTTOM;
    let _ = writeln!(
        svg,
        "<path class=\"area\" d=\"{path}L{:.1} {floor}L{SIDE} {floor}Z\" fill=\"#4c8dd6\" fill-opacity=\"0.12\"/>\n\
         <path class=\"line\" d=\"{path}\" fill=\"none\" stroke=\"#4c8dd6\" stroke-width=\"2\" \
         stroke-linejoin=\"round\"/>",
        x(points.len().saturating_sub(1)),
    );
    let last = points.len().saturating_sub(1);
    for (index, point) in points.iter().enumerate() {
        let radius = if index == last { 4.0 } else { 2.5 };
        let _ = writeln!(
            svg,
            "<circle class=\"point\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"#4c8dd6\"><title>{}: {}</title></circle>",
            x(index),
            scale.y(point.value),
            name(&point.label),
            series.unit.brief(point.value),
        );
    }
    for (index, anchor) in [(0, "start"), (last, "end")] {
        if let Some(point) = points.get(index) {
            let label = escaped(&crate::escape::shown(&point.label, 40, "…"));
            let value = series.unit.brief(point.value);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{label} · {value}</text>",
                x(index),
                HEIGHT - 10.0,
            );
        }
    }
}

/// From values to the height of the picture.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn new(values: impl Iterator<Item = Number>, limits: impl Iterator<Item = Number>) -> Self {
        let values: Vec<f64> = values.map(Number::as_f64).collect();
        let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let reach = (high - low).max(high.abs() * 0.01) * FAR;
        let (lowest, highest) = (low - reach, high + reach);
        for limit in limits.map(Number::as_f64).filter(|limit| *limit >= lowest && *limit <= highest) {
            low = low.min(limit);
            high = high.max(limit);
        }
        if high <= low {
            // A flat line runs through the middle.
            (low, high) = (low - 1.0, high + 1.0);
        }
        Self { low, high }
    }

    fn shows(&self, value: Number) -> bool {
        (self.low..=self.high).contains(&value.as_f64())
    }

    fn y(&self, value: Number) -> f64 {
        let room = HEIGHT - TOP - BOTTOM - 8.0;
        TOP + room * (1.0 - (value.as_f64() - self.low) / (self.high - self.low))
    }
}
