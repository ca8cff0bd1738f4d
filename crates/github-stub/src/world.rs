//! What there is.

use std::collections::BTreeMap;
use std::time::Duration;

use base16ct::lower::encode_string;
use sha2::{Digest, Sha256};

use crate::objects::{Object, Objects};
use crate::spec::{Account, PullSpec, RunSpec};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentState {
    /// Its number.
    pub id: u64,
    /// The pull request.
    pub number: u64,
    /// Who wrote it; nobody, when the account is gone.
    pub author: Option<String>,
    /// Whether that is an app.
    pub is_by_app: bool,
    /// The text.
    pub body: String,
    pub(crate) created: u64,
    pub(crate) updated: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct PullState {
    pub(crate) spec: PullSpec,
    pub(crate) number: u64,
    pub(crate) is_open: bool,
    pub(crate) is_locked: bool,
    pub(crate) merged: Option<(String, u64)>,
    pub(crate) created: u64,
    pub(crate) updated: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct ArtifactState {
    pub(crate) id: u64,
    pub(crate) run: u64,
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) says: u64,
    pub(crate) is_expired: bool,
    pub(crate) digest: Option<String>,
    pub(crate) created: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct RepositoryState {
    pub(crate) id: u64,
    pub(crate) full_name: String,
    pub(crate) is_private: bool,
    pub(crate) is_archived: bool,
    pub(crate) pulls: BTreeMap<u64, PullState>,
    pub(crate) comments: Vec<CommentState>,
    pub(crate) runs: BTreeMap<u64, RunSpec>,
    pub(crate) artifacts: Vec<ArtifactState>,
    pub(crate) refs: BTreeMap<String, String>,
    pub(crate) objects: Objects,
}

/// What there is on a GitHub. A repository that is not there is made where it is first named.
#[derive(Clone, Debug)]
pub struct World {
    /// Seconds since 1970.
    pub(crate) now: u64,
    pub(crate) repositories: BTreeMap<String, RepositoryState>,
    pub(crate) tokens: BTreeMap<String, Account>,
    /// The most things one page has.
    pub(crate) page: usize,
    pub(crate) refusals: Vec<String>,
    pub(crate) last_id: u64,
    pub(crate) api: String,
    pub(crate) storage: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            // 2026-11-21T08:17:06Z.
            now: 1_795_249_026,
            repositories: BTreeMap::new(),
            tokens: BTreeMap::new(),
            page: 100,
            refusals: Vec::new(),
            last_id: 1000,
            api: String::new(),
            storage: String::new(),
        }
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Makes a repository, `owner/name`, with a first commit on main, and gives that commit.
    pub fn add_repository(&mut self, full_name: &str) -> String {
        self.repository(full_name);
        self.commit_files(full_name, "refs/heads/main", &[("README.md", "# A repository\n")])
    }

    pub(crate) fn repository(&mut self, full_name: &str) -> &mut RepositoryState {
        let id = self.next_id();
        self.repositories.entry(full_name.to_ascii_lowercase()).or_insert_with(|| RepositoryState {
            id,
            full_name: full_name.to_owned(),
            is_private: false,
            is_archived: false,
            pulls: BTreeMap::new(),
            comments: Vec::new(),
            runs: BTreeMap::new(),
            artifacts: Vec::new(),
            refs: BTreeMap::new(),
            objects: Objects::default(),
        })
    }

    /// Hides a repository from everybody who is not allowed.
    pub fn make_private(&mut self, full_name: &str) {
        self.repository(full_name).is_private = true;
    }

    /// Archives a repository: nothing in it changes any more.
    pub fn archive(&mut self, full_name: &str) {
        self.repository(full_name).is_archived = true;
    }

    /// Gives out a token.
    pub fn add_token(&mut self, token: &str, account: Account) {
        self.tokens.insert(token.to_owned(), account);
    }

    /// How many things a page has at most; 100 unless it is said.
    pub fn set_page(&mut self, most: usize) {
        self.page = most.clamp(1, 100);
    }

    /// Opens a pull request and gives its number.
    pub fn add_pull(&mut self, full_name: &str, spec: &PullSpec) -> u64 {
        let number = self.repository(full_name).pulls.len() as u64 + 1;
        self.put_pull(full_name, number, spec);
        number
    }

    /// Opens the pull request of this number, in place of any there is.
    pub fn put_pull(&mut self, full_name: &str, number: u64, spec: &PullSpec) {
        let now = self.now;
        let repository = self.repository(full_name);
        let pull = PullState {
            spec: spec.clone(),
            number,
            is_open: true,
            is_locked: false,
            merged: None,
            created: now,
            updated: now,
        };
        repository.pulls.insert(number, pull);
    }

    fn change_pull(&mut self, full_name: &str, number: u64, change: impl FnOnce(&mut PullState)) {
        let now = self.now;
        if let Some(pull) = self.repository(full_name).pulls.get_mut(&number) {
            change(pull);
            pull.updated = now;
        }
    }

    /// Pushes another commit to the head of a pull request.
    pub fn push(&mut self, full_name: &str, number: u64, sha: &str) {
        self.change_pull(full_name, number, |pull| sha.clone_into(&mut pull.spec.head_sha));
    }

    /// Merges a pull request, with this commit.
    pub fn merge(&mut self, full_name: &str, number: u64, commit: &str) {
        let now = self.now;
        self.change_pull(full_name, number, |pull| {
            pull.merged = Some((commit.to_owned(), now));
            pull.is_open = false;
        });
    }

    /// Closes a pull request.
    pub fn close(&mut self, full_name: &str, number: u64) {
        self.change_pull(full_name, number, |pull| pull.is_open = false);
    }

    /// Locks the conversation of a pull request.
    pub fn lock(&mut self, full_name: &str, number: u64) {
        self.change_pull(full_name, number, |pull| pull.is_locked = true);
    }

    /// Removes the fork a pull request comes from.
    pub fn remove_fork(&mut self, full_name: &str, number: u64) {
        self.change_pull(full_name, number, |pull| pull.spec.head_repository = None);
    }

    /// Somebody comments; the number of the comment. Names that end with `[bot]` are those of apps; an empty one is of an account that is gone.
    pub fn add_comment(&mut self, full_name: &str, number: u64, author: &str, body: &str) -> u64 {
        let (id, now) = (self.next_id(), self.now);
        let comment = CommentState {
            id,
            number,
            author: Some(author.to_owned()).filter(|author| !author.is_empty()),
            is_by_app: author.ends_with("[bot]"),
            body: body.to_owned(),
            created: now,
            updated: now,
        };
        self.repository(full_name).comments.push(comment);
        id
    }

    /// Somebody changes a comment.
    pub fn change_comment(&mut self, full_name: &str, id: u64, body: &str) {
        let comments = &mut self.repository(full_name).comments;
        if let Some(comment) = comments.iter_mut().find(|comment| comment.id == id) {
            body.clone_into(&mut comment.body);
        }
    }

    /// Somebody removes a comment.
    pub fn remove_comment(&mut self, full_name: &str, id: u64) {
        self.repository(full_name).comments.retain(|comment| comment.id != id);
    }

    /// The comments of a pull request, the oldest first.
    #[must_use]
    pub fn comments(&self, full_name: &str, number: u64) -> Vec<CommentState> {
        let repository = self.repositories.get(&full_name.to_ascii_lowercase());
        let comments = repository.map(|repository| repository.comments.as_slice()).unwrap_or_default();
        comments.iter().filter(|comment| comment.number == number).cloned().collect()
    }

    /// A workflow runs; the number of the run.
    pub fn add_run(&mut self, full_name: &str, spec: &RunSpec) -> u64 {
        let id = self.next_id();
        self.repository(full_name).runs.insert(id, spec.clone());
        id
    }

    /// A run is started once more; of its earlier attempts stays what they uploaded.
    pub fn rerun(&mut self, full_name: &str, run: u64) {
        if let Some(run) = self.repository(full_name).runs.get_mut(&run) {
            run.attempt += 1;
        }
    }

    /// The names of what a run has uploaded, in that order.
    #[must_use]
    pub fn artifacts(&self, full_name: &str, run: u64) -> Vec<String> {
        let repository = self.repositories.get(&full_name.to_ascii_lowercase());
        let all = repository.map(|repository| repository.artifacts.as_slice()).unwrap_or_default();
        all.iter().filter(|artifact| artifact.run == run).map(|artifact| artifact.name.clone()).collect()
    }

    /// What a run has uploaded as its artifact of this place, from 0; nothing when there is none.
    #[must_use]
    pub fn artifact(&self, full_name: &str, run: u64, place: usize) -> Vec<u8> {
        let repository = self.repositories.get(&full_name.to_ascii_lowercase());
        let all = repository.map(|repository| repository.artifacts.as_slice()).unwrap_or_default();
        let found = all.iter().filter(|artifact| artifact.run == run).nth(place);
        found.map(|artifact| artifact.content.clone()).unwrap_or_default()
    }

    /// A run uploads something, which is a zip file or not; the number of the artifact.
    pub fn add_artifact(&mut self, full_name: &str, run: u64, name: &str, content: &[u8]) -> u64 {
        let (id, now) = (self.next_id(), self.now);
        let artifact = ArtifactState {
            id,
            run,
            name: name.to_owned(),
            content: content.to_vec(),
            says: content.len() as u64,
            is_expired: false,
            digest: Some(format!("sha256:{}", encode_string(&Sha256::digest(content)))),
            created: now,
        };
        self.repository(full_name).artifacts.push(artifact);
        id
    }

    fn change_artifact(&mut self, full_name: &str, id: u64, change: impl FnOnce(&mut ArtifactState)) {
        let artifacts = &mut self.repository(full_name).artifacts;
        if let Some(artifact) = artifacts.iter_mut().find(|artifact| artifact.id == id) {
            change(artifact);
        }
    }

    /// An artifact expires.
    pub fn expire_artifact(&mut self, full_name: &str, id: u64) {
        self.change_artifact(full_name, id, |artifact| artifact.is_expired = true);
    }

    /// What is downloaded of an artifact is this from now on, whatever the API says of it.
    pub fn replace_artifact(&mut self, full_name: &str, id: u64, content: &[u8]) {
        self.change_artifact(full_name, id, |artifact| artifact.content = content.to_vec());
    }

    /// The API says of an artifact that it has this many bytes, and nothing of its SHA-256.
    pub fn misreport_artifact(&mut self, full_name: &str, id: u64, size: u64) {
        self.change_artifact(full_name, id, |artifact| {
            artifact.says = size;
            artifact.digest = None;
        });
    }

    /// The commit a ref is at.
    #[must_use]
    pub fn reference(&self, full_name: &str, name: &str) -> Option<String> {
        self.repositories.get(&full_name.to_ascii_lowercase())?.refs.get(name).cloned()
    }

    /// Puts a ref somewhere, or removes it.
    pub fn set_reference(&mut self, full_name: &str, name: &str, commit: Option<&str>) {
        let refs = &mut self.repository(full_name).refs;
        match commit {
            Some(commit) => refs.insert(name.to_owned(), commit.to_owned()),
            None => refs.remove(name),
        };
    }

    /// Somebody tags a commit with a message; the name of the object that makes.
    pub fn annotate(&mut self, full_name: &str, tag: &str, commit: &str) -> String {
        let at = self.now;
        let (commit, name) = (commit.to_owned(), tag.to_owned());
        let repository = self.repository(full_name);
        let id = repository.objects.add(Object::Tag { commit, name, who: "octocat".to_owned(), at });
        repository.refs.insert(format!("refs/tags/{tag}"), id.clone());
        id
    }

    /// The files of a commit, or of the commit a ref is at.
    #[must_use]
    pub fn files(&self, full_name: &str, commit: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let repository = self.repositories.get(&full_name.to_ascii_lowercase())?;
        let commit = repository.refs.get(commit).map_or(commit, String::as_str);
        let Object::Commit { tree, .. } = repository.objects.get(commit)? else { return None };
        let entries = repository.objects.entries(tree, true)?;
        let files = entries.into_iter().filter_map(|(path, _, id)| match repository.objects.get(&id)? {
            Object::Blob(content) => Some((path, content.clone())),
            _ => None,
        });
        Some(files.collect())
    }

    /// The commits behind a ref, the newest first, by first parents.
    #[must_use]
    pub fn history(&self, full_name: &str, name: &str) -> Vec<String> {
        let Some(repository) = self.repositories.get(&full_name.to_ascii_lowercase()) else {
            return Vec::new();
        };
        let mut at = repository.refs.get(name).cloned();
        let mut found = Vec::new();
        while let Some(commit) = at {
            at = repository.objects.parents(&commit).and_then(|parents| parents.first().cloned());
            found.push(commit);
        }
        found
    }

    /// Somebody puts files on a ref, beside those that are there, and gives the commit.
    pub fn commit_files(&mut self, full_name: &str, reference: &str, files: &[(&str, &str)]) -> String {
        let at = self.now;
        let repository = self.repository(full_name);
        let parent = repository.refs.get(reference).cloned();
        let mut all = BTreeMap::new();
        if let Some(Object::Commit { tree, .. }) = parent.as_ref().and_then(|id| repository.objects.get(id)) {
            let entries = repository.objects.entries(tree, true).unwrap_or_default();
            all.extend(
                entries
                    .into_iter()
                    .filter(|(_, mode, _)| mode != "040000")
                    .map(|(path, mode, id)| (path, (mode, id))),
            );
        }
        for (path, content) in files {
            let id = repository.objects.add(Object::Blob(content.as_bytes().to_vec()));
            all.insert((*path).to_owned(), ("100644".to_owned(), id));
        }
        let tree = repository.objects.tree(&all);
        let commit = Object::Commit {
            tree,
            parents: parent.into_iter().collect(),
            message: "Somebody's".to_owned(),
            who: "octocat".to_owned(),
            at,
        };
        let id = repository.objects.add(commit);
        repository.refs.insert(reference.to_owned(), id.clone());
        id
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        // A second begins anew with each wait: what is ordered by time has an order.
        self.now = self.now.saturating_add(span.as_secs().max(1));
    }
}
