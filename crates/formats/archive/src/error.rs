//! Why an archive is not unpacked.

use std::borrow::Cow;

use lw_model::Diagnose;
use thiserror::Error;

/// Why an archive is not unpacked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// It is longer than anything real.
    #[error("the archive has more than {most} bytes")]
    TooLarge {
        /// The bound.
        most: usize,
    },
    /// Something else.
    #[error("it is no zip archive, or one that was cut off: it has no end of its directory")]
    NotZip,
    /// More entries than anything real has.
    #[error("the archive has more than {most} entries")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// It cannot be read.
    #[error("{}{what}", .entry.as_ref().map(|name| format!("{name}: ")).unwrap_or_default())]
    Damaged {
        /// The file in it.
        entry: Option<String>,
        /// What is wrong.
        what: String,
    },
    /// A name that is no plain one.
    #[error("an entry is called `{shown}`, which is no plain name of a file")]
    Name {
        /// The name, made visible.
        shown: String,
    },
    /// A name that is there twice.
    #[error("{name}: the archive has two files of this name")]
    Twice {
        /// The name.
        name: String,
    },
    /// An entry under a password.
    #[error("{name}: it is encrypted")]
    Encrypted {
        /// The file.
        name: String,
    },
    /// A link, a device.
    #[error("{name}: it is neither a file nor a folder")]
    Kind {
        /// The entry.
        name: String,
    },
    /// A compression that no uploader of artifacts uses.
    #[error("{name}: it is packed in a way that artifacts are not")]
    Method {
        /// The file.
        name: String,
    },
    /// More bytes than allowed.
    #[error("{name}: a file may have {file} bytes, and all together {total}")]
    TooLong {
        /// The file.
        name: String,
        /// The bound of one.
        file: u64,
        /// The bound of all.
        total: u64,
    },
    /// Packed better than any real file.
    #[error("{name}: unpacked it is more than {ratio} times as long as packed")]
    Bomb {
        /// The file.
        name: String,
        /// The bound.
        ratio: u64,
    },
}

impl Diagnose for ArchiveError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotZip | Self::Damaged { .. } => "was the download cut off? Run the job again".into(),
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::TooLong { .. } | Self::Bomb { .. } => {
                "nothing of it is used: upload the reports alone, in an artifact of their own".into()
            }
            Self::Name { .. }
            | Self::Twice { .. }
            | Self::Encrypted { .. }
            | Self::Kind { .. }
            | Self::Method { .. } => {
                "nothing of it is used: actions/upload-artifact writes no such archive, so somebody else did"
                    .into()
            }
        })
    }
}
