//! Settings that a change under test does not decide: keys, endpoints, programs, whom to trust.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Section, Tool, invoke};
use lw_model::{Level, Report, Rule};
use lw_testkit::git::Scratch;

/// A tool that trusts somebody.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// Whose signatures count
    #[arg(long)]
    expect_key: Vec<String>,

    /// Be strict
    #[arg(long)]
    require_signature: bool,

    /// What a change may decide
    #[arg(long)]
    colour: Option<String>,

    /// Find something
    #[arg(long)]
    forged: bool,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Signer {
    key: String,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[Output { name: "seen", description: "What the tool saw" }];
    const RULES: &'static [Rule] =
        &[Rule { id: "forged", level: Level::Error, title: "It is forged.", help: "Do not use it." }];
    const SECTIONS: &'static [Section] =
        &[Section::of::<BTreeMap<String, Signer>>("signers", "Whom to trust")];
    const TRUSTED: &'static [&'static str] = &["expect-key", "require-signature", "signers"];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let signers: Option<BTreeMap<String, Signer>> = cx.section("signers")?;
        let signers: Vec<String> =
            signers.into_iter().flatten().map(|(name, signer)| format!("{name}={}", signer.key)).collect();
        let origin = cx.origin("expect_key", 0).text;
        if args.forged {
            report.add_finding(lw_model::Finding::new("probe/forged", Level::Error, "f", "it is forged"));
        }
        cx.output(
            "seen",
            format!(
                "keys={} required={} signers={} colour={} from={origin} trusted={}",
                args.expect_key.join("+"),
                args.require_signature,
                signers.join("+"),
                args.colour.unwrap_or_default(),
                cx.trust().is_trusted(),
            ),
        );
        Ok(())
    }
}

struct Run {
    exit: Exit,
    seen: String,
    report: Report,
}

impl Run {
    fn saw(&self, name: &str) -> &str {
        let found = self.seen.split(' ').find_map(|item| item.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {}: {:?}", self.seen, self.report.findings))
    }

    fn says(&self, level: Level, text: &str) -> bool {
        let findings = &self.report.findings;
        findings.iter().any(|finding| finding.level == level && finding.message.contains(text))
    }
}

fn run(folder: &Path, argv: &[&str], env: &[(&str, &str)]) -> Run {
    let elsewhere = tempfile::tempdir().unwrap();
    let at = |name: &str| elsewhere.path().join(name);
    fs::write(at("outputs"), "").unwrap();
    let mut variables: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.entry("GITHUB_ACTIONS".into()).or_insert_with(|| "true".into());
    variables.insert("GITHUB_OUTPUT".into(), at("outputs").display().to_string());
    let host = Host {
        env: variables,
        cwd: folder.to_owned(),
        now: 0,
        colour: false,
        colour_stderr: false,
        width: 100,
        clock: lw_cli::Clock::real(),
    };
    let report = format!("--report={}", at("report.json").display());
    let argv = argv.iter().copied().chain(["--summary=off", &report]).map(Into::into).collect();
    let exit = invoke(&Entry::of::<Probe>(), argv, &host, &[]);
    let text = fs::read_to_string(at("outputs")).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("seen<<"));
    Run {
        exit,
        seen: lines.nth(1).unwrap_or_default().to_owned(),
        report: serde_json::from_slice(&fs::read(at("report.json")).unwrap()).unwrap(),
    }
}

