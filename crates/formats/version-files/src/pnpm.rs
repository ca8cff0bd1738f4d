//! `pnpm-workspace.yaml`: which folders are members of a workspace of pnpm.
//!
//! <https://pnpm.io/pnpm-workspace_yaml>. Of what else the file holds, such as settings and catalogues, nothing is looked at.

use lw_syntax::tree::{Fault, Node};
use lw_syntax::yaml::{self, Rules};
use serde::Deserialize;

use crate::error::VersionFileError;
use crate::source::Source;

/// The name of the file, which stands beside the manifest of the root.
pub const PNPM_WORKSPACE: &str = "pnpm-workspace.yaml";

/// The most bytes of all texts of the file, and how many there are: people write it.
const MOST_TEXT: usize = 4 << 20;
const MOST_NODES: usize = 200_000;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Workspace {
    packages: Option<Vec<String>>,
}

/// The folders of the members as patterns, in the order of the file; those that begin with `!` are taken out again. None where
/// the file holds settings only.
///
/// # Errors
/// When it is no YAML, or `packages` is no list of patterns.
pub fn pnpm_members(bytes: &[u8]) -> Result<Vec<String>, VersionFileError> {
    let source = Source::of(bytes)?;
    let rules = Rules {
        depth: 32,
        // Catalogues may have some; so few make no bomb.
        anchors: 64,
        aliases: 256,
        nodes: MOST_NODES,
        bytes: MOST_TEXT,
        ..Rules::WRITTEN
    };
    let syntax = |line, reason| VersionFileError::Syntax { line, reason };
    let fault = |fault: Fault| syntax(fault.line(source.text).unwrap_or(1), fault.reason().to_owned());
    let tree = yaml::read(source.text, &rules).map_err(fault)?;
    let workspace: Option<Workspace> = tree.root().map(Node::read).transpose().map_err(fault)?;
    let members = workspace.and_then(|workspace| workspace.packages).unwrap_or_default();
    match members.iter().any(|member| member.trim_start_matches('!').trim().is_empty()) {
        true => Err(syntax(line_of_packages(&source), "`packages` has an empty pattern".to_owned())),
        false => Ok(members),
    }
}

/// The line of the key, as far as it stands at the beginning of one.
fn line_of_packages(source: &Source<'_>) -> u32 {
    let mut lines = (1..).zip(source.lines());
    lines.find(|(_, (_, line))| line.starts_with("packages")).map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(text: &str) -> Vec<String> {
        pnpm_members(text.as_bytes()).unwrap()
    }

    #[test]
    fn members_are_those_of_the_list() {
        for text in [
            "packages:\n  - packages/*\n  - '!**/test/**' # none\n",
            "\u{feff}packages: [\"packages/*\", '!**/test/**']\r\n",
            "catalog:\n  react: ^18.3.1\npackages:\n- packages/*\n- \"!**/test/**\"\nonlyBuiltDependencies:\n- x\n",
            "x: &x packages/*\npackages: [*x, '!**/test/**']\n",
        ] {
            assert_eq!(members(text), ["packages/*", "!**/test/**"], "{text}");
        }
        for text in ["", "# nothing\n", "packages:\n", "packages: []\n", "shamefullyHoist: true\n"] {
            assert!(members(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_patterns_is_refused_with_its_line() {
        for (text, line) in [
            ("catalog: {}\npackages: packages/*\n", 2),
            ("packages:\n  a: b\n", 2),
            ("x: 1\npackages:\n  - ''\n", 2),
            ("packages:\n  - '!'\n", 1),
            ("packages:\n  - a\n - b\n", 3),
            ("packages: [a]\npackages: [b]\n", 2),
            ("- packages\n", 1),
        ] {
            match pnpm_members(text.as_bytes()) {
                Err(VersionFileError::Syntax { line: found, reason }) => {
                    assert_eq!(found, line, "{text}: {reason}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(pnpm_members(b"packages: [\xff]"), Err(VersionFileError::NotUtf8 { offset: 11 })));
    }

    /// What grows beyond all bounds is refused and not read.
    #[test]
    fn bombs_are_refused() {
        let mut lines = String::from("a0: &a0 [x]\n");
        for level in 1..40 {
            let before = format!("*a{}", level - 1);
            lines += &format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", "));
        }
        assert!(pnpm_members(lines.as_bytes()).is_err());
        let deep = format!("packages: {}", "[".repeat(100_000));
        assert!(pnpm_members(deep.as_bytes()).is_err());
        let wide = format!("packages: [{}]", "a,".repeat(MOST_NODES + 1));
        assert!(pnpm_members(wide.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(packages:|[ \\n#&*!\\-\\[\\]{}'\"a/:,]){0,60}") {
            let _ = pnpm_members(text.as_bytes());
        }
    }
}
