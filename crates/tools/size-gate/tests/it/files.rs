//! The history of sizes and the inputs, when the disk is full or what is there is no file.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::common::{example, size_gate, words};

fn firmware() -> String {
    format!("--elf={}", example("esp32c3").join("firmware.elf").display())
}

#[test]
fn a_full_disk_leaves_no_half_line_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let run = |limit: &str| {
        // A limit on the size of files is a disk that is full after so many blocks of 512 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_size-gate"), "--config=none", "--summary=off"])
            .args(["--history=h.jsonl", &firmware()])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run("unlimited").0, 0);
    let one = fs::read(folder.path().join("h.jsonl")).unwrap();
    // Room for the rest of a block, which is less than a line.
    let blocks = one.len().div_ceil(512);
    assert!(2 * one.len() > blocks * 512, "a line of {} bytes", one.len());
    let (code, stderr) = run(&blocks.to_string());
    assert_eq!(code, 4, "{stderr}");
    assert_eq!(fs::read(folder.path().join("h.jsonl")).unwrap(), one);
    assert_eq!(run("unlimited").0, 0, "the next run goes on");
    assert_eq!(fs::read_to_string(folder.path().join("h.jsonl")).unwrap().lines().count(), 2);
}

#[test]
fn the_history_is_not_written_through_a_link_out_of_the_workspace() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("ws");
    fs::create_dir(&root).unwrap();
    symlink("../new", root.join("h.jsonl")).unwrap();
    let run = size_gate(&root, &[firmware(), "--history=h.jsonl".to_owned()]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(!outside.path().join("new").exists());
}

#[test]
fn a_fifo_is_no_firmware_and_no_baseline() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("p")).status().unwrap().success());
    for arguments in [
        vec!["--elf=p".to_owned()],
        vec![firmware(), "--baseline=p".to_owned()],
        vec![firmware(), "--history=p".to_owned()],
        vec!["--elf=*".to_owned()],
    ] {
        let run = size_gate(folder.path(), &arguments);
        assert_eq!(run.code, 3, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("p: it is a FIFO"), "{}", run.stderr);
    }
}

#[test]
fn a_file_whose_name_is_the_pattern_hides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("build")).unwrap();
    fs::write(folder.path().join("build/app.bin"), vec![0; 2 << 20]).unwrap();
    fs::write(folder.path().join("build/*.bin"), "").unwrap();
    let run = size_gate(folder.path(), &["--max-file=build/*.bin=1MiB".to_owned()]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

/// Kind 16: a code scanner shows a finding at a file that is there: the one that was measured, or the line of the limit.
#[test]
fn a_code_scanner_is_sent_to_a_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["a", "b"] {
        fs::create_dir(root.join(name)).unwrap();
        fs::copy(example("stm32").join("firmware.elf"), root.join(name).join("f.elf")).unwrap();
    }
    fs::write(root.join("x.bin"), [0x55; 100]).unwrap();
    fs::write(root.join("lw.toml"), "[size-gate.max]\nimage = 1\n").unwrap();
    let uris = |arguments: &str| -> Vec<String> {
        let run = size_gate(root, &words(&format!("{arguments} --write sarif=r.sarif")));
        assert_eq!(run.code, 1, "{}", run.stderr);
        let log: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(root.join("r.sarif")).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        let errors = results.filter(|result| result["level"] == "error");
        let place = |result: &serde_json::Value| {
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(root.join(uri).is_file(), "{uri}");
            format!("{uri}:{}", place["region"]["startLine"])
        };
        errors.map(place).collect()
    };
    assert_eq!(uris("--elf a/f.elf --max image=1"), ["a/f.elf:1"]);
    assert_eq!(uris("--elf */f.elf --max image=1 --max a/ram=1"), ["a/f.elf:1", "a/f.elf:1", "b/f.elf:1"]);
    assert_eq!(uris("--elf a/f.elf --config lw.toml"), ["lw.toml:2"]);
    assert_eq!(uris("--max-file x.bin=1"), ["x.bin:1"]);
}
