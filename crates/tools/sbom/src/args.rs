//! The arguments of sbom; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

mod diff;
mod generate;
mod merge;
mod validate;

use std::path::PathBuf;

use lw_bom::Standard;
use lw_cli::KeyedLimit;

pub(crate) use diff::Diff;
pub(crate) use generate::{Generate, ProductArgs, ProductType};
pub(crate) use merge::Merge;
pub(crate) use validate::Validate;

/// Arguments of sbom.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Write the bill of materials of a project, a firmware or both
    Generate(Box<Generate>),
    /// Check bills of materials: their schema, their meaning, and what laws and standards ask for
    Validate(Validate),
    /// Make one bill of materials of several, and keep the graph of each
    Merge(Box<Merge>),
    /// Say what changed between two bills of materials
    Diff(Diff),
}

/// What is written.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OutputArgs {
    /// Format of the bill of materials that is written; without it cyclonedx-1.6, or the newest CycloneDX of the bills that are merged
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub sbom_format: Option<SbomFormat>,

    /// File to write the bill of materials to
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// A format of bills of materials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SbomFormat {
    /// CycloneDX 1.5, JSON
    #[value(name = "cyclonedx-1.5")]
    CycloneDx15,
    /// CycloneDX 1.6, JSON
    #[default]
    #[value(name = "cyclonedx-1.6")]
    CycloneDx16,
    /// CycloneDX 1.7, JSON
    #[value(name = "cyclonedx-1.7")]
    CycloneDx17,
    /// SPDX 2.3, JSON
    #[value(name = "spdx-2.3")]
    Spdx23,
    /// SPDX 3.0.1, JSON-LD
    #[value(name = "spdx-3.0.1")]
    Spdx301,
}

/// Limits of measures.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LimitArgs {
    /// Upper limit of a measure: sbom.unknowns=0, sbom.components=warn:100,fail:200; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max: Vec<KeyedLimit>,

    /// Lower limit of a measure: sbom.components=1, sbom.score.ntia-2021=90%; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub min: Vec<KeyedLimit>,

    /// How much a measure may grow against the baseline, as a number or in percent of it
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max_growth: Vec<KeyedLimit>,
}

/// What laws and standards ask for.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StandardArgs {
    /// Law or standard whose missing fields are told one by one; one per line, or repeated. Every one is measured without it
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Standards")]
    pub standard: Vec<StandardName>,
}

/// A law or a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StandardName {
    /// NTIA minimum elements, 2021
    #[value(name = "ntia-2021")]
    Ntia2021,
    /// CISA minimum elements, draft of 2025
    #[value(name = "cisa-2025")]
    Cisa2025,
    /// BSI TR-03183-2, version 2.1
    #[value(name = "bsi-tr-03183-2")]
    BsiTr03183,
    /// Cyber Resilience Act of the EU
    #[value(name = "cra")]
    Cra,
}

impl From<StandardName> for Standard {
    fn from(name: StandardName) -> Self {
        match name {
            StandardName::Ntia2021 => Self::Ntia2021,
            StandardName::Cisa2025 => Self::Cisa2025,
            StandardName::BsiTr03183 => Self::BsiTr03183,
            StandardName::Cra => Self::Cra,
        }
    }
}

/// Licences that are allowed and denied.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PolicyArgs {
    /// Licence a component may have, such as MIT, Apache-2.0 WITH LLVM-exception or BSD-*; without any, all but the denied ones
    #[arg(long, value_name = "LICENSE", help_heading = "Licences")]
    pub allow_license: Vec<String>,

    /// Licence no component may have, where it has no other to choose, such as GPL-*
    #[arg(long, value_name = "LICENSE", help_heading = "Licences")]
    pub deny_license: Vec<String>,
}
