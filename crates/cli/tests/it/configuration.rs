//! `lw.toml`, inputs and flags: what wins, who says so, and whose file counts on a pull request.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use lw_cli::{Context, Entry, Error, Exit, Host, KeyedLimit, Output, Section, Tool, invoke};
use lw_model::{Bound, Finding, Level, Measure, Report, Rule, Setting, Unit};
use lw_testkit::git::Scratch;

/// A tool that measures `a`, `b` and `c`, which are 10 each, and says what it was told.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// Limits of the measures
    #[arg(long, value_name = "MEASURE=LIMIT")]
    max: Vec<KeyedLimit>,

    /// What does not count
    #[arg(long)]
    exclude: Vec<String>,

    /// Be strict
    #[arg(long)]
    strict: bool,

    /// How often
    #[arg(long, default_value_t = 1)]
    times: u32,

    /// Why breached limits pass
    #[arg(long)]
    r#override: Option<String>,

    /// The text of a label
    #[arg(long)]
    override_from: Option<String>,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fleet {
    hosts: Vec<String>,
    #[serde(default)]
    canary: u32,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Policy {
    allow: String,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[Output { name: "seen", description: "What the tool saw" }];
    const RULES: &'static [Rule] = &[];
    const SECTIONS: &'static [Section] = &[
        Section::of::<BTreeMap<String, Fleet>>("fleets", "Groups of devices"),
        Section::of::<Vec<Policy>>("policies", "What is allowed"),
    ];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        for name in ["a", "b", "c"] {
            report.measures.push(Measure::bytes(name, 10));
        }
        for limits in cx.limits(Bound::Max, Unit::Bytes, "max", &args.max)? {
            limits.attach_by_name(limits.name(), report)?;
        }
        cx.judge(report, None);
        let fleets: Option<BTreeMap<String, Fleet>> = cx.section("fleets")?;
        let fleets: Vec<String> = fleets
            .into_iter()
            .flatten()
            .map(|(name, fleet)| format!("{name}={}:{}", fleet.hosts.join("+"), fleet.canary))
            .collect();
        let policies: Option<Vec<Policy>> = cx.section("policies")?;
        let policies: Vec<String> = policies.into_iter().flatten().map(|policy| policy.allow).collect();
        let max: Vec<&str> = args.max.iter().map(|limit| &**limit).collect();
        cx.output(
            "seen",
            format!(
                "max={} exclude={} strict={} times={} fleets={} policies={}",
                max.join(","),
                args.exclude.join(","),
                args.strict,
                args.times,
                fleets.join(","),
                policies.join(",")
            ),
        );
        assert!(args.r#override.is_none() || args.override_from.is_none());
        Ok(())
    }
}

/// One run in a folder.
struct Run {
    exit: Exit,
    outputs: String,
    summary: String,
    report: Option<Report>,
}

impl Run {
    /// A part of what the tool saw.
    fn saw(&self, name: &str) -> &str {
        let found =
            self.outputs.split([' ', '\n']).find_map(|item| item.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.outputs))
    }

    fn settings(&self) -> &[Setting] {
        &self.report.as_ref().unwrap().settings
    }

    fn changed(&self) -> Option<&Finding> {
        let findings = &self.report.as_ref().unwrap().findings;
        findings.iter().find(|finding| finding.rule == "probe/config-changed")
    }
}

fn run(folder: &Path, argv: &[&str], env: &[(&str, &str)]) -> Run {
    let elsewhere = tempfile::tempdir().unwrap();
    let at = |name: &str| elsewhere.path().join(name);
    for name in ["outputs", "summary"] {
        fs::write(at(name), "").unwrap();
    }
    let mut variables: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.insert("GITHUB_ACTIONS".into(), "true".into());
    variables.insert("GITHUB_OUTPUT".into(), at("outputs").display().to_string());
    variables.insert("GITHUB_STEP_SUMMARY".into(), at("summary").display().to_string());
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
    let argv = argv.iter().copied().chain([report.as_str()]).map(Into::into).collect();
    let exit = invoke(&Entry::of::<Probe>(), argv, &host, &[]);
    let read = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
    Run {
        exit,
        outputs: read("outputs"),
        summary: read("summary"),
        report: serde_json::from_str(&read("report.json")).ok(),
    }
}

/// A folder that is a repository of its own, as far as `lw.toml` is concerned.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const ACTION: (&str, &str) = ("LW_ACTION", "probe");

