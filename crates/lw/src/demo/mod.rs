//! `lw demo`: the main jobs on a real firmware, without anything to set up, and one page of what came of it.

mod page;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use flate2::read::ZlibDecoder;
use lw_balena_deploy::BalenaDeploy;
use lw_balena_stub::{Config, Device, Flow, Outcome, Release, Stub};
use lw_changelog::Changelog;
use lw_cli::{Clock, Driven, Entry, Error, Exit, Host, ResultExt as _};
use lw_coverage_gate::CoverageGate;
use lw_image_tags::ImageTags;
use lw_model::lists::filled;
use lw_ota_package::OtaPackage;
use lw_pr_comment::PrComment;
use lw_quality_gate::QualityGate;
use lw_sbom::Sbom;
use lw_sign::Sign;
use lw_signature::{KeyKind, PrivateKey, Signer as _};
use lw_size_gate::SizeGate;
use lw_test_report::TestReport;
use lw_version::Version;

/// A file of `examples/firmware/esp32c3` that the build script has packed.
macro_rules! packed {
    ($name:literal) => {
        ($name, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".zz")))
    };
}

/// The example firmware, as `examples/firmware/build.sh` made it: now, and before the last feature.
const PACKED: [(&str, &[u8]); 7] = [
    packed!("firmware.elf"),
    packed!("firmware.map"),
    packed!("firmware.bin"),
    packed!("baseline/firmware.elf"),
    packed!("baseline/firmware.map"),
    packed!("baseline/firmware.bin"),
    packed!("Cargo.lock"),
];

/// What else the demo works on: the sources and tables of that firmware, and what its tests said.
const FILES: [(&str, &[u8]); 17] = [
    ("partitions.csv", include_bytes!("../../../../examples/firmware/esp32c3/partitions.csv")),
    ("coverage.info", include_bytes!("../../../../examples/firmware/host-tests/coverage.info")),
    ("baseline/coverage.info", include_bytes!("../../../../examples/firmware/host-tests/baseline.info")),
    ("src/colour.rs", include_bytes!("../../../../examples/firmware/esp32c3/src/colour.rs")),
    ("src/dsp.rs", include_bytes!("../../../../examples/firmware/esp32c3/src/dsp.rs")),
    ("src/persist.rs", include_bytes!("../../../../examples/firmware/esp32c3/src/persist.rs")),
    ("Cargo.toml", include_bytes!("../../../../examples/firmware/esp32c3/Cargo.toml")),
    ("cargo-tree.txt", BUILT.as_bytes()),
    ("src/spectrum.rs", include_bytes!("../../../../examples/firmware/esp32c3/src/spectrum.rs")),
    // What the tests on the host said, before and after the last feature.
    ("baseline/tests.txt", include_bytes!("../../../../examples/firmware/host-tests/baseline-results.txt")),
    ("tests.txt", include_bytes!("../../../../examples/firmware/host-tests/results.txt")),
    // A small history with two releases, as the tests of changelog have it.
    ("history.git/HEAD", include_bytes!("../../../tools/changelog/tests/cmd/files/history.git/HEAD")),
    ("history.git/config", include_bytes!("../../../tools/changelog/tests/cmd/files/history.git/config")),
    (
        "history.git/packed-refs",
        include_bytes!("../../../tools/changelog/tests/cmd/files/history.git/packed-refs"),
    ),
    (
        "history.git/refs/heads/main",
        include_bytes!("../../../tools/changelog/tests/cmd/files/history.git/refs/heads/main"),
    ),
    (
        "history.git/objects/pack/pack-8458a75d962894fa027c92a4f0e6463932fbede9.idx",
        include_bytes!(
            "../../../tools/changelog/tests/cmd/files/history.git/objects/pack/pack-8458a75d962894fa027c92a4f0e6463932fbede9.idx"
        ),
    ),
    (
        "history.git/objects/pack/pack-8458a75d962894fa027c92a4f0e6463932fbede9.pack",
        include_bytes!(
            "../../../tools/changelog/tests/cmd/files/history.git/objects/pack/pack-8458a75d962894fa027c92a4f0e6463932fbede9.pack"
        ),
    ),
];

