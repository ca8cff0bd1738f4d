//! The numbers of an earlier run: a report of size-gate, or an Arduino sketches report.

use std::path::PathBuf;

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Fact, Measure, Number, Report};

use crate::analyse::Firmware;
use crate::diff::{self, Row};
use crate::sketches::Sketches;

/// What to compare with.
pub(crate) enum Baseline {
    /// A report of size-gate, with its breakdown.
    Report {
        /// Where it was read.
        path: PathBuf,
        /// The report.
        report: Box<Report>,
    },
    /// What Arduino's compile-sketches wrote: totals only.
    Sketches(Sketches),
}

impl Baseline {
    /// Reads what `--baseline` names.
    ///
    /// # Errors
    /// When the file is neither of the two.
    pub(crate) fn load(cx: &Context, report: &mut Report) -> Result<Option<Self>, Error> {
        let Some((path, bytes)) = cx.baseline(report)? else { return Ok(None) };
        if Sketches::looks_like(&bytes) {
            let sketches = Sketches::parse(&bytes).context(path.display().to_string())?;
            return Ok(Some(Self::Sketches(sketches)));
        }
        let earlier = cx.read_baseline(&path, &bytes, report)?;
        Ok(earlier.map(|report| Self::Report { path, report: Box::new(report) }))
    }

    /// The earlier report, when it is one of size-gate.
    #[must_use]
    pub(crate) fn report(&self) -> Option<&Report> {
        match self {
            Self::Report { report, .. } => Some(report),
            Self::Sketches(_) => None,
        }
    }

    /// Gives every measure its earlier value.
    ///
    /// # Errors
    /// When the baseline is of another chip.
    pub(crate) fn apply(&self, cx: &Context, report: &mut Report) -> Result<(), Error> {
        match self {
            Self::Report { path, report: earlier } => {
                let alone = single(report) && single(earlier);
                for fact in report.facts.iter().filter(|fact| fact.name == "chip" || fact.name == "machine") {
                    same_kind(fact, earlier, alone).context(path.display().to_string())?;
                }
                cx.compare(report, earlier, |measure, earlier| {
                    let same = |old: &&Measure| {
                        old.name == measure.name && (alone || old.subject == measure.subject)
                    };
                    earlier.measures.iter().find(same)
                });
            }
            Self::Sketches(sketches) => {
                for measure in &mut report.measures {
                    let size = match measure.name.as_str() {
                        "image.bytes" => sketches.flash(measure.subject.as_deref()),
                        "ram.span" => sketches.ram(measure.subject.as_deref()),
                        _ => None,
                    };
                    measure.baseline = size.map(Number::from);
                }
            }
        }
        Ok(())
    }

    /// What differs in the breakdown of one firmware, and how many changes are noise.
    #[must_use]
    pub(crate) fn compare(
        &self,
        report: &Report,
        firmware: &Firmware,
        noise_floor: u64,
    ) -> Option<(Vec<Row>, usize)> {
        let earlier = self.report()?;
        let alone = single(report) && single(earlier);
        let now = report.trees.iter().find(|tree| tree.subject == firmware.subject)?;
        let before = earlier.trees.iter().find(|tree| alone || tree.subject == firmware.subject)?;
        Some(diff::compare(before, now, noise_floor))
    }
}

/// Whether a report is of one firmware only, which then needs no name to be told apart.
fn single(report: &Report) -> bool {
    report.trees.len() <= 1
}

fn same_kind(fact: &Fact, earlier: &Report, alone: bool) -> Result<(), Error> {
    let before =
        earlier.facts.iter().find(|old| old.name == fact.name && (alone || old.subject == fact.subject));
    match before {
        Some(old) if old.value != fact.value => Err(Error::input(format!(
            "the baseline is of {} {}, this firmware is for {}",
            fact.name, old.value, fact.value
        ))
        .hint("compare with a report of the same firmware; the sizes of two chips say nothing of growth")),
        _ => Ok(()),
    }
}
