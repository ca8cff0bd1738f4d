//! Archives that are the same bytes whenever and wherever they are made.

use std::io::{Cursor, Write};

use anyhow::Context;
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;

/// When every file was changed last: the moment that npm gives to files as well, late enough for a zip file (1980).
const MODIFIED: (u16, u8, u8, u8, u8, u8) = (1985, 10, 26, 8, 15, 0);
const MODIFIED_SECONDS: u64 = 499_162_500;

/// A file of an archive.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

impl File {
    /// One that is run.
    pub(super) fn program(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), bytes, mode: 0o755 }
    }

    /// One that is read.
    pub(super) fn data(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), bytes, mode: 0o644 }
    }
}

pub(super) fn tar_gz(files: &[File]) -> anyhow::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(file.bytes.len())?);
        header.set_mode(file.mode);
        header.set_mtime(MODIFIED_SECONDS);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, &file.path, file.bytes.as_slice()).with_context(|| file.path.clone())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

pub(super) fn zip(files: &[File]) -> anyhow::Result<Vec<u8>> {
    let (year, month, day, hour, minute, second) = MODIFIED;
    let time = zip::DateTime::from_date_and_time(year, month, day, hour, minute, second)
        .ok()
        .context("a moment that a zip file can hold")?;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(time)
            .unix_permissions(file.mode);
        zip.start_file(&file.path, options).with_context(|| file.path.clone())?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn files() -> Vec<File> {
        vec![File::program("a/lw", b"binary".to_vec()), File::data("a/LICENSE", b"text".to_vec())]
    }

    #[test]
    fn an_archive_holds_what_it_was_given_and_nothing_of_the_moment() {
        let bytes = tar_gz(&files()).unwrap();
        assert_eq!(bytes, tar_gz(&files()).unwrap());
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut seen = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            assert_eq!(
                (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()),
                (MODIFIED_SECONDS, 0, 0)
            );
            seen.push((entry.path().unwrap().display().to_string(), text, header.mode().unwrap()));
        }
        let expected = [("a/lw", "binary", 0o755), ("a/LICENSE", "text", 0o644)]
            .map(|(path, text, mode)| (path.into(), text.into(), mode));
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_zip_file_holds_it_with_its_permissions() {
        let bytes = zip(&files()).unwrap();
        assert_eq!(bytes, zip(&files()).unwrap());
        let mut read = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut entry = read.by_name("a/lw").unwrap();
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
        assert_eq!(entry.last_modified().unwrap().year(), MODIFIED.0);
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(text, "binary");
    }
}
