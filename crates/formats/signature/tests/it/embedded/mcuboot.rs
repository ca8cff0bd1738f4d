//! Images for MCUboot, by fixtures and by changing what was signed.

use lw_firmware::image::{Image as AnyImage, Kind, Options as Scan, read_from};
use lw_firmware::mcuboot as walked;
use lw_firmware::signable::{Existing as Signed, Refusal, payload};
use lw_model::Diagnose as _;
use lw_signature::mcuboot::{
    Covered, Dependency, Existing, Foreign, HeaderError, Image, KeyFormat, LoadAddress, Named, Options,
    Parameters, SignImageError, Slot, Tlv, VerifyImageError, Version, sign, sign_area, verify,
};
use lw_signature::{
    Hash, KeyError, KeyKind, PrivateKey, PublicKey, Signer as _, known_test_key_hash, sign_message,
};

use super::{fixture, fixture_key, key, walked_image};

const KINDS: [KeyKind; 5] = [
    KeyKind::Rsa { bits: 2048 },
    KeyKind::Rsa { bits: 3072 },
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::Ed25519,
];

fn parameters() -> Parameters {
    Parameters {
        header_size: 32,
        pad_header: true,
        version: "1.2.3+4".parse().unwrap(),
        security_counter: Some(7),
        ..Parameters::default()
    }
}

/// A small image that is signed by these keys.
pub(super) fn signed(keys: &[&PrivateKey], options: Options) -> Vec<u8> {
    let binary: Vec<u8> = (0..50).collect();
    let prepared = parameters().prepare(binary.len() as u64).unwrap();
    let image = prepared.digest(&binary).unwrap().without_tlvs();
    let signers: Vec<_> = keys.iter().map(|key| *key as &dyn lw_signature::Signer).collect();
    let area = sign(&image, &signers, options).unwrap();
    [&prepared.header[..], &binary, &prepared.protected, &area].concat()
}

fn verdict(file: &[u8], trusted: &[&PublicKey]) -> Result<lw_signature::mcuboot::Verified, String> {
    let image = walked::Image::parse(file).map_err(|error| error.to_string())?;
    let trusted: Vec<_> = trusted.iter().map(|key| (*key).clone()).collect();
    verify(&walked_image(&image), &trusted).map_err(|error| error.to_string())
}

/// The same file with another area of unprotected TLVs.
pub(super) fn with_area(file: &[u8], area: &[u8]) -> Vec<u8> {
    let image = walked::Image::read(file).unwrap();
    let relaid = image.relay(area.len() as u64, None).unwrap();
    let mut made = file[..usize::try_from(relaid.keep).unwrap()].to_vec();
    made.extend(area);
    made.resize(made.len() + usize::try_from(relaid.fill).unwrap(), relaid.erased);
    if let Some(tail) = relaid.tail {
        made.extend(&file[usize::try_from(tail).unwrap()..]);
    }
    made
}

/// The area of these TLVs.
pub(super) fn area(tlvs: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, data) in tlvs {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
    }
    let length = u16::try_from(bytes.len() + 4).unwrap();
    [&0x6907u16.to_le_bytes()[..], &length.to_le_bytes(), &bytes].concat()
}

fn tlvs(file: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let image = walked::Image::read(file).unwrap();
    image.unprotected.iter().map(|tlv| (tlv.kind.0, tlv.data.clone())).collect()
}

#[test]
fn every_stored_image_verifies_with_its_key_and_with_no_other() {
    let names = ["root-ec-p256", "root-ed25519", "root-rsa-2048", "p256", "rsa3072"];
    for (file, signer) in [
        ("s3-hello_root-ec-p256", "root-ec-p256"),
        ("s3-hello_root-ed25519", "root-ed25519"),
        ("s3-hello_root-rsa-2048", "root-rsa-2048"),
        ("s3-hello_p256_padded_confirmed", "root-ec-p256"),
    ] {
        let Some(bytes) = fixture(&format!("mcuboot/{file}.bin")) else { return };
        let image = walked::Image::parse(&bytes).unwrap();
        let image = walked_image(&image);
        for name in names {
            let key = fixture_key(name).unwrap();
            match verify(&image, std::slice::from_ref(&key)) {
                Ok(verified) => {
                    assert_eq!(name, signer, "{file}");
                    assert_eq!(verified.signatures.len(), 1);
                    assert!(verified.unprotected.is_empty());
                }
                Err(VerifyImageError::Untrusted { .. }) => assert_ne!(name, signer, "{file}"),
                Err(error) => panic!("{file} with {name}: {error}"),
            }
        }
    }
}

