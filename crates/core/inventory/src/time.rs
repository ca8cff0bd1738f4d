//! Times as bills of materials hold them: RFC 3339, in UTC, with whole seconds.

/// A time as `2026-01-31T12:00:00Z`, from any RFC 3339 text: fractions of a second are cut off, an offset is taken into
/// account. `None` where it is no such time.
#[must_use]
pub fn whole_seconds(text: &str) -> Option<String> {
    let text = text.trim();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte));
    let punctuated = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    if !punctuated {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text.get(19..)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if rest.len() == fraction.len() {
                return None;
            }
            rest
        }
        None => rest,
    };
    let offset = match rest {
        "Z" | "z" => 0,
        _ => offset(rest)?,
    };
    let in_range = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    // A leap second is told as the second before it.
    let seconds =
        days_before(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second.min(59) - offset;
    written(seconds)
}

/// How many whole days have passed from one time to another, both as RFC 3339; fewer than none where it is still to come.
/// `None` where one is no such time.
#[must_use]
pub fn days_between(from: &str, to: &str) -> Option<i64> {
    let seconds = |text: &str| {
        let text = whole_seconds(text)?;
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let days = days_before(number(0, 4)?, number(5, 7)?, number(8, 10)?);
        Some(days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?)
    };
    Some((seconds(to)? - seconds(from)?).div_euclid(86_400))
}

/// A time given in seconds since 1970, as `2026-01-31T12:00:00Z`; `None` beyond the year 9999.
#[must_use]
pub fn of_unix(seconds: u64) -> Option<String> {
    written(i64::try_from(seconds).ok()?.checked_add(days_before(1970, 1, 1) * 86_400)?)
}

/// `+01:00`, in seconds.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0000-01-01 of the proleptic Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = if year == 0 { 0 } else { 366 + before * 365 + before / 4 - before / 100 + before / 400 };
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

fn written(seconds: i64) -> Option<String> {
    let (mut days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // 400 years have 146 097 days; what is left is at most 400 steps.
    let mut year = days.div_euclid(146_097) * 400;
    days = days.rem_euclid(146_097);
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let is_written = (0..=9999).contains(&year);
    is_written.then(|| format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1))
}

#[cfg(test)]
mod tests {
    use super::{days_between, of_unix, whole_seconds};

    #[test]
    fn seconds_since_1970_are_a_time() {
        for (seconds, expected) in [
            (0, Some("1970-01-01T00:00:00Z")),
            (1_769_860_800, Some("2026-01-31T12:00:00Z")),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (253_402_300_800, None),
            (u64::MAX, None),
        ] {
            assert_eq!(of_unix(seconds).as_deref(), expected);
        }
    }

    #[test]
    fn every_form_of_rfc_3339_becomes_one() {
        let cases = [
            ("2026-01-31T12:00:00Z", Some("2026-01-31T12:00:00Z")),
            ("2026-01-31T12:00:00.123456789Z", Some("2026-01-31T12:00:00Z")),
            ("2026-01-31t12:00:00z", Some("2026-01-31T12:00:00Z")),
            ("2026-03-01T00:30:00+01:00", Some("2026-02-28T23:30:00Z")),
            ("2024-02-29T23:30:00-01:00", Some("2024-03-01T00:30:00Z")),
            ("1999-12-31T23:59:60Z", Some("1999-12-31T23:59:59Z")),
            ("2000-02-29T00:00:00Z", Some("2000-02-29T00:00:00Z")),
            ("0000-01-01T00:00:00+00:01", None),
            ("1900-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-31T12:00:00", None),
            ("2026-01-31T12:00:00.Z", None),
            ("2026-01-31T24:00:00Z", None),
            ("2026-01-31", None),
            ("2026-01-31T12:00:00Zé", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(whole_seconds(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn days_are_whole_and_may_be_to_come() {
        let days = |from: &str, to: &str| days_between(from, to);
        assert_eq!(days("2026-01-31T12:00:00Z", "2026-02-07T11:59:59Z"), Some(6));
        assert_eq!(days("2026-01-31T12:00:00Z", "2026-02-07T12:00:00Z"), Some(7));
        assert_eq!(days("2026-01-31T12:00:00+01:00", "2026-02-07T11:00:00Z"), Some(7));
        assert_eq!(days("2026-01-31T12:00:00Z", "2026-01-31T11:00:00Z"), Some(-1));
        assert_eq!(days("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z"), Some(2));
        assert_eq!(days("yesterday", "2024-03-01T00:00:00Z"), None);
    }
}
