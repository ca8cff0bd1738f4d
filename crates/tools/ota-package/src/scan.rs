//! Reading an image once: what it is, whether a device would take it, its digests.

use std::io::{self, Read, Write};
use std::path::Path;

use lw_cli::{Context, Error, Input, ResultExt};
use lw_firmware::esp_image::{AppImage, Problem, Signing, Trailing};
use lw_firmware::image::{self, Digests, Image, Options, Scanned, Scanner};
use lw_firmware::mcuboot;
use lw_model::{Diagnose as _, Finding, Level, Location, Report};
use sha2::{Digest as _, Sha256};

use crate::args::{Kind, SignatureScheme};
use crate::kept;
use crate::slots::Load;

/// Bytes read at a time: large enough that calls do not count, small enough for the second cache.
const CHUNK: usize = 128 << 10;

/// A sound image.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The file, as reports name it.
    pub(crate) name: String,
    /// Its size and digests.
    pub(crate) digests: Digests,
    /// What is in it.
    pub(crate) image: Image,
    /// What is wrong with it that a device does not mind, and what was not checked.
    remarks: Vec<Remark>,
    /// What is wrong with the digest of a bootloader, which secure boot alone verifies.
    stale_digest: Option<String>,
}

/// Something worth knowing of an image.
#[derive(Debug)]
struct Remark {
    rule: &'static str,
    level: Level,
    message: String,
    help: &'static str,
}

impl Kind {
    /// What the scanner has to expect.
    fn expected(self) -> Option<image::Kind> {
        Some(match self {
            Self::Auto => return None,
            Self::EspApp => image::Kind::Esp,
            Self::Mcuboot => image::Kind::Mcuboot,
            Self::Uf2 => image::Kind::Uf2,
            Self::IntelHex => image::Kind::IntelHex,
            Self::Binary => image::Kind::Plain,
        })
    }
}

/// Reads and checks an image.
///
/// # Errors
/// When it cannot be read, is no image, or is one a device would refuse.
pub(crate) fn scan(path: &Path, kind: Kind, cx: &Context) -> Result<Checked, Error> {
    copy(cx.stream(path)?, path, kind, cx, &mut io::sink(), Error::remote)
}

/// Reads and checks the image at a path, which is open, and passes its bytes on, in one go.
///
/// # Errors
/// As [`scan`]; and what `unwritable` makes of an error of `out`.
pub(crate) fn copy(
    mut file: Input,
    path: &Path,
    kind: Kind,
    cx: &Context,
    out: &mut impl Write,
    unwritable: impl Fn(io::Error) -> Error,
) -> Result<Checked, Error> {
    let mut scanner = Scanner::new(Options { expect: kind.expected(), ..Options::default() });
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(cx.unreadable(path, &error)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        scanner.update(bytes);
        out.write_all(bytes).map_err(&unwritable)?;
    }
    check(scanner.finish(), cx.display_path(path)).context(path.display().to_string())
}

/// Accepts what a device accepts.
///
/// # Errors
/// What is wrong with it, with the offset.
pub(crate) fn check(scanned: Scanned, name: String) -> Result<Checked, Error> {
    let Scanned { digests, image } = scanned;
    let image = image?;
    let mut checked = Checked { name, digests, image, remarks: Vec::new(), stale_digest: None };
    let (remarks, stale_digest) = examine(&checked.image)?;
    (checked.remarks, checked.stale_digest) = (remarks, stale_digest);
    Ok(checked)
}