/// What the manifests of the firmware's crates say of licence and authors: nobody has to fetch them for the demo.
const CRATES: &str = include_str!("../../../../examples/firmware/esp32c3/crates.toml");

/// What was built of them.
const BUILT: &str = include_str!("../../../../examples/firmware/esp32c3/cargo-tree.txt");

/// The key the package is signed with, made anew in each run, and its public half.
const KEY: (&str, &str) = ("signing-key.pem", "signing-key.pub.pem");

/// The signed package, and the same with one bit flipped.
const SIGNED: (&str, &str) = ("led-node-1.1.0.signed.ota", "led-node-1.1.0.flipped.ota");

/// A command a person would type.
struct Step {
    says: &'static str,
    tool: Entry,
    arguments: &'static str,
    ends: Exit,
    /// What is done to the files before.
    before: fn(&Path) -> Result<(), Error>,
    /// What of it is on the page.
    on_page: OnPage,
}

/// What of a step is on the page.
enum OnPage {
    /// Nothing: it only makes what the next steps need.
    Nothing,
    /// Its outcome, and the tables with these ids, in this chapter.
    In(&'static str, &'static [&'static str]),
}

use OnPage::{In, Nothing};

fn nothing(_: &Path) -> Result<(), Error> {
    Ok(())
}

const STEPS: [Step; 27] = [
    Step {
        says: "The baseline: the same firmware before its last feature.",
        tool: SIZE,
        arguments: "--elf baseline/firmware.elf --map baseline/firmware.map --bin baseline/firmware.bin --partitions partitions.csv --chip esp32c3 --report baseline/size.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: Nothing,
    },
    Step {
        says: "Today's firmware within generous limits: passes.",
        tool: SIZE,
        arguments: "--elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --chip esp32c3 --baseline baseline/size.json --max ram.bytes=100K --min-free partition.smallest-app=5% --report size.json --write html=size.html",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Flash and RAM", &["regions", "partitions", "growers"]),
    },
    Step {
        says: "The same firmware, which may hardly grow and has little RAM: fails, and says what pushed it over.",
        tool: SIZE,
        arguments: "--elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --chip esp32c3 --baseline baseline/size.json --max-growth image.bytes=1% --max ram.bytes=warn:40000,fail:150000 --preset binary-1mib --report size-fail.json --write html=size-fail.html",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("Flash and RAM", &["pushed-over-image", "pushed-over-RAM", "pushed-over-ram"]),
    },
    Step {
        says: "What the tests on the host ran of its sources, before the last feature.",
        tool: COVERAGE,
        arguments: "--coverage baseline/coverage.info --report baseline/coverage.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: Nothing,
    },
    Step {
        says: "Today's coverage above its floor: passes, with every source line to look at.",
        tool: COVERAGE,
        arguments: "--coverage coverage.info --min-line 65% --baseline baseline/coverage.json --html coverage-html --write html=coverage.html --report coverage.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Coverage", &["coverage"]),
    },
    Step {
        says: "The same coverage held to what it was: fails, because the new feature came with too few tests.",
        tool: COVERAGE,
        arguments: "--coverage coverage.info --ratchet total --min-file 80% --baseline baseline/coverage.json --report coverage-fail.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("Coverage", &["lost"]),
    },
    Step {
        says: "What the tests on the host said before the last feature.",
        tool: TESTS,
        arguments: "check baseline/tests.txt --exit-code 0 --report baseline/tests.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: Nothing,
    },
    Step {
        says: "Today's tests: all passed, one of them is new and none is gone.",
        tool: TESTS,
        arguments: "check tests.txt --exit-code 0 --baseline baseline/tests.json --max tests.removed=0 --report tests.json --html tests.html",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Tests", &["files", "changes", "slowest"]),
    },
    Step {
        says: "The same results of a step that ended with 101: fails, because not one of them says why.",
        tool: TESTS,
        arguments: "check tests.txt --exit-code 101 --baseline baseline/tests.json --report tests-fail.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("Tests", &["failures"]),
    },
    Step {
        says: "The firmware checked as a device would, held against its slots, and packed with a delta from the last release.",
        tool: OTA,
        arguments: "package --firmware firmware.bin --board led-node --version v1.1.0 --partitions partitions.csv --from baseline/firmware.bin --compress zstd --output led-node-1.1.0.ota --write html=ota.html --report ota.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Package and slots", &["slots", "images", "deltas"]),
    },
    Step {
        says: "The same firmware with the signature it will get, a release it is not, and more room wanted than there is: no package.",
        tool: OTA,
        arguments: "package --firmware firmware.bin --board led-node --version v1.2.0 --partitions partitions.csv --signature-scheme secure-boot-v2 --min-free partition.smallest-ota=40% --output led-node-1.2.0.ota --report ota-fail.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("Package and slots", &["slots"]),
    },
    Step {
        says: "The package signed, with a key that was made a moment ago for this demo alone.",
        tool: SIGN,
        arguments: "sign --input led-node-1.1.0.ota --key signing-key.pem --scheme lw-package --output led-node-1.1.0.signed.ota --report sign.json",
        ends: Exit::Pass,
        before: make_key,
        on_page: In("Signature", &["signed"]),
    },
    Step {
        says: "What whoever installs it asks: is every byte of it what our key has signed? It is.",
        tool: OTA,
        arguments: "inspect led-node-1.1.0.signed.ota --expect-key demo=signing-key.pub.pem --write html=signed.html --report signed.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Signature", &["signatures"]),
    },
    Step {
        says: "The same package with one bit of its manifest flipped on the way: fails, and says that it is forged.",
        tool: OTA,
        arguments: "inspect led-node-1.1.0.flipped.ota --expect-key demo=signing-key.pub.pem --write html=flipped.html --report flipped.json",
        ends: Exit::Gate,
        before: flip_a_bit,
        on_page: In("Signature", &["signatures"]),
    },
    Step {
        says: "What the firmware is made of, as the law asks for it: components, licences and their graph, of the image as it was built.",
        tool: SBOM,
        arguments: "generate --config supplement.toml --elf firmware.elf --bin firmware.bin --build-log cargo-tree.txt --cargo-home none --purl pkg:generic/led-node@1.1.0 --supplier-name lw-actions --supplier-url https://lights.example --security-contact security@lights.example --output led-node.cdx.json --write html=sbom.html --write mermaid=sbom.mmd --report sbom.json",
        ends: Exit::Pass,
        before: vendor,
        on_page: In("Bill of materials", &["components", "licences"]),
    },
    Step {
        says: "The notes of a release from its commits, whose texts can do nothing on the page they are shown on.",
        tool: CHANGELOG,
        arguments: "generate --repo history.git --tag v0.2.0 --changelog-format github --repository-url https://github.com/org/app --output notes.md --report notes.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Changelog, version and tags", &["releases"]),
    },
    Step {
        says: "The messages since then, all of which have to be conventional: fails, and names the one that is not.",
        tool: CHANGELOG,
        arguments: "lint --repo history.git --require-conventional --report lint.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("Changelog, version and tags", &[]),
    },
    Step {
        says: "The version that those commits ask for.",
        tool: VERSION,
        arguments: "next --repo history.git --report version.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Changelog, version and tags", &[]),
    },
    Step {
        says: "The tags of the newest release's container image.",
        tool: IMAGE_TAGS,
        arguments: "--repo history.git --images ghcr.io/org/app --event push --ref refs/tags/v0.2.0 --sha 1df193a4011bb2768b3ab01c29cb98f4b6f84244 --tags type=semver,pattern={{version}} --tags type=semver,pattern={{major}}.{{minor}} --report tags.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Changelog, version and tags", &["tags"]),
    },
    Step {
        says: "Those of the release before, built once more: `latest` does not go back to it.",
        tool: IMAGE_TAGS,
        arguments: "--repo history.git --images ghcr.io/org/app --event push --ref refs/tags/v0.1.0 --sha 3d60fa4a6c86a9236c3011b4fe627ff577605acc --tags type=semver,pattern={{version}} --tags type=semver,pattern={{major}}.{{minor}} --report tags-again.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Changelog, version and tags", &["tags"]),
    },
    Step {
        says: "The reports of size and coverage held to one policy: passes, on one page.",
        tool: QUALITY,
        arguments: "check size.json coverage.json --expect size-gate --expect coverage-gate --min coverage.line.covered=65% --max image.bytes=1MiB --write html=quality-report.html --report quality.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("One policy", &["reports", "conditions"]),
    },
    Step {
        says: "The same with a report that failed, a number that no report has, and a test report that is missing: fails, and says each.",
        tool: QUALITY,
        arguments: "check size.json coverage-fail.json --expect test-report --max complexity=10 --write html=quality-report-fail.html --report quality-fail.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("One policy", &["reports", "conditions"]),
    },
    Step {
        says: "What a pull request is told of it, as one comment: the verdict first, then before, now and change. It fails as the gates do.",
        tool: PR_COMMENT,
        arguments: "--reports size-fail.json --reports coverage-fail.json --reports tests.json --dry-run --output comment.md --report comment.json",
        ends: Exit::Gate,
        before: nothing,
        on_page: In("The comment on a pull request", &[]),
    },
    Step {
        says: "What of the application for the gateways would be sent to be built.",
        tool: BALENA,
        arguments: "check --source gateway --max source.bytes=1MiB --report source.json",
        ends: Exit::Pass,
        before: write_gateway,
        on_page: In("Rollout", &[]),
    },
    Step {
        says: "It built as a draft, and rolled out to a fleet of twenty devices on this machine, where a minute passes in each second: first two, then half, then all.",
        tool: BALENA,
        arguments: "deploy --fleet admin/gateways --source gateway --version v1.1.0 --step 10 --step 50 --step 100 --bake 120 --look-every 1 --write html=deploy.html --report deploy.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Rollout", &["waves", "timeline"]),
    },
    Step {
        says: "The next release, which some devices cannot start: the first wave is well, the second is not, and everything goes back to what it was.",
        tool: BALENA,
        arguments: "deploy --fleet admin/gateways --source gateway --version v1.2.0 --step 10 --step 50 --step 100 --bake 120 --look-every 1 --write html=rolled-back.html --report rolled-back.json",
        ends: Exit::Own(10),
        before: nothing,
        on_page: In("Rollout", &["waves", "timeline"]),
    },
    Step {
        says: "How the fleet is after that: as it was.",
        tool: BALENA,
        arguments: "watch --fleet admin/gateways --max devices.failing=0 --report fleet.json",
        ends: Exit::Pass,
        before: nothing,
        on_page: In("Rollout", &["statuses"]),
    },
];

