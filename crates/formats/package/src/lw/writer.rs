//! Writing an `lw` package in one pass over each image.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use sha2::Sha256 as Sha256Hasher;
use sha2::digest::Digest as _;

use crate::copy::copy;
use crate::digest::Sha256;
use crate::error::{MemberProblem, WriteError};
use crate::expected::Expected;
use crate::hashing::Hashing;
use crate::lw::tar::{self, BLOCK};
use crate::lw::zstd::{Decoder, Encoder};
use crate::lw::{CHUNK, MANIFEST};
use crate::manifest::{
    Base, Chip, Delta, DeltaFormat, Encoding, EncodingName, Image, MAX_MEMBER, Manifest, Revisions,
    delta_path, image_path,
};

/// How an image is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As it is flashed.
    #[default]
    None,
    /// As a Zstandard frame, about as small as `zstd -9` makes it. It is read back before the member counts.
    Zstd,
}

/// What was measured of a member while it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its path in the package.
    pub file: String,
    /// Its size before it was encoded, in bytes.
    pub size: u64,
    /// Its SHA-256 before it was encoded.
    pub sha256: Sha256,
    /// How it is encoded.
    pub encoding: Option<Encoding>,
}

/// A package that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its manifest, with everything that was measured filled in.
    pub manifest: Manifest,
    /// The bytes of `manifest.json`: what a signature is over.
    pub manifest_json: Vec<u8>,
    /// The size of the package, in bytes.
    pub size: u64,
}

/// How many bytes to keep free for a manifest of which only some is known yet.
///
/// Digests and sizes are counted at full width and every field that is not set at its usual width. When the finished
/// manifest needs more after all, [`Writer::finish`] moves the members; when it needs less, spaces fill it up.
#[must_use]
pub fn room(draft: &Manifest) -> u64 {
    let mut full = draft.clone();
    let digest = Some(Sha256::ZERO);
    let largest = 9_999_999_999;
    for image in &mut full.images {
        image.size = largest;
        image.encoding = Some(Encoding { name: EncodingName::Zstd, size: largest, sha256: Sha256::ZERO });
        image.validation_sha256 = image.validation_sha256.or(digest);
        image.secure_version = image.secure_version.or(Some(u32::from(u16::MAX)));
        image.version.get_or_insert_with(|| "x".repeat(32));
        image.project.get_or_insert_with(|| "x".repeat(32));
        image.revisions.get_or_insert(Revisions { min: 65535, max: Some(65535) });
        image.chip.get_or_insert_with(|| Chip { name: "x".repeat(16), id: Some(65535) });
        for delta in &mut image.deltas {
            delta.size = largest;
            delta.base.version.get_or_insert_with(|| "x".repeat(32));
        }
    }
    let bytes = serde_json::to_vec_pretty(&full).map_or(0, |json| json.len() as u64 + 1);
    bytes + tar::padding(bytes) as u64
}

/// Writes an `lw` package.
///
/// ```
/// use std::io::{Cursor, Write};
/// use lw_package::lw::{self, Compression};
/// use lw_package::{Expected, Image, ImageKind, Manifest};
///
/// let mut draft = Manifest::new("1.2.3");
/// draft.images.push(Image::new("esp32-s3", ImageKind::Binary));
/// let mut writer = lw::Writer::new(Cursor::new(Vec::new()), lw::room(&draft))?;
/// let mut image = writer.image("esp32-s3", Compression::None)?;
/// image.write_all(b"firmware").unwrap();
/// image.finish(Expected::default())?;
/// let (file, package) = writer.finish(draft)?;
/// assert_eq!(package.manifest.images[0].size, 8);
/// assert_eq!(file.into_inner().len() as u64, package.size);
/// # Ok::<(), lw_package::WriteError>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// Where the package starts in `out`.
    start: u64,
    /// How many bytes are kept for the manifest, a multiple of [`BLOCK`].
    room: u64,
    /// Where the next member starts, counted from the start of the package.
    position: u64,
    members: Vec<WrittenMember>,
    open: Option<String>,
}

