use proptest::prelude::*;

use super::*;
use crate::arbitrary::{self, Uses};
use crate::model::{Basis, Counts, Format, Metric};
use crate::read;

fn tracefile(coverage: &Coverage, dialect: Dialect) -> String {
    let mut bytes = Vec::new();
    lcov(coverage, dialect, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn xml(coverage: &Coverage) -> String {
    let mut bytes = Vec::new();
    cobertura(coverage, &CoberturaOptions::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The figures of each file that the format can tell.
fn figures(coverage: &Coverage, metrics: &[Metric]) -> Vec<(String, Vec<Counts>)> {
    let of_file =
        |file: &crate::FileCoverage| metrics.iter().map(|metric| file.figure(*metric).counts).collect();
    coverage.files.iter().map(|(path, file)| (path.clone(), of_file(file))).collect()
}

const DETAILED: Uses = Uses { counted: false, everything: false };
const COUNTED: Uses = Uses { counted: true, everything: false };

proptest! {
    #[test]
    fn version_2_keeps_everything(mut coverage in arbitrary::coverage(DETAILED)) {
        // Where there is no file there is no tracefile.
        prop_assume!(!coverage.files.is_empty());
        coverage.warnings = crate::Warnings::default();
        prop_assert_eq!(read(tracefile(&coverage, Dialect::Version2).as_bytes()).unwrap(), coverage);
    }

    /// What other ends of lines, spaces and zeros make of a report: the same, read on the longer way.
    #[test]
    fn however_a_record_is_written(mut coverage in arbitrary::coverage(DETAILED), zeros in "0{0,12}", space in " ?") {
        prop_assume!(!coverage.files.is_empty());
        coverage.warnings = crate::Warnings::default();
        let text = tracefile(&coverage, Dialect::Version2);
        let longer = text.replace("DA:", &format!("DA:{space}{zeros}")).replace('\n', "\r\n");
        prop_assert_eq!(read(longer.as_bytes()).unwrap(), coverage);
    }

    #[test]
    fn every_dialect_keeps_the_figures(mut coverage in arbitrary::coverage(COUNTED)) {
        prop_assume!(!coverage.files.is_empty());
        for file in coverage.files.values_mut() {
            file.told.clear();
        }
        let metrics = [Metric::Line, Metric::Branch, Metric::Function];
        for dialect in [Dialect::Universal, Dialect::Version2] {
            let again = read(tracefile(&coverage, dialect).as_bytes()).unwrap();
            prop_assert_eq!(figures(&again, &metrics), figures(&coverage, &metrics));
            for (path, file) in &coverage.files {
                prop_assert_eq!(file.lines(), again.files[path].lines());
            }
        }
    }

    #[test]
    fn cobertura_keeps_the_figures_of_its_lines(mut coverage in arbitrary::coverage(COUNTED)) {
        for file in coverage.files.values_mut() {
            file.told.clear();
        }
        let again = read(xml(&coverage).as_bytes()).unwrap();
        let metrics = [Metric::Line, Metric::Function];
        prop_assert_eq!(figures(&again, &metrics), figures(&coverage, &metrics));
        for (path, file) in &coverage.files {
            let again = &again.files[path];
            prop_assert_eq!(file.lines(), again.lines());
            let of_lines: Vec<_> = file
                .branches()
                .by_line()
                .filter(|branches| branches.counts.total > 0 && file.lines().get(branches.line).is_some())
                .map(|branches| (branches.line, branches.counts))
                .collect();
            let told: Vec<_> = again.branches().by_line().map(|branches| (branches.line, branches.counts)).collect();
            prop_assert_eq!(of_lines, told);
        }
    }
}

#[test]
fn a_tracefile_for_every_version() {
    let report = "SF:a.cpp\nFN:2,5,f\nFNDA:3,f\nBRDA:3,e0,0,1\nBRDA:3,0,a || b,0\nMCDC:3,1,t,1,0,a\nDA:3,1\nend_of_record\n";
    let coverage = read(report.as_bytes()).unwrap();
    assert_eq!(
        tracefile(&coverage, Dialect::Universal),
        "TN:\nSF:a.cpp\nFN:2,f\nFNDA:3,f\nFNF:1\nFNH:1\nBRDA:3,0,0,1\nBRDA:3,0,1,0\nBRF:2\nBRH:1\nDA:3,1\nLF:1\nLH:1\n\
         end_of_record\n"
    );
    assert_eq!(
        tracefile(&coverage, Dialect::Version2),
        "TN:\nSF:a.cpp\nFNL:0,2,5\nFNA:0,3,f\nFNF:1\nFNH:1\nBRDA:3,e0,0,1\nBRDA:3,0,a || b,0\nBRF:2\nBRH:1\n\
         MCDC:3,1,t,1,0,a\nMCF:1\nMCH:1\nDA:3,1\nLF:1\nLH:1\nend_of_record\n"
    );
}

#[test]
fn what_version_2_of_lcov_wrote_is_written_again() {
    let report = "TN:\nSF:a.c\nFNL:0,1,9\nFNA:0,1,f\nFNA:0,0,g\nFNL:1,20,30\nFNA:1,0,h\nFNF:2\nFNH:1\nMCDC:1,2,f,0,0,a\n\
                  MCDC:1,2,t,1,0,a\nMCDC:1,2,f,1,1,b\nMCDC:1,2,t,1,1,b\nMCF:4\nMCH:3\nDA:1,1\nLF:1\nLH:1\nend_of_record\n";
    let coverage = read(report.as_bytes()).unwrap();
    assert_eq!(dialect_for(&coverage), Dialect::Version2);
    assert_eq!(tracefile(&coverage, Dialect::Version2), report);
    assert_eq!(lcov_losses(&coverage, Dialect::Version2), [""; 0]);
    assert_eq!(
        lcov_losses(&coverage, Dialect::Universal),
        ["conditions of MC/DC (4)", "last lines of functions (3)"]
    );
    // What both versions can tell stays readable for both.
    let plain = "SF:a.c\nFN:1,f\nFNDA:1,f\nBRDA:1,0,0,1\nDA:1,1\nend_of_record\n";
    assert_eq!(dialect_for(&read(plain.as_bytes()).unwrap()), Dialect::Universal);
    for more in ["FN:1,2,f\n", "BRDA:1,e0,1,1\n", "BRDA:1,0,a && b,1\n", "FNL:0,1\nFNA:0,1,f\nFNA:0,1,g\n"] {
        let coverage = read(plain.replace("DA:1,1\n", &format!("DA:1,1\n{more}")).as_bytes()).unwrap();
        assert_eq!(dialect_for(&coverage), Dialect::Version2, "{more}");
    }
}

#[test]
fn what_a_conversion_loses_is_told() {
    let go = read(b"mode: set\na.go:1.1,2.2 3 1\n").unwrap();
    assert_eq!(lcov_losses(&go, Dialect::Universal), ["statements (3)"]);
    assert_eq!(cobertura_losses(&go), ["statements (3)"]);
    let lcov =
        read(b"SF:a.c\nBRDA:1,0,0,1\nBRDA:1,0,1,0\nBRDA:2,0,0,1\nMCDC:1,1,t,1,0,a\nDA:1,1\nend_of_record\n")
            .unwrap();
    assert_eq!(
        cobertura_losses(&lcov),
        [
            "conditions of MC/DC (1)",
            "branches of lines that are not executable (1)",
            "which branches of a line were taken (3)"
        ]
    );
}

/// Another reader of the format than ours.
fn judged(text: &str) -> (Vec<String>, u64, u64, u64) {
    let (mut paths, mut lines, mut covered, mut branches) = (Vec::new(), 0, 0, 0);
    for record in ::lcov::Reader::new(text.as_bytes()) {
        match record.unwrap() {
            ::lcov::Record::SourceFile { path } => paths.push(path.to_str().unwrap().to_owned()),
            ::lcov::Record::LineData { count, .. } => {
                lines += 1;
                covered += u64::from(count > 0);
            }
            ::lcov::Record::BranchData { taken, .. } => {
                branches += u64::from(taken.is_some_and(|taken| taken > 0));
            }
            _ => {}
        }
    }
    (paths, covered, lines, branches)
}

proptest! {
    #[test]
    fn the_crate_lcov_reads_what_is_written(mut coverage in arbitrary::coverage(COUNTED)) {
        for file in coverage.files.values_mut() {
            file.told.clear();
        }
        let (paths, covered, lines, branches) = judged(&tracefile(&coverage, Dialect::Universal));
        prop_assert_eq!(paths, coverage.files.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(Counts::new(covered, lines), coverage.figure(Metric::Line).counts);
        prop_assert_eq!(branches, coverage.figure(Metric::Branch).counts.covered);
    }
}

#[test]
fn branches_that_are_only_counted_are_numbered() {
    let report = "<coverage line-rate='1'><packages><class name='a' filename='a\nDA:1,1'><lines><line number='7' hits='2' \
                  branch='true' condition-coverage='67% (2/3)'/></lines></class></packages></coverage>";
    let coverage = read(report.as_bytes()).unwrap();
    assert_eq!(
        tracefile(&coverage, Dialect::Universal),
        "TN:\nSF:a%0ADA:1,1\nBRDA:7,0,0,1\nBRDA:7,0,1,1\nBRDA:7,0,2,0\nBRF:3\nBRH:2\nDA:7,2\nLF:1\nLH:1\nend_of_record\n"
    );
}

#[test]
fn a_summary_has_no_lines_to_write() {
    let report = r#"{"data":[{"files":[{"filename":"a.c","summary":{"lines":{"count":3,"covered":1}}}]}]}"#;
    let coverage = read(report.as_bytes()).unwrap();
    assert_eq!(coverage.figure(Metric::Line).basis, Basis::Counted);
    let mut out = Vec::new();
    let error = lcov(&coverage, Dialect::Universal, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "the lines of `a.c` are not known, only how many there are");
    assert!(cobertura(&coverage, &CoberturaOptions::default(), &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn cobertura_escapes_and_floors() {
    let mut report = String::from("SF:src/<a>&\"b\"\u{1}.c\nFN:1,f<T>\nFNDA:1,f<T>\n");
    for line in 1..=100_000 {
        report += &format!("DA:{line},{}\n", u8::from(line > 1));
    }
    report += "BRDA:2,0,0,1\nBRDA:2,0,1,-\nend_of_record\n";
    let text = xml(&read(report.as_bytes()).unwrap());
    for part in [
        "<coverage line-rate=\"0.9999\" branch-rate=\"0.5000\" lines-covered=\"99999\" lines-valid=\"100000\"",
        "<source>.</source>",
        "<package name=\"src\" ",
        "filename=\"src/&lt;a&gt;&amp;&quot;b&quot;\u{fffd}.c\"",
        "<method name=\"f&lt;T&gt;\" signature=\"\"",
        "<line number=\"2\" hits=\"1\" branch=\"true\" condition-coverage=\"50% (1/2)\"/>",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(read(text.as_bytes()).unwrap().formats, Format::Cobertura.into());
}
