//! Why a patch could not be written, read or applied, and what to do about it.

use std::borrow::Cow;
use std::io;

use lw_model::{Class, Diagnose};
use thiserror::Error;

use crate::format::Format;

/// A patch that cannot be read, or does not fit the base.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}, byte {offset}: {problem}", subject(*format))]
pub struct PatchError {
    /// The format it was read as, once that was known.
    pub format: Option<Format>,
    /// How many bytes of the patch had been read.
    pub offset: u64,
    /// What is wrong there.
    pub problem: Problem,
}

fn subject(format: Option<Format>) -> &'static str {
    match format {
        None => "patch",
        Some(Format::DetoolsNone | Format::DetoolsCrle | Format::DetoolsHeatshrink) => "detools patch",
        Some(Format::EspDelta) => "esp_delta_ota patch",
        Some(Format::Bsdiff40) => "BSDIFF40 patch",
    }
}

/// What is wrong with a patch.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing in it.
    #[error("the patch is empty")]
    Empty,
    /// It starts like no format this crate knows.
    #[error("no known patch starts with {start}")]
    Unknown {
        /// The first bytes in hexadecimal.
        start: String,
    },
    /// It is of a known kind that is not read.
    #[error("{0}, which is not supported")]
    Unsupported(Unsupported),
    /// It ends too early.
    #[error("the patch ends where {0} was expected")]
    Truncated(Part),
    /// A number is larger than 63 bits.
    #[error("{0} does not fit 63 bits")]
    Overflow(Part),
    /// A size is negative.
    #[error("{part} is {value}")]
    Negative {
        /// Which size.
        part: Part,
        /// What it says.
        value: i64,
    },
    /// The target is larger than the caller allows.
    #[error("the target is {size} bytes, more than the {limit} that are allowed")]
    TargetTooLarge {
        /// Size of the target in bytes.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// A step writes more than is left of the target.
    #[error("{part} is {size}, but {left} bytes are left of the target")]
    Overrun {
        /// Which size.
        part: Part,
        /// What it says.
        size: u64,
        /// What is left of the target in bytes.
        left: u64,
    },
    /// A step reads outside the base.
    #[error("bytes {from} to {to} of the base are needed, which is {base} bytes long")]
    OutsideBase {
        /// Where the step reads first.
        from: i64,
        /// Where it stops.
        to: i64,
        /// Size of the base in bytes.
        base: u64,
    },
    /// Too many steps write nothing.
    #[error("{0} steps write nothing")]
    NoProgress(u64),
    /// There is more after the target is complete.
    #[error("{0} are left after the target is complete")]
    Trailing(Rest),
    /// A section is larger than the patch.
    #[error("{part} is {size} bytes, but the patch has {left} after its header")]
    Section {
        /// Which section.
        part: Part,
        /// What the header says.
        size: u64,
        /// What is there.
        left: u64,
    },
    /// bzip2 data is damaged.
    #[error("the bzip2 data of {0} is damaged")]
    Bzip2(Part),
    /// Heatshrink's parameters are out of range.
    #[error("heatshrink with a window of 2^{window} bytes and lookahead of 2^{lookahead} does not exist")]
    Heatshrink {
        /// Binary logarithm of the window.
        window: u8,
        /// Binary logarithm of the lookahead.
        lookahead: u8,
    },
    /// A segment of conditional run-length encoding is of an unknown kind.
    #[error("a run-length segment of kind {0}; 0 (scattered) and 1 (repeated) exist")]
    CrleKind(u8),
    /// Bytes of the header of esp_delta_ota that are zero in every known version are not.
    #[error("the reserved bytes of the header are not zero")]
    Reserved,
}

