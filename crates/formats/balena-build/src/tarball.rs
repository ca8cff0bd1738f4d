//! A source as a tarball, made as it is read: nothing of it is held but a header.

use std::io::{self, Cursor, Read};

use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};

/// How long a block of a tarball is.
const BLOCK: u64 = 512;

/// How hard it is compressed: what balena-cli does.
const LEVEL: u32 = 6;

/// The largest size a header without extensions holds: eleven octal digits.
const MOST_OCTAL: u64 = (1 << 33) - 1;

/// What is to be in a tarball.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in it, with `/`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// When it was changed, in seconds since 1970.
    pub modified: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File {
        /// How many bytes it has.
        size: u64,
        /// Whether it may be run.
        is_executable: bool,
    },
    /// A symbolic link to that path.
    Link(String),
}

/// How the content of a file is opened, by its path.
pub type Open<'a> = dyn FnMut(&str) -> io::Result<Box<dyn Read + 'a>> + 'a;

/// A tarball of entries (POSIX.1-2001, pax), which is made as it is read.
///
/// A file that has become shorter since it was listed is an error; of one that has become longer, what is behind is left out.
pub struct Tarball<'a> {
    entries: std::vec::IntoIter<Entry>,
    open: Box<Open<'a>>,
    now: Part<'a>,
}

/// What is read now.
enum Part<'a> {
    /// Headers and padding, and the file whose content follows.
    Bytes(Cursor<Vec<u8>>, Option<(String, u64)>),
    /// A file's content, with what is left of it.
    Content { reader: Box<dyn Read + 'a>, left: u64, path: String, size: u64 },
    /// The end is read.
    Over,
    /// Something could not be read: there is no end, so that nobody takes what was read for the whole.
    Failed,
}

impl std::fmt::Debug for Tarball<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tarball").field("left", &self.entries.len()).finish_non_exhaustive()
    }
}

impl<'a> Tarball<'a> {
    /// A tarball of these entries in this order; `open` gives the content of those that are files.
    pub fn new(entries: Vec<Entry>, open: impl FnMut(&str) -> io::Result<Box<dyn Read + 'a>> + 'a) -> Self {
        let now = Part::Bytes(Cursor::default(), None);
        Self { entries: entries.into_iter(), open: Box::new(open), now }
    }

    /// What comes after what is read; whether there is anything.
    fn advance(&mut self) -> io::Result<bool> {
        let now = std::mem::replace(&mut self.now, Part::Failed);
        self.now = match now {
            Part::Bytes(_, Some((path, size))) => {
                Part::Content { reader: (self.open)(&path)?, left: size, path, size }
            }
            Part::Content { size, .. } if size % BLOCK != 0 => {
                let padding = usize::try_from(BLOCK - size % BLOCK).unwrap_or(0);
                Part::Bytes(Cursor::new(vec![0; padding]), None)
            }
            Part::Bytes(_, None) | Part::Content { .. } => match self.entries.next() {
                Some(entry) => {
                    let head = head(&entry)?;
                    let content = match entry.kind {
                        Kind::File { size, .. } if size > 0 => Some((entry.path, size)),
                        _ => None,
                    };
                    Part::Bytes(Cursor::new(head), content)
                }
                None => Part::Over,
            },
            Part::Over => Part::Over,
            Part::Failed => return Err(io::Error::other("the source could not be read")),
        };
        Ok(!matches!(self.now, Part::Over))
    }
}

impl Read for Tarball<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.now {
                Part::Bytes(bytes, _) => {
                    let read = bytes.read(buffer)?;
                    if read > 0 {
                        return Ok(read);
                    }
                }
                Part::Content { reader, left, path, .. } if *left > 0 => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                    let read = match reader.read(buffer.get_mut(..most).unwrap_or_default()) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        read => {
                            read.map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?
                        }
                    };
                    if read == 0 {
                        let why = format!("{path}: it became {left} bytes shorter while it was read");
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                    }
                    *left -= read as u64;
                    return Ok(read);
                }
                Part::Content { .. } => {}
                Part::Over => return Ok(0),
                Part::Failed => {}
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}

