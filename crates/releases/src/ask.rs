//! How a command line asks for a history, and what is worth saying of the one it gets: the same for every tool that reads releases.

use std::path::{Path, PathBuf};

use lw_conventional::Rules;
use lw_history::Repository;
use lw_model::{Finding, Level, Rule};
use lw_versions::{Family, Scheme};

use crate::catalogue::Catalogue;
use crate::error::ReleaseError;
use crate::read::Options;

/// How many names a finding lists.
const LISTED: usize = 8;

/// Exit code of a tool's run whose clone does not hold enough history.
pub const NOT_ENOUGH_HISTORY: u8 = 10;

/// Which history, and which tags of it are releases.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct HistoryArgs {
    /// Folder of the repository: its work tree, its `.git`, or a bare one
    #[arg(long, value_name = "FOLDER", default_value = ".", help_heading = "History")]
    pub repo: PathBuf,

    /// The commit releases are seen from
    #[arg(long, value_name = "REVISION", default_value = "HEAD", help_heading = "History")]
    pub head: String,

    /// What stands before the versions in the tags: `v`, `pkg@`, `sub/v`; without it `v`, nothing, or the only prefix there is
    #[arg(long, value_name = "PREFIX", help_heading = "History")]
    pub tag_prefix: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a text here would be that of the whole command")]
    pub written: SchemeArgs,
}

/// How versions are written.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct SchemeArgs {
    /// How versions are written
    #[arg(
        long,
        value_enum,
        value_name = "semver|two-part|calendar",
        default_value = "semver",
        help_heading = "History"
    )]
    pub scheme: SchemeName,
}

/// Which commits count, and how their messages are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommitArgs {
    /// Only commits that touch this folder or file; one per line, or repeated
    #[arg(long, value_name = "PATH", help_heading = "History")]
    pub path: Vec<String>,

    /// Follow first parents only: what was merged is the merge
    #[arg(long, help_heading = "History")]
    pub first_parent: bool,

    /// Count `BREAKING CHANGE #12` as breaking, which the specification denies and most programs grant
    #[arg(long, help_heading = "Messages")]
    pub hash_is_breaking: bool,
}

/// How versions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemeName {
    /// Semantic Versioning: 1.2.3
    #[default]
    Semver,
    /// Two numbers: 1.2
    TwoPart,
    /// Year and month: 2024.1
    Calendar,
}

impl From<SchemeName> for Scheme {
    fn from(name: SchemeName) -> Self {
        match name {
            SchemeName::Semver => Self::Semver,
            SchemeName::TwoPart => Self::TwoPart,
            SchemeName::Calendar => Self::Calendar,
        }
    }
}

impl HistoryArgs {
    /// How versions are written.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.written.scheme.into()
    }

    /// What they say of how to read, besides what is left as it is by default.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            scheme: self.scheme(),
            prefix: self.tag_prefix.clone(),
            head: self.head.clone(),
            ..Options::default()
        }
    }
}

impl CommitArgs {
    /// How messages are read.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules { hash_is_breaking: self.hash_is_breaking }
    }

    /// The options with what these say.
    #[must_use]
    pub fn refine(&self, options: Options) -> Options {
        Options { first_parent: self.first_parent, paths: self.path.clone(), rules: self.rules(), ..options }
    }
}

/// A tag is nearly a release.
pub const NEAR_TAG: Rule = Rule {
    id: "near-tag",
    level: Level::Warning,
    title: "A tag is nearly a release, but ends no section.",
    help: "Tag the commit with a version as the scheme has it, such as v1.2.3; or say with --scheme how versions are written.",
};

/// Tags are of other kinds.
pub const OTHER_TAGS: Rule = Rule {
    id: "other-tags",
    level: Level::Note,
    title: "Tags are no releases of this family, and end no section.",
    help: "Nothing, when that is meant. --tag-prefix chooses the family.",
};

/// A version sorts otherwise than it looks.
pub const ODD_VERSION: Rule = Rule {
    id: "odd-version",
    level: Level::Note,
    title: "A version is ordered otherwise than it looks.",
    help: "Write the number of a pre-release after a dot: rc.10.",
};

/// git would show another history.
pub const REPLACEMENTS: Rule = Rule {
    id: "replacements",
    level: Level::Note,
    title: "The repository has replacements of commits (refs/replace), which are not used.",
    help: "git shows the replacements, this does not: compare with `git --no-replace-objects log`.",
};

/// Opens the repository at a path.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn open(path: &Path) -> Result<Repository, ReleaseError> {
    Ok(Repository::open(path)?)
}

/// What `tool` says of a repository whose commits are replaced: [`REPLACEMENTS`].
#[must_use]
pub fn of_replacements(tool: &str, repository: &Repository) -> Option<Finding> {
    let count = repository.replacements();
    let (has, are) = if count == 1 { ("a commit is", "it is") } else { ("commits are", "they are") };
    let message = format!("{count} {has} replaced (refs/replace); {are} read as written");
    let rule = format!("{tool}/{}", REPLACEMENTS.id);
    (count > 0).then(|| Finding::new(rule, REPLACEMENTS.level, "replacements", message))
}

/// What `tool` says of the tags that end no section of a family: [`NEAR_TAG`], [`OTHER_TAGS`] and [`ODD_VERSION`].
#[must_use]
pub fn of_tags(tool: &str, catalogue: &Catalogue, family: &Family) -> Vec<Finding> {
    let mut findings = Vec::new();
    let finding = |rule: &Rule, key: &str, message: String| {
        Finding::new(format!("{tool}/{}", rule.id), rule.level, key, message)
    };
    for (name, why) in catalogue.near.iter().take(LISTED) {
        findings.push(finding(&NEAR_TAG, name, format!("the tag {name} ends no release: {why}")));
    }
    if let Some(more) = catalogue.near.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let message = format!("{more} more tags are nearly releases, and end none");
        findings.push(finding(&NEAR_TAG, "more", message));
    }
    let others = catalogue.families().into_iter().filter(|(other, _)| *other != family);
    let mut parts: Vec<String> =
        others.map(|(family, count)| format!("{count} of the family `{}`", family.0)).collect();
    if !catalogue.floating.is_empty() {
        parts.push(format!("{} that move ({})", catalogue.floating.len(), listed(catalogue.floating.iter())));
    }
    if !catalogue.others.is_empty() {
        let names = catalogue.others.iter().map(|(name, _)| name);
        parts.push(format!("{} of other names ({})", catalogue.others.len(), listed(names)));
    }
    if !parts.is_empty() {
        let most = parts.len();
        parts.truncate(LISTED);
        let more = if most > LISTED { " and others" } else { "" };
        let message = format!("tags that end no release here: {}{more}", parts.join(", "));
        findings.push(finding(&OTHER_TAGS, "tags", message));
    }
    let odd = catalogue.of(family).filter_map(|release| Some((release, release.version.suspicion()?)));
    for (release, why) in odd.take(LISTED) {
        findings.push(finding(&ODD_VERSION, &release.tag, format!("{}: {why}", release.tag)));
    }
    findings
}

/// A family as people read it.
#[must_use]
pub fn family_name(family: &Family) -> String {
    if family.0.is_empty() { "versions without a prefix".into() } else { family.0.clone() }
}

/// The first names of a list, and how many more there are.
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let names: Vec<&str> = names.take(LISTED).map(String::as_str).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}