#[test]
fn an_input_has_three_values() {
    let folder = folder(&[(
        "lw.toml",
        "[probe]\nstrict = true\ntimes = 2\nmax = [\"a=warn:1\"]\nfail-on = \"warning\"\n",
    )]);
    for (strict, times, fail_on, saw, exit) in [
        ("", "", "", ("true", "2"), Exit::Gate),
        ("true", "3", "warning", ("true", "3"), Exit::Gate),
        // Also what is the default is said explicitly.
        ("false", "1", "error", ("false", "1"), Exit::Pass),
    ] {
        let inputs = [
            ACTION,
            ("INPUT_STRICT", strict),
            ("INPUT_TIMES", times),
            ("INPUT_FAIL_ON", fail_on),
            ("INPUT_MAX", ""),
        ];
        let run = run(folder.path(), &[], &inputs);
        assert_eq!((run.saw("strict"), run.saw("times")), saw);
        assert_eq!(run.exit, exit);
    }
    for (flag, saw) in [("--strict", "true"), ("--strict=true", "true"), ("--strict=false", "false")] {
        assert_eq!(run(folder.path(), &[flag], &[]).saw("strict"), saw);
    }
    assert_eq!(run(folder.path(), &["--strict=maybe"], &[]).exit, Exit::Usage);
    // The value of a switch needs its `=`: what follows is another argument.
    assert_eq!(run(folder.path(), &["--strict", "--times", "5"], &[]).saw("times"), "5");
}

#[test]
fn a_twin_does_not_beat_the_input_of_the_step() {
    let folder = folder(&[]);
    for twin in ["INPUT_fail_on", "INPUT_FAIL-ON", "INPUT_Fail On"] {
        let inputs = |own: Option<&'static str>| {
            let mut inputs = vec![ACTION, ("INPUT_MAX", "a=1"), (twin, "never")];
            inputs.extend(own.map(|value| ("INPUT_FAIL_ON", value)));
            inputs
        };
        assert_eq!(run(folder.path(), &[], &inputs(Some("error"))).exit, Exit::Gate, "{twin}");
        assert_eq!(run(folder.path(), &[], &inputs(Some(""))).exit, Exit::Gate, "{twin}");
        // A runner that knows no other spelling is still understood.
        assert_eq!(run(folder.path(), &[], &inputs(None)).exit, Exit::Pass, "{twin}");
    }
}

#[test]
fn limits_merge_per_measure_and_the_report_says_which_won() {
    let folder = folder(&[("lw.toml", "[probe.max]\na = 1\nb = 20\nc = { warn = 5, fail = 20 }\n")]);
    let flag = run(folder.path(), &["--max", "b=30"], &[]);
    assert_eq!(flag.exit, Exit::Gate, "the limit of `a` still holds");
    assert_eq!(flag.saw("max"), "a=1,c=warn:5,fail:20,b=30");

    let lifted = run(folder.path(), &["--max=a=none", "--max=b=5"], &[]);
    assert_eq!(lifted.exit, Exit::Gate, "the flag's own limit of `b` holds");
    assert_eq!(lifted.saw("max"), "c=warn:5,fail:20,b=5");
    let said: Vec<String> = lifted
        .settings()
        .iter()
        .filter(|setting| setting.name == "max")
        .map(|setting| {
            let old: Vec<String> =
                setting.replaces.iter().map(|old| format!("{} ({})", old.value, old.origin)).collect();
            format!(
                "{}={} ({}) {}",
                setting.key.as_deref().unwrap(),
                setting.value,
                setting.origin,
                old.join(", ")
            )
        })
        .collect();
    assert_eq!(
        said,
        ["c=warn:5,fail:20 (lw.toml:4) ", "b=5 (--max) 20 (lw.toml:3)", "a=none (--max) 1 (lw.toml:2)"]
    );
    for line in [
        "- max `b` is `5` (--max), which replaces `20` (lw.toml:3)",
        "- max `a` is lifted (--max): it was `1` (lw.toml:2)",
    ] {
        assert!(lifted.summary.replace('\\', "").contains(line), "{}", lifted.summary);
    }

    let input = run(folder.path(), &[], &[ACTION, ("INPUT_MAX", "a=none\nb=none")]);
    assert_eq!((input.exit, input.saw("max")), (Exit::Pass, "c=warn:5,fail:20"));
    // What is lifted by the same hand that sets it still holds.
    assert_eq!(
        run(folder.path(), &["--max=b=1", "--max=b=none"], &[]).saw("max"),
        "a=1,c=warn:5,fail:20,b=1"
    );
}

