//! The numbers of an earlier run: a report of size-gate, or an Arduino sketches report.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt, Tool};
use lw_hashed::{HashMap, HashSet};
use lw_model::lists::sort;
use lw_model::{Bound, Fact, Finding, Level, Measure, Number, Reason, Report};

use crate::SizeGate;
use crate::analyse::{self, FROM_FILE, Firmware, IMAGE_FACT, MEMORY_FACT};
use crate::args::Args;
use crate::diff::{self, Row};
use crate::inputs;
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
        if cx.baseline_is_named() && Sketches::looks_like(&bytes) {
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

    /// The figures of an earlier build, measured from its ELF in the regions of this one.
    ///
    /// # Errors
    /// When a file cannot be read or is no ELF.
    pub(crate) fn measure(
        args: &Args,
        cx: &Context,
        firmwares: &[Firmware],
        report: &mut Report,
    ) -> Result<Option<Self>, Error> {
        let mut inputs = inputs::baselines(args, cx, report)?;
        let Some(path) = inputs.first().and_then(|first| first.elf.clone()) else { return Ok(None) };
        let mut earlier = Report::new(report.tool.name.clone(), report.tool.version.clone());
        // Measured by the tool of today.
        earlier.tool.revision = SizeGate::REVISION;
        let alone = inputs.len() == 1 && firmwares.len() == 1;
        for input in &mut inputs {
            let same = firmwares.iter().find(|firmware| alone || firmware.subject == input.name);
            if let Some(memory) = same.and_then(|firmware| firmware.memory.as_ref()) {
                input.chip = input.chip.or(memory.chip);
                let bounded = memory.regions.iter().filter(|used| used.bounded);
                input.regions = bounded.map(|used| used.region.clone()).collect();
            }
            let before = analyse::analyse(input, args, cx, &mut earlier)?;
            if let (Some(now), Some(machine)) = (same.and_then(|firmware| firmware.machine), before.machine)
                && now != machine
            {
                let path = input.elf.as_deref().unwrap_or(Path::new("--baseline-elf"));
                return Err(Error::input(format!(
                    "{}: the baseline is for machine {machine}, this firmware is for {now}",
                    path.display()
                ))
                .hint(
                    "compare with an ELF of the same firmware; the sizes of two chips say nothing of growth",
                ));
            }
        }
        Ok(Some(Self::Report { path, report: Box::new(earlier) }))
    }

    /// Gives every measure its earlier value, and tells what has none.
    ///
    /// # Errors
    /// When the baseline is of another chip.
    pub(crate) fn apply(&self, cx: &Context, report: &mut Report) -> Result<Compared, Error> {
        match self {
            Self::Report { path, report: earlier } => {
                let compared = apply_report(cx, report, earlier).context(path.display().to_string())?;
                Ok(compared)
            }
            Self::Sketches(sketches) => {
                let mut compared = Compared::default();
                let from_file = from_file(report);
                for measure in &mut report.measures {
                    let size = match measure.name.as_str() {
                        "image.bytes" if from_file.contains(&measure.subject) => {
                            compared.mark(measure, Reason::NothingMatched);
                            compared.gone.push(Gone {
                                subject: measure.subject.clone(),
                                what: format!("the sketches report has the size of sections, the image here is {FROM_FILE}"),
                                measure: Some("image.bytes"),
                            });
                            continue;
                        }
                        "image.bytes" => sketches.flash(measure.subject.as_deref()),
                        "ram.span" => sketches.ram(measure.subject.as_deref()),
                        _ => continue,
                    };
                    measure.baseline = size.map(Number::from);
                    if size.is_none() {
                        compared.mark(measure, Reason::NothingMatched);
                    }
                }
                if !compared.marks.is_empty()
                    && report.measures.iter().all(|measure| measure.baseline.is_none())
                {
                    compared.gone.push(Gone {
                        subject: None,
                        what:
                            "the sketches report has no sketch, or more than one, that this firmware could be"
                                .into(),
                        measure: None,
                    });
                }
                Ok(compared)
            }
        }
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

/// How the measures of a run stand to those of its baseline.
#[derive(Default)]
pub(crate) struct Compared {
    /// Why the growth of a measure cannot be told, by subject and name.
    marks: HashMap<(Option<String>, String), Reason>,
    /// What the baseline has and this run has not.
    gone: Vec<Gone>,
}

/// Something of the baseline that is not in this run.
struct Gone {
    subject: Option<String>,
    what: String,
    /// The measure whose growth depends on it; of all, when there is none.
    measure: Option<&'static str>,
}

impl Compared {
    fn mark(&mut self, measure: &Measure, reason: Reason) {
        self.marks.insert((measure.subject.clone(), measure.name.clone()), reason);
    }

    /// Why the growth of a measure cannot be told, where that is more than that it has no baseline. Of a sum and of a
    /// part of the breakdown it is why that of the image cannot.
    pub(crate) fn reason(&self, measure: &Measure) -> Option<Reason> {
        if measure.baseline.is_some() {
            return None;
        }
        let of = |name: &str| self.marks.get(&(measure.subject.clone(), name.to_owned())).copied();
        let is_made = measure.name.starts_with("sum(") || of_breakdown(&measure.name);
        of(&measure.name)
            .or_else(|| if is_made { of("ram.bytes").or_else(|| of("image.bytes")) } else { None })
    }

    /// Tells what is gone: that fails where growth is limited, because nobody can say how much it grew.
    pub(crate) fn tell(&self, report: &mut Report) {
        for gone in &self.gone {
            let depends = |name: &str| gone.measure.is_none_or(|measure| name.contains(measure));
            let limited =
                report.limits().any(|(name, _, limit)| limit.bound == Bound::MaxGrowth && depends(name));
            let level = if limited { Level::Error } else { Level::Note };
            let help = if limited {
                "growth is limited and cannot be told: give a baseline of the same build, or run once more on the base branch when this is wanted"
            } else {
                "its growth is not told"
            };
            let finding = Finding::new("size-gate/gone", level, &gone.what, gone.what.clone()).help(help);
            report.add_finding(finding.about(gone.subject.as_deref()));
        }
    }
}

fn of_breakdown(name: &str) -> bool {
    ["section.", "archive.", "object.", "symbol."].iter().any(|level| name.starts_with(level))
}

/// The firmwares of a report. Files with a limit of their own belong to none.
fn subjects(report: &Report) -> Vec<Option<String>> {
    let mut subjects: Vec<Option<String>> = Vec::new();
    for measure in report.measures.iter().filter(|measure| !measure.name.starts_with("file.")) {
        if !subjects.contains(&measure.subject) {
            subjects.push(measure.subject.clone());
        }
    }
    subjects
}

/// The firmwares whose image is the file that is flashed.
fn from_file(report: &Report) -> Vec<Option<String>> {
    let facts = report.facts.iter().filter(|fact| fact.name == IMAGE_FACT && fact.value == FROM_FILE);
    facts.map(|fact| fact.subject.clone()).collect()
}

fn apply_report(cx: &Context, report: &mut Report, earlier: &Report) -> Result<Compared, Error> {
    let (now, before) = (subjects(report), subjects(earlier));
    let alone = now.len() <= 1 && before.len() <= 1;
    for fact in report.facts.iter().filter(|fact| fact.name == "chip" || fact.name == "machine") {
        same_kind(fact, earlier, alone)?;
    }
    let mut compared = Compared::default();
    // The firmware of the baseline that each of this run is compared with.
    let partner = |subject: &Option<String>| match alone {
        true => before.first(),
        false => before.iter().find(|known| *known == subject),
    };
    let any_matched = now.iter().any(|subject| partner(subject).is_some());
    let named = |subject: &Option<String>| {
        subject.clone().map_or("the firmware".into(), |name| format!("firmware `{name}`"))
    };
    let mut vanished = false;
    if !alone {
        for subject in before.iter().filter(|subject| !now.iter().any(|known| known == *subject)) {
            vanished = true;
            compared.gone.push(Gone {
                subject: None,
                what: format!("{} of the baseline is not in this run", named(subject)),
                measure: None,
            });
        }
    }
    let mut values: HashMap<(&Option<String>, &str), &Measure> = HashMap::new();
    for measure in &earlier.measures {
        values.entry((&measure.subject, &measure.name)).or_insert(measure);
    }
    // What an image counts differs between its file and its sections.
    let image = |report: &Report, subject: &Option<String>| {
        report.fact(IMAGE_FACT, subject.as_deref()).map(str::to_owned)
    };
    let mut other_image: Vec<Option<String>> = Vec::new();
    let mut other_memory: Vec<Option<String>> = Vec::new();
    for subject in &now {
        let Some(old) = partner(subject) else {
            let reason = match (any_matched, vanished) {
                (false, _) => Reason::NothingMatched,
                (true, true) => Reason::Gone,
                (true, false) => Reason::NoBaseline,
            };
            for measure in report.measures.iter().filter(|measure| measure.subject == *subject) {
                compared.mark(measure, reason);
            }
            continue;
        };
        let (counted_now, counted_before) = (image(report, subject), image(earlier, old));
        if let (Some(before), Some(now)) = (&counted_before, &counted_now)
            && before != now
        {
            other_image.push(subject.clone());
            compared.gone.push(Gone {
                subject: subject.clone(),
                what: format!("the image of the baseline is {before}, here it is {now}"),
                measure: Some("image.bytes"),
            });
        }
        let is_open = |report: &Report, subject: &Option<String>| {
            report.fact(MEMORY_FACT, subject.as_deref()).is_some()
        };
        let open = (is_open(earlier, old), is_open(report, subject));
        if open.0 != open.1 {
            other_memory.push(subject.clone());
            let (map, other) =
                if open.0 { ("the baseline", "this run") } else { ("this run", "the baseline") };
            for (what, measure) in [("RAM", "ram."), ("regions", "region.")] {
                compared.gone.push(Gone {
                    subject: subject.clone(),
                    what: format!("{what} of {map} are what a map alone tells, with sections that may be (COPY), and of {other} they are not"),
                    measure: Some(measure),
                });
            }
        }
        let renamed = renamed(report, subject, earlier, old, &mut compared);
        for measure in report.measures.iter().filter(|measure| measure.subject == *subject) {
            let is_new = !values.contains_key(&(old, measure.name.as_str()));
            if is_new && renamed.iter().any(|family| measure.name.starts_with(family.as_str())) {
                compared.mark(measure, Reason::Gone);
            }
        }
    }
    let resized: Vec<Finding> = report
        .measures
        .iter()
        .filter(|measure| measure.name.starts_with("region.") && measure.name.ends_with(".size"))
        .filter_map(|measure| {
            let before = values.get(&(partner(&measure.subject)?, measure.name.as_str()))?;
            (before.value != measure.value).then(|| resized(measure, before))
        })
        .collect();
    resized.into_iter().for_each(|finding| report.add_finding(finding));
    cx.compare(report, earlier, |measure, _| {
        let name = measure.name.as_str();
        if is_other(measure, &other_image, &other_memory) {
            return None;
        }
        // Files with a limit of their own belong to no firmware.
        let old = if name.starts_with("file.") { Some(&measure.subject) } else { partner(&measure.subject) };
        values.get(&(old?, name)).copied()
    });
    for measure in report.measures.iter().filter(|measure| is_other(measure, &other_image, &other_memory)) {
        compared.mark(measure, Reason::NothingMatched);
    }
    Ok(compared)
}

/// Whether a measure counts something else than in the baseline, of the firmwares of which image or memory do.
fn is_other(measure: &Measure, image: &[Option<String>], memory: &[Option<String>]) -> bool {
    match measure.name.split('.').next() {
        Some("image") => image.contains(&measure.subject),
        // How long a region is does not depend on what is in it.
        Some("ram" | "region") => !measure.name.ends_with(".size") && memory.contains(&measure.subject),
        _ => false,
    }
}

/// Tells of a region that had another length: the script was changed, or the baseline is of another board.
fn resized(now: &Measure, before: &Measure) -> Finding {
    let region = now.name.trim_start_matches("region.").trim_end_matches(".size");
    let message = format!(
        "region {region} has {}, and {} in the baseline",
        now.unit.brief(now.value),
        now.unit.brief(before.value)
    );
    Finding::new("size-gate/resized", Level::Note, region, message)
        .help("growth is told all the same; was the linker script changed, or is the baseline of another board?")
        .about(now.subject.as_deref())
}

/// The families of measures (`region.`) of which the baseline has a member in use that this run has not: a new member
/// may be that one under another name.
fn renamed(
    report: &Report,
    subject: &Option<String>,
    earlier: &Report,
    old: &Option<String>,
    compared: &mut Compared,
) -> Vec<String> {
    let mut families = Vec::new();
    for (family, end) in [("region.", ".span"), ("partition.", ".used")] {
        let members = |report: &Report, subject: &Option<String>| -> HashSet<String> {
            let own = report.measures.iter().filter(|measure| measure.subject == *subject);
            own.filter(|measure| measure.value.as_f64() > 0.0)
                .filter_map(|measure| measure.name.strip_prefix(family)?.strip_suffix(end))
                .map(str::to_owned)
                .collect()
        };
        let known: HashSet<&str> = report
            .measures
            .iter()
            .filter(|measure| measure.subject == *subject)
            .filter_map(|measure| measure.name.strip_prefix(family)?.strip_suffix(end))
            .collect();
        let mut gone: Vec<String> =
            members(earlier, old).into_iter().filter(|name| !known.contains(name.as_str())).collect();
        // A run without an image or a table has no partitions to speak of.
        if gone.is_empty() || known.is_empty() {
            continue;
        }
        sort(&mut gone);
        let before = members(earlier, old);
        let mut new: Vec<String> =
            members(report, subject).into_iter().filter(|name| !before.contains(name)).collect();
        sort(&mut new);
        let what = family.trim_end_matches('.');
        for name in gone {
            let new = if new.is_empty() { String::new() } else { format!("; new is {}", new.join(", ")) };
            compared.gone.push(Gone {
                subject: subject.clone(),
                what: format!("{what} {name} of the baseline is not in this run{new}"),
                measure: None,
            });
        }
        families.push(family.to_owned());
    }
    families
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
