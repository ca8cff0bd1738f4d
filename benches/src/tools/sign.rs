//! sign and its peers on a generated file: what hashing and signing cost.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::process::{Cost, Line, multicall};
use crate::table::{megabytes, ratio};

/// What `.ci/run` gives it: memory is held to its target anywhere, times are for reading there.
pub(super) const IN_CI: &[&str] = &["--runs", "5"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &["--check"];

/// Compare sign with openssl and espsecure, on the same file and the same keys
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sign binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// MiB of the file that is signed
    #[arg(long, default_value_t = 64)]
    megabytes: u64,
    /// MiB of the file that is signed and verified in little memory
    #[arg(long, default_value_t = 1024)]
    large: u64,
    /// openssl, which also makes the keys
    #[arg(long, default_value = "openssl")]
    openssl: OsString,
    /// espsecure
    #[arg(long, default_value = "espsecure")]
    espsecure: OsString,
    /// Fail when sign takes more than 1.5 times as long as openssl; that it takes less than 16 MiB for the large file is asked always
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:sign -->` and `<!-- /bench:sign -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// The most sign may take, in times of openssl.
const WANTED: f64 = 1.5;
/// The most memory it may take.
const WANTED_PEAK: u64 = 16 << 20;
/// The name of openssl's rows.
const OPENSSL: &str = "`openssl dgst -sha256`";

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails, or there is no openssl, which makes the keys; without espsecure its row is left out. With
/// `--check` also when a target is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let folder = folder.path();
    prepare(args, folder)?;
    let mut jobs = [sign(args, folder), verify(args, folder)];
    for job in &mut jobs {
        job.measure(args.check)?;
    }
    let mut large = large(args, folder);
    large.measure(args.check)?;
    let mut text = format!("{}\nA file of {} MiB, and a key of RSA-3072.\n", machine(args), args.megabytes);
    for job in &jobs {
        text += &format!("\n{}", job.show());
    }
    text += &format!("\nA file of {} MiB.\n\n{}", args.large, large.show());
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "sign", &text)?;
    }
    if args.check {
        for job in &jobs {
            let (ours, theirs) = (job.cost()?, job.cost_of(OPENSSL).context("openssl was not run")?);
            let times = ratio(ours.median, theirs.median);
            ensure!(
                ours.median.as_secs_f64() <= theirs.median.as_secs_f64() * WANTED,
                "sign takes {times} of openssl, wanted at most {WANTED}"
            );
        }
    }
    for name in LARGE {
        let cost: Cost = large.cost_of(name).with_context(|| format!("{name} was not run"))?;
        let (peak, wanted) = (megabytes(cost.peak), megabytes(WANTED_PEAK));
        ensure!(cost.peak < WANTED_PEAK, "{name}: {peak} of memory, wanted less than {wanted}");
    }
    Ok(())
}

/// Keys, a file, a signature of it, and a large file that takes no space.
fn prepare(args: &Args, folder: &Path) -> Result<()> {
    let openssl = |words: &[&str]| -> Result<()> {
        let line = Line::new([&args.openssl]).with(words).within(folder);
        line.output().with_context(|| format!("failed to run `{line}`"))?;
        Ok(())
    };
    for (name, kind) in [
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"][..]),
        ("ed", &["-algorithm", "ED25519"]),
    ] {
        let (private, public) = (format!("{name}.pem"), format!("{name}.pub.pem"));
        openssl(&[&["genpkey"], kind, &["-out", &private]].concat())?;
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public])?;
    }
    // In pieces: what this process has counts as the memory of those it starts.
    let app = fs::File::create(folder.join("app.bin")).context("failed to make the file")?;
    let mut app = BufWriter::new(app);
    let mut state = 1_u32;
    for _ in 0..args.megabytes << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        app.write_all(&state.to_be_bytes()[..1]).context("failed to write the file")?;
    }
    app.into_inner().context("failed to write the file")?;
    let file = fs::File::create(folder.join("large.bin")).context("failed to make the large file")?;
    file.set_len(args.large << 20).context("failed to make the large file")?;
    // Read once, or the first command to do so would pay for the pages.
    let mut file = fs::File::open(folder.join("large.bin")).context("failed to read the large file")?;
    io::copy(&mut file, &mut io::sink()).context("failed to read the large file")?;
    openssl(&["dgst", "-sha256", "-sign", "rsa.pem", "-out", "app.sig", "app.bin"])
}

fn ours(args: &Args, words: &[&str], folder: &Path) -> Line {
    multicall(&args.bin, "sign").with(["--config", "none", "--summary", "off"]).with(words).within(folder)
}

fn sign(args: &Args, folder: &Path) -> Job {
    let words = ["sign", "--input", "app.bin", "--key", "rsa.pem", "--output", "ours.sig"];
    let dgst = ["dgst", "-sha256", "-sign", "rsa.pem", "-out", "theirs.sig", "app.bin"];
    let espsecure = ["sign-data", "--version", "2", "--keyfile", "rsa.pem", "--output", "esp.bin", "app.bin"];
    Job::new("Sign with RSA-3072")
        .ours("sign `sign`", ours(args, &words, folder), args.runs)
        .peer(OPENSSL, Line::new([&args.openssl]).with(dgst).within(folder), args.runs)
        .peer(
            "`espsecure sign-data`, as Secure Boot V2",
            Line::new([&args.espsecure]).with(espsecure).within(folder),
            args.runs.min(3),
        )
}

fn verify(args: &Args, folder: &Path) -> Job {
    let words = ["verify", "--input", "app.bin", "--signature", "app.sig", "--key", "rsa.pub.pem"];
    let dgst = ["dgst", "-sha256", "-verify", "rsa.pub.pem", "-signature", "app.sig", "app.bin"];
    Job::new("Verify with RSA-3072").ours("sign `verify`", ours(args, &words, folder), args.runs).peer(
        OPENSSL,
        Line::new([&args.openssl]).with(dgst).within(folder),
        args.runs,
    )
}

const LARGE: [&str; 4] =
    ["RSA-3072, `sign`", "RSA-3072, `verify`", "Ed25519, two passes, `sign`", "Ed25519, `verify`"];

fn large(args: &Args, folder: &Path) -> Job {
    let lines = [
        &["sign", "--input", "large.bin", "--key", "rsa.pem", "--output", "rsa.sig"][..],
        &["verify", "--input", "large.bin", "--signature", "rsa.sig", "--key", "rsa.pub.pem"],
        &["sign", "--input", "large.bin", "--key", "ed.pem", "--output", "ed.sig"],
        &["verify", "--input", "large.bin", "--signature", "ed.sig", "--key", "ed.pub.pem"],
    ];
    let job = Job::new("A large file in little memory");
    LARGE.into_iter().zip(lines).fold(job, |job, (name, words)| job.ours(name, ours(args, words, folder), 1))
}

fn machine(args: &Args) -> String {
    comparison::machine(
        &format!("median of {} runs", args.runs),
        &[
            ("sign", multicall(&args.bin, "sign").with(["--version"])),
            ("openssl", Line::new([&args.openssl]).with(["version"])),
            ("espsecure", Line::new([&args.espsecure]).with(["version"])),
        ],
    )
}
