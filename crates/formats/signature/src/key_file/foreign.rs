//! What people give instead of a key, by name.

use std::borrow::Cow;

use super::error::{KeyFileError, Wanted};
use super::structure::Structure;
use super::text::Label;

fn other(found: impl Into<Cow<'static, str>>, wanted: Wanted, hint: &'static str) -> KeyFileError {
    KeyFileError::Other { found: found.into(), wanted, hint }
}

const FROM_PKCS12: &str = "take the key out of it: `openssl pkcs12 -in FILE -nocerts -out key.pem`, or with `-clcerts -nokeys` \
                           the certificate";
const FROM_JKS: &str = "convert it first: `keytool -importkeystore -srckeystore FILE -destkeystore key.p12 -deststoretype \
                        PKCS12`, then `openssl pkcs12 -in key.p12 -nocerts -out key.pem`";
const FROM_PUTTY: &str =
    "convert it: `puttygen KEY.ppk -O private-openssh -o key`, or with `-O public-openssh` the public key";
const NO_PGP: &str = "PGP keys neither sign nor verify here; make a key with `lw sign keys make`";
const NO_AGE: &str = "age keys encrypt and do not sign; make a key with `lw sign keys make`";
const IS_FILE: &str = "give the key itself";
const IS_SIGNATURE: &str = "give the key, and the signature with --signature";
const IS_PUBLIC: &str = "give the private key it belongs to";
const IS_PRIVATE: &str =
    "give the public key: verifying needs no private key, and a job that only verifies should have none";

/// A private key where a public one is wanted.
pub(super) fn is_private(wanted: Wanted) -> KeyFileError {
    other("a private key", wanted, IS_PRIVATE)
}

/// A public key where a private one is wanted.
pub(super) fn is_public(found: &'static str) -> KeyFileError {
    other(found, Wanted::Private, IS_PUBLIC)
}

/// A signature where a key is wanted.
pub(super) fn signature(wanted: Wanted) -> KeyFileError {
    other("a signature", wanted, IS_SIGNATURE)
}

/// Binary files known by their first bytes.
pub(super) fn binary(bytes: &[u8], wanted: Wanted) -> Option<KeyFileError> {
    /// Sources: the formats' specifications; `file`'s magic for PGP packets (RFC 4880, 4.2: tag 5 or 6, old or new form).
    const MAGIC: [(&[u8], &str, &str); 17] = [
        (b"\x7fELF", "an ELF file", IS_FILE),
        (b"\xfe\xed\xfe\xed", "a Java key store (JKS)", FROM_JKS),
        (b"\xce\xce\xce\xce", "a Java key store (JCEKS)", FROM_JKS),
        (b"\x1f\x8b", "a gzip file", IS_FILE),
        (b"PK\x03\x04", "a ZIP archive", IS_FILE),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file", IS_FILE),
        (b"\x89PNG", "an image (PNG)", IS_FILE),
        (b"%PDF", "a PDF file", IS_FILE),
        (b"MZ", "a Windows program", IS_FILE),
        (b"\xe9", "a firmware image of an ESP chip", IS_FILE),
        (b"\x3d\xb8\xf3\x96", "a firmware image of MCUboot", IS_FILE),
        (b"\x94", "a PGP key", NO_PGP),
        (b"\x95", "a PGP key", NO_PGP),
        (b"\x98", "a PGP key", NO_PGP),
        (b"\x99", "a PGP key", NO_PGP),
        (b"\xc5", "a PGP key", NO_PGP),
        (b"\xc6", "a PGP key", NO_PGP),
    ];
    MAGIC
        .iter()
        .find(|(magic, ..)| bytes.starts_with(magic))
        .map(|(_, found, hint)| other(*found, wanted, hint))
}

