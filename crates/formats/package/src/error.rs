//! Why a package cannot be read or written, and where.

use std::borrow::Cow;
use std::io;

use lw_model::{Class, Diagnose};

use crate::manifest::ManifestError;

/// Why a package cannot be read. Offsets count bytes from the start of the package.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source failed.
    #[error("cannot read at byte {offset}: {source}")]
    Io {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// What takes the unpacked bytes failed.
    #[error("cannot write {file}: {source}")]
    Sink {
        /// What was unpacked.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Neither format.
    #[error("this is neither an lw package nor a JSON package")]
    NotAPackage,
    /// The end came too soon.
    #[error("ends at byte {offset}, inside {inside}")]
    Truncated {
        /// Where.
        offset: u64,
        /// Inside what.
        inside: String,
    },
    /// Something stands after the end.
    #[error("has data after its end, from byte {offset}")]
    Trailing {
        /// Where.
        offset: u64,
    },
    /// A tar header this format does not have.
    #[error("tar header at byte {offset}: {problem}")]
    Header {
        /// Where the header starts.
        offset: u64,
        /// What is wrong.
        problem: HeaderProblem,
    },
    /// The first member is not the manifest.
    #[error("the first member is {found:?} instead of \"manifest.json\"")]
    ManifestFirst {
        /// What it is.
        found: String,
    },
    /// The manifest is malformed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A member the manifest does not declare.
    #[error("member {path:?} at byte {offset} is not in the manifest")]
    Undeclared {
        /// Where its header starts.
        offset: u64,
        /// Its path.
        path: String,
    },
    /// A member that was there before.
    #[error("member {path:?} at byte {offset} is there twice")]
    Duplicate {
        /// Where its header starts.
        offset: u64,
        /// Its path.
        path: String,
    },
    /// The signature stands somewhere else than right after the manifest, where alone it is looked for.
    #[error("member {path:?} at byte {offset} is in the wrong place: it has to follow the manifest directly")]
    Misplaced {
        /// Where its header starts.
        offset: u64,
        /// Its path.
        path: String,
    },
    /// A member the manifest declares is not there.
    #[error("member {path:?} is in the manifest but not in the package")]
    Missing {
        /// Its path.
        path: String,
    },
    /// Another size than declared.
    #[error("{file} is {found} bytes, declared are {declared}")]
    Size {
        /// Which file.
        file: String,
        /// The size in the manifest.
        declared: u64,
        /// The size found; where counting ended early, a size it is larger than.
        found: u64,
    },
    /// Another content than declared.
    #[error("{file} has the {algorithm} {found}, declared is {declared}")]
    Digest {
        /// Which file.
        file: String,
        /// `MD5` or `SHA-256`.
        algorithm: &'static str,
        /// The digest in the manifest.
        declared: String,
        /// The digest found.
        found: String,
    },
    /// A member that cannot be decoded.
    #[error("{file} is no {encoding}: {problem}")]
    Encoding {
        /// Which file.
        file: String,
        /// The encoding.
        encoding: &'static str,
        /// Why not.
        problem: String,
    },
    /// Something else than the JSON package has there.
    #[error("byte {offset}: {problem}")]
    Json {
        /// Where.
        offset: u64,
        /// What is wrong.
        problem: JsonProblem,
    },
}

/// What is wrong with a tar header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// No `ustar`.
    #[error("this is no ustar header")]
    Magic,
    /// The bytes were changed.
    #[error("its checksum is {found}, written is {written}")]
    Checksum {
        /// The sum of the bytes.
        found: u32,
        /// The sum in the header.
        written: u32,
    },
    /// A field that is no octal number.
    #[error("{field} is no octal number")]
    Number {
        /// Which.
        field: &'static str,
    },
    /// A name that is no text, or has bytes after its end.
    #[error("the name is no plain text")]
    Name,
    /// Something else than a regular file.
    #[error("{path:?} is {what}; only regular files are allowed")]
    Type {
        /// The path in the header.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Zeros between members, or one block of zeros at the end where two belong.
    #[error("a block of zeros without a second one")]
    LoneZero,
    /// Bytes that are not zero between the end of a member and the next header.
    #[error("what fills up the member before it is not zero")]
    Padding,
}

/// What is wrong with a JSON package.
#[derive(Debug, thiserror::Error)]
pub enum JsonProblem {
    /// Another character than JSON has there.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: char,
    },
    /// A value that is no JSON.
    #[error("{0}")]
    Value(String),
    /// A value with bytes that are no text.
    #[error("the value of {0:?} is not UTF-8")]
    NotUtf8(String),
    /// A key that was there before.
    #[error("the key {0:?} is there twice")]
    DuplicateKey(String),
    /// A key that is not there.
    #[error("the key {0:?} is missing")]
    MissingKey(&'static str),
    /// A value that is too large to be one of this format.
    #[error("the value of {key:?} has more than {limit} bytes")]
    TooLarge {
        /// Of which key.
        key: String,
        /// How many are read.
        limit: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("{0:?} is no hexadecimal digit")]
    NoDigit(char),
    /// Half a byte.
    #[error("the firmware has an odd number of hexadecimal digits")]
    OddDigits,
}

impl Diagnose for ReadError {
    fn class(&self) -> Class {
        match self {
            Self::Sink { .. } => Class::Remote,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Manifest(error) => return error.hint(),
            Self::Truncated { .. } => "the file is not complete; copy or download it again",
            Self::Digest { .. } | Self::Size { .. } => {
                "the package was changed or damaged after it was made; do not install it"
            }
            Self::Header { problem: HeaderProblem::Type { .. }, .. } => {
                "do not unpack it with another tool; if you made it with tar, use --format=ustar and add only files"
            }
            Self::Undeclared { .. } | Self::Duplicate { .. } | Self::Trailing { .. } => {
                "something was added after the package was made; do not trust it"
            }
            Self::NotAPackage | Self::ManifestFirst { .. } => {
                "an lw package is a tar whose first member is manifest.json; a JSON package starts with {\"manifest\""
            }
            _ => return None,
        }))
    }
}

