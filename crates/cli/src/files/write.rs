//! Writing whole files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::destination::{Destination, Way, unwritable};
use super::pending::{PendingFile, PendingFolder};
use super::policy::Files;
use crate::error::Error;

/// What writes the content of a file, called once: not of its own type each, or all of this would be made anew for each.
pub(crate) type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

impl Files {
    /// Writes a file so that its name never holds half of it: a temporary file beside it, synced, then renamed.
    ///
    /// # Errors
    /// When it may not be there, or cannot be written; the temporary file is gone then.
    pub(crate) fn write(&self, path: &Path, fill: Fill<'_>) -> Result<(), Error> {
        let written = match self.destination(path, Way::Replace)? {
            Destination::Path(target) => replace(PendingFile::beside(&target, &self.watch), fill),
            Destination::Open(file) => {
                let mut out = BufWriter::with_capacity(1 << 16, file);
                fill(&mut out).and_then(|()| out.flush())
            }
        };
        written.map_err(|error| unwritable(path, &error))
    }

    /// Starts a file that is written piece by piece.
    ///
    /// # Errors
    /// When it may not be there, or cannot be made.
    pub(crate) fn create(&self, path: &Path) -> Result<PendingFile, Error> {
        let pending = match self.destination(path, Way::Replace)? {
            Destination::Path(target) => {
                PendingFile::beside(&target, &self.watch).map(PendingFile::removed_when_interrupted)
            }
            Destination::Open(file) => PendingFile::into_special(file, &self.watch),
        };
        pending.map_err(|error| unwritable(path, &error))
    }

    /// Writes a secret into a new file that only its owner may read.
    ///
    /// # Errors
    /// When it may not be there, when something is there already (a key is never lost by a second run), or when it cannot be
    /// written.
    pub(crate) fn write_secret(&self, path: &Path, secret: &[u8]) -> Result<(), Error> {
        let mut pending = self.create(path)?;
        let is_there = std::fs::symlink_metadata(self.resolve(path)).is_ok();
        if pending.is_special() || is_there {
            return Err(Error::usage(format!("{}: there is something of this name already", path.display()))
                .hint("name a file that does not exist: a private key is never written over another file"));
        }
        let write = || {
            pending.make_private()?;
            pending.write_all(secret)?;
            pending.publish()
        };
        write().map_err(|error| unwritable(path, &error))
    }

    /// Starts a folder whose files are all there at once or not at all.
    ///
    /// # Errors
    /// When it may not be there, cannot be made, or something is there already.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<PendingFolder, Error> {
        let target = self.permitted(path, self.place_in_config(path).as_deref())?;
        PendingFolder::beside(&target, &self.watch).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => {
                Error::usage(format!("{}: the folder is there and not empty", path.display()))
                    .hint("name a folder that does not exist, or an empty one")
            }
            _ => unwritable(path, &error),
        })
    }

    /// Writes one of many files that only mean something together, such as the pages of a report, in the pieces that `fill` gives.
    /// It is not synced, which would take longer than all the rest; write the file that leads to them last, with
    /// [`Context::write`](crate::Context::write).
    ///
    /// # Errors
    /// When it may not be there, or cannot be written.
    pub fn write_page(&self, path: &Path, fill: Fill<'_>) -> Result<(), Error> {
        let target = self.permitted(path, self.place_in_config(path).as_deref())?;
        // The usual case first: nothing is there.
        let written = match File::options().write(true).create_new(true).open(&target) {
            Ok(mut file) => fill(&mut file),
            Err(_) => match self.destination(path, Way::Replace)? {
                Destination::Path(target) => overwrite(&target, fill),
                Destination::Open(mut file) => fill(&mut file),
            },
        };
        written.map_err(|error| unwritable(path, &error))
    }

    /// Makes a folder to write pages into.
    ///
    /// # Errors
    /// When it may not be there, or cannot be made.
    pub fn make_folder(&self, path: &Path) -> Result<(), Error> {
        let target = self.permitted(path, self.place_in_config(path).as_deref())?;
        std::fs::create_dir_all(target).map_err(|error| unwritable(path, &error))
    }

    /// Replaces a file that has a name of ours in a folder of the CI's. A link there is replaced, not followed.
    ///
    /// # Errors
    /// Those of the operating system; a folder or a device of that name is one.
    pub(crate) fn replace_own(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let full = self.resolve(path);
        if let Ok(metadata) = std::fs::symlink_metadata(&full)
            && !metadata.is_file()
            && !metadata.is_symlink()
        {
            return Err(io::Error::other("it is no regular file, and is not replaced by one"));
        }
        replace(PendingFile::beside(&full, &self.watch), &mut |out| out.write_all(bytes))
    }
}

fn replace(pending: io::Result<PendingFile>, fill: Fill<'_>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, pending?);
    fill(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.publish()
}

/// Writes over a file that is there, and not over what a link in its place would lead to.
fn overwrite(path: &Path, fill: Fill<'_>) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    fill(&mut options.open(path)?)
}
