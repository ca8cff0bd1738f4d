//! What the registry and the workspace hold, for scripts: nothing is listed in them by hand.

use crate::house::fuzz_package;

/// What to print.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum What {
    /// The names of the tools
    Tools,
    /// Each tool's package, its binary, and the most bytes this may have
    Binaries,
    /// The fuzz targets
    Fuzz,
}

/// Prints it.
#[allow(clippy::print_stdout)]
pub(crate) fn run(what: What) -> anyhow::Result<()> {
    for line in lines(what)? {
        println!("{line}");
    }
    Ok(())
}

fn lines(what: What) -> anyhow::Result<Vec<String>> {
    Ok(match what {
        What::Tools => lw::TOOLS.iter().map(|tool| tool.name.to_owned()).collect(),
        What::Binaries => {
            lw::TOOLS.iter().map(|tool| format!("lw-{0} {0} {1}", tool.name, tool.max_binary_bytes)).collect()
        }
        What::Fuzz => {
            let bins = fuzz_package()?.targets.into_iter().filter(cargo_metadata::Target::is_bin);
            bins.map(|target| target.name).collect()
        }
    })
}
