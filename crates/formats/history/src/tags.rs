//! The tags of a repository, read once.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::object::Kind;
use gix::refs::Target;
use lw_model::lists::sort_by;

use crate::error::HistoryError;
use crate::repository::Repository;

/// How many tags of tags are followed; git itself makes one, and more is somebody's joke.
const MAX_NESTING: usize = 16;

/// A tag that stands for a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name without `refs/tags/`; bytes that are no UTF-8 are replaced.
    pub name: String,
    pub(crate) commit: ObjectId,
}

impl Tag {
    /// The full id of the commit it stands for, which need not be in this clone.
    #[must_use]
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }
}

/// The tags of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Those that stand for a commit, by name.
    pub tags: Vec<Tag>,
    /// Names of those that stand for something else, or for an object that is not here: each with what it is.
    pub others: Vec<(String, String)>,
}

impl Repository {
    /// All tags. `packed-refs` is read once, and its `^` lines say what annotated tags stand for, so that no object is read
    /// for them; of loose tags the object is looked at.
    ///
    /// # Errors
    /// When the references cannot be read.
    pub fn tags(&self) -> Result<Tags, HistoryError> {
        let damaged = |error: &dyn std::fmt::Display| HistoryError::Damaged {
            what: "the tags".to_owned(),
            reason: error.to_string(),
        };
        let peeled = self.packed_is_peeled();
        let platform = self.git.references().map_err(|error| damaged(&error))?;
        let mut found = Tags::default();
        for reference in platform.tags().map_err(|error| damaged(&error))? {
            let reference = reference.map_err(|error| damaged(&error))?.detach();
            let name = reference.name.as_bstr().to_str_lossy();
            let name = name.strip_prefix("refs/tags/").unwrap_or(&name).to_owned();
            if let Some(commit) = reference.peeled {
                found.tags.push(Tag { name, commit });
                continue;
            }
            let Target::Object(id) = reference.target else {
                found.others.push((name, "a symbolic reference".to_owned()));
                continue;
            };
            // What packed-refs does not peel is no tag object, where it peels all that are.
            if peeled && !self.is_loose(&reference.name) {
                found.tags.push(Tag { name, commit: id });
                continue;
            }
            match self.peel(id)? {
                Ok(commit) => found.tags.push(Tag { name, commit }),
                Err(what) => found.others.push((name, what)),
            }
        }
        sort_by(&mut found.tags, |a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Why tags of the repository may be missing in this clone: it is shallow, or was made without them or with one branch only.
    /// Nothing tells of tags that were made since.
    #[must_use]
    pub fn tags_may_be_missing(&self) -> Option<&'static str> {
        if self.is_shallow() {
            return Some("the clone is shallow");
        }
        let config = self.git.config_snapshot();
        let (mut has_some, mut has_all) = (false, false);
        for remote in self.git.remote_names() {
            let key = |what: &str| format!("remote.{}.{what}", remote.to_str_lossy());
            if config.string(key("tagOpt").as_str()).is_some_and(|value| value.as_bstr() == "--no-tags") {
                return Some("the clone was made without tags (`tagOpt = --no-tags`)");
            }
            for spec in config.plumbing().strings(key("fetch").as_str()).into_iter().flatten() {
                has_some = true;
                has_all |= spec.contains(&b'*');
            }
        }
        (has_some && !has_all).then_some("the clone has a single branch")
    }

    /// Which of some commits contain another one, as an ancestor and not as themselves: the place of the first that is found. No
    /// commit that is more than three days older is looked behind.
    ///
    /// # Errors
    /// When an object of the history is missing or damaged.
    pub fn contained_in(&self, commit: &str, tips: &[String]) -> Result<Option<usize>, HistoryError> {
        let target = self.commit(commit)?;
        let oldest = self.commit_time(commit)?.saturating_sub(3 * 24 * 3600);
        let mut seen = lw_hashed::HashMap::new();
        let mut queue = Vec::new();
        for (place, tip) in tips.iter().enumerate() {
            if let Some(id) = self.commit_by_id(tip).filter(|id| *id != target) {
                queue.push((id, place));
            }
        }
        while let Some((id, place)) = queue.pop() {
            if seen.insert(id, place).is_some() {
                continue;
            }
            let data = self.object(id)?;
            let commit = gix::objs::CommitRefIter::from_bytes(&data, id.kind());
            let parents: Vec<ObjectId> = commit.parent_ids().collect();
            if parents.contains(&target) {
                return Ok(Some(place));
            }
            let time = commit.committer().ok().and_then(|committer| committer.time().ok());
            if time.is_none_or(|time| time.seconds >= oldest) {
                queue.extend(parents.into_iter().map(|parent| (parent, place)));
            }
        }
        Ok(None)
    }

    /// How many replacements (`refs/replace/`) and grafts (`info/grafts`) the repository has. None of them is used here, while git
    /// uses all.
    #[must_use]
    pub fn replacements(&self) -> usize {
        let platform = self.git.references();
        let references =
            platform.ok().and_then(|platform| platform.prefixed(b"refs/replace/").ok().map(Iterator::count));
        // The whole text comes as if it were one path.
        let file = gix::discover::path::from_plain_file(&self.git.common_dir().join("info/grafts"));
        let grafts = match file {
            Some(Ok(text)) => gix::path::into_bstr(text).map_or(0, |text| {
                text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(b"#")).count()
            }),
            _ => 0,
        };
        references.unwrap_or(0) + grafts
    }

    /// Whether packed-refs says that it has a `^` line for every tag object.
    fn packed_is_peeled(&self) -> bool {
        // The whole text comes as if it were one path.
        let file = gix::discover::path::from_plain_file(&self.git.common_dir().join("packed-refs"));
        let Some(Ok(text)) = file else { return false };
        let Ok(text) = gix::path::into_bstr(text) else { return false };
        let first = text.lines().next().unwrap_or_default();
        first.starts_with(b"# pack-refs with:") && first.contains_str(" fully-peeled")
    }

    fn is_loose(&self, name: &gix::refs::FullName) -> bool {
        let path = gix::path::from_bstr(name.as_bstr());
        path.map_or(true, |path| self.git.common_dir().join(path).symlink_metadata().is_ok())
    }

    /// The commit an object stands for, or what else it is.
    fn peel(&self, mut id: ObjectId) -> Result<Result<ObjectId, String>, HistoryError> {
        for _ in 0..MAX_NESTING {
            let header = match self.git.try_find_header(id) {
                Ok(Some(header)) => header,
                Ok(None) => return Ok(Err(format!("the object {id}, which is not in this clone"))),
                Err(error) => return Err(HistoryError::damaged(id, error)),
            };
            match header.kind() {
                Kind::Commit => return Ok(Ok(id)),
                Kind::Tag => {
                    let data = self.object(id)?;
                    let tag = gix::objs::TagRefIter::from_bytes(&data, id.kind());
                    id = tag.target_id().map_err(|error| HistoryError::damaged(id, error))?;
                }
                other => return Ok(Err(format!("a {other}"))),
            }
        }
        Ok(Err("a tag of a tag of a tag …".to_owned()))
    }
}
