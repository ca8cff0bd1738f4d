//! Signatures of OpenBSD's [signify](https://man.openbsd.org/signify): Ed25519 over the file itself.
//!
//! ```text
//! untrusted comment: <anything>
//! base64( "Ed" | key number, 8 bytes | Ed25519, 64 bytes )
//! ```

use std::borrow::Cow;
use std::io::{self, Read};

use crate::comment::{KeyId, Lines, MAX_COMMENT, UNTRUSTED, checked, join, same_key, split};
use crate::error::{FormError, SignFileError, VerifyFileError};
use crate::key::PublicKey;
use crate::recognise::{SignatureFormat, recognise};
use crate::signer::Signer;
use crate::stream::{sign_ed25519, verify_ed25519};

/// The comment signify writes, for the file its public key is in: `verify with prod.pub`.
#[must_use]
pub fn comment(public_key_file: &str) -> String {
    format!("verify with {public_key_file}")
}

/// A signature of signify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    key_id: KeyId,
    signature: [u8; 64],
    comment: Vec<u8>,
}

impl Signature {
    /// Reads a `.sig` of signify.
    ///
    /// # Errors
    /// When it is something else, also one with the file in it (`-e`) or in a gzip archive (`-z`), or malformed, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        match recognise(bytes) {
            SignatureFormat::Signify => {}
            SignatureFormat::Text if bytes.starts_with(UNTRUSTED.as_bytes()) => {}
            found => return Err(FormError::Other { found, expected: "one of signify" }),
        }
        let mut lines = Lines::new("the signify signature", bytes);
        let comment = lines.prefixed(UNTRUSTED, MAX_COMMENT)?.to_vec();
        let (algorithm, key_id, signature) = split(&lines.base64()?);
        if &algorithm != b"Ed" {
            let found = algorithm.escape_ascii();
            return Err(lines.malformed(format!("its algorithm is \"{found}\"; expected \"Ed\"")));
        }
        lines.end()?;
        Ok(Self { key_id, signature, comment })
    }

    /// The file, as signify writes it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signature = join(*b"Ed", self.key_id, &self.signature);
        [UNTRUSTED.as_bytes(), &self.comment, b"\n", signature.as_bytes(), b"\n"].concat()
    }

    /// The key it names.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The comment of the first line, which anybody can have changed.
    #[must_use]
    pub fn untrusted_comment(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.comment)
    }

    /// Verifies the file. `key_id` is the number that stands beside the public key; without one any passes.
    ///
    /// # Errors
    /// When the signature names another key, or does not hold.
    pub fn verify(
        &self,
        key: &PublicKey,
        key_id: Option<KeyId>,
        source: impl Read,
    ) -> Result<(), VerifyFileError> {
        same_key(self.key_id, key_id)?;
        verify_ed25519(key, source, &self.signature, |_| ())
    }
}

/// Signs a file as signify does. It is read three times.
///
/// # Errors
/// When the comment does not fit into its line, and as [`sign_file`](crate::sign_file).
pub fn sign<R: Read>(
    signer: &dyn Signer,
    key_id: KeyId,
    comment: &str,
    open: impl FnMut() -> io::Result<R>,
) -> Result<Signature, SignFileError> {
    // Signify reads comments of up to 1023 bytes, with the text before them (`COMMENTMAXLEN`).
    checked("the comment", comment, MAX_COMMENT - UNTRUSTED.len() - 2)?;
    let signature = sign_ed25519(signer, open)?;
    Ok(Signature { key_id, signature, comment: comment.into() })
}
