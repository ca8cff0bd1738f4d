//! Packages that are damaged or forged: each is refused with its reason, and nothing of it counts.

use std::io::Read;

use lw_model::Diagnose as _;
use lw_package::lw::Reader;
use lw_package::{HeaderProblem, Kind, Manifest, ReadError, Sha256};
use serde_json::{Value, json};

use crate::common::{Collect, expected, sample, unpack, write};

/// A header made here, field by field, so that it can say what the writer never would.
fn header(path: &str, size: u64, kind: u8, link: &str) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\x000000000\x000000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn file(path: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(path, content.len() as u64, b'0', "");
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// The manifest of a package with one image at `path`.
fn manifest(path: &str, content: &[u8]) -> Value {
    json!({"schema": "lw-package/1", "version": "1", "images": [{
        "board": "b", "kind": "binary", "file": path, "size": content.len(), "sha256": Sha256::of(content),
    }]})
}

/// A tar of these members, with the manifest first and the end at the end.
fn tar(manifest: &Value, members: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = file("manifest.json", manifest.to_string().as_bytes());
    bytes.extend(members.concat());
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// The smallest good package.
fn good() -> Vec<u8> {
    tar(&manifest("images/b.bin", b"image"), &[file("images/b.bin", b"image")])
}

fn error(bytes: &[u8]) -> ReadError {
    match unpack(bytes) {
        Err(error) => error,
        Ok((manifest, _)) => panic!("accepted: {manifest:?}"),
    }
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_package() {
    let (manifest, collect) = unpack(&good()).unwrap();
    assert_eq!(collect.members["images/b.bin"], b"image");
    assert_eq!(manifest.version, "1");
}

#[test]
fn every_truncation_is_refused() {
    let (bytes, _) = write(&sample(), None, 512);
    for length in 0..bytes.len() {
        let mut collect = Collect::default();
        let result = Reader::open(&bytes[..length]).and_then(|reader| reader.unpack(&mut collect));
        let error = result.expect_err("a part of a package");
        assert!(
            matches!(error, ReadError::Truncated { offset, .. } if offset == length as u64),
            "{length}: {error}"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("not complete")));
    }
}

#[test]
fn no_changed_byte_gives_another_image() {
    let inputs = sample();
    let (bytes, package) = write(&inputs, None, 512);
    let members = expected(&inputs, &package.manifest);
    let manifest = 512..512 + package.manifest_json.len();
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for change in [0x01, 0x20, 0x80, bytes[at]] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            if changed == bytes {
                continue;
            }
            if let Ok((_, collect)) = unpack(&changed) {
                // The manifest is text and the signature's business; a checksum may be written with spaces or zeros.
                let in_checksum = (148..156).contains(&(at % 512));
                assert!(manifest.contains(&at) || in_checksum, "byte {at} ^ {change:#x} is accepted");
                assert!(collect.members.values().eq(members.values()), "byte {at} ^ {change:#x}");
                accepted += 1;
            }
        }
    }
    assert!(accepted > 0, "the manifest's texts are free");
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "images/../../x",
        "images/./x",
        "images//x",
        "images/x/",
        "images/",
        "x.bin",
        "manifest.json",
        "manifest.sig",
        "images\\x",
        "images/..\\x",
        "C:/x",
        "images/C:x",
        "images/x\0y",
        "images/x\ny",
        "images/ x",
        "images/ü.bin",
        "images/con",
        "images/NUL.bin",
        "images/x.",
        "images/~/../x",
        "images/*",
        "other/x",
    ] {
        let bytes = tar(&manifest(path, b"image"), &[file("images/b.bin", b"image")]);
        let error = error(&bytes);
        assert!(matches!(error, ReadError::Manifest(_)), "{path:?}: {error}");
        assert!(error.to_string().contains("images[0].file"), "{error}");
    }
    let long = format!("images/{}", "x".repeat(94));
    assert!(error(&tar(&manifest(&long, b""), &[])).to_string().contains("longer than 100"));
    for path in ["../evil", "/evil", "images/other.bin", "images/B.bin"] {
        let bytes =
            tar(&manifest("images/b.bin", b"image"), &[file("images/b.bin", b"image"), file(path, b"x")]);
        assert!(
            matches!(error(&bytes), ReadError::Undeclared { path: found, .. } if found == path),
            "{path}"
        );
    }
}

