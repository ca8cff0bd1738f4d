//! Files that are out of the ordinary, one by one.

use lw_firmware::attribution::tree;
use lw_firmware::elf::ElfError;
use lw_firmware::memory::MemoryError;
use lw_firmware::{Chip, Elf, Memory, Region, Sources};
use lw_model::Diagnose;

use super::writer::{
    ABS, ALLOC, EXEC, FORMATS, Format, NOBITS, OutElf, OutSection, OutSymbol, PROGBITS, REL, TLS, WRITE,
};

fn section(name: &str, kind: u32, flags: u64, address: u64, lma: u64, size: u64) -> OutSection {
    OutSection { name: name.into(), kind, flags, address, lma, size }
}

fn symbol(name: &str, value: u64, size: u64, info: u8, section: Result<usize, u16>) -> OutSymbol {
    OutSymbol { name: name.into(), value, size, info, section }
}

const FUNCTION: u8 = 0x12;
const LOCAL_FUNCTION: u8 = 0x02;

/// Code, data and zeroed data of a small microcontroller.
fn small(format: Format) -> OutElf {
    let sections = vec![
        section(".text", PROGBITS, ALLOC | EXEC, 0x0800_0000, 0x0800_0000, 64),
        section(".data", PROGBITS, ALLOC | WRITE, 0x2000_0000, 0x0800_0040, 16),
        section(".bss", NOBITS, ALLOC | WRITE, 0x2000_0010, 0x0800_0050, 32),
    ];
    let symbols = vec![
        symbol("main", 0x0800_0001, 40, FUNCTION, Ok(0)),
        symbol("_ZN3foo3barEv", 0x0800_0029, 16, FUNCTION, Ok(0)),
    ];
    OutElf::new(format, sections, symbols)
}

fn regions() -> Vec<Region> {
    vec![Region::new("FLASH", 0x0800_0000, 4096), Region::new("RAM", 0x2000_0000, 4096)]
}

fn spans(elf: &Elf<'_>, regions: &[Region]) -> Vec<(String, u64, u64)> {
    let memory = Memory::measure(&Sources { elf: Some(elf), regions, ..Sources::default() }).unwrap();
    memory.regions.iter().map(|region| (region.region.name.clone(), region.span, region.bytes)).collect()
}

/// Lines of the tree: depth, name, value.
fn lines(elf: &Elf<'_>, regions: &[Region]) -> Vec<String> {
    let sources = Sources { elf: Some(elf), regions, ..Sources::default() };
    let tree = tree(&sources, &Memory::measure(&sources).unwrap());
    fn show(node: &lw_model::Node, depth: usize, out: &mut Vec<String>) {
        out.push(format!("{:1$}{2} {3}", "", depth, node.shown(), node.value));
        node.children.iter().for_each(|child| show(child, depth + 1, out));
    }
    let mut out = Vec::new();
    show(&tree.root, 0, &mut out);
    out
}

#[test]
fn all_four_formats() {
    for format in FORMATS {
        let bytes = small(format).bytes();
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!(elf.bits, if format.wide { 64 } else { 32 });
        assert_eq!(elf.little_endian, !format.big_endian);
        // Zeroed data lies after the content in the segments, but takes no flash.
        assert_eq!(spans(&elf, &regions()), [("FLASH".into(), 80, 80), ("RAM".into(), 48, 48)]);
        // The Thumb bit is no part of an address.
        assert_eq!(
            lines(&elf, &regions()),
            [
                "memory 128",
                " FLASH 80",
                "  .text 64",
                "   main 40",
                "   foo::bar() 16",
                "   (unnamed) 8",
                "  .data 16",
                "   (unnamed) 16",
                " RAM 48",
                "  .bss 32",
                "   (unnamed) 32",
                "  .data 16",
                "   (unnamed) 16",
            ]
        );
    }
}

#[test]
fn extended_section_numbers() {
    for format in FORMATS {
        let plain = small(format).bytes();
        let extended = OutElf { extended: true, ..small(format) }.bytes();
        let (plain, extended) = (Elf::parse(&plain).unwrap(), Elf::parse(&extended).unwrap());
        assert_eq!(plain.sections.len(), extended.sections.len());
        assert_eq!(plain.symbols().collect::<Vec<_>>(), extended.symbols().collect::<Vec<_>>());
        assert_eq!(lines(&plain, &regions()), lines(&extended, &regions()));
    }
}

