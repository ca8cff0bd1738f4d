//! The files of a repository, found by the ends of their paths.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use lw_hashed::HashSet;
use lw_model::lists::sort;

/// The files of a repository, as `git ls-files` lists them: relative to its root, with `/`.
///
/// Finding one takes at most time in the logarithm of their number, so that a report of ten thousand files of the same
/// name (`mod.rs`, `index.ts`) is no more work than any other.
#[derive(Clone, Debug, Default)]
pub struct RepoIndex {
    /// Found by their hash: of paths that are alike at their beginnings a comparison looks at nearly all.
    files: HashSet<String>,
    /// Every folder that has files below it. Made when it is first asked for.
    folders: OnceLock<HashSet<String>>,
    /// Paths with their parts in reverse, sorted: files with the same end are neighbours. Made when it is first asked for,
    /// as most reports name their files in full.
    reversed: OnceLock<Vec<(Vec<u8>, String)>>,
    /// Made when it is first asked for.
    folded: OnceLock<Box<Folded>>,
}

impl<S: Into<String>> FromIterator<S> for RepoIndex {
    fn from_iter<I: IntoIterator<Item = S>>(files: I) -> Self {
        Self { files: files.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// The parts from last to first, each with a zero after it: an end of whole parts is a beginning of these bytes.
fn reverse(path: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(path.len() + 1);
    for part in path.rsplit('/').filter(|part| !part.is_empty()) {
        key.extend_from_slice(part.as_bytes());
        key.push(0);
    }
    key
}

impl RepoIndex {
    /// Whether the repository has a file of exactly this path.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// All files, in the order in which they were listed.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    pub(super) fn exact(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether the repository has files below a folder.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        let folders = self.folders.get_or_init(|| {
            let mut folders = HashSet::new();
            for file in self.files.iter() {
                let mut rest = file.as_str();
                while let Some((folder, _)) = rest.rsplit_once('/')
                    && !folders.contains(folder)
                {
                    folders.insert(folder.to_owned());
                    rest = folder;
                }
            }
            folders
        });
        folders.contains(folder)
    }

    /// The longest file that the path ends with, of at least so many bytes, seen from the folders in their order and then
    /// from the root.
    ///
    /// The name of a file alone is taken for one of a folder only where it is the whole path, or that of a Go package: a
    /// dependency's `node_modules/x/index.js` is not the package's own `index.js`.
    pub(super) fn longest_end(&self, path: &str, least: usize, folders: &[String]) -> Option<&str> {
        let whole = path.trim_start_matches('/');
        let is_import =
            !path.starts_with('/') && whole.split('/').next().is_some_and(|first| first.contains('.'));
        let mut end = whole;
        while end.len() >= least {
            if end.contains('/') || end == path || is_import {
                let file = folders.iter().find_map(|folder| self.exact(&format!("{folder}/{end}")));
                if file.is_some() {
                    return file;
                }
            }
            if let Some(file) = self.exact(end) {
                return Some(file);
            }
            end = end.split_once('/')?.1;
        }
        None
    }

    /// The file that has the longest end in common with the path, or two of several. Of several the one holds whose
    /// folders name the rest of the path, or that lies in the nearest of the folders.
    pub(super) fn by_suffix(&self, path: &str, folders: &[String]) -> Result<Option<&str>, (&str, &str)> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let whole = if path.starts_with('/') { usize::MAX } else { parts.len() };
        for length in (1..=parts.len()).rev() {
            if length == 1 && whole != 1 {
                break;
            }
            let (front, end) = parts.split_at(parts.len() - length);
            let same = self.ending(&reverse(&end.join("/")));
            match same {
                [] => {}
                [(_, only)] => return Ok(Some(only)),
                [(_, first), (_, second), ..] => {
                    let files = || same.iter().map(|(_, file)| file.as_str());
                    let mut named = files().filter(|file| names(file, front));
                    if let (false, Some(one), None) = (front.is_empty(), named.next(), named.next()) {
                        return Ok(Some(one));
                    }
                    for folder in folders {
                        let mut inside = files().filter(|file| super::below(file, folder).is_some());
                        match (inside.next(), inside.next()) {
                            (Some(one), None) => return Ok(Some(one)),
                            (Some(_), Some(_)) => break,
                            (None, _) => {}
                        }
                    }
                    return Err((first, second));
                }
            }
        }
        Ok(None)
    }

    /// The only file of this name, wherever it lies.
    pub(super) fn only_named(&self, name: &str) -> Option<&str> {
        match self.ending(&reverse(name)) {
            [(_, only)] => Some(only),
            _ => None,
        }
    }

    /// The same files as a system sees them that does not tell capital from small letters.
    pub(super) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| {
            let mut files = BTreeMap::new();
            for file in self.files.iter() {
                let only = files.entry(file.to_lowercase());
                only.and_modify(|only| *only = None).or_insert_with(|| Some(file.clone()));
            }
            Box::new(Folded { index: files.keys().cloned().collect(), files })
        })
    }

    fn ending(&self, key: &[u8]) -> &[(Vec<u8>, String)] {
        let reversed = self.reversed.get_or_init(|| {
            let mut reversed: Vec<_> = self.files.iter().map(|file| (reverse(file), file.clone())).collect();
            sort(&mut reversed);
            reversed
        });
        let from = reversed.partition_point(|entry| entry.0.as_slice() < key);
        let rest = reversed.get(from..).unwrap_or_default();
        let length = rest.partition_point(|entry| entry.0.starts_with(key));
        rest.get(..length).unwrap_or_default()
    }
}

/// The files of a repository as a system sees them that does not tell capital from small letters.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    index: RepoIndex,
    /// `None` where two files differ only in case.
    files: BTreeMap<String, Option<String>>,
}

impl Folded {
    /// The file that a path means whose letters may be of the other case.
    pub(super) fn find(&self, path: &str, folders: &[String]) -> Option<&str> {
        let path = path.to_lowercase();
        let folders: Vec<String> = folders.iter().map(|folder| folder.to_lowercase()).collect();
        let found = match self.index.longest_end(&path, 1, &folders) {
            Some(file) => Some(file),
            None => self.index.by_suffix(&path, &folders).ok().flatten(),
        };
        self.files.get(found?)?.as_deref()
    }
}

/// Whether the folders of a file have all these names in this order.
fn names(file: &str, wanted: &[&str]) -> bool {
    let mut folders = file.split('/');
    wanted.iter().all(|name| folders.any(|folder| folder == *name))
}
