//! The files of a repository, found by the ends of their paths.

use std::collections::BTreeSet;
use std::ops::Bound;

/// The files of a repository, as `git ls-files` lists them: relative to its root, with `/`.
///
/// Finding one takes time in the logarithm of their number, so that a report of ten thousand files of the same
/// name (`mod.rs`, `index.ts`) is no more work than any other.
#[derive(Clone, Debug, Default)]
pub struct RepoIndex {
    files: BTreeSet<String>,
    /// Paths with their parts in reverse, sorted: files with the same end are neighbours.
    reversed: Vec<(Vec<u8>, String)>,
}

impl<S: Into<String>> FromIterator<S> for RepoIndex {
    fn from_iter<I: IntoIterator<Item = S>>(files: I) -> Self {
        let files: BTreeSet<String> = files.into_iter().map(Into::into).collect();
        let mut reversed: Vec<_> = files.iter().map(|file| (reverse(file), file.clone())).collect();
        reversed.sort();
        Self { files, reversed }
    }
}

/// The parts from last to first, each with a zero behind it: an end of whole parts is a beginning of these bytes.
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

    pub(super) fn exact(&self, path: &str) -> Option<&str> {
        self.files.range::<str, _>((Bound::Included(path), Bound::Included(path))).next().map(String::as_str)
    }

    /// The longest file that the path ends with.
    fn longest_end(&self, path: &str) -> Option<&str> {
        let mut end = path.trim_start_matches('/');
        loop {
            if let Some(file) = self.exact(end) {
                return Some(file);
            }
            end = end.split_once('/')?.1;
        }
    }

    /// The longest file that the path ends with, which has to be longer than a part of it that is known already.
    pub(super) fn end_of(&self, path: &str, part: &str) -> Option<&str> {
        self.longest_end(path).filter(|file| file.len() >= part.len())
    }

    /// The file that has the longest end in common with the path, or two of several.
    pub(super) fn by_suffix(&self, path: &str) -> Result<Option<&str>, (&str, &str)> {
        if let Some(file) = self.longest_end(path) {
            return Ok(Some(file));
        }
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
                    let mut named =
                        same.iter().map(|(_, file)| file.as_str()).filter(|file| names(file, front));
                    return match (front.is_empty(), named.next(), named.next()) {
                        (false, Some(one), None) => Ok(Some(one)),
                        _ => Err((first, second)),
                    };
                }
            }
        }
        Ok(None)
    }

    fn ending(&self, key: &[u8]) -> &[(Vec<u8>, String)] {
        let from = self.reversed.partition_point(|entry| entry.0.as_slice() < key);
        let rest = self.reversed.get(from..).unwrap_or_default();
        let length = rest.partition_point(|entry| entry.0.starts_with(key));
        rest.get(..length).unwrap_or_default()
    }
}

/// Whether the folders of a file have all these names in this order.
fn names(file: &str, wanted: &[&str]) -> bool {
    let mut folders = file.split('/');
    wanted.iter().all(|name| folders.any(|folder| folder == *name))
}