#[test]
fn without_section_headers_the_segments_count() {
    for format in FORMATS {
        let bytes = OutElf { section_headers: false, ..small(format) }.bytes();
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!(spans(&elf, &regions()), [("FLASH".into(), 80, 80), ("RAM".into(), 48, 48)]);
        assert!(
            elf.warnings.iter().any(|warning| warning.contains("no section headers")),
            "{:?}",
            elf.warnings
        );
    }
}

#[test]
fn content_is_whatever_is_not_nobits() {
    let sections = vec![
        section(".text", PROGBITS, ALLOC | EXEC, 0x0800_0000, 0x0800_0000, 64),
        // Atmel's scripts make a section of relocations out of initialised data.
        section(".relocate", REL, ALLOC | WRITE, 0x2000_0000, 0x0800_0040, 88),
        // Without ALLOC it is no memory, whatever its type.
        section(".noload", PROGBITS, WRITE, 0, 0, 4),
        // Thread-local zeros are a template.
        section(".tbss", NOBITS, ALLOC | WRITE | TLS, 0x2000_0058, 0x2000_0058, 100),
    ];
    let bytes = OutElf::new(FORMATS[0], sections, Vec::new()).bytes();
    let elf = Elf::parse(&bytes).unwrap();
    assert_eq!(spans(&elf, &regions()), [("FLASH".into(), 152, 152), ("RAM".into(), 88, 88)]);
}

#[test]
fn overlays_count_once_where_they_run() {
    let sections = vec![
        section(".text", PROGBITS, ALLOC | EXEC, 0x0800_0000, 0x0800_0000, 64),
        section(".overlay1", PROGBITS, ALLOC | EXEC, 0x2000_0000, 0x0800_0040, 32),
        section(".overlay2", PROGBITS, ALLOC | EXEC, 0x2000_0000, 0x0800_0060, 48),
    ];
    let symbols = vec![
        symbol("one", 0x2000_0000, 32, FUNCTION, Ok(1)),
        symbol("two", 0x2000_0000, 48, FUNCTION, Ok(2)),
    ];
    let mut elf = OutElf::new(FORMATS[0], sections, symbols);
    elf.machine = 8;
    let bytes = elf.bytes();
    let elf = Elf::parse(&bytes).unwrap();
    assert_eq!(spans(&elf, &regions()), [("FLASH".into(), 144, 144), ("RAM".into(), 48, 48)]);
    let lines = lines(&elf, &regions());
    assert!(lines.ends_with(&[" RAM 48".into(), "  .overlay2 48".into(), "   two 48".into(),]), "{lines:#?}");
}

#[test]
fn of_several_names_the_global_one_counts() {
    let symbols = vec![
        symbol("a_local", 0x0800_0000, 16, LOCAL_FUNCTION, Ok(0)),
        symbol("z_global", 0x0800_0000, 16, FUNCTION, Ok(0)),
        symbol("label", 0x0800_0000, 16, 0x10, Ok(0)),
        // Twice the same name: both stay.
        symbol("counter", 0x0800_0010, 8, LOCAL_FUNCTION, Ok(0)),
        symbol("counter", 0x0800_0018, 8, LOCAL_FUNCTION, Ok(0)),
        // Inside another, past the end, undefined, a number.
        symbol("inner", 0x0800_0012, 2, FUNCTION, Ok(0)),
        symbol("long", 0x0800_0030, 1000, FUNCTION, Ok(0)),
        symbol("nowhere", 0x0800_0020, 8, FUNCTION, Err(0)),
        symbol("number", 0x0800_0020, 8, FUNCTION, Err(ABS)),
    ];
    let elf = OutElf { symbols, ..small(FORMATS[1]) };
    let bytes = elf.bytes();
    let lines = lines(&Elf::parse(&bytes).unwrap(), &regions());
    assert_eq!(
        lines[3..8],
        ["   (unnamed) 16", "   long 16", "   z_global 16", "   counter 8", "   counter 8"]
    );
}

