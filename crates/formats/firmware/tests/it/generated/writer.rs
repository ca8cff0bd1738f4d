//! Writes ELF files of any class and byte order.

/// Format of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) wide: bool,
    pub(crate) big_endian: bool,
}

pub(crate) const FORMATS: [Format; 4] = [
    Format { wide: false, big_endian: false },
    Format { wide: false, big_endian: true },
    Format { wide: true, big_endian: false },
    Format { wide: true, big_endian: true },
];

pub(crate) const PROGBITS: u32 = 1;
pub(crate) const NOBITS: u32 = 8;
pub(crate) const REL: u32 = 9;
pub(crate) const WRITE: u64 = 1;
pub(crate) const ALLOC: u64 = 2;
pub(crate) const EXEC: u64 = 4;
pub(crate) const TLS: u64 = 0x400;
pub(crate) const ABS: u16 = 0xFFF1;
pub(crate) const XINDEX: u16 = 0xFFFF;

#[derive(Clone, Debug)]
pub(crate) struct OutSection {
    pub(crate) name: String,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) address: u64,
    pub(crate) lma: u64,
    pub(crate) size: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct OutSymbol {
    pub(crate) name: String,
    pub(crate) value: u64,
    pub(crate) size: u64,
    /// `st_info`: binding times 16 plus type.
    pub(crate) info: u8,
    /// Index into the sections, from 0; or one of the special numbers.
    pub(crate) section: Result<usize, u16>,
}

#[derive(Clone, Debug)]
pub(crate) struct OutElf {
    pub(crate) format: Format,
    pub(crate) machine: u16,
    pub(crate) sections: Vec<OutSection>,
    pub(crate) symbols: Vec<OutSymbol>,
    /// Count and name table of the sections in section 0, as for more than 65 279 sections.
    pub(crate) extended: bool,
    pub(crate) section_headers: bool,
}

struct Bytes {
    format: Format,
    bytes: Vec<u8>,
}

