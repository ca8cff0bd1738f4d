//! One made-up project in the words of every lock file: all readers see the same, in whatever order it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lw_inventory::{Inventory, Scope};
use proptest::prelude::*;

use crate::common::{edges, key, read_texts};

/// Packages `p0`, `p1`, …: who needs whom, whether it is optional, and how the project needs them.
#[derive(Debug, Clone)]
struct Project {
    needs: Vec<BTreeMap<usize, bool>>,
    own: BTreeMap<usize, Sort>,
    order: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sort {
    Required,
    Optional,
    Development,
}

fn project() -> impl Strategy<Value = Project> {
    (1_usize..9).prop_flat_map(|count| {
        let needs = prop::collection::vec(prop::collection::btree_map(0..count, any::<bool>(), 0..4), count);
        let sort = prop_oneof![Just(Sort::Required), Just(Sort::Optional), Just(Sort::Development)];
        let own = prop::collection::btree_map(0..count, sort, 1..5);
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (needs, own, order).prop_map(|(mut needs, own, order)| {
            for (index, needs) in needs.iter_mut().enumerate() {
                needs.remove(&index);
            }
            Project { needs, own, order }
        })
    })
}

impl Project {
    fn reached(&self, optional: bool, development: bool) -> BTreeSet<usize> {
        let starts = self.own.iter().filter(|(_, sort)| match sort {
            Sort::Required => true,
            Sort::Optional => optional,
            Sort::Development => development,
        });
        let mut next: Vec<usize> = starts.map(|(index, _)| *index).collect();
        let mut reached = BTreeSet::new();
        while let Some(index) = next.pop() {
            if reached.insert(index) {
                next.extend(
                    self.needs[index]
                        .iter()
                        .filter(|(_, is_optional)| optional || !**is_optional)
                        .map(|(to, _)| *to),
                );
            }
        }
        reached
    }

    /// What a manager locks: what the project needs in any way.
    fn locked(&self) -> Vec<usize> {
        let all = self.reached(true, true);
        self.order.iter().copied().filter(|index| all.contains(index)).collect()
    }

    fn expected(&self) -> BTreeMap<String, Scope> {
        let (required, optional) = (self.reached(false, false), self.reached(true, false));
        let scope = |index: &usize| match () {
            () if required.contains(index) => Scope::Required,
            () if optional.contains(index) => Scope::Optional,
            () => Scope::Excluded,
        };
        self.locked().iter().map(|index| (format!("p{index}"), scope(index))).collect()
    }

    fn manifest(&self) -> String {
        let of = |wanted: Sort| {
            let all = self.own.iter().filter(|(_, sort)| **sort == wanted);
            all.map(|(index, _)| format!("\"p{index}\": \"^1.0.0\"")).collect::<Vec<_>>().join(", ")
        };
        format!(
            r#"{{"name": "app", "version": "1.0.0", "dependencies": {{{}}}, "optionalDependencies": {{{}}}, "devDependencies": {{{}}}}}"#,
            of(Sort::Required),
            of(Sort::Optional),
            of(Sort::Development)
        )
    }

    fn of(&self, index: usize, optional: bool) -> Vec<usize> {
        self.needs[index]
            .iter()
            .filter(|(_, is_optional)| **is_optional == optional)
            .map(|(to, _)| *to)
            .collect()
    }

