//! The pages as a browser lays them out, on a telephone, in half a screen and on a whole one: nothing is cut, the page
//! itself never scrolls sideways, and what is too wide scrolls in its own box.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::{root, skip};
use serde_json::Value;

use crate::support::{binary, copy_tree, must, say, which};

/// Of a telephone, of a window beside another, of a screen.
const WIDTHS: [u32; 3] = [400, 900, 1600];

/// Lays out every page in a frame of every width and says what is wrong with it.
const JUDGE: &str = r#"
const found = [];
const wait = [...document.querySelectorAll('iframe')].map(frame => new Promise(done => {
  const look = () => {
    const page = frame.contentDocument, width = frame.clientWidth;
    const say = what => found.push({page: frame.dataset.page, width, what});
    page.querySelectorAll('details').forEach(part => { part.open = true; });
    if (page.documentElement.scrollWidth > width) say('the page is ' + page.documentElement.scrollWidth + ' wide');
    const of = name => frame.contentWindow.getComputedStyle(page.body)[name].match(/\d+/g).slice(0, 3);
    const light = colour => { const [r, g, b] = of(colour).map(part => { const c = part / 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
    const ground = light('backgroundColor'), ink = light('color');
    if ((ground < .2) !== isDark) say('the background is that of the other scheme: ' + of('backgroundColor'));
    // WCAG 2, success criterion 1.4.3.
    if ((Math.max(ground, ink) + .05) / (Math.min(ground, ink) + .05) < 4.5) say('the text is hard to read');
    if (!page.querySelector('h1') || page.body.clientHeight < 50) say('the page is empty');
    for (const element of page.querySelectorAll('body *')) {
      const box = element.getBoundingClientRect();
      if (element.closest('svg, .scroll') && element.className !== 'scroll') continue;
      if (box.width > 0 && box.right > width + 1) say('cut: ' + element.tagName + ' ' + element.textContent.slice(0, 40));
    }
    for (const box of page.querySelectorAll('.scroll')) {
      if (frame.contentWindow.getComputedStyle(box).overflowX !== 'auto') say('a box that does not scroll');
      const folds = !box.classList.contains('picture') && !box.querySelector('table.source');
      if (width !== 900 && folds && box.scrollWidth > box.clientWidth + 1) say('a table is not whole: ' + box.textContent.slice(0, 60));
    }
    done();
  };
  if (frame.contentDocument.readyState === 'complete' && frame.contentDocument.URL !== 'about:blank') look();
  else frame.addEventListener('load', look);
}));
Promise.all(wait).then(() => {
  const list = document.createElement('pre');
  list.id = 'found';
  list.textContent = JSON.stringify(found) + ' of ' + wait.length;
  document.body.append(list);
});
"#;

fn browser() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome", "chrome"].into_iter().find_map(which);
    found.or_else(|| skip("there is no Chromium; .ci/e2e-setup installs it"))
}

/// All pages below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The pages of every tool, of the example firmware.
fn made(folder: &Path) -> PathBuf {
    let folder = folder.join("made");
    let example = root().join("examples/firmware/esp32c3");
    copy_tree(&example, &folder, &["target"]);
    std::fs::copy(root().join("examples/firmware/host-tests/coverage.info"), folder.join("coverage.info"))
        .unwrap();
    for (arguments, code) in [
        (
            "size-gate --elf baseline/firmware.elf --map baseline/firmware.map --bin baseline/firmware.bin \
             --partitions partitions.csv --report before.json",
            0,
        ),
        (
            "size-gate --elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv \
             --baseline before.json --max-growth image.bytes=1% --max ram.bytes=warn:40000,fail:150000 \
             --write html=size.html",
            1,
        ),
        (
            "coverage-gate --coverage coverage.info --min-line 65% --write html=coverage.html --html coverage-html",
            0,
        ),
        (
            "ota-package package --firmware firmware.bin --board led-node --version v1.1.0 --partitions partitions.csv \
             --from baseline/firmware.bin --output led-node.ota --write html=ota.html",
            0,
        ),
        ("ota-package inspect firmware.bin --write html=inspect.html", 0),
    ] {
        let said = say(Command::new(binary()).args(arguments.split_whitespace()).current_dir(&folder));
        assert_eq!(said.code, code, "{arguments}\n{}\n{}", said.stdout, said.stderr);
    }
    folder
}

#[test]
fn pages_are_whole_at_every_width() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut all = pages(&made(folder.path()));
    assert!(all.len() >= 8, "{all:?}");
    // The pages of the demo, which has something of every tool.
    let demo = folder.path().join("demo");
    must(Command::new(binary()).arg("demo").arg("--out").arg(&demo).env_clear());
    all.extend(pages(&demo));
    assert!(all.len() > 20, "{all:?}");
    all.extend(pages(&root().join("crates/core/render/tests/golden")));
    for scheme in [Scheme::Light, Scheme::Dark] {
        judged(&browser, folder.path(), &all, &WIDTHS, scheme);
    }
    let Some(pictures) = crate::support::env("LW_PICTURES") else { return };
    for page in pages(&demo).iter().filter(|page| page.parent() == Some(&demo)) {
        for (width, scheme) in
            WIDTHS.into_iter().flat_map(|width| [(width, Scheme::Light), (width, Scheme::Dark)])
        {
            let name = format!("{}-{width}-{scheme:?}.png", page.file_stem().unwrap().to_string_lossy());
            must(
                headless(&browser, &folder.path().join("profile-of-pictures"))
                    .args(["--hide-scrollbars", "--force-device-scale-factor=1"])
                    .arg(scheme.flag())
                    .arg(format!("--window-size={width},2400"))
                    .arg(format!("--screenshot={}", root().join(&pictures).join(name).display()))
                    .arg(format!("file://{}", page.display())),
            );
        }
    }
}

/// What the reader's system prefers.
#[derive(Clone, Copy, Debug)]
enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    /// Of Chromium: `PreferredColorScheme` of its `web_pref.mojom`.
    fn flag(self) -> &'static str {
        match self {
            Self::Dark => "--blink-settings=preferredColorScheme=0",
            Self::Light => "--blink-settings=preferredColorScheme=1",
        }
    }
}

