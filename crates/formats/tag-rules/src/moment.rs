//! Times in the words of moment.js (momentjs.com/docs/#/displaying/format), in English.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::zones;

/// Why a time cannot be written.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeError {
    /// There is no such time zone.
    #[error("there is no time zone `{0}`")]
    Zone(String),
    /// The time is no time.
    #[error("{0} seconds since 1970 are out of range")]
    Range(i64),
}

/// A time zone of the IANA's database, which is part of the binary.
///
/// # Errors
/// When there is none of that name.
pub fn zone(name: &str) -> Result<TimeZone, TimeError> {
    if name.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    let known = zones::find(name).and_then(|(name, file)| TimeZone::tzif(name, &file).ok());
    known.ok_or_else(|| TimeError::Zone(name.chars().take(60).collect()))
}

/// A time in a time zone, as a format of moment.js asks for it; without a format as ISO 8601 has it.
///
/// # Errors
/// When the time is out of range.
pub fn format_time(seconds: i64, zone: &TimeZone, format: &str) -> Result<String, TimeError> {
    let time = Timestamp::from_second(seconds).map_err(|_| TimeError::Range(seconds))?;
    let time = time.to_zoned(zone.clone());
    let format = match (format, time.offset().seconds()) {
        ("", 0) => "YYYY-MM-DDTHH:mm:ss[Z]",
        ("", _) => "YYYY-MM-DDTHH:mm:ssZ",
        (format, _) => format,
    };
    Ok(written(&expanded(format), &time))
}

