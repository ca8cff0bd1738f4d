//! What a Go binary says of its own making: `debug/buildinfo`, <https://pkg.go.dev/runtime/debug#BuildInfo>.
//!
//! The block begins with a magic number at a multiple of 16 bytes. Since Go 1.18 two strings follow it: the version of Go, and
//! the modules between two marks of 16 bytes. Before that there were pointers, which only the system's loader could follow.

use lw_inventory::{Completeness, Inventory, Kind, Place, Source};

use super::{H1, REPLACES, is_folder, module};
use crate::text::MAX_ENTRIES;
use crate::{Error, Problem, address};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGN: usize = 16;
const HEADER: usize = 32;
/// The strings stand behind the header.
const INLINE: u8 = 2;
const FORMAT: &str = "build information of Go";

/// Reads the modules that a Go binary was built of; `None` when it is no such binary. `file` is what places and errors name.
///
/// The binary does not say which module needs which, so the main module needs them all and its edges are incomplete. What the
/// linker left out may be among them: a module is there when one package of it was built.
///
/// # Errors
/// When the information is damaged, or older than Go 1.18.
pub fn read_binary(bytes: &[u8], file: &str) -> Result<Option<Inventory>, Error> {
    let fail = |problem| Error::new(file, None, problem);
    let malformed = |reason: &str| fail(Problem::Malformed { format: FORMAT, reason: reason.to_owned() });
    let Some((offset, flags)) = find(bytes) else { return Ok(None) };
    if flags & INLINE == 0 {
        return Err(fail(Problem::Version { format: FORMAT, version: "before Go 1.18".to_owned() }));
    }
    let rest = bytes.get(offset + HEADER..).unwrap_or_default();
    let (version, rest) = string(rest).ok_or_else(|| malformed("the version of Go is cut off"))?;
    let (modules, _) = string(rest).ok_or_else(|| malformed("the list of modules is cut off"))?;
    let version = std::str::from_utf8(version).map_err(|_| malformed("the version of Go is no text"))?;
    // Between the marks; a binary built without modules has none.
    let modules = modules.get(16..modules.len().saturating_sub(16)).unwrap_or_default();
    let modules = std::str::from_utf8(modules).map_err(|_| malformed("the list of modules is no text"))?;
    if modules.lines().count() > MAX_ENTRIES {
        return Err(fail(Problem::TooLarge(format!("it lists more than {MAX_ENTRIES} modules"))));
    }

    let place = || Place { file: file.to_owned(), line: None };
    let mut inventory = Inventory::new();
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut main = None;
    let mut settings = Vec::new();
    for line in modules.lines() {
        let words: Vec<_> = line.split('\t').collect();
        match words.as_slice() {
            ["path", path] => settings.push(("lw:go:path".to_owned(), (*path).to_owned())),
            ["mod", rest @ ..] => main = Entry::read(rest),
            ["dep", rest @ ..] => {
                entries.push(Entry::read(rest).ok_or_else(|| malformed("a module has no name"))?);
            }
            // The main module cannot be replaced.
            ["=>", rest @ ..] => {
                let last =
                    entries.last_mut().ok_or_else(|| malformed("a replacement stands behind no module"))?;
                let new = Entry::read(rest).ok_or_else(|| malformed("a replacement has no name"))?;
                last.replacement = Some((new.path, new.version, new.sum));
            }
            ["build", setting] => {
                // Flags may hold paths of the machine it was built on; what counts of the rest is the target and the commit.
                let kept = ["GOOS", "GOARCH", "CGO_ENABLED", "vcs.revision", "vcs.time", "vcs.modified"];
                if let Some((key, value)) = setting.split_once('=')
                    && kept.contains(&key)
                {
                    settings.push((
                        format!("lw:go:{}", key.to_ascii_lowercase()),
                        value.trim_matches('"').to_owned(),
                    ));
                }
            }
            _ => {}
        }
    }

    let main =
        main.unwrap_or(Entry { path: "command-line-arguments", version: None, sum: None, replacement: None });
    let version_of =
        |version: Option<&str>| version.filter(|version| *version != "(devel)").map(str::to_owned);
    let mut root = module(main.path, version_of(main.version).as_deref(), Source::Path(file.to_owned()));
    root.kind = Kind::Application;
    root.dependencies_known = Completeness::Incomplete;
    root.places.insert(place());
    for (name, value) in settings {
        root.property(&name, value);
    }
    let root = inventory.add(root);
    inventory.set_root(root);

    for entry in entries {
        let old = format!("{}@{}", entry.path, entry.version.unwrap_or_default());
        let mut component = match entry.replacement {
            Some((path, _, _)) if is_folder(path) => {
                let name = address::local("", path).or_else(|| address::file_name(path)).unwrap_or_default();
                module(entry.path, None, Source::Path(name))
            }
            Some((path, version, _)) => module(path, version, Source::PublicRegistry),
            None => module(entry.path, entry.version, Source::PublicRegistry),
        };
        let sum = entry.replacement.map_or(entry.sum, |(_, _, sum)| sum);
        if let Some(sum) = sum.filter(|sum| !sum.is_empty()) {
            component.property(H1, sum);
        }
        if entry.replacement.is_some() {
            component.property(REPLACES, old);
        }
        component.places.insert(place());
        component.dependencies_known = Completeness::Incomplete;
        let id = inventory.add(component);
        inventory.depend(root, id);
    }
    // The standard library is linked as well, and its advisories go by this name.
    if let Some(version) = version.split(' ').next().and_then(|version| version.strip_prefix("go")) {
        let mut library = module("stdlib", Some(version), Source::Bundled("Go".to_owned()));
        library.places.insert(place());
        library.dependencies_known = Completeness::Complete;
        let library = inventory.add(library);
        inventory.depend(root, library);
    }
    Ok(Some(inventory))
}

struct Entry<'a> {
    path: &'a str,
    version: Option<&'a str>,
    sum: Option<&'a str>,
    replacement: Option<(&'a str, Option<&'a str>, Option<&'a str>)>,
}

impl<'a> Entry<'a> {
    fn read(words: &[&'a str]) -> Option<Self> {
        let path = words.first().copied().filter(|path| !path.is_empty())?;
        let word = |at: usize| words.get(at).copied();
        Some(Self { path, version: word(1), sum: word(2), replacement: None })
    }
}

/// The place and flags of the first block whose header can be one.
fn find(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(bytes.get(from..)?, MAGIC)?;
        let header = bytes.get(at..at + HEADER);
        if at.is_multiple_of(ALIGN)
            && let Some(&[pointer, flags]) = header.and_then(|header| header.get(14..16))
            && (flags & INLINE != 0 || [4, 8].contains(&pointer))
        {
            return Some((at, flags));
        }
        from = at + 1;
    }
}

/// A string with its length in front, in sevens of bits with the lowest first.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0usize;
    for (index, &byte) in bytes.iter().enumerate().take(9) {
        length |= usize::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}
