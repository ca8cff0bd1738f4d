//! GitHub's own word on what is asked of it and what the fake answers: Prism (`@stoplight/prism-cli`) stands as a proxy between the
//! tools and the fake, with GitHub's description of its API (`@octokit/openapi`), and answers what is not in it with an error, as
//! `prism proxy --errors` does. So a scenario whose requests or answers are not GitHub's fails.
//!
//! What Prism judges wrongly, or not at all, and who does instead (version 5.14.2, the newest for the Node.js of the CI):
//!
//! - It follows a redirect, with the token, and judges what is behind it; `prism.mjs` has it give the redirect as it is.
//! - Parameters of a query that the description does not know pass (shown below); a parameter of a path is one segment, so that a ref
//!   (`git/ref/{ref}`) is found nowhere. Both are held to the description by ajv, in `crates/services/github/tests/it/openapi.rs`, with
//!   every request that the client can make.
//! - GraphQL is not described; of it goes by whatever is JSON.
//! - A status that the description does not name is a warning, and passes.
//! - A connection that breaks off becomes an answer of its own, so the scenarios of faults talk to the fake itself.
//!
//! Of an answer the fake gives a part of the fields, as far as the tools read them. That no field has to be there is changed in the
//! description, for answers only; that each which is there is GitHub's, and of GitHub's type, is not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lw_testkit::http::{Reply, Server};
use lw_testkit::{root, skip};

use crate::support::{e2e_cache, which};

/// The proxy, until it is dropped.
pub(crate) struct Prism {
    process: Child,
    url: String,
    log: Arc<Mutex<Vec<String>>>,
    _scratch: tempfile::TempDir,
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Prism {
    /// Starts it in front of a server; `None` when it is not installed.
    pub(crate) fn before(upstream: &str) -> Option<Self> {
        let modules = e2e_cache().join("prism/node_modules");
        let description =
            e2e_cache().join("node/node_modules/@octokit/openapi/generated/api.github.com.json");
        let Some(node) = which("node") else { return skip("there is no node") };
        if !modules.join("@stoplight/prism-cli").is_dir() || !description.is_file() {
            return skip("Prism or GitHub's description is not installed; .ci/e2e-setup installs both");
        }
        let scratch = tempfile::tempdir().unwrap();
        let mut process = Command::new(node)
            .arg(root().join("tests/e2e/prism.mjs"))
            .args([&modules, &description])
            .arg(upstream)
            .arg(scratch.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (listens, heard) = mpsc::channel();
        let (stdout, stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        for output in [Box::new(stdout) as Box<dyn Read + Send>, Box::new(stderr)] {
            let (log, listens) = (Arc::clone(&log), listens.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Some((_, url)) = line.split_once("Prism is listening on ") {
                        let _ = listens.send(url.trim().to_owned());
                    }
                    log.lock().unwrap().push(line);
                }
            });
        }
        drop(listens);
        let Ok(url) = heard.recv_timeout(Duration::from_secs(60)) else {
            let _ = process.kill();
            panic!("Prism does not start: {:#?}", log.lock().unwrap());
        };
        Some(Self { process, url, log, _scratch: scratch })
    }

    /// Where it listens: what `GITHUB_API_URL` is to say.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until it has written of so many requests, and gives what it found wrong.
    pub(crate) fn problems_of(&self, requests: usize) -> Vec<String> {
        self.problems(requests, 0)
    }

    /// The same where so much is wrong at least: of a request it writes first that it came.
    fn problems(&self, requests: usize, least: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let lines = self.log.lock().unwrap().clone();
            let judged = lines.iter().filter(|line| line.contains("Request received")).count();
            let is_wrong = |line: &&String| line.contains("✖") || line.contains("iolation");
            let problems: Vec<String> = lines.iter().filter(is_wrong).cloned().collect();
            if judged >= requests && problems.len() >= least {
                return problems;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{judged} of {requests} went by, {} wrong: {lines:#?}",
                problems.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The status and the text of an answer.
fn ask(url: &str, method: &str, target: &str, body: &str) -> (u16, String) {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{answer}")), answer)
}

/// The judge judges: what is wrong in a request or in an answer is an error that names it.
#[test]
fn the_proxy_finds_what_is_not_github_s() {
    // Answers with what the end of the target says.
    let server = Server::start(|request| {
        let (status, body) = match request.target.split('=').next_back().unwrap_or_default() {
            "number" => (200, "[{\"id\":\"1\"}]"),
            "object" => (200, "{}"),
            "field" => (200, "[{\"author\":\"x\"}]"),
            "null" => (200, "[{\"id\":1,\"body\":null}]"),
            "nobody" => (200, "[{\"id\":1,\"body\":\"x\",\"user\":null}]"),
            _ => (
                if request.method == "POST" { 201 } else { 200 },
                if request.method == "POST" { "{\"id\":1}" } else { "[]" },
            ),
        };
        Reply::json(status, body)
    });
    let Some(prism) = Prism::before(&server.url("")) else { return };
    let comments = "/repos/a/b/issues/1/comments";
    let since = |what: &str| format!("{comments}?since=2026-01-01T00:00:00Z&per_page=1&page=1&x={what}");
    let right = [
        ("GET", comments.to_owned(), ""),
        ("POST", comments.to_owned(), r#"{"body":"x"}"#),
        // An account that is gone.
        ("GET", since("nobody"), ""),
    ];
    for (method, target, body) in &right {
        let (status, answer) = ask(prism.url(), method, target, body);
        assert!((200..300).contains(&status), "{method} {target}: {answer}");
    }
    assert_eq!(prism.problems_of(right.len()), Vec::<String>::new());
    let wrong = [
        ("POST", comments.to_owned(), r#"{"text":"x"}"#, 422, "must have required property 'body'"),
        ("POST", comments.to_owned(), r#"{"body":1}"#, 422, "body"),
        ("GET", format!("{comments}?per_page=many"), "", 422, "per_page"),
        ("GET", "/repos/a/b/issues/x/comments".to_owned(), "", 422, "issue_number"),
        ("GET", "/repos/a/b/pulls?state=merged".to_owned(), "", 422, "state"),
        ("GET", "/repos/a/b/nothing".to_owned(), "", 404, "NO_PATH_MATCHED"),
        ("DELETE", comments.to_owned(), "", 405, "NO_METHOD_MATCHED"),
        ("GET", since("number"), "", 500, "id"),
        ("GET", since("object"), "", 500, "array"),
        ("GET", since("field"), "", 500, "author"),
        ("GET", since("null"), "", 500, "body"),
    ];
    let asked = server.received().len();
    for (method, target, body, status, names) in &wrong {
        let found = ask(prism.url(), method, target, body);
        assert!(found.0 == *status && found.1.contains(names), "{method} {target}: {found:?}");
    }
    assert!(prism.problems(right.len() + wrong.len(), wrong.len()).len() >= wrong.len());
    // Of what is wrong already in the request nothing gets through.
    assert_eq!(server.received().len() - asked, 4);
    // What it does not see, and ajv does.
    assert_eq!(ask(prism.url(), "GET", &format!("{comments}?pages=2"), "").0, 200);
}
