//! Keys of minisign (jedisct1/minisign, src/minisign.h) and signify (OpenBSD, usr.bin/signify/signify.c): a line of
//! comment, a line of base64.

use blake2::Blake2b;
use blake2::digest::Digest as _;
use blake2::digest::consts::U32;
use zeroize::Zeroizing;

use super::error::{KeyFileError, Wanted};
use super::pbes2::{Scrypt, scrypt};
use super::{KeyFormat, PrivateKeyFile, openssh};
use crate::hash::Hash;
use crate::key::{PrivateKey, PublicKey};

/// What both programs begin their files with.
const COMMENT: &str = "untrusted comment:";

/// `Ed`, an id of 8 bytes, a key of 32: of both programs.
const PUBLIC_LENGTH: usize = 42;
/// `struct SeckeyStruct`: `Ed`, the function of the passphrase, the one of the checksum (2 bytes each), salt 32, two costs of
/// 8, then, perhaps encrypted, id 8, key 64, checksum 32.
const MINISIGN_LENGTH: usize = 158;
/// `struct enckey`: `Ed`, `BK`, rounds 4, salt 16, checksum 8, id 8, key 64.
const SIGNIFY_LENGTH: usize = 104;

/// What minisign's own keys take (`MEMLIMIT_SENSITIVE`).
pub(super) const MAX_MINISIGN_BYTES: u64 = 1 << 30;

/// A file of one of the two programs, decoded.
pub(super) struct Raw {
    pub(super) format: Program,
    pub(super) comment: Option<String>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Minisign,
    Signify,
}

/// What such a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Private,
    Public,
    Signature,
}

/// Whether a text is a file of minisign or signify.
pub(super) fn is_file(text: &str) -> bool {
    text.starts_with(COMMENT)
}

/// Reads comment and base64; the two lines may have become one.
pub(super) fn read(text: &str, wanted: Wanted) -> Result<Raw, KeyFileError> {
    let rest = text.strip_prefix(COMMENT).unwrap_or(text).trim_start_matches(' ');
    let (comment, body, line) = match rest.split_once('\n') {
        Some((comment, body)) => (comment.trim(), body.trim_start(), 2),
        // The shortest key has 56 characters; what is shorter is a word of the comment.
        None => match rest.rsplit_once(char::is_whitespace) {
            Some((comment, body)) if body.len() >= 50 => (comment.trim(), body, 1),
            _ => (rest, "", 1),
        },
    };
    let body_line = body.lines().next().unwrap_or_default();
    if body_line.trim().is_empty() {
        return Err(KeyFileError::Text {
            line,
            reason: format!("the key is missing after its comment; expected {wanted} in base64"),
        });
    }
    let bytes = super::text::decode_body(body_line, line)?;
    let is_minisign = comment.starts_with("minisign") || bytes.len() == MINISIGN_LENGTH;
    let program = if is_minisign { Program::Minisign } else { Program::Signify };
    let comment = Some(comment.to_owned()).filter(|comment| !comment.is_empty());
    Ok(Raw { format: program, comment, bytes })
}

/// Whether bytes are a bare public key of one of the programs, as `minisign -P` takes it.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    bytes.len() == PUBLIC_LENGTH && bytes.starts_with(b"Ed")
}

impl Raw {
    /// A public key without a comment.
    pub(super) fn bare(bytes: &[u8]) -> Self {
        Self { format: Program::Minisign, comment: None, bytes: Zeroizing::new(bytes.to_vec()) }
    }

    /// What it is, by its length and its first bytes.
    pub(super) fn content(&self) -> Result<Content, KeyFileError> {
        let content = match self.bytes.len() {
            PUBLIC_LENGTH => Content::Public,
            MINISIGN_LENGTH | SIGNIFY_LENGTH => Content::Private,
            // `Ed` or `ED`, an id, a signature.
            74 => return Ok(Content::Signature),
            length => {
                return Err(self.fault(format!(
                    "it has {length} bytes; expected {PUBLIC_LENGTH} of a public key, {MINISIGN_LENGTH} of a private key of \
                     minisign or {SIGNIFY_LENGTH} of one of signify"
                )));
            }
        };
        if !self.bytes.starts_with(b"Ed") {
            return Err(self.fault("it does not begin with `Ed`, as keys of Ed25519 do".into()));
        }
        Ok(content)
    }

    /// The format of a key with this content.
    fn format(&self, content: Content) -> KeyFormat {
        match (self.format, content) {
            (Program::Minisign, Content::Private) => KeyFormat::Minisign,
            (Program::Minisign, _) => KeyFormat::MinisignPublic,
            (Program::Signify, Content::Private) => KeyFormat::Signify,
            (Program::Signify, _) => KeyFormat::SignifyPublic,
        }
    }

    fn fault(&self, reason: String) -> KeyFileError {
        let what = match self.format {
            Program::Minisign => "minisign key",
            Program::Signify => "signify key",
        };
        KeyFileError::Malformed { what, reason }
    }

    /// Reads a public key and its id.
    pub(super) fn public(&self) -> Result<(PublicKey, KeyFormat, [u8; 8]), KeyFileError> {
        let mut fields = Fields(&self.bytes);
        fields.take(2);
        let id = fields.array();
        let format = self.format(Content::Public);
        let key = PublicKey::from_ed25519(fields.0).map_err(|source| KeyFileError::Key { format, source })?;
        Ok((key, format, id))
    }