const SIZE: Entry = Entry::of::<SizeGate>();
const COVERAGE: Entry = Entry::of::<CoverageGate>();
const TESTS: Entry = Entry::of::<TestReport>();
const OTA: Entry = Entry::of::<OtaPackage>();
const SIGN: Entry = Entry::of::<Sign>();
const SBOM: Entry = Entry::of::<Sbom>();
const CHANGELOG: Entry = Entry::of::<Changelog>();
const VERSION: Entry = Entry::of::<Version>();
const IMAGE_TAGS: Entry = Entry::of::<ImageTags>();
const BALENA: Entry = Entry::of::<BalenaDeploy>();
const QUALITY: Entry = Entry::of::<QualityGate>();
const PR_COMMENT: Entry = Entry::of::<PrComment>();

pub(crate) fn command() -> Command {
    Command::new("demo").about("Gate and pack a real ESP32-C3 firmware: size, coverage, tests, update, signature, bill of materials, changelog, version, image tags, one policy over all, the comment of a pull request, a rollout to a fleet of devices and back, passing and provoked to fail, with pages to open").arg(
        Arg::new("out")
            .long("out")
            .value_name("FOLDER")
            .default_value("lw-demo")
            .value_parser(value_parser!(PathBuf))
            .help("Folder for the firmware and the reports"),
    ).arg(
        Arg::new("key")
            .long("key")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Sign with this key instead of one that is made for this run: with it and SOURCE_DATE_EPOCH every run writes the same files"),
    )
}

