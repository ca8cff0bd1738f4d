//! Files of keys as the real programs write them: each is read, and its public key is the one the program names.

use std::path::{Path, PathBuf};
use std::process::Command;

use lw_signature::{
    KeyFileError, KeyFormat, KeyKind, PassphraseFunction, PrivateKey, PrivateKeyFile, Signer as _,
    read_private, read_public,
};
use lw_testkit::program;
use tempfile::TempDir;

/// Runs a program in a folder; its output.
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Vec<u8> {
    run_with_input(program, folder, arguments, b"")
}

fn run_with_input(program: &Path, folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {errors}", program.display());
    output.stdout
}

struct Openssl {
    program: PathBuf,
    folder: TempDir,
}

impl Openssl {
    fn new() -> Option<Self> {
        Some(Self { program: program("openssl")?, folder: TempDir::new().unwrap() })
    }

    fn run(&self, arguments: &str) -> Vec<u8> {
        run(&self.program, self.folder.path(), &arguments.split(' ').collect::<Vec<_>>())
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// The `SubjectPublicKeyInfo` openssl names.
    fn public(&self, name: &str) -> Vec<u8> {
        self.run(&format!("pkey -in {name} -pubout -outform DER -passin pass:secret"))
    }

    fn check(&self, name: &str, format: KeyFormat, passphrase: Option<&[u8]>) -> PrivateKeyFile {
        let read =
            read_private(&self.read(name), passphrase).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.format, format, "{name}");
        assert_eq!(read.key.public_key().to_spki_der(), self.public(name), "{name}");
        read
    }
}

/// How openssl makes a key of each kind.
const KINDS: [(&str, KeyKind); 6] = [
    ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", KeyKind::Rsa { bits: 2048 }),
    ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072", KeyKind::Rsa { bits: 3072 }),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", KeyKind::EcdsaP256),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", KeyKind::EcdsaP384),
    ("genpkey -algorithm ED25519", KeyKind::Ed25519),
    ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096", KeyKind::Rsa { bits: 4096 }),
];

#[test]
fn private_keys_of_openssl() {
    let Some(openssl) = Openssl::new() else { return };
    for (make, kind) in KINDS {
        openssl.run(&format!("{make} -out key.pem"));
        let read = openssl.check("key.pem", KeyFormat::Pkcs8, None);
        assert_eq!(read.key.public_key().kind(), kind);
        assert!(!read.is_encrypted);
        openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
        openssl.check("key.der", KeyFormat::Pkcs8, None);
        if kind != KeyKind::Ed25519 {
            let format = if matches!(kind, KeyKind::Rsa { .. }) { KeyFormat::Pkcs1 } else { KeyFormat::Sec1 };
            openssl.run("pkey -in key.pem -traditional -out old.pem");
            openssl.check("old.pem", format, None);
            openssl.run("pkey -in key.pem -traditional -outform DER -out old.der");
            openssl.check("old.der", format, None);
        }
        for way in [
            "-v2 aes-256-cbc",
            "-v2 aes-128-cbc -v2prf hmacWithSHA1",
            "-v2 aes-192-cbc -v2prf hmacWithSHA384",
            "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000",
            "-scrypt",
        ] {
            openssl.run(&format!("pkcs8 -topk8 -in key.pem {way} -passout pass:secret -out sealed.pem"));
            let read = openssl.check("sealed.pem", KeyFormat::EncryptedPkcs8, Some(b"secret"));
            assert!(read.is_encrypted);
            let format = KeyFormat::EncryptedPkcs8;
            let sealed = openssl.read("sealed.pem");
            assert_eq!(read_private(&sealed, None).err(), Some(KeyFileError::NoPassphrase { format }));
            assert_eq!(
                read_private(&sealed, Some(b"Secret")).err(),
                Some(KeyFileError::WrongPassphrase { format })
            );
        }
    }
}

#[test]
fn a_curve_before_its_key() {
    let Some(openssl) = Openssl::new() else { return };
    openssl.run("ecparam -name prime256v1 -genkey -out key.pem");
    assert!(String::from_utf8(openssl.read("key.pem")).unwrap().starts_with("-----BEGIN EC PARAMETERS"));
    openssl.check("key.pem", KeyFormat::Sec1, None);
}

