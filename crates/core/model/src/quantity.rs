//! Quantities that gates compare: byte sizes, percentages and plain numbers, all exact.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes, as a person writes it.
///
/// `K`, `M`, `G` and `KiB`, `MiB`, `GiB` are powers of 1024, as in linker scripts and partition
/// tables. `KB`, `MB` and `GB` are refused: half of the field means 1000 by them and half 1024, and
/// a gate that guesses is wrong for one half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// Why a quantity could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No digits where a number was expected.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// A unit that does not exist.
    #[error(
        "`{text}` has the unknown unit `{unit}`: write a plain number of bytes, or K, KiB, M, MiB, G, GiB"
    )]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The part after the number.
        unit: String,
    },
    /// `KB`, `MB` or `GB`.
    #[error("`{text}` is ambiguous: write `{number}{binary}` for powers of 1024, or a plain number of bytes")]
    AmbiguousUnit {
        /// The whole text.
        text: String,
        /// The number in it.
        number: String,
        /// The unit that would be meant.
        binary: &'static str,
    },
    /// Larger than 2^63 - 1.
    #[error("`{0}` is too large")]
    TooLarge(String),
    /// A fraction of a byte.
    #[error("`{0}` is not a whole number of bytes")]
    Fraction(String),
    /// A fraction of something that is counted.
    #[error("`{0}` is not a whole number")]
    NotWhole(String),
    /// A percentage below 1 without its sign: 80 % or 0.8 %.
    #[error("`{0}` is ambiguous: write `{percent}%` for {percent} percent, or `{0}%` for less than one", percent = hundredfold(.0))]
    AmbiguousShare(String),
    /// Not a duration.
    #[error("`{0}` is not a duration: write a number of seconds, or one with ms, s, min or h")]
    NotADuration(String),
    /// More decimals than a percentage keeps.
    #[error("`{0}` has more than four decimals")]
    TooPrecise(String),
}

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        if let Some(hex) = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X")) {
            return match u64::from_str_radix(hex, 16) {
                Ok(value) if i64::try_from(value).is_ok() => Ok(Self(value)),
                Ok(_) => Err(QuantityError::TooLarge(trimmed.into())),
                Err(_) => Err(QuantityError::NotANumber(trimmed.into())),
            };
        }
        let split =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let unit = unit.trim();
        let factor: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            ambiguous @ ("kb" | "mb" | "gb") => {
                return Err(QuantityError::AmbiguousUnit {
                    text: trimmed.into(),
                    number: number.into(),
                    binary: match ambiguous {
                        "kb" => "KiB",
                        "mb" => "MiB",
                        _ => "GiB",
                    },
                });
            }
            _ => return Err(QuantityError::UnknownUnit { text: trimmed.into(), unit: unit.into() }),
        };
        let scaled = decimal(number, 9).ok_or_else(|| QuantityError::NotANumber(trimmed.into()))??;
        let bytes = scaled * i128::from(factor);
        if bytes % 1_000_000_000 != 0 {
            return Err(QuantityError::Fraction(trimmed.into()));
        }
        u64::try_from(bytes / 1_000_000_000)
            .ok()
            .filter(|value| i64::try_from(*value).is_ok())
            .map(Self)
            .ok_or_else(|| QuantityError::TooLarge(trimmed.into()))
    }
}

/// A fraction in percent, as text: `0.85` is `85`.
fn hundredfold(fraction: &str) -> String {
    decimal(fraction, 4).and_then(Result::ok).map_or_else(String::new, |value| {
        let text = format!("{}.{:02}", value / 100, value % 100);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    })
}

/// `number` times 10^`places`, exactly. `None` when it is no number at all.
fn decimal(number: &str, places: u32) -> Option<Result<i128, QuantityError>> {
    let digits: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if whole.is_empty() || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let places = places as usize;
    if fraction.len() > places {
        return Some(Err(QuantityError::TooPrecise(number.into())));
    }
    // 18 digits and 9 decimals stay far inside an i128, also when multiplied by a GiB.
    if whole.trim_start_matches('0').len() > 19 {
        return Some(Err(QuantityError::TooLarge(number.into())));
    }
    format!("{whole}{fraction:0<places$}").parse().ok().map(Ok)
}

