//! The fuzz targets under libFuzzer, in one binary. `FUZZ_TARGET` names the one to run, and arguments are libFuzzer's; or `FUZZ_SEEDS` names a
//! folder, and the seeds of each target are written there.

#![no_main]
#![allow(clippy::disallowed_methods, reason = "libFuzzer has the command line")]
#![allow(clippy::print_stderr)]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lw_fuzz::{TARGETS, Target, seeds};

/// The target that is run.
static TARGET: OnceLock<Target> = OnceLock::new();

fn target() -> Target {
    *TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let Some((_, target)) = TARGETS.iter().find(|(target, _)| *target == name) else {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            eprintln!("FUZZ_TARGET is `{name}`, it has to be one of: {}", names.join(" "));
            std::process::exit(2);
        };
        *target
    })
}

/// Writes each seed into the folder of its target.
fn write_seeds(folder: &Path) -> io::Result<()> {
    for (target, seeds) in seeds()? {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}

fn begin() {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from) else {
        target();
        return;
    };
    let written = write_seeds(&folder);
    if let Err(error) = &written {
        eprintln!("{}: {error}", folder.display());
    }
    std::process::exit(i32::from(written.is_err()));
}

libfuzzer_sys::fuzz_target!(init: { begin(); }, |bytes: &[u8]| {
    target()(bytes)
});
