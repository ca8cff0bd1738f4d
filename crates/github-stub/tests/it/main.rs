//! The stub itself: its objects by git, and the traps it is there for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpStream;

use lw_github_stub::{Access, Account, Injection, Permissions, PullSpec, RunSpec, Stub, When};
use lw_testkit::git::Scratch;
use lw_testkit::http::Fault;
use serde_json::{Value, json};

const REPOSITORY: &str = "org/firmware";

/// An answer: status, head, and content.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

fn ask(stub: &Stub, method: &str, target: &str, token: &str, body: Option<&Value>) -> Answer {
    let host = stub.api_url().trim_start_matches("http://").to_owned();
    let body = body.map(Value::to_string).unwrap_or_default();
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let length = body.len();
    let mut stream = TcpStream::connect(&host).unwrap();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{token}Content-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

fn stub() -> Stub {
    let stub = Stub::start();
    stub.world(|world| {
        world.add_repository(REPOSITORY);
        world.add_token("all", Account::job(REPOSITORY, Permissions::all()));
        world.add_token("read", Account::job(REPOSITORY, Permissions::read()));
        world.add_token("none", Account::job(REPOSITORY, Permissions::none()));
        world.add_token("other", Account::job("org/other", Permissions::all()));
        world.add_token("person", Account::person("octocat", REPOSITORY, Permissions::read()));
        world.add_pull(REPOSITORY, &PullSpec::from("octocat/firmware", "b", &"a".repeat(40)));
    });
    stub
}

#[test]
fn trees_and_commits_have_the_names_that_git_gives_them() {
    // A folder stands where its name with a slash would.
    let files = [("a.txt", "1\n"), ("a/b/c.json", "{}"), ("a-b", "2\n"), ("ab", ""), ("ü", "3\n")];
    let scratch = Scratch::new();
    scratch.commit(&files);
    let text = |output: Vec<u8>| String::from_utf8(output).unwrap().trim().to_owned();
    let tree = text(scratch.git(&["write-tree"]));
    let stub = stub();
    let commit = stub.world(|world| world.commit_files(REPOSITORY, "refs/lw/x", &files));
    let answer = ask(&stub, "GET", &format!("/repos/{REPOSITORY}/git/commits/{commit}"), "", None).body;
    assert_eq!(answer["tree"]["sha"], json!(tree));
    // Made through the API, from nothing and from another tree.
    let entry = |(path, content): &(&str, &str)| {
        let target = format!("/repos/{REPOSITORY}/git/blobs");
        let blob =
            ask(&stub, "POST", &target, "all", Some(&json!({"content": content, "encoding": "utf-8"})));
        json!({"path": path, "mode": "100644", "type": "blob", "sha": blob.body["sha"]})
    };
    let entries: Vec<Value> = files.iter().map(entry).collect();
    let trees = format!("/repos/{REPOSITORY}/git/trees");
    let made = ask(&stub, "POST", &trees, "all", Some(&json!({"tree": entries})));
    assert_eq!((made.status, &made.body["sha"]), (201, &json!(tree)));
    let removal = json!({"base_tree": tree, "tree": [{"path": "a/b/c.json", "mode": "100644", "type": "blob", "sha": null}]});
    let made = ask(&stub, "POST", &trees, "all", Some(&removal));
    scratch.git(&["rm", "--quiet", "--cached", "a/b/c.json"]);
    assert_eq!(made.body["sha"], json!(text(scratch.git(&["write-tree"]))));
    // A commit by its content.
    let at = "1795249026 +0000";
    let who = "octocat <octocat@users.noreply.github.com>";
    let content = format!("tree {tree}\nauthor {who} {at}\ncommitter {who} {at}\n\nSomebody's");
    std::fs::write(scratch.path().join("commit"), content).unwrap();
    assert_eq!(commit, text(scratch.git(&["hash-object", "-t", "commit", "commit"])));
}

#[test]
fn what_a_token_may_do_is_what_its_job_says() {
    let stub = stub();
    let comments = format!("/repos/{REPOSITORY}/issues/1/comments");
    let body = json!({"body": "x"});
    let status = |token: &str, is_private: bool| {
        if is_private {
            stub.world(|world| world.make_private(REPOSITORY));
        }
        let read = ask(&stub, "GET", &comments, token, None);
        let written = ask(&stub, "POST", &comments, token, Some(&body));
        (read.status, written.status, written.body["message"].as_str().unwrap_or_default().to_owned())
    };
    let integration = "Resource not accessible by integration";
    let personal = "Resource not accessible by personal access token";
    assert_eq!(status("", false), (200, 401, "Requires authentication".to_owned()));
    assert_eq!(status("wrong", false), (401, 401, "Bad credentials".to_owned()));
    assert_eq!(status("all", false).1, 201);
    assert_eq!(status("read", false), (200, 403, integration.to_owned()));
    assert_eq!(status("none", false), (200, 403, integration.to_owned()), "what is public everybody reads");
    assert_eq!(status("other", false), (200, 403, integration.to_owned()));
    assert_eq!(status("person", false), (200, 403, personal.to_owned()));
    assert_eq!(status("none", true), (403, 403, integration.to_owned()));
    assert_eq!(status("other", true), (404, 404, "Not Found".to_owned()));
    assert_eq!(status("", true), (404, 404, "Not Found".to_owned()));
    let refused = ask(&stub, "POST", &comments, "read", Some(&body));
    assert!(
        refused.head.contains("X-Accepted-GitHub-Permissions: issues=write; pull_requests=write"),
        "{}",
        refused.head
    );
    // What is public is downloaded by those only who may.
    let stub = self::stub();
    let artifact = stub.world(|world| {
        let run = world.add_run(REPOSITORY, &RunSpec::of_pull(REPOSITORY, "b", "c"));
        let permissions = Permissions { actions: Access::None, ..Permissions::all() };
        world.add_token("no actions", Account::job(REPOSITORY, permissions));
        world.add_artifact(REPOSITORY, run, "report", b"x")
    });
    let zip = format!("/repos/{REPOSITORY}/actions/artifacts/{artifact}/zip");
    for (token, status) in [("", 401), ("no actions", 403), ("other", 403), ("read", 302)] {
        assert_eq!(ask(&stub, "GET", &zip, token, None).status, status, "{token}");
    }
}

#[test]
fn pages_are_linked_by_the_number_of_the_repository() {
    let stub = stub();
    stub.world(|world| {
        for round in 0..45 {
            world.add_comment(REPOSITORY, 1, "octocat", &round.to_string());
        }
    });
    let page = |query: &str| {
        let answer = ask(&stub, "GET", &format!("/repos/{REPOSITORY}/issues/1/comments{query}"), "all", None);
        let length = answer.body.as_array().unwrap().len();
        let link = answer.head.lines().find(|line| line.starts_with("Link: ")).unwrap_or_default().to_owned();
        (length, link)
    };
    let (length, link) = page("");
    assert_eq!(length, 30);
    assert!(
        link.contains("/repositories/") && link.contains("/issues/1/comments?page=2>; rel=\"next\""),
        "{link}"
    );
    assert_eq!(page("?page=2").0, 15);
    assert!(!page("?page=2").1.contains("rel=\"next\""));
    assert_eq!(page("?per_page=1000"), (45, String::new()));
    let (length, link) = page("?per_page=10&page=3");
    assert_eq!(length, 10);
    for rel in
        ["page=2>; rel=\"prev\"", "page=1>; rel=\"first\"", "page=4>; rel=\"next\"", "page=5>; rel=\"last\""]
    {
        assert!(link.contains(rel), "{link}");
    }
}

#[test]
fn a_ref_goes_forward_only() {
    let stub = stub();
    let (main, next) = stub.world(|world| {
        let main = world.reference(REPOSITORY, "refs/heads/main").unwrap();
        (main, world.commit_files(REPOSITORY, "refs/heads/next", &[("x", "y")]))
    });
    let refs = format!("/repos/{REPOSITORY}/git/refs");
    let create = |name: &str, commit: &str| {
        ask(&stub, "POST", &refs, "all", Some(&json!({"ref": name, "sha": commit})))
    };
    let update = |commit: &str, is_forced: bool| {
        let body = json!({"sha": commit, "force": is_forced});
        let answer = ask(&stub, "PATCH", &format!("{refs}/lw/x"), "all", Some(&body));
        (answer.status, answer.body["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(update(&main, false), (422, "Reference does not exist".to_owned()));
    assert_eq!(create("main", &main).status, 422);
    assert_eq!(create("refs/lw/x", &"b".repeat(40)).status, 422);
    assert_eq!(create("refs/lw/x", &next).status, 201);
    assert_eq!(create("refs/lw/x", &next).body["message"], json!("Reference already exists"));
    assert_eq!(update(&main, false), (422, "Update is not a fast forward".to_owned()));
    assert_eq!(update(&next, false).0, 200, "where it is already");
    assert_eq!(update(&main, true).0, 200);
}

#[test]
fn faults_are_met_once_and_what_nobody_knows_is_refused() {
    let stub = stub();
    stub.inject(Injection::once(When::at("POST", "/comments"), Fault::Status(500)).taking_effect());
    let comments = format!("/repos/{REPOSITORY}/issues/1/comments");
    assert_eq!(ask(&stub, "POST", &comments, "all", Some(&json!({"body": "x"}))).status, 500);
    assert_eq!(ask(&stub, "GET", &comments, "all", None).body.as_array().unwrap().len(), 1);
    assert!(stub.requests()[0].fault.is_some() && stub.requests()[1].fault.is_none());
    assert!(stub.refusals().is_empty());
    assert_eq!(ask(&stub, "GET", &format!("/repos/{REPOSITORY}/stargazers"), "all", None).status, 501);
    assert_eq!(
        ask(&stub, "POST", "/graphql", "all", Some(&json!({"query": "{ rateLimit { cost } }"}))).status,
        501
    );
    assert_eq!(stub.refusals().len(), 2);
}
