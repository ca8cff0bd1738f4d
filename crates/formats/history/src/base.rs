//! Compared with what: the one answer of the house.

use gix::ObjectId;

use crate::error::HistoryError;
use crate::repository::{Compare, Repository};

/// What a CI says of its run, as far as it says it. Commits are full ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CiFacts {
    /// Whether the run is of a pull or merge request.
    pub pull_request: bool,
    /// Branch the pull request goes to: `main`.
    pub base_branch: Option<String>,
    /// A commit the CI calls the base of the pull request. It may be older than what was merged for the test, so that
    /// it is never compared with; it only vouches for a parent that is the same.
    pub base_commit: Option<String>,
    /// The merge base of the pull request, where the CI itself has worked it out (GitLab).
    pub merge_base: Option<String>,
    /// The commit its author pushed.
    pub head_commit: Option<String>,
    /// The commit the run is of; on GitHub that is the merge of the pull request with its base, made for the test.
    pub tested_commit: Option<String>,
    /// Full name of the reference of the run: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`.
    pub reference: Option<String>,
    /// Where the branch stood before the push; only zeros when it did not exist.
    pub before: Option<String>,
    /// Whether the push replaced commits, so that where the branch stood before is no longer part of it.
    pub forced: Option<bool>,
    /// What a merge queue tests its group of commits on.
    pub merge_group_base: Option<String>,
    /// The main branch of the repository.
    pub default_branch: Option<String>,
}

/// The older side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Full id of the commit that is the older side; of three-dot comparisons that is the merge base. `None` when
    /// there is nothing before: everything is new.
    pub commit: Option<String>,
    /// Full id of the commit at the tip of what was compared with. Not the same as `commit` when the newer side left
    /// it earlier.
    pub tip: Option<String>,
    /// How `commit` comes from `tip`.
    pub compare: Compare,
    /// What the base is in a person's words: `origin/main`, `HEAD~1`.
    pub revision: String,
    /// Why this one, for the reader of a report.
    pub why: String,
}

impl Base {
    /// The same, compared with the tip itself (two dots instead of three).
    #[must_use]
    pub fn direct(mut self) -> Self {
        self.commit = self.tip.clone();
        self.compare = Compare::Direct;
        self
    }
}

/// Branches that are looked for when nobody says what the main branch is.
const GUESSES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// A reference and where it points.
struct Tip {
    name: String,
    id: ObjectId,
}

/// The newer side.
struct Head<'a> {
    /// As it was asked for.
    name: &'a str,
    id: ObjectId,
    parents: Vec<ObjectId>,
}

impl Repository {
    /// What a commit is compared with when nobody names it:
    ///
    /// 1. in a merge queue, the commit its group was put on;
    /// 2. of a pull request, the first parent of the merge commit the CI made for the test; else the merge base with
    ///    the branch it goes to, as it is in this clone;
    /// 3. of a tag, the commit before;
    /// 4. of a push, where the branch stood before it; of a new branch, and where a push replaced commits, where it
    ///    left the main branch;
    /// 5. otherwise the merge base with the main branch; on that itself, the commit before.
    ///
    /// Branches are looked up by their full names, `refs/remotes/origin/<branch>` before `refs/heads/<branch>`, so that
    /// a tag of the same name is never taken for one.
    ///
    /// # Errors
    /// When it is not in this clone, telling how to fetch it; and when `head` is part of its base, where a pull request
    /// would be judged by no line at all.
    pub fn base(&self, ci: &CiFacts, head: &str) -> Result<Base, HistoryError> {
        let id = self.commit(head)?;
        let head = Head { name: head, id, parents: self.parent_ids(id)? };
        if let Some(base) = &ci.merge_group_base {
            return self.of_merge_group(base, &head);
        }
        if ci.pull_request || ci.base_branch.is_some() {
            return self.of_pull_request(ci, &head);
        }
        if let Some(tag) = ci.reference.as_deref().and_then(|name| name.strip_prefix("refs/tags/")) {
            return self.commit_before(&head, format!("the commit before the tag {tag}"));
        }
        match &ci.before {
            Some(before) => self.of_push(ci, before, &head),
            None => self.of_branch(ci, &head),
        }
    }

    /// What [`base`](Self::base) compares with, for those who need no more of it than its id: what another run has left of
    /// that commit. It need not be in this clone then, as long as the commit that is checked out or the CI names it: the
    /// usual checkout has one commit only.
    ///
    /// # Errors
    /// Those of [`base`](Self::base), where only history could tell.
    pub fn base_id(&self, ci: &CiFacts, head: &str) -> Result<Base, HistoryError> {
        match self.base(ci, head) {
            Err(error) if self.is_shallow() || matches!(error, HistoryError::NotFetched { .. }) => {
                self.named_base_id(ci, head)?.ok_or(error)
            }
            found => found,
        }
    }

