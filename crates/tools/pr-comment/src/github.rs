//! GitHub, by `lw-github`.

use lw_cli::Context;
use lw_connect::Patience;
use lw_github::{Api, Artifact, Author, Error, HeadOf, Repository, Sticky};
use lw_github_client::Wanted;
use lw_model::Diagnose;
use lw_model::lists::sort_by;

use crate::args::Args;
use crate::artifact::Names;
use crate::marker::Marker;
use crate::service::{EndedRun, Posted, Pull, Service, ServiceError};

/// One repository of GitHub.
pub(crate) struct GitHub {
    api: Api,
    repository: Repository,
    author: Option<Author>,
    clock: Patience,
}

fn told(error: &Error) -> ServiceError {
    ServiceError { message: error.to_string(), hint: error.hint().map(std::borrow::Cow::into_owned) }
}

fn other(error: &impl Diagnose) -> ServiceError {
    ServiceError { message: error.to_string(), hint: error.hint().map(std::borrow::Cow::into_owned) }
}

impl GitHub {
    /// The repository of the run, with the token that the arguments name.
    ///
    /// # Errors
    /// When there is no token, or no repository.
    pub(crate) fn new(args: &Args, cx: &Context) -> Result<Self, ServiceError> {
        let wanted = Wanted {
            token: args.token.as_ref(),
            permission: "pull-requests: write",
            elsewhere: "post the file that --output writes",
        };
        let run = lw_github_client::GitHub::of_run(&wanted, cx).map_err(|error| ServiceError {
            message: error.message(),
            hint: error.advice().map(str::to_owned),
        })?;
        Ok(Self { api: run.api, repository: run.repository, author: None, clock: run.clock })
    }
}

impl Service for GitHub {
    fn pull(&mut self, number: u64) -> Result<Pull, ServiceError> {
        let pull = self.api.pull(&self.repository, number, &mut self.clock).map_err(|error| told(&error))?;
        Ok(Pull { number: pull.number, head: pull.head.sha })
    }

    fn pulls_of(&mut self, repository: &str, branch: &str) -> Result<Vec<Pull>, ServiceError> {
        let head = Repository::parse(repository).map_err(|error| other(&error))?;
        let head = HeadOf { repository: &head, branch };
        let all =
            self.api.pulls_of_head(&self.repository, &head, &mut self.clock).map_err(|error| told(&error))?;
        let open = all.into_iter().filter(|pull| pull.is_open);
        Ok(open.map(|pull| Pull { number: pull.number, head: pull.head.sha }).collect())
    }

    fn run(&mut self, id: u64) -> Result<EndedRun, ServiceError> {
        let run = self.api.run(&self.repository, id, &mut self.clock).map_err(|error| told(&error))?;
        Ok(EndedRun {
            id: run.id,
            attempt: run.attempt,
            event: run.event,
            head: run.head_sha,
            branch: run.head_branch,
            repository: run.head_repository,
            workflow: run.path,
            url: run.url,
        })
    }

    fn artifacts(&mut self, run: u64, names: &Names) -> Result<Vec<Artifact>, ServiceError> {
        let found = self.api.artifacts(&self.repository, run, names.exact(), &mut self.clock);
        let mut found = found.map_err(|error| told(&error))?;
        found.retain(|artifact| names.fit(&artifact.name));
        // A run that was repeated has one of each attempt; times of one form are in the order of their texts.
        sort_by(&mut found, |a, b| (&a.name, &b.created_at, b.id).cmp(&(&b.name, &a.created_at, a.id)));
        found.dedup_by(|older, newest| older.name == newest.name);
        Ok(found)
    }

    fn download(&mut self, artifact: &Artifact, most: u64) -> Result<Vec<u8>, ServiceError> {
        let bytes = self.api.download(&self.repository, artifact, most, &mut self.clock);
        bytes.map_err(|error| told(&error))
    }

    fn set(
        &mut self,
        number: u64,
        marker: &Marker,
        body: &str,
        may_create: bool,
    ) -> Result<Posted, ServiceError> {
        let author = match self.author.take() {
            Some(author) => author,
            None => self.api.author(&mut self.clock).map_err(|error| told(&error))?,
        };
        let sticky = Sticky {
            repository: &self.repository,
            number,
            author: &author,
            marker: &marker.start(),
            body: Some(body),
            may_create,
            may_replace: &|there| marker.may_replace(&there.body),
        };
        let posted = self.api.set_comment(&sticky, &mut self.clock).map_err(|error| told(&error));
        self.author = Some(author);
        Ok(match posted? {
            lw_github::Posted::Created(comment) => Posted::Created(comment.url),
            lw_github::Posted::Updated(comment) => Posted::Updated(comment.url),
            lw_github::Posted::Unchanged(comment) => Posted::Unchanged(comment.url),
            lw_github::Posted::Kept(comment) => Posted::Kept(comment.url),
            lw_github::Posted::Removed | lw_github::Posted::Absent => Posted::Absent,
        })
    }
}
