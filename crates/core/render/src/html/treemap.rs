//! A breakdown as a picture: nested rectangles in proportion to their size.

use std::fmt::Write as _;

use lw_model::{Percent, Tree, Unit};

use super::brief_name;
use super::markup::{escaped, figures, plain};
use super::prune::{self, Part};
use super::squarify::{Rect, squarify};
use crate::{escape, kit, show};

const WIDTH: f64 = 1120.0;
const HEIGHT: f64 = 600.0;
/// Levels drawn below the root, and parts drawn in all: some 200 bytes each keep the page below 300 KB.
const LEVELS: usize = 5;
const PARTS: usize = 800;
/// Columns of a character of the label's size, in units of the picture.
const LETTER: f64 = 6.3;
/// One hue per group; drawn half transparent, they suit a light and a dark page alike.
const HUES: [&str; 8] =
    ["#4c8dd6", "#3fa796", "#d99a2b", "#8f7bd6", "#de7356", "#6fa84b", "#d071a7", "#7b8aa0"];

/// The picture with its legend.
pub(super) fn figure(tree: &Tree, picture: usize) -> String {
    let root = prune::largest(&tree.root, PARTS, LEVELS);
    if root.value == 0 || root.children.is_empty() {
        return String::new();
    }
    let name = plain(&tree.name);
    let total = figures(&tree.unit.brief(tree.root.value.into()));
    let mut map = Map { svg: String::new(), unit: tree.unit, total: root.value, path: Vec::new(), picture };
    let _ = write!(
        map.svg,
        "<figure class=\"map\">\n<figcaption><h3>{name}</h3> <p>{total} by {}</p></figcaption>\n\
         <div class=\"scroll picture\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\" aria-labelledby=\"map-{picture}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#1f2328\" stroke-width=\"1\">\n\
         <title id=\"map-{picture}\">{name}: {total}</title>\n\
         <desc>Rectangles in proportion to size, nested by {}. The list below holds the same parts.</desc>\n\
         <defs><pattern id=\"hatch-{picture}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"6\" fill=\"#8c959f\" fill-opacity=\"0.6\"/>\
         </pattern></defs>\n",
        levels(tree),
        levels(tree),
    );
    let groups = groups(&root);
    map.groups(groups, Rect { x: 0.0, y: 0.0, w: WIDTH, h: HEIGHT });
    map.svg.push_str("</svg></div>\n");
    map.legend(groups);
    map.svg.push_str("</figure>\n");
    map.svg
}

/// `region, section, object`.
fn levels(tree: &Tree) -> String {
    if tree.levels.is_empty() { "part".to_owned() } else { plain(&tree.levels.join(", ")) }
}

/// The first level with more than one part: its parts are told apart by colour.
fn groups<'p, 'a>(root: &'p Part<'a>) -> &'p [Part<'a>] {
    let mut part = root;
    while let [only] = part.children.as_slice() {
        if only.children.is_empty() {
            break;
        }
        part = only;
    }
    &part.children
}

struct Map {
    svg: String,
    unit: Unit,
    total: u64,
    path: Vec<String>,
    picture: usize,
}

