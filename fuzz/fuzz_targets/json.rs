//! Any text as JSON: what is read is what `serde_json` reads, and what is refused it refuses.

use lw_syntax::UniqueJson;
use lw_syntax::json::{from_str_noting_ignored, read, read_unique};
use serde_json::Value;

fuzz_target!(|text: &str| {
    let theirs = serde_json::from_str::<Value>(text);
    match read(text) {
        Ok(tree) => {
            let ours = tree.document().read::<Value>();
            assert_eq!(ours.clone().ok(), theirs.ok(), "the same value, or a number beyond all");
            if let Ok(ours) = ours {
                let (again, ignored) = from_str_noting_ignored::<Value>(text).expect("it was read before");
                assert!(again == ours && ignored.is_empty());
            }
        }
        Err(fault) => {
            assert!(theirs.is_err(), "{fault}");
            assert!(fault.at().is_some_and(|at| at <= text.len()) && !fault.reason().is_empty());
        }
    }
    let unique = read_unique(text).and_then(|tree| tree.document().read::<Value>());
    let theirs = serde_json::from_str::<UniqueJson>(text);
    assert_eq!(unique.ok(), theirs.ok().map(|UniqueJson(value)| value));
});
