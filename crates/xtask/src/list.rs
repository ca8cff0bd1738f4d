//! What the registry and the workspace hold, for scripts: nothing is listed in them by hand.

use crate::generate::registry;

/// What to print.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum What {
    /// The names of the tools
    Tools,
    /// Each tool's package, its binary, and the most bytes this may have
    Binaries,
    /// The multi-call binary in its flavours: the most bytes each may have, and the arguments of `cargo build` that make it
    Flavours,
}

/// The flavours of `lw`: the most bytes, and the features, as Cargo takes them where other packages are built beside it.
const FLAVOURS: [(u64, &str); 2] =
    [(10_000_000, "--no-default-features --features lw/offline"), (13_900_000, "--features lw/full,lw/demo")];

/// Prints it.
#[allow(clippy::print_stdout)]
pub(crate) fn run(what: What) {
    for line in lines(what) {
        println!("{line}");
    }
}

fn lines(what: What) -> Vec<String> {
    match what {
        What::Tools => lw::TOOLS.iter().map(|tool| tool.name.to_owned()).collect(),
        What::Binaries => {
            let line = |tool: &lw_cli::Entry| {
                format!("{} {} {}", registry::package(tool.name), tool.name, tool.max_binary_bytes)
            };
            lw::TOOLS.iter().map(line).collect()
        }
        What::Flavours => FLAVOURS.iter().map(|(bytes, arguments)| format!("{bytes} {arguments}")).collect(),
    }
}
