//! Folders of a project that a pattern means: members of a workspace.

use std::collections::BTreeSet;

use crate::origin::{inside, join, relative_path};
use crate::{EntryKind, Error, Problem, Tree};

/// Folders that are looked at for all patterns of a workspace together.
const MAX_FOLDERS: usize = 200_000;
const MAX_DEPTH: usize = 32;

/// Whether a member's pattern can mean several folders.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The folders that a pattern, relative to `base`, means, whether they are there or not where it is no pattern.
pub(crate) fn folders(
    tree: &dyn Tree,
    base: &str,
    pattern: &str,
    file: &str,
) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    if !is_pattern(pattern) {
        found.extend(relative_path(base, pattern).filter(|path| inside(path).is_some()));
        return Ok(found);
    }
    let pattern = pattern.trim_end_matches('/').replace('\\', "/");
    let parts: Vec<&str> = pattern.split('/').filter(|part| !["", "."].contains(part)).collect();
    let mut looked = 0;
    let mut next = vec![(base.to_owned(), 0, 0)];
    let mut seen = BTreeSet::new();
    while let Some((folder, at, depth)) = next.pop() {
        if !seen.insert((folder.clone(), at)) {
            continue;
        }
        let Some(part) = parts.get(at) else {
            found.insert(folder);
            continue;
        };
        if !is_pattern(part) {
            if let Some(folder) = relative_path(&folder, part).filter(|path| inside(path).is_some()) {
                next.push((folder, at + 1, depth + 1));
            }
            continue;
        }
        let is_any = *part == "**";
        if is_any {
            next.push((folder.clone(), at + 1, depth));
        }
        for entry in tree.list(&folder)? {
            let is_skipped = entry.name == "node_modules" || entry.name == ".git" || entry.name == "target";
            if entry.kind != EntryKind::Folder || (is_any && is_skipped) {
                continue;
            }
            looked += 1;
            if looked > MAX_FOLDERS || depth > MAX_DEPTH {
                let problem = Problem::TooLarge(format!("the members {pattern:?} are too many or too deep"));
                return Err(Error::new(file, None, problem));
            }
            if is_any {
                next.push((join(&folder, &entry.name), at, depth + 1));
            } else if fast_glob::glob_match(part, entry.name.as_str()) {
                next.push((join(&folder, &entry.name), at + 1, depth + 1));
            }
        }
    }
    Ok(found)
}
