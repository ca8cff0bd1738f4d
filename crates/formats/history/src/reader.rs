//! Commits as they are read, each once: what their headers say, and what is made of their messages.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hashtable::HashMap;
use gix::hashtable::hash_map::Entry;
use gix::objs::{Find as _, Kind};

use crate::error::HistoryError;
use crate::log::{LogRequest, Person};
use crate::mailmap::Mailmap;
use crate::repository::Repository;

/// How much younger than its child a commit may claim to be, in seconds, for [`Loader::one`] to look no further back.
const SKEW: i64 = 3 * 24 * 3600;

/// A commit that was seen, and perhaps read.
pub(crate) struct Node<M> {
    pub(crate) id: ObjectId,
    /// Where its parents begin among all links, and how many are followed.
    links: (u32, u32),
    /// When it was committed, in seconds since 1970.
    pub(crate) time: i64,
    /// Whether it was read, and is not only somebody's parent.
    pub(crate) is_read: bool,
    /// Its parents are not in this clone.
    pub(crate) is_cut: bool,
    /// Its parents were not needed.
    is_horizon: bool,
    pub(crate) text: Option<Text<M>>,
}

/// What a commit says.
pub(crate) struct Text<M> {
    author: u32,
    author_time: i64,
    /// What is kept of the message.
    pub(crate) message: String,
    /// Whether bytes of it had to be replaced.
    pub(crate) is_lossy: bool,
    /// What was made of it.
    pub(crate) made: M,
}

/// Name and address.
type Names = (Arc<str>, Arc<str>);

/// Who wrote commits, once for all of theirs.
struct People<'a> {
    mailmap: &'a Mailmap,
    all: Vec<Names>,
    /// Their numbers, by what an author line says of them.
    known: lw_hashed::HashMap<Box<[u8]>, u32>,
}

impl People<'_> {
    fn number(&mut self, line: &[u8], latin1: bool) -> u32 {
        let end = line.rfind_byte(b'>').map_or(line.len(), |at| at + 1);
        let who = line.get(..end).unwrap_or_default();
        if let Some(known) = self.known.get(who) {
            return *known;
        }
        let (text, _) = decode(who, latin1);
        let (name, mail) = author_of(&text, self.mailmap);
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push((name.into(), mail.into()));
        self.known.insert(who.into(), number);
        number
    }
}

/// Commits as they are read. `read` makes something of a message, and says what to keep of its text.
pub(crate) struct Loader<'a, M, F> {
    repository: &'a Repository,
    objects: gix::OdbHandle,
    first_parent: bool,
    /// Whether messages are read with their commits. Where only few of them will be told, these are read later.
    with_texts: bool,
    cut: gix::hashtable::HashSet<ObjectId>,
    pub(crate) nodes: Vec<Node<M>>,
    /// Numbers of parents; those of one commit stand together.
    links: Vec<u32>,
    /// The trees of the commits, where they will be compared.
    trees: Vec<Option<ObjectId>>,
    index: HashMap<ObjectId, u32>,
    people: People<'a>,
    read: F,
    buffer: Vec<u8>,
    parents: Vec<ObjectId>,
}