    /// The base as its id stands in the commit that is checked out, or in what the CI says.
    fn named_base_id(&self, ci: &CiFacts, head: &str) -> Result<Option<Base>, HistoryError> {
        let id = self.commit(head)?;
        let head = Head { name: head, id, parents: self.parent_ids(id)? };
        let named = |id: &str| ObjectId::from_hex(id.as_bytes()).ok().filter(|id| !id.is_null());
        if let Some(base) = &ci.merge_group_base {
            let tip = |id| Tip { name: short(base), id };
            return Ok(named(base).map(|id| direct(&tip(id), "base of the merge group".to_owned())));
        }
        if ci.pull_request || ci.base_branch.is_some() {
            return Ok(merged_for_the_test(ci, &head).map(|(parent, which)| {
                let name = ci.base_branch.clone().unwrap_or_else(|| short(&parent.to_string()));
                let why = format!("{which} parent of the merge commit that was checked out");
                direct(&Tip { name, id: parent }, why)
            }));
        }
        // A commit that is not in a whole clone was replaced; in one that was cut off, nobody can tell.
        let before = ci.before.as_deref().filter(|_| self.is_shallow() && ci.forced != Some(true));
        let before =
            before.and_then(|before| Some((before, named(before)?))).filter(|(_, id)| *id != head.id);
        Ok(before.map(|(before, id)| {
            direct(&Tip { name: short(before), id }, "where the branch stood before the push".to_owned())
        }))
    }

    /// How many commits a commit comes before another, going from it to the first parent each time; `None` when it is not
    /// among the first `most`, or the clone does not go that far.
    #[must_use]
    pub fn first_parent_distance(
        &self,
        newer: &str,
        older: impl Fn(&str) -> bool,
        most: usize,
    ) -> Option<(usize, String)> {
        let mut at = newer.to_owned();
        for distance in 0..=most {
            if older(&at) {
                return Some((distance, at));
            }
            self.commit_by_id(&at)?;
            at = self.parents(&at).ok()?.into_iter().next()?;
        }
        None
    }

    /// The base somebody names, in the same form. `why` tells where they did.
    ///
    /// # Errors
    /// When it or the merge base is not in this clone, or the name stands for several commits.
    pub fn named_base(
        &self,
        revision: &str,
        head: &str,
        compare: Compare,
        why: &str,
    ) -> Result<Base, HistoryError> {
        let tip = Tip { name: revision.to_owned(), id: self.commit(revision)? };
        let id = self.commit(head)?;
        Ok(match compare {
            Compare::Direct => direct(&tip, why.to_owned()),
            Compare::MergeBase => {
                since(&tip, self.merge_base((revision, tip.id), (head, id))?, why.to_owned())
            }
        })
    }

    fn of_merge_group(&self, base: &str, head: &Head<'_>) -> Result<Base, HistoryError> {
        let id =
            self.commit_by_id(base).ok_or_else(|| self.not_fetched(base, "the base of the merge group"))?;
        let tip = Tip { name: short(base), id };
        self.since_fork(&tip, head, "base of the merge group".to_owned())
    }

    fn of_pull_request(&self, ci: &CiFacts, head: &Head<'_>) -> Result<Base, HistoryError> {
        if let Some((parent, which)) = merged_for_the_test(ci, head) {
            if self.commit_by_id(&parent.to_string()).is_none() {
                return Err(self.cut_off(parent, format!("the {which} parent of {}", head.name)));
            }
            let name = ci.base_branch.clone().unwrap_or_else(|| short(&parent.to_string()));
            let why = format!("{which} parent of the merge commit that was checked out");
            return Ok(direct(&Tip { name, id: parent }, why));
        }
        if let Some(base) = self.merge_base_of_ci(ci, head)? {
            return Ok(base);
        }
        let branch = ci.base_branch.as_deref().ok_or(HistoryError::BaseUnnamed)?;
        let tip = self.branch(branch)?.ok_or_else(|| {
            self.not_fetched(&format!("origin/{branch}"), "the branch the pull request goes to")
        })?;
        self.since_fork(&tip, head, "base of the pull request".to_owned())
    }

