//! What a file that should be a signature is: so that one of another format is refused by its name.

use std::fmt;

use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding as _};
use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Header, Reader as _, SliceReader};

/// `id-signedData` of CMS with its tag and length, RFC 5652 section 5.1.
const SIGNED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// What a file is, as far as its form says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureFormat {
    /// No byte.
    Empty,
    /// Bytes without a form: what RSA, Ed25519 and cards give.
    Raw {
        /// How many.
        length: usize,
    },
    /// An ECDSA signature in DER.
    EcdsaDer,
    /// A `.minisig` of minisign.
    Minisign,
    /// A `.sig` of signify.
    Signify,
    /// A signature of signify with the signed file in it (`-e`).
    SignifyEmbedded,
    /// A gzip archive that signify has signed (`-z`).
    SignifyGzip,
    /// An armoured signature of SSH.
    SshSig,
    /// A signature of SSH without its armour.
    SshSigBlob,
    /// OpenPGP, armoured or not.
    Pgp,
    /// CMS or PKCS#7 in DER.
    CmsDer,
    /// CMS or PKCS#7 in PEM.
    CmsPem,
    /// CMS in a mail (S/MIME).
    Smime,
    /// A DSSE envelope: an attestation.
    Dsse,
    /// A Sigstore bundle.
    SigstoreBundle,
    /// A bundle of cosign before Sigstore's.
    CosignBundle,
    /// JSON Web Signature.
    Jws,
    /// The signature of an lw package, which stands in the package.
    LwPackage,
    /// An in-toto statement nobody has signed.
    Statement,
    /// JSON of another kind.
    Json,
    /// A page of a web server: a download that failed.
    Html,
    /// Digests of files, as `sha256sum` prints them.
    Checksums,
    /// A public key, with its format.
    PublicKey(&'static str),
    /// A private key. Nothing of it is kept or shown.
    PrivateKey,
    /// A certificate.
    Certificate,
    /// Another kind of PEM, with its label.
    Pem(String),
    /// Something else in Base64.
    Base64(Box<SignatureFormat>),
    /// Something else in hexadecimal.
    Hex(Box<SignatureFormat>),
    /// A gzip archive.
    Gzip,
    /// Text of no kind that is known.
    Text,
}

impl fmt::Display for SignatureFormat {
    /// As it ends the sentence "the signature is".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::Raw { length } => {
                let like = match length {
                    64 => ", as Ed25519 signatures and r and s of ECDSA P-256 have",
                    96 => ", as r and s of ECDSA P-384 have",
                    256 | 384 | 512 | 768 | 1024 => ", as RSA signatures have",
                    _ => "",
                };
                return write!(f, "{length} raw bytes{like}");
            }
            Self::EcdsaDer => "an ECDSA signature in DER",
            Self::Minisign => "one of minisign",
            Self::Signify => "one of signify",
            Self::SignifyEmbedded => "one of signify with the signed file in it (`signify -e`)",
            Self::SignifyGzip => "inside a gzip archive (`signify -z`)",
            Self::SshSig => "one of SSH (`ssh-keygen -Y sign`)",
            Self::SshSigBlob => "one of SSH without its armour",
            Self::Pgp => "one of OpenPGP (`gpg`)",
            Self::CmsDer => "CMS or PKCS#7 in DER",
            Self::CmsPem => "CMS or PKCS#7 in PEM",
            Self::Smime => "CMS in a mail (S/MIME)",
            Self::Dsse => "a DSSE envelope",
            Self::SigstoreBundle => "a Sigstore bundle",
            Self::CosignBundle => "a bundle of cosign",
            Self::Jws => "a JSON Web Signature",
            Self::LwPackage => "the signature of an lw package (manifest.sig)",
            Self::Statement => "an in-toto statement without any signature",
            Self::Json => "JSON of an unknown kind",
            Self::Html => "an HTML page",
            Self::Checksums => "a list of checksums",
            Self::PublicKey(format) => return write!(f, "a public key ({format})"),
            Self::PrivateKey => "a private key",
            Self::Certificate => "a certificate",
            Self::Pem(label) => return write!(f, "PEM with the label {label:?}"),
            Self::Base64(inside) => return write!(f, "Base64; decoded it is {inside}"),
            Self::Hex(inside) => return write!(f, "hexadecimal; decoded it is {inside}"),
            Self::Gzip => "a gzip archive",
            Self::Text => "text of an unknown kind",
        })
    }
}

