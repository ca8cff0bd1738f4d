//! Constant memory: a file many times as large as what the tool may use is signed and verified.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use lw_signature::KeyKind;
use lw_testkit::tool::words;

use crate::{Desk, RSA_2048, SIGN};

/// The most that may be resident, in KiB; the program itself is larger when it is not optimized.
const LIMIT_KIB: u64 = if cfg!(debug_assertions) { 24 << 10 } else { 16 << 10 };
/// What the size of the file may cost, in KiB.
const MORE_KIB: u64 = 4 << 10;
/// Bytes of the file, which takes no space on disk. An unoptimized build hashes slowly; `lw-bench` takes 1 GiB.
const BYTES: u64 = if cfg!(debug_assertions) { 256 << 20 } else { 1 << 30 };

#[test]
fn a_large_file_is_signed_and_verified_in_little_memory() {
    let desk = Desk::new();
    File::create(desk.path().join("large.bin")).unwrap().set_len(BYTES).unwrap();
    desk.key(RSA_2048, "rsa");
    desk.key(KeyKind::Ed25519, "ed");
    for line in [
        "sign --input large.bin --key rsa.pem --output rsa.sig",
        "verify --input large.bin --signature rsa.sig --key rsa.pub.pem",
        // Over the file itself, in two passes.
        "sign --input large.bin --key ed.pem --output ed.sig",
        "verify --input large.bin --signature ed.sig --key ed.pub.pem",
        "sign --input large.bin --key ed.pem --scheme minisign --output mini.sig",
        "verify --input large.bin --signature mini.sig --key ed.pub.pem",
    ] {
        // A short run may end before it is looked at again, on a busy machine above all: the most of several is near its peak.
        let of_small = line.replace("large.bin", "app.bin").replace(".sig", ".small");
        let small = (0..5).map(|_| peak(&desk, &of_small)).max().unwrap_or(0);
        let large = peak(&desk, line);
        assert!((1000..LIMIT_KIB).contains(&large), "{line} took {large} KiB");
        assert!(large < small + MORE_KIB, "{line} took {large} KiB, and {small} KiB of a small file");
    }
}

/// The most memory of a run that succeeds, in KiB.
fn peak(desk: &Desk, line: &str) -> u64 {
    let mut command = SIGN.command(desk.path());
    command.args(["--config=none", "--summary=off"]).args(words(line)).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = resident_peak(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "{line}");
    peak
}

/// The most memory of this program that was resident so far, in KiB. `ru_maxrss` would count what the parent had when it
/// started the program. A process that has read a key can be looked into by nobody but root.
fn resident_peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    if status.lines().next()?.strip_prefix("Name:")?.trim() != "sign" {
        return None;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
