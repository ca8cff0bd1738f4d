//! Any bytes as two bills, apart at the first zero byte: what can be read is scored, compared, merged, and can be read again.

use lw_bom::{Bill, MergeError, MergeOptions, Standard, copyleft, diff, merge, read, score};

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (first, second) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let bills = [Bill { name: "first", bytes: first }, Bill { name: "second", bytes: second }];
    if let (Ok((format, old)), Ok((_, new))) = (read(first), read(second)) {
        for standard in Standard::ALL {
            let score = score(&old, format, standard);
            assert_eq!(score.is_conformant(), score.percent() == "100%".parse().ok());
        }
        let changes = diff(&old, &new);
        let told = changes.added.len() + changes.changed.len() + changes.unchanged;
        assert_eq!(told, new.inventory.len());
        assert!(diff(&new, &new).is_empty());
        new.inventory.iter().for_each(|(_, component)| drop(copyleft(component)));
    }
    match merge(&bills, &MergeOptions::default()) {
        Ok(merged) => drop(read(merged.text.as_bytes()).expect("what is merged can be read")),
        Err(error) => assert!(!matches!(error, MergeError::Broken { .. }), "{error}"),
    }
});