/// What is worth knowing of an image a device accepts, and why secure boot would refuse it.
fn examine(image: &Image) -> Result<(Vec<Remark>, Option<String>), Error> {
    let (mut remarks, mut stale_digest) = (Vec::new(), None);
    kept::check_container(image)?;
    match image {
        Image::Esp(esp) => {
            let (fatal, others): (Vec<_>, Vec<_>) = esp.problems(false).into_iter().partition(is_refused);
            if !fatal.is_empty() {
                return Err(refusal(&fatal));
            }
            let stale = others.iter().find(|problem| matches!(problem, Problem::StaleDigest { .. }));
            stale_digest = stale.map(ToString::to_string);
            remarks.extend(others.iter().map(remark));
            if is_padded_for_signature(esp) {
                remarks.push(Remark {
                    rule: "unsigned",
                    level: Level::Warning,
                    message: "it is padded to a sector, as images are for a signature, and none follows".into(),
                    help: "was the signature cut off, or the signing key missing? A device with Secure Boot refuses it",
                });
            }
        }
        Image::Mcuboot(mcuboot) => {
            image.verify()?;
            remarks.extend(mcuboot_remarks(mcuboot));
        }
        Image::Uf2(_) | Image::IntelHex(_) => {
            for nested in image.nested() {
                let inner =
                    nested.image.as_ref().map_err(|error| Error::from(nested.error(error.clone())))?;
                let place = format!("the image at the address {:#010x}", nested.address);
                let (inner, stale) = examine(inner).context(place.clone())?;
                let at_place = |message: String| format!("{place}: {message}");
                stale_digest = stale_digest.or(stale.map(at_place));
                remarks.extend(
                    inner.into_iter().map(|remark| Remark { message: at_place(remark.message), ..remark }),
                );
            }
            if image.nested().next().is_none() {
                remarks.push(Remark {
                    rule: "not-checked",
                    level: Level::Note,
                    message: "what it writes to flash was not checked: no range of it starts as an image that is known".into(),
                    help: "give the image itself, where the build leaves one: its checksums and its version can be checked",
                });
            }
        }
        Image::Plain(_) => {}
    }
    Ok((remarks, stale_digest))
}

/// Whether an image ends as one that is to be signed with Secure Boot V2, which pads it with 0xFF to a sector of 4096 bytes;
/// perhaps with an erased sector where the signature was.
fn is_padded_for_signature(image: &AppImage) -> bool {
    const SECTOR: u64 = 4096;
    let Trailing::Padding { offset } = image.trailing else { return false };
    let sector = offset.next_multiple_of(SECTOR);
    image.total_len == sector || image.total_len == sector + SECTOR
}

fn mcuboot_remarks(image: &mcuboot::Image) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut add = |rule, level, message: String, help| remarks.push(Remark { rule, level, message, help });
    if image.is_unchecked() {
        add(
            "not-checked",
            Level::Note,
            "the payload is encrypted: whether the hash of it holds was not checked, which takes the key"
                .into(),
            "sign and check the image before it is encrypted",
        );
    }
    if image.signatures().next().is_none() {
        add(
            "unsigned",
            Level::Warning,
            "there is no signature: only a hash protects the image, which anybody can make".into(),
            "sign it with imgtool --key; a bootloader that checks signatures refuses it",
        );
    }
    if image.is_nested {
        add(
            "signed-twice",
            Level::Warning,
            "the payload is a MCUboot image itself: the file was signed twice".into(),
            "sign the unsigned image once: the bootloader would start the header of the inner one",
        );
    }
    match &image.trailing {
        mcuboot::Trailing::Other { offset, length } => add(
            "trailing-data",
            Level::Warning,
            format!("the {length} bytes after the image, from offset {offset:#x} on, mean nothing"),
            "no bootloader checks them, and every update carries them: give the image as imgtool wrote it",
        ),
        mcuboot::Trailing::Slot(trailer) => {
            for (name, flag) in [("image_ok", trailer.image_ok), ("copy_done", trailer.copy_done)] {
                if let mcuboot::Flag::Bad(byte) = flag {
                    add(
                        "trailing-data",
                        Level::Warning,
                        format!("{name} of the trailer is {byte:#04x}, neither set (0x01) nor erased (0xff)"),
                        "the bootloader takes it for not set: pad the image again with imgtool sign --pad",
                    );
                }
            }
        }
        mcuboot::Trailing::None | mcuboot::Trailing::Padding { .. } => {}
    }
    if let Some(name) = image.key_hash().and_then(lw_signed::known_test_key_hash) {
        add(
            "test-key",
            Level::Warning,
            format!("it is signed with {name}, a key whose private half is published"),
            "sign with a key of your own: anybody can sign for a bootloader that trusts this one",
        );
    }
    remarks
}