/// What of a patch is meant.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Part {
    /// The header of the patch.
    #[error("the header")]
    Header,
    /// The size of the target.
    #[error("the size of the target")]
    TargetSize,
    /// The size of a patch to the data format (`dfpatch`).
    #[error("the size of the data format's patch")]
    DataFormatSize,
    /// How many bytes of a step are added to the base.
    #[error("the size of a step's difference")]
    DiffSize,
    /// The differences themselves.
    #[error("a step's difference")]
    Diff,
    /// How many new bytes a step has.
    #[error("the size of a step's new data")]
    ExtraSize,
    /// The new bytes themselves.
    #[error("a step's new data")]
    Extra,
    /// How far the base is moved after a step.
    #[error("a step's seek")]
    Seek,
    /// A piece of the compressed data.
    #[error("a segment of the compressed data")]
    Segment,
    /// The control section of BSDIFF40.
    #[error("the control section")]
    Control,
    /// The diff section of BSDIFF40.
    #[error("the diff section")]
    DiffSection,
    /// The extra section of BSDIFF40.
    #[error("the extra section")]
    ExtraSection,
}

/// What is left over.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Rest {
    /// Bytes of the patch.
    #[error("{0} bytes")]
    Bytes(u64),
    /// Bits of the last byte that should be zero.
    #[error("bits that are not zero")]
    Bits,
    /// Data in a section.
    #[error("data of {0}")]
    Data(Part),
}

/// A kind of patch that is known, but not read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unsupported {
    /// detools in-place patch.
    #[error("this is a detools patch of type in-place")]
    InPlace,
    /// detools hdiffpatch patch.
    #[error("this is a detools patch of type hdiffpatch")]
    HdiffPatch,
    /// A detools compression other than none, crle and heatshrink.
    #[error("this is a detools patch with {0} compression")]
    Compression(&'static str),
    /// A detools patch made with `--data-format`.
    #[error("this is a detools patch with a data format")]
    DataFormat,
}

impl Diagnose for PatchError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match &self.problem {
            Problem::Empty | Problem::Unknown { .. } => {
                "give a detools patch, one with the header of esp_delta_ota, or a BSDIFF40 patch"
            }
            Problem::Unsupported(Unsupported::InPlace | Unsupported::HdiffPatch) => {
                "make it again with `detools create_patch --type sequential --compression heatshrink`"
            }
            Problem::Unsupported(Unsupported::Compression(_)) => {
                "make it again with `detools create_patch --compression heatshrink`"
            }
            Problem::Unsupported(Unsupported::DataFormat) => "make it again without `--data-format`",
            Problem::TargetTooLarge { .. } => {
                "the patch is damaged, or its target is larger than was expected"
            }
            Problem::OutsideBase { .. } => "use the base the patch was made from",
            _ => "the patch is damaged: fetch or make it again",
        };
        Some(hint.into())
    }
}

/// Why applying a patch failed.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The patch cannot be read, or does not fit the base.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The target could not be written.
    #[error("failed to write the target: {0}")]
    Write(#[source] io::Error),
}

impl Diagnose for ApplyError {
    fn class(&self) -> Class {
        match self {
            Self::Patch(error) => error.class(),
            Self::Write(_) => Class::Remote,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Patch(error) => error.hint(),
            Self::Write(_) => None,
        }
    }
}

/// Why no patch could be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CreateError {
    /// An input is larger than readers of patches, which count with 32 bits, can take.
    #[error("the {input} is {size} bytes; patches are made of up to {MAX_INPUT}")]
    TooLarge {
        /// `base` or `target`.
        input: &'static str,
        /// Its size in bytes.
        size: u64,
    },
}

/// The largest base and target, in bytes: detools and its reader for devices keep sizes and positions in a C `int`.
pub const MAX_INPUT: u64 = i32::MAX as u64;

impl Diagnose for CreateError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("ship the full image instead".into())
    }
}

/// The base is not the one a patch was made from.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the patch is for the base with validation hash {expected}, this one has {actual}")]
pub struct WrongBase {
    /// What the header says, in hexadecimal.
    pub expected: String,
    /// What the base has, in hexadecimal.
    pub actual: String,
}

impl Diagnose for WrongBase {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("use the base the patch was made from, or make a patch from this base".into())
    }
}
