//! `yarn.lock`, in the format of its own that Yarn 1 writes, and in the YAML of its successors.

use std::collections::BTreeMap;

use lw_hashed::HashMap;
use lw_inventory::{Completeness, Inventory, Place, Source};

use super::berry;
use super::package::{component, integrity, set_distribution, set_source, source_of};
use super::project::Project;
use crate::graph::{Graph, Need};
use crate::origin::{MAX_PACKAGES, folder_of, relative_path};
use crate::text::{malformed, project_text};
use crate::{Error, Options, Places, Problem};

pub(super) const FORMAT: &str = "yarn.lock";

/// Reads either format.
pub(super) fn read(places: &Places<'_>, path: &str, _: &Options) -> Result<Inventory, Error> {
    let text = project_text(places, path, FORMAT)?;
    // Both begin with a comment; only one has a version in it.
    if text.lines().any(|line| line.starts_with("__metadata:")) {
        return berry::inventory(places, path, &text);
    }
    let entries = parse(&text, path)?;
    inventory(places, path, &entries)
}

#[derive(Default)]
struct Entry {
    patterns: Vec<String>,
    line: u32,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    dependencies: BTreeMap<String, String>,
    optional: BTreeMap<String, String>,
}

/// The grammar of Yarn 1: keys and values with spaces between them, blocks by two spaces of indentation, lists of keys before
/// a colon. Described by yarn's own reader, `src/lockfile/parse.js` of yarnpkg/yarn.
fn parse(text: &str, path: &str) -> Result<Vec<Entry>, Error> {
    #[derive(Clone, Copy, PartialEq)]
    enum Block {
        None,
        Required,
        Optional,
        Other,
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut block = Block::None;
    for (raw, number) in text.lines().zip(1_u32..) {
        let line = raw.trim_end();
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let wrong = |reason: &str| malformed(path, number, FORMAT, reason);
        let indent = line.len() - content.len();
        let (words, is_block) =
            words(content).ok_or_else(|| wrong("a quoted text does not end, or words do not fit"))?;
        match indent {
            0 => {
                if !is_block || words.is_empty() {
                    return Err(wrong("expected the patterns of a package and \":\""));
                }
                if entries.len() >= MAX_PACKAGES {
                    let problem = Problem::TooLarge("these are more packages than any project has".into());
                    return Err(Error::new(path, Some(number), problem));
                }
                if let Some(bad) = words.iter().find(|word| split(word).is_none()) {
                    return Err(wrong(&format!("{bad:?} is no name and version of a package")));
                }
                entries.push(Entry { patterns: words, line: number, ..Entry::default() });
                block = Block::None;
            }
            2 => {
                let entry = entries.last_mut().ok_or_else(|| wrong("this belongs to no package"))?;
                match (is_block, words.as_slice()) {
                    (true, [name]) => {
                        block = match name.as_str() {
                            "dependencies" => Block::Required,
                            "optionalDependencies" => Block::Optional,
                            _ => Block::Other,
                        }
                    }
                    (false, [key, value]) => {
                        block = Block::None;
                        match key.as_str() {
                            "version" => entry.version = Some(value.clone()),
                            "resolved" => entry.resolved = Some(value.clone()),
                            "integrity" => entry.integrity = Some(value.clone()),
                            // `uid`, `registry`, `prebuiltVariants`.
                            _ => {}
                        }
                    }
                    (false, [key, ..]) if key == "integrity" => {
                        block = Block::None;
                        entry.integrity = words.get(1..).map(|all| all.join(" "));
                    }
                    _ => return Err(wrong("expected a key and a value")),
                }
            }
            4 => {
                let entry = entries.last_mut().ok_or_else(|| wrong("this belongs to no package"))?;
                let (false, [name, range]) = (is_block, words.as_slice()) else {
                    return Err(wrong("expected a name and a version"));
                };
                match block {
                    Block::Required => entry.dependencies.insert(name.clone(), range.clone()),
                    Block::Optional => entry.optional.insert(name.clone(), range.clone()),
                    Block::Other => None,
                    Block::None => return Err(wrong("this is indented below a value")),
                };
            }
            _ => return Err(wrong("expected an indentation of 0, 2 or 4 spaces")),
        }
    }
    if let Some(entry) = entries.iter().find(|entry| entry.version.is_none()) {
        return Err(malformed(path, entry.line, FORMAT, "this package has no version; the file is cut off"));
    }
    Ok(entries)
}

/// The words of a line, quotes taken away, and whether it ends with a colon. Between words stand spaces or `, `.
fn words(line: &str) -> Option<(Vec<String>, bool)> {
    let mut words = Vec::new();
    let mut rest = line;
    let mut is_block = false;
    while !rest.is_empty() {
        if is_block {
            return None;
        }
        if rest.starts_with('"') {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            let end = end?.0 + 1;
            let (word, after) = rest.split_at(end);
            words.push(serde_json::from_str(word).ok()?);
            rest = after;
        } else {
            let end = rest.find([' ', ',']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match word.strip_suffix(':') {
                Some(word) => {
                    words.push(word.to_owned());
                    is_block = true;
                }
                None => words.push(word.to_owned()),
            }
            rest = after;
        }
        if let Some(after) = rest.strip_prefix(':') {
            is_block = true;
            rest = after;
        }
        rest = rest.trim_start_matches([' ', ',']);
    }
    Some((words, is_block))
}

/// A pattern's name and what is asked of it: `@scope/name@^1.0.0`.
pub(super) fn split(pattern: &str) -> Option<(&str, &str)> {
    let at = pattern.get(1..)?.find('@')? + 1;
    let (name, range) = pattern.split_at_checked(at)?;
    Some((name, range.get(1..)?))
}

/// What an alias, `npm:name@^1.0.0`, is a name of.
pub(super) fn target<'a>(name: &'a str, range: &'a str) -> &'a str {
    range.strip_prefix("npm:").and_then(split).map_or(name, |(name, _)| name)
}

fn inventory(places: &Places<'_>, path: &str, entries: &[Entry]) -> Result<Inventory, Error> {
    let base = folder_of(path);
    let project = Project::read(places, base)?;
    let mut graph = Graph::default();
    let mut patterns: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut nodes = Vec::with_capacity(entries.len());
    for entry in entries {
        let first = entry.patterns.first().map(String::as_str).unwrap_or_default();
        let (alias, range) = split(first).unwrap_or((first, ""));
        let name = target(alias, range);
        let mut made = component(name, entry.version.as_deref());
        made.dependencies_known = Completeness::Complete;
        made.places.insert(Place { file: path.to_owned(), line: Some(entry.line) });
        let is_local =
            ["file:", "link:", "./", "../", "/", "~/"].iter().any(|prefix| range.starts_with(prefix));
        let source = match entry.resolved.as_deref() {
            Some(resolved) => source_of(name, resolved, base),
            None if is_local => {
                let folder = range.split_once(':').map_or(range, |(_, folder)| folder);
                relative_path(base, folder).map_or(Source::Unknown, Source::Path)
            }
            None => Source::PublicRegistry,
        };
        set_source(&mut made, source);
        if is_local {
            made.purl = None;
        }
        let mut hashes = entry.integrity.as_deref().map(integrity).unwrap_or_default();
        let fragment = entry.resolved.as_deref().and_then(|resolved| resolved.split_once('#'));
        hashes.extend(
            fragment
                .and_then(|(_, hex)| lw_inventory::Hash::from_hex(lw_inventory::HashAlgorithm::Sha1, hex)),
        );
        set_distribution(&mut made, entry.resolved.as_deref(), hashes);
        let index = graph.add(made);
        nodes.push(index);
        for pattern in &entry.patterns {
            patterns.insert(pattern, index);
        }
        names.entry(alias).or_default().push(index);
    }
    let mut own: HashMap<&str, usize> = HashMap::new();
    let mut members = Vec::new();
    for (folder, manifest) in &project.manifests {
        let index = graph.add(project.component(folder));
        members.push((index, manifest));
        if folder.is_empty() {
            graph.set_root(index);
        } else {
            graph.add_member(index);
            own.extend(manifest.name.as_deref().map(|name| (name, index)));
        }
    }
    // A `resolutions` of the project stands above what packages ask for.
    let resolutions = project.manifests.get("").map(|root| &root.resolutions);
    let find = |name: &str, range: &str| {
        let exact = patterns.get(format!("{name}@{range}").as_str());
        let own = || own.get(name);
        let resolved = || {
            let all = resolutions?;
            let wanted = all.iter().find(|(pattern, _)| {
                pattern.rsplit("**/").next() == Some(name) || pattern.ends_with(&format!("/{name}"))
            })?;
            patterns.get(format!("{name}@{}", wanted.1).as_str())
        };
        let only = || match names.get(name).map(Vec::as_slice) {
            Some([one]) => Some(one),
            _ => None,
        };
        exact.or_else(own).or_else(resolved).or_else(only).copied()
    };
    let missing = "it is not in the lock file; run `yarn install` and commit what it writes";
    for (entry, index) in entries.iter().zip(&nodes) {
        let required = entry.dependencies.iter().filter(|(name, _)| !entry.optional.contains_key(*name));
        for (name, range) in required {
            match find(name, range) {
                Some(to) => graph.depend(*index, to, Need::Required),
                None => graph.unknown(format!("{name}@{range}"), missing, path, Some(entry.line)),
            }
        }
        for to in entry.optional.iter().filter_map(|(name, range)| find(name, range)) {
            graph.depend(*index, to, Need::Optional);
        }
    }
    for (index, manifest) in members {
        for (name, range, need) in manifest.needs() {
            match find(name, range) {
                Some(to) => graph.depend(index, to, need),
                None if need == Need::Optional => {}
                None => graph.unknown(format!("{name}@{range}"), missing, path, None),
            }
        }
    }
    without_manifest(&mut graph, &project, path);
    Ok(graph.finish(path))
}

/// A lock file of Yarn does not say what the project itself needs; without its manifest the root is but a name.
fn without_manifest(graph: &mut Graph, project: &Project, path: &str) {
    if project.manifests.contains_key("") {
        return;
    }
    let mut root = project.component("");
    root.dependencies_known = Completeness::Incomplete;
    graph.hang_all_under(root);
    let why = "it says what the lock file does not: which packages the project itself needs, and which of them to build it";
    graph.unknown("package.json", why, path, None);
}