/// Whether no device would take the image. A secure version that is too high is one for policy: it matters where
/// anti-rollback is on, and the file is sound.
fn is_refused(problem: &Problem) -> bool {
    problem.is_fatal() && !matches!(problem, Problem::SecureVersion { .. })
}

/// One error that tells of all.
fn refusal(problems: &[Problem]) -> Error {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let hint = problems.iter().find_map(|problem| match problem {
        Problem::Check(error) => error.hint(),
        _ => None,
    });
    Error::input(texts.join("; ")).hint(hint.unwrap_or_else(|| {
        "build the image again for its chip: linker script, MMU page size and chip revisions have to be the chip's".into()
    }))
}

/// `v1.99` for 199.
pub(crate) fn revision(number: u16) -> String {
    format!("v{}.{}", number / 100, number % 100)
}

impl Checked {
    /// What is worth knowing of an image that a device does take.
    pub(crate) fn remarks(&self, subject: Option<&str>, report: &mut Report) {
        for remark in &self.remarks {
            self.add_finding(remark.rule, remark.level, &remark.message, remark.help, subject, report);
        }
    }

    /// A finding about this file.
    pub(crate) fn add_finding(
        &self,
        rule: &str,
        level: Level,
        message: &str,
        help: &'static str,
        subject: Option<&str>,
        report: &mut Report,
    ) {
        let message = format!("{}: {message}", self.name);
        let mut finding = Finding::new(format!("ota-package/{rule}"), level, &self.name, message)
            .help(help)
            .at(Some(Location::file(self.name.clone())));
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    }

    /// A finding when the image has no signature and has to have one.
    pub(crate) fn check_signed(&self, level: Level, subject: Option<&str>, report: &mut Report) {
        if !is_signed(&self.image) {
            let message = "there is no signature, and require-signature asks for one";
            let help = "was the signing key missing when it was built? Sign it; whether the key is the right one, expect-key checks";
            self.add_finding("unsigned", level, message, help, subject, report);
        }
    }

    /// Refuses what only matters to a device that verifies its bootloader.
    ///
    /// # Errors
    /// When the SHA-256 of a bootloader is stale.
    pub(crate) fn check_secure_boot(&self) -> Result<(), Error> {
        self.stale_digest.as_ref().map_or(Ok(()), |problem| {
            Err(Error::input(format!("{}: {problem}", self.name))
                .hint("flash the bootloader as it was built: with Secure Boot its digest is verified"))
        })
    }

    /// The chip as its vendor writes it.
    pub(crate) fn chip_name(&self) -> Option<String> {
        match &self.image {
            Image::Esp(image) if image.chip().is_none() => image.chip_name().map(str::to_owned),
            image => image.chip().map(|chip| chip.to_string()),
        }
    }

    /// Bytes an update with it writes, with the signature that is still to come.
    pub(crate) fn load(&self, scheme: SignatureScheme) -> Load {
        let file = self.digests.size;
        let total = match &self.image {
            Image::Esp(image) => image.flashed_len(match scheme {
                SignatureScheme::None => Signing::None,
                SignatureScheme::SecureBootV1 => Signing::V1,
                SignatureScheme::SecureBootV2 => Signing::V2,
            }),
            _ => file,
        };
        Load { file, total }
    }