#[test]
fn chips_are_found_by_addresses() {
    let chip = |machine: u16, places: &[(&str, u64)]| {
        let sections =
            places.iter().map(|(name, at)| section(name, PROGBITS, ALLOC | EXEC, *at, *at, 16)).collect();
        let elf = OutElf { machine, ..OutElf::new(FORMATS[0], sections, Vec::new()) };
        let bytes = elf.bytes();
        let elf = Elf::parse(&bytes).unwrap();
        let memory = Memory::measure(&Sources { elf: Some(&elf), ..Sources::default() }).unwrap();
        (memory.chip, memory.warnings.iter().any(|warning| warning.contains("name the chip")))
    };
    let iram = ".iram0.text";
    assert_eq!(chip(94, &[(iram, 0x4008_0000), (".flash.text", 0x400D_0020)]), (Some(Chip::Esp32), false));
    assert_eq!(chip(94, &[(iram, 0x4002_4000), (".flash.text", 0x4008_0020)]), (Some(Chip::Esp32S2), false));
    assert_eq!(chip(94, &[(iram, 0x4037_4000), (".flash.text", 0x4200_0020)]), (Some(Chip::Esp32S3), false));
    assert_eq!(
        chip(94, &[(".text", 0x4010_0000), (".irom0.text", 0x4020_1010)]),
        (Some(Chip::Esp8266), false)
    );
    let unified = [(iram, 0x4038_0000), (".flash.text", 0x4200_0020)];
    assert_eq!(
        chip(243, &[&unified[..], &[(".dram0.data", 0x3FC8_0000)]].concat()),
        (Some(Chip::Esp32C3), false)
    );
    assert_eq!(
        chip(243, &[&unified[..], &[(".dram0.data", 0x3FCA_0000)]].concat()),
        (Some(Chip::Esp32C2), false)
    );
    assert_eq!(chip(243, &[(iram, 0x4FF0_0000), (".flash.text", 0x4000_0020)]), (Some(Chip::Esp32P4), false));
    // Code and constants at one address, RAM on one bus: C5, C6 and H2 look alike.
    let alike = [(iram, 0x4080_0000), (".flash.text", 0x4200_0020)];
    assert!(chip(243, &alike).1);
    assert_eq!(
        chip(243, &[&alike[..], &[(".rtc_reserved", 0x5000_0FE8)]].concat()),
        (Some(Chip::Esp32H2), true),
        "an H21 is the same"
    );
    // A RISC-V that is no Espressif chip, and an ARM at the same addresses.
    assert_eq!(chip(243, &[(".text", 0x2000_0000), (".data", 0x8000_0000)]).0, None);
    assert_eq!(chip(40, &alike).0, None);
}

/// Zephyr uses more of the ESP32's RAM than ESP-IDF's linker script: counted, and said.
#[test]
fn default_regions_grow_to_what_a_build_uses() {
    let sections = vec![
        section(".iram0.text", PROGBITS, ALLOC | EXEC, 0x4008_0000, 0x4008_0000, 16),
        section(".flash.text", PROGBITS, ALLOC | EXEC, 0x400D_0020, 0x400D_0020, 16),
        section(".dram0.bss", NOBITS, ALLOC | WRITE, 0x3FFB_0000, 0x3FFB_0000, 64),
        section(".dram0.more", NOBITS, ALLOC | WRITE, 0x3FFE_5000, 0x3FFE_5000, 64),
    ];
    let bytes = OutElf { machine: 94, ..OutElf::new(FORMATS[0], sections, Vec::new()) }.bytes();
    let elf = Elf::parse(&bytes).unwrap();
    let memory = Memory::measure(&Sources { elf: Some(&elf), ..Sources::default() }).unwrap();
    let ram = memory.regions.iter().find(|used| used.region.name == "dram0_0_seg").unwrap();
    assert_eq!((ram.span, ram.bytes, ram.overflow()), (0x3_5040, 128, 0));
    assert_eq!(ram.region.end(), 0x4000_0000, "the end of the chip's RAM");
    assert!(memory.warnings.iter().any(|warning| warning.contains("dram0_0_seg")), "{:?}", memory.warnings);
}

