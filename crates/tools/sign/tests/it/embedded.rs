//! Signatures inside images and packages, with espsecure and imgtool as judges, in both directions.

use lw_signature::KeyKind;

use crate::{Desk, RSA_2048, RSA_3072, program};

/// An application for the ESP32-C3, of this repository.
fn esp32c3(desk: &Desk) {
    let from = lw_testkit::tool::example("esp32c3").join("firmware.bin");
    std::fs::copy(from, desk.path().join("c3.bin")).unwrap();
}

#[test]
fn espsecure_and_we_agree_on_secure_boot_v2() {
    let Some(espsecure) = program("espsecure") else { return };
    let desk = Desk::new();
    esp32c3(&desk);
    desk.key(RSA_3072, "key");
    desk.key(RSA_3072, "second");
    desk.key(RSA_3072, "other");
    desk.passes("sign --input c3.bin --key key.pem --scheme secure-boot-v2 --output ours.bin");
    desk.must(&espsecure, "verify-signature -v 2 -k key.pub.pem ours.bin");
    desk.must(&espsecure, "sign-data -v 2 -k key.pem -o theirs.bin c3.bin");
    for signed in ["ours.bin", "theirs.bin"] {
        desk.passes(&format!("verify --input {signed} --key key.pub.pem"));
        desk.finds(&format!("verify --input {signed} --key other.pub.pem"), "untrusted", "not trusted: ");
        // Signed already, unless that is wanted.
        let again = format!("sign --input {signed} --key second.pem --scheme secure-boot-v2 --output");
        desk.refuses(&format!("{again} out"), 3, &["--append", "--replace"]);
        desk.passes(&format!("{again} two.bin --append"));
        let told = desk.must(&espsecure, "signature-info-v2 two.bin");
        assert!(told.contains("block 0 is valid") && told.contains("block 1 is valid"), "{told}");
        for key in ["key", "second"] {
            desk.must(&espsecure, &format!("verify-signature -v 2 -k {key}.pub.pem two.bin"));
            desk.passes(&format!("verify --input two.bin --key {key}.pub.pem"));
        }
        desk.passes(&format!("{again} one.bin --replace"));
        desk.finds("verify --input one.bin --key key.pub.pem", "untrusted", "not trusted: ");
    }
    // What the chip's eFuses hold is enough to trust.
    desk.must(&espsecure, "digest-sbv2-public-key -k key.pub.pem -o digest");
    let digest: String = desk.read("digest").iter().map(|byte| format!("{byte:02x}")).collect();
    desk.passes(&format!("verify --input ours.bin --key-digest {digest}"));
    desk.finds(
        &format!("verify --input ours.bin --key-digest {}", "0".repeat(64)),
        "untrusted",
        "not trusted: ",
    );
    desk.flip("ours.bin", 0x200);
    let run = desk.run("verify --input ours.bin --key key.pub.pem");
    assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
}

#[test]
fn several_keys_sign_at_once_up_to_what_the_chip_holds() {
    let desk = Desk::new();
    esp32c3(&desk);
    for name in ["a", "b", "c", "d"] {
        desk.key(RSA_3072, name);
    }
    let sign = "sign --input c3.bin --scheme secure-boot-v2 --key a.pem --key b.pem --key c.pem";
    desk.passes(&format!("{sign} --output three.bin"));
    desk.passes("verify --input three.bin --key c.pub.pem");
    desk.refuses(&format!("{sign} --key d.pem --output out"), 2, &["4 signatures; ESP32-C3 looks at 3"]);
    // A detached signature is of one.
    desk.refuses(
        "sign --input app.bin --key a.pem --key b.pem --output out",
        2,
        &["is of one key; 2 are given"],
    );
}

#[test]
fn secure_boot_v1_is_what_espsecure_writes() {
    let Some(espsecure) = program("espsecure") else { return };
    let desk = Desk::new();
    if desk.shared("esp-app/esp32-hello_world-new.bin", "esp32.bin").is_none() {
        return;
    }
    desk.key(KeyKind::EcdsaP256, "key");
    desk.key(KeyKind::EcdsaP256, "other");
    desk.passes("sign --input esp32.bin --key key.pem --scheme secure-boot-v1 --output ours.bin");
    desk.must(&espsecure, "sign-data -v 1 -k key.pem -o theirs.bin esp32.bin");
    assert!(desk.read("ours.bin") == desk.read("theirs.bin"), "they differ");
    desk.must(&espsecure, "verify-signature -v 1 -k key.pub.pem ours.bin");
    desk.passes("verify --input ours.bin --key key.pub.pem --scheme secure-boot-v1");
    let run = desk.run("verify --input ours.bin --key other.pub.pem");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
}

