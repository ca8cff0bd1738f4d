//! `pkcs11:`: a token signs, through its module in this process; builds without the feature refuse.

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_build_without_pkcs11_says_what_does_the_same() {
    let desk = crate::Desk::new();
    let says = "error: --key pkcs11: a PKCS#11 module is not read hint: a static program cannot load one: ask it through a program, --key 'exec:/usr/bin/pkcs11-tool --module /usr/lib/MODULE.so --sign --mechanism ECDSA --id 01 --login --pin env:PIN' with --exec-variable PIN and --public-key; or sign in two steps with `lw sign digest` and `lw sign attach`; or build `sign` for this machine with the feature `pkcs11`";
    desk.refuses("sign --input app.bin --key pkcs11:token=release --output out", 2, &[says]);
    desk.refuses("verify --input app.bin --key pkcs11:token=release", 2, &["it is no public key"]);
}

#[cfg(all(unix, feature = "pkcs11"))]
mod token {
    use std::fs;
    use std::path::Path;

    use lw_signature::KeyKind;

    use crate::softhsm::{PIN, SoftHsm};
    use crate::{Desk, program};

    impl SoftHsm {
        /// The URI of a key, up to its `?` and beyond.
        fn uri(&self, path: &str) -> String {
            format!("pkcs11:{path}?module-path={}&pin-source=env:PIN", self.module)
        }

        /// Signs `app.bin` to `out`.
        fn signs(&self, desk: &Desk, path: &str, more: &[&str]) {
            let uri = self.uri(path);
            let line = [&["sign", "--input", "app.bin", "--output", "out", "--key", &uri], more].concat();
            let run = self.sign(desk, &line);
            assert_eq!(run.code, 0, "{line:?}: {}{}", run.stdout, run.stderr);
        }

        /// Refuses to sign, with this exit code and these words.
        fn refuses(&self, desk: &Desk, key: &str, more: &str, code: i32, says: &[&str]) {
            let line = format!("sign --input app.bin --output out --key {key} {more}");
            let env = [("PIN", PIN), ("WRONG", "98765432"), ("SOFTHSM2_CONF", &self.configuration)];
            desk.refuses_with(&line, &env, code, says);
        }
    }

    fn remove(desk: &Desk) {
        fs::remove_file(desk.path().join("out")).unwrap();
    }

    #[test]
    fn a_pkcs11_token_signs_what_others_verify() {
        let desk = Desk::new();
        let Some(openssl) = program("openssl") else { return };
        let Some(softhsm) = SoftHsm::new(&desk) else { return };
        for (label, id, key_type, scheme, options) in [
            ("rsa", "01", "rsa:2048", "rsa-pkcs1v15-sha256", ""),
            (
                "pss",
                "02",
                "rsa:3072",
                "rsa-pss-sha256",
                "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
            ),
            ("ec", "03", "EC:prime256v1", "ecdsa-sha256", ""),
            ("ec384", "04", "", "ecdsa-sha384", ""),
        ] {
            if key_type.is_empty() {
                // pkcs11-tool of OpenSC 0.23 reads no public key of this curve.
                desk.key(KeyKind::EcdsaP384, label);
                softhsm.import(&desk, label, id);
            } else {
                softhsm.key(&desk, label, id, key_type);
            }
            let hash = if scheme.ends_with("384") { "sha384" } else { "sha256" };
            let verify =
                format!("verify --input app.bin --signature out --key {label}.pub.pem --scheme {scheme}");
            let judge = format!("dgst -{hash} {options} -verify {label}.pub.pem -signature out app.bin");
            for path in [format!("token=ci;object={label};type=private"), format!("token=ci;id=%{id}")] {
                softhsm.signs(&desk, &path, &["--scheme", scheme]);
                desk.passes(&verify);
                desk.must(&openssl, &judge);
                remove(&desk);
            }
            // A public key that is given is held to that of the token.
            softhsm.signs(
                &desk,
                &format!("object={label}"),
                &["--public-key", &format!("{label}.pub.pem"), "--scheme", scheme],
            );
            desk.must(&openssl, &judge);
            remove(&desk);
        }
    }

