//! Attempts and shards.

use lw_results::{Layout, LayoutError, Run, Shards, State, collapse_repeats, read, write_junit};
use proptest::prelude::*;
use proptest::sample::SizeRange;

use crate::told;

fn run(cases: &[(&str, char)]) -> Run {
    let cases: String = cases
        .iter()
        .map(|(name, state)| match state {
            '.' => format!("<testcase classname='c' name='{name}'/>"),
            'F' => format!("<testcase classname='c' name='{name}'><failure message='no'/></testcase>"),
            _ => format!("<testcase classname='c' name='{name}'><skipped/></testcase>"),
        })
        .collect();
    read(format!("<testsuite name='s'>{cases}</testsuite>").as_bytes()).unwrap()
}

fn joined(files: &[(&str, Run)]) -> Result<String, LayoutError> {
    let layout = Layout::parse("{shard}-a{attempt}.xml").unwrap();
    let mut shards = Shards::default();
    for (name, run) in files {
        let mut digest = [0; 32];
        let mut text = Vec::new();
        write_junit("d", [("", run)], &mut text).unwrap();
        for (at, byte) in text.iter().enumerate() {
            let old: u8 = digest[at % 32];
            digest[at % 32] = old.wrapping_mul(31).wrapping_add(byte ^ at.to_le_bytes()[0]);
        }
        shards.add(name, &layout.place(name).unwrap(), digest, run.clone())?;
    }
    let copies = shards.copies().join(" ");
    let mut text = String::new();
    for shard in shards.finish() {
        text.push_str(&format!("{} {} kept {}: {};", shard.name, shard.file, shard.kept, told(&shard.run)));
    }
    Ok(if copies.is_empty() { text } else { format!("{text} copies {copies}") })
}

#[test]
fn the_last_attempt_of_a_shard_decides() {
    let files = [
        ("1-a1.xml", run(&[("x", 'F'), ("y", '.')])),
        ("1-a2.xml", run(&[("x", '.'), ("y", '.')])),
        // Not run again: it stands.
        ("2-a1.xml", run(&[("z", 'F')])),
    ];
    assert_eq!(
        joined(&files).unwrap(),
        "shard=1 1-a2.xml kept 0: 2 passed, 1 flaky;shard=2 2-a1.xml kept 0: 1 failed;"
    );
    // Passed, then failed, is failed.
    let files = [("1-a1.xml", run(&[("x", '.')])), ("1-a2.xml", run(&[("x", 'F')]))];
    assert_eq!(joined(&files).unwrap(), "shard=1 1-a2.xml kept 0: 1 failed;");
    // A failure that the second attempt does not have is still one.
    let files = [("1-a1.xml", run(&[("x", 'F'), ("y", '.')])), ("1-a2.xml", run(&[("y", '.')]))];
    assert_eq!(joined(&files).unwrap(), "shard=1 1-a2.xml kept 1: 1 passed, 1 failed;");
    // Ten is after nine.
    let files = [("1-a10.xml", run(&[("x", '.')])), ("1-a9.xml", run(&[("x", 'F')]))];
    assert_eq!(joined(&files).unwrap(), "shard=1 1-a10.xml kept 0: 1 passed, 1 flaky;");
}

#[test]
fn two_files_of_one_attempt_are_one_only_when_they_are_the_same() {
    let same = [("b/1-a1.xml", run(&[("x", '.')])), ("a/1-a1.xml", run(&[("x", '.')]))];
    assert_eq!(joined(&same).unwrap(), "shard=1 a/1-a1.xml kept 0: 1 passed; copies b/1-a1.xml");
    let other = [("b/1-a1.xml", run(&[("x", '.')])), ("a/1-a1.xml", run(&[("x", 'F')]))];
    let error = joined(&other).unwrap_err();
    assert!(matches!(error, LayoutError::TwoFiles { attempt: 1, .. }), "{error}");
}

#[test]
fn repeated_names_are_attempts_only_with_evidence() {
    // The header counts records: they are tests of one name, and one of them failed.
    let text = "<testsuite name='s' tests='2'><testcase name='x'/><testcase name='x'><failure/></testcase></testsuite>";
    assert_eq!(told(&read(text.as_bytes()).unwrap()), "1 passed, 1 failed");
    let again =
        text.replace("<testcase name='x'/>", "").replace("</testcase>", "</testcase><testcase name='x'/>");
    assert_eq!(told(&read(again.as_bytes()).unwrap()), "1 passed, 1 failed");
    // It counts tests: they are attempts, and the last decides.
    let fewer = again.replace("tests='2'", "tests='1'");
    assert_eq!(told(&read(fewer.as_bytes()).unwrap()), "1 passed, 1 flaky");
    let always = text.replace("tests='2'", "tests='1'");
    assert_eq!(told(&read(always.as_bytes()).unwrap()), "1 failed");
    // Somebody says so.
    let mut run = read(again.as_bytes()).unwrap();
    collapse_repeats(&mut run);
    assert_eq!(told(&run), "1 passed, 1 flaky");
    assert_eq!(run.cases().next().unwrap().1.state(), State::Passed);
}

#[test]
fn parameters_and_classes_are_no_attempts() {
    let text = "<testsuite name='s' tests='2'><testcase classname='a' name='x[1]'/><testcase classname='a' name='x[2]'><failure/>
        </testcase><testcase classname='b' name='x[2]'/></testsuite>";
    let mut run = read(text.as_bytes()).unwrap();
    assert_eq!(told(&run), "2 passed, 1 failed");
    collapse_repeats(&mut run);
    assert_eq!(told(&run), "2 passed, 1 failed");
}

fn attempts() -> impl Strategy<Value = Vec<(String, Vec<(&'static str, char)>)>> {
    let case = (prop_oneof![Just("p"), Just("q"), Just("r")], prop_oneof![Just('.'), Just('F'), Just('s')]);
    let file = (0..3_u8, 1..4_u8, proptest::collection::vec(case, SizeRange::from(0..5)));
    proptest::collection::vec(file, 1..6).prop_map(|files| {
        let named: std::collections::BTreeMap<String, _> = files
            .into_iter()
            .map(|(shard, attempt, cases)| (format!("{shard}-a{attempt}.xml"), cases))
            .collect();
        named.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_files_changes_nothing(files in attempts(), by in 0..6_usize) {
        let files: Vec<(&str, Run)> = files.iter().map(|(name, cases)| (name.as_str(), run(cases))).collect();
        let mut other = files.clone();
        other.rotate_left(by % files.len());
        other.reverse();
        prop_assert_eq!(joined(&files), joined(&other));
    }
}
