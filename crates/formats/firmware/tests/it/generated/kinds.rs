//! What a region is, which region a section is in, what only fills: shown by what lies there.

use lw_firmware::memory::{MemoryError, Unplaced};
use lw_firmware::script::Script;
use lw_firmware::{Chip, Elf, Map, Memory, RegionClass, RegionKind, Sources};
use proptest::prelude::*;

use super::layout::Layout;
use super::model::firmware;
use super::writer::{FORMATS, OutElf, OutSymbol};

/// Names that say something else than what the regions are.
const MISLEADING: [&str; 20] = [
    "BLOCK_RAM",
    "m_ncache",
    "BOOT_RAM",
    "SRAM_BOOT_SHARED",
    "PROGRAM_RAM",
    "DATA_ROM_SHADOW_RAM",
    "RAM_NOCACHE",
    "FLASH",
    "RAM",
    "eeprom",
    "fuses",
    "BKPSRAM",
    "rtc_data",
    "PSRAM",
    "sdram",
    "lp_ram",
    "ITCM",
    "iram0",
    "otp",
    "x",
];

/// The figures from map, ELF and both, which must be the same.
fn measure(layout: &Layout, chip: Option<Chip>) -> Memory {
    let (elf, map) = (layout.elf(), layout.map());
    let elf = Elf::parse(&elf).unwrap();
    let map = Map::parse(map.as_bytes()).unwrap();
    let of_map = Sources { map: Some(&map), chip, ..Sources::default() };
    let all = [
        of_map,
        Sources { elf: Some(&elf), ..of_map },
        Sources { elf: Some(&elf), regions: &map.regions, chip, ..Sources::default() },
    ]
    .map(|sources| Memory::measure(&sources).unwrap());
    for other in &all[1..] {
        assert_eq!(figures(&all[0]), figures(other), "{layout:#?}");
    }
    let [memory, ..] = all;
    memory
}

/// Class, span and bytes of the regions; image, RAM span and RAM bytes; size of the RAM.
type Figures = (Vec<(RegionClass, u64, u64)>, [u64; 3], Option<u64>);

fn figures(memory: &Memory) -> Figures {
    let regions = memory.regions.iter().map(|used| (used.class, used.span, used.bytes)).collect();
    (regions, [memory.image_bytes, memory.ram_span, memory.ram_bytes], memory.ram_size)
}

fn classes(memory: &Memory) -> Vec<RegionClass> {
    memory.regions.iter().map(|used| used.class).collect()
}

/// A firmware with most kinds of memory an ARM microcontroller has.
fn microcontroller() -> Layout {
    Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .region("CCM", 0x1000_0000, 0x1000, "rw")
        .region("ITCM", 0, 0x1000, "xrw")
        .region("BACKUP", 0x4002_4000, 0x1000, "rw")
        .region("SDRAM", 0xC000_0000, 0x80_0000, "rw")
        .region("QSPI", 0x9000_0000, 0x80_0000, "xr")
        .code(".text", 0x0800_0000, 1000)
        .data(".data", 0x2000_0000, 0x0800_0400, 100)
        .zeroed(".bss", 0x2000_0064, 5000)
        .zeroed(".ccmbss", 0x1000_0000, 300)
        .copied_code(".itcm_text", 0, 0x0800_0480, 64)
        .zeroed(".backup_bss", 0x4002_4000, 16)
        .zeroed(".sdram_bss", 0xC000_0000, 4096)
        .code(".ext_text", 0x9000_0000, 2000)
}

#[test]
fn what_lies_in_a_region_tells_its_kind() {
    use RegionClass::{Flash, Psram, Ram, Rtc};
    let memory = measure(&microcontroller(), None);
    assert_eq!(classes(&memory), [Flash, Ram, Ram, Ram, Rtc, Psram, Flash]);
    // Code in ITCM is no data; what is retained or external is not counted.
    assert_eq!((memory.ram_span, memory.ram_bytes), (5400, 5400));
    assert_eq!(memory.ram_size, Some(0x5000));
    assert_eq!(memory.image_bytes, 1000 + 100 + 64 + 2000);
    let why = |index: usize| memory.regions[index].why.as_str();
    assert_eq!(why(0), "`.data` is loaded from it");
    assert_eq!(why(1), "`.data` is copied into it at start");
    assert_eq!(why(2), "`.ccmbss` is zeroed in it at start");
}

