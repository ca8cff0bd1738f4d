//! A firmware as a few lines say it: its ELF, and the map GNU ld would write for it.

use std::fmt::Write;

use super::writer::{ALLOC, EXEC, FORMATS, NOBITS, OutElf, OutSection, PROGBITS, WRITE};

/// Regions and sections, each in the order of its file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Name, origin, length, attributes as a map has them.
    pub(crate) regions: Vec<(String, u64, u64, String)>,
    pub(crate) sections: Vec<OutSection>,
    /// Names of sections that the map says are made by moving the location counter, and how.
    pub(crate) moved: Vec<(String, String)>,
    /// `e_machine`.
    pub(crate) machine: u16,
}

impl Layout {
    /// A microcontroller of ARM without anything in it.
    pub(crate) fn arm() -> Self {
        Self { machine: 40, ..Self::default() }
    }

    pub(crate) fn region(mut self, name: &str, origin: u64, length: u64, attributes: &str) -> Self {
        self.regions.push((name.into(), origin, length, attributes.into()));
        self
    }

    fn section(mut self, name: &str, kind: u32, flags: u64, address: u64, lma: u64, size: u64) -> Self {
        self.sections.push(OutSection { name: name.into(), kind, flags: flags | ALLOC, address, lma, size });
        self
    }

    /// Code that runs where it is loaded.
    pub(crate) fn code(self, name: &str, address: u64, size: u64) -> Self {
        self.section(name, PROGBITS, EXEC, address, address, size)
    }

    /// Initialised variables, loaded from `lma`.
    pub(crate) fn data(self, name: &str, address: u64, lma: u64, size: u64) -> Self {
        self.section(name, PROGBITS, WRITE, address, lma, size)
    }

    /// Code that is copied to where it runs.
    pub(crate) fn copied_code(self, name: &str, address: u64, lma: u64, size: u64) -> Self {
        self.section(name, PROGBITS, EXEC, address, lma, size)
    }

    /// Variables that are zeroed.
    pub(crate) fn zeroed(self, name: &str, address: u64, size: u64) -> Self {
        self.section(name, NOBITS, WRITE, address, address, size)
    }

    /// Zeroed, and made by an assignment to the location counter.
    pub(crate) fn reserved(mut self, name: &str, address: u64, size: u64, expression: &str) -> Self {
        self.moved.push((name.into(), expression.into()));
        self.zeroed(name, address, size)
    }

    /// The same firmware with every region under another name.
    pub(crate) fn renamed(mut self, name: impl Fn(usize) -> String) -> Self {
        self.regions.iter_mut().enumerate().for_each(|(index, region)| region.0 = name(index));
        self
    }

    pub(crate) fn elf(&self) -> Vec<u8> {
        OutElf { machine: self.machine, ..OutElf::new(FORMATS[0], self.sections.clone(), Vec::new()) }.bytes()
    }

    pub(crate) fn map(&self) -> String {
        let mut map = String::from(
            "\nMemory Configuration\n\nName             Origin             Length             Attributes\n",
        );
        for (name, origin, length, attributes) in &self.regions {
            writeln!(map, "{name:16} {origin:#010x}         {length:#010x}         {attributes}").unwrap();
        }
        map.push_str("*default*        0x00000000         0xffffffff\n\nLinker script and memory map\n\n");
        for section in &self.sections {
            let OutSection { name, address, lma, size, .. } = section;
            line(&mut map, name, *address, *size);
            if lma != address {
                write!(map, " load address {lma:#010x}").unwrap();
            }
            map.push('\n');
            match self.moved.iter().find(|(moved, _)| moved == name) {
                Some((_, expression)) => {
                    writeln!(
                        map,
                        "                {:#010x}                        . = {expression}",
                        address + size
                    )
                    .unwrap();
                    line(&mut map, " *fill*", *address, *size);
                    map.push_str(" \n\n");
                }
                None => {
                    // A map does not say NOBITS: the names of what was put in do.
                    let prefix = if section.kind == NOBITS { ".bss" } else { "" };
                    line(&mut map, &format!(" {prefix}{name}"), *address, *size);
                    map.push_str(" main.o\n\n");
                }
            }
        }
        let format = match self.machine {
            40 => "elf32-littlearm",
            83 => "elf32-avr",
            94 => "elf32-xtensa-le",
            _ => "elf32-littleriscv",
        };
        writeln!(map, "OUTPUT(firmware.elf {format})").unwrap();
        map
    }
}

/// A name and its numbers; ld breaks the line after a name that fills its column.
fn line(map: &mut String, name: &str, address: u64, size: u64) {
    if name.len() < 16 {
        write!(map, "{name:16}").unwrap();
    } else {
        write!(map, "{name}\n                ").unwrap();
    }
    write!(map, "{address:#010x} {:>10}", format!("{size:#x}")).unwrap();
}
