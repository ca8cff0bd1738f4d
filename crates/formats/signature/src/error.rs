//! Why a key cannot be used, nothing was signed, or a signature is refused.

use std::borrow::Cow;
use std::io;

use lw_model::{Class, Diagnose};

use crate::algorithm::Algorithm;
use crate::hash::Hash;
use crate::key::KeyKind;
use crate::recognise::SignatureFormat;

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The structure is not what it should be.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// The structure: `PKCS#8`.
        what: &'static str,
        /// What is wrong with it; never bytes of the key.
        reason: String,
    },
    /// A kind of key no scheme here signs or verifies with.
    #[error("a key of the kind {found} is not supported; expected RSA, ECDSA P-256 or P-384, or Ed25519")]
    Unsupported {
        /// The algorithm, as its object identifier or its name.
        found: String,
    },
    /// An RSA key that is too short to be safe or too long to be meant.
    #[error("the RSA key has {bits} bits; expected 2048 to 8192")]
    Bits {
        /// Bits of its modulus.
        bits: usize,
    },
    /// The numbers of the key do not belong together.
    #[error("the {kind} key is not valid: {reason}")]
    Invalid {
        /// `RSA`.
        kind: &'static str,
        /// Why.
        reason: String,
    },
}

impl Diagnose for KeyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Malformed { .. } => {
                    "make the key anew with `lw sign keys make`, or convert it with `openssl pkey -in KEY`"
                }
                Self::Unsupported { .. } => {
                    "use another key, such as one of `lw sign keys make --kind ecdsa-p256`"
                }
                Self::Bits { .. } => "use an RSA key of 3072 bits",
                Self::Invalid { .. } => {
                    "the file is damaged, or the key was made by a faulty program: use another key"
                }
            }
            .into(),
        )
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is of another kind.
    #[error("{algorithm} cannot be computed with a key of the kind {kind}")]
    Kind {
        /// What was asked for.
        algorithm: Algorithm,
        /// What was given.
        kind: KeyKind,
    },
    /// The digest is of another hash function.
    #[error("{algorithm} does not sign a digest of {given}")]
    Digest {
        /// What was asked for.
        algorithm: Algorithm,
        /// The hash function of the digest.
        given: Hash,
    },
    /// What signs has failed.
    #[error("nothing was signed: {reason}")]
    Signer {
        /// Why.
        reason: String,
    },
    /// What signs has returned something that does not verify with its public key.
    #[error("what was signed does not verify with the public key, so it is not written: {source}")]
    Unsound {
        /// Why it does not.
        source: VerifyError,
    },
    /// Ed25519 reads a file twice, which a program or a card that signs cannot do.
    #[error(
        "{} over a file needs the private key itself, and what signs here does not give it",
        Algorithm::Ed25519
    )]
    NotInMemory,
    /// A text that has no place in a signature file.
    #[error("{what} cannot be {text:?}: {problem}")]
    Text {
        /// Which: `the trusted comment`.
        what: &'static str,
        /// What it is.
        text: String,
        /// Why not.
        problem: &'static str,
    },
    /// An Ed25519 signature of another length.
    #[error("the Ed25519 signature has {length} bytes; expected 64")]
    Length {
        /// Its bytes.
        length: usize,
    },
}

