//! The input `tags`: rules, each of which may give a tag.

use lw_model::lists::sort_by;

use crate::error::{Problem, RuleError};
use crate::expression::Template;
use crate::fields::{attribute, strict};
use crate::pattern::Pattern;

/// What a tag is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The run of a schedule.
    Schedule,
    /// A tag that is a version of Semantic Versioning.
    Semver,
    /// A tag that is a version of Python's PEP 440.
    Pep440,
    /// What a regular expression finds in a tag.
    Match,
    /// The main branch, or another one.
    Edge,
    /// A branch, a tag or a pull request.
    Ref(RefEvent),
    /// A text.
    Raw,
    /// The commit.
    Sha,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Semver => "semver",
            Self::Pep440 => "pep440",
            Self::Match => "match",
            Self::Edge => "edge",
            Self::Ref(_) => "ref",
            Self::Raw => "raw",
            Self::Sha => "sha",
        }
    }

    /// Of two tags the one with the higher number comes first.
    fn priority(self) -> f64 {
        match self {
            Self::Schedule => 1000.0,
            Self::Semver | Self::Pep440 => 900.0,
            Self::Match => 800.0,
            Self::Edge => 700.0,
            Self::Ref(_) => 600.0,
            Self::Raw => 200.0,
            Self::Sha => 100.0,
        }
    }

    /// The attributes it has besides those of all.
    fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Schedule => &["pattern"],
            Self::Semver | Self::Pep440 => &["pattern", "value", "match"],
            Self::Match => &["pattern", "value", "group"],
            Self::Edge => &["branch"],
            Self::Ref(_) => &["event"],
            Self::Raw => &["value"],
            Self::Sha => &["format"],
        }
    }
}

/// What a rule of `type=ref` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefEvent {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A pull request.
    Pr,
}

/// How much of a commit's id stands in a tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShaFormat {
    /// Its beginning.
    #[default]
    Short,
    /// All of it.
    Long,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which item of the input it was, counted from 1; 0 for those that are there without one.
    pub number: usize,
    /// The item as it was written.
    pub text: String,
    /// What the tag is made from.
    pub kind: Kind,
    /// Whether it counts: `true` or `false`, once the expressions are known.
    pub enable: Template,
    /// Of two tags the one with the higher number comes first.
    pub priority: f64,
    /// What stands before the tag, instead of what the flavor says.
    pub prefix: Option<Template>,
    /// What stands after the tag, instead of what the flavor says.
    pub suffix: Option<Template>,
    /// Of `schedule`, `semver` and `pep440`: the tag.
    pub pattern: Template,
    /// Of `semver`, `pep440`, `match` and `raw`: what to take instead of the tag of the run.
    pub value: Option<Template>,
    /// Of `match` what to look for; of `semver` and `pep440` where in the tag the version stands, with one group.
    pub regex: Option<Pattern>,
    /// Of `match`: the number of the group that is the tag; 0 is all that was found.
    pub group: usize,
    /// Of `edge`: the branch, where it is not the main one.
    pub branch: Option<String>,
    /// Of `sha`: how much of it.
    pub format: ShaFormat,
    /// Attributes that mean nothing.
    pub unknown: Vec<String>,
}

/// The rules that hold where the input is empty.
#[must_use]
pub fn defaults() -> Vec<Entry> {
    let texts = ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"];
    texts.into_iter().filter_map(|text| read(0, text).ok()).collect()
}

/// Reads the items of `tags`, and sorts the rules by their priority.
///
/// # Errors
/// When one cannot be used.
pub fn parse_entries(items: &[String]) -> Result<Vec<Entry>, RuleError> {
    let mut entries = if items.is_empty() { defaults() } else { Vec::with_capacity(items.len()) };
    for (number, item) in (1..).zip(items) {
        entries.push(read(number, item).map_err(|problem| RuleError::new("tags", number, item, problem))?);
    }
    sort_by(&mut entries, |a, b| b.priority.total_cmp(&a.priority));
    Ok(entries)
}

