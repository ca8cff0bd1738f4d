//! Which regular files differ between two trees.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::tree::EntryMode;
use lw_model::lists::{sort, sort_by};

use crate::error::HistoryError;
use crate::repository::Repository;

/// A path at which a regular file stands on one side at least, and which is not the same on both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Path from the root.
    pub(crate) path: BString,
    /// The file before, if it was a regular one.
    pub(crate) old: Option<ObjectId>,
    /// The file now, if it is a regular one.
    pub(crate) new: Option<ObjectId>,
    /// Whether there is something on both sides: a link that became a file is neither new nor renamed.
    pub(crate) both: bool,
}

/// An entry of a tree that is not a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Leaf {
    id: ObjectId,
    regular: bool,
}

#[derive(Default)]
struct Entry {
    folders: [Option<ObjectId>; 2],
    leaves: [Option<Leaf>; 2],
}

/// The differences between two trees, in the order of their paths; without an old one all is new. Equal subtrees are
/// not read.
pub(crate) fn changes(
    repository: &Repository,
    old: Option<ObjectId>,
    new: ObjectId,
) -> Result<Vec<Change>, HistoryError> {
    let mut changes = Vec::new();
    let mut todo = vec![(BString::default(), [old, Some(new)])];
    while let Some((folder, sides)) = todo.pop() {
        for (name, entry) in entries(repository, sides)? {
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            if entry.leaves[0] != entry.leaves[1] {
                let file = |side: Option<Leaf>| side.filter(|leaf| leaf.regular).map(|leaf| leaf.id);
                let [before, now] = entry.leaves;
                let change = Change {
                    path: path.clone(),
                    old: file(before),
                    new: file(now),
                    both: before.is_some() && now.is_some(),
                };
                // A changed mode alone changes no line.
                if change.old != change.new {
                    changes.push(change);
                }
            }
            if entry.folders[0] != entry.folders[1] {
                todo.push((path, entry.folders));
            }
        }
    }
    sort_by(&mut changes, |a, b| a.path.cmp(&b.path));
    Ok(changes)
}

/// The entries of the same folder on both sides, by name.
fn entries(
    repository: &Repository,
    sides: [Option<ObjectId>; 2],
) -> Result<BTreeMap<BString, Entry>, HistoryError> {
    let mut entries: BTreeMap<BString, Entry> = BTreeMap::new();
    for (side, id) in sides.into_iter().enumerate() {
        let Some(id) = id else { continue };
        let data = repository.object(id)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(|error| HistoryError::damaged(id, error))?;
            let both = entries.entry(entry.filename.into()).or_default();
            let id = entry.oid.to_owned();
            if entry.mode.is_tree() {
                if let Some(slot) = both.folders.get_mut(side) {
                    *slot = Some(id);
                }
            } else if let Some(slot) = both.leaves.get_mut(side) {
                *slot = Some(Leaf { id, regular: entry.mode.is_blob() });
            }
        }
    }
    Ok(entries)
}

/// What stands under a name in a tree.
pub(crate) fn entry(
    repository: &Repository,
    tree: ObjectId,
    name: &[u8],
) -> Result<Option<(ObjectId, EntryMode)>, HistoryError> {
    let data = repository.object(tree)?;
    for entry in gix::objs::TreeRefIter::from_bytes(&data, tree.kind()) {
        let entry = entry.map_err(|error| HistoryError::damaged(tree, error))?;
        if entry.filename == name {
            return Ok(Some((entry.oid.to_owned(), entry.mode)));
        }
    }
    Ok(None)
}

/// Every submodule of a tree, with its commit.
pub(crate) fn submodules(
    repository: &Repository,
    tree: ObjectId,
) -> Result<Vec<(BString, ObjectId)>, HistoryError> {
    let mut found = Vec::new();
    each(repository, tree, |mode, path, id| {
        if mode.is_commit() {
            found.push((path, id));
        }
    })?;
    Ok(found)
}

/// Shows everything below a tree that is no folder: its mode, its path and its object.
pub(crate) fn each(
    repository: &Repository,
    tree: ObjectId,
    mut show: impl FnMut(EntryMode, BString, ObjectId),
) -> Result<(), HistoryError> {
    let mut todo = vec![(BString::default(), tree)];
    while let Some((folder, id)) = todo.pop() {
        let data = repository.object(id)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(|error| HistoryError::damaged(id, error))?;
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.filename);
            if entry.mode.is_tree() {
                todo.push((path, entry.oid.to_owned()));
            } else {
                show(entry.mode, path, entry.oid.to_owned());
            }
        }
    }
    Ok(())
}

/// Every regular file of a tree.
pub(crate) fn files(repository: &Repository, tree: ObjectId) -> Result<Vec<BString>, HistoryError> {
    let mut files = Vec::new();
    each(repository, tree, |mode, path, _| {
        if mode.is_blob() {
            files.push(path);
        }
    })?;
    sort(&mut files);
    Ok(files)
}
