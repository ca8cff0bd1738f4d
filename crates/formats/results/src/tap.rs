//! The Test Anything Protocol, versions 12 to 14 (testanything.org).
//!
//! A test point with sub-tests below it is a suite: its sub-tests are the tests, and it counts itself only when it failed and
//! none of them says why. `not ok … # TODO` is a failure that is expected, and counts as skipped, as `# SKIP` does.

use std::time::Duration;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};
use crate::lines::Lines;
use crate::model::{Attempt, Case, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, clean, short};

/// Sub-tests nest, but not this deep.
const MAX_DEPTH: usize = 40;

/// Tests of one depth.
#[derive(Default)]
struct Level {
    plan: Option<u64>,
    points: u64,
    cases: Vec<Case>,
    suites: Vec<Suite>,
    bad: bool,
}

/// Whether only TAP has this line.
pub(crate) fn is_start(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    text.starts_with("TAP version ")
        || plan(&text).is_some()
        || point(&text).is_some_and(|point| point.numbered)
}

/// `1..5`, and why nothing is planned.
fn plan(line: &str) -> Option<(u64, Option<&str>)> {
    let rest = line.strip_prefix("1..")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    let after = after.trim();
    let reason = after.strip_prefix('#').map(str::trim);
    (after.is_empty() || reason.is_some())
        .then(|| number.parse().ok().map(|number| (number, reason)))
        .flatten()
}

struct Point {
    ok: bool,
    numbered: bool,
    name: String,
    skip: Option<String>,
    todo: Option<String>,
    duration: Option<Duration>,
}

fn point(line: &str) -> Option<Point> {
    let (ok, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let rest = rest.trim();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(digits);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let mut point = Point {
        ok,
        numbered: !number.is_empty(),
        name: String::new(),
        skip: None,
        todo: None,
        duration: None,
    };
    let (name, directive) = split_directive(rest);
    point.name = name.trim().replace("\\#", "#");
    let word = directive.get(..4).unwrap_or_default();
    let reason =
        directive.trim_start_matches(|c: char| c.is_alphabetic()).trim_start_matches([':', ' ', '-']);
    if word.eq_ignore_ascii_case("skip") {
        point.skip = Some(reason.to_owned());
    } else if word.eq_ignore_ascii_case("todo") {
        point.todo = Some(reason.to_owned());
    } else if let Some(time) = directive.strip_prefix("time=") {
        let milliseconds = time.trim().strip_suffix("ms").and_then(|time| time.parse::<f64>().ok());
        point.duration = milliseconds.and_then(|time| Duration::try_from_secs_f64(time / 1000.0).ok());
    } else if !directive.is_empty() {
        // A `#` that begins no directive belongs to the name.
        point.name = rest.trim().replace("\\#", "#");
    }
    Some(point)
}

/// The description, and what follows its last `#` that is not escaped.
fn split_directive(text: &str) -> (&str, &str) {
    for (at, _) in text.rmatch_indices('#') {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + 1..).unwrap_or_default().trim();
        let word = |word: &str| after.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word));
        if !before.ends_with('\\')
            && (before.is_empty() || before.ends_with(' '))
            && (word("skip") || word("todo") || word("time="))
        {
            return (before, after);
        }
    }
    (text, "")
}

pub(crate) fn read(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut run = Run::new(Format::Tap, End::Marked);
    let mut levels = vec![Level::default()];
    let mut lines = Lines::new(bytes);
    let mut block: Option<(usize, Excerpt)> = None;
    let mut comments = Excerpt::default();
    let mut bailed = None;
    while let Some(raw) = lines.next() {
        let (line, replaced) = clean(raw.get(..8192).unwrap_or(raw));
        run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
        let indent = line.len() - line.trim_start_matches(' ').len();
        let text = line.trim();
        if let Some((at, excerpt)) = &mut block {
            // The end of a block stands where it begins.
            if text == "..." && indent <= *at {
                let (_, excerpt) = block.take().unwrap_or_default();
                explain(&mut levels, excerpt);
            } else {
                excerpt.push_line(line.get((*at).min(indent)..).unwrap_or_default().as_bytes());
            }
            continue;
        }
        let depth = indent / 4;
        if text == "---" && indent > 0 {
            flush(&mut levels, &mut comments);
            block = Some((indent, Excerpt::default()));
            continue;
        }
        let found = if indent % 4 == 0 { point(text) } else { None };
        let planned = if indent % 4 == 0 { plan(text) } else { None };
        if found.is_some() || planned.is_some() {
            flush(&mut levels, &mut comments);
            if depth >= MAX_DEPTH {
                return Err(lines.error(Format::Tap, Problem::TooDeep(MAX_DEPTH)));
            }
            // A deeper level belongs to the point that follows it, which is less deep.
            while levels.len() > depth + 2 {
                let inner = levels.pop().unwrap_or_default();
                adopt(&mut levels, inner, None, &mut run);
            }
            while levels.len() < depth + 1 {
                levels.push(Level::default());
            }
        }
        if let Some(found) = found {
            let inner = if levels.len() > depth + 1 { levels.pop() } else { None };
            take_point(&mut levels, found, inner, &mut run);
        } else if let Some((number, reason)) = planned {
            let inner = if levels.len() > depth + 1 { levels.pop() } else { None };
            if let Some(inner) = inner {
                adopt(&mut levels, inner, None, &mut run);
            }
            let Some(level) = levels.last_mut() else { continue };
            if level.plan.replace(number).is_some() {
                return Err(lines.error(Format::Tap, Problem::Syntax("a second plan".into())));
            }
            if number == 0 && reason.is_some() {
                let mut attempt = Attempt::new(State::Skipped);
                attempt = attempt.because(short(reason.unwrap_or_default().as_bytes()).0);
                level.cases.push(Case::new("", "all", attempt));
            }
        } else if let Some(reason) = text.strip_prefix("Bail out!") {
            bailed = Some(reason.trim().to_owned());
            break;
        } else if text.starts_with("TAP version") || text.starts_with("pragma ") || text.is_empty() {
        } else if text.starts_with('#') {
            let text = text.trim_start_matches('#');
            if !text.trim_start().starts_with("Subtest:") {
                comments.push_line(text.strip_prefix(' ').unwrap_or(text).as_bytes());
            }
        } else {
            comments.push_line(text.as_bytes());
        }
    }
    if block.is_some() {
        return Err(lines.error(Format::Tap, Problem::Truncated("the end of a block of YAML")));
    }
    if !lines.ended {
        return Err(lines.error(Format::Tap, Problem::Truncated("the end of its last line")));
    }
    flush(&mut levels, &mut comments);
    while levels.len() > 1 {
        let inner = levels.pop().unwrap_or_default();
        adopt(&mut levels, inner, None, &mut run);
    }
    let outer = levels.pop().unwrap_or_default();
    if let Some(reason) = bailed {
        run.unnamed_not_run += outer.plan.unwrap_or(0).saturating_sub(outer.points);
        run.trouble(TroubleKind::BailOut, "", Evidence::message(short(reason.as_bytes()).0));
    } else if outer.plan.is_none() {
        return Err(lines.error(Format::Tap, Problem::Truncated("its plan (`1..N`)")));
    } else {
        check_plan(&outer, "", &mut run);
    }
    run.suites.push(Suite { name: Box::default(), cases: outer.cases });
    run.suites.extend(outer.suites);
    run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(run)
}

