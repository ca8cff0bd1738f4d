//! The edge of a tool, seen from outside: exit codes, outputs, configuration, inputs of an action.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Tool, invoke, same_measure};
use lw_model::{
    Bound, Finding, Level, Measure, MeasureKind, Reason, Report, Rule, Unit, UnmatchedLimit, Verdict,
};

/// A tool that does what its arguments say.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// What happens: a value of one measure, an error class, or a panic
    #[arg(long)]
    what: Option<String>,

    /// Limits of the measure
    #[arg(long)]
    max: Vec<String>,

    /// A finding's text
    #[arg(long)]
    say: Option<String>,

    /// What happens after the measure is judged
    #[arg(long)]
    after: Option<String>,

    /// Limits of the measure's growth
    #[arg(long)]
    max_growth: Vec<String>,

    /// Why a breach is let pass
    #[arg(long)]
    permission: Option<String>,

    /// Be strict
    #[arg(long)]
    strict: bool,

    /// Input files
    #[arg(long)]
    file: Vec<String>,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[
        Output { name: "seen", description: "What the tool saw" },
        Output { name: "never", description: "Never set" },
    ];
    const RULES: &'static [Rule] = &[Rule {
        id: "said",
        level: Level::Warning,
        title: "Something was said.",
        help: "Say something else.",
    }];
    const MEASURES: &'static [MeasureKind] = &[MeasureKind::bytes("m", "What a test wants")];
    const EXIT_CODES: &'static [(u8, &'static str)] = &[(17, "rolled back")];
    const REVISION: u32 = 2;
    const CHANGED_MEANINGS: &'static [(&'static str, u32)] = &[("m", 2)];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let files = cx.expand(&args.file, report)?;
        match args.what.as_deref() {
            Some("panic") => panic!("on purpose, with ::set-output name=verdict::pass"),
            Some("usage") => return Err(Error::usage("wrong").hint("do it right")),
            Some("input") => return Err(Error::input("bad.bin: offset 0x10: cut off")),
            Some("remote") => return Err(Error::remote("the service is down")),
            _ => {}
        }
        let value = args.what.and_then(|what| what.parse().ok()).unwrap_or(0);
        let mut measure = Measure::bytes("m", value);
        for (bound, id, specs) in
            [(Bound::Max, "max", &args.max), (Bound::MaxGrowth, "max_growth", &args.max_growth)]
        {
            cx.limits(bound, Unit::Bytes, id, specs)?.iter().try_for_each(|set| set.attach(&mut measure))?;
        }
        report.measures.push(measure);
        if let Some((path, bytes)) = cx.baseline(report)?
            && let Some(earlier) = cx.read_baseline(&path, &bytes, report)?
        {
            cx.compare(report, &earlier, same_measure);
        }
        if let Some(text) = args.say {
            report.add_finding(Finding::new("probe/said", Level::Warning, "said", text));
        }
        match args.after.as_deref() {
            // Each forgets to judge in its own way.
            Some("unjudged") => return Ok(()),
            Some("unjudged-unmatched") => {
                for measure in std::mem::take(&mut report.measures) {
                    let unmatched = |limit| UnmatchedLimit { measure: "gone".into(), subject: None, limit };
                    report.unmatched_limits.extend(measure.limits.into_iter().map(unmatched));
                }
                return Ok(());
            }
            Some("unjudged-reason") => {
                let limits = report.measures.iter_mut().flat_map(|measure| &mut measure.limits);
                limits.for_each(|limit| limit.reason = Some(Reason::Gone));
                return Ok(());
            }
            Some("outcome-without-verdict") => {
                report.measures.iter_mut().for_each(|measure| {
                    measure.judge();
                });
                return Ok(());
            }
            _ => {}
        }
        cx.judge(report, args.permission.as_deref().map(|reason| (reason, "--permission")));
        cx.figure(format!("m is {value}"));
        match args.after.as_deref() {
            Some("input") => {
                return Err(Error::input("late.bin: offset 0x10: cut off").hint("build it again"));
            }
            Some("record") => cx.record_error(report, &Error::input("second.bin: cut off")),
            Some("own-exit") => cx.exit_with(17),
            Some("undeclared-exit") => cx.exit_with(18),
            Some("undeclared-rule") => {
                report.add_finding(Finding::new("probe/unheard-of", Level::Note, "x", "x"));
            }
            Some("undeclared-measure") => report.measures.push(Measure::bytes("unheard-of", 1)),
            Some("undeclared-unit") => report.measures.push(Measure::count("m", 1)),
            Some("undeclared-output") => cx.output("unheard-of", "x"),
            _ => {}
        }
        let origin = cx.origin("max", 0);
        cx.output("seen", format!("strict={} files={} origin={}", args.strict, files.len(), origin.text));
        Ok(())
    }
}

