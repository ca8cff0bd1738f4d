//! Reports: found, read, held to one commit, and told apart.

use std::hash::{BuildHasher, Hasher};

use lw_cli::{Context, Error, ResultExt};
use lw_hashed::{HashMap, HashSet};
use lw_model::{Finding, Level, Report, Verdict};
use lw_render::joined;
use lw_report::Commit;

use crate::args::Args;

/// The most reports that are joined.
const MOST: usize = 10_000;

/// What a report says of itself that tells it from others: tool, title and subject.
type Key<'r> = (&'r str, Option<&'r str>, Option<&'r str>);

/// A report that is joined.
pub(crate) struct Found {
    /// The file, or the name in the artifact.
    pub(crate) file: String,
    pub(crate) told: Report,
    /// Measures that were dropped though they matter.
    pub(crate) dropped: usize,
}

/// What was read, and what could not be.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) found: Vec<Found>,
    /// What could not be joined, for the comment.
    pub(crate) problems: Vec<String>,
    /// What is missing and may be.
    pub(crate) notes: Vec<String>,
    seen: Seen,
}

/// The reports there were, by what is in them.
#[derive(Default)]
struct Seen {
    /// Nobody can know it before, and so make two files that it takes for one. All it would do is to refuse both.
    key: foldhash::quality::RandomState,
    files: HashMap<(usize, u64), String>,
}

impl Seen {
    /// The file that had the same bytes.
    fn insert(&mut self, file: &str, bytes: &[u8]) -> Option<String> {
        let mut hasher = self.key.build_hasher();
        hasher.write(bytes);
        self.files.insert((bytes.len(), hasher.finish()), file.to_owned())
    }
}

/// Which commit the reports have to be of.
pub(crate) enum Wanted {
    /// This one.
    Tested(Commit),
    /// The tip of a pull request: what was checked out may be the merge that was tested.
    Head(Commit),
    /// The one that the first report names, because nobody else says one.
    SameAsFirst(Option<Commit>),
    /// Any.
    Any,
}

impl Wanted {
    /// What the arguments and the CI say.
    ///
    /// # Errors
    /// When the user gave something that is no full id.
    pub(crate) fn of(args: &Args, cx: &Context) -> Result<Self, Error> {
        if args.any_commit {
            return Ok(Self::Any);
        }
        if let Some(given) = &args.commit {
            if !lw_history::is_full_id(given) {
                return Err(Error::usage(format!("`{given}` is no commit"))
                    .hint("give all 40 digits, as `git rev-parse HEAD` prints them"));
            }
            return Ok(Self::Tested(Commit::new(given, None)));
        }
        let ci = cx.ci_context();
        Ok(match &ci.commit {
            Some(tested) => Self::Tested(Commit::new(tested, ci.head_commit.as_deref())),
            None => Self::SameAsFirst(None),
        })
    }

    fn refusal(&mut self, report: &Report) -> Option<String> {
        match self {
            Self::Tested(commit) | Self::SameAsFirst(Some(commit)) => commit.refusal(report),
            Self::Head(commit) => commit.refusal_by_head(report),
            Self::SameAsFirst(first) => {
                let provenance = report.provenance.as_ref()?;
                *first = Some(Commit::new(provenance.commit.as_deref()?, None));
                None
            }
            Self::Any => None,
        }
    }
}

impl Collected {
    /// Reads the files that are named. One that cannot be read is told, and does not hide the others.
    pub(crate) fn files(args: &Args, wanted: &mut Wanted, cx: &Context, report: &mut Report) -> Self {
        let mut all = Self::default();
        let mut known = HashSet::new();
        for pattern in &args.reports {
            let before = report.findings.len();
            let paths = match cx.expand(std::slice::from_ref(pattern), report) {
                Ok(paths) => paths,
                Err(error) => {
                    all.fail(cx, report, &error);
                    continue;
                }
            };
            // What is missing and may be: the edge has noted it.
            all.notes.extend(report.findings.iter().skip(before).map(|finding| finding.message.clone()));
            for path in paths {
                if !known.insert(cx.resolve(&path)) {
                    continue;
                }
                if known.len() > MOST {
                    let error = Error::input(format!("{pattern}: more than {MOST} reports are given"));
                    all.fail(
                        cx,
                        report,
                        &error.hint("join fewer, or several comments with keys of their own"),
                    );
                    return all;
                }
                let read =
                    cx.open(&path).and_then(|bytes| all.add(&cx.display_path(&path), &bytes, wanted, report));
                if let Err(error) = read {
                    all.fail(cx, report, &error);
                }
            }
        }
        all
    }

    fn fail(&mut self, cx: &Context, report: &mut Report, error: &Error) {
        cx.record_error(report, error);
        self.problems.push(error.message());
    }

