//! Several attempts at a test as one, and the files of several jobs as one result.
//!
//! Order counts, and the last attempt decides: what passed and then failed has failed. Repeated names are attempts only where
//! something says so; across files only the attempts of one shard are joined.

use std::collections::BTreeMap;

use lw_hashed::HashMap;
use lw_model::lists::sort;

use crate::layout::{LayoutError, Place};
use crate::model::{Attempt, Case, Run, State, Suite};

/// Joins cases of one class and name, in their order: somebody said that they are attempts.
pub(crate) fn collapse(cases: &mut Vec<Case>) {
    let mut places: HashMap<(Box<str>, Box<str>), usize> = HashMap::new();
    let mut joined: Vec<Case> = Vec::with_capacity(cases.len());
    for case in cases.drain(..) {
        match places.get(&(case.class.clone(), case.name.clone())).and_then(|at| joined.get_mut(*at)) {
            Some(known) => {
                let mut before = std::mem::replace(&mut known.last, case.last);
                // Nobody repeats a test that passed: pytest-rerunfailures leaves out how those attempts ended.
                if before.state == State::Passed {
                    let duration = before.duration;
                    before = Attempt { duration, ..Attempt::new(State::Failed) }
                        .because("it was repeated; why is not told");
                }
                known.earlier.push(before);
                known.earlier.extend(case.earlier);
            }
            None => {
                places.insert((case.class.clone(), case.name.clone()), joined.len());
                joined.push(case);
            }
        }
    }
    *cases = joined;
}

/// Takes tests of one suite, class and name for attempts at one test, in the order of the file.
pub fn collapse_repeats(run: &mut Run) {
    // A file may tell one suite in several parts.
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    let mut suites: Vec<Suite> = Vec::with_capacity(run.suites.len());
    for suite in run.suites.drain(..) {
        match places.get(&suite.name).and_then(|at| suites.get_mut(*at)) {
            Some(known) => known.cases.extend(suite.cases),
            None => {
                places.insert(suite.name.clone(), suites.len());
                suites.push(suite);
            }
        }
    }
    suites.iter_mut().for_each(|suite| collapse(&mut suite.cases));
    run.suites = suites;
}

/// A file among those of its shard.
#[derive(Debug)]
struct File {
    name: String,
    leg: String,
    digest: [u8; 32],
    run: Run,
}

/// The files of several jobs, by shard and attempt.
#[derive(Debug, Default)]
pub struct Shards {
    shards: BTreeMap<String, BTreeMap<u64, File>>,
    copies: Vec<String>,
}

/// The result of one shard.
#[derive(Debug)]
pub struct Shard {
    /// What tells it from the others: `leg=linux shard=2`.
    pub name: String,
    /// What the shards of one leg of a matrix have in common: `leg=linux`.
    pub leg: String,
    /// The file of the attempt that decides.
    pub file: String,
    /// That attempt.
    pub attempt: u64,
    /// Its tests, each with the attempts of the shard before it.
    pub run: Run,
    /// Tests that only an earlier attempt of the shard has: they stand as they ended there.
    pub kept: u64,
}

impl Shards {
    /// Adds a file, whose bytes have this SHA-256 digest. One of the same bytes as another of its shard and attempt is that
    /// file again.
    ///
    /// # Errors
    /// When the shard has another file of this attempt: which of them is right, nothing says.
    pub fn add(&mut self, name: &str, place: &Place, digest: [u8; 32], run: Run) -> Result<(), LayoutError> {
        let shard = self.shards.entry(place.shard.clone()).or_default();
        let attempt = place.attempt.unwrap_or(1);
        if let Some(known) = shard.get_mut(&attempt) {
            if known.digest == digest {
                // The same whichever of them comes first.
                if name < known.name.as_str() {
                    self.copies.push(std::mem::replace(&mut known.name, name.to_owned()));
                } else {
                    self.copies.push(name.to_owned());
                }
                return Ok(());
            }
            return Err(LayoutError::TwoFiles {
                shard: place.shard.clone(),
                attempt,
                first: known.name.clone().min(name.to_owned()),
                second: known.name.clone().max(name.to_owned()),
            });
        }
        shard.insert(attempt, File { name: name.to_owned(), leg: place.leg.clone(), digest, run });
        Ok(())
    }

    /// Files that were there twice.
    #[must_use]
    pub fn copies(&self) -> Vec<&str> {
        let mut copies: Vec<&str> = self.copies.iter().map(String::as_str).collect();
        sort(&mut copies);
        copies
    }

    /// Every shard with the result of its highest attempt.
    #[must_use]
    pub fn finish(self) -> Vec<Shard> {
        let shards = self.shards.into_iter().filter_map(|(name, mut attempts)| {
            let (attempt, file) = attempts.pop_last()?;
            let mut shard = Shard { name, leg: file.leg, file: file.name, attempt, run: file.run, kept: 0 };
            while let Some((_, earlier)) = attempts.pop_last() {
                shard.kept += precede(&mut shard.run, earlier.run);
            }
            Some(shard)
        });
        shards.collect()
    }
}

type Key = (Box<str>, Box<str>, Box<str>);

/// Puts the attempts of an earlier run before those of a later one, and returns how many tests only the earlier has.
fn precede(run: &mut Run, earlier: Run) -> u64 {
    // Names need not be unique: the second of a name comes before the second of that name.
    let mut places: HashMap<Key, Vec<(usize, usize)>> = HashMap::new();
    for (at, suite) in run.suites.iter().enumerate() {
        for (within, case) in suite.cases.iter().enumerate() {
            let key = (suite.name.clone(), case.class.clone(), case.name.clone());
            places.entry(key).or_default().push((at, within));
        }
    }
    places.values_mut().for_each(|places| places.reverse());
    let mut kept = 0;
    for suite in earlier.suites {
        let mut left = Vec::new();
        for case in suite.cases {
            let key = (suite.name.clone(), case.class.clone(), case.name.clone());
            let place = places.get_mut(&key).and_then(Vec::pop);
            let later = place.and_then(|(at, within)| run.suites.get_mut(at)?.cases.get_mut(within));
            match later {
                Some(later) => {
                    let mut attempts = case.earlier;
                    attempts.push(case.last);
                    attempts.append(&mut later.earlier);
                    later.earlier = attempts;
                }
                None => left.push(case),
            }
        }
        kept += left.len() as u64;
        if !left.is_empty() {
            run.suites.push(Suite { name: suite.name, cases: left });
        }
    }
    kept
}
