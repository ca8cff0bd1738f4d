//! The standalone binary.
lw_cli::main!(lw_sign::Sign);
