//! Signatures that other programs have stored, as a user verifies them.

use crate::Desk;

/// Signature files of one image: the arguments, and a key that is of the same kind and did not sign.
#[test]
fn every_stored_signature_file_verifies_and_none_with_another_key() {
    let desk = Desk::new();
    if desk.shared("esp-app/esp32-s3-hello_world-new.bin", "s3-hello.bin").is_none() {
        return;
    }
    for (signature, key, scheme, wrong) in [
        ("s3-hello.p256.der", "p256.pub.pem", "ecdsa-sha256", "ecdsa256_secure_boot_signing_key_v2.pub.pem"),
        (
            "s3-hello.rsa3072-pss32.sig",
            "rsa3072.pub.pem",
            "rsa-pss-sha256",
            "rsa_secure_boot_signing_key.pub.pem",
        ),
        (
            "s3-hello.rsa3072-pkcs1v15.sig",
            "rsa3072.pub.pem",
            "rsa-pkcs1v15-sha256",
            "rsa_secure_boot_signing_key.pub.pem",
        ),
        ("s3-hello.ed25519", "ed.pub.pem", "ed25519", "root-ed25519.pub.pem"),
        ("s3-hello.minisig", "mini.pub", "minisign", "mini2.pub"),
        ("s3-hello.legacy.minisig", "mini2.pub", "minisign", "mini.pub"),
    ] {
        for (folder, name) in [("sig", signature), ("keys", key), ("keys", wrong)] {
            desk.shared(&format!("{folder}/{name}"), name).unwrap();
        }
        let verify = |key: &str| {
            format!(
                "verify --input s3-hello.bin --signature {signature} --scheme {scheme} --key {key} --allow-test-key"
            )
        };
        desk.passes(&verify(key));
        let run = desk.run(&verify(wrong));
        assert_eq!(run.code, 1, "{signature}: {}{}", run.stdout, run.stderr);
        let rule = if scheme == "minisign" { "untrusted" } else { "forged" };
        assert_eq!(run.found(lw_model::Level::Error), [rule], "{signature}");
        desk.flip("s3-hello.bin", 1000);
        assert_eq!(desk.run(&verify(key)).found(lw_model::Level::Error), ["forged"], "{signature}");
        desk.flip("s3-hello.bin", 1000);
    }
    desk.shared("sig/s3-hello.sshsig", "s3-hello.sshsig").unwrap();
    desk.shared("keys/allowed_signers", "allowed_signers").unwrap();
    let allowed = String::from_utf8(desk.read("allowed_signers")).unwrap();
    let key = allowed.split_once("ssh-").map(|(_, key)| format!("ssh-{key}")).unwrap();
    desk.write("ssh.pub", key);
    let text = String::from_utf8(desk.read("s3-hello.sshsig")).unwrap();
    assert!(text.starts_with("-----BEGIN SSH SIGNATURE"));
    let verify = "verify --input s3-hello.bin --signature s3-hello.sshsig --key ssh.pub";
    desk.passes(&format!("{verify} --namespace lw-ota"));
    desk.refuses(&format!("{verify} --namespace file"), 3, &["the signature is for the namespace"]);
}

#[test]
fn a_cms_signature_is_refused_by_its_name() {
    let desk = Desk::new();
    if desk.shared("sig/s3-hello.cms.der", "app.bin.sig").is_none() {
        return;
    }
    desk.shared("keys/cms-cert.pem", "cert.pem").unwrap();
    desk.refuses("verify --input app.bin --key cert.pem --scheme rsa-pkcs1v15-sha256", 3, &["CMS"]);
}

