//! changelog, git and git-cliff on generated histories.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::process::{Cost, Line, multicall};

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--commits", "2000", "--runs", "1"];

/// How it is measured for docs/performance.md. The repositories and peers that are given by their folders are measured by hand.
pub(super) const IN_DOCUMENT: &[&str] = &["--tags", "12000", "--runs", "7"];

/// Compare changelog with `git log` and git-cliff
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The changelog binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// A git-cliff; may be given several times. It asks crates.io for its newest version unless the network is cut off
    #[arg(long)]
    git_cliff: Vec<PathBuf>,
    /// A repository to measure as well, `NAME=FOLDER`; may be given several times
    #[arg(long)]
    repo: Vec<String>,
    /// A folder of a repository to measure by itself, `NAME=FOLDER:PATH`; may be given several times
    #[arg(long)]
    path: Vec<String>,
    /// A conventional-changelog with the preset `conventionalcommits` beside it, for the repositories that `--path` names: of one
    /// with 12 000 tags it takes minutes
    #[arg(long)]
    conventional_changelog: Option<PathBuf>,
    /// Commits of the histories; each is measured with a tag every 100 commits
    #[arg(long, default_values_t = [10_000, 50_000])]
    commits: Vec<u32>,
    /// Tags of the history with a tag every other commit; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    tags: u32,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Runs of git-cliff
    #[arg(long, default_value_t = 1)]
    peer_runs: usize,
    /// Fail when a whole history takes more than 1.5 times the CPU time of `git log` or 100 MiB, or a folder more than 3 times
    /// that of `git log -- path`
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:changelog -->` and `<!-- /bench:changelog -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// How many times the CPU time of `git log` a whole history may take.
const WANTED_CPU: f64 = 1.5;

/// How many times the CPU time of `git log -- path` the history of a folder may take.
const WANTED_CPU_OF_PATH: f64 = 3.0;

/// How much memory it may take, in bytes.
const WANTED_PEAK: u64 = 100 << 20;

/// Measures all and prints the tables.
///
/// # Errors
/// When our own binary fails or a history cannot be made; a peer that is not installed is left out. With `--check` also when a
/// limit is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let config = folder.path().join("cliff.toml");
    std::fs::write(&config, CLIFF).context("failed to write the configuration of git-cliff")?;
    let how = format!(
        "median of {} runs ({} of git-cliff and conventional-changelog, without a network)",
        args.runs, args.peer_runs
    );
    let mut text = comparison::machine(&how, &[("git", Line::new(["git", "--version"]))]);
    let mut ratios = Vec::new();
    let mut sizes: Vec<(u32, u32)> = args.commits.iter().map(|commits| (*commits, 100)).collect();
    if args.tags > 0 {
        sizes.push((args.tags * 2, 2));
    }
    for (commits, every) in sizes {
        let repository = folder.path().join(format!("{commits}-{every}.git"));
        history(&repository, commits, every)?;
        let title = format!("{commits} commits, a tag every {every}");
        let all = job(args, &config, &repository, &title, Part::All)?;
        ratios.extend(ratio(&all)?);
        text += &format!("\n{}", all.show());
        let last = format!("v0.{}.0", commits / every);
        let title = format!("One release of {}", commits / every);
        let one = job(args, &config, &repository, &title, Part::Release(&last))?;
        text += &format!("\n{}", one.show());
    }
    for repository in &args.repo {
        let (name, path) = repository.split_once('=').context("--repo is NAME=FOLDER")?;
        let whole = folder.path().join(format!("{name}.git"));
        // Without what another program may have left beside it, and with a place for what is written.
        std::fs::create_dir(&whole)?;
        let with_conventional =
            args.path.iter().any(|one| one.split_once('=').is_some_and(|(other, _)| other == name));
        let all = Repo { git: Path::new(path), out: &whole.join("changelog.md"), with_conventional };
        let all = job_of(args, &config, &all, &format!("{name}, whole history"), Part::All)?;
        ratios.extend(ratio(&all)?);
        text += &format!("\n{}", all.show());
    }
    for one in &args.path {
        let (name, rest) = one.split_once('=').context("--path is NAME=FOLDER:PATH")?;
        let (git, path) = rest.split_once(':').context("--path is NAME=FOLDER:PATH")?;
        let out = folder.path().join(format!("{name}-path.md"));
        let repo = Repo { git: Path::new(git), out: &out, with_conventional: true };
        let job = job_of(args, &config, &repo, &format!("{name}, `{path}` alone"), Part::Path(path))?;
        ratios.extend(ratio(&job)?);
        text += &format!("\n{}", job.show());
    }
    text +=
        &format!("\n{}\n", ratios.iter().map(|(line, _)| format!("- {line}")).collect::<Vec<_>>().join("\n"));
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "changelog", &text)?;
    }
    let missed: Vec<&str> =
        ratios.iter().filter(|(_, missed)| *missed).map(|(line, _)| line.as_str()).collect();
    ensure!(!args.check || missed.is_empty(), "{}", missed.join("; "));
    Ok(())
}

