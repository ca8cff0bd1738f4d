//! Made-up projects of firmware, as PlatformIO and the component manager of ESP-IDF write them: the graph is the one that was
//! made up, whatever it looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lw_dependencies::MemoryTree;
use lw_inventory::{Completeness, Inventory};
use proptest::prelude::*;

use crate::common::{key, read};

/// Libraries `p0`, `p1`, …: who needs whom, which the project asks for, and which of all of them are not there.
#[derive(Debug, Clone)]
struct Project {
    needs: Vec<BTreeSet<usize>>,
    own: BTreeSet<usize>,
    missing: BTreeSet<usize>,
}

fn project() -> impl Strategy<Value = Project> {
    (1_usize..9).prop_flat_map(|count| {
        let needs = prop::collection::vec(prop::collection::btree_set(0..count, 0..4), count);
        let own = prop::collection::btree_set(0..count, 0..5);
        let missing = prop::collection::btree_set(0..count, 0..2);
        (needs, own, missing).prop_map(|(mut needs, own, missing)| {
            for (index, needs) in needs.iter_mut().enumerate() {
                needs.remove(&index);
            }
            Project { needs, own, missing }
        })
    })
}

type Edges = BTreeSet<(String, String)>;

impl Project {
    fn there(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.needs.len()).filter(|index| !self.missing.contains(index))
    }

    fn needs_of(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.needs[index].iter().copied()
    }

    /// What needs what, of what is there; the project itself is `*`.
    fn edges(&self) -> Edges {
        let of = |from: String, needs: &BTreeSet<usize>| {
            let needs = needs.iter().filter(|to| !self.missing.contains(to));
            needs.map(|to| (from.clone(), format!("p{to}"))).collect::<Vec<_>>()
        };
        let libraries = self.there().flat_map(|index| of(format!("p{index}"), &self.needs[index]));
        of("*".to_owned(), &self.own).into_iter().chain(libraries).collect()
    }

    /// What the project leads to.
    fn reached(&self) -> BTreeSet<usize> {
        let mut next: Vec<_> = self.own.iter().copied().collect();
        let mut reached = BTreeSet::new();
        while let Some(index) = next.pop() {
            if !self.missing.contains(&index) && reached.insert(index) {
                next.extend(self.needs_of(index));
            }
        }
        reached
    }

    /// What is asked for and not there: by the project, and by libraries that are.
    fn lacking(&self) -> BTreeSet<usize> {
        let of_libraries = self.there().flat_map(|index| self.needs_of(index));
        self.own.iter().copied().chain(of_libraries).filter(|index| self.missing.contains(index)).collect()
    }

    fn platformio(&self) -> MemoryTree {
        let mut files: Vec<(String, String)> = Vec::new();
        for name in ["lamp", "other"] {
            for index in self.there() {
                let folder = format!(".pio/libdeps/{name}/p{index}");
                let needs = self.needs_of(index).map(|to| format!(r#"{{"owner": "own", "name": "p{to}"}}"#));
                files.push((
                    format!("{folder}/library.json"),
                    format!(
                        r#"{{"name": "p{index}", "version": "1.0.0", "dependencies": [{}]}}"#,
                        needs.collect::<Vec<_>>().join(", ")
                    ),
                ));
                files.push((
                    format!("{folder}/.piopm"),
                    format!(
                        r#"{{"type": "library", "name": "p{index}", "version": "1.0.0", "spec": {{"owner": "own", "id": null, "name": "p{index}", "requirements": null, "uri": null}}}}"#
                    ),
                ));
            }
        }
        let asked: String = self.own.iter().map(|index| format!("    own/p{index} @ ^1.0\n")).collect();
        files.push((
            "platformio.ini".to_owned(),
            format!("[env]\nlib_deps =\n{asked}[env:lamp]\nboard = a\n[env:other]\nboard = b\n"),
        ));
        MemoryTree::new(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())))
    }

    fn esp_idf(&self, version: &str) -> MemoryTree {
        let has_edges = !version.starts_with('1');
        let mut lock = String::from("dependencies:\n");
        for index in self.there() {
            writeln!(lock, "  own/p{index}:\n    component_hash: {}", "ab".repeat(32)).unwrap();
            if has_edges && !self.needs[index].is_empty() {
                lock.push_str("    dependencies:\n");
                for to in self.needs_of(index) {
                    writeln!(lock, "    - name: own/p{to}\n      version: ^1").unwrap();
                }
            }
            lock.push_str("    source:\n      registry_url: https://components.espressif.com/\n      type: service\n    version: 1.0.0\n");
        }
        if has_edges {
            lock.push_str("direct_dependencies:\n");
            for index in &self.own {
                writeln!(lock, "- own/p{index}").unwrap();
            }
        }
        writeln!(lock, "target: esp32c3\nversion: {version}").unwrap();
        MemoryTree::new([("dependencies.lock", lock.as_bytes())])
    }
}