/// Of a conversation on a telephone, and on a screen.
const OF_COMMENTS: [u32; 2] = [400, 900];

/// What GitHub's own style does to a comment, as far as it takes room: sizes, and tables that scroll by themselves.
const LIKE_GITHUB: &str = "body { margin: 0; background: #fff; color: #1f2328; font: 14px/1.5 -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif }
main { margin: 16px; border: 1px solid #d1d9e0; border-radius: 6px }
h1 { font-size: 14px; font-weight: 600; margin: 0; padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0 }
article { padding: 16px; overflow-wrap: break-word }
h2 { font-size: 1.5em; line-height: 1.25; margin: 0 0 16px; padding-bottom: .3em; border-bottom: 1px solid #d1d9e0b3 }
p, ul, table, .scroll { margin: 0 0 16px } ul { padding-left: 2em } li p { margin: 0 }
code { font: 85%/1.5 ui-monospace, 'Liberation Mono', monospace; background: #818b981f; padding: .2em .4em; border-radius: 6px; white-space: break-spaces }
.scroll { overflow-x: auto; max-width: 100% } table { border-collapse: collapse; width: max-content; margin: 0 }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px } tr:nth-child(2n) { background: #f6f8fa }
a { color: #0969da } summary { cursor: pointer } details { margin-bottom: 8px }";

/// A comment as GitHub shows it, near enough.
fn like_github(markdown: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    // GitHub lets some elements through, `details` among them; that no foreign text is one, lw-render's own tests show.
    options.render.r#unsafe = true;
    let mut body = comrak::markdown_to_html(markdown, &options);
    // A machine for tests has no font with these.
    for (mark, colour, sign) in [
        ("✅", "#1a7f37", "M4 8l3 3 5-6"),
        ("❌", "#d1242f", "M5 5l6 6M11 5l-6 6"),
        ("💥", "#d1242f", "M8 4v5M8 11v1"),
        ("⚠️", "#9a6700", "M8 4v5M8 11v1"),
        ("❔", "#59636e", "M6 6q2-3 4 0q0 2-2 3M8 11v1"),
    ] {
        let picture = format!(
            "<svg width=\"1em\" height=\"1em\" viewBox=\"0 0 16 16\" style=\"vertical-align:-.1em\"><rect width=\"16\" height=\"16\" rx=\"3\" fill=\"{colour}\"/><path d=\"{sign}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2\"/></svg>"
        );
        body = body.replace(mark, &picture);
    }
    let body = body
        .replace("<table>", "<div class=\"scroll picture\"><table>")
        .replace("</table>", "</table></div>");
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>A comment</title><style>{LIKE_GITHUB}</style><main><h1>github-actions bot</h1><article>{body}</article></main></html>"
    )
}

/// The comments of a pipeline whose firmware has grown too much, of one where all is well, and of one whose names are long.
fn comments(folder: &Path) -> Vec<PathBuf> {
    let work = made(folder);
    let long = "a_name_without_any_space_that_goes_on_".repeat(8);
    let failing = "size-gate --elf firmware.elf --map firmware.map --bin firmware.bin --partitions partitions.csv --baseline before.json \
         --max-growth image.bytes=1% --max ram.bytes=warn:40000,fail:150000 --report reports/size.json";
    let lines = [
        (failing.to_owned(), 1),
        (
            "coverage-gate --coverage coverage.info --min-line 65% --report reports/coverage.json".to_owned(),
            0,
        ),
        ("size-gate --bin firmware.bin --max image.bytes=1MiB --report good/size.json".to_owned(), 0),
        (
            format!(
                "size-gate --bin firmware.bin --title {long} --max image.bytes=1KiB --max file.{long}=1 --report long/size.json"
            ),
            2,
        ),
    ];
    for (line, code) in &lines {
        let said = say(Command::new(binary()).args(line.split_whitespace()).current_dir(&work));
        assert_eq!(said.code, *code, "{line}\n{}\n{}", said.stdout, said.stderr);
    }
    let mut made = Vec::new();
    for name in ["reports", "good", "long"] {
        let arguments = "pr-comment --any-commit --dry-run --fail-on never --reports";
        let said = say(Command::new(binary())
            .args(arguments.split_whitespace())
            .args([&format!("{name}/*.json"), "--output", &format!("{name}.md")])
            .current_dir(&work));
        assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
        let page = folder.join(format!("{name}.html"));
        let markdown = std::fs::read_to_string(work.join(format!("{name}.md"))).unwrap();
        std::fs::write(&page, like_github(&markdown)).unwrap();
        made.push(page);
    }
    made
}

/// `LW_PICTURES=FOLDER` keeps the comment as a picture, as the documentation shows it.
#[test]
fn comments_are_whole_on_a_telephone_and_on_a_screen() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let all = comments(folder.path());
    judged(&browser, folder.path(), &all, &OF_COMMENTS, Scheme::Light);
    let Some(pictures) = crate::support::env("LW_PICTURES") else { return };
    for width in OF_COMMENTS {
        for page in &all {
            let name = format!("comment-{}-{width}.png", page.file_stem().unwrap().to_string_lossy());
            must(
                headless(&browser, &folder.path().join("profile-of-pictures"))
                    .args(["--hide-scrollbars", "--force-device-scale-factor=1"])
                    .arg(format!("--window-size={width},620"))
                    .arg(format!("--screenshot={}", root().join(&pictures).join(name).display()))
                    .arg(format!("file://{}", page.display())),
            );
        }
    }
}

fn headless(browser: &Path, profile: &Path) -> Command {
    let mut command = Command::new(browser);
    // Tests run as root, where Chromium has no sandbox; the pages are our own.
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command
}

/// Lays out pages at these widths, in one of the schemes; nothing may be wrong with any.
fn judged(browser: &Path, folder: &Path, all: &[PathBuf], widths: &[u32], scheme: Scheme) {
    let mut judge = String::from("<!DOCTYPE html><meta charset=\"utf-8\"><body>");
    for page in all {
        for width in widths {
            let page = page.display();
            let _ = write!(
                judge,
                "<iframe data-page=\"{page}\" src=\"file://{page}\" style=\"width:{width}px;height:2000px;border:0\"></iframe>"
            );
        }
    }
    let is_dark = matches!(scheme, Scheme::Dark);
    let _ = write!(judge, "<script>const isDark = {is_dark};{JUDGE}</script>");
    let file = folder.join("judge.html");
    std::fs::write(&file, judge).unwrap();
    let dom = must(
        headless(browser, &folder.join("profile"))
            .args(["--virtual-time-budget=60000", "--dump-dom"])
            .arg(scheme.flag())
            .arg(format!("file://{}", file.display())),
    );
    let (_, told) =
        dom.split_once("<pre id=\"found\">").unwrap_or_else(|| panic!("no judgement in\n{dom:.2000}"));
    let (found, count) = told.split_once("</pre>").unwrap().0.rsplit_once(" of ").unwrap();
    assert_eq!(count.parse::<usize>().unwrap(), all.len() * widths.len());
    let found: Vec<Value> =
        serde_json::from_str(&found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).unwrap();
    let told: Vec<String> = found
        .iter()
        .map(|fault| format!("{} at {}: {}", fault["page"], fault["width"], fault["what"]))
        .collect();
    assert!(told.is_empty(), "{} faults\n{}", told.len(), told.join("\n"));
}
