//! Documents that people and programs write, as one tree whatever they are written in: [`yaml`](crate::yaml),
//! [`toml`](crate::toml) and [`json`](crate::json) make it, and serde reads it ([`Node`]).
//!
//! serde makes the code of a format anew for each type that is read of it. By the libraries for YAML and TOML, whose code is large
//! for each type, that was more than 700 kB of `lw`, and by that for JSON half as much; of a tree there is one format, whose
//! code for a type is a few calls.
//!
//! A tree is one vector in the order of the text: it ends without recursing, and nothing in it is deeper than those who make it
//! allow. What is written once is there once; an alias names what stands before it.

mod read;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;

use crate::Position;

pub use read::Placed;

/// How many keys are compared with each other before they are hashed.
const FEW: usize = 16;

/// Keys, found by their texts.
#[expect(
    clippy::disallowed_types,
    reason = "crates of one floor do not import each other; there is this one type of map"
)]
type ByText<'t> = std::collections::HashMap<&'t str, u32>;

/// Documents of one text.
#[derive(Debug)]
pub struct Tree<'a> {
    source: &'a str,
    /// Texts that are not in the source as they are: with escapes, or of several lines.
    owned: String,
    entries: Vec<Entry>,
    /// Where the documents begin.
    roots: Vec<u32>,
    /// A text can be a number where one is asked for, and a number a text: in YAML nobody sees from afar which it is.
    is_loose: bool,
    /// Of each entry whether nobody asked for it; none where that is not noted.
    ignored: RefCell<Vec<bool>>,
}

/// A node as it is kept, in 16 bytes.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The byte it begins at.
    at: u32,
    /// Of a text where it begins; of a list or a map the entry after it, and 0 while it has no end; of an alias what it names; of
    /// a number its upper half.
    from: u32,
    /// Of a text its bytes; of a list or a map how many nodes are in it with those that aliases name; of a number its lower half.
    len: u32,
    /// How many lists and maps lie in each other, this included; 0 of a scalar.
    height: u16,
    kind: Kind,
    /// Whether a text is one of those that are not in the source.
    is_owned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Integer,
    /// An integer above `i64::MAX`.
    Unsigned,
    Float,
    /// An integer beyond 64 bits, as digits.
    Huge,
    Text,
    /// A word of YAML without quotes, which the core schema makes something of.
    Plain,
    List,
    Map,
    Alias,
    /// A key that another stands for, which is passed over with its value.
    Gone,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'t> {
    /// Nothing, `~`, `null`.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A text; of TOML also a date.
    Text(&'t str),
    /// Values in order.
    List(Items<'t>),
    /// Keys with values, each key once: of YAML in the order of the text and then what is merged, of TOML in that of the keys. Of
    /// JSON as they are written, also twice: serde's structs refuse that, and its maps keep the last.
    Map(Pairs<'t>),
}

/// A value and its place.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    /// Never an alias.
    index: u32,
    at: u32,
    /// Where its key begins, or else the value.
    key: u32,
}

/// The values of a list.
#[derive(Clone, Copy, Debug)]
pub struct Items<'t> {
    tree: &'t Tree<'t>,
    next: u32,
    end: u32,
}

/// The keys of a map with their values.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'t> {
    items: Items<'t>,
    /// The value whose key was read last.
    pending: Option<Node<'t>>,
    /// Where the key begins at which serde is; none after the last.
    reached: Option<u32>,
}

/// Why a text could not be read, or not as what it should be.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    at: Option<usize>,
    reason: String,
    is_too_large: bool,
    is_cut_off: bool,
}

