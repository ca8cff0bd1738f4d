//! Python: what its package managers lock, and what is installed.
//!
//! Names are compared as PyPI does (<https://packaging.python.org/en/latest/specifications/name-normalization/>), and written
//! so: `Zope.Interface` and `zope_interface` are `zope-interface`, the name that PyPI and databases of advisories know.

mod installed;
mod marker;
mod pipenv;
mod poetry;
mod pylock;
mod pyproject;
mod requirement;
mod requirements;
mod uv;
mod version;

use lw_inventory::{
    Component, Distribution, Hash, HashAlgorithm, Inventory, Kind, Purl, Reference, ReferenceKind, Source,
};
use lw_model::lists::filled;

use crate::graph::hang_what_nothing_leads_to;
use crate::{Error, Places, Reader, address};

/// `uv.lock`.
pub(crate) const UV: Reader = Reader {
    name: "uv",
    files: &["uv.lock"],
    read: |places, file, _| described(places, file, uv::read(places, file)?),
};

/// `poetry.lock`.
pub(crate) const POETRY: Reader = Reader {
    name: "poetry",
    files: &["poetry.lock"],
    read: |places, file, _| described(places, file, poetry::read(places, file)?),
};

/// `Pipfile.lock`.
pub(crate) const PIPENV: Reader = Reader {
    name: "pipenv",
    files: &["Pipfile.lock"],
    read: |places, file, _| described(places, file, pipenv::read(places, file)?),
};

/// `pylock.toml`.
pub(crate) const PYLOCK: Reader = Reader {
    name: "pylock",
    files: &["pylock.toml"],
    read: |places, file, _| described(places, file, pylock::read(places, file)?),
};

/// `requirements.txt`.
pub(crate) const REQUIREMENTS: Reader = Reader {
    name: "requirements",
    files: &["requirements.txt"],
    read: |places, file, _| described(places, file, requirements::read(places, file)?),
};

/// A virtual environment, by its `pyvenv.cfg`.
pub(crate) const ENVIRONMENT: Reader =
    Reader { name: "python-environment", files: &["pyvenv.cfg"], read: installed::read };

/// Adds what the project's own environment says of the packages, and hangs on the root what nothing leads to: an old lock may
/// have such entries.
fn described(places: &Places<'_>, file: &str, mut inventory: Inventory) -> Result<Inventory, Error> {
    hang_what_nothing_leads_to(&mut inventory);
    installed::describe(places.project, address::folder_of(file), &mut inventory)?;
    Ok(inventory)
}

/// The property that holds an environment marker: what must be so for the package to be installed at all.
pub(crate) const MARKER: &str = "lw:python:marker";

/// The property that holds what a project asks for, where no version was chosen.
pub(crate) const REQUIREMENT: &str = "lw:python:requirement";

/// The property that holds what a package's source was before it was cut to what may be told.
pub(crate) const SOURCE: &str = "lw:python:source";

/// A name as PyPI compares it.
pub(crate) fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        if matches!(character, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(character.to_lowercase());
        }
    }
    normal
}

/// Whether something can be the name of a package.
pub(crate) fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().all(inner)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
}

/// A package, with the package URL that its source has: none for what is local.
pub(crate) fn package(name: &str, version: Option<&str>, source: Source) -> Component {
    let name = normal(name);
    let purl = purl(&name, version, &source);
    let mut component = Component::new("pypi", name, version.map(str::to_owned));
    match &source {
        Source::Git { url, .. } => {
            component.references.insert(Reference { kind: ReferenceKind::Vcs, url: url.clone() });
        }
        Source::Path(path) => component.property(SOURCE, path.clone()),
        _ => {}
    }
    component.purl = purl;
    component.source = source;
    component
}

fn purl(name: &str, version: Option<&str>, source: &Source) -> Option<Purl> {
    let purl = || Purl::new("pypi", None, name, version).ok();
    match source {
        Source::Unknown | Source::PublicRegistry => purl(),
        Source::Registry(url) => Some(purl()?.with("repository_url", url)),
        Source::Git { url, revision, folder } => {
            let mut vcs = format!("git+{url}");
            if let Some(revision) = revision {
                vcs = format!("{vcs}@{revision}");
            }
            if let Some(folder) = folder {
                vcs = format!("{vcs}#subdirectory={folder}");
            }
            Some(purl()?.with("vcs_url", &vcs))
        }
        Source::Url(url) => Some(purl()?.with("download_url", url)),
        Source::Path(_) | Source::Bundled(_) => None,
    }
}

/// An index by its address.
pub(crate) fn index(url: &str) -> Source {
    let url = address::clean(url);
    let plain = url.trim_end_matches('/');
    let host = plain.split_once("://").map_or(plain, |(_, rest)| rest);
    let public =
        ["pypi.org/simple", "pypi.python.org/simple", "pypi.org/legacy", "pypi.org", "pypi.org/pypi"];
    if public.contains(&host) {
        return Source::PublicRegistry;
    }
    // An index may be a folder of this machine, which is nobody's business.
    if plain.starts_with("file:") || !plain.contains("://") {
        return Source::Registry("local index".to_owned());
    }
    Source::Registry(plain.to_owned())
}

