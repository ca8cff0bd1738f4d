//! Which files of a project are read, and which are not, with the reason.

use lw_cli::Error;
use lw_dependencies::{Entry, EntryKind, READERS, Reader, Tree};

use crate::args::Generate;

/// What is read, and what is not.
#[derive(Default)]
pub(super) struct Found {
    /// Files with their readers, in the order of folders.
    pub(super) inputs: Vec<(&'static Reader, String)>,
    /// Paths that were left out, each with the reason.
    pub(super) skipped: Vec<(String, String)>,
    /// Files that say what is needed, of which none says what was taken.
    pub(super) unlocked: Vec<(String, String)>,
}

/// Folders that hold what somebody else made, or what a build made. What is installed in them is read through the lock file
/// beside them.
const FOREIGN: [(&str, &str); 12] = [
    ("node_modules", "installed packages"),
    ("bower_components", "installed packages"),
    ("managed_components", "installed components"),
    ("site-packages", "installed packages"),
    ("venv", "installed packages"),
    ("vendor", "packages of others"),
    ("third_party", "packages of others"),
    ("target", "made by a build"),
    ("build", "made by a build"),
    ("dist", "made by a build"),
    ("__pycache__", "made by a build"),
    ("conan_cache", "installed packages"),
];

/// Project files, and the lock files that say what was taken: of the second at least one stands beside the first, or above it
/// where it is a part of something larger.
const LOCKED_BY: [(&str, &[&str]); 4] = [
    ("Cargo.toml", &["Cargo.lock"]),
    (
        "package.json",
        &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"],
    ),
    (
        "pyproject.toml",
        &["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "requirements.txt", "Pipfile.lock"],
    ),
    ("Pipfile", &["Pipfile.lock"]),
];

/// Project and lock files of package managers that are not read here.
const NOT_READ: [&str; 14] = [
    "Gemfile.lock",
    "composer.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "packages.lock.json",
    "Podfile.lock",
    "Package.resolved",
    "pubspec.lock",
    "mix.lock",
    "stack.yaml.lock",
    "MODULE.bazel",
    "west.yml",
    "bun.lock",
];

/// Folders below each other are followed this far.
const DEEPEST: usize = 48;
/// The most folders that are looked into.
const MOST_FOLDERS: usize = 100_000;

/// The reader with this name.
fn reader(name: &str) -> Result<&'static Reader, Error> {
    READERS.iter().find(|reader| reader.name == name).ok_or_else(|| {
        let names: Vec<_> = READERS.iter().map(|reader| reader.name).collect();
        let error = Error::usage(format!("`{name}` is no ecosystem that is read"));
        match lw_cli::config::nearest(name, names.iter().copied()) {
            Some(near) => error.hint(lw_cli::config::did_you_mean(near)),
            None => error.hint(format!("known are {}", names.join(", "))),
        }
    })
}

/// Finds what there is to read.
///
/// # Errors
/// When an ecosystem or file is not known, a folder cannot be read, or there are too many.
pub(super) fn find(args: &Generate, tree: &dyn Tree) -> Result<Found, Error> {
    let chosen = args.ecosystem.iter().map(|name| reader(name)).collect::<Result<Vec<_>, _>>()?;
    let is_chosen =
        |reader: &Reader| chosen.is_empty() || chosen.iter().any(|chosen| chosen.name == reader.name);
    let mut found = Found::default();
    if !args.file.is_empty() {
        for file in &args.file {
            found.inputs.push(named(file, tree, &is_chosen)?);
        }
        return Ok(found);
    }
    let mut search = Search { args, tree, is_chosen: &is_chosen, found, folders: 0 };
    search.folder("", &[], 0)?;
    Ok(search.found)
}

/// A file that was named: by its own name its reader is known, or `ECOSYSTEM=FILE` says it.
fn named(
    text: &str,
    tree: &dyn Tree,
    is_chosen: &dyn Fn(&Reader) -> bool,
) -> Result<(&'static Reader, String), Error> {
    let (reader, file) = match text.split_once('=') {
        Some((name, file)) => (Some(reader(name.trim())?), file.trim()),
        None => (None, text.trim()),
    };
    let file = file.trim_start_matches("./").to_owned();
    let name = file.rsplit('/').next().unwrap_or_default();
    let reader = match reader {
        Some(reader) => reader,
        None => READERS.iter().find(|reader| reader.files.contains(&name) && is_chosen(reader)).ok_or_else(
            || {
                Error::usage(format!("{file}: it is not known what reads a file of this name"))
                    .hint("say it: --file requirements=requirements/dev.txt")
            },
        )?,
    };
    if tree.read(&file).map_err(lw_dependencies::Error::from)?.is_none() {
        return Err(Error::input(format!("{file}: there is no such file in the project"))
            .hint("files are seen from --path, and none outside of it is read"));
    }
    Ok((reader, file))
}

struct Search<'a> {
    args: &'a Generate,
    tree: &'a dyn Tree,
    is_chosen: &'a dyn Fn(&Reader) -> bool,
    found: Found,
    folders: usize,
}

