//! lcov tracefiles.

use std::borrow::Cow;
use std::io::{self, Write};

use lw_hashed::HashSet;
use lw_model::{Lines, grouped};

use super::{WriteError, ordered, refuse_summaries};

use crate::model::{
    Arm, Branch, BranchKind, Counts, Coverage, FileCoverage, Format, Function, LineBranches, Sense,
};

/// Which readers a tracefile is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Every version of lcov and genhtml, and what reads their files. Branches are numbered, since lcov 1 passes
    /// over exceptions and descriptions, and figures of conditions are left out.
    #[default]
    Universal,
    /// lcov 2.2 and later: with exceptions, descriptions of branches, last lines of functions and conditions.
    Version2,
}

/// The dialect that loses nothing of a coverage which the other one has: version 2 where there are conditions, or a
/// tracefile told last lines and further names of functions, or exceptions and descriptions of branches.
#[must_use]
pub fn dialect_for(coverage: &Coverage) -> Dialect {
    let needs = |file: &FileCoverage| {
        let is_lcov = file.formats().contains(Format::Lcov);
        let has_ends = || file.functions().iter().any(|function| function.end > 0);
        let has_aliases = || {
            let named = |pair: &[Function]| matches!(pair, [a, b] if a.start > 0 && a.start == b.start);
            file.functions().windows(2).any(named)
        };
        !file.conditions().is_empty()
            || (is_lcov && (has_ends() || has_aliases() || file.branches().marked() > 0))
    };
    if coverage.files.values().any(needs) { Dialect::Version2 } else { Dialect::Universal }
}

/// What a tracefile in a dialect does not tell of a coverage, as phrases: `statements (12)`.
#[must_use]
pub fn losses(coverage: &Coverage, dialect: Dialect) -> Vec<String> {
    let mut conditions = 0_u64;
    let (mut ends, mut marks) = (0_u64, 0_u64);
    for file in coverage.files.values().filter(|_| dialect == Dialect::Universal) {
        conditions += file.conditions().len() as u64;
        ends += file.functions().iter().filter(|function| function.end > 0).count() as u64;
        marks += file.branches().marked() as u64;
    }
    let mut losses = Vec::new();
    for (count, what) in [
        (conditions, "conditions of MC/DC"),
        (ends, "last lines of functions"),
        (marks, "kinds and descriptions of branches"),
    ] {
        if count > 0 {
            losses.push(format!("{what} ({})", grouped(count.into())));
        }
    }
    losses.extend(super::untold(coverage));
    losses
}

/// Writes a tracefile, files and lines in their order.
///
/// Line breaks in paths and names, which the format cannot express, are written as `%0A` and `%0D`. Statements
/// of Go and figures that a report only tells (functions of a Clover file without methods) are not written.
/// Outcomes of branches that are only counted are numbered, those taken first. llvm-cov's conditions, which tell of
/// both senses in one, are written as two.
///
/// # Errors
/// When the output fails, or the lines of a file are not known; then nothing is written.
pub fn lcov(coverage: &Coverage, dialect: Dialect, out: &mut dyn Write) -> Result<(), WriteError> {
    refuse_summaries(coverage)?;
    let files: Vec<_> = coverage.files.iter().collect();
    ordered::write(&files, |file| file.1.weight(), |file, out| section(file.0, file.1, dialect, out), out)?;
    Ok(())
}

fn section(
    path: &str,
    file: &FileCoverage,
    dialect: Dialect,
    out: &mut Lines<&mut dyn Write>,
) -> io::Result<()> {
    out.push("TN:\nSF:").push(&one_line(path)).end()?;
    match dialect {
        Dialect::Universal => functions(file.functions(), out)?,
        Dialect::Version2 => functions_and_aliases(file.functions(), out)?,
    }
    branches(file, dialect, out)?;
    if dialect == Dialect::Version2 {
        conditions(file, out)?;
    }
    for (line, hits) in file.lines().iter() {
        out.push("DA:").number(line).push(",").number(hits).end()?;
    }
    let lines = file.lines().counts();
    out.push("LF:").number(lines.total).push("\nLH:").number(lines.covered).end()?;
    out.push("end_of_record").end()
}

/// Functions of one place are one with several names, as lcov 2.2 has them.
fn functions_and_aliases(functions: &[Function], out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    if functions.is_empty() {
        return Ok(());
    }
    let mut hit = 0_u64;
    let same = |a: &Function, b: &Function| a.start > 0 && (a.start, a.end) == (b.start, b.end);
    let mut found = 0_u64;
    for names in functions.chunk_by(same) {
        let Some(first) = names.first() else { continue };
        out.push("FNL:").number(found).push(",").number(first.start);
        if first.end > 0 {
            out.push(",").number(first.end);
        }
        out.end()?;
        for function in names {
            out.push("FNA:").number(found).push(",").number(function.hits).push(",");
            out.push(&one_line(&function.name)).end()?;
        }
        found += 1;
        hit += u64::from(names.iter().any(|function| function.hits > 0));
    }
    out.push("FNF:").number(found).push("\nFNH:").number(hit).end()
}

