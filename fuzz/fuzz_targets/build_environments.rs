//! Any text as each of the files that say what a project is built in.

use lw_dependencies::{BuildFile, environments};

fuzz_target!(|text: &str| {
    for kind in [
        BuildFile::PlatformIo,
        BuildFile::ToxIni,
        BuildFile::SetupCfg,
        BuildFile::ToxToml,
        BuildFile::PyProject,
        BuildFile::Nox,
        BuildFile::Cargo,
    ] {
        match environments(kind, "file", text) {
            Ok(all) => assert!(!all.is_empty()),
            Err(error) => lw_fuzz::explained(&error),
        }
    }
});
