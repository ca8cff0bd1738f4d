//! Go: modules as `go.mod` and `go.work` list them, and as a binary says it was built of.
//!
//! Names are module paths; a package URL has them as they are, with the `v` of the version.

mod binary;
mod modules;
mod syntax;

use lw_inventory::{Component, Purl, Source};

use crate::Reader;

pub use binary::read_binary;

/// `go.work` and `go.mod`.
pub(crate) const READER: Reader = Reader { name: "go", files: &["go.work", "go.mod"], read: modules::read };

/// The property that holds Go's own hash of a module. It is a hash of the list of its files' hashes, and that of no file.
const H1: &str = "lw:go:h1";

/// The property that names the module whose place this one has taken.
const REPLACES: &str = "lw:go:replaces";

/// A module. One of a folder has no package URL.
fn module(path: &str, version: Option<&str>, source: Source) -> Component {
    let (namespace, name) =
        path.rsplit_once('/').map_or((None, path), |(namespace, name)| (Some(namespace), name));
    let mut component = Component::new("golang", name, version.map(str::to_owned));
    component.namespace = namespace.map(str::to_owned);
    if !source.is_local() {
        component.purl = Purl::new("golang", namespace, name, version).ok();
    }
    component.source = source;
    component.released = version.and_then(committed);
    component
}

/// When a commit was made that has no version of its own: a pseudo-version holds the time
/// (<https://go.dev/ref/mod#pseudo-versions>).
fn committed(version: &str) -> Option<String> {
    let (rest, hash) = version.split('+').next()?.rsplit_once('-')?;
    let time = rest.rsplit(['-', '.']).next()?;
    let is_pseudo = hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_pseudo || time.len() != 14 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| time.get(from..to);
    let (date, clock) =
        ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(8, 10)?, part(10, 12)?, part(12, 14)?));
    let text = format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, clock.0, clock.1, clock.2);
    lw_inventory::whole_seconds(&text)
}

/// Whether a replacement is a folder rather than a module.
fn is_folder(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    drive
        || path == "."
        || path == ".."
        || ["./", "../", "/", ".\\", "..\\"].iter().any(|begin| path.starts_with(begin))
}
