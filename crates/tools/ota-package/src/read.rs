//! Reading a package of either format, of which nothing is trusted: every byte is checked against the manifest, and
//! the manifest against what is inside the images.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_firmware::image::{self, Options, Scanner};
use lw_package::lw::{Reader, Sink};
use lw_package::{Image, ImageKind, Kind, Manifest, Member, seed};

use crate::scan::{self, Checked};
use crate::{changes, package};

/// A package that was read to its last byte.
#[derive(Debug)]
pub(crate) struct OpenedPackage {
    /// The file, as reports name it.
    pub(crate) name: String,
    /// Its format.
    pub(crate) format: Kind,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// What it says of itself.
    pub(crate) manifest: Manifest,
    /// Keys of its manifest that mean nothing to this version.
    pub(crate) unknown: Vec<String>,
    /// The bytes of its manifest: what a signature is over.
    pub(crate) manifest_json: Vec<u8>,
    /// The signature in it, unverified.
    pub(crate) signature: Option<Vec<u8>>,
    /// Its images by board, or why a device would refuse them.
    pub(crate) images: BTreeMap<String, Result<Checked, Error>>,
}

impl OpenedPackage {
    /// The secure version of a board's image: what is inside, whatever the manifest says.
    pub(crate) fn secure_version(&self, board: &str) -> Option<u32> {
        match self.images.get(board) {
            Some(Ok(checked)) => checked.image.secure_version(),
            _ => self.manifest.image(board).and_then(|image| image.secure_version),
        }
    }

    /// The images, all of them sound and what the manifest says.
    ///
    /// # Errors
    /// With the first that is not.
    pub(crate) fn sound(self) -> Result<(Manifest, Vec<Checked>), Error> {
        let mut images = Vec::new();
        let mut read = self.images;
        for image in &self.manifest.images {
            let Some(checked) = read.remove(&image.board) else { continue };
            let place = format!("{}: {}", self.name, image.file);
            let checked = checked.context(place.clone())?;
            if self.format == Kind::Lw {
                agrees(image, &checked).map_err(|error| error.context(place))?;
            }
            images.push(checked);
        }
        Ok((self.manifest, images))
    }
}

/// Whether the manifest says of an image what the image says of itself: one that is relabelled is refused.
fn agrees(said: &Image, checked: &Checked) -> Result<(), Error> {
    let own = package::describe(&said.board, checked);
    let hash = |image: &Image| ("appended SHA-256", image.validation_sha256.map(|hash| hash.hex()));
    let claims = changes::facts(said).into_iter().chain([hash(said)]);
    for ((name, said), (_, own)) in claims.zip(changes::facts(&own).into_iter().chain([hash(&own)])) {
        // The encoding is the package's, not the image's.
        if let Some(said) = said
            && name != "encoding"
            && own.as_deref() != Some(said.as_str())
        {
            let own = own.unwrap_or_else(|| "nothing of it".to_owned());
            return Err(Error::input(format!(
                "the manifest says {name} {said}, the image itself says {own}"
            ))
            .hint("do not install it: the image was put under another name"));
        }
    }
    Ok(())
}

/// Which format of package a file has, if any.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn format_of(path: &Path, cx: &Context) -> Result<Option<Kind>, Error> {
    Ok(Kind::detect(&head(path, Kind::DETECT_BYTES, cx)?))
}

/// The first bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn head(path: &Path, length: usize, cx: &Context) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    cx.stream(path)?.take(limit).read_to_end(&mut bytes).map_err(|error| cx.unreadable(path, &error))?;
    Ok(bytes)
}

/// Reads a package to its last byte.
///
/// # Errors
/// When it cannot be read or anything in it is not as its manifest says.
pub(crate) fn open(path: &Path, cx: &Context) -> Result<OpenedPackage, Error> {
    read(path, cx, &mut ())
}

