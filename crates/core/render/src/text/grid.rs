//! Columns that line up.

use std::io::{self, Write};

use lw_model::Align;
use unicode_width::UnicodeWidthStr;

use super::paint::{Paint, Style};
use crate::escape;

/// Columns between two columns.
const GAP: usize = 2;
/// A name is not shortened below this: what is left of it would tell nothing.
const MIN_NAME: usize = 18;

/// The text of one cell and its look.
pub(super) struct Text {
    text: String,
    style: Style,
    flexible: bool,
}

impl Text {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::styled(text, Style::PLAIN)
    }

    pub(super) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, flexible: false }
    }

    /// The same text, which may lose its middle when the terminal is narrow.
    pub(super) fn flexible(self) -> Self {
        Self { flexible: true, ..self }
    }
}

/// A table of cells.
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Text>>,
}

struct Column {
    title: String,
    align: Align,
    width: usize,
    flexible: bool,
    used: bool,
}

impl Grid {
    pub(super) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns
            .iter()
            .map(|(title, align)| Column {
                title: (*title).to_owned(),
                align: *align,
                width: title.width(),
                flexible: false,
                used: false,
            })
            .collect();
        Self { columns, rows: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row; cells beyond the last column are dropped.
    pub(super) fn push(&mut self, row: Vec<Text>) {
        for (column, cell) in self.columns.iter_mut().zip(&row) {
            column.width = column.width.max(cell.text.width());
            column.flexible |= cell.flexible;
            column.used |= !cell.text.is_empty();
        }
        self.rows.push(row);
    }

    /// Writes headings and rows; a column without any content is left out.
    pub(super) fn write(
        &self,
        indent: usize,
        width: usize,
        ellipsis: &str,
        paint: Paint,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let widths = self.fit(width.saturating_sub(indent));
        if self.columns.iter().any(|column| column.used && !column.title.is_empty()) {
            let titles = self.columns.iter().map(|column| Some((column.title.as_str(), Style::DIM)));
            self.line(titles, &widths, indent, ellipsis, paint, out)?;
        }
        for row in &self.rows {
            let mut cells = row.iter().map(|cell| (cell.text.as_str(), cell.style));
            self.line(self.columns.iter().map(|_| cells.next()), &widths, indent, ellipsis, paint, out)?;
        }
        Ok(())
    }

    fn line<'c>(
        &self,
        cells: impl Iterator<Item = Option<(&'c str, Style)>>,
        widths: &[usize],
        indent: usize,
        ellipsis: &str,
        paint: Paint,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // Blanks are owed until something follows them, so that no line ends in any.
        let mut owed = indent;
        let mut first = true;
        for ((column, width), cell) in self.columns.iter().zip(widths).zip(cells) {
            if !column.used {
                continue;
            }
            if !std::mem::take(&mut first) {
                owed += GAP;
            }
            let (text, style) = cell.unwrap_or(("", Style::PLAIN));
            let text = escape::elide(text, *width, ellipsis);
            let blank = width.saturating_sub(text.width());
            if column.align == Align::Right {
                owed += blank;
            }
            if !text.is_empty() {
                write!(out, "{:owed$}{}", "", paint.with(style, &text))?;
                owed = 0;
            }
            if column.align == Align::Left {
                owed += blank;
            }
        }
        writeln!(out)
    }

    /// Widths of the columns; the widest names give way until the line fits or none is left to give.
    fn fit(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<_> = self.columns.iter().map(|column| column.width).collect();
        let used = || self.columns.iter().filter(|column| column.used);
        let gaps = used().count().saturating_sub(1) * GAP;
        let total: usize = used().map(|column| column.width).sum::<usize>() + gaps;
        for _ in room..total {
            let widest = self
                .columns
                .iter()
                .zip(&mut widths)
                .filter(|(column, width)| column.used && column.flexible && **width > MIN_NAME)
                .max_by_key(|(_, width)| **width);
            match widest {
                Some((_, width)) => *width -= 1,
                None => break,
            }
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(grid: &Grid, width: usize) -> String {
        let mut out = Vec::new();
        grid.write(2, width, "…", Paint(false), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_give_way_and_numbers_do_not() {
        let mut grid = Grid::new(&[("Name", Align::Left), ("Empty", Align::Left), ("Size", Align::Right)]);
        for (name, size) in [("a/very/long/path/of/an/object.o", "1,048,576 B"), ("日本", "7 B")] {
            grid.push(vec![Text::plain(name).flexible(), Text::plain(""), Text::plain(size)]);
        }
        let expected = "  Name                        Size\n  a/very/lo…/object.o  1,048,576 B\n  日本                         7 B\n";
        assert_eq!(drawn(&grid, 34), expected);
    }
}
