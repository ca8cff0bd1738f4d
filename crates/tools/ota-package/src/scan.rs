//! Reading an image once: what it is, whether a device would take it, its digests.

use std::io::{self, Read, Write};
use std::path::Path;

use lw_cli::{Context, Error, Input, ResultExt};
use lw_firmware::esp_image::{Problem, Signing};
use lw_firmware::image::{self, Digests, Image, Options, Scanned, Scanner};
use lw_model::{Diagnose as _, Finding, Level, Location, Report};
use sha2::{Digest as _, Sha256};

use crate::args::{Kind, SignatureScheme};
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
    /// What is wrong with it that a device does not mind.
    pub(crate) problems: Vec<Problem>,
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
    let mut problems = Vec::new();
    match &image {
        Image::Esp(esp) => {
            let (fatal, others): (Vec<_>, Vec<_>) = esp.problems(false).into_iter().partition(is_refused);
            if !fatal.is_empty() {
                return Err(refusal(&fatal));
            }
            problems = others;
        }
        other => other.verify()?,
    }
    Ok(Checked { name, digests, image, problems })
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
        for problem in &self.problems {
            let (rule, help) = advice(problem);
            let level = if problem.is_fatal() { Level::Error } else { Level::Warning };
            let message = format!("{}: {problem}", self.name);
            let mut finding = Finding::new(format!("ota-package/{rule}"), level, &self.name, message)
                .help(help)
                .at(Some(Location::file(self.name.clone())));
            finding.subject = subject.map(str::to_owned);
            report.add_finding(finding);
        }
    }

    /// Refuses what only matters to a device that verifies its bootloader.
    ///
    /// # Errors
    /// When the SHA-256 of a bootloader is stale.
    pub(crate) fn hold_to_secure_boot(&self) -> Result<(), Error> {
        let stale = self.problems.iter().find(|problem| matches!(problem, Problem::StaleDigest { .. }));
        stale.map_or(Ok(()), |problem| {
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
    pub(crate) fn hold_to_chip(&self, wanted: &str, subject: Option<&str>, report: &mut Report) {
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

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
