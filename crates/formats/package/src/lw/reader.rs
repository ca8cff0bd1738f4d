//! Reading an `lw` package of which nothing is trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::Range;

use lw_model::lists::filled;
use sha2::Sha256 as Sha256Hasher;
use sha2::digest::Digest as _;

use crate::digest::Sha256;
use crate::error::{HeaderProblem, ReadError};
use crate::lw::tar::{self, BLOCK, Entry};
use crate::lw::zstd::Decoder;
use crate::lw::{CHUNK, MANIFEST, MAX_SIGNATURE, SIGNATURE};
use crate::manifest::{Image, MAX_BYTES, Manifest, Member, Parsed, Problem};

/// The zeros GNU tar fills its last record up with, at most.
const MAX_RECORD: u64 = 10240;

/// Takes what a package holds, one member after the other.
pub trait Sink {
    /// A member begins. `false` says that its bytes are not wanted: it is checked all the same.
    ///
    /// # Errors
    /// When it cannot be taken.
    fn begin(&mut self, member: Member<'_>) -> io::Result<bool>;

    /// The next bytes of the member, decoded. They are not checked yet.
    ///
    /// # Errors
    /// When they cannot be taken.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The member is complete, and is what the manifest declares. Only now may it get its name.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn end(&mut self, member: Member<'_>) -> io::Result<()>;
}

/// Wants nothing: checks a package.
impl Sink for () {
    fn begin(&mut self, _member: Member<'_>) -> io::Result<bool> {
        Ok(false)
    }

    fn write(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _member: Member<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Reads an `lw` package front to back.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    parsed: Parsed,
    manifest_json: Vec<u8>,
    signature: Option<Vec<u8>>,
    /// The header after manifest and signature, and where it stands.
    next: Option<(u64, Entry)>,
}

#[derive(Debug)]
struct Input<R> {
    input: R,
    offset: u64,
}

impl<R: Read> Input<R> {
    /// Fills a buffer, or says where the file ended inside what.
    fn fill(&mut self, mut buffer: &mut [u8], inside: impl Fn() -> String) -> Result<(), ReadError> {
        while !buffer.is_empty() {
            let count = self.read(buffer)?;
            if count == 0 {
                return Err(ReadError::Truncated { offset: self.offset, inside: inside() });
            }
            buffer = buffer.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads what is there; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            match self.input.read(buffer) {
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::Io { offset: self.offset, source }),
            }
        }
    }

    /// The next header and where it stands, or nothing at the end of the package, which is read to the last byte.
    fn header(&mut self) -> Result<Option<(u64, Entry)>, ReadError> {
        let offset = self.offset;
        let mut block = [0; BLOCK];
        self.fill(&mut block, || "the tar: its end is missing".into())?;
        if block != [0; BLOCK] {
            let entry = tar::parse(&block).map_err(|problem| ReadError::Header { offset, problem })?;
            return Ok(Some((offset, entry)));
        }
        self.fill(&mut block, || "the end of the tar".into())?;
        if block != [0; BLOCK] {
            return Err(ReadError::Header { offset, problem: HeaderProblem::LoneZero });
        }
        let end = self.offset;
        loop {
            let start = self.offset;
            let count = self.read(&mut block)?;
            let bytes = block.get(..count).unwrap_or_default();
            if let Some(at) = bytes.iter().position(|byte| *byte != 0) {
                return Err(ReadError::Trailing { offset: start + at as u64 });
            }
            if count == 0 {
                return Ok(None);
            }
            if self.offset > end + MAX_RECORD {
                return Err(ReadError::Trailing { offset: end });
            }
        }
    }

    /// What fills up a member of this size.
    fn padding(&mut self, size: u64, path: &str) -> Result<(), ReadError> {
        let mut block = [0; BLOCK];
        let padding = block.get_mut(..tar::padding(size)).unwrap_or_default();
        let offset = self.offset;
        self.fill(padding, || format!("what fills up {path}"))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(ReadError::Header { offset, problem: HeaderProblem::Padding });
        }
        Ok(())
    }

    /// A whole member, which its limit keeps small.
    fn small(&mut self, size: u64, path: &str) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        let mut chunk = vec![0; at_most(size, CHUNK)];
        let mut left = size;
        while left > 0 {
            let part = chunk.get_mut(..at_most(left, CHUNK)).unwrap_or_default();
            self.fill(part, || path.to_owned())?;
            bytes.extend_from_slice(part);
            left -= part.len() as u64;
        }
        self.padding(size, path)?;
        Ok(bytes)
    }
}

