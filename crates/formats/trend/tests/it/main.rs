//! What is recorded reads back, what cannot have been is refused, and nothing of a line becomes more than text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use lw_model::{Bound, Diagnose as _, Limit, Measure, Number, Report, Unit};
use lw_trend::{
    Figure, Filter, Line, LineError, MAX_LINE, MAX_SHARD, Month, Put, Shard, ShardError, Standing, csv,
    jsonl, newest, openmetrics, trends,
};
use proptest::prelude::*;

const NOVEMBER: u64 = 1_795_249_026;

fn commit(digit: char) -> String {
    String::from(digit).repeat(40)
}

/// A figure of a gate, judged as gates are.
fn figure(tool: &str, subject: Option<&str>, name: &str, value: u64, limits: &[(Bound, &str)]) -> Figure {
    let mut report = Report::new(tool, "1.2.3");
    let mut measure = Measure::bytes(name, value).out_of(1_000_000);
    measure.subject = subject.map(str::to_owned);
    for (bound, limit) in limits {
        measure.limits.extend(Limit::parse(*bound, &format!("m={limit}"), Unit::Bytes, "--max").unwrap().1);
    }
    measure.judge();
    report.measures.push(measure);
    Figure::of(&report, &report.measures[0]).unwrap()
}

fn size(subject: Option<&str>, value: u64) -> Figure {
    figure("size-gate", subject, "image.bytes", value, &[(Bound::Max, "warn:80%,fail:900000")])
}

fn line(digit: char, time: u64, figures: Vec<Figure>) -> Line {
    Line::new(&commit(digit), time, Some("https://ci.example/1".into()), figures).unwrap()
}

#[test]
fn a_line_reads_back_equal_and_says_how_it_stood() {
    for (value, standing) in [
        (800_000, Standing::Pass),
        (800_001, Standing::Warn),
        (900_000, Standing::Warn),
        (900_001, Standing::Fail),
    ] {
        let line = line('a', NOVEMBER, vec![size(None, value)]);
        assert_eq!(line.standing(), standing, "{value}");
        let text = line.to_text().unwrap();
        assert_eq!(Line::parse(text.as_bytes()).unwrap(), line);
        assert!(!text.contains('\n'));
    }
    // What could not be judged is no pass, and what has no limit is not recorded.
    let grown = figure("size-gate", None, "image.bytes", 1, &[(Bound::MaxGrowth, "1%")]);
    assert_eq!((grown.verdict, grown.verdict.verdict()), (Standing::NotJudged, None));
    let report = Report::new("size-gate", "1");
    assert_eq!(Figure::of(&report, &Measure::bytes("image.bytes", 1)), None);
}

#[test]
fn what_no_recording_can_have_written_is_refused() {
    let good = line('a', NOVEMBER, vec![size(Some("esp32"), 850_000)]).to_text().unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{good} has no {from}");
        let error = Line::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()));
        error.to_string()
    };
    for (from, to, why) in [
        ("\"value\":850000", "\"value\":900001", "contradicts its own numbers"),
        ("\"value\":850000", "\"value\":700000", "contradicts its own numbers"),
        ("\"value\":850000", "\"value\":-1", "the value is negative"),
        ("\"whole\":1000000", "\"whole\":-1", "the whole is negative"),
        ("\"verdict\":\"warn\"", "\"verdict\":\"pass\"", "not that of its limits"),
        ("\"on_breach\":\"warn\"", "\"on_breach\":\"pass\"", "warns or fails"),
        ("\"name\":\"image.bytes\"", "\"name\":\" \"", "no name"),
        ("lw-history/1", "lw-history/2", "expected the schema `lw-history/1`, found `lw-history/2`"),
        (&commit('a'), "abc", "no full id"),
        (&commit('a'), &commit('A'), "no full id"),
        ("\"time\":1795249026", "\"time\":18446744073709551615", "no time of a commit"),
        ("https://ci", "javascript:ci", "neither https:// nor"),
        ("\"unit\":\"bytes\"", "\"unit\":\"apples\"", "unknown variant"),
        ("}]}]}", "}]}", "column"),
    ] {
        let error = replaced(from, to);
        assert!(error.contains(why), "{to}: {error}");
    }
    let twice = Line::new(&commit('a'), 1, None, vec![size(None, 1), size(None, 2)]).unwrap_err();
    assert!(twice.to_string().contains("there twice"), "{twice}");
    assert_eq!(Line::new(&commit('a'), 1, None, Vec::new()), Err(LineError::Empty));
    let long = size(Some(&"x".repeat(3_000)), 1);
    assert!(Line::new(&commit('a'), 1, None, vec![long]).is_err());
    assert_eq!(Line::parse(&vec![b' '; MAX_LINE + 1]), Err(LineError::TooLong(MAX_LINE + 1)));
    assert!(Line::parse(&vec![b'['; 200_000]).is_err());
}