/// One run in a folder; what a GitHub runner would have been told.
struct Run {
    exit: Exit,
    outputs: BTreeMap<String, String>,
    summary: String,
}

fn run(folder: &Path, argv: &[&str], env: &[(&str, &str)]) -> Run {
    let (outputs, summary) = (folder.join(".outputs"), folder.join(".summary"));
    for path in [&outputs, &summary] {
        fs::write(path, "").unwrap();
    }
    let mut variables: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.insert("GITHUB_ACTIONS".into(), "true".into());
    variables.insert("GITHUB_OUTPUT".into(), outputs.display().to_string());
    variables.insert("GITHUB_STEP_SUMMARY".into(), summary.display().to_string());
    let host = Host {
        env: variables,
        cwd: folder.to_owned(),
        now: 0,
        colour: false,
        colour_stderr: false,
        width: 100,
        clock: lw_cli::Clock::real(),
    };
    // A folder of its own: no lw.toml of somebody else above it.
    fs::create_dir_all(folder.join(".git")).unwrap();
    let exit = invoke(&Entry::of::<Probe>(), argv.iter().map(Into::into).collect(), &host, &[]);
    Run {
        exit,
        outputs: heredocs(&fs::read_to_string(&outputs).unwrap()),
        summary: fs::read_to_string(&summary).unwrap(),
    }
}

/// Reads `NAME<<DELIMITER` blocks.
fn heredocs(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(head) = lines.next() {
        let (name, delimiter) = head.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        values.insert(name.to_owned(), value.join("\n"));
    }
    values
}

#[test]
fn each_class_of_error_has_its_exit_code_and_every_output_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (what, exit, verdict) in [
        ("5", Exit::Pass, "pass"),
        ("usage", Exit::Usage, "error"),
        ("input", Exit::Input, "error"),
        ("remote", Exit::Remote, "error"),
        ("panic", Exit::Internal, "error"),
    ] {
        let run = run(folder.path(), &["--what", what], &[]);
        assert_eq!(run.exit, exit, "{what}");
        assert_eq!(
            run.outputs.keys().map(String::as_str).collect::<Vec<_>>(),
            ["breached", "never", "report", "seen", "summary", "verdict"]
        );
        assert_eq!(run.outputs["verdict"], verdict, "{what}");
    }
}

#[test]
fn the_verdict_and_fail_on_decide_between_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    for (limit, fail_on, exit, verdict) in [
        ("m=10", "error", Exit::Pass, Verdict::Pass),
        ("m=9", "error", Exit::Gate, Verdict::Fail),
        ("m=9", "never", Exit::Pass, Verdict::Fail),
        ("m=warn:9", "error", Exit::Pass, Verdict::Warn),
        ("m=warn:9", "warning", Exit::Gate, Verdict::Warn),
    ] {
        let run = run(folder.path(), &["--what", "10", "--max", limit, "--fail-on", fail_on], &[]);
        assert_eq!(
            (run.exit, run.outputs["verdict"].as_str()),
            (exit, verdict.as_str()),
            "{limit} {fail_on}"
        );
    }
}

#[test]
fn flags_win_over_inputs_of_nobody_and_over_lw_toml() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("lw.toml"),
        "[probe]\nwhat = 10\nstrict = true\n\n[probe.max]\nm = { warn = 3, fail = 9 }\n",
    )
    .unwrap();
    let from_file = run(folder.path(), &[], &[]);
    assert_eq!(from_file.exit, Exit::Gate);
    assert_eq!(from_file.outputs["seen"], "strict=true files=0 origin=lw.toml");

    let flag = run(folder.path(), &["--max", "m=10"], &[]);
    assert_eq!(flag.exit, Exit::Pass, "the flag replaces the key");
    assert_eq!(flag.outputs["seen"], "strict=true files=0 origin=--max");

    let input = run(folder.path(), &[], &[("LW_ACTION", "probe"), ("INPUT_MAX", "m=10"), ("INPUT_WHAT", "")]);
    assert_eq!(input.exit, Exit::Pass, "the input replaces the key, an empty one does not");
    assert_eq!(input.outputs["seen"], "strict=true files=0 origin=input max");

    let foreign = run(folder.path(), &[], &[("INPUT_MAX", "m=10")]);
    assert_eq!(foreign.exit, Exit::Gate, "inputs of another action are not ours");
    let none = run(folder.path(), &["--config", "none", "--what", "1"], &[]);
    assert_eq!(none.outputs["seen"], "strict=false files=0 origin=--max");
}

