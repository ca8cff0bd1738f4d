//! The report of a gate, put where the steps around it upload it from: for the comment on the pull request, which a later step
//! or, for a fork, a later run writes.
//!
//! The gate itself talks to nobody. Its first step puts down a report that says that the gate has not ended, and the gate replaces
//! it: a gate that dies in between is told as one that could not do its job, and is not missing.

use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches};
use lw_ci::{CiContext, Output};
use lw_model::{Report, Verdict};
use lw_render::{Format, Options};
use serde_json::Value;

use crate::args::{BaselineStore, Common};
use crate::error::Error;
use crate::files::Files;
use crate::finish::{provenance, write};
use crate::host::Host;
use crate::store::key;
use crate::tool::Entry;

/// When there is a comment, as the input of the action says; set for the first step only.
const WHEN: &str = "LW_COMMENT";
/// The file that the gate puts its report into, which the steps of the action set.
const REPORT: &str = "LW_COMMENT_REPORT";

/// What the names of these artifacts begin with; pr-comment looks for it.
pub(crate) const ARTIFACT: &str = "lw-report-";

/// What the first step tells the others.
pub(crate) const OUTPUTS: [&str; 3] = ["artifact", "artifact-path", "own-report"];

/// The file that the gate puts its report into.
pub(crate) fn place(host: &Host) -> Option<PathBuf> {
    host.var(REPORT).map(PathBuf::from)
}

/// What the steps around the gate need to upload its report: all empty where there is nobody to tell.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn plan(
    entry: &Entry,
    (common, matches): (&Common, &ArgMatches),
    (ci, provider): (&CiContext, &str),
    (host, files): (&Host, &Files),
) -> Result<Vec<Output>, Error> {
    let output = |(name, value): (&str, String)| Output { name: name.into(), value };
    let is_wanted = host.var(WHEN).is_some_and(|when| when.trim() != "off");
    let temporary = host.var("RUNNER_TEMP").map(PathBuf::from);
    // Gitea and Forgejo keep artifacts in another way, and act on a laptop has neither those nor the pull request.
    let is_told = provider == "github"
        && host.var("ACT").is_none()
        && matches!(ci.event.as_deref(), Some("pull_request" | "pull_request_target"));
    let Some(temporary) = temporary.filter(|_| is_wanted && is_told) else {
        return Ok(OUTPUTS.map(|name| output((name, String::new()))).into());
    };
    let title = common.title.as_deref().unwrap_or_default().trim();
    let named = BaselineStore::from_arg_matches(matches).unwrap_or_default();
    let subject = named.baseline_subject.as_deref().unwrap_or_default().trim();
    let job = ci.job.as_deref().unwrap_or_default();
    // A name of two steps would be that of one artifact, which cannot be changed.
    let hash = key("lw-handover/1", &[job, subject, entry.name, title]);
    let artifact = format!("{ARTIFACT}{}", hash.get(..20).unwrap_or(&hash));
    let folder = temporary.join(&artifact);
    // What tells it from others of the same tool: the job, and the leg of its matrix.
    let mut file = folder.clone();
    file.extend([job, &leg(subject)].into_iter().map(plain).filter(|part| !part.is_empty()));
    file.push(format!("{}.json", entry.name));

    let mut report = Report::new(entry.name, crate::VERSION);
    report.title = Some(title.to_owned()).filter(|title| !title.is_empty());
    report.verdict = Verdict::Error;
    report.summary = format!("{} ended before it wrote its report: look at the log of its step", entry.name);
    report.provenance = Some(provenance(ci, &host.root(), host.now, false));
    files.write(&file, &mut |out| write(&report, Format::Json, &Options::default(), out))?;
    let shown = |path: PathBuf| path.to_string_lossy().into_owned();
    Ok(OUTPUTS.into_iter().zip([artifact, shown(folder), shown(file)]).map(output).collect())
}

/// The leg of a matrix as people call it: `{"board": "esp32-s3", "profile": "release"}` is `esp32-s3 release`.
fn leg(subject: &str) -> String {
    let Ok(Value::Object(matrix)) = serde_json::from_str(subject) else {
        return if subject == "null" { String::new() } else { subject.to_owned() };
    };
    let values = matrix.iter().filter_map(|(_, value)| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    values.collect::<Vec<_>>().join(" ")
}

/// As much of a text as the name of a file may have: on every system, and not hidden.
fn plain(text: &str) -> String {
    const MOST: usize = 80;
    let kept = text.chars().take(MOST);
    let kept: String =
        kept.map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    kept.trim_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_what_its_matrix_says() {
        for (subject, name) in [
            ("", ""),
            ("null", ""),
            ("{}", ""),
            (r#"{"board":"esp32-s3"}"#, "esp32-s3"),
            (r#"{"board":"esp32","release":true,"flash":4,"more":{"a":1}}"#, "esp32-true-4"),
            ("of my own", "of-my-own"),
            (r#"{"board":"../../etc"}"#, "etc"),
            (r#"{"board":"..\\..\u0000"}"#, ""),
            (".hidden", "hidden"),
        ] {
            assert_eq!(plain(&leg(subject)), name, "{subject}");
        }
        assert_eq!(plain(&"x".repeat(500)).len(), 80);
    }
}
