//! The standalone binary.
lw_cli::main!(lw_coverage_gate::CoverageGate);