#[test]
fn a_mistake_in_lw_toml_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (text, place) in [
        ("[probe]\nwhat = 1\nmax = [\"m=1MB\"]\n", "lw.toml:3: "),
        ("[probe]\nfail-on = \"sometimes\"\n", "lw.toml:2: "),
    ] {
        fs::write(folder.path().join("lw.toml"), text).unwrap();
        let run = run(folder.path(), &[], &[]);
        assert_eq!(run.exit, Exit::Usage);
        assert!(run.outputs["summary"].starts_with(place), "{}", run.outputs["summary"]);
    }
}

#[test]
fn a_missing_file_is_what_the_user_says_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    fs::write(folder.path().join("a/b/x.bin"), "x").unwrap();
    fs::write(folder.path().join("a/[y].bin"), "y").unwrap();
    for (pattern, missing, exit, verdict, files) in [
        ("a/b/x.bin", "fail", Exit::Pass, "pass", 1),
        ("a/**/*.bin", "fail", Exit::Pass, "pass", 2),
        ("./a/*/{x,z}.bin", "fail", Exit::Pass, "pass", 1),
        ("a/[y].bin", "fail", Exit::Pass, "pass", 1),
        ("nowhere/*.bin", "fail", Exit::Input, "error", 0),
        ("nowhere.bin", "warn", Exit::Pass, "warn", 0),
        ("nowhere.bin", "skip", Exit::Pass, "pass", 0),
    ] {
        let run = run(folder.path(), &["--file", pattern, "--missing", missing], &[]);
        assert_eq!((run.exit, run.outputs["verdict"].as_str()), (exit, verdict), "{pattern}");
        if exit == Exit::Pass {
            assert!(
                run.outputs["seen"].contains(&format!("files={files} ")),
                "{pattern}: {}",
                run.outputs["seen"]
            );
        }
    }
}

#[test]
fn files_are_written_in_every_format_and_the_summary_can_be_turned_off() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--what=7",
        "--report=out/r.json",
        "--write=html=out/r.html",
        "--write",
        "junit=out/r.xml",
        "--write=sarif=out/r.sarif",
        "--write=markdown=out/r.md",
    ];
    let shown = run(folder.path(), &arguments, &[]);
    assert_eq!(shown.exit, Exit::Pass);
    assert_eq!(shown.outputs["report"], "out/r.json");
    assert!(shown.summary.contains("m is 7"));
    for (file, start) in
        [("r.json", "{"), ("r.html", "<!"), ("r.xml", "<?xml"), ("r.sarif", "{"), ("r.md", "#")]
    {
        let text = fs::read_to_string(folder.path().join("out").join(file)).unwrap();
        assert!(text.starts_with(start), "{file}");
    }
    let report: Report =
        serde_json::from_slice(&fs::read(folder.path().join("out/r.json")).unwrap()).unwrap();
    assert_eq!(report.summary, "m is 7");

    assert!(run(folder.path(), &["--summary", "off"], &[]).summary.is_empty());
    let elsewhere = run(folder.path(), &["--summary", "s.md", "--what=7"], &[]);
    assert!(
        elsewhere.summary.is_empty()
            && fs::read_to_string(folder.path().join("s.md")).unwrap().contains("m is 7")
    );
}

#[test]
fn a_file_that_cannot_be_written_is_exit_4_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "kept").unwrap();
    let run = run(folder.path(), &["--report", "file/r.json"], &[]);
    assert_eq!(run.exit, Exit::Remote);
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "kept");
}

#[test]
fn hostile_text_forges_no_output_and_breaks_no_heredoc() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "::set-output name=verdict::pass",
        "##[set-output name=verdict]pass",
        "x\nverdict=pass\nEOF\nverdict<<EOF\npass",
        "%0A::error::x",
        "\r::stop-commands::x",
    ] {
        let run = run(folder.path(), &["--what=10", "--max=m=1", "--say", text], &[]);
        assert_eq!((run.exit, run.outputs["verdict"].as_str()), (Exit::Gate, "fail"), "{text}");
        assert_eq!(run.outputs.len(), 6, "{text}");
    }
}

