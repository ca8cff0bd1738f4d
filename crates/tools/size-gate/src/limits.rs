//! Which measure a limit of the user's means.
//!
//! A limit names a measure (`region.RAM.span`), a shorthand of one (`ram`, `region.RAM`), a pattern
//! (`region.*`), parts of the breakdown (`symbol.lwip_*`, `archive.libnet.a`), or a sum of any of these
//! (`sum(region.ITCM, region.DTCM)`, `sum(symbol.lwip_*)`). In a run of several
//! firmwares `NAME/measure` means one of them. A name that means nothing is an error: a limit that is never judged is a
//! silent pass.

mod index;

use std::rc::Rc;

use lw_cli::config::{did_you_mean, nearest};
use lw_cli::{Context, Error, KeyedLimit, LimitSet};
use lw_model::{Bound, Finding, Level, Measure, Number, Reason, Report, Unit};

use crate::args::{Args, Preset};
use crate::baseline::{Baseline, Compared};
use crate::limits::index::{Index, PartsOfLevel, is_pattern};

/// Levels of the breakdown whose parts can be limited by name.
const PARTS: [&str; 4] = ["section", "archive", "object", "symbol"];

/// Ends of names of what is used, of what is free, and of how much there is.
const USED: [&str; 3] = [".span", ".used", ".bytes"];
const FREE: &str = ".free";
const SIZE: &str = ".size";

/// Hangs every limit of the user's on the measures it means; sums and parts of the breakdown become measures.
///
/// # Errors
/// When a limit is malformed, means nothing, or is a percentage of nothing.
pub(crate) fn attach(
    args: &Args,
    cx: &Context,
    report: &mut Report,
    baseline: Option<&Baseline>,
    compared: &Compared,
) -> Result<(), Error> {
    let mut limits = cx.limits(Bound::Max, Unit::Bytes, "max", &lines(&args.max))?;
    limits.extend(cx.limits(Bound::MaxGrowth, Unit::Bytes, "max_growth", &lines(&args.max_growth))?);
    limits.extend(cx.limits(Bound::Min, Unit::Bytes, "min_free", &lines(&args.min_free))?);
    limits.extend(cx.limits(Bound::Max, Unit::Bytes, "max_file", &lines(&args.max_file))?.into_iter().map(
        |set| {
            let name = format!("file.{}.bytes", set.name());
            set.renamed(name)
        },
    ));
    for preset in &args.preset {
        limits.push(of_preset(*preset)?);
    }
    let mut index = Index::of(report);
    let earlier = baseline.and_then(Baseline::report);
    for set in limits {
        let indices = match targets(&set, report, earlier, &mut index)? {
            Meaning::Measures(indices) => indices,
            Meaning::Nothing(reason) => {
                set.record_unmatched(reason, report);
                continue;
            }
        };
        for index in indices {
            let Some(measure) = report.measures.get_mut(index) else { continue };
            let reason = (set.bound() == Bound::MaxGrowth).then(|| compared.reason(measure)).flatten();
            set.clone().not_judged(reason).attach(measure).map_err(|error| {
                error.hint("limit it in bytes, or limit a region or partition, whose size is known")
            })?;
        }
    }
    Ok(())
}

