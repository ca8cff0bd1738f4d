//! Which of some folders a commit touches. Only tree ids are compared, never blobs, so that clones without blobs will do.

use std::rc::Rc;

use gix::ObjectId;
use gix::objs::tree::EntryMode;
use lw_hashed::HashMap;

use crate::error::HistoryError;
use crate::repository::Repository;

/// What stands at each of the paths.
type Standing = Rc<[Option<(ObjectId, EntryMode)>]>;

/// A path, and what stands at it.
type Found = (usize, (ObjectId, EntryMode));

/// How many answers are kept: neighbours in history share most of them.
const KEPT: usize = 4096;

/// Folders and files of which it is asked whether a commit touches them.
pub(crate) struct Paths<'a> {
    repository: &'a Repository,
    /// The components of each path; none is the whole repository.
    paths: Vec<Vec<Vec<u8>>>,
    kept: HashMap<(usize, usize, ObjectId), Vec<Found>>,
    roots: HashMap<ObjectId, Standing>,
}

impl<'a> Paths<'a> {
    pub(crate) fn new(repository: &'a Repository, paths: &[String]) -> Self {
        let split = |path: &String| {
            let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
            parts.map(|part| part.as_bytes().to_vec()).collect()
        };
        Self {
            repository,
            paths: paths.iter().map(split).collect(),
            kept: HashMap::new(),
            roots: HashMap::new(),
        }
    }

    /// Numbers of the paths that a commit touches: those where it is not the same as its parent, and for a merge those where it
    /// is the same as none of them, since what it took over from one was touched by the commits of that one.
    pub(crate) fn touched(&mut self, tree: ObjectId, parents: &[ObjectId]) -> Result<Vec<u32>, HistoryError> {
        let new = self.standing(tree)?;
        let mut old = Vec::with_capacity(parents.len());
        for parent in parents {
            old.push(self.standing(*parent)?);
        }
        let mut touched = Vec::new();
        for (index, entry) in new.iter().enumerate() {
            let same = old.iter().any(|old| old.get(index) == Some(entry));
            if !same && (entry.is_some() || !old.is_empty()) {
                touched.extend(u32::try_from(index));
            }
        }
        Ok(touched)
    }

    fn standing(&mut self, tree: ObjectId) -> Result<Standing, HistoryError> {
        if let Some(known) = self.roots.get(&tree) {
            return Ok(known.clone());
        }
        let mut standing: Vec<Option<(ObjectId, EntryMode)>> = vec![None; self.paths.len()];
        let all: Vec<usize> = (0..self.paths.len()).collect();
        self.look(tree, 0, &all, &mut standing)?;
        let standing: Standing = standing.into();
        if self.roots.len() >= KEPT {
            self.roots.clear();
        }
        self.roots.insert(tree, standing.clone());
        Ok(standing)
    }

    /// Looks up those of the paths that lie in a tree, each from its component number `depth` on.
    fn look(
        &mut self,
        tree: ObjectId,
        depth: usize,
        paths: &[usize],
        standing: &mut [Option<(ObjectId, EntryMode)>],
    ) -> Result<(), HistoryError> {
        // The paths that share what stands before this depth: their first one tells which they are.
        let key = (paths.first().copied().unwrap_or_default(), depth, tree);
        if let Some(known) = self.kept.get(&key) {
            for (path, entry) in known {
                if let Some(slot) = standing.get_mut(*path) {
                    *slot = Some(*entry);
                }
            }
            return Ok(());
        }
        let mut found: Vec<(usize, (ObjectId, EntryMode))> = Vec::new();
        let mut deeper: Vec<(ObjectId, Vec<usize>)> = Vec::new();
        let mut wanted: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for path in paths {
            match self.paths.get(*path).and_then(|parts| parts.get(depth)) {
                Some(part) => wanted.entry(part.as_slice()).or_default().push(*path),
                None => found.push((*path, (tree, gix::objs::tree::EntryKind::Tree.into()))),
            }
        }
        let data = self.repository.object(tree)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&data, tree.kind()) {
            if wanted.is_empty() {
                break;
            }
            let entry = entry.map_err(|error| HistoryError::damaged(tree, error))?;
            let name: &[u8] = entry.filename.as_ref();
            let Some(paths) = wanted.remove(name) else { continue };
            let mut further = Vec::new();
            for path in paths {
                if self.paths.get(path).is_some_and(|parts| parts.len() == depth + 1) {
                    found.push((path, (entry.oid.to_owned(), entry.mode)));
                } else if entry.mode.is_tree() {
                    further.push(path);
                }
            }
            if !further.is_empty() {
                deeper.push((entry.oid.to_owned(), further));
            }
        }
        for (tree, paths) in deeper {
            let mut below = vec![None; standing.len()];
            self.look(tree, depth + 1, &paths, &mut below)?;
            found.extend(paths.iter().filter_map(|path| Some((*path, below.get(*path).copied()??))));
        }
        for (path, entry) in &found {
            if let Some(slot) = standing.get_mut(*path) {
                *slot = Some(*entry);
            }
        }
        if depth > 0 {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(key, found);
        }
        Ok(())
    }
}
