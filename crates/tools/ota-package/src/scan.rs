//! Reading an image once: what it is, whether a device would take it, its digests.

use std::io::{self, Read, Write};
use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_firmware::esp_image::{AppImage, ChipId, ImageError, Trailing};
use lw_firmware::image::{self, Digests, Image, Options, Scanned, Scanner};
use lw_model::{ByteSize, Finding, Level, Location, Report};
use sha2::{Digest as _, Sha256};

use crate::args::Kind;

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
    /// The appended SHA-256 of a bootloader does not hold; `write-flash` changes the header it covers.
    pub(crate) stale_bootloader: bool,
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
    copy(path, kind, cx, &mut io::sink(), Error::remote)
}

/// Reads and checks an image and passes its bytes on, in one go.
///
/// # Errors
/// As [`scan`]; and what `unwritable` makes of an error of `out`.
pub(crate) fn copy(
    path: &Path,
    kind: Kind,
    cx: &Context,
    out: &mut impl Write,
    unwritable: impl Fn(io::Error) -> Error,
) -> Result<Checked, Error> {
    let mut file = cx.stream(path)?;
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
    check(scanner.finish(), cx.name(path)).context(path.display().to_string())
}

/// Accepts what a device accepts.
///
/// # Errors
/// What is wrong with it, with the offset.
pub(crate) fn check(scanned: Scanned, name: String) -> Result<Checked, Error> {
    if scanned.digests.size == 0 {
        return Err(Error::input("the file is empty")
            .hint("an image has at least a header; did the build end before it was written?"));
    }
    let Scanned { digests, image } = scanned;
    let mut image = image?;
    let mut stale_bootloader = false;
    if let Image::Esp(esp) = &mut image {
        stale_bootloader = is_stale_bootloader(esp);
        device_refuses(esp)?;
    }
    if !stale_bootloader {
        image.verify()?;
    }
    Ok(Checked { name, digests, image, stale_bootloader })
}

/// Whether all that is wrong is the digest of a bootloader.
///
/// esptool writes flash mode, size and frequency into the header of a bootloader when it flashes it, so the ROM does not
/// look at the digest (ESP-IDF `esp_image_format.c`: `verify_sha = !is_bootloader`).
fn is_stale_bootloader(image: &AppImage) -> bool {
    let is_bootloader = image.bootloader.is_some() && image.app.is_none();
    is_bootloader && matches!(image.verify(), Err(ImageError::Digest { .. })) && {
        let mut without = image.clone();
        without.digest = None;
        without.verify().is_ok()
    }
}

/// What the loader refuses although all digests hold.
fn device_refuses(image: &AppImage) -> Result<(), Error> {
    if image.chip() == Some(ChipId(0xFFFF)) {
        return Err(Error::input("the header at offset 0xc has the chip id 0xffff, which stands for none")
            .hint("build the image for the chip it is to run on"));
    }
    if let Some(extended) = &image.header.extended
        && !matches!(extended.max_revision, 0 | u16::MAX)
        && extended.max_revision < extended.min_revision
    {
        return Err(Error::input(format!(
            "the header at offset 0xf wants a chip revision from {} to {}: there is none",
            revision(extended.min_revision),
            revision(extended.max_revision)
        ))
        .hint("correct the range of chip revisions in the build's configuration"));
    }
    match image.layout_problems().first() {
        Some(problem) => Err(Error::input(problem)
            .hint("build the image again with the linker script and the MMU page size of the chip; the loader refuses to map it")),
        None => Ok(()),
    }
}

/// `v1.99` for 199.
pub(crate) fn revision(number: u16) -> String {
    format!("v{}.{}", number / 100, number % 100)
}

/// Bits of the eFuse field that holds the secure version: as many increases as a chip can take.
///
/// ESP-IDF `components/bootloader/Kconfig.app_rollback`, `BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD`.
pub(crate) fn secure_version_bits(chip: ChipId) -> u32 {
    match chip.0 {
        0 => 32,
        12 => 4,
        23 => 9,
        _ => 16,
    }
}

impl Checked {
    /// What is worth knowing of an image that a device does take.
    pub(crate) fn remarks(&self, subject: Option<&str>, report: &mut Report) {
        let mut find = |rule: &str, level, message: String, help: &str| {
            let mut finding = Finding::new(
                format!("ota-package/{rule}"),
                level,
                &self.name,
                format!("{}: {message}", self.name),
            )
            .help(help)
            .at(Some(Location::file(self.name.clone())));
            finding.subject = subject.map(str::to_owned);
            report.find(finding);
        };
        if self.stale_bootloader {
            find(
                "stale-hash",
                Level::Warning,
                "the appended SHA-256 is not that of the bootloader".into(),
                "esptool changes the header of a bootloader when it flashes it; with Secure Boot the chip would refuse it",
            );
        }
        let Image::Esp(image) = &self.image else { return };
        if image.digest.is_none() && image.header.extended.is_some() {
            find(
                "no-hash",
                Level::Warning,
                "no SHA-256 is appended: the device checks one byte of XOR only".into(),
                "build without --dont-append-digest",
            );
        }
        match &image.trailing {
            Trailing::Other { offset, length } => find(
                "trailing-data",
                Level::Warning,
                format!(
                    "{} follow the image at offset {offset:#x}: no device checks them, and every update carries them",
                    ByteSize(*length)
                ),
                "give the image as the build wrote it",
            ),
            Trailing::SignatureV2 { offset, extra, .. } if *extra > 0 => find(
                "signed-twice",
                Level::Warning,
                format!(
                    "{} follow the signature sector at offset {offset:#x}: it looks signed twice, and the device looks at the first signature only",
                    ByteSize(*extra)
                ),
                "sign the unsigned image once, with all keys",
            ),
            Trailing::SignatureV2 { blocks, .. }
                if blocks.len() > 1 && matches!(image.chip(), Some(ChipId(0 | 12))) =>
            {
                find(
                    "signature-blocks",
                    Level::Warning,
                    format!(
                        "it has {} signature blocks, and an {} looks at the first only",
                        blocks.len(),
                        image.chip_name().unwrap_or("ESP32")
                    ),
                    "sign with one key",
                );
            }
            _ => {}
        }
        if let Some(chip) = image.chip().filter(|chip| chip.name().is_none()) {
            find(
                "unknown-chip",
                Level::Warning,
                format!("{chip} is none this version knows: placement rules of its MMU were not checked"),
                "use a newer version of this tool",
            );
        }
        if let (Some(app), Some(chip)) = (&image.app, image.chip()) {
            let bits = secure_version_bits(chip);
            if app.secure_version > bits {
                find(
                    "secure-version-width",
                    Level::Error,
                    format!(
                        "the secure version is {}, and the eFuses of {chip} count to {bits}: no device can ever confirm it",
                        app.secure_version
                    ),
                    "lower CONFIG_BOOTLOADER_APP_SECURE_VERSION",
                );
            }
        }
    }

    /// The chip as its vendor writes it.
    pub(crate) fn chip_name(&self) -> Option<String> {
        match &self.image {
            Image::Esp(image) => match image.chip() {
                Some(chip) => Some(chip.to_string()),
                None => image.chip_name().map(str::to_owned),
            },
            _ => None,
        }
    }

    /// Whether the file ends in a signature that is part of it.
    pub(crate) fn is_signed(&self) -> bool {
        match &self.image {
            Image::Esp(image) => {
                matches!(image.trailing, Trailing::SignatureV1 { .. } | Trailing::SignatureV2 { .. })
            }
            _ => false,
        }
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
        report.find(finding);
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

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
