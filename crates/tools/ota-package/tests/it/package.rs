//! One file for any number of boards, the same on any day, and nothing at all when something is wrong.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use lw_model::{Level, Verdict};
use sha2::{Digest, Sha256};

use crate::common::{files, manifest, members, ota};
use crate::images::{Esp, mcuboot, noise, table};

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// Images for three boards.
fn boards(folder: &Path) -> [(&'static str, Vec<u8>); 3] {
    let images = [
        ("c3", Esp { chip: 5, ..Esp::default() }.build()),
        ("s3", Esp { secure_version: 2, data: noise(70_000, 3), ..Esp::default() }.build()),
        ("nrf52840dk/nrf52840", mcuboot((1, 2, 3, 0), 7, &noise(5000, 9))),
    ];
    for (board, image) in &images {
        fs::write(folder.join(format!("{}.bin", board.replace('/', "-"))), image).unwrap();
    }
    images
}

const ALL: [&str; 8] = [
    "package",
    "--firmware=s3=s3.bin",
    "--firmware=c3=c3.bin",
    "--firmware=nrf52840dk/nrf52840=nrf52840dk-nrf52840.bin",
    "--version=v1.2.3",
    "--sequence=41",
    "--minimum-version=1.0.0",
    "--release-notes=Faster.\n\nAnd \"smaller\" 🚀",
];

#[test]
fn a_package_binds_every_image_of_every_board() {
    let folder = tempfile::tempdir().unwrap();
    let images = boards(folder.path());
    let run = ota(folder.path(), &[&ALL[..], &["--output", "out/app.ota"]].concat());
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{}", run.stderr);
    let path = folder.path().join("out/app.ota");
    let tar = fs::read(&path).unwrap();
    let made = run.report().artifacts.iter().find(|made| made.path == "out/app.ota").unwrap();
    assert_eq!((made.bytes, made.sha256.as_str()), (tar.len() as u64, run.output("sha256")));
    let members = members(&tar);
    let manifest = manifest(&path);
    assert_eq!(manifest["schema"], "lw-package/1");
    assert_eq!(manifest["version"], "v1.2.3");
    assert_eq!(manifest["sequence"], 41);
    assert_eq!(manifest["release_notes"], "Faster.\n\nAnd \"smaller\" 🚀");
    let listed = manifest["images"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    for (index, board) in ["c3", "nrf52840dk/nrf52840", "s3"].into_iter().enumerate() {
        let image = &images.iter().find(|(name, _)| *name == board).unwrap().1;
        assert_eq!(listed[index]["board"], board);
        assert_eq!(listed[index]["size"], image.len());
        assert_eq!(listed[index]["sha256"], hex(image));
        assert_eq!(listed[index]["file"], members[index + 1].0);
        assert!(members[index + 1].1 == *image, "{board}: the member is not the image");
    }
    assert_eq!(listed[0]["chip"]["id"], 5);
    assert_eq!(listed[2]["revisions"]["max"], 99);
    assert_eq!(listed[2]["secure_version"], 2);
    assert_eq!((&listed[1]["kind"], &listed[1]["version"]), (&"mcuboot".into(), &"1.2.3+0".into()));
    // The appended digest of an ESP image is the last 32 bytes of one that is not signed.
    let s3 = &images[1].1;
    let appended: String = s3[s3.len() - 32..].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(listed[2]["validation_sha256"], appended);

    assert_eq!(run.output("sha256"), hex(&tar));
    assert_eq!(run.output("size"), tar.len().to_string());
    assert_eq!((run.output("path"), run.output("version")), ("out/app.ota", "v1.2.3"));
    assert_eq!((run.output("sequence"), run.output("boards")), ("41", "c3\nnrf52840dk/nrf52840\ns3"));
    assert!(run.output("images").contains(&format!("s3={}", hex(s3))));
    assert_eq!(run.output("secure-version"), "0");
}

#[test]
fn another_day_and_another_folder_give_the_same_bytes() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for compress in ["none", "zstd"] {
        let mut packages = Vec::new();
        for (folder, days) in [(&one, 0), (&other, 400)] {
            boards(folder.path());
            for name in files(folder.path()).iter().filter(|name| name.ends_with(".bin")) {
                let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(86400 * (1 + days))).unwrap();
            }
            let run =
                ota(folder.path(), &[&ALL[..], &["--compress", compress, "--output", "app.ota"]].concat());
            assert_eq!(run.code, 0, "{}", run.stderr);
            packages.push(fs::read(folder.path().join("app.ota")).unwrap());
        }
        assert!(packages[0] == packages[1], "{compress}: the packages differ");
    }
}

