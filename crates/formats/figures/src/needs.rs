//! How the jobs of a workflow ended, as GitHub's `toJSON(needs)` says
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#needs-context>).

use serde_json::Value;

use crate::error::NeedsError;
use crate::json;

/// The most jobs: a matrix has at most 256, and a workflow is far from this many.
const MAX_JOBS: usize = 10_000;

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `success`.
    Success,
    /// `failure`.
    Failure,
    /// `cancelled`.
    Cancelled,
    /// `skipped`: it did not run.
    Skipped,
    /// A word that is not known, which is no success.
    Unknown(String),
}

impl Ended {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Unknown(word) => word,
        }
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id in the workflow.
    pub id: String,
    /// How it ended.
    pub ended: Ended,
}

/// Reads `{"JOB": {"result": "success", "outputs": {…}}}`, in its order.
///
/// # Errors
/// When it is none.
pub fn needs(text: &str) -> Result<Vec<Job>, NeedsError> {
    let document = json::parse(text).map_err(|fault| {
        let column = fault.position(text.as_bytes()).column;
        NeedsError::Json { column, what: fault.reason().to_owned() }
    })?;
    let Value::Object(jobs) = document else {
        return Err(NeedsError::Shape(format!(
            "expected an object of jobs, found {}",
            json::kind(&document)
        )));
    };
    if jobs.len() > MAX_JOBS {
        return Err(NeedsError::Shape(format!("there are more than {MAX_JOBS}")));
    }
    let job = |(id, value): (String, Value)| match value.get("result") {
        Some(Value::String(word)) => {
            let ended = match word.as_str() {
                "success" => Ended::Success,
                "failure" => Ended::Failure,
                "cancelled" => Ended::Cancelled,
                "skipped" => Ended::Skipped,
                other => Ended::Unknown(other.chars().take(40).collect()),
            };
            Ok(Job { id, ended })
        }
        _ => Err(NeedsError::Shape(format!("`{}` has no result", id.chars().take(80).collect::<String>()))),
    };
    jobs.into_iter().map(job).collect()
}
