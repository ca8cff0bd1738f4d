//! Signature files: what we sign the programs of the other side verify, and the other way round.

use lw_signature::{KeyKind, Signer as _};

use crate::{Desk, RSA_2048, RSA_3072, program};

/// Each raw scheme with a key of its own, and how openssl is told of it.
const RAW: [(&str, KeyKind, &str); 6] = [
    ("rsa-pkcs1v15-sha256", RSA_2048, "-rawin -digest sha256"),
    (
        "rsa-pss-sha256",
        RSA_3072,
        "-rawin -digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32",
    ),
    ("ecdsa-sha256", KeyKind::EcdsaP256, "-rawin -digest sha256"),
    ("ecdsa-sha384", KeyKind::EcdsaP384, "-rawin -digest sha384"),
    ("ed25519", KeyKind::Ed25519, "-rawin"),
    // Not what follows from the key.
    ("ecdsa-sha256", KeyKind::EcdsaP384, "-rawin -digest sha256"),
];

#[test]
fn openssl_verifies_what_we_sign_and_we_what_it_signs() {
    let Some(openssl) = program("openssl") else { return };
    for (scheme, kind, options) in RAW {
        let desk = Desk::new();
        if KeyKind::EcdsaP384 == kind && scheme == "ecdsa-sha256" && !takes_other_hash(&desk) {
            continue;
        }
        desk.key(kind, "key");
        desk.key(kind, "other");
        let run = desk.passes(&format!("sign --input app.bin --key key.pem --scheme {scheme} --output out"));
        assert_eq!(run.report().fact("scheme", Some("app.bin")), Some(scheme));
        let verify = format!("pkeyutl -verify -pubin -inkey key.pub.pem -in app.bin {options} -sigfile");
        assert!(desk.must(&openssl, &format!("{verify} out")).contains("Verified Successfully"), "{scheme}");

        let sign = format!("pkeyutl -sign -inkey key.pem -in app.bin {options} -out theirs");
        desk.must(&openssl, &sign);
        for signature in ["out", "theirs"] {
            let ours = |key: &str| {
                format!(
                    "verify --input app.bin --signature {signature} --key {key}.pub.pem --scheme {scheme}"
                )
            };
            assert_eq!(desk.passes(&ours("key")).count("sign.verified"), 1);
            desk.finds(&ours("other"), "forged", "either was changed, or another key signed");
        }
        let verify = format!("verify --input app.bin --signature out --scheme {scheme} --key key.pub.pem");
        desk.flip("app.bin", 70_000);
        desk.finds(&verify, "forged", "app.bin: forged: ");
        desk.flip("app.bin", 70_000);
        // Bytes after the signature, which `openssl dgst -verify` accepts.
        let mut signature = desk.read("out");
        signature.push(0);
        desk.write("out", signature);
        let run = desk.run(&verify);
        assert!(matches!(run.code, 1 | 3), "{scheme}: {}{}", run.stdout, run.stderr);
    }
}

/// Whether the tool signs SHA-256 with a key of P-384, which is as good as the other one.
fn takes_other_hash(desk: &Desk) -> bool {
    desk.key(KeyKind::EcdsaP384, "try");
    desk.run("sign --input app.bin --key try.pem --scheme ecdsa-sha256 --output try.sig").code == 0
}

/// The line of the seed, in both directions.
#[test]
fn openssl_dgst_agrees_with_the_default_of_a_key() {
    let Some(openssl) = program("openssl") else { return };
    for (kind, hash) in [(RSA_2048, "sha256"), (KeyKind::EcdsaP256, "sha256"), (KeyKind::EcdsaP384, "sha384")]
    {
        let desk = Desk::new();
        desk.key(kind, "key");
        // Written beside the file, where `verify` finds it.
        desk.passes("sign --input app.bin --key key.pem");
        desk.must(&openssl, &format!("dgst -{hash} -verify key.pub.pem -signature app.bin.sig app.bin"));
        desk.passes("verify --input app.bin --key key.pub.pem");
        desk.must(&openssl, &format!("dgst -{hash} -sign key.pem -out app.bin.sig app.bin"));
        desk.passes("verify --input app.bin --key key.pub.pem");
    }
}

