//! Secrets: where they are read from, what is said of one that is missing, and where they do not go.

#![cfg(unix)]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output as Ended, Stdio};

use lw_cli::{Context, Entry, Error, Host, Output, Program, ProgramCall, Tool, invoke};
use lw_model::{Report, Rule};
use lw_secret::{Secret, SecretSource};
use lw_testkit::canary::Canary;

/// A tool that has a secret.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// Where the key is
    #[arg(long)]
    key: Option<SecretSource>,

    /// Where its passphrase is
    #[arg(long)]
    passphrase: Option<SecretSource>,

    /// A file with what the key should be
    #[arg(long)]
    expected: Option<std::path::PathBuf>,

    /// What happens when the key has been read
    #[arg(long)]
    then: Option<String>,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[Output { name: "seen", description: "What the tool saw" }];
    const RULES: &'static [Rule] = &[];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, _: &mut Report) -> Result<(), Error> {
        let mut seen = String::new();
        if let Some(source) = &args.key {
            let key = cx.secret(source, "signing key")?;
            let expected = args.expected.map(|path| fs::read(path).unwrap());
            seen = format!("right={}", expected.as_deref() == Some(key.expose()));
        }
        if let Some(source) = &args.passphrase {
            cx.secret(source, "passphrase")?;
        }
        match args.then.as_deref() {
            // Ends as one that wrote a core file would: an abort itself is taken for want of memory.
            #[cfg(target_os = "linux")]
            Some("trap") => {
                use rustix::process::{Signal, getpid, kill_process};
                kill_process(getpid(), Signal::TRAP).unwrap();
                // Another thread may be the one that gets it, a moment later.
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
            #[cfg(target_os = "linux")]
            Some("protection") => {
                use rustix::process::{Resource, dumpable_behavior, getrlimit};
                let limit = getrlimit(Resource::Core);
                seen = format!(
                    "{:?} core={:?}/{:?}",
                    dumpable_behavior().unwrap(),
                    limit.current,
                    limit.maximum
                );
            }
            Some("child") => {
                let program: Program = "exec:/usr/bin/env".parse()?;
                let said = cx.run_program(&ProgramCall::new(&program))?;
                seen = String::from_utf8(said.stdout).unwrap().replace('\n', " ");
            }
            Some("pass-it-on") => {
                let program: Program = "exec:/usr/bin/env".parse()?;
                cx.run_program(&ProgramCall::new(&program).variables(["KEY"]))?;
            }
            Some("slow-child") => {
                let program: Program = "exec:/bin/sleep 0.2".parse()?;
                cx.run_program(&ProgramCall::new(&program))?;
            }
            Some("failing-child") => {
                let program: Program = "exec:/bin/cat /gone".parse()?;
                cx.run_program(&ProgramCall::new(&program))?;
            }
            Some("mask") => cx.mask(&Secret::new(b"token-of-an-hour%".to_vec()))?,
            Some("mask-key") => cx.mask(&Secret::new(PEM.into()))?,
            _ => {}
        }
        cx.output("seen", seen);
        Ok(())
    }
}

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
const BODY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp";

/// The tool as a process of its own: this very test, when another one starts it.
#[test]
fn as_a_process() {
    let Some(arguments) = lw_testkit::env("LW_TEST_ARGUMENTS") else { return };
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let most = getrlimit(Resource::Core).maximum;
        setrlimit(Resource::Core, Rlimit { current: most, maximum: most }).unwrap();
    }
    let arguments: Vec<String> = serde_json::from_str(&arguments).unwrap();
    let arguments = arguments.into_iter().map(Into::into).collect();
    let exit = invoke(&Entry::of::<Probe>(), arguments, &Host::real(), &[]);
    #[allow(clippy::disallowed_methods, reason = "the exit code of the tool")]
    std::process::exit(exit.code().into());
}

