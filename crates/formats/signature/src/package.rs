//! The signature of an lw package: the member `manifest.sig`, over the bytes of `manifest.json`.
//!
//! ```json
//! {"schema":"lw-signature/1","signatures":[{"key_id":"…","algorithm":"ecdsa-sha256","signature":"…"}]}
//! ```
//!
//! One line of JSON, ended by a line feed, with the signers sorted by the SHA-256 of their public keys. There is one way to
//! write it, and another one is refused. Each signature is over the pre-authentication encoding of
//! [DSSE](crate::dsse::pae) with a type of its own, so that none of them is a signature over anything but a manifest. The
//! manifest holds the digests of all other members.

use std::borrow::Cow;
use std::fmt;

use base64ct::{Base64, Encoding as _};
use lw_model::{Class, Diagnose};
use lw_syntax::json;
use serde::{Deserialize, Serialize};

use crate::algorithm::Algorithm;
use crate::dsse::pae;
use crate::error::{SignError, VerifyError};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::signer::{Signer, sign_digest, sign_message};

/// The type a manifest is signed as.
pub const PAYLOAD_TYPE: &str = "application/vnd.lw-actions.package-manifest+json";

/// What the file says it is.
pub const SCHEMA: &str = "lw-signature/1";

/// How many signers a package has at most: as many as fit into the size a package's reader takes.
pub const MAX_SIGNERS: usize = 32;

/// The signatures of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageSignature {
    /// Sorted by key id, each there once.
    signatures: Vec<Entry>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    key_id: [u8; 32],
    algorithm: Algorithm,
    signature: Vec<u8>,
}

impl Entry {
    /// The SHA-256 of the signer's public key, in hexadecimal.
    #[must_use]
    pub fn key_id(&self) -> String {
        hex(&self.key_id)
    }

    /// How it was signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn is_of(&self, key: &PublicKey) -> bool {
        self.key_id == id(key)
    }

    fn verify(&self, key: &PublicKey, signed: &[u8]) -> Result<(), VerifyError> {
        match self.algorithm.hash() {
            Some(hash) => key.verify_digest(self.algorithm, &hash.of(signed), &self.signature),
            None => key.verify_message(signed, &self.signature),
        }
    }
}

fn id(key: &PublicKey) -> [u8; 32] {
    let mut id = [0; 32];
    id.iter_mut().zip(key.fingerprint().as_bytes()).for_each(|(to, from)| *to = *from);
    id
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    signatures: Vec<FileEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    key_id: String,
    algorithm: String,
    signature: String,
}

/// Why `manifest.sig` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageSignatureError {
    /// It is no JSON, or has other members.
    #[error("manifest.sig, byte {offset}: {problem}")]
    Json {
        /// Where.
        offset: usize,
        /// What is wrong there.
        problem: String,
    },
    /// It is of another version.
    #[error("manifest.sig is of the schema {found:?}; expected {SCHEMA:?}")]
    Schema {
        /// What it says it is.
        found: String,
    },
    /// One of the signatures is malformed.
    #[error("manifest.sig, signature {number}: {problem}")]
    Entry {
        /// Which, counted from 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// No signature, or too many.
    #[error("manifest.sig has {found} signatures; expected 1 to {MAX_SIGNERS}")]
    Count {
        /// How many.
        found: usize,
    },
    /// It says the same in another form than the one it is written in.
    #[error("manifest.sig is not written in its only form: it differs from byte {offset}")]
    NotCanonical {
        /// Where the first difference is.
        offset: usize,
    },
}

impl Diagnose for PackageSignatureError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Schema { .. } => "use a version of lw that knows this schema",
                _ => "the package was changed or damaged after it was signed: do not install it",
            }
            .into(),
        )
    }
}

/// Why a package is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageVerifyError {
    /// A signature of a known key that does not hold.
    #[error("forged or damaged: the signature that names the key {key_id} does not hold: {source}")]
    Forged {
        /// The key it names.
        key_id: String,
        /// Why it does not hold.
        source: VerifyError,
    },
    /// No trusted key has signed.
    #[error("not trusted: the package was signed by {}, and by none of the wanted keys", list(.signers))]
    Untrusted {
        /// The keys that have signed, in hexadecimal.
        signers: Vec<String>,
    },
    /// All trusted keys are asked for, and one has not signed.
    #[error("the wanted key {key_id} has not signed the package; {} has", list(.signers))]
    Missing {
        /// Which, in hexadecimal.
        key_id: String,
        /// The keys that have signed, in hexadecimal.
        signers: Vec<String>,
    },
}

fn list(keys: &[String]) -> String {
    keys.join(", ")
}

impl Diagnose for PackageVerifyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Forged { .. } => "do not install the package: it was changed after it was signed",
                Self::Untrusted { .. } => {
                    "do not install the package; if you do trust who signed, give their public key"
                }
                Self::Missing { .. } => "let this key sign too, or ask for any of the keys instead of all",
            }
            .into(),
        )
    }
}

/// How many of the trusted keys have to have signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Require {
    /// At least one.
    #[default]
    Any,
    /// Every one.
    All,
}

/// Who has signed a package that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// The trusted keys that have, in hexadecimal.
    pub trusted: Vec<String>,
    /// Keys that are known and not trusted, whose signatures hold.
    pub known: Vec<String>,
    /// Keys nothing is known of, so that their signatures were not checked.
    pub unknown: Vec<String>,
}

