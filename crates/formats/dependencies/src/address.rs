//! Addresses of packages, without what is nobody's business: user names, passwords, tokens, folders of another machine.

/// Parts of a query that hold a secret in signed and tokenised addresses.
const SECRET: [&str; 12] = [
    "token",
    "access_token",
    "private_token",
    "auth",
    "authtoken",
    "password",
    "secret",
    "key",
    "api_key",
    "apikey",
    "sig",
    "signature",
];

/// An address without user name and password, and without the parts of its query that hold a secret. What `git` and `scp`
/// write as `git@host:path` becomes an address with `ssh://`.
pub(crate) fn clean(address: &str) -> String {
    let address = address.trim();
    let Some((scheme, rest)) = address.split_once("://") else {
        return match scp_like(address) {
            Some((host, path)) => format!("ssh://{host}/{}", path.trim_start_matches('/')),
            None => printable(address),
        };
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (path, fragment) = path.split_once('#').map_or((path, None), |(path, part)| (path, Some(part)));
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    // `ssh://git@host:owner/name` is half one form and half the other: what stands for the port is no number.
    let mut host = host.to_owned();
    if let Some((name, folder)) = host.clone().split_once(':')
        && !name.starts_with('[')
        && !folder.is_empty()
        && !folder.bytes().all(|byte| byte.is_ascii_digit())
    {
        host = format!("{name}/{folder}");
    }
    let mut clean = format!("{}://{host}{path}", scheme.to_ascii_lowercase());
    let query = query.map(|query| {
        let parts = query.split('&').filter(|part| {
            let key = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !SECRET.contains(&key.as_str()) && !key.starts_with("x-amz-") && !key.starts_with("x-goog-")
        });
        parts.collect::<Vec<_>>().join("&")
    });
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        clean.push('?');
        clean.push_str(&query);
    }
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        clean.push('#');
        clean.push_str(fragment);
    }
    printable(&clean)
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
    let (user, host) = host.split_once('@')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', '\\']);
    (plain(user) && plain(host) && !path.is_empty()).then_some((host, path))
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

/// A file of a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
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
