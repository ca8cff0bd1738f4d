//! lcov tracefiles of a C++ program that never was, and its sources.
//!
//! A file of the program is made from its number alone, so that tracefiles of several runs are of one program. Hits
//! belong together as in a real report: in a function that was not called no line ran, and branches of a line that
//! did not run were not reached.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::names::{self, Language};
use super::rng::Rng;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes of each tracefile, about.
    pub(crate) bytes: u64,
    /// Number of tracefiles, of as many runs of the tests.
    pub(crate) runs: u64,
    /// Whether the sources have their text; otherwise they have as many empty lines, so that the tracefile fits them.
    pub(crate) sources: bool,
}

/// How much there is, and how much of it was executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) total: u64,
    pub(crate) covered: u64,
}

impl Count {
    pub(crate) fn add(&mut self, covered: bool) {
        self.total += 1;
        self.covered += u64::from(covered);
    }
}

/// What all tracefiles together say: counted while they are made, never by reading them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) lines: Count,
    pub(crate) branches: Count,
    pub(crate) functions: Count,
    pub(crate) files: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, branches, functions, files } = self;
        write!(
            f,
            "{} of {} lines, {} of {} branches and {} of {} functions in {files} files",
            lines.covered, lines.total, branches.covered, branches.total, functions.covered, functions.total
        )
    }
}

/// Name of the tracefile of a run.
pub(crate) fn name(run: u64) -> String {
    format!("run-{run}.info")
}

/// Writes `run-0.info` and so on, and the sources beside them; the same plan gives the same bytes.
pub(crate) fn write(plan: Plan, folder: &Path) -> Result<Figures> {
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    generate(plan, folder).with_context(|| format!("failed to write to {}", folder.display()))
}

fn generate(plan: Plan, folder: &Path) -> Result<Figures> {
    let open = |run| Ok(BufWriter::new(File::create(folder.join(name(run)))?));
    let mut outs = (0..plan.runs).map(open).collect::<Result<Vec<_>>>()?;
    let mut figures = Figures::default();
    let mut written = 0;
    while written < plan.bytes * plan.runs {
        let source = Source::of(figures.files);
        let mut all: Option<Hits> = None;
        for (run, out) in (0..).zip(&mut outs) {
            let hits = source.run(run);
            let section = source.section(&hits);
            out.write_all(section.as_bytes())?;
            written += section.len() as u64;
            match &mut all {
                Some(all) => all.add(&hits),
                None => all = Some(hits),
            }
        }
        all.unwrap_or_default().count(&mut figures);
        let path = folder.join(&source.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, if plan.sources { source.text() } else { source.empty_lines() })?;
    }
    for mut out in outs {
        out.flush()?;
    }
    Ok(figures)
}

/// A file of the program.
struct Source {
    path: String,
    functions: Vec<Function>,
    ordinal: u64,
}

struct Function {
    name: String,
    start: u32,
    /// Executable lines, and how many outcomes the branches of each have.
    lines: Vec<(u32, u32)>,
    end: u32,
}

/// How often each function, line and outcome was executed, in their order.
#[derive(Default)]
struct Hits {
    functions: Vec<u64>,
    lines: Vec<u64>,
    /// `None` when the line was not reached.
    branches: Vec<Option<u64>>,
}

impl Source {
    fn of(ordinal: u64) -> Self {
        let mut rng = Rng::new(ordinal ^ 0x6c63_6f76);
        let mut functions = Vec::new();
        let mut line = 12 + below(&mut rng, 40);
        for _ in 0..8 + below(&mut rng, 44) {
            let start = line;
            let length = 8 + below(&mut rng, 70);
            let mut lines = vec![(start, 0)];
            for line in start + 1..start + length {
                if rng.chance(60) {
                    let outcomes = if rng.chance(12) { 2 + 2 * u32::from(rng.chance(18)) } else { 0 };
                    lines.push((line, outcomes));
                }
            }
            let name = names::symbol(&mut rng, Language::Cpp, functions.len() as u64);
            functions.push(Function { name, start, lines, end: start + length });
            line = start + length + 2 + below(&mut rng, 6);
        }
        let path = format!("components/module_{:02}/src/file_{ordinal:05}.cpp", ordinal % 40);
        Self { path, functions, ordinal }
    }

    /// What one run of the tests executes.
    fn run(&self, run: u64) -> Hits {
        let mut rng = Rng::new((self.ordinal << 8 | run) ^ 0x7275_6e73);
        let mut hits = Hits::default();
        for function in &self.functions {
            let calls = if rng.chance(25) { 0 } else { count(&mut rng) };
            hits.functions.push(calls);
            for (line, outcomes) in &function.lines {
                let ran = *line == function.start || rng.chance(88);
                let times = if calls > 0 && ran { calls + rng.below(calls) } else { 0 };
                hits.lines.push(times);
                for _ in 0..*outcomes {
                    let taken = if rng.chance(35) { 0 } else { 1 + rng.below(times) };
                    hits.branches.push((times > 0).then_some(taken));
                }
            }
        }
        hits
    }