#[test]
fn what_is_signed_verifies_and_only_with_its_key() {
    for kind in KINDS {
        for key_format in [KeyFormat::Hash, KeyFormat::Full] {
            let (own, other) = (key(kind), key(kind));
            let file = signed(&[&own], Options { key_format, ..Options::default() });
            let verified = verdict(&file, &[other.public_key(), own.public_key()]).unwrap();
            assert_eq!(verified.signatures[0].signer, Ok(1), "{kind}");
            let error = verdict(&file, &[other.public_key()]).unwrap_err();
            assert!(error.starts_with("the image is signed, but not by a trusted key"), "{kind}: {error}");
        }
    }
    let long = key(KeyKind::Ed25519);
    let file = signed(&[&long], Options { hash: Some(Hash::Sha512), ..Options::default() });
    assert_eq!(verdict(&file, &[long.public_key()]).unwrap().digest.hash(), Hash::Sha512);
}

#[test]
fn no_flipped_bit_and_no_cut_of_an_image_passes() {
    for (kind, key_format) in [
        (KeyKind::Ed25519, KeyFormat::Hash),
        (KeyKind::EcdsaP256, KeyFormat::Full),
        (KeyKind::Rsa { bits: 2048 }, KeyFormat::Hash),
    ] {
        let key = key(kind);
        let file = signed(&[&key], Options { key_format, ..Options::default() });
        verdict(&file, &[key.public_key()]).unwrap();
        for at in 0..file.len() {
            // Of the schemes that take long one bit of each byte must do.
            for bit in (0..8).filter(|bit| kind == KeyKind::Ed25519 || *bit == at % 8) {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                assert!(verdict(&changed, &[key.public_key()]).is_err(), "{kind} byte {at:#x} bit {bit}");
            }
            assert!(verdict(&file[..at], &[key.public_key()]).is_err(), "{kind} cut at {at}");
        }
    }
}

