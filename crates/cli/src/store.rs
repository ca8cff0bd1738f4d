//! Where the reports of earlier runs are kept, which of them a run is compared with, and whether its own is kept for later
//! ones. It is the same for every gate, and for every kind of store.
//!
//! A store holds one report for each thing that is measured and each commit. What is measured has a name that says nothing:
//! a hash of the repository, the branch, the tool, the title and the subject. A cache finds entries by how their names begin,
//! and a readable name would take the report of `esp32-s3` for that of `esp32`.
//!
//! The folder is all that the edge sees of a store: another step, or a service, fills it and saves it. So a kind of store
//! is three answers: where the report of a commit lies, which commits there are, and where this run's is put.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, FromArgMatches};
use lw_ci::{CiContext, Trust};
use lw_history::{Base, Repository, is_full_id};
use lw_model::lists::filled;
use sha2::{Digest, Sha256};

use crate::args::{BaselineStore, Common, StoreKind};
use crate::base;
use crate::config::source::short;
use crate::error::Error;
use crate::files::{Files, InputKind};
use crate::host::Host;
use crate::tool::Entry;

/// Bytes a report may have that somebody else wrote: a report of a firmware with ten thousand symbols has two million.
pub(crate) const MOST_BYTES: usize = 64 << 20;
/// Commits that are looked at, back from the base, for one whose report is there.
const MOST_COMMITS: usize = 1000;
/// The folder that the cache, or what asks the ref, fills, from the workspace: an entry of the cache is found again only under the path it was saved from.
const CACHE_FOLDER: &str = ".lw-baseline";
/// Name of a report in it.
const CACHED_REPORT: &str = "report.json";
/// The key of the entry that was restored, of the cache or the ref, which the steps of the action set. A file that lies in the folder for
/// any other reason, such as that the change under test brings it along, is none.
const RESTORED: &str = "LW_BASELINE_RESTORED";

/// What a run is compared with, as the user says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// With nothing.
    Nothing,
    /// With a report in a file.
    File(PathBuf),
    /// With what the store has of the commit that the change is based on.
    Auto,
}

/// What a run is compared with, and where its report is kept.
#[derive(Clone, Debug)]
pub(crate) struct Baselines {
    pub(crate) choice: Choice,
    pub(crate) store: Option<Store>,
}

/// A store, seen by one run.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    kind: StoreKind,
    folder: PathBuf,
    /// What the reports of this thing are named by.
    key: String,
    /// Key of the entry that the cache has restored.
    restored: Option<String>,
}

/// Where a run's report is kept, and by which name; or why it is not. `None` where nobody asked for that.
pub(crate) type Keeps = Option<Result<(PathBuf, String), String>>;

/// A report that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Full id of the commit it is of.
    pub(crate) commit: String,
    /// How many commits that comes before the base.
    pub(crate) distance: usize,
    /// The base.
    pub(crate) base: Base,
}

impl Baselines {
    /// Compared with nothing, and kept nowhere.
    pub(crate) const NONE: Self = Self { choice: Choice::Nothing, store: None };

    /// # Errors
    /// When `auto` is asked for and no store is named, or a folder for a store that has its own.
    pub(crate) fn of(
        entry: &Entry,
        (common, matches): (&Common, &ArgMatches),
        ci: &CiContext,
        host: &Host,
    ) -> Result<Self, Error> {
        let named = if entry.compares {
            BaselineStore::from_arg_matches(matches)
                .map_err(|error| Error::usage(error.to_string().trim()))?
        } else {
            BaselineStore::default()
        };
        let place = match (named.store, named.baseline_store) {
            (None, None) => None,
            (None | Some(StoreKind::File), Some(folder)) => Some((StoreKind::File, folder)),
            (Some(kind @ (StoreKind::Cache | StoreKind::Ref)), None) => {
                Some((kind, PathBuf::from(CACHE_FOLDER)))
            }
            (Some(StoreKind::File), None) => {
                return Err(Error::usage("--store file needs a folder").hint("add --baseline-store FOLDER"));
            }
            (Some(kind @ (StoreKind::Cache | StoreKind::Ref)), Some(_)) => {
                let word = if kind == StoreKind::Ref { "ref" } else { "cache" };
                return Err(Error::usage(format!("--store {word} has a folder of its own"))
                    .hint("leave out --baseline-store, or write --store file"));
            }
        };
        let choice = match common.baseline.as_deref().map(|path| (path, path.to_str())) {
            None if place.is_some() => Choice::Auto,
            None | Some((_, Some("none"))) => Choice::Nothing,
            Some((_, Some("auto"))) => Choice::Auto,
            Some((path, _)) => Choice::File(path.to_owned()),
        };
        if choice == Choice::Auto && place.is_none() {
            let error = Error::usage("--baseline auto: no store is named");
            return Err(if entry.compares {
                error.hint(format!(
                    "name a folder with --baseline-store, or use the action {}-with-baseline, which has the cache of GitHub Actions for one; a file of that name is ./auto",
                    entry.name
                ))
            } else {
                error.hint(format!(
                    "{} has no stores: name a report of an earlier run; a file of that name is ./auto",
                    entry.name
                ))
            });
        }
        let store = place.map(|(kind, folder)| {
            let title = common.title.as_deref().unwrap_or_default().trim();
            let subject = named.baseline_subject.as_deref().unwrap_or_default().trim();
            let repository = ci.repository.clone().unwrap_or_default();
            let key = key("lw-baseline/1", &[&repository, &branch(ci), entry.name, title, subject]);
            Store { kind, folder, key, restored: host.var(RESTORED) }
        });
        Ok(Self { choice, store })
    }

