//! The arguments of `diff`.

use std::path::PathBuf;

use super::{LimitArgs, PolicyArgs};

/// Arguments of `diff`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Diff {
    /// The older bill of materials
    #[arg(value_name = "OLD", help_heading = "Inputs")]
    pub old: Option<PathBuf>,

    /// The newer bill of materials
    #[arg(value_name = "NEW", help_heading = "Inputs")]
    pub new: Option<PathBuf>,

    #[command(flatten)]
    pub policy: PolicyArgs,

    /// Days that a version has to be published before it is taken: what is new and younger fails, and what is new and has no known day
    #[arg(long, value_name = "DAYS", help_heading = "Limits")]
    pub min_age: Option<u32>,

    #[command(flatten)]
    pub limits: LimitArgs,
}