#[test]
fn a_region_is_what_it_is_under_any_name() {
    let expected = figures(&measure(&microcontroller(), None));
    for shift in 0..MISLEADING.len() {
        let renamed =
            microcontroller().renamed(|index| MISLEADING[(index * 3 + shift) % MISLEADING.len()].into());
        assert_eq!(figures(&measure(&renamed, None)), expected, "{shift}");
    }
}

#[test]
fn the_memory_of_a_chip_is_known_by_its_address() {
    let build = || {
        Layout { machine: 94, ..Layout::default() }
            .region("iram0_0_seg", 0x4037_4000, 0x5_7700, "xr")
            .region("iram0_2_seg", 0x4200_0020, 0x7F_FFE0, "xr")
            .region("dram0_0_seg", 0x3FC8_8000, 0x5_3700, "rw")
            .region("drom0_0_seg", 0x3C00_0020, 0x1FF_FFE0, "r")
            .region("extern_ram_seg", 0x3C00_0020, 0x1FF_FFE0, "xrw")
            .code(".iram0.text", 0x4037_4000, 0x100)
            .data(".dram0.data", 0x3FC8_8000, 0x3FC8_8000, 256)
            .zeroed(".dram0.bss", 0x3FC8_8100, 1000)
            .code(".flash.text", 0x4200_0020, 500)
            .data(".flash.rodata", 0x3C00_0020, 0x3C00_0020, 100)
            .zeroed(".ext_ram.bss", 0x3C00_0084, 40)
    };
    let expected = figures(&measure(&build(), Some(Chip::Esp32S3)));
    assert_eq!(expected.1, [256 + 256 + 500 + 100, 256 + 256 + 1000, 256 + 256 + 1000]);
    for shift in 0..MISLEADING.len() {
        let renamed = build().renamed(|index| MISLEADING[(index + shift) % MISLEADING.len()].into());
        assert_eq!(figures(&measure(&renamed, Some(Chip::Esp32S3))), expected, "{shift}");
    }
}

#[test]
fn initialised_variables_that_nothing_copies_are_in_memory_that_keeps_them() {
    let fram = |attributes: &str| {
        Layout { machine: 105, ..Layout::default() }
            .region("ROM", 0x4400, 0xBB80, "xr")
            .region("FRAM", 0x1C00, 0x1000, attributes)
            .region("RAM", 0x2C00, 0x1000, "xw")
            .code(".text", 0x4400, 500)
            .data(".persistent", 0x1C00, 0x1C00, 20)
            .data(".data", 0x2C00, 0x45F4, 40)
            .zeroed(".bss", 0x2C28, 300)
    };
    let memory = measure(&fram("xrw"), None);
    assert_eq!(classes(&memory), [RegionClass::Flash, RegionClass::Flash, RegionClass::Ram]);
    assert_eq!((memory.image_bytes, memory.ram_bytes), (560, 340));
    // At an address where the machine has RAM, they are in RAM.
    let shared = Layout::arm()
        .region("A", 0x0800_0000, 0x1000, "xr")
        .region("B", 0x3001_0000, 0x4000, "xrw")
        .region("C", 0x2000_0000, 0x4000, "xrw")
        .code(".text", 0x0800_0000, 64)
        .data(".shared_data", 0x3001_0000, 0x3001_0000, 300)
        .data(".data", 0x2000_0000, 0x0800_0040, 16);
    let (elf, map) = (shared.elf(), shared.map());
    let (elf, map) = (Elf::parse(&elf).unwrap(), Map::parse(map.as_bytes()).unwrap());
    let of_map = Sources { map: Some(&map), ..Sources::default() };
    let of_elf = Memory::measure(&Sources { elf: Some(&elf), ..of_map }).unwrap();
    assert_eq!((of_elf.ram_bytes, of_elf.image_bytes), (316, 380));
    assert!(of_elf.unsure_content.is_empty());
    // The map alone does not tell them from what a debugger reads there: it says so.
    let of_map = Memory::measure(&of_map).unwrap();
    assert_eq!((of_map.ram_bytes, of_map.image_bytes), (316, 80));
    let unsure: Vec<_> =
        of_map.unsure_content.iter().map(|section| (section.section.as_str(), section.size)).collect();
    assert_eq!(unsure, [(".shared_data", 300)]);
}

