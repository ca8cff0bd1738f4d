//! The arguments of sign; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

use std::path::PathBuf;

use lw_model::ByteSize;
use lw_secret::SecretSource;

use crate::scheme::Scheme;

/// Arguments of sign.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Sign files, and verify each signature before it is written
    Sign(Box<Sign>),
    /// Verify signatures, strictly, with the keys that are trusted
    Verify(Box<Verify>),
    /// Print the digest a key somewhere else has to sign
    Digest(Box<Digest>),
    /// Put a signature that was made somewhere else where it belongs, after verifying it
    Attach(Box<Attach>),
    /// Say in a signed statement which run made these files
    Attest(Attest),
    /// Verify such a statement against files and a policy, without a network
    VerifyAttestation(VerifyAttestation),
    /// Make keys, show what names them, plan their replacement
    Keys(Keys),
}

/// The files.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Inputs {
    /// File to sign or verify; globs such as `build/*.bin` are allowed, one per line. Of `verify` a folder as well: every signature in it
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub input: Vec<String>,
}

/// The scheme.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SchemeArgs {
    /// How it is signed; without it, what follows from key and file, which is said
    #[arg(long, value_enum, value_name = "SCHEME", help_heading = "Signature")]
    pub scheme: Option<Scheme>,

    /// What a `sshsig` signature is for, as `ssh-keygen -n` takes it
    #[arg(long, value_name = "NAME", default_value = "lw-ota", help_heading = "Signature")]
    pub namespace: String,
}

/// The private key.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyArgs {
    /// Key: of `sign` and `attest` the private one, of the others the public one or a certificate. A file, env:NAME (PEM, DER or base64 of either), fd:N, `-`, or `exec:PROGRAM ARGUMENTS`, which gets the digest on its standard input. Several where several may sign
    #[arg(long, value_name = "KEY", help_heading = "Keys")]
    pub key: Vec<String>,

    /// Passphrase of the private key: env:NAME, fd:N or a file; nobody is asked for one
    #[arg(long, value_name = "SOURCE", help_heading = "Keys")]
    pub passphrase: Option<SecretSource>,

    /// Public key or certificate of what `exec:` asks; whatever it signs is verified with it
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub public_key: Option<PathBuf>,

    /// Accept keys whose private half is published, such as those that come with MCUboot and ESP-IDF
    #[arg(long, help_heading = "Keys")]
    pub allow_test_key: bool,

    /// What `exec:` gets: the `digest`, or `digest-info`, the digest in the frame that CKM_RSA_PKCS of a card takes
    #[arg(
        long,
        value_enum,
        value_name = "digest|digest-info",
        default_value = "digest",
        help_heading = "Keys"
    )]
    pub exec_input: ExecInput,

    /// Environment variable that `exec:` gets, by name, besides PATH and HOME: AWS_REGION, one per line
    #[arg(long, value_name = "NAME", help_heading = "Keys")]
    pub exec_variable: Vec<String>,
}

/// What a program that signs is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ExecInput {
    /// The digest
    #[default]
    Digest,
    /// The digest in a `DigestInfo`
    DigestInfo,
}

/// What a chip accepts.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ChipArgs {
    /// Chip the image is for, where the image does not say, such as esp32s3
    #[arg(long, value_name = "CHIP", help_heading = "Image")]
    pub chip: Option<String>,

    /// Lowest revision of the chip in the field, such as 3.0: older ones verify fewer schemes
    #[arg(long, value_name = "MAJOR.MINOR", help_heading = "Image")]
    pub chip_revision: Option<String>,
}

