//! The two lines PlatformIO prints after a build, drop-in.
//!
//! Format: platformio-core 6.1.18 `builder/tools/pioupload.py`, `CheckUploadSize`. What counts: the section names each
//! platform configures (`SIZEPROGREGEXP`, `SIZEDATAREGEXP` in `builder/main.py` of espressif32, espressif8266,
//! ststm32 and its siblings, atmelavr), and the columns of `size -B` where a platform configures none.
//!
//! The numbers are PlatformIO's own, with its blind spots (headers, padding and half of the sections are left out), so
//! that a script which reads them keeps working. The gate itself never uses them.

use lw_firmware::partitions::Table;
use lw_firmware::{Chip, Elf, Memory, RegionClass};

/// A section as `size` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SectionInfo<'a> {
    /// Name.
    pub(crate) name: &'a str,
    /// Bytes in memory.
    pub(crate) size: u64,
    /// Takes memory at run time.
    pub(crate) alloc: bool,
    /// May be written.
    pub(crate) write: bool,
    /// Holds instructions.
    pub(crate) exec: bool,
    /// Has no content in the file.
    pub(crate) nobits: bool,
    /// Runs in flash, or in ferroelectric RAM that keeps its content.
    pub(crate) in_flash: bool,
}

/// Which sections a platform counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// platform-espressif32.
    Esp32,
    /// platform-espressif8266.
    Esp8266,
    /// The platforms of ARM microcontrollers.
    Arm,
    /// platform-atmelavr.
    Avr,
    /// Any other: flash is text + data, RAM is data + bss of `size -B`.
    Berkeley,
}

/// Bytes that PlatformIO counts, and what it holds them to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) flash: u64,
    pub(crate) ram: u64,
}

/// `e_machine` of ARM.
const EM_ARM: u16 = 40;
/// `e_machine` of AVR.
const EM_AVR: u16 = 83;
/// `upload.maximum_ram_size` of every ESP32 board.
const ESP32_RAM: u64 = 327_680;
/// `upload.maximum_size` of an ESP32 board with 4 MB and no partition table of the project.
const ESP32_FLASH: u64 = 1_310_720;
/// `upload.maximum_ram_size` of every ESP8266 board.
const ESP8266_RAM: u64 = 81_920;
/// `upload.maximum_size` of most ESP8266 boards.
const ESP8266_FLASH: u64 = 1_044_464;

impl Rule {
    fn of(memory: &Memory, elf: Option<&Elf<'_>>) -> Self {
        match (memory.chip, elf.map(|elf| elf.machine)) {
            (Some(Chip::Esp8266), _) => Self::Esp8266,
            (Some(_), _) => Self::Esp32,
            (None, Some(EM_ARM)) => Self::Arm,
            (None, Some(EM_AVR)) => Self::Avr,
            (None, _) => Self::Berkeley,
        }
    }

    /// Names that count as flash, and names that count as RAM.
    fn names(self) -> Option<(&'static [&'static str], &'static [&'static str])> {
        match self {
            Self::Esp32 => Some((
                &[".iram0.text", ".iram0.vectors", ".dram0.data", ".flash.text", ".flash.rodata"],
                &[".dram0.data", ".dram0.bss", ".noinit"],
            )),
            Self::Esp8266 => {
                Some((&[".irom0.text", ".text", ".text1", ".data", ".rodata"], &[".data", ".rodata", ".bss"]))
            }
            Self::Arm => Some((
                &[".text", ".data", ".rodata", ".text.align", ".ARM.exidx"],
                &[".data", ".bss", ".noinit"],
            )),
            Self::Avr => Some((&[".text", ".data", ".bootloader"], &[".data", ".bss", ".noinit"])),
            Self::Berkeley => None,
        }
    }

    /// Bytes of flash and RAM by this rule.
    pub(crate) fn usage(self, sections: &[SectionInfo<'_>]) -> Usage {
        let Some((flash, ram)) = self.names() else { return berkeley(sections) };
        let sum = |names: &[&str]| {
            sections.iter().filter(|section| names.contains(&section.name)).map(|section| section.size).sum()
        };
        match (Usage { flash: sum(flash), ram: sum(ram) }) {
            // None of the sections has a name that the platform expects, and PlatformIO would print 0: here what is in flash
            // is no RAM.
            Usage { flash: 0, .. } => {
                let in_flash = sections.iter().filter(|section| section.in_flash && section.alloc);
                let kept: u64 = in_flash.filter(|section| !section.nobits).map(|section| section.size).sum();
                let others: Vec<_> = sections.iter().filter(|section| !section.in_flash).copied().collect();
                let Usage { flash, ram } = berkeley(&others);
                Usage { flash: flash + kept, ram }
            }
            usage => usage,
        }
    }
}

