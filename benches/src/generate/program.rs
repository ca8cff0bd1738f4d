//! A made-up program for an ESP32-C3: archives, objects, sections, symbols, all at their addresses.

use std::ops::Range;

use crate::generate::names::{self, Language};
use crate::generate::rng::Rng;

/// Regions as ESP-IDF's linker script declares them: name, origin, length, attributes.
pub(crate) const REGIONS: [(&str, u32, u32, &str); 6] = [
    ("iram0_0_seg", 0x4038_0000, 0x4_E710, "xr"),
    ("iram0_2_seg", 0x4200_0020, 0x7F_FFE0, "xr"),
    ("dram0_0_seg", 0x3FC8_0000, 0x4_E710, "rw"),
    ("drom0_0_seg", 0x3C00_0020, 0x7F_FFE0, "r"),
    ("rtc_iram_seg", 0x5000_0000, 0x1FE8, "xrw"),
    ("rtc_reserved_seg", 0x5000_1FE8, 0x18, "rw"),
];

/// Bytes of RAM the generated code and data may take together; the region holds 321 296.
const RAM_BUDGET: u64 = 240_000;
/// Bytes of code; code and constants share 8 MiB of flash.
const TEXT_BUDGET: u64 = 4_200_000;
/// Bytes of constants.
const RODATA_BUDGET: u64 = 2_000_000;
/// Objects have about this many symbols, archives this many objects.
const SYMBOLS_PER_OBJECT: usize = 24;
const OBJECTS_PER_ARCHIVE: usize = 20;

/// A made-up program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) archives: Vec<String>,
    pub(crate) objects: Vec<Object>,
    /// Output sections by address space, as the linker writes them.
    pub(crate) sections: Vec<Section>,
    pub(crate) symbols: Vec<Symbol>,
    /// Bytes of debug information per object.
    pub(crate) debug: Vec<u32>,
}

#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) archive: usize,
    pub(crate) name: String,
}

/// What an output section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Code,
    Data,
    Bss,
    Rodata,
    /// Reserves addresses.
    Dummy,
}

#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    /// Prefix of the input sections' names.
    prefix: &'static str,
    pub(crate) purpose: Use,
    pub(crate) address: u32,
    pub(crate) size: u32,
    pub(crate) inputs: Vec<Input>,
}

/// An input section in an output section.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) object: usize,
    /// Bytes of padding before it.
    pub(crate) fill: u32,
    pub(crate) address: u32,
    pub(crate) size: u32,
    /// Size before the linker shortened calls, where it did.
    pub(crate) unrelaxed: Option<u32>,
    /// Indices of its symbols.
    pub(crate) symbols: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) address: u32,
    pub(crate) size: u32,
    pub(crate) global: bool,
    /// Index of its output section.
    pub(crate) section: usize,
}

const IRAM: usize = 0;
const DRAM_DUMMY: usize = 1;
const DATA: usize = 2;
const BSS: usize = 3;
const TEXT: usize = 4;
const RODATA_DUMMY: usize = 5;
const RODATA: usize = 6;

fn sections() -> Vec<Section> {
    let section =
        |name, prefix, purpose| Section { name, prefix, purpose, address: 0, size: 0, inputs: Vec::new() };
    vec![
        section(".iram0.text", ".iram1", Use::Code),
        section(".dram0.dummy", "", Use::Dummy),
        section(".dram0.data", ".data", Use::Data),
        section(".dram0.bss", ".bss", Use::Bss),
        section(".flash.text", ".text", Use::Code),
        section(".flash_rodata_dummy", "", Use::Dummy),
        section(".flash.rodata", ".rodata", Use::Rodata),
    ]
}

impl Program {
    /// A program with this many symbols and no debug information.
    pub(crate) fn new(symbols: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let object_count = symbols.div_ceil(SYMBOLS_PER_OBJECT).max(1);
        let archive_count = object_count.div_ceil(OBJECTS_PER_ARCHIVE);
        let languages: Vec<_> = (0..archive_count)
            .map(|_| match rng.below(100) {
                0..55 => Language::C,
                55..80 => Language::Cpp,
                _ => Language::Rust,
            })
            .collect();
        let archives = languages
            .iter()
            .enumerate()
            .map(|(n, language)| names::archive(&mut rng, *language, n))
            .collect();
        let mut program = Self {
            archives,
            objects: Vec::with_capacity(object_count),
            sections: sections(),
            symbols: Vec::with_capacity(symbols),
            debug: Vec::new(),
        };
        let means = Means::new(symbols);
        let mut ram = 0;
        for object in 0..object_count {
            let archive = object / OBJECTS_PER_ARCHIVE;
            let language = languages.get(archive).copied().unwrap_or(Language::C);
            program.objects.push(Object { archive, name: names::object(&mut rng, language, object) });
            let first = object * SYMBOLS_PER_OBJECT;
            for ordinal in first..symbols.min(first + SYMBOLS_PER_OBJECT) {
                program.symbol(&mut rng, &means, &mut ram, object, language, ordinal as u64);
            }
        }
        program.place();
        program
    }

    /// Gives the objects this many bytes of debug information together, about.
    pub(crate) fn add_debug(&mut self, bytes: u64, seed: u64) {
        let mut rng = Rng::new(seed);
        let share = u32::try_from(bytes / self.objects.len() as u64).unwrap_or(u32::MAX / 2);
        let size = |_: &Object| share / 2 + u32::try_from(rng.below(share.into())).unwrap_or(0);
        self.debug = self.objects.iter().map(size).collect();
    }

