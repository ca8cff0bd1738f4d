//! The edge of a tool, seen from outside: exit codes, outputs, configuration, inputs of an action.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Tool, invoke};
use lw_model::{Bound, Finding, Level, Measure, Report, Rule, Unit, Verdict};

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
        for (_, limits) in cx.limits(Bound::Max, Unit::Bytes, "max", &args.max)? {
            measure.limits.extend(limits);
        }
        report.measures.push(measure);
        if let Some(text) = args.say {
            report.add_finding(Finding::new("probe/said", Level::Warning, "said", text));
        }
        cx.judge(report, None);
        report.summary = format!("m is {value}");
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
            ["never", "report", "seen", "summary", "verdict"]
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
        assert_eq!(run.outputs.len(), 5, "{text}");
    }
}