/// Texts known by how they start, or by what they are as a whole.
pub(super) fn text(text: &str, wanted: Wanted) -> Option<KeyFileError> {
    let lower: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    let is = |start: &str| lower.starts_with(start);
    let line = |found, hint| Some(other(found, wanted, hint));
    if text.bytes().all(|byte| byte == b'*') {
        return line(
            "the `***` a CI prints in the place of a secret",
            "give the secret itself: what a log shows is not what it holds",
        );
    }
    if is("${{") || (is("$") && !text.contains(char::is_whitespace) && text.len() < 200) {
        return line(
            "the name of a variable, which nothing has replaced by its value",
            "let the workflow put the secret into the environment (`env:`) and name the variable with `env:NAME`",
        );
    }
    if is("404: not found")
        || is("not found")
        || is("403: forbidden")
        || is("unauthorized")
        || is("access denied")
    {
        return line(
            "an error message of a web server",
            "the download has failed: see to its address and its token",
        );
    }
    if is("<!doctype") || is("<html") || is("<?xml") || is("<head") {
        return line(
            "a web page",
            "the download has failed: take the file itself, not the page that shows it",
        );
    }
    if is("version https://git-lfs") {
        return line(
            "a Git LFS pointer",
            "fetch the file it stands for: `git lfs pull`, or `lfs: true` of actions/checkout",
        );
    }
    if is("putty-user-key-file") {
        return line("a PuTTY key", FROM_PUTTY);
    }
    if is("---- begin ssh2 public key") {
        return line("a public key in the format of RFC 4716", "convert it: `ssh-keygen -i -f KEY`");
    }
    if is("age-secret-key-")
        || is("# created:") && lower.contains("age1")
        || is("age1")
        || is("age-encryption.org")
    {
        return line("an age key", NO_AGE);
    }
    if is("-----begin ssh signature") {
        return line("an SSH signature", IS_SIGNATURE);
    }
    if is("{") || is("[{") {
        let found = if text.contains("\"kty\"") { "a JSON Web Key" } else { "JSON" };
        return line(found, "give the key as PEM; a key that a cloud holds signs with `exec:`");
    }
    if is("#!") {
        return line("a script", IS_FILE);
    }
    if is("arn:aws:kms")
        || is("awskms:")
        || is("gcpkms:")
        || is("azurekms:")
        || is("hashivault:")
        || is("projects/")
    {
        return line("the name of a key that a cloud holds", "sign with `exec:` and the cloud's own program");
    }
    if is("pkcs11:") {
        return line("the name of a key that a token holds", "sign with `exec:` and `pkcs11-tool`");
    }
    // The frame is there, but its dashes are not: `----BEGIN`, or the long dashes of a word processor.
    if text.contains("BEGIN ") && (text.contains(" KEY") || text.contains("CERTIFICATE")) {
        return Some(KeyFileError::Text {
            line: 1 + text.split("BEGIN ").next().unwrap_or_default().matches('\n').count(),
            reason: "the first line of the PEM block is damaged; expected five dashes before `BEGIN` and at its end, as in \
                     `-----BEGIN PRIVATE KEY-----`"
                .into(),
        });
    }
    if looks_like_path(text) {
        return line("the path of a file", "give what the file holds, or the path where a file is asked for");
    }
    None
}

/// One word that ends as files of keys do, or starts as a path.
fn looks_like_path(text: &str) -> bool {
    const ENDS: [&str; 10] = [".pem", ".key", ".der", ".pub", ".crt", ".cer", ".p8", ".p12", ".pfx", ".asc"];
    let is_word = text.len() < 4096 && !text.contains(char::is_whitespace);
    let lower = text.to_ascii_lowercase();
    let starts = text.starts_with("./") || text.starts_with("~/") || text.starts_with("../");
    is_word && (starts || ENDS.iter().any(|end| lower.ends_with(end)))
}

