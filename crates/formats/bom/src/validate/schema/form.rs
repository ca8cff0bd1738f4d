//! The forms that texts have: what JSON Schema calls formats.

use fluent_uri::{IriRef, Uri};

use super::rules::Format;

/// Whether a text has a form.
pub(super) fn has(text: &str, format: Format) -> bool {
    match format {
        Format::Date => is_date(text.as_bytes()),
        Format::DateTime => is_date_time(text.as_bytes()),
        Format::IdnEmail => is_mail(text),
        Format::IriReference => IriRef::parse(text).is_ok(),
        Format::Uri => Uri::parse(text).is_ok(),
    }
}

/// Whether a text may be an address of electronic mail, of any script.
fn is_mail(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && !text.contains(char::is_whitespace)
            && !host.starts_with(['.', '-'])
    })
}

/// A `full-date` of RFC 3339, section 5.6, of a day that the calendar has.
fn is_date(text: &[u8]) -> bool {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(year, 4), number(&[*m1, *m2], 2), number(&[*d1, *d2], 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// A `date-time` of RFC 3339, section 5.6.
fn is_date_time(text: &[u8]) -> bool {
    let Some((date, [b'T' | b't', time @ ..])) = text.split_at_checked(10) else { return false };
    let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = time else { return false };
    let (Some(hour), Some(minute), Some(second)) =
        (number(&[*h1, *h2], 2), number(&[*m1, *m2], 2), number(&[*s1, *s2], 2))
    else {
        return false;
    };
    let offset = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match fraction.split_at_checked(digits) {
                Some((digits, offset)) if !digits.is_empty() => offset,
                _ => return false,
            }
        }
        offset => offset,
    };
    // Minutes that the local time is ahead of the world's.
    let ahead = match offset {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (Some(hours), Some(minutes)) = (number(&[*h1, *h2], 2), number(&[*m1, *m2], 2)) else {
                return false;
            };
            if hours > 23 || minutes > 59 {
                return false;
            }
            let ahead = i32::from(hours * 60 + minutes);
            if *sign == b'-' { -ahead } else { ahead }
        }
        _ => return false,
    };
    // A leap second is the last of a day of the world's time: appendix D.
    let is_last_minute = (i32::from(hour * 60 + minute) - ahead).rem_euclid(24 * 60) == 24 * 60 - 1;
    is_date(date) && hour <= 23 && minute <= 59 && (second <= 59 || (second == 60 && is_last_minute))
}

/// A number of so many digits.
fn number(digits: &[u8], count: usize) -> Option<u16> {
    if digits.len() != count {
        return None;
    }
    digits
        .iter()
        .try_fold(0u16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0')))
}
