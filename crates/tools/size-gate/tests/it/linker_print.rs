//! Every region's span equals what the linker printed, byte for byte: from the ELF alone, from the map alone and from
//! both. The truth is the raw print of `--print-memory-usage` beside each firmware in `examples/firmware`; adding a
//! firmware there adds it here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lw_model::{Number, Verdict};
use serde::Deserialize;

use crate::common::{example, size_gate};

#[derive(Deserialize)]
pub(crate) struct Expected {
    pub(crate) links: Vec<Link>,
}

/// One link of a firmware: its files, relative to the firmware's folder.
#[derive(Deserialize)]
pub(crate) struct Link {
    name: String,
    pub(crate) elf: Option<String>,
    pub(crate) map: String,
    scripts: Vec<String>,
    print: String,
    #[serde(default)]
    overflow: Vec<Overflow>,
}

#[derive(Deserialize)]
struct Overflow {
    region: String,
    bytes: u64,
}

/// Used bytes and size of each region, as the linker printed them.
fn printed(text: &str) -> BTreeMap<String, (u64, u64)> {
    let (_, rows) = text.split_once("%age Used").expect("a print has a heading");
    rows.lines()
        .filter_map(|line| {
            let (name, rest) = line.trim().split_once(':')?;
            let words: Vec<&str> = rest.split_whitespace().collect();
            let [used, used_unit, size, size_unit, percent] = words.as_slice() else { return None };
            percent
                .ends_with('%')
                .then(|| (name.to_owned(), (scaled(used, used_unit), scaled(size, size_unit))))
        })
        .collect()
}

fn scaled(number: &str, unit: &str) -> u64 {
    let factor = match unit {
        "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        other => panic!("unit {other}"),
    };
    number.parse::<u64>().unwrap() * factor
}

/// `--region` for every row of a GNU map's memory configuration.
fn regions_of_map(map: &str) -> Vec<String> {
    let (_, block) = map.split_once("Memory Configuration").expect("a GNU map has a memory configuration");
    let (block, _) = block.split_once("Linker script and memory map").unwrap();
    block
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, origin, length, ..] = words.as_slice() else { return None };
            (origin.starts_with("0x") && *name != "*default*")
                .then(|| format!("--region={name}={origin}+{length}"))
        })
        .collect()
}

impl Link {
    /// The map's text, and whether GNU ld wrote it.
    pub(crate) fn map_text(&self, folder: &Path) -> (String, bool) {
        let map = String::from_utf8_lossy(&fs::read(folder.join(&self.map)).unwrap()).into_owned();
        let gnu = map.contains("Memory Configuration");
        (map, gnu)
    }

    /// What tells the regions: the map of LLD names none, an ELF never does.
    pub(crate) fn regions(&self, map: &str) -> Vec<String> {
        match self.scripts.first() {
            Some(script) => vec![format!("--linker-script={script}")],
            None => regions_of_map(map),
        }
    }
}

/// Every firmware of `examples/firmware`, with its folder.
pub(crate) fn firmwares() -> Vec<(PathBuf, Expected)> {
    let mut all: Vec<_> = fs::read_dir(example(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.json").exists())
        .map(|path| {
            let expected = serde_json::from_slice(&fs::read(path.join("expected.json")).unwrap()).unwrap();
            (path, expected)
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(all.len() >= 9, "the example firmwares are gone");
    all
}

#[test]
fn spans_equal_the_linkers_print_from_elf_and_map_alike() {
    let mut compared = 0;
    for (folder, expected) in firmwares() {
        for link in expected.links {
            let truth = printed(&fs::read_to_string(folder.join(&link.print)).unwrap());
            assert!(!truth.is_empty());
            let (map, gnu) = link.map_text(&folder);
            let regions = link.regions(&map);
            let from_map = vec![format!("--map={}", link.map)];
            let mut ways =
                vec![if gnu { from_map.clone() } else { [from_map.clone(), regions.clone()].concat() }];
            if let Some(elf) = &link.elf {
                ways.push([vec![format!("--elf={elf}")], regions.clone()].concat());
                ways.push([vec![format!("--elf={elf}")], from_map, regions].concat());
            }
            for way in ways {
                let run = size_gate(&folder, &way);
                let report = run.report();
                for (region, (used, size)) in &truth {
                    let name = format!("region.{region}.span");
                    let measure = report.measure(&name, None).unwrap_or_else(|| {
                        panic!("{} {}: no {name} from {way:?}", folder.display(), link.name)
                    });
                    let what = format!("{} {} {region} from {way:?}", folder.display(), link.name);
                    assert_eq!(measure.value, Number::from(*used), "{what}");
                    assert_eq!(measure.whole, Some(Number::from(*size)), "size of {what}");
                    let bytes = report.measure(&format!("region.{region}.bytes"), None).unwrap().value;
                    assert!(bytes <= measure.value, "content of {what}");
                    compared += 1;
                }
                for tree in &report.trees {
                    assert!(tree.root.is_additive(), "{} {} from {way:?}", folder.display(), link.name);
                }
            }
        }
    }
    println!("{compared} regions equal the linkers' prints");
    assert!(compared > 100);
}

#[test]
fn the_map_of_a_failed_link_tells_by_how_much_each_region_overflows() {
    let mut failed = 0;
    for (folder, expected) in firmwares() {
        for link in expected.links.iter().filter(|link| !link.overflow.is_empty()) {
            let run = size_gate(&folder, &[format!("--map={}", link.map)]);
            let report = run.report();
            assert_eq!((report.verdict, run.code), (Verdict::Fail, 1));
            for overflow in &link.overflow {
                let span = report.measure(&format!("region.{}.span", overflow.region), None).unwrap();
                assert_eq!(span.growth(), None);
                let free = report.measure(&format!("region.{}.free", overflow.region), None).unwrap();
                assert_eq!(
                    free.value,
                    Number::Integer(-i64::try_from(overflow.bytes).unwrap()),
                    "{}",
                    overflow.region
                );
                assert!(report.findings.iter().any(|finding| finding.rule == "size-gate/region-overflow"
                    && finding.message.contains(&format!("region {} overflows", overflow.region))));
                failed += 1;
            }
        }
    }
    assert!(failed >= 2);
}
