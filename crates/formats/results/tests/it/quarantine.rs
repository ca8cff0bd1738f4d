//! Tests whose failures are let through.

use lw_results::{Quarantine, QuarantineError};

#[test]
fn an_entry_has_a_test_an_owner_and_a_day() {
    let text = "# why\n[[test]]\ntest = \"c a\"\nowner = \"@ada\"\nuntil = 2026-12-01\n\n[[test]]\ntest = \"c b\"\nsuite = \"s\"\nowner = \"team\"\nuntil = \"2026-12-02\"\nreason = \"#12\"\n";
    let list = Quarantine::read(text.as_bytes()).unwrap();
    let told: Vec<String> = list
        .entries
        .iter()
        .map(|one| {
            format!(
                "{}:{} {:?} {} {} {:?}",
                one.line,
                one.test,
                one.suite,
                one.owner,
                one.until_text(),
                one.reason
            )
        })
        .collect();
    assert_eq!(told, ["2:c a None @ada 2026-12-01 None", "7:c b Some(\"s\") team 2026-12-02 Some(\"#12\")"]);
    assert_eq!(Quarantine::read(b"").unwrap(), Quarantine::default());
}

#[test]
fn what_is_no_list_is_refused_at_its_line() {
    let entry = |more: &str| format!("\n[[test]]\ntest = \"a\"\nowner = \"o\"\nuntil = 2026-12-01\n{more}");
    for (text, expected) in [
        ("[[test]]\ntest = \"a\"\nuntil = 2026-12-01\n".to_owned(), "line 1: missing field `owner`"),
        (
            entry("untill = 1"),
            "line 6: unknown field `untill`, expected one of `test`, `suite`, `owner`, `until`, `reason`",
        ),
        (entry("").replace("\"o\"", "\" \""), "line 2: `owner` is empty"),
        (entry("").replace("\"a\"", "\"\""), "line 2: `test` is empty"),
        (entry("").replace("2026-12-01", "\"soon\""), "line 2: `soon` is no day"),
        (entry("").replace("2026-12-01", "2026-12-01T10:00:00Z"), "line 2: `2026-12-01T10:00:00Z` is no day"),
        (entry("") + &entry(""), "line 7: `a` is on the list already, in line 2"),
        ("tests = 1".to_owned(), "line 1: unknown field `tests`, expected `test`"),
    ] {
        assert_eq!(Quarantine::read(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
    }
    assert!(matches!(Quarantine::read(b"a = \xff"), Err(QuarantineError::Syntax { .. })));
    assert_eq!(Quarantine::read(&vec![b'\n'; (1 << 20) + 1]), Err(QuarantineError::TooLarge));
}
