//! `exec:`: a program signs, such as one that talks to a card or a cloud.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lw_signature::KeyKind;
use lw_testkit::tool::words;

use crate::softhsm::{PIN, SoftHsm};
use crate::{Desk, RSA_2048, SIGN, program};

impl Desk {
    /// A script, at an absolute path.
    fn script(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    fn sign_with(&self, program: &str, more: &[&str], env: &[(&str, &str)]) -> lw_testkit::tool::Run {
        let key = format!("exec:{program}");
        let line =
            ["sign", "--input", "app.bin", "--public-key", "key.pub.pem", "--output", "out", "--key", &key];
        SIGN.run(self.path(), &[&line[..], more].concat(), env)
    }

    /// Ends as one that signed nothing, with these words.
    fn lies(&self, script: &str, says: &str) {
        let program = self.script("signer", script);
        let run = self.sign_with(&program, &[], &[]);
        assert!(matches!(run.code, 3 | 4), "{script}: {}{}", run.stdout, run.stderr);
        let said: Vec<&str> = run.stderr.split_whitespace().collect();
        assert!(said.join(" ").contains(says), "{script}: {says:?} is not said: {}", run.stderr);
        assert!(!self.has("out"), "{script}: something was written");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_program_signs_digests() {
    let Some(openssl) = program("openssl") else { return };
    for (kind, options, more) in [
        (KeyKind::EcdsaP256, "", &[][..]),
        (RSA_2048, "-pkeyopt digest:sha256", &[]),
        (
            RSA_2048,
            "-pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32",
            &["--scheme", "rsa-pss-sha256"],
        ),
        // As `pkcs11-tool -m RSA-PKCS` does.
        (RSA_2048, "", &["--exec-input", "digest-info"]),
    ] {
        let desk = Desk::new();
        desk.key(kind, "key");
        let folder = desk.path().display().to_string();
        let call = format!("exec {} pkeyutl -sign -inkey {folder}/key.pem {options}", text(&openssl));
        let signer = desk.script("signer", &call);
        let run = desk.sign_with(&signer, more, &[]);
        assert_eq!(run.code, 0, "{options}: {}{}", run.stdout, run.stderr);
        let scheme = if more.first() == Some(&"--scheme") { "--scheme rsa-pss-sha256" } else { "" };
        desk.passes(&format!("verify --input app.bin --signature out --key key.pub.pem {scheme}"));
        // A cloud answers in Base64.
        fs::remove_file(desk.path().join("out")).unwrap();
        let armoured = desk.script("armoured", &format!("{} | base64", call.trim_start_matches("exec ")));
        let run = desk.sign_with(&armoured, more, &[("PATH", "/usr/bin:/bin")]);
        assert_eq!(run.code, 0, "{options}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn what_a_program_answers_is_not_believed() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    desk.key(KeyKind::EcdsaP256, "other");
    desk.write("another.bin", "another file");
    let folder = desk.path().display().to_string();
    desk.passes("sign --input app.bin --key other.pem --output foreign");
    desk.passes("sign --input another.bin --key key.pem --output elsewhere");
    desk.lies(&format!("cat {folder}/foreign"), "does not verify");
    desk.lies(&format!("cat {folder}/elsewhere"), "does not verify");
    desk.lies("echo hello", "signer");
    desk.lies("cat >/dev/null", "wrote nothing");
    desk.lies("echo the card is locked >&2; exit 7", "the card is locked");
    desk.lies("head -c 10000000 /dev/zero", "signer");
    desk.lies("kill -9 $$", "signer");
    let run = desk.sign_with(&format!("{folder}/none"), &[], &[]);
    assert!(matches!(run.code, 2..=4) && !desk.has("out"), "{}", run.stderr);
}

#[test]
fn a_program_is_named_in_full_and_gets_what_is_named() {
    let Some(openssl) = program("openssl") else { return };
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    for key in ["exec:openssl", "exec:./signer", "exec:"] {
        let line = format!("sign --input app.bin --public-key key.pub.pem --output out --key {key}");
        desk.refuses(&line, 2, &["exec"]);
    }
    let line = "sign --input app.bin --output out --key exec:/bin/true";
    desk.refuses(line, 2, &["--key exec: needs --public-key"]);
    desk.refuses("verify --input app.bin --key exec:/bin/true", 2, &["it is no public key"]);
    let shell =
        ["sign", "--input", "app.bin", "--public-key", "key.pub.pem", "--key", "exec:/bin/sh -c $KEY"];
    let run = SIGN.run(desk.path(), &shell, &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);

    // Its environment is what is named, and nothing else.
    let folder = desk.path().display().to_string();
    let call =
        format!("env >{folder}/environment; exec {} pkeyutl -sign -inkey {folder}/key.pem", text(&openssl));
    let signer = desk.script("signer", &call);
    let env =
        [("TOKEN", "secret-token"), ("AWS_REGION", "eu-1"), ("PATH", "/usr/bin:/bin"), ("HOME", "/tmp")];
    let run = desk.sign_with(&signer, &["--exec-variable", "AWS_REGION"], &env);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let environment = String::from_utf8(desk.read("environment")).unwrap();
    assert!(environment.contains("AWS_REGION=eu-1") && environment.contains("HOME=/tmp"), "{environment}");
    assert!(!environment.contains("secret-token"), "{environment}");
}

/// The recipe of the docs for a card, with softhsm in its place.
#[test]
fn a_card_signs_through_pkcs11_tool() {
    let desk = Desk::new();
    let Some(softhsm) = SoftHsm::new(&desk) else { return };
    for (kind, id, key_type, mechanism, more) in [
        ("rsa", "01", "rsa:2048", "RSA-PKCS", &["--exec-input", "digest-info"][..]),
        ("ec", "02", "EC:prime256v1", "ECDSA", &[]),
    ] {
        softhsm.key(&desk, kind, id, key_type);
        fs::copy(desk.path().join(format!("{kind}.pub.pem")), desk.path().join("key.pub.pem")).unwrap();
        // By `--id`: with `--label` it signs with any key of the card. The PIN comes by a variable, which is named; what is signed by standard input.
        let signer = format!(
            "{} --module {} --token-label ci --login --pin env:PIN --id {id} --sign --mechanism {mechanism}",
            text(&softhsm.tool),
            softhsm.module
        );
        let more = [more, &["--exec-variable", "PIN", "--exec-variable", "SOFTHSM2_CONF"]].concat();
        let run = desk.sign_with(&signer, &more, &[("PIN", PIN), ("SOFTHSM2_CONF", &softhsm.configuration)]);
        assert_eq!(run.code, 0, "{kind}: {}{}", run.stdout, run.stderr);
        desk.passes("verify --input app.bin --signature out --key key.pub.pem");
        fs::remove_file(desk.path().join("out")).unwrap();
    }
}

/// The recipe of the docs for a cloud, with moto in its place, as far as moto goes.
#[test]
fn a_cloud_signs_through_aws_kms() {
    let (Some(aws), Some(moto), Some(openssl)) = (program("aws"), program("moto_server"), program("openssl"))
    else {
        return;
    };
    let desk = Desk::new();
    // A port that is free now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = std::process::Command::new(moto)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let answers = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let endpoint = format!("http://127.0.0.1:{port}");
    let env = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let ask = |line: &str| {
        let output = std::process::Command::new(&aws).args(words(line)).envs(env).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let signed = answers.then(|| {
        let key = ask("kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256 --output text --query KeyMetadata.KeyId");
        let public = ask(&format!("kms get-public-key --key-id {key} --output text --query PublicKey"));
        desk.write("key.b64", public);
        desk.must(&openssl, "base64 -d -A -in key.b64 -out key.der");
        desk.must(&openssl, "pkey -pubin -inform DER -in key.der -out key.pub.pem");
        let signer = desk.script(
            "signer",
            &format!(
                "exec {} kms sign --key-id {key} --message-type DIGEST --signing-algorithm ECDSA_SHA_256 --message fileb:///dev/stdin --output text --query Signature",
                text(&aws)
            ),
        );
        let path = lw_testkit::env("PATH").unwrap_or_default();
        let home = lw_testkit::env("HOME").unwrap_or_default();
        let more: Vec<&str> = env.iter().flat_map(|(name, _)| ["--exec-variable", name]).collect();
        let all = [&env[..], &[("PATH", &path), ("HOME", &home)]].concat();
        let run = desk.sign_with(&signer, &more, &all);
        desk.passes("digest --input app.bin --key key.pub.pem --output digest");
        let digest = fs::File::open(desk.path().join("digest")).unwrap();
        let output = std::process::Command::new(&signer).envs(env).stdin(digest).output().unwrap();
        (run, String::from_utf8(output.stdout).unwrap())
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let (run, signature) = signed.expect("moto answers");
    // moto takes the digest for a message (its `sign`: "MessageType-parameter DIGEST is not yet implemented"), so that what
    // it answers is not a signature of the file, and is not written.
    assert!(run.code != 0 && !desk.has("out"), "moto signs digests now: verify what was signed");
    assert!(run.stderr.contains("does not verify"), "{}", run.stderr);
    // The digest came through to it as it is.
    desk.write("signature.b64", signature);
    desk.must(&openssl, "base64 -d -A -in signature.b64 -out signature");
    desk.passes("verify --input digest --signature signature --key key.pub.pem");
}
