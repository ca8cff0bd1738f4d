//! `yarn.lock` of Yarn 2 and later, which is YAML: a description of each package by all that asked for it.
//!
//! <https://yarnpkg.com/advanced/lexicon>: a *descriptor* is a name and a range, a *locator* a name and a reference.

use std::collections::{BTreeMap, BTreeSet};

use lw_hashed::HashMap;
use lw_inventory::{Completeness, Inventory, Patch, Place, Source};
use lw_model::lists::filled;
use lw_syntax::tree::Placed;
use lw_syntax::yaml::Keys;
use serde::Deserialize;

use super::package::{component, set_source, source_of};
use super::project::Project;
use super::yarn::{FORMAT, split, target};
use crate::graph::{Graph, Need};
use crate::origin::{MAX_PACKAGES, folder_of, join, relative_path};
use crate::text::{Lines, malformed, optional_text};
use crate::yaml::{Text, documents, documents_with};
use crate::{Error, Places, Problem};

/// Formats from Yarn 2.0 to 4.18.
const VERSIONS: std::ops::RangeInclusive<u32> = 4..=10;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    /// Of `__metadata` the format, else of the package.
    version: Text,
    resolution: Option<String>,
    dependencies: BTreeMap<String, Text>,
    #[serde(rename = "peerDependencies")]
    peer: BTreeMap<String, Text>,
    #[serde(rename = "peerDependenciesMeta")]
    peer_meta: BTreeMap<String, Meta>,
    #[serde(rename = "dependenciesMeta")]
    meta: BTreeMap<String, Meta>,
    checksum: Option<Text>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Meta {
    optional: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    #[serde(rename = "npmRegistryServer")]
    registry: Option<String>,
}

pub(super) fn inventory(places: &Places<'_>, path: &str, text: &str) -> Result<Inventory, Error> {
    type File = BTreeMap<String, Placed<Entry>>;
    // As Yarn does, and as a merge of two branches leaves it.
    let mut files: Vec<File> = documents_with(text, path, FORMAT, Keys::LastWins)?;
    let (Some(mut file), true) = (files.pop(), files.is_empty()) else {
        return Err(malformed(path, None, FORMAT, "expected one YAML document"));
    };
    let version = file.remove("__metadata").map(|metadata| metadata.value.version.0).unwrap_or_default();
    if !version.parse().is_ok_and(|version| VERSIONS.contains(&version)) {
        return Err(Error::new(path, None, Problem::Version { format: FORMAT, version }));
    }
    if file.len() > MAX_PACKAGES {
        let problem = Problem::TooLarge("these are more packages than any project has".into());
        return Err(Error::new(path, None, problem));
    }
    let base = folder_of(path);
    let settings = join(base, ".yarnrc.yml");
    let settings: Vec<Settings> = match optional_text(places, &settings, ".yarnrc.yml")? {
        Some(text) => documents(&text, &settings, ".yarnrc.yml")?,
        None => Vec::new(),
    };
    let registry = settings.into_iter().find_map(|settings| settings.registry);
    let registry =
        registry.map(|url| source_of("x", &format!("{}/x/-/x-1.tgz", url.trim_end_matches('/')), base));
    let lines = Lines::of(text);
    Reader { path, base, lines, registry: registry.unwrap_or(Source::PublicRegistry) }
        .inventory(places, &file)
}

struct Reader<'a> {
    path: &'a str,
    base: &'a str,
    lines: Lines,
    registry: Source,
}

/// A package of the lock file, and where it is in the graph.
struct Node<'a> {
    entry: &'a Entry,
    line: u32,
    index: usize,
    /// The folder of what is the project's own.
    folder: Option<&'a str>,
}

