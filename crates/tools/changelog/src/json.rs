//! The releases as JSON, in the shape that scripts over git-cliff's `--context` read, and what that leaves out.

use std::io::{self, Write};

use lw_conventional::Message;
use lw_releases::{Entry, Fate, Release, Releases};
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::contributors::Newcomer;
use crate::groups::{self, Group};
use crate::pulls::Pulls;

/// What is known beside the history.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// Pull requests.
    pub(crate) pulls: Option<&'a Pulls>,
    /// Of each release who contributed for the first time, where that was asked for.
    pub(crate) newcomers: &'a [Vec<Newcomer>],
}

/// A release as templates have it: only what is told, the newest first, and sorted under headings.
#[derive(Serialize)]
struct ToldJson<'a> {
    #[serde(flatten)]
    release: ReleaseJson<'a>,
    groups: Vec<GroupJson<'a>>,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    title: &'static str,
    commits: Vec<CommitJson<'a>>,
}

/// The releases for a template, with the first entries only, as many as `most`.
pub(crate) fn told(found: &Releases, beside: Beside<'_>, mut most: usize) -> Value {
    let mut all = Vec::with_capacity(found.releases.len());
    for (place, release) in found.releases.iter().enumerate() {
        let told: Vec<&Entry> =
            release.entries.iter().filter(|entry| entry.fate == Fate::Told).take(most).collect();
        most -= told.len();
        let commits = |group: Option<&'static Group>| -> Vec<CommitJson<'_>> {
            let of_group = told
                .iter()
                .filter(|entry| group.is_none() || groups::of_entry(entry, groups::BY_TYPE) == group);
            of_group.filter_map(|entry| commit(entry, found, beside)).collect()
        };
        let groups = groups::BY_TYPE
            .iter()
            .map(|group| GroupJson { title: group.title, commits: commits(Some(group)) })
            .filter(|group| !group.commits.is_empty())
            .collect();
        let release = of(release, commits(None), found, beside.newcomers.get(place));
        all.push(ToldJson { release, groups });
    }
    Value::from(Serde(&all))
}

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
    #[serde(skip_serializing_if = "Option::is_none")]
    new_contributors: Option<Vec<NewcomerJson<'a>>>,
}

#[derive(Serialize)]
struct NewcomerJson<'a> {
    name: &'a str,
    email: &'a str,
    username: Option<&'a str>,
    pr_number: Option<u64>,
}

/// What the pull request tells; the names are git-cliff's.
#[derive(Serialize)]
struct RemoteJson<'a> {
    username: Option<&'a str>,
    pr_title: &'a str,
    pr_number: u64,
    pr_labels: &'a [String],
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
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<RemoteJson<'a>>,
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
pub(crate) fn write(found: &Releases, beside: Beside<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, release) in found.releases.iter().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        // The oldest first, as git-cliff sorts them unless it is told otherwise.
        let commits = release.entries.iter().rev().filter_map(|entry| commit(entry, found, beside)).collect();
        serde_json::to_writer(&mut *out, &of(release, commits, found, beside.newcomers.get(index)))?;
    }
    out.write_all(b"\n]\n")
}

fn of<'a>(
    release: &'a Release,
    commits: Vec<CommitJson<'a>>,
    found: &'a Releases,
    newcomers: Option<&'a Vec<Newcomer>>,
) -> ReleaseJson<'a> {
    let tag = release.tag.as_ref().map(|(tag, _)| tag.as_str());
    let newcomer = |one: &'a Newcomer| NewcomerJson {
        name: &one.name,
        email: &one.mail,
        username: one.login.as_deref(),
        pr_number: one.pull,
    };
    ReleaseJson {
        version: tag,
        commit_id: &release.commit,
        timestamp: release.time,
        previous: Previous { version: release.previous.as_deref() },
        commits,
        tag,
        semver: release.tag.as_ref().map(|(_, version)| version.to_string()),
        family: &found.family.0,
        new_contributors: newcomers.map(|all| all.iter().map(newcomer).collect()),
    }
}

fn commit<'a>(entry: &'a Entry, found: &'a Releases, beside: Beside<'a>) -> Option<CommitJson<'a>> {
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
    let remote = entry.pull.and_then(|number| {
        let pull = beside.pulls?.get(number)?;
        let username = pull.login.as_deref();
        Some(RemoteJson { username, pr_title: &pull.title, pr_number: number, pr_labels: &pull.labels })
    });
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
        remote,
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