#[test]
fn a_member_comes_once_and_is_there() {
    let one = manifest("images/b.bin", b"image");
    let image = file("images/b.bin", b"image");
    let json = one.to_string();
    for second in [image.clone(), file("manifest.json", json.as_bytes())] {
        let bytes = tar(&one, &[image.clone(), second]);
        assert!(matches!(error(&bytes), ReadError::Duplicate { offset: 2048, .. }));
    }
    let twice = tar(&one, &[file("manifest.sig", b"1"), file("manifest.sig", b"2"), image.clone()]);
    assert!(matches!(error(&twice), ReadError::Duplicate { .. }), "two signatures");
    assert!(matches!(error(&tar(&one, &[])), ReadError::Missing { path } if path == "images/b.bin"));
    let late = [file("images/b.bin", b"image"), file("manifest.json", json.as_bytes())].concat();
    assert!(matches!(error(&late), ReadError::ManifestFirst { found } if found == "images/b.bin"));
    let signed = tar(&one, &[file("manifest.sig", b"sig"), image]);
    assert_eq!(Reader::open(signed.as_slice()).unwrap().signature(), Some(&b"sig"[..]));
    assert!(unpack(&signed).is_ok());
}

#[test]
fn members_may_come_in_any_order_after_the_manifest() {
    let json = json!({"schema": "lw-package/1", "version": "1", "images": [
        {"board": "a", "kind": "uf2", "file": "images/a.bin", "size": 1, "sha256": Sha256::of(b"a")},
        {"board": "b", "kind": "intel-hex", "file": "images/b.bin", "size": 1, "sha256": Sha256::of(b"b")},
    ]});
    let bytes = tar(&json, &[file("images/b.bin", b"b"), file("images/a.bin", b"a")]);
    assert_eq!(unpack(&bytes).unwrap().1.members.len(), 2);
}

#[test]
fn only_regular_files_are_members() {
    let json = manifest("images/b.bin", b"image");
    for (kind, what) in [
        (b'1', "a hard link"),
        (b'2', "a symbolic link"),
        (b'3', "a character device"),
        (b'4', "a block device"),
        (b'5', "a folder"),
        (b'6', "a pipe"),
        (b'L', "a GNU long name"),
        (b'S', "a GNU sparse file"),
        (b'x', "a pax extension"),
        (b'g', "a pax extension"),
        (b'?', "of an unknown type"),
    ] {
        let bytes = tar(&json, &[header("images/b.bin", 0, kind, "/etc/passwd")]);
        match error(&bytes) {
            ReadError::Header { offset: 1024, problem: HeaderProblem::Type { what: found, .. } } => {
                assert_eq!(found, what);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn sizes_are_the_declared_ones() {
    let json = manifest("images/b.bin", b"image");
    for content in [&b"imag"[..], b"image+", &[0; 5000]] {
        let bytes = tar(&json, &[file("images/b.bin", content)]);
        let size = content.len() as u64;
        assert!(matches!(error(&bytes), ReadError::Size { declared: 5, found, .. } if found == size));
    }
    let bytes = tar(&json, &[file("images/b.bin", b"imagE")]);
    assert!(matches!(error(&bytes), ReadError::Digest { algorithm: "SHA-256", .. }));
}

/// Counts what it is asked for, and ends where its bytes end.
struct Counting<'bytes>(&'bytes [u8], usize);

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1.max(buffer.len());
        self.0.read(buffer)
    }
}

#[test]
fn a_length_alone_allocates_nothing() {
    let huge = (1_u64 << 33) - 1;
    let mut json = manifest("images/b.bin", b"");
    json["images"][0]["size"] = huge.into();
    let mut bytes = file("manifest.json", json.to_string().as_bytes());
    bytes.extend(header("images/b.bin", huge, b'0', ""));
    bytes.extend(b"a few bytes");
    let mut source = Counting(&bytes, 0);
    let result = Reader::open(&mut source).and_then(|reader| reader.unpack(&mut ()));
    assert!(matches!(result, Err(ReadError::Truncated { .. })));
    assert!(source.1 <= 1 << 20, "{} bytes at once", source.1);
    json["images"][0]["size"] = (huge + 1).into();
    assert!(matches!(error(&tar(&json, &[])), ReadError::Manifest(_)), "more than a tar holds");
    let manifest = header("manifest.json", huge, b'0', "");
    assert!(matches!(error(&manifest), ReadError::Manifest(_)), "a manifest of 8 GiB");
    let mut bytes = file("manifest.json", json.to_string().replace("8589934592", "1").as_bytes());
    bytes.extend(header("manifest.sig", huge, b'0', ""));
    assert!(matches!(error(&bytes), ReadError::Size { .. }), "a signature of 8 GiB");
}

/// A Zstandard frame of blocks that each repeat one byte 128 KiB times: 4 bytes a block.
fn bomb(blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0, 7 << 3];
    for block in 1..=blocks {
        let word = u32::from(block == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&word.to_le_bytes()[..3]);
        frame.push(b'A');
    }
    frame
}

