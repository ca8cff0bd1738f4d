//! A process that is killed leaves nothing under the name of its output, and its memory does not grow with its input.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{command, files};
use crate::images::Esp;

/// Waits until there is the pending file of an output.
fn wait_for_pending_file(folder: &Path) {
    let start = Instant::now();
    loop {
        let pending = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let mut pending = pending.filter(|entry| entry.file_name().to_string_lossy().starts_with(".lw-"));
        if pending.next().is_some() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no pending file appears: {:?}", files(folder));
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn kill_9_in_the_middle_leaves_the_old_package_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let image = Esp::default().of_length(0x80000);
    for old in [None, Some(b"the last release")] {
        if let Some(old) = old {
            fs::write(folder.path().join("out.ota"), old).unwrap();
        }
        let mut child = command(folder.path(), &["package", "--firmware=s3=-", "--output=out.ota"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Half of the image comes, and then nothing more: the tool is in the middle of it for sure.
        let mut input = child.stdin.take().unwrap();
        input.write_all(&image[..image.len() / 2]).unwrap();
        wait_for_pending_file(folder.path());
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
    let mut child = command(folder.path(), &["package", "--firmware=s3=-", "--output=out.ota"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&image).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(fs::metadata(folder.path().join("out.ota")).unwrap().len() > image.len() as u64);
    assert_eq!(files(folder.path()), ["out.ota"]);
}

/// A job that is cancelled: the tool ends by the signal, as it would, and leaves nothing beside the output.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_in_the_middle_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().unwrap();
    let image = Esp::default().of_length(0x80000);
    fs::write(folder.path().join("out.ota"), b"the last release").unwrap();
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let start = || {
            // Whatever the parent of the tests ignores, the tool does not.
            let mut child = command(folder.path(), &["package", "--firmware=s3=-", "--output=out.ota"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(&image[..image.len() / 2]).unwrap();
            wait_for_pending_file(folder.path());
            (child, input)
        };
        let (mut child, input) = start();
        let is_ignored = lw_testkit::ignores(child.id(), number);
        lw_testkit::signal(&child, name);
        if is_ignored {
            // As with `nohup`: it goes on to its end.
            let mut input = input;
            input.write_all(&image[image.len() / 2..]).unwrap();
            drop(input);
            assert!(child.wait().unwrap().success(), "{name}");
            fs::write(folder.path().join("out.ota"), b"the last release").unwrap();
            continue;
        }
        assert_eq!(child.wait().unwrap().signal(), Some(number), "{name}");
        drop(input);
        assert_eq!(files(folder.path()), ["out.ota"], "{name}");
        assert_eq!(fs::read(folder.path().join("out.ota")).unwrap(), b"the last release", "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_image() {
    const IMAGE: usize = 15 << 20;
    // What a debug build takes for itself is most of it, and far less than that and the image together.
    const LIMIT_KIB: u64 = 22 << 10;
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
