//! What the tests of all readers share.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use lw_dependencies::{Entry, EntryKind, Error, MemoryTree, Options, Places, READERS, Tree, TreeError};
use lw_inventory::{Component, Inventory};

/// A folder of the disk.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Tree for Folder {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        assert!(!path.starts_with('/') && !path.split('/').any(|part| part == ".."), "{path} leads outside");
        Ok(std::fs::read(self.0.join(path)).ok().map(Cow::Owned))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, TreeError> {
        assert!(
            !folder.starts_with('/') && !folder.split('/').any(|part| part == ".."),
            "{folder} leads outside"
        );
        let Ok(entries) = std::fs::read_dir(self.0.join(folder)) else { return Ok(Vec::new()) };
        let entry = |entry: std::fs::DirEntry| {
            let kind = entry.file_type().unwrap();
            let kind = match () {
                () if kind.is_dir() => EntryKind::Folder,
                () if kind.is_file() => EntryKind::File,
                () => EntryKind::Other,
            };
            Entry { name: entry.file_name().to_string_lossy().into_owned(), kind }
        };
        Ok(entries.map(|found| entry(found.unwrap())).collect())
    }
}

/// Reads a file by the reader that its name has.
pub(crate) fn read_with(places: &Places<'_>, path: &str, options: &Options) -> Result<Inventory, Error> {
    let name = path.rsplit('/').next().unwrap();
    let reader = READERS.iter().find(|reader| reader.files.contains(&name)).unwrap();
    let read = (reader.read)(places, path, options);
    if let Ok(inventory) = &read {
        sound(inventory);
    }
    read
}

/// Reads a file of a tree that has nothing outside.
pub(crate) fn read(tree: &dyn Tree, path: &str) -> Result<Inventory, Error> {
    read_with(&Places::of(tree), path, &Options::default())
}

/// Reads files given as texts, the first of them.
pub(crate) fn read_texts(files: &[(&str, &str)]) -> Result<Inventory, Error> {
    read(&MemoryTree::new(files.iter().copied()), files[0].0)
}

/// What holds of every inventory: a root from which all is reached, package URLs that can be read, nothing that stays on
/// this machine, hashes where they belong.
pub(crate) fn sound(inventory: &Inventory) {
    let root = inventory.root().expect("a root");
    let reached = inventory.reachable();
    for (id, component) in inventory.iter() {
        assert!(
            reached.contains(&id),
            "{} {:?} is not reached from {root:?}",
            component.name,
            component.version
        );
        if let Some(purl) = &component.purl {
            assert_eq!(purl.to_string().parse().as_ref(), Ok(purl));
        }
        if component.source.is_local() {
            assert!(component.purl.is_none() && component.distributions.iter().all(|d| d.hashes.is_empty()));
        }
    }
    let all = format!("{:?} {:?}", inventory.iter().collect::<Vec<_>>(), inventory.unknowns);
    for private in ["file://", "\"/", "secret@"] {
        assert!(
            !all.contains(private),
            "{private} in {}",
            all.split(", ").find(|t| t.contains(private)).unwrap()
        );
    }
}

/// Name and version of every component, the root among them.
pub(crate) fn names(inventory: &Inventory) -> BTreeSet<(String, String)> {
    inventory.iter().map(|(_, component)| key(component)).collect()
}

/// A component by its whole name (`@scope/name`) and version.
pub(crate) fn key(component: &Component) -> (String, String) {
    let name = match &component.namespace {
        Some(namespace) => format!("{namespace}/{}", component.name),
        None => component.name.clone(),
    };
    (name, component.version.clone().unwrap_or_default())
}

/// The only component of a name.
pub(crate) fn get<'a>(inventory: &'a Inventory, name: &str) -> &'a Component {
    let mut found = inventory.iter().filter(|(_, component)| key(component).0 == name);
    let one = found.next().unwrap_or_else(|| panic!("there is no {name}")).1;
    assert!(found.next().is_none(), "{name} is there twice");
    one
}

/// Names and versions of what a component leads to.
pub(crate) fn needs(inventory: &Inventory, name: &str) -> Vec<String> {
    let id = inventory.iter().find(|(_, component)| key(component).0 == name).unwrap().0;
    let mut all: Vec<String> = inventory
        .dependencies(id)
        .map(|id| key(inventory.get(id).unwrap()))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    all.sort();
    all
}

/// Every edge by names and versions.
pub(crate) fn edges(inventory: &Inventory) -> BTreeSet<((String, String), (String, String))> {
    let key = |id| key(inventory.get(id).unwrap());
    inventory.edges().map(|(from, to)| (key(from), key(to))).collect()
}

/// What a program prints, or nothing where it fails or is not there.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

/// A fixture of the suite's own.
pub(crate) fn fixture(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
