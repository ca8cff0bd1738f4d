//! What package managers install, made of the binaries of a release: archives with completions and man pages, a formula for
//! Homebrew, packages for npm and wheels for PyPI.
//!
//! No package downloads or runs anything when it is installed: those of npm and PyPI hold the binary, and the formula names the
//! archive by its SHA-256. Nothing of this machine or of the moment goes into them: the same binaries give the same bytes.

mod archive;
mod homebrew;
mod npm;
mod pypi;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

use archive::File;

/// A target of a release, in the words of each package manager.
struct Platform {
    target: &'static str,
    /// `process.platform` and `process.arch` of Node.
    npm: (&'static str, &'static str),
    /// Platform tags of a wheel (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>). A static
    /// binary runs beside any C library, so it is of the oldest of both kinds.
    wheel: &'static [&'static str],
}

/// In the order of [`crate::release::TARGETS`].
const PLATFORMS: [Platform; 5] = [
    Platform {
        target: "x86_64-unknown-linux-musl",
        npm: ("linux", "x64"),
        wheel: &["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
    },
    Platform {
        target: "aarch64-unknown-linux-musl",
        npm: ("linux", "arm64"),
        wheel: &["manylinux2014_aarch64", "manylinux_2_17_aarch64", "musllinux_1_1_aarch64"],
    },
    Platform { target: "x86_64-apple-darwin", npm: ("darwin", "x64"), wheel: &["macosx_10_12_x86_64"] },
    Platform { target: "aarch64-apple-darwin", npm: ("darwin", "arm64"), wheel: &["macosx_11_0_arm64"] },
    Platform { target: "x86_64-pc-windows-msvc", npm: ("win32", "x64"), wheel: &["win_amd64"] },
];

impl Platform {
    fn is_windows(&self) -> bool {
        self.target.contains("-windows-")
    }

    fn suffix(&self) -> &'static str {
        if self.is_windows() { ".exe" } else { "" }
    }

    /// The binary as a release has it beside its archive.
    fn binary(&self) -> String {
        format!("lw-{}{}", self.target, self.suffix())
    }

    /// The name the binary has when it is installed.
    fn program(&self) -> String {
        format!("lw{}", self.suffix())
    }

    fn archive(&self) -> String {
        format!("lw-{}{}", self.target, if self.is_windows() { ".zip" } else { ".tar.gz" })
    }
}

/// One line that every registry shows.
const SUMMARY: &str = "Gates, reports and packages for pipelines of firmware, edge and containers";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Makes the packages of a release from its binaries.
#[derive(clap::Args)]
pub(crate) struct Packages {
    /// Folder with `lw-<target>` of every target; that of this machine is run, to print its completions and man pages
    #[arg(long, value_name = "FOLDER")]
    binaries: PathBuf,
    /// Folder for the packages, made when it is missing
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
}

pub(crate) fn run(root: &Path, packages: &Packages) -> anyhow::Result<()> {
    let mut binaries = Vec::new();
    for platform in &PLATFORMS {
        let path = packages.binaries.join(platform.binary());
        let bytes = fs::read(&path)
            .with_context(|| format!("no binary for {}: {}", platform.target, path.display()))?;
        ensure!(!bytes.is_empty(), "{} is empty", path.display());
        binaries.push((platform, bytes));
    }
    let documents = documents(root, &own_binary(&packages.binaries)?)?;
    fs::create_dir_all(&packages.output)?;
    let mut sums = BTreeMap::new();
    for (platform, binary) in &binaries {
        let name = platform.archive();
        let top = format!("lw-{}", platform.target);
        let mut files = vec![File::program(format!("{top}/{}", platform.program()), binary.clone())];
        files
            .extend(documents.iter().map(|(path, bytes)| File::data(format!("{top}/{path}"), bytes.clone())));
        let bytes = if platform.is_windows() { archive::zip(&files)? } else { archive::tar_gz(&files)? };
        sums.insert(platform.target, hex(&Sha256::digest(&bytes)));
        write(&packages.output, &name, &bytes)?;
    }
    write(&packages.output, "lw.rb", homebrew::formula(&sums)?.as_bytes())?;
    let licences: Vec<(&str, &[u8])> = LICENCES
        .iter()
        .map(|name| documents.get(*name).map(|bytes| (*name, bytes.as_slice())).context(*name))
        .collect::<anyhow::Result<_>>()?;
    for (name, bytes) in
        npm::packages(&binaries, &licences)?.into_iter().chain(pypi::wheels(&binaries, &licences)?)
    {
        write(&packages.output, &name, &bytes)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, bytes).with_context(|| path.display().to_string())
}

