//! Who wrote the commits before a release.

use gix::ObjectId;
use gix::objs::{Find as _, Kind};
use lw_hashed::HashSet;

use crate::error::HistoryError;
use crate::reader::author_of;
use crate::repository::Repository;

/// Who wrote what a commit reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authors {
    /// Their addresses, as the mail map has them, in lower case.
    pub mails: HashSet<String>,
    /// A commit where the history is cut off, so that there may be others; a shallow clone has some.
    pub cut: Option<String>,
}

impl Repository {
    /// Who wrote the commits that `tip` reaches, but for those of `without`, by their full ids: a release, so that its authors can be
    /// told from those of the time before it. All of that history is read.
    ///
    /// # Errors
    /// When there is no such commit in this clone, or an object of the history is missing or damaged.
    pub fn authors<'a>(
        &self,
        tip: &str,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Result<Authors, HistoryError> {
        let without: gix::hashtable::HashSet<ObjectId> =
            without.into_iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok()).collect();
        let ends = self.cuts()?;
        let mailmap = self.mailmap();
        let objects = self.commits_only();
        let mut authors = Authors::default();
        let mut lines: HashSet<Vec<u8>> = HashSet::new();
        let mut seen = gix::hashtable::HashSet::<ObjectId>::default();
        let mut todo = vec![self.commit(tip)?];
        let mut buffer = Vec::new();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let data = match objects.try_find(&id, &mut buffer) {
                Ok(Some(object)) if object.kind == Kind::Commit => object.data,
                Ok(Some(object)) => {
                    let reason = format!("a {} where a commit was expected", object.kind);
                    return Err(HistoryError::damaged(id, reason));
                }
                Ok(None) => return Err(self.missing(id)),
                Err(error) => return Err(HistoryError::damaged(id, error)),
            };
            let is_cut = ends.contains(&id);
            let mut has_parents = false;
            for line in data.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
                if let Some(hex) = line.strip_prefix(b"parent ") {
                    has_parents = true;
                    let parent = ObjectId::from_hex(hex).map_err(|error| HistoryError::damaged(id, error))?;
                    if !is_cut {
                        todo.push(parent);
                    }
                } else if let Some(author) = line.strip_prefix(b"author ") {
                    // Without its time, which is another one each time.
                    let end = author.iter().rposition(|byte| *byte == b'>').map_or(author.len(), |at| at + 1);
                    let author = author.get(..end).unwrap_or_default();
                    if !without.contains(&id) && !lines.contains(author) {
                        lines.insert(author.to_vec());
                    }
                }
            }
            if is_cut && has_parents {
                authors.cut = Some(id.to_string());
            }
        }
        authors.mails = lines
            .iter()
            .map(|line| author_of(&String::from_utf8_lossy(line), &mailmap).1.to_lowercase())
            .collect();
        Ok(authors)
    }
}