#[test]
fn forged_and_untrusted_are_told_apart() {
    let (own, other) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
    let file = signed(&[&own], Options::default());
    let [hash, name, (kind, signature)] = &tlvs(&file)[..] else { panic!() };
    let names =
        |key: &PrivateKey| (0x01, Hash::Sha256.of(&key.public_key().to_spki_der()).as_bytes().to_vec());
    let error = |entries: &[(u16, Vec<u8>)], trusted: &[&PublicKey]| {
        verdict(&with_area(&file, &area(entries)), trusted).unwrap_err()
    };
    let trusted = [own.public_key()];
    let mut forged = signature.clone();
    forged[3] ^= 1;
    let told = error(&[hash.clone(), name.clone(), (*kind, forged.clone())], &trusted);
    assert!(told.starts_with("signature 0 is forged"), "{told}");
    // The key that signed is trusted, and the image names another: imgtool accepts it, the bootloader does not.
    let told = error(&[hash.clone(), names(&other), (*kind, signature.clone())], &trusted);
    assert!(told.starts_with("signature 0 is one of the trusted key"), "{told}");
    // The image names a trusted key, and another signed.
    let told = error(&[hash.clone(), names(&other), (*kind, signature.clone())], &[other.public_key()]);
    assert!(told.starts_with("signature 0 is forged"), "{told}");
    // A foreign signature with its key in the image can be told as well.
    let full = (0x02, own.public_key().to_spki_der());
    let told = error(&[hash.clone(), full.clone(), (*kind, forged.clone())], &[other.public_key()]);
    assert!(told.starts_with("signature 0 is forged"), "{told}");
    let told = error(&[hash.clone(), full, (*kind, signature.clone())], &[other.public_key()]);
    assert!(told.starts_with("the image is signed, but not by"), "{told}");
    let told = error(&[hash.clone(), (0x02, vec![1, 2]), (*kind, forged)], &trusted);
    assert!(told.contains("cannot be read"), "{told}");
    // Names and signatures go in pairs.
    let told = error(&[hash.clone(), (*kind, signature.clone())], &trusted);
    assert!(told.starts_with("signature 0 names no key"), "{told}");
    let told = error(&[hash.clone(), name.clone()], &trusted);
    assert!(told.contains("no signature of it follows"), "{told}");
    let told = error(&[hash.clone(), name.clone(), name.clone(), (*kind, signature.clone())], &trusted);
    assert!(told.contains("no signature of it follows"), "{told}");
    let told = error(std::slice::from_ref(hash), &trusted);
    assert!(told.starts_with("the image is not signed"), "{told}");
    // The type has to be the key's.
    // One that begins as DER does, or the walk of the image would refuse it.
    let mut as_der = signature.clone();
    as_der[0] = 0x30;
    let told = error(&[hash.clone(), name.clone(), (0x22, as_der)], &trusted);
    assert!(told.contains("is of the type ECDSA_SIG (0x22), which a key of the kind Ed25519"), "{told}");
    // One hash, of the image.
    let told = error(&[hash.clone(), hash.clone(), name.clone(), (*kind, signature.clone())], &trusted);
    assert!(told.contains("several hashes"), "{told}");
    let pure = [(0x25, vec![1]), name.clone(), (*kind, signature.clone())];
    assert!(error(&pure, &trusted).contains("SIG_PURE"));
    let told = error(&[(0x25, vec![1]), hash.clone(), name.clone(), (*kind, signature.clone())], &trusted);
    assert!(told.contains("SIG_PURE"), "{told}");
    // What nothing covers is told.
    let extra = (0x00A0, vec![5]);
    let with = with_area(&file, &area(&[hash.clone(), name.clone(), (*kind, signature.clone()), extra]));
    assert_eq!(verdict(&with, &trusted).unwrap().unprotected, [0xA0]);
}

/// P-384 is combined with SHA-384 and no other, whatever was signed.
#[test]
fn a_hash_the_bootloader_does_not_combine_with_the_key_does_not_pass() {
    let own = key(KeyKind::Ed25519);
    let file = signed(&[&own], Options::default());
    let image = walked::Image::read(&file).unwrap();
    let digest = image.covered.sha384;
    let signature = sign_message(&own, &digest).unwrap().to_vec();
    let name = Hash::Sha384.of(&own.public_key().to_spki_der()).as_bytes().to_vec();
    let odd = with_area(&file, &area(&[(0x11, digest.to_vec()), (0x01, name), (0x24, signature)]));
    let error = verdict(&odd, &[own.public_key()]).unwrap_err();
    assert!(error.contains("SHA-384"), "{error}");
    let options = Options { hash: Some(Hash::Sha384), ..Options::default() };
    let signers: [&dyn lw_signature::Signer; 1] = [&own];
    let refused = sign(&Covered::of(b"x").without_tlvs(), &signers, options).unwrap_err();
    assert!(matches!(refused, SignImageError::Hash { hash: Hash::Sha384, .. }), "{refused}");
}

#[test]
fn an_encrypted_image_cannot_be_verified() {
    let own = key(KeyKind::Ed25519);
    let file = signed(&[&own], Options::default());
    let image = walked::Image::read(&file).unwrap();
    let mut seen = walked_image(&image);
    seen.is_encrypted = true;
    let trusted = [own.public_key().clone()];
    // Its payload was left plain, so that the hash can be computed.
    verify(&seen, &trusted).unwrap();
    seen.covered = Covered::of(b"ciphertext");
    let error = verify(&seen, &trusted).unwrap_err();
    assert_eq!(error, VerifyImageError::Encrypted);
    assert!(error.hint().unwrap().contains("nothing was checked"));
    seen.is_encrypted = false;
    assert_eq!(verify(&seen, &trusted), Err(VerifyImageError::Changed { hash: Hash::Sha256 }));
    let signers: [&dyn lw_signature::Signer; 1] = [&own];
    seen.is_encrypted = true;
    let options = Options { existing: Existing::Replace, ..Options::default() };
    assert_eq!(sign(&seen, &signers, options), Err(SignImageError::Image(VerifyImageError::Encrypted)));
    let bare = Image { tlvs: Vec::new(), covered: seen.covered, is_encrypted: true };
    assert!(sign(&bare, &signers, Options::default()).is_err());
}

