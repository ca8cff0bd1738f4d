//! Makes the list of the targets: every file of `fuzz_targets`, or those that `FUZZ_ONLY` names. What a fuzzer does after each
//! input grows with the binary, so that a long run of few targets is faster with only those.

#![allow(clippy::disallowed_methods, reason = "a build script is told by the environment")]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=fuzz_targets");
    println!("cargo::rerun-if-env-changed=FUZZ_ONLY");
    let only = env::var("FUZZ_ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split_whitespace().collect();
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs")
            && (only.is_empty() || only.contains(&&name[..]))
        {
            targets.push((name, path));
        }
    }
    targets.sort();
    for name in only {
        if !targets.iter().any(|(target, _)| target == name) {
            return Err(format!("FUZZ_ONLY has `{name}`, and there is no fuzz_targets/{name}.rs").into());
        }
    }
    let mut code = String::new();
    for (name, path) in &targets {
        writeln!(code, "#[path = {path:?}]\nmod {name};")?;
    }
    writeln!(
        code,
        "/// What is done with an input.\npub type Target = fn(&[u8]);\n/// Each target by its name.\npub const TARGETS: &[(&str, Target)] = &["
    )?;
    for (name, _) in &targets {
        writeln!(code, "    ({name:?}, {name}::run),")?;
    }
    writeln!(code, "];")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("targets.rs"), code)?;
    Ok(())
}
