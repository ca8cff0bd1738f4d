//! `action.yml`: a composite action whose steps hand every input to the launcher through the environment.
//!
//! Facts it rests on: a composite step gets no `INPUT_*` of its own on GitHub, so each input is mapped; `dash`
//! drops variables whose names hold a `-`, so they are mapped with `_`; nothing of an input is ever part of a
//! script, so nothing of it can run.

use std::any::TypeId;

use anyhow::{Context, ensure};
use clap::{Arg, ArgAction, Command};
use lw_cli::{COMMON_OUTPUTS, Entry, Output, inputs};

/// One input of an action.
pub(crate) struct Input {
    /// Name in kebab-case.
    pub(crate) name: String,
    /// What it does.
    pub(crate) description: String,
    /// What holds when neither the input nor `lw.toml` says anything; empty for nothing. The input itself is empty then, so
    /// that `lw.toml` is asked.
    pub(crate) default: String,
    /// Group it is listed under.
    pub(crate) heading: String,
    /// One item per line.
    pub(crate) list: bool,
    /// What its text has to be.
    pub(crate) kind: Kind,
    /// The commands that take it; none for an input of all.
    pub(crate) commands: Vec<String>,
    /// What actions that this one takes the place of call it: inputs of the action alone.
    pub(crate) also: Vec<String>,
}

impl Input {
    /// What it does, and what holds without it.
    pub(crate) fn described(&self) -> String {
        if self.default.is_empty() {
            return self.description.clone();
        }
        format!("{}. Default: `{}`.", self.description, self.default.replace('\n', "`, `"))
    }
}

/// What an input's text has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Text,
    /// `true` or `false`.
    Switch,
    /// A number.
    Number,
    /// One of these.
    OneOf(Vec<String>),
}

/// The inputs of a tool: every flag, in the order of its help. Subcommands share one list, with `command` first.
pub(crate) fn inputs_of(entry: &Entry) -> anyhow::Result<Vec<Input>> {
    inputs_of_command(&entry.command())
}

fn inputs_of_command(command: &Command) -> anyhow::Result<Vec<Input>> {
    let mut inputs: Vec<Input> = Vec::new();
    if command.has_subcommands() {
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        inputs.push(Input {
            name: "command".into(),
            description: format!("What to do: {}", names.join(", ")),
            default: String::new(),
            heading: "Command".into(),
            list: false,
            kind: Kind::OneOf(names.iter().map(|name| (*name).to_owned()).collect()),
            commands: Vec::new(),
            also: Vec::new(),
        });
    }
    let of_commands = command
        .get_subcommands()
        .flat_map(|sub| sub.get_arguments().map(move |arg| (Some(sub.get_name()), arg)));
    let arguments = of_commands.chain(command.get_arguments().map(|arg| (None, arg)));
    for (owner, arg) in arguments.filter(|(_, arg)| !matches!(arg.get_id().as_str(), "help" | "version")) {
        let name = inputs::name_of(arg);
        // The runner and act build different variables from anything else.
        ensure!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "input `{name}`"
        );
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        ensure!(!help.is_empty() && !help.ends_with('.'), "`{name}` is described by `{help}`");
        // An action gives an input that nobody set as an empty one: the tool has to say itself what is missing.
        ensure!(!arg.is_required_set(), "`{name}` is required by clap");
        if let Some(known) = inputs.iter_mut().find(|known| known.name == name) {
            ensure!(owner.is_some(), "`{name}` is an argument of every tool");
            // The action has one description and one default for both.
            ensure!(
                known.description == describe(arg) && known.default == default_of(arg),
                "`{name}` is described or preset in two ways"
            );
            known.commands.extend(owner.map(str::to_owned));
        } else {
            inputs.push(Input {
                description: describe(arg),
                default: default_of(arg),
                heading: arg.get_help_heading().unwrap_or("Options").to_owned(),
                list: matches!(arg.get_action(), ArgAction::Append),
                kind: kind_of(arg),
                commands: owner.map(str::to_owned).into_iter().collect(),
                also: also(arg)?,
                name,
            });
        }
    }
    Ok(inputs)
}

