//! Columns that line up, in the width there is.
//!
//! What is too wide gives way in this order: bars lose their picture and keep their figure, names and sentences go on in
//! the next line, and then whole columns leave, the least worth first. A word or a number is never broken.

use std::borrow::Cow;
use std::io::{self, Write};

use lw_model::Align;
use unicode_width::UnicodeWidthStr;

use super::paint::{self, Paint, Style};
use crate::escape;

/// Columns between two columns.
const GAP: usize = 2;
/// A name or sentence does not become narrower than this before a column leaves.
const LEAST: usize = 12;
/// Nor is a name folded that is no longer than this, as long as there are columns of little worth.
const NAME: usize = 24;
/// Nor than its longest word; but for the sake of a very long word no column leaves.
const WORD: usize = 28;
/// Lines of a cell; what is left of a name loses its middle.
const LINES: usize = 3;

/// What happens to a cell in a narrow column.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: a number, a mark.
    Rigid,
    /// It goes on in the next line after one of its separators.
    Name,
    /// It goes on in the next line after a space.
    Sentence,
    /// Its picture is left out; this is the figure.
    Bar(String),
}

/// The text of one cell and its look.
pub(super) struct Text {
    text: String,
    style: Style,
    kind: Kind,
}

impl Text {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::styled(text, Style::PLAIN)
    }

    pub(super) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, kind: Kind::Rigid }
    }

    /// The same text as a name.
    pub(super) fn name(self) -> Self {
        Self { kind: Kind::Name, ..self }
    }

    /// The same text as a sentence.
    pub(super) fn sentence(self) -> Self {
        Self { text: escape::bound(&self.text).into_owned(), kind: Kind::Sentence, ..self }
    }

    /// The same picture, of this figure.
    pub(super) fn bar(self, figure: String) -> Self {
        Self { kind: Kind::Bar(figure), ..self }
    }

    /// The text, or of a bar without pictures the figure.
    fn shown(&self, pictures: bool) -> &str {
        match &self.kind {
            Kind::Bar(figure) if !pictures => figure,
            _ => &self.text,
        }
    }

    /// The narrowest it may become before a column leaves, with short names in one line or not.
    fn least(&self, whole_names: bool) -> usize {
        let (least, longest) = match self.kind {
            Kind::Rigid | Kind::Bar(_) => return self.shown(false).width(),
            Kind::Name => (
                if whole_names { NAME } else { LEAST },
                escape::breakable(&self.text).iter().map(|piece| piece.width()).max(),
            ),
            Kind::Sentence => (LEAST, self.text.split(' ').map(UnicodeWidthStr::width).max()),
        };
        longest.unwrap_or(0).clamp(least, WORD).min(self.text.width())
    }

    /// The lines of the cell in a column of this width.
    fn lines(&self, width: usize, pictures: bool, ellipsis: &str) -> Vec<Cow<'_, str>> {
        let text = self.shown(pictures);
        if text.width() <= width {
            return vec![Cow::Borrowed(text)];
        }
        match self.kind {
            Kind::Rigid | Kind::Bar(_) => vec![Cow::Owned(escape::elide(text, width, ellipsis))],
            Kind::Name => {
                // A line ends before its margin where a piece is too long for it.
                let mut room = width * LINES;
                loop {
                    let lines = paint::fold(&escape::elide_pieces(text, room, ellipsis), width);
                    if lines.len() <= LINES || room <= width {
                        return lines.into_iter().take(LINES).map(Cow::Owned).collect();
                    }
                    room -= 1;
                }
            }
            Kind::Sentence => {
                let mut lines = paint::wrap(text, width, 0);
                if lines.len() > LINES {
                    lines.truncate(LINES);
                    if let Some(last) = lines.last_mut() {
                        let room = width.saturating_sub(ellipsis.width() + 1);
                        let kept = paint::wrap(last, room.max(1), 0).into_iter().next().unwrap_or_default();
                        *last = format!("{} {ellipsis}", kept.trim_end_matches([',', ';']));
                    }
                }
                lines.into_iter().map(Cow::Owned).collect()
            }
        }
    }
}

/// A table of cells.
pub(super) struct Grid {
    columns: Vec<Column>,
    /// From this worth on, a column is one of those that say what changed.
    dear: usize,
    rows: Vec<Vec<Text>>,
}

struct Column {
    title: String,
    align: Align,
    used: bool,
    /// Columns of the least worth leave first; none leaves that has `None`.
    worth: Option<usize>,
}

/// What is shown of a grid in a width.
struct Layout {
    /// The width of each column; `None` for one that is not there.
    widths: Vec<Option<usize>>,
    /// Whether bars have their picture.
    pictures: bool,
}

