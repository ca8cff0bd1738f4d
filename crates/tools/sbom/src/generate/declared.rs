//! What `lw.toml` says: components that no package manager knows, and what is known of others.

use std::collections::{BTreeMap, BTreeSet};

use lw_cli::{Context, Error, Section};
use lw_inventory::{
    Component, Contact, Hash, HashAlgorithm, Inventory, LicenceText, Place, Purl, Reference, ReferenceKind,
    Scope, Source,
};
use lw_model::{Finding, Level, Report};
use schemars::JsonSchema;
use serde::Deserialize;

/// The section of components.
pub(crate) const COMPONENT: &str = "component";
/// The section of what is known of components that were found.
pub(crate) const SUPPLEMENT: &str = "supplement";

/// Both, for the declaration of the tool.
pub(crate) const SECTIONS: &[Section] = &[
    Section::of::<BTreeMap<String, Declared>>(
        COMPONENT,
        "Components that no package manager knows, by name: code that was copied into the project",
    ),
    Section::of::<BTreeMap<String, Supplement>>(
        SUPPLEMENT,
        "What is known of components that were found, by name or package URL, of which `*` may stand for any part",
    ),
];

/// A component that no package manager knows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Declared {
    /// Its version.
    version: Option<String>,
    /// Its package URL.
    purl: Option<String>,
    /// Its CPE 2.3 name, by which advisories about C code are found.
    cpe: Option<String>,
    /// The licence its author names, as an SPDX expression.
    license: Option<String>,
    /// Who supplies it.
    supplier: Option<String>,
    /// Web page of the supplier.
    supplier_url: Option<String>,
    /// Who holds the rights.
    copyright: Option<String>,
    /// One line about it.
    description: Option<String>,
    /// Where it lies in the project.
    path: Option<String>,
    /// Its web page or repository.
    url: Option<String>,
    /// It only builds, tests or documents the product.
    dev: bool,
    /// Names of declared components that it needs.
    needs: Vec<String>,
}

/// What is known of a component besides what its package manager says.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Supplement {
    /// Its CPE 2.3 name; `{}` stands for its version.
    cpe: Option<String>,
    /// The licence somebody concluded it has, having looked, as an SPDX expression.
    license: Option<String>,
    /// Who supplies it.
    supplier: Option<String>,
    /// Web page of the supplier.
    supplier_url: Option<String>,
    /// Who made it.
    manufacturer: Option<String>,
    /// Web page of who made it.
    manufacturer_url: Option<String>,
    /// Who holds the rights.
    copyright: Option<String>,
    /// SHA-512 of the one file it is distributed as, in hexadecimal: most lock files have a shorter hash.
    sha512: Option<String>,
}

fn contact(name: Option<&String>, url: Option<&String>) -> Option<Contact> {
    let contact = Contact { name: name.cloned(), email: None, url: url.cloned() };
    (!contact.is_empty()).then_some(contact)
}

/// A CPE 2.3 name has 13 parts (NIST IR 7695, 6.2).
pub(super) fn check_cpe(cpe: &str, place: &str) -> Result<(), Error> {
    let parts = cpe.replace("\\:", "").split(':').count();
    if cpe.starts_with("cpe:2.3:") && parts == 13 {
        return Ok(());
    }
    Err(Error::usage(format!("{place}: `{cpe}` is no CPE 2.3 name"))
        .hint("it looks like cpe:2.3:a:VENDOR:PRODUCT:VERSION:*:*:*:*:*:*:*"))
}

/// A package URL that somebody wrote.
pub(super) fn purl(text: &str, place: &str) -> Result<Purl, Error> {
    text.parse().map_err(|error| {
        Error::usage(format!("{place}: `{text}` is no package URL: {error}"))
            .hint("it looks like pkg:generic/NAME@VERSION")
    })
}

/// A licence that somebody wrote, which is an expression or a name.
pub(super) fn licence(text: &str, place: &str) -> Result<LicenceText, Error> {
    LicenceText::parse(text).ok_or_else(|| {
        Error::usage(format!("{place}: `{text}` says nothing of a licence"))
            .hint("leave it out where it is not known")
    })
}

