//! The arguments of `merge`.

use super::{LimitArgs, OutputArgs, ProductArgs, StandardArgs};

/// Arguments of `merge`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Merge {
    /// Bill of materials; globs such as `build/*.cdx.json` are allowed
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub sbom: Vec<String>,

    #[command(flatten)]
    pub product: ProductArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub standards: StandardArgs,

    #[command(flatten)]
    pub limits: LimitArgs,
}
