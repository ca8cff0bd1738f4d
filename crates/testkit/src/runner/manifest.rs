//! `action.yml` of a composite action (actions/runner 258d6c8, `action_yaml.json`).
//!
//! Read with `saphyr`: it is kept up to date, pure Rust without `unsafe` C bindings, follows YAML 1.2 as
//! the runner does (so `on` and `yes` are strings), refuses duplicate keys, and bounds aliases.

use std::collections::BTreeSet;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};

use super::RunError;

/// A composite action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The declared inputs, in order.
    pub inputs: Vec<Input>,
    /// The declared outputs: name and the expression of the value.
    pub outputs: Vec<(String, String)>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// An input of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its default, which may hold expressions.
    pub default: String,
    /// What it is for.
    pub description: String,
    /// Why nobody should use it any more.
    pub deprecation: Option<String>,
    /// Whether it is declared as required; the runner does not enforce that.
    pub required: bool,
}

/// A step: one that runs a script, or one that uses another action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its id; without one its outputs are lost.
    pub id: Option<String>,
    /// Its condition; empty is `success()`.
    pub condition: String,
    /// Environment variables, which may hold expressions.
    pub env: Vec<(String, String)>,
    /// The action it uses, in place of a script: `actions/cache/save@SHA`.
    pub uses: Option<String>,
    /// Inputs of that action, which may hold expressions.
    pub with: Vec<(String, String)>,
    /// The script.
    pub run: String,
    /// The shell: `sh`, `bash`, `pwsh` or a command line with `{0}`.
    pub shell: String,
    /// The folder below the workspace, when it is not the workspace itself.
    pub working_directory: String,
    /// `true`, or an expression, when its failure does not count.
    pub continue_on_error: String,
}

impl Manifest {
    /// Reads `action.yml`, or else `action.yaml`, of a folder.
    ///
    /// # Errors
    /// When the folder has no manifest, or not that of a composite action the runner would take.
    pub fn load(folder: &Path) -> Result<Self, RunError> {
        let path = ["action.yml", "action.yaml"]
            .iter()
            .map(|name| folder.join(name))
            .find(|path| path.is_file())
            .ok_or_else(|| RunError::NoAction { folder: folder.to_owned() })?;
        let text = std::fs::read_to_string(&path).map_err(|source| RunError::Io {
            what: "read",
            path: path.clone(),
            source,
        })?;
        Self::parse(&text).map_err(|message| RunError::Manifest { path, message })
    }

    /// Reads the text of an `action.yml`.
    ///
    /// # Errors
    /// A sentence that says where it is not what the runner takes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let documents = Yaml::load_from_str(text).map_err(|error| format!("no YAML: {error}"))?;
        let [root] = documents.as_slice() else { return Err("expected one YAML document".into()) };
        let root = Map::of(root, "the action")?;
        root.only(&["name", "description", "author", "inputs", "outputs", "runs", "branding"])?;
        for name in ["name", "description"] {
            root.text(name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        }
        let runs = root.map("runs")?.ok_or("`runs` is missing")?;
        runs.only(&["using", "steps"])?;
        match runs.text("using")?.as_deref() {
            Some(using) if using.eq_ignore_ascii_case("composite") => {}
            using => return Err(format!("`runs.using` is {using:?}, expected composite")),
        }
        let Some(Yaml::Sequence(steps)) = runs.get("steps") else {
            return Err("`runs.steps` is no list".into());
        };
        let steps = steps
            .iter()
            .enumerate()
            .map(|(index, step)| read_step(step, index))
            .collect::<Result<Vec<_>, _>>()?;
        let mut ids = BTreeSet::new();
        for id in steps.iter().filter_map(|step| step.id.as_ref()) {
            if !ids.insert(id.to_ascii_lowercase()) {
                return Err(format!("the step id `{id}` is used twice"));
            }
        }
        Ok(Self { inputs: read_inputs(&root)?, outputs: read_outputs(&root)?, steps })
    }
}

