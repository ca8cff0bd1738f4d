//! Signatures of SSH, as `ssh-keygen -Y sign` makes them
//! ([PROTOCOL.sshsig](https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig)).
//!
//! A file is hashed once, and what is signed is a short text with that hash, a namespace (what the signature is for) and the
//! word `SSHSIG`. So a digest is enough to sign, and no signature is one for another purpose.

use base64ct::{Base64, Encoding as _};
use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

use crate::algorithm::Algorithm;
use crate::error::{FormError, KeyError, SignError, VerifyError};
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};
use crate::key_file::{KeyFileError, public_blob, public_from_blob};
use crate::recognise::{SignatureFormat, recognise};
use crate::signer::{Signer, sign_digest, sign_message};

/// The namespace signatures of files are for unless another one is named.
pub const NAMESPACE: &str = "lw-ota";

/// What the file is hashed with unless something else is said, as `ssh-keygen` does.
pub const HASH: Hash = Hash::Sha512;

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const WHAT: &str = "the SSH signature";

/// The width OpenSSH writes its Base64 in.
const WIDTH: usize = 70;

/// The longest armour that is read: one of RSA with 8192 bits has 3 KiB.
const MAX_ARMOUR: usize = 16 << 10;

/// A signature of SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    namespace: String,
    hash: Hash,
    algorithm: Algorithm,
    /// In the form [`PublicKey::verify_digest`] and [`PublicKey::verify_message`] take.
    signature: Vec<u8>,
}

/// ECDSA in DER.
#[derive(Sequence)]
struct TwoNumbers<'der> {
    r: UintRef<'der>,
    s: UintRef<'der>,
}