#[test]
fn the_users_chip_wins_but_must_have_the_machine() {
    let sections = vec![
        section(".iram0.text", PROGBITS, ALLOC | EXEC, 0x4080_0000, 0x4080_0000, 16),
        section(".flash.text", PROGBITS, ALLOC | EXEC, 0x4200_0020, 0x4200_0020, 16),
        section(".flash.rodata", PROGBITS, ALLOC | WRITE, 0x4201_0020, 0x4201_0020, 32),
    ];
    let symbols = vec![symbol("IDF_TARGET_ESP32C6", 0, 0, 0x10, Err(ABS))];
    let elf = OutElf { machine: 243, ..OutElf::new(FORMATS[0], sections, symbols) };
    let bytes = elf.bytes();
    let elf = Elf::parse(&bytes).unwrap();
    let measure = |chip| Memory::measure(&Sources { elf: Some(&elf), chip, ..Sources::default() });
    let found = measure(None).unwrap();
    assert_eq!((found.chip, found.warnings.len()), (Some(Chip::Esp32C6), 0));
    // Both flash regions start at one address; what runs is in the one, what is read in the other.
    let used = |name: &str| found.regions.iter().find(|used| used.region.name == name).unwrap().bytes;
    assert_eq!((used("irom_seg"), used("drom_seg"), used("sram_seg")), (16, 32, 16));

    let forced = measure(Some(Chip::Esp32H2)).unwrap();
    assert_eq!(forced.chip, Some(Chip::Esp32H2));
    assert!(forced.warnings[0].contains("esp32c6"), "{:?}", forced.warnings);
    let wrong = measure(Some(Chip::Esp32)).unwrap_err();
    assert!(matches!(wrong, MemoryError::Machine { chip: Chip::Esp32, expected: 94, found: 243 }), "{wrong}");
}

#[test]
fn what_is_no_firmware_is_said() {
    let error = |bytes: &[u8]| Elf::parse(bytes).unwrap_err();
    for (bytes, expected) in [
        (&b""[..], "an empty file"),
        (b"\xE9\x06\x02\x20", "an Espressif app image (.bin)"),
        (b":100000000C9434000C9446000C9446000C944600A8\n", "an Intel HEX file"),
        (b"S01100006669726D77617265\n", "a Motorola S-record file"),
        (b"!<arch>\nlib", "a static library (.a)"),
        (b"UF2\n\x57\x51\x5D\x9E", "a UF2 file"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer: the file itself is not checked out",
        ),
        (b"hello", "a text file"),
        (b"\x01\x02\x03\x04\x05", "binary data that starts with 01 02 03 04"),
        (b"\0\0\0\0", "only zero bytes"),
    ] {
        assert_eq!(error(bytes).to_string(), format!("offset 0: expected an ELF file, found {expected}"));
        assert!(error(bytes).hint().is_some());
    }
    let edit = |place: usize, byte: u8| {
        let mut bytes = small(FORMATS[0]).bytes();
        bytes[place] = byte;
        Elf::parse(&bytes).map(|_| ()).unwrap_err()
    };
    assert!(matches!(edit(4, 3), ElfError::Field { offset: 4, field: "EI_CLASS", value: 3, .. }));
    assert!(matches!(edit(5, 0), ElfError::Field { offset: 5, field: "EI_DATA", .. }));
    assert_eq!(edit(0x10, 1), ElfError::Relocatable);
    assert_eq!(edit(0x10, 4), ElfError::Core);
    assert!(matches!(edit(0x2E, 41), ElfError::Field { offset: 0x2E, field: "e_shentsize", value: 41, .. }));
    assert!(
        matches!(edit(0x31, 0xFF), ElfError::Truncated { .. }),
        "more section headers than the file holds"
    );
    assert!(edit(0x23, 0x7F).to_string().contains("the section header table needs"));
}

#[test]
fn a_section_that_cannot_be_is_named() {
    let mut elf = small(FORMATS[2]);
    elf.sections[2].size = 1 << 60;
    let error = Elf::parse(&elf.bytes()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("`.bss`: claims 1152921504606846976 bytes"), "{error}");
    let mut elf = small(FORMATS[2]);
    elf.sections[2].address = u64::MAX - 8;
    let error = Elf::parse(&elf.bytes()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("pass the end of memory"), "{error}");
}

#[test]
fn regions_of_one_name_are_refused() {
    let bytes = small(FORMATS[0]).bytes();
    let elf = Elf::parse(&bytes).unwrap();
    let regions = [Region::new("A", 0, 1), Region::new("A", 1, 1)];
    let error =
        Memory::measure(&Sources { elf: Some(&elf), regions: &regions, ..Sources::default() }).unwrap_err();
    assert_eq!(error, MemoryError::DuplicateRegion("A".into()));
    let nothing = Memory::measure(&Sources::default()).unwrap_err();
    assert_eq!(nothing, MemoryError::NoInput);
}
