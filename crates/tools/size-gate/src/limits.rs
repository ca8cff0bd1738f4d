//! Which measure a limit of the user's means.
//!
//! A limit names a measure (`region.RAM.span`), a shorthand of one (`ram`, `region.RAM`), a pattern
//! (`region.*.span`), or parts of the breakdown (`symbol.lwip_*`, `archive.libnet.a`). In a run of several
//! firmwares `NAME/measure` means one of them. A name that means nothing is an error: a limit that is never judged is a
//! silent pass.

use std::collections::BTreeMap;

use lw_cli::config::{did_you_mean, nearest};
use lw_cli::{Context, Error};
use lw_firmware::demangle::{demangle, stable_name};
use lw_model::{Bound, Finding, Level, Limit, Measure, Number, Report, Threshold, Tree, Unit};
use wildmatch::WildMatch;

use crate::args::{Args, Preset};
use crate::breakdown::{parts_of_level, sections_once};

/// Levels of the breakdown whose parts can be limited by name.
const PARTS: [&str; 4] = ["section", "archive", "object", "symbol"];

/// Hangs every limit of the user's on the measures it means; parts of the breakdown become measures.
///
/// # Errors
/// When a limit is malformed, means nothing, or is a percentage of nothing.
pub(crate) fn attach(
    args: &Args,
    cx: &Context,
    report: &mut Report,
    baseline: Option<&Report>,
) -> Result<(), Error> {
    let mut limits = cx.limits(Bound::Max, Unit::Bytes, "max", &args.max)?;
    limits.extend(cx.limits(Bound::MaxGrowth, Unit::Bytes, "max_growth", &args.max_growth)?);
    limits.extend(cx.limits(Bound::Min, Unit::Bytes, "min_free", &args.min_free)?);
    limits.extend(
        cx.limits(Bound::Max, Unit::Bytes, "max_file", &args.max_file)?
            .into_iter()
            .map(|(path, limits)| (format!("file.{path}.bytes"), limits)),
    );
    for preset in &args.preset {
        limits.push(of_preset(*preset, report)?);
    }
    for (name, limits) in limits {
        let targets = targets(&name, &limits, report, baseline)?;
        for index in targets {
            let Some(measure) = report.measures.get_mut(index) else { continue };
            for limit in &limits {
                check_percentage(measure, limit)?;
                measure.limits.push(limit.clone());
            }
        }
    }
    Ok(())
}

/// Whether a limit names a part of the breakdown, in whatever firmware.
pub(crate) fn name_parts(args: &Args) -> bool {
    let names_part = |spec: &String| {
        let name = spec.rsplit_once('=').map_or(spec.as_str(), |(name, _)| name);
        part(name.split_once('/').map_or(name, |(_, name)| name)).or_else(|| part(name)).is_some()
    };
    args.max.iter().chain(&args.max_growth).chain(&args.min_free).any(names_part)
}

fn of_preset(preset: Preset, report: &Report) -> Result<(String, Vec<Limit>), Error> {
    let has_file = report.measures.iter().any(|measure| measure.name.starts_with("file."));
    let (spec, origin) = match preset {
        Preset::Binary1MiB if has_file => ("file.*=1048576", "preset binary-1mib"),
        Preset::Binary1MiB => ("image.bytes=1048576", "preset binary-1mib"),
        Preset::Ram150K => ("ram.bytes=150000", "preset ram-150k"),
    };
    Limit::parse(Bound::Max, spec, Unit::Bytes, origin).map_err(Error::usage)
}

fn check_percentage(measure: &Measure, limit: &Limit) -> Result<(), Error> {
    let of_whole =
        matches!(limit.bound, Bound::Max | Bound::Min) && matches!(limit.threshold, Threshold::Percent(_));
    if of_whole && measure.whole.is_none() {
        return Err(Error::usage(format!(
            "the limit of `{}` is a percentage, but there is nothing it is a part of",
            measure.name
        ))
        .hint("limit it in bytes, or limit a region or partition, whose size is known"));
    }
    Ok(())
}