impl Map {
    fn groups(&mut self, groups: &[Part<'_>], area: Rect) {
        let values: Vec<_> = groups.iter().map(|group| group.value).collect();
        for (index, (group, rect)) in groups.iter().zip(squarify(&values, area)).enumerate() {
            let hue = hue(index);
            let _ = writeln!(self.svg, "<g fill=\"{hue}\" stroke=\"#ffffff\">");
            self.part(group, rect, 0);
            self.svg.push_str("</g>\n");
        }
    }

    fn part(&mut self, part: &Part<'_>, rect: Rect, depth: usize) {
        // A part that is all of its parent would only draw a frame around itself: the two share one.
        let (mut part, pushed) = (part, self.path.len());
        self.path.push(part.shown());
        while let [only] = part.children.as_slice() {
            part = only;
            self.path.push(part.shown());
        }
        let label = self.path.get(pushed..).unwrap_or_default().join(" › ");
        let (pad, head) = match depth {
            0 => (3.0, 18.0),
            1 => (2.0, 15.0),
            _ => (1.0, 0.0),
        };
        let room = rect.inset(pad, if has_head(rect, head) { head } else { 0.0 });
        if part.children.is_empty() || room.w < 8.0 || room.h < 8.0 {
            self.leaf(part, rect, &label);
        } else {
            self.frame(part, rect, head, &label, depth);
            let values: Vec<_> = part.children.iter().map(|child| child.value).collect();
            for (child, rect) in part.children.iter().zip(squarify(&values, room)) {
                self.part(child, rect, depth + 1);
            }
        }
        self.path.truncate(pushed);
    }

    fn frame(&mut self, part: &Part<'_>, rect: Rect, head: f64, label: &str, depth: usize) {
        let opacity = if depth == 0 { "0.34" } else { "0.16" };
        self.rect(part, rect, &format!("fill-opacity=\"{opacity}\""));
        if has_head(rect, head) {
            let size = show::compact(self.unit, part.value);
            let weight = if depth == 0 { " font-weight=\"600\"" } else { "" };
            let room = fits(rect.w - 10.0);
            let text = if room > size.len() + 8 {
                format!("{}  {size}", escape::cut(label, room - size.len() - 2))
            } else {
                escape::cut(label, room)
            };
            let baseline = rect.y + if depth == 0 { 15.0 } else { 12.5 };
            self.text(rect.x + 5.0, baseline, weight, &text);
        }
    }

    fn leaf(&mut self, part: &Part<'_>, rect: Rect, label: &str) {
        match part.role() {
            Some("padding") => {
                self.rect(part, rect, &format!("class=\"pad\" fill=\"url(#hatch-{})\"", self.picture));
            }
            Some(_) => self.rect(part, rect, "class=\"pad\" fill=\"#8c959f\" fill-opacity=\"0.4\""),
            None if part.node.is_none() => self.rect(part, rect, "fill-opacity=\"0.22\""),
            None => self.rect(part, rect, "fill-opacity=\"0.5\""),
        }
        // Six letters tell something; less is noise.
        if rect.w >= 6.0 * LETTER + 8.0 && rect.h >= 15.0 {
            let text = escape::cut(label, fits(rect.w - 8.0));
            self.text(rect.x + 4.0, rect.y + 12.0, "", &text);
            let size = show::compact(self.unit, part.value);
            if rect.h >= 29.0 && size.len() <= fits(rect.w - 8.0) {
                self.text(rect.x + 4.0, rect.y + 25.0, " opacity=\"0.72\"", &size);
            }
        }
    }

    /// A rectangle with its tooltip.
    fn rect(&mut self, part: &Part<'_>, rect: Rect, look: &str) {
        let path: Vec<_> = self.path.iter().map(|name| escape::elide(name, 48, "…")).collect();
        let share = share(part.value, self.total).map(|share| format!(" · {share}")).unwrap_or_default();
        let _ = writeln!(
            self.svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" {look}><title>{}: {}{share}</title></rect>",
            rect.x,
            rect.y,
            rect.w,
            rect.h,
            escaped(&path.join(" › ")),
            self.unit.brief(part.value.into()),
        );
    }

    fn text(&mut self, x: f64, y: f64, look: &str, text: &str) {
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\"{look} fill=\"#1f2328\" stroke=\"none\" pointer-events=\"none\">{}</text>",
            escaped(text)
        );
    }

    fn legend(&mut self, groups: &[Part<'_>]) {
        self.svg.push_str("<ul class=\"legend\">\n");
        for (index, group) in groups.iter().enumerate() {
            let hue = hue(index);
            let share = share(group.value, self.total).map(|share| format!(" ({share})")).unwrap_or_default();
            let _ = writeln!(
                self.svg,
                "<li><svg width=\"10\" height=\"10\" aria-hidden=\"true\"><rect width=\"10\" height=\"10\" rx=\"2\" \
                 fill=\"{hue}\" fill-opacity=\"0.75\"/></svg> {} <small>{}</small></li>",
                kit::name(&brief_name(&group.shown())),
                figures(&format!("{}{share}", self.unit.brief(group.value.into()))),
            );
        }
        self.svg.push_str("</ul>\n");
    }
}

fn hue(index: usize) -> &'static str {
    HUES.get(index % HUES.len()).copied().unwrap_or_default()
}

fn has_head(rect: Rect, head: f64) -> bool {
    head > 0.0 && rect.h >= head + 14.0 && rect.w >= 48.0
}

/// Letters that fit into so many units of the picture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn fits(width: f64) -> usize {
    (width / LETTER).max(0.0) as usize
}

/// A part's share of the whole.
pub(super) fn share(part: u64, whole: u64) -> Option<Percent> {
    Percent::of(i64::try_from(part).ok()?, i64::try_from(whole).ok()?)
}
