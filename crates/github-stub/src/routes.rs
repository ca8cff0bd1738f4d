//! What is answered to which request.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::answers::{self, Answer};
use crate::objects::Object;
use crate::spec::{Access, Account, Permissions};
use crate::world::{RepositoryState, World};

/// The most characters of a comment.
const LONGEST: usize = 65_536;

/// The most bytes of a blob's content in an answer are in lines of so many characters.
const LINE: usize = 60;

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// What a permission is for.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Contents,
    PullRequests,
    Actions,
}

impl Scope {
    fn of(self, permissions: &Permissions) -> Access {
        match self {
            Self::Contents => permissions.contents,
            Self::PullRequests => permissions.pull_requests,
            Self::Actions => permissions.actions,
        }
    }

    /// As GitHub tells it.
    fn accepted(self, access: Access) -> String {
        let access = if access == Access::Write { "write" } else { "read" };
        match self {
            Self::Contents => format!("contents={access}"),
            Self::PullRequests => format!("issues={access}; pull_requests={access}"),
            Self::Actions => format!("actions={access}"),
        }
    }
}

/// Percent-encoding undone.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The value of a parameter; a plus is a space.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(known, _)| decoded(known) == name)
        .map(|(_, value)| decoded(&value.replace('+', " ")))
        .next_back()
}

impl World {
    /// Who asks: nobody, an account, or an error for a token that is none.
    fn account(&self, request: &Request<'_>) -> Result<Option<Account>, Answer> {
        match request.token {
            None => Ok(None),
            Some(token) => match self.tokens.get(token) {
                Some(account) => Ok(Some(account.clone())),
                None => Err(Answer::error(401, "Bad credentials")),
            },
        }
    }

    /// Whether somebody may do something in a repository.
    fn allow(
        &self,
        account: Option<&Account>,
        repository: &RepositoryState,
        scope: Scope,
        access: Access,
    ) -> Result<(), Answer> {
        let is_own =
            account.is_some_and(|account| account.repository.eq_ignore_ascii_case(&repository.full_name));
        if repository.is_private && !is_own {
            return Err(Answer::not_found());
        }
        let Some(account) = account else {
            return if access == Access::Write {
                Err(Answer::error(401, "Requires authentication"))
            } else {
                Ok(())
            };
        };
        let has = if is_own { scope.of(&account.permissions) } else { Access::None };
        // What is public everybody reads.
        let needs_it = access == Access::Write || repository.is_private;
        if needs_it && has < access {
            let kind = if account.is_app { "integration" } else { "personal access token" };
            return Err(Answer::error(403, &format!("Resource not accessible by {kind}"))
                .header("X-Accepted-GitHub-Permissions", scope.accepted(access)));
        }
        if access == Access::Write && repository.is_archived {
            return Err(Answer::error(403, "Repository was archived so is read-only."));
        }
        Ok(())
    }

