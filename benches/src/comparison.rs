//! Commands that do the same job, measured in one run and put into a table.

use std::fmt::Display;

use anyhow::{Context as _, Result, ensure};

use crate::process::{Cost, Line, Run, once};
use crate::table::{Table, megabytes, ratio, seconds};

/// Commands that do the same job.
pub(crate) struct Job {
    title: String,
    /// Ours first.
    rows: Vec<Row>,
}

struct Row {
    name: String,
    line: Line,
    runs: usize,
    /// Ours, without which there is nothing to compare with.
    ours: bool,
    /// How many times as fast ours has to be.
    wanted: Option<f64>,
    /// `None` when it could not be run.
    cost: Option<Cost>,
}

impl Job {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds ours; the first one is what the others are compared with.
    pub(crate) fn ours(mut self, name: impl Into<String>, line: Line, runs: usize) -> Self {
        self.rows.push(Row { name: name.into(), line, runs, ours: true, wanted: None, cost: None });
        self
    }

    /// Adds a peer.
    pub(crate) fn peer(self, name: impl Into<String>, line: Line, runs: usize) -> Self {
        self.rival(name, line, runs, None)
    }

    /// Adds a peer that ours has to be `wanted` times as fast as; it must be there then, and not with `None`.
    pub(crate) fn rival(
        mut self,
        name: impl Into<String>,
        line: Line,
        runs: usize,
        wanted: Option<f64>,
    ) -> Self {
        self.rows.push(Row { name: name.into(), line, runs, ours: false, wanted, cost: None });
        self
    }

    /// Runs everything in turns, so that what else the machine does meets all alike; a peer that is not installed is
    /// left out, and so is one with no runs.
    ///
    /// # Errors
    /// When ours fails, or with `check` a peer that it has to be compared with.
    pub(crate) fn measure(&mut self, check: bool) -> Result<()> {
        let mut taken: Vec<Vec<Run>> = self.rows.iter().map(|_| Vec::new()).collect();
        for turn in 0..self.rows.iter().map(|row| row.runs).max().unwrap_or(0) {
            for (row, taken) in self.rows.iter_mut().zip(&mut taken).filter(|(row, _)| turn < row.runs) {
                if turn == 0 {
                    tell(&row.line);
                }
                match once(&row.line) {
                    Ok(run) => taken.push(run),
                    Err(error) if row.ours || (check && row.wanted.is_some()) => return Err(error),
                    Err(error) => {
                        tell(format_args!("left out: {error:#}"));
                        row.runs = 0;
                        taken.clear();
                    }
                }
            }
        }
        for (row, taken) in self.rows.iter_mut().zip(taken) {
            row.cost = Cost::of(taken);
        }
        Ok(())
    }

    /// What the table is called.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// What the first one took, which the others are compared with.
    pub(crate) fn first(&self) -> Option<Cost> {
        self.rows.first().and_then(|row| row.cost)
    }

    /// What ours took.
    ///
    /// # Errors
    /// When it was not run.
    pub(crate) fn cost(&self) -> Result<Cost> {
        self.first().with_context(|| format!("{}: ours was not run", self.title))
    }

    /// What another one took, by its name.
    pub(crate) fn cost_of(&self, name: &str) -> Option<Cost> {
        self.rows.iter().find(|row| row.name == name).and_then(|row| row.cost)
    }

    /// What each took that could be run, by its name.
    pub(crate) fn costs(&self) -> impl Iterator<Item = (&str, Cost)> {
        self.rows.iter().filter_map(|row| Some((row.name.as_str(), row.cost?)))
    }

    pub(crate) fn show(&self) -> String {
        let mut table = Table::new(&[
            &self.title,
            "wall, median",
            "wall, least",
            "CPU",
            "peak memory",
            "wall against ours",
        ]);
        for row in &self.rows {
            let cells = match (row.cost, self.first()) {
                (Some(cost), Some(base)) => [
                    seconds(cost.median),
                    seconds(cost.min),
                    seconds(cost.cpu),
                    megabytes(cost.peak),
                    ratio(cost.median, base.median),
                ],
                _ => ["not run", "", "", "", ""].map(str::to_owned),
            };
            table.push(&[std::slice::from_ref(&row.name), &cells[..]].concat());
        }
        table.finish()
    }

    /// Holds ours to the ratios that are wanted.
    ///
    /// # Errors
    /// When one is missed.
    pub(crate) fn check(&self) -> Result<()> {
        let ours = self.cost()?;
        for row in &self.rows {
            let (Some(cost), Some(wanted)) = (row.cost, row.wanted) else { continue };
            let ratio = cost.median.as_secs_f64() / ours.median.as_secs_f64();
            tell(format_args!("{}: {ratio:.1} times as fast as {}, wanted {wanted}", self.title, row.name));
            ensure!(ratio >= wanted, "{}: wanted {wanted} times as fast as {}", self.title, row.name);
        }
        Ok(())
    }
}

/// The machine, how it was measured, and who answers to `--version`.
pub(crate) fn machine(how: &str, versions: &[(&str, Line)]) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("{} {}, {cores} cores; {how}", std::env::consts::OS, std::env::consts::ARCH);
    for (name, line) in versions {
        if let Some(version) = line.output().and_then(|output| output.lines().next().map(str::to_owned)) {
            text += &format!("; {name}: {}", plain(&version));
        }
    }
    text + ".\n"
}

/// Without colours, which some programs write to a pipe as well.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    parts.fold(first.to_owned(), |all, part| all + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Progress, beside the tables on standard output.
pub(crate) fn tell(what: impl Display) {
    eprintln!("{what}");
}
