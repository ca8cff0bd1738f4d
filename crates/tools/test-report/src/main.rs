//! The standalone binary.
lw_cli::main!(lw_test_report::TestReport);
