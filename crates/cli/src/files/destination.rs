//! Where an output goes, and whether it may.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::follow::follow;
use super::identity::FileId;
use super::policy::Files;
use super::read::{block, name_of, onto_input};
use crate::error::Error;

/// What an output is written to.
#[derive(Debug)]
pub(super) enum Destination {
    /// A file that is there or will be: a path without links.
    Path(PathBuf),
    /// Something that bytes go into: a device, a FIFO somebody reads, a descriptor of the caller's.
    Open(File),
}

/// What is done to an output that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is replaced, so it must be no input.
    Replace,
    /// It becomes longer.
    Append,
}

impl Files {
    /// Decides where an output goes.
    ///
    /// # Errors
    /// When it would leave the workspace in a way it may not, is an input of this run, or cannot be written to.
    pub(super) fn destination(&self, path: &Path, way: Way) -> Result<Destination, Error> {
        if path.as_os_str() == "-" {
            return Err(Error::usage("an output cannot be `-`")
                .hint("standard output is for the report; name a file, or /dev/stdout"));
        }
        let configured = self.place_in_config(path);
        if let (Some(number), None) = (descriptor(path), &configured) {
            return own_descriptor(number, path)
                .map(Destination::Open)
                .map_err(|error| unwritable(path, &error));
        }
        let target = self.permitted(path, configured.as_deref())?;
        match std::fs::metadata(&target) {
            Ok(metadata) if metadata.is_file() => {
                if way == Way::Replace {
                    self.spare_inputs(path, &target)?;
                }
                Ok(Destination::Path(target))
            }
            Ok(metadata) if metadata.is_dir() => {
                Err(unwritable(path, &io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")))
            }
            Ok(metadata) if !takes_bytes(metadata.file_type()) => {
                let kind = name_of(metadata.file_type());
                Err(Error::usage(format!("{}: it is {kind}, and is not replaced by a file", path.display()))
                    .hint("name a file"))
            }
            Ok(_) => open_special(&target).map(Destination::Open).map_err(|error| unwritable(path, &error)),
            // Not there yet; what else is wrong with it shows when it is written.
            Err(_) => Ok(Destination::Path(target)),
        }
    }

    /// The path without links, when an output may be there; `configured` is the place in `lw.toml` that says so.
    ///
    /// # Errors
    /// When a link of the workspace leads out of it, or `lw.toml` does.
    pub(super) fn permitted(&self, path: &Path, configured: Option<&str>) -> Result<PathBuf, Error> {
        let full = self.resolve(path);
        let followed = follow(&full).map_err(|error| unwritable(path, &error))?;
        let in_workspace = followed.path.starts_with(&self.root);
        if let Some(place) = configured
            && !in_workspace
        {
            return Err(Error::usage(format!(
                "{place}: {} is outside of the workspace, where lw.toml may not have files written",
                path.display()
            ))
            .hint("name it on the command line or as an input of the action"));
        }
        let ours = |path: &Path| {
            path.starts_with(&self.root)
                || self.temporary.as_ref().is_some_and(|folder| path.starts_with(folder))
        };
        let is_link = std::fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_symlink());
        // Links of the machine, such as /tmp of macOS, are nobody's attack.
        if !ours(&followed.path) && (is_link || followed.links.iter().any(|link| ours(link))) {
            return Err(Error::usage(format!(
                "{}: a symbolic link leads to {}, outside of the workspace",
                path.display(),
                followed.path.display()
            ))
            .hint("name the file itself, or remove the link"));
        }
        Ok(followed.path)
    }

    /// Refuses an output that is an input, and notes it for inputs to come.
    fn spare_inputs(&self, path: &Path, target: &Path) -> Result<(), Error> {
        let Some(id) = FileId::of(target) else { return Ok(()) };
        let mut state = self.state();
        if let Some(input) = state.inputs.get(&id) {
            return Err(onto_input(path, input));
        }
        state.outputs.insert(id, path.to_owned());
        Ok(())
    }
}

/// An output file that could not be written, as an error that names it.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::remote(format!("{}: {error}", path.display())).context("could not write")
}

/// The number of a descriptor that the caller opened for us, when the path says nothing else: a link to one does not
/// count, since it may come with the checkout.
pub(super) fn descriptor(path: &Path) -> Option<u32> {
    let text = path.to_str()?;
    match text {
        "-" => return Some(0),
        _ if !cfg!(unix) => return None,
        "/dev/stdin" => return Some(0),
        "/dev/stdout" => return Some(1),
        "/dev/stderr" => return Some(2),
        _ => {}
    }
    let number = text.strip_prefix("/dev/fd/").or_else(|| text.strip_prefix("/proc/self/fd/"))?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

/// A descriptor of the caller's to write into, where it stands.
#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "nothing is printed: the descriptor is what is asked for")]
fn own_descriptor(number: u32, path: &Path) -> io::Result<File> {
    use std::os::fd::AsFd;
    match number {
        1 => Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
        2 => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        _ => open_special(path),
    }
}

#[cfg(not(unix))]
fn own_descriptor(_: u32, path: &Path) -> io::Result<File> {
    open_special(path)
}

/// Opens for writing what is no regular file. A FIFO that nobody reads is an error at once.
fn open_special(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    block(&file)?;
    Ok(file)
}

/// Whether bytes can be written into it in their order: not into a disk, nor into a socket.
#[cfg(unix)]
fn takes_bytes(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_fifo()
}

#[cfg(not(unix))]
fn takes_bytes(_: std::fs::FileType) -> bool {
    true
}
