//! The standalone binary.
lw_cli::main!(lw_pr_comment::PrComment);
