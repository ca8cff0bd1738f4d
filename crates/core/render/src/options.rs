//! What the caller decides about the output.

use std::str::FromStr;

use lw_model::{Class, Diagnose, Location, Rule};

use crate::escape;

/// What the caller decides about the output; the report decides the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// ANSI colours in text.
    pub colour: bool,
    /// Columns of the terminal, for text.
    pub width: usize,
    /// Block characters and marks in text; without it they are drawn in ASCII. Names stay as they are.
    pub unicode: bool,
    /// Where the repository's files can be read, so that a location becomes a link in Markdown and HTML.
    pub link: Option<LinkBase>,
    /// The tool's own rules, for the titles of SARIF; those of every tool are known.
    pub rules: &'static [Rule],
    /// The file each subject of the run was made from, for SARIF: where a finding is put that names no place. Paths are from
    /// the repository's root.
    pub files: Vec<(Option<String>, String)>,
}

impl Default for Options {
    /// No colours, 100 columns, block characters, no links.
    fn default() -> Self {
        Self { colour: false, width: 100, unicode: true, link: None, rules: &[], files: Vec::new() }
    }
}

/// The address under which the files of a repository can be read:
/// `https://github.com/o/r/blob/<sha>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBase(String);

/// An address that cannot be the base of a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the address of a repository's files: expected `https://…/` without spaces or quotes")]
pub struct LinkBaseError(pub String);

impl Diagnose for LinkBaseError {
    fn class(&self) -> Class {
        Class::Usage
    }
}

impl FromStr for LinkBase {
    type Err = LinkBaseError;

    /// Takes `http` and `https` addresses only; a missing `/` at the end is added.
    fn from_str(text: &str) -> Result<Self, LinkBaseError> {
        if !is_plain_address(text) {
            return Err(LinkBaseError(text.into()));
        }
        Ok(Self(if text.ends_with('/') { text.into() } else { format!("{text}/") }))
    }
}

/// Whether a text is an address of the web that nothing in Markdown or HTML can end early.
pub(crate) fn is_plain_address(text: &str) -> bool {
    let known = text.starts_with("https://") || text.starts_with("http://");
    known && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>`\\()[]|#?".contains(&b))
}

impl LinkBase {
    /// The address of a location, percent-encoded; `None` for a path that leaves the repository.
    ///
    /// Only the first line is named (`#L12`): forges agree on that form and on no form of a range.
    #[must_use]
    pub fn href(&self, location: &Location) -> Option<String> {
        let path = escape::repository_uri(&location.path)?;
        let line = location.line.filter(|line| *line > 0).map(|line| format!("#L{line}")).unwrap_or_default();
        Some(format!("{}{path}{line}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        for bad in
            ["", "javascript:alert(1)", "ftp://x/", "https://x/ y", "https://x/\"y", "https://x/\u{202e}"]
        {
            assert!(bad.parse::<LinkBase>().is_err(), "{bad}");
        }
        let base: LinkBase = "https://example.org/o/r/blob/abc".parse().unwrap();
        assert_eq!(
            base.href(&Location::line("src/a b#1.c", 7)).unwrap(),
            "https://example.org/o/r/blob/abc/src/a%20b%231.c#L7"
        );
        assert_eq!(base.href(&Location::file("../x")), None);
        assert_eq!(base.href(&Location::file("/etc/passwd")), None);
    }
}
