//! What a repository is called.

use std::fmt;

use lw_model::{Class, Diagnose};

/// A repository: `owner/name`, each of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    owner: String,
    name: String,
}

/// A text that is no `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no repository", .0.escape_debug())]
pub struct NameError(String);

impl Diagnose for NameError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some("a repository is written owner/name, as in GITHUB_REPOSITORY".into())
    }
}

/// The longest owner or name; GitHub allows 39 and 100.
const LONGEST: usize = 100;

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    // `.` and `..` would be other places in a path.
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_part) && !text.bytes().all(|byte| byte == b'.')
}

impl Repository {
    /// Reads `owner/name`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(NameError(text.chars().take(LONGEST).collect())),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name without the owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is meant by another way to write it: GitHub does not tell large letters from small ones.
    #[must_use]
    pub fn is(&self, full_name: &str) -> bool {
        full_name.split_once('/').is_some_and(|(owner, name)| {
            self.owner.eq_ignore_ascii_case(owner) && self.name.eq_ignore_ascii_case(name)
        })
    }

    /// Where it is in the API.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", self.owner, self.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_two_names() {
        let repository = Repository::parse("Org-1/lw_actions.rs").unwrap();
        assert_eq!((repository.owner(), repository.name()), ("Org-1", "lw_actions.rs"));
        assert_eq!(repository.path("/pulls"), "/repos/Org-1/lw_actions.rs/pulls");
        assert!(
            repository.is("org-1/LW_actions.rs") && !repository.is("org-1/lw") && !repository.is("org-1")
        );
        for text in
            ["", "a", "a/", "/b", "a/b/c", "a/..", "./b", "a b/c", "a/b?x", "a/b#", "ä/b", "a/b\n", "a%2f/b"]
        {
            assert!(Repository::parse(text).is_err(), "{text:?}");
        }
        assert!(Repository::parse(&format!("a/{}", "b".repeat(101))).is_err());
    }
}