/// Edges by name, the project as `*`. No name stands for two components.
fn edges(inventory: &Inventory) -> Edges {
    let root = inventory.root().unwrap();
    let name = |id| if id == root { "*".to_owned() } else { inventory.get(id).unwrap().name.clone() };
    inventory.edges().map(|(from, to)| (name(from), name(to))).collect()
}

fn names(inventory: &Inventory) -> BTreeMap<String, usize> {
    let root = inventory.root().unwrap();
    let mut names = BTreeMap::new();
    for (_, component) in inventory.iter().filter(|(id, _)| *id != root) {
        *names.entry(key(component).0).or_default() += 1;
    }
    names
}

/// Every edge that was made up is there, and of others only those that lead from the project to what nothing else leads to.
fn is_true(project: &Project, inventory: &Inventory, context: &str) -> Result<(), TestCaseError> {
    let (made_up, found) = (project.edges(), edges(inventory));
    prop_assert!(made_up.is_subset(&found), "{context}: {:?} are gone", made_up.difference(&found));
    let reached = project.reached();
    for (from, to) in found.difference(&made_up) {
        let index: usize = to[1..].parse().unwrap();
        prop_assert!(from == "*" && !reached.contains(&index), "{context}: {from} > {to} is made up");
    }
    let names = names(inventory);
    let expected: BTreeMap<_, _> = project.there().map(|index| (format!("own/p{index}"), 1)).collect();
    prop_assert_eq!(names, expected, "{}", context);
    Ok(())
}

fn is_complete(inventory: &Inventory, name: &str) -> bool {
    let found = inventory.iter().find(|(_, component)| component.name == name).unwrap().1;
    found.dependencies_known == Completeness::Complete
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_graph_of_platformio_is_that_of_its_libraries(project in project()) {
        let inventory = read(&project.platformio(), "platformio.ini").unwrap();
        is_true(&project, &inventory, "platformio.ini")?;
        let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
        for index in project.lacking() {
            let name = format!("p{index}");
            prop_assert!(unknown.iter().any(|what| *what == name || what.contains(&format!("own/{name} "))), "{name}: {unknown:?}");
        }
        prop_assert_eq!(unknown.is_empty(), project.lacking().is_empty());
        for index in project.there() {
            let knows = project.needs_of(index).all(|to| !project.missing.contains(&to));
            prop_assert_eq!(is_complete(&inventory, &format!("p{index}")), knows, "p{}", index);
        }
    }

    #[test]
    fn the_graph_of_esp_idf_is_that_of_its_lock(project in project()) {
        for version in ["2.0.0", "3.0.0"] {
            let inventory = read(&project.esp_idf(version), "dependencies.lock").unwrap();
            is_true(&project, &inventory, version)?;
            for index in project.own.iter().filter(|index| project.missing.contains(index)) {
                let name = format!("own/p{index}");
                prop_assert!(inventory.unknowns.iter().any(|unknown| unknown.what == name), "{name}");
            }
            for index in project.there() {
                let knows = project.needs_of(index).all(|to| !project.missing.contains(&to));
                prop_assert_eq!(is_complete(&inventory, &format!("p{index}")), knows, "p{}", index);
            }
        }
    }

    #[test]
    fn a_lock_without_edges_is_given_none(project in project()) {
        let inventory = read(&project.esp_idf("1.0.0"), "dependencies.lock").unwrap();
        let expected: Edges = project.there().map(|index| ("*".to_owned(), format!("p{index}"))).collect();
        prop_assert_eq!(edges(&inventory), expected);
        prop_assert!(inventory.iter().all(|(_, component)| component.dependencies_known != Completeness::Complete));
    }
}
