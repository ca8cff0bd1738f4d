//! How much of each memory region a firmware uses.
//!
//! Every region has two numbers. [`RegionUse::span`] is what `--print-memory-usage` of GNU ld prints:
//! the distance from the region's origin to the end of the last section in it, which is what
//! overflows. [`RegionUse::bytes`] is the sum of what lies in it, without gaps and without sections
//! that only reserve addresses, which is what grows.

mod detect;
mod kind;
mod place;
mod regions;
mod sections;
mod sram;

use std::borrow::Cow;

use lw_model::Diagnose;

use crate::chip::Chip;
use crate::elf::Elf;
use crate::map::Map;
use crate::region::{Region, RegionClass, RegionKind};
use crate::script::Script;

pub use regions::Origin;

/// What is known of a firmware.
#[derive(Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The linked file. Its sections and symbols count.
    pub elf: Option<&'a Elf<'a>>,
    /// The linker's map: regions, archives and objects; without an ELF the sections as well.
    pub map: Option<&'a Map<'a>>,
    /// Regions of the user or of a linker script. When there are any they replace all others.
    pub regions: &'a [Region],
    /// The chip, when the user says so.
    pub chip: Option<Chip>,
    /// The linker script, when the user gives it: which section it puts into which region.
    pub script: Option<&'a Script>,
    /// What kind of memory a region is, when the user says so.
    pub kinds: &'a [RegionKind],
    /// Names of sections that the user says only take what is left of their region; `*` and `?` match any text.
    pub fillers: &'a [String],
}

impl Sources<'_> {
    /// `e_machine` of the firmware.
    pub(crate) fn machine(&self) -> Option<u16> {
        self.elf.map(|elf| elf.machine).or_else(|| self.map.and_then(|map| map.machine))
    }
}

/// The use of a firmware's memory.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The chip, told by the user or found out.
    pub chip: Option<Chip>,
    /// Where [`Memory::regions`] come from.
    pub origin: Origin,
    /// The regions in the order of their source.
    pub regions: Vec<RegionUse>,
    /// The sections that take memory, in the order of the ELF or map; empty ones are left out.
    pub sections: Vec<SectionUse>,
    /// Chips whose instruction and data RAM are one memory: its use, counted once.
    pub sram: Option<SramUse>,
    /// Bytes that are loaded: all sections with content, wherever they run. Without the EEPROM, fuses and lock bits
    /// of an AVR, which are files of their own.
    pub image_bytes: u64,
    /// Static RAM as the linker counts it, without what only fills the rest of it ([`SectionUse::filler`]). The unified
    /// SRAM where there is one; otherwise the sum over the regions of class [`RegionClass::Ram`] but those that only
    /// hold code (IRAM, ITCM), and what must lie in RAM but is in no region. External, RTC and backup RAM do not count,
    /// unless there is no other.
    pub ram_span: u64,
    /// The same memory as [`Memory::ram_span`] without gaps and reserved addresses.
    pub ram_bytes: u64,
    /// Bytes of the regions of that memory that are used; `None` when none is, or when the length of one is not known.
    pub ram_size: Option<u64>,
    /// Sections that lie in no region.
    pub unplaced: Vec<Unplaced>,
    /// Sections that a map alone does not show to have content, and that are taken to have none: they are not part of
    /// [`Memory::image_bytes`], nor of the region they would be loaded from.
    pub unsure_content: Vec<UnsureContent>,
    /// Sections that a map alone does not show to take memory, and that are counted: in an ELF of the same build they may
    /// take none.
    pub unsure_memory: Vec<UnsureMemory>,
    /// A writable section, when there is one although no memory counts as RAM.
    pub writable_outside_ram: Option<String>,
    /// A section, and its address, where the chip that the user named has no memory.
    pub outside_chip: Option<(String, u64)>,
    /// What the reader should know: guesses, sections outside all regions.
    pub warnings: Vec<String>,
}

/// The use of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionUse {
    /// The region.
    pub region: Region,
    /// What kind of memory it is.
    pub class: RegionClass,
    /// What shows that it is of this kind, as half a sentence: "`.bss` is zeroed in it at start".
    pub why: String,
    /// RAM that holds instructions only (IRAM, ITCM).
    pub code_only: bool,
    /// Whether the length is known: it is not when the region was made up from the sections.
    pub bounded: bool,
    /// Bytes from the origin to the end of the last section: what GNU ld prints as used.
    pub span: u64,
    /// The same without what only fills the rest of the region: a heap that ends where the region does.
    pub taken: u64,
    /// Bytes of content, each counted once: no gaps, no sections that only reserve addresses.
    pub bytes: u64,
    /// Address and bytes of every stretch between two sections that nothing takes.
    pub gaps: Vec<(u64, u64)>,
    /// The sections in it by address.
    pub placements: Vec<Placement>,
}

impl RegionUse {
    /// Bytes in the region, when its length is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.bounded.then_some(self.region.length)
    }

    /// Bytes between the last section and the end of the region; what only fills the rest of it is free. 0 on overflow.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        self.size().map(|size| size.saturating_sub(if self.overflow() > 0 { self.span } else { self.taken }))
    }

    /// Bytes past the end of the region.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        self.size().map_or(0, |size| self.span.saturating_sub(size))
    }
}

