//! Annotations: which properties survive, how long they may be, how many of them a step has
//! (actions/runner 258d6c8, `IssueCommandExtension` and `ExecutionContext.AddIssue`).

use std::path::Path;

use super::command::Command;

/// Annotations of one kind a step keeps; all steps of a composite action are one step.
pub const MAX_PER_KIND: usize = 10;

/// UTF-16 units of a message that are kept.
pub const MAX_MESSAGE: usize = 4096;

/// The kind of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `::error::`
    Error,
    /// `::warning::`
    Warning,
    /// `::notice::`
    Notice,
}

impl Kind {
    pub(super) fn of(command: &str) -> Option<Self> {
        [(Self::Error, "error"), (Self::Warning, "warning"), (Self::Notice, "notice")]
            .into_iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(command))
            .map(|(kind, _)| kind)
    }
}

/// An annotation as it reaches GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Error, warning or notice.
    pub kind: Kind,
    /// The text, masked and cut.
    pub message: String,
    /// The heading.
    pub title: Option<String>,
    /// The file, relative to the workspace when it lies inside.
    pub file: Option<String>,
    /// First line.
    pub line: Option<i32>,
    /// Last line.
    pub end_line: Option<i32>,
    /// First column.
    pub column: Option<i32>,
    /// Last column.
    pub end_column: Option<i32>,
}

impl Annotation {
    pub(super) fn plain(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            title: None,
            file: None,
            line: None,
            end_line: None,
            column: None,
            end_column: None,
        }
    }

    pub(super) fn from_command(kind: Kind, command: &Command, workspace: &Path) -> Self {
        let number = |key: &str| command.properties.get(key).and_then(|text| text.trim().parse::<i32>().ok());
        let end_line = number("endline");
        let end_column = number("endcolumn");
        let mut line = number("line").or(end_line);
        let mut column = number("col").or(end_column);
        let mut annotation = Self::plain(kind, command.data.clone());
        annotation.end_line = end_line;
        annotation.end_column = end_column;
        if line.is_none() || (end_line.is_some() && line != end_line) {
            column = None;
            annotation.end_column = None;
        }
        if end_line < line && end_line.is_some() {
            line = None;
            annotation.end_line = None;
        }
        if annotation.end_column < column && annotation.end_column.is_some() {
            column = None;
            annotation.end_column = None;
        }
        annotation.line = line;
        annotation.column = column;
        annotation.title = command.properties.get("title").cloned();
        annotation.file = command.properties.get("file").map(|file| {
            let inside = Path::new(file).strip_prefix(workspace).ok();
            inside.map_or_else(|| file.clone(), |inside| inside.to_string_lossy().into_owned())
        });
        annotation
    }

    /// The message masked and cut as `AddIssue` does.
    pub(super) fn limited(mut self, masks: &super::Masks) -> Self {
        self.message = masks.apply(&self.message);
        let units: Vec<u16> = self.message.encode_utf16().collect();
        if let Some(kept) = units.get(..MAX_MESSAGE).filter(|_| units.len() > MAX_MESSAGE) {
            self.message = String::from_utf16_lossy(kept);
        }
        self
    }
}

/// The first [`MAX_PER_KIND`] of each kind.
pub(super) fn keep_first(all: Vec<Annotation>) -> Vec<Annotation> {
    let mut counts = std::collections::BTreeMap::new();
    all.into_iter()
        .filter(|annotation| {
            let count = counts.entry(annotation.kind).or_insert(0);
            *count += 1;
            *count <= MAX_PER_KIND
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::command::{is_registered, parse};
    use super::*;

    fn read(line: &str) -> Annotation {
        let command = parse(line, &is_registered).unwrap();
        Annotation::from_command(Kind::of(&command.name).unwrap(), &command, Path::new("/w"))
    }

    #[test]
    fn places_are_checked_as_the_runner_does() {
        let place = |line: &str| {
            let found = read(line);
            (found.line, found.end_line, found.column, found.end_column)
        };
        assert_eq!(
            place("::error line=3,endLine=3,col=2,endColumn=5::x"),
            (Some(3), Some(3), Some(2), Some(5))
        );
        assert_eq!(place("::error line=3,endLine=4,col=2::x"), (Some(3), Some(4), None, None));
        assert_eq!(place("::error line=4,endLine=3::x"), (None, None, None, None));
        assert_eq!(place("::error endLine=3::x"), (Some(3), Some(3), None, None));
        assert_eq!(place("::error col=3::x"), (None, None, None, None));
        assert_eq!(place("::error line=1,col=9,endColumn=3::x"), (Some(1), None, None, None));
        assert_eq!(read("::error file=/w/src/a.c::x").file.as_deref(), Some("src/a.c"));
        assert_eq!(read("::error file=/other/a.c::x").file.as_deref(), Some("/other/a.c"));
    }

    #[test]
    fn ten_of_a_kind_are_kept() {
        let all = (0..12).flat_map(|n| {
            [Annotation::plain(Kind::Error, n.to_string()), Annotation::plain(Kind::Notice, n.to_string())]
        });
        let kept = keep_first(all.collect());
        assert_eq!(kept.len(), 20);
        assert_eq!(kept.last().map(|last| last.message.as_str()), Some("9"));
    }
}
