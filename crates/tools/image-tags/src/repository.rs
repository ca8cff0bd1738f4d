//! The tags of the repository of a run.

use std::path::PathBuf;

use lw_hashed::HashMap;
use lw_history::{HistoryError, Repository};
use lw_model::lists::sort;

use crate::decide::Tags;

/// The tags of a repository, read when they are asked for.
pub(crate) struct Clone {
    path: PathBuf,
    /// The path as reports name it.
    shown: String,
    opened: Option<(Repository, HashMap<String, String>)>,
}

impl Clone {
    pub(crate) fn at(path: PathBuf, shown: String) -> Self {
        Self { path, shown, opened: None }
    }

    fn open(&mut self) -> Result<&(Repository, HashMap<String, String>), String> {
        if self.opened.is_none() {
            let repository = Repository::open(&self.path).map_err(|error| match error {
                HistoryError::NotARepository { .. } => {
                    let shown = if self.shown.is_empty() { "the folder of the run" } else { &self.shown };
                    format!("{shown} is no repository")
                }
                error => error.to_string(),
            })?;
            if let Some(why) = repository.tags_may_be_missing() {
                return Err(format!("{why}, so that tags may be missing"));
            }
            let tags = repository.tags().map_err(|error| error.to_string())?;
            let tags = tags.tags.into_iter().map(|tag| (tag.name.clone(), tag.commit())).collect();
            self.opened = Some((repository, tags));
        }
        self.opened.as_ref().ok_or_else(String::new)
    }
}

impl Tags for Clone {
    fn names(&mut self) -> Result<Vec<String>, String> {
        let mut names: Vec<String> = self.open()?.1.keys().cloned().collect();
        sort(&mut names);
        Ok(names)
    }

    fn containing(
        &mut self,
        own: Option<&str>,
        sha: &str,
        tags: &[String],
    ) -> Result<Option<String>, String> {
        if tags.is_empty() {
            return Ok(None);
        }
        let (repository, commits) = self.open()?;
        // The tag may have been moved since the run began; what is judged is what is built.
        let commit = if sha.is_empty() {
            own.and_then(|own| commits.get(own)).map_or("", String::as_str)
        } else {
            sha
        };
        let tips: Vec<String> = tags.iter().filter_map(|tag| commits.get(tag).cloned()).collect();
        let found = repository.contained_in(commit, &tips).map_err(|error| error.to_string())?;
        Ok(found.and_then(|place| tags.get(place).cloned()))
    }
}