impl<'a, M, F: FnMut(Cow<'_, str>) -> (M, String)> Loader<'a, M, F> {
    pub(crate) fn new(
        repository: &'a Repository,
        request: &LogRequest,
        mailmap: &'a Mailmap,
        read: F,
    ) -> Result<Self, HistoryError> {
        Ok(Self {
            repository,
            objects: repository.commits_only(),
            first_parent: request.first_parent,
            with_texts: request.paths.is_empty(),
            cut: repository.cuts()?,
            nodes: Vec::new(),
            links: Vec::new(),
            trees: Vec::new(),
            index: HashMap::default(),
            people: People { mailmap, all: Vec::new(), known: lw_hashed::HashMap::new() },
            read,
            buffer: Vec::new(),
            parents: Vec::new(),
        })
    }

    /// The number of a commit that was read.
    pub(crate) fn number(&self, id: &ObjectId) -> Option<u32> {
        let number = self.index.get(id).copied()?;
        self.nodes.get(number as usize).filter(|node| node.is_read).map(|_| number)
    }

    /// Forgets what it takes to find commits by their ids, once all are read.
    pub(crate) fn forget_ids(&mut self) {
        self.index = HashMap::default();
    }

    /// The number of a commit, which is read or will be.
    fn see(&mut self, id: ObjectId) -> u32 {
        let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        match self.index.entry(id) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(slot) => slot.insert(new),
        };
        self.nodes.push(Node {
            id,
            links: (0, 0),
            time: 0,
            is_read: false,
            is_cut: false,
            is_horizon: false,
            text: None,
        });
        new
    }

    fn node(&self, number: u32) -> Option<&Node<M>> {
        self.nodes.get(number as usize)
    }

    /// Reads a commit, unless it was read already; whether it was not.
    fn read(&mut self, number: u32, with_text: bool) -> Result<bool, HistoryError> {
        let Some(id) = self.node(number).filter(|node| !node.is_read).map(|node| node.id) else {
            return Ok(false);
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut parents = std::mem::take(&mut self.parents);
        let data = match self.objects.try_find(&id, &mut buffer) {
            Ok(Some(object)) if object.kind == Kind::Commit => object.data,
            Ok(Some(object)) => {
                let reason = format!("a {} where a commit was expected", object.kind);
                return Err(HistoryError::damaged(id, reason));
            }
            Ok(None) => return Err(self.repository.missing(id)),
            Err(error) => return Err(HistoryError::damaged(id, error)),
        };
        let header = Header::parse(data, &mut parents).ok_or_else(|| unreadable(id))?;
        let is_cut = self.cut.contains(&id) && !parents.is_empty();
        if self.first_parent {
            parents.truncate(1);
        }
        let start = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        let count = u32::try_from(parents.len()).unwrap_or(u32::MAX);
        for parent in parents.drain(..) {
            let parent = self.see(parent);
            self.links.push(parent);
        }
        let text = if with_text && self.with_texts { Some(self.text(&header)) } else { None };
        if !self.with_texts {
            self.trees.resize(self.nodes.len(), None);
            if let Some(slot) = self.trees.get_mut(number as usize) {
                *slot = Some(header.tree);
            }
        }
        if let Some(node) = self.nodes.get_mut(number as usize) {
            node.links = (start, count);
            node.time = header.time;
            node.is_read = true;
            node.is_cut = is_cut;
            node.text = text;
        }
        self.buffer = buffer;
        self.parents = parents;
        Ok(true)
    }

    fn text(&mut self, header: &Header<'_>) -> Text<M> {
        let (message, is_lossy) = decode(header.message, header.latin1);
        let (made, message) = (self.read)(message);
        Text {
            author: self.people.number(header.author, header.latin1),
            author_time: seconds(header.author),
            message,
            is_lossy,
            made,
        }
    }

    /// Reads the text of a commit that was read without.
    pub(crate) fn text_of(&mut self, id: ObjectId) -> Result<Text<M>, HistoryError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = self.objects.try_find(&id, &mut buffer);
        let data = found.ok().flatten().map(|object| object.data).unwrap_or_default();
        let header = Header::parse(data, &mut Vec::new()).ok_or_else(|| unreadable(id))?;
        let text = self.text(&header);
        self.buffer = buffer;
        Ok(text)
    }

    /// What is made of a commit nobody asks for the text of.
    pub(crate) fn without_text(&mut self) -> M {
        (self.read)(Cow::Borrowed("")).0
    }

    /// Who wrote a text, and when.
    pub(crate) fn author(&self, text: &Text<M>) -> Person {
        let names = self.people.all.get(text.author as usize);
        let (name, mail) = names.cloned().unwrap_or_default();
        Person { name, mail, time: text.author_time }
    }

    /// The tree of a commit, where trees are compared.
    pub(crate) fn tree(&self, number: u32) -> Option<ObjectId> {
        self.trees.get(number as usize).copied().flatten()
    }

    /// How many parents of a commit are followed.
    pub(crate) fn parent_count(&self, number: u32) -> usize {
        self.node(number).map_or(0, |node| node.links.1 as usize)
    }

    /// The parents that are followed.
    pub(crate) fn links(&self, node: &Node<M>) -> &[u32] {
        let (start, count) = (node.links.0 as usize, node.links.1 as usize);
        self.links.get(start..start + count).unwrap_or_default()
    }

    /// The parents, but for those a clone was cut off at.
    fn parents(&self, number: u32) -> &[u32] {
        match self.node(number) {
            Some(node) if !node.is_cut => self.links(node),
            _ => &[],
        }
    }

    fn time(&self, number: u32) -> i64 {
        self.node(number).map_or(i64::MIN, |node| node.time)
    }

    /// Everything a commit reaches.
    pub(crate) fn all_from(&mut self, tip: ObjectId) -> Result<(), HistoryError> {
        let mut todo = VecDeque::from([self.see(tip)]);
        while let Some(number) = todo.pop_front() {
            if self.read(number, true)? {
                todo.extend(self.parents(number));
            }
        }
        Ok(())
    }

    /// What it takes to know the section of one end: the commits it reaches past no other end; and of what the other ends
    /// reach the part that may meet these again, by the times of the commits. Where the times are too far off to be followed,
    /// everything.
    pub(crate) fn one(
        &mut self,
        tip: ObjectId,
        stops: &gix::hashtable::HashSet<ObjectId>,
    ) -> Result<(), HistoryError> {
        let mut todo = VecDeque::from([self.see(tip)]);
        let mut edge: BinaryHeap<(i64, Reverse<u32>)> = BinaryHeap::new();
        let (mut oldest, mut is_skewed) = (i64::MAX, false);
        while let Some(number) = todo.pop_front() {
            let is_stop = self.node(number).is_some_and(|node| node.id != tip && stops.contains(&node.id));
            if !self.read(number, !is_stop)? {
                continue;
            }
            let time = self.time(number);
            oldest = oldest.min(time);
            if is_stop {
                edge.push((time, Reverse(number)));
                continue;
            }
            todo.extend(self.parents(number));
        }
        // Whose parents are to be read; the others' are there already.
        while let Some((time, Reverse(number))) = edge.pop() {
            if !is_skewed && time < oldest.saturating_sub(SKEW) {
                if let Some(node) = self.nodes.get_mut(number as usize) {
                    node.is_horizon = true;
                }
                continue;
            }
            for parent in self.parents(number).to_vec() {
                let is_new = self.read(parent, false)?;
                let older = self.time(parent);
                if older > time.saturating_add(SKEW) && !is_skewed {
                    is_skewed = true;
                    // What was left behind may lead back.
                    for (number, node) in (0_u32..).zip(&mut self.nodes) {
                        if std::mem::take(&mut node.is_horizon) {
                            edge.push((node.time, Reverse(number)));
                        }
                    }
                }
                if is_new {
                    edge.push((older, Reverse(parent)));
                }
            }
        }
        Ok(())
    }

    /// The commits that were read from the newest to the oldest, each before its parents.
    pub(crate) fn order(&self) -> Vec<u32> {
        let parents = |number: u32| {
            let node = self.node(number).filter(|node| !node.is_cut && !node.is_horizon);
            let links = node.map(|node| self.links(node)).unwrap_or_default();
            links.iter().copied().filter(|parent| self.node(*parent).is_some_and(|node| node.is_read))
        };
        let numbers =
            || (0_u32..).zip(&self.nodes).filter(|(_, node)| node.is_read).map(|(number, _)| number);
        let mut children = vec![0_u32; self.nodes.len()];
        for parent in numbers().flat_map(parents) {
            if let Some(count) = children.get_mut(parent as usize) {
                *count += 1;
            }
        }
        let key = |number: u32| (self.time(number), Reverse(number));
        let is_tip = |number: &u32| children.get(*number as usize) == Some(&0);
        let mut queue: BinaryHeap<(i64, Reverse<u32>)> = numbers().filter(is_tip).map(key).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some((_, Reverse(number))) = queue.pop() {
            order.push(number);
            for parent in parents(number) {
                if let Some(count) = children.get_mut(parent as usize) {
                    *count -= 1;
                    if *count == 0 {
                        queue.push(key(parent));
                    }
                }
            }
        }
        order
    }
}

