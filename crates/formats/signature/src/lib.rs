//! Keys and signatures, as plain data: bytes and digests in, bytes or a typed verdict out.
//!
//! [`PublicKey`] and [`PrivateKey`] are what every format meets in; [`Algorithm`] names what is computed with them. Two
//! things are never confused: a signature that is *forged* (it does not verify with the key it names) and one that is
//! *not trusted* (it verifies, with a key that nobody asked for).
//!
//! Whatever signs (a key in memory, a program, a card) is a [`Signer`], and nothing it returns is used before
//! [`sign_digest`] or [`sign_message`] have verified it.

mod algorithm;
pub mod attestation;
mod comment;
pub mod detached;
pub mod dsse;
mod error;
mod hash;
mod key;
mod key_file;
mod known;
pub mod mcuboot;
pub mod minisign;
pub mod package;
mod raw_ecdsa;
mod recognise;
mod rsa_public;
pub mod secure_boot_v1;
pub mod secure_boot_v2;
mod signer;
pub mod signify;
pub mod sshsig;
mod stream;
mod strict_json;

pub use algorithm::Algorithm;
pub use error::{FormError, KeyError, SignError, SignFileError, VerifyError, VerifyFileError};
pub use hash::{Digest, Hash, Hasher};
pub use key::{KeyKind, PrivateKey, PublicKey};
pub use key_file::{
    Certificate, CertificateError, KeyFileError, KeyFormat, PassphraseFunction, PrivateKeyFile,
    PublicKeyFile, SignerLimits, Wanted, key_id_text, read_private, read_public, read_public_keys,
};
pub use known::{known_test_key, known_test_key_hash};
pub use recognise::{SignatureFormat, recognise};
pub use signer::{GivenSignature, Signer, sign_digest, sign_message};
pub use stream::{digest_of, sign_file, verify_file};
