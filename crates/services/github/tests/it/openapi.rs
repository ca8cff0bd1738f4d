//! What the client asks and the stub answers, by GitHub's own description of its API (the npm package `@octokit/openapi`).

use std::path::Path;
use std::process::Command;

use lw_github::{HeadOf, NewCommit, NewEntry, ObjectId, Repository, Tagged};
use lw_testkit::github::{PullSpec, RunSpec};
use serde_json::{Value, json};

use crate::{REPOSITORY, World};

/// What is wrong with each pair; `None` when the description or what reads it is not installed.
fn judged(description: &str, pairs: &[Value]) -> Option<Vec<Vec<String>>> {
    let modules = lw_testkit::e2e_cache().join("node/node_modules");
    if !modules.join("@octokit/openapi").is_dir() || !modules.join("ajv-formats").is_dir() {
        return lw_testkit::skip("GitHub's OpenAPI description is not installed; .ci/e2e-setup installs it");
    }
    let Some(node) = lw_testkit::which("node") else { return lw_testkit::skip("there is no node") };
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("recorded.json");
    std::fs::write(&recorded, json!(pairs).to_string()).unwrap();
    let output = Command::new(node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi.cjs"))
        .args([modules.to_str().unwrap(), description, recorded.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Does everything the client can do once, with several pages, and gives what was asked and answered.
fn everything(has_digests: bool) -> Vec<Value> {
    let world = World::new();
    let number = world.pull();
    let (run, branch) = world.stub.world(|github| {
        github.set_page(1);
        for round in 0..2 {
            let mut spec = PullSpec::from("octocat/firmware", "a/b", &"b".repeat(40));
            spec.labels = vec!["bug".to_owned()];
            let merged = github.add_pull(REPOSITORY, &spec);
            github.merge(REPOSITORY, merged, &format!("{round:040}"));
        }
        let run = github.add_run(REPOSITORY, &RunSpec::of_pull("octocat/firmware", "a/b", &"b".repeat(40)));
        for name in ["report", "other"] {
            let id = github.add_artifact(REPOSITORY, run, name, b"x");
            if !has_digests {
                github.misreport_artifact(REPOSITORY, id, 1);
            }
        }
        github.add_comment(REPOSITORY, number, "", "of nobody");
        (run, "a/b")
    });
    let (api, repository, waits) = (world.api(), &world.repository, &mut world.waits());
    let fork = Repository::parse("octocat/firmware").unwrap();
    api.author(waits).unwrap();
    api.pull(repository, number, waits).unwrap();
    assert_eq!(api.pulls_of_head(repository, &HeadOf { repository: &fork, branch }, waits).unwrap().len(), 2);
    assert_eq!(api.merged_pulls(repository, None, 100, waits).unwrap().len(), 2);
    let comment = api.create_comment(repository, number, "one", waits).unwrap();
    api.update_comment(repository, comment.id, "two", waits).unwrap();
    assert_eq!(api.comments(repository, number, waits).unwrap().len(), 2);
    api.delete_comment(repository, comment.id, waits).unwrap();
    api.run(repository, run, waits).unwrap();
    let artifacts = api.artifacts(repository, run, None, waits).unwrap();
    assert_eq!(artifacts.len(), 2);
    api.artifacts(repository, run, Some("report"), waits).unwrap();
    api.download(repository, &artifacts[0], 10, waits).unwrap();
    let main = ObjectId::parse(&world.main).unwrap();
    world.stub.world(|github| github.annotate(REPOSITORY, "v1", &world.main));
    assert_eq!(api.tag(repository, "v1", waits).unwrap(), Some(main.clone()));
    assert_eq!(api.create_tag(repository, "v2", &main, waits).unwrap(), Tagged::Created);
    let name = "refs/lw/baseline";
    assert_eq!(api.reference(repository, name, waits).unwrap(), None);
    let mut from = None;
    for content in ["one", "two"] {
        let blob = api.create_blob(repository, content.as_bytes(), waits).unwrap();
        let entries = [NewEntry { path: "a/b.json".to_owned(), blob: Some(blob.clone()) }];
        let base = from.as_ref().map(|from| api.commit(repository, from, waits).unwrap().tree);
        let tree = api.create_tree(repository, base.as_ref(), &entries, waits).unwrap();
        api.tree(repository, &tree, true, waits).unwrap();
        api.tree(repository, &tree, false, waits).unwrap();
        assert_eq!(api.blob(repository, &blob, 10, waits).unwrap(), content.as_bytes());
        let parents: Vec<_> = from.iter().cloned().collect();
        let commit = NewCommit { message: content, tree: &tree, parents: &parents };
        let commit = api.create_commit(repository, &commit, waits).unwrap();
        api.move_reference(repository, name, from.as_ref(), &commit, waits).unwrap();
        api.reference(repository, name, waits).unwrap();
        from = Some(commit);
    }
    let removal = [NewEntry { path: "a/b.json".to_owned(), blob: None }];
    let tree = api.commit(repository, &from.unwrap(), waits).unwrap().tree;
    api.create_tree(repository, Some(&tree), &removal, waits).unwrap();
    world.is_understood();
    let rest = world.stub.requests().into_iter().filter(|seen| seen.target != "/graphql");
    rest.map(|seen| {
        json!({
            "method": seen.method, "target": seen.target, "body": seen.body, "content_type": seen.content_type,
            "status": seen.status, "answer": seen.answer,
        })
    })
    .collect()
}

#[test]
fn every_request_and_answer_is_one_of_github_s() {
    for (description, has_digests) in [("api.github.com", true), ("ghes-3.17", false)] {
        let pairs = everything(has_digests);
        assert!(pairs.len() > 30, "{}", pairs.len());
        let Some(problems) = judged(description, &pairs) else { return };
        assert_eq!(problems.len(), pairs.len());
        let wrong: Vec<_> =
            problems.iter().zip(&pairs).filter(|(problems, _)| !problems.is_empty()).collect();
        assert!(wrong.is_empty(), "{description}: {wrong:#?}");
    }
}

#[test]
fn what_the_client_cannot_do_without_github_always_gives() {
    let of = |method: &str, template: &str, status: u16, needs: &[&str]| {
        let template = format!("/repos/{{owner}}/{{repo}}{template}");
        json!({ "method": method, "template": template, "status": status, "needs": needs })
    };
    let pull = ["number", "state", "head.ref", "head.sha", "base.ref", "base.sha"];
    let pulls = pull.map(|field| format!("[].{field}"));
    let wanted = [
        of("GET", "/issues/{issue_number}/comments", 200, &["[].id"]),
        of("POST", "/issues/{issue_number}/comments", 201, &["id"]),
        of("PATCH", "/issues/comments/{comment_id}", 200, &["id"]),
        of("GET", "/pulls/{pull_number}", 200, &pull),
        of("GET", "/pulls", 200, &pulls.each_ref().map(String::as_str)),
        of("GET", "/pulls", 200, &["[].title", "[].labels", "[].base.repo.full_name"]),
        of("GET", "/actions/runs/{run_id}", 200, &["id", "event", "head_sha", "head_repository.full_name"]),
        of(
            "GET",
            "/actions/runs/{run_id}/artifacts",
            200,
            &["artifacts.[].id", "artifacts.[].name", "artifacts.[].size_in_bytes", "artifacts.[].expired"],
        ),
        of("GET", "/git/ref/{ref}", 200, &["ref", "object.sha", "object.type"]),
        of("GET", "/git/tags/{tag_sha}", 200, &["object.sha", "object.type"]),
        of("PATCH", "/git/refs/{ref}", 200, &["ref", "object.sha"]),
        of("POST", "/git/refs", 201, &["ref", "object.sha", "object.type"]),
        of("GET", "/git/commits/{commit_sha}", 200, &["sha", "tree.sha", "parents.[].sha"]),
        of("GET", "/git/trees/{tree_sha}", 200, &["tree.[].path", "tree.[].mode", "tree.[].sha"]),
        of("GET", "/git/blobs/{file_sha}", 200, &["content", "encoding"]),
        of("POST", "/git/blobs", 201, &["sha"]),
        of("POST", "/git/trees", 201, &["sha"]),
        of("POST", "/git/commits", 201, &["sha"]),
    ];
    for description in ["api.github.com", "ghes-3.17"] {
        let Some(problems) = judged(description, &wanted) else { return };
        let wrong: Vec<&String> = problems.iter().flatten().collect();
        assert!(wrong.is_empty(), "{description}: {wrong:#?}");
    }
    // An account that is gone is null.
    let absent = [of("GET", "/issues/{issue_number}/comments", 200, &["[].user", "[].nothing"])];
    let Some(problems) = judged("api.github.com", &absent) else { return };
    assert_eq!(problems[0].len(), 2, "{problems:?}");
}

#[test]
fn what_is_not_github_s_is_found() {
    let pair = |method: &str, target: &str, body: &str, status: u16, answer: &str| {
        json!({
            "method": method, "target": target, "body": body, "content_type": "application/json",
            "status": status, "answer": answer,
        })
    };
    let comments = "/repos/a/b/issues/1/comments";
    let wrong = [
        pair("GET", "/repos/a/b/nothing", "", 200, "[]"),
        pair("POST", comments, "{\"text\":\"x\"}", 201, "{}"),
        pair("POST", comments, "{\"body\":1}", 201, "{}"),
        pair("POST", comments, "{\"body\":\"x\"}", 200, "{}"),
        pair("GET", &format!("{comments}?pages=2"), "", 200, "[]"),
        pair("GET", &format!("{comments}?per_page=many"), "", 200, "[]"),
        pair("GET", "/repos/a/b/issues/x/comments", "", 200, "[]"),
        pair("GET", comments, "", 200, "{}"),
        pair("GET", comments, "", 200, "[{\"id\":\"1\"}]"),
        pair("GET", comments, "", 200, "[{\"author\":\"x\"}]"),
        pair("GET", comments, "", 200, "[{\"created_at\":\"yesterday\"}]"),
        pair("GET", "/repos/a/b/pulls?state=merged", "", 200, "[]"),
        pair("PATCH", "/repos/a/b/git/refs/lw/x", "{\"force\":false}", 200, "{}"),
        pair("DELETE", "/repos/a/b/issues/comments/1", "", 200, ""),
    ];
    let Some(problems) = judged("api.github.com", &wrong) else { return };
    for (problems, pair) in problems.iter().zip(&wrong) {
        assert!(!problems.is_empty(), "{pair}");
    }
    let right =
        [pair("POST", comments, "{\"body\":\"x\"}", 201, "{\"id\":1}"), pair("GET", comments, "", 200, "[]")];
    assert_eq!(judged("api.github.com", &right), Some(vec![Vec::new(), Vec::new()]));
}
