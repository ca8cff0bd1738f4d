//! TeamCity, through service messages (jetbrains.com/help/teamcity/service-messages.html).

use std::collections::BTreeSet;

use lw_model::Level;

use super::{by_severity, message_of, path_of, settable, usable, variable};
use crate::context::Vars;
use crate::text::{cut_utf16, one_line};
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust, neutralise};

/// Characters of a message, description or path ("limited by 4000 characters").
const MAX_TEXT: usize = 4000;

/// Characters of an inspection's id, name and category.
const MAX_NAME: usize = 255;

pub(crate) struct TeamCity {
    step: Step,
    context: CiContext,
}

impl TeamCity {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        // The branch and the folder are parameters of the build, which are no variables.
        let context = CiContext {
            commit: vars.get("BUILD_VCS_NUMBER"),
            job: vars.get("TEAMCITY_BUILDCONF_NAME"),
            line_anchor: "#L",
            run_url: vars.get("BUILD_URL"),
            trust: Trust::unknown(
                "TeamCity does not say in its environment whether a build is of a pull request",
            ),
            ..CiContext::default()
        };
        Self { step, context }
    }
}

/// `##teamcity[name key='value' …]`
fn message(name: &str, attributes: &[(&str, &str)]) -> String {
    let mut text = format!("##teamcity[{name}");
    for (key, value) in attributes {
        text.push_str(&format!(" {key}='{}'", escaped(value)));
    }
    text.push_str("]\n");
    text
}

/// The value of an attribute in ASCII, so that no log's encoding can break it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for found in text.chars() {
        match found {
            '\n' => out.push_str("|n"),
            '\r' => out.push_str("|r"),
            '\'' | '|' | '[' | ']' => {
                out.push('|');
                out.push(found);
            }
            ' '..='~' => out.push(found),
            _ => {
                for unit in found.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("|0x{unit:04X}"));
                }
            }
        }
    }
    out
}

impl Provider for TeamCity {
    fn id(&self) -> &'static str {
        "teamcity"
    }

    /// Parameters `env.LW_SIZE_GATE_VERDICT`, which are variables of later steps.
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, warnings) = usable(outputs);
        let messages: String = good
            .iter()
            .map(|(name, value)| {
                let parameter = format!("env.{}", variable(&self.step, name));
                message("setParameter", &[("name", &parameter), ("value", value)])
            })
            .collect();
        let messages = if messages.is_empty() { None } else { Some(Effect::Stdout(messages)) };
        messages.into_iter().chain(warnings).collect()
    }

    fn variables(&self, variables: &[Output]) -> Vec<Effect> {
        let (good, warnings) = settable(variables);
        let set = |(name, value): &(&str, String)| {
            message("setParameter", &[("name", &format!("env.{name}")), ("value", value)])
        };
        let messages: String = good.iter().map(set).collect();
        let messages = if messages.is_empty() { None } else { Some(Effect::Stdout(messages)) };
        messages.into_iter().chain(warnings).collect()
    }

    /// Inspections; what has no file, which an inspection needs, becomes a message of the log. Never of
    /// status `ERROR`, which may fail a build that the gate lets pass.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let mut messages = String::new();
        let mut types = BTreeSet::new();
        for annotation in by_severity(annotations) {
            let rule = one_line(&annotation.rule);
            let rule = cut_utf16(&rule, MAX_NAME);
            let text = message_of(&self.context, annotation);
            let text = cut_utf16(&text, MAX_TEXT);
            let path =
                path_of(&self.context, annotation).filter(|path| path.encode_utf16().count() <= MAX_TEXT);
            let Some(path) = path else {
                let status = if annotation.level == Level::Note { "NORMAL" } else { "WARNING" };
                messages.push_str(&message("message", &[("text", &text), ("status", status)]));
                continue;
            };
            if types.insert(rule.clone().into_owned()) {
                let title = one_line(&neutralise(&annotation.title));
                let description: &str = if title.is_empty() { &rule } else { &title };
                messages.push_str(&message(
                    "inspectionType",
                    &[
                        ("id", &rule),
                        ("name", &rule),
                        ("category", &self.step.tool),
                        ("description", &cut_utf16(description, MAX_TEXT)),
                    ],
                ));
            }
            let line = annotation.location.as_ref().and_then(|place| place.line).map(|line| line.to_string());
            let mut attributes = vec![("typeId", &*rule), ("message", &*text), ("file", path.as_str())];
            if let Some(line) = &line {
                attributes.push(("line", line));
            }
            attributes.push(("SEVERITY", severity(annotation.level)));
            messages.push_str(&message("inspection", &attributes));
        }
        if messages.is_empty() { Vec::new() } else { vec![Effect::Stdout(messages)] }
    }

    /// An artifact of the build.
    fn summary(&self, markdown: &str) -> Vec<Effect> {
        let name = format!("lw-{}.md", self.step.tool);
        vec![
            Effect::Write { path: name.clone().into(), bytes: markdown.as_bytes().to_vec() },
            Effect::Stdout(format!("##teamcity[publishArtifacts '{}']\n", escaped(&name))),
        ]
    }

    /// TeamCity masks only its password parameters.
    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn group_start(&self, id: &str, title: &str, _: u64) -> Vec<Effect> {
        let title = one_line(&neutralise(title));
        vec![Effect::Stdout(message("blockOpened", &[("name", id), ("description", &title)]))]
    }

    fn group_end(&self, id: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout(message("blockClosed", &[("name", id)]))]
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warning => "WARNING",
        Level::Note => "INFO",
    }
}