#[test]
fn keys_of_openssh() {
    let (Some(keygen), Some(openssl)) = (program("ssh-keygen"), Openssl::new()) else { return };
    let folder = openssl.folder.path();
    let kinds = [
        ("-t ed25519", KeyKind::Ed25519),
        ("-t rsa -b 2048", KeyKind::Rsa { bits: 2048 }),
        ("-t rsa -b 3072", KeyKind::Rsa { bits: 3072 }),
        ("-t ecdsa -b 256", KeyKind::EcdsaP256),
        ("-t ecdsa -b 384", KeyKind::EcdsaP384),
    ];
    let ciphers = ["", "aes256-ctr", "aes256-cbc", "aes128-ctr", "aes192-cbc", "aes256-gcm@openssh.com"];
    for (number, (kind_arguments, kind)) in kinds.into_iter().enumerate() {
        // All ciphers with one kind of key, the usual one with all.
        for cipher in if number == 0 { &ciphers[..] } else { &ciphers[..2] } {
            let name = format!("key-{number}-{cipher}");
            let mut arguments: Vec<&str> = kind_arguments.split(' ').collect();
            arguments.extend(["-q", "-C", "ci@example", "-f", &name]);
            let passphrase = if cipher.is_empty() { "" } else { "secret" };
            arguments.extend(["-N", passphrase]);
            if !cipher.is_empty() {
                arguments.extend(["-Z", *cipher]);
            }
            run(&keygen, folder, &arguments);
            let bytes = openssl.read(&name);
            let given = (!cipher.is_empty()).then_some(b"secret".as_slice());
            let read = read_private(&bytes, given).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((read.format, read.is_encrypted), (KeyFormat::OpenSsh, given.is_some()));
            assert_eq!(read.comment.as_deref(), Some("ci@example"));
            let public = read_public(&openssl.read(&format!("{name}.pub"))).unwrap();
            assert_eq!(public.key, *read.key.public_key(), "{name}");
            assert_eq!(public.key.kind(), kind, "{name}");
            assert_eq!(public.comment.as_deref(), Some("ci@example"));
            // What another program makes of the public key.
            if kind != KeyKind::Ed25519 {
                let pem = run(&keygen, folder, &["-e", "-m", "PKCS8", "-f", &format!("{name}.pub")]);
                assert_eq!(read_public(&pem).unwrap().key, public.key);
            }
            if given.is_some() {
                let format = KeyFormat::OpenSsh;
                assert_eq!(read_private(&bytes, None).err(), Some(KeyFileError::NoPassphrase { format }));
                let wrong = read_private(&bytes, Some(b"Secret")).err();
                assert_eq!(wrong, Some(KeyFileError::WrongPassphrase { format }), "{name}");
            }
        }
    }
}

#[test]
fn keys_of_minisign() {
    let Some(minisign) = program("minisign") else { return };
    let folder = TempDir::new().unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    run(&minisign, folder.path(), &["-G", "-W", "-p", "plain.pub", "-s", "plain.key"]);
    let key = read_private(&read("plain.key"), None).unwrap();
    let public = read_public(&read("plain.pub")).unwrap();
    assert_eq!((key.format, key.is_encrypted), (KeyFormat::Minisign, false));
    assert_eq!(public.format, KeyFormat::MinisignPublic);
    assert_eq!(public.key, *key.key.public_key());
    assert!(key.key_id.is_some() && key.key_id == public.key_id);
    // As it is given on the command line: only the line.
    let text = String::from_utf8(read("plain.pub")).unwrap();
    assert_eq!(read_public(text.lines().nth(1).unwrap().as_bytes()).unwrap().key, public.key);

    run_with_input(
        &minisign,
        folder.path(),
        &["-G", "-p", "sealed.pub", "-s", "sealed.key"],
        b"secret\nsecret\n",
    );
    let sealed = read("sealed.key");
    let format = KeyFormat::Minisign;
    assert_eq!(read_private(&sealed, None).err(), Some(KeyFileError::NoPassphrase { format }));
    assert_eq!(read_private(&sealed, Some(b"Secret")).err(), Some(KeyFileError::WrongPassphrase { format }));
    let key = read_private(&sealed, Some(b"secret")).unwrap();
    assert_eq!(read_public(&read("sealed.pub")).unwrap().key, *key.key.public_key());
    assert!(key.is_encrypted);
}

