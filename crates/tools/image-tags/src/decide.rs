//! Which tags are given, and why.
//!
//! A tag that only one release has is given. One that others have too (`latest`, `1`, `1.2`, and whatever else a rule makes of
//! several releases) moves only forward: it is given to the highest final release of those that would have it, unless another one of
//! them contains its commit. Which those are is tried out: the rule is evaluated for the tags of the repository.

use lw_tag_rules::{Entry, Kind, Latest, RefEvent, tag};
use lw_versions::Scheme;

use crate::args::Mode;
use crate::error::TagError;
use crate::evaluate::{Outcome, Rules};
use crate::event::Event;
use crate::release::{How, Release, is_reserved, is_unfinished, release};

/// The tags of a repository, which are looked at only when something depends on them.
pub(crate) trait Tags {
    /// All their names.
    ///
    /// # Errors
    /// With the reason, when some may be missing.
    fn names(&mut self) -> Result<Vec<String>, String>;

    /// The first of some tags whose commit contains that of the run, and is another one.
    ///
    /// # Errors
    /// With the reason, when that cannot be known.
    fn containing(&mut self, own: Option<&str>, sha: &str, tags: &[String])
    -> Result<Option<String>, String>;
}

/// What became of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is given.
    Given,
    /// It would move backwards, or nothing shows that it does not.
    Held,
    /// It would overwrite the tag of a release.
    Refused,
    /// The clone does not hold what would show it.
    NotKnown,
}

/// A tag with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The tag.
    pub(crate) tag: String,
    /// The rule that gives it.
    pub(crate) rule: String,
    /// What became of it.
    pub(crate) fate: Fate,
    /// Why.
    pub(crate) why: String,
    /// What it was before characters were replaced or cut off, where that is something else.
    pub(crate) before: Option<String>,
}

/// The tags, and what is worth saying of the rules that gave none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The tags in their order; `latest` last.
    pub(crate) decisions: Vec<Decision>,
    /// Rules that gave nothing, and why.
    pub(crate) nothing: Vec<(String, String)>,
    /// Whether a tag may be there twice, as upstream has it.
    pub(crate) keep_twins: bool,
}

impl Names {
    /// The tags that are given.
    pub(crate) fn tags(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = Vec::new();
        for decision in self.decisions.iter().filter(|decision| decision.fate == Fate::Given) {
            if self.keep_twins || !tags.contains(&decision.tag.as_str()) {
                tags.push(&decision.tag);
            }
        }
        tags
    }
}

/// What a user decides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choices {
    pub(crate) scheme: Scheme,
    pub(crate) zero_major: bool,
    pub(crate) latest_from_branches: bool,
    pub(crate) distinct_names: bool,
}

/// The tags that rules give for a run.
///
/// # Errors
/// When an expression means nothing.
pub(crate) fn decide(
    rules: Rules<'_>,
    entries: &[Entry],
    event: &Event,
    choices: Choices,
    tags: &mut dyn Tags,
) -> Result<Names, TagError> {
    let mut judge = Judge { rules, event, choices, tags, names: None };
    let mut found = Names { keep_twins: rules.mode == Mode::Upstream, ..Names::default() };
    // Of the first rule that gives a tag: whether it brings `latest`, and what it was made from.
    let mut first: Option<(bool, &Entry, Option<String>)> = None;
    for entry in entries {
        if !rules.is_enabled(entry, event)? {
            continue;
        }
        if rules.mode == Mode::Safe
            && let Some(name) = entry.unknown.first()
        {
            let place = crate::evaluate::place(entry);
            return Err(TagError::UnknownAttribute { place, name: name.clone(), kind: entry.kind.name() });
        }
        let (text, own, source, latest) = match rules.evaluate(entry, event, None)? {
            Outcome::Text { text, own, source, latest } if !text.is_empty() => (text, own, source, latest),
            Outcome::Text { .. } => continue,
            Outcome::Nothing(None) => continue,
            Outcome::Nothing(Some(why)) => {
                found.nothing.push((entry.text.clone(), why));
                continue;
            }
        };
        first.get_or_insert_with(|| (latest, entry, source.clone()));
        let (fate, why) = match rules.mode {
            Mode::Upstream => (Fate::Given, "as upstream".to_owned()),
            Mode::Safe => judge.tag(entry, &own, source.as_deref())?,
        };
        let tag = match rules.mode {
            Mode::Upstream => tag::sanitise(&text),
            Mode::Safe if choices.distinct_names && source.is_none() => tag::distinct(&text),
            Mode::Safe => tag::mended(&text),
        };
        let is_known = found.decisions.iter().any(|known| known.tag == tag && known.fate == fate);
        if !is_known {
            let before = (tag != text).then_some(text);
            found.decisions.push(Decision { tag, rule: entry.text.clone(), fate, why, before });
        }
    }
    // What one rule may not give and another one may is given.
    let given: Vec<String> = found.tags().into_iter().map(str::to_owned).collect();
    found.decisions.retain(|decision| {
        decision.fate == Fate::Given || decision.fate == Fate::Refused || !given.contains(&decision.tag)
    });
    if let Some((auto, entry, source)) = first {
        judge.latest(auto, entry, source.as_deref(), &mut found)?;
    }
    Ok(found)
}