#[test]
fn without_a_scheme_it_follows_from_the_key_and_that_is_said() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let run = desk.passes("sign --input app.bin --key key.pem --output out");
    assert_eq!(run.found(lw_model::Level::Note), ["scheme-follows"]);
    assert!(run.stdout.contains("ecdsa-sha256"), "{}", run.stdout);
    let named = desk.passes("sign --input app.bin --key key.pem --scheme ecdsa-sha256 --output again");
    assert_eq!(named.found(lw_model::Level::Note), [""; 0]);
    // RFC 6979: the same key and file, the same bytes.
    assert_eq!(desk.read("out"), desk.read("again"));
}

#[test]
fn minisign_and_we_agree() {
    let Some(minisign) = program("minisign") else { return };
    let desk = Desk::new();
    desk.must(&minisign, "-G -W -f -p mini.pub -s mini.key");
    desk.must(&minisign, "-G -W -f -p other.pub -s other.key");
    desk.write_private("mini.key", desk.read("mini.key"));
    for (form, legacy) in [("", false), (" --legacy", true)] {
        desk.passes(&format!("sign --input app.bin --key mini.key --output ours{form}"));
        let said = desk.must(&minisign, "-Vm app.bin -x ours -p mini.pub");
        assert!(said.contains("verified"), "{said}");
        let theirs = if legacy { "-S -l" } else { "-S -H" };
        desk.must(&minisign, &format!("{theirs} -s mini.key -m app.bin -x theirs"));
        for signature in ["ours", "theirs"] {
            let run = desk.passes(&format!("verify --input app.bin --signature {signature} --key mini.pub"));
            let legacy_is_said = run.found(lw_model::Level::Warning) == ["legacy"];
            assert_eq!(legacy_is_said, legacy, "{signature}: {}", run.stdout);
        }
    }
    desk.finds("verify --input app.bin --signature ours --key other.pub", "untrusted", "not trusted: ");
    desk.write("app.bin", "another");
    desk.finds("verify --input app.bin --signature ours --key mini.pub", "forged", "forged: ");
}

/// A key of another format signs in the format of minisign, too.
#[test]
fn minisign_verifies_what_a_key_in_pem_signs() {
    let Some(minisign) = program("minisign") else { return };
    let desk = Desk::new();
    let key = desk.key(KeyKind::Ed25519, "key");
    let public = lw_signature::Signer::public_key(&key);
    desk.write("key.minisign", public.to_minisign(public.default_key_id()).unwrap());
    desk.passes("sign --input app.bin --key key.pem --scheme minisign --comment hello --trusted-comment release-7 --output out");
    let said = desk.must(&minisign, "-Vm app.bin -x out -p key.minisign");
    assert!(said.contains("Trusted comment: release-7"), "{said}");
    desk.passes("verify --input app.bin --signature out --key key.minisign");
    desk.passes("verify --input app.bin --signature out --key key.pub.pem");
    // The trusted comment is signed, the other one is not.
    let text = String::from_utf8(desk.read("out")).unwrap();
    desk.write("out", text.replace("hello", "anything"));
    desk.passes("verify --input app.bin --signature out --key key.minisign");
    desk.write("out", text.replace("release-7", "release-8"));
    desk.finds("verify --input app.bin --signature out --key key.minisign", "forged", "trusted comment");
}

#[test]
fn signify_and_we_agree() {
    let Some(signify) = program("signify-openbsd") else { return };
    let desk = Desk::new();
    desk.must(&signify, "-G -n -p key.pub -s key.sec");
    desk.must(&signify, "-G -n -p other.pub -s other.sec");
    desk.write_private("key.sec", desk.read("key.sec"));
    desk.passes("sign --input app.bin --key key.sec --output ours");
    desk.must(&signify, "-V -p key.pub -x ours -m app.bin");
    desk.must(&signify, "-S -s key.sec -x theirs -m app.bin");
    for signature in ["ours", "theirs"] {
        desk.passes(&format!("verify --input app.bin --signature {signature} --key key.pub"));
        let wrong = format!("verify --input app.bin --signature {signature} --key other.pub");
        desk.finds(&wrong, "untrusted", "not trusted: ");
    }
    desk.flip("app.bin", 3);
    desk.finds("verify --input app.bin --signature ours --key key.pub", "forged", "forged: ");
}

