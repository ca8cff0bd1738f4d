//! The log of a matrix in a CI: what needs no look is folded.

use crate::common::{SIZE_GATE, example};

/// Two firmwares, of which one is too large, as standard output tells of them.
fn log(ci: &[(&str, &str)]) -> String {
    let arguments = [
        "--elf={riscv64,arm-be}/firmware.elf",
        "--map={riscv64,arm-be}/firmware.map",
        "--max=arm-be/image=1K",
    ];
    let run = SIZE_GATE.run(&example(""), &arguments, ci);
    assert_eq!(run.code, 1, "{}", run.stderr);
    run.stdout
}

#[test]
fn a_firmware_that_passed_is_folded_and_one_that_failed_is_not() {
    let plain = log(&[]);
    assert!(plain.contains("\n✓ riscv64\n") && plain.contains("\n✗ arm-be\n"), "{plain}");

    let github = log(&[("GITHUB_ACTIONS", "true")]);
    let (open, fold) = github.split_once("::group::riscv64: pass\n").unwrap();
    assert!(open.contains("\n✗ arm-be\n") && open.contains("Breached limits"), "{github}");
    let (inside, after) = fold.split_once("::endgroup::\n").unwrap();
    assert!(inside.contains("riscv64/firmware.elf") && !inside.contains("arm-be"), "{github}");
    assert_eq!((after, github.matches("::group::").count()), ("", 1));
    // Nothing is lost, and nothing is told twice.
    let words = |text: &str| text.matches("riscv64/firmware.elf").count();
    assert_eq!(words(&github), words(&plain));

    let gitlab = log(&[("GITLAB_CI", "true"), ("SOURCE_DATE_EPOCH", "7")]);
    let (open, fold) = gitlab.split_once("section_start:7:size_gate_").unwrap();
    assert!(open.contains("\n✗ arm-be\n"), "{gitlab}");
    assert!(
        fold.contains("[collapsed=true]\r\u{1b}[0Kriscv64: pass\n")
            && fold.contains("section_end:7:size_gate_")
    );
}

#[test]
fn a_single_firmware_is_not_folded() {
    let elf = format!("--elf={}", example("riscv64").join("firmware.elf").display());
    let run = SIZE_GATE.run(&example(""), &[elf], &[("GITHUB_ACTIONS", "true")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stdout.contains("::group::"), "{}", run.stdout);
}
