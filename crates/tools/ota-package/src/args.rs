//! The arguments of ota-package; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

use std::fmt;
use std::path::PathBuf;

use lw_cli::KeyedLimit;
use lw_model::ByteSize;

/// Arguments of ota-package.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Explain images, packages and partition tables; refuse what a device would refuse
    Inspect(Inspect),
    /// Check images and put them into a package, with deltas from older images if asked for
    Package(Box<Package>),
    /// Take a package apart, after checking every byte of it
    Unpack(Unpack),
    /// Say what changed between two packages
    Diff(Diff),
    /// Write the JSON an OTA server publishes for a package
    ServeManifest(ServeManifest),
    /// Make the patch that turns one image into another
    Delta(Delta),
    /// Apply a patch and check what comes out
    Apply(Apply),
}

/// Arguments of `inspect`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Inspect {
    /// Image (ESP application or bootloader, MCUboot, UF2, Intel HEX, plain binary), as FILE or BOARD=FILE, one for each board; globs are allowed. `inspect` takes packages and partition tables as well
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub firmware: Vec<String>,

    #[command(flatten)]
    pub kind: KindArgs,

    #[command(flatten)]
    pub slots: SlotArgs,

    /// Fail when an image has no signature: a build without its signing key looks like any other; whose signature it is, `expect-key` verifies. In a package whose own signature is verified, an image without one is a warning
    #[arg(long, help_heading = "Policy")]
    pub require_signature: bool,

    /// Only warn when the version inside the image is not `version`; of `inspect`, `unpack` and `serve-manifest`, not that of its package
    #[arg(long, help_heading = "Policy")]
    pub allow_version_mismatch: bool,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `package`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Package {
    /// Image (ESP application or bootloader, MCUboot, UF2, Intel HEX, plain binary), as FILE or BOARD=FILE, one for each board; globs are allowed. `inspect` takes packages and partition tables as well
    #[arg(long, value_name = "[BOARD=]FILE", help_heading = "Inputs")]
    pub firmware: Vec<String>,

    /// Board the image is for, where `firmware` names none; for `serve-manifest` and `unpack`, the only board to take
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub board: Option<String>,

    #[command(flatten)]
    pub kind: KindArgs,

    /// Version of the release; the version inside the image must be the same, apart from a leading `v` and what `git describe` adds. Without it, the image's own
    #[arg(id = "release", long = "version", value_name = "VERSION", help_heading = "Inputs")]
    pub version: Option<String>,

    /// File to write: the package, patch, image or JSON; for `unpack`, the folder
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Format of the package: `lw` (a tar archive, manifest first) or `seed` (one JSON object, the firmware in hexadecimal)
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "lw", help_heading = "Output")]
    pub package_format: PackageFormat,

    /// How images are stored in an `lw` package
    #[arg(long, value_enum, value_name = "ENCODING", default_value = "none", help_heading = "Output")]
    pub compress: Compress,

    #[command(flatten)]
    pub slots: SlotArgs,

    /// Package of the last release: sequence, version and secure version must not go back, and each board keeps its chip and kind
    #[arg(long, value_name = "PACKAGE", help_heading = "Policy")]
    pub previous: Option<PathBuf>,

    /// Number that grows with every release; without it, one more than that of the previous package, and 1 for the first
    #[arg(long, value_name = "N", help_heading = "Policy")]
    pub sequence: Option<u64>,

    /// Lowest version a device may be running to install this package
    #[arg(long, value_name = "VERSION", help_heading = "Policy")]
    pub minimum_version: Option<String>,

    /// Lowest secure version (ESP-IDF anti-rollback, MCUboot security counter) an image of this package may have
    #[arg(long, value_name = "N", help_heading = "Policy")]
    pub minimum_secure_version: Option<u32>,

    /// What changed, for people: a file, or the text itself
    #[arg(long, value_name = "FILE|TEXT", help_heading = "Inputs")]
    pub release_notes: Option<String>,

    /// Only warn when the version inside the image is not `version`; of `inspect`, `unpack` and `serve-manifest`, not that of its package
    #[arg(long, help_heading = "Policy")]
    pub allow_version_mismatch: bool,

    /// Fail when an image has no signature: a build without its signing key looks like any other; whose signature it is, `expect-key` verifies. In a package whose own signature is verified, an image without one is a warning
    #[arg(long, help_heading = "Policy")]
    pub require_signature: bool,

    /// Only warn when version or sequence are below those of the previous package; a secure version never may be
    #[arg(long, help_heading = "Policy")]
    pub allow_downgrade: bool,

    /// Older image a device may be running, to make a delta from; for several boards as BOARD=FILE. For `diff`, the older package
    #[arg(long, value_name = "[BOARD=]FILE", help_heading = "Deltas")]
    pub from: Vec<String>,

    #[command(flatten)]
    pub delta: DeltaArgs,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `unpack`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Unpack {
    /// Package, in either format
    #[arg(value_name = "PACKAGE", help_heading = "Inputs")]
    pub package: Option<PathBuf>,

    /// Board the image is for, where `firmware` names none; for `serve-manifest` and `unpack`, the only board to take
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub board: Option<String>,

    /// File to write: the package, patch, image or JSON; for `unpack`, the folder
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Only warn when the version inside the image is not `version`; of `inspect`, `unpack` and `serve-manifest`, not that of its package
    #[arg(long, help_heading = "Policy")]
    pub allow_version_mismatch: bool,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `diff`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Diff {
    /// Older image a device may be running, to make a delta from; for several boards as BOARD=FILE. For `diff`, the older package
    #[arg(value_name = "OLD", help_heading = "Inputs")]
    pub from: Option<String>,

    /// Image the patch produces. For `diff`, the newer package
    #[arg(value_name = "NEW", help_heading = "Inputs")]
    pub to: Option<PathBuf>,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `serve-manifest`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeManifest {
    /// Package, in either format
    #[arg(value_name = "PACKAGE", help_heading = "Inputs")]
    pub package: Option<PathBuf>,

    /// Board the image is for, where `firmware` names none; for `serve-manifest` and `unpack`, the only board to take
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub board: Option<String>,

    /// Folder the unpacked package is published in: https://ota.example.com/app/1.2.3, or /app/1.2.3 on the server of the JSON
    #[arg(long, value_name = "URL", help_heading = "Output")]
    pub url: Option<String>,

    /// Form of the JSON: `lw-ota` (every board, with deltas), or `esphome` (ESPHome's http_request update)
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "lw-ota", help_heading = "Output")]
    pub manifest_format: ManifestFormat,

    /// Page about the release, for the `esphome` form
    #[arg(long, value_name = "URL", help_heading = "Output")]
    pub release_url: Option<String>,

    /// File to write: the package, patch, image or JSON; for `unpack`, the folder
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Only warn when the version inside the image is not `version`; of `inspect`, `unpack` and `serve-manifest`, not that of its package
    #[arg(long, help_heading = "Policy")]
    pub allow_version_mismatch: bool,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Arguments of `delta`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Delta {
    /// Older image a device may be running, to make a delta from; for several boards as BOARD=FILE. For `diff`, the older package
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub from: Option<String>,

    /// Image the patch produces. For `diff`, the newer package
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub to: Option<PathBuf>,

    #[command(flatten)]
    pub kind: KindArgs,

    #[command(flatten)]
    pub delta: DeltaArgs,

    /// File to write: the package, patch, image or JSON; for `unpack`, the folder
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// Arguments of `apply`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Apply {
    /// Older image a device may be running, to make a delta from; for several boards as BOARD=FILE. For `diff`, the older package
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub from: Option<String>,

    /// Patch to apply; its format is told from its bytes
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub patch: Option<PathBuf>,

    /// SHA-256 the result must have, in hexadecimal
    #[arg(long, value_name = "HEX", help_heading = "Policy")]
    pub target_sha256: Option<String>,

    /// Package the patch belongs to, or its manifest.json: says which base it needs and what the result must be
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    pub manifest: Option<PathBuf>,

    /// Accept any result: a patch of these formats does not say what it produces
    #[arg(long, help_heading = "Policy")]
    pub allow_unverified: bool,

    /// File to write: the package, patch, image or JSON; for `unpack`, the folder
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Whose signatures count.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TrustArgs {
    /// Key that must have signed, as NAME=FILE, such as prod=keys/prod.pem: a signature of any other fails, and so does none; a public key or a certificate. Of a package its own signature counts, of an image the one inside
    #[arg(long, value_name = "NAME=FILE", help_heading = "Keys")]
    pub expect_key: Vec<String>,

    /// Key that is known by a name, as NAME=FILE, such as dev=keys/dev.pem: it only tells who signed, and is not trusted
    #[arg(long, value_name = "NAME=FILE", help_heading = "Keys")]
    pub known_key: Vec<String>,

    /// Accept keys whose private half is published, such as those that come with MCUboot and ESP-IDF
    #[arg(long, help_heading = "Keys")]
    pub allow_test_key: bool,
}

/// What an image has to be.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KindArgs {
    /// What the images are; `auto` tells by content, which no raw binary has a mark for
    #[arg(long, value_enum, value_name = "KIND", default_value = "auto", help_heading = "Inputs")]
    pub kind: Kind,

    /// Chip the image must be for, such as esp32s3; of several boards as BOARD=CHIP
    #[arg(long, value_name = "[BOARD=]CHIP", help_heading = "Inputs")]
    pub chip: Vec<String>,
}

/// Where an update has to find room.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SlotArgs {
    /// Partition table (CSV or binary) whose smallest OTA slot the image must fit; of several boards as BOARD=FILE
    #[arg(long, value_name = "[BOARD=]FILE", help_heading = "Slots")]
    pub partitions: Vec<String>,

    /// Where the partition table lies in flash; offsets a CSV leaves out follow from it
    #[arg(long, value_name = "OFFSET", default_value = "0x8000", help_heading = "Slots")]
    pub partition_table_offset: ByteSize,

    /// Where the bootloader lies in flash, for a CSV with partitions of the type bootloader; without it, where the chip has it
    #[arg(long, value_name = "OFFSET", help_heading = "Slots")]
    pub primary_bootloader_offset: Option<ByteSize>,

    /// Where the recovery bootloader lies in flash, for a CSV with a partition of the subtype recovery
    #[arg(long, value_name = "OFFSET", help_heading = "Slots")]
    pub recovery_bootloader_offset: Option<ByteSize>,

    /// Partition subtype of your own, as ESP-IDF's EXTRA_PARTITION_SUBTYPES declares it: `app, my_subtype, 0x40`
    #[arg(long, value_name = "TYPE,NAME,NUMBER", help_heading = "Slots")]
    pub extra_partition_subtypes: Vec<String>,

    /// Accept a partition table without MD5 or end marker, as old tools wrote them
    #[arg(long, help_heading = "Slots")]
    pub allow_legacy_table: bool,

    /// Signature that will be added later: the room it takes is counted in the slot
    #[arg(long, value_enum, value_name = "SCHEME", default_value = "none", help_heading = "Slots")]
    pub signature_scheme: SignatureScheme,

    /// What must stay free, in bytes or percent: partition.smallest-ota=5%; without a limit, less than 10 % is a warning
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Slots")]
    pub min_free: Vec<KeyedLimit>,

    /// Size of the slot of a MCUboot or plain image, where no partition table tells it: 0x76000, 472KiB; a MCUboot image is held to what the bootloader leaves of it
    #[arg(long, value_name = "SIZE", help_heading = "Slots")]
    pub slot_size: Option<ByteSize>,

    /// Size of the secondary slot, where it is not that of the primary: swap-move needs a sector more in the primary, swap-offset in the secondary slot
    #[arg(long, value_name = "SIZE", help_heading = "Slots")]
    pub secondary_slot_size: Option<ByteSize>,

    /// Size of a flash sector, the least that can be erased: MCUboot swaps whole ones
    #[arg(long, value_name = "SIZE", default_value = "4KiB", help_heading = "Slots")]
    pub sector_size: ByteSize,

    /// How MCUboot brings in an update, which decides what it keeps of a slot; `no-swap` is overwrite only, direct XIP and RAM load
    #[arg(long, value_enum, value_name = "MODE", default_value = "swap-move", help_heading = "Slots")]
    pub upgrade: Upgrade,

    /// Size of the scratch area, which `swap-scratch` needs: a sector at least
    #[arg(long, value_name = "SIZE", help_heading = "Slots")]
    pub scratch_size: Option<ByteSize>,

    /// Smallest write of the flash (imgtool --align): 1, 2, 4, 8, 16 or 32 bytes; MCUboot's trailer grows with it
    #[arg(long, value_name = "SIZE", default_value = "8", help_heading = "Slots")]
    pub write_size: ByteSize,

    /// Most sectors a slot may have (imgtool --max-sectors, MCUBOOT_MAX_IMG_SECTORS): MCUboot's trailer has room for each
    #[arg(long, value_name = "N", default_value = "128", help_heading = "Slots")]
    pub max_sectors: u32,
}