/// The header of a commit, read as leniently as git does: only the tree, the parents and where the message begins matter.
struct Header<'d> {
    tree: ObjectId,
    author: &'d [u8],
    time: i64,
    /// Whether the text is in an encoding of one byte for each character, and not in UTF-8.
    latin1: bool,
    message: &'d [u8],
}

impl<'d> Header<'d> {
    fn parse(data: &'d [u8], parents: &mut Vec<ObjectId>) -> Option<Self> {
        let (mut tree, mut author, mut latin1, mut time) = (None, &b""[..], false, 0);
        let mut rest = data;
        parents.clear();
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
        Some(Self { tree: tree?, author, time, latin1, message: rest })
    }
}

/// Name and address of an author line, as the mail map has them.
pub(crate) fn author_of(line: &str, mailmap: &Mailmap) -> (String, String) {
    let (name, rest) = line.split_once('<').unwrap_or((line, ""));
    let (mail, _) = rest.split_once('>').unwrap_or((rest, ""));
    mailmap.resolve(name.trim(), mail.trim())
}

/// Text in the encoding a commit names, as far as that is one people use; otherwise UTF-8.
fn decode(text: &[u8], latin1: bool) -> (Cow<'_, str>, bool) {
    if latin1 {
        return (text.iter().map(|byte| char::from(*byte)).collect::<String>().into(), false);
    }
    match std::str::from_utf8(text) {
        Ok(text) => (text.into(), false),
        Err(_) => (String::from_utf8_lossy(text), true),
    }
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
