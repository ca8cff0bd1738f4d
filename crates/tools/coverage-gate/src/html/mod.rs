//! The report as a folder of pages: an index, and each source with its hits beside the lines.
//!
//! No script, no external resource. The style sheet is a file of its own, because Jenkins serves reports under a
//! policy that drops styles inside a page. Pages are well-formed XML, which lets a test prove that no name and no
//! line of source becomes markup.

mod index;
mod markup;
mod source;

use std::collections::BTreeSet;
use std::hash::Hasher as _;
use std::path::Path;

use fnv::FnvHasher;
use lw_cli::{Context, Error, parallel};
use lw_coverage::{Coverage, FileCoverage, Metric};
use lw_history::{Diff, HistoryError, Repository};
use lw_model::Report;
use lw_model::lists::filled;

use crate::grade::Floors;
use crate::patch::Patch;

/// Light and dark by the reader's preference, in the tokens of the report's own page.
const STYLE: &str = include_str!("style.css");

/// Folder of the pages of sources.
const PAGES: &str = "files";

/// Longest readable part of a page's name, in bytes.
const NAME: usize = 120;

/// Writes the folder. Pages of an earlier run that are not overwritten stay.
///
/// # Errors
/// When a page cannot be written.
pub(crate) fn write(
    folder: &Path,
    cx: &Context,
    coverage: &Coverage,
    change: Option<(&Diff, &Patch)>,
    report: &Report,
) -> Result<(), Error> {
    cx.write(&folder.join("style.css"), |out| out.write_all(STYLE.as_bytes()))?;
    let pages = folder.join(PAGES);
    let out = cx.files();
    out.make_folder(&pages)?;
    let shown = out.shown(tracked(cx.root()));
    let files: Vec<(&String, &FileCoverage)> = coverage.files.iter().collect();
    let floors = Metric::ALL.map(|metric| Floors::of(report, metric.name()));
    let progress = cx.progress("Writing pages", Some(files.len() as u64));
    let written = parallel::map(&files, |(path, file)| {
        progress.advance(1);
        let changed = change.and_then(|(diff, _)| diff.file(path)).map(|file| &file.added);
        let source = shown.text(path);
        // The index, written last, is synced.
        out.write_page(&pages.join(page_name(path)), &mut |out| {
            source::page(path, file, &source, changed, &floors, out)
        })
    });
    written.into_iter().collect::<Result<(), Error>>()?;
    let page = index::page(coverage, change.map(|(_, patch)| patch), report);
    cx.write(&folder.join("index.html"), |out| out.write_all(page.as_bytes()))
}

/// The files whose text may stand in a page that is published: those of the commit. `None` where there is no
/// repository; where there is one that cannot be read, none.
fn tracked(root: &Path) -> Option<BTreeSet<String>> {
    match Repository::open(root) {
        Ok(repository) => Some(filled(repository.files("HEAD").unwrap_or_default())),
        Err(HistoryError::NotARepository { .. }) => None,
        Err(_) => Some(BTreeSet::new()),
    }
}

/// Name of the page of a file: readable, and its own on every file system, also where `A` and `a` are one.
fn page_name(path: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = path.chars().map(plain).collect();
    let tail = name.get(name.len().saturating_sub(NAME)..).unwrap_or(&name).trim_start_matches('.');
    // The same on every machine.
    let mut hasher = FnvHasher::default();
    hasher.write(path.as_bytes());
    format!("{tail}-{:016x}.html", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_safe_names_of_their_own() {
        let name = page_name("src/a.c");
        assert!(name.starts_with("src_a.c-") && name.ends_with(".html"), "{name}");
        assert_eq!(name, page_name("src/a.c"));
        assert_ne!(page_name("src/A.c").to_lowercase(), page_name("src/a.c").to_lowercase());
        for path in ["../../etc/passwd", "C:\\x<>|?*", "né/日本.c", &"x/".repeat(300), ""] {
            let name = page_name(path);
            assert!(
                name.len() < 160 && !name.starts_with('.') && !name.contains(['/', '\\', ':', '<', '?']),
                "{name}"
            );
        }
    }
}
