//! Objects and refs of a repository, through the API: a store without a checkout.

use base64ct::{Base64, Encoding};
use lw_http::Waiting;
use lw_retry::Repeatable;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;

use crate::api::{Api, Asked, encoded};
use crate::error::{Error, ErrorKind, Permission};
use crate::repository::Repository;

/// How many commits behind a ref a lost move is looked for.
const LOOKED_BACK: usize = 16;

/// The name of a commit, tree or blob: 40 hexadecimal digits, of a SHA-256 repository 64, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(String);

impl ObjectId {
    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a SHA has 40 or 64 hexadecimal digits"))
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<ObjectId>,
    /// What it says.
    pub message: String,
    /// When it was made, as RFC 3339.
    pub committed_at: String,
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Its name; in a recursive tree its path.
    pub path: String,
    /// `100644`, `100755`, `120000`, `040000`, `160000`.
    pub mode: String,
    /// What it is.
    #[serde(rename = "sha")]
    pub id: ObjectId,
    /// The length of a blob in bytes.
    #[serde(default)]
    pub size: Option<u64>,
}

impl Entry {
    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.mode.as_str(), "100644" | "100755")
    }
}

/// A file of a tree that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Its path.
    pub path: String,
    /// Its content; `None` removes it from the tree it is made from.
    pub blob: Option<ObjectId>,
}

/// A commit that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit<'a> {
    /// What it says.
    pub message: &'a str,
    /// Its tree.
    pub tree: &'a ObjectId,
    /// Its parents. A ref is moved to it only from its first one.
    pub parents: &'a [ObjectId],
}

/// What became of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is where it was to go.
    Done,
    /// Somebody else moved it first, to this commit, or removed it.
    Lost(Option<ObjectId>),
}

#[derive(Deserialize)]
struct RefJson {
    #[serde(rename = "ref")]
    name: String,
    object: IdJson,
}

#[derive(Deserialize)]
struct IdJson {
    sha: ObjectId,
}

#[derive(Deserialize)]
struct CommitJson {
    sha: ObjectId,
    tree: IdJson,
    parents: Vec<IdJson>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    committer: Option<WhoJson>,
}

#[derive(Deserialize)]
struct WhoJson {
    #[serde(default)]
    date: String,
}

#[derive(Deserialize)]
struct TreeJson {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct BlobJson {
    content: String,
    encoding: String,
    #[serde(default)]
    size: Option<u64>,
}

impl From<CommitJson> for Commit {
    fn from(json: CommitJson) -> Self {
        Self {
            id: json.sha,
            tree: json.tree.sha,
            parents: json.parents.into_iter().map(|parent| parent.sha).collect(),
            message: json.message,
            committed_at: json.committer.map(|who| who.date).unwrap_or_default(),
        }
    }
}

/// What follows `refs/` in the name of a ref, as part of a path.
pub(crate) fn path_of(name: &str) -> Option<String> {
    let rest = name.strip_prefix("refs/")?;
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with(".lock")
            && !part.contains("..")
            && !part.contains(|c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c))
    };
    let is_name = name.len() <= 255 && rest.contains('/') && rest.split('/').all(is_part);
    is_name.then(|| rest.split('/').map(encoded).collect::<Vec<_>>().join("/"))
}

