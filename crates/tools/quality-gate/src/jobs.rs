//! How the jobs of the workflow ended.

use std::collections::BTreeMap;

use lw_cli::{Context, Error};
use lw_figures::{Ended, needs};
use lw_model::{Align, Cell, Finding, Level, Report, Table, Verdict};

use crate::policy::Policy;

/// How each job ended, and whether it may be skipped on this event.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    ended: BTreeMap<String, (Ended, bool)>,
}

impl Jobs {
    /// Holds the jobs to the policy, and tells of each that is no success.
    ///
    /// # Errors
    /// When what is said of them cannot be read.
    pub(crate) fn judge(
        text: Option<&str>,
        policy: &Policy,
        cx: &Context,
        report: &mut Report,
    ) -> Result<Self, Error> {
        let mut add = |rule: &str, level: Level, job: &str, message: String| {
            report.add_finding(Finding::new(format!("quality-gate/{rule}"), level, job, message));
        };
        let Some(text) = text else {
            if !policy.jobs.is_empty() {
                let names: Vec<&str> = policy.jobs.keys().map(String::as_str).collect();
                let message =
                    format!("how the jobs ended is not known, and it has to be of {}", names.join(", "));
                add("job-missing", Level::Error, "needs", message);
            }
            return Ok(Self::default());
        };
        let all = needs(text)?;
        if all.is_empty() {
            add(
                "job-missing",
                Level::Error,
                "needs",
                "the gate needs no job: nothing is known of any".into(),
            );
        }
        let event = cx.ci_context().event.clone();
        let mut table = Table::new(
            "jobs",
            "Jobs",
            &[("Job", Align::Left), ("Ended", Align::Left), ("Answer", Align::Left)],
        );
        let mut jobs = Self::default();
        for job in all {
            let may_skip = policy.jobs.get(&job.id).is_some_and(|entry| {
                event.as_ref().is_some_and(|event| entry.may_skip_on.iter().any(|known| known == event))
            });
            let on = event.as_deref().unwrap_or("an event that is not known");
            let word = job.ended.as_str();
            let verdict = match &job.ended {
                Ended::Success => Verdict::Pass,
                Ended::Skipped if may_skip => {
                    let message = format!("the job {} did not run, as it may on {on}", job.id);
                    add("job-skipped-by-policy", Level::Note, &job.id, message);
                    Verdict::Pass
                }
                Ended::Skipped => {
                    let message =
                        format!("the job {} did not run, and nothing says that it may not on {on}", job.id);
                    add("job-skipped", Level::Error, &job.id, message);
                    Verdict::Fail
                }
                Ended::Failure => {
                    add("job-failed", Level::Error, &job.id, format!("the job {} failed", job.id));
                    Verdict::Fail
                }
                Ended::Cancelled => {
                    add("job-failed", Level::Error, &job.id, format!("the job {} was cancelled", job.id));
                    Verdict::Fail
                }
                Ended::Unknown(word) => {
                    let message = format!("the job {} ended with `{word}`, which is no success", job.id);
                    add("job-failed", Level::Error, &job.id, message);
                    Verdict::Fail
                }
            };
            table.rows.push(vec![
                Cell::Code(job.id.clone()),
                Cell::Text(word.to_owned()),
                Cell::Verdict(verdict),
            ]);
            jobs.ended.insert(job.id, (job.ended, may_skip));
        }
        for name in policy.jobs.keys().filter(|name| !jobs.ended.contains_key(*name)) {
            let message = format!("the job {name} has to be there, and is not among those the gate needs");
            add("job-missing", Level::Error, name, message);
            table.rows.push(vec![
                Cell::Code(name.clone()),
                Cell::Text("not needed".into()),
                Cell::Verdict(Verdict::Fail),
            ]);
        }
        if !table.rows.is_empty() {
            report.tables.push(table);
        }
        Ok(jobs)
    }

    /// Whether the job did not run, as it may on this event: then it need not have left anything.
    pub(crate) fn excuse(&self, job: Option<&String>) -> bool {
        job.and_then(|job| self.ended.get(job)).is_some_and(|ended| *ended == (Ended::Skipped, true))
    }

    /// Whether the job did not run, whether it may or not.
    pub(crate) fn did_not_run(&self, job: Option<&String>) -> bool {
        job.and_then(|job| self.ended.get(job)).is_some_and(|(ended, _)| *ended == Ended::Skipped)
    }
}
