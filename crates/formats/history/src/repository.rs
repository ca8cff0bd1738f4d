//! A repository on disk, read without git.

use std::path::Path;

use gix::bstr::ByteSlice;
use gix::object::Kind;
use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use gix::sec::Trust;
use gix::{ObjectId, open};
use lw_model::lists::sort;

use crate::base::Base;
use crate::diff::{Diff, FileDiff};
use crate::error::{HistoryError, is_full_id};
use crate::ranges::LineRanges;
use crate::{guard, lines, rename, tree};

/// git calls a file binary from this size on (`core.bigFileThreshold`), and does not compare its lines.
const BIG_FILE: u64 = 512 * 1024 * 1024;

/// What [`Repository::read_file`] reads at most: it is for configuration and reports.
const MAX_READ: u64 = 64 * 1024 * 1024;

/// Bytes of what others are deltas of that are kept.
const DELTA_CACHE: usize = 16 * 1024 * 1024;

/// Which commit the older side is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// The merge base of the two (`base...head`): what a pull request adds, whatever happened on its base since.
    #[default]
    MergeBase,
    /// The base itself (`base..head`).
    Direct,
}

/// What a work tree was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedOut {
    /// The full id of the commit, whether or not it is in this clone; none before the first.
    pub commit: Option<String>,
    /// The branch, without `refs/heads/`; none when a commit is checked out.
    pub branch: Option<String>,
}

