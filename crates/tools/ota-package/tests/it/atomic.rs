//! A process that is killed leaves nothing under the name of its output, and its memory does not grow with its input.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{command, files};
use crate::images::Esp;

/// Waits until the pending file of an output holds at least `bytes`.
fn wait_for_pending_file(folder: &Path, bytes: u64) {
    let start = Instant::now();
    loop {
        let pending = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let mut pending = pending.filter(|entry| entry.file_name().to_string_lossy().starts_with(".lw-"));
        if pending.any(|entry| entry.metadata().is_ok_and(|metadata| metadata.len() >= bytes)) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no pending file appears: {:?}", files(folder));
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn kill_9_in_the_middle_leaves_the_old_package_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("app.bin");
    // A new one for each run: while a program that another test starts still has the end of an old one, what was not read
    // of it is still there.
    let new_pipe = || {
        let _ = fs::remove_file(&pipe);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    };
    let image = Esp::default().of_length(0x80000);
    for old in [None, Some(b"the last release")] {
        if let Some(old) = old {
            fs::write(folder.path().join("out.ota"), old).unwrap();
        }
        new_pipe();
        let mut child = command(folder.path(), &["package", "--firmware=s3=app.bin", "--output=out.ota"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Half of the image comes, and then nothing more: the tool is in the middle of it for sure.
        let mut input = File::options().write(true).open(&pipe).unwrap();
        input.write_all(&image[..image.len() / 2]).unwrap();
        wait_for_pending_file(folder.path(), 0x20000);
        child.kill().unwrap();
        child.wait().unwrap();
        drop(input);
        match old {
            None => assert!(!folder.path().join("out.ota").exists()),
            Some(old) => assert_eq!(fs::read(folder.path().join("out.ota")).unwrap(), old),
        }
        for pending in files(folder.path()).iter().filter(|name| name.starts_with(".lw-")) {
            fs::remove_file(folder.path().join(pending)).unwrap();
        }
    }
    // A pipe that is read to its end gives the package.
    new_pipe();
    let mut child = command(folder.path(), &["package", "--firmware=s3=app.bin", "--output=out.ota"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    File::options().write(true).open(&pipe).unwrap().write_all(&image).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(fs::metadata(folder.path().join("out.ota")).unwrap().len() > image.len() as u64);
    assert_eq!(files(folder.path()), ["app.bin", "out.ota"]);
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_image() {
    const IMAGE: usize = 15 << 20;
    // What the program itself takes, unoptimised, and less than that with the image.
    const LIMIT_KIB: u64 = 20 << 10;
    let folder = tempfile::tempdir().unwrap();
    let image = Esp { data: vec![0x5A; IMAGE], ..Esp::default() };
    fs::write(folder.path().join("app.bin"), image.build()).unwrap();
    for arguments in [
        &["inspect", "app.bin"][..],
        &["package", "--firmware=a=app.bin", "--output=lw.ota"],
        &["package", "--firmware=a=app.bin", "--package-format=seed", "--version=1.2.3", "--output=seed.ota"],
        &["inspect", "lw.ota"],
        &["inspect", "seed.ota"],
        &["unpack", "lw.ota", "--output=out"],
        &["serve-manifest", "lw.ota", "--url=/x", "--output=latest.json"],
    ] {
        let mut child = command(folder.path(), arguments).stdout(Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        let status = loop {
            peak = resident_peak(child.id()).unwrap_or(0).max(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            sleep(Duration::from_millis(1));
        };
        assert!(status.success(), "{arguments:?}");
        assert!((1000..LIMIT_KIB).contains(&peak), "{arguments:?} took {peak} KiB");
    }
}

/// The most memory of this program that was resident so far, in KiB. `ru_maxrss` would count what the parent had when it
/// started the program.
#[cfg(target_os = "linux")]
fn resident_peak(pid: u32) -> Option<u64> {
    let folder = format!("/proc/{pid}");
    let program = fs::read_link(format!("{folder}/exe")).ok()?;
    if program.file_name()? != "ota-package" {
        return None;
    }
    let status = fs::read_to_string(format!("{folder}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
