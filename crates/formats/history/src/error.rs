//! Why there is no diff.

use std::borrow::Cow;
use std::fmt;

use gix::ObjectId;
use lw_model::{Class, Diagnose};
use thiserror::Error;

/// Why a repository could not be compared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is no repository.
    #[error("{path}: not a git repository")]
    NotARepository {
        /// Where it was looked for.
        path: String,
    },
    /// A revision is not there, or its ancestors are not, because the clone ends before.
    #[error("{what}: not in this clone, whose history is cut off (a shallow clone)")]
    Shallow {
        /// What was looked for.
        what: String,
        /// The revision to fetch.
        revision: String,
        /// How many commits a clone has to reach back; `None` when nobody can know.
        depth: Option<u32>,
    },
    /// A branch or commit that is known by name is not in a complete clone.
    #[error("{name}: not in this clone{}", if why.is_empty() { String::new() } else { format!(" ({why})") })]
    NotFetched {
        /// Its name: `origin/main`, or a full id.
        name: String,
        /// What it is needed for.
        why: String,
    },
    /// Nobody says what the main branch is, and none of the usual names is there.
    #[error("nothing to compare with: this clone has none of {}", looked.join(", "))]
    NoMainBranch {
        /// The names.
        looked: Vec<String>,
    },
    /// A pull request to a branch that nobody names.
    #[error("the CI does not say what the pull request is against")]
    BaseUnnamed,
    /// The newer side is an ancestor of the base, or the base itself: every change would be hidden.
    #[error("{head} is part of {base} already, so there is no change to judge")]
    Contained {
        /// The newer side.
        head: String,
        /// The older side.
        base: String,
    },
    /// One name for several commits.
    #[error("{name}: the name is ambiguous: {}", references.join(" and "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The references that have the name.
        references: Vec<String>,
    },
    /// A repository without a work tree.
    #[error("{path}: nothing is checked out there, so that nothing can have been changed")]
    NoWorkTree {
        /// The repository.
        path: String,
    },
    /// A pipe or a device where a file should be.
    #[error("{path}: it is {kind}, which no git repository has")]
    NotRegular {
        /// Where.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// References are stored in a way that cannot be read.
    #[error("{path}: its references are stored as {format}, which is not supported")]
    RefStorage {
        /// The repository.
        path: String,
        /// The value of `extensions.refStorage`.
        format: String,
    },
    /// A path of a commit that is a link, a submodule or a folder.
    #[error("{path} of {commit}: it is a {kind}, not a file")]
    NotAFile {
        /// The commit.
        commit: String,
        /// The path.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// A file of a commit that is larger than the reader wants.
    #[error("{path} of {commit}: {size} bytes, expected at most {limit}")]
    TooLarge {
        /// The commit.
        commit: String,
        /// The path.
        path: String,
        /// Its bytes.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// Nothing has this name.
    #[error("{revision}: there is no such branch, tag or commit")]
    UnknownRevision {
        /// What was looked for.
        revision: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A name for something other than a commit.
    #[error("{revision}: it is a {kind}, not a commit")]
    NotACommit {
        /// What was looked for.
        revision: String,
        /// What it is.
        kind: String,
    },
    /// Two commits that have nothing in common.
    #[error("{base} and {head} have no common ancestor")]
    NoMergeBase {
        /// The older side.
        base: String,
        /// The newer side.
        head: String,
    },
    /// An object of a complete history is missing.
    #[error("the object {id} is missing from the repository{}", if *.partial { ", a partial clone" } else { "" })]
    Missing {
        /// Its id.
        id: String,
        /// Whether the clone left objects out on purpose (`--filter`).
        partial: bool,
    },
    /// An object or the repository cannot be read.
    #[error("{what}: {reason}")]
    Damaged {
        /// What it is.
        what: String,
        /// What is wrong.
        reason: String,
    },
}

impl HistoryError {
    pub(crate) fn damaged(id: ObjectId, reason: impl fmt::Display) -> Self {
        Self::Damaged { what: format!("the object {id}"), reason: reason.to_string() }
    }
}

/// How many names a hint lists.
const LISTED: usize = 8;

impl Diagnose for HistoryError {
    fn class(&self) -> Class {
        match self {
            Self::UnknownRevision { .. } | Self::NotACommit { .. } | Self::Ambiguous { .. } => Class::Usage,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotARepository { .. } => {
                "run it inside the checkout, or give a diff made elsewhere: git diff -U0 BASE...HEAD".into()
            }
            Self::Shallow { depth: Some(depth), .. } => format!(
                "fetch it: `git fetch --deepen={} origin`; actions/checkout does so with `fetch-depth: {depth}`, GitLab with `GIT_DEPTH: {depth}`",
                depth.saturating_sub(1)
            )
            .into(),
            Self::Shallow { revision, .. } => format!(
                "fetch the whole history: `{}`; actions/checkout does so with `fetch-depth: 0`, GitLab with `GIT_DEPTH: 0`",
                fetch(revision, true)
            )
            .into(),
            Self::NotFetched { name, .. } => format!(
                "fetch it first: `{}`; actions/checkout fetches all branches with `fetch-depth: 0`",
                fetch(name, false)
            )
            .into(),
            Self::NoMainBranch { .. } => {
                "say what to compare with, or fetch the main branch: `git fetch origin +refs/heads/main:refs/remotes/origin/main`".into()
            }
            Self::BaseUnnamed => "say what to compare with, such as origin/main".into(),
            Self::Contained { .. } => {
                "is the change itself checked out? of a workflow that runs on `pull_request_target` that is `ref: refs/pull/N/merge`; after a merge, say what to compare with".into()
            }
            Self::Ambiguous { references, .. } => {
                format!("say which: {}", references.join(" or ")).into()
            }
            Self::NoWorkTree { .. } => "name the work tree, or do not ask for changes".into(),
            Self::NotRegular { .. } => "take it away; a fresh clone has none".into(),
            Self::RefStorage { .. } => {
                "`git refs migrate --ref-format=files` (git 2.48) stores them as files; a clone made with `git clone --ref-format=files` has them so from the start".into()
            }
            Self::NotAFile { .. } => "commit it as a regular file".into(),
            Self::TooLarge { .. } => "is it the file that is meant?".into(),
            Self::UnknownRevision { revision, known } => unknown(revision, known).into(),
            Self::NotACommit { .. } => "give a commit, branch or tag".into(),
            Self::NoMergeBase { base, head } => format!(
                "their histories are not connected: compare the two directly, or check that {base} and {head} are meant"
            )
            .into(),
            Self::Missing { partial: true, .. } => {
                "fetch what was left out: `git fetch --refetch --no-filter`, or clone without `--filter`".into()
            }
            Self::Missing { partial: false, .. } | Self::Damaged { .. } => {
                "`git fsck` tells what is damaged; a fresh clone mends it".into()
            }
        })
    }
}

/// Whether a revision is the whole id of a commit, SHA-1 or SHA-256.
#[must_use]
pub fn is_full_id(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The command that brings a revision.
fn fetch(revision: &str, unshallow: bool) -> String {
    let option = if unshallow { "--unshallow " } else { "" };
    if !unshallow && is_full_id(revision) {
        return format!("git fetch origin {revision}");
    }
    match revision.strip_prefix("refs/remotes/").unwrap_or(revision).split_once('/') {
        Some((remote @ ("origin" | "upstream"), branch)) if branch != "HEAD" => {
            format!("git fetch {option}{remote} +refs/heads/{branch}:refs/remotes/{remote}/{branch}")
        }
        _ => format!("git fetch {option}origin"),
    }
}

fn unknown(revision: &str, known: &[String]) -> String {
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(revision, name), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let fetch = fetch(revision, false);
    match near {
        Some((_, name)) => format!("did you mean `{name}`? If not, fetch it first: `{fetch}`"),
        None if known.is_empty() => format!("this clone has no branch: fetch it first: `{fetch}`"),
        None => {
            let listed: Vec<&str> = known.iter().take(LISTED).map(String::as_str).collect();
            let more = known.len() - listed.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("fetch it first: `{fetch}`; this clone has {}{more}", listed.join(", "))
        }
    }
}

/// Why the text of a diff could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {problem}")]
pub struct DiffError {
    /// Line of the diff, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: DiffProblem,
}

/// What is wrong with the text of a diff.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiffProblem {
    /// Text of another kind.
    #[error("not a unified diff: `{0}`")]
    NotADiff(String),
    /// The diff of a merge with all its parents (`diff --cc`).
    #[error("a combined diff of a merge, which does not say what is new against one base")]
    Combined,
    /// Text of two bytes a character.
    #[error("it is UTF-16")]
    Utf16,
    /// A file that is there twice, so that its line numbers belong to two versions of it.
    #[error("`{0}` is in the diff twice")]
    Twice(String),
    /// A line that begins with `@@` and goes on differently than it should.
    #[error("`{0}` is no hunk header: expected @@ -LINE,COUNT +LINE,COUNT @@")]
    Hunk(String),
    /// A hunk without the name of its file.
    #[error("a hunk without a file: there is no `+++` line before it")]
    NoFile,
    /// A hunk that ends before all its lines were there.
    #[error("the hunk that begins in line {start} ends {missing} lines early")]
    Truncated {
        /// Line of the diff its header is on.
        start: usize,
        /// How many lines are missing.
        missing: u64,
    },
    /// Hunks that overlap or go backwards.
    #[error("the hunk begins inside or before the one above it")]
    Overlap,
    /// A quoted name that cannot be read.
    #[error("`{0}` is no quoted file name")]
    Quoting(String),
}

impl Diagnose for DiffError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self.problem {
            DiffProblem::Combined => {
                "make it against one side: git diff -U0 BASE...HEAD, or git diff -U0 HEAD^1 HEAD of a merge"
                    .into()
            }
            DiffProblem::Utf16 => {
                "PowerShell's `>` writes UTF-16: use `git diff -U0 --output=changes.diff BASE...HEAD`".into()
            }
            DiffProblem::Twice(_) => {
                "make one diff of the whole change, not one per commit: git diff -U0 BASE...HEAD".into()
            }
            DiffProblem::Truncated { .. } => {
                "was the command that made it stopped? Make the diff again".into()
            }
            _ => "make it with: git diff --no-color --no-ext-diff -U0 BASE...HEAD > changes.diff".into(),
        })
    }
}
