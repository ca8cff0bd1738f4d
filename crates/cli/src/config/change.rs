//! What a pull request changes in `lw.toml`, and whose settings hold then.

use std::collections::{BTreeMap, BTreeSet};

use clap::Command;
use lw_ci::CiContext;
use lw_history::{HistoryError, Repository};
use lw_model::lists::filled;
use lw_model::{Finding, Level, Location};

use super::section::{Section, Sections};
use super::settings::{Key, Settings};
use super::source::{ConfigFiles, Source, Sources, short};
use super::{ENVIRONMENT, did_you_mean, has_section, nearest, parse};
use crate::args::{Common, ConfigFrom};
use crate::base;
use crate::error::{Error, ResultExt};
use crate::files::Files;
use crate::host::Host;
use crate::inputs::name_of;

/// Changes a finding spells out; past that a person reads the diff.
const LISTED: usize = 100;

/// Keys of every tool that decide whether what it finds counts. A change that must not decide whom to trust must not
/// decide that either: with `fail-on = "never"` a forged signature would pass.
const VERDICT: [&str; 2] = ["fail-on", "missing"];

/// What the files say to one tool.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    pub(crate) sections: Sections,
    /// What the report has to say of where they come from.
    pub(crate) findings: Vec<Finding>,
}

/// Whom the files speak to.
pub(crate) struct Reader<'a> {
    pub(crate) command: &'a Command,
    pub(crate) declared: &'static [Section],
    /// Keys and sections that a change under test must not decide.
    pub(crate) trusted: &'static [&'static str],
    /// Names of the arguments that are given otherwise, so that no file decides them.
    pub(crate) given: BTreeSet<String>,
    /// Sections that may exist.
    pub(crate) tools: &'a [&'a str],
    pub(crate) files: &'a Files,
    /// The environment that was asked for.
    pub(crate) environment: Option<&'a str>,
}

