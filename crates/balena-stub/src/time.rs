//! Points in time as the API writes them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// `2026-11-21T08:17:06.741Z`.
pub(crate) fn write(at: Millis) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

/// What a request says of a time: milliseconds, or a date.
pub(crate) fn read(value: &Value) -> Option<Millis> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond),
        _ => None,
    }
}

/// A span in milliseconds; what is longer than anybody waits is as long as there is.
pub(crate) fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX / 4).min(Millis::MAX / 4)
}

/// A time or span as the tests have it.
pub(crate) fn duration(at: Millis) -> Duration {
    Duration::from_millis(u64::try_from(at).unwrap_or(0))
}
