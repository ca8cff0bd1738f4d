//! A stand-in for actions/cache and the service behind it, which keeps the rules of both. The real one needs GitHub's service and a token
//! that only a runner of GitHub has. That each rule is kept is shown by `the_cache_keeps_the_rules_of_the_real_one` in `tests/runner.rs`.
//!
//! - An entry is found only by a run that may see the reference it was saved on: its own (of a pull request that is
//!   `refs/pull/7/merge`), the branch it goes to, and the main branch, in this order.
//! - On each of them the key wins, then the newest entry that begins with it, then each restore key in the same way.
//! - An entry is found only under the paths it was saved from, and is never changed: the second who saves under a key is told
//!   so, and his step succeeds. So does that of a token which may only read.
//!
//! From `restoreImpl.ts` and `saveImpl.ts` of actions/cache, `cache.ts` and `cacheUtils.ts` of actions/toolkit, and
//! docs.github.com/actions/reference/workflows-and-actions/dependency-caching.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use super::said::Said;

/// Characters a key may have.
const MAX_KEY: usize = 512;

/// Said by every step, so that nobody who reads a log takes it for the real one.
const STAND_IN: &str = "(a stand-in for actions/cache: it keeps its rules, and its entries in memory)";

/// What a job's token may do with the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Restore and save.
    ReadWrite,
    /// Restore: the token of a pull request from a fork.
    ReadOnly,
}

/// The cache of a repository; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// An entry: the newest stands last.
#[derive(Clone, Debug)]
struct Entry {
    scope: String,
    key: String,
    version: String,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Restore,
    Save,
}

impl Does {
    /// Only a commit names an action that stays what it is.
    pub(crate) fn of(uses: &str) -> Option<Self> {
        let (action, commit) = uses.split_once('@')?;
        let is_pinned = commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
        match action {
            "actions/cache/restore" if is_pinned => Some(Self::Restore),
            "actions/cache/save" if is_pinned => Some(Self::Save),
            _ => None,
        }
    }
}

/// The references whose entries a run sees, its own first, which is where it saves.
pub(crate) fn scopes(github: &BTreeMap<String, String>) -> Vec<String> {
    let named = |name: &str| github.get(name).filter(|value| !value.is_empty());
    let event = named("event_path").and_then(|path| std::fs::read(path).ok());
    let event: Option<Value> = event.and_then(|event| serde_json::from_slice(&event).ok());
    let main = event.as_ref().and_then(|event| event["repository"]["default_branch"].as_str());
    let base = named("base_ref").map(|name| format!("refs/heads/{name}"));
    let mut scopes = vec![named("ref").cloned().unwrap_or_default()];
    for scope in base.into_iter().chain([format!("refs/heads/{}", main.unwrap_or("main"))]) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

impl Cache {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The keys saved on a reference, the newest last.
    #[must_use]
    pub fn keys(&self, scope: &str) -> Vec<String> {
        let entries = self.entries();
        entries.iter().filter(|entry| entry.scope == scope).map(|entry| entry.key.clone()).collect()
    }

    /// How many entries there are in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the entries of these keys: they have not been used for a week, or others needed the room.
    pub fn evict(&self, is_evicted: impl Fn(&str) -> bool) {
        self.entries().retain(|entry| !is_evicted(&entry.key));
    }

    /// Changes what the entries hold, as somebody would who has got at them.
    pub fn tamper(&self, change: impl Fn(&mut Vec<u8>)) {
        self.entries().iter_mut().flat_map(|entry| entry.files.values_mut()).for_each(change);
    }

    pub(crate) fn step(
        &self,
        does: Does,
        with: &BTreeMap<String, String>,
        scopes: &[String],
        access: Access,
        workspace: &Path,
    ) -> Said {
        let input = |name: &str| with.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let lines = |name: &str| -> Vec<String> {
            let lines = input(name).into_iter().flat_map(str::lines).map(str::trim);
            lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let (paths, restore_keys) = (lines("path"), lines("restore-keys"));
        let Some(key) = input("key") else { return Said::failed("Input required and not supplied: key") };
        if paths.is_empty() {
            return Said::failed("Input required and not supplied: path");
        }
        for key in restore_keys.iter().map(String::as_str).chain([key]) {
            if key.len() > MAX_KEY || key.contains(',') {
                return Said::failed(format!("Key Validation Error: {key}"));
            }
        }
        // On Linux the archive of another system makes no difference; the compression does not change here.
        let version = paths.join("|");
        let mut said = match does {
            Does::Restore => self.restore(key, &restore_keys, &version, scopes, workspace),
            Does::Save => self.save(key, &paths, version, scopes, access, workspace),
        };
        said.log.insert(0, STAND_IN.to_owned());
        said
    }

    fn restore(
        &self,
        key: &str,
        restore_keys: &[String],
        version: &str,
        scopes: &[String],
        workspace: &Path,
    ) -> Said {
        let entries = self.entries();
        let asked: Vec<&str> = std::iter::once(key).chain(restore_keys.iter().map(String::as_str)).collect();
        let found = scopes.iter().find_map(|scope| {
            let seen =
                || entries.iter().rev().filter(|entry| entry.scope == *scope && entry.version == version);
            asked.iter().find_map(|asked| {
                seen()
                    .find(|entry| entry.key == *asked)
                    .or_else(|| seen().find(|entry| entry.key.starts_with(asked)))
            })
        });
        let mut said = Said::default();
        said.outputs.insert("cache-primary-key".into(), key.into());
        let Some(entry) = found else {
            said.log.push(format!("Cache not found for input keys: {}", asked.join(", ")));
            return said;
        };
        for (path, bytes) in &entry.files {
            let path = workspace.join(path);
            let folder = path.parent().unwrap_or(workspace);
            let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, bytes));
            if let Err(error) = written {
                return Said::failed(error.to_string());
            }
        }
        said.outputs.insert("cache-matched-key".into(), entry.key.clone());
        said.outputs.insert("cache-hit".into(), (entry.key == key).to_string());
        said.log.push(format!("Cache restored from key: {}", entry.key));
        said
    }

    fn save(
        &self,
        key: &str,
        paths: &[String],
        version: String,
        scopes: &[String],
        access: Access,
        workspace: &Path,
    ) -> Said {
        let mut said = Said::default();
        let scope = scopes.first().cloned().unwrap_or_default();
        let mut files = BTreeMap::new();
        for path in paths {
            if let Err(error) = gather(workspace, Path::new(path), &mut files) {
                said.warnings.push(error.to_string());
                return said;
            }
        }
        let mut entries = self.entries();
        let is_taken = |entry: &Entry| entry.scope == scope && entry.key == key && entry.version == version;
        if files.is_empty() {
            let text = "Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.";
            said.warnings.push(text.into());
        } else if access == Access::ReadOnly {
            said.warnings.push("Failed to save: the token may only read the cache".into());
        } else if entries.iter().any(is_taken) {
            said.log.push(format!(
                "Failed to save: Unable to reserve cache with key {key}, another job may be creating this cache."
            ));
            said.warnings.push("Cache save failed.".into());
        } else {
            entries.push(Entry { scope, key: key.into(), version, files });
            said.log.push(format!("Cache saved with key: {key}"));
        }
        said
    }
}

/// Every file at or below a path, by its own path from the workspace.
fn gather(workspace: &Path, path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    let full = workspace.join(path);
    if full.is_file() {
        files.insert(path.to_owned(), std::fs::read(full)?);
    } else if full.is_dir() {
        for entry in std::fs::read_dir(full)? {
            gather(workspace, &path.join(entry?.file_name()), files)?;
        }
    }
    Ok(())
}
