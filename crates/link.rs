//! The build script of everything with a binary: how the small static binaries are linked, which users download.
//!
//! A panic ends those at once (`panic = "abort"` of the profile `release`), so nothing ever unwinds; yet the tables for it, which come
//! along because the standard library has been built with debug information, were a tenth of each binary. What is built with
//! another profile, such as tests, keeps them: it does unwind. Addresses that the loader corrects are listed in the short form.
//!
//! What tests run is started ten thousand times. It is linked for one place in memory: half of a start was the loader's, which corrects
//! some 280,000 addresses, and the pages that it writes to for that.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo speaks with build scripts by environment and output"
)]

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The size levels are those of the profile `release`, and of no other; a build script is not told its profile's name.
const SMALL: [&str; 2] = ["s", "z"];

/// What the linker is told by scripts: what to leave out, and what to put beside each other.
const SCRIPTS: [&str; 2] = ["no-unwind.ld", "hot-functions.ld"];

/// What walks the stack, and a function of C that does nothing in its place: errors of octocrab take the calls that led to them along,
/// and find none.
const WALK: &str = "_Unwind_Backtrace=getpid";

/// What unwinds the stack, which nothing does, and what a walk is asked for at each call.
const UNWINDER: [&str; 13] = [
    "_Unwind_DeleteException",
    "_Unwind_FindEnclosingFunction",
    "_Unwind_GetCFA",
    "_Unwind_GetDataRelBase",
    "_Unwind_GetIP",
    "_Unwind_GetIPInfo",
    "_Unwind_GetLanguageSpecificData",
    "_Unwind_GetRegionStart",
    "_Unwind_GetTextRelBase",
    "_Unwind_RaiseException",
    "_Unwind_Resume",
    "_Unwind_SetGR",
    "_Unwind_SetIP",
];

/// Where rustup keeps LLD for compilers that look for a linker, below the folder of the toolchain and the name of this machine.
const LLD: &str = "bin/gcc-ld";

/// Set to `none` by those who want to know what a binary is made of.
const STRIP: &str = "CARGO_PROFILE_RELEASE_STRIP";

pub(crate) fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, values: &[&str]| env::var(name).is_ok_and(|value| values.contains(&value.as_str()));
    // A linker that is run by itself takes its options as they are, a compiler that runs one wants them behind `-Wl`.
    let is_linker = env::var("RUSTC_LINKER").is_ok_and(|linker| linker.contains("lld"));
    if is("PROFILE", &["debug"])
        && is("CARGO_CFG_TARGET_OS", &["linux"])
        && is("CARGO_CFG_TARGET_ENV", &["gnu"])
        && !is_linker
    {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    if !is("CARGO_CFG_TARGET_ENV", &["musl"]) || !is("OPT_LEVEL", &SMALL) {
        return;
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut options = vec!["-z".to_owned(), "pack-relative-relocs".to_owned()];
    for name in SCRIPTS {
        let Some(script) = here.ancestors().map(|folder| folder.join(name)).find(|path| path.exists()) else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", script.display());
        options.extend(["-T".to_owned(), script.display().to_string()]);
    }
    options.push(format!("--defsym={WALK}"));
    options.extend(UNWINDER.map(|function| format!("--defsym={function}=abort")));
    // Cargo does not strip packages whose level of optimisation is set apart from the profile's.
    println!("cargo::rerun-if-env-changed={STRIP}");
    if !is(STRIP, &["none"]) {
        options.push("-s".to_owned());
    }
    let before = if is_linker { "" } else { "-Wl," };
    // Functions that are the same, instruction by instruction, become one, which GNU's linker does not do. Only code: addresses of
    // data, by which tables of functions are told from each other, stay different.
    let lld = if is_linker { None } else { lld() };
    if let Some(folder) = &lld {
        println!("cargo::rustc-link-arg-bins=-B{}", folder.display());
        println!("cargo::rustc-link-arg-bins=-fuse-ld=lld");
    }
    if is_linker || lld.is_some() {
        options.push("--icf=all".to_owned());
    }
    for option in options {
        println!("cargo::rustc-link-arg-bins={before}{option}");
    }
}

/// The folder with the toolchain's LLD, under the name by which a compiler of C finds it; not every toolchain has one.
fn lld() -> Option<PathBuf> {
    let output = Command::new(env::var_os("RUSTC")?).args(["--print", "sysroot"]).output().ok()?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let folder = sysroot.join("lib/rustlib").join(env::var_os("HOST")?).join(LLD);
    folder.join("ld.lld").exists().then_some(folder)
}