/// A time of RFC 3339, with any offset, in seconds since 1970; `None` when it is none.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    text.trim().parse::<Timestamp>().ok().map(Timestamp::as_second)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday on.
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Forms of a date that stand for several words.
const LONG: [(&str, &str); 10] = [
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// Words, of those that begin alike the longer first.
const WORDS: [&str; 78] = [
    "Hmmss",
    "hmmss",
    "Hmm",
    "hmm",
    "Mo",
    "MMMM",
    "MMM",
    "MM",
    "M",
    "Do",
    "DDDo",
    "DDDD",
    "DDD",
    "DD",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "wo",
    "ww",
    "w",
    "Wo",
    "WW",
    "W",
    "Qo",
    "Q",
    "NNNNN",
    "NNNN",
    "NNN",
    "NN",
    "N",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "Y",
    "yyyy",
    "yyy",
    "yy",
    "yo",
    "y",
    "ggggg",
    "gggg",
    "gg",
    "GGGGG",
    "GGGG",
    "GG",
    "e",
    "E",
    "a",
    "A",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "x",
    "X",
    "zz",
    "z",
    "ZZ",
    "Z",
];

/// How long what stands between brackets is, with them: up to the last `]` before the next `[`.
fn bracketed(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('[')?;
    let inside = inside.split('[').next().unwrap_or_default();
    Some(inside.rfind(']')? + 2)
}

/// The format with the long forms as the words they stand for.
fn expanded(format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(next) = rest.chars().next() {
        let after = rest.strip_prefix('\\').unwrap_or_default();
        let long = |rest: &str| LONG.into_iter().find(|(long, _)| rest.starts_with(long));
        let length = if let Some(length) = bracketed(rest) {
            out.push_str(rest.get(..length).unwrap_or_default());
            length
        } else if let Some((name, _)) = long(after) {
            out.push('\\');
            out.push_str(name);
            name.len() + 1
        } else if let Some((name, stands_for)) = long(rest) {
            out.push_str(stands_for);
            name.len()
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

fn written(format: &str, time: &Zoned) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(next) = rest.chars().next() {
        let after = rest.strip_prefix('\\').unwrap_or_default();
        let word = |rest: &str| WORDS.into_iter().find(|word| rest.starts_with(word));
        let length = if let Some(length) = bracketed(rest) {
            out.push_str(rest.get(1..length - 1).unwrap_or_default());
            length
        } else if let Some(name) = word(after) {
            out.push_str(name);
            name.len() + 1
        } else if let Some(name) = word(rest) {
            out.push_str(&value(name, time));
            name.len()
        } else {
            if !matches!(next, '\\' | '\n' | '\r' | '\u{2028}' | '\u{2029}') {
                out.push(next);
            }
            next.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Year and week as people in the United States count them: from Sunday on, and January 1 is in the first.
fn week(time: &Zoned) -> (i64, i64) {
    let year = i64::from(time.year());
    let weekday = i64::from(time.weekday().to_sunday_zero_offset());
    let day = i64::from(time.day_of_year());
    // The week is that of its Saturday.
    let saturday = day + 6 - weekday;
    let days = i64::from(time.days_in_year());
    if saturday > days { (year + 1, 1) } else { (year, (saturday + 6) / 7) }
}

fn value(word: &str, time: &Zoned) -> String {
    let year = i64::from(time.year());
    let month = i64::from(time.month());
    let day = i64::from(time.day());
    let day_of_year = i64::from(time.day_of_year());
    let weekday = i64::from(time.weekday().to_sunday_zero_offset());
    let iso = time.date().iso_week_date();
    let (hour, minute, second) = (i64::from(time.hour()), i64::from(time.minute()), i64::from(time.second()));
    let half = if hour % 12 == 0 { 12 } else { hour % 12 };
    let quarter = (month + 2) / 3;
    let name = |names: &[&str], number: i64, letters: usize| -> String {
        let name = usize::try_from(number).ok().and_then(|number| names.get(number)).copied();
        name.unwrap_or_default().chars().take(letters).collect()
    };
    let offset = time.offset().seconds();
    let zone = |colon: &str| {
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.unsigned_abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    };
    match word {
        "Hmmss" => format!("{hour}{minute:02}{second:02}"),
        "hmmss" => format!("{half}{minute:02}{second:02}"),
        "Hmm" => format!("{hour}{minute:02}"),
        "hmm" => format!("{half}{minute:02}"),
        "M" => month.to_string(),
        "Mo" => ordinal(month),
        "MM" => format!("{month:02}"),
        "MMM" => name(&MONTHS, month - 1, 3),
        "MMMM" => name(&MONTHS, month - 1, 20),
        "Q" => quarter.to_string(),
        "Qo" => ordinal(quarter),
        "D" => day.to_string(),
        "Do" => ordinal(day),
        "DD" => format!("{day:02}"),
        "DDD" => day_of_year.to_string(),
        "DDDo" => ordinal(day_of_year),
        "DDDD" => format!("{day_of_year:03}"),
        "d" | "e" => weekday.to_string(),
        "do" => ordinal(weekday),
        "dd" => name(&DAYS, weekday, 2),
        "ddd" => name(&DAYS, weekday, 3),
        "dddd" => name(&DAYS, weekday, 20),
        "E" => iso.weekday().to_monday_one_offset().to_string(),
        "w" => week(time).1.to_string(),
        "wo" => ordinal(week(time).1),
        "ww" => format!("{:02}", week(time).1),
        "W" => iso.week().to_string(),
        "Wo" => ordinal(i64::from(iso.week())),
        "WW" => format!("{:02}", iso.week()),
        "YY" => format!("{:02}", year.rem_euclid(100)),
        "Y" | "YYYY" => format!("{year:04}"),
        "YYYYY" => format!("{year:05}"),
        "YYYYYY" => format!("{year:+07}"),
        "y" => year.to_string(),
        "yo" => ordinal(year),
        "yy" => format!("{year:02}"),
        "yyy" => format!("{year:03}"),
        "yyyy" => format!("{year:04}"),
        "gg" => format!("{:02}", week(time).0.rem_euclid(100)),
        "gggg" => format!("{:04}", week(time).0),
        "ggggg" => format!("{:05}", week(time).0),
        "GG" => format!("{:02}", iso.year().rem_euclid(100)),
        "GGGG" => format!("{:04}", iso.year()),
        "GGGGG" => format!("{:05}", iso.year()),
        "NNNN" => "Anno Domini".to_owned(),
        "N" | "NN" | "NNN" | "NNNNN" => "AD".to_owned(),
        "a" => (if hour < 12 { "am" } else { "pm" }).to_owned(),
        "A" => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
        "H" => hour.to_string(),
        "HH" => format!("{hour:02}"),
        "h" => half.to_string(),
        "hh" => format!("{half:02}"),
        "k" => (if hour == 0 { 24 } else { hour }).to_string(),
        "kk" => format!("{:02}", if hour == 0 { 24 } else { hour }),
        "m" => minute.to_string(),
        "mm" => format!("{minute:02}"),
        "s" => second.to_string(),
        "ss" => format!("{second:02}"),
        "X" => time.timestamp().as_second().to_string(),
        "x" => format!("{}000", time.timestamp().as_second()),
        "z" | "zz" => time.time_zone().to_offset_info(time.timestamp()).abbreviation().to_owned(),
        "Z" => zone(":"),
        "ZZ" => zone(""),
        // Times are whole seconds here, and so all digits of their fractions are zeros.
        fraction => "0".repeat(fraction.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2020-01-10T00:30:00Z, and what moment.js 2.30 with moment-timezone prints.
    const FRIDAY: i64 = 1_578_616_200;

    fn show(seconds: i64, zone_name: &str, format: &str) -> String {
        format_time(seconds, &zone(zone_name).unwrap(), format).unwrap()
    }

    #[test]
    fn times_are_those_moment_writes() {
        for (zone, format, expected) in [
            ("UTC", "YYYYMMDD", "20200110"),
            ("Asia/Tokyo", "YYYYMMDD-HHmmss", "20200110-093000"),
            ("America/New_York", "YYYY-MM-DD hh:mm A z Z ZZ", "2020-01-09 07:30 PM EST -05:00 -0500"),
            ("UTC", "", "2020-01-10T00:30:00Z"),
            ("asia/tokyo", "", "2020-01-10T09:30:00+09:00"),
            ("UTC", "YYYY-MM-DDTHH:mm:ss.SSS[Z]", "2020-01-10T00:30:00.000Z"),
            (
                "UTC",
                "[week] w ww W WW gggg GGGG E e d do dd ddd dddd",
                "week 2 02 2 02 2020 2020 5 5 5 5th Fr Fri Friday",
            ),
            ("UTC", "Do Mo Qo DDDo DDDD MMM MMMM", "10th 1st 1st 10th 010 Jan January"),
            ("UTC", "k kk h H hmm Hmm Hmmss", "24 24 12 0 1230 030 03000"),
            ("UTC", "X x", "1578616200 1578616200000"),
            (
                "UTC",
                "LTS|LT|L|LL|LLL|LLLL",
                "12:30:00 AM|12:30 AM|01/10/2020|January 10, 2020|January 10, 2020 12:30 AM|Friday, January 10, 2020 12:30 AM",
            ),
            (
                "UTC",
                "l|ll|lll|llll",
                "1/10/2020|Jan 10, 2020|Jan 10, 2020 12:30 AM|Fri, Jan 10, 2020 12:30 AM",
            ),
            ("UTC", r"\YYYY [a]b] [] [- \L", "YYYY a]b  [- L"),
            ("UTC", "Y YY YYY YYYYY YYYYYY yo N NNNN", "2020 20 202020 02020 +002020 2020th AD Anno Domini"),
            ("UTC", "v1.Y", "v1.2020"),
        ] {
            assert_eq!(show(FRIDAY, zone, format), expected, "{format}");
        }
        // The weeks around New Year's Day: Saturday and Sunday, 2021-01-02 and 2020-12-27, and Friday 2021-01-01.
        assert_eq!(show(1_609_545_600, "UTC", "gggg-ww GGGG-WW"), "2021-01 2020-53");
        assert_eq!(show(1_609_027_200, "UTC", "gggg-ww GGGG-WW"), "2021-01 2020-52");
        assert_eq!(show(1_609_459_200, "UTC", "gggg-ww GGGG-WW"), "2021-01 2020-53");
        assert!(zone("Europe/Nowhere").is_err() && zone("../../etc/passwd").is_err());
        assert_eq!(parse_time("2020-01-10T09:30:00+09:00"), Some(FRIDAY));
        assert_eq!(parse_time("2020-01-10"), None);
        assert!(format_time(i64::MAX, &TimeZone::UTC, "YYYY").is_err());
    }

    proptest! {
        #[test]
        fn any_format_writes_something(format in "[\\[\\]\\\\A-Za-z .-]{0,40}", seconds in -60_000_000_000_i64..250_000_000_000) {
            let _ = format_time(seconds, &TimeZone::UTC, &format).unwrap();
        }
    }
}
