//! The policy for files, seen from outside: what may be read, what may be written, and what is shown.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lw_cli::{Context, Entry, Error, Exit, Host, Output, Tool, invoke};
use lw_model::{Report, Rule};

/// A tool that does with files what its arguments say, in their order here.
struct Probe;

#[derive(clap::Args)]
struct Args {
    /// Files to open
    #[arg(long)]
    open: Vec<PathBuf>,

    /// Files to read piece by piece, twice
    #[arg(long)]
    stream: Vec<PathBuf>,

    /// Patterns
    #[arg(long)]
    glob: Vec<String>,

    /// An error that quotes this file's text
    #[arg(long)]
    quote: Option<PathBuf>,

    /// A file that is cut off while it is open
    #[arg(long)]
    shrink: Option<PathBuf>,

    /// A file to write at once
    #[arg(long)]
    out: Option<PathBuf>,

    /// A file to write piece by piece
    #[arg(long)]
    made: Option<PathBuf>,

    /// A file of pages
    #[arg(long)]
    page: Option<PathBuf>,

    /// A file to append to
    #[arg(long)]
    log: Option<PathBuf>,

    /// A source to show
    #[arg(long)]
    show: Vec<String>,

    /// What git tracks
    #[arg(long)]
    tracked: Vec<String>,
}

impl Tool for Probe {
    const NAME: &'static str = "probe";
    const SUMMARY: &'static str = "Do what a test wants";
    const GUIDE: &'static str = "Nothing more.";
    const OUTPUTS: &'static [Output] = &[Output { name: "seen", description: "What the tool saw" }];
    const RULES: &'static [Rule] = &[];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let mut seen = String::new();
        for path in &args.open {
            seen.push_str(&format!("{};", cx.open(path)?.len()));
        }
        for path in args.stream.iter().chain(&args.stream) {
            let mut text = String::new();
            cx.stream(path)?.read_to_string(&mut text).map_err(|error| cx.unreadable(path, &error))?;
            seen.push_str(&format!("{text};"));
        }
        for path in cx.expand(&args.glob, report)? {
            seen.push_str(&format!("{};", path.display()));
        }
        if let Some(path) = &args.quote {
            let text = String::from_utf8_lossy(&cx.open(path)?).trim().to_owned();
            return Err(Error::input(format!("{}: line 1: found `{text}`", path.display())));
        }
        if let Some(path) = &args.shrink {
            let bytes = cx.open(path)?;
            fs::File::options().write(true).open(cx.resolve(path)).unwrap().set_len(10).unwrap();
            seen.push_str(&bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>().to_string());
        }
        if let Some(path) = &args.out {
            cx.write(path, |out| out.write_all(b"out"))?;
        }
        if let Some(path) = &args.made {
            let mut file = cx.create(path)?;
            file.write_all(b"made").map_err(|error| cx.unwritable(path, &error))?;
            file.publish().map_err(|error| cx.unwritable(path, &error))?;
        }
        if let Some(path) = &args.page {
            cx.files().write_page(path, &mut |out| out.write_all(b"page"))?;
        }
        if let Some(path) = &args.log {
            cx.append_lines(path, "line\n")?;
        }
        let tracked = (!args.tracked.is_empty()).then(|| args.tracked.iter().cloned().collect());
        let shown = cx.files().shown(tracked);
        for path in &args.show {
            seen.push_str(&match shown.text(path) {
                Ok(text) => format!("{text};"),
                Err(why) => format!("{why:?};"),
            });
        }
        report.summary = "done".into();
        cx.judge(report, None);
        cx.output("seen", seen);
        Ok(())
    }
}