    /// The section of a tracefile, records in the order of geninfo.
    fn section(&self, hits: &Hits) -> String {
        let mut text = format!("TN:\nSF:{}\n", self.path);
        for function in &self.functions {
            line(&mut text, format_args!("FN:{},{}", function.start, function.name));
        }
        for (function, calls) in self.functions.iter().zip(&hits.functions) {
            line(&mut text, format_args!("FNDA:{calls},{}", function.name));
        }
        let mut figures = Figures::default();
        hits.count(&mut figures);
        let Figures { functions, branches, lines, .. } = figures;
        line(&mut text, format_args!("FNF:{}\nFNH:{}", functions.total, functions.covered));
        let mut taken = hits.branches.iter();
        for (number, outcomes) in self.lines() {
            for (index, taken) in (0..*outcomes).zip(&mut taken) {
                match taken {
                    Some(taken) => line(&mut text, format_args!("BRDA:{number},0,{index},{taken}")),
                    None => line(&mut text, format_args!("BRDA:{number},0,{index},-")),
                }
            }
        }
        line(&mut text, format_args!("BRF:{}\nBRH:{}", branches.total, branches.covered));
        for ((number, _), times) in self.lines().zip(&hits.lines) {
            line(&mut text, format_args!("DA:{number},{times}"));
        }
        line(&mut text, format_args!("LF:{}\nLH:{}\nend_of_record", lines.total, lines.covered));
        text
    }

    fn lines(&self) -> impl Iterator<Item = &(u32, u32)> {
        self.functions.iter().flat_map(|function| &function.lines)
    }

    /// As many lines as the text has.
    fn empty_lines(&self) -> String {
        let last = self.functions.last().map_or(0, |function| function.end);
        "\n".repeat(usize::try_from(last).unwrap_or(0))
    }

    /// The text of the file: what is executable looks like it.
    fn text(&self) -> String {
        let mut rng = Rng::new(self.ordinal ^ 0x7465_7874);
        let mut text = String::new();
        let mut next = 1;
        for function in &self.functions {
            while next < function.start {
                line(&mut text, format_args!("// {}: {}", self.path, names::words(&mut rng)));
                next += 1;
            }
            let mut executable = function.lines.iter().peekable();
            while next <= function.end {
                let outcomes = executable.next_if(|line| line.0 == next).map(|line| line.1);
                let (one, other) = (names::words(&mut rng), names::words(&mut rng));
                text += &match outcomes {
                    _ if next == function.start => {
                        format!("int {one}(const {other}_t *self, std::span<int> in) {{\n")
                    }
                    Some(0) => format!("    self->{one} += {other}(in[{}]);\n", rng.below(99)),
                    Some(_) => format!("    if (self->{one} < {} && !{other})\n", rng.below(999)),
                    None if next == function.end => "}\n".to_owned(),
                    None => format!("        // \"{one}\" is <{other}> & nothing else\n"),
                };
                next += 1;
            }
        }
        text
    }
}

impl Hits {
    fn add(&mut self, other: &Self) {
        let add = |a: &mut Vec<u64>, b: &[u64]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        add(&mut self.functions, &other.functions);
        add(&mut self.lines, &other.lines);
        for (a, b) in self.branches.iter_mut().zip(&other.branches) {
            *a = match (*a, *b) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            };
        }
    }

    fn count(&self, figures: &mut Figures) {
        figures.files += 1;
        self.functions.iter().for_each(|calls| figures.functions.add(*calls > 0));
        self.lines.iter().for_each(|times| figures.lines.add(*times > 0));
        self.branches.iter().for_each(|taken| figures.branches.add(taken.is_some_and(|taken| taken > 0)));
    }
}

/// Mostly a few, sometimes very many.
fn count(rng: &mut Rng) -> u64 {
    let most = if rng.chance(80) { 40 } else { 2_000_000 };
    1 + rng.below(most)
}

fn below(rng: &mut Rng, bound: u64) -> u32 {
    u32::try_from(rng.below(bound)).unwrap_or_default()
}

fn line(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use lw_coverage::{Counts, Coverage, Metric, read};

    use super::*;

    #[test]
    fn tracefiles_are_of_one_program_and_say_what_was_counted() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { bytes: 200_000, runs: 3, sources: true };
        let figures = write(plan, folder.path()).unwrap();
        let mut all = Coverage::default();
        for run in 0..plan.runs {
            let bytes = fs::read(folder.path().join(name(run))).unwrap();
            assert!((190_000..400_000).contains(&bytes.len()), "{}", bytes.len());
            let coverage = read(&bytes).unwrap();
            assert!(coverage.warnings.is_empty());
            assert_eq!(coverage.files.len() as u64, figures.files);
            all.merge(coverage).unwrap();
        }
        for (metric, count) in [
            (Metric::Line, figures.lines),
            (Metric::Branch, figures.branches),
            (Metric::Function, figures.functions),
        ] {
            assert_eq!(all.figure(metric).counts, Counts::new(count.covered, count.total), "{metric}");
        }
        for (path, file) in &all.files {
            let text = fs::read_to_string(folder.path().join(path)).unwrap();
            let last = file.lines().iter().last().map(|(line, _)| line as usize);
            assert!(last.unwrap() <= text.lines().count(), "{path}");
        }
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes() {
        let bytes = || {
            let folder = tempfile::tempdir().unwrap();
            write(Plan { bytes: 50_000, runs: 2, sources: true }, folder.path()).unwrap();
            let read = |path: PathBuf| fs::read(folder.path().join(path)).unwrap();
            [name(0), name(1), Source::of(0).path].map(|path| read(path.into()))
        };
        assert_eq!(bytes(), bytes());
    }
}
