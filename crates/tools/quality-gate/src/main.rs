//! The standalone binary.
lw_cli::main!(lw_quality_gate::QualityGate);
