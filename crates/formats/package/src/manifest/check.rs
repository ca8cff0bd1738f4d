//! Reading a manifest strictly and writing it always the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_model::Diagnose;
use lw_syntax::json;
use lw_syntax::tree::Fault;
use serde::Deserialize;

use crate::digest::Sha256;
use crate::manifest::path::{PathProblem, check_path};
use crate::manifest::{Delta, Image, MAX_BYTES, Manifest, SCHEMA};

/// The longest board, version or project name, in bytes.
const MAX_NAME: usize = 256;

/// The largest member: what the `size` field of a ustar header holds in octal.
pub(crate) const MAX_MEMBER: u64 = (1 << 33) - 1;

/// What the compressed images of a package may unpack to, in bytes, where the package itself is small.
///
/// A Zstandard frame of some hundred bytes can stand for gigabytes, and reading a package means decoding and hashing all of
/// them: without a limit a package of 2 MB keeps its reader busy for minutes.
pub const MAX_UNPACKED: u64 = 1 << 30;

/// A larger package may unpack to this many times its compressed images: code compresses to a half, padding to nothing.
const MAX_RATIO: u64 = 64;

/// UF2 families of one file.
const MAX_FAMILIES: usize = 256;

/// What is wrong with a manifest, and where.
#[derive(Debug, thiserror::Error)]
#[error("manifest.json: {}{problem}", .place.as_deref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct ManifestError {
    /// Where, as a JSON path: `images[0].file`.
    pub place: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No JSON, or another structure; the message has line and column.
    #[error("{0}")]
    Json(String),
    /// A schema this version does not know.
    #[error("unknown schema {0:?}; this version reads {SCHEMA:?}")]
    Schema(String),
    /// More bytes than are read.
    #[error("is {0} bytes; at most {MAX_BYTES} are read")]
    TooLarge(u64),
    /// An empty name or version.
    #[error("is empty")]
    Empty,
    /// A name or version that is too long.
    #[error("is {0} bytes; at most {MAX_NAME} are allowed")]
    TooLong(usize),
    /// A character that no name and no version has.
    #[error("has the control character {0:?}")]
    Control(char),
    /// No path of a member.
    #[error("{path:?} {problem}")]
    Path {
        /// The path.
        path: String,
        /// Why not.
        problem: PathProblem,
    },
    /// Two members of one name, or of names that are one on a file system without case.
    #[error("{path:?} is the file of {other} already, or differs from it in upper and lower case only")]
    SameFile {
        /// The path.
        path: String,
        /// Where it stands too.
        other: String,
    },
    /// A member that would have to be a folder of another one.
    #[error("{path:?} would have to be a file and a folder")]
    FileAndFolder {
        /// The path.
        path: String,
    },
    /// Two images for one board.
    #[error("board {0:?} has two images")]
    SameBoard(String),
    /// No image at all.
    #[error("there is no image")]
    NoImage,
    /// A member that is too large for the tar.
    #[error("is {0} bytes; a member has at most {MAX_MEMBER}")]
    Size(u64),
    /// Compressed images that unpack to more than any reader should have to decode.
    #[error(
        "declare {declared} bytes when they are unpacked, of {stored} compressed; at most {limit} are read"
    )]
    Unpacked {
        /// The bytes they declare.
        declared: u64,
        /// Their bytes as stored.
        stored: u64,
        /// The most that are read of so many.
        limit: u64,
    },
    /// More families than any UF2 file has.
    #[error("has {0} entries; at most {MAX_FAMILIES} are read")]
    TooMany(usize),
    /// A range whose ends are the wrong way round.
    #[error("the first revision, {min}, is after the last, {max}")]
    Revisions {
        /// The first.
        min: u16,
        /// The last.
        max: u16,
    },
    /// A patch to something else than the image it stands at.
    #[error("is {found}, but the image is {expected}")]
    Target {
        /// The digest of the image.
        expected: Sha256,
        /// The digest the patch leads to.
        found: Sha256,
    },
    /// A patch from the image to itself.
    #[error("is the image the patch leads to")]
    OwnBase,
}