impl fmt::Display for ByteSize {
    /// `1,048,576 B (1.00 MiB)`, or `640 B` below one KiB.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        write!(f, "{} B", grouped(bytes.into()))?;
        let (unit, name) = match bytes {
            0..1024 => return Ok(()),
            1024..0x10_0000 => (1u64 << 10, "KiB"),
            0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
            _ => (1 << 30, "GiB"),
        };
        // Hundredths are floored, like every share the suite prints: 1.00 MiB is never less than one.
        let hundredths = u128::from(bytes) * 100 / u128::from(unit);
        write!(f, " ({}.{:02} {name})", hundredths / 100, hundredths % 100)
    }
}

/// How many there are of what is called `noun`, which takes an `s` for several: `1 limit`, `2,000 limits`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    let digits = grouped(i128::try_from(count).unwrap_or(i128::MAX));
    format!("{digits} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Digits in groups of three: `1,048,576`, `-12,000`.
#[must_use]
pub fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A percentage with four exact decimals.
///
/// Shares are floored when they are made from a ratio and when they are printed, so `100 %` is
/// never the result of rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    /// Ten-thousandths of a percent: 85 % is 850 000.
    millionths: i64,
}

impl Percent {
    /// `part` of `whole`, floored; `None` when there is no whole to be a part of.
    #[must_use]
    pub fn of(part: i64, whole: i64) -> Option<Self> {
        if whole <= 0 {
            return None;
        }
        let millionths = (i128::from(part) * 1_000_000).div_euclid(i128::from(whole));
        i64::try_from(millionths).ok().map(|millionths| Self { millionths })
    }

    /// Reads a percentage somebody wrote as a limit, with or without `%`.
    ///
    /// # Errors
    /// When it is not a percentage, or lies between 0 and 1 and has no `%`: half of the field means 80 % by `0.8`.
    pub fn of_limit(text: &str) -> Result<Self, QuantityError> {
        let percent: Self = text.parse()?;
        if !text.contains('%') && (1..10_000).contains(&percent.millionths.abs()) {
            return Err(QuantityError::AmbiguousShare(text.trim().into()));
        }
        Ok(percent)
    }

    /// Whether a share that was `before.0` of `before.1` and is `now.0` of `now.1` has fallen by more than so many
    /// points, without any rounding.
    #[must_use]
    pub fn exceeded_by_drop(self, before: (i64, i64), now: (i64, i64)) -> bool {
        let wide = |value: i64| i128::from(value);
        let fallen = wide(before.0) * wide(now.1) - wide(now.0) * wide(before.1);
        if fallen <= 0 {
            return false;
        }
        // fallen / (before.1 * now.1) > millionths / 1,000,000; beyond an i128 no tolerance is better than a wrong one.
        let product = (wide(before.1) * wide(now.1)).checked_mul(wide(self.millionths));
        fallen.checked_mul(1_000_000).zip(product).is_none_or(|(fallen, allowed)| fallen > allowed)
    }

    /// The percentage without needless zeros: `80 %`, `0.5 %`.
    #[must_use]
    pub fn brief(self) -> String {
        let sign = if self.millionths < 0 { "-" } else { "" };
        let (whole, rest) =
            (self.millionths.unsigned_abs() / 10_000, self.millionths.unsigned_abs() % 10_000);
        let text = format!("{sign}{whole}.{rest:04}");
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }

    /// How many percentage points this lies below another one, as a reader finds it who subtracts the two as they are
    /// printed.
    #[must_use]
    pub fn points_below(self, before: Self) -> f64 {
        let printed = |percent: Self| percent.millionths.div_euclid(100) * 100;
        Self { millionths: printed(before).saturating_sub(printed(self)) }.as_f64()
    }

