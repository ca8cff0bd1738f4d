//! Releases and their commits, in one walk.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hashtable::HashMap;
use gix::hashtable::hash_map::Entry;
use gix::objs::{Find as _, Kind};

use crate::error::HistoryError;
use crate::mailmap::Mailmap;
use crate::repository::Repository;
use crate::sections::{self, Dag};
use crate::touched::Paths;

/// How much younger than its child a commit may claim to be, in seconds, for [`Extent::One`] to look no further back.
const SKEW: i64 = 3 * 24 * 3600;

/// Where a release ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Full id of its commit.
    pub commit: String,
    /// Which releases it belongs to: one ends where another of its family does.
    pub family: u32,
}

/// Which releases are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    All,
    /// Those a commit contains, by its full id.
    ReachableFrom(String),
    /// A single one, by its place in the list. No more is read than it takes to know what it holds, by the times of the commits:
    /// where clocks are seen to be more than three days apart, everything.
    One(usize),
}

/// What to read.
#[derive(Clone, Debug)]
pub struct LogRequest {
    /// Where releases end; of those on one commit the lowest first, which is the one that holds the commits.
    pub ends: Vec<End>,
    /// Which are wanted.
    pub extent: Extent,
    /// Folders or files of which each commit says whether it touches them.
    pub paths: Vec<String>,
    /// Follow only first parents: what was merged is the merge.
    pub first_parent: bool,
}

/// Somebody who wrote or committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Name, as the mail map has it; one text for all commits of the same person.
    pub name: Arc<str>,
    /// Address, likewise.
    pub mail: Arc<str>,
    /// When, in seconds since 1970.
    pub time: i64,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    id: ObjectId,
    /// Places of its parents in [`Log::commits`]; `None` for those that stand in no section.
    pub parents: Vec<Option<u32>>,
    /// Who wrote it.
    pub author: Person,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// Its message, as it is: with CR, and bytes that are no text replaced. Where paths were asked for, a commit that touches none of
    /// them has no message and no author.
    pub message: String,
    /// Whether bytes of the message had to be replaced.
    pub is_lossy: bool,
    /// Numbers of the paths of the request that it touches.
    pub touches: Vec<u32>,
}

impl Commit {
    /// Its full id.
    #[must_use]
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The first seven hexadecimal digits of its id: the least that people write of one.
    #[must_use]
    pub fn prefix(&self) -> u32 {
        self.id.as_slice().iter().take(4).fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) >> 4
    }

    /// The order of the ids, which is that of their hexadecimal digits.
    #[must_use]
    pub fn cmp_id(&self, other: &Self) -> std::cmp::Ordering {
        self.id.cmp(&other.id)
    }

    /// Whether it has several parents.
    #[must_use]
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// A release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its commits, the newest first: places in [`Log::commits`].
    pub commits: Vec<u32>,
    /// The ends it contains directly: no other one it contains has them.
    pub after: Vec<usize>,
    /// Where its end stands among all commits that were read: the newest has 0, and each is before its parents.
    pub rank: u32,
    /// When the commit of its end was committed, in seconds since 1970.
    pub time: i64,
    /// A commit where the history is cut off, so that the section may hold more or less than this; a shallow clone has some.
    pub cut: Option<String>,
}

/// Releases and their commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Every commit that stands in a section; each comes before its parents.
    pub commits: Vec<Commit>,
    /// For each end of the request what it holds; `None` when it was not wanted, or is not in this clone.
    pub sections: Vec<Option<Section>>,
}

