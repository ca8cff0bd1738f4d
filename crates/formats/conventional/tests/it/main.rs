//! Messages, one case each, and what becomes of any text.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lw_conventional::{Kind, Message, Near, Rules};
use proptest::prelude::*;
use serde::Deserialize;

const CASES: &str = include_str!("cases.toml");

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    message: String,
    result: String,
    #[serde(default)]
    near: Vec<String>,
}

fn cases() -> Vec<Case> {
    toml::from_str::<Cases>(CASES).unwrap().case
}

/// What a message is, in a line: `feat(api)! «what breaks» Refs=12`.
fn shown(message: &Message) -> String {
    let mut out = match &message.kind {
        Kind::Conventional(header) => {
            let scope = header.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
            format!("{}{scope}", header.kind)
        }
        Kind::Revert { title, is_reapply } => {
            format!("{} «{title}»", if *is_reapply { "reapply" } else { "revert" })
        }
        Kind::Merge { pull, title } => {
            let pull = pull.map(|pull| format!(" #{pull}")).unwrap_or_default();
            let title = title.as_ref().map(|title| format!(": {}", shown(title))).unwrap_or_default();
            format!("merge{pull}{title}")
        }
        Kind::Fixup => "fixup".into(),
        Kind::Empty => "empty".into(),
        Kind::Other => "-".into(),
    };
    if let Some(breaking) = &message.breaking {
        let _ = write!(out, "! «{}»", breaking.replace('\n', "⏎"));
    }
    for footer in message.footers.iter().filter(|footer| !footer.token.starts_with("BREAKING")) {
        let _ = write!(out, " {}={}", footer.token, footer.value.replace('\n', "⏎"));
    }
    if !message.reverts.is_empty() {
        let _ = write!(out, " reverts {}", message.reverts.join(","));
    }
    out
}

