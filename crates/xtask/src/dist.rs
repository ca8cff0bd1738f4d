//! The release tree: what a tag of the suite holds.
//!
//! `dist/` is made of text files only, the same bytes on every machine: no binary, no symbolic link (a Windows
//! runner would turn it into a text file), execute bits as they have to be. The release commits this tree and
//! tags it, so that `uses: org/lw-actions/size-gate@v1` finds `size-gate/action.yml` at its root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::generate::{self, Files, action, readme, rules, schema, types};
use crate::house::{root, target_directory};

/// Files with the execute bit.
pub(crate) const PROGRAMS: [&str; 1] = ["launcher/lw.sh"];

/// Files of the launcher.
const LAUNCHER: [&str; 6] = ["lw.sh", "lw.ps1", "version", "releases", "image", "checksums.txt"];

/// Writes `dist/`, or only compares it; with a target, adds a static binary under `dist/bin/`, which git ignores.
pub(crate) fn run(check: bool, with_binary: bool) -> anyhow::Result<()> {
    let root = root();
    generate::sync(&root, &files(&root)?, &["dist"], check)?;
    let folder = root.join("dist");
    for name in PROGRAMS {
        make_executable(&folder.join(name))?;
    }
    if with_binary {
        binary(&root, &folder)?;
    }
    Ok(())
}

/// Every file of the tree.
pub(crate) fn files(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let mut add = |path: String, text: String| files.insert(PathBuf::from("dist").join(path), text);
    for entry in lw::TOOLS {
        add(format!("{}/action.yml", entry.name), action::action_yml(entry, "../launcher")?);
        add(format!("{}/README.md", entry.name), readme::of_action(root, entry, "../")?);
        add(format!("{}/action-types.yml", entry.name), types::of_action(entry)?);
        if entry.compares {
            let folder = action::with_baseline(entry);
            add(format!("{folder}/action-types.yml"), types::of_action_with_baseline(entry)?);
            add(format!("{folder}/action.yml"), action::with_baseline_yml(entry, "../launcher")?);
            add(format!("{folder}/README.md"), readme::of_action_with_baseline(entry));
        }
        add(rules::path(entry.name), rules::page(entry));
    }
    for entry in lw::COMMANDS {
        add(rules::path(entry.name), rules::page(entry));
    }
    add("action.yml".into(), action::root_action("launcher")?);
    add("action-types.yml".into(), types::of_root()?);
    // Where editors find it: see `schema::ADDRESS`.
    add("schemas/lw.toml.json".into(), schema::configuration(lw::TOOLS)?);
    add("README.md".into(), readme::of_dist(root)?);
    for name in LAUNCHER {
        let path = root.join("launcher").join(name);
        add(
            format!("launcher/{name}"),
            fs::read_to_string(&path).with_context(|| path.display().to_string())?,
        );
    }
    for name in ["Dockerfile", "Dockerfile.shell", "LICENSE-APACHE", "LICENSE-MIT"] {
        add(name.into(), fs::read_to_string(root.join(name)).context(name)?);
    }
    Ok(files)
}

/// Builds `lw` for this machine as a release does and puts it into the tree.
fn binary(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let machine = std::env::consts::ARCH;
    let target = match std::env::consts::OS {
        "linux" => format!("{machine}-unknown-linux-musl"),
        "macos" => format!("{machine}-apple-darwin"),
        "windows" => "x86_64-pc-windows-msvc".into(),
        other => bail!("there is no release target for {other}"),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--package", "lw", "--release", "--target", &target])
        .current_dir(root)
        .status()?;
    ensure!(
        status.success(),
        "could not build lw for {target}: is the target installed? `rustup target add {target}`"
    );
    let name = format!("lw{}", std::env::consts::EXE_SUFFIX);
    let built = target_directory(root)?.join(&target).join("release").join(&name);
    let into = folder.join("bin").join(&target);
    fs::create_dir_all(&into)?;
    fs::copy(&built, into.join(&name)).with_context(|| built.display().to_string())?;
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(|| path.display().to_string())
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> anyhow::Result<()> {
    // Git keeps the bit that was committed.
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_release_tree_is_fresh() {
        super::run(true, false).unwrap();
    }
}
