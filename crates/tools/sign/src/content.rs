//! What a file is, found by its content.

use std::io::{self, Read};
use std::path::Path;

use lw_cli::{Context, Error};
use lw_firmware::image::{Kind, Options, Scanned, Scanner};
use lw_package::lw;

/// Bytes read at a time.
const CHUNK: usize = 128 << 10;

/// What a file is to a signature.
#[derive(Debug)]
pub(crate) enum Content {
    /// A package of ota-package.
    Package,
    /// What else it is: an image, or why it is none.
    File(Box<Scanned>),
}

/// Reads a file to its end and tells what it is. `plain` takes it as a raw binary unless it surely is no firmware.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn of(path: &Path, plain: bool, cx: &Context) -> Result<Content, Error> {
    if is_package(path, cx)? {
        return Ok(Content::Package);
    }
    let mut file = cx.stream(path)?;
    let expect = plain.then_some(Kind::Plain);
    let mut scanner = Scanner::new(Options { expect, ..Options::default() });
    feed(&mut file, |bytes| scanner.update(bytes)).map_err(|error| cx.unreadable(path, &error))?;
    Ok(Content::File(Box::new(scanner.finish())))
}

/// Whether a file starts as an lw package does: a tar whose first member is the manifest.
pub(crate) fn is_package(path: &Path, cx: &Context) -> Result<bool, Error> {
    let mut head = Vec::new();
    cx.stream(path)?.take(512).read_to_end(&mut head).map_err(|error| cx.unreadable(path, &error))?;
    let name = lw::MANIFEST.as_bytes();
    let is_tar = head.get(257..262) == Some(b"ustar");
    Ok(is_tar && head.starts_with(name) && head.get(name.len()) == Some(&0))
}

/// Gives `sink` everything a file has.
pub(crate) fn feed(file: &mut impl Read, mut sink: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => sink(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
