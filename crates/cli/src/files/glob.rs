//! The files a pattern matches.

use std::io;
use std::path::{Path, PathBuf};

use lw_model::lists::sort;

/// What the marks of a pattern are.
const MARKS: [char; 4] = ['*', '?', '[', '{'];

/// What a pattern matches.
#[derive(Debug, Default)]
pub(crate) struct GlobMatches {
    /// Files, and whatever else is no folder, in order.
    pub(crate) paths: Vec<PathBuf>,
    /// Folders that may hold more, and could not be looked into.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
}

/// Whether a text is a pattern and no plain path.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(MARKS)
}

/// Looks for all files that match, seen from the folder `cwd`.
pub(crate) fn glob(pattern: &str, cwd: &Path) -> GlobMatches {
    let pattern = pattern.replace('\\', "/");
    let wanted = pattern.strip_prefix("./").unwrap_or(&pattern);
    let fixed = wanted.find(MARKS).and_then(|mark| wanted.get(..mark)?.rfind('/'));
    let (base, rest) = match fixed {
        Some(slash) => wanted.split_at(slash + 1),
        None => ("", wanted),
    };
    let parts = Parts::of(rest);
    // What is named from the root is found by that name, also below `cwd`.
    let is_absolute = Path::new(wanted).is_absolute();
    let start = cwd.join(if base.is_empty() { "." } else { base });
    let mut found = GlobMatches::default();
    let entries = walkdir::WalkDir::new(&start)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !entry.file_type().is_dir() || parts.lead_through(entry));
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = named(error.path().unwrap_or(&start), cwd);
                let is_gone = error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
                if !is_gone {
                    found.unreadable.push((path.into(), error.into()));
                }
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir()
            || (entry.path_is_symlink() && entry.path().metadata().is_ok_and(|target| target.is_dir()));
        let name = if is_absolute { named(entry.path(), Path::new("")) } else { named(entry.path(), cwd) };
        if !is_folder && fast_glob::glob_match(wanted, &name) {
            found.paths.push(name.into());
        }
    }
    sort(&mut found.paths);
    found
}

fn named(path: &Path, cwd: &Path) -> String {
    let name = path.strip_prefix(cwd).unwrap_or(path);
    name.strip_prefix(".").unwrap_or(name).to_string_lossy().replace('\\', "/")
}

/// The part of a pattern after its fixed beginning, by folder.
struct Parts<'a>(Option<Vec<&'a str>>);

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        // What is in braces may have slashes of its own: then every folder may lead to a match.
        Self((!rest.contains('{')).then(|| rest.split('/').collect()))
    }

    /// Whether anything in this folder can match. What cannot is not looked into, and need not be readable.
    fn lead_through(&self, folder: &walkdir::DirEntry) -> bool {
        let Some(parts) = &self.0 else { return true };
        let depth = folder.depth();
        let before = parts.get(..depth).unwrap_or(parts);
        if before.contains(&"**") {
            return true;
        }
        let own = depth.checked_sub(1).and_then(|index| parts.get(index));
        depth < parts.len()
            && own.is_some_and(|own| fast_glob::glob_match(*own, &*folder.file_name().to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_cannot_match_are_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/x/1.bin", "a/x/deep/2.bin", "b/x/3.bin", "4.bin"] {
            std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(path), "").unwrap();
        }
        for (pattern, expected) in [
            ("*.bin", vec!["4.bin"]),
            ("./a/*/*.bin", vec!["a/x/1.bin"]),
            ("**/*.bin", vec!["4.bin", "a/x/1.bin", "a/x/deep/2.bin", "b/x/3.bin"]),
            ("a/**/2.bin", vec!["a/x/deep/2.bin"]),
            ("{a/x,b/*}/?.bin", vec!["a/x/1.bin", "b/x/3.bin"]),
            ("nowhere/*", vec![]),
        ] {
            let found = glob(pattern, folder.path());
            assert_eq!(found.paths, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{pattern}");
            assert!(found.unreadable.is_empty());
            let absolute = folder.path().join(pattern.trim_start_matches("./"));
            let found = glob(&absolute.to_string_lossy(), folder.path());
            let expected: Vec<_> = expected.iter().map(|path| folder.path().join(path)).collect();
            assert_eq!(found.paths, expected, "{}", absolute.display());
        }
    }
}