    /// The merge base the CI has worked out, where it is one of the commit that is checked out.
    fn merge_base_of_ci(&self, ci: &CiFacts, head: &Head<'_>) -> Result<Option<Base>, HistoryError> {
        let Some(named) = ci.merge_base.as_deref().filter(|_| is(head.id, ci.head_commit.as_ref())) else {
            return Ok(None);
        };
        let Some(id) = self.commit_by_id(named).filter(|id| *id != head.id) else { return Ok(None) };
        if self.merge_base((named, id), (head.name, head.id))? != id {
            return Ok(None);
        }
        let name = ci.base_branch.clone().unwrap_or_else(|| short(named));
        Ok(Some(since(&Tip { name, id }, id, "merge base of the merge request, as the CI says".to_owned())))
    }

    fn of_push(&self, ci: &CiFacts, before: &str, head: &Head<'_>) -> Result<Base, HistoryError> {
        let branch = ci.reference.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
        let main = self.main_branch(ci)?;
        // Of the main branch itself nothing else can be the base.
        let on_main = branch.is_some_and(|branch| match &ci.default_branch {
            Some(default) => default == branch,
            None => main
                .as_ref()
                .is_some_and(|tip| tip.name.strip_prefix("origin/").unwrap_or(&tip.name) == branch),
        });
        let elsewhere = main.filter(|_| !on_main);
        if before.bytes().all(|digit| digit == b'0') {
            if on_main || head.parents.is_empty() {
                return Ok(everything("the first push of the repository"));
            }
            let tip = elsewhere.ok_or_else(|| self.no_main_branch(ci))?;
            return self.left(&tip, head, "a new branch");
        }
        let Some(old) = self.commit_by_id(before) else {
            if let Some(tip) = elsewhere.filter(|_| !self.is_shallow()) {
                return self.left(&tip, head, "the commit before the push is not in the clone");
            }
            return Err(self.not_fetched(before, "the commit before the push"));
        };
        let tip = Tip { name: short(before), id: old };
        if old == head.id {
            return Err(HistoryError::Contained { head: head.name.to_owned(), base: tip.name });
        }
        let fork = self.merge_base((before, old), (head.name, head.id))?;
        if fork == old {
            return Ok(direct(&tip, "where the branch stood before the push".to_owned()));
        }
        match elsewhere {
            Some(main) => self.left(&main, head, "the push replaced commits"),
            None => Ok(since(&tip, fork, "the push replaced commits: the last one that it kept".to_owned())),
        }
    }

    fn of_branch(&self, ci: &CiFacts, head: &Head<'_>) -> Result<Base, HistoryError> {
        if head.parents.is_empty() {
            return Ok(everything("the first commit"));
        }
        let tip = self.main_branch(ci)?.ok_or_else(|| self.no_main_branch(ci))?;
        let fork = if tip.id == head.id {
            head.id
        } else {
            self.merge_base((&tip.name, tip.id), (head.name, head.id))?
        };
        if fork == head.id {
            return self.commit_before(head, format!("the commit before, since {} has this one", tip.name));
        }
        Ok(since(&tip, fork, "found in the clone".to_owned()))
    }

    fn commit_before(&self, head: &Head<'_>, why: String) -> Result<Base, HistoryError> {
        let Some(parent) = head.parents.first() else { return Ok(everything("the first commit")) };
        if self.commit_by_id(&parent.to_string()).is_none() {
            return Err(self.cut_off(*parent, format!("the commit before {}", head.name)));
        }
        Ok(direct(&Tip { name: format!("{}~1", head.name), id: *parent }, why))
    }

    /// Where the newer side left a branch; all of it being there already would leave nothing to judge.
    fn since_fork(&self, tip: &Tip, head: &Head<'_>, why: String) -> Result<Base, HistoryError> {
        let fork = self.merge_base((&tip.name, tip.id), (head.name, head.id))?;
        if fork == head.id {
            return Err(HistoryError::Contained { head: head.name.to_owned(), base: tip.name.clone() });
        }
        Ok(since(tip, fork, why))
    }

    /// Where a branch that was pushed left the main branch; it may have brought nothing of its own.
    fn left(&self, tip: &Tip, head: &Head<'_>, cause: &str) -> Result<Base, HistoryError> {
        let fork = self.merge_base((&tip.name, tip.id), (head.name, head.id))?;
        let nothing = if fork == head.id { ", which has all of its commits" } else { "" };
        Ok(since(tip, fork, format!("{cause}: where it left {}{nothing}", tip.name)))
    }

    /// A branch by its name alone, as the remote has it or as it is here.
    fn branch(&self, name: &str) -> Result<Option<Tip>, HistoryError> {
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        for (full, shown) in [
            (format!("refs/remotes/origin/{name}"), format!("origin/{name}")),
            (format!("refs/heads/{name}"), name.to_owned()),
        ] {
            if let Some(id) = self.reference(&full)? {
                return Ok(Some(Tip { name: shown, id }));
            }
        }
        Ok(None)
    }

