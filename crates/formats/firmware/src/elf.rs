//! ELF files of firmware: sections with their load addresses, segments, symbols.
//!
//! Only headers, section names and the symbol table are read: with a mapped file the debug sections,
//! most of its size, are never brought into memory.

mod error;

use std::borrow::Cow;

use goblin::container::Ctx;
use goblin::elf::Header;
use goblin::elf::header::{EM_ARM, ET_CORE, ET_REL};
use goblin::elf::program_header::{PF_W, PF_X, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_TLS, SHF_WRITE, SHN_ABS, SHN_LORESERVE, SHN_XINDEX, SHT_DYNSYM, SHT_NOBITS,
    SHT_NULL, SHT_PROGBITS, SHT_SYMTAB, SHT_SYMTAB_SHNDX, SectionHeader,
};
use goblin::elf::sym::{
    STB_LOCAL, STT_FILE, STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, STT_SECTION, STT_TLS, Sym, Symtab,
};

use crate::sniff::looks_like;

pub use error::ElfError;

/// More loadable segments than any linker writes: a bound on the work a hostile file can ask for.
const MAX_SEGMENTS: usize = 1024;

/// No section of a firmware is larger. The bound keeps every sum of sizes inside 64 bits.
pub(crate) const MAX_SECTION_SIZE: u64 = 1 << 40;

/// An ELF file: what is needed of it to tell who uses which memory.
#[derive(Debug)]
pub struct Elf<'a> {
    /// 32 or 64.
    pub bits: u8,
    /// Whether numbers are stored with the lowest byte first.
    pub little_endian: bool,
    /// `e_machine`: 40 ARM, 83 AVR, 94 Xtensa, 243 RISC-V.
    pub machine: u16,
    /// Where execution starts.
    pub entry: u64,
    /// All sections in the order of their headers, so that [`Symbol::section`] is an index here.
    /// When the file has no section headers: one for the file part and one for the rest of each segment.
    pub sections: Vec<Section<'a>>,
    /// The loadable segments.
    pub segments: Vec<Segment>,
    /// What the reader should know: a stripped file.
    pub warnings: Vec<String>,
    symbols: Option<SymbolTable<'a>>,
}

/// A section of an [`Elf`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Name; bytes that are no UTF-8 are replaced.
    pub name: Cow<'a, str>,
    /// Address at run time (VMA).
    pub address: u64,
    /// Address in the memory the firmware is loaded into (LMA); the same as `address` when no segment says otherwise.
    pub lma: u64,
    /// Bytes in memory.
    pub size: u64,
    /// Place in the file.
    pub offset: u64,
    /// `sh_type`.
    pub kind: u32,
    /// `sh_flags`.
    pub flags: u64,
    /// Has content, may be written, is loaded where it runs, and holds nothing but zeros.
    pub zeros: bool,
}

impl Section<'_> {
    /// Whether the section takes memory at run time.
    #[must_use]
    pub fn is_alloc(&self) -> bool {
        self.flags & u64::from(SHF_ALLOC) != 0 && self.kind != SHT_NULL
    }

    /// Whether the section has content that is loaded. Any type but `NOBITS`: the linker scripts of
    /// Atmel make a `.relocate` of type `REL` out of initialised data.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.is_alloc() && self.kind != SHT_NOBITS
    }

    /// Whether the section holds instructions.
    #[must_use]
    pub fn is_exec(&self) -> bool {
        self.flags & u64::from(SHF_EXECINSTR) != 0
    }

    /// Whether the section may be written at run time. Not the same as RAM: `.flash.rodata` of ESP-IDF is writable.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.flags & u64::from(SHF_WRITE) != 0
    }

    /// Whether the section is the template of thread-local data. Its zeroed part takes no memory.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.flags & u64::from(SHF_TLS) != 0
    }
}

/// A loadable segment of an [`Elf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Place in the file.
    pub offset: u64,
    /// Address at run time.
    pub address: u64,
    /// Load address.
    pub lma: u64,
    /// Bytes in the file.
    pub file_size: u64,
    /// Bytes in memory.
    pub size: u64,
    /// `p_flags`.
    pub flags: u32,
}

/// What a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A function.
    Function,
    /// A variable or constant.
    Object,
    /// Anything else: a label of assembly.
    Label,
}

