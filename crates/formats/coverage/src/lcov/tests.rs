use super::*;
use crate::error::Problem;
use crate::model::{Arm, BranchKind, Counts, FileCoverage, Metric, Sense, WarningKind};

fn one(body: &str) -> (FileCoverage, Coverage) {
    let coverage = read(format!("TN:\nSF:a.c\n{body}end_of_record\n").as_bytes()).unwrap();
    (coverage.files["a.c"].clone(), coverage)
}

fn fails(text: &str) -> (u64, Problem) {
    match read(text.as_bytes()).unwrap_err() {
        CoverageError::Malformed { at, problem, .. } => (at.line, problem),
        other => panic!("{other}"),
    }
}

#[test]
fn functions_of_version_1() {
    let (file, _) = one("FN:2,add\nFN:6,9,operator,(int, int)\nFNDA:0,operator,(int, int)\nFNDA:3,add\n");
    let functions: Vec<_> = file.functions().iter().map(|f| (f.start, f.end, f.hits, &*f.name)).collect();
    assert_eq!(functions, [(2, 0, 3, "add"), (6, 9, 0, "operator,(int, int)")]);
}

#[test]
fn functions_of_one_name_keep_their_own_hits() {
    let (file, coverage) = one("FN:3,f\nFN:8,f\nFN:9,g\nFNDA:1,f\nFNDA:0,f\nFNDA:5,g\nFNDA:2,h\n");
    let functions: Vec<_> = file.functions().iter().map(|f| (f.start, f.hits, &*f.name)).collect();
    assert_eq!(functions, [(0, 2, "h"), (3, 1, "f"), (8, 0, "f"), (9, 5, "g")]);
    assert_eq!(coverage.warnings.count(WarningKind::FunctionWithoutLine), 1);
}

#[test]
fn functions_of_version_2_have_aliases() {
    let (file, _) = one("FNL:0,2,5\nFNA:0,1,twice<double>\nFNA:0,5,twice<int>\nFNL:1,9\nFNF:9\n");
    let functions: Vec<_> = file.functions().iter().map(|f| (f.start, f.end, f.hits, &*f.name)).collect();
    assert_eq!(functions, [(2, 5, 1, "twice<double>"), (2, 5, 5, "twice<int>"), (9, 0, 0, "")]);
}

#[test]
fn branches_of_both_versions() {
    let (file, _) =
        one("DA:1,1\nBRDA:1,e0,0,-\nBRDA:1,0,if (a, b),1\nBRDA:1,f0,1,0\nBRDA:1,4294967295,0,2\n");
    let branches: Vec<_> = file.branches().iter().map(|b| (b.block, b.arm, b.kind, b.taken)).collect();
    assert_eq!(
        branches,
        [
            (0, Arm::Index(0), BranchKind::Exception, None),
            (0, Arm::Index(1), BranchKind::Fallthrough, Some(0)),
            (0, Arm::Text("if (a, b)"), BranchKind::Ordinary, Some(1)),
            (u32::MAX, Arm::Index(0), BranchKind::Ordinary, Some(2)),
        ]
    );
    assert_eq!(file.figure(Metric::Branch).counts, Counts::new(2, 4));
    let mut file = file;
    file.branches_mut().drop_kind(BranchKind::Exception);
    assert_eq!(file.figure(Metric::Branch).counts, Counts::new(2, 3));
}

#[test]
fn conditions() {
    let (file, _) = one("MCDC:5,2,t,1,0,a\nMCDC:5,2,f,0,0,a\nMCDC:5,2,t,-,3,b, c\n");
    assert_eq!(file.figure(Metric::Condition).counts, Counts::new(1, 3));
    let last = &file.conditions()[2];
    assert_eq!((last.decision, last.index, last.sense, &*last.expression), (1, 1, Sense::True, "b, c"));
}

#[test]
fn a_windows_path_has_a_colon() {
    let coverage = read(b"SF:C:\\src\\a.c\r\nDA:1,1,abc/def==\r\nend_of_record \r\n").unwrap();
    assert_eq!(coverage.files["C:\\src\\a.c"].lines().get(1), Some(1));
    assert!(coverage.warnings.is_empty());
}

#[test]
fn what_is_unknown_is_counted() {
    let (file, coverage) = one("DA:1,1\nWHAT:3\nplain junk\n\n# comment\nBA:1,2\nLF:99\nLH:99\n");
    assert_eq!(file.figure(Metric::Line).counts, Counts::new(1, 1));
    assert_eq!(coverage.warnings.count(WarningKind::UnknownRecord), 3);
    assert_eq!(
        coverage.warnings.examples().next().unwrap().to_string(),
        "line 4: unknown record passed over: WHAT:3"
    );
}

#[test]
fn a_section_without_end_ends_at_the_next() {
    let coverage = read(b"SF:a\nDA:1,1\nSF:b\nDA:1,0\nend_of_record\n").unwrap();
    assert_eq!(coverage.figure(Metric::Line).counts, Counts::new(1, 2));
    assert_eq!(coverage.warnings.count(WarningKind::UnclosedRecord), 1);
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_line() {
    assert_eq!(fails("SF:a\nDA:1,1\nDA:2,0\n"), (3, Problem::Truncated("`end_of_record`")));
    assert_eq!(fails("SF:a\nDA:1,1\nDA:2,"), (3, not_number("the count of DA", "")));
    assert_eq!(fails("SF:a\nDA:x,1\nend_of_record"), (2, not_number("the line of DA", "x")));
    assert_eq!(fails("SF:a\nDA:4294967296,1\n"), (2, not_number("the line of DA", "4294967296")));
    assert_eq!(fails("SF:a\n\nBRDA:1,0,1\n"), (3, Problem::Missing("the count of BRDA")));
    assert_eq!(fails("TN:\nDA:1,1\n"), (2, Problem::OutsideFile("DA".into())));
    assert_eq!(fails("SF:\n"), (1, Problem::Missing("the path of SF")));
    assert_eq!(fails("SF:a\nMCDC:1,2,x,1,0,a\n"), (2, not_number("the sense of MCDC", "x")));
}

fn not_number(what: &'static str, found: &str) -> Problem {
    Problem::NotANumber { what, found: found.into() }
}

/// Several threads read it, and the same file is in pieces far apart.
#[test]
fn a_large_report_is_the_sum_of_its_pieces() {
    let mut text = String::new();
    for section in 0..40_000_u32 {
        text += &format!(
            "TN:\nSF:src/{}.c\nDA:{},1\nDA:7,0\nBRDA:7,0,0,-\nend_of_record\n",
            section % 500,
            section % 9
        );
    }
    let whole = read(text.as_bytes()).unwrap();
    assert!(text.len() > 2 << 20, "one piece would prove nothing");
    assert_eq!(whole.files.len(), 500);
    assert_eq!(whole.files["src/3.c"].lines().iter().map(|line| line.1).sum::<u64>(), 80);
    assert_eq!(read_stream(Vec::new(), &mut text.as_bytes()).unwrap(), whole);

    let broken = text.replacen("DA:7,0\n", "DA:7,?\n", 20_000);
    let (line, _) = fails(&broken);
    assert_eq!(line, 4, "the first error is told, whoever finds one first");
    let cut = text.strip_suffix("end_of_record\n").unwrap();
    assert_eq!(fails(cut), (40_000 * 6 - 1, Problem::Truncated("`end_of_record`")));
}
