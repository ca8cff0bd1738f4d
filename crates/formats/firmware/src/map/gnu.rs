//! Maps of GNU ld: `lang_map` and `print_*` in `ld/ldlang.c` of binutils.

use goblin::elf::header::{EM_ARM, EM_AVR};
use lw_model::lists::sort_by_key;

use super::{Files, Flavour, Input, InputKind, Map, MapError, OutputSection, check, hex, is_debug, text};
use crate::chip::{Chip, EM_RISCV, EM_XTENSA};
use crate::region::Region;

const REGIONS: &[u8] = b"Memory Configuration";
const BODY: &[u8] = b"Linker script and memory map";
const REFERENCES: &[u8] = b"Cross Reference Table";

/// Whether the file has a heading of GNU ld before the memory map.
pub(super) fn looks_right(bytes: &[u8]) -> bool {
    const HEADINGS: [&[u8]; 6] = [
        REGIONS,
        BODY,
        b"Archive member included to satisfy reference by file (symbol)",
        b"Discarded input sections",
        b"There are no discarded input sections",
        b"As-needed library included to satisfy reference by file (symbol)",
    ];
    super::lines(bytes).any(|line| HEADINGS.contains(&line.trim_ascii_end()))
}

/// Which part of the map a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Why archive members were taken, common symbols, what was thrown away.
    Preamble,
    /// The `MEMORY` block.
    Regions,
    /// Output sections.
    Body,
    /// Who defines and uses each symbol.
    References,
}

