//! A firmware as a linker lays it out, from which an ELF, a map and the expected figures are made.

use std::fmt::Write;

use lw_firmware::Region;
use proptest::prelude::*;

use super::writer::{ALLOC, EXEC, Format, NOBITS, OutElf, OutSection, OutSymbol, PROGBITS, WRITE};

pub(crate) const FLASH: u64 = 0x0800_0000;
pub(crate) const RAM: u64 = 0x2000_0000;

/// What is put into an output section.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Bytes of padding before it.
    pub(crate) gap: u64,
    pub(crate) size: u64,
    pub(crate) file: usize,
    /// Start, size and `st_info` of symbols, relative to the part; they may overlap and pass its end.
    pub(crate) symbols: Vec<(u64, u64, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Data,
    Zeroed,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) kind: Kind,
    /// Bytes before the section in its region.
    pub(crate) gap: u64,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) struct Firmware {
    pub(crate) groups: Vec<Group>,
    pub(crate) flash_length: u64,
    pub(crate) ram_length: u64,
}

pub(crate) fn firmware() -> impl Strategy<Value = Firmware> {
    let info = prop::sample::select(vec![0x12u8, 0x11, 0x02, 0x01, 0x10, 0x00]);
    let symbol = (0u64..40, 1u64..40, info);
    let part = (0u64..6, 1u64..50, 0usize..5, prop::collection::vec(symbol, 0..5))
        .prop_map(|(gap, size, file, symbols)| Part { gap, size, file, symbols });
    let kind = prop::sample::select(vec![Kind::Code, Kind::Data, Kind::Zeroed]);
    let group = (kind, 0u64..20, prop::collection::vec(part, 1..6)).prop_map(|(kind, gap, parts)| Group {
        kind,
        gap,
        parts,
    });
    (prop::collection::vec(group, 1..7), 64u64..2000, 64u64..2000)
        .prop_map(|(groups, flash_length, ram_length)| Firmware { groups, flash_length, ram_length })
}

/// A section with the place the linker gives it.
pub(crate) struct Placed<'a> {
    pub(crate) name: String,
    pub(crate) group: &'a Group,
    pub(crate) address: u64,
    pub(crate) lma: u64,
    pub(crate) size: u64,
}

/// Used bytes of flash and RAM, as the linker counts them, and without gaps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) flash_span: u64,
    pub(crate) ram_span: u64,
    pub(crate) flash_bytes: u64,
    pub(crate) ram_bytes: u64,
}

impl Firmware {
    pub(crate) fn placed(&self) -> Vec<Placed<'_>> {
        let (mut flash, mut ram) = (FLASH, RAM);
        let mut placed = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            let size = group.parts.iter().map(|part| part.gap + part.size).sum();
            let stem = match group.kind {
                Kind::Code => "text",
                Kind::Data => "data",
                Kind::Zeroed => "bss",
            };
            let (address, lma) = match group.kind {
                Kind::Code => (flash + group.gap, flash + group.gap),
                Kind::Data => (ram + group.gap, flash),
                Kind::Zeroed => (ram + group.gap, ram + group.gap),
            };
            if group.kind != Kind::Zeroed {
                flash = lma + size;
            }
            if group.kind != Kind::Code {
                ram = address + size;
            }
            placed.push(Placed { name: format!(".{stem}.{index}"), group, address, lma, size });
        }
        placed
    }

    pub(crate) fn expected(&self) -> Expected {
        let mut expected = Expected { flash_span: 0, ram_span: 0, flash_bytes: 0, ram_bytes: 0 };
        for placed in self.placed() {
            if placed.group.kind != Kind::Zeroed {
                expected.flash_span = expected.flash_span.max(placed.lma + placed.size - FLASH);
                expected.flash_bytes += placed.size;
            }
            if placed.group.kind != Kind::Code {
                expected.ram_span = expected.ram_span.max(placed.address + placed.size - RAM);
                expected.ram_bytes += placed.size;
            }
        }
        expected
    }

    pub(crate) fn regions(&self) -> Vec<Region> {
        vec![Region::new("FLASH", FLASH, self.flash_length), Region::new("RAM", RAM, self.ram_length)]
    }

    pub(crate) fn elf(&self, format: Format) -> OutElf {
        let mut sections = Vec::new();
        let mut symbols = Vec::new();
        for (index, placed) in self.placed().into_iter().enumerate() {
            let (kind, flags) = match placed.group.kind {
                Kind::Code => (PROGBITS, ALLOC | EXEC),
                Kind::Data => (PROGBITS, ALLOC | WRITE),
                Kind::Zeroed => (NOBITS, ALLOC | WRITE),
            };
            let mut at = placed.address;
            for (part_index, part) in placed.group.parts.iter().enumerate() {
                at += part.gap;
                for (number, (start, size, info)) in part.symbols.iter().enumerate() {
                    let name = format!("s{index}_{part_index}_{number}");
                    symbols.push(OutSymbol {
                        name,
                        value: at + start,
                        size: *size,
                        info: *info,
                        section: Ok(index),
                    });
                }
                at += part.size;
            }
            let Placed { name, address, lma, size, .. } = placed;
            sections.push(OutSection { name, kind, flags, address, lma, size });
        }
        // A machine whose function addresses say nothing of the instruction set.
        OutElf { machine: 8, ..OutElf::new(format, sections, symbols) }
    }

    /// The map GNU ld writes, also when a region overflows.
    pub(crate) fn map(&self) -> String {
        let mut map = String::from(
            "\nMemory Configuration\n\nName             Origin             Length             Attributes\n",
        );
        for (region, attributes) in self.regions().iter().zip(["xr", "xrw"]) {
            writeln!(
                map,
                "{:16} {:#010x}         {:#010x}         {attributes}",
                region.name, region.origin, region.length
            )
            .unwrap();
        }
        map.push_str("*default*        0x00000000         0xffffffff\n\nLinker script and memory map\n\n");
        for (index, placed) in self.placed().iter().enumerate() {
            statement(&mut map, &placed.name, placed.address, placed.size);
            if placed.lma != placed.address {
                write!(map, " load address {:#010x}", placed.lma).unwrap();
            }
            map.push('\n');
            let mut at = placed.address;
            for (part_index, part) in placed.group.parts.iter().enumerate() {
                if part.gap > 0 {
                    statement(&mut map, " *fill*", at, part.gap);
                    map.push_str(" \n");
                }
                at += part.gap;
                // Long enough to be wrapped now and then.
                let stem = placed.name.rsplit_once('.').unwrap().0;
                let name = format!(" {stem}.{}part{part_index}", "long_".repeat(part_index % 3));
                statement(&mut map, &name, at, part.size);
                let file = ["main.o", "lib.a(one.o)", "lib.a(two.o)", "my dir (1)/x.o", "other/lib.a(one.o)"];
                writeln!(map, " {}", file[part.file]).unwrap();
                writeln!(map, "                {at:#010x}                s{index}_{part_index}").unwrap();
                at += part.size;
            }
            map.push('\n');
        }
        map.push_str("OUTPUT(firmware.elf elf32-littlearm)\n");
        map
    }
}

/// A name and its numbers; ld breaks the line after a name that fills its column.
fn statement(map: &mut String, name: &str, address: u64, size: u64) {
    if name.len() < 16 {
        write!(map, "{name:16}").unwrap();
    } else {
        write!(map, "{name}\n                ").unwrap();
    }
    write!(map, "{address:#010x} {:>10}", format!("{size:#x}")).unwrap();
}