#[test]
fn imgtool_and_we_agree_on_mcuboot() {
    let Some(imgtool) = program("imgtool") else { return };
    for (kind, name) in [
        (RSA_2048, "rsa-2048"),
        (RSA_3072, "rsa-3072"),
        (KeyKind::EcdsaP256, "p256"),
        (KeyKind::EcdsaP384, "p384"),
        (KeyKind::Ed25519, "ed25519"),
    ] {
        let desk = Desk::new();
        desk.key(kind, "key");
        desk.key(kind, "other");
        let options =
            "--header-size 0x200 --slot-size 0x80000 --security-counter auto --align 4 --pad-header";
        desk.passes(&format!(
            "sign --input app.bin --key key.pem --scheme mcuboot --image-version 1.2.3+4 {options} --output ours.bin"
        ));
        let said = desk.must(&imgtool, "verify -k key.pub.pem ours.bin");
        assert!(said.contains("Image was correctly validated") && said.contains("1.2.3+4"), "{name}: {said}");
        desk.must(&imgtool, &format!("sign -k key.pem --version 1.2.3+4 {options} app.bin theirs.bin"));
        for signed in ["ours.bin", "theirs.bin"] {
            desk.passes(&format!("verify --input {signed} --key key.pub.pem"));
            desk.finds(&format!("verify --input {signed} --key other.pub.pem"), "untrusted", "not trusted: ");
        }
        desk.flip("ours.bin", 0x300);
        desk.finds("verify --input ours.bin --key key.pub.pem", "forged", "forged: ");
    }
}

/// A file for a flash is as good as the one image it writes, when it writes nothing else.
#[test]
fn an_image_in_intel_hex_is_verified_with_all_that_is_written() {
    let Some(imgtool) = program("imgtool") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let sign =
        "sign -k key.pem --version 1.2.3 --header-size 0x200 --slot-size 0x80000 --align 4 --pad-header";
    desk.must(&imgtool, &format!("{sign} --hex-addr 0x10000 app.bin signed.bin"));
    let record = |offset: u16, kind: u8, data: &[u8]| {
        let length = u8::try_from(data.len()).unwrap();
        let bytes = [&[length][..], &offset.to_be_bytes(), &[kind], data].concat();
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
        let digits: String = bytes.iter().chain([&sum]).map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\n")
    };
    let hex = |ranges: &[(u32, &[u8])]| {
        let mut text = String::new();
        for (address, data) in ranges {
            for (index, piece) in data.chunks(16).enumerate() {
                let at = address + 16 * u32::try_from(index).unwrap();
                text += &record(0, 4, &u16::try_from(at >> 16).unwrap().to_be_bytes());
                text += &record(u16::try_from(at & 0xFFFF).unwrap(), 0, piece);
            }
        }
        text + ":00000001FF\n"
    };
    let signed = desk.read("signed.bin");
    desk.write("signed.hex", hex(&[(0x1_0000, &signed)]));
    let run = desk.passes("verify --input signed.hex --key key.pub.pem --scheme mcuboot");
    assert_eq!(run.report().fact("scheme", Some("signed.hex")), Some("mcuboot"));
    let other = b"and a boot loader nobody has signed".repeat(8);
    desk.write("more.hex", hex(&[(0, &other), (0x1_0000, &signed)]));
    desk.finds("verify --input more.hex --key key.pub.pem", "cannot-verify", "no signature covers that");
    desk.write("signed.bin", [&signed[..], &other].concat());
    desk.finds("verify --input signed.bin --key key.pub.pem", "forged", "follow the image");
}

/// Signed over the image itself, which is read once more for that.
#[test]
fn a_pure_signature_of_imgtool_verifies() {
    let Some(imgtool) = program("imgtool") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "key");
    desk.key(KeyKind::Ed25519, "other");
    let sign = "sign --pure -k key.pem --version 1.2.3 --header-size 0x200 --slot-size 0x80000 --align 4 --pad-header";
    desk.must(&imgtool, &format!("{sign} app.bin pure.bin"));
    desk.passes("verify --input pure.bin --key key.pub.pem");
    desk.passes("verify --input pure.bin --key key.pub.pem --scheme mcuboot");
    desk.finds("verify --input pure.bin --key other.pub.pem", "untrusted", "not trusted: ");
    let length = desk.read("pure.bin").len();
    for at in [0x300, length - 1] {
        desk.flip("pure.bin", at);
        desk.finds("verify --input pure.bin --key key.pub.pem", "forged", "forged: ");
        desk.flip("pure.bin", at);
    }
    // It can be signed over its hash instead.
    desk.refuses("sign --input pure.bin --key key.pem --scheme mcuboot --output out", 3, &["--replace"]);
    desk.passes("sign --input pure.bin --key key.pem --scheme mcuboot --replace --output hashed.bin");
    desk.must(&imgtool, "verify -k key.pub.pem hashed.bin");
    desk.passes("verify --input hashed.bin --key key.pub.pem");
}