/// The measures a name means, by index.
fn targets(
    name: &str,
    limits: &[Limit],
    report: &mut Report,
    baseline: Option<&Report>,
) -> Result<Vec<usize>, Error> {
    let subjects: Vec<String> = report.subjects().into_iter().flatten().map(str::to_owned).collect();
    let scoped = name.split_once('/').filter(|(subject, _)| subjects.iter().any(|known| known == subject));
    let (subject, name) = scoped.map_or((None, name), |(subject, name)| (Some(subject.to_owned()), name));
    let bound = limits.first().map_or(Bound::Max, |limit| limit.bound);
    if let Some((level, pattern)) = part(name) {
        return parts(level, pattern, subject.as_deref(), report, baseline);
    }
    let candidates = spellings(name, bound);
    let wanted = |measure: &Measure| subject.is_none() || measure.subject == subject;
    for candidate in &candidates {
        let pattern = WildMatch::new(candidate);
        let found: Vec<usize> =
            indices(&report.measures, |measure| wanted(measure) && pattern.matches(&measure.name));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    // A file that was looked for and is missing has been spoken of already.
    let missing = name.strip_prefix("file.").and_then(|path| path.strip_suffix(".bytes"));
    if missing.is_some_and(|path| {
        report
            .findings
            .iter()
            .any(|finding| finding.rule.ends_with("/missing-input") && finding.fingerprint.ends_with(path))
    }) {
        return Ok(Vec::new());
    }
    let place = limits.first().map(place_of).unwrap_or_default();
    let names: Vec<&str> = report
        .measures
        .iter()
        .filter(|measure| wanted(measure))
        .map(|measure| measure.name.as_str())
        .collect();
    let families = ["section.NAME", "archive.NAME", "object.NAME", "symbol.NAME"];
    let error = Error::usage(format!("{place}: there is no measure `{name}`"));
    Err(
        match nearest(candidates.first().map_or(name, String::as_str), names.iter().copied().chain(families))
        {
            Some(near) => error.hint(did_you_mean(near)),
            None => {
                error.hint(format!("measures of this run: {}; and {}", names.join(", "), families.join(", ")))
            }
        },
    )
}

fn place_of(limit: &Limit) -> String {
    let line = limit.location.as_ref().and_then(|at| at.line.map(|line| format!("{}:{line}", at.path)));
    line.unwrap_or_else(|| limit.origin.clone())
}

/// A name and what it may be short for.
fn spellings(name: &str, bound: Bound) -> Vec<String> {
    let mut all = vec![name.to_owned()];
    match (name, bound) {
        ("image" | "flash", _) => all.push("image.bytes".into()),
        ("ram" | "sram", Bound::Min) => all.push(format!("{name}.free")),
        ("ram" | "sram", _) => all.push(format!("{name}.span")),
        (_, Bound::Min) => all.push(format!("{name}.free")),
        _ => all.extend(["span", "bytes", "used"].map(|end| format!("{name}.{end}"))),
    }
    all
}

fn indices(measures: &[Measure], wanted: impl Fn(&Measure) -> bool) -> Vec<usize> {
    measures.iter().enumerate().filter(|(_, measure)| wanted(measure)).map(|(index, _)| index).collect()
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
    level: &str,
    pattern: &str,
    subject: Option<&str>,
    report: &mut Report,
    baseline: Option<&Report>,
) -> Result<Vec<usize>, Error> {
    let wildcard = pattern.contains(['*', '?']);
    let matcher = WildMatch::new(pattern);
    let mut found = Vec::new();
    let mut known: Vec<String> = Vec::new();
    let mut seen_level = false;
    let trees: Vec<&Tree> =
        report.trees.iter().filter(|tree| subject.is_none() || tree.subject.as_deref() == subject).collect();
    let mut measures: Vec<Measure> = Vec::new();
    for tree in trees {
        seen_level |= tree.levels.iter().any(|known| known == level);
        let now = sizes(tree, level);
        let before = baseline
            .and_then(|report| {
                report
                    .trees
                    .iter()
                    .find(|old| old.subject == tree.subject && old.levels.iter().any(|known| known == level))
            })
            .map(|old| sizes(old, level));
        let names: Vec<&String> = now
            .keys()
            .chain(before.iter().flat_map(|before| before.keys().filter(|name| !now.contains_key(*name))))
            .collect();
        for name in names {
            let demangled = (level == "symbol").then(|| demangle(name)).flatten();
            if matcher.matches(name) || demangled.as_deref().is_some_and(|name| matcher.matches(name)) {
                let mut measure = Measure::bytes(
                    format!("{level}.{}.bytes", demangled.as_deref().unwrap_or(name)),
                    now.get(name).copied().unwrap_or(0),
                );
                measure.subject.clone_from(&tree.subject);
                measure.baseline =
                    before.as_ref().map(|before| Number::from(before.get(name).copied().unwrap_or(0)));
                measures.push(measure);
            } else if !wildcard {
                known.push(demangled.unwrap_or_else(|| name.clone()));
            }
        }
    }
    for measure in measures {
        // Two limits of one part are two limits of one measure.
        let same = |other: &Measure| other.name == measure.name && other.subject == measure.subject;
        let index = report.measures.iter().position(same).unwrap_or_else(|| {
            report.measures.push(measure);
            report.measures.len() - 1
        });
        found.push(index);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    if !seen_level {
        return Err(Error::usage(format!(
            "`{level}.{pattern}` cannot be judged: the inputs tell of no {level}s"
        ))
        .hint("archives and objects are known from the linker map: add it with --map"));
    }
    if wildcard {
        let message = format!("no {level} matches `{pattern}`: its limit holds for nothing in this build");
        report.add_finding(Finding::new("size-gate/nothing-to-limit", Level::Note, pattern, message));
        return Ok(Vec::new());
    }
    let error = Error::usage(format!("there is no {level} `{pattern}`"));
    Err(match nearest(pattern, known.iter().map(String::as_str)) {
        Some(near) => error.hint(did_you_mean(&format!("{level}.{near}"))),
        None => error.hint(format!("a pattern such as {level}.{pattern}* may match nothing")),
    })
}

/// Bytes of every part of a level, by name across builds.
fn sizes(tree: &Tree, level: &str) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    parts_of_level(tree, sections_once(tree), level, |part| {
        *sizes.entry(stable_name(&part.node.name).into_owned()).or_insert(0) += part.node.value;
    });
    sizes
}
