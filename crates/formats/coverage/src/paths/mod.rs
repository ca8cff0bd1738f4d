//! Which file of the repository a path of a report means.
//!
//! Reports name files as the tool saw them: absolute on the machine of the build, relative to a folder of the
//! sources, as an import path of Go or a package of Java, with backslashes. Where a report lies says whose paths they
//! are. [`Mapper`] finds the file by these rules, the first that applies:
//!
//! 1. An absolute path below the checkout (a prefix to strip) is that file.
//! 2. A relative path is seen from the folders that are named for this report, from those that the report names itself
//!    (`source` of Cobertura), from the package the report lies in, from the folders that are named for all reports,
//!    from the working folder, and from the root, in this order.
//! 3. The path ends with that of a file, seen from the report's package or from the root; of several the longest.
//! 4. A file of the repository ends with the path, or with the longest end of it that any file has. An end of the
//!    name of the file alone counts only when it is the whole path: `/usr/include/vector` is not `src/vector`.
//! 5. A path of Windows is found in whatever case its letters are. A Kotlin file is found by its name alone, where only
//!    one file has it and no other path means that one: Kotlin leaves out the folders of the root package.
//!
//! The package is the folder, from that of the report upwards, below which most of its relative paths exist; of equal
//! ones the nearest. Where rule 4 finds several files, the one whose folders name all the rest of the path in its order
//! is meant (the module of a JaCoCo group), or else the only one in the nearest folder of the report; otherwise it is an
//! error that names two of them, never a guess.

mod index;
mod normal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    own_roots: Vec<String>,
    folder: String,
    working_folder: String,
}

/// A coverage by the paths of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// The files of the repository.
    pub coverage: Coverage,
    /// The files of the report that the repository does not have: headers of the system, generated sources.
    pub unknown: BTreeMap<String, FileCoverage>,
    /// Of those, the paths that differ from a file of the repository only in the case of letters, each with that file.
    pub other_case: Vec<(String, String)>,
}

/// The folders of one report, besides those that somebody named.
#[derive(Debug, Default)]
struct Near {
    /// Where its relative paths exist: the package, or every folder from the report upwards when nothing tells which.
    packages: Vec<String>,
    /// Every folder from the report upwards that has files of the repository, without the root.
    folders: Vec<String>,
}

impl<'a> Mapper<'a> {
    /// One for the files of a repository.
    #[must_use]
    pub fn new(index: &'a RepoIndex) -> Self {
        Self {
            index,
            prefixes: Vec::new(),
            roots: Vec::new(),
            own_roots: Vec::new(),
            folder: String::new(),
            working_folder: String::new(),
        }
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

    /// Tries relative paths below this folder before anything else, because somebody named it for this report.
    #[must_use]
    pub fn own_root(mut self, root: &str) -> Self {
        self.own_roots.push(normalize(root));
        self
    }

    /// The folder the report lies in, from the root of the repository; empty for the root, or outside of it.
    #[must_use]
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = normalize(folder);
        self
    }

    /// The folder the run started in, from the root of the repository.
    #[must_use]
    pub fn working_folder(mut self, folder: &str) -> Self {
        self.working_folder = normalize(folder);
        self
    }

