//! The input `flavor`: what holds for all tags.

use crate::error::{Problem, RuleError};
use crate::expression::Template;
use crate::fields::{attribute, strict};

/// Whether there is a tag `latest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Latest {
    /// As the first rule that gives a tag has it.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// What holds for all tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flavor {
    /// Whether there is a tag `latest`.
    pub latest: Latest,
    /// What stands before each tag that has no prefix of its own.
    pub prefix: Template,
    /// Whether the prefix stands before `latest` too.
    pub prefix_latest: bool,
    /// What stands after each tag that has no suffix of its own.
    pub suffix: Template,
    /// Whether the suffix stands after `latest` too.
    pub suffix_latest: bool,
}

/// Reads the items of `flavor`; a later one wins.
///
/// # Errors
/// When one cannot be used.
pub fn parse_flavor(items: &[String]) -> Result<Flavor, RuleError> {
    let mut flavor = Flavor::default();
    for (number, item) in (1..).zip(items) {
        read(item, &mut flavor).map_err(|problem| RuleError::new("flavor", number, item, problem))?;
    }
    Ok(flavor)
}

fn read(item: &str, flavor: &mut Flavor) -> Result<(), Problem> {
    let mut last = "";
    for field in strict(item)? {
        let (name, value) = attribute(&field);
        let Some(name) = name else { return Err(Problem::NoAttribute(field)) };
        let invalid = |expected| Problem::Invalid { attribute: name.clone(), value: value.clone(), expected };
        match name.as_str() {
            "latest" => {
                flavor.latest = match value.as_str() {
                    "auto" => Latest::Auto,
                    "true" => Latest::Yes,
                    "false" => Latest::No,
                    _ => return Err(invalid("auto, true or false")),
                }
            }
            "prefix" => (flavor.prefix, last) = (Template::parse(&value)?, "prefix"),
            "suffix" => (flavor.suffix, last) = (Template::parse(&value)?, "suffix"),
            "onlatest" => {
                let on = match value.as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(invalid("true or false")),
                };
                match last {
                    "prefix" => flavor.prefix_latest = on,
                    "suffix" => flavor.suffix_latest = on,
                    _ => return Err(invalid("to stand after prefix= or suffix= on the same line")),
                }
            }
            _ => return Err(Problem::UnknownAttribute(name)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flavor(items: &[&str]) -> Result<Flavor, RuleError> {
        parse_flavor(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_flavor_is_read() {
        let found = flavor(&["latest=true", "prefix=foo-,onlatest=true", "suffix=-dev"]).unwrap();
        assert_eq!((found.latest, found.prefix_latest, found.suffix_latest), (Latest::Yes, true, false));
        assert_eq!((found.prefix.source(), found.suffix.source()), ("foo-", "-dev"));
        assert_eq!(flavor(&["suffix=a=b"]).unwrap().suffix.source(), "a=b");
        for wrong in
            ["latest=maybe", "latest", "onlatest=true", "prefix=a,onlatest=yes", "colour=red", "prefix={{a"]
        {
            assert!(flavor(&[wrong]).is_err(), "{wrong}");
        }
    }
}
