//! A repository on disk, read without git.

use std::path::Path;

use gix::bstr::ByteSlice;
use gix::object::Kind;
use gix::sec::Trust;
use gix::{ObjectId, open};

use crate::diff::{Diff, FileDiff};
use crate::error::HistoryError;
use crate::ranges::LineRanges;
use crate::{lines, rename, tree};

/// git calls a file binary from this size on (`core.bigFileThreshold`), and does not compare its lines.
const BIG_FILE: u64 = 512 * 1024 * 1024;

/// Which commit the older side is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// The merge base of the two (`base...head`): what a pull request adds, whatever happened on its base since.
    #[default]
    MergeBase,
    /// The base itself (`base..head`).
    Direct,
}

/// A repository, opened for reading.
pub struct Repository {
    git: gix::Repository,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("git", &self.git.git_dir()).finish()
    }
}

impl Repository {
    /// Opens the repository whose work tree or `.git` is at `path`; linked work trees and submodules are followed.
    ///
    /// Only the repository's own configuration is read, whoever owns the folder: nothing of it is ever executed.
    ///
    /// # Errors
    /// When there is none, or one that cannot be read.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let options = open::Options::isolated().with(Trust::Full);
        let mut git = gix::open_opts(path, options).map_err(|error| {
            let what = path.display().to_string();
            if path.join(".git").exists() || path.join("HEAD").exists() {
                HistoryError::Damaged { what, reason: error.to_string() }
            } else {
                HistoryError::NotARepository { path: what }
            }
        })?;
        // Trees and blobs are read once, but those of near commits are deltas of each other.
        git.object_cache_size_if_unset(4 << 20);
        Ok(Self { git })
    }

    /// The full id of the commit a revision names: a branch, tag, id or expression such as `HEAD~1`.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn resolve(&self, revision: &str) -> Result<String, HistoryError> {
        self.commit(revision).map(|id| id.to_string())
    }

    /// The full ids of the parents of a commit, whether or not they are in this clone.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn parents(&self, revision: &str) -> Result<Vec<String>, HistoryError> {
        let id = self.commit(revision)?;
        let data = self.object(id)?;
        let commit = gix::objs::CommitRefIter::from_bytes(&data, id.kind());
        Ok(commit.parent_ids().map(|id| id.to_string()).collect())
    }

    /// The lines that `head` adds or changes against `base`.
    ///
    /// # Errors
    /// When one of them is not in this clone, they have no common ancestor, or the repository is damaged.
    pub fn changed_lines(&self, base: &str, head: &str, compare: Compare) -> Result<Diff, HistoryError> {
        let (tip, new) = (self.commit(base)?, self.commit(head)?);
        let old = match compare {
            Compare::Direct => tip,
            Compare::MergeBase => self.merge_base((base, tip), (head, new))?,
        };
        let mut diff = self.diff(old, new)?;
        diff.base = Some(old.to_string());
        diff.head = Some(new.to_string());
        diff.sort();
        Ok(diff)
    }

    /// The paths of all regular files of a commit, in order.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn files(&self, revision: &str) -> Result<Vec<String>, HistoryError> {
        let files = tree::files(self, self.tree(self.commit(revision)?)?)?;
        Ok(files.iter().map(|path| path.to_str_lossy().into_owned()).collect())
    }

    fn commit(&self, revision: &str) -> Result<ObjectId, HistoryError> {
        let found = self.git.rev_parse_single(revision);
        let object = found.and_then(|id| id.object()).and_then(gix::Object::peel_tags_to_end);
        match object {
            Ok(object) if object.kind == Kind::Commit => Ok(object.id),
            Ok(object) => {
                Err(HistoryError::NotACommit { revision: revision.to_owned(), kind: object.kind.to_string() })
            }
            Err(_) if self.is_shallow() => {
                Err(HistoryError::Shallow { what: revision.to_owned(), revision: revision.to_owned() })
            }
            Err(_) => {
                Err(HistoryError::UnknownRevision { revision: revision.to_owned(), known: self.names() })
            }
        }
    }

    fn is_shallow(&self) -> bool {
        self.git.is_shallow().unwrap_or(false)
    }

    /// Branches, remote branches and tags, as people write them.
    fn names(&self) -> Vec<String> {
        let Ok(platform) = self.git.references() else { return Vec::new() };
        let Ok(references) = platform.all() else { return Vec::new() };
        let mut names: Vec<String> = references
            .filter_map(Result::ok)
            .filter(|reference| reference.name().category().is_some())
            .map(|reference| reference.name().shorten().to_str_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn merge_base(
        &self,
        (base, old): (&str, ObjectId),
        (head, new): (&str, ObjectId),
    ) -> Result<ObjectId, HistoryError> {
        let found = self.git.merge_base(old, new);
        match found {
            Ok(Some(id)) => Ok(id.detach()),
            // What looks unrelated may only be cut off.
            _ if self.is_shallow() => Err(HistoryError::Shallow {
                what: format!("the common ancestor of {base} and {head}"),
                revision: base.to_owned(),
            }),
            Ok(None) => Err(HistoryError::NoMergeBase { base: base.to_owned(), head: head.to_owned() }),
            Err(error) => Err(HistoryError::Damaged {
                what: format!("the history of {base} and {head}"),
                reason: error.to_string(),
            }),
        }
    }

    fn diff(&self, old: ObjectId, new: ObjectId) -> Result<Diff, HistoryError> {
        let changes = tree::changes(self, self.tree(old)?, self.tree(new)?)?;
        let renames = rename::renames(self, &changes)?;
        let mut diff = Diff::default();
        for (index, change) in changes.iter().enumerate() {
            let Some(new) = change.new else { continue };
            let source = renames.get(&index).and_then(|source| changes.get(*source));
            let old = source.map_or(change.old, |source| source.old);
            let mut file = FileDiff {
                path: change.path.to_str_lossy().into_owned(),
                old_path: source.map(|source| source.path.to_str_lossy().into_owned()),
                ..FileDiff::default()
            };
            if old != Some(new) {
                file.added = self.added(old, new)?;
            }
            if !file.added.is_empty() || file.old_path.is_some() {
                diff.files.push(file);
            }
        }
        Ok(diff)
    }

    /// The new lines of a file; none when it is or was binary.
    fn added(&self, old: Option<ObjectId>, new: ObjectId) -> Result<LineRanges, HistoryError> {
        let text = |id| Ok(self.blob(id)?.filter(|content| !lines::is_binary(content)));
        Ok(match (text(new)?, old.map(text).transpose()?) {
            (Some(new), None) => lines::all(&new),
            (Some(new), Some(Some(old))) => lines::added(&old, &new),
            (None, _) | (_, Some(None)) => LineRanges::default(),
        })
    }

    fn tree(&self, commit: ObjectId) -> Result<ObjectId, HistoryError> {
        let data = self.object(commit)?;
        gix::objs::CommitRefIter::from_bytes(&data, commit.kind())
            .tree_id()
            .map_err(|error| HistoryError::damaged(commit, error))
    }

    /// The content of a file; `None` when it is too large to have its lines compared.
    pub(crate) fn blob(&self, id: ObjectId) -> Result<Option<Vec<u8>>, HistoryError> {
        if self.size(id)? >= BIG_FILE {
            return Ok(None);
        }
        self.object(id).map(Some)
    }

    pub(crate) fn size(&self, id: ObjectId) -> Result<u64, HistoryError> {
        match self.git.try_find_header(id) {
            Ok(Some(header)) => Ok(header.size()),
            Ok(None) => Err(self.missing(id)),
            Err(error) => Err(HistoryError::damaged(id, error)),
        }
    }

    pub(crate) fn object(&self, id: ObjectId) -> Result<Vec<u8>, HistoryError> {
        match self.git.try_find_object(id) {
            Ok(Some(object)) => Ok(object.detach().data),
            Ok(None) => Err(self.missing(id)),
            Err(error) => Err(HistoryError::damaged(id, error)),
        }
    }

    fn missing(&self, id: ObjectId) -> HistoryError {
        let config = self.git.config_snapshot();
        let partial = config.string("extensions.partialClone").is_some()
            || config
                .plumbing()
                .sections_by_name("remote")
                .is_some_and(|mut sections| sections.any(|section| section.value("promisor").is_some()));
        HistoryError::Missing { id: id.to_string(), partial }
    }
}
