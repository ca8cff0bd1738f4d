//! Stores of reports: which one a run is compared with, what it says of that, and whether its own is kept.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Tool, invoke, same_measure};
use lw_model::{Bound, Level, Measure, Report, Rule, Unit, Verdict};
use lw_testkit::git::{Scratch, command};

/// A gate with one measure.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// What the measure is
    #[arg(long, default_value = "5")]
    value: u64,

    /// Upper limit of the measure
    #[arg(long)]
    max: Vec<String>,

    /// How much the measure may grow
    #[arg(long)]
    max_growth: Vec<String>,

    /// Input files
    #[arg(long)]
    file: Vec<String>,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Judge one measure";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[];
    const RULES: &'static [Rule] = &[];
    const COMPARES: bool = true;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        cx.expand(&args.file, report)?;
        let mut measure = Measure::bytes("m", args.value);
        for (bound, id, specs) in
            [(Bound::Max, "max", &args.max), (Bound::MaxGrowth, "max_growth", &args.max_growth)]
        {
            for limits in cx.limits(bound, Unit::Bytes, id, specs)? {
                limits.attach(&mut measure)?;
            }
        }
        report.measures.push(measure);
        if let Some((path, bytes)) = cx.baseline(report)?
            && let Some(earlier) = cx.read_baseline(&path, &bytes, report)?
        {
            cx.compare(report, &earlier, same_measure);
        }
        cx.judge(report, None);
        Ok(())
    }
}

/// A repository on GitHub, and the store of its workflow beside it.
struct Project {
    scratch: Scratch,
    around: tempfile::TempDir,
}

/// What a run left.
struct Run {
    exit: Exit,
    report: Report,
    outputs: BTreeMap<String, String>,
}

impl Run {
    fn fact(&self, name: &str) -> &str {
        self.report.fact(name, None).unwrap_or_default()
    }

    fn growth(&self) -> Option<String> {
        self.report.measure("m", None).unwrap().growth().map(|growth| format!("{:?}", growth.as_f64()))
    }

    fn found(&self, rule: &str) -> Option<(Level, &str)> {
        let finding = self.report.findings.iter().find(|finding| finding.rule == format!("probe/{rule}"));
        finding.map(|finding| (finding.level, finding.message.as_str()))
    }
}

/// The run of an event.
struct Of {
    variables: Vec<(&'static str, String)>,
    event: String,
}

impl Project {
    fn new() -> Self {
        let project = Self { scratch: Scratch::new(), around: tempfile::tempdir().unwrap() };
        project.scratch.commit(&[("a", "1")]);
        project
    }

