//! What `cargo auditable` leaves in a binary: a compressed JSON document in a section of its own.
//!
//! <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>

use std::io::Read as _;

use lw_inventory::{Completeness, Component, Inventory, Kind, Place, Scope, Source};
use serde::Deserialize;

use super::{ECOSYSTEM, purl_of};
use crate::text::malformed;
use crate::{Error, Problem};

const FORMAT: &str = "binary of `cargo auditable`";
/// As much as the tools of cargo-auditable read by default.
const MAX_JSON: u64 = 64 << 20;

#[derive(Deserialize)]
struct Document {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: String,
    kind: Option<String>,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

/// The packages that a binary says it was built from; `None` where it says nothing.
///
/// # Errors
/// When what it says cannot be read.
pub fn from_binary(bytes: &[u8], file: &str) -> Result<Option<Inventory>, Error> {
    use auditable_extract::Error as Extract;
    let compressed = match auditable_extract::raw_auditable_data(bytes) {
        Ok(compressed) => compressed,
        Err(Extract::NoAuditData | Extract::NotAnExecutable) => return Ok(None),
        Err(error) => return Err(malformed(file, None, FORMAT, error.to_string())),
    };
    let mut json = Vec::new();
    let mut unpacked = flate2::read::ZlibDecoder::new(compressed).take(MAX_JSON + 1);
    unpacked.read_to_end(&mut json).map_err(|error| malformed(file, None, FORMAT, error.to_string()))?;
    if json.len() as u64 > MAX_JSON {
        let problem = Problem::TooLarge(format!("its list of packages has more than {MAX_JSON} bytes"));
        return Err(Error::new(file, None, problem));
    }
    let json = std::str::from_utf8(&json).map_err(|_| malformed(file, None, FORMAT, "it is not UTF-8"))?;
    let document: Document = crate::text::json(file, json, FORMAT)?;
    let mut inventory = Inventory::new();
    let mut ids = Vec::with_capacity(document.packages.len());
    for package in &document.packages {
        let mut component = Component::new(ECOSYSTEM, package.name.clone(), Some(package.version.clone()));
        // It names a source's sort and not its address.
        component.source = match package.source.as_str() {
            "crates.io" => Source::PublicRegistry,
            _ => Source::Unknown,
        };
        component.purl = purl_of(&package.name, &package.version, &component.source);
        component.property("lw:cargo:source", package.source.clone());
        component.scope = match package.kind.as_deref() {
            Some("build") => Scope::Excluded,
            _ => Scope::Required,
        };
        component.dependencies_known = Completeness::Complete;
        component.places.insert(Place { file: file.to_owned(), line: None });
        if package.root {
            component.kind = Kind::Application;
        }
        let id = inventory.add(component);
        if package.root {
            inventory.set_root(id);
        }
        ids.push(id);
    }
    if inventory.root().is_none() {
        return Err(malformed(file, None, FORMAT, "none of its packages is the root"));
    }
    for (package, from) in document.packages.iter().zip(&ids) {
        for to in &package.dependencies {
            let to = ids.get(*to).ok_or_else(|| {
                let reason = format!("{} needs package {to} of {}", package.name, ids.len());
                malformed(file, None, FORMAT, reason)
            })?;
            inventory.depend(*from, *to);
        }
    }
    Ok(Some(inventory))
}
