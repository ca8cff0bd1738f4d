//! XML, as far as reports need it.
//!
//! Elements, attributes and text; no document type definition is resolved and no entity but the five of XML
//! and character references is expanded, so no report can make the reader load or build anything.

use std::borrow::Cow;

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
        Self { reader, bytes, format, depth: 0, at: 0 }
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

    /// The line of the element read last. Counted anew each time, so for warnings only.
    pub(crate) fn line(&self) -> u64 {
        Position::of(self.bytes, self.at).line
    }
}

impl Element<'_> {
    /// Its name without a prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.0.local_name().into_inner()
    }
}