    #[test]
    fn two_keys_of_a_pkcs11_token_sign_one_package() {
        let desk = Desk::new();
        let Some(softhsm) = SoftHsm::new(&desk) else { return };
        softhsm.key(&desk, "rsa", "01", "rsa:3072");
        softhsm.key(&desk, "ec", "02", "EC:prime256v1");
        desk.package("app.lw");
        let (rsa, ec) = (softhsm.uri("token=ci;id=%01"), softhsm.uri("token=ci;id=%02"));
        let run = softhsm
            .sign(&desk, &["sign", "--input", "app.lw", "--output", "out", "--key", &rsa, "--key", &ec]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        for key in ["rsa", "ec"] {
            desk.passes(&format!("verify --input out --key {key}.pub.pem"));
        }
        assert!(!run.stdout.contains(PIN) && !run.stderr.contains(PIN));

        let line = ["attest", "--input", "app.bin", "--output", "app.intoto.json", "--key", &ec];
        let run = softhsm.sign(&desk, &line);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        desk.passes("verify-attestation --input app.bin --attestation app.intoto.json --key ec.pub.pem");
    }

    #[test]
    fn the_pin_of_a_pkcs11_token_is_tried_once() {
        let desk = Desk::new();
        let Some(softhsm) = SoftHsm::new(&desk) else { return };
        softhsm.key(&desk, "ec", "01", "EC:prime256v1");
        let key = format!("pkcs11:token=ci;object=ec?module-path={}", softhsm.module);
        softhsm.refuses(
            &desk,
            &format!("{key}&pin-source=env:WRONG"),
            "",
            3,
            &["the PIN is wrong", "is the secret that of this token?"],
        );
        softhsm.refuses(&desk, &key, "", 2, &["asks for a PIN, and none is named", "pin-source=env:NAME"]);
        softhsm.refuses(&desk, &format!("{key}&pin-source=env:NONE"), "", 3, &["NONE"]);
        softhsm.refuses(&desk, &format!("{key}&pin-value={PIN}"), "", 2, &["has a PIN in it"]);
        softhsm.refuses(
            &desk,
            &format!("{key}&pin-source=file:/etc/pin"),
            "",
            2,
            &["names no environment variable"],
        );
        let wrong = format!("{key}&pin-source=env:WRONG");
        let line = ["sign", "--input", "app.bin", "--output", "out", "--key", &wrong];
        let run = crate::SIGN.run(
            desk.path(),
            &line,
            &[("WRONG", "98765432"), ("SOFTHSM2_CONF", &softhsm.configuration)],
        );
        assert!(run.code == 3 && !run.stdout.contains("98765432") && !run.stderr.contains("98765432"));

        // Its other name: the passphrase of the key, here in a file that ends in a line break.
        desk.write_private("pin.txt", format!("{PIN}\n"));
        let run = softhsm.sign(
            &desk,
            &["sign", "--input", "app.bin", "--output", "out", "--key", &key, "--passphrase", "pin.txt"],
        );
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }

    #[test]
    fn a_pkcs11_uri_names_one_key() {
        let desk = Desk::new();
        let Some(softhsm) = SoftHsm::new(&desk) else { return };
        softhsm.key(&desk, "release", "01", "EC:prime256v1");
        softhsm.key(&desk, "release", "02", "EC:prime256v1");
        let two = [
            "2 private keys have this name",
            "\"release\" (id 01)",
            "\"release\" (id 02)",
            "name one by its id",
        ];
        softhsm.refuses(&desk, &softhsm.uri("token=ci;object=release"), "", 3, &two);
        softhsm.signs(&desk, "token=ci;object=release;id=%02", &[]);
        desk.passes("verify --input app.bin --signature out --key release.pub.pem");
        remove(&desk);

        softhsm.refuses(
            &desk,
            &softhsm.uri("token=ci;id=%03"),
            "",
            3,
            &["no private key of this name", "\"release\" (id 01)"],
        );
        softhsm.refuses(
            &desk,
            &softhsm.uri("token=none;id=%01"),
            "",
            3,
            &["no token is the one that is named; there are: \"ci\""],
        );
        softhsm.add_token("spare");
        softhsm.refuses(
            &desk,
            &softhsm.uri("model=SoftHSM%20v2;id=%01"),
            "",
            3,
            &["2 tokens are what is named", "\"spare\""],
        );
        softhsm.refuses(&desk, &softhsm.uri("token=spare;id=%01"), "", 3, &["there is none"]);

        let line = "sign --input none.bin --output out --key pkcs11:id=a?module-path=/none.so";
        desk.refuses(line, 3, &["none.bin"]);
        for (module, says) in [
            ("/none.so", "/none.so cannot be loaded"),
            ("/lib/x86_64-linux-gnu/libc.so.6", "no module of PKCS#11"),
        ] {
            if module == "/none.so" || Path::new(module).is_file() {
                softhsm.refuses(&desk, &format!("pkcs11:id=a?module-path={module}"), "", 3, &[says]);
            }
        }
        softhsm.refuses(&desk, "pkcs11:id=a?module-name=softhsm2", "", 2, &["module-name is not looked for"]);
        desk.refuses(
            "verify --input app.bin --key pkcs11:id=a?module-path=/m.so",
            2,
            &["it is no public key"],
        );
    }

    #[test]
    fn a_pkcs11_key_is_held_to_its_public_key() {
        let desk = Desk::new();
        let Some(openssl) = program("openssl") else { return };
        let Some(softhsm) = SoftHsm::new(&desk) else { return };
        softhsm.key(&desk, "ec", "01", "EC:prime256v1");
        desk.key(KeyKind::EcdsaP256, "other");
        let uri = softhsm.uri("token=ci;id=%01");
        softhsm.refuses(&desk, &uri, "--public-key other.pub.pem", 3, &["and --public-key are two keys"]);

        // Without the public key in the token: with another one nothing verifies, and with none nothing can be.
        softhsm.asks("--delete-object --type pubkey --id 01");
        softhsm.refuses(
            &desk,
            &uri,
            "--public-key other.pub.pem",
            4,
            &["does not verify with the public key"],
        );
        softhsm.refuses(
            &desk,
            &uri,
            "",
            2,
            &["neither its public key nor a certificate", "give --public-key"],
        );
        softhsm.signs(&desk, "token=ci;id=%01", &["--public-key", "ec.pub.pem"]);
        desk.passes("verify --input app.bin --signature out --key ec.pub.pem");
        remove(&desk);

        // A certificate of it does as well.
        desk.must(&openssl, "x509 -new -subj /CN=ci -force_pubkey ec.pub.pem -signkey other.pem -days 2 -outform DER -out ec.crt");
        let certificate = desk.path().join("ec.crt");
        softhsm.asks(&format!("--write-object {} --type cert --id 01 --label ec", certificate.display()));
        softhsm.signs(&desk, "token=ci;id=%01", &[]);
        desk.passes("verify --input app.bin --signature out --key ec.pub.pem");
        remove(&desk);

        softhsm.asks("--keypairgen --key-type EC:edwards25519 --label ed --id 05");
        softhsm.refuses(
            &desk,
            &softhsm.uri("token=ci;id=%05"),
            "",
            3,
            &["expected RSA, or ECDSA on P-256 or P-384"],
        );
    }
}
