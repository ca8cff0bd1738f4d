//! Secure Boot V1 and V2, by fixtures and by changing what was signed.

use lw_firmware::esp_image::{AppImage, ChipId, ImageError, Problem, SignatureScheme, Trailing};
use lw_firmware::signable::{Existing, Placement, Refusal};
use lw_model::Diagnose as _;
use lw_signature::secure_boot_v2::{
    BLOCK_LENGTH, Block, BlockProblem, Covered, KeyDigest, Limits, MakeError, Plan, Scheme, Sector,
    SectorError, append, assemble, key_digest, make_block, sign_block, to_be_signed,
};
use lw_signature::{Algorithm, Digest, KeyKind, PrivateKey, PublicKey, SignError, Signer, secure_boot_v1};

use super::{covered, esp_image, fixture, fixture_key, key, schemes, sector, with_sector};

const RSA: KeyKind = KeyKind::Rsa { bits: 3072 };

fn digest_of(key: &PrivateKey) -> KeyDigest {
    key_digest(key.public_key()).unwrap()
}

/// Puts the CRC right after a change.
fn repair(block: &mut [u8]) {
    let crc = crc32fast::hash(&block[..1196]);
    block[1196..1200].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn every_stored_signature_verifies_with_its_key_and_with_no_other() {
    let files = [
        ("bootloader_signed_v2_rsa", &["rsa_secure_boot_signing_key"][..]),
        (
            "bootloader_multi_signed_v2_rsa",
            &["rsa_secure_boot_signing_key", "rsa_secure_boot_signing_key2", "rsa_secure_boot_signing_key3"],
        ),
        ("bootloader_signed_v2_ecdsa256", &["ecdsa256_secure_boot_signing_key"]),
    ];
    let names = [
        "rsa_secure_boot_signing_key",
        "rsa_secure_boot_signing_key2",
        "rsa_secure_boot_signing_key3",
        "ecdsa256_secure_boot_signing_key",
        "ecdsa256_secure_boot_signing_key_v2",
        "rsa3072",
        "p256",
    ];
    for (file, signers) in files {
        let Some(bytes) = fixture(&format!("secure-boot-v2/{file}.bin")) else { return };
        let sector = sector(&bytes);
        for name in names {
            let key = key_digest(&fixture_key(name).unwrap()).unwrap();
            let verdict = sector.verify(&[key]);
            if signers.contains(&name) {
                let verified = verdict.unwrap();
                assert_eq!(verified.blocks.len(), signers.len(), "{file}");
                let trusted: Vec<_> = verified.blocks.iter().filter(|block| block.is_trusted).collect();
                assert_eq!(trusted.iter().map(|block| block.key).collect::<Vec<_>>(), [key], "{file} {name}");
            } else {
                let Err(SectorError::Untrusted { found }) = verdict else {
                    panic!("{file} {name}: {verdict:?}")
                };
                assert_eq!(found.len(), signers.len());
                assert!(!found.contains(&key));
            }
        }
    }
}

#[test]
fn key_digests_are_those_espsecure_stored() {
    let Some(rsa) = fixture("secure-boot-v2/rsa_public_key_digest.bin") else { return };
    let ecdsa = fixture("secure-boot-v2/ecdsa256_public_key_digest_v2.bin").unwrap();
    for (name, stored) in
        [("rsa_secure_boot_signing_key", rsa), ("ecdsa256_secure_boot_signing_key_v2", ecdsa)]
    {
        assert_eq!(key_digest(&fixture_key(name).unwrap()).unwrap().0[..], stored, "{name}");
    }
}

/// espsecure verifies with the key it is given, and says that this one is right.
#[test]
fn a_key_that_was_changed_in_its_block_is_forged_whoever_is_trusted() {
    let Some(bytes) = fixture("secure-boot-v2/bad-embedded-key-tampered_rsa.bin") else { return };
    let sector = sector(&bytes);
    let signer = key_digest(&fixture_key("rsa_secure_boot_signing_key").unwrap()).unwrap();
    // What the block itself says its key is.
    let embedded: [u8; 32] = {
        use sha2::{Digest as _, Sha256};
        Sha256::digest(&bytes[0x8000 + 36..0x8000 + 812]).into()
    };
    for trusted in [&[signer][..], &[KeyDigest(embedded)], &[signer, KeyDigest(embedded)], &[]] {
        let error = sector.verify(trusted).unwrap_err();
        assert_eq!(error, SectorError::Forged { block: 0, problem: BlockProblem::Constants });
    }
}

/// A whole new key in the place of the one that signed, with everything beside it right.
#[test]
fn a_signature_of_another_key_than_the_embedded_one_is_forged() {
    let image = esp_image(13, [0, 99]);
    let covered = covered(&AppImage::read(&image).unwrap());
    for kind in [RSA, KeyKind::EcdsaP256] {
        let (signer, other) = (key(kind), key(kind));
        let (mut mine, theirs) =
            (sign_block(&signer, &covered).unwrap(), sign_block(&other, &covered).unwrap());
        let (from, to) = if kind == RSA { (36, 812) } else { (36, 101) };
        mine[from..to].copy_from_slice(&theirs[from..to]);
        repair(&mut mine);
        let mut bytes = [0xFF; 4096];
        bytes[..BLOCK_LENGTH].copy_from_slice(&mine);
        let sector = Sector::read(&bytes, &covered, &Limits::ANY).unwrap();
        for trusted in [digest_of(&signer), digest_of(&other)] {
            let error = sector.verify(&[trusted]).unwrap_err();
            assert!(
                matches!(error, SectorError::Forged { block: 0, problem: BlockProblem::Forged(_) }),
                "{error}"
            );
        }
    }
}

#[test]
fn a_stored_signature_gives_the_stored_block_again() {
    let Some(bytes) = fixture("secure-boot-v2/bootloader_signed_v2_rsa.bin") else { return };
    let unsigned = fixture("secure-boot-v2/bootloader_unsigned_v2.bin").unwrap();
    let covered = Covered::of(&unsigned);
    let rsa = fixture_key("rsa_secure_boot_signing_key").unwrap();
    let signature: Vec<u8> = bytes[0x8000 + 812..0x8000 + 1196].iter().rev().copied().collect();
    assert_eq!(make_block(&rsa, &covered, &signature).unwrap()[..], bytes[0x8000..0x8000 + BLOCK_LENGTH]);

    let bytes = fixture("secure-boot-v2/bootloader_signed_v2_ecdsa256.bin").unwrap();
    let ecdsa = fixture_key("ecdsa256_secure_boot_signing_key").unwrap();
    let number =
        |from: usize| -> Vec<u8> { bytes[0x8000 + from..0x8000 + from + 32].iter().rev().copied().collect() };
    let raw = [number(101), number(133)].concat();
    let der = p256::ecdsa::Signature::from_slice(&raw).unwrap().to_der();
    let block = make_block(&ecdsa, &covered, der.as_bytes()).unwrap();
    assert_eq!(block[..], bytes[0x8000..0x8000 + BLOCK_LENGTH]);

    // Signatures of a card: the files espsecure's own tests take for `--signature`.
    for (name, key) in [("rsa", &rsa), ("ecdsa256", &ecdsa)] {
        let signature =
            fixture(&format!("secure-boot-v2/pre_calculated_bootloader_signature_{name}.bin")).unwrap();
        let block = make_block(key, &covered, &signature);
        let other = make_block(key, &Covered { sha256: [1; 32], ..covered }, &signature);
        assert!(matches!(other, Err(MakeError::Sign(SignError::Unsound { .. }))), "{name}");
        Block::parse(&block.unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap();
    }
}

#[test]
fn what_is_signed_verifies_and_only_with_its_key() {
    // ESP32-C5 verifies all schemes.
    let image = esp_image(23, [100, 199]);
    let read = AppImage::read(&image).unwrap();
    let covered = covered(&read);
    assert_eq!(covered, {
        let mut padded = image.clone();
        padded.resize(4096, 0xFF);
        Covered::of(&padded)
    });
    let keys = [key(RSA), key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP384)];
    let blocks: Vec<_> = keys.iter().map(|key| sign_block(key, &covered).unwrap()).collect();
    for (key, block) in keys.iter().zip(&blocks) {
        let parsed = Block::parse(block).unwrap();
        assert_eq!((parsed.key, parsed.public_key()), (digest_of(key), Some(key.public_key())));
        assert_eq!(Some(parsed.scheme), Scheme::of(key.public_key()));
    }
    let sector = assemble(&blocks, &covered, &Limits::ANY).unwrap();
    let signed = with_sector(&image, &sector);
    let reread = AppImage::parse(&signed).unwrap();
    assert_eq!(reread.signature_input.signature.as_deref(), Some(&sector[..]));
    assert_eq!(super::covered(&reread), covered);
    assert_eq!(signed.len() as u64, Plan::of(image.len() as u64).unwrap().total);
    let read = Sector::read(&sector[..], &covered, &Limits::ANY).unwrap();
    for key in &keys {
        let verified = read.verify(&[KeyDigest([9; 32]), digest_of(key)]).unwrap();
        assert_eq!(verified.blocks.iter().filter(|block| block.is_trusted).count(), 1);
    }
    let error = read.verify(&[KeyDigest([9; 32])]).unwrap_err();
    assert!(error.to_string().starts_with("the signature is sound, but not trusted"), "{error}");
    assert!(error.to_string().contains(&digest_of(&keys[0]).to_string()));
    assert!(matches!(read.verify(&[]), Err(SectorError::Untrusted { .. })));
}

#[test]
fn no_flipped_bit_of_a_sector_passes() {
    let image = esp_image(23, [100, 199]);
    let covered = covered(&AppImage::read(&image).unwrap());
    for kind in [RSA, KeyKind::EcdsaP256] {
        let key = key(kind);
        let block = sign_block(&key, &covered).unwrap();
        let sector = assemble(&[block], &covered, &Limits::ANY).unwrap();
        let forged = |bytes: &[u8], place: &str| {
            let read = Sector::read(bytes, &covered, &Limits::ANY).unwrap();
            let error = read.verify(&[digest_of(&key)]).expect_err(place);
            assert!(matches!(error, SectorError::Forged { .. }), "{place}: {error}");
        };
        Sector::read(&sector[..], &covered, &Limits::ANY).unwrap().verify(&[digest_of(&key)]).unwrap();
        // Every bit of the block; where it is over, the block before it is verified for each, so that some must do.
        let after = (BLOCK_LENGTH..sector.len()).filter(|at| at % 97 == 0 || *at < BLOCK_LENGTH + 4);
        for at in (0..BLOCK_LENGTH).chain(after) {
            for bit in 0..if at < BLOCK_LENGTH { 8 } else { 1 } {
                let mut bytes = sector.clone();
                bytes[at] ^= 1 << bit;
                forged(&bytes[..], &format!("{kind} byte {at:#x} bit {bit}"));
            }
        }
        // The CRC is no protection: who changes a block computes it again.
        for at in 0..1196 {
            let mut bytes = sector.clone();
            bytes[at] ^= 1 << (at % 8);
            repair(&mut bytes[..BLOCK_LENGTH]);
            forged(&bytes[..], &format!("{kind} byte {at:#x}"));
        }
    }
}

#[test]
fn no_flipped_bit_of_a_signed_image_passes() {
    let image = esp_image(13, [0, 99]);
    let key = key(KeyKind::EcdsaP256);
    let input = covered(&AppImage::read(&image).unwrap());
    let sector = assemble(&[sign_block(&key, &input).unwrap()], &input, &Limits::ANY).unwrap();
    let signed = with_sector(&image, &sector);
    let passes = |file: &[u8]| {
        AppImage::parse(file).is_ok_and(|image| {
            let sector = image.signature_input.signature.clone().unwrap_or_default();
            Sector::read(&sector, &covered(&image), &Limits::ANY)
                .and_then(|sector| sector.verify(&[digest_of(&key)]))
                .is_ok()
        })
    };
    assert!(passes(&signed));
    // The image, the padding, and the block up to its zeros; the rest is the matter of the test above.
    for at in (0..4096 + 170).chain(4096 + 1190..4096 + BLOCK_LENGTH) {
        let mut file = signed.clone();
        file[at] ^= 1 << (at % 8);
        assert!(!passes(&file), "byte {at:#x}");
    }
    for cut in [image.len(), 4096, signed.len() - 1] {
        assert!(!passes(&signed[..cut]), "{cut} bytes");
    }
}

#[test]
fn chips_have_limits() {
    let image = esp_image(23, [100, 199]);
    let covered = covered(&AppImage::read(&image).unwrap());
    let keys = [key(RSA), key(KeyKind::EcdsaP256)];
    let blocks: Vec<_> = keys.iter().map(|key| sign_block(key, &covered).unwrap()).collect();
    let both = assemble(&blocks, &covered, &Limits::ANY).unwrap();
    let one = Limits { chip: "ESP32-C2", blocks: 1, schemes: &[Scheme::Rsa3072, Scheme::EcdsaP256] };
    let read = Sector::read(&both[..], &covered, &one).unwrap();
    let trusted = [digest_of(&keys[0])];
    assert_eq!(
        read.verify(&trusted),
        Err(SectorError::TooMany { count: 2, most: 1, chip: "ESP32-C2".into() })
    );
    assert!(matches!(assemble(&blocks, &covered, &one), Err(MakeError::TooMany { count: 2, most: 1, .. })));
    let rsa = Limits { chip: "ESP32-S3", blocks: 3, schemes: &[Scheme::Rsa3072] };
    let read = Sector::read(&both[..], &covered, &rsa).unwrap();
    assert_eq!(
        read.verify(&trusted),
        Err(SectorError::Scheme { block: 1, scheme: Scheme::EcdsaP256, chip: "ESP32-S3".into() })
    );
    assert!(matches!(assemble(&blocks, &covered, &rsa), Err(MakeError::Scheme { .. })));
    // The stored files are of an ESP32, which verifies one block, of RSA alone.
    let Some(multi) = fixture("secure-boot-v2/bootloader_multi_signed_v2_rsa.bin") else { return };
    let image = AppImage::read(&multi).unwrap();
    let chip = image.chip().unwrap();
    let schemes = schemes(chip, 399);
    let limits = Limits { chip: chip.name().unwrap(), blocks: chip.signature_blocks(), schemes: &schemes };
    let bytes = image.signature_input.signature.clone().unwrap();
    let sector = Sector::read(&bytes, &super::covered(&image), &limits).unwrap();
    let error = sector.verify(&[]).unwrap_err();
    assert_eq!(error.to_string(), "there are 3 signature blocks; ESP32 looks at 1");
}

#[test]
fn signatures_are_appended_to_sound_ones_only() {
    let image = esp_image(23, [100, 199]);
    let covered = covered(&AppImage::read(&image).unwrap());
    let keys: Vec<_> = (0..4).map(|_| key(KeyKind::EcdsaP256)).collect();
    let block = |index: usize| sign_block(&keys[index], &covered).unwrap();
    let any = Limits::ANY;
    let first = assemble(&[block(0)], &covered, &any).unwrap();
    let second = append(&first[..], &[block(1)], &covered, &any).unwrap();
    assert_eq!(second[..BLOCK_LENGTH], first[..BLOCK_LENGTH]);
    let third = append(&second[..], &[block(2)], &covered, &any).unwrap();
    let full = append(&third[..], &[block(3)], &covered, &any).unwrap_err();
    assert_eq!(full.to_string(), "the sector would have 4 signature blocks; any chip looks at 3");
    let again = append(&first[..], &[block(0)], &covered, &any).unwrap_err();
    assert_eq!(again, MakeError::SameKey { key: digest_of(&keys[0]) });
    assert_eq!(append(&first[..], &[], &covered, &any), Err(MakeError::NoKey));
    assert_eq!(assemble(&[], &covered, &any), Err(MakeError::NoKey));
    // Another image, and a block that was changed.
    let other = Covered { sha256: [3; 32], sha384: None };
    let error = append(&first[..], &[block(1)], &other, &any).unwrap_err();
    assert!(
        matches!(
            &error,
            MakeError::Existing(SectorError::Forged { block: 0, problem: BlockProblem::OtherImage })
        ),
        "{error}"
    );
    let mut changed = first.clone();
    changed[110] ^= 1;
    repair(&mut changed[..BLOCK_LENGTH]);
    let error = append(&changed[..], &[block(1)], &covered, &any).unwrap_err();
    assert!(matches!(error, MakeError::Existing(SectorError::Forged { .. })), "{error}");
    assert!(error.hint().unwrap().contains("--replace"));
    // And a new block that is of another image.
    let foreign = sign_block(&keys[1], &Covered { sha256: [4; 32], sha384: None }).unwrap();
    assert!(append(&first[..], &[foreign], &covered, &any).is_err());
    let empty = Sector::read(&[0xFF; 4096], &covered, &any).unwrap();
    assert_eq!(empty.verify(&[]), Err(SectorError::Empty));
    assert_eq!(
        Sector::read(&first[..4095], &covered, &any).unwrap_err(),
        SectorError::Length { found: 4095 }
    );
}

/// A block of P-192 cannot be verified here, so a sector that holds one does not pass, whatever else it holds.
#[test]
fn a_block_of_p192_is_named_and_does_not_pass() {
    let image = esp_image(13, [0, 99]);
    let covered = covered(&AppImage::read(&image).unwrap());
    let key = key(KeyKind::EcdsaP256);
    let sound = sign_block(&key, &covered).unwrap();
    let mut p192 = sound;
    p192[36] = 1;
    p192[85..101].fill(0);
    p192[149..165].fill(0);
    repair(&mut p192);
    let parsed = Block::parse(&p192).unwrap();
    assert_eq!((parsed.scheme, parsed.public_key()), (Scheme::EcdsaP192, None));
    let mut bytes = [0xFF; 4096];
    bytes[..BLOCK_LENGTH].copy_from_slice(&p192);
    let alone = Sector::read(&bytes, &covered, &Limits::ANY).unwrap();
    let expected = |block| Err(SectorError::Unverifiable { block, scheme: Scheme::EcdsaP192 });
    assert_eq!(alone.verify(&[parsed.key]), expected(0));
    bytes[..BLOCK_LENGTH].copy_from_slice(&sound);
    bytes[BLOCK_LENGTH..2 * BLOCK_LENGTH].copy_from_slice(&p192);
    let beside = Sector::read(&bytes, &covered, &Limits::ANY).unwrap();
    assert_eq!(beside.verify(&[digest_of(&key), parsed.key]), expected(1));
    assert_eq!(beside.blocks[1].block.as_ref().unwrap().key, parsed.key);
    // A block of it for another image is forged all the same.
    let other = Covered { sha256: [3; 32], sha384: None };
    let error = Sector::read(&bytes, &other, &Limits::ANY).unwrap().verify(&[]).unwrap_err();
    assert!(matches!(error, SectorError::Forged { block: 0, .. }), "{error}");
}

#[test]
fn what_is_no_block_is_told_by_its_first_difference() {
    let image = esp_image(13, [0, 99]);
    let covered = covered(&AppImage::read(&image).unwrap());
    let good = sign_block(&key(KeyKind::EcdsaP256), &covered).unwrap();
    let changed = |changes: &[(usize, u8)]| {
        let mut block = good;
        changes.iter().for_each(|(at, byte)| block[*at] = *byte);
        repair(&mut block);
        Block::parse(&block).unwrap_err()
    };
    assert_eq!(changed(&[(0, 0xE9)]), BlockProblem::Magic { found: 0xE9 });
    assert_eq!(changed(&[(1, 4)]), BlockProblem::Version { found: 4 });
    assert_eq!(changed(&[(2, 2)]), BlockProblem::Hash { found: 2 });
    assert!(matches!(changed(&[(36, 3)]), BlockProblem::Curve { found: 3, .. }));
    assert_eq!(changed(&[(3, 1)]), BlockProblem::Reserved { offset: 3, found: 1 });
    assert_eq!(changed(&[(700, 9)]), BlockProblem::Reserved { offset: 700, found: 9 });
    assert!(matches!(changed(&[(40, good[40] ^ 1)]), BlockProblem::Key(_)));
    let mut tail = good;
    tail[1215] = 1;
    assert_eq!(Block::parse(&tail), Err(BlockProblem::Reserved { offset: 1215, found: 1 }));
    assert_eq!(Block::parse(&good[1..]), Err(BlockProblem::Length { found: 1215 }));
    let mut crc = good;
    crc[150] ^= 1;
    assert!(matches!(Block::parse(&crc), Err(BlockProblem::Crc { .. })));
}

#[test]
fn other_keys_are_refused_by_name() {
    let covered = Covered { sha256: [1; 32], sha384: None };
    for kind in [KeyKind::Rsa { bits: 2048 }, KeyKind::Ed25519] {
        let key = key(kind);
        assert_eq!(sign_block(&key, &covered), Err(MakeError::Key { kind }));
        assert_eq!(key_digest(key.public_key()), Err(MakeError::Key { kind }));
    }
    let p384 = key(KeyKind::EcdsaP384);
    assert_eq!(to_be_signed(p384.public_key(), &covered), Err(MakeError::NoDigest));
    let error = sign_block(&key(KeyKind::Rsa { bits: 2048 }), &covered).unwrap_err();
    assert!(error.to_string().contains("RSA-2048"), "{error}");
}

/// A signer that returns what it likes.
struct Liar(PrivateKey, Vec<u8>);

impl Signer for Liar {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign_digest_unchecked(&self, _: Algorithm, _: &Digest) -> Result<Vec<u8>, SignError> {
        Ok(self.1.clone())
    }

    fn sign_message_unchecked(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.1.clone())
    }
}

