//! `version check`.

use lw_cli::{Context, Error};
use lw_model::{Finding, Level, Location, Measure, Report, counted};
use lw_version_files::Place;
use lw_versions::{Scheme, TagName, Version, classify};

use crate::args::Check;
use crate::held::{Held, Project, new_version};
use crate::state;

pub(crate) fn run(args: &Check, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let scheme = args.written.scheme.into();
    let tag = tag(args, scheme, cx, report)?;
    let project = Project::read(&args.files, cx, report)?;
    let (version, of) = match &tag {
        Some((name, version)) => (version.clone(), format!("the tag {name}")),
        None => match project.version(scheme) {
            Some((version, file, place)) => (version, format!("{}:{}", file.name, place.line)),
            None => {
                let mut own = project.own();
                let shown =
                    own.next().map(|(file, place)| format!("{}:{}: `{}`", file.name, place.line, place.text));
                return Err(Error::input(format!(
                    "{} is no version of the scheme",
                    shown.unwrap_or_default()
                ))
                .hint("say with --scheme how versions are written"));
            }
        },
    };
    let Compared { files, places, wrong } = compare(&project, &version, &of, report);
    if tag.is_none() && places <= project.standing_for(scheme) {
        let message =
            format!("{of} is the only place with a version, and there is no tag: nothing was compared");
        report.add_finding(Finding::new("version/nothing-compared", Level::Error, "alone", message));
    }
    report.measures.push(Measure::count("version.files", files as u64).label("files"));
    report.measures.push(Measure::count("version.disagreements", wrong as u64).label("disagreements"));
    cx.judge(report, None);
    let text = version.to_string();
    state::fact(report, "version", &text);
    state::output_numbers(&version, cx);
    cx.output("version", &*text);
    cx.output("is-prerelease", (!version.is_final()).to_string());
    cx.output("tag", tag.map(|(name, _)| name).unwrap_or_default());
    cx.output("files", names(&project));
    let counted = counted(files, "file");
    cx.figure(if wrong == 0 { format!("{text} in {counted}") } else { format!("{counted} looked at") });
    if cx.wants("plain") {
        cx.set_format("plain", format!("{text}\n"));
    }
    Ok(())
}

/// The files that hold the version, one per line.
fn names(project: &Project) -> String {
    let held = project.files.iter().filter(|file| project.places(file).next().is_some());
    held.map(|file| file.name.as_str()).collect::<Vec<_>>().join("\n")
}

/// The tag that counts, and its version.
fn tag(
    args: &Check,
    scheme: Scheme,
    cx: &Context,
    report: &mut Report,
) -> Result<Option<(String, Version)>, Error> {
    let (name, is_named) = match (args.tag.as_deref(), cx.ci_context().tag.as_deref()) {
        (Some("none"), _) | (None, None) => return Ok(None),
        (Some(name), _) => (name, true),
        (None, Some(name)) => (name, false),
    };
    let name = name.strip_prefix("refs/tags/").unwrap_or(name);
    match classify(name, scheme) {
        TagName::Release(_, version) => Ok(Some((name.to_owned(), version))),
        other => {
            let why = match other {
                TagName::NearMiss(why) => why,
                _ => "its name holds no version".to_owned(),
            };
            if is_named {
                return Err(Error::usage(format!("--tag {name}: {why}")).hint("name a tag such as v1.2.3"));
            }
            let message = format!("the run is for the tag {name}, which is no version: {why}");
            report.add_finding(Finding::new("version/not-compared", Level::Warning, name, message));
            Ok(None)
        }
    }
}

/// What was held to a version.
pub(crate) struct Compared {
    pub(crate) files: usize,
    pub(crate) places: usize,
    /// Places that disagree.
    pub(crate) wrong: usize,
}

/// Holds all places to a version.
pub(crate) fn compare(project: &Project, version: &Version, of: &str, report: &mut Report) -> Compared {
    let wanted = new_version(version);
    let (mut files, mut places, mut wrong) = (0, 0, 0);
    for file in &project.files {
        let mut is_one = false;
        for place in project.places(file) {
            is_one = true;
            places += 1;
            if !place.holds(&wanted) {
                wrong += 1;
                report.add_finding(disagrees(file, place, &wanted.text, of));
            }
        }
        files += usize::from(is_one);
    }
    Compared { files, places, wrong }
}

fn disagrees(file: &Held, place: &Place, wanted: &str, of: &str) -> Finding {
    let message = format!("{} is {}, and {of} is {wanted}", place.what, place.text);
    let key = format!("{}:{}", file.name, place.what);
    Finding::new("version/disagrees", Level::Error, &key, message)
        .at(Some(Location::line(&file.name, place.line)))
}
