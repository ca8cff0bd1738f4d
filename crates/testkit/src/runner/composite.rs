//! The steps of a job and of the actions they use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cache;
use super::expression::{Contexts, Value};
use super::files::{Pairs, parse_pairs, parse_path};
use super::issue::{Annotation, Kind, keep_first};
use super::manifest::{Manifest, Step};
use super::process::{End, Script, which};
use super::reader::{Gathered, Reader};
use super::upload::Uploads;
use super::{Does, Job, JobResult, JobStep, MAX_SUMMARY, Masks, Outcome, RunError, StepResult};
use super::{host, io_error};

/// Properties of the `github` context that are no variables (`GitHubContext._contextEnvAllowlist`).
const NO_VARIABLE: [&str; 3] = ["token", "event", "action_status"];

pub(super) fn run(job: &Job) -> Result<JobResult, RunError> {
    let temp = tempfile::Builder::new()
        .prefix("lw-runner-")
        .tempdir()
        .map_err(io_error("create a folder in", &std::env::temp_dir()))?;
    // The runner downloads and reads all actions before the first step.
    let mut actions = Vec::new();
    for step in &job.steps {
        actions.push(match &step.does {
            Does::Uses { folder, .. } => Some(Manifest::load(folder)?),
            Does::Run { .. } => None,
        });
    }
    let uses =
        actions.iter().flatten().flat_map(|action| &action.steps).filter_map(|step| step.uses.as_ref());
    for uses in uses {
        let is_cache = job.cache.is_some() && cache::Does::of(uses).is_some();
        let is_upload = job.uploads.is_some() && Uploads::is_meant(uses);
        if !is_cache && !is_upload {
            return Err(RunError::Unresolved { uses: uses.clone() });
        }
    }
    let event = temp.path().join("event.json");
    std::fs::write(&event, "{}").map_err(io_error("write", &event))?;
    let mut state = State {
        job,
        temp: temp.path(),
        github: BTreeMap::from([("event_path".to_owned(), event.to_string_lossy().into_owned())]),
        env: BTreeMap::new(),
        path: Vec::new(),
        masks: Masks::default(),
        steps: BTreeMap::new(),
        failed: false,
        files: 0,
    };
    let mut results = Vec::new();
    for (step, action) in job.steps.iter().zip(&actions) {
        let result = state.step(step, action.as_ref())?;
        state.failed |= result.conclusion == Outcome::Failure;
        state.steps.insert(step.id.clone(), step_context(&result.outputs, result.outcome, result.conclusion));
        results.push(result);
    }
    let conclusion = if state.failed { Outcome::Failure } else { Outcome::Success };
    Ok(JobResult { steps: results, conclusion, env: state.env, path: state.path })
}

fn step_context(outputs: &BTreeMap<String, String>, outcome: Outcome, conclusion: Outcome) -> Value {
    Value::Object(BTreeMap::from([
        ("outputs".to_owned(), Value::object(outputs.clone())),
        ("outcome".to_owned(), Value::Text(outcome.as_str().into())),
        ("conclusion".to_owned(), Value::Text(conclusion.as_str().into())),
    ]))
}

/// What lives as long as the job.
struct State<'a> {
    job: &'a Job,
    temp: &'a Path,
    /// What the `github` context has when the job does not say otherwise.
    github: BTreeMap<String, String>,
    /// Set through `GITHUB_ENV`.
    env: BTreeMap<String, String>,
    /// Added through `GITHUB_PATH`, the last first.
    path: Vec<String>,
    masks: Masks,
    steps: BTreeMap<String, Value>,
    failed: bool,
    /// How many scripts and sets of files there were.
    files: usize,
}

/// What a script said of itself.
struct Ran {
    outputs: BTreeMap<String, String>,
    failed: bool,
}

