//! The policies of known pipelines, and the conditions their scripts had flags for.

use lw_model::{Bound, Unit};

use crate::args::Preset;
use crate::policy::{Condition, simple};

/// A percentage as a limit: its sign is added where the words of the flag say what it is.
fn percent(text: &str) -> String {
    let level = |part: &str| {
        let part = part.trim();
        if part.ends_with('%') { part.to_owned() } else { format!("{part}%") }
    };
    text.split(',').map(level).collect::<Vec<_>>().join(",")
}

/// The condition of `--coverage-threshold`.
pub(crate) fn coverage(least: &str, origin: &str) -> Condition {
    let mut condition =
        simple("coverage", &["coverage", "coverage.line.covered"], Bound::Min, &percent(least), origin);
    condition.unit = Some(Unit::Percent);
    condition
}

/// The condition of `--security-issues-threshold`.
pub(crate) fn security(most: &str, origin: &str) -> Condition {
    simple(
        "security-issues",
        &["security_issues", "security-issues", "vulnerabilities"],
        Bound::Max,
        most,
        origin,
    )
}

fn severe(origin: &str) -> Condition {
    simple(
        "high-or-critical",
        &["high_critical_vulnerabilities", "vulnerabilities.high-or-critical"],
        Bound::Max,
        "0",
        origin,
    )
}

/// The condition of `--performance-regression-threshold`.
pub(crate) fn performance(most: &str, origin: &str) -> Condition {
    let names = ["performance_regression", "performance-regression"];
    let mut condition = simple("performance-regression", &names, Bound::Max, &percent(most), origin);
    (condition.unit, condition.delta) = (Some(Unit::Percent), true);
    condition
}

/// The conditions of a preset.
pub(crate) fn of_preset(preset: Preset) -> Vec<Condition> {
    match preset {
        Preset::LightwaveOs => {
            let origin = "preset lightwave-os";
            let mut all = vec![
                coverage("80", origin),
                simple("complexity", &["complexity", "complexity.max"], Bound::Max, "10", origin),
                simple(
                    "duplication",
                    &["duplication", "duplication.lines", "duplicated_lines_density"],
                    Bound::Max,
                    "5%",
                    origin,
                ),
                simple("test-pass-rate", &["test_pass_rate", "tests.passed"], Bound::Min, "100%", origin),
                simple("binary-size", &["binary_size", "image.bytes"], Bound::Max, "1048576", origin),
                simple("ram-usage", &["ram_usage", "ram.span"], Bound::Max, "150000", origin),
            ];
            let units =
                [None, None, Some(Unit::Percent), Some(Unit::Percent), Some(Unit::Bytes), Some(Unit::Bytes)];
            for (condition, unit) in all.iter_mut().zip(units) {
                condition.unit = condition.unit.or(unit);
            }
            all
        }
        Preset::LiquidEdge => {
            let origin = "preset liquid-edge";
            vec![coverage("85", origin), severe(origin), performance("5", origin)]
        }
        Preset::TinyLlmProfiler => {
            let origin = "preset tiny-llm-profiler";
            vec![coverage("80", origin), security("0", origin), performance("10", origin)]
        }
        Preset::Novacron => {
            let origin = "preset novacron";
            vec![coverage("warn:80%,fail:70%", origin), severe(origin)]
        }
        Preset::LiveStt => vec![coverage("80", "preset live-stt")],
    }
}
