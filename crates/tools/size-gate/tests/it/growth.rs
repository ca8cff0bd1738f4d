//! Growth against a baseline, and over a history, on the example firmware and its release before.

use std::fs;

use lw_model::{Number, Outcome, Verdict};

use crate::common::{example, size_gate, words};

const NOW: &str = "--elf firmware.elf --map firmware.map --linker-script regions.ld --bin firmware.bin --partitions partitions.csv";
const BEFORE: &str = "--elf baseline/firmware.elf --map baseline/firmware.map --linker-script regions.ld --bin baseline/firmware.bin --partitions partitions.csv";

/// The arguments of a run of today's firmware against the release before, whose report is in `folder`.
fn against_baseline(folder: &std::path::Path, more: &str) -> Vec<String> {
    let path = folder.join("baseline.json");
    if !path.exists() {
        let before = size_gate(&example("esp32c3"), &words(BEFORE));
        fs::write(&path, serde_json::to_string(before.report()).unwrap()).unwrap();
    }
    [words(NOW), vec![format!("--baseline={}", path.display())], words(more)].concat()
}

#[test]
fn growth_is_measured_between_the_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let run = size_gate(&example("esp32c3"), &against_baseline(folder.path(), ""));
    let report = run.report();
    let length = |path: &str| fs::metadata(example("esp32c3").join(path)).unwrap().len();
    let used = report.measure("partition.ota_0.used", None).unwrap();
    assert_eq!(
        used.growth(),
        Some(Number::Integer(length("firmware.bin") as i64 - length("baseline/firmware.bin") as i64))
    );
    // What grew is named, and the rows add up to what the breakdown grew by.
    let growers = report.tables.iter().find(|table| table.id == "growers").unwrap();
    assert!(serde_json::to_string(growers).unwrap().contains("led_node::spectrum::HISTORY"));
}

#[test]
fn a_growth_limit_holds_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let run = size_gate(&example("esp32c3"), &against_baseline(folder.path(), ""));
    let Some(Number::Integer(growth)) = run.report().measure("image.bytes", None).unwrap().growth() else {
        panic!("the image has a baseline");
    };
    assert!(growth > 0);
    for (limit, verdict) in [(growth, Verdict::Pass), (growth - 1, Verdict::Fail)] {
        let run = size_gate(
            &example("esp32c3"),
            &against_baseline(folder.path(), &format!("--max-growth image.bytes={limit}")),
        );
        assert_eq!(run.report().verdict, verdict, "limit {limit}");
    }
}

#[test]
fn a_symbol_may_be_limited_in_its_growth() {
    let folder = tempfile::tempdir().unwrap();
    let run = size_gate(
        &example("esp32c3"),
        &against_baseline(folder.path(), "--max-growth symbol.led_node::spectrum::HISTORY=1K"),
    );
    assert_eq!(run.code, 1);
    let measure = run.report().measure("symbol.led_node::spectrum::HISTORY.bytes", None).unwrap();
    assert_eq!((measure.baseline, measure.limits[0].outcome), (Some(Number::Integer(0)), Outcome::Breached));
}

#[test]
fn the_noise_floor_leaves_small_changes_out() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |more: &str| {
        let run = size_gate(&example("esp32c3"), &against_baseline(folder.path(), more));
        let table = run.report().tables.iter().find(|table| table.id == "growers").unwrap().clone();
        (table.rows.len(), table.note.unwrap_or_default())
    };
    let (all, _) = rows("--top 10000");
    let (large, note) = rows("--top 10000 --noise-floor 1000");
    assert!(large < all && note.contains("below the noise floor"), "{large} of {all}: {note}");
}

#[test]
fn the_history_grows_by_a_line_per_run_and_shows_its_trend() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history.jsonl");
    let record = |arguments: &str| {
        size_gate(
            &example("esp32c3"),
            &[words(arguments), vec![format!("--history={}", history.display())]].concat(),
        )
    };
    assert_eq!(record(BEFORE).code, 0);
    let run = record(NOW);
    assert_eq!(fs::read_to_string(&history).unwrap().lines().count(), 2);
    let trend = run.report().series.iter().find(|series| series.name == "image.bytes").unwrap();
    assert_eq!(trend.points.len(), 2);
    assert!(trend.points[1].value > trend.points[0].value);

    fs::write(&history, "{\"time\":1,").unwrap();
    let run = record(NOW);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("history.jsonl:1: "), "{}", run.stderr);
}