impl State<'_> {
    fn github(&self, more: &[(&str, String)]) -> BTreeMap<String, String> {
        let mut github = self.github.clone();
        github.extend(self.job.github.clone());
        github.insert("workspace".into(), self.job.workspace.to_string_lossy().into_owned());
        github.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        github
    }

    fn runner(&self) -> BTreeMap<String, String> {
        let mut runner = self.job.runner.clone();
        runner.entry("temp".into()).or_insert_with(|| self.temp.to_string_lossy().into_owned());
        runner
            .entry("tool_cache".into())
            .or_insert_with(|| self.temp.join("tools").to_string_lossy().into_owned());
        runner
    }

    /// Of a job without a matrix it is nothing.
    fn matrix(&self) -> Value {
        let matrix = &self.job.matrix;
        if matrix.is_empty() { Value::Null } else { Value::object(matrix.clone()) }
    }

    fn contexts(&self, github: &BTreeMap<String, String>, steps: &BTreeMap<String, Value>) -> Contexts {
        let mut env = self.job.env.clone();
        env.extend(self.env.clone());
        let named = BTreeMap::from([
            ("github".to_owned(), Value::object(github.clone())),
            ("runner".to_owned(), Value::object(self.runner())),
            ("env".to_owned(), Value::object(env)),
            ("steps".to_owned(), Value::Object(steps.clone())),
            ("matrix".to_owned(), self.matrix()),
        ]);
        Contexts { named, failed: self.failed }
    }

    fn step(&mut self, step: &JobStep, action: Option<&Manifest>) -> Result<StepResult, RunError> {
        let github = self.github(&[]);
        let contexts = self.contexts(&github, &self.steps);
        let mut gathered = Gathered::default();
        let ran = match contexts.condition(&step.condition) {
            Ok(false) => None,
            Ok(true) => Some(match (&step.does, action) {
                (Does::Uses { folder, with }, Some(action)) => {
                    self.action(step, folder, with, action, &contexts, &mut gathered)?
                }
                (Does::Run { shell, script }, _) => {
                    let step = Step {
                        id: Some(step.id.clone()),
                        run: script.clone(),
                        shell: shell.clone(),
                        env: step.env.clone(),
                        ..Step::default()
                    };
                    self.run_step(&step, &[], &github, &contexts, &mut gathered)?
                }
                (Does::Uses { folder, .. }, None) => {
                    return Err(RunError::NoAction { folder: folder.clone() });
                }
            }),
            Err(error) => {
                gathered.error(&self.masks, &error.to_string());
                Some(Ran { outputs: BTreeMap::new(), failed: true })
            }
        };
        let (outputs, outcome) = match ran {
            None => (BTreeMap::new(), Outcome::Skipped),
            Some(Ran { outputs, failed: true }) => (outputs, Outcome::Failure),
            Some(Ran { outputs, failed: false }) => (outputs, Outcome::Success),
        };
        let forgiven = outcome == Outcome::Failure && step.continue_on_error;
        let annotations = keep_first(gathered.annotations.clone());
        let mut shown = annotations.iter().peekable();
        let lost =
            gathered.annotations.into_iter().filter(|item| shown.next_if_eq(&item).is_none()).collect();
        Ok(StepResult {
            id: step.id.clone(),
            outcome,
            conclusion: if forgiven { Outcome::Success } else { outcome },
            outputs,
            annotations,
            lost_annotations: lost,
            summary: gathered.summary,
            log: gathered.log,
            masks: gathered.masks,
            commands: gathered.commands,
        })
    }

    fn action(
        &mut self,
        step: &JobStep,
        folder: &Path,
        with: &[(String, String)],
        action: &Manifest,
        outer: &Contexts,
        gathered: &mut Gathered,
    ) -> Result<Ran, RunError> {
        let failed = |gathered: &mut Gathered, masks: &Masks, message: &str| {
            gathered.error(masks, message);
            Ok(Ran { outputs: BTreeMap::new(), failed: true })
        };
        let mut step_env = Vec::new();
        for (name, value) in &step.env {
            match outer.interpolate(value) {
                Ok(value) => step_env.push((name.clone(), value)),
                Err(error) => return failed(gathered, &self.masks, &error.to_string()),
            }
        }
        let inputs = match self.inputs(with, action, outer, gathered) {
            Ok(inputs) => inputs,
            Err(message) => return failed(gathered, &self.masks, &message),
        };
        // Anyone who can read the log can read the inputs.
        gathered.say(&self.masks, &format!("##[group]Run {}", folder.display()));
        gathered.say(&self.masks, "with:");
        for (name, value) in inputs.iter().filter(|(_, value)| !value.is_empty()) {
            gathered.say(&self.masks, &format!("  {name}: {value}"));
        }
        gathered.say(&self.masks, "##[endgroup]");

        let folder = folder.canonicalize().map_err(io_error("find", folder))?;
        let inputs = Value::object(inputs);
        let mut steps: BTreeMap<String, Value> = BTreeMap::new();
        let mut any_failed = false;
        for (index, inner) in action.steps.iter().enumerate() {
            let mut github = self.github(&[
                ("action_path", folder.to_string_lossy().into_owned()),
                ("action", inner.id.clone().unwrap_or_else(|| format!("__{index}"))),
                ("action_status", if any_failed { "failure".into() } else { "success".into() }),
            ]);
            // The runner takes both from scripts (`ActionRunner.cs`).
            github.remove("action_ref");
            github.remove("action_repository");
            let mut contexts = self.contexts(&github, &steps);
            contexts.named.insert("inputs".into(), inputs.clone());
            contexts.failed = any_failed;
            let (outputs, outcome, conclusion) = match contexts.condition(&inner.condition) {
                Ok(false) => (BTreeMap::new(), Outcome::Skipped, Outcome::Skipped),
                Ok(true) => {
                    let ran = match &inner.uses {
                        Some(uses) => self.uses_step(inner, uses, &contexts, gathered),
                        None => self.run_step(inner, &step_env, &github, &contexts, gathered)?,
                    };
                    let outcome = if ran.failed { Outcome::Failure } else { Outcome::Success };
                    let forgiven = ran.failed
                        && contexts.interpolate(&inner.continue_on_error).is_ok_and(|value| value == "true");
                    (ran.outputs, outcome, if forgiven { Outcome::Success } else { outcome })
                }
                Err(error) => {
                    // The runner stops here, whatever the conditions of the rest.
                    gathered.error(&self.masks, &error.to_string());
                    any_failed = true;
                    break;
                }
            };
            any_failed |= conclusion == Outcome::Failure;
            // Without an id nothing can name the step.
            if let Some(id) = &inner.id {
                steps.insert(id.clone(), step_context(&outputs, outcome, conclusion));
            }
        }

        let github = self.github(&[("action_path", folder.to_string_lossy().into_owned())]);
        let mut contexts = self.contexts(&github, &steps);
        contexts.named.insert("inputs".into(), inputs);
        let mut outputs = BTreeMap::new();
        for (name, value) in &action.outputs {
            match contexts.interpolate(value) {
                Ok(value) => {
                    outputs.insert(name.clone(), value);
                }
                Err(error) => {
                    gathered.error(&self.masks, &error.to_string());
                    return Ok(Ran { outputs, failed: true });
                }
            }
        }
        Ok(Ran { outputs, failed: any_failed })
    }

    /// The inputs given and the defaults of the others. Names are compared without case.
    fn inputs(
        &self,
        with: &[(String, String)],
        action: &Manifest,
        outer: &Contexts,
        gathered: &mut Gathered,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut inputs = BTreeMap::new();
        let mut unexpected = Vec::new();
        for (name, value) in with {
            let value = outer.interpolate(value).map_err(|error| error.to_string())?;
            match action.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name)) {
                Some(input) => {
                    if let Some(message) = &input.deprecation {
                        let text = format!("Input '{name}' has been deprecated with message: {message}");
                        gathered.annotate(&self.masks, Annotation::plain(Kind::Warning, text));
                    }
                    inputs.insert(input.name.clone(), value);
                }
                None => unexpected.push(name.as_str()),
            }
        }
        if !unexpected.is_empty() {
            let valid: Vec<&str> = action.inputs.iter().map(|input| input.name.as_str()).collect();
            let text = format!(
                "Unexpected input(s) '{}', valid inputs are ['{}']",
                unexpected.join("', '"),
                valid.join("', '")
            );
            gathered.annotate(&self.masks, Annotation::plain(Kind::Warning, text));
        }
        // A default sees the machine and the repository, not the job (`input-default-context`).
        let mut defaults = outer.clone();
        defaults.named.retain(|name, _| matches!(name.as_str(), "github" | "runner" | "matrix"));
        for input in &action.inputs {
            if !inputs.contains_key(&input.name) {
                let value = defaults.interpolate(&input.default).map_err(|error| error.to_string())?;
                inputs.insert(input.name.clone(), value);
            }
        }
        Ok(inputs)
    }

    /// A step that uses actions/cache or actions/upload-artifact.
    fn uses_step(&self, step: &Step, uses: &str, contexts: &Contexts, gathered: &mut Gathered) -> Ran {
        let mut ran = Ran { outputs: BTreeMap::new(), failed: true };
        let with: Result<BTreeMap<String, String>, _> = step
            .with
            .iter()
            .map(|(name, value)| Ok((name.to_ascii_lowercase(), contexts.interpolate(value)?)))
            .collect();
        let with = match with {
            Ok(with) => with,
            Err(error) => {
                let error: super::expression::ExpressionError = error;
                gathered.error(&self.masks, &error.to_string());
                return ran;
            }
        };
        gathered.say(&self.masks, &format!("##[group]Run {uses}"));
        let workspace = &self.job.workspace;
        let asked = self.job.cache.as_ref().zip(cache::Does::of(uses));
        let said = match (asked, &self.job.uploads) {
            (Some(((cache, access), does)), _) => {
                cache.step(does, &with, &cache::scopes(&self.github(&[])), *access, workspace)
            }
            (None, Some(uploads)) => uploads.step(&with, workspace),
            (None, None) => return ran,
        };
        for line in &said.log {
            gathered.say(&self.masks, line);
        }
        for text in said.warnings {
            gathered.annotate(&self.masks, Annotation::plain(Kind::Warning, text));
        }
        if let Some(error) = &said.error {
            gathered.error(&self.masks, error);
        }
        ran.failed = said.error.is_some();
        ran.outputs = said.outputs;
        ran
    }

    fn run_step(
        &mut self,
        step: &Step,
        outer_env: &[(String, String)],
        github: &BTreeMap<String, String>,
        contexts: &Contexts,
        gathered: &mut Gathered,
    ) -> Result<Ran, RunError> {
        let mut ran = Ran { outputs: BTreeMap::new(), failed: true };
        let mut contexts = contexts.clone();
        let mut env = self.job.env.clone();
        env.extend(self.env.clone());
        env.extend(outer_env.iter().cloned());
        contexts.named.insert("env".into(), Value::object(env.clone()));
        let evaluated = (|| {
            for (name, value) in &step.env {
                env.insert(name.clone(), contexts.interpolate(value)?);
            }
            contexts.named.insert("env".into(), Value::object(env.clone()));
            Ok((
                contexts.interpolate(&step.run)?,
                contexts.interpolate(&step.shell)?,
                contexts.interpolate(&step.working_directory)?,
            ))
        })();
        let (script, shell, folder) = match evaluated {
            Ok(evaluated) => evaluated,
            Err(error) => {
                let error: super::expression::ExpressionError = error;
                gathered.error(&self.masks, &error.to_string());
                return Ok(ran);
            }
        };

        let files = Files::create(self.temp, self.files)?;
        self.files += 1;
        let path = self.search_path(&env);
        let file = self.temp.join(format!("{}.sh", self.files));
        std::fs::write(&file, script).map_err(io_error("write", &file))?;
        let Some((program, args)) = shell_command(&shell, &file, &path) else {
            gathered.error(&self.masks, &format!("the shell `{shell}` is not known or not installed"));
            return Ok(ran);
        };
        let env = self.environment(env, github, &files, path);
        let folder = self.job.workspace.join(folder);

        let mut reader = Reader {
            masks: &mut self.masks,
            workspace: &self.job.workspace,
            gathered: &mut *gathered,
            outputs: BTreeMap::new(),
            stop: None,
            echo: false,
            failed: false,
        };
        let script =
            Script { program: &program, args: &args, folder: &folder, env: &env, timeout: self.job.timeout };
        let end = script.run(&mut |line| reader.line(line)).map_err(io_error("run", &program))?;
        let Reader { outputs, failed, .. } = reader;
        ran.outputs = outputs;
        ran.failed = failed;
        match end {
            End::Code(0) => {}
            End::Code(code) => {
                gathered.error(&self.masks, &format!("Process completed with exit code {code}."));
                ran.failed = true;
            }
            End::TimedOut => {
                gathered.error(&self.masks, "The action has timed out.");
                ran.failed = true;
            }
        }
        self.read_files(&files, &mut ran, gathered);
        Ok(ran)
    }

    fn search_path(&self, env: &BTreeMap<String, String>) -> String {
        let base = env.get("PATH").cloned().unwrap_or_else(|| host("PATH"));
        self.path.iter().cloned().chain([base]).collect::<Vec<_>>().join(":")
    }

    /// `env`, then what no `env` can change: the variables of the contexts.
    fn environment(
        &self,
        mut env: BTreeMap<String, String>,
        github: &BTreeMap<String, String>,
        files: &Files,
        path: String,
    ) -> Vec<(String, String)> {
        env.insert("PATH".into(), path);
        env.entry("HOME".into()).or_insert_with(|| host("HOME"));
        env.entry("CI".into()).or_insert_with(|| "true".into());
        for (name, value) in github.iter().filter(|(name, _)| !NO_VARIABLE.contains(&name.as_str())) {
            env.insert(format!("GITHUB_{}", name.to_ascii_uppercase()), value.clone());
        }
        for (name, value) in self.runner() {
            env.insert(format!("RUNNER_{}", name.to_ascii_uppercase()), value);
        }
        env.insert("GITHUB_ACTIONS".into(), "true".into());
        for (name, path) in files.all() {
            env.insert(name.into(), path.to_string_lossy().into_owned());
        }
        env.into_iter().collect()
    }

    /// Reads the files of a step, also after it has failed. A value from a file wins over one from a
    /// command, which came earlier.
    fn read_files(&mut self, files: &Files, ran: &mut Ran, gathered: &mut Gathered) {
        for folder in parse_path(&read(&files.path)) {
            self.path.retain(|known| *known != folder);
            self.path.insert(0, folder);
        }
        let pairs = self.pairs("env", &files.env, ran, gathered);
        for (name, value) in pairs {
            if name.eq_ignore_ascii_case("NODE_OPTIONS") {
                let text = format!("Can't store {name} output parameter using '$GITHUB_ENV' command.");
                gathered.annotate(&self.masks, Annotation::plain(Kind::Error, text));
            } else {
                self.env.insert(name, value);
            }
        }
        let pairs = self.pairs("output", &files.output, ran, gathered);
        ran.outputs.extend(pairs);
        // The state is for later stages, which composite actions do not have; its grammar still counts.
        self.pairs("state", &files.state, ran, gathered);

        let summary = read(&files.summary);
        let size = summary.len() as u64;
        if size > MAX_SUMMARY {
            gathered.error(
                &self.masks,
                &format!(
                    "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k.",
                    MAX_SUMMARY / 1024,
                    size / 1024
                ),
            );
        } else {
            for line in String::from_utf8_lossy(&summary).lines() {
                gathered.summary.push_str(&self.masks.apply(line));
                gathered.summary.push('\n');
            }
        }
    }

    fn pairs(
        &self,
        name: &str,
        file: &Path,
        ran: &mut Ran,
        gathered: &mut Gathered,
    ) -> Vec<(String, String)> {
        let Pairs { pairs, error } = parse_pairs(&read(file));
        if let Some(error) = error {
            gathered.error(&self.masks, &format!("Unable to process file command '{name}' successfully."));
            gathered.error(&self.masks, &error);
            ran.failed = true;
        }
        pairs
    }
}

