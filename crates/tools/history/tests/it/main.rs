//! What history records, where, and what it makes of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod baselines;
mod local;
mod on_ref;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use lw_model::{Bound, JudgeOptions, Limit, Measure, Provenance, Report, Unit, Verdict};
use lw_testkit::git::{Scratch, command};
use lw_testkit::github::{Access, Account, Permissions, Stub};
use lw_testkit::tool::{Run, ToolBinary, words};

const TOOL: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_history"));
const REPOSITORY: &str = "o/r";
const TOKEN: &str = "ghs_canary0a8Jm2kQ9xTw4v";

#[test]
fn transcripts() {
    lw_testkit::tool::transcripts();
}

/// A GitHub with a repository, a job's token, and a checkout of its main branch.
struct Scene {
    stub: Stub,
    scratch: Scratch,
    around: tempfile::TempDir,
}

/// A run of a workflow.
struct Event {
    name: &'static str,
    reference: &'static str,
    payload: &'static str,
}

const PUSH: Event = Event {
    name: "push",
    reference: "refs/heads/main",
    payload: r#"{"repository":{"default_branch":"main","full_name":"o/r"}}"#,
};

impl Scene {
    fn new() -> Self {
        Self::with(Permissions { contents: Access::Write, ..Permissions::none() })
    }

    fn with(permissions: Permissions) -> Self {
        let stub = Stub::start();
        stub.world(|world| {
            world.add_repository(REPOSITORY);
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
        });
        let scene = Self { stub, scratch: Scratch::new(), around: tempfile::tempdir().unwrap() };
        scene.commit();
        scene
    }

    /// Another commit of main; gives its id.
    fn commit(&self) -> String {
        let number = self.scratch.git(&["rev-list", "--all", "--count"]);
        let number = String::from_utf8(number).unwrap();
        self.scratch.commit(&[("source.c", number.trim())]);
        self.head()
    }

    fn head(&self) -> String {
        let output = command(self.scratch.path()).args(["rev-parse", "HEAD"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes a report of the commit that is checked out.
    fn report(&self, name: &str, report: Report) -> PathBuf {
        let head = self.head();
        self.report_of(&head, name, report)
    }

    fn report_of(&self, commit: &str, name: &str, mut report: Report) -> PathBuf {
        if report.provenance.is_none() {
            report.provenance = Some(Provenance {
                commit: Some(commit.to_owned()),
                complete: Some(true),
                ..Provenance::default()
            });
        }
        let path = self.around.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
        path
    }

    /// Runs it on a line, in which `@` is the folder around the checkout.
    fn step(&self, event: &Event, line: &str) -> Run {
        self.step_with(event, line, &[])
    }

    fn step_with(&self, event: &Event, line: &str, more: &[(&str, &str)]) -> Run {
        // Runs may be at the same time.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let payload = self.around.path().join(format!("event-{number}.json"));
        fs::write(&payload, event.payload).unwrap();
        let line = line.replace('@', &self.around.path().to_string_lossy());
        let head = self.head();
        let (payload, api) = (payload.to_string_lossy().into_owned(), self.stub.api_url());
        let mut env = vec![
            ("GITHUB_EVENT_NAME", event.name),
            ("GITHUB_EVENT_PATH", &payload),
            ("GITHUB_REF", event.reference),
            ("GITHUB_SHA", &head),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_TOKEN", TOKEN),
        ];
        env.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        env.extend(more);
        let run = TOOL.run_as_step(self.scratch.path(), &words(&line), &env);
        assert_eq!(self.stub.refusals(), Vec::<String>::new());
        assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN), "the token is shown");
        run
    }

    fn files(&self, reference: &str) -> Vec<(String, String)> {
        let files = self.stub.world(|world| world.files(REPOSITORY, reference)).unwrap_or_default();
        files.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
    }

    fn wrote(&self) -> bool {
        self.stub.requests().iter().any(lw_testkit::github::Seen::is_mutating)
    }
}

/// A report of a size gate that allows a thousand bytes.
fn size(subject: Option<&str>, bytes: u64) -> Report {
    let mut report = Report::new("size-gate", "1.2.3");
    let mut measure = Measure::bytes("image.bytes", bytes);
    measure.subject = subject.map(str::to_owned);
    measure.limits = Limit::parse(Bound::Max, "m=1000", Unit::Bytes, "--max").unwrap().1;
    report.measures.push(measure);
    let mut free = Measure::bytes("without.limit", 5);
    free.subject = subject.map(str::to_owned);
    report.measures.push(free);
    report.judge(&JudgeOptions::default());
    report
}

fn outcome(run: &Run) -> (i32, Verdict) {
    (run.code, run.report().verdict)
}
