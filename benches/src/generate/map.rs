//! The linker map of a generated program, as GNU ld writes it.

use std::io::{self, Write};

use crate::generate::program::{Input, Program, REGIONS, Use};

/// Writes the map.
pub(crate) fn write(program: &Program, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Archive member included to satisfy reference by file (symbol)\n")?;
    let members: Vec<_> = (0..program.objects.len()).map(|object| member(program, object)).collect();
    for (index, object) in members.iter().enumerate() {
        writeln!(out, "{object}")?;
        let reason = index.checked_sub(1).and_then(|before| members.get(before)).map_or("", String::as_str);
        writeln!(out, "                              {reason} (symbol_{index})")?;
    }
    writeln!(out, "\nDiscarded input sections\n")?;
    for object in members.iter().step_by(3) {
        writeln!(out, " .text          0x00000000        0x0 {object}")?;
    }
    writeln!(out, "\nMemory Configuration\n")?;
    writeln!(out, "Name             Origin             Length             Attributes")?;
    for (name, origin, length, attributes) in REGIONS {
        writeln!(out, "{name:<16} {origin:#010x}         {length:#010x}         {attributes}")?;
    }
    writeln!(out, "*default*        0x00000000         0xffffffff")?;
    writeln!(out, "\nLinker script and memory map\n")?;
    writeln!(out, "                0x00000000                        IDF_TARGET_ESP32C3 = 0x0")?;
    for archive in &program.archives {
        writeln!(out, "LOAD {archive}")?;
    }
    for section in &program.sections {
        writeln!(out)?;
        heading(out, 16, section.name, section.address, section.size)?;
        writeln!(out)?;
        if section.purpose == Use::Dummy {
            writeln!(
                out,
                " *fill*         {:#010x} {:>10} ",
                section.address,
                format!("{:#x}", section.size)
            )?;
            continue;
        }
        writeln!(out, " *({0} {0}.*)", section.name)?;
        for input in &section.inputs {
            self::input(program, &members, input, out)?;
        }
        writeln!(
            out,
            "                {:#010x}                        . = ALIGN (0x4)",
            section.address + section.size
        )?;
    }
    let debug: u32 = program.debug.iter().sum();
    writeln!(out)?;
    heading(out, 16, ".debug_info", 0, debug / 2)?;
    writeln!(out)?;
    for (object, range) in program.debug_ranges() {
        let Some(object) = members.get(object) else { continue };
        writeln!(
            out,
            " .debug_info    {:#010x} {:>10} {object}",
            range.start / 2,
            format!("{:#x}", range.len() / 2)
        )?;
    }
    writeln!(out, "OUTPUT(firmware.elf elf32-littleriscv)")
}

fn member(program: &Program, object: usize) -> String {
    let Some(object) = program.objects.get(object) else { return String::new() };
    let archive = program.archives.get(object.archive).map_or("", String::as_str);
    format!("{archive}({})", object.name)
}

/// Name, address and size; a long name stands on a line of its own.
fn heading(out: &mut impl Write, width: usize, name: &str, address: u32, size: u32) -> io::Result<()> {
    if name.len() < width {
        write!(out, "{name:<width$}")?;
    } else {
        write!(out, "{name}\n{:16}", "")?;
    }
    write!(out, "{address:#010x} {:>10}", format!("{size:#x}"))
}

fn input(program: &Program, members: &[String], input: &Input, out: &mut impl Write) -> io::Result<()> {
    if input.fill > 0 {
        writeln!(
            out,
            " *fill*         {:#010x} {:>10} ",
            input.address - input.fill,
            format!("{:#x}", input.fill)
        )?;
    }
    write!(out, " ")?;
    heading(out, 15, &input.name, input.address, input.size)?;
    writeln!(out, " {}", members.get(input.object).map_or("", String::as_str))?;
    if let Some(size) = input.unrelaxed {
        writeln!(out, "{:>37} (size before relaxing)", format!("{size:#x}"))?;
    }
    for symbol in
        input.symbols.iter().filter_map(|index| program.symbols.get(*index)).filter(|symbol| symbol.global)
    {
        writeln!(out, "                {:#010x}                {}", symbol.address, symbol.name)?;
    }
    Ok(())
}