impl Log {
    /// The commits a merge brings: those its other parents reach and the first does not, as far as they stand in a section. The
    /// newest first.
    #[must_use]
    pub fn brought_by(&self, merge: u32) -> Vec<u32> {
        let parents = |place: u32| self.commits.get(place as usize).map(|commit| commit.parents.as_slice());
        let Some([first, others @ ..]) = parents(merge) else { return Vec::new() };
        let mut sides: fnv::FnvHashMap<u32, bool> = fnv::FnvHashMap::default();
        let mut queue = BinaryHeap::new();
        let mut wanted = 0_usize;
        for other in others.iter().flatten() {
            if sides.insert(*other, true).is_none() {
                queue.push(Reverse(*other));
                wanted += 1;
            }
        }
        if let Some(first) = first {
            match sides.insert(*first, false) {
                Some(_) => wanted = wanted.saturating_sub(1),
                None => queue.push(Reverse(*first)),
            }
        }
        let mut brought = Vec::new();
        // Each commit comes after all its children, so that its side is settled when it does.
        while let Some(Reverse(place)) = queue.pop() {
            let is_brought = sides.get(&place).copied().unwrap_or(false);
            if is_brought {
                brought.push(place);
                wanted -= 1;
            }
            for parent in parents(place).into_iter().flatten().flatten() {
                match sides.get_mut(parent) {
                    None => {
                        sides.insert(*parent, is_brought);
                        queue.push(Reverse(*parent));
                        wanted += usize::from(is_brought);
                    }
                    Some(side) if *side && !is_brought => {
                        *side = false;
                        wanted -= 1;
                    }
                    Some(_) => {}
                }
            }
            if wanted == 0 {
                break;
            }
        }
        brought
    }
}

/// A commit as it was read.
struct Node {
    id: ObjectId,
    tree: ObjectId,
    /// Ids of its parents, as far as they are followed; until the graph is known.
    parents: Vec<ObjectId>,
    /// How many those were.
    parent_count: usize,
    time: i64,
    /// Its parents are not in this clone.
    is_cut: bool,
    /// Its parents were not needed.
    is_horizon: bool,
    text: Option<Text>,
}

struct Text {
    latin1: bool,
    /// How many bytes the author line has.
    author: usize,
    /// Author line and message.
    bytes: Box<[u8]>,
}

/// Who wrote commits, once for all of theirs.
struct People<'a> {
    mailmap: &'a Mailmap,
    /// Name and address, by what an author line says of them.
    known: std::collections::HashMap<Box<[u8]>, Names, fnv::FnvBuildHasher>,
}

/// Name and address.
type Names = (Arc<str>, Arc<str>);

impl People<'_> {
    fn of(&mut self, line: &[u8], latin1: bool) -> Person {
        let time = seconds(line);
        let end = line.rfind_byte(b'>').map_or(line.len(), |at| at + 1);
        let who = line.get(..end).unwrap_or_default();
        let (name, mail) = match self.known.get(who) {
            Some(known) => known.clone(),
            None => {
                let (text, _) = decode(who.to_vec(), latin1);
                let (name, mail) = author_of(&text, self.mailmap);
                let person: Names = (name.into(), mail.into());
                self.known.insert(who.into(), person.clone());
                person
            }
        };
        Person { name, mail, time }
    }
}

/// Commits as they are read.
struct Loader<'a> {
    repository: &'a Repository,
    objects: gix::OdbHandle,
    first_parent: bool,
    /// Whether texts are kept. Where only few of them will be told, these are read again.
    keeps_texts: bool,
    cut: gix::hashtable::HashSet<ObjectId>,
    nodes: Vec<Node>,
    index: HashMap<ObjectId, u32>,
    buffer: Vec<u8>,
}

impl Repository {
    /// What each release holds: the commits its end reaches, and none of the ends of its family that it contains does. The graph
    /// is walked once and each message read once, however many ends there are.
    ///
    /// # Errors
    /// When an object of the history is missing or damaged. That history is cut off is no error but said of each section.
    pub fn log(&self, request: &LogRequest) -> Result<Log, HistoryError> {
        let ids: Vec<Option<ObjectId>> =
            request.ends.iter().map(|end| ObjectId::from_hex(end.commit.as_bytes()).ok()).collect();
        let mut loader = Loader::new(self, request)?;
        match &request.extent {
            Extent::All => {
                for id in ids.iter().flatten() {
                    if loader.index.contains_key(id) || self.commit_by_id(&id.to_string()).is_some() {
                        loader.all_from(*id)?;
                    }
                }
            }
            Extent::ReachableFrom(head) => {
                let head = self.commit(head)?;
                loader.all_from(head)?;
            }
            Extent::One(which) => {
                let id = ids.get(*which).copied().flatten();
                let family = request.ends.get(*which).map(|end| end.family);
                if let Some(id) = id {
                    let stops = ids
                        .iter()
                        .zip(&request.ends)
                        .filter(|(_, end)| Some(end.family) == family)
                        .filter_map(|(id, _)| *id)
                        .collect();
                    loader.one(id, &stops)?;
                }
            }
        }
        let order = loader.order();
        self.sections(request, &ids, loader, &order)
    }

