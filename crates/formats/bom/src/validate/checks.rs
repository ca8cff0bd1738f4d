//! What single values have to be, in any format.

use super::{Faults, Rule};
use lw_inventory::{Licence, LicenceText, Purl};

pub(super) use crate::json::{list, text};

/// A text that is foreign and may be long, as it is quoted in a message.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", crate::json::shortened(text))
}

/// Whether a text says that nothing is known.
pub(super) fn is_no_assertion(text: &str) -> bool {
    ["NOASSERTION", "NONE", "UNKNOWN", "N/A", "TBD"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// A package URL, and the version of the component it stands at.
pub(super) fn purl(
    written: &str,
    version: Option<&str>,
    pointer: &str,
    component: &str,
    faults: &mut Faults,
) {
    let purl = match written.parse::<Purl>() {
        Ok(purl) => purl,
        Err(error) => {
            let message = format!("{} is no package URL: {error}", quoted(written));
            let fix =
                "write pkg:TYPE/NAMESPACE/NAME@VERSION, everything else percent-encoded, or take it away";
            faults.add(Rule::PackageUrl, pointer, Some(component), &message, fix);
            return;
        }
    };
    let canonical = purl.to_string();
    // A slash, a colon and an at sign in a qualifier may be written either way, and many do.
    let plain =
        |text: &str| text.replace("%2F", "/").replace("%3A", ":").replace("%2f", "/").replace("%3a", ":");
    if plain(&canonical) != plain(written) {
        let message = format!("the package URL {} is not in the form others look it up by", quoted(written));
        faults.add(
            Rule::PackageUrlForm,
            pointer,
            Some(component),
            &message,
            &format!("write {}", quoted(&canonical)),
        );
    }
    if let (Some(of_purl), Some(version)) = (purl.version(), version)
        && of_purl.trim_start_matches('v') != version.trim_start_matches('v')
    {
        let message = format!(
            "the package URL is of version {}, the component of {}",
            quoted(of_purl),
            quoted(version)
        );
        faults.add(
            Rule::PackageUrlForm,
            pointer,
            Some(component),
            &message,
            "write the same version in both",
        );
    }
}

/// An SPDX expression.
pub(super) fn expression(written: &str, pointer: &str, component: Option<&str>, faults: &mut Faults) {
    match LicenceText::parse(written) {
        None if written.trim().is_empty() => {
            faults.add(
                Rule::Licence,
                pointer,
                component,
                "the licence is empty",
                "name it, or take the field away",
            );
        }
        None => faults.add(
            Rule::NoAssertion,
            pointer,
            component,
            &format!("the licence is {}", written.trim()),
            "find out which it is, or leave the field away",
        ),
        Some(LicenceText { licence: Licence::Name(_), .. }) => faults.add(
            Rule::Licence,
            pointer,
            component,
            &format!("{} is no SPDX expression", quoted(written)),
            "use identifiers of the SPDX list, LicenseRef- for others, and AND, OR, WITH between them",
        ),
        Some(licence) => {
            if let Some(meant) = licence.expression().filter(|meant| *meant != written) {
                let message =
                    format!("the licence {} is not written as the SPDX list writes it", quoted(written));
                faults.add(
                    Rule::LicenceForm,
                    pointer,
                    component,
                    &message,
                    &format!("write {}", quoted(meant)),
                );
            }
        }
    }
}

/// Hexadecimal digits of a hash.
pub(super) fn hash(
    digits: Option<usize>,
    algorithm: &str,
    hex: &str,
    pointer: &str,
    component: &str,
    faults: &mut Faults,
) {
    let is_hex = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let problem = match digits {
        _ if !is_hex => "has characters that are no hexadecimal digits".to_owned(),
        Some(digits) if digits != hex.len() => format!("has {} digits instead of {digits}", hex.len()),
        _ => return,
    };
    let message = format!("a hash of {} {problem}", quoted(algorithm));
    faults.add(
        Rule::Hash,
        pointer,
        Some(component),
        &message,
        "write the algorithm it was made with, and all its digits",
    );
}

/// A CPE name: the formatted string of 2.3 or the URI of 2.2.
pub(super) fn cpe(written: &str, pointer: &str, component: &str, faults: &mut Faults) {
    if !is_cpe(written) {
        let message = format!("{} is no CPE name", quoted(written));
        let fix = "write cpe:2.3:, a, o or h, and ten more parts separated by colons, * for any";
        faults.add(Rule::Cpe, pointer, Some(component), &message, fix);
    }
}

fn is_cpe(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("cpe:2.3:") {
        let mut parts = vec![String::new()];
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match (character, parts.last_mut()) {
                (':', _) => parts.push(String::new()),
                ('\\', Some(part)) => {
                    part.push(character);
                    part.extend(characters.next());
                }
                (_, Some(part)) => part.push(character),
                _ => {}
            }
        }
        return parts.len() == 11
            && parts.first().is_some_and(|part| ["a", "o", "h", "*", "-"].contains(&part.as_str()))
            && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
    }
    text.strip_prefix("cpe:/").is_some_and(|rest| {
        let mut parts = rest.split(':');
        parts.next().is_some_and(|part| ["a", "o", "h"].contains(&part))
            && parts.count() <= 6
            && !rest.contains(char::is_whitespace)
    })
}

/// An address that is of the machine it was made on.
pub(super) fn address(written: &str, pointer: &str, component: Option<&str>, faults: &mut Faults) {
    if crate::address::is_of_a_machine(written) {
        let message = format!("{} is a place of the machine it was made on", quoted(written));
        let fix = "write a path relative to the project, or an address that others can reach";
        faults.add(Rule::LocalPath, pointer, component, &message, fix);
    }
}

#[cfg(test)]
mod tests {
    use super::is_cpe;

    #[test]
    fn cpe_names_are_told_from_others() {
        for name in [
            "cpe:2.3:a:davegamble:cjson:1.7.19:*:*:*:*:*:*:*",
            "cpe:2.3:a:x:y\\:z:1:*:*:*:*:*:*:*",
            "cpe:/a:openssl:openssl:1.1.1",
        ] {
            assert!(is_cpe(name), "{name}");
        }
        for name in [
            "cpe:2.3:a:x:y:1:*",
            "cpe:2.3:q:x:y:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:x::1:*:*:*:*:*:*:*",
            "x",
            "cpe:/q:x",
        ] {
            assert!(!is_cpe(name), "{name}");
        }
    }
}
