//! The suite on other platforms than this one, run and not only built: 64-bit ARM under QEMU, and Windows under Wine. What the
//! demonstration writes there is what it writes here, to the byte.
//!
//! Wine 8 has no `bcryptprimitives.dll`, of which Rust's standard library wants one function: `bcryptprimitives.c`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use lw_testkit::{env, required, root, skip, which};
use serde_json::Value;

use crate::support::{Said, e2e_cache, must, say, static_binary, write_program};

/// A machine that is not this one.
struct Platform {
    target: &'static str,
    /// A variable that names a binary for it that is built already.
    given: &'static str,
    program: &'static str,
    /// What runs a program of it here.
    runner: Runner,
    /// What is built for it once, and run by several tests.
    built: OnceLock<Option<Built>>,
}

#[derive(Clone, Copy)]
enum Runner {
    Qemu,
    Wine,
}

static ARM: Platform = Platform {
    target: "aarch64-unknown-linux-musl",
    given: "LW_E2E_BINARY_ARM",
    program: "lw",
    runner: Runner::Qemu,
    built: OnceLock::new(),
};

static WINDOWS: Platform = Platform {
    target: "x86_64-pc-windows-gnu",
    given: "LW_E2E_BINARY_WINDOWS",
    program: "lw.exe",
    runner: Runner::Wine,
    built: OnceLock::new(),
};

/// Debian keeps Wine's own programs off PATH.
fn wine(name: &str) -> Option<PathBuf> {
    let own = Path::new("/usr/lib/wine").join(name);
    if own.is_file() { Some(own) } else { which(name) }
}

/// The compiler of the C in the suite for 64-bit ARM: Zig's, which brings musl, without the word for the target that it does not know.
fn compiler_for_arm(folder: &Path) -> Option<PathBuf> {
    let python = e2e_cache().join("zig/bin/python");
    if !python.is_file() {
        return skip("Zig is not installed; .ci/e2e-setup installs it");
    }
    let script = format!(
        "#!/bin/sh\nfor a do\n  shift\n  case $a in --target=*) ;; *) set -- \"$@\" \"$a\" ;; esac\ndone\nexec '{}' -m ziglang cc -target aarch64-linux-musl -fno-sanitize=undefined \"$@\"\n",
        python.display()
    );
    let path = folder.join("zig-cc");
    write_program(&path, &script);
    Some(path)
}

/// A crate's tests, built for a platform.
#[derive(Clone)]
struct Tests {
    /// The crate, by the name of its folder.
    name: String,
    /// That folder, where its tests expect to be run.
    folder: PathBuf,
    program: PathBuf,
}

/// What is built for a platform: the suite, and tests of crates.
#[derive(Clone)]
struct Built {
    suite: PathBuf,
    tests: Vec<Tests>,
}

impl Platform {
    /// The crates whose own tests run there.
    fn crates(&self) -> impl Iterator<Item = &'static str> {
        let is_slow = |name: &&str| matches!(self.runner, Runner::Qemu) && SLOW_UNDER_QEMU.contains(name);
        OF_THEIR_OWN.into_iter().filter(move |name| !is_slow(name))
    }

    /// The suite and the tests for it, as quickly as they can be had: what is compared is what it writes, not how fast. They are built
    /// by one command: of a crate that both need, Cargo would build two if each asked for other features of it.
    fn built(&self) -> Option<Built> {
        if !required() {
            let given = env(self.given);
            let built = given.map(|suite| Built { suite: suite.into(), tests: Vec::new() });
            return built.or_else(|| skip(&format!("{} names no binary for {}", self.given, self.target)));
        }
        let built = self.built.get_or_init(|| self.build()).clone()?;
        Some(Built { suite: env(self.given).map_or(built.suite, PathBuf::from), ..built })
    }

    fn build(&self) -> Option<Built> {
        let folder = tempfile::tempdir().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--no-run", "--quiet", "--message-format", "json-render-diagnostics"]);
        cargo.args(["--lib", "--tests", "--target", self.target, "--package", "lw"]).current_dir(root());
        for name in self.crates() {
            cargo.arg("--package").arg(format!("lw-{name}"));
        }
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "false");
        for package in BUILT_QUICKLY {
            cargo.arg("--config").arg(format!("profile.dev.package.{package}.opt-level=0"));
        }
        if matches!(self.runner, Runner::Qemu) {
            cargo.env("CC_aarch64_unknown_linux_musl", compiler_for_arm(folder.path())?);
            cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
        }
        let said = must(&mut cargo);
        let mut suite = None;
        let mut tests = Vec::new();
        for message in said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let Some(program) = message["executable"].as_str().map(PathBuf::from) else { continue };
            let manifest = Path::new(message["manifest_path"].as_str().expect("a manifest"));
            let folder = manifest.parent().expect("a folder").to_owned();
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            match message["profile"]["test"].as_bool() {
                // The suite's own tests start programs of this machine.
                Some(true) if name == "lw" => {}
                Some(true) => tests.push(Tests { name, folder, program }),
                _ => suite = Some(program),
            }
        }
        Some(Built { suite: suite.expect("the suite is built for its own tests"), tests })
    }

    /// Its program, ready to be run in a folder; `None` where nothing here runs it.
    fn installed(&self, folder: &Path) -> Option<Installed> {
        let runner = match self.runner {
            Runner::Qemu => which("qemu-aarch64-static"),
            Runner::Wine => wine("wine64"),
        };
        let Some(runner) = runner else {
            return skip(&format!("nothing here runs {}; .ci/e2e-setup installs it", self.target));
        };
        let built = self.built()?;
        let program = folder.join(self.program);
        std::fs::copy(&built.suite, &program)
            .unwrap_or_else(|error| panic!("{}: {error}", built.suite.display()));
        if matches!(self.runner, Runner::Wine) {
            let Some(compiler) = which("x86_64-w64-mingw32-gcc") else {
                return skip("there is no compiler for Windows; .ci/e2e-setup installs it");
            };
            let library = folder.join("bcryptprimitives.dll");
            let source = root().join("tests/e2e/bcryptprimitives.c");
            must(Command::new(compiler).arg("-shared").arg("-o").arg(library).arg(source).arg("-ladvapi32"));
        }
        Some(Installed {
            runner,
            program,
            tests: built.tests,
            prefix: folder.join("prefix"),
            is_wine: matches!(self.runner, Runner::Wine),
        })
    }
}