fn encoded(frame: &[u8], size: u64, sha256: Sha256) -> Vec<u8> {
    let mut json = manifest("images/b.bin.zst", b"");
    json["images"][0]["size"] = size.into();
    json["images"][0]["sha256"] = sha256.hex().into();
    json["images"][0]["encoding"] = json!({"name": "zstd", "size": frame.len(), "sha256": Sha256::of(frame)});
    tar(&json, &[file("images/b.bin.zst", frame)])
}

#[test]
fn what_decodes_to_more_than_declared_is_stopped() {
    let honest = encoded(&bomb(2), 256 << 10, Sha256::of(&vec![b'A'; 256 << 10]));
    assert!(unpack(&honest).is_ok(), "the frame itself is fine");
    // 32 KiB that would be a gigabyte.
    let bytes = encoded(&bomb(8192), 1000, Sha256::ZERO);
    let mut collect = Collect::default();
    let result = Reader::open(bytes.as_slice()).unwrap().unpack(&mut collect);
    assert!(matches!(result, Err(ReadError::Size { declared: 1000, .. })), "{result:?}");
    assert!(
        collect.members.is_empty() && collect.current.is_empty(),
        "nothing above the declared size is given out"
    );
}

#[test]
fn a_frame_is_one_whole_frame_of_the_declared_bytes() {
    let frame = bomb(1);
    let size = 128 << 10;
    let sha256 = Sha256::of(&vec![b'A'; 128 << 10]);
    assert!(unpack(&encoded(&frame, size, sha256)).is_ok());
    assert!(matches!(error(&encoded(&frame, size + 1, sha256)), ReadError::Size { .. }));
    assert!(matches!(error(&encoded(&frame, size, Sha256::ZERO)), ReadError::Digest { .. }));
    let doubled = frame.repeat(2);
    assert!(
        matches!(error(&encoded(&doubled, size, sha256)), ReadError::Encoding { .. }),
        "data after the frame"
    );
    for length in 0..frame.len() {
        let error = error(&encoded(&frame[..length], size, sha256));
        assert!(matches!(error, ReadError::Encoding { .. }), "{length}: {error}");
    }
    let error = error(&encoded(b"no frame at all", size, sha256));
    assert!(error.to_string().starts_with("images/b.bin.zst is no Zstandard frame"), "{error}");
}