#[test]
fn what_a_signer_returns_is_verified_before_it_is_written() {
    let covered = Covered { sha256: [1; 32], sha384: None };
    let (own, other) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let (_, digest) = to_be_signed(own.public_key(), &covered).unwrap();
    let signature = other.sign_digest_unchecked(Algorithm::EcdsaSha256, &digest).unwrap();
    let liar = Liar(own, signature);
    assert!(matches!(sign_block(&liar, &covered), Err(MakeError::Sign(SignError::Unsound { .. }))));
    let error = secure_boot_v1::sign(&liar, &covered.sha256).unwrap_err();
    assert!(matches!(error, secure_boot_v1::Error::Sign(SignError::Unsound { .. })), "{error}");
}

#[test]
fn stored_signatures_of_v1_verify_with_their_key_only() {
    let Some(signed) = fixture("secure-boot-v1/bootloader_signed.bin") else { return };
    let unsigned = fixture("secure-boot-v1/bootloader.bin").unwrap();
    let image = AppImage::parse(&signed).unwrap();
    let plain = AppImage::parse(&unsigned).unwrap();
    assert_eq!(image.signature_input.image_sha256, plain.signature_input.image_sha256);
    assert_eq!(plain.signature_input.signature, None);
    let bytes = image.signature_input.signature.as_ref().unwrap();
    assert_eq!(bytes[..], signed[unsigned.len()..]);
    let sha256 = &image.signature_input.image_sha256;
    let good = fixture_key("ecdsa256_secure_boot_signing_key").unwrap();
    secure_boot_v1::verify(&good, sha256, bytes).unwrap();
    let other = fixture_key("p256").unwrap();
    let error = secure_boot_v1::verify(&other, sha256, bytes).unwrap_err();
    assert!(matches!(error, secure_boot_v1::Error::Mismatch { .. }), "{error}");
    let rsa = fixture_key("rsa3072").unwrap();
    let error = secure_boot_v1::verify(&rsa, sha256, bytes).unwrap_err();
    assert_eq!(error.to_string(), "Secure Boot V1 takes a key of the kind ECDSA P-256; this one is RSA-3072");
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            assert!(secure_boot_v1::verify(&good, sha256, &bytes).is_err(), "byte {at} bit {bit}");
        }
    }
    for length in [0, 4, 67] {
        let error = secure_boot_v1::verify(&good, sha256, &bytes[..length]).unwrap_err();
        assert_eq!(error, secure_boot_v1::Error::Length { found: length });
    }
    assert!(secure_boot_v1::verify(&good, &[0; 32], bytes).is_err());
}

