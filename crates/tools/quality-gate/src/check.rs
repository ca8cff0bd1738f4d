//! `check`.

use lw_cli::{Context, Error};
use lw_model::{Fact, Outcome, Report, Verdict};

use crate::args::Check;
use crate::jobs::Jobs;
use crate::{judge, policy, reports, sonar, sources, tables};

/// Reads, judges and tells.
///
/// # Errors
/// When the policy is malformed, or there is nothing to judge.
pub(crate) fn run(args: &Check, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let policy = policy::read(args, cx, report)?;
    let has_policy = !policy.conditions.is_empty() || !policy.reports.is_empty() || !policy.jobs.is_empty();
    if !has_policy && args.reports.is_empty() && args.needs.is_none() {
        return Err(Error::usage("there is nothing to judge: no condition, no report and no job is named")
            .hint("write [quality-gate.condition.NAME] in lw.toml, or give --min, --max, --preset, --needs or reports"));
    }
    let jobs = Jobs::judge(args.needs.as_deref(), &policy, cx, report)?;
    let commit = reports::commit(args, cx)?;
    let known = commit.as_ref().map(|commit| commit.tested.clone());
    report.facts.push(Fact {
        name: "commit".into(),
        subject: None,
        value: known.unwrap_or_else(|| "not known: reports of any are taken".into()),
    });
    let found = reports::read(args, &policy, cx, report);
    let mut supplies = reports::judge(found, &policy, &jobs, commit.as_ref(), report);
    supplies.extend(sources::read(&policy, &jobs, cx, report));

    let earlier = match cx.baseline(report)? {
        Some((path, bytes)) => cx.read_baseline(&path, &bytes, report)?,
        None => None,
    };
    let rows = judge::conditions(&policy, &jobs, &supplies, earlier.as_ref(), cx, report)?;
    cx.judge(report, None);
    tables::add(&rows, report);
    if cx.wants("sonar") {
        cx.set_format("sonar", sonar::write(&rows, report)?);
    }
    say(cx, report);
    Ok(())
}

fn say(cx: &mut Context, report: &Report) {
    let (mut met, mut breached, mut warned, mut unjudged) = (0_u64, 0_u64, 0_u64, 0_u64);
    for (_, _, limit) in report.limits() {
        match limit.outcome {
            Outcome::Met => met += 1,
            Outcome::Breached | Outcome::Overridden if limit.on_breach == Verdict::Warn => warned += 1,
            Outcome::Breached | Outcome::Overridden => breached += 1,
            Outcome::NotJudged => unjudged += 1,
        }
    }
    for (name, value) in
        [("met", met), ("breached-conditions", breached), ("warned", warned), ("not-judged", unjudged)]
    {
        cx.output(name, value.to_string());
    }
}
