//! The shapes of answers.

use jiff::Timestamp;
use lw_loopback::Reply;
use serde_json::{Value, json};

use crate::objects::Object;
use crate::world::{ArtifactState, CommentState, PullState, RepositoryState};

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn none(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    pub(crate) fn error(status: u16, message: &str) -> Self {
        let url = "https://docs.github.com/rest";
        let status_text = status.to_string();
        Self::json(status, json!({ "message": message, "documentation_url": url, "status": status_text }))
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    /// 422 with one thing that is wrong.
    pub(crate) fn invalid(resource: &str, field: &str, message: &str) -> Self {
        let mut answer = Self::error(422, "Validation Failed");
        if let Some(body) = answer.body.as_mut().and_then(Value::as_object_mut) {
            let error = json!({ "resource": resource, "code": "custom", "field": field, "message": message });
            body.insert("errors".to_owned(), json!([error]));
        }
        answer
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn reply(&self, date: String) -> Reply {
        let mut headers = vec![("Date", date)];
        if self.body.is_some() {
            headers.push(("Content-Type", "application/json; charset=utf-8".to_owned()));
        }
        headers.extend(self.headers.iter().cloned());
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        Reply::Answer { status: self.status, headers, body: body.into_bytes() }
    }
}

/// `2026-11-21T08:17:06Z`.
pub(crate) fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

fn user(login: Option<&str>, is_app: bool, web: &str) -> Value {
    let Some(login) = login else { return Value::Null };
    json!({
        "login": login,
        "id": login.bytes().map(u64::from).sum::<u64>(),
        "type": if is_app { "Bot" } else { "User" },
        "site_admin": false,
        "html_url": format!("{web}/{}", login.trim_end_matches("[bot]")),
    })
}

pub(crate) fn repository(state: &RepositoryState, api: &str) -> Value {
    let (owner, name) = state.full_name.split_once('/').unwrap_or((&state.full_name, ""));
    json!({
        "id": state.id,
        "name": name,
        "full_name": state.full_name,
        "private": state.is_private,
        "archived": state.is_archived,
        "fork": false,
        "default_branch": "main",
        "owner": user(Some(owner), false, "https://github.com"),
        "html_url": format!("https://github.com/{}", state.full_name),
        "url": format!("{api}/repos/{}", state.full_name),
    })
}

pub(crate) fn comment(state: &CommentState, full_name: &str, api: &str) -> Value {
    let page = format!("https://github.com/{full_name}/pull/{}", state.number);
    json!({
        "id": state.id,
        "user": user(state.author.as_deref(), state.is_by_app, "https://github.com"),
        "body": state.body,
        "created_at": time(state.created),
        "updated_at": time(state.updated),
        "author_association": "NONE",
        "html_url": format!("{page}#issuecomment-{}", state.id),
        "issue_url": format!("{api}/repos/{full_name}/issues/{}", state.number),
        "url": format!("{api}/repos/{full_name}/issues/comments/{}", state.id),
    })
}

fn side(full_name: Option<&str>, branch: &str, sha: &str) -> Value {
    let owner = full_name.and_then(|name| name.split_once('/')).map_or("unknown", |(owner, _)| owner);
    json!({
        "label": format!("{owner}:{branch}"),
        "ref": branch,
        "sha": sha,
        "repo": full_name.map(|name| json!({ "full_name": name })),
    })
}

pub(crate) fn pull(state: &PullState, repository: &RepositoryState, api: &str) -> Value {
    let spec = &state.spec;
    let main = repository.refs.get(&format!("refs/heads/{}", spec.base_branch)).map_or("", String::as_str);
    let label = |name: &String| json!({ "id": name.len(), "name": name, "default": false });
    json!({
        "id": repository.id * 1000 + state.number,
        "number": state.number,
        "title": spec.title,
        "state": if state.is_open { "open" } else { "closed" },
        "draft": false,
        "locked": state.is_locked,
        "user": user(Some(&spec.author), spec.author.ends_with("[bot]"), "https://github.com"),
        "labels": spec.labels.iter().map(label).collect::<Vec<_>>(),
        "head": side(spec.head_repository.as_deref(), &spec.head_branch, &spec.head_sha),
        "base": side(Some(&repository.full_name), &spec.base_branch, main),
        "created_at": time(state.created),
        "updated_at": time(state.updated),
        "merged_at": state.merged.as_ref().map(|(_, at)| time(*at)),
        "merge_commit_sha": state.merged.as_ref().map(|(commit, _)| commit),
        "html_url": format!("https://github.com/{}/pull/{}", repository.full_name, state.number),
        "url": format!("{api}/repos/{}/pulls/{}", repository.full_name, state.number),
    })
}

pub(crate) fn artifact(state: &ArtifactState, full_name: &str, api: &str) -> Value {
    let url = format!("{api}/repos/{full_name}/actions/artifacts/{}", state.id);
    let mut artifact = json!({
        "id": state.id,
        "node_id": format!("A{}", state.id),
        "name": state.name,
        "size_in_bytes": state.says,
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": state.is_expired,
        "created_at": time(state.created),
        "expires_at": time(state.created + 90 * 86400),
        "updated_at": time(state.created),
        "workflow_run": { "id": state.run },
    });
    // GitHub Enterprise Server has none.
    if let (Some(digest), Some(fields)) = (&state.digest, artifact.as_object_mut()) {
        fields.insert("digest".to_owned(), json!(digest));
    }
    artifact
}

pub(crate) fn reference(name: &str, id: &str, object: Option<&Object>, full_name: &str, api: &str) -> Value {
    let kind = if matches!(object, Some(Object::Tag { .. })) { "tag" } else { "commit" };
    json!({
        "ref": name,
        "node_id": format!("R{id}"),
        "url": format!("{api}/repos/{full_name}/git/{name}"),
        "object": { "type": kind, "sha": id, "url": format!("{api}/repos/{full_name}/git/{kind}s/{id}") },
    })
}

pub(crate) fn tag(id: &str, object: &Object, full_name: &str, api: &str) -> Option<Value> {
    let Object::Tag { commit, name, who, at } = object else { return None };
    let email = format!("{who}@users.noreply.github.com");
    Some(json!({
        "node_id": format!("T{id}"),
        "tag": name,
        "sha": id,
        "url": format!("{api}/repos/{full_name}/git/tags/{id}"),
        "message": format!("{name}\n"),
        "tagger": { "name": who, "email": email, "date": time(*at) },
        "object": { "type": "commit", "sha": commit, "url": format!("{api}/repos/{full_name}/git/commits/{commit}") },
    }))
}

pub(crate) fn commit(id: &str, object: &Object, full_name: &str, api: &str) -> Option<Value> {
    let Object::Commit { tree, parents, message, who, at } = object else { return None };
    let url = |kind: &str, id: &str| format!("{api}/repos/{full_name}/git/{kind}/{id}");
    let who = json!({ "name": who, "email": format!("{who}@users.noreply.github.com"), "date": time(*at) });
    let parent = |parent: &String| json!({ "sha": parent, "url": url("commits", parent), "html_url": format!("https://github.com/{full_name}/commit/{parent}") });
    Some(json!({
        "sha": id,
        "node_id": format!("C{id}"),
        "url": url("commits", id),
        "html_url": format!("https://github.com/{full_name}/commit/{id}"),
        "author": who,
        "committer": who,
        "message": message,
        "tree": { "sha": tree, "url": url("trees", tree) },
        "parents": parents.iter().map(parent).collect::<Vec<_>>(),
        "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null },
    }))
}