    pub(crate) fn answer(&mut self, request: &Request<'_>) -> Answer {
        match self.route(request) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn route(&mut self, request: &Request<'_>) -> Result<Answer, Answer> {
        let account = self.account(request)?;
        let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
        let parts: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let body: Value = if request.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(request.body).map_err(|_| Answer::error(400, "Problems parsing JSON"))?
        };
        let method = request.method;
        match (method, parts.as_slice()) {
            ("GET", ["user"]) => return viewer(account.as_ref()),
            ("POST", ["graphql"]) => return self.graphql(account.as_ref(), &body),
            _ => {}
        }
        let (["repos", owner, name, rest @ ..], Some(repository)) =
            (parts.as_slice(), self.find(parts.as_slice()))
        else {
            return if parts.first() == Some(&"repos") {
                Err(Answer::not_found())
            } else {
                self.refuse(request)
            };
        };
        let full_name = format!("{owner}/{name}");
        let asks = |scope, access| self.allow(account.as_ref(), repository, scope, access);
        let (contents, pulls, actions) = (Scope::Contents, Scope::PullRequests, Scope::Actions);
        match (method, rest) {
            ("GET", []) => {
                let is_own = account
                    .as_ref()
                    .is_some_and(|account| account.repository.eq_ignore_ascii_case(&full_name));
                if repository.is_private && !is_own {
                    return Err(Answer::not_found());
                }
                Ok(Answer::json(200, answers::repository(repository, &self.api)))
            }
            ("GET", ["pulls"]) => {
                asks(pulls, Access::Read)?;
                Ok(self.pulls(repository, path, query))
            }
            ("GET", ["pulls", number]) => {
                asks(pulls, Access::Read)?;
                let pull = number.parse().ok().and_then(|number: u64| repository.pulls.get(&number));
                let pull = pull.ok_or_else(Answer::not_found)?;
                Ok(Answer::json(200, answers::pull(pull, repository, &self.api)))
            }
            ("GET" | "POST", ["issues", number, "comments"]) => {
                let access = if method == "GET" { Access::Read } else { Access::Write };
                asks(pulls, access)?;
                let number: u64 = number.parse().map_err(|_| Answer::not_found())?;
                let pull = repository.pulls.get(&number).ok_or_else(Answer::not_found)?;
                if method == "GET" {
                    let comments = repository.comments.iter().filter(|comment| comment.number == number);
                    let all =
                        comments.map(|comment| answers::comment(comment, &repository.full_name, &self.api));
                    return Ok(self.page(repository, path, query, all.collect(), None));
                }
                if pull.is_locked {
                    return Err(Answer::error(403, "Unable to create comment because issue is locked."));
                }
                let text = comment_body(&body)?;
                let login = account.map(|account| account.login).unwrap_or_default();
                let id = self.add_comment(&full_name, number, &login, &text);
                self.comment(&full_name, id, 201)
            }
            ("GET" | "PATCH" | "DELETE", ["issues", "comments", id]) => {
                let access = if method == "GET" { Access::Read } else { Access::Write };
                asks(pulls, access)?;
                let id: u64 = id.parse().map_err(|_| Answer::not_found())?;
                let comment = repository.comments.iter().find(|comment| comment.id == id);
                let comment = comment.ok_or_else(Answer::not_found)?;
                // An app changes what it wrote itself.
                let is_own =
                    account.as_ref().is_none_or(|account| comment.author.as_ref() == Some(&account.login));
                match method {
                    "GET" => self.comment(&full_name, id, 200),
                    _ if !is_own => {
                        let mut refusal = Answer::error(403, "Resource not accessible by integration");
                        refusal.headers.push(("X-Accepted-GitHub-Permissions", pulls.accepted(access)));
                        Err(refusal)
                    }
                    "PATCH" => {
                        let text = comment_body(&body)?;
                        let now = self.now;
                        let comments = &mut self.repository(&full_name).comments;
                        for comment in comments.iter_mut().filter(|comment| comment.id == id) {
                            comment.body.clone_from(&text);
                            comment.updated = now;
                        }
                        self.comment(&full_name, id, 200)
                    }
                    _ => {
                        self.remove_comment(&full_name, id);
                        Ok(Answer::none(204))
                    }
                }
            }
            ("GET", ["actions", "runs", id]) => {
                asks(actions, Access::Read)?;
                let id: u64 = id.parse().map_err(|_| Answer::not_found())?;
                let run = repository.runs.get(&id).ok_or_else(Answer::not_found)?;
                Ok(Answer::json(
                    200,
                    json!({
                        "id": id,
                        "node_id": format!("W{id}"),
                        "name": "CI",
                        "event": run.event,
                        "status": if run.conclusion.is_some() { "completed" } else { "in_progress" },
                        "conclusion": run.conclusion,
                        "run_attempt": run.attempt,
                        "run_number": 1,
                        "head_sha": run.head_sha,
                        "head_branch": run.head_branch,
                        "head_repository": run.head_repository.as_ref().map(|name| json!({ "full_name": name })),
                        "path": ".github/workflows/ci.yml",
                        "html_url": format!("https://github.com/{full_name}/actions/runs/{id}"),
                    }),
                ))
            }
            ("GET", ["actions", "runs", id, "artifacts"]) => {
                asks(actions, Access::Read)?;
                let id: u64 = id.parse().map_err(|_| Answer::not_found())?;
                if !repository.runs.contains_key(&id) {
                    return Err(Answer::not_found());
                }
                let name = parameter(query, "name");
                let fits = |artifact: &&crate::world::ArtifactState| {
                    artifact.run == id && name.as_ref().is_none_or(|name| artifact.name == *name)
                };
                let all = repository.artifacts.iter().filter(fits);
                let all = all.map(|artifact| answers::artifact(artifact, &repository.full_name, &self.api));
                Ok(self.page(repository, path, query, all.collect(), Some("artifacts")))
            }
            ("GET", ["actions", "artifacts", id, "zip"]) => {
                // Also what is public is downloaded by those only who may.
                let is_allowed = account.as_ref().is_some_and(|account| {
                    account.repository.eq_ignore_ascii_case(&full_name)
                        && account.permissions.actions >= Access::Read
                });
                asks(actions, Access::Read)?;
                if !is_allowed {
                    return Err(match account {
                        None => Answer::error(401, "Requires authentication"),
                        Some(_) => Answer::error(403, "Resource not accessible by integration")
                            .header("X-Accepted-GitHub-Permissions", actions.accepted(Access::Read)),
                    });
                }
                let artifact = repository.artifacts.iter().find(|artifact| artifact.id.to_string() == *id);
                let artifact = artifact.ok_or_else(Answer::not_found)?;
                if artifact.is_expired {
                    return Err(Answer::error(410, "Artifact has expired"));
                }
                let location = format!("{}/{}.zip?sig=signed", self.storage, artifact.id);
                Ok(Answer::none(302).header("Location", location))
            }
            ("GET", ["git", "ref", name @ ..]) => {
                asks(contents, Access::Read)?;
                let name = format!("refs/{}", name.join("/"));
                let id = repository.refs.get(&name).ok_or_else(Answer::not_found)?;
                let object = repository.objects.get(id);
                let found = answers::reference(&name, id, object, &repository.full_name, &self.api);
                Ok(Answer::json(200, found))
            }
            ("GET", ["git", "tags", id]) => {
                asks(contents, Access::Read)?;
                let object = repository.objects.get(id).ok_or_else(Answer::not_found)?;
                let tag = answers::tag(id, object, &repository.full_name, &self.api);
                tag.map(|tag| Answer::json(200, tag)).ok_or_else(Answer::not_found)
            }
            ("POST", ["git", "refs"]) => {
                asks(contents, Access::Write)?;
                self.create_ref(&full_name, &body)
            }
            ("PATCH", ["git", "refs", name @ ..]) => {
                asks(contents, Access::Write)?;
                self.update_ref(&full_name, &format!("refs/{}", name.join("/")), &body)
            }
            ("GET", ["git", "commits", id]) => {
                asks(contents, Access::Read)?;
                let object = repository.objects.get(id).ok_or_else(Answer::not_found)?;
                let commit = answers::commit(id, object, &repository.full_name, &self.api);
                commit.map(|commit| Answer::json(200, commit)).ok_or_else(Answer::not_found)
            }
            ("GET", ["git", "trees", id]) => {
                asks(contents, Access::Read)?;
                let is_read_through = parameter(query, "recursive").is_some();
                self.tree(&full_name, id, is_read_through, 200)
            }
            ("GET", ["git", "blobs", id]) => {
                asks(contents, Access::Read)?;
                let Some(Object::Blob(content)) = repository.objects.get(id) else {
                    return Err(Answer::not_found());
                };
                let text = Base64::encode_string(content);
                let lines: Vec<&str> = (0..text.len().div_ceil(LINE))
                    .filter_map(|line| text.get(line * LINE..text.len().min((line + 1) * LINE)))
                    .collect();
                Ok(Answer::json(
                    200,
                    json!({
                        "sha": id,
                        "node_id": format!("B{id}"),
                        "size": content.len(),
                        "url": format!("{}/repos/{full_name}/git/blobs/{id}", self.api),
                        "content": format!("{}\n", lines.join("\n")),
                        "encoding": "base64",
                    }),
                ))
            }
            ("POST", ["git", "blobs"]) => {
                asks(contents, Access::Write)?;
                let text = body.get("content").and_then(Value::as_str).unwrap_or_default();
                let content = match body.get("encoding").and_then(Value::as_str) {
                    Some("base64") => Base64::decode_vec(text)
                        .map_err(|_| Answer::invalid("Blob", "content", "content is not valid Base64"))?,
                    _ => text.as_bytes().to_vec(),
                };
                let id = self.repository(&full_name).objects.add(Object::Blob(content));
                let url = format!("{}/repos/{full_name}/git/blobs/{id}", self.api);
                Ok(Answer::json(201, json!({ "sha": id, "url": url })))
            }
            ("POST", ["git", "trees"]) => {
                asks(contents, Access::Write)?;
                self.create_tree(&full_name, &body)
            }
            ("POST", ["git", "commits"]) => {
                asks(contents, Access::Write)?;
                let who = account.map(|account| account.login).unwrap_or_default();
                self.create_commit(&full_name, who, &body)
            }
            _ => self.refuse(request),
        }
    }

