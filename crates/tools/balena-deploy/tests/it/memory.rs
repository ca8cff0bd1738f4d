//! What a run costs: memory that does not grow with the source, and how soon the first request is there.
//!
//! ```sh
//! LW_MEASURED=target/x86_64-unknown-linux-musl/release/balena-deploy \
//!   cargo test -p lw-balena-deploy --test it -- --ignored --nocapture measured
//! ```

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{TOOL, World};

/// What the size of the source may cost, in KiB.
const MORE_KIB: u64 = 4 << 10;

/// The most memory that was resident, in KiB, while a process was there.
fn resident_peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// A tarball of one file of this many zeros, which takes no space on disk.
fn tarball(path: &Path, bytes: u64) {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, "large.bin");
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{bytes:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut file = File::create(path).unwrap();
    file.write_all(&header).unwrap();
    file.set_len(512 + bytes.next_multiple_of(512) + 1024).unwrap();
}

/// A run that builds a source; its peak in KiB.
fn peak(world: &World, binary: Option<&Path>, source: &str) -> u64 {
    let mut child = deploy(world, binary, "admin/fleet1", source).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = resident_peak(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "{source}");
    peak
}

fn deploy(world: &World, binary: Option<&Path>, fleet: &str, source: &str) -> Command {
    let mut command = match binary {
        Some(binary) => {
            let mut command = Command::new(binary);
            command.current_dir(world.path()).env_clear();
            command
        }
        None => TOOL.command(world.path()),
    };
    command.args(["deploy", "--draft", "--config=none", "--summary=off", "--fleet", fleet]);
    command.args(["--source", source]).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env("BALENARC_API_URL", world.stub.api_url())
        .env("BALENARC_BUILDER_URL", world.stub.builder_url());
    command.env("BALENA_TOKEN", world.stub.token());
    command
}

#[test]
fn the_memory_does_not_grow_with_the_source() {
    let world = World::new(1);
    // An unoptimized build packs slowly.
    let bytes = if cfg!(debug_assertions) { 64 << 20 } else { 1 << 30 };
    tarball(&world.path().join("small.tar"), 4096);
    tarball(&world.path().join("large.tar"), bytes);
    fs::create_dir(world.path().join("folder")).unwrap();
    fs::write(world.path().join("folder/Dockerfile"), "FROM scratch\n").unwrap();
    File::create(world.path().join("folder/large.bin")).unwrap().set_len(bytes).unwrap();
    // A short run may end before it is looked at again, on a busy machine above all: the most of several is near its peak.
    let small = (0..5).map(|_| peak(&world, None, "small.tar")).max().unwrap_or(0);
    for source in ["large.tar", "folder"] {
        let large = peak(&world, None, source);
        assert!(
            large > 1000 && large < small + MORE_KIB,
            "{source} took {large} KiB, a small one {small} KiB"
        );
        let upload = world.stub.uploads().pop().unwrap();
        assert_eq!((upload.entry("large.bin").unwrap().size, upload.error), (bytes, None));
    }
}

#[test]
#[ignore = "a measurement of a binary that LW_MEASURED names"]
fn measured() {
    let binary = lw_testkit::env("LW_MEASURED").map(PathBuf::from).expect("LW_MEASURED names a binary");
    let binary = lw_testkit::root().join(binary);
    println!("binary: {} bytes", fs::metadata(&binary).unwrap().len());
    let world = World::new(1);
    for (name, bytes) in [("4 KiB", 4096), ("200 MB", 200_000_000), ("2 GB", 2_000_000_000)] {
        tarball(&world.path().join("source.tar"), bytes);
        let began = Instant::now();
        let peak = peak(&world, Some(&binary), "source.tar");
        println!("source of {name}: peak {peak} KiB in {:?}", began.elapsed());
        assert_eq!(world.stub.uploads().pop().unwrap().entry("large.bin").unwrap().size, bytes);
    }
    let mut spans: Vec<Duration> = (0..31)
        .map(|_| {
            let before = world.stub.answered();
            let mut command = deploy(&world, Some(&binary), "admin/none", "source.tar");
            let began = Instant::now();
            let mut child = command.spawn().unwrap();
            while world.stub.answered() == before && child.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
            let span = began.elapsed();
            let _ = child.wait();
            assert!(world.stub.answered() > before);
            span
        })
        .collect();
    spans.sort();
    println!(
        "start to first request: median {:?}, fastest {:?}, slowest {:?}",
        spans[15], spans[0], spans[30]
    );
}