impl Signature {
    /// Reads an armoured signature.
    ///
    /// # Errors
    /// When it is something else or malformed, and where; when it is of a kind that is not supported: `ssh-rsa` with its
    /// SHA-1, keys on a FIDO token, certificates.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        match recognise(bytes) {
            SignatureFormat::SshSig => Self::from_blob(&dearmour(bytes)?),
            found => Err(FormError::Other { found, expected: "one of SSH" }),
        }
    }

    fn from_blob(blob: &[u8]) -> Result<Self, FormError> {
        let mut reader = Reader { rest: blob, position: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(malformed(0, "it does not begin with SSHSIG"));
        }
        let version = reader.number()?;
        if version != VERSION {
            return Err(malformed(6, format!("its version is {version}; expected {VERSION}")));
        }
        let at = reader.position;
        let key = public_key(reader.string()?).map_err(|problem| malformed(at, problem))?;
        let at = reader.position;
        let namespace = std::str::from_utf8(reader.string()?)
            .map_err(|_| malformed(at, "its namespace is no text"))?
            .to_owned();
        if namespace.is_empty() {
            return Err(malformed(at, "its namespace is empty"));
        }
        // Reserved, and empty: what is compared below has nothing there.
        reader.string()?;
        let at = reader.position;
        let hash = match reader.string()? {
            b"sha512" => Hash::Sha512,
            b"sha256" => Hash::Sha256,
            other => {
                let other = other.escape_ascii();
                return Err(malformed(
                    at,
                    format!("its hash is \"{other}\"; expected \"sha512\" or \"sha256\""),
                ));
            }
        };
        let at = reader.position;
        let inner = reader.string()?;
        let (algorithm, signature) = signature(&key, inner).map_err(|problem| malformed(at, problem))?;
        if !reader.rest.is_empty() {
            return Err(malformed(reader.position, "data follows the signature"));
        }
        let read = Self { key, namespace, hash, algorithm, signature };
        let written = read.to_blob();
        if written != blob {
            let at = written.iter().zip(blob).take_while(|(ours, theirs)| ours == theirs).count();
            return Err(malformed(at, "this is not the form SSH writes it in"));
        }
        Ok(read)
    }

    fn to_blob(&self) -> Vec<u8> {
        let mut blob = [MAGIC, &VERSION.to_be_bytes()].concat();
        put(&mut blob, &public_key_blob(&self.key));
        put(&mut blob, self.namespace.as_bytes());
        put(&mut blob, b"");
        put(&mut blob, hash_name(self.hash));
        let mut inner = Vec::new();
        put(&mut inner, algorithm_name(self.algorithm).as_bytes());
        match TwoNumbers::from_der(&self.signature) {
            Ok(TwoNumbers { r, s })
                if matches!(self.algorithm, Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384) =>
            {
                let mut numbers = Vec::new();
                put_number(&mut numbers, r.as_bytes());
                put_number(&mut numbers, s.as_bytes());
                put(&mut inner, &numbers);
            }
            _ => put(&mut inner, &self.signature),
        }
        put(&mut blob, &inner);
        blob
    }

    /// The armoured file, as `ssh-keygen` writes it.
    #[must_use]
    pub fn to_armour(&self) -> String {
        let packed = Base64::encode_string(&self.to_blob());
        let mut armour = format!("{BEGIN}\n");
        let mut rest = packed.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(WIDTH));
            armour.push_str(line);
            armour.push('\n');
            rest = after;
        }
        armour + END + "\n"
    }

    /// The key that stands in it. It means nothing until it is compared with a trusted one.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// What it is for.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What the file has to be hashed with to [`verify`](Self::verify) it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Verifies it over the digest of a file, with the trusted key and for a namespace.
    ///
    /// # Errors
    /// When it does not hold with the key in it ([`VerifyError::Mismatch`]), when it does and that is another key than the
    /// trusted one ([`VerifyError::Untrusted`]), and when it is for something else.
    pub fn verify(&self, key: &PublicKey, namespace: &str, digest: &Digest) -> Result<(), VerifyError> {
        if digest.hash() != self.hash {
            return Err(VerifyError::Digest { algorithm: self.algorithm, given: digest.hash() });
        }
        let signed = signed(&self.namespace, digest);
        match self.algorithm.hash() {
            Some(hash) => self.key.verify_digest(self.algorithm, &hash.of(&signed), &self.signature)?,
            None => self.key.verify_message(&signed, &self.signature)?,
        }
        if self.key != *key {
            let name = |key: &PublicKey| format!("{} {}", key.kind(), fingerprint(key));
            return Err(VerifyError::Untrusted { signer: name(&self.key), wanted: name(key) });
        }
        if self.namespace != namespace {
            let (found, expected) = (self.namespace.clone(), namespace.to_owned());
            return Err(VerifyError::Namespace { found, expected });
        }
        Ok(())
    }
}

/// Signs the digest of a file: [`HASH`] of it, or SHA-256.
///
/// # Errors
/// When the namespace is empty or no plain text, the digest is of another hash function, and as [`sign_digest`].
pub fn sign(signer: &dyn Signer, namespace: &str, digest: &Digest) -> Result<Signature, SignError> {
    if namespace.is_empty() || !namespace.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = "it is empty, or has other characters than those of ASCII without spaces";
        return Err(SignError::Text { what: "the namespace", text: namespace.to_owned(), problem });
    }
    let key = signer.public_key().clone();
    let algorithm = match key.kind() {
        KeyKind::Rsa { .. } => Algorithm::RsaPkcs1v15Sha512,
        KeyKind::EcdsaP256 => Algorithm::EcdsaSha256,
        KeyKind::EcdsaP384 => Algorithm::EcdsaSha384,
        KeyKind::Ed25519 => Algorithm::Ed25519,
    };
    if !matches!(digest.hash(), Hash::Sha512 | Hash::Sha256) {
        return Err(SignError::Digest { algorithm, given: digest.hash() });
    }
    let signed = signed(namespace, digest);
    let signature = match algorithm.hash() {
        Some(hash) => sign_digest(signer, algorithm, &hash.of(&signed))?,
        None => sign_message(signer, &signed)?.to_vec(),
    };
    Ok(Signature { key, namespace: namespace.to_owned(), hash: digest.hash(), algorithm, signature })
}