    /// The main branch: the one the CI names, else the first of the usual ones.
    fn main_branch(&self, ci: &CiFacts) -> Result<Option<Tip>, HistoryError> {
        if let Some(name) = &ci.default_branch {
            return self.branch(name);
        }
        for full in GUESSES {
            // A HEAD of the remote whose branch was not fetched leads nowhere.
            if let Ok(Some(id)) = self.reference(full) {
                return Ok(Some(Tip { name: self.shown(full), id }));
            }
        }
        Ok(None)
    }

    /// A reference in a person's words; `origin/HEAD` by the branch it stands for.
    fn shown(&self, full: &str) -> String {
        let target = self.git.try_find_reference(full).ok().flatten().and_then(|reference| {
            let name = reference.target().try_name()?.as_bstr().to_string();
            Some(name)
        });
        let name = target.as_deref().unwrap_or(full);
        let name = name.strip_prefix("refs/remotes/").or_else(|| name.strip_prefix("refs/heads/"));
        name.unwrap_or(full).to_owned()
    }

    fn no_main_branch(&self, ci: &CiFacts) -> HistoryError {
        match &ci.default_branch {
            Some(name) => self.not_fetched(&format!("origin/{name}"), "the main branch"),
            None => {
                let looked: Vec<String> = GUESSES
                    .iter()
                    .map(|name| name.splitn(3, '/').last().unwrap_or_default().into())
                    .collect();
                HistoryError::NoMainBranch { looked }
            }
        }
    }

    fn not_fetched(&self, name: &str, why: &str) -> HistoryError {
        if self.is_shallow() {
            let what = format!("{name} ({why})");
            return HistoryError::Shallow { what, revision: name.to_owned(), depth: None };
        }
        HistoryError::NotFetched { name: name.to_owned(), why: why.to_owned() }
    }

    /// A parent that is known and absent: one commit more would bring it.
    fn cut_off(&self, id: ObjectId, what: String) -> HistoryError {
        if self.is_shallow() {
            return HistoryError::Shallow { what, revision: id.to_string(), depth: Some(2) };
        }
        self.missing(id)
    }
}

/// The parent that is the base's tip, when the commit is a merge the CI made of it and the pull request, and which
/// parent that is. A merge of the author's own says nothing: its first parent is the author's work.
fn merged_for_the_test<'a>(ci: &CiFacts, head: &Head<'a>) -> Option<(ObjectId, &'a str)> {
    let (first, others) = head.parents.split_first().filter(|(_, others)| !others.is_empty())?;
    if is(head.id, ci.head_commit.as_ref()) {
        return None;
    }
    let is_tested = is(head.id, ci.tested_commit.as_ref());
    let is_of_head = |id: &ObjectId| is(*id, ci.head_commit.as_ref());
    // GitHub and Azure, GitLab with merged results or a merge train.
    let merge_reference = ci.reference.as_deref().is_some_and(|name| {
        (name.starts_with("refs/pull/") && name.ends_with("/merge"))
            || (name.starts_with("refs/merge-requests/")
                && (name.ends_with("/merge") || name.ends_with("/train")))
    });
    let named = is(*first, ci.base_commit.as_ref()) && !is_of_head(first);
    if (is_tested && merge_reference) || (others.iter().any(is_of_head) && (is_tested || named)) {
        return Some((*first, "first"));
    }
    // Bitbucket merges the base into the pull request.
    match others {
        [second] if is_of_head(first) && is(*second, ci.base_commit.as_ref()) => Some((*second, "second")),
        _ => None,
    }
}

fn is(id: ObjectId, named: Option<&String>) -> bool {
    named.is_some_and(|named| ObjectId::from_hex(named.as_bytes()).is_ok_and(|named| named == id))
}

fn short(id: &str) -> String {
    id.chars().take(10).collect()
}

fn everything(what: &str) -> Base {
    Base {
        commit: None,
        tip: None,
        compare: Compare::Direct,
        revision: "nothing".to_owned(),
        why: format!("{what}: everything is new"),
    }
}

fn direct(tip: &Tip, why: String) -> Base {
    let id = Some(tip.id.to_string());
    Base { commit: id.clone(), tip: id, compare: Compare::Direct, revision: tip.name.clone(), why }
}

fn since(tip: &Tip, fork: ObjectId, why: String) -> Base {
    Base {
        commit: Some(fork.to_string()),
        tip: Some(tip.id.to_string()),
        compare: Compare::MergeBase,
        revision: tip.name.clone(),
        why,
    }
}
