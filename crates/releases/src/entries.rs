//! What the commits of a release come to: entries, with what became of each.

use std::sync::Arc;

use lw_conventional::{Header, Kind, Message, Rules};
use lw_hashed::{HashMap, HashSet};
use lw_history::Log;
use lw_model::lists::sort_by;
use lw_versions::Bump;

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is told.
    Told,
    /// It is a merge that brings what it says, or says nothing.
    Merge,
    /// It was to be squashed.
    Fixup,
    /// Its message is not conventional.
    Unconventional,
    /// A later commit of the release took it back: its full id.
    Reverted(String),
    /// It takes back what the release holds, so that neither is told.
    Reverts,
}

/// A commit of a release, or a commit that was squashed into it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the log.
    pub place: u32,
    /// What it says; of a merge what the title of its pull request says.
    pub message: Arc<Message>,
    /// Number of the pull request, where the commit names it.
    pub pull: Option<u64>,
    /// Whether the commit is a merge.
    pub is_merge: bool,
    /// What became of it.
    pub fate: Fate,
}

impl Entry {
    /// The header, where the message is conventional or takes back one that is.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.message.header()
    }
}

/// What a message asks of the next version.
#[must_use]
pub fn bump_of(message: &Message) -> Bump {
    if message.breaking.is_some() {
        return Bump::Major;
    }
    match message.header().map(|header| header.kind.as_str()) {
        Some("feat") => Bump::Minor,
        Some("fix" | "perf" | "revert" | "security") => Bump::Patch,
        _ => Bump::None,
    }
}

/// The messages of a log, parsed once, with what is needed to follow reverts.
pub(crate) struct Messages<'a> {
    log: &'a Log,
    rules: Rules,
    parsed: Vec<Arc<Message>>,
    /// Places in the order of the ids.
    ids: Vec<u32>,
    /// How often a header is there, by a hash of it: those that share one are told apart when it matters.
    subjects: HashMap<u64, usize>,
}

impl<'a> Messages<'a> {
    /// Parses the messages of a log; `parsed` are those of its commits.
    pub(crate) fn of(log: &'a Log, parsed: Vec<Arc<Message>>, rules: Rules) -> Self {
        // Commits that may be meant by one of those that take something back.
        let named = parsed.iter().flat_map(|message| &message.reverts);
        let named: HashSet<u32> = named.filter_map(|id| u32::from_str_radix(id.get(..7)?, 16).ok()).collect();
        let mut ids: Vec<u32> = Vec::new();
        if !named.is_empty() {
            let may_be = (0_u32..).zip(&log.commits).filter(|(_, commit)| named.contains(&commit.prefix()));
            ids.extend(may_be.map(|(place, _)| place));
            sort_by(&mut ids, |a, b| {
                let commit = |place: u32| log.commits.get(place as usize);
                match (commit(*a), commit(*b)) {
                    (Some(a), Some(b)) => a.cmp_id(b),
                    _ => std::cmp::Ordering::Equal,
                }
            });
        }
        let mut subjects = HashMap::new();
        let has_titles =
            parsed.iter().any(|message| matches!(&message.kind, Kind::Merge { title: Some(_), .. }))
                || log
                    .commits
                    .iter()
                    .zip(&parsed)
                    .any(|(commit, message)| commit.is_merge() && message.header().is_some());
        if has_titles {
            for message in &parsed {
                if let Some(header) = message.header() {
                    *subjects.entry(hash(header)).or_insert(0) += 1;
                }
            }
        }
        Self { log, rules, parsed, ids, subjects }
    }

    /// The place of a commit by its id or the beginning of it, where only one is meant.
    fn find(&self, id: &str) -> Option<u32> {
        let id_of =
            |place: u32| self.log.commits.get(place as usize).map(lw_history::Commit::id).unwrap_or_default();
        let from = self.ids.partition_point(|place| id_of(*place).as_str() < id);
        let mut all = self.ids.get(from..)?.iter().take_while(|place| id_of(**place).starts_with(id));
        let found = all.next()?;
        all.next().is_none().then_some(*found)
    }