/// What a map of GNU ld tells of content besides names: where the next section is loaded from, and where it begins.
#[test]
fn the_next_section_tells_what_a_section_is() {
    const HEAD: &str = "Memory Configuration\n\nName Origin Length Attributes\n\
        FLASH 0x08000000 0x00010000 xr\nRAM 0x20000000 0x00004000 xrw\n*default* 0x00000000 0xffffffff\n\n\
        Linker script and memory map\n\n\
        .text 0x08000000 0x1f4\n .text 0x08000000 0x1f4 a.o\n\
        .data 0x20000000 0x28 load address 0x080001f4\n .data 0x20000000 0x28 a.o\n";
    /// Flash, RAM and image of a map that goes on with these sections; and how many of them are unsure.
    fn figures(sections: &[&str]) -> ([u64; 3], usize) {
        let mut text = HEAD.to_owned();
        for section in sections {
            let mut words = section.splitn(4, ' ');
            let [name, address, size] = std::array::from_fn(|_| words.next().unwrap());
            let rest = words.next().unwrap_or_default();
            let load = rest.strip_prefix("at ").map(|at| format!(" load address {at}")).unwrap_or_default();
            text.push_str(&format!("{name} {address} {size}{load}\n {name} {address} {size} a.o\n"));
        }
        text.push_str("OUTPUT(a.elf elf32-littlearm)\n");
        let map = Map::parse(text.as_bytes()).unwrap();
        let memory = Memory::measure(&Sources { map: Some(&map), ..Sources::default() }).unwrap();
        let [flash, ram] = [0, 1].map(|index| memory.regions[index].bytes);
        ([flash, ram, memory.image_bytes], memory.unsure_content.len())
    }
    assert_eq!(figures(&[]), ([540, 40, 540], 0));
    // What is loaded from where the one before would be: the one before has no content, whatever its name.
    assert_eq!(
        figures(&[".data_log 0x20000028 0x80 at 0x0800021c", ".more 0x200000a8 0x20 at 0x0800021c"]),
        ([540, 200, 540], 1)
    );
    // What is loaded from after the one before: that has content, although it is called `bss`.
    assert_eq!(
        figures(&[".my_bss 0x20000028 0x80 at 0x0800021c", ".data.x 0x200000a8 0x20 at 0x0800029c"]),
        ([700, 200, 700], 0)
    );
    // Nothing follows: the names say, and where these say nothing it counts.
    assert_eq!(figures(&[".bss 0x20000028 0x80 at 0x0800021c"]), ([540, 168, 540], 0));
    assert_eq!(figures(&[".more 0x20000028 0x80 at 0x0800021c"]), ([668, 168, 668], 0));
    // A heap and a stack that the next section begins in are (COPY).
    assert_eq!(
        figures(&[
            ".heap 0x20000028 0x200 at 0x0800021c",
            ".stack_dummy 0x20000028 0x400 at 0x0800021c",
            ".bss 0x20000028 0x80 at 0x0800021c"
        ]),
        ([540, 168, 540], 0)
    );
    // Those that nothing follows count, and so does a heap that moves the next section.
    assert_eq!(
        figures(&[".bss 0x20000028 0x80 at 0x0800021c", ".heap 0x200000a8 0x200 at 0x0800021c"]),
        ([540, 680, 540], 1)
    );
    assert_eq!(
        figures(&[".heap 0x20000028 0x200 at 0x0800021c", ".noinit 0x20000228 0x80 at 0x0800021c"]),
        ([540, 680, 540], 0)
    );
}