/// Reads a package to its last byte and gives its members to `keep`.
///
/// # Errors
/// As [`open`], and when `keep` fails.
pub(crate) fn read(path: &Path, cx: &Context, keep: &mut impl Sink) -> Result<OpenedPackage, Error> {
    let name = cx.display_path(path);
    let format = format_of(path, cx)?.ok_or_else(|| {
        Error::input(format!("{}: it is neither an lw package nor a JSON package", path.display()))
            .hint("give what `ota-package package` wrote")
    })?;
    let mut file = cx.stream(path)?;
    let unreadable = |error: io::Error| cx.unreadable(path, &error);
    let size = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let at = path.display().to_string();
    let mut opened = OpenedPackage {
        name,
        format,
        size,
        manifest: Manifest::new(""),
        unknown: Vec::new(),
        manifest_json: Vec::new(),
        signature: None,
        images: BTreeMap::new(),
    };
    match format {
        Kind::Lw => {
            let mut look = ScanningSink { keep, kept: false, scanner: None, images: BTreeMap::new() };
            let reader = Reader::open(file).context(at.clone())?;
            opened.unknown = reader.unknown_keys().to_vec();
            opened.manifest_json = reader.manifest_json().to_vec();
            opened.signature = reader.signature().map(<[u8]>::to_vec);
            opened.manifest = reader.unpack(&mut look).context(at)?;
            opened.images = look.images;
        }
        Kind::Seed => {
            let mut scanner = Scanner::new(Options::default());
            let package = seed::read(BufReader::with_capacity(BUFFER, &mut file), Feed(&mut scanner))
                .context(at.clone())?;
            opened.manifest = Manifest::from(&package.manifest);
            opened.unknown = package.unknown;
            opened.manifest_json = serde_json::to_vec_pretty(&package.manifest)
                .map(|json| [json, b"\n".to_vec()].concat())
                .map_err(Error::remote)?;
            let scanned = scanner.finish();
            if let Some(image) = opened.manifest.images.first_mut()
                && !matches!(scanned.image, Err(image::Error::Unknown { .. }))
            {
                // The format says nothing of the image, so the image itself does.
                let checked = scan::check(scanned, "firmware".into());
                if let Ok(checked) = &checked {
                    let said = image.clone();
                    *image = package::describe(&said.board, checked);
                    (image.size, image.sha256) = (said.size, said.sha256);
                }
                opened.images.insert(image.board.clone(), checked);
            }
            // The board may come last in the file, and names what is kept: so that takes a second reading.
            if let Some(image) = opened.manifest.images.first()
                && keep.begin(Member::Image(image)).map_err(Error::remote)?
            {
                file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
                seed::read(BufReader::with_capacity(BUFFER, &mut file), ToSink(keep)).context(at)?;
                keep.end(Member::Image(image)).map_err(Error::remote)?;
            }
        }
    }
    Ok(opened)
}

/// Bytes of text read at a time.
const BUFFER: usize = 128 << 10;

/// Gives what is written to a scanner.
struct Feed<'a>(&'a mut Scanner);

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives what is written to whoever keeps it.
struct ToSink<'a, K>(&'a mut K);

impl<K: Sink> Write for ToSink<'_, K> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Scans each image while it passes.
struct ScanningSink<'a, K> {
    keep: &'a mut K,
    kept: bool,
    scanner: Option<(String, Scanner)>,
    images: BTreeMap<String, Result<Checked, Error>>,
}

impl<K: Sink> Sink for ScanningSink<'_, K> {
    fn begin(&mut self, member: Member<'_>) -> io::Result<bool> {
        self.scanner = match member {
            Member::Image(image) => Some((image.board.clone(), Scanner::new(options(image.kind)))),
            Member::Delta(..) => None,
        };
        self.kept = self.keep.begin(member)?;
        Ok(self.kept || self.scanner.is_some())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, scanner)) = &mut self.scanner {
            scanner.update(bytes);
        }
        if self.kept { self.keep.write(bytes) } else { Ok(()) }
    }

    fn end(&mut self, member: Member<'_>) -> io::Result<()> {
        if let Some((board, scanner)) = self.scanner.take() {
            let checked = scan::check(scanner.finish(), member.path().to_owned());
            self.images.insert(board, checked);
        }
        if self.kept { self.keep.end(member) } else { Ok(()) }
    }
}

/// What a manifest makes the scanner expect.
fn options(kind: ImageKind) -> Options {
    Options { expect: kind.as_str().parse().ok(), ..Options::default() }
}
