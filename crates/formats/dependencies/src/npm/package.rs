//! What all package managers of npm's registry share: `package.json`, addresses, hashes, names.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use lw_inventory::{
    Component, Contact, Distribution, Hash, HashAlgorithm, LicenceText, Purl, Reference, ReferenceKind,
    Source,
};
use lw_model::lists::filled;
use serde::Deserialize;
use serde_json::Value;

use crate::address::public_url;
use crate::cargo::{contact, one_line};
use crate::origin::{relative_path, revision};
use crate::text::{json, optional_text};
use crate::{Error, Places};

pub(super) const ECOSYSTEM: &str = "npm";
const FORMAT: &str = "package.json";

/// Names and what is asked of them.
pub(super) type Ranges = BTreeMap<String, String>;

/// What of a `package.json` counts.
///
/// Fields that people write in several shapes are values: <https://docs.npmjs.com/cli/configuring-npm/package-json>.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    license: Value,
    licenses: Value,
    author: Value,
    repository: Value,
    homepage: Value,
    bugs: Value,
    description: Value,
    pub(super) dependencies: Ranges,
    #[serde(rename = "devDependencies")]
    pub(super) development: Ranges,
    #[serde(rename = "optionalDependencies")]
    pub(super) optional: Ranges,
    #[serde(rename = "peerDependencies")]
    pub(super) peer: Ranges,
    #[serde(rename = "peerDependenciesMeta")]
    pub(super) peer_meta: BTreeMap<String, PeerMeta>,
    pub(super) workspaces: Value,
    pub(super) resolutions: Ranges,
    pub(super) pnpm: Pnpm,
}

/// What pnpm before 10 is told here.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Pnpm {
    #[serde(rename = "patchedDependencies")]
    pub(super) patched: Ranges,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
pub(super) struct PeerMeta {
    pub(super) optional: bool,
}

impl Manifest {
    /// Reads the one of a folder; `None` where there is none.
    pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Option<Self>, Error> {
        let Some(text) = optional_text(places, file, FORMAT)? else { return Ok(None) };
        json(file, &text, FORMAT).map(Some)
    }

    /// Patterns of the folders of its workspaces.
    pub(super) fn workspaces(&self) -> Vec<&str> {
        workspaces(&self.workspaces)
    }

    /// Adds what it says about itself.
    pub(super) fn describe(&self, component: &mut Component) {
        if component.declared_licence.is_none() {
            component.declared_licence = licence(&self.license).or_else(|| licence(&self.licenses));
        }
        component.authors = person(&self.author).into_iter().collect();
        component.description = self.description.as_str().map(one_line).filter(|text| !text.is_empty());
        let repository = self.repository.as_str().or_else(|| self.repository.get("url")?.as_str());
        let references = [
            (ReferenceKind::Vcs, repository.and_then(repository_url)),
            (ReferenceKind::Website, self.homepage.as_str().and_then(public_url)),
            (
                ReferenceKind::IssueTracker,
                self.bugs.as_str().or_else(|| self.bugs.get("url")?.as_str()).and_then(public_url),
            ),
        ];
        for (kind, url) in references {
            component.references.extend(url.map(|url| Reference { kind, url }));
        }
    }
}

