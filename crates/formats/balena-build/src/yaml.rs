//! YAML as nodes, from the events of its parser: what reads any shape by serde took 300 kB of `balena-deploy`, for two keys of one
//! file.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle};

/// How many entries are gone through to find what mappings are merged of (`<<`), all in all: more than a text of
/// [`MAX_COMPOSE`](crate::MAX_COMPOSE) bytes has. Aliases of aliases can name as many as one likes.
const MAX_ENTRIES: usize = 1 << 20;

/// How many merged mappings lie in each other.
const MAX_MERGES: usize = 64;

/// The key whose mappings are laid under those of its own: <https://yaml.org/type/merge.html>.
const MERGE: &str = "<<";

/// A node, and the line it begins in.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What a node is. What an alias names is there once.
#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    Text(String),
    List(Vec<Rc<Node>>),
    /// In the order of the text, each key once. Keys that are no text are left out: nobody here asks for one.
    Map(Vec<(String, Rc<Node>)>),
}

/// A collection whose end has not come.
struct Open {
    line: usize,
    anchor: usize,
    items: Vec<Rc<Node>>,
    is_map: bool,
}

/// The only document of a text; `None` when it holds nothing.
///
/// # Errors
/// What the parser says, several documents, a key that is there twice, and an alias of what it lies in.
pub(crate) fn parse(text: &str) -> Result<Option<Rc<Node>>, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let line = span.start.line();
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null { Value::Null } else { Value::Text(text.into_owned()) };
                (Rc::new(Node { line, value }), anchor)
            }
            Event::Alias(id) => {
                let named =
                    anchors.get(&id).ok_or_else(|| format!("line {line}: an alias of what it lies in"))?;
                (Rc::clone(named), 0)
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open { line, anchor, items: Vec::new(), is_map: false });
                continue;
            }
            Event::MappingStart(_, anchor, _) => {
                open.push(Open { line, anchor, items: Vec::new(), is_map: true });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { line, anchor, items, is_map }) => {
                    let value = if is_map { Value::Map(pairs(items)?) } else { Value::List(items) };
                    (Rc::new(Node { line, value }), anchor)
                }
                None => continue,
            },
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match open.last_mut() {
            Some(parent) => parent.items.push(node),
            None if root.is_some() => return Err(format!("line {}: a second document", node.line)),
            None => root = Some(node),
        }
    }
    Ok(root)
}

fn pairs(items: Vec<Rc<Node>>) -> Result<Vec<(String, Rc<Node>)>, String> {
    let mut pairs = Vec::with_capacity(items.len() / 2);
    let mut keys = BTreeSet::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let Value::Text(text) = &key.value else { continue };
        if !keys.insert(text.clone()) {
            return Err(format!("line {}: the key {text} is there twice", key.line));
        }
        pairs.push((text.clone(), value));
    }
    Ok(pairs)
}

/// Looks things up in the mappings of one document.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    seen: usize,
}

impl Lookup {
    /// The entries of a mapping and of what is merged into it, of which its own go first; none for nothing.
    ///
    /// # Errors
    /// When it is something else, or merges more than any document does.
    pub(crate) fn entries<'a>(&mut self, node: &'a Node) -> Result<Vec<(&'a str, &'a Node)>, String> {
        let mut entries = Vec::new();
        self.add(node, 0, &mut BTreeSet::new(), &mut entries)?;
        Ok(entries)
    }

    /// The value of a key of a mapping, its own or merged.
    ///
    /// # Errors
    /// Those of [`Self::entries`].
    pub(crate) fn get<'a>(&mut self, node: &'a Node, key: &str) -> Result<Option<&'a Node>, String> {
        Ok(self.entries(node)?.into_iter().find_map(|(name, value)| (name == key).then_some(value)))
    }

    fn add<'a>(
        &mut self,
        node: &'a Node,
        depth: usize,
        names: &mut BTreeSet<&'a str>,
        entries: &mut Vec<(&'a str, &'a Node)>,
    ) -> Result<(), String> {
        let pairs = match &node.value {
            Value::Map(pairs) => pairs,
            Value::Null => return Ok(()),
            Value::Text(_) | Value::List(_) => {
                return Err(format!("line {}: names with values (`name: …`) are expected here", node.line));
            }
        };
        self.seen += pairs.len() + 1;
        if self.seen > MAX_ENTRIES || depth > MAX_MERGES {
            return Err(format!("line {}: `<<` merges more than any composition has", node.line));
        }
        for (name, value) in pairs.iter().filter(|(name, _)| name != MERGE) {
            if names.insert(name) {
                entries.push((name, value));
            }
        }
        for (_, merged) in pairs.iter().filter(|(name, _)| name == MERGE) {
            match &merged.value {
                Value::List(all) => {
                    for one in all {
                        self.add(one, depth + 1, names, entries)?;
                    }
                }
                _ => self.add(merged, depth + 1, names, entries)?,
            }
        }
        Ok(())
    }
}