#[test]
fn a_program_for_ram_uses_ram() {
    for zeroed in [0, 500] {
        let mut layout =
            Layout::arm().code(".text", 0x2000_0000, 6000).data(".data", 0x2000_1770, 0x2000_1770, 200);
        if zeroed > 0 {
            layout = layout.zeroed(".bss", 0x2000_1838, zeroed);
        }
        let bytes = layout.elf();
        let elf = Elf::parse(&bytes).unwrap();
        // The ELF alone: the regions are made up.
        let memory = Memory::measure(&Sources { elf: Some(&elf), ..Sources::default() }).unwrap();
        assert_eq!((memory.ram_bytes, memory.image_bytes), (6200 + zeroed, 6200), "{zeroed}");
        let layout = layout.region("FLASH", 0x2000_0000, 0x8000, "xrw");
        assert_eq!(measure(&layout, None).ram_bytes, 6200 + zeroed);
    }
    // A machine whose memory map says nothing.
    let layout = Layout { machine: 243, ..Layout::default() }.code(".text", 0x8000_0000, 6000).data(
        ".data",
        0x8000_1770,
        0x8000_1770,
        200,
    );
    let bytes = layout.elf();
    let elf = Elf::parse(&bytes).unwrap();
    let memory = Memory::measure(&Sources { elf: Some(&elf), ..Sources::default() }).unwrap();
    assert_eq!(memory.ram_bytes, 6200);
}

#[test]
fn the_user_has_the_last_word_and_a_contradiction_is_told() {
    let layout = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1000, "xr")
        .region("RAM", 0x2000_0000, 0x1000, "xrw")
        .code(".text", 0x0800_0000, 64)
        .data(".data", 0x2000_0000, 0x0800_0040, 16);
    let map = layout.map();
    let map = Map::parse(map.as_bytes()).unwrap();
    let kinds: Vec<RegionKind> = vec!["RAM=flash".parse().unwrap()];
    let memory = Memory::measure(&Sources { map: Some(&map), kinds: &kinds, ..Sources::default() }).unwrap();
    assert_eq!((memory.ram_span, memory.regions[1].why.as_str()), (0, "as --region-kind says"));
    assert_eq!(memory.writable_outside_ram.as_deref(), Some(".data"));
    for (text, message) in [
        ("RAM", "`RAM` is not of the form NAME=KIND"),
        ("=ram", "`=ram` is not of the form NAME=KIND"),
        ("RAM=dram", "the kind of region `RAM`: `dram` is not a kind of memory"),
    ] {
        assert_eq!(text.parse::<RegionKind>().unwrap_err().to_string(), message);
    }
}

#[test]
fn zeros_that_a_script_reserves_are_no_content() {
    // The writer fills sections with 0xA5: of this ELF the last one is made zero.
    let layout = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1000, "xr")
        .region("RAM", 0x2000_0000, 0x1000, "xrw")
        .code(".text", 0x0800_0000, 64)
        .zeroed(".bss", 0x2000_0000, 16)
        .data("._stack", 0x2000_0010, 0x2000_0010, 512);
    let mut bytes = layout.elf();
    let at = bytes.windows(512).position(|window| window.iter().all(|byte| *byte == 0xA5)).unwrap();
    let end = at + bytes[at..].iter().take_while(|byte| **byte == 0xA5).count();
    let measured = |bytes: &[u8]| {
        let map = layout.map();
        let map = Map::parse(map.as_bytes()).unwrap();
        let elf = Elf::parse(bytes).unwrap();
        let memory =
            Memory::measure(&Sources { elf: Some(&elf), regions: &map.regions, ..Sources::default() });
        let memory = memory.unwrap();
        (memory.image_bytes, memory.ram_bytes)
    };
    assert_eq!(measured(&bytes), (64 + 512, 528), "what is initialised is loaded");
    bytes[end - 512..end].fill(0);
    assert_eq!(measured(&bytes), (64, 528));
}

