//! Inputs that come through a pipe, and outputs that must not take their place.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::common::{command, ota};
use crate::images::Esp;

#[test]
fn an_output_never_takes_the_place_of_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let image = Esp::default().of_length(0x1000);
    fs::write(folder.path().join("app.bin"), &image).unwrap();
    assert_eq!(ota(folder.path(), &["package", "--firmware=s3=app.bin", "--output=p.ota"]).code, 0);
    let package = fs::read(folder.path().join("p.ota")).unwrap();
    let delta = ["delta", "--from=app.bin", "--to=app.bin", "--allow-large-delta", "--output=app.bin"];
    for arguments in [
        &["package", "--firmware=s3=app.bin", "--output=app.bin"][..],
        &["package", "--firmware=s3=app.bin", "--package-format=seed", "--version=1.2.3", "--output=app.bin"],
        &["serve-manifest", "p.ota", "--url=/x", "--output=p.ota"],
        &["inspect", "app.bin", "--write=html=app.bin"],
        &delta,
    ] {
        let run = ota(folder.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("the output is an input"), "{}", run.stderr);
        assert_eq!(fs::read(folder.path().join("app.bin")).unwrap(), image, "{arguments:?}");
        assert_eq!(fs::read(folder.path().join("p.ota")).unwrap(), package, "{arguments:?}");
    }
    // A release may replace the last one.
    let next =
        ["package", "--firmware=s3=app.bin", "--previous=p.ota", "--allow-same-version", "--output=p.ota"];
    let run = ota(folder.path(), &next);
    assert!(!run.stderr.contains("the output is an input"), "{}", run.stderr);
}

#[test]
fn a_file_whose_name_is_board_and_file_is_not_taken_for_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["s3=app.bin", "app.bin", "s3=*.bin"] {
        fs::write(folder.path().join(name), Esp::default().of_length(0x1000)).unwrap();
    }
    for spec in ["s3=app.bin", "s3=*.bin"] {
        assert_eq!(ota(folder.path(), &["inspect", spec]).code, 2);
    }
    let run = ota(folder.path(), &["inspect", "./s3=app.bin"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    fs::remove_file(folder.path().join("app.bin")).unwrap();
    assert_eq!(ota(folder.path(), &["inspect", "s3=app.bin"]).code, 0, "there is only one reading");
}

#[test]
fn standard_input_is_read_once() {
    let image = Esp::default().of_length(0x20000);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), &image).unwrap();
    let inspect = |name: &str| {
        let mut child = command(folder.path(), &["inspect", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Nobody reads it where the file is on disk.
        let _ = child.stdin.take().unwrap().write_all(&image);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text.replace(name, "NAME"))
    };
    let (code, text) = inspect("app.bin");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(inspect("-").0, Some(0), "{}", inspect("-").1);
    if cfg!(unix) {
        assert_eq!(inspect("/dev/stdin").0, Some(0), "{}", inspect("/dev/stdin").1);
    }
}

#[test]
fn a_package_can_be_made_without_a_second_thread() {
    let folder = tempfile::tempdir().unwrap();
    for (name, version) in [("1.bin", 1), ("2.bin", 2)] {
        let image = Esp { data: vec![version; 0x4000], ..Esp::default() };
        fs::write(folder.path().join(name), image.build()).unwrap();
    }
    for arguments in [
        &["package", "--firmware=s3=1.bin", "--output=p.ota"][..],
        &["delta", "--from=1.bin", "--to=2.bin", "--allow-large-delta", "--output=d.patch"],
    ] {
        // No thread can have a stack of 64 TiB.
        let output =
            command(folder.path(), arguments).env("RUST_MIN_STACK", "70368744177664").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(5), "{stderr}");
        assert!(output.status.success(), "{arguments:?}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_written_into() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().of_length(0x1000)).unwrap();
    let pipe = folder.path().join("ff");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let arguments = ["package", "--firmware=s3=app.bin", "--output=ff"];
    assert_eq!(ota(folder.path(), &arguments).code, 4, "nobody reads");
    // The whole package goes to standard output, and nothing is replaced.
    let output = command(folder.path(), &["package", "--firmware=s3=app.bin", "--output=/dev/stdout"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.starts_with(b"manifest.json"));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}