/// The limits of a list, of which an entry may be several lines.
fn lines(specs: &[KeyedLimit]) -> Vec<String> {
    let lines = specs.iter().flat_map(|spec| spec.lines()).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What a name means.
enum Meaning {
    /// Measures, by index.
    Measures(Vec<usize>),
    /// Something that is not in this run, and why.
    Nothing(Reason),
}

/// Whether a limit names a part of the breakdown, in whatever firmware.
pub(crate) fn name_parts(args: &Args) -> bool {
    let names_part = |spec: &KeyedLimit| {
        let is_part = |name: &str| {
            part(name.split_once('/').map_or(name, |(_, name)| name)).or_else(|| part(name)).is_some()
        };
        spec.lines().any(|spec| {
            let name = spec.rsplit_once('=').map_or(spec, |(name, _)| name).trim();
            summands(name).map_or_else(|| is_part(name), |parts| parts.into_iter().any(is_part))
        })
    };
    args.max.iter().chain(&args.max_growth).chain(&args.min_free).any(names_part)
}

fn of_preset(preset: Preset) -> Result<LimitSet, Error> {
    let (spec, origin) = match preset {
        Preset::Binary1MiB => ("image.bytes=1048576", "preset binary-1mib"),
        Preset::Ram150K => ("ram.bytes=150000", "preset ram-150k"),
    };
    LimitSet::of_tool(Bound::Max, spec, Unit::Bytes, origin)
}

/// What a name means. In front of it may stand the firmware it is meant for.
fn targets(
    set: &LimitSet,
    report: &mut Report,
    baseline: Option<&Report>,
    index: &mut Index,
) -> Result<Meaning, Error> {
    let (subject, name) = scoped(set.name(), index);
    let (bound, place) = (set.bound(), set.place());
    if let Some(summands) = summands(&name) {
        return sums(&summands, subject.as_deref(), bound, &place, report, baseline, index);
    }
    refuse_free_of(&name, bound, &place)?;
    if let Some((level, pattern)) = part(&name) {
        return parts(level, pattern, subject.as_deref(), report, baseline, index);
    }
    let found = matching(&name, subject.as_deref(), bound, &report.measures, index);
    if !found.is_empty() {
        return Ok(Meaning::Measures(found));
    }
    missing(&name, subject.as_deref(), bound, &place, report, baseline)
}

/// The firmware that `SUBJECT/measure` is meant for, and the measure.
fn scoped(name: &str, index: &Index) -> (Option<String>, String) {
    match name.split_once('/') {
        Some((subject, name)) if index.has_subject(subject) => (Some(subject.into()), name.into()),
        _ => (None, name.into()),
    }
}

/// What stays free is known of a region, a partition and all RAM; of anything else a minimum would bound what is used
/// from below, which is the opposite.
fn refuse_free_of(name: &str, bound: Bound, place: &str) -> Result<(), Error> {
    if bound != Bound::Min {
        return Ok(());
    }
    let family = name.split('.').next().unwrap_or_default();
    let has_free = matches!(family, "region" | "partition" | "ram" | "sram") || family.contains(['*', '?']);
    if has_free && !name.ends_with(SIZE) {
        return Ok(());
    }
    Err(Error::usage(format!("{place}: `{name}` is no memory of which something could be free"))
        .hint("what must stay free is known of region.NAME, partition.NAME, partition.smallest-app, ram and sram; an upper limit of anything else is --max"))
}

/// The measures a plain name or pattern means.
fn matching(
    name: &str,
    subject: Option<&str>,
    bound: Bound,
    measures: &[Measure],
    index: &Index,
) -> Vec<usize> {
    let wanted = |measure: &Measure| subject.is_none() || measure.subject.as_deref() == subject;
    for candidate in spellings(name, bound) {
        let found = index.matching(&candidate, measures, wanted);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// A name that means nothing in this run: it is gone, it was left out, or it is a mistake.
fn missing(
    name: &str,
    subject: Option<&str>,
    bound: Bound,
    place: &str,
    report: &Report,
    baseline: Option<&Report>,
) -> Result<Meaning, Error> {
    // The run was told to go on without its inputs, and has spoken of them.
    if report.findings.iter().any(|finding| finding.rule.ends_with("/missing-input")) {
        return Ok(Meaning::Nothing(Reason::Skipped));
    }
    if bound == Bound::MaxGrowth
        && baseline.is_some_and(|earlier| {
            !matching(name, subject, bound, &earlier.measures, &Index::of(earlier)).is_empty()
        })
    {
        return Ok(Meaning::Nothing(Reason::Gone));
    }
    let names: Vec<&str> = report
        .measures
        .iter()
        .filter(|measure| subject.is_none() || measure.subject.as_deref() == subject)
        .map(|measure| measure.name.as_str())
        .collect();
    let families = ["section.NAME", "archive.NAME", "object.NAME", "symbol.NAME"];
    let error = Error::usage(format!("{place}: there is no measure `{name}`"));
    // A region of the name whose size nobody knows has nothing that could be free.
    let candidates = spellings(name, bound);
    let used = spellings(name.strip_suffix(FREE).unwrap_or(name), Bound::Max);
    if bound == Bound::Min && names.iter().any(|known| used.iter().any(|used| used == known)) {
        return Err(error
            .hint("its size is not known: pass the linker's map, its script, or the region with --region"));
    }
    let first = candidates.first().map_or(name, String::as_str);
    let same = names.iter().find(|known| candidates.iter().any(|name| name.eq_ignore_ascii_case(known)));
    let near = same.copied().or_else(|| nearest(first, names.iter().copied().chain(families)));
    Err(match near {
        Some(near) => error.hint(did_you_mean(near)),
        None => {
            error.hint(format!("measures of this run: {}; and {}", names.join(", "), families.join(", ")))
        }
    })
}

/// What `sum(a, b)` or `a + b` adds up; `None` for any other name. Names of symbols may hold commas in parentheses.
fn summands(name: &str) -> Option<Vec<&str>> {
    if let Some(inner) = name.strip_prefix("sum(").and_then(|rest| rest.strip_suffix(')')) {
        let (mut depth, mut start) = (0_usize, 0);
        let mut found = Vec::new();
        for (index, c) in inner.char_indices() {
            match c {
                '(' | '<' | '[' => depth += 1,
                ')' | '>' | ']' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    found.extend(inner.get(start..index));
                    start = index + 1;
                }
                _ => {}
            }
        }
        found.extend(inner.get(start..));
        return Some(found.into_iter().map(str::trim).collect());
    }
    // The operators of C++ are names of symbols.
    let plain = name.rsplit_once('/').map_or(name, |(_, name)| name);
    if part(plain).is_some() || part(name).is_some() || name.starts_with("file.") || !name.contains('+') {
        return None;
    }
    Some(name.split('+').map(str::trim).collect())
}

/// What one measure adds to a sum.
struct Summand {
    subject: Option<String>,
    value: u64,
    whole: Option<u64>,
    baseline: Option<u64>,
}

/// Makes a measure of a sum: one per firmware, or one of them all where a summand names its firmware.
fn sums(
    summands: &[&str],
    subject: Option<&str>,
    bound: Bound,
    place: &str,
    report: &mut Report,
    baseline: Option<&Report>,
    index: &mut Index,
) -> Result<Meaning, Error> {
    let mut all: Vec<Summand> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut taken: Vec<usize> = Vec::new();
    let mut across = false;
    for summand in summands {
        let (own, name) = scoped(summand, index);
        across |= own.is_some();
        let own = own.as_deref().or(subject);
        refuse_free_of(&name, bound, place)?;
        if let Some((level, pattern)) = part(&name) {
            let (found, _) = measures_of_parts(level, pattern, own, report, baseline, index)?;
            if found.is_empty() && !pattern.contains(['*', '?']) {
                return Err(Error::usage(format!("{place}: there is no {level} `{pattern}`")));
            }
            let subjects = report.trees.iter().map(|tree| &tree.subject);
            let of = |subject: &Option<String>| Summand {
                subject: subject.clone(),
                value: 0,
                whole: None,
                baseline: baseline.map(|_| 0),
            };
            // A pattern that matches nothing adds nothing.
            all.extend(subjects.filter(|known| own.is_none() || known.as_deref() == own).map(of));
            all.extend(found.iter().map(summand_of));
            names.push(prefixed(summand, &name, format!("{level}.{pattern}.bytes")));
            continue;
        }
        let found = matching(&name, own, bound, &report.measures, index);
        let Some(first) = found.first().and_then(|at| report.measures.get(*at)) else {
            return missing(&name, own, bound, place, report, baseline);
        };
        let shown = if name.contains(['*', '?']) { name.clone() } else { first.name.clone() };
        names.push(prefixed(summand, &name, shown));
        for at in found {
            if !taken.contains(&at) {
                taken.push(at);
                all.extend(report.measures.get(at).map(summand_of));
            }
        }
    }
    let mut subjects: Vec<Option<String>> = Vec::new();
    for summand in &mut all {
        if across {
            summand.subject = None;
        }
        if !subjects.contains(&summand.subject) {
            subjects.push(summand.subject.clone());
        }
    }
    let name = format!("sum({})", names.join(", "));
    let mut found = Vec::new();
    for subject in subjects {
        let own = || all.iter().filter(|summand| summand.subject == subject);
        let total = |of: fn(&Summand) -> Option<u64>| {
            own().try_fold(0_u64, |sum, summand| Some(sum.saturating_add(of(summand)?)))
        };
        let mut measure = Measure::bytes(&name, total(|summand| Some(summand.value)).unwrap_or_default());
        measure.subject.clone_from(&subject);
        measure.whole = total(|summand| summand.whole).map(Number::from);
        measure.baseline = total(|summand| summand.baseline).map(Number::from);
        if bound == Bound::Min {
            measure = measure.higher_is_better();
        }
        found.push(index.add(measure, &mut report.measures));
    }
    Ok(Meaning::Measures(found))
}

/// A name with the firmware that stood in front of it.
fn prefixed(written: &str, name: &str, shown: String) -> String {
    match written.strip_suffix(name).filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{prefix}{shown}"),
        None => shown,
    }
}

fn summand_of(measure: &Measure) -> Summand {
    let bytes = |number: Number| match number {
        Number::Integer(value) => u64::try_from(value).unwrap_or(0),
        Number::Decimal(_) => 0,
    };
    Summand {
        subject: measure.subject.clone(),
        value: bytes(measure.value),
        whole: measure.whole.map(bytes),
        baseline: measure.baseline.map(bytes),
    }
}

/// What a name may be short for, the first that is there counts.
fn spellings(name: &str, bound: Bound) -> Vec<String> {
    if bound == Bound::Min {
        let used = USED.iter().find_map(|end| name.strip_suffix(end));
        return vec![format!("{}{FREE}", used.or_else(|| name.strip_suffix(FREE)).unwrap_or(name))];
    }
    match name {
        "image" | "flash" => return vec!["image.bytes".into()],
        "ram" | "sram" => return vec![format!("{name}.span")],
        _ => {}
    }
    let whole = USED.iter().chain([&FREE, &SIZE]).any(|end| name.ends_with(end));
    let short = USED.map(|end| format!("{name}{end}"));
    // A pattern means what is used, and neither what is free nor how much there is.
    if name.contains(['*', '?']) && !whole {
        short.to_vec()
    } else {
        [vec![name.to_owned()], short.to_vec()].concat()
    }
}

/// `symbol.lwip_*` and `symbol.lwip_*.bytes` are the symbols that match.
fn part(name: &str) -> Option<(&'static str, &str)> {
    PARTS.iter().find_map(|level| {
        let pattern = name.strip_prefix(level)?.strip_prefix('.')?;
        Some((*level, pattern.strip_suffix(".bytes").unwrap_or(pattern)))
    })
}

/// Makes a measure of every part that matches and returns their indices.
fn parts(
    level: &'static str,
    pattern: &str,
    subject: Option<&str>,
    report: &mut Report,
    baseline: Option<&Report>,
    index: &mut Index,
) -> Result<Meaning, Error> {
    let (measures, levels) = measures_of_parts(level, pattern, subject, report, baseline, index)?;
    if !measures.is_empty() {
        let found = measures.into_iter().map(|measure| index.add(measure, &mut report.measures)).collect();
        return Ok(Meaning::Measures(found));
    }
    if is_pattern(pattern) {
        let message = format!("no {level} matches `{pattern}`: its limit holds for nothing in this build");
        report.add_finding(Finding::new("size-gate/nothing-to-limit", Level::Note, pattern, message));
        return Ok(Meaning::Measures(Vec::new()));
    }
    let error = Error::usage(format!("there is no {level} `{pattern}`"));
    let known = levels.iter().flat_map(|level| level.names());
    Err(match nearest(pattern, known) {
        Some(near) => error.hint(did_you_mean(&format!("{level}.{near}"))),
        None => error.hint(format!("a pattern such as {level}.{pattern}* may match nothing")),
    })
}

/// A measure of every part that matches, and the parts there are.
fn measures_of_parts(
    level: &'static str,
    pattern: &str,
    subject: Option<&str>,
    report: &Report,
    baseline: Option<&Report>,
    index: &mut Index,
) -> Result<(Vec<Measure>, Vec<Rc<PartsOfLevel>>), Error> {
    let mut levels: Vec<Rc<PartsOfLevel>> = Vec::new();
    let mut measures: Vec<Measure> = Vec::new();
    let mut seen_level = false;
    let alone = report.trees.len() == 1 && baseline.is_some_and(|earlier| earlier.trees.len() == 1);
    for (position, tree) in report.trees.iter().enumerate() {
        if subject.is_some() && tree.subject.as_deref() != subject {
            continue;
        }
        seen_level |= tree.levels.iter().any(|known| known == level);
        let parts = index.level(position, level, tree, baseline.map(|earlier| (earlier, alone)));
        for part in parts.matching(pattern) {
            let mut measure = Measure::bytes(format!("{level}.{}.bytes", part.shown()), part.now);
            measure.subject.clone_from(&tree.subject);
            measure.baseline = part.before.map(Number::from);
            measures.push(measure);
        }
        levels.push(parts);
    }
    if !seen_level && measures.is_empty() {
        return Err(Error::usage(format!(
            "`{level}.{pattern}` cannot be judged: the inputs tell of no {level}s"
        ))
        .hint("archives and objects are known from the linker map: add it with --map"));
    }
    Ok((measures, levels))
}
