//! Programs that a user names: what they get, what they may do, and how they end.

#![cfg(unix)]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Program, ProgramCall, Tool, invoke};
use lw_model::{Report, Rule};

/// A tool that runs a program.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// The program
    #[arg(long)]
    exec: String,

    /// Variables it gets
    #[arg(long)]
    pass: Vec<String>,

    /// Arguments after its own
    #[arg(long)]
    then: Vec<String>,

    /// How many bytes it can read
    #[arg(long, default_value_t = 0)]
    input: usize,

    /// How long it may take, in milliseconds
    #[arg(long, default_value_t = 20_000)]
    timeout: u64,

    /// Whether the exit code 3 is no failure
    #[arg(long)]
    accept: bool,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[Output { name: "seen", description: "What the tool saw" }];
    const RULES: &'static [Rule] = &[];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, _: &mut Report) -> Result<(), Error> {
        let program: Program = args.exec.parse()?;
        let input = vec![b'x'; args.input];
        let accepted: &[i32] = if args.accept { &[0, 3] } else { &[0] };
        let call = ProgramCall::new(&program)
            .arguments(args.then)
            .variables(args.pass.iter().map(String::as_str))
            .stdin(&input)
            .accept(accepted)
            .timeout(Duration::from_millis(args.timeout));
        let said = cx.run_program(&call)?;
        let text = String::from_utf8_lossy(&said.stdout);
        cx.output("seen", format!("{}:{}:{}", said.code, text.escape_debug(), said.stderr.trim()));
        Ok(())
    }
}

struct Run {
    exit: Exit,
    seen: String,
    error: String,
    took: Duration,
}

fn run(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Run {
    let elsewhere = tempfile::tempdir().unwrap();
    let (outputs, report) = (elsewhere.path().join("outputs"), elsewhere.path().join("report.json"));
    fs::write(&outputs, "").unwrap();
    let mut variables: BTreeMap<String, String> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.insert("GITHUB_ACTIONS".into(), "true".into());
    variables.insert("GITHUB_OUTPUT".into(), outputs.display().to_string());
    variables.entry("PATH".into()).or_insert_with(|| "/usr/bin:/bin".into());
    let host = Host {
        env: variables,
        cwd: folder.to_owned(),
        now: 0,
        colour: false,
        colour_stderr: false,
        width: 100,
        clock: lw_cli::Clock::real(),
    };
    let common = ["--config=none", "--summary=off", "--report", report.to_str().unwrap()];
    let arguments = common.iter().chain(arguments).map(Into::into).collect();
    let started = Instant::now();
    let exit = invoke(&Entry::of::<Probe>(), arguments, &host, &[]);
    let took = started.elapsed();
    let text = fs::read_to_string(&outputs).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("seen<<"));
    let seen = lines.nth(1).unwrap_or_default().to_owned();
    let report: Report = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let error = report.findings.first().map(|finding| finding.message.clone()).unwrap_or_default();
    Run { exit, seen, error, took }
}

/// A program that is a script, in a folder of its own.
fn script(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let spec = format!("--exec=exec:{}", path.display());
    (folder, spec)
}

/// The processes of which the program said the number, that are still there.
fn left(folder: &Path) -> Vec<String> {
    let numbers = fs::read_to_string(folder.join("pids")).unwrap_or_default();
    let lives = |number: &&str| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // A zombie whose parent has gone is somebody else's.
        !stat.is_empty() && !stat.contains(") Z ")
    };
    // What is ended is gone a moment later.
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let left: Vec<String> = numbers.lines().filter(lives).map(str::to_owned).collect();
        if left.is_empty() || Instant::now() > end {
            return left;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The processes of which the program said the number, that have ended and were not waited for. Other tests of this process
/// have programs of their own at the same time.
fn zombies(folder: &Path) -> Vec<String> {
    let numbers = fs::read_to_string(folder.join("pids")).unwrap();
    let me = format!(") Z {} ", std::process::id());
    let waits = |number: &&str| {
        fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| stat.contains(&me))
    };
    numbers.lines().filter(waits).map(str::to_owned).collect()
}

#[test]
fn a_program_gets_its_arguments_as_they_are() {
    let (folder, spec) = script("for word in \"$@\"; do printf '<%s>' \"$word\"; done; pwd >&2");
    let spec = format!("{spec} --label='a  b' * ~ \"x'y\"");
    let ran = run(folder.path(), &[&spec, "--then=$HOME; id", "--then=--", "--then="], &[]);
    let here = folder.path().canonicalize().unwrap();
    assert_eq!(
        ran.seen,
        format!("0:<--label=a  b><*><~><x\\'y><$HOME; id><--><>:{}", here.display()),
        "{}",
        ran.error
    );
}

#[test]
fn a_program_gets_no_more_of_the_environment_than_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "/h"),
        ("LANG", "C"),
        ("LC_ALL", "C"),
        ("TMPDIR", "/tmp"),
        ("AWS_PROFILE", "p"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("GITHUB_TOKEN", "t"),
        ("LD_PRELOAD", ""),
        ("INPUT_KEY", "k"),
    ];
    let names = |arguments: &[&str]| {
        let ran = run(folder.path(), &[&["--exec=exec:/usr/bin/env"], arguments].concat(), &env);
        let text = ran.seen.trim_start_matches("0:").trim_end_matches(':').replace("\\n", " ");
        let mut names: Vec<String> =
            text.split(' ').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&[]), ["HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"]);
    assert_eq!(
        names(&["--pass=AWS_PROFILE", "--pass=NOT_SET"]),
        ["AWS_PROFILE", "HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"]
    );
}

