//! Every field of an image of an ESP chip.

use base16ct::lower::encode_string as hex;
use lw_firmware::esp_image::{
    AppDescriptor, AppImage, BootloaderDescriptor, ExtendedHeader, Format, Header, Trailing,
};
use lw_model::{Align, ByteSize, Cell, Table};

use crate::explain::Fields;
use crate::scan::revision;

/// Every field of an image, and of the one after it in an ESP8266 file.
pub(super) fn tables(image: &AppImage) -> Vec<Table> {
    let mut tables =
        vec![header(image), segments(image), integrity(image), descriptor(image), trailing(image)];
    if let Trailing::Second(second) = &image.trailing {
        let second = &second.image;
        for mut table in [header(second), segments(second), trailing(second)] {
            table.title = format!("Application: {}", table.title);
            table.id = format!("application-{}", table.id);
            tables.push(table);
        }
    }
    tables
}

fn header(image: &AppImage) -> Table {
    let mut fields = Fields::new("header", "Header");
    let header = &image.header;
    let base = header.offset;
    fields.row(
        base,
        "magic",
        "0xe9",
        match image.format {
            Format::Esp32 => "ESP image of ESP32 and later",
            Format::Esp8266V1 => "ESP8266 image, version 1",
            Format::Esp8266V2 => "ESP8266 image, version 2: after the code that runs from flash",
        },
    );
    fields.row(
        base + 1,
        "segment_count",
        header.segment_count.to_string(),
        "parts that are loaded or mapped",
    );
    fields.row(
        base + 2,
        "spi_mode",
        format!("{:#04x}", header.flash_mode),
        header.flash_mode_name().unwrap_or("unknown flash mode"),
    );
    fields.row(base + 3, "spi_speed", format!("{:#x}", header.flash_speed), speed(header));
    fields.row(
        base + 3,
        "spi_size",
        format!("{:#x}", header.flash_size),
        header.flash_bytes().map_or_else(
            || "unknown flash size".to_owned(),
            |bytes| format!("{} of flash", ByteSize(u64::from(bytes))),
        ),
    );
    fields.row(base + 4, "entry_addr", format!("{:#010x}", header.entry), "where the loader jumps to");
    if let Some(extended) = &header.extended {
        extended_rows(image, extended, &mut fields);
    }
    fields.table()
}

fn speed(header: &Header) -> String {
    header.flash_mhz().map_or_else(
        || "flash clock, which this chip has no one name for".to_owned(),
        |mhz| format!("{mhz} MHz"),
    )
}

fn extended_rows(image: &AppImage, extended: &ExtendedHeader, fields: &mut Fields) {
    let wp = match extended.wp_pin {
        0xEE => "write-protect pin not used".to_owned(),
        pin => format!("write-protect pin is GPIO {pin}"),
    };
    fields.row(8, "wp_pin", format!("{:#04x}", extended.wp_pin), wp);
    fields.row(9, "spi_pin_drv", hex(&extended.pin_drive), "drive strengths: clk and q, d and cs, hd and wp");
    fields.row(
        12,
        "chip_id",
        extended.chip.0.to_string(),
        image.chip_name().unwrap_or("unknown chip").to_owned(),
    );
    fields.row(
        14,
        "min_chip_rev",
        extended.min_revision_legacy.to_string(),
        "lowest chip revision in the old numbering",
    );
    fields.row(
        15,
        "min_chip_rev_full",
        extended.min_revision.to_string(),
        format!("runs on chip revision {} and later", revision(extended.min_revision)),
    );
    fields.row(
        17,
        "max_chip_rev_full",
        extended.max_revision.to_string(),
        match extended.max_revision {
            0 => "no highest chip revision (not set)".to_owned(),
            u16::MAX => "no highest chip revision".to_owned(),
            max => format!("runs on chip revision {} and earlier", revision(max)),
        },
    );
    fields.row(
        23,
        "hash_appended",
        extended.hash_appended.to_string(),
        if extended.hash_appended == 1 { "a SHA-256 follows the checksum" } else { "no SHA-256 follows" },
    );
}