    fn npm(&self) -> String {
        let mut entries = vec![format!("\"\": {}", self.manifest())];
        for index in self.locked() {
            let names = |optional| {
                self.of(index, optional)
                    .iter()
                    .map(|to| format!("\"p{to}\": \"1\""))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            entries.push(format!(
                r#""node_modules/p{index}": {{"version": "1.0.0", "dependencies": {{{}}}, "optionalDependencies": {{{}}}}}"#,
                names(false), names(true)
            ));
        }
        format!(
            r#"{{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {{{}}}}}"#,
            entries.join(",\n")
        )
    }

    fn yarn(&self) -> String {
        let mut text = "# yarn lockfile v1\n\n".to_owned();
        for index in self.locked() {
            writeln!(text, "p{index}@^1.0.0:\n  version \"1.0.0\"").unwrap();
            for (optional, block) in [(false, "dependencies"), (true, "optionalDependencies")] {
                let names = self.of(index, optional);
                if !names.is_empty() {
                    writeln!(text, "  {block}:").unwrap();
                }
                for to in names {
                    writeln!(text, "    p{to} \"^1.0.0\"").unwrap();
                }
            }
        }
        text
    }

    fn berry(&self) -> String {
        let mut text = "__metadata:\n  version: 8\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n".to_owned();
        let block = |names: &BTreeMap<usize, bool>| {
            let mut text = if names.is_empty() { String::new() } else { "  dependencies:\n".to_owned() };
            for to in names.keys() {
                writeln!(text, "    p{to}: \"npm:^1.0.0\"").unwrap();
            }
            let optional: Vec<_> = names.iter().filter(|(_, is_optional)| **is_optional).collect();
            if !optional.is_empty() {
                text += "  dependenciesMeta:\n";
            }
            for (to, _) in optional {
                writeln!(text, "    p{to}:\n      optional: true").unwrap();
            }
            text
        };
        text += &block(&self.own.keys().map(|index| (*index, false)).collect());
        for index in self.locked() {
            writeln!(
                text,
                "\"p{index}@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"p{index}@npm:1.0.0\""
            )
            .unwrap();
            text += &block(&self.needs[index]);
        }
        text
    }

    /// In the format of a version: what is before a name, between name and version, and where needs stand.
    fn pnpm(&self, version: &str) -> String {
        let mut text = format!("lockfileVersion: '{version}'\nimporters:\n  .:\n");
        let is_new = version != "5.4";
        for (sort, block) in [
            (Sort::Required, "dependencies"),
            (Sort::Optional, "optionalDependencies"),
            (Sort::Development, "devDependencies"),
        ] {
            let all: Vec<_> = self.own.iter().filter(|(_, own)| **own == sort).collect();
            if !all.is_empty() {
                writeln!(text, "    {block}:").unwrap();
            }
            for (index, _) in all {
                if is_new {
                    writeln!(text, "      p{index}:\n        specifier: ^1.0.0\n        version: 1.0.0")
                        .unwrap();
                } else {
                    writeln!(text, "      p{index}: 1.0.0").unwrap();
                }
            }
        }
        let name = |index: usize| match version {
            "5.4" => format!("/p{index}/1.0.0"),
            "6.0" => format!("/p{index}@1.0.0"),
            _ => format!("p{index}@1.0.0"),
        };
        let needs = |index: usize| {
            let mut text = String::new();
            for (optional, block) in [(false, "dependencies"), (true, "optionalDependencies")] {
                let names = self.of(index, optional);
                if !names.is_empty() {
                    writeln!(text, "    {block}:").unwrap();
                }
                for to in names {
                    writeln!(text, "      p{to}: 1.0.0").unwrap();
                }
            }
            text
        };
        text += "packages:\n";
        for index in self.locked() {
            writeln!(
                text,
                "  {}:\n    resolution: {{integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}}",
                name(index)
            )
            .unwrap();
            if version != "9.0" {
                text += &needs(index);
            }
        }
        if version == "9.0" {
            text += "snapshots:\n";
            for index in self.locked() {
                let needs = needs(index);
                writeln!(text, "  {}:{}", name(index), if needs.is_empty() { " {}" } else { "" }).unwrap();
                text += &needs;
            }
        }
        text
    }

    fn cargo(&self) -> String {
        let mut text = "version = 4\n".to_owned();
        let own = (usize::MAX, "app".to_owned(), self.own.keys().copied().collect::<Vec<_>>());
        let mut all: Vec<_> = self
            .locked()
            .into_iter()
            .map(|index| (index, format!("p{index}"), self.needs[index].keys().copied().collect()))
            .collect();
        all.insert(self.order[0].min(all.len()), own);
        for (index, name, needs) in all {
            let source = if index == usize::MAX {
                ""
            } else {
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            };
            let needs: Vec<_> = needs.iter().map(|to| format!("\"p{to}\"")).collect();
            writeln!(
                text,
                "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}dependencies = [{}]",
                needs.join(", ")
            )
            .unwrap();
        }
        text
    }
}

fn scopes(inventory: &Inventory) -> BTreeMap<String, Scope> {
    let root = inventory.root().unwrap();
    inventory.iter().filter(|(id, _)| *id != root).map(|(_, c)| (key(c).0, c.scope)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn all_readers_see_the_same_in_any_order(project in project()) {
        let manifest = project.manifest();
        let expected = project.expected();
        let mut graph = None;
        let locks = [
            ("package-lock.json", project.npm()),
            ("yarn.lock", project.yarn()),
            ("yarn.lock", project.berry()),
            ("pnpm-lock.yaml", project.pnpm("5.4")),
            ("pnpm-lock.yaml", project.pnpm("6.0")),
            ("pnpm-lock.yaml", project.pnpm("9.0")),
        ];
        for (file, text) in locks {
            let inventory = read_texts(&[(file, &text), ("package.json", &manifest)]).unwrap();
            prop_assert!(inventory.unknowns.is_empty(), "{file}: {:?}\n{text}", inventory.unknowns);
            prop_assert_eq!(scopes(&inventory), expected.clone(), "{}\n{}", file, text);
            let edges = edges(&inventory);
            prop_assert_eq!(graph.get_or_insert_with(|| edges.clone()).clone(), edges, "{}", file);
        }
        let inventory = read_texts(&[("Cargo.lock", &project.cargo()), ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"1.0.0\"\n")]).unwrap();
        prop_assert_eq!(Some(edges(&inventory)), graph);
    }

    #[test]
    fn an_order_changes_nothing(project in project(), other in any::<prop::sample::Index>()) {
        let mut turned = project.clone();
        let by = other.index(turned.order.len());
        turned.order.rotate_left(by);
        turned.order.reverse();
        let texts = |project: &Project| [("yarn.lock", project.yarn()), ("pnpm-lock.yaml", project.pnpm("9.0")), ("Cargo.lock", project.cargo()), ("package-lock.json", project.npm())];
        for ((file, one), (_, two)) in texts(&project).into_iter().zip(texts(&turned)) {
            let all = |text: &str| {
                let inventory = read_texts(&[(file, text), ("package.json", &project.manifest())]).unwrap();
                (scopes(&inventory), edges(&inventory), inventory.unknowns)
            };
            let ((scopes, edges, unknowns), other) = (all(&one), all(&two));
            prop_assert_eq!((&scopes, &edges, unknowns.len()), (&other.0, &other.1, other.2.len()), "{}", file);
        }
    }
}
