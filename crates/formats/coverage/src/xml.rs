//! XML, as far as reports need it.
//!
//! Elements, attributes and text; no document type definition is resolved and no entity but the five of XML
//! and character references is expanded, so no report can make the reader load or build anything.

use std::borrow::Cow;
use std::cell::Cell;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, BytesText, Event};

use crate::count::{Count, number};
use crate::error::{CoverageError, Position, Problem};
use crate::model::{Format, Warnings, shorten};

/// Groups of JaCoCo nest, but not this deep.
const MAX_DEPTH: usize = 100;

/// A report in XML, element by element.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    bytes: &'a [u8],
    format: Format,
    depth: usize,
    at: usize,
    /// An offset and its line, from which later lines are counted.
    counted: Cell<(usize, u64)>,
}

/// A part of a document.
pub(crate) enum Node<'a> {
    Open(Element<'a>),
    Close(BytesEnd<'a>),
    Text(Cow<'a, str>),
    End,
}

/// An element with its attributes.
pub(crate) struct Element<'a>(BytesStart<'a>);

/// The raw value of an attribute, when the element has it.
pub(crate) type Value<'a> = Option<Cow<'a, [u8]>>;

impl<'a> Xml<'a> {
    pub(crate) fn new(bytes: &'a [u8], format: Format) -> Self {
        let mut reader = Reader::from_reader(bytes);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, bytes, format, depth: 0, at: 0, counted: Cell::new((0, 1)) }
    }

    /// The next part that matters: no comments, no declarations.
    pub(crate) fn next(&mut self) -> Result<Node<'a>, CoverageError> {
        loop {
            self.at = usize::try_from(self.reader.buffer_position()).unwrap_or(self.bytes.len());
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    self.at = usize::try_from(self.reader.error_position()).unwrap_or(self.at);
                    return Err(self.error(Problem::Syntax(error.to_string())));
                }
            };
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(self.error(Problem::TooDeep(MAX_DEPTH)));
                    }
                    return Ok(Node::Open(Element(start)));
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close(end));
                }
                Event::Text(text) => return Ok(Node::Text(self.text(&text)?)),
                Event::CData(data) => {
                    return Ok(Node::Text(self.utf8(&data.into_inner())?.into_owned().into()));
                }
                Event::GeneralRef(reference) => return Ok(Node::Text(self.reference(&reference)?)),
                Event::Eof if self.depth > 0 => {
                    return Err(self.error(Problem::Truncated("its last end tag")));
                }
                Event::Eof => return Ok(Node::End),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn text(&self, text: &BytesText<'a>) -> Result<Cow<'a, str>, CoverageError> {
        text.decode().map_err(|error| self.error(Problem::Syntax(error.to_string())))
    }

    fn reference(&self, reference: &BytesRef<'a>) -> Result<Cow<'a, str>, CoverageError> {
        let name = format!("&{};", String::from_utf8_lossy(reference));
        let text = unescape(&name).map_err(|error| self.error(Problem::Syntax(error.to_string())))?;
        Ok(text.into_owned().into())
    }

    /// The values of some attributes, in one pass over all of them.
    pub(crate) fn values<'e, const N: usize>(
        &self,
        element: &'e Element<'_>,
        names: [&str; N],
    ) -> Result<[Value<'e>; N], CoverageError> {
        let mut values = [const { None }; N];
        // Without checks: those compare each attribute with all before it.
        for attribute in element.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.error(Problem::Syntax(error.to_string())))?;
            let name = attribute.key.as_ref();
            if let Some(place) = names.iter().position(|wanted| wanted.as_bytes() == name)
                && let Some(slot) = values.get_mut(place)
            {
                *slot = Some(attribute.value);
            }
        }
        Ok(values)
    }

    /// The text of a value; empty when there is none.
    pub(crate) fn string(&self, value: &Value<'_>) -> Result<String, CoverageError> {
        let Some(value) = value else { return Ok(String::new()) };
        let raw = self.utf8(value)?;
        let text = unescape(&raw).map_err(|error| self.error(Problem::Syntax(error.to_string())))?;
        Ok(text.into_owned())
    }

    fn utf8<'v>(&self, value: &'v [u8]) -> Result<Cow<'v, str>, CoverageError> {
        match std::str::from_utf8(value) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(self.error(Problem::Syntax(format!("`{}` is not UTF-8", shorten(value))))),
        }
    }

    /// A line number or another small number that has to be there.
    pub(crate) fn number(&self, value: &Value<'_>, what: &'static str) -> Result<u32, CoverageError> {
        let value = value.as_deref().ok_or_else(|| self.error(Problem::Missing(what)))?;
        number(value).ok_or_else(|| self.not_a_number(what, value))
    }

    /// A number of executions; `None` when there is no such attribute.
    pub(crate) fn count(
        &self,
        value: &Value<'_>,
        what: &'static str,
        warnings: &mut Warnings,
    ) -> Result<Option<u64>, CoverageError> {
        let Some(value) = value else { return Ok(None) };
        let count = Count::parse(value).ok_or_else(|| self.not_a_number(what, value))?;
        Ok(Some(match count.odd {
            Some(_) => warnings.take_count(count, self.line(), value),
            None => count.value,
        }))
    }

    pub(crate) fn not_a_number(&self, what: &'static str, found: &[u8]) -> CoverageError {
        self.error(Problem::NotANumber { what, found: shorten(found) })
    }

    /// An error at the element read last.
    pub(crate) fn error(&self, problem: Problem) -> CoverageError {
        CoverageError::Malformed { format: self.format, at: Position::of(self.bytes, self.at), problem }
    }

    /// The line of the element read last, for warnings. There may be one for each element, so lines are counted on
    /// from the last one.
    pub(crate) fn line(&self) -> u64 {
        let (from, line) = self.counted.get();
        let passed = self.bytes.get(from..self.at).unwrap_or_default();
        let line = line + memchr::memchr_iter(b'\n', passed).count() as u64;
        self.counted.set((self.at.max(from), line));
        line
    }
}

impl Element<'_> {
    /// Its name without a prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.0.local_name().into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_element_is_its_start_tag() {
        let mut xml = Xml::new(b"<a>\n <b\n x='1'/>\n\n<c/></a>", Format::Clover);
        let mut places = Vec::new();
        loop {
            match xml.next().unwrap() {
                Node::Open(_) => {
                    let CoverageError::Malformed { at, .. } = xml.error(Problem::Missing("x")) else {
                        continue;
                    };
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
        let mut xml = Xml::new(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'>&amp;&#65;&e;</a>", Format::Clover);
        let Node::Open(a) = xml.next().unwrap() else { panic!("an element") };
        let [b] = xml.values(&a, ["b"]).unwrap();
        assert!(xml.string(&b).is_err());
        let mut text = String::new();
        while let Ok(Node::Text(part)) = xml.next() {
            text.push_str(&part);
        }
        assert_eq!(text, "&A");
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let mut xml = Xml::new(deep.as_bytes(), Format::Clover);
        let error = (0..=MAX_DEPTH).find_map(|_| xml.next().err());
        assert!(matches!(error, Some(CoverageError::Malformed { problem: Problem::TooDeep(_), .. })));
    }
}