/// The other names of an input.
fn also(arg: &Arg) -> anyhow::Result<Vec<String>> {
    let names: Vec<String> =
        arg.get_all_aliases().unwrap_or_default().into_iter().map(str::to_owned).collect();
    // With a `-` in it, it would be the same variable as that of another input.
    let is_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    ensure!(names.iter().all(is_name), "other names are of a-z and `_`: {names:?}");
    Ok(names)
}

fn kind_of(arg: &Arg) -> Kind {
    let parsed = arg.get_value_parser().type_id();
    let is_number = [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>(), TypeId::of::<usize>()]
        .iter()
        .any(|number| parsed == *number);
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    match arg.get_action() {
        _ if inputs::is_switch(arg) => Kind::Switch,
        _ if !values.is_empty() => Kind::OneOf(values),
        _ if is_number => Kind::Number,
        _ => Kind::Text,
    }
}

fn describe(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    match (inputs::is_switch(arg), values.is_empty()) {
        (true, _) => format!("{help} (`true` or `false`)"),
        (_, true) => help,
        (_, false) => format!("{help} ({})", values.join(", ")),
    }
}

fn default_of(arg: &Arg) -> String {
    arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join("\n")
}

/// A YAML scalar: JSON's strings are a subset of YAML's.
pub(crate) fn quoted(text: &str) -> anyhow::Result<String> {
    Ok(serde_json::to_string(text)?)
}

/// The name of the variable an input travels in.
pub(crate) fn variable(name: &str) -> String {
    format!("INPUT_{}", name.replace('-', "_").to_ascii_uppercase())
}

/// How a tool is run; an input of the action only, because a program cannot choose its own container.
const RUNTIME: &str = "How the tool runs: `auto` and `native` run the verified static binary, `docker` the image with the runner's own mounts and user, which sees the workspace and the runner's own files only. Default: `auto`.";

/// What [`RUNTIME`] may be.
pub(crate) const RUNTIMES: [&str; 3] = ["auto", "native", "docker"];

/// The action of a tool; `launcher` is the way from its folder to the launcher's.
pub(crate) fn action_yml(entry: &Entry, launcher: &str) -> anyhow::Result<String> {
    let inputs = inputs_of(entry)?;
    let name = entry.name;
    let mut yml = head(&format!("lw {name}"), entry.summary, &format!("crates/tools/{name}"))?;
    yml.push_str("inputs:\n");
    for input in &inputs {
        yml.push_str(&input_yml(&input.name, &input.described(), "")?);
    }
    yml.push_str(&others_yml(&inputs)?);
    yml.push_str(&input_yml("runtime", RUNTIME, "")?);
    yml.push_str(&outputs_yml(entry.all_outputs())?);
    yml.push_str("runs:\n  using: composite\n  steps:\n");
    yml.push_str(&steps("run", launcher, name, &environment(entry, &inputs)));
    Ok(yml)
}

/// The variables that the launcher and the tool read, with those of the inputs.
fn environment(entry: &Entry, inputs: &[Input]) -> Vec<(String, String)> {
    let name = entry.name;
    let mut env = vec![
        ("LW_ACTION".to_owned(), name.to_owned()),
        ("LW_RUNTIME".to_owned(), "${{ inputs.runtime }}".to_owned()),
    ];
    if entry.pinned {
        // Empty: what an earlier step has put into the environment does not count.
        env.push(("LW_BIN".to_owned(), "''".to_owned()));
    }
    if !entry.online {
        env.push(("LW_NETWORK".to_owned(), "none".to_owned()));
    }
    if entry.compares {
        // Empty: an earlier step must not have the gate only plan, nor say what the cache has restored, nor where else the
        // report goes.
        env.extend([PHASE, RESTORED, OWN_REPORT].map(|name| (name.to_owned(), "''".to_owned())));
    }
    env.extend(inputs.iter().map(|input| {
        let names: Vec<String> =
            [&input.name].into_iter().chain(&input.also).map(|name| format!("inputs.{name}")).collect();
        (variable(&input.name), format!("${{{{ {} }}}}", names.join(" || ")))
    }));
    env
}

/// The inputs under the names other actions have for them.
fn others_yml(inputs: &[Input]) -> anyhow::Result<String> {
    let mut yml = String::new();
    for input in inputs {
        for name in &input.also {
            let description = format!("The same as `{}`, under the name it has elsewhere", input.name);
            yml.push_str(&input_yml(name, &description, "")?);
        }
    }
    Ok(yml)
}

