//! Third-party firmwares beside the checkout: their figures are in `size/MANIFEST.md` there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::path::Path;
use std::process::Command;

use lw_firmware::attribution::tree;
use lw_firmware::memory::{MemoryError, SramUse};
use lw_firmware::{Chip, Elf, Map, Memory, Region, Sources};
use lw_model::Node;

fn read(path: &str) -> Option<Vec<u8>> {
    let file = lw_testkit::shared_fixture(&format!("size/{path}"))?;
    if path.ends_with(".gz") { unpack(&file) } else { Some(std::fs::read(file).unwrap()) }
}

fn unpack(file: &Path) -> Option<Vec<u8>> {
    let output = Command::new(lw_testkit::program("gzip")?).arg("-dc").arg(file).output().unwrap();
    assert!(output.status.success(), "gzip of {}", file.display());
    Some(output.stdout)
}

fn measure(sources: &Sources<'_>) -> Memory {
    let memory = Memory::measure(sources).unwrap();
    for region in &memory.regions {
        assert!(region.bytes <= region.span, "{}", region.region);
    }
    let tree = tree(sources, &memory);
    assert!(tree.root.is_additive());
    assert_eq!(tree.root.value, memory.regions.iter().map(|region| region.bytes).sum::<u64>());
    memory
}

/// The measures of an ELF alone, a map alone and both, which must agree wherever they have the same regions.
fn each(elf: Option<&str>, map: Option<&str>) -> Option<Vec<Memory>> {
    let bytes = |path: Option<&str>| path.map_or(Some(None), |path| read(path).map(Some));
    let (elf_bytes, map_bytes) = (bytes(elf)?, bytes(map)?);
    let elf = elf_bytes.as_deref().map(|bytes| Elf::parse(bytes).unwrap());
    let map = map_bytes.as_deref().map(|bytes| Map::parse(bytes).unwrap());
    let regions = map.as_ref().map(|map| map.regions.clone()).unwrap_or_default();
    let mut measured = Vec::new();
    if let Some(elf) = &elf {
        measured.push(measure(&Sources { elf: Some(elf), regions: &regions, ..Sources::default() }));
    }
    if let Some(map) = &map {
        measured.push(measure(&Sources { map: Some(map), ..Sources::default() }));
    }
    if let (Some(elf), Some(map)) = (&elf, &map) {
        measured.push(measure(&Sources { elf: Some(elf), map: Some(map), ..Sources::default() }));
    }
    Some(measured)
}

/// Span and bytes of regions.
fn assert_uses(memory: &Memory, expected: &[(&str, u64, u64)]) {
    for (name, span, bytes) in expected {
        let found = memory.regions.iter().find(|found| found.region.name == *name).unwrap();
        assert_eq!((found.span, found.bytes), (*span, *bytes), "{name}");
    }
}

#[test]
fn esp32_with_core_dump() {
    let folder = "esp32-idf6-coredump/hello_world";
    let Some(measured) = each(Some(&format!("{folder}.elf")), Some(&format!("{folder}.map"))) else { return };
    for memory in measured {
        assert_eq!(memory.chip, Some(Chip::Esp32));
        assert_eq!(memory.image_bytes, 142_389);
        assert_eq!((memory.ram_span, memory.ram_bytes), (13_552, 13_548));
        assert_eq!(memory.sram, None);
        assert_uses(
            &memory,
            &[
                ("iram0_0_seg", 44_388, 44_388),
                ("iram0_2_seg", 53_494, 53_494),
                ("dram0_0_seg", 13_552, 13_548),
                ("drom0_0_seg", 33_896, 33_896),
                ("rtc_slow_seg", 40, 40),
                ("rtc_slow_reserved_seg", 24, 24),
            ],
        );
        let sizes = [
            (".iram0.vectors", 1028),
            (".iram0.text", 43_359),
            (".dram0.data", 10_572),
            (".dram0.bss", 2976),
        ];
        for (name, size) in sizes {
            assert_eq!(
                memory.sections.iter().find(|section| section.name == name).unwrap().size,
                size,
                "{name}"
            );
        }
    }
}

