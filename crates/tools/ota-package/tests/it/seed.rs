//! The JSON package, byte for byte as the pipeline's own script writes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{files, ota};
use crate::images::{Esp, noise};

/// The script as the pipeline's document has it.
fn script() -> Option<String> {
    let document = lw_testkit::root().join("../shared/pipelines/000-lightwaveos.md");
    let Ok(text) = fs::read_to_string(&document) else {
        return lw_testkit::skip(&format!("{} is not there", document.display()));
    };
    let start = text.find("# scripts/create_ota_package.py").expect("the script");
    let end = text[start..].find("```").expect("its end");
    Some(text[start..start + end].to_owned())
}

#[test]
fn the_pipelines_script_writes_the_same_bytes() {
    let Some(script) = script() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.py"), script).unwrap();
    let images = [
        ("esp.bin", Esp { data: noise(200_000, 5), ..Esp::default() }.build(), "auto"),
        // Anything at all, and nothing of it is an image.
        ("any.bin", noise(70_001, 6), "binary"),
        ("one.bin", vec![0x01], "binary"),
    ];
    for (name, bytes, kind) in images {
        fs::write(folder.path().join(name), bytes).unwrap();
        for (version, board) in [
            ("1.2.3", "esp32-s3-devkitc-1"),
            ("v1.2.3-rc.1+böard", "Gerät \"Ä\" \\ 🚀 \u{7f}"),
            ("1.0\t\u{8}\u{c}", "\u{1}/<&>'\u{2028}"),
        ] {
            let arguments = ["--firmware", name, "--version", version, "--board", board];
            let peer = Command::new("python3")
                .arg("script.py")
                .args(arguments)
                .args(["--output", "peer.ota"])
                .current_dir(folder.path())
                .output();
            let Ok(peer) = peer else {
                lw_testkit::skip::<()>("python3 is not there");
                return;
            };
            assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
            let ours = [
                "package",
                "--package-format=seed",
                "--allow-version-mismatch",
                "--output=ours.ota",
                "--kind",
                kind,
            ];
            let run = ota(folder.path(), &[&ours[..], &arguments].concat());
            assert_eq!(run.code, 0, "{}", run.stderr);
            // Action inputs are trimmed; so is what this case gives.
            if version.trim() == version {
                let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
                assert!(
                    read("peer.ota") == read("ours.ota"),
                    "{name} {version:?} {board:?}: the bytes differ"
                );
            }
        }
    }
}

#[test]
fn the_form_is_that_of_pythons_json_dump() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), [0xE9, 0x05]).unwrap();
    let run = ota(
        folder.path(),
        &[
            "package",
            "--firmware=app.bin",
            "--kind=binary",
            "--board=b\u{e9}",
            "--version=1",
            "--package-format=seed",
            "--output=app.ota",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = concat!(
        r#"{"manifest": {"version": "1", "board": "b\u00e9", "size": 2, "checksums": {"md5": "#,
        r#""aceb431ee6de9a4b79e44d2a2f86bc19", "sha256": "#,
        r#""e0adc4d2ac1be1b6b5ffd8a2e8e8a1b5d2bb6ba4e0e3bbbc1c8e32f0a94ab2d7"}, "#,
        r#""minimum_version": "1.0.0", "release_notes": "Release 1"}, "firmware": "e905"}"#
    );
    let text = fs::read_to_string(folder.path().join("app.ota")).unwrap();
    let without = |text: &str| {
        let parts: Vec<&str> = text
            .split('"')
            .filter(|part| !(part.len() >= 32 && part.bytes().all(|b| b.is_ascii_hexdigit())))
            .collect();
        parts.join("\"")
    };
    assert_eq!(without(&text), without(expected));
}

#[test]
fn what_it_cannot_say_is_usage() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let base = ["package", "--firmware=a=app.bin", "--package-format=seed", "--output=app.ota"];
    for more in [
        "--sequence=1",
        "--compress=zstd",
        "--from=app.bin",
        "--minimum-secure-version=1",
        "--firmware=b=app.bin",
    ] {
        let run = ota(folder.path(), &[&base[..], &[more]].concat());
        assert_eq!(run.code, 2, "{more}: {}", run.stderr);
        assert!(run.stderr.contains("has no place for"), "{more}: {}", run.stderr);
    }
    assert_eq!(files(folder.path()), ["app.bin"]);
}

#[test]
fn a_package_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.ota");
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let made =
        ota(folder.path(), &["package", "--firmware=a=app.bin", "--package-format=seed", "--output=app.ota"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let good = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"firmware\": \"e9", "\"firmware\": \"e8"),
        ("\"size\": ", "\"size\": 1"),
        ("\"sha256\": \"", "\"sha256\": \"0"),
        ("\"firmware\": \"e9", "\"firmware\": \"eg"),
        ("\"}", "\"}x"),
        ("\"minimum_version\": \"1.0.0\", ", ""),
    ] {
        assert!(good.contains(from));
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        for arguments in [&["inspect", "app.ota"][..], &["unpack", "app.ota", "--output=out"]] {
            let run = ota(folder.path(), arguments);
            assert_eq!(run.code, 3, "{to}: {}", run.stderr);
            assert!(!Path::new(&folder.path().join("out")).exists());
        }
    }
}
