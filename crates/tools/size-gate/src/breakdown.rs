//! Walking the breakdown of memory.

use lw_hashed::HashMap;
use lw_model::{Node, Tree};

/// Every section with its region, once: initialised data stands in flash and in RAM and is still one section.
pub(crate) fn sections_once(tree: &Tree) -> Vec<(&Node, &Node)> {
    let mut first: HashMap<(&str, u64), &str> = HashMap::new();
    let all = tree
        .root
        .children
        .iter()
        .flat_map(|region| region.children.iter().map(move |section| (region, section)));
    all.filter(|(region, section)| {
        *first.entry((&section.name, section.value)).or_insert(&region.name) == &*region.name
    })
    .collect()
}

/// A named part below a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// The part.
    pub(crate) node: &'a Node,
    /// What it is directly in: a symbol's object.
    pub(crate) parent: &'a Node,
}

/// Calls `each` for every named part of a level, in the sections given. What has a role (padding) is not a part.
pub(crate) fn parts_of_level<'a>(
    tree: &Tree,
    sections: impl IntoIterator<Item = (&'a Node, &'a Node)>,
    level: &str,
    mut each: impl FnMut(Part<'a>),
) {
    // Levels below the root: region, section, then the rest.
    let Some(depth) =
        tree.levels.iter().position(|known| known == level).and_then(|index| index.checked_sub(1))
    else {
        return;
    };
    for (region, section) in sections {
        visit(region, section, depth, &mut each);
    }
}

fn visit<'a>(parent: &'a Node, node: &'a Node, depth: usize, each: &mut impl FnMut(Part<'a>)) {
    if depth > 0 {
        node.children.iter().for_each(|child| visit(node, child, depth - 1, each));
    } else if node.role.is_none() {
        each(Part { node, parent });
    }
}