impl PackageSignature {
    /// Reads `manifest.sig`.
    ///
    /// # Errors
    /// When it is anything but what [`to_bytes`](Self::to_bytes) writes, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackageSignatureError> {
        let file: File = json::from_slice(bytes).map_err(|fault| PackageSignatureError::Json {
            offset: fault.at().unwrap_or_default(),
            problem: fault.reason().to_owned(),
        })?;
        if file.schema != SCHEMA {
            return Err(PackageSignatureError::Schema { found: file.schema.chars().take(80).collect() });
        }
        if !(1..=MAX_SIGNERS).contains(&file.signatures.len()) {
            return Err(PackageSignatureError::Count { found: file.signatures.len() });
        }
        let mut read = Self::default();
        for (entry, number) in file.signatures.iter().zip(1..) {
            let wrong = |problem: &str| PackageSignatureError::Entry { number, problem: problem.to_owned() };
            let key_id = key_id(&entry.key_id)
                .ok_or_else(|| wrong("its key_id is not 64 hexadecimal digits in lower case"))?;
            let algorithm =
                Algorithm::from_name(&entry.algorithm).ok_or_else(|| wrong("its algorithm is unknown"))?;
            let signature = Base64::decode_vec(&entry.signature)
                .map_err(|_| wrong("its signature is no Base64 in its only form"))?;
            if read.signatures.last().is_some_and(|last| last.key_id >= key_id) {
                return Err(wrong("it is out of order, or its key has signed twice"));
            }
            read.signatures.push(Entry { key_id, algorithm, signature });
        }
        let written = read.to_bytes();
        if written != bytes {
            let offset = written.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs).count();
            return Err(PackageSignatureError::NotCanonical { offset });
        }
        Ok(read)
    }

    /// The bytes of `manifest.sig`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|entry| FileEntry {
            key_id: entry.key_id(),
            algorithm: entry.algorithm.name().into(),
            signature: Base64::encode_string(&entry.signature),
        });
        let file = File { schema: SCHEMA.into(), signatures: signatures.collect() };
        // Texts and lists of them: this cannot fail.
        let mut bytes = serde_json::to_vec(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The signatures, sorted by key id.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.signatures
    }

    /// Whether this key has signed.
    #[must_use]
    pub fn has(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|entry| entry.is_of(key))
    }

    /// Adds a signature over the bytes of a manifest, or replaces the one the same key has made before.
    ///
    /// # Errors
    /// As [`sign_digest`], and when there are already [`MAX_SIGNERS`].
    pub fn sign(
        &mut self,
        signer: &dyn Signer,
        algorithm: Algorithm,
        manifest: &[u8],
    ) -> Result<(), SignError> {
        let signed = signed(manifest);
        let signature = match algorithm.hash() {
            Some(hash) => sign_digest(signer, algorithm, &hash.of(&signed))?,
            None => sign_message(signer, &signed)?.to_vec(),
        };
        let entry = Entry { key_id: id(signer.public_key()), algorithm, signature };
        match self.signatures.binary_search_by_key(&entry.key_id, |entry| entry.key_id) {
            Ok(at) => {
                if let Some(same) = self.signatures.get_mut(at) {
                    *same = entry;
                }
            }
            Err(_) if self.signatures.len() >= MAX_SIGNERS => {
                let reason = format!("the package already has {MAX_SIGNERS} signatures, which is the most");
                return Err(SignError::Signer { reason });
            }
            Err(at) => self.signatures.insert(at, entry),
        }
        Ok(())
    }

    /// Verifies the signatures of all keys that are known over the bytes of a manifest.
    ///
    /// Trusted keys make a package acceptable. Known ones only have a name: their signatures have to hold too, and that
    /// does not make the package acceptable. Signatures of other keys cannot be checked and are listed.
    ///
    /// # Errors
    /// When a known key's signature does not hold, or fewer trusted keys have signed than are asked for.
    pub fn verify(
        &self,
        manifest: &[u8],
        trusted: &[PublicKey],
        known: &[PublicKey],
        require: Require,
    ) -> Result<Signers, PackageVerifyError> {
        let signed = signed(manifest);
        let mut signers = Signers { trusted: Vec::new(), known: Vec::new(), unknown: Vec::new() };
        for entry in &self.signatures {
            let find = |keys: &[PublicKey]| keys.iter().find(|key| entry.is_of(key)).cloned();
            let (key, list) = match (find(trusted), find(known)) {
                (Some(key), _) => (key, &mut signers.trusted),
                (None, Some(key)) => (key, &mut signers.known),
                (None, None) => {
                    signers.unknown.push(entry.key_id());
                    continue;
                }
            };
            entry
                .verify(&key, &signed)
                .map_err(|source| PackageVerifyError::Forged { key_id: entry.key_id(), source })?;
            list.push(entry.key_id());
        }
        let all = || self.signatures.iter().map(Entry::key_id).collect();
        if signers.trusted.is_empty() {
            return Err(PackageVerifyError::Untrusted { signers: all() });
        }
        if require == Require::All
            && let Some(missing) = trusted.iter().find(|key| !self.has(key))
        {
            return Err(PackageVerifyError::Missing { key_id: hex(&id(missing)), signers: all() });
        }
        Ok(signers)
    }
}

/// What is signed for a manifest.
#[must_use]
pub fn signed(manifest: &[u8]) -> Vec<u8> {
    pae(PAYLOAD_TYPE, manifest)
}

/// The digest a program or a card has to sign for a manifest; none for Ed25519, which signs [`signed`] itself.
#[must_use]
pub fn digest(algorithm: Algorithm, manifest: &[u8]) -> Option<crate::Digest> {
    algorithm.hash().map(|hash: Hash| hash.of(&signed(manifest)))
}

fn key_id(text: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    let is_lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 64 || !is_lower {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map_or(0, |digit| digit as u8);
    for (to, pair) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
        *to = pair.iter().fold(0, |value, byte| value << 4 | digit(*byte));
    }
    Some(id)
}
