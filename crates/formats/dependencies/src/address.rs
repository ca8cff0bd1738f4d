//! Addresses of packages, without what is nobody's business: user names, passwords, tokens, folders of another machine.

/// Names of parts of a query that hold a secret in signed and tokenised addresses.
const SECRET: [&str; 12] = [
    "auth",
    "pass",
    "pwd",
    "key",
    "api_key",
    "apikey",
    "access_key",
    "awsaccesskeyid",
    "googleaccessid",
    "sig",
    "jwt",
    "pat",
];

/// What stands somewhere in such a name.
const SECRET_PART: [&str; 5] = ["token", "secret", "passw", "signature", "credential"];

/// An address without user name, password, and the parts of its query and fragment that hold a secret. What `git` and `scp`
/// write as `git@host:path` becomes an address with `ssh://`. What is no address stays, fit to be shown.
pub(crate) fn clean(address: &str) -> String {
    let address = address.trim();
    printable(&without_secrets(address).unwrap_or_else(|| {
        let end = address.find('/').unwrap_or(address.len());
        let (first, rest) = address.split_at(end);
        match first.rsplit_once('@') {
            Some((user, host)) if user.contains(':') => format!("{host}{rest}"),
            _ => address.to_owned(),
        }
    }))
}

/// The same of what others can reach: `None` where it leads to this machine (`file:`, an absolute path) or is no address.
pub(crate) fn public_url(address: &str) -> Option<String> {
    let address = address.trim();
    if address.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return None;
    }
    let url = without_secrets(address)?;
    let (scheme, rest) = url.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_local = ["file", "symlink"].contains(&scheme) || scheme.ends_with("+file");
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']);
    (is_scheme && !is_local && has_host).then_some(url)
}

/// What both of them do; `None` for what has neither a scheme nor the short form of `scp`.
fn without_secrets(address: &str) -> Option<String> {
    let Some((scheme, rest)) = address.split_once("://") else {
        let (host, path) = scp_like(address)?;
        let path = public_query(path.trim_start_matches('/'));
        return Some(format!("ssh://{}/{path}", host.to_ascii_lowercase()));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // `ssh://git@host:owner/name` is half one form and half the other: what stands for the port is no number.
    let (host, folder) = match host.split_once(':') {
        Some((name, folder))
            if !name.starts_with('[')
                && !folder.is_empty()
                && !folder.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            (name, format!("/{folder}"))
        }
        _ => (host, String::new()),
    };
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    Some(format!("{scheme}://{host}{folder}{}", public_query(path)))
}

/// A path with the parts of its query and fragment that are no secret.
fn public_query(path: &str) -> String {
    let (path, fragment) = path.split_once('#').map_or((path, ""), |(path, fragment)| (path, fragment));
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
    let mut out = path.to_owned();
    for (mark, parts) in [('?', query), ('#', fragment)] {
        let kept: String = parts.split_inclusive(['&', ';']).filter(|part| !is_secret(part)).collect();
        // What stood in front of a part that is gone.
        let kept = if kept.len() < parts.len() { kept.trim_end_matches(['&', ';']) } else { &kept };
        if !kept.is_empty() {
            out.push(mark);
            out.push_str(kept);
        }
    }
    out
}

/// Whether `name=value` gives a secret.
fn is_secret(part: &str) -> bool {
    let Some((name, _)) = part.split_once('=') else { return false };
    let name = unescape(name).to_ascii_lowercase();
    SECRET.contains(&name.as_str())
        || SECRET_PART.iter().any(|part| name.contains(part))
        || name.starts_with("x-amz-")
        || name.starts_with("x-goog-")
}

/// Blanks and control characters have no place in an address.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// Host and path of `user@host:path`, which is how git and scp write an address.
fn scp_like(address: &str) -> Option<(&str, &str)> {
    let (host, path) = address.split_once(':')?;
    let (user, host) = host.rsplit_once('@')?;
    let is_user = !user.is_empty() && !user.contains(['/', '\\']);
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    (is_user && is_host && !path.is_empty()).then_some((host, path))
}