    /// Bytes of the ELF file without debug information, about.
    pub(crate) fn elf_bytes(&self) -> u64 {
        let content =
            self.sections.iter().filter(|section| !matches!(section.purpose, Use::Dummy | Use::Bss));
        let content: u64 = content.map(|section| u64::from(section.size)).sum();
        // An entry of the symbol table, the name and its NUL.
        let symbols: u64 = self.symbols.iter().map(|symbol| 16 + symbol.name.len() as u64 + 1).sum();
        content + symbols
    }

    /// Adds a symbol to an object.
    fn symbol(
        &mut self,
        rng: &mut Rng,
        means: &Means,
        ram: &mut u64,
        object: usize,
        language: Language,
        ordinal: u64,
    ) {
        let (mut section, mean) = match rng.below(100) {
            0..60 => (TEXT, means.text),
            60..82 => (RODATA, means.rodata),
            82..88 => (IRAM, means.ram),
            88..93 => (DATA, means.ram),
            _ => (BSS, means.ram),
        };
        let size = rng.size(mean);
        if matches!(section, IRAM | DATA | BSS) {
            *ram += size + 4;
            if *ram > RAM_BUDGET {
                section = if section == IRAM { TEXT } else { RODATA };
            }
        }
        // RISC-V code is made of 2-byte units.
        let size = u32::try_from(size.next_multiple_of(2)).unwrap_or(2);
        let global = rng.chance(45);
        let is_data = !matches!(section, TEXT | IRAM);
        let name = if !global && is_data && rng.chance(50) {
            names::local(rng)
        } else {
            names::symbol(rng, language, ordinal)
        };
        let index = self.symbols.len();
        let Some(output) = self.sections.get_mut(section) else { return };
        match output.inputs.last_mut() {
            // Not every compiler gives every function a section of its own.
            Some(input) if input.object == object && rng.chance(82) => {
                input.size += size;
                input.symbols.push(index);
            }
            _ => output.inputs.push(Input {
                name: format!("{}.{name}", output.prefix),
                object,
                fill: 0,
                address: 0,
                size,
                unrelaxed: (!is_data && rng.chance(8)).then_some(size + 4),
                symbols: vec![index],
            }),
        }
        self.symbols.push(Symbol { name, address: 0, size, global, section });
    }

    /// Gives every section, input section and symbol its address.
    fn place(&mut self) {
        let [iram, text, dram, rodata, ..] = REGIONS.map(|(_, origin, ..)| origin);
        let iram_end = self.place_section(IRAM, iram);
        // Instruction RAM and data RAM are one memory: data begins after the code, which a dummy makes room for.
        let taken = (iram_end - iram).next_multiple_of(512);
        self.place_dummy(DRAM_DUMMY, dram, taken);
        let data_end = self.place_section(DATA, dram + taken);
        self.place_section(BSS, data_end.next_multiple_of(16));
        let text_end = self.place_section(TEXT, text);
        // Code and constants are different pages of one flash.
        let taken = (text_end - text).next_multiple_of(0x1_0000);
        self.place_dummy(RODATA_DUMMY, rodata, taken);
        self.place_section(RODATA, rodata + taken);
    }

    fn place_dummy(&mut self, section: usize, address: u32, size: u32) {
        if let Some(section) = self.sections.get_mut(section) {
            (section.address, section.size) = (address, size);
        }
    }

    /// Returns the end of the section.
    fn place_section(&mut self, section: usize, address: u32) -> u32 {
        let Some(section) = self.sections.get_mut(section) else { return address };
        section.address = address;
        let mut end = address;
        for input in &mut section.inputs {
            let start = end.next_multiple_of(4);
            (input.fill, input.address) = (start - end, start);
            let mut at = start;
            for symbol in &input.symbols {
                if let Some(symbol) = self.symbols.get_mut(*symbol) {
                    symbol.address = at;
                    at += symbol.size;
                }
            }
            end = at;
        }
        section.size = end - address;
        end
    }

    /// Symbols in the order an ELF needs them: local ones first. Returns where the global ones begin.
    pub(crate) fn symbol_order(&self) -> (Vec<usize>, usize) {
        let of = |global| {
            (0..self.symbols.len()).filter(move |n| self.symbols.get(*n).is_some_and(|s| s.global == global))
        };
        let mut order: Vec<_> = of(false).collect();
        let first_global = order.len();
        order.extend(of(true));
        (order, first_global)
    }

    /// Where an object's debug information is in a section of it.
    pub(crate) fn debug_ranges(&self) -> impl Iterator<Item = (usize, Range<u32>)> {
        self.debug.iter().enumerate().scan(0u32, |at, (object, size)| {
            let start = *at;
            *at = at.saturating_add(*size);
            Some((object, start..*at))
        })
    }
}

/// Mean sizes that keep a program of any number of symbols inside the chip's memory.
struct Means {
    text: u64,
    rodata: u64,
    ram: u64,
}

impl Means {
    fn new(symbols: usize) -> Self {
        // A size is 1.2 times its mean on average, and the mean is half of the bound it is drawn from.
        let mean = |budget: u64, percent: u64, most: u64| {
            (budget * 100 / (symbols as u64 * percent).max(1)).clamp(2, most)
        };
        Self {
            text: mean(TEXT_BUDGET, 60, 64),
            rodata: mean(RODATA_BUDGET, 25, 96),
            ram: mean(RAM_BUDGET, 18, 48),
        }
    }
}
