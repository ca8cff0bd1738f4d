//! The releases that are wanted, with their entries.

use std::sync::Arc;

use lw_conventional::{Message, Rules};
use lw_history::{End, Extent, Log, LogRequest, Repository, Section};
use lw_model::lists::sort_by_key;
use lw_versions::{Bump, Family, Scheme, Version};

use crate::catalogue::{Catalogue, TaggedRelease};
use crate::entries::{Entry, Fate, Messages, bump_of};
use crate::error::ReleaseError;

/// Which releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Those the head contains, and what is not released.
    Head,
    /// Those of every line, and what is not released at the head.
    AllLines,
    /// The release of a tag.
    Tag(String),
    /// What the head has since a tag, as one release that is not there yet.
    Since(String),
    /// What no release has.
    Unreleased,
}

/// Where pre-releases have their commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreReleases {
    /// In sections of their own, and a final release that is asked for alone spans from the final one before.
    #[default]
    Auto,
    /// In sections of their own.
    Own,
    /// In the final release they lead to.
    Fold,
}

/// What is kept of the texts of commits. A long history takes half the memory without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All of them.
    #[default]
    Texts,
    /// First lines and footers.
    Lines,
    /// What is told: headers, what breaks, and footers with one of these tokens. And first lines of what is nearly something else.
    Told(&'static [&'static str]),
}

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    /// How versions are written.
    pub scheme: Scheme,
    /// What stands before the versions; without it the usual family.
    pub prefix: Option<String>,
    /// The commit releases are seen from.
    pub head: String,
    /// Follow first parents only.
    pub first_parent: bool,
    /// Only commits that touch one of these folders or files; all without one.
    pub paths: Vec<String>,
    /// How messages are read.
    pub rules: Rules,
    /// Take squashed messages apart.
    pub expand_squash: bool,
    /// Where pre-releases have their commits.
    pub pre_releases: PreReleases,
    /// What is kept of the texts of commits.
    pub keep: Keep,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scheme: Scheme::default(),
            prefix: None,
            head: "HEAD".to_owned(),
            first_parent: false,
            paths: Vec::new(),
            rules: Rules::default(),
            expand_squash: false,
            pre_releases: PreReleases::default(),
            keep: Keep::Texts,
        }
    }
}

/// A release, or what is not released.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its tag and version; `None` for what is not released.
    pub tag: Option<(String, Version)>,
    /// Full id of its commit.
    pub commit: String,
    /// When that was committed, in seconds since 1970.
    pub time: i64,
    /// Tag of the release before, on the same line.
    pub previous: Option<String>,
    /// What it holds, the newest first.
    pub entries: Vec<Entry>,
}

impl Release {
    /// What its entries ask of the next version.
    #[must_use]
    pub fn bump(&self) -> Bump {
        let told = self.entries.iter().filter(|entry| entry.fate == Fate::Told);
        told.map(|entry| bump_of(&entry.message)).max().unwrap_or_default()
    }

    /// How many commits have a fate.
    #[must_use]
    pub fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.entries.iter().filter(|entry| is(&entry.fate)).count()
    }
}

/// Releases, the newest first, and the log they are from.
#[derive(Clone, Debug)]
pub struct Releases {
    /// The family they are of.
    pub family: Family,
    /// The releases.
    pub releases: Vec<Release>,
    /// Their commits.
    pub log: Log,
    /// For each commit of the log the tag that had it first, where several releases were read; `None` when it is not released.
    pub first_in: Vec<Option<Arc<str>>>,
}

