//! The history as it is read: from where it is kept, within bounds, with what is refused of it.

use lw_cli::{Context, Error, ResultExt};
use lw_model::lists::sort_by;
use lw_model::{Finding, Level, Report, Series, counted};
use lw_trend::{Filter, Line, MAX_SHARD, Month, Shard, Trend, newest, trends};

use crate::args::Which;
use crate::github::Store;
use crate::local;
use crate::record::{HISTORY, one_place};

/// Refused lines that are told one by one.
const TOLD: usize = 10;
/// Months that are read at most: twenty years.
const MONTHS: usize = 240;

/// What is looked at.
pub(crate) struct Looked {
    /// The newest commits, oldest first.
    pub(crate) lines: Vec<Line>,
    /// What is meant of them.
    pub(crate) filter: Filter,
    /// Each figure over them.
    pub(crate) trends: Vec<Trend>,
}

impl Looked {
    /// Reads what the arguments name. Where there is nothing of it, that is a finding, and `None`.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub(crate) fn at(which: &Which, cx: &Context, report: &mut Report) -> Result<Option<Self>, Error> {
        one_place(&which.place)?;
        if which.last == 0 {
            return Err(Error::usage("--last 0 looks at nothing").hint("give the number of commits"));
        }
        let lines = lines(which, cx, report)?;
        let filter = Filter {
            measures: which.measure.clone(),
            tools: which.tool.clone(),
            subjects: which.subject.clone(),
        };
        let trends = trends(&lines, &filter);
        if trends.is_empty() {
            let message = if lines.is_empty() {
                "there is no history yet".to_owned()
            } else {
                format!("none of {} has what was asked for", counted(lines.len(), "commit"))
            };
            report.add_finding(Finding::new("history/no-history", Level::Error, "history", message));
            return Ok(None);
        }
        Ok(Some(Self { lines, filter, trends }))
    }
}

fn lines(which: &Which, cx: &Context, report: &mut Report) -> Result<Vec<Line>, Error> {
    let place = &which.place;
    let reference = place.remote.reference.as_deref().unwrap_or(HISTORY);
    let mut read = Read { lines: Vec::new(), refused: 0 };
    if which.local {
        if place.file.is_some() || place.folder.is_some() {
            return Err(Error::usage("--local is given beside --file or --folder")
                .hint("a history is in one place: leave one of them out"));
        }
        for (name, month, bytes) in local::clone(reference, cx)? {
            read.add(&name, month, &bytes, report)?;
        }
    } else if let Some(file) = &place.file {
        for (name, month, bytes) in local::file(file, cx)? {
            read.add(&name, month, &bytes, report)?;
        }
    } else if let Some(folder) = &place.folder {
        for (name, month, bytes) in local::folder(folder, cx)? {
            read.add(&name, month, &bytes, report)?;
        }
    } else {
        let mut store = Store::new(&place.remote, HISTORY, "contents: read", cx)?;
        let snapshot = store.snapshot()?;
        let mut months: Vec<Month> =
            snapshot.entries.iter().filter_map(|entry| Month::of_file(&entry.path)).collect();
        sort_by(&mut months, |a, b| b.cmp(a));
        for month in months.into_iter().take(MONTHS) {
            // Each month is a request, and all that follow are older.
            if read.lines.len() >= which.last {
                break;
            }
            if let Some(bytes) = store.file(&snapshot, &month.file(), MAX_SHARD)? {
                read.add(&format!("{reference}:{}", month.file()), Some(month), &bytes, report)?;
            }
        }
    }
    if read.refused > TOLD {
        let message = format!("{} more of the history are refused", counted(read.refused - TOLD, "line"));
        report.add_finding(Finding::new("history/line-refused", Level::Warning, "more", message));
    }
    Ok(newest(read.lines, which.last))
}

struct Read {
    lines: Vec<Line>,
    refused: usize,
}

impl Read {
    fn add(
        &mut self,
        name: &str,
        month: Option<Month>,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<(), Error> {
        let shard = Shard::read(bytes, month).context(name.to_owned())?;
        for problem in shard.problems() {
            self.refused += 1;
            if self.refused > TOLD {
                continue;
            }
            let message = format!("{name}:{}: {}", problem.line, problem.why);
            let finding = Finding::new("history/line-refused", Level::Warning, &message, message.clone());
            report.add_finding(match lw_model::Diagnose::hint(&problem.why) {
                Some(hint) => finding.help(hint),
                None => finding,
            });
        }
        self.lines.extend(shard.lines().cloned());
        Ok(())
    }
}

/// A commit as people see it.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}

/// A trend as reports have it.
pub(crate) fn series(trend: &Trend) -> Series {
    let points =
        trend.points.iter().map(|point| lw_model::Point { label: short(&point.commit), value: point.value });
    Series {
        name: trend.full_name(),
        subject: trend.subject.clone(),
        unit: trend.unit,
        points: points.collect(),
    }
}
