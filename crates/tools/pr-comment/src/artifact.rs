//! Reports that another run has uploaded: everything in them is foreign.
//!
//! The run is looked up, and with it the repository, the branch and the commit of its pull request: nothing of that is taken from
//! the artifacts. What is in them is read into memory within bounds; one file that is no report of this commit, and
//! nothing of it is used.

use lw_archive::{Bounds, unzip};
use lw_cli::{Context, Error, ResultExt};
use lw_github::Artifact;
use lw_hashed::HashSet;
use lw_model::Report;
use lw_model::lists::sort_by;
use lw_report::Commit;

use crate::args::DEFAULT_KEY;
use crate::marker::MOST_OF_KEY;
use crate::reports::{Collected, Wanted, advice};
use crate::service::{EndedRun, Pull, Service, ServiceError};

/// The most artifacts that are read: each is a request, and a job's token has 1,000 of them in an hour for the whole repository.
const MOST: usize = 100;

/// How much they may hold together: 500 reports of 5,000 measures have 280 MB, and 15 MB packed.
const BOUNDS: Bounds =
    Bounds { archive: 64 << 20, entries: 2_000, file: 32 << 20, total: 512 << 20, ratio: 200, name: 300 };

/// A run whose reports are told, and the pull requests it is of.
pub(crate) struct Origin {
    pub(crate) run: EndedRun,
    pub(crate) pulls: Vec<Pull>,
}

impl Origin {
    /// Of several pull requests with one head it is the one that the reports were made for, where they all name one of them: each
    /// goes to a branch of its own, and is compared with that.
    pub(crate) fn narrow(&mut self, collected: &Collected) {
        let number = |told: &Report| told.provenance.as_ref().and_then(|provenance| provenance.pull_request);
        let mut numbers = collected.found.iter().map(|found| number(&found.told));
        let Some(Some(first)) = numbers.next() else { return };
        if numbers.all(|number| number == Some(first)) && self.pulls.iter().any(|pull| pull.number == first) {
            self.pulls.retain(|pull| pull.number == first);
        }
    }
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

/// Which artifacts are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// The name, or its beginning.
    text: String,
    is_beginning: bool,
}

impl Names {
    /// Reads a name, or the beginning of names with `*` after it.
    ///
    /// # Errors
    /// When it is empty, or has `*` anywhere else.
    pub(crate) fn parse(given: &str) -> Result<Self, Error> {
        let text = given.trim();
        let (text, is_beginning) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
        if text.is_empty() || text.contains('*') {
            return Err(Error::usage(format!("--artifact: `{given}` is no name of an artifact"))
                .hint("write a name, or how the names of several begin, with one `*` at the end"));
        }
        Ok(Self { text: text.to_owned(), is_beginning })
    }

    /// The name, where only one is meant.
    pub(crate) fn exact(&self) -> Option<&str> {
        (!self.is_beginning).then_some(self.text.as_str())
    }

    pub(crate) fn fit(&self, name: &str) -> bool {
        if self.is_beginning { name.starts_with(&self.text) } else { name == self.text }
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.text, if self.is_beginning { "*" } else { "" })
    }
}

/// Reads the reports of these artifacts: all of them, or none.
///
/// # Errors
/// When one cannot be had, is no archive of reports, or holds one of another commit.
pub(crate) fn reports(
    service: &mut dyn Service,
    (origin, names): (&Origin, &Names),
    artifacts: &[Artifact],
    cx: &Context,
    report: &mut Report,
) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    if artifacts.is_empty() {
        let what = format!("the artifact {names} of run {}", origin.run.id);
        cx.missing_input(&what, report)?;
        collected.notes.push(format!("{what} is missing"));
        return Ok(collected);
    }
    if artifacts.len() > MOST {
        return Err(Error::input(format!("{names}: {} artifacts, and {MOST} are read", artifacts.len()))
            .hint("let one job gather the reports and upload them together"));
    }
    let mut wanted = Wanted::Head(Commit::new(&origin.run.head, None));
    // What is allowed in all is allowed once, however many they are.
    let mut bounds = BOUNDS;
    let mut known = HashSet::new();
    for artifact in artifacts {
        let bytes =
            service.download(artifact, u64::try_from(bounds.archive).unwrap_or(u64::MAX)).map_err(remote)?;
        bounds.archive = bounds.archive.saturating_sub(bytes.len());
        let (mut entries, mut total) = (0_usize, 0_u64);
        let read = unzip::<Unusable>(&bytes, &bounds, |file| {
            (entries, total) = (entries + 1, total + file.bytes.len() as u64);
            // Of several each has the names that its job gave; only what is there twice needs more.
            let shown = if known.insert(file.name.clone()) {
                file.name.clone()
            } else {
                format!("{}/{}", artifact.name, file.name)
            };
            let context = format!("{}: {}", artifact.name, file.name);
            collected.add(&shown, &file.bytes, &mut wanted, report).context(context)?;
            Ok(())
        });
        read.map_err(|unusable| unusable.0)?;
        bounds.entries = bounds.entries.saturating_sub(entries);
        bounds.total = bounds.total.saturating_sub(total);
    }
    if let Some(problem) = collected.problems.first() {
        return Err(Error::input(format!("{names}: {problem}")).hint(
            "nothing of the artifact is posted: all of it has to be reports of the commit that was tested",
        ));
    }
    // Whichever job ended first.
    sort_by(&mut collected.found, |a, b| a.file.cmp(&b.file));
    Ok(collected)
}

/// The key of the comment of a workflow: what its file is called.
pub(crate) fn key_of(workflow: &str) -> String {
    // A ref has slashes, too.
    let path = workflow.split_once("@refs/").map_or(workflow, |(path, _)| path);
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml")).unwrap_or(file);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let key: String = stem.chars().take(MOST_OF_KEY).map(plain).collect();
    if key.is_empty() { DEFAULT_KEY.to_owned() } else { key }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_beginning() {
        let names = Names::parse(" lw-report* ").unwrap();
        assert!(names.fit("lw-reports") && names.fit("lw-report-0a") && !names.fit("lw-repor"));
        assert_eq!((names.exact(), names.to_string()), (None, "lw-report*".into()));
        let names = Names::parse("lw-reports").unwrap();
        assert!(names.fit("lw-reports") && !names.fit("lw-reports-2"));
        assert_eq!(names.exact(), Some("lw-reports"));
        for given in ["", " ", "*", "a*b", "**"] {
            assert!(Names::parse(given).is_err(), "{given}");
        }
    }

    #[test]
    fn a_workflow_names_its_comment() {
        for (workflow, key) in [
            (".github/workflows/size.yml", "size"),
            (".github/workflows/Size and RAM.yaml@refs/heads/main", "Size-and-RAM"),
            ("dynamic/pages/pages-build-deployment", "pages-build-deployment"),
            (".github/workflows/a --> b.yml", "a-----b"),
            ("", "reports"),
            (".github/workflows/.yml", "reports"),
        ] {
            assert_eq!(key_of(workflow), key);
            assert!(crate::marker::is_key(&key_of(workflow)));
        }
        assert!(crate::marker::is_key(&key_of(&"ü".repeat(300))));
    }
}