#[test]
fn a_package_is_signed_inside_by_several_and_any_change_fails() {
    let desk = Desk::new();
    desk.package("app.ota");
    desk.key(KeyKind::EcdsaP256, "key");
    desk.key(KeyKind::Ed25519, "second");
    desk.key(RSA_2048, "other");
    desk.finds("verify --input app.ota --key key.pub.pem", "unsigned", "it is not signed");
    let run = desk.passes("sign --input app.ota --key key.pem --output signed.ota");
    assert_eq!(run.report().fact("scheme", Some("app.ota")), Some("lw-package"));
    desk.passes("verify --input signed.ota --key key.pub.pem");
    desk.finds("verify --input signed.ota --key other.pub.pem", "untrusted", "not trusted: ");
    desk.refuses("sign --input signed.ota --key second.pem --output out", 3, &["--append"]);
    desk.passes("sign --input signed.ota --key second.pem --append --output two.ota");
    for key in ["key", "second"] {
        desk.passes(&format!("verify --input two.ota --key {key}.pub.pem"));
    }
    let length = desk.read("signed.ota").len();
    for at in (0..length).step_by(97) {
        desk.flip("signed.ota", at);
        let run = desk.run("verify --input signed.ota --key key.pub.pem");
        assert!(matches!(run.code, 1 | 3), "byte {at}: {}{}", run.stdout, run.stderr);
        desk.flip("signed.ota", at);
    }
}

#[test]
fn what_is_not_what_the_scheme_is_for_is_not_signed() {
    let desk = Desk::new();
    esp32c3(&desk);
    desk.package("app.ota");
    desk.write("script.sh", "#!/bin/sh\necho hello\n");
    desk.key(RSA_3072, "key");
    desk.key(RSA_2048, "small");
    desk.key(KeyKind::EcdsaP256, "p256");
    let sign = |input: &str, scheme: &str, more: &str| {
        format!("sign --input {input} --key key.pem --scheme {scheme} --output out {more}")
    };
    desk.refuses(&sign("script.sh", "secure-boot-v2", ""), 3, &["script.sh"]);
    desk.refuses(
        &sign("script.sh", "mcuboot", "--header-size 32 --pad-header --image-version 1.0.0"),
        3,
        &["script"],
    );
    desk.refuses(
        &sign("app.ota", "secure-boot-v2", ""),
        3,
        &["it is an lw package; secure-boot-v2 signs an ESP image"],
    );
    desk.refuses(&sign("c3.bin", "lw-package", ""), 3, &["lw-package signs an lw package"]);
    desk.refuses(&sign("c3.bin", "mcuboot", ""), 2, &["--header-size"]);
    desk.refuses(&sign("c3.bin", "secure-boot-v2", "--slot-size 4096"), 3, &["4096"]);
    desk.refuses(&sign("c3.bin", "secure-boot-v2", "--chip esp32s3"), 3, &["--chip says"]);
    // Of V1 only the ESP32 knows anything, and the C3 verifies no ECDSA.
    desk.refuses(
        "sign --input c3.bin --key p256.pem --scheme secure-boot-v1 --output out",
        2,
        &["ESP32-C3 has no Secure Boot V1"],
    );
    desk.refuses(
        "sign --input c3.bin --key p256.pem --scheme secure-boot-v2 --output out",
        2,
        &["ESP32-C3 does not verify"],
    );
    desk.refuses(
        "sign --input c3.bin --key small.pem --scheme secure-boot-v2 --output out",
        2,
        &["RSA-2048"],
    );
    desk.refuses("sign --input c3.bin --key key.pem --scheme secure-boot-v2", 2, &["--output is not given"]);
    desk.refuses(&sign("c3.bin", "secure-boot-v2", "--append --replace"), 2, &["--append and --replace"]);
}