impl SignatureFormat {
    /// What to do with it, where another format was expected.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "the step that signs has failed, or the download has: look there",
            Self::Raw { .. } | Self::EcdsaDer => {
                "give the signature file as it was made, and name the scheme it was made with, with --scheme"
            }
            Self::Minisign => "verify it with --scheme minisign and the public key of minisign",
            Self::Signify => "verify it with --scheme signify and the public key of signify",
            Self::SignifyEmbedded => "sign again without -e, so that file and signature are two files",
            Self::SignifyGzip => "verify it with `signify -V -z`, or sign again without -z",
            Self::SshSig => "verify it with --scheme sshsig and the public key of SSH",
            Self::SshSigBlob => "give the file as `ssh-keygen -Y sign` writes it",
            Self::Pgp => "verify it with `gpg --verify`, or sign with one of the schemes here",
            Self::CmsDer | Self::CmsPem | Self::Smime => {
                "verify it with `openssl cms -verify`, or sign with one of the schemes here"
            }
            Self::Dsse => "verify it with `lw sign verify-attestation`",
            Self::SigstoreBundle => {
                "verify it with `gh attestation verify` or `cosign verify-blob --bundle`: Sigstore is not supported here yet"
            }
            Self::CosignBundle => "verify it with `cosign verify-blob --bundle`",
            Self::Jws => "sign with one of the schemes here",
            Self::LwPackage => "verify the package itself: the signature stands in it",
            Self::Statement => "sign it with `lw sign attest`",
            Self::Html => "the download gave an error page: see what it says",
            Self::Checksums => "checksums prove nothing about who made a file: give its signature",
            Self::PublicKey(_) | Self::Certificate => {
                "this belongs to --key; give the signature with --signature"
            }
            Self::PrivateKey => {
                "a private key does not belong here: if this file is published anywhere, replace the key"
            }
            Self::Base64(_) => "decode it first: `base64 -d SIG > SIG.bin`",
            Self::Hex(_) => "decode it first: `xxd -r -p SIG > SIG.bin`",
            Self::Gzip => "unpack it first: `gunzip`",
            Self::Json | Self::Pem(_) | Self::Text => "give the signature file as it was made",
        }
    }
}

/// What a file is. Never fails: what nothing is known of is [`SignatureFormat::Raw`] or [`SignatureFormat::Text`].
#[must_use]
pub fn recognise(bytes: &[u8]) -> SignatureFormat {
    inside(bytes, true)
}

fn inside(bytes: &[u8], may_be_encoded: bool) -> SignatureFormat {
    match bytes {
        [] => return SignatureFormat::Empty,
        [0x1f, 0x8b, rest @ ..] => {
            let is_signify = rest.get(..4096.min(rest.len())).unwrap_or_default();
            return match find(is_signify, b"untrusted comment: ") {
                true => SignatureFormat::SignifyGzip,
                false => SignatureFormat::Gzip,
            };
        }
        [b'S', b'S', b'H', b'S', b'I', b'G', 0, ..] => return SignatureFormat::SshSigBlob,
        // Comments can be in any encoding.
        _ if bytes.starts_with(b"untrusted comment:") => return commented(&String::from_utf8_lossy(bytes)),
        _ => {}
    }
    if let Some(format) = der(bytes) {
        return format;
    }
    if let Some(text) = as_text(bytes) {
        return self::text(text, may_be_encoded);
    }
    if is_pgp(bytes) {
        return SignatureFormat::Pgp;
    }
    SignatureFormat::Raw { length: bytes.len() }
}

/// A text as people write it: no control characters but white space.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    is_text.then_some(text.trim_start_matches('\u{feff}'))
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// DER that is whole: an ECDSA signature, CMS, a key, a certificate.
fn der(bytes: &[u8]) -> Option<SignatureFormat> {
    let header = Header::peek(&SliceReader::new(bytes).ok()?).ok()?;
    if header.tag() != der::Tag::Sequence {
        return None;
    }
    let body_length = u32::from(header.length());
    let head = u32::from(header.encoded_len().ok()?);
    if usize::try_from(head.checked_add(body_length)?).ok()? != bytes.len() {
        return None;
    }
    let body = bytes.get(usize::try_from(head).ok()?..)?;
    if body.starts_with(&SIGNED_DATA) {
        return Some(SignatureFormat::CmsDer);
    }
    if two_numbers(body) {
        return Some(SignatureFormat::EcdsaDer);
    }
    if spki::SubjectPublicKeyInfoRef::from_der(bytes).is_ok() {
        return Some(SignatureFormat::PublicKey("SubjectPublicKeyInfo in DER"));
    }
    let is_private = pkcs8::PrivateKeyInfoRef::from_der(bytes).is_ok()
        || sec1::EcPrivateKey::from_der(bytes).is_ok()
        || pkcs1::RsaPrivateKeyRef::from_der(bytes).is_ok();
    is_private.then_some(SignatureFormat::PrivateKey)
}

fn two_numbers(body: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(body) else { return false };
    // The longest are those of P-521.
    let mut number = || UintRef::decode(&mut reader).is_ok_and(|number| number.as_bytes().len() <= 66);
    number() && number() && reader.is_finished()
}

/// A signature packet without armour: RFC 9580, sections 4.2 and 5.2.
fn is_pgp(bytes: &[u8]) -> bool {
    let version = match bytes {
        // The old form: tag 2 with one, two or four bytes of length; the new one with one or two.
        [0x88, _, version, ..] | [0x89, _, _, version, ..] | [0x8a, _, _, _, _, version, ..] => *version,
        [0xc2, 0..=191, version, ..] | [0xc2, 192..=223, _, version, ..] => *version,
        _ => return false,
    };
    let length = match bytes {
        [0x88, length, ..] => 2 + usize::from(*length),
        [0x89, high, low, ..] => 3 + usize::from(u16::from_be_bytes([*high, *low])),
        [0xc2, length @ 0..=191, ..] => 2 + usize::from(*length),
        [0xc2, high, low, ..] => 3 + ((usize::from(*high) - 192) << 8) + usize::from(*low) + 192,
        _ => bytes.len(),
    };
    (3..=6).contains(&version) && length <= bytes.len()
}

