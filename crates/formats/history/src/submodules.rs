//! What a commit says of other repositories, and of itself: submodules, the time, where it came from.

use std::collections::BTreeMap;

use gix::bstr::ByteSlice;
use lw_model::lists::filled;

use crate::error::HistoryError;
use crate::repository::Repository;
use crate::tree;

impl Repository {
    /// The submodules of a commit: of each path from the root the full id of the commit it is at.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn submodules(&self, revision: &str) -> Result<BTreeMap<String, String>, HistoryError> {
        let found = tree::submodules(self, self.tree(self.commit(revision)?)?)?;
        Ok(filled(found.into_iter().map(|(path, id)| (path.to_str_lossy().into_owned(), id.to_string()))))
    }

    /// When a commit was made, in seconds since 1970.
    ///
    /// # Errors
    /// When there is no such commit in this clone, or it has no time.
    pub fn commit_time(&self, revision: &str) -> Result<i64, HistoryError> {
        let id = self.commit(revision)?;
        let data = self.object(id)?;
        let time = gix::objs::CommitRefIter::from_bytes(&data, id.kind())
            .committer()
            .map_err(|error| HistoryError::damaged(id, error))?
            .time()
            .map_err(|error| HistoryError::damaged(id, error))?;
        Ok(time.seconds)
    }

    /// The address a remote is fetched from, as the repository's configuration has it; it may hold a user name and password.
    #[must_use]
    pub fn remote_url(&self, remote: &str) -> Option<String> {
        let config = self.git.config_snapshot();
        let url = config.string(format!("remote.{remote}.url").as_str())?;
        Some(url.to_str_lossy().into_owned())
    }
}