impl Search<'_> {
    fn is_excluded(&self, path: &str) -> bool {
        let matches = |pattern: &String| {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            fast_glob::glob_match(pattern, path)
        };
        self.args.exclude.iter().any(matches)
    }

    /// Looks into a folder; `above` are the names of the files in the folders above it.
    fn folder(&mut self, folder: &str, above: &[String], depth: usize) -> Result<(), Error> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS || depth > DEEPEST {
            return Err(Error::input(format!(
                "{folder}: more than {MOST_FOLDERS} folders, or more than {DEEPEST} below each other, are not looked into"
            ))
            .hint("leave some out with --exclude, or name the files with --file"));
        }
        let entries = self.tree.list(folder).map_err(lw_dependencies::Error::from)?;
        let join = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        for reader in READERS.iter().filter(|reader| (self.is_chosen)(reader)) {
            let is_there = |name: &&&str| {
                entries.iter().any(|entry| entry.name == **name && entry.kind != EntryKind::Folder)
            };
            let Some(name) = reader.files.iter().find(is_there) else { continue };
            let path = join(name);
            if self.is_excluded(&path) {
                self.found.skipped.push((path, "excluded".to_owned()));
            } else {
                self.found.inputs.push((reader, path));
            }
        }
        if self.args.ecosystem.is_empty() {
            self.unlocked(&entries, above, &join);
        }
        if !self.args.recursive {
            return Ok(());
        }
        let mut names = above.to_vec();
        names.extend(entries.iter().filter(|entry| is_lock(&entry.name)).map(|entry| entry.name.clone()));
        for entry in &entries {
            let path = join(&entry.name);
            let foreign = FOREIGN.iter().find(|(name, _)| *name == entry.name);
            match entry.kind {
                EntryKind::File => {}
                EntryKind::Other => {
                    // A file with a reader was found above; of a link to a folder nobody knows where it ends.
                    if !READERS.iter().any(|reader| reader.files.contains(&entry.name.as_str())) {
                        self.found.skipped.push((path, "it is a link or no regular file".to_owned()));
                    }
                }
                EntryKind::Folder if self.is_excluded(&path) => {
                    self.found.skipped.push((path, "excluded".to_owned()));
                }
                EntryKind::Folder if entry.name == ".git" => {}
                EntryKind::Folder if entry.name.starts_with('.') => {
                    self.found.skipped.push((path, "its name begins with a dot".to_owned()));
                }
                EntryKind::Folder => match foreign {
                    Some((_, why)) => self.found.skipped.push((path, (*why).to_owned())),
                    None => self.folder(&path, &names, depth + 1)?,
                },
            }
        }
        Ok(())
    }

    /// Notes what is needed and not locked, and what is not read at all.
    fn unlocked(&mut self, entries: &[Entry], above: &[String], join: &dyn Fn(&str) -> String) {
        let is_there = |name: &str| entries.iter().any(|entry| entry.name == name);
        for (project, locks) in LOCKED_BY.iter().filter(|(project, _)| is_there(project)) {
            let is_locked =
                locks.iter().any(|lock| is_there(lock) || above.iter().any(|known| known == lock));
            let path = join(project);
            if !is_locked && !self.is_excluded(&path) {
                let why =
                    format!("there is none of {} beside it: what it needs is not locked", locks.join(", "));
                self.found.unlocked.push((path, why));
            }
        }
        for name in NOT_READ.iter().filter(|name| is_there(name)) {
            let path = join(name);
            if !self.is_excluded(&path) {
                self.found.unlocked.push((path, "what it lists is not read by this tool".to_owned()));
            }
        }
    }
}

fn is_lock(name: &str) -> bool {
    LOCKED_BY.iter().any(|(_, locks)| locks.contains(&name))
}

#[cfg(test)]
mod tests {
    use lw_dependencies::MemoryTree;

    use super::*;

    fn found(args: &Generate, files: &[&str]) -> Found {
        let tree = MemoryTree::new(files.iter().map(|path| (*path, b"x".as_slice())));
        find(args, &tree).unwrap()
    }

    fn paths(found: &Found) -> Vec<&str> {
        found.inputs.iter().map(|(_, path)| path.as_str()).collect()
    }

    const FILES: [&str; 7] = [
        "Cargo.toml",
        "Cargo.lock",
        "crates/a/Cargo.toml",
        "fw/platformio.ini",
        "node_modules/x/package-lock.json",
        ".hidden/Cargo.lock",
        "test/fixture/Cargo.lock",
    ];

    #[test]
    fn only_the_root_is_read_unless_all_is() {
        assert_eq!(paths(&found(&Generate::default(), &FILES)), ["Cargo.lock"]);
        let args = Generate { recursive: true, exclude: vec!["**/fixture".into()], ..Generate::default() };
        let all = found(&args, &FILES);
        assert_eq!(paths(&all), ["Cargo.lock", "fw/platformio.ini"]);
        let skipped: Vec<_> = all.skipped.iter().map(|(path, why)| format!("{path}: {why}")).collect();
        assert_eq!(
            skipped,
            [
                ".hidden: its name begins with a dot",
                "node_modules: installed packages",
                "test/fixture: excluded",
            ]
        );
        // The member of a workspace is locked by the file above it.
        assert!(all.unlocked.is_empty(), "{:?}", all.unlocked);
    }

    #[test]
    fn what_is_needed_and_not_locked_is_known_to_be_missing() {
        let found = found(&Generate::default(), &["Cargo.toml", "package.json", "pom.xml"]);
        let paths: Vec<_> = found.unlocked.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!((found.inputs.len(), paths), (0, vec!["Cargo.toml", "package.json", "pom.xml"]));
    }

    #[test]
    fn a_named_file_has_a_reader_by_its_name_or_by_what_is_said() {
        let args = |file: &str| Generate { file: vec![file.into()], ..Generate::default() };
        assert_eq!(found(&args("./fw/platformio.ini"), &FILES).inputs[0].0.name, "platformio");
        let tree = MemoryTree::new([("a.txt", "x")]);
        let error = |file: &str| find(&args(file), &tree).err().unwrap().message();
        assert!(error("a.txt").contains("it is not known what reads"));
        assert!(error("carg=a.txt").contains("no ecosystem"));
        assert!(error("cargo=b/Cargo.lock").contains("no such file"));
    }
}