#[test]
fn v1_signs_the_same_twice() {
    let key = key(KeyKind::EcdsaP256);
    let one = secure_boot_v1::sign(&key, &[7; 32]).unwrap();
    assert_eq!(one, secure_boot_v1::sign(&key, &[7; 32]).unwrap());
    assert_eq!(one[..4], [0; 4]);
    secure_boot_v1::verify(key.public_key(), &[7; 32], &one).unwrap();
    let p384 = super::key(KeyKind::EcdsaP384);
    assert!(matches!(secure_boot_v1::sign(&p384, &[7; 32]), Err(secure_boot_v1::Error::Key { .. })));
}

fn signable(file: &[u8], schemes: &[SignatureScheme], existing: Existing) -> Result<Placement, Refusal> {
    AppImage::read(file).unwrap().signable_v2(schemes, existing, None)
}

#[test]
fn what_a_chip_does_not_verify_is_not_signed() {
    use SignatureScheme::{EcdsaP256, EcdsaP384, Rsa3072};
    let refused = |chip: u16, max: u16, scheme| {
        let error = signable(&esp_image(chip, [0, max]), &[scheme], Existing::Refuse).unwrap_err();
        assert!(matches!(error, Refusal::Scheme { .. }), "{error}");
        (error.to_string(), error.hint().unwrap().into_owned())
    };
    let (error, hint) = refused(9, 99, EcdsaP256);
    assert_eq!(error, "ESP32-S3 does not verify signatures made with ECDSA P-256");
    assert_eq!(hint, "Use a key for RSA-3072, which the chip verifies.");
    assert_eq!(refused(12, 99, Rsa3072).0, "ESP32-C2 does not verify signatures made with RSA-3072");
    assert_eq!(
        refused(0, 199, Rsa3072).0,
        "ESP32 before revision v3.0 does not verify signatures made with RSA-3072"
    );
    assert_eq!(
        refused(18, 199, EcdsaP384).0,
        "ESP32-P4 before revision v3.0 does not verify signatures made with ECDSA P-384"
    );
    // It runs on revisions before and after: a warning.
    let placement = signable(&esp_image(0, [0, 399]), &[Rsa3072], Existing::Refuse).unwrap();
    assert_eq!((placement.keep, placement.padding, placement.total), (144, 4096 - 144, 8192));
    let two = signable(&esp_image(0, [300, 399]), &[Rsa3072, Rsa3072], Existing::Refuse).unwrap_err();
    assert_eq!(two, Refusal::TooMany { count: 2, most: 1, chip: ChipId(0) });
    assert!(signable(&esp_image(23, [0, 99]), &[Rsa3072, EcdsaP256, EcdsaP384], Existing::Refuse).is_ok());
    let v1 = |chip| AppImage::read(&esp_image(chip, [0, 99])).unwrap().signable_v1(Existing::Refuse, None);
    assert_eq!(v1(0).unwrap().total, 144 + 68);
    assert_eq!(v1(5), Err(Refusal::SchemeV1 { chip: ChipId(5) }));
}

