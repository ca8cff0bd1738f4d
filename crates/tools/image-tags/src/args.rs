//! The arguments of image-tags; their doc comments are what users read.

/// Arguments of image-tags.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// File to measure; globs such as `build/*.bin` are allowed
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub file: Vec<String>,

    /// Upper limit of a measure, in bytes: file.bytes=1MiB, file.bytes=warn:900K,fail:1MiB; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max: Vec<String>,
}
