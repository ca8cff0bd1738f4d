//! From files to runs: read, held to their stamps, and joined by shard.

use std::path::PathBuf;

use lw_cli::{Context, Error, ResultExt, parallel};
use lw_hashed::HashMap;
use lw_model::lists::sort;
use lw_model::{Finding, Level, Location, Report};
use lw_results::{Layout, Place, Run, Shards, collapse_repeats, read};
use sha2::{Digest, Sha256};

use crate::args::{Check, Repeats};
use crate::stamp::{self, Stamped};

/// One result: of a file, or of the files of a shard.
pub(crate) struct Input {
    /// The file that decides, as reports name it.
    pub(crate) file: String,
    /// The same as the user named it, or the pattern found it.
    pub(crate) given: String,
    /// The shard, with a layout.
    pub(crate) shard: Option<String>,
    /// What its shards have in common: the leg of a matrix. Empty without a layout.
    pub(crate) leg: String,
    /// The attempt that decides, when it is known.
    pub(crate) attempt: Option<u64>,
    pub(crate) run: Run,
}

impl Input {
    /// What tells it from the others, for a person.
    pub(crate) fn name(&self) -> &str {
        self.shard.as_deref().unwrap_or(&self.file)
    }
}

struct Read {
    name: String,
    given: String,
    digest: [u8; 32],
    run: Run,
    stamp: Option<Result<Stamped, String>>,
}

/// Reads every result file. One that cannot be read is recorded as an error, and does not hide the others.
///
/// # Errors
/// When there is none, the only one cannot be read, or names and layout do not fit.
pub(crate) fn collect(args: &Check, cx: &Context, report: &mut Report) -> Result<Vec<Input>, Error> {
    if args.files.results.is_empty() {
        return Err(Error::usage("there is no result file to read")
            .hint("name them behind `check`, in the input `results`, or in lw.toml"));
    }
    let layout = args.layout.as_deref().map(Layout::parse).transpose()?;
    let commit = stamp::commit(args.files.commit.as_ref(), cx)?;
    let mut paths = cx.expand(&args.files.results, report)?;
    paths.retain(|path| !path.to_string_lossy().ends_with(stamp::SUFFIX));
    sort(&mut paths);
    let several = paths.len() > 1;
    let mut reads = Vec::new();
    for result in read_all(&paths, commit.as_deref(), cx) {
        match result {
            Ok(read) => reads.push(read),
            Err(error) if several => cx.record_error(report, &error),
            Err(error) => return Err(error),
        }
    }
    for read in &mut reads {
        if args.repeats == Repeats::Retry {
            collapse_repeats(&mut read.run);
        }
        tell_odd(read, report);
        if let Some(Err(why)) = &read.stamp {
            let message = format!("{}: {why}", read.name);
            report.add_finding(Finding::new("test-report/wrong-stamp", Level::Error, &read.name, message));
        }
    }
    match layout {
        Some(layout) => by_shard(&layout, reads, args, report),
        None => Ok(by_file(reads, report)),
    }
}

fn read_all(paths: &[PathBuf], commit: Option<&str>, cx: &Context) -> Vec<Result<Read, Error>> {
    let files = cx.files();
    let progress = cx.progress("Reading results", Some(paths.len() as u64));
    let names: Vec<(&PathBuf, String)> = paths.iter().map(|path| (path, cx.display_path(path))).collect();
    parallel::map(&names, |(path, name): &(&PathBuf, String)| {
        let bytes = files.open(path)?;
        let digest: [u8; 32] = Sha256::digest(&bytes[..]).into();
        let stamp = stamp::look(path, &digest, commit, files)?;
        let run = read(&bytes).context(name.clone())?;
        progress.advance(1);
        Ok(Read { name: name.clone(), given: path.to_string_lossy().replace('\\', "/"), digest, run, stamp })
    })
}

fn tell_odd(read: &Read, report: &mut Report) {
    for (kind, times, line) in read.run.oddities.iter() {
        let message = format!("{}: {times} × {}, first in line {line}", read.name, kind.as_str());
        let key = format!("{}:{kind:?}", read.name);
        let line = u32::try_from(line).unwrap_or(u32::MAX).max(1);
        let finding = Finding::new("test-report/odd-report", Level::Note, &key, message);
        report.add_finding(finding.at(Some(Location::line(&read.name, line))));
    }
}

/// Files without a layout each stand for themselves: a name in two of them is two tests.
fn by_file(reads: Vec<Read>, report: &mut Report) -> Vec<Input> {
    let mut known: HashMap<[u8; 32], String> = HashMap::new();
    let mut inputs = Vec::with_capacity(reads.len());
    for read in reads {
        // Of two legs of a matrix they may be, so that both count; but nobody wants that unawares.
        if let Some(first) = known.get(&read.digest) {
            let message = format!(
                "{} has the same bytes as {first}; without a layout nothing says that they are one, and both count",
                read.name
            );
            report.add_finding(Finding::new("test-report/same-file", Level::Note, &read.name, message));
        } else {
            known.insert(read.digest, read.name.clone());
        }
        let attempt = read.stamp.and_then(Result::ok).map(|stamp| stamp.attempt);
        inputs.push(Input {
            file: read.name,
            given: read.given,
            shard: None,
            leg: String::new(),
            attempt,
            run: read.run,
        });
    }
    inputs
}

fn by_shard(
    layout: &Layout,
    reads: Vec<Read>,
    args: &Check,
    report: &mut Report,
) -> Result<Vec<Input>, Error> {
    let mut shards = Shards::default();
    let mut given: HashMap<String, String> = HashMap::new();
    for read in reads {
        given.insert(read.name.clone(), read.given.clone());
        let Place { shard, leg, attempt } = layout.place(&read.name)?;
        let stamped = read.stamp.and_then(Result::ok).map(|stamp| stamp.attempt);
        let place = Place { shard, leg, attempt: attempt.or(stamped) };
        shards.add(&read.name, &place, read.digest, read.run)?;
    }
    for copy in shards.copies() {
        let message =
            format!("{copy} has the same bytes as another file of its shard and attempt, and counts once");
        report.add_finding(Finding::new("test-report/same-file", Level::Note, copy, message));
    }
    let mut inputs = Vec::new();
    for shard in shards.finish() {
        if shard.kept > 0 {
            let message = format!(
                "attempt {} of {} ({}) lacks {} tests of the attempts before it; they stand as they ended there",
                shard.attempt, shard.name, shard.file, shard.kept
            );
            report.add_finding(Finding::new("test-report/attempts", Level::Note, &shard.name, message));
        }
        let (attempt, run) = (Some(shard.attempt), shard.run);
        let name = if shard.name.is_empty() { "all".to_owned() } else { shard.name };
        let given = given.remove(&shard.file).unwrap_or_default();
        inputs.push(Input { file: shard.file, given, shard: Some(name), leg: shard.leg, attempt, run });
    }
    if let Some(expected) = args.expect_shards.filter(|expected| *expected != inputs.len()) {
        let message = format!("{expected} shards have to be there, and there are {}", inputs.len());
        report.add_finding(Finding::new("test-report/lost-shard", Level::Error, "shards", message));
    }
    Ok(inputs)
}