/// Why a package cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The target failed.
    #[error("cannot write the package: {0}")]
    Io(#[source] io::Error),
    /// The source failed.
    #[error("cannot read {file}: {source}")]
    Source {
        /// What was read.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The manifest would be refused by a reader.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Another size than was said before.
    #[error("{file} is {found} bytes, expected were {declared}")]
    Size {
        /// Which file.
        file: String,
        /// What was said.
        declared: u64,
        /// What came; where it was too much, a size it is larger than.
        found: u64,
    },
    /// Another content than was said before.
    #[error("{file} has the SHA-256 {found}, expected was {declared}")]
    Digest {
        /// Which file.
        file: String,
        /// What was said.
        declared: String,
        /// What came.
        found: String,
    },
    /// A member and the manifest do not go together.
    #[error("{path:?} {problem}")]
    Member {
        /// Its path.
        path: String,
        /// How they do not.
        problem: MemberProblem,
    },
    /// The compressor failed.
    #[error("cannot compress {file}: {problem}")]
    Encoding {
        /// Which file.
        file: String,
        /// Why.
        problem: String,
    },
}

/// How a member and the manifest do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberProblem {
    /// It was not given to the writer.
    #[error("is in the manifest but was not written")]
    NotWritten,
    /// It is not in the manifest.
    #[error("was written but is not in the manifest")]
    NotDeclared,
    /// It was given out of order.
    #[error("was written out of order: images by board, then patches by board, base and format")]
    Order,
    /// It was begun and never finished.
    #[error("was not finished")]
    Unfinished,
    /// The caller was to hash it and gave no digest.
    #[error("was hashed by the caller, who did not say its SHA-256")]
    NoDigest,
    /// It is too large for a ustar header.
    #[error("has more than 8 GiB")]
    TooLarge,
}

impl Diagnose for WriteError {
    fn class(&self) -> Class {
        match self {
            Self::Io(_) => Class::Remote,
            Self::Member { problem: MemberProblem::TooLarge, .. } => Class::Input,
            Self::Member { .. } | Self::Encoding { .. } => Class::Internal,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Manifest(error) => error.hint(),
            Self::Size { .. } | Self::Digest { .. } => {
                Some(Cow::Borrowed("the file changed while it was read; let its build end first"))
            }
            _ => None,
        }
    }
}
