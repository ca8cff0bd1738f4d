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
    // The page of the demo, which has something of every tool.
    let demo = folder.path().join("demo");
    must(Command::new(binary()).arg("demo").arg("--out").arg(&demo).env_clear());
    all.push(demo.join("index.html"));
    all.extend(pages(&root().join("crates/core/render/tests/golden")));
    let mut judge = String::from("<!DOCTYPE html><meta charset=\"utf-8\"><body>");
    for page in &all {
        for width in WIDTHS {
            let page = page.display();
            let _ = write!(
                judge,
                "<iframe data-page=\"{page}\" src=\"file://{page}\" style=\"width:{width}px;height:2000px;border:0\"></iframe>"
            );
        }
    }
    let _ = write!(judge, "<script>{JUDGE}</script>");
    let file = folder.path().join("judge.html");
    std::fs::write(&file, judge).unwrap();
    let profile = folder.path().join("profile");
    let dom = must(
        Command::new(browser)
            // Tests run as root, where Chromium has no sandbox; the pages are our own.
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
            .args(["--virtual-time-budget=60000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", file.display())),
    );
    let (_, told) =
        dom.split_once("<pre id=\"found\">").unwrap_or_else(|| panic!("no judgement in\n{dom:.2000}"));
    let (found, count) = told.split_once("</pre>").unwrap().0.rsplit_once(" of ").unwrap();
    assert_eq!(count.parse::<usize>().unwrap(), all.len() * WIDTHS.len());
    let found: Vec<Value> =
        serde_json::from_str(&found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).unwrap();
    let told: Vec<String> = found
        .iter()
        .map(|fault| format!("{} at {}: {}", fault["page"], fault["width"], fault["what"]))
        .collect();
    assert!(told.is_empty(), "{} faults\n{}", told.len(), told.join("\n"));
}
