//! Why an input beside the repository cannot be used.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};
use thiserror::Error;

/// Why an input beside the repository cannot be used.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    /// The pull requests are no JSON, or not in the shape that is read.
    #[error("{path}:{line}:{column}: no list of pull requests: {reason}")]
    Pulls { path: String, line: usize, column: usize, reason: String },
    /// A text is no text.
    #[error("{path}: offset {offset}: not UTF-8")]
    NoText { path: String, offset: usize },
    /// A file is larger than anybody writes one.
    #[error("{path}: it has {bytes} bytes, and at most {most} are read")]
    TooLarge { path: String, bytes: usize, most: usize },
    /// A template cannot be read, or has no value for what it names.
    #[error("{path}:{line}: {reason}")]
    Template { path: String, line: usize, reason: String },
    /// A template takes too long.
    #[error("{path}:{line}: the template was ended after {steps} steps")]
    Endless { path: String, line: usize, steps: u64 },
    /// What a template writes is larger than any changelog.
    #[error("{path}: the template writes more than {most} bytes")]
    Flood { path: String, most: usize },
    /// Even without a single entry a template writes too much.
    #[error("{path}: the template writes more than {most} characters without a single entry")]
    NoRoom { path: String, most: usize },
    /// A changelog in which everything below would be code or a comment.
    #[error("{path}:{line}: the block of code or the comment that begins here never ends")]
    Unclosed { path: String, line: usize },
    /// A template whose sections cannot be found again.
    #[error(
        "{path}: the template begins no section `## {version}`, so that it cannot be found again in {changelog}"
    )]
    NoSection { path: String, version: String, changelog: String },
}

impl Diagnose for InputError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Pulls { .. } => "write it with `gh pr list --state merged --limit 1000 --json number,title,author,labels,mergeCommit`, or as the REST API answers to `repos/OWNER/REPO/pulls?state=closed`".into(),
            Self::NoText { .. } => "save it as UTF-8".into(),
            Self::TooLarge { .. } => "give the pull requests of the releases that are told, or the right file".into(),
            Self::Template { .. } => "the names a template has are in docs/changelog.md; `is defined` asks whether there is one".into(),
            Self::Endless { .. } => "walk the commits of each release once".into(),
            Self::Flood { .. } => "write less for each commit, or fewer releases: --tag, --since, --unreleased".into(),
            Self::NoRoom { .. } => "raise --max-characters, or write less around the entries".into(),
            Self::Unclosed { .. } => "end it, with the signs it begins with, or with `-->`".into(),
            Self::NoSection { .. } => "begin each release with a heading of the second level that has its version or its tag: `## {{ release.tag }}`".into(),
        })
    }
}
