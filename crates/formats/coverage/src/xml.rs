//! XML of reports: elements, attributes and text, as `lw-syntax` reads them, with errors and numbers of coverage.

use std::borrow::Cow;

use lw_syntax::xml::{self, XmlError, resolve};

use crate::count::{Count, number};
use crate::error::{CoverageError, Problem};
use crate::model::{Format, Warnings, shorten};

pub(crate) use lw_syntax::xml::{Closed, Element, Value};

/// Groups of JaCoCo nest, but not this deep.
const MAX_DEPTH: usize = 100;

/// A report in XML, element by element.
pub(crate) struct Xml<'a> {
    xml: xml::Xml<'a>,
    format: Format,
}

/// A part of a document.
pub(crate) enum Node<'a> {
    Open(Element<'a>),
    Close(Closed<'a>),
    Text(Cow<'a, str>),
    End,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(bytes: &'a [u8], format: Format) -> Self {
        Self { xml: xml::Xml::new(bytes, MAX_DEPTH), format }
    }

    /// The next part that matters: no comments, no declarations.
    pub(crate) fn next(&mut self) -> Result<Node<'a>, CoverageError> {
        Ok(match self.xml.next().map_err(|error| self.xml_error(error))? {
            xml::Node::Open(element) => Node::Open(element),
            xml::Node::Close(closed) => Node::Close(closed),
            xml::Node::Text(Cow::Borrowed(text)) => Node::Text(self.utf8(text)?),
            xml::Node::Text(Cow::Owned(text)) => Node::Text(self.utf8(&text)?.into_owned().into()),
            xml::Node::End => Node::End,
        })
    }

    fn xml_error(&self, error: XmlError) -> CoverageError {
        self.error(match error {
            XmlError::Syntax(text) => Problem::Syntax(text),
            XmlError::TooDeep(most) => Problem::TooDeep(most),
            XmlError::Truncated => Problem::Truncated("its last end tag"),
        })
    }

    /// The values of some attributes, in one pass over all of them.
    pub(crate) fn values<'e, const N: usize>(
        &self,
        element: &'e Element<'_>,
        names: [&str; N],
    ) -> Result<[Value<'e>; N], CoverageError> {
        element.values(names).map_err(|error| self.xml_error(error))
    }

    /// The text of a value; empty when there is none.
    pub(crate) fn string(&self, value: &Value<'_>) -> Result<String, CoverageError> {
        let Some(value) = value else { return Ok(String::new()) };
        let raw = self.utf8(value)?;
        let text = resolve(&raw).map_err(|error| self.xml_error(error))?;
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
        CoverageError::Malformed { format: self.format, at: self.xml.position(), problem }
    }

    /// The line of the element read last, for warnings.
    pub(crate) fn line(&self) -> u64 {
        self.xml.line()
    }
}
