//! What a component of ESP-IDF says of itself: `idf_component.yml` with its `sbom:`, and `sbom.yml`.
//!
//! <https://docs.espressif.com/projects/idf-component-manager/en/latest/reference/manifest_file.html>, and for `sbom.yml` the
//! documentation of esp-idf-sbom.

use std::collections::BTreeMap;

use lw_inventory::{
    Component, ComponentId, Contact, Inventory, LicenceText, Reference, ReferenceKind, Source,
};
use serde::Deserialize;

use super::git;
use super::input::{is_inside, place, yaml};
use super::library::person;
use crate::address::{join, local};
use crate::{Error, Tree};

/// `idf_component.yml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IdfManifest {
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) url: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) repository_info: Option<RepositoryInfo>,
    pub(super) documentation: Option<String>,
    pub(super) issues: Option<String>,
    pub(super) maintainers: Option<Vec<String>>,
    pub(super) dependencies: Option<BTreeMap<String, Option<Requirement>>>,
    pub(super) sbom: Option<SbomManifest>,
}

/// Where in its repository a component was published from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RepositoryInfo {
    pub(super) commit_sha: Option<String>,
    pub(super) path: Option<String>,
}

/// What a component needs: a range, or more than that.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Requirement {
    /// A range of versions.
    Range(String),
    /// All that can be said of a dependency.
    Long(LongRequirement),
}

/// All that can be said of a dependency; what is not needed here is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LongRequirement {
    pub(super) version: Option<String>,
    pub(super) git: Option<String>,
    pub(super) path: Option<String>,
    pub(super) override_path: Option<String>,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// `sbom.yml`, and `sbom:` of `idf_component.yml`. What is known of vulnerabilities is no part of a bill of materials.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SbomManifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) url: Option<String>,
    pub(super) cpe: Option<OneOrMany>,
    pub(super) supplier: Option<String>,
    pub(super) originator: Option<String>,
    pub(super) license: Option<String>,
    pub(super) copyright: Option<OneOrMany>,
    pub(super) manifests: Option<Vec<Referred>>,
}

/// A manifest that lies elsewhere than the folder it is about.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Referred {
    pub(super) path: String,
    pub(super) dest: String,
}

/// `idf_component.yml` of a folder.
pub(super) fn read(tree: &dyn Tree, folder: &str) -> Result<Option<IdfManifest>, Error> {
    yaml(tree, &join(folder, "idf_component.yml"), "idf_component.yml")
}

/// `Organization: Name (mail@host)`, `Person: Name`, or the name alone.
pub(super) fn party(text: &str) -> Option<Contact> {
    let text = text.trim();
    let name = ["Organization:", "Person:"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text)
        .trim();
    if ["", "NOASSERTION"].contains(&name) {
        return None;
    }
    match name.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some((name, email)) if email.contains('@') => Some(Contact {
            name: Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
            email: Some(email.trim().to_owned()),
            url: None,
        }),
        _ => Some(Contact { name: Some(name.to_owned()), ..Contact::default() }),
    }
}

impl IdfManifest {
    /// Tells a component what its manifest says.
    pub(super) fn describe(&self, component: &mut Component) {
        component.description.clone_from(&self.description);
        component.declared_licence = self.license.as_deref().and_then(LicenceText::parse);
        component.authors = self.maintainers.iter().flatten().filter_map(|text| person(text)).collect();
        let mut refer = |kind: ReferenceKind, url: &Option<String>| {
            if let Some(url) = url.as_deref().and_then(git::address) {
                component.references.insert(Reference { kind, url });
            }
        };
        refer(ReferenceKind::Vcs, &self.repository);
        refer(ReferenceKind::Website, &self.url);
        refer(ReferenceKind::Documentation, &self.documentation);
        refer(ReferenceKind::IssueTracker, &self.issues);
    }
}

impl SbomManifest {
    /// Tells a component what somebody wrote down for its bill of materials, which is worth more than all else.
    pub(super) fn describe(&self, component: &mut Component) {
        if let Some(description) = &self.description {
            component.description = Some(description.clone());
        }
        if let Some(licence) = self.license.as_deref().and_then(LicenceText::parse) {
            component.declared_licence = Some(licence);
        }
        if let Some(supplier) = self.supplier.as_deref().and_then(party) {
            component.supplier = Some(supplier);
        }
        if let Some(originator) = self.originator.as_deref().and_then(party) {
            component.manufacturer = Some(originator);
        }
        let many = |value: &Option<OneOrMany>| match value {
            Some(OneOrMany::One(text)) => vec![text.clone()],
            Some(OneOrMany::Many(texts)) => texts.clone(),
            None => Vec::new(),
        };
        let copyrights = many(&self.copyright);
        if !copyrights.is_empty() {
            component.copyright = Some(copyrights.join("\n"));
        }
        set_cpe(component, self.version.as_deref(), many(&self.cpe));
        for (kind, url) in [(ReferenceKind::Vcs, &self.repository), (ReferenceKind::Website, &self.url)] {
            if let Some(url) = url.as_deref().and_then(git::address) {
                component.references.insert(Reference { kind, url });
            }
        }
    }
}

