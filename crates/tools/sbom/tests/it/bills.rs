//! Bills that were written before: what is told of them, and of what they are merged into.

use std::fs;
use std::path::Path;

use lw_model::{Finding, Level, Verdict};
use lw_testkit::tool::words;

use crate::SBOM;

/// A bill of one library, whose other members are given.
fn bill(version: &str, library: &str) -> String {
    format!(
        r#"{{
  "bomFormat": "CycloneDX",
  "specVersion": "{version}",
  "serialNumber": "urn:uuid:a6349f4a-825f-50ac-a812-aafee3408893",
  "version": 1,
  "metadata": {{"timestamp": "2026-01-31T12:00:00Z", "component": {{"type": "firmware", "name": "a", "version": "1", "bom-ref": "a"}}}},
  "components": [{{"type": "library", "name": "b", "version": "2", "bom-ref": "b", {library}}}],
  "dependencies": [{{"ref": "a", "dependsOn": ["b"]}}]
}}"#
    )
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn of<'f>(findings: &'f [Finding], rule: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.rule == rule).unwrap_or_else(|| panic!("{rule}: {findings:#?}"))
}

#[test]
fn what_is_wrong_with_a_bill_is_told_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let bill = r#"{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "version": 1,
  "metadata": {"component": {"type": "firmware", "name": "a", "bom-ref": "a"}},
  "components": [{"type": "library", "name": "b", "bom-ref": "b", "purl": "npm/b"}],
  "dependencies": [{"ref": "a", "dependsOn": ["gone"]}]
}"#;
    write(folder.path(), "bad.json", bill);
    let run = SBOM.run_as_step(folder.path(), &words("validate bad.json"), &[]);
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail), "{}", run.stderr);
    let report = run.report();
    let dangling =
        report.findings.iter().find(|finding| finding.message.contains("dangling-reference")).unwrap();
    assert_eq!((&*dangling.rule, dangling.level), ("sbom/invalid", Level::Error));
    assert_eq!(dangling.location.as_ref().unwrap().to_string(), "bad.json:7");
    assert!(report.findings.iter().any(|finding| finding.rule == "sbom/doubtful"), "nothing leads to b");
}

#[test]
fn a_field_that_says_nothing_is_told_as_a_note() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bill.json", &bill("1.6", r#""licenses": [{"license": {"name": "NOASSERTION"}}]"#));
    let run = SBOM.run_as_step(folder.path(), &words("validate bill.json"), &[]);
    let report = run.report();
    let finding = of(&report.findings, "sbom/unsaid");
    assert_eq!(finding.level, Level::Note);
    assert_eq!(finding.location.as_ref().unwrap().to_string(), "bill.json:7");
}

#[test]
fn a_format_that_cannot_conform_fails_where_the_standard_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bill.json", &bill("1.5", r#""purl": "pkg:npm/b@2""#));
    let run = SBOM.run_as_step(folder.path(), &words("validate bill.json --standard bsi-tr-03183-2"), &[]);
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail), "{}", run.stderr);
    let report = run.report();
    assert!(
        of(&report.findings, "sbom/format-cannot-conform").message.contains("1.5"),
        "{:?}",
        report.findings
    );
    // Asked for nothing, it is a fact, and no 0 %.
    let run = SBOM.run_as_step(folder.path(), &words("validate bill.json"), &[]);
    assert!(run.report().measures.iter().all(|measure| !measure.name.contains("bsi")));
    assert!(run.found(Level::Error).is_empty(), "{:?}", run.found(Level::Error));
}

