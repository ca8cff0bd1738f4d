//! Where `lw.toml` comes from: the workspace, or the commit a pull request is compared with.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use lw_history::Repository;
use lw_model::Location;

use crate::context::Origin;
use crate::error::{Error, ResultExt};
use crate::files::Files;
use crate::host::Host;

/// The largest file, in bytes: more is something else.
const LARGEST: u64 = 16 << 20;

/// Name of the file.
pub(crate) const NAME: &str = "lw.toml";

/// One configuration file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    path: String,
    text: String,
    /// Abbreviated id of the commit it is from; the workspace's own has none.
    commit: Option<String>,
    /// Positions of the ends of lines: 200 000 limits ask for their lines.
    line_ends: Vec<usize>,
    /// Where its positions begin among those of all files of a run: with it a position also says which file it is in.
    start: usize,
}

/// A line of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    path: String,
    line: u32,
    commit: Option<String>,
}

impl Place {
    /// The same for reports. A line of another commit is no place in this one.
    pub(crate) fn origin(&self) -> Origin {
        match &self.commit {
            None => Origin { text: self.path.clone(), location: Some(Location::line(&self.path, self.line)) },
            Some(_) => Origin { text: self.to_string(), location: None },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)?;
        match &self.commit {
            Some(commit) => write!(f, " of {commit}"),
            None => Ok(()),
        }
    }
}

impl Source {
    pub(crate) fn new(path: String, text: String, commit: Option<&str>) -> Self {
        let line_ends = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        let commit = commit.map(|id| id.chars().take(10).collect());
        Self { path, text, commit, line_ends, start: 0 }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The file as errors name it.
    pub(crate) fn name(&self) -> String {
        match &self.commit {
            Some(commit) => format!("{} of {commit}", self.path),
            None => self.path.clone(),
        }
    }

    /// The line of a position in this file.
    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let line = self.line_ends.partition_point(|end| *end < span.start) + 1;
        Place {
            path: self.path.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            commit: self.commit.clone(),
        }
    }

    /// A position in this file as one among all files of the run.
    pub(crate) fn shifted(&self, span: &Range<usize>) -> Range<usize> {
        span.start + self.start..span.end + self.start
    }
}

/// The files of a run, the farthest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    pub(crate) fn new(mut files: Vec<Source>) -> Self {
        let mut start = 0;
        for file in &mut files {
            file.start = start;
            start += file.text.len() + 1;
        }
        Self(files)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// Whether other files say the same in the same places.
    pub(crate) fn same_text(&self, other: &Self) -> bool {
        let texts = |sources: &Self| -> Vec<(String, String)> {
            sources.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
        };
        texts(self) == texts(other)
    }

    /// The line of a [shifted](Source::shifted) position.
    pub(crate) fn place(&self, span: &Range<usize>) -> Option<Place> {
        let index = self.0.partition_point(|file| file.start <= span.start).checked_sub(1)?;
        let file = self.0.get(index)?;
        Some(file.place(&(span.start - file.start..span.end.saturating_sub(file.start))))
    }
}

/// Which files are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigFiles {
    /// None at all.
    Nothing,
    /// The one the user names.
    Named(PathBuf),
    /// All between the root of the repository and the folder of the run.
    Search,
}

impl ConfigFiles {
    pub(crate) fn of(config: Option<&Path>) -> Self {
        match config {
            Some(path) if path.as_os_str() == "none" => Self::Nothing,
            Some(path) => Self::Named(path.to_owned()),
            None => Self::Search,
        }
    }

    /// The files as paths from the root of the repository, the farthest first; `None` when the user names one that is
    /// not in the repository, which no commit has.
    fn in_repository(&self, host: &Host) -> Option<Vec<String>> {
        let root = host.root();
        match self {
            Self::Nothing => Some(Vec::new()),
            Self::Named(path) => {
                let full = lexically_normal(&host.cwd.join(path));
                Some(vec![slashed(full.strip_prefix(lexically_normal(&root)).ok()?)])
            }
            Self::Search => {
                Some(folders(host).iter().map(|folder| slashed(&shown(&folder.join(NAME), &root))).collect())
            }
        }
    }

