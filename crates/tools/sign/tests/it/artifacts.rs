//! Files another step has made: signed while they are what it lists, or by what it lists where they are not here.

use std::fs;

use lw_model::Level;
use lw_signature::{KeyKind, read_public};

use crate::{Desk, RSA_2048, SIGN, program};

/// The files are those the step before has listed, or none.
#[test]
fn files_of_another_step_are_signed_while_they_are_what_it_lists() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    desk.package("app.ota");
    // A report of a step that wrote two files: of this tool, which lists what it writes as every tool does.
    let line = ["sign", "--config=none", "--summary=off", "--report=made.json", "--input=app.ota"];
    let line = [&line[..], &["--key=key.pem", "--output=signed.ota"]].concat();
    let done = SIGN.command(desk.path()).args(line).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let sign = "sign --artifacts made.json --key key.pem --scheme ecdsa-sha256";
    desk.passes(sign);
    desk.passes(
        "verify --input signed.ota --signature signed.ota.sig --key key.pub.pem --scheme ecdsa-sha256",
    );
    fs::remove_file(desk.path().join("signed.ota.sig")).unwrap();

    desk.flip("signed.ota", 2000);
    desk.refuses(sign, 3, &["signed.ota: it has the SHA-256", "made.json lists"]);
    assert!(!desk.has("signed.ota.sig"));
    desk.flip("signed.ota", 2000);

    let report = String::from_utf8(desk.read("made.json")).unwrap();
    desk.write("made.json", report.replace("\"signed.ota\"", "\"../signed.ota\""));
    desk.refuses(sign, 3, &["../signed.ota, which is outside the workspace"]);
    desk.write("made.json", "{}");
    desk.refuses(sign, 3, &["made.json: it is no report of the suite"]);
    desk.refuses("sign --artifacts none.json --key key.pem", 3, &["none.json"]);
    desk.refuses("sign --key key.pem", 2, &["there is nothing to sign"]);
}

/// A desk with a report of a step that wrote `signed.ota`, and the keys of some kinds.
fn desk() -> Desk {
    let desk = Desk::new();
    for (kind, name) in [
        (RSA_2048, "rsa"),
        (KeyKind::EcdsaP256, "key"),
        (KeyKind::EcdsaP384, "p384"),
        (KeyKind::Ed25519, "ed"),
    ] {
        desk.key(kind, name);
    }
    desk.package("app.ota");
    fs::create_dir(desk.path().join("build")).unwrap();
    let line = ["sign", "--config=none", "--summary=off", "--report=made.json", "--input=app.ota"];
    let line = [&line[..], &["--key=key.pem", "--output=build/signed.ota"]].concat();
    let done = SIGN.command(desk.path()).args(line).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    desk
}

/// The file and its folder are gone, as on another machine; what verifies the signatures has it.
#[test]
fn a_file_that_is_not_here_is_signed_by_its_digest() {
    let desk = desk();
    fs::rename(desk.path().join("build"), desk.path().join("elsewhere")).unwrap();
    for (key, scheme) in [
        ("rsa", "rsa-pkcs1v15-sha256"),
        ("rsa", "rsa-pss-sha256"),
        ("key", "ecdsa-sha256"),
        ("p384", "ecdsa-sha256"),
        ("rsa", "sshsig"),
        ("key", "sshsig"),
        ("ed", "sshsig"),
    ] {
        let run = desk.passes(&format!("sign --artifacts made.json --key {key}.pem --scheme {scheme}"));
        assert_eq!(run.found(Level::Warning), ["digest-alone"], "{scheme}");
        let found = &run.report().findings;
        assert!(found.iter().any(|finding| finding.message.starts_with("build/signed.ota: it is not here")));
        let said: Vec<&str> = run.stdout.split_whitespace().collect();
        assert!(said.join(" ").contains("1 file signed, 1 by digest alone"), "{scheme}: {}", run.stdout);
        let verify = "verify --input elsewhere/signed.ota --signature build/signed.ota.sig";
        desk.passes(&format!("{verify} --key {key}.pub.pem --scheme {scheme}"));
        // The folder of the file was made for the signature, and holds nothing else.
        assert_eq!(fs::read_dir(desk.path().join("build")).unwrap().count(), 1, "{scheme}");
        fs::remove_dir_all(desk.path().join("build")).unwrap();
    }
    // Without a scheme it follows from the key alone.
    let run = desk.passes("sign --artifacts made.json --key rsa.pem --output out.sig");
    assert_eq!(run.found(Level::Note), ["scheme-follows"]);
    desk.passes("verify --input elsewhere/signed.ota --signature out.sig --key rsa.pub.pem");
    // And where somebody asks, it is not passed over.
    let run = desk.run("sign --artifacts made.json --key rsa.pem --output out.sig --fail-on warning");
    assert_eq!(run.code, 1, "{}", run.stdout);
}

