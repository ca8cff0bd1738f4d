//! What is handed on: outputs, bake files, variables, and the report.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, Verbatim};
use lw_model::{Align, Cell, Finding, Level, Measure, Report, Table};
use lw_releases::NOT_ENOUGH_HISTORY;
use lw_tag_rules::{Image, tag};
use serde_json::{Value, json};

use crate::args::{Args, Mode};
use crate::decide::{Decision, Fate, Names};
use crate::error::TagError;
use crate::evaluate::Rules;
use crate::event::Event;
use crate::labels::{self, LabelError, Labels};

/// How many rows the table has.
const ROWS: usize = 200;

/// Hands on the tags, and says what became of each.
pub(crate) fn publish(
    args: &Args,
    images: &[Image],
    rules: Rules<'_>,
    event: &Event,
    names: &Names,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let mut enabled: Vec<&str> = Vec::new();
    for image in images.iter().filter(|image| image.enable) {
        if args.latest == Mode::Upstream || !enabled.contains(&image.name.as_str()) {
            enabled.push(&image.name);
        }
    }
    let mut tags = names.tags();
    if args.latest == Mode::Safe && enabled.is_empty() && !images.is_empty() {
        let message = "all images are disabled, so that no tag is given";
        report.add_finding(Finding::new("image-tags/no-image", Level::Error, "images", message));
        tags.clear();
    }
    let version = tags.first().copied().unwrap_or_default();
    let full: Vec<String> = if enabled.is_empty() {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    } else {
        enabled.iter().flat_map(|image| tags.iter().map(move |tag| format!("{image}:{tag}"))).collect()
    };
    let wrap = |error: LabelError| match error {
        LabelError::Rule(error) => Error::from(error),
        LabelError::Tag(error) => Error::from(error),
    };
    let (own_labels, unknown) =
        labels::labels("labels", &args.labels, version, rules, event).map_err(wrap)?;
    let (annotations, _) =
        labels::labels("annotations", &args.annotations, version, rules, event).map_err(wrap)?;
    let levels: Vec<String> = cx
        .variable("DOCKER_METADATA_ANNOTATIONS_LEVELS")
        .unwrap_or_else(|| "manifest".to_owned())
        .split(',')
        .map(str::to_owned)
        .collect();
    let files = bake_files(args, cx, (&full, &enabled, version), &own_labels, &annotations, &levels)?;
    let json = json!({
        "tags": full,
        "tag-names": tags,
        "labels": labels::object(&own_labels),
        "annotations": labels::leveled(&annotations, &levels),
    });
    let between = |given: &Option<Verbatim>, parts: &[String]| {
        parts.join(given.as_ref().map_or("\n", |given| given.0.as_str()))
    };
    let plain: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let mut outputs = vec![
        ("version", version.to_owned()),
        ("tags", between(&args.sep_tags, &full)),
        ("tag-names", between(&args.sep_tags, &plain)),
        ("labels", between(&args.sep_labels, &labels::shown(&own_labels))),
        ("annotations", between(&args.sep_annotations, &labels::leveled(&annotations, &levels))),
        ("json", json.to_string()),
    ];
    outputs.extend(files);
    let exports = exports(cx)?;
    for (name, value) in outputs {
        if exports {
            cx.set_variable(
                format!("DOCKER_METADATA_OUTPUT_{}", name.replace('-', "_").to_uppercase()),
                value.clone(),
            )?;
        }
        cx.output(name, value);
    }
    let held: Vec<&str> = of(names, Fate::Held).map(|decision| decision.tag.as_str()).collect();
    cx.output("held", held.join("\n"));
    tell(args, event, names, &unknown, report);
    if !tags.is_empty() || enabled.is_empty() == images.is_empty() {
        table(names, report);
    }
    report.measures.push(Measure::count("image-tags.tags", tags.len() as u64).label("tags"));
    report.measures.push(Measure::count("image-tags.images", enabled.len() as u64).label("images"));
    report.measures.push(Measure::count("image-tags.held", held.len() as u64).label("tags that do not move"));
    cx.figure(match tags.as_slice() {
        [] => "no tag".to_owned(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    });
    let missing: Vec<&Decision> = of(names, Fate::NotKnown).collect();
    if let Some(first) = missing.first() {
        cx.exit_with(NOT_ENOUGH_HISTORY);
        let list: Vec<&str> = missing.iter().map(|decision| decision.tag.as_str()).collect();
        return Err(Error::input(format!(
            "nothing shows whether {} may move to {}: {}",
            list.join(", "),
            event.words(),
            first.why
        ))
        .hint(FETCH));
    }
    if tags.is_empty() && enabled.is_empty() == images.is_empty() {
        let level = match (args.latest, args.allow_no_tag) {
            (_, true) => Level::Note,
            (Mode::Upstream, _) => Level::Warning,
            (Mode::Safe, _) => Level::Error,
        };
        let message = format!("no tag came out for {}", event.words());
        report.add_finding(Finding::new("image-tags/no-tag", level, "tags", message));
    }
    cx.judge(report, None);
    Ok(())
}

const FETCH: &str = "fetch all tags and the history: actions/checkout does so with `fetch-depth: 0` (and is quick with `filter: blob:none`), \
GitLab with `GIT_DEPTH: 0`; in a clone, `git fetch --unshallow --tags --filter=blob:none origin`. Rules that name one release only \
need none of it: with `flavor: latest=false` and {{version}} alone";

fn of(names: &Names, fate: Fate) -> impl Iterator<Item = &Decision> {
    names.decisions.iter().filter(move |decision| decision.fate == fate)
}

/// Whether variables are set for the later steps: where the CI has such a thing, unless they are not wanted.
fn exports(cx: &Context) -> Result<bool, Error> {
    const NAME: &str = "DOCKER_METADATA_SET_OUTPUT_ENV";
    let Some(value) = cx.variable(NAME) else { return Ok(cx.can_set_variables()) };
    match value.trim() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(TagError::Variable { name: NAME, value, expected: "true or false" }.into()),
    }
}