/// `size -B`: code and read-only sections are text, of the rest those with content are data, the others bss.
fn berkeley(sections: &[SectionInfo<'_>]) -> Usage {
    let (mut text, mut data, mut bss) = (0, 0, 0);
    for section in sections.iter().filter(|section| section.alloc) {
        let column = match section {
            SectionInfo { exec: true, .. } | SectionInfo { write: false, .. } => &mut text,
            SectionInfo { nobits: false, .. } => &mut data,
            SectionInfo { .. } => &mut bss,
        };
        *column += section.size;
    }
    Usage { flash: text + data, ram: data + bss }
}

/// The lines of a build, each with its line end.
///
/// As PlatformIO prints them: nothing for a board without a flash size, and no RAM line for one without a RAM size.
pub(crate) fn lines(usage: Usage, flash: u64, ram: u64) -> String {
    let mut out = String::new();
    if flash == 0 {
        return out;
    }
    if ram > 0 {
        out += &format!("RAM:   {}\n", bar(usage.ram, ram));
    }
    out += &format!("Flash: {}\n", bar(usage.flash, flash));
    out
}

/// `[==        ]  19.7% (used 64588 bytes from 327680 bytes)`
#[allow(
    clippy::cast_precision_loss,
    reason = "PlatformIO divides as floating point, and its rounding is part of the text"
)]
fn bar(used: u64, total: u64) -> String {
    const BLOCKS: usize = 10;
    let share = used as f64 / total as f64;
    // Python rounds halves to the even neighbour.
    let filled = (10.0 * share).round_ties_even();
    let filled = (1..=BLOCKS).filter(|block| *block as f64 <= filled).count();
    // A space in the place of the sign, and at least 6 characters.
    let percent = format!(" {:.1}%", share * 100.0);
    format!("[{:<BLOCKS$}] {percent:>6} (used {used} bytes from {total} bytes)", "=".repeat(filled))
}

fn sections<'a>(elf: &'a Elf<'_>, in_flash: impl Fn(usize) -> bool) -> Vec<SectionInfo<'a>> {
    let info = |(index, section): (usize, &'a lw_firmware::elf::Section<'_>)| SectionInfo {
        name: &section.name,
        size: section.size,
        alloc: section.is_alloc(),
        write: section.is_write(),
        exec: section.is_exec(),
        nobits: !section.is_loaded(),
        in_flash: in_flash(index),
    };
    elf.sections.iter().enumerate().map(info).collect()
}

/// The lines for a measured firmware.
pub(crate) fn of_memory(memory: &Memory, elf: Option<&Elf<'_>>, table: Option<&Table>) -> String {
    let rule = Rule::of(memory, elf);
    let in_flash = |section: &lw_firmware::memory::SectionUse| {
        let region = section.region.and_then(|index| memory.regions.get(index));
        region.is_some_and(|used| used.class == RegionClass::Flash)
    };
    let sections = match elf {
        Some(elf) => sections(elf, |index| {
            memory.sections.iter().any(|section| section.elf == Some(index) && in_flash(section))
        }),
        None => memory
            .sections
            .iter()
            .map(|section| SectionInfo {
                name: &section.name,
                size: section.size,
                alloc: true,
                // A map does not say what may be written; without content it is certainly no code or constant.
                write: section.write || !section.loaded,
                exec: section.exec,
                nobits: !section.loaded,
                in_flash: in_flash(section),
            })
            .collect(),
    };
    let (flash, ram) = match rule {
        Rule::Esp32 => (table.and_then(app_partition).unwrap_or(ESP32_FLASH), ESP32_RAM),
        Rule::Esp8266 => (
            Some(size_of(memory, RegionClass::Flash, u64::MAX))
                .filter(|size| *size > 0)
                .unwrap_or(ESP8266_FLASH),
            ESP8266_RAM,
        ),
        // A board's flash is that of the chip: what is connected to it is another memory.
        Rule::Arm => {
            (size_of(memory, RegionClass::Flash, ARM_EXTERNAL), size_of(memory, RegionClass::Ram, u64::MAX))
        }
        Rule::Avr | Rule::Berkeley => {
            (size_of(memory, RegionClass::Flash, u64::MAX), size_of(memory, RegionClass::Ram, u64::MAX))
        }
    };
    lines(rule.usage(&sections), flash, ram)
}

