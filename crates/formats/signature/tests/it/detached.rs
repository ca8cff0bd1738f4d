//! Signatures beside files, of packages, and attestations.

mod attestation;
mod dsse;
mod fixtures;
mod minisign;
mod package;
mod raw;
mod recognise;
mod signify;
mod sshsig;
mod two_passes;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use base64ct::{Base64, Encoding as _};
use der::pem::LineEnding;
use der::{Document, SecretDocument};
use lw_signature::{KeyKind, PrivateKey, PublicKey, Signer as _};
use lw_testkit::shared_fixture;

/// A file of the third-party fixtures.
fn fixture(path: &str) -> Option<Vec<u8>> {
    shared_fixture(&format!("ota/{path}")).map(|path| fs::read(path).unwrap())
}

/// A public key of the fixtures in PEM.
fn fixture_key(name: &str) -> Option<PublicKey> {
    let pem = String::from_utf8(fixture(&format!("keys/{name}"))?).unwrap();
    let (_, document) = Document::from_pem(&pem).unwrap();
    Some(PublicKey::from_spki_der(document.as_bytes()).unwrap())
}

/// One private key of each kind, made once in a run.
fn key(kind: KeyKind) -> &'static PrivateKey {
    static KEYS: [OnceLock<PrivateKey>; 4] = [const { OnceLock::new() }; 4];
    let index = match kind {
        KeyKind::Rsa { .. } => 0,
        KeyKind::EcdsaP256 => 1,
        KeyKind::EcdsaP384 => 2,
        KeyKind::Ed25519 => 3,
    };
    KEYS[index].get_or_init(|| PrivateKey::generate(kind).unwrap())
}

const KINDS: [KeyKind; 4] =
    [KeyKind::Rsa { bits: 2048 }, KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519];

/// Gives the same bytes in each pass.
fn passes<'bytes>(bytes: &'bytes [u8]) -> impl FnMut() -> io::Result<&'bytes [u8]> {
    move || Ok(bytes)
}

/// Bytes with one bit changed, for each bit; and which byte it is.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(move |bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit / 8, flipped)
    })
}

fn run(folder: &Path, program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).current_dir(folder).args(arguments).output().unwrap()
}

/// Whether a program accepts, and what it says.
fn accepts(folder: &Path, program: &Path, arguments: &[&str]) -> (bool, String) {
    let output = run(folder, program, arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn must(folder: &Path, program: &Path, arguments: &[&str]) {
    let (accepted, text) = accepts(folder, program, arguments);
    assert!(accepted, "{} {arguments:?}: {text}", program.display());
}

/// A key as PEM files, private and public, for openssl.
fn pem_files(key: &PrivateKey, folder: &Path, name: &str) -> [PathBuf; 2] {
    let (private, public) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.pub.pem")));
    let secret: SecretDocument = key.to_pkcs8_der().unwrap();
    fs::write(&private, secret.to_pem("PRIVATE KEY", LineEnding::LF).unwrap().as_bytes()).unwrap();
    let spki = Document::try_from(key.public_key().to_spki_der()).unwrap();
    fs::write(&public, spki.to_pem("PUBLIC KEY", LineEnding::LF).unwrap()).unwrap();
    [private, public]
}

/// Key and key id of a public key file of minisign or signify.
fn commented_key(file: &[u8]) -> (PublicKey, lw_signature::minisign::KeyId) {
    let text = String::from_utf8(file.to_vec()).unwrap();
    let bytes = Base64::decode_vec(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(&bytes[..2], b"Ed");
    let id = lw_signature::minisign::KeyId(bytes[2..10].try_into().unwrap());
    (PublicKey::from_ed25519(&bytes[10..]).unwrap(), id)
}

/// The other way round.
fn commented_key_file(key: &PublicKey, id: lw_signature::minisign::KeyId) -> String {
    let bytes = [b"Ed", &id.0[..], &key.ed25519().unwrap()].concat();
    format!("untrusted comment: a public key\n{}\n", Base64::encode_string(&bytes))
}
