//! Signatures, judged with keys: of packages in every command that reads one, of images where they are given.

use std::fs;
use std::path::Path;

use lw_model::{Level, Report};
use lw_package::lw;
use lw_signature::package::PackageSignature;
use lw_signature::{Algorithm, Digest, Hash, KeyKind, PrivateKey, Signer, sign_digest};
use lw_signed::{Keys, NamedKey};
use sha2::Sha256;
use sha2::digest::Digest as _;

use crate::common::{OTA_PACKAGE, Run, command, files, ota};
use crate::images::{Esp, Mcuboot};

/// A published key of MCUboot's (mcu-tools/mcuboot@2d4bacc3, root-ec-p256.pem).
const TEST_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKstAPOj+7VukSZWhqR2u6Nu+GTfN
FPsvJFc35ZU5iNmUudZa69fN1TCK1v5IskpqgQ7l8H2LaDTMOmr8U476wQ==
-----END PUBLIC KEY-----
";

/// A certificate that was valid on the first of January 2020 (`openssl ca -selfsign` with a key that is gone).
const EXPIRED: &str = "\
-----BEGIN CERTIFICATE-----
MIIBGjCBwgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9vbGQgcmVsZWFzZSBr
ZXkwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMTAyMDAwMDAwWjAaMRgwFgYDVQQDDA9v
bGQgcmVsZWFzZSBrZXkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASeb+tIBo37
Eusfifmv6oyMG3Zc2BLNyfig0ay1LWvdqMnshgxfrq6pXjjp42wkqrHZ9hGttZat
JrdXksAa6z7GMAoGCCqGSM49BAMCA0cAMEQCIEbib2cTZJeH0F9jit0oVz1dz1Ee
s9jIFB7L5+me9GYFAiBSrGu9RDH6xknD/DyTRAfeEgE4Q0BzRT+bWYy0gm2fdw==
-----END CERTIFICATE-----
";

/// A folder with a key of our own (`prod.pem`), one of somebody else (`dev.pem`), an unsigned package, and the same package
/// signed by both.
struct Release {
    folder: tempfile::TempDir,
    prod: PrivateKey,
    dev: PrivateKey,
}

impl Release {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str, kind| {
            let key = PrivateKey::generate(kind).unwrap();
            fs::write(folder.path().join(name), key.public_key().to_spki_pem()).unwrap();
            key
        };
        let (prod, dev) = (key("prod.pem", KeyKind::EcdsaP256), key("dev.pem", KeyKind::Ed25519));
        fs::write(folder.path().join("old.bin"), Esp { version: "1.2.2", ..Esp::default() }.build()).unwrap();
        fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
        let release = Self { folder, prod, dev };
        let made = release.run(&[
            "package",
            "--firmware=s3=app.bin",
            "--from=old.bin",
            "--allow-large-delta",
            "--release-notes=Faster.",
            "--output=unsigned.ota",
        ]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        let unsigned = release.read("unsigned.ota");
        release.write("prod.ota", &signed(&unsigned, &[&release.prod]));
        release.write("dev.ota", &signed(&unsigned, &[&release.dev]));
        // The notes are under no digest but that of the signature.
        let mut forged = release.read("prod.ota");
        let at = forged.windows(7).position(|window| window == b"Faster.").unwrap();
        forged[at] = b'f';
        release.write("forged.ota", &forged);
        release
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        ota(self.path(), arguments)
    }
}

/// A package, signed by these keys.
fn signed(package: &[u8], keys: &[&PrivateKey]) -> Vec<u8> {
    let mut out = Vec::new();
    lw::with_signature(package, &mut out, |_, manifest, _| {
        let mut signature = PackageSignature::default();
        for key in keys {
            let algorithm = match key.public_key().kind() {
                KeyKind::Ed25519 => Algorithm::Ed25519,
                _ => Algorithm::EcdsaSha256,
            };
            signature.sign(*key, algorithm, manifest).unwrap();
        }
        Ok::<_, lw::SignedError>(Some(signature.to_bytes()))
    })
    .unwrap();
    out
}

/// The fact of this name, of anything.
fn fact<'a>(report: &'a Report, name: &str) -> Option<&'a str> {
    report.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.as_str())
}