/// A section in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Index into [`Memory::sections`].
    pub section: usize,
    /// Whether the section runs here or is only loaded from here.
    pub role: PlacementRole,
    /// First address in this region: run address or load address.
    pub start: u64,
    /// Bytes at the start of the section that another section already takes (overlays).
    pub skip: u64,
    /// Bytes that count here, after `skip`.
    pub bytes: u64,
}

/// What a section does in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlacementRole {
    /// It is used here (VMA).
    Run,
    /// Its content is kept here and copied elsewhere at start (LMA).
    Load,
}

/// The use of an SRAM that holds instructions and data and that two buses see at different addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SramUse {
    /// Bytes up to the end of the last section, both views folded into one.
    pub span: u64,
    /// Bytes of content, each counted once.
    pub bytes: u64,
    /// Bytes there are for the firmware.
    pub size: u64,
}

/// A section that takes memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionUse {
    /// Name.
    pub name: String,
    /// Run address (VMA).
    pub address: u64,
    /// Load address (LMA), where it differs.
    pub lma: Option<u64>,
    /// Bytes.
    pub size: u64,
    /// Whether it has content. Known from an ELF, concluded from names with a map alone.
    pub loaded: bool,
    /// Whether it holds instructions. Known from an ELF, concluded from names with a map alone.
    pub exec: bool,
    /// Whether it may be written. Known from an ELF; with a map alone what is zeroed, or moved to RAM, is.
    pub write: bool,
    /// Reserves addresses and holds nothing: counts in spans only.
    pub dummy: bool,
    /// A dummy that takes what is left of its region, such as a heap: the region is full in every build.
    pub filler: bool,
    /// The region it runs in, an index into [`Memory::regions`].
    pub region: Option<usize>,
    /// The region its content is loaded from; the same as `region` where it needs no copy.
    /// Only sections with content have one.
    pub load_region: Option<usize>,
    /// Index into [`Elf::sections`].
    pub elf: Option<usize>,
    /// Index into [`Map::sections`].
    pub map: Option<usize>,
}

/// A section, or the content of one, that lies in no region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// Name of the section.
    pub section: String,
    /// Where it is.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Whether it runs there or is only loaded from there.
    pub role: PlacementRole,
    /// Whether what lies there must be RAM: it is zeroed, copied or in the machine's RAM.
    pub ram: bool,
    /// The region nearest to it, which would hold it were it larger.
    pub nearest: Option<String>,
}

/// A section of which a map does not tell whether it has content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsureContent {
    /// Name of the section.
    pub section: String,
    /// Bytes.
    pub size: u64,
    /// Where it would be loaded from, if that is not where it runs.
    pub load_address: Option<u64>,
}

/// A section of which a map does not tell whether it is `(COPY)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsureMemory {
    /// Name of the section.
    pub section: String,
    /// Whether it counts for the image as well.
    pub loaded: bool,
}

/// Why the use of memory cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Neither ELF nor map.
    #[error("neither an ELF nor a map was given")]
    NoInput,
    /// The ELF and the map are of different builds.
    #[error(
        "the map belongs to another build than the ELF: section `{section}` has {map_size} bytes at {map_address:#x} \
         in the map and {elf_size} bytes at {elf_address:#x} in the ELF ({count} sections differ)"
    )]
    Mismatch {
        /// The first section that differs.
        section: String,
        /// Its address in the ELF.
        elf_address: u64,
        /// Its size in the ELF.
        elf_size: u64,
        /// Its address in the map.
        map_address: u64,
        /// Its size in the map.
        map_size: u64,
        /// How many sections differ.
        count: usize,
    },
    /// The ELF and the map have little in common.
    #[error(
        "the map belongs to another build than the ELF: it has no section `{section}` of {size} bytes at {address:#x}, \
         nor {others} others"
    )]
    Unrelated {
        /// The largest section of the ELF that the map does not have.
        section: String,
        /// Its address.
        address: u64,
        /// Its size.
        size: u64,
        /// How many others the map does not have.
        others: usize,
    },
    /// There is nothing to measure.
    #[error("nothing in it takes memory: it has no section with a size and an address")]
    Nothing,
    /// The ELF has the headers of its sections, and not what is in them.
    #[error(
        "the ELF has no code: its section `{0}` is there in name only, as `objcopy --only-keep-debug` leaves it"
    )]
    DebugOnly(String),
    /// The chip cannot run the ELF.
    #[error("the chip {chip} has machine {expected}, but the ELF is for machine {found}")]
    Machine {
        /// The chip of the user.
        chip: Chip,
        /// Its `e_machine`.
        expected: u16,
        /// The `e_machine` of the ELF.
        found: u16,
    },
    /// Two regions of one name.
    #[error("there are two regions named `{0}`")]
    DuplicateRegion(String),
    /// More regions than any chip has.
    #[error("there are {0} memory regions, at most {max} are expected", max = regions::MAX_REGIONS)]
    TooManyRegions(usize),
}

