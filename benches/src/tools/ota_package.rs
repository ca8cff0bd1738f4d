//! ota-package and its peers on generated ESP32-S3 images.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate::image;
use crate::process::{Line, multicall};
use crate::table::{megabytes, ratio};

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &[];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &["--runs", "9", "--peer-runs", "5"];

/// Compare ota-package with mender-artifact, detools, and the hash of the image
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ota-package binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Runs of detools, which takes long
    #[arg(long, default_value_t = 1)]
    peer_runs: usize,
    /// Document with the pipeline's script, in the first Python block after the heading "OTA Package Creator"
    #[arg(long, default_value = "../shared/pipelines/000-lightwaveos.md")]
    pipeline: PathBuf,
    /// Python
    #[arg(long, default_value = "python3")]
    python: OsString,
    /// detools
    #[arg(long, default_value = "detools")]
    detools: OsString,
    /// mender-artifact
    #[arg(long, default_value = "mender-artifact")]
    mender_artifact: OsString,
    /// Fail when a package takes 1.3 times as long as the hash of its image or 16 MiB of memory, or when detools is not
    /// five times as slow at a small change, or a patch of it smaller
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:ota-package -->` and `<!-- /bench:ota-package -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Bytes of the image that is packaged, and of those a delta is made of.
const PACKAGED: &str = "67108864";
const COMPARED: &str = "4194304";
/// Names of rows.
const OURS: [&str; 2] = ["ota-package, `lw`", "ota-package, `seed`"];
const FLOOR: &str = "`sha256sum`, the floor";
/// What a package may take beside the hash of its image, in times of it.
const WANTED_FLOOR: f64 = 1.3;
/// Bytes of memory it may take.
const WANTED_PEAK: u64 = 16 << 20;
/// How many times as fast as detools a delta has to be.
const AS_DETOOLS: f64 = 5.0;

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails or an input cannot be written; a peer that is not installed is left out. With `--check`
/// also when a target is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let file = |name: &str| folder.path().join(name);
    let generate = |words: &[&str], name: &str| generate(words, folder.path(), name);
    generate(&["--bytes", PACKAGED], "app.bin")?;
    generate(&["--bytes", COMPARED, "--release", "0"], "0.bin")?;
    generate(&["--bytes", COMPARED, "--release", "1"], "1.bin")?;
    generate(&["--after", "0.bin"], "next.bin")?;
    let script = script(args, &file("create_ota_package.py"))?;
    let mut package = package(args, folder.path(), script);
    let mut deltas = [
        delta(args, folder.path(), "A patch to the next build, a small change", "next.bin", Some(AS_DETOOLS)),
        delta(args, folder.path(), "A patch to the next release, functions changed and new", "1.bin", None),
    ];
    package.measure(args.check)?;
    for delta in &mut deltas {
        delta.measure(args.check)?;
    }
    let mut text = format!("{}\nAn image of 64 MiB.\n\n{}", machine(args), package.show());
    let floor = package.cost_of(FLOOR);
    let packages = OURS.map(|name| package.cost_of(name));
    if let (Some(floor), [Some(lw), Some(seed)]) = (floor, packages) {
        let [lw, seed] = [lw, seed].map(|cost| ratio(cost.median, floor.median));
        writeln!(
            text,
            "\nThe lw package takes {lw} of `sha256sum`, the seed package, which is twice as large, {seed}."
        )?;
    }
    write!(text, "\nPatches between images of 4 MiB, sequential with heatshrink.\n")?;
    let size = |patch: Option<u64>| patch.map_or("none".to_owned(), |bytes| format!("{bytes} bytes"));
    let mut sizes = Vec::new();
    for (delta, to) in deltas.iter().zip(["next.bin", "1.bin"]) {
        let [ours, peers] = ["ours", "detools"]
            .map(|whose| fs::metadata(file(&format!("{to}.{whose}"))).map(|data| data.len()).ok());
        write!(
            text,
            "\n{}\nThe patch: ota-package {}, detools {}.\n",
            delta.show(),
            size(ours),
            size(peers)
        )?;
        sizes.push((ours, peers));
    }
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "ota-package", &text)?;
    }
    if args.check {
        deltas.iter().try_for_each(Job::check)?;
        let floor = floor.context("sha256sum was not run")?.median.as_secs_f64() * WANTED_FLOOR;
        for (name, cost) in OURS.iter().zip(packages) {
            let cost = cost.with_context(|| format!("{name} was not run"))?;
            ensure!(
                cost.median.as_secs_f64() <= floor,
                "{name} may take {WANTED_FLOOR} times as long as sha256sum"
            );
            let (peak, wanted) = (megabytes(cost.peak), megabytes(WANTED_PEAK));
            ensure!(cost.peak < WANTED_PEAK, "{name}: {peak} of memory, wanted less than {wanted}");
        }
        let no_larger = sizes.iter().all(|(ours, peers)| ours.is_some() && ours <= peers);
        ensure!(no_larger, "a patch of detools is smaller");
    }
    Ok(())
}

