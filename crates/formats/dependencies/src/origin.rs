//! Addresses as lock files write them, made fit to be shown: without user name and password, and as URLs.

/// Files of dependencies larger than this were not written by a package manager.
pub(crate) const MAX_FILE: usize = 128 << 20;
/// Packages of one lock file; the largest known have some ten thousand.
pub(crate) const MAX_PACKAGES: usize = 500_000;

/// An address without user name and password, or `None` where it leads to this machine (`file:`, an absolute path) or is no
/// address. `git@host:owner/repository`, as scp takes it, becomes `ssh://host/owner/repository`.
pub(crate) fn public_url(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        // `user@host:path`: nothing else has a colon before its first slash and something after it.
        let (host, path) = text.split_once(':')?;
        let host = host.rsplit_once('@')?.1;
        let is_host =
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
        return (is_host && !path.is_empty())
            .then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')));
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let scheme = scheme.to_ascii_lowercase();
    if !is_scheme || scheme == "file" || scheme.ends_with("+file") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // `ssh://git@host:owner/repository`, which git takes and no URL parser does: after the colon stands no port.
    let (host, path) = match host.split_once(':') {
        Some((name, port)) if !port.is_empty() && !port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, format!("/{port}{path}"))
        }
        _ => (host, path.to_owned()),
    };
    (!host.is_empty()).then(|| format!("{scheme}://{}{path}", host.to_ascii_lowercase()))
}

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
    fn an_address_says_nothing_of_who_used_it() {
        let cases = [
            ("https://user:secret@example.com/a", Some("https://example.com/a")),
            ("https://token@Example.com:8443/a?b#c", Some("https://example.com:8443/a?b#c")),
            ("git@github.com:owner/name.git", Some("ssh://github.com/owner/name.git")),
            ("ssh://git@github.com:owner/name.git", Some("ssh://github.com/owner/name.git")),
            ("git+ssh://git@github.com/owner/name.git", Some("git+ssh://github.com/owner/name.git")),
            ("https://a@b@example.com/x", Some("https://example.com/x")),
            ("file:///home/me/x", None),
            ("git+file:///home/me/x", None),
            ("/home/me/x", None),
            ("C:\\x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(public_url(text).as_deref(), expected, "{text}");
        }
    }

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