impl Diagnose for MemoryError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoInput => "Pass the .elf, the .map, or both.",
                Self::Nothing => {
                    "Did the link end before its sections were placed? Pass the files of a whole link."
                }
                Self::DebugOnly(_) => {
                    "Pass the .elf that the linker wrote, not the file of its debug information."
                }
                Self::Mismatch { .. } | Self::Unrelated { .. } => {
                    "Pass the .map that the linker wrote together with this .elf, or only one of them."
                }
                Self::Machine { .. } => "Leave the chip out, or name the one the firmware was built for.",
                Self::DuplicateRegion(_) => "Give each region one name and one place.",
                Self::TooManyRegions(_) => "The map is damaged, or the regions are those of many chips.",
            }
            .into(),
        )
    }
}

impl Memory {
    /// Measures a firmware.
    ///
    /// # Errors
    /// Without input, when ELF and map are of different builds, or when the chip cannot be right.
    pub fn measure(sources: &Sources<'_>) -> Result<Self, MemoryError> {
        let mut warnings = Vec::new();
        if let Some(elf) = sources.elf {
            warnings.extend_from_slice(&elf.warnings);
        }
        if let Some(map) = sources.map {
            warnings.extend_from_slice(&map.warnings);
        }
        let (mut sections, open) = sections::collect(sources, &mut warnings)?;
        let (mut unsure_content, mut unsure_memory) = (open.content, open.copies);
        if sections.is_empty() {
            return Err(MemoryError::Nothing);
        }
        let chip = detect::chip(sources, &sections, &mut warnings)?;
        let (origin, regions) = regions::choose(sources, chip, &sections, &mut warnings)?;
        let mut regions = regions::classify(regions, origin, chip);
        let mut unplaced = place::place(&mut sections, &mut regions, origin, chip, sources, &mut warnings);
        unsure_content.extend(sections::drop_unlikely_content(&mut sections, &regions, chip, sources, false));
        kind::settle(&mut regions, &sections, origin, chip, sources);
        sections::drop_reserved_zeros(&mut sections, &regions, sources);
        unsure_content.extend(sections::drop_unlikely_content(&mut sections, &regions, chip, sources, true));
        // What is taken to have no content after all is told as that.
        let is_loaded = |name: &str| sections.iter().any(|section| section.loaded && section.name == name);
        unsure_memory.retain(|open| !open.loaded || is_loaded(&open.section));
        sections::mark_fillers(&mut sections, &regions, chip, sources);
        for region in &mut regions {
            place::count(region, &sections);
        }
        kind::tell_code_only(&mut regions, &sections, chip);
        kind::use_what_there_is(&mut regions, &sections, chip);
        for section in &mut unplaced {
            section.ram |= kind::is_ram_address(sources.machine(), section.address);
        }
        let sram = chip.and_then(|chip| sram::measure(chip, &regions, &sections));
        let data: Vec<&RegionUse> =
            regions.iter().filter(|region| region.class == RegionClass::Ram && !region.code_only).collect();
        // Spans may reach across the whole address space.
        let sum = |values: &mut dyn Iterator<Item = u64>| values.fold(0, u64::saturating_add);
        let (span, bytes, ram_size) = match (sram, chip) {
            (Some(sram), Some(chip)) => {
                // What is RAM and not one of the chip's banks was named so, or is of another chip than was thought.
                let others = || data.iter().filter(|used| chip.sram_address(used.region.origin).is_none());
                (
                    sum(&mut others().map(|region| region.taken).chain([sram.span])),
                    sum(&mut others().map(|region| region.bytes).chain([sram.bytes])),
                    kind::size_of(&others().copied().collect::<Vec<_>>()).unwrap_or(0).checked_add(sram.size),
                )
            }
            _ => (
                sum(&mut data.iter().map(|region| region.taken)),
                sum(&mut data.iter().map(|region| region.bytes)),
                kind::size_of(&data),
            ),
        };
        let outside = sum(&mut unplaced.iter().filter(|section| section.ram).map(|section| section.size));
        let (ram_span, ram_bytes) = (span.saturating_add(outside), bytes.saturating_add(outside));
        let writable_outside_ram = if ram_span == 0 { kind::writable(&regions, &sections) } else { None };
        let outside_chip = sources.chip.and_then(|chip| detect::outside(chip, &sections));
        let image_bytes = image_bytes(sources.machine(), &sections);
        Ok(Self {
            chip,
            origin,
            regions,
            sections,
            sram,
            image_bytes,
            ram_span,
            ram_bytes,
            ram_size,
            unplaced,
            unsure_content,
            unsure_memory,
            writable_outside_ram,
            outside_chip,
            warnings,
        })
    }
}

/// Everything that is loaded, by the sections' own word.
fn image_bytes(machine: Option<u16>, sections: &[SectionUse]) -> u64 {
    let other_file = |section: &SectionUse| {
        machine == Some(goblin::elf::header::EM_AVR)
            && section.lma.unwrap_or(section.address) >= kind::AVR_EEPROM
    };
    let loaded = sections.iter().filter(|section| section.loaded && !section.dummy);
    loaded.filter(|section| !other_file(section)).map(|section| section.size).sum()
}
