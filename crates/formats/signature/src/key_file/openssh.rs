//! Keys of OpenSSH: `openssh-key-v1` (OpenSSH's PROTOCOL.key), public lines (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4)
//! and `allowed_signers` (ssh-keygen(1)).

use std::time::Duration;

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _};
use base64ct::{Base64, Encoding as _};
use crypto_bigint::{BoxedUint, NonZero};
use der::SecretDocument;
use der::asn1::UintRef;
use zeroize::Zeroizing;

use super::error::{KeyFileError, Wanted};
use super::{KeyFormat, PrivateKeyFile};
use crate::error::KeyError;
use crate::key::{KeyKind, PrivateKey, PublicKey};

const MAGIC: &[u8] = b"openssh-key-v1\0";
const PRIVATE: KeyFormat = KeyFormat::OpenSsh;
const PUBLIC: KeyFormat = KeyFormat::OpenSshPublic;

/// Rounds of bcrypt that are computed at most: some 10 seconds. ssh-keygen writes 16 or 24, and with `-a` up to this.
pub(super) const MAX_ROUNDS: u32 = 1000;

const CONVERT: &str = "encrypt it anew: `ssh-keygen -p -f KEY -Z aes256-ctr`";

/// The names a public line starts its key with, and keys that are not supported, by name.
const TYPES: [(&str, Option<&str>); 13] = [
    ("ssh-ed25519", None),
    ("ssh-rsa", None),
    ("ecdsa-sha2-nistp256", None),
    ("ecdsa-sha2-nistp384", None),
    ("ecdsa-sha2-nistp521", Some("ECDSA P-521")),
    ("ssh-dss", Some("DSA")),
    ("ssh-ed448", Some("Ed448")),
    ("sk-ssh-ed25519@openssh.com", Some("Ed25519 on a security key (FIDO)")),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Some("ECDSA P-256 on a security key (FIDO)")),
    ("ssh-ed25519-cert-v01@openssh.com", Some("an OpenSSH certificate")),
    ("ssh-rsa-cert-v01@openssh.com", Some("an OpenSSH certificate")),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", Some("an OpenSSH certificate")),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", Some("an OpenSSH certificate")),
];

/// Whether these are the bytes of a private key, which a PEM of `OPENSSH PRIVATE KEY` holds.
pub(super) fn is_private(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads strings and numbers as SSH writes them (RFC 4251, 5).
struct Wire<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], KeyFileError> {
        let cut = self.rest.split_at_checked(length);
        let (taken, rest) = cut.ok_or_else(|| self.fault("it is cut off, or its lengths are damaged"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, KeyFileError> {
        let bytes = self.take(4)?.try_into().unwrap_or_default();
        Ok(u32::from_be_bytes(bytes))
    }

    fn string(&mut self) -> Result<&'a [u8], KeyFileError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        self.take(length)
    }

    /// A positive number: a string, big-endian, with a zero before a high first bit.
    fn mpint(&mut self) -> Result<&'a [u8], KeyFileError> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(self.fault("one of its numbers is negative"));
        }
        if bytes.first() == Some(&0) && bytes.get(1).is_none_or(|second| second & 0x80 == 0) {
            return Err(self.fault("one of its numbers has needless zeros before it"));
        }
        Ok(bytes)
    }

    fn finish(&self) -> Result<(), KeyFileError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.fault(&format!("{} bytes follow its end", self.rest.len())))
        }
    }

    fn fault(&self, reason: &str) -> KeyFileError {
        KeyFileError::Malformed { what: self.what, reason: reason.into() }
    }
}

/// Reads the public key of a public line or of a signature: its type, then what belongs to the type.
pub(crate) fn public_from_blob(blob: &[u8]) -> Result<PublicKey, KeyFileError> {
    let mut wire = Wire { what: PUBLIC.name(), rest: blob };
    let name = wire.string()?;
    let key = public(&mut wire, name)?;
    wire.finish()?;
    Ok(key)
}