/// A name that filled its column, so that its numbers are on the next line.
#[derive(Clone, Copy)]
enum Pending<'a> {
    Output(&'a [u8]),
    Input(&'a [u8]),
}

struct Parser<'a> {
    regions: Vec<Region>,
    sections: Vec<OutputSection<'a>>,
    files: Files<'a>,
    chip: Option<Chip>,
    machine: Option<u16>,
    warnings: Vec<String>,
    pending: Option<Pending<'a>>,
    /// Whether input lines belong to the last of `sections`; they do not inside a debug section.
    open: bool,
    /// Symbols of the common block that was read last, with their addresses.
    commons: Vec<(u64, &'a [u8])>,
    /// `OUTPUT(...)` was seen: ld always writes it, after the last section of the script.
    complete: bool,
    line: u32,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Map<'_>, MapError> {
    let mut parser = Parser {
        regions: Vec::new(),
        sections: Vec::new(),
        files: Files::default(),
        chip: None,
        machine: None,
        warnings: Vec::new(),
        pending: None,
        open: false,
        commons: Vec::new(),
        complete: false,
        line: 0,
    };
    let mut part = Part::Preamble;
    for line in super::lines(bytes) {
        parser.line = parser.line.saturating_add(1);
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        part = match (part, line) {
            (_, REGIONS) => Part::Regions,
            (Part::Preamble | Part::Regions, BODY) => Part::Body,
            (Part::Body, REFERENCES) => Part::References,
            (Part::Regions, _) => {
                parser.region(line)?;
                part
            }
            (Part::Body, _) => {
                parser.body(line)?;
                part
            }
            (Part::Preamble, _) => part,
            (Part::References, _) => break,
        };
    }
    parser.finish_common();
    if !parser.complete {
        return Err(MapError::Cut { line: parser.line });
    }
    Ok(Map {
        flavour: Flavour::Gnu,
        regions: parser.regions,
        sections: parser.sections,
        files: parser.files.files,
        chip: parser.chip,
        machine: parser.machine,
        warnings: parser.warnings,
    })
}

impl<'a> Parser<'a> {
    /// `FLASH            0x08000000         0x00010000         xr`. AVR has attributes of two words: `rw !x`.
    fn region(&mut self, line: &'a [u8]) -> Result<(), MapError> {
        let Some(end) = line.windows(3).position(|window| window == b" 0x") else { return Ok(()) };
        let (name, rest) = line.split_at(end);
        let (origin, rest) = token(rest);
        let (length, attributes) = token(rest);
        let name = text(name.trim_ascii());
        if name != "*default*" {
            self.regions.push(Region {
                origin: self.number("the origin of a region", origin)?,
                length: self.number("the length of a region", length)?,
                attributes: text(attributes.trim_ascii()),
                name,
            });
        }
        Ok(())
    }

    fn body(&mut self, line: &'a [u8]) -> Result<(), MapError> {
        let content = line.trim_ascii_start();
        match line.len() - content.len() {
            0 => self.top_level(line),
            _ if !self.open && self.pending.is_none() => {
                self.symbol(content);
                Ok(())
            }
            1 => self.statement(content),
            _ => self.continued(content),
        }
    }

    /// A line from the first column: an output section, or `LOAD`, `START GROUP`, `OUTPUT(...)`.
    fn top_level(&mut self, line: &'a [u8]) -> Result<(), MapError> {
        self.finish_common();
        self.open = false;
        self.pending = None;
        if let Some(output) = line.strip_prefix(b"OUTPUT(") {
            self.complete = true;
            self.machine = machine(output);
            return Ok(());
        }
        let (name, rest) = token(line);
        if rest.is_empty() {
            self.pending = Some(Pending::Output(name));
            Ok(())
        } else if is_number(rest) {
            self.output(name, rest)
        } else if let Some((name, numbers)) = spaced(line) {
            self.output(name, numbers)
        } else {
            // A name with spaces that fills its column; commands such as `START GROUP` begin with a letter.
            if line.starts_with(b".") {
                self.pending = Some(Pending::Output(line));
            }
            Ok(())
        }
    }

    /// `0xADDRESS 0xSIZE [load address 0xLMA]` after the name of an output section.
    fn output(&mut self, name: &'a [u8], numbers: &'a [u8]) -> Result<(), MapError> {
        let (address, rest) = token(numbers);
        let (size, rest) = token(rest);
        if !is_number(size) || is_debug(name) {
            return Ok(());
        }
        let lma = match rest.strip_prefix(b"load address ") {
            Some(lma) => Some(self.number("a load address", token(lma).0)?),
            None => None,
        };
        let section = OutputSection {
            name: String::from_utf8_lossy(name),
            address: self.number("the address of a section", address)?,
            size: self.number("the size of a section", size)?,
            lma,
            inputs: Vec::new(),
            fills: false,
            line: self.line,
        };
        check(&section)?;
        self.sections.push(section);
        self.open = true;
        Ok(())
    }

    /// A line from the second column: an input section, `*fill*`, `COMMON`, or a pattern of the script.
    fn statement(&mut self, content: &'a [u8]) -> Result<(), MapError> {
        self.finish_common();
        self.pending = None;
        let (name, rest) = token(content);
        if is_number(rest) {
            self.input(name, rest)?;
        } else if rest.is_empty() && !name.contains(&b'(') {
            self.pending = Some(Pending::Input(name));
        } else if let Some((name, numbers)) = spaced(content).filter(|_| !name.contains(&b'(')) {
            self.input(name, numbers)?;
        } else if content.starts_with(b".") && !content.contains(&b'(') {
            self.pending = Some(Pending::Input(content));
        }
        Ok(())
    }

    /// A line further in: the numbers of a name before it, data of the script, or a symbol.
    fn continued(&mut self, content: &'a [u8]) -> Result<(), MapError> {
        let pending = self.pending.take();
        if !is_number(content) {
            return Ok(());
        }
        let (address, rest) = token(content);
        if !is_number(rest) {
            self.symbol(content);
            return Ok(());
        }
        match pending {
            Some(Pending::Output(name)) => self.output(name, content),
            Some(Pending::Input(name)) => self.input(name, content),
            None => {
                let (size, rest) = token(rest);
                // `0x4 (size before relaxing)` has one number only and ended above.
                let kind = token(rest).0;
                if matches!(kind, b"BYTE" | b"SHORT" | b"LONG" | b"QUAD" | b"SQUAD" | b"ASCIZ") {
                    self.finish_common();
                    let address = self.number("the address of data", address)?;
                    let size = self.number("the size of data", size)?;
                    self.push(Input { kind: InputKind::Data, name: kind, address, size, file: None });
                }
                Ok(())
            }
        }
    }

    /// `0xADDRESS 0xSIZE file` after the name of an input section.
    fn input(&mut self, name: &'a [u8], numbers: &'a [u8]) -> Result<(), MapError> {
        let (address, rest) = token(numbers);
        let (size, file) = token(rest);
        if !self.open || !is_number(size) {
            return Ok(());
        }
        let address = self.number("the address of an input section", address)?;
        let size = self.number("the size of an input section", size)?;
        let kind = match name {
            b"*fill*" => InputKind::Fill,
            b"COMMON" => InputKind::Common,
            _ => InputKind::Section,
        };
        if size > 0 {
            let file =
                if kind == InputKind::Fill || file.is_empty() { None } else { Some(self.files.number(file)) };
            self.push(Input { kind, name, address, size, file });
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, input: Input<'a>) {
        if let Some(section) = self.sections.last_mut()
            && self.open
        {
            section.inputs.push(input);
        }
    }

    /// `0xADDRESS   name` or `0xADDRESS   name = expression`.
    fn symbol(&mut self, content: &'a [u8]) {
        let (address, rest) = token(content);
        let common = self.sections.last().filter(|_| self.open).and_then(|section| section.inputs.last());
        let common = common.filter(|input| input.kind == InputKind::Common).copied();
        // Every function has a line here, and next to none tells anything.
        if common.is_none() && !matches!(rest, [b'.', ..] | [b'I', b'D', b'F', b'_', ..]) {
            return;
        }
        let (name, expression) = token(rest);
        if name == b"." {
            if self.open
                && super::moves_by_length(expression)
                && let Some(section) = self.sections.last_mut()
            {
                section.fills = true;
            }
            return;
        }
        if let Some(target) = name.strip_prefix(b"IDF_TARGET_") {
            let target = text(target);
            match target.parse() {
                Ok(chip) => self.chip = Some(chip),
                Err(_) => self.warnings.push(format!("line {}: the chip `{target}` is not known", self.line)),
            }
        }
        if let Some(common) = common
            && let Some(address) = address.strip_prefix(b"0x").and_then(hex)
            && address.checked_sub(common.address).is_some_and(|skip| skip < common.size)
        {
            self.commons.push((address, name));
        }
    }

    /// Splits the common block that was read last into its symbols: ld gives the block one size and
    /// each symbol an address.
    fn finish_common(&mut self) {
        if self.commons.is_empty() {
            return;
        }
        let mut commons = std::mem::take(&mut self.commons);
        sort_by_key(&mut commons, |(address, _)| *address);
        commons.dedup_by_key(|(address, _)| *address);
        let Some(inputs) = self.sections.last_mut().map(|section| &mut section.inputs) else { return };
        let Some(block) = inputs.pop() else { return };
        let end = block.address.saturating_add(block.size);
        if let Some((first, _)) = commons.first()
            && *first > block.address
        {
            inputs.push(Input { size: first - block.address, ..block });
        }
        let next = commons.iter().skip(1).map(|(address, _)| *address).chain([end]);
        for ((address, name), next) in commons.iter().zip(next) {
            inputs.push(Input { name, address: *address, size: next - address, ..block });
        }
    }

    fn number(&self, what: &'static str, digits: &[u8]) -> Result<u64, MapError> {
        let number = if let [b'0', b'x', digits @ ..] = digits { hex(digits) } else { None };
        number.ok_or_else(|| MapError::Number { line: self.line, what, text: text(digits) })
    }
}

/// The machine of `firmware.elf elf32-littleriscv)`, by BFD's name of the format.
fn machine(output: &[u8]) -> Option<u16> {
    const FORMATS: [(&[u8], u16); 4] =
        [(b"arm", EM_ARM), (b"avr", EM_AVR), (b"xtensa", EM_XTENSA), (b"riscv", EM_RISCV)];
    let format = output.strip_suffix(b")")?.rsplit(|byte| *byte == b' ').next()?;
    let has = |word: &[u8]| format.windows(word.len()).any(|window| window == word);
    FORMATS.iter().find(|(word, _)| has(word)).map(|(_, machine)| *machine)
}

/// A section's name that holds spaces, and its numbers: `.my sec         0x0800105c       0x28`.
fn spaced(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memmem::find(line, b" 0x")?;
    let (name, numbers) = line.split_at(end);
    let name = name.trim_ascii_end();
    (!name.is_empty()).then_some((name, numbers.trim_ascii_start()))
}

/// Whether a number begins here. By bytes, as everything that each line of a map goes through: a slice that is compared with another is a
/// call where code is made small.
#[inline]
fn is_number(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x', ..])
}

/// The first word, and what follows it without the spaces between.
#[inline(always)]
fn token(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word, rest.trim_ascii_start())
}