fn read_inputs(root: &Map<'_>) -> Result<Vec<Input>, String> {
    let Some(inputs) = root.map("inputs")? else { return Ok(Vec::new()) };
    inputs
        .entries()
        .map(|entry| {
            let (name, value) = entry?;
            let map = Map::of(value, &format!("inputs.{name}"))?;
            Ok(Input {
                default: map.text("default")?.unwrap_or_default(),
                description: map.text("description")?.unwrap_or_default(),
                deprecation: map.text("deprecationMessage")?,
                required: map.text("required")?.as_deref() == Some("true"),
                name,
            })
        })
        .collect()
}

fn read_outputs(root: &Map<'_>) -> Result<Vec<(String, String)>, String> {
    let Some(outputs) = root.map("outputs")? else { return Ok(Vec::new()) };
    outputs
        .entries()
        .map(|entry| {
            let (name, value) = entry?;
            let map = Map::of(value, &format!("outputs.{name}"))?;
            map.only(&["description", "value"])?;
            let value = map.text("value")?.ok_or_else(|| format!("outputs.{name} has no `value`"))?;
            Ok((name, value))
        })
        .collect()
}

fn read_step(step: &Yaml<'_>, index: usize) -> Result<Step, String> {
    let map = Map::of(step, &format!("runs.steps[{index}]"))?;
    let uses = map.text("uses")?;
    let common = ["name", "id", "if", "env", "continue-on-error"];
    let own: &[&str] = match uses {
        Some(_) => &["uses", "with"],
        None => &["run", "working-directory", "shell"],
    };
    map.only(&[&common, own].concat())?;
    let required = |name: &str| match (map.text(name)?, &uses) {
        (None, None) => Err(format!("runs.steps[{index}]: `{name}` is missing")),
        (text, _) => Ok(text.unwrap_or_default()),
    };
    let pairs = |name: &str| match map.map(name)? {
        Some(pairs) => pairs
            .entries()
            .map(|entry| {
                let (key, value) = entry?;
                let value =
                    scalar(value).ok_or_else(|| format!("runs.steps[{index}].{name}.{key} is no string"))?;
                Ok((key, value))
            })
            .collect::<Result<Vec<_>, String>>(),
        None => Ok(Vec::new()),
    };
    let id = map.text("id")?;
    if let Some(id) = id.as_deref() {
        let good = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            && !id.starts_with("__");
        if !good {
            return Err(format!("runs.steps[{index}]: `{id}` is no step id"));
        }
    }
    Ok(Step {
        id,
        condition: map.text("if")?.unwrap_or_default(),
        env: pairs("env")?,
        with: pairs("with")?,
        run: required("run")?,
        shell: required("shell")?,
        working_directory: map.text("working-directory")?.unwrap_or_default(),
        continue_on_error: map.text("continue-on-error")?.unwrap_or_default(),
        uses,
    })
}

/// A mapping with a name for messages.
struct Map<'a> {
    yaml: &'a saphyr::Mapping<'a>,
    name: String,
}

impl<'a> Map<'a> {
    fn of(yaml: &'a Yaml<'a>, name: &str) -> Result<Self, String> {
        match yaml {
            Yaml::Mapping(yaml) => Ok(Self { yaml, name: name.to_owned() }),
            _ => Err(format!("{name} is no mapping")),
        }
    }

    fn entries(&self) -> impl Iterator<Item = Result<(String, &'a Yaml<'a>), String>> {
        self.yaml.iter().map(|(key, value)| {
            let key = scalar(key).ok_or_else(|| format!("a key of {} is no string", self.name))?;
            Ok((key, value))
        })
    }

