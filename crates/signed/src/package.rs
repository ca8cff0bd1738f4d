//! The signatures of an lw package.

use lw_signature::package::{PackageSignature, PackageVerifyError, Require};

use crate::{Accepted, Keys, Rejected, Signature, Standing};

/// Judges the signatures of a package: those of its member `manifest.sig`, over the bytes of its manifest, which holds the
/// digest of every other member.
///
/// # Errors
/// Why it is not accepted.
pub fn package(manifest: &[u8], signature: Option<&[u8]>, keys: &Keys) -> Result<Accepted, Rejected> {
    let Some(signature) = signature else { return Err(Rejected::Unsigned) };
    let read = PackageSignature::parse(signature)
        .map_err(|error| Rejected::Forged { reason: error.to_string() })?;
    // A digest trusts a key that has to be at hand to verify with it.
    let trusted: Vec<_> =
        keys.trusted.iter().chain(&keys.known).filter(|named| keys.trusts(&named.key)).collect();
    let trusted: Vec<_> = trusted.into_iter().map(|named| named.key.clone()).collect();
    let shown = |id: &str| {
        keys.shown(&format!("SHA-256 {id}"), |key| base16ct::lower::encode_string(key.fingerprint().as_bytes()) == id)
    };
    let signers = read.verify(manifest, &trusted, &keys.known_keys(), Require::Any).map_err(|error| match error {
        PackageVerifyError::Forged { key_id, source } => {
            Rejected::Forged { reason: format!("the signature of {}: {source}", shown(&key_id)) }
        }
        PackageVerifyError::Untrusted { signers } | PackageVerifyError::Missing { signers, .. } => {
            Rejected::Untrusted {
                signers: signers.iter().map(|id| shown(id)).collect(),
                wanted: keys.wanted(),
            }
        }
    })?;
    let signatures = read.entries().iter().map(|entry| {
        let id = entry.key_id();
        let standing = if signers.trusted.contains(&id) {
            Standing::Trusted
        } else if signers.known.contains(&id) {
            Standing::Foreign
        } else {
            Standing::NotChecked
        };
        Signature { algorithm: entry.algorithm().name().to_owned(), signer: shown(&id), standing }
    });
    Ok(Accepted { scheme: "lw package", signatures: signatures.collect() })
}