#[test]
fn a_commit_has_one_line_whoever_records_it() {
    let mut shard = Shard::default();
    assert_eq!(shard.put(&line('a', NOVEMBER, vec![size(Some("esp32"), 1)])), Ok(Put::Added));
    assert_eq!(shard.put(&line('b', NOVEMBER, vec![size(Some("esp32"), 2)])), Ok(Put::Added));
    // The run is repeated.
    assert_eq!(shard.put(&line('a', NOVEMBER, vec![size(Some("esp32"), 1)])), Ok(Put::Unchanged));
    assert_eq!(shard.put(&line('a', NOVEMBER, vec![size(Some("esp32"), 3)])), Ok(Put::Replaced));
    // Another job of the same commit measures something else: whichever comes first.
    let other = || figure("coverage-gate", None, "coverage.lines", 5, &[(Bound::Min, "1")]);
    assert_eq!(shard.put(&line('a', NOVEMBER, vec![other(), size(Some("esp32-s3"), 4)])), Ok(Put::Replaced));
    let lines: Vec<&Line> = shard.lines().collect();
    assert_eq!(lines.len(), 2);
    let values: Vec<_> = lines[0].figures.iter().map(|one| (one.subject.as_deref(), one.value)).collect();
    let whole = |value: i64| Number::Integer(value);
    assert_eq!(values, [(None, whole(5)), (Some("esp32"), whole(3)), (Some("esp32-s3"), whole(4))]);
    let again = Shard::read(&shard.to_bytes(), Month::of(NOVEMBER)).unwrap();
    assert_eq!(again, shard);
    assert_eq!(again.problems().count(), 0);
}

#[test]
fn a_line_that_is_refused_hides_no_other_and_is_kept() {
    let good = line('a', NOVEMBER, vec![size(None, 1)]).to_text().unwrap();
    let late = line('b', NOVEMBER + 30 * 86_400, vec![size(None, 1)]).to_text().unwrap();
    let text = format!("{{\"schema\":\"lw-history/2\",\"new\":1}}\n{good}\n\n{late}\n{good}\n{{\"sch");
    let mut shard = Shard::read(text.as_bytes(), Month::of(NOVEMBER)).unwrap();
    let problems: Vec<(usize, String)> =
        shard.problems().map(|problem| (problem.line, problem.why.to_string())).collect();
    assert_eq!(problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 4, 5, 6]);
    assert!(problems[2].1.contains("was made in 2026-12, and the file is of 2026-11"), "{problems:?}");
    assert!(problems[3].1.contains("has a line above"), "{problems:?}");
    assert_eq!(shard.lines().count(), 1);
    shard.put(&line('c', NOVEMBER, vec![size(None, 2)])).unwrap();
    let bytes = shard.to_bytes();
    assert!(bytes.starts_with(text.as_bytes()) && bytes.ends_with(b"\n"));
    assert_eq!(Shard::read(&bytes, None).unwrap().lines().count(), 3);
}

