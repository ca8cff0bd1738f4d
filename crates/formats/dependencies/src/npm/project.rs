//! The project that a lock file of Yarn or pnpm belongs to: its `package.json` and those of its workspaces.

use std::collections::BTreeMap;

use lw_inventory::{Completeness, Component, Kind, Source};

use super::package::{Manifest, component};
use crate::graph::Need;
use crate::origin::{inside, join, relative_path};
use crate::{Error, Places, glob};

/// Every package of a project by its folder, the project's own by "".
pub(super) struct Project {
    base: String,
    pub(super) manifests: BTreeMap<String, Manifest>,
}

impl Project {
    /// Reads the manifest in `base` and those of its workspaces.
    pub(super) fn read(places: &Places<'_>, base: &str) -> Result<Self, Error> {
        let mut project = Self { base: base.to_owned(), manifests: BTreeMap::new() };
        project.add(places, "")?;
        let Some(root) = project.manifests.get("") else { return Ok(project) };
        let file = join(base, "package.json");
        let mut folders = std::collections::BTreeSet::new();
        let (excluded, included): (Vec<_>, Vec<_>) =
            root.workspaces().into_iter().partition(|pattern| pattern.starts_with('!'));
        for pattern in included {
            folders.extend(glob::folders(places.project, base, pattern, &file)?);
        }
        for pattern in excluded {
            for folder in glob::folders(places.project, base, pattern.trim_start_matches('!'), &file)? {
                folders.remove(&folder);
            }
        }
        for folder in folders {
            let below = folder.strip_prefix(base).unwrap_or(&folder).trim_start_matches('/').to_owned();
            project.add(places, &below)?;
        }
        Ok(project)
    }

    /// Reads the manifest of another folder, relative to the project.
    pub(super) fn add(&mut self, places: &Places<'_>, folder: &str) -> Result<(), Error> {
        if self.manifests.contains_key(folder) {
            return Ok(());
        }
        let Some(path) = relative_path(&self.base, folder) else { return Ok(()) };
        if inside(&path).is_some()
            && let Some(manifest) = Manifest::read(places, &join(&path, "package.json"))?
        {
            self.manifests.insert(folder.to_owned(), manifest);
        }
        Ok(())
    }

    /// The component of a folder.
    pub(super) fn component(&self, folder: &str) -> Component {
        let manifest = self.manifests.get(folder);
        let path = relative_path(&self.base, folder);
        let last = path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let name = manifest.and_then(|manifest| manifest.name.as_deref()).unwrap_or(last);
        let mut made = component(name, manifest.and_then(|manifest| manifest.version.as_deref()));
        made.source = path.map_or(Source::Unknown, Source::Path);
        made.dependencies_known = Completeness::Complete;
        if folder.is_empty() {
            made.kind = Kind::Application;
        }
        if let Some(manifest) = manifest {
            manifest.describe(&mut made);
        }
        made
    }
}

impl Manifest {
    /// What a project's own package needs, and how. What is optional is so even where it is listed as needed, too.
    pub(super) fn needs(&self) -> impl Iterator<Item = (&str, &str, Need)> {
        let required = self.dependencies.iter().filter(|(name, _)| !self.optional.contains_key(*name));
        let all = required
            .map(|(name, range)| (name, range, Need::Required))
            .chain(self.optional.iter().map(|(name, range)| (name, range, Need::Optional)))
            .chain(self.development.iter().map(|(name, range)| (name, range, Need::Development)));
        all.map(|(name, range, need)| (name.as_str(), range.as_str(), need))
    }
}