/// The header of an entry, with the pax header before it that holds what does not fit into its fields.
fn head(entry: &Entry) -> io::Result<Vec<u8>> {
    let wrong = |why: &str| io::Error::other(format!("{}: {why}", entry.path));
    let mut header = tar::Header::new_ustar();
    let mut records = Vec::new();
    let (size, link, mode) = match &entry.kind {
        Kind::File { size, is_executable } => (*size, None, if *is_executable { 0o755 } else { 0o644 }),
        Kind::Link(link) => (0, Some(link.as_str()), 0o777),
    };
    if entry.path.is_empty() || entry.path.contains('\0') || link.is_some_and(|link| link.contains('\0')) {
        return Err(wrong("it is no path that a tarball can hold"));
    }
    header.set_entry_type(if link.is_some() { tar::EntryType::Symlink } else { tar::EntryType::Regular });
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(entry.modified.min(MOST_OCTAL));
    // A name within ASCII that fits needs no extension; readers differ in what else they make of it.
    if !entry.path.is_ascii() || header.set_path(&entry.path).is_err() {
        records.push(record("path", &entry.path));
        header.set_path("long").map_err(|error| wrong(&error.to_string()))?;
    }
    if let Some(link) = link {
        let is_kept = link.is_ascii() && link.len() <= 100 && header.set_link_name_literal(link).is_ok();
        if !is_kept {
            records.push(record("linkpath", link));
            header.set_link_name_literal("long").map_err(|error| wrong(&error.to_string()))?;
        }
    }
    if size > MOST_OCTAL {
        records.push(record("size", &size.to_string()));
    }
    header.set_size(if size > MOST_OCTAL { 0 } else { size });
    header.set_cksum();
    let mut bytes = Vec::new();
    if !records.is_empty() {
        let records = records.concat();
        let mut extended = tar::Header::new_ustar();
        extended.set_entry_type(tar::EntryType::XHeader);
        extended.set_path("PaxHeaders/entry").map_err(|error| wrong(&error.to_string()))?;
        extended.set_mode(0o644);
        extended.set_uid(0);
        extended.set_gid(0);
        extended.set_mtime(0);
        extended.set_size(records.len() as u64);
        extended.set_cksum();
        bytes.extend_from_slice(extended.as_bytes());
        bytes.extend_from_slice(&records);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend_from_slice(header.as_bytes());
    Ok(bytes)
}

/// A record of a pax header, whose length counts its own digits.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n").into_bytes()
}

/// The end of a tarball.
fn end() -> Cursor<Vec<u8>> {
    Cursor::new(vec![0; 1024])
}

/// A tarball with its end, compressed as it is read.
pub fn gzipped<'a>(tarball: Tarball<'a>) -> impl Read + 'a {
    GzEncoder::new(tarball.chain(end()), Compression::new(LEVEL))
}