    /// A finding when the image is for another chip than wanted.
    pub(crate) fn check_chip(&self, wanted: &str, subject: Option<&str>, report: &mut Report) {
        let found = self.chip_name();
        if found.as_deref() == Some(wanted) {
            return;
        }
        let message = match &found {
            Some(found) => format!("{} is for {found}, wanted is {wanted}", self.name),
            None => format!("{} does not say which chip it is for, wanted is {wanted}", self.name),
        };
        let mut finding = Finding::new("ota-package/wrong-chip", Level::Error, &self.name, message)
            .help("a device refuses an image of another chip; is the build matrix mixed up?")
            .at(Some(Location::file(self.name.clone())));
        finding.subject = subject.map(str::to_owned);
        report.add_finding(finding);
    }
}

/// The SHA-256 of everything a source has.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256_of(source: &mut impl Read) -> io::Result<[u8; 32]> {
    let mut buffer = vec![0; CHUNK];
    let mut hasher = Sha256::new();
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether an image carries a signature; whose, takes a key to say.
pub(crate) fn is_signed(image: &Image) -> bool {
    match image {
        Image::Esp(esp) => {
            matches!(esp.trailing, Trailing::SignatureV1 { .. } | Trailing::SignatureV2 { .. })
        }
        Image::Mcuboot(mcuboot) => mcuboot.signatures().next().is_some(),
        Image::Uf2(_) | Image::IntelHex(_) => {
            image.nested().next().is_some()
                && image.nested().all(|nested| nested.image.as_ref().is_ok_and(is_signed))
        }
        Image::Plain(_) => false,
    }
}

fn remark(problem: &Problem) -> Remark {
    let (rule, help) = advice(problem);
    let level = match problem {
        problem if problem.is_fatal() => Level::Error,
        problem if problem.is_note() => Level::Note,
        _ => Level::Warning,
    };
    Remark { rule, level, message: problem.to_string(), help }
}

/// The rule a problem breaks, and what to do about it.
fn advice(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::Check(_) | Problem::Layout(_) | Problem::Revisions { .. } => {
            // A device refuses these, and so does `check`: they end the run as an error.
            ("error", "build the image again")
        }
        Problem::SecureVersion { .. } => {
            ("secure-version-width", "lower CONFIG_BOOTLOADER_APP_SECURE_VERSION")
        }
        Problem::StaleDigest { .. } => (
            "stale-hash",
            "esptool changes the header of a bootloader when it flashes it; with Secure Boot the chip would refuse it",
        ),
        Problem::FlashMode { .. } | Problem::FlashSize { .. } => (
            "flash-settings",
            "build again with the flash mode and size of the device: the boot ROM falls back to its own, or the flash is not found",
        ),
        Problem::NotCovered { .. } => {
            ("not-checked", "compare them with the build's own output, if that matters")
        }
        Problem::NoMemoryMap(_) => ("not-checked", "a newer version of this tool may know the chip"),
        Problem::SignatureRevision { .. } => (
            "signature-revision",
            "build for the revisions that verify it: set the lowest chip revision (CONFIG_…_REV_MIN)",
        ),
        Problem::NoDigest => ("no-hash", "build without --dont-append-digest"),
        Problem::UnknownChip(_) => {
            ("unknown-chip", "use a newer version of this tool: placement for the MMU was not checked")
        }
        Problem::NoDescriptor => (
            "no-descriptor",
            "build with ESP-IDF's esp_app_format, or with esp_bootloader_esp_idf in Rust: both put one in",
        ),
        Problem::DescriptorPlace { .. } => {
            ("descriptor-place", "the descriptor has to be first in the first segment: see the linker script")
        }
        Problem::Trailing { .. } => (
            "trailing-data",
            "no device checks them, and every update carries them: give the image as the build wrote it",
        ),
        Problem::SignedTwice { .. } => ("signed-twice", "sign the unsigned image once, with all keys"),
        Problem::SignatureBlocks { .. } => ("signature-blocks", "sign with one key"),
    }
}
