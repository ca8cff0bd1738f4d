//! Reports that another run has uploaded: everything in them is foreign.
//!
//! The run is looked up, and with it the repository, the branch and the commit of its pull request: nothing of that is taken from
//! the artifact. What is in the artifact is read into memory within bounds; one file that is no report of this commit, and
//! nothing of it is used.

use lw_archive::{Bounds, unzip};
use lw_cli::{Context, Error, ResultExt};
use lw_model::Report;
use lw_report::Commit;

use crate::reports::{Collected, Wanted, advice};
use crate::service::{EndedRun, Pull, Service, ServiceError};

/// How much an artifact may hold: 500 reports of 5,000 measures have 280 MB, and 15 MB packed.
const BOUNDS: Bounds =
    Bounds { archive: 64 << 20, entries: 2_000, file: 32 << 20, total: 512 << 20, ratio: 200, name: 300 };

/// A run whose reports are told, and the pull requests it is of.
pub(crate) struct Origin {
    pub(crate) run: EndedRun,
    pub(crate) pulls: Vec<Pull>,
}

/// Why nothing is told of a run.
pub(crate) enum Nothing {
    /// There is nobody to tell: it is of no pull request, or of one that has moved on.
    Nobody(String),
    /// GitHub did not answer.
    Service(ServiceError),
}

impl From<ServiceError> for Nothing {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

/// Finds the pull request of a run by the repository, the branch and the commit of its head: GitHub's own link from a commit to
/// pull requests knows none of forks.
///
/// # Errors
/// When there is none whose tip is still this commit.
pub(crate) fn origin(service: &mut dyn Service, run: u64) -> Result<Origin, Nothing> {
    let run = service.run(run)?;
    if run.event != "pull_request" && run.event != "pull_request_target" {
        return Err(Nothing::Nobody(format!(
            "run {} was started by `{}`, not by a pull request",
            run.id, run.event
        )));
    }
    let (Some(repository), Some(branch)) = (&run.repository, &run.branch) else {
        return Err(Nothing::Nobody(format!(
            "the repository or the branch that run {} is of is gone",
            run.id
        )));
    };
    let mut pulls = service.pulls_of(repository, branch)?;
    let open = pulls.len();
    pulls.retain(|pull| pull.head.eq_ignore_ascii_case(&run.head));
    if pulls.is_empty() {
        let short: String = run.head.chars().take(12).collect();
        let why = if open == 0 {
            format!("there is no open pull request of {repository}:{branch}")
        } else {
            format!("the pull request of {repository}:{branch} has moved on from commit {short}")
        };
        return Err(Nothing::Nobody(why));
    }
    Ok(Origin { run, pulls })
}

/// Reads the reports of an artifact: all of them, or none.
///
/// # Errors
/// When the artifact is missing, is no archive of reports, or holds one of another commit.
pub(crate) fn reports(
    service: &mut dyn Service,
    origin: &Origin,
    name: &str,
    cx: &Context,
    report: &mut Report,
) -> Result<Collected, Error> {
    let most = u64::try_from(BOUNDS.archive).unwrap_or(u64::MAX);
    let bytes = service.artifact(origin.run.id, name, most).map_err(remote)?;
    let mut collected = Collected::default();
    let Some(bytes) = bytes else {
        let what = format!("the artifact {name} of run {}", origin.run.id);
        cx.missing_input(&what, report)?;
        collected.notes.push(format!("{what} is missing"));
        return Ok(collected);
    };
    let mut wanted = Wanted::Head(Commit::new(&origin.run.head, None));
    unzip::<Unusable>(&bytes, &BOUNDS, |file| {
        let shown = file.name.clone();
        collected.add(&file.name, &file.bytes, &mut wanted, report).context(format!("{name}: {shown}"))?;
        Ok(())
    })
    .map_err(|unusable| unusable.0)?;
    if let Some(problem) = collected.problems.first() {
        return Err(Error::input(format!("{name}: {problem}")).hint(
            "nothing of the artifact is posted: all of it has to be reports of the commit that was tested",
        ));
    }
    Ok(collected)
}

/// Why an artifact is not used.
struct Unusable(Error);

impl From<lw_archive::ArchiveError> for Unusable {
    fn from(error: lw_archive::ArchiveError) -> Self {
        let (message, hint) = advice(&error);
        let error = Error::input(format!("the artifact: {message}"));
        Self(hint.map_or_else(|| Error::input(&message), |hint| error.hint(hint)))
    }
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// An error of the service as one that ends the run.
pub(crate) fn remote(error: ServiceError) -> Error {
    let ServiceError { message, hint } = error;
    let error = Error::remote(message);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
