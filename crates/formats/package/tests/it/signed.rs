//! Packages that get a signature after they were written.

use std::io::{self, Read, Write};

use lw_package::lw::{Compression, MANIFEST, MAX_SIGNATURE, Reader, SIGNATURE, SignedError, with_signature};
use lw_package::{ReadError, WriteError};
use lw_signature::package::{PackageSignature, Require};
use lw_signature::{Algorithm, KeyKind, PrivateKey, PublicKey, Signer as _};

use crate::common::{Input, sample, unpack, write};

fn small() -> Vec<u8> {
    let input = Input {
        board: "a".into(),
        compression: Compression::None,
        bytes: b"firmware".to_vec(),
        deltas: Vec::new(),
    };
    write(&[input], None, 512).0
}

fn signed_with(package: &[u8], signature: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let sign = |_: &_, _: &[u8], _: Option<&[u8]>| Ok::<_, SignedError>(signature.map(<[u8]>::to_vec));
    with_signature(package, &mut out, sign).unwrap();
    out
}

/// Signs as the tool does: what is there is kept, and one signer is added.
fn signed(package: &[u8], key: &PrivateKey) -> Vec<u8> {
    let mut out = Vec::new();
    let sign = |_: &_, manifest: &[u8], old: Option<&[u8]>| {
        let mut signature =
            old.map_or_else(PackageSignature::default, |old| PackageSignature::parse(old).unwrap());
        signature.sign(key, Algorithm::of(key.public_key().kind()), manifest).unwrap();
        Ok::<_, SignedError>(Some(signature.to_bytes()))
    };
    with_signature(package, &mut out, sign).unwrap();
    out
}

/// Verifies as the tool does: everything against the manifest, and the signature over the manifest.
fn verifies(package: &[u8], trusted: &[PublicKey], require: Require) -> bool {
    let Ok(reader) = Reader::open(package) else { return false };
    let manifest = reader.manifest_json().to_vec();
    let signature = reader.signature().and_then(|signature| PackageSignature::parse(signature).ok());
    reader.unpack(&mut ()).is_ok()
        && signature.is_some_and(|signature| signature.verify(&manifest, trusted, &[], require).is_ok())
}

#[test]
fn the_signature_comes_and_goes_and_all_else_stays() {
    for package in [write(&sample(), None, 512).0, write(&sample(), Some(1 << 16), 512).0, small()] {
        let manifest = Reader::open(package.as_slice()).unwrap().manifest_json().to_vec();
        let members_start = 512 + manifest.len().next_multiple_of(512);
        let (manifest_member, members) = package.split_at(members_start);
        // Up to a block, one block, and more.
        for length in [0, 1, 511, 512, 513, 65_536] {
            let signature: Vec<u8> = (0..length).map(|at: usize| at as u8).collect();
            let signed = signed_with(&package, Some(&signature));
            let reader = Reader::open(signed.as_slice()).unwrap();
            assert_eq!((reader.manifest_json(), reader.signature()), (&manifest[..], Some(&signature[..])));
            let (before, after) = (unpack(&package).unwrap(), unpack(&signed).unwrap());
            assert_eq!(before, after);
            assert!(signed.starts_with(manifest_member) && signed.ends_with(members));
            let between = signed.len() - package.len();
            assert_eq!(between, 512 + length.next_multiple_of(512), "a header and whole blocks");
            // Another one takes its place, and without any the package is what it was.
            assert_eq!(signed_with(&signed, Some(b"other")), signed_with(&package, Some(b"other")));
            assert!(signed_with(&signed, None) == package);
        }
    }
}

/// What `sign` asks for, and what is there already.
#[test]
fn who_signs_sees_manifest_and_old_signature() {
    let package = signed_with(&small(), Some(b"old"));
    let mut seen = None;
    let mut out = Vec::new();
    with_signature(package.as_slice(), &mut out, |manifest, json, old| {
        seen = Some((manifest.version.clone(), json.to_vec(), old.map(<[u8]>::to_vec)));
        Ok::<_, SignedError>(old.map(<[u8]>::to_vec))
    })
    .unwrap();
    let (version, json, old) = seen.unwrap();
    assert_eq!((version.as_str(), old.as_deref()), ("1.2.3", Some(&b"old"[..])));
    assert_eq!(json, Reader::open(package.as_slice()).unwrap().manifest_json());
    assert!(out == package);
}