fn segments(image: &AppImage) -> Table {
    let mut table = Table::new(
        "segments",
        "Segments",
        &[
            ("#", Align::Right),
            ("Offset", Align::Right),
            ("Load address", Align::Right),
            ("Length", Align::Right),
            ("Where", Align::Left),
        ],
    );
    let mapped: Vec<usize> = image.mapped().map(|(index, _)| index).collect();
    for (index, segment) in image.segments.iter().enumerate() {
        let place = match (mapped.contains(&index), segment.load_addr, image.format) {
            (true, _, _) => "mapped from flash",
            (_, 0, Format::Esp32) => "padding",
            (_, 0x4020_0000..=0x402F_FFFF, Format::Esp8266V2 | Format::Esp8266V1) => "runs from flash",
            (_, 0, Format::Esp8266V2) if index == 0 => "runs from flash",
            _ => "copied to RAM",
        };
        table.rows.push(vec![
            Cell::Count(i64::try_from(index).unwrap_or(i64::MAX)),
            Cell::Code(format!("{:#x}", segment.offset)),
            Cell::Code(format!("{:#010x}", segment.load_addr)),
            Cell::Bytes(i64::from(segment.length)),
            Cell::Text(place.into()),
        ]);
    }
    if let Some(page) = image.mmu_page_size() {
        table.note = Some(format!("MMU page size {}.", ByteSize(u64::from(page))));
    }
    table
}

fn integrity(image: &AppImage) -> Table {
    let mut fields = Fields::new("integrity", "Checks");
    let sum = image.checksum;
    fields.row(sum.offset, "checksum", format!("{:#04x}", sum.stored), "XOR of all segment data: holds");
    if let Some(digest) = image.digest {
        let outcome = if digest.stored == digest.computed {
            "holds; names the base of an esp_delta_ota patch"
        } else {
            "does not hold: the header was changed after the build"
        };
        fields.row(digest.offset, "sha256", hex(&digest.stored), outcome);
    }
    if let Some(crc) = image.crc {
        fields.row(
            crc.offset,
            "crc32",
            format!("{:#010x}", crc.stored),
            "CRC-32 of everything before it: holds",
        );
    }
    fields.table()
}

fn descriptor(image: &AppImage) -> Table {
    match (&image.app, &image.bootloader) {
        (Some(app), _) => application(app),
        (None, Some(bootloader)) => loader(bootloader),
        (None, None) => Fields::new("descriptor", "Descriptor").table(),
    }
}

fn application(app: &AppDescriptor) -> Table {
    let mut fields = Fields::new("descriptor", "Application descriptor");
    let at = app.offset;
    fields.row(at, "magic_word", "0xabcd5432", "esp_app_desc_t");
    fields.row(
        at + 4,
        "secure_version",
        app.secure_version.to_string(),
        "anti-rollback: a device refuses an image below the one in its eFuses",
    );
    fields.row(at + 16, "version", app.version.clone(), "version of the application, 31 bytes at most");
    fields.row(at + 48, "project_name", app.project_name.clone(), "project");
    fields.row(at + 80, "time", app.time.clone(), "time of the build");
    fields.row(at + 96, "date", app.date.clone(), "date of the build");
    fields.row(at + 112, "idf_ver", app.idf_version.clone(), "version of ESP-IDF");
    let elf = app.app_elf_sha256;
    fields.row(
        at + 144,
        "app_elf_sha256",
        if elf == [0; 32] { String::new() } else { hex(&elf) },
        if elf == [0; 32] { "not recorded" } else { "SHA-256 of the ELF file the image was made from" },
    );
    fields.row(
        at + 176,
        "min_efuse_blk_rev_full",
        app.min_efuse_block_revision.to_string(),
        format!("eFuse block revision {} and later", revision(app.min_efuse_block_revision)),
    );
    fields.row(
        at + 178,
        "max_efuse_blk_rev_full",
        app.max_efuse_block_revision.to_string(),
        match app.max_efuse_block_revision {
            0 => "no highest eFuse block revision (not set)".to_owned(),
            u16::MAX => "no highest eFuse block revision".to_owned(),
            max => format!("eFuse block revision {} and earlier", revision(max)),
        },
    );
    fields.row(
        at + 180,
        "mmu_page_size",
        app.mmu_page_size.map(|page| page.to_string()).unwrap_or_default(),
        app.mmu_page_size.map_or_else(
            || "not recorded".to_owned(),
            |page| format!("built for MMU pages of {}", ByteSize(u64::from(page))),
        ),
    );
    fields.table()
}

