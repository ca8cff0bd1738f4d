//! What each test of a run did, kept for the next run to compare with: hashed names, states and durations.
//!
//! A first line of JSON says how many lines follow; each has the beginning of the SHA-256 of a test's name, its state, how
//! many tests have that name, and how long they took in milliseconds. The lines are in order, so that a run has one form
//! whichever order its files were read in. Names are not kept: a store is no larger for long ones, and tells nobody what a
//! product is tested for.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use lw_hashed::HashMap;
use lw_model::Diagnose;
use lw_model::lists::{sort, sort_by_key};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::{Case, State};

/// The first word of its first line.
const SCHEMA: &str = "lw-test-store/1";
/// The most tests of a store: 32 MB.
const MAX_TESTS: usize = 1_000_000;
/// Bytes of a hash that are kept: names of one store that share them are not to be found by trying.
const KEY: usize = 12;
/// Changes of each kind whose names are kept for the report; more are counted.
const NAMED: usize = 100;

/// Which test it is: by the leg of the matrix it ran in, its class and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TestKey([u8; KEY]);

impl TestKey {
    /// The key of a test of a leg.
    #[must_use]
    pub fn new(leg: &str, case: &Case) -> Self {
        let mut hash = Sha256::new();
        for part in [leg, &case.class, &case.name] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut key = [0; KEY];
        key.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(key)
    }

    /// As hexadecimal digits: what a link to the test may be called.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut key = [0; KEY];
        if text.len() != 2 * KEY || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(key))
    }
}

/// What the tests of one key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    /// The worst of them.
    state: State,
    /// How many they are: a matrix whose legs nobody tells apart has several.
    count: u32,
    millis: u64,
}

/// What the tests of a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    title: Option<String>,
    /// In the order of keys.
    tests: Vec<(TestKey, Done)>,
}

/// Why a store cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// Its first line.
    #[error("line 1: it is no `{SCHEMA}`: {0}")]
    Header(String),
    /// Another line.
    #[error("line {0}: expected a hash, a state with a count, and milliseconds, in the order of hashes")]
    Line(usize),
    /// It was cut off, or has lines of another one.
    #[error("it has {found} tests, and {expected} in its first line: it was cut off or changed")]
    Count {
        /// As its first line says.
        expected: usize,
        /// Lines that are there.
        found: usize,
    },
    /// More tests than are kept.
    #[error("there are {0} different tests, and at most {MAX_TESTS} are kept")]
    TooMany(usize),
    /// It is about something else.
    #[error("it is of the title {found}, and this run has {expected}")]
    Title {
        /// What it is of.
        found: String,
        /// The title of this run.
        expected: String,
    },
}

impl Diagnose for StoreError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Header(_) | Self::Line(_) | Self::Count { .. } => {
                "give the file that `--report` wrote beside its report, unchanged"
            }
            Self::TooMany(_) => {
                "judge parts of the run by themselves, each with a report and a title of its own"
            }
            Self::Title { .. } => {
                "give each title a baseline of its own: tests of two suites are not each other's past"
            }
        }))
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    schema: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Cow<'a, str>>,
    tests: usize,
}

/// How a state is written.
const LETTERS: [(State, char); 5] = [
    (State::Passed, 'p'),
    (State::Skipped, 's'),
    (State::NotRun, 'n'),
    (State::Failed, 'f'),
    (State::Error, 'e'),
];

