//! Paths as a CI wants them: relative to the repository's root, with `/`.

use std::path::Path;

/// Where GitHub mounts the workspace inside a container action.
const GITHUB_CONTAINER_WORKSPACE: &str = "/github/workspace";

/// Longest path that can name a file: `PATH_MAX` of Linux.
const MAX_PATH: usize = 4096;

/// The path relative to the workspace, or `None` when it lies outside or is none at all.
pub(crate) fn repo_relative(path: &str, workspace: Option<&Path>) -> Option<String> {
    if path.len() > MAX_PATH || path.chars().any(char::is_control) {
        return None;
    }
    let workspace = workspace.map(Path::to_string_lossy);
    // Elsewhere a backslash is an ordinary character of a name.
    let windows = has_drive(path) || workspace.as_deref().is_some_and(has_drive);
    let slashes = |path: &str| if windows { path.replace('\\', "/") } else { path.to_owned() };
    let path = slashes(path);
    let workspace = workspace.as_deref().map(slashes);
    let inside = [workspace.as_deref(), Some(GITHUB_CONTAINER_WORKSPACE)]
        .into_iter()
        .flatten()
        .find_map(|root| strip_root(&path, root.trim_end_matches('/')));
    let path = match inside {
        Some(inside) => inside,
        None if is_absolute(&path) => return None,
        None => &path,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { None } else { Some(parts.join("/")) }
}

fn strip_root<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    if root.is_empty() {
        return None;
    }
    let head = path.get(..root.len())?;
    // A drive letter makes a Windows path, where case does not count.
    let same = if has_drive(root) { head.eq_ignore_ascii_case(root) } else { head == root };
    path.get(root.len()..).filter(|rest| same && rest.starts_with('/'))
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || has_drive(path)
}

/// Whether the path begins as `C:\` or `C:/`.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_to_the_repository() {
        let unix = Some(Path::new("/home/runner/work/app/app"));
        let windows = Some(Path::new("D:\\a\\app\\app"));
        for (path, workspace, expected) in [
            ("src/main.rs", unix, Some("src/main.rs")),
            ("./src//main.rs", unix, Some("src/main.rs")),
            ("/home/runner/work/app/app/src/main.rs", unix, Some("src/main.rs")),
            ("/home/runner/work/app/application/x", unix, None),
            ("/github/workspace/src/main.rs", unix, Some("src/main.rs")),
            ("/github/workspace/src/main.rs", None, Some("src/main.rs")),
            ("d:\\a\\app\\app\\src\\main.rs", windows, Some("src/main.rs")),
            ("C:\\other\\main.rs", windows, None),
            ("a\\b.c", windows, Some("a/b.c")),
            ("a\\b.c", unix, Some("a\\b.c")),
            ("a/../b.c", unix, Some("b.c")),
            ("../b.c", unix, None),
            ("/etc/passwd", unix, None),
            ("a\nb", unix, None),
            ("", unix, None),
        ] {
            assert_eq!(repo_relative(path, workspace).as_deref(), expected, "{path}");
        }
    }
}