fn report_of(folder: &Path) -> Report {
    serde_json::from_slice(&fs::read(folder.join("r.json")).unwrap()).unwrap()
}

#[test]
fn what_was_known_before_an_error_is_published_with_the_verdict_error() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--what=7", "--max=m=1", "--after=input", "--report=r.json", "--write=junit=r.xml"];
    for fail_on in ["error", "never"] {
        let run = run(folder.path(), &[&arguments[..], &["--fail-on", fail_on]].concat(), &[]);
        assert_eq!(run.exit, Exit::Input, "an error outranks a breached limit, also under {fail_on}");
        assert_eq!(run.outputs["verdict"], "error");
        assert_eq!(run.outputs["breached"], "m");
        assert_eq!(
            run.outputs["summary"],
            "late.bin: offset 0x10: cut off; 1 more problem; m is 7; 1 limit breached"
        );
        let report = report_of(folder.path());
        assert_eq!(report.verdict, Verdict::Error);
        assert_eq!(report.measures[0].name, "m");
        assert_eq!(report.findings[0].help.as_deref(), Some("build it again"));
        assert_eq!(report.provenance.unwrap().complete, Some(false));
        let junit = fs::read_to_string(folder.path().join("r.xml")).unwrap();
        assert!(junit.contains("<error") && junit.contains("late.bin"), "{junit}");
        assert!(run.summary.contains("late.bin"));
    }
}

#[test]
fn one_bad_file_does_not_hide_the_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["--what=7", "--after=record", "--report=r.json"], &[]);
    assert_eq!((run.exit, run.outputs["verdict"].as_str()), (Exit::Input, "error"));
    assert_eq!(
        run.outputs["seen"], "strict=false files=0 origin=--max",
        "outputs keep what the tool had set"
    );
    assert!(run.summary.contains("second.bin: cut off"), "{}", run.summary);
}

#[test]
fn an_error_in_the_configuration_has_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lw.toml"), "[probe]\nmaxx = 1\n").unwrap();
    let run = run(folder.path(), &["--report=r.json"], &[]);
    assert_eq!(run.exit, Exit::Usage);
    assert_eq!(report_of(folder.path()).verdict, Verdict::Error);
    assert!(run.summary.contains("unknown key `maxx`"), "{}", run.summary);
}

#[test]
fn a_baseline_that_was_not_completed_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(run(path, &["--what=1", "--after=input", "--report=r.json"], &[]).exit, Exit::Input);
    fs::rename(path.join("r.json"), path.join("broken.json")).unwrap();
    let arguments = ["--what=9", "--max-growth=m=1", "--baseline=broken.json", "--report=r.json"];
    let unjudged = run(path, &arguments, &[]);
    assert_eq!(unjudged.exit, Exit::Pass);
    assert_eq!(unjudged.outputs["summary"], "m is 9; 1 limit not judged: no baseline");
    assert!(report_of(path).findings[0].message.contains("was not completed"));
    assert_eq!(run(path, &[&arguments[..], &["--require-baseline"]].concat(), &[]).exit, Exit::Input);

    assert_eq!(run(path, &["--what=1", "--report=good.json"], &[]).exit, Exit::Pass);
    let grown = run(path, &["--what=9", "--max-growth=m=1", "--baseline=good.json"], &[]);
    assert_eq!(grown.exit, Exit::Gate);
}

#[test]
fn growth_since_a_report_that_counts_in_another_way_is_not_judged_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, &["--what=1", "--report=r.json"], &[]);
    let text = fs::read_to_string(path.join("r.json")).unwrap();
    let older = text.replace("\"revision\": 2", "\"revision\": 1");
    assert_ne!(older, text);
    fs::write(path.join("older.json"), older).unwrap();
    let run =
        run(path, &["--what=9", "--max-growth=m=1", "--baseline=older.json", "--require-baseline"], &[]);
    assert_eq!(run.exit, Exit::Pass);
    assert_eq!(run.outputs["summary"], "m is 9; 1 limit not judged: the baseline counts it in another way");
}

#[test]
fn a_tool_may_have_exit_codes_of_its_own_and_a_failed_gate_outranks_them() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["--after=own-exit"], &[]).exit, Exit::Own(17));
    assert_eq!(run(folder.path(), &["--after=own-exit", "--what=2", "--max=m=1"], &[]).exit, Exit::Gate);
    let help = Entry::of::<Probe>().command().render_help().to_string();
    assert!(help.contains("  17  rolled back"), "{help}");
}

