//! A file that changes while it is signed gets no signature: two with one secret number would give the key away.

use std::io::{self, Cursor, Read};

use lw_signature::minisign::{Form, KeyId, Options};
use lw_signature::{
    Algorithm, KeyKind, PublicKey, SignError, SignFileError, Signer as _, detached, minisign, sign_message,
    signify,
};

use super::{key, passes};

/// Gives other bytes in pass `changed` (from 0), and counts the passes.
fn changing(changed: usize, count: &mut usize) -> impl FnMut() -> io::Result<Cursor<Vec<u8>>> {
    move || {
        let mut file = vec![7_u8; 200_000];
        if *count == changed {
            file[150_000] ^= 1;
        }
        *count += 1;
        Ok(Cursor::new(file))
    }
}

#[test]
fn a_file_that_changes_between_the_passes_is_not_signed() {
    let signer = key(KeyKind::Ed25519);
    let options = Options {
        form: Form::Legacy,
        key_id: KeyId::of(signer.public_key()),
        untrusted_comment: "",
        trusted_comment: "",
    };
    // Changed in the first, the second, the third pass. What comes after the change is not read.
    for (changed, passes) in [(0, 2), (1, 2), (2, 3)] {
        let mut count = [0; 3];
        let [one, two, three] = &mut count;
        let raw = detached::sign(signer, Algorithm::Ed25519, changing(changed, one));
        let minisign = minisign::sign(signer, &options, changing(changed, two)).map(|_| Vec::new());
        let signify = signify::sign(signer, options.key_id, "", changing(changed, three)).map(|_| Vec::new());
        for result in [raw, minisign, signify] {
            let error = result.unwrap_err();
            assert!(matches!(error, SignFileError::Changed), "pass {changed}: {error:?}");
            assert_eq!(error.to_string(), "the file changed while it was signed, so nothing was signed");
        }
        assert_eq!(count, [passes; 3], "passes over a file that changed in pass {changed}");
    }
    let mut count = 0;
    detached::sign(signer, Algorithm::Ed25519, changing(usize::MAX, &mut count)).unwrap();
    assert_eq!(count, 3, "two to sign, one to verify");
}

/// A file that is only longer, or cut, in the second pass.
#[test]
fn a_file_that_grows_or_shrinks_is_not_signed() {
    for lengths in [[10, 11, 11], [10, 9, 9], [10, 0, 10], [10, 10, 11]] {
        let mut lengths = lengths.into_iter();
        let open = || Ok(io::repeat(1).take(lengths.next().unwrap()));
        let result = detached::sign(key(KeyKind::Ed25519), Algorithm::Ed25519, open);
        assert!(matches!(result, Err(SignFileError::Changed)), "{result:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_again_is_an_error_of_reading() {
    for failing in 0..3 {
        let mut pass = 0;
        let open = || {
            pass += 1;
            if pass > failing { Err(io::Error::other("gone")) } else { Ok(&b"firmware"[..]) }
        };
        let error = detached::sign(key(KeyKind::Ed25519), Algorithm::Ed25519, open).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the file: gone", "pass {failing}");
    }
}

/// Deterministic (RFC 8032): in two passes it has to be what it is in one piece.
#[test]
fn two_passes_give_the_signature_of_one_piece() {
    let signer = key(KeyKind::Ed25519);
    for length in [0, 1, 127, 128, 65_535, 65_536, 65_537, 1 << 20] {
        let file: Vec<u8> = (0..length).map(|at: usize| (at % 251) as u8).collect();
        let signature = detached::sign(signer, Algorithm::Ed25519, passes(&file)).unwrap();
        assert_eq!(signature, sign_message(signer, &file).unwrap(), "{length} bytes");
        detached::verify(signer.public_key(), Algorithm::Ed25519, file.as_slice(), &signature).unwrap();
    }
}

/// What signs elsewhere gives no private key, and gets no file that would not fit into memory.
#[test]
fn a_program_cannot_sign_a_file_with_ed25519() {
    let signer = key(KeyKind::Ed25519);
    let given = lw_signature::GivenSignature::new(signer.public_key().clone(), vec![0; 64]);
    let error = detached::sign(&given, Algorithm::Ed25519, passes(b"firmware")).unwrap_err();
    assert!(matches!(error, SignFileError::Sign(SignError::NotInMemory)));
    let text = "ed25519 over a file needs the private key itself, and what signs here does not give it";
    assert_eq!(error.to_string(), text);
    let hash = lw_signature::Hash::Blake2b512.of(b"firmware");
    let good = sign_message(signer, hash.as_bytes()).unwrap();
    let given = lw_signature::GivenSignature::new(signer.public_key().clone(), good.to_vec());
    assert_eq!(sign_message(&given, hash.as_bytes()).unwrap(), good, "a digest of it is no problem");
}

/// The strictness of `verify_strict`: both verify everything, or forgeries, if they are let through.
#[test]
fn points_of_small_order_and_second_forms_are_refused() {
    // The neutral element as R, S = 0: with a key of small order this is a signature of anything.
    let mut neutral = [0; 64];
    neutral[0] = 1;
    assert!(PublicKey::from_ed25519(&neutral[..32]).is_err());
    let public = key(KeyKind::Ed25519).public_key();
    assert!(detached::verify(public, Algorithm::Ed25519, &b"x"[..], &neutral).is_err());
    // S + L is the same number in a second form (RFC 8032, 5.1.7: 0 <= S < L).
    let signature = detached::sign(key(KeyKind::Ed25519), Algorithm::Ed25519, passes(b"x")).unwrap();
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut second = signature.clone();
    let mut carry = 0;
    for (byte, more) in second[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + more + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_ne!(second, signature);
    assert!(detached::verify(public, Algorithm::Ed25519, &b"x"[..], &second).is_err());
    assert!(detached::verify(public, Algorithm::Ed25519, &b"x"[..], &signature).is_ok());
}
