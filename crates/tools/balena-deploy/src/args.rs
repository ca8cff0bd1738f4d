//! The arguments of balena-deploy; their doc comments are what users read.

use std::path::PathBuf;

use lw_cli::KeyedLimit;
use lw_rollout::Share;
use lw_secret::SecretSource;

/// Arguments of balena-deploy.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Build a source as a draft, roll it out in waves, and go back when it fails
    Deploy(Box<Deploy>),
    /// Say who would get a release in which wave, and every call that would be made; send nothing
    Plan(Box<Rollout>),
    /// Say how each device stands
    Status(Box<Look>),
    /// Go on with a rollout, also after a pause
    Resume(Box<Rollout>),
    /// Go on to the next wave, whatever the verdict on this one
    Promote(Box<Rollout>),
    /// Stop a rollout, to be resumed
    Pause(Box<Look>),
    /// End a rollout where it is, and leave everything as it is
    Abort(Box<Look>),
    /// Give every device back what it was pinned to, and withdraw the release; of one that no rollout is known of, give the fleet the last good one back
    Rollback(Box<Rollback>),
    /// Pin devices to a release
    Pin(Box<Pin>),
    /// Let devices follow their fleet again
    Unpin(Box<Unpin>),
    /// Say how a fleet is: who is offline for long, and whose updates fail again and again
    Watch(Box<Watch>),
    /// Say what of a source would be sent, and hold it to limits; no token is needed, and nothing is sent
    Check(Box<Check>),
}

/// Where the fleet is, and who asks.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Where {
    /// Slug of the fleet: `organization/fleet`
    #[arg(long, value_name = "SLUG", help_heading = "Balena")]
    pub fleet: Option<String>,

    /// Where the token is: `env:NAME`, `fd:N`, `-` for standard input, or a file; without it the variable BALENA_TOKEN
    #[arg(long, value_name = "SOURCE", help_heading = "Balena")]
    pub balena_token: Option<SecretSource>,

    /// Domain of the Balena: that of one's own openBalena
    #[arg(long, value_name = "DOMAIN", default_value = "balena-cloud.com", help_heading = "Balena")]
    pub environment: String,
}

/// Which release.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Which {
    /// The release: its id, its commit, the beginning of that, or its version. With `deploy` nothing is built then; `rollback` finds it where it is not named
    #[arg(long, value_name = "RELEASE", help_heading = "Balena")]
    pub release: Option<String>,
}

/// What a rollout of which nothing is decided needs.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Look {
    #[command(flatten)]
    pub at: Where,

    #[command(flatten)]
    pub which: Which,

    #[command(flatten)]
    pub judged: Judged,

    #[command(flatten)]
    pub journal: JournalFile,
}

/// Arguments of `rollback`.
#[derive(Clone, Debug, clap::Args)]
pub struct Rollback {
    #[command(flatten)]
    pub look: Look,

    /// The release that the fleet goes back to; without it what it had before the rollout, or else the last good one
    #[arg(long, value_name = "RELEASE", help_heading = "Rollout")]
    pub to: Option<String>,

    #[command(flatten)]
    pub back: Back,
}

/// How a rollout goes back.
#[derive(Clone, Debug, clap::Args)]
pub struct Back {
    /// How many seconds a rollback may take
    #[arg(long, value_name = "SECONDS", default_value = "1800", help_heading = "Rollout")]
    pub rollback_within: u64,

    /// How many seconds lie between two looks at the fleet
    #[arg(long, value_name = "SECONDS", default_value = "30", help_heading = "Rollout")]
    pub look_every: u64,
}

/// Which devices are healthy.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Judged {
    /// Value of `overall_status` of a device that is healthy; one per line, or repeated. `reduced-functionality` is that of devices without VPN
    #[arg(long, value_name = "STATUS", default_values = ["operational"], help_heading = "Rollout")]
    pub healthy_status: Vec<String>,
}

/// Where the journal is kept.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct JournalFile {
    /// File for the journal, one JSON object per line: what was intended and what came of it. It is for people; nothing needs it to go on
    #[arg(long, value_name = "FILE", help_heading = "Rollout")]
    pub journal: Option<PathBuf>,
}

/// The git tag of a release.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Tagging {
    /// Tag the commit that the release was built of with its version, on GitHub, once everybody has the release
    #[arg(long, aliases = ["create_tag", "create_ref"], help_heading = "Git tag")]
    pub create_tag: bool,

    /// Where the token for that is: `env:NAME`, `fd:N`, `-` or a file; without it the variable GITHUB_TOKEN. It needs `contents: write`
    #[arg(long, value_name = "SOURCE", help_heading = "Git tag")]
    pub github_token: Option<SecretSource>,
}

/// How a rollout goes.
#[derive(Clone, Debug, clap::Args)]
pub struct Rollout {
    #[command(flatten)]
    pub at: Where,

    #[command(flatten)]
    pub which: Which,

    #[command(flatten)]
    pub judged: Judged,

    #[command(flatten)]
    pub journal: JournalFile,

    #[command(flatten)]
    pub how: How,

    #[command(flatten)]
    pub tagging: Tagging,
}

/// How a rollout goes.
#[derive(Clone, Debug, clap::Args)]
pub struct How {
    /// How many percent of the devices have the release after each wave, up to 100; one per line, or repeated
    #[arg(long, value_name = "PERCENT", default_values = ["5", "25", "50", "100"], help_heading = "Rollout")]
    pub step: Vec<Share>,

    /// How many seconds all has to be well before the next wave
    #[arg(long, value_name = "SECONDS", default_value = "900", help_heading = "Rollout")]
    pub bake: u64,