/// Every command that reads a package, and what it writes.
fn readers(package: &str) -> Vec<(Vec<String>, Option<&'static str>)> {
    let list = |arguments: &[&str]| arguments.iter().map(|argument| (*argument).to_owned()).collect();
    vec![
        (list(&["inspect", package]), None),
        (list(&["diff", package, package]), None),
        (list(&["unpack", package, "--output=out"]), Some("out")),
        (
            list(&["serve-manifest", package, "--url=https://ota.example.com/app", "--output=out.json"]),
            Some("out.json"),
        ),
        (
            list(&[
                "apply",
                "--from=old.bin",
                "--patch=delta",
                &format!("--manifest={package}"),
                "--output=out.bin",
            ]),
            Some("out.bin"),
        ),
    ]
}

/// Puts the patch of the package beside it.
fn take_out_the_patch(release: &Release) {
    let run = release.run(&["unpack", "unsigned.ota", "--output=taken"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let patch = files(&release.path().join("taken")).into_iter().find(|name| name.starts_with("deltas/"));
    fs::rename(release.path().join("taken").join(patch.unwrap()), release.path().join("delta")).unwrap();
}

#[test]
fn a_package_signed_by_the_expected_key_passes_everywhere() {
    let release = Release::new();
    take_out_the_patch(&release);
    for (mut arguments, output) in readers("prod.ota") {
        arguments.push("--expect-key=prod=prod.pem".into());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = release.run(&arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        let said = fact(run.report(), "signature").unwrap();
        assert!(said.starts_with("signed by prod (SHA-256 "), "{said}");
        assert!(run.output("signer").starts_with("prod (SHA-256 "), "{:?}", run.output("signer"));
        let table = run.report().tables.iter().find(|table| table.id == "signatures").unwrap();
        assert_eq!(table.rows.len(), 1);
        if let Some(output) = output {
            assert!(release.path().join(output).exists(), "{arguments:?}");
        }
    }
    // Of several expected keys one is enough, and the others that signed are named.
    release.write("both.ota", &signed(&release.read("unsigned.ota"), &[&release.prod, &release.dev]));
    for key in ["prod", "dev"] {
        let run = release.run(&["inspect", "both.ota", &format!("--expect-key={key}={key}.pem")]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.output("signer").starts_with(&format!("{key} (")), "{:?}", run.output("signer"));
        let table = run.report().tables.iter().find(|table| table.id == "signatures").unwrap();
        assert_eq!(table.rows.len(), 2);
    }
}

#[test]
fn a_package_that_is_not_signed_by_it_fails_everywhere_and_leaves_nothing() {
    let release = Release::new();
    take_out_the_patch(&release);
    let before = files(release.path());
    for (package, rule, says) in [
        ("unsigned.ota", "unsigned", "it is not signed"),
        ("forged.ota", "forged", "the signature of prod (SHA-256 "),
        ("dev.ota", "untrusted", "it is signed by dev (SHA-256 "),
    ] {
        for (mut arguments, _) in readers(package) {
            arguments.extend(["--expect-key=prod=prod.pem", "--known-key=dev=dev.pem"].map(String::from));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let run = release.run(&arguments);
            assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
            assert!(run.found(Level::Error).contains(&rule), "{arguments:?}: {:?}", run.report().findings);
            assert!(run.report().findings.iter().any(|finding| finding.message.contains(says)), "{rule}");
            assert_eq!(run.output("signer"), "");
            assert!(run.report().artifacts.is_empty(), "{arguments:?}");
        }
        assert_eq!(files(release.path()), before, "{package}");
        // Nobody who gave no key is told that anything was verified.
        let run = release.run(&["inspect", package]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let said = (package != "unsigned.ota").then_some("present, not verified");
        assert_eq!(fact(run.report(), "signature"), said);
    }
}

#[test]
fn a_seed_package_has_no_place_for_a_signature() {
    let release = Release::new();
    let seed = ["package", "--firmware=s3=app.bin", "--package-format=seed", "--output=app.json"];
    assert_eq!(release.run(&seed).code, 0);
    let run = release.run(&["inspect", "app.json", "--expect-key=prod=prod.pem"]);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["unsigned"]), "{}", run.stderr);
}

#[test]
fn the_manifest_that_was_unpacked_is_verified_with_the_signature_beside_it() {
    let release = Release::new();
    take_out_the_patch(&release);
    assert_eq!(release.run(&["unpack", "prod.ota", "--output=public"]).code, 0);
    let apply = [
        "apply",
        "--from=old.bin",
        "--patch=delta",
        "--manifest=public/manifest.json",
        "--output=new.bin",
        "--expect-key=prod=prod.pem",
    ];
    let run = release.run(&apply);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(release.read("new.bin"), release.read("app.bin"));

    fs::remove_file(release.path().join("new.bin")).unwrap();
    let mut manifest = release.read("public/manifest.json");
    manifest.push(b' ');
    release.write("public/manifest.json", &manifest);
    let run = release.run(&apply);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["forged"]), "{}", run.stderr);
    fs::remove_file(release.path().join("public/manifest.sig")).unwrap();
    let run = release.run(&apply);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["unsigned"]), "{}", run.stderr);
    assert!(!release.path().join("new.bin").exists());

    // A digest alone is signed by nobody.
    let digest = format!(
        "--target-sha256={}",
        base16ct::lower::encode_string(&Sha256::digest(release.read("app.bin")))
    );
    let run = release.run(&[
        "apply",
        "--from=old.bin",
        "--patch=delta",
        &digest,
        "--output=new.bin",
        "--expect-key=prod=prod.pem",
    ]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

/// A MCUboot image, signed with a P-256 key as imgtool does it.
fn mcuboot(key: &PrivateKey) -> Vec<u8> {
    let plain = Mcuboot { unprotected: Vec::new(), ..Mcuboot::default() }.build();
    // Header, payload and protected TLVs: all but the area with the hash.
    let covered = &plain[..plain.len() - 40];
    let digest = Digest::new(Hash::Sha256, &Sha256::digest(covered)).unwrap();
    let signature = sign_digest(key, Algorithm::EcdsaSha256, &digest).unwrap();
    let hash = Sha256::digest(key.public_key().to_spki_der()).to_vec();
    Mcuboot { unprotected: vec![(0x01, hash), (0x22, signature)], ..Mcuboot::default() }.build()
}

#[test]
fn an_image_is_held_to_the_keys_it_is_given_with() {
    let release = Release::new();
    let dev = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    release.write("dev.pem", dev.public_key().to_spki_pem().as_bytes());
    release.write("good.bin", &mcuboot(&release.prod));
    release.write("dev.bin", &mcuboot(&dev));
    release.write("plain.bin", &Mcuboot { unprotected: Vec::new(), ..Mcuboot::default() }.build());
    let mut forged = mcuboot(&release.prod);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    release.write("forged.bin", &forged);
    let encrypted = Mcuboot { flags: 0x4, ..Mcuboot::default() };
    let key = (0x32, vec![5; 113]);
    let hash = Sha256::digest(release.prod.public_key().to_spki_der()).to_vec();
    let unprotected = vec![key, (0x01, hash), (0x22, vec![0x30; 70])];
    // The hash is over the payload as it was before.
    let mut file = Mcuboot { unprotected, ..encrypted }.build();
    let area = 32 + 100 + 12;
    file[area + 8] ^= 1;
    release.write("encrypted.bin", &file);
    for (image, code, rule) in [
        ("good.bin", 0, None),
        ("dev.bin", 1, Some("untrusted")),
        ("plain.bin", 1, Some("unsigned")),
        ("app.bin", 1, Some("unsigned")),
        ("forged.bin", 1, Some("forged")),
        ("encrypted.bin", 1, Some("cannot-verify")),
    ] {
        let keys = ["--expect-key=prod=prod.pem", "--known-key=dev=dev.pem"];
        let run = release.run(&[&["inspect", image][..], &keys].concat());
        assert_eq!(run.code, code, "{image}: {}", run.stderr);
        assert_eq!(run.found(Level::Error), rule.into_iter().collect::<Vec<_>>(), "{image}");
        // One finding of it, also when a signature is required as such.
        let package =
            ["package", &format!("--firmware=a={image}"), "--output=out.ota", "--require-signature"];
        let run = release.run(&[&package[..], &keys].concat());
        assert_eq!(run.code, code, "{image}: {}", run.stderr);
        assert_eq!(run.found(Level::Error), rule.into_iter().collect::<Vec<_>>(), "{image}");
        assert_eq!(release.path().join("out.ota").exists(), code == 0, "{image}");
        let _ = fs::remove_file(release.path().join("out.ota"));
    }

    // The previous release is held to them as well.
    let old = ["package", "--firmware=a=good.bin", "--output=old.ota"];
    assert_eq!(release.run(&old).code, 0);
    let next = [
        "package",
        "--firmware=a=good.bin",
        "--output=new.ota",
        "--previous=old.ota",
        "--expect-key=prod=prod.pem",
    ];
    let run = release.run(&next);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["unsigned"]), "{}", run.stderr);
    assert!(!release.path().join("new.ota").exists());
    release.write("old.ota", &signed(&release.read("old.ota"), &[&release.prod]));
    let run = release.run(&next);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_image_in_a_signed_package_needs_no_signature_of_its_own() {
    let release = Release::new();
    let inspect = |package: &str, more: &[&str]| {
        release.run(&[&["inspect", package, "--require-signature"][..], more].concat())
    };
    let run = inspect("prod.ota", &["--expect-key=prod=prod.pem"]);
    assert_eq!((run.code, run.found(Level::Error).len()), (0, 0), "{}", run.stderr);
    assert!(run.found(Level::Warning).contains(&"unsigned"), "a device with Secure Boot refuses it");
    // A signature that nobody verified holds nothing.
    for (package, more) in [("prod.ota", &[][..]), ("dev.ota", &["--expect-key=prod=prod.pem"])] {
        let run = inspect(package, more);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.found(Level::Error).contains(&"unsigned"), "{:?}", run.report().findings);
    }
}