/// What an action that keeps its baselines is called.
pub(crate) fn with_baseline(entry: &Entry) -> String {
    format!("{}-with-baseline", entry.name)
}

/// The release of actions/cache that is asked, as the workflows of the docs name it. Those before v6.1.0 take a token that may
/// only read for a broken cache.
pub(crate) const CACHE: &str = "55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0";

/// The release of actions/upload-artifact that is asked, as the workflows of the docs name it.
pub(crate) const UPLOAD: &str = "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1";

/// What a step of the action does: `plan`, or else the whole.
const PHASE: &str = "LW_BASELINE";
/// The key of the entry that the cache has restored.
const RESTORED: &str = "LW_BASELINE_RESTORED";

/// When there is a comment, for the first step.
const WHEN: &str = "LW_COMMENT";
/// The file that the gate puts its report into for the comment.
const OWN_REPORT: &str = "LW_COMMENT_REPORT";
/// The tool that writes the comment.
const COMMENTER: &str = "pr-comment";
/// An input of the action only: the gate itself talks to nobody.
const COMMENT: &str = "When the pull request gets a comment, which needs the permissions `pull-requests: write` and `actions: read`: `auto` on every pull request, with a note where it cannot be posted, `always` with a warning, `required` with an error, `on-change` from the first run on that has something to tell, `off` never (`auto`, `always`, `on-change`, `required`, `off`). Default: `auto`.";

/// The values of `comment`.
pub(crate) const COMMENTS: [&str; 5] = ["auto", "always", "on-change", "required", "off"];

/// The inputs that say what is looked for in a store: no others are read by the first step.
const OF_STORE: [&str; 9] = [
    "command",
    "env",
    "title",
    "config",
    "config-from",
    "baseline",
    "store",
    "baseline-store",
    "baseline-subject",
];

/// The action of a gate with the cache around it: what is kept of the commit that the change is based on is restored before
/// the gate runs, and what the gate has put there is saved after it, whatever its verdict.
///
/// An action that uses others is resolved before any of its conditions is asked, and a runner that may not use one of
/// them ends the job. So this is an action beside the gate's own, which uses none.
pub(crate) fn with_baseline_yml(entry: &Entry, launcher: &str) -> anyhow::Result<String> {
    let inputs = inputs_of(entry)?;
    let name = entry.name;
    let summary = format!("{}; keeps what later changes are compared with in the cache", entry.summary);
    let mut yml = head(&format!("lw {}", with_baseline(entry)), &summary, &format!("crates/tools/{name}"))?;
    yml.push_str("inputs:\n");
    for input in &inputs {
        let default = if input.name == "store" { "cache" } else { "" };
        yml.push_str(&input_yml(&input.name, &input.described(), default)?);
    }
    yml.push_str(&others_yml(&inputs)?);
    yml.push_str(&input_yml("comment", COMMENT, "auto")?);
    yml.push_str(&input_yml("runtime", RUNTIME, "")?);
    yml.push_str(&outputs_yml(entry.all_outputs())?);
    yml.push_str("  comment-url:\n    description: \"Address of the comment on the pull request, when it is there\"\n    value: ${{ steps.comment.outputs.comment-url || steps.comment-windows.outputs.comment-url }}\n");
    yml.push_str("runs:\n  using: composite\n  steps:\n");

    let of = |step: &str, output: &str| {
        format!("steps.{step}.outputs.{output} || steps.{step}-windows.outputs.{output}")
    };
    let mut env = environment(entry, &inputs);
    // The legs of a matrix measure different things; no other context tells them apart.
    let subject = "${{ inputs.baseline-subject || toJSON(matrix) }}";
    set(&mut env, &variable("baseline-subject"), subject);
    let of_store: Vec<String> = OF_STORE.iter().map(|name| variable(name)).collect();
    let is_planned = |name: &str| !name.starts_with("INPUT_") || of_store.iter().any(|known| known == name);
    let mut plan: Vec<_> = env.iter().filter(|(name, _)| is_planned(name)).cloned().collect();
    set(&mut plan, PHASE, "plan");
    plan.push((WHEN.to_owned(), "${{ inputs.comment }}".to_owned()));
    // What is wrong with the settings, the gate says.
    let planned = steps("plan", launcher, name, &plan);
    yml.push_str(&planned.replace("      shell:", "      continue-on-error: true\n      shell:"));

    let (path, key) = (of("plan", "path"), of("plan", "restore-key"));
    yml.push_str(&format!(
        "    - id: restore\n      if: {key}\n      continue-on-error: true\n      uses: actions/cache/restore@{CACHE}\n      with:\n        path: ${{{{ {path} }}}}\n        key: ${{{{ {key} }}}}\n        restore-keys: ${{{{ {} }}}}\n        enableCrossOsArchive: true\n",
        of("plan", "restore-prefix")
    ));
    let on_ref = RefSteps::of(launcher)?;
    let (ref_path, ref_key) = (of("plan", "ref-path"), of("plan", "ref-key"));
    yml.push_str(&on_ref.steps("fetch", "baseline-fetch", &ref_key, (&ref_path, &ref_key)));
    let fetched = of("fetch", "matched-key");
    set(&mut env, RESTORED, &format!("${{{{ steps.restore.outputs.cache-matched-key || {fetched} }}}}"));
    set(&mut env, OWN_REPORT, &format!("${{{{ {} }}}}", of("plan", "own-report")));
    yml.push_str(&steps("run", launcher, name, &env));
    let kept = of("run", "baseline-key");
    yml.push_str(&format!(
        "    - if: ${{{{ !cancelled() && ({path}) && ({kept}) }}}}\n      continue-on-error: true\n      uses: actions/cache/save@{CACHE}\n      with:\n        path: ${{{{ {path} }}}}\n        key: ${{{{ {kept} }}}}\n        enableCrossOsArchive: true\n"
    ));
    let is_kept = format!("!cancelled() && ({ref_path}) && ({kept})");
    yml.push_str(&on_ref.steps("save", "baseline-save", &is_kept, (&ref_path, &kept)));
    yml.push_str(&comment_steps(launcher, &of)?);
    Ok(yml)
}

