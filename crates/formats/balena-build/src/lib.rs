//! What Balena's builder takes and says.
//!
//! It takes a gzipped tarball of a source ([`Tarball`]), which leaves out what `.dockerignore` says ([`Ignore`]), and answers with an array of
//! JSON that comes element by element while it builds ([`Answer`]), with the escapes of a terminal in it ([`Log`]).
//!
//! The form of the request and of the answer is that of balena-cli 25 (`src/utils/remote-build.ts`); rules of `.dockerignore` are those of
//! Docker (`moby/patternmatcher`), as balena-cli applies them.

mod ansi;
mod answer;
mod compose;
mod ignore;
mod tarball;

pub use ansi::{Log, plain};
pub use answer::{Answer, AnswerError, Cursor, MAX_ELEMENT, Said};
pub use compose::{ComposeError, MAX_COMPOSE, contexts};
pub use ignore::{Ignore, IgnoreError, MAX_RULES};
pub use tarball::{Entry, Kind, Open, Tarball, gzipped, replaced};
