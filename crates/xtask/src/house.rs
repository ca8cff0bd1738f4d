//! Where the house stands and which of its tools are online: what several tasks ask.

use std::fs;
use std::path::{Path, PathBuf};

/// Packages of the tools that talk to a network; all others are offline.
pub(crate) const ONLINE: [&str; 0] = [];

/// Whether a tool talks to a network; the container of one that does not gets none.
pub(crate) fn is_online(tool: &str) -> bool {
    ONLINE.iter().any(|package| package.strip_prefix("lw-") == Some(tool))
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Every file below a folder; none when it does not exist.
pub(crate) fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
