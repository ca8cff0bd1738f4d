//! The report: what a tool returns, and the only thing other tools read of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::finding::Finding;
use crate::lists::sort_by_key;
use crate::measure::{Limit, Measure, Outcome};
use crate::table::{Series, Table};
use crate::tree::Tree;
use crate::verdict::Verdict;

/// Name and version of the report's JSON form.
pub const SCHEMA: &str = "lw-report/1";

/// Marks a report as `lw-report/1`; reading anything else is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schema;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        if found == SCHEMA {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom(format_args!("expected schema `{SCHEMA}`, found `{found}`")))
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Schema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schema".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": SCHEMA })
    }
}

/// Which tool made a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolId {
    /// Name of the tool: `size-gate`.
    pub name: String,
    /// Version of the suite.
    pub version: String,
    /// Which meaning its measures have: counts up when one changes under the same name.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub revision: u32,
}

fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_first(revision: &u32) -> bool {
    *revision == 1
}

/// Something the reader should know of what was measured: the chip, the inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fact {
    /// What it is: `chip`.
    pub name: String,
    /// Which of several subjects of a run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its value: `esp32c3`.
    pub value: String,
}

/// Where, when and of what a report was made: for programs; a person's report does not show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Provenance {
    /// Full id of the commit that was checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Full id of the commit at the tip of the pull request, where another one was checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_commit: Option<String>,
    /// Branch of the run; of a pull request, its source branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tag of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Number of the pull or merge request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<u64>,
    /// Address of the run's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// Which attempt of the run it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// Name of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// When the report was made, in seconds since 1970; `SOURCE_DATE_EPOCH` where it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
    /// Whether everything that was asked for was looked at. A report that is not complete is no baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
}

/// A file the run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Artifact {
    /// Path from the repository's root, with `/` on every system.
    pub path: String,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A limit on a measure that is not in the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnmatchedLimit {
    /// Name of the measure, as the limit has it.
    pub measure: String,
    /// The subject it was set for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The limit; its [`reason`](Limit::reason) says why it found nothing.
    pub limit: Limit,
}

/// A setting that somebody made; what is not listed has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Setting {
    /// Name of the input: `max`. A list has one setting per item.
    pub name: String,
    /// The measure of a limit, or the key in a table: `image.bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value as it was written; `none` when the limit was lifted.
    pub value: String,
    /// Where it was set: `--max`, `input max`, `lw.toml:3`.
    pub origin: String,
    /// What holds no longer because of it, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Replaced>,
}

/// A value that gave way to one set nearer to the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Replaced {
    /// The value as it was written.
    pub value: String,
    /// Where it was set.
    pub origin: String,
}

/// What stands for a value that nobody may read.
const HIDDEN: &str = "(hidden)";

impl Setting {
    /// A setting that replaces nothing.
    pub fn new(
        name: impl Into<String>,
        key: Option<String>,
        value: impl Into<String>,
        origin: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), key, value: value.into(), origin: origin.into(), replaces: Vec::new() }
    }

    /// The same without its values: of a secret only the place is told.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.value = HIDDEN.into();
        for replaced in &mut self.replaces {
            replaced.value = HIDDEN.into();
        }
        self
    }
}

/// Breached limits that somebody let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Override {
    /// Why, in the words of who allowed it.
    pub reason: String,
    /// Where the permission came from: `--override`, a commit trailer.
    pub origin: String,
    /// The measures whose breached limits were let through.
    pub measures: Vec<String>,
}

/// What a tool found out: verdict, measures, findings, tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Always `lw-report/1`.
    pub schema: Schema,
    /// Who made it.
    pub tool: ToolId,
    /// What tells two uses of the tool in one job apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The outcome.
    pub verdict: Verdict,
    /// The outcome in one line, with the number that decided.
    pub summary: String,
    /// What was measured.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// What was set, by whom, and what that replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// The numbers.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// Limits on measures that are not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched_limits: Vec<UnmatchedLimit>,
    /// What is wrong or worth knowing, the worst first.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Breached limits that were let through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// What a person reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Trends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
    /// Breakdowns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trees: Vec<Tree>,
    /// Files the run made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// Where, when and of what the report was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