#[test]
fn every_case_is_what_it_says() {
    let mut wrong = String::new();
    for case in cases() {
        let message = Message::parse(&case.message, Rules::default());
        let near: Vec<&str> = message.near.iter().map(|miss| miss.near.id()).collect();
        if shown(&message) != case.result || near != case.near {
            let _ = writeln!(wrong, "{}\n  {}\n  near = {near:?}", case.name, shown(&message));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_near_miss_has_a_case() {
    let cases = cases();
    for near in Near::ALL {
        assert!(cases.iter().any(|case| case.near.iter().any(|id| id == near.id())), "{near}");
        assert!(!near.meaning().is_empty() && !near.peers().is_empty());
    }
}

#[test]
fn every_trap_that_others_fall_into_has_a_case() {
    let Some(path) = lw_testkit::shared_fixture("changelog/conventional_traps.json") else {
        return lw_testkit::skip("the shared fixtures are not there").unwrap_or_default();
    };
    let traps: Vec<(String, String)> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases: BTreeMap<String, String> = cases().into_iter().map(|case| (case.name, case.message)).collect();
    for (name, message) in traps {
        assert_eq!(cases.get(&name), Some(&message), "{name}");
    }
}

/// The table of docs/changelog.md: each message with what is made of it here, and what others make of it as they were run.
#[test]
fn the_table_of_the_docs_is_true() {
    let docs = include_str!("../../../../../docs/changelog.md");
    let (_, table) = docs.split_once("| Message | Here |").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split(" | ").collect())
        .collect();
    assert_eq!(rows.len(), 53);
    for row in &rows {
        let text = row[0].trim_start().trim_matches('`').replace('⏎', "\n").replace('␍', "\r");
        let message = Message::parse(&text, Rules::default());
        let here = shown(&message);
        let here = if here == "-" { "not conventional".to_owned() } else { here };
        let near: Vec<&str> = message.near.iter().map(|miss| miss.near.id()).collect();
        let near = if near.is_empty() { String::new() } else { format!(" ({})", near.join(", ")) };
        assert_eq!(row[1].trim(), format!("`{here}`{near}"), "{text:?}");
    }
    let Some(path) = lw_testkit::shared_fixture("changelog/conventional_traps_table.md") else {
        return lw_testkit::skip("the shared fixtures are not there").unwrap_or_default();
    };
    let measured = std::fs::read_to_string(path).unwrap();
    for row in &rows {
        let line = measured.lines().find(|line| line.contains(&format!("| {} |", row[0].trim_start())));
        let others: Vec<&str> = line
            .unwrap_or_else(|| panic!("{}", row[0]))
            .trim_end_matches(" |")
            .rsplit(" | ")
            .take(3)
            .collect();
        let ours: Vec<&str> = row.iter().skip(2).rev().map(|cell| cell.trim()).collect();
        assert_eq!(ours, others, "{}", row[0]);
    }
}

#[test]
fn the_hash_is_breaking_where_a_project_says_so() {
    let text = "feat: a\n\nBREAKING-CHANGE #12 gone";
    assert_eq!(Message::parse(text, Rules::default()).breaking, None);
    let message = Message::parse(text, Rules { hash_is_breaking: true });
    assert_eq!((message.breaking.as_deref(), message.near.len()), (Some("#12 gone"), 0));
}

#[test]
fn squashed_messages_are_found_with_their_bodies() {
    let text = "feat: a (#1)\n\n* feat: b\n\ntext\n\nBREAKING CHANGE: gone\n\n* fix!: c\n\n* plain words\n\n---------\n\nCo-authored-by: M <m@m>";
    let message = Message::parse(text, Rules::default());
    // What follows a footer is its value, so that the list ends there: the specification has no lists.
    assert!(message.breaking.is_some());
    let text = "feat: a (#1)\n\n* feat: b\n\ntext\n\n* fix!: c (#7)\n\n* plain words\n\n---------\n\nCo-authored-by: M <m@m>";
    let message = Message::parse(text, Rules::default());
    let items: Vec<String> = message.squashed(Rules::default()).iter().map(shown).collect();
    assert_eq!(items, ["feat", "fix! «c»"]);
    assert_eq!(message.header().unwrap().pull(), ("a", Some(1)));
    assert_eq!(
        message.near.iter().map(|miss| (miss.line, miss.near)).collect::<Vec<_>>(),
        [(7, Near::SquashedBreaking)]
    );
}

#[test]
fn what_is_told_stays_of_a_message() {
    let told = |text: &str| {
        let mut message = Message::parse(text, Rules::default());
        message.keep_told(&["Migration"]);
        message
    };
    let message =
        told("feat(a)!: b\n\nbody\n\nRefs: #1\nmigration: do\n that\nBREAKING CHANGE: gone\nReviewed-by: Z");
    assert_eq!((message.subject.as_str(), message.body.as_deref()), ("", None));
    assert_eq!(message.header().unwrap().scope.as_deref(), Some("a"));
    assert_eq!(message.breaking.as_deref(), Some("gone"));
    let footers: Vec<_> = message.footers.iter().map(|footer| footer.value.as_str()).collect();
    assert_eq!(footers, ["do\n that"]);
    let title = |text: &str| match told(text).kind {
        Kind::Merge { title, .. } => title.map(|title| *title),
        other => panic!("{other:?}"),
    };
    let conventional = title("Merge branch 'x'\n\nfix: y\n\nbody\n\nRefs: 1").unwrap();
    assert_eq!((conventional.header().unwrap().kind.as_str(), conventional.body.as_deref()), ("fix", None));
    assert!(conventional.footers.is_empty());
    assert_eq!(title("Merge branch 'x'\n\nplain words"), None);
    assert_eq!(title("Merge branch 'x'\n\nfeat:no space").unwrap().subject, "feat:no space");
    // What is nearly something else can be shown, and what is taken back found.
    assert_eq!(told("feat:no space\n\nbody").subject, "feat:no space");
    assert_eq!(told("plain words\n\nbody").subject, "");
    let reverts = told("Revert \"feat: a\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.");
    assert_eq!(reverts.reverts, ["0123456789abcdef0123456789abcdef01234567"]);
}

proptest! {
    #[test]
    fn any_text_is_taken_apart(text in "(?s).{0,200}") {
        let _ = Message::parse(&text, Rules::default());
    }

    #[test]
    fn what_is_put_together_comes_apart(
        kind in "[a-z]{1,8}", scope in proptest::option::of("[a-z@/.-]{1,12}"), bang: bool,
        description in "[a-z][a-z ]{0,20}[a-z]", note in proptest::option::of("[a-z][a-z \n]{0,30}[a-z]"), crlf: bool,
    ) {
        let in_parentheses = scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
        let mut text = format!("{kind}{in_parentheses}{}: {description}\n\nsome body\n", if bang { "!" } else { "" });
        if let Some(note) = &note {
            let _ = write!(text, "\nBREAKING CHANGE: {note}\nSigned-off-by: A <a@b>\n");
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let message = Message::parse(&text, Rules::default());
        let header = message.header().unwrap();
        prop_assert_eq!((&header.kind, &header.scope, header.bang), (&kind, &scope, bang));
        prop_assert_eq!(message.body.as_deref(), Some("some body"));
        let expected = note.or(bang.then_some(description));
        prop_assert_eq!(message.breaking, expected);
    }
}
