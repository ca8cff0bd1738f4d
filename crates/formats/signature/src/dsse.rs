//! DSSE, the [Dead Simple Signing Envelope](https://github.com/secure-systems-lab/dsse) version 1: what attestations are
//! signed in.

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
