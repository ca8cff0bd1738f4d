//! The binary; the tool is its library.
lw_cli::main!(lw_balena_deploy::BalenaDeploy);
