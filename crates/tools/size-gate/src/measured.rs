//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::bytes("image.bytes", "The file that is flashed, where one is given; else everything that is loaded: the sum of the allocated sections with content").limited_by(&["max", "max-growth", "preset"]),
    MeasureKind::bytes("ram.span", "Static data RAM without what only fills the rest of it, from the start of each region to the end of the last thing in it").limited_by(&["max", "max-growth", "min-free", "preset"]),
    MeasureKind::bytes("ram.bytes", "`ram.span` without gaps and reserved dummies").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("ram.size", "Length of the RAM regions in which something lies").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("ram.free", "`ram.size` less `ram.span`").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("sram.span", "SRAM that is seen at two addresses or holds code and data, both views as one").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("sram.bytes", "`sram.span` without gaps and reserved dummies").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("sram.size", "Length of that SRAM").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("sram.free", "`sram.size` less `sram.span`").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("region.REGION.span", "A memory region from its start to the end of the last thing in it: what GNU ld prints as Used Size").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("region.REGION.bytes", "What is really in the region: without reserved dummies, fillers and gaps").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("region.REGION.size", "Length of the region").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("region.REGION.free", "Length of the region less what is used of it").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("partition.smallest-app.free", "What the image leaves free in the smallest partition an update can go to").limited_by(&["min-free"]),
    MeasureKind::bytes("partition.LABEL.size", "Size of an app partition").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("partition.LABEL.used", "The image in that partition").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("partition.LABEL.free", "What the image leaves free in that partition").limited_by(&["max", "max-growth", "min-free"]),
    MeasureKind::bytes("file.PATH.bytes", "A file, as it lies on disk").limited_by(&["max-file", "max", "max-growth"]),
    MeasureKind::bytes("section.NAME.bytes", "A section; it is measured when a limit names it").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("archive.NAME.bytes", "An archive of the linker map; measured when a limit names it").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("object.NAME.bytes", "An object file of the linker map; measured when a limit names it").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("symbol.NAME.bytes", "A symbol; measured when a limit names it").limited_by(&["max", "max-growth"]),
    MeasureKind::bytes("sum(MEASURES)", "Several measures together; measured when a limit names them").limited_by(&["max", "max-growth", "min-free"]),
];