/// Patterns of folders: a list, or `{ "packages": … }`.
pub(super) fn workspaces(value: &Value) -> Vec<&str> {
    let list = value.get("packages").unwrap_or(value);
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `license`, in each of its shapes: a text, `{ "type": … }`, and a list of these, any of which may be chosen.
pub(super) fn licence(value: &Value) -> Option<LicenceText> {
    let one = |value: &Value| value.as_str().or_else(|| value.get("type")?.as_str()).map(str::to_owned);
    match value {
        Value::Array(all) => {
            let all: Vec<_> = all.iter().filter_map(one).collect();
            LicenceText::parse(&all.join(" OR "))
        }
        value => LicenceText::parse(&one(value)?),
    }
}

fn person(value: &Value) -> Option<Contact> {
    if let Some(text) = value.as_str() {
        return contact(text);
    }
    let text = |key: &str| value.get(key)?.as_str().map(one_line).filter(|text| !text.is_empty());
    let person = Contact {
        name: text("name"),
        email: text("email"),
        url: text("url").and_then(|url| public_url(&url)),
    };
    (!person.is_empty()).then_some(person)
}

/// `owner/name` and `github:owner/name` are GitHub's; the others have their prefixes.
fn repository_url(text: &str) -> Option<String> {
    let hosts = [("github", "github.com"), ("gitlab", "gitlab.com"), ("bitbucket", "bitbucket.org")];
    let host_and_path = match text.split_once(':') {
        None => text.contains('/').then_some(("github.com", text)),
        Some((prefix, path)) => hosts.iter().find(|(name, _)| *name == prefix).map(|(_, host)| (*host, path)),
    };
    match host_and_path {
        Some((host, path)) => {
            public_url(&format!("https://{host}/{}", path.split('#').next().unwrap_or_default()))
        }
        None => public_url(text.strip_prefix("git+").unwrap_or(text)),
    }
}

/// A component by its whole name, `@scope/name` or `name`.
pub(super) fn component(name: &str, version: Option<&str>) -> Component {
    let (scope, own) = match name.split_once('/') {
        Some((scope, own)) if scope.starts_with('@') => (Some(scope), own),
        _ => (None, name),
    };
    let mut component = Component::new(ECOSYSTEM, own, version.filter(|v| !v.is_empty()).map(str::to_owned));
    component.namespace = scope.map(str::to_owned);
    component
}

/// Gives a component its source and, unless it lies in the project, its package URL.
pub(super) fn set_source(component: &mut Component, source: Source) {
    let (scope, version) = (component.namespace.as_deref(), component.version.as_deref());
    let purl = Purl::new(ECOSYSTEM, scope, &component.name, version).ok();
    component.purl = purl.and_then(|purl| match &source {
        Source::PublicRegistry | Source::Unknown => Some(purl),
        Source::Registry(url) => Some(purl.with("repository_url", url)),
        Source::Url(url) => Some(purl.with("download_url", url)),
        Source::Git { url, revision, .. } => {
            let revision = revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
            Some(purl.with("vcs_url", &format!("git+{url}{revision}")))
        }
        Source::Path(_) | Source::Bundled(_) => None,
    });
    if let Source::Git { url, .. } = &source {
        component.references.insert(Reference { kind: ReferenceKind::Vcs, url: url.clone() });
    }
    component.source = source;
}

/// The file of a package: where it may be had, and its hashes.
pub(super) fn set_distribution(component: &mut Component, resolved: Option<&str>, hashes: BTreeSet<Hash>) {
    if matches!(component.source, Source::Path(_) | Source::Git { .. }) {
        return;
    }
    let address = resolved.map(|text| text.split('#').next().unwrap_or_default());
    let url = address.filter(|url| url.starts_with("http")).and_then(public_url);
    let name = url.as_deref().and_then(|url| url.split('?').next()?.rsplit('/').next());
    let file = name.filter(|name| name.contains('.')).map(str::to_owned);
    if url.is_some() || !hashes.is_empty() {
        component.distributions.push(Distribution { url, file, is_source: false, hashes });
    }
}

/// What an address that was resolved says of where a package comes from. `base` is the folder of the lock file.
pub(super) fn source_of(name: &str, resolved: &str, base: &str) -> Source {
    let (address, fragment) = resolved.split_once('#').unwrap_or((resolved, ""));
    for prefix in ["file:", "link:", "portal:"] {
        if let Some(path) = address.strip_prefix(prefix) {
            return relative_path(base, path).map_or(Source::Unknown, Source::Path);
        }
    }
    let hosts = [("github:", "github.com"), ("gitlab:", "gitlab.com"), ("bitbucket:", "bitbucket.org")];
    for (prefix, host) in hosts {
        if let Some(path) = address.strip_prefix(prefix) {
            let url = format!("https://{host}/{}", path.trim_end_matches(".git"));
            return git(&url, fragment);
        }
    }
    let is_git = ["git+", "git:", "git@", "ssh:"].iter().any(|prefix| address.starts_with(prefix))
        || (address.ends_with(".git") && address.starts_with("http"));
    if is_git {
        return git(address.strip_prefix("git+").unwrap_or(address), fragment);
    }
    let Some(url) = public_url(address) else { return Source::Unknown };
    // What GitHub packs of a commit.
    if let Some((path, commit)) =
        url.strip_prefix("https://codeload.github.com/").and_then(|p| p.split_once("/tar.gz/"))
    {
        return git(&format!("https://github.com/{path}"), commit.trim_start_matches("refs/tags/"));
    }
    let Some((before, _)) = url.split_once("/-/") else { return Source::Url(url) };
    let escaped = name.replace('/', "%2f");
    let is_its = before.strip_suffix(name).or_else(|| before.strip_suffix(escaped.as_str()));
    // A registry has it under its name; under another name it is something else.
    let Some(registry) = is_its.and_then(|registry| registry.strip_suffix('/')) else {
        return Source::Url(url);
    };
    let host = registry.split_once("://").map_or(registry, |(_, host)| host);
    match ["registry.npmjs.org", "registry.yarnpkg.com", "registry.npmjs.com"].contains(&host) {
        true => Source::PublicRegistry,
        false => Source::Registry(registry.to_owned()),
    }
}

fn git(url: &str, fragment: &str) -> Source {
    let wanted = fragment.split('&').find_map(|part| part.strip_prefix("commit="));
    let commit = wanted.unwrap_or(fragment);
    match public_url(url) {
        Some(url) => Source::Git { url, revision: revision(commit), folder: None },
        None => Source::Unknown,
    }
}

/// Hashes as Subresource Integrity writes them, `sha512-` and base64, several with spaces between them.
pub(super) fn integrity(text: &str) -> BTreeSet<Hash> {
    let hash = |word: &str| {
        let (algorithm, digest) = word.split_once('-')?;
        let algorithm = match algorithm {
            "sha1" => HashAlgorithm::Sha1,
            "sha256" => HashAlgorithm::Sha256,
            "sha384" => HashAlgorithm::Sha384,
            "sha512" => HashAlgorithm::Sha512,
            "md5" => HashAlgorithm::Md5,
            _ => return None,
        };
        let digest = digest.split('?').next()?;
        let bytes = Base64::decode_vec(digest).or_else(|_| Base64Unpadded::decode_vec(digest)).ok()?;
        Hash::from_bytes(algorithm, &bytes)
    };
    filled(text.split_ascii_whitespace().filter_map(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_a_package_comes_from() {
        let registry = |name: &str, url: &str| source_of(name, url, "web");
        assert_eq!(registry("ms", "https://registry.npmjs.org/ms/-/ms-2.0.0.tgz"), Source::PublicRegistry);
        assert_eq!(
            registry("@a/b", "https://registry.npmjs.org/@a%2fb/-/b-2.0.0.tgz"),
            Source::PublicRegistry
        );
        assert_eq!(
            registry("ms", "https://me:secret@npm.example.org/npm/ms/-/ms-2.0.0.tgz"),
            Source::Registry("https://npm.example.org/npm".into())
        );
        let evil = "https://registry.npmjs.org/evil/-/evil-2.0.0.tgz";
        assert_eq!(registry("ms", evil), Source::Url(evil.into()), "another package under this name");
        assert_eq!(registry("ms", "file:../ms"), Source::Path("ms".into()));
        assert_eq!(registry("ms", "file:/home/me/ms"), Source::Unknown);
        let commit = "0123456789012345678901234567890123456789";
        for url in
            ["git+ssh://git@github.com/vercel/ms.git#", "git+https://me:secret@github.com/vercel/ms.git#"]
        {
            let Source::Git { url, revision, .. } = registry("ms", &format!("{url}{commit}")) else {
                panic!()
            };
            assert!(url.ends_with("://github.com/vercel/ms.git"), "{url}");
            assert_eq!(revision.as_deref(), Some(commit));
        }
        let packed = format!("https://codeload.github.com/vercel/ms/tar.gz/{commit}");
        let expected = Source::Git {
            url: "https://github.com/vercel/ms".into(),
            revision: Some(commit.into()),
            folder: None,
        };
        assert_eq!(registry("ms", &packed), expected);
    }

    #[test]
    fn hashes_are_decoded() {
        let hashes = integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha512-nonsense sha9-AAAA");
        assert_eq!(
            hashes.iter().map(Hash::hex).collect::<Vec<_>>(),
            ["da39a3ee5e6b4b0d3255bfef95601890afd80709"]
        );
    }

    #[test]
    fn licences_have_several_shapes() {
        let of = |json: &str| licence(&serde_json::from_str(json).unwrap()).map(|licence| licence.written);
        assert_eq!(of(r#""MIT""#).as_deref(), Some("MIT"));
        assert_eq!(of(r#"{"type":"MIT","url":"x"}"#).as_deref(), Some("MIT"));
        assert_eq!(of(r#"[{"type":"MIT"},"Zlib"]"#).as_deref(), Some("MIT OR Zlib"));
        assert_eq!(of("3"), None);
    }
}
