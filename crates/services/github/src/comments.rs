//! Comments of a pull request, which to the API are those of an issue.

use lw_http::Waiting;
use lw_model::lists::sort_by_key;
use lw_retry::Repeatable;
use serde::Deserialize;
use serde_json::json;

use crate::api::{Api, Asked};
use crate::error::{Error, ErrorKind, Permission};
use crate::repository::Repository;

/// The most comments of one pull request that are read; GitHub allows 2500.
const MOST: usize = 5000;

/// The name of the job's token, which may not ask who it is.
const ACTIONS: &str = "github-actions[bot]";

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number. A later one has a greater number.
    pub id: u64,
    /// Who wrote it; `None` when the account is gone.
    pub author: Option<String>,
    /// Whether that is a GitHub App.
    pub is_by_app: bool,
    /// The text, Markdown.
    pub body: String,
    /// When it was written, as RFC 3339.
    pub created_at: String,
    /// When it was changed last, as RFC 3339.
    pub updated_at: String,
    /// Where people look at it.
    pub url: String,
}

#[derive(Deserialize)]
struct CommentJson {
    id: u64,
    #[serde(default)]
    user: Option<UserJson>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    updated_at: String,
    #[serde(default)]
    html_url: String,
}

/// An account, as far as anything here needs it.
#[derive(Deserialize)]
pub(crate) struct UserJson {
    pub(crate) login: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
}

impl From<CommentJson> for Comment {
    fn from(json: CommentJson) -> Self {
        Self {
            id: json.id,
            is_by_app: json.user.as_ref().is_some_and(|user| user.kind == "Bot"),
            author: json.user.map(|user| user.login),
            body: json.body.unwrap_or_default(),
            created_at: json.created_at,
            updated_at: json.updated_at,
            url: json.html_url,
        }
    }
}

/// Who writes with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    login: String,
}

impl Author {
    /// An author of a known name: `octocat`, or of a GitHub App `github-actions[bot]`.
    #[must_use]
    pub fn new(login: &str) -> Self {
        Self { login: login.to_owned() }
    }

    /// The name.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Whether a comment is theirs. `name[bot]` is the app of that name, and never a person.
    #[must_use]
    pub fn wrote(&self, comment: &Comment) -> bool {
        comment.author.as_ref().is_some_and(|author| author.eq_ignore_ascii_case(&self.login))
            && comment.is_by_app == self.login.ends_with("[bot]")
    }
}

impl Api {
    /// Who writes with this token. A token of an app cannot read `/user`, so GraphQL is asked, which knows both; where it may not be asked,
    /// it is a job's token, `github-actions[bot]`.
    ///
    /// # Errors
    /// When there is no token, GitHub does not know it, or does not answer.
    pub fn author(&self, clock: &mut dyn Waiting) -> Result<Author, Error> {
        #[derive(Deserialize)]
        struct Data {
            viewer: UserJson,
        }
        const WHAT: &str = "ask whose the token is";
        if self.line().token.is_none() {
            return Err(Error::new(WHAT, ErrorKind::NoToken));
        }
        match self.graphql::<Data>(WHAT, "query { viewer { login } }", clock) {
            Ok(data) => Ok(Author { login: data.viewer.login }),
            Err(error) if matches!(error.kind, ErrorKind::Forbidden { .. } | ErrorKind::NotFound { .. }) => {
                Ok(Author::new(ACTIONS))
            }
            Err(error) => Err(error),
        }
    }

    /// All comments of a pull request or issue, the oldest first.
    ///
    /// # Errors
    /// When there is no such pull request that the token may see, when there are more than 5000, or GitHub does not answer.
    pub fn comments(
        &self,
        repository: &Repository,
        number: u64,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<Comment>, Error> {
        let asked = Asked::get(
            format!("list the comments of {repository}#{number}"),
            repository.path(&format!("/issues/{number}/comments")),
            Permission::PullRequestsRead,
        );
        let all = |page: Vec<CommentJson>| page.into_iter().map(Comment::from).collect();
        let mut found = self.pages((asked, "comments", MOST), clock, &all, &|_| true)?;
        // One that is written while the pages are read may be on two of them.
        sort_by_key(&mut found, |comment| comment.id);
        found.dedup_by_key(|comment| comment.id);
        Ok(found)
    }

    /// Writes a comment, once: it is repeated only when it is known not to have been written. [`set_comment`](Self::set_comment) does more.
    ///
    /// # Errors
    /// When the token may not, GitHub refuses the text (more than 65 536 characters), or does not answer; then there may be a comment.
    pub fn create_comment(
        &self,
        repository: &Repository,
        number: u64,
        body: &str,
        clock: &mut dyn Waiting,
    ) -> Result<Comment, Error> {
        let asked = creation(repository, number, body);
        Ok(self.ask::<CommentJson>(&asked, clock)?.into())
    }

    /// The same, once and without a wait, whatever happens.
    pub(crate) fn try_to_create_comment(
        &self,
        repository: &Repository,
        number: u64,
        body: &str,
    ) -> Result<Comment, Error> {
        let asked = creation(repository, number, body);
        Ok(self.once(&asked)?.json::<CommentJson>(&asked)?.into())
    }

    /// Changes the text of a comment.
    ///
    /// # Errors
    /// When it is not there any more ([`Error::is_not_found`]), or the token may not.
    pub fn update_comment(
        &self,
        repository: &Repository,
        id: u64,
        body: &str,
        clock: &mut dyn Waiting,
    ) -> Result<Comment, Error> {
        let asked = Asked::send(
            format!("change comment {id} of {repository}"),
            http::Method::PATCH,
            repository.path(&format!("/issues/comments/{id}")),
            Some(json!({ "body": body })),
            Permission::PullRequestsWrite,
        );
        Ok(self.ask::<CommentJson>(&asked, clock)?.into())
    }

    /// Removes a comment; one that is not there any more is removed.
    ///
    /// # Errors
    /// When the token may not, or GitHub does not answer.
    pub fn delete_comment(
        &self,
        repository: &Repository,
        id: u64,
        clock: &mut dyn Waiting,
    ) -> Result<(), Error> {
        let asked = Asked::send(
            format!("remove comment {id} of {repository}"),
            http::Method::DELETE,
            repository.path(&format!("/issues/comments/{id}")),
            None,
            Permission::PullRequestsWrite,
        );
        match self.patiently(&asked, clock) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn creation(repository: &Repository, number: u64, body: &str) -> Asked {
    let mut asked = Asked::send(
        format!("comment on {repository}#{number}"),
        http::Method::POST,
        repository.path(&format!("/issues/{number}/comments")),
        Some(json!({ "body": body })),
        Permission::PullRequestsWrite,
    );
    asked.repeatable = Repeatable::No;
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_no_person_of_its_name() {
        let comment = |author: Option<&str>, kind: &str| {
            let user = author.map(|login| UserJson { login: login.to_owned(), kind: kind.to_owned() });
            let (created_at, updated_at, html_url) = Default::default();
            Comment::from(CommentJson { id: 1, user, body: None, created_at, updated_at, html_url })
        };
        let actions = Author::new(ACTIONS);
        assert!(actions.wrote(&comment(Some("github-actions[bot]"), "Bot")));
        assert!(!actions.wrote(&comment(Some("github-actions"), "User")));
        assert!(!actions.wrote(&comment(Some("github-actions[bot]"), "User")));
        assert!(!actions.wrote(&comment(None, "")));
        assert!(Author::new("octocat").wrote(&comment(Some("OctoCat"), "User")));
        assert!(!Author::new("octocat").wrote(&comment(Some("octocat"), "Bot")));
    }
}