    fn find(&self, parts: &[&str]) -> Option<&RepositoryState> {
        let (owner, name) = (parts.get(1)?, parts.get(2)?);
        self.repositories.get(&format!("{owner}/{name}").to_ascii_lowercase())
    }

    fn refuse(&self, request: &Request<'_>) -> Result<Answer, Answer> {
        Err(Answer::error(501, &format!("github-stub: {} {}", request.method, request.target)))
    }

    /// A page of a list, with links to others: its path has the number of the repository.
    fn page(
        &self,
        repository: &RepositoryState,
        path: &str,
        query: &str,
        all: Vec<Value>,
        name: Option<&str>,
    ) -> Answer {
        let number = |key: &str, default: usize| {
            parameter(query, key).and_then(|value| value.parse().ok()).unwrap_or(default).max(1)
        };
        let per_page = number("per_page", 30).min(self.page);
        let page = number("page", 1);
        let last = all.len().div_ceil(per_page).max(1);
        let total = all.len();
        let items: Vec<Value> = all.into_iter().skip((page - 1) * per_page).take(per_page).collect();
        let body = match name {
            None => Value::Array(items),
            Some(name) => json!({ "total_count": total, name: items }),
        };
        let rest: Vec<&str> = path.trim_start_matches('/').split('/').skip(3).collect();
        let kept: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page=")).collect();
        let link = |page: usize, rel: &str| {
            let query = [kept.as_slice(), &[format!("page={page}").as_str()]].concat().join("&");
            let at = format!("{}/repositories/{}/{}", self.api, repository.id, rest.join("/"));
            format!("<{at}?{query}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let answer = Answer::json(200, body);
        if links.is_empty() { answer } else { answer.header("Link", links.join(", ")) }
    }

    fn pulls(&self, repository: &RepositoryState, path: &str, query: &str) -> Answer {
        let state = parameter(query, "state").unwrap_or_else(|| "open".to_owned());
        // A filter without an owner is none.
        let head = parameter(query, "head").filter(|head| head.contains(':'));
        let sort = parameter(query, "sort").unwrap_or_else(|| "created".to_owned());
        let direction = parameter(query, "direction");
        let is_descending = direction.map_or(sort == "created", |direction| direction == "desc");
        let mut all: Vec<_> = repository
            .pulls
            .values()
            .filter(|pull| match state.as_str() {
                "all" => true,
                "closed" => !pull.is_open,
                _ => pull.is_open,
            })
            .filter(|pull| {
                head.as_ref().is_none_or(|head| {
                    let owner = pull.spec.head_repository.as_deref().and_then(|name| name.split_once('/'));
                    owner.is_some_and(|(owner, _)| *head == format!("{owner}:{}", pull.spec.head_branch))
                })
            })
            .collect();
        #[allow(clippy::disallowed_methods, reason = "no binary that is shipped has it")]
        all.sort_by_key(|pull| (if sort == "updated" { pull.updated } else { pull.created }, pull.number));
        if is_descending {
            all.reverse();
        }
        let all = all.into_iter().map(|pull| answers::pull(pull, repository, &self.api)).collect();
        self.page(repository, path, query, all, None)
    }

    fn comment(&self, full_name: &str, id: u64, status: u16) -> Result<Answer, Answer> {
        let repository =
            self.repositories.get(&full_name.to_ascii_lowercase()).ok_or_else(Answer::not_found)?;
        let comment = repository.comments.iter().find(|comment| comment.id == id);
        let comment = comment.ok_or_else(Answer::not_found)?;
        Ok(Answer::json(status, answers::comment(comment, &repository.full_name, &self.api)))
    }

    fn graphql(&self, account: Option<&Account>, body: &Value) -> Result<Answer, Answer> {
        let Some(account) = account else {
            return Err(Answer::error(403, "This endpoint requires you to be authenticated."));
        };
        let query: String =
            body.get("query").and_then(Value::as_str).unwrap_or_default().split_whitespace().collect();
        if query.trim_start_matches("query") != "{viewer{login}}" {
            return Err(Answer::error(501, "github-stub: the one question of GraphQL is who asks"));
        }
        Ok(Answer::json(200, json!({ "data": { "viewer": { "login": account.login } } })))
    }

    fn create_ref(&mut self, full_name: &str, body: &Value) -> Result<Answer, Answer> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, commit) = (text("ref"), text("sha"));
        let repository = self.repository(full_name);
        if !name.starts_with("refs/") || name.matches('/').count() < 2 {
            return Err(Answer::error(422, "Reference name must start with 'refs/' and have two slashes"));
        }
        if repository.refs.contains_key(&name) {
            return Err(Answer::error(422, "Reference already exists"));
        }
        if repository.objects.parents(&commit).is_none() {
            return Err(Answer::error(422, "Object does not exist"));
        }
        repository.refs.insert(name.clone(), commit.clone());
        Ok(Answer::json(201, answers::reference(&name, &commit, None, full_name, &self.api)))
    }

