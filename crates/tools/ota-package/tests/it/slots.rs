//! The image has to fit the smallest OTA slot, signature counted.

use std::fs;

use lw_model::{Level, Number, Verdict};

use crate::common::ota;
use crate::images::{Esp, table};

const SLOT: usize = 0x20000;

/// The verdict, the findings that fail and the bytes left of an image of `length` bytes.
fn fit(length: usize, csv: &str, more: &[&str]) -> (i32, Vec<String>, Option<i64>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().of_length(length)).unwrap();
    fs::write(folder.path().join("table.csv"), csv).unwrap();
    let run = ota(folder.path(), &[&["inspect", "app.bin", "--partitions", "table.csv"], more].concat());
    let free = run.report().measure("partition.smallest-ota.free", None).map(|measure| match measure.value {
        Number::Integer(bytes) => bytes,
        Number::Decimal(_) => panic!("a fraction of a byte"),
    });
    (run.code, run.found(Level::Error).into_iter().map(str::to_owned).collect(), free)
}

#[test]
fn the_last_byte_counts_and_the_smallest_slot_decides() {
    let none: Vec<String> = Vec::new();
    assert_eq!(fit(SLOT, &table(SLOT, SLOT), &[]), (0, none.clone(), Some(0)));
    assert_eq!(fit(SLOT + 16, &table(SLOT, SLOT), &[]), (1, vec!["slot-overflow".to_owned(); 2], Some(-16)));
    // The second slot is the smaller one: a check of the first alone would pass.
    let uneven = table(2 * SLOT, SLOT);
    assert_eq!(fit(SLOT + 16, &uneven, &[]), (1, vec!["slot-overflow".to_owned()], Some(-16)));
    assert_eq!(fit(SLOT, &uneven, &[]), (0, none, Some(0)));
}

#[test]
fn a_signature_takes_its_sector_before_it_is_there() {
    let v2 = ["--signature-scheme", "secure-boot-v2"];
    let overflow = vec!["slot-overflow".to_owned(); 2];
    assert_eq!(fit(SLOT - 0x1000, &table(SLOT, SLOT), &v2), (0, vec![], Some(0)));
    assert_eq!(fit(SLOT - 0x1000 + 16, &table(SLOT, SLOT), &v2), (1, overflow.clone(), Some(-0x1000)));
    let v1 = ["--signature-scheme", "secure-boot-v1"];
    assert_eq!(fit(SLOT - 80, &table(SLOT, SLOT), &v1), (0, vec![], Some(12)));
    assert_eq!(fit(SLOT - 64, &table(SLOT, SLOT), &v1), (1, overflow, Some(-4)));
}

#[test]
fn more_than_nine_tenths_is_a_warning_and_a_limit_decides_where_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let judge = |length: usize, more: &[&str]| {
        fs::write(folder.path().join("app.bin"), Esp::default().of_length(length)).unwrap();
        fs::write(folder.path().join("table.csv"), table(0x50000, 0x50000)).unwrap();
        let run = ota(folder.path(), &[&["inspect", "app.bin", "--partitions", "table.csv"], more].concat());
        (run.code, run.report().verdict)
    };
    // 90 % of 0x50000 are 294,912 bytes.
    assert_eq!(judge(294_912, &[]), (0, Verdict::Pass));
    assert_eq!(judge(294_928, &[]), (0, Verdict::Warn));
    assert_eq!(judge(294_928, &["--min-free", "partition.smallest-ota=5%"]), (0, Verdict::Pass));
    assert_eq!(judge(294_928, &["--min-free", "partition.ota_1.free=40K"]), (1, Verdict::Fail));
    let unknown = ota(folder.path(), &["inspect", "app.bin", "--min-free", "partition.smallest-ota=5%"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}

#[test]
fn a_table_that_cannot_be_updated_over_the_air_fails() {
    let nvs = "nvs,data,nvs,0x9000,0x4000\n";
    let otadata = "otadata,data,ota,0xd000,0x2000\n";
    let slot = |number: u8| format!("ota_{number},app,ota_{number},,0x50000\n");
    let factory = "factory,app,factory,,0x50000\n";
    let cases: [(String, &[&str]); 7] = [
        (format!("{nvs}{otadata}{}{}", slot(0), slot(1)), &[]),
        (format!("{nvs}{otadata}{factory}{}", slot(0)), &[]),
        (format!("{nvs}{factory}"), &["no-ota-slot"]),
        (format!("{nvs}{otadata}{}", slot(0)), &["one-slot"]),
        (format!("{nvs}{}{}", slot(0), slot(1)), &["no-otadata"]),
        (format!("{nvs}{otadata}{}{}", slot(1), slot(2)), &["slot-gap"]),
        (
            format!("{nvs}{otadata}ota_0,app,ota_0,,0x1100000\nota_1,app,ota_1,,0x1100000\n"),
            &["slot-too-large"; 2],
        ),
    ];
    for (csv, expected) in cases {
        let (code, found, _) = fit(0x2000, &csv, &[]);
        assert_eq!(found, expected, "{csv}");
        assert_eq!(code, i32::from(!expected.is_empty()));
    }
}

#[test]
fn a_broken_table_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    fs::write(folder.path().join("table.csv"), "nvs,data,nvs,0x9000,0x4000\nota_0,app,ota_9x,,1M\n").unwrap();
    let run = ota(folder.path(), &["inspect", "app.bin", "--partitions", "table.csv"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("table.csv: line 2"), "{}", run.stderr);
}
