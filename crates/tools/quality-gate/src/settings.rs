//! What `lw.toml` may say of a policy, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use lw_model::Unit;
use lw_model::lists::sort_by;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, IntoDeserializer, MapAccess, Visitor};

/// Conditions by their name.
pub(crate) type Conditions = BTreeMap<String, ConditionTable>;
/// Expected reports by their name.
pub(crate) type Reports = BTreeMap<String, ReportTable>;
/// Files of other tools by their name.
pub(crate) type Sources = BTreeMap<String, SourceTable>;
/// Jobs by their id.
pub(crate) type Jobs = BTreeMap<String, JobTable>;

/// What it means that something is not there, or could not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Absent {
    /// It fails.
    #[default]
    Fail,
    /// It warns.
    Warn,
    /// It is told.
    Skip,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// All code.
    #[default]
    Overall,
    /// What the change under test adds or edits.
    NewCode,
}

/// A threshold as somebody wrote it, or one that warns and one that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds(pub(crate) String);

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThresholdsVisitor)
    }
}

struct ThresholdsVisitor;

impl<'de> Visitor<'de> for ThresholdsVisitor {
    type Value = Thresholds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit, or a table of `warn` and `fail`")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
        let mut levels = Vec::new();
        while let Some((level, Thresholds(text))) = map.next_entry::<String, Thresholds>()? {
            if !matches!(level.as_str(), "warn" | "fail") {
                return Err(serde::de::Error::unknown_field(&level, &["warn", "fail"]));
            }
            levels.push(format!("{level}:{text}"));
        }
        if levels.is_empty() {
            return Err(serde::de::Error::custom("expected `warn`, `fail` or both"));
        }
        // The lower level first, as people read it.
        sort_by(&mut levels, |a, b| b.cmp(a));
        Ok(Thresholds(levels.join(",")))
    }
}

impl JsonSchema for Thresholds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Thresholds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let limit = json_schema!({ "type": ["string", "number"] });
        json_schema!({
            "description": "A limit in the measure's unit or in percent, or one that warns and one that fails.",
            "anyOf": [
                limit,
                {
                    "type": "object",
                    "properties": { "warn": limit, "fail": limit },
                    "additionalProperties": false,
                    "minProperties": 1
                }
            ]
        })
    }
}

/// A condition.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ConditionTable {
    /// Name of the measure it is about; without it the condition's own name. The value of every report and source that has
    /// it is judged.
    pub(crate) measure: Option<String>,
    /// The only report, source or tool whose measure it is about.
    pub(crate) report: Option<String>,
    /// The only subject it is about.
    pub(crate) subject: Option<String>,
    /// The most the measure may be (Sonar's `GT`).
    pub(crate) max: Option<Thresholds>,
    /// The least the measure may be (Sonar's `LT`).
    pub(crate) min: Option<Thresholds>,
    /// The most it may have grown against the baseline.
    pub(crate) max_growth: Option<Thresholds>,
    /// The most it may have fallen against the baseline.
    pub(crate) max_drop: Option<Thresholds>,
    /// Whether it is about all code or about what the change adds.
    pub(crate) on: Scope,
    /// What it means that there is no value; without it what the report it names says.
    pub(crate) missing: Option<Absent>,
    /// Changes smaller than this, in lines that can be executed, are not held to it; for `on = "new-code"`.
    pub(crate) small_change: Option<u64>,
    /// Name of the measure that has the size of the change; without it the whole that the measure is a part of.
    pub(crate) change_size: Option<String>,
    /// What the number counts, where its file does not say.
    pub(crate) unit: Option<Unit>,
    /// The number is a difference, which may be negative.
    pub(crate) delta: bool,
}

/// A report that has to be there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ReportTable {
    /// The file; globs are allowed. Without it the reports the run is given.
    pub(crate) file: Option<String>,
    /// Which tool wrote it; without it and without `file` the name of the report.
    pub(crate) tool: Option<String>,
    /// The title it has.
    pub(crate) title: Option<String>,
    /// The job that writes it: where that was skipped and might be, it need not be there.
    pub(crate) job: Option<String>,
    /// How many there have to be, of a matrix; without it at least one.
    pub(crate) count: Option<usize>,
    /// What it means that it is not there.
    pub(crate) missing: Absent,
    /// What it means that it has limits that were not judged.
    pub(crate) unjudged: Absent,
}

/// What wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SourceFormat {
    Metrics,
    Json,
    Csv,
    Sonar,
    Lizard,
    Radon,
    Gocyclo,
    Jscpd,
    Scc,
}

impl SourceFormat {
    /// The format of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::deserialize(IntoDeserializer::<serde::de::value::Error>::into_deserializer(name)).ok()
    }
}

/// Which of several values of a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TakeName {
    /// There has to be one only.
    #[default]
    Only,
    Max,
    Min,
    Sum,
    Mean,
    Last,
}

/// Numbers of another tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceTable {
    /// The file.
    pub(crate) file: String,
    /// What wrote it.
    pub(crate) format: SourceFormat,
    /// Where the number of a JSON file stands, as a JSON pointer: `/totals/percent`. The measure has the name of the source.
    #[serde(default)]
    pub(crate) pointer: Option<String>,
    /// The column of the number in a CSV file. The measure has the name of the source.
    #[serde(default)]
    pub(crate) column: Option<String>,
    /// The rows that count, as COLUMN=VALUE.
    #[serde(default)]
    pub(crate) row: Option<String>,
    /// Which of several rows counts.
    #[serde(default)]
    pub(crate) take: TakeName,
    /// What the numbers count, where the file does not say.
    #[serde(default)]
    pub(crate) unit: Option<Unit>,
    /// The job that writes it: where that was skipped and might be, it need not be there.
    #[serde(default)]
    pub(crate) job: Option<String>,
    /// What it means that the file is not there.
    #[serde(default)]
    pub(crate) missing: Absent,
}

/// A job of the workflow that has to be among those the gate needs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct JobTable {
    /// The events on which it may be skipped.
    pub(crate) may_skip_on: Vec<String>,
}

impl ConditionTable {
    /// Whether it says what only a condition on new code has.
    pub(crate) fn scope_only_keys(&self) -> bool {
        self.small_change.is_some() || self.change_size.is_some()
    }
}