#[test]
fn the_end_is_two_blocks_of_zeros_and_a_record_at_most() {
    let good = good();
    for more in [0, 512, 10240] {
        assert!(
            unpack(&[good.clone(), vec![0; more]].concat()).is_ok(),
            "{more} zeros, as GNU tar adds them"
        );
    }
    let zeros = [good.clone(), vec![0; 11_000]].concat();
    assert!(matches!(error(&zeros), ReadError::Trailing { .. }), "zeros without end");
    let end = good.len() as u64;
    for tail in [&b"x"[..], &good, b"\0\0\0x"] {
        let at = tail.iter().position(|byte| *byte != 0).unwrap() as u64;
        let bytes = [&good, tail].concat();
        assert!(matches!(error(&bytes), ReadError::Trailing { offset } if offset == end + at));
    }
    let mut lone = good.clone();
    let second = lone.len() - 512;
    lone[second] = 1;
    assert!(matches!(error(&lone), ReadError::Header { problem: HeaderProblem::LoneZero, .. }));
}

#[test]
fn what_is_no_package_is_told() {
    for bytes in [&b"\xE9\x05\x02\x1F"[..], b"{\"manifest\"", b"PK\x03\x04"] {
        let bytes = [bytes, &[7; 600]].concat();
        let error = error(&bytes);
        assert!(matches!(error, ReadError::NotAPackage), "{error}");
        assert!(error.hint().is_some());
    }
    assert!(matches!(error(&[0; 1024]), ReadError::ManifestFirst { .. }), "an empty tar");
    assert_eq!(Kind::detect(&good()), Some(Kind::Lw));
}

fn manifest_error(change: impl Fn(&mut Value)) -> String {
    let mut json = json!({"schema": "lw-package/1", "version": "1", "images": [
        {"board": "a", "kind": "esp-app", "file": "images/a.bin", "size": 1, "sha256": Sha256::of(b"a"), "deltas": [{
            "format": "bsdiff40", "file": "deltas/a/0.bsdiff", "size": 2, "sha256": Sha256::of(b"p"),
            "base": {"sha256": Sha256::of(b"o"), "size": 3}, "target_sha256": Sha256::of(b"a"),
        }]},
        {"board": "b", "kind": "mcuboot", "file": "images/b.bin", "size": 1, "sha256": Sha256::of(b"b")},
    ]});
    Manifest::parse(json.to_string().as_bytes()).unwrap();
    change(&mut json);
    match Manifest::parse(json.to_string().as_bytes()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted: {json}"),
    }
}

#[test]
fn a_manifest_is_refused_with_the_place() {
    let other = Sha256::of(b"x").hex();
    for (pointer, value, expected) in [
        ("/schema", json!("lw-package/2"), "schema: unknown schema \"lw-package/2\""),
        ("/schema", json!(1), "invalid type: integer `1`"),
        ("/version", json!(""), "version: is empty"),
        ("/version", json!("1\n2"), "version: has the control character '\\n'"),
        ("/version", json!("x".repeat(257)), "version: is 257 bytes"),
        ("/minimum_version", json!(""), "minimum_version: is empty"),
        ("/sequence", json!(-1), "invalid value: integer `-1`"),
        ("/sequence", json!(1.5), "invalid type: floating point"),
        ("/images", json!([]), "images: there is no image"),
        ("/images/0/board", json!(""), "images[0].board: is empty"),
        ("/images/0/board", json!("a\u{7}"), "images[0].board: has the control character"),
        ("/images/1/board", json!("a"), "images[1]: board \"a\" has two images"),
        ("/images/1/file", json!("images/A.bin"), "is the file of images[0].file already"),
        ("/images/1/file", json!("images/a.bin/x"), "would have to be a file and a folder"),
        ("/images/1/file", json!("deltas/a/0.bsdiff"), "is the file of images[0].deltas[0].file already"),
        ("/images/1/kind", json!("elf"), "unknown variant `elf`"),
        ("/images/1/sha256", json!("12"), "expected 64 hexadecimal digits, found \"12\""),
        ("/images/1/size", json!(1_u64 << 33), "images[1].size: is 8589934592 bytes"),
        ("/images/1/chip", json!({"name": ""}), "images[1].chip.name: is empty"),
        (
            "/images/1/revisions",
            json!({"min": 2, "max": 1}),
            "images[1].revisions: the first revision, 2, is after",
        ),
        ("/images/1/encoding", json!({"name": "xz", "size": 1, "sha256": other}), "unknown variant `xz`"),
        ("/images/0/deltas/0/target_sha256", json!(other), "images[0].deltas[0].target_sha256: is "),
        ("/images/0/deltas/0/base/sha256", json!(Sha256::of(b"a")), "is the image the patch leads to"),
        ("/images/0/deltas/0/file", json!("../x"), "images[0].deltas[0].file: \"../x\""),
    ] {
        let error = manifest_error(|json| {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = json.pointer_mut(parent).unwrap();
            match key.parse::<usize>() {
                Ok(index) if parent.is_array() => parent[index] = value.clone(),
                _ => parent[key] = value.clone(),
            }
        });
        assert!(error.starts_with("manifest.json: ") && error.contains(expected), "{pointer}: {error}");
    }
}

