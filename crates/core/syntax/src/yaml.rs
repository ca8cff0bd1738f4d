//! YAML as a [`Tree`], within bounds: no text can make the reader build, follow or go through more than it is allowed.
//!
//! Words without quotes are what the core schema of YAML 1.2 makes of them (<https://yaml.org/spec/1.2.2/#103-core-schema>), and
//! `yes`, `no`, `on`, `off`, `y`, `n` are yes and no as well, as people write them for programs that read YAML 1.1. Whoever
//! asks for a text gets it as it is written. Tags count where they are those of the schema.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::tree::{Fault, Tree, Value, Word, small};

/// The key whose maps are laid under those of its own: <https://yaml.org/type/merge.html>.
const MERGE: &str = "<<";

/// What the tags of YAML itself begin with.
const STANDARD: &str = "tag:yaml.org,2002:";

/// How much of a text is read, and what may be in it.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many lists and maps may lie in each other, at most 255.
    pub depth: u16,
    /// The most documents.
    pub documents: usize,
    /// The most anchors (`&name`).
    pub anchors: usize,
    /// The most aliases (`*name`).
    pub aliases: usize,
    /// The most nodes that are written.
    pub nodes: usize,
    /// The most nodes that aliases and `<<` repeat, of whatever is read: aliases of aliases can name as many as one likes.
    pub repeated: usize,
    /// The most bytes of all texts.
    pub bytes: usize,
    /// What a key means that stands twice in a map.
    pub keys: Keys,
    /// Whether `<<` merges.
    pub merges: Merges,
}

/// What a key means that stands twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// That the text is wrong.
    Unique,
    /// What it means the last time.
    LastWins,
}

/// What `<<` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merges {
    /// That the text is wrong.
    Refused,
    /// What YAML 1.1 says: <https://yaml.org/type/merge.html>.
    Merged,
}

impl Rules {
    /// For one document that a person writes.
    pub const WRITTEN: Self = Self {
        depth: 64,
        documents: 1,
        anchors: 1_000,
        aliases: 1_000,
        nodes: 2_000_000,
        repeated: 100_000,
        bytes: 64 << 20,
        keys: Keys::Unique,
        merges: Merges::Merged,
    };
}

/// A list or a map whose end has not come.
struct Open {
    index: u32,
    is_map: bool,
    /// How many nodes are in it by now, keys included, and with those that aliases name.
    weight: u32,
    /// How many lists and maps lie in each other in it.
    height: u16,
    /// Whether the next node is a key.
    is_key: bool,
    /// Whether the next node is what is merged.
    is_merge: bool,
    /// What is merged.
    merged: Vec<u32>,
}

struct Reader<'a, 'r> {
    tree: Tree<'a>,
    rules: &'r Rules,
    open: Vec<Open>,
    /// What each anchor names, by its number.
    anchors: Vec<Option<u32>>,
    aliases: usize,
    documents: usize,
    bytes: usize,
    /// How many entries may still be gone through to merge them.
    merges_left: usize,
}

/// Reads a text.
///
/// # Errors
/// When it is no YAML, says something that the rules do not allow, or is beyond their limits.
pub fn read<'a>(text: &'a str, rules: &Rules) -> Result<Tree<'a>, Fault> {
    let tree = Tree::of(text, true)?;
    let (open, anchors, merges_left) = (Vec::new(), Vec::new(), rules.repeated);
    let mut reader = Reader { tree, rules, open, anchors, aliases: 0, documents: 0, bytes: 0, merges_left };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| fault(&error))?;
        reader.take(event, &span)?;
    }
    Ok(reader.tree)
}

fn fault(error: &ScanError) -> Fault {
    let mark = error.marker();
    Fault::new(mark.byte_offset().unwrap_or_default(), error.info())
}

