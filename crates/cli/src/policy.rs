//! Files of policy that a change must not decide for itself: what they say on its base.

use std::path::{Component, Path};

use lw_history::Repository;

use crate::base::is_pull_request;
use crate::config::change::{decides_for_itself, trusted_commit};
use crate::config::source::short;
use crate::context::Context;
use crate::error::{Error, ResultExt};

/// What the base says of a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfBase {
    /// What is checked out has been let in already: its file counts as it is.
    CheckedOut,
    /// The run judges a change, or is not known to be trusted: this file counts.
    Before {
        /// What is in it; `None` when the base does not have it.
        bytes: Option<Vec<u8>>,
        /// Which commit that is, and why that one, for a sentence.
        of: String,
    },
}

impl Context {
    /// What the commit that a change is compared with says in a file of the repository. It is the commit whose `lw.toml`
    /// decides [what a change may not](crate::Tool::TRUSTED).
    ///
    /// # Errors
    /// When the file lies outside of the repository, where anybody may have written it, or when the clone lacks the base.
    pub fn of_base(&self, path: &Path) -> Result<OfBase, Error> {
        let full = self.resolve(path);
        let inside = full.strip_prefix(self.root()).ok().filter(|inside| {
            inside.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        });
        let Some(inside) = inside else {
            return Err(Error::usage(format!("{} lies outside of the repository", path.display()))
                .hint("keep it in the repository, where a review sees each change of it"));
        };
        let ci = self.ci_context();
        if decides_for_itself(ci) {
            return Ok(OfBase::CheckedOut);
        }
        let shown = self.display_path(path);
        let context = || format!("what the base says in {shown}");
        let repository = match Repository::open(self.root()) {
            Ok(repository) => repository,
            // Nobody's change: a folder on somebody's machine.
            Err(_) if self.is_outside_ci() && !is_pull_request(ci) => return Ok(OfBase::CheckedOut),
            Err(error) => return Err(error).context(context()),
        };
        let (commit, why) = trusted_commit(&repository, ci).context(context())?;
        let Some(commit) = commit else {
            return Ok(OfBase::Before { bytes: None, of: "the base, which has none".to_owned() });
        };
        let parts: Vec<_> = inside
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let bytes = repository.read_file(&commit, &parts.join("/")).context(context())?;
        Ok(OfBase::Before { bytes, of: format!("{} ({why})", short(&commit)) })
    }

    /// Whether no CI is known to run this.
    fn is_outside_ci(&self) -> bool {
        self.ci().id() == "terminal"
    }
}
