//! Revisions and paths as lock files write them.

/// Files of dependencies larger than this were not written by a package manager.
pub(crate) const MAX_FILE: usize = 128 << 20;
/// Packages of one lock file; the largest known have some ten thousand.
pub(crate) const MAX_PACKAGES: usize = 500_000;

/// A commit, or the name of a branch or tag; `None` where it is empty.
pub(crate) fn revision(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A path of the project with `.` and `..` worked out, as a path relative to the project; `None` where it is absolute or leads
/// to another drive. It may begin with `..`.
pub(crate) fn relative_path(base: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || path.starts_with('~') || has_drive {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A path inside the project, which a [`Tree`](crate::Tree) may be asked for.
pub(crate) fn inside(path: &str) -> Option<&str> {
    (path != ".." && !path.starts_with("../")).then_some(path)
}

/// A path beside a file: `package.json` beside `web/package-lock.json`.
pub(crate) fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder and a name as one path.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_owned(),
        (_, "") => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_project() {
        assert_eq!(relative_path("web", "../lib/./x").as_deref(), Some("lib/x"));
        assert_eq!(relative_path("web", "../../x").as_deref(), Some("../x"));
        assert_eq!(relative_path("", "/x"), None);
        assert_eq!(relative_path("", "C:/x"), None);
        assert_eq!(inside("../x"), None);
        assert_eq!(inside("..x"), Some("..x"));
    }
}
