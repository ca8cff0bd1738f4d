//! What `esp-idf-size --format json2` (`idf.py size --format json2`) prints, drop-in.
//!
//! Format: esp-idf-size 2.3.2 `format_json.py`, version 1.2 of the summary; memory types: its `chip_info/*.yaml`.
//! The keys, names, order and indentation are its own. The numbers are ours where it is known to lose bytes:
//! it drops sections by name when it has no ELF file, and parts of a section that is split over two regions.

use std::borrow::Cow;

use lw_firmware::{Chip, Memory};
use lw_model::lists::{sort, sort_by_key};
use lw_model::{Class, Diagnose};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

/// The summary.
#[derive(Debug, Serialize)]
struct Summary {
    version: &'static str,
    total_size: u64,
    layout: Vec<MemoryType>,
}

/// A kind of memory and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MemoryType {
    /// `DIRAM`, `Flash Code`.
    pub(crate) name: &'static str,
    /// Bytes there are; 0 for flash and external RAM, whose windows say nothing about what is fitted.
    pub(crate) total: u64,
    /// Bytes taken.
    pub(crate) used: u64,
    /// Bytes left; 0 where the total is.
    pub(crate) free: u64,
    /// Bytes of each section, under the last part of its name.
    pub(crate) parts: Map<String, Value>,
}

/// A window of a memory type: name, first address, length, address on the other bus.
struct Window {
    name: &'static str,
    start: u64,
    length: u64,
    alias: Option<u64>,
}

const fn window(name: &'static str, start: u64, length: u64) -> Window {
    Window { name, start, length, alias: None }
}

const fn aliased(name: &'static str, start: u64, length: u64, alias: u64) -> Window {
    Window { name, start, length, alias: Some(alias) }
}