impl Reader<'_> {
    fn inventory(
        &self,
        places: &Places<'_>,
        file: &BTreeMap<String, Placed<Entry>>,
    ) -> Result<Inventory, Error> {
        let mut project = Project::read(places, self.base)?;
        for entry in file.values() {
            let folder = entry.value.resolution.as_deref().and_then(workspace);
            if let Some(folder) = folder {
                project.add(places, folder)?;
            }
        }
        let mut graph = Graph::default();
        let mut nodes: Vec<Node<'_>> = Vec::with_capacity(file.len());
        let mut descriptors: HashMap<&str, usize> = HashMap::new();
        let mut patched: HashMap<String, usize> = HashMap::new();
        let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
        // What is only there to be patched, which its patched self stands for.
        let of_patched = file
            .keys()
            .flat_map(|keys| keys.split(", "))
            .filter_map(|descriptor| Some(unpatched(split(descriptor)?.1)?.0));
        let originals: BTreeSet<String> = filled(of_patched);
        for (keys, spanned) in file {
            let entry = &spanned.value;
            let line = self.lines.at(spanned.at);
            let node = nodes.len();
            let folder = entry.resolution.as_deref().and_then(workspace);
            let made = match folder {
                Some(folder) => project.component(folder),
                None => self.component(keys, entry, line)?,
            };
            let index = graph.add(made);
            match folder {
                Some("") => graph.set_root(index),
                Some(_) => graph.add_member(index),
                None => {}
            }
            for descriptor in keys.split(", ") {
                descriptors.insert(descriptor, node);
                let Some((name, range)) = split(descriptor) else { continue };
                names.entry(name).or_default().push(node);
                // Yarn patches some packages itself, and takes the patched one for whoever asks.
                if let Some((original, patch)) = unpatched(range)
                    && patch.contains("builtin<")
                {
                    patched.insert(original, node);
                }
            }
            nodes.push(Node { entry, line, index, folder });
        }
        let find = |name: &str, range: &str| {
            let with_protocol = if range.contains(':') { range.to_owned() } else { format!("npm:{range}") };
            let full = format!("{name}@{with_protocol}");
            let only = || match names.get(name).map(Vec::as_slice) {
                Some([one]) => Some(one),
                _ => None,
            };
            let found = patched.get(&full).or_else(|| descriptors.get(full.as_str()));
            found.or_else(|| descriptors.get(format!("{name}@{range}").as_str())).or_else(only).copied()
        };
        let mut edges: Vec<Vec<(usize, &str, Need)>> = Vec::with_capacity(nodes.len());
        let missing = "it is not in the lock file; run `yarn install` and commit what it writes";
        for node in &nodes {
            let manifest = node.folder.and_then(|folder| project.manifests.get(folder));
            let mut all = Vec::new();
            for (name, range) in &node.entry.dependencies {
                let is_optional = node.entry.meta.get(name).is_some_and(|meta| meta.optional);
                let need = match manifest {
                    Some(m) if m.optional.contains_key(name) => Need::Optional,
                    Some(m) if m.development.contains_key(name) && !m.dependencies.contains_key(name) => {
                        Need::Development
                    }
                    _ if is_optional => Need::Optional,
                    _ => Need::Required,
                };
                match find(name, &range.0) {
                    Some(to) => all.push((to, name.as_str(), need)),
                    None if need == Need::Optional => {}
                    None => graph.unknown(format!("{name}@{}", range.0), missing, self.path, Some(node.line)),
                }
            }
            edges.push(all);
        }
        for (from, edges_of) in edges.iter().enumerate() {
            let Some(node) = nodes.get(from) else { continue };
            for (to, _, need) in edges_of {
                let Some(wanted) = nodes.get(*to) else { continue };
                graph.depend(node.index, wanted.index, *need);
                // A peer is what the package beside it, or whoever asks for both, brings.
                for peer in wanted.entry.peer.keys() {
                    let brought =
                        edges_of.iter().find(|(_, name, _)| name == peer).and_then(|(to, ..)| nodes.get(*to));
                    if let Some(brought) = brought {
                        let is_optional = wanted.entry.peer_meta.get(peer).is_some_and(|meta| meta.optional);
                        let need = if is_optional { Need::Optional } else { Need::Required };
                        graph.depend(wanted.index, brought.index, need);
                    }
                }
            }
        }
        let asked: BTreeSet<usize> = filled(edges.iter().flatten().map(|(to, ..)| *to));
        for (at, (keys, node)) in file.keys().zip(&nodes).enumerate() {
            let is_original = keys.split(", ").all(|descriptor| originals.contains(descriptor));
            if is_original && !asked.contains(&at) {
                graph.leave_out(node.index);
            }
        }
        if !nodes.iter().any(|node| node.folder == Some("")) {
            let reason =
                "no entry is the project itself, `workspace:.`; the file is cut off or of another project";
            return Err(malformed(self.path, None, FORMAT, reason));
        }
        if !project.manifests.contains_key("") {
            let why = "it says what the lock file does not: what is needed to build the project only";
            graph.unknown(join(self.base, "package.json"), why, self.path, None);
        }
        Ok(graph.finish(self.path))
    }

    fn component(&self, keys: &str, entry: &Entry, line: u32) -> Result<lw_inventory::Component, Error> {
        let first = keys.split(", ").next().unwrap_or_default();
        let locator = entry.resolution.as_deref().unwrap_or(first);
        let (name, reference) = split(locator).ok_or_else(|| {
            malformed(self.path, line, FORMAT, format!("{locator:?} is no name and version of a package"))
        })?;
        let name = target(name, reference);
        let mut made = component(name, Some(&entry.version.0));
        made.dependencies_known = Completeness::Complete;
        made.places.insert(Place { file: self.path.to_owned(), line: Some(line) });
        if let Some((original, patch)) = unpatched(reference) {
            // The patched thing is no registry's; what it was made of is named.
            made.property("lw:npm:patched", original);
            let patch = patch.split("::").next().unwrap_or_default();
            for file in patch.split('&') {
                let file = file.trim_start_matches("optional!").trim_start_matches(['~', '/']);
                let is_builtin = file.starts_with("builtin<");
                let file =
                    if is_builtin { Some(format!("yarn:{file}")) } else { relative_path(self.base, file) };
                made.patches.extend(file.map(|file| Patch { file, hash: None }));
            }
            made.source = Source::Unknown;
            return Ok(made);
        }
        let (reference, parameters) = reference.split_once("::").unwrap_or((reference, ""));
        let archive = parameters.split('&').find_map(|pair| pair.strip_prefix("__archiveUrl="));
        let source = match (archive, reference.strip_prefix("npm:")) {
            (Some(url), _) => source_of(name, &decode(url), self.base),
            (None, Some(_)) => self.registry.clone(),
            (None, None) => {
                // `file:./x#./x::hash=…`: the folder stands before the `#`.
                let reference = if reference.starts_with("file:") {
                    reference.split('#').next().unwrap_or_default()
                } else {
                    reference
                };
                source_of(name, reference, self.base)
            }
        };
        set_source(&mut made, source);
        // Of the archive that Yarn packs itself, which no registry has.
        if let Some(checksum) = &entry.checksum {
            made.property("lw:yarn:checksum", checksum.0.clone());
        }
        Ok(made)
    }
}

/// The folder of a `workspace:` locator, "" for the project itself.
fn workspace(locator: &str) -> Option<&str> {
    let folder = split(locator)?.1.strip_prefix("workspace:")?;
    Some(if folder == "." { "" } else { folder })
}

/// What a `patch:` reference patches, as a descriptor with its protocol, and with what.
fn unpatched(reference: &str) -> Option<(String, &str)> {
    let (original, patch) = reference.strip_prefix("patch:")?.split_once('#')?;
    let original = decode(original);
    let (name, range) = split(&original)?;
    let range = if range.contains(':') { range.to_owned() } else { format!("npm:{range}") };
    Some((format!("{name}@{range}"), patch))
}

/// Takes percent-encoding away, where it is one.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = match after {
            [high, low, ..] if *first == b'%' => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