/// What follows the type's name.
fn public(wire: &mut Wire<'_>, name: &[u8]) -> Result<PublicKey, KeyFileError> {
    let key = match name {
        b"ssh-ed25519" => PublicKey::from_ed25519(wire.string()?),
        b"ssh-rsa" => {
            let exponent = wire.mpint()?;
            PublicKey::from_rsa(wire.mpint()?, exponent)
        }
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" => {
            let (kind, curve) = curve(name);
            if wire.string()? != curve {
                return Err(wire.fault("the curve it names is not the one of its type"));
            }
            PublicKey::from_ec_point(kind, wire.string()?)
        }
        other => Err(KeyError::Unsupported { found: type_name(other) }),
    };
    key.map_err(|source| KeyFileError::Key { format: PUBLIC, source })
}

fn curve(name: &[u8]) -> (KeyKind, &'static [u8]) {
    if name == b"ecdsa-sha2-nistp256" {
        (KeyKind::EcdsaP256, b"nistp256")
    } else {
        (KeyKind::EcdsaP384, b"nistp384")
    }
}

/// The name of a kind of key that is not supported.
fn type_name(name: &[u8]) -> String {
    let known = TYPES.iter().find(|(text, _)| text.as_bytes() == name).and_then(|(_, kind)| *kind);
    known.map_or_else(|| "that OpenSSH calls by a name unknown here".into(), str::to_owned)
}

/// Writes the public key as OpenSSH does, in binary.
pub(crate) fn public_blob(key: &PublicKey) -> Vec<u8> {
    let mut blob = Vec::new();
    let mut string = |bytes: &[u8]| {
        blob.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        blob.extend(bytes);
    };
    let name = type_of(key.kind());
    string(name.as_bytes());
    if let Some((modulus, exponent)) = key.rsa() {
        string(&positive(exponent));
        string(&positive(modulus));
    } else if let Some(point) = key.ec_point() {
        string(curve(name.as_bytes()).1);
        string(&point);
    } else if let Some(bytes) = key.ed25519() {
        string(&bytes);
    }
    blob
}

/// The name of a key's type in public lines.
pub(crate) fn type_of(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa { .. } => "ssh-rsa",
        KeyKind::EcdsaP256 => "ecdsa-sha2-nistp256",
        KeyKind::EcdsaP384 => "ecdsa-sha2-nistp384",
        KeyKind::Ed25519 => "ssh-ed25519",
    }
}

fn positive(number: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(number.len() + 1);
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.push(0);
    }
    bytes.extend(number);
    bytes
}

/// Reads an `openssh-key-v1`.
pub(super) fn read_private(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
    let mut wire = Wire { what: PRIVATE.name(), rest: bytes.strip_prefix(MAGIC).unwrap_or_default() };
    if !is_private(bytes) {
        return Err(wire.fault("it does not begin with `openssh-key-v1`"));
    }
    let (cipher, kdf, options) = (wire.string()?, wire.string()?, wire.string()?);
    let count = wire.number()?;
    if count != 1 {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        return Err(KeyFileError::Several { count, wanted: Wanted::Private });
    }
    let public_blob = wire.string()?;
    let sealed = wire.string()?;
    let tag = std::mem::take(&mut wire.rest);
    let cipher = Cipher::from_name(cipher)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    match (cipher, kdf) {
        (None, b"none") => {
            if !tag.is_empty() {
                return Err(wire.fault(&format!("{} bytes follow its end", tag.len())));
            }
        }
        (Some(cipher), b"bcrypt") => {
            let passphrase = passphrase.ok_or(KeyFileError::NoPassphrase { format: PRIVATE })?;
            cipher.open(options, passphrase, &mut plain, tag)?;
        }
        _ => return Err(wire.fault("its cipher and the way its passphrase is used do not belong together")),
    }
    let is_encrypted = cipher.is_some();
    let mut inner = Wire { what: PRIVATE.name(), rest: &plain };
    // Two equal numbers: what says that the passphrase is the right one.
    if inner.number()? != inner.number()? {
        return Err(if is_encrypted {
            KeyFileError::WrongPassphrase { format: PRIVATE }
        } else {
            inner.fault("its two check numbers differ: it is damaged")
        });
    }
    let key = private(&mut inner)?;
    let comment = inner.string()?;
    let is_padding = inner.rest.iter().zip(1_u8..=255).all(|(found, expected)| *found == expected);
    if !is_padding || inner.rest.len() > 255 {
        return Err(inner.fault("its padding is damaged"));
    }
    if public_from_blob(public_blob)? != *crate::signer::Signer::public_key(&key) {
        return Err(inner.fault("the public key before it belongs to another private key"));
    }
    let comment = std::str::from_utf8(comment).ok().filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(PrivateKeyFile { key, format: PRIVATE, comment, key_id: None, is_encrypted })
}

