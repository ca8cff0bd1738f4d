//! The files a tool sees; what may be read and written is decided by [`Files`].

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lw_hashed::HashSet;
use lw_model::{Finding, Level, Report};
use sha2::{Digest, Sha256};

use crate::args::Missing;
use crate::context::Context;
use crate::error::Error;
use crate::files::{self, Bytes, Files, Fill, Input, InputFolder, PendingFile, PendingFolder};

impl Context {
    /// The files of this run, which threads may share.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// A path of the user's, seen from the folder the run started in.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.files.resolve(path)
    }

    /// Opens an input file.
    ///
    /// # Errors
    /// When it cannot be read, naming it; when it is also an output of this run.
    pub fn open(&self, path: &Path) -> Result<Bytes, Error> {
        self.files.open(path)
    }

    /// Opens a folder of the user's to look into.
    ///
    /// # Errors
    /// When there is none at this path.
    pub fn folder(&self, path: &Path) -> Result<InputFolder<'_>, Error> {
        self.files.folder(path)
    }

    /// The folder where a program keeps what it has downloaded, which is none of the user's inputs: what a variable of the
    /// environment names (`CARGO_HOME`), else one below the user's home (`.cargo`); `None` where there is none.
    #[must_use]
    pub fn program_home(&self, variable: &str, below_home: &str) -> Option<InputFolder<'_>> {
        let host = self.host();
        let named = host.var(variable).map(PathBuf::from);
        let home = || {
            host.var("HOME").or_else(|| host.var("USERPROFILE")).map(|home| Path::new(&home).join(below_home))
        };
        self.files.home_folder(&named.or_else(home)?)
    }

    /// Opens an input file to be read piece by piece: the memory this takes does not depend on the file's size.
    ///
    /// # Errors
    /// When it cannot be opened, naming it; when it is also an output of this run.
    pub fn stream(&self, path: &Path) -> Result<Input, Error> {
        self.files.stream(path)
    }

    /// An input file that could not be read, as an error that names it.
    #[must_use]
    pub fn unreadable(&self, path: &Path, error: &io::Error) -> Error {
        self.files.unreadable(path, error)
    }

    /// The files that patterns name, in order and without repetition.
    ///
    /// A pattern with `*`, `?`, `[…]`, `{…}` or `**` may match any number of files. A file whose name is the pattern itself
    /// is meant only when it matches nothing else: a checkout must not hide files by bringing one of that name. A plain
    /// path stands for itself.
    ///
    /// # Errors
    /// What `--missing` says of a pattern that names nothing, and of a folder that cannot be looked into: an error, or a
    /// note in `report`.
    pub fn expand(&self, patterns: &[String], report: &mut Report) -> Result<Vec<PathBuf>, Error> {
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut known: HashSet<PathBuf> = HashSet::new();
        for pattern in patterns {
            let literal = PathBuf::from(pattern);
            let mut found = files::GlobMatches::default();
            if files::is_pattern(pattern) {
                found = files::glob(pattern, self.files.cwd());
            }
            let is_there = self.files.is_there(&literal);
            found.paths.retain(|path| *path != literal);
            if is_there && found.paths.is_empty() {
                found.paths.push(literal);
            } else if is_there {
                let message = format!(
                    "{pattern}: a file of this very name was not looked at, since the pattern matches others"
                );
                left_out(Level::Warning, pattern, message, report);
            }
            for (folder, error) in &found.unreadable {
                self.unreadable_folder(pattern, folder, error, report)?;
            }
            if found.paths.is_empty() && found.unreadable.is_empty() {
                self.missing_input(pattern, report)?;
            }
            for path in found.paths {
                if known.insert(path.clone()) {
                    paths.push(path);
                }
            }
        }
        Ok(paths)
    }

    /// What a missing input means for this run: an error, a warning or a note.
    ///
    /// # Errors
    /// With `--missing fail`.
    pub fn missing_input(&self, input: &str, report: &mut Report) -> Result<(), Error> {
        let Some(level) = self.level_of_missing() else {
            let folder = self.files.cwd().display();
            let error = Error::input(format!("{input}: no such file"));
            return Err(error.hint(format!(
                "paths are seen from {folder}; `--missing warn` or `skip` lets a run go on without it"
            )));
        };
        left_out(level, input, format!("{input} is missing: it was not looked at"), report);
        Ok(())
    }

    fn unreadable_folder(
        &self,
        pattern: &str,
        folder: &Path,
        error: &io::Error,
        report: &mut Report,
    ) -> Result<(), Error> {
        let folder = folder.display();
        let Some(level) = self.level_of_missing() else {
            return Err(Error::input(format!("{pattern}: {error}"))
                .hint("what it holds may match; `--missing warn` or `skip` lets a run go on without it"));
        };
        let key = format!("{pattern}:{folder}");
        left_out(level, &key, format!("{pattern}: {error}: what {folder} holds was not looked at"), report);
        Ok(())
    }

    /// What a missing input is worth telling as; `None` where it is an error.
    fn level_of_missing(&self) -> Option<Level> {
        match self.common().missing {
            Missing::Fail => None,
            Missing::Warn => Some(Level::Warning),
            Missing::Skip => Some(Level::Note),
        }
    }

    /// Writes a file at once or not at all.
    ///
    /// # Errors
    /// When it may not be there, or cannot be written.
    pub fn write(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        let mut fill = Some(fill);
        self.write_by(path, &mut |out| fill.take().map_or(Ok(()), |fill| fill(out)))
    }

    fn write_by(&self, path: &Path, fill: Fill<'_>) -> Result<(), Error> {
        if !self.lists_artifacts() {
            return self.files.write(path, fill);
        }
        let mut digest = None;
        self.files.write(path, &mut |out| {
            let mut out = Hashed { out, sha256: Sha256::new(), bytes: 0 };
            fill(&mut out)?;
            digest = Some((out.sha256.finalize(), out.bytes));
            Ok(())
        })?;
        if let Some((sha256, bytes)) = digest {
            self.add_artifact(path, &sha256, bytes);
        }
        Ok(())
    }

    /// Starts a file that is written piece by piece, in any order, and is there at once or not at all.
    ///
    /// # Errors
    /// When it may not be there, or cannot be made.
    pub fn create(&self, path: &Path) -> Result<PendingFile, Error> {
        self.files.create(path)
    }

    /// Starts a folder whose files are all there at once or not at all.
    ///
    /// # Errors
    /// When it may not be there or cannot be made, or when there is something at `path` already.
    pub fn create_folder(&self, path: &Path) -> Result<PendingFolder, Error> {
        self.files.create_folder(path)
    }

    /// An output file that could not be written, as an error that names it.
    #[must_use]
    pub fn unwritable(&self, path: &Path, error: &io::Error) -> Error {
        files::unwritable(path, error)
    }

    /// Adds lines to a file, each ended by a line feed: all of them or none.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append_lines(&self, path: &Path, lines: &str) -> Result<(), Error> {
        self.files.append(path, lines.as_bytes())
    }
}

/// Hashes what is written on its way.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    sha256: Sha256,
    bytes: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn left_out(level: Level, key: &str, message: String, report: &mut Report) {
    let rule = format!("{}/missing-input", report.tool.name);
    report.add_finding(Finding::new(rule, level, key, message));
}