#[test]
fn data_in_external_memory_only_is_ram() {
    let layout = Layout::arm()
        .region("FLASH", 0x6000_0000, 0x1_0000, "xr")
        .region("SDRAM", 0x8000_0000, 0x1_0000, "xrw")
        .code(".text", 0x6000_0000, 64)
        .data(".data", 0x8000_0000, 0x6000_0040, 16)
        .zeroed(".bss", 0x8000_0010, 100);
    assert_eq!(measure(&layout, None).ram_bytes, 116);
}

#[test]
fn what_lies_in_no_region_is_told_with_its_nearest_and_counted_as_ram() {
    let layout = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .code(".text", 0x0800_0000, 64)
        .data(".data", 0x2000_0000, 0x0800_0040, 4)
        .zeroed(".big", 0x2400_0000, 12_000);
    let memory = measure(&layout, None);
    let Unplaced { section, size, ram, nearest, .. } = &memory.unplaced[0];
    assert_eq!((section.as_str(), *size, *ram, nearest.as_deref()), (".big", 12_000, true, Some("RAM")));
    assert_eq!((memory.ram_span, memory.ram_bytes), (12_004, 12_004));
}

#[test]
fn a_chips_default_region_starts_where_a_build_starts() {
    let layout = Layout { machine: 94, ..Layout::default() }
        .code(".iram0.text", 0x4002_2000, 16)
        .code(".flash.text", 0x4008_0020, 16)
        .zeroed(".bss", 0x3FFB_2EB0, 4000);
    let bytes = layout.elf();
    let elf = Elf::parse(&bytes).unwrap();
    let sources = Sources { elf: Some(&elf), chip: Some(Chip::Esp32S2), ..Sources::default() };
    let memory = Memory::measure(&sources).unwrap();
    assert!(memory.unplaced.is_empty(), "{:?}", memory.unplaced);
    assert_eq!(memory.ram_bytes, 4016);
}

/// Used bytes of the regions in their order, from map and ELF alike.
fn spans(layout: &Layout) -> Vec<u64> {
    measure(layout, None).regions.iter().map(|used| used.span).collect()
}

#[test]
fn regions_that_overlap_are_used_as_the_linker_fills_them() {
    // What --print-memory-usage says of RAM, RAM_DMA and ALLRAM.
    let overlapping = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .region("RAM_DMA", 0x2000_3000, 0x1000, "xrw")
        .region("ALLRAM", 0x2000_0000, 0x5000, "rw")
        .code(".text", 0x0800_0000, 20)
        .data(".data", 0x2000_0000, 0x0800_0014, 4)
        .zeroed(".dma", 0x2000_3000, 256)
        .zeroed(".bss", 0x2000_0004, 12_000);
    assert_eq!(spans(&overlapping), [24, 12_004, 256, 0]);
    // A small region that begins where the large one does is passed by what does not fit into it.
    let nested = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("BOOT_RAM", 0x2000_0000, 0x400, "xrw")
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .code(".text", 0x0800_0000, 20)
        .data(".data", 0x2000_0000, 0x0800_0014, 100)
        .zeroed(".bss", 0x2000_0064, 10_000);
    assert_eq!(spans(&nested), [120, 0, 10_100]);
    // And one inside it that starts further up.
    let inner = Layout::arm()
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .region("TAIL", 0x2000_2000, 0x400, "xrw")
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .code(".text", 0x0800_0000, 20)
        .data(".data", 0x2000_0000, 0x0800_0014, 0x1FFC)
        .zeroed(".bss", 0x2000_1FFC, 0x1000);
    assert_eq!(spans(&inner), [0x2FFC, 0, 0x2010]);
}