/// A defined symbol of an [`Elf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Name as it stands in the file.
    pub name: &'a [u8],
    /// Address at run time; without the Thumb bit.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Index into [`Elf::sections`].
    pub section: usize,
    /// What it names.
    pub kind: SymbolKind,
    /// Not seen outside its file.
    pub local: bool,
    /// Source file of a local symbol.
    pub file: Option<&'a [u8]>,
}

#[derive(Debug)]
struct SymbolTable<'a> {
    entries: Symtab<'a>,
    names: &'a [u8],
    /// `SHT_SYMTAB_SHNDX`: section numbers that need more than 16 bits.
    extended: &'a [u8],
}

impl<'a> Elf<'a> {
    /// Reads headers and section names.
    ///
    /// # Errors
    /// When the file is no ELF, is cut off, claims sizes that cannot be, or is not linked.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ElfError> {
        let (header, ctx) = header(bytes)?;
        match header.e_type {
            ET_REL => return Err(ElfError::Relocatable),
            ET_CORE => return Err(ElfError::Core),
            _ => {}
        }
        let headers = section_headers(bytes, &header, ctx)?;
        let segments = segments(bytes, &header, headers.first(), ctx)?;
        let mut elf = Self {
            bits: if ctx.container.is_big() { 64 } else { 32 },
            little_endian: ctx.le.is_little(),
            machine: header.e_machine,
            entry: header.e_entry,
            sections: Vec::new(),
            segments,
            warnings: Vec::new(),
            symbols: None,
        };
        elf.sections = elf.read_sections(bytes, &header, &headers, ctx)?;
        elf.symbols = symbol_table(bytes, &headers, ctx)?;
        if elf.sections.iter().all(|section| !section.is_alloc()) {
            if elf.segments.is_empty() {
                return Err(ElfError::Empty);
            }
            elf.sections = elf.sections_of_segments(bytes)?;
            elf.symbols = None;
            elf.warnings.push(
                "the ELF has no section headers: sizes come from its segments, and padding or reserved \
                 memory in them cannot be told from content"
                    .into(),
            );
        } else if elf.symbols.is_none() {
            elf.warnings.push("the ELF has no symbol table: nothing below its sections can be named".into());
        }
        Ok(elf)
    }

    fn read_sections(
        &self,
        bytes: &'a [u8],
        header: &Header,
        headers: &[SectionHeader],
        ctx: Ctx,
    ) -> Result<Vec<Section<'a>>, ElfError> {
        let names_index = match u32::from(header.e_shstrndx) {
            SHN_XINDEX => headers.first().map_or(0, |first| first.sh_link as usize),
            index => index as usize,
        };
        let names = match headers.get(names_index) {
            // Index 0 says that the sections have no names; a file that lost its headers may still have another.
            _ if names_index == 0 || headers.is_empty() => &[][..],
            Some(table) => slice(bytes, table.sh_offset, table.sh_size).ok_or_else(|| {
                truncated("table of section names", table.sh_offset, table.sh_size, bytes.len())
            })?,
            None => {
                return Err(ElfError::Field {
                    offset: if self.bits == 64 { 0x3E } else { 0x32 },
                    field: "e_shstrndx",
                    value: names_index as u64,
                    expected: "the number of a section",
                });
            }
        };
        let mut sections = Vec::with_capacity(headers.len());
        for (index, section) in headers.iter().enumerate() {
            let name = String::from_utf8_lossy(string_at(names, section.sh_name));
            let place = header.e_shoff.saturating_add((index * SectionHeader::size(ctx)) as u64);
            let section = Section {
                name,
                address: section.sh_addr,
                lma: section.sh_addr,
                size: section.sh_size,
                offset: section.sh_offset,
                kind: section.sh_type,
                flags: section.sh_flags,
                zeros: false,
            };
            check_section(&section, index, place, bytes.len())?;
            sections.push(section);
        }
        for section in sections.iter_mut().filter(|section| section.is_alloc()) {
            section.lma = self.load_address(section);
            if section.is_loaded() && section.is_write() && section.lma == section.address {
                let content = slice(bytes, section.offset, section.size);
                section.zeros = content.is_some_and(|content| content.iter().all(|byte| *byte == 0));
            }
        }
        Ok(sections)
    }

    /// The load address the segment of a section gives it. Content must also lie in the segment's
    /// part of the file: two segments may claim the same addresses (ESP32-S3: flash and PSRAM).
    fn load_address(&self, section: &Section<'_>) -> u64 {
        let holds = |start: u64, size: u64, place: u64, length: u64| {
            place.checked_sub(start).is_some_and(|skip| skip <= size && size - skip >= length)
        };
        let segment = self.segments.iter().find(|segment| {
            holds(segment.address, segment.size, section.address, section.size)
                && (!section.is_loaded()
                    || holds(segment.offset, segment.file_size, section.offset, section.size)
                        && section.offset - segment.offset == section.address - segment.address)
        });
        segment.map_or(section.address, |segment| {
            segment.lma.checked_add(section.address - segment.address).unwrap_or(section.address)
        })
    }

    fn sections_of_segments(&self, bytes: &[u8]) -> Result<Vec<Section<'a>>, ElfError> {
        let mut sections = Vec::with_capacity(self.segments.len() * 2);
        for (index, segment) in self.segments.iter().enumerate() {
            let mut flags = u64::from(SHF_ALLOC);
            if segment.flags & PF_W != 0 {
                flags |= u64::from(SHF_WRITE);
            }
            if segment.flags & PF_X != 0 {
                flags |= u64::from(SHF_EXECINSTR);
            }
            let content = segment.file_size.min(segment.size);
            let rest = segment.size - content;
            for (suffix, kind, skip, size) in
                [("", SHT_PROGBITS, 0, content), (".bss", SHT_NOBITS, content, rest)]
            {
                if size == 0 {
                    continue;
                }
                let section = Section {
                    name: format!("LOAD{index}{suffix}").into(),
                    address: segment.address.wrapping_add(skip),
                    lma: segment.lma.wrapping_add(skip),
                    size,
                    offset: segment.offset.saturating_add(skip),
                    kind,
                    flags,
                    zeros: false,
                };
                check_section(&section, index, 0, bytes.len())?;
                sections.push(section);
            }
        }
        Ok(sections)
    }

    /// The symbols that lie in a section, in the order of the table. Thread-local ones are left out:
    /// their value is an offset, not an address.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'a>> + '_ {
        let mut file = None;
        self.entries().filter_map(move |(table, index, entry)| {
            if entry.st_type() == STT_FILE {
                file = Some(string_at(table.names, entry.st_name));
                return None;
            }
            let (section, kind) = self.place(table, index, &entry)?;
            let local = entry.st_bind() == STB_LOCAL;
            // Bit 0 of a function's value says Thumb, it is no part of the address.
            let thumb = self.machine == EM_ARM && kind == SymbolKind::Function;
            let address = if thumb { entry.st_value & !1 } else { entry.st_value };
            Some(Symbol {
                name: string_at(table.names, entry.st_name),
                address,
                size: entry.st_size,
                section,
                kind,
                local,
                file: file.filter(|_| local),
            })
        })
    }

    /// The section of each of the [`Self::symbols`] that has a size. Their names, most of the work, are left alone.
    pub(crate) fn sections_of_sized_symbols(&self) -> impl Iterator<Item = usize> + '_ {
        self.entries()
            .filter(|(_, _, entry)| entry.st_size > 0)
            .filter_map(|(table, index, entry)| Some(self.place(table, index, &entry)?.0))
    }

    /// At least as many as there are [`Self::symbols`].
    pub(crate) fn max_symbols(&self) -> usize {
        self.symbols.as_ref().map_or(0, |table| table.entries.len())
    }

    fn entries(&self) -> impl Iterator<Item = (&SymbolTable<'a>, usize, Sym)> {
        self.symbols.iter().flat_map(|table| {
            table.entries.iter().enumerate().map(move |(index, entry)| (table, index, entry))
        })
    }

    /// The section a symbol lies in, and what it names.
    fn place(&self, table: &SymbolTable<'_>, index: usize, entry: &Sym) -> Option<(usize, SymbolKind)> {
        let kind = match entry.st_type() {
            STT_FILE | STT_SECTION | STT_TLS => return None,
            STT_FUNC | STT_GNU_IFUNC => SymbolKind::Function,
            STT_OBJECT => SymbolKind::Object,
            _ => SymbolKind::Label,
        };
        let section = match entry.st_shndx {
            XINDEX => table.extended_section(index, self.little_endian)?,
            0 | LORESERVE.. => return None,
            section => section,
        };
        Some((section, kind))
    }

    /// The value of a symbol that is a mere number (`SHN_ABS`): what `--defsym` gave the linker.
    #[must_use]
    pub fn absolute_value(&self, name: &str) -> Option<u64> {
        self.symbols.iter().find_map(|table| {
            let mut absolute = table.entries.iter().filter(|entry| entry.st_shndx == SHN_ABS as usize);
            let found = absolute.find(|entry| string_at(table.names, entry.st_name) == name.as_bytes())?;
            Some(found.st_value)
        })
    }

    /// Names of the symbols that are mere numbers (`SHN_ABS`).
    pub(crate) fn absolute_symbols(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.symbols.iter().flat_map(|table| {
            let absolute = table.entries.iter().filter(|entry| entry.st_shndx == SHN_ABS as usize);
            absolute.map(|entry| string_at(table.names, entry.st_name))
        })
    }
}

