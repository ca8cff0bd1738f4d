//! Rules that have no case elsewhere: what breaks each of them, and how it is told.

use std::fs;
use std::path::Path;

use lw_model::Level;

use crate::common::coverage_gate;

/// Level and message of the finding of a rule.
fn found(folder: &Path, arguments: &[&str], rule: &str) -> (Level, String) {
    let run = coverage_gate(folder, arguments, &[]);
    let findings = &run.report().findings;
    let finding = findings.iter().find(|finding| finding.rule == rule);
    let finding = finding.unwrap_or_else(|| panic!("{rule} is not in {findings:#?}"));
    (finding.level, finding.message.clone())
}

/// A folder with a source of four lines and reports of it.
fn project(reports: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/a.c"), "int a(int x) {\n    if (x) return 1;\n    return 2;\n}\n")
        .unwrap();
    for (name, text) in reports {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What llvm-cov exports with `-summary-only`.
fn summary(covered: u32) -> String {
    format!(
        r#"{{"type":"llvm.coverage.json.export","version":"2.0.1","data":[{{"files":[{{"filename":"src/a.c","summary":{{"lines":{{"count":3,"covered":{covered}}}}}}}]}}]}}"#
    )
}

const LCOV: &str = "SF:src/a.c\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\n";

#[test]
fn the_union_of_counts_is_a_lower_bound() {
    // Each test took one of the two branches; nothing says whether it was the same one.
    let cobertura = r#"<coverage><packages><package name="src"><classes><class name="a" filename="src/a.c"><lines><line number="2" hits="1" branch="true" condition-coverage="50% (1/2)"/></lines></class></classes></package></packages></coverage>"#;
    let folder = project(&[("unit.xml", cobertura), ("run.xml", cobertura)]);
    let arguments = ["--coverage=unit.xml", "--coverage=run.xml"];
    let (level, message) = found(folder.path(), &arguments, "coverage-gate/lower-bound");
    assert!(level == Level::Note && message.contains("1 of 2 in branch coverage"), "{message}");
}

#[test]
fn changed_lines_of_a_report_with_totals_only_are_not_known() {
    let diff = "--- a/src/a.c\n+++ b/src/a.c\n@@ -3 +3 @@\n-    return 3;\n+    return 2;\n";
    let folder = project(&[("totals.json", &summary(2)), ("change.diff", diff)]);
    let arguments = ["--coverage=totals.json", "--diff-file=change.diff"];
    let (level, message) = found(folder.path(), &arguments, "coverage-gate/only-totals");
    assert!(level == Level::Note && message.starts_with("src/a.c: "), "{message}");
}

#[test]
fn a_baseline_of_another_format_is_told() {
    let folder = project(&[("run.info", LCOV), ("totals.json", &summary(2))]);
    let before = coverage_gate(folder.path(), &["--coverage=totals.json"], &[]);
    fs::write(folder.path().join("before.json"), serde_json::to_string(before.report()).unwrap()).unwrap();
    let arguments = ["--coverage=run.info", "--baseline=before.json"];
    let (level, message) = found(folder.path(), &arguments, "coverage-gate/other-format");
    assert!(level == Level::Warning && message.contains("this run as lcov"), "{message}");
}
