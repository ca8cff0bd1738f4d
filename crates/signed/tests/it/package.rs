//! Signatures over the manifest of a package.

use lw_signature::package::PackageSignature;
use lw_signature::{Algorithm, KeyKind, PrivateKey, Signer as _};
use lw_signed::{Accepted, Keys, Rejected, Standing};

use crate::{Said as _, fingerprint, forged, hex, key, standings, trusted, untrusted};

const MANIFEST: &[u8] = b"{\"version\": \"1.2.3\"}";

fn signed(keys: &[&PrivateKey]) -> Vec<u8> {
    let mut signature = PackageSignature::default();
    for key in keys {
        let algorithm = Algorithm::of(key.public_key().kind());
        signature.sign(*key, algorithm, MANIFEST).unwrap();
    }
    signature.to_bytes()
}

fn judge(signature: &[u8], keys: &Keys) -> Result<Accepted, Rejected> {
    lw_signed::package(MANIFEST, Some(signature), keys)
}

fn shown(name: &str, key: &PrivateKey) -> String {
    let id = format!("SHA-256 {}", hex(&fingerprint(key.public_key())));
    if name.is_empty() { id } else { format!("{name} ({id})") }
}

#[test]
fn a_trusted_key_is_enough_and_each_signature_has_its_standing() {
    let (prod, dev, other) = (key(KeyKind::EcdsaP256), key(KeyKind::Ed25519), key(KeyKind::EcdsaP384));
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    let accepted = judge(&signed(&[&prod, &dev, &other]), &keys).unwrap();
    assert_eq!(accepted.scheme, "lw package");
    let mut found = standings(&accepted);
    lw_model::lists::sort_by_key(&mut found, |(_, standing)| standing.name());
    assert_eq!(
        found,
        [
            (shown("", &other).as_str(), Standing::NotChecked),
            (shown("dev", &dev).as_str(), Standing::Foreign),
            (shown("prod", &prod).as_str(), Standing::Trusted),
        ]
    );
    let algorithm =
        accepted.signatures.iter().find(|one| one.standing == Standing::Trusted).map(|one| &one.algorithm);
    assert_eq!(algorithm.unwrap(), "ecdsa-sha256");
}

#[test]
fn unsigned_untrusted_and_forged_are_three_things() {
    let (prod, dev, other) = (key(KeyKind::EcdsaP256), key(KeyKind::Ed25519), key(KeyKind::EcdsaP384));
    let keys = trusted(&[("prod", &prod)]).knowing(&[("dev", &dev)]);
    assert_eq!(lw_signed::package(MANIFEST, None, &keys), Err(Rejected::Unsigned));
    let (signers, wanted) = untrusted(judge(&signed(&[&dev]), &keys));
    assert_eq!((signers, wanted.as_str()), (vec![shown("dev", &dev)], "prod"));
    let (signers, _) = untrusted(judge(&signed(&[&other]), &keys));
    assert_eq!(signers, [shown("", &other)]);
    // Of a key that is known a signature that does not hold is forged, whoever else has signed.
    for keys in [&keys, &trusted(&[("dev", &dev)]).knowing(&[("prod", &prod)])] {
        let both = signed(&[&prod, &dev]);
        let verdict = lw_signed::package(b"{\"version\": \"6.6.6\"}", Some(&both), keys);
        forged(verdict, "the signature of ");
    }
    forged(judge(b"{}", &keys), "manifest.sig");
    forged(judge(b"", &keys), "manifest.sig");
}

/// A digest trusts a key that is at hand, and no other.
#[test]
fn a_digest_trusts_a_known_key() {
    let prod = key(KeyKind::EcdsaP256);
    let signature = signed(&[&prod]);
    let digest = Keys::default().with_digest(fingerprint(prod.public_key()));
    let (signers, wanted) = untrusted(judge(&signature, &digest));
    assert_eq!(signers, [shown("", &prod)]);
    assert_eq!(wanted, hex(&fingerprint(prod.public_key())));
    let accepted = judge(&signature, &digest.knowing(&[("prod", &prod)])).unwrap();
    assert_eq!(standings(&accepted), [(shown("prod", &prod).as_str(), Standing::Trusted)]);
}