/// Arguments of `sign`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Sign {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Report of another step: the files it lists as its artifacts are signed, when they still are what it lists. One that is not here is signed by the SHA-256 it lists, where the scheme signs no more than that (RSA and ECDSA with SHA-256, sshsig); `attest` needs each file
    #[arg(long, value_name = "REPORT", help_heading = "Inputs")]
    pub artifacts: Option<PathBuf>,

    #[command(flatten)]
    pub key: KeyArgs,

    #[command(flatten)]
    pub scheme: SchemeArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub embed: EmbedArgs,

    /// What an untrusted run, such as one for a pull request from a fork, does: `fail`, or `skip`, which writes nothing and sets the output `signed` to false
    #[arg(long, value_enum, value_name = "fail|skip", default_value = "fail", help_heading = "Policy")]
    pub on_fork: OnFork,

    /// Sign also in a run of which the CI does not say who started it
    #[arg(long, help_heading = "Policy")]
    pub allow_unknown_run: bool,

    /// Write minisign signatures in the old form, over the file itself instead of its BLAKE2b digest
    #[arg(long, help_heading = "Signature")]
    pub legacy: bool,

    /// First line of a minisign or signify signature, which nothing protects
    #[arg(long, value_name = "TEXT", help_heading = "Signature")]
    pub comment: Option<String>,

    /// Comment of a minisign signature that is signed too; without it, time and name of the file
    #[arg(long, value_name = "TEXT", help_heading = "Signature")]
    pub trusted_comment: Option<String>,
}

/// Where the result goes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OutputArgs {
    /// File to write: the signature, the signed image or package, the digest, the statement, the key. A detached signature is written beside its input without it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// How a signature gets into an image.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct EmbedArgs {
    #[command(flatten)]
    pub chip: ChipArgs,

    /// Add the signature to those the image or package has, which must hold
    #[arg(long, help_heading = "Image")]
    pub append: bool,

    /// Take off the signatures the image or package has
    #[arg(long, help_heading = "Image")]
    pub replace: bool,

    /// Bytes of the slot the signed image has to fit: 0x100000, 1MiB
    #[arg(long, value_name = "BYTES", help_heading = "Image")]
    pub slot_size: Option<ByteSize>,

    /// MCUboot: bytes of the header, of an input that has none yet
    #[arg(long, value_name = "BYTES", help_heading = "MCUboot")]
    pub header_size: Option<ByteSize>,

    /// MCUboot: put the header before the input, instead of into room it has for it
    #[arg(long, help_heading = "MCUboot")]
    pub pad_header: bool,

    /// MCUboot: version of the image, as MAJOR.MINOR.REVISION+BUILD
    #[arg(long, value_name = "VERSION", help_heading = "MCUboot")]
    pub image_version: Option<String>,

    /// MCUboot: security counter, below which a device takes no other image any more; `auto` makes it of the version
    #[arg(long, value_name = "N|auto", help_heading = "MCUboot")]
    pub security_counter: Option<String>,

    /// MCUboot: address the image is loaded to
    #[arg(long, value_name = "ADDRESS", help_heading = "MCUboot")]
    pub load_address: Option<ByteSize>,

    /// MCUboot: bytes that flash is written in, 1 to 32
    #[arg(long, value_name = "BYTES", default_value = "4", help_heading = "MCUboot")]
    pub align: u8,
}

/// Whose signatures count.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TrustArgs {
    /// Key that must have signed, as NAME=FILE, such as prod=keys/prod.pem: a signature of any other fails. Of several, and of those `key` and `key-digest` give, one is enough
    #[arg(long, value_name = "NAME=FILE", help_heading = "Keys")]
    pub expect_key: Vec<String>,

    /// Key that is known by a name, as NAME=FILE, such as dev=keys/dev.pem: it only tells who signed, and is not trusted
    #[arg(long, value_name = "NAME=FILE", help_heading = "Keys")]
    pub known_key: Vec<String>,

    /// SHA-256 of a trusted key in hexadecimal: of Secure Boot V2 what the chip's eFuses hold, of others that of the public key in DER
    #[arg(long, value_name = "HEX", help_heading = "Keys")]
    pub key_digest: Vec<String>,
}

/// Arguments of `verify`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Signature file; without it, the one beside the input (`.sig`, `.minisig`), or the one inside
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub signature: Option<PathBuf>,

    #[command(flatten)]
    pub key: PublicKeyArgs,

    #[command(flatten)]
    pub trust: TrustArgs,

    #[command(flatten)]
    pub scheme: SchemeArgs,

    #[command(flatten)]
    pub chip: ChipArgs,
}

/// Public keys.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PublicKeyArgs {
    /// Key: of `sign` and `attest` the private one, of the others the public one or a certificate. A file, env:NAME (PEM, DER or base64 of either), fd:N, `-`, or `exec:PROGRAM ARGUMENTS`, which gets the digest on its standard input. Several where several may sign
    #[arg(long, value_name = "KEY", help_heading = "Keys")]
    pub key: Vec<String>,

    /// Accept keys whose private half is published, such as those that come with MCUboot and ESP-IDF
    #[arg(long, help_heading = "Keys")]
    pub allow_test_key: bool,
}

