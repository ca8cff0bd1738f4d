//! A breakdown as a nested list: the same parts as the treemap's for those who cannot see or hover it.

use std::fmt::Write as _;

use lw_model::{Tree, Unit};

use super::markup::{figures, prose};
use super::prune::{self, Part};
use super::treemap::share;
use crate::kit;

const LEVELS: usize = 5;
const PARTS: usize = 400;

/// The list, folded level by level.
pub(super) fn list(tree: &Tree) -> String {
    let root = prune::largest(&tree.root, PARTS, LEVELS);
    if root.children.is_empty() {
        return String::new();
    }
    let mut html = format!("<details class=\"parts\"><summary>{} as a list</summary>\n", prose(&tree.name));
    parts(&root, tree.unit, root.value, &mut html);
    html.push_str("</details>\n");
    html
}

fn parts(whole: &Part<'_>, unit: Unit, total: u64, html: &mut String) {
    html.push_str("<ul>\n");
    for part in &whole.children {
        let size = unit.brief(part.value.into());
        let share = share(part.value, total).map(|share| format!(" · {share}")).unwrap_or_default();
        let role = part.role().map(|role| format!(" <em>{}</em>", prose(role))).unwrap_or_default();
        let name = kit::name(&part.shown());
        let name = if part.node.is_some() { format!("<code>{name}</code>") } else { name };
        let line = format!("{name}{role} <small>{}</small>", figures(&format!("{size}{share}")));
        if part.children.is_empty() {
            let _ = writeln!(html, "<li>{line}</li>");
        } else {
            let _ = writeln!(html, "<li><details><summary>{line}</summary>");
            parts(part, unit, total, html);
            html.push_str("</details></li>\n");
        }
    }
    html.push_str("</ul>\n");
}
