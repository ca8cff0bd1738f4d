//! Packs the large files of `lw demo`: a quarter of their bytes in the binary. And says how this is linked.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo speaks with build scripts by environment and output"
)]

#[path = "../link.rs"]
mod link;

#[cfg(not(feature = "demo"))]
fn main() {
    link::main();
    println!("cargo::rerun-if-changed=build.rs");
}

/// The files, in `examples/firmware/esp32c3`; `packed!` of `src/demo.rs` asks for each by this name.
#[cfg(feature = "demo")]
const PACKED: [&str; 7] = [
    "firmware.elf",
    "firmware.map",
    "firmware.bin",
    "baseline/firmware.elf",
    "baseline/firmware.map",
    "baseline/firmware.bin",
    "Cargo.lock",
];

#[cfg(feature = "demo")]
fn main() -> std::io::Result<()> {
    use std::io::Write as _;
    use std::path::{Path, PathBuf};

    link::main();
    println!("cargo::rerun-if-changed=build.rs");
    let missing = || std::io::Error::other("Cargo did not say where to write");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(missing)?);
    let from = Path::new("../../examples/firmware/esp32c3");
    for name in PACKED {
        let path = from.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        let bytes = std::fs::read(&path)
            .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&bytes)?;
        let to = out.join(format!("{name}.zz"));
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(to, packed.finish()?)?;
    }
    Ok(())
}
