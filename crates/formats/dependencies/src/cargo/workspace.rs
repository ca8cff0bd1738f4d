//! The manifests that lie in the project: of the workspace, its members, and what they take by path.

use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::filled;

use super::manifest::{self, Manifest};
use crate::glob;
use crate::origin::{inside, join, relative_path};
use crate::text::optional_text;
use crate::{Error, Places};

/// The packages of a project.
#[derive(Default)]
pub(super) struct Project {
    /// The manifest beside the lock file; none where there is no such file.
    pub(super) root: Option<Manifest>,
    /// Packages by their folders, relative to the project; not the root's own.
    pub(super) packages: BTreeMap<String, Manifest>,
    /// Folders of the workspace's members, the root's own among them where it is a package.
    pub(super) members: BTreeSet<String>,
    /// Folders of what `cargo build` builds without being told what.
    pub(super) default: BTreeSet<String>,
    /// Manifests that are named and cannot be had.
    pub(super) missing: BTreeSet<String>,
}

impl Project {
    /// Reads the manifests, beginning with that in `base`.
    pub(super) fn read(places: &Places<'_>, base: &str) -> Result<Self, Error> {
        let file = join(base, "Cargo.toml");
        let Some(text) = optional_text(places, &file, manifest::FORMAT)? else {
            return Ok(Self { missing: filled([file]), ..Self::default() });
        };
        let root = manifest::read(&text, &file, None, "")?;
        let mut project = Self::default();
        let mut excluded = BTreeSet::new();
        let mut next: Vec<String> = Vec::new();
        if root.package.is_some() {
            project.members.insert(base.to_owned());
        }
        if let Some(workspace) = &root.workspace {
            for pattern in &workspace.exclude {
                excluded.extend(relative_path(base, pattern));
            }
            for pattern in &workspace.members {
                for folder in glob::folders(places.project, base, pattern, &file)? {
                    let is_there = !glob::is_pattern(pattern)
                        || places.project.read(&join(&folder, "Cargo.toml"))?.is_some();
                    if is_there && !excluded.contains(&folder) {
                        next.push(folder.clone());
                        project.members.insert(folder);
                    }
                }
            }
            for pattern in workspace.default_members.iter().flatten() {
                project.default.extend(glob::folders(places.project, base, pattern, &file)?);
            }
        }
        project.follow(base, &root, &mut next);
        let below = |folder: &str| base.is_empty() || folder.starts_with(&format!("{base}/"));
        let is_excluded =
            |folder: &str| excluded.iter().any(|out| folder == out || folder.starts_with(&format!("{out}/")));
        let mut seen: BTreeSet<String> = filled([base.to_owned()]);
        while let Some(folder) = next.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            let file = join(&folder, "Cargo.toml");
            let text = match inside(&folder) {
                Some(_) => optional_text(places, &file, manifest::FORMAT)?,
                None => None,
            };
            let Some(text) = text else {
                project.missing.insert(file);
                continue;
            };
            let is_member = below(&folder) && (project.members.contains(&folder) || !is_excluded(&folder));
            let workspace = root.workspace.as_ref().filter(|_| is_member);
            let segments = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
            let up = vec![".."; segments(&folder).saturating_sub(segments(base))].join("/");
            let manifest = manifest::read(&text, &file, workspace, &up)?;
            project.follow(&folder, &manifest, &mut next);
            if is_member && root.workspace.is_some() && manifest.package.is_some() {
                project.members.insert(folder.clone());
            }
            project.packages.insert(folder, manifest);
        }
        if project.default.is_empty() {
            project.default = match &root.package {
                Some(_) => filled([base.to_owned()]),
                None => project.members.clone(),
            };
        }
        project.root = Some(root);
        Ok(project)
    }

    fn follow(&mut self, folder: &str, manifest: &Manifest, next: &mut Vec<String>) {
        for path in manifest.dependencies.iter().filter_map(|dependency| dependency.path.as_deref()) {
            match relative_path(folder, path) {
                Some(folder) => next.push(folder),
                None => {
                    // Where it lies on somebody's machine is not repeated.
                    self.missing.insert(join(folder, "Cargo.toml"));
                }
            }
        }
    }

    /// Every package with its folder.
    pub(super) fn packages<'a>(&'a self, base: &'a str) -> impl Iterator<Item = (&'a str, &'a Manifest)> {
        let others = self.packages.iter().map(|(folder, manifest)| (folder.as_str(), manifest));
        self.root.as_ref().map(|root| (base, root)).into_iter().chain(others)
    }
}