/// Holds a level to its plan.
fn check_plan(level: &Level, name: &str, run: &mut Run) -> bool {
    let Some(plan) = level.plan.filter(|plan| *plan != level.points) else { return false };
    run.unnamed_not_run += plan.saturating_sub(level.points);
    let message = format!("{plan} tests are planned, and there are {}", level.points);
    run.trouble(TroubleKind::Promise, name, Evidence::message(message));
    true
}

/// A level that has ended, without the point that should follow it or as the sub-tests of a name.
fn adopt(levels: &mut [Level], inner: Level, name: Option<&str>, run: &mut Run) {
    let bad = check_plan(&inner, name.unwrap_or_default(), run) | inner.bad;
    let Some(outer) = levels.last_mut() else { return };
    outer.bad |= bad;
    let name = name.unwrap_or_default();
    let join = |inner: &str| {
        if inner.is_empty() { name.to_owned() } else { format!("{name} › {inner}") }
    };
    let of_it = Suite { name: Box::default(), cases: inner.cases };
    for mut suite in std::iter::once(of_it).chain(inner.suites) {
        if suite.cases.is_empty() {
            continue;
        }
        suite.name = join(&suite.name).into();
        suite.cases.iter_mut().for_each(|case| case.class = suite.name.clone());
        outer.suites.push(suite);
    }
}

fn take_point(levels: &mut [Level], found: Point, inner: Option<Level>, run: &mut Run) {
    let state = match (found.ok, &found.skip, &found.todo) {
        (_, Some(_), _) | (false, None, Some(_)) => State::Skipped,
        (true, ..) => State::Passed,
        (false, ..) => State::Failed,
    };
    let mut explained = false;
    if let Some(mut inner) = inner {
        if state == State::Skipped {
            // What is below a failure that is expected is expected.
            inner.bad = false;
            for case in
                inner.cases.iter_mut().chain(inner.suites.iter_mut().flat_map(|suite| &mut suite.cases))
            {
                if case.last.state == State::Failed {
                    case.last.state = State::Skipped;
                }
            }
        }
        let any = !inner.cases.is_empty() || !inner.suites.is_empty();
        let has_bad = inner.bad || inner.plan.is_some_and(|plan| plan != inner.points);
        adopt(levels, inner, Some(&found.name), run);
        explained = any && (has_bad || state != State::Failed);
    }
    let Some(level) = levels.last_mut() else { return };
    level.points += 1;
    level.bad |= state == State::Failed;
    if explained {
        return;
    }
    let mut attempt = Attempt { duration: found.duration, ..Attempt::new(state) };
    if let Some(reason) = found.skip.or(found.todo).filter(|reason| !reason.is_empty()) {
        attempt = attempt.because(short(reason.as_bytes()).0);
    }
    level.cases.push(Case::new("", short(found.name.as_bytes()).0, attempt));
}

/// Comments and other lines belong to the point before them.
fn flush(levels: &mut [Level], comments: &mut Excerpt) {
    if !comments.is_empty() {
        explain(levels, std::mem::take(comments));
    }
}

fn explain(levels: &mut [Level], excerpt: Excerpt) {
    let last = levels.last_mut().and_then(|level| level.cases.last_mut());
    let Some(case) = last.filter(|case| case.last.state == State::Failed) else { return };
    let (detail, _) = excerpt.finish();
    let evidence = case.last.evidence.get_or_insert_default();
    if evidence.message.is_empty() {
        let value = |key: &str| {
            let line = detail.lines().find_map(|line| line.trim().strip_prefix(key))?.trim();
            let plain = line.trim_matches(['\'', '"']);
            (!plain.is_empty() && !matches!(plain, "|" | "|-" | ">" | ">-")).then_some(plain)
        };
        let message = value("message:").or_else(|| value("error:")).or_else(|| detail.lines().next());
        evidence.message = short(message.unwrap_or_default().trim().as_bytes()).0;
    }
    if evidence.detail.is_empty() {
        evidence.detail = detail;
    }
}