    fn update_ref(&mut self, full_name: &str, name: &str, body: &Value) -> Result<Answer, Answer> {
        let commit = body.get("sha").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_forced = body.get("force").and_then(Value::as_bool).unwrap_or(false);
        let repository = self.repository(full_name);
        let Some(now) = repository.refs.get(name).cloned() else {
            return Err(Answer::error(422, "Reference does not exist"));
        };
        if repository.objects.parents(&commit).is_none() {
            return Err(Answer::error(422, "Object does not exist"));
        }
        if !is_forced && !repository.objects.is_ancestor(&now, &commit) {
            return Err(Answer::error(422, "Update is not a fast forward"));
        }
        repository.refs.insert(name.to_owned(), commit.clone());
        Ok(Answer::json(200, answers::reference(name, &commit, None, full_name, &self.api)))
    }

    fn tree(&self, full_name: &str, id: &str, is_read_through: bool, status: u16) -> Result<Answer, Answer> {
        let repository =
            self.repositories.get(&full_name.to_ascii_lowercase()).ok_or_else(Answer::not_found)?;
        let id = match repository.objects.get(id) {
            Some(Object::Commit { tree, .. }) => tree,
            _ => id,
        };
        let entries = repository.objects.entries(id, is_read_through).ok_or_else(Answer::not_found)?;
        let entry = |(path, mode, id): &(String, String, String)| {
            let size = match repository.objects.get(id) {
                Some(Object::Blob(content)) => Some(content.len()),
                _ => None,
            };
            let kind = if mode == "040000" { "tree" } else { "blob" };
            let mut entry = json!({
                "path": path,
                "mode": mode,
                "type": kind,
                "sha": id,
                "url": format!("{}/repos/{full_name}/git/{kind}s/{id}", self.api),
            });
            if let (Some(size), Some(entry)) = (size, entry.as_object_mut()) {
                entry.insert("size".to_owned(), json!(size));
            }
            entry
        };
        Ok(Answer::json(
            status,
            json!({
                "sha": id,
                "url": format!("{}/repos/{full_name}/git/trees/{id}", self.api),
                "tree": entries.iter().map(entry).collect::<Vec<_>>(),
                "truncated": false,
            }),
        ))
    }

