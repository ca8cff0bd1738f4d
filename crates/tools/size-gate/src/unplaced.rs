//! What no limit of a region can see: sections outside every region, and data where no RAM is.

use lw_firmware::memory::{PlacementRole, Unplaced};
use lw_model::{ByteSize, Finding, Level, Report};

use crate::analyse::Firmware;

/// Sections that are named; the rest is a number.
const MAX_NAMED: usize = 5;

/// Tells what lies in no region of a firmware: a failure where a limit of memory depends on it.
pub(crate) fn tell(report: &mut Report, firmware: &Firmware) {
    let Some(memory) = &firmware.memory else { return };
    let subject = firmware.subject.as_deref();
    let limited = |families: &[&str]| {
        report.limits().any(|(name, of, _)| {
            (of.is_none() || of == subject)
                && families.iter().any(|family| {
                    let inner = name.strip_prefix("sum(").unwrap_or(name);
                    inner
                        .split(", ")
                        .any(|name| name.starts_with(family) || name.contains(&format!("/{family}")))
                })
        })
    };
    let memory_limit = limited(&["ram", "sram", "region.", "image", "flash"]);
    let ram_limit = limited(&["ram", "sram", "region."]);
    let level = if memory_limit { Level::Error } else { Level::Note };
    for unplaced in memory.unplaced.iter().take(MAX_NAMED) {
        let finding = Finding::new("size-gate/unplaced", level, &unplaced.section, message(unplaced))
            .help(format!(
                "add the region, as in --region NAME={:#x}+SIZE, or pass the map or linker script of this build",
                unplaced.address
            ))
            .about(subject);
        report.add_finding(finding);
    }
    if let Some(more) = memory.unplaced.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        let message = format!("{more} more sections lie in no memory region");
        report.add_finding(Finding::new("size-gate/unplaced", level, "more", message).about(subject));
    }
    if let (Some((section, address)), Some(chip)) = (&memory.outside_chip, memory.chip) {
        let message = format!(
            "the {chip} has no memory at {address:#x}, where `{section}` lies: the firmware is of another chip"
        );
        let level = if memory_limit { Level::Error } else { Level::Warning };
        let finding = Finding::new("size-gate/other-chip", level, section, message)
            .help("name the chip the firmware was built for, or leave the chip out")
            .about(subject);
        report.add_finding(finding);
    }
    if let Some(section) = &memory.writable_outside_ram {
        let message = format!("static RAM is 0 B, but `{section}` is written to: no region counts as RAM");
        let level = if ram_limit { Level::Error } else { Level::Warning };
        let finding = Finding::new("size-gate/no-ram", level, section, message)
            .help("say which region is RAM, as in --region-kind NAME=ram; the table of region kinds has what each was taken for")
            .about(subject);
        report.add_finding(finding);
    }
}

fn message(unplaced: &Unplaced) -> String {
    let what = match (unplaced.role, unplaced.ram) {
        (PlacementRole::Load, _) => "content of ",
        (PlacementRole::Run, _) => "",
    };
    let kind = if unplaced.ram { " of RAM" } else { "" };
    let nearest = match &unplaced.nearest {
        Some(region) => format!("; {region} would hold it if it reached there"),
        None => String::new(),
    };
    format!(
        "{what}`{}`, {}{kind} at {:#x}, lies in no memory region, so no limit of a region sees it{nearest}",
        unplaced.section,
        ByteSize(unplaced.size),
        unplaced.address
    )
}
