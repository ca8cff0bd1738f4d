//! Messages that are nearly conventional: what is said of them is the same wherever they are read.

use lw_conventional::{Message, Near, NearMiss};
use lw_hashed::HashSet;
use lw_model::{Finding, Level, Rule};

use crate::entries::Fate;
use crate::read::Releases;

/// How many messages are named one by one; the others are counted.
pub const MOST_NAMED: usize = 50;

/// Most characters of a first line that a finding shows.
const SUBJECT: usize = 72;

/// A message is nearly conventional.
pub const NEAR_MISS: Rule = Rule {
    id: "near-miss",
    level: Level::Warning,
    title: "A message is nearly conventional, and other programs may read it otherwise.",
    help: "Mend the message before it is merged. Of one that is part of the history, check that the version is the one that is meant.",
};

/// Messages of releases that are nearly conventional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearMisses {
    /// How many there are.
    pub count: usize,
    /// How many of them may stand for a higher version than they ask for.
    pub concern_version: usize,
    /// The first of them, those that concern the version before the others.
    named: Vec<Named>,
}

/// A message that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    id: String,
    subject: String,
    misses: Vec<NearMiss>,
}

impl Releases {
    /// Their messages that are nearly conventional, each once; those that were taken back say nothing of any version.
    #[must_use]
    pub fn near_misses(&self) -> NearMisses {
        let mut seen = HashSet::new();
        let mut near = NearMisses::default();
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for entry in self.releases.iter().flat_map(|release| &release.entries) {
            let is_reverted = matches!(entry.fate, Fate::Reverted(_) | Fate::Reverts);
            if entry.message.near.is_empty() || is_reverted || !seen.insert(entry.place) {
                continue;
            }
            let concerns_version = entry.message.near.iter().any(|miss| miss.near.concerns_version());
            near.count += 1;
            near.concern_version += usize::from(concerns_version);
            let list = if concerns_version { &mut first } else { &mut others };
            if list.len() < MOST_NAMED {
                let commit = self.log.commits.get(entry.place as usize);
                list.push(Named {
                    id: commit.map(lw_history::Commit::id).unwrap_or_default(),
                    subject: subject_of(&entry.message),
                    misses: entry.message.near.clone(),
                });
            }
        }
        first.append(&mut others);
        first.truncate(MOST_NAMED);
        near.named = first;
        near
    }
}

impl NearMisses {
    /// What `tool` says of them: [`NEAR_MISS`] for each of the first, as a warning where the version may be meant to be a higher one,
    /// and how many more there are.
    #[must_use]
    pub fn findings(&self, tool: &str) -> Vec<Finding> {
        let rule = format!("{tool}/{}", NEAR_MISS.id);
        let mut findings = Vec::new();
        for Named { id, subject, misses } in &self.named {
            for miss in misses {
                let text = format!("{} `{subject}`, {}", id.get(..10).unwrap_or(id), says(miss));
                let key = format!("{id}:{}:{}", miss.line, miss.near);
                findings.push(Finding::new(&*rule, level_of(miss.near), &key, text).help(miss.near.peers()));
            }
        }
        let more = self.count.saturating_sub(self.named.len());
        if more > 0 {
            let warned = self.concern_version.saturating_sub(MOST_NAMED);
            let level = if warned > 0 { Level::Warning } else { Level::Note };
            let of_them = if warned > 0 {
                format!("; {warned} of them may concern the version")
            } else {
                String::new()
            };
            let (messages, are) = if more == 1 { ("message", "is") } else { ("messages", "are") };
            let message = format!("{more} more {messages} {are} nearly conventional{of_them}");
            findings.push(Finding::new(rule, level, "more", message));
        }
        findings
    }
}

/// How much a near miss matters: a warning where others, or its author, may have a higher version in mind.
#[must_use]
pub fn level_of(near: Near) -> Level {
    if near.concerns_version() { Level::Warning } else { Level::Note }
}

/// Where a near miss is, what it means and what it is called.
#[must_use]
pub fn says(miss: &NearMiss) -> String {
    format!("line {}: {} ({})", miss.line, miss.near.meaning(), miss.near)
}

/// The first line of a message, as far as a finding shows it.
#[must_use]
pub fn subject_of(message: &Message) -> String {
    let mut subject: String = message.subject.chars().take(SUBJECT).collect();
    if subject.len() < message.subject.len() {
        subject.push('…');
    }
    subject
}