pub(crate) fn run(arguments: &ArgMatches, host: &Host) -> Exit {
    let folder = arguments.get_one::<PathBuf>("out").cloned().unwrap_or_default();
    let key = arguments.get_one::<PathBuf>("key").map(|path| host.cwd.join(path));
    match play(&host.cwd.join(&folder), &folder, key.as_deref(), host) {
        Ok(exit) => exit,
        Err(error) => lw_cli::print_error(&error),
    }
}

/// An error of the demo's own files.
fn failed(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::remote(format!("{}: {error}", path.display()))
}

/// Makes a key that lives as long as the demo's folder, unless there is one.
fn make_key(folder: &Path) -> Result<(), Error> {
    let [private, public] = [KEY.0, KEY.1].map(|name| folder.join(name));
    if private.exists() {
        return Ok(());
    }
    write_key(&PrivateKey::generate(KeyKind::EcdsaP256)?, &private, &public)
}

/// Lays a given key where that of the demo would be; without one, nothing of an earlier run stays there.
fn lay_key(folder: &Path, given: Option<&Path>) -> Result<(), Error> {
    let [private, public] = [KEY.0, KEY.1].map(|name| folder.join(name));
    let Some(given) = given else {
        return match fs::remove_file(&private) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&private)(error)),
            _ => Ok(()),
        };
    };
    let bytes = fs::read(given).map_err(failed(given))?;
    let key = lw_signature::read_private(&bytes, None).context(given.display().to_string())?;
    write_key(&key.key, &private, &public)
}

