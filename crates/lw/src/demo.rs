//! `lw demo`: the main job on a real firmware, without anything to set up.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use lw_cli::{Entry, Exit, Host};
use lw_size_gate::SizeGate;

/// The example firmware, as `examples/firmware/build.sh` made it: now, and before its last feature.
const FILES: [(&str, &[u8]); 7] = [
    ("firmware.elf", include_bytes!("../../../examples/firmware/esp32c3/firmware.elf")),
    ("firmware.map", include_bytes!("../../../examples/firmware/esp32c3/firmware.map")),
    ("firmware.bin", include_bytes!("../../../examples/firmware/esp32c3/firmware.bin")),
    ("partitions.csv", include_bytes!("../../../examples/firmware/esp32c3/partitions.csv")),
    ("baseline/firmware.elf", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.elf")),
    ("baseline/firmware.map", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.map")),
    ("baseline/firmware.bin", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.bin")),
];

/// What the demo does, with the arguments a person would type.
const NOW: &str =
    "--elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --chip esp32c3";
const BEFORE: &str = "--elf baseline/firmware.elf --map baseline/firmware.map --bin baseline/firmware.bin --partitions partitions.csv --chip esp32c3";

pub(crate) fn command() -> Command {
    Command::new("demo").about("Gate a real ESP32-C3 firmware against its baseline: one pass, one provoked failure, one HTML report").arg(
        Arg::new("out")
            .long("out")
            .value_name("FOLDER")
            .default_value("lw-demo")
            .value_parser(value_parser!(PathBuf))
            .help("Folder for the firmware and the reports"),
    )
}

pub(crate) fn run(arguments: &ArgMatches, host: &Host) -> Exit {
    let folder = arguments.get_one::<PathBuf>("out").cloned().unwrap_or_default();
    match play(&host.cwd.join(&folder), &folder, host) {
        Ok(exit) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Pass,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}: {error}", folder.display());
            Exit::Remote
        }
    }
}

fn play(folder: &Path, shown: &Path, host: &Host) -> io::Result<Exit> {
    for (name, bytes) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)?;
    }
    // The demo is nobody's build: no CI to tell, no lw.toml to read.
    let host = Host { env: std::collections::BTreeMap::new(), cwd: folder.to_owned(), ..host.clone() };
    say(&format!("The example firmware (ESP32-C3, Rust) is in {}.\n", shown.display()))?;

    say("1. The baseline: the same firmware before its last feature.")?;
    let baseline = gate(&format!("{BEFORE} --report baseline.json --format text --summary off"), &host)?;

    say("2. Today's firmware within generous limits: passes.")?;
    let pass = gate(
        &format!(
            "{NOW} --baseline baseline.json --max ram.bytes=100K --min-free partition.smallest-app=5% --report size.json --write html=size.html"
        ),
        &host,
    )?;

    say(
        "3. The same firmware, which may hardly grow and has little RAM: fails, and says what pushed it over.",
    )?;
    let fail = gate(
        &format!(
            "{NOW} --baseline baseline.json --max-growth image.bytes=1% --max ram.bytes=warn:40000,fail:150000 --preset binary-1mib --report size-fail.json --write html=size-fail.html"
        ),
        &host,
    )?;

    let as_expected = (baseline, pass, fail) == (Exit::Pass, Exit::Pass, Exit::Gate);
    if !as_expected {
        let _ = writeln!(
            io::stderr(),
            "error: the demo went another way than it should: {baseline:?}, {pass:?}, {fail:?}"
        );
        return Ok(Exit::Internal);
    }
    let page = folder.join("size-fail.html");
    say(&format!(
        "Both runs ended as they should (exit codes 0 and 1). Open the report in a browser:\n  {}\n  {}",
        page.display(),
        folder.join("size.html").display()
    ))?;
    Ok(Exit::Pass)
}

/// Runs size-gate as if typed.
fn gate(arguments: &str, host: &Host) -> io::Result<Exit> {
    say(&format!("$ lw size-gate {arguments}"))?;
    let argv: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
    let exit = lw_cli::invoke(&Entry::of::<SizeGate>(), argv, host, &[]);
    say("")?;
    Ok(exit)
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
