//! A firmware as the product: what its files say of it, and whether they belong together.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_firmware::elf::Elf;
use lw_firmware::esp_image::{AppImage, Pairing};
use lw_firmware::pairing::{RawPairing, pair_raw};
use lw_inventory::{Component, Distribution, Hash, HashAlgorithm};
use lw_model::lists::filled;
use lw_model::{Finding, Level, Report};
use sha2::{Digest as _, Sha256, Sha512};

use crate::args::Generate;

/// What the files of a firmware say.
#[derive(Default)]
pub(super) struct Firmware {
    /// The name the build gave it, else the name of its file.
    pub(super) name: Option<String>,
    /// The version inside of it.
    pub(super) version: Option<String>,
    /// The file that is delivered, without folder.
    file: Option<String>,
    hashes: Vec<Hash>,
    properties: Vec<(&'static str, String)>,
}

/// `PT_NOTE` of GNU: the build id (elf(5), binutils `--build-id`).
const BUILD_ID: &str = ".note.gnu.build-id";
/// `NT_GNU_BUILD_ID`.
const NT_GNU_BUILD_ID: u32 = 3;

/// `e_machine` of the chips of Espressif: Xtensa and RISC-V.
const ESP_MACHINES: [u16; 2] = [94, 243];

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    [
        Hash::from_bytes(HashAlgorithm::Sha256, &Sha256::digest(bytes)),
        Hash::from_bytes(HashAlgorithm::Sha512, &Sha512::digest(bytes)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// The build id of an ELF file, in hexadecimal.
fn build_id(elf: &Elf<'_>, bytes: &[u8]) -> Option<String> {
    let section = elf.sections.iter().find(|section| section.name == BUILD_ID)?;
    let start = usize::try_from(section.offset).ok()?;
    let note = bytes.get(start..start.checked_add(usize::try_from(section.size).ok()?)?)?;
    let word = |at: usize| {
        let bytes: [u8; 4] = note.get(at..at + 4)?.try_into().ok()?;
        Some(if elf.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let (name, size, kind) = (word(0)?, usize::try_from(word(4)?).ok()?, word(8)?);
    let name_end = 12 + usize::try_from(name).ok()?.checked_next_multiple_of(4)?;
    if kind != NT_GNU_BUILD_ID || !note.get(12..)?.starts_with(b"GNU\0") {
        return None;
    }
    let id = note.get(name_end..name_end.checked_add(size)?)?;
    (!id.is_empty()).then(|| base16ct::lower::encode_string(id))
}

/// Reads the files of the firmware; nothing where none is named.
///
/// # Errors
/// When one cannot be read, or is no firmware.
pub(super) fn read(args: &Generate, cx: &Context, report: &mut Report) -> Result<Option<Firmware>, Error> {
    if args.elf.is_none() && args.bin.is_none() {
        return Ok(None);
    }
    let mut firmware = Firmware::default();
    let elf_bytes = args.elf.as_deref().map(|path| cx.open(path)).transpose()?;
    let bin_bytes = args.bin.as_deref().map(|path| cx.open(path)).transpose()?;
    let named = |path: &Path| cx.display_path(path);
    let mut parsed = None;
    if let (Some(path), Some(bytes)) = (&args.elf, &elf_bytes) {
        let elf = Elf::parse(bytes).map_err(|error| Error::from(error).context(named(path)))?;
        if let Some(id) = build_id(&elf, bytes) {
            firmware.properties.push(("lw:elf:build-id", id));
        }
        firmware
            .properties
            .push(("lw:elf:sha256", base16ct::lower::encode_string(&Sha256::digest(&**bytes))));
        firmware.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        parsed = Some(elf);
    }
    if let (Some(path), Some(bytes)) = (&args.bin, &bin_bytes) {
        let shown = named(path);
        if bytes.is_empty() {
            return Err(Error::input(format!("{shown}: the file is empty"))
                .hint("look at the step that makes the file: it may have ended early"));
        }
        firmware.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        // What begins like an ESP image and is damaged is none that may be delivered.
        let is_esp = bytes.first() == Some(&0xE9);
        match AppImage::parse(bytes) {
            Ok(image) => descriptor(&image, &mut firmware, elf_bytes.as_deref(), &shown, report),
            Err(error) if is_esp && parsed.as_ref().is_none_or(|elf| ESP_MACHINES.contains(&elf.machine)) => {
                return Err(Error::from(error).context(shown));
            }
            Err(_) => {
                if let (Some(elf), Some(elf_bytes)) = (&parsed, &elf_bytes) {
                    paired(pair_raw(elf, elf_bytes, bytes), &shown, report);
                }
            }
        }
    }
    let delivered = args.bin.as_deref().zip(bin_bytes.as_deref());
    let delivered = delivered.or_else(|| args.elf.as_deref().zip(elf_bytes.as_deref()));
    if let Some((path, bytes)) = delivered {
        firmware.file = file_name(path);
        firmware.hashes = hashes(bytes);
        cx.set_subject_file(None, path);
    }
    Ok(Some(firmware))
}

/// What an ESP application says of itself.
fn descriptor(
    image: &AppImage,
    firmware: &mut Firmware,
    elf: Option<&[u8]>,
    shown: &str,
    report: &mut Report,
) {
    let Some(app) = &image.app else { return };
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    firmware.version = filled(&app.version);
    firmware.name = filled(&app.project_name).or(firmware.name.take());
    if let Some(version) = filled(&app.idf_version) {
        firmware.properties.push(("lw:esp:idf-version", version));
    }
    if let Some(chip) = image.chip_name() {
        firmware.properties.push(("lw:esp:chip", chip.to_owned()));
    }
    if app.app_elf_sha256 != [0; 32] {
        firmware
            .properties
            .push(("lw:esp:app-elf-sha256", base16ct::lower::encode_string(&app.app_elf_sha256)));
    }
    if let Some(bytes) = elf {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if image.pairs_with(&digest) == Pairing::Mismatch {
            unpaired(
                format!("{shown} was not made from this ELF: its app_elf_sha256 is that of another file"),
                shown,
                report,
            );
        }
    }
}

fn paired(pairing: RawPairing, shown: &str, report: &mut Report) {
    match pairing {
        RawPairing::Match | RawPairing::Unknown => {}
        RawPairing::Other { differing, loaded } => unpaired(
            format!(
                "{shown} was not made from this ELF: {differing} of the {loaded} bytes that the ELF loads are not in it"
            ),
            shown,
            report,
        ),
        RawPairing::Absent => unpaired(
            format!(
                "{shown} was not made from this ELF, or is encrypted: nothing that the ELF loads is in it"
            ),
            shown,
            report,
        ),
    }
}

fn unpaired(message: String, shown: &str, report: &mut Report) {
    report.add_finding(Finding::new("sbom/unpaired", Level::Error, shown, message));
}

impl Firmware {
    /// Tells the product what its files say: the fields that BSI TR-03183-2 2.1 asks for stand in properties of its names.
    pub(super) fn describe(&self, product: &mut Component, url: Option<&str>) {
        product.hashes.extend(self.hashes.iter().cloned());
        if let Some(file) = &self.file {
            product.property("bsi:component:filename", file.clone());
            // An image is run by the device, holds parts, and none of them can be taken out by its format alone.
            product.property("bsi:component:executable", "executable");
            product.property("bsi:component:archive", "archive");
            product.property("bsi:component:structured", "unstructured");
            product.distributions.push(Distribution {
                url: url.map(str::to_owned),
                file: Some(file.clone()),
                is_source: false,
                hashes: filled(self.hashes.iter().cloned()),
            });
        }
        for (name, value) in &self.properties {
            product.property(name, value.clone());
        }
    }
}
