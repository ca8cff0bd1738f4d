//! Which file of the repository a path of a report means.
//!
//! Reports name files as the tool saw them: absolute on the machine of the build, relative to a folder of the
//! sources, as an import path of Go or a package of Java, with backslashes. [`Mapper`] finds the file by these
//! rules, the first that applies:
//!
//! 1. The path, without a prefix to strip, is that of a file of the repository.
//! 2. The path ends with that of a file of the repository; of several the longest.
//! 3. A file of the repository ends with the path, or with the longest end of it that any file has. An end of the
//!    name of the file alone counts only when it is the whole path: `/usr/include/vector` is not `src/vector`.
//!
//! Where rule 3 finds several files, the one whose folders name all the rest of the path in its order is meant
//! (the module of a JaCoCo group); otherwise it is an error that names two of them, never a guess.

mod index;
mod normal;

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_model::Diagnose;
use thiserror::Error;

use crate::error::MergeError;
use crate::model::{Coverage, FileCoverage};

pub use index::RepoIndex;
pub use normal::normalize;

/// Why the paths of a report could not be mapped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// A path may mean several files.
    #[error("`{path}` of the report may be `{first}` or `{second}`")]
    Ambiguous {
        /// The path in the report.
        path: String,
        /// A file it may be.
        first: String,
        /// Another one.
        second: String,
    },
    /// Two paths mean one file, and their figures do not merge.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A pattern is not one.
    #[error("`{pattern}` is not a pattern: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Diagnose for PathError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Ambiguous { .. } => Some(
                "name the folder the report's paths are relative to as a root, or leave the file out".into(),
            ),
            Self::Merge(error) => error.hint(),
            Self::Pattern { .. } => {
                Some("`*` stands for anything in one folder, `**` for any folders, `{a,b}` for either".into())
            }
        }
    }
}

/// Finds files of the repository.
#[derive(Clone, Debug)]
pub struct Mapper<'a> {
    index: &'a RepoIndex,
    prefixes: Vec<String>,
    roots: Vec<String>,
}

/// A coverage by the paths of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// The files of the repository.
    pub coverage: Coverage,
    /// The files of the report that the repository does not have: headers of the system, generated sources.
    pub unknown: BTreeMap<String, FileCoverage>,
}

impl<'a> Mapper<'a> {
    /// One for the files of a repository.
    #[must_use]
    pub fn new(index: &'a RepoIndex) -> Self {
        Self { index, prefixes: Vec::new(), roots: Vec::new() }
    }

    /// Takes off this beginning where a path has it: the checkout's folder on the machine of the build, the module of
    /// `go.mod`.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: &str) -> Self {
        self.prefixes.push(normalize(prefix));
        self
    }

    /// Tries relative paths below this folder of the repository as well: `src/main/java`.
    #[must_use]
    pub fn root(mut self, root: &str) -> Self {
        self.roots.push(normalize(root));
        self
    }

    /// The file a path means; `None` when the repository has no such file.
    ///
    /// # Errors
    /// When it may mean several.
    pub fn resolve(&self, path: &str) -> Result<Option<&'a str>, PathError> {
        self.resolve_below(path, &self.roots)
    }

    fn resolve_below(&self, path: &str, roots: &[String]) -> Result<Option<&'a str>, PathError> {
        if let Some(file) = self.index.exact(path) {
            return Ok(Some(file));
        }
        let plain = normalize(path);
        let plain = self.prefixes.iter().find_map(|prefix| below(&plain, prefix)).unwrap_or(&plain);
        if let Some(file) = self.index.exact(plain) {
            return Ok(Some(file));
        }
        if !normal::is_absolute(plain) {
            // A root tells more than the path alone, so what it leads to counts first. Roots that lead to
            // different files are as ambiguous as anything.
            let mut found: Option<&'a str> = None;
            for root in roots {
                let joined = normalize(&format!("{root}/{plain}"));
                let joined =
                    self.prefixes.iter().find_map(|prefix| below(&joined, prefix)).unwrap_or(&joined);
                match (found, self.index.end_of(joined, plain)) {
                    (Some(first), Some(second)) if first != second => {
                        return Err(ambiguous(path, first, second));
                    }
                    (_, Some(file)) => found = Some(file),
                    (_, None) => {}
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        self.index.by_suffix(plain).map_err(|(first, second)| ambiguous(path, first, second))
    }

    /// Maps all files of a report. The folders it says its paths are relative to are roots for them, so map each
    /// report by itself and merge them after that.
    ///
    /// # Errors
    /// When a path may mean several files, or two paths mean one and do not merge.
    pub fn map(&self, report: Coverage) -> Result<Mapped, PathError> {
        let mut roots = self.roots.clone();
        roots.extend(report.roots.iter().map(|root| normalize(root)));
        let mut mapped = Mapped {
            coverage: Coverage { formats: report.formats, warnings: report.warnings, ..Coverage::default() },
            unknown: BTreeMap::new(),
        };
        for (path, file) in report.files {
            match self.resolve_below(&path, &roots)? {
                Some(known) => mapped.coverage.add(known.to_owned(), file)?,
                None => {
                    mapped.unknown.insert(path, file);
                }
            }
        }
        Ok(mapped)
    }
}

fn ambiguous(path: &str, first: &str, second: &str) -> PathError {
    PathError::Ambiguous { path: path.to_owned(), first: first.to_owned(), second: second.to_owned() }
}

/// What is below a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return None;
    }
    let rest = path.strip_prefix(folder)?;
    if folder.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
}

/// Which files count, by patterns of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Filter {
    /// Files that match one of `include`, or any when there is none, and none of `exclude`.
    ///
    /// # Errors
    /// When one of them is not a pattern.
    pub fn new(
        include: impl IntoIterator<Item = String>,
        exclude: impl IntoIterator<Item = String>,
    ) -> Result<Self, PathError> {
        let filter = Self { include: include.into_iter().collect(), exclude: exclude.into_iter().collect() };
        for pattern in filter.include.iter().chain(&filter.exclude) {
            fast_glob::validate(pattern).map_err(|error| PathError::Pattern {
                pattern: pattern.clone(),
                problem: error.to_string(),
            })?;
        }
        Ok(filter)
    }

    /// Whether a file counts.
    #[must_use]
    pub fn keeps(&self, path: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fast_glob::glob_match(pattern, path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Takes out the files that do not count.
    pub fn apply(&self, coverage: &mut Coverage) {
        coverage.files.retain(|path, _| self.keeps(path));
    }
}

#[cfg(test)]
mod tests;
