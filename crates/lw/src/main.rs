//! The binary of the suite.

fn main() -> std::process::ExitCode {
    lw::main()
}