#[test]
fn keys_of_a_later_version_are_told_and_twice_the_same_is_refused() {
    let text = format!(
        r#"{{"schema": "lw-package/1", "version": "1", "future": {{"a": 1}}, "images": [{{"board": "b",
        "kind": "binary", "file": "images/b.bin", "size": 0, "sha256": "{}", "colour": "red"}}]}}"#,
        Sha256::of(b"")
    );
    let parsed = Manifest::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.unknown, ["future", "images[0].colour"]);
    let twice = text.replacen(r#""version": "1""#, r#""version": "1", "version": "2""#, 1);
    let error = Manifest::parse(twice.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("duplicate field `version`"), "{error}");
    for bad in [format!("{text} x"), text[..text.len() - 1].to_owned(), format!("[{text}]"), String::new()] {
        assert!(Manifest::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// A manifest of `count` compressed images that say to unpack to `size` bytes each, of `stored` bytes.
fn compressed(count: usize, size: u64, stored: u64) -> Vec<u8> {
    let image = |index: usize| {
        json!({
            "board": format!("b{index}"), "kind": "binary", "file": format!("images/b{index}.bin.zst"), "size": size,
            "sha256": Sha256::ZERO,
            "encoding": {"name": "zstd", "size": stored, "sha256": Sha256::ZERO},
        })
    };
    let images: Vec<Value> = (0..count).map(image).collect();
    json!({"schema": "lw-package/1", "version": "1", "images": images}).to_string().into_bytes()
}

#[test]
fn what_images_unpack_to_is_bounded_by_what_is_there() {
    const GIB: u64 = 1 << 30;
    let refused =
        |json: &[u8]| Manifest::parse(json).is_err_and(|error| error.to_string().contains("at most"));
    // 8 images of 8 GiB in 2 MB, and the same spread over many small ones.
    assert!(refused(&compressed(8, 8 * GIB - 1, 250_000)));
    assert!(refused(&compressed(1000, GIB / 100, 300)));
    assert!(refused(&compressed(2, GIB / 2 + 1, 1000)));
    // A gigabyte of padding is read, and more of what is really there.
    assert!(!refused(&compressed(2, GIB / 2, 1000)));
    assert!(!refused(&compressed(4, GIB, GIB / 16)));
    assert!(refused(&compressed(4, GIB, GIB / 64 - 1)));
}

#[test]
fn a_signature_in_another_place_is_named_as_that() {
    let signature = file("manifest.sig", b"signature");
    let image = file("images/b.bin", b"image");
    let late = tar(&manifest("images/b.bin", b"image"), &[image.clone(), signature.clone()]);
    assert!(matches!(error(&late), ReadError::Misplaced { .. }));
    let twice = tar(&manifest("images/b.bin", b"image"), &[signature.clone(), image, signature]);
    assert!(matches!(error(&twice), ReadError::Duplicate { .. }));
}
