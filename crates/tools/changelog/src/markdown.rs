//! A changelog, a changelog as keepachangelog.com has it, and the body of a release.

use std::fmt::Write as _;

use lw_releases::{Entry, Fate, Release, Releases, utc_date};

use crate::args::ChangelogFormat;
use crate::contributors::Newcomer;
use crate::escape;
use crate::groups::{self, Group};
use crate::pulls::Pulls;

/// The most that GitHub takes as the body of a release. It says characters; UTF-16 units are never fewer.
pub(crate) const GITHUB_LIMIT: usize = 125_000;

/// Most characters of a description, and of what it says of a breaking change.
const LINE: usize = 1_000;
const BLOCK: usize = 10_000;

/// What is kept free for what stands at the end.
const RESERVE: usize = 700;

/// What was written.
pub(crate) struct Written {
    pub(crate) text: String,
    /// How many entries did not fit.
    pub(crate) left_out: usize,
    /// How many were told.
    pub(crate) told: usize,
}

/// How to write.
pub(crate) struct Style<'a> {
    pub(crate) format: ChangelogFormat,
    /// Address of the repository, without a `/` at its end.
    pub(crate) url: Option<&'a str>,
    /// Most UTF-16 units.
    pub(crate) most: Option<usize>,
    /// Pull requests, as far as they are known.
    pub(crate) pulls: Option<&'a Pulls>,
    /// Of each release who contributed for the first time, where that was asked for.
    pub(crate) newcomers: &'a [Vec<Newcomer>],
}

struct Writer<'a> {
    found: &'a Releases,
    style: &'a Style<'a>,
    out: String,
    units: usize,
    told: usize,
    left_out: usize,
    /// Headings that stand only if something does under them.
    pending: Vec<String>,
}

/// What stands above the releases.
pub(crate) fn title(format: ChangelogFormat) -> &'static str {
    match format {
        ChangelogFormat::KeepAChangelog => {
            "# Changelog\n\nWhat changed for those who use this, in the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n"
        }
        ChangelogFormat::Github => "",
        _ => "# Changelog\n",
    }
}

fn writer<'a>(found: &'a Releases, style: &'a Style<'a>) -> Writer<'a> {
    Writer { found, style, out: String::new(), units: 0, told: 0, left_out: 0, pending: Vec::new() }
}

/// Writes the releases.
pub(crate) fn write(found: &Releases, style: &Style<'_>) -> Written {
    let mut writer = writer(found, style);
    writer.keep(title(style.format));
    for (place, release) in found.releases.iter().enumerate() {
        writer.release(place, release);
    }
    writer.foot();
    Written { text: writer.out, left_out: writer.left_out, told: writer.told }
}

/// A release by itself.
pub(crate) struct SectionText {
    /// Its heading and what stands below.
    pub(crate) text: String,
    /// How commits would be told that are not: they were, as long as nothing took them back.
    pub(crate) gone: Vec<String>,
    /// Where the name of the release leads to, if anywhere.
    pub(crate) link: Option<String>,
}

/// Each release by itself, without what stands above and below all of them.
pub(crate) fn sections(found: &Releases, style: &Style<'_>) -> Vec<SectionText> {
    let of = |(place, release): (usize, &Release)| {
        let mut writer = writer(found, style);
        writer.release(place, release);
        let gone = release.entries.iter().filter(|entry| entry.fate != Fate::Told);
        let gone = gone.flat_map(|entry| [writer.item(entry), writer.breaks(entry)]).flatten().collect();
        let keep = style.format == ChangelogFormat::KeepAChangelog;
        let link = style.url.filter(|_| keep).map(|url| target(url, release));
        SectionText { text: writer.out, gone, link }
    };
    found.releases.iter().enumerate().map(of).collect()
}

