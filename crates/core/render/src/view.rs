//! The report ordered the way it is read: subject by subject, the worst first.

use lw_hashed::{HashMap, HashSet};
use lw_model::lists::{sort, sort_by_key};
use lw_model::{
    Align, Cell, Column, Fact, Finding, Limit, Measure, Outcome, Report, Series, Table, Tree, Verdict,
};

use crate::limit;

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
        sort_by_key(&mut breaches, |(_, limit)| match (limit.outcome, limit.on_breach) {
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
        sort_by_key(&mut section.findings, |finding| finding.order());
    }
    sort_by_key(&mut sections, |section| section.subject.is_some());
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

/// Rows of a list of limits that stands before the tables; a longer one stands after them.
const FEW: usize = 12;

impl Section<'_> {
    /// Whether its limits are so few that they stand first.
    pub(crate) fn has_few_limits(&self) -> bool {
        let rows = self.limits().filter(|(_, limit)| !is_breach(limit)).count();
        rows > 0 && rows <= FEW
    }
}

/// Whether the list of breached limits has it.
pub(crate) fn is_breach(limit: &Limit) -> bool {
    matches!(limit.outcome, Outcome::Breached | Outcome::Overridden)
}

/// The subjects of a matrix in one table, with their verdicts: the tool's own table of them when it has one, which is then
/// no longer among those of the run, or else what decided each verdict. The second column names the subject.
pub(crate) fn take_overview(sections: &mut [Section<'_>]) -> Option<Table> {
    if !is_matrix(sections) {
        return None;
    }
    let subjects: Vec<(&str, Verdict)> =
        sections.iter().filter_map(|section| Some((section.subject?, section.verdict))).collect();
    let names = |table: &Table| -> Vec<Option<usize>> {
        let name = |cell: &Cell| match cell {
            Cell::Code(name) | Cell::Text(name) => subjects.iter().position(|(subject, _)| subject == name),
            _ => None,
        };
        table.rows.iter().map(|row| row.first().and_then(name)).collect()
    };
    for section in sections.iter_mut().filter(|section| section.subject.is_none()) {
        let lists_all = |table: &Table| {
            let mut rows = names(table);
            sort(&mut rows);
            !table.folded && rows.iter().copied().eq((0..subjects.len()).map(Some))
        };
        let Some(at) = section.tables.iter().position(|table| lists_all(table)) else { continue };
        let mut table = section.tables.remove(at).clone();
        let verdicts = names(&table).into_iter().map(|row| row.and_then(|row| subjects.get(row)));
        for (row, subject) in table.rows.iter_mut().zip(verdicts) {
            row.insert(0, subject.map_or(Cell::Empty, |(_, verdict)| Cell::Verdict(*verdict)));
        }
        table.columns.insert(0, Column { title: String::new(), align: Align::Left });
        return Some(table);
    }
    let columns = [("", Align::Left), ("Subject", Align::Left), ("What decided", Align::Left)];
    let mut table = Table::new("subjects", "Subjects", &columns);
    for section in sections.iter() {
        let Some(subject) = section.subject else { continue };
        let breaches = section.breaches();
        let worst = match breaches.as_slice() {
            [] => section.findings.first().map_or(Cell::Empty, |finding| Cell::Text(finding.message.clone())),
            [(measure, limit), more @ ..] => {
                let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
                Cell::Text(format!("`{}` {}{more}", measure.name, limit::standing(measure, limit)))
            }
        };
        let passes = section.verdict == Verdict::Pass;
        let worst = if passes { Cell::Empty } else { worst };
        table.rows.push(vec![Cell::Verdict(section.verdict), Cell::Code(subject.to_owned()), worst]);
    }
    if table.rows.iter().all(|row| matches!(row.last(), Some(Cell::Empty))) {
        table.columns.pop();
        for row in &mut table.rows {
            row.pop();
        }
    }
    Some(table)
}
