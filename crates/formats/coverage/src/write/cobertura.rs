//! Cobertura XML.

use std::collections::BTreeMap;
use std::io::Write;

use lw_model::grouped;
use quick_xml::escape::escape;

use super::{WriteError, refuse_summaries};
use crate::model::{Counts, Coverage, FileCoverage, LineBranches, Metric};

/// What a Cobertura report tells besides the coverage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoberturaOptions {
    /// Folders the paths are relative to; `.` when there is none.
    pub sources: Vec<String>,
    /// When the coverage was measured, in milliseconds since 1970.
    pub timestamp: u64,
}

/// What Cobertura XML does not tell of a coverage, as phrases: `conditions of MC/DC (4)`.
#[must_use]
pub fn losses(coverage: &Coverage) -> Vec<String> {
    let (mut conditions, mut apart, mut branches) = (0_u64, 0_u64, 0_u64);
    for file in coverage.files.values() {
        conditions += file.conditions().len() as u64;
        branches += file.branches().iter().count() as u64;
        let without = |line: &LineBranches| file.lines().get(line.line).is_none();
        apart += file.branches().by_line().filter(without).map(|line| line.counts.total).sum::<u64>();
    }
    let mut losses = Vec::new();
    for (count, what) in [
        (conditions, "conditions of MC/DC"),
        (apart, "branches of lines that are not executable"),
        (branches, "which branches of a line were taken"),
    ] {
        if count > 0 {
            losses.push(format!("{what} ({})", grouped(count.into())));
        }
    }
    losses.extend(super::untold(coverage));
    losses
}

/// Writes a report by `coverage-04.dtd`: a package for each folder, a class for each file.
///
/// Branches are counted by line, so which of them were taken is lost, and those of a line that is not
/// executable (lcov tells of such after lines were left out) are not written. Rates are floored to four decimals.
///
/// # Errors
/// When the output fails, or the lines of a file are not known; then nothing is written.
pub fn cobertura(
    coverage: &Coverage,
    options: &CoberturaOptions,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    refuse_summaries(coverage)?;
    let mut packages: BTreeMap<&str, Package<'_>> = BTreeMap::new();
    let mut total = Figures::default();
    for (path, file) in &coverage.files {
        let (folder, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
        let figures = Figures::of(file);
        let package = packages.entry(folder).or_default();
        package.figures.add(figures);
        total.add(figures);
        package.files.push(Class { path, name, file, figures });
    }
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE coverage SYSTEM \
         \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n<coverage {total} lines-covered=\"{}\" \
         lines-valid=\"{}\" branches-covered=\"{}\" branches-valid=\"{}\" complexity=\"0\" version=\"1.9\" \
         timestamp=\"{}\">\n  <sources>\n",
        total.lines.covered,
        total.lines.total,
        total.branches.covered,
        total.branches.total,
        options.timestamp,
        total = total.rates(),
    )?;
    if options.sources.is_empty() {
        writeln!(out, "    <source>.</source>")?;
    }
    for source in &options.sources {
        writeln!(out, "    <source>{}</source>", text(source))?;
    }
    writeln!(out, "  </sources>\n  <packages>")?;
    for (folder, package) in &packages {
        let name = if folder.is_empty() { "." } else { folder };
        writeln!(
            out,
            "    <package name=\"{}\" {} complexity=\"0\">\n      <classes>",
            text(name),
            package.figures.rates()
        )?;
        for class in &package.files {
            class.write(out)?;
        }
        writeln!(out, "      </classes>\n    </package>")?;
    }
    writeln!(out, "  </packages>\n</coverage>")?;
    Ok(())
}

#[derive(Default)]
struct Package<'a> {
    figures: Figures,
    files: Vec<Class<'a>>,
}

struct Class<'a> {
    path: &'a str,
    name: &'a str,
    file: &'a FileCoverage,
    figures: Figures,
}

#[derive(Clone, Copy, Default)]
struct Figures {
    lines: Counts,
    branches: Counts,
}

impl Figures {
    fn of(file: &FileCoverage) -> Self {
        let mut branches = Counts::default();
        branches_of_lines(file).for_each(|line| branches += line.counts);
        Self { lines: file.figure(Metric::Line).counts, branches }
    }

    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.branches += other.branches;
    }

    fn rates(&self) -> String {
        format!("line-rate=\"{}\" branch-rate=\"{}\"", rate(self.lines), rate(self.branches))
    }
}

/// Those of executable lines: the others have no element to stand on.
fn branches_of_lines(file: &FileCoverage) -> impl Iterator<Item = LineBranches> {
    file.branches().by_line().filter(|branches| file.lines().get(branches.line).is_some())
}

impl Class<'_> {
    fn write(&self, out: &mut dyn Write) -> Result<(), WriteError> {
        writeln!(
            out,
            "        <class name=\"{}\" filename=\"{}\" {} complexity=\"0\">",
            text(self.name),
            text(self.path),
            self.figures.rates()
        )?;
        let functions = self.file.functions();
        if functions.is_empty() {
            writeln!(out, "          <methods/>")?;
        } else {
            writeln!(out, "          <methods>")?;
            for function in functions {
                let rate = if function.hits > 0 { "1.0" } else { "0.0" };
                writeln!(
                    out,
                    "            <method name=\"{}\" signature=\"\" line-rate=\"{rate}\" branch-rate=\"{rate}\" \
                     complexity=\"0\"><lines><line number=\"{}\" hits=\"{}\" branch=\"false\"/></lines></method>",
                    text(&function.name),
                    function.start,
                    function.hits
                )?;
            }
            writeln!(out, "          </methods>")?;
        }
        if self.file.lines().is_empty() {
            writeln!(out, "          <lines/>")?;
        } else {
            writeln!(out, "          <lines>")?;
            let mut branches = branches_of_lines(self.file).peekable();
            for (number, hits) in self.file.lines().iter() {
                write!(out, "            <line number=\"{number}\" hits=\"{hits}\" branch=\"")?;
                match branches.next_if(|branches| branches.line == number) {
                    Some(LineBranches { counts, .. }) => {
                        let percent =
                            counts.covered.saturating_mul(100).checked_div(counts.total).unwrap_or(0);
                        writeln!(out, "true\" condition-coverage=\"{percent}% ({counts})\"/>")?;
                    }
                    None => writeln!(out, "false\"/>")?,
                }
            }
            writeln!(out, "          </lines>")?;
        }
        writeln!(out, "        </class>")?;
        Ok(())
    }
}

/// Four decimals, floored, so that `1.0` is never the result of rounding; nothing to cover is covered, as in the
/// reports of coverage.py and gcovr.
fn rate(counts: Counts) -> String {
    if counts.missed() == 0 {
        return "1.0".into();
    }
    let share = u128::from(counts.covered) * 10_000 / u128::from(counts.total.max(1));
    format!("0.{share:04}")
}

/// Text for XML 1.0, in which most control characters cannot be written at all.
fn text(text: &str) -> String {
    let is_possible = |c: char| !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    if text.chars().all(is_possible) {
        escape(text).into_owned()
    } else {
        let possible: String = text.chars().map(|c| if is_possible(c) { c } else { '\u{fffd}' }).collect();
        escape(possible.as_str()).into_owned()
    }
}