#[test]
fn ssh_keygen_and_we_agree() {
    let Some(keygen) = program("ssh-keygen") else { return };
    for (number, kind) in ["ed25519", "ecdsa -b 256", "ecdsa -b 384", "rsa -b 3072"].into_iter().enumerate() {
        let desk = Desk::new();
        desk.must(&keygen, &format!("-q -t {kind} -N '' -f key -C ci"));
        desk.must(&keygen, "-q -t ed25519 -N '' -f other -C other");
        let public = String::from_utf8(desk.read("key.pub")).unwrap();
        desk.write("allowed", format!("ci@example.org {public}"));
        desk.passes("sign --input app.bin --key key --output ours");
        let check = |signature: &str, namespace: &str| {
            let input = std::fs::File::open(desk.path().join("app.bin")).unwrap();
            let mut command = std::process::Command::new(&keygen);
            command.args(["-Y", "verify", "-f", "allowed", "-I", "ci@example.org", "-n", namespace, "-s"]);
            let output = command.arg(signature).current_dir(desk.path()).stdin(input).output().unwrap();
            output.status.success()
        };
        assert!(check("ours", "lw-ota") && !check("ours", "git"), "{kind}");
        desk.must(&keygen, "-q -Y sign -f key -n release app.bin");
        let theirs = "verify --input app.bin --signature app.bin.sig --key key.pub";
        desk.passes(&format!("{theirs} --namespace release"));
        desk.refuses(theirs, 3, &["the signature is for the namespace \"release\"; expected \"lw-ota\""]);
        desk.finds("verify --input app.bin --signature ours --key other.pub", "untrusted", "not trusted: ");
        if number == 0 {
            desk.passes("sign --input app.bin --key key --namespace other --output ours.other");
            assert!(check("ours.other", "other"));
        }
        desk.flip("app.bin", 9);
        desk.finds("verify --input app.bin --signature ours --key key.pub", "forged", "forged: ");
    }
}

#[test]
fn who_is_known_is_named_and_who_is_expected_counts() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "prod");
    desk.key(KeyKind::EcdsaP256, "dev");
    desk.passes("sign --input app.bin --key dev.pem --output app.bin.sig");
    let keys = "--expect-key prod=prod.pub.pem --known-key dev=dev.pub.pem";
    desk.finds(&format!("verify --input app.bin {keys}"), "untrusted", "dev");
    desk.passes("sign --input app.bin --key prod.pem --output app.bin.sig");
    let run = crate::SIGN.run_as_step(
        desk.path(),
        &lw_testkit::tool::words(&format!("verify --input app.bin {keys}")),
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.output("signer").starts_with("prod"), "{}", run.output("signer"));
    // A key that only names somebody verifies nothing.
    desk.refuses("verify --input app.bin --known-key prod=prod.pub.pem", 2, &["no key is trusted"]);
}

#[test]
fn a_folder_is_verified_as_a_whole() {
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "key");
    std::fs::create_dir(desk.path().join("release")).unwrap();
    std::fs::create_dir(desk.path().join("empty")).unwrap();
    for name in ["release/a.bin", "release/b.bin"] {
        desk.write(name, name);
        desk.passes(&format!("sign --input {name} --key key.pem"));
    }
    let run = desk.passes("verify --input release --key key.pub.pem");
    assert_eq!(run.count("sign.verified"), 2);
    desk.write("release/c.bin", "nobody signed it");
    desk.finds("verify --input release --key key.pub.pem", "unsigned", "it is not signed");
    desk.refuses("verify --input empty --key key.pub.pem", 3, &["nothing was verified"]);
}

/// A signature that is passed over could be anything.
#[test]
fn every_signature_in_a_folder_is_looked_at() {
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "key");
    std::fs::create_dir(desk.path().join("release")).unwrap();
    desk.write("release/a.bin", "a");
    desk.passes("sign --input release/a.bin --key key.pem");
    desk.passes("sign --input release/a.bin --key key.pem --scheme minisign");
    desk.passes("sign --input release/a.bin --key key.pem --scheme sshsig --output release/a.bin.sshsig");
    let verify = "verify --input release --key key.pub.pem";
    let run = desk.passes(verify);
    assert_eq!(run.count("sign.verified"), 1);
    assert!(run.stdout.contains("1 of 1 file verified"), "{}", run.stdout);
    desk.write("release/other", "another file");
    desk.passes("sign --input release/other --key key.pem --scheme minisign");
    for (name, ending) in [("raw", "sig"), ("minisign", "minisig"), ("sshsig", "sshsig")] {
        let path = format!("release/a.bin.{ending}");
        let good = desk.read(&path);
        if name == "minisign" {
            desk.write(&path, desk.read("release/other.minisig"));
        } else if name == "raw" {
            desk.flip(&path, 10);
        } else {
            desk.write(&path, "not a signature at all");
        }
        let run = desk.run(verify);
        assert!(run.code == 1 || run.code == 3, "{name}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.count("sign.verified"), 1, "{name}");
        desk.write(&path, good);
    }
    desk.passes(verify);
}

