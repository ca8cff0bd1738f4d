//! Secure Boot, with espsecure and openssl as judges, in both directions.

use std::fs;
use std::path::Path;

use lw_firmware::esp_image::AppImage;
use lw_signature::secure_boot_v2::{Limits, append, assemble, key_digest, sign_block};
use lw_signature::{KeyKind, PrivateKey, Signer as _, secure_boot_v1};
use lw_testkit::program;

use super::{esp_image, key, pem_files, run, says, sector, with_sector};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Keys of every scheme.
fn keys() -> [(&'static str, PrivateKey); 3] {
    [
        ("rsa", key(KeyKind::Rsa { bits: 3072 })),
        ("p256", key(KeyKind::EcdsaP256)),
        ("p384", key(KeyKind::EcdsaP384)),
    ]
}

#[test]
fn espsecure_verifies_what_we_sign() {
    let Some(espsecure) = program("espsecure") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let image = esp_image(23, [100, 199]);
    let covered = super::covered(&AppImage::read(&image).unwrap());
    let keys = keys();
    let blocks: Vec<_> = keys.iter().map(|(_, key)| sign_block(key, &covered).unwrap()).collect();
    let signed = folder.join("signed.bin");
    let sector = assemble(&blocks, &covered, &Limits::ANY).unwrap();
    fs::write(&signed, with_sector(&image, &sector)).unwrap();
    let told = says(&espsecure, &["signature-info-v2", text(&signed)]);
    for (index, (name, key)) in keys.iter().enumerate() {
        let [private, public] = pem_files(key, folder, name);
        let told_digest = folder.join("digest.bin");
        let digest = ["digest-sbv2-public-key", "-k", text(&public), "-o", text(&told_digest)];
        says(&espsecure, &digest);
        let ours = key_digest(key.public_key()).unwrap();
        assert_eq!(fs::read(&told_digest).unwrap(), ours.0, "{name}");
        let spaced: Vec<_> = ours.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(told.contains(&format!("digest for block {index}: {}", spaced.join(" "))), "{name}: {told}");
        // It fails at the first block of another hash function, so that each is given alone.
        let alone = folder.join(format!("{name}.bin"));
        let sector = assemble(&blocks[index..=index], &covered, &Limits::ANY).unwrap();
        fs::write(&alone, with_sector(&image, &sector)).unwrap();
        says(&espsecure, &["verify-signature", "-v", "2", "-k", text(&public), text(&alone)]);
        // A signature of theirs behind ours.
        if *name != "p384" {
            let both = folder.join("both.bin");
            let [other, _] = pem_files(&super::key(key.public_key().kind()), folder, "other");
            let arguments =
                ["sign-data", "-v", "2", "-k", text(&other), "-a", "-o", text(&both), text(&alone)];
            says(&espsecure, &arguments);
            let both = super::sector(&fs::read(both).unwrap());
            assert_eq!(both.verify(&[ours]).unwrap().blocks.len(), 2, "{name}");
        }
        fs::remove_file(private).unwrap();
    }
}

#[test]
fn we_verify_what_espsecure_signs_and_append_to_it() {
    let Some(espsecure) = program("espsecure") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let image = esp_image(23, [100, 199]);
    let plain = folder.join("plain.bin");
    fs::write(&plain, &image).unwrap();
    for (name, key) in keys() {
        let [private, _] = pem_files(&key, folder, name);
        let signed = folder.join("signed.bin");
        let arguments = ["sign-data", "-v", "2", "-k", text(&private), "-o", text(&signed), text(&plain)];
        says(&espsecure, &arguments);
        let bytes = fs::read(&signed).unwrap();
        let ours = key_digest(key.public_key()).unwrap();
        let verified = sector(&bytes).verify(&[ours]).unwrap();
        assert_eq!(verified.blocks.len(), 1, "{name}");
        // Everything but the random signature is what we write.
        let read = AppImage::parse(&bytes).unwrap();
        let covered = super::covered(&read);
        let mine = assemble(&[sign_block(&key, &covered).unwrap()], &covered, &Limits::ANY).unwrap();
        let mine = with_sector(&image, &mine);
        let random = match name {
            "rsa" => 812..1200,
            "p256" => 101..165,
            _ => 149..245,
        };
        let crc = 1196..1200;
        for (at, (mine, theirs)) in mine.iter().zip(&bytes).enumerate() {
            let in_block = at.wrapping_sub(4096);
            assert!(
                mine == theirs || random.contains(&in_block) || crc.contains(&in_block),
                "{name} byte {at:#x}"
            );
        }
        let second = super::key(KeyKind::EcdsaP256);
        let existing = read.signature_input.signature.as_ref().unwrap();
        let block = sign_block(&second, &covered).unwrap();
        let two = append(existing, &[block], &covered, &Limits::ANY).unwrap();
        let two = sector(&with_sector(&image, &two)).verify(&[ours]).unwrap();
        assert_eq!(two.blocks.len(), 2, "{name}");
    }
}

#[test]
fn v1_is_espsecures_byte_for_byte() {
    let Some(espsecure) = program("espsecure") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let image = esp_image(0, [0, 399]);
    let plain = folder.join("plain.bin");
    fs::write(&plain, &image).unwrap();
    let input = AppImage::parse(&image).unwrap().signature_input;
    for _ in 0..8 {
        let key = key(KeyKind::EcdsaP256);
        let [private, public] = pem_files(&key, folder, "key");
        let theirs = folder.join("theirs.bin");
        let arguments = ["sign-data", "-v", "1", "-k", text(&private), "-o", text(&theirs), text(&plain)];
        says(&espsecure, &arguments);
        let mine = [&image[..], &secure_boot_v1::sign(&key, &input.image_sha256).unwrap()].concat();
        assert!(mine == fs::read(&theirs).unwrap(), "they differ");
        let signed = folder.join("mine.bin");
        fs::write(&signed, &mine).unwrap();
        says(&espsecure, &["verify-signature", "-v", "1", "-k", text(&public), text(&signed)]);
        let read = AppImage::parse(&mine).unwrap().signature_input;
        assert_eq!(read.image_sha256, input.image_sha256);
        secure_boot_v1::verify(key.public_key(), &read.image_sha256, &read.signature.unwrap()).unwrap();
    }
}

/// openssl knows nothing of blocks: it gets the covered bytes, the key, and the signature in its own order.
#[test]
fn openssl_verifies_the_parts_of_a_block() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let image = esp_image(23, [100, 199]);
    let covered = super::covered(&AppImage::read(&image).unwrap());
    let body = folder.join("body.bin");
    let mut padded = image.clone();
    padded.resize(4096, 0xFF);
    fs::write(&body, padded).unwrap();
    for (name, key) in keys() {
        let block = sign_block(&key, &covered).unwrap();
        let [_, public] = pem_files(&key, folder, name);
        let reversed =
            |from: usize, to: usize| -> Vec<u8> { block[from..to].iter().rev().copied().collect() };
        let (signature, hash, options) = match name {
            "rsa" => (
                reversed(812, 1196),
                "sha256",
                &["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"][..],
            ),
            "p256" => {
                let raw = [reversed(101, 133), reversed(133, 165)].concat();
                let der = p256::ecdsa::Signature::from_slice(&raw).unwrap().to_der();
                (der.as_bytes().to_vec(), "sha256", &[][..])
            }
            _ => {
                let raw = [reversed(149, 197), reversed(197, 245)].concat();
                let der = p384::ecdsa::Signature::from_slice(&raw).unwrap().to_der();
                (der.as_bytes().to_vec(), "sha384", &[][..])
            }
        };
        let file = folder.join("signature");
        fs::write(&file, &signature).unwrap();
        let fixed = ["pkeyutl", "-verify", "-rawin", "-digest", hash, "-pubin", "-inkey", text(&public)];
        let files = ["-in", text(&body), "-sigfile", text(&file)];
        let arguments = [&fixed[..], &files, options].concat();
        assert!(says(&openssl, &arguments).contains("Verified Successfully"), "{name}");
        let mut wrong = signature;
        wrong[20] ^= 1;
        fs::write(&file, wrong).unwrap();
        assert!(!run(&openssl, &arguments).status.success(), "{name}");
    }
}
