//! Failures that are let through for a while: which entries hold in this run, and what is wrong with them.

use std::path::Path;

use lw_cli::{Context, Error, OfBase, ResultExt};
use lw_hashed::HashMap;
use lw_model::{Finding, Level, Location, Measure, Report};
use lw_results::{Case, Entry, Quarantine, State, Suite, day_text};

use crate::inputs::Input;

/// How many days ahead an entry may end.
const MOST_DAYS: i64 = 30;
const SECONDS_OF_DAY: u64 = 86_400;

/// The list as it is in this run.
#[derive(Default)]
pub(crate) struct Held {
    /// As a report names the file; empty without one.
    file: String,
    entries: Vec<(Entry, bool)>,
    /// Places in the list, by the names of tests.
    by_test: HashMap<String, Vec<usize>>,
}

/// Reads the list, and leaves out what a change has put on it for itself.
///
/// # Errors
/// When it cannot be read, or what the base says of it is not known.
pub(crate) fn load(path: Option<&Path>, cx: &Context, report: &mut Report) -> Result<Held, Error> {
    let Some(path) = path else { return Ok(Held::default()) };
    let file = cx.display_path(path);
    let here = Quarantine::read(&cx.open(path)?).context(file.clone())?;
    if here.entries.is_empty() {
        return Ok(Held { file, ..Held::default() });
    }
    let base = match cx.of_base(path)? {
        OfBase::CheckedOut => None,
        OfBase::Before { bytes, of } => {
            let read = bytes.as_deref().map(Quarantine::read).transpose();
            let list = read.unwrap_or_else(|error| {
                let message = format!(
                    "{file} of {of} cannot be read, so that nothing on it holds in this run: {error}"
                );
                report.add_finding(Finding::new(
                    "test-report/quarantine-changed",
                    Level::Note,
                    "base",
                    message,
                ));
                None
            });
            Some((list.unwrap_or_default(), of))
        }
    };
    let today = i64::try_from(cx.now() / SECONDS_OF_DAY).unwrap_or(i64::MAX);
    let mut held = Held { file, ..Held::default() };
    let mut changed = Vec::new();
    for entry in here.entries {
        let mut holds = true;
        let place = Location::line(&held.file, u32::try_from(entry.line).unwrap_or(u32::MAX).max(1));
        let mut wrong = |rule: &str, message: String| {
            let finding = Finding::new(format!("test-report/{rule}"), Level::Error, &key(&entry), message);
            report.add_finding(finding.at(Some(place.clone())));
        };
        if entry.until < today {
            holds = false;
            let message = format!(
                "the quarantine of `{}` ended on {} (owner {})",
                entry.test,
                entry.until_text(),
                entry.owner
            );
            wrong("quarantine-expired", message);
        } else if entry.until - today > MOST_DAYS {
            holds = false;
            let message = format!(
                "the quarantine of `{}` ends on {}; it may last until {} ({MOST_DAYS} days)",
                entry.test,
                entry.until_text(),
                day_text(today.saturating_add(MOST_DAYS))
            );
            wrong("quarantine-too-long", message);
        } else if let Some((list, _)) = &base {
            // A change may take a test off, or end its time earlier, and nothing else.
            let before = list.entries.iter().find(|before| before.is_of(&entry));
            if before.is_none_or(|before| before.until < today) {
                holds = false;
                changed.push(entry.test.clone());
            }
        }
        let place = held.entries.len();
        held.by_test.entry(entry.test.clone()).or_default().push(place);
        held.entries.push((entry, holds));
    }
    if let (Some((_, of)), false) = (&base, changed.is_empty()) {
        let message = format!(
            "{}: what this change puts in quarantine does not hold in this run, since the list of {of} does not let it through: {}",
            held.file,
            crate::judge::listed(&changed)
        );
        report.add_finding(Finding::new("test-report/quarantine-changed", Level::Note, "change", message));
    }
    Ok(held)
}

fn key(entry: &Entry) -> String {
    format!("{}:{}", entry.suite.as_deref().unwrap_or_default(), entry.test)
}

impl Held {
    /// The entry of a test, and whether it holds.
    pub(crate) fn entry(&self, suite: &Suite, case: &Case) -> Option<(&Entry, bool)> {
        if self.by_test.is_empty() {
            return None;
        }
        let places = self.by_test.get(&case.id())?;
        let mut entries = places.iter().filter_map(|at| self.entries.get(*at));
        let found = entries.find(|(entry, _)| entry.suite.as_deref().is_none_or(|name| name == &*suite.name));
        found.map(|(entry, holds)| (entry, *holds))
    }

    /// Whether a failure of a test is let through: it ran, and said no or could not say.
    pub(crate) fn excuses(&self, suite: &Suite, case: &Case) -> bool {
        matches!(case.state(), State::Failed | State::Error)
            && self.entry(suite, case).is_some_and(|(_, holds)| holds)
    }

    /// Whether something in a result is red that is not let through.
    pub(crate) fn leaves_red(&self, input: &Input) -> bool {
        let run = &input.run;
        !run.troubles.is_empty()
            || run.unnamed_not_run > 0
            || run.cases().any(|(suite, case)| case.state().is_bad() && !self.excuses(suite, case))
    }

    /// How many failures are let through.
    pub(crate) fn excused(&self, inputs: &[Input]) -> u64 {
        let cases = inputs.iter().flat_map(|input| input.run.cases());
        cases.filter(|(suite, case)| self.excuses(suite, case)).count() as u64
    }

    /// Holds the list to the results: every entry has to be of exactly one test of each.
    pub(crate) fn check(&self, inputs: &[Input], report: &mut Report) {
        if self.file.is_empty() {
            return;
        }
        let mut matched = vec![false; self.entries.len()];
        let mut ambiguous: HashMap<usize, (&str, &str)> = HashMap::new();
        for input in inputs {
            let mut suites: HashMap<usize, &str> = HashMap::new();
            for (suite, case) in input.run.cases() {
                let Some((entry, _)) = self.entry(suite, case) else { continue };
                let Some(at) = self.entries.iter().position(|(known, _)| std::ptr::eq(known, entry)) else {
                    continue;
                };
                if let Some(slot) = matched.get_mut(at) {
                    *slot = true;
                }
                let first = suites.entry(at).or_insert(&suite.name);
                if *first != &*suite.name {
                    ambiguous.entry(at).or_insert((first, &suite.name));
                }
            }
        }
        for (at, ((entry, _), matched)) in self.entries.iter().zip(matched).enumerate() {
            let place = Location::line(&self.file, u32::try_from(entry.line).unwrap_or(u32::MAX).max(1));
            let (rule, message) = match ambiguous.get(&at) {
                _ if !matched => (
                    "quarantine-unmatched",
                    format!("`{}` is in quarantine, and no test of the results has this name", entry.test),
                ),
                Some((first, second)) => (
                    "quarantine-ambiguous",
                    format!(
                        "`{}` is in quarantine, and the suites `{first}` and `{second}` both have a test of this name",
                        entry.test
                    ),
                ),
                None => continue,
            };
            let finding = Finding::new(format!("test-report/{rule}"), Level::Error, &key(entry), message);
            report.add_finding(finding.at(Some(place)));
        }
        report
            .measures
            .push(Measure::count("tests.quarantined", self.excused(inputs)).label("failures let through"));
    }
}
