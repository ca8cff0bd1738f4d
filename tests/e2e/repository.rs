//! A repository as it lives, with a gate in its workflow: main, pull requests, forks, queues. Every run is a fresh checkout of one
//! commit under the strict runner, whose cache and artifacts keep the rules of the real ones, against a GitHub on this machine. In the
//! scenarios of `comments.rs` that say so, everything that is asked and answered goes through [`Prism`].

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use lw_testkit::github::{self, Account, CommentState, Permissions, PullSpec, RunSpec, Stub};
use lw_testkit::runner::upload::Files;
use lw_testkit::runner::{Access, Cache, Job, Kind, StepResult, Uploads};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::case::EPOCH;
use crate::prism::Prism;
use crate::support::{Tree, binary, must};

pub(crate) const MAIN: &str = "refs/heads/main";

/// The repository, and the one of somebody who has forked it.
pub(crate) const REPOSITORY: &str = "octo-org/app";
pub(crate) const FORK: &str = "someone/app";
/// The token of a job, and that of a job of a fork's pull request.
pub(crate) const TOKEN: &str = "ghs_canary7Lm2kQ9xTw4v0a8J";
const READ_TOKEN: &str = "fork-token";

/// The legs of a matrix, of which several names begin alike.
pub(crate) const BOARDS: [&str; 12] = [
    "esp32", "esp32-s3", "esp32-s2", "esp32-c3", "esp32-c6", "esp32-h2", "esp32-p4", "esp32-c", "rp2040",
    "rp2350", "nrf52", "nrf5",
];

/// A repository on GitHub, with its cache.
pub(crate) struct Project {
    pub(crate) tree: Tree,
    origin: tempfile::TempDir,
    pub(crate) cache: Cache,
    pub(crate) github: Arc<Stub>,
    /// What stands between the jobs and GitHub.
    judge: Option<Prism>,
    /// What each attempt of a run has uploaded.
    uploaded: Arc<Mutex<Vec<(u64, String, String)>>>,
}

/// What is run of a project: the event, and the commit that is checked out.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) reference: String,
    pub(crate) commit: String,
    pub(crate) base: &'static str,
    pub(crate) payload: Value,
    pub(crate) access: Access,
    /// Whether the whole history is there, and not the one commit that `actions/checkout` fetches.
    pub(crate) whole: bool,
    pub(crate) attempt: &'static str,
    pub(crate) board: Option<&'static str>,
    /// The job of the workflow.
    pub(crate) job: &'static str,
    /// The number of the run, which other jobs share.
    pub(crate) run: u64,
}

impl Event {
    pub(crate) fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    pub(crate) fn on(mut self, board: &'static str) -> Self {
        self.board = Some(board);
        self
    }

    pub(crate) fn of_job(mut self, job: &'static str) -> Self {
        self.job = job;
        self
    }

    /// The tip of the pull request.
    pub(crate) fn head(&self) -> String {
        self.payload["pull_request"]["head"]["sha"].as_str().unwrap_or_default().to_owned()
    }
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) step: StepResult,
    pub(crate) report: Option<Value>,
}

impl Ran {
    pub(crate) fn verdict(&self) -> &str {
        &self.step.outputs["verdict"]
    }

    /// The image, and by how much it grew.
    pub(crate) fn image(&self) -> (i64, Option<i64>) {
        let report = self.report.as_ref().unwrap_or_else(|| panic!("no report: {}", self.step.log));
        let measures = report["measures"].as_array().unwrap();
        let image = measures.iter().find(|measure| measure["name"] == "image.bytes").unwrap();
        let value = image["value"].as_i64().unwrap();
        (value, image["baseline"].as_i64().map(|baseline| value - baseline))
    }

    pub(crate) fn compared_with(&self) -> &str {
        &self.step.outputs["baseline-commit"]
    }

    pub(crate) fn kept(&self) -> bool {
        !self.step.outputs["baseline-key"].is_empty()
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.report.as_ref().is_some_and(|report| report.to_string().contains(text))
    }

    pub(crate) fn warnings(&self) -> Vec<&str> {
        let warnings = self.step.annotations.iter().filter(|annotation| annotation.kind == Kind::Warning);
        warnings.map(|annotation| annotation.message.as_str()).collect()
    }
}