#[test]
fn a_signed_image_is_signed_again_only_when_that_is_asked_for() {
    use SignatureScheme::EcdsaP256;
    let image = esp_image(13, [0, 99]);
    let input = covered(&AppImage::read(&image).unwrap());
    let block = sign_block(&key(KeyKind::EcdsaP256), &input).unwrap();
    let signed = with_sector(&image, &assemble(&[block], &input, &Limits::ANY).unwrap());
    let error = signable(&signed, &[EcdsaP256], Existing::Refuse).unwrap_err();
    assert_eq!(error, Refusal::Signed { with: "Secure Boot V2" });
    assert!(error.hint().unwrap().contains("--append"));
    for existing in [Existing::Append, Existing::Replace] {
        let placement = signable(&signed, &[EcdsaP256], existing).unwrap();
        assert_eq!((placement.keep, placement.padding, placement.total), (4096, 0, 8192));
    }
    let four = signable(&signed, &[EcdsaP256; 3], Existing::Append).unwrap_err();
    assert!(matches!(four, Refusal::TooMany { count: 4, most: 3, .. }));
    // A signature of other bytes: nothing is added to it, but it can be replaced.
    let mut stale = signed.clone();
    stale[2000] ^= 1;
    let error = signable(&stale, &[EcdsaP256], Existing::Append).unwrap_err();
    let Refusal::Broken(problem) = error else { panic!("{error}") };
    assert!(matches!(*problem, Problem::Check(ImageError::Signature { .. })));
    signable(&stale, &[EcdsaP256], Existing::Replace).unwrap();
    // Signed twice, as espsecure does.
    let twice = with_sector(&signed, &[7; 4096]);
    for existing in [Existing::Refuse, Existing::Append, Existing::Replace] {
        assert!(signable(&twice, &[EcdsaP256], existing).is_err());
    }
    // V1 and V2 do not replace each other.
    let v1 = [&esp_image(0, [300, 399])[..], &[0; 4], &[7; 64]].concat();
    let read = AppImage::read(&v1).unwrap();
    assert!(matches!(read.trailing, Trailing::SignatureV1 { .. }));
    assert_eq!(read.signable_v1(Existing::Refuse, None), Err(Refusal::Signed { with: "Secure Boot V1" }));
    assert_eq!(read.signable_v1(Existing::Append, None), Err(Refusal::One));
    assert_eq!(read.signable_v1(Existing::Replace, None).unwrap().keep, 144);
    assert!(matches!(
        read.signable_v2(&[SignatureScheme::Rsa3072], Existing::Replace, None),
        Err(Refusal::OtherSigned { .. })
    ));
}