#[test]
fn the_script_says_which_region_a_section_is_in() {
    let layout = Layout::arm()
        .code(".text", 0x0800_0000, 20)
        .data(".data", 0x2000_0000, 0x0800_0014, 4)
        .zeroed(".bss", 0x2000_0004, 100);
    let script = "MEMORY { FLASH : ORIGIN = 0x08000000, LENGTH = 64K RAM : ORIGIN = 0x20000000, LENGTH = 16K
        ALL : ORIGIN = 0x20000000, LENGTH = 20K } REGION_ALIAS(\"D\", ALL)
        SECTIONS { .text : { *(.text) } > FLASH .data : { *(.data) } > D AT> FLASH .bss : { *(.bss) } > ALL }";
    let script = Script::parse(script, &mut |_| Ok(None), &|_| None).unwrap();
    let (elf, map) = (layout.elf(), layout.map());
    let elf = Elf::parse(&elf).unwrap();
    let map = Map::parse(map.as_bytes()).unwrap();
    for (elf, map) in [(Some(&elf), None), (None, Some(&map)), (Some(&elf), Some(&map))] {
        let sources =
            Sources { elf, map, regions: &script.regions, script: Some(&script), ..Sources::default() };
        let memory = Memory::measure(&sources).unwrap();
        let spans: Vec<u64> = memory.regions.iter().map(|used| used.span).collect();
        assert_eq!(spans, [24, 0, 104]);
        assert_eq!(memory.ram_size, Some(0x5000), "what two regions cover counts once");
    }
}

#[test]
fn sections_without_memory_are_told_by_the_script() {
    let layout = Layout::arm()
        .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
        .region("RAM", 0x2000_0000, 0x4000, "xrw")
        .code(".text", 0x0800_0000, 20)
        .zeroed(".bss", 0x2000_0000, 100)
        .reserved(".heap", 0x2000_0064, 2048, "(. + 0x800)");
    let map = layout.map();
    let map = Map::parse(map.as_bytes()).unwrap();
    let alone = Memory::measure(&Sources { map: Some(&map), ..Sources::default() }).unwrap();
    assert_eq!(alone.ram_bytes, 2148);
    assert!(alone.warnings[0].contains("(NOLOAD) from (COPY): `.heap`"), "{:?}", alone.warnings);
    for (kind, bytes) in [("COPY", 100), ("NOLOAD", 2148)] {
        let text = format!(
            "MEMORY {{ FLASH : ORIGIN = 0x08000000, LENGTH = 64K RAM : ORIGIN = 0x20000000, LENGTH = 16K }}
             SECTIONS {{ .text : {{ }} > FLASH .bss : {{ }} > RAM .heap ({kind}) : {{ . = . + 0x800; }} > RAM }}"
        );
        let script = Script::parse(&text, &mut |_| Ok(None), &|_| None).unwrap();
        let sources = Sources {
            map: Some(&map),
            regions: &script.regions,
            script: Some(&script),
            ..Sources::default()
        };
        let memory = Memory::measure(&sources).unwrap();
        assert_eq!((memory.ram_bytes, memory.warnings.len()), (bytes, 0), "{kind}");
    }
}

