//! Markdown tables of measurements.

use std::time::Duration;

/// A Markdown table; all columns but the first are numbers.
pub(crate) struct Table {
    lines: Vec<String>,
}

impl Table {
    pub(crate) fn new(columns: &[&str]) -> Self {
        let rule: Vec<_> = (0..columns.len()).map(|n| if n == 0 { "---" } else { "---:" }).collect();
        Self { lines: vec![row(columns), row(&rule)] }
    }

    pub(crate) fn push(&mut self, cells: &[String]) {
        self.lines.push(row(cells));
    }

    pub(crate) fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }
}

fn row<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |", cells.join(" | "))
}

/// `1.234 s`, or `4.56 ms` below a tenth of a second.
pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.1 { format!("{:.2} ms", seconds * 1000.0) } else { format!("{seconds:.3} s") }
}

/// `12.3 MB`, of 10^6 bytes.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// How many times as long: `20.3x`.
pub(crate) fn ratio(time: Duration, base: Duration) -> String {
    let ratio = time.as_secs_f64() / base.as_secs_f64().max(1e-9);
    if ratio < 10.0 { format!("{ratio:.1}x") } else { format!("{ratio:.0}x") }
}