fn write_key(key: &PrivateKey, private: &Path, public: &Path) -> Result<(), Error> {
    write_private(private, key.to_pem()?.as_bytes()).map_err(failed(private))?;
    fs::write(public, key.public_key().to_spki_pem()).map_err(failed(public))
}

/// Writes a file that nobody else may read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // That of an earlier run may have other permissions.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// What is known of the crates besides their lock file, for the step with the bill of materials.
const SUPPLEMENT: &str = "supplement.toml";

/// Lays out the manifests as `cargo vendor` would, and what a maker has looked up of each crate: where to reach who made it,
/// the licence it is had under, and SHA-512 of its archive.
fn vendor(folder: &Path) -> Result<(), Error> {
    let mut supplement = String::from("[sbom]\nlicense = \"MIT OR Apache-2.0\"\n");
    for manifest in CRATES.split("[[package]]").skip(1) {
        let value = |key: &str| {
            manifest.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        let (Some(name), Some(version)) = (value("name"), value("version")) else {
            return Err(Error::internal("a crate of the demo has no name or version"));
        };
        let path = folder.join("vendor").join(format!("{name}-{version}"));
        fs::create_dir_all(&path).map_err(failed(&path))?;
        let path = path.join("Cargo.toml");
        fs::write(&path, format!("[package]{manifest}")).map_err(failed(&path))?;
        if !BUILT.lines().any(|line| line.split_once(" v") == Some((name, version))) {
            continue;
        }
        let version = version.replace('+', "%2B");
        // Writing into a string cannot fail.
        let _ = writeln!(supplement, "[sbom.supplement.\"pkg:cargo/{name}@{version}\"]");
        // Whoever keeps the repository.
        let repository = value("repository");
        let owner = repository.and_then(|address| address.rsplit('/').nth(1));
        let known = [
            ("license", value("license")),
            ("supplier", owner),
            ("supplier-url", repository),
            ("manufacturer", owner),
            ("manufacturer-url", repository),
            ("sha512", value("sha512")),
        ];
        for (key, value) in known {
            if let Some(value) = value {
                let _ = writeln!(supplement, "{key} = \"{value}\"");
            }
        }
    }
    let path = folder.join(SUPPLEMENT);
    fs::write(&path, supplement).map_err(failed(&path))
}

/// Copies the signed package with one bit flipped: in the sequence number of its manifest, which no other digest holds.
fn flip_a_bit(folder: &Path) -> Result<(), Error> {
    let [from, to] = [SIGNED.0, SIGNED.1].map(|name| folder.join(name));
    let mut package = fs::read(&from).map_err(failed(&from))?;
    let name = b"\"sequence\": 1";
    let at = package.windows(name.len()).position(|window| window == name);
    let digit = at.and_then(|at| package.get_mut(at + name.len() - 1));
    // The number 1 becomes 3.
    *digit.ok_or_else(|| Error::internal("the package of the demo has another manifest"))? ^= 2;
    fs::write(&to, package).map_err(failed(&to))
}

/// Writes the source of an application.
fn write_gateway(folder: &Path) -> Result<(), Error> {
    let source = folder.join("gateway");
    fs::create_dir_all(&source).map_err(failed(&source))?;
    for (name, text) in [
        ("Dockerfile", "FROM scratch\nCOPY gateway /gateway\nCMD [\"/gateway\"]\n"),
        ("gateway", "what a build made\n"),
        ("notes.log", "left out\n"),
        (".dockerignore", "*.log\n"),
    ] {
        let path = source.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// Balena on this machine, with a fleet, and the machine as it is with that.
///
/// In a run that is to be repeated no time passes but that of its requests and waits.
fn balena(host: &Host, repeated: bool) -> (Stub, Host) {
    let stub = Stub::start(Config { flow: Flow::Still, ..Config::default() });
    let fleet = stub.add_fleet("gateways");
    stub.add_release(fleet, &Release::last("1.0.0"));
    let minute = Duration::from_secs(60);
    let device = Device { poll: minute, download: minute / 4, apply: minute / 12, ..Device::default() };
    let devices = stub.add_devices(fleet, 20, &device);
    stub.advance(3 * minute);
    // Releases are numbered in order, and the one that some cannot start is the second that will be built.
    for (number, device) in devices.iter().enumerate() {
        if number % 4 == 0 {
            stub.set_outcome(*device, 3, Outcome::Rejects);
        }
    }
    stub.set_flow(if repeated { Flow::PerRequest(minute / 4) } else { Flow::Times(60) });
    let variables = [
        ("BALENARC_API_URL", stub.api_url()),
        ("BALENARC_BUILDER_URL", stub.builder_url()),
        ("BALENA_TOKEN", stub.token().to_owned()),
    ];
    let env = filled(variables.map(|(name, value)| (name.to_owned(), value)));
    let mut host = Host { env, ..host.clone() };
    if repeated {
        let mut driven = Driven::default();
        driven.began = Duration::from_secs(host.now);
        host.clock = Clock::driven(&std::sync::Arc::new(driven));
    }
    (stub, host)
}

/// Writes one of the demo's files.
fn write(folder: &Path, name: &str, mut content: impl Read) -> Result<(), Error> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(failed(parent))?;
    let mut file = fs::File::create(&path).map_err(failed(&path))?;
    io::copy(&mut content, &mut file).map_err(failed(&path))?;
    Ok(())
}

fn play(folder: &Path, shown: &Path, key: Option<&Path>, host: &Host) -> Result<Exit, Error> {
    for (name, bytes) in FILES {
        write(folder, name, bytes)?;
    }
    for (name, packed) in PACKED {
        write(folder, name, ZlibDecoder::new(packed))?;
    }
    let repeated = host.var("SOURCE_DATE_EPOCH").is_some();
    // The demo is nobody's build: no CI to tell, no lw.toml to read.
    let host = Host { env: std::collections::BTreeMap::new(), cwd: folder.to_owned(), ..host.clone() };
    let (_balena, with_balena) = balena(&host, repeated);
    lay_key(folder, key)?;
    say(&format!("The example firmware (ESP32-C3, Rust) is in {}.\n", shown.display()));

    for (number, step) in STEPS.iter().enumerate() {
        let (name, arguments) = (step.tool.name, step.arguments);
        say(&format!("{}. {}\n$ lw {name} {arguments}", number + 1, step.says));
        (step.before)(folder)?;
        let host = if name == BALENA.name { &with_balena } else { &host };
        let argv: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
        let exit = lw_cli::invoke(&step.tool, argv, host, &[]);
        say("");
        if exit != step.ends {
            return Ok(lw_cli::print_error(&Error::internal(format!(
                "the demo went another way than it should: {name} ended with {exit:?} instead of {:?}",
                step.ends
            ))));
        }
    }
    page::write(folder)?;
    say(&format!(
        "Every step ended as it should. Open the page of all of them in a browser:\n  {}",
        shown.join(page::INDEX).display()
    ));
    Ok(Exit::Pass)
}

/// The demo goes on when its reader has gone: its files are what it is for.
fn say(line: &str) {
    let _ = lw_cli::print(format!("{line}\n").as_bytes());
}