#[test]
fn a_second_signature_is_added_behind_the_first() {
    let (first, second) = (key(KeyKind::EcdsaP256), key(KeyKind::Rsa { bits: 2048 }));
    let file = signed(&[&first], Options::default());
    let image = walked::Image::read(&file).unwrap();
    let seen = walked_image(&image);
    let signers: [&dyn lw_signature::Signer; 1] = [&second];
    assert_eq!(sign(&seen, &signers, Options::default()), Err(SignImageError::Signed));
    let options = |existing| Options { existing, ..Options::default() };
    let both = with_area(&file, &sign(&seen, &signers, options(Existing::Append)).unwrap());
    assert_eq!(tlvs(&both)[..3], tlvs(&file));
    for (key, index) in [(&first, 0), (&second, 1)] {
        let verified = verdict(&both, &[key.public_key()]).unwrap();
        assert_eq!(verified.signatures.len(), 2);
        assert_eq!(verified.signatures[index].signer, Ok(0));
        assert_eq!(verified.signatures[1 - index].signer, Err(Foreign::Unknown));
        assert!(matches!(verified.signatures[index].key, Named::Hash(_)));
    }
    // The same key again, and one that goes with another hash.
    let again: [&dyn lw_signature::Signer; 1] = [&first];
    let error = sign(&seen, &again, options(Existing::Append)).unwrap_err();
    assert!(matches!(error, SignImageError::SameKey { .. }), "{error}");
    let other = key(KeyKind::EcdsaP384);
    let wide: [&dyn lw_signature::Signer; 1] = [&other];
    let error = sign(&seen, &wide, options(Existing::Append)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MCUboot does not combine SHA-256 with a key of the kind ECDSA P-384; expected SHA-384"
    );
    let none: [&dyn lw_signature::Signer; 0] = [];
    assert_eq!(sign(&seen, &none, options(Existing::Append)), Err(SignImageError::NoKey));
    // Replaced, with another hash; other TLVs stay.
    let entries = [tlvs(&file), vec![(0xA0, vec![1, 2])]].concat();
    let more = with_area(&file, &area(&entries));
    let image = walked::Image::read(&more).unwrap();
    let replaced = with_area(&more, &sign(&walked_image(&image), &wide, options(Existing::Replace)).unwrap());
    let kinds: Vec<_> = tlvs(&replaced).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [0x11, 0x01, 0x22, 0xA0]);
    verdict(&replaced, &[other.public_key()]).unwrap();
    verdict(&replaced, &[first.public_key()]).unwrap_err();
    // A key inside the image that does not verify its signature is not kept.
    let full = Options { key_format: KeyFormat::Full, ..Options::default() };
    let mut entries = tlvs(&signed(&[&first], full));
    entries[2].1 = tlvs(&file)[2].1.clone();
    entries[2].1[20] ^= 1;
    let forged = with_area(&file, &area(&entries));
    let image = walked::Image::read(&forged).unwrap();
    let error = sign(&walked_image(&image), &signers, options(Existing::Append)).unwrap_err();
    assert!(matches!(error, SignImageError::Image(VerifyImageError::Forged { .. })), "{error}");
}