/// Blocks of PEM that are no key of the wanted kind.
pub(super) fn block(label: Option<Label>, line: usize, wanted: Wanted) -> KeyFileError {
    let Some(label) = label else {
        let reason = format!("a PEM block with an unknown label begins here; expected {wanted}");
        return KeyFileError::Text { line, reason };
    };
    let say = |found: &'static str, hint| other(format!("{found} (line {line})"), wanted, hint);
    match label {
        Label::Pkcs8 | Label::EncryptedPkcs8 | Label::Pkcs1 | Label::Sec1 | Label::OpenSsh => {
            say("a private key", IS_PRIVATE)
        }
        Label::Dsa | Label::DsaParameters => say(
            "a DSA key",
            "use another key, such as one of `lw sign keys make --kind ecdsa-p256`: nothing verifies DSA any more",
        ),
        Label::Spki | Label::Pkcs1Public => say("a public key", IS_PUBLIC),
        Label::Certificate | Label::TrustedCertificate if wanted == Wanted::Private => {
            say("a certificate", "give the private key that belongs to it")
        }
        Label::Certificate | Label::TrustedCertificate => say(
            "a certificate with trust settings of openssl",
            "convert it: `openssl x509 -in FILE -out certificate.pem`",
        ),
        Label::Request => {
            say("a certificate request (CSR)", "give the certificate made from it, or the key it was made of")
        }
        Label::EcParameters => say("the parameters of a curve, without a key", "give the key made with them"),
        Label::DhParameters => say("parameters of Diffie-Hellman", IS_FILE),
        Label::RevocationList => say("a list of revoked certificates (CRL)", IS_FILE),
        Label::Pkcs7 => {
            say("PKCS#7", "take the certificates out of it: `openssl pkcs7 -in FILE -print_certs`")
        }
        Label::Cms => say("a CMS message", IS_FILE),
        Label::PgpPrivate | Label::PgpPublic => say("a PGP key", NO_PGP),
        Label::PgpMessage | Label::PgpSigned => say("a PGP message", NO_PGP),
        Label::PgpSignature => say("a PGP signature", NO_PGP),
        Label::Cosign | Label::Sigstore => say(
            "a key of cosign",
            "import the key it was made of; cosign encrypts keys in a way that only cosign reads",
        ),
        Label::Tpm => {
            say("a key that only its TPM can use", "sign with `exec:` and a program that asks the TPM")
        }
        Label::SshSignature => say("an SSH signature", IS_SIGNATURE),
        Label::Age => say("a file encrypted with age", NO_AGE),
        Label::SshPublic => {
            say("a public key in the format of RFC 4716", "convert it: `ssh-keygen -i -f KEY`")
        }
    }
}

/// DER that is no key of the wanted kind.
pub(super) fn structure(structure: Structure, wanted: Wanted) -> KeyFileError {
    let say = |found: &'static str, hint| other(found, wanted, hint);
    match structure {
        Structure::Pkcs8 | Structure::EncryptedPkcs8 | Structure::Pkcs1 | Structure::Sec1 => {
            is_private(wanted)
        }
        Structure::Dsa => block_dsa(wanted),
        Structure::Spki | Structure::Pkcs1Public => say("a public key", IS_PUBLIC),
        Structure::Certificate => say("a certificate", "give the private key that belongs to it"),
        Structure::Request => {
            say("a certificate request (CSR)", "give the certificate made from it, or the key it was made of")
        }
        Structure::Pkcs12 => say("a PKCS#12 file (.p12, .pfx)", FROM_PKCS12),
        Structure::Cms => say("a CMS or PKCS#7 message", IS_FILE),
        Structure::EcdsaSignature => say("an ECDSA signature", IS_SIGNATURE),
        Structure::Other => say("DER of something that is no key", IS_FILE),
    }
}

fn block_dsa(wanted: Wanted) -> KeyFileError {
    other(
        "a DSA key",
        wanted,
        "use another key, such as one of `lw sign keys make --kind ecdsa-p256`: nothing verifies DSA any more",
    )
}
