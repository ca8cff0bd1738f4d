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

    #[command(flatten)]
    pub limits: LimitArgs,
}
