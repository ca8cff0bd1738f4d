//! What needs what, as a picture: from left to right, each as far right as the longest way to it, so that every line leads on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lw_model::lists::sort_by;

use super::markup::{escaped, plain};
use crate::escape;

/// As wide as a page is.
const WIDTH: f64 = 1120.0;
/// Of a column, with the room for the lines to the next: a picture of more than eight is wider than a page, and scrolls.
const COLUMN: f64 = 136.0;
/// Of a box.
const WIDEST: f64 = 150.0;
const BOX: f64 = 18.0;
const ROW: f64 = 24.0;
/// Mean width of a letter at the size of the labels.
const LETTER: f64 = 6.2;
/// Boxes beyond which nobody could follow a line.
const MOST: usize = 150;

/// A graph of names. Whoever is needed may need others, and a line that leads back is left out.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    names: Vec<String>,
    index: BTreeMap<String, usize>,
    needs: Vec<(usize, usize)>,
}

impl Graph {
    /// Adds a name, at the end of what is there; one that is there already stays.
    pub fn add(&mut self, name: &str) -> usize {
        if let Some(at) = self.index.get(name) {
            return *at;
        }
        let at = self.names.len();
        self.index.insert(name.to_owned(), at);
        self.names.push(name.to_owned());
        at
    }

    /// Says that one needs another; both are added.
    pub fn needs(&mut self, one: &str, other: &str) {
        let pair = (self.add(one), self.add(other));
        if pair.0 != pair.1 && !self.needs.contains(&pair) {
            self.needs.push(pair);
        }
    }

