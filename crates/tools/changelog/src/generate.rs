//! `changelog generate`.

use std::io::{self, Write};

use lw_cli::{Context, Error};
use lw_model::{Align, Cell, Finding, Level, Measure, Report, Table};
use lw_releases::{Fate, Release, Releases, Want};
use lw_versions::Bump;

use crate::args::{ChangelogFormat, Generate};
use crate::markdown::{self, GITHUB_LIMIT, Style};
use crate::{json, lint, source};

/// The most bytes an output of a step gets: GitHub takes 1 MiB for all of a job.
const OUTPUT_LIMIT: usize = 100_000;

/// How many releases the table shows.
const ROWS: usize = 20;

pub(crate) fn run(args: &Generate, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let url = args.repository_url.as_deref().map(address).transpose()?;
    if args.changelog_format == ChangelogFormat::Json && (url.is_some() || args.max_characters.is_some()) {
        return Err(Error::usage("--repository-url and --max-characters are for Markdown, not for JSON")
            .hint("leave them out, or choose another --changelog-format"));
    }
    let found = source::read(&args.source, Want::Head, args.expand_squash, cx, report)?;
    let near = lint::near_misses(&found, report);
    measure(&found, report);
    table(&found, report);
    tell_of_nothing(&found, report);
    let text = match args.changelog_format {
        ChangelogFormat::Json => {
            // Of a long history the whole never stands in memory, unless it is printed.
            let most = if cx.wants("notes") { usize::MAX } else { OUTPUT_LIMIT + 1 };
            let mut start = Start { out: None, kept: Vec::new(), most };
            match &args.output {
                Some(path) => cx.write(path, |out| {
                    let mut tee = Start { out: Some(out), kept: Vec::new(), most };
                    json::write(&found, &mut tee)?;
                    start.kept = tee.kept;
                    Ok(())
                })?,
                None => {
                    json::write(&found, &mut start).map_err(|error| Error::internal(error.to_string()))?;
                }
            }
            String::from_utf8_lossy(&start.kept).into_owned()
        }
        format => {
            let most = match (format, args.max_characters) {
                (ChangelogFormat::Github, most) => Some(most.unwrap_or(GITHUB_LIMIT).min(GITHUB_LIMIT)),
                (_, most) => most,
            };
            let written = markdown::write(&found, &Style { format, url: url.as_deref(), most });
            if written.left_out > 0 {
                let message = format!(
                    "{} of {} entries did not fit into {} characters",
                    written.left_out,
                    written.left_out + written.told,
                    most.unwrap_or_default()
                );
                report.add_finding(Finding::new("changelog/cut", Level::Warning, "cut", message));
            }
            if let Some(path) = &args.output {
                cx.write(path, |out| out.write_all(written.text.as_bytes()))?;
            }
            written.text
        }
    };
    cx.judge(report, None);
    publish(args, &found, near, text, cx, report);
    Ok(())
}

/// Hands on what is written, and keeps the start of it.
struct Start<'a> {
    out: Option<&'a mut dyn Write>,
    kept: Vec<u8>,
    most: usize,
}

impl Write for Start<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(out) = &mut self.out {
            out.write_all(bytes)?;
        }
        let room = self.most.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// An address that is safe in a link.
