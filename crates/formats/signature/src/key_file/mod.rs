//! Files of keys: whatever a person, a program or a secret of a CI holds, read into [`PrivateKey`] and [`PublicKey`].
//!
//! What is read, and where it is described:
//!
//! | private | public |
//! |---|---|
//! | PKCS#8 (RFC 5958), also encrypted (PBES2, RFC 8018) | `SubjectPublicKeyInfo` (RFC 5280) |
//! | PKCS#1 (RFC 8017) | PKCS#1 |
//! | SEC 1 (RFC 5915), `EC PARAMETERS` before it or not | X.509 certificates (RFC 5280), of a chain the first |
//! | `openssh-key-v1` (OpenSSH's PROTOCOL.key), also encrypted | lines of OpenSSH, `allowed_signers` |
//! | minisign, signify, also encrypted | minisign, signify |
//!
//! The first three as PEM or DER; all of them also in base64, with other line breaks or, as PEM, with none.

mod certificate;
mod error;
mod foreign;
mod openssh;
mod pbes2;
mod signify;
mod structure;
mod text;
mod write;

use std::fmt;

use zeroize::Zeroizing;

pub use certificate::{Certificate, CertificateError};
pub use error::{KeyFileError, Wanted};
pub use openssh::SignerLimits;
pub(crate) use openssh::{public_blob, public_from_blob};
pub use write::{PassphraseFunction, key_id_text};

use crate::error::KeyError;
use crate::key::{PrivateKey, PublicKey};
use structure::Structure;
use text::{Block, Label};

/// The most a file of keys may have; a chain of certificates has a few KiB.
const MAX_BYTES: usize = 1 << 20;
/// How often base64 may be wrapped in base64.
const MAX_DEPTH: usize = 2;

/// The format a key was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFormat {
    /// `PRIVATE KEY`.
    Pkcs8,
    /// `ENCRYPTED PRIVATE KEY`.
    EncryptedPkcs8,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
    /// `EC PRIVATE KEY`.
    Sec1,
    /// `OPENSSH PRIVATE KEY`.
    OpenSsh,
    /// A private key of minisign.
    Minisign,
    /// A private key of signify.
    Signify,
    /// `PUBLIC KEY`.
    Spki,
    /// `RSA PUBLIC KEY`.
    Pkcs1Public,
    /// `CERTIFICATE`.
    Certificate,
    /// A line of OpenSSH: `ssh-ed25519 AAAA…`.
    OpenSshPublic,
    /// A public key of minisign.
    MinisignPublic,
    /// A public key of signify.
    SignifyPublic,
}

impl KeyFormat {
    /// What it is called in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pkcs8 => "private key (PKCS#8)",
            Self::EncryptedPkcs8 => "encrypted private key (PKCS#8)",
            Self::Pkcs1 => "RSA private key (PKCS#1)",
            Self::Sec1 => "EC private key (SEC 1)",
            Self::OpenSsh => "OpenSSH private key",
            Self::Minisign => "minisign private key",
            Self::Signify => "signify private key",
            Self::Spki => "public key (SubjectPublicKeyInfo)",
            Self::Pkcs1Public => "RSA public key (PKCS#1)",
            Self::Certificate => "certificate (X.509)",
            Self::OpenSshPublic => "OpenSSH public key",
            Self::MinisignPublic => "minisign public key",
            Self::SignifyPublic => "signify public key",
        }
    }
}

impl fmt::Display for KeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A private key, and what its file says about it.
#[derive(Debug)]
pub struct PrivateKeyFile {
    /// The key.
    pub key: PrivateKey,
    /// The format it is in.
    pub format: KeyFormat,
    /// The comment of an OpenSSH, minisign or signify key.
    pub comment: Option<String>,
    /// The id of a minisign or signify key, which their signatures name.
    pub key_id: Option<[u8; 8]>,
    /// Whether a passphrase was needed. One that was given for a key that needs none is not used.
    pub is_encrypted: bool,
}

/// A public key, and what its file says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyFile {
    /// The key.
    pub key: PublicKey,
    /// The format it is in.
    pub format: KeyFormat,
    /// The comment of an OpenSSH, minisign or signify key.
    pub comment: Option<String>,
    /// The id of a minisign or signify key, which their signatures name.
    pub key_id: Option<[u8; 8]>,
    /// The certificate the key is from.
    pub certificate: Option<Certificate>,
    /// What a line of `allowed_signers` restricts the key to.
    pub limits: SignerLimits,
}