    /// The picture with its heading and description; nothing for a graph that is empty or too large to be followed.
    #[must_use]
    pub fn figure(&self, id: &str, title: &str) -> String {
        if self.names.is_empty() || self.names.len() > MOST {
            return String::new();
        }
        let ways = self.ways();
        let columns = self.columns(&ways);
        let width = (number(columns.len()) * COLUMN).max(WIDTH);
        let place = places(&columns, self.names.len(), width);
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let height = number(rows) * ROW + 8.0;
        let (id, title) = (escaped(id), plain(title));
        let mut svg = format!(
            "<figure class=\"graph\">\n<figcaption><h3>{title}</h3> <p>from what needs to what is needed</p></figcaption>\n\
             <div class=\"scroll picture\"><svg viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" role=\"img\" aria-labelledby=\"{id}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"10.5\" fill=\"#1f2328\">\n<title id=\"{id}\">{title}</title>\n\
             <desc>A box for each name, and a line from each to what it needs. The table names the same.</desc>\n<g class=\"lines\" fill=\"none\" stroke=\"#8c959f\" stroke-opacity=\"0.45\">\n"
        );
        for (from, to) in &ways {
            let (Some(a), Some(b)) = (place.get(*from), place.get(*to)) else { continue };
            let (x1, y1, x2, y2) = (a.x + a.w, a.y + BOX / 2.0, b.x, b.y + BOX / 2.0);
            let bend = ((x2 - x1) / 2.0).min(60.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}\"/>",
                x1 + bend,
                x2 - bend
            );
        }
        svg.push_str("</g>\n");
        for (name, at) in self.names.iter().zip(&place) {
            let label = label(&escape::name(name), letters(at.w - 10.0));
            let _ = writeln!(
                svg,
                "<g><title>{0}</title><rect x=\"{1:.1}\" y=\"{2:.1}\" width=\"{3:.1}\" height=\"{BOX}\" rx=\"4\" \
                 fill=\"#f6f8fa\" stroke=\"#8c959f\"/><text x=\"{4:.1}\" y=\"{5:.1}\">{6}</text></g>",
                escaped(&escape::name(name)),
                at.x,
                at.y,
                at.w,
                at.x + 5.0,
                at.y + 13.0,
                escaped(&label),
            );
        }
        svg.push_str("</svg></div>\n</figure>\n");
        svg
    }

    /// The lines without those that lead back to where they came from.
    fn ways(&self) -> Vec<(usize, usize)> {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            OnTheWay,
            Done,
        }
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (from, to) in &self.needs {
            if let Some(after) = after.get_mut(*from) {
                after.push(*to);
            }
        }
        let mut seen = vec![Seen::No; self.names.len()];
        let mut ways = Vec::new();
        for start in 0..self.names.len() {
            if seen.get(start) != Some(&Seen::No) {
                continue;
            }
            // Where each step of the way is, and which of its lines comes next: no recursion, whatever the graph is.
            let mut way = vec![(start, 0)];
            if let Some(seen) = seen.get_mut(start) {
                *seen = Seen::OnTheWay;
            }
            while let Some((at, next)) = way.last_mut() {
                let from = *at;
                let Some(to) = after.get(from).and_then(|after| after.get(*next)).copied() else {
                    if let Some(seen) = seen.get_mut(from) {
                        *seen = Seen::Done;
                    }
                    way.pop();
                    continue;
                };
                *next += 1;
                let Some(state) = seen.get_mut(to) else { continue };
                match *state {
                    Seen::OnTheWay => continue,
                    Seen::Done => {}
                    Seen::No => {
                        *state = Seen::OnTheWay;
                        way.push((to, 0));
                    }
                }
                ways.push((from, to));
            }
        }
        ways
    }

    /// The names by how long the longest way to each is; in a column, near those that need them.
    fn columns(&self, ways: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut depth = vec![0_usize; self.names.len()];
        // Without a way back there are no longer ways than names.
        for _ in 0..self.names.len() {
            let mut changed = false;
            for (from, to) in ways {
                let least = depth.get(*from).map_or(0, |depth| depth + 1);
                if let Some(depth) = depth.get_mut(*to).filter(|depth| **depth < least) {
                    *depth = least;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let last = depth.iter().copied().max().unwrap_or(0);
        let mut columns: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
        for (name, depth) in depth.iter().enumerate() {
            if let Some(column) = columns.get_mut(*depth) {
                column.push(name);
            }
        }
        let mut row = vec![0.0_f64; self.names.len()];
        for column in &mut columns {
            let mean = |name: &usize| {
                let from = ways.iter().filter(|(_, to)| to == name).filter_map(|(from, _)| row.get(*from));
                let (sum, count) = from.fold((0.0, 0.0), |(sum, count), row| (sum + row, count + 1.0));
                if count > 0.0 { sum / count } else { 0.0 }
            };
            let mut sorted: Vec<(f64, usize)> = column.iter().map(|name| (mean(name), *name)).collect();
            sort_by(&mut sorted, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *column = sorted.into_iter().map(|(_, name)| name).collect();
            let middle = number(column.len()) / 2.0;
            for (at, name) in column.iter().enumerate() {
                if let Some(row) = row.get_mut(*name) {
                    *row = number(at) - middle;
                }
            }
        }
        columns
    }
}

/// As much of a name as fits: without its last word, a version mostly, of which a piece would be another version.
fn label(name: &str, width: usize) -> String {
    match name.rsplit_once(' ') {
        Some((first, _)) if name.chars().count() > width => escape::cut(first, width),
        _ => escape::cut(name, width),
    }
}

/// Where a box is.
#[derive(Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    w: f64,
}

fn places(columns: &[Vec<usize>], names: usize, width: f64) -> Vec<Place> {
    let step = width / number(columns.len().max(1));
    let w = (step * 0.78).min(WIDEST);
    let step = if columns.len() > 1 { (width - w - 2.0) / number(columns.len() - 1) } else { step };
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut places = vec![Place::default(); names];
    for (index, column) in columns.iter().enumerate() {
        let top = (number(rows) - number(column.len())) * ROW / 2.0 + 4.0;
        for (row, name) in column.iter().enumerate() {
            if let Some(place) = places.get_mut(*name) {
                *place = Place { x: 1.0 + step * number(index), y: top + number(row) * ROW, w };
            }
        }
    }
    places
}

#[allow(clippy::cast_precision_loss)]
fn number(count: usize) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn letters(width: f64) -> usize {
    (width / LETTER).max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(needs: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (one, other) in needs {
            graph.needs(one, other);
        }
        graph
    }

    #[test]
    fn everything_stands_right_of_all_that_need_it() {
        let graph = graph(&[("a", "b"), ("a", "c"), ("b", "c"), ("c", "d"), ("a", "d")]);
        let columns = graph.columns(&graph.ways());
        assert_eq!(columns, [vec![0], vec![1], vec![2], vec![3]]);
        let svg = graph.figure("g", "Graph");
        assert_eq!((svg.matches("<path ").count(), svg.matches("<rect ").count()), (5, 4));
        assert!(svg.contains("<title id=\"g\">Graph</title>"));
    }

    #[test]
    fn a_label_has_no_piece_of_a_version() {
        assert_eq!(label("serde 1.0.229", 20), "serde 1.0.229");
        assert_eq!(label("serde_derive 1.0.229", 16), "serde_derive");
        assert_eq!(label("serde_derive 1.0.229", 8), "serde_d…");
    }

    #[test]
    fn a_way_back_ends_and_the_same_twice_is_once() {
        let graph = graph(&[("a", "b"), ("b", "a"), ("a", "b"), ("a", "a")]);
        assert_eq!(graph.ways(), [(0, 1)]);
    }

    #[test]
    fn names_are_text_and_too_many_are_no_picture() {
        let svg = graph(&[("<a>", "\"b\"")]).figure("\"", "<T>");
        assert!(!svg.contains("<a>") && !svg.contains("<T>") && svg.contains("&lt;a&gt;"), "{svg}");
        let mut many = Graph::default();
        (0..=MOST).for_each(|number| {
            many.add(&number.to_string());
        });
        assert_eq!(many.figure("g", "Graph"), "");
        assert_eq!(Graph::default().figure("g", "Graph"), "");
    }
}