/// The partition PlatformIO holds an image to: the first of subtype `factory` or `ota_0`, not the smallest.
fn app_partition(table: &Table) -> Option<u64> {
    let first =
        table.app_slots().find(|partition| matches!(&*partition.subtype_name(), "factory" | "ota_0"))?;
    Some(first.size.into())
}

/// Where external memory begins in the memory map of ARM microcontrollers.
const ARM_EXTERNAL: u64 = 0x6000_0000;

/// Sum over the regions of a class below an address that are used and whose length is known.
fn size_of(memory: &Memory, class: RegionClass, below: u64) -> u64 {
    memory
        .regions
        .iter()
        .filter(|used| used.class == class && used.span > 0 && used.region.origin < below)
        .filter_map(lw_firmware::memory::RegionUse::size)
        .sum()
}

#[cfg(test)]
mod tests {
    use lw_testkit::shared_fixture;

    use super::*;

    #[test]
    fn the_bar_is_platformios() {
        // Python's answers, at the edges of its rounding too.
        for (used, total, expected) in [
            (64_588, 327_680, "[==        ]  19.7% (used 64588 bytes from 327680 bytes)"),
            (0, 100, "[          ]   0.0% (used 0 bytes from 100 bytes)"),
            (25, 100, "[==        ]  25.0% (used 25 bytes from 100 bytes)"),
            (35, 100, "[====      ]  35.0% (used 35 bytes from 100 bytes)"),
            (1, 16, "[=         ]   6.2% (used 1 bytes from 16 bytes)"),
            (1, 2000, "[          ]   0.1% (used 1 bytes from 2000 bytes)"),
            (9995, 10_000, "[==========]  100.0% (used 9995 bytes from 10000 bytes)"),
            (1_568_765, 1_572_864, "[==========]  99.7% (used 1568765 bytes from 1572864 bytes)"),
            (300, 100, "[==========]  300.0% (used 300 bytes from 100 bytes)"),
        ] {
            assert_eq!(bar(used, total), expected);
        }
    }

    #[test]
    fn a_board_without_sizes_prints_nothing() {
        let usage = Usage { flash: 10, ram: 5 };
        assert_eq!(lines(usage, 0, 100), "");
        assert_eq!(lines(usage, 100, 0), "Flash: [=         ]  10.0% (used 10 bytes from 100 bytes)\n");
        assert_eq!(lines(usage, 100, 100).lines().count(), 2);
    }

    #[test]
    fn each_rule_counts_what_the_real_tools_count() {
        // `size -A -d` through the platform's expressions, and `size -B -d`, of Debian's binutils.
        let cases = [
            ("esp32-idf6-coredump/hello_world.elf", Rule::Esp32, 142_093, 13_548),
            ("esp32c3-idf-hello/hello_world.elf", Rule::Esp32, 136_384, 8_664),
            ("esp32c3-idf-hello/hello_world.elf", Rule::Berkeley, 106_380 + 30_292, 30_292 + 174_786),
            ("tiny-stm32/stm32.elf", Rule::Berkeley, 4_596 + 32, 32 + 3_448),
            ("tiny-stm32/stm32.elf", Rule::Arm, 0xF38 + 0x18C + 0xF0, 0xF0 + 0x4F8 + 0x80),
            ("tiny-esp8266like/esp8266like.elf", Rule::Berkeley, 684 + 120, 120 + 1_504),
            ("rp2040/RP2040_full_unwind.elf", Rule::Berkeley, 57_772 + 112, 112 + 2_152),
        ];
        for (path, rule, flash, ram) in cases {
            let Some(file) = shared_fixture(&format!("size/{path}")) else { return };
            let bytes = std::fs::read(file).unwrap();
            let elf = Elf::parse(&bytes).unwrap();
            assert_eq!(rule.usage(&sections(&elf, |_| false)), Usage { flash, ram }, "{path} {rule:?}");
        }
    }

    #[test]
    fn the_first_app_partition_is_the_measure_not_the_smallest() {
        let table = Table::parse(b"a,app,test,,1M\nb,app,ota_0,,2M\nc,app,ota_1,,1M").unwrap();
        assert_eq!(app_partition(&table), Some(2 << 20));
    }
}
