//! Maps of LLD: `writeMapFile` in `lld/ELF/MapFile.cpp`.

use super::{Files, Flavour, Input, InputKind, Map, MapError, OutputSection, check, hex, is_debug, text};

/// Whether the first line is the heading of the columns.
pub(super) fn is_header(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let expected: [&[u8]; 7] = [b"VMA", b"LMA", b"Size", b"Align", b"Out", b"In", b"Symbol"];
    expected.iter().all(|word| words.next() == Some(*word)) && words.next().is_none()
}

pub(super) fn parse(bytes: &[u8]) -> Result<Map<'_>, MapError> {
    let mut sections: Vec<OutputSection<'_>> = Vec::new();
    let mut files = Files::default();
    let mut chip = None;
    let mut open = false;
    let mut number_of_line = 1u32;
    for line in super::lines(bytes).skip(1) {
        number_of_line = number_of_line.saturating_add(1);
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        let (row, content) = Row::read(line, number_of_line)?;
        // One space after the alignment, then eight more per level.
        let name = content.trim_ascii_start();
        match content.len() - name.len() {
            0 | 1 => {
                if let Some(target) = name.strip_prefix(b"IDF_TARGET_") {
                    chip = text(target.split(|byte| *byte == b' ').next().unwrap_or_default()).parse().ok();
                }
                // Everything else out here is a command of the script: `_estack = ORIGIN ( RAM )`, `_end=.`.
                open = !name.iter().any(|byte| matches!(byte, b' ' | b'=' | b'(')) && !is_debug(name);
                if open {
                    let section = OutputSection {
                        name: String::from_utf8_lossy(name),
                        address: row.address,
                        size: row.size,
                        lma: (row.lma != row.address).then_some(row.lma),
                        inputs: Vec::new(),
                        fills: false,
                        line: number_of_line,
                    };
                    check(&section)?;
                    sections.push(section);
                }
            }
            2..=9 if open && row.size > 0 => {
                if let Some(section) = sections.last_mut() {
                    // `. = ORIGIN ( RAM ) + LENGTH ( RAM ) - .`
                    section.fills |= name.first() == Some(&b'.') && super::moves_by_length(name);
                    section.inputs.push(input(&row, name, &mut files));
                }
            }
            // Symbols: names come from the ELF, or from the input section, as with GNU ld.
            _ => {}
        }
    }
    if !bytes.ends_with(b"\n") || sections.is_empty() {
        return Err(MapError::Cut { line: number_of_line });
    }
    Ok(Map {
        flavour: Flavour::Lld,
        regions: Vec::new(),
        sections,
        files: files.files,
        chip,
        machine: None,
        warnings: Vec::new(),
    })
}

struct Row {
    address: u64,
    lma: u64,
    size: u64,
}

impl Row {
    /// VMA, LMA and size are hexadecimal without prefix, the alignment is decimal.
    fn read(line: &[u8], number_of_line: u32) -> Result<(Self, &[u8]), MapError> {
        let mut rest = line;
        let mut next = |what| {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            hex(word).ok_or_else(|| MapError::Number { line: number_of_line, what, text: text(word) })
        };
        let address = next("the address")?;
        let lma = next("the load address")?;
        let size = next("the size")?;
        next("the alignment")?;
        Ok((Self { address, lma, size }, rest))
    }
}

/// `main.o:(.text.f1)`, `lib.a(obj.o):(.data)`, `BYTE ( 1 )`, or `. = ALIGN ( 4 )`, whose size is what it skips.
fn input<'a>(row: &Row, name: &'a [u8], files: &mut Files<'a>) -> Input<'a> {
    let Row { address, size, .. } = *row;
    if let Some(inner) = name.strip_suffix(b")")
        && let Some(colon) = inner.windows(2).rposition(|window| window == b":(")
        && let (Some(path), Some(section)) = (inner.get(..colon), inner.get(colon + 2..))
    {
        let kind = if section == b"COMMON" { InputKind::Common } else { InputKind::Section };
        return Input { kind, name: section, address, size, file: Some(files.number(path)) };
    }
    let word = name.split(|byte| matches!(byte, b' ' | b'(')).next().unwrap_or_default();
    if matches!(word, b"BYTE" | b"SHORT" | b"LONG" | b"QUAD") {
        return Input { kind: InputKind::Data, name: word, address, size, file: None };
    }
    Input { kind: InputKind::Fill, name: b"*fill*", address, size, file: None }
}
