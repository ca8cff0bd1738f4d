//! `changelog lint`, and what `generate` says of messages.

use lw_cli::{Context, Error, ResultExt};
use lw_conventional::{Kind, Message};
use lw_model::{Finding, Level, Location, Measure, Report};
use lw_releases::{Fate, Keep, MOST_NAMED, Releases, Want, level_of, says, subject_of};

use crate::args::Lint;
use crate::source;

pub(crate) fn run(args: &Lint, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    if let Some(path) = &args.message_file {
        let bytes = cx.open(path)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Error::input(error.to_string()).hint("write the message in UTF-8"));
        let text = text.context(cx.display_path(path))?;
        // What git leaves out of the message, and a template has.
        let kept: Vec<&str> =
            text.split('\n').map(|line| if line.starts_with('#') { "" } else { line }).collect();
        let message = Message::parse(&kept.join("\n"), args.source.commits.rules());
        return file(&message, &cx.display_path(path), args, cx, report);
    }
    let (_, found) = source::read(&args.source, Want::Unreleased, false, Keep::Lines, cx, report)?;
    let near = near_misses(&found, report);
    let level = if args.require_conventional { Level::Error } else { Level::Note };
    let mut words = 0;
    for entry in found.releases.iter().flat_map(|release| &release.entries) {
        // What git writes itself need not be conventional.
        let is_foreign =
            entry.fate == Fate::Unconventional && !matches!(entry.message.kind, Kind::Revert { .. });
        if !is_foreign {
            continue;
        }
        words += 1;
        if words <= MOST_NAMED {
            let id =
                found.log.commits.get(entry.place as usize).map(lw_history::Commit::id).unwrap_or_default();
            let message = format!("{}: `{}` is not conventional", short(&id), subject_of(&entry.message));
            report.add_finding(Finding::new("changelog/unconventional", level, &id, message));
        }
    }
    if words > MOST_NAMED {
        let message = format!("{} more messages are not conventional", words - MOST_NAMED);
        report.add_finding(Finding::new("changelog/unconventional", level, "more", message));
    }
    let commits = found.log.commits.len();
    report.measures.push(Measure::count("lint.messages", commits as u64).label("messages"));
    report.measures.push(Measure::count("lint.near-misses", near as u64).label("near misses"));
    report.measures.push(Measure::count("lint.unconventional", words as u64).label("not conventional"));
    if commits == 0 {
        let message = "there is nothing to look at: no commit is new";
        report.add_finding(Finding::new("changelog/nothing-new", Level::Warning, "nothing", message));
    }
    cx.judge(report, None);
    cx.figure(format!("{commits} messages, {near} near misses, {words} not conventional"));
    cx.output("near-misses", near.to_string());
    Ok(())
}

/// One message, in a file.
fn file(
    message: &Message,
    name: &str,
    args: &Lint,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    for miss in &message.near {
        let line = u32::try_from(miss.line).unwrap_or(u32::MAX);
        let key = format!("{name}:{}:{}", miss.line, miss.near);
        let finding = Finding::new("changelog/near-miss", level_of(miss.near), &key, says(miss));
        report.add_finding(finding.help(miss.near.peers()).at(Some(Location::line(name, line))));
    }
    match message.kind {
        Kind::Empty => return Err(Error::input(format!("{name}: the message is empty")).hint("write one")),
        Kind::Other if args.require_conventional => {
            let text = format!("`{}` is not conventional", subject_of(message));
            let finding = Finding::new("changelog/unconventional", Level::Error, name, text);
            report.add_finding(finding.at(Some(Location::line(name, 1))));
        }
        _ => {}
    }
    report.measures.push(Measure::count("lint.near-misses", message.near.len() as u64).label("near misses"));
    cx.judge(report, None);
    cx.figure(format!("1 message, {} near misses", message.near.len()));
    cx.output("near-misses", message.near.len().to_string());
    Ok(())
}

/// Names what is nearly conventional, and counts it.
pub(crate) fn near_misses(found: &Releases, report: &mut Report) -> usize {
    let near = found.near_misses();
    for finding in near.findings("changelog") {
        report.add_finding(finding);
    }
    near.count
}

fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}
