//! DSSE, the [Dead Simple Signing Envelope](https://github.com/secure-systems-lab/dsse) version 1: what attestations are
//! signed in.
//!
//! ```json
//! {"payloadType":"…","payload":"<base64>","signatures":[{"keyid":"…","sig":"<base64>"}]}
//! ```
//!
//! What is signed is the [`pae`] of type and payload; key ids are hints that nobody has signed. Members of other names are
//! allowed and mean nothing (`envelope.md`); members that are there twice are refused.

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};
use lw_model::lists::sort;
use lw_model::{Class, Diagnose};
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::error::{FormError, SignError};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::recognise::{SignatureFormat, decode_base64, recognise};
use crate::signer::{Signer, sign_digest, sign_message};
use crate::strict_json;

/// The largest envelope that is read: one with a large SBOM fits.
pub const MAX_ENVELOPE: usize = 64 << 20;

/// How many signatures are read.
const MAX_SIGNATURES: usize = 32;

const WHAT: &str = "the DSSE envelope";

/// The pre-authentication encoding: what is signed for a body of a type (`protocol.md`, "Signature Definition").
///
/// ```text
/// "DSSEv1" SP length(type) SP type SP length(body) SP body
/// ```
#[must_use]
pub fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len());
    [head.as_bytes(), body].concat()
}

/// A payload and who has signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// What the signer calls their key: a hint, and here the SHA-256 of the public key.
    pub key_id: String,
    signature: Vec<u8>,
}

/// Why an envelope is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeVerifyError {
    /// A signature that names a wanted key and does not hold.
    #[error(
        "forged or damaged: the signature that names the key {key_id} does not hold over this attestation"
    )]
    Forged {
        /// The key.
        key_id: String,
    },
    /// No signature is one of a wanted key.
    #[error("not trusted: none of its signatures is one of a wanted key; it names {}", named(.key_ids))]
    Untrusted {
        /// The keys it names.
        key_ids: Vec<String>,
    },
    /// The payload is of another type.
    #[error("it holds {found:?}; expected {expected:?}")]
    Type {
        /// The type it has.
        found: String,
        /// The type that was asked for.
        expected: String,
    },
}

fn named(keys: &[String]) -> String {
    let names: Vec<_> =
        keys.iter().map(|key| if key.is_empty() { "a key without a name" } else { key }).collect();
    names.join(", ")
}

impl Diagnose for EnvelopeVerifyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Forged { .. } => "do not rely on it: it was changed after it was signed",
                Self::Untrusted { .. } => {
                    "do not rely on it; if you do trust who signed, give their public key"
                }
                Self::Type { .. } => "give the attestation, and not another thing that was signed",
            }
            .into(),
        )
    }
}

impl Envelope {
    /// An envelope nobody has signed yet.
    #[must_use]
    pub fn new(payload_type: impl Into<String>, payload: Vec<u8>) -> Self {
        Self { payload_type: payload_type.into(), payload, signatures: Vec::new() }
    }

    /// Signs it, or replaces what the same key has signed before.
    ///
    /// # Errors
    /// As [`sign_digest`] and [`sign_message`].
    pub fn sign(&mut self, signer: &dyn Signer, algorithm: Algorithm) -> Result<(), SignError> {
        let signed = self.signed();
        let signature = match algorithm.hash() {
            Some(hash) => sign_digest(signer, algorithm, &hash.of(&signed))?,
            None => sign_message(signer, &signed)?.to_vec(),
        };
        let key_id = key_id(signer.public_key());
        self.signatures.retain(|other| other.key_id != key_id);
        self.signatures.push(EnvelopeSignature { key_id, signature });
        Ok(())
    }