/// SHA-256 of a key in SSH's form, as `ssh-keygen -l` prints it.
#[must_use]
pub fn fingerprint(key: &PublicKey) -> String {
    let digest = Hash::Sha256.of(&public_key_blob(key));
    format!("SHA256:{}", base64ct::Base64Unpadded::encode_string(digest.as_bytes()))
}

/// What is signed: PROTOCOL.sshsig, section 3.
fn signed(namespace: &str, digest: &Digest) -> Vec<u8> {
    let mut signed = MAGIC.to_vec();
    put(&mut signed, namespace.as_bytes());
    put(&mut signed, b"");
    put(&mut signed, hash_name(digest.hash()));
    put(&mut signed, digest.as_bytes());
    signed
}

fn hash_name(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Sha256 => b"sha256",
        _ => b"sha512",
    }
}

fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 => "ssh-ed25519",
        Algorithm::EcdsaSha256 => "ecdsa-sha2-nistp256",
        Algorithm::EcdsaSha384 => "ecdsa-sha2-nistp384",
        Algorithm::RsaPkcs1v15Sha256 => "rsa-sha2-256",
        Algorithm::RsaPkcs1v15Sha512 => "rsa-sha2-512",
        // No name of SSH's: no key signs with it here.
        Algorithm::RsaPssSha256 => "rsa-pss-sha2-256",
    }
}

/// A public key in the form of RFC 4253, section 6.6: what a line of `authorized_keys` holds in Base64.
#[must_use]
pub fn public_key_blob(key: &PublicKey) -> Vec<u8> {
    public_blob(key)
}

/// Reads what [`public_key_blob`] writes.
///
/// # Errors
/// Why it is no key that is supported.
pub fn public_key(blob: &[u8]) -> Result<PublicKey, String> {
    let mut reader = Reader { rest: blob, position: 0 };
    let kind = reader.string().map_err(|error| match error {
        FormError::Malformed { problem, .. } => format!("its public key is damaged: {problem}"),
        FormError::Other { .. } => "its public key is damaged".to_owned(),
    })?;
    let key = public_from_blob(blob).map_err(|error| match error {
        KeyFileError::Key { source: KeyError::Unsupported { .. }, .. } => {
            let why = match kind {
                _ if kind.starts_with(b"sk-") => " (on a FIDO token)",
                _ if kind.ends_with(b"-cert-v01@openssh.com") => " (a certificate)",
                _ => "",
            };
            let kind = kind.escape_ascii();
            format!(
                "its key is of the kind \"{kind}\"{why}; expected Ed25519, ECDSA on P-256 or P-384, or RSA"
            )
        }
        KeyFileError::Key { source, .. } => format!("its public key cannot be used: {source}"),
        KeyFileError::Malformed { reason, .. } => format!("its public key is damaged: {reason}"),
        other => format!("its public key cannot be used: {other}"),
    })?;
    if public_blob(&key) != blob {
        return Err("its public key is not in the form SSH writes it in".into());
    }
    Ok(key)
}

