//! Slots whose sizes are given: a MCUboot image is held to what the bootloader leaves of them, a plain one to the sizes.

use std::fs;
use std::path::{Path, PathBuf};

use lw_model::{Cell, Level, Number, Verdict};

use crate::common::{Run, files, ota};
use crate::images::{Esp, Mcuboot, mcuboot, noise, table};

/// The slots of most tests: 16 sectors of 4 KiB.
const SLOT: usize = 0x10000;

/// A MCUboot image of `length` bytes, TLVs included.
fn of_length(length: usize) -> Vec<u8> {
    let overhead = mcuboot((1, 2, 3, 4), 5, b"").len();
    let image = mcuboot((1, 2, 3, 4), 5, &noise(length - overhead, 3));
    assert_eq!(image.len(), length);
    image
}

/// The same, padded for a slot and confirmed, as `imgtool sign --pad --confirm` writes it with `--align 8`.
fn padded(length: usize, slot: usize) -> Vec<u8> {
    let mut file = of_length(length);
    file.resize(slot - 24, 0xFF);
    file.extend([1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    // `boot_img_magic` of `bootutil_public.c`.
    file.extend([0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F]);
    file.extend([0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80]);
    file
}

/// `inspect` of one file with these arguments.
fn inspect(image: &[u8], arguments: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), image).unwrap();
    let arguments: Vec<&str> = ["inspect", "app.bin"].into_iter().chain(arguments.split(' ')).collect();
    ota(folder.path(), &arguments)
}

/// What is left of a slot.
fn free(run: &Run, name: &str) -> Option<i64> {
    run.report().measure(&format!("partition.{name}.free"), None).map(|measure| match measure.value {
        Number::Integer(bytes) => bytes,
        Number::Decimal(_) => panic!("a fraction of a byte"),
    })
}

#[test]
fn the_last_byte_the_bootloader_leaves_counts() {
    // The longest image of each mode, counted by hand after MCUboot's sources: sectors are 0x1000, the trailer is
    // 128 × 3 × 8 + 48 = 3120 bytes (two states each and one field more with swap-offset).
    for (arguments, longest) in [
        ("--slot-size 0x10000", 0xE000),
        ("--slot-size 64KiB --secondary-slot-size 0xF000", 0xE000),
        ("--slot-size 64KiB --secondary-slot-size 0xE000", 0xD000),
        ("--slot-size 0x10000 --upgrade swap-offset", 0xE000),
        ("--slot-size 0x10000 --upgrade swap-offset --secondary-slot-size 0x11000", 0xF000),
        ("--slot-size 0x10000 --upgrade swap-scratch --scratch-size 4K", 0x10000 - 3120),
        ("--slot-size 0x10000 --upgrade swap-scratch --scratch-size 4K --max-sectors 16", 0x10000 - 432),
        ("--slot-size 0x10000 --upgrade swap-scratch --scratch-size 4K --write-size 16", 0x10000 - 6224),
        ("--slot-size 0x10000 --write-size 16", 0x10000 - 0x3000),
        ("--slot-size 0x10000 --sector-size 0x8000 --max-sectors 2", 0),
        ("--slot-size 0x10000 --upgrade no-swap", 0x10000 - 40),
        ("--slot-size 0x10000 --upgrade single-slot", 0x10000 - 48),
        ("--slot-size 0x10000 --upgrade single-slot --write-size 32", 0x10000 - 160),
    ] {
        if longest == 0 {
            let run = inspect(&of_length(500), arguments);
            assert_eq!(run.code, 2, "{arguments}");
            assert!(run.stderr.contains("leaves no room"), "{}", run.stderr);
            continue;
        }
        let run = inspect(&of_length(longest), arguments);
        assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn), "{arguments}: {}", run.stderr);
        assert_eq!(free(&run, "smallest-ota"), Some(0), "{arguments}");
        let run = inspect(&of_length(longest + 1), arguments);
        assert_eq!((run.code, free(&run, "smallest-ota")), (1, Some(-1)), "{arguments}");
        assert!(run.found(Level::Error).iter().all(|rule| *rule == "slot-overflow"), "{arguments}");
        assert!(!run.found(Level::Error).is_empty());
    }
}