/// The binary that runs here.
fn own_binary(folder: &Path) -> anyhow::Result<PathBuf> {
    let here = match std::env::consts::OS {
        "linux" => "unknown-linux-musl",
        "macos" => "apple-darwin",
        "windows" => "pc-windows-msvc",
        other => bail!("there is no release target for {other}"),
    };
    let target = format!("{}-{here}", std::env::consts::ARCH);
    let platform = PLATFORMS.iter().find(|platform| platform.target == target);
    let platform = platform.with_context(|| format!("there is no release target {target}"))?;
    Ok(fs::canonicalize(folder.join(platform.binary()))?)
}

/// What lies beside the binary in an archive: licences, the completions of each shell and the man pages, as the binary itself
/// makes them.
fn documents(root: &Path, binary: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let run = |args: &[&str]| {
        let output =
            Command::new(binary).args(args).output().with_context(|| binary.display().to_string())?;
        ensure!(
            output.status.success(),
            "{} {}: {}{}",
            binary.display(),
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    };
    let version = String::from_utf8(run(&["--version"])?)?;
    ensure!(
        version.trim() == format!("lw {}", lw_cli::VERSION),
        "{} is of another version than this workspace ({}): {}",
        binary.display(),
        lw_cli::VERSION,
        version.trim()
    );
    let mut files = BTreeMap::new();
    for (shell, name) in [("bash", "lw.bash"), ("zsh", "_lw"), ("fish", "lw.fish"), ("powershell", "_lw.ps1")]
    {
        files.insert(format!("completions/{name}"), run(&["completions", shell])?);
    }
    let folder = tempfile::tempdir()?;
    run(&["man", &folder.path().to_string_lossy()])?;
    for path in crate::house::files_below(folder.path())? {
        let name = path.file_name().context("a man page has no name")?.to_string_lossy().into_owned();
        files.insert(format!("man/{name}"), fs::read(&path)?);
    }
    for name in LICENCES {
        files.insert(name.into(), fs::read(root.join(name)).context(name)?);
    }
    for (name, bytes) in &files {
        ensure!(!bytes.is_empty(), "{name} is empty");
    }
    Ok(files)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_a_release_is_a_platform() {
        assert_eq!(PLATFORMS.each_ref().map(|platform| platform.target), crate::release::TARGETS);
    }

    /// The archives cargo-binstall looks for are those that are made.
    #[test]
    fn binstall_finds_the_archives() {
        let manifest = fs::read_to_string(crate::house::root().join("crates/lw/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let binstall = &manifest["package"]["metadata"]["binstall"];
        for platform in &PLATFORMS {
            let settings = binstall.get("overrides").and_then(|overrides| overrides.get(platform.target));
            let value = |key: &str| {
                let own = settings.and_then(|settings| settings.get(key));
                own.or_else(|| binstall.get(key)).and_then(toml::Value::as_str).unwrap()
            };
            let format = value("pkg-fmt");
            // https://github.com/cargo-bins/cargo-binstall/blob/main/SUPPORT.md
            let suffix = match format {
                "tgz" => ".tgz",
                "zip" => ".zip",
                other => panic!("{other}"),
            };
            let fill = |template: &str| {
                let values = [
                    ("{ repo }", REPOSITORY),
                    ("{ version }", lw_cli::VERSION),
                    ("{ target }", platform.target),
                    ("{ bin }", "lw"),
                    ("{ binary-ext }", platform.suffix()),
                    ("{ archive-suffix }", suffix),
                ];
                values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
            };
            let url = fill(value("pkg-url"));
            assert_eq!(url, homebrew::address(&platform.archive()));
            assert_eq!(format == "zip", platform.is_windows());
            assert_eq!(fill(value("bin-dir")), format!("lw-{}/{}", platform.target, platform.program()));
        }
    }
}