/// The windows of a chip. An address belongs to the first that holds it, so an order that looks odd is on purpose:
/// where code and data share a flash window all of it is `Flash Code`.
fn windows(chip: Chip) -> &'static [Window] {
    match chip {
        Chip::Esp32 => {
            &const {
                [
                    window("DRAM", 0x3FFA_E000, 0x5_2000),
                    window("IRAM", 0x4007_0000, 0x5_0000),
                    window("Flash Code", 0x400C_2000, 0xB3_E000),
                    window("Flash Data", 0x3F40_0000, 0x40_0000),
                    window("SPI DRAM", 0x3F80_0000, 0x40_0000),
                    aliased("RTC FAST", 0x3FF8_0000, 0x2000, 0x400C_0000),
                    window("RTC SLOW", 0x5000_0000, 0x2000),
                ]
            }
        }
        Chip::Esp32S2 => {
            &const {
                [
                    aliased("DIRAM", 0x3FFB_2000, 0x4_E000, 0x4002_2000),
                    window("Flash Data", 0x3F00_0000, 0x40_0000),
                    window("SPI DRAM", 0x3F50_0000, 0xA8_0000),
                    window("Flash Code", 0x4008_0000, 0x78_0000),
                    aliased("RTC FAST", 0x4007_0000, 0x2000, 0x3FF9_E000),
                    window("RTC SLOW", 0x5000_0000, 0x2000),
                ]
            }
        }
        Chip::Esp32S3 => {
            &const {
                [
                    window("IRAM", 0x4037_0000, 0x8000),
                    aliased("DIRAM", 0x3FC8_8000, 0x6_8000, 0x4037_8000),
                    window("DRAM", 0x3FCF_0000, 0x1_0000),
                    window("Flash Code", 0x4200_0000, 0x200_0000),
                    window("Flash Data", 0x3C00_0000, 0x200_0000),
                    window("External RAM", 0x3C00_0000, 0x200_0000),
                    aliased("RTC FAST", 0x3FF8_0000, 0x2000, 0x600F_E000),
                    window("RTC SLOW", 0x5000_0000, 0x2000),
                ]
            }
        }
        Chip::Esp32C2 => {
            &const {
                [
                    aliased("DIRAM", 0x3FCA_0000, 0x4_0000, 0x4038_0000),
                    window("IRAM", 0x4037_C000, 0x4000),
                    window("Flash Code", 0x4200_0000, 0x40_0000),
                    window("Flash Data", 0x3C00_0000, 0x40_0000),
                ]
            }
        }
        Chip::Esp32C3 => {
            &const {
                [
                    aliased("DRAM", 0x3FC8_0000, 0x6_0000, 0x4038_0000),
                    window("IRAM", 0x4037_C000, 0x4000),
                    window("Flash Code", 0x4200_0000, 0x80_0000),
                    window("Flash Data", 0x3C00_0000, 0x80_0000),
                    window("RTC SLOW", 0x5000_0000, 0x2000),
                ]
            }
        }
        Chip::Esp32C5 => {
            &const {
                [
                    window("HP SRAM", 0x4080_0000, 0x6_0000),
                    window("Flash", 0x4200_0000, 0x200_0000),
                    window("External RAM", 0x4200_0000, 0x200_0000),
                    window("LP SRAM", 0x5000_0000, 0x4000),
                ]
            }
        }
        Chip::Esp32C6 => {
            &const {
                [
                    window("DIRAM", 0x4080_0000, 0x8_0000),
                    window("Flash Code", 0x4200_0000, 0x100_0000),
                    window("LP SRAM", 0x5000_0000, 0x4000),
                ]
            }
        }
        Chip::Esp32H2 => {
            &const {
                [
                    window("DIRAM", 0x4080_0000, 0x5_0000),
                    window("Flash Code", 0x4200_0000, 0x100_0000),
                    window("LP SRAM", 0x5000_0000, 0x1000),
                ]
            }
        }
        Chip::Esp32P4 => {
            &const {
                [
                    window("DIRAM", 0x4FF0_0000, 0xC_0000),
                    window("Flash", 0x4000_0000, 0x400_0000),
                    window("External RAM", 0x4800_0000, 0x400_0000),
                    window("HP core RAM", 0x3010_0000, 0x2000),
                    window("LP RAM", 0x5010_8000, 0x8000),
                ]
            }
        }
        Chip::Esp32C61 => {
            &const {
                [
                    window("DIRAM", 0x4080_0000, 0x5_0000),
                    window("Flash Code", 0x4200_0000, 0x200_0000),
                    window("External RAM", 0x4200_0000, 0x200_0000),
                    window("LP SRAM", 0x5000_0000, 0x4000),
                ]
            }
        }
        Chip::Esp32H21 => {
            &const {
                [
                    window("DIRAM", 0x4080_0000, 0x5_0000),
                    window("Flash", 0x4200_0000, 0x100_0000),
                    window("LP SRAM", 0x5000_0000, 0x1000),
                ]
            }
        }
        Chip::Esp32H4 => {
            &const {
                [
                    window("DIRAM", 0x4080_8000, 0x6_0000),
                    window("Flash", 0x4200_0000, 0x200_0000),
                    window("External RAM", 0x4200_0000, 0x200_0000),
                ]
            }
        }
        Chip::Esp32S31 => {
            &const {
                [
                    window("DIRAM", 0x2F00_0000, 0x8_0000),
                    window("Flash", 0x4000_0000, 0x400_0000),
                    window("External RAM", 0x5000_0000, 0x400_0000),
                    window("LP SRAM", 0x2E00_0000, 0x8000),
                ]
            }
        }
        // esp-idf-size does not know it.
        Chip::Esp8266 => &[],
    }
}

/// Sections that lie in external RAM, whose window some chips share with flash.
const EXTERNAL_RAM: [&str; 2] = [".ext_ram.bss", ".ext_ram_noinit"];

impl Window {
    /// Flash and external RAM, whose windows say nothing about what is fitted.
    fn is_unsized(&self) -> bool {
        self.name.starts_with("Flash") || self.is_external()
    }

    fn is_external(&self) -> bool {
        matches!(self.name, "External RAM" | "SPI DRAM")
    }

    /// Where in the window an address is, on either bus.
    fn offset(&self, address: u64) -> Option<u64> {
        let inside = |start: u64| address.checked_sub(start).filter(|offset| *offset < self.length);
        inside(self.start).or_else(|| inside(self.alias?))
    }
}