impl Fault {
    /// What is wrong, at a byte.
    #[must_use]
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Self(Box::new(Inner { at: Some(at), reason: reason.into(), is_too_large: false, is_cut_off: false }))
    }

    pub(crate) fn too_large(at: usize, reason: impl Into<String>) -> Self {
        let mut fault = Self::new(at, reason);
        fault.0.is_too_large = true;
        fault
    }

    pub(crate) fn cut_off(at: usize, reason: impl Into<String>) -> Self {
        let mut fault = Self::new(at, reason);
        fault.0.is_cut_off = true;
        fault
    }

    /// The byte at which it is.
    #[must_use]
    pub fn at(&self) -> Option<usize> {
        self.0.at
    }

    /// The line of the text at which it is, from 1.
    #[must_use]
    pub fn line(&self, text: &str) -> Option<u32> {
        Some(line_of(text, self.0.at?))
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What is wrong with its place, as `serde_json` writes it: `… at line 1 column 2`.
    #[must_use]
    pub fn placed(&self, text: &[u8]) -> String {
        let Position { line, column } = self.position(text);
        format!("{} at line {line} column {column}", self.0.reason)
    }

    /// Where it is in the text: at its beginning where it is in no part of it.
    #[must_use]
    pub fn position(&self, text: &[u8]) -> Position {
        Position::of(text, self.0.at.unwrap_or_default())
    }

    /// Whether the text ends before it is whole; only of JSON.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.0.is_cut_off
    }

    /// Whether the text is beyond a limit, and not malformed.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.0.is_too_large
    }

    /// The same at a place, where it has none.
    #[inline(never)]
    #[must_use]
    fn or_at(mut self, at: u32) -> Self {
        self.0.at.get_or_insert(at as usize);
        self
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.reason)
    }
}

impl std::error::Error for Fault {}

/// The line of a byte, from 1.
#[must_use]
pub fn line_of(text: &str, at: usize) -> u32 {
    u32::try_from(Position::of(text.as_bytes(), at).line).unwrap_or(u32::MAX)
}

pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The largest text, in bytes: places are kept in 32 bits, and escapes can make a text longer by half.
const LARGEST: usize = 1 << 31;

impl<'a> Tree<'a> {
    /// A tree of nothing yet.
    ///
    /// # Errors
    /// When the text is larger than its places can be counted.
    pub(crate) fn of(source: &'a str, is_loose: bool) -> Result<Self, Fault> {
        if source.len() > LARGEST {
            return Err(Fault::too_large(0, format!("it has more than {LARGEST} bytes")));
        }
        Ok(Self::new(source, is_loose))
    }

    /// The same of a text that is not as large.
    pub(crate) fn new(source: &'a str, is_loose: bool) -> Self {
        let (owned, entries, roots) = (String::new(), Vec::new(), Vec::new());
        Self { source, owned, entries, roots, is_loose, ignored: RefCell::default() }
    }

