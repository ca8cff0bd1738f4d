//! One value of a file of any JSON or CSV.

use lw_model::Number;

use crate::error::{FiguresError, Problem};
use crate::{json, text_of};

/// The most columns of a row.
const MAX_COLUMNS: usize = 10_000;

/// Which of several values of a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Take {
    /// There has to be one only.
    #[default]
    Only,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// All together.
    Sum,
    /// Their mean.
    Mean,
    /// That of the last row.
    Last,
}

/// The number that a JSON pointer (RFC 6901) names.
///
/// # Errors
/// When the file is no JSON, the pointer names nothing, or what it names is no number.
pub fn json_value(bytes: &[u8], pointer: &str) -> Result<Number, FiguresError> {
    let text = text_of("JSON", bytes)?;
    let fail = |problem: Problem| problem.of("JSON");
    let document = json::document(text).map_err(fail)?;
    let value = document.pointer(pointer).ok_or_else(|| fail(Problem::Nothing(pointer.to_owned())))?;
    json::number(value)
        .map_err(|why| fail(Problem::NoNumber { name: pointer.to_owned(), why: why.to_owned() }))
}

/// The number of a column of a CSV file (RFC 4180) whose first row has the names; `only` keeps the rows that have a value in
/// a column.
///
/// # Errors
/// When the file is no CSV, has no such column or no row, when a value is no number, and when several are there and [`Take`]
/// does not say which counts.
pub fn csv_value(
    bytes: &[u8],
    column: &str,
    only: Option<(&str, &str)>,
    take: Take,
) -> Result<Number, FiguresError> {
    let text = text_of("CSV", bytes)?;
    column_of(text, column, only, take).map_err(|problem| problem.of("CSV"))
}

/// A reader of CSV that takes what the standard allows, and rows that are all of one length.
pub(crate) fn rows(text: &str, has_head: bool, flexible: bool) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(has_head).flexible(flexible).from_reader(text.as_bytes())
}

pub(crate) fn bad_row(error: &csv::Error) -> Problem {
    let line = error.position().map_or(1, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields, and those before have {expected_len}")
        }
        _ => "it cannot be read".to_owned(),
    };
    Problem::Line { line, what }
}

fn column_of(text: &str, column: &str, only: Option<(&str, &str)>, take: Take) -> Result<Number, Problem> {
    let mut reader = rows(text, true, false);
    let head = reader.headers().map_err(|error| bad_row(&error))?.clone();
    if head.len() > MAX_COLUMNS {
        return Err(Problem::TooMany(MAX_COLUMNS));
    }
    let find = |name: &str| {
        let mut places = head.iter().enumerate().filter(|(_, known)| known.trim() == name);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            (None, _) => Err(Problem::Nothing(name.to_owned())),
            (Some(_), Some(_)) => {
                Err(Problem::Line { line: 1, what: format!("there are two columns `{name}`") })
            }
        }
    };
    let place = find(column)?;
    let only = only.map(|(name, value)| find(name).map(|place| (place, value))).transpose()?;
    let mut taken = Taken::default();
    for row in reader.records() {
        let row = row.map_err(|error| bad_row(&error))?;
        if only.is_some_and(|(place, value)| row.get(place).map(str::trim) != Some(value)) {
            continue;
        }
        let text = row.get(place).unwrap_or_default().trim();
        let line = row.position().map_or(0, csv::Position::line);
        let value = plain(text).ok_or_else(|| Problem::NoNumber {
            name: format!("{column} (line {line})"),
            why: if text.is_empty() {
                "empty".to_owned()
            } else {
                format!("`{}`", text.chars().take(40).collect::<String>())
            },
        })?;
        taken.add(value);
    }
    taken.finish(column, take)
}

/// A number in plain digits: neither `NaN` nor `inf`, `1e3` nor `1,000`.
pub(crate) fn plain(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || fraction.is_some_and(|fraction| !are_digits(fraction)) || text.len() > 40 {
        return None;
    }
    match fraction {
        None => text.parse().ok().map(Number::Integer),
        Some(_) => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Number::Decimal),
    }
}

/// Values on their way to one.
#[derive(Default)]
pub(crate) struct Taken {
    rows: usize,
    sum: Option<Number>,
    max: Option<Number>,
    min: Option<Number>,
    last: Option<Number>,
}

impl Taken {
    pub(crate) fn add(&mut self, value: Number) {
        let plus = |known: Number| match (known, value) {
            (Number::Integer(a), Number::Integer(b)) => a
                .checked_add(b)
                .map_or_else(|| Number::Decimal(known.as_f64() + value.as_f64()), Number::Integer),
            _ => Number::Decimal(known.as_f64() + value.as_f64()),
        };
        self.rows += 1;
        self.sum = Some(self.sum.map_or(value, plus));
        self.max = Some(self.max.filter(|known| *known >= value).unwrap_or(value));
        self.min = Some(self.min.filter(|known| *known <= value).unwrap_or(value));
        self.last = Some(value);
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn mean(&self) -> Option<Number> {
        self.sum.map(|sum| Number::Decimal(sum.as_f64() / self.rows as f64))
    }

    pub(crate) fn max(&self) -> Option<Number> {
        self.max
    }

    pub(crate) fn min(&self) -> Option<Number> {
        self.min
    }

    pub(crate) fn sum(&self) -> Option<Number> {
        self.sum
    }

    fn finish(&self, column: &str, take: Take) -> Result<Number, Problem> {
        let value = match take {
            Take::Only if self.rows > 1 => {
                return Err(Problem::Several { column: column.to_owned(), rows: self.rows });
            }
            Take::Only | Take::Last => self.last,
            Take::Max => self.max,
            Take::Min => self.min,
            Take::Sum => self.sum,
            Take::Mean => self.mean(),
        };
        value
            .filter(|value| value.as_f64().is_finite())
            .ok_or_else(|| Problem::Nothing(format!("{column} (no row is left)")))
    }
}