    /// The entries of a section, whose commits come newest first; in that order.
    pub(crate) fn entries(&self, section: &[u32], expand: bool) -> Vec<Entry> {
        let has_reverts = section.iter().filter_map(|place| self.parsed.get(*place as usize));
        let has_reverts = has_reverts.into_iter().any(|message| !message.reverts.is_empty());
        let inside: HashSet<u32> =
            if has_reverts { section.iter().copied().collect() } else { HashSet::new() };
        // Who took it back. A commit that takes back another is newer than that, and so its own fate is known by then.
        let mut gone: HashMap<u32, String> = HashMap::new();
        let mut fates: HashMap<u32, Fate> = HashMap::new();
        for place in section {
            let Some(message) = self.parsed.get(*place as usize) else { continue };
            if gone.contains_key(place) || message.reverts.is_empty() {
                continue;
            }
            let by = self.log.commits.get(*place as usize).map(lw_history::Commit::id).unwrap_or_default();
            let targets: Vec<Option<u32>> = message
                .reverts
                .iter()
                .map(|id| self.find(id).filter(|target| inside.contains(target)))
                .collect();
            for target in targets.iter().flatten().filter(|target| *target != place) {
                gone.insert(*target, by.clone());
                let is_merge =
                    self.log.commits.get(*target as usize).is_some_and(lw_history::Commit::is_merge);
                if is_merge {
                    for brought in self.log.brought_by(*target) {
                        gone.insert(brought, by.clone());
                    }
                }
            }
            if targets.iter().all(Option::is_some) {
                fates.insert(*place, Fate::Reverts);
            }
        }
        let mut entries = Vec::with_capacity(section.len());
        for place in section {
            let fate = match gone.is_empty() && fates.is_empty() {
                true => None,
                false => gone.remove(place).map(Fate::Reverted).or_else(|| fates.remove(place)),
            };
            self.entry(*place, fate.as_ref(), expand, &mut entries);
        }
        entries
    }

    fn entry(&self, place: u32, fate: Option<&Fate>, expand: bool, entries: &mut Vec<Entry>) {
        let Some(message) = self.parsed.get(place as usize) else { return };
        let is_merge = self.log.commits.get(place as usize).is_some_and(lw_history::Commit::is_merge);
        let mut push = |message: Arc<Message>, pull, own: Fate| {
            let fate = fate.cloned().unwrap_or(own);
            entries.push(Entry { place, message, pull, is_merge, fate });
        };
        match &message.kind {
            Kind::Conventional(header) => {
                let (pull, counts) = (header.pull().1, !is_merge || !self.brings(place, header));
                let items = if expand { message.squashed(self.rules) } else { Vec::new() };
                if counts && !items.is_empty() {
                    for item in items {
                        let own = item.header().and_then(|header| header.pull().1);
                        push(Arc::new(item), own.or(pull), Fate::Told);
                    }
                } else {
                    push(message.clone(), pull, if counts { Fate::Told } else { Fate::Merge });
                }
            }
            Kind::Merge { pull, title } => match title.as_deref() {
                Some(title) if title.header().is_some_and(|header| !self.brings(place, header)) => {
                    push(Arc::new(title.clone()), *pull, Fate::Told);
                }
                _ => push(message.clone(), *pull, Fate::Merge),
            },
            Kind::Revert { title, is_reapply } => {
                // What came before the release is taken back by it: that is told, as what it is.
                let twice = title.strip_prefix("Revert \"").and_then(|title| title.strip_suffix('"'));
                let told = match (is_reapply, twice) {
                    (true, _) => Message::parse(title, self.rules),
                    (false, Some(title)) => Message::parse(title, self.rules),
                    (false, None) => Message::parse(&format!("revert: {title}"), self.rules),
                };
                let (pull, is_told) =
                    (told.header().and_then(|header| header.pull().1), told.header().is_some());
                let own = if is_told { Fate::Told } else { Fate::Unconventional };
                let message = if is_told {
                    Arc::new(Message { body: message.body.clone(), reverts: message.reverts.clone(), ..told })
                } else {
                    message.clone()
                };
                push(message, pull, own);
            }
            Kind::Fixup => push(message.clone(), None, Fate::Fixup),
            Kind::Empty | Kind::Other => {
                push(message.clone(), None, if is_merge { Fate::Merge } else { Fate::Unconventional });
            }
        }
    }

    /// Whether a merge brings a commit with this header.
    fn brings(&self, merge: u32, header: &Header) -> bool {
        let own = self
            .parsed
            .get(merge as usize)
            .and_then(|message| message.header())
            .is_some_and(|own| is_same(own, header));
        if self.subjects.get(&hash(header)).copied().unwrap_or(0) <= usize::from(own) {
            return false;
        }
        let has = |place: u32| {
            self.parsed
                .get(place as usize)
                .and_then(|message| message.header())
                .is_some_and(|other| is_same(other, header))
        };
        self.log.brings(merge, has)
    }
}

/// What a header says, without the number that a squash merge adds.
fn said(header: &Header) -> (&str, &str, &str) {
    (&header.kind, header.scope.as_deref().unwrap_or_default(), header.pull().0)
}

fn is_same(one: &Header, other: &Header) -> bool {
    said(one) == said(other)
}

fn hash(header: &Header) -> u64 {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    said(header).hash(&mut hasher);
    hasher.finish()
}