    /// The file that is to be compared with, when it is named.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.choice {
            Choice::File(path) => Some(path),
            Choice::Nothing | Choice::Auto => None,
        }
    }

    /// Where this run's report is kept for later ones: only what is on the main branch, and is what later changes start from, is
    /// compared with.
    pub(crate) fn keeps(&self, ci: &CiContext, root: &Path) -> Keeps {
        let store = self.store.as_ref().filter(|_| self.choice != Choice::Nothing)?;
        Some(
            kept_commit(ci, None, root)
                .map(|commit| (store.place(&commit), format!("{}-{commit}", store.key))),
        )
    }

    /// The report that the run is compared with.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn locate(&self, ci: &CiContext, root: &Path, files: &Files) -> Result<Located, String> {
        let store = self.store.as_ref().ok_or("no store is named")?;
        let repository = Repository::open(root).map_err(|error| error.to_string())?;
        let base = base::id(ci, &repository, "HEAD").map_err(|error| {
            let hint = lw_model::Diagnose::hint(&error).map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("what the run is compared with is not known: {error}{hint}")
        })?;
        let Some(commit) = base.commit.clone() else { return Err(base.why) };
        store.locate(&commit, base, &repository, files)
    }
}

impl Store {
    /// Where the report of a commit lies.
    fn place(&self, commit: &str) -> PathBuf {
        match self.kind {
            StoreKind::Cache | StoreKind::Ref => self.folder.join(&self.key).join(CACHED_REPORT),
            StoreKind::File => self.folder.join(format!("{}-{commit}.json", self.key)),
        }
    }

    /// The commits whose reports are there.
    fn commits(&self, files: &Files) -> Result<BTreeSet<String>, String> {
        let of_entry = |entry: &str| {
            let commit = entry.strip_prefix(&self.key)?.strip_prefix('-')?;
            is_full_id(commit).then(|| commit.to_owned())
        };
        if self.kind != StoreKind::File {
            return Ok(filled(self.restored.as_deref().and_then(of_entry)));
        }
        if !files.is_there(&self.folder) {
            return Err(format!("the store {} does not exist", self.folder.display()));
        }
        let folder = files.folder(&self.folder).map_err(|error| error.message())?;
        let entries =
            folder.list("").map_err(|error| format!("the store {}: {error}", self.folder.display()))?;
        let names = entries.iter().filter(|entry| entry.kind == InputKind::File);
        Ok(filled(names.filter_map(|entry| of_entry(entry.name.strip_suffix(".json")?))))
    }

    fn locate(
        &self,
        commit: &str,
        base: Base,
        repository: &Repository,
        files: &Files,
    ) -> Result<Located, String> {
        let commits = self.commits(files)?;
        let found = repository.first_parent_distance(commit, |id| commits.contains(id), MOST_COMMITS);
        if let Some((distance, commit)) = found {
            return Ok(Located { path: self.place(&commit), commit, distance, base });
        }
        let of = format!("{}, {}", short(commit), base.why);
        Err(match commits.iter().next() {
            None => format!("there is no report of {of}"),
            // What is there may be of a commit that came later, or of a history that was replaced.
            Some(other) => format!(
                "there is no report of {of}, and this clone does not show that {}, of which there is one, comes before it; `fetch-depth: 0` fetches the whole history",
                short(other)
            ),
        })
    }
}

/// The branch whose reports count: the one that a change goes to, or else the main one.
fn branch(ci: &CiContext) -> String {
    let named = ci.base.as_deref().or(ci.default_branch.as_deref());
    let own = || ci.reference.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    named.or_else(own).unwrap_or_default().to_owned()
}

