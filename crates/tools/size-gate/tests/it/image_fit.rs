//! The image as a file decides whether it fits, not the sum of its sections.

use std::fs;

use lw_firmware::partitions::{CsvOptions, Table};
use lw_model::{Number, Verdict};
use sha2::{Digest, Sha256};

use crate::common::{example, size_gate, words};

/// Makes the last segment of an ESP image longer by `more` bytes of zeros, with checksum and SHA-256 as a device wants them.
fn lengthen(image: &[u8], more: usize) -> Vec<u8> {
    let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 24;
    for _ in 1..image[1] {
        at += 8 + word(at + 4);
    }
    let length = word(at + 4);
    let mut out = image[..at + 8 + length].to_vec();
    out[at + 4..at + 8].copy_from_slice(&u32::try_from(length + more).unwrap().to_le_bytes());
    // Zeros leave the XOR as it is: only its place moves.
    out.resize(out.len() + more, 0);
    let checksum = image[image.len() - 33];
    out.resize((out.len() + 1).next_multiple_of(16) - 1, 0);
    out.push(checksum);
    let digest = Sha256::digest(&out);
    out.extend_from_slice(&digest);
    out
}

/// A table whose two OTA slots have `size` bytes.
fn table(size: usize) -> String {
    format!(
        "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x20000,{size}\nota_1,app,ota_1,,{}\n",
        size + 0x10000
    )
}

#[test]
fn an_image_16_bytes_over_the_smallest_slot_fails_although_its_sections_fit() {
    let folder = tempfile::tempdir().unwrap();
    let firmware = example("esp32c3");
    let image = fs::read(firmware.join("firmware.bin")).unwrap();
    let slot = image.len().next_multiple_of(0x1000);
    for (total, fits) in [(slot, true), (slot + 16, false)] {
        let longer = lengthen(&image, total - image.len());
        assert_eq!(longer.len(), total);
        fs::write(folder.path().join("app.bin"), &longer).unwrap();
        fs::write(folder.path().join("table.csv"), table(slot)).unwrap();
        let elf = firmware.join("firmware.elf");
        let run = size_gate(
            folder.path(),
            &[
                words("--bin app.bin --partitions table.csv --chip esp32c3"),
                vec![format!("--elf={}", elf.display())],
            ]
            .concat(),
        );
        let report = run.report();
        let image = report.measure("image.bytes", None).unwrap().value;
        assert_eq!(image, Number::from(total as u64), "the image is the file");
        let alone = size_gate(folder.path(), &[vec![format!("--elf={}", elf.display())]].concat());
        let sections = alone.report().measure("image.bytes", None).unwrap().value;
        assert!(sections < Number::from(slot as u64), "the sections alone fit");
        assert_eq!(
            report.measure("partition.ota_0.free", None).unwrap().value,
            Number::Integer(slot as i64 - total as i64)
        );
        assert_eq!((report.verdict == Verdict::Pass, run.code), (fits, i32::from(!fits)), "{total}");
        let found = report.findings.iter().any(|finding| {
            finding.rule == "size-gate/partition-overflow" && finding.message.contains("16 B more than")
        });
        assert_eq!(found, !fits);
    }
}

#[test]
fn exactly_a_mebibyte_passes_the_preset_and_one_byte_more_fails() {
    let folder = tempfile::tempdir().unwrap();
    for (size, code) in [(1_048_576, 0), (1_048_577, 1)] {
        fs::write(folder.path().join("firmware.bin"), vec![0x55; size]).unwrap();
        assert_eq!(
            size_gate(folder.path(), &words("--bin firmware.bin --preset binary-1mib")).code,
            code,
            "{size}"
        );
        assert_eq!(size_gate(folder.path(), &words("--max-file firmware.bin=1MiB")).code, code, "{size}");
    }
}

#[test]
fn an_image_of_another_build_is_not_judged_in_silence() {
    let firmware = example("esp32c3");
    let arguments = words("--elf firmware.elf --bin baseline/firmware.bin --chip esp32c3");
    let run = size_gate(&firmware, &arguments);
    assert_eq!(run.code, 1);
    assert!(run.report().findings.iter().any(|finding| finding.rule == "size-gate/unpaired"));
    let allowed = size_gate(&firmware, &[arguments, words("--allow-unpaired")].concat());
    assert_eq!((allowed.code, allowed.report().verdict), (0, Verdict::Warn));
}

/// Every table is sound in itself, and of a chip that starts its bootloader elsewhere.
#[test]
fn a_partition_table_of_another_chip_fails() {
    let folder = tempfile::tempdir().unwrap();
    let firmware = example("esp32c3");
    let image = fs::read(firmware.join("firmware.bin")).unwrap();
    fs::write(folder.path().join("app.bin"), &image).unwrap();
    fs::copy(firmware.join("firmware.elf"), folder.path().join("app.elf")).unwrap();
    let slot = image.len().next_multiple_of(0x1_0000);
    let text = |place: &str| format!("boot,bootloader,primary,{place},,\n{}", table(slot));
    let run = |inputs: &str| size_gate(folder.path(), &words(&format!("{inputs} --partitions table")));
    // The chip is named, or told by the image.
    let calls = ["--bin app.bin", "--bin app.bin --elf app.elf", "--elf app.elf --chip esp32c3"];
    for (place, code) in [("", 0), ("N/A", 0), ("0x0", 0), ("0x1000", 3), ("0x2000", 3)] {
        fs::write(folder.path().join("table"), text(place)).unwrap();
        for call in calls {
            let run = run(call);
            assert_eq!(run.code, code, "{place} {call}: {}", run.stderr);
            assert!(code == 0 || run.stderr.contains("the table of another chip"), "{}", run.stderr);
        }
    }
    for (offset, code) in [(0, 0), (0x1000, 1), (0x2000, 1)] {
        let options = CsvOptions { primary_bootloader_offset: Some(offset), ..CsvOptions::default() };
        let binary = Table::parse_csv(&text(""), &options).unwrap().to_bin().unwrap();
        fs::write(folder.path().join("table"), binary).unwrap();
        for call in calls.into_iter().chain(["--elf app.elf"]) {
            let run = run(call);
            assert_eq!(run.code, code, "{offset:#x} {call}: {}", run.stderr);
            let told = run.report().findings.iter().any(|finding| finding.rule == "size-gate/other-chip");
            assert_eq!(told, code == 1, "{offset:#x} {call}");
        }
    }
}
