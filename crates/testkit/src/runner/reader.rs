//! The output of scripts: plain lines, and commands that take effect at once.

use std::collections::BTreeMap;
use std::path::Path;

use super::issue::{Annotation, Kind};
use super::{Command, Masks, command};

/// What a step of the job gathers, over all steps of its action.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) annotations: Vec<Annotation>,
    pub(super) summary: String,
    pub(super) log: String,
    pub(super) masks: Vec<String>,
    pub(super) commands: Vec<Command>,
}

impl Gathered {
    pub(super) fn say(&mut self, masks: &Masks, line: &str) {
        self.log.push_str(&masks.apply(line));
        self.log.push('\n');
    }

    pub(super) fn annotate(&mut self, masks: &Masks, annotation: Annotation) {
        let annotation = annotation.limited(masks);
        let tag = match annotation.kind {
            Kind::Error => "##[error]",
            Kind::Warning => "##[warning]",
            Kind::Notice => "##[notice]",
        };
        self.say(masks, &format!("{tag}{}", annotation.message));
        self.annotations.push(annotation);
    }

    pub(super) fn error(&mut self, masks: &Masks, message: &str) {
        self.annotate(masks, Annotation::plain(Kind::Error, message));
    }
}

/// Reads the output of one script, where commands take effect at once.
pub(super) struct Reader<'a> {
    pub(super) masks: &'a mut Masks,
    pub(super) workspace: &'a Path,
    pub(super) gathered: &'a mut Gathered,
    pub(super) outputs: BTreeMap<String, String>,
    /// The token that ends a `stop-commands`.
    pub(super) stop: Option<String>,
    pub(super) echo: bool,
    pub(super) failed: bool,
}

impl Reader<'_> {
    pub(super) fn line(&mut self, line: &str) {
        let stop = self.stop.clone();
        let is_stop = |name: &str| stop.as_deref().is_some_and(|token| token.eq_ignore_ascii_case(name));
        let known = |name: &str| command::is_registered(name) || is_stop(name);
        let Some(command) = command::parse(line, &known) else { return self.gathered.say(self.masks, line) };
        if stop.is_some() {
            self.gathered.say(self.masks, line);
            if is_stop(&command.name) {
                self.stop = None;
            }
            return;
        }
        match self.carry_out(&command, line) {
            Ok(()) => self.gathered.commands.push(command),
            Err(error) => {
                self.gathered.error(self.masks, &format!("Unable to process command '{line}' successfully."));
                self.gathered.error(self.masks, &error);
                self.failed = true;
            }
        }
    }

    fn carry_out(&mut self, command: &Command, line: &str) -> Result<(), String> {
        let name = command.name.to_ascii_lowercase();
        let required = |key: &str| {
            command
                .properties
                .get(key)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("Required field '{key}' is missing in ##[{name}] command."))
        };
        if let Some(kind) = Kind::of(&name) {
            let annotation = Annotation::from_command(kind, command, self.workspace);
            self.gathered.annotate(self.masks, annotation);
            return Ok(());
        }
        let silent = matches!(name.as_str(), "add-mask" | "debug" | "stop-commands");
        if self.echo && !silent {
            self.gathered.say(self.masks, line);
        }
        match name.as_str() {
            "add-mask" => {
                if command.data.trim().is_empty() {
                    let text = "Can't add secret mask for empty string in ##[add-mask] command.";
                    self.gathered.annotate(self.masks, Annotation::plain(Kind::Warning, text));
                } else {
                    self.masks.add(&command.data);
                    self.gathered.masks.push(command.data.clone());
                }
            }
            "set-output" => {
                let text = "The `set-output` command is deprecated and will be disabled soon.";
                self.gathered.annotate(self.masks, Annotation::plain(Kind::Warning, text));
                self.outputs.insert(required("name")?.clone(), command.data.clone());
            }
            "save-state" => {
                let text = "The `save-state` command is deprecated and will be disabled soon.";
                self.gathered.annotate(self.masks, Annotation::plain(Kind::Warning, text));
                required("name")?;
            }
            "set-env" | "add-path" => return Err(format!("The `{name}` command is disabled.")),
            "stop-commands" => {
                let token = &command.data;
                let bad = token.is_empty()
                    || command::is_registered(token)
                    || token.eq_ignore_ascii_case("pause-logging");
                if bad {
                    return Err(
                        "You cannot use a endToken that is an empty string, the string 'pause-logging', \
                                or another workflow command."
                            .into(),
                    );
                }
                self.gathered.say(self.masks, line);
                self.stop = Some(token.clone());
            }
            "echo" => match command.data.trim().to_ascii_lowercase().as_str() {
                "on" => self.echo = true,
                "off" => self.echo = false,
                _ => return Err(format!("Invalid echo command value '{}'.", command.data)),
            },
            "group" => self.gathered.say(self.masks, &format!("##[group]{}", command.data)),
            "endgroup" => self.gathered.say(self.masks, "##[endgroup]"),
            "add-matcher" if !command.data.is_empty() && !self.workspace.join(&command.data).is_file() => {
                return Err(format!("Could not find file '{}'.", command.data));
            }
            "remove-matcher" => {
                required("owner")?;
            }
            // `debug` is shown in debug logs only.
            _ => {}
        }
        Ok(())
    }
}
