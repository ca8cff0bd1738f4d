//! What a rule gives, as docker/metadata-action has it.

use lw_tag_rules::{Argument, Call, Entry, Flavor, Kind, RefEvent, ShaFormat, Template, format_time, zone};
use lw_versions::{Pep440, Scheme, Version};

use crate::args::Mode;
use crate::error::TagError;
use crate::event::Event;

/// What is asked of the run in any text.
const EVERYWHERE: &str =
    "branch, tag, sha, base_ref, is_default_branch, is_not_default_branch, date and commit_date";

/// How rules are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// What holds for all tags.
    pub(crate) flavor: &'a Flavor,
    /// In which way.
    pub(crate) mode: Mode,
}

/// What a rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A tag, before what no tag may have is replaced.
    Text {
        /// The whole of it.
        text: String,
        /// Without what the flavor puts around it.
        own: String,
        /// The tag, or the text, it was made from; `None` where it was made from something else.
        source: Option<String>,
        /// Whether `latest=auto` gives `latest` with it.
        latest: bool,
    },
    /// Nothing, and why not, where that is worth telling.
    Nothing(Option<String>),
}

impl Rules<'_> {
    /// Whether a rule counts.
    ///
    /// # Errors
    /// When it does not say so.
    pub(crate) fn is_enabled(&self, entry: &Entry, event: &Event) -> Result<bool, TagError> {
        let place = place(entry);
        match self.text(&entry.enable, event, &place)?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(TagError::Enable { place, value: other.to_owned() }),
        }
    }

    /// What a rule gives for a run; with `source`, as if the run, or the rule's value, had that tag.
    ///
    /// # Errors
    /// When an expression of it means nothing.
    pub(crate) fn evaluate(
        &self,
        entry: &Entry,
        event: &Event,
        source: Option<&str>,
    ) -> Result<Outcome, TagError> {
        let place = place(entry);
        let value = entry.value.as_ref().filter(|_| entry.kind != Kind::Raw);
        let source = match (source, value, event.tag()) {
            (Some(source), ..) => Some(source.to_owned()),
            (None, Some(value), _) => Some(self.text(value, event, &place)?),
            (None, None, tag) => tag.map(str::to_owned),
        };
        let core = match (entry.kind, &source) {
            (Kind::Schedule, _) if event.is_schedule() => Core::plain(self.schedule(entry, event, &place)?),
            (Kind::Semver, Some(source)) => self.semver(entry, source, &place)?,
            (Kind::Pep440, Some(source)) => self.pep440(entry, source, &place)?,
            (Kind::Match, Some(source)) => matched(entry, source),
            (Kind::Edge, _) => {
                let wanted = entry.branch.as_deref().or(event.default_branch.as_deref());
                match event.branch() {
                    Some(branch) if Some(branch) == wanted => Core::plain("edge".to_owned()),
                    Some(_) if wanted.is_none() => {
                        Core::Nothing(Some("nobody says which the main branch is".to_owned()))
                    }
                    _ => Core::Nothing(None),
                }
            }
            (Kind::Ref(RefEvent::Branch), _) => Core::maybe(event.branch()),
            (Kind::Ref(RefEvent::Pr), _) => Core::maybe(event.pull()),
            (Kind::Ref(RefEvent::Tag), Some(tag)) if event.tag().is_some() => Core::Text(tag.clone(), true),
            (Kind::Raw, _) => {
                let value = entry.value.as_ref().map(|value| self.text(value, event, &place)).transpose()?;
                Core::plain(value.unwrap_or_default())
            }
            (Kind::Sha, _) if event.sha.is_empty() => Core::Nothing(None),
            (Kind::Sha, _) => Core::plain(match entry.format {
                ShaFormat::Short => event.short_sha().to_owned(),
                ShaFormat::Long => event.sha.clone(),
            }),
            _ => Core::Nothing(None),
        };
        let (core, latest) = match core {
            Core::Text(core, latest) => (core, latest),
            Core::Nothing(why) => return Ok(Outcome::Nothing(why)),
        };
        let affix =
            |own: &Option<Template>| own.as_ref().map(|own| self.text(own, event, &place)).transpose();
        let (prefix, suffix) = (affix(&entry.prefix)?, affix(&entry.suffix)?);
        let own = format!("{}{core}{}", prefix.as_deref().unwrap_or(""), suffix.as_deref().unwrap_or(""));
        let prefix = match prefix {
            Some(prefix) => prefix,
            None => self.text(&self.flavor.prefix, event, &place)?,
        };
        let suffix = match suffix {
            Some(suffix) => suffix,
            None => self.text(&self.flavor.suffix, event, &place)?,
        };
        let text = format!("{prefix}{core}{suffix}");
        let is_of_tag = event.tag().is_some() || value.is_some();
        Ok(Outcome::Text { text, own, source: source.filter(|_| is_of_tag), latest })
    }

    fn schedule(&self, entry: &Entry, event: &Event, place: &str) -> Result<String, TagError> {
        self.render(&entry.pattern, |call| match call.name.as_str() {
            "date" => self.time(call, Some(event.now), event, place),
            "commit_date" => self.time(call, event.commit_time, event, place),
            _ => self.unknown(call, place, "date and commit_date"),
        })
    }

    fn semver(&self, entry: &Entry, source: &str, place: &str) -> Result<Core, TagError> {
        let raw = extracted(entry, source, place)?.replace('/', "-");
        let bare = raw.trim().strip_prefix('v').unwrap_or(raw.trim());
        let Ok(version) = Version::parse(bare, Scheme::Semver) else {
            return Ok(Core::Nothing(Some(format!("{source} is no version of Semantic Versioning"))));
        };
        let number = |place| version.number(place).to_string();
        let plain = Version::parse(bare.split('+').next().unwrap_or_default(), Scheme::Semver);
        let plain = plain.map_or_else(|_| bare.to_owned(), |version| version.to_string());
        let value = |call: &Call| {
            Ok(match call.name.as_str() {
                "raw" => raw.clone(),
                "version" => plain.clone(),
                "major" => number(0),
                "minor" => number(1),
                "patch" => number(2),
                // JavaScript shows lists with commas.
                "prerelease" => version.prerelease().replace('.', ","),
                "build" => version.build().replace('.', ","),
                _ => {
                    return self.unknown(
                        call,
                        place,
                        "raw, version, major, minor, patch, prerelease and build",
                    );
                }
            })
        };
        if version.is_final() {
            return Ok(Core::Text(self.render(&entry.pattern, value)?, true));
        }
        // Of a pre-release only the whole version is given.
        Ok(Core::Text(if entry.pattern.is_only("raw") { raw } else { plain }, false))
    }

    fn pep440(&self, entry: &Entry, source: &str, place: &str) -> Result<Core, TagError> {
        let raw = extracted(entry, source, place)?.replace('/', "-");
        let Some(version) = Pep440::parse(&raw) else {
            return Ok(Core::Nothing(Some(format!("{source} is no version of PEP 440"))));
        };
        let mut clean = version.to_string();
        if self.mode == Mode::Upstream && !version.local.is_empty() {
            // A list in JavaScript.
            clean = Pep440 { local: Vec::new(), ..version.clone() }.to_string();
            clean = format!("{clean}+{}", version.local.join(","));
        }
        if !version.is_final() {
            return Ok(Core::Text(if entry.pattern.is_only("raw") { raw } else { clean }, false));
        }
        let text = self.render(&entry.pattern, |call| {
            Ok(match call.name.as_str() {
                "raw" => raw.clone(),
                "version" => clean.clone(),
                "major" => version.number(0).to_string(),
                "minor" => version.number(1).to_string(),
                "patch" => version.number(2).to_string(),
                _ => return self.unknown(call, place, "raw, version, major, minor and patch"),
            })
        })?;
        Ok(Core::Text(text, true))
    }

    /// A text with what it asks of the run.
    ///
    /// # Errors
    /// When an expression of it means nothing.
    pub(crate) fn text(&self, template: &Template, event: &Event, place: &str) -> Result<String, TagError> {
        self.render(template, |call| {
            let bool = |is: bool| is.to_string();
            Ok(match call.name.as_str() {
                "branch" => event.branch().unwrap_or_default().to_owned(),
                "tag" => event.tag().unwrap_or_default().to_owned(),
                "sha" => event.short_sha().to_owned(),
                "base_ref" => event.base.clone(),
                "is_default_branch" => bool(self.is_default_branch(event)),
                "is_not_default_branch" => bool(!self.is_default_branch(event)),
                "date" => self.time(call, Some(event.now), event, place)?,
                "commit_date" => self.time(call, event.commit_time, event, place)?,
                _ => return self.unknown(call, place, EVERYWHERE),
            })
        })
    }

    fn render(
        &self,
        template: &Template,
        value: impl FnMut(&Call) -> Result<String, TagError>,
    ) -> Result<String, TagError> {
        template.render(self.mode == Mode::Upstream, value)
    }

    /// docker/metadata-action takes some events for ones of the main branch whatever their reference is: `create` is one of any
    /// branch or tag, though.
    fn is_default_branch(&self, event: &Event) -> bool {
        let branch = event.branch().unwrap_or(&event.reference);
        if branch.is_empty() {
            return false;
        }
        if event.default_branch.as_deref() == Some(branch) {
            return true;
        }
        let of_main = ["discussion", "issues", "schedule"].iter().any(|name| event.name.contains(name));
        // Where the main branch is known, the reference says it better.
        let of_main = of_main && (self.mode == Mode::Upstream || event.default_branch.is_none());
        of_main || (self.mode == Mode::Upstream && event.name.contains("create"))
    }

    fn unknown(&self, call: &Call, place: &str, known: &'static str) -> Result<String, TagError> {
        // With an argument Handlebars refuses it as well.
        if self.mode == Mode::Upstream && call.arguments.is_empty() && call.options.is_empty() {
            return Ok(String::new());
        }
        Err(TagError::UnknownExpression { place: place.to_owned(), name: call.name.clone(), known })
    }

    fn time(&self, call: &Call, time: Option<i64>, event: &Event, place: &str) -> Result<String, TagError> {
        let wrong = |what: &str| TagError::Argument {
            place: place.to_owned(),
            name: call.name.clone(),
            what: what.to_owned(),
        };
        let format = match call.arguments.as_slice() {
            [Argument::Text(format)] => format.as_str(),
            // Handlebars looks it up, finds nothing, and moment.js writes its usual form.
            [Argument::Word(_)] if self.mode == Mode::Upstream => "",
            [Argument::Word(_)] => {
                return Err(wrong("needs its format in quotation marks: without them it is no format"));
            }
            [] => return Err(wrong("needs a format")),
            _ => return Err(wrong("has more than one format")),
        };
        let mut name = "UTC";
        for (key, value) in &call.options {
            match (key.as_str(), value) {
                ("tz", Argument::Text(zone)) => name = zone,
                ("tz", Argument::Word(_)) => return Err(wrong("needs its time zone in quotation marks")),
                _ => return Err(wrong("has no option but tz")),
            }
        }
        let time = match time {
            Some(time) => time,
            None if self.mode == Mode::Upstream => event.now,
            None => {
                let (place, commit) = (place.to_owned(), event.sha.clone());
                return Err(TagError::NoCommitDate { place, commit });
            }
        };
        let written = zone(name).and_then(|zone| format_time(time, &zone, format));
        written.map_err(|source| TagError::Time { place: place.to_owned(), source })
    }
}