/// Reads the releases that are wanted.
///
/// # Errors
/// When a tag is none, the clone does not hold enough history to be sure of a release, or the repository cannot be read.
pub fn releases(
    repository: &Repository,
    catalogue: &Catalogue,
    want: &Want,
    options: &Options,
) -> Result<Releases, ReleaseError> {
    let (family, asked) = match want {
        Want::Tag(tag) | Want::Since(tag) => {
            let release = catalogue.release(tag)?;
            (release.family.clone(), Some(release))
        }
        _ => (catalogue.family(options.prefix.as_deref())?, None),
    };
    let head = || repository.resolve(&options.head);
    let fold = match (options.pre_releases, want, asked) {
        (PreReleases::Fold, ..) => true,
        (PreReleases::Auto, Want::Tag(_), Some(release)) => release.version.is_final(),
        _ => false,
    };
    let counts = |release: &&TaggedRelease| !fold || release.version.is_final();
    let mut tags: Vec<&TaggedRelease> = match want {
        Want::Since(_) => asked.into_iter().collect(),
        _ => catalogue.of(&family).filter(counts).collect(),
    };
    if let (Want::Tag(_), Some(release)) = (want, asked)
        && fold
        && !release.version.is_final()
    {
        tags.push(release);
    }
    let end = |commit: &str| End { commit: commit.to_owned(), family: 0 };
    let mut ends: Vec<End> = tags.iter().map(|release| end(&release.commit)).collect();
    let extent = match want {
        Want::Tag(_) => {
            let at = tags.iter().position(|release| asked.is_some_and(|asked| asked.tag == release.tag));
            Extent::One(at.unwrap_or_default())
        }
        _ => {
            let head = head()?;
            ends.push(end(&head));
            match want {
                Want::Head => Extent::ReachableFrom(head),
                Want::AllLines => Extent::All,
                _ => Extent::One(tags.len()),
            }
        }
    };
    let request =
        LogRequest { ends, extent, paths: options.paths.clone(), first_parent: options.first_parent };
    let (log, parsed) = repository.log_with(&request, |text| {
        let mut message = Message::parse(&text, options.rules);
        match options.keep {
            Keep::Texts => return (Arc::new(message), text.into_owned()),
            Keep::Lines => message.forget_body(),
            Keep::Told(footers) => message.keep_told(footers),
        }
        (Arc::new(message), String::new())
    })?;
    let name = |place: usize| tags.get(place).map_or("what is not released", |release| release.tag.as_str());
    if let Extent::One(which) = &request.extent
        && log.sections.get(*which).is_none_or(Option::is_none)
    {
        return Err(ReleaseError::NotEnoughHistory {
            what: name(*which).to_owned(),
            why: "its commit is not in this clone".to_owned(),
        });
    }
    for (place, section) in log.sections.iter().enumerate() {
        enough(name(place), section.as_ref())?;
    }
    if let (Want::Since(tag), Some(Some(section))) = (want, log.sections.last())
        && section.after.is_empty()
    {
        return Err(ReleaseError::NotContained { tag: tag.clone(), head: options.head.clone() });
    }
    let messages = Messages::of(&log, parsed, options.rules);
    let mut releases = Vec::new();
    for (place, section) in log.sections.iter().enumerate() {
        let Some(section) = section else { continue };
        let release = tags.get(place);
        let commit = request.ends.get(place).map(|end| end.commit.clone()).unwrap_or_default();
        let touching: Vec<u32> = section
            .commits
            .iter()
            .copied()
            .filter(|place| {
                let touches = log.commits.get(*place as usize).map(|commit| !commit.touches.is_empty());
                options.paths.is_empty() || touches.unwrap_or(false)
            })
            .collect();
        let entries = messages.entries(&touching, options.expand_squash);
        let tag = release.map(|release| (release.tag.clone(), release.version.clone()));
        if tag.is_none() && entries.is_empty() && matches!(want, Want::Head | Want::AllLines) {
            continue;
        }
        let previous = previous(section, &tags);
        releases.push((section.rank, Release { tag, commit, time: section.time, previous, entries }));
    }
    // By where they stand in history; of those on one commit the higher first, and what is not released before all.
    releases.reverse();
    sort_by_key(&mut releases, |(rank, release)| (release.tag.is_some(), *rank));
    let releases = releases.into_iter().map(|(_, release)| release).collect();
    let several = matches!(want, Want::Head | Want::AllLines);
    let first_in = if several { first_in(&log, &tags) } else { Vec::new() };
    Ok(Releases { family, releases, log, first_in })
}

/// Refuses a section that may hold more or less than the clone shows.
fn enough(what: &str, section: Option<&Section>) -> Result<(), ReleaseError> {
    match section.and_then(|section| section.cut.as_deref()) {
        None => Ok(()),
        Some(cut) => Err(ReleaseError::NotEnoughHistory {
            what: what.to_owned(),
            why: format!("the clone is shallow and ends at {}", cut.get(..12).unwrap_or(cut)),
        }),
    }
}

/// The release before: of those that the section follows the highest, since several are there only where lines were merged.
fn previous(section: &Section, tags: &[&TaggedRelease]) -> Option<String> {
    // Tags come in the order of precedence.
    let highest = section.after.iter().max()?;
    tags.get(*highest).map(|release| release.tag.clone())
}

/// The tag that had each commit first: of those that hold it the one that is the oldest in history.
fn first_in(log: &Log, tags: &[&TaggedRelease]) -> Vec<Option<Arc<str>>> {
    let names: Vec<Arc<str>> = tags.iter().map(|release| Arc::from(release.tag.as_str())).collect();
    let mut first: Vec<Option<(u32, usize)>> = vec![None; log.commits.len()];
    for (place, section) in log.sections.iter().enumerate().filter(|(place, _)| *place < tags.len()) {
        let Some(section) = section else { continue };
        for commit in &section.commits {
            if let Some(slot) = first.get_mut(*commit as usize)
                && slot.is_none_or(|(rank, _)| rank < section.rank)
            {
                *slot = Some((section.rank, place));
            }
        }
    }
    first.into_iter().map(|slot| slot.and_then(|(_, place)| names.get(place).cloned())).collect()
}