/// A repository, opened for reading.
pub struct Repository {
    pub(crate) git: gix::Repository,
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
    /// `refs/replace` is not looked at, whatever the configuration says, and neither are grafts.
    ///
    /// # Errors
    /// When there is no repository, or one that cannot be read: a pipe or a device is in it, or its references are stored as
    /// something else than files.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        guard::check(path)?;
        Self::open_checked(path)
    }

    /// What is checked out at `path`, as `HEAD` and the reference it names say it: no object is read, so that this takes
    /// as little in a repository of any size.
    ///
    /// # Errors
    /// As [`open`](Self::open) has, for what has to be read for it.
    pub fn checked_out(path: &Path) -> Result<CheckedOut, HistoryError> {
        guard::check_head(path)?;
        let repository = Self::open_checked(path)?;
        let git = &repository.git;
        // In a namespace HEAD is another one than was looked at.
        let head = git.namespace().is_none().then(|| git.head().ok()).flatten();
        Ok(head.map_or_else(CheckedOut::default, |head| CheckedOut {
            commit: head.id().map(|id| id.to_string()),
            branch: head.referent_name().map(|name| name.shorten().to_str_lossy().into_owned()),
        }))
    }

    fn open_checked(path: &Path) -> Result<Self, HistoryError> {
        let options =
            open::Options::isolated().with(Trust::Full).config_overrides(["core.useReplaceRefs=false"]);
        let mut git = gix::open_opts(path, options).map_err(|error| {
            let what = path.display().to_string();
            if path.join(".git").exists() || path.join("HEAD").exists() {
                HistoryError::Damaged { what, reason: error.to_string() }
            } else {
                HistoryError::NotARepository { path: what }
            }
        })?;
        if let Some(format) = git.config_snapshot().string("extensions.refStorage")
            && !format.starts_with(b"files")
        {
            let (path, format) = (path.display().to_string(), format.to_str_lossy().into_owned());
            return Err(HistoryError::RefStorage { path, format });
        }
        // Trees and blobs are read once, but those of near commits are deltas of each other.
        git.objects.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(DELTA_CACHE)));
        Ok(Self { git })
    }

    /// The full id of the commit a revision names: a branch, tag, id or expression such as `HEAD~1`.
    ///
    /// # Errors
    /// When there is no such commit in this clone, or a tag, a branch and a remote branch of that name are not all the
    /// same commit.
    pub fn resolve(&self, revision: &str) -> Result<String, HistoryError> {
        self.commit(revision).map(|id| id.to_string())
    }

    /// The full ids of the parents of a commit, whether or not they are in this clone.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn parents(&self, revision: &str) -> Result<Vec<String>, HistoryError> {
        let parents = self.parent_ids(self.commit(revision)?)?;
        Ok(parents.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn parent_ids(&self, id: ObjectId) -> Result<Vec<ObjectId>, HistoryError> {
        let data = self.object(id)?;
        Ok(gix::objs::CommitRefIter::from_bytes(&data, id.kind()).parent_ids().collect())
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
        self.diff(Some(old), new)
    }

    /// The lines that `head` adds or changes against what [`base`](Self::base) found; all there are, when that is
    /// nothing.
    ///
    /// # Errors
    /// When one of them is not in this clone, or the repository is damaged.
    pub fn changed_since(&self, base: &Base, head: &str) -> Result<Diff, HistoryError> {
        let old = base.commit.as_deref().map(|id| self.commit(id)).transpose()?;
        self.diff(old, self.commit(head)?)
    }

    /// The content of a file of a commit, by its path from the root; `None` when the commit has nothing there.
    ///
    /// # Errors
    /// When there is no such commit in this clone, the path is a link, a submodule or a folder, or the file is larger
    /// than 64 MiB.
    pub fn read_file(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        let mut id = self.tree(self.commit(revision)?)?;
        let mut parts = path.split('/').filter(|part| !matches!(*part, "" | ".")).peekable();
        let not_a_file =
            |kind| HistoryError::NotAFile { commit: revision.to_owned(), path: path.to_owned(), kind };
        while let Some(part) = parts.next() {
            let Some((found, mode)) = tree::entry(self, id, part.as_bytes())? else { return Ok(None) };
            id = found;
            let kind = match (mode.kind(), parts.peek()) {
                (gix::objs::tree::EntryKind::Tree, Some(_)) => continue,
                // Below a file there is nothing.
                (gix::objs::tree::EntryKind::Blob | gix::objs::tree::EntryKind::BlobExecutable, Some(_)) => {
                    return Ok(None);
                }
                (gix::objs::tree::EntryKind::Blob | gix::objs::tree::EntryKind::BlobExecutable, None) => {
                    let size = self.size(id)?;
                    if size > MAX_READ {
                        let (commit, path) = (revision.to_owned(), path.to_owned());
                        return Err(HistoryError::TooLarge { commit, path, size, limit: MAX_READ });
                    }
                    return self.object(id).map(Some);
                }
                (gix::objs::tree::EntryKind::Tree, None) => "folder",
                (gix::objs::tree::EntryKind::Link, _) => "symbolic link",
                (gix::objs::tree::EntryKind::Commit, _) => "submodule",
            };
            return Err(not_a_file(kind));
        }
        Err(not_a_file("folder"))
    }

    /// The paths of all regular files of a commit, in order.
    ///
    /// # Errors
    /// When there is no such commit in this clone.
    pub fn files(&self, revision: &str) -> Result<Vec<String>, HistoryError> {
        let files = tree::files(self, self.tree(self.commit(revision)?)?)?;
        Ok(files.iter().map(|path| path.to_str_lossy().into_owned()).collect())
    }

    pub(crate) fn commit(&self, revision: &str) -> Result<ObjectId, HistoryError> {
        self.unambiguous(revision)?;
        let found = self.git.rev_parse_single(revision);
        let object = found.and_then(|id| id.object()).and_then(gix::Object::peel_tags_to_end);
        match object {
            Ok(object) if object.kind == Kind::Commit => Ok(object.id),
            Ok(object) => {
                Err(HistoryError::NotACommit { revision: revision.to_owned(), kind: object.kind.to_string() })
            }
            Err(_) if self.is_shallow() => {
                let (what, revision) = (revision.to_owned(), revision.to_owned());
                Err(HistoryError::Shallow { what, revision, depth: None })
            }
            Err(_) => {
                Err(HistoryError::UnknownRevision { revision: revision.to_owned(), known: self.names() })
            }
        }
    }

    /// A commit by its full id, if it is in this clone: never a reference that is named like it.
    pub(crate) fn commit_by_id(&self, id: &str) -> Option<ObjectId> {
        let id = ObjectId::from_hex(id.as_bytes()).ok()?;
        self.git.try_find_header(id).ok()?.filter(|header| header.kind() == Kind::Commit).map(|_| id)
    }

    /// The commit of a reference by its full name, if there is one: nothing else that ends in the same words.
    ///
    /// # Errors
    /// When it leads to something that is not there, or to no commit.
    pub(crate) fn reference(&self, name: &str) -> Result<Option<ObjectId>, HistoryError> {
        let Ok(Some(mut reference)) = self.git.try_find_reference(name) else { return Ok(None) };
        if reference.name().as_bstr() != name {
            return Ok(None);
        }
        let id = reference
            .peel_to_id()
            .map_err(|error| HistoryError::Damaged { what: name.to_owned(), reason: error.to_string() })?;
        match self.git.try_find_header(id) {
            Ok(Some(header)) if header.kind() == Kind::Commit => Ok(Some(id.detach())),
            Ok(Some(header)) => {
                Err(HistoryError::NotACommit { revision: name.to_owned(), kind: header.kind().to_string() })
            }
            Ok(None) => Err(self.missing(id.detach())),
            Err(error) => Err(HistoryError::damaged(id.detach(), error)),
        }
    }

    /// Refuses a name that several references have, unless they agree. git takes the tag and warns; a gate must not
    /// compare with whatever somebody pushed a tag for.
    fn unambiguous(&self, revision: &str) -> Result<(), HistoryError> {
        let end = revision.find(['~', '^', ':']).unwrap_or(revision.len());
        let end = revision.find("@{").unwrap_or(end).min(end);
        let name = revision.get(..end).unwrap_or_default();
        if matches!(name, "" | "HEAD" | "@") || name.starts_with("refs/") || is_full_id(name) {
            return Ok(());
        }
        let mut found = Vec::new();
        for pattern in ["refs/tags/", "refs/heads/", "refs/remotes/"] {
            let reference = format!("{pattern}{name}");
            if let Ok(Some(id)) = self.reference(&reference) {
                found.push((reference, id));
            }
        }
        if found.iter().any(|(_, id)| found.first().is_some_and(|(_, first)| first != id)) {
            let references = found.into_iter().map(|(reference, _)| reference).collect();
            return Err(HistoryError::Ambiguous { name: name.to_owned(), references });
        }
        Ok(())
    }

    pub(crate) fn is_shallow(&self) -> bool {
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
        sort(&mut names);
        names
    }

    pub(crate) fn merge_base(
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
                depth: None,
            }),
            Ok(None) => Err(HistoryError::NoMergeBase { base: base.to_owned(), head: head.to_owned() }),
            Err(error) => Err(HistoryError::Damaged {
                what: format!("the history of {base} and {head}"),
                reason: error.to_string(),
            }),
        }
    }

    fn diff(&self, base: Option<ObjectId>, head: ObjectId) -> Result<Diff, HistoryError> {
        let old = base.map(|id| self.tree(id)).transpose()?;
        let changes = tree::changes(self, old, self.tree(head)?)?;
        let renames = rename::renames(self, &changes)?;
        let mut diff =
            Diff { base: base.map(|id| id.to_string()), head: Some(head.to_string()), ..Diff::default() };
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
                match self.added(old, new)? {
                    Some(added) => file.added = added,
                    None => diff.uncompared.push(file.clone()),
                }
            }
            if !file.added.is_empty() || file.old_path.is_some() {
                diff.files.push(file);
            }
        }
        diff.sort();
        Ok(diff)
    }

    /// The new lines of a file; `None` when it is or was binary.
    fn added(&self, old: Option<ObjectId>, new: ObjectId) -> Result<Option<LineRanges>, HistoryError> {
        let text = |id| Ok(self.blob(id)?.filter(|content| !lines::is_binary(content)));
        Ok(match (text(new)?, old.map(text).transpose()?) {
            (Some(new), None) => Some(lines::all(&new)),
            (Some(new), Some(Some(old))) => Some(lines::added(&old, &new)),
            (None, _) | (_, Some(None)) => None,
        })
    }

    pub(crate) fn tree(&self, commit: ObjectId) -> Result<ObjectId, HistoryError> {
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

    pub(crate) fn missing(&self, id: ObjectId) -> HistoryError {
        let config = self.git.config_snapshot();
        let partial = config.string("extensions.partialClone").is_some()
            || config
                .plumbing()
                .sections_by_name("remote")
                .is_some_and(|mut sections| sections.any(|section| section.value("promisor").is_some()));
        HistoryError::Missing { id: id.to_string(), partial }
    }
}