#[test]
fn esp32c3_elf_alone() {
    let Some(bytes) = read("esp32c3-idf-hello/hello_world.elf") else { return };
    let elf = Elf::parse(&bytes).unwrap();
    let memory = measure(&Sources { elf: Some(&elf), ..Sources::default() });
    assert_eq!(memory.chip, Some(Chip::Esp32C3));
    assert_eq!(memory.image_bytes, 136_672);
    assert_eq!(memory.sram, Some(SramUse { span: 48_608, bytes: 48_600, size: 0x4_E710 }));
    assert_eq!(memory.ram_span, 48_608);
    let dummies: u64 =
        memory.sections.iter().filter(|section| section.dummy).map(|section| section.size).sum();
    assert_eq!(dummies, 0x9C00 + 0x2_0000);
    assert!(memory.warnings.is_empty(), "{:?}", memory.warnings);
}

/// Folding both buses and leaving out what ESP-IDF reserves for the other one are two ways to one answer.
#[test]
fn folding_agrees_with_the_dummies() {
    let files = [
        (Some("esp32c3-idf-hello/hello_world.elf"), None),
        (Some("tiny-c3like/c3like.elf"), Some("tiny-c3like/c3like.map")),
        (None, Some("idf-size-maps/esp32s3.mapfile.map.gz")),
        (None, Some("idf-size-maps/esp32s3.mapfile_ref.map.gz")),
    ];
    for (elf, map) in files {
        let Some(measured) = each(elf, map) else { return };
        for memory in measured {
            let chip = memory.chip.unwrap();
            let sram = memory.sram.unwrap();
            let ram =
                || memory.regions.iter().filter(|region| chip.sram_address(region.region.origin).is_some());
            let bytes: u64 = ram().map(|region| region.bytes).sum();
            assert_eq!(sram.bytes, bytes, "{elf:?} {map:?}");
            // The data region's own span counts the dummy, so it ends where the folded one does; of the S3
            // it leaves out the 16 KiB that only instructions reach.
            let data = ram().find(|region| !region.code_only).unwrap();
            let only_code = if chip == Chip::Esp32S3 { 0x4000 } else { 0 };
            assert_eq!(sram.span, data.span + only_code, "{elf:?} {map:?}");
        }
    }
}

#[test]
fn esp32s3_maps() {
    let Some(measured) = each(None, Some("idf-size-maps/esp32s3.mapfile.map.gz")) else { return };
    let [memory] = measured.as_slice() else { panic!() };
    assert_eq!(memory.chip, Some(Chip::Esp32S3));
    // esp-idf-size says IRAM 16383 and D/IRAM 54087. It leaves `.iram0.text_end` (241) out and counts
    // neither `.rtc.force_fast` (24) in the image.
    assert_eq!(memory.sram.unwrap().bytes, 16_383 + 54_087 + 241);
    assert_eq!(memory.image_bytes, 206_076 + 24);
    assert_uses(
        memory,
        &[
            ("iram0_2_seg", 95_218, 95_218),
            ("extern_ram_seg", 196_576, 0),
            ("drom0_0_seg", 173_684, 42_356 + 256),
        ],
    );
    let Some(measured) = each(None, Some("idf-size-maps/esp32s3.mapfile_ref.map.gz")) else { return };
    let [memory] = measured.as_slice() else { panic!() };
    assert_uses(memory, &[("iram0_2_seg", 113_694, 113_694), ("drom0_0_seg", 181_820, 50_748)]);
    let rest: u64 = memory.sections.iter().filter(|s| s.name == ".iram0.text_end").map(|s| s.size).sum();
    assert_eq!(memory.sram.unwrap().bytes, 16_383 + 61_015 + rest);
}

#[test]
fn esp32_with_large_noinit() {
    let Some(measured) = each(None, Some("idf-size-maps/noinit_hello_world_esp32.map.gz")) else { return };
    for memory in measured {
        assert_eq!((memory.ram_span, memory.ram_bytes), (62_152, 62_152));
        // `.noinit` takes RAM and no flash; esp-idf-size misses the orphan `.fini` (3).
        assert_eq!(memory.image_bytes, 176_168 + 3);
    }
}

#[test]
fn stm32_as_the_linker_printed() {
    let Some(measured) = each(Some("tiny-stm32/stm32.elf"), Some("tiny-stm32/stm32.map")) else { return };
    for memory in measured {
        assert_uses(
            &memory,
            &[("FLASH", 4628, 4628), ("RAM", 3176, 3176), ("CCMRAM", 544, 544), ("BKPSRAM", 0, 0)],
        );
        assert_eq!((memory.ram_span, memory.image_bytes), (3720, 4628));
    }
}