#[test]
fn what_is_unpacked_is_what_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    let images = boards(folder.path());
    for compress in ["none", "zstd"] {
        let run = ota(folder.path(), &[&ALL[..], &["--compress", compress, "--output", "app.ota"]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let run = ota(folder.path(), &["unpack", "app.ota", "--output", compress]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let manifest = manifest(&folder.path().join("app.ota"));
        for image in manifest["images"].as_array().unwrap() {
            let name = image["file"].as_str().unwrap().trim_end_matches(".zst");
            let original = &images.iter().find(|(board, _)| *board == image["board"]).unwrap().1;
            assert!(fs::read(folder.path().join(compress).join(name)).unwrap() == *original, "{name}");
        }
        let run = ota(
            folder.path(),
            &["unpack", "app.ota", "--board", "c3", "--output", &format!("{compress}-c3")],
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        let only = files(&folder.path().join(format!("{compress}-c3")));
        assert_eq!(only, ["images/c3.bin", "manifest.json"]);
        // The report lists what was made: as it is there, and nothing else.
        let made: Vec<_> = run.report().artifacts.iter().filter(|made| !made.path.starts_with('/')).collect();
        let names: Vec<&str> = made.iter().map(|made| made.path.split_once('/').unwrap().1).collect();
        assert_eq!(names, only);
        for made in made {
            let bytes = fs::read(folder.path().join(&made.path)).unwrap();
            assert_eq!((made.sha256.as_str(), made.bytes), (hex(&bytes).as_str(), bytes.len() as u64));
        }
    }
    // A folder with something in it is left alone.
    let run = ota(folder.path(), &["unpack", "app.ota", "--output", "none"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn compression_is_worth_it_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp { data: b"abcd".repeat(20_000), ..Esp::default() }.build())
        .unwrap();
    let run = ota(
        folder.path(),
        &["package", "--firmware=app.bin", "--board=s3", "--compress=zstd", "--output=app.ota"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let manifest = manifest(&folder.path().join("app.ota"));
    let encoding = &manifest["images"][0]["encoding"];
    assert_eq!(encoding["name"], "zstd");
    assert!(encoding["size"].as_u64().unwrap() < 2000, "{encoding}");
    assert_eq!(manifest["images"][0]["file"], "images/s3.bin.zst");
    assert!(fs::metadata(folder.path().join("app.ota")).unwrap().len() < 8192);
}

#[test]
fn tar_and_zstd_read_a_package() {
    let (Some(tar), Some(zstd)) = (lw_testkit::program("tar"), lw_testkit::program("zstd")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let images = boards(folder.path());
    assert_eq!(ota(folder.path(), &[&ALL[..], &["--compress=zstd", "--output", "app.ota"]].concat()).code, 0);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let run = |program: &Path, arguments: &[&str]| {
        let run = Command::new(program).args(arguments).current_dir(&out).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        run.stdout
    };
    run(&tar, &["xf", "../app.ota"]);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    for image in manifest["images"].as_array().unwrap() {
        let made = run(&zstd, &["-dc", image["file"].as_str().unwrap()]);
        let original = &images.iter().find(|(board, _)| *board == image["board"]).unwrap().1;
        assert!(made == *original, "{}", image["board"]);
    }
}

#[test]
fn a_package_that_breaks_a_rule_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().of_length(0x20010)).unwrap();
    fs::write(folder.path().join("table.csv"), table(0x20000, 0x20000)).unwrap();
    fs::write(folder.path().join("app.ota"), "the old one").unwrap();
    let base = ["package", "--firmware=app.bin", "--board=s3", "--output=app.ota"];
    for (more, rule) in [
        (&["--partitions=table.csv"][..], "slot-overflow"),
        (&["--version=1.2.4"], "version-mismatch"),
        (&["--chip=esp32c3"], "wrong-chip"),
        (&["--minimum-version=2.0.0"], "minimum-version"),
        (&["--minimum-secure-version=1"], "minimum-secure-version"),
    ] {
        let run = ota(folder.path(), &[&base[..], more].concat());
        assert_eq!(run.code, 1, "{rule}: {}", run.stderr);
        assert!(run.found(Level::Error).contains(&rule), "{rule}: {:?}", run.report().findings);
        assert!(run.report().summary.ends_with("no package was written"), "{}", run.report().summary);
        assert_eq!(run.output("path"), "");
        // Also when nothing is to fail the run.
        let run = ota(folder.path(), &[&base[..], more, &["--fail-on=never"]].concat());
        assert_eq!(run.code, 0);
        assert_eq!(fs::read(folder.path().join("app.ota")).unwrap(), b"the old one");
        assert_eq!(files(folder.path()), ["app.bin", "app.ota", "table.csv"]);
    }
}

#[test]
fn a_run_that_fails_on_a_warning_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp { hash: false, ..Esp::default() }.build()).unwrap();
    let base = ["package", "--firmware=s3=app.bin", "--output=app.ota"];
    let run = ota(folder.path(), &[&base[..], &["--fail-on=warning"]].concat());
    assert_eq!((run.code, run.found(Level::Warning)), (1, vec!["no-hash"]));
    assert_eq!(files(folder.path()), ["app.bin"]);
    assert_eq!(ota(folder.path(), &base).code, 0);
}

#[test]
fn a_baseline_shows_the_growth() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().of_length(0x2000)).unwrap();
    let first =
        super::common::command(folder.path(), &["inspect", "app.bin", "--report=old.json"]).output().unwrap();
    assert!(first.status.success());
    fs::write(folder.path().join("app.bin"), Esp::default().of_length(0x2400)).unwrap();
    let run = ota(folder.path(), &["inspect", "app.bin", "--baseline=old.json"]);
    let growth = run.report().measure("ota.image.bytes", None).unwrap().growth();
    assert_eq!((run.code, growth), (0, Some(0x400u64.into())));
    fs::write(folder.path().join("old.json"), "{}").unwrap();
    assert_eq!(ota(folder.path(), &["inspect", "app.bin", "--baseline=old.json"]).code, 3);
}

#[test]
fn a_broken_image_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut image = Esp::default().build();
    image[400] ^= 1;
    fs::write(folder.path().join("app.bin"), image).unwrap();
    for format in ["lw", "seed"] {
        let run = ota(
            folder.path(),
            &[
                "package",
                "--firmware=app.bin",
                "--board=s3",
                "--version=1",
                "--output=app.ota",
                "--package-format",
                format,
            ],
        );
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains("app.bin: checksum at offset"), "{}", run.stderr);
        assert_eq!(files(folder.path()), ["app.bin"]);
    }
}

