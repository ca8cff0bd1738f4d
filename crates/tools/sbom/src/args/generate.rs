//! The arguments of `generate`.

use std::path::PathBuf;

use super::{LimitArgs, OutputArgs, PolicyArgs, StandardArgs};

/// Arguments of `generate`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Generate {
    /// Folder of the project, whose lock and project files are read
    #[arg(long, value_name = "FOLDER", default_value = ".", help_heading = "Inputs")]
    pub path: PathBuf,

    /// Lock or project file to read, seen from `path`, as FILE or ECOSYSTEM=FILE; without any, those at the root of `path` are found
    #[arg(long, value_name = "[ECOSYSTEM=]FILE", help_heading = "Inputs")]
    pub file: Vec<String>,

    /// Ecosystem that is read: cargo, npm, platformio, …; without any, all that are found
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub ecosystem: Vec<String>,

    /// Look into the folders below as well; what is left out is listed in the report
    #[arg(long, help_heading = "Inputs")]
    pub recursive: bool,

    /// Folder or file that is not read, with `recursive` or without; globs such as `**/test/**` are allowed
    #[arg(long, value_name = "GLOB", help_heading = "Inputs")]
    pub exclude: Vec<String>,

    /// Environment of platformio.ini that is read; without any, its default ones, or else all
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub environment: Vec<String>,

    /// Target whose dependencies count, of Cargo, such as x86_64-unknown-linux-gnu; without any, all
    #[arg(long, value_name = "TRIPLE", help_heading = "Inputs")]
    pub target: Vec<String>,

    /// Package of a Cargo workspace that is the product, with what it needs; without any, all of the workspace
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub package: Vec<String>,

    /// Feature of the packages that is switched on besides the default ones, of Cargo
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub feature: Vec<String>,

    /// The default features of the packages are not switched on, of Cargo
    #[arg(long, help_heading = "Inputs")]
    pub no_default_features: bool,

    /// What Cargo built, so that nothing else is listed: the output of `cargo build --message-format json` or `cargo tree -e normal,build --prefix none`
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub build_log: Option<PathBuf>,

    /// Binary built with `cargo auditable`, whose list of dependencies is read
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub auditable: Option<PathBuf>,

    /// Cargo's home, whose registry has licences and authors; without it CARGO_HOME, or ~/.cargo; `none` leaves it out
    #[arg(long, value_name = "FOLDER", help_heading = "Inputs")]
    pub cargo_home: Option<PathBuf>,

    /// Read the archives of crates in Cargo's home for their SHA-512, which TR-03183-2 asks for, and hold them to the checksums of the lock file. It takes longer than all else
    #[arg(long, help_heading = "Inputs")]
    pub hash_archives: bool,

    /// PlatformIO's home with platforms, frameworks and tools; without it PLATFORMIO_CORE_DIR, or ~/.platformio; `none` leaves it out
    #[arg(long, value_name = "FOLDER", help_heading = "Inputs")]
    pub platformio_core_dir: Option<PathBuf>,

    /// Go's module cache; without it GOMODCACHE, or ~/go/pkg/mod; `none` leaves it out
    #[arg(long, value_name = "FOLDER", help_heading = "Inputs")]
    pub go_mod_cache: Option<PathBuf>,

    /// Leave out what only builds, tests or documents the product
    #[arg(long, help_heading = "Inputs")]
    pub no_dev: bool,

    /// Leave out components that no package URL with a version names: one of them makes GitHub refuse a whole snapshot of dependencies. Each is listed as unknown
    #[arg(long, help_heading = "Inputs")]
    pub only_purl: bool,

    /// Accept a bill of materials without any component
    #[arg(long, help_heading = "Inputs")]
    pub allow_empty: bool,

    /// Linked firmware that is the product: its hashes and build id
    #[arg(long, value_name = "FILE", help_heading = "Firmware")]
    pub elf: Option<PathBuf>,

    /// Image of the firmware that is the product, as it is flashed: its hashes, and name and version of its ESP descriptor
    #[arg(long, value_name = "FILE", help_heading = "Firmware")]
    pub bin: Option<PathBuf>,

    #[command(flatten)]
    pub product: ProductArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub standards: StandardArgs,

    #[command(flatten)]
    pub policy: PolicyArgs,

    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What is said of the product: flags win over what its files say.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProductArgs {
    /// Name of the product; without it, that of its package, of its repository, or of its folder
    #[arg(long, value_name = "NAME", help_heading = "Product")]
    pub name: Option<String>,

    /// Version of the product
    #[arg(id = "release", long = "version", value_name = "VERSION", help_heading = "Product")]
    pub version: Option<String>,

    /// What the product is; without it, `firmware` where `elf` or `bin` is given, else `application`
    #[arg(id = "type", long = "type", value_enum, value_name = "TYPE", help_heading = "Product")]
    pub kind: Option<ProductType>,

    /// Licence of the product, as an SPDX expression
    #[arg(long, value_name = "EXPRESSION", help_heading = "Product")]
    pub license: Option<String>,

    /// Who holds the rights to the product
    #[arg(long, value_name = "TEXT", help_heading = "Product")]
    pub copyright: Option<String>,

    /// Package URL of the product
    #[arg(long, value_name = "PURL", help_heading = "Product")]
    pub purl: Option<String>,

    /// CPE 2.3 name of the product
    #[arg(long, value_name = "CPE", help_heading = "Product")]
    pub cpe: Option<String>,

    /// Address the product, its firmware image, can be had from
    #[arg(long, value_name = "URL", help_heading = "Product")]
    pub distribution_url: Option<String>,

    /// Who supplies the product, and is said to have made it where no manufacturer is named
    #[arg(long, value_name = "NAME", help_heading = "Supplier")]
    pub supplier_name: Option<String>,

    /// Web page of the supplier
    #[arg(long, value_name = "URL", help_heading = "Supplier")]
    pub supplier_url: Option<String>,

    /// Who made the product
    #[arg(long, value_name = "NAME", help_heading = "Supplier")]
    pub manufacturer_name: Option<String>,

    /// Web page of the manufacturer
    #[arg(long, value_name = "URL", help_heading = "Supplier")]
    pub manufacturer_url: Option<String>,

    /// Where vulnerabilities are reported: an address of electronic mail, or of a web page such as a security.txt
    #[arg(long, value_name = "EMAIL|URL", help_heading = "Supplier")]
    pub security_contact: Option<String>,
}

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProductType {
    /// Something that runs on its own
    Application,
    /// What runs on a device
    Firmware,
    /// Code that is called
    Library,
    /// What other code is built on
    Framework,
    /// An image of a container
    Container,
    /// An operating system
    OperatingSystem,
    /// A physical device
    Device,
}
