//! The report ordered the way it is read: subject by subject, the worst first.

use std::collections::{HashMap, HashSet};

use lw_model::{Fact, Finding, Limit, Measure, Outcome, Report, Series, Table, Tree, Verdict};

/// Everything about one subject of a run, or about the run as a whole.
pub(crate) struct Section<'a> {
    /// Name of the subject; `None` for the run as a whole.
    pub(crate) subject: Option<&'a str>,
    /// Worst of its breached limits and findings.
    pub(crate) verdict: Verdict,
    pub(crate) facts: Vec<&'a Fact>,
    pub(crate) measures: Vec<&'a Measure>,
    pub(crate) findings: Vec<&'a Finding>,
    pub(crate) tables: Vec<&'a Table>,
    pub(crate) series: Vec<&'a Series>,
    pub(crate) trees: Vec<&'a Tree>,
}

impl<'a> Section<'a> {
    fn new(subject: Option<&'a str>) -> Self {
        Self {
            subject,
            verdict: Verdict::Pass,
            facts: Vec::new(),
            measures: Vec::new(),
            findings: Vec::new(),
            tables: Vec::new(),
            series: Vec::new(),
            trees: Vec::new(),
        }
    }

    /// Limits that are breached, also those that were let through; the worst first.
    pub(crate) fn breaches(&self) -> Vec<(&'a Measure, &'a Limit)> {
        let mut breaches: Vec<_> = self
            .limits()
            .filter(|(_, limit)| matches!(limit.outcome, Outcome::Breached | Outcome::Overridden))
            .collect();
        breaches.sort_by_key(|(_, limit)| match (limit.outcome, limit.on_breach) {
            (Outcome::Breached, Verdict::Fail) => 0,
            (Outcome::Breached, _) => 1,
            _ => 2,
        });
        breaches
    }

    /// Findings that say more than the list of breached limits does.
    pub(crate) fn told(&self) -> Vec<&'a Finding> {
        let breached = |measure: &&&Measure| {
            let outcomes = measure.limits.iter().map(|limit| limit.outcome);
            outcomes.into_iter().any(|outcome| matches!(outcome, Outcome::Breached | Outcome::Overridden))
        };
        // As many as there are findings: a pattern may limit every symbol.
        let names: HashSet<&str> =
            self.measures.iter().filter(breached).map(|measure| measure.name.as_str()).collect();
        let listed = |finding: &Finding| finding.measure.as_deref().is_some_and(|name| names.contains(name));
        self.findings.iter().copied().filter(|finding| !listed(finding)).collect()
    }

    /// Every limit with its measure, in the report's order.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'a Measure, &'a Limit)> + '_ {
        self.measures.iter().flat_map(|measure| measure.limits.iter().map(|limit| (*measure, limit)))
    }

    /// The measure a series is the trend of.
    pub(crate) fn measure(&self, name: &str) -> Option<&'a Measure> {
        self.measures.iter().find(|measure| measure.name == name).copied()
    }
}

/// The report by subject, in order of appearance; the run as a whole comes first.
pub(crate) fn sections(report: &Report) -> Vec<Section<'_>> {
    let mut subjects = Subjects::default();
    for fact in &report.facts {
        subjects.of(&fact.subject).facts.push(fact);
    }
    for measure in &report.measures {
        let section = subjects.of(&measure.subject);
        let breached = measure.limits.iter().filter(|limit| limit.outcome == Outcome::Breached);
        section.verdict = breached.map(|limit| limit.on_breach).fold(section.verdict, Verdict::max);
        section.measures.push(measure);
    }
    for finding in &report.findings {
        let section = subjects.of(&finding.subject);
        section.verdict = section.verdict.max(finding.level.into());
        section.findings.push(finding);
    }
    for table in &report.tables {
        subjects.of(&table.subject).tables.push(table);
    }
    for series in &report.series {
        subjects.of(&series.subject).series.push(series);
    }
    for tree in &report.trees {
        subjects.of(&tree.subject).trees.push(tree);
    }
    let Subjects { order, mut sections } = subjects;
    let mut sections: Vec<_> = order.into_iter().filter_map(|subject| sections.remove(&subject)).collect();
    for section in &mut sections {
        // The worst first, as the report promises but a merged one may not keep.
        section.findings.sort_by_key(|finding| finding.order());
    }
    sections.sort_by_key(|section| section.subject.is_some());
    sections
}

#[derive(Default)]
struct Subjects<'a> {
    order: Vec<Option<&'a str>>,
    sections: HashMap<Option<&'a str>, Section<'a>>,
}

impl<'a> Subjects<'a> {
    fn of(&mut self, subject: &'a Option<String>) -> &mut Section<'a> {
        let subject = subject.as_deref();
        self.sections.entry(subject).or_insert_with(|| {
            self.order.push(subject);
            Section::new(subject)
        })
    }
}

/// Whether several subjects were measured, so that an overview of them is worth a table.
pub(crate) fn is_matrix(sections: &[Section<'_>]) -> bool {
    sections.iter().filter(|section| section.subject.is_some()).count() > 1
}

/// Subjects of a matrix: those with a name.
pub(crate) fn named<'s, 'a>(sections: &'s [Section<'a>]) -> impl Iterator<Item = (&'a str, &'s Section<'a>)> {
    sections.iter().filter_map(|section| section.subject.map(|subject| (subject, section)))
}
