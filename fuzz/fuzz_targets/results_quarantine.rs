//! Any bytes as a list of tests whose failures are let through.

use lw_results::Quarantine;

fuzz_target!(|bytes: &[u8]| {
    match Quarantine::read(bytes) {
        Ok(list) => {
            for entry in &list.entries {
                assert!(entry.line > 0 && !entry.test.trim().is_empty() && !entry.owner.trim().is_empty());
                assert!(!entry.until_text().is_empty());
            }
        }
        Err(error) => lw_fuzz::explained(&error),
    }
});
