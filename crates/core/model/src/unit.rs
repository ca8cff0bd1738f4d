//! What a number counts, and how it is written for a person.

use serde::{Deserialize, Serialize};

use crate::quantity::{ByteSize, Number, grouped};

/// What a measure's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Percent.
    Percent,
    /// Seconds.
    Seconds,
    /// Percentage points: the difference of two percentages.
    Points,
    /// A grade on a scale of its own: 8.5 of 10.
    Score,
}

impl Unit {
    /// The value with its unit, for a person; a size in KiB or MiB as well.
    #[must_use]
    pub fn show(self, value: Number) -> String {
        match (self, value) {
            (Self::Bytes, Number::Integer(bytes)) if bytes < 0 => {
                format!("-{}", ByteSize(bytes.unsigned_abs())).replace('(', "(-")
            }
            (Self::Bytes, Number::Integer(bytes)) => ByteSize(bytes.unsigned_abs()).to_string(),
            _ => self.brief(value),
        }
    }

    /// `bytes`, `count`, `percent`, `seconds`, `points` or `score`, as in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Seconds => "seconds",
            Self::Points => "points",
            Self::Score => "score",
        }
    }

    /// The value with its unit, in one form only: `1,048,576 B`.
    #[must_use]
    pub fn brief(self, value: Number) -> String {
        match (self, value) {
            (Self::Bytes, Number::Integer(bytes)) => format!("{} B", grouped(bytes.into())),
            (Self::Bytes, Number::Decimal(bytes)) => format!("{bytes:.1} B"),
            (Self::Count, Number::Integer(count)) => grouped(count.into()),
            (Self::Count, Number::Decimal(count)) => format!("{count}"),
            (Self::Percent, value) => format!("{:.2} %", floored(value.as_f64())),
            (Self::Seconds, value) => format!("{:.3} s", value.as_f64()),
            (Self::Points, value) => format!("{:.2} points", floored(value.as_f64())),
            (Self::Score, value) => format!("{:.2}", floored(value.as_f64())),
        }
    }
}

/// A decimal cut to two places, never up. What has two places already stays: 4.35 is 434.99… hundredths in binary.
fn floored(value: f64) -> f64 {
    let nearest = (value * 100.0).round() / 100.0;
    if nearest <= value { nearest } else { (value * 100.0).floor() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_floored_and_one_of_two_places_kept() {
        let brief = |percent| Unit::Percent.brief(Number::Decimal(percent));
        for (percent, text) in [
            (4.35, "4.35 %"),
            (99.999, "99.99 %"),
            (100.0, "100.00 %"),
            (-0.001, "-0.01 %"),
            (0.07, "0.07 %"),
        ] {
            assert_eq!(brief(percent), text);
        }
        for hundredths in 0..10_000_u32 {
            let percent = f64::from(hundredths) / 100.0;
            assert_eq!(brief(percent), format!("{percent:.2} %"));
        }
    }
}
