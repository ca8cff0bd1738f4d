//! The ELF file of a generated program.
//!
//! Layout: System V ABI, chapter 4 (32 bits, little-endian), and the RISC-V ELF psABI for `e_machine` and `e_flags`.

use crate::generate::program::{Program, Section, Use};
use crate::generate::rng::Rng;

const HEADER: u32 = 52;
const PROGRAM_HEADER: u32 = 32;
const SECTION_HEADER: u32 = 40;
const PAGE: u32 = 0x1000;

const EM_RISCV: u16 = 243;
/// `EF_RISCV_RVC`: compressed instructions.
const FLAGS: u32 = 1;

const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
const NOBITS: u32 = 8;

const WRITE: u32 = 1;
const ALLOC: u32 = 2;
const EXEC: u32 = 4;

/// One section header to be written.
struct Header {
    name: &'static str,
    kind: u32,
    flags: u32,
    address: u32,
    offset: u32,
    size: u32,
    link: u32,
    info: u32,
    entry: u32,
}

/// A string table under construction.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u32 {
        let at = u32::try_from(self.0.len()).unwrap_or(0);
        self.0.extend(text.as_bytes());
        self.0.push(0);
        at
    }
}

fn put(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn at(out: &[u8]) -> u32 {
    u32::try_from(out.len()).unwrap_or(u32::MAX)
}

fn align(out: &mut Vec<u8>, alignment: u32) {
    out.resize(out.len().next_multiple_of(alignment as usize), 0);
}

fn noise(out: &mut Vec<u8>, size: u32, rng: &mut Rng) {
    let end = out.len() + size as usize;
    while out.len() < end {
        out.extend(rng.next().to_le_bytes());
    }
    out.truncate(end);
}

/// The file.
pub(crate) fn write(program: &Program, seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let loaded: Vec<&Section> =
        program.sections.iter().filter(|section| section.purpose != Use::Dummy).collect();
    let mut out = vec![0; (HEADER + PROGRAM_HEADER * at_len(loaded.len())) as usize];
    let mut headers = vec![Header {
        name: "",
        kind: 0,
        flags: 0,
        address: 0,
        offset: 0,
        size: 0,
        link: 0,
        info: 0,
        entry: 0,
    }];
    let plain = |name, kind, flags, address, offset, size| Header {
        name,
        kind,
        flags,
        address,
        offset,
        size,
        link: 0,
        info: 0,
        entry: 0,
    };

    let mut program_headers = Vec::new();
    for section in &program.sections {
        let (kind, flags) = match section.purpose {
            Use::Code => (PROGBITS, ALLOC | EXEC),
            // `.flash.rodata` of ESP-IDF is writable as well.
            Use::Data | Use::Rodata => (PROGBITS, ALLOC | WRITE),
            Use::Bss | Use::Dummy => (NOBITS, ALLOC | WRITE),
        };
        // A page of the file is a page of memory.
        align(&mut out, PAGE);
        out.resize(out.len() + (section.address % PAGE) as usize, 0);
        let offset = at(&out);
        if kind == PROGBITS {
            noise(&mut out, section.size, &mut rng);
        }
        headers.push(plain(section.name, kind, flags, section.address, offset, section.size));
        if section.purpose != Use::Dummy {
            let in_file = if kind == PROGBITS { section.size } else { 0 };
            let permissions = if section.purpose == Use::Code { 5 } else { 6 };
            let address = section.address;
            put(
                &mut program_headers,
                &[1, offset, address, address, in_file, section.size, permissions, PAGE],
            );
        }
    }

    let debug: u32 = program.debug.iter().sum();
    for (name, size) in [
        (".debug_info", debug / 2),
        (".debug_line", debug / 4),
        (".debug_str", debug - debug / 2 - debug / 4),
    ] {
        let offset = at(&out);
        noise(&mut out, size, &mut rng);
        headers.push(plain(name, PROGBITS, 0, 0, offset, size));
    }

    align(&mut out, 4);
    let symtab = at(&out);
    let mut strings = Strings(vec![0]);
    put(&mut out, &[0; 4]);
    let (order, locals) = program.symbol_order();
    for symbol in order.iter().filter_map(|index| program.symbols.get(*index)) {
        let code = program.sections.get(symbol.section).is_some_and(|section| section.purpose == Use::Code);
        let name = strings.add(&symbol.name);
        put(&mut out, &[name, symbol.address, symbol.size]);
        let binding = u8::from(symbol.global) << 4;
        out.extend([binding | if code { 2 } else { 1 }, 0]);
        out.extend(u16::try_from(symbol.section + 1).unwrap_or(0).to_le_bytes());
    }
    let size = at(&out) - symtab;
    let link = at_len(headers.len()) + 1;
    headers.push(Header {
        link,
        info: at_len(locals) + 1,
        entry: 16,
        ..plain(".symtab", SYMTAB, 0, 0, symtab, size)
    });
    headers.push(plain(".strtab", STRTAB, 0, 0, at(&out), at(&strings.0)));
    out.extend(&strings.0);

    let mut names = Strings(Vec::new());
    let mut name_offsets: Vec<u32> = headers.iter().map(|header| names.add(header.name)).collect();
    name_offsets.push(names.add(".shstrtab"));
    headers.push(plain(".shstrtab", STRTAB, 0, 0, at(&out), at(&names.0)));
    out.extend(&names.0);

    align(&mut out, 4);
    let section_headers = at(&out);
    for (header, name) in headers.iter().zip(name_offsets) {
        let Header { kind, flags, address, offset, size, link, info, entry, .. } = *header;
        put(&mut out, &[name, kind, flags, address, offset, size, link, info, 4, entry]);
    }

    let mut head = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    head.extend(2u16.to_le_bytes());
    head.extend(EM_RISCV.to_le_bytes());
    put(&mut head, &[1, program.sections.first().map_or(0, |s| s.address), HEADER, section_headers, FLAGS]);
    for half in [
        HEADER,
        PROGRAM_HEADER,
        at_len(loaded.len()),
        SECTION_HEADER,
        at_len(headers.len()),
        at_len(headers.len()) - 1,
    ] {
        head.extend(u16::try_from(half).unwrap_or(0).to_le_bytes());
    }
    head.extend(program_headers);
    for (to, from) in out.iter_mut().zip(head) {
        *to = from;
    }
    out
}

fn at_len(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
