//! `version bump`.

use std::io::Write;

use lw_cli::{Context, Error, PendingFile, ResultExt};
use lw_model::{Align, Cell, Finding, Level, Location, Report, Table, counted};
use lw_version_files::{NewVersion, Role, read, write};
use lw_versions::{Bump as Step, Scheme, Version, Zero};

use crate::args::Bump;
use crate::check;
use crate::held::{Held, Project, new_version};
use crate::state;

/// How many places the table shows.
const ROWS: usize = 60;

pub(crate) fn run(args: &Bump, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let Some(to) = args.to.to.as_deref().map(str::trim).filter(|to| !to.is_empty()) else {
        return Err(Error::usage("there is no version to write")
            .hint("give one, such as 1.2.3, or major, minor, patch, pre or release"));
    };
    let scheme = args.written.scheme.into();
    let wish = Wish::of(to, scheme, args.channel.pre_release.as_deref())?;
    let project = Project::read(&args.files, cx, report)?;
    let before = project.version(scheme);
    let version = match (&wish, &before) {
        (Wish::Version(version), _) => version.clone(),
        (Wish::Step(step), Some((before, file, place))) => {
            // What the next one is seen from has to be one version.
            let of = format!("{}:{}", file.name, place.line);
            let check::Compared { wrong, .. } = check::compare(&project, before, &of, report);
            if wrong > 0 {
                return Err(Error::input(format!(
                    "the files hold several versions, so that nobody knows what {to} is seen from"
                ))
                .hint("give the version itself"));
            }
            step.after(before)?
        }
        (Wish::Step(_), None) => {
            return Err(Error::input(
                "no file holds a version of the scheme, so that nobody knows what comes after it",
            )
            .hint("give the version itself, or say with --scheme how versions are written"));
        }
    };
    let wanted = new_version(&version);
    if let Some((before, file, place)) = &before
        && version.precedence(before).is_lt()
    {
        let message = format!("{wanted} is lower than {before}", wanted = wanted.text);
        let finding = Finding::new("version/backwards", Level::Warning, "backwards", message);
        report.add_finding(finding.at(Some(Location::line(&file.name, place.line))));
    }
    let changed = changed(&project, &wanted)?;
    table(&project, &changed, &wanted, report);
    let previous = before.as_ref().map(|(before, ..)| before.to_string()).unwrap_or_default();
    if !args.dry_run {
        replace(&changed, cx)?;
    }
    cx.judge(report, None);
    state::fact(report, "version", &wanted.text);
    state::fact(report, "previous", &previous);
    state::output_numbers(&version, cx);
    cx.output("version", &*wanted.text);
    cx.output("previous", &*previous);
    cx.output("is-prerelease", (!version.is_final()).to_string());
    cx.output("files", changed.iter().map(|(file, _)| file.name.as_str()).collect::<Vec<_>>().join("\n"));
    let files = counted(changed.len(), "file");
    let what = if args.dry_run { "would change" } else { "changed" };
    cx.figure(format!("{} (was {previous}), {files} {what}", wanted.text));
    if cx.wants("plain") {
        cx.set_format("plain", format!("{}\n", wanted.text));
    }
    Ok(())
}

/// The files that are not as they have to be, each with its new bytes, which were read again.
fn changed<'a>(project: &'a Project, wanted: &NewVersion) -> Result<Vec<(&'a Held, Vec<u8>)>, Error> {
    let mut changed = Vec::new();
    for file in &project.files {
        // A lock file may hold another version for a reason of its own; a requirement as well.
        let places = project.places(file);
        let bytes = write(&file.bytes, places, wanted).context(file.name.clone())?;
        if bytes == file.bytes {
            continue;
        }
        let again = read(file.kind, &bytes, &project.names).context(file.name.clone())?;
        let is_same = again.places.len() == file.found.places.len()
            && again.own().zip(file.found.own()).all(|(new, old)| new.line == old.line);
        if !is_same {
            return Err(Error::internal(format!("{}: the new version could not be read back", file.name)));
        }
        changed.push((file, bytes));
    }
    Ok(changed)
}

/// Writes all files beside the old ones, and then gives each its name.
fn replace(changed: &[(&Held, Vec<u8>)], cx: &Context) -> Result<(), Error> {
    let mut pending: Vec<(&Held, PendingFile)> = Vec::new();
    for (file, bytes) in changed {
        cx.files().allow_replacing(&file.path);
        let mut out = cx.create(&file.path)?;
        out.write_all(bytes).and_then(|()| out.sync()).map_err(|error| cx.unwritable(&file.path, &error))?;
        pending.push((file, out));
    }
    for (file, out) in pending {
        out.publish().map_err(|error| cx.unwritable(&file.path, &error))?;
    }
    Ok(())
}

fn table(project: &Project, changed: &[(&Held, Vec<u8>)], wanted: &NewVersion, report: &mut Report) {
    let columns =
        [("File", Align::Left), ("Line", Align::Right), ("What", Align::Left), ("Before", Align::Left)];
    let mut table = Table::new("places", "Places of the version", &columns);
    let mut count = 0;
    for (file, _) in changed {
        for place in project.places(file).filter(|place| !place.holds(wanted)) {
            count += 1;
            if count <= ROWS {
                let what = match &place.role {
                    Role::Own => place.what.clone(),
                    Role::Lock(_) | Role::Pin(_) => format!("{} of the package", place.what),
                };
                table.rows.push(vec![
                    Cell::Code(file.name.clone()),
                    Cell::Count(i64::from(place.line)),
                    Cell::Text(what),
                    Cell::Code(place.text.clone()),
                ]);
            }
        }
    }
    if count > ROWS {
        table.note = Some(format!("The first {ROWS} of {count} places."));
    }
    if count > 0 {
        report.tables.push(table);
    }
}