    /// Adds a report, unless it is refused, which is told.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn add(
        &mut self,
        file: &str,
        bytes: &[u8],
        wanted: &mut Wanted,
        report: &mut Report,
    ) -> Result<(), Error> {
        if let Some(first) = self.seen.insert(file, bytes) {
            let message = format!("{file} is the same report as {first}, to the byte");
            self.problems.push(message.clone());
            report.add_finding(Finding::new("pr-comment/same-report", Level::Error, file, message));
            return Ok(());
        }
        let mut told = lw_report::read_what_matters(bytes).context(file.to_owned())?;
        if let Some(why) = wanted.refusal(&told) {
            let message = format!("{file}: {why}");
            self.problems.push(message.clone());
            report.add_finding(Finding::new("pr-comment/report-refused", Level::Error, file, message));
            return Ok(());
        }
        judge(file, &told, report);
        if told.provenance.as_ref().and_then(|provenance| provenance.complete) == Some(false) {
            // What was left out may be what is broken.
            told.verdict = Verdict::Error;
        }
        let dropped = joined::keep(&mut told);
        self.found.push(Found { file: file.to_owned(), told, dropped });
        Ok(())
    }

    /// What tells each report from the others: nothing where tool, title and subjects do, or else what differs in the names of
    /// the files.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut uses: HashMap<Key<'_>, usize> = HashMap::new();
        let keys: Vec<Vec<Key<'_>>> = self
            .found
            .iter()
            .map(|found| {
                let (tool, title) = (found.told.tool.name.as_str(), found.told.title.as_deref());
                let mut subjects = subjects(&found.told);
                if subjects.is_empty() {
                    subjects.push(None);
                }
                subjects.into_iter().map(|subject| (tool, title, subject)).collect()
            })
            .collect();
        for key in keys.iter().flatten() {
            *uses.entry(*key).or_default() += 1;
        }
        let is_twin =
            |keys: &Vec<Key<'_>>| keys.iter().any(|key| uses.get(key).is_some_and(|count| *count > 1));
        let twins: Vec<&str> = keys
            .iter()
            .zip(&self.found)
            .filter(|(keys, _)| is_twin(keys))
            .map(|(_, found)| found.file.as_str())
            .collect();
        let short = shortened(&twins);
        keys.iter()
            .zip(&self.found)
            .map(|(keys, found)| {
                let name = is_twin(keys).then(|| short.get(found.file.as_str()).cloned()).flatten();
                name.unwrap_or_default()
            })
            .collect()
    }
}

/// What a report is about: itself as a whole, or the subjects of a matrix, of which most also say something of the whole.
fn subjects(report: &Report) -> Vec<Option<&str>> {
    let mut subjects = report.subjects();
    if subjects.len() > 1 {
        subjects.retain(Option::is_some);
    }
    subjects
}

/// What differs in the names of files: without the folders they begin with, and without the parts they all end with.
fn shortened<'f>(files: &[&'f str]) -> HashMap<&'f str, String> {
    let parts: Vec<Vec<&str>> = files.iter().map(|file| file.split('/').collect()).collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or_default();
    let same = |at: &dyn Fn(&Vec<&'f str>) -> Option<&'f str>| {
        let first = parts.first().and_then(at);
        first.is_some() && parts.iter().all(|file| at(file) == first)
    };
    let start = (0..shortest).take_while(|index| same(&|file| file.get(*index).copied())).count();
    let end = (0..shortest.saturating_sub(start))
        .take_while(|index| same(&|file| file.get(file.len().checked_sub(index + 1)?).copied()))
        .count();
    files
        .iter()
        .zip(&parts)
        .map(|(file, parts)| {
            let inner = parts.get(start..parts.len().saturating_sub(end)).unwrap_or_default().join("/");
            let inner = if inner.is_empty() { (*file).to_owned() } else { inner };
            (*file, inner.strip_suffix(".json").map_or(inner.clone(), str::to_owned))
        })
        .collect()
}

/// Tells how a report came off.
fn judge(file: &str, told: &Report, report: &mut Report) {
    let tool = &told.tool.name;
    let complete = told.provenance.as_ref().and_then(|provenance| provenance.complete);
    let summary = &told.summary;
    let (rule, level, message) = match told.worst() {
        Verdict::Error => (
            "report-incomplete",
            Level::Error,
            format!("{file}: {tool} could not do all of its job: {summary}"),
        ),
        _ if complete == Some(false) => (
            "report-incomplete",
            Level::Error,
            format!("{file}: {tool} could not do all of its job: {summary}"),
        ),
        Verdict::Fail => ("report-failed", Level::Error, format!("{file}: {tool} failed: {summary}")),
        Verdict::Warn => ("report-warned", Level::Warning, format!("{file}: {tool} warns: {summary}")),
        Verdict::Pass => return,
    };
    report.add_finding(Finding::new(format!("pr-comment/{rule}"), level, file, message));
}

/// The message and the advice of an error of the readers.
pub(crate) fn advice(error: &impl lw_model::Diagnose) -> (String, Option<String>) {
    (error.to_string(), error.hint().map(std::borrow::Cow::into_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[&str]) -> Vec<String> {
        let short = shortened(files);
        files.iter().map(|file| short[file].clone()).collect()
    }

    #[test]
    fn files_are_told_apart_by_what_differs_in_their_names() {
        assert_eq!(names(&["r/esp32/size.json", "r/esp32-s3/size.json"]), ["esp32", "esp32-s3"]);
        assert_eq!(names(&["r/esp32.json", "r/esp32-s3.json"]), ["esp32", "esp32-s3"]);
        assert_eq!(names(&["size.json", "esp32/size.json"]), ["size", "esp32"]);
        assert_eq!(names(&["a/x/size.json", "b/x/size.json", "b/y/z/size.json"]), ["a/x", "b/x", "b/y/z"]);
        assert_eq!(names(&["size.json"]), ["size"]);
    }
}