    fn sections(
        &self,
        request: &LogRequest,
        ids: &[Option<ObjectId>],
        loader: Loader<'_>,
        order: &[u32],
    ) -> Result<Log, HistoryError> {
        let Loader { mut nodes, index, objects, mut buffer, .. } = loader;
        let mut rank = vec![0_u32; nodes.len()];
        for (place, node) in (0_u32..).zip(order) {
            if let Some(slot) = rank.get_mut(*node as usize) {
                *slot = place;
            }
        }
        let rank_of = |id: &ObjectId| index.get(id).and_then(|node| rank.get(*node as usize)).copied();
        let (mut starts, mut parents) = (vec![0_u32], Vec::new());
        for node in order.iter().filter_map(|node| nodes.get(*node as usize)) {
            parents.extend(node.parents.iter().filter_map(rank_of));
            starts.push(u32::try_from(parents.len()).unwrap_or(u32::MAX));
        }
        let dag = Dag { starts: &starts, parents: &parents };
        let commits: Vec<Option<u32>> = ids.iter().map(|id| rank_of(id.as_ref()?)).collect();
        // Of a long history no more is kept than is still needed.
        drop(index);
        for node in &mut nodes {
            node.parents = Vec::new();
        }
        let mut held: Vec<Option<sections::Held>> = vec![None; commits.len()];
        let mut families: Vec<u32> = request.ends.iter().map(|end| end.family).collect();
        families.sort_unstable();
        families.dedup();
        for family in families {
            let of_family: Vec<usize> = request
                .ends
                .iter()
                .enumerate()
                .filter(|(place, end)| {
                    end.family == family && commits.get(*place).is_some_and(Option::is_some)
                })
                .map(|(place, _)| place)
                .collect();
            let at: Vec<Option<u32>> =
                of_family.iter().map(|place| commits.get(*place).copied().flatten()).collect();
            for (found, place) in sections::assign(&dag, &at).into_iter().zip(&of_family) {
                let found = found.map(|mut found| {
                    for after in &mut found.after {
                        let place = of_family.get(*after as usize).copied().unwrap_or_default();
                        *after = u32::try_from(place).unwrap_or(u32::MAX);
                    }
                    found
                });
                if let Some(slot) = held.get_mut(*place) {
                    *slot = found;
                }
            }
        }
        if let Extent::One(which) = request.extent {
            for (place, slot) in held.iter_mut().enumerate() {
                if place != which {
                    *slot = None;
                }
            }
        }
        let node_at = |place: u32| order.get(place as usize).and_then(|node| nodes.get(*node as usize));
        let cuts = Cuts::of(order.iter().filter_map(|node| nodes.get(*node as usize)));
        let mut sections: Vec<Option<Section>> = held
            .into_iter()
            .zip(&commits)
            .map(|(held, end)| {
                let rank = end.unwrap_or_default();
                held.map(|held| Section {
                    rank,
                    time: node_at(rank).map_or(0, |node| node.time),
                    cut: cuts.in_section(held.commits.iter().filter_map(|place| node_at(*place))),
                    after: held.after.into_iter().map(|end| end as usize).collect(),
                    commits: held.commits,
                })
            })
            .collect();
        let places = renumber(order.len(), &mut sections);
        let mut log = Log { commits: Vec::new(), sections };
        let mailmap = self.mailmap();
        let mut people = People { mailmap: &mailmap, known: std::collections::HashMap::default() };
        let mut paths = Paths::new(self, &request.paths);
        // Of a long history each text is there once.
        let mut texts: Vec<Option<Text>> = nodes.iter_mut().map(|node| node.text.take()).collect();
        let node_at = |place: u32| order.get(place as usize).and_then(|node| nodes.get(*node as usize));
        for (place, _) in places.iter().enumerate().filter(|(_, new)| new.is_some()) {
            let Some(node) = u32::try_from(place).ok().and_then(node_at) else { continue };
            let range = u32::try_from(place).map(|place| dag.parents_of(place)).unwrap_or_default();
            let mut text =
                order.get(place).and_then(|node| texts.get_mut(*node as usize)).and_then(Option::take);
            let mut touches = Vec::new();
            if !request.paths.is_empty() {
                let trees: Vec<ObjectId> =
                    range.iter().filter_map(|parent| Some(node_at(*parent)?.tree)).collect();
                touches = paths.touched(node.tree, &trees)?;
                if !touches.is_empty() {
                    let found = objects.try_find(&node.id, &mut buffer);
                    let data = found.ok().flatten().map(|object| object.data).unwrap_or_default();
                    text = parse(node.id, data, true).ok_or_else(|| unreadable(node.id))?.text;
                }
            }
            let mut commit = node.commit(text.as_ref(), &mut people);
            commit.touches = touches;
            commit.parents =
                range.iter().map(|parent| places.get(*parent as usize).copied().flatten()).collect();
            // Parents beyond a cut are there, though nobody can follow them.
            commit.parents.resize(node.parent_count.max(commit.parents.len()), None);
            log.commits.push(commit);
        }
        Ok(log)
    }

