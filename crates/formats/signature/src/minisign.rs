//! Signatures of [minisign](https://jedisct1.github.io/minisign/), byte for byte as its version 0.11 writes them.
//!
//! ```text
//! untrusted comment: <anything>
//! base64( "ED" or "Ed" | key id, 8 bytes | Ed25519, 64 bytes )
//! trusted comment: <one line>
//! base64( Ed25519 over the 64 bytes and the trusted comment )
//! ```
//!
//! `ED` is over the BLAKE2b-512 of the file. `Ed` is over the file itself: the legacy form, which reads the file twice to
//! sign it and which minisign refuses when it is asked for the other (`-H`).

use std::borrow::Cow;
use std::io::Read;

use base64ct::{Base64, Encoding as _};

pub use crate::comment::KeyId;
use crate::comment::{Lines, MAX_COMMENT, UNTRUSTED, checked, join, same_key, split};
use crate::error::{FormError, SignFileError, VerifyError, VerifyFileError};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::recognise::{SignatureFormat, recognise};
use crate::signer::{Signer, sign_message};
use crate::stream::{digest_of, sign_ed25519, verify_ed25519};

/// The comment minisign writes when nothing else is said.
pub const COMMENT: &str = "signature from minisign secret key";

const TRUSTED: &str = "trusted comment: ";

/// minisign's `TRUSTEDCOMMENTMAXBYTES`, with the text before it.
const MAX_TRUSTED: usize = 8192;

/// The form a signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Over the BLAKE2b-512 of the file.
    Prehashed,
    /// Over the file itself.
    Legacy,
}

impl Form {
    fn bytes(self) -> [u8; 2] {
        match self {
            Self::Prehashed => *b"ED",
            Self::Legacy => *b"Ed",
        }
    }
}

/// The trusted comment minisign 0.11 writes when nothing else is said.
#[must_use]
pub fn trusted_comment(form: Form, seconds_since_1970: u64, file_name: &str) -> String {
    let hashed = match form {
        Form::Prehashed => "\thashed",
        Form::Legacy => "",
    };
    format!("timestamp:{seconds_since_1970}\tfile:{file_name}{hashed}")
}

/// A signature of minisign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    form: Form,
    key_id: KeyId,
    signature: [u8; 64],
    untrusted_comment: Vec<u8>,
    trusted_comment: Vec<u8>,
    global: [u8; 64],
}

impl Signature {
    /// Reads a `.minisig`.
    ///
    /// # Errors
    /// When it is something else or malformed, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        match recognise(bytes) {
            SignatureFormat::Minisign => {}
            _ if bytes.starts_with(UNTRUSTED.as_bytes()) && is_long(bytes) => {}
            found => return Err(FormError::Other { found, expected: "one of minisign" }),
        }
        let mut lines = Lines::new("the minisign signature", bytes);
        let untrusted_comment = lines.prefixed(UNTRUSTED, MAX_COMMENT)?.to_vec();
        let (algorithm, key_id, signature) = split(&lines.base64()?);
        let form = match &algorithm {
            b"ED" => Form::Prehashed,
            b"Ed" => Form::Legacy,
            other => {
                let problem = format!("its algorithm is {:?}; expected \"ED\" or \"Ed\"", show(other));
                return Err(lines.malformed(problem));
            }
        };
        let trusted_comment = lines.prefixed(TRUSTED, MAX_TRUSTED)?.to_vec();
        let global = lines.base64()?;
        lines.end()?;
        Ok(Self { form, key_id, signature, untrusted_comment, trusted_comment, global })
    }

    /// The file, as minisign writes it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let signature = join(self.form.bytes(), self.key_id, &self.signature);
        let global = Base64::encode_string(&self.global);
        let lines: [&[u8]; 8] = [
            UNTRUSTED.as_bytes(),
            &self.untrusted_comment,
            b"\n",
            signature.as_bytes(),
            b"\n",
            TRUSTED.as_bytes(),
            &self.trusted_comment,
            b"\n",
        ];
        [&lines.concat(), global.as_bytes(), b"\n"].concat()
    }

    /// Whether it is over the file or a hash of it.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The key it names.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The comment of the first line, which anybody can have changed.
    #[must_use]
    pub fn untrusted_comment(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.untrusted_comment)
    }

    /// The comment that is signed as well. [`verify`](Self::verify) has to have accepted it.
    #[must_use]
    pub fn trusted_comment(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.trusted_comment)
    }

    /// Verifies file and trusted comment. `key_id` is the id that stands beside the public key; a key in another format has
    /// none, and then any id passes, because the signature says who signed.
    ///
    /// # Errors
    /// When the signature names another key, or one of the two signatures does not hold.
    pub fn verify(
        &self,
        key: &PublicKey,
        key_id: Option<KeyId>,
        source: impl Read,
    ) -> Result<(), VerifyFileError> {
        same_key(self.key_id, key_id)?;
        match self.form {
            Form::Prehashed => {
                let digest = digest_of(Hash::Blake2b512, source)?;
                key.verify_message(digest.as_bytes(), &self.signature)?;
            }
            Form::Legacy => verify_ed25519(key, source, &self.signature, |_| ())?,
        }
        let comment = || VerifyError::Comment { comment: self.trusted_comment().into_owned() };
        key.verify_message(&self.globally_signed(), &self.global).map_err(|_| comment())?;
        Ok(())
    }

    fn globally_signed(&self) -> Vec<u8> {
        [&self.signature[..], &self.trusted_comment].concat()
    }
}

/// Whether there is a third line: so that a damaged signature of minisign is called damaged, and not another thing.
fn is_long(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').nth(2).is_some_and(|line| line.starts_with(b"trusted comment"))
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// What [`sign`] writes beside the signatures.
#[derive(Clone, Copy, Debug)]
pub struct Options<'text> {
    /// [`Form::Prehashed`], unless a very old minisign has to verify it.
    pub form: Form,
    /// The id that stands in the public key.
    pub key_id: KeyId,
    /// [`COMMENT`], or what the reader should know of it.
    pub untrusted_comment: &'text str,
    /// As [`trusted_comment`] makes it, or another text that is to be signed with the file.
    pub trusted_comment: &'text str,
}

/// Signs a file as minisign does. The file is read once, in the legacy form three times.
///
/// # Errors
/// When a comment does not fit into its line, and as [`sign_file`](crate::sign_file).
pub fn sign<R: Read>(
    signer: &dyn Signer,
    options: &Options<'_>,
    mut open: impl FnMut() -> std::io::Result<R>,
) -> Result<Signature, SignFileError> {
    let Options { form, key_id, untrusted_comment, trusted_comment } = *options;
    // Minisign reads a line with its end and a zero into a buffer of that many bytes.
    checked("the comment", untrusted_comment, MAX_COMMENT - UNTRUSTED.len() - 2)?;
    checked("the trusted comment", trusted_comment, MAX_TRUSTED - TRUSTED.len() - 2)?;
    let signature = match form {
        Form::Prehashed => sign_message(signer, digest_of(Hash::Blake2b512, open()?)?.as_bytes())?,
        Form::Legacy => sign_ed25519(signer, open)?,
    };
    let mut signed = Signature {
        form,
        key_id,
        signature,
        untrusted_comment: untrusted_comment.into(),
        trusted_comment: trusted_comment.into(),
        global: [0; 64],
    };
    signed.global = sign_message(signer, &signed.globally_signed())?;
    Ok(signed)
}