    /// The documents that hold something, in order.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|root| self.node(*root, None)).filter(|node| !node.is_null())
    }

    /// The first document, also when it holds nothing.
    #[must_use]
    pub fn document(&self) -> Node<'_> {
        self.node(self.roots.first().copied().unwrap_or(u32::MAX), None)
    }

    /// The only document, or the first; `None` when it holds nothing.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }

    fn entry(&self, index: u32) -> Entry {
        const NOTHING: Entry = Entry { at: 0, from: 0, len: 0, height: 0, kind: Kind::Null, is_owned: false };
        self.entries.get(index as usize).copied().unwrap_or(NOTHING)
    }

    fn node(&self, index: u32, key: Option<u32>) -> Node<'_> {
        let entry = self.entry(index);
        let index = if entry.kind == Kind::Alias { entry.from } else { index };
        Node { tree: self, index, at: entry.at, key: key.unwrap_or(entry.at) }
    }

    /// The entry after a value.
    fn after(&self, index: u32) -> u32 {
        match self.entry(index) {
            Entry { kind: Kind::List | Kind::Map, from, .. } if from > index => from,
            _ => index + 1,
        }
    }

    fn text(&self, entry: Entry) -> &str {
        let (from, len) = (entry.from as usize, entry.len as usize);
        let all = if entry.is_owned { &self.owned } else { self.source };
        all.get(from..from + len).unwrap_or_default()
    }

    /// The text of a scalar as it is written.
    fn text_at(&self, index: u32) -> Option<&str> {
        let mut entry = self.entry(index);
        if entry.kind == Kind::Alias {
            entry = self.entry(entry.from);
        }
        matches!(entry.kind, Kind::Plain | Kind::Text).then(|| self.text(entry))
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Begins a document.
    pub(crate) fn begin_document(&mut self) {
        self.roots.push(small(self.entries.len()));
    }

    /// Adds a text, which is not copied where it lies in the source.
    pub(crate) fn push_text(&mut self, at: usize, is_plain: bool, text: &str) {
        let kind = if is_plain { Kind::Plain } else { Kind::Text };
        let inside = self.place_of(text);
        let (from, is_owned) = (inside.unwrap_or(self.owned.len()), inside.is_none());
        if is_owned {
            self.owned.push_str(text);
        }
        let (at, from, len) = (small(at), small(from), small(text.len()));
        self.push(Entry { at, from, len, height: 0, kind, is_owned });
    }

    /// Where a text lies in the source.
    fn place_of(&self, text: &str) -> Option<usize> {
        let from = text.as_ptr().addr().checked_sub(self.source.as_ptr().addr())?;
        (from.checked_add(text.len())? <= self.source.len()).then_some(from)
    }

    /// Adds a value that is no text.
    pub(crate) fn push_word(&mut self, at: usize, word: &Word) {
        let (kind, bits) = match *word {
            Word::Null => (Kind::Null, 0),
            Word::Bool(true) => (Kind::True, 0),
            Word::Bool(false) => (Kind::False, 0),
            Word::Integer(number) => (Kind::Integer, number.cast_unsigned()),
            Word::Unsigned(number) => (Kind::Unsigned, number),
            Word::Float(number) => (Kind::Float, number.to_bits()),
        };
        let (from, len) = ((bits >> 32) as u32, (bits & u64::from(u32::MAX)) as u32);
        self.push(Entry { at: small(at), from, len, height: 0, kind, is_owned: false });
    }

    /// Adds an integer that 64 bits do not hold.
    pub(crate) fn push_huge(&mut self, at: usize) {
        self.push(Entry { at: small(at), from: 0, len: 0, height: 0, kind: Kind::Huge, is_owned: false });
    }

    /// Adds the name of what was read before.
    pub(crate) fn push_alias(&mut self, at: usize, named: u32) {
        let mut entry = self.entry(named);
        if matches!(entry.kind, Kind::List | Kind::Map) {
            (entry.kind, entry.from) = (Kind::Alias, named);
        }
        // A scalar is as short as its name, and an alias names what the other does.
        entry.at = small(at);
        self.push(entry);
    }

    /// Begins a list or a map, and tells its entry.
    pub(crate) fn open(&mut self, at: usize, is_map: bool) -> u32 {
        let kind = if is_map { Kind::Map } else { Kind::List };
        let index = small(self.entries.len());
        self.push(Entry { at: small(at), from: 0, len: 0, height: 0, kind, is_owned: false });
        index
    }

    /// Ends a list or a map without aliases in it.
    pub(crate) fn end(&mut self, index: u32) {
        let weight = small(self.entries.len()).saturating_sub(index);
        self.close(index, weight, 1);
    }

    /// Ends a list or a map of which is known how many nodes are in it, with those that aliases name, and how deep.
    pub(crate) fn close(&mut self, index: u32, weight: u32, height: u16) {
        let end = small(self.entries.len());
        if let Some(entry) = self.entries.get_mut(index as usize) {
            (entry.from, entry.len, entry.height) = (end, weight, height);
        }
    }

    /// Whether what was read before has its end.
    pub(crate) fn is_closed(&self, index: u32) -> bool {
        let entry = self.entry(index);
        !matches!(entry.kind, Kind::List | Kind::Map) || entry.from > 0
    }

    /// How many nodes a value has, with those that aliases name, and how many lists and maps lie in each other.
    pub(crate) fn measure(&self, index: u32) -> (u32, u16) {
        let entry = self.entry(index);
        let is_scalar = entry.height == 0;
        (if is_scalar { 1 } else { entry.len.max(1) }, entry.height)
    }

    /// The keys and values of a map that may have no end yet, as entries.
    fn pairs(&self, index: u32, end: u32) -> impl Iterator<Item = (u32, u32)> {
        let mut next = index + 1;
        std::iter::from_fn(move || {
            while next < end {
                let (key, value) = (next, self.after(next));
                next = self.after(value);
                if self.entry(key).kind != Kind::Gone {
                    return Some((key, value));
                }
            }
            None
        })
    }

    /// The keys that the last map has several times: each with the one after it.
    pub(crate) fn repeated(&self, index: u32) -> Vec<(u32, u32)> {
        let keys: Vec<(u32, &str)> = self
            .pairs(index, small(self.len()))
            .filter_map(|(key, _)| Some((key, self.text_at(key)?)))
            .collect();
        let mut repeated = Vec::new();
        if keys.len() <= FEW {
            for (after, (key, text)) in keys.iter().enumerate() {
                let later = keys.iter().skip(after + 1).find(|(_, other)| other == text);
                repeated.extend(later.map(|(later, _)| (*key, *later)));
            }
        } else {
            let mut seen = ByText::with_capacity(keys.len());
            for (key, text) in keys {
                repeated.extend(seen.insert(text, key).map(|earlier| (earlier, key)));
            }
        }
        repeated
    }

    /// Takes a key of the last map away, with its value.
    pub(crate) fn drop_key(&mut self, key: u32) {
        if let Some(entry) = self.entries.get_mut(key as usize) {
            entry.kind = Kind::Gone;
        }
    }

    /// The byte at which an entry begins.
    pub(crate) fn at(&self, index: u32) -> usize {
        self.entry(index).at as usize
    }

    /// The text of a key, for a person.
    pub(crate) fn shown(&self, key: u32) -> String {
        self.text_at(key).unwrap_or_default().chars().take(crate::SHOWN).collect()
    }

    /// Lays the keys of other maps under those of the last one, which has no end yet: its own hold, then the first of several.
    /// Of `left` entries that may be gone through, it takes away those it went through. Tells how many nodes the map has more,
    /// and how many lists and maps lie in each other in those. <https://yaml.org/type/merge.html>
    ///
    /// # Errors
    /// When something else is merged, or more than may be.
    pub(crate) fn merge(
        &mut self,
        index: u32,
        merged: &[u32],
        left: &mut usize,
    ) -> Result<(u32, u16), Fault> {
        let mut sources = Vec::new();
        for value in merged {
            let node = self.node(*value, None);
            match node.items() {
                Some(items) => sources.extend(items.map(|item| (item.index, item.at))),
                None if node.is_null() => {}
                None => sources.push((node.index, node.at)),
            }
        }
        let own = self.pairs(index, small(self.len()));
        let mut names: ByText<'_> = own.filter_map(|(key, _)| Some((self.text_at(key)?, key))).collect();
        let mut added = Vec::new();
        let (mut weight, mut height) = (0_u32, 0);
        for (source, at) in sources {
            if self.entry(source).kind != Kind::Map {
                return Err(Fault::new(at as usize, "names with values (`name: …`) are expected after `<<`"));
            }
            for (key, value) in self.pairs(source, self.after(source)) {
                *left = left.checked_sub(1).ok_or_else(|| {
                    Fault::too_large(at as usize, "`<<` merges more than any such file has")
                })?;
                if self.text_at(key).is_some_and(|text| names.insert(text, key).is_none()) {
                    let (of_value, height_of_value) = self.measure(value);
                    weight = weight.saturating_add(of_value).saturating_add(1);
                    height = height.max(height_of_value);
                    added.push((key, value));
                }
            }
        }
        for (key, value) in added {
            let at = self.at(value);
            self.push(self.entry(key));
            self.push_alias(at, value);
        }
        Ok((weight, height))
    }
}

