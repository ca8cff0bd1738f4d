//! SARIF 2.1.0 (OASIS), for code scanners: one run, a rule per kind of finding, a result per finding.
//!
//! GitHub's code scanning is the strictest reader and refuses the whole file for one result it does not like.
//! It asks more than the standard: each result needs a location with a non-empty artifact URI relative to the
//! repository and a start line (rules GH1001 and GH1003 of the SARIF validator; `github/codeql-action` issues 1738
//! and 2459). A finding without a place is therefore put at line 1 of the file its subject was made from; where none is
//! known, of an artifact with the tool's name, which need not exist in the repository. What it is about is told by a
//! logical location.

use std::collections::BTreeMap;
use std::hash::Hasher as _;
use std::io::{self, Write};

use fnv::FnvHasher;
use lw_hashed::HashMap;
use lw_model::lists::filled;
use lw_model::{COMMON_RULES, Finding, Level, Location as Place, Report, Rule, ToolId, Verdict};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString,
    PhysicalLocation, Region, ReportingConfiguration, ReportingDescriptor, Result as SarifResult,
    ResultLevel, Run, Sarif, Tool, ToolComponent,
};

use crate::{Options, RenderError, escape};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut rules =
        Rules { tool: &report.tool, declared: options.rules, list: Vec::new(), index: HashMap::new() };
    let mut seen: HashMap<(&str, Option<&str>), u32> = HashMap::new();
    let results: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            let count = seen.entry((&finding.fingerprint, finding.subject.as_deref())).or_default();
            *count += 1;
            result(finding, rules.index(finding), *count, file_of(finding, options, &report.tool.name))
        })
        .collect();
    let driver = ToolComponent::builder()
        .name(escape::name(&report.tool.name))
        .version(escape::name(&report.tool.version))
        .rules(rules.list)
        .build();
    // A scan that broke off must not close the alerts of the one before: GitHub keeps them when it was not successful.
    let successful = report.verdict != Verdict::Error;
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .invocations(vec![Invocation::builder().execution_successful(successful).build()])
        .results(results)
        .column_kind(serde_json::Value::from("unicodeCodePoints"))
        .build();
    let log =
        Sarif::builder().schema(SCHEMA).version(serde_json::Value::from("2.1.0")).runs(vec![run]).build();
    serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// One descriptor per kind of finding, in order of appearance.
struct Rules<'a> {
    tool: &'a ToolId,
    declared: &'static [Rule],
    list: Vec<ReportingDescriptor>,
    index: HashMap<String, usize>,
}

impl Rules<'_> {
    fn index(&mut self, finding: &Finding) -> i64 {
        let next = self.list.len();
        let index = *self.index.entry(finding.rule.clone()).or_insert(next);
        if index == next {
            let rule = self.declared(&finding.rule);
            let title = rule.map_or_else(|| title(&finding.rule), |rule| rule.title.to_owned());
            // What a rule is about stands here, whatever the first finding of it says.
            let help = match (rule, &finding.help) {
                (Some(rule), _) => rule.help.to_owned(),
                (None, Some(help)) => escape::prose(help),
                (None, None) => title.clone(),
            };
            let level = rule.map_or(finding.level, |rule| rule.level);
            let level = serde_json::Value::from(level.as_str());
            let mut descriptor = ReportingDescriptor::builder()
                .id(escape::name(&finding.rule))
                .short_description(text(title))
                .help(text(help))
                .default_configuration(ReportingConfiguration::builder().level(level).build())
                .build();
            descriptor.help_uri = rule.map(|rule| rule.help_uri(&self.tool.name, &self.tool.version));
            self.list.push(descriptor);
        }
        i64::try_from(index).unwrap_or(i64::MAX)
    }

    /// The declaration of a rule, by its name after the tool's.
    fn declared(&self, rule: &str) -> Option<&'static Rule> {
        let id = rule.split_once('/').map_or(rule, |(_, id)| id);
        self.declared.iter().chain(COMMON_RULES).find(|rule| rule.id == id)
    }
}

