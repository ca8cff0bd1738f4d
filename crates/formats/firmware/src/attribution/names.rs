//! Names of archives, objects and input sections that are short and the same on every machine.

use lw_hashed::HashMap;

use crate::map::{FileNumber, Map};

use super::OBJECTS;

/// What the files of a map are called in the tree: archives by their file name, so that a toolchain in
/// another place gives the same tree; with as many folders as it takes where two would be called the same.
pub(super) struct FileNames {
    archives: Vec<String>,
    files: Vec<(u32, String)>,
}

impl FileNames {
    pub(super) fn new(map: &Map<'_>) -> Self {
        let mut paths: Vec<&[u8]> = Vec::new();
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        for archive in map.files.iter().filter_map(|file| file.archive) {
            numbers.entry(archive).or_insert_with(|| {
                paths.push(archive);
                paths.len() - 1
            });
        }
        let mut archives = short(&paths);
        let none = archives.len();
        archives.push(OBJECTS.into());
        let loose: Vec<&[u8]> =
            map.files.iter().filter(|file| file.archive.is_none()).map(|file| file.object).collect();
        let mut loose = short(&loose).into_iter();
        let files = map
            .files
            .iter()
            .map(|file| match file.archive {
                Some(archive) => (
                    numbers.get(archive).copied().unwrap_or(none),
                    String::from_utf8_lossy(file.object).into_owned(),
                ),
                None => (none, loose.next().unwrap_or_default()),
            })
            .map(|(archive, object)| (u32::try_from(archive).unwrap_or(u32::MAX), object))
            .collect();
        Self { archives, files }
    }

    /// A file by its number in the map.
    pub(super) fn key(&self, file: FileNumber) -> FileKey {
        let file = file.index();
        let archive = self.files.get(file as usize).map_or(u32::MAX, |(archive, _)| *archive);
        FileKey(u64::from(archive) << 32 | u64::from(file))
    }

    /// The name of the archive a file is in.
    pub(super) fn archive(&self, file: FileKey) -> &str {
        self.archives.get(file.archive() as usize).map_or(OBJECTS, String::as_str)
    }

    /// The name of a file.
    pub(super) fn object(&self, file: FileKey) -> &str {
        let number = file.0 & u64::from(u32::MAX);
        self.files.get(number as usize).map_or("", |(_, object)| object)
    }
}

/// The number of an archive and that of a file in it: so that the files of one archive stand together when they are sorted.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileKey(u64);

impl FileKey {
    /// The number of the archive.
    pub(super) fn archive(self) -> u64 {
        self.0 >> 32
    }
}

/// The shortest endings of paths that tell them apart, at whole folders.
fn short(paths: &[&[u8]]) -> Vec<String> {
    /// Paths that are still alike after this many folders are shown whole.
    const MAX_FOLDERS: usize = 8;
    let mut names: Vec<Option<String>> = vec![None; paths.len()];
    for parts in 1..=MAX_FOLDERS {
        let mut counts: HashMap<&[u8], usize> = HashMap::new();
        for path in paths {
            *counts.entry(ending(path, parts)).or_default() += 1;
        }
        for (name, path) in names.iter_mut().zip(paths) {
            let ending = ending(path, parts);
            if name.is_none() && (counts.get(ending) == Some(&1) || parts == MAX_FOLDERS) {
                *name = Some(
                    String::from_utf8_lossy(if parts == MAX_FOLDERS { path } else { ending }).into_owned(),
                );
            }
        }
        if names.iter().all(Option::is_some) {
            break;
        }
    }
    names.into_iter().flatten().collect()
}

/// The last parts of a path.
fn ending(path: &[u8], parts: usize) -> &[u8] {
    let mut separators = path.iter().enumerate().rev().filter(|(_, byte)| matches!(byte, b'/' | b'\\'));
    separators.nth(parts - 1).and_then(|(index, _)| path.get(index + 1..)).unwrap_or(path)
}

/// The name of the symbol that an input section holds, when its name says so, and whether what it holds is unnamed:
/// `.text.main` is `main`, `.rodata.str1.4` are merged strings.
pub(super) fn of_input(name: &[u8]) -> (&[u8], bool) {
    // Longest first: `.text.unlikely.f` is `f`.
    const PREFIXES: [&[u8]; 15] = [
        b".text.unlikely.",
        b".text.startup.",
        b".text.hot.",
        b".text.exit.",
        b".text.",
        b".data.rel.ro.local.",
        b".data.rel.ro.",
        b".data.rel.local.",
        b".data.",
        b".rodata.",
        b".bss.",
        b".sdata.",
        b".sbss.",
        b".srodata.",
        b".noinit.",
    ];
    const GROUPS: [&[u8]; 7] = [b"unlikely", b"startup", b"hot", b"exit", b"rel", b"rel.ro", b"rel.ro.local"];
    if matches!(name, [b'.', b'l', b'i', b't', b'e', b'r', b'a', b'l', ..]) || is_merged(name) {
        return (name, true);
    }
    // One byte tells most of them apart, without a call for each.
    let begins_alike = |prefix: &&&[u8]| prefix.get(1) == name.get(1);
    let symbol = PREFIXES.iter().filter(begins_alike).find_map(|prefix| name.strip_prefix(*prefix));
    (symbol.filter(|symbol| !symbol.is_empty() && !GROUPS.contains(symbol)).unwrap_or(name), false)
}

/// `.rodata.str1.4`, `.rodata.main.str1.4`, `.rodata.cst8`: strings and constants that the linker merges.
fn is_merged(name: &[u8]) -> bool {
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let mut parts = name.rsplit(|byte| *byte == b'.');
    let last = parts.next().unwrap_or_default();
    let before = parts.next().unwrap_or_default();
    last.strip_prefix(b"cst").is_some_and(digits)
        || digits(last) && before.strip_prefix(b"str").is_some_and(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_short_as_they_can_be() {
        let paths: [&[u8]; 4] =
            [b"/opt/gcc/libc.a", b"/opt/x/libfoo.a", b"build/a/main.o", b"build/b\\main.o"];
        assert_eq!(short(&paths), ["libc.a", "libfoo.a", "a/main.o", "b\\main.o"]);
        let same: [&[u8]; 2] = [b"main.o", b"main.o"];
        assert_eq!(short(&same), ["main.o", "main.o"]);
        let prefix: [&[u8]; 2] = [b"main.o", b"x/main.o"];
        assert_eq!(short(&prefix), ["main.o", "x/main.o"]);
        assert!(short(&[]).is_empty());
    }

    #[test]
    fn input_sections_name_their_symbol() {
        assert_eq!(of_input(b".text.f1"), (&b"f1"[..], false));
        assert_eq!(of_input(b".text.unlikely.f1"), (&b"f1"[..], false));
        assert_eq!(of_input(b".text.unlikely"), (&b".text.unlikely"[..], false));
        assert_eq!(of_input(b".text"), (&b".text"[..], false));
        assert_eq!(of_input(b".data.counter.0"), (&b"counter.0"[..], false));
        assert_eq!(of_input(b".rodata.str1.4"), (&b".rodata.str1.4"[..], true));
        assert_eq!(of_input(b".rodata.main.str1.1"), (&b".rodata.main.str1.1"[..], true));
        assert_eq!(of_input(b".rodata.cst16"), (&b".rodata.cst16"[..], true));
        assert_eq!(of_input(b".literal.f"), (&b".literal.f"[..], true));
        assert_eq!(of_input(b".iram1.5"), (&b".iram1.5"[..], false));
    }
}