#[test]
fn a_file_has_an_end() {
    assert_eq!(Shard::read(&vec![b'x'; MAX_SHARD + 1], None), Err(ShardError::TooLarge(MAX_SHARD + 1)));
    assert_eq!(Shard::read(&vec![b'\n'; 60_000], None), Err(ShardError::TooManyLines));
    let mut shard = Shard::read(&vec![b'x'; MAX_SHARD - 10], None).unwrap();
    let error = shard.put(&line('a', NOVEMBER, vec![size(None, 1)])).unwrap_err();
    assert!(matches!(error, ShardError::TooLarge(_)) && error.hint().is_some());
    let many: Vec<Figure> = (0..9_000).map(|number| size(Some(&format!("s{number}")), 1)).collect();
    let error = Shard::default().put(&line('a', NOVEMBER, many)).unwrap_err();
    assert!(matches!(error, ShardError::Line(LineError::TooLong(_))), "{error}");
}

#[test]
fn a_trend_is_in_the_order_of_the_commits_and_of_one_unit() {
    let lines = [
        line('c', 30, vec![size(Some("esp32"), 3)]),
        line('a', 10, vec![size(Some("esp32"), 1), size(Some("esp32-s3"), 9)]),
        line('b', 10, vec![size(Some("esp32"), 2)]),
    ];
    let lines = newest(lines, 10);
    let of = |filter: &Filter| -> Vec<(Option<String>, Vec<Number>)> {
        trends(&lines, filter)
            .into_iter()
            .map(|trend| (trend.subject, trend.points.into_iter().map(|point| point.value).collect()))
            .collect()
    };
    let all = of(&Filter::default());
    assert_eq!(all[0].1, [1, 2, 3].map(Number::Integer));
    assert_eq!(all.len(), 2);
    // `esp32` is not how `esp32-s3` begins, unless it is said.
    let subject = |text: &str| Filter { subjects: vec![text.to_owned()], ..Filter::default() };
    assert_eq!(of(&subject("esp32")).len(), 1);
    assert_eq!(of(&subject("esp32*")).len(), 2);
    assert_eq!(of(&subject("*s3")).len(), 1);
    assert_eq!(of(&subject("")).len(), 0);
    let kept: Vec<char> =
        newest(lines.clone(), 2).iter().map(|line| line.commit.chars().next().unwrap()).collect();
    assert_eq!(kept, ['b', 'c']);
    let trend = &trends(&lines, &subject("esp32"))[0];
    assert_eq!(trend.full_name(), "size-gate/image.bytes");
    // 80 % of the million, and the amount.
    let levels: Vec<_> = trend.last().unwrap().levels.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [800_000, 900_000].map(Number::Integer));
    assert_eq!(trend.last().unwrap().limits, ["max 80 %", "max 900,000 B"]);
}

#[test]
fn of_counted_parts_of_a_whole_the_share_is_told() {
    let mut report = Report::new("coverage-gate", "1");
    let mut measure = Measure::count("coverage.lines", 80).out_of(100).higher_is_better();
    measure.limits = Limit::parse(Bound::Min, "m=75%", Unit::Count, "--min").unwrap().1;
    measure.judge();
    report.measures.push(measure);
    let figure = Figure::of(&report, &report.measures[0]).unwrap();
    let lines = [line('a', 1, vec![figure])];
    let trend = trends(&lines, &Filter::default()).remove(0);
    assert_eq!((trend.unit, trend.points[0].value), (Unit::Percent, Number::Decimal(80.0)));
    assert_eq!(trend.points[0].levels[0].0, Number::Decimal(75.0));
}