#[test]
fn the_limit_stands_after_the_last_equals_sign() {
    let folder = folder(&[("lw.toml", "[probe.max]\n\"symbol.operator==\" = 5\n\"symbol.operator=\" = 6\n")]);
    let run = run(folder.path(), &["--max=symbol.operator===7", "--max=symbol.operator==none"], &[]);
    assert_eq!(run.saw("max"), "symbol.operator===7");
}

#[test]
fn plain_lists_replace_and_the_report_says_so() {
    let folder = folder(&[
        ("lw.toml", "[probe]\nexclude = [\"root\", \"other\"]\ntimes = 2\n"),
        ("sub/lw.toml", "[probe]\nexclude = [\"sub\"]\n"),
        ("none/lw.toml", "[probe]\nexclude = []\n"),
    ]);
    let at = |name: &str| folder.path().join(name);
    let sub = run(&at("sub"), &[], &[]);
    assert_eq!((sub.saw("exclude"), sub.saw("times")), ("sub", "2"));
    let setting = sub.settings().iter().find(|setting| setting.name == "exclude").unwrap();
    assert_eq!(setting.origin, "sub/lw.toml:2");
    let old: Vec<&str> = setting.replaces.iter().map(|old| old.value.as_str()).collect();
    assert_eq!(old, ["root", "other"]);
    assert_eq!(run(&at("sub"), &["--exclude=flag"], &[]).saw("exclude"), "flag");

    let none = run(&at("none"), &[], &[]);
    assert_eq!(none.saw("exclude"), "");
    let setting = none.settings().iter().find(|setting| setting.name == "exclude").unwrap();
    assert_eq!((setting.value.as_str(), setting.origin.as_str()), ("none", "none/lw.toml:2"));
}

