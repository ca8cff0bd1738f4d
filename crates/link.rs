//! The build script of everything with a binary: how the small static binaries are linked, which users download.
//!
//! A panic ends those at once (`panic = "abort"` of the profile `dist`), so nothing ever unwinds; yet the tables for it, which come
//! along because the standard library has been built with debug information, were a tenth of each binary. What is built with
//! another profile, such as tests, keeps them: it does unwind. Addresses that the loader corrects are listed in the short form.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo speaks with build scripts by environment and output"
)]

use std::env;
use std::path::PathBuf;

/// The size levels are those of the profile `dist`, and of no other; a build script is not told its profile's name.
const SMALL: [&str; 2] = ["s", "z"];

pub(crate) fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, values: &[&str]| env::var(name).is_ok_and(|value| values.contains(&value.as_str()));
    if !is("CARGO_CFG_TARGET_ENV", &["musl"]) || !is("OPT_LEVEL", &SMALL) {
        return;
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let found = here.ancestors().map(|folder| folder.join("no-unwind.ld")).find(|path| path.exists());
    let Some(script) = found else { return };
    println!("cargo::rerun-if-changed={}", script.display());
    // A linker that is run by itself takes its options as they are, a compiler that runs one wants them behind `-Wl`.
    let is_linker = env::var("RUSTC_LINKER").is_ok_and(|linker| linker.contains("lld"));
    for (option, value) in [("-T", script.display().to_string()), ("-z", "pack-relative-relocs".to_owned())] {
        if is_linker {
            println!("cargo::rustc-link-arg-bins={option}");
            println!("cargo::rustc-link-arg-bins={value}");
        } else {
            println!("cargo::rustc-link-arg-bins=-Wl,{option},{value}");
        }
    }
}