/// A program of another platform.
struct Installed {
    runner: PathBuf,
    program: PathBuf,
    tests: Vec<Tests>,
    /// What Wine takes for a disk.
    prefix: PathBuf,
    is_wine: bool,
}

impl Installed {
    /// The suite.
    fn command(&self) -> Command {
        self.run(&self.program)
    }

    /// Runs a program to its end. On a busy machine Wine may end with 1 before it has started one, without a word: then nothing has run,
    /// nothing was judged, and it is started again.
    fn say(&self, command: &mut Command) -> Said {
        let mut said = say(command);
        for _ in 0..TRIES {
            let is_begun = said.code != 1 || !said.stdout.trim().is_empty() || !said.stderr.trim().is_empty();
            if is_begun || !self.is_wine {
                break;
            }
            std::thread::sleep(Duration::from_secs(2));
            said = say(command);
        }
        said
    }

    /// Runs the suite for the first time, for which Wine makes a disk.
    fn say_version(&self, folder: &Path) {
        let said = self.say(self.command().arg("--version").current_dir(folder));
        assert_eq!(
            (said.code, said.stdout.trim_end()),
            (0, &*format!("lw {}", env!("CARGO_PKG_VERSION"))),
            "{}",
            said.stderr
        );
    }

    /// Any program of the platform.
    fn run(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.runner);
        command.arg(program).env("WINEDEBUG", "-all").env("WINEPREFIX", &self.prefix);
        // Where Wine finds the library that lies beside the suite.
        let folder = self.program.parent().expect("a folder");
        command.env("WINEPATH", format!("Z:{}", folder.display()));
        command
    }
}

/// How often a program is started again that Wine has not started.
const TRIES: usize = 3;

impl Drop for Installed {
    /// Ends Wine's server for this prefix, which would go on for a while.
    fn drop(&mut self) {
        if let (true, Some(server)) = (self.is_wine, wine("wineserver64").or_else(|| wine("wineserver"))) {
            let _ = Command::new(server).arg("-k").env("WINEPREFIX", &self.prefix).status();
        }
    }
}

/// The key that both sign with: ECDSA signatures here are made without chance (RFC 6979).
const KEY: &str = "crates/formats/signature/tests/data/keys/p256-sec1.pem";

/// What the demonstration writes.
fn demo(
    mut command: Command,
    folder: &Path,
    run: impl Fn(&mut Command) -> Said,
) -> BTreeMap<String, Vec<u8>> {
    std::fs::copy(root().join(KEY), folder.join("key.pem")).unwrap();
    command.args(["demo", "--out", "demo", "--key", "key.pem"]).current_dir(folder);
    let said = run(command.env("SOURCE_DATE_EPOCH", "1700000000"));
    assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
    let mut files = BTreeMap::new();
    collect(&folder.join("demo"), "", &mut files);
    files
}

fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &name, files);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn here() -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = tempfile::tempdir().unwrap();
    Some(demo(Command::new(static_binary()?), folder.path(), say))
}

