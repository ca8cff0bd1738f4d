//! detools and bspatch make the target of our patches, and make no smaller ones.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lw_delta::detools::Compression;
use lw_delta::heatshrink::Parameters;
use lw_delta::{Encoding, create};
use lw_testkit::git::Random;
use lw_testkit::{program, shared_fixture, skip};

use crate::common::{image, pair, release};

/// Reads lines of a verb and paths, does what they say, prints a line for each that fails.
const DRIVER: &str = r#"
import sys, detools
for line in sys.stdin:
    verb, *paths = line.rstrip("\n").split("\t")
    try:
        if verb == "apply":
            detools.apply_patch_filenames(*paths)
        else:
            detools.create_patch_filenames(*paths, compression=verb)
    except Exception as error:
        print(verb, *paths, repr(error))
"#;

/// The Python that has detools: the one beside the program, which is installed in an environment of its own.
fn python() -> Option<PathBuf> {
    let python = program("detools")?.with_file_name("python3");
    if python.is_file() { Some(python) } else { skip(&format!("there is no {}", python.display())) }
}

/// Runs detools for many lines at once.
fn detools(python: &Path, lines: &str) {
    let mut child = Command::new(python)
        .args(["-c", DRIVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

/// A name, a base and a target.
type Pair = (String, Vec<u8>, Vec<u8>);

/// Old and new firmware of real chips.
fn real() -> Vec<Pair> {
    let Some(folder) = shared_fixture("ota/esp-app") else { return Vec::new() };
    let read = |name: String| fs::read(folder.join(name)).unwrap();
    let pairs = ["esp32", "esp32-c2", "esp32-c3", "esp32-s3"].map(|chip| {
        let image = |age: &str| read(format!("{chip}-hello_world-{age}.bin"));
        (chip.to_owned(), image("old"), image("new"))
    });
    pairs.into()
}

/// 4 MiB and their next release: 40 bytes inserted, 4000 addresses after them that shifted, a version that changed.
fn large() -> Pair {
    let mut random = Random::new(7);
    let base = image(&mut random, 4 << 20);
    let mut target = base.clone();
    let inserted = image(&mut random, 40);
    target.splice(1 << 20..1 << 20, inserted);
    target.truncate(4 << 20);
    for _ in 0..4000 {
        let word = random.below(1 << 20);
        let word = target.as_chunks_mut::<4>().0.get_mut(word).unwrap();
        *word = u32::from_le_bytes(*word).wrapping_add(40).to_le_bytes();
    }
    target[48..53].copy_from_slice(b"1.2.4");
    ("large".to_owned(), base, target)
}

/// 3 MiB in which much has changed, so that the fine index is made and parts of the target are searched side by side.
fn large_release() -> Pair {
    let mut random = Random::new(11);
    let base = image(&mut random, 3 << 20);
    let target = release(&mut random, &base, 3000);
    ("large-release".to_owned(), base, target)
}

/// Real, generated and large pairs.
fn pairs() -> Vec<Pair> {
    let generated = (100..150).map(|seed| {
        let (base, target) = pair(seed);
        (format!("generated-{seed}"), base, target)
    });
    let mut pairs = real();
    pairs.extend(generated);
    pairs.push(large());
    pairs.push(large_release());
    pairs
}

#[test]
fn detools_makes_the_targets_of_our_patches_and_no_smaller_ones() {
    let Some(python) = python() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str, ending: &str| scratch.path().join(format!("{name}.{ending}"));
    let compressions = [
        ("heatshrink", Compression::Heatshrink(Parameters::default())),
        ("crle", Compression::Crle),
        ("none", Compression::None),
    ];
    let pairs = pairs();
    let mut lines = String::new();
    for (name, base, target) in &pairs {
        let (from, to) = (path(name, "base"), path(name, "target"));
        fs::write(&from, base).unwrap();
        fs::write(&to, target).unwrap();
        let theirs = path(name, "theirs");
        writeln!(lines, "heatshrink\t{}\t{}\t{}", from.display(), to.display(), theirs.display()).unwrap();
        for (word, compression) in compressions {
            let patch = path(name, word);
            fs::write(&patch, create(base, target, &Encoding::Detools(compression)).unwrap()).unwrap();
            let made = path(name, &format!("{word}-made"));
            writeln!(lines, "apply\t{}\t{}\t{}", from.display(), patch.display(), made.display()).unwrap();
        }
    }
    detools(&python, &lines);
    let mut larger = Vec::new();
    for (name, _, target) in &pairs {
        for (word, _) in compressions {
            let made = fs::read(path(name, &format!("{word}-made"))).unwrap();
            assert!(made == *target, "{name} {word}");
        }
        let size = |ending| fs::metadata(path(name, ending)).unwrap().len();
        let (ours, theirs) = (size("heatshrink"), size("theirs"));
        if ours > theirs {
            larger.push(format!("{name}: {ours} bytes, {theirs} of detools"));
        }
    }
    assert!(larger.is_empty(), "{larger:#?}");
}

#[test]
fn bspatch_makes_the_targets_of_our_patches() {
    let Some(bspatch) = program("bspatch") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    for (name, base, target) in pairs() {
        fs::write(path("base"), &base).unwrap();
        fs::write(path("patch"), create(&base, &target, &Encoding::Bsdiff40).unwrap()).unwrap();
        let status =
            Command::new(&bspatch).args([path("base"), path("made"), path("patch")]).status().unwrap();
        assert!(status.success(), "{name}");
        assert!(fs::read(path("made")).unwrap() == target, "{name}");
    }
}