#[test]
fn a_failure_is_told_with_what_the_program_said() {
    let (folder, spec) = script(
        "echo out; echo '::set-output name=verdict::pass' >&2; printf 'no \\033[31mtoken' >&2; exit 3",
    );
    let ran = run(folder.path(), &[&spec], &[]);
    assert_eq!(ran.exit, Exit::Remote);
    assert!(
        ran.error.contains("/program: it ended with the exit code 3; on standard error it said:"),
        "{}",
        ran.error
    );
    assert!(ran.error.contains("token") && !ran.error.contains('\u{1b}'), "{}", ran.error);
    assert!(!ran.error.contains("\n::set-output"), "{}", ran.error);
    assert!(run(folder.path(), &[&spec, "--accept"], &[]).seen.starts_with("3:out\\n:"));

    let (folder, spec) = script(
        "i=0; while [ $i -lt 5000 ]; do echo \"line $i of what is said\" >&2; i=$((i+1)); done; exit 1",
    );
    let ran = run(folder.path(), &[&spec], &[]);
    assert!(ran.error.contains("line 4999") && !ran.error.contains("line 4989"), "{}", ran.error);

    let (folder, spec) = script("kill -9 $$");
    let ran = run(folder.path(), &[&spec], &[]);
    assert!(ran.error.contains("it was ended by the signal 9; it said nothing"), "{}", ran.error);
}

#[test]
fn a_program_need_not_read_its_input() {
    let (folder, spec) = script("echo done");
    let ran = run(folder.path(), &[&spec, "--input=5000000"], &[]);
    assert_eq!(ran.seen, "0:done\\n:", "{}", ran.error);
    let (folder, spec) = script("wc -c | tr -d ' '");
    assert_eq!(run(folder.path(), &[&spec, "--input=300000"], &[]).seen, "0:300000\\n:");
    // One that writes all the while it reads.
    let ran = run(folder.path(), &["--exec=exec:/bin/cat", "--input=1048576"], &[]);
    assert_eq!(ran.seen.len(), "0::".len() + (1 << 20), "{}", ran.error);
}

#[test]
fn a_program_that_does_not_stop_writing_is_ended_at_once() {
    let (folder, spec) = script("echo $$ >>pids; yes");
    let ran = run(folder.path(), &[&spec], &[]);
    assert_eq!(ran.exit, Exit::Remote);
    assert!(ran.error.contains("it wrote more than 1 MiB to standard output"), "{}", ran.error);
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
    assert_eq!(zombies(folder.path()), Vec::<String>::new());
    let (folder, spec) = script("echo $$ >>pids; yes >&2");
    let ran = run(folder.path(), &[&spec, "--timeout=2000"], &[]);
    assert!(ran.error.contains("it took longer than 2 s"), "{}", ran.error);
    assert_eq!(zombies(folder.path()), Vec::<String>::new());
}

#[test]
fn a_program_that_does_not_end_is_ended_with_all_it_has_started() {
    let (folder, spec) = script(
        "echo $$ >>pids; trap '' TERM INT HUP; sleep 600 & echo $! >>pids; echo waiting >&2; wait; sleep 600",
    );
    let ran = run(folder.path(), &[&spec, "--timeout=3000"], &[]);
    assert_eq!(ran.exit, Exit::Remote);
    assert!(
        ran.error.contains("it took longer than 3 s, and was ended with all it had started; on standard error it said:\nwaiting"),
        "{}",
        ran.error
    );
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
    assert_eq!(left(folder.path()), Vec::<String>::new());
    assert_eq!(zombies(folder.path()), Vec::<String>::new());
}

#[test]
fn what_a_program_leaves_running_is_ended_with_it() {
    // In its group.
    let (folder, spec) = script("sleep 600 & echo $! >>pids; echo done");
    let ran = run(folder.path(), &[&spec], &[]);
    assert_eq!(ran.seen, "0:done\\n:", "{}", ran.error);
    assert_eq!(left(folder.path()), Vec::<String>::new());
    // In a group of its own, with the output held open: nobody waits for it.
    if lw_testkit::which("setsid").is_none() {
        return;
    }
    let (folder, spec) = script("setsid sleep 40 & sleep 0.5; echo done");
    let ran = run(folder.path(), &[&spec], &[]);
    assert!(
        ran.error.contains("something it started still holds its output open"),
        "{} {}",
        ran.error,
        ran.seen
    );
    assert!(ran.took < Duration::from_secs(30), "{:?}", ran.took);
}

#[test]
fn what_is_no_program_is_a_mistake_of_usage() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "x").unwrap();
    let at = |name: &str| format!("--exec={}", folder.path().join(name).display());
    for (spec, message) in [
        (at("gone"), "No such file"),
        (at("text"), "it may not be executed"),
        (at(""), "it is no regular file"),
        ("--exec=/dev/null".to_owned(), "it is no regular file"),
        ("--exec=exec:env".to_owned(), "the program `env` is no absolute path"),
        ("--exec=exec:/bin/cat | base64".to_owned(), "`|` is for a shell, and none is used"),
    ] {
        let ran = run(folder.path(), &[&spec], &[]);
        assert_eq!(ran.exit, Exit::Usage, "{spec}");
        assert!(ran.error.contains(message), "{spec}: {}", ran.error);
    }
    // A text without an interpreter cannot be started.
    let broken = folder.path().join("broken");
    fs::write(&broken, "#!/gone/interpreter\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = run(folder.path(), &[&at("broken")], &[]);
    assert!(ran.exit == Exit::Remote && ran.error.contains("it cannot be started"), "{}", ran.error);
}