impl Grid {
    /// Columns of which the first never leaves, and those that say what changed leave last; of the others the right one
    /// leaves before the left one.
    pub(super) fn new(columns: &[(&str, Align)]) -> Self {
        let count = columns.len();
        let columns = columns
            .iter()
            .enumerate()
            .map(|(index, (title, align))| Column {
                title: (*title).to_owned(),
                align: *align,
                used: false,
                worth: match *title {
                    _ if index == 0 => None,
                    "Change" | "Growth" => Some(count + 4),
                    "Now" | "Value" => Some(count + 3),
                    "Before" => Some(count + 2),
                    "" => Some(count + 1),
                    _ => Some(count - index),
                },
            })
            .collect();
        Self { columns, dear: count + 1, rows: Vec::new() }
    }

    /// The columns that leave, in this order, and no other; the first `cheap` of them before names are folded.
    pub(super) fn leaving(mut self, titles: &[&str], cheap: usize) -> Self {
        self.dear = cheap;
        for column in &mut self.columns {
            column.worth = titles.iter().position(|title| *title == column.title);
        }
        self
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row; cells beyond the last column are dropped.
    pub(super) fn push(&mut self, row: Vec<Text>) {
        for (column, cell) in self.columns.iter_mut().zip(&row) {
            column.used |= !cell.text.is_empty();
            // A share says in one figure what two others do.
            if matches!(cell.kind, Kind::Bar(_)) {
                column.worth = column.worth.map(|worth| worth.max(self.dear.saturating_sub(1)));
            }
        }
        self.rows.push(row);
    }

    /// Writes headings and rows; a column without any content is left out. Returns the headings of the columns for
    /// which there was no room.
    pub(super) fn write(
        &self,
        indent: usize,
        width: usize,
        ellipsis: &str,
        paint: Paint,
        out: &mut dyn Write,
    ) -> io::Result<Vec<&str>> {
        let layout = self.fit(width.saturating_sub(indent));
        let shown = || self.columns.iter().zip(&layout.widths).filter(|(_, width)| width.is_some());
        if shown().any(|(column, _)| !column.title.is_empty()) {
            let titles = self.columns.iter().map(|column| {
                Some((Cow::Borrowed(column.title.as_str()), Style::DIM)).filter(|_| !column.title.is_empty())
            });
            self.line(titles, &layout, indent, ellipsis, paint, out)?;
        }
        for row in &self.rows {
            let cells: Vec<_> = self
                .columns
                .iter()
                .zip(&layout.widths)
                .enumerate()
                .map(|(index, (_, width))| {
                    let lines = row.get(index).zip(*width);
                    lines
                        .map(|(cell, width)| cell.lines(width, layout.pictures, ellipsis))
                        .unwrap_or_default()
                })
                .collect();
            for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0).max(1) {
                let cells =
                    cells.iter().zip(row.iter().map(|cell| Some(cell.style)).chain(std::iter::repeat(None)));
                let cells = cells
                    .map(|(lines, style)| Some((lines.get(line)?.clone(), style.unwrap_or(Style::PLAIN))));
                self.line(cells, &layout, indent, ellipsis, paint, out)?;
            }
        }
        Ok(self
            .columns
            .iter()
            .zip(&layout.widths)
            .filter(|(column, width)| column.used && width.is_none())
            .map(|(column, _)| column.title.as_str())
            .collect())
    }