#[test]
fn keys_that_nobody_should_trust_are_refused() {
    let release = Release::new();
    release.write("test.pem", TEST_KEY.as_bytes());
    release.write("expired.pem", EXPIRED.as_bytes());
    release.write("table.csv", b"nvs,data,nvs,0x9000,0x6000,\nfactory,app,factory,0x10000,1M,\n");
    for (code, says, arguments) in [
        (2, "expected a name and a file", &["--expect-key=prod.pem"][..]),
        (2, "expected a name and a file", &["--expect-key=prod="]),
        (2, "no key is trusted", &["--known-key=prod=prod.pem"]),
        (3, "missing.pem", &["--expect-key=prod=missing.pem"]),
        (3, "app.bin", &["--expect-key=prod=app.bin"]),
        (3, "private half is published", &["--expect-key=prod=test.pem"]),
        (1, "it is signed by", &["--expect-key=prod=test.pem", "--allow-test-key"]),
    ] {
        let run = release.run(&[&["inspect", "prod.ota"][..], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        let said = [run.stdout, run.stderr].concat();
        assert!(said.contains(says), "{says}: {said}");
    }
    // A certificate that is not valid fails the run also where the signature holds.
    let run = release.run(&[
        "unpack",
        "prod.ota",
        "--output=out",
        "--expect-key=prod=prod.pem",
        "--known-key=old=expired.pem",
    ]);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["certificate"]), "{}", run.stderr);
    assert!(!release.path().join("out").exists());
    // Keys, and nothing that could be signed.
    let run = release.run(&["inspect", "table.csv", "--expect-key=prod=prod.pem"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("nothing was verified"), "{}", run.stderr);
}

/// A small signed package, and the key.
fn small() -> (Vec<u8>, PrivateKey) {
    let release = Release::new();
    release.write("raw.bin", &[0xA5; 100]);
    let made = release.run(&[
        "package",
        "--firmware=b=raw.bin",
        "--kind=binary",
        "--version=1.0.0",
        "--output=small.ota",
    ]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    (signed(&release.read("small.ota"), &[&release.prod]), release.prod)
}

#[test]
fn no_bit_of_a_signed_package_can_be_flipped() {
    let (good, key) = small();
    let named = NamedKey { name: "prod".into(), key: key.public_key().clone() };
    let keys = Keys { trusted: vec![named], ..Keys::default() };
    let passes = |bytes: &[u8]| {
        let Ok(reader) = lw::Reader::open(bytes) else { return false };
        lw_signed::package(reader.manifest_json(), reader.signature(), &keys).is_ok()
            && reader.unpack(&mut ()).is_ok()
    };
    assert!(passes(&good));
    let mut bytes = good.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(!passes(&bytes), "bit {bit} of byte {at} of {}", bytes.len());
            bytes[at] ^= 1 << bit;
        }
    }
    assert_eq!(bytes, good);
}

#[test]
fn the_tool_fails_on_flipped_bits_everywhere() {
    let (good, key) = small();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prod.pem"), key.public_key().to_spki_pem()).unwrap();
    let code = |bytes: &[u8]| {
        fs::write(folder.path().join("small.ota"), bytes).unwrap();
        let output =
            command(folder.path(), &["inspect", "small.ota", "--expect-key=prod=prod.pem"]).output().unwrap();
        output.status.code()
    };
    assert_eq!(code(&good), Some(0), "{OTA_PACKAGE:?}");
    // The test above has all of them, with what the tool calls; a run of the binary for each takes minutes.
    for at in (0..good.len()).step_by(29) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(matches!(code(&bytes), Some(1 | 3)), "byte {at} of {}", good.len());
    }
}