    fn id(&self, name: &str) -> String {
        let output = command(self.scratch.path()).args(["rev-parse", "--verify", name]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn store(&self) -> PathBuf {
        self.around.path().join("store")
    }

    fn kept(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.store()) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn push(&self) -> Of {
        let before = self.id("HEAD~1");
        Of {
            variables: vec![
                ("GITHUB_EVENT_NAME", "push".into()),
                ("GITHUB_REF", "refs/heads/main".into()),
                ("GITHUB_SHA", self.id("HEAD")),
            ],
            event: format!(
                r#"{{"before": "{}", "repository": {{"default_branch": "main"}}}}"#,
                if before.is_empty() { "0".repeat(40) } else { before }
            ),
        }
    }

    /// Checks out the merge of a new branch with main, as a pull request is tested.
    fn pull_request(&self, from: &str) -> Of {
        let git = |arguments: &[&str]| drop(self.scratch.git(arguments));
        let branch = format!("topic{}", self.id("HEAD").get(..6).unwrap());
        git(&["switch", "--quiet", "--create", &branch, from]);
        self.scratch.commit(&[("topic", &branch)]);
        let head = self.id("HEAD");
        git(&["switch", "--quiet", "--detach", "main"]);
        git(&["merge", "--quiet", "--no-ff", "--no-edit", &branch]);
        Of {
            variables: vec![
                ("GITHUB_EVENT_NAME", "pull_request".into()),
                ("GITHUB_REF", "refs/pull/7/merge".into()),
                ("GITHUB_BASE_REF", "main".into()),
                ("GITHUB_SHA", self.id("HEAD")),
            ],
            // As old as the pull request: never what it is compared with.
            event: format!(
                r#"{{"pull_request": {{"number": 7, "head": {{"sha": "{head}", "ref": "{branch}", "repo": {{"full_name": "o/app"}}}},
                    "base": {{"sha": "{}", "ref": "main", "repo": {{"full_name": "o/app"}}}}}},
                    "repository": {{"default_branch": "main"}}}}"#,
                self.id(&format!("{from}~0"))
            ),
        }
    }

    fn run(&self, of: &Of, argv: &[&str]) -> Run {
        self.run_in(self.scratch.path(), of, argv, &[])
    }

    fn run_in(&self, folder: &Path, of: &Of, argv: &[&str], more: &[(&str, &str)]) -> Run {
        let at = |name: &str| self.around.path().join(name);
        fs::write(at("event.json"), &of.event).unwrap();
        fs::write(at("outputs"), "").unwrap();
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut env: BTreeMap<String, String> =
            of.variables.iter().map(|(name, value)| own(name, value)).collect();
        env.extend([
            own("GITHUB_ACTIONS", "true"),
            own("GITHUB_REPOSITORY", "o/app"),
            own("GITHUB_EVENT_PATH", &at("event.json").display().to_string()),
            own("GITHUB_OUTPUT", &at("outputs").display().to_string()),
        ]);
        env.extend(more.iter().map(|(name, value)| own(name, value)));
        let host = Host { env, cwd: folder.to_owned(), now: 1_700_000_000, ..Host::real() };
        let report = format!("--report={}", at("report.json").display());
        let argv = argv.iter().copied().chain(["--summary=off", "--config=none", &report]);
        let exit = invoke(&Entry::of::<Probe>(), argv.map(Into::into).collect(), &host, &[]);
        let mut outputs = BTreeMap::new();
        let text = fs::read_to_string(at("outputs")).unwrap();
        let mut lines = text.lines();
        while let Some((name, end)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        }
        let report = fs::read(at("report.json")).unwrap();
        Run { exit, report: serde_json::from_slice(&report).unwrap(), outputs }
    }

    fn with_store(&self, of: &Of, argv: &[&str]) -> Run {
        let store = format!("--baseline-store={}", self.store().display());
        self.run(of, &[&[store.as_str()], argv].concat())
    }
}

#[test]
fn main_keeps_what_a_pull_request_is_compared_with() {
    let project = Project::new();
    let first = project.with_store(&project.push(), &["--value=5", "--max-growth=m=1"]);
    assert_eq!(first.exit, Exit::Pass);
    assert_eq!(
        first.fact("kept as a baseline"),
        "yes: changes that start from this commit are compared with it"
    );
    assert!(first.found("no-baseline").unwrap().1.contains("first push of the repository"));
    let main = project.id("HEAD");
    let key = first.outputs["baseline-key"].clone();
    assert_eq!(project.kept(), [format!("{key}.json")]);
    assert!(key.ends_with(&format!("-{main}")) && key.len() == 64 + 1 + 40, "{key}");

    let pull = project.pull_request("main");
    let run = project.with_store(&pull, &["--value=7", "--max-growth=m=1"]);
    assert_eq!((run.exit, run.growth().as_deref()), (Exit::Gate, Some("2.0")));
    assert_eq!(run.outputs["baseline-commit"], main);
    assert_eq!(run.outputs["baseline-key"], "");
    let short = main.get(..10).unwrap();
    assert_eq!(
        run.fact("compared with"),
        format!(
            "{short}, first parent of the merge commit that was checked out; its report is 0 minutes old, complete"
        )
    );
    assert!(run.fact("kept as a baseline").starts_with("no: a pull request leaves none"));
    assert_eq!(project.kept().len(), 1);
    // Told to compare with nothing, it does, and keeps nothing.
    let run = project.with_store(&pull, &["--value=7", "--baseline=none"]);
    assert_eq!((run.exit, run.growth(), run.fact("kept as a baseline")), (Exit::Pass, None, ""));
}

#[test]
fn a_breach_that_was_merged_blocks_nobody_after_it() {
    let project = Project::new();
    let _ = project.with_store(&project.push(), &["--value=5"]);
    project.scratch.commit(&[("a", "2")]);
    let breach = project.with_store(&project.push(), &["--value=9", "--max=m=6", "--max-growth=m=1"]);
    assert_eq!((breach.exit, breach.growth().as_deref()), (Exit::Gate, Some("4.0")));
    assert!(breach.fact("kept as a baseline").starts_with("yes"));
    // Run once more, it is compared with the same commit as before, and not with itself.
    let again = project.with_store(&project.push(), &["--value=9", "--max=m=6", "--max-growth=m=1"]);
    assert_eq!((again.exit, again.growth()), (Exit::Gate, breach.growth()));
    let next = project.with_store(&project.pull_request("main"), &["--value=9", "--max-growth=m=0"]);
    assert_eq!((next.exit, next.growth().as_deref()), (Exit::Pass, Some("0.0")));
}