    /// The commits where a shallow clone ends.
    pub(crate) fn cuts(&self) -> Result<gix::hashtable::HashSet<ObjectId>, HistoryError> {
        let shallow = self.git.shallow_commits().map_err(|error| HistoryError::Damaged {
            what: "the list of commits where the history is cut off (`shallow`)".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(shallow.map(|commits| commits.iter().copied().collect()).unwrap_or_default())
    }

    /// The objects without a cache. Hardly a commit is stored as the difference to another one, and each is read once.
    pub(crate) fn commits_only(&self) -> gix::OdbHandle {
        let mut objects = self.git.objects.clone();
        objects.unset_pack_cache();
        objects
    }

    /// `.mailmap` of what is checked out, where it can be read: git too goes on without one.
    pub(crate) fn mailmap(&self) -> Mailmap {
        match self.read_file("HEAD", ".mailmap") {
            Ok(Some(text)) => Mailmap::parse(&text),
            _ => Mailmap::default(),
        }
    }
}

/// Gives the commits that stand in a section numbers without gaps.
fn renumber(count: usize, sections: &mut [Option<Section>]) -> Vec<Option<u32>> {
    let mut places: Vec<Option<u32>> = vec![None; count];
    for place in sections.iter().flatten().flat_map(|section| &section.commits) {
        if let Some(slot) = places.get_mut(*place as usize) {
            *slot = Some(0);
        }
    }
    for (next, slot) in (0_u32..).zip(places.iter_mut().filter(|slot| slot.is_some())) {
        *slot = Some(next);
    }
    for section in sections.iter_mut().flatten() {
        for place in &mut section.commits {
            *place = places.get(*place as usize).copied().flatten().unwrap_or_default();
        }
    }
    places
}

/// Where a shallow clone ends.
struct Cuts {
    /// When the newest of those commits was made.
    newest: Option<i64>,
    id: Option<ObjectId>,
}

impl Cuts {
    fn of<'a>(nodes: impl Iterator<Item = &'a Node>) -> Self {
        let newest = nodes.filter(|node| node.is_cut).max_by_key(|node| node.time);
        Self { newest: newest.map(|node| node.time), id: newest.map(|node| node.id) }
    }

    /// The cut that makes a section unsure: one inside of it; or one outside that is newer than a commit of the section, which
    /// it might then contain by ways that are not in the clone.
    fn in_section<'a>(&self, nodes: impl Iterator<Item = &'a Node>) -> Option<String> {
        let newest = self.newest?;
        let mut unsure = None;
        for node in nodes {
            if node.is_cut {
                return Some(node.id.to_string());
            }
            if node.time < newest {
                unsure = self.id;
            }
        }
        unsure.map(|id| id.to_string())
    }
}

impl<'a> Loader<'a> {
    fn new(repository: &'a Repository, request: &LogRequest) -> Result<Self, HistoryError> {
        Ok(Self {
            repository,
            objects: repository.commits_only(),
            first_parent: request.first_parent,
            keeps_texts: request.paths.is_empty(),
            cut: repository.cuts()?,
            nodes: Vec::new(),
            index: HashMap::default(),
            buffer: Vec::new(),
        })
    }

