//! `show`, `next` and `env`.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_model::{Level, Verdict};
use lw_testkit::git::{Scratch, command};
use lw_testkit::tool::words;
use proptest::prelude::*;

use crate::VERSION;

const SHOW: &str = "show --config none";
const NEXT: &str = "next --config none";
const ENV: &str = "env --config none";

fn commit(scratch: &Scratch, message: &str) {
    scratch.git(&["commit", "-q", "--allow-empty", "-m", message]);
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// One feature released as `tag`.
fn released(tag: &str) -> Scratch {
    let scratch = Scratch::new();
    commit(&scratch, "feat: a");
    scratch.git(&["tag", tag]);
    scratch
}

#[test]
fn a_commit_has_the_version_of_its_tag_or_of_the_release_it_follows() {
    let scratch = released("v1.2.3");
    let run = VERSION.run_as_step(scratch.path(), &words(SHOW), &[]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{}", run.stderr);
    let head = git(scratch.path(), &["rev-parse", "HEAD"]);
    for (name, value) in [
        ("version", "1.2.3"),
        ("major", "1"),
        ("minor", "2"),
        ("patch", "3"),
        ("tag", "v1.2.3"),
        ("previous", ""),
        ("describe", "v1.2.3"),
        ("is-prerelease", "false"),
        ("dirty", ""),
        ("commit", &head),
    ] {
        assert_eq!(run.output(name), value, "{name}");
    }
    commit(&scratch, "fix: b");
    commit(&scratch, "fix: c");
    let run = VERSION.run_as_step(scratch.path(), &words(SHOW), &[]);
    let head = git(scratch.path(), &["rev-parse", "--short=12", "HEAD"]);
    assert_eq!(run.output("version"), format!("1.2.3+2.g{head}"));
    assert_eq!(run.output("describe"), git(scratch.path(), &["describe", "--tags", "--abbrev=12"]));
    assert_eq!((run.output("tag"), run.output("previous")), ("", "v1.2.3"));
    assert_eq!((run.count("version.distance"), run.output("is-prerelease")), (2, "true"));
    // Of several tags on one commit the highest counts, whatever git finds first.
    for tag in ["v1.3.0-rc.1", "v1.3.0", "v1.3.0-alpha", "pkg@9.0.0", "v2"] {
        scratch.git(&["tag", tag]);
    }
    let run = VERSION.run_as_step(scratch.path(), &words(SHOW), &[]);
    assert_eq!((run.output("version"), run.output("tag")), ("1.3.0", "v1.3.0"));
    let run = VERSION.run_as_step(scratch.path(), &words(&format!("{SHOW} --tag-prefix pkg@")), &[]);
    assert_eq!((run.output("version"), run.output("tag")), ("9.0.0", "pkg@9.0.0"));
    let run = VERSION.run(scratch.path(), &words(&format!("{SHOW} --head HEAD~1 --format plain")), &[]);
    let before = git(scratch.path(), &["rev-parse", "--short=12", "HEAD~1"]);
    assert_eq!(run.stdout, format!("1.2.3+1.g{before}\n"));
}

#[test]
fn a_changed_work_tree_is_said_when_asked_for() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("a.c"), "int a;\n").unwrap();
    scratch.git(&["add", "a.c"]);
    commit(&scratch, "feat: a");
    scratch.git(&["tag", "v1.0.0"]);
    let line = format!("{SHOW} --dirty");
    let run = VERSION.run_as_step(scratch.path(), &words(&line), &[]);
    assert_eq!((run.output("version"), run.output("dirty")), ("1.0.0", "false"), "{}", run.stderr);
    fs::write(scratch.path().join("a.c"), "int b;\n").unwrap();
    let run = VERSION.run_as_step(scratch.path(), &words(&line), &[]);
    let head = git(scratch.path(), &["rev-parse", "--short=12", "HEAD"]);
    assert_eq!(run.output("version"), format!("1.0.0+g{head}.dirty"));
    assert_eq!(run.output("describe"), "v1.0.0-dirty");
    assert_eq!((run.output("dirty"), run.output("is-prerelease")), ("true", "true"));
    assert!(run.found(Level::Warning).contains(&"dirty") && run.stdout.contains("a.c"), "{}", run.stdout);
    let run = VERSION.run(scratch.path(), &words(&format!("{line} --fail-on warning")), &[]);
    assert_eq!(run.code, 1);
    let run = VERSION.run(scratch.path(), &words(&format!("{line} --head HEAD~0")), &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn before_the_first_release_somebody_has_to_say_what_it_is() {
    let scratch = Scratch::new();
    commit(&scratch, "feat: a");
    commit(&scratch, "fix: b");
    for line in [SHOW, NEXT, ENV] {
        let run = VERSION.run(scratch.path(), &words(line), &[]);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
        assert!(run.stderr.contains("--initial-version"), "{}", run.stderr);
    }
    let head = git(scratch.path(), &["rev-parse", "--short=12", "HEAD"]);
    let run = VERSION.run_as_step(scratch.path(), &words(&format!("{SHOW} --initial-version 0.1.0")), &[]);
    assert_eq!(run.output("version"), format!("0.1.0-dev.2+g{head}"));
    assert_eq!((run.output("describe"), run.output("is-prerelease")), (head.as_str(), "true"));
    let run = VERSION.run_as_step(scratch.path(), &words(&format!("{NEXT} --initial-version 0.1.0")), &[]);
    assert_eq!((run.output("version"), run.output("tag")), ("0.1.0", "v0.1.0"));
    for bad in ["1.2", "v1.0.0", "0.1.0+b"] {
        let run = VERSION.run(scratch.path(), &words(&format!("{NEXT} --initial-version {bad}")), &[]);
        assert_eq!(run.code, 2, "{bad}: {}", run.stderr);
    }
}

#[test]
fn the_next_version_follows_from_the_commits() {
    for (tag, messages, more, version, bump) in [
        ("v1.2.3", &["fix: b"][..], "", "1.2.4", "patch"),
        ("v1.2.3", &["fix: b", "feat: c"], "", "1.3.0", "minor"),
        ("v1.2.3", &["fix!: b"], "", "2.0.0", "major"),
        ("v0.2.3", &["fix!: b"], "", "0.3.0", "major"),
        ("v0.2.3", &["feat: b"], "--zero-major shift", "0.2.4", "minor"),
        ("v0.2.3", &["fix!: b"], "--zero-major major", "1.0.0", "major"),
        ("v1.2.3", &["feat: b"], "--pre-release rc", "1.3.0-rc.1", "minor"),
        ("pkg@1.2.3", &["feat: b"], "", "1.3.0", "minor"),
        ("v1.2", &["feat: b"], "--scheme two-part", "1.3", "minor"),
    ] {
        let scratch = released(tag);
        for message in messages {
            commit(&scratch, message);
        }
        let run = VERSION.run_as_step(scratch.path(), &words(&format!("{NEXT} {more}")), &[]);
        assert_eq!(run.code, 0, "{tag} {messages:?}: {}", run.stderr);
        assert_eq!((run.output("version"), run.output("bump")), (version, bump), "{tag} {messages:?}");
        let prefix = tag.trim_end_matches(|last: char| last.is_ascii_digit() || last == '.');
        assert_eq!(run.output("tag"), format!("{prefix}{version}"));
        assert_eq!(run.output("previous"), tag);
        assert_eq!(run.output("is-prerelease"), version.contains("rc").to_string());
    }
}

#[test]
fn no_next_version_is_no_version_and_a_taken_one_is_an_error() {
    let scratch = released("v1.2.3");
    commit(&scratch, "docs: b");
    let run = VERSION.run_as_step(scratch.path(), &words(NEXT), &[]);
    assert_eq!((run.code, run.output("version"), run.output("tag"), run.output("bump")), (0, "", "", "none"));
    assert_eq!(run.found(Level::Warning), ["nothing-to-release"]);
    let run = VERSION.run(scratch.path(), &words(&format!("{NEXT} --fail-on warning")), &[]);
    assert_eq!(run.code, 1);
    scratch.git(&["checkout", "-q", "-b", "other"]);
    commit(&scratch, "fix: c");
    scratch.git(&["tag", "v1.2.4"]);
    scratch.git(&["checkout", "-q", "main"]);
    commit(&scratch, "fix: d");
    let run = VERSION.run_as_step(scratch.path(), &words(NEXT), &[]);
    assert_eq!((run.code, run.output("version")), (3, ""));
    assert!(run.stderr.contains("v1.2.4"), "{}", run.stderr);
}

/// What others would make a higher version of is a warning, and what was taken back is none.
#[test]
fn messages_that_may_ask_for_more_are_named() {
    for (message, bump, near, level) in [
        ("feat: a\nBREAKING CHANGE: gone", "minor", "(breaking-no-blank-line)", Level::Warning),
        ("fix: a\n\nbreaking change: gone", "patch", "(breaking-lower-case)", Level::Warning),
        ("fix: a\n\nBREAKING CHANGE #12 gone", "patch", "(breaking-hash)", Level::Warning),
        ("feat!(api): a", "none", "(bang-before-scope)", Level::Warning),
        ("feat:z", "none", "(no-space)", Level::Warning),
        ("feat: a (#1)\n\n* feat: b\n* fix!: c", "minor", "(squashed-breaking)", Level::Warning),
        ("fix:  two spaces", "patch", "(two-spaces)", Level::Note),
    ] {
        let scratch = released("v1.2.3");
        commit(&scratch, message);
        let run = VERSION.run_as_step(scratch.path(), &words(NEXT), &[]);
        assert_eq!((run.code, run.output("bump")), (0, bump), "{message:?}: {}", run.stderr);
        assert_eq!(run.count("version.near-misses"), 1, "{message:?}");
        let report = run.report();
        let found = report.findings.iter().find(|one| one.message.contains(near));
        let found = found.unwrap_or_else(|| panic!("{message:?}: {}", run.stdout));
        assert_eq!((found.rule.as_str(), found.level), ("version/near-miss", level), "{message:?}");
        assert!(found.help.as_ref().is_some_and(|help| help.contains("git-cliff")), "{found:?}");
        let run = VERSION.run(scratch.path(), &words(&format!("{NEXT} --fail-on warning")), &[]);
        assert_eq!(run.code, i32::from(level == Level::Warning), "{message:?}");
    }
    let scratch = released("v1.2.3");
    commit(&scratch, "feat:z");
    let id = git(scratch.path(), &["rev-parse", "HEAD"]);
    commit(&scratch, &format!("Revert \"feat:z\"\n\nThis reverts commit {id}."));
    commit(&scratch, "fix: b");
    commit(&scratch, "just words");
    let run = VERSION.run(scratch.path(), &words(NEXT), &[]);
    assert_eq!((run.count("version.near-misses"), run.count("version.unconventional")), (0, 1));
    assert_eq!(run.found(Level::Note), ["unconventional"]);
    assert!(run.found(Level::Warning).is_empty(), "{}", run.stdout);
}

/// However many there are, some are named and the others counted, those that matter first.
#[test]
fn many_near_misses_are_counted() {
    let scratch = released("v1.2.3");
    for number in 0..60 {
        commit(&scratch, &format!("fix:  two spaces {number}"));
    }
    let more = |scratch: &Scratch| {
        let run = VERSION.run(scratch.path(), &words(NEXT), &[]);
        let report = run.report();
        let found = report.findings.iter().filter(|one| one.rule == "version/near-miss");
        let found: Vec<_> = found.map(|one| (one.level, one.message.clone())).collect();
        assert_eq!(found.len(), 51);
        let warnings = found.iter().filter(|(level, _)| *level == Level::Warning).count();
        (run.count("version.near-misses"), warnings, found[50].clone())
    };
    let message = "10 more messages are nearly conventional".to_owned();
    assert_eq!(more(&scratch), (60, 0, (Level::Note, message)));
    // Though they are the oldest, they are named.
    let scratch = released("v1.2.3");
    for number in 0..60 {
        commit(&scratch, &if number < 3 { format!("feat:{number}") } else { format!("fix:  {number}") });
    }
    let message = "10 more messages are nearly conventional".to_owned();
    assert_eq!(more(&scratch), (60, 3, (Level::Note, message)));
    for number in 0..60 {
        commit(&scratch, &format!("feat:{number}"));
    }
    let message = "70 more messages are nearly conventional; 13 of them may concern the version".to_owned();
    assert_eq!(more(&scratch), (120, 51, (Level::Warning, message)));
}

#[test]
fn a_path_has_a_version_of_its_own() {
    let scratch = Scratch::new();
    for (path, message) in [("a/x", "feat: a"), ("b/x", "feat: b")] {
        fs::create_dir_all(scratch.path().join(path).parent().unwrap()).unwrap();
        fs::write(scratch.path().join(path), message).unwrap();
        scratch.git(&["add", "-A"]);
        commit(&scratch, message);
    }
    scratch.git(&["tag", "a@1.0.0"]);
    scratch.git(&["tag", "b@4.0.0"]);
    fs::write(scratch.path().join("b/x"), "2").unwrap();
    scratch.git(&["commit", "-qam", "fix!: b"]);
    let of = |prefix: &str, path: &str| {
        let line = format!("{NEXT} --tag-prefix {prefix} --path {path}");
        VERSION.run_as_step(scratch.path(), &words(&line), &[]).output("tag").to_owned()
    };
    assert_eq!((of("a@", "a"), of("b@", "b")), (String::new(), "b@5.0.0".to_owned()));
    let run = VERSION.run(scratch.path(), &words(NEXT), &[]);
    assert_eq!(run.code, 2, "which of the two is not said: {}", run.stderr);
}

#[test]
fn a_clone_that_is_too_small_ends_with_a_code_of_its_own_and_never_with_a_version() {
    let scratch = released("v1.0.0");
    for message in ["fix: b", "feat: c", "fix: d"] {
        commit(&scratch, message);
    }
    let clone = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", scratch.path().display());
        let run = command(folder.path()).args(["clone", "-q"]).args(arguments).args([&url, "."]).status();
        assert!(run.unwrap().success());
        folder
    };
    let shallow = clone(&["--depth", "2"]);
    for line in [SHOW, NEXT, ENV] {
        for more in ["", "--initial-version 0.1.0"] {
            let run = VERSION.run_as_step(shallow.path(), &words(&format!("{line} {more}")), &[]);
            assert_eq!((run.code, run.output("version")), (10, ""), "{line} {more}: {}", run.stdout);
            assert!(run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
        }
    }
    let whole = clone(&[]);
    assert_eq!(VERSION.run_as_step(whole.path(), &words(NEXT), &[]).output("version"), "1.1.0");
    // What a run for a tag checks out is one commit, which is all it takes.
    let tagged = clone(&["--depth", "1", "--branch", "v1.0.0"]);
    assert_eq!(VERSION.run_as_step(tagged.path(), &words(SHOW), &[]).output("version"), "1.0.0");
}

#[test]
fn what_is_odd_about_a_repository_is_said() {
    let scratch = released("v1.0.0-rc10");
    for tag in ["V1.0.0", "v1", "nightly"] {
        scratch.git(&["tag", tag]);
    }
    commit(&scratch, "fix: b");
    scratch.git(&["replace", "HEAD", "HEAD~1"]);
    let run = VERSION.run(scratch.path(), &words(SHOW), &[]);
    let mut found = run.found(Level::Note);
    found.extend(run.found(Level::Warning));
    for rule in ["near-tag", "other-tags", "odd-version", "replacements"] {
        assert!(found.contains(&rule), "{rule} in {found:?}");
    }
}

/// The pairs of a file that the runner reads, by its grammar.
fn pairs(path: &Path) -> Vec<(String, String)> {
    let bytes = fs::read(path).unwrap_or_default();
    let found = lw_testkit::runner::files::parse_pairs(&bytes);
    assert_eq!(found.error, None);
    found.pairs
}

#[test]
fn a_build_gets_variables_and_arguments() {
    let scratch = released("v1.2.3");
    let file = scratch.path().join("env.txt");
    let run = VERSION.run_as_step(
        scratch.path(),
        &words(&format!("{ENV} --platformio")),
        &[("GITHUB_ENV", file.to_str().unwrap())],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let head = git(scratch.path(), &["rev-parse", "HEAD"]);
    let short = &head[..12];
    let flags = format!(
        "'-DBUILD_VERSION=\"1.2.3\"' -DBUILD_VERSION_MAJOR=1 -DBUILD_VERSION_MINOR=2 -DBUILD_VERSION_PATCH=3 '-DBUILD_COMMIT=\"{head}\"' '-DBUILD_COMMIT_SHORT=\"{short}\"' '-DBUILD_TIME=\"2026-01-02T03:04:05Z\"'"
    );
    let expected = [
        ("BUILD_VERSION", "1.2.3"),
        ("BUILD_VERSION_MAJOR", "1"),
        ("BUILD_VERSION_MINOR", "2"),
        ("BUILD_VERSION_PATCH", "3"),
        ("BUILD_COMMIT", &head),
        ("BUILD_COMMIT_SHORT", short),
        ("BUILD_TIME", "2026-01-02T03:04:05Z"),
        ("BUILD_TAG", "v1.2.3"),
        ("BUILD_DESCRIBE", "v1.2.3"),
        ("PLATFORMIO_BUILD_FLAGS", &flags),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(pairs(&file), expected);
    assert_eq!(run.output("platformio-flags"), flags);
    let rest = format!(
        "BUILD_VERSION_MAJOR=1 {{}}BUILD_VERSION_MINOR=2 {{}}BUILD_VERSION_PATCH=3 {{}}BUILD_COMMIT={head} {{}}BUILD_COMMIT_SHORT={short} {{}}BUILD_TIME=2026-01-02T03:04:05Z"
    );
    for (output, before) in [("cmake-args", "-D"), ("docker-args", "--build-arg ")] {
        let expected = format!("{before}BUILD_VERSION=1.2.3 {before}{}", rest.replace("{}", before));
        assert_eq!(run.output(output), expected);
    }
    // Without being asked for, nothing of PlatformIO's is set; and the time is the one that is fixed.
    fs::remove_file(&file).unwrap();
    let variables = [("GITHUB_ENV", file.to_str().unwrap()), ("SOURCE_DATE_EPOCH", "951782400")];
    let run = VERSION.run_as_step(scratch.path(), &words(&format!("{ENV} --env-prefix FW_")), &variables);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found = pairs(&file);
    assert!(found.contains(&("FW_TIME".to_owned(), "2000-02-29T00:00:00Z".to_owned())), "{found:?}");
    let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains("PLATFORMIO")));
}

#[test]
fn a_prefix_makes_no_name_that_decides_anything() {
    let scratch = released("v1.2.3");
    let file = scratch.path().join("env.txt");
    for prefix in ["LD_", "GITHUB_", "ld_", "NODE_", "LW_", "A B", "A\n", "", "1", "A=", "$(id)", "ä"] {
        let arguments = ["env", "--config", "none", &format!("--env-prefix={prefix}")];
        let run = VERSION.run_as_step(scratch.path(), &arguments, &[("GITHUB_ENV", file.to_str().unwrap())]);
        // Without a prefix the names are words of their own.
        assert_eq!(run.code, if prefix.is_empty() { 0 } else { 2 }, "{prefix:?}: {}", run.stderr);
        if !prefix.is_empty() {
            assert!(pairs(&file).is_empty(), "{prefix:?}");
        }
        let _ = fs::remove_file(&file);
    }
}

#[test]
fn names_of_tags_and_texts_of_commits_do_nothing() {
    let scratch = Scratch::new();
    let body = "feat: a $(id) `id` \" ' \\ ::set-output name=version::9.9.9\n\nEOF\nversion=9.9.9\nghadelimiter_x\n::add-mask::1\n";
    commit(&scratch, body);
    let family = "x$(touch${IFS}p)`id`'\"%0A;|&#-";
    scratch.git(&["tag", &format!("{family}1.2.3")]);
    scratch.git(&["checkout", "-q", "-b", "br$(id)`id`'\";v9.9.9"]);
    commit(&scratch, body);
    let file = scratch.path().join("env.txt");
    let variables = [("GITHUB_ENV", file.to_str().unwrap())];
    for line in [SHOW, NEXT, ENV] {
        let run = VERSION.run_as_step(scratch.path(), &words(line), &variables);
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        for text in [&run.stdout, &run.stderr] {
            // What starts a line for the runner is its own.
            assert!(
                !text.lines().any(|line| line.starts_with("::error::") || line.starts_with("::add-mask")),
                "{text}"
            );
        }
        let version = run.output("version");
        assert!(version == "1.3.0" || version.starts_with("1.2.3+1.g"), "{version}");
        if line == ENV {
            let found = pairs(&file);
            let tag = found.iter().find(|(name, _)| name == "BUILD_TAG").unwrap();
            assert_eq!(tag.1, format!("{family}1.2.3"));
            assert_eq!(found.len(), 9);
            for output in ["platformio-flags", "cmake-args", "docker-args"] {
                let plain = |c: char| c.is_ascii_alphanumeric() || " .+:-_='\"\n".contains(c);
                assert!(run.output(output).chars().all(plain), "{}", run.output(output));
            }
        }
    }
}

/// What a program makes of a text, if it is there.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn shells_compilers_and_python_split_the_arguments_as_they_are_meant() {
    let scratch = released("v1.2.3-rc.1+b.7");
    commit(&scratch, "fix: b");
    let run = VERSION.run_as_step(scratch.path(), &words(ENV), &[]);
    let flags = run.output("platformio-flags");
    let version = run.output("version");
    let python = "import shlex, sys; print('\\n'.join(shlex.split(sys.argv[1])))";
    for found in
        [said("sh", &["-c", &format!("printf '%s\\n' {flags}")]), said("python3", &["-c", python, flags])]
    {
        let Some(found) = found else { continue };
        assert_eq!(found.lines().next(), Some(format!("-DBUILD_VERSION=\"{version}\"").as_str()));
        assert_eq!(found.lines().count(), 7);
    }
    // What the compiler makes of the macros, through a shell.
    if Command::new("cc").arg("--version").output().is_ok() {
        let file = scratch.path().join("v.c");
        let program = scratch.path().join("v");
        fs::write(&file, "#include <stdio.h>\nint main(void) { printf(\"%s %d\\n\", BUILD_VERSION, BUILD_VERSION_MINOR + 0); return 0; }\n").unwrap();
        let line = format!("cc {flags} -o \"$1\" \"$2\" && \"$1\"");
        let arguments = ["-c", &line, "sh", program.to_str().unwrap(), file.to_str().unwrap()];
        assert_eq!(said("sh", &arguments), Some(format!("{version} 2\n")));
    }
    for output in ["cmake-args", "docker-args"] {
        let text = run.output(output);
        let split = said("sh", &["-c", "printf '%s\\n' $1", "sh", text]).unwrap_or_default();
        assert_eq!(split.split_whitespace().collect::<Vec<_>>().join(" "), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is committed and tagged, the version is that of git's own description.
    #[test]
    fn random_histories_are_described_as_git_describes_them(steps in proptest::collection::vec(0..4_u8, 1..12)) {
        let scratch = released("v0.1.0");
        let mut patch = 0;
        for step in steps {
            match step {
                0 => {
                    patch += 1;
                    commit(&scratch, "fix: x");
                    scratch.git(&["tag", &format!("v0.1.{patch}")]);
                }
                1 => commit(&scratch, "feat: y"),
                2 => {
                    scratch.git(&["checkout", "-q", "-b", "side"]);
                    commit(&scratch, "fix: side");
                    scratch.git(&["checkout", "-q", "main"]);
                    commit(&scratch, "docs: main");
                    scratch.git(&["merge", "-q", "--no-ff", "side", "-m", "Merge side"]);
                    scratch.git(&["branch", "-q", "-D", "side"]);
                }
                _ => commit(&scratch, "words"),
            }
        }
        let run = VERSION.run_as_step(scratch.path(), &words(SHOW), &[]);
        prop_assert_eq!(run.code, 0, "{}", run.stderr);
        prop_assert_eq!(run.output("describe"), git(scratch.path(), &["describe", "--tags", "--abbrev=12"]));
    }
}
