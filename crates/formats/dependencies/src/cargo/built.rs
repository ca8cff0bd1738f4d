//! What a build took of the packages that are locked: from Cargo's own messages, or from `cargo tree`.
//!
//! `cargo build --message-format json` writes a `compiler-artifact` message for each target it made
//! (<https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>);
//! `cargo tree --edges normal,build --prefix none` writes a line for each package.

use std::collections::BTreeSet;

use lw_inventory::{Inventory, Scope};
use lw_model::lists::filled;
use lw_syntax::json;
use serde::Deserialize;

use crate::text::{malformed, text_of};
use crate::{Error, Problem};

const FORMAT: &str = "log of a Cargo build";

/// The packages that a build took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildLog {
    packages: BTreeSet<Built>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Built {
    name: String,
    version: String,
    /// Where it comes from: `registry`, `git`, or `path` for the project's own; none where the log does not say.
    origin: Option<Origin>,
    line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Registry,
    Git,
    Path,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
}

impl BuildLog {
    /// Reads either form. What else a log has, as what the compiler prints, is passed over.
    ///
    /// # Errors
    /// When no package is named.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let text = text_of(bytes, file, FORMAT)?;
        let is_json = text.lines().any(|line| line.trim_start().starts_with('{'));
        let mut log = Self::default();
        for (line, number) in text.lines().zip(1..) {
            let found = if is_json { message(line, file, number)? } else { tree_line(line, number) };
            log.packages.extend(found);
        }
        if log.packages.is_empty() {
            let reason = "it names no package; write it with `cargo build --message-format json` or \
                          `cargo tree --edges normal,build --prefix none`";
            return Err(malformed(file, None, FORMAT, reason));
        }
        Ok(log)
    }
}

fn message(line: &str, file: &str, number: u32) -> Result<Option<Built>, Error> {
    if !line.trim_start().starts_with('{') {
        return Ok(None);
    }
    let message: Message =
        json::from_str(line).map_err(|error| malformed(file, number, FORMAT, error.reason()))?;
    if message.reason != "compiler-artifact" {
        return Ok(None);
    }
    let id = message.package_id.unwrap_or_default();
    let package = package_id(&id, number);
    package
        .map(Some)
        .ok_or_else(|| malformed(file, number, FORMAT, format!("{id:?} is no package id of Cargo")))
}

/// `registry+https://…#name@1.0.0`, `path+file:///…/name#1.0.0`, and before Cargo 1.77 `name 1.0.0 (registry+https://…)`.
fn package_id(id: &str, line: u32) -> Option<Built> {
    let origin_of = |source: &str| match source.split_once('+').map(|(kind, _)| kind) {
        Some("registry" | "sparse" | "local-registry" | "directory") => Some(Origin::Registry),
        Some("git") => Some(Origin::Git),
        Some("path") => Some(Origin::Path),
        _ => None,
    };
    if let Some((name, rest)) = id.split_once(' ') {
        let (version, source) = rest.split_once(' ')?;
        let source = source.strip_prefix('(')?.strip_suffix(')')?;
        return Some(Built {
            name: name.into(),
            version: version.into(),
            origin: Some(origin_of(source)?),
            line,
        });
    }
    let (source, package) = id.rsplit_once('#')?;
    let (name, version) = match package.rsplit_once('@') {
        Some((name, version)) => (name, version),
        None => {
            let address = source.split('?').next().unwrap_or_default();
            (address.trim_end_matches('/').rsplit('/').next()?.trim_end_matches(".git"), package)
        }
    };
    let is_empty = name.is_empty() || version.is_empty();
    (!is_empty).then_some(Built {
        name: name.into(),
        version: version.into(),
        origin: Some(origin_of(source)?),
        line,
    })
}

/// `name v1.0.0`, then perhaps `(proc-macro)`, a source in parentheses, and `(*)`.
fn tree_line(line: &str, number: u32) -> Option<Built> {
    let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    semver::Version::parse(version).ok()?;
    let rest = line.split_once(version)?.1;
    let is_source = |text: &&str| text.contains('/') || text.contains('\\');
    let source = rest.split('(').map(|part| part.trim_end().trim_end_matches(')')).find(is_source);
    let origin = match source {
        None => Origin::Registry,
        Some(source) if source.contains('#') && source.contains("://") => Origin::Git,
        Some(source) if source.starts_with("registry `") => Origin::Registry,
        Some(_) => Origin::Path,
    };
    Some(Built { name: name.into(), version: version.into(), origin: Some(origin), line: number })
}