#[test]
fn other_programs_accept_what_was_signed_by_digest_alone() {
    let (Some(openssl), Some(ssh_keygen)) = (program("openssl"), program("ssh-keygen")) else { return };
    let desk = desk();
    fs::rename(desk.path().join("build"), desk.path().join("elsewhere")).unwrap();
    desk.passes("sign --artifacts made.json --key rsa.pem --scheme rsa-pkcs1v15-sha256 --output rsa.sig");
    desk.must(&openssl, "dgst -sha256 -verify rsa.pub.pem -signature rsa.sig elsewhere/signed.ota");
    desk.passes(
        "sign --artifacts made.json --key ed.pem --scheme sshsig --namespace release --output ssh.sig",
    );
    let key = read_public(&desk.read("ed.pub.pem")).unwrap().key;
    desk.write("allowed", format!("release {}", key.to_openssh_line("")));
    let verify = "-Y verify -f allowed -I release -n release -s ssh.sig";
    let mut command = std::process::Command::new(ssh_keygen);
    command.current_dir(desk.path()).args(verify.split(' '));
    command.stdin(fs::File::open(desk.path().join("elsewhere/signed.ota")).unwrap());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What needs the file says why, and before a key is looked for where the scheme is named.
#[test]
fn schemes_that_need_the_file_refuse_a_digest() {
    let desk = desk();
    fs::rename(desk.path().join("build"), desk.path().join("elsewhere")).unwrap();
    for (scheme, why) in [
        ("ecdsa-sha384", "ecdsa-sha384: it signs the SHA-384 of the file"),
        ("ed25519", "ed25519: it signs the file itself"),
        ("minisign", "minisign: it signs the BLAKE2b digest of the file, or the file itself"),
        ("signify", "signify: it signs the file itself"),
        ("secure-boot-v1", "secure-boot-v1: its signature lies inside the file"),
        ("secure-boot-v2", "secure-boot-v2: its signature lies inside the file"),
        ("mcuboot", "mcuboot: its signature lies inside the file"),
        ("lw-package", "lw-package: its signature lies inside the file"),
    ] {
        let line = format!("sign --artifacts made.json --key nowhere.pem --scheme {scheme} --output out");
        desk.refuses(&line, 3, &["build/signed.ota: it is not here, and its SHA-256 is not enough for", why]);
    }
    for (key, scheme) in [("p384", "ecdsa-sha384"), ("ed", "ed25519")] {
        let line = format!("sign --artifacts made.json --key {key}.pem --output out");
        desk.refuses(&line, 3, &[&format!("its SHA-256 is not enough for {scheme}")]);
    }
    // A statement is about files that were seen.
    let attest = "attest --artifacts made.json --key key.pem --output out";
    desk.refuses(attest, 3, &["build/signed.ota: made.json lists it, and it is not here"]);
    // A link that leads nowhere, or a folder, is no file that is elsewhere.
    fs::create_dir_all(desk.path().join("build/signed.ota")).unwrap();
    desk.refuses("sign --artifacts made.json --key key.pem --output out", 3, &["build/signed.ota"]);
    #[cfg(unix)]
    {
        fs::remove_dir(desk.path().join("build/signed.ota")).unwrap();
        std::os::unix::fs::symlink("nowhere", desk.path().join("build/signed.ota")).unwrap();
        desk.refuses("sign --artifacts made.json --key key.pem --output out", 3, &["build/signed.ota"]);
    }
}

#[test]
fn a_report_that_is_not_as_a_step_writes_it_is_refused() {
    let desk = desk();
    let made = String::from_utf8(desk.read("made.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&made).unwrap();
    let artifact = &report["artifacts"][0];
    let sign = "sign --artifacts made.json --key key.pem --scheme ecdsa-sha256 --output out";
    for (change, says) in [
        ("twice", "it lists build/signed.ota twice"),
        ("short", "has not 64 hexadecimal digits"),
        ("empty", "it lists , which is outside the workspace"),
        ("none", "it lists no files"),
    ] {
        let mut report = report.clone();
        match change {
            "twice" => report["artifacts"].as_array_mut().unwrap().push(artifact.clone()),
            "short" => report["artifacts"][0]["sha256"] = "abcd".into(),
            "empty" => report["artifacts"][0]["path"] = "".into(),
            _ => report["artifacts"] = serde_json::json!([]),
        }
        desk.write("made.json", report.to_string());
        desk.refuses(sign, 3, &[says]);
    }
}