/// Reads the key itself: its type and its numbers.
fn private(wire: &mut Wire<'_>) -> Result<PrivateKey, KeyFileError> {
    let name = wire.string()?;
    let of_key = |source| KeyFileError::Key { format: PRIVATE, source };
    match name {
        b"ssh-ed25519" => {
            let public = wire.string()?;
            // The seed, and the public key once more.
            let pair = wire.string()?;
            let (seed, second) =
                pair.split_at_checked(32).ok_or_else(|| wire.fault("its Ed25519 key is cut off"))?;
            if second != public {
                return Err(wire.fault("its two public keys differ"));
            }
            let key = PrivateKey::from_ed25519_seed(seed).map_err(of_key)?;
            if crate::signer::Signer::public_key(&key).ed25519().as_ref().map(<[u8; 32]>::as_slice)
                != Some(public)
            {
                return Err(wire.fault("its public key belongs to another private key"));
            }
            Ok(key)
        }
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" => {
            let public = public(wire, name)?;
            let number = wire.mpint()?;
            let length = if public.kind() == KeyKind::EcdsaP256 { 32 } else { 48 };
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            let zeros = usize::checked_sub(length, number.len());
            let zeros = zeros.ok_or_else(|| wire.fault("its private number is too long for its curve"))?;
            let mut scalar = Zeroizing::new(vec![0; length]);
            scalar.iter_mut().skip(zeros).zip(number).for_each(|(to, from)| *to = *from);
            let key = PrivateKey::from_scalar(public.kind(), &scalar).map_err(of_key)?;
            if *crate::signer::Signer::public_key(&key) != public {
                return Err(wire.fault("its public key belongs to another private key"));
            }
            Ok(key)
        }
        b"ssh-rsa" => {
            let (n, e, d) = (wire.mpint()?, wire.mpint()?, wire.mpint()?);
            let (q_inverse, p, q) = (wire.mpint()?, wire.mpint()?, wire.mpint()?);
            // Says by name what is no usable RSA key before anything is computed with it.
            PublicKey::from_rsa(n, e).map_err(of_key)?;
            let fault = |reason: &str| wire.fault(reason);
            let (d_p, d_q) =
                (reduced(d, p).ok_or_else(|| fault("its prime numbers are none"))?, reduced(d, q));
            let d_q = d_q.ok_or_else(|| fault("its prime numbers are none"))?;
            let number = |bytes| UintRef::new(bytes).map_err(|error| fault(&error.to_string()));
            let key = pkcs1::RsaPrivateKeyRef {
                modulus: number(n)?,
                public_exponent: number(e)?,
                private_exponent: number(d)?,
                prime1: number(p)?,
                prime2: number(q)?,
                exponent1: number(&d_p)?,
                exponent2: number(&d_q)?,
                coefficient: number(q_inverse)?,
                other_prime_infos: None,
            };
            let document = SecretDocument::encode_msg(&key).map_err(|error| fault(&error.to_string()))?;
            PrivateKey::from_pkcs1_der(document.as_bytes()).map_err(of_key)
        }
        other => Err(of_key(KeyError::Unsupported { found: type_name(other) })),
    }
}

/// `number mod (prime - 1)`, which PKCS#1 has and OpenSSH leaves out.
fn reduced(number: &[u8], prime: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Without more bytes than a half of the longest key has: the work grows with their square.
    if number.len() > 1025 || prime.len() > 1025 {
        return None;
    }
    let boxed = |bytes: &[u8]| {
        let bits = u32::try_from(bytes.len() * 8).ok()?;
        BoxedUint::from_be_slice(bytes, bits).ok().map(Zeroizing::new)
    };
    let prime = boxed(prime)?;
    let one = BoxedUint::one_with_precision(prime.bits_precision());
    let less = Zeroizing::new(prime.wrapping_sub(&one));
    let less: NonZero<BoxedUint> = Option::from(NonZero::new((*less).clone()))?;
    let number = boxed(number)?;
    let rest = Zeroizing::new(number.rem(&less));
    Some(Zeroizing::new(rest.to_be_bytes().to_vec()))
}