    /// The files of the workspace.
    ///
    /// # Errors
    /// When one is there and cannot be read, or the named one is not there.
    pub(crate) fn in_workspace(&self, host: &Host, files: &Files) -> Result<Sources, Error> {
        let root = host.root();
        let read = |path: &Path| {
            let name = slashed(&shown(path, &root));
            let bytes = files
                .read_bounded(path, LARGEST)
                .map_err(|error| Error::usage(format!("{name}: {error}")))?;
            text_of(name, &bytes, None)
        };
        match self {
            Self::Nothing => Ok(Sources::default()),
            Self::Named(path) => Ok(Sources::new(vec![read(&host.cwd.join(path))?])),
            Self::Search => {
                let mut found = Vec::new();
                for folder in folders(host) {
                    let path = folder.join(NAME);
                    match fs::symlink_metadata(&path) {
                        // What is there counts, also a link that leads nowhere: its limits would be missing in silence.
                        Ok(_) => found.push(read(&path)?),
                        Err(error)
                            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                        Err(error) => {
                            let name = slashed(&shown(&path, &root));
                            return Err(Error::usage(format!("{name}: {error}")));
                        }
                    }
                }
                Ok(Sources::new(found))
            }
        }
    }

    /// The same files as a commit has them; without a commit there are none. `None` when the user names a file outside
    /// the repository: no change can touch it.
    ///
    /// # Errors
    /// When one cannot be read, or the named one is not there.
    pub(crate) fn in_commit(
        &self,
        host: &Host,
        repository: &Repository,
        commit: Option<&str>,
    ) -> Result<Option<Sources>, Error> {
        let Some(paths) = self.in_repository(host) else { return Ok(None) };
        let mut files = Vec::new();
        for path in paths {
            let found = match commit {
                Some(commit) => repository.read_file(commit, &path)?,
                None => None,
            };
            match found {
                Some(bytes) => files.push(text_of(path, &bytes, commit)?),
                None if matches!(self, Self::Named(_)) => {
                    let of = commit.map_or_else(|| "the base".to_owned(), short);
                    return Err(Error::usage(format!("{path}: there is no such file in {of}"))
                        .hint("with `config-from: base` the file that `config` names has to be on the base branch already"));
                }
                None => {}
            }
        }
        Ok(Some(Sources::new(files)))
    }
}

/// Ids as reports show them.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(10).collect()
}

fn text_of(path: String, bytes: &[u8], commit: Option<&str>) -> Result<Source, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            Error::usage(format!("line {line} is not UTF-8"))
        })
        .context(path.clone())?;
    Ok(Source::new(path, text.to_owned(), commit))
}

/// The folders from the root of the repository to that of the run. Not above the root: a stray file in a home folder
/// must not decide.
fn folders(host: &Host) -> Vec<PathBuf> {
    let root = host.root();
    let mut folders: Vec<PathBuf> =
        host.cwd.ancestors().take_while(|folder| folder.starts_with(&root)).map(Path::to_owned).collect();
    folders.reverse();
    folders
}

fn shown(path: &Path, root: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A path without `.` and `..`, by its text alone: a link of the change under test must not lead elsewhere.
fn lexically_normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_among_all_files_says_its_file_and_line() {
        let file = |path: &str, text: &str| Source::new(path.into(), text.into(), None);
        let sources =
            Sources::new(vec![file("lw.toml", "a\nb"), file("x/lw.toml", ""), file("y/lw.toml", "c\nd\n")]);
        let all: Vec<&Source> = sources.iter().collect();
        for (index, position, place) in [
            (0, 0, "lw.toml:1"),
            (0, 2, "lw.toml:2"),
            (0, 3, "lw.toml:2"),
            (1, 0, "x/lw.toml:1"),
            (2, 0, "y/lw.toml:1"),
            (2, 3, "y/lw.toml:2"),
        ] {
            let shifted = all[index].shifted(&(position..position));
            assert_eq!(sources.place(&shifted).unwrap().to_string(), place);
        }
    }

    #[test]
    fn paths_are_normal_by_their_text() {
        assert_eq!(lexically_normal(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(lexically_normal(Path::new("/../a")), Path::new("/a"));
    }
}