#[test]
fn stm32_symbols() {
    let (Some(elf), Some(map)) = (read("tiny-stm32/stm32.elf"), read("tiny-stm32/stm32.map")) else { return };
    let (elf, map) = (Elf::parse(&elf).unwrap(), Map::parse(&map).unwrap());
    let sources = Sources { elf: Some(&elf), map: Some(&map), ..Sources::default() };
    let tree = tree(&sources, &measure(&sources));
    let at = |path: &[&str]| find(&tree.root, path).unwrap_or_else(|| panic!("{path:?}"));
    // Equal names in two objects stay apart, and a common symbol has its name.
    assert_eq!(at(&["RAM", ".bss", "(objects)", "main.o", "counter.0"]).value, 4);
    assert_eq!(at(&["RAM", ".bss", "(objects)", "main.o", "common_buf"]).value, 256);
    assert_eq!(at(&["RAM", ".data", "libfoo.a", "lib.o", "counter.0"]).value, 4);
    assert_eq!(at(&["RAM", ".data", "(objects)", "main.o", "counter.1"]).value, 4);
    // Initialised data is in both memories.
    assert_eq!(at(&["FLASH", ".data"]).value, 240);
    assert_eq!(at(&["RAM", ".data"]).value, 240);
    // Two names for one address count once.
    let object = at(&["FLASH", ".text", "libg_nano.a", "lib_a-snprintf.o"]);
    assert_eq!(object.value, 264);
    let names: Vec<_> = object.children.iter().map(|child| &*child.name).collect();
    assert_eq!(names, ["sniprintf", "_sniprintf_r", ".text"]);
}

fn find<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    match path {
        [] => Some(node),
        [name, rest @ ..] => find(node.children.iter().find(|child| *child.name == **name)?, rest),
    }
}

#[test]
fn c3_like_as_the_linker_printed() {
    let Some(measured) = each(Some("tiny-c3like/c3like.elf"), Some("tiny-c3like/c3like.map")) else { return };
    for memory in measured {
        assert_eq!(memory.chip, Some(Chip::Esp32C3));
        assert_uses(
            &memory,
            &[
                ("iram0_0_seg", 48, 48),
                ("irom_seg", 126, 126),
                ("dram0_0_seg", 3520, 3264),
                ("drom_seg", 131_968, 960),
                ("rtc_iram_seg", 40, 40),
                ("extern_ram_seg", 65_536, 65_536),
            ],
        );
        assert_eq!(memory.sram, Some(SramUse { span: 3520, bytes: 3312, size: 0x6_0000 }));
        assert_eq!(memory.image_bytes, 1350);
    }
}

#[test]
fn esp8266_like_as_the_linker_printed() {
    let folder = "tiny-esp8266like/esp8266like";
    let Some(measured) = each(Some(&format!("{folder}.elf")), Some(&format!("{folder}.map"))) else { return };
    for memory in measured {
        assert_eq!(memory.chip, Some(Chip::Esp8266));
        assert_uses(
            &memory,
            &[("dram0_0_seg", 2224, 2224), ("iram1_0_seg", 60, 60), ("irom0_0_seg", 24, 24)],
        );
        // `.data` 120, `.rodata` 600, `.text` 60, `.irom0.text` 24: constants lie in RAM and in the image.
        assert_eq!((memory.ram_span, memory.image_bytes), (2224, 804));
    }
}

#[test]
fn rp2040_with_and_without_regions() {
    let Some(bytes) = read("rp2040/RP2040_full_unwind.elf") else { return };
    let elf = Elf::parse(&bytes).unwrap();
    let regions: Vec<Region> =
        ["FLASH=0x10000000+2M", "RAM=0x20000000+264K"].iter().map(|region| region.parse().unwrap()).collect();
    for regions in [regions.as_slice(), &[]] {
        let memory = measure(&Sources { elf: Some(&elf), regions, ..Sources::default() });
        assert_uses(&memory, &[("FLASH", 57_888, 57_884), ("RAM", 2264, 2264)]);
        assert_eq!((memory.ram_span, memory.image_bytes), (2264, 57_884));
        assert_eq!(memory.warnings.is_empty(), !regions.is_empty());
    }
}

#[test]
fn a_map_of_another_build_is_refused() {
    let (Some(elf), Some(map)) =
        (read("tiny-c3like/c3like.elf"), read("esp32-idf6-coredump/hello_world.map"))
    else {
        return;
    };
    let (elf, map) = (Elf::parse(&elf).unwrap(), Map::parse(&map).unwrap());
    let error =
        Memory::measure(&Sources { elf: Some(&elf), map: Some(&map), ..Sources::default() }).unwrap_err();
    assert!(matches!(error, MemoryError::Mismatch { .. }), "{error}");
}
