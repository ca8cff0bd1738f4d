//! Which new files are old ones under another name.
//!
//! The rules are those of `git diff` (`diffcore-rename.c`, documented in gitdiffcore(7)), because a file that git
//! shows as renamed with one changed line must not count as all new here: equal content first, then files whose name
//! is unique and stayed the same in another folder, then the most similar ones, from half alike on.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use fnv::FnvHasher;
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use lw_hashed::HashMap;
use lw_model::lists::sort_by_key;

use crate::error::HistoryError;
use crate::lines::is_binary;
use crate::repository::Repository;
use crate::tree::Change;

/// Similarity is counted in so many parts, and this is all of them.
const SAME: u64 = 60_000;
/// How similar two files must be: git's `-M50%`, its default.
const SIMILAR: u64 = SAME / 2;
/// How similar they must be when only their names speak for them: half way from [`SIMILAR`] to [`SAME`].
const SIMILAR_BY_NAME: u64 = SIMILAR + (SAME - SIMILAR) / 2;
/// git compares each file with each only up to this many squared (`diff.renameLimit`).
const LIMIT: usize = 1000;
/// The most similar sources that git remembers of each new file.
const CANDIDATES: usize = 4;
/// Of more files with the same content, git looks no further for a better name.
const EQUAL_FILES: usize = 100;
/// Files are compared by their lines, and longer lines by pieces of this many bytes.
const PIECE: usize = 64;

/// For each new file, which of the files that are gone it was.
pub(crate) fn renames(
    repository: &Repository,
    changes: &[Change],
) -> Result<HashMap<usize, usize>, HistoryError> {
    let pick = |side: fn(&Change) -> Option<ObjectId>| {
        let lone = changes.iter().enumerate().filter(|(_, change)| !change.both);
        lone.filter_map(|(index, change)| side(change).map(|id| (index, id))).collect::<Vec<_>>()
    };
    let mut matcher = Matcher {
        repository,
        changes,
        gone: pick(|change| change.old),
        new: pick(|change| change.new),
        renames: HashMap::new(),
        profiles: HashMap::new(),
    };
    matcher.equal_content();
    matcher.unique_names()?;
    matcher.most_similar()?;
    Ok(matcher.renames)
}

struct Matcher<'a> {
    repository: &'a Repository,
    changes: &'a [Change],
    gone: Vec<(usize, ObjectId)>,
    new: Vec<(usize, ObjectId)>,
    renames: HashMap<usize, usize>,
    profiles: HashMap<ObjectId, Option<Profile>>,
}

