//! Why no tags can be made.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};
use lw_tag_rules::TimeError;

/// Why no tags can be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TagError {
    /// An expression that means nothing here.
    #[error("{place}: there is no expression `{name}` here")]
    UnknownExpression {
        /// The rule or the label it stands in.
        place: String,
        /// Its name.
        name: String,
        /// Those that are there.
        known: &'static str,
    },
    /// An expression was given what it cannot use.
    #[error("{place}: {{{{{name}}}}} {what}")]
    Argument {
        /// The rule or the label it stands in.
        place: String,
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A time that cannot be written.
    #[error("{place}: {source}")]
    Time {
        /// The rule or the label it stands in.
        place: String,
        /// Why.
        source: TimeError,
    },
    /// Nobody says when the commit was made.
    #[error("{place}: {{{{commit_date}}}} is asked for, and nobody says when the commit {commit} was made")]
    NoCommitDate {
        /// The rule or the label it stands in.
        place: String,
        /// The commit.
        commit: String,
    },
    /// Whether a rule counts is neither true nor false.
    #[error("{place}: enable is `{value}`")]
    Enable {
        /// The rule.
        place: String,
        /// What it came to.
        value: String,
    },
    /// A pattern has no group to take.
    #[error("{place}: match= has no group, so that nothing says which part is the version")]
    NoGroup {
        /// The rule.
        place: String,
    },
    /// An attribute that means nothing.
    #[error("{place}: there is no attribute `{name}` of type={kind}")]
    UnknownAttribute {
        /// The rule.
        place: String,
        /// The attribute.
        name: String,
        /// The type of the rule.
        kind: &'static str,
    },
    /// A label is no label.
    #[error("{input}: `{text}` {what}")]
    Label {
        /// The input.
        input: &'static str,
        /// What was written.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A variable has a value it cannot have.
    #[error("{name} is `{value}`: expected {expected}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A full reference was expected.
    #[error("--ref {0}: no full reference")]
    Reference(String),
    /// A commit is none.
    #[error("--sha {0}: no full id of a commit")]
    Commit(String),
    /// What is checked out does not say for what the run is.
    #[error("what is checked out is no branch, and {why}")]
    Detached {
        /// Why no tag is meant.
        why: String,
    },
}

impl Diagnose for TagError {
    fn class(&self) -> Class {
        match self {
            Self::NoCommitDate { .. } | Self::Detached { .. } => Class::Input,
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::UnknownExpression { known, .. } => format!("there are {known}").into(),
            Self::Argument { .. } => "write it as {{date 'YYYYMMDD' tz='Europe/Berlin'}}".into(),
            Self::Time { .. } => "name a time zone as the IANA does, such as Europe/Berlin or UTC".into(),
            Self::NoCommitDate { .. } => {
                "check the repository out before this, or give its folder with --repo".into()
            }
            Self::Enable { .. } => {
                "it has to come to true or false; a condition of the workflow is written enable=${{ … }}"
                    .into()
            }
            Self::NoGroup { .. } => "put the version in parentheses: match=v(\\d+\\.\\d+\\.\\d+)$".into(),
            Self::UnknownAttribute { .. } => {
                "look for a typing error; --latest upstream passes over what it does not know".into()
            }
            Self::Label { .. } => "write it as KEY=VALUE on one line".into(),
            Self::Variable { .. } => "correct it in the workflow's env, or leave it out".into(),
            Self::Reference(_) => "give it as refs/heads/main, refs/tags/v1.2.3 or refs/pull/7/merge".into(),
            Self::Commit(_) => "give all 40 hexadecimal digits".into(),
            Self::Detached { .. } => "say for what the run is with --ref".into(),
        })
    }
}