/// A member whose bytes are in the package.
#[derive(Debug)]
struct WrittenMember {
    order: Order,
    stored: Stored,
}

/// Images by board, then patches by board, base and format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Image(String),
    Delta(String, Sha256, DeltaFormat),
}

impl<W: Read + Write + Seek> Writer<W> {
    /// Starts a package where `out` stands, with [`room`] for the manifest.
    ///
    /// `out` should be a new file without a name: it is a package only when [`finish`](Self::finish) has returned.
    ///
    /// # Errors
    /// When `out` cannot be written or sought.
    pub fn new(mut out: W, room: u64) -> Result<Self, WriteError> {
        let start = out.stream_position().map_err(WriteError::Io)?;
        let room = (room + tar::padding(room) as u64).max(BLOCK as u64);
        let position = BLOCK as u64 + room;
        out.seek(SeekFrom::Start(start + position)).map_err(WriteError::Io)?;
        Ok(Self { out, start, room, position, members: Vec::new(), open: None })
    }

    /// Begins the image of a board. Boards come sorted, and before every patch.
    ///
    /// # Errors
    /// An image out of order, and when the target cannot be written.
    pub fn image(
        &mut self,
        board: &str,
        compression: Compression,
    ) -> Result<MemberWriter<'_, W>, WriteError> {
        let encoding = match compression {
            Compression::None => None,
            Compression::Zstd => Some(EncodingName::Zstd),
        };
        self.begin(Order::Image(board.to_owned()), image_path(board, encoding), encoding)
    }

    /// Begins a patch to the image of a board.
    ///
    /// # Errors
    /// A patch out of order, and when the target cannot be written.
    pub fn delta(
        &mut self,
        board: &str,
        base: &Base,
        format: DeltaFormat,
    ) -> Result<MemberWriter<'_, W>, WriteError> {
        let order = Order::Delta(board.to_owned(), base.sha256, format);
        self.begin(order, delta_path(board, &base.sha256, format), None)
    }

    fn begin(
        &mut self,
        order: Order,
        path: String,
        encoding: Option<EncodingName>,
    ) -> Result<MemberWriter<'_, W>, WriteError> {
        self.closed()?;
        if self.members.last().is_some_and(|last| last.order >= order) {
            return Err(WriteError::Member { path, problem: MemberProblem::Order });
        }
        // The header is written when the size is known.
        let data = self.start + self.position + BLOCK as u64;
        self.out.seek(SeekFrom::Start(data)).map_err(WriteError::Io)?;
        self.open = Some(path.clone());
        let compressed = encoding.map(|EncodingName::Zstd| Compressed {
            encoder: Encoder::new(),
            sha256: Sha256Hasher::new(),
            size: 0,
        });
        Ok(MemberWriter { writer: self, order, path, sha256: Hashing::new(), size: 0, compressed })
    }

    fn closed(&self) -> Result<(), WriteError> {
        match &self.open {
            Some(path) => Err(WriteError::Member { path: path.clone(), problem: MemberProblem::Unfinished }),
            None => Ok(()),
        }
    }

    /// Writes manifest and end of the package and returns the target, which stands at its end.
    ///
    /// `draft` says everything the writer cannot measure. File, size, digest and encoding of each image and patch, and
    /// the target of each patch, are filled in.
    ///
    /// # Errors
    /// An image or patch that is only in the manifest or only in the package, a manifest a reader would refuse, and when
    /// the target cannot be written.
    pub fn finish(mut self, mut draft: Manifest) -> Result<(W, Package), WriteError> {
        self.closed()?;
        draft.sort();
        self.fill_in(&mut draft)?;
        let mut json = draft.to_json()?;
        let bytes = json.len() as u64;
        let needed = bytes + tar::padding(bytes) as u64;
        if needed > self.room {
            self.make_room(needed - self.room)?;
        } else if needed < self.room {
            // Whitespace after the value is JSON (RFC 8259, section 2), so the length can be what was kept free.
            json.pop();
            json.resize(usize::try_from(self.room - 1).unwrap_or(json.len()), b' ');
            json.push(b'\n');
        }
        self.out.seek(SeekFrom::Start(self.start)).map_err(WriteError::Io)?;
        self.out.write_all(&tar::header(MANIFEST, json.len() as u64)).map_err(WriteError::Io)?;
        self.out.write_all(&json).map_err(WriteError::Io)?;
        self.out.write_all(zeros(tar::padding(json.len() as u64))).map_err(WriteError::Io)?;
        self.out.seek(SeekFrom::Start(self.start + self.position)).map_err(WriteError::Io)?;
        self.out.write_all(&tar::END).map_err(WriteError::Io)?;
        self.out.flush().map_err(WriteError::Io)?;
        let size = self.position + tar::END.len() as u64;
        Ok((self.out, Package { manifest: draft, manifest_json: json, size }))
    }

    /// Gives each image and patch of the manifest what was measured of it.
    fn fill_in(&self, draft: &mut Manifest) -> Result<(), WriteError> {
        let mut members = self.members.iter();
        let mut next = |order: Order, path: &str| match members.next() {
            Some(written) if written.order == order => Ok(written.stored.clone()),
            Some(written) if written.order < order => Err(WriteError::Member {
                path: written.stored.file.clone(),
                problem: MemberProblem::NotDeclared,
            }),
            _ => Err(WriteError::Member { path: path.to_owned(), problem: MemberProblem::NotWritten }),
        };
        for image in &mut draft.images {
            image.set(next(Order::Image(image.board.clone()), &image.file)?);
        }
        for image in &mut draft.images {
            for delta in &mut image.deltas {
                let order = Order::Delta(image.board.clone(), delta.base.sha256, delta.format);
                delta.set(next(order, &delta.file)?, image.sha256);
            }
        }
        match members.next() {
            Some(written) => Err(WriteError::Member {
                path: written.stored.file.clone(),
                problem: MemberProblem::NotDeclared,
            }),
            None => Ok(()),
        }
    }

    /// Moves all members towards the end, the last bytes first.
    fn make_room(&mut self, more: u64) -> Result<(), WriteError> {
        let first = BLOCK as u64 + self.room;
        let mut end = self.position;
        let mut buffer = vec![0; CHUNK];
        while end > first {
            let count = (end - first).min(CHUNK as u64);
            let from = self.start + end - count;
            // At most `CHUNK`.
            let chunk = buffer.get_mut(..count as usize).unwrap_or_default();
            self.out.seek(SeekFrom::Start(from)).map_err(WriteError::Io)?;
            self.out.read_exact(chunk).map_err(WriteError::Io)?;
            self.out.seek(SeekFrom::Start(from + more)).map_err(WriteError::Io)?;
            self.out.write_all(chunk).map_err(WriteError::Io)?;
            end -= count;
        }
        self.room += more;
        self.position += more;
        Ok(())
    }
}