/// A repository whose checkout is the merge of a change into `main`.
fn pull_request(base: &str, change: &str) -> Scratch {
    let repository = Scratch::new();
    repository.commit(&[("x", "x")]);
    if !base.is_empty() {
        repository.commit(&[("lw.toml", base)]);
    }
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    if change.is_empty() && !base.is_empty() {
        repository.git(&["rm", "--quiet", "lw.toml"]);
    }
    let with: Vec<_> = [("lw.toml", change)].into_iter().filter(|(_, text)| !text.is_empty()).collect();
    repository.commit(&[&with[..], &[("y", "y")]].concat());
    repository.git(&["checkout", "--quiet", "--detach", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--message=merge", "change"]);
    repository
}

const PULL_REQUEST: [(&str, &str); 3] =
    [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_BASE_REF", "main")];

const BASE: &str = "[probe]\nexpect-key = [\"prod\"]\nrequire-signature = true\ncolour = \"red\"\n[probe.signers.ann]\nkey = \"a\"\n";
const CHANGE: &str = "[probe]\ncolour = \"blue\"\nexpect-key = [\"mallory\"]\n[probe.signers.mallory]\nkey = \"m\"\n[probe.signers.ann]\nkey = \"b\"\n";

#[test]
fn a_change_does_not_decide_whom_to_trust() {
    let repository = pull_request(BASE, CHANGE);
    let ran = run(repository.path(), &[], &PULL_REQUEST);
    assert_eq!(ran.exit, Exit::Pass);
    assert_eq!((ran.saw("keys"), ran.saw("required"), ran.saw("signers")), ("prod", "true", "ann=a"));
    assert_eq!(ran.saw("colour"), "blue", "what a change may decide");
    assert!(ran.saw("from").starts_with("lw.toml:2"), "{}", ran.seen);
    assert!(
        ran.says(
            Level::Note,
            "this change edits 4 settings in lw.toml that a change may not decide for itself, and they are those of"
        ),
        "{:?}",
        ran.report.findings
    );
    assert!(ran.says(Level::Note, "expect-key: prod → mallory"), "{:?}", ran.report.findings);
    assert!(ran.says(Level::Note, "signers.mallory.key: not set → m"), "{:?}", ran.report.findings);
    // The report tells what held.
    let of_base = |name: &str| {
        let setting = ran.report.settings.iter().find(|setting| setting.name == name).unwrap();
        (setting.value.clone(), setting.origin.contains(" of "))
    };
    assert_eq!(of_base("expect-key"), ("prod".to_owned(), true));
    assert_eq!(of_base("signers"), ("a".to_owned(), true));
    assert_eq!(of_base("colour"), ("blue".to_owned(), false));

    // What the workflow says counts as always.
    let ran = run(repository.path(), &["--expect-key=mine", "--require-signature=false"], &PULL_REQUEST);
    assert_eq!((ran.saw("keys"), ran.saw("required")), ("mine", "false"));
    // On the main branch the file is what it is.
    let push = [("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/main")];
    let ran = run(repository.path(), &[], &push);
    assert_eq!((ran.saw("keys"), ran.saw("signers")), ("mallory", "ann=b+mallory=m"));
    // So it is on somebody's own machine.
    let ran = run(repository.path(), &[], &[("GITHUB_ACTIONS", "")]);
    assert_eq!(ran.exit, Exit::Pass);
}

/// Who is trusted says nothing where a finding counts for nothing.
#[test]
fn a_change_does_not_decide_what_its_findings_count() {
    let lenient = "[probe]\nfail-on = \"never\"\nmissing = \"skip\"\n";
    for base in ["", BASE] {
        let repository = pull_request(base, lenient);
        let ran = run(repository.path(), &["--forged"], &PULL_REQUEST);
        assert_eq!(ran.exit, Exit::Gate, "{:?}", ran.report.findings);
        assert!(ran.says(Level::Note, "fail-on: not set → never"), "{:?}", ran.report.findings);
        assert!(ran.says(Level::Note, "missing: not set → skip"), "{:?}", ran.report.findings);
        // What the workflow says, and what is on the main branch, counts.
        assert_eq!(run(repository.path(), &["--forged", "--fail-on=never"], &PULL_REQUEST).exit, Exit::Pass);
        let push = [("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/main")];
        assert_eq!(run(repository.path(), &["--forged"], &push).exit, Exit::Pass);
    }
    // The base may be strict as well.
    let strict = pull_request("[probe]\nfail-on = \"never\"\n", "[probe]\nfail-on = \"error\"\n");
    assert_eq!(run(strict.path(), &["--forged"], &PULL_REQUEST).exit, Exit::Pass);
}

#[test]
fn a_file_that_a_change_adds_or_deletes_does_not_decide_either() {
    let added = pull_request("", CHANGE);
    let ran = run(added.path(), &[], &PULL_REQUEST);
    assert_eq!((ran.saw("keys"), ran.saw("signers"), ran.saw("colour")), ("", "", "blue"));
    let deleted = pull_request(BASE, "");
    let ran = run(deleted.path(), &[], &PULL_REQUEST);
    assert_eq!((ran.saw("keys"), ran.saw("required"), ran.saw("signers")), ("prod", "true", "ann=a"));
    // One that is named.
    let ran = run(added.path(), &["--config=lw.toml"], &PULL_REQUEST);
    assert_eq!(ran.saw("keys"), "");
}

#[test]
fn where_the_base_is_not_there_a_change_that_sets_them_is_refused() {
    let repository = pull_request(BASE, CHANGE);
    let clone = |repository: &Scratch| {
        let folder = tempfile::tempdir().unwrap();
        let from = format!("file://{}", repository.path().display());
        let to = folder.path().join("clone");
        let done = lw_testkit::git::command(folder.path())
            .args(["clone", "--quiet", "--depth=1", &from])
            .arg(&to)
            .status()
            .unwrap();
        assert!(done.success());
        (folder, to)
    };
    let (_folder, shallow) = clone(&repository);
    let ran = run(&shallow, &[], &PULL_REQUEST);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(
        ran.says(
            Level::Error,
            "a change may not decide `expect-key` for itself, and what the base says of it cannot be read"
        ),
        "{:?}",
        ran.report.findings
    );
    // What the workflow says, no file decides; a section has no flag.
    let flags = ["--expect-key=mine", "--require-signature"];
    let ran = run(&shallow, &flags, &PULL_REQUEST);
    assert!(ran.says(Level::Error, "`signers.ann.key`"), "{:?}", ran.report.findings);
    let only_key = "[probe]\nexpect-key = [\"mallory\"]\n";
    let (_folder, shallow) = clone(&pull_request(BASE, only_key));
    let ran = run(&shallow, &flags, &PULL_REQUEST);
    assert_eq!((ran.saw("keys"), ran.saw("required")), ("mine", "true"));
    assert!(
        ran.says(Level::Warning, "(signers, fail-on, missing) is not known"),
        "{:?}",
        ran.report.findings
    );
    // Where it sets none of them, what the base says is not known, and that is told.
    let (_folder, shallow) = clone(&pull_request(BASE, "[probe]\ncolour = \"blue\"\n"));
    let ran = run(&shallow, &[], &PULL_REQUEST);
    assert!(
        ran.says(
            Level::Warning,
            "whether lw.toml of the base sets what a change may not decide (expect-key, require-signature, signers, fail-on, missing) is not known"
        ),
        "{:?}",
        ran.report.findings
    );
    // Nobody reads a file.
    assert!(run(&shallow, &["--config=none"], &PULL_REQUEST).report.findings.is_empty());
}

#[test]
fn a_run_that_anybody_can_cause_takes_them_from_the_main_branch() {
    // A comment makes it run for the main branch, and the workflow has checked out what somebody proposes.
    let repository = pull_request(BASE, CHANGE);
    let event = tempfile::NamedTempFile::new().unwrap();
    fs::write(event.path(), r#"{"repository": {"default_branch": "main"}}"#).unwrap();
    let main = String::from_utf8(repository.git(&["rev-parse", "main"])).unwrap();
    let env = |name: &'static str| {
        [
            ("GITHUB_EVENT_NAME", name.to_owned()),
            ("GITHUB_REF", "refs/heads/main".to_owned()),
            ("GITHUB_SHA", main.trim().to_owned()),
            ("GITHUB_EVENT_PATH", event.path().display().to_string()),
        ]
    };
    for (name, argv, keys) in [
        ("issue_comment", &[][..], "prod"),
        ("issue_comment", &["--config-from=base"][..], "prod"),
        ("workflow_run", &[], "prod"),
        ("push", &[], "mallory"),
    ] {
        let env = env(name);
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ran = run(repository.path(), argv, &env);
        assert_eq!(ran.saw("keys"), keys, "{name} {argv:?}");
        assert_eq!(ran.saw("trusted"), (name == "push").to_string());
    }
}