#[test]
fn what_is_not_declared_is_a_defect() {
    let folder = tempfile::tempdir().unwrap();
    for what in ["exit", "rule", "measure", "unit", "output"] {
        let run = run(folder.path(), &["--after", &format!("undeclared-{what}")], &[]);
        assert_eq!(run.exit, Exit::Internal, "{what}");
        assert!(run.outputs["summary"].contains("is not declared"), "{}", run.outputs["summary"]);
    }
}

#[test]
fn limits_that_were_attached_and_not_judged_are_a_defect_and_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    for (after, limit, said) in [
        ("unjudged", "--max=m=10", "the max of m (--max) was attached to the report and never judged"),
        ("unjudged", "--max-growth=m=1", "the max-growth of m (--max-growth) was attached"),
        ("unjudged-unmatched", "--max=m=10", "the max of gone (--max) was attached"),
        ("unjudged-reason", "--max=m=10", "the max of m (--max) was not judged, and the verdict is pass"),
        ("outcome-without-verdict", "--max=m=1", "the max of m (--max) is breached, and the verdict is pass"),
        ("outcome-without-verdict", "--max=m=warn:1", "is breached, and the verdict is pass"),
    ] {
        for fail_on in ["error", "never"] {
            let run = run(folder.path(), &["--what=2", limit, "--after", after, "--fail-on", fail_on], &[]);
            assert_eq!(run.exit, Exit::Internal, "{after} {limit}");
            assert_eq!(run.outputs["verdict"], "error");
            assert!(run.outputs["summary"].contains(said), "{}", run.outputs["summary"]);
        }
    }
    // Nothing to judge, or nothing wrong.
    assert_eq!(run(folder.path(), &["--what=2", "--after=unjudged"], &[]).exit, Exit::Pass);
    let met = run(folder.path(), &["--what=2", "--max=m=2", "--after=outcome-without-verdict"], &[]);
    assert_eq!(met.exit, Exit::Pass);
    let growth = run(folder.path(), &["--what=2", "--max-growth=m=1"], &[]);
    assert_eq!(
        (growth.exit, growth.outputs["summary"].as_str()),
        (Exit::Pass, "m is 2; 1 limit not judged: no baseline")
    );
}

#[test]
fn what_an_override_let_pass_is_still_said_to_be_breached() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["--what=2", "--max=m=1", "--permission=agreed"], &[]);
    assert_eq!((run.exit, run.outputs["breached"].as_str()), (Exit::Pass, "m"));
    assert_eq!(run.outputs["summary"], "m is 2; 1 limit overridden");
}

#[test]
fn a_title_tells_two_runs_in_one_job_apart() {
    let folder = tempfile::tempdir().unwrap();
    let fingerprint = |arguments: &[&str]| {
        let run = run(folder.path(), &[arguments, &["--say=x", "--report=r.json"]].concat(), &[]);
        (report_of(folder.path()).findings[0].fingerprint.clone(), run.summary)
    };
    let (nightly, summary) = fingerprint(&["--title=nightly"]);
    assert!(summary.contains("probe (nightly)"), "{summary}");
    assert_eq!(nightly, "probe/said:nightly:said");
    assert_eq!(fingerprint(&[]).0, "probe/said:said");
}

#[test]
fn a_report_says_where_it_comes_from_and_what_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("GITHUB_SHA", "0123456789012345678901234567890123456789"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REF_NAME", "main"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "me/app"),
        ("GITHUB_RUN_ID", "7"),
    ];
    run(folder.path(), &["--report=r.json", "--write=text=out.txt"], &env);
    let report = report_of(folder.path());
    let provenance = report.provenance.unwrap();
    assert_eq!(provenance.commit.as_deref(), Some(env[0].1));
    assert_eq!(provenance.branch.as_deref(), Some("main"));
    assert!(provenance.run_url.unwrap().ends_with("/actions/runs/7"));
    assert_eq!((provenance.time, provenance.complete), (Some(0), Some(true)));
    let text = fs::read(folder.path().join("out.txt")).unwrap();
    assert_eq!(report.artifacts[0].path, "out.txt");
    assert_eq!(report.artifacts[0].bytes, text.len() as u64);
    assert_eq!(report.artifacts[0].sha256.len(), 64);
}
