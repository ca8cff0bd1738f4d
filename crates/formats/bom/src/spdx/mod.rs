//! SPDX: version 2.3 in JSON, and 3.0.1 in JSON-LD.

mod licences;
mod v2;
mod v3;

use lw_inventory::{Contact, Distribution, Kind, Source};

use crate::address::{address, url};

pub(crate) use v2::{read as read_v2, write as write_v2};
pub(crate) use v3::{check_version, read as read_v3, write as write_v3};

/// SPDX's word for each kind it has one for; the others are `OTHER`.
const PURPOSES: [(Kind, &str); 8] = [
    (Kind::Application, "APPLICATION"),
    (Kind::Framework, "FRAMEWORK"),
    (Kind::Library, "LIBRARY"),
    (Kind::Container, "CONTAINER"),
    (Kind::OperatingSystem, "OPERATING-SYSTEM"),
    (Kind::Device, "DEVICE"),
    (Kind::Firmware, "FIRMWARE"),
    (Kind::File, "FILE"),
];

/// Whether SPDX 2.3 has a word for it.
pub(crate) fn has_purpose(kind: Kind) -> bool {
    PURPOSES.iter().any(|(known, _)| *known == kind)
}

/// The kind of a purpose of SPDX 2.3.
fn kind_of(purpose: &str) -> Kind {
    PURPOSES.iter().find(|(_, word)| *word == purpose).map_or(Kind::Library, |(kind, _)| *kind)
}

/// SPDX's spelling of an algorithm is CycloneDX's without the first hyphen of MD5 and the SHA of the first two generations.
fn algorithm(cyclonedx: &str) -> String {
    match cyclonedx.strip_prefix("SHA-") {
        Some(bits) => format!("SHA{bits}"),
        None => cyclonedx.to_owned(),
    }
}

/// The other way round, in any case: 3.0.1 writes them in small letters.
pub(crate) fn algorithm_of(spdx: &str) -> Option<lw_inventory::HashAlgorithm> {
    use lw_inventory::HashAlgorithm as Algorithm;
    let plain: String = spdx
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "md5" => Algorithm::Md5,
        "sha1" => Algorithm::Sha1,
        "sha256" => Algorithm::Sha256,
        "sha384" => Algorithm::Sha384,
        "sha512" => Algorithm::Sha512,
        "sha3256" => Algorithm::Sha3_256,
        "sha3384" => Algorithm::Sha3_384,
        "sha3512" => Algorithm::Sha3_512,
        "blake2b256" => Algorithm::Blake2b256,
        "blake2b384" => Algorithm::Blake2b384,
        "blake2b512" => Algorithm::Blake2b512,
        "blake3" => Algorithm::Blake3,
        _ => return None,
    })
}

/// A text of the characters an SPDX identifier may have.
fn idstring(text: &str) -> String {
    let id: String = text
        .chars()
        .map(
            |character| {
                if character.is_ascii_alphanumeric() || ".-".contains(character) { character } else { '-' }
            },
        )
        .collect();
    if id.is_empty() { "-".to_owned() } else { id }
}

/// The file whose address and hashes are those of the package: its source where there is one.
fn main_file(distributions: &[Distribution]) -> Option<&Distribution> {
    let with_url = || distributions.iter().filter(|file| file.url.as_deref().and_then(url).is_some());
    with_url().filter(|file| file.is_source).min().or_else(|| with_url().min())
}

/// Where a package may be had, as SPDX 2.3 writes it (section 7.7).
fn download_location(component: &lw_inventory::Component) -> Option<String> {
    if let Some(file) = main_file(&component.distributions) {
        return file.url.as_deref().and_then(url);
    }
    match &component.source {
        Source::Git { url: repository, revision, folder } => {
            let mut location = url(repository)?;
            if !location.starts_with("git") {
                location.insert_str(0, "git+");
            }
            if let Some(revision) = revision {
                location.push('@');
                location.push_str(&address(revision)?);
            }
            if let Some(folder) = folder {
                location.push('#');
                location.push_str(&address(folder)?);
            }
            Some(location)
        }
        Source::Url(text) => url(text),
        _ => None,
    }
}

/// A name as it may stand in `Organization: NAME (MAIL)`.
fn plain(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| if character.is_control() || "()".contains(character) { ' ' } else { character })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Organization: NAME (MAIL)`, with whatever is known of it.
fn actor(sort: &str, contact: &Contact) -> Option<String> {
    let name = contact.name.as_deref().map(plain).filter(|name| !name.is_empty());
    let email = contact.email.as_deref().map(plain).filter(|email| !email.is_empty());
    match (name, email) {
        (Some(name), Some(email)) => Some(format!("{sort}: {name} ({email})")),
        (Some(only), None) | (None, Some(only)) => Some(format!("{sort}: {only}")),
        (None, None) => contact.url.as_deref().map(|url| format!("{sort}: {}", plain(url))),
    }
}

/// `Organization: NAME (MAIL)`, of any sort, as a contact.
fn contact(text: &str) -> Option<Contact> {
    let (_, rest) = text.split_once(':')?;
    let rest = rest.trim();
    let (name, email) = match rest.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((name, email)) => (name.trim(), Some(email.trim())),
        None => (rest, None),
    };
    let said = |text: &str| (!["", "NOASSERTION", "NONE"].contains(&text)).then(|| text.to_owned());
    let contact = Contact { name: said(name), email: email.and_then(said), url: None };
    (!contact.is_empty()).then_some(contact)
}

/// Whether the words of SPDX 2.3 say all that is known of somebody.
pub(crate) fn says(who: &Contact) -> bool {
    actor("Organization", who).and_then(|text| contact(&text)).as_ref() == Some(who)
}