#[test]
fn every_lw_toml_up_to_the_root_counts() {
    let folder = folder(&[
        ("lw.toml", "[probe.max]\na = 1\nb = 1\n"),
        ("sub/lw.toml", ""),
        ("sub/deep/lw.toml", "[probe.max]\na = 20\nb = 30\n"),
    ]);
    let at = |name: &str| folder.path().join(name);
    assert_eq!(run(&at("sub"), &[], &[]).exit, Exit::Gate, "an empty nearer file lifts nothing");
    let deep = run(&at("sub/deep"), &["--max=b=40"], &[]);
    assert_eq!((deep.exit, deep.saw("max")), (Exit::Pass, "a=20,b=40"));
    let b = deep.settings().iter().find(|setting| setting.key.as_deref() == Some("b")).unwrap();
    let old: Vec<&str> = b.replaces.iter().map(|old| old.origin.as_str()).collect();
    assert_eq!(old, ["sub/deep/lw.toml:3", "lw.toml:3"], "the nearest first");
    // A named file is the only one.
    assert_eq!(run(&at("sub"), &["--config=deep/lw.toml"], &[]).saw("max"), "a=20,b=30");

    // Above the root of the repository nothing counts.
    fs::create_dir_all(at("sub/own/.git")).unwrap();
    assert_eq!(run(&at("sub/own"), &[], &[]).saw("max"), "");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_absent_file() {
    let folder = folder(&[]);
    std::os::unix::fs::symlink("gone.toml", folder.path().join("lw.toml")).unwrap();
    let run = run(folder.path(), &[], &[]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.outputs.contains("lw.toml: "), "{}", run.outputs);
}

#[test]
fn what_is_for_one_run_cannot_stand_in_the_file() {
    for key in [
        "override = \"x\"",
        "override-from = \"x\"",
        "config = \"x\"",
        "config-from = \"base\"",
        "env = \"production\"",
    ] {
        let folder = folder(&[("lw.toml", &format!("[probe]\ntimes = 2\n{key}\n"))]);
        let run = run(folder.path(), &[], &[]);
        assert_eq!(run.exit, Exit::Usage, "{key}");
        assert!(run.outputs.contains("lw.toml:3: `"), "{key}: {}", run.outputs);
    }
}

#[test]
fn a_refused_value_is_blamed_on_its_line() {
    let folder = folder(&[
        ("lw.toml", "[probe]\ntimes = 2\n"),
        ("sub/lw.toml", "[probe]\nstrict = true\ntimes = \"often\"\n"),
    ]);
    let run = run(&folder.path().join("sub"), &["--exclude=x"], &[]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.outputs.contains("sub/lw.toml:3: "), "{}", run.outputs);
}

#[test]
fn as_many_limits_as_there_are_symbols_take_no_time() {
    let limits: String = (0..50_000).map(|n| format!("symbol.f{n} = {n}\n")).collect();
    let folder = folder(&[("lw.toml", &format!("[probe.max]\na = 20\n{limits}"))]);
    let start = Instant::now();
    let run = run(folder.path(), &["--max=symbol.f7=none"], &[]);
    assert_eq!(run.exit, Exit::Pass);
    assert_eq!(run.settings().iter().filter(|setting| setting.name == "max").count(), 50_001);
    // More than a minute on the same machine when each limit was parsed on its own.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn typed_sections_are_read_and_environments_are_laid_over_them() {
    let text = "\
[probe]
times = 2
policies = [{ allow = \"MIT\" }]

[probe.fleets.eu]
hosts = [\"a\", \"b\"]
canary = 5

[probe.env.production]
times = 7

[probe.env.production.fleets.eu]
canary = 50

[probe.env.production.fleets.us]
hosts = [\"c\"]
";
    let folder = folder(&[("lw.toml", text), ("sub/lw.toml", "[probe.fleets.eu]\nhosts = [\"z\"]\n")]);
    let plain = run(folder.path(), &[], &[]);
    assert_eq!((plain.saw("fleets"), plain.saw("times"), plain.saw("policies")), ("eu=a+b:5", "2", "MIT"));
    let production = run(folder.path(), &["--env", "production"], &[]);
    assert_eq!((production.saw("fleets"), production.saw("times")), ("eu=a+b:50,us=c:0", "7"));
    let input = run(&folder.path().join("sub"), &[], &[ACTION, ("INPUT_ENV", "production")]);
    assert_eq!(
        input.saw("fleets"),
        "eu=z:50,us=c:0",
        "a nearer file is laid over the base, the environment over all"
    );
    let canary =
        production.settings().iter().find(|setting| setting.key.as_deref() == Some("eu.canary")).unwrap();
    assert_eq!(
        (canary.name.as_str(), canary.value.as_str(), canary.origin.as_str()),
        ("fleets", "50", "lw.toml:13")
    );

    let unknown = run(folder.path(), &["--env", "producton"], &[]);
    assert_eq!(unknown.exit, Exit::Usage);
    assert!(unknown.outputs.contains("there is no environment `producton`"), "{}", unknown.outputs);
}

#[test]
fn a_mistake_in_a_section_names_its_file_and_line() {
    for (root, near, says) in [
        ("[probe.fleets.eu]\nhosts = []\ncanari = 5\n", "", "lw.toml:3: fleets: unknown field `canari`"),
        ("[probe.fleets.eu]\ncanary = 5\n", "", "lw.toml:1: fleets: missing field `hosts`"),
        (
            "[probe.fleets.eu]\nhosts = []\n",
            "\n[probe.fleets.eu]\ncanary = \"x\"\n",
            "sub/lw.toml:3: fleets: invalid type",
        ),
        // Also in an environment nobody asked for.
        ("[probe.env.production.fleets.eu]\nhost = []\n", "", "lw.toml:2: fleets: unknown field `host`"),
        (
            "[probe.env.production]\ntimse = 2\n",
            "",
            "lw.toml:2: unknown key `timse` in [probe.env.production]",
        ),
        ("[probe.fleetz]\n", "", "lw.toml:1: unknown key `fleetz` in [probe]"),
        (
            "[[probe.policies]]\nallow = \"x\"\n[[probe.policies]]\ndeny = \"x\"\n",
            "",
            "lw.toml:4: policies: unknown field `deny`",
        ),
    ] {
        let folder = folder(&[("lw.toml", root), ("sub/lw.toml", near)]);
        let run = run(&folder.path().join("sub"), &[], &[]);
        assert_eq!(run.exit, Exit::Usage, "{root}");
        assert!(run.outputs.contains(says), "{root}: {}", run.outputs);
    }
}

/// A pull request whose only change are these files, merged as GitHub does for the test.
fn pull_request(base: &[(&str, &str)], change: &[(&str, &str)]) -> Scratch {
    let repository = Scratch::new();
    repository.commit(&[base, &[("README", "x")]].concat());
    repository.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    for (path, text) in change {
        if text.is_empty() {
            fs::remove_file(repository.path().join(path)).unwrap();
        }
    }
    let change: Vec<_> = change.iter().copied().filter(|(_, text)| !text.is_empty()).collect();
    repository.commit(&[&change[..], &[("README", "y")]].concat());
    repository.git(&["checkout", "--quiet", "--detach", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--message=merge", "change"]);
    repository
}

const PULL_REQUEST: [(&str, &str); 3] =
    [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_BASE_REF", "main")];

#[test]
fn a_pull_request_that_edits_the_settings_is_warned_of() {
    let base =
        "[probe]\nexclude = [\"gen\"]\n\n[probe.max]\na = 1\nb = 20\n[probe.fleets.eu]\nhosts = [\"a\"]\n";
    let change = "[probe]\nexclude = [\"gen\", \"**\"]\nfail-on = \"never\"\n\n[probe.max]\na = 100\n[probe.fleets.eu]\nhosts = []\n";
    let repository = pull_request(&[("lw.toml", base)], &[("lw.toml", change)]);
    let run_it = |argv: &[&str], env: &[(&str, &str)]| run(repository.path(), argv, env);
    let warned = run_it(&[], &PULL_REQUEST);
    let finding = warned.changed().expect("a finding");
    assert_eq!(finding.level, Level::Warning);
    assert_eq!(
        finding.message,
        "this change edits 5 settings in lw.toml: exclude: gen → gen, **; fail-on: not set → never; fleets.eu.hosts: [a] → []; max a: 1 → 100; max b: 20 → not set"
    );
    assert_eq!(finding.location.as_ref().unwrap().path, "lw.toml");
    assert!(warned.summary.contains("max a: 1 → 100"), "{}", warned.summary);
    // Outside a pull request there is nobody to warn.
    assert!(run_it(&[], &[]).changed().is_none());

    // With the base's settings none of it holds.
    let safe = run_it(&["--config-from=base"], &PULL_REQUEST);
    assert_eq!((safe.exit, safe.saw("max"), safe.saw("exclude")), (Exit::Gate, "a=1,b=20", "gen"));
    assert_eq!(safe.saw("fleets"), "eu=a:0");
    assert_eq!(safe.changed().unwrap().level, Level::Note);
    let limit = safe.settings().iter().find(|setting| setting.key.as_deref() == Some("a")).unwrap();
    assert!(limit.origin.starts_with("lw.toml:5 of "), "{}", limit.origin);
    let input = [&PULL_REQUEST[..], &[ACTION, ("INPUT_CONFIG_FROM", "base")]].concat();
    assert_eq!(run_it(&[], &input).exit, Exit::Gate);
}

#[test]
fn another_tool_s_settings_and_other_words_for_the_same_are_no_change() {
    let base = "[probe.max]\na = 20\n[other-tool]\nx = 1\n";
    let change = "# a comment\n[probe]\nmax = [\"a=20\"]\n[other-tool]\nx = 2\n";
    let repository = pull_request(&[("lw.toml", base)], &[("lw.toml", change)]);
    assert!(run(repository.path(), &[], &PULL_REQUEST).changed().is_none());
}

#[test]
fn a_file_that_is_added_moved_or_deleted_is_a_change() {
    let text = "[probe.max]\na = 1\n";
    for (base, change, says) in [
        (vec![("lw.toml", text)], vec![("lw.toml", "")], "max a: 1 → not set"),
        (vec![], vec![("lw.toml", text)], "max a: not set → 1"),
        (vec![("lw.toml", text)], vec![("sub/lw.toml", "[probe.max]\na = \"none\"\n")], "max a: 1 → not set"),
    ] {
        let repository = pull_request(&[&base[..], &[("sub/x", "x")]].concat(), &change);
        let run_it = |argv: &[&str]| run(&repository.path().join("sub"), argv, &PULL_REQUEST);
        let finding = run_it(&[]).changed().cloned().expect("a finding");
        assert!(finding.message.ends_with(says), "{}", finding.message);
        let control = if base.is_empty() { Exit::Pass } else { Exit::Gate };
        assert_eq!(run_it(&["--config-from=base"]).exit, control, "{says}");
    }
}

#[test]
fn a_file_of_the_change_that_is_no_toml_does_not_hold_with_the_base_s_settings() {
    let repository = pull_request(&[("lw.toml", "[probe.max]\na = 1\n")], &[("lw.toml", "[probe\n")]);
    assert_eq!(run(repository.path(), &[], &PULL_REQUEST).exit, Exit::Usage);
    let safe = run(repository.path(), &["--config-from=base"], &PULL_REQUEST);
    assert_eq!(safe.exit, Exit::Gate);
    assert!(safe.changed().unwrap().message.contains("cannot be read"));
}

#[test]
fn a_named_file_is_taken_from_the_base_as_well() {
    let repository = pull_request(
        &[("ci/gate.toml", "[probe.max]\na = 1\n")],
        &[("ci/gate.toml", "[probe.max]\na = 100\n"), ("ci/new.toml", "[probe]\ntimes = 3\n")],
    );
    let run_it = |argv: &[&str]| run(repository.path(), argv, &PULL_REQUEST);
    assert_eq!(run_it(&["--config=ci/gate.toml"]).exit, Exit::Pass);
    assert_eq!(run_it(&["--config=./ci/../ci/gate.toml", "--config-from=base"]).exit, Exit::Gate);
    assert_eq!(run_it(&["--config=ci/new.toml", "--config-from=base"]).exit, Exit::Usage);
    // Outside the repository the change cannot touch it.
    let outside = tempfile::tempdir().unwrap();
    let policy = outside.path().join("policy.toml");
    fs::write(&policy, "[probe.max]\na = 1\n").unwrap();
    let argument = format!("--config={}", policy.display());
    let run = run_it(&[&argument, "--config-from=base"]);
    assert_eq!(run.exit, Exit::Gate);
    assert!(run.changed().is_none());
}

#[test]
fn a_clone_without_the_base_is_said() {
    let repository =
        pull_request(&[("lw.toml", "[probe.max]\na = 100\n")], &[("lw.toml", "[probe.max]\na = 200\n")]);
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.path().display());
    let into = clone.path().join("clone");
    repository.git(&["branch", "merged", "HEAD"]);
    repository.git(&["clone", "--quiet", "--depth=1", "--branch=merged", &url, &into.display().to_string()]);
    let head = String::from_utf8(repository.git(&["rev-parse", "HEAD"])).unwrap();
    let env = [&PULL_REQUEST[..], &[("GITHUB_SHA", head.trim())]].concat();

    let unknown = run(&into, &[], &env);
    assert_eq!(unknown.exit, Exit::Pass);
    let finding = unknown.changed().expect("a finding");
    assert_eq!(finding.level, Level::Note);
    assert!(finding.message.contains("is not known"), "{}", finding.message);
    assert!(finding.help.as_ref().unwrap().contains("fetch-depth: 2"), "{:?}", finding.help);

    let refused = run(&into, &["--config-from=base"], &env);
    assert_ne!(refused.exit, Exit::Pass);
    assert!(refused.outputs.contains("config-from: base"), "{}", refused.outputs);
}

#[test]
fn the_main_branch_is_its_own_base() {
    let repository = Scratch::new();
    repository.commit(&[("lw.toml", "[probe.max]\na = 1\n")]);
    repository.commit(&[("lw.toml", "[probe.max]\na = 100\n")]);
    let event = tempfile::NamedTempFile::new().unwrap();
    fs::write(event.path(), r#"{"repository": {"default_branch": "main"}}"#).unwrap();
    let event = event.path().display().to_string();
    let env = [
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_EVENT_PATH", event.as_str()),
    ];
    assert_eq!(run(repository.path(), &["--config-from=base"], &env).exit, Exit::Pass);
    // Without a repository there is no base.
    let folder = tempfile::tempdir().unwrap();
    assert_ne!(run(folder.path(), &["--config-from=base"], &[]).exit, Exit::Pass);
}

#[test]
fn a_secret_is_told_of_by_its_place_alone() {
    let mut setting = Setting::new("token", None, "hunter2", "input token");
    setting.replaces.push(lw_model::Replaced { value: "hunter1".into(), origin: "lw.toml:2".into() });
    let text = serde_json::to_string(&setting.hidden()).unwrap();
    assert!(!text.contains("hunter") && text.contains("lw.toml:2"), "{text}");
}