impl PublicKeyFile {
    fn new(key: PublicKey, format: KeyFormat) -> Self {
        let limits = SignerLimits::default();
        Self { key, format, comment: None, key_id: None, certificate: None, limits }
    }
}

/// Reads a private key from a file of any format.
///
/// # Errors
/// When there is no key in it, or not one, it is encrypted and the passphrase is missing or another one, or the key is of a
/// kind that is not supported.
pub fn read_private(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
    let wanted = Wanted::Private;
    open(bytes, wanted, 0, &mut |content| match content {
        Content::Der(der, structure) => private_der(der, structure, passphrase),
        Content::OpenSsh(bytes) => openssh::read_private(bytes, passphrase),
        Content::Pem(blocks) => {
            let is_private = |block: &&Block<'_>| block.label.is_some_and(is_private_label);
            let count = blocks.iter().filter(is_private).count();
            if count > 1 {
                return Err(KeyFileError::Several { count, wanted });
            }
            match blocks.iter().find(is_private) {
                Some(block) => private_block(block, passphrase),
                None => Err(no_key(&blocks, wanted)),
            }
        }
        Content::Signify(raw) => match raw.content()? {
            signify::Content::Private => raw.private(passphrase),
            signify::Content::Public => Err(foreign::is_public("a public key")),
            signify::Content::Signature => Err(foreign::signature(wanted)),
        },
        Content::SshLines(_) => Err(foreign::is_public("a public key of OpenSSH")),
    })
}

/// Reads the public key from a file of any format: the only one in it, or of certificates the first.
///
/// # Errors
/// When there is no key in it or several, it holds a private key, or the key is of a kind that is not supported.
pub fn read_public(bytes: &[u8]) -> Result<PublicKeyFile, KeyFileError> {
    let mut keys = read_public_keys(bytes)?;
    let is_chain = keys.iter().all(|key| key.certificate.is_some());
    if keys.len() > 1 && !is_chain {
        return Err(KeyFileError::Several { count: keys.len(), wanted: Wanted::Public });
    }
    keys.truncate(1);
    keys.pop().ok_or(KeyFileError::Empty { wanted: Wanted::Public })
}

/// Reads all public keys from a file of any format, in the order they are in.
///
/// # Errors
/// As [`read_public`], but for several keys.
pub fn read_public_keys(bytes: &[u8]) -> Result<Vec<PublicKeyFile>, KeyFileError> {
    let wanted = Wanted::Public;
    open(bytes, wanted, 0, &mut |content| match content {
        Content::Der(der, structure) => Ok(vec![public_der(der, structure)?]),
        Content::OpenSsh(_) => Err(foreign::is_private(wanted)),
        Content::Pem(blocks) => {
            let private = blocks.iter().find(|block| block.label.is_some_and(is_private_label));
            if let Some(block) = private {
                return Err(foreign::block(block.label, block.line, wanted));
            }
            let keys: Vec<_> = blocks
                .iter()
                .filter(|block| block.label.is_some_and(is_public_label))
                .map(public_block)
                .collect::<Result<_, _>>()?;
            if keys.is_empty() { Err(no_key(&blocks, wanted)) } else { Ok(keys) }
        }
        Content::Signify(raw) => match raw.content()? {
            signify::Content::Public => {
                let (key, format, id) = raw.public()?;
                let comment = raw.comment;
                Ok(vec![PublicKeyFile { comment, key_id: Some(id), ..PublicKeyFile::new(key, format) }])
            }
            signify::Content::Private => Err(foreign::is_private(wanted)),
            signify::Content::Signature => Err(foreign::signature(wanted)),
        },
        Content::SshLines(text) => {
            let lines = openssh::read_lines(text)?;
            // Every line is a comment, also the one that has a key in it.
            if lines.is_empty() {
                return Err(KeyFileError::Empty { wanted });
            }
            Ok(lines
                .into_iter()
                .map(|line| PublicKeyFile {
                    comment: line.comment,
                    limits: line.limits,
                    ..PublicKeyFile::new(line.key, KeyFormat::OpenSshPublic)
                })
                .collect())
        }
    })
}