/// What is called like a signature and is none of any file is a file that nobody has signed.
#[test]
fn no_file_of_a_folder_is_passed_over_for_its_name() {
    let desk = Desk::new();
    desk.key(KeyKind::Ed25519, "key");
    std::fs::create_dir(desk.path().join("release")).unwrap();
    desk.write("release/a.bin", "a");
    desk.passes("sign --input release/a.bin --key key.pem");
    let verify = "verify --input release --key key.pub.pem";
    desk.passes(verify);
    for name in [
        "release/a.bin.sig.sig",
        "release/a.bin.sig.minisig",
        "release/.sig",
        "release/b.bin.sig",
        "release/a.bin.SIG",
        "release/a.bin.sig.sig.sig",
    ] {
        desk.write(name, "anything");
        desk.finds(verify, "unsigned", &format!("{}: it is not signed", name.trim_start_matches("./")));
        std::fs::remove_file(desk.path().join(name)).unwrap();
    }
    // A signature that is signed itself is a file like any other.
    desk.passes("sign --input release/a.bin.sig --key key.pem");
    desk.finds(verify, "unsigned", "release/a.bin.sig.sig: it is not signed");
    std::fs::remove_file(desk.path().join("release/a.bin.sig.sig")).unwrap();
    // Names that are no text are told apart by their bytes.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = |bytes: &[u8]| desk.path().join("release").join(std::ffi::OsStr::from_bytes(bytes));
        desk.write("release/\u{FFFD}", "a");
        desk.passes("sign --input release/\u{FFFD} --key key.pem");
        desk.passes(verify);
        std::fs::write(name(b"\xff.sig"), "anything").unwrap();
        let run = desk.run(verify);
        assert_eq!((run.code, run.found(lw_model::Level::Error)), (1, vec!["unsigned"]), "{}", run.stdout);
    }
}

/// What was given is judged, or the run does not pass.
#[test]
fn a_signature_that_is_given_is_never_passed_over() {
    let desk = Desk::new();
    desk.package("app.ota");
    desk.key(KeyKind::Ed25519, "key");
    desk.passes("sign --input app.ota --key key.pem --output signed.ota");
    desk.write("bad.sig", [0; 64]);
    let verify = "verify --input signed.ota --signature bad.sig --key key.pub.pem";
    desk.refuses(
        &format!("{verify} --scheme lw-package"),
        2,
        &["--signature is given", "lies inside the file"],
    );
    desk.finds(verify, "forged", "forged: ");
}

/// A line of `allowed_signers` limits its key whatever it is used for.
#[test]
fn the_limits_of_a_line_hold_for_every_scheme() {
    let desk = Desk::new();
    let key = desk.key(KeyKind::Ed25519, "key");
    desk.package("app.ota");
    desk.passes("sign --input app.bin --key key.pem --output app.sig");
    desk.passes("sign --input app.bin --key key.pem --scheme sshsig --output app.sshsig");
    desk.passes("sign --input app.ota --key key.pem --output signed.ota");
    desk.passes("attest --input app.bin --key key.pem --output app.json");
    let line = key.public_key().to_openssh_line("");
    let checks = [
        "verify --input app.bin --signature app.sig --key line",
        "verify --input signed.ota --key line",
        "verify-attestation --input app.bin --attestation app.json --key line",
    ];
    let ssh = "verify --input app.bin --signature app.sshsig --key line";
    desk.write("line", format!("release {line}"));
    for check in checks.into_iter().chain([ssh]) {
        desk.passes(check);
    }
    for limit in ["valid-before=\"20200101\"", "valid-after=\"29990101\""] {
        desk.write("line", format!("release {limit} {line}"));
        for check in checks {
            desk.finds(check, "certificate", "the key ");
        }
        let run = desk.run(ssh);
        assert!(matches!(run.code, 1 | 3), "{}{}", run.stdout, run.stderr);
    }
    desk.write("line", format!("release namespaces=\"lw-ota\" {line}"));
    desk.passes(ssh);
    for check in checks {
        desk.refuses(check, 3, &["the key may sign in lw-ota only"]);
    }
}