    /// Whether `part` is more than this share of `whole`, without any rounding.
    #[must_use]
    pub fn exceeded_by(self, part: i64, whole: i64) -> bool {
        i128::from(part) * 1_000_000 > i128::from(self.millionths) * i128::from(whole)
    }

    /// Whether `part` is less than this share of `whole`, without any rounding.
    #[must_use]
    pub fn missed_by(self, part: i64, whole: i64) -> bool {
        i128::from(part) * 1_000_000 < i128::from(self.millionths) * i128::from(whole)
    }

    /// This share of `whole`, floored.
    #[must_use]
    pub fn share_of(self, whole: i64) -> i64 {
        let share = (i128::from(self.millionths) * i128::from(whole)).div_euclid(1_000_000);
        i64::try_from(share).unwrap_or(i64::MAX)
    }

    /// The percentage as a decimal number, for a format that has no better.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_f64(self) -> f64 {
        self.millionths as f64 / 10_000.0
    }
}

impl FromStr for Percent {
    type Err = QuantityError;

    /// `85`, `85%` or `85.25 %`.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let number = text.trim();
        let number = number.strip_suffix('%').unwrap_or(number).trim_end();
        let (negative, digits) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let value = decimal(digits, 4).ok_or_else(|| QuantityError::NotANumber(text.trim().into()))??;
        let value = i64::try_from(value).map_err(|_| QuantityError::TooLarge(text.trim().into()))?;
        Ok(Self { millionths: if negative { -value } else { value } })
    }
}

impl fmt::Display for Percent {
    /// Two decimals, floored: `85.00 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.millionths.div_euclid(100);
        let sign = if hundredths < 0 { "-" } else { "" };
        let magnitude = hundredths.unsigned_abs();
        write!(f, "{sign}{}.{:02} %", magnitude / 100, magnitude % 100)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        let millionths = (value * 10_000.0).round();
        if !millionths.is_finite() || millionths.abs() > 9.0e15 {
            return Err(serde::de::Error::custom("a percentage out of range"));
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok(Self { millionths: millionths as i64 })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "description": "A percentage with at most four decimals: 85 is 85 %." })
    }
}

/// A measured value: whole where the thing is counted, decimal where it is timed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Number {
    /// Bytes, counts.
    Integer(i64),
    /// Seconds, rates.
    Decimal(f64),
}