/// How deltas are made.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DeltaArgs {
    /// Format of a delta: `esp-delta` (esp_delta_ota), `detools` (sequential, heatshrink) or `bsdiff40`; without it esp-delta for ESP applications, else detools
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Deltas")]
    pub delta_format: Option<DeltaFormat>,

    /// Ship a delta also when it is no smaller than what a device would load without it
    #[arg(long, help_heading = "Deltas")]
    pub allow_large_delta: bool,
}

/// A format of packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PackageFormat {
    /// A tar archive, manifest first
    #[default]
    Lw,
    /// One JSON object, the firmware in hexadecimal
    Seed,
}

/// A form of what a server publishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ManifestFormat {
    /// Every board, with deltas
    #[default]
    LwOta,
    /// What ESPHome's http_request update platform reads
    Esphome,
}

/// How images are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Compress {
    /// As they are flashed
    #[default]
    None,
    /// As Zstandard frames
    Zstd,
}

/// What an image is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Told by content
    #[default]
    Auto,
    /// An ESP application
    EspApp,
    /// A MCUboot image
    Mcuboot,
    /// A UF2 file
    Uf2,
    /// An Intel HEX file
    IntelHex,
    /// Plain bytes
    Binary,
}

/// A format of deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DeltaFormat {
    /// ESP-IDF's esp_delta_ota
    EspDelta,
    /// detools, sequential with heatshrink
    Detools,
    /// bsdiff 4
    Bsdiff40,
}

/// A signature that is added to an image later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SignatureScheme {
    /// None, or one that is kept apart
    #[default]
    None,
    /// Secure Boot V2: padding to 4 KiB and a sector of 4 KiB
    SecureBootV2,
    /// Secure Boot V1: 68 bytes
    SecureBootV1,
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::SecureBootV2 => "Secure Boot V2",
            Self::SecureBootV1 => "Secure Boot V1",
        })
    }
}

/// How MCUboot brings in an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Upgrade {
    /// Sectors change places through a scratch area
    SwapScratch,
    /// Sectors of the primary slot move up by one
    #[default]
    SwapMove,
    /// The update lies one sector into the secondary slot
    SwapOffset,
    /// The update replaces the image, is run where it is or copied to RAM
    NoSwap,
    /// There is one slot
    SingleSlot,
}

impl fmt::Display for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SwapScratch => "swap-scratch",
            Self::SwapMove => "swap-move",
            Self::SwapOffset => "swap-offset",
            Self::NoSwap => "no-swap",
            Self::SingleSlot => "single-slot",
        })
    }
}
