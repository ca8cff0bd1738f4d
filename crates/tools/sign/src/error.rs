//! Why a file is not signed or verified, where no format's crate says it.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

/// What the tool itself refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ToolError {
    /// A file of another kind than the scheme is for.
    #[error("{file}: it is {found}; {scheme} signs {wanted}")]
    OtherContent { file: String, found: String, scheme: &'static str, wanted: &'static str },
    /// What was written does not verify.
    #[error("{file}: what was made does not verify, so it is not written: {reason}")]
    Unsound { file: String, reason: String },
    /// A key of another kind than the scheme is for.
    #[error("{key}: a key of the kind {kind} does not sign with {scheme}")]
    Kind { key: String, kind: String, scheme: &'static str },
    /// A file that is not what another step listed.
    #[error("{file}: it has the SHA-256 {found}, and {report} lists {listed}")]
    OtherArtifact { file: String, report: String, found: String, listed: String },
    /// A scheme that needs a file which is not there.
    #[error("{file}: it is not here, and its SHA-256 is not enough for {scheme}: {why}")]
    DigestAlone { file: String, scheme: &'static str, why: &'static str },
    /// A file that is listed and not there, where only a file will do.
    #[error("{file}: {report} lists it, and it is not here")]
    Absent { file: String, report: String },
    /// The run may not sign.
    #[error("nothing is signed in this run: {why}")]
    Fork { why: String },
    /// A signature of another format than the scheme's.
    #[error("{file}: {found}; expected a signature of the scheme {scheme}")]
    OtherSignature { file: String, found: String, scheme: &'static str },
}

impl Diagnose for ToolError {
    fn class(&self) -> Class {
        match self {
            Self::Kind { .. } => Class::Usage,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::OtherContent { .. } => "give what the scheme is for, or sign the file as it is with a detached scheme",
                Self::Unsound { .. } => "was the input changed while it was signed? sign it again",
                Self::Kind { .. } => "leave --scheme out to see what follows from the key, or give another key",
                Self::OtherArtifact { .. } => "it was changed after that step: sign what the step has made",
                Self::DigestAlone { .. } => "bring the file here, or sign with rsa-pkcs1v15-sha256, rsa-pss-sha256, ecdsa-sha256 or sshsig",
                Self::Absent { .. } => "bring the file here: a statement is made about files that were seen",
                Self::Fork { .. } => "whoever opens a pull request decides what its run signs: sign on your own branches and tags; `on-fork: skip` lets such a run pass without a signature",
                Self::OtherSignature { .. } => "leave --scheme out, or name the one it was made with",
            }
            .into(),
        )
    }
}
