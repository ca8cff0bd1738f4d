//! Workflow runs and what they uploaded.

use base16ct::lower::encode_string;
use lw_http::{Address, Method, Request, Waiting};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::api::{Api, Asked, encoded, judged};
use crate::error::{Error, ErrorKind, Permission};
use crate::pulls::RepositoryJson;
use crate::repository::Repository;

/// The most artifacts of a run that are read; GitHub allows 500 of a job.
const MOST: usize = 5000;

/// A run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// Which time it ran, from 1.
    pub attempt: u64,
    /// What started it: `pull_request`.
    pub event: String,
    /// `success`, `failure`, `cancelled` …; `None` while it runs.
    pub conclusion: Option<String>,
    /// The commit; of a pull request its head, not the merge that was tested.
    pub head_sha: String,
    /// The branch of the head.
    pub head_branch: Option<String>,
    /// The repository of the head, `owner/name`: of a pull request of a fork, the fork. `None` when it is gone.
    pub head_repository: Option<String>,
    /// The file of the workflow: `.github/workflows/ci.yml`.
    pub path: String,
    /// Where people look at it.
    pub url: String,
}

/// What a run uploaded: a zip file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The length of the zip file in bytes, as GitHub says.
    pub size: u64,
    /// Whether it is gone.
    pub is_expired: bool,
    /// `sha256:` and the hexadecimal digits of the zip file's; older ones and those of GitHub Enterprise Server may have none.
    pub digest: Option<String>,
    /// When it was uploaded, as RFC 3339.
    pub created_at: String,
}

#[derive(Deserialize)]
struct RunJson {
    id: u64,
    #[serde(default)]
    run_attempt: Option<u64>,
    event: String,
    #[serde(default)]
    conclusion: Option<String>,
    head_sha: String,
    #[serde(default)]
    head_branch: Option<String>,
    #[serde(default)]
    head_repository: Option<RepositoryJson>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    html_url: String,
}

#[derive(Deserialize)]
struct ArtifactsJson {
    artifacts: Vec<ArtifactJson>,
}

#[derive(Deserialize)]
struct ArtifactJson {
    id: u64,
    name: String,
    size_in_bytes: u64,
    expired: bool,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
}

impl From<ArtifactJson> for Artifact {
    fn from(json: ArtifactJson) -> Self {
        Self {
            id: json.id,
            name: json.name,
            size: json.size_in_bytes,
            is_expired: json.expired,
            digest: json.digest,
            created_at: json.created_at.unwrap_or_default(),
        }
    }
}

impl Api {
    /// A run of a workflow.
    ///
    /// # Errors
    /// When there is none that the token may see.
    pub fn run(&self, repository: &Repository, id: u64, clock: &mut dyn Waiting) -> Result<Run, Error> {
        let asked = Asked::get(
            format!("read run {id} of {repository}"),
            repository.path(&format!("/actions/runs/{id}")),
            Permission::ActionsRead,
        );
        let json: RunJson = self.ask(&asked, clock)?;
        Ok(Run {
            id: json.id,
            attempt: json.run_attempt.unwrap_or(1),
            event: json.event,
            conclusion: json.conclusion,
            head_sha: json.head_sha,
            head_branch: json.head_branch,
            head_repository: json.head_repository.map(|repository| repository.full_name),
            path: json.path,
            url: json.html_url,
        })
    }

    /// What a run uploaded; with a name, what has it. A run that was repeated may have several of one name.
    ///
    /// # Errors
    /// When there is no such run that the token may see, or there are more than 5000.
    pub fn artifacts(
        &self,
        repository: &Repository,
        run: u64,
        name: Option<&str>,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<Artifact>, Error> {
        let filter = name.map_or_else(String::new, |name| format!("?name={}", encoded(name)));
        let asked = Asked::get(
            format!("list the artifacts of run {run} of {repository}"),
            repository.path(&format!("/actions/runs/{run}/artifacts{filter}")),
            Permission::ActionsRead,
        );
        let all = |page: ArtifactsJson| page.artifacts.into_iter().map(Artifact::from).collect::<Vec<_>>();
        let mut found = self.pages((asked, "artifacts", MOST), clock, &all, &|_| true)?;
        found.retain(|artifact| name.is_none_or(|name| artifact.name == name));
        Ok(found)
    }

    /// The zip file of an artifact, of at most `most` bytes: it is foreign, and nothing of it was looked at but its SHA-256 where GitHub tells it.
    ///
    /// It lies on another server, which sees a signed address and never the token.
    ///
    /// # Errors
    /// When it is expired, longer, or not what was uploaded, or the token may not read it.
    pub fn download(
        &self,
        repository: &Repository,
        artifact: &Artifact,
        most: u64,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<u8>, Error> {
        let asked = Asked::get(
            format!("download artifact {} of {repository}", artifact.id),
            repository.path(&format!("/actions/artifacts/{}/zip", artifact.id)),
            Permission::ActionsRead,
        );
        let fails = |kind: ErrorKind| Error::new(asked.what.clone(), kind);
        if artifact.size > most {
            return Err(fails(ErrorKind::TooLong { bytes: artifact.size, most }));
        }
        if artifact.is_expired {
            return Err(fails(ErrorKind::Gone { said: "it has expired".to_owned() }));
        }
        let address = self.address(&asked)?;
        // An address is signed for a minute, so each attempt asks for one.
        self.client().patiently(asked.repeatable, clock, &mut || {
            let told = self.line().locate(address.clone()).map_err(|error| fails(error.into()))?;
            if !(300..400).contains(&told.status) {
                let header = |name: &str| told.header(name);
                return Err(if told.status < 300 {
                    fails(ErrorKind::NotUnderstood { why: "it is no address".to_owned() })
                } else {
                    judged(&asked.what, asked.needs, told.status, &header, told.date, &told.body)
                });
            }
            let wrong = |why: String| fails(ErrorKind::NotUnderstood { why });
            let location = told.header("location").ok_or_else(|| wrong("it is no address".to_owned()))?;
            let elsewhere = Address::parse(location).map_err(|error| wrong(error.to_string()))?;
            let request = Request::new(Method::Get, elsewhere);
            let answer = self.client().send_limited(&request, most).map_err(|error| fails(error.into()))?;
            let found = format!("sha256:{}", encode_string(&Sha256::digest(&answer.body)));
            match &artifact.digest {
                Some(expected)
                    if expected.starts_with("sha256:") && !expected.eq_ignore_ascii_case(&found) =>
                {
                    Err(fails(ErrorKind::Digest { found, expected: expected.clone() }))
                }
                _ => Ok(answer.body),
            }
        })
    }
}