fn address(url: &str) -> Result<String, Error> {
    let plain = |next: char| next.is_ascii_alphanumeric() || "-._~:/%@+".contains(next);
    let is_address = url.starts_with("https://") || url.starts_with("http://");
    if !is_address || !url.chars().all(plain) {
        return Err(Error::usage(format!("--repository-url {url}: not the address of a repository"))
            .hint("give it as https://github.com/org/app"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn measure(found: &Releases, report: &mut Report) {
    let sum = |is: &dyn Fn(&Release) -> usize| found.releases.iter().map(is).sum::<usize>() as u64;
    let fate = |release: &Release, is: &Fate| release.count(|fate| fate == is);
    let told = sum(&|release| fate(release, &Fate::Told));
    let breaking = sum(&|release| {
        let told = release.entries.iter().filter(|entry| entry.fate == Fate::Told);
        told.filter(|entry| entry.message.breaking.is_some()).count()
    });
    let merges = sum(&|release| fate(release, &Fate::Merge));
    let fixups = sum(&|release| fate(release, &Fate::Fixup));
    let words = sum(&|release| fate(release, &Fate::Unconventional));
    let reverted = sum(&|release| release.count(|fate| matches!(fate, Fate::Reverted(_) | Fate::Reverts)));
    for (name, label, count) in [
        ("changelog.releases", "releases", found.releases.len() as u64),
        ("changelog.commits", "commits", found.log.commits.len() as u64),
        ("changelog.entries", "entries", told),
        ("changelog.breaking", "breaking changes", breaking),
        ("changelog.unconventional", "messages that are not conventional", words),
    ] {
        report.measures.push(Measure::count(name, count).label(label));
    }
    if words > 0 {
        let message = format!("{words} commits have no conventional message, so that they are not told");
        report.add_finding(Finding::new("changelog/unconventional", Level::Note, "words", message));
    }
    let parts =
        [(merges, "merges"), (reverted, "reverted, and what reverts them"), (fixups, "to be squashed")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !parts.is_empty() {
        let message = format!("commits that are not told: {}", parts.join("; "));
        report.add_finding(Finding::new("changelog/left-out", Level::Note, "left-out", message));
    }
}

fn table(found: &Releases, report: &mut Report) {
    let columns = [
        ("Release", Align::Left),
        ("Previous", Align::Left),
        ("Commits", Align::Right),
        ("Entries", Align::Right),
        ("Asks for", Align::Left),
    ];
    let mut table = Table::new("releases", "Releases", &columns);
    let count = |count: usize| Cell::Count(i64::try_from(count).unwrap_or(i64::MAX));
    for release in found.releases.iter().take(ROWS) {
        let tag =
            release.tag.as_ref().map_or(Cell::Text("unreleased".into()), |(tag, _)| Cell::Code(tag.clone()));
        let previous = release.previous.clone().map_or(Cell::Text(String::new()), Cell::Code);
        table.rows.push(vec![
            tag,
            previous,
            count(release.entries.len()),
            count(release.count(|fate| *fate == Fate::Told)),
            Cell::Text(bump(release.bump()).into()),
        ]);
    }
    if found.releases.len() > ROWS {
        table.note = Some(format!("The newest {ROWS} of {} releases.", found.releases.len()));
    }
    report.tables.push(table);
}

fn tell_of_nothing(found: &Releases, report: &mut Report) {
    let told = found.releases.iter().any(|release| release.count(|fate| *fate == Fate::Told) > 0);
    if !told {
        let message = match found.log.commits.len() {
            0 => "there is nothing to tell: no commit is new".to_owned(),
            count => format!("there is nothing to tell of {count} commits"),
        };
        report.add_finding(Finding::new("changelog/nothing-new", Level::Warning, "nothing", message));
    }
}

pub(crate) fn bump(bump: Bump) -> &'static str {
    match bump {
        Bump::None => "none",
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}

fn publish(
    args: &Generate,
    found: &Releases,
    near: usize,
    text: String,
    cx: &mut Context,
    report: &mut Report,
) {
    let told = found.releases.iter().map(|release| release.count(|fate| *fate == Fate::Told)).sum::<usize>();
    cx.output("entries", told.to_string());
    cx.output("near-misses", near.to_string());
    if let Some(newest) = found.releases.first() {
        let tag = newest.tag.as_ref();
        cx.output("version", tag.map(|(_, version)| version.to_string()).unwrap_or_default());
        cx.output("tag", tag.map(|(tag, _)| tag.clone()).unwrap_or_default());
        cx.output("previous", newest.previous.clone().unwrap_or_default());
        cx.output("bump", bump(newest.bump()));
    }
    if let Some(path) = &args.output {
        cx.output("path", cx.display_path(path));
    }
    if text.len() <= OUTPUT_LIMIT {
        cx.output("changelog", text.clone());
    } else {
        let message = format!(
            "the changelog has more than {OUTPUT_LIMIT} bytes, so that no output of the step holds it"
        );
        report.add_finding(Finding::new("changelog/output-too-long", Level::Note, "output", message));
    }
    let releases = if found.releases.len() == 1 {
        "1 release".to_owned()
    } else {
        format!("{} releases", found.releases.len())
    };
    cx.figure(format!("{told} entries in {releases}"));
    if cx.wants("notes") {
        cx.set_format("notes", text);
    }
}