impl Tree<'_> {
    /// Has it noted from now on which values nobody asks for.
    pub(crate) fn note_ignored(&mut self) {
        self.ignored = RefCell::new(vec![false; self.entries.len()]);
    }

    /// The paths of the values that were not asked for, `images[0].x`, in the order of the text.
    pub(crate) fn ignored(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.add_ignored(self.document(), &mut String::new(), &mut paths);
        paths
    }

    /// This recurses as deep as the text nests.
    fn add_ignored(&self, node: Node<'_>, path: &mut String, paths: &mut Vec<String>) {
        if self.ignored.borrow().get(node.index as usize) == Some(&true) {
            paths.push(path.clone());
            return;
        }
        let len = path.len();
        for (index, item) in node.items().into_iter().flatten().enumerate() {
            path.push_str(&format!("[{index}]"));
            self.add_ignored(item, path, paths);
            path.truncate(len);
        }
        for (key, value) in node.pairs().into_iter().flatten() {
            if len > 0 {
                path.push('.');
            }
            path.push_str(key.text().unwrap_or_default());
            self.add_ignored(value, path, paths);
            path.truncate(len);
        }
    }
}

/// A value that is no text.
pub(crate) enum Word {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
}

impl<'t> Node<'t> {
    /// The byte it begins at; of an alias where that stands.
    #[must_use]
    pub fn at(self) -> usize {
        self.at as usize
    }

