use proptest::prelude::*;

use crate::arbitrary::{self, Uses};
use crate::error::MergeError;
use crate::model::{Basis, Counts, Coverage, Figure, Metric};
use crate::read;

const ALL: Uses = Uses { counted: true, everything: true };

fn merged<const N: usize>(parts: [&Coverage; N]) -> Coverage {
    let mut whole = Coverage::default();
    for part in parts {
        whole.merge(part.clone()).unwrap();
    }
    whole
}

proptest! {
    #[test]
    fn the_order_does_not_matter(
        a in arbitrary::coverage(ALL),
        b in arbitrary::coverage(ALL),
        c in arbitrary::coverage(ALL),
    ) {
        prop_assert_eq!(merged([&a, &b]), merged([&b, &a]));
        let left = merged([&merged([&a, &b]), &c]);
        let right = merged([&a, &merged([&b, &c])]);
        prop_assert_eq!(left, right);
    }

    #[test]
    fn merging_only_adds(a in arbitrary::coverage(ALL), b in arbitrary::coverage(ALL)) {
        let both = merged([&a, &b]);
        for (path, file) in a.files.iter().chain(&b.files) {
            let whole = &both.files[path];
            for (line, hits) in file.lines().iter() {
                prop_assert!(whole.lines().get(line).unwrap() >= hits);
            }
            for metric in [Metric::Line, Metric::Branch, Metric::Condition, Metric::Statement] {
                let (part, whole) = (file.figure(metric).counts, whole.figure(metric).counts);
                prop_assert!(whole.covered >= part.covered && whole.total >= part.total, "{metric}");
            }
        }
    }
}

#[test]
fn counted_branches_are_a_lower_bound_unless_all_are_taken() {
    let line = |taken: &str| {
        let report = format!(
            "<coverage line-rate='1'><packages><class name='a' filename='a.c'><lines><line number='1' hits='1' \
             condition-coverage='{taken}'/></lines></class></packages></coverage>"
        );
        read(report.as_bytes()).unwrap()
    };
    let figure = |coverage: &Coverage| coverage.figure(Metric::Branch);
    let half = line("50% (1/2)");
    assert_eq!(figure(&half).basis, Basis::Counted);
    let twice = merged([&half, &half]);
    assert_eq!((figure(&twice).counts, figure(&twice).basis), (Counts::new(1, 2), Basis::LowerBound));
    let full = merged([&half, &line("100% (2/2)")]);
    assert_eq!((figure(&full).counts, figure(&full).basis), (Counts::new(2, 2), Basis::Counted));
    let listed = read(b"SF:a.c\nDA:1,1\nBRDA:1,0,0,0\nBRDA:1,0,1,1\nBRDA:1,0,2,1\nend_of_record\n").unwrap();
    let mixed = merged([&half, &listed]);
    assert_eq!((figure(&mixed).counts, figure(&mixed).basis), (Counts::new(2, 3), Basis::LowerBound));
    assert_eq!(mixed.mixed().map(|(path, formats)| (path, formats.len())).collect::<Vec<_>>(), [("a.c", 2)]);
}

#[test]
fn a_summary_merges_with_nothing() {
    let summary = |covered: u32| {
        let report = format!(
            r#"{{"data":[{{"files":[{{"filename":"a.c","summary":{{"lines":{{"count":3,"covered":{covered}}}}}}}]}}]}}"#
        );
        read(report.as_bytes()).unwrap()
    };
    let lines = read(b"SF:a.c\nDA:1,1\nend_of_record\nSF:b.c\nDA:1,0\nend_of_record\n").unwrap();
    for other in [&lines, &summary(2)] {
        let mut coverage = summary(1);
        let error = coverage.merge(other.clone()).unwrap_err();
        assert_eq!(error, MergeError::SummaryOnly { path: "a.c".into() });
        assert_eq!(coverage, summary(1), "nothing is changed");
    }
    let mut beside = read(b"SF:b.c\nDA:1,0\nend_of_record\n").unwrap();
    beside.merge(summary(1)).unwrap();
    assert_eq!(beside.figure(Metric::Line).counts, Counts::new(1, 4));
    assert_eq!(beside.figure(Metric::Line).basis, Basis::Counted);
}

/// A tracefile with a section of the same file for each of many tests takes no more than a pass over all.
#[test]
fn many_pieces_of_one_file() {
    let mut report = String::new();
    for test in 1..=20_000 {
        report += &format!("TN:t{test}\nSF:a.c\nDA:{test},1\nDA:7,1\nend_of_record\n");
    }
    let coverage = read(report.as_bytes()).unwrap();
    assert_eq!(coverage.figure(Metric::Line).counts, Counts::new(20_000, 20_000));
    assert_eq!(coverage.files["a.c"].lines().get(7), Some(20_001));
}

#[test]
fn branches_that_coverage_py_names_as_missing_are_missing_only_in_both() {
    let report = |missing: &str, coverage: &str| {
        let xml = format!(
            "<coverage line-rate='1'><packages><class name='a' filename='a.py'><lines><line number='1' hits='1' \
             branch='true' condition-coverage='{coverage}' {missing}/></lines></class></packages></coverage>"
        );
        read(xml.as_bytes()).unwrap()
    };
    let figure = |parts: &[Coverage]| {
        let mut whole = Coverage::default();
        parts.iter().for_each(|part| whole.merge(part.clone()).unwrap());
        whole.figure(Metric::Branch)
    };
    let one = report("missing-branches='3'", "50% (1/2)");
    let other = report("missing-branches='exit'", "50% (1/2)");
    let none = report("missing-branches='3,exit'", "0% (0/2)");
    let all = report("", "100% (2/2)");
    let unnamed = report("", "50% (1/2)");
    let (both, half) = (Counts::new(2, 2), Counts::new(1, 2));
    assert_eq!(figure(&[one.clone(), other.clone()]), Figure { counts: both, basis: Basis::Counted });
    assert_eq!(figure(&[one.clone(), one.clone()]), Figure { counts: half, basis: Basis::Counted });
    assert_eq!(figure(&[none.clone(), one.clone(), other.clone()]).counts, both);
    assert_eq!(figure(&[one.clone(), all]).counts, both);
    // One that does not say which takes nothing away from those that do, in whatever order.
    for order in [[&unnamed, &one, &other], [&one, &other, &unnamed], [&one, &unnamed, &other]] {
        assert_eq!(figure(&order.map(Clone::clone)).counts, both);
    }
    for order in [[&unnamed, &one], [&one, &unnamed]] {
        let figure = figure(&order.map(Clone::clone));
        assert_eq!(figure, Figure { counts: half, basis: Basis::LowerBound });
    }
    // Reports that disagree on how many there are tell only how many.
    let three = report("missing-branches='3'", "67% (2/3)");
    for order in [[&one, &other, &three], [&three, &one, &other], [&one, &three, &other]] {
        assert_eq!(figure(&order.map(Clone::clone)).counts, Counts::new(2, 3));
    }
    // A number of names that is not that of the missing ones tells nothing.
    let odd = report("missing-branches='3,4,5'", "50% (1/2)");
    assert_eq!(figure(&[odd, other]).basis, Basis::LowerBound);
}