    /// Reads a commit that was not read yet; the number of one that was.
    fn read(&mut self, id: ObjectId, with_text: bool) -> Result<(u32, bool), HistoryError> {
        let place = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        match self.index.entry(id) {
            Entry::Occupied(known) => return Ok((*known.get(), false)),
            Entry::Vacant(slot) => {
                slot.insert(place);
            }
        }
        let found = self.objects.try_find(&id, &mut self.buffer);
        let data = match found {
            Ok(Some(object)) if object.kind == Kind::Commit => object.data,
            Ok(Some(object)) => {
                let reason = format!("a {} where a commit was expected", object.kind);
                return Err(HistoryError::damaged(id, reason));
            }
            Ok(None) => return Err(self.repository.missing(id)),
            Err(error) => return Err(HistoryError::damaged(id, error)),
        };
        let mut node = parse(id, data, with_text && self.keeps_texts).ok_or_else(|| unreadable(id))?;
        node.is_cut = self.cut.contains(&id) && !node.parents.is_empty();
        if self.first_parent {
            node.parents.truncate(1);
        }
        node.parent_count = node.parents.len();
        self.nodes.push(node);
        Ok((place, true))
    }

    fn parents(&self, place: u32) -> Vec<ObjectId> {
        match self.nodes.get(place as usize) {
            Some(node) if !node.is_cut => node.parents.clone(),
            _ => Vec::new(),
        }
    }

    fn time(&self, place: u32) -> i64 {
        self.nodes.get(place as usize).map_or(i64::MIN, |node| node.time)
    }

    /// Everything a commit reaches.
    fn all_from(&mut self, tip: ObjectId) -> Result<(), HistoryError> {
        let mut todo = VecDeque::from([tip]);
        while let Some(id) = todo.pop_front() {
            let (place, is_new) = self.read(id, true)?;
            if let Some(node) = self.nodes.get(place as usize).filter(|node| is_new && !node.is_cut) {
                todo.extend(node.parents.iter().copied());
            }
        }
        Ok(())
    }

    /// What it takes to know the section of one end: the commits it reaches past no other end; and of what the other ends
    /// reach the part that may meet these again, by the times of the commits. Where the times are too far off to be followed,
    /// everything.
    fn one(&mut self, tip: ObjectId, stops: &gix::hashtable::HashSet<ObjectId>) -> Result<(), HistoryError> {
        let mut todo = VecDeque::from([tip]);
        let mut edge: BinaryHeap<(i64, ObjectId)> = BinaryHeap::new();
        let (mut oldest, mut is_skewed) = (i64::MAX, false);
        while let Some(id) = todo.pop_front() {
            let is_stop = id != tip && stops.contains(&id);
            let (place, is_new) = self.read(id, !is_stop)?;
            if !is_new {
                continue;
            }
            let time = self.time(place);
            oldest = oldest.min(time);
            if is_stop {
                edge.push((time, id));
                continue;
            }
            todo.extend(self.parents(place));
        }
        // Whose parents are to be read; the others' are there already.
        while let Some((time, id)) = edge.pop() {
            let (place, _) = self.read(id, false)?;
            if !is_skewed && time < oldest.saturating_sub(SKEW) {
                if let Some(node) = self.nodes.get_mut(place as usize) {
                    node.is_horizon = true;
                }
                continue;
            }
            for parent in self.parents(place) {
                let (place, is_new) = self.read(parent, false)?;
                let older = self.time(place);
                if older > time.saturating_add(SKEW) && !is_skewed {
                    is_skewed = true;
                    // What was left behind may lead back.
                    let left: Vec<(i64, ObjectId)> = self
                        .nodes
                        .iter()
                        .filter(|node| node.is_horizon)
                        .map(|node| (node.time, node.id))
                        .collect();
                    for node in &mut self.nodes {
                        node.is_horizon = false;
                    }
                    edge.extend(left);
                }
                if is_new {
                    edge.push((older, parent));
                }
            }
        }
        Ok(())
    }