impl Image {
    fn set(&mut self, stored: Stored) {
        self.file = stored.file;
        self.size = stored.size;
        self.sha256 = stored.sha256;
        self.encoding = stored.encoding;
    }
}

impl Delta {
    fn set(&mut self, stored: Stored, target: Sha256) {
        self.file = stored.file;
        self.size = stored.size;
        self.sha256 = stored.sha256;
        self.target_sha256 = target;
    }
}

/// Takes the bytes of one member, hashes them and passes them on.
#[derive(Debug)]
pub struct MemberWriter<'writer, W> {
    writer: &'writer mut Writer<W>,
    order: Order,
    path: String,
    /// Of the bytes as they come.
    sha256: Hashing,
    size: u64,
    compressed: Option<Compressed>,
}

/// The bytes as they are stored.
#[derive(Debug)]
struct Compressed {
    encoder: Encoder,
    sha256: Sha256Hasher,
    size: u64,
}

impl<W: Read + Write + Seek> MemberWriter<'_, W> {
    /// Leaves it to the caller to hash the bytes, who has to expect their SHA-256 when the member is
    /// [`finish`](Self::finish)ed. For one who hashes them anyway.
    #[must_use]
    pub fn hashed_by_caller(self) -> Self {
        Self { sha256: Hashing::Caller, ..self }
    }

    /// Copies everything `source` has, in large pieces.
    ///
    /// # Errors
    /// When the source cannot be read or the target not be written.
    pub fn copy(&mut self, source: impl Read) -> Result<u64, WriteError> {
        let path = self.path.clone();
        copy(source, self, &path)
    }

    /// Ends the member.
    ///
    /// # Errors
    /// Another size or digest than `expected`, a member of more than 8 GiB, and when the target cannot be written.
    pub fn finish(self, expected: Expected) -> Result<Stored, WriteError> {
        let Self { writer, order, path, sha256, size, compressed } = self;
        let sha256 = sha256.finish(&path, size, expected)?;
        let encoding = match compressed {
            Some(compressed) => Some(compressed.finish(writer, &path, sha256)?),
            None => None,
        };
        let stored_size = encoding.map_or(size, |encoding| encoding.size);
        if stored_size.max(size) > MAX_MEMBER {
            return Err(WriteError::Member { path, problem: MemberProblem::TooLarge });
        }
        writer.out.write_all(zeros(tar::padding(stored_size))).map_err(WriteError::Io)?;
        writer.out.seek(SeekFrom::Start(writer.start + writer.position)).map_err(WriteError::Io)?;
        writer.out.write_all(&tar::header(&path, stored_size)).map_err(WriteError::Io)?;
        writer.position += BLOCK as u64 + stored_size + tar::padding(stored_size) as u64;
        let stored = Stored { file: path, size, sha256, encoding };
        writer.members.push(WrittenMember { order, stored: stored.clone() });
        writer.open = None;
        Ok(stored)
    }
}