#[test]
fn what_fills_a_region_on_purpose_is_not_used() {
    let build = |size: u64, expression: &str| {
        Layout::arm()
            .region("FLASH", 0x0800_0000, 0x1_0000, "xr")
            .region("RAM", 0x2000_0000, 0x4000, "xrw")
            .code(".text", 0x0800_0000, 20)
            .data(".data", 0x2000_0000, 0x0800_0014, 40)
            .zeroed(".bss", 0x2000_0028, 1000)
            .reserved(".heap", 0x2000_0410, size, expression)
    };
    let ram = |layout: &Layout, fillers: &[String]| {
        let map = layout.map();
        let map = Map::parse(map.as_bytes()).unwrap();
        let memory = Memory::measure(&Sources { map: Some(&map), fillers, ..Sources::default() }).unwrap();
        let used = &memory.regions[1];
        (used.span, used.bytes, used.free().unwrap(), memory.ram_span)
    };
    let to_the_end = "((ORIGIN (RAM) + LENGTH (RAM)) - .)";
    assert_eq!(ram(&build(0x3BF0, to_the_end), &[]), (0x4000, 1040, 0x4000 - 1040, 1040));
    // One that ends elsewhere has a size of its own, and so has one whose size no region's length gives.
    assert_eq!(ram(&build(0x3000, to_the_end), &[]).1, 1040 + 0x3000);
    assert_eq!(ram(&build(0x3BF0, "(. + 0x3bf0)"), &[]).1, 1040 + 0x3BF0);
    assert_eq!(ram(&build(0x3BF0, "(. + 0x3bf0)"), &[".he*".into()]), (0x4000, 1040, 0x4000 - 1040, 1040));
    // What an object puts in is used, whatever the script makes of the rest.
    let mixed = build(0x3BF0, to_the_end);
    let map = mixed.map().replace(" *fill*         0x20000410", " .bss.big       0x20000410");
    let map = Map::parse(map.as_bytes()).unwrap();
    let memory = Memory::measure(&Sources { map: Some(&map), ..Sources::default() }).unwrap();
    assert_eq!(memory.regions[1].bytes, 0x4000);
    // What does not fit is no filler's fault.
    let over = ram(&build(0x4000, to_the_end), &[]);
    assert_eq!((over.0, over.2), (0x4410, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever regions are called, the figures are the same, from map and ELF alike.
    #[test]
    fn renaming_regions_changes_no_figure(firmware in firmware(), first in 0usize..20, second in 1usize..20) {
        let elf = firmware.elf(FORMATS[0]).bytes();
        let elf = Elf::parse(&elf).unwrap();
        let map = firmware.map();
        let names = [MISLEADING[first], MISLEADING[(first + second) % MISLEADING.len()]];
        let renamed = map
            .replace("\nFLASH ", "\n(first) ")
            .replace("\nRAM ", &format!("\n{} ", names[1]))
            .replace("\n(first) ", &format!("\n{} ", names[0]));
        let (map, renamed) = (Map::parse(map.as_bytes()).unwrap(), Map::parse(renamed.as_bytes()).unwrap());
        let of = |sources: &Sources<'_>| figures(&Memory::measure(sources).unwrap());
        let expected = of(&Sources { map: Some(&map), ..Sources::default() });
        prop_assert_eq!(&of(&Sources { map: Some(&renamed), ..Sources::default() }), &expected);
        let both = Sources { elf: Some(&elf), map: Some(&renamed), ..Sources::default() };
        prop_assert_eq!(&of(&both), &expected);
        let alone = Sources { elf: Some(&elf), regions: &renamed.regions, ..Sources::default() };
        prop_assert_eq!(&of(&alone), &expected);
    }
}

#[test]
fn a_stack_with_a_variable_in_it_is_no_filler() {
    let layout = Layout { machine: 243, ..Layout::default() }
        .code(".text", 0x4200_0020, 500)
        .code(".rwtext", 0x4038_0000, 64)
        .zeroed(".bss", 0x3FC8_1000, 300)
        .zeroed(".stack", 0x3FC8_112C, 40_000);
    let ram = |symbols: Vec<OutSymbol>| {
        let elf = OutElf { machine: 243, ..OutElf::new(FORMATS[0], layout.sections.clone(), symbols) };
        let elf = elf.bytes();
        let elf = Elf::parse(&elf).unwrap();
        let sources = Sources { elf: Some(&elf), chip: Some(Chip::Esp32C3), ..Sources::default() };
        Memory::measure(&sources).unwrap().ram_bytes
    };
    let symbol =
        |size| OutSymbol { name: "buffer".into(), value: 0x3FC8_112C, size, info: 0x11, section: Ok(3) };
    assert_eq!(ram(Vec::new()), 364);
    // The marks of a linker script have no size.
    assert_eq!(ram(vec![symbol(0)]), 364);
    assert_eq!(ram(vec![symbol(30_000)]), 40_364);
}

#[test]
fn a_map_or_an_elf_without_anything_in_memory_is_refused() {
    let nothing = Layout::arm().region("RAM", 0x2000_0000, 0x2000, "xrw").map();
    let map = Map::parse(nothing.as_bytes()).unwrap();
    let error = Memory::measure(&Sources { map: Some(&map), ..Sources::default() }).unwrap_err();
    assert_eq!(error, MemoryError::Nothing);
}
