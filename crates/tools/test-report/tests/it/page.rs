//! The page for a browser, and places in the repository.

use std::fs;

use lw_model::Level;
use lw_testkit::git::Scratch;
use lw_testkit::tool::words;
use quick_xml::events::Event;

use crate::{TEST_REPORT, check, red, suite};

#[test]
fn every_test_that_is_not_green_has_a_place_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuites><testsuite name='s'><testcase classname='c' name='&lt;script>a'><failure message='no &amp; &lt;b>'>line 1
line 2</failure><system-out>last words</system-out></testcase><testcase classname='c' name='flaky'><flakyFailure message='at first'/></testcase>
        <testcase classname='c' name='skip'><skipped message='needs a board'/></testcase><testcase classname='c' name='fine'/></testsuite>
        <testsuite name='t'><error message='no set-up'/></testsuite></testsuites>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1 --html out/tests.html");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let page = fs::read_to_string(folder.path().join("out/tests.html")).unwrap();
    for part in [
        "2 of 4 passed",
        "id=\"outside\"",
        "no set-up",
        "id=\"failed\"",
        "no &amp; &lt;b&gt;",
        "<pre>line 1\nline 2</pre>",
        "last words",
        "id=\"flaky\"",
        "attempt 1: failed",
        "at first",
        "id=\"skipped\"",
        "needs a board",
        "id=\"suites\"",
        "&lt;script&gt;a",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("fine"), "{page}");
    // Each link on the page leads to something on it, and nothing is there twice.
    let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for link in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(ids.iter().filter(|id| **id == link).count(), 1, "{link}");
    }
    // The anchor of a test is the same in the next run.
    let anchor = ids.iter().find(|id| id.starts_with("test-")).unwrap();
    fs::write(folder.path().join("a.xml"), suite("x=F").replace("name='x'", "name='&lt;script>a'")).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1 --html again.html").code, 1);
    assert!(fs::read_to_string(folder.path().join("again.html")).unwrap().contains(anchor));
}

#[test]
fn the_page_is_bounded_and_well_formed() {
    let folder = tempfile::tempdir().unwrap();
    let output = "::error::x\u{1b}[31m\u{0}]]>\u{202e}\n".repeat(10_000);
    let case = |index: usize| {
        format!(
            "<testcase name='t' classname='c{}'><failure>{}</failure></testcase>",
            index % 700,
            output.replace(']', "&#93;").replace('>', "&gt;")
        )
    };
    let text: String = (0..800)
        .map(|index| {
            if index < 3 {
                case(index)
            } else {
                format!("<testcase classname='c{}' name='t'><failure message='x'/></testcase>", index % 700)
            }
        })
        .collect();
    fs::write(folder.path().join("a.xml"), format!("<testsuite name='s'>{text}</testsuite>")).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1 --html out.html");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let page = fs::read(folder.path().join("out.html")).unwrap();
    assert!(page.len() < 600_000, "{}", page.len());
    let text = String::from_utf8(page).unwrap();
    assert!(text.contains("300 more are not shown") && !text.contains('\u{202e}') && !text.contains('\0'));
    // Nothing foreign became markup, and every element ends.
    let mut reader = quick_xml::Reader::from_str(text.strip_prefix("<!DOCTYPE html>\n").unwrap());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                let attributes = element.attributes();
                attributes.for_each(|attribute| assert!(!attribute.unwrap().key.as_ref().starts_with(b"on")));
            }
            Event::Eof => break,
            _ => {}
        }
    }
}

/// The file a trace names, whatever folder the tool saw it in.
#[test]
fn a_failure_is_shown_where_it_is_in_the_repository() {
    let repository = Scratch::new();
    repository.commit(&[
        ("tests/test_a.py", "x"),
        ("pkg/calc/calc_test.go", "x"),
        ("pkg/other/calc_test.go", "x"),
        ("lib/src/a.c", "x"),
        ("node/src/a.c", "x"),
        ("web/a.test.js", "x"),
    ]);
    for (class, attributes, trace, expected) in [
        (
            "tests.test_a",
            "",
            "def test():\n&gt; assert 1 == 2\ntests/test_a.py:7: AssertionError",
            Some("tests/test_a.py:7"),
        ),
        ("example.com/m/pkg/calc", "", "    calc_test.go:12: no", Some("pkg/calc/calc_test.go:12")),
        ("c", "file='/build/42/lib/src/a.c' line='3'", "", Some("lib/src/a.c:3")),
        // Two files end with it: no place is better than a wrong one.
        ("c", "file='src/a.c' line='3'", "", None),
        (
            "c",
            "",
            "at x (/home/ci/node_modules/y/b.js:1:1)\n at z (/home/ci/web/a.test.js:4:2)",
            Some("web/a.test.js:4"),
        ),
        ("c", "", "at /etc/passwd.x:1", None),
        ("c", "file='../../etc/passwd' line='1'", "", None),
    ] {
        let text = format!(
            "<testsuite name='s'><testcase classname='{class}' name='n' {attributes}><failure message='no'>{trace}</failure></testcase></testsuite>"
        );
        fs::write(repository.path().join("a.xml"), text).unwrap();
        let run = TEST_REPORT.run(repository.path(), &words("check a.xml --exit-code 1"), &[]);
        let report = run.report();
        let finding =
            report.findings.iter().find(|finding| finding.rule == "test-report/failed-test").unwrap();
        let place = finding.location.as_ref().map(ToString::to_string);
        assert_eq!(place.as_deref(), expected, "{class} {attributes} {trace}");
    }
}

#[test]
fn without_a_repository_a_file_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), red("a").replace("name='a'", "name='a' file='t.c' line='2'"))
        .unwrap();
    let place = || {
        let run = check(folder.path(), "a.xml --exit-code 1");
        assert_eq!(run.found(Level::Error), ["failed", "failed-test"]);
        run.report().findings.iter().find_map(|finding| finding.location.as_ref().map(ToString::to_string))
    };
    assert_eq!(place(), None);
    fs::write(folder.path().join("t.c"), "").unwrap();
    assert_eq!(place().as_deref(), Some("t.c:2"));
}