/// What a rule is about, from its identifier: `size/region-limit` is "Region limit".
fn title(rule: &str) -> String {
    let words = escape::name(rule.rsplit('/').next().unwrap_or(rule)).replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or(words)
}

fn text(text: String) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

/// The file that a finding is about when it names no place: its subject's, else the first of the run, else the tool.
fn file_of<'a>(finding: &Finding, options: &'a Options, tool: &'a str) -> &'a str {
    let own = options.files.iter().find(|(subject, _)| *subject == finding.subject);
    own.or_else(|| options.files.first()).map_or(tool, |(_, path)| path)
}

fn result(finding: &Finding, rule: i64, count: u32, file: &str) -> SarifResult {
    let mut message = escape::prose(&finding.message);
    if let Some(help) = &finding.help {
        message.push('\n');
        message.push_str(&escape::prose(help));
    }
    let fingerprints: BTreeMap<_, _> = filled([
        ("lwFingerprint/v1".to_owned(), escape::name(&finding.fingerprint)),
        // The only one GitHub compares; upload-sarif would else make one from the text of the line.
        ("primaryLocationLineHash".to_owned(), format!("{:016x}:{count}", hash(finding))),
    ]);
    SarifResult::builder()
        .rule_id(escape::name(&finding.rule))
        .rule_index(rule)
        .level(match finding.level {
            Level::Note => ResultLevel::Note,
            Level::Warning => ResultLevel::Warning,
            Level::Error => ResultLevel::Error,
        })
        .message(Message::builder().text(message).build())
        .locations(vec![location(finding, file)])
        .partial_fingerprints(fingerprints)
        .build()
}

fn location(finding: &Finding, file: &str) -> Location {
    let place = finding.location.as_ref();
    let uri = place.and_then(|place| escape::repository_uri(&place.path));
    let region = match (place, &uri) {
        (Some(place), Some(_)) => region(place),
        _ => Region::builder().start_line(1).build(),
    };
    let uri = uri.or_else(|| escape::repository_uri(file)).unwrap_or_else(|| "report".to_owned());
    let physical = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri).build())
        .region(region)
        .build();
    let about = finding.subject.as_deref().unwrap_or(&finding.fingerprint);
    let logical = LogicalLocation::builder().fully_qualified_name(escape::name(about)).build();
    Location::builder().physical_location(physical).logical_locations(vec![logical]).build()
}

/// Lines and columns count from 1; an end before the start is dropped.
fn region(place: &Place) -> Region {
    let start = i64::from(place.line.unwrap_or(1).max(1));
    let mut region = Region::builder().start_line(start).build();
    region.end_line = place.end_line.map(i64::from).filter(|end| *end >= start);
    region.start_column =
        place.column.map(|column| i64::from(column.max(1))).filter(|_| place.line.is_some());
    region
}

/// What tells findings apart: FNV-1a of 64 bits, which is the same on every machine and for every version.
fn hash(finding: &Finding) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(finding.fingerprint.as_bytes());
    hasher.write(&[0]);
    hasher.write(finding.subject.as_deref().unwrap_or_default().as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of its authors (draft-eastlake-fnv, "FNV-1a 64"); those that end with a zero byte are as they come
        // from a finding without a subject.
        for (bytes, expected) in [
            (&b""[..], 0xcbf2_9ce4_8422_2325),
            (b"a", 0xaf63_dc4c_8601_ec8c),
            (b"foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut hasher = FnvHasher::default();
            hasher.write(bytes);
            assert_eq!(hasher.finish(), expected);
        }
        let mut finding = Finding::new("", Level::Note, "", "");
        for (fingerprint, expected) in [("a", 0x089b_e207_b544_f1e4), ("foobar", 0x3453_1ca7_168b_8f38)] {
            finding.fingerprint = fingerprint.to_owned();
            assert_eq!(hash(&finding), expected, "{fingerprint}");
        }
    }

    #[test]
    fn a_title_is_made_of_the_identifier() {
        assert_eq!(title("size/region-limit"), "Region limit");
    }
}