#[test]
fn a_signature_made_elsewhere_is_verified_before_it_is_written() {
    let (own, other) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
    let covered = Covered::of(b"an image");
    let image = covered.without_tlvs();
    let signature = sign_message(&own, &covered.sha256).unwrap();
    let made = sign_area(&image, own.public_key(), &signature, Options::default()).unwrap();
    let signers: [&dyn lw_signature::Signer; 1] = [&own];
    assert_eq!(made, sign(&image, &signers, Options::default()).unwrap());
    let error = sign_area(&image, other.public_key(), &signature, Options::default()).unwrap_err();
    assert!(matches!(error, SignImageError::Sign(_)), "{error}");
    let long = PrivateKey::generate(KeyKind::Rsa { bits: 4096 });
    let long: Result<_, KeyError> = long;
    let signers: [&dyn lw_signature::Signer; 1] = [&long.unwrap()];
    let error = sign(&image, &signers, Options::default()).unwrap_err();
    assert_eq!(error, SignImageError::Key { kind: KeyKind::Rsa { bits: 4096 } });
}

#[test]
fn headers_have_room_and_sense() {
    let zeros = [vec![0; 64], vec![7; 20]].concat();
    let built = Parameters { pad_header: false, header_size: 64, ..parameters() };
    let prepared = built.prepare(zeros.len() as u64).unwrap();
    assert_eq!((prepared.skip, prepared.payload, prepared.header.len()), (64, 20, 64));
    assert_eq!(prepared.length(), 84 + 12);
    prepared.digest(&zeros).unwrap();
    let mut used = zeros.clone();
    used[63] = 9;
    assert_eq!(prepared.digest(&used), Err(HeaderError::NoRoom { offset: 63, found: 9, size: 64 }));
    assert_eq!(built.prepare(64), Err(HeaderError::Empty { length: 64, size: 64 }));
    assert_eq!(built.prepare(63), Err(HeaderError::Empty { length: 63, size: 64 }));
    assert!(matches!(parameters().prepare(1 << 32), Err(HeaderError::TooLong { .. })));
    for header_size in [0, 31, 65_536] {
        let odd = Parameters { header_size, ..parameters() };
        assert_eq!(odd.prepare(100), Err(HeaderError::Size { size: header_size }));
    }
    let many = vec![Dependency { image: 1, minimum: Version::default() }; 5000];
    let many = Parameters { dependencies: many, ..parameters() };
    assert_eq!(many.prepare(100), Err(HeaderError::Dependencies { count: 5000 }));
    let own = key(KeyKind::Ed25519);
    let everything = Parameters {
        load_address: LoadAddress::Ram(0x2000_0000),
        non_bootable: true,
        dependencies: vec![Dependency { image: 1, minimum: "2.0.1+9".parse().unwrap() }],
        ..parameters()
    };
    let prepared = everything.prepare(3).unwrap();
    let image = prepared.digest(b"abc").unwrap().without_tlvs();
    let area = sign(&image, &[&own], Options::default()).unwrap();
    let file = [&prepared.header[..], b"abc", &prepared.protected, &area].concat();
    let image = walked::Image::parse(&file).unwrap();
    assert_eq!(image.header.load_addr, 0x2000_0000);
    assert_eq!(image.header.flags.names().collect::<Vec<_>>(), ["NON_BOOTABLE", "RAM_LOAD"]);
    assert_eq!(image.header.version.to_string(), "1.2.3+4");
    assert_eq!(image.security_counter(), Some(7));
    let needed: Vec<_> =
        image.dependencies().map(|needed| (needed.image, needed.minimum.to_string())).collect();
    assert_eq!(needed, [(1, "2.0.1+9".to_owned())]);
    verdict(&file, &[own.public_key()]).unwrap();
}

#[test]
fn versions_are_read_as_imgtool_reads_them() {
    let read = |text: &str| text.parse::<Version>().map(|version| version.to_string());
    assert_eq!(read("1.2.3+4").as_deref(), Ok("1.2.3+4"));
    assert_eq!(read("1.2").as_deref(), Ok("1.2.0+0"));
    assert_eq!(read("7+9").as_deref(), Ok("7.0.0+9"));
    for bad in
        ["", "v1.2.3", "1.2.3.4", "256.0.0", "1.2.65536", "1.2.3+4294967296", "1..2", "+1", "1.+2", "1.2.-3"]
    {
        let error = bad.parse::<Version>().unwrap_err().to_string();
        assert!(error.contains("expected MAJOR.MINOR.REVISION+BUILD"), "{bad}: {error}");
    }
    let version: Version = "1.2.3+4".parse().unwrap();
    assert_eq!(version.security_counter(), 0x0102_0003);
}

