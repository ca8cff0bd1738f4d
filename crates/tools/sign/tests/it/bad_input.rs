//! What is wrong is named, with what was expected, and nothing is written.

use lw_signature::{KeyKind, PassphraseFunction};

use crate::{Desk, RSA_2048, program};

#[test]
fn passphrases() {
    let desk = Desk::new();
    let key = desk.key(KeyKind::EcdsaP256, "key");
    let sealed = key.to_encrypted_pem(b"correct horse", PassphraseFunction::Pbkdf2).unwrap();
    desk.write_private("sealed.pem", sealed.as_bytes());
    let sign = "sign --input app.bin --key sealed.pem --output out";
    desk.refuses(sign, 3, &["sealed.pem: the", "is encrypted, and there is no passphrase", "--passphrase"]);
    let with = format!("{sign} --passphrase env:PASSPHRASE");
    let wrong = [("PASSPHRASE", "wrong donkey")];
    desk.refuses_with(&with, &wrong, 3, &["sealed.pem: the passphrase does not open the"]);
    desk.refuses_with(&with, &[("PASSPHRASE", "")], 3, &["passphrase", "PASSPHRASE is empty"]);
    desk.refuses_with(&with, &[], 3, &["PASSPHRASE"]);
    let right = [("PASSPHRASE", "correct horse")];
    let run = crate::SIGN.run(desk.path(), &lw_testkit::tool::words(&with), &right);
    assert_eq!(run.code, 0, "{}", run.stderr);
    desk.passes("verify --input app.bin --signature out --key key.pub.pem");
    // A file of one line has a line feed that nobody typed.
    desk.write_private("passphrase", "correct horse\n");
    desk.passes(&format!("{sign} --passphrase passphrase"));
}

#[test]
fn keys_that_are_none() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let sign = |key: &str| format!("sign --input app.bin --key {key} --output out");

    let pem = String::from_utf8(desk.read("key.pem")).unwrap();
    let cut: Vec<&str> = pem.lines().take(2).collect();
    desk.write_private("cut.pem", cut.join("\n"));
    desk.refuses(&sign("cut.pem"), 3, &["cut.pem: ", "line"]);
    desk.write_private("short.pem", pem.replace("MIGHAgEA", "MIGH"));
    desk.refuses(&sign("short.pem"), 3, &["short.pem: "]);

    desk.must(&openssl, "ecparam -name secp521r1 -genkey -noout -out p521.pem");
    desk.refuses(&sign("p521.pem"), 3, &["p521.pem", "expected RSA, ECDSA P-256 or P-384, or Ed25519"]);
    desk.must(&openssl, "ecparam -name secp256k1 -genkey -noout -out k1.pem");
    desk.refuses(&sign("k1.pem"), 3, &["k1.pem", "expected RSA, ECDSA P-256 or P-384, or Ed25519"]);
    desk.must(&openssl, "genrsa -out rsa1024.pem 1024");
    desk.refuses(
        &sign("rsa1024.pem"),
        3,
        &["rsa1024.pem", "the RSA key has 1024 bits; expected 2048 to 8192"],
    );

    desk.refuses(&sign("key.pub.pem"), 3, &["key.pub.pem: it is a public key", "expected a private key"]);
    desk.refuses(
        &sign("app.bin"),
        3,
        &["app.bin: it is in no known format of keys", "expected a private key"],
    );
    desk.write_private("empty.pem", "");
    desk.refuses(&sign("empty.pem"), 3, &["empty.pem is empty"]);
    desk.refuses(&sign("missing.pem"), 3, &["missing.pem"]);
    desk.refuses("sign --input app.bin --output out", 2, &["no key is given", "env:NAME"]);
}

/// A secret of a CI that was mangled on its way still is a key; what is left out entirely says who gets none.
#[test]
fn secrets_of_a_ci() {
    let desk = Desk::new();
    let key = desk.key(KeyKind::EcdsaP256, "key");
    let pem = String::from_utf8(desk.read("key.pem")).unwrap();
    let encode = <base64ct::Base64 as base64ct::Encoding>::encode_string;
    let der = key.to_pkcs8_der().unwrap();
    let line = "sign --input app.bin --key env:SIGNING_KEY --output out";
    for text in [
        pem.clone(),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " "),
        pem.replace('\n', "\\n"),
        encode(pem.as_bytes()),
        encode(der.as_bytes()),
    ] {
        let run = crate::SIGN.run(desk.path(), &lw_testkit::tool::words(line), &[("SIGNING_KEY", &text)]);
        assert_eq!(run.code, 0, "{text}: {}", run.stderr);
        desk.passes("verify --input app.bin --signature out --key key.pub.pem");
        std::fs::remove_file(desk.path().join("out")).unwrap();
    }
    let empty = ["SIGNING_KEY is empty", "forks", "Dependabot", "environment", "secrets: inherit"];
    desk.refuses_with(line, &[("SIGNING_KEY", "")], 3, &empty);
    desk.refuses_with(line, &[("SIGNING_KEY", " \n")], 3, &["SIGNING_KEY"]);
    desk.refuses_with(line, &[("SIGNING_KEY", "SIGNING_KEY")], 3, &["it is in no known format of keys"]);
    // The secret itself in place of its name.
    let pasted = ["sign", "--input", "app.bin", "--output", "out", "--key", pem.trim()];
    let run = crate::SIGN.run(desk.path(), &pasted, &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("a secret does not belong on the command line"), "{}", run.stderr);
    let body = pem.lines().nth(1).unwrap();
    assert!(!run.stderr.contains(body) && !run.stdout.contains(body) && !desk.has("out"));
}