/// The part of an inventory of a `Cargo.lock` that a build took. What is optional and was built is required.
///
/// # Errors
/// When the build took something that the lock file does not have.
pub fn only_built(inventory: Inventory, log: &BuildLog, file: &str) -> Result<Inventory, Error> {
    let origin = |source: &lw_inventory::Source| match source {
        lw_inventory::Source::Git { .. } => Some(Origin::Git),
        lw_inventory::Source::Path(_) => Some(Origin::Path),
        lw_inventory::Source::PublicRegistry | lw_inventory::Source::Registry(_) => Some(Origin::Registry),
        _ => None,
    };
    type Key<'a> = (&'a str, &'a str);
    let mut built: std::collections::BTreeMap<Key<'_>, BTreeSet<Option<Origin>>> =
        std::collections::BTreeMap::new();
    for package in &log.packages {
        built.entry((&package.name, &package.version)).or_default().insert(package.origin);
    }
    let is_built = |component: &lw_inventory::Component| {
        let key = (component.name.as_str(), component.version.as_deref().unwrap_or_default());
        let Some(origins) = built.get(&key) else { return false };
        let own = origin(&component.source);
        own.is_none() || origins.contains(&own)
    };
    let of_cargo = inventory
        .iter()
        .filter(|(_, component)| component.ecosystem == super::ECOSYSTEM && is_built(component))
        .map(|(_, component)| (component.name.clone(), component.version.clone().unwrap_or_default()));
    let locked: BTreeSet<(String, String)> = filled(of_cargo);
    for package in &log.packages {
        if !locked.contains(&(package.name.clone(), package.version.clone())) {
            let what = format!("{} {} was built and is not locked", package.name, package.version);
            let problem =
                Problem::Inconsistent(format!("{what}: the log is of another project or another time"));
            return Err(Error::new(file, Some(package.line), problem));
        }
    }
    let mut kept = inventory.filtered(|component| is_built(component));
    let ids: Vec<_> = kept.iter().map(|(id, _)| id).collect();
    for id in ids {
        if let Some(component) = kept.get_mut(id).filter(|component| component.scope == Scope::Optional) {
            component.scope = Scope::Required;
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_package_is_understood() {
        let ids = [
            (
                "registry+https://github.com/rust-lang/crates.io-index#serde@1.0.1",
                "serde",
                "1.0.1",
                Origin::Registry,
            ),
            (
                "serde 1.0.1 (registry+https://github.com/rust-lang/crates.io-index)",
                "serde",
                "1.0.1",
                Origin::Registry,
            ),
            ("path+file:///home/me/thing#0.1.0", "thing", "0.1.0", Origin::Path),
            ("path+file:///home/me/folder#thing@0.1.0", "thing", "0.1.0", Origin::Path),
            ("git+https://example.org/thing.git?rev=12#0.1.0", "thing", "0.1.0", Origin::Git),
        ];
        for (id, name, version, origin) in ids {
            let found = package_id(id, 1).unwrap();
            assert_eq!(
                (found.name.as_str(), found.version.as_str(), found.origin),
                (name, version, Some(origin))
            );
        }
        assert_eq!(package_id("nonsense", 1), None);
        let lines = [
            ("serde v1.0.1", "serde", Origin::Registry),
            ("serde_derive v1.0.1 (proc-macro) (*)", "serde_derive", Origin::Registry),
            ("thing v1.0.1 (/home/me/thing)", "thing", Origin::Path),
            ("thing v1.0.1 (proc-macro) (/home/me/thing)", "thing", Origin::Path),
            ("thing v1.0.1 (https://example.org/thing.git?rev=12#12345678)", "thing", Origin::Git),
            ("│   └── serde v1.0.1 (*)", "serde", Origin::Registry),
        ];
        for (line, name, origin) in lines {
            let found = tree_line(line, 1).unwrap();
            assert_eq!(
                (found.name.as_str(), found.version.as_str(), found.origin),
                (name, "1.0.1", Some(origin)),
                "{line}"
            );
        }
        assert_eq!(tree_line("[build-dependencies]", 1), None);
    }
}
