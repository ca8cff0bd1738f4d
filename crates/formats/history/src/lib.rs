//! What changed between two commits, line by line; and which commits a release holds.
//!
//! Two ways lead to the same [`Diff`]: a [`Repository`], read in this process so that no `git` has to be
//! installed, and the text of a unified diff ([`parse_unified_diff`]). Both tell which lines of the newer side were
//! added or changed, which is what `git diff --unified=0` prints in its `@@` lines.
//!
//! What the older side is when nobody names it, [`Repository::base`] answers, for all who ask "compared with what?".
//!
//! Which commits are new in a release, [`Repository::log`] answers, by ancestry: one walk for any number of tags.
//!
//! Only regular files count: submodules, symbolic links and binary files have no lines. Nothing here runs a program,
//! reads the environment or writes; whoever owns the repository's folder, it is read and never executed, so git's
//! "dubious ownership" does not arise. History is what the commits say: `refs/replace` and grafts are not looked at.

mod authors;
mod base;
mod diff;
mod error;
mod guard;
mod lines;
mod log;
mod mailmap;
mod ranges;
mod reader;
mod rename;
mod repository;
mod sections;
mod submodules;
mod tags;
mod touched;
mod tree;
mod unified;
mod unquote;
mod work_tree;

pub use authors::Authors;
pub use base::{Base, CiFacts};
pub use diff::{Diff, FileDiff};
pub use error::{DiffError, DiffProblem, HistoryError, is_full_id};
pub use log::{Commit, End, Extent, Log, LogRequest, Person, Section};
pub use mailmap::Mailmap;
pub use ranges::LineRanges;
pub use repository::{CheckedOut, Compare, Repository};
pub use tags::{Tag, Tags};
pub use unified::parse_unified_diff;
pub use work_tree::WorkTreeChanges;