    /// The line of that byte.
    #[must_use]
    pub fn line(self) -> u32 {
        line_of(self.tree.source, self.at as usize)
    }

    /// Whether it is nothing, `~` or `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        let entry = self.entry();
        entry.kind == Kind::Null || (entry.kind == Kind::Plain && is_null(self.tree.text(entry)))
    }

    /// The text as it is written, also of what looks like a number in YAML, but of no null.
    #[must_use]
    pub fn text(self) -> Option<&'t str> {
        let entry = self.entry();
        let text = matches!(entry.kind, Kind::Plain | Kind::Text).then(|| self.tree.text(entry))?;
        (entry.kind == Kind::Text || !is_null(text)).then_some(text)
    }

    /// The values of a list.
    #[must_use]
    pub fn items(self) -> Option<Items<'t>> {
        (self.entry().kind == Kind::List).then(|| self.inside())
    }

    /// The keys of a map with their values.
    #[must_use]
    pub fn pairs(self) -> Option<Pairs<'t>> {
        (self.entry().kind == Kind::Map).then(|| Pairs { items: self.inside(), pending: None, reached: None })
    }

    /// The value of a key; `None` where there is none, and where this is no map.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.pairs()?.find_map(|(name, value)| (name.text() == Some(key)).then_some(value))
    }

    /// What it is.
    ///
    /// # Errors
    /// When it is a number that 64 bits do not hold.
    pub fn value(self) -> Result<Value<'t>, Fault> {
        let entry = self.entry();
        let bits = u64::from(entry.from) << 32 | u64::from(entry.len);
        Ok(match entry.kind {
            Kind::Null | Kind::Alias | Kind::Gone => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Integer => Value::Integer(bits.cast_signed()),
            Kind::Unsigned => Value::Unsigned(bits),
            Kind::Float => Value::Float(f64::from_bits(bits)),
            Kind::Huge => return Err(self.beyond()),
            Kind::Text => Value::Text(self.tree.text(entry)),
            Kind::Plain => {
                let text = self.tree.text(entry);
                let word = crate::yaml::resolve(text).map_err(|()| self.beyond())?;
                word.unwrap_or(Value::Text(text))
            }
            Kind::List => Value::List(self.inside()),
            Kind::Map => Value::Map(Pairs { items: self.inside(), pending: None, reached: None }),
        })
    }

    fn beyond(self) -> Fault {
        Fault::new(self.at(), "no number is as large here")
    }

    fn entry(self) -> Entry {
        self.tree.entry(self.index)
    }

    fn inside(self) -> Items<'t> {
        Items { tree: self.tree, next: self.index + 1, end: self.tree.after(self.index) }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Ok(Value::List(items)) => f.debug_list().entries(items).finish(),
            Ok(Value::Map(pairs)) => f.debug_map().entries(pairs).finish(),
            Ok(value) => value.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

impl<'t> Iterator for Items<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        (self.next < self.end).then(|| {
            let node = self.tree.node(self.next, None);
            self.next = self.tree.after(self.next);
            node
        })
    }
}

impl<'t> Iterator for Pairs<'t> {
    type Item = (Node<'t>, Node<'t>);

    fn next(&mut self) -> Option<(Node<'t>, Node<'t>)> {
        let tree = self.items.tree;
        loop {
            let key = self.items.next()?;
            let index = self.items.next;
            self.items.next = tree.after(index);
            if key.entry().kind != Kind::Gone {
                return Some((key, tree.node(index, Some(key.at))));
            }
        }
    }
}