impl<'a> Matcher<'a> {
    fn name(&self, index: usize) -> &'a BStr {
        let path: &BStr = self.changes.get(index).map(|change| change.path.as_bstr()).unwrap_or_default();
        path.rsplit_once_str("/").map_or(path, |(_, name)| name.as_bstr())
    }

    /// Takes the pairs that were found out of the files that are still looked at.
    fn found(&mut self, pairs: impl IntoIterator<Item = (usize, usize)>) {
        self.renames.extend(pairs);
        let gone: lw_hashed::HashSet<usize> = self.renames.values().copied().collect();
        self.gone.retain(|(index, _)| !gone.contains(index));
        self.new.retain(|(index, _)| !self.renames.contains_key(index));
    }

    fn equal_content(&mut self) {
        let mut sources: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        for (index, id) in &self.gone {
            sources.entry(*id).or_default().push(*index);
        }
        let mut pairs = Vec::new();
        for (new, id) in &self.new {
            let Some(sources) = sources.get_mut(id) else { continue };
            let same_name =
                sources.iter().take(EQUAL_FILES).position(|gone| self.name(*gone) == self.name(*new));
            if !sources.is_empty() {
                pairs.push((*new, sources.remove(same_name.unwrap_or(0))));
            }
        }
        self.found(pairs);
    }

    fn unique_names(&mut self) -> Result<(), HistoryError> {
        let unique = |files: &[(usize, ObjectId)]| {
            let mut names: BTreeMap<&BStr, Option<(usize, ObjectId)>> = BTreeMap::new();
            for file in files {
                names.entry(self.name(file.0)).and_modify(|file| *file = None).or_insert(Some(*file));
            }
            names
        };
        let targets = unique(&self.new);
        let candidates: Vec<_> = unique(&self.gone)
            .into_iter()
            .filter_map(|(name, gone)| Some((gone?, (*targets.get(name)?)?)))
            .collect();
        let mut pairs = Vec::new();
        for (gone, new) in candidates {
            if self.similarity(gone.1, new.1, SIMILAR_BY_NAME)? >= SIMILAR_BY_NAME {
                pairs.push((new.0, gone.0));
            }
        }
        self.found(pairs);
        Ok(())
    }

    fn most_similar(&mut self) -> Result<(), HistoryError> {
        if self.new.len().saturating_mul(self.gone.len()) > LIMIT * LIMIT {
            return Ok(());
        }
        // (similarity, same name, new, gone)
        let mut all: Vec<(u64, bool, usize, usize)> = Vec::new();
        let (new, gone) = (self.new.clone(), self.gone.clone());
        for (new, new_id) in new {
            let mut best: Vec<(u64, bool, usize, usize)> = Vec::new();
            for (gone, gone_id) in &gone {
                let similarity = self.similarity(*gone_id, new_id, SIMILAR)?;
                if similarity >= SIMILAR {
                    best.push((similarity, self.name(*gone) == self.name(new), new, *gone));
                }
            }
            sort_by_key(&mut best, |one| std::cmp::Reverse((one.0, one.1)));
            best.truncate(CANDIDATES);
            all.extend(best);
        }
        sort_by_key(&mut all, |one| std::cmp::Reverse((one.0, one.1)));
        let mut taken = lw_hashed::HashSet::new();
        let mut pairs: HashMap<usize, usize> = HashMap::new();
        for (_, _, new, gone) in all {
            if !pairs.contains_key(&new) && taken.insert(gone) {
                pairs.insert(new, gone);
            }
        }
        self.found(pairs);
        Ok(())
    }

    /// How much of the larger file is made of lines both have; 0 when their sizes already forbid `least`.
    fn similarity(&mut self, old: ObjectId, new: ObjectId, least: u64) -> Result<u64, HistoryError> {
        let (old_size, new_size) = (self.repository.size(old)?, self.repository.size(new)?);
        let (small, large) = (old_size.min(new_size), old_size.max(new_size));
        let too_different =
            u128::from(large) * u128::from(SAME - least) < u128::from(large - small) * u128::from(SAME);
        if too_different || large == 0 {
            return Ok(0);
        }
        for id in [old, new] {
            if !self.profiles.contains_key(&id) {
                let profile = self.repository.blob(id)?.map(|content| Profile::of(&content));
                self.profiles.insert(id, profile);
            }
        }
        let profile = |id| self.profiles.get(id).and_then(Option::as_ref);
        let (Some(old), Some(new)) = (profile(&old), profile(&new)) else { return Ok(0) };
        Ok(old.common(new).saturating_mul(SAME) / large)
    }
}

/// How many bytes a file has of each piece of text.
struct Profile(HashMap<u64, u64>);

impl Profile {
    fn of(content: &[u8]) -> Self {
        let text = !is_binary(content);
        let mut pieces: HashMap<u64, u64> = HashMap::new();
        let mut piece: Vec<u8> = Vec::with_capacity(PIECE);
        let mut bytes = content.iter().peekable();
        while let Some(byte) = bytes.next() {
            // A line is the same with either line end.
            if text && *byte == b'\r' && bytes.peek() == Some(&&b'\n') {
                continue;
            }
            piece.push(*byte);
            if piece.len() == PIECE || *byte == b'\n' {
                *pieces.entry(hash(&piece)).or_default() += piece.len() as u64;
                piece.clear();
            }
        }
        if !piece.is_empty() {
            *pieces.entry(hash(&piece)).or_default() += piece.len() as u64;
        }
        Self(pieces)
    }

    fn common(&self, other: &Self) -> u64 {
        self.0.iter().map(|(piece, bytes)| other.0.get(piece).map_or(0, |there| *bytes.min(there))).sum()
    }
}

/// The same on every machine, and wide enough that pieces do not meet by chance.
fn hash(piece: &[u8]) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(piece);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_counts_what_both_have_whatever_the_line_ends() {
        let old = Profile::of(b"one\ntwo\nthree\n");
        assert_eq!(old.common(&Profile::of(b"three\r\none\r\n")), 10);
        assert_eq!(old.common(&Profile::of(b"four")), 0);
        let long = Profile::of(&[b'x'; 3 * PIECE]);
        assert_eq!(long.common(&Profile::of(&[b'x'; PIECE])), PIECE as u64);
    }
}