fn functions(functions: &[Function], out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    for function in functions {
        let name = one_line(&function.name);
        // A name like `5,6` would be read as a last line, unless there is one.
        let looks_like_end =
            name.split_once(',').is_some_and(|(start, _)| crate::count::number(start.as_bytes()).is_some());
        out.push("FN:").number(function.start).push(",");
        if looks_like_end {
            out.number(function.end).push(",");
        }
        out.push(&name).end()?;
    }
    for function in functions {
        out.push("FNDA:").number(function.hits).push(",").push(&one_line(&function.name)).end()?;
    }
    if !functions.is_empty() {
        let hit = functions.iter().filter(|function| function.hits > 0).count();
        out.push("FNF:").number(functions.len() as u64).push("\nFNH:").number(hit as u64).end()?;
    }
    Ok(())
}

fn branches(file: &FileCoverage, dialect: Dialect, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    if file.branches().is_empty() {
        return Ok(());
    }
    let mut counts = Counts::default();
    let mut listed = file.branches().iter().peekable();
    let mut of_line = Vec::new();
    for line in file.branches().by_line() {
        of_line.clear();
        while let Some(branch) = listed.next_if(|branch| branch.line == line.line) {
            of_line.push(branch);
        }
        if line.listed {
            list(&of_line, dialect, out)?;
        } else {
            number(&line, out)?;
        }
        counts += line.counts;
    }
    out.push("BRF:").number(counts.total).push("\nBRH:").number(counts.covered).end()
}

/// The outcomes of one line as they are known.
fn list(branches: &[Branch<'_>], dialect: Dialect, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    let described = branches.iter().any(|branch| matches!(branch.arm, Arm::Text(_)));
    let used: HashSet<(u32, u32)> = branches
        .iter()
        .filter_map(|branch| match branch.arm {
            Arm::Index(index) if described => Some((branch.block, index)),
            _ => None,
        })
        .collect();
    let mut free = 0;
    for branch in branches {
        let Branch { line, block, arm, kind, taken } = *branch;
        let exception = dialect == Dialect::Version2 && kind == BranchKind::Exception;
        out.push("BRDA:").number(line).push(if exception { ",e" } else { "," }).number(block).push(",");
        match arm {
            Arm::Index(index) => out.number(index),
            Arm::Text(text) if dialect == Dialect::Version2 => out.push(&one_line(text)),
            Arm::Text(_) => {
                while used.contains(&(block, free)) {
                    free += 1;
                }
                free += 1;
                out.number(free - 1)
            }
        };
        match taken {
            Some(taken) => out.push(",").number(taken),
            None => out.push(",-"),
        };
        out.end()?;
    }
    Ok(())
}

/// The outcomes of one line of which only the number is known: the first ones are those that were taken.
fn number(line: &LineBranches, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    for index in 0..line.counts.total {
        let taken = if index < line.counts.covered { ",1" } else { ",0" };
        out.push("BRDA:").number(line.line).push(",0,").number(index).push(taken).end()?;
    }
    Ok(())
}

fn conditions(file: &FileCoverage, out: &mut Lines<&mut dyn Write>) -> io::Result<()> {
    let mut hit = 0_u64;
    let mut found = 0_u64;
    for condition in file.conditions() {
        // Several decisions of one size on a line go on counting.
        let index = u64::from(condition.decision) * u64::from(condition.size) + u64::from(condition.index);
        // lcov has no word for both senses in one.
        let senses: &[&str] = match condition.sense {
            Sense::True => &[",t,"],
            Sense::False => &[",f,"],
            Sense::Pair => &[",t,", ",f,"],
        };
        for sense in senses {
            out.push("MCDC:").number(condition.line).push(",").number(condition.size).push(sense);
            match condition.taken {
                Some(taken) => out.number(taken),
                None => out.push("-"),
            };
            out.push(",").number(index).push(",").push(&one_line(&condition.expression)).end()?;
            found += 1;
            hit += u64::from(condition.taken.is_some_and(|taken| taken > 0));
        }
    }
    if found > 0 {
        out.push("MCF:").number(found).push("\nMCH:").number(hit).end()?;
    }
    Ok(())
}

/// Foreign text could otherwise end its line and begin a record of its own.
fn one_line(text: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some() {
        text.replace('\n', "%0A").replace('\r', "%0D").into()
    } else {
        text.into()
    }
}
