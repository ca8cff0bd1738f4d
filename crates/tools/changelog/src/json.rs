//! The releases as JSON, in the shape that scripts over git-cliff's `--context` read, and what that leaves out.

use std::io::{self, Write};

use lw_conventional::Message;
use lw_releases::{Entry, Fate, Release, Releases};
use serde::Serialize;

use crate::groups;

#[derive(Serialize)]
struct ReleaseJson<'a> {
    version: Option<&'a str>,
    commit_id: &'a str,
    timestamp: i64,
    previous: Previous<'a>,
    commits: Vec<CommitJson<'a>>,
    tag: Option<&'a str>,
    semver: Option<String>,
    family: &'a str,
}

#[derive(Serialize)]
struct Previous<'a> {
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct CommitJson<'a> {
    id: String,
    message: &'a str,
    group: Option<&'static str>,
    scope: Option<&'a str>,
    breaking: bool,
    breaking_description: Option<&'a str>,
    body: Option<&'a str>,
    footers: Vec<FooterJson<'a>>,
    raw_message: &'a str,
    merge_commit: bool,
    conventional: bool,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    subject: &'a str,
    pull_request: Option<u64>,
    first_in: Option<&'a str>,
    /// Why it is not told.
    left_out: Option<&'static str>,
    reverted_by: Option<&'a str>,
    author: Person<'a>,
    timestamp: i64,
}

#[derive(Serialize)]
struct Person<'a> {
    name: &'a str,
    email: &'a str,
    timestamp: i64,
}

#[derive(Serialize)]
struct FooterJson<'a> {
    token: &'a str,
    separator: &'static str,
    value: &'a str,
    breaking: bool,
}

/// Writes all releases, one after the other: the whole never stands in memory.
pub(crate) fn write(found: &Releases, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, release) in found.releases.iter().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut *out, &of(release, found))?;
    }
    out.write_all(b"\n]\n")
}

fn of<'a>(release: &'a Release, found: &'a Releases) -> ReleaseJson<'a> {
    let tag = release.tag.as_ref().map(|(tag, _)| tag.as_str());
    ReleaseJson {
        version: tag,
        commit_id: &release.commit,
        timestamp: release.time,
        previous: Previous { version: release.previous.as_deref() },
        // The oldest first, as git-cliff sorts them unless it is told otherwise.
        commits: release.entries.iter().rev().filter_map(|entry| commit(entry, found)).collect(),
        tag,
        semver: release.tag.as_ref().map(|(_, version)| version.to_string()),
        family: &found.family.0,
    }
}

fn commit<'a>(entry: &'a Entry, found: &'a Releases) -> Option<CommitJson<'a>> {
    let commit = found.log.commits.get(entry.place as usize)?;
    let message: &Message = &entry.message;
    let header = entry.header();
    let (left_out, reverted_by) = match &entry.fate {
        Fate::Told => (None, None),
        Fate::Merge => (Some("merge"), None),
        Fate::Fixup => (Some("fixup"), None),
        Fate::Unconventional => (Some("unconventional"), None),
        Fate::Reverted(by) => (Some("reverted"), Some(by.as_str())),
        Fate::Reverts => (Some("reverts"), None),
    };
    let first_in = found.first_in.get(entry.place as usize).and_then(Option::as_deref);
    Some(CommitJson {
        id: commit.id(),
        message: header.map_or(commit.message.trim(), |header| header.description.as_str()),
        group: header.and_then(|header| groups::of(&header.kind, groups::BY_TYPE)).map(|group| group.title),
        scope: header.and_then(|header| header.scope.as_deref()),
        breaking: message.breaking.is_some(),
        breaking_description: message.breaking.as_deref(),
        body: message.body.as_deref(),
        footers: message
            .footers
            .iter()
            .map(|footer| FooterJson {
                token: &footer.token,
                separator: if footer.has_hash { " #" } else { ":" },
                value: &footer.value,
                breaking: message.breaking.is_some() && footer.token.starts_with("BREAKING"),
            })
            .collect(),
        raw_message: &commit.message,
        merge_commit: entry.is_merge,
        conventional: header.is_some(),
        kind: header.map(|header| header.kind.as_str()),
        subject: &message.subject,
        pull_request: entry.pull,
        first_in,
        left_out,
        reverted_by,
        author: Person {
            name: &commit.author.name,
            email: &commit.author.mail,
            timestamp: commit.author.time,
        },
        timestamp: commit.time,
    })
}
