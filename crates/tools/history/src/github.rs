//! A ref of a repository on GitHub as a store of files.
//!
//! Its commits hold data only, and are no part of the history of the code: the first one has no parent. A ref is moved from one
//! known commit to the next, or not at all; who loses looks again and does it once more.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use lw_cli::{Context, Error};
use lw_connect::Patience;
use lw_github::{Api, Entry, Moved, NewCommit, NewEntry, ObjectId, Repository, Waiting as _};
use lw_github_client::{GitHub, Wanted};
use lw_model::Diagnose;
use lw_retry::{Attempt, Decision, Failure, Policy, Repeatable};

use crate::args::Remote;

/// How often a move is tried that others were faster with: a matrix of many legs may end in the same second.
const RACES: Policy = Policy {
    attempts: 40,
    base: Duration::from_millis(500),
    cap: Duration::from_secs(8),
    total: Duration::from_secs(300),
};

/// A ref of a repository.
pub(crate) struct Store {
    api: Api,
    repository: Repository,
    reference: String,
    clock: Patience,
    /// Where the jitter of waits comes from: jobs that raced do not come back together.
    seed: u64,
}

/// What a ref holds at one moment.
pub(crate) struct Snapshot {
    commit: Option<ObjectId>,
    tree: Option<ObjectId>,
    /// What stands in its root.
    pub(crate) entries: Vec<Entry>,
}

/// A file to write, or without content to remove.
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) content: Option<Vec<u8>>,
}

/// What a change does to what is there, and what to tell of it; no changes where all is as it should be already.
pub(crate) type Edit<'e, T> = dyn FnMut(&mut Store, &Snapshot) -> Result<(Vec<Change>, T), Error> + 'e;

fn told(error: &(impl Diagnose + std::fmt::Display)) -> Error {
    let hint = error.hint().map(std::borrow::Cow::into_owned);
    match hint {
        Some(hint) => Error::remote(error).hint(hint),
        None => Error::remote(error),
    }
}

impl Store {
    /// The ref of the run's repository, with the token that the arguments name.
    ///
    /// # Errors
    /// When there is no token, or no repository.
    pub(crate) fn new(args: &Remote, default: &str, needs: &str, cx: &Context) -> Result<Self, Error> {
        let wanted = Wanted {
            token: args.token.as_ref(),
            permission: needs,
            elsewhere: "give --file FILE or --folder FOLDER, or --local for the ref that was fetched",
        };
        let GitHub { api, repository, clock } = GitHub::of_run(&wanted, cx)?;
        let ci = cx.ci_context();
        let mut hash = DefaultHasher::new();
        (&ci.run_url, &ci.job, ci.run_attempt, cx.now(), cx.root()).hash(&mut hash);
        let reference = args.reference.clone().unwrap_or_else(|| default.to_owned());
        Ok(Self { api, repository, reference, clock, seed: hash.finish() })
    }

    /// What the ref holds; nothing where there is none.
    ///
    /// # Errors
    /// When GitHub refuses or does not answer.
    pub(crate) fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let at = self.api.reference(&self.repository, &self.reference, &mut self.clock);
        let Some(id) = at.map_err(|error| told(&error))? else {
            return Ok(Snapshot { commit: None, tree: None, entries: Vec::new() });
        };
        let commit = self.api.commit(&self.repository, &id, &mut self.clock).map_err(|error| told(&error))?;
        let entries = self.api.tree(&self.repository, &commit.tree, false, &mut self.clock);
        let entries = entries.map_err(|error| told(&error))?;
        Ok(Snapshot { commit: Some(id), tree: Some(commit.tree), entries })
    }

    /// The content of a file of a snapshot; `None` when it is not there.
    ///
    /// # Errors
    /// When it is longer than `most`, or GitHub refuses or does not answer.
    pub(crate) fn file(
        &mut self,
        snapshot: &Snapshot,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(entry) = snapshot.entries.iter().find(|entry| entry.path == path && entry.is_file()) else {
            return Ok(None);
        };
        let bytes = self.api.blob(&self.repository, &entry.id, most as u64, &mut self.clock);
        bytes.map(Some).map_err(|error| told(&error))
    }

    /// Changes what the ref holds, however many others do at the same time: each change is made from what is there, and
    /// nobody's is lost.
    ///
    /// # Errors
    /// When the token may not, GitHub does not answer, or others are faster as long as the policy allows.
    pub(crate) fn change<T>(&mut self, message: &str, edit: &mut Edit<'_, T>) -> Result<T, Error> {
        let began = self.clock.elapsed();
        let mut number = 1;
        loop {
            let before = self.snapshot()?;
            let (changes, done) = edit(self, &before)?;
            if changes.is_empty() {
                return Ok(done);
            }
            let commit = self.commit(message, &before, changes).map_err(|error| told(&error))?;
            let moved = self.api.move_reference(
                &self.repository,
                &self.reference,
                before.commit.as_ref(),
                &commit,
                &mut self.clock,
            );
            if moved.map_err(|error| told(&error))? == Moved::Done {
                return Ok(done);
            }
            let attempt = Attempt {
                number,
                // As of a server that is busy with somebody else.
                failure: Failure::Status(503),
                repeatable: Repeatable::Yes,
                retry_after: None,
                elapsed: self.clock.elapsed().saturating_sub(began),
            };
            match RACES.next(&attempt, self.seed) {
                Decision::Again(wait) if self.clock.wait(wait) => number += 1,
                Decision::Again(_) | Decision::Stop(_) => {
                    return Err(Error::remote(format!(
                        "{} of {}: others moved it each of {number} times",
                        self.reference, self.repository
                    ))
                    .hint("let fewer jobs write it at the same time, best one that joins all reports"));
                }
            }
        }
    }

    fn commit(
        &mut self,
        message: &str,
        before: &Snapshot,
        changes: Vec<Change>,
    ) -> Result<ObjectId, lw_github::Error> {
        let (api, repository, clock) = (&self.api, &self.repository, &mut self.clock);
        let mut entries = Vec::new();
        for Change { path, content } in changes {
            let blob = match content {
                Some(content) => Some(api.create_blob(repository, &content, clock)?),
                None => None,
            };
            entries.push(NewEntry { path, blob });
        }
        let tree = api.create_tree(repository, before.tree.as_ref(), &entries, clock)?;
        let parents: Vec<ObjectId> = before.commit.iter().cloned().collect();
        api.create_commit(repository, &NewCommit { message, tree: &tree, parents: &parents }, clock)
    }
}
