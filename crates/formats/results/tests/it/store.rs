//! What each test did, kept and compared.

use lw_results::{Case, Changes, Run, Store, StoreError, TestKey, read};
use proptest::prelude::*;

/// A run of tests, each `name` with `.` for passed, `F`, `E` or `s`.
fn run(cases: &[(&str, char)]) -> Run {
    let case = |(name, state): &(&str, char)| {
        let inside = match state {
            'F' => "<failure/>",
            'E' => "<error/>",
            's' => "<skipped/>",
            _ => "",
        };
        format!("<testcase classname='c' name='{name}' time='0.5'>{inside}</testcase>")
    };
    let cases: String = cases.iter().map(case).collect();
    read(format!("<testsuite name='s'>{cases}</testsuite>").as_bytes()).unwrap()
}

fn cases<'a>(leg: &'a str, run: &'a Run) -> impl Iterator<Item = (&'a str, &'a Case)> {
    run.cases().map(move |(_, case)| (leg, case))
}

fn store(run: &Run) -> Store {
    Store::of(None, cases("", run)).unwrap()
}

fn written(store: &Store) -> String {
    let mut bytes = Vec::new();
    store.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn told(changes: &Changes) -> String {
    let groups = [
        ("new", &changes.new),
        ("fixed", &changes.fixed),
        ("still", &changes.still_failing),
        ("failing", &changes.newly_failing),
        ("skipped", &changes.newly_skipped),
    ];
    let mut words: Vec<String> = groups
        .iter()
        .filter(|(_, group)| group.count > 0)
        .map(|(name, group)| format!("{name} {} {:?}", group.count, group.names))
        .collect();
    words.push(format!("removed {} ({})", changes.removed, changes.removed_failing));
    words.join(", ")
}

fn between(old: &[(&str, char)], new: &[(&str, char)]) -> String {
    let (old, new) = (run(old), run(new));
    told(&store(&new).changes(&store(&old), cases("", &new)))
}

#[test]
fn every_change_has_its_name() {
    assert_eq!(between(&[("a", '.')], &[("a", '.')]), "removed 0 (0)");
    assert_eq!(between(&[], &[("a", '.')]), "new 1 [\"c a\"], removed 0 (0)");
    assert_eq!(between(&[("a", '.')], &[("a", 'F')]), "failing 1 [\"c a\"], removed 0 (0)");
    assert_eq!(between(&[("a", 'F')], &[("a", 'E')]), "still 1 [\"c a\"], removed 0 (0)");
    assert_eq!(between(&[("a", 'E')], &[("a", '.')]), "fixed 1 [\"c a\"], removed 0 (0)");
    // A failing test that is skipped is not repaired.
    assert_eq!(between(&[("a", 'F')], &[("a", 's')]), "skipped 1 [\"c a\"], removed 0 (0)");
    assert_eq!(between(&[("a", 's')], &[("a", 's')]), "removed 0 (0)");
    assert_eq!(between(&[("a", 's')], &[("a", '.')]), "removed 0 (0)");
    assert_eq!(between(&[("a", 'F'), ("b", '.')], &[("b", '.')]), "removed 1 (1)");
    // New and red is both.
    assert_eq!(between(&[], &[("a", 'F')]), "new 1 [\"c a\"], failing 1 [\"c a\"], removed 0 (0)");
}

#[test]
fn tests_of_one_name_are_counted_and_the_worst_stands_for_all() {
    let twice = [("a", '.'), ("a", 'F')];
    assert_eq!(between(&twice, &twice), "still 1 [\"c a\"], removed 0 (0)");
    assert_eq!(between(&[("a", '.')], &twice), "new 1 [\"c a\"], failing 1 [\"c a\"], removed 0 (0)");
    // The failure may only be the one that is gone.
    assert_eq!(between(&twice, &[("a", '.')]), "removed 1 (0)");
}

#[test]
fn legs_are_told_apart() {
    let (a, b) = (run(&[("a", '.')]), run(&[("a", 'F')]));
    let of = |linux: &Run, mac: &Run| {
        Store::of(None, cases("leg=linux", linux).chain(cases("leg=mac", mac))).unwrap()
    };
    let changes = of(&a, &b).changes(&of(&b, &b), cases("leg=linux", &a).chain(cases("leg=mac", &b)));
    assert_eq!(told(&changes), "fixed 1 [\"c a (leg=linux)\"], still 1 [\"c a (leg=mac)\"], removed 0 (0)");
}

#[test]
fn it_is_written_and_read_again() {
    let run = run(&[("b", 'F'), ("a", '.'), ("a", 's')]);
    let kept = Store::of(Some("nightly \"1\""), cases("", &run)).unwrap();
    let text = written(&kept);
    assert!(
        text.starts_with("{\"schema\":\"lw-test-store/1\",\"title\":\"nightly \\\"1\\\"\",\"tests\":2}\n"),
        "{text}"
    );
    // No name is in it.
    assert!(!text.contains("c a") && text.lines().skip(1).all(|line| line.len() < 40), "{text}");
    assert_eq!(Store::read(text.as_bytes(), Some("nightly \"1\"")), Ok(kept.clone()));
    let b = run.cases().next().unwrap().1;
    assert_eq!(kept.duration(TestKey::new("", b)).unwrap().as_millis(), 500);
    // Of two tests nobody knows which is the slower.
    let a = run.cases().nth(1).unwrap().1;
    assert_eq!(kept.duration(TestKey::new("", a)), None);
}

#[test]
fn one_of_another_title_is_refused() {
    let text = written(&store(&run(&[("a", '.')])));
    let error = Store::read(text.as_bytes(), Some("x")).unwrap_err();
    assert_eq!(error.to_string(), "it is of the title none, and this run has \"x\"");
}

#[test]
fn what_is_damaged_is_refused() {
    let text = written(&store(&run(&[("a", '.'), ("b", 'F'), ("c", 's')])));
    assert!(Store::read(text.as_bytes(), None).is_ok());
    // No beginning of it is one.
    for end in 0..text.len() {
        assert!(Store::read(&text.as_bytes()[..end], None).is_err(), "{end}");
    }
    let lines: Vec<&str> = text.lines().collect();
    let swapped = [lines[0], lines[2], lines[1], lines[3], ""].join("\n");
    assert_eq!(Store::read(swapped.as_bytes(), None), Err(StoreError::Line(3)));
    for (from, to) in
        [(" p1 ", " x1 "), (" p1 ", " p0 "), (" p1 ", " p-1 "), (" p1 ", " p1  "), (" 500", " +500")]
    {
        let changed = text.replacen(from, to, 1);
        assert!(matches!(Store::read(changed.as_bytes(), None), Err(StoreError::Line(_))), "{changed}");
    }
    let huge = "{\"schema\":\"lw-test-store/1\",\"tests\":1000001}\n";
    assert_eq!(Store::read(huge.as_bytes(), None), Err(StoreError::TooMany(1_000_001)));
    assert!(matches!(Store::read(b"{}", None), Err(StoreError::Header(_))));
    assert!(matches!(Store::read(&[0xff], None), Err(StoreError::Header(_))));
}

proptest! {
    /// The same tests in any order are the same store, and every test is in exactly one place of a comparison.
    #[test]
    fn order_changes_nothing(
        old in proptest::collection::vec(("[a-d]", prop_oneof![Just('.'), Just('F'), Just('s')]), 0..12),
        new in proptest::collection::vec(("[a-d]", prop_oneof![Just('.'), Just('F'), Just('s')]), 0..12),
        by in 0..12_usize,
    ) {
        let of = |cases: &[(String, char)]| {
            run(&cases.iter().map(|(name, state)| (name.as_str(), *state)).collect::<Vec<_>>())
        };
        let mut turned = new.clone();
        turned.rotate_left(by % new.len().max(1));
        let (old, new, turned) = (of(&old), of(&new), of(&turned));
        prop_assert_eq!(written(&store(&new)), written(&store(&turned)));
        let changes = store(&new).changes(&store(&old), cases("", &new));
        prop_assert_eq!(&changes, &store(&turned).changes(&store(&old), cases("", &turned)));
        let (before, after) = (old.counts().total(), new.counts().total());
        prop_assert_eq!(after + changes.removed, before + changes.new.count);
        prop_assert_eq!(Store::read(written(&store(&new)).as_bytes(), None), Ok(store(&new)));
    }
}