/// Uploads the report, where later steps, other jobs and the run after that of a fork find it, and writes the comment from what
/// this run has uploaded so far. Neither decides whether the gate passes, unless the comment is required.
fn comment_steps(launcher: &str, of: &dyn Fn(&str, &str) -> String) -> anyhow::Result<String> {
    let commenter = lw::TOOLS.iter().find(|tool| tool.name == COMMENTER).context(COMMENTER)?;
    let goes_on = "      continue-on-error: ${{ inputs.comment != 'required' }}\n";
    let (name, path) = (of("plan", "artifact"), of("plan", "artifact-path"));
    let upload = format!(
        "    - id: upload\n      if: ${{{{ !cancelled() && ({name}) }}}}\n{goes_on}      uses: actions/upload-artifact@{UPLOAD}\n      with:\n        name: ${{{{ {name} }}}}\n        path: ${{{{ {path} }}}}\n        if-no-files-found: error\n        retention-days: 7\n"
    );
    let inputs = inputs_of(commenter)?;
    let mut env = environment(commenter, &inputs);
    // All others are empty: what an earlier step has put into the environment does not count.
    for (_, value) in env.iter_mut().filter(|(name, _)| name.starts_with("INPUT_")) {
        "''".clone_into(value);
    }
    for (input, value) in [
        ("from-artifact", "${{ github.run_id }}"),
        ("artifact", "lw-report-*"),
        ("comment", "${{ inputs.comment }}"),
        // The settings are those of the gate.
        ("config", "none"),
        ("summary", "'off'"),
        ("fail-on", "never"),
    ] {
        let name = variable(input);
        ensure!(env.iter().any(|(known, _)| *known == name), "{COMMENTER} has no input `{input}`");
        set(&mut env, &name, value);
    }
    env.push(("GITHUB_TOKEN".to_owned(), "${{ github.token }}".to_owned()));
    let steps = steps("comment", launcher, COMMENTER, &env);
    let steps =
        steps.replace("      if: ", "      if: ${{ !cancelled() && steps.upload.outcome == 'success' && ");
    let steps = steps.replace("'Windows'\n", "'Windows' }}\n");
    Ok(upload + &steps.replace("      shell:", &format!("{goes_on}      shell:")))
}

/// The steps around a gate whose store is a ref: a gate talks to nobody, so another tool of the suite does. They are steps
/// that run, and resolve nothing.
struct RefSteps<'a> {
    launcher: &'a str,
    env: Vec<(String, String)>,
}

