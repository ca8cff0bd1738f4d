//! `lw demo`: the main jobs on a real firmware, without anything to set up.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use lw_cli::{Entry, Error, Exit, Host};
use lw_coverage_gate::CoverageGate;
use lw_ota_package::OtaPackage;
use lw_size_gate::SizeGate;

/// The example firmware and the coverage of its host tests, as `examples/firmware/build.sh` made them: now, and before
/// the last feature.
const FILES: [(&str, &[u8]); 13] = [
    ("firmware.elf", include_bytes!("../../../examples/firmware/esp32c3/firmware.elf")),
    ("firmware.map", include_bytes!("../../../examples/firmware/esp32c3/firmware.map")),
    ("firmware.bin", include_bytes!("../../../examples/firmware/esp32c3/firmware.bin")),
    ("partitions.csv", include_bytes!("../../../examples/firmware/esp32c3/partitions.csv")),
    ("baseline/firmware.elf", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.elf")),
    ("baseline/firmware.map", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.map")),
    ("baseline/firmware.bin", include_bytes!("../../../examples/firmware/esp32c3/baseline/firmware.bin")),
    ("coverage.info", include_bytes!("../../../examples/firmware/host-tests/coverage.info")),
    ("baseline/coverage.info", include_bytes!("../../../examples/firmware/host-tests/baseline.info")),
    ("src/colour.rs", include_bytes!("../../../examples/firmware/esp32c3/src/colour.rs")),
    ("src/dsp.rs", include_bytes!("../../../examples/firmware/esp32c3/src/dsp.rs")),
    ("src/persist.rs", include_bytes!("../../../examples/firmware/esp32c3/src/persist.rs")),
    ("src/spectrum.rs", include_bytes!("../../../examples/firmware/esp32c3/src/spectrum.rs")),
];

/// A command a person would type.
struct Step {
    says: &'static str,
    tool: Entry,
    arguments: &'static str,
    ends: Exit,
}

const STEPS: [Step; 8] = [
    Step {
        says: "The baseline: the same firmware before its last feature.",
        tool: SIZE,
        arguments: "--elf baseline/firmware.elf --map baseline/firmware.map --bin baseline/firmware.bin --partitions partitions.csv --chip esp32c3 --report baseline/size.json",
        ends: Exit::Pass,
    },
    Step {
        says: "Today's firmware within generous limits: passes.",
        tool: SIZE,
        arguments: "--elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --chip esp32c3 --baseline baseline/size.json --max ram.bytes=100K --min-free partition.smallest-app=5% --report size.json --write html=size.html",
        ends: Exit::Pass,
    },
    Step {
        says: "The same firmware, which may hardly grow and has little RAM: fails, and says what pushed it over.",
        tool: SIZE,
        arguments: "--elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --chip esp32c3 --baseline baseline/size.json --max-growth image.bytes=1% --max ram.bytes=warn:40000,fail:150000 --preset binary-1mib --report size-fail.json --write html=size-fail.html",
        ends: Exit::Gate,
    },
    Step {
        says: "What the tests on the host ran of its sources, before the last feature.",
        tool: COVERAGE,
        arguments: "--coverage baseline/coverage.info --report baseline/coverage.json",
        ends: Exit::Pass,
    },
    Step {
        says: "Today's coverage above its floor: passes, with every source line to look at.",
        tool: COVERAGE,
        arguments: "--coverage coverage.info --min-line 65% --baseline baseline/coverage.json --html coverage-html --report coverage.json",
        ends: Exit::Pass,
    },
    Step {
        says: "The same coverage held to what it was: fails, because the new feature came with too few tests.",
        tool: COVERAGE,
        arguments: "--coverage coverage.info --ratchet total --min-file 80% --baseline baseline/coverage.json --report coverage-fail.json",
        ends: Exit::Gate,
    },
    Step {
        says: "The firmware checked as a device would, held against its slots, and packed with a delta from the last release.",
        tool: OTA,
        arguments: "package --firmware firmware.bin --board led-node --version v1.1.0 --partitions partitions.csv --from baseline/firmware.bin --compress zstd --output led-node-1.1.0.ota --write html=ota.html",
        ends: Exit::Pass,
    },
    Step {
        says: "The same firmware with the signature it will get, a release it is not, and more room wanted than there is: no package.",
        tool: OTA,
        arguments: "package --firmware firmware.bin --board led-node --version v1.2.0 --partitions partitions.csv --signature-scheme secure-boot-v2 --min-free partition.smallest-ota=40% --output led-node-1.2.0.ota",
        ends: Exit::Gate,
    },
];

const SIZE: Entry = Entry::of::<SizeGate>();
const COVERAGE: Entry = Entry::of::<CoverageGate>();
const OTA: Entry = Entry::of::<OtaPackage>();

pub(crate) fn command() -> Command {
    Command::new("demo").about("Gate and pack a real ESP32-C3 firmware: size, coverage, update, passing and provoked to fail, with pages to open").arg(
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
        Err(error) => lw_cli::print_error(&Error::remote(format!("{}: {error}", folder.display()))),
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
    say(&format!("The example firmware (ESP32-C3, Rust) is in {}.\n", shown.display()));

    for (number, step) in STEPS.iter().enumerate() {
        let (name, arguments) = (step.tool.name, step.arguments);
        say(&format!("{}. {}\n$ lw {name} {arguments}", number + 1, step.says));
        let argv: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
        let exit = lw_cli::invoke(&step.tool, argv, &host, &[]);
        say("");
        if exit != step.ends {
            return Ok(lw_cli::print_error(&Error::internal(format!(
                "the demo went another way than it should: {name} ended with {exit:?} instead of {:?}",
                step.ends
            ))));
        }
    }
    say("Every step ended as it should. Open the reports in a browser:");
    for page in ["size-fail.html", "size.html", "coverage-html/index.html", "ota.html"] {
        say(&format!("  {}", folder.join(page).display()));
    }
    Ok(Exit::Pass)
}

/// The demo goes on when its reader has gone: its files are what it is for.
fn say(line: &str) {
    let _ = lw_cli::print(format!("{line}\n").as_bytes());
}
