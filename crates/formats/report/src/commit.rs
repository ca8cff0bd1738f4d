//! Of which commit a report is.

use lw_model::Report;

/// The commit that is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    tested: String,
    head: Option<String>,
}

impl Commit {
    /// The commit that was checked out, and the one at the tip of the pull request, where that is another one: full ids.
    #[must_use]
    pub fn new(tested: &str, head: Option<&str>) -> Self {
        Self { tested: tested.to_ascii_lowercase(), head: head.map(str::to_ascii_lowercase) }
    }

    /// The id of the commit that was checked out, in small letters.
    #[must_use]
    pub fn tested(&self) -> &str {
        &self.tested
    }

    /// Why a report is not of it, as the end of a sentence; `None` when it is.
    #[must_use]
    pub fn refusal(&self, report: &Report) -> Option<String> {
        let short = |id: &str| id.chars().take(12).collect::<String>();
        let own = report.provenance.as_ref().and_then(|provenance| provenance.commit.as_deref());
        let Some(own) = own.map(str::to_ascii_lowercase) else {
            return Some(format!("it names no commit, and {} is tested", short(&self.tested)));
        };
        if own == self.tested || Some(&own) == self.head.as_ref() {
            return None;
        }
        Some(format!("it is of commit {}, and {} is tested", short(&own), short(&self.tested)))
    }

    /// As [`refusal`](Self::refusal), where only the tip of the pull request is known: what was checked out may have been the
    /// merge commit that was made of it for the test.
    #[must_use]
    pub fn refusal_by_head(&self, report: &Report) -> Option<String> {
        let head = report.provenance.as_ref().and_then(|provenance| provenance.head_commit.as_deref());
        match head {
            Some(head) if head.eq_ignore_ascii_case(&self.tested) => None,
            Some(head) => {
                let short = |id: &str| id.chars().take(12).collect::<String>();
                Some(format!(
                    "it is of the pull request at commit {}, and {} is tested",
                    short(&head.to_ascii_lowercase()),
                    short(&self.tested)
                ))
            }
            None => self.refusal(report),
        }
    }
}