impl Diagnose for ManifestError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self.problem {
            Problem::Schema(_) => {
                "read it with a newer version of this tool, or write it again with this one"
            }
            Problem::Unpacked { .. } => {
                "do not unpack this package; make it again, without compression if need be"
            }
            Problem::SameFile { .. } | Problem::SameBoard(_) => "give every board a name of its own",
            Problem::Path { .. } | Problem::FileAndFolder { .. } => {
                "do not unpack this package; make it again with this tool"
            }
            _ => return None,
        }))
    }
}

impl Problem {
    /// The same at a place.
    fn at(self, place: impl Into<String>) -> ManifestError {
        ManifestError { place: Some(place.into()), problem: self }
    }
}

/// A manifest as read, and what in it this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The manifest.
    pub manifest: Manifest,
    /// The JSON paths of keys that mean nothing to this version, in the order of the file. A later version of the same
    /// schema may add keys, so they are not refused; a person should still be told.
    pub unknown: Vec<String>,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// JSON of another structure, a schema of another version and everything [`check`](Self::check) refuses.
    pub fn parse(json: &[u8]) -> Result<Parsed, ManifestError> {
        let unplaced = |problem| ManifestError { place: None, problem };
        let bytes = json.len() as u64;
        if bytes > MAX_BYTES {
            return Err(unplaced(Problem::TooLarge(bytes)));
        }
        // The schema comes first: what another one has is not this one's mistake.
        #[derive(Deserialize)]
        struct Schema {
            schema: String,
        }
        let fault = |fault: Fault| unplaced(Problem::Json(fault.placed(json)));
        let text = json::text_of(json).map_err(fault)?;
        let schema: Schema = json::from_str(text).map_err(fault)?;
        if schema.schema != SCHEMA {
            return Err(Problem::Schema(schema.schema.chars().take(80).collect()).at("schema"));
        }
        let (manifest, unknown) = json::from_str_noting_ignored::<Self>(text).map_err(fault)?;
        manifest.check()?;
        Ok(Parsed { manifest, unknown })
    }

    /// The manifest as it stands in a package: keys in a fixed order, two spaces, a newline at the end.
    ///
    /// # Errors
    /// Everything [`check`](Self::check) refuses, and a text above [`MAX_BYTES`].
    pub fn to_json(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        let unplaced = |problem| ManifestError { place: None, problem };
        let mut json =
            serde_json::to_vec_pretty(self).map_err(|error| unplaced(Problem::Json(error.to_string())))?;
        json.push(b'\n');
        match json.len() as u64 {
            bytes if bytes > MAX_BYTES => Err(unplaced(Problem::TooLarge(bytes))),
            _ => Ok(json),
        }
    }

    /// Checks everything the types do not: names, paths, sizes, duplicates, and that patches lead to their image.
    ///
    /// # Errors
    /// The first problem, in the order of the manifest.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.schema != SCHEMA {
            return Err(Problem::Schema(self.schema.clone()).at("schema"));
        }
        check_name(&self.version, || "version".into())?;
        if let Some(minimum) = &self.minimum_version {
            check_name(minimum, || "minimum_version".into())?;
        }
        if self.images.is_empty() {
            return Err(Problem::NoImage.at("images"));
        }
        self.check_unpacked()?;
        let mut boards = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (index, image) in self.images.iter().enumerate() {
            let place = format!("images[{index}]");
            image.check(&place)?;
            if boards.insert(image.board.as_str(), ()).is_some() {
                return Err(Problem::SameBoard(image.board.clone()).at(place));
            }
            claim(&mut files, &image.file, format!("{place}.file"))?;
            for (index, delta) in image.deltas.iter().enumerate() {
                let place = format!("{place}.deltas[{index}]");
                delta.check(image, &place)?;
                claim(&mut files, &delta.file, format!("{place}.file"))?;
            }
        }
        for (path, place) in &files {
            let mut folder = path.as_str();
            while let Some((parent, _)) = folder.rsplit_once('/') {
                if files.contains_key(parent) {
                    return Err(Problem::FileAndFolder { path: parent.to_owned() }.at(place.clone()));
                }
                folder = parent;
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// Bounds the work of whoever reads the package by what is in it.
    fn check_unpacked(&self) -> Result<(), ManifestError> {
        let compressed = self.images.iter().filter_map(|image| Some((image.size, image.encoding?.size)));
        let (declared, stored) = compressed.fold((0u64, 0u64), |(declared, stored), (size, compressed)| {
            (declared.saturating_add(size), stored.saturating_add(compressed))
        });
        let limit = stored.saturating_mul(MAX_RATIO).max(MAX_UNPACKED);
        if declared > limit {
            return Err(Problem::Unpacked { declared, stored, limit }.at("images"));
        }
        Ok(())
    }
}

impl Image {
    fn check(&self, place: &str) -> Result<(), ManifestError> {
        check_name(&self.board, || format!("{place}.board"))?;
        for (text, key) in [(&self.version, "version"), (&self.project, "project")] {
            if let Some(text) = text {
                check_name(text, || format!("{place}.{key}"))?;
            }
        }
        if self.families.len() > MAX_FAMILIES {
            return Err(Problem::TooMany(self.families.len()).at(format!("{place}.families")));
        }
        for family in &self.families {
            check_name(family, || format!("{place}.families"))?;
        }
        for (text, key) in [(&self.vendor_id, "vendor_id"), (&self.class_id, "class_id")] {
            if let Some(text) = text {
                check_name(text, || format!("{place}.{key}"))?;
            }
        }
        if let Some(chip) = &self.chip {
            check_name(&chip.name, || format!("{place}.chip.name"))?;
        }
        if let Some(revisions) = self.revisions
            && let Some(max) = revisions.max
            && max < revisions.min
        {
            return Err(Problem::Revisions { min: revisions.min, max }.at(format!("{place}.revisions")));
        }
        check_file(&self.file, || format!("{place}.file"))?;
        check_size(self.size, || format!("{place}.size"))?;
        self.encoding
            .map_or(Ok(()), |encoding| check_size(encoding.size, || format!("{place}.encoding.size")))
    }
}

impl Delta {
    fn check(&self, image: &Image, place: &str) -> Result<(), ManifestError> {
        check_file(&self.file, || format!("{place}.file"))?;
        check_size(self.size, || format!("{place}.size"))?;
        check_size(self.base.size, || format!("{place}.base.size"))?;
        if let Some(version) = &self.base.version {
            check_name(version, || format!("{place}.base.version"))?;
        }
        if self.target_sha256 != image.sha256 {
            let problem = Problem::Target { expected: image.sha256, found: self.target_sha256 };
            return Err(problem.at(format!("{place}.target_sha256")));
        }
        if self.base.sha256 == image.sha256 {
            return Err(Problem::OwnBase.at(format!("{place}.base.sha256")));
        }
        Ok(())
    }
}

/// A name or version: something, on one line, not too long. It is free text otherwise.
fn check_name(name: &str, place: impl Fn() -> String) -> Result<(), ManifestError> {
    if name.is_empty() {
        return Err(Problem::Empty.at(place()));
    }
    if name.len() > MAX_NAME {
        return Err(Problem::TooLong(name.len()).at(place()));
    }
    match name.chars().find(|character| character.is_control()) {
        Some(character) => Err(Problem::Control(character).at(place())),
        None => Ok(()),
    }
}

fn check_file(path: &str, place: impl Fn() -> String) -> Result<(), ManifestError> {
    check_path(path)
        .map_err(|problem| Problem::Path { path: path.chars().take(MAX_NAME).collect(), problem }.at(place()))
}

fn check_size(size: u64, place: impl Fn() -> String) -> Result<(), ManifestError> {
    if size > MAX_MEMBER { Err(Problem::Size(size).at(place())) } else { Ok(()) }
}

/// Notes that a file is taken.
fn claim(files: &mut BTreeMap<String, String>, path: &str, place: String) -> Result<(), ManifestError> {
    match files.insert(path.to_ascii_lowercase(), place.clone()) {
        Some(other) => Err(Problem::SameFile { path: path.to_owned(), other }.at(place)),
        None => Ok(()),
    }
}
