//! Patterns and what node makes of them: `SNAPSHOTS=overwrite` asks it again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use lw_tag_rules::Pattern;
use serde_json::{Value, json};

fn answers() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let file = folder.join("patterns.json");
    if lw_testkit::env("SNAPSHOTS").as_deref() == Some("overwrite") {
        let output = Command::new("node").arg(folder.join("patterns.cjs")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(&file, output.stdout).unwrap();
    }
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn patterns_find_what_node_finds() {
    let answers = answers();
    let cases = answers["cases"].as_array().unwrap();
    assert!(cases.len() >= 500, "{}", cases.len());
    let different: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let [source, flags, text] = [0, 1, 2].map(|place| case[place].as_str().unwrap());
            let found = match Pattern::new(source, flags) {
                Ok(pattern) => json!(pattern.find(text)),
                Err(error) => json!(error.to_string()),
            };
            (found != case[3]).then(|| format!("{case}: {found}"))
        })
        .collect();
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), cases.len(), different.join("\n"));
}

/// Which characters a class of one of them matches, of those that both node and the standard library know, which may
/// be of another Unicode each.
#[test]
fn the_same_characters_are_one_without_regard_to_case() {
    let answers = answers();
    for flags in ["i", "iu"] {
        let sets: Vec<BTreeSet<char>> = answers[flags]
            .as_str()
            .unwrap()
            .split(' ')
            .map(|set| {
                set.chars().filter(|of| of.to_uppercase().ne([*of]) || of.to_lowercase().ne([*of])).collect()
            })
            .collect();
        let known: String = sets.iter().flatten().collect();
        assert!(known.chars().count() > 2_700, "{}", known.chars().count());
        let ours: BTreeMap<char, BTreeSet<char>> = sets
            .iter()
            .filter_map(BTreeSet::first)
            .map(|first| {
                let pattern = Pattern::new(&format!("[{first}]"), &format!("g{flags}")).unwrap();
                let found = pattern.find(&known).unwrap();
                (
                    *first,
                    found.into_iter().flatten().flat_map(|one| one.chars().collect::<Vec<_>>()).collect(),
                )
            })
            .collect();
        for set in &sets {
            assert_eq!(ours.get(set.first().unwrap()), Some(set), "{flags}");
        }
    }
}
