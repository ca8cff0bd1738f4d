//! XML, as far as reports need it.
//!
//! Elements, attributes and text; no document type definition is resolved and no entity but the five of XML and character
//! references is expanded, so no document can make the reader load or build anything. Text and values are bytes, because
//! what programs print into a report need not be UTF-8: who asks decides whether that is an error.

use std::borrow::Cow;
use std::cell::Cell;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesEnd, BytesStart, Event};
use thiserror::Error;

use crate::Position;

/// Why a document could not be read any further.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum XmlError {
    /// Not well-formed; in the words of the reader.
    #[error("{0}")]
    Syntax(String),
    /// Elements within elements, deeper than the reader follows.
    #[error("elements nest more than {0} deep")]
    TooDeep(usize),
    /// It ends before its root does.
    #[error("it ends before its last end tag")]
    Truncated,
}

/// A document, element by element.
pub struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    bytes: &'a [u8],
    most: usize,
    depth: usize,
    at: usize,
    /// An offset and its line, from which later lines are counted.
    counted: Cell<(usize, u64)>,
}

/// A part of a document.
pub enum Node<'a> {
    /// A start tag.
    Open(Element<'a>),
    /// An end tag.
    Close(Closed<'a>),
    /// Text, references resolved.
    Text(Cow<'a, [u8]>),
    /// The end of the document.
    End,
}

/// An element with its attributes.
pub struct Element<'a>(BytesStart<'a>);

/// The end of an element.
pub struct Closed<'a>(BytesEnd<'a>);

/// The raw value of an attribute, when the element has it.
pub type Value<'a> = Option<Cow<'a, [u8]>>;

impl<'a> Xml<'a> {
    /// A document whose elements may nest `most` deep.
    #[must_use]
    pub fn new(bytes: &'a [u8], most: usize) -> Self {
        let mut reader = Reader::from_reader(bytes);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, bytes, most, depth: 0, at: 0, counted: Cell::new((0, 1)) }
    }

    /// The next part that matters: no comments, no declarations.
    ///
    /// # Errors
    /// When the document is not well-formed, nests too deep, or ends too early; [`Xml::position`] says where.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Node<'a>, XmlError> {
        loop {
            self.at = usize::try_from(self.reader.buffer_position()).unwrap_or(self.bytes.len());
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    self.at = usize::try_from(self.reader.error_position()).unwrap_or(self.at);
                    return Err(XmlError::Syntax(error.to_string()));
                }
            };
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > self.most {
                        return Err(XmlError::TooDeep(self.most));
                    }
                    return Ok(Node::Open(Element(start)));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close(Closed(end)));
                }
                Event::Text(text) => return Ok(Node::Text(text.into_inner())),
                Event::CData(data) => return Ok(Node::Text(data.into_inner())),
                Event::GeneralRef(reference) => {
                    let name = format!("&{};", String::from_utf8_lossy(&reference));
                    let text = unescape(&name).map_err(|error| XmlError::Syntax(error.to_string()))?;
                    return Ok(Node::Text(text.into_owned().into_bytes().into()));
                }
                Event::Eof if self.depth > 0 => return Err(XmlError::Truncated),
                Event::Eof => return Ok(Node::End),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    /// How many elements are open.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Where the part read last begins, or where the error is.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::of(self.bytes, self.at)
    }

    /// The line of the part read last, for warnings. There may be one for each element, so lines are counted on from the
    /// last one.
    #[must_use]
    pub fn line(&self) -> u64 {
        let (from, line) = self.counted.get();
        let passed = self.bytes.get(from..self.at).unwrap_or_default();
        let line = line + memchr::memchr_iter(b'\n', passed).count() as u64;
        self.counted.set((self.at.max(from), line));
        line
    }
}

impl Element<'_> {
    /// Its name without a prefix.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.local_name().into_inner()
    }

    /// The values of some attributes, in one pass over all of them.
    ///
    /// # Errors
    /// When the attributes are not well-formed.
    pub fn values<const N: usize>(&self, names: [&str; N]) -> Result<[Value<'_>; N], XmlError> {
        let mut values = [const { None }; N];
        // Without checks: those compare each attribute with all before it.
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| XmlError::Syntax(error.to_string()))?;
            let name = attribute.key.as_ref();
            if let Some(place) = names.iter().position(|wanted| wanted.as_bytes() == name)
                && let Some(slot) = values.get_mut(place)
            {
                *slot = Some(attribute.value);
            }
        }
        Ok(values)
    }
}

impl Closed<'_> {
    /// The name of the element without a prefix.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.local_name().into_inner()
    }
}

/// A value or a text without its references.
///
/// # Errors
/// When it has a reference that is none of XML's own.
pub fn resolve(raw: &str) -> Result<Cow<'_, str>, XmlError> {
    unescape(raw).map_err(|error| XmlError::Syntax(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_element_is_its_start_tag() {
        let mut xml = Xml::new(b"<a>\n <b\n x='1'/>\n\n<c/></a>", 9);
        let mut places = Vec::new();
        loop {
            match xml.next().unwrap() {
                Node::Open(_) => {
                    let at = xml.position();
                    assert_eq!((xml.line(), xml.line()), (at.line, at.line));
                    places.push((at.line, at.column));
                }
                Node::End => break,
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        assert_eq!(places, [(1, 1), (2, 2), (5, 1)]);
    }

    #[test]
    fn no_entity_is_expanded_and_no_depth_is_unbounded() {
        let mut xml = Xml::new(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'>&amp;&#65;&e;</a>", 9);
        let Node::Open(a) = xml.next().unwrap() else { panic!("an element") };
        let [b] = a.values(["b"]).unwrap();
        assert!(resolve(std::str::from_utf8(&b.unwrap()).unwrap()).is_err());
        let mut text = Vec::new();
        while let Ok(Node::Text(part)) = xml.next() {
            text.extend_from_slice(&part);
        }
        assert_eq!(text, b"&A");
        let deep = "<a>".repeat(10);
        let mut xml = Xml::new(deep.as_bytes(), 9);
        assert_eq!((0..10).find_map(|_| xml.next().err()), Some(XmlError::TooDeep(9)));
        let mut xml = Xml::new(b"<a><b></b>", 9);
        assert_eq!((0..10).find_map(|_| xml.next().err()), Some(XmlError::Truncated));
    }
}
