//! One comment that is written again and again.

use std::time::Duration;

use lw_http::{Failed, Waiting};
use lw_retry::{Attempt, Decision, Repeatable};

use crate::api::Api;
use crate::comments::{Author, Comment};
use crate::error::{Error, ErrorKind};
use crate::repository::Repository;

/// How often there is a look at what there is, at most: others may remove and write meanwhile.
const ROUNDS: u32 = 20;

/// How far behind a list may be that has to show what a lost answer wrote.
const BEHIND: Duration = Duration::from_secs(1);

/// The one comment of a kind on a pull request.
pub struct Sticky<'a> {
    /// Where.
    pub repository: &'a Repository,
    /// The number of the pull request.
    pub number: u64,
    /// Who writes it: see [`Api::author`]. A marker in anybody else's comment means nothing.
    pub author: &'a Author,
    /// What its text holds, and that of no other comment of the author. It should not be a beginning of another marker.
    pub marker: &'a str,
    /// The text, with the marker in it; `None` removes the comment.
    pub body: Option<&'a str>,
    /// Whether it is written when there is none yet.
    pub may_create: bool,
    /// Whether a comment that is there may be replaced: not, when it tells of a newer run than this one.
    pub may_replace: &'a dyn Fn(&Comment) -> bool,
}

impl std::fmt::Debug for Sticky<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sticky")
            .field("repository", &self.repository)
            .field("number", &self.number)
            .field("author", &self.author)
            .field("marker", &self.marker)
            .finish_non_exhaustive()
    }
}

/// What became of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was not there, and is now.
    Created(Comment),
    /// It was there, and says something else now.
    Updated(Comment),
    /// It was there and said the same.
    Unchanged(Comment),
    /// There is one that may not be replaced; nothing was changed.
    Kept(Comment),
    /// It was there and is no more.
    Removed,
    /// There is none, as wanted.
    Absent,
}

impl Posted {
    /// The comment there is.
    #[must_use]
    pub fn comment(&self) -> Option<&Comment> {
        match self {
            Self::Created(comment)
            | Self::Updated(comment)
            | Self::Unchanged(comment)
            | Self::Kept(comment) => Some(comment),
            Self::Removed | Self::Absent => None,
        }
    }
}

/// As GitHub gives a text back.
fn normal(body: &str) -> String {
    body.replace("\r\n", "\n").trim_end().to_owned()
}

impl Api {
    /// Sees to it that there is one comment with the marker and that it says this, whatever was there before and whoever does the same at the
    /// same time: of several the oldest stays, and the others are removed.
    ///
    /// A comment is written only when a list of all comments had none. When its writing ends without an answer, the comments are listed again
    /// before it is tried again, so that no fault on the way leaves two; after it was written they are listed once more, for another
    /// job that wrote at the same time.
    ///
    /// # Errors
    /// When the token may not, GitHub does not answer as long as the policy allows, or others change the comment faster than it is read.
    pub fn set_comment(&self, sticky: &Sticky<'_>, clock: &mut dyn Waiting) -> Result<Posted, Error> {
        let began = clock.elapsed();
        // Whether what is there may have been written by this call, whose answer was lost.
        let mut may_be_ours = false;
        for round in 1..=ROUNDS {
            let mut found = self.ours(sticky, clock)?;
            if let Some(newer) = found.iter().find(|comment| !(sticky.may_replace)(comment)) {
                // Whoever wrote it sees to what else is there.
                return Ok(Posted::Kept(newer.clone()));
            }
            let Some(oldest) = (!found.is_empty()).then(|| found.remove(0)) else {
                let Some(body) = sticky.body.filter(|_| sticky.may_create) else { return Ok(Posted::Absent) };
                match self.try_to_create_comment(sticky.repository, sticky.number, body) {
                    Ok(comment) => {
                        // Another job may have written one between the list and this.
                        let all = self.ours(sticky, clock)?;
                        if all.first().is_none_or(|first| first.id >= comment.id) {
                            self.remove(sticky, all.iter().filter(|other| other.id != comment.id), clock)?;
                            return Ok(Posted::Created(comment));
                        }
                    }
                    Err(error) => {
                        let attempt = Attempt {
                            number: round,
                            failure: error.failure(),
                            // It is not this request that is repeated, but the look at what there is.
                            repeatable: Repeatable::Yes,
                            retry_after: error.retry_after(),
                            elapsed: clock.elapsed().saturating_sub(began),
                        };
                        match self.client().decide(&attempt) {
                            Decision::Again(wait) if clock.wait(wait.max(BEHIND)) => {
                                may_be_ours |= error.may_have_been_acted_on();
                            }
                            Decision::Again(_) | Decision::Stop(_) => return Err(error),
                        }
                    }
                }
                continue;
            };
            let posted = match sticky.body {
                None => {
                    self.delete_comment(sticky.repository, oldest.id, clock)?;
                    Posted::Removed
                }
                Some(body) if normal(body) == normal(&oldest.body) => {
                    if may_be_ours {
                        Posted::Created(oldest)
                    } else {
                        Posted::Unchanged(oldest)
                    }
                }
                Some(body) => match self.update_comment(sticky.repository, oldest.id, body, clock) {
                    Ok(comment) => Posted::Updated(comment),
                    // Somebody removed it meanwhile.
                    Err(error) if error.is_not_found() => continue,
                    Err(error) => return Err(error),
                },
            };
            self.remove(sticky, found.iter(), clock)?;
            return Ok(posted);
        }
        let what = format!("set the comment of {}#{}", sticky.repository, sticky.number);
        Err(Error::new(what, ErrorKind::Unsteady))
    }

    /// The comments with the marker, the oldest first.
    fn ours(&self, sticky: &Sticky<'_>, clock: &mut dyn Waiting) -> Result<Vec<Comment>, Error> {
        let mut all = self.comments(sticky.repository, sticky.number, clock)?;
        all.retain(|comment| sticky.author.wrote(comment) && comment.body.contains(sticky.marker));
        Ok(all)
    }

    fn remove<'c>(
        &self,
        sticky: &Sticky<'_>,
        comments: impl Iterator<Item = &'c Comment>,
        clock: &mut dyn Waiting,
    ) -> Result<(), Error> {
        for comment in comments {
            // A newer run's is its own to remove.
            if (sticky.may_replace)(comment) {
                self.delete_comment(sticky.repository, comment.id, clock)?;
            }
        }
        Ok(())
    }
}