#[test]
fn an_older_report_is_taken_where_the_clone_shows_that_it_is_older_and_that_is_said() {
    let project = Project::new();
    let _ = project.with_store(&project.push(), &["--value=5"]);
    let kept = project.id("HEAD");
    project.scratch.commit(&[("a", "2")]);
    // The run of this one has failed: it leaves nothing.
    let failed = project.with_store(&project.push(), &["--file=none.bin"]);
    assert_eq!(failed.report.verdict, Verdict::Error);
    let partial = project.with_store(&project.push(), &["--file=none.bin", "--missing=warn"]);
    for run in [failed, partial] {
        assert!(
            run.fact("kept as a baseline").starts_with("no: the run is not complete"),
            "{:?}",
            run.report.facts
        );
        assert_eq!(run.outputs["baseline-key"], "");
    }
    assert_eq!(project.kept().len(), 1);

    let pull = project.pull_request("main");
    let run = project.with_store(&pull, &["--value=6", "--max-growth=m=1"]);
    assert_eq!((run.exit, run.growth().as_deref()), (Exit::Pass, Some("1.0")));
    assert_eq!(run.outputs["baseline-commit"], kept);
    let (level, message) = run.found("older-baseline").unwrap();
    assert!(level == Level::Note && message.contains("the commit before"), "{message}");

    // A clone of one commit names its base and shows nothing of what came before that: nothing is guessed.
    let shallow = tempfile::tempdir().unwrap();
    let url = format!("file://{}", project.scratch.path().display());
    project.scratch.git(&["branch", "tested"]);
    let clone = command(shallow.path())
        .args(["clone", "--quiet", "--depth=1", "--branch=tested", &url, "."])
        .status()
        .unwrap();
    assert!(clone.success());
    let store = format!("--baseline-store={}", project.store().display());
    let run = project.run_in(shallow.path(), &pull, &[&store, "--value=6", "--max-growth=m=1"], &[]);
    assert_eq!((run.exit, run.growth()), (Exit::Pass, None));
    // Nobody can say that it did not grow.
    let (level, message) = run.found("no-baseline").unwrap();
    assert!(level == Level::Warning && message.contains("fetch-depth: 0"), "{message}");
    assert_eq!(run.report.verdict, Verdict::Warn);
    let argv = [store.as_str(), "--value=6", "--max-growth=m=1", "--require-baseline"];
    let run = project.run_in(shallow.path(), &pull, &argv, &[]);
    assert_eq!((run.exit, run.found("no-baseline").unwrap().0), (Exit::Gate, Level::Error));
}

#[test]
fn what_came_later_or_was_replaced_is_never_compared_with() {
    let project = Project::new();
    project.scratch.commit(&[("a", "2")]);
    let pull = project.pull_request("main");
    let tested = project.id("HEAD");
    // Main goes on before the pull request is tested once more: the merge commit is as it was.
    project.scratch.git(&["switch", "--quiet", "main"]);
    project.scratch.commit(&[("a", "3")]);
    let _ = project.with_store(&project.push(), &["--value=500"]);
    project.scratch.git(&["checkout", "--quiet", &tested]);
    let run = project.with_store(&pull, &["--value=6", "--max-growth=m=1"]);
    assert_eq!((run.growth(), run.found("no-baseline").map(|found| found.0)), (None, Some(Level::Warning)));

    // Main is pushed back and takes another way; what was kept of the old one counts no more.
    project.scratch.git(&["switch", "--quiet", "main"]);
    project.scratch.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    project.scratch.commit(&[("a", "4")]);
    let run = project.with_store(&project.pull_request("main"), &["--value=6"]);
    assert_eq!((run.growth(), run.outputs["baseline-commit"].as_str()), (None, ""));
}

#[test]
fn the_first_run_of_main_leaves_something_also_where_a_baseline_is_required() {
    let project = Project::new();
    let run = project.with_store(&project.push(), &["--require-baseline", "--max-growth=m=1"]);
    assert_eq!(run.exit, Exit::Gate);
    assert_eq!(run.found("no-baseline").map(|found| found.0), Some(Level::Error));
    assert_eq!(project.kept().len(), 1);
}

