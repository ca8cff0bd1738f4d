//! changelog as its users meet it: the binary, on repositories made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

mod beside;
mod peer;
mod repositories;

use lw_model::{Level, Verdict};
use lw_testkit::git::{Scratch, command};
use lw_testkit::tool::{ToolBinary, transcripts, words};

const CHANGELOG: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_changelog"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}

/// A commit with this message, whatever is in it; git's own porcelain would not take some.
fn commit(folder: &Path, message: &[u8]) {
    let parent = command(folder).args(["rev-parse", "--verify", "-q", "HEAD"]).output().unwrap();
    let parent = String::from_utf8_lossy(&parent.stdout).trim().to_owned();
    let tree = command(folder).args(["hash-object", "-t", "tree", "-w", "/dev/null"]).output().unwrap();
    let tree = String::from_utf8_lossy(&tree.stdout).trim().to_owned();
    let parent = if parent.is_empty() { String::new() } else { format!("parent {parent}\n") };
    let who = "A <a@b.example> 1700000000 +0000";
    let mut data = format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\n").into_bytes();
    data.extend_from_slice(message);
    let mut child = command(folder)
        .args(["hash-object", "-t", "commit", "-w", "--stdin", "--literally"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&data).unwrap();
    let output = child.wait_with_output().unwrap();
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(command(folder).args(["update-ref", "refs/heads/main", &id]).status().unwrap().success());
}

const GENERATE: &str = "generate --config none --output notes.md";

#[test]
fn no_text_of_a_commit_does_anything() {
    let scratch = Scratch::new();
    let body = "ghadelimiter_x\nEOF\nversion=9.9.9\nchangelog<<EOF\n::set-env name=A::b\n::add-mask::secret\n::stop-commands::x\n$(id) `id` \" ' \\ %0A\r\rCR\n##[error]x";
    let messages = [
        format!("feat: one $(id) `id` \" ' \\ \r::error::x\n\n{body}\n"),
        format!("fix!: two\n\nBREAKING CHANGE: {body}\n"),
        "feat: <!-- hides the rest\n".into(),
        "fix: ![p](https://tracker.example/p.png) @octocat @org/team #12 o/r#3\n".into(),
        "fix(<script>): <img src=x onerror=alert(1)> [x](javascript:alert(1))\n".into(),
        "feat: # heading\n".into(),
        "feat: ```\n".into(),
        "feat: \u{202e}txet \u{200b}|a|b|\n".into(),
        "feat: - item\n\nBREAKING CHANGE: 1. list\n> quote\n    code\n\tcode\n***\n---\n===\n| a | b |\n|---|---|\n~~~\nx\n".into(),
        "fix: <https://tracker.example> <a@b.example> <?php ?> <![CDATA[x]]> &lt;b&gt; &#60;i&#62;\n".into(),
        "fix: [x]: https://tracker.example [^1] [x][y] [ ] task ![a][b] $$x$$ :tada: ~~x~~ _x_ *x* __x__\n".into(),
        "fix: GH-12 https://user:secret@tracker.example/#12 www.tracker.example a@b.example\n".into(),
        format!("fix: {}\n", "[".repeat(900)),
        "fix: a\u{0}b\u{7f}c\u{2028}## heading\u{2029}d\u{85}e\u{feff}\n".replace('\u{0}', "\u{1}"),
    ];
    for message in &messages {
        commit(scratch.path(), message.as_bytes());
    }
    for format in ["markdown", "keep-a-changelog", "github"] {
        let run = CHANGELOG.run_as_step(
            scratch.path(),
            &words(&format!("{GENERATE} --changelog-format {format}")),
            &[],
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        let notes = fs::read_to_string(scratch.path().join("notes.md")).unwrap();
        // The step's outputs are what was written, whatever delimiters are in it, and no others.
        assert_eq!(run.output("changelog").trim_end(), notes.trim_end());
        assert_eq!(run.output("version"), "");
        // What stands behind a backslash does nothing.
        let mut rest = notes.as_str();
        let mut acting = String::new();
        while let Some((before, after)) = rest.split_once('\\') {
            acting.push_str(before);
            let mut after = after.chars();
            after.next();
            rest = after.as_str();
        }
        acting.push_str(rest);
        for active in [
            "<!--",
            "<script",
            "<img",
            "![p]",
            "@octocat",
            "@org",
            " #12",
            "\n::",
            "\u{202e}",
            "\n# heading",
            "\n```",
            "\n~~~",
            "\n    code",
            "\n> ",
            "\n  > ",
            "\n---",
            "\n  ---",
            "\n===",
            "\n***",
            "\n  1. ",
            "\n|",
            "\n  | ",
            "<http",
            "<?",
            "<!",
            "&lt;b&gt;",
            "&#60;",
            "[x]:",
            "[^1",
            "![a",
            "$$",
            " _x_",
            " *x*",
            "~~x",
            "GH-12",
            "\u{2028}",
            "\u{2029}",
            "\u{85}",
            "\u{feff}",
            "\u{1}",
            "\r",
        ] {
            assert!(!acting.contains(active), "{format}: {active:?} in\n{notes}");
        }
        assert!(notes.contains("$(id) `id`") && notes.contains("&lt;!-- hides"), "{notes}");
        for line in run.stdout.lines() {
            assert!(
                !line.trim_start().starts_with("::set-env") && !line.starts_with("::add-mask::"),
                "{line}"
            );
        }
    }
    let run = CHANGELOG.run(
        scratch.path(),
        &words("generate --config none --changelog-format json --output notes.json"),
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path().join("notes.json")).unwrap()).unwrap();
    let commits = json[0]["commits"].as_array().unwrap();
    let raw: Vec<&str> = commits.iter().map(|commit| commit["raw_message"].as_str().unwrap()).collect();
    assert_eq!(raw, messages);
    assert!(commits.iter().all(|commit| commit["breaking"].is_boolean()));
    assert_eq!(
        (&json[0]["version"], &json[0]["semver"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}

#[test]
fn a_message_of_a_megabyte_is_cut_and_not_lost() {
    let scratch = Scratch::new();
    let long = format!("feat: {}\n\nBREAKING CHANGE: {}\n", "`".repeat(500_000), "a*b ".repeat(150_000));
    commit(scratch.path(), long.as_bytes());
    let run = CHANGELOG.run(scratch.path(), &words(GENERATE), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let notes = fs::read_to_string(scratch.path().join("notes.md")).unwrap();
    assert!(notes.len() < 40_000 && notes.contains('…'), "{}", notes.len());
}

#[test]
fn notes_are_cut_on_an_entry_and_counted() {
    let scratch = Scratch::new();
    let mut stream = String::new();
    for number in 0..2_000 {
        let message = format!("fix: number {number} {}", "ü😀 ".repeat(20));
        stream += &format!(
            "commit refs/heads/main\ncommitter a <a@b> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + number,
            message.len()
        );
    }
    let mut child =
        command(scratch.path()).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let run = CHANGELOG.run(scratch.path(), &words(&format!("{GENERATE} --changelog-format github")), &[]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn), "{}", run.stderr);
    assert!(run.found(Level::Warning).contains(&"cut"), "{:?}", run.found(Level::Warning));
    let notes = fs::read_to_string(scratch.path().join("notes.md")).unwrap();
    let units = notes.encode_utf16().count();
    assert!((120_000..=125_000).contains(&units), "{units}");
    let told = notes.lines().filter(|line| line.starts_with("- number ")).count();
    assert!(
        notes.ends_with(&format!("… {} more entries are left out here.\n", 2_000 - told)),
        "{}",
        &notes[notes.len() - 100..]
    );
    assert!(notes.lines().filter(|line| line.starts_with("- ")).all(|line| line.ends_with(')')));
    // Never more than GitHub takes, whatever is asked for.
    let line = format!("{GENERATE} --changelog-format github --max-characters 900000");
    let run = CHANGELOG.run(scratch.path(), &words(&line), &[]);
    assert!(run.found(Level::Warning).contains(&"cut"));
}

#[test]
fn a_shallow_clone_ends_with_a_code_of_its_own() {
    let scratch = Scratch::new();
    for (message, tag) in
        [("feat: a", "v1.0.0"), ("fix: b", ""), ("fix: c", "v1.0.1"), ("feat: d", ""), ("feat: e", "")]
    {
        scratch.git(&["commit", "-q", "--allow-empty", "-m", message]);
        if !tag.is_empty() {
            scratch.git(&["tag", tag]);
        }
    }
    let clone = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", scratch.path().display());
        let run = command(folder.path()).args(["clone", "-q"]).args(arguments).args([&url, "."]).status();
        assert!(run.unwrap().success());
        folder
    };
    // The whole history, what is unreleased, and one release: of each, whether a clone of a depth holds it.
    for (depth, holds) in
        [("1", [false, false, false]), ("3", [false, true, false]), ("5", [true, true, true])]
    {
        let folder = clone(&["--depth", depth]);
        for (what, holds) in ["", "--unreleased", "--tag v1.0.1"].iter().zip(holds) {
            let run = CHANGELOG.run(folder.path(), &words(&format!("{GENERATE} {what}")), &[]);
            // A tag that was not fetched is none.
            let expected = match (holds, run.code) {
                (true, _) => 0,
                (false, 2) if what.contains("tag") && run.stderr.contains("git fetch --tags") => 2,
                (false, _) => 10,
            };
            assert_eq!(run.code, expected, "depth {depth} {what}: {}{}", run.stdout, run.stderr);
            assert_eq!(folder.path().join("notes.md").exists(), holds, "depth {depth} {what}");
            if expected == 10 {
                assert!(
                    run.stderr.contains("fetch-depth: 0") && run.stderr.contains("blob:none"),
                    "{}",
                    run.stderr
                );
            }
            let _ = fs::remove_file(folder.path().join("notes.md"));
        }
    }
}

#[test]
fn what_ends_no_release_or_is_odd_is_said() {
    let scratch = Scratch::new();
    commit(scratch.path(), b"feat: a\n");
    for tag in ["V1.0.0", "v1.0.0-rc10", "v1", "nightly", "pkg@1.0.0"] {
        scratch.git(&["tag", tag]);
    }
    commit(scratch.path(), b"fix: \xff\xfe\n");
    commit(scratch.path(), b"fixup! fix: x\n");
    commit(scratch.path(), b"words\n");
    scratch.git(&["replace", "HEAD~1", "HEAD~2"]);
    let run = CHANGELOG.run(scratch.path(), &words(GENERATE), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut found = run.found(Level::Note);
    found.extend(run.found(Level::Warning));
    for rule in [
        "near-tag",
        "other-tags",
        "odd-version",
        "replacements",
        "no-text",
        "left-out",
        "unconventional",
        "near-miss",
    ] {
        assert!(found.contains(&rule), "{rule} in {found:?}");
    }
    assert_eq!(run.report().fact("family", None), Some("v"));
    let run = CHANGELOG.run(scratch.path(), &words(&format!("{GENERATE} --path none")), &[]);
    assert!(run.found(Level::Warning).contains(&"nothing-new"));
}

#[test]
fn a_long_changelog_is_no_output() {
    let scratch = Scratch::new();
    for number in 0..120 {
        let text = format!("feat: {number} {}\n", "long ".repeat(190));
        commit(scratch.path(), text.as_bytes());
    }
    let run = CHANGELOG.run_as_step(scratch.path(), &words(GENERATE), &[]);
    assert_eq!((run.code, run.output("changelog"), run.output("entries")), (0, "", "120"), "{}", run.stderr);
    assert!(run.found(Level::Note).contains(&"output-too-long"));
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let scratch = Scratch::new();
    for number in 0..20 {
        commit(scratch.path(), format!("feat: {number}\n").as_bytes());
    }
    let read = || {
        let run = CHANGELOG.run(scratch.path(), &words(GENERATE), &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        fs::read(scratch.path().join("notes.md")).unwrap()
    };
    assert_eq!(read(), read());
}