/// What a rule makes, without what stands around it, and whether it brings `latest`.
enum Core {
    Text(String, bool),
    Nothing(Option<String>),
}

impl Core {
    fn plain(text: String) -> Self {
        Self::Text(text, false)
    }

    fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing(None), |text| Self::plain(text.to_owned()))
    }
}

fn matched(entry: &Entry, source: &str) -> Core {
    let Some(pattern) = &entry.regex else { return Core::Nothing(None) };
    let Some(found) = pattern.find(source) else {
        return Core::Nothing(Some(format!("`{}` does not match {source}", pattern.source())));
    };
    match found.get(entry.group) {
        Some(Some(text)) => Core::Text(text.clone(), true),
        _ => Core::Nothing(Some(format!(
            "`{}` has found no group {} in {source}",
            pattern.source(),
            entry.group
        ))),
    }
}

/// The part of a tag that `match=` takes; all of it where that does not match.
fn extracted(entry: &Entry, source: &str, place: &str) -> Result<String, TagError> {
    let Some(found) = entry.regex.as_ref().and_then(|pattern| pattern.find(source)) else {
        return Ok(source.to_owned());
    };
    match found.get(1) {
        Some(group) => Ok(group.clone().unwrap_or_default()),
        None => Err(TagError::NoGroup { place: place.to_owned() }),
    }
}

/// A rule as messages name it.
pub(crate) fn place(entry: &Entry) -> String {
    if entry.number == 0 {
        return format!("tags, `{}`", entry.text);
    }
    let text: String = entry.text.chars().take(120).collect();
    format!("tags, item {} `{text}`", entry.number)
}
