//! The signatures of firmware images.

use std::io::Read;

use lw_firmware::esp_image::{AppImage, ChipId, Trailing};
use lw_firmware::image::Image;
use lw_firmware::mcuboot as walked;
use lw_signature::mcuboot::{self, VerifyImageError};
use lw_signature::secure_boot_v2::{self as v2, BlockProblem, SectorError};
use lw_signature::{Hash, PublicKey, secure_boot_v1 as v1};

use crate::chip::ChipLimits;
use crate::{Accepted, Keys, Rejected, Signature, Standing};

/// What is known of the chips in the field, besides what the image says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chip {
    /// The chip, where the image does not say.
    pub id: Option<ChipId>,
    /// The lowest revision in the field, as major * 100 + minor.
    pub revision: Option<u16>,
}

/// Judges the signatures of an image. Those of MCUboot that are over the image itself (`SIG_PURE`) take [`image_in_file`].
///
/// # Errors
/// Why it is not accepted.
pub fn image(image: &Image, keys: &Keys, chip: Chip) -> Result<Accepted, Rejected> {
    judge(image, keys, chip, None)
}

/// As [`image`], of a file that can be read again: `reopen` starts at its first byte.
///
/// # Errors
/// Why it is not accepted.
pub fn image_in_file(
    image: &Image,
    keys: &Keys,
    chip: Chip,
    reopen: mcuboot::Reread<'_>,
) -> Result<Accepted, Rejected> {
    judge(image, keys, chip, Some(reopen))
}

fn judge(
    image: &Image,
    keys: &Keys,
    chip: Chip,
    reopen: Option<mcuboot::Reread<'_>>,
) -> Result<Accepted, Rejected> {
    match image {
        Image::Esp(esp) => match &esp.trailing {
            Trailing::SignatureV2 { extra, .. } => secure_boot_v2(esp, *extra, keys, chip),
            Trailing::SignatureV1 { .. } => secure_boot_v1(esp, keys, chip),
            _ => Err(Rejected::Unsigned),
        },
        Image::Mcuboot(image) => of_mcuboot(image, keys, reopen),
        Image::Uf2(_) | Image::IntelHex(_) => match only_image(image)? {
            // Where it is in the file is not where it is in the flash.
            Ok(inner) => judge(inner, keys, chip, None),
            Err(error) => Err(Rejected::NotVerifiable { reason: error.to_string() }),
        },
        Image::Plain(_) => Err(Rejected::Unsigned),
    }
}

/// The one image that a file for a flash writes, or why it is none, when the file writes nothing else: what lies beside an
/// image is covered by none of its signatures.
fn only_image(file: &Image) -> Result<&Result<Image, lw_firmware::image::Error>, Rejected> {
    let not_verifiable = |reason: String| Err(Rejected::NotVerifiable { reason });
    let advice = "the image is verified by itself, before it is put into this file";
    let mut nested = file.nested();
    let inner = match (nested.next(), nested.next()) {
        (Some(inner), None) => inner,
        (None, _) => return Err(Rejected::Unsigned),
        (Some(_), Some(_)) => {
            return not_verifiable(
                "it writes more than one image; each is verified by itself, before it is put into this file"
                    .into(),
            );
        }
    };
    let (content, is_all) = match file {
        Image::Uf2(uf2) => {
            (uf2.parts.first().map(|part| &part.content), uf2.parts.len() == 1 && uf2.files == 0)
        }
        Image::IntelHex(hex) => (Some(&hex.content), true),
        _ => (None, false),
    };
    let start = inner.address;
    // In the order of the addresses, one range is the image and what follows it.
    let is_alone = is_all
        && content.is_some_and(|content| {
            content.sha256.is_some() && matches!(content.ranges[..], [range] if range.start == start)
        });
    match inner.beyond {
        0 if is_alone => Ok(&inner.image),
        0 => not_verifiable(format!(
            "it writes more than the image at {start:#010x}, and no signature covers that; {advice}"
        )),
        beyond => not_verifiable(format!(
            "it writes {beyond} bytes after the image at {start:#010x}, and no signature covers them; {advice}"
        )),
    }
}

