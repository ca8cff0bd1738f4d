//! Every folder of `tests/golden` is a case: `report.json` and what each format makes of it.
//!
//! `SNAPSHOTS=overwrite` writes the expected files; a new case is a new folder with a `report.json`.

use std::path::Path;

use lw_model::Report;
use lw_render::{Format, LinkBase, Options, render};
use snapbox::Data;
use snapbox::data::DataFormat;

#[test]
fn every_case_renders_as_expected() {
    let assert = snapbox::Assert::new().action_env("SNAPSHOTS");
    let mut cases = 0;
    for case in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).unwrap() {
        let case = case.unwrap().path();
        let json = std::fs::read_to_string(case.join("report.json")).unwrap();
        let report: Report = serde_json::from_str(&json).unwrap();
        let base: LinkBase = "https://example.org/team/firmware/blob/3f1c9ab".parse().unwrap();
        for format in Format::ALL {
            let options = Options { link: Some(base.clone()), ..Options::default() };
            let mut out = Vec::new();
            render(&report, format, &options, &mut out).unwrap();
            let file = case.join(match format {
                Format::Text => "text.txt",
                Format::Markdown => "markdown.md",
                Format::Html => "report.html",
                Format::Json => "report.json",
                Format::Junit => "junit.xml",
                Format::Sarif => "sarif.json",
                Format::OpenMetrics => "openmetrics.txt",
            });
            let expected = Data::read_from(&file, Some(DataFormat::Text)).raw();
            assert.eq(Data::text(String::from_utf8(out).unwrap()), expected);
        }
        cases += 1;
    }
    assert!(cases >= 5, "only {cases} cases");
}
