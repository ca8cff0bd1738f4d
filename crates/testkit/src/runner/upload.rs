//! A stand-in for actions/upload-artifact, which keeps the rules of the real one and hands what it took to the test.
//!
//! - Of one folder everything below it is uploaded, by its path from there; of one file the file. What is hidden is left out.
//! - A name is of one artifact of an attempt of a run: the second who uploads under it fails.
//! - What an artifact may not be called is refused.
//!
//! From `upload-artifact.ts` and `search.ts` of actions/upload-artifact v7, and `artifact.ts` of actions/toolkit.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::said::Said;

/// Characters that no name of an artifact has.
const FORBIDDEN: &str = "\":<>|*?\r\n\\/";

/// The files of an artifact by their paths in it, with `/` between the parts.
pub type Files = BTreeMap<String, Vec<u8>>;

type Keep = dyn Fn(&str, &Files) -> bool + Send + Sync;

/// Where artifacts of a run go; clones are the same one.
#[derive(Clone)]
pub struct Uploads(Arc<Keep>);

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uploads")
    }
}

impl Uploads {
    /// Hands each artifact over; `false` where there is one of its name already.
    pub fn to(keep: impl Fn(&str, &Files) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(keep))
    }

    /// Whether a step is one of ours. Only a commit names an action that stays what it is.
    pub(crate) fn is_meant(uses: &str) -> bool {
        uses.split_once('@').is_some_and(|(action, commit)| {
            action == "actions/upload-artifact"
                && commit.len() == 40
                && commit.bytes().all(|digit| digit.is_ascii_hexdigit())
        })
    }

    pub(crate) fn step(&self, with: &BTreeMap<String, String>, workspace: &Path) -> Said {
        const KNOWN: [&str; 4] = ["name", "path", "if-no-files-found", "retention-days"];
        if let Some(unknown) = with.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Said::failed(format!("the stand-in does not know the input `{unknown}`"));
        }
        let input = |name: &str| with.get(name).map(|value| value.trim()).unwrap_or_default();
        let (name, path) = (input("name"), input("path"));
        if name.is_empty() || name.contains(|c| FORBIDDEN.contains(c)) {
            return Said::failed(format!("The artifact name is not valid: {name}"));
        }
        if path.is_empty() || path.contains('\n') {
            return Said::failed("Input required and not supplied: path, of which the stand-in takes one");
        }
        let full = workspace.join(path);
        let mut files = Files::new();
        let found = if full.is_file() {
            let file = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
            std::fs::read(&full).map(|bytes| drop(files.insert(file, bytes)))
        } else {
            gather(&full, "", &mut files)
        };
        let mut said = Said::default();
        if found.is_err() || files.is_empty() {
            let text =
                format!("No files were found with the provided path: {path}. No artifacts will be uploaded.");
            match input("if-no-files-found") {
                "error" => return Said::failed(text),
                "ignore" => said.log.push(text),
                _ => said.warnings.push(text),
            }
            return said;
        }
        if !(self.0)(name, &files) {
            return Said::failed(
                "Failed to CreateArtifact: Received non-retryable error: Failed request: (409) Conflict: an artifact with this name already exists on the workflow run",
            );
        }
        said.log.push(format!("Artifact {name} has been successfully uploaded!"));
        said
    }
}

fn gather(folder: &Path, inside: &str, files: &mut Files) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let inside = if inside.is_empty() { name } else { format!("{inside}/{name}") };
        if entry.path().is_dir() {
            gather(&entry.path(), &inside, files)?;
        } else {
            files.insert(inside, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