#[test]
fn what_would_not_be_started_is_not_signed() {
    use SignatureScheme::EcdsaP256;
    let image = esp_image(13, [0, 99]);
    let refused = |file: &[u8], slot| {
        AppImage::read(file).unwrap().signable_v2(&[EcdsaP256], Existing::Refuse, slot).unwrap_err()
    };
    let mut checksum = image.clone();
    checksum[40] ^= 1;
    let error = refused(&checksum, None);
    assert!(error.to_string().contains("checksum at offset 0x6f"), "{error}");
    let mut digest = image.clone();
    digest[143] ^= 1;
    assert!(refused(&digest, None).to_string().contains("SHA-256 at offset 0x70"));
    let error = refused(&image, Some(8191));
    assert_eq!(error.to_string(), "the signed image has 8192 bytes; the slot has 8191");
    assert!(AppImage::read(&image).unwrap().signable_v2(&[EcdsaP256], Existing::Refuse, Some(8192)).is_ok());
    // The device looks for the signature right after the image.
    let mut padded = image.clone();
    padded.resize(8192, 0xFF);
    let error = refused(&padded, None);
    assert_eq!(error, Refusal::Trailing { offset: 144, length: 8048, expected: 4096 });
    padded.truncate(4096);
    let placement = AppImage::read(&padded).unwrap().signable_v2(&[EcdsaP256], Existing::Refuse, None);
    assert_eq!(placement.unwrap().padding, 0);
    let v1 = AppImage::read(&[&esp_image(0, [0, 99])[..], b"junk"].concat()).unwrap();
    assert!(matches!(v1.signable_v1(Existing::Refuse, None), Err(Refusal::Trailing { expected: 144, .. })));
}