impl<'a> RefSteps<'a> {
    fn of(launcher: &'a str) -> anyhow::Result<Self> {
        let entry =
            lw::TOOLS.iter().find(|tool| tool.name == "history").context("there is no tool `history`")?;
        let mut inputs = inputs_of(entry)?;
        inputs.retain(|input| {
            input.name == "command"
                || input.commands.is_empty()
                || input.commands.iter().any(|name| name.starts_with("baseline-"))
        });
        let mut env = environment(entry, &inputs);
        // Empty: act hands the inputs of the action to each of its steps, and those of the gate are not meant.
        for (_, value) in env.iter_mut().filter(|(name, _)| name.starts_with("INPUT_")) {
            "''".clone_into(value);
        }
        set(&mut env, &variable("summary"), "'off'");
        // What lw.toml says of the history is not said of the baselines.
        set(&mut env, &variable("config"), "none");
        env.push(("GITHUB_TOKEN".to_owned(), "${{ github.token }}".to_owned()));
        Ok(Self { launcher, env })
    }

    fn steps(&self, id: &str, command: &str, condition: &str, (path, key): (&str, &str)) -> String {
        let mut env = self.env.clone();
        set(&mut env, &variable("command"), command);
        set(&mut env, &variable("path"), &format!("${{{{ {path} }}}}"));
        set(&mut env, &variable("key"), &format!("${{{{ {key} }}}}"));
        let steps = steps(id, self.launcher, "history", &env);
        ["!=", "=="].iter().fold(steps, |steps, sign| {
            let is = format!("if: runner.os {sign} 'Windows'");
            steps.replace(
                &format!("      {is}\n      shell:"),
                &format!("      {is} && ({condition})\n      continue-on-error: true\n      shell:"),
            )
        })
    }
}

fn set(env: &mut [(String, String)], name: &str, to: &str) {
    for (_, value) in env.iter_mut().filter(|(known, _)| known == name) {
        to.clone_into(value);
    }
}

/// The action at the root: puts `lw` on PATH, and runs one tool when asked to.
pub(crate) fn root_action(launcher: &str) -> anyhow::Result<String> {
    let summary = "Put the lw tools on PATH, verified, and run one of them if asked to";
    let mut yml = head("lw-actions", summary, "crates/xtask")?;
    yml.push_str("inputs:\n");
    yml.push_str(&input_yml("tool", "Tool to run after the installation; none when empty", "")?);
    yml.push_str(&input_yml("arguments", "Arguments of the tool, one per line", "")?);
    yml.push_str(&outputs_yml(COMMON_OUTPUTS)?);
    yml.push_str("runs:\n  using: composite\n  steps:\n");
    yml.push_str(&steps(
        "run",
        launcher,
        "--install",
        &[
            ("LW_TOOL".to_owned(), "${{ inputs.tool }}".to_owned()),
            ("LW_ARGUMENTS".to_owned(), "${{ inputs.arguments }}".to_owned()),
        ],
    ));
    Ok(yml)
}

fn head(name: &str, description: &str, source: &str) -> anyhow::Result<String> {
    Ok(format!(
        "# Generated by `cargo xtask gen` from {source}; do not edit.\nname: {name}\ndescription: {}\nauthor: lw-actions\nbranding:\n  icon: check-circle\n  color: blue\n",
        quoted(description)?
    ))
}

/// An input. Without a default the runner hands over an empty string when the workflow does not set it.
fn input_yml(name: &str, description: &str, default: &str) -> anyhow::Result<String> {
    Ok(format!(
        "  {name}:\n    description: {}\n    required: false\n    default: {}\n",
        quoted(description)?,
        quoted(default)?
    ))
}

fn outputs_yml<'a>(outputs: impl IntoIterator<Item = &'a Output>) -> anyhow::Result<String> {
    let mut yml = "outputs:\n".to_owned();
    for output in outputs {
        yml.push_str(&format!(
            "  {name}:\n    description: {description}\n    value: ${{{{ steps.run.outputs.{name} || steps.run-windows.outputs.{name} }}}}\n",
            name = output.name,
            description = quoted(output.description)?
        ));
    }
    Ok(yml)
}

