//! Any text as a package URL: what is read is read again as it was written.

use lw_inventory::Purl;

fuzz_target!(|text: &str| {
    if let Ok(purl) = text.parse::<Purl>() {
        let written = purl.to_string();
        assert!(written.is_ascii());
        assert_eq!(written.parse::<Purl>(), Ok(purl), "{written}");
    }
});
