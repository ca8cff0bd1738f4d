//! `changelog generate`.

use std::io::{self, Write};
use std::path::Path;

use lw_cli::{Context, Error};
use lw_model::{Align, Cell, Finding, Level, Measure, Report, Table};
use lw_releases::{Fate, Keep, Release, Releases, Want};
use minijinja::context;

use crate::args::{ChangelogFormat, Generate};
use crate::error::InputError;
use crate::json::{self, Beside};
use crate::markdown::{self, GITHUB_LIMIT, Style, Written};
use crate::prepend::{self, Names, New};
use crate::pulls::{self, Pulls};
use crate::template::Template;
use crate::{contributors, groups, lint, source};

/// The most bytes an output of a step gets: GitHub takes 1 MiB for all of a job.
const OUTPUT_LIMIT: usize = 100_000;

/// How many releases the table shows.
const ROWS: usize = 20;

pub(crate) fn run(args: &Generate, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let url = args.repository_url.as_deref().map(address).transpose()?;
    refuse_contradictions(args)?;
    let pulls = args
        .pulls
        .as_deref()
        .filter(|path| !pulls::are_fetched(path))
        .map(|path| Pulls::parse(&cx.open(path)?, &cx.display_path(path)).map_err(Error::from));
    let mut pulls = pulls.transpose()?;
    let template =
        args.template.as_deref().map(|path| Ok::<_, Error>((cx.open(path)?, cx.display_path(path))));
    let template = template.transpose()?;
    let template = template.as_ref().map(|(bytes, path)| Template::parse(bytes, path)).transpose()?;
    let needs_texts =
        args.changelog_format == ChangelogFormat::Json || template.is_some() || args.expand_squash;
    let keep = if needs_texts { Keep::Texts } else { Keep::Told(&groups::MIGRATION) };
    let (repository, mut found) =
        source::read(&args.source, Want::Head, args.expand_squash, keep, cx, report)?;
    if args.pulls.as_deref().is_some_and(pulls::are_fetched) {
        pulls = Some(Pulls::fetch(args.token.as_ref(), &found, cx)?);
    }
    if let Some(pulls) = &pulls {
        let linked = pulls.link(&mut found);
        let measure = Measure::count("changelog.pull-requests", pulls.len() as u64);
        report.measures.push(measure.label("pull requests known"));
        if linked == 0 && !found.log.commits.is_empty() {
            let message = format!("none of {} pull requests belongs to a commit that is told", pulls.len());
            report.add_finding(Finding::new("changelog/no-pull-request", Level::Warning, "pulls", message));
        }
    }
    let newcomers = if args.new_contributors {
        let newcomers = contributors::newcomers(&repository, &found, pulls.as_ref(), cx)?;
        let count = newcomers.iter().map(Vec::len).sum::<usize>() as u64;
        report.measures.push(Measure::count("changelog.new-contributors", count).label("new contributors"));
        newcomers
    } else {
        Vec::new()
    };
    drop(repository);
    let beside = Beside { pulls: pulls.as_ref(), newcomers: &newcomers };
    let near = lint::near_misses(&found, report);
    measure(&found, report);
    table(&found, report);
    tell_of_nothing(&found, report);
    let most = match (args.changelog_format, args.max_characters) {
        (ChangelogFormat::Github, most) => Some(most.unwrap_or(GITHUB_LIMIT).min(GITHUB_LIMIT)),
        (_, most) => most,
    };
    let style = Style {
        format: args.changelog_format,
        url: url.as_deref(),
        most,
        pulls: beside.pulls,
        newcomers: beside.newcomers,
    };
    let text = match (args.changelog_format, &args.prepend, &template) {
        (ChangelogFormat::Json, ..) => write_json(args, &found, beside, cx)?,
        (_, Some(path), template) => put_into(path, args, &found, &style, template.as_ref(), cx, report)?,
        (_, None, template) => {
            let written = match template {
                Some(template) => fill(template, &found, beside, &style)?,
                None => markdown::write(&found, &style),
            };
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
    // The process ends after this: to free a hundred thousand texts one by one would take as long as to read some.
    std::mem::forget(found);
    Ok(())
}

fn refuse_contradictions(args: &Generate) -> Result<(), Error> {
    let format = args.changelog_format;
    let markdown_only = args.repository_url.is_some() || args.max_characters.is_some();
    if format == ChangelogFormat::Json && markdown_only && args.template.is_none() {
        return Err(Error::usage("--repository-url and --max-characters are for Markdown, not for JSON")
            .hint("leave them out, or choose another --changelog-format"));
    }
    if args.template.is_some() && !matches!(format, ChangelogFormat::Markdown | ChangelogFormat::Github) {
        return Err(Error::usage("--template writes Markdown: neither JSON nor the format of Keep a Changelog")
            .hint("leave --changelog-format out; or set it to github, for notes that are cut where GitHub would refuse them"));
    }
    if args.prepend.is_some() {
        if args.output.is_some() {
            return Err(Error::usage("--prepend and --output exclude each other")
                .hint("--prepend writes the file it names; what was put into it is the output `changelog`"));
        }
        if !matches!(format, ChangelogFormat::Markdown | ChangelogFormat::KeepAChangelog) {
            return Err(Error::usage(
                "--prepend puts releases into a changelog, which notes for GitHub and JSON are not",
            )
            .hint("choose --changelog-format markdown or keep-a-changelog"));
        }
        if args.max_characters.is_some() {
            return Err(Error::usage(
                "--prepend puts whole releases into a changelog: --max-characters would cut them",
            )
            .hint("leave --max-characters out; notes that are cut come of a run with --output"));
        }
    }
    if args.token.is_some() && !args.pulls.as_deref().is_some_and(pulls::are_fetched) {
        return Err(Error::usage("--token is for --pulls github, which is not given")
            .hint("add --pulls github, or leave --token out"));
    }
    let source = &args.source;
    let is_one = source.tag.is_some() || source.since.is_some() || source.unreleased;
    if args.new_contributors && !source.commits.path.is_empty() && !is_one {
        return Err(Error::usage("--new-contributors with --path is told of one release at a time")
            .hint("add --tag, --since or --unreleased"));
    }
    Ok(())
}

fn write_json(
    args: &Generate,
    found: &Releases,
    beside: Beside<'_>,
    cx: &mut Context,
) -> Result<String, Error> {
    // Of a long history the whole never stands in memory, unless it is printed.
    let most = if cx.wants("notes") { usize::MAX } else { OUTPUT_LIMIT + 1 };
    let mut start = Start { out: None, kept: Vec::new(), most };
    match &args.output {
        Some(path) => cx.write(path, |out| {
            let mut tee = Start { out: Some(out), kept: Vec::new(), most };
            json::write(found, beside, &mut tee)?;
            start.kept = tee.kept;
            Ok(())
        })?,
        None => {
            json::write(found, beside, &mut start).map_err(|error| Error::internal(error.to_string()))?;
        }
    }
    Ok(String::from_utf8_lossy(&start.kept).into_owned())
}

/// Fills a template with as many entries as there is room for.
fn fill(
    template: &Template<'_>,
    found: &Releases,
    beside: Beside<'_>,
    style: &Style<'_>,
) -> Result<Written, InputError> {
    let all = found.releases.iter().map(|release| release.count(|fate| *fate == Fate::Told)).sum::<usize>();
    let write = |told: usize| {
        let values = context! {
            releases => json::told(found, beside, told),
            repository_url => style.url,
            left_out => all - told,
        };
        let text = template.render(values)?;
        let fits = style.most.is_none_or(|most| text.encode_utf16().count() <= most);
        Ok::<_, InputError>((Written { text, left_out: all - told, told }, fits))
    };
    let (written, fits) = write(all)?;
    if fits {
        return Ok(written);
    }
    // What fits is between these, and each step halves it.
    let (mut least, mut most, mut best) = (0, all, None);
    while least < most {
        let middle = least + (most - least) / 2;
        let (written, fits) = write(middle)?;
        if fits {
            best = Some(written);
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    best.ok_or_else(|| InputError::NoRoom {
        path: template.path().to_owned(),
        most: style.most.unwrap_or_default(),
    })
}

/// Puts the releases into a changelog that may be there; gives what was put in.
fn put_into(
    path: &Path,
    args: &Generate,
    found: &Releases,
    style: &Style<'_>,
    template: Option<&Template<'_>>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<String, Error> {
    let name = cx.display_path(path);
    cx.files().allow_replacing(path);
    let old = if cx.resolve(path).exists() {
        let bytes = cx.open(path)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| InputError::NoText { path: name.clone(), offset: error.valid_up_to() })?;
        text.to_owned()
    } else {
        String::new()
    };
    let mut new = Vec::with_capacity(found.releases.len());
    for (release, section) in found.releases.iter().zip(markdown::sections(found, style)) {
        let mut text = section.text;
        if let Some(template) = template {
            let one = Releases { releases: vec![release.clone()], ..found.clone() };
            text = fill(template, &one, Beside { pulls: style.pulls, newcomers: &[] }, style)?.text;
            // What stands above the section is the title, which is there already.
            text =
                prepend::section(&text, release.tag.as_ref(), &found.family.0, args.source.history.scheme())
                    .ok_or_else(|| InputError::NoSection {
                        path: template.path().to_owned(),
                        version: release.tag.as_ref().map_or("Unreleased".to_owned(), |(tag, _)| tag.clone()),
                        changelog: name.clone(),
                    })?;
        }
        new.push(New { release: release.tag.clone(), text, gone: section.gone, link: section.link });
    }
    let newest = found.releases.iter().find_map(|release| release.tag.as_ref());
    let since = style.url.zip(newest).map(|(url, (tag, _))| markdown::since(url, tag));
    let names = Names { prefix: &found.family.0, scheme: args.source.history.scheme() };
    let title = if old.trim().is_empty() && template.is_none() { markdown::title(style.format) } else { "" };
    let put = prepend::prepend(&format!("{old}{title}"), &new, since.as_deref(), &names)
        .map_err(|line| InputError::Unclosed { path: name.clone(), line })?;
    if !put.kept.is_empty() {
        let message =
            format!("{name} has {} already, and keeps it as it is", lw_releases::listed(put.kept.iter()));
        report.add_finding(Finding::new("changelog/kept", Level::Note, "kept", message));
    }
    if put.moved > 0 {
        let (entries, are) = if put.moved == 1 { ("entry", "is") } else { ("entries", "are") };
        let message = format!("{} {entries} of {name} that {are} written by hand stay", put.moved);
        report.add_finding(Finding::new("changelog/by-hand", Level::Note, "by-hand", message));
    }
    cx.write(path, |out| out.write_all(put.text.as_bytes()))?;
    let is_new = |section: &&New| section.release.as_ref().is_none_or(|(tag, _)| !put.kept.contains(tag));
    let texts: Vec<&str> = new.iter().filter(is_new).map(|section| section.text.as_str()).collect();
    Ok(texts.join("\n"))
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
            Cell::Text(release.bump().name().into()),
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
        cx.output("bump", newest.bump().name());
    }
    if let Some(path) = args.output.as_ref().or(args.prepend.as_ref()) {
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
