//! The formats by name.

use std::fmt;
use std::str::FromStr;

use lw_model::{Class, Diagnose};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a terminal.
    Text,
    /// GitHub-flavoured Markdown for a job summary or a comment.
    Markdown,
    /// One self-contained page.
    Html,
    /// `lw-report/1`, for other tools.
    Json,
    /// JUnit XML, for a CI's test view.
    Junit,
    /// SARIF 2.1.0, for a code scanner.
    Sarif,
    /// OpenMetrics text, for GitLab's metrics report and Prometheus.
    OpenMetrics,
}

impl Format {
    /// Every format, in the order of documentation.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Markdown, Self::Html, Self::Json, Self::Junit, Self::Sarif, Self::OpenMetrics];

    /// The name people write: `text`, `markdown`, `html`, `json`, `junit`, `sarif`, `openmetrics`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::OpenMetrics => "openmetrics",
        }
    }

    /// Usual file extension, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Sarif => "sarif",
            Self::OpenMetrics => "txt",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a report format")]
pub struct UnknownFormat(pub String);

impl Diagnose for UnknownFormat {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(format!("write one of {}", Format::ALL.map(Format::as_str).join(", ")).into())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownFormat(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_reads_back_from_its_name_and_an_unknown_one_names_the_known() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        let error = "pdf".parse::<Format>().unwrap_err();
        assert_eq!(error.to_string(), "`pdf` is not a report format");
        assert_eq!(
            error.hint().unwrap(),
            "write one of text, markdown, html, json, junit, sarif, openmetrics"
        );
    }
}
