//! `index.html`: every step of the demo on one page, of the reports that the tools have written.

use std::fs;
use std::path::Path;

use lw_cli::Error;
use lw_model::{Report, Verdict};
use lw_render::graph::Graph;
use lw_render::tour::{self, Chapter, Run, Tour};
use serde_json::Value;

use super::{OnPage, STEPS, Step, failed};

/// Where the page is, in the folder of the demo.
pub(super) const INDEX: &str = "index.html";

/// Files that a step writes beside its pages are linked by the flags that name them.
const FILES: [&str; 3] = ["--write", "--html", "--output"];

/// A step with what it has written.
struct Told {
    step: &'static Step,
    chapter: &'static str,
    tables: &'static [&'static str],
    command: String,
    report: Report,
    files: Vec<String>,
    more: String,
}

/// Writes the page.
pub(super) fn write(folder: &Path) -> Result<(), Error> {
    let mut told = Vec::new();
    for step in &STEPS {
        if let OnPage::In(chapter, tables) = step.on_page {
            told.push(tell(step, chapter, tables, folder)?);
        }
    }
    let mut chapters: Vec<Chapter<'_>> = Vec::new();
    for told in &told {
        let run = Run {
            says: told.step.says,
            command: &told.command,
            report: &told.report,
            files: told.files.iter().map(String::as_str).collect(),
            tables: told.tables,
            trees: told.report.worst() == Verdict::Pass,
            more: told.more.clone(),
        };
        match chapters.last_mut() {
            Some(chapter) if chapter.title == told.chapter => chapter.runs.push(run),
            _ => chapters.push(Chapter { title: told.chapter, runs: vec![run] }),
        }
    }
    let provoked = told.iter().filter(|told| told.report.worst() > Verdict::Warn).count();
    let summary = format!(
        "An ESP32-C3 firmware from its build to a fleet: {} runs, of which {provoked} were made to fail, ended as they should",
        told.len(),
    );
    let tour = Tour { title: "lw demo", verdict: Verdict::Pass, summary: &summary, chapters };
    let path = folder.join(INDEX);
    let mut text = Vec::new();
    // What is written to is memory.
    tour::write(&tour, &mut text).map_err(failed(&path))?;
    fs::write(&path, text).map_err(failed(&path))
}

fn tell(
    step: &'static Step,
    chapter: &'static str,
    tables: &'static [&'static str],
    folder: &Path,
) -> Result<Told, Error> {
    let path = folder.join(value(step, "--report").unwrap_or_default());
    let bytes = fs::read(&path).map_err(failed(&path))?;
    let report =
        lw_report::read(&bytes).map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
    let mut files: Vec<String> = Vec::new();
    for (flag, value) in pairs(step).filter(|(flag, _)| FILES.contains(flag)) {
        let name =
            if flag == "--write" { value.split_once('=').map_or(value, |(_, name)| name) } else { value };
        let written = folder.join(name);
        if written.is_dir() {
            files.push(format!("{name}/{INDEX}"));
        } else if written.is_file() {
            // What a run that failed would have written is not there.
            files.push(name.to_owned());
        }
    }
    files.extend(value(step, "--report").map(str::to_owned));
    let command = format!("lw {} {}", step.tool.name, step.arguments);
    let more = more(step, folder)?;
    Ok(Told { step, chapter, tables, command, report, files, more })
}

/// The flags of a step with their values.
fn pairs(step: &'static Step) -> impl Iterator<Item = (&'static str, &'static str)> {
    let words = step.arguments.split(' ');
    words.clone().zip(words.skip(1)).filter(|(flag, _)| flag.starts_with("--"))
}

fn value(step: &'static Step, wanted: &str) -> Option<&'static str> {
    pairs(step).find(|(flag, _)| *flag == wanted).map(|(_, value)| value)
}

/// What a step has written that people read: texts as they are shown elsewhere, and what needs what as a picture.
fn more(step: &'static Step, folder: &Path) -> Result<String, Error> {
    let Some(name) = value(step, "--output") else { return Ok(String::new()) };
    let path = folder.join(name);
    let read = || fs::read_to_string(&path).map_err(failed(&path));
    if name.ends_with(".md") {
        return Ok(tour::rendered(name, &markdown(&read()?)));
    }
    if name.ends_with(".cdx.json") {
        let bill: Value = serde_json::from_str(&read()?)
            .map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
        return Ok(graph(&bill).figure("graph", "What needs what"));
    }
    Ok(String::new())
}

/// A text as GitHub shows it. Raw HTML is left in: what is shown is what the tools wrote, which have made all foreign text
/// harmless, and this page is to show it as a pull request or a release does.
fn markdown(text: &str) -> String {
    let mut html = String::new();
    let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_STRIKETHROUGH;
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new_ext(text, options));
    html.replace("<table>", "<div class=\"scroll\"><table>").replace("</table>", "</table></div>")
}

/// Of a CycloneDX document: the components by their references, and what each depends on.
fn graph(bill: &Value) -> Graph {
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut components = list(bill, "components");
    components.extend(bill.pointer("/metadata/component").cloned());
    let name = |reference: &str| {
        let found = components.iter().find(|component| text(component, "bom-ref") == reference);
        found.map(|component| format!("{} {}", text(component, "name"), text(component, "version")))
    };
    let mut graph = Graph::default();
    for dependency in list(bill, "dependencies") {
        let Some(one) = name(&text(&dependency, "ref")) else { continue };
        graph.add(&one);
        for other in list(&dependency, "dependsOn") {
            if let Some(other) = other.as_str().and_then(name) {
                graph.needs(&one, &other);
            }
        }
    }
    graph
}