/// As the derived form for an untagged enum reads it, but without a copy of the number in between: a report may have millions.
impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl serde::de::Visitor<'_> for Any {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number::Integer(value))
            }

            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(i64::try_from(value).map_or(Number::Decimal(value as f64), Number::Integer))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Decimal(value))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Number {
    /// The value as a float; exact below 2^53.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Decimal(value) => value,
        }
    }

    /// Reads a whole number: `3`, `1_000`.
    ///
    /// # Errors
    /// When it is not a whole number, or too large a one.
    pub fn whole(text: &str) -> Result<Self, QuantityError> {
        let scaled =
            decimal(text.trim(), 4).ok_or_else(|| QuantityError::NotANumber(text.trim().into()))??;
        if scaled % 10_000 != 0 {
            return Err(QuantityError::NotWhole(text.trim().into()));
        }
        i64::try_from(scaled / 10_000)
            .map(Self::Integer)
            .map_err(|_| QuantityError::TooLarge(text.trim().into()))
    }

    /// Reads a decimal number: `8.5`, `-0.25`.
    ///
    /// # Errors
    /// When it is not a number, or has more than four decimals.
    pub fn decimal(text: &str) -> Result<Self, QuantityError> {
        text.parse::<Percent>().map(|value| Self::Decimal(value.as_f64())).and_then(|value| {
            if text.contains('%') { Err(QuantityError::NotANumber(text.trim().into())) } else { Ok(value) }
        })
    }

    /// Reads percentage points: `0.5`, `0.5 points`, `0.5pp`.
    ///
    /// # Errors
    /// When they are not a number, or one with more than four decimals.
    pub fn points(text: &str) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        let number = ["points", "point", "pp"].iter().find_map(|unit| trimmed.strip_suffix(unit));
        Self::decimal(number.unwrap_or(trimmed).trim_end())
    }

    /// Reads a duration in seconds: `90`, `1.5s`, `200ms`, `2min`, `1h`.
    ///
    /// # Errors
    /// When it is not a duration.
    pub fn seconds(text: &str) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let factor = match unit {
            "" | "s" => 1.0,
            "ms" => 0.001,
            "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(QuantityError::NotADuration(trimmed.into())),
        };
        let scaled =
            decimal(number.trim_end(), 9).ok_or_else(|| QuantityError::NotADuration(trimmed.into()))??;
        #[allow(clippy::cast_precision_loss)]
        Ok(Self::Decimal(scaled as f64 / 1e9 * factor))
    }

    /// `self - other`, exact between integers.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.saturating_sub(b)),
            (a, b) => Self::Decimal(a.as_f64() - b.as_f64()),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u64> for Number {
    /// Sizes above 2^63 - 1 do not occur: the readers refuse them.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Decimal(value)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn several_take_an_s() {
        assert_eq!(counted(0, "file"), "0 files");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(2000, "file"), "2,000 files");
    }

    #[test]
    fn sizes_are_read_as_the_field_writes_them() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1_048_576),
            ("1_048_576", 1_048_576),
            ("1MiB", 1_048_576),
            ("1M", 1_048_576),
            ("1.5 KiB", 1536),
            ("64K", 65_536),
            ("0x10000", 65_536),
            (" 12 B ", 12),
            ("2G", 2_147_483_648),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn a_size_that_could_mean_two_things_is_refused_with_both() {
        let error = "1MB".parse::<ByteSize>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`1MB` is ambiguous: write `1MiB` for powers of 1024, or a plain number of bytes"
        );
        for text in
            ["", "x", "1.0001", "-1", "1Mi", "9223372036854775808", "0xffffffffffffffff", "1..2", ".5"]
        {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_hundred_percent_is_never_a_rounding() {
        let almost = Percent::of(999_999_999, 1_000_000_000).unwrap();
        assert_eq!(almost.to_string(), "99.99 %");
        assert_eq!(Percent::of(1, 1).unwrap().to_string(), "100.00 %");
        assert_eq!(Percent::of(1, 0), None);
        assert_eq!("-0.5".parse::<Percent>().unwrap().to_string(), "-0.50 %");
    }

    #[test]
    fn a_percentage_compares_without_rounding() {
        let limit: Percent = "90%".parse().unwrap();
        assert!(!limit.exceeded_by(900_000_000, 1_000_000_000));
        assert!(limit.exceeded_by(900_000_001, 1_000_000_000));
        assert!(limit.missed_by(899_999_999, 1_000_000_000));
    }

    proptest! {
        #[test]
        fn a_printed_number_of_bytes_reads_back(bytes in 0..i64::MAX as u64) {
            prop_assert_eq!(bytes.to_string().parse(), Ok(ByteSize(bytes)));
            let printed = ByteSize(bytes).to_string();
            prop_assert_eq!(printed.split(' ').next().unwrap().replace(',', "").parse(), Ok(ByteSize(bytes)));
        }

        #[test]
        fn reading_any_text_never_panics(text in ".{0,40}") {
            let _ = text.parse::<ByteSize>();
            let _ = text.parse::<Percent>();
        }

        #[test]
        fn a_floored_share_is_never_above_the_true_one(part in 0..i64::MAX, whole in 1..i64::MAX) {
            if let Some(share) = Percent::of(part, whole) {
                prop_assert!(!share.missed_by(part, whole));
            }
        }
    }
}
