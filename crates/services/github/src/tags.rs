//! Tags: made once, and never moved.

use lw_http::Waiting;
use lw_retry::Repeatable;
use serde::Deserialize;
use serde_json::json;

use crate::api::{Api, Asked, encoded};
use crate::error::{Error, ErrorKind, Permission};
use crate::git::{ObjectId, path_of};
use crate::repository::Repository;

/// How many tags of tags are followed.
const DEEPEST: usize = 8;

/// What became of a tag that was to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// It was made.
    Created,
    /// It was there, at this commit.
    Present,
    /// It is there, at another commit, and stays so.
    Elsewhere(ObjectId),
}

/// A ref, or what an annotated tag is of: both have an object with a type.
#[derive(Deserialize)]
struct Pointer {
    #[serde(rename = "ref", default)]
    name: Option<String>,
    object: Target,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "type")]
    kind: String,
    sha: ObjectId,
}

impl Api {
    /// The commit a tag is of, through annotated tags, too; `None` when there is no such tag.
    ///
    /// # Errors
    /// When the name is none, it is a tag of something else than a commit, or the token may not read the repository.
    pub fn tag(
        &self,
        repository: &Repository,
        name: &str,
        clock: &mut dyn Waiting,
    ) -> Result<Option<ObjectId>, Error> {
        let what = format!("read tag {} of {repository}", name.escape_debug());
        let path = path_of_tag(name, &what)?;
        let found = self
            .client()
            .patiently(Repeatable::Yes, clock, &mut || self.tag_once(repository, name, &what, &path))?;
        if found.is_none() {
            // No tag, or no right to see one? A token that sees nothing does not see the repository.
            let asked = Asked::get(what, repository.path(""), Permission::ContentsRead);
            self.patiently(&asked, clock)?;
        }
        Ok(found)
    }

    /// Sees to it that a tag is there, at this commit. One that is there is left where it is.
    ///
    /// A look comes before each attempt, so a tag whose answer was lost is not taken for another's, and one that somebody else makes
    /// meanwhile is judged by its commit.
    ///
    /// # Errors
    /// When the name is none, the token may not write, there is no such commit, or GitHub does not answer as long as the policy allows.
    pub fn create_tag(
        &self,
        repository: &Repository,
        name: &str,
        commit: &ObjectId,
        clock: &mut dyn Waiting,
    ) -> Result<Tagged, Error> {
        let what = format!("tag {commit} of {repository} as {}", name.escape_debug());
        let path = path_of_tag(name, &what)?;
        let body = json!({ "ref": format!("refs/tags/{name}"), "sha": commit.as_str() });
        let target = repository.path("/git/refs");
        let asked = Asked::send(&what, http::Method::POST, target, Some(body), Permission::ContentsWrite);
        let mut is_sent = false;
        let judged = |there: ObjectId, is_sent: bool| match there == *commit {
            true if is_sent => Tagged::Created,
            true => Tagged::Present,
            false => Tagged::Elsewhere(there),
        };
        self.client().patiently(asked.repeatable, clock, &mut || {
            if let Some(there) = self.tag_once(repository, name, &what, &path)? {
                return Ok(judged(there, is_sent));
            }
            let was_sent = std::mem::replace(&mut is_sent, true);
            match self.once(&asked) {
                Ok(raw) => {
                    let found: Pointer = raw.json(&asked)?;
                    if found.object.sha == *commit {
                        return Ok(Tagged::Created);
                    }
                    let why = format!("it is at {}", found.object.sha);
                    Err(Error::new(&what, ErrorKind::NotUnderstood { why }))
                }
                // "Reference already exists", or a commit or a name that GitHub does not take: what is there says which.
                Err(error @ Error { kind: ErrorKind::Refused { status: 409 | 422, .. }, .. }) => {
                    match self.tag_once(repository, name, &what, &path)? {
                        Some(there) => Ok(judged(there, was_sent)),
                        None => Err(error),
                    }
                }
                Err(error) => Err(error),
            }
        })
    }

    /// The commit of a tag, asked once.
    fn tag_once(
        &self,
        repository: &Repository,
        name: &str,
        what: &str,
        path: &str,
    ) -> Result<Option<ObjectId>, Error> {
        let wrong = |why: String| Error::new(what, ErrorKind::NotUnderstood { why });
        let ask = |target: String| {
            let asked = Asked::get(what, repository.path(&target), Permission::ContentsRead);
            self.once(&asked)?.json::<Pointer>(&asked)
        };
        let mut at = match ask(format!("/git/ref/{path}")) {
            Ok(found) if found.name.as_deref() == Some(&format!("refs/tags/{name}")) => found.object,
            Ok(found) => {
                return Err(wrong(format!("it is {}", found.name.unwrap_or_default().escape_debug())));
            }
            Err(error) if error.is_not_found() => return Ok(None),
            // An empty repository has no refs, and is told with a conflict.
            Err(Error { kind: ErrorKind::Refused { status: 409, .. }, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        for _ in 0..DEEPEST {
            match at.kind.as_str() {
                "commit" => return Ok(Some(at.sha)),
                "tag" => at = ask(format!("/git/tags/{}", encoded(at.sha.as_str())))?.object,
                other => return Err(wrong(format!("it is a tag of a {}", other.escape_debug()))),
            }
        }
        Err(wrong("it is a tag of a tag of a tag, and so on".to_owned()))
    }
}

fn path_of_tag(name: &str, what: &str) -> Result<String, Error> {
    let full = format!("refs/tags/{name}");
    path_of(&full).ok_or_else(|| Error::new(what, ErrorKind::Reference(full)))
}
