//! The keys a file is held to.

use lw_signature::secure_boot_v2::key_digest;
use lw_signature::{KeyKind, Signer as _};
use lw_signed::Keys;

use crate::{RSA_3072, Said as _, fingerprint, hex, key, trusted};

#[test]
fn nobody_is_trusted_until_a_key_or_a_digest_is_given() {
    let dev = key(KeyKind::Ed25519);
    assert!(Keys::default().is_empty());
    assert!(Keys::default().knowing(&[("dev", &dev)]).is_empty());
    assert!(!trusted(&[("dev", &dev)]).is_empty());
    assert!(!Keys::default().with_digest([0; 32]).is_empty());
}

#[test]
fn a_key_is_trusted_itself_or_by_either_digest() {
    let (rsa, ed, other) = (key(RSA_3072), key(KeyKind::Ed25519), key(RSA_3072));
    let keys = trusted(&[("rsa", &rsa)]);
    assert!(keys.trusts(rsa.public_key()) && !keys.trusts(ed.public_key()));
    for digest in [fingerprint(rsa.public_key()), key_digest(rsa.public_key()).unwrap().0] {
        let keys = Keys::default().with_digest([9; 32]).with_digest(digest);
        assert!(keys.trusts(rsa.public_key()) && !keys.trusts(other.public_key()));
        assert!(!keys.trusts(ed.public_key()));
    }
    assert!(!Keys::default().knowing(&[("rsa", &rsa)]).trusts(rsa.public_key()));
}

#[test]
fn each_list_is_told_apart() {
    let (prod, dev) = (key(RSA_3072), key(KeyKind::Ed25519));
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]).with_digest([9; 32]);
    assert_eq!(keys.trusted_keys(), [prod.public_key().clone()]);
    assert_eq!(keys.known_keys(), [dev.public_key().clone()]);
    let fuses: Vec<_> = keys.efuse_digests().iter().map(|digest| digest.0).collect();
    assert_eq!(fuses, [key_digest(prod.public_key()).unwrap().0, [9; 32]]);
    assert_eq!(keys.wanted(), format!("prod or {}", hex(&[9; 32])));
    let is_dev = |key: &lw_signature::PublicKey| key == dev.public_key();
    assert_eq!((keys.name_of(is_dev), keys.name_of(|_| false)), (Some("dev"), None));
    assert_eq!(keys.shown("SHA-256 01", is_dev), "dev (SHA-256 01)");
    assert_eq!(keys.shown("SHA-256 01", |_| false), "SHA-256 01");
}