/// Writes the bake files, where there is a folder for them.
fn bake_files(
    args: &Args,
    cx: &Context,
    (full, images, version): (&[String], &[&str], &str),
    own_labels: &Labels,
    annotations: &Labels,
    levels: &[String],
) -> Result<Vec<(&'static str, String)>, Error> {
    let Some(folder) = args.bake_folder.clone().or_else(|| cx.job_folder()) else { return Ok(Vec::new()) };
    let mut arguments = json!({ "DOCKER_META_IMAGES": images.join(",") });
    if !version.is_empty() {
        arguments["DOCKER_META_VERSION"] = Value::String(version.to_owned());
    }
    let tags = ("tags", json!(full));
    let labels = ("labels", labels::object(own_labels));
    let arguments = ("args", arguments);
    let annotations = ("annotations", json!(labels::leveled(annotations, levels)));
    let files = [
        ("bake-file-tags", "-tags", vec![tags.clone(), arguments.clone()]),
        ("bake-file-labels", "-labels", vec![labels.clone()]),
        ("bake-file-annotations", "-annotations", vec![annotations]),
        ("bake-file", "", vec![tags, labels, arguments]),
    ];
    let mut written = Vec::new();
    for (output, suffix, what) in files {
        let path: PathBuf = folder.join(format!("docker-metadata-action-bake{suffix}.json"));
        let text = labels::bake(&args.bake_target, &what);
        cx.write(&path, |out| out.write_all(text.as_bytes()))?;
        written.push((output, shown(cx, &path)));
    }
    Ok(written)
}

/// The path as a later step can use it.
fn shown(cx: &Context, path: &Path) -> String {
    if path.is_absolute() { path.to_string_lossy().into_owned() } else { cx.display_path(path) }
}

/// Says what became of the tags that are not given as they were meant.
fn tell(args: &Args, event: &Event, names: &Names, unknown: &[&'static str], report: &mut Report) {
    for decision in &names.decisions {
        let (tag, why) = (&decision.tag, &decision.why);
        match decision.fate {
            Fate::Held => {
                let message = format!("{tag}: no, {why}");
                report.add_finding(Finding::new("image-tags/held", Level::Note, tag, message));
            }
            Fate::Refused => {
                let is_cut = event.tag().is_some() && why.contains("pre-release");
                let rule = if is_cut { "cut-from-pre-release" } else { "reserved-name" };
                let message = format!("{tag}: refused, {why}");
                report.add_finding(Finding::new(format!("image-tags/{rule}"), Level::Error, tag, message));
            }
            Fate::NotKnown => {
                let message = format!("{tag}: not known, {why}");
                report.add_finding(Finding::new("image-tags/not-enough-history", Level::Error, tag, message));
            }
            Fate::Given => {
                if args.latest == Mode::Upstream && !tag::is_valid(tag) {
                    let message = format!("{tag} is no tag that a registry takes");
                    report.add_finding(Finding::new("image-tags/invalid-tag", Level::Warning, tag, message));
                } else if let Some(before) = decision.before.as_ref().filter(|_| args.latest == Mode::Safe) {
                    let message = format!("{tag} is what a registry takes of {before}");
                    report.add_finding(Finding::new("image-tags/changed-name", Level::Note, tag, message));
                }
            }
        }
    }
    for (rule, why) in &names.nothing {
        let message = format!("{rule}: no tag, {why}");
        report.add_finding(Finding::new("image-tags/nothing-given", Level::Note, rule, message));
    }
    let unknown: Vec<&str> = unknown.iter().copied().filter(|key| !key.ends_with(".version")).collect();
    if !unknown.is_empty() {
        let message =
            format!("nobody says what these labels are, so that they are empty: {}", unknown.join(", "));
        report.add_finding(Finding::new("image-tags/unknown-label", Level::Note, "labels", message));
    }
}

fn table(names: &Names, report: &mut Report) {
    let columns = [("Tag", Align::Left), ("Given", Align::Left), ("Why", Align::Left), ("Rule", Align::Left)];
    let mut table = Table::new("tags", "Tags", &columns);
    for decision in names.decisions.iter().take(ROWS) {
        let fate = match decision.fate {
            Fate::Given => "yes",
            Fate::Held => "no",
            Fate::Refused => "refused",
            Fate::NotKnown => "not known",
        };
        table.rows.push(vec![
            Cell::Code(decision.tag.clone()),
            Cell::Text(fate.to_owned()),
            Cell::Text(decision.why.clone()),
            Cell::Code(decision.rule.clone()),
        ]);
    }
    if names.decisions.len() > ROWS {
        table.note = Some(format!("The first {ROWS} of {} tags.", names.decisions.len()));
    }
    if !table.rows.is_empty() {
        report.tables.push(table);
    }
}
