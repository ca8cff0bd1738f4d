//! Every rule that a tool declares is produced by a test of that tool.
//!
//! What a test expects names the rule: `TOOL/RULE` in a transcript, a golden file or a source, or `"RULE"` in a source,
//! where helpers leave out the name of the tool. A rule without such a place is one nobody has seen to work.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lw_model::COMMON_RULES;

use crate::house::{files_below, is_comment, root};

/// The tool of the tests of `crates/cli`, where rules of every tool have their cases.
const PROBE: &str = "probe";

/// The rules of all tools that no test names.
pub(crate) fn without_a_case() -> anyhow::Result<Vec<String>> {
    let root = root();
    let mut missing = Vec::new();
    let mut common: BTreeSet<&str> = COMMON_RULES.iter().map(|rule| rule.id).collect();
    for entry in lw::TOOLS {
        let texts = tests_of(&root, entry.name)?;
        let has = |id: &str| texts.iter().any(|text| text.names(entry.name, id));
        let own = entry.rules.iter().filter(|rule| !has(rule.id));
        missing.extend(own.map(|rule| format!("{}/{}", entry.name, rule.id)));
        common.retain(|id| !has(id));
    }
    let of_the_edge = texts_below(&root.join("crates/cli/tests"))?;
    common.retain(|id| !of_the_edge.iter().any(|text| text.names(PROBE, id)));
    missing.extend(common.into_iter().map(|id| format!("*/{id}")));
    Ok(missing)
}

/// A file of a test.
struct Text {
    text: String,
    is_source: bool,
}

impl Text {
    /// Whether the file names a rule, not only a longer name that begins or ends with it.
    fn names(&self, tool: &str, id: &str) -> bool {
        let full = format!("{tool}/{id}");
        let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let whole = |(at, _): (usize, &str)| {
            let bytes = self.text.as_bytes();
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let after = bytes.get(at + full.len());
            !before.copied().is_some_and(part) && !after.copied().is_some_and(part)
        };
        self.text.match_indices(&full).any(whole)
            || (self.is_source && self.text.contains(&format!("\"{id}\"")))
    }
}

/// What the tests of a tool expect: transcripts, golden files, sources without their comments.
fn tests_of(root: &Path, tool: &str) -> anyhow::Result<Vec<Text>> {
    let mut texts = texts_below(&root.join("crates/tools").join(tool).join("tests"))?;
    texts.extend(texts_below(&root.join("tests/cases").join(tool))?);
    Ok(texts)
}

fn texts_below(folder: &Path) -> anyhow::Result<Vec<Text>> {
    let mut texts = Vec::new();
    for path in files_below(folder)? {
        // Firmware and other fixtures are no text.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let code = |line: &&str| !is_source || !is_comment(line);
        texts.push(Text { text: text.lines().filter(code).collect::<Vec<_>>().join("\n"), is_source });
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_case() {
        let missing = without_a_case().unwrap();
        assert!(missing.is_empty(), "no test expects these rules; add a case for each: {missing:#?}");
    }

    #[test]
    fn a_longer_name_is_no_case() {
        let text = |text: &str, is_source| Text { text: text.to_owned(), is_source };
        assert!(text("[size-gate/unpaired]", false).names("size-gate", "unpaired"));
        assert!(text("assert(\"unpaired\")", true).names("size-gate", "unpaired"));
        assert!(!text("\"unpaired\"", false).names("size-gate", "unpaired"), "a value of some JSON");
        for other in ["size-gate/unpaired-image", "tests/my-size-gate/unpaired", "unpaired", "--unpaired"] {
            assert!(!text(other, true).names("size-gate", "unpaired"), "{other}");
        }
    }

    #[test]
    fn rules_are_told_apart_by_name() {
        for entry in lw::TOOLS {
            let mut seen = BTreeSet::new();
            for rule in entry.all_rules() {
                let (name, title, help) = (format!("{}/{}", entry.name, rule.id), rule.title, rule.help);
                assert!(seen.insert(rule.id), "{name} is declared twice");
                let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                assert!(rule.id.bytes().all(kebab), "{name} is not kebab-case");
                assert!(title.ends_with('.'), "{name}: the title is a sentence");
                assert!(help.ends_with(['.', '?']), "{name}: the help is made of sentences");
            }
        }
    }
}