#[test]
fn measures_and_rows_are_those_of_partitions() {
    let run = inspect(&of_length(0xA000), "--slot-size 0x10000 --min-free partition.secondary=5000");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(free(&run, "primary"), Some(0xE000 - 0xA000));
    assert_eq!(free(&run, "secondary"), Some(0xF000 - 0xA000));
    assert_eq!(run.output("smallest-ota-free"), (0xE000 - 0xA000).to_string());
    let measure = run.report().measure("partition.smallest-ota.free", None).unwrap();
    assert_eq!((measure.whole, measure.limits.len()), (Some(Number::Integer(0xE000)), 0));
    let table = run.report().tables.iter().find(|table| table.id == "slots").unwrap();
    assert_eq!(table.rows.len(), 2);
    assert_eq!(
        table.rows[0][..5],
        [
            Cell::Code("primary".into()),
            Cell::Bytes(0xA000),
            Cell::Bytes(0x2000),
            Cell::Bytes(0x10000),
            Cell::Bytes(0x4000)
        ]
    );
    let note = table.note.as_deref().unwrap();
    assert!(
        note.contains("keeps 8,192 B (8.00 KiB) of primary and 4,096 B (4.00 KiB) of secondary"),
        "{note}"
    );
    let run = inspect(&of_length(0xA000), "--slot-size 0x10000 --min-free partition.secondary=24K");
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail));
}

#[test]
fn a_bootloader_that_decrypts_keeps_its_keys() {
    let scratch = "--slot-size 0x10000 --upgrade swap-scratch --scratch-size 4K";
    for (flag, keys, length) in [(0x04, 32, 113), (0x08, 64, 129)] {
        let key = (0x32, vec![1; length]);
        let unprotected = [Mcuboot::default().unprotected, vec![key]].concat();
        let mut image = Mcuboot { flags: flag, unprotected, ..Mcuboot::default() };
        image.payload = noise(0x8000 - (image.build().len() - 100), 3);
        let image = image.build();
        assert_eq!(image.len(), 0x8000);
        let run = inspect(&image, scratch);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(free(&run, "smallest-ota"), Some(0x8000 - 3120 - keys));
    }
}

#[test]
fn of_a_padded_file_the_image_counts_and_the_padding_has_to_be_the_slots() {
    let file = padded(0xA000, SLOT);
    let run = inspect(&file, "--slot-size 0x10000");
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{}", run.stderr);
    assert_eq!(free(&run, "smallest-ota"), Some(0x4000));
    // The image has room, the file has not.
    let run = inspect(&file, "--slot-size 0xF000");
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["slot-overflow"]));
    assert_eq!(free(&run, "smallest-ota"), Some(0x3000));
    // Where the image itself is too long, that is told, and for each slot.
    let run = inspect(&file, "--slot-size 0xB000");
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["slot-overflow"]));
    assert_eq!(free(&run, "secondary"), Some(0));
    for other in ["--slot-size 0x11000", "--slot-size 0x10000 --write-size 16"] {
        let run = inspect(&file, other);
        assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["slot-trailer"]), "{other}");
    }
    // An update for swap-offset is written one sector into its slot.
    let offset = "--slot-size 0x10000 --upgrade swap-offset --secondary-slot-size";
    assert_eq!(inspect(&file, &format!("{offset} 0x11000")).report().verdict, Verdict::Pass);
    assert_eq!(inspect(&file, &format!("{offset} 0x10000")).code, 1);
}

#[test]
fn a_plain_image_is_held_to_the_sizes() {
    let image = noise(5001, 1);
    for (sizes, code, left) in [
        ("--slot-size 5001", 0, 0),
        ("--slot-size 5000", 1, -1),
        ("--slot-size 8K --secondary-slot-size 5000", 1, -1),
        ("--slot-size 8K --upgrade single-slot", 0, 8192 - 5001),
    ] {
        let run = inspect(&image, &format!("--kind binary {sizes}"));
        assert_eq!((run.code, free(&run, "smallest-ota")), (code, Some(left)), "{sizes}");
    }
}