    /// Reads a private key.
    pub(super) fn private(self, passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
        if self.bytes.len() == MINISIGN_LENGTH { self.minisign(passphrase) } else { self.signify(passphrase) }
    }

    fn minisign(self, passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
        let format = KeyFormat::Minisign;
        let mut fields = Fields(&self.bytes);
        let algorithm = fields.take(2);
        let (kdf, checksum) = (fields.take(2), fields.take(2));
        let salt = fields.take(32);
        let (operations, memory) = (u64::from_le_bytes(fields.array()), u64::from_le_bytes(fields.array()));
        if checksum != b"B2" {
            return Err(self.fault("its checksum is not one of BLAKE2b (`B2`)".into()));
        }
        let mut sealed = Zeroizing::new(fields.0.to_vec());
        let is_encrypted = match kdf {
            b"Sc" => {
                let passphrase = passphrase.ok_or(KeyFileError::NoPassphrase { format })?;
                let mut stream = Zeroizing::new(vec![0; sealed.len()]);
                let cost = cost(operations, memory);
                scrypt(format, MAX_MINISIGN_BYTES, &cost, salt, passphrase, &mut stream)?;
                sealed.iter_mut().zip(stream.iter()).for_each(|(byte, other)| *byte ^= *other);
                true
            }
            [0, 0] => false,
            _ => {
                return Err(
                    self.fault("its passphrase is used in an unknown way; expected `Sc` (scrypt)".into())
                );
            }
        };
        let mut fields = Fields(&sealed);
        let id: [u8; 8] = fields.array();
        let pair = fields.take(64);
        let mut hasher = Blake2b::<U32>::new();
        hasher.update(algorithm);
        hasher.update(id);
        hasher.update(pair);
        // `minisign -W` leaves the checksum of a key without a passphrase out; the public key in it holds it together.
        let has_none = !is_encrypted && fields.0.iter().all(|byte| *byte == 0);
        if !has_none && hasher.finalize().as_slice() != fields.0 {
            return Err(if is_encrypted {
                KeyFileError::WrongPassphrase { format }
            } else {
                self.fault("its checksum is wrong: it is damaged".into())
            });
        }
        let key = self.pair(pair, format)?;
        Ok(PrivateKeyFile { key, format, comment: self.comment, key_id: Some(id), is_encrypted })
    }

    fn signify(self, passphrase: Option<&[u8]>) -> Result<PrivateKeyFile, KeyFileError> {
        let format = KeyFormat::Signify;
        let mut fields = Fields(&self.bytes);
        fields.take(2);
        if fields.take(2) != b"BK" {
            return Err(self.fault("its passphrase is used in an unknown way; expected `BK` (bcrypt)".into()));
        }
        let rounds = u32::from_be_bytes(fields.array());
        let (salt, checksum, id) = (fields.take(16), fields.take(8), fields.array());
        let mut pair = Zeroizing::new(fields.0.to_vec());
        let is_encrypted = rounds > 0;
        if is_encrypted {
            let passphrase = passphrase.ok_or(KeyFileError::NoPassphrase { format })?;
            let mut stream = Zeroizing::new(vec![0; pair.len()]);
            openssh::bcrypt(format, passphrase, salt, rounds, &mut stream)?;
            pair.iter_mut().zip(stream.iter()).for_each(|(byte, other)| *byte ^= *other);
        }
        if Hash::Sha512.of(&pair).as_bytes().get(..8) != Some(checksum) {
            return Err(if is_encrypted {
                KeyFileError::WrongPassphrase { format }
            } else {
                self.fault("its checksum is wrong: it is damaged".into())
            });
        }
        let key = self.pair(&pair, format)?;
        Ok(PrivateKeyFile { key, format, comment: self.comment, key_id: Some(id), is_encrypted })
    }

    /// The seed and the public key, which both programs keep as one.
    fn pair(&self, pair: &[u8], format: KeyFormat) -> Result<PrivateKey, KeyFileError> {
        let (seed, public) = pair.split_at_checked(32).unwrap_or_default();
        let key =
            PrivateKey::from_ed25519_seed(seed).map_err(|source| KeyFileError::Key { format, source })?;
        let own = crate::signer::Signer::public_key(&key).ed25519();
        if own.as_ref().map(<[u8; 32]>::as_slice) != Some(public) {
            return Err(self.fault("the public key in it belongs to another private key".into()));
        }
        Ok(key)
    }
}

/// Takes fields from bytes whose length is known.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap_or([0; N])
    }
}

/// The numbers of scrypt for libsodium's two costs (`crypto_pwhash_scryptsalsa208sha256`, `pickparams`).
fn cost(operations: u64, memory: u64) -> Scrypt {
    let operations = operations.max(32768);
    let r = 8_u32;
    let log2 = |most: u64| (1..63).find(|log_n| 1_u64 << log_n > most / 2).unwrap_or(63);
    let (log_n, p) = if operations < memory / 32 {
        (log2(operations / (u64::from(r) * 4)), 1)
    } else {
        let log_n = log2(memory / (u64::from(r) * 128));
        let most = ((operations / 4) / (1_u64 << log_n)).min(0x3fff_ffff);
        (log_n, u32::try_from(most).unwrap_or(u32::MAX) / r)
    };
    Scrypt { log_n: u8::try_from(log_n).unwrap_or(u8::MAX), r, p }
}

/// The id of a key as minisign shows it: the number of its 8 bytes, little-endian, in hexadecimal.
#[must_use]
pub(super) fn id_text(id: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(id))
}
