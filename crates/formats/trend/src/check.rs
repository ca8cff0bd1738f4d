//! What a recording can have written.

use std::collections::BTreeSet;

use lw_model::{Bound, Direction, Limit, Measure, Outcome, Unit, Verdict};

use crate::error::{LineError, shortened};
use crate::line::{Figure, Line, Standing};
use crate::month::Month;
use crate::{MAX_LIMITS, MAX_TEXT, SCHEMA};

pub(crate) fn line(line: &Line) -> Result<(), LineError> {
    if line.schema != SCHEMA {
        return Err(LineError::Schema(shortened(&line.schema)));
    }
    // SHA-1 and SHA-256 repositories.
    let is_id = matches!(line.commit.len(), 40 | 64)
        && line.commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_id {
        return Err(LineError::Commit(shortened(&line.commit)));
    }
    if Month::of(line.time).is_none() {
        return Err(LineError::Time(line.time));
    }
    let is_page =
        |run: &String| run.len() <= MAX_TEXT && (run.starts_with("https://") || run.starts_with("http://"));
    if !line.run.as_ref().is_none_or(is_page) {
        return Err(LineError::Run);
    }
    if line.figures.is_empty() {
        return Err(LineError::Empty);
    }
    let mut seen = BTreeSet::new();
    for (index, one) in line.figures.iter().enumerate() {
        let wrong = |why| LineError::Figure { at: index + 1, name: shortened(&one.name), why };
        figure(one).map_err(wrong)?;
        if !seen.insert(one.key()) {
            return Err(wrong("it is there twice"));
        }
    }
    Ok(())
}

fn figure(figure: &Figure) -> Result<(), &'static str> {
    if figure.tool.trim().is_empty() || figure.name.trim().is_empty() {
        return Err("it has no name, or none of a tool");
    }
    let texts = [Some(&figure.tool), figure.title.as_ref(), figure.subject.as_ref(), Some(&figure.name)];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
        return Err("one of its names is longer than a history holds");
    }
    let negative = |number: lw_model::Number| number.as_f64() < 0.0;
    if [Some(figure.value), figure.whole].into_iter().flatten().any(|number| !number.as_f64().is_finite()) {
        return Err("it has a value that is no number");
    }
    if figure.whole.is_some_and(negative) {
        return Err("the whole is negative");
    }
    // There may be less than none left, but nothing is smaller than nothing.
    let is_size = figure.unit == Unit::Bytes && figure.direction == Direction::Lower;
    if (is_size || figure.unit == Unit::Seconds) && negative(figure.value) {
        return Err("the value is negative");
    }
    if figure.unit == Unit::Count && figure.whole.is_some_and(|whole| figure.value > whole) {
        return Err("it is more than there are in all");
    }
    limits(figure)
}

/// Judges the limits again, those at least whose numbers are all there: growth is not.
fn limits(figure: &Figure) -> Result<(), &'static str> {
    if figure.limits.is_empty() {
        return Err("it was held to no limit, and only what was is recorded");
    }
    if figure.limits.len() > MAX_LIMITS {
        return Err("it has more limits than anybody sets");
    }
    let mut measure = Measure::new(figure.name.clone(), figure.value, figure.unit);
    measure.whole = figure.whole;
    for gate in &figure.limits {
        if !matches!(gate.on_breach, Verdict::Warn | Verdict::Fail) {
            return Err("a breach of a limit warns or fails, and nothing else");
        }
        measure.limits.push(Limit::new(gate.bound, gate.threshold, gate.on_breach, ""));
    }
    measure.judge();
    for (said, found) in figure.limits.iter().zip(&measure.limits) {
        let agrees = match (said.bound, said.outcome) {
            (Bound::MaxGrowth | Bound::MaxDrop, _) | (_, Outcome::NotJudged) => true,
            (_, Outcome::Met) => found.outcome == Outcome::Met,
            (_, Outcome::Breached | Outcome::Overridden) => found.outcome == Outcome::Breached,
        };
        if !agrees {
            return Err("the outcome of a limit contradicts its own numbers");
        }
    }
    if Standing::of(&figure.limits) != figure.verdict {
        return Err("its verdict is not that of its limits");
    }
    Ok(())
}