fn loader(bootloader: &BootloaderDescriptor) -> Table {
    let mut fields = Fields::new("descriptor", "Bootloader descriptor");
    let at = bootloader.offset;
    fields.row(at, "magic_byte", "80", "esp_bootloader_desc_t");
    fields.row(
        at + 3,
        "secure_version",
        bootloader.secure_version.to_string(),
        "anti-rollback of the bootloader",
    );
    fields.row(
        at + 4,
        "version",
        bootloader.version.to_string(),
        "version of the bootloader, set by the project",
    );
    fields.row(at + 8, "idf_ver", bootloader.idf_version.clone(), "version of ESP-IDF");
    fields.row(at + 40, "date_time", bootloader.date_time.clone(), "date and time of the build");
    fields.table()
}

/// What follows the image.
fn trailing(image: &AppImage) -> Table {
    let mut fields = Fields::new("trailing", "After the image");
    match &image.trailing {
        Trailing::None => {}
        Trailing::Padding { offset } => fields.row(
            *offset,
            "padding",
            ByteSize(image.total_len.saturating_sub(*offset)).to_string(),
            "0xff up to the end of the file",
        ),
        Trailing::SignatureV1 { offset } => fields.row(
            *offset,
            "signature",
            "Secure Boot V1",
            "ECDSA P-256 over the file; `sign verify` checks it against a key",
        ),
        Trailing::SignatureV2 { offset, blocks, extra } => {
            fields.row(
                *offset,
                "signature sector",
                "Secure Boot V2",
                "`sign verify` checks it against a key",
            );
            for block in blocks {
                fields.row(
                    block.offset,
                    "signature block",
                    hex(&block.key_digest),
                    format!(
                        "{}: SHA-256 of the public key, which the chip's eFuses hold",
                        block.scheme.name()
                    ),
                );
            }
            if *extra > 0 {
                fields.row(
                    *offset + 0x1000,
                    "trailing data",
                    ByteSize(*extra).to_string(),
                    "after the signature sector",
                );
            }
        }
        Trailing::FlashContents { table } => {
            fields.row(*table, "partition table", String::new(), "a merged flash image");
        }
        Trailing::Second(second) => {
            let core = &second.core;
            fields.row(
                second.image.header.offset,
                "second image",
                String::new(),
                "the application after a boot loader",
            );
            let sum = second.image.checksum;
            fields.row(
                sum.offset,
                "checksum",
                format!("{:#04x}", sum.stored),
                "XOR of the application's segment data: holds",
            );
            if u64::from(core.length) == image.total_len {
                fields.row(
                    core.offset,
                    "__crc_len",
                    core.length.to_string(),
                    "Arduino core: bytes of the file",
                );
                fields.row(
                    core.crc.offset,
                    "__crc_val",
                    format!("{:#010x}", core.crc.stored),
                    "Arduino core: CRC-32 of the file: holds",
                );
            }
        }
        Trailing::Uncovered { offset, length } => fields.row(
            *offset,
            "code or data",
            ByteSize(*length).to_string(),
            "no checksum covers it: not checked",
        ),
        Trailing::Other { offset, length } => {
            fields.row(*offset, "trailing data", ByteSize(*length).to_string(), "no device checks it");
        }
    }
    fields.table()
}
