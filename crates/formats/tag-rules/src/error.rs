//! Why an input cannot be used.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::expression::ExpressionError;
use crate::pattern::PatternError;

/// How much of an item a message quotes.
const QUOTED: usize = 120;

/// An item of an input that cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{input}, item {number} `{}`: {problem}", quoted(.text))]
pub struct RuleError {
    /// Name of the input.
    pub input: &'static str,
    /// Which item it is, counted from 1.
    pub number: usize,
    /// The item.
    pub text: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl RuleError {
    /// An item with what is wrong with it.
    #[must_use]
    pub fn new(input: &'static str, number: usize, text: &str, problem: Problem) -> Self {
        Self { input, number, text: quoted(text), problem }
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What is wrong with an item.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It has more bytes than [`MAX_ITEM`](crate::MAX_ITEM), or there are more than [`MAX_ITEMS`](crate::MAX_ITEMS).
    #[error("{0}")]
    TooMuch(String),
    /// A quotation mark stands where none may.
    #[error("column {column}: {what}")]
    Quote {
        /// The character, counted from 1.
        column: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no such type of rule.
    #[error("there is no type `{0}`")]
    UnknownType(String),
    /// An attribute that has to be there is not.
    #[error("type={kind} needs {attribute}=")]
    Missing {
        /// The type of the rule.
        kind: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute has a value it cannot have.
    #[error("{attribute}={value}: expected {expected}")]
    Invalid {
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// There is no such attribute.
    #[error("there is no attribute `{0}` here")]
    UnknownAttribute(String),
    /// A word that is no attribute, where only attributes may stand.
    #[error("`{0}` is no KEY=VALUE")]
    NoAttribute(String),
    /// The name of an image is none.
    #[error("`{name}` is no name of an image: {why}")]
    ImageName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An expression cannot be read.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// A regular expression cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl Diagnose for RuleError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match &self.problem {
            Problem::TooMuch(_) => "split it; no registry takes that many tags".into(),
            Problem::Quote { .. } => {
                "quote a whole attribute that has a comma: \"pattern=^v\\d{1,3}\", and double a quotation mark in it".into()
            }
            Problem::UnknownType(_) => {
                "the types are schedule, semver, pep440, match, edge, ref, raw and sha".into()
            }
            Problem::Missing { kind: "ref", .. } => "add event=branch, event=tag or event=pr".into(),
            Problem::Missing { attribute: "value", .. } => "add value=TEXT, or leave the line out".into(),
            Problem::Missing { .. } => "add pattern=…, such as pattern={{version}}, or pattern=v(\\d+) of a match".into(),
            Problem::Invalid { .. } => "correct the value, or leave the attribute out".into(),
            Problem::UnknownAttribute(_) => {
                "look for a typing error; docs/image-tags.md lists the attributes of each type".into()
            }
            Problem::NoAttribute(_) => "write KEY=VALUE, such as latest=auto or prefix=nightly-".into(),
            Problem::ImageName { .. } => {
                "name it as a registry does, without a tag: ghcr.io/org/app, org/app or registry.example:5000/app".into()
            }
            Problem::Expression(error) => error.hint().into(),
            Problem::Pattern(error) => error.hint().into(),
        })
    }
}