impl Report {
    /// An empty report of a tool, with the verdict `pass`.
    pub fn new(tool: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            schema: Schema,
            tool: ToolId { name: tool.into(), version: version.into(), revision: 1 },
            title: None,
            verdict: Verdict::Pass,
            summary: String::new(),
            facts: Vec::new(),
            settings: Vec::new(),
            measures: Vec::new(),
            unmatched_limits: Vec::new(),
            findings: Vec::new(),
            overrides: Vec::new(),
            tables: Vec::new(),
            series: Vec::new(),
            trees: Vec::new(),
            artifacts: Vec::new(),
            provenance: None,
        }
    }

    /// Adds a finding; the verdict follows its level, and its subject becomes a part of its fingerprint.
    pub fn add_finding(&mut self, mut finding: Finding) {
        self.verdict = self.verdict.max(finding.level.into());
        if let Some(subject) = finding.subject.clone() {
            finding.scope(&subject);
        }
        self.findings.push(finding);
    }

    /// Adds the finding of something that could not be done: whatever else is found, the verdict is `error`.
    pub fn add_error(&mut self, finding: Finding) {
        self.add_finding(finding);
        self.verdict = Verdict::Error;
    }

    /// Whether it can be what a later run is compared with: its job was done, and all of it.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        let complete = self.provenance.as_ref().and_then(|provenance| provenance.complete);
        self.verdict != Verdict::Error && complete != Some(false)
    }

    /// The verdict it has, or the worse one that its limits have: nobody is green beside a breached limit.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let breached = self.limits().filter(|(_, _, limit)| limit.outcome == Outcome::Breached);
        breached.map(|(_, _, limit)| limit.on_breach).fold(self.verdict, Verdict::max)
    }

    /// Every limit with the name and subject of its measure, also those on measures that are not there.
    pub fn limits(&self) -> impl Iterator<Item = (&str, Option<&str>, &Limit)> {
        let on_measures = self.measures.iter().flat_map(|measure| {
            measure.limits.iter().map(|limit| (measure.name.as_str(), measure.subject.as_deref(), limit))
        });
        let unmatched = self.unmatched_limits.iter();
        on_measures.chain(unmatched.map(|item| (item.measure.as_str(), item.subject.as_deref(), &item.limit)))
    }

    /// Names of the measures outside a limit, also where an override let it pass, each with its subject as
    /// `SUBJECT/NAME`, in order and once.
    #[must_use]
    pub fn breached(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut seen: BTreeSet<(Option<&str>, &str)> = BTreeSet::new();
        for (name, subject, limit) in self.limits() {
            if matches!(limit.outcome, Outcome::Breached | Outcome::Overridden)
                && seen.insert((subject, name))
            {
                names.push(subject.map_or_else(|| name.to_owned(), |subject| format!("{subject}/{name}")));
            }
        }
        names
    }

    /// The fact of this name about this subject.
    #[must_use]
    pub fn fact(&self, name: &str, subject: Option<&str>) -> Option<&str> {
        self.facts
            .iter()
            .find(|fact| fact.name == name && fact.subject.as_deref() == subject)
            .map(|fact| fact.value.as_str())
    }

    /// The measure of this name about this subject.
    #[must_use]
    pub fn measure(&self, name: &str, subject: Option<&str>) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name && measure.subject.as_deref() == subject)
    }

    /// The subjects of the run in order of appearance; `None` first when something is about the run as a whole.
    #[must_use]
    pub fn subjects(&self) -> Vec<Option<&str>> {
        let mut subjects = Vec::new();
        let all = (self.facts.iter().map(|item| &item.subject))
            .chain(self.measures.iter().map(|item| &item.subject))
            .chain(self.findings.iter().map(|item| &item.subject))
            .chain(self.tables.iter().map(|item| &item.subject))
            .chain(self.series.iter().map(|item| &item.subject))
            .chain(self.trees.iter().map(|item| &item.subject));
        for subject in all {
            let subject = subject.as_deref();
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        sort_by_key(&mut subjects, Option::is_some);
        subjects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn a_report_reads_back_and_another_schema_is_refused() {
        let mut report = Report::new("size-gate", "1.2.3");
        report.add_finding(Finding::new("size/limit", Level::Warning, "region.RAM.span", "too big"));
        report.measures.push(Measure::bytes("image.bytes", 12));
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        assert_eq!(report.verdict, Verdict::Warn);

        let other = json.replace("lw-report/1", "lw-report/2");
        let error = serde_json::from_str::<Report>(&other).unwrap_err().to_string();
        assert!(error.contains("expected schema `lw-report/1`, found `lw-report/2`"), "{error}");
    }

    /// The file was written by the first version of the suite, and is never written anew.
    #[test]
    fn a_report_of_the_first_version_is_read_with_its_unknown_limits_as_not_judged() {
        let report: Report = serde_json::from_str(include_str!("../tests/reports/first.json")).unwrap();
        let unknown: Vec<_> = report
            .limits()
            .filter(|(_, _, limit)| limit.outcome == Outcome::NotJudged)
            .map(|(name, _, _)| name)
            .collect();
        assert_eq!(unknown, ["region.rtc_iram_seg.span"]);
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.tool.revision, 1);
        assert!(report.is_baseline(), "it says nothing of completeness, and was completed");
    }
}
