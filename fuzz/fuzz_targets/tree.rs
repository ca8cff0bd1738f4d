//! Any text as YAML and as TOML: what is read has its places in the text and ends, whoever goes through it.

use lw_syntax::tree::{Fault, Node, Tree};
use lw_syntax::yaml::{Keys, Merges, Rules};
use lw_syntax::{toml, yaml};
use serde_json::Value;

/// So few that a text of a few bytes reaches them.
const RULES: Rules = Rules {
    depth: 20,
    documents: 3,
    anchors: 20,
    aliases: 50,
    nodes: 10_000,
    repeated: 1_000,
    bytes: 100_000,
    keys: Keys::LastWins,
    merges: Merges::Merged,
};

fuzz_target!(|text: &str| {
    seen(text, yaml::read(text, &RULES), usize::from(RULES.depth));
    let strict = Rules { keys: Keys::Unique, merges: Merges::Refused, documents: 1, ..RULES };
    if let Ok(tree) = yaml::read(text, &strict) {
        assert!(yaml::read(text, &RULES).is_ok(), "who asks for less gets more");
        seen(text, Ok(tree), usize::from(RULES.depth));
    }
    // 80 levels of tables, and as many of values.
    seen(text, toml::read(text), 200);
});

fn seen(text: &str, tree: Result<Tree<'_>, Fault>, depth: usize) {
    match tree {
        Ok(tree) => {
            let mut left = text.len() + 2 + RULES.repeated;
            for document in tree.documents() {
                go_through(text, document, depth, &mut left);
                let once: Option<Value> = document.read().ok();
                assert_eq!(once, document.read().ok());
            }
        }
        Err(fault) => assert!(!fault.reason().is_empty() && fault.line(text).is_some_and(|line| line > 0)),
    }
}

fn go_through(text: &str, node: Node<'_>, depth: usize, left: &mut usize) {
    assert!(node.at() <= text.len());
    // No node is written in less than a byte, but for what stands empty beside a `:`, a `-` or a `,`.
    *left = left.checked_sub(1).expect("an end");
    for item in node.items().into_iter().flatten() {
        go_through(text, item, depth.checked_sub(1).expect("a bound"), left);
    }
    for (key, value) in node.pairs().into_iter().flatten() {
        go_through(text, key, depth.checked_sub(1).expect("a bound"), left);
        go_through(text, value, depth - 1, left);
    }
}