fn command(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Command {
    // Through a shell that opens the descriptor 3, where the folder has something for it.
    let mut command = Command::new("/bin/sh");
    let redirect = if folder.join("fd3").exists() { "3<fd3" } else { "" };
    command.args(["-c", &format!("exec \"$@\" {redirect}"), "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "secret::as_a_process", "--nocapture", "--test-threads=1"]);
    let common = ["--config=none", "--summary=off", "--report=report.json"];
    let arguments: Vec<&str> = common.iter().chain(arguments).copied().collect();
    command.env_clear().env("LW_TEST_ARGUMENTS", serde_json::to_string(&arguments).unwrap());
    command.env("PATH", "/usr/bin:/bin").envs(env.iter().copied());
    command.current_dir(folder).stdin(Stdio::null());
    command
}

struct Run {
    code: i32,
    said: String,
    report: String,
}

impl Run {
    fn of(folder: &Path, ended: &Ended) -> Self {
        let said = [&ended.stdout[..], &ended.stderr[..]].concat();
        Self {
            code: ended.status.code().unwrap_or(-1),
            said: String::from_utf8_lossy(&said).into_owned(),
            report: fs::read_to_string(folder.join("report.json")).unwrap_or_default(),
        }
    }
}

fn run(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Run {
    Run::of(folder, &command(folder, arguments, env).output().unwrap())
}

/// The value of the output `seen`, from a run as a step.
fn seen(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> String {
    let outputs = folder.join("outputs");
    fs::write(&outputs, "").unwrap();
    let step = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_OUTPUT", outputs.to_str().unwrap()),
    ];
    let ran = run(folder, arguments, &[&step[..], env].concat());
    let text = fs::read_to_string(outputs).unwrap();
    assert_eq!(ran.code, 0, "{}", ran.said);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("seen<<"));
    lines.nth(1).unwrap().to_owned()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    private(&folder.path().join("key.pem"), PEM);
    folder
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_secret_is_read_from_every_kind_of_source() {
    let folder = folder();
    let here = folder.path();
    for source in ["env:KEY", "key.pem", "./key.pem"] {
        assert_eq!(
            seen(here, &["--key", source, "--expected=key.pem"], &[("KEY", PEM)]),
            "right=true",
            "{source}"
        );
    }
    private(&here.join("fd3"), PEM);
    for source in ["fd:3", "/dev/fd/3"] {
        assert_eq!(seen(here, &["--key", source, "--expected=key.pem"], &[]), "right=true", "{source}");
    }
    let mut child = command(here, &["--key=-", "--expected=key.pem", "--format=json"], &[]);
    let mut child =
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PEM.as_bytes()).unwrap();
    let ran = Run::of(here, &child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[test]
fn a_secret_that_is_missing_is_an_error_that_names_the_usual_reasons() {
    let folder = folder();
    for (env, message) in [
        (&[][..], "signing key: the environment variable KEY is not set"),
        (&[("KEY", "")], "signing key: the environment variable KEY is empty"),
        (&[("KEY", " \n")], "signing key: the environment variable KEY is empty"),
    ] {
        let ran = run(folder.path(), &["--key=env:KEY"], env);
        assert_eq!(ran.code, 3, "{}", ran.said);
        assert!(ran.said.contains(message), "{}", ran.said);
        for reason in ["forks", "Dependabot", "`environment:`", "`secrets: inherit`"] {
            assert!(ran.said.contains(reason), "{}", ran.said);
        }
    }
    let fork = [("KEY", ""), ("CIRCLECI", "true"), ("CIRCLE_PR_USERNAME", "mallory")];
    let ran = run(folder.path(), &["--key=env:KEY"], &fork);
    assert!(
        ran.said.contains("may be one that gets no secrets: the pull request comes from a fork"),
        "{}",
        ran.said
    );
    let ran = run(folder.path(), &["--key=env:KEY"], &[("KEY", "\u{fffd}")]);
    assert!(ran.code == 3 && ran.said.contains("not UTF-8") && ran.said.contains("Base64"), "{}", ran.said);
}

#[test]
fn a_file_that_cannot_be_the_secret_is_refused() {
    let folder = folder();
    let here = folder.path();
    private(&here.join("empty"), "");
    private(&here.join("large"), &"x".repeat((1 << 20) + 1));
    private(&here.join("largest"), &"x".repeat(1 << 20));
    Command::new("mkfifo").arg(here.join("fifo")).status().unwrap();
    for (source, message) in [
        ("empty", "signing key: empty is empty"),
        ("large", "signing key: large: it has more than 1024 KiB, which no secret has"),
        (".", "it is a folder"),
        ("fifo", "it is a FIFO, no regular file"),
        ("/dev/zero", "it is a device, no regular file"),
        ("gone.pem", "signing key: gone.pem: No such file"),
        ("-", "signing key: standard input: it is a device"),
        ("fd:9", "signing key: fd:9: No such file"),
    ] {
        let ran = run(here, &["--key", source], &[]);
        assert_eq!(ran.code, 3, "{source}: {}", ran.said);
        assert!(ran.said.contains(message), "{source}: {}", ran.said);
    }
    assert_eq!(run(here, &["--key=largest"], &[]).code, 0);
    // Somebody wrote the passphrase where its source belongs.
    let ran = run(here, &["--key=hunter2hunter2"], &[]);
    assert!(ran.code == 3 && ran.said.contains("it is not shown"), "{}", ran.said);
    assert!(!ran.said.contains("hunter2") && ran.report.contains("not shown"), "{}", ran.said);
    assert!(!ran.report.contains("hunter2"), "{}", ran.report);
}

#[test]
fn standard_input_is_one_secret_only() {
    let folder = folder();
    private(&folder.path().join("fd3"), PEM);
    let ran = run(folder.path(), &["--key=fd:3", "--passphrase=fd:3"], &[]);
    assert_eq!(ran.code, 2, "{}", ran.said);
    assert!(ran.said.contains("passphrase: fd:3 was already read, as the signing key"), "{}", ran.said);
}

#[test]
fn a_file_that_others_may_read_is_a_warning() {
    let folder = folder();
    let key = folder.path().join("key.pem");
    for (mode, expected) in [
        (0o600, None),
        (0o400, None),
        (0o700, None),
        (0o640, Some("key.pem (mode 0640): others on this machine may read the signing key")),
        (0o604, Some("may read the signing key")),
        (0o666, Some("(mode 0666): others on this machine may read and change the signing key")),
        (0o620, Some("may change the signing key")),
    ] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let ran = run(folder.path(), &["--key=key.pem"], &[]);
        assert_eq!(ran.code, 0, "{}", ran.said);
        assert_eq!(
            ran.report.contains("probe/exposed-secret"),
            expected.is_some(),
            "{mode:o}: {}",
            ran.report
        );
        assert!(expected.is_none_or(|text| ran.report.contains(text)), "{mode:o}: {}", ran.report);
    }
}

#[test]
fn a_key_is_no_output() {
    let folder = folder();
    let ran = run(folder.path(), &["--key=key.pem", "--write=text=key.pem"], &[]);
    assert_ne!(ran.code, 0, "{}", ran.said);
    assert_eq!(fs::read_to_string(folder.path().join("key.pem")).unwrap(), PEM);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let folder = folder();
    let one_line = PEM.replace('\n', "");
    let flag = |value: &str| vec![format!("--key={value}")];
    let cases = [
        flag(PEM),
        flag(&one_line),
        flag(&one_line["-----BEGIN PRIVATE KEY-----".len()..]),
        flag(&format!("env:{BODY}")),
        vec!["--key".to_owned(), PEM.to_owned()],
        // No flag at all, and another one.
        vec![one_line.clone()],
        vec![format!("--fail-on={BODY}")],
    ];
    for arguments in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = run(folder.path(), &arguments, &[]);
        assert_eq!(ran.code, 2, "{}", ran.said);
        assert!(ran.said.contains("a secret does not belong on the command line"), "{}", ran.said);
        assert!(ran.said.contains("name that with `env:NAME`"), "{}", ran.said);
        for text in [&ran.said, &ran.report] {
            assert!(!text.contains(&BODY[..16]), "{arguments:?}: {text}");
        }
    }
    // A slip of the pen in the name of the flag, of which clap repeats only the name.
    let ran = run(folder.path(), &[&format!("--kye={one_line}")], &[]);
    assert!(ran.code == 2 && ran.said.contains("--kye"), "{}", ran.said);
    assert!(!ran.said.contains(&BODY[..16]), "{}", ran.said);
    // The same as an input of the action.
    let ran = run(folder.path(), &[], &[("LW_ACTION", "probe"), ("INPUT_KEY", &one_line)]);
    assert!(ran.code == 2 && ran.said.contains("--key"), "{}", ran.said);
    assert!(!ran.said.contains(&BODY[..16]), "{}", ran.said);
    // A digest is no secret, and what is wrong with it is told.
    let digest = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let ran = run(folder.path(), &["--fail-on", digest], &[]);
    assert!(ran.said.contains(digest), "{}", ran.said);
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_with_a_secret_cannot_be_looked_into() {
    let folder = folder();
    let here = folder.path();
    assert!(seen(here, &["--then=protection"], &[]).starts_with("Dumpable "));
    let with = ["--key=key.pem", "--then=protection"];
    assert_eq!(seen(here, &with, &[]), "NotDumpable core=Some(0)/Some(0)");
    // Not even when the secret turns out to be missing.
    let ran = run(here, &["--key=env:KEY"], &[]);
    assert_eq!(ran.code, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_with_a_secret_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt;
    let folder = folder();
    let ended = |arguments: &[&str]| {
        let status = command(folder.path(), arguments, &[]).output().unwrap().status;
        assert_eq!(status.signal(), Some(5), "{status}");
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let core = names.into_iter().any(|name| name.to_string_lossy().starts_with("core"));
        (status.core_dumped(), core)
    };
    assert_eq!(ended(&["--key=key.pem", "--then=trap"]), (false, false));
    // Without a secret it is as the machine wants it; where that writes core files, the line above has shown something.
    eprintln!("a core file without a secret: {:?}", ended(&["--then=trap"]));
}

#[test]
fn programs_do_not_get_the_variable_of_a_secret() {
    let folder = folder();
    let key = "hunter2-hunter2";
    let env = [("KEY", key), ("OTHER", "x"), ("LANG", "C"), ("LC_TIME", "C"), ("HOME", "/h")];
    let given = seen(folder.path(), &["--key=env:KEY", "--then=child"], &env);
    let mut names: Vec<&str> = given.split(' ').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "LC_TIME", "PATH"]);
    let ran = run(folder.path(), &["--key=env:KEY", "--then=pass-it-on"], &env);
    assert_eq!(ran.code, 2, "{}", ran.said);
    assert!(ran.said.contains("KEY is not passed on to a program"), "{}", ran.said);
}

#[test]
fn the_helper_of_a_ci_does_not_get_it_either() {
    let folder = folder();
    let agent = folder.path().join("buildkite-agent");
    fs::write(&agent, "#!/bin/sh\ncat >/dev/null\nenv >>\"$HOME/seen\"\n").unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let home = folder.path().to_str().unwrap();
    let env = [
        ("BUILDKITE", "true"),
        ("KEY", "hunter2-hunter2"),
        ("OTHER", "x"),
        ("HOME", home),
        ("PATH", path.as_str()),
    ];
    assert_eq!(run(folder.path(), &["--key=env:KEY"], &env).code, 0);
    let given = fs::read_to_string(folder.path().join("seen")).unwrap();
    assert!(given.contains("OTHER=x") && !given.contains("hunter2"), "{given}");
}

#[test]
fn a_canary_is_let_out_nowhere() {
    let folder = folder();
    let canary = Canary::new(PEM);
    let base64 =
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1DNENBUUF3QlFZREsyVndCQ0lFSU5UdWN0djVFMWhLMWJiWThmZHArSzA2";
    for (arguments, env) in [
        (&["--key=env:KEY"][..], &[("KEY", PEM)][..]),
        (&["--key=key.pem", "--write=html=a.html", "--write=sarif=a.sarif", "--format=json"], &[]),
        (&["--key=env:KEY", "--then=slow-child"], &[("KEY", PEM)]),
        (&["--key=env:KEY", "--then=failing-child"], &[("KEY", PEM)]),
        (&["--key=env:KEY", "--passphrase=env:GONE"], &[("KEY", PEM)]),
        (&["--key=env:KEY", "--then=mask-key"], &[("KEY", PEM)]),
        // A panic.
        (&["--key=key.pem", "--expected=gone"], &[]),
        (&[], &[("LW_ACTION", "probe"), ("INPUT_KEY", PEM)]),
        (&[], &[("LW_ACTION", "probe"), ("INPUT_KEY", base64)]),
    ] {
        let watched = canary.watch(command(folder.path(), arguments, env)).folder(folder.path()).run();
        assert!(watched.code.is_some_and(|code| code < 6), "{arguments:?}");
        let reports = arguments.contains(&"--format=json") || arguments.contains(&"--then=slow-child");
        assert!(!reports || watched.files > 0, "{arguments:?}: no report was searched");
        watched.assert_kept();
        let slow = arguments.contains(&"--then=slow-child");
        assert!(!slow || watched.processes > 1, "the child was not seen");
    }
}

#[test]
fn a_token_is_masked_the_moment_it_is_made_and_a_key_never() {
    let folder = folder();
    let env = [("GITHUB_ACTIONS", "true")];
    let ran = run(folder.path(), &["--then=mask"], &env);
    assert!(ran.said.contains("::add-mask::token-of-an-hour%25\n"), "{}", ran.said);
    let ran = run(folder.path(), &["--then=mask-key"], &env);
    assert_eq!(ran.code, 5, "a defect of the tool: {}", ran.said);
    assert!(!ran.said.contains("add-mask") && !ran.said.contains(&BODY[..16]), "{}", ran.said);
}
