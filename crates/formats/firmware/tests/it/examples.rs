//! The region figures of every committed example firmware equal what its linker printed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};

use lw_firmware::attribution::tree;
use lw_firmware::script::memory_block;
use lw_firmware::{Elf, Map, Memory, Region, Sources};
use serde_json::Value;

fn folders() -> Vec<PathBuf> {
    let root = lw_testkit::root().join("examples/firmware");
    let entries = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.join("expected.json").exists()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "no examples in {}", root.display());
    folders
}

/// The regions of the first of a link's scripts that has a MEMORY block.
fn regions(folder: &Path, link: &Value) -> Vec<Region> {
    let scripts = link["scripts"].as_array().into_iter().flatten();
    let texts = scripts.map(|script| fs::read_to_string(folder.join(script.as_str().unwrap())).unwrap());
    texts.filter_map(|text| memory_block(&text).ok()).next().unwrap_or_default()
}

fn check(case: &str, link: &Value, sources: &Sources<'_>) {
    let memory = Memory::measure(sources).unwrap_or_else(|error| panic!("{case}: {error}"));
    for expected in link["regions"].as_array().unwrap() {
        let name = expected["name"].as_str().unwrap();
        let found = memory.regions.iter().find(|found| found.region.name == name);
        let found = found.unwrap_or_else(|| panic!("{case}: no region {name}"));
        assert_eq!(found.span, expected["used"].as_u64().unwrap(), "{case}: used of {name}");
        if found.bounded {
            assert_eq!(found.region.length, expected["size"].as_u64().unwrap(), "{case}: size of {name}");
        }
        assert!(found.bytes <= found.span, "{case}: {name}");
        let overflow = link["overflow"].as_array().into_iter().flatten().find(|over| over["region"] == name);
        let overflow = overflow.map_or(0, |over| over["bytes"].as_u64().unwrap());
        assert_eq!(found.overflow(), overflow, "{case}: overflow of {name}");
    }
    let tree = tree(sources, &memory);
    assert!(tree.root.is_additive(), "{case}");
    assert_eq!(tree.root.value, memory.regions.iter().map(|region| region.bytes).sum::<u64>(), "{case}");
}

#[test]
fn regions_equal_the_linkers_print() {
    for folder in folders() {
        let expected: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
        for link in expected["links"].as_array().unwrap() {
            let case =
                format!("{} {}", folder.file_name().unwrap().display(), link["name"].as_str().unwrap());
            let read = |key: &str| link[key].as_str().map(|file| fs::read(folder.join(file)).unwrap());
            let (elf, map) = (read("elf"), read("map"));
            let elf = elf.as_deref().map(|bytes| Elf::parse(bytes).unwrap());
            let map = map.as_deref().map(|bytes| Map::parse(bytes).unwrap());
            let scripted = regions(&folder, link);
            // A map of GNU ld lists the regions itself.
            let listed = map.as_ref().is_some_and(|map| !map.regions.is_empty());
            let regions = if listed { &[][..] } else { scripted.as_slice() };
            let of_map = Sources { map: map.as_ref(), regions, ..Sources::default() };
            check(&format!("{case}, map"), link, &of_map);
            if !scripted.is_empty() {
                let of_script = Sources { regions: &scripted, ..of_map };
                check(&format!("{case}, map and script"), link, &of_script);
            }
            let Some(elf) = &elf else { continue };
            check(&format!("{case}, ELF and map"), link, &Sources { elf: Some(elf), ..of_map });
            let from_map = map.as_ref().map(|map| map.regions.clone()).unwrap_or_default();
            let alone = if scripted.is_empty() { from_map } else { scripted };
            check(
                &format!("{case}, ELF"),
                link,
                &Sources { elf: Some(elf), regions: &alone, ..Sources::default() },
            );
        }
    }
}