/// Sets the CPE of a component; `{}` in it stands for the version. Of several the first is the field, the others properties.
pub(super) fn set_cpe(component: &mut Component, version: Option<&str>, cpes: Vec<String>) {
    let version =
        version.map(str::to_owned).or_else(|| component.version.clone()).unwrap_or_else(|| "*".to_owned());
    // Within a CPE 2.3 name punctuation is quoted (NIST IR 7695, 6.2).
    let mut quoted = String::new();
    for character in version.chars() {
        if !(character.is_ascii_alphanumeric() || "._-*".contains(character)) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    for (index, cpe) in cpes.into_iter().enumerate() {
        let cpe = cpe.trim().replace("{}", &quoted);
        if index == 0 {
            component.cpe = Some(cpe);
        } else {
            component.property("lw:cpe", cpe);
        }
    }
}

/// Tells a component what the `sbom.yml` in its folder says, and adds the parts that the file says it has.
pub(super) fn describe(
    tree: &dyn Tree,
    folder: &str,
    id: ComponentId,
    inventory: &mut Inventory,
    depth: usize,
) -> Result<(), Error> {
    let file = join(folder, "sbom.yml");
    let Some(manifest): Option<SbomManifest> = yaml(tree, &file, "sbom.yml")? else { return Ok(()) };
    if let Some(component) = inventory.get_mut(id) {
        manifest.describe(component);
        component.places.insert(place(&file, None));
    }
    parts(tree, folder, &manifest, id, inventory, depth)
}

/// Adds the parts of a component that have manifests of their own.
pub(super) fn parts(
    tree: &dyn Tree,
    folder: &str,
    manifest: &SbomManifest,
    id: ComponentId,
    inventory: &mut Inventory,
    depth: usize,
) -> Result<(), Error> {
    /// Parts of parts of parts are none of any real component.
    const DEEPEST: usize = 8;
    if depth > DEEPEST {
        return Ok(());
    }
    for part in manifest.manifests.iter().flatten() {
        let file = local(folder, &part.path).filter(|path| is_inside(path));
        let dest = local(folder, &part.dest).filter(|path| is_inside(path));
        let (Some(file), Some(dest)) = (file, dest) else { continue };
        let Some(described): Option<SbomManifest> = yaml(tree, &file, "sbom.yml")? else {
            inventory.unknowns.insert(lw_inventory::Unknown {
                what: file.clone(),
                why: format!("{folder}/sbom.yml names it, and it is not there"),
                place: Some(place(&join(folder, "sbom.yml"), None)),
            });
            continue;
        };
        let name = described.name.clone().unwrap_or_else(|| super::input::name_of(&dest).to_owned());
        let mut component = Component::new("generic", name, described.version.clone());
        component.source = Source::Path(dest.clone());
        component.places.insert(place(&file, None));
        described.describe(&mut component);
        let part = inventory.add(component);
        inventory.depend(id, part);
        parts(tree, &dest, &described, part, inventory, depth + 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_has_a_name_and_perhaps_an_address() {
        let of = |text: &str| {
            let found = party(text).unwrap();
            (found.name.unwrap_or_default(), found.email.unwrap_or_default())
        };
        assert_eq!(
            of("Organization: Espressif Systems (Shanghai) CO LTD").0,
            "Espressif Systems (Shanghai) CO LTD"
        );
        assert_eq!(of("Person: A B (a@b.c)"), ("A B".to_owned(), "a@b.c".to_owned()));
        assert_eq!(party("NOASSERTION"), None);
    }

    #[test]
    fn a_cpe_gets_the_version_quoted() {
        let mut component = Component::new("generic", "x", Some("1.0~2".to_owned()));
        set_cpe(
            &mut component,
            None,
            vec!["cpe:2.3:a:v:p:{}:*:*:*:*:*:*:*".into(), "cpe:2.3:a:v:q:{}:*:*:*:*:*:*:*".into()],
        );
        assert_eq!(component.cpe.as_deref(), Some(r"cpe:2.3:a:v:p:1.0\~2:*:*:*:*:*:*:*"));
        assert_eq!(component.properties.len(), 1);
    }
}