    /// The commits from the newest to the oldest, each before its parents.
    fn order(&self) -> Vec<u32> {
        let mut children = vec![0_u32; self.nodes.len()];
        let (mut starts, mut all) =
            (Vec::with_capacity(self.nodes.len() + 1), Vec::with_capacity(self.nodes.len()));
        starts.push(0_usize);
        for node in &self.nodes {
            if !node.is_cut && !node.is_horizon {
                all.extend(node.parents.iter().filter_map(|id| self.index.get(id).copied()));
            }
            starts.push(all.len());
        }
        for parent in &all {
            if let Some(count) = children.get_mut(*parent as usize) {
                *count += 1;
            }
        }
        let parents = |place: u32| -> &[u32] {
            let place = place as usize;
            let range = starts.get(place).copied().zip(starts.get(place + 1).copied());
            range.and_then(|(from, to)| all.get(from..to)).unwrap_or_default()
        };
        let key = |place: u32| (self.time(place), Reverse(place), place);
        let mut queue: BinaryHeap<(i64, Reverse<u32>, u32)> =
            (0_u32..).zip(&children).filter(|(_, count)| **count == 0).map(|(place, _)| key(place)).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some((_, _, place)) = queue.pop() {
            order.push(place);
            for parent in parents(place) {
                if let Some(count) = children.get_mut(*parent as usize) {
                    *count -= 1;
                    if *count == 0 {
                        queue.push(key(*parent));
                    }
                }
            }
        }
        order
    }
}

impl Node {
    fn commit(&self, text: Option<&Text>, people: &mut People<'_>) -> Commit {
        let (author, message, is_lossy) = match text {
            None => (Person::default(), String::new(), false),
            Some(text) => {
                let (author, message) = text.bytes.split_at_checked(text.author).unwrap_or_default();
                let (message, is_lossy) = decode(message.to_vec(), text.latin1);
                (people.of(author, text.latin1), message, is_lossy)
            }
        };
        Commit {
            id: self.id,
            parents: Vec::new(),
            author,
            time: self.time,
            message,
            is_lossy,
            touches: Vec::new(),
        }
    }
}

/// Name and address of an author line, as the mail map has them.
pub(crate) fn author_of(line: &str, mailmap: &Mailmap) -> (String, String) {
    let (name, rest) = line.split_once('<').unwrap_or((line, ""));
    let (mail, _) = rest.split_once('>').unwrap_or((rest, ""));
    mailmap.resolve(name.trim(), mail.trim())
}

/// Text in the encoding a commit names, as far as that is one people use; otherwise UTF-8.
fn decode(text: Vec<u8>, latin1: bool) -> (String, bool) {
    if latin1 {
        return (text.iter().map(|byte| char::from(*byte)).collect(), false);
    }
    match String::from_utf8(text) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    }
}

/// Reads the header of a commit as leniently as git: only the tree, the parents and where the message begins matter.
fn parse(id: ObjectId, data: &[u8], with_text: bool) -> Option<Node> {
    let (mut tree, mut parents, mut author, mut latin1, mut time) = (None, Vec::new(), &b""[..], false, 0);
    let mut rest = data;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        if let Some(hex) = line.strip_prefix(b"parent ") {
            parents.push(ObjectId::from_hex(hex).ok()?);
        } else if let Some(hex) = line.strip_prefix(b"tree ") {
            tree = Some(ObjectId::from_hex(hex).ok()?);
        } else if let Some(value) = line.strip_prefix(b"author ") {
            author = value;
        } else if let Some(value) = line.strip_prefix(b"committer ") {
            time = seconds(value);
        } else if let Some(name) = line.strip_prefix(b"encoding ") {
            let name = name.to_ascii_lowercase();
            latin1 = matches!(name.as_slice(), b"iso-8859-1" | b"iso8859-1" | b"latin1" | b"latin-1");
        }
    }
    let text =
        with_text.then(|| Text { latin1, author: author.len(), bytes: [author, rest].concat().into() });
    Some(Node { id, tree: tree?, parents, parent_count: 0, time, is_cut: false, is_horizon: false, text })
}

fn unreadable(id: ObjectId) -> HistoryError {
    HistoryError::damaged(id, "the header of the commit cannot be read")
}

/// The time at the end of an author or committer line; 0 where there is none, as git has it.
fn seconds(line: &[u8]) -> i64 {
    let rest = line.rfind_byte(b'>').and_then(|at| line.get(at + 1..)).unwrap_or_default();
    let number = rest.trim().split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}