#[test]
fn boards_and_files_that_do_not_go_together_are_usage() {
    let folder = tempfile::tempdir().unwrap();
    boards(folder.path());
    fs::write(folder.path().join("table.csv"), table(0x20000, 0x20000)).unwrap();
    for (arguments, reason) in [
        (&["--firmware=s3.bin"][..], "not said for which board"),
        (&["--firmware=s3.bin", "--firmware=c3.bin", "--board=s3"], "not said for which board"),
        (&["--firmware=s3=s3.bin", "--board=c3"], "different boards"),
        (&["--firmware=s3=s3.bin", "--firmware=s3=c3.bin"], "two images are for board s3"),
        (&["--firmware=s3=s3.bin", "--partitions=s4=table.csv"], "no image of board s4"),
        (&["--firmware=s3=s3.bin", "--chip=c3=esp32c3"], "no image of board c3"),
        (&["--firmware=s3=s3.bin", "--firmware=c3=c3.bin", "--from=s3.bin"], "not clear for which board"),
        (&["--firmware=s3=*.bin"], "more than one file"),
        (&[], "nothing to package"),
    ] {
        let run = ota(folder.path(), &[&["package", "--output=app.ota"], arguments].concat());
        assert_eq!(run.code, 2, "{reason}: {}", run.stderr);
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
    }
    assert_eq!(ota(folder.path(), &["package", "--firmware=s3=s3.bin"]).code, 2, "no output");
    assert_eq!(
        ota(folder.path(), &["package", "--firmware=s3=s4.bin", "--output=x"]).code,
        3,
        "no such file"
    );
}

