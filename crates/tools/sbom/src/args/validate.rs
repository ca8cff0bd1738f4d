//! The arguments of `validate`.

use super::{LimitArgs, PolicyArgs, StandardArgs};

/// Arguments of `validate`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Validate {
    /// Bill of materials; globs such as `build/*.cdx.json` are allowed
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub sbom: Vec<String>,

    #[command(flatten)]
    pub standards: StandardArgs,

    #[command(flatten)]
    pub policy: PolicyArgs,

    #[command(flatten)]
    pub limits: LimitArgs,
}
