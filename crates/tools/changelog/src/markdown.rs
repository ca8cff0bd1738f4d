//! A changelog, a changelog as keepachangelog.com has it, and the body of a release.

use std::fmt::Write as _;

use lw_model::lists::sort_by_key;
use lw_releases::{Entry, Fate, Release, Releases, utc_date};

use crate::args::ChangelogFormat;
use crate::contributors::Newcomer;
use crate::escape;
use crate::groups;
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
    /// How many UTF-16 units were written, where there is a limit.
    units: usize,
    told: usize,
    left_out: usize,
    /// A heading that stands only if something does under it.
    pending: Option<&'static str>,
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
    Writer { found, style, out: String::new(), units: 0, told: 0, left_out: 0, pending: None }
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
        let mut texts = Vec::new();
        for entry in gone {
            for write in [Writer::item, Writer::breaks] {
                let mut text = String::new();
                if write(&writer, entry, &mut text).is_some() {
                    texts.push(text);
                }
            }
        }
        let keep = style.format == ChangelogFormat::KeepAChangelog;
        let link = style.url.filter(|_| keep).map(|url| target(url, release));
        SectionText { text: writer.out, gone: texts, link }
    };
    found.releases.iter().enumerate().map(of).collect()
}

impl Writer<'_> {
    fn keep(&mut self, text: &str) {
        if self.style.most.is_some() {
            self.units += text.encode_utf16().count();
        }
        self.out.push_str(text);
    }

    /// Adds what `write` does, with the heading above it, if there is room; from the first one without room on none is added. A long
    /// history has a hundred thousand of them, so that each is written where it stays.
    fn entry(&mut self, counts: bool, write: impl FnOnce(&Self, &mut String) -> Option<()>) {
        if self.left_out > 0 {
            self.left_out += usize::from(counts);
            return;
        }
        let mut out = std::mem::take(&mut self.out);
        let before = out.len();
        if let Some(title) = self.pending {
            if before > 0 {
                out.push('\n');
            }
            for part in ["### ", title, "\n\n"] {
                out.push_str(part);
            }
        }
        let is_one = write(self, &mut out).is_some();
        let units = match self.style.most {
            Some(_) => out.get(before..).unwrap_or_default().encode_utf16().count(),
            None => 0,
        };
        let fits = self.style.most.is_none_or(|most| self.units + units + RESERVE <= most);
        if is_one && fits {
            self.pending = None;
            self.told += usize::from(counts);
            self.units += units;
        } else {
            out.truncate(before);
            self.left_out += usize::from(is_one && counts);
        }
        self.out = out;
    }

    fn release(&mut self, place: usize, release: &Release) {
        self.pending = None;
        match self.style.format {
            // The page of the release has the title already, unless several stand on it.
            ChangelogFormat::Github if self.found.releases.len() == 1 => {}
            _ => {
                let gap = if self.out.is_empty() { "" } else { "\n" };
                let text = format!("{gap}## {}\n", self.heading(release));
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
        let mut grouped: Vec<(usize, &Entry)> = Vec::with_capacity(told.len());
        for entry in told {
            let group = groups::of_entry(entry, groups);
            let place = group.and_then(|group| groups.iter().position(|one| std::ptr::eq(one, group)));
            grouped.extend(place.map(|place| (place, entry)));
        }
        // Under each heading they stay in the order they have.
        sort_by_key(&mut grouped, |(place, _)| *place);
        for entries in grouped.chunk_by(|(one, _), (other, _)| one == other) {
            self.pending = entries.first().and_then(|(place, _)| groups.get(*place)).map(|group| group.title);
            for (_, entry) in entries {
                self.entry(true, |this, out| this.item(entry, out));
            }
        }
        self.pending = None;
        self.newcomers(self.style.newcomers.get(place).map(Vec::as_slice).unwrap_or_default());
    }

    /// What the reader has to do, before everything else.
    fn breaking(&mut self, told: &[&Entry]) {
        self.pending = Some("Breaking changes");
        for entry in told.iter().filter(|entry| entry.message.breaking.is_some()) {
            self.entry(false, |this, out| this.breaks(entry, out));
        }
        self.pending = None;
    }

    /// How to get over it: the footers that say so.
    fn migration(&mut self, told: &[&Entry]) {
        self.pending = Some("Migration");
        for entry in told {
            let is_one = |token: &str| groups::MIGRATION.iter().any(|one| token.eq_ignore_ascii_case(one));
            for footer in entry.message.footers.iter().filter(|footer| is_one(&footer.token)) {
                self.entry(false, |this, out| {
                    begin(entry, out);
                    out.push_str(&escape::block(&footer.value, "  ", BLOCK));
                    this.end(entry, out);
                    Some(())
                });
            }
        }
        self.pending = None;
    }

    fn newcomers(&mut self, new: &[Newcomer]) {
        self.pending = Some("New contributors");
        for one in new {
            let host = self.style.url.and_then(host);
            let who = match (&one.login, host) {
                (Some(login), Some(host)) if !login.ends_with("[bot]") => {
                    format!("[{login}]({host}/{login})")
                }
                (Some(login), _) => escape::line(login, LINE),
                (None, _) => escape::line(&one.name, LINE),
            };
            self.entry(false, |this, out| {
                out.push_str("- ");
                out.push_str(&who);
                if let Some(pull) = one.pull {
                    out.push_str(" in ");
                    this.pull(pull, out);
                }
                out.push('\n');
                Some(())
            });
        }
        self.pending = None;
    }

    /// An entry under its heading. Only a message with a header makes one.
    fn item(&self, entry: &Entry, out: &mut String) -> Option<()> {
        let header = entry.header()?;
        begin(entry, out);
        escape::put(header.pull().0, LINE, out);
        self.end(entry, out);
        Some(())
    }

    /// What an entry says of what it breaks, if it does.
    fn breaks(&self, entry: &Entry, out: &mut String) -> Option<()> {
        let text = entry.message.breaking.as_deref()?;
        begin(entry, out);
        out.push_str(&escape::block(text, "  ", BLOCK));
        self.end(entry, out);
        Some(())
    }

    /// The pull request, or the commit.
    fn end(&self, entry: &Entry, out: &mut String) {
        out.push_str(" (");
        if let Some(pull) = entry.pull {
            self.pull(pull, out);
            let author = self.style.pulls.and_then(|pulls| pulls.get(pull)?.login.as_deref());
            if let Some(login) = author.filter(|_| self.style.format == ChangelogFormat::Github) {
                // Without an `@` nobody is written to.
                out.push_str(" by ");
                escape::put(login, LINE, out);
            }
        } else {
            let commit = self.found.log.commits.get(entry.place as usize);
            let id = commit.map(lw_history::Commit::id).unwrap_or_default();
            let short = id.get(..8).unwrap_or(&id);
            match self.style.url {
                Some(url) => out.extend(["[", short, "](", url, "/commit/", &id, ")"]),
                None => out.push_str(short),
            }
        }
        out.push_str(")\n");
    }

    fn pull(&self, number: u64, out: &mut String) {
        let _ = match self.style.url {
            Some(url) => write!(out, "[#{number}]({url}/pull/{number})"),
            None => write!(out, "#{number}"),
        };
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

/// The mark of an item, and the scope.
fn begin(entry: &Entry, out: &mut String) {
    out.push_str("- ");
    if let Some(scope) = entry.header().and_then(|header| header.scope.as_deref()) {
        out.push_str("**");
        escape::put(scope, 100, out);
        out.push_str(":** ");
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
