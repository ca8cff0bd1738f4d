//! The standalone binary.
lw_cli::main!(lw_new_tool::NewTool);