impl Reader<'_> {
    /// Whether a file says anything to the tool.
    ///
    /// # Errors
    /// When it is no TOML.
    pub(crate) fn has_section(&self, source: &Source) -> Result<bool, Error> {
        has_section(source, self.command.get_name())
    }

    /// Lays the files over each other.
    pub(crate) fn read(&self, sources: &Sources) -> Result<(Settings, Sections), Error> {
        let mut settings = Settings::default();
        let mut environments: BTreeMap<String, Vec<Vec<Key>>> = BTreeMap::new();
        for source in sources.iter() {
            let parsed = parse(source, self.command, self.declared, self.tools)?;
            settings.lay(self.command, parsed.base.settings);
            for (name, layer) in parsed.environments {
                environments.entry(name).or_default().push(layer.settings);
            }
        }
        let tool = self.command.get_name();
        let sections = Sections::new(self.declared, tool, self.environment, sources.clone());
        let names: Vec<&str> = environments.keys().map(String::as_str).collect();
        sections.check(&names)?;
        if let Some(name) = self.environment {
            let Some(layers) = environments.get(name) else {
                let error = Error::usage(format!("there is no environment `{name}` in lw.toml"));
                return Err(match nearest(name, names.iter().copied()) {
                    Some(near) => error.hint(did_you_mean(near)),
                    None if names.is_empty() => {
                        error.hint(format!("add a table [{tool}.{ENVIRONMENT}.{name}]"))
                    }
                    None => error.hint(format!("the environments are {}", names.join(", "))),
                });
            };
            // An environment says more than any folder: it lies over all files.
            for layer in layers {
                settings.lay(self.command, layer.clone());
            }
        }
        Ok((settings, sections))
    }

    /// Reads what holds for a run, and tells how a pull request changes it.
    ///
    /// # Errors
    /// When a file that counts cannot be read; with `config-from: base` also when the clone lacks the base.
    pub(crate) fn configuration(
        &self,
        common: &Common,
        host: &Host,
        ci: &CiContext,
    ) -> Result<Configuration, Error> {
        let wanted = ConfigFiles::of(common.config.as_deref());
        match common.config_from {
            ConfigFrom::Base => self.of_base(&wanted, host, ci),
            ConfigFrom::Head => {
                let sources = wanted.in_workspace(host, self.files)?;
                let (mut settings, mut sections) = self.read(&sources)?;
                let now = (&settings, &sections);
                let finding = self.compared(&wanted, host, ci, &sources, now);
                let mut findings: Vec<Finding> = finding.into_iter().collect();
                if !self.trusted.is_empty() && wanted != ConfigFiles::Nothing && !decides_for_itself(ci) {
                    let now = (&mut settings, &mut sections);
                    findings.extend(self.take_from_base(&wanted, host, ci, &sources, now)?);
                }
                Ok(Configuration { settings, sections, findings })
            }
        }
    }

    fn of_base(&self, wanted: &ConfigFiles, host: &Host, ci: &CiContext) -> Result<Configuration, Error> {
        let context = "config-from: base";
        let repository = Repository::open(&host.root()).context(context)?;
        let (commit, why) = trusted_commit(&repository, ci).context(context)?;
        let Some(sources) = wanted.in_commit(host, &repository, commit.as_deref()).context(context)? else {
            // Named outside the repository: the change under test cannot touch it.
            let (settings, sections) = self.read(&wanted.in_workspace(host, self.files)?)?;
            return Ok(Configuration { settings, sections, findings: Vec::new() });
        };
        let (settings, sections) = self.read(&sources).context(context)?;
        let mut findings = Vec::new();
        let of = commit
            .as_deref()
            .map_or_else(|| "the base, which has none".to_owned(), |id| format!("{} ({why})", short(id)));
        let change = wanted
            .in_workspace(host, self.files)
            .and_then(|here| if here.same_text(&sources) { Ok(None) } else { self.read(&here).map(Some) });
        let message = match change {
            Ok(None) => None,
            Ok(Some((new, new_sections))) => {
                let changes = changes(self.command, (&settings, &sections), (&new, &new_sections));
                (!changes.is_empty()).then(|| {
                    format!(
                        "{} in lw.toml, and none of it holds in this run: the settings are those of {of}: {}",
                        counted(&changes),
                        listed(&changes)
                    )
                })
            }
            Err(error) => Some(format!(
                "lw.toml of this change cannot be read, and the settings are those of {of}: {}",
                error.message()
            )),
        };
        if let Some(message) = message {
            findings.push(self.finding(Level::Note, message));
        }
        Ok(Configuration { settings, sections, findings })
    }

    /// What a pull request changes in the settings that hold; `now` are those of the workspace.
    fn compared(
        &self,
        wanted: &ConfigFiles,
        host: &Host,
        ci: &CiContext,
        sources: &Sources,
        now: (&Settings, &Sections),
    ) -> Option<Finding> {
        if *wanted == ConfigFiles::Nothing || !base::is_pull_request(ci) {
            return None;
        }
        let unknown = |error: Error| {
            let message = format!(
                "whether this change edits the settings in lw.toml is not known: {}",
                error.message()
            );
            let finding = self.finding(Level::Note, message);
            Some(match error.advice() {
                Some(advice) => finding.help(advice.to_owned()),
                None => finding,
            })
        };
        let repository = match Repository::open(&host.root()) {
            Ok(repository) => repository,
            // Without a repository and without a file there is nothing to compare.
            Err(_) if sources.iter().next().is_none() => return None,
            Err(error) => return unknown(error.into()),
        };
        let commit = match base_commit(&repository, ci) {
            Ok((commit, _)) => commit,
            Err(error) => return unknown(error.into()),
        };
        let before = match wanted.in_commit(host, &repository, commit.as_deref()) {
            Ok(Some(before)) => before,
            Ok(None) => return None,
            // A named file that the base does not have is new as a whole.
            Err(_) if matches!(wanted, ConfigFiles::Named(_)) => Sources::default(),
            Err(error) => return unknown(error),
        };
        if before.same_text(sources) {
            return None;
        }
        let (old, old_sections) = match self.read(&before) {
            Ok(read) => read,
            Err(error) => {
                let message = format!(
                    "this change edits lw.toml, and what it was before cannot be read: {}",
                    error.message()
                );
                return Some(self.finding(Level::Warning, message));
            }
        };
        let changes = changes(self.command, (&old, &old_sections), now);
        if changes.is_empty() {
            return None;
        }
        let message = format!("{} in lw.toml: {}", counted(&changes), listed(&changes));
        let place = changes.iter().find_map(|change| change.location.clone());
        let path = sources.iter().last().map(|source| Location::file(source.path()));
        let finding = self.finding(Level::Warning, message).at(place.or(path));
        Some(finding.help("a change that edits lw.toml decides its own gate: look at each of them, or take the settings of the base with `config-from: base`"))
    }

    /// Takes the settings that a change must not decide from its base.
    ///
    /// # Errors
    /// When the base cannot be read and the change sets one of them.
    fn take_from_base(
        &self,
        wanted: &ConfigFiles,
        host: &Host,
        ci: &CiContext,
        sources: &Sources,
        (settings, sections): (&mut Settings, &mut Sections),
    ) -> Result<Option<Finding>, Error> {
        let (old, old_sections, of) = match self.settings_of_base(wanted, host, ci, sources) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(error) => return self.base_is_unknown(&error, sources, (settings, sections)),
        };
        let mut changes = changes(self.command, (&old, &old_sections), (settings, sections));
        changes.retain(|change| self.is_trusted_only(&change.name));
        for id in self.command_ids(|_| true) {
            match old.0.get(id) {
                Some(values) => settings.0.insert(id.to_owned(), values.clone()),
                None => settings.0.remove(id),
            };
        }
        sections.fix(self.trusted, old_sections);
        if changes.is_empty() {
            return Ok(None);
        }
        let message = format!(
            "{} in lw.toml that a change may not decide for itself, and they are those of {of} in this run: {}",
            counted(&changes),
            listed(&changes)
        );
        let place = changes.iter().find_map(|change| change.location.clone());
        Ok(Some(self.finding(Level::Note, message).at(place)))
    }

    /// What the base says, and which commit that is; `None` when it says the same, or no change can touch the file.
    fn settings_of_base(
        &self,
        wanted: &ConfigFiles,
        host: &Host,
        ci: &CiContext,
        sources: &Sources,
    ) -> Result<Option<(Settings, Sections, String)>, Error> {
        let repository = match Repository::open(&host.root()) {
            Ok(repository) => repository,
            Err(_) if sources.iter().next().is_none() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (commit, why) = trusted_commit(&repository, ci)?;
        let before = match wanted.in_commit(host, &repository, commit.as_deref()) {
            Ok(Some(before)) => before,
            Ok(None) => return Ok(None),
            // A named file that the base does not have is new as a whole.
            Err(_) if matches!(wanted, ConfigFiles::Named(_)) => Sources::default(),
            Err(error) => return Err(error),
        };
        if before.same_text(sources) {
            return Ok(None);
        }
        let of = commit
            .as_deref()
            .map_or_else(|| "the base, which has none".to_owned(), |id| format!("{} ({why})", short(id)));
        let (old, old_sections) = self.read(&before)?;
        Ok(Some((old, old_sections, of)))
    }

    fn base_is_unknown(
        &self,
        error: &Error,
        sources: &Sources,
        (settings, sections): (&mut Settings, &Sections),
    ) -> Result<Option<Finding>, Error> {
        for id in self.command_ids(|name| self.given.contains(name)) {
            settings.0.remove(id);
        }
        let nothing = (Settings::default(), Sections::default());
        let here = changes(self.command, (&nothing.0, &nothing.1), (&*settings, sections));
        let advice = error.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        if let Some(set) = here.iter().find(|change| self.is_trusted_only(&change.name)) {
            let place = set.location.as_ref().map_or_else(
                || sources.iter().last().map_or_else(|| "lw.toml".to_owned(), Source::name),
                |at| at.line.map_or_else(|| at.path.clone(), |line| format!("{}:{line}", at.path)),
            );
            let message = format!(
                "{place}: a change may not decide `{}` for itself, and what the base says of it cannot be read: {}",
                set.name,
                error.message()
            );
            return Err(
                Error::usage(message).hint(format!("set it as a flag or an input of the action{advice}"))
            );
        }
        let all = self.trusted.iter().copied().chain(VERDICT);
        let keys: Vec<&str> = all.filter(|name| !self.given.contains(*name)).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let keys = keys.join(", ");
        let message = format!(
            "whether lw.toml of the base sets what a change may not decide ({keys}) is not known: {}",
            error.message()
        );
        let help = format!("set these as flags or inputs of the action{advice}");
        Ok(Some(self.finding(Level::Warning, message).help(help)))
    }

    /// Whether the name of a changed setting (`expect-key`, `max image.bytes`, `fleets.eu.hosts`) is of what a change must
    /// not decide.
    fn is_trusted_only(&self, changed: &str) -> bool {
        self.is_kept(changed.split([' ', '.']).next().unwrap_or(changed))
    }

    /// Whether a key is the base's, of a tool that has such keys.
    fn is_kept(&self, name: &str) -> bool {
        !self.trusted.is_empty() && (self.trusted.contains(&name) || VERDICT.contains(&name))
    }

    /// The identifiers in clap of the arguments that a change must not decide, of those with some names.
    fn command_ids(&self, which: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        let all = self.command.get_subcommands().flat_map(Command::get_arguments);
        all.chain(self.command.get_arguments())
            .filter(move |arg| {
                let name = name_of(arg);
                self.is_kept(&name) && which(&name)
            })
            .map(|arg| arg.get_id().as_str())
    }

    fn finding(&self, level: Level, message: String) -> Finding {
        Finding::new(format!("{}/config-changed", self.command.get_name()), level, "lw.toml", message)
    }
}

