//! What a text says, and whether it says anything.

use lw_inventory::{Contact, LicenceText};

/// What is written where nothing is known. SPDX 2.3 has the first two; the others are what generators write.
const NOTHING: &[&str] =
    &["NOASSERTION", "NONE", "UNKNOWN", "UNSPECIFIED", "N/A", "NULL", "UNDEFINED", "-", "?"];

/// The text, where it says something.
pub(super) fn said(text: Option<&str>) -> Option<&str> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    (!NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(text))).then_some(text)
}

/// Whether it is an address of electronic mail, as far as one can see: something before one `@`, and a domain after it.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && !local.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
        && domain.contains('.')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether it is a web address with a host.
pub(super) fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| text.get(scheme.len()..)).flatten()
    });
    let host = rest.and_then(|rest| rest.split(['/', '?', '#', ':']).next());
    host.is_some_and(|host| !host.is_empty()) && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether it is a URI: a scheme, and something after it.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && !rest.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether somebody is named.
pub(super) fn has_name(contact: &Contact) -> bool {
    said(contact.name.as_deref()).is_some()
}

/// Whether somebody can be reached by what a program can use: mail, or else a web page.
pub(super) fn is_reachable(contact: &Contact) -> bool {
    said(contact.email.as_deref()).is_some_and(is_email) || said(contact.url.as_deref()).is_some_and(is_url)
}

/// Whether it is an SPDX expression; a name is free text.
pub(super) fn is_expression(licence: Option<&LicenceText>) -> bool {
    licence.and_then(LicenceText::expression).is_some()
}

/// Whether it is an SPDX expression as TR-03183-2 wants it: what is not on SPDX's list names who keeps the list it is on,
/// `LicenseRef-scancode-…` or `LicenseRef-<entity>-…` (section 6.1).
pub(super) fn is_attributed(licence: Option<&LicenceText>) -> bool {
    let Some(expression) = licence.and_then(LicenceText::expression) else { return false };
    let references = expression.split([' ', '(', ')']).filter_map(|word| word.split_once("LicenseRef-"));
    references.into_iter().all(|(_, reference)| {
        reference.split_once('-').is_some_and(|(entity, name)| !entity.is_empty() && !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_nothing() {
        for nothing in ["", "  ", "NOASSERTION", "none", "Unknown", "n/a", "-"] {
            assert_eq!(said(Some(nothing)), None, "{nothing:?}");
        }
        assert_eq!(said(None), None);
        assert_eq!(said(Some(" Acme ")), Some("Acme"));
        assert_eq!(said(Some("Unknown Worlds")), Some("Unknown Worlds"));
    }

    #[test]
    fn addresses_are_told_from_text() {
        for email in ["a@b.org", "psirt+x@mail.example.com"] {
            assert!(is_email(email), "{email}");
        }
        for text in ["a@b", "@b.org", "a b@c.org", "a@b@c.org", "a@.org", "a@b.", "mail"] {
            assert!(!is_email(text), "{text}");
        }
        for url in ["https://example.org", "HTTP://example.org/a?b"] {
            assert!(is_url(url), "{url}");
        }
        for text in ["https://", "https:///a", "example.org", "ftp://example.org", "https://a b.org", "ü"] {
            assert!(!is_url(text), "{text}");
        }
        assert!(is_uri("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"));
        assert!(is_uri("git+https://example.org/a.git"));
        assert!(!is_uri("urn:") && !is_uri("a b:c") && !is_uri("3:a") && !is_uri("plain"));
    }

    #[test]
    fn a_reference_to_a_licence_names_its_list() {
        let attributed = |text: &str| is_attributed(LicenceText::parse(text).as_ref());
        assert!(attributed("MIT") && attributed("MIT OR (Apache-2.0 AND BSD-3-Clause)"));
        assert!(attributed("LicenseRef-scancode-proprietary-license"));
        assert!(!attributed("LicenseRef-mine") && !attributed("MIT AND LicenseRef-mine"));
        assert!(!attributed("SEE LICENSE IN LICENSE.md") && !is_attributed(None));
    }
}
