//! What a change is against.

use lw_cli::{Context, Error};
use lw_history::{Compare, HistoryError, Repository};

use crate::args::Args;

/// The older side of a comparison.
pub(crate) struct Base {
    /// Branch, tag or commit.
    pub(crate) revision: String,
    /// Which commit of it.
    pub(crate) compare: Compare,
    /// Why this one, for the reader of the report.
    pub(crate) why: String,
}

/// Branches that are looked for when nobody says what the base is.
const GUESSES: [&str; 5] = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/// Whether the run is of a pull or merge request.
pub(crate) fn is_pull_request(cx: &Context) -> bool {
    let ci = cx.ci_context();
    ci.pull_request.is_some() || ci.base.is_some()
}

/// What the change is against: what the user says, else what the CI says, else the main branch.
///
/// # Errors
/// When none of them is in the clone.
pub(crate) fn resolve(args: &Args, cx: &Context, repository: &Repository) -> Result<Base, Error> {
    let compare = if args.two_dot { Compare::Direct } else { Compare::MergeBase };
    if let Some(revision) = &args.base {
        let why = cx.origin("base", 0).text;
        return Ok(Base { revision: revision.clone(), compare, why });
    }
    if is_pull_request(cx) {
        return of_pull_request(args, cx, repository, compare);
    }
    let head = repository.resolve(&args.head)?;
    let mut first_error = None;
    for guess in GUESSES {
        match repository.resolve(guess) {
            Ok(id) if id == head => {
                // On the main branch itself the change is what the last commit brought.
                let parent = repository.parents(&head)?.into_iter().next().ok_or_else(|| {
                    Error::input("the first commit of a repository changes nothing that was there before")
                        .hint("name what to compare with: --base REVISION, or --diff-file FILE")
                })?;
                let why = format!("the commit before, since {guess} is the commit that was measured");
                return Ok(Base { revision: parent, compare: Compare::Direct, why });
            }
            Ok(_) => {
                return Ok(Base { revision: guess.to_owned(), compare, why: "found in the clone".into() });
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error
        .map_or_else(|| Error::usage("what is the change against?"), |error| unknown(error, &GUESSES)))
}

fn of_pull_request(
    args: &Args,
    cx: &Context,
    repository: &Repository,
    compare: Compare,
) -> Result<Base, Error> {
    let ci = cx.ci_context();
    // GitHub checks out a merge of the base's tip with the pull request. Its first parent is that tip; the base of
    // the event may be older, and would put the changes of others on this one.
    let parents = repository.parents(&args.head)?;
    if let [first, second] = parents.as_slice() {
        let of_event = ci.head_commit.as_ref() == Some(second);
        let of_reference = ci.reference.as_deref().is_some_and(|name| name.starts_with("refs/pull/"))
            && ci
                .commit
                .as_deref()
                .is_some_and(|commit| repository.resolve(&args.head).is_ok_and(|head| head == commit));
        if of_event || of_reference {
            repository.resolve(first)?;
            let why = "first parent of the merge commit that was checked out".to_owned();
            return Ok(Base { revision: first.clone(), compare: Compare::Direct, why });
        }
    }
    let mut tried: Vec<String> = ci.base_commit.iter().cloned().collect();
    if let Some(branch) = &ci.base {
        tried.extend([format!("origin/{branch}"), branch.clone()]);
    }
    let mut first_error = None;
    for revision in &tried {
        match repository.resolve(revision) {
            Ok(_) => {
                let why = "base of the pull request".to_owned();
                return Ok(Base { revision: revision.clone(), compare, why });
            }
            // A branch says more of what to fetch than a commit.
            Err(error) if first_error.is_none() || revision.starts_with("origin/") => {
                first_error = Some(error);
            }
            Err(_) => {}
        }
    }
    let names: Vec<&str> = tried.iter().map(String::as_str).collect();
    Err(first_error.map_or_else(
        || {
            Error::input("the CI does not say what the pull request is against")
                .hint("name it: --base REVISION")
        },
        |error| unknown(error, &names),
    ))
}

/// None of several names is known: what to do about the most telling of them.
fn unknown(error: HistoryError, names: &[&str]) -> Error {
    let looked = format!("no base to compare with among {}", names.join(", "));
    Error::from(error).context(looked)
}