#[test]
fn nothing_of_a_name_becomes_more_than_text() {
    let name = |name: &str| figure("size-gate", Some("=cmd|' /C calc'!A0"), name, 7, &[(Bound::Max, "9")]);
    let lines = [line(
        'a',
        NOVEMBER,
        vec![name("a\"} 1\nevil 2\\,x"), name("+1"), name("-1"), name(" @x"), name("ok")],
    )];
    let text = csv(&lines, &Filter::default());
    assert_eq!(text.lines().count(), 6, "{text}");
    for row in text.lines().skip(1) {
        assert!(row.contains(",\"'=cmd|' /C calc'!A0\","), "{row}");
        assert!(!row.contains(",+1,") && !row.contains(",-1,") && !row.contains(",\" @x\""), "{row}");
    }
    assert!(text.contains(",ok,7,1000000,bytes,pass,\"max 9 B\""), "{text}");
    let text = openmetrics(&lines, &Filter::default());
    assert!(text.contains("measure=\"a\\\"} 1\\nevil 2\\\\,x\""), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("evil")));
    assert!(text.ends_with("} 7 1795249026\n# EOF\n"), "{text}");
}

#[test]
fn the_samples_of_a_series_stand_together_and_their_times_rise() {
    let lines = newest(
        [
            line('c', 30, vec![size(Some("a"), 3), size(Some("b"), 30)]),
            line('a', 10, vec![size(Some("a"), 1), size(Some("b"), 10)]),
            line('b', 10, vec![size(Some("a"), 2)]),
        ],
        10,
    );
    let text = openmetrics(&lines, &Filter::default());
    let samples: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once("subject=").unwrap().1)
        .collect();
    assert_eq!(samples, ["\"a\"} 2 10", "\"a\"} 3 30", "\"b\"} 10 10", "\"b\"} 30 30"]);
    let only = Filter { subjects: vec!["b".into()], ..Filter::default() };
    let text = jsonl(&lines, &only).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| Line::parse(line.as_bytes()).unwrap().figures.len() == 1));
}

fn any_figure() -> impl Strategy<Value = Figure> {
    let limits = prop::collection::vec(
        (
            prop_oneof![Just(Bound::Max), Just(Bound::Min), Just(Bound::MaxGrowth)],
            prop_oneof!["[0-9]{1,6}", "warn:[0-9]{1,2}%,fail:[0-9]{1,6}"],
        ),
        1..4,
    );
    (".{0,12}", prop::option::of(".{0,12}"), 0u64..1_000_000, limits).prop_map(
        |(name, subject, value, limits)| {
            let limits: Vec<(Bound, &str)> =
                limits.iter().map(|(bound, text)| (*bound, text.as_str())).collect();
            figure("size-gate", subject.as_deref(), &format!("m{name}"), value, &limits)
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_recorded_reads_back(figures in prop::collection::vec(any_figure(), 1..6), time in 0u64..250_000_000_000) {
        if let Ok(line) = Line::new(&commit('a'), time, None, figures) {
            let text = line.to_text().unwrap();
            prop_assert_eq!(&Line::parse(text.as_bytes()).unwrap(), &line);
            let mut shard = Shard::default();
            shard.put(&line).unwrap();
            prop_assert_eq!(Shard::read(&shard.to_bytes(), Month::of(time)).unwrap(), shard);
            let rows = csv(std::slice::from_ref(&line), &Filter::default()).lines().count();
            prop_assert_eq!(rows, line.figures.len() + 1);
        }
    }

    #[test]
    fn any_bytes_are_a_shard_that_is_written_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let shard = Shard::read(&bytes, None).unwrap();
        let mut expected = bytes.clone();
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            expected.push(b'\n');
        }
        prop_assert_eq!(shard.to_bytes(), expected);
        prop_assert_eq!(shard.lines().count(), 0);
    }

    /// Two jobs end in the same line whichever of them comes first.
    #[test]
    fn jobs_that_measure_different_things_commute(a in 0u64..900, b in 0u64..900) {
        let (first, second) = (line('a', 5, vec![size(Some("x"), a)]), line('a', 5, vec![size(Some("y"), b)]));
        let both = |one: &Line, other: &Line| {
            let mut shard = Shard::default();
            shard.put(one).unwrap();
            shard.put(other).unwrap();
            shard.to_bytes()
        };
        prop_assert_eq!(both(&first, &second), both(&second, &first));
    }
}