impl<'a> Reader<'a, '_> {
    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), Fault> {
        let at = span.start.byte_offset().unwrap_or_default();
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > self.rules.documents {
                    return Err(match self.rules.documents {
                        1 => Fault::new(at, "a second document, and one is read"),
                        most => Fault::too_large(at, format!("it has more than {most} documents")),
                    });
                }
                self.tree.begin_document();
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.bytes = self.bytes.saturating_add(text.len());
                if self.bytes > self.rules.bytes {
                    let most = self.rules.bytes;
                    return Err(Fault::too_large(at, format!("its texts have more than {most} bytes")));
                }
                let index = self.begin(at, anchor)?;
                let is_plain = style == ScalarStyle::Plain;
                match tag.as_deref().map_or(Ok(None), |tag| kind_of(tag, at))? {
                    Some(Tagged::Null) => self.tree.push_word(at, &Word::Null),
                    tag => {
                        let is_plain = tag.map_or(is_plain, |tag| matches!(tag, Tagged::Word));
                        self.tree.push_text(at, is_plain, &text);
                    }
                }
                self.end(index, is_plain && text == MERGE && tag.as_deref().is_none_or(is_merge))?;
            }
            Event::Alias(anchor) => {
                self.aliases += 1;
                if self.aliases > self.rules.aliases {
                    let most = self.rules.aliases;
                    return Err(Fault::too_large(at, format!("it has more than {most} aliases")));
                }
                let named = self.anchors.get(anchor).copied().flatten();
                let named = named
                    .filter(|named| self.tree.is_closed(*named))
                    .ok_or_else(|| Fault::new(at, "an alias of what it lies in"))?;
                let index = self.begin(at, 0)?;
                self.limit_depth(at, self.tree.measure(named).1)?;
                self.tree.push_alias(at, named);
                self.end(index, false)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(at, anchor, false)?,
            Event::MappingStart(_, anchor, _) => self.open(at, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(at)?,
            _ => {}
        }
        Ok(())
    }

    /// Counts a node and keeps its anchor; tells its entry.
    fn begin(&mut self, at: usize, anchor: usize) -> Result<u32, Fault> {
        if self.tree.len() >= self.rules.nodes {
            return Err(Fault::too_large(at, format!("it has more than {} nodes", self.rules.nodes)));
        }
        let index = small(self.tree.len());
        if anchor > 0 {
            if anchor > self.rules.anchors {
                let what = match self.rules.anchors {
                    0 => "it has an anchor (`&name`), which no such file has".to_owned(),
                    most => format!("it has more than {most} anchors"),
                };
                return Err(Fault::too_large(at, what));
            }
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            if let Some(slot) = self.anchors.get_mut(anchor) {
                *slot = Some(index);
            }
        }
        Ok(index)
    }

    fn open(&mut self, at: usize, anchor: usize, is_map: bool) -> Result<(), Fault> {
        let index = self.begin(at, anchor)?;
        self.limit_depth(at, 1)?;
        self.tree.open(at, is_map);
        let (weight, height, merged) = (1, 1, Vec::new());
        self.open.push(Open { index, is_map, weight, height, is_key: is_map, is_merge: false, merged });
        Ok(())
    }

    /// Whether as many more levels may be here.
    fn limit_depth(&self, at: usize, more: u16) -> Result<(), Fault> {
        let most = self.rules.depth;
        if self.open.len() + usize::from(more) > usize::from(most) {
            return Err(Fault::too_large(at, format!("it nests more than {most} deep")));
        }
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), Fault> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        if open.is_map {
            self.unite(&mut open)?;
        }
        self.tree.close(open.index, open.weight, open.height);
        // The whole of it could be asked for.
        let written = self.tree.len() - open.index as usize;
        if (open.weight as usize).saturating_sub(written) > self.rules.repeated {
            let most = self.rules.repeated;
            return Err(Fault::too_large(at, format!("its aliases name more than {most} nodes")));
        }
        self.end(open.index, false)
    }

    /// Makes the keys of a map those that are there once, and adds what is merged.
    fn unite(&mut self, open: &mut Open) -> Result<(), Fault> {
        for (earlier, later) in self.tree.repeated(open.index) {
            if self.rules.keys == Keys::Unique {
                let (at, key) = (self.tree.at(later), self.tree.shown(later));
                return Err(Fault::new(at, format!("the key {key} is there twice")));
            }
            self.tree.drop_key(earlier);
        }
        if open.merged.is_empty() {
            return Ok(());
        }
        let (weight, height) = self.tree.merge(open.index, &open.merged, &mut self.merges_left)?;
        open.weight = open.weight.saturating_add(weight);
        open.height = open.height.max(height + 1);
        Ok(())
    }

    /// Counts a node that is complete with what it lies in.
    fn end(&mut self, index: u32, is_merge_key: bool) -> Result<(), Fault> {
        let (weight, height) = self.tree.measure(index);
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        if std::mem::take(&mut parent.is_merge) {
            parent.merged.push(index);
        } else {
            parent.height = parent.height.max(height + 1);
            parent.weight = parent.weight.saturating_add(weight);
        }
        if parent.is_map {
            if parent.is_key && is_merge_key {
                return self.merge_key(index);
            }
            parent.is_key = !parent.is_key;
        }
        Ok(())
    }

    fn merge_key(&mut self, key: u32) -> Result<(), Fault> {
        let at = self.tree.at(key);
        if self.rules.merges == Merges::Refused {
            return Err(Fault::new(at, "it has `<<`, which no such file has"));
        }
        if let Some(parent) = self.open.last_mut() {
            if !parent.merged.is_empty() && self.rules.keys == Keys::Unique {
                return Err(Fault::new(at, "the key << is there twice"));
            }
            (parent.is_key, parent.is_merge) = (false, true);
        }
        self.tree.drop_key(key);
        Ok(())
    }
}

