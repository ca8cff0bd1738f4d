//! The standalone binary.
lw_cli::main!(lw_history_tool::History);