    fn line<'c>(
        &self,
        cells: impl Iterator<Item = Option<(Cow<'c, str>, Style)>>,
        layout: &Layout,
        indent: usize,
        ellipsis: &str,
        paint: Paint,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // Blanks are owed until something follows them, so that no line ends in any.
        let mut owed = indent;
        let mut first = true;
        for ((column, width), cell) in self.columns.iter().zip(&layout.widths).zip(cells) {
            let Some(width) = width else { continue };
            if !std::mem::take(&mut first) {
                owed += GAP;
            }
            let (text, style) = cell.unwrap_or((Cow::Borrowed(""), Style::PLAIN));
            let text = escape::elide(&text, *width, ellipsis).replace(escape::NO_BREAK, " ");
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

    /// The widths of the columns.
    fn fit(&self, room: usize) -> Layout {
        let mut shown: Vec<bool> = self.columns.iter().map(|column| column.used).collect();
        let wide = self.measured(&shown, |cell| cell.shown(true).width());
        if total(&wide) <= room {
            return Layout { widths: wide, pictures: true };
        }
        // A picture is left out where names would have to be folded for it.
        let natural = self.measured(&shown, |cell| cell.shown(false).width());
        if total(&natural) <= room {
            return Layout { widths: natural, pictures: false };
        }
        let least = loop {
            let least = self.measured(&shown, |cell| cell.least(true));
            if total(&least) <= room {
                break least;
            }
            let next = self
                .columns
                .iter()
                .enumerate()
                .filter(|(index, _)| shown.get(*index).copied().unwrap_or(false))
                .filter_map(|(index, column)| Some((column.worth?, index)))
                .min();
            // What tells most leaves only when names in several lines do not help, and so does the last but one.
            let count = shown.iter().filter(|shown| **shown).count();
            let is_dear = count <= 2 || next.is_none_or(|(worth, _)| worth >= self.dear);
            if is_dear {
                let tight = self.measured(&shown, |cell| cell.least(false));
                if total(&tight) <= room {
                    break tight;
                }
            }
            match next.and_then(|(_, index)| shown.get_mut(index)) {
                Some(shown) => *shown = false,
                None => break least,
            }
        };
        let natural = self.measured(&shown, |cell| cell.shown(false).width());
        let mut widths = least;
        // What is left over goes to those that want it most; what is missing is taken from the widest.
        while total(&widths) < room {
            let mut wanting = widths.iter_mut().zip(&natural).filter_map(|(width, natural)| {
                let (width, natural) = (width.as_mut()?, (*natural)?);
                (*width < natural).then_some((natural - *width, width))
            });
            let Some(first) = wanting.next() else { break };
            let most = wanting.fold(first, |most, next| if next.0 > most.0 { next } else { most });
            *most.1 += 1;
        }
        while total(&widths) > room {
            match widths.iter_mut().flatten().max() {
                Some(width) if *width > 1 => *width -= 1,
                _ => break,
            }
        }
        Layout { widths, pictures: false }
    }

    /// The width of each column that is shown: of its title, or of its widest cell.
    fn measured(&self, shown: &[bool], of: impl Fn(&Text) -> usize) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = self
            .columns
            .iter()
            .zip(shown)
            .map(|(column, shown)| shown.then(|| column.title.width()))
            .collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                if let Some(width) = width {
                    *width = (*width).max(of(cell));
                }
            }
        }
        widths
    }
}

/// Columns of a line.
fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + shown.count().saturating_sub(1) * GAP
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(grid: &Grid, width: usize) -> (String, Vec<&str>) {
        let mut out = Vec::new();
        let left = grid.write(2, width, "…", Paint(false), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), left)
    }

    #[test]
    fn names_go_on_in_the_next_line_and_numbers_do_not() {
        let mut grid = Grid::new(&[("Name", Align::Left), ("Empty", Align::Left), ("Size", Align::Right)]);
        for (name, size) in [("a/very/long/path/of/an/object.o", "1,048,576 B"), ("日本", "7 B")] {
            grid.push(vec![Text::plain(name).name(), Text::plain(""), Text::plain(size)]);
        }
        let expected = "  Name                             Size\n  a/very/long/path/of/an/   1,048,576 B\n  object.o\n  日本                              7 B\n";
        assert_eq!(drawn(&grid, 39), (expected.to_owned(), vec![]));
    }

    #[test]
    fn a_bar_keeps_its_figure_and_then_the_least_worth_leaves() {
        let columns = [
            ("Region", Align::Left),
            ("Kind", Align::Left),
            ("Share", Align::Left),
            ("Change", Align::Right),
        ];
        let mut grid = Grid::new(&columns);
        let bar = Text::plain("████░░░░ 50.00 %").bar("50.00 %".into());
        grid.push(vec![
            Text::plain("RAM").name(),
            Text::plain("data").sentence(),
            bar,
            Text::plain("+1,312 B"),
        ]);
        let (wide, left) = drawn(&grid, 60);
        assert!(wide.contains("████░░░░ 50.00 %") && left.is_empty(), "{wide}");
        let (narrow, left) = drawn(&grid, 40);
        assert!(narrow.contains("RAM     data  50.00 %  +1,312 B") && left.is_empty(), "{narrow}");
        let (least, left) = drawn(&grid, 30);
        assert!(least.contains("RAM     50.00 %  +1,312 B"), "{least}");
        assert_eq!(left, ["Kind"]);
        assert_eq!(drawn(&grid, 20).1, ["Kind", "Share"]);
    }

    #[test]
    fn a_long_sentence_ends_where_its_cell_does() {
        let cell = Text::plain("1-4, 7, 9-12, 20-31, 44, 46, 50-58").sentence();
        assert_eq!(cell.lines(12, true, "…"), ["1-4, 7,", "9-12, 20-31,", "44, 46 …"]);
    }
}
