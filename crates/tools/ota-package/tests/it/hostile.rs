//! A package may come from anywhere: nothing in it leaves the folder, grows without bound or lies.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::common::{files, ota};
use crate::images::Esp;

/// A ustar header with a right checksum.
fn header(path: &str, size: u64, kind: u8, link: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn member(path: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(path, data.len() as u64, b'0', "");
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// The manifest of one binary image.
fn manifest(file: &str, size: u64, sha256: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"schema":"lw-package/1","version":"1","images":[{{"board":"b","kind":"binary","file":"{file}","size":{size},"sha256":"{sha256}"{more}}}]}}"#
    )
    .into_bytes()
}

const END: [u8; 1024] = [0; 1024];
const DATA: &[u8] = b"\x01firmware";

/// That a package is refused, for this reason, and that nothing is left of it.
fn refused(package: &[u8], reason: &str) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("app.ota"), package).unwrap();
    for arguments in [&["unpack", "app.ota", "--output=out"][..], &["inspect", "app.ota"]] {
        let run = ota(&folder, arguments);
        assert_eq!(run.code, 3, "{reason}: {}", run.stderr);
        assert!(run.stderr.contains(reason), "expected {reason}: {}", run.stderr);
    }
    assert_eq!(files(outer.path()), ["inner/app.ota"], "{reason}");
    assert!(!Path::new("/tmp/lw-escaped").exists());
}

#[test]
fn the_sound_one_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let package = [
        member("manifest.json", &manifest("images/b.bin", 9, &hex(DATA), "")),
        member("images/b.bin", DATA),
        END.to_vec(),
    ];
    fs::write(folder.path().join("app.ota"), package.concat()).unwrap();
    let run = ota(folder.path(), &["unpack", "app.ota", "--output=out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(fs::read(folder.path().join("out/images/b.bin")).unwrap(), DATA);
}

#[test]
fn no_path_leaves_the_folder() {
    for path in [
        "../escaped",
        "images/../../escaped",
        "/tmp/lw-escaped",
        "images/./x",
        "images//x",
        "images/c:x",
        "images/..\\\\x",
        "manifest.json",
        "images/con",
    ] {
        let plain = path.replace("\\\\", "\\");
        let package =
            [member("manifest.json", &manifest(path, 9, &hex(DATA), "")), member(&plain, DATA), END.to_vec()];
        refused(&package.concat(), "images[0].file");
    }
}

#[test]
fn no_links_no_duplicates_no_strays_nothing_missing() {
    let good = manifest("images/b.bin", 9, &hex(DATA), "");
    let first = member("manifest.json", &good);
    let image = member("images/b.bin", DATA);
    for (kind, link) in [(b'1', "/etc/passwd"), (b'2', "/etc/passwd"), (b'5', ""), (b'L', ""), (b'x', "")] {
        let package = [first.clone(), header("images/b.bin", 0, kind, link), END.to_vec()].concat();
        refused(&package, "tar header at byte");
    }
    refused(&[first.clone(), image.clone(), image.clone(), END.to_vec()].concat(), "is there twice");
    refused(&[first.clone(), image.clone(), first.clone(), END.to_vec()].concat(), "is there twice");
    refused(
        &[first.clone(), image.clone(), member("images/x.bin", DATA), END.to_vec()].concat(),
        "is not in the manifest",
    );
    refused(&[first.clone(), END.to_vec()].concat(), "not in the package");
    refused(&[first.clone(), image.clone()].concat(), "ends at byte");
    refused(&[first.clone(), image.clone(), END.to_vec(), b"more".to_vec()].concat(), "data after its end");
    refused(&[&first[..], &image[..520]].concat(), "ends at byte");
}

#[test]
fn sizes_and_digests_are_those_of_the_manifest() {
    let image = member("images/b.bin", DATA);
    let with = |manifest: Vec<u8>| [member("manifest.json", &manifest), image.clone(), END.to_vec()].concat();
    refused(&with(manifest("images/b.bin", 8, &hex(DATA), "")), "images/b.bin is");
    refused(&with(manifest("images/b.bin", u64::MAX, &hex(DATA), "")), "manifest");
    refused(&with(manifest("images/b.bin", 9, &hex(b"other"), "")), "SHA-256");
    refused(&with(b"{\"schema\":\"lw-package/2\"}".to_vec()), "schema");
    refused(&with(b"{\"schema\":\"lw-package/1\"".to_vec()), "manifest");
    refused(&with(vec![b'['; 100_000]), "manifest");
}

#[test]
fn a_bomb_is_stopped_at_the_size_that_is_declared() {
    // A Zstandard frame of one run-length block of 128 KiB (RFC 8878, section 3.1.1.2), many times over.
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58];
    let block = |last: u32| {
        let header = last | 1 << 1 | (128 << 10) << 3;
        [&header.to_le_bytes()[..3], &[0x41]].concat()
    };
    for _ in 0..8000 {
        frame.extend(block(0));
    }
    frame.extend(block(1));
    let more = format!(r#","encoding":{{"name":"zstd","size":{},"sha256":"{}"}}"#, frame.len(), hex(&frame));
    let package = [
        member("manifest.json", &manifest("images/b.bin.zst", 9, &hex(DATA), &more)),
        member("images/b.bin.zst", &frame),
        END.to_vec(),
    ];
    refused(&package.concat(), "images/b.bin.zst");
}

#[test]
fn a_relabelled_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp { version: "1.0.0", ..Esp::default() }.build()).unwrap();
    assert_eq!(ota(folder.path(), &["package", "--firmware=s3=app.bin", "--output=app.ota"]).code, 0);
    let good = fs::read(folder.path().join("app.ota")).unwrap();
    let at = |text: &str| good.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    // An old image as a new one, of another chip, with another counter: the manifest is not signed yet.
    for (from, to) in [
        ("\"version\": \"1.0.0\",\n      \"project\"", "\"version\": \"9.0.0\",\n      \"project\""),
        ("ESP32-S3", "ESP32-C3"),
        ("\"secure_version\": 0", "\"secure_version\": 7"),
    ] {
        let mut changed = good.clone();
        let place = at(from);
        changed[place..place + to.len()].copy_from_slice(to.as_bytes());
        fs::write(folder.path().join("app.ota"), changed).unwrap();
        for arguments in [
            &["inspect", "app.ota"][..],
            &["unpack", "app.ota", "--output=out"],
            &["serve-manifest", "app.ota", "--url=/x", "--output=l.json"],
        ] {
            let run = ota(folder.path(), arguments);
            assert_eq!(run.code, 3, "{to}: {}", run.stderr);
            assert!(run.stderr.contains("the manifest says"), "{to}: {}", run.stderr);
        }
    }
    assert_eq!(files(folder.path()), ["app.bin", "app.ota"]);
}
