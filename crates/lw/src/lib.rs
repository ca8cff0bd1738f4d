//! The suite in one binary: `lw size-gate …`, or a link to it named `size-gate`.
//!
//! [`TOOLS`] is the registry: whatever is listed there is a subcommand, an action, a man page and a row of
//! the README. Each tool is a feature of its name; `offline` has all that need no network, `full` has all.

mod doctor;
mod init;
mod measures;
mod rules;
mod suite;

#[cfg(feature = "demo")]
mod demo;

use lw_cli::Entry;

pub use suite::{command, main};

/// Commands that are about the tools and none of them: no actions, no inputs, no sections of `lw.toml`. They have rules and
/// reports as the tools have.
pub const COMMANDS: &[Entry] = &[Entry::of::<init::Init>(), Entry::of::<doctor::Doctor>()];

/// Makes the registry of one line per tool: its name, which is its feature as well, and its type.
macro_rules! tools {
    ($($name:tt => $tool:path,)+) => {
        /// The tools this binary holds, in the order people read of them.
        pub const TOOLS: &[Entry] = &[$(#[cfg(feature = $name)] Entry::of::<$tool>(),)+];

        /// Names of all tools of the suite, also of those this binary was built without.
        pub const NAMES: &[&str] = &[$($name,)+];
    };
}

// The one line of a tool; `cargo xtask new NAME` makes everything else.
tools! {
    "size-gate" => lw_size_gate::SizeGate,
    "coverage-gate" => lw_coverage_gate::CoverageGate,
    "ota-package" => lw_ota_package::OtaPackage,
    "sign" => lw_sign::Sign,
    "sbom" => lw_sbom::Sbom,
    "changelog" => lw_changelog::Changelog,
    "version" => lw_version::Version,
    "image-tags" => lw_image_tags::ImageTags,
    "test-report" => lw_test_report::TestReport,
    "quality-gate" => lw_quality_gate::QualityGate,
    "pr-comment" => lw_pr_comment::PrComment,
    "history" => lw_history_tool::History,
    "balena-deploy" => lw_balena_deploy::BalenaDeploy,
}