/// What a tag says of a scalar.
enum Tagged {
    Null,
    /// What its text looks like, also in quotes.
    Word,
    Text,
}

fn kind_of(tag: &Tag, at: usize) -> Result<Option<Tagged>, Fault> {
    Ok(match tag.core_suffix() {
        Some("null") => Some(Tagged::Null),
        Some("str") => Some(Tagged::Text),
        Some("bool" | "int" | "float") => Some(Tagged::Word),
        _ if tag.suffix_in_namespace("!").is_some_and(|name| name.is_empty() || name == "!") => {
            Some(Tagged::Text)
        }
        _ if tag.suffix_in_namespace(STANDARD).is_some_and(|name| name == "binary") => {
            return Err(Fault::new(at, "no binary value (`!!binary`) is expected here"));
        }
        _ => None,
    })
}

fn is_merge(tag: &Tag) -> bool {
    tag.suffix_in_namespace(STANDARD).is_some_and(|name| name == "merge")
}

/// What a word without quotes is, where nobody asks for something; `None` when it is a text.
///
/// # Errors
/// When it is no finite number.
pub(crate) fn resolve<'t>(text: &str) -> Result<Option<Value<'t>>, ()> {
    let unsigned = unsigned(text);
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        _ if unsigned.get(..2).is_some_and(|two| matches!(two, "0X" | "0O" | "0B")) => return Ok(None),
        _ => {}
    }
    match word(text)? {
        Some(Value::Float(number)) if number.is_nan() && unsigned.len() < text.len() => Ok(None),
        Some(Value::Float(number)) if !number.is_finite() => Err(()),
        other => Ok(other),
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// What a word is where a number, or yes or no, is asked for.
///
/// # Errors
/// When it is a number that no format of numbers holds.
pub(crate) fn word<'t>(text: &str) -> Result<Option<Value<'t>>, ()> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if let Some(yes) = boolean(text) {
        return Ok(Some(Value::Bool(yes)));
    }
    if let Some(number) = integer(text) {
        return Ok(Some(number));
    }
    let unsigned = unsigned(text);
    Ok(match unsigned {
        ".nan" | ".NaN" | ".NAN" => Some(Value::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => Some(Value::Float(f64::NEG_INFINITY)),
        ".inf" | ".Inf" | ".INF" => Some(Value::Float(f64::INFINITY)),
        _ => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Some(Value::Float(number)),
            Ok(_) if unsigned.starts_with(|first: char| first.is_ascii_digit()) => return Err(()),
            _ => None,
        },
    })
}

fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "y", "on"]) {
        return Some(true);
    }
    is_one_of(["false", "no", "n", "off"]).then_some(false)
}

/// A whole number in base 10, 16, 8 or 2, with `_` between digits.
fn integer<'t>(text: &str) -> Option<Value<'t>> {
    let unsigned = unsigned(text);
    let (radix, digits) = match unsigned.get(..2) {
        Some("0x" | "0X") => (16, unsigned.get(2..)?),
        Some("0o" | "0O") => (8, unsigned.get(2..)?),
        Some("0b" | "0B") => (2, unsigned.get(2..)?),
        // Zeros before it make it no integer of this schema.
        _ if unsigned.starts_with('0') && unsigned != "0" => return None,
        _ => (10, unsigned),
    };
    let is_joined = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    if is_joined || digits.starts_with(['+', '-']) {
        return None;
    }
    let number = match digits.contains('_') {
        true => u64::from_str_radix(&digits.replace('_', ""), radix),
        false => u64::from_str_radix(digits, radix),
    };
    let number = number.ok()?;
    if text.starts_with('-') {
        return 0_i64.checked_sub_unsigned(number).map(Value::Integer);
    }
    Some(i64::try_from(number).map_or(Value::Unsigned(number), Value::Integer))
}
