//! Keys and signatures, as plain data: bytes and digests in, bytes or a typed verdict out.
//!
//! [`PublicKey`] and [`PrivateKey`] are what every format meets in; [`Algorithm`] names what is computed with them. Two
//! things are never confused: a signature that is *forged* (it does not verify with the key it names) and one that is
//! *not trusted* (it verifies, with a key that nobody asked for).
//!
//! Whatever signs (a key in memory, a program, a card) is a [`Signer`], and nothing it returns is used before
//! [`sign_digest`] or [`sign_message`] have verified it.

mod algorithm;
mod error;
mod hash;
mod key;
mod key_file;
mod known;
mod signer;

pub use algorithm::Algorithm;
pub use error::{KeyError, SignError, VerifyError};
pub use hash::{Digest, Hash, Hasher};
pub use key::{KeyKind, PrivateKey, PublicKey};
pub use key_file::{
    Certificate, CertificateError, KeyFileError, KeyFormat, PassphraseFunction, PrivateKeyFile,
    PublicKeyFile, SignerLimits, Wanted, key_id_text, read_private, read_public, read_public_keys,
};
pub use known::known_test_key;
pub use signer::{Signer, sign_digest, sign_message};
