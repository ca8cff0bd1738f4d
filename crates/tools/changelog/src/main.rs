//! The standalone binary.
lw_cli::main!(lw_changelog::Changelog);