#[test]
fn an_image_that_overflows_is_not_packaged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), of_length(0xE001)).unwrap();
    let package = ["package", "--firmware=app.bin", "--board=nrf", "--output=app.ota", "--slot-size=0x10000"];
    let run = ota(folder.path(), &package);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["slot-overflow"]), "{}", run.stderr);
    assert_eq!(files(folder.path()), ["app.bin"]);
    // imgtool, which leaves room for the trailer alone, takes it; so does a bootloader that does not swap.
    let run = ota(folder.path(), &[&package[..], &["--upgrade=no-swap"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(files(folder.path()), ["app.bin", "app.ota"]);
}

#[test]
fn each_board_of_a_package_has_its_own_kind_of_slot() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("s3.bin"), Esp::default().build()).unwrap();
    fs::write(at.join("nrf.bin"), of_length(0xE001)).unwrap();
    fs::write(at.join("table.csv"), table(0x20000, 0x20000)).unwrap();
    let run = |arguments: &[&str]| {
        let package = ["package", "--version=1.2.3", "--output=app.ota", "--slot-size=0x10000"];
        let run = ota(at, &[&package[..], arguments].concat());
        (run.code, run.stderr)
    };
    let both = ["--firmware=s3=s3.bin", "--firmware=nrf=nrf.bin"];
    assert_eq!(run(&[&both[..], &["--partitions=s3=table.csv"]].concat()).0, 1);
    assert_eq!(run(&[&both[..], &["--partitions=s3=table.csv", "--upgrade=no-swap"]].concat()).0, 0);
    // Both tell the slots of the MCUboot image.
    let (code, text) = run(&[&both[..], &["--partitions=table.csv"]].concat());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nrf.bin: --partitions and --slot-size both tell its slots"), "{text}");
    // Nobody tells those of the ESP image.
    let (code, text) = run(&both);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--partitions BOARD=FILE"), "{text}");
    // The sizes are of no image.
    let (code, text) = run(&[both[0], "--partitions=table.csv"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("s3.bin: --slot-size judges no image here"), "{text}");
}

#[test]
fn slots_that_cannot_be_are_a_mistake_of_usage() {
    let image = of_length(1000);
    for (arguments, text) in [
        (
            "--slot-size 0x10001",
            "--slot-size: the primary slot of 0x10001 bytes is no whole number of sectors",
        ),
        (
            "--slot-size 0x10000 --secondary-slot-size 0xF001",
            "--secondary-slot-size: the secondary slot of 0xf001",
        ),
        ("--slot-size 1M", "--max-sectors: the primary slot has 256 sectors"),
        ("--slot-size 0x1000", "--slot-size: the trailer leaves no room"),
        ("--slot-size 0x10000 --write-size 3", "--write-size: a smallest write of 3 bytes"),
        ("--slot-size 0", "--slot-size 0: expected"),
        ("--slot-size 5G", "--slot-size 5368709120: expected"),
        ("--slot-size 64KB", "ambiguous"),
        ("--slot-size 0x10000 --sector-size 0", "--sector-size 0: expected"),
        ("--slot-size 0x10000 --upgrade swap-scratch", "--upgrade swap-scratch needs --scratch-size"),
        (
            "--slot-size 0x10000 --upgrade swap-scratch --scratch-size 1K",
            "--scratch-size: the scratch area of 0x400 bytes holds no sector",
        ),
        ("--slot-size 0x10000 --scratch-size 4K", "--upgrade swap-move has no scratch area"),
        (
            "--slot-size 0x10000 --secondary-slot-size 0x10000 --upgrade single-slot",
            "--upgrade single-slot has no secondary slot",
        ),
        ("--secondary-slot-size 0x10000", "--secondary-slot-size says nothing without --slot-size"),
        ("--sector-size 2K", "--sector-size says nothing without --slot-size"),
        ("--upgrade no-swap", "--upgrade says nothing without --slot-size"),
        ("--scratch-size 4K", "--scratch-size says nothing without --slot-size"),
        ("--write-size 4", "--write-size says nothing without --slot-size"),
        ("--max-sectors 256", "--max-sectors says nothing without --slot-size"),
    ] {
        let run = inspect(&image, arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.stderr);
        assert!(run.stderr.contains(text), "{arguments}: {}", run.stderr);
    }
    // The defaults, written out, are no mistake.
    let defaults = "--sector-size 4096 --upgrade swap-move --write-size 8 --max-sectors 128";
    assert_eq!(inspect(&image, defaults).code, 0);
}

#[test]
fn a_file_that_is_not_written_as_it_is_cannot_be_judged() {
    let run = inspect(b":0400000001020304F2\n:00000001FF\n", "--slot-size 0x10000");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("which no Intel HEX file is"), "{}", run.stderr);
}