impl Store {
    /// What the tests of a run did, each with its leg.
    ///
    /// # Errors
    /// When they are more than a store keeps.
    pub fn of<'a>(
        title: Option<&str>,
        cases: impl IntoIterator<Item = (&'a str, &'a Case)>,
    ) -> Result<Self, StoreError> {
        let mut tests: Vec<(TestKey, Done)> = cases
            .into_iter()
            .map(|(leg, case)| {
                let millis =
                    case.duration().map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
                (TestKey::new(leg, case), Done { state: case.state(), count: 1, millis })
            })
            .collect();
        sort_by_key(&mut tests, |(key, _)| *key);
        tests.dedup_by(|(key, done), (kept, known)| {
            let same = key == kept;
            if same {
                known.state = known.state.max(done.state);
                known.count = known.count.saturating_add(done.count);
                known.millis = known.millis.saturating_add(done.millis);
            }
            same
        });
        if tests.len() > MAX_TESTS {
            return Err(StoreError::TooMany(tests.len()));
        }
        tests.shrink_to_fit();
        Ok(Self { title: title.map(str::to_owned), tests })
    }

    /// Writes it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let header = Header {
            schema: SCHEMA.into(),
            title: self.title.as_deref().map(Cow::Borrowed),
            tests: self.tests.len(),
        };
        writeln!(out, "{}", serde_json::to_string(&header).map_err(io::Error::other)?)?;
        for (key, Done { state, count, millis }) in &self.tests {
            let letter = LETTERS.iter().find(|(known, _)| known == state).map_or('e', |(_, letter)| *letter);
            writeln!(out, "{} {letter}{count} {millis}", key.to_hex())?;
        }
        Ok(())
    }

    /// Reads one, which has to be of this title.
    ///
    /// # Errors
    /// When it is none, not whole, or of another title.
    pub fn read(bytes: &[u8], title: Option<&str>) -> Result<Self, StoreError> {
        let text = std::str::from_utf8(bytes).map_err(|error| StoreError::Header(error.to_string()))?;
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let header: Header<'static> = lw_syntax::json::from_str(first)
            .map_err(|fault| StoreError::Header(fault.placed(first.as_bytes())))?;
        if header.schema != SCHEMA {
            return Err(StoreError::Header(format!(
                "the schema is {:?}",
                crate::text::clipped(&header.schema)
            )));
        }
        if header.tests > MAX_TESTS {
            return Err(StoreError::TooMany(header.tests));
        }
        if header.title.as_deref() != title {
            let shown = |title: Option<&str>| {
                title.map_or_else(|| "none".to_owned(), |title| format!("{:?}", crate::text::clipped(title)))
            };
            return Err(StoreError::Title { found: shown(header.title.as_deref()), expected: shown(title) });
        }
        let mut tests: Vec<(TestKey, Done)> = Vec::new();
        for (index, line) in rest.lines().enumerate() {
            let (key, done) = parse_line(line).ok_or(StoreError::Line(index + 2))?;
            if tests.last().is_some_and(|(last, _)| *last >= key) {
                return Err(StoreError::Line(index + 2));
            }
            tests.push((key, done));
            if tests.len() > header.tests {
                break;
            }
        }
        let whole = rest.is_empty() || rest.ends_with('\n');
        if tests.len() != header.tests || !whole {
            return Err(StoreError::Count { expected: header.tests, found: tests.len() });
        }
        Ok(Self { title: header.title.map(Cow::into_owned), tests })
    }

    /// How many different tests it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tests.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    fn get(&self, key: TestKey) -> Option<&Done> {
        let at = self.tests.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.tests.get(at).map(|(_, done)| done)
    }

    /// How long a test took; `None` when it is not in it, did not tell, or shares its name.
    #[must_use]
    pub fn duration(&self, key: TestKey) -> Option<Duration> {
        let done = self.get(key).filter(|done| done.count == 1 && done.millis > 0)?;
        Some(Duration::from_millis(done.millis))
    }

    /// What differs from an earlier run; `cases` are those this store was made of.
    #[must_use]
    pub fn changes<'a>(
        &self,
        earlier: &Self,
        cases: impl IntoIterator<Item = (&'a str, &'a Case)>,
    ) -> Changes {
        let mut changes = Changes::default();
        let mut wanted: HashMap<TestKey, Vec<Change>> = HashMap::new();
        let mut before = earlier.tests.iter().peekable();
        for (key, now) in &self.tests {
            while let Some((gone, done)) = before.next_if(|(other, _)| other < key) {
                let _ = gone;
                changes.lose(done.count, done.state);
            }
            let old = before.next_if(|(other, _)| other == key).map(|(_, done)| done);
            let kinds = changes.compare(old, now);
            if !kinds.is_empty() {
                wanted.insert(*key, kinds);
            }
        }
        for (_, done) in before {
            changes.lose(done.count, done.state);
        }
        if !wanted.is_empty() {
            for (leg, case) in cases {
                for kind in wanted.remove(&TestKey::new(leg, case)).unwrap_or_default() {
                    let names = &mut changes.group(kind).names;
                    if names.len() < NAMED {
                        names.push(if leg.is_empty() { case.id() } else { format!("{} ({leg})", case.id()) });
                    }
                }
            }
            // Whichever order the files were read in.
            [Change::New, Change::Fixed, Change::StillFailing, Change::NewlyFailing, Change::NewlySkipped]
                .into_iter()
                .for_each(|kind| sort(&mut changes.group(kind).names));
        }
        changes
    }
}