#[test]
fn an_image_that_does_not_fit_its_slot_is_refused() {
    let slot = Slot { size: 4096, align: 4, max_align: None, max_sectors: 8, overwrite_only: false };
    let trailer = 8 * 3 * 4 + 4 * 8 + 16;
    assert_eq!(slot.trailer(), Ok(trailer));
    assert_eq!(slot.check(4096 - trailer), Ok(0));
    let error = slot.check(4096 - trailer + 1).unwrap_err();
    assert_eq!(error, HeaderError::Slot { image: 4096 - trailer + 1, trailer, slot: 4096 });
    assert!(slot.padding(4096, false).is_err());
    for odd in [Slot { align: 3, ..slot }, Slot { align: 64, ..slot }, Slot { max_align: Some(4), ..slot }] {
        assert!(matches!(odd.check(1), Err(HeaderError::Align { .. })), "{odd:?}");
    }
    // Padded images are read as such, and stay as long as they are when they are signed again.
    let own = key(KeyKind::EcdsaP256);
    let mut file = signed(&[&own], Options::default());
    let padding = slot.padding(file.len() as u64, true).unwrap();
    file.resize(file.len() + usize::try_from(padding.erased).unwrap(), 0xFF);
    file.extend(&padding.trailer);
    assert_eq!(file.len(), 4096);
    let image = walked::Image::parse(&file).unwrap();
    let walked::Trailing::Slot(trailer) = &image.trailing else { panic!("{:?}", image.trailing) };
    assert_eq!((trailer.image_ok, trailer.copy_done), (walked::Flag::Set, walked::Flag::Unset));
    let wide = key(KeyKind::Rsa { bits: 3072 });
    let options = Options { existing: Existing::Replace, ..Options::default() };
    let signers: [&dyn lw_signature::Signer; 1] = [&wide];
    let again = with_area(&file, &sign(&walked_image(&image), &signers, options).unwrap());
    assert_eq!(again.len(), 4096);
    let image = walked::Image::parse(&again).unwrap();
    assert!(matches!(&image.trailing, walked::Trailing::Slot(again) if again == trailer));
    verdict(&again, &[wide.public_key()]).unwrap();
    let error = image.relay(4000, None).unwrap_err();
    assert!(matches!(error, Refusal::Tail { .. }), "{error}");
    let mut used = again.clone();
    used[2000] = 3;
    let error = walked::Image::parse(&used).unwrap().relay(100, None).unwrap_err();
    assert_eq!(error, Refusal::SlotInUse { offset: 2000 });
}

