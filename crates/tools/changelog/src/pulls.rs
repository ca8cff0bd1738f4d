//! Pull requests, as GitHub tells of them, and which commits they brought.

use std::path::Path;

use lw_cli::Context;
use lw_github_client::{GitHub, Wanted};
use lw_hashed::HashMap;
use lw_releases::Releases;
use lw_secret::SecretSource;
use lw_syntax::json_reason;
use serde::Deserialize;

use crate::error::InputError;

/// The largest list that is read, in bytes: some hundred thousand pull requests.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The most closed pull requests that GitHub is asked for: a hundred requests, of the thousand that the token of a job has in an hour.
const MOST_FETCHED: usize = 10_000;

/// Whether they are to be fetched; a file of this name is `./github`.
pub(crate) fn are_fetched(pulls: &Path) -> bool {
    pulls == Path::new("github")
}

/// A pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pull {
    /// Its title.
    pub(crate) title: String,
    /// Who opened it, where GitHub says so and it is a name that GitHub gives.
    pub(crate) login: Option<String>,
    /// Names of its labels.
    pub(crate) labels: Vec<String>,
}

/// Pull requests by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulls {
    by_number: HashMap<u64, Pull>,
    /// By the full id of the commit that merged them.
    by_commit: HashMap<String, u64>,
}

/// What is read of each; the names are those of the REST API, and of `gh pr list --json`.
#[derive(Deserialize)]
struct PullJson {
    number: u64,
    #[serde(default)]
    title: Option<String>,
    #[serde(default, alias = "author")]
    user: Option<UserJson>,
    #[serde(default)]
    labels: Option<Vec<LabelJson>>,
    #[serde(default)]
    merge_commit_sha: Option<String>,
    #[serde(default, rename = "mergeCommit")]
    merge_commit: Option<CommitJson>,
}

#[derive(Deserialize)]
struct UserJson {
    #[serde(default)]
    login: Option<String>,
}

#[derive(Deserialize)]
struct LabelJson {
    name: String,
}

#[derive(Deserialize)]
struct CommitJson {
    oid: String,
}

impl Pulls {
    /// Reads a list, or several one after the other, as the pages of the API come. Of a number that is there twice the last counts.
    pub(crate) fn parse(bytes: &[u8], path: &str) -> Result<Self, InputError> {
        if bytes.len() > MOST_BYTES {
            return Err(InputError::TooLarge { path: path.into(), bytes: bytes.len(), most: MOST_BYTES });
        }
        let problem = |error: &serde_json::Error| InputError::Pulls {
            path: path.to_owned(),
            line: error.line().max(1),
            column: error.column().max(1),
            reason: json_reason(error),
        };
        let mut pulls = Self::default();
        let mut pages = 0;
        for page in serde_json::Deserializer::from_slice(bytes).into_iter::<Vec<PullJson>>() {
            pages += 1;
            for pull in page.map_err(|error| problem(&error))? {
                let of_graph = pull.merge_commit.map(|commit| commit.oid);
                let commit = pull.merge_commit_sha.or(of_graph);
                let login = pull.user.and_then(|user| user.login);
                let labels = pull.labels.unwrap_or_default().into_iter().map(|label| label.name).collect();
                let title = pull.title.unwrap_or_default();
                pulls.add(pull.number, commit.as_deref(), Pull { title, login, labels });
            }
        }
        if pages == 0 {
            return Err(InputError::Pulls {
                path: path.to_owned(),
                line: 1,
                column: 1,
                reason: "it is empty; a repository without pull requests has `[]`".to_owned(),
            });
        }
        Ok(pulls)
    }

    /// Asks GitHub for what was merged since the oldest commit that is told. Nothing is asked where no commit is told.
    ///
    /// # Errors
    /// When the repository or the token is missing, GitHub refuses or does not answer, or there are more than [`MOST_FETCHED`]: a
    /// changelog that only says what was at hand would look like a whole one.
    pub(crate) fn fetch(
        token: Option<&SecretSource>,
        found: &Releases,
        cx: &Context,
    ) -> Result<Self, lw_cli::Error> {
        let Some(oldest) = found.log.commits.iter().map(|commit| commit.time).min() else {
            return Ok(Self::default());
        };
        let wanted = Wanted {
            token,
            permission: "pull-requests: read",
            elsewhere: "give --pulls FILE, which `gh pr list --json number,title,author,labels,mergeCommit` writes",
        };
        let GitHub { api, repository, mut clock } = GitHub::of_run(&wanted, cx)?;
        // A commit made elsewhere has another clock than GitHub.
        let since = lw_releases::utc_time(oldest.saturating_sub(86_400).max(0));
        let merged = api.merged_pulls(&repository, Some(&since), MOST_FETCHED, &mut clock)?;
        let mut pulls = Self::default();
        for pull in merged {
            pulls.add(
                pull.number,
                pull.merge_commit_sha.as_deref(),
                Pull {
                    title: pull.title,
                    login: pull.user.map(|user| user.login),
                    labels: pull.labels.into_iter().map(|label| label.name).collect(),
                },
            );
        }
        Ok(pulls)
    }

