//! The standalone binary.
lw_cli::main!(lw_size_gate::SizeGate);
