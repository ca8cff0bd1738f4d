//! `cargo xtask`, as the tests of this crate run it.

fn main() -> anyhow::Result<()> {
    xtask::main()
}