impl Compressed {
    /// Ends the frame and reads it back: a mistake of the compressor must not leave this machine.
    fn finish<W: Read + Write + Seek>(
        mut self,
        writer: &mut Writer<W>,
        path: &str,
        sha256: Sha256,
    ) -> Result<Encoding, WriteError> {
        let out = &mut writer.out;
        self.encoder
            .finish(|bytes| {
                self.sha256.update(bytes);
                self.size += bytes.len() as u64;
                out.write_all(bytes)
            })
            .map_err(WriteError::Io)?;
        let data = writer.start + writer.position + BLOCK as u64;
        out.seek(SeekFrom::Start(data)).map_err(WriteError::Io)?;
        let broken = |problem| WriteError::Encoding { file: path.to_owned(), problem };
        let stored = BufReader::with_capacity(CHUNK, Read::by_ref(out).take(self.size));
        let mut decoder = Decoder::new(stored).map_err(broken)?;
        let mut hasher = Sha256Hasher::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
                Err(error) => return Err(broken(error.to_string())),
            }
        }
        if Sha256::finish(hasher) != sha256 {
            return Err(broken("what it wrote decodes to something else".into()));
        }
        out.seek(SeekFrom::Start(data + self.size)).map_err(WriteError::Io)?;
        Ok(Encoding { name: EncodingName::Zstd, size: self.size, sha256: Sha256::finish(self.sha256) })
    }
}

impl<W: Write> Write for MemberWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let out = &mut self.writer.out;
        let count = match &mut self.compressed {
            None => out.write(bytes)?,
            Some(compressed) => {
                compressed.encoder.write(bytes, |bytes| {
                    compressed.sha256.update(bytes);
                    compressed.size += bytes.len() as u64;
                    out.write_all(bytes)
                })?;
                bytes.len()
            }
        };
        self.sha256.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    /// What a compressor keeps back stays there until [`finish`](Self::finish).
    fn flush(&mut self) -> io::Result<()> {
        self.writer.out.flush()
    }
}

fn zeros(count: usize) -> &'static [u8] {
    tar::END.get(..count).unwrap_or_default()
}
