//! What became of each test since the baseline: the store beside the report, and what it says.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Align, Cell, Finding, Level, Measure, Report, Table};
use lw_results::{Case, Changes, Group, Store, StoreError};

use crate::inputs::Input;
use crate::judge::counted;

/// What is put behind the name of the report.
const SUFFIX: &str = ".tests";
/// Names in a cell of the table.
const NAMED: usize = 5;

/// The measures that need a store.
pub(crate) const MEASURES: [&str; 6] = [
    "tests.new",
    "tests.fixed",
    "tests.newly-failing",
    "tests.still-failing",
    "tests.newly-skipped",
    REMOVED,
];
const REMOVED: &str = "tests.removed";

/// What is known of the earlier run.
#[derive(Default)]
pub(crate) struct Before {
    store: Option<Store>,
}

impl Before {
    /// How long a test took then.
    pub(crate) fn duration(&self, input: &Input, case: &Case) -> Option<std::time::Duration> {
        self.store.as_ref()?.duration(lw_results::TestKey::new(&input.leg, case))
    }

    /// Whether there is something to compare with.
    pub(crate) fn is_known(&self) -> bool {
        self.store.is_some()
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

fn cases(inputs: &[Input]) -> impl Iterator<Item = (&str, &Case)> {
    inputs.iter().flat_map(|input| input.run.cases().map(move |(_, case)| (&*input.leg, case)))
}

/// Compares the tests with those of the baseline, and keeps what they did for the next run. `stopped` says why tests that are
/// not there may only not have run.
///
/// # Errors
/// When the store of the baseline is no such store, of another title, or not the one that was written with it; when this
/// run's cannot be written.
pub(crate) fn compare(
    baseline: Option<(&Path, &Report)>,
    inputs: &[Input],
    stopped: Option<&str>,
    cx: &Context,
    report: &mut Report,
) -> Result<Before, Error> {
    let common = cx.common();
    // A stream has no place beside it.
    let has_place = |path: &PathBuf| !path.starts_with("/dev") && !path.starts_with("/proc");
    let kept: Vec<PathBuf> = cx.report_files().into_iter().filter(has_place).collect();
    if baseline.is_none() && kept.is_empty() {
        return Ok(Before::default());
    }
    let now = match Store::of(common.title.as_deref(), cases(inputs)) {
        Ok(now) => now,
        Err(error @ StoreError::TooMany(_)) => {
            let message = format!("what each test did is neither kept nor compared: {error}");
            report.add_finding(Finding::new("test-report/not-kept", Level::Warning, "store", message));
            return Ok(Before::default());
        }
        Err(error) => return Err(error.into()),
    };
    let mut before = Before::default();
    if let Some((path, earlier)) = baseline {
        let path = beside(path);
        if let Some(bytes) = cx.beside_baseline(&path, earlier, report)? {
            let store = Store::read(&bytes, common.title.as_deref()).context(cx.display_path(&path))?;
            tell(&now.changes(&store, cases(inputs)), stopped, report);
            before.store = Some(store);
        }
    }
    for path in kept {
        cx.write(&beside(&path), |out| now.write(out))?;
    }
    Ok(before)
}

fn tell(changes: &Changes, stopped: Option<&str>, report: &mut Report) {
    let Changes { new, fixed, still_failing, newly_failing, newly_skipped, removed, removed_failing } =
        changes;
    let groups = [
        ("tests.new", "new tests", new),
        ("tests.fixed", "fixed", fixed),
        ("tests.newly-failing", "newly failing", newly_failing),
        ("tests.still-failing", "still failing", still_failing),
        ("tests.newly-skipped", "newly skipped", newly_skipped),
    ];
    let columns = [("against the baseline", Align::Left), ("tests", Align::Right), ("which", Align::Left)];
    let mut table = Table::new("changes", "Since the baseline", &columns);
    for (name, label, group) in groups {
        let mut measure = Measure::count(name, group.count).label(label);
        if matches!(name, "tests.new" | "tests.fixed") {
            measure = measure.higher_is_better();
        }
        report.measures.push(measure);
        if group.count > 0 {
            table.rows.push(vec![Cell::Text(label.into()), count(group.count), Cell::Text(names(group))]);
        }
    }
    let mut told: Vec<(&str, String)> = Vec::new();
    if newly_skipped.count > 0 {
        let message = format!(
            "{} skipped that ran in the baseline: {}",
            are(newly_skipped.count),
            names(newly_skipped)
        );
        told.push(("newly-skipped", message));
    }
    let failing = match removed_failing {
        0 => String::new(),
        some => format!("; {some} of them did not pass there"),
    };
    let gone = format!("{} in the baseline and not in the results", are(*removed));
    match stopped {
        Some(why) if *removed > 0 => {
            let message =
                format!("{gone}{failing}; since {why}, they may not have run, and none counts as removed");
            told.push(("gone-tests", message));
            table.rows.push(vec![Cell::Text("not in the results".into()), count(*removed), Cell::Empty]);
        }
        Some(_) => {}
        None => {
            if *removed > 0 {
                told.push(("removed-tests", format!("{gone}{failing}")));
                table.rows.push(vec![Cell::Text("removed".into()), count(*removed), Cell::Empty]);
            }
            report.measures.push(Measure::count(REMOVED, *removed).label("removed tests"));
        }
    }
    for (rule, message) in told {
        let rule = format!("test-report/{rule}");
        report.add_finding(Finding::new(rule, Level::Warning, "baseline", message));
    }
    if !table.rows.is_empty() {
        report.tables.push(table);
    }
}

fn are(number: u64) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(usize::try_from(number).unwrap_or(usize::MAX)))
}

fn count(number: u64) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn names(group: &Group) -> String {
    let shown: Vec<&str> = group.names.iter().take(NAMED).map(String::as_str).collect();
    let more = usize::try_from(group.count).unwrap_or(usize::MAX).saturating_sub(shown.len());
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