/// What a file is made of, once wrappings are taken off.
enum Content<'a> {
    Der(&'a [u8], Structure),
    /// The binary form of OpenSSH's private keys.
    OpenSsh(&'a [u8]),
    Pem(Vec<Block<'a>>),
    Signify(signify::Raw),
    SshLines(&'a str),
}

/// Takes wrappings off and hands on what is in them; what is decoded on the way is wiped afterwards.
fn open<T>(
    bytes: &[u8],
    wanted: Wanted,
    depth: usize,
    read: &mut dyn FnMut(Content<'_>) -> Result<T, KeyFileError>,
) -> Result<T, KeyFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(KeyFileError::TooLong { length: bytes.len(), max: MAX_BYTES, wanted });
    }
    if openssh::is_private(bytes) {
        return read(Content::OpenSsh(bytes));
    }
    // What Windows PowerShell writes with `>`.
    if let Some(utf16) = utf16(bytes) {
        return open(&utf16, wanted, depth, read);
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(is_binary)) else {
        return match structure::structure(bytes)? {
            Some(structure) => read(Content::Der(bytes, structure)),
            None if signify::is_bare(bytes) => read(Content::Signify(signify::Raw::bare(bytes))),
            None => {
                Err(foreign::binary(bytes, wanted).unwrap_or_else(|| unknown(bytes, "binary data", wanted)))
            }
        };
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = unquoted(text).trim();
    if text.is_empty() {
        return Err(KeyFileError::Empty { wanted });
    }
    if text.contains("-----BEGIN ") {
        return read(Content::Pem(text::blocks(text)?));
    }
    if !text.contains('\n') && text.contains("\\n") {
        // Line breaks that were written out on the way: of formats that need them.
        let lines = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
        return open(lines.as_bytes(), wanted, depth, read);
    }
    if signify::is_file(text) {
        return read(Content::Signify(signify::read(text, wanted)?));
    }
    if let Some(error) = foreign::text(text, wanted) {
        return Err(error);
    }
    if openssh::is_lines(text) {
        return read(Content::SshLines(text));
    }
    if text.contains("-----END ") {
        // Says where.
        text::blocks(text)?;
    }
    if is_base64(text) {
        let decoded = text::decode_body(text, 1)?;
        if depth < MAX_DEPTH {
            return open(&decoded, wanted, depth + 1, read);
        }
    }
    Err(unknown(bytes, "text", wanted))
}

/// The text of UTF-16, as bytes of UTF-8, when a byte order mark says that it is that.
fn utf16(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (rest, is_little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] if rest.first() == Some(&0) => (rest, false),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let units = pairs
        .iter()
        .map(|pair| if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    // Three bytes of UTF-8 for one unit at most.
    let mut text = Zeroizing::new(Vec::with_capacity(pairs.len() * 3));
    for character in char::decode_utf16(units) {
        text.extend(character.ok()?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(text)
}

/// Characters no text of keys has.
fn is_binary(character: char) -> bool {
    character.is_control() && !character.is_whitespace()
}

/// A text without the quotes around it, which a shell or a YAML file has left.
fn unquoted(text: &str) -> &str {
    ['"', '\'', '`'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

fn is_base64(text: &str) -> bool {
    let is_character =
        |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) || byte.is_ascii_whitespace();
    text.len() >= 16 && text.bytes().all(is_character)
}

fn unknown(bytes: &[u8], kind: &str, wanted: Wanted) -> KeyFileError {
    KeyFileError::Unknown { what: format!("{} bytes of {kind}", bytes.len()), wanted }
}

fn is_private_label(label: Label) -> bool {
    matches!(label, Label::Pkcs8 | Label::EncryptedPkcs8 | Label::Pkcs1 | Label::Sec1 | Label::OpenSsh)
}

fn is_public_label(label: Label) -> bool {
    matches!(label, Label::Spki | Label::Pkcs1Public | Label::Certificate)
}

/// Names what a PEM file holds in the place of a key.
fn no_key(blocks: &[Block<'_>], wanted: Wanted) -> KeyFileError {
    let first =
        blocks.iter().find(|block| !matches!(block.label, Some(Label::EcParameters))).or(blocks.first());
    first.map_or(KeyFileError::Empty { wanted }, |block| foreign::block(block.label, block.line, wanted))
}

fn private_block(block: &Block<'_>, passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
    let Some(label) = block.label else { return Err(foreign::block(None, block.line, Wanted::Private)) };
    if block.is_legacy_encrypted() {
        let format = match label {
            Label::Pkcs1 => KeyFormat::Pkcs1,
            Label::Sec1 => KeyFormat::Sec1,
            _ => KeyFormat::Pkcs8,
        };
        return Err(KeyFileError::Encryption {
            format,
            found: "the old way of PEM (`Proc-Type: 4,ENCRYPTED`), whose key is one MD5 of the passphrase"
                .into(),
            hint: "encrypt it anew: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW`",
        });
    }
    let der = block.decode()?;
    if label == Label::OpenSsh {
        return openssh::read_private(&der, passphrase);
    }
    let structure = structure_of(&der, block)?;
    let expected = match label {
        Label::EncryptedPkcs8 => Structure::EncryptedPkcs8,
        Label::Pkcs1 => Structure::Pkcs1,
        Label::Sec1 => Structure::Sec1,
        _ => Structure::Pkcs8,
    };
    held_to_label(block, structure, expected)?;
    private_der(&der, structure, passphrase)
}

fn public_block(block: &Block<'_>) -> Result<PublicKeyFile, KeyFileError> {
    let der = block.decode()?;
    let structure = structure_of(&der, block)?;
    let expected = match block.label {
        Some(Label::Pkcs1Public) => Structure::Pkcs1Public,
        Some(Label::Certificate) => Structure::Certificate,
        _ => Structure::Spki,
    };
    held_to_label(block, structure, expected)?;
    public_der(&der, structure)
}

/// What the DER of a block is; an error names the line of the block.
fn structure_of(der: &[u8], block: &Block<'_>) -> Result<Structure, KeyFileError> {
    let fault = |reason| KeyFileError::Text { line: block.line, reason };
    match structure::structure(der) {
        Ok(Some(structure)) => Ok(structure),
        Ok(None) => Err(fault("the PEM block that begins here holds no DER".into())),
        Err(KeyFileError::Malformed { reason, .. }) => {
            Err(fault(format!("the PEM block that begins here is damaged: {reason}")))
        }
        Err(error) => Err(error),
    }
}

fn held_to_label(block: &Block<'_>, found: Structure, expected: Structure) -> Result<(), KeyFileError> {
    // What has no name is left to the parser of what it should be, which says what is wrong with it.
    if found == expected || found == Structure::Other {
        return Ok(());
    }
    let label = block.label.map_or("", Label::name);
    let reason = match found.label() {
        Some(right) => format!("the label of the PEM block is `{label}`, but what it holds is `{right}`"),
        None => format!("the label of the PEM block is `{label}`, but it holds something else"),
    };
    Err(KeyFileError::Text { line: block.line, reason })
}

fn private_der(
    der: &[u8],
    structure: Structure,
    passphrase: Option<&[u8]>,
) -> Result<PrivateKeyFile, KeyFileError> {
    let of = |format, key: Result<PrivateKey, KeyError>| {
        let key = key.map_err(|source| KeyFileError::Key { format, source })?;
        Ok(PrivateKeyFile { key, format, comment: None, key_id: None, is_encrypted: false })
    };
    match structure {
        Structure::EncryptedPkcs8 => {
            let format = KeyFormat::EncryptedPkcs8;
            let passphrase = passphrase.ok_or(KeyFileError::NoPassphrase { format })?;
            let plain = pbes2::decrypt(der, passphrase)?;
            let file: PrivateKeyFile = of(format, PrivateKey::from_pkcs8_der(&plain))?;
            Ok(PrivateKeyFile { is_encrypted: true, ..file })
        }
        Structure::Pkcs8 => of(KeyFormat::Pkcs8, PrivateKey::from_pkcs8_der(der)),
        Structure::Pkcs1 => of(KeyFormat::Pkcs1, PrivateKey::from_pkcs1_der(der)),
        Structure::Sec1 => of(KeyFormat::Sec1, PrivateKey::from_sec1_der(der)),
        other => Err(foreign::structure(other, Wanted::Private)),
    }
}

fn public_der(der: &[u8], structure: Structure) -> Result<PublicKeyFile, KeyFileError> {
    let of = |format, key: Result<PublicKey, KeyError>| {
        let key = key.map_err(|source| KeyFileError::Key { format, source })?;
        Ok(PublicKeyFile::new(key, format))
    };
    match structure {
        Structure::Spki => of(KeyFormat::Spki, PublicKey::from_spki_der(der)),
        Structure::Pkcs1Public => of(KeyFormat::Pkcs1Public, PublicKey::from_pkcs1_der(der)),
        Structure::Certificate => {
            let certificate = Certificate::from_der(der)?;
            let file = PublicKeyFile::new(certificate.key().clone(), KeyFormat::Certificate);
            Ok(PublicKeyFile { certificate: Some(certificate), ..file })
        }
        other => Err(foreign::structure(other, Wanted::Public)),
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