fn read(number: usize, item: &str) -> Result<Entry, Problem> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut kind = "raw".to_owned();
    for field in strict(item)? {
        let (name, value) = attribute(&field);
        match name {
            Some(name) if name == "type" => kind = value,
            name => {
                let name = name.unwrap_or_else(|| "value".to_owned());
                attributes.retain(|(known, _)| *known != name);
                attributes.push((name, value));
            }
        }
    }
    let get =
        |name: &str| attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let invalid = |attribute: &str, expected| Problem::Invalid {
        attribute: attribute.to_owned(),
        value: get(attribute).unwrap_or_default().to_owned(),
        expected,
    };
    let kind = match kind.as_str() {
        "schedule" => Kind::Schedule,
        "semver" => Kind::Semver,
        "pep440" => Kind::Pep440,
        "match" => Kind::Match,
        "edge" => Kind::Edge,
        "ref" => Kind::Ref(match get("event") {
            Some("branch") => RefEvent::Branch,
            Some("tag") => RefEvent::Tag,
            Some("pr") => RefEvent::Pr,
            Some(_) => return Err(invalid("event", "branch, tag or pr")),
            None => return Err(Problem::Missing { kind: "ref", attribute: "event" }),
        }),
        "raw" => Kind::Raw,
        "sha" => Kind::Sha,
        _ => return Err(Problem::UnknownType(kind)),
    };
    let needed =
        |attribute: &'static str| get(attribute).ok_or(Problem::Missing { kind: kind.name(), attribute });
    let (mut pattern, mut regex) = (Template::default(), None);
    match kind {
        Kind::Schedule => pattern = Template::parse(get("pattern").unwrap_or("nightly"))?,
        Kind::Semver | Kind::Pep440 => {
            pattern = Template::parse(needed("pattern")?)?;
            // Without slashes around it: here they are part of it.
            let found = get("match").filter(|text| !text.is_empty());
            regex = found.map(|text| Pattern::new(text, "")).transpose()?;
        }
        Kind::Match => regex = Some(Pattern::with_flags(needed("pattern")?)?),
        _ => {}
    }
    let value = match (kind, get("value")) {
        (Kind::Raw, None) => return Err(Problem::Missing { kind: "raw", attribute: "value" }),
        (Kind::Raw, Some(text)) => Some(text),
        (_, text) => text.filter(|text| !text.is_empty()),
    };
    let group = match get("group").filter(|_| kind == Kind::Match) {
        None => 0,
        Some(text) => text.parse().map_err(|_| invalid("group", "the number of a group, such as 1"))?,
    };
    let format = match get("format").filter(|_| kind == Kind::Sha) {
        None | Some("short") => ShaFormat::Short,
        Some("long") => ShaFormat::Long,
        Some(_) => return Err(invalid("format", "short or long")),
    };
    let priority = match get("priority") {
        None => kind.priority(),
        Some(text) => {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| invalid("priority", "a number"))?
        }
    };
    let affix = |own: Option<&'static str>, name: &str| get(name).or(own).map(Template::parse).transpose();
    let own = match kind {
        Kind::Ref(RefEvent::Pr) => Some("pr-"),
        Kind::Sha => Some("sha-"),
        _ => None,
    };
    let common = ["enable", "priority", "prefix", "suffix"];
    let names = attributes.iter().map(|(name, _)| name);
    let unknown = names
        .filter(|name| !common.contains(&name.as_str()) && !kind.attributes().contains(&name.as_str()))
        .cloned()
        .collect();
    Ok(Entry {
        number,
        text: item.to_owned(),
        kind,
        enable: Template::parse(get("enable").unwrap_or("true"))?,
        priority,
        prefix: affix(own, "prefix")?,
        suffix: affix(None, "suffix")?,
        pattern,
        value: value.map(Template::parse).transpose()?,
        regex,
        group,
        branch: get("branch").filter(|branch| !branch.is_empty()).map(str::to_owned),
        format,
        unknown,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(item: &str) -> Result<Entry, Problem> {
        read(1, item)
    }

    #[test]
    fn rules_are_read() {
        let entry =
            one(r#"type=match,"pattern=^v(\d{1,3})",group=1,priority=2000,enable={{is_default_branch}}"#)
                .unwrap();
        assert_eq!((entry.kind, entry.group, entry.priority), (Kind::Match, 1, 2000.0));
        assert_eq!(entry.regex.unwrap().source(), r"^v(\d{1,3})");
        assert!(entry.enable.mentions("is_default_branch"));
        let entry = one("my-tag").unwrap();
        assert_eq!((entry.kind, entry.value.unwrap().source()), (Kind::Raw, "my-tag"));
        assert_eq!(one("type=sha").unwrap().prefix.unwrap().source(), "sha-");
        assert_eq!(one("type=ref,event=pr,prefix=").unwrap().prefix.unwrap().source(), "");
        assert_eq!(one("type=semver,pattern={{version}},value=").unwrap().value, None);
        assert_eq!(one("type=raw,value=a=b").unwrap().value.unwrap().source(), "a=b");
        assert_eq!(one("type=raw,a,enabled=false").unwrap().unknown, ["enabled"]);
        assert_eq!(one("TYPE=edge,Branch=dev").unwrap().branch.as_deref(), Some("dev"));
        assert_eq!(defaults().len(), 4);
    }

    #[test]
    fn rules_that_cannot_be_used_say_why() {
        for (item, expected) in [
            ("type=nope", "there is no type `nope`"),
            ("type=raw", "type=raw needs value="),
            ("type=semver", "type=semver needs pattern="),
            ("type=match", "type=match needs pattern="),
            ("type=ref", "type=ref needs event="),
            ("type=ref,event=push", "event=push: expected branch, tag or pr"),
            ("type=match,pattern=a,group=x", "group=x: expected the number of a group, such as 1"),
            ("type=sha,format=tiny", "format=tiny: expected short or long"),
            ("a,priority=high", "priority=high: expected a number"),
            ("a,priority=NaN", "priority=NaN: expected a number"),
            (
                "type=match,pattern=v(?=1)",
                "column 2 of the pattern: a look-ahead, which no search in linear time can do",
            ),
            ("type=raw,value={{branch", "column 1: the expression is not closed"),
            (r#"type=raw,value=a"b"#, "column 17: a quotation mark inside of a field"),
        ] {
            assert_eq!(one(item).unwrap_err().to_string(), expected, "{item}");
        }
    }

    #[test]
    fn rules_are_sorted_by_priority_and_else_stay() {
        let items = ["type=sha", "a", "b", "type=edge", "c,priority=5000"].map(str::to_owned);
        let order: Vec<usize> = parse_entries(&items).unwrap().iter().map(|entry| entry.number).collect();
        assert_eq!(order, [5, 4, 2, 3, 1]);
    }

    proptest! {
        #[test]
        fn any_item_is_a_rule_or_an_error(item in "(type=(raw|semver|match|ref|sha),)?[a-z{}\"',=\\\\()0-9.]{0,40}") {
            let _ = one(&item);
        }
    }
}