#[test]
fn what_is_wrong_with_a_part_or_told_differently_is_told_of_the_merged_bill() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "one.json",
        &bill("1.6", r#""purl": "pkg:npm/b@2", "licenses": [{"license": {"id": "MIT"}}]"#),
    );
    write(
        folder.path(),
        "two.json",
        &bill("1.6", r#""purl": "pkg:npm/b@2", "licenses": [{"license": {"id": "ISC"}}]"#),
    );
    write(folder.path(), "three.json", &bill("1.6", r#""purl": "npm/b""#));
    let run = SBOM.run_as_step(
        folder.path(),
        &words("merge one.json two.json three.json --name product --version 1 --output product.json"),
        &[],
    );
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn), "{}", run.stderr);
    let report = run.report();
    let apart = of(&report.findings, "sbom/merge-kept-apart");
    assert_eq!(apart.level, Level::Note);
    assert!(apart.message.contains("two.json") && apart.message.contains("licenses"), "{}", apart.message);
    let fault = of(&report.findings, "sbom/merge-fault");
    assert_eq!(fault.level, Level::Warning);
    assert!(fault.message.contains("npm/b"), "{}", fault.message);
}

#[test]
fn what_is_new_and_too_young_or_of_unknown_age_fails_where_an_age_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let library = |version: &str, released: Option<&str>| {
        let released =
            released.map(|time| format!(r#", "properties": [{{"name": "lw:released", "value": "{time}"}}]"#));
        bill("1.6", &format!(r#""purl": "pkg:npm/b@{version}"{}"#, released.unwrap_or_default()))
            .replace(r#""version": "2""#, &format!(r#""version": "{version}""#))
    };
    write(folder.path(), "old.json", &library("2", None));
    let call = "diff old.json new.json --min-age 7";
    for (name, version, released, rule) in [
        ("it is the same version", "2", None, None),
        ("it is old", "3", Some("2001-01-01T00:00:00Z"), None),
        ("it is young", "3", Some("2999-01-01T00:00:00Z"), Some("sbom/too-young")),
        ("nobody knows", "3", None, Some("sbom/undated")),
        ("what is said is no time", "3", Some("yesterday"), Some("sbom/undated")),
    ] {
        write(folder.path(), "new.json", &library(version, released));
        let run = SBOM.run_as_step(folder.path(), &words(call), &[]);
        assert_eq!(run.code, i32::from(rule.is_some()), "{name}: {}", run.stderr);
        if let Some(rule) = rule {
            assert_eq!(of(&run.report().findings, rule).level, Level::Error, "{name}");
        }
        let run = SBOM.run_as_step(folder.path(), &words("diff old.json new.json"), &[]);
        assert_eq!(run.code, 0, "without the limit nobody asks: {name}: {}", run.stderr);
    }
    let run =
        SBOM.run_as_step(folder.path(), &words("diff gone.json new.json --missing warn --min-age 7"), &[]);
    assert_eq!(run.code, 1, "nothing says what is new: {}", run.stderr);
}

/// What was not judged does not pass.
#[test]
fn a_bill_of_nothing_and_a_limit_of_nothing_fail() {
    let folder = tempfile::tempdir().unwrap();
    let full = bill("1.6", r#""purl": "pkg:npm/b@2""#);
    write(folder.path(), "full.json", &full);
    let (before, rest) = full.split_once(r#""components": ["#).unwrap();
    let (_, after) = rest.split_once("],\n").unwrap();
    let empty = format!(r#"{before}"components": [],{after}"#).replace(r#"["b"]"#, "[]");
    write(folder.path(), "empty.json", &empty);
    for (call, code) in [
        ("validate full.json", 0),
        ("validate empty.json", 1),
        ("validate full.json empty.json", 1),
        ("validate empty.json --min sbom.components=0", 1),
        ("validate empty.json --allow-license MIT", 1),
        ("validate full.json --min sbom.components=1", 0),
        ("validate full.json --min sbom.componets=1", 1),
        ("validate full.json --max sbom.unknowns=0", 1),
        ("validate full.json --max sbom.diff.added=0", 1),
        ("validate full.json --allow-license MIT", 1),
        ("validate gone.json", 3),
        ("validate gone-*.json", 3),
        ("validate gone.json --missing warn --min sbom.components=1", 1),
    ] {
        let run = SBOM.run_as_step(folder.path(), &words(call), &[]);
        assert_eq!(run.code, code, "{call}: {}", run.stderr);
    }
}
