//! Nothing of a repository may be a pipe or a device: reading one waits for ever, or never ends.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::discover::path::{from_gitdir_file, from_plain_file};
use lw_model::lists::filled;

use crate::error::HistoryError;

/// Folders of a git folder that are read at any depth.
const DEEP: [&str; 3] = ["refs", "logs", "objects"];

/// Looks at everything that may be read of the repository whose work tree or `.git` is at `path`, before it is.
///
/// The types come with the listing of a folder, so that this takes no look at each object. What cannot be listed or
/// followed is left for the reading to tell of.
///
/// # Errors
/// When something there is a FIFO or a device, or a link to one. Sockets cannot be opened as files, so that they do no
/// harm; git's own file system monitor has one.
pub(crate) fn check(path: &Path) -> Result<(), HistoryError> {
    let Some(Folders { private, common }) = top(path)? else { return Ok(()) };
    let roots: BTreeSet<_> = filled([&private, &common]);
    for root in roots {
        for name in DEEP {
            folder(&root.join(name), true)?;
        }
    }
    alternates(&common.join("objects"), |one| folder(one, true))
}

/// Looks at what is read to open the repository and to know what is checked out, and at nothing else: of the references
/// the one that HEAD names, and no objects, which lie in some hundred folders.
///
/// # Errors
/// As [`check`] has.
pub(crate) fn check_head(path: &Path) -> Result<(), HistoryError> {
    let Some(Folders { private, common }) = top(path)? else { return Ok(()) };
    let opened = |objects: &Path| {
        folder(objects, false)?;
        folder(&objects.join("info"), false)
    };
    let objects = common.join("objects");
    opened(&objects)?;
    alternates(&objects, opened)?;
    let Some(name) = referent(&private.join("HEAD")) else { return Ok(()) };
    let roots: BTreeSet<_> = filled([&private, &common]);
    for root in roots {
        let reference = root.join(&name);
        if let Ok(metadata) = reference.metadata() {
            refuse(&reference, &metadata.file_type())?;
        }
    }
    Ok(())
}

/// The name after `ref:`, which git has in `HEAD` unless a commit is checked out.
fn referent(head: &Path) -> Option<PathBuf> {
    /// Longer than any name of a reference can be.
    const MAX_BYTES: u64 = 1 << 13;
    let mut text = Vec::new();
    File::open(head).ok()?.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    let name = text.strip_prefix(b"ref:")?.trim_ascii();
    Some(gix::path::from_bstr(name.as_bstr()).ok()?.into_owned())
}

/// The folders a repository is in.
struct Folders {
    /// Of this work tree alone.
    private: PathBuf,
    /// Of all its work trees: a linked one shares all but its HEAD.
    common: PathBuf,
}

/// Finds the folders and looks at what stands in them, but not below. `None` where there is no repository, or none that
/// can be followed.
fn top(path: &Path) -> Result<Option<Folders>, HistoryError> {
    let below = path.join(".git");
    let git = if below.symlink_metadata().is_ok() {
        below
    } else if path.join("HEAD").symlink_metadata().is_ok() {
        path.to_owned()
    } else {
        // No repository: what lies in the folder is nobody's business.
        return Ok(None);
    };
    let Ok(metadata) = git.metadata() else { return Ok(None) };
    refuse(&git, &metadata.file_type())?;
    let private = if metadata.is_file() {
        let Ok(folder) = from_gitdir_file(&git) else { return Ok(None) };
        folder
    } else {
        git
    };
    folder(&private, false)?;
    let common = match from_plain_file(&private.join("commondir")) {
        Some(Ok(common)) => private.join(common),
        _ => private.clone(),
    };
    folder(&common, false)?;
    Ok(Some(Folders { private, common }))
}

/// Folders of objects that a repository borrows from others, and those they borrow.
fn alternates(objects: &Path, look: impl Fn(&Path) -> Result<(), HistoryError>) -> Result<(), HistoryError> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![objects.to_owned()];
    while let Some(one) = todo.pop() {
        if !seen.insert(one.canonicalize().unwrap_or_else(|_| one.clone())) {
            continue;
        }
        if one != objects {
            look(&one)?;
        }
        let Some(Ok(listed)) = from_plain_file(&one.join("info/alternates")) else { continue };
        // The whole text came as if it were one path.
        let Ok(text) = gix::path::into_bstr(listed) else { continue };
        let Ok(paths) = gix::odb::alternate::parse(&text) else { continue };
        todo.extend(paths.into_iter().map(|path| objects.join(path)));
    }
    Ok(())
}

/// Checks what stands in a folder, and in those below if it is `deep`.
fn folder(path: &Path, deep: bool) -> Result<(), HistoryError> {
    let mut links = BTreeSet::new();
    let mut todo: Vec<PathBuf> = vec![path.to_owned()];
    while let Some(folder) = todo.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let Ok(mut kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_symlink() {
                let Ok(target) = path.metadata() else { continue };
                kind = target.file_type();
                // A link may lead back to a folder above itself.
                if kind.is_dir() && !path.canonicalize().is_ok_and(|target| links.insert(target)) {
                    continue;
                }
            }
            if kind.is_dir() {
                if deep {
                    todo.push(path);
                }
                continue;
            }
            refuse(&path, &kind)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn refuse(path: &Path, kind: &impl std::os::unix::fs::FileTypeExt) -> Result<(), HistoryError> {
    let kind = if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        return Ok(());
    };
    Err(HistoryError::NotRegular { path: path.display().to_string(), kind })
}

/// Other systems keep pipes and devices out of their folders.
#[cfg(not(unix))]
fn refuse<T>(_: &Path, _: &T) -> Result<(), HistoryError> {
    Ok(())
}
