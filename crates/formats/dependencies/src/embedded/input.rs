//! Files as text and JSON, with errors that say where.

use lw_inventory::{Component, Kind, Place, Source};
use lw_syntax::tree::Node;
use lw_syntax::yaml::{self, Rules};
use serde_json::Value;

use crate::{Error, Problem, Tree};

/// No manifest, lock or project file of these ecosystems is near this size, in bytes.
const LARGEST: usize = 16 << 20;

/// A file as text, without a byte order mark; `None` where there is none.
pub(super) fn text(tree: &dyn Tree, path: &str, format: &'static str) -> Result<Option<String>, Error> {
    let Some(bytes) = tree.read(path)? else { return Ok(None) };
    if bytes.len() > LARGEST {
        let problem = Problem::TooLarge(format!("{} bytes are more than any {format} has", bytes.len()));
        return Err(Error::new(path, None, problem));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            Err(malformed(path, line_after(before), format, "it is not UTF-8"))
        }
    }
}

/// A file as text that has to be there.
pub(super) fn required(tree: &dyn Tree, path: &str, format: &'static str) -> Result<String, Error> {
    text(tree, path, format)?
        .ok_or_else(|| Error::new(path, None, Problem::Unreadable("there is no such file".to_owned())))
}

/// A file as JSON; `None` where there is none.
pub(super) fn json(tree: &dyn Tree, path: &str, format: &'static str) -> Result<Option<Value>, Error> {
    let Some(text) = text(tree, path, format)? else { return Ok(None) };
    crate::text::json(path, &text, format).map(Some)
}

/// A file as YAML; `None` where there is none, or an empty one. Budgets hold back aliases that multiply and nesting.
pub(super) fn yaml<T: serde::de::DeserializeOwned>(
    tree: &dyn Tree,
    path: &str,
    format: &'static str,
) -> Result<Option<T>, Error> {
    let Some(text) = text(tree, path, format)? else { return Ok(None) };
    let fault = |error| crate::text::fault(path, &text, format, &error);
    let tree = yaml::read(&text, &Rules::WRITTEN).map_err(fault)?;
    tree.root().map(Node::read).transpose().map_err(fault)
}

/// "This is no …" at a line.
pub(crate) fn malformed(
    file: &str,
    line: impl Into<Option<u32>>,
    format: &'static str,
    reason: impl Into<String>,
) -> Error {
    let problem = Problem::Malformed { format, reason: reason.into() };
    Error::new(file, line.into(), problem)
}

fn line_after(before: &[u8]) -> Option<u32> {
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).ok()
}

/// Where something was read.
pub(super) fn place(file: &str, line: impl Into<Option<u32>>) -> Place {
    Place { file: file.to_owned(), line: line.into() }
}

/// A text of a JSON object that is not empty.
pub(super) fn word<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether a path stays inside of the project, so that its files may be asked for.
pub(super) fn is_inside(path: &str) -> bool {
    path != ".." && !path.starts_with("../")
}

/// The root of a project whose files may not name it.
pub(super) fn root(folder: &str, name: Option<String>, version: Option<String>, kind: Kind) -> Component {
    let mut root = Component::new("", name.unwrap_or_else(|| name_of(folder).to_owned()), version);
    root.kind = kind;
    root.source = Source::Path(if folder.is_empty() { ".".to_owned() } else { folder.to_owned() });
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::local as relative;

    #[test]
    fn a_path_is_seen_from_the_project_or_not_at_all() {
        assert_eq!(relative("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(relative("", "../c").as_deref(), Some("../c"));
        for elsewhere in ["/c", "~/c", "C:\\c", "file:///c", "$HOME/c"] {
            assert_eq!(relative("a", elsewhere), None, "{elsewhere}");
        }
        assert!(is_inside("a/..b") && !is_inside("../a") && !is_inside(".."));
    }
}