/// The ciphers of private keys that are read.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128Ctr,
    Aes192Ctr,
    Aes256Ctr,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    Aes128Gcm,
    Aes256Gcm,
}

impl Cipher {
    /// `None` is a key that is not encrypted.
    fn from_name(name: &[u8]) -> Result<Option<Self>, KeyFileError> {
        Ok(Some(match name {
            b"none" => return Ok(None),
            b"aes128-ctr" => Self::Aes128Ctr,
            b"aes192-ctr" => Self::Aes192Ctr,
            b"aes256-ctr" => Self::Aes256Ctr,
            b"aes128-cbc" => Self::Aes128Cbc,
            b"aes192-cbc" => Self::Aes192Cbc,
            b"aes256-cbc" => Self::Aes256Cbc,
            b"aes128-gcm@openssh.com" => Self::Aes128Gcm,
            b"aes256-gcm@openssh.com" => Self::Aes256Gcm,
            other => {
                let found = match other {
                    b"chacha20-poly1305@openssh.com" => "ChaCha20-Poly1305",
                    b"3des-cbc" => "triple DES",
                    _ => "a cipher unknown here",
                };
                return Err(KeyFileError::Encryption { format: PRIVATE, found: found.into(), hint: CONVERT });
            }
        }))
    }

    /// Bytes of the key and of the initialization vector.
    fn lengths(self) -> (usize, usize) {
        match self {
            Self::Aes128Ctr | Self::Aes128Cbc => (16, 16),
            Self::Aes192Ctr | Self::Aes192Cbc => (24, 16),
            Self::Aes256Ctr | Self::Aes256Cbc => (32, 16),
            Self::Aes128Gcm => (16, 12),
            Self::Aes256Gcm => (32, 12),
        }
    }

    /// Decrypts in place.
    fn open(
        self,
        options: &[u8],
        passphrase: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), KeyFileError> {
        let mut wire = Wire { what: PRIVATE.name(), rest: options };
        let (salt, rounds) = (wire.string()?, wire.number()?);
        wire.finish()?;
        let wrong = || KeyFileError::WrongPassphrase { format: PRIVATE };
        let (key_length, iv_length) = self.lengths();
        let mut derived = Zeroizing::new(vec![0; key_length + iv_length]);
        bcrypt(PRIVATE, passphrase, salt, rounds, &mut derived)?;
        let (key, iv) = derived.split_at(key_length);
        let is_gcm = matches!(self, Self::Aes128Gcm | Self::Aes256Gcm);
        if !is_gcm && !tag.is_empty() {
            return Err(wire.fault(&format!("{} bytes follow its end", tag.len())));
        }
        if !data.len().is_multiple_of(16) {
            return Err(wire.fault("what is encrypted is no whole number of blocks"));
        }
        // Lengths are those of the cipher: only the tag of GCM can fail.
        let done = match self {
            Self::Aes128Ctr => stream::<ctr::Ctr128BE<aes::Aes128>>(key, iv, data),
            Self::Aes192Ctr => stream::<ctr::Ctr128BE<aes::Aes192>>(key, iv, data),
            Self::Aes256Ctr => stream::<ctr::Ctr128BE<aes::Aes256>>(key, iv, data),
            Self::Aes128Cbc => chained::<aes::Aes128>(key, iv, data),
            Self::Aes192Cbc => chained::<aes::Aes192>(key, iv, data),
            Self::Aes256Cbc => chained::<aes::Aes256>(key, iv, data),
            Self::Aes128Gcm => {
                let (nonce, tag) = (iv.try_into().ok(), tag.try_into().ok());
                nonce.zip(tag).zip(Aes128Gcm::new_from_slice(key).ok()).and_then(|((nonce, tag), cipher)| {
                    cipher.decrypt_inout_detached(&nonce, &[], data.into(), &tag).ok()
                })
            }
            Self::Aes256Gcm => {
                let (nonce, tag) = (iv.try_into().ok(), tag.try_into().ok());
                nonce.zip(tag).zip(Aes256Gcm::new_from_slice(key).ok()).and_then(|((nonce, tag), cipher)| {
                    cipher.decrypt_inout_detached(&nonce, &[], data.into(), &tag).ok()
                })
            }
        };
        done.ok_or_else(wrong)
    }
}