/// One step for POSIX shells and one for Windows, with the same environment.
fn steps(id: &str, launcher: &str, argument: &str, env: &[(String, String)]) -> String {
    let env: String = env.iter().map(|(name, value)| format!("        {name}: {value}\n")).collect();
    format!(
        "    - id: {id}\n      if: runner.os != 'Windows'\n      shell: sh\n      env:\n{env}      run: exec sh \"$GITHUB_ACTION_PATH/{launcher}/lw.sh\" {argument}\n    - id: {id}-windows\n      if: runner.os == 'Windows'\n      shell: pwsh\n      env:\n{env}      run: '& \"$env:GITHUB_ACTION_PATH/{launcher}/lw.ps1\" {argument}; exit $LASTEXITCODE'\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runner that may not use an action refuses every job that names it, whatever its conditions: the gates' own actions
    /// name none. Those with a baseline name the same releases of actions/cache and actions/upload-artifact as our workflows do.
    #[test]
    fn only_actions_with_a_baseline_use_others_and_those_one_release_each() {
        let root = crate::house::root();
        let mut with_baseline = 0;
        for (path, text) in crate::generate::all(&root).unwrap() {
            let path = path.to_string_lossy().into_owned();
            if !path.starts_with("actions/") || !path.ends_with("action.yml") {
                continue;
            }
            let uses: Vec<&str> =
                text.lines().filter_map(|line| line.trim_start().strip_prefix("uses: ")).collect();
            if path.contains("-with-baseline/") {
                let cache = |what: &str| format!("actions/cache/{what}@{CACHE}");
                let expected = [cache("restore"), cache("save"), format!("actions/upload-artifact@{UPLOAD}")];
                assert_eq!(uses, expected, "{path}");
                with_baseline += 1;
            } else {
                assert!(uses.is_empty(), "{path}: {uses:?}");
            }
        }
        assert!(with_baseline >= 4, "{with_baseline}");
        let mut workflows = crate::house::files_below(&root.join(".github/workflows")).unwrap();
        workflows.extend(
            lw::TOOLS.iter().map(|tool| root.join(format!("crates/tools/{}/workflow.yml", tool.name))),
        );
        for path in workflows {
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let other = (line.contains("actions/cache/") && !line.ends_with(CACHE))
                    || (line.contains("actions/upload-artifact@") && !line.ends_with(UPLOAD));
                assert!(!other, "{}: {line}", path.display());
            }
        }
    }

    #[test]
    fn another_name_of_an_input_is_the_same_variable() {
        let entry = lw::TOOLS.iter().find(|entry| entry.name == "balena-deploy").unwrap();
        let yml = action_yml(entry, "..").unwrap();
        assert!(yml.contains("  create_tag:\n    description: \"The same as `create-tag`"), "{yml}");
        let set = "INPUT_CREATE_TAG: ${{ inputs.create-tag || inputs.create_tag || inputs.create_ref }}\n";
        assert_eq!(yml.matches(set).count(), 2, "{yml}");
        let with = |alias: &'static str| {
            let arg = Arg::new("tag").long("tag").help("Tag it").alias(alias);
            inputs_of_command(&Command::new("tool").arg(arg)).is_ok()
        };
        assert!(with("create_tag") && !with("create-tag") && !with("Tag"));
    }

    /// An action has one flat list of inputs, so that a name has to mean the same in every command.
    #[test]
    fn a_name_means_the_same_in_every_command() {
        let arg = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
        let inputs = |shared: Option<Arg>, of_second: Arg| {
            let first = Command::new("first").arg(arg("key", "The key").default_value("a"));
            let second = Command::new("second").arg(of_second);
            inputs_of_command(&Command::new("tool").subcommands([first, second]).args(shared))
        };
        let same = || arg("key", "The key").default_value("a");
        let names: Vec<String> = inputs(None, same()).unwrap().into_iter().map(|input| input.name).collect();
        assert_eq!(names, ["command", "key"]);
        for (shared, second, reason) in [
            (None, arg("key", "Another key").default_value("a"), "in two ways"),
            (None, same().default_value("b"), "in two ways"),
            (None, same().required(true), "required by clap"),
            (None, arg("name", ""), "is described by"),
            (None, arg("name", "The name."), "is described by"),
            (None, arg("Name", "The name"), "input `Name`"),
            (Some(same()), arg("name", "The name"), "an argument of every tool"),
        ] {
            let error = inputs(shared, second).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
