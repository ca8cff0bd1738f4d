//! How the measures have gone so far.

use lw_cli::{Context, ResultExt};
use lw_hashed::HashSet;
use lw_model::{Finding, Level, Report, counted};
use lw_render::joined::Course;
use lw_trend::{Filter, Line, Shard, newest, trends};

use crate::args::Args;
use crate::reports::Collected;

/// Commits whose values are shown.
const COMMITS: usize = 20;

/// Reads the history that the arguments name; `commit` is the one that is told of, which is none of it. What is wrong with it is
/// told, and keeps no comment from being written.
pub(crate) fn read(
    args: &Args,
    commit: Option<&str>,
    collected: &mut Collected,
    cx: &Context,
    report: &mut Report,
) -> Vec<Course> {
    let Some(path) = &args.history else { return Vec::new() };
    let name = cx.display_path(path);
    let read = cx.open(path).and_then(|bytes| Shard::read(&bytes, None).context(name.clone()));
    let mut tell = |message: String| {
        report.add_finding(Finding::new("pr-comment/history", Level::Warning, &name, message.clone()));
        collected.notes.push(message);
    };
    let shard = match read {
        Ok(shard) => shard,
        Err(error) => {
            tell(format!("the history is not shown: {}", error.message()));
            return Vec::new();
        }
    };
    let broken = shard.problems().count();
    if let Some(first) = shard.problems().next() {
        let lines = counted(broken, "line");
        tell(format!(
            "{lines} of the history cannot be read, the first is {name}:{}: {}",
            first.line, first.why
        ));
    }
    let is_before = |line: &&Line| commit.is_none_or(|commit| !line.commit.eq_ignore_ascii_case(commit));
    let lines = newest(shard.lines().filter(is_before).cloned(), COMMITS);
    let told: HashSet<_> = collected
        .found
        .iter()
        .map(|found| &found.told)
        .flat_map(|told| {
            told.measures
                .iter()
                .map(move |measure| (&told.tool.name, &told.title, &measure.subject, &measure.name))
        })
        .collect();
    let courses: Vec<Course> = trends(&lines, &Filter::default())
        .into_iter()
        .filter(|trend| told.contains(&(&trend.tool, &trend.title, &trend.subject, &trend.name)))
        .map(|trend| Course {
            values: trend.points.iter().map(|point| point.value.as_f64()).collect(),
            tool: trend.tool,
            title: trend.title,
            subject: trend.subject,
            name: trend.name,
            unit: trend.unit,
        })
        .collect();
    if courses.is_empty() {
        let message = format!("{name} has none of the measures of these reports: their trend is not shown");
        report.add_finding(Finding::new("pr-comment/history", Level::Warning, "nothing", message.clone()));
        collected.notes.push(message);
    }
    courses
}
