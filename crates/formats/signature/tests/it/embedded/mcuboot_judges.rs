//! Images for MCUboot, with imgtool and openssl as judges, in both directions.

use std::fs;
use std::path::Path;

use lw_firmware::mcuboot as walked;
use lw_signature::mcuboot::{
    Dependency, Existing, KeyFormat, LoadAddress, Options, Parameters, Slot, sign, verify, verify_with,
};
use lw_signature::{Hash, KeyKind, PrivateKey, Signer};
use lw_testkit::program;

use super::{key, pem_files, run, says, walked_image};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys() -> [(&'static str, PrivateKey); 5] {
    [
        ("rsa2048", key(KeyKind::Rsa { bits: 2048 })),
        ("rsa3072", key(KeyKind::Rsa { bits: 3072 })),
        ("p256", key(KeyKind::EcdsaP256)),
        ("p384", key(KeyKind::EcdsaP384)),
        ("ed25519", key(KeyKind::Ed25519)),
    ]
}

/// Ways to make an image, as imgtool's options and as ours.
struct Way {
    arguments: Vec<&'static str>,
    parameters: Parameters,
    options: Options,
    slot: Slot,
    /// Whether it is padded, and confirmed.
    pad: Option<bool>,
}

fn ways() -> Vec<Way> {
    let slot = Slot { size: 0x1_0000, align: 1, max_align: None, max_sectors: 128, overwrite_only: false };
    let parameters = Parameters {
        header_size: 0x20,
        pad_header: true,
        version: "1.2.3+4".parse().unwrap(),
        ..Parameters::default()
    };
    let fixed = ["--version", "1.2.3+4", "--slot-size", "0x10000"];
    let with = |more: &[&'static str]| [&fixed[..], more].concat();
    let options = Options::default();
    vec![
        Way {
            arguments: with(&["--header-size", "0x20", "--pad-header"]),
            parameters: parameters.clone(),
            options,
            slot,
            pad: None,
        },
        Way {
            arguments: with(&[
                "--header-size",
                "0x200",
                "--security-counter",
                "auto",
                "--load-addr",
                "0x20001000",
                "--dependencies",
                "(1, 1.2.0+9)",
                "--public-key-format",
                "full",
                "--align",
                "8",
                "--pad",
                "--confirm",
            ]),
            parameters: Parameters {
                header_size: 0x200,
                pad_header: false,
                load_address: LoadAddress::Ram(0x2000_1000),
                security_counter: Some(parameters.version.security_counter()),
                dependencies: vec![Dependency { image: 1, minimum: "1.2.0+9".parse().unwrap() }],
                ..parameters.clone()
            },
            options: Options { key_format: KeyFormat::Full, ..options },
            slot: Slot { align: 8, ..slot },
            pad: Some(true),
        },
        Way {
            arguments: with(&[
                "--header-size",
                "0x40",
                "--pad-header",
                "--rom-fixed",
                "0x10000",
                "--security-counter",
                "5",
                "--non-bootable",
                "--max-align",
                "32",
                "--align",
                "32",
                "--max-sectors",
                "16",
                "--pad",
            ]),
            parameters: Parameters {
                header_size: 0x40,
                load_address: LoadAddress::Fixed(0x1_0000),
                security_counter: Some(5),
                non_bootable: true,
                ..parameters.clone()
            },
            options,
            slot: Slot { align: 32, max_align: Some(32), max_sectors: 16, ..slot },
            pad: Some(false),
        },
        Way {
            arguments: with(&[
                "--header-size",
                "0x20",
                "--pad-header",
                "--overwrite-only",
                "--pad",
                "--confirm",
            ]),
            parameters,
            options,
            slot: Slot { overwrite_only: true, ..slot },
            pad: Some(true),
        },
    ]
}

/// A binary that leaves room for the largest header.
fn binary() -> Vec<u8> {
    [vec![0; 0x200], (0..2001u32).map(|number| (number % 251) as u8).collect()].concat()
}

/// The image, and where the value of its signature is.
fn make(way: &Way, key: &PrivateKey, binary: &[u8]) -> (Vec<u8>, std::ops::Range<usize>) {
    let prepared = way.parameters.prepare(binary.len() as u64).unwrap();
    let covered = prepared.digest(binary).unwrap();
    let area = sign(&covered.without_tlvs(), &[key], way.options).unwrap();
    let payload = &binary[prepared.skip.into()..];
    let mut file = [&prepared.header[..], payload, &prepared.protected, &area].concat();
    let image = walked::Image::parse(&file).unwrap();
    let signature = image.signatures().next().unwrap();
    let at = usize::try_from(signature.offset).unwrap();
    let range = at..at + signature.data.len();
    way.slot.check(file.len() as u64).unwrap();
    if let Some(confirm) = way.pad {
        let padding = way.slot.padding(file.len() as u64, confirm).unwrap();
        file.resize(file.len() + usize::try_from(padding.erased).unwrap(), 0xFF);
        file.extend(&padding.trailer);
    }
    (file, range)
}

#[test]
fn imgtool_makes_the_same_image_and_each_verifies_the_other() {
    let Some(imgtool) = program("imgtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = folder.join("binary.bin");
    let binary = binary();
    fs::write(&input, &binary).unwrap();
    for (name, key) in keys() {
        let [private, public] = pem_files(&key, folder, name);
        let [_, other] = pem_files(&super::key(key.public_key().kind()), folder, "other");
        for (number, way) in ways().iter().enumerate() {
            let (ours, signature) = make(way, &key, &binary);
            let ours_file = folder.join("ours.bin");
            fs::write(&ours_file, &ours).unwrap();
            let told = says(&imgtool, &["verify", "--key", text(&public), text(&ours_file)]);
            assert!(told.contains("Image was correctly validated"), "{name} {number}: {told}");
            if number == 0 {
                let foreign = run(&imgtool, &["verify", "--key", text(&other), text(&ours_file)]);
                assert!(!foreign.status.success(), "{name}");
                says(&imgtool, &["dumpinfo", text(&ours_file)]);
            }

            let theirs_file = folder.join("theirs.bin");
            let fixed = ["sign", "--key", text(&private)];
            let files = [text(&input), text(&theirs_file)];
            says(&imgtool, &[&fixed[..], &way.arguments, &files].concat());
            let theirs = fs::read(&theirs_file).unwrap();
            let image = walked::Image::parse(&theirs).unwrap();
            let verified = verify(&walked_image(&image), &[key.public_key().clone()]).unwrap();
            assert_eq!(verified.signatures.len(), 1, "{name} {number}");
            if name == "ed25519" {
                assert!(ours == theirs, "{name} {number}: the images differ");
                continue;
            }
            // The value of the signature is random; in DER its length is as well.
            let found = image.signatures().next().unwrap();
            let at = usize::try_from(found.offset).unwrap();
            assert_eq!(at, signature.start, "{name} {number}");
            assert!(ours[..at - 2] == theirs[..at - 2] || found.data.len() != signature.len());
            let covered = usize::try_from(image.covered_len()).unwrap();
            assert!(ours[..covered] == theirs[..covered], "{name} {number}: what is signed differs");
            let entries = |file: &[u8]| {
                let image = walked::Image::parse(file).unwrap();
                let entries = image.unprotected.iter().filter(|tlv| !tlv.kind.is_signature());
                let entries: Vec<_> = entries.map(|tlv| (tlv.kind, tlv.offset, tlv.data.clone())).collect();
                (
                    entries,
                    image.trailing,
                    image.total_len - if way.pad.is_some() { 0 } else { image.image_len },
                )
            };
            assert_eq!(entries(&ours), entries(&theirs), "{name} {number}");
        }
    }
}

#[test]
fn an_image_without_a_signature_gets_one_and_one_of_imgtool_a_second() {
    let Some(imgtool) = program("imgtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = folder.join("binary.bin");
    fs::write(&input, binary()).unwrap();
    let (first, second) = (key(KeyKind::EcdsaP256), key(KeyKind::Ed25519));
    let [private, public] = pem_files(&first, folder, "first");
    let [_, second_public] = pem_files(&second, folder, "second");
    let fixed = ["sign", "--version", "1.0", "--slot-size", "0x10000", "--header-size", "0x200"];
    let unsigned = folder.join("unsigned.bin");
    says(&imgtool, &[&fixed[..], &[text(&input), text(&unsigned)]].concat());
    let signed = folder.join("signed.bin");
    says(&imgtool, &[&fixed[..], &["--key", text(&private), text(&input), text(&signed)]].concat());
    for (file, existing) in [(&unsigned, Existing::Refuse), (&signed, Existing::Append)] {
        let bytes = fs::read(file).unwrap();
        let image = walked::Image::parse(&bytes).unwrap();
        let signers: [&dyn Signer; 1] = [&second];
        let options = Options { existing, ..Options::default() };
        let area = sign(&walked_image(&image), &signers, options).unwrap();
        let keep = usize::try_from(image.relay(area.len() as u64, None).unwrap().keep).unwrap();
        let out = folder.join("out.bin");
        fs::write(&out, [&bytes[..keep], &area].concat()).unwrap();
        says(&imgtool, &["verify", "--key", text(&second_public), text(&out)]);
        if existing == Existing::Append {
            says(&imgtool, &["verify", "--key", text(&public), text(&out)]);
        }
    }
}

/// What imgtool signs with other options verifies here, or is refused by name.
#[test]
fn other_images_of_imgtool_are_verified_or_named() {
    let Some(imgtool) = program("imgtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = folder.join("binary.bin");
    fs::write(&input, binary()).unwrap();
    let (ed, ec) = (key(KeyKind::Ed25519), key(KeyKind::EcdsaP256));
    let [ed_file, ed_public] = pem_files(&ed, folder, "ed");
    let [ec_file, ec_public] = pem_files(&ec, folder, "ec");
    let fixed = ["sign", "--version", "1.0", "--slot-size", "0x10000", "--header-size", "0x200"];
    let out = folder.join("out.bin");
    let verdict = |key: &PrivateKey, more: &[&str]| {
        says(&imgtool, &[&fixed[..], more, &[text(&input), text(&out)]].concat());
        let bytes = fs::read(&out).unwrap();
        let image = walked::Image::parse(&bytes).unwrap();
        verify(&walked_image(&image), &[key.public_key().clone()]).map_err(|error| error.to_string())
    };
    let wide = verdict(&ed, &["--key", text(&ed_file), "--sha", "512"]).unwrap();
    assert_eq!(wide.digest.hash(), Hash::Sha512);
    // Over the image itself: without its file nothing can be said, with it as much as of any other.
    let pure = verdict(&ed, &["--key", text(&ed_file), "--pure"]).unwrap_err();
    assert!(pure.contains("SIG_PURE") && pure.contains("the file"), "{pure}");
    pure_judges(&imgtool, &out, &ed, &ed_public);
    let encrypt = ["--key", text(&ec_file), "--encrypt", text(&ec_public)];
    let encrypted = verdict(&ec, &encrypt).unwrap_err();
    assert!(encrypted.contains("cannot be verified"), "{encrypted}");
    let clear = verdict(&ec, &[&encrypt[..], &["--clear"]].concat()).unwrap();
    assert_eq!(clear.unprotected, [0x32]);
    let unsigned = verdict(&ec, &[]).unwrap_err();
    assert!(unsigned.starts_with("the image is not signed"), "{unsigned}");
    // Since 1.5 imgtool pads ECDSA signatures only when it is asked to; a padded one is no DER.
    let padded = verdict(&ec, &["--key", text(&ec_file), "--pad-sig"]);
    assert!(padded.is_ok() || padded.unwrap_err().contains("DER"));
}

/// imgtool and we say the same of an image of `imgtool sign --pure`, as it is and with any bit of it changed.
fn pure_judges(imgtool: &Path, file: &Path, key: &PrivateKey, public: &Path) {
    let bytes = fs::read(file).unwrap();
    let ours = |bytes: &[u8], key: &PrivateKey| {
        let image = walked::Image::parse(bytes).map_err(|error| error.to_string())?;
        let covered = &bytes[..usize::try_from(image.covered_len()).unwrap()];
        let mut reread = || Ok(Box::new(covered) as Box<dyn std::io::Read>);
        verify_with(&walked_image(&image), &[key.public_key().clone()], &mut reread)
            .map_err(|error| error.to_string())
    };
    let verified = ours(&bytes, key).unwrap();
    assert_eq!((verified.digest.hash(), verified.signatures.len()), (Hash::Sha512, 1));
    assert!(ours(&bytes, &super::key(KeyKind::Ed25519)).unwrap_err().contains("not by a trusted key"));
    let theirs = || run(imgtool, &["verify", "--key", text(public), text(file)]).status.success();
    assert!(theirs());
    let area = usize::try_from(walked::Image::parse(&bytes).unwrap().covered_len()).unwrap();
    // The version, the payload, the hash, the signature.
    for at in [0x14, 0x201, area + 4 + 4 + 7, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(file, &changed).unwrap();
        assert!(!theirs() && ours(&changed, key).is_err(), "byte {at:#x}");
    }
}

#[test]
fn openssl_verifies_the_parts_of_an_image() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let binary = binary();
    for (name, key) in keys() {
        let [_, public] = pem_files(&key, folder, name);
        let (file, signature) = make(&ways()[1], &key, &binary);
        let image = walked::Image::parse(&file).unwrap();
        let covered = &file[..usize::try_from(image.covered_len()).unwrap()];
        let message = folder.join("message");
        let sigfile = folder.join("signature");
        fs::write(&sigfile, &file[signature]).unwrap();
        let fixed = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", text(&public)];
        let files = ["-in", text(&message), "-sigfile", text(&sigfile)];
        let options: &[&str] = match name {
            "ed25519" => &[],
            "p256" => &["-digest", "sha256"],
            "p384" => &["-digest", "sha384"],
            _ => &["-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"],
        };
        // Ed25519 signs the image hash as its message.
        let signed = if name == "ed25519" { image.covered.sha256.to_vec() } else { covered.to_vec() };
        fs::write(&message, &signed).unwrap();
        let arguments = [&fixed[..], &files, options].concat();
        assert!(says(&openssl, &arguments).contains("Verified Successfully"), "{name}");
        fs::write(&message, &signed[1..]).unwrap();
        assert!(!run(&openssl, &arguments).status.success(), "{name}");
    }
}
