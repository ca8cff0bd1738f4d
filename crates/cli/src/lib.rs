//! The edge of every tool: environment, command line, configuration, files, printing and exit code.
//!
//! A tool is one type that implements [`Tool`]; everything a user meets is derived from it. This is
//! the only crate that reads the environment, prints and ends the process. A tool sees the outside
//! through its [`Context`] and answers with a report.
//!
//! The way of a run: inputs of the action become arguments ([`inputs`]) and are laid over what `lw.toml`
//! says ([`config`]), clap parses the result, the tool runs, and [`finish`]
//! turns the report into files, outputs, annotations, a summary and an exit code.

mod args;
mod base;
mod baseline;
mod clock;
pub mod config;
mod context;
mod context_files;
mod error;
mod exit;
mod files;
mod finish;
mod handover;
mod host;
pub mod inputs;
mod keyed;
mod limits;
mod memory;
pub mod parallel;
mod policy;
mod program;
mod progress;
mod rules;
mod run;
mod secret;
mod store;
mod suite;
mod tool;

pub use args::{BaselineStore, Common, ConfigFrom, FailOn, Missing, StoreKind};
pub use baseline::same_measure;
pub use clock::{Clock, Driven, Woken};
pub use config::section::Section;
pub use context::{Context, Origin};
pub use error::{Error, ResultExt};
pub use exit::Exit;
pub use files::{
    Bytes, Files, Input, InputDetail, InputEntry, InputFolder, InputKind, NotShown, PendingFile,
    PendingFolder, ShownFiles,
};
pub use host::{Host, print, print_clap, print_error};
pub use inputs::Verbatim;
pub use keyed::{KeyedLimit, is_keyed};
pub use limits::LimitSet;
pub use policy::OfBase;
pub use program::{Program, ProgramCall, ProgramError, ProgramOutput};
pub use progress::Progress;
pub use rules::Setting;
pub use run::{invoke, standalone};
pub use suite::NamedInput;
pub use tool::{
    BASELINE_OUTPUTS, COMMON_OUTPUTS, Entry, ExtraFormat, NETWORK_VARIABLES, Output, Tool, Variable,
};

/// musl's allocator is made to be small, not fast: half of the time of a large input went there. This one is pure
/// Rust, so the static binaries still need no C compiler for their target.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The suite's version, which every tool shares.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The complete `main` of a standalone binary.
#[macro_export]
macro_rules! main {
    ($tool:ty) => {
        fn main() -> std::process::ExitCode {
            $crate::standalone(&$crate::Entry::of::<$tool>())
        }
    };
}