    fn get(&self, key: &str) -> Option<&'a Yaml<'a>> {
        self.yaml.iter().find(|(name, _)| scalar(name).as_deref() == Some(key)).map(|(_, value)| value)
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => scalar(value).map(Some).ok_or_else(|| format!("{}.{key} is no string", self.name)),
        }
    }

    fn map(&self, key: &str) -> Result<Option<Map<'a>>, String> {
        self.get(key).map(|value| Map::of(value, key)).transpose()
    }

    fn only(&self, allowed: &[&str]) -> Result<(), String> {
        for entry in self.entries() {
            let (key, _) = entry?;
            if !allowed.contains(&key.as_str()) {
                return Err(format!("unexpected value `{key}` in {}", self.name));
            }
        }
        Ok(())
    }
}

/// A scalar as the string the runner makes of it: `TRUE` is `true`, `1.0` is `1`, `~` is empty.
fn scalar(yaml: &Yaml<'_>) -> Option<String> {
    match yaml {
        Yaml::Value(Scalar::Null) => Some(String::new()),
        Yaml::Value(Scalar::Boolean(value)) => Some(value.to_string()),
        Yaml::Value(Scalar::Integer(value)) => Some(value.to_string()),
        Yaml::Value(Scalar::FloatingPoint(value)) => Some(value.to_string()),
        Yaml::Value(Scalar::String(value)) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name: a\ndescription: b\n";

    #[test]
    fn scalars_become_the_runners_strings() {
        let text = format!(
            "{HEAD}inputs:\n  a: {{default: TRUE}}\n  b: {{default: 1.0}}\n  c: {{default: 'on'}}\n  d: {{default: yes, required: true}}\n  e: {{}}\noutputs:\n  x: {{description: d, value: '${{{{ steps.s.outputs.x }}}}'}}\nruns:\n  using: composite\n  steps:\n    - {{id: s, run: 'echo', shell: sh, env: {{N: 1}}, if: always()}}\n"
        );
        let manifest = Manifest::parse(&text).unwrap();
        let defaults: Vec<_> = manifest.inputs.iter().map(|input| input.default.as_str()).collect();
        assert_eq!(defaults, ["true", "1", "on", "yes", ""]);
        assert!(manifest.inputs[3].required);
        assert_eq!(manifest.outputs, [("x".to_owned(), "${{ steps.s.outputs.x }}".to_owned())]);
        assert_eq!(manifest.steps[0].env, [("N".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn what_the_runner_refuses_is_refused() {
        for (rest, message) in [
            ("runs: {using: node24, main: x.js}\n", "unexpected value `main`"),
            ("runs: {using: docker}\n", "expected composite"),
            ("runs: {using: composite, steps: {}}\n", "no list"),
            ("runs: {using: composite, steps: [{run: echo}]}\n", "`shell` is missing"),
            ("runs: {using: composite, steps: [{shell: sh}]}\n", "`run` is missing"),
            ("runs: {using: composite, steps: [{uses: ./x, run: a}]}\n", "unexpected value `run`"),
            ("runs: {using: composite, steps: [{uses: ./x, shell: sh}]}\n", "unexpected value `shell`"),
            ("runs: {using: composite, steps: [{run: a, shell: sh, with: {}}]}\n", "unexpected value `with`"),
            (
                "runs: {using: composite, steps: [{run: a, shell: sh, timeout-minutes: 1}]}\n",
                "unexpected value `timeout-minutes`",
            ),
            ("runs: {using: composite, steps: [{run: a, shell: sh, id: 1x}]}\n", "no step id"),
            (
                "runs: {using: composite, steps: [{run: a, shell: sh, id: x}, {run: a, shell: sh, id: X}]}\n",
                "used twice",
            ),
            ("outputs: {x: {description: d}}\nruns: {using: composite, steps: []}\n", "no `value`"),
            ("name: again\nruns: {using: composite, steps: []}\n", "no YAML"),
            ("env: {}\nruns: {using: composite, steps: []}\n", "unexpected value `env`"),
        ] {
            let error = Manifest::parse(&format!("{HEAD}{rest}")).unwrap_err();
            assert!(error.contains(message), "{rest}: {error}");
        }
    }
}
