//! Bad input ends in exit code 3 with file, place and reason: never in a panic, never in a pass.

use std::fs;
use std::path::Path;

use crate::common::{example, size_gate, words};

/// Cut at this many places, spread over the file; the first bytes, where the headers are, one by one.
const CUTS: usize = 60;

fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..20).chain((0..CUTS).map(move |cut| length * cut / CUTS)).filter(move |cut| *cut < length)
}

/// Every cut of a file either still tells the same or is an error that names the file and a place.
fn truncation(folder: &Path, source: &Path, flag: &str, rest: &[&str], place: &str) {
    let bytes = fs::read(source).unwrap();
    let file = folder.join("cut");
    for cut in cuts(bytes.len()) {
        fs::write(&file, &bytes[..cut]).unwrap();
        let arguments: Vec<String> = [&[flag, "cut"], rest].concat().into_iter().map(str::to_owned).collect();
        let run = size_gate(folder, &arguments);
        assert_eq!(run.code, 3, "{} cut at {cut}: {}", source.display(), run.stderr);
        assert!(run.stderr.contains("cut: ") && run.stderr.contains(place), "cut at {cut}: {}", run.stderr);
    }
}

#[test]
fn a_truncated_elf_is_an_error_with_an_offset() {
    let folder = tempfile::tempdir().unwrap();
    truncation(
        folder.path(),
        &example("stm32/firmware.elf"),
        "--elf",
        &["--region=FLASH=0x08000000+1M"],
        "offset",
    );
}

#[test]
fn a_truncated_image_is_an_error_with_an_offset() {
    let folder = tempfile::tempdir().unwrap();
    let source = example("esp32c3/firmware.bin");
    let bytes = fs::read(&source).unwrap();
    // A file that does not start like an ESP image is plain bytes; the empty one is nobody's image.
    for cut in cuts(bytes.len()).filter(|cut| *cut > 0) {
        fs::write(folder.path().join("cut"), &bytes[..cut]).unwrap();
        let run = size_gate(folder.path(), &words("--bin cut"));
        assert_eq!(run.code, 3, "cut at {cut}: {}", run.stderr);
        assert!(run.stderr.contains("cut: "), "{}", run.stderr);
    }
}

#[test]
fn a_truncated_partition_table_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(example("esp32c3/partitions.bin")).unwrap();
    // Everything after the end marker is padding of the 3072-byte sector and may be missing.
    let used = bytes.chunks(32).position(|entry| entry.iter().all(|byte| *byte == 0xFF)).unwrap() * 32;
    for cut in 0..used {
        fs::write(folder.path().join("cut"), &bytes[..cut]).unwrap();
        let run = size_gate(folder.path(), &words("--partitions cut --max-file cut=1M"));
        assert_eq!(run.code, 3, "cut at {cut}: {}", run.stderr);
    }
}

#[test]
fn a_map_without_its_end_is_an_error_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for source in ["esp-like/firmware.map", "stm32/firmware.map"] {
        let text = fs::read_to_string(example(source)).unwrap();
        let heading = text.find("Linker script and memory map").unwrap();
        for cut in cuts(heading) {
            fs::write(folder.path().join("cut"), &text[..cut]).unwrap();
            let run = size_gate(folder.path(), &words("--map cut"));
            assert_eq!(run.code, 3, "{source} cut at {cut}: {}", run.stderr);
            assert!(run.stderr.contains("cut: "), "{}", run.stderr);
        }
    }
}

#[test]
fn an_elf_that_claims_huge_tables_is_an_error_and_takes_no_memory_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(example("stm32/firmware.elf")).unwrap();
    // e_phoff, e_shoff, e_phnum, e_shnum, e_shstrndx of a 32-bit header.
    for (at, width) in [(28, 4), (32, 4), (44, 2), (48, 2), (50, 2)] {
        let mut hostile = bytes.clone();
        hostile[at..at + width].fill(0xFE);
        fs::write(folder.path().join("hostile"), hostile).unwrap();
        let run = size_gate(folder.path(), &words("--elf hostile --region FLASH=0x08000000+1M"));
        assert_eq!(run.code, 3, "field at {at}: {}", run.stderr);
    }
}

#[test]
fn a_stripped_elf_still_measures_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(example("stm32/firmware.elf")).unwrap();
    bytes[32..36].fill(0);
    bytes[48..52].fill(0);
    fs::write(folder.path().join("stripped.elf"), bytes).unwrap();
    let script = example("stm32/memory.ld");
    let run = size_gate(
        folder.path(),
        &[words("--elf stripped.elf"), vec![format!("--linker-script={}", script.display())]].concat(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.report();
    assert!(
        report.findings.iter().any(|finding| finding.message.contains("section headers")),
        "{:?}",
        report.findings
    );
    let whole = size_gate(&example("stm32"), &words("--elf firmware.elf --linker-script memory.ld"));
    let span = |report: &lw_model::Report| report.measure("region.FLASH.span", None).unwrap().value;
    assert_eq!(span(report), span(whole.report()));
}

#[test]
fn an_empty_file_is_an_error_for_every_input() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), b"").unwrap();
    for flag in ["--elf", "--map", "--bin", "--partitions"] {
        let run = size_gate(folder.path(), &words(&format!("{flag} empty --max-file empty=1")));
        assert_eq!(run.code, 3, "{flag}: {}", run.stderr);
        assert!(run.stderr.contains("empty: "), "{flag}: {}", run.stderr);
    }
}

#[test]
fn a_baseline_of_another_chip_or_tool_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c3.json");
    let esp = size_gate(&example("esp-like"), &words("--map firmware.map"));
    let json = serde_json::to_string(esp.report()).unwrap();
    fs::write(&path, &json).unwrap();
    let baseline = vec![format!("--baseline={}", path.display())];
    let run = size_gate(
        &example("esp32c3"),
        &[words("--map gnu/firmware.map --chip esp32c2"), baseline.clone()].concat(),
    );
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("the baseline is of chip esp32c3"), "{}", run.stderr);

    fs::write(&path, json.replace("\"size-gate\"", "\"coverage-gate\"")).unwrap();
    let run = size_gate(&example("esp-like"), &[words("--map firmware.map"), baseline].concat());
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("it is a report of coverage-gate, expected one of size-gate"),
        "{}",
        run.stderr
    );
}