    /// The file a path means; `None` when the repository has no such file.
    ///
    /// # Errors
    /// When it may mean several.
    pub fn resolve(&self, path: &str) -> Result<Option<&'a str>, PathError> {
        self.locate(path, &[], &Near::default())
    }

    fn locate(&self, path: &str, declared: &[String], near: &Near) -> Result<Option<&'a str>, PathError> {
        let normal = normalize(path);
        let stripped = self
            .prefixes
            .iter()
            .find_map(|prefix| Some((below(&normal, prefix)?, normal::is_absolute(prefix))));
        let (plain, of_checkout) = stripped.unwrap_or((&normal, false));
        if of_checkout && let Some(file) = self.index.exact(plain) {
            return Ok(Some(file));
        }
        if !normal::is_absolute(plain) {
            // With its `..`, which lead somewhere from a folder that is known.
            let raw = if stripped.is_some() { plain } else { path };
            for roots in [&self.own_roots[..], declared] {
                if let Some(file) = self.below_roots(roots, (path, raw, plain), near)? {
                    return Ok(Some(file));
                }
            }
            if !of_checkout && let Some(file) = self.below_any(&near.packages, raw) {
                return Ok(Some(file));
            }
            if let Some(file) = self.below_roots(&self.roots, (path, raw, plain), near)? {
                return Ok(Some(file));
            }
            if !self.working_folder.is_empty()
                && let Some(file) = self.below_any(std::slice::from_ref(&self.working_folder), raw)
            {
                return Ok(Some(file));
            }
        }
        let found = self.index.exact(path).or_else(|| self.index.exact(plain));
        if let Some(file) = found.or_else(|| self.index.longest_end(plain, 1, &near.packages)) {
            return Ok(Some(file));
        }
        let suffix = self.index.by_suffix(plain, &near.folders);
        suffix.map_err(|(first, second)| ambiguous(path, first, second))
    }

    fn below_any(&self, folders: &[String], raw: &str) -> Option<&'a str> {
        folders.iter().find_map(|folder| self.index.exact(&normalize(&format!("{folder}/{raw}"))))
    }

    /// Roots of one rank that lead to different files are as ambiguous as anything.
    fn below_roots(
        &self,
        roots: &[String],
        (path, raw, plain): (&str, &str, &str),
        near: &Near,
    ) -> Result<Option<&'a str>, PathError> {
        let mut found: Option<&'a str> = None;
        for root in roots {
            let joined = normalize(&format!("{root}/{raw}"));
            let inside = self.prefixes.iter().find_map(|prefix| below(&joined, prefix));
            let file = match inside.unwrap_or(&joined) {
                // A folder of another machine.
                joined if normal::is_absolute(joined) => {
                    self.index.longest_end(joined, plain.len(), &near.packages)
                }
                joined => self.index.exact(joined).or_else(|| self.below_any(&near.packages, joined)),
            };
            match (found, file) {
                (Some(first), Some(second)) if first != second => return Err(ambiguous(path, first, second)),
                (_, Some(file)) => found = Some(file),
                (_, None) => {}
            }
        }
        Ok(found)
    }

    /// Where the relative paths of a report exist.
    fn near(&self, report: &Coverage) -> Near {
        let mut folders = Vec::new();
        let mut folder = self.folder.as_str();
        while !folder.is_empty() && !normal::is_absolute(folder) {
            if self.index.has_folder(folder) {
                folders.push(folder.to_owned());
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        if folders.is_empty() {
            return Near::default();
        }
        let mut votes = vec![0_usize; folders.len() + 1];
        for path in report.files.keys().filter(|path| !normal::is_absolute(&normalize(path))) {
            let seen = folders.iter().map(String::as_str).chain([""]);
            for (votes, folder) in votes.iter_mut().zip(seen) {
                *votes += usize::from(
                    self.index.contains(normalize(&format!("{folder}/{path}")).trim_start_matches('/')),
                );
            }
        }
        let most = votes.iter().copied().max().unwrap_or(0);
        let packages = match votes.iter().position(|votes| *votes == most) {
            _ if most == 0 => folders.clone(),
            Some(place) => folders.get(place).cloned().into_iter().collect(),
            None => Vec::new(),
        };
        Near { packages, folders }
    }

    /// Maps all files of a report. The folders it says its paths are relative to are roots for them, so map each
    /// report by itself and merge them after that.
    ///
    /// # Errors
    /// When a path may mean several files, or two paths mean one and do not merge.
    pub fn map(&self, report: Coverage) -> Result<Mapped, PathError> {
        let near = self.near(&report);
        let declared: Vec<String> = report.roots.iter().map(|root| normalize(root)).collect();
        let mut mapped = Mapped {
            coverage: Coverage { formats: report.formats, warnings: report.warnings, ..Coverage::default() },
            ..Mapped::default()
        };
        let mut rest = Vec::new();
        let mut found: Vec<(String, FileCoverage)> = Vec::with_capacity(report.files.len());
        for (path, file) in report.files {
            match self.locate(&path, &declared, &near)? {
                Some(known) => found.push((known.to_owned(), file)),
                None => rest.push((path, file)),
            }
        }
        mapped.coverage.add_all(found)?;
        self.guess(rest, &near, &mut mapped)?;
        Ok(mapped)
    }

    /// What only another spelling leads to: the other case of letters, and Kotlin's left-out folders.
    fn guess(
        &self,
        rest: Vec<(String, FileCoverage)>,
        near: &Near,
        mapped: &mut Mapped,
    ) -> Result<(), PathError> {
        if rest.is_empty() {
            return Ok(());
        }
        let folded = self.index.folded();
        let mut by_name: BTreeMap<&'a str, usize> = BTreeMap::new();
        let by_name_alone = |path: &str| -> Option<&'a str> {
            let path = normalize(path);
            let name = path.rsplit('/').next()?;
            let is_kotlin = name.ends_with(".kt") && !normal::is_absolute(&path);
            is_kotlin.then(|| self.index.only_named(name)).flatten()
        };
        for (path, _) in &rest {
            if let Some(file) = by_name_alone(path) {
                *by_name.entry(file).or_default() += 1;
            }
        }
        by_name.retain(|file, times| *times == 1 && !mapped.coverage.files.contains_key(*file));
        let package = near
            .folders
            .iter()
            .find(|folder| mapped.coverage.files.keys().all(|file| below(file, folder).is_some()))
            .filter(|_| !mapped.coverage.files.is_empty())
            .cloned();
        for (path, file) in rest {
            if let Some(known) = by_name_alone(&path).filter(|known| by_name.contains_key(known)) {
                mapped.coverage.add(known.to_owned(), file)?;
                continue;
            }
            let normal = normalize(&path);
            let plain = self.prefixes.iter().find_map(|prefix| below(&normal, prefix)).unwrap_or(&normal);
            if let Some(known) = folded.find(plain, &near.packages) {
                if is_of_windows(&path) {
                    mapped.coverage.add(known.to_owned(), file)?;
                    continue;
                }
                mapped.other_case.push((path.clone(), known.to_owned()));
            }
            // Two packages may have generated files of the same relative path.
            let name = match &package {
                Some(package) if !normal::is_absolute(plain) && plain == normal => {
                    format!("{package}/{normal}")
                }
                _ => path,
            };
            match mapped.unknown.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(file);
                }
                Entry::Occupied(mut same) if same.get().can_merge(&file) => same.get_mut().merge(file),
                Entry::Occupied(same) => {
                    return Err(MergeError::SummaryOnly { path: same.key().clone() }.into());
                }
            }
        }
        Ok(())
    }
}