/// A file a step may have removed.
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// The command line of a shell. `sh` is `dash` where that is installed, as on Ubuntu and Debian.
fn shell_command(shell: &str, script: &Path, path: &str) -> Option<(PathBuf, Vec<String>)> {
    let script = script.to_string_lossy();
    let words = |format: &str| format.split(' ').map(|word| word.replace("{0}", &script)).collect();
    let (name, args): (&str, Vec<String>) = match shell {
        "bash" => ("bash", words("--noprofile --norc -e -o pipefail {0}")),
        "sh" => ("sh", words("-e {0}")),
        "pwsh" => ("pwsh", vec!["-command".to_owned(), format!(". '{script}'")]),
        "python" => ("python", words("{0}")),
        _ => {
            let (name, format) = shell.split_once(' ').filter(|(_, format)| format.contains("{0}"))?;
            (name, words(format))
        }
    };
    let program = match name {
        "sh" => which("dash", path).or_else(|| which("sh", path))?,
        name => which(name, path)?,
    };
    Some((program, args))
}

/// The files a step writes to.
struct Files {
    env: PathBuf,
    output: PathBuf,
    path: PathBuf,
    state: PathBuf,
    summary: PathBuf,
}

impl Files {
    fn create(temp: &Path, number: usize) -> Result<Self, RunError> {
        let folder = temp.join("_runner_file_commands");
        std::fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        let files = Self {
            env: folder.join(format!("set_env_{number}")),
            output: folder.join(format!("set_output_{number}")),
            path: folder.join(format!("add_path_{number}")),
            state: folder.join(format!("save_state_{number}")),
            summary: folder.join(format!("step_summary_{number}")),
        };
        for (_, path) in files.all() {
            std::fs::write(path, b"").map_err(io_error("write", path))?;
        }
        Ok(files)
    }

    fn all(&self) -> [(&'static str, &Path); 5] {
        [
            ("GITHUB_ENV", &self.env),
            ("GITHUB_OUTPUT", &self.output),
            ("GITHUB_PATH", &self.path),
            ("GITHUB_STATE", &self.state),
            ("GITHUB_STEP_SUMMARY", &self.summary),
        ]
    }
}