fn stream<C: aes::cipher::KeyIvInit + aes::cipher::StreamCipher>(
    key: &[u8],
    iv: &[u8],
    data: &mut [u8],
) -> Option<()> {
    C::new_from_slices(key, iv).ok()?.try_apply_keystream(data).ok()
}

fn chained<C>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<()>
where
    C: aes::cipher::BlockCipherDecrypt + aes::cipher::KeyInit,
{
    use aes::cipher::block_padding::NoPadding;
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded::<NoPadding>(data).ok().map(|_| ())
}

/// `bcrypt_pbkdf`, when it does not cost too much.
pub(super) fn bcrypt(
    format: KeyFormat,
    passphrase: &[u8],
    salt: &[u8],
    rounds: u32,
    derived: &mut [u8],
) -> Result<(), KeyFileError> {
    if rounds > MAX_ROUNDS {
        return Err(KeyFileError::Cost {
            format,
            asked: format!("{rounds} rounds of bcrypt"),
            most: MAX_ROUNDS.to_string(),
        });
    }
    if passphrase.is_empty() {
        return Err(KeyFileError::NoPassphrase { format });
    }
    bcrypt_pbkdf::bcrypt_pbkdf(passphrase, salt, rounds, derived).map_err(|_| KeyFileError::Malformed {
        what: format.name(),
        reason: "it has no salt, or 0 rounds of bcrypt".into(),
    })
}

/// What a line of `allowed_signers` says about a key besides the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignerLimits {
    /// Whom the key belongs to: patterns of identities, one or more; empty in a line that is only a public key.
    pub principals: Vec<String>,
    /// Namespaces the key may sign in; empty when it may in all.
    pub namespaces: Vec<String>,
    /// From when on its signatures count, as the file has it: `YYYYMMDD[HHMM[SS]][Z]`.
    pub valid_after: Option<String>,
    /// Until when its signatures count.
    pub valid_before: Option<String>,
}

impl SignerLimits {
    /// Whether the key may sign for this purpose at this time, counted from 1970 (ssh-keygen(1), "ALLOWED SIGNERS"). Times
    /// without `Z` are of the local time zone, which a CI does not have: they are taken as UTC.
    ///
    /// # Errors
    /// Why it may not.
    pub fn allow(&self, namespace: &str, now: Duration) -> Result<(), String> {
        if !self.namespaces.is_empty() && !self.namespaces.iter().any(|allowed| allowed == namespace) {
            let allowed = self.namespaces.join(", ");
            return Err(format!("the key may not sign in the namespace {namespace:?}, only in {allowed}"));
        }
        self.valid_at(now)
    }

    /// Whether the signatures of the key count at this time, whatever they are for; times as in [`allow`](Self::allow).
    ///
    /// # Errors
    /// Why they do not.
    pub fn valid_at(&self, now: Duration) -> Result<(), String> {
        if self.valid_after.is_none() && self.valid_before.is_none() {
            return Ok(());
        }
        let Ok(now) = der::DateTime::from_unix_duration(now) else {
            return Err("the time of the run is not one of this age".into());
        };
        let now = format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            now.year(),
            now.month(),
            now.day(),
            now.hour(),
            now.minutes(),
            now.seconds()
        );
        // All digits, so that the order of times is that of texts.
        let digits = |text: &str| format!("{:0<14}", text.trim_end_matches('Z'));
        match (&self.valid_after, &self.valid_before) {
            (Some(from), _) if now < digits(from) => Err(format!("the key is valid from {from} on")),
            (_, Some(until)) if now >= digits(until) => Err(format!("the key was valid until {until}")),
            _ => Ok(()),
        }
    }
}