/// A folder or file beside the project; one that holds on one machine only is cut to its last part.
pub(crate) fn path(folder: &str, path: &str) -> Source {
    Source::Path(address::local(folder, path).unwrap_or_else(|| {
        let last = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\', ':']).next();
        last.filter(|last| !last.is_empty()).unwrap_or(".").to_owned()
    }))
}

/// A repository of an address, perhaps with `git+` in front, `@revision` behind its path, and a fragment with a folder.
pub(crate) fn git(folder: &str, url: &str, revision: Option<&str>, subdirectory: Option<&str>) -> Source {
    let url = url.trim();
    let url = ["git+", "hg+", "svn+", "bzr+"].iter().find_map(|kind| url.strip_prefix(kind)).unwrap_or(url);
    let (url, fragment) = url.split_once('#').map_or((url, ""), |(url, fragment)| (url, fragment));
    let of_fragment = |key: &str| {
        fragment.split('&').find_map(|part| part.strip_prefix(key)?.strip_prefix('=').map(address::unescape))
    };
    let subdirectory = subdirectory.map(str::to_owned).or_else(|| of_fragment("subdirectory"));
    if url.starts_with("file:") || !(url.contains("://") || url.contains('@')) {
        return path(folder, url.trim_start_matches("file://"));
    }
    // An `@` behind the path begins a revision; one before it ends a user's name.
    let begin = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(begin..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| begin + at);
    let at = url.get(path..).and_then(|rest| rest.rfind('@')).map(|at| path + at);
    let (url, named) = match at {
        Some(at) => (url.get(..at).unwrap_or(url), url.get(at + 1..)),
        None => (url, None),
    };
    let revision = revision.or(named).filter(|revision| !revision.is_empty());
    Source::Git {
        url: address::clean(url),
        revision: revision.map(str::to_owned),
        folder: subdirectory.filter(|folder| !folder.is_empty()),
    }
}

/// What an address of a requirement points to: a repository, a file behind an address, something of this machine.
pub(crate) fn of_url(folder: &str, url: &str) -> Source {
    let url = url.trim();
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    match scheme.as_str() {
        "file" => path(
            folder,
            url.get(5..).unwrap_or_default().trim_start_matches("//").split('#').next().unwrap_or_default(),
        ),
        scheme if scheme.contains('+') || scheme == "git" || scheme == "ssh" => git(folder, url, None, None),
        "http" | "https" | "ftp" | "s3" | "gs" => {
            let clean = address::clean(url);
            // A fragment is a note of pip's: an egg's name, a hash, a folder.
            Source::Url(clean.split('#').next().unwrap_or_default().to_owned())
        }
        _ => path(folder, url.split('#').next().unwrap_or_default()),
    }
}

/// A hash as Python's tools write it: `sha256:0123…` or `sha256=0123…`.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let (algorithm, hex) = text.trim().split_once([':', '='])?;
    hash_of(algorithm, hex)
}

/// A hash of an algorithm by the name that Python's `hashlib` has for it.
pub(crate) fn hash_of(algorithm: &str, hex: &str) -> Option<Hash> {
    let algorithm = match algorithm.trim().to_ascii_lowercase().as_str() {
        "md5" => HashAlgorithm::Md5,
        "sha1" => HashAlgorithm::Sha1,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        "sha3_256" => HashAlgorithm::Sha3_256,
        "sha3_384" => HashAlgorithm::Sha3_384,
        "sha3_512" => HashAlgorithm::Sha3_512,
        "blake2b" => HashAlgorithm::Blake2b512,
        _ => return None,
    };
    Hash::from_hex(algorithm, hex.trim())
}

/// A file that a package is distributed as.
pub(crate) fn distribution(
    url: Option<&str>,
    file: Option<&str>,
    hashes: impl IntoIterator<Item = Hash>,
) -> Distribution {
    let clean = url.map(address::clean).filter(|url| url.contains("://") && !url.starts_with("file:"));
    let file = file.and_then(address::file_name).or_else(|| url.and_then(address::file_name));
    let is_source = file.as_deref().is_some_and(is_source);
    Distribution { url: clean, file, is_source, hashes: filled(hashes) }
}

/// When the first of some files was published.
pub(crate) fn first_of(times: impl Iterator<Item = String>) -> Option<String> {
    times.filter_map(|time| lw_inventory::whole_seconds(&time)).min()
}

/// Whether a file by its name is source rather than a built wheel or egg.
fn is_source(file: &str) -> bool {
    [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar"].iter().any(|end| file.ends_with(end))
}

/// A root for a project whose files do not name it: its folder does, and at the top nothing does.
pub(crate) fn nameless(folder: &str) -> Component {
    let mut root = Component::new("", folder.rsplit('/').next().unwrap_or_default(), None);
    root.kind = Kind::Application;
    root.source = Source::Path(folder.to_owned());
    root
}

/// Adds a root and says that it is one.
pub(crate) fn add_root(inventory: &mut Inventory, mut root: Component) -> lw_inventory::ComponentId {
    root.kind = Kind::Application;
    root.purl = None;
    let id = inventory.add(root);
    inventory.set_root(id);
    id
}
