//! What pre-commit prints: a line for each hook, and what it found below.

use std::time::Duration;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};
use crate::lines::Lines;
use crate::model::{Attempt, Case, End, Evidence, Run, State, Suite};
use crate::text::{Excerpt, clean, seconds, short};
use crate::words::{self, PRECOMMIT};

/// The name of a hook and how it ended, from its line: `name......(no files to check)Skipped`.
pub(crate) fn hook(line: &[u8]) -> Option<(String, State)> {
    let (line, _) = clean(line.get(..1024).unwrap_or(line));
    let line = line.trim_end();
    let words = words::WORDS.iter().filter(|word| word.format == PRECOMMIT);
    let (rest, known) =
        words.into_iter().find_map(|word| Some((line.strip_suffix(word.word)?, word.meaning)))?;
    let words::Meaning::Is(state) = known else { return None };
    let rest = match rest.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((rest, reason)) if !reason.contains(')') => rest,
        _ => rest,
    };
    let name = rest.trim_end_matches('.');
    // A hook with a long name still has a dot behind it.
    (name.len() < rest.len() && !name.is_empty()).then(|| (name.to_owned(), state))
}

pub(crate) fn read(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut run = Run::new(Format::PreCommit, End::Open);
    let mut suite = Suite { name: "pre-commit".into(), cases: Vec::new() };
    let mut output = Excerpt::of_output();
    let mut lines = Lines::new(bytes);
    for line in lines.by_ref() {
        if let Some((name, state)) = hook(line) {
            end(&mut suite, std::mem::replace(&mut output, Excerpt::of_output()));
            suite.cases.push(Case::new("pre-commit", short(name.as_bytes()).0, Attempt::new(state)));
            continue;
        }
        let Some(case) = suite.cases.last_mut() else { continue };
        let text = String::from_utf8_lossy(line);
        if let Some(time) = text.strip_prefix("- duration: ") {
            case.last.duration = seconds(time).filter(|time| *time < Duration::MAX);
        } else if let Some(what) = text
            .strip_prefix("- ")
            .filter(|what| what.starts_with("exit code:") || *what == "files were modified by this hook")
        {
            case.last.evidence.get_or_insert_default().message = short(what.as_bytes()).0;
        } else if !text.starts_with("- hook id:") {
            output.push_line(line);
        }
    }
    end(&mut suite, output);
    if !lines.ended {
        return Err(lines.error(Format::PreCommit, Problem::Truncated("its last line does")));
    }
    run.suites.push(suite);
    Ok(run)
}

fn end(suite: &mut Suite, output: Excerpt) {
    let (output, _) = output.finish();
    if let Some(case) = suite.cases.last_mut().filter(|case| case.state().is_bad()) {
        let evidence: &mut Evidence = case.last.evidence.get_or_insert_default();
        evidence.output = output;
    }
}