impl Project {
    pub(crate) fn new() -> Self {
        let origin = tempfile::Builder::new().prefix("lw-origin-").tempdir().unwrap();
        let github = Arc::new(Stub::start());
        let permissions = |pull_requests| Permissions {
            contents: github::Access::Read,
            pull_requests,
            actions: github::Access::Read,
        };
        github.world(|world| {
            world.add_repository(REPOSITORY);
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions(github::Access::Write)));
            world.add_token(READ_TOKEN, Account::job(REPOSITORY, permissions(github::Access::Read)));
        });
        let uploaded = Arc::default();
        let project = Self {
            tree: Tree::with(&binary()),
            origin,
            cache: Cache::default(),
            github,
            judge: None,
            uploaded,
        };
        project.git(&["init", "--quiet", "--initial-branch", "main"]);
        project.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        project
    }

    /// The same, and every request and every answer is held to GitHub's description of its API; see [`Self::is_github_s`].
    pub(crate) fn judged() -> Self {
        let project = Self::new();
        let judge = Prism::before(&project.github.api_url());
        Self { judge, ..project }
    }

    /// What the jobs take for GitHub.
    fn api_url(&self) -> String {
        self.judge.as_ref().map_or_else(|| self.github.api_url(), |judge| judge.url().to_owned())
    }

    /// What was asked and answered was all of it GitHub's.
    pub(crate) fn is_github_s(&self) {
        let Some(judge) = &self.judge else { return };
        let asked = self.github.answered();
        assert!(asked > 0, "nothing was asked");
        assert_eq!(judge.problems_of(asked), Vec::<String>::new());
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(Command::new("git").args(identity).args(args).current_dir(self.origin.path())).trim().to_owned()
    }

    pub(crate) fn tip(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits a firmware of so many bytes to the branch that is checked out.
    pub(crate) fn commit(&self, bytes: usize) -> String {
        std::fs::write(self.origin.path().join("size"), bytes.to_string()).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("a firmware of {bytes}")]);
        self.tip()
    }

    /// A push of what is on main since a commit.
    pub(crate) fn push(&self, before: &str) -> Event {
        let before = if before.is_empty() { "0".repeat(40) } else { before.to_owned() };
        let commit = self.git(&["rev-parse", "main"]);
        Event {
            name: "push",
            reference: MAIN.to_owned(),
            payload: json!({
                "ref": MAIN, "before": before, "after": commit, "repository": {"default_branch": "main"},
            }),
            commit,
            base: "",
            access: Access::ReadWrite,
            whole: false,
            attempt: "1",
            board: None,
            job: "size",
            run: 1_658_821_493,
        }
    }

    /// Commits to main, and its push.
    pub(crate) fn main(&self, bytes: usize) -> Event {
        self.git(&["switch", "--quiet", "main"]);
        let before = self.tip();
        self.commit(bytes);
        self.push(&before)
    }

    /// The run of a pull request whose firmware has so many bytes: of its merge with main as that is now. What the event says
    /// of its base is `stale`.
    pub(crate) fn pull_request(&self, number: u32, bytes: usize, stale: &str) -> Event {
        self.git(&["switch", "--quiet", "--force-create", &format!("pull{number}"), "main"]);
        let head = self.commit(bytes);
        self.git(&["switch", "--quiet", "--detach", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "--message", "for the test", &head]);
        let commit = self.tip();
        self.git(&["switch", "--quiet", "main"]);
        let branch = format!("feature{number}");
        let run = self.github.world(|world| {
            world.put_pull(REPOSITORY, u64::from(number), &PullSpec::from(REPOSITORY, &branch, &head));
            let run = RunSpec { conclusion: None, ..RunSpec::of_pull(REPOSITORY, &branch, &head) };
            world.add_run(REPOSITORY, &run)
        });
        Event {
            name: "pull_request",
            reference: format!("refs/pull/{number}/merge"),
            payload: json!({
                "number": number,
                "repository": {"default_branch": "main"},
                "pull_request": {
                    "number": number,
                    "base": {"ref": "main", "sha": stale, "repo": {"full_name": "octo-org/app"}},
                    "head": {"ref": branch, "sha": head, "repo": {"full_name": "octo-org/app"}},
                },
            }),
            commit,
            base: "main",
            access: Access::ReadWrite,
            whole: false,
            attempt: "1",
            board: None,
            job: "size",
            run,
        }
    }

    pub(crate) fn checkout(&self, event: &Event) -> tempfile::TempDir {
        let workspace = tempfile::Builder::new().prefix("lw-work-").tempdir().unwrap();
        let git = |args: &[&str]| must(Command::new("git").args(args).current_dir(workspace.path()));
        let url = format!("file://{}", self.origin.path().display());
        git(&["init", "--quiet", "--initial-branch", "main"]);
        git(&["remote", "add", "origin", &url]);
        let depth: &[&str] = if event.whole { &[] } else { &["--depth=1"] };
        git(&[&["fetch", "--quiet", "--no-tags"], depth, &["origin", &event.commit]].concat());
        git(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
        workspace
    }

    /// Runs the gate in a fresh checkout.
    pub(crate) fn run(&self, event: &Event, with: &[(&str, &str)]) -> Ran {
        let workspace = self.checkout(event);
        let size = std::fs::read_to_string(workspace.path().join("size")).unwrap();
        // The build: what does not compile leaves nothing.
        if let Ok(size) = size.parse::<usize>()
            && size > 0
        {
            let more = event.board.map_or(0, str::len);
            std::fs::write(workspace.path().join("app.bin"), vec![0x55; size + more]).unwrap();
        }
        let step =
            self.step(event, workspace.path(), "size-gate-with-baseline", &[&size_gate(), with].concat());
        let report = std::fs::read(workspace.path().join("size.json")).ok();
        Ran { step, report: report.map(|report| serde_json::from_slice(&report).unwrap()) }
    }

    pub(crate) fn job(&self, event: &Event, workspace: &Path) -> (Job, tempfile::TempDir) {
        let around = tempfile::tempdir().unwrap();
        let payload = around.path().join("event.json");
        std::fs::write(&payload, event.payload.to_string()).unwrap();
        let mut job = Job::new(workspace)
            .env(EPOCH.0, EPOCH.1)
            .github("event_name", event.name)
            .github("event_path", &payload.to_string_lossy())
            .github("ref", &event.reference)
            .github("sha", &event.commit)
            .github("base_ref", event.base)
            .github("run_attempt", event.attempt)
            .github("run_id", &event.run.to_string())
            .github("job", event.job)
            .github("token", if event.access == Access::ReadOnly { READ_TOKEN } else { TOKEN })
            .github("api_url", &self.api_url())
            .github("graphql_url", &format!("{}/graphql", self.api_url()));
        if let Some(board) = event.board {
            job = job.matrix("board", board);
        }
        (job, around)
    }

    /// What the run uploads: GitHub has it at once, and no attempt has two of one name.
    fn uploads(&self, event: &Event) -> Uploads {
        let (github, uploaded) = (Arc::clone(&self.github), Arc::clone(&self.uploaded));
        let (run, attempt) = (event.run, event.attempt);
        Uploads::to(move |name, files| {
            let one = (run, attempt.to_owned(), name.to_owned());
            let mut uploaded = uploaded.lock().unwrap();
            if uploaded.contains(&one) {
                return false;
            }
            uploaded.push(one);
            github.world(|world| world.add_artifact(REPOSITORY, run, name, &zipped(files)));
            true
        })
    }

    /// The comments of a pull request.
    pub(crate) fn comments(&self, number: u64) -> Vec<CommentState> {
        assert_eq!(self.github.refusals(), Vec::<String>::new());
        self.github.world(|world| world.comments(REPOSITORY, number))
    }

    /// Where the only comment of a pull request is read.
    pub(crate) fn url(&self, number: u64) -> String {
        format!("https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{}", self.comments(number)[0].id)
    }

    /// The run on `workflow_run` after a run has ended: it has nothing of the repository.
    pub(crate) fn run_after(&self, event: &Event) -> StepResult {
        let workspace = tempfile::tempdir().unwrap();
        let after = Event {
            name: "workflow_run",
            reference: MAIN.to_owned(),
            base: "",
            payload: json!({"repository": {"default_branch": "main"}, "workflow_run": {"id": event.run, "event": "pull_request"}}),
            access: Access::ReadWrite,
            run: event.run + 1_000_000,
            ..event.clone()
        };
        let (job, _around) = self.job(&after, workspace.path());
        let run = event.run.to_string();
        let with = [("from-artifact", run.as_str()), ("fail-on", "never")];
        let job = job.step(self.tree.path().join("pr-comment"), &with, "comment");
        let job = job.step_env("GITHUB_TOKEN", "${{ github.token }}");
        job.continue_on_error().run().unwrap().steps.remove(0)
    }

    /// The text of the only comment of a pull request.
    pub(crate) fn comment(&self, number: u64) -> String {
        let comments = self.comments(number);
        let judged = self.judge.as_ref().map(|judge| judge.problems_of(0));
        assert_eq!(comments.len(), 1, "{comments:#?} {judged:#?}");
        comments[0].body.replace('\u{a0}', " ")
    }

    pub(crate) fn step(
        &self,
        event: &Event,
        workspace: &Path,
        action: &str,
        with: &[(&str, &str)],
    ) -> StepResult {
        let (job, _around) = self.job(event, workspace);
        let job = job.cache(&self.cache, event.access).uploads(&self.uploads(event)).step(
            self.tree.path().join(action),
            with,
            "size",
        );
        job.continue_on_error().run().unwrap().steps.remove(0)
    }
}

/// What the workflow sets: the image may grow by a tenth.
pub(crate) fn size_gate() -> Vec<(&'static str, &'static str)> {
    vec![("bin", "app.bin"), ("max-growth", "image.bytes=10%"), ("report", "size.json")]
}

/// An artifact as it is stored.
pub(crate) fn zipped(files: &Files) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