/// Adds the declared components, which hang on the product or on what needs them.
///
/// # Errors
/// When one is malformed, or needs what is not declared.
pub(super) fn add(inventory: &mut Inventory, cx: &Context) -> Result<usize, Error> {
    let declared: BTreeMap<String, Declared> = cx.section(COMPONENT)?.unwrap_or_default();
    let mut ids = BTreeMap::new();
    for (name, known) in &declared {
        let place = format!("lw.toml: {COMPONENT}.{name}");
        let mut component = Component::new("generic", name.clone(), known.version.clone());
        if let Some(text) = &known.purl {
            let purl = purl(text, &place)?;
            component.ecosystem = purl.kind().to_owned();
            component.namespace = purl.namespace();
            component.version = component.version.or_else(|| purl.version().map(str::to_owned));
            component.purl = Some(purl);
        }
        if let Some(cpe) = &known.cpe {
            let cpe = cpe.replace("{}", component.version.as_deref().unwrap_or("*"));
            check_cpe(&cpe, &place)?;
            component.cpe = Some(cpe);
        }
        component.declared_licence =
            known.license.as_deref().map(|text| licence(text, &place)).transpose()?;
        component.supplier = contact(known.supplier.as_ref(), known.supplier_url.as_ref());
        component.copyright.clone_from(&known.copyright);
        component.description.clone_from(&known.description);
        component.scope = if known.dev { Scope::Excluded } else { Scope::Required };
        if let Some(path) = &known.path {
            if path.starts_with('/') || path.contains("..") || path.contains(':') {
                return Err(Error::usage(format!("{place}: `{path}` is no path of the project"))
                    .hint("write it relative to the project, with `/`"));
            }
            component.source = Source::Path(path.clone());
        }
        if let Some(url) = &known.url {
            component.references.insert(Reference { kind: ReferenceKind::Website, url: url.clone() });
        }
        component.places.insert(Place { file: "lw.toml".to_owned(), line: None });
        ids.insert(name.as_str(), inventory.add(component));
    }
    let mut needed = BTreeSet::new();
    for (name, known) in &declared {
        for needs in &known.needs {
            let (Some(from), Some(to)) = (ids.get(name.as_str()), ids.get(needs.as_str())) else {
                return Err(Error::usage(format!(
                    "lw.toml: {COMPONENT}.{name} needs `{needs}`, which is not declared"
                ))
                .hint("declare it, or take it away"));
            };
            inventory.depend(*from, *to);
            needed.insert(*to);
        }
    }
    if let Some(root) = inventory.root() {
        for id in ids.values().filter(|id| !needed.contains(*id)) {
            inventory.depend(root, *id);
        }
    }
    Ok(ids.len())
}

/// Tells components what `lw.toml` knows of them. What their package managers say of licences stays: what is written here is
/// somebody's conclusion.
///
/// # Errors
/// When an entry is malformed.
pub(super) fn supplement(inventory: &mut Inventory, cx: &Context, report: &mut Report) -> Result<(), Error> {
    let known: BTreeMap<String, Supplement> = cx.section(SUPPLEMENT)?.unwrap_or_default();
    let ids: Vec<_> = inventory.iter().map(|(id, _)| id).collect();
    for (pattern, known) in &known {
        let place = format!("lw.toml: {SUPPLEMENT}.\"{pattern}\"");
        let concluded = known.license.as_deref().map(|text| licence(text, &place)).transpose()?;
        if let Some(cpe) = &known.cpe {
            check_cpe(&cpe.replace("{}", "1"), &place)?;
        }
        let sha512 = known.sha512.as_deref().map(|hex| sha512(hex, &place)).transpose()?;
        let mut count = 0;
        for id in &ids {
            let Some(component) = inventory.get_mut(*id).filter(|component| is(component, pattern)) else {
                continue;
            };
            count += 1;
            if let Some(cpe) = &known.cpe {
                component.cpe = Some(cpe.replace("{}", component.version.as_deref().unwrap_or("*")));
            }
            component.concluded_licence = concluded.clone().or(component.concluded_licence.take());
            let supplier = contact(known.supplier.as_ref(), known.supplier_url.as_ref());
            component.supplier = supplier.or(component.supplier.take());
            let manufacturer = contact(known.manufacturer.as_ref(), known.manufacturer_url.as_ref());
            component.manufacturer = manufacturer.or(component.manufacturer.take());
            component.copyright = known.copyright.clone().or(component.copyright.take());
            if let Some(hash) = &sha512 {
                hashed(component, hash, &place)?;
            }
        }
        if sha512.is_some() && count > 1 {
            return Err(Error::usage(format!(
                "{place}: {count} components are called so, and have one SHA-512"
            ))
            .hint("name one of them, by its package URL with version"));
        }
        if count == 0 {
            let message = format!("{place}: no component is called so: nothing was supplemented");
            report.add_finding(Finding::new("sbom/supplement-unused", Level::Warning, pattern, message));
        }
    }
    Ok(())
}