/// Whether what is checked out has been let in already: the run is trusted, and not of a pull request.
pub(crate) fn decides_for_itself(ci: &CiContext) -> bool {
    ci.trust.is_trusted() && !base::is_pull_request(ci)
}

/// The commit whose settings nobody but those with write access can have written, and why that one.
pub(crate) fn trusted_commit(
    repository: &Repository,
    ci: &CiContext,
) -> Result<(Option<String>, String), HistoryError> {
    let main = ci.default_branch.as_ref().map(|name| format!("refs/heads/{name}"));
    // Events that anybody can cause run for the main branch, and a workflow may have checked out anything then.
    if let Some(commit) = &ci.commit
        && !base::is_pull_request(ci)
        && !ci.trust.is_trusted()
        && main.is_some()
        && main == ci.reference
    {
        return Ok((Some(commit.clone()), "the main branch".to_owned()));
    }
    base_commit(repository, ci)
}

/// The commit whose settings are those of the base, and why that one; none when there is nothing before.
fn base_commit(repository: &Repository, ci: &CiContext) -> Result<(Option<String>, String), HistoryError> {
    let own = |why: &str| Ok((Some(repository.resolve("HEAD")?), why.to_owned()));
    // What is on the main branch has been let in: it is its own base.
    let main = ci.default_branch.as_ref().map(|name| format!("refs/heads/{name}"));
    if !base::is_pull_request(ci) && main.is_some() && main == ci.reference {
        return own("the main branch");
    }
    match base::compared_with(ci, repository, "HEAD") {
        Ok(base) => Ok((base.commit, base.why)),
        // As on `pull_request_target` without a checkout of the change.
        Err(HistoryError::Contained { .. }) => own("the base itself is checked out"),
        Err(error) => Err(error),
    }
}

