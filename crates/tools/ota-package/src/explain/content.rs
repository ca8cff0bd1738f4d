//! What UF2 and Intel HEX files write to flash.

use lw_firmware::image::Nested;
use lw_firmware::intel_hex::{self, Content};
use lw_firmware::uf2;
use lw_model::{Align, Cell, Table};

/// Ranges of addresses that are listed.
const RANGES: usize = 32;

/// What a UF2 file writes, for each family.
pub(super) fn uf2(image: &uf2::Image) -> Vec<Table> {
    let mut table = Table::new(
        "uf2",
        "Families",
        &[("Family", Align::Left), ("Blocks", Align::Right), ("Data", Align::Right)],
    );
    let mut tables = Vec::new();
    for part in &image.parts {
        let family = part.family.map_or_else(|| "none named".to_owned(), |family| family.to_string());
        table.rows.push(vec![
            Cell::Code(family.clone()),
            Cell::Count(i64::from(part.blocks)),
            Cell::Bytes(signed(part.content.size)),
        ]);
        tables.push(ranges(&part.content, &format!("WrittenPackage for {family}")));
    }
    let joined = image.parts.iter().map(|part| part.joined).max().unwrap_or(1);
    let counted = match joined {
        1 => String::new(),
        joined => {
            format!(" The blocks are those of {joined} files, each counted by itself, as esptool joins them.")
        }
    };
    table.note = Some(format!(
        "{} blocks; {} are skipped by boot loaders, {} are files for a container.{counted}",
        image.blocks, image.skipped, image.files
    ));
    tables.insert(0, table);
    tables.extend(nested(image.parts.iter().flat_map(|part| &part.content.nested)));
    tables
}

/// The images in what is written, which were checked as their binaries are.
fn nested<'a>(all: impl Iterator<Item = &'a Nested>) -> Option<Table> {
    let columns = [("At", Align::Right), ("Kind", Align::Left), ("Version", Align::Left)];
    let mut table = Table::new("contained-images", "Images in it", &columns);
    for Nested { address, image, .. } in all {
        let Ok(image) = image else { continue };
        table.rows.push(vec![
            Cell::Code(format!("{address:#010x}")),
            Cell::Text(super::kind_name(image).into()),
            image.version().map_or(Cell::Empty, Cell::Code),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What an Intel HEX file writes.
pub(super) fn intel_hex(image: &intel_hex::Image) -> Vec<Table> {
    let mut table = ranges(&image.content, "Written");
    let start = match image.start {
        Some(intel_hex::Start::Linear(address)) => format!("The program starts at {address:#010x}."),
        Some(intel_hex::Start::Segment { cs, ip }) => format!("The program starts at {cs:#06x}:{ip:#06x}."),
        None => "It does not say where the program starts.".to_owned(),
    };
    let note = table.note.take().map(|note| format!(" {note}")).unwrap_or_default();
    table.note = Some(format!("{} records. {start}{note}", image.records));
    let mut tables = vec![table];
    tables.extend(nested(image.content.nested.iter()));
    tables
}

fn ranges(content: &Content, title: &str) -> Table {
    let mut table =
        Table::new("ranges", title, &[("From", Align::Right), ("To", Align::Right), ("Bytes", Align::Right)]);
    for range in content.ranges.iter().take(RANGES) {
        table.rows.push(vec![
            Cell::Code(format!("{:#010x}", range.start)),
            Cell::Code(format!("{:#010x}", range.end().saturating_sub(1))),
            Cell::Bytes(signed(range.length)),
        ]);
    }
    if content.ranges.len() > RANGES {
        table.note = Some(format!("{} more ranges are left out.", content.ranges.len() - RANGES));
    }
    table
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