fn parse_line(line: &str) -> Option<(TestKey, Done)> {
    let (key, rest) = line.split_once(' ')?;
    let (state, millis) = rest.split_once(' ')?;
    let mut state = state.chars();
    let letter = state.next()?;
    let (state, count) = (LETTERS.iter().find(|(_, known)| *known == letter)?.0, state.as_str());
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let count = u32::try_from(number(count)?).ok().filter(|count| *count > 0)?;
    Some((TestKey::parse(key)?, Done { state, count, millis: number(millis)? }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    New,
    Fixed,
    StillFailing,
    NewlyFailing,
    NewlySkipped,
}

/// Tests of which the same is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// The first hundred of them that were read, in order.
    pub names: Vec<String>,
}

/// What differs between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Not in the earlier run, whatever they did.
    pub new: Group,
    /// Did not pass then, and passed.
    pub fixed: Group,
    /// Did not pass in either.
    pub still_failing: Group,
    /// Did not pass, and did then or were not there.
    pub newly_failing: Group,
    /// Skipped, and not then.
    pub newly_skipped: Group,
    /// In the earlier run only; a store has no names, so they have none.
    pub removed: u64,
    /// Those of them that did not pass then.
    pub removed_failing: u64,
}

impl Changes {
    fn group(&mut self, kind: Change) -> &mut Group {
        match kind {
            Change::New => &mut self.new,
            Change::Fixed => &mut self.fixed,
            Change::StillFailing => &mut self.still_failing,
            Change::NewlyFailing => &mut self.newly_failing,
            Change::NewlySkipped => &mut self.newly_skipped,
        }
    }

    fn lose(&mut self, count: u32, state: State) {
        self.removed += u64::from(count);
        self.removed_failing += if state.is_bad() { u64::from(count) } else { 0 };
    }

    /// Counts what became of the tests of one key.
    fn compare(&mut self, old: Option<&Done>, now: &Done) -> Vec<Change> {
        let mut kinds = Vec::new();
        let mut add = |this: &mut Self, kind: Change, count: u32| {
            this.group(kind).count += u64::from(count);
            kinds.push(kind);
        };
        let before = old.map_or(0, |old| old.count);
        if now.count > before {
            add(self, Change::New, now.count - before);
        } else if now.count < before {
            // Which of several tests of one name is gone, nobody knows.
            self.lose(before - now.count, State::Passed);
        }
        let was_bad = old.is_some_and(|old| old.state.is_bad());
        match now.state {
            state if state.is_bad() && was_bad => add(self, Change::StillFailing, 1),
            state if state.is_bad() => add(self, Change::NewlyFailing, 1),
            State::Skipped if old.is_some_and(|old| old.state != State::Skipped) => {
                add(self, Change::NewlySkipped, 1);
            }
            // A failure that is only gone is not repaired.
            State::Passed if was_bad && now.count >= before => add(self, Change::Fixed, 1),
            _ => {}
        }
        kinds
    }
}