/// One setting before and after.
struct Change {
    name: String,
    old: Option<String>,
    new: Option<String>,
    location: Option<Location>,
}

fn changes(
    command: &Command,
    (old, old_sections): (&Settings, &Sections),
    (new, new_sections): (&Settings, &Sections),
) -> Vec<Change> {
    type Found = BTreeMap<String, (Vec<String>, Option<Location>)>;
    let of = |settings: &Settings, sections: &Sections| {
        let mut found = Found::new();
        for (name, value, location) in settings.compared(command) {
            let entry = found.entry(name).or_default();
            entry.0.push(value);
            entry.1 = entry.1.take().or(location);
        }
        for leaf in sections.leaves().unwrap_or_default() {
            found.entry(format!("{}.{}", leaf.section, leaf.key)).or_default().0.push(leaf.value);
        }
        found
    };
    let (old, new) = (of(old, old_sections), of(new, new_sections));
    let names: BTreeSet<&String> = filled(old.keys().chain(new.keys()));
    let text = |found: Option<&(Vec<String>, Option<Location>)>| found.map(|(values, _)| values.join(", "));
    names
        .into_iter()
        .filter(|name| old.get(*name).map(|(values, _)| values) != new.get(*name).map(|(values, _)| values))
        .map(|name| Change {
            name: name.clone(),
            old: text(old.get(name)),
            new: text(new.get(name)),
            location: new.get(name).and_then(|(_, location)| location.clone()),
        })
        .collect()
}

fn counted(changes: &[Change]) -> String {
    match changes.len() {
        1 => "this change edits a setting".to_owned(),
        n => format!("this change edits {n} settings"),
    }
}

fn listed(changes: &[Change]) -> String {
    let shown = |value: &Option<String>| match value.as_deref() {
        None => "not set".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) => value.to_owned(),
    };
    let mut items: Vec<String> = changes
        .iter()
        .take(LISTED)
        .map(|change| format!("{}: {} → {}", change.name, shown(&change.old), shown(&change.new)))
        .collect();
    if changes.len() > LISTED {
        items.push(format!("and {} more", changes.len() - LISTED));
    }
    items.join("; ")
}