    fn create_tree(&mut self, full_name: &str, body: &Value) -> Result<Answer, Answer> {
        let invalid = |message: &str| Answer::error(422, message);
        let repository = self.repository(full_name);
        let mut files: BTreeMap<String, (String, String)> = BTreeMap::new();
        if let Some(from) = body.get("base_tree").and_then(Value::as_str) {
            let entries = repository.objects.entries(from, true).ok_or_else(Answer::not_found)?;
            for (path, mode, id) in entries.into_iter().filter(|(_, mode, _)| mode != "040000") {
                files.insert(path, (mode, id));
            }
        }
        for entry in body.get("tree").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str);
            let path = text("path").unwrap_or_default().to_owned();
            if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | ".." | ".git")) {
                return Err(invalid("tree.path contains a malformed path component"));
            }
            if path.starts_with(".github/workflows/") {
                return Err(Answer::error(403, "Resource not accessible by integration")
                    .header("X-Accepted-GitHub-Permissions", "contents=write; workflows=write".to_owned()));
            }
            match text("sha") {
                None => {
                    files.remove(&path);
                }
                Some(id) if repository.objects.get(id).is_some() => {
                    files.insert(path, (text("mode").unwrap_or("100644").to_owned(), id.to_owned()));
                }
                Some(_) => return Err(invalid("tree.sha is not a valid blob")),
            }
        }
        let id = repository.objects.tree(&files);
        self.tree(full_name, &id, false, 201)
    }

    fn create_commit(&mut self, full_name: &str, who: String, body: &Value) -> Result<Answer, Answer> {
        let at = self.now;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let parents = body.get("parents").and_then(Value::as_array).into_iter().flatten();
        let parents: Vec<String> = parents.filter_map(|id| id.as_str().map(str::to_owned)).collect();
        let repository = self.repository(full_name);
        let tree = text("tree");
        if !matches!(repository.objects.get(&tree), Some(Object::Tree(_))) {
            return Err(Answer::error(422, "Tree SHA does not exist"));
        }
        if parents.iter().any(|parent| repository.objects.parents(parent).is_none()) {
            return Err(Answer::error(422, "Parent SHA does not exist or is not a commit object"));
        }
        let commit = Object::Commit { tree, parents, message: text("message"), who, at };
        let id = repository.objects.add(commit.clone());
        answers::commit(&id, &commit, full_name, &self.api)
            .map(|commit| Answer::json(201, commit))
            .ok_or_else(Answer::not_found)
    }
}

fn viewer(account: Option<&Account>) -> Result<Answer, Answer> {
    match account {
        None => Err(Answer::error(401, "Requires authentication")),
        Some(account) if account.is_app => Err(Answer::error(403, "Resource not accessible by integration")),
        Some(account) => Ok(Answer::json(200, json!({ "login": account.login, "type": "User" }))),
    }
}

/// The text of a comment, when it is one that GitHub takes.
fn comment_body(body: &Value) -> Result<String, Answer> {
    let text = body.get("body").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Answer::invalid("IssueComment", "data", "Body cannot be blank"));
    }
    if text.chars().count() > LONGEST {
        let message = format!("Body is too long (maximum is {LONGEST} characters)");
        return Err(Answer::invalid("IssueComment", "data", &message));
    }
    Ok(text.to_owned())
}
