//! How long a server asks to wait.

use std::time::{Duration, UNIX_EPOCH};

/// A `Retry-After` that is neither a number of seconds nor a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Retry-After is neither a number of seconds nor an HTTP date")]
pub struct AfterError;

/// Reads the value of `Retry-After`, which is a number of seconds or a date
/// ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
///
/// `now` is the server's time in seconds since 1970: that of the answer's `Date`, so that a clock that is wrong here makes
/// no wait longer or shorter. A date that has passed asks for no wait.
///
/// # Errors
/// When it is neither, also for a number with a sign, a fraction or more digits than a time has.
pub fn retry_after(value: &str, now: u64) -> Result<Duration, AfterError> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().map(Duration::from_secs).map_err(|_| AfterError);
    }
    let date = httpdate::parse_http_date(value).map_err(|_| AfterError)?;
    let date = date.duration_since(UNIX_EPOCH).map_err(|_| AfterError)?;
    Ok(date.saturating_sub(Duration::from_secs(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110.
    const DATE: u64 = 784_111_777;

    #[test]
    fn seconds_and_the_three_forms_of_a_date_are_read() {
        assert_eq!(retry_after("0", 5), Ok(Duration::ZERO));
        assert_eq!(retry_after(" 120 ", 5), Ok(Duration::from_secs(120)));
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(retry_after(date, DATE - 90), Ok(Duration::from_secs(90)), "{date}");
            assert_eq!(retry_after(date, DATE), Ok(Duration::ZERO), "{date}");
            assert_eq!(retry_after(date, DATE + 1), Ok(Duration::ZERO), "{date}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for value in
            ["", " ", "-1", "+1", "1.5", "1 s", "soon", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37"]
        {
            assert_eq!(retry_after(value, 0), Err(AfterError), "{value:?}");
        }
    }
}
