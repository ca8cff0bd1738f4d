//! Addresses and paths as a bill of materials may hold them.

/// An address that any reader accepts as an IRI reference, or nothing where it names a place of the machine it was made on.
///
/// The short form of SSH (`git@host:path`) becomes `ssh://`, what a URL cannot hold is percent-encoded, and user name and
/// password of a web address are taken away.
pub(crate) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || is_of_a_machine(text) {
        return None;
    }
    let text = short_ssh(text).unwrap_or_else(|| text.to_owned());
    let text = without_user(&text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let stays = match character {
            '%' => rest.as_str().get(..2).is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit())),
            // Only one `#` begins a fragment.
            '#' => !out.contains('#'),
            // Brackets stand in the host of an IPv6 address only.
            '[' | ']' => out.ends_with("://") || (out.contains("://[") && !out.contains(']')),
            ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => false,
            // Of what is not ASCII only what RFC 3987 calls `ucschar` stays as it is; for simplicity, nothing does.
            _ => character.is_ascii() && !character.is_ascii_control(),
        };
        if stays {
            out.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                const DIGITS: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
                out.push('%');
                out.extend(DIGITS.get(usize::from(byte >> 4)));
                out.extend(DIGITS.get(usize::from(byte & 15)));
            }
        }
    }
    // A colon in the first part of what is no URL would make it a scheme.
    if !has_scheme(&out) && out.split('/').next().is_some_and(|first| first.contains(':')) {
        out = out.replace(':', "%3A");
    }
    Some(out)
}

/// An absolute address (`https://…`, `git+ssh://…`), or nothing.
pub(crate) fn url(text: &str) -> Option<String> {
    address(text).filter(|address| has_scheme(address) && address.contains("://"))
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Whether it names a place of one machine: an absolute path, a drive, a home, `file:`.
pub(crate) fn is_of_a_machine(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let drive = text.as_bytes();
    lower.starts_with("file:")
        || lower.starts_with("git+file")
        || text.starts_with(['/', '\\', '~'])
        || matches!(drive, [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

fn short_ssh(text: &str) -> Option<String> {
    let (host, path) = text.split_once(':')?;
    let (_, name) = host.split_once('@')?;
    let is_short = !host.contains('/') && !name.is_empty() && !path.is_empty() && !path.starts_with("//");
    is_short.then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')))
}

fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let Some((user, host)) = authority.rsplit_once('@') else { return text.to_owned() };
    // A repository over SSH is not reached without its user; a password has no place in either.
    let user = if scheme.ends_with("ssh") { user.split(':').next().unwrap_or_default() } else { "" };
    if user.is_empty() {
        format!("{scheme}://{host}{path}")
    } else {
        format!("{scheme}://{user}@{host}{path}")
    }
}

/// A path relative to the project; of one that is not, its last part.
pub(crate) fn relative(path: &str) -> String {
    if is_of_a_machine(path) {
        return path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_fit_for_readers() {
        let cases = [
            ("https://example.org/a?b=c#d", Some("https://example.org/a?b=c#d")),
            ("git@github.com:owner/repo.git", Some("ssh://git@github.com/owner/repo.git")),
            ("https://user:secret@example.org/x", Some("https://example.org/x")),
            ("ssh://git:secret@example.org/x", Some("ssh://git@example.org/x")),
            ("https://example.org/a b<c>", Some("https://example.org/a%20b%3Cc%3E")),
            ("https://example.org/%zz%20", Some("https://example.org/%25zz%20")),
            ("https://example.org/é", Some("https://example.org/%C3%A9")),
            ("https://[::1]/x[0]", Some("https://[::1]/x%5B0%5D")),
            ("a:b@c", Some("a:b@c")),
            ("1a:b", Some("1a%3Ab")),
            ("patches/a.diff", Some("patches/a.diff")),
            ("/home/me/x", None),
            ("C:\\x", None),
            ("file:///etc/passwd", None),
            ("FILE:../x", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(address(written).as_deref(), expected, "{written}");
        }
        assert_eq!(relative("/home/me/Cargo.lock"), "Cargo.lock");
        assert_eq!(relative("a/Cargo.lock"), "a/Cargo.lock");
    }
}