impl Writer<'_> {
    fn keep(&mut self, text: &str) {
        self.units += text.encode_utf16().count();
        self.out.push_str(text);
    }

    /// Adds an entry with the headings above it, if there is room; from the first one without room on none is added.
    fn entry(&mut self, text: &str, counts: bool) {
        let heads: String = self.pending.concat();
        let units = heads.encode_utf16().count() + text.encode_utf16().count();
        if self.left_out > 0 || self.style.most.is_some_and(|most| self.units + units + RESERVE > most) {
            self.left_out += usize::from(counts);
            return;
        }
        self.pending.clear();
        self.told += usize::from(counts);
        self.units += units;
        self.out.push_str(&heads);
        self.out.push_str(text);
    }

    fn release(&mut self, place: usize, release: &Release) {
        let heading = self.heading(release);
        self.pending = vec![];
        match self.style.format {
            // The page of the release has the title already, unless several stand on it.
            ChangelogFormat::Github if self.found.releases.len() == 1 => {}
            _ => {
                let gap = if self.out.is_empty() { "" } else { "\n" };
                let text = format!("{gap}## {heading}\n");
                if self.left_out == 0
                    && self.style.most.is_none_or(|most| self.units + text.len() + RESERVE <= most)
                {
                    self.keep(&text);
                }
            }
        }
        let told: Vec<&Entry> = release.entries.iter().filter(|entry| entry.fate == Fate::Told).collect();
        self.breaking(&told);
        self.migration(&told);
        let groups = match self.style.format {
            ChangelogFormat::KeepAChangelog => groups::KEEP_A_CHANGELOG,
            _ => groups::BY_TYPE,
        };
        let mut grouped: Vec<Vec<&Entry>> = vec![Vec::new(); groups.len()];
        for entry in told {
            let group = groups::of_entry(entry, groups);
            let place = group.and_then(|group| groups.iter().position(|one| std::ptr::eq(one, group)));
            if let Some(list) = place.and_then(|place| grouped.get_mut(place)) {
                list.push(entry);
            }
        }
        for (group, entries) in groups.iter().zip(&grouped) {
            self.group(group, entries);
        }
        self.newcomers(self.style.newcomers.get(place).map(Vec::as_slice).unwrap_or_default());
    }

    /// What the reader has to do, before everything else.
    fn breaking(&mut self, told: &[&Entry]) {
        self.open("Breaking changes");
        for entry in told {
            if let Some(text) = self.breaks(entry) {
                self.entry(&text, false);
            }
        }
        self.pending.clear();
    }

    /// How to get over it: the footers that say so.
    fn migration(&mut self, told: &[&Entry]) {
        self.open("Migration");
        for entry in told {
            let is_one = |token: &str| groups::MIGRATION.iter().any(|one| token.eq_ignore_ascii_case(one));
            for footer in entry.message.footers.iter().filter(|footer| is_one(&footer.token)) {
                let (scope, links) = (self.scope(entry), self.links(entry));
                let text = format!("- {scope}{}{links}\n", escape::block(&footer.value, "  ", BLOCK));
                self.entry(&text, false);
            }
        }
        self.pending.clear();
    }

    fn newcomers(&mut self, new: &[Newcomer]) {
        self.open("New contributors");
        for one in new {
            let host = self.style.url.and_then(host);
            let who = match (&one.login, host) {
                (Some(login), Some(host)) if !login.ends_with("[bot]") => {
                    format!("[{login}]({host}/{login})")
                }
                (Some(login), _) => escape::line(login, LINE),
                (None, _) => escape::line(&one.name, LINE),
            };
            let first = one.pull.map(|pull| format!(" in {}", self.pull(pull))).unwrap_or_default();
            self.entry(&format!("- {who}{first}\n"), false);
        }
        self.pending.clear();
    }

    fn group(&mut self, group: &'static Group, entries: &[&Entry]) {
        self.open(group.title);
        for entry in entries {
            if let Some(text) = self.item(entry) {
                self.entry(&text, true);
            }
        }
        self.pending.clear();
    }

    fn item(&self, entry: &Entry) -> Option<String> {
        let text = escape::line(entry.header()?.pull().0, LINE);
        Some(format!("- {}{text}{}\n", self.scope(entry), self.links(entry)))
    }

    fn breaks(&self, entry: &Entry) -> Option<String> {
        let text = escape::block(entry.message.breaking.as_deref()?, "  ", BLOCK);
        Some(format!("- {}{text}{}\n", self.scope(entry), self.links(entry)))
    }

    fn open(&mut self, title: &str) {
        let gap = if self.out.is_empty() { "" } else { "\n" };
        self.pending = vec![format!("{gap}### {title}\n\n")];
    }

    fn scope(&self, entry: &Entry) -> String {
        let scope = entry.header().and_then(|header| header.scope.as_deref());
        scope.map(|scope| format!("**{}:** ", escape::line(scope, 100))).unwrap_or_default()
    }

    /// The pull request and the commit.
    fn links(&self, entry: &Entry) -> String {
        let id =
            self.found.log.commits.get(entry.place as usize).map(lw_history::Commit::id).unwrap_or_default();
        let short = id.get(..8).unwrap_or(&id);
        match (entry.pull, self.style.url) {
            (Some(pull), _) => {
                let author = self.style.pulls.and_then(|pulls| pulls.get(pull)?.login.as_deref());
                let author = author.filter(|_| self.style.format == ChangelogFormat::Github);
                // Without an `@` nobody is written to.
                let by = author.map(|login| format!(" by {}", escape::line(login, LINE))).unwrap_or_default();
                format!(" ({}{by})", self.pull(pull))
            }
            (None, Some(url)) => format!(" ([{short}]({url}/commit/{id}))"),
            (None, None) => format!(" ({short})"),
        }
    }

    fn pull(&self, number: u64) -> String {
        match self.style.url {
            Some(url) => format!("[#{number}]({url}/pull/{number})"),
            None => format!("#{number}"),
        }
    }

    fn heading(&self, release: &Release) -> String {
        let keep = self.style.format == ChangelogFormat::KeepAChangelog;
        match &release.tag {
            None if keep => "[Unreleased]".to_owned(),
            None => "Unreleased".to_owned(),
            Some((_, version)) if keep => {
                let version = version.to_string();
                let version = if self.style.url.is_some() { format!("[{version}]") } else { version };
                format!("{version} - {}", utc_date(release.time))
            }
            Some((tag, _)) => format!("{} ({})", escape::line(tag, LINE), utc_date(release.time)),
        }
    }

    fn foot(&mut self) {
        if self.left_out > 0 {
            let (entries, are) = if self.left_out == 1 { ("entry", "is") } else { ("entries", "are") };
            let text = format!("\n… {} more {entries} {are} left out here.\n", self.left_out);
            self.keep(&text);
        }
        let Some(url) = self.style.url else { return };
        let limit = self.style.most.unwrap_or(usize::MAX);
        if self.style.format == ChangelogFormat::Github {
            if let [release] = self.found.releases.as_slice()
                && let Some(compare) = compare(url, release)
                && compare.len() + 100 + self.units <= limit
            {
                self.keep(&format!("\n[All changes]({compare})\n"));
            }
        } else if self.style.format == ChangelogFormat::KeepAChangelog {
            let mut links = String::from("\n");
            for release in &self.found.releases {
                let target = target(url, release);
                let name =
                    release.tag.as_ref().map_or("Unreleased".to_owned(), |(_, version)| version.to_string());
                let _ = writeln!(links, "[{name}]: {target}");
            }
            if self.units + links.encode_utf16().count() <= limit {
                self.keep(&links);
            }
        }
    }
}

/// Where the name of a release leads to.
fn target(url: &str, release: &Release) -> String {
    compare(url, release).unwrap_or_else(|| match &release.tag {
        Some((tag, _)) => format!("{url}/releases/tag/{}", encode(tag)),
        None => format!("{url}/commits"),
    })
}

/// Where what comes after a release is compared with it.
pub(crate) fn since(url: &str, tag: &str) -> String {
    format!("{url}/compare/{}...HEAD", encode(tag))
}

/// The site a repository is at.
fn host(url: &str) -> Option<&str> {
    let start = url.find("://")? + "://".len();
    let end = url.get(start..)?.find('/')?;
    url.get(..start + end)
}

fn compare(url: &str, release: &Release) -> Option<String> {
    let previous = encode(release.previous.as_deref()?);
    let newer = release.tag.as_ref().map_or("HEAD".to_owned(), |(tag, _)| encode(tag));
    Some(format!("{url}/compare/{previous}...{newer}"))
}

/// The name of a tag in an address.
pub(crate) fn encode(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
