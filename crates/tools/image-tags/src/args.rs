//! The arguments of image-tags; their doc comments are what users read.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::builder::ValueParser;
use lw_cli::Verbatim;
use lw_releases::SchemeName;

/// Arguments of image-tags.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Where the reference and the commit of the run come from: the CI, or what is checked out; without it the CI, where there is one
    #[arg(long, value_enum, value_name = "workflow|git", help_heading = "Inputs")]
    pub context: Option<Source>,

    /// Image that gets the tags, such as ghcr.io/org/app, or name=ghcr.io/org/app,enable=true; one per line, or repeated
    #[arg(long, value_name = "IMAGE", help_heading = "Inputs")]
    pub images: Vec<String>,

    /// Rule for a tag, such as type=semver,pattern={{version}}; one per line, or repeated. Without any: schedule, branch, tag and pull request
    #[arg(long, value_name = "RULE", help_heading = "Inputs")]
    pub tags: Vec<String>,

    /// What holds for all tags: latest=auto|true|false, prefix=TEXT[,onlatest=true], suffix=TEXT[,onlatest=true]; one per line, or repeated
    #[arg(long, value_name = "SETTING", help_heading = "Inputs")]
    pub flavor: Vec<String>,

    /// Label of the image, KEY=VALUE; it replaces the one of that key. One per line, or repeated
    #[arg(long, value_name = "LABEL", help_heading = "Inputs")]
    pub labels: Vec<String>,

    /// Annotation of the image, KEY=VALUE; it replaces the one of that key. One per line, or repeated
    #[arg(long, value_name = "ANNOTATION", help_heading = "Inputs")]
    pub annotations: Vec<String>,

    /// What stands between the tags of the outputs `tags` and `tag-names`; without it a line feed
    #[arg(long, value_name = "TEXT", value_parser = verbatim(), help_heading = "Outputs")]
    pub sep_tags: Option<Verbatim>,

    /// What stands between the labels of the output; without it a line feed
    #[arg(long, value_name = "TEXT", value_parser = verbatim(), help_heading = "Outputs")]
    pub sep_labels: Option<Verbatim>,

    /// What stands between the annotations of the output; without it a line feed
    #[arg(long, value_name = "TEXT", value_parser = verbatim(), help_heading = "Outputs")]
    pub sep_annotations: Option<Verbatim>,

    /// Target of the bake files
    #[arg(long, value_name = "NAME", default_value = "docker-metadata-action", help_heading = "Outputs")]
    pub bake_target: String,

    /// Folder for the bake files; without it the runner's folder for files of the job, and no files where there is none
    #[arg(long, value_name = "FOLDER", help_heading = "Outputs")]
    pub bake_folder: Option<PathBuf>,

    /// `safe` lets a tag that several releases share move forward only, as ancestry and precedence have it; `upstream` does what docker/metadata-action does
    #[arg(long, value_enum, value_name = "safe|upstream", default_value = "safe", help_heading = "Safety")]
    pub latest: Mode,

    /// Folder of the repository whose tags say which release is the highest
    #[arg(long, value_name = "FOLDER", default_value = ".", help_heading = "Safety")]
    pub repo: PathBuf,

    /// How the versions in tags are written, for rules other than semver and pep440
    #[arg(
        long,
        value_enum,
        value_name = "semver|two-part|calendar",
        default_value = "semver",
        help_heading = "Safety"
    )]
    pub scheme: SchemeName,

    /// Give the tag of a major version before 1.0.0 as well: `0`, which every minor release may break
    #[arg(long, help_heading = "Safety")]
    pub zero_major: bool,

    /// Let a branch set `latest` and tags like a version, though there may be releases that have them
    #[arg(long, help_heading = "Safety")]
    pub latest_from_branches: bool,

    /// Add a digest to the tag of a branch wherever a character had to be replaced, so that `feature/x` and `feature-x` are two tags
    #[arg(long, help_heading = "Safety")]
    pub distinct_names: bool,

    /// Pass when no tag comes out
    #[arg(long, help_heading = "Safety")]
    pub allow_no_tag: bool,

    /// Reference of the run instead of what the CI says: refs/heads/main, refs/tags/v1.2.3, refs/pull/7/merge
    #[arg(long = "ref", value_name = "REFERENCE", help_heading = "Run")]
    pub reference: Option<String>,

    /// Event of the run instead of what the CI says: push, pull_request, schedule
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub event: Option<String>,

    /// Full id of the commit instead of what the CI says
    #[arg(long, value_name = "COMMIT", help_heading = "Run")]
    pub sha: Option<String>,

    /// Main branch of the repository instead of what the CI says
    #[arg(long, value_name = "BRANCH", help_heading = "Run")]
    pub default_branch: Option<String>,

    /// Branch a pull request goes to, or a tag was pushed from, instead of what the CI says
    #[arg(long, value_name = "BRANCH", help_heading = "Run")]
    pub base_ref: Option<String>,
}

fn verbatim() -> ValueParser {
    ValueParser::new(|text: &str| Ok::<_, Infallible>(Verbatim(text.to_owned())))
}

/// Where the reference and the commit come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// What the CI says
    Workflow,
    /// What is checked out
    Git,
}

/// Which tags are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Those that do not move backwards
    #[default]
    Safe,
    /// Those docker/metadata-action gives
    Upstream,
}
