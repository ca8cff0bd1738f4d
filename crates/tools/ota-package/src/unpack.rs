//! `unpack`: takes a package apart.
//!
//! A package may come from anywhere. Paths are the manifest's, which refuses whatever would leave the folder; sizes are
//! held to what is declared while the bytes pass; and the folder has its name only when the whole package was good.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, PendingFile, PendingFolder};
use lw_model::{Fact, Measure, Report};
use lw_package::{Member, lw};
use sha2::{Digest as _, Sha256};

use crate::args::Unpack;
use crate::package::images_table;
use crate::trust::Trust;
use crate::{policy, read};

/// Takes a package apart.
///
/// # Errors
/// When the package is broken, has no image of the board, or the folder cannot be written.
pub(crate) fn run(args: &Unpack, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let Some(package) = &args.package else {
        return Err(Error::usage("no package is named").hint("ota-package unpack app.ota --output folder"));
    };
    let Some(output) = &args.output else {
        return Err(Error::usage("--output is not given").hint("name the folder to unpack into"));
    };
    let mut trust = Trust::read(&args.trust, cx, report)?;
    let folder = cx.create_folder(output)?;
    let mut keep = Files { folder: &folder, board: args.board.as_deref(), open: None, written: Vec::new() };
    let opened = read::read(package, cx, &mut keep)?;
    let mut written = keep.written;
    let files = lw_model::counted(written.len(), "file");
    if let Some(board) = &args.board
        && opened.manifest.image(board).is_none()
    {
        return Err(crate::no_such_board(board, &opened.manifest));
    }
    let small =
        [(lw::MANIFEST, Some(opened.manifest_json.clone())), (lw::SIGNATURE, opened.signature.clone())];
    let (name, size) = (opened.name.clone(), opened.size);
    trust.package(&opened, None, report);
    trust.publish(cx);
    let (manifest, images) = opened.sound()?;
    policy::check_release_version(&name, &manifest, &images, args.allow_version_mismatch, None, report)?;
    if crate::is_refused(report) {
        cx.figure("nothing was unpacked".to_owned());
        return Ok(());
    }
    for (name, bytes) in small {
        let Some(bytes) = bytes else { continue };
        let write = || {
            let mut file = folder.create(Path::new(name))?;
            file.write_all(&bytes)?;
            file.publish()
        };
        write().map_err(|error| cx.unwritable(&output.join(name), &error))?;
        let (sha256, bytes) = (Sha256::digest(&bytes).to_vec(), bytes.len() as u64);
        written.push(WrittenFile { path: name.into(), sha256, bytes });
    }
    folder.publish().map_err(|error| cx.unwritable(output, &error))?;
    for file in &written {
        cx.add_artifact(&output.join(&file.path), &file.sha256, file.bytes);
    }

    report.facts.push(Fact { name: "version".into(), subject: None, value: manifest.version.clone() });
    report.measures.push(Measure::bytes("ota.package.bytes", size));
    report.tables.push(images_table(&manifest));
    cx.figure(format!("{} unpacked, {files} in {}", manifest.version, output.display()));
    cx.output("path", cx.display_path(output));
    crate::publish_manifest(&manifest, cx);
    Ok(())
}

/// Writes what is wanted into a folder.
struct Files<'a> {
    folder: &'a PendingFolder,
    board: Option<&'a str>,
    open: Option<OpenFile>,
    written: Vec<WrittenFile>,
}

/// A file that is being written, and hashed on the way.
struct OpenFile {
    path: PathBuf,
    file: BufWriter<PendingFile>,
    sha256: Sha256,
    bytes: u64,
}

/// A file that is complete, by its path in the folder.
struct WrittenFile {
    path: PathBuf,
    sha256: Vec<u8>,
    bytes: u64,
}

impl lw::Sink for Files<'_> {
    fn begin(&mut self, member: Member<'_>) -> io::Result<bool> {
        let (Member::Image(image) | Member::Delta(image, _)) = member;
        if self.board.is_some_and(|board| board != image.board) {
            return Ok(false);
        }
        // What is written is decoded, and so is its name.
        let path = match member {
            Member::Image(image) => lw_package::manifest::image_path(&image.board, None),
            Member::Delta(_, delta) => delta.file.clone(),
        };
        let path = PathBuf::from(path);
        let file = BufWriter::with_capacity(1 << 17, self.folder.create(&path)?);
        self.open = Some(OpenFile { path, file, sha256: Sha256::new(), bytes: 0 });
        Ok(true)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.sha256.update(bytes);
        open.bytes += bytes.len() as u64;
        open.file.write_all(bytes)
    }

    fn end(&mut self, _: Member<'_>) -> io::Result<()> {
        let Some(OpenFile { path, file, sha256, bytes }) = self.open.take() else { return Ok(()) };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.publish()?;
        self.written.push(WrittenFile { path, sha256: sha256.finalize().to_vec(), bytes });
        Ok(())
    }
}
