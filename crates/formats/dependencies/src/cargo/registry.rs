//! What Cargo keeps of a registry in its home: unpacked crates in `registry/src`, archives in `registry/cache`.
//!
//! A folder of each registry has the name of its host and a hash of its address:
//! <https://doc.rust-lang.org/cargo/guide/cargo-home.html>

use std::io::Read as _;

use lw_model::lists::distinct;
use sha2::{Digest as _, Sha256, Sha512};

use lw_inventory::{Hash, HashAlgorithm};

use crate::{EntryKind, Error, Places, Tree};

/// Manifests are small; what is larger is none.
const MAX_MANIFEST: u64 = 4 << 20;
/// As much of an archive is unpacked while its manifest is looked for.
const MAX_UNPACKED: u64 = 64 << 20;

/// The registries in Cargo's home.
pub(super) struct Registries<'a> {
    home: Option<&'a dyn Tree>,
    folders: Vec<String>,
    project: &'a dyn Tree,
    has_vendor: bool,
    with_archives: bool,
}

/// What is known of a crate besides what the lock file says.
#[derive(Default)]
pub(super) struct Kept {
    /// Its manifest.
    pub(super) manifest: Option<Vec<u8>>,
    /// SHA-512 of its archive, which has the checksum of the lock file.
    pub(super) sha512: Option<Hash>,
    /// When it was published, as the index says.
    pub(super) published: Option<String>,
    /// Its archive is not the one that the lock file means.
    pub(super) is_other: bool,
}

impl<'a> Registries<'a> {
    pub(super) fn of(places: &Places<'a>, with_archives: bool) -> Result<Self, Error> {
        let mut folders = Vec::new();
        if let Some(home) = places.cargo_home {
            for folder in ["registry/src", "registry/cache"] {
                let entries = home.list(folder)?.into_iter().filter(|entry| entry.kind == EntryKind::Folder);
                folders.extend(entries.map(|entry| entry.name));
            }
        }
        let folders = distinct(folders);
        let has_vendor = !places.project.list("vendor")?.is_empty();
        Ok(Self { home: places.cargo_home, folders, project: places.project, has_vendor, with_archives })
    }

    /// A crate of the registry with this address; none for crates.io.
    pub(super) fn find(
        &self,
        registry: Option<&str>,
        name: &str,
        version: &str,
        checksum: Option<&str>,
    ) -> Result<Kept, Error> {
        let is_segment = |text: &str, others: &[u8]| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
        };
        let mut kept = Kept::default();
        if !is_segment(name, b"-_") || !is_segment(version, b".+-") || version.starts_with('.') {
            return Ok(kept);
        }
        let crate_name = format!("{name}-{version}");
        if self.has_vendor {
            for folder in [crate_name.as_str(), name] {
                if let Some(bytes) = self.project.read(&format!("vendor/{folder}/Cargo.toml"))? {
                    kept.manifest = Some(bytes.into_owned());
                    break;
                }
            }
        }
        let Some(home) = self.home else { return Ok(kept) };
        let hosts = match registry {
            None => vec!["index.crates.io", "github.com"],
            Some(url) => url
                .split_once("://")
                .and_then(|(_, rest)| rest.split(['/', ':']).next())
                .into_iter()
                .collect(),
        };
        let is_its = |folder: &&String| {
            hosts.iter().any(|host| folder.strip_prefix(host).is_some_and(|rest| rest.starts_with('-')))
        };
        for folder in self.folders.iter().filter(is_its) {
            if kept.published.is_none()
                && let Some(path) = index_path(name)
            {
                let index = home.read(&format!("registry/index/{folder}/.cache/{path}"))?;
                kept.published = index.and_then(|index| published(&index, version));
            }
            if kept.manifest.is_none() {
                let manifest = home.read(&format!("registry/src/{folder}/{crate_name}/Cargo.toml"))?;
                kept.manifest = manifest.map(std::borrow::Cow::into_owned);
            }
            let is_wanted = kept.manifest.is_none() || (self.with_archives && kept.sha512.is_none());
            let Some(checksum) = checksum.filter(|_| is_wanted) else { continue };
            let Some(archive) = home.read(&format!("registry/cache/{folder}/{crate_name}.crate"))? else {
                continue;
            };
            let sha256 = Hash::from_bytes(HashAlgorithm::Sha256, &Sha256::digest(&archive));
            if sha256.is_none_or(|hash| !hash.hex().eq_ignore_ascii_case(checksum)) {
                kept.is_other = true;
                continue;
            }
            if self.with_archives {
                kept.sha512 = Hash::from_bytes(HashAlgorithm::Sha512, &Sha512::digest(&archive));
            }
            if kept.manifest.is_none() {
                kept.manifest = from_archive(&archive, &format!("{crate_name}/Cargo.toml"));
            }
        }
        Ok(kept)
    }
}

/// Where an index has a crate: <https://doc.rust-lang.org/cargo/reference/registry-index.html#index-files>.
fn index_path(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    Some(match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", name.get(..1)?),
        _ => format!("{}/{}/{name}", name.get(..2)?, name.get(2..4)?),
    })
}

/// When a version was published, from what Cargo keeps of an index: the entries as the registry has them, each behind its
/// version, with zero bytes between them. Another layout holds no time, and that is what is said then.
fn published(index: &[u8], version: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Entry {
        vers: String,
        pubtime: Option<String>,
    }
    let begin = [b"\0", version.as_bytes(), b"\0"].concat();
    let at = memchr::memmem::find(index, &begin)? + begin.len();
    let entry: Entry = lw_syntax::json::from_slice(index.get(at..)?.split(|byte| *byte == 0).next()?).ok()?;
    lw_inventory::whole_seconds(&entry.pubtime.filter(|_| entry.vers == version)?)
}

/// A file of a `.tar.gz`, or `None` where it is not among what is unpacked of it.
fn from_archive(archive: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let mut unpacked = flate2::read::GzDecoder::new(archive).take(MAX_UNPACKED);
    let mut header = [0; 512];
    loop {
        unpacked.read_exact(&mut header).ok()?;
        let text = |from: usize, to: usize| {
            let field = header.get(from..to)?;
            let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
            std::str::from_utf8(field.get(..end)?).ok()
        };
        let name = text(0, 100).filter(|name| !name.is_empty())?;
        let size = u64::from_str_radix(text(124, 136)?.trim(), 8).ok()?;
        let prefix = text(345, 500).unwrap_or_default();
        let is_it = if prefix.is_empty() { name == wanted } else { format!("{prefix}/{name}") == wanted };
        if is_it && size <= MAX_MANIFEST {
            let mut content = Vec::new();
            unpacked.take(size).read_to_end(&mut content).ok()?;
            return (content.len() as u64 == size).then_some(content);
        }
        let padded = size.checked_add(511)? / 512 * 512;
        std::io::copy(&mut unpacked.by_ref().take(padded), &mut std::io::sink())
            .ok()
            .filter(|read| *read == padded)?;
    }
}
