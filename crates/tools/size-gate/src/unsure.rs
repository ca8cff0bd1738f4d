//! What a map alone leaves open, where a limit depends on it.

use lw_firmware::memory::{RegionUse, UnsureContent};
use lw_model::{ByteSize, Direction, Finding, Level, Limit, Measure, Number, Outcome, Report, Unit, Verdict};

use crate::analyse::{FROM_FILE, Firmware, IMAGE_FACT};

/// Sections that are named; the rest is a number.
const MAX_NAMED: usize = 5;

/// Tells which sections of a firmware are taken to have no content, and fails the limits of image and regions that would
/// not hold if they had.
pub(crate) fn tell(report: &mut Report, firmware: &Firmware) {
    let Some(memory) = &firmware.memory else { return };
    let subject = firmware.subject.as_deref();
    if memory.unsure_content.is_empty() {
        return;
    }
    let image_is_file = report.fact(IMAGE_FACT, subject) == Some(FROM_FILE);
    let mut more = More { subject, image: 0, regions: Vec::new() };
    for section in &memory.unsure_content {
        if !image_is_file {
            more.image += section.size;
        }
        let holds =
            |used: &&RegionUse| section.load_address.is_some_and(|address| used.region.contains(address));
        if let Some(used) = memory.regions.iter().find(holds) {
            more.regions.push((&used.region.name, section.size));
        }
    }
    let named = named(&memory.unsure_content);
    let mut findings = Vec::new();
    for measure in &report.measures {
        let bytes = more.of(measure);
        if bytes == 0 {
            continue;
        }
        let (mut with, mut without) = (measure.clone(), measure.clone());
        let bytes = Number::from(bytes);
        with.value = match measure.direction {
            Direction::Higher => measure.value.minus(bytes),
            Direction::Lower => bytes.minus(Number::Integer(0).minus(measure.value)),
        };
        with.judge();
        without.judge();
        let depends = |(with, without): &(&Limit, &Limit)| {
            with.outcome == Outcome::Breached && without.outcome != Outcome::Breached
        };
        for (limit, _) in with.limits.iter().zip(&without.limits).filter(depends) {
            let message = format!(
                "{} may be {}, beyond its {} ({}): a map does not tell whether there is content in {named}",
                measure.name,
                show(&with),
                limit.bound,
                limit.origin
            );
            let level = if limit.on_breach == Verdict::Warn { Level::Warning } else { Level::Error };
            findings.push(
                Finding::new("size-gate/unsure-content", level, &measure.name, message)
                    .help("pass the ELF or the linker script of this build")
                    .at(limit.location.clone())
                    .about(subject),
            );
        }
    }
    if findings.is_empty() {
        let message = format!(
            "a map does not tell whether there is content in {named}: it is counted as if there were none"
        );
        findings.push(
            Finding::new("size-gate/unsure-content", Level::Note, "sections", message)
                .help("pass the ELF or the linker script to be sure")
                .about(subject),
        );
    }
    findings.into_iter().for_each(|finding| report.add_finding(finding));
}

/// The sections, each with its size.
fn named(sections: &[UnsureContent]) -> String {
    let name = |section: &UnsureContent| {
        format!("`{}` ({})", section.section, Unit::Bytes.brief(Number::from(section.size)))
    };
    let mut named: Vec<String> = sections.iter().take(MAX_NAMED).map(name).collect();
    let more = sections.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// What would be used more if there were content.
struct More<'a> {
    subject: Option<&'a str>,
    image: u64,
    /// By region, one entry for each section.
    regions: Vec<(&'a str, u64)>,
}

impl More<'_> {
    /// Bytes by which a measure would be worse: of the image, of a region, or of a sum they are part of.
    fn of(&self, measure: &Measure) -> u64 {
        let own = measure.subject.as_deref() == self.subject;
        let Some(inner) = measure.name.strip_prefix("sum(").and_then(|rest| rest.strip_suffix(')')) else {
            return if own { self.of_name(&measure.name) } else { 0 };
        };
        let of = |name: &str| {
            let scoped = self.subject.and_then(|subject| name.strip_prefix(subject)?.strip_prefix('/'));
            match scoped {
                Some(name) => self.of_name(name),
                None if own => self.of_name(name),
                None => 0,
            }
        };
        inner.split(", ").map(of).fold(0, u64::saturating_add)
    }

    /// A name is that of a measure, or in a sum a pattern of such names, which may leave out what comes last.
    fn of_name(&self, name: &str) -> u64 {
        let pattern = wildmatch::WildMatch::new(name);
        let means = |measure: &str, ends: &[&str]| {
            pattern.matches(measure) || ends.iter().any(|end| pattern.matches(&format!("{measure}.{end}")))
        };
        let image = if means("image", &["bytes"]) { self.image } else { 0 };
        let of_region =
            |(region, _): &&(&str, u64)| means(&format!("region.{region}"), &["span", "bytes", "free"]);
        let regions = self.regions.iter().filter(of_region).map(|(_, size)| *size);
        regions.fold(image, u64::saturating_add)
    }
}

fn show(measure: &Measure) -> String {
    match measure.value {
        Number::Integer(value) => ByteSize(value.unsigned_abs()).to_string(),
        Number::Decimal(value) => value.to_string(),
    }
}
