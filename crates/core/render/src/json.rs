//! `lw-report/1`: the form other tools read.
//!
//! Laid out for people and for line-based diffs: the report and the items of its lists have a line per field,
//! everything deeper a line per item. So a tree has one node per line however large it is, and is
//! streamed without a second copy.

use std::io::{self, Write};

use lw_model::{Number, Report, Threshold};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::RenderError;

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    finite(report)?;
    let mut serializer = Serializer::with_formatter(&mut *out, Layout::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// JSON has no infinity; `serde_json` would write `null`, which does not read back.
fn finite(report: &Report) -> Result<(), RenderError> {
    let measures = report.measures.iter().flat_map(|measure| {
        let amounts = measure.limits.iter().filter_map(|limit| match limit.threshold {
            Threshold::Amount(amount) => Some(amount),
            Threshold::Percent(_) => None,
        });
        [Some(measure.value), measure.whole, measure.baseline]
            .into_iter()
            .flatten()
            .chain(amounts)
            .map(|number| (&measure.name, number))
    });
    let series =
        report.series.iter().flat_map(|series| series.points.iter().map(|point| (&series.name, point.value)));
    for (name, number) in measures.chain(series) {
        if let Number::Decimal(value) = number
            && !value.is_finite()
        {
            return Err(RenderError::NotFinite { name: name.clone(), value });
        }
    }
    Ok(())
}

/// Report, list, item: down to here every field has its own line.
const OPEN_LEVELS: usize = 3;

#[derive(Clone, Copy)]
enum Frame {
    /// Items on lines of their own.
    Open { any: bool },
    /// All on one line.
    Inline,
}

#[derive(Default)]
struct Layout {
    frames: Vec<Frame>,
    indent: usize,
}

impl Layout {
    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        // Two columns where people read, one below: in a tree the indentation is much of what is written.
        let columns = self.indent + self.indent.min(OPEN_LEVELS + 1);
        write!(out, "\n{:columns$}", "")
    }

    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, open: bool, bracket: &[u8]) -> io::Result<()> {
        self.frames.push(if open { Frame::Open { any: false } } else { Frame::Inline });
        self.indent += usize::from(open);
        out.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        if let Some(Frame::Open { any }) = self.frames.pop() {
            self.indent -= 1;
            if any {
                self.line(out)?;
            }
        }
        out.write_all(bracket)
    }

    fn item<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if let Some(Frame::Open { any }) = self.frames.last_mut() {
            *any = true;
            self.line(out)
        } else if first {
            Ok(())
        } else {
            out.write_all(b" ")
        }
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        // A row of a table is an array in an array: one line each.
        let is_row = self.frames.len() > OPEN_LEVELS && self.in_array();
        self.begin(out, !is_row, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let open = self.frames.len() < OPEN_LEVELS;
        self.begin(out, open, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

impl Layout {
    /// Whether the value about to begin is an array's item: below the open levels objects are inline.
    fn in_array(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Open { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lw_model::{Align, Cell, Measure, Node, Table, Tree, Unit};

    #[test]
    fn a_row_and_a_node_have_one_line() {
        let mut report = Report::new("size-gate", "1.2.3");
        let mut table = Table::new("t", "T", &[("Name", Align::Left), ("Size", Align::Right)]);
        table.rows.push(vec![Cell::Code("main".into()), Cell::Bytes(1)]);
        report.tables.push(table);
        report.trees.push(Tree {
            name: "memory".into(),
            subject: None,
            unit: Unit::Bytes,
            levels: vec!["region".into()],
            root: Node::sum("all", vec![Node::leaf("a", 1), Node::sum("b", vec![Node::leaf("c", 2)])]),
        });
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\n        [{\"code\": \"main\"}, {\"bytes\": 1}]\n"), "{text}");
        assert!(text.contains("{\"name\": \"c\", \"value\": 2}\n"), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn infinity_is_an_error_that_names_the_measure() {
        let mut report = Report::new("bench", "1.2.3");
        let mut measure = Measure::bytes("x.seconds", 1);
        measure.value = f64::INFINITY.into();
        report.measures.push(measure);
        let error = write(&report, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "`x.seconds` has the value inf, which JSON cannot hold");
    }
}