const XINDEX: usize = SHN_XINDEX as usize;
const LORESERVE: usize = SHN_LORESERVE as usize;

impl SymbolTable<'_> {
    fn extended_section(&self, symbol: usize, little_endian: bool) -> Option<usize> {
        let bytes = self.extended.get(symbol.checked_mul(4)?..)?.first_chunk::<4>()?;
        let index = if little_endian { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) };
        usize::try_from(index).ok()
    }
}

fn header(bytes: &[u8]) -> Result<(Header, Ctx), ElfError> {
    if !bytes.starts_with(b"\x7FELF") {
        return Err(ElfError::NotElf(looks_like(bytes)));
    }
    let ident = |offset: usize| bytes.get(offset).copied().unwrap_or_default();
    let needed = match ident(4) {
        1 => 52,
        2 => 64,
        value => {
            let expected = "1 (32 bit) or 2 (64 bit)";
            return Err(ElfError::Field { offset: 4, field: "EI_CLASS", value: value.into(), expected });
        }
    };
    if !matches!(ident(5), 1 | 2) {
        let expected = "1 (little-endian) or 2 (big-endian)";
        return Err(ElfError::Field { offset: 5, field: "EI_DATA", value: ident(5).into(), expected });
    }
    let truncated = || truncated("ELF header", 0, needed, bytes.len());
    if (bytes.len() as u64) < needed {
        return Err(truncated());
    }
    let header = goblin::elf::Elf::parse_header(bytes).map_err(|_| truncated())?;
    let (Ok(container), Ok(endianness)) = (header.container(), header.endianness()) else {
        return Err(truncated());
    };
    Ok((header, Ctx::new(container, endianness)))
}