#[test]
fn keys_of_signify() {
    let Some(signify) = program("signify-openbsd") else { return };
    let folder = TempDir::new().unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    run(&signify, folder.path(), &["-G", "-n", "-p", "plain.pub", "-s", "plain.sec"]);
    let key = read_private(&read("plain.sec"), None).unwrap();
    let public = read_public(&read("plain.pub")).unwrap();
    assert_eq!((key.format, key.is_encrypted), (KeyFormat::Signify, false));
    assert_eq!(public.format, KeyFormat::SignifyPublic);
    assert_eq!(public.key, *key.key.public_key());
    assert!(key.key_id.is_some() && key.key_id == public.key_id);

    // Without a terminal, the program takes the passphrase from its input.
    let Some(setsid) = program("setsid") else { return };
    let arguments = ["--wait", signify.to_str().unwrap(), "-G", "-p", "sealed.pub", "-s", "sealed.sec"];
    run_with_input(&setsid, folder.path(), &arguments, b"secret\nsecret\n");
    let sealed = read("sealed.sec");
    let format = KeyFormat::Signify;
    assert_eq!(read_private(&sealed, None).err(), Some(KeyFileError::NoPassphrase { format }));
    assert_eq!(read_private(&sealed, Some(b"Secret")).err(), Some(KeyFileError::WrongPassphrase { format }));
    let key = read_private(&sealed, Some(b"secret")).unwrap();
    assert_eq!(read_public(&read("sealed.pub")).unwrap().key, *key.key.public_key());
    assert!(key.is_encrypted);
}

#[test]
fn keys_of_imgtool() {
    let Some(imgtool) = program("imgtool") else { return };
    let folder = TempDir::new().unwrap();
    for (kind, expected) in [
        ("rsa-2048", KeyKind::Rsa { bits: 2048 }),
        ("ecdsa-p256", KeyKind::EcdsaP256),
        ("ecdsa-p384", KeyKind::EcdsaP384),
        ("ed25519", KeyKind::Ed25519),
    ] {
        run(&imgtool, folder.path(), &["keygen", "-k", "key.pem", "-t", kind]);
        let read = read_private(&std::fs::read(folder.path().join("key.pem")).unwrap(), None).unwrap();
        assert_eq!(read.key.public_key().kind(), expected);
        let public = run(&imgtool, folder.path(), &["getpub", "-k", "key.pem", "-e", "pem"]);
        assert_eq!(read_public(&public).unwrap().key, *read.key.public_key());
    }
}

#[test]
fn keys_written_here_are_read_by_the_programs() {
    let (Some(keygen), Some(openssl)) = (program("ssh-keygen"), Openssl::new()) else { return };
    let write = |name: &str, text: &str| std::fs::write(openssl.folder.path().join(name), text).unwrap();
    for kind in [KeyKind::Rsa { bits: 2048 }, KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519] {
        let key = PrivateKey::generate(kind).unwrap();
        let spki = key.public_key().to_spki_der();
        write("key.pem", &key.to_pem().unwrap());
        assert_eq!(openssl.public("key.pem"), spki, "{kind}");
        for function in [PassphraseFunction::Scrypt, PassphraseFunction::Pbkdf2] {
            write("sealed.pem", &key.to_encrypted_pem(b"secret", function).unwrap());
            assert_eq!(openssl.public("sealed.pem"), spki, "{kind} {function:?}");
        }
        write("key.pub.pem", &key.public_key().to_spki_pem());
        assert_eq!(openssl.run("pkey -pubin -in key.pub.pem -pubout -outform DER"), spki, "{kind}");
        write("key.pub", &key.public_key().to_openssh_line("ci@example"));
        let shown = String::from_utf8(run(&keygen, openssl.folder.path(), &["-l", "-f", "key.pub"])).unwrap();
        assert!(shown.contains(&key.public_key().openssh_fingerprint()), "{kind}: {shown}");
    }
}