impl<R: Read> Reader<R> {
    /// Reads manifest and signature. Nothing of them is verified but the form.
    ///
    /// # Errors
    /// When the source cannot be read, another first member and everything [`Manifest::parse`] refuses.
    pub fn open(input: R) -> Result<Self, ReadError> {
        let mut input = Input { input, offset: 0 };
        let entry = match input.header() {
            Ok(Some((_, entry))) => entry,
            Ok(None) => return Err(ReadError::ManifestFirst { found: String::new() }),
            Err(ReadError::Header { problem: HeaderProblem::Magic, .. }) => {
                return Err(ReadError::NotAPackage);
            }
            Err(error) => return Err(error),
        };
        if entry.path != MANIFEST {
            return Err(ReadError::ManifestFirst { found: entry.path });
        }
        if entry.size > MAX_BYTES {
            let problem = Problem::TooLarge(entry.size);
            return Err(crate::manifest::ManifestError { place: None, problem }.into());
        }
        let manifest_json = input.small(entry.size, MANIFEST)?;
        let parsed = Manifest::parse(&manifest_json)?;
        let mut next = input.header()?;
        let mut signature = None;
        if let Some((_, entry)) = &next
            && entry.path == SIGNATURE
        {
            if entry.size > MAX_SIGNATURE {
                let (declared, found) = (MAX_SIGNATURE, entry.size);
                return Err(ReadError::Size { file: SIGNATURE.into(), declared, found });
            }
            signature = Some(input.small(entry.size, SIGNATURE)?);
            next = input.header()?;
        }
        Ok(Self { input, parsed, manifest_json, signature, next })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.parsed.manifest
    }

    /// JSON paths of keys in the manifest that mean nothing to this version.
    pub fn unknown_keys(&self) -> &[String] {
        &self.parsed.unknown
    }

    /// What is read from.
    pub(super) fn source(&mut self) -> &mut R {
        &mut self.input.input
    }

    /// The bytes of the manifest: what a signature is over.
    pub fn manifest_json(&self) -> &[u8] {
        &self.manifest_json
    }

    /// The signature, when there is one.
    pub fn signature(&self) -> Option<&[u8]> {
        self.signature.as_deref()
    }

    /// Gives every member to `sink` and checks the package to its last byte.
    ///
    /// What the sink was given is what the manifest declares only where [`Sink::end`] was called, and the package as a
    /// whole is good only when this returns.
    ///
    /// # Errors
    /// Anything that is not as the manifest declares it, anything that is there beside, and failures of source and sink.
    pub fn unpack(self, sink: &mut impl Sink) -> Result<Manifest, ReadError> {
        self.unpack_with(sink, |_| ())
    }

    /// As [`unpack`](Self::unpack), and shows the source at the end, also when it failed.
    pub(super) fn unpack_with(
        mut self,
        sink: &mut impl Sink,
        end: impl FnOnce(&mut R),
    ) -> Result<Manifest, ReadError> {
        let read = self.members(sink);
        end(&mut self.input.input);
        read.map(|()| self.parsed.manifest)
    }

    fn members(&mut self, sink: &mut impl Sink) -> Result<(), ReadError> {
        let mut seen = BTreeSet::new();
        let mut declared: BTreeMap<_, _> =
            filled(self.parsed.manifest.members().map(|member| (member.path(), member)));
        while let Some((offset, entry)) = self.next.take() {
            let Some((path, member)) = declared.remove_entry(entry.path.as_str()) else {
                let path = entry.path;
                if path == SIGNATURE && self.signature.is_none() {
                    return Err(ReadError::Misplaced { offset, path });
                }
                let known = path == MANIFEST || path == SIGNATURE || seen.contains(path.as_str());
                return Err(match known {
                    true => ReadError::Duplicate { offset, path },
                    false => ReadError::Undeclared { offset, path },
                });
            };
            if entry.size != member.stored_size() {
                let (declared, found) = (member.stored_size(), entry.size);
                return Err(ReadError::Size { file: entry.path, declared, found });
            }
            self.input.member(member, sink)?;
            seen.insert(path);
            self.next = self.input.header()?;
        }
        if let Some(path) = declared.into_keys().next() {
            return Err(ReadError::Missing { path: path.to_owned() });
        }
        Ok(())
    }
}

