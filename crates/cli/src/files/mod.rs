//! Every file a run reads or writes, under one policy.
//!
//! - **Inputs** are regular files. A descriptor that the caller opened (`-`, `/dev/stdin`, `/dev/fd/N`, `<(…)`) is read
//!   once and kept; a FIFO, a device or a socket that has a name is refused before it can block ([`read`]).
//! - **Outputs** that a flag or an input of the action names may be anywhere, those of `lw.toml` only in the workspace; a
//!   symbolic link of the workspace never leads a write out of it; nothing is written onto an input; what is no regular
//!   file is written into and never replaced ([`destination`]).
//! - A file is there at once or not at all ([`pending`], [`write`]), an appended line as a whole or not at all ([`append`]).
//! - **Text** of files is shown only where it is known to be source ([`shown`]), and no error quotes a file from outside
//!   the workspace ([`quotes`]).

mod append;
mod bytes;
mod destination;
mod folder;
mod follow;
mod glob;
mod identity;
mod interrupted;
mod leftovers;
mod map;
mod pending;
mod policy;
mod quotes;
mod read;
mod shown;
mod write;

#[cfg(test)]
pub(crate) use self::interrupted::Unfinished;
pub use bytes::Bytes;
pub(crate) use destination::unwritable;
pub use folder::{InputDetail, InputEntry, InputFolder, InputKind};
pub(crate) use glob::{GlobMatches, glob, is_pattern};
pub use pending::{PendingFile, PendingFolder};
pub use policy::Files;
pub use read::Input;
pub(crate) use read::SecretFileError;
pub use shown::{NotShown, ShownFiles};
pub(crate) use write::Fill;