#[test]
fn without_a_version_the_images_decide_when_they_agree() {
    let folder = tempfile::tempdir().unwrap();
    for (name, version) in [("one", "1.2.3"), ("same", "1.2.3"), ("other", "1.2.4"), ("none", "")] {
        fs::write(folder.path().join(name), Esp { version, ..Esp::default() }.build()).unwrap();
    }
    let run = ota(folder.path(), &["package", "--firmware=a=one", "--firmware=b=same", "--output=x"]);
    assert_eq!((run.code, run.output("version")), (0, "1.2.3"), "{}", run.stderr);
    let run = ota(folder.path(), &["package", "--firmware=a=one", "--firmware=b=other", "--output=x"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("the images disagree"), "{}", run.stderr);
    assert_eq!(ota(folder.path(), &["package", "--firmware=a=none", "--output=x"]).code, 2);
    // With one it is only said.
    let run = ota(folder.path(), &["package", "--firmware=a=none", "--version=1.0.0", "--output=x"]);
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["version-unknown"]), "{}", run.stderr);
}

#[test]
fn a_bootloader_is_no_application() {
    let Some(path) = lw_testkit::shared_fixture("ota/esp-bootloader/esp32c3-bootloader.bin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let firmware = format!("--firmware={}", path.display());
    let arguments = ["package", &firmware, "--board=c3", "--version=1", "--output=app.ota"];
    let run = ota(folder.path(), &arguments);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("it is a bootloader"), "{}", run.stderr);
    assert_eq!(ota(folder.path(), &[&arguments[..], &["--kind=binary"]].concat()).code, 0);
}

#[test]
fn a_server_publishes_what_unpack_writes() {
    let folder = tempfile::tempdir().unwrap();
    boards(folder.path());
    assert_eq!(ota(folder.path(), &[&ALL[..], &["--compress=zstd", "--output", "app.ota"]].concat()).code, 0);
    assert_eq!(ota(folder.path(), &["unpack", "app.ota", "--output", "public"]).code, 0);
    let run = ota(
        folder.path(),
        &["serve-manifest", "app.ota", "--url", "https://ota.example.com/a b/", "--output", "l.json"],
    );
    assert_eq!(run.code, 2, "{}", run.stderr);
    let run = ota(
        folder.path(),
        &["serve-manifest", "app.ota", "--url", "https://ota.example.com/app/", "--output", "l.json"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("l.json")).unwrap()).unwrap();
    assert_eq!((&document["version"], &document["sequence"]), (&"v1.2.3".into(), &41.into()));
    for (board, entry) in document["boards"].as_object().unwrap() {
        let path = entry["url"].as_str().unwrap().strip_prefix("https://ota.example.com/app/").unwrap();
        let file = fs::read(folder.path().join("public").join(path)).unwrap();
        assert_eq!(entry["sha256"], hex(&file), "{board}");
        assert_eq!(entry["size"], file.len(), "{board}");
    }
    let package = fs::read(folder.path().join("app.ota")).unwrap();
    assert_eq!(document["package"]["sha256"], hex(&package));
}

#[test]
fn every_command_takes_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    for format in ["lw", "seed"] {
        let make = ["package", "--firmware=s3=app.bin", "--output=app.ota", "--package-format", format];
        assert_eq!(ota(folder.path(), &make).code, 0);
        for arguments in [
            &["inspect", "app.ota"][..],
            &["unpack", "app.ota", "--output", format],
            &["diff", "app.ota", "app.ota"],
            &["serve-manifest", "app.ota", "--url=/x", "--output=latest.json"],
            &["serve-manifest", "app.ota", "--url=/x", "--output=latest.json", "--manifest-format=esphome"],
            &["package", "--firmware=s3=app.bin", "--previous=app.ota", "--output=next.ota"],
        ] {
            let run = ota(folder.path(), arguments);
            assert_eq!(run.code, 0, "{format} {arguments:?}: {}", run.stderr);
        }
        assert!(
            fs::read(folder.path().join(format).join("images/s3.bin")).unwrap() == Esp::default().build()
        );
    }
}

#[test]
fn a_first_release_has_no_previous_package_where_missing_files_may_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let base = ["package", "--firmware=s3=app.bin", "--previous=gone.ota", "--output=app.ota"];
    assert_eq!(ota(folder.path(), &base).code, 3);
    for (missing, level) in [("warn", Level::Warning), ("skip", Level::Note)] {
        let run = ota(folder.path(), &[&base[..], &["--missing", missing]].concat());
        assert_eq!((run.code, run.found(level)), (0, vec!["missing-input"]), "{}", run.stderr);
    }
}
