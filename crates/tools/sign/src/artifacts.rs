//! The files another step has made, as its report lists them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use lw_cli::{Context, Error};
use lw_signature::{Digest, Hash, digest_of};

use crate::error::ToolError;

/// A file that a report lists.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Where it is, or was.
    pub(crate) path: PathBuf,
    /// Its SHA-256, as the report has it; the file's own where it is there.
    pub(crate) sha256: Digest,
    /// Whether it is there. One that is not was left where the step ran, or removed since.
    pub(crate) is_there: bool,
}

/// The files a report lists, each once; those that are there are read and still are what it lists.
///
/// # Errors
/// When the report cannot be read, lists nothing, or something else than what is there.
pub(crate) fn listed(report: &Path, cx: &Context) -> Result<Vec<Listed>, Error> {
    let bytes = cx.open(report)?;
    let name = cx.display_path(report);
    let report = lw_report::read(&bytes).map_err(|error| {
        Error::input(format!("{name}: it is no report of the suite: {error}"))
            .hint("give the file that the step wrote with `report:`")
    })?;
    if report.artifacts.is_empty() {
        return Err(Error::input(format!("{name}: it lists no files"))
            .hint("give the report of the step that made the files"));
    }
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for artifact in &report.artifacts {
        // Paths of a report are from the root of the repository; what it says decides where a signature is written.
        let inside = Path::new(&artifact.path);
        let is_inside = inside.components().all(|part| matches!(part, Component::Normal(_)))
            && inside.components().next().is_some();
        if !is_inside {
            return Err(Error::input(format!(
                "{name}: it lists {}, which is outside the workspace",
                artifact.path
            ))
            .hint("give the report of a step that wrote into the workspace"));
        }
        if !seen.insert(inside) {
            return Err(Error::input(format!("{name}: it lists {} twice", artifact.path))
                .hint("give the report as the step wrote it, where each file is listed once"));
        }
        let sha256 = base16ct::mixed::decode_vec(&artifact.sha256)
            .ok()
            .and_then(|bytes| Digest::new(Hash::Sha256, &bytes))
            .ok_or_else(|| {
                Error::input(format!(
                    "{name}: the SHA-256 it lists for {} is {:?}; expected 64 hexadecimal digits",
                    artifact.path, artifact.sha256
                ))
                .hint("give the report as the step wrote it")
            })?;
        let path = cx.root().join(inside);
        let is_there = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            // Whatever else keeps it from being read is an error where it is read.
            _ => true,
        };
        if is_there {
            let found =
                digest_of(Hash::Sha256, cx.stream(&path)?).map_err(|error| cx.unreadable(&path, &error))?;
            changed(&found, &sha256, &artifact.path, &name)?;
        }
        all.push(Listed { path, sha256, is_there });
    }
    Ok(all)
}

/// Refuses a file that is not what the report lists.
pub(crate) fn changed(found: &Digest, listed: &Digest, file: &str, report: &str) -> Result<(), ToolError> {
    if found == listed {
        return Ok(());
    }
    let hex = |digest: &Digest| base16ct::lower::encode_string(digest.as_bytes());
    let (found, listed) = (hex(found), hex(listed));
    Err(ToolError::OtherArtifact { file: file.to_owned(), report: report.to_owned(), found, listed })
}