impl Diagnose for SignError {
    fn class(&self) -> Class {
        match self {
            Self::Kind { .. } | Self::Digest { .. } | Self::NotInMemory | Self::Text { .. } => Class::Usage,
            Self::Signer { .. } => Class::Remote,
            Self::Unsound { .. } | Self::Length { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Kind { .. } => {
                    "leave --scheme out to sign with what the key is for, or give another key"
                }
                Self::Digest { .. } => "give the digest the scheme is defined over",
                Self::NotInMemory => {
                    "sign with --scheme minisign, which signs a digest of the file, or with an ECDSA or RSA key"
                }
                Self::Text { .. } => "give it as one line of printable text",
                Self::Signer { .. } => "see what the program or the key says above",
                Self::Unsound { .. } | Self::Length { .. } => {
                    "give the public key that belongs to what signs, and the scheme it signs with"
                }
            }
            .into(),
        )
    }
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The key is of another kind.
    #[error("{algorithm} is not verified with a key of the kind {kind}")]
    Kind {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// The key that was given.
        kind: KeyKind,
    },
    /// The digest is of another hash function.
    #[error("{algorithm} is not over a digest of {given}")]
    Digest {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// The hash function of the digest.
        given: Hash,
    },
    /// It has another length than signatures of this key have.
    #[error("the signature has {found} bytes; expected {expected} of {algorithm}")]
    Length {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// Bytes it has.
        found: usize,
        /// Bytes it should have.
        expected: usize,
    },
    /// It is not written in strict DER.
    #[error("the signature is no ECDSA signature in DER: {reason}")]
    Der {
        /// What is wrong.
        reason: String,
    },
    /// It is another kind of signature of the same key over the same bytes.
    #[error("the signature is {found}; expected {expected}")]
    Other {
        /// What it is.
        found: String,
        /// What was asked for.
        expected: Algorithm,
    },
    /// ECDSA's two numbers as a card returns them.
    #[error("the signature is r and s as {length} raw bytes; expected {expected} in DER")]
    RawEcdsa {
        /// Its bytes.
        length: usize,
        /// What was asked for.
        expected: Algorithm,
    },
    /// A card that was given a digest where it wanted a `DigestInfo` (RFC 8017, 9.2).
    #[error(
        "what signed has signed the bare hash: the signature holds the {hash} of this file without saying that it is one, \
         which no verifier accepts"
    )]
    BareHash {
        /// Which hash function's digest it is.
        hash: Hash,
    },
    /// A sound signature of this key, over other bytes.
    #[error(
        "the key has signed another file than this one: the signature is over a file with the {hash} {signed}"
    )]
    OtherFile {
        /// The hash function.
        hash: Hash,
        /// The digest that was signed, in hexadecimal.
        signed: String,
    },
    /// A key that nobody asked for has signed.
    #[error("not trusted: it was signed by {signer}, and the wanted key is {wanted}")]
    Untrusted {
        /// Who signed.
        signer: String,
        /// Who should have.
        wanted: String,
    },
    /// The second signature of minisign, over the first and the trusted comment, does not hold.
    #[error("the signature is one over this file, but its trusted comment {comment:?} was changed")]
    Comment {
        /// The comment.
        comment: String,
    },
    /// A signature of SSH that was made for another purpose.
    #[error("the signature is for the namespace {found:?}; expected {expected:?}")]
    Namespace {
        /// What it is for.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// It is not a signature of this key over these bytes.
    #[error(
        "the signature does not belong to this file and this key: either was changed, or another key signed"
    )]
    Mismatch,
}

impl Diagnose for VerifyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Kind { .. } => "give the public key that signed",
                Self::Digest { .. } => "give the digest the scheme is defined over",
                Self::Length { .. } | Self::Der { .. } => {
                    "give the signature file as it was made, without anything before or after it"
                }
                Self::Other { .. } => "name the scheme it was made with, with --scheme",
                Self::RawEcdsa { .. } => "`lw sign attach --signature SIG --key PUBLIC` takes it and writes it in DER",
                Self::BareHash { .. } => {
                    "give the token a DigestInfo: `openssl pkeyutl -sign -pkeyopt digest:sha256`, or CKM_SHA256_RSA_PKCS \
                     instead of CKM_RSA_PKCS"
                }
                Self::OtherFile { .. } => "verify the file that was signed, or sign this one",
                Self::Untrusted { .. } => {
                    "do not use the file; if you do trust who signed, give their public key"
                }
                Self::Comment { .. } => "do not use the file: somebody changed what it says about itself",
                Self::Namespace { .. } => "name the purpose it was signed for, with --namespace",
                Self::Mismatch => "verify the file as it was signed, with the public key that signed it",
            }
            .into(),
        )
    }
}

impl VerifyError {
    /// Whether nothing is wrong with the signature but who made it. All else is forged, damaged, or of another kind.
    #[must_use]
    pub fn is_untrusted(&self) -> bool {
        matches!(self, Self::Untrusted { .. })
    }
}

/// Why a file with a signature cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is something else.
    #[error("the signature is {found}; expected {expected}")]
    Other {
        /// What it is.
        found: SignatureFormat,
        /// What was asked for.
        expected: &'static str,
    },
    /// It is damaged.
    #[error("{what}, {place}: {problem}")]
    Malformed {
        /// What it is: `the minisign signature`.
        what: &'static str,
        /// Where: `line 2`, `byte 17`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl Diagnose for FormError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Other { found, .. } => Some(found.hint().into()),
            Self::Malformed { .. } => {
                Some("give the signature file as it was made; copy or download it again".into())
            }
        }
    }
}

/// Why a file was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFileError {
    /// It cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    /// It was not the same each time it was read.
    #[error("the file changed while it was signed, so nothing was signed")]
    Changed,
    /// Everything else.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Diagnose for SignFileError {
    fn class(&self) -> Class {
        match self {
            Self::Read(_) | Self::Changed => Class::Input,
            Self::Sign(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Read(_) => None,
            Self::Changed => {
                Some("let what writes the file end first, and do not sign it while it is written".into())
            }
            Self::Sign(error) => error.hint(),
        }
    }
}

/// Why a signature does not hold over a file.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFileError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    /// The signature cannot be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It does not hold.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Diagnose for VerifyFileError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Read(_) => None,
            Self::Form(error) => error.hint(),
            Self::Verify(error) => error.hint(),
        }
    }
}
