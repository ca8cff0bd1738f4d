//! What stands after a measure: the parts of the breakdown that make it what it is.

use lw_firmware::RegionClass;
use lw_model::{Measure, Outcome, Report};

use crate::analyse::Firmware;
use crate::diff::Row;

/// A measure over its limit, and which parts are to blame.
pub(crate) struct Blame {
    /// What is over: `image.bytes`, `region.RAM.span`.
    pub(crate) what: String,
    scope: Scope,
}

#[derive(PartialEq)]
enum Scope {
    /// Whatever stands in these regions.
    Regions(Vec<String>),
    /// Whatever is loaded, wherever it runs: the content of the image.
    Loaded,
}

impl Blame {
    /// Whether a part of this section in this region counts.
    pub(crate) fn holds(&self, firmware: &Firmware, region: &str, section: &str) -> bool {
        match &self.scope {
            Scope::Regions(regions) => regions.iter().any(|name| name == region),
            Scope::Loaded => firmware.loaded.contains(section),
        }
    }

    /// Whether a change counts.
    pub(crate) fn holds_row(&self, firmware: &Firmware, row: &Row) -> bool {
        row.regions.iter().any(|region| self.holds(firmware, region, &row.section))
    }
}

/// The measures of a firmware that are over a limit, each kind once, and the regions that overflow.
pub(crate) fn blames(report: &Report, firmware: &Firmware) -> Vec<Blame> {
    let breached = |measure: &&Measure| {
        measure.subject == firmware.subject
            && measure
                .limits
                .iter()
                .any(|limit| matches!(limit.outcome, Outcome::Breached | Outcome::Overridden))
    };
    let limited = report.measures.iter().filter(breached).map(|measure| measure.name.clone());
    let overflowing =
        report.findings.iter().filter(|finding| finding.subject == firmware.subject).filter_map(|finding| {
            let key = finding.fingerprint.strip_prefix(&finding.rule)?.strip_prefix(':')?;
            let key = match &finding.subject {
                Some(subject) => key.strip_prefix(subject.as_str())?.strip_prefix(':')?,
                None => key,
            };
            match finding.rule.as_str() {
                "size-gate/region-overflow" => Some(format!("region.{key}.span")),
                "size-gate/partition-overflow" => Some(format!("partition.{key}.used")),
                _ => None,
            }
        });
    let mut blames: Vec<Blame> = Vec::new();
    for what in limited.chain(overflowing) {
        if let Some(scope) = scope_of(&what, firmware)
            && blames.iter().all(|known| known.scope != scope)
        {
            blames.push(Blame { what, scope });
        }
    }
    blames
}

fn scope_of(measure: &str, firmware: &Firmware) -> Option<Scope> {
    if let Some((region, _)) = measure.strip_prefix("region.").and_then(|rest| rest.rsplit_once('.')) {
        return Some(Scope::Regions(vec![region.to_owned()]));
    }
    match measure.split('.').next() {
        Some("ram" | "sram") => {
            let ram = firmware.classes.iter().filter(|(_, class)| **class == RegionClass::Ram);
            Some(Scope::Regions(ram.map(|(name, _)| name.clone()).collect()))
        }
        Some("image" | "file" | "partition") => Some(Scope::Loaded),
        _ => None,
    }
}
