//! The binary of the suite, as the tests of this crate run it.

fn main() -> std::process::ExitCode {
    lw::main()
}