fn section_headers(bytes: &[u8], header: &Header, ctx: Ctx) -> Result<Vec<SectionHeader>, ElfError> {
    if header.e_shoff == 0 {
        return Ok(Vec::new());
    }
    let entry = SectionHeader::size(ctx);
    entry_size(header.e_shentsize, entry, if ctx.is_big() { 0x3A } else { 0x2E }, "e_shentsize")?;
    let mut count = u64::from(header.e_shnum);
    if count == 0 {
        // Extended numbering: the real count does not fit and is the size of section 0.
        let first = table(bytes, "section header table", header.e_shoff, 1, entry)?;
        let first = SectionHeader::parse(bytes, first, 1, ctx).unwrap_or_default();
        count = first.first().map_or(0, |first| first.sh_size);
    }
    let offset = table(bytes, "section header table", header.e_shoff, count, entry)?;
    // The table lies inside the file, so the count is bounded by the file's size.
    SectionHeader::parse(bytes, offset, count as usize, ctx)
        .map_err(|_| truncated("section header table", header.e_shoff, count * entry as u64, bytes.len()))
}

fn segments(
    bytes: &[u8],
    header: &Header,
    first: Option<&SectionHeader>,
    ctx: Ctx,
) -> Result<Vec<Segment>, ElfError> {
    /// `e_phnum` when the real count does not fit and is `sh_info` of section 0.
    const PN_XNUM: u16 = 0xFFFF;
    if header.e_phoff == 0 || header.e_phnum == 0 {
        return Ok(Vec::new());
    }
    let entry = ProgramHeader::size(ctx);
    entry_size(header.e_phentsize, entry, if ctx.is_big() { 0x36 } else { 0x2A }, "e_phentsize")?;
    let count = match header.e_phnum {
        PN_XNUM => first.map_or(0, |first| u64::from(first.sh_info)),
        count => u64::from(count),
    };
    let offset = table(bytes, "program header table", header.e_phoff, count, entry)?;
    let headers = ProgramHeader::parse(bytes, offset, count as usize, ctx)
        .map_err(|_| truncated("program header table", header.e_phoff, count * entry as u64, bytes.len()))?;
    let segments: Vec<_> = headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD)
        .map(|header| Segment {
            offset: header.p_offset,
            address: header.p_vaddr,
            lma: header.p_paddr,
            file_size: header.p_filesz,
            size: header.p_memsz,
            flags: header.p_flags,
        })
        .collect();
    if segments.len() > MAX_SEGMENTS {
        return Err(ElfError::TooManySegments { offset: header.e_phoff, count: segments.len() });
    }
    Ok(segments)
}

