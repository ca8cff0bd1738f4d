//! A board keeps what it is from one release to the next, and a package what it says.

use std::fs;

use lw_model::{Level, Verdict};

use crate::common::{Run, manifest, ota};
use crate::images::{Esp, Mcuboot, intel_hex, uf2};

/// Packages two images of one board, the second with the first as the previous release.
fn upgrade(old: &[u8], new: &[u8]) -> (Run, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("old.bin", old), ("new.bin", new)] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let package = |version: &str, name: &str, more: &[&str]| {
        let (firmware, version) = (format!("--firmware=main={name}.bin"), format!("--version={version}"));
        let output = format!("--output={name}.ota");
        let base = ["package", &firmware, &version, &output, "--allow-version-mismatch"];
        ota(folder.path(), &[&base[..], more].concat())
    };
    let first = package("1.0.0", "old", &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    (package("1.1.0", "new", &["--previous=old.ota"]), folder)
}

/// What is found as an error, apart from what the versions inside give.
fn errors(run: &Run) -> Vec<&str> {
    run.found(Level::Error)
}

#[test]
fn a_board_keeps_its_chip_and_kind() {
    let esp = |chip: u16| Esp { chip, ..Esp::default() }.build();
    let (run, folder) = upgrade(&esp(9), &esp(5));
    assert_eq!((run.code, errors(&run)), (1, vec!["wrong-chip"]), "{}", run.stderr);
    assert!(!folder.path().join("new.ota").exists());
    let mcu = Mcuboot::default().build();
    let (run, _) = upgrade(&esp(9), &mcu);
    assert_eq!((run.code, errors(&run)), (1, vec!["wrong-chip", "kind-change"]), "{}", run.stderr);
    let (run, _) = upgrade(&mcu, &intel_hex(&[(0xC000, &mcu)]));
    assert_eq!((run.code, errors(&run)), (1, vec!["kind-change"]), "{}", run.stderr);
    let (run, _) = upgrade(&esp(9), &esp(9));
    assert_eq!((run.code, errors(&run)), (0, vec![]), "{}", run.stderr);
}

#[test]
fn a_board_keeps_its_families_and_ids() {
    let of = |family: u32| uf2(family, &[(0x1000_0000, &[1; 600])]);
    let (run, folder) = upgrade(&of(0xE48B_FF56), &of(0xE48B_FF59));
    assert_eq!((run.code, errors(&run)), (1, vec!["wrong-family"]), "{}", run.stderr);
    assert_eq!(manifest(&folder.path().join("old.ota"))["images"][0]["families"][0], "0xe48bff56");
    // One more family takes nothing away.
    let both = [of(0xE48B_FF56), of(0xE48B_FF59)].concat();
    assert_eq!(errors(&upgrade(&of(0xE48B_FF56), &both).0), [""; 0]);
    assert_eq!(errors(&upgrade(&both, &of(0xE48B_FF56)).0), ["wrong-family"]);

    let with = |kind: u16, byte: u8| {
        let protected = [Mcuboot::default().protected, vec![(kind, vec![byte; 16])]].concat();
        Mcuboot { protected, ..Mcuboot::default() }.build()
    };
    for (kind, key) in [(0x74, "vendor_id"), (0x75, "class_id")] {
        let (run, folder) = upgrade(&with(kind, 1), &with(kind, 2));
        assert_eq!((run.code, errors(&run)), (1, vec!["wrong-class"]), "{}", run.stderr);
        let written = manifest(&folder.path().join("old.ota"))["images"][0][key].clone();
        assert_eq!(written, "01010101-0101-0101-0101-010101010101");
        assert_eq!(errors(&upgrade(&with(kind, 1), &Mcuboot::default().build()).0), ["wrong-class"]);
        assert_eq!(errors(&upgrade(&Mcuboot::default().build(), &with(kind, 1)).0), [""; 0]);
    }
}

#[test]
fn fewer_chip_revisions_are_told() {
    let of =
        |min_revision: u16, max_revision: u16| Esp { min_revision, max_revision, ..Esp::default() }.build();
    for (old, new, is_narrower) in [
        ((0, 99), (1, 99), true),
        ((0, 199), (0, 99), true),
        ((0, 0), (0, 99), true),
        ((1, 99), (0, 199), false),
        ((0, 99), (0, u16::MAX), false),
    ] {
        let (run, _) = upgrade(&of(old.0, old.1), &of(new.0, new.1));
        assert_eq!(run.code, 0, "{}", run.stderr);
        let found = run.found(Level::Warning).contains(&"revisions-narrower");
        assert_eq!(found, is_narrower, "{old:?} {new:?}");
    }
}

#[test]
fn diff_tells_of_it_as_well() {
    let folder = tempfile::tempdir().unwrap();
    for (name, chip) in [("s3", 9), ("c3", 5)] {
        fs::write(folder.path().join("app.bin"), Esp { chip, ..Esp::default() }.build()).unwrap();
        let output = format!("--output={name}.ota");
        assert_eq!(ota(folder.path(), &["package", "--firmware=main=app.bin", &output]).code, 0);
    }
    let run = ota(folder.path(), &["diff", "s3.ota", "c3.ota"]);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["wrong-chip"]), "{}", run.stderr);
    let run = ota(folder.path(), &["diff", "s3.ota", "s3.ota"]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass));
}

#[test]
fn an_image_under_another_versions_name_is_refused_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    for format in ["lw", "seed"] {
        let package = ["package", "--firmware=s3=app.bin", "--output=app.ota", "--package-format", format];
        let made = |version: &str| {
            ota(folder.path(), &[&package[..], &["--allow-version-mismatch", "--version", version]].concat())
        };
        for (version, is_right) in [("1.2.3", true), ("v1.2.3", true), ("9.9.0", false), ("1.2.30", false)] {
            assert_eq!(made(version).code, 0);
            let commands: [&[&str]; 3] = [
                &["inspect", "app.ota"],
                &["unpack", "app.ota", "--output=out"],
                &["serve-manifest", "app.ota", "--url=https://example.com/a", "--output=latest.json"],
            ];
            for command in commands {
                let _ = fs::remove_dir_all(folder.path().join("out"));
                let run = ota(folder.path(), command);
                assert_eq!(
                    run.code,
                    if is_right { 0 } else { 3 },
                    "{format} {version} {command:?}: {}",
                    run.stderr
                );
                if !is_right {
                    assert!(run.stderr.contains("the image itself says 1.2.3"), "{}", run.stderr);
                    assert!(!folder.path().join("out").exists());
                    let allowed = ota(folder.path(), &[command, &["--allow-version-mismatch"]].concat());
                    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
                    assert_eq!(allowed.found(Level::Warning), ["version-mismatch"]);
                }
            }
        }
    }
}
