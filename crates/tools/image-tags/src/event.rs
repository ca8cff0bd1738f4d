//! For what a run is.

use lw_cli::{Context, Error};
use lw_history::{Repository, is_full_id};
use lw_releases::Catalogue;
use lw_versions::Scheme;

use crate::args::{Args, Source};
use crate::error::TagError;

/// For what a run is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// What started it.
    pub(crate) name: String,
    /// Its full reference.
    pub(crate) reference: String,
    /// Full id of its commit.
    pub(crate) sha: String,
    /// How much of that stands for it.
    pub(crate) short: usize,
    /// Branch a pull request goes to, or a tag was pushed from.
    pub(crate) base: String,
    /// The main branch.
    pub(crate) default_branch: Option<String>,
    /// When the commit was made, in seconds since 1970.
    pub(crate) commit_time: Option<i64>,
    /// When the run is, likewise.
    pub(crate) now: i64,
    /// Name, description, address and licence of the repository.
    pub(crate) about: [Option<String>; 4],
}

impl Event {
    pub(crate) fn branch(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/heads/")
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/tags/")
    }

    pub(crate) fn pull(&self) -> Option<&str> {
        let rest = self.reference.strip_prefix("refs/pull/")?;
        Some(rest.strip_suffix("/merge").unwrap_or(rest))
    }

    pub(crate) fn is_schedule(&self) -> bool {
        self.name.contains("schedule")
    }

    pub(crate) fn short_sha(&self) -> &str {
        self.sha.get(..self.short).unwrap_or(&self.sha)
    }

    /// The same run for another tag.
    pub(crate) fn for_tag(&self, tag: &str) -> Self {
        Self { reference: format!("refs/tags/{tag}"), ..self.clone() }
    }

    /// The run in words.
    pub(crate) fn words(&self) -> String {
        match (self.branch(), self.tag(), self.pull()) {
            (Some(branch), ..) => format!("the branch {branch}"),
            (_, Some(tag), _) => format!("the tag {tag}"),
            (_, _, Some(pull)) => format!("the pull request {pull}"),
            _ if self.reference.is_empty() => "a run without a reference".to_owned(),
            _ => self.reference.clone(),
        }
    }
}

/// Reads for what the run is: from the arguments, what the CI says, and what is checked out.
pub(crate) fn event(args: &Args, cx: &Context) -> Result<Event, Error> {
    let ci = cx.ci_context();
    let name = args.event.clone().or_else(|| ci.event.clone()).unwrap_or_default();
    let mut reference = args.reference.clone();
    let mut sha = args.sha.clone();
    if let Some(reference) = &reference
        && !reference.starts_with("refs/")
    {
        return Err(TagError::Reference(reference.clone()).into());
    }
    if let Some(sha) = &sha
        && !is_full_id(sha)
    {
        return Err(TagError::Commit(sha.clone()).into());
    }
    let source =
        args.context.unwrap_or(if ci.reference.is_none() && ci.commit.is_none() && ci.event.is_none() {
            Source::Git
        } else {
            Source::Workflow
        });
    if source == Source::Git && (reference.is_none() || sha.is_none()) {
        let (found, commit) = checked_out(args, cx, reference.is_none())?;
        reference = reference.or(found);
        sha = sha.or(commit);
    } else if source == Source::Workflow {
        reference = reference.or_else(|| ci.reference_for(&name));
        let head = flag(cx, "DOCKER_METADATA_PR_HEAD_SHA") && name.contains("pull_request");
        sha = sha.or_else(|| ci.head_commit.clone().filter(|_| head)).or_else(|| ci.commit.clone());
    }
    let reference = reference.unwrap_or_default();
    let sha = sha.unwrap_or_default();
    let base = args.base_ref.clone().unwrap_or_else(|| {
        let pushed_from =
            ci.pushed_from.as_deref().map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
        let base = match (reference.starts_with("refs/tags/"), reference.starts_with("refs/pull/")) {
            (true, _) => pushed_from.map(str::to_owned),
            (_, true) => ci.base.clone(),
            _ => None,
        };
        base.unwrap_or_default()
    });
    let of_event = ci.commit_time.as_deref().filter(|_| ci.commit.as_deref() == Some(&sha));
    let commit_time = of_event
        .and_then(lw_tag_rules::parse_time)
        .or_else(|| Repository::open(&cx.resolve(&args.repo)).ok()?.commit_time(&sha).ok());
    let about = ci.about.clone().unwrap_or_default();
    let own_name = ci.repository.as_deref().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
    Ok(Event {
        short: short(cx)?,
        default_branch: args.default_branch.clone().or_else(|| ci.default_branch.clone()),
        now: i64::try_from(cx.now()).unwrap_or(i64::MAX),
        about: [
            about.name.or(own_name),
            about.description,
            about.url.or_else(|| ci.repository_url.clone()),
            about.licence,
        ],
        name,
        reference,
        sha,
        base,
        commit_time,
    })
}

fn flag(cx: &Context, name: &str) -> bool {
    cx.variable(name).is_some_and(|value| value.to_ascii_lowercase().contains("true"))
}

fn short(cx: &Context) -> Result<usize, Error> {
    const NAME: &str = "DOCKER_METADATA_SHORT_SHA_LENGTH";
    match cx.variable(NAME) {
        None => Ok(7),
        Some(value) => Ok(value.trim().parse().map_err(|_| TagError::Variable {
            name: NAME,
            value,
            expected: "a number of digits",
        })?),
    }
}

/// The branch that is checked out, or the only release on its commit, and the commit.
fn checked_out(args: &Args, cx: &Context, wanted: bool) -> Result<(Option<String>, Option<String>), Error> {
    let path = cx.resolve(&args.repo);
    let found = Repository::checked_out(&path).map_err(|error| {
        Error::from(error)
            .hint("name its folder with --repo, or say for what the run is with --ref and --sha")
    })?;
    if !wanted {
        return Ok((None, found.commit));
    }
    if let Some(branch) = found.branch {
        return Ok((Some(format!("refs/heads/{branch}")), found.commit));
    }
    let catalogue = Catalogue::read(&Repository::open(&path)?, Scheme::from(args.scheme))?;
    let here: Vec<&str> = catalogue
        .releases
        .iter()
        .filter(|release| Some(&release.commit) == found.commit.as_ref())
        .map(|release| release.tag.as_str())
        .collect();
    match here.as_slice() {
        [only] => Ok((Some(format!("refs/tags/{only}")), found.commit)),
        [] => Err(TagError::Detached { why: "no release is on its commit".to_owned() }.into()),
        several => Err(TagError::Detached {
            why: format!("several releases are on its commit: {}", several.join(", ")),
        }
        .into()),
    }
}