struct Judge<'a> {
    rules: Rules<'a>,
    event: &'a Event,
    choices: Choices,
    tags: &'a mut dyn Tags,
    /// The tags of the repository, once they were looked at.
    names: Option<Result<Vec<String>, String>>,
}

type Verdict = (Fate, String);

fn given(why: impl Into<String>) -> Verdict {
    (Fate::Given, why.into())
}

fn held(why: impl Into<String>) -> Verdict {
    (Fate::Held, why.into())
}

impl Judge<'_> {
    /// What becomes of a tag; `own` is it without what the flavor puts around it.
    fn tag(&mut self, entry: &Entry, own: &str, source: Option<&str>) -> Result<Verdict, TagError> {
        let affixes =
            [entry.prefix.as_ref(), entry.suffix.as_ref(), entry.value.as_ref(), Some(&entry.pattern)];
        let mentions = |names: &[&str]| {
            affixes.iter().flatten().any(|template| names.iter().any(|name| template.mentions(name)))
        };
        if entry.kind == Kind::Sha || mentions(&["sha"]) {
            return Ok(given("names the commit"));
        }
        if matches!(entry.kind, Kind::Schedule | Kind::Raw) && mentions(&["date", "commit_date"]) {
            return Ok(given("names the time"));
        }
        let Some(source) = source else { return Ok(self.of_branch(entry, own)) };
        if entry.kind == Kind::Ref(RefEvent::Tag) && release(source, How::Tag(self.choices.scheme)).is_none()
        {
            let name = tag::sanitise(own);
            return Ok(if is_reserved(&name) {
                (
                    Fate::Refused,
                    format!("the tag {source} is no release, and `{name}` is a name that releases have"),
                )
            } else {
                given("is the tag itself")
            });
        }
        let how = How::of(entry, self.choices.scheme);
        let Some(found) = release(source, how) else {
            return Ok(if own.contains(source) {
                given("holds the whole tag")
            } else {
                held(format!(
                    "{source} is no version, so that nothing shows that `{}` moves forward",
                    tag::sanitise(own)
                ))
            });
        };
        if found.number.is_final() && is_unfinished(source) {
            return Ok((
                Fate::Refused,
                format!(
                    "{source} is a pre-release, and `{}` is the tag of a final release",
                    tag::sanitise(own)
                ),
            ));
        }
        self.of_release(entry, own, source, &found)
    }

    fn of_release(
        &mut self,
        entry: &Entry,
        own: &str,
        source: &str,
        found: &Release,
    ) -> Result<Verdict, TagError> {
        let places = found.number.places();
        if !found.number.is_final() {
            let last = found.number.to_final().text();
            let final_tag = found.renamed(source, &last);
            let is_of_final = own == last || own == format!("v{last}") || own == final_tag;
            if is_of_final {
                return Ok((
                    Fate::Refused,
                    format!("{source} is a pre-release, and `{own}` is the tag of a final release"),
                ));
            }
            if self.same(entry, own, &final_tag)? || self.floats(entry, own, source, found, 0..places)? {
                return Ok(held(format!("{source} is a pre-release, which moves nothing")));
            }
            return Ok(given("is the version itself"));
        }
        if !self.floats(entry, own, source, found, 0..places)? {
            return Ok(given("is the version itself"));
        }
        let is_zero_major = found.number.is_zero()
            && self.floats(entry, own, source, found, 1..2)?
            && !self.floats(entry, own, source, found, 0..1)?;
        if is_zero_major && !self.choices.zero_major {
            return Ok(held(
                "before 1.0.0 any minor release may break what a major tag promises; --zero-major gives it",
            ));
        }
        self.highest(Some((entry, own)), How::of(entry, self.choices.scheme), source, found)
    }

    /// Whether the rule makes the same tag of other versions, which differ in a number at one of the places.
    fn floats(
        &self,
        entry: &Entry,
        own: &str,
        source: &str,
        found: &Release,
        mut places: std::ops::Range<usize>,
    ) -> Result<bool, TagError> {
        places.try_fold(false, |known, place| {
            if known {
                return Ok(true);
            }
            for version in found.number.neighbours(place) {
                if self.same(entry, own, &found.renamed(source, &version))? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Whether the rule makes this of another tag.
    fn same(&self, entry: &Entry, own: &str, other: &str) -> Result<bool, TagError> {
        let event = if self.event.tag().is_some() { self.event.for_tag(other) } else { self.event.clone() };
        let is_of_value = entry.value.is_some() && entry.kind != Kind::Raw;
        let source = is_of_value.then_some(other);
        let outcome = self.rules.evaluate(entry, &event, source.or(event.tag()))?;
        Ok(matches!(outcome, Outcome::Text { own: text, .. } if text == own))
    }

    /// Whether a release is the highest final one of those that would have the tag; without a rule, of its family.
    fn highest(
        &mut self,
        rule: Option<(&Entry, &str)>,
        how: How<'_>,
        source: &str,
        found: &Release,
    ) -> Result<Verdict, TagError> {
        let names = match self.names() {
            Ok(names) => names,
            Err(why) => return Ok((Fate::NotKnown, why)),
        };
        let own_tag = self.event.tag();
        if let Some(tag) = own_tag.filter(|tag| *tag == source && !names.iter().any(|name| name == tag)) {
            return Ok((Fate::NotKnown, format!("the tag {tag} itself is not in the clone")));
        }
        let mut group: Vec<(String, Release)> = Vec::new();
        for name in &names {
            let Some(other) = release(name, how) else { continue };
            let is_one = other.family == found.family && other.number.is_final() && !is_unfinished(name);
            let shares = match rule {
                Some((entry, own)) if is_one => self.same(entry, own, name)?,
                _ => is_one,
            };
            if shares {
                group.push((name.clone(), other));
            }
        }
        let higher = group.iter().filter(|(_, other)| other.number.precedence(&found.number).is_gt());
        if let Some((name, _)) = higher.max_by(|a, b| a.1.number.precedence(&b.1.number)) {
            return Ok(held(format!("{name} is higher")));
        }
        let lower: Vec<String> = group
            .iter()
            .filter(|(_, other)| other.number.precedence(&found.number).is_lt())
            .map(|(name, _)| name.clone())
            .collect();
        let own = own_tag.filter(|tag| *tag == source);
        match self.tags.containing(own, &self.event.sha, &lower) {
            Err(why) => Ok((Fate::NotKnown, why)),
            Ok(Some(name)) => {
                Ok(held(format!("{name} contains its commit, so that it would go back in history")))
            }
            Ok(None) if lower.is_empty() => Ok(given("the only release that has it")),
            Ok(None) => Ok(given(format!("the highest of {} releases that have it", lower.len() + 1))),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, String> {
        self.names.get_or_insert_with(|| self.tags.names()).clone()
    }

    /// What becomes of a tag that no release gives.
    fn of_branch(&mut self, entry: &Entry, own: &str) -> Verdict {
        let name = tag::sanitise(own);
        let what = self.event.words();
        if !is_reserved(&name) {
            return given(match entry.kind {
                Kind::Ref(_) => format!("is {what}"),
                Kind::Edge => "is the main branch, or the one that was named".to_owned(),
                Kind::Schedule => "is the schedule".to_owned(),
                _ => "is no name that releases have".to_owned(),
            });
        }
        let is_of_name = matches!(entry.kind, Kind::Ref(_))
            || entry
                .value
                .as_ref()
                .is_some_and(|value| value.mentions("branch") || value.mentions("base_ref"));
        if is_of_name {
            return (
                Fate::Refused,
                format!("{what} would overwrite `{name}`, which is a name that releases have"),
            );
        }
        self.reserved(&name)
    }

    /// Whether a run that is of no release may have a name that releases have.
    fn reserved(&mut self, name: &str) -> Verdict {
        let what = self.event.words();
        if self.event.pull().is_some() {
            return held(format!("{what} is no release"));
        }
        if self.choices.latest_from_branches {
            return given("--latest-from-branches");
        }
        let scheme = self.choices.scheme;
        match self.names() {
            Err(why) => (Fate::NotKnown, why),
            Ok(names) => {
                let finals = names.iter().filter_map(|name| Some((name, release(name, How::Tag(scheme))?)));
                let finals = finals.filter(|(_, release)| release.number.is_final());
                match finals.max_by(|a, b| a.1.number.precedence(&b.1.number)) {
                    Some((tag, _)) => held(format!(
                        "{what} is no release, and `{name}` belongs to {tag}; --latest-from-branches gives it"
                    )),
                    None => given("the repository has no release that could have it"),
                }
            }
        }
    }

    /// Decides on `latest`.
    fn latest(
        &mut self,
        auto: bool,
        entry: &Entry,
        source: Option<&str>,
        found: &mut Names,
    ) -> Result<(), TagError> {
        let flavor = self.rules.flavor;
        let wanted = match flavor.latest {
            Latest::Auto => auto,
            Latest::Yes => true,
            Latest::No => false,
        };
        if !wanted {
            return Ok(());
        }
        let affix = |template: &lw_tag_rules::Template, on: bool| match (on, self.rules.mode) {
            (false, _) => Ok(String::new()),
            // Upstream does not look for expressions here.
            (true, Mode::Upstream) => Ok(template.source().to_owned()),
            (true, Mode::Safe) => self.rules.text(template, self.event, "flavor"),
        };
        let text = format!(
            "{}latest{}",
            affix(&flavor.prefix, flavor.prefix_latest)?,
            affix(&flavor.suffix, flavor.suffix_latest)?
        );
        let (tag, (fate, why)) = match self.rules.mode {
            Mode::Upstream => (tag::sanitise(&text), given("as upstream")),
            Mode::Safe => (tag::mended(&text), self.of_latest(entry, source)?),
        };
        let rule = match flavor.latest {
            Latest::Yes => "flavor latest=true",
            _ => "flavor latest=auto",
        };
        // A rule that names it has said the same already.
        if self.rules.mode == Mode::Safe
            && found.decisions.iter().any(|known| known.tag == tag && known.fate == fate)
        {
            return Ok(());
        }
        found.decisions.push(Decision { tag, rule: rule.to_owned(), fate, why, before: None });
        Ok(())
    }

    fn of_latest(&mut self, entry: &Entry, source: Option<&str>) -> Result<Verdict, TagError> {
        let Some(source) = source else { return Ok(self.reserved("latest")) };
        let how = How::of(entry, self.choices.scheme);
        match release(source, how) {
            None => Ok(held(format!("{source} is no version, and what is none moves nothing"))),
            Some(found) if !found.number.is_final() || is_unfinished(source) => {
                Ok(held(format!("{source} is a pre-release, which moves nothing")))
            }
            Some(found) => self.highest(None, how, source, &found),
        }
    }
}
