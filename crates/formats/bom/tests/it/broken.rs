//! Files with one fault each. `RULE--WHAT.json` breaks that rule and no other; a new file is a new case.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lw_bom::{Rule, validate};

/// The folder of the files.
pub(crate) fn folder() -> PathBuf {
    lw_testkit::root().join("crates/formats/bom/tests/fixtures/broken")
}

/// Every file, by name and content.
pub(crate) fn files() -> Vec<(String, PathBuf)> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let files = files();
    assert!(files.len() >= 30, "{}", files.len());
    let mut rules = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, path) in files {
        let bytes = std::fs::read(path).unwrap();
        let (rule, _) = name.split_once("--").unwrap();
        match validate(&bytes) {
            Err(error) if rule != "unreadable" => wrong.push(format!("{name}: {error}")),
            Err(_) => {}
            Ok(validation) => {
                let found: BTreeSet<_> = validation.faults.iter().map(|fault| fault.rule.name()).collect();
                // What the schema says as well is told by it as well.
                let others: Vec<_> =
                    found.iter().filter(|found| **found != "schema" && **found != rule).collect();
                if !found.contains(rule) || !others.is_empty() {
                    wrong.push(format!("{name}: {:#?}", validation.faults));
                }
                for fault in &validation.faults {
                    assert!(
                        fault.line > 0 && !fault.fix.is_empty() && !fault.message.is_empty(),
                        "{fault:?}"
                    );
                }
                rules.insert(rule.to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !rules.contains(rule.name())).collect();
    assert!(missing.is_empty(), "no file breaks {missing:?}");
}

#[test]
fn what_cannot_be_read_says_where_and_why() {
    let message = |name: &str| {
        let bytes = std::fs::read(folder().join(format!("unreadable--{name}.json"))).unwrap();
        let error = validate(&bytes).unwrap_err();
        assert_eq!(lw_bom::read(&bytes).unwrap_err().to_string(), error.to_string(), "{name}");
        error.to_string()
    };
    assert_eq!(message("empty"), "the file is empty");
    assert_eq!(message("xml"), "this is XML, which is not read: bills of materials are read as JSON");
    assert_eq!(
        message("tag-value"),
        "this is SPDX tag-value, which is not read: bills of materials are read as JSON"
    );
    assert_eq!(message("version"), "version \"1.99\" of CycloneDX is not known");
    assert!(message("truncated").ends_with("the file ends in the middle of a value"));
    assert!(message("no-bill").starts_with("this is JSON, but no bill of materials"));
}

#[test]
fn complete_documents_have_no_fault_at_all() {
    for format in lw_bom::Format::ALL {
        let text = lw_bom::write(&crate::documents::complete(), format).unwrap();
        let validation = validate(text.as_bytes()).unwrap();
        assert!(validation.faults.is_empty(), "{format}: {:#?}", validation.faults);
        assert_eq!(validation.components, 3);
    }
}
