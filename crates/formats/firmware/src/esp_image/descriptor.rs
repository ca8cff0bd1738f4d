//! The descriptions a build leaves inside an image.
//!
//! Layouts: ESP-IDF `components/esp_app_format/include/esp_app_desc.h` (256 bytes) and
//! `components/esp_bootloader_format/include/esp_bootloader_desc.h` (80 bytes).

use crate::bytes::{array_at, text, u16_at, u32_at};

/// `esp_app_desc_t`: what an application says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppDescriptor {
    /// Where it is in the file.
    pub offset: u64,
    /// Anti-rollback counter; the chip refuses an image below the one in its eFuses.
    pub secure_version: u32,
    /// Version of the application; 31 bytes at most, so a long `git describe` is cut.
    pub version: String,
    /// Name of the project.
    pub project_name: String,
    /// Time of the build, as the compiler wrote it; empty in a reproducible build.
    pub time: String,
    /// Date of the build, as the compiler wrote it; empty in a reproducible build.
    pub date: String,
    /// Version of ESP-IDF.
    pub idf_version: String,
    /// SHA-256 of the ELF file the image was made from; all zero when it was not recorded.
    pub app_elf_sha256: [u8; 32],
    /// Lowest eFuse block revision, major * 100 + minor.
    pub min_efuse_block_revision: u16,
    /// Highest eFuse block revision, major * 100 + minor.
    pub max_efuse_block_revision: u16,
    /// MMU page size in bytes, when the build recorded it.
    pub mmu_page_size: Option<u32>,
    /// Flash mode the application was built for, numbered as in the header; 0 where the build did not record
    /// it (the field is reserved in older versions of ESP-IDF), and then it means nothing.
    pub flash_mode: u8,
}

impl AppDescriptor {
    /// `ESP_APP_DESC_MAGIC_WORD`.
    const MAGIC: u32 = 0xABCD_5432;
    pub(super) const LENGTH: usize = 256;

    /// The description a segment starts with, whose data is at `offset`.
    pub(super) fn read(segment: &[u8], offset: u64) -> Option<Self> {
        let desc = segment.get(..Self::LENGTH)?;
        if u32_at(desc, 0)? != Self::MAGIC {
            return None;
        }
        Some(Self {
            offset,
            secure_version: u32_at(desc, 4)?,
            version: text(desc.get(16..48)?),
            project_name: text(desc.get(48..80)?),
            time: text(desc.get(80..96)?),
            date: text(desc.get(96..112)?),
            idf_version: text(desc.get(112..144)?),
            app_elf_sha256: array_at(desc, 144)?,
            min_efuse_block_revision: u16_at(desc, 176)?,
            max_efuse_block_revision: u16_at(desc, 178)?,
            mmu_page_size: match *desc.get(180)? {
                // 0 is "not recorded"; anything outside 4 KiB to 1 MiB is no page size of any chip.
                log2 @ 12..=20 => Some(1 << log2),
                _ => None,
            },
            flash_mode: *desc.get(181)?,
        })
    }
}

/// `esp_bootloader_desc_t`: what a second-stage bootloader says of itself (ESP-IDF 5.1 and later).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootloaderDescriptor {
    /// Where it is in the file.
    pub offset: u64,
    /// Anti-rollback counter of the bootloader.
    pub secure_version: u8,
    /// Version of the bootloader, set by the project.
    pub version: u32,
    /// Version of ESP-IDF.
    pub idf_version: String,
    /// Date and time of the build; empty in a reproducible build.
    pub date_time: String,
}

impl BootloaderDescriptor {
    /// `ESP_BOOTLOADER_DESC_MAGIC_BYTE`.
    const MAGIC: u8 = 80;
    const LENGTH: usize = 80;

    /// The description a segment starts with, whose data is at `offset`.
    pub(super) fn read(segment: &[u8], offset: u64) -> Option<Self> {
        let desc = segment.get(..Self::LENGTH)?;
        let version = desc.get(8..40)?;
        // One magic byte is little: a version that reads as text must follow.
        let named = version.first().is_some_and(u8::is_ascii_graphic)
            && version.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, 0 | b' '));
        if *desc.first()? != Self::MAGIC || !named {
            return None;
        }
        Some(Self {
            offset,
            secure_version: *desc.get(3)?,
            version: u32_at(desc, 4)?,
            idf_version: text(version),
            date_time: text(desc.get(40..64)?),
        })
    }
}
