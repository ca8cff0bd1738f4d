//! The folder of pages: every link leads somewhere, and nothing foreign becomes markup.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::common::coverage_gate;

const HOSTILE: &str = "<script>alert(1)</script> \"'&amp; \u{202e} \u{1b}[31m \u{0} ]]> <!--";

/// The elements of a page and where its links lead, which also proves that it is well-formed.
fn read(path: &Path) -> (BTreeSet<String>, Vec<String>) {
    let text = fs::read_to_string(path).unwrap();
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut links) = (BTreeSet::new(), Vec::new());
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
            Event::Start(element) | Event::Empty(element) => {
                elements.insert(String::from_utf8(element.name().as_ref().to_vec()).unwrap());
                for attribute in element.attributes().map(Result::unwrap) {
                    if matches!(attribute.key.as_ref(), b"href" | b"src") {
                        links.push(String::from_utf8(attribute.value.to_vec()).unwrap());
                    }
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (elements, links)
}

#[test]
fn hostile_names_and_sources_stay_text_and_every_link_leads_to_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("src")).unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "top secret").unwrap();
    fs::write(root.join("src/a.c"), format!("{HOSTILE}\r\nsecond\n")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(secret.path(), root.join("src/link.c")).unwrap();
    let report = format!(
        "SF:src/a.c\nFN:1,<b>f&\nFNDA:0,<b>f&\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nDA:1,5\nDA:2,0\nDA:9,1\nend_of_record\n\
         SF:<img src=x onerror=alert(1)>/\"'.c\nDA:1,1\nend_of_record\n\
         SF:src/link.c\nDA:1,1\nend_of_record\nSF:{}\nDA:1,1\nend_of_record\nSF:src/A.c\nDA:1,1\nend_of_record\n",
        secret.path().display()
    );
    fs::write(root.join("cov.info"), report).unwrap();
    fs::write(root.join("changes.diff"), "--- a/src/a.c\n+++ b/src/a.c\n@@ -1 +1,2 @@\n-x\n+y\n+z\n")
        .unwrap();
    let arguments =
        ["--coverage", "cov.info", "--html", "out/pages", "--diff-file", "changes.diff", "--min-patch", "80"];
    let run = coverage_gate(root, &arguments, &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let pages = root.join("out/pages");
    let (elements, links) = read(&pages.join("index.html"));
    let known: BTreeSet<String> = [
        "a", "body", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "head",
        "header", "html", "link", "main", "meta", "p", "rect", "small", "span", "summary", "svg", "table",
        "tbody", "td", "th", "thead", "title", "tr", "wbr",
    ]
    .map(str::to_owned)
    .into();
    assert!(elements.is_subset(&known), "{elements:?}");
    let targets: BTreeSet<&String> = links.iter().filter(|link| link.starts_with("files/")).collect();
    assert_eq!(targets.len(), 5);
    for link in &links {
        assert!(link.starts_with('#') || pages.join(link).is_file(), "{link}");
    }
    for link in targets {
        let page = pages.join(link);
        let (elements, links) = read(&page);
        assert!(elements.is_subset(&known), "{elements:?}");
        for link in links.iter().filter(|link| !link.starts_with('#')) {
            assert!(page.parent().unwrap().join(link).is_file(), "{link}");
        }
        // What lies outside of the repository is not brought into it.
        assert!(!fs::read_to_string(&page).unwrap().contains("top secret"), "{}", page.display());
    }
    let source = links.iter().find(|link| link.starts_with("files/src_a.c")).unwrap();
    let source = fs::read_to_string(pages.join(source)).unwrap();
    assert!(source.contains("class=\"partial new\"") && source.contains("class=\"miss new\""), "{source}");
    assert!(source.contains("⟨U+202E⟩") && source.contains("1 lines beyond the end"), "{source}");
}

#[test]
fn tables_have_a_total_and_colours_follow_the_floors() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let one = |path: &str, hits: &str| format!("SF:{path}\n{hits}end_of_record\n");
    let page = |report: &str, arguments: &[&str]| {
        fs::write(root.join("cov.info"), report).unwrap();
        let html = ["--coverage", "cov.info", "--html", "out", "--badge-json", "badge.json"];
        coverage_gate(root, &[&html, arguments].concat(), &[]);
        (
            fs::read_to_string(root.join("out/index.html")).unwrap(),
            fs::read_to_string(root.join("badge.json")).unwrap(),
        )
    };
    let half = "DA:1,1\nDA:2,0\n";
    let flat = one("a.c", half) + &one("b.c", half);
    let (index, badge) = page(&flat, &[]);
    assert_eq!(index.matches("class=\"total\"").count(), 1);
    assert!(index.contains("2 of 4") && index.contains("bar low") && badge.contains("orange"), "{badge}");
    let (index, badge) = page(&flat, &["--min-line", "50%"]);
    assert!(
        index.contains("bar high") && !index.contains("bar low") && badge.contains("brightgreen"),
        "{badge}"
    );
    let (index, badge) = page(&flat, &["--min-line", "warn:60%,fail:40%"]);
    assert!(index.contains("bar medium") && badge.contains("yellow"), "{badge}");
    // With folders the overview has the sums of all.
    let (index, _) = page(&(one("x/a.c", half) + &one("y/b.c", half)), &[]);
    assert_eq!(index.matches("class=\"total\"").count(), 1);
    // One row is its own total.
    assert!(!page(&one("a.c", half), &[]).0.contains("class=\"total\""));
}