/// What somebody wants the version to be.
enum Wish {
    Version(Version),
    Step(StepTo),
}

/// A version seen from the one before.
struct StepTo {
    step: Option<Step>,
    /// The name of the pre-release.
    channel: Option<String>,
    /// Whether the pre-release goes on.
    is_release: bool,
}

impl Wish {
    fn of(to: &str, scheme: Scheme, channel: Option<&str>) -> Result<Self, Error> {
        let (word, is_pre) = match to.strip_prefix("pre") {
            Some(rest) => (rest, true),
            None => (to, false),
        };
        let step = match (word, is_pre) {
            ("major", _) => Some(Step::Major),
            ("minor", _) => Some(Step::Minor),
            ("patch", _) => Some(Step::Patch),
            ("", true) | ("release", false) => None,
            _ => {
                let version = Version::parse(to, scheme).map_err(|error| {
                    Error::from(error)
                        .hint("give a version without a prefix, or major, minor, patch, pre, premajor, preminor, prepatch or release")
                })?;
                if channel.is_some() {
                    return Err(Error::usage("--pre-release is for pre, premajor, preminor and prepatch")
                        .hint("write the pre-release into the version"));
                }
                return Ok(Self::Version(version));
            }
        };
        match (is_pre, channel) {
            (true, None) => Err(Error::usage(format!("{to}: nobody says which pre-release"))
                .hint("name its channel, such as --pre-release rc")),
            (false, Some(_)) => {
                Err(Error::usage("--pre-release is for pre, premajor, preminor and prepatch")
                    .hint(format!("write pre{to}")))
            }
            (_, channel) => {
                let channel = channel.map(str::to_owned);
                Ok(Self::Step(StepTo { step, channel, is_release: word == "release" }))
            }
        }
    }
}

impl StepTo {
    /// The version after one, as npm's `semver` counts: a pre-release leads to its final version, and not past it.
    fn after(&self, before: &Version) -> Result<Version, Error> {
        let is_pre = !before.is_final();
        if self.is_release && !is_pre {
            return Err(Error::usage(format!("{before} is released: there is no pre-release to end"))
                .hint("give major, minor or patch"));
        }
        let zeros = |from: usize| before.numbers().iter().skip(from).all(|number| *number == 0);
        let leads_there = is_pre
            && match self.step {
                None | Some(Step::None | Step::Patch) => true,
                Some(Step::Minor) => zeros(2),
                Some(Step::Major) => zeros(1),
            };
        // A pre-release of a step begins anew, whatever led to another one.
        let stays = leads_there && (self.channel.is_none() || self.step.is_none());
        let target = if stays {
            before.to_final()
        } else {
            lw_versions::next(&before.to_final(), self.step.unwrap_or(Step::Patch), Zero::Major)?
        };
        match &self.channel {
            Some(name) => Ok(lw_versions::next_prerelease(&target, name, [before])?),
            None => Ok(target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_npm() {
        for (before, to, channel, expected) in [
            ("1.2.3", "major", None, "2.0.0"),
            ("0.2.3", "major", None, "1.0.0"),
            ("1.2.3", "minor", None, "1.3.0"),
            ("1.2.3", "patch", None, "1.2.4"),
            ("1.2.3-rc.1", "patch", None, "1.2.3"),
            ("1.2.3-rc.1", "minor", None, "1.3.0"),
            ("1.3.0-rc.1", "minor", None, "1.3.0"),
            ("2.0.0-rc.1", "major", None, "2.0.0"),
            ("1.3.0-rc.1", "major", None, "2.0.0"),
            ("1.2.3-rc.1", "release", None, "1.2.3"),
            ("1.2.3", "pre", Some("rc"), "1.2.4-rc.1"),
            ("1.2.4-rc.1", "pre", Some("rc"), "1.2.4-rc.2"),
            ("1.2.4-beta.4", "pre", Some("rc"), "1.2.4-rc.1"),
            ("1.2.3", "preminor", Some("beta"), "1.3.0-beta.1"),
            ("1.3.0-beta.1", "premajor", Some("beta"), "2.0.0-beta.1"),
        ] {
            let Wish::Step(step) = Wish::of(to, Scheme::Semver, channel).unwrap() else { panic!("{to}") };
            let before = Version::parse(before, Scheme::Semver).unwrap();
            assert_eq!(step.after(&before).unwrap().to_string(), expected, "{before} {to}");
        }
        let released = Version::parse("1.0.0", Scheme::Semver).unwrap();
        let Wish::Step(step) = Wish::of("release", Scheme::Semver, None).unwrap() else { panic!() };
        assert!(step.after(&released).is_err());
        for (to, channel) in
            [("pre", None), ("major", Some("rc")), ("1.0.0", Some("rc")), ("v1.0.0", None), ("next", None)]
        {
            assert!(Wish::of(to, Scheme::Semver, channel).is_err(), "{to}");
        }
    }
}