/// Generates in a process of its own, so that this one stays small; see [`crate::process`].
fn generate(words: &[&str], folder: &Path, name: &str) -> Result<()> {
    let own = std::env::current_exe().context("failed to find this program")?;
    let line = Line::new([own.as_os_str()]).with(["gen-image"]).with(words).with(["--out", name]);
    line.within(folder).output().with_context(|| format!("failed to generate {name}"))?;
    Ok(())
}

fn within(program: &str, words: &[&str], folder: &Path) -> Line {
    Line::new([program]).with(words).within(folder)
}

/// The pipeline's own script, taken out of the document; `None` when that is not there.
fn script(args: &Args, to: &Path) -> Result<Option<PathBuf>> {
    let Ok(document) = fs::read_to_string(&args.pipeline) else {
        comparison::tell(format_args!(
            "left out: the pipeline's script, for want of {}",
            args.pipeline.display()
        ));
        return Ok(None);
    };
    let script =
        block(&document).with_context(|| format!("{} has no such script", args.pipeline.display()))?;
    fs::write(to, script).with_context(|| format!("failed to write {}", to.display()))?;
    Ok(Some(to.to_owned()))
}

/// The first Python block after the heading.
fn block(document: &str) -> Option<&str> {
    let (_, after) = document.split_once("# OTA Package Creator\n")?;
    let (_, code) = after.split_once("```python\n")?;
    code.split_once("```").map(|(code, _)| code)
}

fn machine(args: &Args) -> String {
    let version = |program: &OsString| Line::new([program]).with(["--version"]);
    comparison::machine(
        &format!("median of {} runs ({} of detools)", args.runs, args.peer_runs),
        &[
            ("ota-package", multicall(&args.bin, "ota-package").with(["--version"])),
            ("Python", version(&args.python)),
            ("detools", version(&args.detools)),
            ("mender-artifact", version(&args.mender_artifact)),
            ("sha256sum", version(&"sha256sum".into())),
        ],
    )
}

fn package(args: &Args, folder: &Path, script: Option<PathBuf>) -> Job {
    let release = image::version(0);
    let ours = |format: &str| {
        multicall(&args.bin, "ota-package")
            .with(["package", "--config", "none", "--firmware", "app.bin", "--board", "esp32s3"])
            .with([
                "--version",
                &release,
                "--package-format",
                format,
                "--output",
                &format!("package.{format}"),
            ])
            .within(folder)
    };
    let mender = Line::new([&args.mender_artifact])
        .with(["--compression", "none", "write", "module-image", "-T", "single-file", "-t", "esp32s3"])
        .with(["-n", &release, "-f", "app.bin", "-o", "package.mender"]);
    let [lw, seed] = OURS;
    let mut job = Job::new("A package of one image")
        .ours(lw, ours("lw"), args.runs)
        .ours(seed, ours("seed"), args.runs)
        .peer(FLOOR, within("sha256sum", &["app.bin"], folder), args.runs)
        .peer("mender-artifact, module image, not compressed", mender.within(folder), args.runs);
    if let Some(script) = script {
        let line = Line::new([&args.python]).with([script]).with([
            "--firmware",
            "app.bin",
            "--version",
            &release,
            "--board",
            "esp32s3",
            "--output",
            "package.json",
        ]);
        job = job.peer("the pipeline's Python script (as `seed`)", line.within(folder), args.runs);
    }
    job
}

fn delta(args: &Args, folder: &Path, title: &str, to: &str, wanted: Option<f64>) -> Job {
    let (patch, theirs) = (format!("{to}.ours"), format!("{to}.detools"));
    let ours = multicall(&args.bin, "ota-package")
        .with(["delta", "--config", "none", "--kind", "binary", "--from", "0.bin", "--to", to])
        .with(["--delta-format", "detools", "--allow-large-delta", "--output", &patch]);
    let detools = Line::new([&args.detools]).with(["create_patch", "-c", "heatshrink", "0.bin", to, &theirs]);
    Job::new(title).ours("ota-package `delta`", ours.within(folder), args.runs).rival(
        "detools `create_patch`",
        detools.within(folder),
        args.peer_runs,
        wanted,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_the_block_behind_its_heading() {
        let document =
            "```python\nno\n```\n### OTA Package Creator\n\n```python\n# yes\n```\n```python\nno\n```\n";
        assert_eq!(block(document), Some("# yes\n"));
        assert_eq!(block("### OTA Package Creator\n"), None);
    }
}