/// The pieces of `[address, address + size)` that lie in windows: index of the window, offset in it, length.
fn pieces(windows: &[Window], mut address: u64, mut size: u64) -> Vec<(usize, u64, u64)> {
    let mut out = Vec::new();
    while size > 0 {
        let found = windows
            .iter()
            .enumerate()
            .find_map(|(index, window)| Some((index, window, window.offset(address)?)));
        let Some((index, window, offset)) = found else { break };
        let length = size.min(window.length - offset);
        out.push((index, offset, length));
        address = address.saturating_add(length);
        size -= length;
    }
    out
}

/// Length of the union of `(start, length)` ranges.
fn union(mut ranges: Vec<(u64, u64)>) -> u64 {
    sort(&mut ranges);
    let mut covered = 0;
    let mut total = 0;
    for (start, length) in ranges {
        let end = start + length;
        total += end.saturating_sub(start.max(covered));
        covered = covered.max(end);
    }
    total
}

/// The memory types in which something lies, the fullest first.
pub(crate) fn layout(memory: &Memory, chip: Chip) -> Vec<MemoryType> {
    let windows = windows(chip);
    let mut parts: Vec<Vec<(String, u64)>> = windows.iter().map(|_| Vec::new()).collect();
    let external = windows.iter().position(Window::is_external);
    for section in memory.sections.iter().filter(|section| !section.dummy) {
        let in_external = EXTERNAL_RAM.iter().any(|prefix| section.name.starts_with(prefix));
        let pieces = match external {
            Some(index) if in_external => vec![(index, 0, section.size)],
            _ => pieces(windows, section.address, section.size),
        };
        // `.iram0.text` is `.text`: what two sections of one memory share is added up.
        let name = format!(".{}", section.name.rsplit('.').next().unwrap_or_default());
        for (index, _, length) in pieces {
            let Some(parts) = parts.get_mut(index) else { continue };
            match parts.iter_mut().find(|(part, _)| *part == name) {
                Some((_, size)) => *size += length,
                None => parts.push((name.clone(), length)),
            }
        }
    }
    let mut ranges: Vec<Vec<(u64, u64)>> = windows.iter().map(|_| Vec::new()).collect();
    for used in memory.regions.iter().filter(|used| used.bounded) {
        for (index, offset, length) in pieces(windows, used.region.origin, used.region.length) {
            if let Some(ranges) = ranges.get_mut(index) {
                ranges.push((offset, length));
            }
        }
    }
    let mut layout: Vec<_> = windows
        .iter()
        .zip(parts.into_iter().zip(ranges))
        .map(|(window, (mut parts, ranges))| {
            sort_by_key(&mut parts, |(_, size)| std::cmp::Reverse(*size));
            let used = parts.iter().map(|(_, size)| size).sum();
            let total = if window.is_unsized() { 0 } else { union(ranges) };
            MemoryType {
                name: window.name,
                total,
                used,
                free: total.saturating_sub(used),
                parts: parts.into_iter().map(|(name, size)| (name, json!({ "size": size }))).collect(),
            }
        })
        .filter(|kind| kind.used > 0)
        .collect();
    sort_by_key(&mut layout, |kind| std::cmp::Reverse(kind.used));
    layout
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdfJsonError {
    /// esp-idf-size has no memory types for it.
    #[error("idf-json2 is for Espressif chips from the ESP32 on, and this firmware is for {0}")]
    Chip(&'static str),
    /// A defect of the serializer.
    #[error("failed to write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Diagnose for IdfJsonError {
    fn class(&self) -> Class {
        match self {
            Self::Chip(_) => Class::Usage,
            Self::Json(_) => Class::Internal,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        matches!(self, Self::Chip(_)).then(|| "Use --format json, or name the chip with --chip.".into())
    }
}

/// The JSON for a measured firmware.
///
/// # Errors
/// When the firmware is not for a chip esp-idf-size knows.
pub(crate) fn of_memory(memory: &Memory) -> Result<String, IdfJsonError> {
    let chip = match memory.chip {
        Some(Chip::Esp8266) => return Err(IdfJsonError::Chip("esp8266")),
        Some(chip) => chip,
        None => return Err(IdfJsonError::Chip("an unknown chip")),
    };
    Ok(write(memory.image_bytes, layout(memory, chip))?)
}

fn write(total_size: u64, layout: Vec<MemoryType>) -> Result<String, serde_json::Error> {
    let summary = Summary { version: "1.2", total_size, layout };
    let mut out = Vec::new();
    summary.serialize(&mut Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    ")))?;
    out.push(b'\n');
    // The serializer writes UTF-8 only.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use lw_firmware::{Elf, Sources};
    use lw_testkit::shared_fixture;

    use super::*;

    fn used(json: &Value, name: &str) -> (u64, u64) {
        let layout = json["layout"].as_array().unwrap();
        let kind = layout.iter().find(|kind| kind["name"] == name).unwrap();
        (kind["used"].as_u64().unwrap(), kind["total"].as_u64().unwrap())
    }

    #[test]
    fn the_text_is_byte_for_byte_that_of_esp_idf_size() {
        let parts = [(".text", 43_359), (".vectors", 1_028)];
        let parts = parts.map(|(name, size)| (name.to_owned(), json!({ "size": size })));
        let kind = MemoryType {
            name: "IRAM",
            total: 131_072,
            used: 44_387,
            free: 86_685,
            parts: Map::from_iter(parts),
        };
        let empty = MemoryType { name: "RTC FAST", total: 8_192, used: 0, free: 8_192, parts: Map::new() };
        let text = write(142_349, vec![kind, empty]).unwrap();
        let expected = r#"{
    "version": "1.2",
    "total_size": 142349,
    "layout": [
        {
            "name": "IRAM",
            "total": 131072,
            "used": 44387,
            "free": 86685,
            "parts": {
                ".text": {
                    "size": 43359
                },
                ".vectors": {
                    "size": 1028
                }
            }
        },
        {
            "name": "RTC FAST",
            "total": 8192,
            "used": 0,
            "free": 8192,
            "parts": {}
        }
    ]
}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn the_numbers_are_those_of_esp_idf_size_where_it_is_right() {
        let Some(folder) = shared_fixture("size/esp32-idf6-coredump") else { return };
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let (elf, map) = (read("hello_world.elf"), read("hello_world.map"));
        let (elf, map) = (Elf::parse(&elf).unwrap(), lw_firmware::Map::parse(&map).unwrap());
        let sources = Sources { elf: Some(&elf), map: Some(&map), ..Sources::default() };
        let json = of_memory(&Memory::measure(&sources).unwrap()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        // With the ELF beside the map, esp-idf-size says 142389; without it, it loses `.rtc.force_slow`.
        assert_eq!(json["total_size"], 142_389);
        assert_eq!(used(&json, "Flash Code"), (53_494, 0));
        assert_eq!(used(&json, "Flash Data"), (33_896, 0));
        assert_eq!(used(&json, "DRAM"), (13_548, 180_736));
        // esp-idf-size says 44387: it drops the byte of `.iram0.text_end`, which takes its place in IRAM all the same
        // (the linker says 44388).
        assert_eq!(used(&json, "IRAM"), (44_388, 131_072));
        assert_eq!(used(&json, "RTC SLOW").0, 64);
        let order: Vec<_> =
            json["layout"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
        assert_eq!(order, ["Flash Code", "IRAM", "Flash Data", "DRAM", "RTC SLOW"]);
    }

    #[test]
    fn a_section_across_two_memories_is_split_between_them() {
        // `.iram0.text` of an S3 begins in the 16 KiB that only instructions reach and goes on in the shared SRAM.
        let text = pieces(windows(Chip::Esp32S3), 0x4037_4404, 56_331);
        assert_eq!(text, [(0, 0x4404, 15_356), (1, 0, 40_975)]);
        // Both buses reach the same bytes, which count once.
        assert_eq!(pieces(windows(Chip::Esp32S3), 0x3FC8_8000, 16), [(1, 0, 16)]);
        assert_eq!(union(vec![(0, 0x5_3700), (0, 0x5_3700)]), 341_760);
        assert_eq!(pieces(windows(Chip::Esp32S3), 0x1000, 16), []);
    }

    #[test]
    fn other_chips_are_refused() {
        let Some(path) = shared_fixture("size/rp2040/RP2040_full_unwind.elf") else { return };
        let bytes = std::fs::read(path).unwrap();
        let elf = Elf::parse(&bytes).unwrap();
        let memory = Memory::measure(&Sources { elf: Some(&elf), ..Sources::default() }).unwrap();
        assert!(matches!(of_memory(&memory), Err(IdfJsonError::Chip(_))));
    }
}
