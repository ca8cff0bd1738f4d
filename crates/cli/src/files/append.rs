//! Adding lines to a file: whole ones or none.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::destination::{Destination, Way, unwritable};
use super::pending::made;
use super::policy::Files;
use crate::error::Error;

/// A file of lines of ours is far smaller; more is somebody else's, and none of it is kept.
const LARGEST_OWN: u64 = 1 << 20;

impl Files {
    /// Adds lines to a file. Those of parallel runs never mix, and when there is no room for all, none is added.
    ///
    /// # Errors
    /// When the file may not be there, or cannot be written.
    pub(crate) fn append(&self, path: &Path, lines: &[u8]) -> Result<(), Error> {
        let appended = match self.destination(path, Way::Append)? {
            Destination::Open(mut file) => file.write_all(lines),
            Destination::Path(target) => append(&target, lines),
        };
        appended.map_err(|error| unwritable(path, &error))
    }

    /// Adds lines to a file that is all ours, by the name it has: of what is there only lines are kept that begin with one
    /// of `prefixes`. A checkout may come with such a file, or with a link of its name, which is not followed.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn append_own(&self, path: &Path, lines: &[u8], prefixes: &[String]) -> io::Result<()> {
        let full = self.resolve(path);
        let mut old = Vec::new();
        if std::fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_file()) {
            File::open(&full)?.take(LARGEST_OWN).read_to_end(&mut old)?;
        }
        let is_own = |line: &&[u8]| prefixes.iter().any(|prefix| line.starts_with(prefix.as_bytes()));
        let kept: Vec<&[u8]> = old
            .split_inclusive(|byte| *byte == b'\n')
            .filter(is_own)
            .filter(|line| line.ends_with(b"\n"))
            .collect();
        if !kept.is_empty() && kept.iter().map(|line| line.len()).sum::<usize>() == old.len() {
            return append(&full, lines);
        }
        self.replace_own(path, &[kept.concat().as_slice(), lines].concat())
    }
}

/// Adds lines at the end of a regular file.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    made(path)?;
    let mut file = File::options().read(true).append(true).create(true).open(path)?;
    // Where locks are not supported, one write is still as good as it gets.
    let is_locked = file.lock().is_ok();
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(lines.len() + 1);
    if length > 0 && !ends_a_line(&mut file)? {
        // Somebody else's last line has no end: ours is one of its own all the same.
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(lines);
    let written = file.write_all(&bytes);
    if written.is_err() && is_locked {
        let _ = file.set_len(length);
    }
    written
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_of_its_own_after_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/h.jsonl");
        append(&path, b"a\n").unwrap();
        append(&path, b"b\nc\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a\nb\nc\n");
        std::fs::write(&path, "half").unwrap();
        append(&path, b"d\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"half\nd\n");
    }
}
