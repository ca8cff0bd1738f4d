//! Which line of the repository a failure is about.

use std::cell::OnceCell;
use std::path::Path;

use lw_cli::Context;
use lw_coverage::paths::{Mapper, RepoIndex};
use lw_hashed::HashMap;
use lw_history::Repository;
use lw_model::Location;
use lw_results::Case;

/// Words of a trace that are looked at: a trace of any length has few.
const MAX_WORDS: usize = 2_000;

/// Finds places in the repository. What it has is asked for when the first failure needs it.
pub(crate) struct Places<'a> {
    cx: &'a Context,
    index: OnceCell<Option<RepoIndex>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(cx: &'a Context) -> Self {
        Self { cx, index: OnceCell::new() }
    }

    /// The place of a test that is not green: the first place in its message or trace that is in the repository, where it
    /// names no file of its own.
    pub(crate) fn of(&self, case: &Case) -> Option<Location> {
        if let Some(file) = case.file.as_deref() {
            return self.find(file, case.line, "");
        }
        let evidence = case.last.evidence.as_deref()?;
        let texts = [&evidence.message, &evidence.detail, &evidence.output];
        let mut known: HashMap<String, Option<Location>> = HashMap::new();
        for (file, line) in texts.into_iter().flat_map(|text| mentioned(text)).take(MAX_WORDS) {
            let found = known.entry(file.to_owned()).or_insert_with(|| self.find(file, Some(1), &case.class));
            if let Some(Location { path, .. }) = found {
                return Some(Location::line(path.clone(), line));
            }
        }
        None
    }

    fn find(&self, file: &str, line: Option<u32>, class: &str) -> Option<Location> {
        let path = self.path(file, class)?;
        Some(line.map_or_else(|| Location::file(&path), |line| Location::line(&path, line)))
    }

    fn path(&self, file: &str, class: &str) -> Option<String> {
        let index = self.index.get_or_init(|| {
            let files = Repository::open(self.cx.root()).ok()?.files("HEAD").ok()?;
            Some(files.into_iter().collect())
        });
        let Some(index) = index else { return self.on_disk(file) };
        let mut mapper = Mapper::new(index);
        if let Some(root) = self.cx.root().to_str() {
            mapper = mapper.strip_prefix(root);
        }
        let working = self.cx.display_path(Path::new("."));
        let mapper = mapper.working_folder(&working);
        // Go names files without their package, which is the class.
        let is_bare = !file.contains(['/', '\\']);
        let of_package = is_bare.then(|| mapper.resolve(&format!("{class}/{file}")).ok().flatten());
        // An end that several files have is no place: a wrong one is worse than none.
        of_package
            .flatten()
            .or_else(|| mapper.resolve(file).ok().flatten())
            .map(str::to_owned)
            .or_else(|| self.on_disk(file))
    }

    /// Where there is no repository, or the file is in no commit: the file itself.
    fn on_disk(&self, file: &str) -> Option<String> {
        let root = self.cx.root();
        let path = Path::new(file);
        let relative = if path.is_absolute() { path.strip_prefix(root).ok()? } else { path };
        let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        (plain && root.join(relative).is_file()).then(|| relative.to_string_lossy().replace('\\', "/"))
    }
}

/// The files with a line in a text, in order: `src/a.c:12`, `a.py:3: AssertionError`, `(/w/a.js:4:23)`, `File "a.py", line 3`.
fn mentioned(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.lines().flat_map(|line| {
        let python = line.trim_start().strip_prefix("File \"").and_then(|rest| {
            let (file, rest) = rest.split_once('"')?;
            let rest = rest.strip_prefix(", line ")?;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            Some((file, digits.parse().ok()?))
        });
        python
            .into_iter()
            .chain(line.split([' ', '\t', '(', ')', '[', ']', '"', '\'', '<', '>', ',']).filter_map(word))
    })
}

/// `src/a.c:12:4:` and the like; a number alone after the first `:` that is followed by one.
fn word(word: &str) -> Option<(&str, u32)> {
    let word = word.strip_prefix("file://").unwrap_or(word);
    word.match_indices(':').find_map(|(at, _)| {
        let (file, rest) = word.split_at(at);
        let digits = rest.get(1..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let after = digits.get(end..)?;
        let line: u32 = digits.get(..end)?.parse().ok().filter(|line| *line > 0)?;
        let fits = after.is_empty() || after.starts_with(':') || after.starts_with('.');
        // A file has a name with a dot in it: `12:30:01` and `localhost:80` are none.
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        (fits && name.len() > 2 && name.trim_matches('.').contains('.')).then_some((file, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_as_tools_write_them() {
        for (text, expected) in [
            ("src/a.c:12: Failure", Some(("src/a.c", 12))),
            ("test_a.py:3: AssertionError", Some(("test_a.py", 3))),
            ("    at Object.<anonymous> (/w/x/a.test.js:4:23)", Some(("/w/x/a.test.js", 4))),
            ("    at file:///w/a.mjs:9:1", Some(("/w/a.mjs", 9))),
            ("  File \"/w/t/test_a.py\", line 7, in test_x", Some(("/w/t/test_a.py", 7))),
            ("thread 't' panicked at src/lib.rs:12:5:", Some(("src/lib.rs", 12))),
            ("    calc_test.go:12: no", Some(("calc_test.go", 12))),
            ("\tat a.b.C.d(CTest.java:31)", Some(("CTest.java", 31))),
            ("C:\\w\\a.cpp:4", Some(("C:\\w\\a.cpp", 4))),
            ("at 12:30:01 localhost:80 said x:1", None),
            ("src/a.c:0", None),
            ("src/a.c:99999999999", None),
            ("", None),
        ] {
            assert_eq!(mentioned(text).next(), expected, "{text}");
        }
    }
}