impl Api {
    /// The commit a ref is at (`refs/lw/history`); `None` when there is no such ref.
    ///
    /// # Errors
    /// When the name is none, the repository is not there, or the token may not read it.
    pub fn reference(
        &self,
        repository: &Repository,
        name: &str,
        clock: &mut dyn Waiting,
    ) -> Result<Option<ObjectId>, Error> {
        let what = format!("read {} of {repository}", name.escape_debug());
        let path = path_of(name).ok_or_else(|| Error::new(&what, ErrorKind::Reference(name.to_owned())))?;
        let asked = Asked::get(what, repository.path(&format!("/git/ref/{path}")), Permission::ContentsRead);
        match self.ask::<RefJson>(&asked, clock) {
            Ok(found) if found.name == name => Ok(Some(found.object.sha)),
            Ok(found) => Err(Error::new(
                asked.what,
                ErrorKind::NotUnderstood { why: format!("it is {}", found.name.escape_debug()) },
            )),
            Err(error) if error.is_not_found() => {
                // No ref, or no right to see one? A token that sees nothing does not see the repository.
                let asked = Asked::get(error.what.clone(), repository.path(""), Permission::ContentsRead);
                self.patiently(&asked, clock)?;
                Ok(None)
            }
            // An empty repository has no refs, and is told with a conflict.
            Err(Error { kind: ErrorKind::Refused { status: 409, .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A commit.
    ///
    /// # Errors
    /// When there is none that the token may see.
    pub fn commit(
        &self,
        repository: &Repository,
        id: &ObjectId,
        clock: &mut dyn Waiting,
    ) -> Result<Commit, Error> {
        let asked = Asked::get(
            format!("read commit {id} of {repository}"),
            repository.path(&format!("/git/commits/{id}")),
            Permission::ContentsRead,
        );
        Ok(self.ask::<CommitJson>(&asked, clock)?.into())
    }

    /// What a tree holds, without what its folders hold unless it is read through.
    ///
    /// # Errors
    /// When there is none, or GitHub does not give all of it.
    pub fn tree(
        &self,
        repository: &Repository,
        id: &ObjectId,
        is_read_through: bool,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<Entry>, Error> {
        let query = if is_read_through { "?recursive=1" } else { "" };
        let asked = Asked::get(
            format!("read tree {id} of {repository}"),
            repository.path(&format!("/git/trees/{id}{query}")),
            Permission::ContentsRead,
        );
        let tree: TreeJson = self.ask(&asked, clock)?;
        if tree.truncated {
            return Err(Error::new(
                asked.what,
                ErrorKind::TooMany { most: tree.tree.len(), of: "entries of a tree" },
            ));
        }
        Ok(tree.tree)
    }

    /// The content of a blob of at most `most` bytes. Those of more than some 20 MB do not fit into an answer of the default length.
    ///
    /// # Errors
    /// When there is none, or it is longer.
    pub fn blob(
        &self,
        repository: &Repository,
        id: &ObjectId,
        most: u64,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<u8>, Error> {
        let asked = Asked::get(
            format!("read blob {id} of {repository}"),
            repository.path(&format!("/git/blobs/{id}")),
            Permission::ContentsRead,
        );
        let blob: BlobJson = self.ask(&asked, clock)?;
        let fails = |kind| Error::new(asked.what.clone(), kind);
        if let Some(bytes) = blob.size.filter(|size| *size > most) {
            return Err(fails(ErrorKind::TooLong { bytes, most }));
        }
        let wrong = |why: &str| fails(ErrorKind::NotUnderstood { why: why.to_owned() });
        if blob.encoding != "base64" {
            return Err(wrong("its content is not Base64"));
        }
        // In lines of 60 characters.
        let mut text = blob.content;
        text.retain(|c| !c.is_ascii_whitespace());
        let bytes = Base64::decode_vec(&text).map_err(|_| wrong("its content is no Base64"))?;
        let length = bytes.len() as u64;
        if blob.size.is_some_and(|size| size != length) {
            return Err(wrong("it has another length than it says"));
        }
        if length > most { Err(fails(ErrorKind::TooLong { bytes: length, most })) } else { Ok(bytes) }
    }

    fn make(
        &self,
        repository: &Repository,
        kind: &str,
        body: Value,
        clock: &mut dyn Waiting,
    ) -> Result<ObjectId, Error> {
        // The same content has the same name, so it may be sent twice; a commit of another second is another one, and nobody's.
        let asked = Asked::send(
            format!("write a {kind} of {repository}"),
            http::Method::POST,
            repository.path(&format!("/git/{kind}s")),
            Some(body),
            Permission::ContentsWrite,
        );
        Ok(self.ask::<IdJson>(&asked, clock)?.sha)
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// When the token may not, or it is too long for GitHub (100 MB).
    pub fn create_blob(
        &self,
        repository: &Repository,
        content: &[u8],
        clock: &mut dyn Waiting,
    ) -> Result<ObjectId, Error> {
        let body = json!({ "content": Base64::encode_string(content), "encoding": "base64" });
        self.make(repository, "blob", body, clock)
    }

    /// Writes a tree of files, made from another one or from nothing.
    ///
    /// A tree with `.github/workflows` in it needs a permission no job has (`workflows: write`): a store holds data only.
    ///
    /// # Errors
    /// When the token may not, or GitHub refuses a path.
    pub fn create_tree(
        &self,
        repository: &Repository,
        from: Option<&ObjectId>,
        entries: &[NewEntry],
        clock: &mut dyn Waiting,
    ) -> Result<ObjectId, Error> {
        let entry = |entry: &NewEntry| {
            let id = entry.blob.as_ref().map(ObjectId::as_str);
            json!({ "path": entry.path, "mode": "100644", "type": "blob", "sha": id })
        };
        let mut body = json!({ "tree": entries.iter().map(entry).collect::<Vec<_>>() });
        if let (Some(from), Some(body)) = (from, body.as_object_mut()) {
            body.insert("base_tree".to_owned(), json!(from.as_str()));
        }
        self.make(repository, "tree", body, clock)
    }

    /// Writes a commit, by whoever the token is of, and now.
    ///
    /// # Errors
    /// When the token may not, or the tree or a parent is not there.
    pub fn create_commit(
        &self,
        repository: &Repository,
        commit: &NewCommit<'_>,
        clock: &mut dyn Waiting,
    ) -> Result<ObjectId, Error> {
        let parents: Vec<&str> = commit.parents.iter().map(ObjectId::as_str).collect();
        let body = json!({ "message": commit.message, "tree": commit.tree.as_str(), "parents": parents });
        self.make(repository, "commit", body, clock)
    }

    /// Moves a ref from one commit to the next one, whose first parent it is; from `None` it is created. Whoever moves it first wins.
    ///
    /// GitHub compares by history: a move that is no fast-forward is refused, so a commit that others have built on is never lost. When
    /// no answer comes, the ref is read, and what stands behind it, so that a move is neither lost nor done twice.
    ///
    /// # Errors
    /// When the name is none, the token may not, or GitHub does not answer as long as the policy allows.
    pub fn move_reference(
        &self,
        repository: &Repository,
        name: &str,
        from: Option<&ObjectId>,
        to: &ObjectId,
        clock: &mut dyn Waiting,
    ) -> Result<Moved, Error> {
        let what = format!("move {} of {repository}", name.escape_debug());
        let path = path_of(name).ok_or_else(|| Error::new(&what, ErrorKind::Reference(name.to_owned())))?;
        let (method, target, body) = match from {
            Some(_) => (
                http::Method::PATCH,
                repository.path(&format!("/git/refs/{path}")),
                json!({ "sha": to.as_str(), "force": false }),
            ),
            None => {
                (http::Method::POST, repository.path("/git/refs"), json!({ "ref": name, "sha": to.as_str() }))
            }
        };
        let mut asked = Asked::send(what, method, target, Some(body), Permission::ContentsWrite);
        // Each attempt but the first begins with a look at what there is.
        asked.repeatable = Repeatable::Yes;
        let mut is_first = true;
        let mut refused_before = None;
        // The clock is one, and so is the loop: what reads here is repeated by the loop around.
        self.client().patiently(asked.repeatable, clock, &mut || {
            if !std::mem::take(&mut is_first) {
                let now = self.reference_once(repository, name, &asked.what, &path)?;
                if now.as_ref() != from {
                    return self.settled(repository, now, to);
                }
            }
            match self.once(&asked) {
                Ok(raw) => {
                    let found: RefJson = raw.json(&asked)?;
                    if found.object.sha == *to {
                        return Ok(Moved::Done);
                    }
                    Err(Error::new(
                        asked.what.clone(),
                        ErrorKind::NotUnderstood { why: format!("it is at {}", found.object.sha) },
                    ))
                }
                Err(Error { kind: ErrorKind::Refused { status: 409 | 422, said }, what, wait }) => {
                    let now = self.reference_once(repository, name, &asked.what, &path)?;
                    if now.as_ref() == from
                        && refused_before.replace(said.clone()).is_some_and(|before| before == said)
                    {
                        // Nobody moved it: it is the commit that GitHub does not want.
                        return Err(Error { kind: ErrorKind::Refused { status: 422, said }, what, wait });
                    }
                    if now.as_ref() == from {
                        return Err(Error { kind: ErrorKind::Server { status: 503, said }, what, wait });
                    }
                    self.settled(repository, now, to)
                }
                Err(error) => Err(error),
            }
        })
    }

    /// Where a ref is, asked once.
    fn reference_once(
        &self,
        repository: &Repository,
        name: &str,
        what: &str,
        path: &str,
    ) -> Result<Option<ObjectId>, Error> {
        let asked = Asked::get(what, repository.path(&format!("/git/ref/{path}")), Permission::ContentsRead);
        match self.once(&asked) {
            Ok(raw) => {
                let found: RefJson = raw.json(&asked)?;
                Ok((found.name == name).then_some(found.object.sha))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(Error { kind: ErrorKind::Refused { status: 409, .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What it means that a ref is somewhere else than it was: done, when it is or was where it was to go.
    fn settled(&self, repository: &Repository, now: Option<ObjectId>, to: &ObjectId) -> Result<Moved, Error> {
        let mut at = now.clone();
        for _ in 0..LOOKED_BACK {
            let Some(id) = at else { break };
            if id == *to {
                return Ok(Moved::Done);
            }
            let asked = Asked::get(
                format!("read commit {id} of {repository}"),
                repository.path(&format!("/git/commits/{id}")),
                Permission::ContentsRead,
            );
            let commit: CommitJson = self.once(&asked)?.json(&asked)?;
            at = commit.parents.into_iter().next().map(|parent| parent.sha);
        }
        Ok(Moved::Lost(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_named_in_full() {
        assert_eq!(path_of("refs/lw/history").as_deref(), Some("lw/history"));
        assert_eq!(path_of("refs/heads/a b").as_deref(), None);
        assert_eq!(path_of("refs/heads/a#%/ü").as_deref(), Some("heads/a%23%25/%C3%BC"));
        for name in [
            "",
            "main",
            "refs/",
            "refs/main",
            "heads/main",
            "refs//main",
            "refs/heads/",
            "refs/../x",
            "refs/heads/..",
            "refs/heads/.x",
            "refs/heads/x.lock",
            "refs/heads/a..b",
            "refs/heads/a:b",
            "refs/heads/a\n",
        ] {
            assert_eq!(path_of(name), None, "{name:?}");
        }
    }

    #[test]
    fn an_id_is_of_hexadecimal_digits() {
        assert_eq!(ObjectId::parse(&"A".repeat(40)).unwrap().as_str(), "a".repeat(40));
        assert!(ObjectId::parse(&"0".repeat(64)).is_some());
        for text in ["", "abc", &"g".repeat(40), &"a".repeat(41), "../../../../../../../../../../../../../ab"]
        {
            assert_eq!(ObjectId::parse(text), None, "{text}");
        }
    }
}