/// Reads the signature itself: its algorithm, and RFC 8332, 5656 and 8709's form of it.
fn signature(key: &PublicKey, bytes: &[u8]) -> Result<(Algorithm, Vec<u8>), String> {
    let mut reader = Reader { rest: bytes, position: 0 };
    let plain = |error: FormError| match error {
        FormError::Malformed { problem, .. } => problem,
        FormError::Other { .. } => "the signature is damaged".to_owned(),
    };
    let name = reader.string().map_err(plain)?;
    let algorithm = match name {
        b"ssh-ed25519" => Algorithm::Ed25519,
        b"ecdsa-sha2-nistp256" => Algorithm::EcdsaSha256,
        b"ecdsa-sha2-nistp384" => Algorithm::EcdsaSha384,
        b"rsa-sha2-512" => Algorithm::RsaPkcs1v15Sha512,
        b"rsa-sha2-256" => Algorithm::RsaPkcs1v15Sha256,
        b"ssh-rsa" => {
            return Err(
                "it was made with SHA-1 (\"ssh-rsa\"), which is broken; sign with rsa-sha2-512".into()
            );
        }
        other => return Err(format!("its algorithm \"{}\" is not supported", other.escape_ascii())),
    };
    let is_right_curve = match algorithm {
        Algorithm::EcdsaSha256 => key.kind() == KeyKind::EcdsaP256,
        Algorithm::EcdsaSha384 => key.kind() == KeyKind::EcdsaP384,
        other => other.takes(key.kind()),
    };
    if !is_right_curve {
        let name = name.escape_ascii();
        return Err(format!(
            "its algorithm is \"{name}\", which a key of the kind {} does not have",
            key.kind()
        ));
    }
    let signature = reader.string().map_err(plain)?;
    if !reader.rest.is_empty() {
        return Err("data follows the numbers of the signature".into());
    }
    if !matches!(algorithm, Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384) {
        return Ok((algorithm, signature.to_vec()));
    }
    let mut numbers = Reader { rest: signature, position: 0 };
    let r = numbers.string().map_err(plain)?;
    let s = numbers.string().map_err(plain)?;
    if !numbers.rest.is_empty() {
        return Err("data follows the numbers of the signature".into());
    }
    let der = UintRef::new(r).and_then(|r| TwoNumbers { r, s: UintRef::new(s)? }.to_der());
    der.map(|der| (algorithm, der)).map_err(|error| format!("its numbers are no ECDSA signature: {error}"))
}

fn dearmour(bytes: &[u8]) -> Result<Vec<u8>, FormError> {
    let line = |number: usize, problem: &str| FormError::Malformed {
        what: WHAT,
        place: format!("line {number}"),
        problem: problem.to_owned(),
    };
    if bytes.len() > MAX_ARMOUR {
        return Err(line(1, "it is longer than any signature of SSH"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| line(1, "it is no text"))?;
    let mut lines = text.lines().zip(1..);
    if lines.next().is_none_or(|(first, _)| first != BEGIN) {
        return Err(line(1, "expected -----BEGIN SSH SIGNATURE----- and nothing else"));
    }
    let mut packed = String::new();
    let mut last = 1;
    let mut has_ended = false;
    for (text, number) in lines.by_ref() {
        last = number;
        if text == END {
            has_ended = true;
            break;
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            return Err(line(number, "it has other characters than those of Base64"));
        }
        packed.push_str(text);
    }
    if !has_ended {
        return Err(line(last + 1, "expected -----END SSH SIGNATURE-----"));
    }
    if let Some((_, number)) = lines.next() {
        return Err(line(number, "it belongs to no signature: something was added to the file"));
    }
    Base64::decode_vec(&packed).map_err(|_| line(2, "the lines are no Base64"))
}

/// Reads the structures of RFC 4251, section 5.
struct Reader<'bytes> {
    rest: &'bytes [u8],
    position: usize,
}

impl<'bytes> Reader<'bytes> {
    fn take(&mut self, count: usize) -> Result<&'bytes [u8], FormError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| {
            let left = self.rest.len();
            malformed(self.position, format!("{count} bytes should follow, and there are {left}"))
        })?;
        self.rest = rest;
        self.position += count;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, FormError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn string(&mut self) -> Result<&'bytes [u8], FormError> {
        let count = self.number()?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

fn malformed(at: usize, problem: impl Into<String>) -> FormError {
    FormError::Malformed { what: WHAT, place: format!("decoded, byte {at}"), problem: problem.into() }
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    // What is put is at most a few kilobytes long.
    to.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}

/// A positive number: without leading zeros but the one that keeps it positive.
fn put_number(to: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    match digits.first() {
        Some(128..) => put(to, &[&[0], digits].concat()),
        _ => put(to, digits),
    }
}