/// Whether a path is written as on Windows, where the case of letters does not tell files apart.
fn is_of_windows(path: &str) -> bool {
    path.contains('\\') || normal::is_absolute(path) && !path.starts_with('/')
}

fn ambiguous(path: &str, first: &str, second: &str) -> PathError {
    PathError::Ambiguous { path: path.to_owned(), first: first.to_owned(), second: second.to_owned() }
}

/// What is below a folder.
pub(crate) fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
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
    /// Files that match one of `include`, or any when there is none, and none of `exclude`. The name of a folder means
    /// all that is in it.
    ///
    /// # Errors
    /// When one of them is not a pattern.
    pub fn new(
        include: impl IntoIterator<Item = String>,
        exclude: impl IntoIterator<Item = String>,
    ) -> Result<Self, PathError> {
        let mut filter = Self::default();
        for pattern in include {
            filter.include.extend(patterns(&pattern)?);
        }
        for pattern in exclude {
            filter.exclude.extend(patterns(&pattern)?);
        }
        Ok(filter)
    }

    /// Whether one pattern as a user writes it matches a path.
    ///
    /// # Errors
    /// When it is not a pattern.
    pub fn matcher(pattern: &str) -> Result<impl Fn(&str) -> bool, PathError> {
        let patterns = patterns(pattern)?;
        Ok(move |path: &str| patterns.iter().any(|pattern| fast_glob::glob_match(pattern, path)))
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

/// A pattern as a user writes it; one without `*` and the like may be a file or a folder.
fn patterns(pattern: &str) -> Result<Vec<String>, PathError> {
    let plain = pattern.strip_prefix("./").unwrap_or(pattern);
    fast_glob::validate(plain)
        .map_err(|error| PathError::Pattern { pattern: pattern.to_owned(), problem: error.to_string() })?;
    let mut patterns = vec![plain.to_owned()];
    if !plain.contains(['*', '?', '[', '{', '!', '\\']) {
        patterns.push(format!("{}/**", plain.trim_end_matches('/')));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests;