    /// How many percent of the devices of a wave may fail
    #[arg(long, value_name = "PERCENT", default_value = "0", help_heading = "Rollout")]
    pub max_failed: Share,

    /// How many devices have to pass or fail for a verdict on a wave
    #[arg(long, value_name = "COUNT", default_value = "1", help_heading = "Rollout")]
    pub min_samples: usize,

    /// How many seconds a device has at least to run the release; two of its own polls and a download when that is more
    #[arg(long, value_name = "SECONDS", default_value = "1200", help_heading = "Rollout")]
    pub device_timeout: u64,

    #[command(flatten)]
    pub back: Back,

    /// What follows when a wave has failed
    #[arg(long, value_enum, default_value = "rollback", help_heading = "Rollout")]
    pub on_failure: Reaction,

    /// What follows when the run is cancelled
    #[arg(long, value_enum, default_value = "pause", help_heading = "Rollout")]
    pub on_cancel: Reaction,

    /// How many seconds to stay; then the run ends with exit code 15, and `resume` goes on
    #[arg(long, value_name = "SECONDS", help_heading = "Rollout")]
    pub wait_at_most: Option<u64>,

    /// Begin although there is nothing to go back to
    #[arg(long, help_heading = "Rollout")]
    pub first: bool,

    /// Roll out a release again that was rolled back or aborted
    #[arg(long, help_heading = "Rollout")]
    pub again: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Reaction {
    /// Everything goes back
    #[default]
    Rollback,
    /// Everything stays as it is, for a person to decide
    Pause,
}

/// Arguments of `deploy`.
#[derive(Clone, Debug, clap::Args)]
pub struct Deploy {
    #[command(flatten)]
    pub at: Where,

    #[command(flatten)]
    pub which: Which,

    #[command(flatten)]
    pub build: Build,

    #[command(flatten)]
    pub judged: Judged,

    #[command(flatten)]
    pub journal: JournalFile,

    #[command(flatten)]
    pub how: How,

    #[command(flatten)]
    pub tagging: Tagging,
}

/// What is sent.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Contents {
    /// Folder of the source, or a tarball of it, which may be gzipped
    #[arg(long, value_name = "PATH", default_value = ".", help_heading = "Build")]
    pub source: PathBuf,

    /// The Dockerfile, by its path in the source
    #[arg(long, value_name = "PATH", help_heading = "Build")]
    pub dockerfile: Option<String>,

    /// Each service has its own `.dockerignore`
    #[arg(long, alias = "multi_dockerignore", help_heading = "Build")]
    pub multi_dockerignore: bool,
}

/// What is built, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Build {
    #[command(flatten)]
    pub contents: Contents,

    /// Version of the release, such as 1.2.3 or v1.2.3; without it that of `balena.yml` in the source
    // `version` is the identifier of the flag that every program has.
    #[arg(id = "build_version", long = "version", value_name = "VERSION", help_heading = "Build")]
    pub version: Option<String>,

    /// Use the release that was built of the same commit before, instead of building it again
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "true|false", help_heading = "Build")]
    pub cache: bool,

    /// Use the layers of earlier builds
    #[arg(long, alias = "layer_cache", default_value_t = true, action = clap::ArgAction::Set, value_name = "true|false", help_heading = "Build")]
    pub layer_cache: bool,

    /// Where the credentials of private registries are, as JSON: `env:NAME`, `fd:N`, `-` or a file
    #[arg(long, value_name = "SOURCE", help_heading = "Build")]
    pub registry_secrets: Option<SecretSource>,

    /// Build only, and leave the release a draft, as it is always done for a pull request
    #[arg(long, help_heading = "Build")]
    pub draft: bool,

    /// Roll the release out once it is built; `false` is the same as --draft
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "true|false", help_heading = "Build")]
    pub finalize: bool,

    /// Leave as soon as the build has begun; a run of the same commit takes the release up
    #[arg(long, help_heading = "Build")]
    pub detached: bool,

    /// How many seconds a build may take
    #[arg(long, value_name = "SECONDS", default_value = "7200", help_heading = "Build")]
    pub build_timeout: u64,
}

/// Arguments of `pin`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Pin {
    #[command(flatten)]
    pub at: Where,

    #[command(flatten)]
    pub which: Which,

    /// Device, by its uuid or the beginning of that; one per line, or repeated
    #[arg(long, value_name = "UUID", help_heading = "Devices")]
    pub device: Vec<String>,
}

/// Arguments of `unpin`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Unpin {
    #[command(flatten)]
    pub at: Where,

    /// Device, by its uuid or the beginning of that; one per line, or repeated
    #[arg(long, value_name = "UUID", help_heading = "Devices")]
    pub device: Vec<String>,
}

/// Arguments of `watch`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Watch {
    #[command(flatten)]
    pub at: Where,

    /// How many seconds a device may be offline
    #[arg(long, value_name = "SECONDS", default_value = "3600", help_heading = "Watch")]
    pub offline_after: u64,

    /// How many times a device may try a failed update again; counted from one run to the next, by --baseline
    #[arg(long, value_name = "COUNT", default_value = "2", help_heading = "Watch")]
    pub max_retries: u64,

    #[command(flatten)]
    pub limits: Limits,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Check {
    #[command(flatten)]
    pub contents: Contents,

    #[command(flatten)]
    pub limits: Limits,
}

/// Limits on measures.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Limits {
    /// Upper limit of a measure: devices.offline=3, source.bytes=warn:50MiB,fail:200MiB; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max: Vec<KeyedLimit>,
}
