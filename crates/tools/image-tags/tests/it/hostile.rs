//! Names of branches and texts of events that would like to be more than that.

use std::fs;

use lw_tag_rules::tag;
use lw_testkit::git::Scratch;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::TOOL;

const HOSTILE: [&str; 12] = [
    "$(id)",
    "`id`",
    "a\"b'c",
    "a\nversion=9.9.9",
    "a\r\n::add-mask::x",
    "::set-output name=tags::evil",
    "a\nghadelimiter_x\nEOF\ntags=evil",
    "%0Aversion=9",
    "../../../etc",
    "{{tag}}",
    "<img src=x onerror=alert(1)>|@octocat",
    "\u{202e}evil\u{200b}",
];

#[test]
fn names_of_branches_do_nothing() {
    let scratch = Scratch::new();
    for name in HOSTILE {
        for mode in ["safe", "upstream"] {
            let arguments = [
                format!("--ref=refs/heads/{name}"),
                format!("--latest={mode}"),
                "--images=org/app".to_owned(),
                "--tags=type=ref,event=branch".to_owned(),
                "--tags=type=raw,value=x-{{branch}}".to_owned(),
            ];
            let run = TOOL.run_as_step(scratch.path(), &arguments, &[]);
            assert_eq!(run.code, 0, "{name:?}: {}", run.stderr);
            for tag in run.output("tags").lines() {
                let tag = tag.strip_prefix("org/app:").unwrap_or_else(|| panic!("{name:?}: {tag}"));
                assert!(mode == "upstream" || tag::is_valid(tag), "{name:?}: {tag}");
                assert!(
                    !tag.contains(|odd: char| !odd.is_ascii_alphanumeric() && !"._-".contains(odd)),
                    "{tag}"
                );
            }
            assert_eq!(run.output("tags").lines().count(), 2);
            assert!(!run.output("version").contains("9.9.9\n"), "{name:?}");
            // No line of the log is a command.
            for line in run.stdout.lines().chain(run.stderr.lines()) {
                let is_ours = ["::notice", "::warning", "::error"].iter().any(|ours| line.starts_with(ours));
                assert!(!line.starts_with("::") || is_ours, "{name:?}: {line}");
            }
        }
    }
}

#[test]
fn texts_of_an_event_stay_in_their_label() {
    let scratch = Scratch::new();
    for text in HOSTILE {
        let event = serde_json::json!({
            "repository": {"name": text, "description": format!("{text}\norg.opencontainers.image.version=9"), "html_url": text},
        });
        let path = scratch.path().join("event.json");
        fs::write(&path, event.to_string()).unwrap();
        let path = path.to_string_lossy().into_owned();
        let env = [("GITHUB_EVENT_PATH", path.as_str()), ("GITHUB_EVENT_NAME", "push")];
        let run =
            TOOL.run_as_step(scratch.path(), &["--ref=refs/heads/dev", "--labels=mine={{branch}}"], &env);
        assert_eq!(run.code, 0, "{text:?}: {}", run.stderr);
        let labels: Vec<&str> = run.output("labels").lines().collect();
        assert_eq!(labels.len(), 9, "{text:?}: {labels:?}");
        assert!(labels.contains(&"org.opencontainers.image.version=dev"), "{text:?}");
    }
}

#[test]
fn any_name_of_a_branch_gives_tags_a_registry_takes() {
    let scratch = Scratch::new();
    let mut runner = TestRunner::new(Config { cases: 60, ..Config::default() });
    runner
        .run(&"[^\0]{1,200}", |name| {
            let run = TOOL.run_as_step(
                scratch.path(),
                &[format!("--ref=refs/heads/{name}"), "--latest-from-branches".to_owned()],
                &[],
            );
            prop_assert!(matches!(run.code, 0 | 1), "{}", run.stderr);
            for tag in run.output("tag-names").lines() {
                prop_assert!(tag::is_valid(tag), "{tag}");
            }
            Ok(())
        })
        .unwrap();
}
