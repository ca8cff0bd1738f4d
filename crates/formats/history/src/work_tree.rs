//! Whether what is checked out is what was committed.
//!
//! Nothing that a repository configures is run for the answer, neither filters nor a file system monitor: the bytes of every file
//! are hashed as they are. So a file that a filter or a conversion of line ends has changed on its way into the work tree differs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::index::entry::{Flags, Mode};
use gix::objs::tree::{EntryKind, EntryMode};
use lw_model::lists::sort;

use crate::error::HistoryError;
use crate::repository::Repository;
use crate::tree;

/// How many paths are named.
const NAMED: usize = 20;

/// What a work tree has otherwise than a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkTreeChanges {
    /// How many files of the commit, or of the index, are not as they were committed.
    pub count: usize,
    /// The first of them in order, at most 20.
    pub paths: Vec<String>,
}

impl Repository {
    /// What the work tree and the index have otherwise than the commit that is checked out. Files that git does not know do not
    /// count, as in `git describe --dirty`; those that the index leaves out of the work tree (sparse checkouts) need not be there.
    ///
    /// # Errors
    /// When there is no work tree, or the commit, its trees or the index cannot be read.
    pub fn work_tree_changes(&self) -> Result<WorkTreeChanges, HistoryError> {
        let Some(root) = self.git.workdir() else {
            return Err(HistoryError::NoWorkTree { path: self.git.git_dir().display().to_string() });
        };
        let head = self.tree(self.commit("HEAD")?)?;
        let mut committed: BTreeMap<BString, (EntryMode, ObjectId)> = BTreeMap::new();
        tree::each(self, head, |mode, path, id| {
            committed.insert(path, (mode, id));
        })?;
        let index = self.git.index_or_empty().map_err(|error| HistoryError::Damaged {
            what: "the index".to_owned(),
            reason: error.to_string(),
        })?;
        let look = Look {
            root,
            kind: self.git.object_hash(),
            modes: cfg!(unix) && self.git.config_snapshot().boolean("core.fileMode").unwrap_or(true),
        };
        let mut changed: Vec<BString> = Vec::new();
        for entry in index.entries() {
            let path = entry.path(&index);
            if entry.mode == Mode::DIR {
                // A folder of a sparse index: one entry for all below it.
                let folder = path.trim_end_with(|last| last == '/');
                if self.entry_at(head, folder)? == Some(entry.id) {
                    let below = [folder, b"/"].concat();
                    committed.retain(|path, _| !path.starts_with(&below));
                } else {
                    changed.push(path.to_owned());
                }
                continue;
            }
            let known = committed.remove(path);
            let same = known.is_some_and(|(mode, id)| {
                id == entry.id && Mode::from(mode) == entry.mode && entry.stage_raw() == 0
            });
            let left_out = entry.flags.intersects(Flags::SKIP_WORKTREE);
            if !same || !(left_out || look.is_same(path, known).unwrap_or(false)) {
                changed.push(path.to_owned());
            }
        }
        // What the index does not have is deleted.
        changed.extend(committed.into_keys());
        sort(&mut changed);
        // Of a conflict there are several entries.
        changed.dedup();
        let paths = changed.iter().take(NAMED).map(|path| path.to_str_lossy().into_owned()).collect();
        Ok(WorkTreeChanges { count: changed.len(), paths })
    }

    /// The object at a path of a tree.
    fn entry_at(&self, tree: ObjectId, path: &[u8]) -> Result<Option<ObjectId>, HistoryError> {
        let mut id = tree;
        for part in path.split_str("/") {
            let Some((found, _)) = tree::entry(self, id, part)? else { return Ok(None) };
            id = found;
        }
        Ok(Some(id))
    }
}

/// How files are looked at.
struct Look<'a> {
    root: &'a Path,
    kind: gix::hash::Kind,
    modes: bool,
}

impl Look<'_> {
    /// Whether there is, at a path of the work tree, what was committed. What cannot be read is not.
    fn is_same(&self, path: &[u8], known: Option<(EntryMode, ObjectId)>) -> io::Result<bool> {
        let (Some((mode, id)), Some(full)) = (known, self.place(path)) else { return Ok(false) };
        let metadata = fs::symlink_metadata(&full)?;
        match mode.kind() {
            EntryKind::Blob | EntryKind::BlobExecutable => {
                let mode_is_same =
                    !self.modes || is_executable(&metadata) == (mode.kind() == EntryKind::BlobExecutable);
                Ok(metadata.is_file() && mode_is_same && self.hash_file(&full, metadata.len())? == Some(id))
            }
            EntryKind::Link => {
                if !metadata.is_symlink() {
                    return Ok(false);
                }
                let target = fs::read_link(&full)?;
                let Ok(target) = gix::path::into_bstr(target) else { return Ok(false) };
                let length = target.len() as u64;
                Ok(self.hash(&mut target.as_bytes(), length)? == Some(id))
            }
            EntryKind::Commit => {
                // A submodule that was never fetched has an empty folder, and is no change.
                let is_fetched = metadata.is_dir() && fs::symlink_metadata(full.join(".git")).is_ok();
                if !is_fetched {
                    return Ok(metadata.is_dir());
                }
                let out = Repository::checked_out(&full).map_err(io::Error::other)?;
                Ok(out.commit == Some(id.to_string()))
            }
            EntryKind::Tree => Ok(false),
        }
    }

    /// The path below the work tree, if every folder on the way is one: what lies behind a link is not the repository's.
    fn place(&self, path: &[u8]) -> Option<PathBuf> {
        let mut full = self.root.to_owned();
        let mut parts = path.split_str("/").peekable();
        while let Some(part) = parts.next() {
            if matches!(part, b"" | b"." | b"..") || part.eq_ignore_ascii_case(b".git") {
                return None;
            }
            full.push(gix::path::from_byte_slice(part).ok()?);
            if parts.peek().is_some() && !fs::symlink_metadata(&full).is_ok_and(|found| found.is_dir()) {
                return None;
            }
        }
        Some(full)
    }

    fn hash_file(&self, path: &Path, length: u64) -> io::Result<Option<ObjectId>> {
        self.hash(&mut File::open(path)?, length)
    }

    /// The id that a blob of these bytes has; `None` when there are not as many as was said.
    fn hash(&self, bytes: &mut dyn Read, length: u64) -> io::Result<Option<ObjectId>> {
        let mut hasher = gix::hash::hasher(self.kind);
        hasher.update(format!("blob {length}\0").as_bytes());
        let mut buffer = [0; 1 << 16];
        let mut left = length;
        loop {
            let read = bytes.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            let Some(less) = left.checked_sub(read as u64) else { return Ok(None) };
            left = less;
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
        if left > 0 {
            return Ok(None);
        }
        hasher.try_finalize().map(Some).map_err(io::Error::other)
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