fn text(text: &str, may_be_encoded: bool) -> SignatureFormat {
    let text = text.trim();
    let lower = text.get(..text.len().min(64)).unwrap_or_default().to_ascii_lowercase();
    if text.is_empty() {
        return SignatureFormat::Empty;
    }
    if let Some(rest) = text.strip_prefix("-----BEGIN ") {
        return pem(rest.split("-----").next().unwrap_or_default());
    }
    if text.starts_with('{') {
        return json(text);
    }
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<?xml") {
        return SignatureFormat::Html;
    }
    if lower.starts_with("mime-version:") || lower.starts_with("content-type:") {
        return SignatureFormat::Smime;
    }
    if ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| text.starts_with(prefix)) {
        return SignatureFormat::PublicKey("OpenSSH");
    }
    if text.starts_with("eyJ") && is_compact_jws(text) {
        return SignatureFormat::Jws;
    }
    if text.lines().all(is_checksum) {
        return SignatureFormat::Checksums;
    }
    if may_be_encoded {
        let packed: String = text.split_ascii_whitespace().collect();
        let boxed = |bytes: Vec<u8>| Box::new(inside(&bytes, false));
        if packed.len() >= 64 && packed.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
            let digits: Vec<_> =
                packed.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
            let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit));
            return SignatureFormat::Hex(boxed(bytes.collect()));
        }
        if packed.len() >= 64
            && let Some(bytes) = decode_base64(&packed)
        {
            return SignatureFormat::Base64(boxed(bytes));
        }
    }
    SignatureFormat::Text
}

/// Base64 of either alphabet.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text)
        .or_else(|_| Base64Url::decode_vec(text))
        .or_else(|_| Base64UrlUnpadded::decode_vec(text))
        .ok()
}

fn is_compact_jws(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let is_part = |part: &&str| Base64UrlUnpadded::decode_vec(part).is_ok();
    parts.len() == 3 && parts.iter().all(is_part)
}

/// A line of `sha256sum` and its like: a digest, white space, a name.
fn is_checksum(line: &str) -> bool {
    let Some((digest, name)) = line.split_once([' ', '\t']) else { return false };
    matches!(digest.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !name.trim().is_empty()
}

/// What minisign and signify write: a comment, then Base64.
fn commented(text: &str) -> SignatureFormat {
    let mut lines = text.lines();
    let data = lines.nth(1).and_then(|line| Base64::decode_vec(line.trim_end()).ok());
    let after: Vec<_> = lines.collect();
    match data.as_deref() {
        Some(data) if data.len() == 74 => match after.first() {
            Some(line) if line.starts_with("trusted comment:") => SignatureFormat::Minisign,
            _ if data.starts_with(b"ED") => SignatureFormat::Minisign,
            Some(_) => SignatureFormat::SignifyEmbedded,
            None => SignatureFormat::Signify,
        },
        Some(data) if data.len() == 42 => SignatureFormat::PublicKey("minisign or signify"),
        Some(data) if matches!(data.len(), 104 | 158) => SignatureFormat::PrivateKey,
        _ => SignatureFormat::Text,
    }
}

fn pem(label: &str) -> SignatureFormat {
    match label {
        "SSH SIGNATURE" => SignatureFormat::SshSig,
        "PGP SIGNATURE" | "PGP SIGNED MESSAGE" | "PGP MESSAGE" => SignatureFormat::Pgp,
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => SignatureFormat::CmsPem,
        "PUBLIC KEY" | "RSA PUBLIC KEY" => SignatureFormat::PublicKey("PEM"),
        "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => SignatureFormat::Certificate,
        _ if label.contains("PRIVATE KEY") => SignatureFormat::PrivateKey,
        _ => SignatureFormat::Pem(label.chars().take(40).collect()),
    }
}

fn json(text: &str) -> SignatureFormat {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else {
        return SignatureFormat::Text;
    };
    let has = |name: &str| object.contains_key(name);
    let is = |name: &str, part: &str| {
        object.get(name).and_then(|value| value.as_str()).is_some_and(|value| value.contains(part))
    };
    if is("mediaType", "sigstore.bundle") || has("verificationMaterial") {
        SignatureFormat::SigstoreBundle
    } else if has("payloadType") && has("signatures") {
        SignatureFormat::Dsse
    } else if has("base64Signature") || has("rekorBundle") {
        SignatureFormat::CosignBundle
    } else if is("schema", "lw-signature/") {
        SignatureFormat::LwPackage
    } else if is("_type", "in-toto.io/Statement") {
        SignatureFormat::Statement
    } else if has("payload") && (has("signatures") || has("signature") || has("protected")) {
        SignatureFormat::Jws
    } else {
        SignatureFormat::Json
    }
}