/// A public key in a line, with what the line says about it.
pub(super) struct Line {
    pub(super) key: PublicKey,
    pub(super) comment: Option<String>,
    pub(super) limits: SignerLimits,
}

/// Whether some line of a text has a type of key as one of its first words.
pub(super) fn is_lines(text: &str) -> bool {
    text.lines().any(|line| position(&words(line)).is_some())
}

/// The words of a line: blanks part them, but not within quotes.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut is_quoted = false;
    let mut start = None;
    for (at, character) in line.char_indices() {
        if character == '"' {
            is_quoted = !is_quoted;
        }
        match (character.is_whitespace() && !is_quoted, start) {
            (true, Some(from)) => {
                words.extend(line.get(from..at));
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    words.extend(start.and_then(|from| line.get(from..)));
    words
}

/// Where the type of key is: first, or after principals, or after principals and options.
fn position(words: &[&str]) -> Option<usize> {
    words.iter().take(3).position(|word| TYPES.iter().any(|(name, _)| name == word))
}

/// Reads public lines: of `id_*.pub`, `authorized_keys` or `allowed_signers`.
pub(super) fn read_lines(text: &str) -> Result<Vec<Line>, KeyFileError> {
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let (line, number) = (line.trim(), number + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault = |reason: &str| KeyFileError::Text { line: number, reason: reason.into() };
        let words = words(line);
        let at = position(&words).ok_or_else(|| {
            fault("this is no public key of OpenSSH; expected a line such as `ssh-ed25519 AAAA… comment`")
        })?;
        let name = words.get(at).copied().unwrap_or_default();
        if let Some((_, Some(found))) = TYPES.iter().find(|(text, _)| *text == name) {
            let source = KeyError::Unsupported { found: (*found).into() };
            return Err(KeyFileError::Key { format: PUBLIC, source });
        }
        let limits = limits(words.get(..at).unwrap_or_default(), number)?;
        let blob = words.get(at + 1).ok_or_else(|| fault("the key after its type is missing"))?;
        let blob = Base64::decode_vec(blob)
            .map_err(|_| fault("the key after its type is no base64, or has lost characters"))?;
        let mut wire = Wire { what: PUBLIC.name(), rest: &blob };
        if wire.string().is_ok_and(|inner| inner != name.as_bytes()) {
            return Err(fault("the type before the key is not the one in it"));
        }
        let key = public_from_blob(&blob).map_err(|error| match error {
            KeyFileError::Malformed { what, reason } => fault(&format!("the {what} is malformed: {reason}")),
            error => error,
        })?;
        let comment = words.get(at + 2..).map(|words| words.join(" ")).filter(|text| !text.is_empty());
        keys.push(Line { key, comment, limits });
    }
    Ok(keys)
}

/// Reads principals and options, which come before the key.
fn limits(words: &[&str], line: usize) -> Result<SignerLimits, KeyFileError> {
    let fault = |reason: &str| KeyFileError::Text { line, reason: reason.into() };
    let mut limits = SignerLimits::default();
    let list = |text: &str| text.trim_matches('"').split(',').map(str::to_owned).collect::<Vec<_>>();
    if let Some(principals) = words.first() {
        limits.principals = list(principals);
    }
    let Some(options) = words.get(1) else { return Ok(limits) };
    for option in parted(options) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => limits.namespaces = list(value),
            "valid-after" => limits.valid_after = Some(value.to_owned()),
            "valid-before" => limits.valid_before = Some(value.to_owned()),
            "cert-authority" => {
                return Err(fault(
                    "the key is one of an authority (`cert-authority`), whose certificates are not read",
                ));
            }
            _ => {
                return Err(fault(
                    "an option before the key is unknown; expected `namespaces`, `valid-after` or `valid-before`",
                ));
            }
        }
    }
    Ok(limits)
}

/// Parts options at commas outside quotes.
fn parted(options: &str) -> Vec<&str> {
    let mut is_quoted = false;
    options
        .split(|character| {
            if character == '"' {
                is_quoted = !is_quoted;
            }
            character == ',' && !is_quoted
        })
        .collect()
}
