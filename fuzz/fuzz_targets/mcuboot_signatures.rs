//! Any bytes as the signatures of a MCUboot image: nothing passes that a known key did not sign, and what is signed passes.

use lw_firmware::mcuboot as walked;
use lw_signature::mcuboot::{Covered, Existing, Image, Options, Tlv, sign, verify};
use lw_signature::{PrivateKey, Signer};

fn seen(image: &walked::Image) -> Image<'_> {
    let walked::Covered { sha256, sha384, sha512 } = image.covered;
    Image {
        tlvs: image.unprotected.iter().map(|tlv| Tlv { kind: tlv.kind.0, data: &tlv.data }).collect(),
        covered: Covered { sha256, sha384, sha512 },
        is_encrypted: image.header.flags.is_encrypted(),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = walked::Image::read(bytes) else { return };
    let key = PrivateKey::from_ed25519_seed(&[7; 32]).expect("every seed is one");
    let trusted = [key.public_key().clone()];
    assert!(verify(&seen(&image), &[]).is_err(), "nobody is trusted");
    let was = verify(&seen(&image), &trusted);
    for existing in [Existing::Refuse, Existing::Append, Existing::Replace] {
        let signers: [&dyn Signer; 1] = [&key];
        let options = Options { existing, ..Options::default() };
        let Ok(area) = sign(&seen(&image), &signers, options) else { continue };
        let keep = usize::try_from(image.covered_len()).expect("it lies in memory");
        let signed = [&bytes[..keep], &area].concat();
        let again = walked::Image::read(&signed).expect("it is an image");
        let verdict = verify(&seen(&again), &trusted);
        let verified = verdict.unwrap_or_else(|error| panic!("{existing:?}: {error}"));
        assert!(verified.signatures.iter().any(|signature| signature.signer == Ok(0)));
    }
    if let Ok(verified) = was {
        assert!(image.verify().is_ok() || !verified.signatures.is_empty());
    }
});
