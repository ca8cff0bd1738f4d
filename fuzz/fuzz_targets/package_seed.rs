//! Any bytes as a JSON package: what is accepted is JSON to others too, and writes and reads back the same.

use std::io::Cursor;

use lw_package::seed::{Release, Writer, read};
use lw_package::{Kind, Md5, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let mut firmware = Vec::new();
    let Ok(package) = read(bytes, &mut firmware) else { return };
    assert_eq!(package.manifest.size, firmware.len() as u64);
    assert_eq!(package.manifest.checksums.sha256, Sha256::of(&firmware));
    assert_eq!(package.manifest.checksums.md5, Md5::of(&firmware));
    // White space may be longer than what is looked at.
    assert!(Kind::detect(bytes).is_none_or(|kind| kind == Kind::Seed));

    // serde_json is stricter on what means nothing to us: surrogates without a partner, numbers without end.
    if package.unknown.is_empty() {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let json: serde_json::Value = serde_json::from_slice(text).expect("it is JSON");
        let hex: String = firmware.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(json["firmware"].as_str().map(str::to_lowercase), Some(hex));
    }

    let manifest = &package.manifest;
    let release = Release {
        version: &manifest.version,
        board: &manifest.board,
        minimum_version: &manifest.minimum_version,
        release_notes: Some(&manifest.release_notes),
    };
    let mut writer = Writer::new(Cursor::new(Vec::new()), &release, manifest.size).expect("memory");
    writer.copy(firmware.as_slice()).expect("memory");
    let (file, written) = writer.finish(Some(manifest.checksums.sha256)).expect("memory");
    assert_eq!(&written, manifest);
    let mut again = Vec::new();
    assert_eq!(&read(file.into_inner().as_slice(), &mut again).expect("ours").manifest, manifest);
    assert_eq!(again, firmware);
});