    fn add(&mut self, number: u64, commit: Option<&str>, mut pull: Pull) {
        if let Some(id) = commit {
            self.by_commit.insert(id.to_ascii_lowercase(), number);
        }
        pull.login = pull.login.filter(|login| is_login(login));
        self.by_number.insert(number, pull);
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Pull> {
        self.by_number.get(&number)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Gives each commit that names no pull request the one that brought it: the one it merged, or the one of the merge it came with.
    /// How many entries have one of the list.
    pub(crate) fn link(&self, found: &mut Releases) -> usize {
        let mut brought: HashMap<u32, u64> = HashMap::new();
        let merged = |place: u32, found: &Releases| {
            let id = found.log.commits.get(place as usize).map(lw_history::Commit::id)?;
            self.by_commit.get(&id).copied()
        };
        for entry in found.releases.iter().flat_map(|release| &release.entries) {
            if !entry.is_merge {
                continue;
            }
            let number = entry.pull.filter(|number| self.by_number.contains_key(number));
            let Some(number) = number.or_else(|| merged(entry.place, found)) else { continue };
            brought.insert(entry.place, number);
            for place in found.log.brought_by(entry.place) {
                // Of merges in merges the inner one is older, and comes later.
                brought.insert(place, number);
            }
        }
        let mut links: Vec<Vec<Option<u64>>> = Vec::with_capacity(found.releases.len());
        for release in &found.releases {
            let of_entry = |entry: &lw_releases::Entry| {
                entry
                    .pull
                    .or_else(|| merged(entry.place, found))
                    .or_else(|| brought.get(&entry.place).copied())
            };
            links.push(release.entries.iter().map(of_entry).collect());
        }
        let mut linked = 0;
        for (release, links) in found.releases.iter_mut().zip(links) {
            for (entry, pull) in release.entries.iter_mut().zip(links) {
                linked += usize::from(pull.is_some_and(|number| self.by_number.contains_key(&number)));
                entry.pull = pull;
            }
        }
        linked
    }
}

/// Whether it is a name as GitHub gives them to people and programs: nothing else is put into an address.
fn is_login(login: &str) -> bool {
    let name = login.strip_suffix("[bot]").unwrap_or(login);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=100).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_and_several_pages_are_read() {
        let text = br#"[{"number": 12, "title": "<!-- a", "user": {"login": "octocat"}, "labels": [{"name": "bug", "color": "f00"}],
            "merge_commit_sha": "AB", "state": "closed"},
            {"number": 13, "title": null, "user": null, "merge_commit_sha": null}]
            [{"number": 14, "title": "b", "author": {"login": "dependabot[bot]"}, "mergeCommit": {"oid": "cd"}, "labels": []},
            {"number": 15, "author": {"login": "](javascript:x)"}, "mergeCommit": null}]"#;
        let pulls = Pulls::parse(text, "pulls.json").unwrap();
        let pull = |number| pulls.get(number).cloned().unwrap();
        assert_eq!(
            (pulls.len(), pulls.by_commit.get("ab"), pulls.by_commit.get("cd")),
            (4, Some(&12), Some(&14))
        );
        let (login, labels) = (Some("octocat".to_owned()), vec!["bug".to_owned()]);
        assert_eq!(pull(12), Pull { title: "<!-- a".into(), login, labels });
        assert_eq!((pull(13), pull(15)), (Pull::default(), Pull::default()));
        assert_eq!(pull(14).login.as_deref(), Some("dependabot[bot]"));
    }

    #[test]
    fn what_is_no_list_is_said_with_its_place() {
        for (text, place) in [
            ("", "p.json:1:1"),
            ("[", "p.json:1:1"),
            ("{\"message\": \"Bad credentials\"}", "p.json:1:"),
            ("[\n{\"title\": \"x\"}\n]", "p.json:2:14"),
            ("[{\"number\": -1}]", "p.json:1:"),
            ("[] x", "p.json:1:4"),
        ] {
            let error = Pulls::parse(text.as_bytes(), "p.json").unwrap_err();
            assert!(error.to_string().starts_with(place), "{text}: {error}");
            assert!(lw_model::Diagnose::hint(&error).is_some());
        }
    }
}