/// The chip an image is for: what it says, or else what the user says.
fn chip_of(esp: &AppImage, chip: Chip) -> Result<ChipId, Rejected> {
    match (esp.chip(), chip.id) {
        (Some(own), Some(given)) if own != given => {
            Err(Rejected::Refused { reason: format!("the image is for {own}, and {given} is asked for") })
        }
        (Some(chip), _) | (None, Some(chip)) => Ok(chip),
        (None, None) => Err(Rejected::NotVerifiable { reason: "which chip it is for is not known".into() }),
    }
}

fn secure_boot_v2(esp: &AppImage, extra: u64, keys: &Keys, chip: Chip) -> Result<Accepted, Rejected> {
    let Some(sector) = &esp.signature_input.signature else { return Err(Rejected::Unsigned) };
    if extra > 0 {
        return Err(Rejected::Forged {
            reason: format!("{extra} bytes follow the signature sector, which it does not cover"),
        });
    }
    let covered = &esp.signature_input.covered;
    let covered = v2::Covered { sha256: covered.sha256, sha384: covered.sha384 };
    let id = chip_of(esp, chip)?;
    // A scheme that came with a later revision than any the image is for is verified by no chip that starts it.
    let highest = esp.highest_revision();
    let limits = ChipLimits::of(id, Some(chip.revision.map_or(highest, |lowest| lowest.min(highest))));
    let shown = |digest: &v2::KeyDigest| {
        keys.shown(&format!("key digest {digest}"), |key| v2::key_digest(key).is_ok_and(|own| own == *digest))
    };
    let verified = v2::Sector::read(sector, &covered, &limits.as_v2())
        .and_then(|sector| sector.verify(&keys.efuse_digests()))
        .map_err(|error| match error {
            SectorError::Untrusted { found } => {
                Rejected::Untrusted { signers: found.iter().map(shown).collect(), wanted: keys.wanted() }
            }
            SectorError::Forged { block, problem: BlockProblem::NoDigest } => Rejected::NotVerifiable {
                reason: format!("block {block} is over a digest that was not computed"),
            },
            SectorError::Unverifiable { .. } => Rejected::NotVerifiable { reason: error.to_string() },
            SectorError::Scheme { .. } | SectorError::TooMany { .. } => {
                Rejected::Refused { reason: error.to_string() }
            }
            SectorError::Length { .. } | SectorError::Empty | SectorError::Forged { .. } => {
                Rejected::Forged { reason: error.to_string() }
            }
        })?;
    let signatures = verified.blocks.iter().map(|block| Signature {
        algorithm: block.scheme.name().to_owned(),
        signer: shown(&block.key),
        standing: if block.is_trusted { Standing::Trusted } else { Standing::Foreign },
    });
    Ok(Accepted { scheme: "Secure Boot V2", signatures: signatures.collect() })
}