#[test]
fn what_is_no_image_to_sign_is_refused() {
    let own = key(KeyKind::Ed25519);
    let file = signed(&[&own], Options::default());
    let image = walked::Image::read(&file).unwrap();
    assert_eq!(image.signable(Signed::Refuse), Err(Refusal::Signed { with: "MCUboot's TLVs" }));
    image.signable(Signed::Append).unwrap();
    image.signable(Signed::Replace).unwrap();
    let too_long = image.relay(100, Some(150)).unwrap_err();
    assert!(matches!(too_long, Refusal::Slot { slot: 150, .. }), "{too_long}");
    let mut changed = file.clone();
    changed[40] ^= 1;
    let error = walked::Image::read(&changed).unwrap().signable(Signed::Replace).unwrap_err();
    assert!(matches!(error, Refusal::Mcuboot(_)), "{error}");
    // Encrypted, by its flag, with the key it needs.
    let mut entries = tlvs(&file);
    entries.push((0x31, vec![1; 24]));
    let mut encrypted = with_area(&file, &area(&entries));
    encrypted[16] |= 4;
    let error = walked::Image::read(&encrypted).unwrap().signable(Signed::Replace).unwrap_err();
    assert_eq!(error, Refusal::Encrypted);
    // As a payload: a signed image would get a second header, and a container none at all.
    let scanned =
        |bytes: &[u8], expect| read_from(&mut &bytes[..], Scan { expect, md5: false }).unwrap().image;
    assert_eq!(payload(&scanned(&file, None).unwrap()), Err(Refusal::Nested));
    let prepared = parameters().prepare(file.len() as u64).unwrap();
    let area = sign(&prepared.digest(&file).unwrap().without_tlvs(), &[&own], Options::default()).unwrap();
    let nested = [&prepared.header[..], &file, &prepared.protected, &area].concat();
    assert_eq!(walked::Image::read(&nested).unwrap().signable(Signed::Replace), Err(Refusal::Nested));
    let hex = scanned(b":0400000001020304F2\n:00000001FF\n", None).unwrap();
    assert!(matches!(&hex, AnyImage::IntelHex(_)));
    let error = payload(&hex).unwrap_err();
    assert_eq!(error.to_string(), "an Intel HEX file is not signed with mcuboot; expected a raw binary");
    let esp = super::esp_image(13, [0, 99]);
    payload(&scanned(&esp, None).unwrap()).unwrap();
    let mut broken = esp.clone();
    broken[50] ^= 1;
    assert!(matches!(payload(&scanned(&broken, None).unwrap()), Err(Refusal::Broken(_))));
    payload(&scanned(&[0, 1, 2, 0x80, 0xFE], Some(Kind::Plain)).unwrap()).unwrap();
    // What is no firmware at all is named before anybody asks.
    for (bytes, told) in [
        (&b"#!/bin/sh\necho sign me\n"[..], "the file is text"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0", "the file is an ELF file"),
        (b"", "the file is empty"),
    ] {
        let error = scanned(bytes, Some(Kind::Plain)).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(error.hint().is_some());
    }
}

/// Whatever stands in the TLVs, the verdict is one, and it is no pass.
#[test]
fn random_tlvs_never_pass() {
    use proptest::prelude::*;
    let own = key(KeyKind::EcdsaP256).public_key().clone();
    let kinds = prop_oneof![
        Just(1u16),
        Just(2),
        Just(0x10),
        Just(0x11),
        Just(0x20),
        Just(0x22),
        Just(0x24),
        Just(0x25),
        any::<u16>()
    ];
    let entry = (kinds, prop::collection::vec(any::<u8>(), 0..80));
    let covered = Covered::of(b"image");
    proptest!(|(mut entries in prop::collection::vec(entry, 0..6), right in any::<bool>())| {
        if right {
            entries.insert(0, (0x10, covered.sha256.to_vec()));
            entries.push((1, Hash::Sha256.of(&own.to_spki_der()).as_bytes().to_vec()));
            entries.push((0x22, vec![0x30, 6, 2, 1, 1, 2, 1, 1]));
        }
        let tlvs = entries.iter().map(|(kind, data)| Tlv { kind: *kind, data }).collect();
        let image = Image { tlvs, covered, is_encrypted: false };
        prop_assert!(verify(&image, std::slice::from_ref(&own)).is_err());
    });
}

/// Whatever hash an image names a published key by.
#[test]
fn published_keys_are_known_by_what_images_name_them_by() {
    for (name, hashes) in [
        ("root-rsa-2048", &[Hash::Sha256][..]),
        ("root-ec-p256", &[Hash::Sha256]),
        ("root-ed25519", &[Hash::Sha256, Hash::Sha512]),
    ] {
        let Some(key) = fixture_key(name) else { return };
        for hash in hashes {
            let known = known_test_key_hash(key.mcuboot_key_hash(*hash).as_bytes()).unwrap();
            assert!(known.starts_with(&format!("MCUboot: {name}")), "{known}");
        }
    }
    assert_eq!(known_test_key_hash(&[0; 32]), None);
    assert_eq!(known_test_key_hash(&[]), None);
    let own = key(KeyKind::Ed25519);
    assert_eq!(known_test_key_hash(own.public_key().mcuboot_key_hash(Hash::Sha256).as_bytes()), None);
}
