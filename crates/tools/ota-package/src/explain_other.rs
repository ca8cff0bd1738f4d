//! What is told of images that are none of an ESP chip.

use lw_firmware::image::Image;
use lw_firmware::intel_hex::{self, Content};
use lw_firmware::mcuboot::{self, Flag, Tlv, TlvKind, Trailing};
use lw_firmware::uf2;
use lw_model::{Align, ByteSize, Cell, Table};
use lw_package::ImageKind;

use crate::explain::Fields;
use crate::scan::hex;

/// Bytes of a TLV that are shown: a digest or a key hash as a whole, a signature as its beginning.
const SHOWN: usize = 64;
/// Ranges of addresses that are listed.
const RANGES: usize = 32;

/// What an image is, for people.
pub(crate) fn kind_name(image: &Image) -> &'static str {
    match image {
        Image::Esp(_) => "ESP image",
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

/// The tables of an image.
pub(crate) fn tables(image: &Image) -> Vec<Table> {
    match image {
        Image::Esp(_) => Vec::new(),
        Image::Mcuboot(image) => vec![header(image), tlvs(image), behind(image)],
        Image::Uf2(image) => uf2(image),
        Image::IntelHex(image) => intel_hex(image),
        Image::Plain(plain) => {
            let mut fields = Fields::new("content", "Content");
            fields.row(0, "first bytes", String::new(), plain.looks_like.clone());
            vec![fields.table()]
        }
    }
}

fn header(image: &mcuboot::Image) -> Table {
    let mut fields = Fields::new("header", "Header");
    let header = &image.header;
    fields.row(0, "ih_magic", "0x96f3b83d", "MCUboot image");
    fields.row(
        4,
        "ih_load_addr",
        format!("{:#010x}", header.load_addr),
        "where it is loaded or linked to, with RAM_LOAD or ROM_FIXED",
    );
    fields.row(8, "ih_hdr_size", header.header_size.to_string(), "where the payload starts");
    fields.row(10, "ih_protect_tlv_size", header.protected_size.to_string(), "bytes of TLVs the hash covers");
    fields.row(
        12,
        "ih_img_size",
        header.image_size.to_string(),
        format!("{} of payload", ByteSize(header.image_size.into())),
    );
    let mut flags: Vec<String> = header.flags.names().map(str::to_owned).collect();
    if header.flags.unknown() != 0 {
        flags.push(format!("unknown {:#x}", header.flags.unknown()));
    }
    fields.row(
        16,
        "ih_flags",
        format!("{:#x}", header.flags.0),
        if flags.is_empty() { "none".to_owned() } else { flags.join(", ") },
    );
    fields.row(20, "ih_ver", header.version.to_string(), "version of the application");
    fields.table()
}

fn tlvs(image: &mcuboot::Image) -> Table {
    let mut table = Table::new(
        "tlvs",
        "TLVs",
        &[
            ("Offset", Align::Right),
            ("Type", Align::Left),
            ("Length", Align::Right),
            ("Value", Align::Left),
            ("Meaning", Align::Left),
        ],
    );
    let protected = image.protected.iter().map(|tlv| (tlv, true));
    for (tlv, is_protected) in protected.chain(image.unprotected.iter().map(|tlv| (tlv, false))) {
        let shown = tlv.data.get(..SHOWN).unwrap_or(&tlv.data);
        let mut value = hex(shown);
        if shown.len() < tlv.data.len() {
            value.push('…');
        }
        table.rows.push(vec![
            Cell::Code(format!("{:#x}", tlv.offset)),
            Cell::Text(tlv.kind.to_string()),
            Cell::Bytes(i64::try_from(tlv.data.len()).unwrap_or(i64::MAX)),
            Cell::Code(value),
            Cell::Text(meaning(tlv, is_protected)),
        ]);
    }
    table
}

fn meaning(tlv: &Tlv, is_protected: bool) -> String {
    let text = match tlv.kind {
        kind if kind.is_signature() => "signature; `sign verify` checks it against a key",
        TlvKind::SHA256 | TlvKind::SHA384 | TlvKind::SHA512 => {
            "hash of header, payload and protected TLVs: holds"
        }
        TlvKind::KEYHASH => "hash of the public key that signed",
        TlvKind::PUBKEY => "the public key that signed",
        TlvKind::SIG_PURE => "the signature is over the image, not over its hash",
        TlvKind::SEC_CNT => "security counter: a device refuses an image below the one it has stored",
        TlvKind::DEPENDENCY => "another image this one needs",
        TlvKind::BOOT_RECORD => "boot record for attestation",
        kind if kind.is_vendor() => "a vendor's own",
        _ => "",
    };
    match (is_protected, text) {
        (true, "") => "protected".to_owned(),
        (true, text) => format!("{text} (protected)"),
        (false, text) => text.to_owned(),
    }
}

fn behind(image: &mcuboot::Image) -> Table {
    let mut fields = Fields::new("trailing", "Behind the image");
    match &image.trailing {
        Trailing::None => {}
        Trailing::Padding { offset } => {
            fields.row(
                *offset,
                "padding",
                ByteSize(image.total_len.saturating_sub(*offset)).to_string(),
                "0xff up to the end of the file",
            );
        }
        Trailing::Slot(trailer) => {
            let flag = |flag: Flag| match flag {
                Flag::Set => "set".to_owned(),
                Flag::Unset => "not set".to_owned(),
                Flag::Bad(byte) => format!("{byte:#04x}: damaged"),
            };
            fields.row(
                trailer.offset,
                "image_ok",
                flag(trailer.image_ok),
                "the image is confirmed and is not reverted",
            );
            fields.row(trailer.offset, "copy_done", flag(trailer.copy_done), "a swap was completed");
            if let Some(name) = trailer.swap_name() {
                fields.row(trailer.offset, "swap_info", name, "kind of swap");
            }
        }
        Trailing::Other { offset, length } => {
            fields.row(
                *offset,
                "trailing data",
                ByteSize(*length).to_string(),
                "the bootloader does not look at it",
            );
        }
    }
    fields.table()
}

fn uf2(image: &uf2::Image) -> Vec<Table> {
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
        tables.push(ranges(&part.content, &format!("Written for {family}")));
    }
    table.note = Some(format!(
        "{} blocks; {} are skipped by boot loaders, {} are files for a container.",
        image.blocks, image.skipped, image.files
    ));
    tables.insert(0, table);
    tables
}

fn intel_hex(image: &intel_hex::Image) -> Vec<Table> {
    let mut table = ranges(&image.content, "Written");
    let start = match image.start {
        Some(intel_hex::Start::Linear(address)) => format!("The program starts at {address:#010x}."),
        Some(intel_hex::Start::Segment { cs, ip }) => format!("The program starts at {cs:#06x}:{ip:#06x}."),
        None => "It does not say where the program starts.".to_owned(),
    };
    let note = table.note.take().map(|note| format!(" {note}")).unwrap_or_default();
    table.note = Some(format!("{} records. {start}{note}", image.records));
    vec![table]
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
