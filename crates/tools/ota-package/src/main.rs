//! The standalone binary.
lw_cli::main!(lw_ota_package::OtaPackage);
