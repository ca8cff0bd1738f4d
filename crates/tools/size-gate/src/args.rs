//! The arguments of size-gate; their doc comments are what users read.

use std::path::PathBuf;

use lw_cli::KeyedLimit;
use lw_firmware::{Chip, Region, RegionKind};
use lw_model::ByteSize;

/// Arguments of size-gate.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Files of a firmware, each told by its content: ELF, linker map, partition table, or else an image
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub files: Vec<String>,

    /// Linked firmware (ELF, 32 or 64 bit, either byte order); globs such as `build/*/firmware.elf` give one firmware per match
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub elf: Vec<String>,

    /// Linker map (GNU ld or LLD), also of a link that failed because a region overflowed
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub map: Vec<String>,

    /// Application image as it is flashed; its size, not the sum of sections, decides whether it fits its partition
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub bin: Vec<String>,

    /// Partition table, binary or CSV
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub partitions: Vec<String>,

    /// One firmware of a build matrix, as NAME.KEY=VALUE with the keys elf, map, bin, partitions and chip; one per line, or repeated
    #[arg(long, value_name = "NAME.KEY=VALUE", help_heading = "Inputs")]
    pub firmware: Vec<String>,

    /// Chip, where it cannot be told from the inputs: esp32, esp32s2, esp32s3, esp32c2, esp32c3, esp32c5, esp32c6, esp32h2, esp32p4, esp32c61, esp32h21, esp32h4, esp32s31 or esp8266
    #[arg(long, value_name = "CHIP", help_heading = "Memory")]
    pub chip: Option<Chip>,

    /// Memory region, where no map tells them: FLASH=0x08000000+64K; one per line, or repeated
    #[arg(long, value_name = "NAME=ORIGIN+LENGTH", help_heading = "Memory")]
    pub region: Vec<Region>,

    /// What kind of memory a region is, where what lies in it does not show that: ram, flash, psram, rtc, eeprom or other; one per line, or repeated
    #[arg(long, value_name = "NAME=KIND", help_heading = "Memory")]
    pub region_kind: Vec<RegionKind>,

    /// Section that only takes what is left of its region, such as `.heap`: it does not count as used; `*` and `?` match any text
    #[arg(long, value_name = "SECTION", help_heading = "Memory")]
    pub filler: Vec<String>,

    /// Linker script whose MEMORY block names the regions, and whose SECTIONS say which section is in which; files it includes are read when they lie beside it
    #[arg(long, value_name = "FILE", help_heading = "Memory")]
    pub linker_script: Option<PathBuf>,

    /// Where the partition table lies in flash; offsets a CSV leaves out follow from it
    #[arg(long, value_name = "OFFSET", default_value = "0x8000", help_heading = "Memory")]
    pub partition_table_offset: ByteSize,

    /// App partitions the image has to fit; without it the smallest of factory and every ota_N, because an update goes to any of them
    #[arg(long, value_name = "LABEL", help_heading = "Memory")]
    pub fit: Vec<String>,

    /// Accept a partition table without MD5 or end marker, as old tools wrote them
    #[arg(long, help_heading = "Memory")]
    pub allow_legacy_table: bool,

    /// Only warn when the image was not made from the ELF; for one that is encrypted, compressed or changed after the link
    #[arg(long, help_heading = "Memory")]
    pub allow_unpaired: bool,

    /// Upper limit of a measure, in bytes or percent: region.RAM.span=90%, image.bytes=warn:900K,fail:1MiB, symbol.lwip_*=4K, sum(symbol.lwip_*)=40K; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max: Vec<KeyedLimit>,

    /// How much a measure may grow against the baseline, in bytes or percent of it
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max_growth: Vec<KeyedLimit>,

    /// What must stay free, in bytes or percent: region.RAM=8K, partition.smallest-app=5%
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub min_free: Vec<KeyedLimit>,

    /// Upper limit of any file's size: firmware.bin=1MiB; the path may be a glob
    #[arg(long, value_name = "FILE=LIMIT", help_heading = "Limits")]
    pub max_file: Vec<KeyedLimit>,

    /// Ready-made limits: `binary-1mib` (the image is at most 1 048 576 bytes), `ram-150k` (static RAM is at most 150 000 bytes)
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Limits")]
    pub preset: Vec<Preset>,

    /// ELF of the base branch's build to compare with, where `baseline` names no report that is there; globs as for `elf`
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub baseline_elf: Vec<String>,

    /// Why breached limits are let through this once: the text of a label, a reviewer's word. Recorded in the report; an overflow is never let through
    #[arg(long, value_name = "REASON", help_heading = "Limits")]
    pub r#override: Option<String>,

    /// Commit message whose trailer `Size-Override: REASON` has the effect of --override
    #[arg(long, value_name = "TEXT", help_heading = "Limits")]
    pub override_from: Option<String>,

    /// Changes of a symbol up to this many bytes are left out of the comparison
    #[arg(long, value_name = "BYTES", default_value = "0", help_heading = "Report")]
    pub noise_floor: ByteSize,

    /// Rows of the tables of symbols, archives and growers
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Report")]
    pub top: usize,

    /// List every measure of this run, with its value and its name for a limit
    #[arg(long, help_heading = "Report")]
    pub list_measures: bool,

    /// File of one JSON line per run: this run is added to it, and the trend of the last ones is shown
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub history: Option<PathBuf>,

    /// Runs of the history that the trend shows
    #[arg(long, value_name = "N", default_value_t = 30, help_heading = "Report")]
    pub trend: usize,
}

/// Ready-made limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// The image is at most 1 048 576 bytes
    #[value(name = "binary-1mib")]
    Binary1MiB,
    /// Static RAM is at most 150 000 bytes
    #[value(name = "ram-150k")]
    Ram150K,
}