impl Bytes {
    fn half(&mut self, value: u16) {
        self.bytes.extend(if self.format.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn word(&mut self, value: u32) {
        self.bytes.extend(if self.format.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    /// An address, offset or size.
    fn wide(&mut self, value: u64) {
        if self.format.wide {
            self.bytes.extend(if self.format.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
        } else {
            self.word(u32::try_from(value).unwrap());
        }
    }
}

struct Header {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
    entry: u64,
}

impl OutElf {
    pub(crate) fn new(format: Format, sections: Vec<OutSection>, symbols: Vec<OutSymbol>) -> Self {
        Self { format, machine: 40, sections, symbols, extended: false, section_headers: true }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let wide = self.format.wide;
        let (header, program, section) = if wide { (64, 56, 64) } else { (52, 32, 40) };
        let mut content = Vec::new();
        let start = header + program * self.sections.iter().filter(|s| s.flags & ALLOC != 0).count() as u64;
        let mut offsets = Vec::new();
        for section in &self.sections {
            offsets.push(start + content.len() as u64);
            if section.kind != NOBITS {
                content.resize(content.len() + section.size as usize, 0xA5);
            }
        }
        let (symbols, names, extended) = self.symbol_table();
        let mut headers =
            vec![Header { name: 0, kind: 0, flags: 0, address: 0, offset: 0, size: 0, link: 0, entry: 0 }];
        let mut section_names = vec![0];
        let mut name = |text: &str| {
            let at = section_names.len() as u32;
            section_names.extend(text.bytes().chain([0]));
            at
        };
        for (section, offset) in self.sections.iter().zip(&offsets) {
            let OutSection { kind, flags, address, size, .. } = *section;
            let name = name(&section.name);
            headers.push(Header { name, kind, flags, address, offset: *offset, size, link: 0, entry: 0 });
        }
        let count = headers.len() as u32;
        for (text, kind, bytes, link, entry) in [
            (".symtab", 2, &symbols, count + 1, if wide { 24 } else { 16 }),
            (".strtab", 3, &names, 0, 0),
            (".symtab_shndx", 18, &extended, count, 4),
        ] {
            let (offset, size) = (start + content.len() as u64, bytes.len() as u64);
            headers.push(Header { name: name(text), kind, flags: 0, address: 0, offset, size, link, entry });
            content.extend(bytes);
        }
        let own = name(".shstrtab");
        let (offset, size) = (start + content.len() as u64, section_names.len() as u64);
        headers.push(Header { name: own, kind: 3, flags: 0, address: 0, offset, size, link: 0, entry: 0 });
        content.extend(&section_names);
        let table = start + content.len() as u64;

        let mut out = Bytes { format: self.format, bytes: Vec::new() };
        let data = 1 + u8::from(self.format.big_endian);
        out.bytes.extend([0x7F, b'E', b'L', b'F', 1 + u8::from(wide), data, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.half(2);
        out.half(self.machine);
        out.word(1);
        out.wide(0);
        out.wide(header);
        out.wide(if self.section_headers { table } else { 0 });
        out.word(0);
        out.half(header as u16);
        out.half(program as u16);
        out.half(self.sections.iter().filter(|s| s.flags & ALLOC != 0).count() as u16);
        out.half(section as u16);
        let (shown, names) = (headers.len() as u16, headers.len() as u16 - 1);
        out.half(if self.extended || !self.section_headers { 0 } else { shown });
        out.half(if self.extended { XINDEX } else { names });
        for (section, offset) in self.sections.iter().zip(&offsets).filter(|(s, _)| s.flags & ALLOC != 0) {
            self.program_header(&mut out, section, *offset);
        }
        out.bytes.extend(content);
        if self.section_headers {
            if self.extended {
                headers[0].size = u64::from(shown);
                headers[0].link = u32::from(names);
            }
            for header in &headers {
                section_header(&mut out, header);
            }
        }
        out.bytes
    }

    fn program_header(&self, out: &mut Bytes, section: &OutSection, offset: u64) {
        let flags = 4 | u32::from(section.flags & WRITE != 0) << 1 | u32::from(section.flags & EXEC != 0);
        out.word(1);
        if self.format.wide {
            out.word(flags);
        }
        out.wide(offset);
        out.wide(section.address);
        out.wide(section.lma);
        out.wide(if section.kind == NOBITS { 0 } else { section.size });
        out.wide(section.size);
        if !self.format.wide {
            out.word(flags);
        }
        out.wide(1);
    }

    /// Symbols, their names, and their section numbers where these do not fit.
    fn symbol_table(&self) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let mut symbols =
            Bytes { format: self.format, bytes: vec![0; if self.format.wide { 24 } else { 16 }] };
        let mut extended = Bytes { format: self.format, bytes: vec![0; 4] };
        let mut names = vec![0];
        for symbol in &self.symbols {
            let section = match symbol.section {
                Ok(index) if self.extended => {
                    extended.word(index as u32 + 1);
                    XINDEX
                }
                Ok(index) => {
                    extended.word(0);
                    index as u16 + 1
                }
                Err(special) => {
                    extended.word(0);
                    special
                }
            };
            symbols.word(names.len() as u32);
            names.extend(symbol.name.bytes().chain([0]));
            if self.format.wide {
                symbols.bytes.extend([symbol.info, 0]);
                symbols.half(section);
                symbols.wide(symbol.value);
                symbols.wide(symbol.size);
            } else {
                symbols.wide(symbol.value);
                symbols.wide(symbol.size);
                symbols.bytes.extend([symbol.info, 0]);
                symbols.half(section);
            }
        }
        (symbols.bytes, names, extended.bytes)
    }
}

fn section_header(out: &mut Bytes, header: &Header) {
    out.word(header.name);
    out.word(header.kind);
    out.wide(header.flags);
    out.wide(header.address);
    out.wide(header.offset);
    out.wide(header.size);
    out.word(header.link);
    out.word(0);
    out.wide(1);
    out.wide(header.entry);
}