/// Whatever lies in a store was written by somebody: each of these is refused, and says why.
#[test]
fn what_a_store_has_is_checked() {
    let project = Project::new();
    let first = project.with_store(&project.push(), &["--value=5"]);
    let file = project.store().join(format!("{}.json", first.outputs["baseline-key"]));
    let good = fs::read_to_string(&file).unwrap();
    let pull = project.pull_request("main");
    let main = project.id("main");
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} in {good}");
        good.replace(from, to).into_bytes()
    };
    for (bytes, why) in [
        (good.as_bytes().get(..100).unwrap().to_vec(), "EOF"),
        (b"# a page".to_vec(), "it is no JSON object"),
        (vec![b'['; 100_000], "it is no JSON object"),
        (vec![b' '; (64 << 20) + 1], "at most 67108864"),
        (changed("\"probe\"", "\"other\\n::error::x\""), "it is a report of other"),
        (changed(&main, &"1".repeat(40)), "is one of 1111111111"),
        (changed("lw-report/1", "lw-report/2"), "expected the schema"),
        (changed("\"complete\": true", "\"complete\": false"), "is partial"),
        (changed("\"verdict\": \"pass\"", "\"title\": \"x\", \"verdict\": \"pass\""), "has another title"),
        (changed("\"name\": \"m\",", "\"name\": \"m\", \"whole\": -1,"), "the whole of `m` is negative"),
    ] {
        fs::write(&file, bytes).unwrap();
        let run = project.with_store(&pull, &["--value=9", "--max-growth=m=1"]);
        let (level, message) = run.found("no-baseline").unwrap();
        assert!(level == Level::Warning && message.contains(why), "{why}: {message}");
        assert!(!message.contains('\n'), "{message}");
        assert_eq!((run.growth(), run.outputs["baseline-commit"].as_str()), (None, ""), "{why}");
        assert_eq!(run.report.verdict, Verdict::Warn);
    }
    // What is not of this thing is not even looked at: another title, another subject.
    fs::write(&file, &good).unwrap();
    for other in ["--title=esp32-s3", "--baseline-subject=esp32"] {
        let run = project.with_store(&pull, &[other]);
        assert!(run.found("no-baseline").unwrap().1.contains("there is no report of"), "{other}");
    }
    assert_eq!(project.with_store(&pull, &["--value=9"]).growth().as_deref(), Some("4.0"));
    // A folder in its place, a link that leads nowhere.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(project.with_store(&pull, &["--value=9"]).growth(), None);
}

