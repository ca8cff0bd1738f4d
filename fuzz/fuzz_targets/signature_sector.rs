//! Any bytes as a signature sector of Secure Boot V2 and as a signature of V1: what is sound is sound in every respect,
//! nothing passes without a trusted key, and nothing is appended to what does not hold.

use lw_signature::secure_boot_v2::{
    BLOCK_LENGTH, Block, Covered, Limits, SECTOR_LENGTH, Sector, SectorError, append, key_digest,
};
use lw_signature::{KeyKind, PrivateKey, Signer as _, secure_boot_v1};

fuzz_target!(|bytes: &[u8]| {
    let (sector, image) = bytes.split_at(bytes.len().min(SECTOR_LENGTH));
    // What the block says it is of, so that the fuzzer need not find a preimage.
    let claimed = |from: usize, to: usize| sector.get(from..to);
    let covered = Covered {
        sha256: claimed(4, 36).and_then(|digest| digest.try_into().ok()).unwrap_or(Covered::of(image).sha256),
        sha384: claimed(4, 52).and_then(|digest| digest.try_into().ok()),
    };
    if let Ok(block) = Block::parse(bytes.get(..BLOCK_LENGTH).unwrap_or(bytes))
        && block.verify(&covered).is_ok()
        && let Some(key) = block.public_key()
    {
        assert_eq!(key_digest(key), Ok(block.key), "the key is the one its digest is of");
    }
    let key = PrivateKey::from_scalar(KeyKind::EcdsaP256, &[7; 32]).expect("it is one of the curve");
    let _ = secure_boot_v1::verify(key.public_key(), &covered.sha256, bytes);
    let Ok(read) = Sector::read(sector, &covered, &Limits::ANY) else {
        assert_ne!(sector.len(), SECTOR_LENGTH);
        return;
    };
    assert!(read.blocks.len() <= 3);
    let is_sound = read.check().is_ok();
    assert_eq!(is_sound, matches!(read.verify(&[]), Err(SectorError::Untrusted { .. })));
    if is_sound {
        let keys: Vec<_> = read.blocks.iter().filter_map(|found| found.block.as_ref()).collect();
        assert_eq!(keys.len(), read.blocks.len());
        assert!(read.verify(&[keys[0].key]).is_ok());
    }
    let block = lw_signature::secure_boot_v2::sign_block(&key, &covered).expect("the key is one");
    let appended = append(sector, &[block], &covered, &Limits::ANY);
    assert!(is_sound || appended.is_err(), "nothing is appended to what does not hold");
    if let Ok(appended) = appended {
        let trusted = key_digest(key.public_key()).expect("the key is one");
        let again = Sector::read(&appended[..], &covered, &Limits::ANY).expect("it is a sector");
        assert_eq!(again.verify(&[trusted]).expect("it passes").blocks.len(), read.blocks.len() + 1);
    }
});