fn symbol_table<'a>(
    bytes: &'a [u8],
    headers: &[SectionHeader],
    ctx: Ctx,
) -> Result<Option<SymbolTable<'a>>, ElfError> {
    let of_kind = |kind: u32| headers.iter().find(|header| header.sh_type == kind);
    let Some(table) = of_kind(SHT_SYMTAB).or_else(|| of_kind(SHT_DYNSYM)) else { return Ok(None) };
    let part = |what: &str, header: &SectionHeader| {
        slice(bytes, header.sh_offset, header.sh_size)
            .ok_or_else(|| truncated(what, header.sh_offset, header.sh_size, bytes.len()))
    };
    let entries = part("symbol table", table)?;
    let names = match headers.get(table.sh_link as usize) {
        Some(names) => part("string table of the symbols", names)?,
        None => &[],
    };
    let extended = match of_kind(SHT_SYMTAB_SHNDX) {
        Some(extended) => part("extended section numbers of the symbols", extended)?,
        None => &[],
    };
    let count = entries.len() / Sym::size(ctx.container);
    let entries = Symtab::parse(entries, 0, count, ctx)
        .map_err(|_| truncated("symbol table", table.sh_offset, table.sh_size, bytes.len()))?;
    Ok(Some(SymbolTable { entries, names, extended }))
}

/// Refuses a section whose memory or content cannot exist.
fn check_section(section: &Section<'_>, index: usize, place: u64, length: usize) -> Result<(), ElfError> {
    if !section.is_alloc() {
        return Ok(());
    }
    let wrong =
        |reason: String| ElfError::Section { offset: place, index, name: section.name.to_string(), reason };
    if section.size > MAX_SECTION_SIZE {
        return Err(wrong(format!("claims {} bytes", section.size)));
    }
    // An end of exactly 2^64 does not fit and is refused as well: no firmware ends there.
    if section.address.checked_add(section.size).is_none() {
        return Err(wrong(format!(
            "{} bytes at {:#x} pass the end of memory",
            section.size, section.address
        )));
    }
    let end = section.offset.checked_add(section.size);
    if section.is_loaded() && section.size > 0 && end.is_none_or(|end| end > length as u64) {
        return Err(truncated(
            format!("content of section {index} `{}`", section.name),
            section.offset,
            section.size,
            length,
        ));
    }
    Ok(())
}

fn entry_size(found: u16, expected: usize, offset: u64, field: &'static str) -> Result<(), ElfError> {
    if usize::from(found) == expected {
        return Ok(());
    }
    let expected = "the size of this class: 32 or 40 for 32 bit, 56 or 64 for 64 bit";
    Err(ElfError::Field { offset, field, value: found.into(), expected })
}

/// The offset of a table that lies inside the file as a whole.
fn table(bytes: &[u8], what: &str, offset: u64, count: u64, entry: usize) -> Result<usize, ElfError> {
    let needed = count.saturating_mul(entry as u64);
    match (usize::try_from(offset), slice(bytes, offset, needed)) {
        (Ok(start), Some(_)) => Ok(start),
        _ => Err(truncated(what, offset, needed, bytes.len())),
    }
}

fn truncated(what: impl Into<String>, offset: u64, needed: u64, length: usize) -> ElfError {
    ElfError::Truncated { what: what.into(), offset, needed, length: length as u64 }
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// Longer names are cut: without a bound a table without NUL bytes would be searched for every symbol.
const MAX_NAME: usize = 1 << 14;

/// The NUL-terminated string at an offset; empty when there is none.
fn string_at(names: &[u8], offset: usize) -> &[u8] {
    let rest = names.get(offset..).unwrap_or_default();
    let rest = rest.get(..MAX_NAME).unwrap_or(rest);
    memchr::memchr(0, rest).and_then(|end| rest.get(..end)).unwrap_or(rest)
}
