//! Keys stay where they are: not in what is printed or written, on no command line, in no other process.

use std::path::Path;

use lw_signature::{KeyKind, PassphraseFunction, PrivateKey};
use lw_testkit::canary::Canary;
use lw_testkit::tool::words;

use crate::{Desk, RSA_2048, SIGN, program};

/// Signs with the key in a variable, and looks for it everywhere.
fn watched(desk: &Desk, canary: &Canary, line: &str, code: i32) {
    let mut command = SIGN.command(desk.path());
    command.args([
        "--config=none",
        "--summary=summary.md",
        "--report=report.json",
        "--write=sarif=report.sarif",
    ]);
    command.args(words(line)).env("KEY", canary.text()).env("PASSPHRASE", "correct horse battery");
    let watched = canary.watch(command).folder(desk.path()).run();
    let said = String::from_utf8_lossy(&watched.stderr).into_owned();
    assert_eq!(watched.code, Some(code), "{line}: {said}");
    watched.assert_kept();
}

/// A key as text in every format there is, and what must be looked for besides.
fn formats(desk: &Desk) -> Vec<(&'static str, Canary)> {
    let p256 = desk.key(KeyKind::EcdsaP256, "p256");
    let rsa = desk.key(RSA_2048, "rsa");
    let ed = desk.key(KeyKind::Ed25519, "ed");
    let canary = |key: &PrivateKey, text: String| {
        Canary::new(text).and("the key", key.to_pkcs8_der().unwrap().as_bytes())
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let encode = |bytes: &[u8]| <base64ct::Base64 as base64ct::Encoding>::encode_string(bytes);
    let mut all = vec![
        ("PKCS#8 of ECDSA", canary(&p256, p256.to_pem().unwrap().to_string())),
        ("PKCS#8 of RSA", canary(&rsa, rsa.to_pem().unwrap().to_string())),
        ("PKCS#8 of Ed25519", canary(&ed, ed.to_pem().unwrap().to_string())),
        ("Base64 of PEM", canary(&p256, encode(p256.to_pem().unwrap().as_bytes()))),
        ("Base64 of DER", canary(&rsa, encode(rsa.to_pkcs8_der().unwrap().as_bytes()))),
    ];
    for (name, key) in [("encrypted", &p256), ("encrypted RSA", &rsa)] {
        let sealed = key.to_encrypted_pem(b"correct horse battery", PassphraseFunction::Pbkdf2).unwrap();
        let canary = canary(key, sealed.to_string()).and("the passphrase", "correct horse battery");
        all.push((name, canary));
    }
    if let Some(openssl) = program("openssl") {
        desk.must(&openssl, "pkey -in p256.pem -traditional -out old.pem");
        all.push(("SEC 1", canary(&p256, text(desk.read("old.pem")))));
        desk.must(&openssl, "pkey -in rsa.pem -traditional -out old.pem");
        all.push(("PKCS#1", canary(&rsa, text(desk.read("old.pem")))));
        std::fs::remove_file(desk.path().join("old.pem")).unwrap();
    }
    if let Some(keygen) = program("ssh-keygen") {
        desk.must(&keygen, "-q -t ed25519 -N '' -f ssh -C ci");
        all.push(("OpenSSH", Canary::new(desk.read("ssh"))));
        std::fs::remove_file(desk.path().join("ssh")).unwrap();
    }
    if let Some(minisign) = program("minisign") {
        desk.must(&minisign, "-G -W -f -p mini.pub -s mini.key");
        all.push(("minisign", Canary::new(desk.read("mini.key"))));
        std::fs::remove_file(desk.path().join("mini.key")).unwrap();
    }
    if let Some(signify) = program("signify-openbsd") {
        desk.must(&signify, "-G -n -p key.pub -s key.sec");
        all.push(("signify", Canary::new(desk.read("key.sec"))));
        std::fs::remove_file(desk.path().join("key.sec")).unwrap();
    }
    for name in ["p256.pem", "rsa.pem", "ed.pem"] {
        std::fs::remove_file(desk.path().join(name)).unwrap();
    }
    all
}

#[test]
fn a_key_in_any_format_is_kept_whatever_happens() {
    let desk = Desk::new();
    desk.write("script.sh", "#!/bin/sh\n");
    for (name, canary) in formats(&desk) {
        let sign = "sign --input app.bin --key env:KEY --output out.sig";
        let with = |more: &str| {
            let passphrase = if name.starts_with("encrypted") { "--passphrase env:PASSPHRASE" } else { "" };
            format!("{sign} {passphrase} {more}")
        };
        watched(&desk, &canary, &with(""), 0);
        watched(&desk, &canary, &with("--format json"), 0);
        // One error after another: the scheme, the file, the key that belongs to it, what can be written.
        let scheme = if name.contains("RSA") || name == "PKCS#1" || name == "Base64 of DER" {
            "ecdsa-sha256"
        } else {
            "rsa-pss-sha256"
        };
        watched(&desk, &canary, &with(&format!("--scheme {scheme}")), 2);
        let image = with("--scheme secure-boot-v2").replace("app.bin", "script.sh");
        watched(&desk, &canary, &image, code_of(&desk, &canary, &image));
        watched(&desk, &canary, &with("--public-key app.bin"), 3);
        watched(
            &desk,
            &canary,
            &with("--passphrase env:NOT_THERE").replace("--passphrase env:PASSPHRASE", ""),
            3,
        );
        if name.starts_with("encrypted") {
            watched(&desk, &canary, &format!("{sign} --passphrase env:PATH_OF_NOTHING"), 3);
            watched(&desk, &canary, sign, 3);
        }
        // A private key where a public one belongs.
        watched(&desk, &canary, "verify --input app.bin --signature out.sig --key env:KEY", 3);
        watched(&desk, &canary, "digest --input app.bin --key env:KEY", 3);
    }
}

/// The exit code of a run that is watched elsewhere.
fn code_of(desk: &Desk, canary: &Canary, line: &str) -> i32 {
    let env = [("KEY", canary.text()), ("PASSPHRASE", "correct horse battery")];
    SIGN.run(desk.path(), &words(line), &env).code
}

/// A key that is damaged is quoted nowhere.
#[test]
fn a_key_that_cannot_be_read_is_kept() {
    let desk = Desk::new();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let pem = key.to_pem().unwrap().to_string();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for bad in [
        pem.replace("-----END PRIVATE KEY-----", ""),
        pem.replace("BEGIN PRIVATE KEY", "BEGIN SECRET"),
        pem.replace("MIG", "MI*"),
        body.clone(),
        format!("{pem}{pem}"),
        pem.get(..120).unwrap().to_owned(),
        format!("\"{pem}\""),
    ] {
        let canary = Canary::new(bad.clone()).and("its middle", &body.as_bytes()[40..80]);
        let line = "sign --input app.bin --key env:KEY --output out";
        let code = code_of(&desk, &canary, line);
        watched(&desk, &canary, line, code);
    }
}

#[test]
fn a_key_on_standard_input_is_kept_and_given_to_no_program() {
    let desk = Desk::new();
    let key = desk.key(KeyKind::EcdsaP256, "key");
    let canary = Canary::new(desk.read("key.pem")).and("the key", key.to_pkcs8_der().unwrap().as_bytes());
    std::fs::remove_file(desk.path().join("key.pem")).unwrap();
    let mut command = SIGN.command(desk.path());
    command.args(words("--config=none --report=report.json sign --input app.bin --key - --output out"));
    let watched = canary.watch(command).folder(desk.path()).stdin(canary.bytes()).run();
    assert_eq!(watched.code, Some(0), "{}", String::from_utf8_lossy(&watched.stderr));
    watched.assert_kept();
    desk.passes("verify --input app.bin --signature out --key key.pub.pem");
}

/// A file with the key is neither changed nor copied.
#[test]
fn a_key_file_is_read_only() {
    let desk = Desk::new();
    let key = desk.key(KeyKind::EcdsaP256, "key");
    let canary = Canary::new(desk.read("key.pem")).and("the key", key.to_pkcs8_der().unwrap().as_bytes());
    let mut command = SIGN.command(desk.path());
    command.args(words("--config=none --report=report.json sign --input app.bin --key key.pem --output out"));
    let watched = canary.watch(command).folder(desk.path()).run();
    assert!(watched.code == Some(0) && Path::new(&desk.path().join("out")).exists());
    watched.assert_kept();
}