/// A workspace in a folder that is not part of it.
struct Place {
    outside: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir_all(outside.path().join("ws/.git")).unwrap();
        fs::create_dir_all(outside.path().join("temp")).unwrap();
        Self { outside }
    }

    /// A path of the workspace.
    fn at(&self, path: &str) -> PathBuf {
        self.outside.path().join("ws").join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn run(&self, argv: &[&str]) -> Run {
        self.run_with(argv, &[])
    }

    fn run_with(&self, argv: &[&str], more: &[(&str, &str)]) -> Run {
        let outputs = self.outside.path().join("temp/outputs");
        fs::write(&outputs, "").unwrap();
        let mut env: BTreeMap<String, String> = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_OUTPUT", outputs.display().to_string()),
            ("RUNNER_TEMP", self.outside.path().join("temp").display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        env.retain(|_, value| !value.is_empty());
        let clock = lw_cli::Clock::real();
        let host =
            Host { env, cwd: self.at(""), now: 0, colour: false, colour_stderr: false, width: 100, clock };
        let exit = invoke(
            &Entry::of::<Probe>(),
            argv.iter().map(Into::into).collect(),
            &host,
            &["probe", "other-tool"],
        );
        let text = fs::read_to_string(&outputs).unwrap();
        let value = |name: &str| {
            let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{name}<<"))).skip(1);
            lines.next().unwrap_or_default().to_owned()
        };
        Run { exit, seen: value("seen"), summary: value("summary") }
    }
}

struct Run {
    exit: Exit,
    seen: String,
    summary: String,
}

#[test]
fn a_pattern_is_never_shadowed_by_a_file_of_its_name() {
    let place = Place::new();
    for path in ["build/a.bin", "build/*.bin", "[y].bin"] {
        place.write(path, "x");
    }
    let run = place.run(&["--glob=build/*.bin"]);
    assert_eq!(run.seen, "build/a.bin;", "nor does it add to what the others say");
    assert_eq!(place.run(&["--glob=build/*.bin", "--fail-on=warning"]).exit, Exit::Gate, "and that is said");
    assert_eq!(place.run(&["--glob=[y].bin"]).seen, "[y].bin;");
}

#[test]
fn an_output_is_never_an_input() {
    let place = Place::new();
    place.write("in.bin", "precious");
    place.write("base.json", "{\"schema\":\"x\"}");
    fs::hard_link(place.at("in.bin"), place.at("same.bin")).unwrap();
    for argv in [
        ["--open=in.bin", "--out=in.bin"],
        ["--open=in.bin", "--made=./same.bin"],
        ["--open=in.bin", "--page=in.bin"],
        ["--open=in.bin", "--report=in.bin"],
        ["--open=in.bin", "--write=html=same.bin"],
        ["--open=in.bin", "--summary=in.bin"],
        ["--stream=in.bin", "--out=in.bin"],
    ] {
        let run = place.run(&argv);
        assert_eq!(run.exit, Exit::Usage, "{argv:?}: {}", run.summary);
        assert!(run.summary.contains("input"), "{}", run.summary);
        assert_eq!(place.text("in.bin"), "precious", "{argv:?}");
    }
    // lw.toml is an input too.
    place.write("lw.toml", "[probe]\n");
    assert_eq!(place.run(&["--out=lw.toml"]).exit, Exit::Usage);
    // A file that is read after the output was begun.
    let late = place.run(&["--report=late.json", "--open=base.json"]);
    assert_eq!(late.exit, Exit::Pass);
}

#[test]
fn lw_toml_has_files_written_in_the_workspace_only() {
    let place = Place::new();
    for (text, left) in [
        ("out = \"../gone\"", true),
        ("write = [\"html=../gone\"]", true),
        ("report = \"../gone\"", true),
        ("summary = \"../gone\"", true),
        ("made = \"build/../../gone\"", true),
        ("page = \"../gone\"", true),
        ("out = \"build/kept\"", false),
    ] {
        place.write("lw.toml", &format!("[probe]\n{text}\n"));
        let run = place.run(&[]);
        assert_eq!(run.exit == Exit::Usage, left, "{text}: {}", run.summary);
        assert!(!left || run.summary.starts_with("lw.toml:2: "), "{}", run.summary);
        assert!(!place.at("../gone").exists(), "{text}");
    }
    assert_eq!(place.text("build/kept"), "out");
    // What the user says replaces what the file says.
    place.write("lw.toml", "[probe]\nout = \"../gone\"\n");
    assert_eq!(place.run(&["--out=../allowed"]).exit, Exit::Pass);
    assert_eq!(place.text("../allowed"), "out");
}

#[test]
fn leftovers_of_killed_runs_are_cleared_after_a_day() {
    let place = Place::new();
    for (name, hours) in [(".lw-old123.tmp", 25), (".lw-new123.tmp", 1), (".lw-mine", 25)] {
        place.write(name, "half");
        let made = fs::metadata(place.at(name)).unwrap().modified().unwrap();
        let time = made - Duration::from_secs(hours * 60 * 60);
        fs::File::options().write(true).open(place.at(name)).unwrap().set_modified(time).unwrap();
    }
    assert_eq!(place.run(&["--out=x"]).exit, Exit::Pass);
    assert!(!place.at(".lw-old123.tmp").exists());
    assert!(place.at(".lw-new123.tmp").exists() && place.at(".lw-mine").exists());
}

#[test]
fn only_tracked_text_is_shown() {
    let place = Place::new();
    for (path, text) in [
        ("src/a.c", "int a;"),
        ("gha-creds-1.json", "TOKEN"),
        (".env", "TOKEN"),
        ("other/.git/config", "TOKEN"),
    ] {
        place.write(path, text);
    }
    place.write("../secret", "TOKEN");
    let outside = place.at("../secret").display().to_string();
    let all =
        ["src/a.c", "gha-creds-1.json", ".env", "other/.git/config", "../secret", &outside, "none.c", "src"];
    let show: Vec<String> = all.iter().map(|path| format!("--show={path}")).collect();
    let mut argv: Vec<&str> = show.iter().map(String::as_str).collect();
    let untracked = place.run(&argv);
    assert_eq!(untracked.seen, "int a;;TOKEN;Untracked;Untracked;Outside;Outside;Missing;NoFile;");
    argv.push("--tracked=src/a.c");
    let tracked = place.run(&argv);
    assert_eq!(tracked.seen, "int a;;Untracked;Untracked;Untracked;Outside;Outside;Missing;Untracked;");
}

#[test]
fn a_source_of_6_gb_is_not_shown() {
    let place = Place::new();
    fs::File::create(place.at("big.c")).unwrap().set_len(6 << 30).unwrap();
    assert_eq!(place.run(&["--show=big.c"]).seen, "TooLarge;");
}

#[test]
fn gitlabs_variables_are_those_of_this_suite_only() {
    let place = Place::new();
    let env = [("GITHUB_ACTIONS", ""), ("GITLAB_CI", "true")];
    place.write("lw.env", "LD_PRELOAD=/evil.so\nLW_OTHER_TOOL_VERDICT=pass\nLW_BIN=/evil\nLW_PROBE_X=1");
    assert_eq!(place.run_with(&[], &env).exit, Exit::Pass);
    let first = place.text("lw.env");
    assert!(first.starts_with("LW_OTHER_TOOL_VERDICT=pass\nLW_PROBE_VERDICT=pass\n"), "{first}");
    assert!(!first.contains("evil") && !first.contains("LW_PROBE_X"), "{first}");
    assert_eq!(place.run_with(&[], &env).exit, Exit::Pass);
    assert_eq!(place.text("lw.env").lines().count(), 2 * first.lines().count() - 1);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn a_source_behind_links_is_the_one_they_lead_to() {
        let place = Place::new();
        place.write("src/a.c", "int a;");
        place.write("top.c", "int top;");
        place.write("../secret", "TOKEN");
        for (to, link) in
            [("src", "l"), (".", "here"), ("src/a.c", "a.c"), ("..", "up"), ("../secret", "b.c")]
        {
            symlink(to, place.at(link)).unwrap();
        }
        let show =
            ["l/a.c", "here/top.c", "a.c", "src/../top.c", "here/src/a.c", "up/secret", "b.c", "l/b.c"]
                .map(|path| format!("--show={path}"));
        let mut argv: Vec<&str> = show.iter().map(String::as_str).collect();
        argv.extend(["--tracked=src/a.c", "--tracked=top.c"]);
        let texts = "int a;;int top;;int a;;int top;;int a;;";
        assert_eq!(place.run(&argv).seen, format!("{texts}Outside;Outside;Missing;"));
        argv.push("--tracked=b.c");
        assert_eq!(place.run(&argv).seen, format!("{texts}Outside;Outside;Missing;"));
    }

    #[test]
    fn a_fifo_or_device_with_a_name_is_refused_at_once() {
        let place = Place::new();
        fifo(&place.at("p"));
        symlink("/dev/zero", place.at("zero")).unwrap();
        fs::create_dir(place.at("cov")).unwrap();
        fifo(&place.at("cov/p.info"));
        for argument in
            ["--open=p", "--stream=p", "--open=zero", "--stream=zero", "--baseline=p", "--open=/dev/zero"]
        {
            let run = place.run(&[argument]);
            // The probe does not read its baseline.
            let expected = if argument.starts_with("--baseline") { Exit::Pass } else { Exit::Input };
            assert_eq!(run.exit, expected, "{argument}");
            assert!(expected == Exit::Pass || run.summary.contains("no regular file"), "{}", run.summary);
        }
        // It matches, and so it is not left out without a word.
        assert_eq!(place.run(&["--glob=cov/*.info"]).seen, "cov/p.info;");
        assert_eq!(place.run(&["--show=p"]).seen, "NoFile;");
        fifo(&place.at("lw.toml"));
        let run = place.run(&[]);
        assert_eq!(run.exit, Exit::Usage);
        assert!(run.summary.contains("lw.toml: it is a FIFO"), "{}", run.summary);
    }

    #[test]
    fn a_descriptor_is_read_once_and_kept() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"through a pipe").unwrap();
        drop(writer);
        let argument = format!("--stream=/dev/fd/{}", reader.as_raw_fd());
        let run = Place::new().run(&[&argument]);
        assert_eq!((run.exit, run.seen.as_str()), (Exit::Pass, "through a pipe;through a pipe;"));
        // A link to one may come with the checkout, and waits for ever.
        let (reader, _writer) = std::io::pipe().unwrap();
        let place = Place::new();
        symlink(format!("/proc/self/fd/{}", reader.as_raw_fd()), place.at("link")).unwrap();
        assert_eq!(place.run(&["--open=link"]).exit, Exit::Input);
    }

    #[test]
    fn a_file_that_is_cut_off_while_it_is_read_is_an_input_error() {
        let place = Place::new();
        for (name, length) in [("big", 1 << 20), ("last-page", 300_000)] {
            fs::write(place.at(name), vec![1; length]).unwrap();
            let run = place.run(&[&format!("--shrink={name}"), "--made=out"]);
            assert_eq!(run.exit, Exit::Input, "{}", run.summary);
            assert!(run.summary.starts_with(&format!("{name}: it was shortened")), "{}", run.summary);
        }
        assert!(!place.at("out").exists());
    }

    #[test]
    fn what_is_no_regular_file_is_written_into_and_never_replaced() {
        let place = Place::new();
        let null = place.at("null");
        // Nodes need rights that not everybody has.
        let has_node = Command::new("mknod").arg(&null).args(["c", "1", "3"]).status().unwrap().success();
        for argument in
            ["--out=null", "--made=null", "--page=null", "--report=null", "--write=html=null", "--log=null"]
        {
            if has_node {
                let run = place.run(&[argument]);
                assert_eq!(run.exit, Exit::Pass, "{argument}: {}", run.summary);
                assert!(fs::metadata(&null).unwrap().file_type().is_char_device(), "{argument}");
            }
        }
        fifo(&place.at("p"));
        for argument in ["--out=p", "--made=p", "--log=p", "--report=p"] {
            assert_eq!(place.run(&[argument]).exit, Exit::Remote, "{argument}: nobody reads");
        }
        let path = place.at("p");
        let reader = std::thread::spawn(move || fs::read_to_string(path).unwrap());
        // Until it reads, nobody does.
        while place.run(&["--made=p"]).exit != Exit::Pass {}
        assert_eq!(reader.join().unwrap(), "made");
        assert!(fs::metadata(place.at("p")).unwrap().file_type().is_fifo());
        assert_eq!(place.run(&["--out=-"]).exit, Exit::Usage);
        assert!(!place.at("-").exists());
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions() {
        let place = Place::new();
        let mode = |path: &str| fs::metadata(place.at(path)).unwrap().permissions().mode() & 0o7777;
        for (before, after) in [(0o755, 0o755), (0o600, 0o600), (0o664, 0o664), (0o4755, 0o755)] {
            for argument in ["--out=kept", "--made=kept"] {
                place.write("kept", "before");
                fs::set_permissions(place.at("kept"), fs::Permissions::from_mode(before)).unwrap();
                assert_eq!(place.run(&[argument]).exit, Exit::Pass);
                assert_ne!(place.text("kept"), "before");
                assert_eq!(mode("kept"), after, "{argument} {before:o}");
            }
        }
    }

    #[test]
    fn links_of_the_workspace_lead_no_write_out_of_it() {
        let place = Place::new();
        place.write("../victim", "victim");
        fs::create_dir(place.at("../folder")).unwrap();
        place.write("build/real", "old");
        for (link, target) in [
            ("direct", "../victim"),
            ("new", "../new"),
            ("folder", "../folder"),
            ("inside", "build/real"),
            ("temp", "../temp"),
            ("twice", "direct"),
        ] {
            symlink(target, place.at(link)).unwrap();
        }
        for flag in ["out", "made", "page", "log", "report", "summary", "write=html"] {
            for path in ["direct", "new", "twice", "folder/x"] {
                let run = place.run(&[&format!("--{flag}={path}")]);
                assert_eq!(run.exit, Exit::Usage, "--{flag}={path}: {}", run.summary);
            }
            for path in ["inside", "temp/x"] {
                let run = place.run(&[&format!("--{flag}={path}")]);
                assert_eq!(run.exit, Exit::Pass, "--{flag}={path}: {}", run.summary);
            }
        }
        assert_eq!(place.text("../victim"), "victim");
        assert!(!place.at("../new").exists() && !place.at("../folder/x").exists());
        assert!(fs::symlink_metadata(place.at("inside")).unwrap().is_symlink(), "the link is still one");
        assert_ne!(place.text("build/real"), "old");
        // lw.toml has not even the runner's folder.
        place.write("lw.toml", "[probe]\nout = \"temp/y\"\n");
        assert_eq!(place.run(&[]).exit, Exit::Usage);
        // A path outside that the user names is the user's.
        fs::remove_file(place.at("lw.toml")).unwrap();
        assert_eq!(place.run(&["--out=../folder/y"]).exit, Exit::Pass);
    }

    #[test]
    fn lw_env_is_replaced_when_it_is_a_link() {
        let place = Place::new();
        place.write("../rc", "# rc\n");
        symlink("../rc", place.at("lw.env")).unwrap();
        place.run_with(&[], &[("GITHUB_ACTIONS", ""), ("GITLAB_CI", "true")]);
        assert_eq!(place.text("../rc"), "# rc\n");
        assert!(fs::symlink_metadata(place.at("lw.env")).unwrap().is_file());
        assert!(place.text("lw.env").starts_with("LW_PROBE_VERDICT="));
    }

    #[test]
    fn nothing_is_quoted_of_a_file_from_outside() {
        let place = Place::new();
        place.write("../npmrc", "token=SE`CRE`T\n");
        place.write("own", "word\n");
        symlink("../npmrc", place.at("cov.info")).unwrap();
        let run = place.run(&["--quote=cov.info"]);
        assert_eq!((run.exit, run.summary.as_str()), (Exit::Input, "cov.info: line 1: found `…`"));
        assert_eq!(place.run(&["--quote=../npmrc"]).summary, "../npmrc: line 1: found `…`");
        assert_eq!(place.run(&["--quote=own"]).summary, "own: line 1: found `word`");
        // A link to a file of its own tree, as Bazel makes them, is as good as the file.
        symlink("own", place.at("link")).unwrap();
        assert_eq!(place.run(&["--quote=link"]).summary, "link: line 1: found `word`");
        symlink("../npmrc", place.at("lw.toml")).unwrap();
        let run = place.run(&[]);
        assert!(run.exit == Exit::Usage && !run.summary.contains("CRE"), "{}", run.summary);
    }

    #[test]
    fn a_folder_that_cannot_be_looked_into_is_an_error() {
        let place = Place::new();
        place.write("cov/good/x.info", "");
        // Root may look into every folder, so one stands for it whose path is too long for anybody.
        fs::create_dir(place.at("cov/bad")).unwrap();
        for _ in 0..18 {
            fs::create_dir(place.at("new")).unwrap();
            fs::rename(place.at("cov/bad"), place.at("new").join("x".repeat(250))).unwrap();
            fs::rename(place.at("new"), place.at("cov/bad")).unwrap();
        }
        let run = place.run(&["--glob=cov/**/*.info"]);
        assert_eq!(run.exit, Exit::Input, "{}", run.summary);
        assert!(run.summary.contains("cov/bad"), "{}", run.summary);
        for word in ["warn", "skip"] {
            let run = place.run(&["--glob=cov/**/*.info", &format!("--missing={word}")]);
            assert_eq!((run.exit, run.seen.as_str()), (Exit::Pass, "cov/good/x.info;"), "{word}");
        }
        // One that cannot hold a match does not matter.
        assert_eq!(place.run(&["--glob=cov/*/*.info"]).seen, "cov/good/x.info;");
    }

    #[test]
    fn appended_lines_are_whole_or_not_there() {
        let place = Place::new();
        place.write("h", "half");
        assert_eq!(place.run(&["--log=h"]).exit, Exit::Pass);
        assert_eq!(place.text("h"), "half\nline\n");
    }
}
