//! The report: what a tool returns, and the only thing other tools read of it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::finding::Finding;
use crate::measure::Measure;
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
    /// The outcome.
    pub verdict: Verdict,
    /// The outcome in one line, with the number that decided.
    pub summary: String,
    /// What was measured.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// The numbers.
    #[serde(default)]
    pub measures: Vec<Measure>,
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
}

impl Report {
    /// An empty report of a tool, with the verdict `pass`.
    pub fn new(tool: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            schema: Schema,
            tool: ToolId { name: tool.into(), version: version.into() },
            verdict: Verdict::Pass,
            summary: String::new(),
            facts: Vec::new(),
            measures: Vec::new(),
            findings: Vec::new(),
            overrides: Vec::new(),
            tables: Vec::new(),
            series: Vec::new(),
            trees: Vec::new(),
        }
    }

    /// Adds a finding; the verdict follows its level.
    pub fn find(&mut self, finding: Finding) {
        self.verdict = self.verdict.max(finding.level.into());
        self.findings.push(finding);
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
        subjects.sort_by_key(Option::is_some);
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
        report.find(Finding::new("size/limit", Level::Warning, "region.RAM.span", "too big"));
        report.measures.push(Measure::bytes("image.bytes", 12));
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        assert_eq!(report.verdict, Verdict::Warn);

        let other = json.replace("lw-report/1", "lw-report/2");
        let error = serde_json::from_str::<Report>(&other).unwrap_err().to_string();
        assert!(error.contains("expected schema `lw-report/1`, found `lw-report/2`"), "{error}");
    }
}