#[test]
fn imgtools_own_images_are_judged_by_the_image_in_them() {
    for (name, length) in [
        ("s3-hello_p256_padded_confirmed.bin", 135_670),
        ("s3-hello_root-ec-p256.bin", 135_219),
        ("s3-hello_root-ed25519.bin", 135_212),
        ("s3-hello_root-rsa-2048.bin", 135_404),
    ] {
        let Some(path) = lw_testkit::shared_fixture(&format!("ota/mcuboot/{name}")) else { return };
        let run = |arguments: &[&str]| {
            ota(Path::new("/"), &[&["inspect", path.to_str().unwrap()], arguments].concat())
        };
        let fits = run(&["--slot-size", "0x40000"]);
        // They are signed with the keys MCUboot is published with.
        assert_eq!((fits.code, fits.found(Level::Warning)), (0, vec!["test-key"]), "{name}: {}", fits.stderr);
        assert_eq!(free(&fits, "smallest-ota"), Some(0x3_E000 - length), "{name}");
        // imgtool would sign each of them for this slot: it takes up to 0x22000 - 3120 = 136,144 bytes.
        let refused = run(&["--slot-size", "0x22000"]);
        assert_eq!(refused.code, 1, "{name}");
        assert_eq!(free(&refused, "smallest-ota"), Some(0x2_0000 - length), "{name}");
    }
}

#[test]
fn the_manual_says_what_is_kept() {
    let manual = fs::read_to_string(lw_testkit::root().join("docs/ota-package.md")).unwrap();
    let (_, section) = manual.split_once("### Slots of MCUboot").unwrap();
    let number = |cell: &str| cell.replace(',', "").parse::<i64>().ok();
    for mode in ["swap-scratch", "swap-move", "swap-offset", "no-swap", "single-slot"] {
        let row = section.lines().find(|line| line.starts_with(&format!("| `{mode}`"))).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let scratch = if mode == "swap-scratch" { " --scratch-size 4K" } else { "" };
        let run = inspect(&of_length(1000), &format!("--slot-size 0x76000 --upgrade {mode}{scratch}"));
        let kept = |slot| free(&run, slot).map(|free| 0x7_6000 - 1000 - free);
        let counted =
            [kept("primary"), kept("secondary"), free(&run, "smallest-ota").map(|free| free + 1000)];
        assert_eq!([number(cells[3]), number(cells[4]), number(cells[5])], counted, "{row}");
    }
}

/// The image the transcripts and the case of the action judge.
fn committed() -> PathBuf {
    lw_testkit::root().join("tests/cases/ota-package/all-inputs-inspect-mcuboot/app.bin")
}

/// `TRYCMD=overwrite` writes it, like the transcripts.
#[test]
fn the_image_of_the_transcripts_is_made_here() {
    let image = of_length(3200);
    if lw_testkit::env("TRYCMD").as_deref() == Some("overwrite") {
        fs::write(committed(), &image).unwrap();
    }
    assert!(fs::read(committed()).unwrap() == image, "run this with TRYCMD=overwrite");
}
