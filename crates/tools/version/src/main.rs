//! The standalone binary.
lw_cli::main!(lw_version::Version);
