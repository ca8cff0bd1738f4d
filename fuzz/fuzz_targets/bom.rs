//! Bills of materials: whatever is read is written as every format, and read again.
use lw_bom::{Format, read, validate, write};

fuzz_target!(|bytes: &[u8]| {
    let _ = validate(bytes);
    let Ok((_, mut document)) = read(bytes) else { return };
    document.about.timestamp = Some("2026-01-31T12:00:00Z".to_owned());
    for format in Format::ALL {
        let Ok(text) = write(&document, format) else { continue };
        let (_, again) = read(text.as_bytes()).unwrap();
        // What two entries of one identity say is told once when it is read.
        assert!(again.inventory.len() <= document.inventory.len(), "{format}");
        validate(text.as_bytes()).unwrap();
    }
});