#[test]
fn only_what_is_on_the_main_branch_is_kept() {
    let project = Project::new();
    let push = project.push();
    let (at, event) = (project.id("HEAD"), push.event.clone());
    let with = |name: &str, reference: &str, event: &str| Of {
        variables: vec![
            ("GITHUB_EVENT_NAME", name.to_owned()),
            ("GITHUB_REF", reference.to_owned()),
            ("GITHUB_SHA", at.clone()),
        ],
        event: event.to_owned(),
    };
    let queue = format!(
        r#"{{"merge_group": {{"base_ref": "refs/heads/main", "base_sha": "{at}", "head_sha": "{at}"}}, "repository": {{"default_branch": "main"}}}}"#
    );
    for (of, why) in [
        (
            with("push", "refs/heads/feature", &event),
            "only runs of main leave one, and this is one of feature",
        ),
        (
            with("push", "refs/tags/main", &event),
            "only runs of main leave one, and this is one of refs/tags/main",
        ),
        (with("merge_group", "refs/heads/gh-readonly-queue/main/pr-7", &queue), "a merge queue leaves none"),
        (with("issue_comment", "refs/heads/main", &event), "is not trusted: anybody can cause"),
        (with("push", "refs/heads/main", "{}"), "does not say what the main branch is"),
        (
            Of {
                variables: [("GITHUB_SHA", "1".repeat(40))]
                    .into_iter()
                    .chain(push.variables.iter().filter(|(name, _)| *name != "GITHUB_SHA").cloned())
                    .collect(),
                event: event.clone(),
            },
            "is checked out",
        ),
    ] {
        let run = project.with_store(&of, &[]);
        let said = run.fact("kept as a baseline");
        assert!(said.starts_with("no: ") && said.contains(why), "{why}: {said}");
        assert_eq!(project.kept(), Vec::<String>::new());
    }
    for event_name in ["push", "schedule", "workflow_dispatch"] {
        let run = project.with_store(&with(event_name, "refs/heads/main", &event), &[]);
        assert!(run.fact("kept as a baseline").starts_with("yes"), "{event_name}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let project = Project::new();
    let of = project.push();
    for (argv, why) in [
        (&["--baseline=auto"][..], "no store is named"),
        (&["--store=file"], "needs a folder"),
        (&["--store=cache", "--baseline-store=x"], "--store cache has a folder of its own"),
        (&["--store=ref", "--baseline-store=x"], "--store ref has a folder of its own"),
        (&["--baseline=none", "--baseline-store=x", "--require-baseline"], "no baseline is named"),
    ] {
        let run = project.run(&of, argv);
        assert_eq!(run.exit, Exit::Usage, "{argv:?}");
        assert!(run.outputs["summary"].contains(why), "{why}: {}", run.outputs["summary"]);
    }
}

/// What a ref has is fetched by the step before, which says so; the cache is not asked then, and the ref not for the cache.
#[test]
fn a_ref_is_asked_as_the_cache_is_and_neither_for_the_other() {
    let project = Project::new();
    let kept = project.run(&project.push(), &["--store=ref", "--value=5"]);
    let key = kept.outputs["baseline-key"].clone();
    let folder = format!(".lw-baseline/{}", key.get(..64).unwrap());
    assert!(project.scratch.path().join(&folder).join("report.json").is_file());
    let pull = project.pull_request("main");
    let growth = |restored: &str| {
        let argv = ["--store=ref", "--value=9"];
        project.run_in(project.scratch.path(), &pull, &argv, &[("LW_BASELINE_RESTORED", restored)]).growth()
    };
    assert_eq!((growth(""), growth(&key).as_deref()), (None, Some("4.0")));
    let report = fs::read(project.scratch.path().join(&folder).join("report.json")).unwrap();
    let run = |store: &str| {
        // The helper reads one, and a step that plans writes none.
        fs::write(project.around.path().join("report.json"), &report).unwrap();
        let plan = [("LW_BASELINE", "plan"), ("LW_ACTION", "probe")];
        project.run_in(project.scratch.path(), &pull, &[store], &plan).outputs
    };
    let empty = |outputs: &BTreeMap<String, String>, names: &[&str]| {
        names.iter().all(|name| outputs[*name].is_empty())
    };
    let outputs = run("--store=ref");
    assert_eq!((outputs["ref-key"].as_str(), outputs["ref-path"].as_str()), (key.as_str(), folder.as_str()));
    assert!(empty(&outputs, &["path", "restore-key", "restore-prefix"]));
    assert!(empty(&run("--store=cache"), &["ref-path", "ref-key"]));
}

/// What the cache has restored is what the steps of the action say it has; a file in its folder is not enough, since the
/// change under test may bring one along.
#[test]
fn a_file_in_the_folder_of_the_cache_counts_only_when_the_cache_has_restored_it() {
    let project = Project::new();
    let of = project.push();
    let kept = project.run(&of, &["--store=cache", "--value=5"]);
    let key = kept.outputs["baseline-key"].clone();
    let file = project.scratch.path().join(".lw-baseline").join(key.get(..64).unwrap()).join("report.json");
    assert!(file.is_file());
    let pull = project.pull_request("main");
    let argv = ["--store=cache", "--value=9"];
    let growth = |restored: &str| {
        project.run_in(project.scratch.path(), &pull, &argv, &[("LW_BASELINE_RESTORED", restored)]).growth()
    };
    assert_eq!(growth(""), None);
    assert_eq!(growth(&key).as_deref(), Some("4.0"));
    assert_eq!(growth(&format!("{}-{}", "0".repeat(64), project.id("main"))), None);
    assert_eq!(growth(&format!("{}-x", key.get(..64).unwrap())), None);

    // What the first step of the action says to the second.
    let run = |argv: &[&str]| {
        let _ = fs::write(project.around.path().join("report.json"), fs::read(&file).unwrap());
        project
            .run_in(project.scratch.path(), &pull, argv, &[("LW_BASELINE", "plan"), ("LW_ACTION", "probe")])
            .outputs
    };
    let outputs = run(&["--store=cache"]);
    assert_eq!(outputs["restore-key"], key);
    assert_eq!(outputs["restore-prefix"], key.get(..65).unwrap());
    assert_eq!(outputs["path"], format!(".lw-baseline/{}", key.get(..64).unwrap()));
    for argv in [&["--store=cache", "--baseline=none"][..], &["--store=file", "--baseline-store=x"]] {
        assert!(run(argv).values().all(String::is_empty), "{argv:?}");
    }
}
