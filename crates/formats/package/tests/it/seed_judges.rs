//! The pipeline's own script beside ours, byte for byte.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;

use lw_package::Sha256;
use lw_package::seed::{Release, Writer, read};
use lw_testkit::{program, shared, shared_fixture};

use crate::common::noise;

/// A package as ours writes it.
fn ours(version: &str, board: &str, firmware: &[u8]) -> Vec<u8> {
    let size = firmware.len() as u64;
    let mut writer = Writer::new(Cursor::new(Vec::new()), &Release::new(version, board), size).unwrap();
    for piece in firmware.chunks(50_000) {
        writer.write_all(piece).unwrap();
    }
    writer.finish(Some(Sha256::of(firmware))).unwrap().0.into_inner()
}

/// The script of the pipeline, cut out of its text.
fn script(folder: &Path) -> Option<()> {
    let text = fs::read_to_string(shared("pipelines/000-lightwaveos.md")?).unwrap();
    let (_, section) = text.split_once("### OTA Package Creator").unwrap();
    let (_, code) = section.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("\n```").unwrap();
    fs::write(folder.join("create_ota_package.py"), code).unwrap();
    Some(())
}

#[test]
fn the_fixture_is_what_ours_writes() {
    let (Some(package), Some(image)) =
        (shared_fixture("ota/seed/esp32-s3.ota"), shared_fixture("ota/esp-app/esp32-s3-hello_world-new.bin"))
    else {
        return;
    };
    let (package, image) = (fs::read(package).unwrap(), fs::read(image).unwrap());
    assert!(ours("1.2.3", "esp32-s3-devkitc-1", &image) == package);
    let mut firmware = Vec::new();
    let read = read(package.as_slice(), &mut firmware).unwrap();
    assert!(firmware == image);
    assert_eq!(read.manifest.board, "esp32-s3-devkitc-1");
    assert_eq!(read.manifest.checksums.md5.hex(), "211aa953eabb47c2a5a1061dbe777ddc");
    assert!(read.unknown.is_empty());
}

#[test]
fn the_script_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(python), Some(())) = (program("python3"), script(folder.path())) else { return };
    let everything: String = (1..=0x2FF).chain([0x2028, 0xFEFF, 0xFFFF]).filter_map(char::from_u32).collect();
    for (index, (version, board, firmware)) in [
        ("1.2.3", "esp32-s3-devkitc-1", noise(200_001, 5)),
        ("v2.0.0-rc.1+build", "", Vec::new()),
        ("1.0 \"quoted\" \\ and / slashed", "näh, 日本語", vec![0]),
        ("🚀 1.0 👩‍🚀", "\u{10FFFF}", (0..=255).collect()),
        (everything.as_str(), "tab\tnew\nline\u{7F}", vec![0xFF; 3]),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(folder.path().join("f.bin"), &firmware).unwrap();
        let output = Command::new(&python)
            .current_dir(folder.path())
            .env("PYTHONUTF8", "1")
            .args(["create_ota_package.py", "--firmware", "f.bin", "--output", "f.ota"])
            .args([format!("--version={version}"), format!("--board={board}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs = fs::read(folder.path().join("f.ota")).unwrap();
        let ours = ours(version, board, &firmware);
        assert!(ours == theirs, "case {index}: {}", String::from_utf8_lossy(&ours[..ours.len().min(900)]));
        let mut back = Vec::new();
        let package = read(theirs.as_slice(), &mut back).unwrap();
        assert_eq!((package.manifest.version.as_str(), package.manifest.board.as_str()), (version, board));
        assert!(back == firmware, "case {index}");
    }
}

#[test]
fn python_reads_ours() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = program("python3") else { return };
    fs::write(folder.path().join("f.ota"), ours("1.2.3", "é", &noise(70_000, 9))).unwrap();
    let check = "import hashlib, json
p = json.load(open('f.ota')); f = bytes.fromhex(p['firmware']); m = p['manifest']
assert m['size'] == len(f) and m['board'] == '\\u00e9'
assert m['checksums'] == {'md5': hashlib.md5(f).hexdigest(), 'sha256': hashlib.sha256(f).hexdigest()}";
    let output = Command::new(python).current_dir(folder.path()).args(["-c", check]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
