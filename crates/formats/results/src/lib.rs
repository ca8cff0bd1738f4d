//! Test results of every format as one model.
//!
//! [`read`] recognises a result file by its content and turns it into a [`Run`]: suites, cases, and the attempts of each.
//! [`Shards`] joins the files of several jobs and attempts, [`Expected`] says which tests there have to be, and
//! [`write_junit`] gives the result on to other tools.
//!
//! A header never decides: what is counted is the body, and a header that promises more than the body has is a
//! [`Trouble`]. What ends before its end mark is an error, or a trouble where a part can still be told. Words that a tool
//! does not write ([`WORDS`]) are errors: guessing that an unknown word means a pass would be a silent one.
//!
//! Everything here takes bytes and returns a model or a typed error with a position. Nothing reads a file, the environment
//! or the clock, and nothing prints.

mod board;
mod detect;
mod dotnet;
mod error;
mod expect;
mod go;
mod junit;
mod layout;
mod libtest;
mod lines;
mod merge;
mod model;
mod precommit;
mod projects;
mod quarantine;
mod store;
mod tap;
mod text;
mod words;
mod write;

pub use detect::{Format, detect, read, read_as};
pub use error::{Problem, ResultsError};
pub use expect::{Compared, Expected};
pub use layout::{Layout, LayoutError, Place};
pub use merge::{Shards, collapse_repeats};
pub use model::{
    Attempt, Case, Counts, End, Evidence, Oddities, OddityKind, Run, State, Suite, Trouble, TroubleKind,
};
pub use quarantine::{Entry, Quarantine, QuarantineError, day_text};
pub use store::{Changes, Group, Store, StoreError, TestKey};
pub use words::{Meaning, WORDS, Word};
pub use write::write_junit;
