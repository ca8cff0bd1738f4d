//! Any bytes as JSON and as CSV, and one value of them: the first line names it.

use lw_figures::{Take, csv_value, json_value};

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (name, rest) = bytes.split_at(end);
    let Ok(name) = std::str::from_utf8(name) else { return };
    let rest = rest.get(1..).unwrap_or_default();
    let only = name.split_once('=');
    let column = name.split('=').next().unwrap_or_default();
    for value in [
        json_value(rest, name),
        csv_value(rest, column, None, Take::Only),
        csv_value(rest, column, only, Take::Mean),
        csv_value(rest, column, only, Take::Sum),
        csv_value(rest, column, None, Take::Max),
    ] {
        match value {
            Ok(value) => assert!(value.as_f64().is_finite()),
            Err(error) => lw_fuzz::explained(&error),
        }
    }
});
