//! What stands beside the history: pull requests, people, templates, and a changelog that is there.

use std::fs;
use std::path::Path;

use lw_model::{Level, Verdict};
use lw_testkit::git::{Scratch, command};
use lw_testkit::github::{Access, Account, Fault, Injection, Permissions, PullSpec, Stub, When};
use lw_testkit::http::Fault as Way;
use lw_testkit::tool::words;

use crate::CHANGELOG;

/// A commit of somebody.
fn commit(scratch: &Scratch, who: &str, message: &str) -> String {
    let author = format!("--author={who} <{who}@x.example>");
    scratch.git(&["commit", "-q", "--allow-empty", "--cleanup=verbatim", &author, "-m", message]);
    let id = scratch.git(&["rev-parse", "HEAD"]);
    String::from_utf8_lossy(&id).trim().to_owned()
}

fn generate(folder: &Path, line: &str) -> lw_testkit::tool::Run {
    CHANGELOG.run_as_step(folder, &words(&format!("generate --config none {line}")), &[])
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

const URL: &str = "--repository-url https://github.com/org/app";

/// Two releases: `ann` wrote both, `bob` came with a merge, `dependabot[bot]` with a squash.
fn history() -> (Scratch, String, String) {
    let scratch = Scratch::new();
    commit(&scratch, "ann", "feat: begin (#1)");
    scratch.git(&["tag", "v1.0.0"]);
    scratch.git(&["checkout", "-q", "-b", "side"]);
    commit(&scratch, "bob", "feat: brought");
    scratch.git(&["checkout", "-q", "main"]);
    scratch.git(&["merge", "-q", "--no-ff", "-m", "Merge branch side", "side"]);
    let merge = String::from_utf8_lossy(&scratch.git(&["rev-parse", "HEAD"])).trim().to_owned();
    let squash = commit(&scratch, "dependabot[bot]", "fix(deps): no number");
    commit(&scratch, "ann", "fix: own (#4)");
    scratch.git(&["tag", "v1.1.0"]);
    (scratch, merge, squash)
}

#[test]
fn commits_get_the_pull_request_that_brought_them() {
    let (scratch, merge, squash) = history();
    let hostile = "<!-- ](javascript:x) @octocat #99 ::error::x\\n# title";
    let pulls = format!(
        r##"[{{"number": 2, "title": "{hostile}", "user": {{"login": "bob-x"}}, "labels": [{{"name": "<b>"}}], "merge_commit_sha": "{merge}"}},
        {{"number": 3, "title": "b", "author": {{"login": "dependabot[bot]"}}, "mergeCommit": {{"oid": "{squash}"}}}},
        {{"number": 4, "title": "d", "user": {{"login": "@evil](x)"}}}}]"##
    );
    fs::write(scratch.path().join("pulls.json"), pulls).unwrap();
    let line = format!(
        "--tag v1.1.0 --changelog-format github {URL} --output notes.md --new-contributors --pulls pulls.json"
    );
    let run = generate(scratch.path(), &line);
    assert_eq!((run.code, run.count("changelog.new-contributors")), (0, 1), "{}", run.stderr);
    let notes = read(scratch.path(), "notes.md");
    for part in [
        "- brought ([#2](https://github.com/org/app/pull/2) by bob-x)\n",
        "- **deps:** no number ([#3](https://github.com/org/app/pull/3) by dependabot\\[bot\\])\n",
        "- own ([#4](https://github.com/org/app/pull/4))\n",
        "### New contributors\n\n- [bob-x](https://github.com/bob-x) in [#2](https://github.com/org/app/pull/2)\n",
    ] {
        assert!(notes.contains(part), "{part} in\n{notes}");
    }
    assert!(!notes.contains('@') && !notes.contains("<!--"), "{notes}");
    let run = generate(
        scratch.path(),
        "--tag v1.1.0 --changelog-format json --output notes.json --pulls pulls.json --new-contributors",
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_str(&read(scratch.path(), "notes.json")).unwrap();
    let brought =
        json[0]["commits"].as_array().unwrap().iter().find(|commit| commit["message"] == "brought").unwrap();
    assert_eq!(brought["remote"]["pr_title"], hostile.replace("\\n", "\n"));
    assert_eq!(
        (&brought["remote"]["pr_number"], &brought["remote"]["username"]),
        (&2.into(), &"bob-x".into())
    );
    assert_eq!(json[0]["new_contributors"][0]["email"], "bob@x.example");
    // Without any of it the numbers in the messages are enough.
    let run = generate(scratch.path(), &format!("--tag v1.1.0 {URL} --output notes.md"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(read(scratch.path(), "notes.md").contains("- own ([#4](https://github.com/org/app/pull/4))"));
    // Pull requests of another repository.
    fs::write(scratch.path().join("pulls.json"), r#"[{"number": 77, "merge_commit_sha": null}]"#).unwrap();
    let run = generate(scratch.path(), "--output notes.md --pulls pulls.json");
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn));
    assert!(run.found(Level::Warning).contains(&"no-pull-request"), "{:?}", run.found(Level::Warning));
    fs::write(scratch.path().join("pulls.json"), "[\n{\"number\": \"x\"}]").unwrap();
    let run = generate(scratch.path(), "--output none.md --pulls pulls.json");
    assert_eq!((run.code, scratch.path().join("none.md").exists()), (3, false));
    assert!(run.stderr.contains("pulls.json:2:") && run.stderr.contains("gh pr list"), "{}", run.stderr);
}

#[test]
fn somebody_is_new_only_where_the_history_says_so() {
    let (scratch, ..) = history();
    let all = generate(scratch.path(), "--new-contributors --output all.md");
    assert_eq!(all.code, 0, "{}", all.stderr);
    let text = read(scratch.path(), "all.md");
    assert_eq!(text.matches("### New contributors").count(), 2, "{text}");
    assert!(
        text.contains("- bob\n") && text.contains("- ann in #1\n") && !text.contains("- dependabot"),
        "{text}"
    );
    for line in ["--tag v1.0.0", "--unreleased"] {
        let run = generate(scratch.path(), &format!("{line} --new-contributors --output one.md"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(read(scratch.path(), "one.md").contains("- ann"), line.contains("v1.0.0"));
    }
    // A clone that holds the release, but not what was before, knows nobody's first time.
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", scratch.path().display());
    let status = command(clone.path()).args(["clone", "-q", "--depth", "3", &url, "."]).status().unwrap();
    assert!(status.success());
    command(clone.path()).args(["fetch", "-q", "--depth", "3", "origin", "tag", "v1.0.0"]).status().unwrap();
    commit(&scratch, "ann", "fix: later");
    let run = generate(scratch.path(), "--new-contributors --path a --output x.md");
    assert_eq!(run.code, 2, "{}", run.stderr);
    let shallow = Scratch::new();
    for number in 0..4 {
        commit(&shallow, "ann", &format!("fix: {number}"));
        shallow.git(&["tag", &format!("v1.0.{number}")]);
    }
    let url = format!("file://{}", shallow.path().display());
    let clone = tempfile::tempdir().unwrap();
    assert!(
        command(clone.path()).args(["clone", "-q", "--depth", "2", &url, "."]).status().unwrap().success()
    );
    assert_eq!(generate(clone.path(), "--tag v1.0.3 --output x.md").code, 0);
    let run = generate(clone.path(), "--tag v1.0.3 --new-contributors --output y.md");
    assert_eq!((run.code, clone.path().join("y.md").exists()), (10, false), "{}", run.stderr);
}

const TEMPLATE: &str = "\
{% for release in releases %}
## {{ release.tag or 'Unreleased' }} ({{ release.timestamp | date }})

{% for group in release.groups %}
### {{ group.title }}

{% for commit in group.commits %}
- {% if commit.scope %}**{{ commit.scope }}:** {% endif %}{{ commit.message }} ({{ commit.id[:8] }})
{% endfor %}

{% endfor %}
{% endfor %}
{% if left_out > 0 %}
{{ left_out }} more.
{% endif %}
";

#[test]
fn a_template_decides_what_stands_where_and_no_more() {
    let scratch = Scratch::new();
    for number in 0..200 {
        commit(
            &scratch,
            "ann",
            &format!(
                "fix(<s>): {number} <script> @octocat ![x](https://t.example) {{{{ 7 * 191 }}}} {{% raw %}}"
            ),
        );
    }
    fs::write(scratch.path().join("t.jinja"), TEMPLATE).unwrap();
    let run = generate(scratch.path(), "--template t.jinja --output notes.md");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let notes = read(scratch.path(), "notes.md");
    assert!(notes.starts_with("## Unreleased ("), "{notes}");
    assert_eq!(notes.matches("\n- **&lt;s&gt;:** ").count(), 200);
    // What a message says in the language of templates is text as well.
    assert!(notes.contains("{{ 7 \\* 191 }} {% raw %}") && !notes.contains("1337"), "{notes}");
    for active in ["<script", "@octocat", "![x]"] {
        assert!(!notes.contains(active), "{active}");
    }
    // What does not fit is left out by whole entries, as many as have to.
    for format in ["markdown", "github"] {
        let line =
            format!("--template t.jinja --changelog-format {format} --max-characters 3000 --output cut.md");
        let run = generate(scratch.path(), &line);
        assert_eq!((run.code, run.found(Level::Warning).contains(&"cut")), (0, true), "{}", run.stderr);
        let cut = read(scratch.path(), "cut.md");
        let told = cut.matches("\n- **").count();
        assert!((2_800..=3_000).contains(&cut.encode_utf16().count()), "{}", cut.len());
        assert!(cut.trim_end().ends_with(&format!("{} more.", 200 - told)), "{cut}");
    }
    for (text, said) in [
        ("a\n{{ release.tag }}", "t.jinja:2: undefined value"),
        (
            "{% for release in releases %}\n\n{{ release.missing.x }}{% endfor %}",
            "t.jinja:3: undefined value",
        ),
        ("{{ releases[0].commits[0].message | safe }}", "t.jinja:1: unknown filter"),
        ("{% include '/etc/passwd' %}", "t.jinja:1: "),
        ("{{", "t.jinja:1: syntax error"),
    ] {
        fs::write(scratch.path().join("t.jinja"), text).unwrap();
        let run = generate(scratch.path(), "--template t.jinja --output none.md");
        assert_eq!((run.code, scratch.path().join("none.md").exists()), (3, false), "{text}");
        assert!(run.stderr.contains(said), "{text}: {}", run.stderr);
    }
    for line in ["--changelog-format json", "--changelog-format keep-a-changelog"] {
        assert_eq!(
            generate(scratch.path(), &format!("--template t.jinja {line} --output none.md")).code,
            2,
            "{line}"
        );
    }
    fs::write(scratch.path().join("t.jinja"), "x".repeat(300)).unwrap();
    assert_eq!(generate(scratch.path(), "--template t.jinja --max-characters 200 --output none.md").code, 3);
}

#[test]
fn releases_are_put_into_a_changelog_once() {
    let (scratch, ..) = history();
    let file = scratch.path().join("CHANGELOG.md");
    let keep = format!("--changelog-format keep-a-changelog {URL} --prepend CHANGELOG.md");
    for (what, line) in [
        ("keep-a-changelog", keep.as_str()),
        ("markdown", "--prepend CHANGELOG.md"),
        ("template", "--template t.jinja --prepend CHANGELOG.md"),
    ] {
        fs::write(scratch.path().join("t.jinja"), TEMPLATE).unwrap();
        let _ = fs::remove_file(&file);
        // A release at a time comes to the same as all at once.
        for tag in ["v1.0.0", "v1.0.0", "v1.1.0", "v1.0.0", "v1.1.0"] {
            let run = generate(scratch.path(), &format!("--pre-releases own --tag {tag} {line}"));
            assert_eq!(run.code, 0, "{what} {tag}: {}", run.stderr);
        }
        let one_by_one = read(scratch.path(), "CHANGELOG.md");
        for text in ["v1.1.0", "1.1.0]"].iter().take(1) {
            assert!(what == "keep-a-changelog" || one_by_one.matches(text).count() == 1, "{one_by_one}");
        }
        assert!(one_by_one.find("1.1.0").unwrap() < one_by_one.find("1.0.0").unwrap(), "{one_by_one}");
        assert!(what == "template" || one_by_one.starts_with("# Changelog\n\n"), "{one_by_one}");
        fs::remove_file(&file).unwrap();
        for _ in 0..2 {
            let run = generate(scratch.path(), line);
            assert_eq!(run.code, 0, "{what}: {}", run.stderr);
            let whole = read(scratch.path(), "CHANGELOG.md");
            if what != "keep-a-changelog" {
                assert_eq!(whole, one_by_one, "{what}");
            }
        }
        let run = generate(scratch.path(), line);
        assert!(run.found(Level::Note).contains(&"kept"), "{what}: {:?}", run.found(Level::Note));
        assert_eq!(run.output("changelog"), "", "nothing was put in");
    }
    // By hand, with CR LF, and with what is not released.
    commit(&scratch, "ann", "feat: newest");
    let by_hand = "# Changelog\r\n\r\nOurs.\r\n\r\n## [Unreleased]\r\n\r\n### Added\r\n\r\n- by hand  \r\n\r\n## [1.0.0] - 2020-01-01\r\n\r\n* as it was\r\n\r\n[Unreleased]: https://github.com/org/app/compare/v1.0.0...HEAD\r\n";
    fs::write(&file, by_hand).unwrap();
    let run = generate(scratch.path(), &format!("--unreleased {keep}"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let first = read(scratch.path(), "CHANGELOG.md");
    assert!(
        first.contains("- newest ([")
            && first.contains("- by hand  \r\n")
            && first.contains("compare/v1.1.0...HEAD\r\n"),
        "{first}"
    );
    assert!(run.found(Level::Note).contains(&"by-hand"), "{:?}", run.found(Level::Note));
    scratch.git(&["tag", "v1.2.0"]);
    for _ in 0..2 {
        let run = generate(scratch.path(), &keep);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let text = read(scratch.path(), "CHANGELOG.md");
        assert!(!text.replace("\r\n", "").contains('\n'), "a line ends in LF alone: {text:?}");
        for once in [
            "- newest ",
            "- by hand  \r\n",
            "* as it was\r\n",
            "## [1.2.0]",
            "## [1.1.0]",
            "## [1.0.0]",
            "## [Unreleased]",
            "[1.2.0]: ",
            "[Unreleased]: ",
        ] {
            assert_eq!(text.matches(once).count(), 1, "{once} in\n{text}");
        }
        assert!(text.contains("compare/v1.2.0...HEAD") && text.contains("\r\nOurs.\r\n"), "{text}");
        let place = |part: &str| text.find(part).unwrap();
        assert!(
            place("## [Unreleased]") < place("## [1.2.0]") && place("## [1.2.0]") < place("- by hand"),
            "{text}"
        );
        assert!(
            place("- by hand") < place("## [1.1.0]") && place("## [1.1.0]") < place("## [1.0.0]"),
            "{text}"
        );
    }
    for (line, code) in [
        ("--prepend CHANGELOG.md --output x.md", 2),
        ("--prepend CHANGELOG.md --changelog-format json", 2),
        ("--prepend CHANGELOG.md --changelog-format github", 2),
        ("--prepend CHANGELOG.md --max-characters 9000", 2),
    ] {
        assert_eq!(generate(scratch.path(), line).code, code, "{line}");
    }
    for (bytes, said) in [(&b"# x\n\xff"[..], "offset 4"), (b"a\n```\nb\n", "CHANGELOG.md:2: ")] {
        fs::write(&file, bytes).unwrap();
        let run = generate(scratch.path(), "--prepend CHANGELOG.md");
        assert_eq!((run.code, fs::read(&file).unwrap().as_slice()), (3, bytes));
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    fs::write(scratch.path().join("t.jinja"), "# Notes\n{{ releases | length }}\n").unwrap();
    fs::remove_file(&file).unwrap();
    let run = generate(scratch.path(), "--template t.jinja --prepend CHANGELOG.md");
    assert_eq!((run.code, file.exists()), (3, false), "{}", run.stderr);
    assert!(run.stderr.contains("begins no section"), "{}", run.stderr);
}

#[test]
fn breaking_changes_stand_before_all_with_what_to_do() {
    let scratch = Scratch::new();
    commit(
        &scratch,
        "ann",
        "feat(net)!: other ports\n\nBREAKING CHANGE: 80 becomes 8080\n\nMigration: open the port,\nthen <restart>\nSigned-off-by: A <a@x>",
    );
    for format in ["markdown", "github", "keep-a-changelog"] {
        let run = generate(scratch.path(), &format!("--changelog-format {format} --output n.md"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let text = read(scratch.path(), "n.md");
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        assert!(
            place("### Breaking changes\n\n- **net:** 80 becomes 8080 (")
                < place("### Migration\n\n- **net:** open the port,\n  then &lt;restart&gt; (")
        );
        assert!(place("### Migration") < place("other ports (") && !text.contains("Signed-off"), "{text}");
    }
}

const REPOSITORY: &str = "org/app";
const TOKEN: &str = "ghs_canary0a8Jm2kQ9xTw4v";

/// A GitHub that has the pull requests of [`history`], one on a page.
fn github(merge: &str, squash: &str, permissions: Permissions) -> Stub {
    let stub = Stub::start();
    stub.world(|world| {
        world.add_repository(REPOSITORY);
        world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
        world.set_page(1);
        for (author, label, commit) in [
            ("ann", "", None),
            ("bob-x", "<b>", Some(merge)),
            ("dependabot[bot]", "deps", Some(squash)),
            ("](javascript:x)", "", None),
            ("eve", "", None),
        ] {
            let title = "<!-- ](javascript:x) @octocat #99 ::error::x".to_owned();
            let labels = if label.is_empty() { Vec::new() } else { vec![label.to_owned()] };
            let spec = PullSpec {
                title,
                author: author.to_owned(),
                labels,
                ..PullSpec::from(REPOSITORY, "b", &"a".repeat(40))
            };
            let number = world.add_pull(REPOSITORY, &spec);
            if let Some(commit) = commit {
                world.merge(REPOSITORY, number, commit);
            }
        }
    });
    stub
}

/// The notes of v1.1.0 with what GitHub tells, and how the run ended.
fn fetched(scratch: &Scratch, stub: &Stub, env: &[(&str, &str)]) -> lw_testkit::tool::Run {
    let line = format!(
        "generate --config none --tag v1.1.0 --changelog-format github {URL} --output notes.md --new-contributors --pulls github"
    );
    let api = stub.api_url();
    let env = [&[("GITHUB_REPOSITORY", REPOSITORY), ("GITHUB_API_URL", api.as_str())], env].concat();
    let _ = fs::remove_file(scratch.path().join("notes.md"));
    CHANGELOG.run_as_step(scratch.path(), &words(&line), &env)
}

#[test]
fn github_is_asked_for_what_was_merged() {
    let (scratch, merge, squash) = history();
    let reads = Permissions { pull_requests: Access::Read, ..Permissions::none() };
    let stub = github(&merge, &squash, reads);
    let run = fetched(&scratch, &stub, &[("GITHUB_TOKEN", TOKEN)]);
    assert_eq!((run.code, run.count("changelog.pull-requests")), (0, 2), "{}", run.stderr);
    let notes = read(scratch.path(), "notes.md");
    for part in [
        "- brought ([#2](https://github.com/org/app/pull/2) by bob-x)\n",
        "- **deps:** no number ([#3](https://github.com/org/app/pull/3) by dependabot\\[bot\\])\n",
        "- own ([#4](https://github.com/org/app/pull/4))\n",
    ] {
        assert!(notes.contains(part), "{part} in\n{notes}");
    }
    assert!(!notes.contains('@') && !notes.contains("<!--"), "{notes}");
    let asked = stub.requests();
    assert!(asked.iter().all(|seen| seen.method == "GET" && seen.has_token), "{asked:#?}");
    assert_eq!((stub.refusals(), asked.len()), (vec![], 2));
    for text in [&run.stdout, &run.stderr, &notes] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    // Without a commit there is nothing to ask for.
    let line = "generate --config none --unreleased --pulls github";
    let run = CHANGELOG.run_as_step(scratch.path(), &words(line), &[]);
    assert_eq!((run.code, run.count("changelog.pull-requests")), (0, 0), "{}", run.stderr);
}

#[test]
fn a_changelog_without_what_github_did_not_tell_is_not_written() {
    let (scratch, merge, squash) = history();
    let stub = github(&merge, &squash, Permissions::read());
    let with_token = [("GITHUB_TOKEN", TOKEN)];
    let whole = {
        assert_eq!(fetched(&scratch, &stub, &with_token).code, 0);
        read(scratch.path(), "notes.md")
    };
    // Whichever answer is lost is asked for again.
    for number in 1..=2 {
        stub.inject(Injection::once(When::Nth(stub.answered() + number), Fault::from(Way::Drop)));
        let run = fetched(&scratch, &stub, &with_token);
        assert_eq!((run.code, read(scratch.path(), "notes.md")), (0, whole.clone()), "{}", run.stderr);
    }
    let failed = |stub: &Stub, env: &[(&str, &str)], code: u8, says: &[&str]| {
        let run = fetched(&scratch, stub, env);
        assert_eq!(run.code, i32::from(code), "{}", run.stderr);
        for word in says {
            assert!(run.stderr.contains(word) || run.stdout.contains(word), "{word} in {}", run.stderr);
        }
        assert!(!scratch.path().join("notes.md").exists());
    };
    failed(&stub, &[], 2, &["GITHUB_TOKEN", "pull-requests: read"]);
    failed(&stub, &[("GITHUB_TOKEN", TOKEN), ("GITHUB_REPOSITORY", "no name")], 2, &["owner/name"]);
    let none = github(&merge, &squash, Permissions::none());
    none.world(|world| world.make_private(REPOSITORY));
    failed(&none, &with_token, 4, &["pull-requests: read"]);
    // Of a second page only.
    let stub = github(&merge, &squash, Permissions::read());
    stub.inject(Injection::once(When::Nth(2), Fault::from(Way::Status(404))));
    failed(&stub, &with_token, 4, &["finds nothing"]);
    // Who names a token wants it to be used.
    let run = generate(scratch.path(), "--token env:X");
    assert!(run.code == 2 && run.stderr.contains("--pulls github"), "{}", run.stderr);
}
