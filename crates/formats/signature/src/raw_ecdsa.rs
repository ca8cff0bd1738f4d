//! ECDSA signatures as two numbers of fixed length, which embedded formats hold, and in DER, which keys verify.

use crate::key::KeyKind;

/// r and s, both big-endian and of the curve's length, of a signature in DER.
pub(crate) fn from_der(kind: KeyKind, der: &[u8]) -> Option<Vec<u8>> {
    match kind {
        KeyKind::EcdsaP256 => Some(p256::ecdsa::Signature::from_der(der).ok()?.to_bytes().to_vec()),
        KeyKind::EcdsaP384 => Some(p384::ecdsa::Signature::from_der(der).ok()?.to_bytes().to_vec()),
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}

/// The signature in DER of r and s; `None` when one of them is 0 or too large for the curve.
pub(crate) fn to_der(kind: KeyKind, raw: &[u8]) -> Option<Vec<u8>> {
    match kind {
        KeyKind::EcdsaP256 => {
            Some(p256::ecdsa::Signature::from_slice(raw).ok()?.to_der().as_bytes().to_vec())
        }
        KeyKind::EcdsaP384 => {
            Some(p384::ecdsa::Signature::from_slice(raw).ok()?.to_der().as_bytes().to_vec())
        }
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}

/// Bytes of r and s together; `None` of keys that make no such signature.
pub(crate) fn length(kind: KeyKind) -> Option<usize> {
    match kind {
        KeyKind::EcdsaP256 => Some(64),
        KeyKind::EcdsaP384 => Some(96),
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}