/// A repository, and where its changelog is written.
struct Repo<'a> {
    git: &'a Path,
    out: &'a Path,
    /// Whether conventional-changelog is measured as well, where it is given.
    with_conventional: bool,
}

/// What is told of a repository.
#[derive(Clone, Copy)]
enum Part<'a> {
    All,
    /// The release of a tag.
    Release(&'a str),
    /// What touches a folder.
    Path(&'a str),
}

/// What a job takes beside `git log` and the peers, and whether that is too much.
fn ratio(job: &Job) -> Result<Vec<(String, bool)>> {
    let ours = job.cost()?;
    let times = |cost: Cost| cost.cpu.as_secs_f64() / ours.cpu.as_secs_f64();
    let mut lines = Vec::new();
    for (log, wanted) in [(GIT_LOG, WANTED_CPU), (GIT_LOG_OF_PATH, WANTED_CPU_OF_PATH)] {
        let Some(git) = job.cost_of(log) else { continue };
        let times = 1.0 / times(git);
        let line = format!(
            "{}: {times:.2} times the CPU time of {log} (at most {wanted}), {:.1} MiB (at most {})",
            job.title(),
            ours.peak as f64 / f64::from(1 << 20),
            WANTED_PEAK >> 20
        );
        lines.push((line, times > wanted || ours.peak > WANTED_PEAK));
    }
    let is_peer = |name: &str| name.starts_with("git-cliff") || name.starts_with("conventional-changelog");
    for (name, cost) in job.costs().filter(|(name, _)| is_peer(name)) {
        lines.push((format!("{}: {name} takes {:.1} times the CPU time", job.title(), times(cost)), false));
    }
    Ok(lines)
}

const GIT_LOG: &str = "`git log`";
const GIT_LOG_OF_PATH: &str = "`git log -- path`";

fn job(args: &Args, config: &Path, repository: &Path, title: &str, part: Part<'_>) -> Result<Job> {
    let out = repository.with_extension("md");
    job_of(args, config, &Repo { git: repository, out: &out, with_conventional: false }, title, part)
}

fn job_of(args: &Args, config: &Path, repo: &Repo<'_>, title: &str, part: Part<'_>) -> Result<Job> {
    let (repository, out) = (repo.git, repo.out);
    let mut ours = multicall(&args.bin, "changelog").with(["generate", "--config", "none", "--repo"]);
    ours = ours.with([repository.as_os_str(), "--output".as_ref(), out.as_os_str()]);
    let mut git = Line::new(["git", "-C"]).with([repository.as_os_str(), "log".as_ref()]);
    git = git.with(["--format=%H%x00%ct%x00%D%x00%B%x01"]);
    let mut log = GIT_LOG;
    match part {
        Part::All => {}
        Part::Release(tag) => {
            ours = ours.with(["--tag", tag]);
            git = git.with([format!("{tag}~20..{tag}")]);
        }
        Part::Path(path) => {
            ours = ours.with(["--path", path]);
            git = git.with(["--", path]);
            log = GIT_LOG_OF_PATH;
        }
    }
    let mut job = Job::new(title).ours("changelog", ours, args.runs).peer(log, git, args.runs);
    for cliff in &args.git_cliff {
        let name = Line::new([cliff.as_os_str(), "--version".as_ref()]).output().unwrap_or_default();
        let mut line =
            Line::new(["unshare", "-rn"]).with([cliff.as_os_str(), "--config".as_ref(), config.as_os_str()]);
        // In the repository: named with `--repository`, it looks at the files of every commit.
        line = line.with(["--output".as_ref(), out.as_os_str()]).within(repository);
        match part {
            Part::All => {}
            Part::Release(_) => line = line.with(["--latest"]),
            Part::Path(path) => line = line.with([format!("--include-path={path}/**/*")]),
        }
        let name = name.lines().next().filter(|name| name.starts_with("git-cliff")).unwrap_or("git-cliff");
        job = job.peer(name, line, args.peer_runs);
    }
    if let (Some(program), true) = (&args.conventional_changelog, repo.with_conventional) {
        let mut line = Line::new(["unshare", "-rn"]).with([program.as_os_str()]).within(repository);
        line = line.with(["-p", "conventionalcommits", "-r", "0", "--stdout"]);
        if let Part::Path(path) = part {
            line = line.with(["--commit-path", path]);
        }
        let version = Line::new([program.as_os_str(), "--version".as_ref()]).output().unwrap_or_default();
        job = job.peer(format!("conventional-changelog {}", version.trim()), line, args.peer_runs);
    }
    job.measure(false)?;
    Ok(job)
}

/// A bare repository of one line with merges, made by `git fast-import`: the same bytes each time.
fn history(path: &Path, commits: u32, every: u32) -> Result<()> {
    use std::io::Write as _;
    let status = Command::new("git").args(["init", "-q", "--bare", "-b", "main"]).arg(path).status();
    ensure!(status.context("git is needed")?.success(), "git init failed");
    let mut child = Command::new("git")
        .arg("-C")
        .arg(path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .context("failed to start git fast-import")?;
    let input = child.stdin.take().context("no input")?;
    let mut input = std::io::BufWriter::new(input);
    let kinds = ["feat", "fix", "docs", "fix", "chore", "refactor", "test"];
    for mark in 1..=commits {
        let kind = kinds.get(mark as usize % kinds.len()).copied().unwrap_or("fix");
        let mut message =
            format!("{kind}(part{}): change number {mark} of the history (#{mark})\n", mark % 13);
        if mark % 40 == 0 {
            message += "\nWhy it was done, over\ntwo lines.\n\nBREAKING CHANGE: another form of it\n\nSigned-off-by: A <a@b.example>\n";
        }
        let time = 1_600_000_000 + u64::from(mark) * 600;
        writeln!(
            input,
            "commit refs/heads/main\nmark :{mark}\ncommitter A <a@b.example> {time} +0000\ndata {}\n{message}",
            message.len()
        )?;
        if mark > 1 {
            writeln!(input, "from :{}", mark - 1)?;
        }
        if mark % 50 == 0 && mark > 10 {
            writeln!(input, "merge :{}", mark - 5)?;
        }
        let content = mark.to_string();
        writeln!(
            input,
            "M 100644 inline part{}/f{}\ndata {}\n{content}",
            mark % 13,
            mark % 101,
            content.len()
        )?;
        if mark % every == 0 {
            writeln!(input, "reset refs/tags/v0.{}.0\nfrom :{mark}\n", mark / every)?;
        }
    }
    drop(input);
    ensure!(child.wait()?.success(), "git fast-import failed");
    let packed = Command::new("git").arg("-C").arg(path).args(["pack-refs", "--all"]).status()?;
    ensure!(packed.success(), "git pack-refs failed");
    Ok(())
}

/// Groups by type, all tags, every release: the same work.
const CLIFF: &str = r#"
[changelog]
body = """
## {{ version }}
{% for group, commits in commits | group_by(attribute="group") %}
### {{ group }}
{% for commit in commits %}- {{ commit.message }}
{% endfor %}{% endfor %}
"""
[git]
conventional_commits = true
filter_unconventional = true
commit_parsers = [ { message = "^feat", group = "feat" }, { message = "^fix", group = "fix" }, { message = ".*", group = "other" } ]
tag_pattern = "v[0-9].*"
"#;