/// Arguments of `digest`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Digest {
    #[command(flatten)]
    pub inputs: Inputs,

    #[command(flatten)]
    pub key: PublicKeyArgs,

    #[command(flatten)]
    pub scheme: SchemeArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub embed: EmbedArgs,
}

/// Arguments of `attach`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Attach {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Signature file; without it, the one beside the input (`.sig`, `.minisig`), or the one inside
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub signature: Option<PathBuf>,

    #[command(flatten)]
    pub key: PublicKeyArgs,

    #[command(flatten)]
    pub scheme: SchemeArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub embed: EmbedArgs,
}

/// Arguments of `attest`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Attest {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Report of another step: the files it lists as its artifacts are signed, when they still are what it lists. One that is not here is signed by the SHA-256 it lists, where the scheme signs no more than that (RSA and ECDSA with SHA-256, sshsig); `attest` needs each file
    #[arg(long, value_name = "REPORT", help_heading = "Inputs")]
    pub artifacts: Option<PathBuf>,

    /// SBOM of the files (CycloneDX or SPDX JSON): the statement says so instead of how they were built
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub sbom: Option<PathBuf>,

    #[command(flatten)]
    pub key: KeyArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    /// What an untrusted run, such as one for a pull request from a fork, does: `fail`, or `skip`, which writes nothing and sets the output `signed` to false
    #[arg(long, value_enum, value_name = "fail|skip", default_value = "fail", help_heading = "Policy")]
    pub on_fork: OnFork,

    /// Sign also in a run of which the CI does not say who started it
    #[arg(long, help_heading = "Policy")]
    pub allow_unknown_run: bool,
}

/// Arguments of `verify-attestation`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct VerifyAttestation {
    #[command(flatten)]
    pub inputs: Inputs,

    /// The statement to verify: a DSSE envelope in JSON
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub attestation: Option<PathBuf>,

    #[command(flatten)]
    pub key: PublicKeyArgs,

    /// Repository the run must be of, whole: https://github.com/owner/name
    #[arg(long, value_name = "URL", help_heading = "Policy")]
    pub repository: Option<String>,

    /// Workflow the run must be of, whole: .github/workflows/release.yml
    #[arg(long, value_name = "PATH", help_heading = "Policy")]
    pub workflow: Option<String>,

    /// Branch or tag the run must be of, whole: refs/tags/v1.2.3
    #[arg(id = "git_ref", long = "ref", value_name = "REF", help_heading = "Policy")]
    pub git_ref: Option<String>,

    /// Commit the run must be of
    #[arg(long, value_name = "SHA", help_heading = "Policy")]
    pub commit: Option<String>,
}

/// Arguments of `keys`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Keys {
    /// `make` a private key; `show` what names a key; `rotate` plans how one key takes the place of another
    #[arg(value_enum, value_name = "ACTION", help_heading = "Inputs")]
    pub action: Option<KeysAction>,

    /// Kind of the new key
    #[arg(long, value_enum, value_name = "KIND", default_value = "ecdsa-p256", help_heading = "Keys")]
    pub kind: NewKey,

    #[command(flatten)]
    pub key: KeyArgs,

    /// Key that takes the place of `key`, public
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub new_key: Option<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to do with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum KeysAction {
    /// Make a private key, and its public one beside it
    Make,
    /// Show kind, public key and everything that names it
    Show,
    /// Plan how a new key takes the place of an old one
    Rotate,
}

/// A kind of key that can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum NewKey {
    /// RSA with 3072 bits, which Secure Boot V2 asks for
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// RSA with 4096 bits
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// RSA with 2048 bits, for MCUboot
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// ECDSA on NIST P-256
    #[default]
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
    /// ECDSA on NIST P-384
    #[value(name = "ecdsa-p384")]
    EcdsaP384,
    /// Ed25519
    Ed25519,
}

/// What a run that must not have the key does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnFork {
    /// Fail
    #[default]
    Fail,
    /// Write nothing, and say so
    Skip,
}