#[test]
fn keys_of_another_kind_than_the_scheme() {
    let desk = Desk::new();
    desk.key(RSA_2048, "rsa");
    desk.key(KeyKind::EcdsaP256, "p256");
    for (key, kind, scheme) in [
        ("rsa", "RSA-2048", "ecdsa-sha256"),
        ("rsa", "RSA-2048", "minisign"),
        ("p256", "ECDSA P-256", "rsa-pss-sha256"),
        ("p256", "ECDSA P-256", "ed25519"),
        ("p256", "ECDSA P-256", "signify"),
    ] {
        let line = format!("sign --input app.bin --key {key}.pem --scheme {scheme} --output out");
        let says = format!("{key}.pem: a key of the kind {kind} does not sign with {scheme}");
        desk.refuses(&line, 2, &[&says, "leave --scheme out"]);
    }
    desk.passes("sign --input app.bin --key rsa.pem");
    let run = desk.run("verify --input app.bin --key p256.pub.pem");
    assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
}

#[test]
fn keys_and_certificates() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    desk.key(KeyKind::EcdsaP256, "other");
    let certificate = "req -x509 -new -key key.pem -subj /CN=release -out";
    desk.must(&openssl, &format!("{certificate} cert.pem -days 30"));
    desk.must(&openssl, "req -x509 -new -key other.pem -subj /CN=other -days 30 -out other.crt");
    desk.must(&openssl, "req -new -key key.pem -subj /CN=release -out request.csr");
    desk.must(&openssl, "x509 -req -in request.csr -signkey key.pem -days -1 -out expired.pem");

    desk.passes("sign --input app.bin --key key.pem --public-key cert.pem --output app.bin.sig");
    desk.passes("verify --input app.bin --key cert.pem");
    let two = "sign --input app.bin --key key.pem --public-key other.crt --output out";
    desk.refuses(two, 3, &["are two keys", "SHA-256"]);
    desk.finds("verify --input app.bin --key expired.pem", "certificate", "expired.pem: ");
    desk.finds("verify --input app.bin --key other.crt", "forged", "another key signed");
    // A job that only verifies has no private key.
    let private = "verify --input app.bin --key key.pem";
    desk.refuses(
        private,
        3,
        &["key.pem: it is a private key", "expected a public key", "verifying needs no private key"],
    );
    desk.refuses("verify --input app.bin --key request.csr", 3, &["request", "expected a public key"]);
    desk.refuses("verify --input app.bin", 2, &["no key is trusted"]);
    desk.refuses("verify --key cert.pem", 2, &["there is nothing to verify"]);
}

#[test]
fn signatures_of_another_format() {
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "ed");
    desk.key(RSA_2048, "rsa");
    desk.key(KeyKind::EcdsaP256, "p256");
    desk.passes("sign --input app.bin --key ed.pem --scheme minisign --output mini");
    let line = "verify --input app.bin --signature mini --key ed.pub.pem --scheme signify";
    desk.refuses(
        line,
        3,
        &["mini: it is a signature of minisign; expected a signature of the scheme signify"],
    );
    desk.refuses("verify --input app.bin --signature app.bin --key ed.pub.pem", 3, &["app.bin"]);
    desk.passes("sign --input app.bin --key rsa.pem --scheme rsa-pss-sha256 --output pss");
    // PSS is what it is when it is not named.
    let run = desk.run("verify --input app.bin --signature pss --key rsa.pub.pem");
    assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
    desk.write("empty.sig", "");
    let run = desk.run("verify --input app.bin --signature empty.sig --key p256.pub.pem");
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    desk.refuses("verify --input app.bin --signature none.sig --key p256.pub.pem", 3, &["none.sig"]);
    desk.refuses("verify --input app.bin --scheme ecdsa-sha256 --key p256.pub.pem", 3, &["app.bin.sig"]);
    // Base64 of a signature, as a cloud answers.
    desk.passes("sign --input app.bin --key p256.pem --output app.bin.sig");
    let armoured = <base64ct::Base64 as base64ct::Encoding>::encode_string(&desk.read("app.bin.sig"));
    desk.write("armoured", armoured);
    let run = desk.run("verify --input app.bin --signature armoured --key p256.pub.pem");
    assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
    // Sound, but not signed with the scheme that is asked for.
    let line = "verify --input app.bin --signature app.bin.sig --key p256.pub.pem --scheme secure-boot-v2";
    desk.refuses(line, 2, &["a signature of secure-boot-v2 lies inside the file"]);
    // Nor does one that lies beside it stand for the one inside.
    let line = "verify --input app.bin --key p256.pub.pem --scheme secure-boot-v2";
    let run = desk.run(line);
    assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_key_file_that_others_can_read_is_a_warning() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let desk = Desk::new();
        desk.key(KeyKind::EcdsaP256, "key");
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(desk.path().join("key.pem"), open).unwrap();
        let run = desk.passes("sign --input app.bin --key key.pem --scheme ecdsa-sha256 --output out");
        assert_eq!(run.found(lw_model::Level::Warning), ["exposed-secret"]);
    }
}

/// Keys that come with MCUboot and ESP-IDF, in their public half.
#[test]
fn a_published_key_is_not_trusted() {
    let desk = Desk::new();
    if desk.shared("keys/root-ec-p256.pub.pem", "root.pem").is_none() {
        return;
    }
    desk.key(KeyKind::EcdsaP256, "key");
    desk.passes("sign --input app.bin --key key.pem --output app.bin.sig");
    let says = ["root.pem: this is ", "whose private half is published", "--allow-test-key"];
    desk.refuses("verify --input app.bin --key root.pem", 3, &says);
    desk.refuses("verify --input app.bin --expect-key prod=root.pem", 3, &says);
}