#[test]
fn every_stored_secure_boot_image_verifies_and_the_tampered_key_does_not() {
    let desk = Desk::new();
    if desk.shared("secure-boot-v2/bootloader_signed_v2_rsa.bin", "rsa.bin").is_none() {
        return;
    }
    for (from, to) in [
        ("secure-boot-v2/bootloader_multi_signed_v2_rsa.bin", "multi.bin"),
        ("secure-boot-v2/bootloader_signed_v2_ecdsa256.bin", "ecdsa.bin"),
        ("secure-boot-v2/bad-embedded-key-tampered_rsa.bin", "bad.bin"),
        ("secure-boot-v2/bootloader_unsigned_v2.bin", "unsigned.bin"),
        ("secure-boot-v1/bootloader_signed.bin", "v1.bin"),
        ("keys/rsa_secure_boot_signing_key.pub.pem", "rsa1.pem"),
        ("keys/rsa_secure_boot_signing_key2.pub.pem", "rsa2.pem"),
        ("keys/rsa_secure_boot_signing_key3.pub.pem", "rsa3.pem"),
        ("keys/ecdsa256_secure_boot_signing_key_v2.pub.pem", "ecdsa2.pem"),
        ("keys/ecdsa256_secure_boot_signing_key.pub.pem", "ecdsa1.pem"),
        ("keys/rsa3072.pub.pem", "foreign.pem"),
        ("keys/p256.pub.pem", "foreign-p256.pem"),
    ] {
        desk.shared(from, to).unwrap();
    }
    let verify = |input: &str, key: &str| format!("verify --input {input} --key {key} --allow-test-key");
    desk.passes(&verify("rsa.bin", "rsa1.pem"));
    // Sound, all three of them, but an ESP32 looks at one block.
    for key in ["rsa1.pem", "rsa2.pem", "rsa3.pem"] {
        let says = "the device would refuse it: there are 3 signature blocks; ESP32 looks at 1";
        desk.finds(&verify("multi.bin", key), "cannot-verify", says);
    }
    desk.passes(&verify("v1.bin", "ecdsa1.pem"));
    desk.finds(&verify("rsa.bin", "foreign.pem"), "untrusted", "not trusted: ");
    desk.finds(&verify("unsigned.bin", "rsa1.pem"), "unsigned", "it is not signed");
    let run = desk.run(&verify("v1.bin", "foreign-p256.pem"));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    // espsecure accepts it.
    let run = desk.run(&verify("bad.bin", "rsa1.pem"));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(matches!(run.found(lw_model::Level::Error)[..], ["forged" | "cannot-verify" | "untrusted"]));
    // A fixture whose chip does not verify what it is signed with is refused as by the device.
    let run = desk.run(&verify("ecdsa.bin", "ecdsa2.pem"));
    assert!(matches!(run.code, 0 | 1), "{}{}", run.stdout, run.stderr);
    assert_eq!(desk.run(&verify("ecdsa.bin", "foreign-p256.pem")).code, 1);
    // Their private halves are published.
    desk.refuses(
        "verify --input rsa.bin --key rsa1.pem",
        3,
        &["whose private half is published", "--allow-test-key"],
    );
}

#[test]
fn every_stored_image_for_mcuboot_verifies() {
    let desk = Desk::new();
    for (image, key) in [
        ("s3-hello_root-ec-p256.bin", "root-ec-p256.pub.pem"),
        ("s3-hello_root-ed25519.bin", "root-ed25519.pub.pem"),
        ("s3-hello_root-rsa-2048.bin", "root-rsa-2048.pub.pem"),
        ("s3-hello_p256_padded_confirmed.bin", "root-ec-p256.pub.pem"),
    ] {
        if desk.shared(&format!("mcuboot/{image}"), image).is_none() {
            return;
        }
        desk.shared(&format!("keys/{key}"), key).unwrap();
        let verify = |key: &str| format!("verify --input {image} --key {key} --allow-test-key");
        desk.passes(&verify(key));
        desk.key(lw_signature::KeyKind::EcdsaP256, "other");
        desk.finds(&verify("other.pub.pem"), "untrusted", "not trusted: ");
        desk.flip(image, 0x1000);
        desk.finds(&verify(key), "forged", "forged: ");
        if key.starts_with("root") {
            desk.refuses(
                &format!("verify --input {image} --key {key}"),
                3,
                &["whose private half is published"],
            );
        }
    }
}
