//! Any bytes as a signature of each format: what is read is written again as it was, and nothing that was not signed
//! verifies.

use lw_signature::package::{PackageSignature, Require};
use lw_signature::{
    Algorithm, Hash, PrivateKey, Signer as _, detached, minisign, recognise, signify, sshsig,
};

/// What nobody has signed.
const FILE: &[u8] = b"firmware";

fuzz_target!(|bytes: &[u8]| {
    let format = recognise(bytes);
    assert!(!format.to_string().is_empty() && !format.hint().is_empty());
    let signer = PrivateKey::from_ed25519_seed(&[7; 32]).expect("32 bytes are a seed");
    let key = signer.public_key();

    if let Ok(signature) = minisign::Signature::parse(bytes) {
        assert!(signature.verify(key, None, FILE).is_err());
        assert_eq!(minisign::Signature::parse(&signature.to_bytes()), Ok(signature));
    }
    if let Ok(signature) = signify::Signature::parse(bytes) {
        assert!(signature.verify(key, None, FILE).is_err());
        assert_eq!(signify::Signature::parse(&signature.to_bytes()), Ok(signature));
    }
    if let Ok(signature) = sshsig::Signature::parse(bytes) {
        for hash in [Hash::Sha256, Hash::Sha512] {
            assert!(signature.verify(key, sshsig::NAMESPACE, &hash.of(FILE)).is_err());
        }
        assert_eq!(sshsig::Signature::parse(signature.to_armour().as_bytes()), Ok(signature));
    }
    if let Ok(signature) = PackageSignature::parse(bytes) {
        assert!(signature.verify(FILE, std::slice::from_ref(key), &[], Require::Any).is_err());
        assert_eq!(signature.to_bytes(), bytes, "there is one form only");
    }
    assert!(detached::verify(key, Algorithm::Ed25519, FILE, bytes).is_err());
    if let Ok(public) = sshsig::public_key(bytes) {
        assert_eq!(sshsig::public_key_blob(&public), bytes, "there is one form only");
    }
});