fn secure_boot_v1(esp: &AppImage, keys: &Keys, chip: Chip) -> Result<Accepted, Rejected> {
    let Some(signature) = &esp.signature_input.signature else { return Err(Rejected::Unsigned) };
    let id = chip_of(esp, chip)?;
    if !id.verifies_v1() {
        return Err(Rejected::Refused {
            reason: format!("{id} has no Secure Boot V1, which the ESP32 alone has"),
        });
    }
    let sha256 = &esp.signature_input.image_sha256;
    let holds = |key: &PublicKey| v1::verify(key, sha256, signature).map_err(|error| error.to_string());
    let accepted = |signer: String, standing| Accepted {
        scheme: "Secure Boot V1",
        signatures: vec![Signature { algorithm: "ECDSA P-256".into(), signer, standing }],
    };
    // The file does not name the key, so a signature of no key that is known may be either: that is forged, or foreign.
    let mut reason = None;
    for named in &keys.trusted {
        match holds(&named.key) {
            Ok(()) => return Ok(accepted(named.name.clone(), Standing::Trusted)),
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    if let Some(named) = keys.known.iter().find(|named| holds(&named.key).is_ok()) {
        if keys.trusts(&named.key) {
            return Ok(accepted(named.name.clone(), Standing::Trusted));
        }
        return Err(Rejected::Untrusted { signers: vec![named.name.clone()], wanted: keys.wanted() });
    }
    match reason {
        Some(reason) => Err(Rejected::Forged { reason }),
        None => Err(Rejected::NotVerifiable {
            reason: "a Secure Boot V1 signature does not hold its key: give the public key itself".into(),
        }),
    }
}

/// A MCUboot image that was walked, as `lw-signature` takes it.
#[must_use]
pub fn mcuboot_image(image: &walked::Image) -> mcuboot::Image<'_> {
    let tlvs = image.unprotected.iter();
    mcuboot::Image {
        tlvs: tlvs.map(|tlv| mcuboot::Tlv { kind: tlv.kind.0, data: &tlv.data }).collect(),
        covered: mcuboot::Covered {
            sha256: image.covered.sha256,
            sha384: image.covered.sha384,
            sha512: image.covered.sha512,
        },
        is_encrypted: image.header.flags.is_encrypted(),
    }
}

fn of_mcuboot(
    image: &walked::Image,
    keys: &Keys,
    reopen: Option<mcuboot::Reread<'_>>,
) -> Result<Accepted, Rejected> {
    if image.is_nested {
        return Err(Rejected::Refused {
            reason: "the payload is a MCUboot image itself: it was signed twice".into(),
        });
    }
    // A slot is as the bootloader wants it; of anything else nobody knows whether it was there when the image was signed.
    match &image.trailing {
        walked::Trailing::Other { length, .. } => {
            return Err(Rejected::Forged {
                reason: format!("{length} bytes follow the image, which its signatures do not cover"),
            });
        }
        walked::Trailing::Slot(trailer) => {
            if let Some(from) = trailer.used_from {
                return Err(Rejected::NotVerifiable {
                    reason: format!(
                        "its slot has data at offset {from:#x}, after the image, which its signatures do not cover"
                    ),
                });
            }
        }
        walked::Trailing::None | walked::Trailing::Padding { .. } => {}
    }
    let all: Vec<_> = keys.trusted.iter().chain(&keys.known).collect();
    let trusted: Vec<PublicKey> =
        all.iter().filter(|named| keys.trusts(&named.key)).map(|named| named.key.clone()).collect();
    let shown =
        |id: &str| keys.shown(&format!("key hash {id}"), |key| hashes_of(key).iter().any(|hash| hash == id));
    let read = mcuboot_image(image);
    let verified = match reopen {
        None => mcuboot::verify(&read, &trusted),
        Some(reopen) => {
            let length = image.covered_len();
            let mut covered = || reopen().map(|file| Box::new(file.take(length)) as Box<dyn Read>);
            mcuboot::verify_with(&read, &trusted, &mut covered)
        }
    };
    let verified = verified.map_err(|error| match error {
        VerifyImageError::Unsigned => Rejected::Unsigned,
        VerifyImageError::Encrypted
        | VerifyImageError::Pure
        | VerifyImageError::PureTooMany { .. }
        | VerifyImageError::Reread { .. } => Rejected::NotVerifiable { reason: error.to_string() },
        VerifyImageError::Untrusted { found } => {
            let signers = found.iter().map(|id| shown(id)).collect();
            Rejected::Untrusted { signers, wanted: keys.wanted() }
        }
        other => Rejected::Forged { reason: other.to_string() },
    })?;
    let signatures = verified.signatures.iter().map(|signature| Signature {
        algorithm: match &signature.signer {
            Ok(index) => trusted.get(*index).map(|key| key.kind().to_string()).unwrap_or_default(),
            Err(_) => String::new(),
        },
        signer: shown(&signature.key.to_string()),
        standing: match signature.signer {
            Ok(_) => Standing::Trusted,
            Err(mcuboot::Foreign::Sound) => Standing::Foreign,
            Err(mcuboot::Foreign::Unknown) => Standing::NotChecked,
        },
    });
    Ok(Accepted { scheme: "MCUboot", signatures: signatures.collect() })
}

/// By which hashes an image may name a key (`KEYHASH`): of RSA over PKCS#1, of others over `SubjectPublicKeyInfo`, with the
/// hash function of the image.
fn hashes_of(key: &PublicKey) -> Vec<String> {
    let encoded = key.to_pkcs1_der().unwrap_or_else(|| key.to_spki_der());
    [Hash::Sha256, Hash::Sha384, Hash::Sha512]
        .iter()
        .map(|hash| base16ct::lower::encode_string(hash.of(&encoded).as_bytes()))
        .collect()
}
