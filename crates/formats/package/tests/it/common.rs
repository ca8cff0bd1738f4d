//! What several tests need.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};

use lw_package::lw::{self, Compression, Reader, Sink};
use lw_package::{Base, Delta, DeltaFormat, Expected, Image, ImageKind, Manifest, Member, ReadError, Sha256};

/// Keeps the members that were complete.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Collect {
    pub(crate) members: BTreeMap<String, Vec<u8>>,
    pub(crate) current: Vec<u8>,
}

impl Sink for Collect {
    fn begin(&mut self, _member: Member<'_>) -> io::Result<bool> {
        self.current.clear();
        Ok(true)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.current.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, member: Member<'_>) -> io::Result<()> {
        self.members.insert(member.path().to_owned(), std::mem::take(&mut self.current));
        Ok(())
    }
}

/// An image to package, with the patches to it.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) board: String,
    pub(crate) compression: Compression,
    pub(crate) bytes: Vec<u8>,
    pub(crate) deltas: Vec<(DeltaFormat, Vec<u8>, Vec<u8>)>,
}

/// A package and the manifest the writer returned. `room` is what is kept free for the manifest.
pub(crate) fn write(inputs: &[Input], room: Option<u64>, piece: usize) -> (Vec<u8>, lw::Package) {
    let mut draft = Manifest::new("1.2.3");
    draft.sequence = Some(7);
    draft.release_notes = Some("Füße\n\"quoted\"".into());
    for input in inputs {
        let mut image = Image::new(input.board.as_str(), ImageKind::EspApp);
        image.version = Some("v1.2.3".into());
        for (format, base, _) in &input.deltas {
            image.deltas.push(Delta::new(&input.board, *format, base_of(base)));
        }
        draft.images.push(image);
    }
    let mut writer = lw::Writer::new(Cursor::new(Vec::new()), room.unwrap_or(lw::room(&draft))).unwrap();
    let mut inputs: Vec<_> = inputs.to_vec();
    inputs.sort_by(|a, b| a.board.cmp(&b.board));
    for input in &mut inputs {
        let mut image = writer.image(&input.board, input.compression).unwrap();
        for piece in input.bytes.chunks(piece) {
            image.write_all(piece).unwrap();
        }
        let expected =
            Expected { size: Some(input.bytes.len() as u64), sha256: Some(Sha256::of(&input.bytes)) };
        image.finish(expected).unwrap();
        input.deltas.sort_by_key(|(format, base, _)| (Sha256::of(base), *format));
    }
    for input in &inputs {
        for (format, base, patch) in &input.deltas {
            let mut delta = writer.delta(&input.board, &base_of(base), *format).unwrap();
            delta.copy(patch.as_slice()).unwrap();
            delta.finish(Expected::default()).unwrap();
        }
    }
    let (file, package) = writer.finish(draft).unwrap();
    (file.into_inner(), package)
}

pub(crate) fn base_of(bytes: &[u8]) -> Base {
    Base { sha256: Sha256::of(bytes), size: bytes.len() as u64, version: None }
}

/// A small package with everything a package can have.
pub(crate) fn sample() -> Vec<Input> {
    vec![
        Input {
            board: "nrf52840dk/nrf52840".into(),
            compression: Compression::None,
            bytes: b"nordic".to_vec(),
            deltas: Vec::new(),
        },
        Input {
            board: "esp32-s3".into(),
            compression: Compression::Zstd,
            bytes: b"espressif ".repeat(40),
            deltas: vec![
                (DeltaFormat::EspDelta, b"old".to_vec(), b"patch from old".to_vec()),
                (DeltaFormat::Bsdiff40, b"older".to_vec(), vec![0; 512]),
            ],
        },
    ]
}

/// Reads a package to its last byte.
pub(crate) fn unpack(bytes: &[u8]) -> Result<(Manifest, Collect), ReadError> {
    let mut collect = Collect::default();
    let manifest = Reader::open(bytes)?.unpack(&mut collect)?;
    Ok((manifest, collect))
}

/// The members a package of these inputs unpacks to.
pub(crate) fn expected(inputs: &[Input], manifest: &Manifest) -> BTreeMap<String, Vec<u8>> {
    let mut members = BTreeMap::new();
    for input in inputs {
        let image = manifest.image(&input.board).unwrap();
        members.insert(image.file.clone(), input.bytes.clone());
        for (format, base, patch) in &input.deltas {
            let base = Sha256::of(base);
            let delta =
                image.deltas.iter().find(|delta| delta.base.sha256 == base && delta.format == *format);
            members.insert(delta.unwrap().file.clone(), patch.clone());
        }
    }
    members
}

/// Bytes that look random and are the same every time.
pub(crate) fn noise(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 16) as u8
    };
    (0..count).map(next).collect()
}