impl<R: Read> Input<R> {
    /// Reads one member, whose size in the tar is the declared one.
    fn member(&mut self, member: Member<'_>, sink: &mut impl Sink) -> Result<(), ReadError> {
        let path = member.path();
        let sunk = |source| ReadError::Sink { file: path.to_owned(), source };
        let wanted = sink.begin(member).map_err(sunk)?;
        let mut give = |bytes: &[u8]| if wanted { sink.write(bytes).map_err(sunk) } else { Ok(()) };
        let mut stored = MemberReader {
            input: self,
            path,
            left: member.stored_size(),
            sha256: Sha256Hasher::new(),
            buffer: vec![0; at_most(member.stored_size(), CHUNK)],
            filled: 0..0,
            failed: None,
        };
        match member {
            Member::Image(image) if image.encoding.is_some() => stored.decode(image, &mut give)?,
            Member::Image(_) | Member::Delta(..) => loop {
                match stored.next()? {
                    [] => break,
                    bytes => give(bytes)?,
                }
            },
        }
        let found = Sha256::finish(stored.sha256);
        self.padding(member.stored_size(), path)?;
        check(path, member.stored_sha256(), found)?;
        sink.end(member).map_err(sunk)
    }
}

/// The stored bytes of one member, hashed as they are read.
struct MemberReader<'input, R> {
    input: &'input mut Input<R>,
    path: &'input str,
    left: u64,
    sha256: Sha256Hasher,
    buffer: Vec<u8>,
    /// What of the buffer was read and not taken yet.
    filled: Range<usize>,
    /// Why the source failed, when it was a decoder that asked.
    failed: Option<ReadError>,
}

impl<R: Read> MemberReader<'_, R> {
    /// The next bytes; none at the end of the member.
    fn next(&mut self) -> Result<&[u8], ReadError> {
        let count = at_most(self.left, self.buffer.len());
        let chunk = self.buffer.get_mut(..count).unwrap_or_default();
        self.input.fill(chunk, || self.path.to_owned())?;
        self.sha256.update(&*chunk);
        self.left -= count as u64;
        Ok(chunk)
    }

    /// Decodes an image. What comes out is held to the declared size before it is passed on.
    fn decode(
        &mut self,
        image: &Image,
        give: &mut impl FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (size, sha256) = self.decoded(image.size, give)?;
        if self.left > 0 || !self.filled.is_empty() {
            return Err(self.no_zstd("there is data after the frame".into()));
        }
        if size != image.size {
            return Err(ReadError::Size { file: image.file.clone(), declared: image.size, found: size });
        }
        check(&image.file, image.sha256, sha256)
    }

    fn decoded(
        &mut self,
        declared: u64,
        give: &mut impl FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(u64, Sha256), ReadError> {
        let mut hasher = Sha256Hasher::new();
        let mut size = 0;
        let mut decoder = match Decoder::new(&mut *self) {
            Ok(decoder) => decoder,
            Err(problem) => return Err(self.no_zstd(problem)),
        };
        // One more than declared, so that what is too much shows.
        let mut plain = vec![0; at_most(declared + 1, CHUNK)];
        loop {
            let count = match decoder.read(&mut plain) {
                Ok(0) => return Ok((size, Sha256::finish(hasher))),
                Ok(count) => count,
                Err(error) => {
                    drop(decoder);
                    return Err(self.no_zstd(error.to_string()));
                }
            };
            size += count as u64;
            if size > declared {
                return Err(ReadError::Size { file: self.path.to_owned(), declared, found: size });
            }
            let bytes = plain.get(..count).unwrap_or_default();
            hasher.update(bytes);
            give(bytes)?;
        }
    }

    /// Why decoding failed: because the source did, or because of what it gave.
    fn no_zstd(&mut self, problem: String) -> ReadError {
        let file = self.path.to_owned();
        self.failed.take().unwrap_or(ReadError::Encoding { file, encoding: "Zstandard frame", problem })
    }
}

/// For the decoder, which reads a few bytes at a time.
impl<R: Read> Read for MemberReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.filled.is_empty() {
            match self.next() {
                Ok(bytes) => self.filled = 0..bytes.len(),
                Err(error) => {
                    self.failed = Some(error);
                    return Err(io::Error::other("the source failed"));
                }
            }
        }
        let mut ready = self.buffer.get(self.filled.clone()).unwrap_or_default();
        let count = ready.read(buffer)?;
        self.filled.start += count;
        Ok(count)
    }
}

/// A size, but never more than a limit.
fn at_most(size: u64, limit: usize) -> usize {
    usize::try_from(size).map_or(limit, |size| size.min(limit))
}

fn check(path: &str, declared: Sha256, found: Sha256) -> Result<(), ReadError> {
    if declared == found {
        return Ok(());
    }
    Err(ReadError::Digest {
        file: path.to_owned(),
        algorithm: "SHA-256",
        declared: declared.hex(),
        found: found.hex(),
    })
}
