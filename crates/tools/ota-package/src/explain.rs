//! Every field of an image, with what it means.

mod content;
mod esp;
mod mcuboot;

use base16ct::lower::encode_string as hex;
use lw_firmware::esp_image::Role;
use lw_firmware::image::Image;
use lw_model::{Align, Cell, Fact, Measure, Report, Table};
use lw_package::ImageKind;

use crate::scan::Checked;

/// Adds facts, measures and tables of an image.
pub(crate) fn add(checked: &Checked, subject: Option<&str>, report: &mut Report) {
    let mut fact = |name: &str, value: String| {
        report.facts.push(Fact { name: name.into(), subject: subject.map(str::to_owned), value });
    };
    fact("file", checked.name.clone());
    fact("kind", kind_name(&checked.image).into());
    if let Some(chip) = checked.chip_name() {
        fact("chip", chip);
    }
    if let Some(version) = checked.image.version() {
        fact("version", version);
    }
    if let Some(project) = checked.image.project() {
        fact("project", project.to_owned());
    }
    if let Some(secure) = checked.image.secure_version() {
        fact("secure version", secure.to_string());
    }
    fact("sha256", hex(&checked.digests.sha256));
    let mut size = Measure::bytes("ota.image.bytes", checked.digests.size);
    size.subject = subject.map(str::to_owned);
    report.measures.push(size);

    let mut tables = match &checked.image {
        Image::Esp(image) => esp::tables(image),
        Image::Mcuboot(image) => mcuboot::tables(image),
        Image::Uf2(image) => content::uf2(image),
        Image::IntelHex(image) => content::intel_hex(image),
        Image::Plain(plain) => {
            let mut fields = Fields::new("content", "Content");
            fields.row(0, "first bytes", String::new(), plain.looks_like.clone());
            vec![fields.table()]
        }
    };
    for table in &mut tables {
        table.subject = subject.map(str::to_owned);
    }
    report.tables.extend(tables.into_iter().filter(|table| !table.rows.is_empty()));
}

/// What an image is, for people.
pub(crate) fn kind_name(image: &Image) -> &'static str {
    match image {
        Image::Esp(image) => match image.role() {
            Role::Application => "ESP application",
            Role::Bootloader => "ESP bootloader",
        },
        Image::Mcuboot(_) => "MCUboot image",
        Image::Uf2(_) => "UF2 file",
        Image::IntelHex(_) => "Intel HEX file",
        Image::Plain(_) => "plain binary",
    }
}

/// What it is in a manifest.
pub(crate) fn image_kind(image: &Image) -> ImageKind {
    match image {
        Image::Esp(_) => ImageKind::EspApp,
        Image::Mcuboot(_) => ImageKind::Mcuboot,
        Image::Uf2(_) => ImageKind::Uf2,
        Image::IntelHex(_) => ImageKind::IntelHex,
        Image::Plain(_) => ImageKind::Binary,
    }
}

/// Rows of offset, field, value and meaning.
pub(crate) struct Fields(Table);

impl Fields {
    pub(crate) fn new(id: &str, title: &str) -> Self {
        Self(Table::new(
            id,
            title,
            &[
                ("Offset", Align::Right),
                ("Field", Align::Left),
                ("Value", Align::Left),
                ("Meaning", Align::Left),
            ],
        ))
    }

    pub(crate) fn row(
        &mut self,
        offset: u64,
        field: &str,
        value: impl Into<String>,
        meaning: impl Into<String>,
    ) {
        let value = value.into();
        self.0.rows.push(vec![
            Cell::Code(format!("{offset:#x}")),
            Cell::Text(field.into()),
            if value.is_empty() { Cell::Empty } else { Cell::Code(value) },
            Cell::Text(meaning.into()),
        ]);
    }

    pub(crate) fn table(self) -> Table {
        self.0
    }
}
