//! Any bytes as a file of a history: written back as they are, and what is read of them goes to every format and picture.

use lw_model::{Point, Series};
use lw_render::chart::{self, Panel};
use lw_trend::{Filter, Line, Put, Shard, csv, jsonl, newest, openmetrics, trends};

fuzz_target!(|bytes: &[u8]| {
    let Ok(shard) = Shard::read(bytes, None) else { return };
    let mut expected = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        expected.push(b'\n');
    }
    assert_eq!(shard.to_bytes(), expected);
    let lines = newest(shard.lines().cloned(), 100);
    for line in &lines {
        let text = line.to_text().expect("what was read can be written");
        assert_eq!(Line::parse(text.as_bytes()).as_ref(), Ok(line));
        // What is there already is not there twice.
        assert_eq!(shard.clone().put(line).map(|put| put == Put::Added), Ok(false));
    }
    let all = Filter::default();
    let figures: usize = lines.iter().map(|line| line.figures.len()).sum();
    assert_eq!(csv(&lines, &all).lines().count(), figures + 1);
    assert!(openmetrics(&lines, &all).ends_with("# EOF\n"));
    assert!(jsonl(&lines, &all).is_ok());
    for trend in trends(&lines, &all) {
        let points = trend.points.iter();
        let points = points.map(|point| Point { label: point.commit.clone(), value: point.value });
        let series = Series {
            name: trend.full_name(),
            subject: trend.subject.clone(),
            unit: trend.unit,
            points: points.collect(),
        };
        let limits = &trend.points[0].levels;
        if let Some(svg) = chart::svg(&[Panel { series: &series, limits }]) {
            assert_eq!(svg.matches("<svg").count(), 1);
        }
        if let Some(mermaid) = chart::mermaid(&series) {
            assert_eq!(mermaid.lines().count(), 5);
        }
    }
});
