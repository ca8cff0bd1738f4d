//! Linker maps, one file a case: `NAME.map` beside `NAME.txt` with what is read from it.
//! `SNAPSHOTS=overwrite` writes the second from the first.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use lw_firmware::attribution::tree;
use lw_firmware::map::InputKind;
use lw_firmware::{Map, Memory, Sources};
use lw_model::{Diagnose, Node};

#[test]
fn maps_are_read_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maps");
    let mut maps: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    maps.retain(|path| path.extension().is_some_and(|extension| extension == "map"));
    maps.sort();
    assert!(!maps.is_empty());
    for map in maps {
        let shown = show(&fs::read(&map).unwrap());
        let expected = snapbox::Data::read_from(&map.with_extension("txt"), None);
        snapbox::Assert::new().action_env("SNAPSHOTS").eq(shown, expected);
    }
}

fn show(bytes: &[u8]) -> String {
    match Map::parse(bytes) {
        Ok(map) => show_map(&map),
        Err(error) => format!("error: {error}\nhint: {}\n", error.hint().unwrap_or_default()),
    }
}

fn show_map(map: &Map<'_>) -> String {
    let mut out = format!("{:?}", map.flavour);
    if let Some(chip) = map.chip {
        write!(out, ", chip {chip}").unwrap();
    }
    if let Some(machine) = map.machine {
        write!(out, ", machine {machine}").unwrap();
    }
    out.push('\n');
    for warning in &map.warnings {
        writeln!(out, "warning: {warning}").unwrap();
    }
    for region in &map.regions {
        writeln!(out, "region {region} ({})", region.attributes).unwrap();
    }
    for section in &map.sections {
        write!(out, "\n{} {:#x} {}", section.name, section.address, section.size).unwrap();
        if let Some(lma) = section.lma {
            write!(out, " load {lma:#x}").unwrap();
        }
        out.push('\n');
        for input in &section.inputs {
            let kind = match input.kind {
                InputKind::Section => "section",
                InputKind::Common => "common",
                InputKind::Data => "data",
                InputKind::Fill => "fill",
            };
            let name = String::from_utf8_lossy(input.name);
            write!(out, "  {kind} {name} {:#x} {}", input.address, input.size).unwrap();
            if let Some(file) = map.file(input) {
                let archive = file.archive.map(String::from_utf8_lossy).unwrap_or_default();
                write!(out, " from [{archive}] {}", String::from_utf8_lossy(file.object)).unwrap();
            }
            out.push('\n');
        }
    }
    let sources = Sources { map: Some(map), ..Sources::default() };
    let memory = Memory::measure(&sources).unwrap();
    out.push('\n');
    for warning in memory.warnings.iter().filter(|warning| !map.warnings.contains(warning)) {
        writeln!(out, "warning: {warning}").unwrap();
    }
    for region in &memory.regions {
        let size = region.size().map_or_else(|| "?".into(), |size| size.to_string());
        let (name, class) = (&region.region.name, region.class);
        write!(out, "use of {name} ({class:?}): span {}, bytes {} of {size}", region.span, region.bytes)
            .unwrap();
        match region.overflow() {
            0 => out.push('\n'),
            overflow => writeln!(out, ", {overflow} over").unwrap(),
        }
    }
    if let Some(sram) = memory.sram {
        writeln!(out, "use of SRAM: span {}, bytes {} of {}", sram.span, sram.bytes, sram.size).unwrap();
    }
    writeln!(out, "image {}, RAM span {}, bytes {}\n", memory.image_bytes, memory.ram_span, memory.ram_bytes)
        .unwrap();
    let tree = tree(&sources, &memory);
    assert!(tree.root.is_additive());
    show_node(&tree.root, 0, &mut out);
    out
}

fn show_node(node: &Node, depth: usize, out: &mut String) {
    write!(out, "{:1$}{2} {3}", "", depth * 2, node.name, node.value).unwrap();
    if let Some(role) = &node.role {
        write!(out, " <{role}>").unwrap();
    }
    if let Some(label) = &node.label {
        write!(out, " = {label}").unwrap();
    }
    out.push('\n');
    for child in &node.children {
        show_node(child, depth + 1, out);
    }
}
