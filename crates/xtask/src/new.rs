//! `cargo xtask new NAME`: a tool that works, to be made into the one that is wanted.
//!
//! What it makes lies in `crates/xtask/new-tool`, at its place below the root and called `new-tool` in all spellings: a tool
//! that measures files. `cargo xtask new-tool-check` tries it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use cargo_metadata::MetadataCommand;

use crate::generate::registry::{self, camel_case};
use crate::house::files_below;

/// The template, below the root.
const TEMPLATE: &str = "crates/xtask/new-tool";

/// Makes the files of a tool and says what is left to do.
#[allow(clippy::print_stdout)]
pub(crate) fn run(root: &Path, name: &str) -> anyhow::Result<()> {
    check_name(root, name)?;
    let made = make(root, name)?;
    println!("made {} files:", made.len());
    for path in made {
        println!("  {}", path.display());
    }
    println!(
        "\nNow, in this order:\n  1. add its line to the list in crates/lw/src/lib.rs:\n         {}\n  2. cargo xtask gen && cargo xtask dist\n  3. cargo test -p lw-{name} -p xtask\n  4. make it your tool, as docs/writing-a-tool.md says",
        line(name)
    );
    Ok(())
}

/// The one line a person adds.
pub(crate) fn line(name: &str) -> String {
    format!("\"{name}\" => lw_{}::{},", name.replace('-', "_"), camel_case(name))
}

/// A name has to be one for a binary, a crate, an action and a subcommand.
fn check_name(root: &Path, name: &str) -> anyhow::Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    ensure!(
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.split('-').all(|word| !word.is_empty() && word.bytes().all(plain)),
        "`{name}`: a tool's name is words of a-z and 0-9 with `-` between them, such as `size-gate`"
    );
    ensure!(
        // Those two are there in some builds only.
        lw::command().get_subcommands().all(|known| known.get_name() != name)
            && !["help", "demo"].contains(&name),
        "`lw {name}` is a command already"
    );
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let package = format!("lw-{name}");
    ensure!(
        metadata.packages.iter().all(|known| known.name.as_str() != package),
        "there is a crate {package} already"
    );
    Ok(())
}

fn make(root: &Path, name: &str) -> anyhow::Result<Vec<PathBuf>> {
    let rename = |text: &str| {
        text.replace("new-tool", name)
            .replace("new_tool", &name.replace('-', "_"))
            .replace("NewTool", &camel_case(name))
    };
    let template = root.join(TEMPLATE);
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for source in files_below(&template)? {
        let path = source.strip_prefix(&template)?.to_str().context("a path that is not UTF-8")?;
        let text = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
        let path = PathBuf::from(rename(path));
        ensure!(!root.join(&path).exists(), "{} is there already", path.display());
        files.push((path, rename(&text)));
    }
    ensure!(!files.is_empty(), "{TEMPLATE} is empty");
    files.sort();
    for (path, text) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    // What follows the folders, so that the next `cargo` finds the crate.
    for (path, text) in [
        ("crates/lw/Cargo.toml", registry::manifest_of_lw(root)?),
        ("benches/src/tools/mod.rs", registry::benchmarks(root)?),
    ] {
        fs::write(root.join(path), text).context(path)?;
    }
    // A longer name breaks lines elsewhere.
    let sources = files.iter().map(|(path, _)| root.join(path));
    let sources = sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let status = Command::new("rustfmt").args(["--edition", "2024"]).args(sources).current_dir(root).status();
    ensure!(status.context("rustfmt")?.success(), "rustfmt failed on the new files");
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::root;

    #[test]
    fn a_name_is_one_for_a_binary_a_crate_and_a_subcommand() {
        for good in ["some-tool", "sometool", "a1"] {
            check_name(&root(), good).unwrap();
        }
        for bad in [
            "",
            "Probe",
            "-probe",
            "probe-",
            "a--b",
            "1a",
            "a_b",
            "../a",
            "size-gate",
            "demo",
            "list",
            "help",
            "cli",
        ] {
            assert!(check_name(&root(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_line_names_crate_and_type() {
        assert_eq!(line("image-sign"), "\"image-sign\" => lw_image_sign::ImageSign,");
    }
}