/// SHA-512 that somebody wrote.
fn sha512(hex: &str, place: &str) -> Result<Hash, Error> {
    Hash::from_hex(HashAlgorithm::Sha512, hex).ok_or_else(|| {
        Error::usage(format!("{place}: `{hex}` is no SHA-512")).hint("it has 128 hexadecimal digits")
    })
}

/// Adds the hash of the file a component is distributed as: of several files it would be that of none in particular.
fn hashed(component: &mut Component, hash: &Hash, place: &str) -> Result<(), Error> {
    let other = |found: &Hash| found.algorithm() == hash.algorithm() && found != hash;
    match component.distributions.as_mut_slice() {
        [] => component.hashes.insert(hash.clone()),
        [file] if !file.hashes.iter().any(other) => file.hashes.insert(hash.clone()),
        [_] => {
            return Err(Error::usage(format!("{place}: the file has another SHA-512"))
                .hint("look which of the two is right: one of the files may be forged"));
        }
        files => {
            let message = format!("{place}: it is distributed as {} files", files.len());
            return Err(
                Error::usage(message).hint("leave `sha512` out: it would be that of none in particular")
            );
        }
    };
    Ok(())
}

/// Whether a component is meant: by its name, or its package URL without version.
fn is(component: &Component, pattern: &str) -> bool {
    if !pattern.starts_with("pkg:") {
        return wildmatch::WildMatch::new(pattern).matches(&component.name);
    }
    let Some(purl) = &component.purl else { return false };
    let full = purl.to_string();
    let bare = purl.clone().without_version().to_string();
    let pattern = wildmatch::WildMatch::new(pattern);
    pattern.matches(&full) || pattern.matches(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_meant_by_name_or_package_url() {
        let mut component = Component::new("github", "mbedtls", Some("3.6.0".into()));
        component.purl = Some("pkg:github/mbed-tls/mbedtls@3.6.0".parse().unwrap());
        for pattern in ["mbedtls", "mbed*", "pkg:github/mbed-tls/mbedtls", "pkg:github/mbed-tls/*"] {
            assert!(is(&component, pattern), "{pattern}");
        }
        for pattern in ["tls", "pkg:github/other/*", "pkg:mbedtls"] {
            assert!(!is(&component, pattern), "{pattern}");
        }
    }

    #[test]
    fn a_hash_is_that_of_the_only_file() {
        use lw_inventory::Distribution;
        let hash = sha512(&"ab".repeat(64), "x").unwrap();
        assert!(sha512("ab", "x").is_err());
        let mut component = Component::new("cargo", "a", None);
        component.distributions = vec![Distribution::default()];
        hashed(&mut component, &hash, "x").unwrap();
        assert_eq!(component.distributions[0].hashes.len(), 1);
        let other = sha512(&"cd".repeat(64), "x").unwrap();
        assert!(hashed(&mut component, &other, "x").is_err(), "the file has another");
        component.distributions.push(Distribution::default());
        assert!(hashed(&mut component, &hash, "x").is_err(), "there are two files");
    }

    #[test]
    fn a_cpe_has_thirteen_parts() {
        assert!(check_cpe(r"cpe:2.3:a:v:p:1\:2:*:*:*:*:*:*:*", "x").is_ok());
        assert!(check_cpe("cpe:2.3:a:v:p:1", "x").is_err() && check_cpe("cpe:/a:v:p", "x").is_err());
    }
}
