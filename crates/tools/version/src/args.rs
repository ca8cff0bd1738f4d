//! The arguments of version; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

use lw_releases::{CommitArgs, HistoryArgs, SchemeArgs};
use lw_versions::Zero;

/// Arguments of version.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Say which version a commit is
    Show(Box<Show>),
    /// Say which version comes next, by what the commits since the last one changed
    Next(Box<Next>),
    /// Hand the version, the time and the commit to a build
    Env(Box<Env>),
    /// Write a version into all files of the project that hold one
    Bump(Box<Bump>),
    /// Look whether all files of the project hold the same version, and that of the tag
    Check(Box<Check>),
    /// Make the annotated tag of a version with the installed git, and push it
    Tag(Box<Tag>),
}

/// Which commit, and what it is before the first release.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct State {
    #[command(flatten)]
    pub history: HistoryArgs,

    /// The first version, for a history that has no release yet; without it such a history is an error
    #[arg(long, value_name = "VERSION", help_heading = "History")]
    pub initial_version: Option<String>,

    /// Look whether the work tree is as it was committed: what differs makes the version end in `dirty`. Bytes are compared, and no filter of the repository is run
    #[arg(long, help_heading = "History")]
    pub dirty: bool,
}

/// Arguments of `show`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Show {
    #[command(flatten)]
    pub state: State,
}

/// Arguments of `next`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Next {
    #[command(flatten)]
    pub history: HistoryArgs,

    #[command(flatten)]
    pub commits: CommitArgs,

    /// The first version, for a history that has no release yet; without it such a history is an error
    #[arg(long, value_name = "VERSION", help_heading = "History")]
    pub initial_version: Option<String>,

    #[command(flatten)]
    pub channel: Channel,

    /// What changes make of a version 0.x
    #[arg(
        long,
        value_enum,
        value_name = "minor|shift|major",
        default_value = "minor",
        help_heading = "Version"
    )]
    pub zero_major: ZeroMajor,
}

/// What changes make of a version 0.x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ZeroMajor {
    /// What breaks and what is added make a minor release: 1.0.0 is a decision
    #[default]
    Minor,
    /// What breaks makes a minor release, what is added a patch release
    Shift,
    /// What breaks makes 1.0.0
    Major,
}

impl From<ZeroMajor> for Zero {
    fn from(zero: ZeroMajor) -> Self {
        match zero {
            ZeroMajor::Minor => Self::Minor,
            ZeroMajor::Shift => Self::Shift,
            ZeroMajor::Major => Self::Major,
        }
    }
}

/// Arguments of `env`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Env {
    #[command(flatten)]
    pub state: State,

    /// How the names of the variables and macros begin
    #[arg(long, value_name = "PREFIX", default_value = "BUILD_", help_heading = "Build")]
    pub env_prefix: String,

    /// Set PLATFORMIO_BUILD_FLAGS for the steps that follow, so that every build with PlatformIO has the macros
    #[arg(long, help_heading = "Build")]
    pub platformio: bool,
}

/// Which pre-release.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Channel {
    /// A pre-release that leads to the next version, by the name of its channel: `rc`, `beta`
    #[arg(long, value_name = "NAME", help_heading = "Version")]
    pub pre_release: Option<String>,
}

/// Which files.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Files {
    /// File that holds the version; globs are allowed; one per line, or repeated. Without any, those of the folder of the run that are known by their names, but no headers. The lock file beside a manifest goes with it
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub file: Vec<String>,

    /// The option of platformio.ini that holds the version; `-DNAME` for a macro of its flags
    #[arg(long, value_name = "KEY", default_value = "custom_version", help_heading = "Files")]
    pub platformio_key: String,

    /// Which macros of headers hold the version: `APP_VERSION` for that and `APP_VERSION_MAJOR` and so on; needed where there are several
    #[arg(long, value_name = "NAME", help_heading = "Files")]
    pub version_macro: Option<String>,
}

/// Which version.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct To {
    /// The version, without a prefix. Of `bump` also `major`, `minor`, `patch`, `pre`, `premajor`, `preminor`, `prepatch` or `release`, seen from the one the files have; of `tag` without it the one the files have
    #[arg(value_name = "VERSION")]
    pub to: Option<String>,
}

/// Arguments of `bump`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Bump {
    #[command(flatten)]
    pub to: To,

    #[command(flatten)]
    pub files: Files,

    #[command(flatten)]
    pub written: SchemeArgs,

    #[command(flatten)]
    pub channel: Channel,

    /// Change nothing, and say what would be changed
    #[arg(long, help_heading = "Files")]
    pub dry_run: bool,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Check {
    #[command(flatten)]
    pub files: Files,

    #[command(flatten)]
    pub written: SchemeArgs,

    /// Tag whose version the files have to hold; without it that of the run, when a CI runs for a tag; `none` to compare the files with each other only
    #[arg(long, value_name = "TAG", help_heading = "Version")]
    pub tag: Option<String>,
}

/// Arguments of `tag`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Tag {
    #[command(flatten)]
    pub to: To,

    #[command(flatten)]
    pub history: HistoryArgs,

    #[command(flatten)]
    pub files: Files,

    /// Text of the tag; without it `Release VERSION`
    #[arg(long, value_name = "TEXT", help_heading = "Tag")]
    pub message: Option<String>,

    /// Sign the tag with the key that git is configured with; without it git signs where `tag.gpgSign` says so
    #[arg(long, help_heading = "Tag")]
    pub sign: bool,

    /// Who makes the tag, as `Name <address>`; without it whom git is configured with
    #[arg(long, value_name = "PERSON", help_heading = "Tag")]
    pub tagger: Option<String>,

    /// Push the tag; what cannot be pushed as a whole leaves neither here nor there a tag that was not there before
    #[arg(long, help_heading = "Push")]
    pub push: bool,

    /// Name of the remote
    #[arg(long, value_name = "NAME", default_value = "origin", help_heading = "Push")]
    pub remote: String,

    /// Branch of the remote that the tagged commit is pushed to as well, together with the tag or not at all
    #[arg(long, value_name = "BRANCH", help_heading = "Push")]
    pub push_branch: Option<String>,

    /// Sign and push also where the CI does not say who started the run; never where it is known to be a fork's
    #[arg(long, help_heading = "Push")]
    pub allow_unknown_run: bool,
}
