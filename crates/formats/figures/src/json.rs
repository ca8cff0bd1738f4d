//! JSON that says one thing: a name twice in an object is refused, because readers differ in which of the two counts.

use lw_model::Number;
use lw_model::lists::sort;
use lw_syntax::json::read_unique;
use lw_syntax::tree::Fault;
use serde_json::{Map, Value};

use crate::error::Problem;
use crate::{Figure, Figures, MAX_FIGURES, Unusable};

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Value, Fault> {
    read_unique(text)?.document().read()
}

pub(crate) fn document(text: &str) -> Result<Value, Problem> {
    parse(text).map_err(|error| Problem::json(text, &error))
}

/// What a value is, for a sentence.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The number that a value is; why it is none.
pub(crate) fn number(value: &Value) -> Result<Number, &'static str> {
    let Value::Number(number) = value else { return Err(kind(value)) };
    if let Some(whole) = number.as_i64() {
        return Ok(Number::Integer(whole));
    }
    if number.is_u64() {
        return Err("larger than 2^63 - 1");
    }
    number.as_f64().filter(|value| value.is_finite()).map(Number::Decimal).ok_or("larger than any number")
}

/// A field of an object that has to be a number.
pub(crate) fn field(object: &Value, place: &str, name: &str) -> Result<Number, Problem> {
    let place = || format!("{place}/{name}");
    let Some(value) = object.get(name) else { return Err(Problem::Nothing(place())) };
    number(value).map_err(|why| Problem::NoNumber { name: place(), why: why.to_owned() })
}

/// A field that has to be a count: whole and not negative.
pub(crate) fn count(object: &Value, place: &str, name: &str) -> Result<i64, Problem> {
    match field(object, place, name)? {
        Number::Integer(count) if count >= 0 => Ok(count),
        _ => Err(Problem::Shape {
            place: format!("{place}/{name}"),
            expected: "a count",
            found: "another number".to_owned(),
        }),
    }
}

pub(crate) fn shape(place: impl Into<String>, expected: &'static str, found: &Value) -> Problem {
    Problem::Shape { place: place.into(), expected, found: kind(found).to_owned() }
}

/// An object of numbers.
pub(crate) fn metrics(text: &str) -> Result<Figures, Problem> {
    let document = document(text)?;
    let Value::Object(map) = &document else {
        return Err(shape("the file", "an object of numbers", &document));
    };
    let mut all = Figures::default();
    let mut waiting: Vec<(String, &Map<String, Value>)> = vec![(String::new(), map)];
    while let Some((prefix, map)) = waiting.pop() {
        for (name, value) in map {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match (value, number(value)) {
                (Value::Object(inner), _) => waiting.push((name, inner)),
                (_, Ok(value)) => all.figures.push(Figure { name, value, whole: None, unit: None }),
                (_, Err(why)) => all.unusable.push(Unusable { name, why }),
            }
            if all.figures.len() + all.unusable.len() + waiting.len() > MAX_FIGURES {
                return Err(Problem::TooMany(MAX_FIGURES));
            }
        }
    }
    // `a.b` and `a` with `b` in it are one name.
    let mut names: Vec<&str> = all.figures.iter().map(|figure| figure.name.as_str()).collect();
    names.extend(all.unusable.iter().map(|item| item.name.as_str()));
    sort(&mut names);
    let twice = names.iter().zip(names.iter().skip(1)).find(|(name, next)| name == next);
    if let Some((twice, _)) = twice {
        return Err(Problem::Shape {
            place: (*twice).to_owned(),
            expected: "a name that stands there once",
            found: "two that are written alike".to_owned(),
        });
    }
    Ok(all)
}
