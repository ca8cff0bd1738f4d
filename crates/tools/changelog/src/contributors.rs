//! Who contributed for the first time.

use lw_cli::{Context, Error};
use lw_hashed::HashSet;
use lw_history::{Commit, Repository};
use lw_releases::{Fate, ReleaseError, Releases};

use crate::NOT_ENOUGH_HISTORY;
use crate::pulls::Pulls;

/// Somebody whose address no commit before the release has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Newcomer {
    /// Name, as the mail map has it.
    pub(crate) name: String,
    /// Address, likewise.
    pub(crate) mail: String,
    /// Name at GitHub, where the pull request tells it.
    pub(crate) login: Option<String>,
    /// The first pull request.
    pub(crate) pull: Option<u64>,
}

/// Of each release those who contributed for the first time, in the order in which they did.
///
/// # Errors
/// When the clone does not hold the history before the release, or the repository cannot be read.
pub(crate) fn newcomers(
    repository: &Repository,
    found: &Releases,
    pulls: Option<&Pulls>,
    cx: &mut Context,
) -> Result<Vec<Vec<Newcomer>>, Error> {
    let mut known: HashSet<String> = HashSet::new();
    if let ([release], true) = (found.releases.as_slice(), found.first_in.is_empty()) {
        let ids: Vec<String> = found.log.commits.iter().map(Commit::id).collect();
        let before = repository.authors(&release.commit, ids.iter().map(String::as_str))?;
        if let Some(cut) = before.cut {
            cx.exit_with(NOT_ENOUGH_HISTORY);
            let what = release.tag.as_ref().map_or("what is not released", |(tag, _)| tag.as_str());
            return Err(Error::from(ReleaseError::NotEnoughHistory {
                what: format!("{what} and nothing before it"),
                why: format!("the clone is shallow and ends at {}", cut.get(..12).unwrap_or(&cut)),
            }));
        }
        known = before.mails;
    }
    let mut all: Vec<Vec<Newcomer>> = Vec::with_capacity(found.releases.len());
    // From the oldest release, and in it from the oldest commit.
    for release in found.releases.iter().rev() {
        let mut new: Vec<Newcomer> = Vec::new();
        for entry in release.entries.iter().rev() {
            let Some(commit) = found.log.commits.get(entry.place as usize) else { continue };
            let author = &commit.author;
            let login = || {
                let pull = pulls?.get(entry.pull?)?;
                pull.login.clone()
            };
            // What a merge says of itself is not what was contributed.
            if is_program(&author.name) || is_program(&author.mail) || entry.fate == Fate::Merge {
                continue;
            }
            if known.insert(author.mail.to_lowercase()) {
                let login = login();
                if login.as_deref().is_some_and(is_program)
                    || (login.is_some() && new.iter().any(|other| other.login == login))
                {
                    continue;
                }
                let (name, mail) = (author.name.to_string(), author.mail.to_string());
                new.push(Newcomer { name, mail, login, pull: entry.pull });
            }
        }
        all.push(new);
    }
    all.reverse();
    Ok(all)
}

/// GitHub ends the names of programs with it.
fn is_program(name: &str) -> bool {
    name.contains("[bot]")
}