/// A finished tarball that is sent on, with entries before its own; it may be gzipped. Its content is looked at no further than that it
/// begins as a tarball does.
///
/// # Errors
/// When it cannot be read, or begins otherwise.
pub fn replaced<'a>(mut tarball: impl Read + 'a, before: Tarball<'a>) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = [0; 2];
    let read = fill(&mut tarball, &mut magic)?;
    let start = Cursor::new(magic.get(..read).unwrap_or_default().to_vec());
    let whole = start.chain(tarball);
    let mut plain: Box<dyn Read + 'a> =
        if magic == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
    let mut first = [0; 512];
    let read = fill(&mut plain, &mut first)?;
    let header = tar::Header::from_byte_slice(&first);
    let sum: u32 = first
        .iter()
        .enumerate()
        .map(|(at, b)| if (148..156).contains(&at) { 32 } else { u32::from(*b) })
        .sum();
    if read < first.len() || header.cksum().ok() != Some(sum) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no tarball, also not a gzipped one"));
    }
    let tarball = before.chain(Cursor::new(first)).chain(plain);
    Ok(Box::new(GzEncoder::new(tarball, Compression::new(LEVEL))))
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Read5 = (String, char, u32, Vec<u8>, String);

    /// As the tar crate, which shares no code with the writer but the header, reads it.
    fn read_back(bytes: &[u8]) -> Vec<Read5> {
        let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let link = entry.link_name_bytes().map(|link| String::from_utf8(link.into_owned()).unwrap());
            let kind = if entry.header().entry_type().is_symlink() { 'l' } else { 'f' };
            let mode = entry.header().mode().unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.push((path, kind, mode, content, link.unwrap_or_default()));
        }
        found
    }

    fn file(path: &str, content: &[u8], is_executable: bool) -> Entry {
        let kind = Kind::File { size: content.len() as u64, is_executable };
        Entry { path: path.to_owned(), kind, modified: 1_700_000_000 }
    }

    fn all(mut reader: impl Read) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_is_put_in_comes_out_of_another_reader() {
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
        let entries = vec![
            file("a", b"hello", false),
            file("run.sh", b"#!/bin/sh", true),
            file("empty", b"", false),
            file(&long, &[7; 512], false),
            file("grün/ß", &[1; 513], false),
            Entry { path: "l".into(), kind: Kind::Link("a".into()), modified: 0 },
            Entry { path: "m".into(), kind: Kind::Link(long.clone()), modified: 0 },
        ];
        let content = |path: &str| match path {
            "a" => b"hello".to_vec(),
            "run.sh" => b"#!/bin/sh".to_vec(),
            "grün/ß" => vec![1; 600],
            _ => vec![7; 512],
        };
        let open = move |path: &str| Ok(Box::new(Cursor::new(content(path))) as Box<dyn Read>);
        let bytes = all(gzipped(Tarball::new(entries, open))).unwrap();
        let found = read_back(&bytes);
        let shown: Vec<_> =
            found.iter().map(|(p, k, m, c, l)| (p.as_str(), *k, *m, c.len(), l.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("a", 'f', 0o644, 5, ""),
                ("run.sh", 'f', 0o755, 9, ""),
                ("empty", 'f', 0o644, 0, ""),
                (long.as_str(), 'f', 0o644, 512, ""),
                // It grew while it was read: what was listed is sent.
                ("grün/ß", 'f', 0o644, 513, ""),
                ("l", 'l', 0o777, 0, "a"),
                ("m", 'l', 0o777, 0, long.as_str()),
            ]
        );
        assert_eq!(found[0].3, b"hello");
    }

    #[test]
    fn a_file_that_shrinks_is_an_error_that_names_it() {
        let open = |_: &str| Ok(Box::new(Cursor::new(vec![1u8; 10])) as Box<dyn Read>);
        let error = all(Tarball::new(vec![file("x/y", &[0; 600], false)], open)).unwrap_err();
        assert_eq!(error.to_string(), "x/y: it became 590 bytes shorter while it was read");
        let gone = |_: &str| Err(io::Error::other("gone"));
        assert!(all(Tarball::new(vec![file("x", &[0; 6], false)], gone)).is_err());
        let bad = Entry { path: "a\0b".into(), kind: Kind::Link("x".into()), modified: 0 };
        assert!(all(Tarball::new(vec![bad], gone)).is_err());
    }

    #[test]
    fn a_finished_tarball_is_sent_on_with_more_before_it() {
        let open = |_: &str| Ok(Box::new(Cursor::new(b"hello".to_vec())) as Box<dyn Read>);
        let plain = all(Tarball::new(vec![file("a", b"hello", true)], open).chain(end())).unwrap();
        let gz = all(gzipped(Tarball::new(vec![file("a", b"hello", true)], open))).unwrap();
        for source in [plain.clone(), gz] {
            let before = Tarball::new(vec![file(".balena/registry-secrets.json", b"hello", false)], open);
            let sent = all(replaced(Cursor::new(source), before).unwrap()).unwrap();
            let paths: Vec<_> = read_back(&sent).into_iter().map(|(path, ..)| path).collect();
            assert_eq!(paths, [".balena/registry-secrets.json", "a"]);
        }
        let none = || Tarball::new(Vec::new(), open);
        for bytes in [&b""[..], b"PK\x03\x04", &[0x1f, 0x8b], &plain[..511], &[0; 512]] {
            assert!(replaced(Cursor::new(bytes.to_vec()), none()).is_err());
        }
    }

    #[test]
    fn sizes_beyond_octal_have_a_record() {
        let entry = Entry {
            path: "big".into(),
            kind: Kind::File { size: MOST_OCTAL + 1, is_executable: false },
            modified: 0,
        };
        let head = head(&entry).unwrap();
        assert!(String::from_utf8_lossy(&head).contains("19 size=8589934592\n"));
        assert_eq!(head.len(), 1536);
    }

    proptest! {
        #[test]
        fn any_names_and_contents_come_back(files in prop::collection::btree_map("[a-zäß/ ]{1,150}[a-z]", prop::collection::vec(any::<u8>(), 0..1100), 0..6)) {
            let files: std::collections::BTreeMap<String, Vec<u8>> =
                files.into_iter().map(|(path, content)| (path.trim_start_matches('/').to_owned(), content)).filter(|(path, _)| !path.contains("//")).collect();
            let entries = files.iter().map(|(path, content)| file(path, content, false)).collect();
            let held = files.clone();
            let open = move |path: &str| Ok(Box::new(Cursor::new(held[path].clone())) as Box<dyn Read>);
            let bytes = all(gzipped(Tarball::new(entries, open))).unwrap();
            let found: Vec<_> = read_back(&bytes).into_iter().map(|(path, _, _, content, _)| (path, content)).collect();
            prop_assert_eq!(found, files.into_iter().collect::<Vec<_>>());
        }
    }
}
