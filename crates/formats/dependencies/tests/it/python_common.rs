//! A folder of the disk as a tree, and what tests ask of an inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lw_dependencies::{Error, MemoryTree, Options, Places, READERS};
use lw_inventory::{Component, Inventory, Scope};

/// A folder of the disk, with everything below it.
pub(crate) fn tree(folder: &Path) -> MemoryTree {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(folder, folder, &mut files);
    MemoryTree::new(files)
}

/// The folder of this crate's test data.
pub(crate) fn data(folder: &str) -> MemoryTree {
    tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder))
}

/// Reads a file with the reader of a name.
pub(crate) fn read(tree: &MemoryTree, reader: &str, file: &str) -> Result<Inventory, Error> {
    let reader = READERS.iter().find(|known| known.name == reader).expect("a reader of that name");
    (reader.read)(&Places::of(tree), file, &Options::default())
}

/// Reads one file of a text.
pub(crate) fn read_text(reader: &str, file: &str, text: &str) -> Result<Inventory, Error> {
    read(&MemoryTree::new([(file, text)]), reader, file)
}

/// `name version` of every component but the root.
pub(crate) fn names(inventory: &Inventory) -> BTreeSet<String> {
    let root = inventory.root();
    inventory.iter().filter(|(id, _)| Some(*id) != root).map(|(_, component)| label(component)).collect()
}

/// `name version`.
pub(crate) fn label(component: &Component) -> String {
    format!("{} {}", component.name, component.version.as_deref().unwrap_or("-"))
}

/// Every edge as names.
pub(crate) fn edges(inventory: &Inventory) -> BTreeSet<(String, String)> {
    let name = |id| label(inventory.get(id).unwrap());
    inventory.edges().map(|(from, to)| (name(from), name(to))).collect()
}

/// `name version` of the components of a scope, but the root.
pub(crate) fn of_scope(inventory: &Inventory, scope: Scope) -> BTreeSet<String> {
    let root = inventory.root();
    let scoped = inventory.iter().filter(|(id, component)| Some(*id) != root && component.scope == scope);
    scoped.map(|(_, component)| label(component)).collect()
}

/// The one component of a name.
pub(crate) fn one<'a>(inventory: &'a Inventory, name: &str) -> &'a Component {
    let mut found = inventory.iter().filter(|(_, component)| component.name == name);
    let one = found.next().unwrap_or_else(|| panic!("no {name}")).1;
    assert!(found.next().is_none(), "{name} is there twice");
    one
}

/// What holds for every inventory: a root, nothing twice, nothing that tells of a machine or a user.
pub(crate) fn check(inventory: &Inventory) {
    let root = inventory.root().expect("a root");
    assert!(inventory.get(root).unwrap().purl.is_none());
    let identities: BTreeSet<_> = inventory.iter().map(|(_, component)| component.identity()).collect();
    assert_eq!(identities.len(), inventory.iter().count());
    for (_, component) in inventory.iter() {
        let text = format!("{component:?}");
        assert!(!text.contains("file://"), "{text}");
        if let Some(purl) = &component.purl {
            assert_eq!(purl.to_string().parse(), Ok(purl.clone()));
        }
    }
}

/// That the root leads to every component.
pub(crate) fn all_reached(inventory: &Inventory) {
    let reached = inventory.reachable();
    let lost: Vec<_> =
        inventory.iter().filter(|(id, _)| !reached.contains(id)).map(|(_, lost)| label(lost)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