    /// What is signed: for a program or a card that signs elsewhere.
    #[must_use]
    pub fn signed(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is something else (a Sigstore bundle, by its name) or malformed, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_ENVELOPE {
            let problem = format!("it has {} bytes; up to {MAX_ENVELOPE} are read", bytes.len());
            return Err(FormError::Malformed { what: WHAT, place: format!("byte {MAX_ENVELOPE}"), problem });
        }
        match recognise(bytes) {
            SignatureFormat::Dsse => {}
            // What is wrong with it is said when it is read.
            SignatureFormat::Text if bytes.trim_ascii_start().starts_with(b"{") => {}
            found => return Err(FormError::Other { found, expected: "a DSSE envelope" }),
        }
        let value = strict_json::parse(WHAT, bytes)?;
        let Value::Object(object) = &value else { return Err(malformed("", "is no object")) };
        let payload_type = text(object, "payloadType")?.to_owned();
        if payload_type.is_empty() {
            return Err(malformed("payloadType", "is empty"));
        }
        let payload = base64(object, "payload")?;
        let Some(Value::Array(list)) = object.get("signatures") else {
            return Err(malformed("signatures", "is no list"));
        };
        if !(1..=MAX_SIGNATURES).contains(&list.len()) {
            let problem = format!("has {} entries; expected 1 to {MAX_SIGNATURES}", list.len());
            return Err(malformed("signatures", &problem));
        }
        let signatures = list.iter().map(|entry| {
            let Value::Object(entry) = entry else { return Err(malformed("signatures", "has no objects")) };
            let key_id = match entry.get("keyid") {
                Some(Value::String(key_id)) => key_id.chars().take(256).collect(),
                None | Some(Value::Null) => String::new(),
                Some(_) => return Err(malformed("keyid", "is no text")),
            };
            Ok(EnvelopeSignature { key_id, signature: base64(entry, "sig")? })
        });
        Ok(Self { payload_type, payload, signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The envelope as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let signatures: Vec<_> = self
            .signatures
            .iter()
            .map(|entry| {
                serde_json::json!({ "keyid": entry.key_id, "sig": Base64::encode_string(&entry.signature) })
            })
            .collect();
        let envelope = serde_json::json!({
            "payloadType": self.payload_type,
            "payload": Base64::encode_string(&self.payload),
            "signatures": signatures,
        });
        format!("{envelope}\n").into_bytes()
    }

    /// Its signatures.
    #[must_use]
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// What it holds, once one of the trusted keys has signed it and every signature that names a trusted key holds; and the
    /// SHA-256 of the keys that have.
    ///
    /// A key of RSA may have signed in any of its ways: an envelope does not say in which, and all are sound.
    ///
    /// # Errors
    /// When it is forged or not trusted, or holds something else than `payload_type`.
    pub fn verify(
        &self,
        payload_type: &str,
        trusted: &[PublicKey],
    ) -> Result<(&[u8], Vec<String>), EnvelopeVerifyError> {
        let signed = self.signed();
        let mut signers = Vec::new();
        for entry in &self.signatures {
            match trusted.iter().find(|key| holds(key, &signed, &entry.signature)) {
                Some(key) => signers.push(key_id(key)),
                None if trusted.iter().any(|key| key_id(key) == entry.key_id) => {
                    return Err(EnvelopeVerifyError::Forged { key_id: entry.key_id.clone() });
                }
                None => {}
            }
        }
        if signers.is_empty() {
            let key_ids = self.signatures.iter().map(|entry| entry.key_id.clone()).collect();
            return Err(EnvelopeVerifyError::Untrusted { key_ids });
        }
        if self.payload_type != payload_type {
            let (found, expected) = (self.payload_type.clone(), payload_type.to_owned());
            return Err(EnvelopeVerifyError::Type { found, expected });
        }
        sort(&mut signers);
        signers.dedup();
        Ok((&self.payload, signers))
    }
}

fn holds(key: &PublicKey, signed: &[u8], signature: &[u8]) -> bool {
    Algorithm::ALL.into_iter().filter(|algorithm| algorithm.takes(key.kind())).any(
        |algorithm| match algorithm.hash() {
            Some(hash) => key.verify_digest(algorithm, &hash.of(signed), signature).is_ok(),
            None => key.verify_message(signed, signature).is_ok(),
        },
    )
}

/// The SHA-256 of a public key, in hexadecimal.
#[must_use]
pub fn key_id(key: &PublicKey) -> String {
    key.fingerprint().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest a program or a card has to sign; none for Ed25519, which signs [`Envelope::signed`] itself.
#[must_use]
pub fn digest(algorithm: Algorithm, envelope: &Envelope) -> Option<crate::Digest> {
    algorithm.hash().map(|hash: Hash| hash.of(&envelope.signed()))
}

fn malformed(member: &str, problem: &str) -> FormError {
    FormError::Malformed { what: WHAT, place: format!("member {member:?}"), problem: format!("it {problem}") }
}

fn text<'json>(object: &'json Map<String, Value>, name: &str) -> Result<&'json str, FormError> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(malformed(name, "is no text")),
        None => Err(malformed(name, "is missing")),
    }
}

/// "Either standard or URL-safe encoding is allowed" (`envelope.md`).
fn base64(object: &Map<String, Value>, name: &str) -> Result<Vec<u8>, FormError> {
    decode_base64(text(object, name)?).ok_or_else(|| malformed(name, "is no Base64"))
}
