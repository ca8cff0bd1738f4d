//! Where a path leads when all symbolic links are followed, also where its end does not exist yet.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows before it gives up (`ELOOP`).
const MOST_LINKS: usize = 40;

/// A path without links, and those that led there.
#[derive(Debug)]
pub(super) struct Followed {
    /// The path without any link.
    pub(super) path: PathBuf,
    /// Where each link on the way lies, itself a path without links.
    pub(super) links: Vec<PathBuf>,
}

/// Follows all links of an absolute path. What does not exist is taken as it is written.
///
/// # Errors
/// Those of the operating system; links that lead in a circle are one.
pub(super) fn follow(path: &Path) -> io::Result<Followed> {
    let mut todo: VecDeque<OsString> = parts(path).collect();
    let mut at = PathBuf::new();
    let mut links = Vec::new();
    while let Some(part) = todo.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                at.pop();
            }
            Some(Component::Normal(_)) => {
                let next = at.join(&part);
                match std::fs::symlink_metadata(&next) {
                    Ok(metadata) if metadata.is_symlink() => {
                        if links.len() == MOST_LINKS {
                            return Err(io::Error::other("its symbolic links lead in a circle"));
                        }
                        for part in parts(&std::fs::read_link(&next)?).rev() {
                            todo.push_front(part);
                        }
                        links.push(next);
                    }
                    Ok(_) => at = next,
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                    {
                        at = next;
                    }
                    Err(error) => return Err(error),
                }
            }
            Some(Component::RootDir | Component::Prefix(_)) => at.push(&part),
            Some(Component::CurDir) | None => {}
        }
    }
    Ok(Followed { path: at, links })
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>().into_iter()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_as_the_system_does_and_a_missing_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a/b", root.join("l")).unwrap();
        symlink("../l/new", root.join("a/m")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        for (path, end, links) in
            [("a/b/x/y", "a/b/x/y", 0), ("l/x", "a/b/x", 1), ("l/../x", "a/x", 1), ("./a/m", "a/b/new", 2)]
        {
            let followed = follow(&root.join(path)).unwrap();
            assert_eq!((followed.path, followed.links.len()), (root.join(end), links), "{path}");
        }
        assert!(follow(&root.join("circle")).is_err());
    }
}
