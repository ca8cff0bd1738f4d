//! `digest` and `attach`: the key signs somewhere else.

use lw_signature::KeyKind;
use lw_testkit::tool::words;

use crate::{Desk, RSA_2048, RSA_3072, SIGN, program};

/// How openssl signs a digest as a card or a cloud does.
fn sign_digest(scheme: &str) -> &'static str {
    match scheme {
        "rsa-pkcs1v15-sha256" => "-pkeyopt digest:sha256",
        "rsa-pss-sha256" | "secure-boot-v2" | "mcuboot" => {
            "-pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32"
        }
        _ => "",
    }
}

#[test]
fn what_a_key_elsewhere_signs_is_attached_in_every_scheme() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.package("app.ota");
    let c3 = lw_testkit::tool::example("esp32c3").join("firmware.bin");
    std::fs::copy(c3, desk.path().join("c3.bin")).unwrap();
    let mcuboot = "--header-size 0x20 --pad-header --image-version 1.2.3";
    for (scheme, kind, input, options) in [
        ("rsa-pkcs1v15-sha256", RSA_2048, "app.bin", ""),
        ("rsa-pss-sha256", RSA_3072, "app.bin", ""),
        ("ecdsa-sha256", KeyKind::EcdsaP256, "app.bin", ""),
        ("ecdsa-sha384", KeyKind::EcdsaP384, "app.bin", ""),
        ("secure-boot-v2", RSA_3072, "c3.bin", ""),
        ("mcuboot", RSA_2048, "app.bin", mcuboot),
        ("mcuboot", KeyKind::EcdsaP256, "app.bin", mcuboot),
        ("lw-package", KeyKind::EcdsaP256, "app.ota", ""),
    ] {
        desk.key(kind, "key");
        desk.key(kind, "other");
        let common = format!("--input {input} --key key.pub.pem --scheme {scheme} {options}");
        let run = SIGN.run_as_step(desk.path(), &words(&format!("digest {common} --output digest")), &[]);
        assert_eq!(run.code, 0, "{scheme}: {}{}", run.stdout, run.stderr);
        let hex: String = desk.read("digest").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(run.output("digest"), hex);

        let is_rsa = matches!(kind, KeyKind::Rsa { .. });
        let how = if is_rsa { sign_digest(scheme) } else { "" };
        desk.must(&openssl, &format!("pkeyutl -sign -inkey key.pem -in digest {how} -out signature"));
        desk.passes(&format!("attach {common} --signature signature --output attached"));
        let verify = if options.is_empty() && matches!(input, "app.bin") {
            format!("verify --input app.bin --signature attached --key key.pub.pem --scheme {scheme}")
        } else {
            "verify --input attached --key key.pub.pem".to_owned()
        };
        desk.passes(&verify);

        // Of another key, and of another file.
        desk.must(&openssl, &format!("pkeyutl -sign -inkey other.pem -in digest {how} -out foreign"));
        let attach = format!("attach {common} --output out --signature");
        desk.refuses(&format!("{attach} foreign"), 3, &["foreign"]);
        desk.flip("digest", 0);
        desk.must(&openssl, &format!("pkeyutl -sign -inkey key.pem -in digest {how} -out foreign"));
        desk.refuses(&format!("{attach} foreign"), 3, &["foreign"]);
        desk.refuses(&format!("{attach} {input}"), 3, &[input]);
        std::fs::remove_file(desk.path().join("attached")).unwrap();
    }
}

#[test]
fn ed25519_signs_the_file_itself() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "key");
    // A package's manifest is small enough to be a message.
    desk.package("app.ota");
    desk.passes("digest --input app.ota --key key.pub.pem --output message");
    desk.must(&openssl, "pkeyutl -sign -rawin -inkey key.pem -in message -out signature");
    desk.passes("attach --input app.ota --key key.pub.pem --signature signature --output signed.ota");
    desk.passes("verify --input signed.ota --key key.pub.pem");
    desk.flip("signature", 5);
    let line = "attach --input app.ota --key key.pub.pem --signature signature --output out";
    desk.refuses(
        line,
        3,
        &["signature, for app.ota: the signature does not belong to this file and this key"],
    );
    for scheme in ["minisign", "signify"] {
        let line = format!("digest --input app.bin --key key.pub.pem --scheme {scheme} --output out");
        desk.refuses(&line, 2, &["is made of two"]);
        let line = format!(
            "attach --input app.bin --key key.pub.pem --scheme {scheme} --signature app.bin --output out"
        );
        desk.refuses(&line, 2, &["is made of two"]);
    }
}

/// Cards return r and s side by side.
#[test]
fn raw_numbers_are_taken_and_written_in_der() {
    let desk = Desk::new();
    for (kind, size) in [(KeyKind::EcdsaP256, 32), (KeyKind::EcdsaP384, 48)] {
        desk.key(kind, "key");
        desk.passes("sign --input app.bin --key key.pem --output der");
        let der = desk.read("der");
        desk.write("raw", raw(&der, size));
        let run = desk.passes("attach --input app.bin --key key.pub.pem --signature raw --output attached");
        assert!(run.found(lw_model::Level::Note).contains(&"raw-ecdsa"), "{}", run.stdout);
        assert_eq!(desk.read("attached"), der);
        // The tool's own `verify` is strict.
        let strict = desk.run("verify --input app.bin --signature raw --key key.pub.pem");
        assert!(matches!(strict.code, 1 | 3), "{}{}", strict.stdout, strict.stderr);
    }
}

/// r and s out of a signature in DER.
fn raw(der: &[u8], size: usize) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut raw = Vec::new();
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        raw.extend(vec![0; size - number.len()]);
        raw.extend(number);
        rest = &rest[2 + length..];
    }
    raw
}

/// What a card does that is told to sign with a bare `CKM_RSA_PKCS`.
#[test]
fn a_bare_hash_is_named() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.key(RSA_2048, "key");
    desk.passes("digest --input app.bin --key key.pub.pem --output digest");
    desk.must(&openssl, "pkeyutl -sign -inkey key.pem -in digest -out bare");
    let line = "attach --input app.bin --key key.pub.pem --signature bare --output out";
    desk.refuses(line, 3, &["has signed the bare hash"]);
}
