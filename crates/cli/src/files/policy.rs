//! What a run has read and will write, and where it may.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::destination::descriptor;
use super::follow::follow;
use super::identity::FileId;
use super::map::Watch;
use super::quotes;
use crate::error::Error;
use crate::host::Host;

/// The files of one run. It may be shared between threads.
#[derive(Debug)]
pub struct Files {
    cwd: PathBuf,
    /// The workspace, without links.
    pub(super) root: PathBuf,
    /// The runner's folder for files of the job, without links.
    pub(super) temporary: Option<PathBuf>,
    pub(super) watch: Watch,
    state: Mutex<State>,
}

/// What changes while a run goes on.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Inputs that were opened, which no output may replace.
    pub(super) inputs: BTreeMap<FileId, PathBuf>,
    /// Files that will be replaced, none of which may be an input.
    pub(super) outputs: BTreeMap<FileId, PathBuf>,
    /// Inputs that an output may replace.
    pub(super) replaceable: BTreeSet<FileId>,
    /// What was read of descriptors.
    pub(super) descriptors: BTreeMap<u32, Arc<[u8]>>,
    /// Paths that `lw.toml` set, each with its place.
    pub(super) configured: Vec<(PathBuf, String)>,
    /// An input lies outside of the workspace.
    pub(super) has_foreign: bool,
}

impl Files {
    pub(crate) fn new(host: &Host) -> Self {
        let plain = |path: &Path| follow(path).map_or_else(|_| path.to_owned(), |followed| followed.path);
        Self {
            cwd: host.cwd.clone(),
            root: plain(&host.root()),
            temporary: host.var("RUNNER_TEMP").map(|path| plain(&host.cwd.join(path))),
            watch: Watch::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path of the user's, seen from the folder the run started in.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    pub(crate) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Whether there is something at a path, a descriptor of the caller's included.
    pub(crate) fn is_there(&self, path: &Path) -> bool {
        descriptor(path).is_some() || self.resolve(path).exists()
    }

    /// Notes the paths that `lw.toml` set, with their places: nothing is written there outside of the workspace.
    pub(crate) fn keep_in_workspace(&self, paths: Vec<(PathBuf, String)>) {
        self.state().configured = paths;
    }

    /// Where `lw.toml` set this path, the folder it is in, or the file that it is kept beside (`report.json.tests`).
    pub(super) fn place_in_config(&self, path: &Path) -> Option<String> {
        let state = self.state();
        let is_of =
            |configured: &Path| path.starts_with(configured) || is_beside(path, configured).unwrap_or(false);
        let found = state.configured.iter().find(|(configured, _)| is_of(configured));
        found.map(|(_, place)| place.clone())
    }

    /// Notes that a file is to be replaced, so that an input that is the same one is refused before it is read.
    pub(crate) fn plan_output(&self, path: &Path) {
        if let Some(id) = FileId::of(&self.resolve(path)).filter(|_| self.resolve(path).is_file()) {
            self.state().outputs.insert(id, path.to_owned());
        }
    }

    /// Lets an output of this run replace an input, whether or not that was read already: the package of the last release, which
    /// the next one follows; the file that holds a version, which gets another one.
    pub fn allow_replacing(&self, path: &Path) {
        if let Some(id) = FileId::of(&self.resolve(path)) {
            let mut state = self.state();
            state.inputs.remove(&id);
            state.replaceable.insert(id);
        }
    }

    /// Whether messages may quote what is in a file: it lies in the workspace, symbolic links followed.
    #[must_use]
    pub fn may_quote(&self, path: &Path) -> bool {
        follow(&self.resolve(path)).is_ok_and(|followed| followed.path.starts_with(&self.root))
    }

    /// An error of this run as it may be shown: nothing is quoted when an input lies outside of the workspace, and the
    /// first thing to say is that an input was shortened while it was read.
    pub(crate) fn checked(&self, error: Error) -> Error {
        match self.ensure_complete() {
            Err(lost) => lost,
            Ok(()) => self.without_quotes(&error).unwrap_or(error),
        }
    }

    /// The error without what it quotes, where this run has read an input from outside of the workspace.
    pub(crate) fn without_quotes(&self, error: &Error) -> Option<Error> {
        self.state().has_foreign.then(|| error.reworded(quotes::without))
    }

    /// Whether all inputs could be read to their ends.
    ///
    /// # Errors
    /// When one was shortened, or became unreadable, meanwhile.
    pub(crate) fn ensure_complete(&self) -> Result<(), Error> {
        match self.watch.lost() {
            None => Ok(()),
            Some(path) => Err(Error::input(format!(
                "{}: it was shortened, or became unreadable, while it was read",
                path.display()
            ))
            .hint("let what writes it end first")),
        }
    }
}

/// Whether a name is that of a file with something behind it.
fn is_beside(path: &Path, file: &Path) -> Option<bool> {
    let name = file.file_name()?.to_string_lossy().into_owned() + ".";
    Some(path.parent() == file.parent() && path.file_name()?.to_string_lossy().starts_with(&name))
}
