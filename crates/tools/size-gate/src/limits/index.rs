//! What limits are looked up in.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lw_firmware::demangle::{demangle, stable_name};
use lw_hashed::HashMap;
use lw_model::lists::filled;
use lw_model::{Measure, Report, Tree};
use wildmatch::WildMatch;

use crate::breakdown::{parts_of_level, sections_once};

/// What limits are looked up in. A configuration may have as many limits as a firmware has symbols, so that none of them
/// may cost a walk over all of those.
pub(super) struct Index {
    subjects: BTreeSet<String>,
    /// Indices of the measures of each name.
    measures: HashMap<String, Vec<usize>>,
    /// The parts of each level of each breakdown that was asked for.
    levels: HashMap<(usize, &'static str), Rc<PartsOfLevel>>,
}

impl Index {
    pub(super) fn of(report: &Report) -> Self {
        let mut measures: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, measure) in report.measures.iter().enumerate() {
            measures.entry(measure.name.clone()).or_default().push(index);
        }
        let subjects = filled(report.subjects().into_iter().flatten().map(str::to_owned));
        Self { subjects, measures, levels: HashMap::new() }
    }

    /// Indices of the measures whose names match, in order.
    pub(super) fn matching(
        &self,
        pattern: &str,
        measures: &[Measure],
        wanted: impl Fn(&Measure) -> bool,
    ) -> Vec<usize> {
        if is_pattern(pattern) {
            let matcher = WildMatch::new(pattern);
            return indices(measures, |measure| wanted(measure) && matcher.matches(&measure.name));
        }
        let found = self.measures.get(pattern).into_iter().flatten();
        found.copied().filter(|index| measures.get(*index).is_some_and(&wanted)).collect()
    }

    /// Adds a measure, unless there is one of its name and subject: two limits of one part are two limits of one measure.
    pub(super) fn add(&mut self, measure: Measure, measures: &mut Vec<Measure>) -> usize {
        let of_name = self.measures.entry(measure.name.clone()).or_default();
        let same =
            |index: &&usize| measures.get(**index).is_some_and(|known| known.subject == measure.subject);
        if let Some(known) = of_name.iter().find(same) {
            return *known;
        }
        of_name.push(measures.len());
        measures.push(measure);
        measures.len() - 1
    }

    /// Whether there is a firmware of this name.
    pub(super) fn has_subject(&self, subject: &str) -> bool {
        self.subjects.contains(subject)
    }

    /// The parts of a level of one breakdown, by its position in the report. With the baseline comes whether each side has
    /// only one breakdown, which then needs no name to be told apart.
    pub(super) fn level(
        &mut self,
        position: usize,
        level: &'static str,
        tree: &Tree,
        baseline: Option<(&Report, bool)>,
    ) -> Rc<PartsOfLevel> {
        let made = || Rc::new(PartsOfLevel::of(tree, level, baseline));
        Rc::clone(self.levels.entry((position, level)).or_insert_with(made))
    }
}

/// The named parts of one level of a breakdown.
pub(super) struct PartsOfLevel {
    parts: Vec<NamedPart>,
    /// Positions in `parts` by name, as the linker and as a person has it.
    by_name: HashMap<String, Vec<usize>>,
}

/// A part and its size, now and in the baseline.
pub(super) struct NamedPart {
    name: String,
    demangled: Option<String>,
    pub(super) now: u64,
    /// `None` when there is nothing to compare with.
    pub(super) before: Option<u64>,
}

impl NamedPart {
    /// The name as people know it.
    pub(super) fn shown(&self) -> &str {
        self.demangled.as_deref().unwrap_or(&self.name)
    }
}

impl PartsOfLevel {
    fn of(tree: &Tree, level: &str, baseline: Option<(&Report, bool)>) -> Self {
        let now = sizes(tree, level);
        let before = baseline
            .and_then(|(earlier, alone)| {
                earlier.trees.iter().find(|old| {
                    (alone || old.subject == tree.subject) && old.levels.iter().any(|known| known == level)
                })
            })
            .map(|old| sizes(old, level));
        let gone = before.iter().flat_map(|before| before.keys().filter(|name| !now.contains_key(*name)));
        let mut parts = Vec::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for name in now.keys().chain(gone) {
            let demangled = (level == "symbol").then(|| demangle(name)).flatten();
            for spelling in std::iter::once(name).chain(demangled.as_ref().filter(|other| *other != name)) {
                by_name.entry(spelling.clone()).or_default().push(parts.len());
            }
            parts.push(NamedPart {
                demangled,
                now: now.get(name).copied().unwrap_or(0),
                before: before.as_ref().map(|before| before.get(name).copied().unwrap_or(0)),
                name: name.clone(),
            });
        }
        Self { parts, by_name }
    }

    /// The names there are, as people know them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(NamedPart::shown)
    }

    /// The parts a name or pattern means.
    pub(super) fn matching(&self, pattern: &str) -> Vec<&NamedPart> {
        if is_pattern(pattern) {
            let matcher = WildMatch::new(pattern);
            let matches = |part: &&NamedPart| {
                matcher.matches(&part.name)
                    || part.demangled.as_deref().is_some_and(|name| matcher.matches(name))
            };
            return self.parts.iter().filter(matches).collect();
        }
        let found = self.by_name.get(pattern).into_iter().flatten();
        found.filter_map(|position| self.parts.get(*position)).collect()
    }
}

/// Whether a name has a wildcard.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

fn indices(measures: &[Measure], wanted: impl Fn(&Measure) -> bool) -> Vec<usize> {
    measures.iter().enumerate().filter(|(_, measure)| wanted(measure)).map(|(index, _)| index).collect()
}

/// Bytes of every part of a level, by name across builds.
fn sizes(tree: &Tree, level: &str) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    parts_of_level(tree, sections_once(tree), level, |part| {
        *sizes.entry(stable_name(&part.node.name).into_owned()).or_insert(0) += part.node.value;
    });
    sizes
}