/// A package as GNU tar packs it: its headers are copied as they are.
#[test]
fn headers_of_other_programs_are_kept() {
    let mut package = small();
    // Its mode, and the sum of the header: 0644 becomes 0640.
    assert_eq!(&package[100..107], b"0000644");
    package[106] = b'0';
    let sum = u32::from_str_radix(std::str::from_utf8(&package[148..154]).unwrap(), 8).unwrap() - 4;
    package[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    let signed = signed_with(&package, Some(b"x"));
    assert_eq!(signed[..512], package[..512]);
    assert!(signed_with(&signed, None) == package);
}

#[test]
fn a_damaged_package_is_not_signed() {
    let package = small();
    let keep = |_: &_, _: &[u8], _: Option<&[u8]>| Ok::<_, SignedError>(Some(b"x".to_vec()));
    for at in 0..package.len() {
        let mut bad = package.clone();
        bad[at] ^= 0x20;
        if Reader::open(bad.as_slice()).is_ok_and(|reader| reader.unpack(&mut ()).is_ok()) {
            continue;
        }
        assert!(with_signature(bad.as_slice(), io::sink(), keep).is_err(), "byte {at}");
    }
    for end in 0..package.len() - 1 {
        let result = with_signature(&package[..end], io::sink(), keep);
        assert!(result.is_err(), "cut after {end}");
    }
    let firmware = package.windows(8).position(|window| window == b"firmware").unwrap();
    let mut bad = package;
    bad[firmware] ^= 1;
    let error = with_signature(bad.as_slice(), io::sink(), keep).unwrap_err();
    assert!(matches!(error, SignedError::Read(ReadError::Digest { .. })), "{error}");
}

#[test]
fn what_cannot_be_written_is_said() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("the disk is full"))?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let package = write(&sample(), None, 512).0;
    let keep = |_: &_, _: &[u8], _: Option<&[u8]>| Ok::<_, SignedError>(Some(b"x".to_vec()));
    for room in (0..package.len()).step_by(100) {
        let error = with_signature(package.as_slice(), Full(room), keep).unwrap_err();
        assert!(matches!(error, SignedError::Write(WriteError::Io(_))), "{room}: {error:?}");
    }
    let large = |_: &_, _: &[u8], _: Option<&[u8]>| {
        Ok::<_, SignedError>(Some(vec![0; usize::try_from(MAX_SIGNATURE).unwrap() + 1]))
    };
    let error = with_signature(package.as_slice(), io::sink(), large).unwrap_err();
    assert_eq!(error.to_string(), "the signature has 65537 bytes; a package takes up to 65536");
}

/// What reads a package in small pieces gets the same.
#[test]
fn short_reads_change_nothing() {
    struct Short<'bytes>(&'bytes [u8]);
    impl Read for Short<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let end = buffer.len().min(7);
            self.0.read(&mut buffer[..end])
        }
    }
    let package = write(&sample(), None, 512).0;
    let mut out = Vec::new();
    let keep = |_: &_, _: &[u8], _: Option<&[u8]>| Ok::<_, SignedError>(Some(b"x".to_vec()));
    with_signature(Short(&package), &mut out, keep).unwrap();
    assert!(out == signed_with(&package, Some(b"x")));
}

#[test]
fn one_changed_bit_anywhere_fails() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let other = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let one = signed(&small(), &key);
    let two = signed(&one, &other);
    let trusted = [key.public_key().clone(), other.public_key().clone()];
    assert!(verifies(&one, &trusted[..1], Require::All));
    assert!(verifies(&two, &trusted, Require::All));
    assert!(!verifies(&small(), &trusted, Require::Any), "without any signature");
    for (package, trusted) in [(one, &trusted[..1]), (two, &trusted[..])] {
        for bit in 0..package.len() * 8 {
            let mut bad = package.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(&bad, trusted, Require::All), "byte {}", bit / 8);
        }
    }
}

#[test]
fn names_are_where_they_belong() {
    let package = signed_with(&small(), Some(b"x"));
    assert!(package.starts_with(MANIFEST.as_bytes()));
    let second = 512 + Reader::open(package.as_slice()).unwrap().manifest_json().len().next_multiple_of(512);
    assert!(package[second..].starts_with(SIGNATURE.as_bytes()));
}