/// What the first difference of two files is, with what is around it.
fn difference(here: &[u8], there: &[u8]) -> String {
    let at = here.iter().zip(there).take_while(|(one, other)| one == other).count();
    let around = |bytes: &[u8]| {
        let bytes = bytes.get(at.saturating_sub(80)..(at + 80).min(bytes.len())).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    format!("at byte {at}\n  here:  {:?}\n  there: {:?}", around(here), around(there))
}

fn writes_the_same(platform: &Platform) {
    let folder = tempfile::tempdir().unwrap();
    let Some(installed) = platform.installed(folder.path()) else { return };
    installed.say_version(folder.path());
    let Some(here) = here() else { return };
    assert!(here.len() > 100, "{:?}", here.keys());
    let there = demo(installed.command(), folder.path(), |command| installed.say(command));
    let names: Vec<&String> = here.keys().collect();
    assert_eq!(there.keys().collect::<Vec<_>>(), names, "other files");
    let different: Vec<String> = here
        .iter()
        .filter(|(name, bytes)| there[*name] != **bytes)
        .map(|(name, bytes)| format!("{name} {}", difference(bytes, &there[name])))
        .collect();
    assert!(different.is_empty(), "{}: {}", platform.target, different.join("\n"));
}

#[test]
fn on_64_bit_arm_the_demo_writes_the_same_bytes() {
    writes_the_same(&ARM);
}

#[test]
fn on_windows_the_demo_writes_the_same_bytes() {
    writes_the_same(&WINDOWS);
}

/// Without that no platform could be compared with another: no clock, no chance and no order of a map is in what is written.
#[test]
fn the_demo_writes_the_same_bytes_each_time() {
    let Some(first) = here() else { return };
    let Some(second) = here() else { return };
    let different: Vec<&String> =
        first.iter().filter(|(name, bytes)| second.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
    assert!(different.is_empty() && first.len() == second.len(), "{different:?}");
}

/// The crates of data, arithmetic and formats whose own tests run there as well, on Windows under its own paths and line ends.
const OF_THEIR_OWN: [&str; 22] = [
    "archive",
    "balena-build",
    "bom",
    "ci",
    "conventional",
    "figures",
    "firmware",
    "hashed",
    "inventory",
    "model",
    "package",
    "render",
    "report",
    "retry",
    "rollout",
    "rsa-constants",
    "secret",
    "syntax",
    "tag-rules",
    "trend",
    "version-files",
    "versions",
];

/// Of these, those whose tests take half a minute and more under QEMU, each: Windows alone runs them.
const SLOW_UNDER_QEMU: [&str; 5] = ["bom", "package", "render", "rollout", "version-files"];

/// The others, and why: what they read and write there, the demonstration compares to the byte.
const LEFT_OUT: [(&str, &str); 6] = [
    ("coverage", "reports of many megabytes, minutes without optimisation"),
    ("delta", "patches of whole images, minutes without optimisation"),
    ("dependencies", "its tests read the sources of crates in Cargo's home"),
    ("history", "its tests run git"),
    ("results", "reports of many megabytes, minutes without optimisation"),
    ("signature", "it makes RSA keys, minutes without optimisation"),
];

/// What tests here spend their time in and is optimised for them (`[profile.dev.package]`), but not there: to optimise it takes longer
/// than what it saves.
const BUILT_QUICKLY: [&str; 16] = [
    "crypto-bigint",
    "curve25519-dalek",
    "elliptic-curve",
    "goblin",
    "libbz2-rs-sys",
    "lw-signature",
    "p256",
    "p384",
    "primeorder",
    "proptest",
    "quick-xml",
    "rsa",
    "rusty_zstd",
    "ruzstd",
    "ureq",
    "zlib-rs",
];

/// A new crate is run there, or says why not.
#[test]
fn every_pure_crate_is_in_one_of_the_lists() {
    let mut crates: Vec<String> = ["core", "formats"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join("crates").join(folder)).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    crates.sort();
    let mut listed: Vec<&str> = OF_THEIR_OWN.into_iter().chain(LEFT_OUT.map(|(name, _)| name)).collect();
    listed.sort_unstable();
    assert_eq!(crates, listed);
}

fn runs_own_tests(platform: &Platform) {
    if !required() {
        skip::<()>("tests are built for other platforms where they are required");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(installed) = platform.installed(folder.path()) else { return };
    installed.say_version(folder.path());
    let mut passed = BTreeMap::new();
    for tests in &installed.tests {
        let mut command = installed.run(&tests.program);
        // As Cargo runs them.
        command.current_dir(&tests.folder).env("CARGO_MANIFEST_DIR", &tests.folder);
        // What is another on a platform is so for nearly every input: a few of each property are enough.
        command.env("PROPTEST_CASES", "16").env("PROPTEST_RNG_SEED", "1");
        // The programs that judge and unpack elsewhere are none of that platform.
        command.env_remove("LW_REQUIRE_E2E").env("LW_WITHOUT_SHARED", "1");
        let said = installed.say(&mut command);
        assert_eq!(said.code, 0, "{}\n{}\n{}", tests.program.display(), said.stdout, said.stderr);
        let said = said.stdout;
        let result = said.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
        let number: usize =
            result.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no result\n{said}"));
        *passed.entry(&*tests.name).or_insert(0) += number;
    }
    for name in platform.crates() {
        assert!(passed.get(name).is_some_and(|&number| number > 0), "{name}: {passed:?}");
    }
    let least = if matches!(platform.runner, Runner::Qemu) { 350 } else { 600 };
    assert!(passed.values().sum::<usize>() > least, "{passed:?}");
}

#[test]
fn on_64_bit_arm_the_arithmetic_passes_its_tests() {
    runs_own_tests(&ARM);
}

#[test]
fn on_windows_the_arithmetic_passes_its_tests() {
    runs_own_tests(&WINDOWS);
}
