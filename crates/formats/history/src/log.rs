//! Releases and their commits, in one walk.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use gix::ObjectId;
use lw_model::lists::distinct;
use smallvec::SmallVec;

use crate::error::HistoryError;
use crate::mailmap::Mailmap;
use crate::reader::{Loader, Node};
use crate::repository::Repository;
use crate::sections::{self, Dag};
use crate::touched::Paths;

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
    pub parents: SmallVec<[Option<u32>; 2]>,
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
        let mut brought = Vec::new();
        self.each_brought_by(merge, |place| {
            brought.push(place);
            false
        });
        brought
    }

    /// Whether a merge brings a commit of which this holds. Looks no further than the newest of them.
    #[must_use]
    pub fn brings(&self, merge: u32, holds: impl FnMut(u32) -> bool) -> bool {
        self.each_brought_by(merge, holds)
    }

    /// Hands over the commits a merge brings until it is enough; whether it was.
    fn each_brought_by(&self, merge: u32, mut is_enough: impl FnMut(u32) -> bool) -> bool {
        let parents = |place: u32| self.commits.get(place as usize).map(|commit| commit.parents.as_slice());
        let Some([first, others @ ..]) = parents(merge) else { return false };
        let mut sides: lw_hashed::HashMap<u32, bool> = lw_hashed::HashMap::new();
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
        // Each commit comes after all its children, so that its side is settled when it does.
        while let Some(Reverse(place)) = queue.pop() {
            let is_brought = sides.get(&place).copied().unwrap_or(false);
            if is_brought {
                if is_enough(place) {
                    return true;
                }
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
        false
    }
}

impl Repository {
    /// What each release holds: the commits its end reaches, and none of the ends of its family that it contains does. The graph
    /// is walked once and each message read once, however many ends there are.
    ///
    /// # Errors
    /// When an object of the history is missing or damaged. That history is cut off is no error but said of each section.
    pub fn log(&self, request: &LogRequest) -> Result<Log, HistoryError> {
        Ok(self.log_with(request, |message| ((), message.into_owned()))?.0)
    }

    /// The same, and what `read` makes of each commit's message, in the order of the commits. It also says what to keep of the text:
    /// of a long history that is most of what stands in memory.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn log_with<M>(
        &self,
        request: &LogRequest,
        read: impl FnMut(Cow<'_, str>) -> (M, String),
    ) -> Result<(Log, Vec<M>), HistoryError> {
        let ids: Vec<Option<ObjectId>> =
            request.ends.iter().map(|end| ObjectId::from_hex(end.commit.as_bytes()).ok()).collect();
        let mailmap = self.mailmap();
        let mut loader = Loader::new(self, request, &mailmap, read)?;
        match &request.extent {
            Extent::All => {
                for id in ids.iter().flatten() {
                    if loader.number(id).is_some() || self.commit_by_id(&id.to_string()).is_some() {
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
        self.sections(request, &ids, loader)
    }

    fn sections<M>(
        &self,
        request: &LogRequest,
        ids: &[Option<ObjectId>],
        mut loader: Loader<'_, M, impl FnMut(Cow<'_, str>) -> (M, String)>,
    ) -> Result<(Log, Vec<M>), HistoryError> {
        let order = loader.order();
        let mut rank: Vec<Option<u32>> = vec![None; loader.nodes.len()];
        for (place, number) in (0_u32..).zip(&order) {
            if let Some(slot) = rank.get_mut(*number as usize) {
                *slot = Some(place);
            }
        }
        let rank_of = |number: u32| rank.get(number as usize).copied().flatten();
        let (mut starts, mut parents) = (Vec::with_capacity(order.len() + 1), Vec::new());
        starts.push(0_u32);
        for node in order.iter().filter_map(|number| loader.nodes.get(*number as usize)) {
            parents.extend(loader.links(node).iter().filter_map(|parent| rank_of(*parent)));
            starts.push(u32::try_from(parents.len()).unwrap_or(u32::MAX));
        }
        let dag = Dag { starts: &starts, parents: &parents };
        let commits: Vec<Option<u32>> =
            ids.iter().map(|id| loader.number(id.as_ref()?).and_then(rank_of)).collect();
        // Of a long history no more is kept than is still needed.
        loader.forget_ids();
        drop(rank);
        let held = held(&dag, request, &commits);
        let node_at =
            |place: u32| order.get(place as usize).and_then(|number| loader.nodes.get(*number as usize));
        let cuts = Cuts::of(loader.nodes.iter().filter(|node| node.is_read));
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
        let count = places.iter().flatten().count();
        let mut log = Log { commits: Vec::with_capacity(count), sections };
        let mut made = Vec::with_capacity(count);
        let mut paths = Paths::new(self, &request.paths);
        for ((place, number), _) in (0_u32..).zip(&order).zip(&places).filter(|(_, new)| new.is_some()) {
            let Some(node) = loader.nodes.get_mut(*number as usize) else { continue };
            let (id, time, mut text) = (node.id, node.time, node.text.take());
            let parent_count = loader.parent_count(*number);
            let range = dag.parents_of(place);
            let mut touches = Vec::new();
            if let (false, Some(tree)) = (request.paths.is_empty(), loader.tree(*number)) {
                let trees: Vec<ObjectId> =
                    range.iter().filter_map(|parent| loader.tree(*order.get(*parent as usize)?)).collect();
                touches = paths.touched(tree, &trees)?;
                if !touches.is_empty() {
                    text = Some(loader.text_of(id)?);
                }
            }
            let mut parents: SmallVec<[Option<u32>; 2]> =
                range.iter().map(|parent| places.get(*parent as usize).copied().flatten()).collect();
            // Parents beyond a cut are there, though nobody can follow them.
            parents.resize(parent_count.max(range.len()), None);
            let author = text.as_ref().map(|text| loader.author(text)).unwrap_or_default();
            let (message, is_lossy, read) = match text {
                Some(text) => (text.message, text.is_lossy, text.made),
                None => (String::new(), false, loader.without_text()),
            };
            log.commits.push(Commit { id, parents, author, time, message, is_lossy, touches });
            made.push(read);
        }
        Ok((log, made))
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

/// What each end holds of the graph, and which other ends it contains; `commits` are theirs.
fn held(dag: &Dag<'_>, request: &LogRequest, commits: &[Option<u32>]) -> Vec<Option<sections::Held>> {
    let mut held: Vec<Option<sections::Held>> = vec![None; commits.len()];
    for family in distinct(request.ends.iter().map(|end| end.family)) {
        let is_there = |place: usize| commits.get(place).is_some_and(Option::is_some);
        let ends = request.ends.iter().enumerate();
        let of_family: Vec<usize> = ends
            .filter(|(place, end)| end.family == family && is_there(*place))
            .map(|(place, _)| place)
            .collect();
        let at: Vec<Option<u32>> =
            of_family.iter().map(|place| commits.get(*place).copied().flatten()).collect();
        for (found, place) in sections::assign(dag, &at).into_iter().zip(&of_family) {
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
    held
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
    fn of<'a, M: 'a>(nodes: impl Iterator<Item = &'a Node<M>>) -> Self {
        let newest = nodes.filter(|node| node.is_cut).max_by_key(|node| node.time);
        Self { newest: newest.map(|node| node.time), id: newest.map(|node| node.id) }
    }

    /// The cut that makes a section unsure: one inside of it; or one outside that is newer than a commit of the section, which
    /// it might then contain by ways that are not in the clone.
    fn in_section<'a, M: 'a>(&self, nodes: impl Iterator<Item = &'a Node<M>>) -> Option<String> {
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