/// The commit a run leaves a report of, or why it leaves none.
///
/// `main` names the main branch where the CI does not.
pub(crate) fn kept_commit(ci: &CiContext, main: Option<&str>, root: &Path) -> Result<String, String> {
    if ci.merge_group_base.is_some() {
        return Err("a merge queue leaves none: what it tests may never be merged".into());
    }
    if base::is_pull_request(ci) {
        return Err("a pull request leaves none: it is not what later changes start from".into());
    }
    let main = ci.default_branch.as_deref().or(main).ok_or("the CI does not say what the main branch is")?;
    let reference = ci.reference.as_deref().ok_or("the CI does not say which branch the run is of")?;
    if reference.strip_prefix("refs/heads/") != Some(main) {
        let name = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        return Err(format!("only runs of {main} leave one, and this is one of {name}"));
    }
    // Runs that anybody can cause are of the main branch by their name, whatever code they look at.
    if let (Trust::Untrusted { why }, Some(event)) =
        (&ci.trust, ci.event.as_deref().filter(|event| *event != "push"))
    {
        return Err(format!("the run of the event `{event}` is not trusted: {why}"));
    }
    let commit = ci
        .commit
        .clone()
        .filter(|id| is_full_id(id))
        .ok_or("the CI does not say of which commit the run is")?;
    let checked_out = Repository::checked_out(root).map_err(|error| error.to_string())?.commit;
    match checked_out {
        Some(id) if id == commit => Ok(commit),
        Some(id) => Err(format!("the run is of {}, and {} is checked out", short(&commit), short(&id))),
        None => Err("nothing is checked out".into()),
    }
}

/// One name for several texts, none of which can be mistaken for another's, nor for one of another `kind`.
pub(crate) fn key(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    base16ct::lower::encode_string(&hash.finalize())
}

/// What the steps around a gate need to ask a store, as outputs. Of the cache: the path and the key of an entry, and how the
/// keys of others begin. Of the ref: the path and the key. All are empty where that is not the store, or not to be asked.
pub(crate) fn plan(baselines: &Baselines, ci: &CiContext, root: &Path) -> (Vec<lw_ci::Output>, String) {
    let store = baselines.store.as_ref().filter(|store| store.kind != StoreKind::File);
    let store = store.filter(|_| baselines.choice != Choice::Nothing);
    let path = store.map(|store| store.folder.join(&store.key).to_string_lossy().replace('\\', "/"));
    let (mut key, mut others) = (String::new(), String::new());
    let told = match (store, &baselines.choice) {
        (Some(store), Choice::Auto) => {
            let base = Repository::open(root)
                .map_err(|error| error.to_string())
                .and_then(|repository| base::id(ci, &repository, "HEAD").map_err(|error| error.to_string()));
            match base.map(|base| (base.commit, base.why)) {
                Ok((Some(commit), why)) => {
                    key = format!("{}-{commit}", store.key);
                    others = format!("{}-", store.key);
                    format!("looking for the report of {}, {why}", short(&commit))
                }
                Ok((None, why)) => why,
                Err(why) => format!("what the run is compared with is not known: {why}"),
            }
        }
        (Some(_), _) => "the report to compare with is named".into(),
        (None, _) => "neither the cache nor the ref is asked".into(),
    };
    let is_ref = store.is_some_and(|store| store.kind == StoreKind::Ref);
    let output = |name: &str, value: &str, is_meant: bool| lw_ci::Output {
        name: name.into(),
        value: if is_meant { value.to_owned() } else { String::new() },
    };
    let path = path.unwrap_or_default();
    let outputs = vec![
        output("path", &path, !is_ref),
        output("restore-key", &key, !is_ref),
        output("restore-prefix", &others, !is_ref),
        output("ref-path", &path, is_ref),
        output("ref-key", &key, is_ref),
    ];
    (outputs, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_one_thing_only() {
        let parts = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
        let keys: BTreeSet<String> = [
            "o/app|main|size-gate|esp32|",
            "o/app|main|size-gate|esp32-s3|",
            "o/app|main|size-gate||esp32",
            "o/app|main|size-gate|esp|32",
            "o/app|main|coverage-gate|esp32|",
            "o/app|release|size-gate|esp32|",
            "o/ap|pmain|size-gate|esp32|",
        ]
        .iter()
        .map(|text| key("lw-baseline/1", &parts(text).iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
        assert_eq!(keys.len(), 7);
        for one in &keys {
            assert!(keys.iter().all(|other| one == other || !other.starts_with(one.as_str())));
            assert!(one.len() == 64 && one.bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
    }
}
