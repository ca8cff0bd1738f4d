//! lcov tracefiles.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;

use super::{WriteError, refuse_summaries};
use crate::model::{Arm, Branch, BranchKind, Coverage, FileCoverage, Function, LineBranches, Metric, Sense};

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

/// Writes a tracefile, files and lines in their order.
///
/// Line breaks in paths and names, which the format cannot express, are written as `%0A` and `%0D`. Statements
/// of Go and figures that a report only tells (functions of a Clover file without methods) are not written.
/// Outcomes of branches that are only counted are numbered, those taken first. llvm-cov's conditions, which tell of
/// both senses in one, are written as two.
///
/// # Errors
/// When the output fails, or the lines of a file are not known; then nothing is written.
pub fn lcov(coverage: &Coverage, dialect: Dialect, out: &mut impl Write) -> Result<(), WriteError> {
    refuse_summaries(coverage)?;
    for (path, file) in &coverage.files {
        write!(out, "TN:\nSF:{}\n", one_line(path))?;
        functions(file.functions(), dialect, out)?;
        branches(file, dialect, out)?;
        if dialect == Dialect::Version2 {
            conditions(file, out)?;
        }
        for (line, hits) in file.lines().iter() {
            writeln!(out, "DA:{line},{hits}")?;
        }
        let lines = file.lines().counts();
        write!(out, "LF:{}\nLH:{}\nend_of_record\n", lines.total, lines.covered)?;
    }
    Ok(())
}

fn functions(functions: &[Function], dialect: Dialect, out: &mut impl Write) -> Result<(), WriteError> {
    for function in functions {
        let name = one_line(&function.name);
        // A name like `5,6` would be read as a last line, unless there is one.
        let looks_like_end =
            name.split_once(',').is_some_and(|(start, _)| crate::count::number(start.as_bytes()).is_some());
        if looks_like_end || (dialect == Dialect::Version2 && function.end > 0) {
            writeln!(out, "FN:{},{},{name}", function.start, function.end)?;
        } else {
            writeln!(out, "FN:{},{name}", function.start)?;
        }
    }
    for function in functions {
        writeln!(out, "FNDA:{},{}", function.hits, one_line(&function.name))?;
    }
    if !functions.is_empty() {
        let hit = functions.iter().filter(|function| function.hits > 0).count();
        write!(out, "FNF:{}\nFNH:{hit}\n", functions.len())?;
    }
    Ok(())
}

fn branches(file: &FileCoverage, dialect: Dialect, out: &mut impl Write) -> Result<(), WriteError> {
    let mut listed = file.branches().iter().peekable();
    for line in file.branches().by_line() {
        let mut of_line = Vec::new();
        while let Some(branch) = listed.next_if(|branch| branch.line == line.line) {
            of_line.push(branch);
        }
        if line.listed {
            list(&of_line, dialect, out)?;
        } else {
            number(&line, out)?;
        }
    }
    let counts = file.figure(Metric::Branch).counts;
    if !file.branches().is_empty() {
        write!(out, "BRF:{}\nBRH:{}\n", counts.total, counts.covered)?;
    }
    Ok(())
}

/// The outcomes of one line as they are known.
fn list(branches: &[Branch<'_>], dialect: Dialect, out: &mut impl Write) -> Result<(), WriteError> {
    let used: HashSet<(u32, u32)> = branches
        .iter()
        .filter_map(|branch| match branch.arm {
            Arm::Index(index) => Some((branch.block, index)),
            Arm::Text(_) => None,
        })
        .collect();
    let mut free = 0;
    for branch in branches {
        let Branch { line, block, arm, kind, taken } = *branch;
        let exception = dialect == Dialect::Version2 && kind == BranchKind::Exception;
        write!(out, "BRDA:{line},{}{block},", if exception { "e" } else { "" })?;
        match arm {
            Arm::Index(index) => write!(out, "{index},")?,
            Arm::Text(text) if dialect == Dialect::Version2 => write!(out, "{},", one_line(text))?,
            Arm::Text(_) => {
                while used.contains(&(block, free)) {
                    free += 1;
                }
                write!(out, "{free},")?;
                free += 1;
            }
        }
        match taken {
            Some(taken) => writeln!(out, "{taken}")?,
            None => writeln!(out, "-")?,
        }
    }
    Ok(())
}

/// The outcomes of one line of which only the number is known: the first ones are those that were taken.
fn number(line: &LineBranches, out: &mut impl Write) -> Result<(), WriteError> {
    for index in 0..line.counts.total {
        writeln!(out, "BRDA:{},0,{index},{}", line.line, u8::from(index < line.counts.covered))?;
    }
    Ok(())
}

fn conditions(file: &FileCoverage, out: &mut impl Write) -> Result<(), WriteError> {
    let mut hit = 0_u64;
    let mut found = 0_u64;
    for condition in file.conditions() {
        // Several decisions of one size on a line go on counting.
        let index = u64::from(condition.decision) * u64::from(condition.size) + u64::from(condition.index);
        // lcov has no word for both senses in one.
        let senses: &[&str] = match condition.sense {
            Sense::True => &["t"],
            Sense::False => &["f"],
            Sense::Pair => &["t", "f"],
        };
        for sense in senses {
            write!(out, "MCDC:{},{},{sense},", condition.line, condition.size)?;
            match condition.taken {
                Some(taken) => write!(out, "{taken}")?,
                None => write!(out, "-")?,
            }
            writeln!(out, ",{index},{}", one_line(&condition.expression))?;
            found += 1;
            hit += u64::from(condition.taken.is_some_and(|taken| taken > 0));
        }
    }
    if found > 0 {
        write!(out, "MCF:{found}\nMCH:{hit}\n")?;
    }
    Ok(())
}

/// Foreign text could otherwise end its line and begin a record of its own.
fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r']) {
        text.replace('\n', "%0A").replace('\r', "%0D").into()
    } else {
        text.into()
    }
}
