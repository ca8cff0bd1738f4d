//! `serve-manifest`: the JSON a server publishes for a package.

use lw_cli::{Context, Error};
use lw_model::{ByteSize, Fact, Report};
use lw_package::manifest::image_path;
use lw_package::server::{Document, EspHome, ImageMd5, Place, esphome};
use lw_package::{Digest, Manifest, Sha256};

use crate::args::{ManifestFormat, ServeManifest};
use crate::trust::Trust;
use crate::{policy, read, scan};

/// Writes the JSON.
///
/// # Errors
/// When the package is broken, the URL is not one, or the form has no place for the package.
pub(crate) fn run(args: &ServeManifest, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (Some(package), Some(url), Some(output)) = (&args.package, &args.url, &args.output) else {
        return Err(Error::usage("the package, --url and --output are needed").hint(
            "ota-package serve-manifest app.ota --url https://ota.example.com/app/1.2.3 --output latest.json",
        ));
    };
    let place = Place::new(url.trim())?;
    let mut trust = Trust::read(&args.trust, cx, report)?;
    // ESPHome asks for the MD5 of every image.
    let mut digests = ImageMd5::default();
    let opened = read::read(package, cx, &mut digests)?;
    let (name, size) = (cx.display_path(package), opened.size);
    trust.package(&opened, None, report);
    trust.publish(cx);
    let (mut manifest, images) = opened.sound()?;
    policy::check_release_version(&name, &manifest, &images, args.allow_version_mismatch, None, report)?;
    if let Some(board) = &args.board {
        if manifest.image(board).is_none() {
            return Err(crate::no_such_board(board, &manifest));
        }
        manifest.images.retain(|image| image.board == *board);
    }
    as_unpacked(&mut manifest);
    if crate::is_refused(report) {
        cx.figure("nothing was written".to_owned());
        return Ok(());
    }

    let json = match args.manifest_format {
        ManifestFormat::LwOta => {
            // What comes through a pipe has no name that a server could have it under.
            let is_piped =
                package.as_os_str() == "-" || ["/dev", "/proc"].iter().any(|root| package.starts_with(root));
            let file =
                package.file_name().filter(|_| !is_piped).map(|name| name.to_string_lossy().into_owned());
            let sha256 =
                scan::sha256_of(&mut cx.stream(package)?).map_err(|error| cx.unreadable(package, &error))?;
            let whole = file.as_deref().map(|file| (file, size, Digest(sha256)));
            Document::new(&manifest, &place, whole).to_json()?
        }
        ManifestFormat::Esphome => {
            let project = manifest.images.iter().find_map(|image| image.project.clone());
            let board = manifest.images.first().map(|image| image.board.clone());
            let name = project.or(board).unwrap_or_default();
            let options = EspHome { name: &name, release_url: args.release_url.as_deref(), boards: &[] };
            esphome(&manifest, &place, &options, &digests.boards)?
        }
    };
    cx.write(output, |out| out.write_all(&json))?;
    for (key, value) in [("package", name), ("version", manifest.version.clone()), ("url", place.url(""))] {
        report.facts.push(Fact { name: key.into(), subject: None, value });
    }
    report.tables.push(crate::package::images_table(&manifest));
    cx.figure(format!(
        "{} describes {} for {} board{}, {}",
        output.display(),
        manifest.version,
        manifest.images.len(),
        if manifest.images.len() == 1 { "" } else { "s" },
        ByteSize(json.len() as u64)
    ));
    cx.output("path", cx.display_path(output));
    cx.output("sha256", base16ct::lower::encode_string(&Sha256::of(&json).0));
    cx.output("size", json.len().to_string());
    crate::publish_manifest(&manifest, cx);
    Ok(())
}

/// Images as `unpack` writes them: decoded, and named so.
fn as_unpacked(manifest: &mut Manifest) {
    for image in &mut manifest.images {
        image.encoding = None;
        image.file = image_path(&image.board, None);
    }
}
