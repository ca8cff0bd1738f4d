//! `version next`.

use lw_cli::{Context, Error};
use lw_model::{Finding, Level, Measure, Report};
use lw_releases::NextOptions;

use crate::args::Next;
use crate::state;

pub(crate) fn run(args: &Next, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let initial = state::initial(args.initial_version.as_deref(), args.history.scheme())?;
    let (repository, catalogue) = state::history(&args.history, cx, report)?;
    let options = args.commits.refine(args.history.options());
    let how =
        NextOptions { zero: args.zero_major.into(), pre_release: args.channel.pre_release.clone(), initial };
    let next =
        lw_releases::next(&repository, &catalogue, &options, &how).map_err(|error| state::told(error, cx))?;
    let family = catalogue.family(args.history.tag_prefix.as_deref())?;
    let last = next.last.as_ref().map(|last| last.tag.clone()).unwrap_or_default();
    let bump = next.bump.name();
    for finding in next.near.findings("version") {
        report.add_finding(finding);
    }
    if next.unconventional > 0 {
        let (commits, ask) =
            if next.unconventional == 1 { ("commit has", "asks") } else { ("commits have", "ask") };
        let message =
            format!("{} {commits} no conventional message, and {ask} for nothing", next.unconventional);
        report.add_finding(Finding::new("version/unconventional", Level::Note, "words", message));
    }
    for (name, label, count) in [
        ("version.near-misses", "near misses", next.near.count),
        ("version.unconventional", "messages that are not conventional", next.unconventional),
    ] {
        report.measures.push(Measure::count(name, count as u64).label(label));
    }
    cx.judge(report, None);
    state::fact(report, "previous", &last);
    state::fact(report, "bump", bump);
    cx.output("previous", &*last);
    cx.output("bump", bump);
    cx.output("commit", repository.resolve(&args.history.head)?);
    let Some(version) = next.version else {
        let message = format!("nothing since {last} asks for a release");
        report.add_finding(Finding::new("version/nothing-to-release", Level::Warning, "nothing", message));
        cx.figure("no next version");
        return Ok(());
    };
    let text = version.to_string();
    let tag = format!("{}{text}", family.0);
    state::fact(report, "version", &text);
    state::fact(report, "tag", &tag);
    state::output_numbers(&version, cx);
    cx.output("is-prerelease", (!version.is_final()).to_string());
    cx.output("version", &*text);
    cx.output("tag", &*tag);
    let from = if last.is_empty() { String::new() } else { format!(", {bump} after {last}") };
    cx.figure(format!("{text}{from}"));
    if cx.wants("plain") {
        cx.set_format("plain", format!("{text}\n"));
    }
    Ok(())
}