/// A path of a project's file, as it is seen from the project: `folder` joined with `path`, without `.` and with `..` only in
/// front. `None` for a path that holds on one machine only: an absolute one, or one of a home folder.
pub(crate) fn local(folder: &str, path: &str) -> Option<String> {
    let path = path.trim().replace('\\', "/");
    let drive =
        path.as_bytes().get(1) == Some(&b':') && path.starts_with(|first: char| first.is_ascii_alphabetic());
    if drive || path.starts_with(['/', '~', '$', '%']) || path.contains("://") || path.starts_with("file:") {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder of a file, empty at the top.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder and a path below it as one path; either may be empty.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_owned(),
        (_, "") => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The name of a file in an address or path, without query and fragment, and decoded.
pub(crate) fn file_name(address: &str) -> Option<String> {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let name = address.get(..end)?.rsplit(['/', '\\']).next()?;
    (!name.is_empty()).then(|| unescape(name))
}

/// The text without `%XX`; what is no such escape stays as it is.
pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_who_asked_for_it() {
        assert_eq!(clean("https://me:pass@host/simple"), "https://host/simple");
        assert_eq!(clean("https://to@ken@host:8080/a?b=1#c"), "https://host:8080/a?b=1#c");
        assert_eq!(clean("git@github.com:a/b.git"), "ssh://github.com/a/b.git");
        assert_eq!(clean("ssh://git@github.com:a/b.git"), "ssh://github.com/a/b.git");
        assert_eq!(clean("ssh://git@host:22/a"), "ssh://host:22/a");
        assert_eq!(clean("https://host/a?token=x&b=1"), "https://host/a?b=1");
        assert_eq!(clean("https://host/a?X-Amz-Signature=1"), "https://host/a");
        assert_eq!(clean("https://host/a@b"), "https://host/a@b");
        assert_eq!(clean("git+HTTPS://u@host/a b"), "git+https://host/a%20b");
        assert_eq!(clean("me:pass@host/a"), "host/a");
        assert_eq!(clean("name@1.0"), "name@1.0");
    }

    #[test]
    fn a_secret_is_left_out_wherever_it_stands() {
        for (text, expected) in [
            ("https://h/a?token=x&b=1", "https://h/a?b=1"),
            ("https://h/a?b=1&private_token=x", "https://h/a?b=1"),
            ("https://h/a?b=1;job%5Ftoken=x;c=2#d", "https://h/a?b=1;c=2#d"),
            ("https://h/a?%74oken=x", "https://h/a"),
            ("https://h/a?X-Amz-Credential=x&X-Goog-Date=y", "https://h/a"),
            ("https://h/a#access_token=x&sha256=ab", "https://h/a#sha256=ab"),
            ("git@h:a/b?token=x", "ssh://h/a/b"),
            ("https://h/a?author=b&keyboard=c", "https://h/a?author=b&keyboard=c"),
            ("https://h/a?b&", "https://h/a?b&"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
            assert_eq!(public_url(text).as_deref(), Some(expected), "{text}");
        }
    }

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
            ("ssh://git@[::1]:22/x", Some("ssh://[::1]:22/x")),
            ("https://user@/x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(public_url(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_path_is_seen_from_the_project() {
        assert_eq!(local("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(local("", "../c").as_deref(), Some("../c"));
        assert_eq!(local("", "./").as_deref(), Some(""));
        assert_eq!(local("a", "..\\..\\c").as_deref(), Some("../c"));
        for absolute in ["/home/me/x", "C:\\x", "~/x", "file:///x", "$HOME/x"] {
            assert_eq!(local("", absolute), None);
        }
        assert_eq!(file_name("https://h/a/b%2B1.whl?x#y").as_deref(), Some("b+1.whl"));
    }
}
